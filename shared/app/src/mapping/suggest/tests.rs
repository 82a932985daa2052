//! Who is proposed for an undecided account, and in which order.

use truecount_connectors::{Cardinality, Category, SOURCE_KINDS};

use super::*;
use crate::test_environment::{RULES, SETTINGS, TODAY, TestEnvironment, billed, config, confirmed, used};

/// The clients proposed for an account.
async fn proposed(test: &TestEnvironment, source: &str, account: &str) -> Vec<Proposal> {
    let key = (source.parse().unwrap(), account.parse().unwrap());
    test.workspace().await.proposals().remove(&key).unwrap_or_default()
}

fn ids(proposals: &[Proposal]) -> Vec<&str> {
    proposals.iter().map(|proposal| proposal.client_id.as_str()).collect()
}

/// The settings with a second usage source, `second`.
fn with_second(connector: &str) -> String {
    format!("{SETTINGS}\n[[sources]]\nid = \"second\"\nconnector = \"{connector}\"\nside = \"used\"\n")
}

#[tokio::test]
async fn a_name_that_differs_in_the_legal_form_comes_first_with_that_reason() {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental Ltd", 1), billed("c2", "Quay Foods", 1)]).await;
    let accounts = [used("a1", "Harbour Dental Inc", 1), used("a2", "Zxqvv", 1), used("a3", "Quay Foods", 1)];
    test.commit("rmm", TODAY, &accounts).await;
    let found = proposed(&test, "rmm", "a1").await;
    assert_eq!(ids(&found)[0], "c1");
    assert_eq!(found[0].reasons[0], "the names are equal but for the legal form");
    assert_eq!(proposed(&test, "rmm", "a2").await, [], "nobody is called like that");
    assert_eq!(proposed(&test, "rmm", "a3").await, [], "its name decides");
}

#[tokio::test]
async fn an_account_that_is_mapped_in_one_source_helps_in_another() {
    let mut test = TestEnvironment::new();
    test.config = config(&with_second("csv"), RULES);
    test.commit("psa", TODAY, &[billed("c1", "Northfield Holdings", 1), billed("c2", "Quay Foods", 1)]).await;
    test.commit("rmm", TODAY, &[used("a1", "Beacon Veterinary", 1)]).await;
    test.commit("second", TODAY, &[used("s1", "Beacon Veterinary", 1)]).await;
    assert!(!ids(&proposed(&test, "second", "s1").await).contains(&"c1"), "nothing is known yet");
    test.decide("a1", confirmed("c1"), None).await;
    let found = proposed(&test, "second", "s1").await;
    assert_eq!(ids(&found)[0], "c1");
    assert!(found[0].percent.is_some_and(|percent| percent > 50), "{found:?}");
}

#[tokio::test]
async fn where_a_client_has_one_account_a_client_that_is_taken_comes_last() {
    let one_each = SOURCE_KINDS
        .iter()
        .find(|kind| kind.cardinality == Cardinality::OneAccountPerClient && kind.category != Category::Psa);
    for (connector, is_held_against) in [(one_each.unwrap().name, true), ("csv", false)] {
        let mut test = TestEnvironment::new();
        test.config = config(&with_second(connector), RULES);
        let clients = [billed("c1", "Harbour Dental Ltd", 1), billed("c2", "Harbour Dental Leeds", 1)];
        test.commit("psa", TODAY, &clients).await;
        let accounts = [used("s1", "Harbour Dental Ltd", 1), used("s2", "Harbour Dental Inc", 1)];
        test.commit("second", TODAY, &accounts).await;
        let found = proposed(&test, "second", "s2").await;
        let c1 = found.iter().find(|proposal| proposal.client_id.as_str() == "c1").unwrap();
        let is_taken =
            c1.against.iter().any(|reason| reason == "another vendor account of this source is mapped to it");
        assert_eq!(is_taken, is_held_against, "{connector}: {found:?}");
        assert_eq!(ids(&found)[0] == "c1", !is_held_against, "{connector}: {found:?}");
    }
}
