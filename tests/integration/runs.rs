//! Runs of one month: drafts beside closings, one that takes another's place, one at a time, and what is pinned.

use std::sync::Arc;

use rust_decimal::Decimal;
use truecount_app::{Config, MailPolicy, ReconcileAnswer, ReportAnswer, RunKind, SyncAnswer};
use truecount_billing::Currency;
use truecount_platform::FixedClock;
use truecount_reconciliation::RunTotals;
use truecount_store::{
    Closing, Fence, IgnoreReason, Lease, LeaseOutcome, MappingDecision, MappingRecord, Run, RunState, sha256_hex,
};
use truecount_support::write_file;

use crate::backend::{TestBackend, soon};
use crate::smoke::{self, BILLED, RULES, SETTINGS, USAGE};

async fn synced() -> TestBackend {
    let backend = smoke::backend().await;
    backend.sync("psa").await;
    backend.sync("rmm").await;
    backend
}

async fn reconcile(backend: &TestBackend, wanted: &RunKind) -> Result<ReconcileAnswer, String> {
    let month = Some("2026-06".parse().unwrap());
    let answer = truecount_app::reconcile(&backend.env, &backend.config, month, wanted, soon()).await;
    answer.map_err(|error| error.to_string())
}

fn closing(replace: Option<&str>) -> RunKind {
    RunKind::Closing { replace: replace.map(str::to_owned), early: false, incomplete: false }
}

fn ignored(backend: &TestBackend, account: &str) -> MappingRecord {
    let (source, account) = ("rmm".parse().unwrap(), account.parse().unwrap());
    let decision = MappingDecision::Ignored { reason: IgnoreReason::Internal };
    MappingRecord::new(source, account, decision, "kim", "internal", backend.env.clock.now())
}

/// A rule is changed, and changed back: what is looked at is what was asked for last, though its run is the older one.
#[tokio::test]
async fn a_draft_that_is_asked_for_again_is_the_newest() {
    let mut backend = synced().await;
    let rules = |minimum: &str| RULES.replace("seen_within_days", &format!("{minimum}seen_within_days"));
    let mut asked = Vec::new();
    for (minute, minimum) in [(1, ""), (2, "minimum = 9, "), (3, "")] {
        backend.env.clock = Arc::new(FixedClock(format!("2026-06-30T20:0{minute}:00Z").parse().unwrap()));
        write_file(backend.folder.path(), "config/rules.toml", rules(minimum));
        backend.config = Config::load(&backend.env).await.unwrap();
        asked.push(backend.draft().await);
        let month = "2026-06".parse().unwrap();
        let newest = truecount_app::report(&backend.env, &backend.config, month, None, MailPolicy::Off, soon()).await;
        let ReportAnswer::Reported { run_id, .. } = newest.unwrap() else { panic!("not reported") };
        assert_eq!(Some(&run_id), asked.last(), "minute {minute}");
    }
    assert_eq!(asked[0], asked[2]);
    assert_ne!(asked[0], asked[1]);
}

#[tokio::test]
async fn a_draft_has_files_and_no_mail_and_a_decision_makes_another() {
    let backend = synced().await;
    let first = backend.draft().await;
    assert_eq!(backend.draft().await, first, "the same inputs are the same run");
    backend.report(&first).await;
    let before = backend.report_file(&first, "exceptions.csv");
    assert!(backend.mails().is_empty());

    ignored(&backend, "a3").append(&backend.env.store).await.unwrap();
    let second = backend.draft().await;
    assert_ne!(first, second);
    backend.report(&second).await;
    assert!(!before.contains("Quiet Client"), "{before}");
    // its account counts for nobody, and a file does not list everything: nobody knows what the client has
    let row = backend.sheet(&second, "exceptions.csv").into_iter().find(|row| row["client"] == "Quiet Client").unwrap();
    assert_eq!((row["kind"].as_str(), row["counted"].as_str()), ("not_reconciled", ""), "{row:?}");
    backend.report(&first).await;
    assert_eq!(backend.report_file(&first, "exceptions.csv"), before, "the first stays as it was");

    let month = "2026-06".parse().unwrap();
    for expected in ["sent", "already_sent"] {
        let wanted = MailPolicy::Always;
        let answer =
            truecount_app::report(&backend.env, &backend.config, month, Some(&second), wanted, soon()).await.unwrap();
        let ReportAnswer::Reported { mails, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(mails[0].outcome, expected);
    }
    assert_eq!(backend.mails().len(), 1);
}

#[tokio::test]
async fn the_manifest_has_the_hash_of_every_file() {
    let backend = synced().await;
    let run_id = backend.close().await;
    backend.report(&run_id).await;
    let manifest = backend.report_file(&run_id, "manifest.json");
    for name in [
        "exceptions.csv",
        "lines.csv",
        "changes.csv",
        "closed.csv",
        "coverage.csv",
        "setup.csv",
        "agreement_findings.csv",
        "mapping-suggestions.csv",
        "run.json",
        "report.xlsx",
        "report.html",
        "outcomes.jsonl.gz",
        "history.jsonl.gz",
    ] {
        let folder = backend.folder.path().join("archive/reports/2026-06").join(&run_id);
        let hash = sha256_hex(&std::fs::read(folder.join(name)).unwrap());
        assert!(manifest.contains(&format!("\"{name}\"")) && manifest.contains(&hash), "{name}: {manifest}");
    }
    for name in [
        "sources/psa/0001.jsonl.gz",
        "sources/rmm/0001.jsonl.gz",
        "rules.toml.gz",
        "mappings.jsonl.gz",
        "words.jsonl.gz",
    ] {
        assert!(manifest.contains(&format!("\"inputs/{name}\"")), "{name}: {manifest}");
    }
}

#[tokio::test]
async fn a_closing_run_is_replaced_by_name_only() {
    let backend = synced().await;
    let first = backend.close().await;
    backend.report(&first).await;
    ignored(&backend, "a3").append(&backend.env.store).await.unwrap();
    assert_eq!(backend.close().await, first, "what is closed stays closed");
    let error = reconcile(&backend, &closing(Some("2026-06-c1-nobody"))).await.unwrap_err();
    assert!(error.contains("is not the closing run of 2026-06") && error.contains(&first), "{error}");

    let Ok(ReconcileAnswer::Reconciled { run_id: second, .. }) = reconcile(&backend, &closing(Some(&first))).await
    else {
        panic!("no run")
    };
    assert!(second.starts_with("2026-06-c2-"), "{second}");
    let again = reconcile(&backend, &closing(Some(&first))).await.unwrap();
    assert!(
        matches!(&again, ReconcileAnswer::Reconciled { run_id, already: true, .. } if *run_id == second),
        "{again:?}"
    );
    backend.report(&second).await;
    assert_eq!(backend.mails().len(), 2);
    assert!(backend.report_file(&second, "run.json").contains(&format!("\"replaces\": \"{first}\"")));
}

#[tokio::test]
async fn a_run_that_no_claim_names_is_found_again() {
    let backend = synced().await;
    let undisturbed = backend.close().await;
    // the worker died between storing the run and naming it in the claim
    let month = "2026-06".parse().unwrap();
    let claim = Closing::list(&backend.env.store, month).await.unwrap().remove(0);
    let run = Run::load(&backend.env.store, month, &undisturbed).await.unwrap().unwrap();
    let mut unnamed = claim.clone();
    unnamed.run_id = None;
    backend.env.store.put(&unnamed, Fence::at(1)).await.unwrap();
    assert_eq!(backend.close().await, undisturbed, "nothing changed: it is the same run");
    assert_eq!(Run::list(&backend.env.store, month).await.unwrap(), [run]);
}

#[tokio::test]
async fn a_closing_that_failed_is_made_anew_from_the_rules_as_they_are() {
    let mut backend = synced().await;
    let run_id = backend.close().await;
    let path = backend.folder.path().join(format!("archive/reports/2026-06/{run_id}/outcomes.jsonl.gz"));
    let before = std::fs::read(&path).unwrap();
    // its inputs are frozen, and no more
    let month = "2026-06".parse().unwrap();
    let mut run = Run::load(&backend.env.store, month, &run_id).await.unwrap().unwrap();
    (run.state, run.summary, run.outcome_sha256) = (RunState::Frozen, None, None);
    run.save(&backend.env.store, Fence::at(1)).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(backend.close().await, run_id, "nothing changed: the same run, to the byte");
    assert_eq!(std::fs::read(&path).unwrap(), before);

    run.save(&backend.env.store, Fence::at(9)).await.unwrap();
    let edited = RULES.replace("seen_within_days = 30", "seen_within_days = false");
    backend.config = truecount_app::Config::from_bytes(SETTINGS.as_bytes(), edited.into_bytes()).unwrap();
    let second = backend.close().await;
    assert_ne!(second, run_id, "nothing of the first was mailed");
    backend.report(&second).await;
    let row = backend.sheet(&second, "lines.csv").into_iter().find(|row| row["client"] == "Harbour Dental").unwrap();
    assert_eq!(row["counted"], "4", "by the rules as they are now: {row:?}");
}

#[tokio::test]
async fn one_worker_at_a_time() {
    let backend = synced().await;
    for name in ["rmm", &Run::lease_name("2026-06".parse().unwrap(), true)] {
        let held = Lease::acquire(&backend.env.store, name, soon().at).await.unwrap();
        assert!(matches!(held, LeaseOutcome::Held(_)), "{name}");
    }
    assert!(matches!(backend.sync("rmm").await, SyncAnswer::Busy { .. }));
    assert!(matches!(reconcile(&backend, &closing(None)).await, Ok(ReconcileAnswer::Busy { .. })));
    assert!(matches!(reconcile(&backend, &RunKind::Draft).await, Ok(ReconcileAnswer::Reconciled { .. })));
}

#[tokio::test]
async fn a_source_that_failed_is_not_reconciled() {
    let mut backend = smoke::backend().await;
    backend.sync("psa").await;
    backend.drop_file("rmm", "usage-2026-06-30.csv", "account_id,account_name,item_id,kind,status,last_seen\n");
    let answer = backend.sync("rmm").await;
    assert!(matches!(&answer, SyncAnswer::Failed { .. }), "{answer:?}");
    let run_id = backend.close().await;
    let ReportAnswer::Reported { summary, .. } = backend.report(&run_id).await else { panic!("busy") };
    assert_eq!(summary.exceptions, 0);
    let totals = RunTotals { not_reconciled_down: Decimal::new(27_300, 2), ..RunTotals::default() };
    assert_eq!((summary.not_reconciled, &summary.totals), (3, &[(Currency::new("GBP").unwrap(), totals)].into()));
    let csv = backend.report_file(&run_id, "exceptions.csv");
    assert!(csv.contains("not_reconciled") && csv.contains("rmm was not read; "), "{csv}");

    // a file may be 35 days old; an older one is no better than none
    backend.drop_file("rmm", "usage-2026-06-30.csv", USAGE);
    backend.on("2026-06-30");
    backend.sync("rmm").await;
    for (day, exceptions, not_reconciled) in [("2026-08-04", 2, 0), ("2026-08-05", 0, 3)] {
        backend.on(day);
        backend.drop_file("psa", &format!("billed-{day}.csv"), BILLED);
        backend.sync("psa").await;
        let month = Some("2026-08".parse().unwrap());
        let answer = truecount_app::reconcile(&backend.env, &backend.config, month, &RunKind::Draft, soon()).await;
        let Ok(ReconcileAnswer::Reconciled { summary, .. }) = answer else { panic!("{answer:?}") };
        assert_eq!((summary.exceptions, summary.not_reconciled), (exceptions, not_reconciled), "{day}");
    }
}

#[tokio::test]
async fn a_run_needs_exactly_one_psa() {
    let mut backend = synced().await;
    let closed = backend.close().await;
    for (settings, words) in [
        (SETTINGS.replace("id = \"psa\"", "id = \"psa\"\nenabled = false"), "no enabled source gives billed lines"),
        (
            format!("{SETTINGS}\n[[sources]]\nid = \"old-psa\"\nconnector = \"file\"\nside = \"agreed\"\n"),
            "2 enabled sources give billed lines (`psa`, `old-psa`)",
        ),
    ] {
        backend.config = truecount_app::Config::from_bytes(settings.as_bytes(), RULES.as_bytes().to_vec()).unwrap();
        let error = reconcile(&backend, &RunKind::Draft).await.unwrap_err();
        assert!(error.contains("config/settings.toml") && error.contains(words), "{error}");
        assert_eq!(backend.close().await, closed, "a month that is closed is closed");
    }
}
