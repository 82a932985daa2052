//! Mappings in a run: split accounts, decisions of a month, identifiers, and what is undone.

use std::collections::BTreeMap;

use truecount_app::mapping::{MappingWorkspace, RowState};
use truecount_app::{ReconcileAnswer, RunKind};
use truecount_billing::ClientId;
use truecount_store::MappingDecision;
use truecount_support::{SETTINGS, rule};

use crate::backend::{TestBackend, soon};

const BILLED: &str = "line_id,client_id,client_name,product_code,quantity,unit_price,currency
1,c1,Harbour Dental,MNG-SRV,2,45.50,GBP
2,c2,Mill & Sons,MNG-SRV,1,45.50,GBP
3,c3,Quay Foods,MNG-SRV,4,45.50,GBP
";

/// One account of three clients, distinguished by site; one that the vendor knows by the PSA's id.
const USAGE: &str = "account_id,account_name,item_id,kind,status,site,psa_client_id
shared,The Old Mill,s1,server,active,leeds,
shared,The Old Mill,s2,server,active,leeds,
shared,The Old Mill,s3,server,active,york,
shared,The Old Mill,s4,server,active,hull,
shared,The Old Mill,s5,server,active,,
own,Q. Foods,q1,server,active,,c3
own,Q. Foods,q2,server,active,,c3
own,Q. Foods,q3,server,active,,c3
own,Q. Foods,q4,server,active,,c3
";

async fn synced(settings: &str, usage: &str) -> TestBackend {
    let files = [
        ("archive/inbox/sources/psa/billed-2026-06-30.csv", BILLED),
        ("archive/inbox/sources/rmm/usage-2026-06-30.csv", usage),
    ];
    let backend = TestBackend::new(settings, &rule("MNG-SRV", "server"), &files).await;
    backend.sync("psa").await;
    backend.sync("rmm").await;
    backend
}

fn confirmed(client: &str) -> MappingDecision {
    MappingDecision::Confirmed { client_id: client.parse().unwrap() }
}

fn split(by: &str, parts: &[(&str, &str)]) -> MappingDecision {
    let parts: BTreeMap<String, ClientId> =
        parts.iter().map(|(value, client)| ((*value).to_owned(), client.parse().unwrap())).collect();
    MappingDecision::Split { by: by.to_owned(), parts }
}

/// `client kind variance` of each exception, and `source account` of accounts that nobody decided.
async fn exceptions(backend: &TestBackend) -> Vec<String> {
    let run = backend.draft().await;
    backend.report(&run).await;
    let row = |row: &BTreeMap<String, String>| {
        let whose = if row["client_id"].is_empty() { &row["account_id"] } else { &row["client_id"] };
        format!("{whose} {} {}", row["kind"], row["variance"]).trim_end().to_owned()
    };
    let mut rows: Vec<_> = backend.sheet(&run, "exceptions.csv").iter().map(row).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn a_split_account_is_counted_for_each_client_and_the_rest_is_an_exception() {
    let backend = synced(SETTINGS, USAGE).await;
    let before = exceptions(&backend).await;
    assert_eq!(before, ["c1 not_reconciled", "c2 not_reconciled", "shared unmapped_account"]);

    let wrong = backend.decide("shared", split("domain", &[("a", "c1")]), None).await.unwrap_err().to_string();
    assert!(wrong.contains("it can be split by: site"), "{wrong}");
    let wrong = backend.decide("shared", split("site", &[("leeds", "c9")]), None).await.unwrap_err().to_string();
    assert!(wrong.contains("the PSA has no client `c9`"), "{wrong}");

    let parts = split("site", &[("leeds", "c1"), ("york", "c2"), ("bath", "c2")]);
    let notes = backend.decide("shared", parts, None).await.unwrap();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("no item has the site `bath`") && notes[1].contains("`hull` (1 item)"), "{notes:?}");
    // what no part takes may be either's: 2 to 4 where 2 are billed, 1 to 3 where 1 is
    assert_eq!(exceptions(&backend).await, ["c1 not_reconciled", "c2 not_reconciled"]);
    let run = backend.draft().await;
    let row = backend.sheet(&run, "exceptions.csv").into_iter().find(|row| row["client_id"] == "c1").unwrap();
    let open = "(of a shared account that no part of the split names)";
    assert_eq!(row["items_in"], "s1; s2");
    assert_eq!(row["items_out"], format!("s4 {open}; s5 {open}"));

    let all = split("site", &[("leeds", "c1"), ("york", "c2"), ("hull", "c2")]);
    backend.decide("shared", all, None).await.unwrap();
    assert_eq!(exceptions(&backend).await, ["c1 not_reconciled", "c2 underbilled 1"]);
    let run = backend.draft().await;
    backend.report(&run).await;
    let coverage = backend.report_file(&run, "coverage.csv");
    assert!(coverage.contains("\nrmm,used,complete,,2026-06-30,2,0,"), "two accounts, not five: {coverage}");
}

#[tokio::test]
async fn a_site_that_emptied_is_zero_and_not_unknown() {
    let parts = split("site", &[("leeds", "c1"), ("york", "c1"), ("hull", "c1"), ("bath", "c2")]);
    let without_site = "shared,The Old Mill,s5,server,active,,\n";
    for (usage, of_bath) in
        [(USAGE.to_owned(), "c2 not_reconciled"), (USAGE.replace(without_site, ""), "c2 billed_without_usage -1")]
    {
        let backend = synced(SETTINGS, &usage).await;
        backend.decide("shared", parts.clone(), None).await.unwrap();
        assert_eq!(exceptions(&backend).await, ["c1 underbilled 2", of_bath]);
    }
}

#[tokio::test]
async fn a_decision_from_a_month_leaves_the_months_before_as_they_were() {
    let mut backend = synced(SETTINGS, USAGE).await;
    backend.decide("own", confirmed("c3"), None).await.unwrap();
    let june = backend.draft().await;
    backend.decide("own", confirmed("c1"), Some("2026-07")).await.unwrap();
    assert_eq!(backend.draft().await, june, "June rests on the same decisions, so it is the same run");

    backend.on("2026-07-02");
    let july = Some("2026-07".parse().unwrap());
    let answer = truecount_app::reconcile(&backend.env, &backend.config, july, &RunKind::Draft, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { summary, .. } = answer else { panic!("busy") };
    let book = MappingWorkspace::load(&backend.env, &backend.config).await.unwrap();
    let row = book.rows().into_iter().find(|row| row.account_id.as_str() == "own").unwrap();
    assert_eq!((row.state, row.client_id.unwrap().as_str(), row.last_decision), (RowState::Confirmed, "c1", 2));
    assert!(summary.exceptions > 0);
    let history = &book.source(&"rmm".parse().unwrap()).unwrap().history;
    let decisions = &history["own"];
    assert_eq!(decisions.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(decisions[0].account_name, "Q. Foods");
    assert!(decisions[0].evidence.contains(&"identifier at the vendor: c3".to_owned()), "{decisions:?}");
    backend.decide("own", MappingDecision::Undecided, None).await.unwrap();
    let book = MappingWorkspace::load(&backend.env, &backend.config).await.unwrap();
    let row = book.rows().into_iter().find(|row| row.account_id.as_str() == "own").unwrap();
    assert_eq!((row.state, row.client_id.unwrap().as_str()), (RowState::Undecided, "c3"), "proposed, not confirmed");
}

#[tokio::test]
async fn an_identifier_that_the_vendor_holds_counts_unless_it_is_switched_off() {
    let backend = synced(SETTINGS, USAGE).await;
    let found = exceptions(&backend).await;
    assert!(!found.iter().any(|row| row.contains("c3")), "4 used, 4 billed: {found:?}");
    let off = format!("[mapping]\nconfirm_vendor_identifiers = false\n{SETTINGS}");
    let backend = synced(&off, USAGE).await;
    let found = exceptions(&backend).await;
    assert!(found.iter().any(|row| row.starts_with("c3 not_reconciled")), "{found:?}");
    let progress = MappingWorkspace::load(&backend.env, &backend.config).await.unwrap().progress();
    assert_eq!((progress[0].mapped, progress[0].percent()), (0.into(), Some(0.into())));
}
