//! The crawl: makes a source's requests, hands the answers over in packs, and can stop and go on anywhere.
//!
//! Order: what an answer leads to is asked before what was waiting longer, so one account is read in one go and
//! few requests wait. What is in a snapshot does not depend on this order.

use async_trait::async_trait;
use futures::stream::{FuturesOrdered, StreamExt};
use tracing::{debug, warn};
use truecount_billing::Remedy;

use crate::{
    fault::{ErrorKind, SourceError},
    http::{Http, Outcome, is_of_the_secret},
    request::{Missing, Page, Refusal, Request},
    source::Source,
    state::{CrawlState, short_hash},
};

/// Error returned by a [`PageSink`].
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// Takes packs of pages: archives them, then saves the state that goes with them.
#[async_trait]
pub trait PageSink: Send {
    /// Called every some hundred pages or some megabytes, and at the end, also before a fault is returned. `state`
    /// is what to save after the pages are safe: a crawl that goes on from it asks for none of them again.
    async fn pack(&mut self, pages: &[Page], state: &CrawlState) -> Result<(), SinkError>;
}

/// How a crawl ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrawlProgress {
    /// Everything was asked.
    Done,
    /// It was told to stop, or the deadline came: go on from the state.
    Stopped,
}

/// Why a crawl could not go on.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// The source as a whole cannot be read. The state still knows the request: a later crawl can go on.
    #[error(transparent)]
    SourceError(#[from] SourceError),
    /// The pages could not be kept.
    #[error("the pages could not be kept: {0}")]
    Sink(#[source] SinkError),
}

/// Requests everything that a source has to say, from where `state` stands.
///
/// A request about one account that fails leaves that account not read; one about the source ends the
/// crawl, and so does a credential that is refused (unless each account has its own token, and it is that which is
/// refused), or too many accounts in a row without any answer.
///
/// # Errors
/// [`CrawlError`]; what was answered before was handed to the sink.
pub async fn crawl(
    source: &Source,
    http: &Http,
    state: &mut CrawlState,
    sink: &mut dyn PageSink,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<CrawlProgress, CrawlError> {
    let mut crawl = Crawl {
        source,
        http,
        state,
        pages: Vec::new(),
        bytes: 0,
        returned: Vec::new(),
        requests_before: http.requests(),
    };
    let ended = crawl.run(sink, stop).await;
    crawl.settle();
    match ended {
        Err(CrawlError::Sink(error)) => Err(CrawlError::Sink(error)),
        ended => {
            crawl.hand_over(sink).await?;
            ended
        }
    }
}

struct Crawl<'a> {
    source: &'a Source,
    http: &'a Http,
    state: &'a mut CrawlState,
    pages: Vec<Page>,
    bytes: usize,
    /// Asked, but the deadline came before an answer.
    returned: Vec<Request>,
    requests_before: u64,
}

impl Crawl<'_> {
    async fn run(
        &mut self,
        sink: &mut dyn PageSink,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<CrawlProgress, CrawlError> {
        self.begin();
        let (source, http) = (self.source, self.http);
        let mut flights = FuturesOrdered::new();
        let mut stopping = false;
        loop {
            stopping = stopping || stop() || http.is_out_of_time();
            while !stopping && flights.len() < http.concurrency() {
                let Some(ask) = self.state.frontier.pop_front() else { break };
                self.state.flying.push_back(ask.clone());
                let is_done_without = self.state.without.contains(&*ask.stream);
                flights.push_back(async move {
                    match is_done_without {
                        true => Outcome::Without(Refusal { status: 403, code: None }),
                        false => http.ask(source, &ask).await,
                    }
                });
            }
            let Some(outcome) = flights.next().await else { break };
            let Some(ask) = self.state.flying.pop_front() else { break };
            match self.land(ask, outcome)? {
                Landed::Taken => {}
                Landed::OutOfTime(ask) => {
                    self.returned.push(ask);
                    stopping = true;
                }
            }
            if self.pages.len() >= http.limits.pack_pages || self.bytes >= http.limits.pack_bytes {
                self.hand_over(sink).await?;
            }
        }
        let done = self.returned.is_empty() && self.state.waiting() == 0;
        Ok(if done { CrawlProgress::Done } else { CrawlProgress::Stopped })
    }

    fn begin(&mut self) {
        self.state.settle();
        if !self.state.begun {
            self.state.begun = true;
            for ask in self.source.start() {
                if self.state.first_time(&ask) {
                    self.state.frontier.push_back(ask);
                }
            }
        }
    }

    /// Puts requests without an answer back in line.
    fn settle(&mut self) {
        self.state.settle();
        while let Some(ask) = self.returned.pop() {
            self.state.frontier.push_front(ask);
        }
    }

    /// Takes what came of a request.
    fn land(&mut self, ask: Request, outcome: Outcome) -> Result<Landed, SourceError> {
        let landed = match outcome {
            Outcome::OutOfTime => return Ok(Landed::OutOfTime(ask)),
            Outcome::Page(page) => self.page(*page),
            Outcome::Without(refusal) => self.without(&ask, refusal),
            Outcome::Instead(other) => self.enqueue(&ask, vec![*other]),
            Outcome::Failed(cause) => Err(cause),
        };
        match landed {
            Ok(()) => Ok(Landed::Taken),
            Err(cause) => self.failed(ask, cause).map(|()| Landed::Taken),
        }
    }

    fn page(&mut self, page: Page) -> Result<(), ErrorKind> {
        let limits = &self.http.limits;
        let hash = short_hash(&[&page.body]);
        if page.request.before == Some(hash) {
            return Err(ErrorKind::RepeatedPage { page: page.request.page.saturating_add(1) });
        }
        let mut asks = self.source.follow(&page)?;
        for next in asks.iter_mut().filter(|ask| is_next(ask, &page.request)) {
            if next.page >= limits.list_pages_max {
                return Err(ErrorKind::TooManyPages { pages_max: limits.list_pages_max.into() });
            }
            next.before = Some(hash);
        }
        if self.state.pages >= limits.pages_max {
            return Err(ErrorKind::TooManyPages { pages_max: limits.pages_max });
        }
        self.enqueue(&page.request, asks)?;
        debug!(stream = %page.request.stream, page = page.request.page, bytes = page.body.len(), "page read");
        self.state.pages += 1;
        self.state.bytes += page.body.len() as u64;
        self.state.failures_in_row = 0;
        self.bytes += page.body.len();
        self.pages.push(page);
        Ok(())
    }

    /// Keeps that the vendor refuses a stream which the source does without, and goes on behind it. A right that is
    /// missing is missing for all lists of the stream: they are not asked for again.
    fn without(&mut self, ask: &Request, refusal: Refusal) -> Result<(), ErrorKind> {
        if refusal.status == 403 {
            self.state.without.insert(ask.stream.to_string());
        }
        let page = Page::missing(ask.clone(), Missing::Refused(refusal));
        let asks = self.source.follow(&page)?;
        self.enqueue(ask, asks)?;
        self.pages.push(page);
        Ok(())
    }

    /// Puts requests at the head of the line, in order. A next page that was asked for before is a circle; an
    /// account that is listed twice is asked about once.
    fn enqueue(&mut self, from: &Request, asks: Vec<Request>) -> Result<(), ErrorKind> {
        if asks.iter().any(|ask| is_next(ask, from) && self.state.is_known(ask)) {
            return Err(ErrorKind::RepeatedLink);
        }
        let fresh: Vec<Request> = asks.into_iter().filter(|ask| self.state.first_time(ask)).collect();
        for ask in fresh.into_iter().rev() {
            self.state.frontier.push_front(ask);
        }
        Ok(())
    }

    /// Keeps a failure with its account, or ends the crawl.
    fn failed(&mut self, ask: Request, cause: ErrorKind) -> Result<(), SourceError> {
        let Some(account) = ask.account.clone().filter(|_| !is_of_the_secret(&cause, &ask)) else {
            return Err(self.give_up(ask, cause));
        };
        if cause.remedy() == Remedy::Retry {
            self.state.failures_in_row += 1;
            if self.state.failures_in_row >= self.http.limits.silent_accounts_max {
                let count = self.state.failures_in_row;
                return Err(self.give_up(ask, ErrorKind::ManyAccounts { count, last: Box::new(cause) }));
            }
        }
        let failure = cause.failure(&ask.stream, None);
        warn!(account = %account, reason = %failure, "account not read");
        self.state.failed.push((account, failure.clone()));
        let page = Page::missing(ask, Missing::Failed(failure));
        // Without the number of its rows a list can still be read.
        if let Some(list) = self.source.behind_count(&page.request)
            && self.state.first_time(&list)
        {
            self.state.frontier.push_front(list);
        }
        self.pages.push(page);
        Ok(())
    }

    /// Ends the crawl; the request stays first in line for a later one.
    fn give_up(&mut self, ask: Request, cause: ErrorKind) -> SourceError {
        let fault = SourceError { during: ask.stream.to_string(), account: ask.account.clone(), cause };
        self.state.failures_in_row = 0;
        self.state.flying.push_front(ask);
        fault
    }

    async fn hand_over(&mut self, sink: &mut dyn PageSink) -> Result<(), CrawlError> {
        let requests = self.http.requests();
        self.state.requests += requests - self.requests_before;
        self.requests_before = requests;
        let pages = std::mem::take(&mut self.pages);
        self.bytes = 0;
        sink.pack(&pages, self.state).await.map_err(CrawlError::Sink)
    }
}

/// Whether a request is for the next page of the list that another is about.
fn is_next(ask: &Request, from: &Request) -> bool {
    ask.stream == from.stream && ask.page > from.page
}

enum Landed {
    Taken,
    OutOfTime(Request),
}
