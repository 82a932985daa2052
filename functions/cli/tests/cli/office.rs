//! A small MSP in a folder of its own, whose PSA and RMM are CSV files, and the command that works in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use truecount_support::{CSV_SOURCES, rule, write_file};

use crate::prompt;

/// A folder with settings, rules and files: three clients, one of them underbilled.
pub(crate) struct Office {
    folder: TempDir,
    clock: String,
    password: Option<String>,
}

const MAIL: &str = r#"
[mail]
from = "Truecount <truecount@msp.example>"

[[mail.groups]]
id = "billing"
to = ["anna@msp.example", "ben@msp.example"]
"#;

impl Office {
    /// Opens it on a day near the end of June 2026.
    pub(crate) fn open() -> Self {
        let office = Self { folder: tempfile::tempdir().unwrap(), clock: String::new(), password: None };
        write_file(office.data(), "config/settings.toml", format!("{MAIL}{CSV_SOURCES}"));
        write_file(office.data(), "config/rules.toml", rule("MNG-WKS", "workstation"));
        office.at("2026-06-30T20:00:00Z").with_files("2026-06-30")
    }

    /// The same at another moment.
    pub(crate) fn at(self, clock: &str) -> Self {
        Self { clock: clock.to_owned(), ..self }
    }

    /// Billed lines and usage as of a day.
    pub(crate) fn with_files(self, day: &str) -> Self {
        let mut lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n".to_owned();
        let mut items = "account_id,account_name,item_id,kind,status\n".to_owned();
        for (client, billed, used) in [("Harbour", 2, 3), ("Meadow", 2, 2), ("Quarry", 1, 1)] {
            lines += &format!("L-{client},{client},{client} Ltd,MNG-WKS,{billed},10.00,GBP\n");
            for item in 0..used {
                items += &format!("a-{client},{client} Ltd,{client}-{item},workstation,active\n");
            }
        }
        self.drop_file("psa", &format!("lines-{day}.csv"), &lines);
        self.drop_file("rmm", &format!("devices-{day}.csv"), &items);
        self
    }

    pub(crate) fn drop_file(&self, source: &str, name: &str, text: &str) {
        truecount_support::drop_file(self.data(), source, name, text);
    }

    /// The same, with more settings of the mail.
    pub(crate) fn with_mail_server(mut self, smtp: &str, password: &str) -> Self {
        let mail = MAIL.replacen("[[mail.groups]]", &format!("[mail.smtp]\n{smtp}\n\n[[mail.groups]]"), 1);
        write_file(self.data(), "config/settings.toml", format!("{mail}{CSV_SOURCES}"));
        self.password = Some(password.to_owned());
        self
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    /// The command, not yet started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = prompt::truecount(args);
        command.arg("--data").arg(self.data()).env("TRUECOUNT_CLOCK", &self.clock);
        if let Some(password) = &self.password {
            command.env("TRUECOUNT_SECRET_SMTP", format!("{{\"password\":\"{password}\"}}"));
        }
        command
    }

    /// The same at another moment, this once.
    pub(crate) fn run_at(&self, clock: &str, args: &[&str]) -> Ended {
        Ended::of(self.command(args).env("TRUECOUNT_CLOCK", clock).output().unwrap())
    }

    /// How the command ended, and what it printed.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().unwrap())
    }

    /// The mails in the outbox, by name.
    pub(crate) fn outbox(&self) -> Vec<(String, Vec<u8>)> {
        let Ok(files) = fs::read_dir(self.path("outbox")) else { return Vec::new() };
        let mut mails: Vec<_> = files
            .map(|file| file.unwrap())
            .map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap()))
            .collect();
        mails.sort();
        mails
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The command ended with this code, and printed each of these on stdout or stderr.
#[track_caller]
pub(crate) fn expect(ended: &Ended, code: i32, words: &[&str]) {
    let all = format!("{}{}", ended.out, ended.err);
    assert_eq!(ended.code, Some(code), "{all}");
    for word in words {
        assert!(all.contains(word), "`{word}` is not in {all}");
    }
}

/// A mail's text, decoded.
pub(crate) fn text_of(message: &[u8]) -> String {
    let mail = mail_parser::MessageParser::default().parse(message).unwrap();
    mail.body_text(0).unwrap().into_owned()
}
