//! Secrets stay where they belong: every secret, token and field that billing does not need has a value that is found
//! nowhere after a month was worked through with all logs on, and a search that is known to find one.
//!
//! A binary of its own: it listens to everything that the whole process logs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod month;
mod search;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use truecount_platform::{Archive, Row, Value};
use truecount_sandbox::{FaultProfile, Sample};

use crate::month::Month;
use crate::search::{Logs, found_in, found_in_bytes};

#[tokio::test]
async fn no_secret_is_written_anywhere() {
    let logs = Logs::listen();
    let month = Month::open(&Arc::new(Sample::small(6, "2026-06".parse().unwrap()))).await;
    let answers = month.work().await;
    assert!(answers.iter().any(|answer| answer.contains("\"outcome\":\"sent\"")), "{answers:?}");

    // What it says when things go wrong.
    let mut failures = Vec::new();
    for fault in FaultProfile::all(&month.vendors.foreign_url()) {
        failures.extend(month.sync_with(&fault).await);
    }
    failures.extend(month.sync_with_wrong_secrets().await);
    failures.extend(month.sync_with_broken_secrets().await);
    assert!(failures.iter().filter(|answer| answer.contains("failed")).count() > 10, "{failures:?}");

    let mut places = Vec::new();
    for (what, texts) in [("answers", &answers), ("failures", &failures), ("debug", &month.debug_texts().await)] {
        places.extend(texts.iter().flat_map(|text| found_in_bytes(what, text.as_bytes())));
    }
    places.extend(found_in_bytes("logs", &logs.bytes()));
    places.extend(found_in(&month).await);
    assert_eq!(places, Vec::<String>::new());
    assert!(logs.bytes().len() > 100_000, "all was logged: {} bytes", logs.bytes().len());

    // What identifies a device or a person is kept: counts are joined and explained by it.
    let rows = month.rows().await;
    let stored: String = rows.iter().flat_map(|row| row.attributes.values()).map(search::unpacked).collect();
    for identity in [
        r#""serial":"SN-0000"#,
        r#""mac_addresses":["00:00:5E:00:"#,
        r#""host_name":""#,
        r#".client.example"}"#,
        r#""object_id":""#,
        "@client.example",
        "@alias.client.example",
    ] {
        assert!(stored.contains(identity), "`{identity}` is in no snapshot");
    }

    // The search is alive: whatever is put somewhere is found there.
    tracing::trace!(secret = "tc-canary-planted", "planted");
    assert_eq!(found_in_bytes("logs", &logs.bytes()), ["logs: tc-canary-planted"]);
    let encoded = STANDARD.encode("acme+tc-canary-planted:x");
    for (shift, what) in ["", "a", "ab"].iter().enumerate() {
        let encoded = STANDARD.encode(format!("{what}tc-canary-planted"));
        assert_eq!(found_in_bytes("text", encoded.as_bytes()).len(), 1, "base64 at {shift}");
    }
    assert_eq!(found_in_bytes("text", encoded.as_bytes()).len(), 1);
    assert_eq!(found_in_bytes("text", b"tc%2Dcanary%2Dplanted").len(), 1);
    assert_eq!(found_in_bytes("text", &search::gzip(b"tc-canary-planted")).len(), 1);

    let archive = month.backend.archive();
    archive.put_new("raw/planted/0.jsonl.gz", search::gzip(b"{\"a\":\"tc-canary-planted\"}")).await.unwrap();
    let packed = Value::Bytes(search::gzip(b"tc-canary-planted"));
    month.backend.table().put(Row::new("MONTHS", "planted").with("chunk", packed)).await.unwrap();
    let attached = STANDARD.encode(json!({ "x": "tc-canary-planted" }).to_string());
    std::fs::write(month.folder.path().join("outbox/planted.eml"), format!("Subject: x\r\n\r\n{attached}")).unwrap();
    let found = found_in(&month).await;
    for place in ["archive/raw/planted/0.jsonl.gz", "table: MONTHS", "outbox/planted.eml"] {
        assert!(found.iter().any(|found| found.contains(place)), "{place}: {found:?}");
    }
}
