//! Every sample vendor failing in every way: a named incident, comparisons that were not made instead of zeros, few
//! repeats, and no request to a foreign host. In this process: needs neither the built functions nor an emulator.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures::{FutureExt, StreamExt};
use jiff::ToSpan;
use truecount_app::{Deadline, Environment, MailPolicy, ReconcileAnswer, ReportAnswer, RunKind, SyncAnswer};
use truecount_sandbox::{FaultProfile, Sample, Vendors};
use truecount_store::Run;
use truecount_support::environment;

use crate::backend::{Folder, config};
use crate::between::Between;
use crate::say;

/// HTTP requests that one logical request may cost.
const REQUESTS_MAX: usize = 4;

/// Days before the failing sync at which there was a good one: too long ago to be compared with, also for a file.
const EARLIER_DAYS: i64 = 36;

/// Cases under way at once. Much of a case is waiting before a repeat.
const AT_ONCE: usize = 16;

/// The outcome of one case.
struct Outcome {
    incident: String,
    not_reconciled: u64,
}

#[tokio::test]
#[ignore = "takes more than a minute: .ci/e2e"]
async fn a_vendor_that_fails_is_named_and_never_counted_as_zero() {
    let begun = Instant::now();
    let sample = Arc::new(Sample::small(6, "2026-06".parse().unwrap()));
    let faults = FaultProfile::all("http://127.0.0.1:9");
    let cases = sample.sources().into_iter().flat_map(|source| faults.iter().map(move |fault| (source, fault.name())));
    let cases = cases.map(|(source, fault)| {
        let sample = Arc::clone(&sample);
        async move {
            let outcome = AssertUnwindSafe(fails(&sample, source, fault)).catch_unwind().await;
            (source, fault, outcome)
        }
    });
    let mut outcomes: Vec<_> = futures::stream::iter(cases).buffer_unordered(AT_ONCE).collect().await;
    outcomes.sort_by_key(|(source, fault, _)| (*source, *fault));
    let mut failed = 0;
    for (source, fault, outcome) in &outcomes {
        match outcome {
            Ok(good) => say(&format!("{source} {fault}: {} not reconciled, {}", good.not_reconciled, good.incident)),
            Err(_) => {
                failed += 1;
                say(&format!("{source} {fault}: FAILED, shown above"));
            }
        }
    }
    say(&format!("{} cases, {failed} failed, {:.0?}", outcomes.len(), begun.elapsed()));
    assert_eq!((outcomes.len(), failed), (5 * 9, 0));
}

async fn fails(sample: &Arc<Sample>, source: &str, fault: &'static str) -> Outcome {
    let case = format!("{source} {fault}");
    let vendors = Vendors::start(Arc::clone(sample)).await.unwrap();
    let between = Between::open(&vendors.endpoints()).await;
    let fault = FaultProfile::named(fault, &vendors.foreign_url()).unwrap();
    // A vendor that refuses connections cannot answer.
    let endpoints = if fault == FaultProfile::Refused { vendors.endpoints() } else { between.addresses().clone() };
    let folder = Folder::new(sample, &endpoints).await;
    let earlier = sample.now() - (24 * EARLIER_DAYS).hours();
    let is_file = !vendors.endpoints().contains_key(source);
    for file in sample.inbox() {
        let day = jiff::tz::Offset::UTC.to_datetime(earlier).date();
        folder.drop_file(&file.source, &format!("backup-{day}.csv"), &file.bytes);
    }
    let backend = folder.open();
    let before = environment(&backend, earlier);
    for one in sample.sources() {
        let answer = sync(&before, one).await;
        assert!(matches!(answer, SyncAnswer::Committed { .. }), "{case}: {answer:?}");
    }
    if is_file {
        folder.replace_files(sample, &fault);
    } else {
        vendors.set_fault(source, Some(fault.clone())).await.unwrap();
    }
    between.set(None);
    let env = environment(&backend, sample.now());
    let mut incident = None;
    for one in sample.sources() {
        match sync(&env, one).await {
            SyncAnswer::Failed { reason, .. } if one == source => incident = Some(reason.to_string()),
            SyncAnswer::Committed { missing: Some(reason), .. } if one == source => incident = Some(reason.to_string()),
            SyncAnswer::Committed { incomplete_accounts, accounts, .. } if one == source && incomplete_accounts > 0 => {
                incident = Some(format!("{incomplete_accounts} of {accounts} organizations not read"));
            }
            SyncAnswer::Committed { as_of, .. } if one == source && is_file => {
                incident = Some(format!("the newest file is of {as_of}"));
            }
            SyncAnswer::Committed { .. } if one != source => {}
            answer => panic!("{case}: {answer:?}"),
        }
    }
    let incident = incident.unwrap_or_else(|| panic!("{case}: no incident"));
    asked_little(&case, &between);
    assert_eq!((vendors.foreign_requests(), vendors.writes_refused()), (0, 0), "{case}");
    let not_reconciled = says_so(&case, &env, source).await;
    // Once the vendor is healthy, the source is read again.
    if !is_file {
        vendors.set_fault(source, None).await.unwrap();
        let answer = sync(&env, source).await;
        assert!(matches!(answer, SyncAnswer::Committed { .. }), "{case}, healed: {answer:?}");
    }
    Outcome { incident, not_reconciled }
}

async fn sync(env: &Environment, source: &str) -> SyncAnswer {
    truecount_app::sync(env, &config(env).await.settings, source, Deadline::in_seconds(600)).await.unwrap()
}

/// No request was repeated more often than allowed.
fn asked_little(case: &str, between: &Between) {
    let mut asked: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    let data = between.seen().into_iter().filter(|seen| seen.what.starts_with("GET "));
    data.for_each(|seen| *asked.entry((seen.target, seen.who, seen.what)).or_insert(0) += 1);
    for (question, times) in asked {
        assert!(times <= REQUESTS_MAX, "{case}: {question:?} was asked {times} times");
    }
}

/// The report names what was not compared, and nothing of the source is taken for zero. Gives the count.
async fn says_so(case: &str, env: &Environment, source: &str) -> u64 {
    let (config, soon) = (config(env).await, Deadline::in_seconds(600));
    let wanted = RunKind::Closing { replace: None, early: false, incomplete: false };
    let answer = truecount_app::reconcile(env, &config, None, &wanted, soon).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, month, .. } = answer else { panic!("{case}: {answer:?}") };
    let answer = truecount_app::report(env, &config, month, Some(&run_id), MailPolicy::Usual, soon).await.unwrap();
    let ReportAnswer::Reported { summary, .. } = answer else { panic!("{case}: {answer:?}") };
    assert!(!summary.is_complete, "{case}: reported as complete");
    let run = Run::load(&env.store, month, &run_id).await.unwrap().unwrap();
    let bytes = run.folder(&env.store).read_file("exceptions.csv").await.unwrap().unwrap();
    let rows = crate::backend::rows(&bytes);
    let is_psa = source == "connectwise";
    let mut named = 0;
    for row in rows.iter().filter(|row| is_psa || row["source"] == source) {
        if row["kind"] == "not_reconciled" {
            assert!(!row["reason"].is_empty(), "{case}: {row:?}");
            named += 1;
        }
        let side = if is_psa { "billed" } else { "counted" };
        assert!(row[side].parse::<f64>() != Ok(0.0), "{case}: absence became zero: {row:?}");
    }
    assert!(named > 0, "{case}: no row says so: {rows:?}");
    summary.not_reconciled
}
