//! Sources that need no test code of their own: a folder of fixtures with a `source.toml` says what the source is asked
//! and what it answers; what is read of it is a snapshot beside the others.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};

use serde::Deserialize;
use truecount_connectors::{
    CrawlState, Http, HttpSetup, PaperTime, Reader, Reading, SOURCE_KINDS, SourceKind, connect, crawl,
};

use crate::{
    list::{DAY, Kept},
    server::{Reply, Vendor},
    vendors::{check_declared, told},
};

/// A `source.toml`.
#[derive(Deserialize)]
struct Fixture {
    /// Options of the source; `{base}` in a text is the stand-in's address.
    options: toml::Table,
    secret: BTreeMap<String, String>,
    /// Headers that each request must carry.
    headers: BTreeMap<String, String>,
    /// The file that answers each request, by method and target. Every other request is a mistake.
    answers: BTreeMap<String, String>,
    /// Texts of the answers that must be in no archived page.
    redacted: Vec<String>,
}

fn folder(kind: &SourceKind) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(kind.name)
}

#[test]
fn every_source_has_fixtures() {
    for kind in SOURCE_KINDS {
        assert!(fs::read_dir(folder(kind)).is_ok_and(|files| files.count() > 1), "{} has none", kind.name);
    }
}

#[tokio::test]
async fn fixtures_are_read() {
    let mut count = 0;
    for kind in SOURCE_KINDS {
        let Ok(text) = fs::read_to_string(folder(kind).join("source.toml")) else { continue };
        check(kind, toml::from_str(&text).unwrap()).await;
        count += 1;
    }
    assert!(count > 0, "no folder has a source.toml");
}

async fn check(kind: &'static SourceKind, fixture: Fixture) {
    let answers = fixture.answers.clone();
    let vendor = Vendor::start(move |asked, _| {
        let line = format!("{} {}", asked.method, asked.target);
        match answers.get(&line) {
            Some(file) => Reply::json(fs::read_to_string(folder(kind).join(file)).unwrap()),
            None => Reply::status(404),
        }
    })
    .await;
    let mut options = fixture.options;
    for value in options.iter_mut().map(|(_, value)| value) {
        if let Some(text) = value.as_str() {
            *value = text.replace("{base}", &vendor.base).into();
        }
    }
    let source = connect(kind.name, &options).unwrap();
    let secret = fixture.secret.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let setup = HttpSetup { secret, time: Arc::new(PaperTime::default()), ..HttpSetup::default() };
    let http = Http::new(&source, setup).unwrap();
    let (mut state, mut kept) = (CrawlState::default(), Kept::default());
    let snapshot = loop {
        crawl(&source, &http, &mut state, &mut kept, &|| false).await.unwrap();
        match Reader::read(&source, &state, DAY, &kept.pages).unwrap() {
            Reading::Whole(snapshot) => break snapshot,
            Reading::Moved(requests) => state.read_again(requests),
        }
    };
    assert_eq!(snapshot.receipt.unbalanced(), None);
    check_declared(&source, &vendor);
    let asked: Vec<String> = vendor.lines();
    let unused: Vec<_> = fixture.answers.keys().filter(|line| !asked.contains(line)).collect();
    assert!(unused.is_empty(), "{}: never asked: {unused:?}", kind.name);
    for request in vendor.asked() {
        for (name, value) in &fixture.headers {
            assert_eq!(request.header(name), value, "{} {}", kind.name, request.target);
        }
    }
    let archived = serde_json::to_string(&kept.pages).unwrap();
    for word in fixture.redacted.iter().chain(fixture.secret.values()) {
        assert!(!archived.contains(word.as_str()), "{}: `{word}` is in the archive", kind.name);
    }
    insta::assert_json_snapshot!(format!("{}_read", kind.name), told(&snapshot));
}
