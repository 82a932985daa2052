//! Looks for canaries in bytes as they are, decoded and unpacked: files, rows of the table, mails, logs.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use tracing_subscriber::fmt::MakeWriter;
use truecount_platform::Value;

use crate::month::Month;

/// What all of them begin with.
const CANARY: &str = "tc-canary";

/// Everything that this process logs, at every level and of every library.
#[derive(Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    pub(crate) fn listen() -> Self {
        let logs = Self::default();
        tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE).with_writer(logs.clone()).init();
        logs
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that a month left behind: the folder's files but for the secrets' own, and the table's rows.
pub(crate) async fn found_in(month: &Month) -> Vec<String> {
    let mut found = Vec::new();
    files(month.folder.path(), month.folder.path(), &mut found);
    for row in month.rows().await {
        let place = format!("table: {} {}", row.pk, row.sk);
        found.extend(found_in_bytes(&place, format!("{} {}", row.pk, row.sk).as_bytes()));
        for (name, value) in &row.attributes {
            let bytes = match value {
                Value::Text(text) => text.as_bytes().to_vec(),
                Value::Bytes(bytes) => bytes.clone(),
                Value::Number(_) | Value::Flag(_) => continue,
            };
            found.extend(found_in_bytes(&format!("{place} {name}"), &bytes));
        }
    }
    found
}

fn files(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(root, &path, found);
        } else if path != root.join("config/secrets.toml") {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.extend(found_in_bytes(&name, &fs::read(&path).unwrap()));
        }
    }
}

/// The canaries in some bytes: as they are, in base64, percent-encoded or hexadecimal, and within what they unpack to.
pub(crate) fn found_in_bytes(place: &str, bytes: &[u8]) -> Vec<String> {
    let mut found = plain(place, bytes);
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        GzDecoder::new(bytes).read_to_end(&mut unpacked).unwrap();
        found.extend(plain(place, &unpacked));
    }
    found
}

fn plain(place: &str, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for at in positions(bytes, CANARY.as_bytes()) {
        let end = bytes[at..].iter().position(|b| !b.is_ascii_alphanumeric() && !b"-._".contains(b));
        let value = String::from_utf8_lossy(&bytes[at..end.map_or(bytes.len(), |end| at + end)]).into_owned();
        found.push(format!("{place}: {value}"));
    }
    for encoded in encoded() {
        found.extend(positions(bytes, encoded.as_bytes()).iter().map(|_| format!("{place}: encoded as {encoded}")));
    }
    found.dedup();
    found
}

/// The canary in base64 at each of its three alignments, without what its neighbours decide, and in other writings.
fn encoded() -> Vec<String> {
    let shifted = |shift: usize| {
        let text = STANDARD.encode(format!("{}{CANARY}", "x".repeat(shift)));
        let text = text.trim_end_matches('=');
        let from = (shift * 8).div_ceil(6);
        let to = (shift + CANARY.len()) * 8 / 6;
        text[from..to.min(text.len())].to_owned()
    };
    let hex = CANARY.bytes().map(|b| format!("{b:02x}")).collect();
    vec![shifted(0), shifted(1), shifted(2), hex, CANARY.replace('-', "%2D"), CANARY.replace('-', "%2d")]
}

fn positions(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(bytes, wanted).collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

/// The text of packed bytes; nothing for any other value.
pub(crate) fn unpacked(value: &Value) -> String {
    let Value::Bytes(bytes) = value else { return String::new() };
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    text
}
