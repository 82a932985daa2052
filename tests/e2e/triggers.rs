//! The same trigger fifty times at once, each a process of its own: one seal, one run, one mail, and polite refusals.

use std::sync::Arc;
use std::time::Instant;

use futures::future::join_all;
use serde_json::Value;
use truecount_sandbox::{Sample, Vendors};

use crate::lambda::Ended;
use crate::month::{self, Step, UNDISTURBED, settle};
use crate::stack::{Stack, TableKind, state};
use crate::{is_asked_for, say};

/// Processes at once.
const TRIGGERS: usize = 50;

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn fifty_triggers_at_once_make_one_run_and_one_mail() {
    let sample = Arc::new(Sample::small(6, "2026-06".parse().unwrap()));
    let vendors = Vendors::start(Arc::clone(&sample)).await.unwrap();
    let stack = Stack::open(&sample, &vendors, TableKind::Embedded).await;
    month::close(&stack).await;
    let expected = stack.digest().await;
    let rounds = if is_asked_for("full") { 20 } else { 1 };
    for _ in 0..rounds {
        let begun = Instant::now();
        let stack = Stack::open(&sample, &vendors, TableKind::Embedded).await;
        let sources = month::sources(&stack).await;
        let (doubled, others) = sources.split_first().unwrap();
        for source in others {
            settle(&stack, &Step::sync(source), None, UNDISTURBED).await;
        }
        let mut lines = Vec::new();
        for step in [Step::sync(doubled), Step::reconcile(), Step::report(&stack)] {
            let answers = at_once(&stack, &step).await;
            let busy = answers.iter().filter(|answer| state(answer) == "busy").count();
            lines.push(format!("{} {} done, {busy} busy", step.name(), answers.len() - busy));
            assert!(busy < TRIGGERS, "somebody did it");
            settle(&stack, &step, None, UNDISTURBED).await;
        }
        let found = stack.digest().await;
        say(&format!("{TRIGGERS} at once: {}; {found:?}, {:.1?}", lines.join("; "), begun.elapsed()));
        assert_eq!(found, expected, "{}\n{}", expected.difference(&found), stack.logs());
    }
}

async fn at_once(stack: &Stack, step: &Step) -> Vec<Value> {
    let processes = join_all((0..TRIGGERS).map(|_| stack.start(step.function))).await;
    let ends = join_all(processes.iter().map(|process| process.invoke(&step.event, UNDISTURBED))).await;
    let answers = ends.into_iter().map(|end| match end {
        Ended::Answer(answer) => answer,
        other => panic!("{}: {other:?}\n{}", step.name(), stack.logs()),
    });
    answers.collect()
}
