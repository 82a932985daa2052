//! What is confirmed at once, and what is left for a closer look.

use super::*;
use crate::test_environment::{Content, TODAY, TestEnvironment, billed, used};

fn by_kim() -> BulkDecision {
    BulkDecision { actor: "kim".to_owned(), note: "in bulk".to_owned(), from: None }
}

async fn synced(clients: &[Content], accounts: &[Content]) -> TestEnvironment {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, clients).await;
    test.commit("rmm", TODAY, accounts).await;
    test
}

fn least(text: &str) -> Score {
    Score::parse(text).unwrap()
}

fn ids(chosen: &[BulkConfirmation]) -> Vec<String> {
    chosen.iter().map(|one| format!("{}>{}", one.account_id, one.proposal.client_id)).collect()
}

fn whys(left_out: &[LeftOut]) -> Vec<(&str, WhyLeftOut)> {
    left_out.iter().map(|one| (one.confirmation.account_id.as_str(), one.why)).collect()
}

#[tokio::test]
async fn nothing_below_the_bound_is_confirmed() {
    let clients = [billed("c1", "Brown and Partners LLP", 1), billed("c2", "Quay Foods Ltd", 1)];
    let accounts = [used("a1", "Brown & Partners", 1), used("a2", "Quay Catering", 1), used("a3", "Zorn", 1)];
    let workspace = synced(&clients, &accounts).await.workspace().await;
    let (all, _) = bulk_confirmation(&workspace, least("0"));
    let (chosen, left_out) = bulk_confirmation(&workspace, least("0.9"));
    assert_eq!((ids(&chosen), left_out.len()), (vec!["a1>c1".to_owned()], 0), "{all:?}");
    let just = chosen[0].score;
    assert_eq!(bulk_confirmation(&workspace, just).0.len(), 1, "the bound itself is enough");
    let above = least(&format!("0.{:06}", just.millionths() + 1));
    assert_eq!(bulk_confirmation(&workspace, above).0.len(), 0);
}

#[tokio::test]
async fn equal_scores_lookalikes_and_revoked_decisions_are_left_out() {
    let clients = [billed("c1", "Acme Ltd", 1), billed("c2", "Acme Ltd", 1), billed("c3", "Quay Foods Ltd", 1)];
    let accounts = [used("a1", "Acme", 1), used("a2", "Quay Foods", 1), used("a3", "Quay Fo\u{43e}ds", 1)];
    let test = synced(&clients, &accounts).await;
    test.decide("a2", MappingDecision::Undecided, None).await;
    let (chosen, left_out) = bulk_confirmation(&test.workspace().await, least("0.05"));
    assert_eq!(ids(&chosen), [""; 0]);
    let mut found = whys(&left_out);
    found.sort_by_key(|(id, _)| *id);
    let expected = [("a1", WhyLeftOut::EqualScores), ("a2", WhyLeftOut::Revoked), ("a3", WhyLeftOut::Lookalike)];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_evidence_contradicts_is_left_out() {
    let clients =
        [billed("250", "Harbour Dental", 1), billed("251", "Quay Legal", 1), billed("252", "Mill Foods Ltd", 1)];
    let mut accounts =
        [used("p1", "Quay Legal LLP", 1), used("p2", "Harbour Dental Group", 1), used("p3", "Mill Foods Inc", 1)];
    accounts[0].account.facts.identifiers.push("250".to_owned());
    accounts[1].account.facts.identifiers.push("251".to_owned());
    let workspace = synced(&clients, &accounts).await.workspace().await;
    let (chosen, left_out) = bulk_confirmation(&workspace, least("0.5"));
    assert_eq!(ids(&chosen), [""; 0]);
    let mut found = whys(&left_out);
    found.sort_by_key(|(id, _)| *id);
    assert_eq!(found, ["p1", "p2", "p3"].map(|id| (id, WhyLeftOut::Contradicted)), "the third by its legal form");
}

#[tokio::test]
async fn each_is_recorded_once_with_its_evidence() {
    let clients = [billed("c1", "Brown and Partners LLP", 1), billed("c2", "Quay Foods Ltd", 1)];
    let test = synced(&clients, &[used("a1", "Brown & Partners", 1)]).await;
    let workspace = test.workspace().await;
    let (chosen, _) = bulk_confirmation(&workspace, least("0.5"));
    let (recorded, left_out) = confirm_all(&test.env, &workspace, &chosen, &by_kim()).await.unwrap();
    assert_eq!((recorded.len(), left_out.len(), recorded[0].number), (1, 0, 1));
    let score = format!("score {}: ", chosen[0].score);
    assert!(recorded[0].evidence.iter().any(|line| line.starts_with(&score) && line.len() > score.len()));
    let (again, left_out) = confirm_all(&test.env, &workspace, &chosen, &by_kim()).await.unwrap();
    assert_eq!((again.len(), whys(&left_out)), (0, vec![("a1", WhyLeftOut::DecidedMeanwhile)]));
    let (rest, _) = bulk_confirmation(&test.workspace().await, least("0"));
    assert_eq!(rest, [], "it is decided now");
}
