//! A stream: one kind of list that a source reads. Its request, how it goes on, what it hangs on, where its rows lie, and
//! the functions that say what a row means.

use std::{any::Any, fmt};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use truecount_billing::AccountId;

use crate::{
    error::RowError,
    out::{Context, Out},
    paging::Paging,
    request::{Page, Refusal, Request},
    values::row_error,
};

/// What the rows of lookups say, for the rows that refer to them: the source's own type.
pub(crate) type Tables = Box<dyn Any + Send + Sync>;

type Parse = Box<dyn Fn(&RawValue, &Context<'_>, &Tables, &mut Out<'_>) -> Result<(), RowError> + Send + Sync>;
type Lookup = Box<dyn Fn(&RawValue, &Context<'_>, &mut Tables) -> Result<(), RowError> + Send + Sync>;
type Children = Box<dyn Fn(&RawValue, &Context<'_>) -> Result<Option<Child>, RowError> + Send + Sync>;

/// One kind of list. `T` is what the source's lookups are kept in.
pub struct Stream<T = ()> {
    pub(crate) definition: Definition,
    kind: std::marker::PhantomData<fn(T)>,
}

/// The same without the type of the lookups.
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    /// The path, and a query where it never changes; `{name}` stands for a variable.
    pub(crate) target: String,
    pub(crate) search: Option<serde_json::Map<String, serde_json::Value>>,
    pub(crate) paging: Paging,
    pub(crate) rows: Rows,
    /// Where a row has its id, its account's id.
    pub(crate) id: Option<&'static str>,
    pub(crate) account: Option<&'static str>,
    /// Where an answer has the vendor's own count of the list's rows.
    pub(crate) total: Option<&'static str>,
    /// Where an answer repeats the number of the page that was asked for.
    pub(crate) page_number: Option<&'static str>,
    /// Of which stream the answer is the number of rows.
    pub(crate) counts: Option<&'static str>,
    pub(crate) from: From,
    /// Whether the rows are all the accounts that there are.
    pub(crate) lists_accounts: bool,
    pub(crate) refusals: Vec<(Refused, Instead)>,
    pub(crate) lookup: Option<Lookup>,
    pub(crate) parse: Option<Parse>,
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("name", &self.name).field("target", &self.target).finish_non_exhaustive()
    }
}

/// Where an answer has its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// The elements of the list at a JSON pointer.
    At(&'static str),
    /// The answer itself is the only row.
    Whole,
}

/// What a stream's lists hang on.
pub(crate) enum From {
    /// Nothing: one list, asked for at the start.
    Start,
    /// What the settings say: a list of each, asked for at the start.
    Given(Vec<Child>),
    /// A list of each row of another stream.
    Each(&'static str, Children),
    /// The end of a list of another stream: one list, of the same account and variables.
    After(&'static [&'static str]),
}

/// Which refusals a source knows a way around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The HTTP statuses.
    pub statuses: &'static [u16],
    /// The vendor's error code; `None`: any, or none.
    pub code: Option<&'static str>,
}

/// The way around a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instead {
    /// Do without.
    Nothing,
    /// Ask for this stream instead.
    Stream(&'static str),
}

/// One list that hangs on a row: its variables, the account that it is about, the token to ask with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Child {
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) account: Option<AccountId>,
    pub(crate) scope: Option<String>,
}

impl Child {
    /// A list with a variable of its path.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((variable, value.into()));
        self
    }

    /// A list about one account: if it cannot be read, only that account was not read.
    #[must_use]
    pub fn about(self, account: AccountId) -> Self {
        Self { account: Some(account), ..self }
    }

    /// A list that is asked for with the token of a scope.
    #[must_use]
    pub fn within(self, scope: impl Into<String>) -> Self {
        Self { scope: Some(scope.into()), ..self }
    }
}

impl<T: Default + Send + Sync + 'static> Stream<T> {
    /// A list that is asked for with GET. In `target`, a path with an optional query, `{name}` stands for a variable.
    pub fn get(name: &'static str, target: impl Into<String>) -> Self {
        let definition = Definition {
            name,
            target: target.into(),
            search: None,
            paging: Paging::None,
            rows: Rows::At(""),
            id: None,
            account: None,
            total: None,
            page_number: None,
            counts: None,
            from: From::Start,
            lists_accounts: false,
            refusals: vec![],
            lookup: None,
            parse: None,
        };
        Self { definition, kind: std::marker::PhantomData }
    }

    /// A list that is asked for with POST to a search path, which changes nothing at the vendor. Parameters of the
    /// paging stand in the body.
    pub fn search(
        name: &'static str,
        target: impl Into<String>,
        body: serde_json::Map<String, serde_json::Value>,
    ) -> Self {
        Self::get(name, target).but(|definition| definition.search = Some(body))
    }

    fn but(mut self, change: impl FnOnce(&mut Definition)) -> Self {
        change(&mut self.definition);
        self
    }

    /// How the list goes on.
    #[must_use]
    pub fn pages(self, paging: Paging) -> Self {
        self.but(|definition| {
            definition.paging = paging;
            definition.total = definition.total.or(paging.total());
        })
    }

    /// Where an answer has its rows; left out: the answer is the list.
    #[must_use]
    pub fn rows(self, pointer: &'static str) -> Self {
        self.but(|definition| definition.rows = Rows::At(pointer))
    }

    /// The answer is no list: it is the only row.
    #[must_use]
    pub fn single(self) -> Self {
        self.but(|definition| definition.rows = Rows::Whole)
    }

    /// Where a row has its id.
    #[must_use]
    pub fn id(self, pointer: &'static str) -> Self {
        self.but(|definition| definition.id = Some(pointer))
    }

    /// Where a row has the id of its account: a row that cannot be read is then missing of that account only.
    #[must_use]
    pub fn account(self, pointer: &'static str) -> Self {
        self.but(|definition| definition.account = Some(pointer))
    }

    /// Where each answer has the vendor's own count of the list's rows.
    #[must_use]
    pub fn total(self, pointer: &'static str) -> Self {
        self.but(|definition| definition.total = Some(pointer))
    }

    /// Where each answer repeats the number of its page.
    #[must_use]
    pub fn page_number(self, pointer: &'static str) -> Self {
        self.but(|definition| definition.page_number = Some(pointer))
    }

    /// The answer is the number of rows of another stream, at a pointer. It is asked for before each list of that
    /// stream, which then needs no empty page to end with. Where the vendor refuses it, the source does without, and
    /// the receipt says so.
    #[must_use]
    pub fn counts(self, stream: &'static str, pointer: &'static str) -> Self {
        let known = Refused { statuses: &[400, 403, 404, 405, 501], code: None };
        self.single().without(known).but(|definition| {
            definition.counts = Some(stream);
            definition.total = Some(pointer);
        })
    }

    /// A list of each of these.
    #[must_use]
    pub fn of(self, given: Vec<Child>) -> Self {
        self.but(|definition| definition.from = From::Given(given))
    }

    /// A list of each row of another stream; `None` from `child`: not of this row.
    #[must_use]
    pub fn each<R: DeserializeOwned + 'static>(
        self,
        parent: &'static str,
        child: fn(R, &Context<'_>) -> Result<Option<Child>, RowError>,
    ) -> Self {
        let children: Children = Box::new(move |row, at| child(row_of(row, at)?, at));
        self.but(|definition| definition.from = From::Each(parent, children))
    }

    /// One list behind each list of other streams, of the same account and variables.
    #[must_use]
    pub fn after(self, streams: &'static [&'static str]) -> Self {
        self.but(|definition| definition.from = From::After(streams))
    }

    /// Only asked for instead of a stream that was refused.
    #[must_use]
    pub fn only_instead(self) -> Self {
        self.after(&[])
    }

    /// The rows are accounts. A list of them that does not stand still leaves no other rows in doubt.
    #[must_use]
    pub fn lists_accounts(self) -> Self {
        self.but(|definition| definition.lists_accounts = true)
    }

    /// Do without the stream where the vendor refuses it like this.
    #[must_use]
    pub fn without(self, refused: Refused) -> Self {
        self.but(|definition| definition.refusals.push((refused, Instead::Nothing)))
    }

    /// Ask for another stream where the vendor refuses this one like this.
    #[must_use]
    pub fn instead(self, refused: Refused, stream: &'static str) -> Self {
        self.but(|definition| definition.refusals.push((refused, Instead::Stream(stream))))
    }

    /// What a row is to the rows that refer to it. All lookups are made before any row is parsed.
    #[must_use]
    pub fn lookup<R: DeserializeOwned + 'static>(
        self,
        look_up: fn(R, &Context<'_>, &mut T) -> Result<(), RowError>,
    ) -> Self {
        let lookup: Lookup = Box::new(move |row, at, tables| {
            let row = row_of(row, at)?;
            tables.downcast_mut().map_or_else(|| Err(broken(at)), |tables| look_up(row, at, tables))
        });
        self.but(|definition| definition.lookup = Some(lookup))
    }

    /// What a row means.
    #[must_use]
    pub fn parse<R: DeserializeOwned + 'static>(
        self,
        parse: fn(R, &Context<'_>, &T, &mut Out<'_>) -> Result<(), RowError>,
    ) -> Self {
        let parse: Parse = Box::new(move |row, at, tables, out| {
            let row = row_of(row, at)?;
            tables.downcast_ref().map_or_else(|| Err(broken(at)), |tables| parse(row, at, tables, out))
        });
        self.but(|definition| definition.parse = Some(parse))
    }
}

fn row_of<R: DeserializeOwned + 'static>(row: &RawValue, at: &Context<'_>) -> Result<R, RowError> {
    serde_json::from_str(row.get()).map_err(|error| row_error(at, &error))
}

/// Tables of another type: a source is built with one type only, so this is not reached.
fn broken(at: &Context<'_>) -> RowError {
    RowError::field(at.stream(), None, "cannot be looked up")
}

impl Definition {
    /// A list's first request.
    pub(crate) fn first(&self, from: Option<&Request>, child: &Child) -> Request {
        let mut request = Request::new(self.name, "");
        if let Some(from) = from {
            request.account.clone_from(&from.account);
            request.scope.clone_from(&from.scope);
            request.variables.clone_from(&from.variables);
        }
        request.account = child.account.clone().or(request.account);
        request.scope = child.scope.clone().or(request.scope);
        request.variables.extend(child.variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        self.with_parameters(request, &self.paging.first())
    }

    /// The next page of a list, with these parameters.
    pub(crate) fn next(&self, page: &Page, rows: usize, parameters: &[(&'static str, String)]) -> Request {
        self.with_parameters(following(&page.request, rows), parameters)
    }

    /// The next page of a list, at the vendor's link.
    pub(crate) fn next_at(page: &Page, rows: usize, link: String) -> Request {
        Request { target: link, ..following(&page.request, rows) }
    }

    /// A list again, from its beginning.
    pub(crate) fn again(&self, of: &Request) -> Request {
        let round = of.round.saturating_add(1);
        let request = Request { page: 0, rows_before: 0, round, total: None, before: None, ..of.clone() };
        self.with_parameters(request, &self.paging.first())
    }

    /// The list that a count is about, from its beginning. `total`: what the count says, if anything.
    pub(crate) fn counted(&self, count: &Request, total: Option<u64>) -> Request {
        Request { round: count.round, total, ..self.first(Some(count), &Child::default()) }
    }

    fn with_parameters(&self, mut request: Request, parameters: &[(&'static str, String)]) -> Request {
        request.target = filled(&self.target, &request);
        match &self.search {
            Some(body) => {
                let mut body = body.clone();
                for (name, value) in parameters {
                    let value = value.parse::<u64>().map_or_else(|_| value.clone().into(), Into::into);
                    body.insert((*name).to_owned(), value);
                }
                request.search = Some(serde_json::Value::Object(body).to_string());
            }
            None if parameters.is_empty() => {}
            None => {
                request.target.push(if request.target.contains('?') { '&' } else { '?' });
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.extend_pairs(parameters);
                request.target.push_str(&query.finish());
            }
        }
        request
    }

    /// The way around a refusal, where there is one.
    pub(crate) fn way_around(&self, refusal: &Refusal) -> Option<Instead> {
        let fits = |refused: &Refused| {
            refused.statuses.contains(&refusal.status)
                && refused.code.is_none_or(|code| refusal.code.as_deref() == Some(code))
        };
        self.refusals.iter().find(|(refused, _)| fits(refused)).map(|(_, instead)| *instead)
    }
}

fn following(request: &Request, rows: usize) -> Request {
    Request {
        page: request.page.saturating_add(1),
        rows_before: request.rows_before + rows as u64,
        before: None,
        ..request.clone()
    }
}

/// A target with its variables, each kept within its place: what a vendor calls an id must not lead elsewhere.
fn filled(target: &str, request: &Request) -> String {
    let mut text = String::with_capacity(target.len());
    let mut rest = target;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        text.push_str(before);
        let value = request.variable(name).unwrap_or_default();
        match value {
            "." | ".." => text.push_str("%2E"),
            value => text.extend(value.bytes().map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' | b'@' => {
                    char::from(byte).to_string()
                }
                byte => format!("%{byte:02X}"),
            })),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Stream<()> {
        Stream::get("additions", "/{root}/agreements/{agreement}/additions?fields=id").pages(Paging::Number {
            parameter: "page",
            first: 1,
            size: Some(("pageSize", 50)),
            end: crate::paging::End::EmptyPage,
        })
    }

    #[test]
    fn a_request_carries_what_its_list_hangs_on() {
        let root = Request { variables: [("root".to_owned(), "v1".to_owned())].into(), ..Request::new("server", "/") };
        let account = AccountId::new("7").unwrap();
        let child = Child::default().with("agreement", "../5?x").about(account.clone()).within("t");
        let first = stream().definition.first(Some(&root), &child);
        assert_eq!(first.target, "/v1/agreements/..%2F5%3Fx/additions?fields=id&pageSize=50&page=1");
        assert_eq!((first.account.as_ref(), first.scope.as_deref()), (Some(&account), Some("t")));
        assert_eq!(first.variable("agreement"), Some("../5?x"));
        let again = stream().definition.again(&first);
        assert_eq!((again.round, again.target.as_str()), (1, first.target.as_str()));
    }

    #[test]
    fn a_variable_stays_a_part_of_the_path() {
        let target = |value: &str| {
            let request =
                Request { variables: [("id".to_owned(), value.to_owned())].into(), ..Request::new("one", "") };
            filled("/things/{id}/parts", &request)
        };
        assert_eq!(target(".."), "/things/%2E/parts");
        assert_eq!(target("a b/c"), "/things/a%20b%2Fc/parts");
        assert_eq!(target("é"), "/things/%C3%A9/parts");
    }

    #[test]
    fn a_search_pages_in_its_body() {
        let body = serde_json::from_str(r#"{"filter":"all"}"#).unwrap();
        let paging = Paging::Offset { parameter: "from", size: Some(("limit", 5)), end: crate::paging::End::EmptyPage };
        let stream = Stream::<()>::search("devices", "/search", body).pages(paging);
        let first = stream.definition.first(None, &Child::default());
        assert_eq!(first.target, "/search");
        assert_eq!(first.search.as_deref(), Some(r#"{"filter":"all","from":0,"limit":5}"#));
    }
}
