//! Every road by which somebody hears of a failure of a deployed stack: the mails that SES took, the messages of the
//! topic, and the metrics that its alarms look at. Deliberately absent: what is broken (`drill.rs`), and the alarms
//! (`alarms.rs`).
//!
//! The functions put their own metrics. Those that AWS puts of functions, executions and queues, and how long a run
//! takes there, with its waits before a retry, are taken from the execution's history, and the queue of failures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::alarms::{Metric, Point};
use crate::between::Refuse;
use crate::cloud::{Deployed, Run, ask_form, ask_json};
use crate::policy::resolved;
use crate::stack::emulator;

/// Seconds that a deployed function has: a call that runs into its end takes as long.
const FUNCTION_SECONDS: u64 = 900;

/// The error of a function that has run into its end.
const LATE: &str = "Sandbox.Timedout";

/// The stack's name in the template after its transform.
const STACK: &str = "truecount";

/// What is broken between the functions and what they ask; nothing at first.
type Broken = Arc<Mutex<Option<Refuse>>>;

/// Who listens to a stack.
pub(crate) struct Roads<'a> {
    deployed: &'a Deployed,
    mails: Arc<Mutex<Vec<String>>>,
    broken: Broken,
    /// Gets what the topic gets.
    subscriber: String,
    failures: String,
}

/// What was to be heard of a run.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The subjects of the mails that SES took.
    pub(crate) mails: Vec<String>,
    /// The messages of the topic.
    pub(crate) messages: Vec<String>,
    /// The metrics, at the end of the run.
    pub(crate) points: Vec<Point>,
    /// How many minutes after its beginning the run has ended, at the latest.
    pub(crate) minutes: i64,
}

impl<'a> Roads<'a> {
    /// Listens from now on.
    pub(crate) async fn open(deployed: &'a Deployed) -> Self {
        let (mails, broken) = (Arc::<Mutex<Vec<String>>>::default(), Broken::default());
        let (taken, breaks) = (Arc::clone(&mails), Arc::clone(&broken));
        deployed.between.refuse(Some(Box::new(move |seen, body| {
            let refused = held(&breaks).as_ref().and_then(|breaks| breaks(seen, body));
            if refused.is_none() && seen.target == "mail" {
                held(&taken).push(subject(body));
            }
            refused
        })));
        let name = format!("{}-heard", deployed.name);
        let made = ask_json(&emulator(), "sqs", "AmazonSQS.CreateQueue", &json!({ "QueueName": name })).await;
        let subscriber = made["QueueUrl"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        let topic = deployed.resources["topic"].as_str().unwrap();
        let queue = format!("arn:aws:sqs:us-east-1:000000000000:{name}");
        let fields = [("Action", "Subscribe"), ("TopicArn", topic), ("Protocol", "sqs"), ("Endpoint", &queue)];
        let answer = ask_form(&emulator(), "sns", &fields).await;
        assert!(answer.contains("<SubscriptionArn>"), "{answer}");
        Self { deployed, mails, broken, subscriber, failures: failures(&deployed.name).await }
    }

    /// Has `broken` answer the functions in AWS's place where it wants to.
    pub(crate) fn breaks(&self, broken: Refuse) {
        *held(&self.broken) = Some(broken);
    }

    /// The URL of the queue of failures.
    pub(crate) fn failures(&self) -> &str {
        &self.failures
    }

    /// What was heard since `begun`, of a run or of none.
    pub(crate) async fn heard(&self, begun: Timestamp, run: Option<&Run>) -> Heard {
        let history = match run {
            Some(run) => history(run).await,
            None => Vec::new(),
        };
        let steps = Steps::of(&history);
        let minutes = steps.minutes(run, begun);
        let mut points: Vec<(Metric, i64)> = own_metrics(&self.deployed.name, begun).await;
        points.extend(steps.metrics());
        if run.is_some_and(|run| run.status != "SUCCEEDED") {
            let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:truecount-closing";
            points.push((metric("AWS/States", "ExecutionsFailed", machine), 1));
        }
        let failures = drained(&self.failures).await.len();
        if failures > 0 {
            let count = i64::try_from(failures).unwrap();
            points.push((metric("AWS/SQS", "NumberOfMessagesSent", "FailedQueue"), count));
        }
        let points = points.into_iter().map(|(metric, value)| Point { metric, minute: minutes, value }).collect();
        let mails = std::mem::take(&mut *held(&self.mails));
        let messages = drained(&self.subscriber).await.iter().map(|body| message(body)).collect();
        Heard { mails, messages, points, minutes }
    }
}

fn held<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn metric(namespace: &str, name: &str, dimension: &str) -> Metric {
    Metric(namespace.to_owned(), name.to_owned(), dimension.to_owned())
}

/// The subject of a mail in a request to SES.
fn subject(body: &[u8]) -> String {
    let fields: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let raw = STANDARD.decode(&fields["RawMessage.Data"]).unwrap();
    mail_parser::MessageParser::default().parse(&raw).unwrap().subject().unwrap().to_owned()
}

/// What a subscriber reads of a notification of the topic.
fn message(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    format!("{}\n{}", body["Subject"].as_str().unwrap_or(""), body["Message"].as_str().unwrap())
}

/// The URL of a stack's queue of failures.
async fn failures(stack: &str) -> String {
    let ask = [("Action", "DescribeStackResource"), ("StackName", stack), ("LogicalResourceId", "FailedQueue")];
    let answer = ask_form(&emulator(), "cloudformation", &ask).await;
    let url = answer.split_once("<PhysicalResourceId>").and_then(|(_, rest)| rest.split_once('<'));
    url.unwrap_or_else(|| panic!("{answer}")).0.to_owned()
}

/// The messages of a queue, which is empty then.
async fn drained(queue: &str) -> Vec<String> {
    let mut bodies = Vec::new();
    loop {
        let ask = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 });
        let answer = ask_json(&emulator(), "sqs", "AmazonSQS.ReceiveMessage", &ask).await;
        let Some(messages) = answer["Messages"].as_array().filter(|messages| !messages.is_empty()) else {
            return bodies;
        };
        for message in messages {
            bodies.push(message["Body"].as_str().unwrap().to_owned());
            let ask = json!({ "QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"] });
            ask_json(&emulator(), "sqs", "AmazonSQS.DeleteMessage", &ask).await;
        }
    }
}

/// What the functions put as metrics, in CloudWatch's embedded format.
async fn own_metrics(stack: &str, begun: Timestamp) -> Vec<(Metric, i64)> {
    let mut found = Vec::new();
    for function in ["sync", "reconcile", "report"] {
        let ask =
            json!({ "logGroupName": format!("/aws/lambda/{stack}-{function}"), "startTime": begun.as_millisecond() });
        let answer = ask_json(&emulator(), "logs", "Logs_20140328.FilterLogEvents", &ask).await;
        let lines = answer["events"].as_array().into_iter().flatten().filter_map(|event| event["message"].as_str());
        for line in lines.filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            for directive in line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten() {
                assert_eq!((&directive["Dimensions"], &line["Stack"]), (&json!([["Stack"]]), &json!(stack)));
                let namespace = directive["Namespace"].as_str().unwrap();
                let names = directive["Metrics"].as_array().unwrap().iter().map(|one| one["Name"].as_str().unwrap());
                // No alarm is over one that is no whole number.
                found.extend(names.filter_map(|name| Some((metric(namespace, name, STACK), line[name].as_i64()?))));
            }
        }
    }
    found
}

async fn history(run: &Run) -> Vec<Value> {
    let ask = json!({ "executionArn": run.description["executionArn"], "maxResults": 1000 });
    let answer = ask_json(&emulator(), "states", "AWSStepFunctions.GetExecutionHistory", &ask).await;
    assert!(answer["nextToken"].is_null(), "the history is longer than a page");
    answer["events"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

/// The calls of functions that failed in an execution: by step, and by error.
struct Steps {
    definition: Value,
    failed: BTreeMap<(String, String), u64>,
}

impl Steps {
    fn of(history: &[Value]) -> Self {
        let definition = &resolved()["Resources"]["Closing"]["Properties"]["DefinitionString"];
        let definition = serde_json::from_str(definition.as_str().unwrap()).unwrap();
        let (mut failed, mut step) = (BTreeMap::new(), String::new());
        for event in history {
            if let Some(name) = event["stateEnteredEventDetails"]["name"].as_str() {
                name.clone_into(&mut step);
            }
            let details = &event["taskFailedEventDetails"];
            if details["resource"].as_str().is_some_and(|resource| resource.contains(":lambda:")) {
                let is_throttle = details["cause"].as_str().unwrap().contains("TooManyRequestsException");
                let error =
                    if is_throttle { "Lambda.TooManyRequestsException" } else { details["error"].as_str().unwrap() };
                *failed.entry((step.clone(), error.to_owned())).or_insert(0) += 1;
            }
        }
        Self { definition, failed }
    }

    /// A step's state; of the sources, the one that calls the function.
    fn state(&self, step: &str) -> &Value {
        let state = &self.definition["States"][step];
        if state["Type"] == "Map" { &state["ItemProcessor"]["States"]["Sync"] } else { state }
    }

    /// How long the run took at the most: as long as here, with AWS's waits before each retry, and calls that run into
    /// their end as long as a function may run.
    fn minutes(&self, run: Option<&Run>, begun: Timestamp) -> i64 {
        let Some(run) = run else { return 0 };
        let here = u64::try_from(Timestamp::now().duration_since(begun).as_secs()).unwrap();
        let waited = self.failed.iter().map(|((step, error), count)| {
            let (retries, seconds) = retries(self.state(step), error);
            let late = if error == LATE { FUNCTION_SECONDS * (retries + 1).min(*count) } else { 0 };
            seconds + late
        });
        let rounds =
            run.output["sources"].as_array().into_iter().flatten().filter_map(|source| source["rounds"].as_u64());
        let seconds = here + waited.sum::<u64>() + 60 * rounds.max().unwrap_or(0);
        i64::try_from(seconds.div_ceil(60)).unwrap()
    }

    /// What AWS puts of the functions.
    fn metrics(&self) -> Vec<(Metric, i64)> {
        let counted = self.failed.iter().filter_map(|((step, error), count)| {
            let name = match error.as_str() {
                // The function has not run.
                "Lambda.ResourceNotFoundException" => return None,
                "Lambda.TooManyRequestsException" => "Throttles",
                _ => "Errors",
            };
            let function = self.state(step)["Parameters"]["FunctionName"].as_str().unwrap();
            let function = function.trim_matches(['$', '{', '}']).to_lowercase();
            let count = i64::try_from(*count).unwrap();
            Some((metric("AWS/Lambda", name, &format!("{STACK}-{function}")), count))
        });
        counted.collect()
    }
}

/// How often a state tries again after an error, and how many seconds it waits for that in all.
fn retries(state: &Value, error: &str) -> (u64, u64) {
    let mut retriers = state["Retry"].as_array().into_iter().flatten();
    let fits = |retrier: &&Value| {
        let errors = retrier["ErrorEquals"].as_array().unwrap();
        errors.iter().any(|one| one == error || one == "States.ALL")
    };
    let Some(retrier) = retriers.find(fits) else { return (0, 0) };
    let whole = |key: &str| retrier[key].as_u64();
    let attempts = whole("MaxAttempts").unwrap_or(3);
    let (interval, rate) = (whole("IntervalSeconds").unwrap_or(1), whole("BackoffRate").unwrap_or(2));
    (attempts, (0..u32::try_from(attempts).unwrap()).map(|n| interval * rate.pow(n)).sum())
}
