//! Who is proposed for an undecided account, and in which order.

use truecount_billing::{AccountId, SourceId};
use truecount_connectors::{Cardinality, Category, SOURCE_KINDS};

use crate::account_mapping::Proposal;
use crate::mapping::MappingSheet;
use crate::test_environment::{RULES, SETTINGS, TODAY, TestEnvironment, billed, config, confirmed, used};

/// The clients proposed for an account.
async fn proposed(test: &TestEnvironment, source: &str, account: &str) -> Vec<Proposal> {
    let (source, account): (SourceId, AccountId) = (source.parse().unwrap(), account.parse().unwrap());
    let workspace = test.workspace().await;
    workspace.proposals().get(&(&source, &account)).map(|found| found.proposals.clone()).unwrap_or_default()
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
    test.config = config(&with_second("file"), RULES);
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
    for (connector, is_held_against) in [(one_each.unwrap().name, true), ("file", false)] {
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

/// The cells of an account's row in the sheet: proposal, score, reasons, against, alternatives.
async fn in_sheet(test: &TestEnvironment, account: &str) -> Vec<String> {
    let bytes = MappingSheet::of(&test.workspace().await, |row| row.account_id.as_str() == account).to_csv().unwrap();
    let mut reader = csv::Reader::from_reader(&bytes[3..]);
    let row = reader.records().next().unwrap().unwrap();
    row.iter().skip(13).take(5).map(str::to_owned).collect()
}

#[tokio::test]
async fn an_identifier_that_contradicts_the_name_is_held_against_both_clients() {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("250", "Harbour Dental", 1), billed("251", "Quay Legal", 1)]).await;
    let mut accounts = [used("p1", "Quay Legal LLP", 1), used("p2", "Harbour Dental Group", 1)];
    accounts[0].account.facts.identifiers.push("250".to_owned());
    accounts[1].account.facts.identifiers.push("251".to_owned());
    test.commit("rmm", TODAY, &accounts).await;
    for (account, client, why) in [
        ("p1", "250", "the vendor's identifier names `Harbour Dental` [250], the name is that of `Quay Legal` [251]"),
        ("p2", "251", "the vendor's identifier names `Quay Legal` [251], the name resembles `Harbour Dental` [250]"),
    ] {
        let found = proposed(&test, "rmm", account).await;
        assert_eq!((ids(&found)[0], found.len()), (client, 2), "{found:?}");
        assert!(found.iter().all(|one| one.is_contradicted && one.against[0] == why), "{found:?}");
        assert!(found.iter().all(|one| !one.reasons.is_empty()), "{found:?}");
        assert!(in_sheet(&test, account).await[3].starts_with(why));
    }
}

#[tokio::test]
async fn a_client_that_is_too_improbable_is_named_and_not_offered() {
    let test = TestEnvironment::new();
    let clients = [billed("c1", "Quay Foods Ltd", 1), billed("c2", "Northfield Holdings", 1)];
    test.commit("psa", TODAY, &clients).await;
    let accounts = [used("a1", "Foodbank", 1), used("a2", "Zxqvv", 1)];
    test.commit("rmm", TODAY, &accounts).await;
    let workspace = test.workspace().await;
    let source = &workspace.sources[0];
    let found = source.candidates[0].as_ref().unwrap();
    assert_eq!((found.proposals.len(), found.remote[0].client_id.as_str()), (0, "c1"), "{found:?}");
    let said = found.nobody().unwrap();
    assert!(said.starts_with("nobody resembles it (most like it: Quay Foods Ltd [c1] "), "{said}");
    assert_eq!(source.candidates[1].as_ref().unwrap().nobody().unwrap(), "nobody resembles it");
    assert_eq!(in_sheet(&test, "a1").await, ["", "", &said, "", ""]);
    let row = workspace.rows().into_iter().find(|row| row.account_id.as_str() == "a1").unwrap();
    assert_eq!((row.client_id, row.score, row.reason), (None, None, said));
}

#[tokio::test]
async fn a_client_that_has_nothing_by_decision_is_offered_with_that_against_it() {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental Ltd", 1), billed("c2", "Quay Foods", 1)]).await;
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental Inc", 1)]).await;
    let scope = truecount_store::NoneScope::Client { client_id: "c1".parse().unwrap() };
    let request = crate::mapping::NoneRequest {
        source: "rmm".parse().unwrap(),
        scope,
        decision: truecount_store::NoneDecision::None,
        from: None,
        actor: "kim".to_owned(),
        note: String::new(),
    };
    crate::mapping::decide_none(&test.env, &test.workspace().await, request).await.unwrap();
    let found = proposed(&test, "rmm", "a1").await;
    assert_eq!(ids(&found), ["c1"]);
    assert!(found[0].is_contradicted, "{found:?}");
    assert_eq!(found[0].against[0], "it was decided that this client has nothing in this source");
}
