//! Ways to break one part of a deployed stack: a function, what the functions ask, a file of the settings, the schedule.
//! Deliberately absent: who hears of it (`drill.rs`).

use std::any::Any;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use reqwest::Method;
use serde_json::{Value, json};
use truecount_platform::Archive;
use truecount_sandbox::{FaultProfile, Vendors};

use crate::cloud::{Deployed, ask_form, ask_json, ask_rest, call_later};
use crate::machine::kill;
use crate::policy::{denied, resolved};
use crate::rights::unverified;
use crate::roads::Roads;
use crate::stack::emulator;

/// Seconds of a function that is to run out of time.
const SHORT: u64 = 2;

/// Fewer seconds than sync keeps for its end: it stops before it has begun.
const TOO_SHORT: u64 = 6;

/// Which part is broken, and how.
pub(crate) enum Break {
    Nothing,
    Function(&'static str, Broken),
    /// What the functions ask: `table`, `archive`, `secrets`, `mail`.
    Service(&'static str, Broken),
    /// A file of `config/`, with another text, or none.
    File(&'static str, fn(String) -> Option<String>),
    /// The secret of a source.
    Secret(&'static str),
    /// The vendor of a source.
    Vendor(&'static str),
    /// The topic, and a function with it, so that there is something to tell.
    Topic(&'static str),
    /// The schedule is off, though the template has it on.
    Unscheduled,
    /// The state machine is gone, which the schedule starts.
    Machine,
    /// The schedule's role may start nothing: after its retries the scheduler puts the start into the queue of failures.
    Unstarted,
    /// A function is called without the state machine, and fails.
    Alone(&'static str),
    /// Only one sync may run at a time, and one of them takes long.
    Slots,
    /// Sync never gets anywhere.
    Stalled,
}

/// How a function or a service is broken.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Broken {
    Missing,
    Unstartable,
    /// By the kernel, at its first question to the table, as it is if it wants more memory than it has.
    Killed,
    Hanging,
    Throttled,
    Denied,
    Unverified,
}

/// What must live as long as the part is broken.
pub(crate) type Held = Option<Box<dyn Any>>;

impl Break {
    /// Whether the schedule is to fire, and nothing may come of it.
    pub(crate) fn is_of_schedule(&self) -> bool {
        matches!(self, Self::Unscheduled | Self::Machine)
    }

    /// Breaks it.
    pub(crate) async fn apply(&self, deployed: &Deployed, vendors: &Vendors, roads: &Roads<'_>) -> Held {
        match *self {
            Self::Nothing => {}
            Self::Function(function, broken) => return break_function(deployed, function, broken).await,
            Self::Service(service, broken) => break_service(roads, service, broken),
            Self::File(name, change) => break_file(deployed, name, change).await,
            Self::Secret(source) => {
                let name = format!("{}/sources/{source}", deployed.resources["secrets"].as_str().unwrap());
                ask_json(&emulator(), "ssm", "AmazonSSM.DeleteParameter", &json!({ "Name": name })).await;
            }
            Self::Vendor(source) => vendors.set_fault(source, Some(FaultProfile::Status500)).await.unwrap(),
            Self::Topic(function) => {
                let topic = deployed.resources["topic"].as_str().unwrap();
                ask_form(&emulator(), "sns", &[("Action", "DeleteTopic"), ("TopicArn", topic)]).await;
                return break_function(deployed, function, Broken::Missing).await;
            }
            Self::Unscheduled => {
                let path = format!("/schedules/{}", deployed.resources["schedule"].as_str().unwrap());
                let mut schedule = ask_rest("scheduler", Method::GET, &path, &json!(null)).await;
                schedule["State"] = json!("DISABLED");
                ask_rest("scheduler", Method::PUT, &path, &schedule).await;
            }
            Self::Machine => {
                let machine = json!({ "stateMachineArn": deployed.resources["state_machine"] });
                ask_json(&emulator(), "states", "AWSStepFunctions.DeleteStateMachine", &machine).await;
            }
            Self::Unstarted => {
                let message = json!({ "QueueUrl": roads.failures(), "MessageBody": "{}" });
                ask_json(&emulator(), "sqs", "AmazonSQS.SendMessage", &message).await;
            }
            Self::Alone(function) => call_alone(deployed, roads, function).await,
            Self::Slots => {
                concurrency(deployed, "sync", 1).await;
                deployed.between.slow_down("ninjaone", Duration::from_secs(3));
            }
            Self::Stalled => configure(deployed, "sync", &json!({ "Timeout": TOO_SHORT })).await,
        }
        None
    }
}

async fn break_function(deployed: &Deployed, function: &'static str, broken: Broken) -> Held {
    match broken {
        Broken::Missing => {
            ask_rest("lambda", Method::DELETE, &of_function(deployed, function, ""), &json!(null)).await;
        }
        Broken::Unstartable => set_variable(deployed, function, "TRUECOUNT_CLOCK", "never", json!({})).await,
        Broken::Killed => {
            let name = deployed.name.clone();
            deployed.watch(move |asked| {
                if asked.starts_with("table ") {
                    kill(&name, function);
                }
            });
        }
        Broken::Hanging => {
            // Takes what is sent to it and never answers.
            let hole = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = format!("http://{}", hole.local_addr().unwrap());
            let short = json!({ "Timeout": SHORT });
            set_variable(deployed, function, "TRUECOUNT_ENDPOINT_S3", &address, short).await;
            return Some(Box::new(hole));
        }
        Broken::Throttled => concurrency(deployed, function, 0).await,
        Broken::Denied | Broken::Unverified => panic!("a function is not {broken:?}"),
    }
    None
}

fn of_function(deployed: &Deployed, function: &str, part: &str) -> String {
    format!("/2015-03-31/functions/{}-{function}{part}", deployed.name)
}

async fn concurrency(deployed: &Deployed, function: &str, most: u64) {
    let path = format!("/2017-10-31/functions/{}-{function}/concurrency", deployed.name);
    ask_rest("lambda", Method::PUT, &path, &json!({ "ReservedConcurrentExecutions": most })).await;
}

async fn configure(deployed: &Deployed, function: &str, change: &Value) {
    ask_rest("lambda", Method::PUT, &of_function(deployed, function, "/configuration"), change).await;
}

async fn set_variable(deployed: &Deployed, function: &str, name: &str, value: &str, mut change: Value) {
    let path = of_function(deployed, function, "/configuration");
    let mut found = ask_rest("lambda", Method::GET, &path, &json!(null)).await;
    found["Environment"]["Variables"][name] = json!(value);
    change["Environment"] = json!({ "Variables": found["Environment"]["Variables"] });
    configure(deployed, function, &change).await;
}

fn break_service(roads: &Roads<'_>, service: &'static str, broken: Broken) {
    roads.breaks(Box::new(move |seen, _| (seen.target == service).then(|| refusal(service, broken))));
}

/// What AWS answers.
fn refusal(service: &str, broken: Broken) -> Response {
    let answer = |status: u16, kind: &str, body: String| {
        Response::builder().status(status).header("content-type", kind).body(Body::from(body)).unwrap()
    };
    let of_table = |error: &str| {
        let body =
            json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{error}"), "message": "as in the drill" });
        answer(400, "application/x-amz-json-1.0", body.to_string())
    };
    match (service, broken) {
        ("table", Broken::Missing) => of_table("ResourceNotFoundException"),
        ("table", Broken::Throttled) => of_table("ThrottlingException"),
        ("archive", Broken::Missing) => {
            let body = "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>";
            answer(404, "application/xml", body.to_owned())
        }
        ("mail", Broken::Unverified) => unverified(),
        (_, Broken::Denied) => denied(service, "the drill", "*"),
        _ => panic!("{service} is not {broken:?}"),
    }
}

async fn break_file(deployed: &Deployed, name: &str, change: fn(String) -> Option<String>) {
    let key = format!("config/{name}");
    let text = String::from_utf8(deployed.archive.get(&key).await.unwrap().unwrap()).unwrap();
    match change(text) {
        Some(text) => deployed.archive.put(&key, text.into_bytes()).await.unwrap(),
        None => {
            let bucket = deployed.resources["bucket"].as_str().unwrap();
            ask_rest("s3", Method::DELETE, &format!("/{bucket}/{key}"), &json!(null)).await;
        }
    }
}

/// Calls a function with an event that is none, and waits until Lambda has given up.
async fn call_alone(deployed: &Deployed, roads: &Roads<'_>, function: &str) {
    let begun = Instant::now();
    // The emulator's CloudFormation leaves this part of the template out.
    let queue = resolved()["Resources"]["ReconcileFunction"]["Properties"]["DeadLetterConfig"]["TargetArn"].clone();
    assert!(queue.as_str().is_some_and(|arn| arn.ends_with(":FailedQueue")), "{queue}");
    let queue = format!("arn:aws:sqs:us-east-1:000000000000:{}", roads.failures().rsplit('/').next().unwrap());
    configure(deployed, function, &json!({ "DeadLetterConfig": { "TargetArn": queue } })).await;
    call_later(&format!("{}-{function}", deployed.name), &json!({ "closng": true })).await;
    let ask = json!({ "QueueUrl": roads.failures(), "AttributeNames": ["ApproximateNumberOfMessages"] });
    loop {
        let answer = ask_json(&emulator(), "sqs", "AmazonSQS.GetQueueAttributes", &ask).await;
        if answer["Attributes"]["ApproximateNumberOfMessages"].as_str().is_some_and(|count| count != "0") {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing comes into the queue: {answer}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
