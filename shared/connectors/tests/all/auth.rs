//! Every way to prove who a request is from, and that it goes nowhere else.

use std::sync::atomic::{AtomicUsize, Ordering};

use truecount_billing::ReadState;
use truecount_connectors::{
    Auth, Basic, CrawlProgress, Grant, SecretHeader, SecretParameter, SessionAuth, SessionPlace, TokenAuth, TokenStyle,
};

use crate::{
    list::{Lists, Run, run, token},
    server::{Asked, Reply, Vendor},
};

fn lists(asked: &Asked) -> Reply {
    match asked.path() {
        "/accounts" => Reply::json(r#"{"accounts":["a","b"]}"#),
        path => Reply::json(format!(r#"{{"items":["{}-1"]}}"#, &path[7..])),
    }
}

fn check(run: &Run, source: &Lists, secrets: &[&str]) {
    assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done);
    assert!(run.snapshot(source).accounts().all(|one| one.account.read_state == ReadState::Complete));
    let kept = format!("{:?} {}", run.state, serde_json::to_string(&run.kept.pages).unwrap());
    for secret in secrets {
        assert!(!kept.contains(secret), "`{secret}` is kept");
    }
}

#[tokio::test]
async fn several_headers_are_sent_together() {
    let vendor = Vendor::start(|asked, _| match (asked.header("x-api-user"), asked.header("x-api-key")) {
        ("u53r", "Key hunter2") => lists(asked),
        _ => Reply::status(401),
    })
    .await;
    let headers = vec![
        SecretHeader { name: "x-api-user", value: "{user}".into() },
        SecretHeader { name: "x-api-key", value: "Key {password}".into() },
    ];
    let source = Lists::new(&vendor.base, Auth { headers, ..Auth::default() });
    check(&run(&source).await, &source, &["hunter2"]);
}

/// The vendor repeats the key in its links, as some do.
#[tokio::test]
async fn a_key_in_the_query_is_redacted_everywhere() {
    let vendor = Vendor::start(|asked, _| match asked.path() {
        _ if !asked.target.contains("apikey=hunter2-hunter2") => Reply::status(401),
        "/accounts" if asked.target.contains("page=2") => Reply::json(r#"{"accounts":["b"]}"#),
        "/accounts" => Reply::json(r#"{"accounts":["a"],"next":"/accounts?apikey=hunter2-hunter2&page=2"}"#),
        path => Reply::json(format!(r#"{{"items":["{}-1"]}}"#, path.strip_prefix("/items/").unwrap())),
    })
    .await;
    let query = vec![SecretParameter { name: "apikey", value: "{password}-{password}".into() }];
    let source = Lists::new(&vendor.base, Auth { query, ..Auth::default() });
    let run = run(&source).await;
    check(&run, &source, &["hunter2"]);
    assert_eq!(run.snapshot(&source).account_count(), 2);
    for asked in vendor.asked() {
        assert_eq!(asked.target.matches("apikey=").count(), 1, "{}", asked.target);
    }
    let refused = Vendor::start(|_, _| Reply::status(500)).await;
    let query = vec![SecretParameter { name: "apikey", value: "{password}-{password}".into() }];
    let run = self::run(&Lists::new(&refused.base, Auth { query, ..Auth::default() })).await;
    assert!(!run.error().contains("hunter2"), "{}", run.error());
}

async fn token_request(grant: Grant, style: TokenStyle) -> Vec<Asked> {
    let vendor = Vendor::start(|asked, _| match asked.path() {
        "/token/" => Reply::json(r#"{"access_token":"t","expires_in":3600}"#),
        _ if asked.header("authorization") == "Bearer t" => lists(asked),
        _ => Reply::status(401),
    })
    .await;
    let auth = TokenAuth { grant, style, ..token(&vendor.base) };
    let source = Lists::new(&vendor.base, Auth { token: Some(auth), ..Auth::default() });
    check(&run(&source).await, &source, &["hunter2"]);
    vendor.asked().into_iter().filter(|asked| asked.method == "POST").collect()
}

#[tokio::test]
async fn a_token_is_had_by_each_grant_in_each_style() {
    let password = Grant::Password { user: "{user}".into(), password: "{password}".into() };
    let [asked] = &token_request(password, TokenStyle::Basic).await[..] else { panic!("one token") };
    assert_eq!(asked.header("authorization"), "Basic dTUzcjpodW50ZXIy");
    assert_eq!(asked.body, "grant_type=password&password=hunter2&scope=read&username=u53r");
    let refresh = Grant::Refresh { refresh_token: "{password}".into() };
    let [asked] = &token_request(refresh, TokenStyle::Form).await[..] else { panic!("one token") };
    assert_eq!(
        asked.body,
        "client_id=u53r&client_secret=hunter2&grant_type=refresh_token&refresh_token=hunter2&scope=read"
    );
    let [asked] = &token_request(Grant::ClientCredentials, TokenStyle::Json).await[..] else { panic!("one token") };
    assert_eq!(asked.header("content-type"), "application/json");
    assert!(asked.body.starts_with(r#"{"client_id":"u53r","#), "{}", asked.body);
}

/// Who is to renew something must know what.
#[tokio::test]
async fn what_was_refused_is_named() {
    let refresh = || Grant::Refresh { refresh_token: "{password}".into() };
    let password = || Grant::Password { user: "{user}".into(), password: "{password}".into() };
    let replaced = "refresh token, which has expired or was replaced when it was last used (HTTP 400, `invalid_grant`)";
    for (grant, code, expected) in [
        (refresh(), "invalid_grant", replaced),
        (password(), "invalid_grant", "user's name and password (HTTP 400, `invalid_grant`)"),
        (Grant::ClientCredentials, "invalid_grant", "client id and secret (HTTP 400, `invalid_grant`)"),
        (refresh(), "invalid_client", "client id and secret (HTTP 400, `invalid_client`)"),
    ] {
        let vendor = Vendor::start(move |_, _| Reply::status(400).saying(&format!(r#"{{"error":"{code}"}}"#))).await;
        let auth = TokenAuth { grant, ..token(&vendor.base) };
        let run = run(&Lists::new(&vendor.base, Auth { token: Some(auth), ..Auth::default() })).await;
        let error = run.error();
        assert!(error.ends_with(&format!("no token: the vendor refuses the {expected}")), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(vendor.asked().len(), 1, "asking again does not help");
    }
}

/// A refresh token that the vendor replaces is spent: the next token is asked for with the new one.
#[tokio::test]
async fn a_replaced_refresh_token_is_used_from_then_on() {
    let vendor = Vendor::start(|asked, before| match asked.path() {
        "/token/" => {
            Reply::json(format!(r#"{{"access_token":"t{before}","refresh_token":"r{before}","expires_in":3600}}"#))
        }
        // The first token is taken back at once.
        _ if asked.header("authorization") == "Bearer t0" => Reply::status(401),
        _ => lists(asked),
    })
    .await;
    let grant = Grant::Refresh { refresh_token: "{password}".into() };
    let auth = TokenAuth { grant, ..token(&vendor.base) };
    let source = Lists::new(&vendor.base, Auth { token: Some(auth), ..Auth::default() });
    check(&run(&source).await, &source, &["hunter2"]);
    let tokens: Vec<String> =
        vendor.asked().into_iter().filter(|asked| asked.method == "POST").map(|asked| asked.body).collect();
    assert_eq!(tokens.len(), 2);
    assert!(tokens[0].contains("refresh_token=hunter2") && tokens[1].contains("refresh_token=r0"), "{tokens:?}");
}

fn session(place: SessionPlace) -> SessionAuth {
    SessionAuth {
        path: "/login".into(),
        fields: vec![("user", "{user}".into()), ("password", "{password}".into())],
        place,
        header: "x-session",
        prefix: "S ",
    }
}

/// Each answer replaces the session; an old one is refused.
async fn rotating(in_header: bool) -> Vendor {
    let last = AtomicUsize::new(0);
    Vendor::start(move |asked, _| {
        let current = format!("S s{}", last.load(Ordering::SeqCst));
        let reply = match asked.path() {
            "/login" if asked.body == r#"{"password":"hunter2","user":"u53r"}"# => Reply::json("{}"),
            "/login" => return Reply::status(403),
            _ if asked.header("x-session") != current => return Reply::status(401),
            _ => lists(asked),
        };
        let next = format!("s{}", last.fetch_add(1, Ordering::SeqCst) + 1);
        if in_header { reply.with("x-session", next) } else { reply.adding("session", &next) }
    })
    .await
}

#[tokio::test]
async fn a_session_rotates_in_header_or_body() {
    for (in_header, place) in [(true, SessionPlace::Header("x-session")), (false, SessionPlace::Body("/session"))] {
        let vendor = rotating(in_header).await;
        let source = Lists::new(&vendor.base, Auth { session: Some(session(place)), ..Auth::default() });
        check(&run(&source).await, &source, &["hunter2"]);
        assert_eq!(vendor.lines(), ["POST /login", "GET /accounts", "GET /items/a", "GET /items/b"], "{place:?}");
    }
}

#[tokio::test]
async fn a_session_that_ended_is_had_again_once() {
    let vendor = Vendor::start(|asked, before| match asked.path() {
        "/login" => Reply::json(format!(r#"{{"session":"s{before}"}}"#)),
        "/accounts" if asked.header("x-session") == "S s0" => Reply::status(401),
        _ => lists(asked),
    })
    .await;
    let source =
        Lists::new(&vendor.base, Auth { session: Some(session(SessionPlace::Body("/session"))), ..Auth::default() });
    check(&run(&source).await, &source, &["hunter2"]);
    assert_eq!(vendor.lines()[..4], ["POST /login", "GET /accounts", "POST /login", "GET /accounts"]);
    let mute = Vendor::start(|_, _| Reply::json("{}")).await;
    let source =
        Lists::new(&mute.base, Auth { session: Some(session(SessionPlace::Body("/session"))), ..Auth::default() });
    assert_eq!(run(&source).await.error(), "`accounts`: no session: the answer to the sign-in has none");
    let shut = Vendor::start(|_, _| Reply::status(403)).await;
    let source =
        Lists::new(&shut.base, Auth { session: Some(session(SessionPlace::Body("/session"))), ..Auth::default() });
    let error = run(&source).await.error();
    assert!(error.contains("HTTP 403"), "{error}");
}

#[tokio::test]
async fn basic_is_sent_with_every_request() {
    let vendor = Vendor::start(|asked, _| match asked.header("authorization") {
        "Basic YWNtZSt1NTNyOmh1bnRlcjI=" => lists(asked),
        _ => Reply::status(401),
    })
    .await;
    let basic = Basic { user: "acme+{user}".into(), password: "{password}".into() };
    let source = Lists::new(&vendor.base, Auth { basic: Some(basic), ..Auth::default() });
    check(&run(&source).await, &source, &["hunter2"]);
}
