//! The plainest of sources: a list of accounts, and a list of items of each.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use jiff::civil::{Date, date};
use truecount_billing::{AccountId, ItemId, UsageItem};
use truecount_connectors::{
    Auth, Basic, Child, Context, CrawlError, CrawlProgress, CrawlState, CredentialProvider, Endpoint, Grant, Http,
    HttpSetup, Limits, Out, Page, PageSink, Paging, PaperTime, RateLimit, Reader, Reading, RowError, SinkError,
    Snapshot, Source, Stream, TokenAuth, TokenStyle, checked_url, crawl,
};

/// The day that everything is read for.
pub(crate) const DAY: Date = date(2026, 6, 30);

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

impl Lists {
    pub(crate) fn basic(base: &str) -> Self {
        let basic = Basic { user: "acme+{user}".into(), password: "{password}".into() };
        Self::new(base, Auth { basic: Some(basic), ..Auth::default() })
    }

    pub(crate) fn token(base: &str) -> Self {
        Self::new(base, Auth { token: Some(token(base)), ..Auth::default() })
    }

    pub(crate) fn new(base: &str, auth: Auth) -> Self {
        let pace = RateLimit { requests_per_minute: 6000, burst: 100, concurrency: 1 };
        let base = checked_url(base).unwrap();
        let endpoint = Endpoint { base, auth, headers: vec![], pace, redacted_fields: &["secret"] };
        Self { endpoint, scoped: Scoped::Source }
    }

    pub(crate) fn source(&self) -> Source {
        let pages = Paging::NextUrl { at: "/next" };
        let accounts = Stream::get("accounts", "/accounts").rows("/accounts").pages(pages);
        let items = Stream::get("items", "/items/{account}").rows("/items").pages(pages);
        let items = match self.scoped {
            Scoped::Source => items.each("accounts", of_account),
            Scoped::Account => items.each("accounts", within_account),
        };
        Source::api::<()>("lists", self.endpoint.clone())
            .stream(accounts.lists_accounts().parse(account))
            .stream(items.parse(item))
            .build()
    }
}

pub(crate) fn token(base: &str) -> TokenAuth {
    TokenAuth {
        base: checked_url(base).unwrap(),
        path: "/token/{scope}".into(),
        grant: Grant::ClientCredentials,
        style: TokenStyle::Form,
        client_id: "{user}".into(),
        client_secret: "{password}".into(),
        fields: vec![("scope", "read".into())],
    }
}

fn of_account(id: String, _: &Context<'_>) -> Result<Option<Child>, RowError> {
    Ok(Some(Child::default().with("account", &id).about(AccountId::new(&id).unwrap())))
}

fn within_account(id: String, at: &Context<'_>) -> Result<Option<Child>, RowError> {
    Ok(of_account(id.clone(), at)?.map(|child| child.within(id)))
}

fn account(id: String, _: &Context<'_>, _: &(), out: &mut Out<'_>) -> Result<(), RowError> {
    out.account(&AccountId::new(&id).unwrap(), id.as_str());
    Ok(())
}

fn item(id: String, at: &Context<'_>, _: &(), out: &mut Out<'_>) -> Result<(), RowError> {
    let item = UsageItem { quantity: None, ..UsageItem::new(ItemId::new(id).unwrap(), "server") };
    out.item(at.account()?, &item);
    Ok(())
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

    pub(crate) fn snapshot(&self, lists: &Lists) -> Snapshot {
        let source = lists.source();
        match Reader::read(&source, &self.state, DAY, &self.kept.pages).unwrap() {
            Reading::Whole(snapshot) => *snapshot,
            Reading::Moved(requests) => panic!("{requests:?}"),
        }
    }
}

pub(crate) fn secret(fields: &[(&str, &str)]) -> BTreeMap<String, secrecy::SecretString> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
}

pub(crate) const SECRET: &[(&str, &str)] = &[("user", "u53r"), ("password", "hunter2")];

pub(crate) fn setup(time: &Arc<PaperTime>, limits: Limits) -> HttpSetup {
    HttpSetup { secret: secret(SECRET), time: Arc::clone(time) as _, deadline: None, limits, renewal: None }
}

pub(crate) async fn run(lists: &Lists) -> Run {
    run_with(lists, Limits::default(), CrawlState::default(), None).await
}

pub(crate) async fn run_with(
    lists: &Lists,
    limits: Limits,
    state: CrawlState,
    deadline: Option<std::time::Duration>,
) -> Run {
    run_source(&lists.source(), limits, state, deadline).await
}

pub(crate) async fn run_source(
    source: &Source,
    limits: Limits,
    mut state: CrawlState,
    deadline: Option<std::time::Duration>,
) -> Run {
    let time = Arc::new(PaperTime::default());
    let http = Http::new(source, HttpSetup { deadline, ..setup(&time, limits) }).unwrap();
    let mut kept = Kept::default();
    let result = crawl(source, &http, &mut state, &mut kept, &|| false).await;
    Run { result, state, kept, time }
}

/// A crawl from the start that can look its secret up again.
pub(crate) async fn run_renewing(lists: &Lists, renewal: Arc<dyn CredentialProvider>) -> Run {
    let (source, time) = (lists.source(), Arc::new(PaperTime::default()));
    let setup = HttpSetup { renewal: Some(renewal), ..setup(&time, Limits::default()) };
    let http = Http::new(&source, setup).unwrap();
    let (mut kept, mut state) = (Kept::default(), CrawlState::default());
    let result = crawl(&source, &http, &mut state, &mut kept, &|| false).await;
    Run { result, state, kept, time }
}
