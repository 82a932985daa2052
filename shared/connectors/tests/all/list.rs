//! The plainest of connectors: a list of accounts, and a list of items of each.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use serde::Deserialize;
use truecount_billing::{AccountId, ItemId, UsageItem};
use truecount_connectors::{
    Auth, Basic, Connector, CrawlError, CrawlProgress, CrawlState, CredentialProvider, Endpoint, Http, HttpSetup,
    Limits, Page, PageError, PageSink, PaperTime, RateLimit, Request, SinkError, Snapshot, SnapshotBuilder, TokenAuth,
    TokenStyle, checked_url, crawl, read_page,
};

/// Asks `/accounts`, then `/items/<account>` of each.
pub(crate) struct Lists {
    pub(crate) endpoint: Endpoint,
    /// Whether each account has a token of its own.
    pub(crate) scoped: Scoped,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scoped {
    Source,
    Account,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    accounts: Vec<String>,
    #[serde(default)]
    items: Vec<String>,
    next: Option<String>,
}

impl Lists {
    pub(crate) fn basic(base: &str) -> Self {
        let basic = Basic { user: "acme+{user}".into(), password: "{password}".into() };
        Self::new(base, Auth { basic: Some(basic), ..Auth::default() })
    }

    pub(crate) fn token(base: &str) -> Self {
        let token = TokenAuth {
            base: checked_url(base).unwrap(),
            path: "/token/{scope}".into(),
            style: TokenStyle::Form,
            client_id: "{user}".into(),
            client_secret: "{password}".into(),
            fields: vec![("scope", "read".into())],
        };
        Self::new(base, Auth { token: Some(token), ..Auth::default() })
    }

    fn new(base: &str, auth: Auth) -> Self {
        let pace = RateLimit { requests_per_minute: 6000, burst: 100, concurrency: 1 };
        let base = checked_url(base).unwrap();
        let endpoint = Endpoint { base, auth, headers: vec![], pace, redacted_fields: &["secret"] };
        Self { endpoint, scoped: Scoped::Source }
    }
}

impl Connector for Lists {
    fn name(&self) -> &'static str {
        "lists"
    }

    fn endpoint(&self) -> Option<&Endpoint> {
        Some(&self.endpoint)
    }

    fn start(&self) -> Vec<Request> {
        vec![Request::new("accounts", "/accounts")]
    }

    fn follow(&self, page: &Page) -> Result<Vec<Request>, PageError> {
        let answer = answer(page)?;
        let mut asks: Vec<Request> = answer.next.map(|link| page.ask.next(link)).into_iter().collect();
        for account in answer.accounts {
            let ask = Request::new("items", format!("/items/{account}")).about(AccountId::new(&account).unwrap());
            asks.push(if self.scoped == Scoped::Account { ask.within(account) } else { ask });
        }
        Ok(asks)
    }

    fn read(&self, page: &Page, reading: &mut SnapshotBuilder) -> Result<(), PageError> {
        let answer = answer(page)?;
        for account in answer.accounts {
            reading.account(&AccountId::new(&account).unwrap(), &account);
        }
        for item in answer.items {
            let item = UsageItem { quantity: None, ..UsageItem::new(ItemId::new(item).unwrap(), "server") };
            reading.item(page.ask.account.as_ref().unwrap(), &item);
        }
        Ok(())
    }
}

fn answer(page: &Page) -> Result<Answer, PageError> {
    serde_json::from_str(&page.body)
        .map_err(|_| PageError { step: page.ask.step.to_string(), why: "is not a list".into() })
}

/// Keeps packs in memory, and every state as it would be saved.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) pages: Vec<Page>,
    pub(crate) states: Vec<String>,
}

#[async_trait]
impl PageSink for Kept {
    async fn pack(&mut self, pages: &[Page], state: &CrawlState) -> Result<(), SinkError> {
        // What is archived is what comes back.
        for page in pages {
            let text = serde_json::to_string(page)?;
            assert_eq!(&serde_json::from_str::<Page>(&text)?, page);
        }
        self.pages.extend_from_slice(pages);
        self.states.push(serde_json::to_string(state)?);
        Ok(())
    }
}

/// A crawl from the start on a clock of paper.
pub(crate) struct Run {
    pub(crate) result: Result<CrawlProgress, CrawlError>,
    pub(crate) state: CrawlState,
    pub(crate) kept: Kept,
    pub(crate) time: Arc<PaperTime>,
}

impl Run {
    pub(crate) fn error(&self) -> String {
        self.result.as_ref().unwrap_err().to_string()
    }

    pub(crate) fn snapshot(&self, connector: &dyn Connector) -> Snapshot {
        let mut reading = SnapshotBuilder::of(connector);
        for page in &self.kept.pages {
            read_page(connector, page, &mut reading).unwrap();
        }
        reading.finish()
    }
}

pub(crate) fn secret(fields: &[(&str, &str)]) -> BTreeMap<String, secrecy::SecretString> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
}

pub(crate) const SECRET: &[(&str, &str)] = &[("user", "u53r"), ("password", "hunter2")];

pub(crate) fn setup(time: &Arc<PaperTime>, limits: Limits) -> HttpSetup {
    HttpSetup { secret: secret(SECRET), time: Arc::clone(time) as _, deadline: None, limits, renewal: None }
}

pub(crate) async fn run(connector: &dyn Connector) -> Run {
    run_with(connector, Limits::default(), CrawlState::default(), None).await
}

pub(crate) async fn run_with(
    connector: &dyn Connector,
    limits: Limits,
    mut state: CrawlState,
    deadline: Option<std::time::Duration>,
) -> Run {
    let time = Arc::new(PaperTime::default());
    let http = Http::new(connector, HttpSetup { deadline, ..setup(&time, limits) }).unwrap();
    let mut kept = Kept::default();
    let result = crawl(connector, &http, &mut state, &mut kept, &|| false).await;
    Run { result, state, kept, time }
}

/// A crawl from the start that can look its secret up again.
pub(crate) async fn run_renewing(connector: &dyn Connector, renewal: Arc<dyn CredentialProvider>) -> Run {
    let time = Arc::new(PaperTime::default());
    let setup = HttpSetup { renewal: Some(renewal), ..setup(&time, Limits::default()) };
    let http = Http::new(connector, setup).unwrap();
    let (mut kept, mut state) = (Kept::default(), CrawlState::default());
    let result = crawl(connector, &http, &mut state, &mut kept, &|| false).await;
    Run { result, state, kept, time }
}
