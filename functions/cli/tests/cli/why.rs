//! `truecount runs why`: at a stack by its executions, its log and its table, each of which may be refused; in a folder by
//! what is stored.

use std::process::Command;

use serde_json::{Value, json};
use truecount_embedded::{Durability, LocalBackend};

use crate::office::{Ended, Office, expect};
use crate::prompt::CLEAN;
use crate::stand_in::{self, Answer, Asked, denied};

const EXECUTION: &str = "arn:aws:states:eu-west-2:123456789012:execution:prod-closing:";

/// 26 June 2026, 04:00 UTC.
const BEGIN: i64 = 1_782_446_400;

/// An execution of a day with its end.
fn execution(name: &str, day: i64, status: &str) -> Value {
    let began = BEGIN + day * 86_400;
    json!({ "executionArn": format!("{EXECUTION}{name}"), "name": name, "status": status, "startDate": began, "stopDate": began + 600 })
}

/// How the failed execution ended, the last event first.
fn history(run_id: &str) -> Value {
    let cause =
        json!({ "errorType": "Truecount.Mail", "errorMessage": "the mail to `billing` was not sent" }).to_string();
    let input = json!({
        "wanted": { "run": "daily" },
        "failed": { "step": "report", "month": "2026-06" },
        "run": { "answer": { "run_id": run_id } },
    });
    let entered = |name| json!({ "type": "TaskStateEntered", "stateEnteredEventDetails": { "name": name, "input": input.to_string() } });
    json!({ "events": [
        { "type": "ExecutionFailed", "executionFailedEventDetails": { "error": "Truecount.Mail", "cause": cause } },
        { "type": "TaskFailed", "taskFailedEventDetails": { "error": "Truecount.Mail" } },
        entered("Report again"), entered("Tell the clerk"), entered("Report"),
    ] })
}

fn log_line(level: &str, execution: &str, run: &str) -> String {
    let line = json!({ "level": level, "message": format!("{level} of {execution}"), "request_id": format!("q-{execution}"), "execution": execution, "run": run });
    line.to_string()
}

/// Answers what a stack with these executions would; but for what is refused.
fn answer(asked: &Asked, executions: &[Value], run_id: &str, is_refused: impl Fn(&str) -> bool) -> Option<Answer> {
    let body: Value = serde_json::from_str(&asked.body).ok()?;
    let target = asked.head.lines().find_map(|line| line.strip_prefix("x-amz-target: "))?;
    let action = target.split('.').nth(1)?;
    if is_refused(action) {
        return Some(denied());
    }
    let answered = match action {
        "listexecutions" => json!({ "executions": executions }),
        "describeexecution" => executions.iter().find(|one| one["executionArn"] == body["executionArn"])?.clone(),
        "getexecutionhistory" => {
            assert!(body["reverseOrder"] == true && body["executionArn"] == format!("{EXECUTION}e2"), "{body}");
            history(run_id)
        }
        "filterlogevents" if body["logGroupName"] == "/aws/lambda/p" => {
            let from = body["startTime"].as_i64()? / 1_000;
            let lines = ["INFO", "ERROR"].map(|level| (BEGIN + 86_460, log_line(level, "e2", run_id)));
            let other = (BEGIN + 86_461, log_line("ERROR", "e3", "none"));
            let events = lines.iter().chain([&other]).filter(|(at, line)| {
                *at >= from && body["filterPattern"].as_str().is_none_or(|text| line.contains(text.trim_matches('"')))
            });
            json!({ "events": events.map(|(at, line)| json!({ "timestamp": at * 1_000, "message": line })).collect::<Vec<_>>() })
        }
        "filterlogevents" => json!({ "events": [] }),
        _ => return None,
    };
    Some((200, answered.to_string(), ""))
}

/// A stack whose table is that of an office with a run.
struct Stack {
    table: LocalBackend,
    run_id: String,
    _office: Office,
}

impl Stack {
    /// After these steps of a closing.
    fn after(steps: &[&str]) -> Self {
        let office = Office::open().at("2026-06-27T04:00:00Z").with_files("2026-06-26");
        for step in steps {
            let which: &[&str] = if *step == "reconcile" { &["--closing", "--month", "2026-06"] } else { &[] };
            office.run(&[&[*step][..], which].concat());
        }
        let runs: Value = serde_json::from_str(&office.run(&["runs", "list", "--json"]).out).unwrap();
        let run_id = runs[0]["run_id"].as_str().unwrap().to_owned();
        Self { table: LocalBackend::open(office.data(), Durability::Safe).unwrap(), run_id, _office: office }
    }

    fn why(&self, args: &[&str], statuses: [&'static str; 3], refused: &'static str) -> Ended {
        let executions = [("e3", 2), ("e2", 1), ("e1", 0)].into_iter().zip(statuses);
        let executions: Vec<_> = executions.map(|((name, day), status)| execution(name, day, status)).collect();
        let all: Vec<&str> = ["runs", "why", "--stack", "prod"].iter().chain(args).copied().collect();
        let run_id = self.run_id.clone();
        let mut command: Command =
            stand_in::at_stack(&all, move |asked| answer(asked, &executions, &run_id, |action| action == refused));
        command.env("TRUECOUNT_ENDPOINT_DYNAMODB", self.table.table_endpoint());
        Ended::of(command.output().unwrap())
    }
}

const ONE_FAILED: [&str; 3] = ["SUCCEEDED", "FAILED", "FAILED"];

#[test]
fn the_newest_failed_execution_is_told_on_one_screen() {
    let stack = Stack::after(&["sync", "reconcile"]);
    let ended = stack.why(&[], ONE_FAILED, "");
    let run = &stack.run_id;
    let expected = format!(
        "\
1 newer execution did not fail; the newest began on 2026-06-28 04:00 UTC and is SUCCEEDED.
EXECUTION  e2: FAILED, began 2026-06-27 04:00 UTC, ended 2026-06-27 04:10 UTC
STEP       report
CAUSE      Truecount.Mail: the mail to `billing` was not sent
TOLD       the mail groups, if a month was due
RUN        {run}, a closing of 2026-06: it is compared, and its files are not written yet
LOG        1 warning or error:
  2026-06-27 04:01:00  ERROR  report     ERROR of e2 (run {run})
NEXT       `truecount doctor --stack prod` shows what is wrong, and `truecount run --closing --month 2026-06 --stack prod` closes the month once that is fixed.
NEXT       For 14 days `aws stepfunctions redrive-execution --execution-arn {EXECUTION}e2` goes on at the step that failed.
NEXT       `truecount logs --execution e2 --stack prod` shows all that it logged.
"
    );
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (Some(CLEAN), expected.as_str(), ""));
    let named = stack.why(&[run], ONE_FAILED, "");
    assert_eq!(named.out.split_once('\n').unwrap().1, expected.split_once('\n').unwrap().1, "found by its log");
    let json: Value = serde_json::from_str(&stack.why(&["--json"], ONE_FAILED, "").out).unwrap();
    assert_eq!((&json["failure"]["step"], &json["run"]["state"]), (&"report".into(), &"reconciled".into()), "{json}");
}

#[test]
fn what_was_done_since_is_not_advised_again() {
    let stack = Stack::after(&["sync", "reconcile", "report"]);
    let ended = stack.why(&[], ONE_FAILED, "");
    expect(&ended, CLEAN, &["EXECUTION  e2: FAILED", "2026-06: complete", "NEXT       Nothing is left to do"]);
    assert!(!ended.out.contains("redrive") && !ended.out.contains("truecount doctor"), "{ended:?}");
}

#[test]
fn what_cannot_be_seen_is_said_beside_the_rest() {
    let stack = Stack::after(&["sync", "reconcile"]);
    for (refused, unseen, seen) in [
        ("getexecutionhistory", "history: access is denied", "EXECUTION  e2: FAILED"),
        ("filterlogevents", "the log: reading the log `/aws/lambda/s` (logs:FilterLogEvents)", "STEP       report"),
        ("listexecutions", "executions: access is denied", "RUN        "),
    ] {
        let ended = stack.why(&[], ONE_FAILED, refused);
        expect(&ended, CLEAN, &["NOT SEEN   ", unseen, seen, "the stack's operator policy does"]);
    }
}

#[test]
fn a_stack_on_which_nothing_failed_says_so() {
    let stack = Stack::after(&["sync", "reconcile"]);
    let well = stack.why(&[], ["RUNNING", "SUCCEEDED", "SUCCEEDED"], "");
    expect(
        &well,
        CLEAN,
        &["Of the last 3 executions none failed; the newest began on 2026-06-28 04:00 UTC and is RUNNING"],
    );
    assert!(!well.out.contains("EXECUTION"), "{well:?}");
}

#[test]
fn a_folder_tells_what_is_stored_of_a_run() {
    let office = Office::open();
    expect(&office.run(&["runs", "why"]), CLEAN, &["There is no run yet."]);
    office.run(&["run"]);
    expect(&office.run(&["runs", "why"]), CLEAN, &["No run failed; the newest is 2026-06-d"]);

    // Nobody listens there: the mail of the closing cannot be sent.
    let smtp = "host = \"127.0.0.1\"\nport = 1\ntls = \"starttls\"";
    let office = Office::open().with_mail_server(smtp, "none").at("2026-06-30T20:00:00Z");
    office.run(&["run", "--closing"]);
    let ended = office.run(&["runs", "why"]);
    let data = format!(" --data {}", office.data().display());
    for words in [
        "The newest run that is not finished:",
        "a closing of 2026-06: its files are written, and its mail is not sent to every group",
        "CAUSE      the mail to `billing` was not sent: ",
        &format!(
            "NEXT       `truecount doctor{data}` shows what is wrong, and `truecount run --closing --month 2026-06{data}`"
        ),
    ] {
        expect(&ended, CLEAN, &[words]);
    }
    let runs: Value = serde_json::from_str(&office.run(&["runs", "list", "--json"]).out).unwrap();
    let named = office.run(&["runs", "why", runs[0]["run_id"].as_str().unwrap()]);
    expect(&named, CLEAN, &["is not finished.", "a closing of 2026-06"]);
}
