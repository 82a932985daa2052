//! A source as it is configured: where it is reached, and its streams. No IO: requests out, answers in.

use std::{collections::BTreeSet, fmt};

use truecount_billing::AccountId;

use crate::{
    endpoint::Endpoint,
    envelope::{count_at, rows, text_at},
    error::PageError,
    out::Context,
    paging::Next,
    request::{Page, Refusal, Request},
    sources::file::FileSource,
    stream::{Child, Definition, From, Instead, Rows, Stream, Tables},
};

/// A configured source.
#[derive(Debug)]
pub struct Source {
    kind: &'static str,
    reach: Reach,
    streams: Vec<Definition>,
    /// The accounts that the settings name, with their names.
    pub(crate) known: Vec<(AccountId, String)>,
    /// Where an answer with status 200 has the vendor's error.
    error: Option<&'static str>,
    pub(crate) tables: MakeTables,
}

/// Makes the tables that a reading's lookups are kept in.
pub(crate) struct MakeTables(Box<dyn Fn() -> Tables + Send + Sync>);

impl MakeTables {
    pub(crate) fn make(&self) -> Tables {
        (self.0)()
    }
}

impl fmt::Debug for MakeTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MakeTables")
    }
}

#[derive(Debug)]
enum Reach {
    Api(Box<Endpoint>),
    File(Box<FileSource>),
}

/// Builds a [`Source`] that is an API. `T` is what its lookups are kept in.
pub struct SourceBuilder<T> {
    source: Source,
    kind: std::marker::PhantomData<fn(T)>,
}

impl Source {
    /// An API.
    #[must_use]
    pub fn api<T: Default + Send + Sync + 'static>(kind: &'static str, endpoint: Endpoint) -> SourceBuilder<T> {
        let source = Self {
            kind,
            reach: Reach::Api(Box::new(endpoint)),
            streams: Vec::new(),
            known: Vec::new(),
            error: None,
            tables: MakeTables(Box::new(|| Box::new(T::default()))),
        };
        SourceBuilder { source, kind: std::marker::PhantomData }
    }

    /// A file that a person drops.
    pub(crate) fn of_file(kind: &'static str, file: FileSource) -> Self {
        Self {
            kind,
            reach: Reach::File(Box::new(file)),
            streams: Vec::new(),
            known: Vec::new(),
            error: None,
            tables: MakeTables(Box::new(|| Box::new(()))),
        }
    }

    /// The kind's name, as in the settings.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Where the vendor is; `None` for a file.
    #[must_use]
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match &self.reach {
            Reach::Api(endpoint) => Some(endpoint),
            Reach::File(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn endpoint_mut(&mut self) -> Option<&mut Endpoint> {
        match &mut self.reach {
            Reach::Api(endpoint) => Some(endpoint),
            Reach::File(_) => None,
        }
    }

    /// The file's profile, for a source that is a dropped file instead of an API.
    #[must_use]
    pub fn file(&self) -> Option<&FileSource> {
        match &self.reach {
            Reach::Api(_) => None,
            Reach::File(file) => Some(file),
        }
    }

    /// Method and path of every request that the source may make, variables in braces.
    pub fn requests(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.requests_by_stream().map(|(_, method, path)| (method, path))
    }

    /// The same, each with the name of its stream.
    pub fn requests_by_stream(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        self.streams.iter().map(|stream| {
            let method = if stream.search.is_some() { "POST" } else { "GET" };
            (stream.name, method, stream.target.split('?').next().unwrap_or_default())
        })
    }

    pub(crate) fn stream(&self, name: &str) -> Option<&Definition> {
        self.streams.iter().find(|stream| stream.name == name)
    }

    pub(crate) fn streams(&self) -> impl Iterator<Item = &Definition> {
        self.streams.iter()
    }

    pub(crate) fn stream_of(&self, request: &Request) -> Result<&Definition, PageError> {
        self.stream(&request.stream)
            .ok_or_else(|| PageError::of_answer(&*request.stream, "belongs to no stream of this source"))
    }

    /// The stream that counts the rows of another.
    fn count_of(&self, stream: &Definition) -> Option<&Definition> {
        self.streams.iter().find(|other| other.counts == Some(stream.name))
    }

    /// The stream whose lists an answer is about: the one that it counts, or else its own.
    pub(crate) fn listed<'s>(&'s self, stream: &'s Definition) -> &'s Definition {
        stream.counts.and_then(|of| self.stream(of)).unwrap_or(stream)
    }

    /// The request that a list begins with: for the number of its rows, where the vendor tells it.
    fn first(&self, stream: &Definition, from: Option<&Request>, child: &Child) -> Request {
        self.count_of(stream).unwrap_or(stream).first(from, child)
    }

    /// The first requests.
    pub(crate) fn start(&self) -> Vec<Request> {
        let firsts = |stream: &Definition| match &stream.from {
            From::Start => vec![self.first(stream, None, &Child::default())],
            From::Given(all) => all.iter().map(|child| self.first(stream, None, child)).collect(),
            From::Each(..) | From::After(_) => vec![],
        };
        self.streams.iter().filter(|stream| stream.counts.is_none()).flat_map(firsts).collect()
    }

    /// What to ask for after an answer, in order: the list's next page, then what hangs on its rows, or on its end.
    ///
    /// # Errors
    /// [`PageError`] if the answer cannot be understood.
    pub(crate) fn follow(&self, page: &Page) -> Result<Vec<Request>, PageError> {
        let stream = self.stream_of(&page.request)?;
        if stream.counts.is_some() {
            // A count that cannot be read is reported when the page is parsed.
            let total = stream.total.and_then(|at| count_at(&page.body, at).ok().flatten());
            return Ok(vec![self.listed(stream).counted(&page.request, total)]);
        }
        if page.missing.is_some() {
            return Ok(self.after(stream.name, &page.request));
        }
        let wrong = |why: String| PageError::of_answer(stream.name, why);
        let rows = stream.rows_of(page).map_err(wrong)?;
        if let Some(at) = stream.page_number {
            let number = count_at(&page.body, at).map_err(wrong)?;
            let due = u64::from(page.request.page);
            if number != Some(due) {
                let said =
                    number.map_or_else(|| "says no page number".to_owned(), |number| format!("is page {number}"));
                return Err(wrong(format!("{said}, asked was page {due}")));
            }
        }
        let count = rows.len();
        let mut requests = Vec::new();
        let ends = match stream.paging.next(page, &rows, stream.id)? {
            Next::End => true,
            Next::With(parameters) => {
                requests.push(stream.next(page, count, &parameters));
                false
            }
            Next::At(link) => {
                requests.push(Definition::next_at(page, count, link));
                false
            }
        };
        let at = Context::new(page, stream);
        for (child_stream, children) in self.children_of(stream.name) {
            for row in &rows {
                match children(row, &at) {
                    Ok(Some(child)) => requests.push(self.first(child_stream, Some(&page.request), &child)),
                    // Without it the source has nothing to ask for.
                    Err(error) if stream.rows == Rows::Whole => return Err(wrong(format!("is none: {error}"))),
                    // A row that cannot be read is reported when the page is parsed.
                    Ok(None) | Err(_) => {}
                }
            }
        }
        if ends {
            requests.extend(self.after(stream.name, &page.request));
        }
        Ok(requests)
    }

    /// The streams whose lists hang on the rows of another.
    pub(crate) fn children_of(&self, parent: &str) -> impl Iterator<Item = (&Definition, &ChildOf)> {
        self.streams.iter().filter_map(move |stream| match &stream.from {
            From::Each(of, children) if *of == parent => Some((stream, &**children)),
            _ => None,
        })
    }

    /// The names of the streams that are asked for with the first request's token.
    pub(crate) fn streams_of_first_token(&self) -> impl Iterator<Item = &'static str> {
        self.streams.iter().filter(|stream| self.has_first_token(stream)).map(|stream| stream.name)
    }

    fn has_first_token(&self, stream: &Definition) -> bool {
        let of_first = |name: &&'static str| self.stream(name).is_some_and(|stream| self.has_first_token(stream));
        match &stream.from {
            From::Start | From::Given(_) => true,
            From::After(streams) => streams.iter().any(of_first),
            // A row may be a scope of its own.
            From::Each(parent, _) => !self.has_scopes() && of_first(parent),
        }
    }

    fn has_scopes(&self) -> bool {
        let token = self.endpoint().and_then(|endpoint| endpoint.auth.token.as_ref());
        token.is_some_and(|token| token.path.contains("{scope}"))
    }

    fn after(&self, ended: &str, request: &Request) -> Vec<Request> {
        let follows = |stream: &&Definition| matches!(&stream.from, From::After(streams) if streams.contains(&ended));
        self.streams.iter().filter(follows).map(|stream| self.first(stream, Some(request), &Child::default())).collect()
    }

    /// The list that a count was to come before.
    pub(crate) fn behind_count(&self, count: &Request) -> Option<Request> {
        let stream = self.stream(&count.stream).filter(|stream| stream.counts.is_some())?;
        Some(self.listed(stream).counted(count, None))
    }

    /// The way around a refusal: other requests, none at all, or `None`: the refusal stands.
    pub(crate) fn way_around(&self, request: &Request, refusal: &Refusal) -> Option<WayAround> {
        // Within a list that was begun a refusal is a failure: what was read of it is not all.
        let stream = self.stream(&request.stream).filter(|_| request.page == 0)?;
        Some(match stream.way_around(refusal)? {
            Instead::Nothing => WayAround::Without,
            Instead::Stream(name) => WayAround::Instead(self.stream(name)?.first(Some(request), &Child::default())),
        })
    }

    /// The vendor's error in an answer with status 200, where the source declares such a place.
    ///
    /// # Errors
    /// What is wrong with the answer, as the rest of a sentence.
    pub(crate) fn error_in(&self, body: &str) -> Result<Option<String>, String> {
        match self.error {
            None => Ok(None),
            Some(at) => text_at(body, at),
        }
    }

    /// A list again, from its beginning.
    pub(crate) fn again(&self, of: &Request) -> Option<Request> {
        let stream = self.stream(&of.stream)?;
        Some(match self.count_of(stream) {
            Some(count) => count.again(&Request { stream: count.name.into(), search: None, ..of.clone() }),
            None => stream.again(of),
        })
    }
}

/// The function that makes a row's child.
pub(crate) type ChildOf =
    dyn Fn(&serde_json::value::RawValue, &Context<'_>) -> Result<Option<Child>, crate::error::RowError> + Send + Sync;

/// The way around a refusal.
pub(crate) enum WayAround {
    /// Do without the answer.
    Without,
    /// Ask for this instead.
    Instead(Request),
}

impl Definition {
    /// The rows of an answer.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence.
    pub(crate) fn rows_of<'p>(&self, page: &'p Page) -> Result<Vec<&'p serde_json::value::RawValue>, String> {
        match self.rows {
            Rows::At(pointer) => rows(&page.body, pointer),
            Rows::Whole => match serde_json::from_str(&page.body) {
                Ok(row) => Ok(vec![row]),
                Err(_) => Err("is not JSON".into()),
            },
        }
    }
}

impl<T: Default + Send + Sync + 'static> SourceBuilder<T> {
    /// One more kind of list. Lists are asked for in the order of their streams.
    #[must_use]
    pub fn stream(mut self, stream: Stream<T>) -> Self {
        self.source.streams.push(stream.definition);
        self
    }

    /// Accounts that the settings name.
    #[must_use]
    pub fn accounts(mut self, accounts: impl IntoIterator<Item = (AccountId, String)>) -> Self {
        self.source.known.extend(accounts);
        self
    }

    /// What the lookups of a reading begin with, where that is not the default.
    #[must_use]
    pub fn tables(mut self, make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.source.tables = MakeTables(Box::new(move || Box::new(make())));
        self
    }

    /// Where an answer with status 200 has the vendor's error, as a JSON pointer.
    #[must_use]
    pub fn error_at(mut self, pointer: &'static str) -> Self {
        self.source.error = Some(pointer);
        self
    }

    /// The source.
    #[must_use]
    pub fn build(self) -> Source {
        let names: BTreeSet<&str> = self.source.streams.iter().map(|stream| stream.name).collect();
        debug_assert_eq!(names.len(), self.source.streams.len(), "each stream has a name of its own");
        self.source
    }
}
