//! The failure drill: each part of a deployed stack is broken in turn, a day's run is started as the schedule would, and
//! every road is read: who hears of it, the clerk or the operator, and after how long. Deliberately absent: the roads
//! themselves (`roads.rs`), and failures in the middle of a step (`kills.rs`, `rights.rs`, `faults.rs`).

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};
use jiff::{Timestamp, ToSpan};
use reqwest::Method;
use serde_json::{Value, json};
use truecount_sandbox::{Sample, Vendors};

use crate::alarms::{Alarm, Metric, Point, raised};
use crate::breaks::{Break, Broken};
use crate::cloud::{Deployed, Otherwise, Run, ask_json, ask_rest};
use crate::roads::{Heard, Roads};
use crate::say;
use crate::stack::emulator;

/// Cases under way at once. Much of a case is waiting for a retry.
const AT_ONCE: usize = 4;

/// Minutes from a day's run to the next.
const DAY: i64 = 24 * 60;

/// Minutes within which the operator hears of a run that failed, and of one that did not happen.
const SOON: i64 = 2 * 60;
const AT_LAST: i64 = 36 * 60;

/// What is not reconciled in the sample's month though nothing is broken: a tenant refuses.
const REFUSED: i64 = 1;

/// What a message or an alarm says if no mail has told whoever waits for the month.
const UNTOLD: &str = "does not know yet";

/// How the clerk hears of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clerk {
    /// By a mail: that of the month, with what is missing, or that there will be none today.
    Mail,
    /// From the operator, who reads that it is his turn.
    Operator,
    /// No month is due.
    NotDue,
}

/// A part that is broken, on a day on which a month is due unless [`Clerk::NotDue`].
struct Case {
    name: &'static str,
    what: Break,
    clerk: Clerk,
}

/// All of them.
fn cases() -> Vec<Case> {
    use Break::*;
    use Broken::*;
    let case = |name, what, clerk| Case { name, what, clerk };
    let (mail, operator, not_due) = (Clerk::Mail, Clerk::Operator, Clerk::NotDue);
    vec![
        case("nothing", Nothing, mail),
        case("sync is missing", Function("sync", Missing), mail),
        case("sync does not start", Function("sync", Unstartable), mail),
        case("sync is killed, as without memory", Function("sync", Killed), mail),
        case("sync runs out of time", Function("sync", Hanging), mail),
        case("sync is throttled", Function("sync", Throttled), mail),
        case("reconcile is missing", Function("reconcile", Missing), mail),
        case("reconcile does not start", Function("reconcile", Unstartable), mail),
        case("reconcile is killed, as without memory", Function("reconcile", Killed), mail),
        case("reconcile runs out of time", Function("reconcile", Hanging), mail),
        case("reconcile is throttled", Function("reconcile", Throttled), mail),
        case("report is missing", Function("report", Missing), operator),
        case("report does not start", Function("report", Unstartable), operator),
        case("report is killed, as without memory", Function("report", Killed), operator),
        case("report runs out of time", Function("report", Hanging), operator),
        case("report is throttled", Function("report", Throttled), operator),
        case("the table is missing", Service("table", Missing), mail),
        case("the table is denied", Service("table", Denied), mail),
        case("the table is throttled", Service("table", Throttled), mail),
        case("the bucket is missing", Service("archive", Missing), operator),
        case("the bucket is denied", Service("archive", Denied), operator),
        case("the secrets are denied", Service("secrets", Denied), mail),
        case("the sender is not verified", Service("mail", Unverified), operator),
        case("sending is denied", Service("mail", Denied), operator),
        case("the settings are missing", File("settings.toml", |_| None), operator),
        case("the settings are no TOML", File("settings.toml", |text| Some(format!("[closing\n{text}"))), mail),
        case(
            "the settings have a key that is unknown",
            File("settings.toml", |text| Some(format!("x = 1\n{text}"))),
            mail,
        ),
        case("the rules are missing", File("rules.toml", |_| None), mail),
        case("the rules are wrong", File("rules.toml", |text| Some(format!("{text}\n[[rules]]\nid = 1\n"))), mail),
        case("a secret is missing", Secret("ninjaone"), mail),
        case("a vendor is down", Vendor("ninjaone"), mail),
        case("the topic is missing, and reconcile", Topic("reconcile"), mail),
        case("the schedule is disabled", Unscheduled, operator),
        case("the state machine is missing", Machine, operator),
        case("the schedule may not start the state machine", Unstarted, operator),
        case("a function that was called alone fails", Alone("reconcile"), not_due),
        case("on another day: a vendor is down", Vendor("ninjaone"), not_due),
        case("on another day: sync is killed", Function("sync", Killed), not_due),
        case("on another day: sync is throttled after some sources", Slots, not_due),
        case("on another day: sources never come to an end", Stalled, not_due),
        case("on another day: the settings are missing", File("settings.toml", |_| None), not_due),
    ]
}

/// What was heard of a case.
struct Told {
    heard: Heard,
    /// Minutes after which each message or alarm reached the operator.
    operator: Vec<(i64, String)>,
    /// What is not as it should be.
    wrong: Vec<String>,
}

/// The alarms are the template's own, over the functions' own metrics and over what AWS would put of the calls that
/// failed here: the emulator puts none of those.
#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn whatever_is_broken_somebody_is_told_by_mail_or_topic_or_by_the_templates_own_alarms() {
    let begun = Instant::now();
    let sample = Arc::new(Sample::small(2, "2026-06".parse().unwrap()));
    let wanted = std::env::var("TRUECOUNT_DRILL").unwrap_or_default();
    let cases: Vec<_> = cases().into_iter().filter(|case| case.name.contains(&wanted)).collect();
    let drills = cases.iter().enumerate().map(|(number, case)| {
        let sample = Arc::clone(&sample);
        async move { (number, AssertUnwindSafe(drill(&sample, case)).catch_unwind().await.ok()) }
    });
    let mut told: Vec<_> = futures::stream::iter(drills).buffer_unordered(AT_ONCE).collect().await;
    told.sort_by_key(|(number, _)| *number);
    let mut wrong = Vec::new();
    for (case, (_, told)) in cases.iter().zip(&told) {
        let Some(told) = told else {
            wrong.push(format!("{}: did not come to its end, shown above", case.name));
            continue;
        };
        say(&told.line(case.name));
        wrong.extend(told.wrong.iter().map(|wrong| format!("{}: {wrong}", case.name)));
    }
    let broken = cases.iter().filter(|case| !matches!(case.what, Break::Nothing)).count();
    say(&format!("{broken} broken in turn, {} not told as they should be, {:.0?}", wrong.len(), begun.elapsed()));
    assert_ne!(cases.len(), 0, "no case is called `{wanted}`");
    assert_eq!(wrong, [""; 0]);
}

async fn drill(sample: &Arc<Sample>, case: &Case) -> Told {
    let vendors = Vendors::start(Arc::clone(sample)).await.unwrap();
    // Leaves time to make the stack.
    let fires_at = Timestamp::now() + 40.seconds();
    let otherwise = Otherwise { fires_at: case.what.is_of_schedule().then_some(fires_at), ..Otherwise::default() };
    let deployed = Deployed::open(sample, &vendors, &otherwise).await;
    let roads = Roads::open(&deployed).await;
    // The day before, and on another day than the closing day also the closing.
    let path = format!("/2015-03-31/functions/{}-reconcile/invocations", deployed.name);
    ask_rest("lambda", Method::POST, &path, &json!({ "closing_due": true })).await;
    if case.clerk == Clerk::NotDue {
        let run = deployed.run(json!({})).await;
        assert_eq!(run.status, "SUCCEEDED", "{}", run.description);
    }
    let before = roads.heard(Timestamp::now(), None).await;
    assert!(before.messages.is_empty(), "{before:?}");
    let begun = Timestamp::now();
    let held = case.what.apply(&deployed, &vendors, &roads).await;
    let run = match &case.what {
        Break::Unscheduled | Break::Machine | Break::Unstarted | Break::Alone(_) => None,
        _ => Some(deployed.run(json!({})).await),
    };
    if case.what.is_of_schedule() {
        // It fires at the next of the emulator's looks, every ten seconds.
        let wait = fires_at.duration_since(Timestamp::now()) + jiff::SignedDuration::from_secs(12);
        tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
        let executions = executions(&deployed).await;
        assert_eq!(executions, json!(null), "a run was started all the same");
    }
    let heard = roads.heard(begun, run.as_ref()).await;
    drop(held);
    judge(case, run.as_ref(), heard)
}

/// The first of the executions; nothing: there is none, or not even the state machine.
async fn executions(deployed: &Deployed) -> Value {
    let ask = json!({ "stateMachineArn": deployed.resources["state_machine"] });
    let answer = ask_json(&emulator(), "states", "AWSStepFunctions.ListExecutions", &ask).await;
    answer.pointer("/executions/0").cloned().unwrap_or_default()
}

/// Who was told, and whether that is how it should be.
fn judge(case: &Case, run: Option<&Run>, heard: Heard) -> Told {
    let of_stack = |name: &str| Metric("Truecount".to_owned(), name.to_owned(), "truecount".to_owned());
    let yesterday = Point { metric: of_stack("ClosingsOverdue"), minute: 0, value: 0 };
    let not_reconciled = of_stack("NotReconciled");
    let today = heard.points.iter().cloned().map(|point| {
        let usual = if point.metric == not_reconciled { REFUSED } else { 0 };
        Point { minute: point.minute + DAY, value: point.value - usual, ..point }
    });
    let points: Vec<_> = std::iter::once(yesterday).chain(today).collect();
    let alarms = Alarm::told();
    // Until the next day's run, if there will be one.
    let days = if run.is_some() { 2 } else { 3 };
    let mut raised = raised(&alarms, &points, DAY..=days * DAY);
    if matches!(case.what, Break::Topic(_)) {
        raised.clear();
    }
    let mut operator: Vec<_> = heard.messages.iter().map(|_| (heard.minutes, "message".to_owned())).collect();
    operator.extend(raised.iter().map(|(name, minute)| (minute - DAY, (*name).to_owned())));
    operator.sort();
    let descriptions = alarms.iter().filter(|alarm| raised.contains_key(alarm.name.as_str()));
    let mut texts =
        heard.messages.iter().map(String::as_str).chain(descriptions.map(|alarm| alarm.description.as_str()));
    let says_untold = texts.any(|text| text.contains(UNTOLD));
    let is_closed = run.is_some_and(|run| run.output["report"]["state"] == "reported");
    let mut wrong = Vec::new();
    let mut check = |is_right: bool, what: &str| {
        if !is_right {
            let status = run.map(|run| (run.status.as_str(), run.description["cause"].to_string()));
            wrong.push(format!("{what}; run {status:?}, mails {:?}, messages {:?}", heard.mails, heard.messages));
        }
    };
    match case.clerk {
        Clerk::Mail => check(!heard.mails.is_empty(), "the clerk got no mail"),
        Clerk::Operator => {
            check(heard.mails.is_empty() && !is_closed, "the clerk has a mail after all");
            check(says_untold, "the operator does not read that the clerk was not told");
        }
        Clerk::NotDue => check(heard.mails.is_empty(), "the clerk was mailed about a month that is not due"),
    }
    let first = operator.first().map(|(minutes, _)| *minutes);
    let limit = if run.is_some() || !heard.points.is_empty() { SOON } else { AT_LAST };
    match case.what {
        Break::Nothing => check(operator.is_empty(), "the operator was told of something"),
        Break::Topic(_) => {}
        _ => check(first.is_some_and(|minutes| minutes <= limit), "the operator was not told, or too late"),
    }
    Told { heard, operator, wrong }
}

impl Told {
    fn line(&self, name: &str) -> String {
        let clerk = match self.heard.mails.first() {
            Some(subject) => format!("{} min, {subject}", self.heard.minutes),
            None => "-".to_owned(),
        };
        let mut roads: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        self.operator.iter().for_each(|(minutes, road)| roads.entry(*minutes).or_default().push(road));
        let roads = roads.iter().map(|(minutes, roads)| format!("{minutes} min, {}", roads.join(" and ")));
        let operator = Some(roads.collect::<Vec<_>>().join("; ")).filter(|roads| !roads.is_empty());
        format!("{name:<56} | clerk: {clerk:<58} | operator: {}", operator.as_deref().unwrap_or("-"))
    }
}
