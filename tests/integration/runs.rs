//! Runs of one month: drafts beside closings, one that takes another's place, one at a time, and what is pinned.

use truecount_app::{MailPolicy, ReconcileAnswer, ReportAnswer, RunKind, SyncAnswer};
use truecount_store::{
    Closing, Fence, IgnoreReason, Lease, LeaseOutcome, MappingDecision, MappingRecord, Run, RunState, sha256_hex,
};

use crate::backend::{TestBackend, soon};
use crate::smoke::{self, BILLED, RULES, SETTINGS, USAGE};

async fn synced() -> TestBackend {
    let home = smoke::home().await;
    home.sync("psa").await;
    home.sync("rmm").await;
    home
}

async fn reconcile(home: &TestBackend, wanted: &RunKind) -> Result<ReconcileAnswer, String> {
    let month = Some("2026-06".parse().unwrap());
    let answer = truecount_app::reconcile(&home.env, &home.config, month, wanted, soon()).await;
    answer.map_err(|error| error.to_string())
}

fn closing(replace: Option<&str>) -> RunKind {
    RunKind::Closing { replace: replace.map(str::to_owned) }
}

fn ignored(home: &TestBackend, account: &str) -> MappingRecord {
    let (source, account) = ("rmm".parse().unwrap(), account.parse().unwrap());
    let decision = MappingDecision::Ignored { reason: IgnoreReason::Internal };
    MappingRecord::new(source, account, decision, "kim", "internal", home.env.clock.now())
}

#[tokio::test]
async fn a_draft_has_files_and_no_mail_and_a_decision_makes_another() {
    let home = synced().await;
    let first = home.draft().await;
    assert_eq!(home.draft().await, first, "the same inputs are the same run");
    home.report(&first).await;
    let before = home.report_file(&first, "exceptions.csv");
    assert!(home.mails().is_empty());

    ignored(&home, "a3").append(&home.env.store).await.unwrap();
    let second = home.draft().await;
    assert_ne!(first, second);
    home.report(&second).await;
    let after = home.report_file(&second, "exceptions.csv");
    assert!(!before.contains("Quiet Client") && after.contains("Quiet Client"), "{before}{after}");
    home.report(&first).await;
    assert_eq!(home.report_file(&first, "exceptions.csv"), before, "the first stays as it was");

    let month = "2026-06".parse().unwrap();
    for expected in ["sent", "already_sent"] {
        let wanted = MailPolicy::Always;
        let answer =
            truecount_app::report(&home.env, &home.config, month, Some(&second), wanted, soon()).await.unwrap();
        let ReportAnswer::Reported { mails, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(mails[0].outcome, expected);
    }
    assert_eq!(home.mails().len(), 1);
}

#[tokio::test]
async fn the_manifest_has_the_hash_of_every_file() {
    let home = synced().await;
    let run_id = home.close().await;
    home.report(&run_id).await;
    let manifest = home.report_file(&run_id, "manifest.json");
    for name in ["exceptions.csv", "lines.csv", "coverage.csv", "setup.csv", "mapping-suggestions.csv", "run.json"] {
        let hash = sha256_hex(home.report_file(&run_id, name).as_bytes());
        assert!(manifest.contains(&format!("\"{name}\"")) && manifest.contains(&hash), "{name}: {manifest}");
    }
    for name in ["inputs/psa.jsonl.gz", "inputs/rmm.jsonl.gz", "inputs/rules.toml.gz", "inputs/mappings.jsonl.gz"] {
        assert!(manifest.contains(name), "{name}: {manifest}");
    }
}

#[tokio::test]
async fn a_closing_run_is_replaced_by_name_only() {
    let home = synced().await;
    let first = home.close().await;
    home.report(&first).await;
    ignored(&home, "a3").append(&home.env.store).await.unwrap();
    assert_eq!(home.close().await, first, "what is closed stays closed");
    let error = reconcile(&home, &closing(Some("2026-06-c1-nobody"))).await.unwrap_err();
    assert!(error.contains("is not the closing run of 2026-06") && error.contains(&first), "{error}");

    let Ok(ReconcileAnswer::Reconciled { run_id: second, .. }) = reconcile(&home, &closing(Some(&first))).await else {
        panic!("no run")
    };
    assert!(second.starts_with("2026-06-c2-"), "{second}");
    let again = reconcile(&home, &closing(Some(&first))).await.unwrap();
    assert!(
        matches!(&again, ReconcileAnswer::Reconciled { run_id, already: true, .. } if *run_id == second),
        "{again:?}"
    );
    home.report(&second).await;
    assert_eq!(home.mails().len(), 2);
    assert!(home.report_file(&second, "run.json").contains(&format!("\"replaces\": \"{first}\"")));
}

#[tokio::test]
async fn what_was_frozen_by_a_worker_that_died_stands() {
    let home = synced().await;
    let undisturbed = home.close().await;
    // the worker died between storing the run and naming it in the claim
    let month = "2026-06".parse().unwrap();
    let claim = Closing::list(&home.env.store, month).await.unwrap().remove(0);
    let run = Run::load(&home.env.store, month, &undisturbed).await.unwrap().unwrap();
    let mut unnamed = claim.clone();
    unnamed.run_id = None;
    home.env.store.put(&unnamed, Fence::at(1)).await.unwrap();
    ignored(&home, "a3").append(&home.env.store).await.unwrap();
    assert_eq!(home.close().await, undisturbed, "a decision of afterwards makes no second closing run");
    assert_eq!(Run::list(&home.env.store, month).await.unwrap(), [run]);
}

#[tokio::test]
async fn rules_edited_in_the_middle_are_not_taken() {
    let mut home = synced().await;
    let run_id = home.close().await;
    let path = home.folder.path().join(format!("archive/runs/2026-06/{run_id}/reconciliation.json.gz"));
    let before = std::fs::read(&path).unwrap();
    // its inputs are frozen, and no more
    let month = "2026-06".parse().unwrap();
    let mut run = Run::load(&home.env.store, month, &run_id).await.unwrap().unwrap();
    (run.state, run.summary, run.reconciliation_sha256) = (RunState::Frozen, None, None);
    run.save(&home.env.store, Fence::at(1)).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let edited = RULES.replace("device_fresh", "device_all");
    home.config = truecount_app::Config::from_bytes(SETTINGS.as_bytes(), edited.into_bytes()).unwrap();
    assert_eq!(home.close().await, run_id);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn one_worker_at_a_time() {
    let home = synced().await;
    for name in ["rmm", &Run::lease_name("2026-06".parse().unwrap(), true)] {
        let held = Lease::acquire(&home.env.store, name, soon().at).await.unwrap();
        assert!(matches!(held, LeaseOutcome::Held(_)), "{name}");
    }
    assert!(matches!(home.sync("rmm").await, SyncAnswer::Busy { .. }));
    assert!(matches!(reconcile(&home, &closing(None)).await, Ok(ReconcileAnswer::Busy { .. })));
    assert!(matches!(reconcile(&home, &RunKind::Draft).await, Ok(ReconcileAnswer::Reconciled { .. })));
}

#[tokio::test]
async fn a_source_that_failed_is_not_reconciled() {
    let mut home = smoke::home().await;
    home.sync("psa").await;
    home.drop_file("rmm", "usage-2026-06-30.csv", "account_id,account_name,item_id,kind,status,last_seen\n");
    let answer = home.sync("rmm").await;
    assert!(matches!(&answer, SyncAnswer::Failed { .. }), "{answer:?}");
    let run_id = home.close().await;
    let ReportAnswer::Reported { summary, .. } = home.report(&run_id).await else { panic!("busy") };
    assert_eq!(summary.exceptions, 0);
    assert!(summary.not_reconciled > 0 && summary.totals.is_empty(), "{summary:?}");
    let csv = home.report_file(&run_id, "exceptions.csv");
    assert!(csv.contains("not_reconciled") && csv.contains("rmm was not read completely"), "{csv}");

    // an old sync is no better than none
    home.drop_file("rmm", "usage-2026-06-30.csv", USAGE);
    home.on("2026-06-30");
    home.sync("rmm").await;
    home.on("2026-07-05");
    home.drop_file("psa", "billed-2026-07-05.csv", BILLED);
    home.sync("psa").await;
    let month = Some("2026-07".parse().unwrap());
    let answer = truecount_app::reconcile(&home.env, &home.config, month, &RunKind::Draft, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { summary, .. } = answer else { panic!("{answer:?}") };
    assert!(summary.exceptions == 0 && summary.not_reconciled > 0, "{summary:?}");
}

#[tokio::test]
async fn a_run_needs_exactly_one_psa() {
    let mut home = synced().await;
    let closed = home.close().await;
    for (settings, words) in [
        (SETTINGS.replace("id = \"psa\"", "id = \"psa\"\nenabled = false"), "no enabled source gives billed lines"),
        (
            SETTINGS.replace("side = \"used\"", "side = \"agreed\""),
            "2 enabled sources give billed lines (`psa`, `rmm`)",
        ),
    ] {
        let settings = settings.replace("[sources.columns]\naccount_id", "#");
        let settings = settings.split('#').next().unwrap();
        home.config = truecount_app::Config::from_bytes(settings.as_bytes(), RULES.as_bytes().to_vec()).unwrap();
        let error = reconcile(&home, &RunKind::Draft).await.unwrap_err();
        assert!(error.contains("config/settings.toml") && error.contains(words), "{error}");
        assert_eq!(home.close().await, closed, "a month that is closed is closed");
    }
}
