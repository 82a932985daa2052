//! Functions with little time stop in time, and the next invocation goes on: the month is the same, and hardly a
//! request is made twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use truecount_sandbox::{Sample, Vendors};

use crate::lambda::Ended;
use crate::month::{self, Step, UNDISTURBED, settle};
use crate::say;
use crate::stack::{Stack, TableKind, state};

/// Times of an invocation, in milliseconds: little more than what a function keeps for its end.
const TIMES: [u64; 3] = [7_000, 8_000, 10_000];

/// Invocations until a step must be done.
const INVOCATIONS_MAX: u32 = 60;

/// One in so many requests may be repeated.
const REPEATED_SHARE: usize = 20;

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn little_time_changes_nothing() {
    let sample = Arc::new(Sample::large(900, 18_000, "2026-06".parse().unwrap()));
    let vendors = Vendors::start(Arc::clone(&sample)).await.unwrap();
    let stack = Stack::open(&sample, &vendors, TableKind::Embedded).await;
    month::close(&stack).await;
    let expected = stack.digest().await;
    for time in TIMES {
        let stack = Stack::open(&sample, &vendors, TableKind::Embedded).await;
        let (begun, mut invocations) = (Instant::now(), 0);
        stack.between.set(None);
        for source in sample.sources() {
            invocations += sync(&stack, source, Duration::from_millis(time)).await;
        }
        let (asked, repeated) = repeated(&stack);
        settle(&stack, &Step::reconcile(), None, UNDISTURBED).await;
        settle(&stack, &Step::report(&stack), None, UNDISTURBED).await;
        let found = stack.digest().await;
        let took = begun.elapsed();
        say(&format!(
            "{time} ms each: {invocations} invocations, {repeated} of {asked} questions repeated, {found:?}, {took:.0?}"
        ));
        assert_eq!(found, expected, "{}", expected.difference(&found));
        assert!(repeated * REPEATED_SHARE <= asked, "{repeated} of {asked} questions were asked again");
        assert!(time > TIMES[0] || invocations > 2, "it was not short enough to interrupt anything");
    }
}

/// Syncs a source in short invocations; gives how many.
async fn sync(stack: &Stack, source: &str, time: Duration) -> u32 {
    let (step, function) = (Step::sync(source), stack.start("sync").await);
    for invocation in 1..=INVOCATIONS_MAX {
        let Ended::Answer(answer) = function.invoke(&step.event, time).await else {
            panic!("it did not stop in time\n{}", stack.logs())
        };
        match state(&answer) {
            "committed" => return invocation,
            "continue" => {}
            _ => panic!("{answer}"),
        }
    }
    panic!("{source} is not done after {INVOCATIONS_MAX} invocations")
}

/// Requests to the vendors, and how many of them were repeated.
fn repeated(stack: &Stack) -> (usize, usize) {
    let mut asked: BTreeMap<(String, String), usize> = BTreeMap::new();
    for seen in stack.between.seen() {
        if stack.sample.sources().contains(&seen.target.as_str()) && seen.what.starts_with("GET ") {
            *asked.entry((seen.target, seen.what)).or_insert(0) += 1;
        }
    }
    let all: usize = asked.values().sum();
    (all, all - asked.len())
}
