//! A month of a million items over ten thousand accounts: synced over HTTP, reconciled and reported, each function in
//! the memory of its Lambda. Deliberately absent: a vendor's latency.

use std::sync::Arc;
use std::time::{Duration, Instant};

use truecount_platform::Archive;
use truecount_sandbox::{Sample, Vendors};

use crate::backend::rows;
use crate::lambda::Ended;
use crate::month::{self, Step};
use crate::stack::{Stack, TableKind, state};
use crate::units::Units;
use crate::{is_asked_for, say};

/// Address space of a function, in KiB: 512 MB.
const MEMORY_KIB: u64 = 524_288;

/// A Lambda function's longest time.
const TIME: Duration = Duration::from_secs(900);

/// Invocations that one step may take.
const INVOCATIONS_MAX: u32 = 20;

/// Write units a second that one key may take; a partition gives 1,000.
const KEY_RATE_MAX: u64 = 800;

#[tokio::test]
#[ignore = "needs the built functions and the emulator, and TRUECOUNT_E2E=load: .ci/e2e"]
async fn a_million_items_in_512_megabytes() {
    if !is_asked_for("load") {
        say("left out: TRUECOUNT_E2E=load runs it");
        return;
    }
    let size = |name: &str, usual: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (accounts, items) = (size("TRUECOUNT_E2E_ACCOUNTS", 10_000), size("TRUECOUNT_E2E_ITEMS", 1_000_000));
    let sample = Arc::new(Sample::large(accounts, items, "2026-06".parse().unwrap()));
    let vendors = Vendors::start(Arc::clone(&sample)).await.unwrap();
    let stack = Stack::open(&sample, &vendors, TableKind::Embedded).await;
    let units = Units::watch(&stack.between);
    say(&format!("{items} items, {accounts} accounts, {MEMORY_KIB} KiB of address space for each function"));
    let begun = Instant::now();
    let sources = month::sources(&stack).await;
    let syncs = sources.iter().map(|source| Step::sync(source));
    for step in syncs.chain([Step::reconcile(), Step::report(&stack)]) {
        run(&stack, &step).await;
    }
    say(&format!("the month: {:.0?}", begun.elapsed()));
    units.lines().iter().for_each(|line| say(line));
    assert!(units.key_rate() <= KEY_RATE_MAX, "a key takes more than {KEY_RATE_MAX} write units a second");
    is_right(&stack).await;
}

/// One step, invoked until it is done; prints what it took.
async fn run(stack: &Stack, step: &Step) {
    stack.between.set(None);
    let (begun, mut peak) = (Instant::now(), 0);
    let function = stack.start_within(step.function, Some(MEMORY_KIB)).await;
    let process = function.process();
    for invocation in 1..=INVOCATIONS_MAX {
        let ended = function.invoke(&step.event, TIME).await;
        peak = peak.max(process.peak_kib().unwrap_or(0));
        let Ended::Answer(answer) = ended else {
            panic!("{}: {ended:?} after {:.0?}\n{}", step.name(), begun.elapsed(), stack.logs())
        };
        match state(&answer) {
            "continue" => {}
            "busy" | "failed" => panic!("{}: {answer}", step.name()),
            _ => {
                let requests = stack.between.seen();
                let to = |target: &str| requests.iter().filter(|seen| seen.target == target).count();
                let (table, archive) = (to("table"), to("archive"));
                say(&format!(
                    "{}: {:.0?}, {invocation} invocations, peak {} MiB, {table} table, {archive} archive and {} other requests",
                    step.name(),
                    begun.elapsed(),
                    peak / 1024,
                    requests.len() - table - archive
                ));
                return;
            }
        }
    }
    panic!("{} does not end in {INVOCATIONS_MAX} invocations", step.name());
}

/// The report finds what was planted, and one mail went out.
async fn is_right(stack: &Stack) {
    let found = stack.digest().await;
    assert_eq!((found.first_mails, found.labelled_mails), (1, 0));
    let files = stack.archive.list("reports/").await.unwrap();
    let exceptions = files.iter().find(|file| file.key.ends_with("/exceptions.csv")).unwrap();
    let bytes = stack.archive.get(&exceptions.key).await.unwrap().unwrap();
    let tally = truecount_sandbox::compare(&stack.sample.answer_sheet(), &rows(&bytes));
    say(&format!("{} exceptions as planted, {found:?}", tally.equal));
    let (missing, extra, different) = (tally.missing.len(), tally.extra.len(), tally.different.len());
    let first = (tally.missing.first(), tally.extra.first(), tally.different.first());
    assert!(tally.is_whole(), "{missing} missing, {extra} extra, {different} different: {first:?}");
    let (files, largest) = (files.len(), files.iter().max_by_key(|file| file.size).unwrap());
    say(&format!("{files} files, the largest {} with {} bytes", largest.key, largest.size));
}
