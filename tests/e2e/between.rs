//! A proxy between the functions and everything that they ask: counts each request, and can do something before one
//! reaches its target, or after it was answered and before the answer is passed on. Deliberately absent: TLS.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Whether the target still gets the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// The target never sees it.
    Before,
    /// The target has answered; the answer is lost.
    After,
}

/// One request that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// `table`, `archive`, `mail`, `secrets`, or a source.
    pub(crate) target: String,
    /// With which credential: a token without its serial number.
    pub(crate) who: String,
    /// The request in words, for messages.
    pub(crate) what: String,
    /// Bytes of the request's body.
    pub(crate) bytes: usize,
    /// Bytes of the answer's body; none while there is no answer.
    pub(crate) answered: usize,
}

/// What is done at one request.
pub(crate) struct Trap {
    /// The number of the request, from 1.
    pub(crate) at: usize,
    /// When.
    pub(crate) moment: Moment,
    /// What. The client gets no answer to this request.
    pub(crate) spring: Box<dyn FnOnce() + Send>,
}

/// The proxies of one stack, one address per target. Dropping it stops them.
pub(crate) struct Between {
    shared: Arc<Shared>,
    addresses: BTreeMap<String, String>,
    servers: Vec<JoinHandle<()>>,
}

struct Shared {
    client: reqwest::Client,
    state: Mutex<Passing>,
}

#[derive(Default)]
struct Passing {
    seen: Vec<Seen>,
    trap: Option<Trap>,
    /// Reads what a table request writes; only for tests that want it.
    watch: Option<Box<dyn Fn(&Seen, &[u8]) + Send>>,
    /// Answers as AWS does to a role that may not do something. Asked before `refuse`.
    roles: Option<Refuse>,
    /// Answers in the target's place.
    refuse: Option<Refuse>,
    /// A target that is slow, and how long each request to it waits.
    slow: Option<(String, Duration)>,
}

/// An answer in the target's place, if it gives one.
pub(crate) type Refuse = Box<dyn Fn(&Seen, &[u8]) -> Option<Response> + Send>;

#[derive(Clone)]
struct Target {
    name: String,
    url: String,
    own: String,
    shared: Arc<Shared>,
}

impl Between {
    /// Opens an address for each target: its name and where it really is.
    pub(crate) async fn open(targets: &BTreeMap<String, String>) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .gzip(false)
            .build()
            .unwrap();
        let shared = Arc::new(Shared { client, state: Mutex::default() });
        let (mut addresses, mut servers) = (BTreeMap::new(), Vec::new());
        for (name, url) in targets {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let own = format!("http://{}", listener.local_addr().unwrap());
            addresses.insert(name.clone(), own.clone());
            let url = url.trim_end_matches('/').to_owned();
            let target = Target { name: name.clone(), url, own, shared: Arc::clone(&shared) };
            let router =
                Router::new().fallback(pass).with_state(target).layer(axum::extract::DefaultBodyLimit::disable());
            servers.push(tokio::spawn(async move {
                let _ = axum::serve(listener, router).await;
            }));
        }
        Self { shared, addresses, servers }
    }

    /// The address in place of a target's own.
    pub(crate) fn address(&self, target: &str) -> &str {
        &self.addresses[target]
    }

    /// The addresses of all targets.
    pub(crate) fn addresses(&self) -> &BTreeMap<String, String> {
        &self.addresses
    }

    /// Restarts the count, and sets a trap.
    pub(crate) fn set(&self, trap: Option<Trap>) {
        let mut state = self.shared.passing();
        state.seen.clear();
        state.trap = trap;
    }

    /// Has `watch` look at every request with its body.
    pub(crate) fn watch(&self, watch: impl Fn(&Seen, &[u8]) + Send + 'static) {
        self.shared.passing().watch = Some(Box::new(watch));
    }

    /// Has each request to a target wait so long.
    pub(crate) fn slow_down(&self, target: &str, wait: Duration) {
        self.shared.passing().slow = Some((target.to_owned(), wait));
    }

    /// Has `roles` refuse what a role does not allow.
    pub(crate) fn hold_to(&self, roles: Refuse) {
        self.shared.passing().roles = Some(roles);
    }

    /// Has `refuse` answer in the target's place where it wants to.
    pub(crate) fn refuse(&self, refuse: Option<Refuse>) {
        self.shared.passing().refuse = refuse;
    }

    /// What has passed since the last [`Between::set`].
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.passing().seen.clone()
    }

    /// Whether the trap has sprung.
    pub(crate) fn has_sprung(&self) -> bool {
        self.shared.passing().trap.is_none()
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

impl Shared {
    fn passing(&self) -> std::sync::MutexGuard<'_, Passing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn pass(State(target): State<Target>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let shared = Arc::clone(&target.shared);
    let (number, trap) = {
        let mut state = shared.passing();
        let what = what(&target.name, &method, &uri, &headers, &body);
        let seen = Seen { target: target.name.clone(), who: who(&headers), what, bytes: body.len(), answered: 0 };
        if let Some(watch) = &state.watch {
            watch(&seen, &body);
        }
        let refused = [&state.roles, &state.refuse].into_iter().flatten().find_map(|refuse| refuse(&seen, &body));
        state.seen.push(seen);
        if let Some(answer) = refused {
            return answer;
        }
        let number = state.seen.len();
        (number, state.trap.take_if(|trap| trap.at == number))
    };
    let trap = match trap {
        Some(Trap { moment: Moment::Before, spring, .. }) => {
            spring();
            return gone();
        }
        trap => trap,
    };
    let wait = shared.passing().slow.as_ref().filter(|(slow, _)| *slow == target.name).map(|(_, wait)| *wait);
    tokio::time::sleep(wait.unwrap_or_default()).await;
    // In a task of its own: a client that goes away must not undo what its target is already doing.
    let answer = tokio::spawn(forward(target, number, method, uri, headers, body)).await;
    if let Some(trap) = trap {
        (trap.spring)();
        return gone();
    }
    answer.unwrap_or_else(|_| gone())
}

async fn forward(target: Target, number: usize, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = target.shared.client.request(method, format!("{}{path}", target.url)).body(body);
    for (name, value) in headers.iter().filter(|(name, _)| !is_hop(name)) {
        request = request.header(name, value);
    }
    let Ok(mut answer) = request.send().await else { return gone() };
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| !is_hop(name)) {
        let text = value.to_str().map(|text| text.replace(&target.url, &target.own));
        response = response.header(name, text.map_or_else(|_| value.clone(), |text| text.parse().unwrap()));
    }
    let promised = answer.content_length();
    let mut bytes = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => {
                if let Some(seen) = target.shared.passing().seen.get_mut(number - 1) {
                    seen.answered = bytes.len();
                }
                return response.body(Body::from(renamed(bytes.into(), &target))).unwrap();
            }
            // The body was cut off on its way here: cut it off on its way on, too.
            Err(_) => {
                let parts = [Ok(Bytes::from(bytes)), Err(std::io::Error::other("cut"))];
                let response = response.header(header::CONTENT_LENGTH, promised.unwrap_or(1 << 20));
                return response.body(Body::from_stream(futures::stream::iter(parts))).unwrap();
            }
        }
    }
}

/// An answer that names its own address names ours instead: links to the next page.
fn renamed(bytes: Bytes, target: &Target) -> Bytes {
    match std::str::from_utf8(&bytes) {
        Ok(text) if text.contains(&target.url) => Bytes::from(text.replace(&target.url, &target.own)),
        _ => bytes,
    }
}

fn is_hop(name: &HeaderName) -> bool {
    let hops = [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::EXPECT];
    hops.contains(name)
}

/// No usable answer.
fn gone() -> Response {
    Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::empty()).unwrap()
}

fn who(headers: &HeaderMap) -> String {
    let credential = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("");
    credential.rsplit_once('.').map_or(credential, |(scope, _)| scope).to_owned()
}

fn what(target: &str, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> String {
    let action = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    match (target, action) {
        ("table", Some(action)) => {
            let text = String::from_utf8_lossy(body);
            let key = |name: &str| {
                let from = text.find(&format!("\"{name}\":{{\"S\":\""))? + name.len() + 9;
                text[from..].split('"').next()
            };
            let action = action.rsplit('.').next().unwrap_or(action);
            format!("{action} {} {}", key("pk").unwrap_or(""), key("sk").unwrap_or(""))
        }
        (_, Some(action)) => action.to_owned(),
        _ => format!("{method} {}", uri.path_and_query().map_or("/", |path| path.as_str())),
    }
}
