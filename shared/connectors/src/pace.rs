//! How fast a source may be asked, how long to wait before asking again, and the time that both are measured in.
//!
//! No thread, no global state: one gate per source and crawl.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use jiff::Timestamp;

/// How fast and how many at once. The vendor's own limits, less a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in any minute, on average.
    pub requests_per_minute: u32,
    /// How many may go without waiting after a pause.
    pub burst: u32,
    /// Requests in flight at once: 1 to 4.
    pub concurrency: u8,
}

/// The most that are ever in flight at once.
pub(crate) const CONCURRENCY_MAX: u8 = 4;
/// The shortest wait after a Retry-After.
const WAIT_MIN: Duration = Duration::from_secs(1);
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
const BACKOFF_THROTTLED: Duration = Duration::from_secs(4);
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The clock that waits are measured by.
#[async_trait]
pub trait Time: Send + Sync {
    /// Time since some fixed moment.
    fn now(&self) -> Duration;
    /// Waits.
    async fn sleep(&self, wait: Duration);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct RealTime(Instant);

impl Default for RealTime {
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Time for RealTime {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }
}

/// A clock that only moves when someone waits, for tests and samples: an hour's Retry-After takes no time.
#[derive(Debug, Default)]
pub struct PaperTime(AtomicU64);

impl PaperTime {
    /// All time waited so far.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl Time for PaperTime {
    fn now(&self) -> Duration {
        self.waited()
    }

    async fn sleep(&self, wait: Duration) {
        self.0.fetch_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

/// The gate that all requests of one source pass: a token bucket, and the vendor's last "not before".
#[derive(Debug)]
pub(crate) struct RateLimiter {
    interval: Duration,
    slack: Duration,
    state: Mutex<GateState>,
}

#[derive(Debug, Default)]
struct GateState {
    theoretical: Duration,
    not_before: Duration,
}

impl RateLimiter {
    pub(crate) fn new(pace: RateLimit) -> Self {
        let interval = Duration::from_secs(60) / pace.requests_per_minute.max(1);
        let slack = interval.saturating_mul(pace.burst.saturating_sub(1));
        Self { interval, slack, state: Mutex::default() }
    }

    /// Takes the next place and says how long to wait for it.
    pub(crate) fn take(&self, now: Duration) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let arrival = state.theoretical.max(now);
        state.theoretical = arrival.saturating_add(self.interval);
        let earliest = arrival.saturating_sub(self.slack).max(state.not_before);
        earliest.saturating_sub(now)
    }

    /// Nobody asks before then.
    pub(crate) fn hold(&self, until: Duration) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.not_before = state.not_before.max(until);
    }
}

/// What a Retry-After header asks for, at least a second: a number of seconds, or a date (measured from the
/// answer's own Date where it has one). `None`: absent or unreadable.
pub(crate) fn retry_after(value: Option<&str>, date: Option<&str>) -> Option<Duration> {
    let value = value?.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        let seconds = value.parse().unwrap_or(u64::from(u32::MAX));
        return Some(Duration::from_secs(seconds).max(WAIT_MIN));
    }
    let until = http_date(value)?;
    let from = date.and_then(http_date).unwrap_or_else(Timestamp::now);
    let seconds = until.as_second().saturating_sub(from.as_second());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).max(WAIT_MIN))
}

/// The moment in a Date header.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// How long to wait before attempt `attempt` (counted from 1), with jitter: between half and all of a time that
/// doubles.
pub(crate) fn backoff(attempt: u32, throttled: bool) -> Duration {
    let first = if throttled { BACKOFF_THROTTLED } else { BACKOFF_FIRST };
    let most = first.saturating_mul(1 << attempt.saturating_sub(1).min(6)).min(BACKOFF_MAX);
    let half = most / 2;
    let nanos = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_nanos(RandomState::new().build_hasher().finish() % nanos)
}
