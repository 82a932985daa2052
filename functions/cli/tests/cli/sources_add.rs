//! Adding a source whose vendor is a server on this machine: what is tested, what is written, and what never is.

use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;

use crate::prompt::{self, CLEAN, FAILED, err, out};

const KEY: &str = r#"{"client_id": "an id", "client_secret": "c4n4ry"}"#;

/// A vendor that gives tokens and two organizations, or refuses every key; its URL. It ends with the process.
fn vendor(status: &'static str) -> String {
    vendor_of(status, "monitoring")
}

/// The same, whose tokens have a scope.
fn vendor_of(status: &'static str, scope: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().for_each(|stream| answer(stream.unwrap(), status, scope)));
    url
}

fn answer(mut stream: TcpStream, status: &str, scope: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let is_token = line.starts_with("POST");
    assert!(is_token || line.starts_with("GET /v2/organizations"), "{line}");
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    reader.take(length).read_to_end(&mut Vec::new()).unwrap();
    let token = r#"{"access_token": "c4n4ry-token", "token_type": "Bearer", "expires_in": 3600, "scope": "SCOPE"}"#;
    let token = token.replace("SCOPE", scope);
    let body = match (status, is_token) {
        ("200 OK", true) => &token,
        ("200 OK", false) => r#"[{"id": 1, "name": "Harbour"}, {"id": 2, "name": "Quarry"}]"#,
        _ => r#"{"error": "invalid_client"}"#,
    };
    let length = body.len();
    let head = "Content-Type: application/json\r\nConnection: close";
    let _ = write!(stream, "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}");
}

/// A data directory with settings, without a line break at their end.
fn data_directory() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let init = prompt::truecount(&["init"]).arg("--data").arg(folder.path()).output().unwrap();
    assert_eq!(init.status.code(), Some(CLEAN), "{}", err(&init));
    let settings = fs::read_to_string(folder.path().join("config/settings.toml")).unwrap();
    fs::write(folder.path().join("config/settings.toml"), settings.trim_end().to_owned() + "\n# the end").unwrap();
    folder
}

fn settings(data: &Path) -> String {
    fs::read_to_string(data.join("config/settings.toml")).unwrap()
}

fn secrets(data: &Path) -> String {
    fs::read_to_string(data.join("config/secrets.toml")).unwrap()
}

/// The key is nowhere but in the secrets.
fn add(data: &Path, args: &[&str], key: &str) -> Output {
    let mut command = prompt::truecount(&["sources", "add"]);
    command.args(args).arg("--data").arg(data);
    let output = prompt::with_input(command, key);
    let printed = out(&output) + &err(&output);
    assert!(!printed.contains("c4n4ry") && !settings(data).contains("c4n4ry"), "{printed}");
    output
}

/// The command fails with these words, and writes nothing.
fn refuses(data: &Path, args: &[&str], key: &str, words: &[&str]) {
    let before = (settings(data), secrets(data));
    let refused = add(data, args, key);
    assert_eq!(refused.status.code(), Some(FAILED), "{args:?}: {}", err(&refused));
    for word in words {
        assert!(err(&refused).contains(word), "{args:?}: `{word}`: {}", err(&refused));
    }
    assert_eq!((settings(data), secrets(data)), before, "{args:?}");
}

#[test]
fn a_source_is_tested_and_written_behind_everything_else() {
    let folder = data_directory();
    let at = folder.path();
    let before = settings(at);
    let base = format!("base_url={}", vendor("200 OK"));
    let added = add(at, &["ninjaone", "rmm", "--option", &base, "--option", "requests_per_minute=60"], KEY);
    assert_eq!(added.status.code(), Some(CLEAN), "{}", err(&added));
    assert!(err(&added).contains("NinjaOne answers, and accepts the key."), "{}", err(&added));
    let whole = settings(at);
    let new = whole.strip_prefix(&before).unwrap_or_else(|| panic!("{whole}"));
    let base = base.replace("base_url=", "");
    let expected = "\n\n# NinjaOne: organizations and devices.\n[[sources]]\nid = \"rmm\"\nconnector = \"ninjaone\"\n";
    assert_eq!(new, format!("{expected}base_url = \"{base}\"\nrequests_per_minute = 60\n"));
    assert!(secrets(at).contains("[rmm]") && secrets(at).contains("c4n4ry"));
    let list = prompt::truecount(&["secrets", "list"]).arg("--data").arg(at).output().unwrap();
    assert!(out(&list).contains("rmm") && out(&list).contains("complete"), "{}", out(&list));
    let kept = fs::read_dir(at.join("config/history")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read_to_string(kept).unwrap(), before);

    let base = format!("base_url={base}");
    refuses(at, &["ninjaone", "rmm", "--option", &base], KEY, &["have a source `rmm` already"]);
    let file = at.join("key.json");
    fs::write(&file, KEY).unwrap();
    let file = file.to_str().unwrap();
    let again = add(at, &["ninjaone", "--json", "--option", &base, "--secret-file", file], "");
    assert_eq!(again.status.code(), Some(CLEAN), "{}", err(&again));
    let answer: serde_json::Value = serde_json::from_str(&out(&again)).unwrap();
    assert_eq!((&answer["source"], &answer["is_tested"]), (&"ninjaone".into(), &true.into()));
    assert_eq!(answer["rights"], serde_json::json!({ "needed": ["monitoring"], "excess": [], "missing": [] }));
    assert!(!err(&added).contains("Warning") && !err(&again).contains("Warning"), "{}", err(&added));
}

#[test]
fn a_key_that_may_do_too_much_is_named_and_kept() {
    let folder = data_directory();
    let at = folder.path();
    let base = format!("base_url={}", vendor_of("200 OK", "monitoring management control offline_access"));
    let added = add(at, &["ninjaone", "rmm", "--option", &base], KEY);
    assert_eq!(added.status.code(), Some(CLEAN), "{}", err(&added));
    let warning = "Warning: the key may also do: control and management. Truecount only reads: give the key only \
                   monitoring, and name no more in `oauth_scope`.";
    assert!(err(&added).contains(warning), "{}", err(&added));
    assert!(secrets(at).contains("[rmm]") && settings(at).contains("id = \"rmm\""));
    let in_json = add(at, &["ninjaone", "other", "--json", "--option", &base], KEY);
    let answer: serde_json::Value = serde_json::from_str(&out(&in_json)).unwrap();
    let rights = serde_json::json!({ "needed": ["monitoring"], "excess": ["control", "management"], "missing": [] });
    assert_eq!(answer["rights"], rights, "{}", out(&in_json));
}

#[test]
fn what_cannot_be_used_is_named_and_nothing_is_written() {
    let folder = data_directory();
    let at = folder.path();
    let good = format!("base_url={}", vendor("200 OK"));
    let refusing = format!("base_url={}", vendor("401 Unauthorized"));
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("base_url=http://{}", listener.local_addr().unwrap())
    };
    refuses(at, &["ninjaone", "--option", &refusing], KEY, &["nothing was written: check the key", "401"]);
    refuses(at, &["ninjaone", "--option", &nobody], KEY, &["nothing was written", "127.0.0.1"]);
    let wrong = ["ninjaone", "--option", &good, "--option", "request_per_minute=6"];
    refuses(at, &wrong, KEY, &["request_per_minute"]);
    refuses(at, &["ninjaone"], KEY, &["base_url"]);
    refuses(at, &["ninjaone", "--option", "base_url"], KEY, &["`base_url` is not an option: write KEY=VALUE"]);
    refuses(at, &["ninjaone", "--option", &good, "--option", &good], KEY, &["`base_url` is given twice"]);
    refuses(at, &["ninjaone", "--option", "base_url=http://vendor.example"], KEY, &["only https is allowed"]);
    refuses(at, &["ninjaone", "--option", &good], r#"{"client_id": "c4n4ry"}"#, &["`client_secret` is missing"]);
    refuses(
        at,
        &["ninjaone", "smtp", "--option", &good, "--kms-key", "k"],
        KEY,
        &["--kms-key is for a deployed stack"],
    );
    refuses(at, &["nosuch"], KEY, &["there is no kind of source `nosuch`; there are: ", "pax8"]);
    refuses(at, &["file"], KEY, &["reads files and needs no key"]);

    let untested = add(at, &["ninjaone", "--no-test", "--option", &nobody], KEY);
    assert_eq!(untested.status.code(), Some(CLEAN), "{}", err(&untested));
    assert!(settings(at).contains("id = \"ninjaone\"\nconnector = \"ninjaone\"\nbase_url = \"http://127"));
}

const DEVICES: &str = "Devices of all customers,,,\r
Organization,Display Name,Device Role,Last Contact\r
Harbour Dental,hd-1,Windows Server,29/06/2026\r
Mill & Sons,ms-1,Windows Laptop,13/06/2026\r
";

#[test]
fn an_export_is_recognised_shown_and_written_down() {
    let folder = data_directory();
    let at = folder.path();
    let before = settings(at);
    let file = at.join("devices 2026-06-30.csv");
    fs::write(&file, DEVICES).unwrap();
    let file = file.to_str().unwrap();

    refuses(at, &[file, "rmm"], "", &["nothing was written: add --yes"]);
    let added = add(at, &[file, "rmm", "--yes"], "");
    assert_eq!(added.status.code(), Some(CLEAN), "{}{}", out(&added), err(&added));
    for shown in ["Organization", "account_id", "Harbour Dental", "last_seen"] {
        assert!(out(&added).contains(shown), "{shown}: {}", out(&added));
    }
    assert!(out(&added).lines().chain(err(&added).lines()).all(|line| line.chars().count() <= 160), "{}", out(&added));
    let whole = settings(at);
    let new = whole.strip_prefix(&before).unwrap_or_else(|| panic!("{whole}"));
    assert!(new.contains("connector = \"file\"\n") && new.contains("preset = \"ninjaone-devices\"\n"), "{new}");
    refuses(at, &[file, "rmm", "--yes"], "", &["have a source `rmm` already"]);

    let data = at.to_str().unwrap();
    let synced = prompt::truecount(&["sync", "rmm", "--file", file, "--data", data]).output().unwrap();
    assert_eq!(synced.status.code(), Some(CLEAN), "{}{}", out(&synced), err(&synced));
    assert!(out(&synced).contains("2026-06-30"), "{}", out(&synced));

    let json = add(at, &[file, "other", "--yes", "--json"], "");
    let read: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(
        (&read["source"], &read["preset"], &read["rows"]),
        (&"other".into(), &"ninjaone-devices".into(), &2.into())
    );
}

#[test]
fn what_an_export_leaves_open_is_asked_with_the_key_that_answers_it() {
    let folder = data_directory();
    let at = folder.path();
    let file = at.join("devices 2026-06-30.csv");
    fs::write(&file, DEVICES.replace("29/06/2026", "02/06/2026").replace("13/06/2026", "03/06/2026")).unwrap();
    let file = file.to_str().unwrap();
    refuses(at, &[file, "rmm", "--yes"], "", &["leaves open", "dates: which number of a day is the month", "D/M/Y"]);
    let added = add(at, &[file, "rmm", "--yes", "--option", "dates=D/M/Y"], "");
    assert_eq!(added.status.code(), Some(CLEAN), "{}{}", out(&added), err(&added));
    assert!(settings(at).contains("dates = \"D/M/Y\"\n"), "{}", settings(at));
    refuses(at, &[file, "rmm", "--yes", "--option", "dattes=D/M/Y"], "", &["dattes", "dates"]);
    let broken = at.join("broken 2026-06-30.csv");
    fs::write(&broken, DEVICES.replace("hd-1", "\"hd-1")).unwrap();
    refuses(at, &[broken.to_str().unwrap(), "broken", "--yes"], "", &["quotation mark that is never closed"]);
}
