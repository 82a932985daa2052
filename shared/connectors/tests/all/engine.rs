//! Tokens, stopping and going on, order.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use truecount_connectors::{CrawlProgress, CrawlState, Http, Limits, PaperTime, crawl};

use crate::{
    list::{Kept, Lists, Scoped, run, run_with, setup},
    server::{Asked, Reply, Vendor},
};

/// Forty accounts in four pages, three items each.
fn forty(asked: &Asked) -> Reply {
    let query = asked.target.split_once("page=").map_or("0", |(_, page)| page);
    match asked.path() {
        "/accounts" => {
            let page: usize = query.parse().unwrap();
            let accounts: Vec<String> = (page * 10..page * 10 + 10).map(|n| format!("a{n:02}")).collect();
            let next = (page < 3).then(|| format!("/accounts?page={}", page + 1));
            Reply::json(serde_json::json!({"accounts": accounts, "next": next}).to_string())
        }
        path => {
            let account = path.strip_prefix("/items/").unwrap();
            let items = [1, 2, 3].map(|n| format!("{account}-{n}"));
            Reply::json(serde_json::json!({"items": items}).to_string())
        }
    }
}

fn readable(asked: &Asked) -> bool {
    asked.header("authorization") == "Bearer t1"
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_after_a_401() {
    let vendor = Vendor::start(|asked, before| match asked.path() {
        "/token/" => Reply::json(format!(r#"{{"access_token":"t{}","expires_in":3600}}"#, usize::from(before > 0))),
        // The first token was taken back meanwhile.
        _ if !readable(asked) => Reply::status(401),
        _ => forty(asked),
    })
    .await;
    let lists = Lists::token(&vendor.base);
    let run = run(&lists).await;
    assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done);
    let tokens: Vec<Asked> = vendor.asked().into_iter().filter(|asked| asked.method == "POST").collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[0].body, "client_id=u53r&client_secret=hunter2&grant_type=client_credentials&scope=read");
    assert_eq!(vendor.lines()[..4], ["POST /token/", "GET /accounts", "POST /token/", "GET /accounts"]);
    assert_eq!(run.state.requests, 2 + 1 + 44);
}

#[tokio::test]
async fn a_401_for_ever_is_refreshed_once() {
    let vendor = Vendor::start(|asked, _| match asked.path() {
        "/token/" => Reply::json(r#"{"access_token":"t","expires_in":3600}"#),
        _ => Reply::status(401),
    })
    .await;
    let run = run(&Lists::token(&vendor.base)).await;
    assert_eq!(run.error(), "`accounts`: the vendor does not accept the credential (HTTP 401): renew it");
    assert_eq!(vendor.lines(), ["POST /token/", "GET /accounts", "POST /token/", "GET /accounts"]);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let vendor = Vendor::start(|asked, before| match asked.path() {
        "/token/" => Reply::json(r#"{"access_token":"t1","expires_in":100}"#),
        _ if before % 5 == 4 => Reply::status(429).with("retry-after", "50"),
        _ => forty(asked),
    })
    .await;
    let run = run(&Lists::token(&vendor.base)).await;
    assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done);
    let tokens = vendor.lines().iter().filter(|line| line.starts_with("POST")).count() as u64;
    let waited = run.time.waited().as_secs();
    assert!(waited > 400, "{waited}");
    assert!((waited / 100..=waited / 90 + 1).contains(&tokens), "{tokens} tokens in {waited} s");
}

#[tokio::test]
async fn a_token_that_cannot_be_had_is_named() {
    for (reply, expected, requests) in [
        (401, "no token: the vendor refuses the client id and secret (HTTP 401)", 1),
        (500, "the vendor's server fails (HTTP 500)", 4),
        (200, "no token: the answer is not one", 1),
    ] {
        let vendor = Vendor::start(move |_, _| Reply::status(reply)).await;
        let run = run(&Lists::token(&vendor.base)).await;
        assert_eq!(run.error(), format!("`accounts`: {expected}"));
        assert_eq!(vendor.asked().len(), requests);
    }
}

#[tokio::test]
async fn each_scope_has_its_own_token() {
    let vendor = Vendor::start(|asked, _| match asked.path().strip_prefix("/token/") {
        Some(scope) => Reply::json(format!(r#"{{"access_token":"for-{scope}","expires_in":3600}}"#)),
        None => forty(asked),
    })
    .await;
    let mut lists = Lists { scoped: Scoped::Account, ..Lists::token(&vendor.base) };
    lists.endpoint.pace.concurrency = 4;
    let run = run(&lists).await;
    assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done);
    for asked in vendor.asked() {
        if let Some(account) = asked.path().strip_prefix("/items/") {
            assert_eq!(asked.header("authorization"), format!("Bearer for-{account}"));
        }
    }
    assert_eq!(vendor.lines().iter().filter(|line| line.starts_with("POST")).count(), 41);
}

#[tokio::test]
async fn four_at_once_share_one_token_and_read_the_same() {
    let mut all = Vec::new();
    for concurrency in [1, 2, 4] {
        let vendor = Vendor::start(|asked, _| match asked.path() {
            "/token/" => Reply::json(r#"{"access_token":"t1","expires_in":3600}"#),
            _ => forty(asked),
        })
        .await;
        let mut lists = Lists::token(&vendor.base);
        lists.endpoint.pace.concurrency = concurrency;
        let run = run(&lists).await;
        assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done);
        assert_eq!(vendor.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
        all.push(run.snapshot(&lists).accounts().collect::<Vec<_>>());
    }
    assert_eq!(all[0].len(), 40);
    assert!(all[0] == all[1] && all[1] == all[2]);
}

#[tokio::test]
async fn every_request_says_who_it_is_and_only_reads() {
    let vendor = Vendor::start(|asked, _| forty(asked)).await;
    run(&Lists::basic(&vendor.base)).await.result.unwrap();
    for asked in vendor.asked() {
        assert_eq!((asked.method.as_str(), asked.body.as_str()), ("GET", ""));
        assert_eq!(asked.header("authorization"), "Basic YWNtZSt1NTNyOmh1bnRlcjI=");
        assert_eq!(asked.header("referer"), "");
    }
}

/// Stops after every so many questions, goes on from the state as it was saved, with a fresh engine each time.
async fn in_pieces(vendor: &Vendor, concurrency: u8, piece: usize) -> (Kept, usize) {
    let mut lists = Lists::basic(&vendor.base);
    lists.endpoint.pace.concurrency = concurrency;
    let mut saved = serde_json::to_string(&CrawlState::default()).unwrap();
    let mut kept = Kept::default();
    for round in 1.. {
        let http = Http::new(&lists.source(), setup(&Arc::new(PaperTime::default()), Limits::default())).unwrap();
        let mut state: CrawlState = serde_json::from_str(&saved).unwrap();
        let looked = AtomicUsize::new(0);
        let stop = || looked.fetch_add(1, Ordering::SeqCst) >= piece;
        let progress = crawl(&lists.source(), &http, &mut state, &mut kept, &stop).await.unwrap();
        saved = kept.states.last().unwrap().clone();
        if progress == CrawlProgress::Done {
            assert!(state.is_done());
            return (kept, round);
        }
        assert!(round < 100, "no progress");
    }
    unreachable!()
}

#[tokio::test]
async fn a_crawl_that_stops_goes_on_and_asks_nothing_twice() {
    for (concurrency, piece) in [(1, 1), (1, 7), (4, 1), (4, 5)] {
        let vendor = Vendor::start(|asked, _| forty(asked)).await;
        let (kept, rounds) = in_pieces(&vendor, concurrency, piece).await;
        assert!(rounds > 5, "{rounds} rounds");
        let lines = vendor.lines();
        let distinct: BTreeSet<&String> = lines.iter().collect();
        assert_eq!((lines.len(), distinct.len()), (44, 44), "concurrency {concurrency}, piece {piece}");
        assert_eq!(kept.pages.len(), 44);
    }
}

#[tokio::test]
async fn a_crawl_goes_on_after_a_fault() {
    let well = Arc::new(AtomicUsize::new(0));
    let flag = Arc::clone(&well);
    let vendor = Vendor::start(move |asked, _| {
        if asked.target == "/accounts?page=2" && flag.load(Ordering::SeqCst) == 0 {
            return Reply::status(500);
        }
        forty(asked)
    })
    .await;
    let lists = Lists::basic(&vendor.base);
    let first = run(&lists).await;
    assert_eq!(first.error(), "`accounts`: the vendor's server fails (HTTP 500)");
    well.store(1, Ordering::SeqCst);
    let state: CrawlState = serde_json::from_str(first.kept.states.last().unwrap()).unwrap();
    let second = run_with(&lists, Limits::default(), state, None).await;
    assert_eq!(second.result.as_ref().unwrap(), &CrawlProgress::Done);
    assert_eq!(first.kept.pages.len() + second.kept.pages.len(), 44);
    assert_eq!(vendor.lines().len(), 44 + 4);
}

#[tokio::test]
async fn packs_come_as_they_fill() {
    let vendor = Vendor::start(|asked, _| forty(asked)).await;
    let lists = Lists::basic(&vendor.base);
    let limits = Limits { pack_pages: 10, ..Limits::default() };
    let run = run_with(&lists, limits, CrawlState::default(), None).await;
    assert_eq!(run.kept.states.len(), 5, "four full packs and the end");
    assert_eq!(run.state.pages, 44);
    assert_eq!(run.state.bytes, run.kept.pages.iter().map(|page| page.body.len() as u64).sum::<u64>());
}

#[tokio::test]
async fn the_pace_is_kept() {
    let vendor = Vendor::start(|asked, _| forty(asked)).await;
    let mut lists = Lists::basic(&vendor.base);
    lists.endpoint.pace.requests_per_minute = 60;
    lists.endpoint.pace.burst = 4;
    lists.endpoint.pace.concurrency = 4;
    let run = run(&lists).await;
    let waited = run.time.waited();
    assert!(waited >= Duration::from_secs(40), "44 requests, 4 of them at once, one a second: {waited:?}");
}

#[tokio::test]
async fn an_empty_list_is_doubtful_not_zero() {
    let vendor = Vendor::start(|_, _| Reply::json(r#"{"accounts":[]}"#)).await;
    let lists = Lists::basic(&vendor.base);
    let run = run(&lists).await;
    assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done);
    assert_eq!(run.snapshot(&lists).read_state.as_str(), "doubtful");
}

#[tokio::test]
async fn declared_fields_never_reach_the_archive() {
    let vendor = Vendor::start(|_, _| Reply::json(r#"{"accounts":[],"secret":{"a":"s3cr3t"},"count":1.10}"#)).await;
    let run = run(&Lists::basic(&vendor.base)).await;
    assert_eq!(run.kept.pages[0].body, r#"{"accounts":[],"count":1.10}"#);
}
