//! What a stack's settings may not say is refused before anything is uploaded. The stack is a loopback endpoint that
//! answers where its parts are, and nothing else.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::thread;

use truecount_support::CSV_SOURCES;

use crate::prompt::{self, FAILED, err, out};

const PARTS: &str = r#"{"table":"t","bucket":"b","secrets":"/truecount/prod","state_machine":"arn:s","schedule":"daily","schedule_group":"default","topic":"arn:t","sender":"billing@msp.example","configuration_set":"prod","kms_key":"","functions":{"sync":"s","reconcile":"r","report":"p"}}"#;

/// Answers the parameter of the stack, and refuses everything else.
fn stand_in() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().for_each(|stream| answer(stream.unwrap())));
    url
}

fn answer(mut stream: TcpStream) {
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
    reader.read_exact(&mut vec![0; length]).unwrap();
    let (status, body) = match head.contains("amazonssm.getparameter") {
        true => (200, serde_json::json!({ "Parameter": { "Name": "n", "Type": "String", "Value": PARTS } })),
        false => (400, serde_json::json!({ "__type": "AccessDeniedException", "message": "not here" })),
    };
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
}

/// Pushes settings with this `[mail]` to the stack.
fn push(mail: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.toml"), format!("{mail}\n{CSV_SOURCES}")).unwrap();
    fs::write(folder.path().join("rules.toml"), truecount_support::rule("SRV", "server")).unwrap();
    let mut command = prompt::truecount(&["config", "push", ".", "--stack", "prod"]);
    command.current_dir(folder.path()).env("TRUECOUNT_ENDPOINT", stand_in()).env("AWS_REGION", "eu-west-2");
    command.env("AWS_ACCESS_KEY_ID", "kim").env("AWS_SECRET_ACCESS_KEY", "s").env("AWS_MAX_ATTEMPTS", "1");
    command.output().unwrap()
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
