//! A stack whose settings are refused before anything is uploaded, and whose report function sends the test mail. The
//! stack is a loopback endpoint that answers where its parts are, and as that function; nothing else.

use std::fs;
use std::process::{Command, Output};

use truecount_support::CSV_SOURCES;

use crate::office::Office;
use crate::prompt::{self, FAILED, err, out};
use crate::stand_in;

/// Pushes settings with this `[mail]` to the stack.
fn push(mail: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.toml"), format!("{mail}\n{CSV_SOURCES}")).unwrap();
    fs::write(folder.path().join("rules.toml"), truecount_support::rule("SRV", "server")).unwrap();
    at_stack(&["config", "push", ".", "--stack", "prod"], "").current_dir(folder.path()).output().unwrap()
}

/// The command, where the report function answers so.
fn at_stack(args: &[&str], function: &'static str) -> Command {
    stand_in::at_stack(args, move |asked| {
        let is_report = asked.head.starts_with("post /2015-03-31/functions/p/invocations");
        (is_report && !function.is_empty()).then(|| {
            assert_eq!(asked.body, r#"{"test":{"to":"billing"}}"#);
            let failed = if function.contains("errorMessage") { "x-amz-function-error: Unhandled\r\n" } else { "" };
            (200, function.to_owned(), failed)
        })
    })
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

/// Also in a debug build, whose frames are large.
#[cfg(unix)]
#[test]
fn a_small_stack_is_enough() {
    let at_stack = prompt::on_small_stack(&at_stack(&["doctor", "--stack", "prod"], "")).output().unwrap();
    assert_eq!(at_stack.status.code(), Some(FAILED), "{}", err(&at_stack));
    assert!(err(&at_stack).contains(" checks, "), "{}", err(&at_stack));
    let office = Office::open().with_files("2026-06-30").at("2026-06-30T20:00:00Z");
    office.run(&["sync"]);
    let in_folder = prompt::on_small_stack(&office.command(&["doctor"])).output().unwrap();
    assert!(in_folder.status.code().is_some(), "{}", err(&in_folder));
    assert!(out(&in_folder).contains("next run"), "{}", out(&in_folder));
}
