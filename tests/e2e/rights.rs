//! What each function asks of AWS, held against the policy of its role: nothing that is not allowed, nothing allowed
//! that is not asked for, and without any one action a run fails with a message that names it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};
use truecount_billing::BillingMonth;
use truecount_platform::Archive;
use truecount_sandbox::{Sample, Vendors};

use crate::lambda::Ended;
use crate::month::UNDISTURBED;
use crate::policy::{Call, Policy, ROLES, calls, denied};
use crate::say;
use crate::stack::{Saved, Stack, TableKind, state};

/// What nothing is asked with as long as no file is missing: S3 says "access denied" of a missing file to whoever may not
/// list, and a report whose outcome was lost makes it again.
const FOR_MISSING_FILES: (&str, &str) = ("report", "s3:ListBucket");

/// Dropped into the inbox of mappings: a row that is refused, so that its result is written beside it.
const MAPPINGS: &str = "source,account_id,decision,client_id\nninjaone,no-such-organization,confirmed,no-such-client\n";

/// Dropped into the inbox of decisions: a row about no exception of the run.
const ACTIONS: &str = "exception_id,action\nx000000000000,approved\n";

/// Has AWS refuse what a policy does not allow, and SES so many mails; gives what was asked.
fn enforce(stack: &Stack, policy: Policy, rejected: u32) -> Arc<Mutex<BTreeSet<Call>>> {
    let asked = Arc::<Mutex<BTreeSet<Call>>>::default();
    let (kept, left, bucket) = (Arc::clone(&asked), Mutex::new(rejected), stack.name().to_owned());
    stack.between.refuse(Some(Box::new(move |seen, body| {
        let calls = calls(seen, body, &bucket);
        kept.lock().unwrap().extend(calls.iter().cloned());
        let refused = calls.iter().find(|call| !policy.allows(call));
        if let Some(call) = refused {
            return Some(denied(&seen.target, &call.action, &call.resource));
        }
        let mut left = left.lock().unwrap();
        let is_rejected = seen.target == "mail" && *left > 0;
        *left -= u32::from(is_rejected);
        is_rejected.then(unverified)
    })));
    asked
}

/// The answer that SES gives to a sender that nobody has verified.
pub(crate) fn unverified() -> Response {
    let body = "<ErrorResponse><Error><Type>Sender</Type><Code>MessageRejected</Code><Message>Email address is not verified</Message></Error></ErrorResponse>";
    Response::builder().status(400).header("content-type", "text/xml").body(Body::from(body)).unwrap()
}

/// The sample, and a stack's state before each function's turn.
struct Turns {
    sample: Arc<Sample>,
    vendors: Vendors,
    saved: BTreeMap<&'static str, Saved>,
}

impl Turns {
    async fn prepare() -> Self {
        let month = "2026-06".parse().unwrap();
        let sample = Arc::new(Sample::small(2, month));
        let vendors = Vendors::start(Arc::clone(&sample)).await.unwrap();
        let mut saved = BTreeMap::from([("sync", Self::a_month_before(month).await)]);
        for last in ["sync", "reconcile"] {
            let stack = Stack::open(&sample, &vendors, TableKind::Embedded).await;
            for source in sample.sources() {
                invoke(&stack, "sync", &json!({ "source": source })).await.unwrap();
            }
            if last == "reconcile" {
                invoke(&stack, "reconcile", &json!({ "closing": true })).await.unwrap();
            }
            saved.insert(if last == "sync" { "reconcile" } else { "report" }, stack.save().await);
        }
        Self { sample, vendors, saved }
    }

    /// A stack that was synced a month ago: what an account held then is read back where it holds something else now.
    async fn a_month_before(month: BillingMonth) -> Saved {
        let sample = Arc::new(Sample::small_before(2, month, 1));
        let vendors = Vendors::start(Arc::clone(&sample)).await.unwrap();
        let stack = Stack::open(&sample, &vendors, TableKind::Embedded).await;
        for source in sample.sources() {
            invoke(&stack, "sync", &json!({ "source": source })).await.unwrap();
        }
        stack.save().await
    }

    /// A stack at a function's turn.
    async fn stack(&self, function: &str) -> Stack {
        let kind = self.saved.get(function).map_or(TableKind::Embedded, TableKind::Saved);
        let stack = Stack::open(&self.sample, &self.vendors, kind).await;
        if function == "reconcile" {
            stack.archive.put("inbox/mappings/filled.csv", MAPPINGS.as_bytes().to_vec()).await.unwrap();
            stack.archive.put("inbox/actions/filled.csv", ACTIONS.as_bytes().to_vec()).await.unwrap();
        }
        stack
    }

    /// What a function is asked on an ordinary closing day.
    fn events(&self, function: &str) -> Vec<Value> {
        let month = self.sample.month();
        match function {
            "sync" => {
                let sources = self.sample.sources().into_iter().map(|source| json!({ "source": source }));
                [json!({ "list": true })].into_iter().chain(sources).collect()
            }
            // Decisions are held against a run that there is.
            "reconcile" => vec![
                json!({ "closing_due": true }),
                json!({ "month": month }),
                json!({ "closing": true, "month": month }),
            ],
            _ => vec![json!({ "month": month })],
        }
    }
}

/// The answer, or why there is none.
async fn invoke(stack: &Stack, function: &'static str, event: &Value) -> Result<Value, String> {
    match stack.start(function).await.invoke(event, UNDISTURBED).await {
        Ended::Answer(answer) if state(&answer) == "failed" => Err(answer.to_string()),
        Ended::Answer(answer) => Ok(answer),
        Ended::Error(error) => Err(error),
        other => panic!("{function} {event}: {other:?}\n{}", stack.logs()),
    }
}

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn each_function_asks_for_what_its_role_allows() {
    let turns = Turns::prepare().await;
    for (function, role) in ROLES {
        let stack = turns.stack(function).await;
        let policy = Policy::of(role);
        let rejected = u32::from(function == "report");
        let asked = enforce(&stack, policy.clone(), rejected);
        let mut events = turns.events(function);
        if function == "report" {
            // A mail that SES refuses, and the mail about the failure.
            let refused = invoke(&stack, function, &events[0]).await.unwrap_err();
            assert!(refused.contains("MessageRejected"), "{refused}");
            events.push(json!({ "failed": { "month": turns.sample.month(), "step": "reconcile", "why": "a try" } }));
        }
        // Twice: the second finds what the first left.
        for event in events.iter().chain(&events) {
            let answer = invoke(&stack, function, event).await;
            assert!(answer.is_ok(), "{function} {event}: {answer:?}");
        }
        let asked = asked.lock().unwrap().clone();
        let unseen: Vec<_> = policy.0.iter().filter(|allowed| !asked.iter().any(|call| allowed.allows(call))).collect();
        say(&format!(
            "{function}: {} actions allowed, {} different calls, never asked: {unseen:?}",
            policy.actions().len(),
            asked.len()
        ));
        for allowed in unseen {
            let is_for_missing = FOR_MISSING_FILES == (function, allowed.action.as_str());
            assert!(is_for_missing, "{role} may {} on {} and never does", allowed.action, allowed.resource);
        }
        for call in asked {
            assert!(policy.allows(&call), "{role} may not {} on {}", call.action, call.resource);
        }
    }
}

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn without_any_one_action_a_run_fails_and_names_it() {
    let turns = Turns::prepare().await;
    let (begun, mut tried) = (Instant::now(), 0);
    for (function, role) in ROLES {
        let policy = Policy::of(role);
        for action in policy.actions().into_iter().filter(|action| FOR_MISSING_FILES != (function, action.as_str())) {
            let stack = turns.stack(function).await;
            // A mail that was not sent is taken from the outbox again.
            let rejected = u32::from(action == "dynamodb:DeleteItem");
            enforce(&stack, policy.without(&action), rejected);
            let mut errors = Vec::new();
            for event in turns.events(function) {
                errors.extend(invoke(&stack, function, &event).await.err());
            }
            assert!(!errors.is_empty(), "{role} without {action}: nothing failed");
            assert!(errors.iter().all(|error| error.contains(&action)), "{role} without {action}: {errors:?}");
            tried += 1;
        }
    }
    say(&format!("{tried} actions taken away, {tried} runs failed and named theirs, {:.0?}", begun.elapsed()));
}
