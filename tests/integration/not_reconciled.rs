//! What is not reconciled is counted once: the function's answer, its metric, the run, `run.json` and the mail have
//! the same number. That the terminal has it too is among the tests of the command line.

use std::process::Command;

use serde_json::{Value, json};

use truecount_lambda::{on_reconcile, on_report};
use truecount_store::Run;

use crate::backend::TestBackend;
use crate::smoke::{BILLED, RULES, SETTINGS, USAGE};

const CLIENTS: u64 = 250;

/// In milliseconds since 1970, as the runtime gives it.
fn deadline() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap() + 600_000
}

/// The PSA is read and the RMM never was, so that no line of any client can be compared.
async fn without_usage() -> TestBackend {
    let mut lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n".to_owned();
    for n in 1..=CLIENTS {
        lines += &format!("{n},c{n},Client {n},MNG-SRV,2,45.50,GBP\n");
    }
    let backend =
        TestBackend::new(SETTINGS, RULES, &[("archive/inbox/sources/psa/billed-2026-06-30.csv", &lines)]).await;
    backend.sync("psa").await;
    backend
}

/// The closing run, as its function answers.
async fn close(backend: &TestBackend) -> Value {
    on_reconcile(&backend.env, json!({ "month": "2026-06", "closing": true }), deadline()).await.unwrap()
}

/// Only writes the metric's line, for the test below: metrics go to the process's standard output.
#[tokio::test]
#[ignore = "run by the next test in a process of its own"]
async fn write_the_metric() {
    close(&without_usage().await).await;
}

/// What the reconcile function's metric says, in a process of its own.
fn metric() -> Value {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "not_reconciled::write_the_metric", "--ignored", "--nocapture"])
        .env("TRUECOUNT_METRICS", "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let metric = text.lines().find_map(|line| line.find("{\"").map(|at| &line[at..]).filter(|l| l.contains("_aws")));
    serde_json::from_str(metric.unwrap_or_else(|| panic!("no metric in {text}"))).unwrap()
}

#[tokio::test]
async fn answer_metric_run_file_and_mail_have_the_same_number() {
    let backend = without_usage().await;
    let reconciled = close(&backend).await;
    assert_eq!(reconciled["summary"]["not_reconciled"], CLIENTS, "{reconciled}");
    assert_eq!(metric()["NotReconciled"], CLIENTS);

    let run_id = reconciled["run_id"].as_str().unwrap();
    let reported = on_report(&backend.env, json!({ "month": "2026-06", "run_id": run_id }), deadline()).await.unwrap();
    assert_eq!(reported["summary"]["not_reconciled"], CLIENTS, "{reported}");
    let run = Run::load(&backend.env.store, "2026-06".parse().unwrap(), run_id).await.unwrap().unwrap();
    let summary = run.summary.unwrap();
    assert_eq!((summary.exceptions, summary.not_reconciled, summary.is_complete), (0, CLIENTS, false));
    let file: Value = serde_json::from_str(&backend.report_file(run_id, "run.json")).unwrap();
    assert_eq!(file["portfolio"]["rows"]["not_reconciled"], CLIENTS);

    let mail = std::fs::read(backend.folder.path().join("outbox").join(&backend.mails()[0])).unwrap();
    let mail = mail_parser::MessageParser::default().parse(&mail).unwrap();
    assert_eq!(mail.subject(), Some("Truecount June 2026: nothing could be compared; 250 not reconciled"));
    assert!(mail.body_text(0).unwrap().contains("250 NOT RECONCILED. "));
    assert!(mail.body_html(0).unwrap().contains("250 not reconciled"));
}

#[tokio::test]
async fn a_status_that_nobody_knows_is_not_reconciled_and_the_others_are() {
    let usage = USAGE.replacen("d2,server,active", "d2,server,zombie", 1);
    let files = [
        ("archive/inbox/sources/psa/billed-2026-06-30.csv", BILLED),
        ("archive/inbox/sources/rmm/usage-2026-06-30.csv", &usage),
    ];
    let backend = TestBackend::new(SETTINGS, RULES, &files).await;
    backend.sync("psa").await;
    backend.sync("rmm").await;
    let reconciled = close(&backend).await;
    assert_eq!(reconciled["summary"]["not_reconciled"], 1, "{reconciled}");
    let run_id = reconciled["run_id"].as_str().unwrap();
    on_report(&backend.env, json!({ "month": "2026-06", "run_id": run_id }), deadline()).await.unwrap();
    let csv = backend.report_file(run_id, "exceptions.csv");
    let row = csv.lines().find(|line| line.contains("Harbour Dental")).unwrap();
    assert!(
        row.contains("not_reconciled") && row.contains("nobody has explained the status `zombie` of `d2`"),
        "{csv}"
    );
    let mill = csv.lines().find(|line| line.contains("Mill & Sons")).unwrap();
    assert!(mill.contains("overbilled") && mill.contains("-91.00"), "{csv}");
}
