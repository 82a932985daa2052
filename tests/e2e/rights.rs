//! What each function asks of AWS, held against the policy of its role: nothing that is not allowed, nothing allowed
//! that is not asked for, and without any one action a run fails with a message that names it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};
use truecount_platform::Archive;
use truecount_sandbox::{Sample, Vendors};

use crate::between::Seen;
use crate::lambda::Ended;
use crate::month::UNDISTURBED;
use crate::say;
use crate::stack::{Saved, Stack, TableKind, state};

/// The functions, and the role of each.
const ROLES: [(&str, &str); 3] = [("sync", "SyncRole"), ("reconcile", "ReconcileRole"), ("report", "ReportRole")];

/// What the Lambda service asks with a function's role, not the function.
const OF_LAMBDA: [&str; 3] = ["logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"];

/// What is allowed and never asked for: function, action, the resource's end, and the reason.
const UNSEEN: [(&str, &str, &str, &str); 1] =
    [("report", "ses:SendRawEmail", ":configuration-set/truecount", "SES asks for it when the identity has one")];

/// What nothing is asked with as long as no file is missing: S3 says "access denied" of a missing file to whoever may not
/// list, and a report whose outcome was lost makes it again.
const FOR_MISSING_FILES: (&str, &str) = ("report", "s3:ListBucket");

/// Dropped into the inbox of mappings: a row that is refused, so that its result is written beside it.
const MAPPINGS: &str = "source,account_id,decision,client_id\nninjaone,no-such-organization,confirmed,no-such-client\n";

/// The sender of the sample's mails, and the one that the template was resolved with.
const SENDERS: [&str; 2] = ["truecount@northgate-it.example", "billing@msp.example"];

/// What a function asked: an action, and what for, in the names of the resolved template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    action: String,
    resource: String,
    /// Of a mail.
    sender: Option<String>,
}

/// What a role may do.
#[derive(Debug, Clone)]
struct Policy(Vec<Allowed>);

#[derive(Debug, Clone)]
struct Allowed {
    action: String,
    /// Ends in `*` for all that begins so.
    resource: String,
    sender: Option<String>,
}

impl Allowed {
    fn allows(&self, call: &Call) -> bool {
        let is_resource = match self.resource.strip_suffix('*') {
            Some(prefix) => call.resource.starts_with(prefix),
            None => call.resource == self.resource,
        };
        self.action == call.action && is_resource && (self.sender.is_none() || self.sender == call.sender)
    }
}

impl Policy {
    /// The role's statements in the template after SAM's transform, with its parameters put in.
    fn of(role: &str) -> Self {
        let template = std::env::var("TRUECOUNT_TEMPLATE")
            .expect("TRUECOUNT_TEMPLATE names the transformed template: `.ci/e2e` makes it");
        let resolved = std::fs::read(Path::new(&template).with_file_name("usual.json")).unwrap();
        let resolved: Value = serde_json::from_slice(&resolved).unwrap();
        let mut allowed = Vec::new();
        for policy in resolved["Resources"][role]["Properties"]["Policies"].as_array().unwrap() {
            for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
                assert_eq!(statement["Effect"], "Allow");
                let sender = statement["Condition"]["StringEquals"]["ses:FromAddress"].as_str().map(str::to_owned);
                assert_eq!(sender.is_none(), statement["Condition"].is_null(), "{statement}");
                for action in texts(&statement["Action"]).into_iter().filter(|one| !OF_LAMBDA.contains(&one.as_str())) {
                    for resource in texts(&statement["Resource"]) {
                        allowed.push(Allowed { action: action.clone(), resource, sender: sender.clone() });
                    }
                }
            }
        }
        Self(allowed)
    }

    fn allows(&self, call: &Call) -> bool {
        self.0.iter().any(|allowed| allowed.allows(call))
    }

    fn actions(&self) -> BTreeSet<String> {
        self.0.iter().map(|allowed| allowed.action.clone()).collect()
    }

    fn without(&self, action: &str) -> Self {
        Self(self.0.iter().filter(|allowed| allowed.action != action).cloned().collect())
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        _ => value.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
    }
}

/// What a request to AWS asks; `None` for one to a vendor.
fn call(seen: &Seen, body: &[u8], bucket: &str) -> Option<Call> {
    let plain = |action: String, resource: String| Some(Call { action, resource, sender: None });
    let (verb, rest) = seen.what.split_once(' ').unwrap_or((&seen.what, ""));
    match seen.target.as_str() {
        "table" => plain(format!("dynamodb:{verb}"), "arn:aws:dynamodb:us-east-1:000000000000:table/Table".to_owned()),
        "archive" => {
            let path = rest.strip_prefix(&format!("/{bucket}")).unwrap_or_else(|| panic!("another bucket: {rest}"));
            let (key, query) = path.split_once('?').unwrap_or((path, ""));
            let action = match (verb, key) {
                ("GET", "" | "/") if query.contains("list-type=2") => "s3:ListBucket",
                ("GET" | "HEAD", key) if key.len() > 1 => "s3:GetObject",
                ("PUT", key) if key.len() > 1 => "s3:PutObject",
                _ => panic!("which action is `{}`?", seen.what),
            };
            let key = if action == "s3:ListBucket" { "" } else { key };
            plain(action.to_owned(), format!("arn:aws:s3:::Bucket{key}"))
        }
        "secrets" => {
            let action = seen.what.trim_start_matches("AmazonSSM.");
            let asked: Value = serde_json::from_slice(body).unwrap();
            let name = asked["Name"].as_str().unwrap().replacen(&format!("/{bucket}/"), "/truecount/truecount/", 1);
            plain(format!("ssm:{action}"), format!("arn:aws:ssm:us-east-1:000000000000:parameter{name}"))
        }
        "mail" => {
            let fields: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
            let address = fields["Source"].rsplit('<').next().unwrap().trim_end_matches('>');
            let address = address.replace(SENDERS[0], SENDERS[1]);
            let resource = format!("arn:aws:ses:us-east-1:000000000000:identity/{address}");
            Some(Call { action: format!("ses:{}", fields["Action"]), resource, sender: Some(address) })
        }
        _ => None,
    }
}

/// Has AWS refuse what a policy does not allow, and SES so many mails; gives what was asked.
fn enforce(stack: &Stack, policy: Policy, rejected: u32) -> Arc<Mutex<BTreeSet<Call>>> {
    let asked = Arc::<Mutex<BTreeSet<Call>>>::default();
    let (kept, left, bucket) = (Arc::clone(&asked), Mutex::new(rejected), stack.name().to_owned());
    stack.between.refuse(Some(Box::new(move |seen, body| {
        let call = call(seen, body, &bucket)?;
        kept.lock().unwrap().insert(call.clone());
        if !policy.allows(&call) {
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
fn unverified() -> Response {
    let body = "<ErrorResponse><Error><Type>Sender</Type><Code>MessageRejected</Code><Message>Email address is not verified</Message></Error></ErrorResponse>";
    Response::builder().status(400).header("content-type", "text/xml").body(Body::from(body)).unwrap()
}

/// The answer that AWS gives to a role that may not do something.
pub(crate) fn denied(target: &str, action: &str, resource: &str) -> Response {
    let message = format!(
        "User: arn:aws:sts::000000000000:assumed-role/Truecount/function is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
    );
    let (status, kind, body) = match target {
        "archive" => (
            403,
            "application/xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>{message}</Message><RequestId>r</RequestId></Error>"
            ),
        ),
        "mail" => (
            403,
            "text/xml",
            format!(
                "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
            ),
        ),
        _ => (
            400,
            "application/x-amz-json-1.1",
            json!({ "__type": "com.amazon.coral.service#AccessDeniedException", "Message": message }).to_string(),
        ),
    };
    Response::builder().status(status).header("content-type", kind).body(Body::from(body)).unwrap()
}

/// The sample, and a stack's state before each function's turn.
struct Turns {
    sample: Arc<Sample>,
    vendors: Vendors,
    saved: BTreeMap<&'static str, Saved>,
}

impl Turns {
    async fn prepare() -> Self {
        let sample = Arc::new(Sample::small(2, "2026-06".parse().unwrap()));
        let vendors = Vendors::start(Arc::clone(&sample)).await.unwrap();
        let mut saved = BTreeMap::new();
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

    /// A stack at a function's turn.
    async fn stack(&self, function: &str) -> Stack {
        let kind = self.saved.get(function).map_or(TableKind::Embedded, TableKind::Saved);
        let stack = Stack::open(&self.sample, &self.vendors, kind).await;
        if function == "reconcile" {
            stack.archive.put("inbox/mappings/filled.csv", MAPPINGS.as_bytes().to_vec()).await.unwrap();
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
            "reconcile" => vec![json!({ "closing_due": true }), json!({ "closing": true, "month": month })],
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
            let reason = UNSEEN.iter().find(|(of, action, end, _)| {
                *of == function && allowed.action == *action && allowed.resource.ends_with(end)
            });
            let is_for_missing = FOR_MISSING_FILES == (function, allowed.action.as_str());
            assert!(
                reason.is_some() || is_for_missing,
                "{role} may {} on {} and never does",
                allowed.action,
                allowed.resource
            );
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
