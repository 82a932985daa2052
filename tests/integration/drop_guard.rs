//! The shipped timer starts `sync`, and `run --closing --when-due`, which syncs again seconds later: an answer that lost
//! half of what it had is never mailed as fact, from an API as from a file. Nor does anything doubt what stays as it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::Uri;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use truecount_app::{MailPolicy, ReconcileAnswer, ReportAnswer, RunKind, SyncAnswer};
use truecount_billing::{Currency, ReadReason, ReadState, SourceId};
use truecount_platform::{Fields, FixedClock, SecretError, Secrets, fields_from_json};
use truecount_store::{RunSummary, SnapshotManifest};

use crate::backend::{TestBackend, soon};
use crate::smoke;

/// A vendor with one organization and as many servers as it is told to have.
#[derive(Clone)]
struct Rmm {
    servers: Arc<AtomicU64>,
    url: String,
}

impl Rmm {
    async fn start() -> Self {
        let servers = Arc::new(AtomicU64::new(0));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = Router::new().fallback(answer).with_state(Arc::clone(&servers));
        tokio::spawn(async move { axum::serve(listener, answers).await.unwrap() });
        Self { servers, url }
    }

    fn settings(&self) -> String {
        let (psa, _) = smoke::SETTINGS.rsplit_once("[[sources]]").unwrap();
        format!("{psa}[[sources]]\nid = \"rmm\"\nconnector = \"ninjaone\"\nbase_url = \"{}\"\n", self.url)
    }
}

async fn answer(State(servers): State<Arc<AtomicU64>>, uri: Uri, RawQuery(query): RawQuery) -> axum::Json<Value> {
    let is_first = !query.unwrap_or_default().contains("after=");
    let device = |id: u64| {
        json!({
            "id": id, "organizationId": 1, "systemName": format!("H{id}"), "nodeClass": "WINDOWS_SERVER",
            "approvalStatus": "APPROVED", "lastContact": 1_782_800_000.0
        })
    };
    axum::Json(match uri.path() {
        path if path.contains("token") => json!({"access_token": "t", "token_type": "Bearer", "expires_in": 3600}),
        path if path.contains("organizations") && is_first => json!([{"id": 1, "name": "Harbour Dental"}]),
        path if path.contains("devices") && is_first => {
            Value::Array((1..=servers.load(Ordering::SeqCst)).map(device).collect())
        }
        _ => json!([]),
    })
}

struct AnySecret;

#[async_trait::async_trait]
impl Secrets for AnySecret {
    async fn source(&self, _: &SourceId) -> Result<Fields, SecretError> {
        Ok(fields_from_json(r#"{"client_id":"c","client_secret":"s"}"#).unwrap())
    }
}

const BILLED: &str = "line_id,client_id,client_name,product_code,quantity,unit_price,currency
1,c1,Harbour Dental,MNG-SRV,40,45.50,GBP
";

fn at(backend: &mut TestBackend, moment: &str) {
    backend.env.clock = Arc::new(FixedClock(moment.parse().unwrap()));
}

/// What the timer's second command does, seconds after its first: sync everything, close, report, mail.
async fn close(backend: &TestBackend) -> (RunSummary, ReportAnswer) {
    backend.sync("psa").await;
    backend.sync("rmm").await;
    let (month, kind) =
        ("2026-06".parse().unwrap(), RunKind::Closing { replace: None, early: false, incomplete: false });
    let closed = truecount_app::reconcile(&backend.env, &backend.config, Some(month), &kind, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, summary, .. } = closed else { panic!("{closed:?}") };
    let report =
        truecount_app::report(&backend.env, &backend.config, month, Some(&run_id), MailPolicy::Usual, soon()).await;
    (summary, report.unwrap())
}

/// What fell is told as what is at stake, and nothing is to be changed on a bill: from what is there now to what was there
/// before should be billed.
fn assert_nothing_is_fact(backend: &TestBackend, summary: &RunSummary) {
    assert_eq!((summary.exceptions, summary.not_reconciled, summary.is_complete), (0, 1, false));
    let totals = summary.totals[&Currency::new("GBP").unwrap()];
    let billed = totals.add + totals.reduce + totals.later_add + totals.later_reduce + totals.clean_up;
    assert_eq!((billed, totals.not_reconciled_up), (Decimal::ZERO, Decimal::ZERO), "{totals:?}");
    assert_eq!(totals.not_reconciled_down, Decimal::new(168_350, 2), "37 servers at 45.50");
    let [mail] = &backend.mails()[..] else { panic!("one mail") };
    let bytes = std::fs::read(backend.folder.path().join("outbox").join(mail)).unwrap();
    let mail = mail_parser::MessageParser::default().parse(&bytes).unwrap();
    let text = mail.body_text(0).unwrap();
    for words in [
        "TO ADD          not known\r\nTO REDUCE       not known\r\nCLEAN UP        not known\r\n",
        "NOT RECONCILED  GBP 1,683.50 down a month\r\n",
        "from 3 to 40 should be billed, 40 billed; account `Harbour Dental` in rmm\r\n    suddenly holds less",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test]
async fn half_an_answer_of_an_api_is_not_mailed_as_fact() {
    let rmm = Rmm::start().await;
    let mut backend = TestBackend::new(&rmm.settings(), smoke::RULES, &[]).await;
    backend.env.secrets = Arc::new(AnySecret);
    backend.drop_file("psa", "billed-2026-06-29.csv", BILLED);
    rmm.servers.store(40, Ordering::SeqCst);
    at(&mut backend, "2026-06-29T06:00:00Z");
    let good = backend.sync("rmm").await;
    assert!(matches!(good, SyncAnswer::Committed { items: 40, incomplete_accounts: 0, .. }), "{good:?}");

    rmm.servers.store(3, Ordering::SeqCst);
    at(&mut backend, "2026-06-30T23:55:00Z");
    let half = backend.sync("rmm").await;
    assert!(matches!(half, SyncAnswer::Committed { items: 3, incomplete_accounts: 1, .. }), "{half:?}");
    at(&mut backend, "2026-06-30T23:55:10Z");
    let (summary, _) = close(&backend).await;
    assert_nothing_is_fact(&backend, &summary);

    // past midnight is not yet another day's answer
    at(&mut backend, "2026-07-01T00:05:00Z");
    backend.sync("rmm").await;
    assert_ne!(state(&backend, "rmm").await, ReadState::Complete);
    // asked on another day, it says the same: now it is believed
    at(&mut backend, "2026-07-01T06:00:00Z");
    let second = backend.sync("rmm").await;
    assert!(matches!(second, SyncAnswer::Committed { items: 3, incomplete_accounts: 0, .. }), "{second:?}");
}

fn usage(servers: u64) -> String {
    let row = |id| format!("a1,Harbour Dental,d{id},server,active,2026-06-29T10:00:00Z\n");
    let header = "account_id,account_name,item_id,kind,status,last_seen\n".to_owned();
    (1..=servers).map(row).fold(header, |text, row| text + &row)
}

#[tokio::test]
async fn half_a_file_is_not_mailed_as_fact() {
    let mut backend = TestBackend::new(smoke::SETTINGS, smoke::RULES, &[]).await;
    backend.drop_file("psa", "billed-2026-06-29.csv", BILLED);
    backend.drop_file("rmm", "u-2026-06-29.csv", &usage(40));
    at(&mut backend, "2026-06-29T06:00:00Z");
    backend.sync("rmm").await;
    backend.drop_file("rmm", "u-2026-06-30.csv", &usage(3));
    at(&mut backend, "2026-06-30T06:00:00Z");
    let half = backend.sync("rmm").await;
    assert!(matches!(half, SyncAnswer::Committed { items: 3, incomplete_accounts: 1, .. }), "{half:?}");
    at(&mut backend, "2026-06-30T06:00:10Z");
    let (summary, _) = close(&backend).await;
    assert_nothing_is_fact(&backend, &summary);
}

/// The state of the one account of a source's newest sync.
async fn state(backend: &TestBackend, source: &str) -> ReadState {
    let (source, store) = (source.parse().unwrap(), &backend.env.store);
    let newest = SnapshotManifest::newest(store, &source, "2026-12-31".parse().unwrap()).await.unwrap().unwrap();
    let [account] = &newest.accounts(store).await.unwrap()[..] else { panic!("one account") };
    account.account.read_state.clone()
}

#[tokio::test]
async fn unchanged_bytes_doubt_nothing_over_weeks_and_confirm_nothing() {
    let mut backend = TestBackend::new(smoke::SETTINGS, smoke::RULES, &[]).await;
    backend.drop_file("rmm", "u-2026-06-01.csv", &usage(40));
    let (june, july) = ("2026-06-01", "2026-07-01");
    let days = |first: &str, count: i64| {
        let first: jiff::civil::Date = first.parse().unwrap();
        (0..count).map(move |day| first.saturating_add(jiff::Span::new().days(day)).to_string())
    };
    for day in days(june, 28) {
        backend.on(&day);
        backend.sync("rmm").await;
        assert_eq!(state(&backend, "rmm").await, ReadState::Complete, "{day}");
    }
    backend.drop_file("rmm", "u-2026-07-01.csv", &usage(3));
    for day in days(july, 28) {
        backend.on(&day);
        backend.sync("rmm").await;
        let state = state(&backend, "rmm").await;
        assert!(matches!(state, ReadState::Doubtful(ReadReason::Dropped { .. })), "{day}: {state:?}");
    }
    // the same bytes under another name, and other bytes under the same name, are no second witness
    backend.drop_file("rmm", "u-2026-07-28.csv", &usage(3));
    backend.sync("rmm").await;
    assert_ne!(state(&backend, "rmm").await, ReadState::Complete);
    backend.drop_file("rmm", "u-2026-07-28b.csv", &usage(4));
    backend.sync("rmm").await;
    assert_eq!(state(&backend, "rmm").await, ReadState::Complete);
}

#[tokio::test]
async fn units_fall_where_items_do_not_and_billed_lines_are_guarded_too() {
    let mut backend = TestBackend::new(smoke::SETTINGS, smoke::RULES, &[]).await;
    backend.drop_file("psa", "billed-2026-06-29.csv", BILLED);
    backend.on("2026-06-29");
    backend.sync("psa").await;
    backend.drop_file("psa", "billed-2026-06-30.csv", &BILLED.replace(",40,", ",4,"));
    backend.on("2026-06-30");
    backend.sync("psa").await;
    let ReadState::Doubtful(reason) = state(&backend, "psa").await else { panic!("it fell") };
    assert!(reason.to_string().starts_with("units of kind `line` fell from 40 on 2026-06-29 to 4:"), "{reason}");
}
