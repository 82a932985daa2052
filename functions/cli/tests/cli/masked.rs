//! Vendors that repeat the keys that they are asked with: none of them is printed, stored or mailed.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use truecount_embedded::{Durability, LocalBackend};
use truecount_platform::Value;
use truecount_support::environment;

use crate::office::{Ended, Office};
use crate::vendor::{self, Answer, Asked};

/// The vendors' keys and one token; each has this in it.
const CANARY: &str = "c4n4ry";
const TOKEN: &str = "Tok-c4n4ry-0123456789";

const SECRETS: &str = r#"
[docs]
api_key = "Key-c4n4ry-0123456789"

[rmm2]
client_id = "Id-c4n4ry-0123456789"
client_secret = "Sec-c4n4ry-0123456789"

[invoices]
client_id = "Cli-c4n4ry-0123456789"
public_key = "Pub-c4n4ry-0123456789"
private_key = "Pri-c4n4ry-0123456789"
"#;

/// The public and the private key as HTTP Basic has them, without its end.
const BASIC: &str = "YWNtZStQdWItYzRuNHJ5LTAxMjM0NTY3ODk6UHJpLWM0bjRyeS0wMTIzNDU2Nzg5";

fn sources(base: &str) -> String {
    format!(
        r#"
[[sources]]
id = "docs"
connector = "hudu"
base_url = "{base}"

[[sources]]
id = "rmm2"
connector = "ninjaone"
base_url = "{base}"

[[sources]]
id = "invoices"
connector = "connectwise"
side = "invoiced"
company = "acme"
codebase = "v4_6_release"
base_url = "{base}"
"#
    )
}

/// What a request was made with, as a vendor would repeat it.
fn key_of(asked: &Asked) -> String {
    let authorization = asked.header("authorization").split(' ').next_back().unwrap_or_default();
    let key = [authorization.trim_end_matches('='), asked.header("x-api-key")].into_iter().find(|key| !key.is_empty());
    key.unwrap_or_else(|| asked.body.split('&').find_map(|field| field.strip_prefix("client_secret=")).unwrap())
        .to_owned()
}

/// How a vendor repeats a key.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Echo {
    Code,
    NestedCode,
    RefusedToken,
    Redirect,
    Header,
    Name,
    ForeignLink,
}

fn answer(echo: Echo, asked: &Asked) -> Answer {
    let key = key_of(asked);
    let is_token = asked.line.starts_with("POST");
    match echo {
        _ if is_token && echo != Echo::RefusedToken => {
            Answer::json(format!(r#"{{"access_token": "{TOKEN}", "expires_in": 3600, "scope": "monitoring {key}"}}"#))
        }
        Echo::Code | Echo::RefusedToken => Answer("403 Forbidden", vec![], format!(r#"{{"error": "{key}"}}"#)),
        Echo::NestedCode => Answer("400 Bad Request", vec![], format!(r#"{{"error": {{"code": "E-{key}"}}}}"#)),
        Echo::Redirect => {
            Answer("302 Found", vec![("Location", format!("https://{key}.example/{key}"))], String::new())
        }
        Echo::Header => {
            Answer("429 Too Many Requests", vec![("Retry-After", "999".to_owned()), ("Date", key)], String::new())
        }
        Echo::Name => Answer::json(format!(r#"[{{"id": 1, "name": "{key}", "{key}": "{key}"}}]"#)),
        Echo::ForeignLink => {
            let link = format!("<https://{key}.example/?k={key}>; rel=\"next\"");
            Answer("200 OK", vec![("Link", link)], format!(r#"[{{"id": 1, "name": "{key}"}}]"#))
        }
    }
}

fn office(echo: Echo) -> Office {
    let office = Office::open();
    let base = vendor::start(move |asked| answer(echo, asked));
    let settings = office.path("config/settings.toml");
    let text = fs::read_to_string(&settings).unwrap() + &sources(&base);
    fs::write(&settings, text).unwrap();
    let secrets = office.path("config/secrets.toml");
    fs::write(&secrets, SECRETS).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&secrets, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    office
}

/// Whether a key, or what Basic makes of two, is in a text, whatever the case of its letters.
fn has_key(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    text.contains(CANARY) || text.contains(&BASIC.to_lowercase())
}

/// The files below a folder that hold a key as they are, unpacked, or as a mail's decoded parts.
fn leaking(folder: &Path, leaks: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            leaking(&path, leaks);
            continue;
        }
        if path.ends_with("config/secrets.toml") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let mut parts = vec![unpacked(&bytes), bytes.clone()];
        if path.extension().is_some_and(|ending| ending == "eml") {
            let mail = mail_parser::MessageParser::default().parse(&bytes).unwrap();
            parts.extend(mail.parts.iter().map(|part| part.contents().to_vec()));
        }
        if parts.iter().any(|part| has_key(part)) {
            leaks.push(path.display().to_string());
        }
    }
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let _ = GzDecoder::new(bytes).read_to_end(&mut text);
    text
}

/// The rows of the table that hold a key.
async fn leaking_rows(data: &Path) -> Vec<String> {
    let backend = LocalBackend::open(data, Durability::Bulk).unwrap();
    let env = environment(&backend, "2026-06-30T21:00:00Z".parse().unwrap());
    let sources: Vec<_> = ["docs", "rmm2", "invoices", "psa", "rmm"].map(|id| id.parse().unwrap()).into();
    let rows =
        env.store.raw_rows(&sources, "2026-06-30".parse().unwrap(), &["2026-06".parse().unwrap()]).await.unwrap();
    assert!(rows.len() > 10, "{} rows", rows.len());
    let leaks = |value: &Value| match value {
        Value::Text(text) => has_key(text.as_bytes()),
        Value::Bytes(bytes) => has_key(bytes) || has_key(&unpacked(bytes)),
        Value::Number(_) | Value::Flag(_) => false,
    };
    let rows = rows.iter().filter(|row| row.attributes.values().any(leaks) || has_key(row.sk.as_bytes()));
    rows.map(|row| format!("{} {}", row.pk, row.sk)).collect()
}

#[tokio::test]
async fn a_key_that_a_vendor_repeats_is_masked_wherever_it_appears() {
    for (echo, words) in [
        (Echo::Code, "(HTTP 403, `redacted`)"),
        (Echo::NestedCode, "(HTTP 400, `E-redacted`)"),
        (Echo::RefusedToken, "(HTTP 403, `redacted`)"),
        (Echo::Redirect, "the vendor redirects to `https://redacted.example`"),
        (Echo::Header, "slow down (429) for 999 s"),
        (Echo::Name, ""),
        (Echo::ForeignLink, ""),
    ] {
        let office = office(echo);
        let mut printed = String::new();
        for args in
            [&["run", "--closing"][..], &["doctor"], &["sources", "show", "rmm2"], &["run", "--json"], &["exceptions"]]
        {
            let Ended { out, err, .. } = office.run(args);
            printed += &format!("{out}{err}");
        }
        assert!(printed.contains(words), "{echo:?}: `{words}` is not in {printed}");
        assert!(!has_key(printed.as_bytes()), "{echo:?}: {printed}");
        assert_eq!(office.outbox().len(), 1, "{echo:?}: {printed}");
        let mut leaks = Vec::new();
        leaking(office.data(), &mut leaks);
        leaks.extend(leaking_rows(office.data()).await);
        assert_eq!(leaks, [""; 0], "{echo:?}");
    }
}

#[test]
fn the_search_for_keys_is_alive() {
    assert!(has_key(b"a c4n4ry") && has_key(format!("<{}>", BASIC.to_lowercase()).as_bytes()) && !has_key(b"redacted"));
    let office = Office::open();
    fs::write(office.path("found.txt"), TOKEN).unwrap();
    let mut leaks = Vec::new();
    leaking(office.data(), &mut leaks);
    assert_eq!(leaks.len(), 1);
}
