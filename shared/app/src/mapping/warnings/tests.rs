//! When a mapping is warned about, and when not.

use truecount_reconciliation::OutcomeLine;
use truecount_store::{Predecessor, Renamed, SnapshotAccount};

use crate::test_environment::{Content, TODAY, TestEnvironment, billed, confirmed, month, soon, used};
use crate::{ReconcileAnswer, RunKind, outcome_of};

/// Code and subject of each warning of a draft.
async fn warned(test: &TestEnvironment) -> Vec<String> {
    let draft = crate::reconcile(&test.env, &test.config, Some(month()), &RunKind::Draft, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, .. } = draft else { panic!("{draft:?}") };
    let run = truecount_store::Run::load(&test.env.store, month(), &run_id).await.unwrap().unwrap();
    let stored = outcome_of(&test.env, &run).await.unwrap();
    let setup = stored.lines().filter_map(|line| match line.unwrap() {
        OutcomeLine::Setup(finding) => Some(finding),
        _ => None,
    });
    let of_mappings = setup.filter(|one| one.code.starts_with("account_") || one.code.starts_with("client"));
    of_mappings.map(|one| format!("{} {}", one.code, one.subject)).collect()
}

async fn synced(clients: &[Content], accounts: &[Content]) -> TestEnvironment {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, clients).await;
    test.commit("rmm", TODAY, accounts).await;
    test
}

fn harbour() -> [Content; 1] {
    [billed("c1", "Harbour Dental", 1)]
}

#[tokio::test]
async fn an_account_that_was_renamed_after_its_decision_is_named() {
    let account = |change| Content { change, ..used("a1", "Harbour Dental Group", 1) };
    let renamed = |entry: &mut SnapshotAccount| {
        entry.history.renamed = Some(Renamed { from: "HD".to_owned(), on: "2026-06-20".parse().unwrap() });
    };
    let mut test = synced(&harbour(), &[account(renamed)]).await;
    assert_eq!(warned(&test).await, [""; 0], "nothing was decided about it");
    test.on("2026-06-21");
    test.decide("a1", confirmed("c1"), None).await;
    test.on(TODAY);
    assert_eq!(warned(&test).await, [""; 0], "it had that name when it was decided");

    let mut test = synced(&harbour(), &[account(renamed)]).await;
    test.on("2026-06-10");
    test.decide("a1", confirmed("c1"), None).await;
    test.on(TODAY);
    assert_eq!(warned(&test).await, ["account_renamed rmm: a1"]);
    test.decide("a1", confirmed("c1"), None).await;
    assert_eq!(warned(&test).await, [""; 0], "confirmed again");
}

#[tokio::test]
async fn an_account_that_took_anothers_place_is_named_until_somebody_decides() {
    let change = |entry: &mut SnapshotAccount| {
        entry.history.predecessor = Some(Predecessor { id: "a0".parse().unwrap(), on: "2026-06-20".parse().unwrap() });
    };
    let test = synced(&harbour(), &[Content { change, ..used("a1", "Harbour Dental", 1) }]).await;
    assert_eq!(warned(&test).await, ["account_replaced rmm: a1"]);
    test.decide("a1", confirmed("c1"), None).await;
    assert_eq!(warned(&test).await, [""; 0]);
}

#[tokio::test]
async fn an_undecided_account_waits_from_the_second_month_on() {
    for (since, items, expected) in [
        (|entry: &mut SnapshotAccount| entry.history.since = Some("2026-05-29".parse().unwrap()), 2, 1),
        (|entry: &mut SnapshotAccount| entry.history.since = Some("2026-05-30".parse().unwrap()), 2, 0),
        (|entry: &mut SnapshotAccount| entry.history.since = None, 2, 0),
        (|entry: &mut SnapshotAccount| entry.history.since = Some("2026-01-01".parse().unwrap()), 0, 0),
    ] as [(fn(&mut SnapshotAccount), u32, usize); 4]
    {
        let test = synced(&harbour(), &[Content { change: since, ..used("a1", "Zorn", items) }]).await;
        let waiting = warned(&test).await;
        assert_eq!(waiting.iter().filter(|one| *one == "account_waits rmm: a1").count(), expected, "{waiting:?}");
    }
}

#[tokio::test]
async fn clients_that_are_easily_confused_are_named() {
    let equal = [billed("c1", "Harbour Dental", 1), billed("c2", "HARBOUR DENTAL", 1)];
    let test = synced(&equal, &[]).await;
    assert_eq!(warned(&test).await, ["clients_of_one_name c1, c2"]);
    let alike = [billed("c1", "Harbour Dental", 1), billed("c2", "Harb0ur Dental", 1)];
    let test = synced(&alike, &[]).await;
    assert_eq!(warned(&test).await, ["client_name_imitates c1", "client_name_imitates c2"]);
    let numbered = [billed("c1", "School No 6", 1), billed("c2", "School No 9", 1)];
    assert_eq!(warned(&synced(&numbered, &[]).await).await, [""; 0]);
}

#[tokio::test]
async fn an_account_that_imitates_a_client_is_named_unless_a_person_decided() {
    let test = synced(&harbour(), &[used("a1", "Harb0ur Dental", 1)]).await;
    assert_eq!(warned(&test).await, ["account_name_imitates rmm: a1"]);
    test.decide("a1", confirmed("c1"), None).await;
    assert_eq!(warned(&test).await, [""; 0]);
}
