//! What takes part in a comparison, and on which side.

use rust_decimal::Decimal;
use truecount_billing::{ReadReason, ReadState};
use truecount_reconciliation::FindingKind;

use super::*;
use crate::test_environment::{RULES, SETTINGS, TODAY, TestEnvironment, billed, config, used};

/// The invoices of the PSA's clients, as a source beside the agreements.
const INVOICES: &str = r#"
[[sources]]
id = "invoices"
connector = "connectwise"
base_url = "https://psa.example"
company = "lantern"
side = "invoiced"
"#;

/// Two servers are agreed, and two stand on an invoice; three are used.
async fn with_invoices() -> TestEnvironment {
    let mut test = TestEnvironment::new();
    test.config = config(&format!("{SETTINGS}{INVOICES}"), RULES);
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 3)]).await;
    test.commit("invoices", TODAY, &[billed("c1", "Harbour Dental", 2), billed("c2", "Gone Ltd", 9)]).await;
    test
}

#[tokio::test]
async fn what_was_invoiced_is_never_added_to_what_is_agreed() {
    let test = with_invoices().await;
    let found = test.workspace().await;
    let findings: Vec<_> =
        found.reconciliation.findings.iter().map(|one| (one.kind, one.billed, one.counted)).collect();
    let (two, three) = (Some(Decimal::TWO), Some(Decimal::from(3)));
    assert_eq!(findings, [(FindingKind::Underbilled, two, three)]);
    let clients: Vec<_> = found.clients.iter().map(|client| client.name.as_str()).collect();
    assert_eq!(clients, ["Harbour Dental"], "only the agreements say who the clients are");
    assert!(found.sources.iter().all(|source| source.id.as_str() == "rmm"), "an invoice's client needs no mapping");
}

#[tokio::test]
async fn invoices_stand_in_the_coverage_all_the_same() {
    let mut test = with_invoices().await;
    let row = |found: &Reconciliation| found.coverage.iter().find(|row| row.source.as_str() == "invoices").cloned();
    let found = test.workspace().await.reconciliation;
    let sources: Vec<_> = found.coverage.iter().map(|row| row.source.as_str()).collect();
    assert_eq!(sources, ["invoices", "psa", "rmm"]);
    let invoices = row(&found).unwrap();
    assert_eq!((invoices.side, invoices.state), (Side::Invoiced, ReadState::Complete));
    assert_eq!((invoices.accounts, invoices.accounts_mapped, invoices.items), (2, 2, 2));
    assert_eq!((invoices.compared, invoices.not_reconciled, invoices.accounts_incomplete), (0, 0, 0));

    let mut unread = billed("c2", "Gone Ltd", 9);
    unread.account.read_state = ReadState::Partial(ReadReason::NotInRun);
    test.on("2026-07-01");
    test.commit("invoices", "2026-07-01", &[billed("c1", "Harbour Dental", 2), unread]).await;
    let found = test.workspace().await.reconciliation;
    assert_eq!(row(&found).unwrap().accounts_incomplete, 1, "what was not read of them is said");
    assert_eq!(found.findings.len(), 1, "and leaves the comparison alone");
}

#[tokio::test]
async fn a_psa_of_invoices_alone_compares_nothing() {
    let mut test = with_invoices().await;
    let agreed = "id = \"psa\"\nconnector = \"csv\"\nside = \"agreed\"";
    let settings = format!("{SETTINGS}{INVOICES}").replace(agreed, &format!("{agreed}\nenabled = false"));
    test.config = config(&settings, RULES);
    let found = test.workspace().await.reconciliation;
    assert!(found.comparisons.iter().all(|row| row.billed.is_none()), "{:?}", found.comparisons);
    assert!(found.findings.iter().all(|one| one.kind == FindingKind::NotReconciled), "{:?}", found.findings);
}
