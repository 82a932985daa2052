//! In which order a person is shown accounts, and how much of the revenue counts as mapped.

use truecount_store::{IgnoreReason, MappingDecision};

use super::*;
use crate::test_environment::{SETTINGS, TODAY, TestEnvironment, at_sites, billed, config, confirmed, split, used};

async fn synced() -> TestEnvironment {
    let test = TestEnvironment::new();
    let clients = [billed("c1", "Harbour Dental", 2), billed("c2", "Mill & Sons", 6), billed("c3", "Quay Foods", 3)];
    test.commit("psa", TODAY, &clients).await;
    let accounts = [
        used("a1", "Harbour Dental", 2),
        used("a2", "Zorn", 1),
        used("a3", "Wexcombe", 1),
        used("a4", "Yaxley", 5),
        at_sites("a5", "The Old Mill", &["leeds", "york"]),
        used("a6", "Our own lab", 9),
    ];
    test.commit("rmm", TODAY, &accounts).await;
    test.decide("a6", MappingDecision::Ignored { reason: IgnoreReason::Internal }, None).await;
    test
}

/// `a1 confirmed c1 91.00`: client and value as far as they are known.
fn shown(row: &MappingRow) -> String {
    let client = row.client_id.as_ref().map_or("-", |client| client.as_str());
    let value: Vec<_> = row.monthly_value.iter().map(|money| money.amount.to_string()).collect();
    format!("{} {} {client} {}", row.account_id, row.state.as_str(), value.join("+")).trim_end().to_owned()
}

#[tokio::test]
async fn whatever_waits_comes_first_and_of_that_the_most_valuable() {
    let mut test = synced().await;
    let rows: Vec<_> = test.workspace().await.rows().iter().map(shown).collect();
    let expected = [
        "a4 undecided -",
        "a5 undecided c2",
        "a2 undecided -",
        "a3 undecided -",
        "a1 confirmed c1 91.00",
        "a6 ignored -",
    ];
    assert_eq!(rows, expected, "no price: by the number of items, then by id");
    test.config =
        config(SETTINGS, "currency = \"GBP\"\n[services]\nMNG-SRV = { count = \"rmm.server\", price = 10 }\n");
    let rows: Vec<_> = test.workspace().await.rows().iter().map(shown).collect();
    assert_eq!(rows[..2], ["a4 undecided - 50", "a5 undecided c2 20"]);
    test.decide("a5", split("site", &[("leeds", "c2"), ("york", "c2")]), None).await;
    let rows = test.workspace().await.rows();
    let at = |id: &str| rows.iter().position(|row| row.account_id.as_str() == id).unwrap();
    assert!(at("a5") < at("a1"), "a split is looked at with what waits");
    assert_eq!((rows[at("a6")].last_decision, rows[at("a1")].last_decision), (1, 0));
}

#[tokio::test]
async fn revenue_is_mapped_once_one_of_the_clients_accounts_is() {
    let test = synced().await;
    let progress = async || {
        let all = test.workspace().await.progress();
        let [one] = &all[..] else { panic!("{all:?}") };
        assert_eq!((one.source.as_str(), one.currency.to_string().as_str()), ("rmm", "GBP"));
        (one.billed.to_string(), one.mapped.to_string(), one.percent().unwrap().to_string())
    };
    let is = |mapped: &str, percent: &str| ("500.50".to_owned(), mapped.to_owned(), percent.to_owned());
    assert_eq!(progress().await, is("91.00", "18"), "only the equal name; rounded down");
    test.decide("a3", confirmed("c3"), None).await;
    assert_eq!(progress().await, is("227.50", "45"));
    test.decide("a4", confirmed("c3"), None).await;
    assert_eq!(progress().await, is("227.50", "45"), "a second account of a client adds nothing");
    test.decide("a5", split("site", &[("leeds", "c2")]), None).await;
    assert_eq!(progress().await, is("500.50", "100"));
}

#[test]
fn nothing_billed_has_no_per_cent() {
    let (source, currency) = ("rmm".parse().unwrap(), Currency::new("GBP").unwrap());
    let progress = MappingProgress { source, currency, billed: Decimal::ZERO, mapped: Decimal::ZERO };
    assert_eq!(progress.percent(), None);
    let progress = MappingProgress { billed: 1_000.into(), mapped: Decimal::new(99_999, 2), ..progress };
    assert_eq!(progress.percent(), Some(99.into()), "100 only when everything is");
}
