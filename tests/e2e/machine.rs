//! The deployed state machine: it closes the month as the command line does, started by hand or by its schedule, with a
//! source that fails, a source in many rounds, a function that dies, and another run beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use truecount_platform::Archive;
use truecount_sandbox::{FaultProfile, Sample, Vendors};

use crate::backend::{Folder, rows};
use crate::cloud::{Deployed, Otherwise, Run, taken_by_ses};
use crate::digest::Digest;
use crate::policy::denied;
use crate::say;

/// A sample, its vendors, and its stack.
async fn deployed(sample: &Arc<Sample>, otherwise: &Otherwise) -> (Vendors, Deployed) {
    let vendors = Vendors::start(Arc::clone(sample)).await.unwrap();
    let begun = Instant::now();
    let deployed = Deployed::open(sample, &vendors, otherwise).await;
    say(&format!("{} is deployed, {:.1?}", deployed.name, begun.elapsed()));
    (vendors, deployed)
}

fn small() -> Arc<Sample> {
    Arc::new(Sample::small(6, "2026-06".parse().unwrap()))
}

/// The same month, closed at a prompt.
async fn at_a_prompt(sample: &Arc<Sample>) -> Digest {
    let vendors = Vendors::start(Arc::clone(sample)).await.unwrap();
    let folder = Folder::new(sample, &vendors.endpoints()).await;
    folder.close().await;
    folder.digest().await
}

fn succeeded(run: &Run) {
    assert_eq!(run.status, "SUCCEEDED", "{}", run.description);
}

/// The sources of a run that ended in this state.
fn sources<'a>(run: &'a Run, state: &str) -> Vec<&'a Value> {
    run.output["sources"].as_array().unwrap().iter().filter(|source| source["state"] == state).collect()
}

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn a_deployed_month_is_that_of_the_command_line() {
    let sample = small();
    let expected = at_a_prompt(&sample).await;
    let (_vendors, deployed) = deployed(&sample, &Otherwise::default()).await;
    let (begun, before) = (Instant::now(), taken_by_ses().await);
    let run = deployed.run(json!({})).await;
    succeeded(&run);
    assert_eq!(taken_by_ses().await - before, 1);
    let found = deployed.digest().await;
    say(&format!("state machine: {found:?}, {:.1?}", begun.elapsed()));
    assert_eq!(found, expected, "{}", expected.difference(&found));
    assert_eq!(sources(&run, "committed").len(), sample.sources().len(), "{}", run.output);
    let place = format!("reports/2026-06/{}/exceptions.csv", run.output["run"]["run_id"].as_str().unwrap());
    assert!(!rows(&deployed.archive.get(&place).await.unwrap().unwrap()).is_empty());
    // The next day's run finds nothing to close, and nobody gets a second mail.
    let again = deployed.run(json!({})).await;
    succeeded(&again);
    assert_eq!(again.output["due"]["due"], false, "{}", again.output);
    assert_eq!(deployed.mails().len(), 1);
    // A draft of the same month on demand, without asking the vendors and without mail.
    let draft = deployed.run(json!({ "run": "draft", "month": "2026-06", "mail": "off", "sync": false })).await;
    succeeded(&draft);
    assert_eq!((&draft.output["report"]["state"], deployed.mails().len()), (&json!("reported"), 1), "{}", draft.output);
    assert_eq!(draft.output["sources"], json!([]));
    let wrong = deployed.run(json!({ "run": "closng" })).await;
    assert_eq!(wrong.status, "FAILED", "{}", wrong.description);
}

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn the_schedule_starts_it() {
    let sample = small();
    let expected = at_a_prompt(&sample).await;
    let fires_at = Some(Timestamp::now() + 15.seconds());
    let (_vendors, deployed) = deployed(&sample, &Otherwise { fires_at, ..Otherwise::default() }).await;
    let begun = Instant::now();
    let execution = loop {
        if let Some(execution) = deployed.executions().await.pop() {
            break execution;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the schedule does not fire");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    say(&format!("fired after {:.1?}", begun.elapsed()));
    succeeded(&deployed.end(&execution).await);
    let found = deployed.digest().await;
    assert_eq!(found, expected, "{}", expected.difference(&found));
}

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn a_source_that_fails_stops_no_other() {
    let sample = small();
    let (vendors, deployed) = deployed(&sample, &Otherwise::default()).await;
    vendors.set_fault("ninjaone", Some(FaultProfile::Status500)).await.unwrap();
    let run = deployed.run(json!({})).await;
    succeeded(&run);
    let failed = sources(&run, "failed");
    assert_eq!(failed.len(), 1, "{}", run.output);
    assert_eq!(failed[0]["source"], "ninjaone");
    assert_eq!(failed[0]["why"]["reason"]["code"], "fetch", "{}", run.output);
    assert_eq!(sources(&run, "committed").len(), sample.sources().len() - 1, "{}", run.output);
    assert!(run.output["run"]["summary"]["not_reconciled"].as_u64().is_some_and(|count| count > 0), "{}", run.output);
    assert_eq!(deployed.mails().len(), 1);
}

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn a_source_that_needs_many_rounds_is_read_to_its_end() {
    let sample = Arc::new(Sample::small(14, "2026-06".parse().unwrap()));
    let expected = at_a_prompt(&sample).await;
    // Not much more than what a function keeps for its end, and a vendor that takes its time.
    let (_vendors, deployed) = deployed(&sample, &Otherwise { sync_seconds: Some(9), ..Otherwise::default() }).await;
    deployed.between.slow_down("microsoft-graph", Duration::from_millis(900));
    let begun = Instant::now();
    let run = deployed.run(json!({})).await;
    succeeded(&run);
    let found = deployed.digest().await;
    assert_eq!(sources(&run, "committed").len(), sample.sources().len(), "{}", run.output);
    let rounds = sources(&run, "committed").iter().map(|source| source["rounds"].as_u64().unwrap()).max().unwrap();
    say(&format!("{rounds} rounds of `continue`: {found:?}, {:.1?}", begun.elapsed()));
    assert_eq!(found, expected, "{}", expected.difference(&found));
    assert!(rounds >= 5, "it was not short enough: {}", run.output["sources"]);
}

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn a_report_that_is_killed_is_made_again_with_one_mail() {
    let sample = small();
    let expected = at_a_prompt(&sample).await;
    for (at, labelled) in [("/exceptions.csv", 0), ("mail POST", 1)] {
        let short = Otherwise { report_seconds: Some(20), ..Otherwise::default() };
        let (_vendors, deployed) = deployed(&sample, &short).await;
        let (name, kills) = (deployed.name.clone(), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&kills);
        deployed.watch(move |asked| {
            if asked.contains(at) && asked.contains(" P") && counted.fetch_add(1, Ordering::SeqCst) == 0 {
                kill(&name, "report");
            }
        });
        let run = deployed.run(json!({})).await;
        succeeded(&run);
        let found = deployed.digest().await;
        say(&format!("killed at `{at}`: {found:?}"));
        assert!(kills.load(Ordering::SeqCst) > 0);
        assert_eq!((found.first_mails, found.labelled_mails), (1, labelled));
        assert_eq!(found.lines, expected.lines, "{}", expected.difference(&found));
    }
}

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn a_failed_closing_is_reported_and_caught_up() {
    let sample = small();
    let (_vendors, deployed) = deployed(&sample, &Otherwise::default()).await;
    deployed.between.refuse(Some(Box::new(|seen, _| {
        let is_kept = seen.what.starts_with("PUT ") && seen.what.contains("/outcomes.jsonl.gz");
        is_kept.then(|| denied(&seen.target, "s3:PutObject", "arn:aws:s3:::bucket/reports/2026-06"))
    })));
    let run = deployed.run(json!({})).await;
    assert_eq!(run.status, "FAILED", "{}", run.description);
    let mails = deployed.mails();
    assert_eq!(mails.len(), 1, "the failure is mailed once");
    let text = mail_parser::MessageParser::default().parse(&mails[0]).unwrap().body_text(0).unwrap().into_owned();
    assert!(text.contains("June 2026") && text.contains("PutObject"), "{text}");
    deployed.between.refuse(None);
    let run = deployed.run(json!({})).await;
    succeeded(&run);
    assert_eq!(run.output["report"]["state"], "reported", "{}", run.output);
    assert_eq!(deployed.mails().len(), 2);
}

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn two_runs_at_once_send_one_mail() {
    let sample = small();
    let expected = at_a_prompt(&sample).await;
    let (_vendors, deployed) = deployed(&sample, &Otherwise::default()).await;
    let (one, other) = (deployed.start(json!({})).await, deployed.start(json!({})).await);
    succeeded(&deployed.end(&one).await);
    succeeded(&deployed.end(&other).await);
    let found = deployed.digest().await;
    say(&format!("two at once: {found:?}"));
    assert_eq!(found, expected, "{}", expected.difference(&found));
}

/// SIGKILL to every process of a function.
pub(crate) fn kill(name: &str, function: &str) {
    for id in Deployed::processes(name, function) {
        let ended = std::process::Command::new("kill").args(["-9", &id.to_string()]).status();
        assert!(ended.is_ok(), "process {id} cannot be ended");
    }
}
