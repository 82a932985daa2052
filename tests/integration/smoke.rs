//! From two dropped files to one email: billed lines and usage items, one rule.

use truecount_app::{ReportAnswer, SyncAnswer};

use crate::backend::TestBackend;

pub(crate) const SETTINGS: &str = r#"
[mail]
from = "truecount@msp.example"
[[mail.groups]]
id = "billing"
to = ["billing@msp.example"]

[[sources]]
id = "psa"
connector = "file"
side = "agreed"
[sources.columns]
line_id = "line_id"
client_id = "client_id"
client_name = "client_name"
product_code = "product_code"
quantity = "quantity"
unit_price = "unit_price"
currency = "currency"

[[sources]]
id = "rmm"
connector = "file"
side = "used"
[sources.columns]
account_id = "account_id"
account_name = "account_name"
item_id = "item_id"
kind = "kind"
status = "status"
last_seen = "last_seen"
"#;

pub(crate) const RULES: &str = r#"
currency = "GBP"
[services]
MNG-SRV = { count = "rmm.server", seen_within_days = 30 }
"#;

pub(crate) const BILLED: &str = "line_id,client_id,client_name,product_code,quantity,unit_price,currency
1,c1,Harbour Dental,MNG-SRV,2,45.50,GBP
2,c2,Mill & Sons,MNG-SRV,3,45.50,GBP
3,c3,Quiet Client,MNG-SRV,1,45.50,GBP
";

pub(crate) const USAGE: &str = "account_id,account_name,item_id,kind,status,last_seen
a1,Harbour Dental,d1,server,active,2026-06-29T10:00:00Z
a1,Harbour Dental,d2,server,active,2026-06-29T10:00:00Z
a1,Harbour Dental,d3,server,active,2026-06-29T10:00:00Z
a1,Harbour Dental,d4,server,active,2026-01-01T10:00:00Z
a2,mill & sons,e1,server,active,2026-06-29T10:00:00Z
a3,Quiet Client,f1,server,active,2026-06-29T10:00:00Z
";

pub(crate) async fn backend() -> TestBackend {
    let files = [
        ("archive/inbox/sources/psa/billed-2026-06-30.csv", BILLED),
        ("archive/inbox/sources/rmm/usage-2026-06-30.csv", USAGE),
    ];
    TestBackend::new(SETTINGS, RULES, &files).await
}

#[tokio::test]
async fn two_files_become_one_email() {
    let backend = backend().await;
    for source in ["psa", "rmm"] {
        let answer = backend.sync(source).await;
        assert!(matches!(answer, SyncAnswer::Committed { incomplete_accounts: 0, unchanged: false, .. }), "{answer:?}");
        let again = backend.sync(source).await;
        assert!(matches!(again, SyncAnswer::Committed { unchanged: true, .. }), "{again:?}");
    }
    let run_id = backend.close().await;
    let ReportAnswer::Reported { summary, mails, .. } = backend.report(&run_id).await else { panic!("busy") };
    assert_eq!((summary.exceptions, summary.not_reconciled), (2, 0));
    assert_eq!(mails[0].outcome, "sent");
    let csv = backend.report_file(&run_id, "exceptions.csv");
    let rows: Vec<_> = csv.lines().skip(1).collect();
    assert!(rows[0].contains("overbilled") && rows[0].contains("-91.00"), "{csv}");
    assert!(rows[1].contains("underbilled") && rows[1].contains("45.50"), "{csv}");
    assert_eq!(backend.mails().len(), 1);

    assert_eq!(backend.close().await, run_id, "the month is closed once");
    let ReportAnswer::Reported { mails, .. } = backend.report(&run_id).await else { panic!("busy") };
    assert_eq!(mails[0].outcome, "already_sent");
    assert_eq!(backend.mails().len(), 1);
}

#[tokio::test]
async fn fifty_triggers_at_once_close_once_and_mail_once() {
    let backend = backend().await;
    backend.sync("psa").await;
    backend.sync("rmm").await;
    let triggers = (0..50).map(|_| async {
        let month = Some("2026-06".parse().unwrap());
        let wanted = truecount_app::RunKind::Closing { replace: None, early: false, incomplete: false };
        let deadline = crate::backend::soon();
        let answer = truecount_app::reconcile(&backend.env, &backend.config, month, &wanted, deadline).await.unwrap();
        let truecount_app::ReconcileAnswer::Reconciled { run_id, .. } = answer else { return None };
        let mailing = truecount_app::MailPolicy::Usual;
        let month = "2026-06".parse().unwrap();
        let report =
            truecount_app::report(&backend.env, &backend.config, month, Some(&run_id), mailing, deadline).await;
        Some((run_id, report.unwrap()))
    });
    let answers: Vec<_> = futures::future::join_all(triggers).await.into_iter().flatten().collect();
    assert!(!answers.is_empty());
    assert!(answers.iter().all(|(run_id, _)| *run_id == answers[0].0), "one run");
    backend.report(&answers[0].0).await;
    assert_eq!(backend.mails().len(), 1, "one mail");
}
