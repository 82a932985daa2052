//! A stack whose settings are refused before anything is uploaded, and whose report function sends the test mail. The
//! stack is a loopback endpoint that answers where its parts are, and as that function; nothing else.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;

use truecount_support::CSV_SOURCES;

use crate::prompt::{self, FAILED, err, out};

const PARTS: &str = r#"{"table":"t","bucket":"b","secrets":"/truecount/prod","state_machine":"arn:s","schedule":"daily","schedule_group":"default","topic":"arn:t","sender":"billing@msp.example","configuration_set":"prod","kms_key":"","functions":{"sync":"s","reconcile":"r","report":"p"}}"#;

/// Answers the parameter of the stack and its report function, and refuses everything else.
fn stand_in(function: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().for_each(|stream| answer(stream.unwrap(), function)));
    url
}

fn answer(mut stream: TcpStream, function: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        let line = line.to_lowercase();
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut asked = vec![0; length];
    reader.read_exact(&mut asked).unwrap();
    let (status, body) = if head.contains("amazonssm.getparameter") {
        (200, serde_json::json!({ "Parameter": { "Name": "n", "Type": "String", "Value": PARTS } }).to_string())
    } else if head.starts_with("post /2015-03-31/functions/p/invocations") && !function.is_empty() {
        assert_eq!(String::from_utf8(asked).unwrap(), r#"{"test":{"to":"billing"}}"#);
        (200, function.to_owned())
    } else {
        (400, serde_json::json!({ "__type": "AccessDeniedException", "message": "not here" }).to_string())
    };
    let failed = if body.contains("errorMessage") { "x-amz-function-error: Unhandled\r\n" } else { "" };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close\r\n{failed}content-length: {length}\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
}

/// Pushes settings with this `[mail]` to the stack.
fn push(mail: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.toml"), format!("{mail}\n{CSV_SOURCES}")).unwrap();
    fs::write(folder.path().join("rules.toml"), truecount_support::rule("SRV", "server")).unwrap();
    at_stack(&["config", "push", ".", "--stack", "prod"], "").current_dir(folder.path()).output().unwrap()
}

/// The command, where the report function answers so.
fn at_stack(args: &[&str], function: &'static str) -> Command {
    let mut command = prompt::truecount(args);
    command.env("TRUECOUNT_ENDPOINT", stand_in(function)).env("AWS_REGION", "eu-west-2");
    command.env("AWS_ACCESS_KEY_ID", "kim").env("AWS_SECRET_ACCESS_KEY", "s").env("AWS_MAX_ATTEMPTS", "1");
    command
}

/// Tries the mail where the report function answers so; gives the exit code, and all that was said.
fn test_mail(function: &'static str) -> (Option<i32>, String) {
    let output = at_stack(&["mail", "test", "--to", "billing", "--stack", "prod"], function).output().unwrap();
    let said = out(&output) + &err(&output);
    (output.status.code(), said.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn the_report_function_sends_the_test_mail() {
    let (code, said) = test_mail(
        r#"{"state":"mail_tested","mails":[{"group":"billing","to":["b@msp.example"],"outcome":"sent","answer":"0102-7"}]}"#,
    );
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("billing (b@msp.example): sent (0102-7)") && said.contains("suppressed address"), "{said}");

    let (code, said) = test_mail(
        r#"{"state":"mail_tested","mails":[{"group":"billing","to":["b@msp.example"],"outcome":"not_sent","answer":"MessageRejected: no","fix":"SES is in its sandbox"}]}"#,
    );
    assert_eq!(code, Some(FAILED), "{said}");
    assert!(said.contains("NOT SENT: MessageRejected: no fix: SES is in its sandbox"), "{said}");
}

#[test]
fn why_the_report_function_sent_no_test_mail_is_told() {
    for (function, words) in [
        ("", "not here"),
        (
            r#"{"errorType":"Truecount.Refused","errorMessage":"there is no mail group `billing`"}"#,
            "the function `p` answered: there is no mail group `billing`",
        ),
        (r#"{"state":"reported"}"#, "another version; deploy the stack again"),
    ] {
        let (code, said) = test_mail(function);
        assert_eq!(code, Some(FAILED), "{said}");
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn settings_that_the_stack_would_refuse_are_not_uploaded() {
    let smtp = "[mail]\nfrom = \"kim@msp.example\"\n[mail.smtp]\nhost = \"mx\"";
    let refused = push(smtp);
    let said = out(&refused) + &err(&refused);
    assert_eq!(refused.status.code(), Some(FAILED), "{said}");
    for words in [
        "line 2: `from` is `kim@msp.example`, and this stack may only send as `billing@msp.example`",
        "line 3: a stack sends its mail through SES and ignores [mail.smtp]",
    ] {
        assert!(said.replace('\n', " ").contains(words), "{words}: {said}");
    }
    let own = push("[mail]\nfrom = \"Truecount <billing@msp.example>\"");
    let said = out(&own) + &err(&own);
    assert!(!said.contains("may only send") && said.contains("s3://b/config/rules.toml"), "it goes on: {said}");
}
