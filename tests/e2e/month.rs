//! The state machine's order: sync each source until it is committed or has failed, reconcile, report.

use std::time::Duration;

use serde_json::{Value, json};

use crate::lambda::{Ended, Function};
use crate::stack::{Stack, state};

/// Time limit of an undisturbed invocation.
pub(crate) const UNDISTURBED: Duration = Duration::from_secs(120);

/// How long to wait while another worker, or one that was ended, holds the lease.
const PAUSE: Duration = Duration::from_secs(3);

/// Rounds of one step: `continue`, `busy` and dead processes.
const ROUNDS_MAX: u32 = 600;

/// A step of the month: a function and its event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) function: &'static str,
    pub(crate) event: Value,
}

impl Step {
    pub(crate) fn sync(source: &str) -> Self {
        Self { function: "sync", event: json!({ "source": source }) }
    }

    pub(crate) fn reconcile() -> Self {
        Self { function: "reconcile", event: json!({ "closing": true }) }
    }

    /// The report of the month's closing run.
    pub(crate) fn report(stack: &Stack) -> Self {
        Self { function: "report", event: json!({ "month": stack.sample.month() }) }
    }

    /// A name for the step that is disturbed, for messages.
    pub(crate) fn name(&self) -> String {
        self.event["source"].as_str().map_or_else(|| self.function.to_owned(), |source| format!("sync {source}"))
    }
}

/// Invokes until the step is done, whatever happens to its processes, and gives its answer.
pub(crate) async fn settle(stack: &Stack, step: &Step, mut process: Option<Function>, time: Duration) -> Value {
    for _ in 0..ROUNDS_MAX {
        let running = match process.take() {
            Some(running) => running,
            None => stack.start(step.function).await,
        };
        match running.invoke(&step.event, time).await {
            Ended::Answer(answer) => match state(&answer) {
                "continue" => process = Some(running),
                "busy" => {
                    tokio::time::sleep(PAUSE).await;
                    process = Some(running);
                }
                _ => return answer,
            },
            Ended::Error(error) => panic!("{}: {error}\n{}", step.name(), stack.logs()),
            Ended::Died | Ended::Late => {}
        }
    }
    panic!("{} does not come to an end\n{}", step.name(), stack.logs());
}

/// The sources, as the sync function lists them.
pub(crate) async fn sources(stack: &Stack) -> Vec<String> {
    let list = Step { function: "sync", event: json!({ "list": true }) };
    let answer = settle(stack, &list, None, UNDISTURBED).await;
    let sources = answer["sources"].as_array().unwrap();
    sources.iter().map(|source| source["source"].as_str().unwrap().to_owned()).collect()
}

/// The whole month; gives the report's answer.
pub(crate) async fn close(stack: &Stack) -> Value {
    for source in sources(stack).await {
        settle(stack, &Step::sync(&source), None, UNDISTURBED).await;
    }
    let reconciled = settle(stack, &Step::reconcile(), None, UNDISTURBED).await;
    assert_eq!(state(&reconciled), "reconciled", "{reconciled}");
    settle(stack, &Step::report(stack), None, UNDISTURBED).await
}
