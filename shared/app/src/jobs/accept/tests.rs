//! What is shown before a fall is accepted, and that nothing else is accepted than what was shown.

use jiff::civil::date;
use truecount_billing::Measure;
use truecount_store::{Base, SeenFall, Witness};

use super::*;
use crate::test_environment::{Content, TODAY, TestEnvironment, soon, used};

/// A vendor account whose servers fell from forty.
fn fallen(account: &str, name: &str, servers: u32) -> Content {
    let change = |entry: &mut SnapshotAccount| {
        let (kind, as_of) = ("server".to_owned(), date(2026, 6, 29));
        let (before, now) = (40.into(), entry.counts["server"].units);
        entry.account.read_state = ReadState::Doubtful(ReadReason::Dropped {
            kind: kind.clone(),
            measure: Measure::Items,
            before,
            now,
            as_of,
        });
        let witness = Witness::Api { day: date(2026, 6, 30), at: Timestamp::UNIX_EPOCH };
        let fall = Some(SeenFall { count: entry.counts["server"], witness });
        let count = Count { items: 40, units: 40.into() };
        entry.bases = BTreeMap::from([(kind, Base { count, as_of, fall })]);
    };
    Content { change, ..used(account, name, servers) }
}

async fn two_fell() -> TestEnvironment {
    let test = TestEnvironment::new();
    let accounts = [fallen("a1", "Harbour Dental", 3), used("a2", "Quiet Quay", 7), fallen("a3", "Mill & Sons", 1)];
    test.commit("rmm", TODAY, &accounts).await;
    test
}

fn request(account: Option<&str>) -> AcceptRequest {
    AcceptRequest {
        source: "rmm".parse().unwrap(),
        account: account.map(|account| account.parse().unwrap()),
        actor: "kim".to_owned(),
        note: "they moved".to_owned(),
        shown: None,
    }
}

/// `a1 server 40 -> 3`, of each kind that fell.
fn in_short(falls: &[AcceptedFall]) -> Vec<String> {
    let of = |fall: &AcceptedFall| -> Vec<String> {
        let id = &fall.account_id;
        fall.kinds.iter().map(|kind| format!("{id} {} {} -> {}", kind.kind, kind.from, kind.to)).collect()
    };
    falls.iter().flat_map(of).collect()
}

async fn newest_of(test: &TestEnvironment) -> SnapshotManifest {
    newest(&test.env, &"rmm".parse().unwrap(), TODAY.parse().unwrap()).await.unwrap()
}

#[tokio::test]
async fn what_would_be_accepted_is_shown_and_nothing_is_written() {
    let test = two_fell().await;
    let before = newest_of(&test).await;
    let shown = falls(&test.env, &test.config.settings, &request(None)).await.unwrap();
    assert_eq!(in_short(&shown), ["a1 server 40 -> 3", "a3 server 40 -> 1"], "and not what did not fall");
    let one = falls(&test.env, &test.config.settings, &request(Some("a3"))).await.unwrap();
    assert_eq!(in_short(&one), ["a3 server 40 -> 1"]);
    assert_eq!(newest_of(&test).await, before);
    assert_eq!(AcceptedFall::list(&test.env.store, &before.source).await.unwrap(), [], "nothing is on record");

    let refused = falls(&test.env, &test.config.settings, &request(Some("a2"))).await.unwrap_err();
    assert!(matches!(refused, AcceptError::DidNotFall { .. }), "{refused}");
    let refused = falls(&test.env, &test.config.settings, &request(Some("a9"))).await.unwrap_err();
    assert!(matches!(refused, AcceptError::NoSuchAccount { .. }), "{refused}");
}

#[tokio::test]
async fn what_is_accepted_is_what_was_shown() {
    let test = two_fell().await;
    let settings = &test.config.settings;
    let shown = falls(&test.env, settings, &request(Some("a1"))).await.unwrap();
    let wanted = AcceptRequest { shown: Some(shown[0].snapshot), ..request(Some("a1")) };
    let accepted = accept(&test.env, settings, &wanted, soon()).await.unwrap();
    assert_eq!(in_short(&accepted), in_short(&shown));
    assert_eq!((accepted[0].actor.as_str(), accepted[0].note.as_str()), ("kim", "they moved"));
    let left = falls(&test.env, settings, &request(None)).await.unwrap();
    assert_eq!(in_short(&left), ["a3 server 40 -> 1"], "the other one still waits");
}

#[tokio::test]
async fn a_sync_in_between_is_shown_before_it_is_accepted() {
    let test = two_fell().await;
    let settings = &test.config.settings;
    let shown = falls(&test.env, settings, &request(None)).await.unwrap();
    test.commit("rmm", TODAY, &[fallen("a1", "Harbour Dental", 2)]).await;
    let before = newest_of(&test).await;
    let wanted = AcceptRequest { shown: Some(shown[0].snapshot), ..request(None) };
    let refused = accept(&test.env, settings, &wanted, soon()).await.unwrap_err();
    assert!(matches!(refused, AcceptError::Changed(_)), "{refused}");
    assert_eq!(newest_of(&test).await, before);
    let accepted = accept(&test.env, settings, &request(None), soon()).await.unwrap();
    assert_eq!(in_short(&accepted), ["a1 server 40 -> 2"], "whatever is there, where nothing was shown");
}
