//! Everything that a vendor or the way to it can do wrong, and what is said about it.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use base64::Engine as _;
use flate2::{Compression, write::GzEncoder};
use secrecy::SecretString;
use truecount_billing::{FetchFailure, FetchProblem, ReadReason, ReadState, Remedy};
use truecount_connectors::{CrawlError, CrawlProgress, CrawlState, CredentialProvider, Limits, SourceError};

use crate::{
    list::{Lists, Run, Scoped, run, run_renewing, run_with, secret},
    server::{Asked, Reply, Vendor},
};

const ACCOUNTS: &str = r#"{"accounts":["a","b","c"]}"#;

/// A vendor that is well but for one path.
async fn well_but(path: &'static str, wrong: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Vendor {
    let times = std::sync::atomic::AtomicUsize::new(0);
    Vendor::start(move |asked, _| {
        if asked.path() == path {
            return wrong(times.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        }
        well(asked)
    })
    .await
}

fn well(asked: &Asked) -> Reply {
    match asked.path() {
        "/accounts" => Reply::json(ACCOUNTS),
        path if path.starts_with("/token/") => Reply::json(r#"{"access_token":"t0k3n","expires_in":3600}"#),
        path => Reply::json(format!(r#"{{"items":["{}-1"],"secret":"s3cr3t"}}"#, &path[7..])),
    }
}

fn fault(run: &Run) -> &SourceError {
    match run.result.as_ref().unwrap_err() {
        CrawlError::SourceError(fault) => fault,
        CrawlError::Sink(error) => panic!("{error}"),
    }
}

fn count(vendor: &Vendor, path: &str) -> usize {
    vendor.asked().iter().filter(|asked| asked.path() == path).count()
}

/// A fault of the source: what is said, what helps, and how often the vendor was asked for it.
async fn check(
    expected: &str,
    (remedy, wait): (Remedy, Option<u64>),
    requests: usize,
    wrong: impl Fn(usize) -> Reply + Send + Sync + 'static,
) {
    let vendor = well_but("/accounts", wrong).await;
    let run = run(&Lists::basic(&vendor.base)).await;
    let said = run.error().replace(&vendor.base, "BASE");
    assert_eq!(said, format!("`accounts`: {expected}"));
    assert_eq!(fault(&run).remedy(), remedy, "{expected}");
    assert_eq!(fault(&run).retry_after(), wait.map(Duration::from_secs), "{expected}");
    assert_eq!(count(&vendor, "/accounts"), requests, "{expected}");
    assert_eq!(run.state.requests, requests as u64, "{expected}");
    assert!(run.kept.pages.is_empty() && run.state.waiting() == 1, "still to be asked: {expected}");
    for told in [format!("{:?}", run.result), format!("{:?}", run.state), run.error()] {
        for secret in ["hunter2", "u53r", "t0k3n", "s3cr3t", "aHVudGVyMg"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
}

/// A failure of the request for an account's items.
fn failure(problem: FetchProblem, status: u16, code: Option<&str>, detail: &str) -> FetchFailure {
    FetchFailure {
        step: "items".to_owned(),
        account: None,
        problem,
        status: Some(status),
        vendor_code: code.map(str::to_owned),
        detail: detail.to_owned(),
    }
}

const SOON: (Remedy, Option<u64>) = (Remedy::Retry, Some(300));
const FIX_CREDENTIALS: (Remedy, Option<u64>) = (Remedy::FixCredentials, None);
const FIX_CONFIGURATION: (Remedy, Option<u64>) = (Remedy::FixConfiguration, None);

#[tokio::test]
async fn a_source_that_fails_is_named() {
    check("the vendor's server fails (HTTP 500)", SOON, 4, |_| Reply::status(500)).await;
    check("the vendor's server fails (HTTP 503)", SOON, 4, |_| Reply::status(503)).await;
    check("the vendor asks us to slow down (429)", SOON, 4, |_| Reply::status(429)).await;
    let after = "the vendor asks us to slow down (429) for 7 s";
    check(after, (Remedy::Retry, Some(7)), 4, |_| Reply::status(429).with("retry-after", "7")).await;
    let year = "the vendor asks us to slow down (429) for 31536000 s";
    let wait = (Remedy::Retry, Some(31_536_000));
    check(year, wait, 1, |_| Reply::status(429).with("retry-after", "31536000")).await;
    check("the vendor does not accept the credential (HTTP 401): renew it", FIX_CREDENTIALS, 1, |_| Reply::status(401))
        .await;
    let right = "the credential may not read this (HTTP 403, `NoRight`): grant it the right at the vendor";
    let no_right = |_| Reply::status(403).saying(r#"{"code":"NoRight","message":"s3cr3t"}"#);
    check(right, FIX_CREDENTIALS, 1, no_right).await;
    let odd_code = |_| Reply::status(403).saying(r#"{"code":"hunter2 is wrong"}"#);
    let plain = "the credential may not read this (HTTP 403): grant it the right at the vendor";
    check(plain, FIX_CREDENTIALS, 1, odd_code).await;
    check("the vendor refuses the request (HTTP 404)", FIX_CONFIGURATION, 1, |_| Reply::status(404)).await;
    check("the vendor refuses the request (HTTP 202)", FIX_CONFIGURATION, 1, |_| Reply::status(202)).await;
}

#[tokio::test]
async fn an_answer_that_is_none_is_named() {
    let page = "the answer is a web page, not JSON: is `base_url` right, and is there a proxy or sign-in page between?";
    check(page, FIX_CONFIGURATION, 1, |_| Reply::json("<!DOCTYPE html><p>Sign in</p>")).await;
    check("the answer is not JSON", FIX_CONFIGURATION, 1, |_| Reply::json("Cannot route. Codebase is invalid")).await;
    check("the answer is not JSON", FIX_CONFIGURATION, 1, |_| Reply::bytes(vec![b'"', 0xff, b'"'])).await;
    check("the answer is cut short", SOON, 4, |_| Reply::json("")).await;
    check("the answer is cut short", SOON, 4, |_| Reply::json(r#"{"accounts":["a","#)).await;
    check("the answer is cut short", SOON, 4, |_| Reply::json(ACCOUNTS).cut_after(10)).await;
    let deep = "[".repeat(5000) + &"]".repeat(5000);
    let too_deep = "the answer is nested deeper than 127 levels";
    check(too_deep, FIX_CONFIGURATION, 1, move |_| Reply::json(deep.clone())).await;
    let huge = "the answer is larger than 33554432 bytes";
    check(huge, FIX_CONFIGURATION, 1, |_| Reply::bytes(vec![b' '; 33_554_433])).await;
    check(huge, FIX_CONFIGURATION, 1, |_| Reply::bytes(bomb(50_000_000)).with("content-encoding", "gzip")).await;
    check("the answer to `accounts` has no list at `/accounts`", FIX_CONFIGURATION, 1, |_| Reply::json("[]")).await;
    let twice = |_| Reply::json(r#"{"accounts":["a"],"accounts":[]}"#);
    check("the answer to `accounts` has the field `accounts` twice", FIX_CONFIGURATION, 1, twice).await;
}

/// So many blanks, packed into a few hundred kilobytes.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let block = vec![b' '; 1_000_000];
    for _ in 0..bytes / block.len() {
        encoder.write_all(&block).unwrap();
    }
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_answer_may_be_packed() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(ACCOUNTS.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let vendor = well_but("/accounts", move |_| Reply::bytes(packed.clone()).with("content-encoding", "gzip")).await;
    let run = run(&Lists::basic(&vendor.base)).await;
    assert_eq!(run.result.unwrap(), CrawlProgress::Done);
    assert_eq!(run.state.pages, 4);
}

#[tokio::test]
async fn a_vendor_that_is_gone_is_named() {
    let base = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let run = run(&Lists::basic(&base)).await;
    assert_eq!(run.error(), format!("`accounts`: `{base}` cannot be reached: no connection"));
    assert_eq!(run.state.requests, 4);
    assert!(run.time.waited() > Duration::from_millis(1500), "three waits that grow");
}

#[tokio::test]
async fn a_vendor_that_never_answers_is_named() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let limits = Limits { request_seconds_max: 1, requests_per_ask_max: 1, ..Limits::default() };
    let run = run_with(&Lists::basic(&base), limits, CrawlState::default(), None).await;
    assert_eq!(run.error(), format!("`accounts`: `{base}` did not answer within 1 s"));
}

#[tokio::test]
async fn what_passes_is_waited_for() {
    type Wrong = fn(usize) -> Reply;
    let throttled: Wrong = |before| match before {
        0 => Reply::status(429).with("retry-after", "30"),
        1 => Reply::status(429)
            .with("date", "Wed, 01 Jul 2026 06:00:00 GMT")
            .with("retry-after", "Wed, 01 Jul 2026 06:01:00 GMT"),
        _ => Reply::json(ACCOUNTS),
    };
    let past: Wrong = |before| match before {
        0 => Reply::status(503).with("retry-after", "0"),
        1 => Reply::status(429)
            .with("date", "Wed, 01 Jul 2026 06:00:00 GMT")
            .with("retry-after", "Wed, 01 Jul 2020 06:01:00 GMT"),
        _ => Reply::json(ACCOUNTS),
    };
    let garbage: Wrong = |before| match before {
        0 => Reply::status(429).with("retry-after", "soon"),
        _ => Reply::json(ACCOUNTS),
    };
    let broken: Wrong = |before| match before {
        0 => Reply::status(500),
        1 => Reply::json("{\"accounts\":"),
        2 => Reply::json(ACCOUNTS).cut_after(3),
        _ => Reply::json(ACCOUNTS),
    };
    for (wrong, least, most) in [(throttled, 90, 91), (past, 2, 3), (garbage, 2, 5), (broken, 1, 8)] {
        let vendor = well_but("/accounts", wrong).await;
        let run = run(&Lists::basic(&vendor.base)).await;
        assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done);
        let waited = run.time.waited().as_secs();
        assert!((least..=most).contains(&waited), "{waited} s for {least} to {most}");
    }
}

#[tokio::test]
async fn one_account_that_fails_leaves_the_others_whole() {
    let vendor = well_but("/items/b", |_| Reply::status(403)).await;
    let lists = Lists::basic(&vendor.base);
    let run = run(&lists).await;
    assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done);
    let states: Vec<(String, ReadState)> =
        run.snapshot(&lists).accounts().map(|one| (one.account.id.to_string(), one.account.read_state)).collect();
    let detail = "the credential may not read this (HTTP 403): grant it the right at the vendor";
    let reason = ReadReason::Fetch(failure(FetchProblem::NotAllowed, 403, None, detail));
    assert_eq!(reason.to_string(), format!("`items`: {detail}"));
    assert_eq!(
        states,
        [("a".into(), ReadState::Complete), ("b".into(), ReadState::Failed(reason)), ("c".into(), ReadState::Complete)]
    );
    assert_eq!(run.state.failed.len(), 1);
}

#[tokio::test]
async fn an_account_that_fails_on_its_second_page_is_partial() {
    let vendor = well_but("/items/b", |before| match before {
        0 => Reply::json(r#"{"items":["b-1"],"next":"/items/b?page=2"}"#),
        _ => Reply::status(500),
    })
    .await;
    let lists = Lists::basic(&vendor.base);
    let run = run(&lists).await;
    assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done);
    let b = run.snapshot(&lists).accounts().nth(1).unwrap();
    assert_eq!(b.items.len(), 1);
    let reason = failure(FetchProblem::ServerError, 500, None, "the vendor's server fails (HTTP 500)");
    assert_eq!(b.account.read_state, ReadState::Partial(ReadReason::Fetch(reason)));
}

#[tokio::test]
async fn a_credential_refused_on_the_way_fails_the_source() {
    let vendor = well_but("/items/b", |_| Reply::status(401)).await;
    let run = run(&Lists::basic(&vendor.base)).await;
    assert_eq!(run.error(), "`items` of account `b`: the vendor does not accept the credential (HTTP 401): renew it");
    assert_eq!(run.kept.pages.len(), 2, "what was read before is kept");
    assert_eq!(run.state.waiting(), 2, "and the rest is still to be asked");
}

#[tokio::test]
async fn an_account_with_its_own_token_fails_alone() {
    let vendor = well_but("/token/b", |_| Reply::status(400).saying(r#"{"error":"unauthorized_client"}"#)).await;
    let lists = Lists { scoped: Scoped::Account, ..Lists::token(&vendor.base) };
    let run = run(&lists).await;
    assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done);
    let detail = "no token: the vendor refuses the client id and secret (HTTP 400, `unauthorized_client`)";
    let reason = failure(FetchProblem::CredentialRefused, 400, Some("unauthorized_client"), detail);
    assert_eq!(run.state.failed, [(truecount_billing::AccountId::new("b").unwrap(), reason)]);
}

/// A client secret that expired is the source's, whichever account's token is asked for first.
#[tokio::test]
async fn a_client_secret_that_is_wrong_fails_the_source() {
    let vendor = well_but("/token/b", |_| Reply::status(401).saying(r#"{"error":"invalid_client"}"#)).await;
    let run = run(&Lists { scoped: Scoped::Account, ..Lists::token(&vendor.base) }).await;
    let said =
        "`items` of account `b`: no token: the vendor refuses the client id and secret (HTTP 401, `invalid_client`)";
    assert_eq!(run.error(), said);
    assert_eq!(fault(&run).remedy(), Remedy::FixCredentials);
    assert_eq!((run.state.failed.len(), run.state.waiting()), (0, 2), "nothing is given up");
}

#[tokio::test]
async fn many_silent_accounts_end_the_crawl() {
    let vendor = Vendor::start(|asked, _| match asked.path() {
        "/accounts" => {
            Reply::json(serde_json::json!({"accounts": (0..50).map(|n| n.to_string()).collect::<Vec<_>>()}).to_string())
        }
        _ => Reply::status(500),
    })
    .await;
    let run = run(&Lists::basic(&vendor.base)).await;
    let said =
        "`items` of account `9`: 10 accounts in a row got no answer; the last: the vendor's server fails (HTTP 500)";
    assert_eq!(run.error(), said);
    assert_eq!(vendor.asked().len(), 1 + 10 * 4);
}

#[tokio::test]
async fn lists_that_go_round_are_named() {
    for (wrong, expected) in [
        (
            Box::new(|_| Reply::json(r#"{"accounts":["a"],"next":"/accounts"}"#))
                as Box<dyn Fn(usize) -> Reply + Send + Sync>,
            "the next page is one that was read before: the list goes round in a circle",
        ),
        (
            Box::new(|before| {
                Reply::json(format!(r#"{{"accounts":["{before}"],"next":"/accounts?p={}"}}"#, before % 2))
            }),
            "the next page is one that was read before: the list goes round in a circle",
        ),
    ] {
        let vendor = well_but("/accounts", wrong).await;
        let run = run(&Lists::basic(&vendor.base)).await;
        assert_eq!(run.error(), format!("`accounts`: {expected}"));
    }
}

#[tokio::test]
async fn a_page_that_repeats_the_one_before_is_named() {
    // Every page links to another address than its own, and is the same page.
    let repeated = Vendor::start(|asked, _| match asked.path() {
        "/accounts" => Reply::json(r#"{"accounts":["a"],"next":"/p1"}"#),
        "/p1" => Reply::json(r#"{"accounts":["a"],"next":"/p1"}"#),
        _ => Reply::status(404),
    })
    .await;
    let run = run(&Lists::basic(&repeated.base)).await;
    assert_eq!(run.error(), "`accounts`: page 2 repeats the page before it");
    assert_eq!(fault(&run).remedy(), Remedy::Retry);
    assert_eq!(repeated.asked().len(), 2);
}

#[tokio::test]
async fn a_list_without_end_is_named() {
    let vendor =
        Vendor::start(|_, before| Reply::json(format!(r#"{{"accounts":[],"next":"/accounts?page={before}"}}"#))).await;
    let limits = Limits { list_pages_max: 30, ..Limits::default() };
    let run = run_with(&Lists::basic(&vendor.base), limits, CrawlState::default(), None).await;
    assert_eq!(run.error(), "`accounts`: more than 30 pages");
    assert_eq!(vendor.asked().len(), 30);
}

#[tokio::test]
async fn no_foreign_host_is_ever_asked() {
    let foreign = Vendor::start(|_, _| Reply::json(ACCOUNTS)).await;
    let port = foreign.base.rsplit(':').next().unwrap().to_owned();
    for (link, host) in [
        (format!("{}/accounts?page=2", foreign.base), foreign.base.clone()),
        (format!("http://localhost:{port}/x"), format!("http://localhost:{port}")),
        (format!("https://127.0.0.1:{port}/x"), format!("https://127.0.0.1:{port}")),
    ] {
        let body = serde_json::json!({"accounts": ["a"], "next": link}).to_string();
        let vendor = well_but("/accounts", move |_| Reply::json(body.clone())).await;
        let run = run(&Lists::basic(&vendor.base)).await;
        let said =
            format!("`accounts`: the next page lies at `{host}`, which is not the source's own host: not followed");
        assert_eq!(run.error(), said);
        let to = link.clone();
        let vendor = well_but("/accounts", move |_| Reply::status(302).with("location", to.clone())).await;
        let run = self::run(&Lists::basic(&vendor.base)).await;
        let said = format!("`accounts`: the vendor redirects to `{host}`, which is not followed: is `base_url` right?");
        assert_eq!(run.error(), said);
    }
    let to = format!("{}/accounts?apikey=1", foreign.base);
    let vendor = well_but("/token/", move |_| Reply::status(307).with("location", to.clone())).await;
    let run = run(&Lists::token(&vendor.base)).await;
    assert!(run.error().contains("redirects to"), "{}", run.error());
    assert_eq!(foreign.asked().len(), 0);
}

#[tokio::test]
async fn waiting_stops_at_the_deadline() {
    let vendor = well_but("/items/b", |_| Reply::status(429).with("retry-after", "60")).await;
    let lists = Lists::basic(&vendor.base);
    let run = run_with(&lists, Limits::default(), CrawlState::default(), Some(Duration::from_secs(30))).await;
    assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Stopped, "not a failure: there was no time");
    assert_eq!(run.state.failed, []);
    assert_eq!(run.state.waiting(), 2);
    assert_eq!(run.time.waited(), Duration::ZERO);
}

/// Hands out another password, and counts how often it is asked for one.
struct Renewed(&'static str, Arc<AtomicUsize>);

#[async_trait]
impl CredentialProvider for Renewed {
    async fn secret(&self) -> Option<BTreeMap<String, SecretString>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        (!self.0.is_empty()).then(|| secret(&[("user", "u53r"), ("password", self.0)]))
    }
}

/// A vendor whose password is `hunter2` for so many requests, and `hunter3` from then on.
async fn rotates_after(requests: usize) -> Vendor {
    Vendor::start(move |asked, before| {
        let password = if before < requests { "hunter2" } else { "hunter3" };
        if asked.path().starts_with("/token/") {
            return match asked.body.contains(&format!("client_secret={password}")) {
                true => Reply::json(format!(r#"{{"access_token":"for-{password}","expires_in":3600}}"#)),
                false => Reply::status(401).saying(r#"{"error":"invalid_client"}"#),
            };
        }
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("acme+u53r:{password}"));
        let known = [format!("Basic {basic}"), format!("Bearer for-{password}")];
        if !known.iter().any(|known| known == asked.header("authorization")) {
            return Reply::status(401);
        }
        well(asked)
    })
    .await
}

#[tokio::test]
async fn a_secret_that_is_renewed_in_the_middle_is_looked_up_once() {
    for concurrency in [1, 4] {
        for (auth, after) in [("basic", 0), ("basic", 2), ("token", 0), ("token", 3)] {
            let vendor = rotates_after(after).await;
            let mut lists = if auth == "basic" { Lists::basic(&vendor.base) } else { Lists::token(&vendor.base) };
            lists.endpoint.pace.concurrency = concurrency;
            for (password, well) in [("hunter3", true), ("hunter2", false), ("hunter4", false), ("", false)] {
                let times = Arc::new(AtomicUsize::new(0));
                let run = run_renewing(&lists, Arc::new(Renewed(password, Arc::clone(&times)))).await;
                // A new vendor for each would be the same: its password has changed for good by now.
                assert_eq!(run.result.is_ok(), well, "{auth} after {after}, {password}: {:?}", run.result);
                assert_eq!(times.load(Ordering::SeqCst), 1, "{auth} after {after}, {password}");
                if well {
                    assert_eq!(run.snapshot(&lists).account_count(), 3);
                    assert!(run.snapshot(&lists).accounts().all(|account| account.account.read_state.is_complete()));
                } else {
                    assert_eq!(fault(&run).remedy(), Remedy::FixCredentials);
                }
                assert!(!format!("{:?} {:?}", run.result, run.state).contains("hunter"));
            }
        }
    }
}
