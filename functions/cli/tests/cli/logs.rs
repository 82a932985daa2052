//! `truecount logs` at a stack: three logs in the order of time, over many pages, some of them empty; filtered; and what
//! is said where a log cannot be read.

use std::process::Command;

use serde_json::{Value, json};
use truecount_embedded::{Durability, LocalBackend};

use crate::office::{Ended, Office, expect};
use crate::prompt::{self, CLEAN, FAILED};
use crate::stand_in::{self, Answer, Asked, refused};

/// 30 June 2026, 20:00 UTC, in milliseconds.
const BEGIN: i64 = 1_782_849_600_000;

/// Group, second, line.
const LINES: [(&str, i64, &str); 9] = [
    ("s", 1, r#"{"type":"platform.start","record":{"requestId":"q1"}}"#),
    (
        "s",
        2,
        r#"{"timestamp":"t","level":"INFO","message":"the invocation begins","function":"sync","cold_start":true,"request_id":"q1","execution":"e1","source":"rmm"}"#,
    ),
    (
        "r",
        3,
        r#"{"timestamp":"t","level":"INFO","message":"the invocation begins","function":"reconcile","request_id":"q2","execution":"e2"}"#,
    ),
    (
        "s",
        4,
        r#"{"timestamp":"t","level":"WARN","message":"unknown word","function":"sync","request_id":"q1","execution":"e1","source":"rmm","word":"act\u202eive"}"#,
    ),
    ("s", 5, r#"{"_aws":{"Timestamp":5},"Stack":"prod","Items":3}"#),
    (
        "r",
        6,
        r#"{"timestamp":"t","level":"INFO","message":"answered","function":"reconcile","request_id":"q2","execution":"e2","run":"RUN","state":"reconciled"}"#,
    ),
    (
        "s",
        7,
        r#"{"type":"platform.report","record":{"requestId":"q1","status":"timeout","metrics":{"durationMs":900000.0,"memorySizeMB":512,"maxMemoryUsedMB":301}}}"#,
    ),
    (
        "p",
        8,
        r#"{"timestamp":"t","level":"ERROR","message":"the invocation failed","function":"report","request_id":"q3","execution":"e2","run":"RUN","error_type":"Truecount.Mail","error":"the mail was not sent: MessageRejected"}"#,
    ),
    ("p", 9, "thread panicked\n"),
];

/// One line on each page, and after each page an empty one.
fn filter_log_events(asked: &Value) -> Answer {
    let group = asked["logGroupName"].as_str().unwrap().strip_prefix("/aws/lambda/").unwrap().to_owned();
    let (from, until) = (asked["startTime"].as_i64().unwrap(), asked["endTime"].as_i64().unwrap_or(i64::MAX));
    let text = asked["filterPattern"].as_str().map(|pattern| pattern.trim_matches('"'));
    let at = |second: i64| BEGIN + second * 1_000;
    let is_wanted = |(of, second, line): &&(&str, i64, &str)| {
        *of == group && (from..=until).contains(&at(*second)) && text.is_none_or(|text| line.contains(text))
    };
    let found: Vec<_> = LINES.iter().filter(is_wanted).collect();
    let page: usize = asked["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let events: Vec<_> = found.get(page / 2).filter(|_| page.is_multiple_of(2)).into_iter().collect();
    let events: Vec<_> = events
        .iter()
        .map(|(_, second, line)| json!({ "timestamp": at(*second), "message": line, "eventId": "1" }))
        .collect();
    let more = (page + 1 < found.len() * 2).then(|| (page + 1).to_string());
    (200, json!({ "events": events, "nextToken": more, "searchedLogStreams": [] }).to_string(), "")
}

fn answer(asked: &Asked) -> Option<Answer> {
    let body: Value = serde_json::from_str(&asked.body).ok()?;
    if asked.head.contains("logs_20140328.filterlogevents") {
        assert!(asked.head.contains("/eu-west-2/logs/aws4_request"), "it is signed: {}", asked.head);
        return Some(filter_log_events(&body));
    }
    if asked.head.contains("awsstepfunctions.describeexecution") {
        let arn = body["executionArn"].as_str()?;
        let name = arn.strip_prefix("arn:aws:states:eu-west-2:123456789012:execution:prod-closing:")?;
        if name != "e1" {
            return Some(refused("ExecutionDoesNotExist", "Execution Does Not Exist"));
        }
        let (began, ended) = (BEGIN / 1_000, BEGIN / 1_000 + 60);
        return Some((
            200,
            json!({ "executionArn": arn, "name": name, "startDate": began, "stopDate": ended, "status": "FAILED" })
                .to_string(),
            "",
        ));
    }
    None
}

fn logs(args: &[&str]) -> Command {
    let all: Vec<&str> = ["logs", "--stack", "prod"].iter().chain(args).copied().collect();
    stand_in::at_stack(&all, answer)
}

fn ended(mut command: Command) -> Ended {
    Ended::of(command.output().unwrap())
}

#[test]
fn the_lines_of_three_functions_stand_in_the_order_of_time() {
    let ended = ended(logs(&["--since", "731d"]));
    assert_eq!((ended.code, ended.err.as_str()), (Some(CLEAN), ""));
    let expected = "\
2026-06-30 20:00:02  INFO   sync       the invocation begins (first line of its container, source rmm)
2026-06-30 20:00:03  INFO   reconcile  the invocation begins
2026-06-30 20:00:04  WARN   sync       unknown word (source rmm, word act[U+202E]ive)
2026-06-30 20:00:06  INFO   reconcile  answered (run RUN, state reconciled)
2026-06-30 20:00:07  ERROR  sync       Lambda ended the function: its time was up (after 900000.0 ms, 301 of 512 MB used)
2026-06-30 20:00:08  ERROR  report     the invocation failed: the mail was not sent: MessageRejected (run RUN)
2026-06-30 20:00:09  INFO   report     thread panicked
";
    assert_eq!(ended.out, expected);
}

#[test]
fn less_is_shown_where_less_is_asked_for() {
    let bad = ended(logs(&["--since", "731d", "--level", "warn"])).out;
    assert_eq!(bad.lines().count(), 3, "{bad}");
    let of_report = ended(logs(&["--since", "731d", "--function", "report"])).out;
    assert!(of_report.lines().count() == 2 && of_report.contains("panicked"), "{of_report}");
    let all = ended(logs(&["--since", "731d", "--level", "debug"])).out;
    assert!(all.lines().count() == LINES.len() && all.contains("DEBUG  sync       metrics"), "{all}");
    let json = ended(logs(&["--since", "731d", "--function", "report", "--json"])).out;
    let lines: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["error_type"], "Truecount.Mail", "the line itself: {json}");
    let own = json!({ "timestamp": "2026-06-30T20:00:09.000Z", "level": "INFO", "function": "report", "message": "thread panicked" });
    assert_eq!(lines[1], own);
}

#[test]
fn an_execution_has_lambdas_lines_of_its_invocations() {
    for name in ["e1", "arn:aws:states:eu-west-2:123456789012:execution:prod-closing:e1"] {
        let ended = ended(logs(&["--execution", name]));
        let seconds: Vec<_> = ended.out.lines().map(|line| &line[17..19]).collect();
        assert_eq!(seconds, ["02", "04", "07"], "{ended:?}");
    }
    let unknown = ended(logs(&["--execution", "e9"]));
    expect(&unknown, FAILED, &["looking for the execution `e9`", "ExecutionDoesNotExist"]);
}

#[test]
fn a_run_has_the_lines_of_its_execution() {
    let office = Office::open();
    office.run(&["run"]);
    let runs: Value = serde_json::from_str(&office.run(&["runs", "list", "--json"]).out).unwrap();
    let run_id = runs[0]["run_id"].as_str().unwrap().to_owned();
    let named = run_id.clone();
    let table = LocalBackend::open(office.data(), Durability::Safe).unwrap();
    let mut command = stand_in::at_stack(&["logs", "--stack", "prod", "--run", &run_id], move |asked| {
        let (status, body, headers) =
            answer(&Asked { head: asked.head.clone(), body: asked.body.replace(&named, "RUN") })?;
        Some((status, body, headers))
    });
    let found = ended({
        command.env("TRUECOUNT_ENDPOINT_DYNAMODB", table.table_endpoint());
        command
    });
    let seconds: Vec<_> = found.out.lines().map(|line| &line[17..19]).collect();
    assert_eq!(seconds, ["03", "06", "08"], "those of another execution are not shown: {found:?}");
    let mut unknown = logs(&["--run", "2026-06-d-0000000000"]);
    unknown.env("TRUECOUNT_ENDPOINT_DYNAMODB", table.table_endpoint());
    expect(&ended(unknown), FAILED, &["there is no run `2026-06-d-0000000000`"]);
}

#[test]
fn what_keeps_a_log_from_being_read_is_told_with_what_to_do() {
    for (code, words, fix) in [
        ("AccessDeniedException", "access is denied", "the stack's operator policy does"),
        ("ThrottlingException", "still rate limited", "`--since` or `--function`"),
        ("ResourceNotFoundException", "ResourceNotFoundException", "deploy the stack again"),
    ] {
        let command = stand_in::at_stack(&["logs", "--stack", "prod"], move |_| Some(refused(code, "no")));
        let told = ended(command);
        expect(&told, FAILED, &["reading the log `/aws/lambda/s` (logs:FilterLogEvents)", words]);
        let said = told.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(fix), "{fix}: {said}");
    }
    let none = ended(logs(&["--since", "1m", "--level", "warn"]));
    expect(&none, CLEAN, &["The log has no line of level warn or worse since"]);
    assert_eq!(none.out, "");
    let odd = ended(logs(&["--since", "yesterday"]));
    expect(&odd, FAILED, &["such as 30m, 2h or 7d"]);
}

#[test]
fn a_folder_has_no_log_and_says_where_its_messages_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = prompt::truecount(&["logs"]);
    command.env("TRUECOUNT_DATA", folder.path());
    expect(&ended(command), CLEAN, &["journalctl -u truecount.service", "MAILTO"]);
}
