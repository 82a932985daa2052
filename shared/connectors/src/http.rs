//! One request, made over HTTP until it is answered or its budget is spent: credentials, pace, waits, caps.
//!
//! Only GET, and POST to declared search paths, to the declared token endpoint or sign-in. Redirects are errors. The base URL's origin is the only one
//! that ever sees a credential.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use reqwest::{
    Client, Response, StatusCode,
    header::{
        ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LINK, LOCATION, RETRY_AFTER,
    },
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    auth::SecretFields,
    body::cut_json,
    endpoint::{Endpoint, is_loopback, origin_text},
    error::{PageError, SettingsError},
    fault::ErrorKind,
    mask::Mask,
    pace::{CONCURRENCY_MAX, RateLimiter, RealTime, Time, backoff, http_date, retry_after},
    paging,
    renewal::{CredentialCache, CredentialProvider},
    request::{Page, Refusal, Request},
    source::{Source, WayAround},
    tokens::{Tokens, session_in_body, session_in_header},
};

/// The caps of a crawl. What hits one is a named error, never a silent end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// HTTP requests for one request of a source, with its token and its repeats.
    pub requests_per_ask_max: u32,
    /// Bytes of one answer, decompressed.
    pub body_bytes_max: usize,
    /// Answers of one list.
    pub list_pages_max: u32,
    /// Answers of one crawl.
    pub pages_max: u64,
    /// To connect, in seconds.
    pub connect_seconds_max: u64,
    /// For one whole request, in seconds.
    pub request_seconds_max: u64,
    /// The longest wait that a vendor may ask for, in seconds; if it asks for more, the crawl ends with that.
    pub wait_seconds_max: u64,
    /// Accounts in a row that may get no answer before the source counts as failed.
    pub silent_accounts_max: u32,
    /// Answers in one pack.
    pub pack_pages: usize,
    /// Bytes in one pack, about.
    pub pack_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_ask_max: 4,
            body_bytes_max: 32 * 1024 * 1024,
            list_pages_max: 20_000,
            pages_max: 500_000,
            connect_seconds_max: 10,
            request_seconds_max: 60,
            wait_seconds_max: 120,
            silent_accounts_max: 10,
            pack_pages: 200,
            pack_bytes: 8 * 1024 * 1024,
        }
    }
}

/// What a crawl needs beside the source.
pub struct HttpSetup {
    /// The fields of the source's secret.
    pub secret: BTreeMap<String, SecretString>,
    /// Where to look the secret up again, once, should the vendor refuse it.
    pub renewal: Option<Arc<dyn CredentialProvider>>,
    /// The clock for waits.
    pub time: Arc<dyn Time>,
    /// From now: when nothing new may be asked and no wait may end. `None`: no limit.
    pub deadline: Option<Duration>,
    /// The caps.
    pub limits: Limits,
}

impl Default for HttpSetup {
    fn default() -> Self {
        let (secret, time) = (BTreeMap::new(), Arc::new(RealTime::default()));
        Self { secret, renewal: None, time, deadline: None, limits: Limits::default() }
    }
}

/// The engine's way to one source.
pub struct Http {
    endpoint: Endpoint,
    pub(crate) keyring: CredentialCache,
    client: Client,
    pub(crate) token_client: Client,
    pub(crate) tokens: Tokens,
    gate: RateLimiter,
    pub(crate) time: Arc<dyn Time>,
    deadline: Option<Duration>,
    pub(crate) limits: Limits,
    requests: AtomicU64,
    throttles: AtomicU64,
    skew: Mutex<Option<SignedDuration>>,
}

/// How much of a refusal's body is looked at for an error code.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// What a token endpoint says of a wrong or expired client secret (RFC 6749), which all accounts share.
const INVALID_CLIENT: &str = "invalid_client";

/// What came of a request.
pub(crate) enum Outcome {
    /// An answer.
    Page(Box<Page>),
    /// Another request in its place.
    Instead(Box<Request>),
    /// The vendor refuses it, and the source does without.
    Without(Refusal),
    /// The deadline came first: ask again another time.
    OutOfTime,
    /// No usable answer.
    Failed(ErrorKind),
}

/// Why an attempt did not bring an answer.
pub(crate) enum Miss {
    ErrorKind(ErrorKind),
    /// A status that the source may know a way around.
    Refused(ErrorKind, Refusal),
    OutOfTime,
}

impl From<ErrorKind> for Miss {
    fn from(cause: ErrorKind) -> Self {
        Self::ErrorKind(cause)
    }
}

/// What is left of a request's attempts.
pub(crate) struct Budget {
    left: u32,
    attempts: u32,
    /// The token that the last request carried, and whether it was given up already.
    token: Option<HeaderValue>,
    token_refreshed: bool,
    /// Which secret the last request was made with.
    secret_number: u32,
    /// What happened last: the reason, should nothing be left.
    last: Option<ErrorKind>,
}

impl Budget {
    fn new(requests: u32) -> Self {
        Self { left: requests, attempts: 0, token: None, token_refreshed: false, secret_number: 0, last: None }
    }

    fn spend(&mut self) -> Result<(), Miss> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.last.clone().unwrap_or(ErrorKind::Throttled { after: None }).into()),
        }
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("host", &origin_text(&self.endpoint.base)).finish_non_exhaustive()
    }
}

impl Http {
    /// Prepares the way to a source. Asks nothing yet.
    ///
    /// # Errors
    /// [`SettingsError`] if the secret lacks a field, or the source is a file.
    pub fn new(source: &Source, setup: HttpSetup) -> Result<Self, SettingsError> {
        let endpoint = source.endpoint().cloned().ok_or_else(|| SettingsError::Option {
            connector: source.kind(),
            why: "this source is a file: it is split, not asked".into(),
        })?;
        let secret = SecretFields(setup.secret);
        endpoint.auth.check(&secret)?;
        let client = client(&endpoint.base, &setup.limits)?;
        let token_client = match &endpoint.auth.token {
            Some(token) => self::client(&token.base, &setup.limits)?,
            None => client.clone(),
        };
        Ok(Self {
            gate: RateLimiter::new(endpoint.pace),
            deadline: setup.deadline.map(|from_now| setup.time.now().saturating_add(from_now)),
            endpoint,
            keyring: CredentialCache::new(secret, setup.renewal),
            client,
            token_client,
            tokens: Tokens::default(),
            time: setup.time,
            limits: setup.limits,
            requests: AtomicU64::new(0),
            throttles: AtomicU64::new(0),
            skew: Mutex::new(None),
        })
    }

    /// How many requests may be in flight.
    pub(crate) fn concurrency(&self) -> usize {
        usize::from(self.endpoint.pace.concurrency.clamp(1, CONCURRENCY_MAX))
    }

    /// Requests made so far, those for tokens and repeats counted.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Answers so far that said to ask less often.
    #[must_use]
    pub fn throttles(&self) -> u64 {
        self.throttles.load(Ordering::Relaxed)
    }

    /// Scheme, host and port of the source.
    pub(crate) fn host(&self) -> String {
        origin_text(&self.endpoint.base)
    }

    /// How far the vendor's clock is ahead of this machine's, by its last answer's Date; `None`: no answer had one.
    pub fn skew(&self) -> Option<SignedDuration> {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_date(&self, response: &Response) {
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok()).and_then(http_date);
        if let Some(date) = date {
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(date.duration_since(Timestamp::now()));
        }
    }

    /// Whether the deadline has come.
    pub(crate) fn is_out_of_time(&self) -> bool {
        self.deadline.is_some_and(|deadline| self.time.now() >= deadline)
    }

    /// What must not be seen in anything that the vendor says.
    pub(crate) fn mask(&self) -> Mask {
        let known = self.keyring.known();
        let fields = known.iter().flat_map(|secret| secret.values(&self.endpoint.auth));
        let values: Vec<SecretString> = fields.chain(self.tokens.given()).collect();
        Mask::new(values.iter().map(ExposeSecret::expose_secret))
    }

    /// Asks until there is an answer or the budget is spent. From here on, nothing that the vendor said holds a secret.
    pub(crate) async fn ask(&self, source: &Source, ask: &Request) -> Outcome {
        match self.ask_within_budget(source, ask).await {
            Outcome::Failed(cause) => Outcome::Failed(cause.masked(&self.mask())),
            Outcome::Without(Refusal { status, code }) => {
                let code = code.map(|code| self.mask().of_words(&code));
                Outcome::Without(Refusal { status, code })
            }
            answered => answered,
        }
    }

    async fn ask_within_budget(&self, source: &Source, ask: &Request) -> Outcome {
        let url = match paging::resolve(&self.endpoint.base, &ask.target) {
            Ok(url) => url,
            Err(cause) => return Outcome::Failed(cause),
        };
        let mut budget = Budget::new(self.limits.requests_per_ask_max);
        loop {
            match self.attempt(&url, ask, &mut budget).await {
                Ok(answer) => {
                    return match self.page(source, ask, answer) {
                        Ok(page) => Outcome::Page(Box::new(page)),
                        Err(cause) if cause.passes() && budget.left > 0 => {
                            match self.wait_before_repeat(cause, &mut budget).await {
                                Ok(()) => continue,
                                Err(miss) => given_up(miss),
                            }
                        }
                        Err(cause) => Outcome::Failed(cause),
                    };
                }
                Err(Miss::Refused(cause, refusal)) => {
                    return match source.way_around(ask, &refusal) {
                        Some(WayAround::Instead(other)) => Outcome::Instead(Box::new(other)),
                        Some(WayAround::Without) => Outcome::Without(refusal),
                        None => Outcome::Failed(cause),
                    };
                }
                Err(Miss::ErrorKind(ErrorKind::NotAccepted)) if self.may_refresh(&budget) => {
                    budget.token_refreshed = true;
                    budget.last = Some(ErrorKind::NotAccepted);
                    self.tokens.give_up(ask.scope.as_deref(), budget.token.as_ref()).await;
                }
                Err(Miss::ErrorKind(cause)) if is_of_the_secret(&cause, ask) => {
                    if !self.keyring.renewed_since(budget.secret_number, &self.endpoint.auth).await {
                        return Outcome::Failed(cause);
                    }
                    self.tokens.give_up_all().await;
                    budget = Budget::new(self.limits.requests_per_ask_max);
                }
                Err(Miss::ErrorKind(cause)) if cause.passes() && budget.left > 0 => {
                    if let Err(miss) = self.wait_before_repeat(cause, &mut budget).await {
                        return given_up(miss);
                    }
                }
                Err(miss) => return given_up(miss),
            }
        }
    }

    /// The answer as it is archived: checked, and without what billing does not need.
    fn page(&self, source: &Source, ask: &Request, answer: Answer) -> Result<Page, ErrorKind> {
        let mask = self.mask();
        let body = mask.of_answer(cut_json(&answer.body, self.endpoint.redacted_fields)?);
        let stream = ask.stream.to_string();
        match source.error_in(&body).map_err(|why| PageError::of_answer(stream, why))? {
            Some(code) => Err(ErrorKind::Answered { code: plain_code(&code) }),
            None => Ok(Page { link: answer.link.map(|link| mask.of_answer(link)), ..Page::new(ask.clone(), body) }),
        }
    }

    /// Where all requests lie below.
    pub(crate) fn base(&self) -> &Url {
        &self.endpoint.base
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    fn may_refresh(&self, budget: &Budget) -> bool {
        let auth = &self.endpoint.auth;
        (auth.token.is_some() || auth.session.is_some()) && !budget.token_refreshed && budget.left >= 2
    }

    /// One request, with a token first if there is none.
    async fn attempt(&self, url: &Url, ask: &Request, budget: &mut Budget) -> Result<Answer, Miss> {
        budget.attempts += 1;
        budget.secret_number = self.keyring.number();
        let headers = self.headers(ask.scope.as_deref(), budget).await?;
        let (timeout, seconds) = self.leave(budget).await?;
        let host = origin_text(url);
        let full = self.keyring.secret().with_parameters(&self.endpoint.auth.query, url);
        let request = match &ask.search {
            None => self.client.get(full),
            Some(body) => self.client.post(full).header(CONTENT_TYPE, "application/json").body(body.clone()),
        };
        let sent = request.headers(headers).timeout(timeout).send().await;
        let response = sent.map_err(|error| self.broken(&error, &host, seconds))?;
        self.note_date(&response);
        let session = self.endpoint.auth.session.as_ref();
        let in_header = session.and_then(|session| session_in_header(session, response.headers()));
        let link = response.headers().get_all(LINK).iter().filter_map(|value| value.to_str().ok());
        let link = paging::next_link(link);
        let body = self.answer(response, &host, seconds).await?;
        let replaced = in_header.or_else(|| session_in_body(session?, &body));
        if let Some(header) = replaced {
            self.tokens.replace(None, header).await;
        }
        Ok(Answer { body, link })
    }

    async fn answer(&self, response: Response, host: &str, seconds: u64) -> Result<String, Miss> {
        let status = response.status();
        if status == StatusCode::OK {
            let bytes = self.body(response, self.limits.body_bytes_max, host, seconds).await?;
            return String::from_utf8(bytes).map_err(|_| ErrorKind::NotJson.into());
        }
        if let Some(host) = redirect_host(&response) {
            return Err(ErrorKind::Redirected { host }.into());
        }
        let after = self.hold_if_asked(&response);
        match status.as_u16() {
            429 => Err(self.throttled(after)),
            503 if after.is_some() => Err(self.throttled(after)),
            500..=599 | 408 => Err(ErrorKind::ServerFails { status: status.as_u16() }.into()),
            401 => Err(ErrorKind::NotAccepted.into()),
            status => {
                let code = self.refusal_code(response, host, seconds).await;
                let cause = match status {
                    403 => ErrorKind::NotAllowed { code: code.clone() },
                    _ => ErrorKind::Refused { status, code: code.clone() },
                };
                Err(Miss::Refused(cause, Refusal { status, code }))
            }
        }
    }

    /// Counts an answer that said to ask less often.
    pub(crate) fn throttled(&self, after: Option<Duration>) -> Miss {
        self.throttles.fetch_add(1, Ordering::Relaxed);
        ErrorKind::Throttled { after }.into()
    }

    /// Reads a body up to a cap, counted after decompression.
    pub(crate) async fn body(
        &self,
        mut response: Response,
        most: usize,
        host: &str,
        seconds: u64,
    ) -> Result<Vec<u8>, Miss> {
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(bytes),
                Ok(Some(chunk)) if bytes.len() + chunk.len() > most => {
                    return Err(ErrorKind::TooLarge { bytes_max: most }.into());
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Err(error) if error.is_timeout() => return Err(self.broken(&error, host, seconds)),
                Err(_) => return Err(ErrorKind::CutShort.into()),
            }
        }
    }

    /// The vendor's error code in a refusal; nothing else of its body is kept.
    pub(crate) async fn refusal_code(&self, response: Response, host: &str, seconds: u64) -> Option<String> {
        let bytes = self.body(response, REFUSAL_BYTES_MAX, host, seconds).await.ok()?;
        let body: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        let code = [body.pointer("/error/code"), body.get("code"), body.get("error")]
            .into_iter()
            .flatten()
            .find_map(serde_json::Value::as_str)?;
        plain_code(code)
    }

    pub(crate) fn hold_if_asked(&self, response: &Response) -> Option<Duration> {
        let header = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let after = retry_after(header(RETRY_AFTER), header(DATE))?;
        if after.as_secs() <= self.limits.wait_seconds_max {
            self.gate.hold(self.time.now().saturating_add(after));
        }
        Some(after)
    }

    /// Waits as long as the vendor asks, or by a jittered back-off.
    async fn wait_before_repeat(&self, cause: ErrorKind, budget: &mut Budget) -> Result<(), Miss> {
        let wait = match &cause {
            ErrorKind::Throttled { after: Some(after) } if after.as_secs() > self.limits.wait_seconds_max => {
                return Err(Miss::ErrorKind(cause));
            }
            ErrorKind::Throttled { after: Some(after) } => *after,
            cause => backoff(budget.attempts, matches!(cause, ErrorKind::Throttled { .. })),
        };
        budget.last = Some(cause);
        self.wait(wait).await
    }

    async fn wait(&self, wait: Duration) -> Result<(), Miss> {
        let end = self.time.now().saturating_add(wait);
        if self.deadline.is_some_and(|deadline| end >= deadline) {
            return Err(Miss::OutOfTime);
        }
        if !wait.is_zero() {
            self.time.sleep(wait).await;
        }
        Ok(())
    }

    /// Waits for a place at the gate and takes a request from the budget. Gives how long the request may take: the
    /// cap, or what the deadline leaves; and the cap in seconds, for a message.
    pub(crate) async fn leave(&self, budget: &mut Budget) -> Result<(Duration, u64), Miss> {
        let wait = self.gate.take(self.time.now());
        self.wait(wait).await?;
        budget.spend()?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let most = Duration::from_secs(self.limits.request_seconds_max);
        let left = self.deadline.map_or(most, |deadline| deadline.saturating_sub(self.time.now()));
        if left.is_zero() {
            return Err(Miss::OutOfTime);
        }
        Ok((most.min(left), self.limits.request_seconds_max))
    }

    pub(crate) fn broken(&self, error: &reqwest::Error, host: &str, seconds: u64) -> Miss {
        if error.is_timeout() && self.is_out_of_time() {
            return Miss::OutOfTime;
        }
        let host = host.to_owned();
        Miss::ErrorKind(match error {
            error if error.is_timeout() && !error.is_connect() => ErrorKind::TimedOut { host, seconds },
            error if error.is_timeout() => ErrorKind::Unreachable { host, why: "no connection in time" },
            error if error.is_connect() => ErrorKind::Unreachable { host, why: "no connection" },
            _ => ErrorKind::Unreachable { host, why: "the connection broke" },
        })
    }

    async fn headers(&self, scope: Option<&str>, budget: &mut Budget) -> Result<HeaderMap, Miss> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &self.endpoint.headers {
            insert(&mut headers, name, HeaderValue::from_str(value).ok());
        }
        let secret = self.keyring.secret();
        for header in &self.endpoint.auth.headers {
            insert(&mut headers, header.name, secret.header(header));
        }
        if let Some(basic) = &self.endpoint.auth.basic {
            insert(&mut headers, AUTHORIZATION.as_str(), secret.basic(basic));
        }
        if let Some(auth) = &self.endpoint.auth.session {
            let session = self.session(auth, budget).await?;
            budget.token = Some(session.clone());
            insert(&mut headers, auth.header, Some(session));
        }
        if let Some(auth) = &self.endpoint.auth.token {
            let token = self.token(auth, scope, budget).await?;
            budget.token = Some(token.clone());
            headers.insert(AUTHORIZATION, token);
        }
        Ok(headers)
    }
}

/// What an attempt brought.
struct Answer {
    body: String,
    /// The `Link` header's next page; empty where it has none.
    link: Option<String>,
}

/// A vendor's error code, where it looks like one: a sentence may hold anything.
fn plain_code(code: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (code.len() <= 80 && code.bytes().all(plain)).then(|| code.to_owned())
}

/// Whether it is the source's own secret that was refused, not one account's token.
pub(crate) fn is_of_the_secret(cause: &ErrorKind, ask: &Request) -> bool {
    match cause {
        ErrorKind::TokenRefused { code: Some(code), .. } if code == INVALID_CLIENT => true,
        ErrorKind::NotAccepted | ErrorKind::TokenRefused { .. } => ask.scope.is_none(),
        _ => false,
    }
}

fn given_up(miss: Miss) -> Outcome {
    match miss {
        Miss::OutOfTime => Outcome::OutOfTime,
        Miss::ErrorKind(cause) | Miss::Refused(cause, _) => Outcome::Failed(cause),
    }
}

fn insert(headers: &mut HeaderMap, name: &str, value: Option<HeaderValue>) {
    if let (Ok(name), Some(value)) = (HeaderName::try_from(name), value) {
        headers.insert(name, value);
    }
}

/// Where a redirect leads, by its host only.
pub(crate) fn redirect_host(response: &Response) -> Option<String> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let target = response.url().join(location);
    Some(target.map_or_else(|_| "an unreadable place".into(), |url| origin_text(&url)))
}

fn client(base: &Url, limits: &Limits) -> Result<Client, SettingsError> {
    let mut builder = Client::builder()
        .user_agent(concat!("truecount/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .gzip(true)
        .connect_timeout(Duration::from_secs(limits.connect_seconds_max))
        .read_timeout(Duration::from_secs(limits.request_seconds_max))
        .pool_max_idle_per_host(usize::from(CONCURRENCY_MAX));
    if base.host().is_some_and(|host| is_loopback(&host)) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| SettingsError::Client(error.without_url().to_string()))
}
