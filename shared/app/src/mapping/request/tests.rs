//! What a request is checked against, and what is recorded with it.

use super::*;
use crate::test_environment::{TODAY, TestEnvironment, at_sites, billed, confirmed, split, used};

/// An account of two clients, distinguished by site, and one with nearly the name of a client.
async fn synced() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental Ltd", 2), billed("c2", "Mill & Sons", 1)]).await;
    let mut legal = used("a1", "Harbour Dental Inc", 1);
    legal.account.facts.identifiers.push("X-77".to_owned());
    legal.account.facts.domains.push("harbour.example".to_owned());
    test.commit("rmm", TODAY, &[legal, at_sites("a2", "The Old Mill", &["leeds", "leeds", "york"])]).await;
    test
}

fn request(source: &str, account: &str, decision: MappingDecision) -> MappingRequest {
    MappingRequest {
        source: source.parse().unwrap(),
        account_id: account.parse().unwrap(),
        decision,
        from: None,
        actor: "kim".to_owned(),
        note: "asked them".to_owned(),
    }
}

async fn decided(test: &TestEnvironment, account: &str, decision: MappingDecision) -> (MappingRecord, Vec<String>) {
    decide(&test.env, &test.workspace().await, request("rmm", account, decision)).await.unwrap()
}

#[tokio::test]
async fn what_does_not_exist_is_refused_and_nothing_is_recorded() {
    let test = synced().await;
    let workspace = test.workspace().await;
    for (source, account, decision) in [
        ("none", "a1", confirmed("c1")),
        ("psa", "c1", confirmed("c1")),
        ("rmm", "a9", confirmed("c1")),
        ("rmm", "a1", confirmed("c9")),
        ("rmm", "a2", split("site", &[("leeds", "c1"), ("york", "c9")])),
        ("rmm", "a2", split("domain", &[("leeds", "c1")])),
        ("rmm", "a1", split("site", &[("leeds", "c1")])),
    ] {
        let refused = decide(&test.env, &workspace, request(source, account, decision.clone())).await;
        assert!(matches!(refused, Err(AppError::Refused(_))), "{source} {account} {decision:?}");
    }
    assert!(MappingRecord::history(&test.env.store, &"rmm".parse().unwrap()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_record_keeps_what_spoke_for_it_at_that_moment() {
    let test = synced().await;
    let facts = ["identifier at the vendor: X-77", "domain: harbour.example"];
    let (proposed, notes) = decided(&test, "a1", confirmed("c1")).await;
    assert_eq!((proposed.number, proposed.account_name.as_str()), (1, "Harbour Dental Inc"));
    assert_eq!(notes, ["evidence contradicts it, and is recorded with it: legal forms differ: inc, ltd"]);
    let names = ["the names are equal but for the legal form", "against it: legal forms differ: inc, ltd"];
    assert_eq!(proposed.evidence, [&names[..], &facts].concat(), "what spoke against it, too");
    assert_eq!(proposed.decided_at, test.env.clock.now());
    let (other, _) = decided(&test, "a1", confirmed("c2")).await;
    assert_eq!((other.number, &other.evidence[..]), (2, &facts.map(str::to_owned)[..]), "nothing proposed this client");
    let history = MappingRecord::list(&test.env.store, &other.source, &other.account_id).await.unwrap();
    assert_eq!(history, [proposed, other]);
}

#[tokio::test]
async fn a_client_that_nothing_speaks_for_is_recorded_with_the_one_that_was_proposed() {
    let test = synced().await;
    let (record, notes) = decided(&test, "a1", confirmed("c2")).await;
    assert_eq!(notes, [""; 0]);
    assert!(record.evidence[0].starts_with("proposed was Harbour Dental Ltd [c1]: "), "{:?}", record.evidence);
}

#[tokio::test]
async fn a_split_is_possible_by_what_the_items_have() {
    let test = synced().await;
    let (_, notes) = decided(&test, "a2", split("site", &[("leeds", "c1"), ("york", "c2")])).await;
    assert_eq!(notes, [""; 0], "every item has a client");
    let (_, notes) = decided(&test, "a2", split("site", &[("york", "c2"), ("bath", "c2")])).await;
    assert!(notes.len() == 2 && notes[0].contains("`bath`") && notes[1].contains("`leeds` (2 items)"), "{notes:?}");
}
