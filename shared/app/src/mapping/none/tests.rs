//! Who can be decided to have nothing, what is noted, and what opens a decision again.

use jiff::Timestamp;

use super::*;
use crate::test_environment::{TODAY, TestEnvironment, billed, confirmed, used};

fn client(id: &str) -> NoneScope {
    NoneScope::Client { client_id: id.parse().unwrap() }
}

fn none(scope: NoneScope, synced_on: Option<&str>) -> NoneRecord {
    NoneRecord {
        source: "rmm".parse().unwrap(),
        scope,
        decision: NoneDecision::None,
        from: None,
        actor: "kim".to_owned(),
        note: String::new(),
        evidence: Vec::new(),
        synced_on: synced_on.map(|day| day.parse().unwrap()),
        decided_at: "2026-06-30T20:00:00Z".parse::<Timestamp>().unwrap(),
        number: 1,
    }
}

fn undecided(id: &str, since: Option<&str>, may_be: &[&str]) -> UndecidedAccount {
    UndecidedAccount {
        account_id: id.parse().unwrap(),
        since: since.map(|day| day.parse().unwrap()),
        may_be: may_be.iter().map(|client| client.parse().unwrap()).collect(),
    }
}

/// `client>account` for each decision that is open again.
fn opened(none: &NoneRecord, undecided: &[UndecidedAccount], with_account: &[&str]) -> Vec<String> {
    let with_account = with_account.iter().map(|client| client.parse().unwrap()).collect();
    let found = reopened(&[none], undecided, &with_account);
    found.iter().map(|one| format!("{}>{}", one.for_client, one.by_account)).collect()
}

#[test]
fn only_a_new_account_that_may_be_the_clients_opens_a_decision_again() {
    let of_client = none(client("c1"), Some("2026-06-29"));
    for (since, may_be, expected) in [
        (Some("2026-06-30"), &["c1", "c2"][..], &["c1>a"][..]),
        (Some("2026-06-29"), &["c1"], &[]),
        (Some("2026-06-30"), &["c2"], &[]),
        (Some("2026-06-30"), &[], &[]),
        (None, &["c1"], &[]),
    ] {
        assert_eq!(opened(&of_client, &[undecided("a", since, may_be)], &[]), expected, "{since:?} {may_be:?}");
    }
    let unsynced = none(client("c1"), None);
    assert_eq!(opened(&unsynced, &[undecided("a", Some("2026-06-30"), &["c1"])], &[]), [""; 0], "decided that day");
    assert_eq!(opened(&unsynced, &[undecided("a", Some("2026-07-01"), &["c1"])], &[]), ["c1>a"]);
}

#[test]
fn the_rest_is_opened_for_each_client_without_an_account() {
    let rest = none(NoneScope::Rest, Some("2026-06-29"));
    let new = [undecided("a", Some("2026-06-30"), &["c1", "c2"]), undecided("b", Some("2026-07-01"), &["c1"])];
    assert_eq!(opened(&rest, &new, &["c2"]), ["c1>a", "c1>b"]);
}

fn request(scope: NoneScope, decision: NoneDecision) -> NoneRequest {
    NoneRequest {
        source: "rmm".parse().unwrap(),
        scope,
        decision,
        from: None,
        actor: "kim".to_owned(),
        note: "asked them".to_owned(),
    }
}

async fn decided(
    test: &TestEnvironment,
    scope: NoneScope,
    decision: NoneDecision,
) -> Result<(NoneRecord, Vec<String>), String> {
    let workspace = test.workspace().await;
    decide_none(&test.env, &workspace, request(scope, decision)).await.map_err(|error| error.to_string())
}

async fn synced() -> TestEnvironment {
    let test = TestEnvironment::new();
    let clients = [billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1), billed("c3", "Mill & Sons", 0)];
    test.commit("psa", TODAY, &clients).await;
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 3), used("a2", "Quiet Quay Leeds", 1)]).await;
    test
}

#[tokio::test]
async fn what_was_known_and_what_is_billed_is_recorded_and_noted() {
    let test = synced().await;
    let (record, notes) = decided(&test, client("c2"), NoneDecision::None).await.unwrap();
    assert_eq!((record.number, record.synced_on), (1, Some(TODAY.parse().unwrap())));
    assert_eq!(record.evidence[0], "sync of 2026-06-30: 2 vendor accounts");
    let candidates = "undecided vendor accounts that may be theirs: `Quiet Quay Leeds` [a2]";
    assert_eq!(record.evidence[1], candidates);
    assert_eq!(notes, [candidates, "billed although rmm has nothing: `Quiet Quay` [c2] for `MNG-SRV`"]);
    let rows = test.workspace().await.nones();
    assert_eq!((rows.len(), rows[0].client_name.as_deref(), rows[0].reopened.len()), (1, Some("Quiet Quay"), 0));
}

#[tokio::test]
async fn a_decision_is_undone_by_a_later_one_and_stays_in_the_history() {
    let test = synced().await;
    assert!(decided(&test, NoneScope::Rest, NoneDecision::Undecided).await.unwrap_err().contains("no such decision"));
    decided(&test, NoneScope::Rest, NoneDecision::None).await.unwrap();
    assert!(decided(&test, NoneScope::Rest, NoneDecision::None).await.unwrap_err().contains("kim decided the same"));
    let (undone, _) = decided(&test, NoneScope::Rest, NoneDecision::Undecided).await.unwrap();
    assert_eq!(undone.number, 2);
    let workspace = test.workspace().await;
    assert_eq!(workspace.nones(), []);
    assert_eq!(workspace.source(&"rmm".parse().unwrap()).unwrap().nones[&NoneScope::Rest].len(), 2);
}

#[tokio::test]
async fn a_client_with_an_account_or_unknown_to_the_psa_is_refused() {
    let test = synced().await;
    for (id, expected) in [("c1", "has the vendor account `a1` in rmm"), ("c9", "the PSA has no client `c9`")] {
        let error = decided(&test, client(id), NoneDecision::None).await.unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_new_account_opens_the_decision_until_somebody_decides_about_it() {
    let mut test = synced().await;
    decided(&test, client("c3"), NoneDecision::None).await.unwrap();
    test.on("2026-07-01");
    let mut accounts = [used("a1", "Harbour Dental", 3), used("a3", "Mill and Sons Ltd", 1)];
    accounts[0].change = |entry| entry.history.since = Some(TODAY.parse().unwrap());
    test.commit("rmm", "2026-07-01", &accounts).await;
    let open = test.workspace().await.nones().remove(0).reopened;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!((open[0].for_client.as_str(), open[0].by_account.as_str()), ("c3", "a3"));
    decided(&test, client("c3"), NoneDecision::None).await.unwrap();
    assert_eq!(test.workspace().await.nones()[0].reopened, [], "decided again, with the account in sight");
    test.decide("a3", confirmed("c1"), None).await;
    assert_eq!(test.workspace().await.nones()[0].reopened, []);
}
