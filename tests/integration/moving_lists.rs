//! A list that changes while a sync reads it is read again, also by a later call; a row that is left out is in the
//! receipt of the snapshot.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::Uri;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use truecount_app::{Deadline, SyncAnswer};
use truecount_billing::SourceId;
use truecount_platform::{Fields, SecretError, Secrets, fields_from_json};
use truecount_store::SnapshotManifest;

use crate::backend::TestBackend;
use crate::smoke;

/// A distributor whose list of subscriptions loses its first row as often as it is told to while it is read.
#[derive(Clone, Default)]
struct Distributor {
    /// How many more times.
    moves: Arc<AtomicU64>,
    first: Arc<AtomicU64>,
    requests: Arc<AtomicU64>,
}

const ROWS: u64 = 450;

/// Long enough that a short call cannot read everything.
const LATENCY: std::time::Duration = std::time::Duration::from_millis(20);

/// Milliseconds before a deadline at which a sync begins nothing new.
const RESERVE_MILLIS: i64 = 5_000;

impl Distributor {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let answers = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, answers).await.unwrap() });
        url
    }
}

async fn answer(State(vendor): State<Distributor>, uri: Uri, RawQuery(query): RawQuery) -> axum::Json<Value> {
    vendor.requests.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(LATENCY).await;
    let query = query.unwrap_or_default();
    let page: u64 = query.split('&').find_map(|pair| pair.strip_prefix("page=")).map_or(0, |n| n.parse().unwrap());
    let list = |rows: Vec<Value>, total: u64| {
        let pages = total.div_ceil(200).max(1);
        json!({"content": rows, "page": {"size": 200, "totalElements": total, "totalPages": pages, "number": page}})
    };
    axum::Json(match uri.path() {
        "/v1/token" => json!({"access_token": "t", "expires_in": 86400}),
        "/v1/companies" => list(vec![json!({"id": "c1", "name": "Harbour Dental"})], 1),
        "/v1/products" => list(vec![json!({"id": "p1", "name": "Seat", "vendorSku": "SEAT"})], 1),
        _ => {
            if page == 1 && vendor.moves.load(Ordering::SeqCst) > 0 {
                vendor.moves.fetch_sub(1, Ordering::SeqCst);
                vendor.first.fetch_add(1, Ordering::SeqCst);
            }
            let first = vendor.first.load(Ordering::SeqCst);
            let row = |id: u64| {
                json!({
                    "id": format!("s{id}"), "companyId": "c1", "productId": "p1", "quantity": 1, "status": "Active",
                    "billingTerm": "Monthly"
                })
            };
            let all = (first..ROWS).skip(usize::try_from(page * 200).unwrap()).take(200);
            list(all.map(row).collect(), ROWS - first)
        }
    })
}

struct AnySecret;

#[async_trait::async_trait]
impl Secrets for AnySecret {
    async fn source(&self, _: &SourceId) -> Result<Fields, SecretError> {
        Ok(fields_from_json(r#"{"client_id":"c","client_secret":"s"}"#).unwrap())
    }
}

async fn backend(vendor: &Distributor) -> TestBackend {
    let (psa, _) = smoke::SETTINGS.rsplit_once("[[sources]]").unwrap();
    let url = vendor.start().await;
    let settings = format!("{psa}[[sources]]\nid = \"pax\"\nconnector = \"pax8\"\nbase_url = \"{url}\"\n");
    let rules = smoke::RULES.replace("rmm.server", "pax.subscription");
    let mut backend = TestBackend::new(&settings, &rules, &[]).await;
    backend.env.secrets = Arc::new(AnySecret);
    backend
}

async fn manifest(backend: &TestBackend) -> SnapshotManifest {
    let (source, day) = (SourceId::new("pax").unwrap(), "2026-06-30".parse().unwrap());
    SnapshotManifest::newest(&backend.env.store, &source, day).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_list_that_moved_is_read_again_and_complete() {
    // Also one that stands still: only a second reading with the same rows tells.
    for moves in [0, 1, 2] {
        let vendor = Distributor { moves: Arc::new(AtomicU64::new(moves)), ..Distributor::default() };
        let backend = backend(&vendor).await;
        let answer = backend.sync("pax").await;
        let SyncAnswer::Committed { items, incomplete_accounts, missing, .. } = answer else { panic!("{answer:?}") };
        assert_eq!((items, incomplete_accounts, missing), (ROWS - moves, 0, None), "{moves} moves");
        let receipt = manifest(&backend).await.receipt;
        let stream = &receipt.streams["subscriptions"];
        assert_eq!((stream.used, stream.lists_read_again, stream.totals.agreed), (ROWS - moves, 1, 1));
        assert_eq!(receipt.unbalanced(), None);
    }
}

#[tokio::test]
async fn a_list_that_never_stands_still_is_no_complete_reading() {
    let vendor = Distributor { moves: Arc::new(AtomicU64::new(99)), ..Distributor::default() };
    let backend = backend(&vendor).await;
    let answer = backend.sync("pax").await;
    let SyncAnswer::Committed { missing: Some(reason), .. } = answer else { panic!("{answer:?}") };
    assert!(reason.to_string().contains("changed while they were read"), "{reason}");
    assert_eq!(vendor.moves.load(Ordering::SeqCst), 99 - 4, "read three times again, and no more");
}

/// Out of time again and again: what is read again is known from the archive, and no answer is asked for twice.
#[tokio::test]
async fn a_later_call_reads_again_what_moved() {
    let whole = Distributor { moves: Arc::new(AtomicU64::new(1)), ..Distributor::default() };
    let usual = backend(&whole).await;
    usual.sync("pax").await;
    let due = whole.requests.load(Ordering::SeqCst);

    let vendor = Distributor { moves: Arc::new(AtomicU64::new(1)), ..Distributor::default() };
    let backend = backend(&vendor).await;
    let mut calls = 0_u32;
    let answer = loop {
        calls += 1;
        assert!(calls < 200, "no progress");
        // Enough for a request or two behind the job's reserve; more from call to call, on a machine that is busy.
        let at = Timestamp::now() + SignedDuration::from_millis(RESERVE_MILLIS + 60 + 10 * i64::from(calls));
        let source = SourceId::new("pax").unwrap();
        let answer =
            truecount_app::sync(&backend.env, &backend.config.settings, source.as_str(), Deadline { at }).await;
        match answer.unwrap() {
            SyncAnswer::Continue { .. } => {}
            answer => break answer,
        }
    };
    assert!(matches!(answer, SyncAnswer::Committed { incomplete_accounts: 0, missing: None, .. }), "{answer:?}");
    assert!(calls > 1, "it was never out of time");
    // Each call has a token of its own, and may give up one request at its end.
    let asked = vendor.requests.load(Ordering::SeqCst);
    assert!(asked <= due + 2 * u64::from(calls), "{asked} requests in {calls} calls, {due} in one");
    assert_eq!(manifest(&backend).await.receipt, manifest(&usual).await.receipt);
}
