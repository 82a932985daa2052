//! A stack on loopback: an endpoint that says where its parts are, and to everything else what a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use crate::prompt;

/// Where its parts are.
const PARTS: &str = r#"{"table":"truecount","bucket":"b","secrets":"/truecount/prod","state_machine":"arn:aws:states:eu-west-2:123456789012:stateMachine:prod-closing","schedule":"daily","schedule_group":"default","topic":"arn:t","alarm":"prod","sender":"billing@msp.example","configuration_set":"prod","kms_key":"","functions":{"sync":"s","reconcile":"r","report":"p"}}"#;

/// A request: its first line and headers in small letters, and its body.
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Status, body, and more headers, each with its end of line.
pub(crate) type Answer = (u16, String, &'static str);

/// The refusal of a right.
pub(crate) fn denied() -> Answer {
    refused("AccessDeniedException", "not here")
}

/// A refusal in AWS's JSON protocol.
pub(crate) fn refused(code: &str, message: &str) -> Answer {
    (400, serde_json::json!({ "__type": code, "message": message }).to_string(), "")
}

/// The command at a stack that answers so; `None` is a refusal.
pub(crate) fn at_stack(args: &[&str], answer: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Command {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            serve(&mut stream.unwrap(), &*answer);
        }
    });
    let mut command = prompt::truecount(args);
    command.env("TRUECOUNT_ENDPOINT", url).env("AWS_REGION", "eu-west-2");
    command.env("AWS_ACCESS_KEY_ID", "kim").env("AWS_SECRET_ACCESS_KEY", "s").env("AWS_MAX_ATTEMPTS", "1");
    command
}

fn serve(stream: &mut TcpStream, answer: &dyn Fn(&Asked) -> Option<Answer>) {
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
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let asked = Asked { head, body: String::from_utf8(body).unwrap() };
    let (status, body, headers) = if asked.head.contains("amazonssm.getparameter") {
        (200, serde_json::json!({ "Parameter": { "Name": "n", "Type": "String", "Value": PARTS } }).to_string(), "")
    } else {
        answer(&asked).unwrap_or_else(denied)
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    );
    let _ = stream.write_all((head + &body).as_bytes());
}
