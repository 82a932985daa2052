//! A million items over HTTP, from a vendor that takes 50 ms for each answer and refuses one in twenty: within 900 s, and
//! within 256 MB with the vendor's own memory counted.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use axum::{Router, extract::Request, http::StatusCode, response::IntoResponse};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use truecount_connectors::{
    CrawlProgress, CrawlState, Http, HttpSetup, Page, PageSink, Reader, Reading, RealTime, SinkError, connect, crawl,
};

use crate::list::{DAY, secret};

const ITEMS: u32 = 1_000_000;
const ACCOUNTS: u32 = 10_000;
const LATENCY: Duration = Duration::from_millis(50);
const SECONDS_MAX: u64 = 900;
const MEMORY_KIB_MAX: u64 = 256 * 1024;

/// Keeps pages in a file, as the archive does.
struct Archive(GzEncoder<BufWriter<File>>);

#[async_trait]
impl PageSink for Archive {
    async fn pack(&mut self, pages: &[Page], _: &CrawlState) -> Result<(), SinkError> {
        for page in pages {
            serde_json::to_writer(&mut self.0, page)?;
            self.0.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// The most memory that this process ever had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn rows(asked: &Request) -> String {
    let after: u32 =
        asked.uri().query().and_then(|query| query.split_once("after=")).map_or(0, |(_, id)| id.parse().unwrap());
    let is_device = asked.uri().path() == "/v2/devices-detailed";
    let most = if is_device { ITEMS } else { ACCOUNTS };
    let row = |id: u32| match is_device {
        true => format!(
            r#"{{"id":{id},"organizationId":{},"locationId":{},"nodeClass":"WINDOWS_WORKSTATION","approvalStatus":"APPROVED","displayName":"ws-{id:07}","systemName":"ws-{id:07}","created":1680307200.0,"lastContact":1782863999.5,"macAddresses":["00:00:5E:{:02X}:{:02X}:{:02X}"],"system":{{"serialNumber":"SN-{id:09}"}}}}"#,
            id % ACCOUNTS + 1,
            id % 20_000,
            id >> 16 & 255,
            id >> 8 & 255,
            id & 255
        ),
        false => format!(r#"{{"id":{id},"name":"Client {id}"}}"#),
    };
    let page: Vec<String> = (after + 1..=most).take(1000).map(row).collect();
    format!("[{}]", page.join(","))
}

async fn vendor() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let app = Router::new().fallback(move |request: Request| {
        let number = requests.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            tokio::time::sleep(LATENCY).await;
            match request.uri().path() {
                "/ws/oauth/token" => r#"{"access_token":"t","expires_in":3600}"#.into_response(),
                _ if number % 20 == 7 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response(),
                _ => rows(&request).into_response(),
            }
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    base
}

#[tokio::test]
#[ignore = "takes minutes: .ci/full"]
async fn a_million_items_from_a_slow_vendor() {
    let base = vendor().await;
    let options = format!("base_url = \"{base}\"\nrequests_per_minute = 60000\nconcurrency = 4");
    let source = connect("ninjaone", &options.parse().unwrap()).unwrap();
    let begun = Instant::now();
    let secret = secret(&[("client_id", "id"), ("client_secret", "s")]);
    let setup = HttpSetup { secret, time: Arc::new(RealTime::default()), ..HttpSetup::default() };
    let http = Http::new(&source, setup).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let writer = BufWriter::new(file.reopen().unwrap());
    let (mut state, mut archive) = (CrawlState::default(), Archive(GzEncoder::new(writer, Compression::fast())));
    let progress = crawl(&source, &http, &mut state, &mut archive, &|| false).await.unwrap();
    assert_eq!(progress, CrawlProgress::Done);
    archive.0.finish().unwrap().flush().unwrap();
    let crawled = begun.elapsed();
    let mut reader = Reader::new(&source, &state, DAY);
    assert!(!reader.has_lookups(), "one pass is enough");
    for line in BufReader::new(GzDecoder::new(file.reopen().unwrap())).lines() {
        reader.parse(&serde_json::from_str(&line.unwrap()).unwrap()).unwrap();
    }
    let Reading::Whole(snapshot) = reader.finish().unwrap() else { panic!("nothing moves") };
    let seconds = begun.elapsed().as_secs();
    println!(
        "{} items, {} requests, {} throttled: {seconds} s ({} s to crawl), peak {} MiB",
        snapshot.item_count(),
        http.requests(),
        http.throttles(),
        crawled.as_secs(),
        peak_kib() / 1024
    );
    assert_eq!((snapshot.account_count(), snapshot.item_count()), (ACCOUNTS as usize, ITEMS as usize));
    assert!(snapshot.read_state.is_complete() && snapshot.receipt.unbalanced().is_none());
    assert!(http.throttles() >= u64::from(ITEMS / 1000) / 25, "one in twenty is refused");
    assert!(seconds <= SECONDS_MAX, "{seconds} s");
    assert!(peak_kib() <= MEMORY_KIB_MAX, "{} KiB", peak_kib());
}
