//! The vendors as HTTP servers on loopback, one listener each: what is counted, what is refused, and the faults.
//!
//! What an answer says is in `vendors`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::Response,
};
use futures::stream::{self, StreamExt as _};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::oneshot,
    task::JoinHandle,
};

use crate::{
    FaultProfile, Sample,
    catalogue::{CONNECTWISE, GRAPH, NINJAONE, PAX8},
    sample::Scenario,
    vendors::{
        Call, Reply, Twist, Vendor, connectwise::ConnectWise, microsoft_graph::MicrosoftGraph, ninjaone::NinjaOne,
        pax8::Pax8,
    },
};

/// Where the vendors listen: source to scheme, host and port. Microsoft's login is at the same place as its API.
pub type VendorEndpoints = BTreeMap<String, String>;

/// A vendor limits the rate once, at this data request.
const RATE_LIMITED_AT: u64 = 5;
/// The first token dies at this data request.
const TOKEN_DIES_AT: u64 = 3;

/// The running vendors of a sample. Dropping it stops them.
#[derive(Debug)]
pub struct Vendors {
    sample: Arc<Sample>,
    sites: BTreeMap<String, Site>,
    foreign: Site,
}

impl Vendors {
    /// Starts every vendor on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start(sample: Arc<Sample>) -> std::io::Result<Self> {
        let mut sites = BTreeMap::new();
        for source in sample.sources() {
            let world = sample.world();
            let vendor: Arc<dyn Vendor> = match source {
                CONNECTWISE => Arc::new(ConnectWise { world, next_invoice: sample.month().next().first_day() }),
                NINJAONE => Arc::new(NinjaOne { world }),
                GRAPH => Arc::new(MicrosoftGraph { world }),
                PAX8 => Arc::new(Pax8 { world }),
                _ => continue,
            };
            sites.insert(source.to_owned(), Site::open(Answers::Vendor(vendor), sample.scenario()).await?);
        }
        let foreign = Site::open(Answers::Stranger, Scenario::None).await?;
        Ok(Self { sample, sites, foreign })
    }

    /// The sample that is served.
    #[must_use]
    pub fn sample(&self) -> &Sample {
        &self.sample
    }

    /// Where they listen.
    #[must_use]
    pub fn endpoints(&self) -> VendorEndpoints {
        self.sites.iter().map(|(source, site)| (source.clone(), site.url.clone())).collect()
    }

    /// Switches a source's fault on or off; counters of the fault begin anew.
    ///
    /// # Errors
    /// If there is no such vendor, or one that refused connections cannot have its port back.
    pub async fn set_fault(&self, source: &str, fault: Option<FaultProfile>) -> std::io::Result<()> {
        let site = self.sites.get(source).ok_or_else(|| {
            std::io::Error::new(
                std::io::ErrorKind::NotFound,
                format!("no vendor of this sample listens for `{source}`"),
            )
        })?;
        site.set_fault(fault).await
    }

    /// Requests per source since the start, token calls included.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.sites.iter().map(|(source, site)| (source.clone(), site.shared.requests.load(Ordering::Relaxed))).collect()
    }

    /// Requests that could have written something (anything but GET, token calls apart): refused with 405.
    #[must_use]
    pub fn writes_refused(&self) -> u64 {
        self.sites.values().map(|site| site.shared.writes_refused.load(Ordering::Relaxed)).sum()
    }

    /// An address of another origin, for [`FaultProfile::ForeignNextLink`]. It answers 200 to everything.
    #[must_use]
    pub fn foreign_url(&self) -> String {
        self.foreign.url.clone()
    }

    /// Requests that reached the other origin: 0 unless a client follows foreign links.
    #[must_use]
    pub fn foreign_requests(&self) -> u64 {
        self.foreign.shared.requests.load(Ordering::Relaxed)
    }

    /// Stops them all, and waits for what they are answering.
    pub async fn stop(self) {
        for site in self.sites.into_values().chain([self.foreign]) {
            site.close().await;
        }
    }
}

/// Who answers at a site.
enum Answers {
    Vendor(Arc<dyn Vendor>),
    Stranger,
}

/// What the listener and the tests both see.
struct Shared {
    answers: Answers,
    origin: String,
    scenario: Scenario,
    requests: AtomicU64,
    data_requests: AtomicU64,
    writes_refused: AtomicU64,
    tokens: AtomicU64,
    fault: Mutex<Option<FaultProfile>>,
    /// Data requests since the fault was set.
    since_fault: AtomicU64,
}

/// One listener, open or closed.
struct Site {
    url: String,
    port: u16,
    shared: Arc<Shared>,
    open: tokio::sync::Mutex<Option<Open>>,
    /// Holds the port, without listening, while the vendor refuses connections: nobody else is given it meanwhile.
    _kept: Option<TcpSocket>,
}

struct Open {
    close: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.url)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(open) = self.open.get_mut().take() {
            open.task.abort();
        }
    }
}

impl Site {
    async fn open(answers: Answers, scenario: Scenario) -> std::io::Result<Self> {
        let listener = socket(0)?.listen(BACKLOG)?;
        let port = listener.local_addr()?.port();
        let kept = if CAN_SHARE { Some(socket(port)?) } else { None };
        let url = format!("http://127.0.0.1:{port}");
        let shared = Arc::new(Shared {
            answers,
            origin: url.clone(),
            scenario,
            requests: AtomicU64::new(0),
            data_requests: AtomicU64::new(0),
            writes_refused: AtomicU64::new(0),
            tokens: AtomicU64::new(0),
            fault: Mutex::new(None),
            since_fault: AtomicU64::new(0),
        });
        let open = tokio::sync::Mutex::new(Some(listen(listener, Arc::clone(&shared))));
        Ok(Self { url, port, shared, open, _kept: kept })
    }

    async fn set_fault(&self, fault: Option<FaultProfile>) -> std::io::Result<()> {
        let refuses = fault == Some(FaultProfile::Refused);
        *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        self.shared.since_fault.store(0, Ordering::Relaxed);
        let mut open = self.open.lock().await;
        match (refuses, open.take()) {
            (true, Some(running)) => running.close().await,
            (false, None) => {
                let listener = socket(self.port)?.listen(BACKLOG)?;
                *open = Some(listen(listener, Arc::clone(&self.shared)));
            }
            (_, as_it_was) => *open = as_it_was,
        }
        Ok(())
    }

    async fn close(&self) {
        if let Some(running) = self.open.lock().await.take() {
            running.close().await;
        }
    }
}

impl Open {
    /// No new connection, and the old ones end after what they are answering.
    async fn close(self) {
        let _ = self.close.send(());
        let mut task = self.task;
        if tokio::time::timeout(std::time::Duration::from_secs(2), &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Connections that may wait to be taken.
const BACKLOG: u32 = 1024;

/// Whether two sockets of this process may have one port.
const CAN_SHARE: bool = cfg!(any(target_os = "linux", target_os = "macos"));

/// A socket at a port of this machine (0: one that is free) which does not listen yet.
fn socket(port: u16) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(true)?;
    }
    socket.bind(std::net::SocketAddr::from(([127, 0, 0, 1], port)))?;
    Ok(socket)
}

fn listen(listener: TcpListener, shared: Arc<Shared>) -> Open {
    let (close, closed) = oneshot::channel::<()>();
    let router = Router::new().fallback(answer).with_state(shared);
    let task = tokio::spawn(async move {
        let until = async move {
            let _ = closed.await;
        };
        let _ = axum::serve(listener, router).with_graceful_shutdown(until).await;
    });
    Open { close, task }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let Answers::Vendor(vendor) = &shared.answers else {
        return response(Reply::json("[]".to_owned()), Cut::Whole);
    };
    let fault = shared.fault.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let query = Query::<Vec<(String, String)>>::try_from_uri(&uri).map(|query| query.0).unwrap_or_default();
    let mut call = Call {
        origin: shared.origin.clone(),
        path: uri.path().to_owned(),
        query,
        headers,
        body: body.to_vec(),
        twist: Twist::None,
    };
    let is_token_call = vendor.is_token_call(&call.path);
    if method != Method::GET && !(is_token_call && method == Method::POST) {
        shared.writes_refused.fetch_add(1, Ordering::Relaxed);
        return response(Reply::status(405, "{}".to_owned()), Cut::Whole);
    }
    if is_token_call {
        let number = shared.tokens.fetch_add(1, Ordering::Relaxed) + 1;
        return response(vendor.token(&call, number), Cut::Whole);
    }
    let Some(scope) = vendor.admits(&call) else { return response(vendor.refusal(), Cut::Whole) };
    if let Some(reply) = shared.occasional_failure(&call, vendor.as_ref()) {
        return response(reply, Cut::Whole);
    }
    let since = shared.since_fault.fetch_add(1, Ordering::Relaxed);
    let mut cut = Cut::Whole;
    match fault {
        Some(FaultProfile::Status500) => {
            return response(Reply::status(500, r#"{"message":"An error has occurred"}"#.to_owned()), cut);
        }
        Some(FaultProfile::UnauthorizedAfterPageOne) if since > 0 => return response(vendor.refusal(), cut),
        Some(FaultProfile::TooManyForEver) => return response(too_many(), cut),
        Some(FaultProfile::HtmlWith200) => return response(html(), cut),
        Some(FaultProfile::CutBody) => cut = Cut::Half,
        Some(FaultProfile::EmptyList) => call.twist = Twist::EmptyList,
        Some(FaultProfile::RepeatedPage) => call.twist = Twist::RepeatedPage,
        Some(FaultProfile::ForeignNextLink(url)) => call.twist = Twist::ForeignNextLink(url),
        Some(FaultProfile::Refused | FaultProfile::UnauthorizedAfterPageOne) | None => {}
    }
    response(vendor.answer(&call, &scope), cut)
}

impl Shared {
    /// The failures that every vendor has now and then, once each: a rate limit, a token that expires early.
    fn occasional_failure(&self, call: &Call, vendor: &dyn Vendor) -> Option<Reply> {
        let number = self.data_requests.fetch_add(1, Ordering::Relaxed) + 1;
        if self.scenario == Scenario::None {
            return None;
        }
        let has_token = call.header("authorization").starts_with("Bearer ");
        if number == TOKEN_DIES_AT && has_token {
            return Some(vendor.refusal());
        }
        (number == RATE_LIMITED_AT).then(too_many)
    }
}

fn too_many() -> Reply {
    Reply::status(429, r#"{"message":"Too many requests"}"#.to_owned()).with("retry-after", "1".to_owned())
}

fn html() -> Reply {
    let body = "<!doctype html><html><head><title>Sign in</title></head><body>Please sign in</body></html>".to_owned();
    Reply { status: 200, headers: vec![("content-type", "text/html; charset=utf-8".to_owned())], body }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Whole,
    Half,
}

fn response(reply: Reply, cut: Cut) -> Response {
    let mut response = Response::builder().status(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK));
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let built = match cut {
        Cut::Whole => response.body(Body::from(reply.body)),
        Cut::Half => {
            let whole = reply.body.len();
            let half = Bytes::from(reply.body).slice(..whole / 2);
            let hang_up = async {
                // Long enough for the first half to be on its way.
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
                Err(std::io::Error::other("the sample vendor hangs up"))
            };
            let body = Body::from_stream(stream::once(async { Ok(half) }).chain(stream::once(hang_up)));
            response.header(header::CONTENT_LENGTH, whole).body(body)
        }
    };
    built.unwrap_or_default()
}
