//! Every source with every fault of a vendor, once and for good, at each of its requests: what is read is what is there,
//! or it is said that it is not.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use truecount_billing::{Agreement, BilledLine};
use truecount_connectors::{
    AccountReading, CrawlError, CrawlState, Http, HttpSetup, Limits, Note, PaperTime, Reader, Reading, Snapshot,
    Source, connect, crawl,
};

use crate::{
    graph::graph_answer,
    list::{DAY, Kept, secret},
    server::{Asked, Reply, Vendor},
    vendors::{check_declared, connectwise_answer, fits, fixture, ninjaone_answer, pax8_answer},
};

/// A source's well-behaved stand-in.
struct Subject {
    kind: &'static str,
    /// `BASE` stands for the stand-in's address.
    options: &'static str,
    answer: fn(&Asked) -> Reply,
}

const SUBJECTS: [Subject; 6] = [
    Subject {
        kind: "connectwise",
        options: "base_url = \"BASE\"\ncompany = \"lantern\"\nconcurrency = 1",
        answer: connectwise_answer,
    },
    Subject {
        kind: "connectwise",
        options: "base_url = \"BASE\"\ncompany = \"lantern\"\nconcurrency = 1\nside = \"invoiced\"",
        answer: connectwise_answer,
    },
    Subject { kind: "ninjaone", options: "base_url = \"BASE\"", answer: ninjaone_answer },
    Subject { kind: "pax8", options: "base_url = \"BASE/v1\"", answer: pax8_answer },
    Subject {
        kind: "microsoft-graph",
        options: "base_url = \"BASE\"\nlogin_url = \"BASE\"\nconcurrency = 1\ntenants = [{ id = \"tenant-a\", name = \"A\" }, { id = \"tenant-b\", name = \"B\" }]",
        answer: graph_answer,
    },
    Subject { kind: "hudu", options: "base_url = \"BASE\"", answer: hudu_answer },
];

fn hudu_answer(asked: &Asked) -> Reply {
    let list = asked.path().trim_start_matches("/api/v1/").trim_start_matches("asset_");
    let page = asked.target.rsplit("page=").next().unwrap();
    let file = match (list, page) {
        (_, "1") | ("assets", "2") => format!("hudu/{list}-{page}.json"),
        _ => format!("hudu/{list}-end.json"),
    };
    Reply::json(fixture(&file))
}

const SECRET: &[(&str, &str)] = &[
    ("api_key", "hunter2"),
    ("client_id", "id"),
    ("client_secret", "hunter2"),
    ("public_key", "pub"),
    ("private_key", "hunter2"),
];

const BYTES_MAX: usize = 64 * 1024;

/// Turns a good answer into a bad one. The text is a foreign server's address.
type Spoil = fn(Reply, &str) -> Reply;

const FAULTS: [(&str, Spoil); 40] = [
    ("400", |_, _| Reply::status(400)),
    ("401", |_, _| Reply::status(401)),
    ("402", |_, _| Reply::status(402)),
    ("403", |_, _| Reply::status(403)),
    ("403 with a code", |_, _| Reply::status(403).saying(r#"{"code":"NoRight"}"#)),
    ("404", |_, _| Reply::status(404)),
    ("408", |_, _| Reply::status(408)),
    ("410", |_, _| Reply::status(410)),
    ("429", |_, _| Reply::status(429)),
    ("429 for 7 s", |_, _| Reply::status(429).with("retry-after", "7")),
    ("429 for a year", |_, _| Reply::status(429).with("retry-after", "31536000")),
    ("429 at once", |_, _| Reply::status(429).with("retry-after", "0")),
    ("429 for a word", |_, _| Reply::status(429).with("retry-after", "soon")),
    ("429 until a date", |_, _| {
        let reply = Reply::status(429).with("date", "Wed, 01 Jul 2026 06:00:00 GMT");
        reply.with("retry-after", "Wed, 01 Jul 2026 06:00:30 GMT")
    }),
    ("500", |_, _| Reply::status(500)),
    ("502 with a page", |_, _| Reply::status(502).saying("<html>Bad gateway</html>")),
    ("503", |_, _| Reply::status(503)),
    ("504", |_, _| Reply::status(504)),
    ("202", |reply, _| reply.of_status(202)),
    ("204", |_, _| Reply::status(204).saying("")),
    ("206", |reply, _| reply.of_status(206)),
    ("301 elsewhere", |_, foreign| Reply::status(301).with("location", format!("{foreign}/x"))),
    ("302 elsewhere", |_, foreign| Reply::status(302).with("location", format!("{foreign}/x"))),
    ("307 elsewhere", |_, foreign| Reply::status(307).with("location", format!("{foreign}/x"))),
    ("308 to itself", |_, _| Reply::status(308).with("location", "/")),
    ("an empty body", |reply, _| reply.saying("")),
    ("null", |reply, _| reply.saying("null")),
    ("an object", |reply, _| reply.saying("{}")),
    ("a number", |reply, _| reply.saying("7")),
    ("an error in an object", |reply, _| reply.saying(r#"{"error":{"code":"Broken","message":"no"}}"#)),
    ("a sign-in page", |reply, _| reply.saying("<!DOCTYPE html><p>Sign in</p>")),
    ("plain text", |reply, _| reply.saying("Cannot route. Codebase/company is invalid")),
    ("half of it", |reply, _| reply.half()),
    ("half of it, and the connection breaks", |reply, _| reply.cut_after(20)),
    ("not UTF-8", |_, _| Reply::bytes(vec![b'[', b'"', 0xff, b'"', b']'])),
    ("too deep", |reply, _| reply.saying(&format!("{}{}", "[".repeat(300), "]".repeat(300)))),
    ("too long", |reply, _| reply.saying(&" ".repeat(BYTES_MAX + 1))),
    ("two values", |reply, _| reply.twice()),
    ("not the packing that it says", |reply, _| reply.with("content-encoding", "gzip")),
    ("a link elsewhere", |reply, foreign| reply.with("link", format!("<{foreign}/x>; rel=\"next\""))),
];

enum Outcome {
    Failed(String),
    Read(Box<Snapshot>),
}

/// Crawls and reads as a sync does.
async fn sync(source: &Source) -> Outcome {
    let (mut state, mut kept) = (CrawlState::default(), Kept::default());
    loop {
        let limits = Limits { body_bytes_max: BYTES_MAX, ..Limits::default() };
        let time = Arc::new(PaperTime::default());
        let setup = HttpSetup { secret: secret(SECRET), time, limits, ..HttpSetup::default() };
        let http = Http::new(source, setup).unwrap();
        match crawl(source, &http, &mut state, &mut kept, &|| false).await {
            Ok(_) => {}
            Err(CrawlError::SourceError(error)) => return Outcome::Failed(error.to_string()),
            Err(CrawlError::Sink(error)) => panic!("{error}"),
        }
        match Reader::read(source, &state, DAY, &kept.pages) {
            Ok(Reading::Moved(requests)) => state.read_again(requests),
            Ok(Reading::Whole(snapshot)) => return Outcome::Read(snapshot),
            Err(error) => return Outcome::Failed(error.to_string()),
        }
    }
}

fn accounts(snapshot: &Snapshot) -> BTreeMap<String, AccountReading> {
    // Each stand-in has a port of its own, which a link names.
    let without_links = |mut one: AccountReading| {
        one.lines.iter_mut().for_each(|line| line.link = None);
        (one.account.id.to_string(), one)
    };
    snapshot.accounts().map(without_links).collect()
}

/// Lines without what a list adds that only helps to read them.
fn helped(lines: &[BilledLine]) -> Vec<BilledLine> {
    let bare = |line: &BilledLine| BilledLine {
        product_name: None,
        product_category: None,
        unit_cost: None,
        catalogue_price: None,
        agreement: Agreement { cycle_months: None, next_invoice_amount: None, ..line.agreement.clone() },
        ..line.clone()
    };
    lines.iter().map(bare).collect()
}

/// Whether what was read is what is there, wherever it says that it is complete.
fn is_honest(good: &Snapshot, found: &Snapshot) -> Result<(), String> {
    if found.receipt.unbalanced().is_some() {
        return Err("rows are lost".into());
    }
    let is_done_without = found.notes.iter().any(|(note, _)| matches!(note, Note::DoneWithout { .. }));
    let (good_accounts, found_accounts) = (accounts(good), accounts(found));
    if !found.read_state.is_complete() && good.read_state.is_complete() {
        return Ok(());
    }
    for (id, was) in &good_accounts {
        match found_accounts.get(id) {
            Some(is) if !is.account.read_state.is_complete() => {}
            Some(is) if is.items == was.items && is.lines == was.lines => {}
            Some(is) if is_done_without && is.items == was.items && helped(&is.lines) == helped(&was.lines) => {}
            Some(_) => return Err(format!("account {id} is complete and different")),
            // An account that is not there is told by the history: it was there before.
            None => return Err(format!("account {id} is missing without a word")),
        }
    }
    Ok(())
}

/// One fault at one request, `once` or for good.
async fn check(subject: &'static Subject, good: &Snapshot, (name, spoil): (&str, Spoil), at: usize, once: bool) {
    let case = format!("{}, {name}, request {at}, once: {once}", subject.kind);
    let foreign = Vendor::start(|_, _| Reply::json("[]")).await;
    let elsewhere = foreign.base.clone();
    let seen = AtomicUsize::new(0);
    let target = std::sync::Mutex::new(None::<String>);
    let vendor = Vendor::start(move |asked, _| {
        let reply = (subject.answer)(asked);
        if asked.method == "POST" {
            return reply;
        }
        let number = seen.fetch_add(1, Ordering::SeqCst);
        let mut target = target.lock().unwrap();
        if number == at {
            *target = Some(asked.target.clone());
        }
        let is_it = if once { number == at } else { target.as_deref() == Some(&asked.target) };
        if is_it { spoil(reply, &elsewhere) } else { reply }
    })
    .await;
    let source = connect(subject.kind, &subject.options.replace("BASE", &vendor.base).parse().unwrap()).unwrap();
    match sync(&source).await {
        Outcome::Failed(why) => assert!(!why.is_empty() && !why.contains("hunter2"), "{case}: {why}"),
        Outcome::Read(found) => {
            if let Err(why) = is_honest(good, &found) {
                panic!("{case}: {why}: {:?}", vendor.lines());
            }
        }
    }
    assert!(foreign.asked().is_empty(), "{case}: a foreign host is asked");
    check_declared(&source, &vendor);
    // A list may be read four times, and each of its requests be made four times.
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for line in vendor.lines() {
        *times.entry(line).or_default() += 1;
    }
    let most = times.iter().max_by_key(|(_, times)| **times).unwrap();
    assert!(*most.1 <= 4 * if once { 2 } else { 4 }, "{case}: {most:?}");
}

/// Streams that are asked for where another path is refused.
const ONLY_INSTEAD: [&str; 1] = ["agreement_recaps"];

/// What is read of a source is what is there, or it is said that it is not.
async fn is_read_or_said(subject: &'static Subject) {
    let vendor = Vendor::start(|asked, _| (subject.answer)(asked)).await;
    let source = connect(subject.kind, &subject.options.replace("BASE", &vendor.base).parse().unwrap()).unwrap();
    let Outcome::Read(good) = sync(&source).await else { panic!("{} is not read", subject.kind) };
    let asked = vendor.asked();
    let paths: Vec<&str> = asked.iter().filter(|asked| asked.method == "GET").map(Asked::path).collect();
    // The first request of each stream; all of them where they are asked for.
    let all = std::env::var("TRUECOUNT_EVERY_REQUEST").is_ok();
    let prefix = source.endpoint().unwrap().base.path().trim_end_matches('/');
    let of_stream = |path: &str| {
        let below = path.strip_prefix(prefix).unwrap_or(path);
        source.requests_by_stream().find(|(.., template)| fits(template, below)).map(|(name, ..)| name)
    };
    let mut seen = BTreeSet::new();
    let firsts: Vec<usize> = (0..paths.len()).filter(|at| seen.insert(of_stream(paths[*at]))).collect();
    // Streams of one path are one here; what is asked for only instead of another is not asked for.
    let usual = source.requests_by_stream().filter(|(name, ..)| !ONLY_INSTEAD.contains(name));
    let templates: BTreeSet<&str> = usual.map(|(.., template)| template).collect();
    assert_eq!(firsts.len(), templates.len(), "{}: not every stream is asked for: {seen:?}", subject.kind);
    for at in (0..paths.len()).filter(|at| all || firsts.contains(at)) {
        let cases =
            FAULTS.into_iter().flat_map(|fault| [true, false].map(|once| check(subject, &good, fault, at, once)));
        futures::future::join_all(cases).await;
    }
}

// A test for each source: they run beside each other.

#[tokio::test]
async fn agreements_of_connectwise_are_read_or_it_is_said() {
    is_read_or_said(&SUBJECTS[0]).await;
}

#[tokio::test]
async fn invoices_of_connectwise_are_read_or_it_is_said() {
    is_read_or_said(&SUBJECTS[1]).await;
}

#[tokio::test]
async fn ninjaone_is_read_or_it_is_said() {
    is_read_or_said(&SUBJECTS[2]).await;
}

#[tokio::test]
async fn pax8_is_read_or_it_is_said() {
    is_read_or_said(&SUBJECTS[3]).await;
}

#[tokio::test]
async fn microsoft_graph_is_read_or_it_is_said() {
    is_read_or_said(&SUBJECTS[4]).await;
}

#[tokio::test]
async fn hudu_is_read_or_it_is_said() {
    is_read_or_said(&SUBJECTS[5]).await;
}
