//! Reads archived pages into a snapshot: a pure function of the pages, independent of their order.
//!
//! Lookups (a catalogue, agreements) are made in a pass of their own, so that a row finds what it refers to wherever that
//! stands. Of a list that was read again only the last reading counts. Every row ends in the receipt.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    mem,
};

use jiff::civil::Date;
use serde_json::value::RawValue;
use truecount_billing::{AccountId, ReadReason, Receipt, RowReason, StreamReceipt};

use crate::{
    envelope::{count_at, text_at},
    error::{PageError, RowError},
    out::{Context, Out, RowOutcome},
    paging::Paging,
    request::{ListKey, Missing, Page, Request},
    snapshot::{Note, Snapshot, SnapshotBuilder},
    source::Source,
    sources::file::{FileReading, STREAM as FILE_STREAM},
    state::{CrawlState, short_hash},
    stream::{Definition, From, Tables},
};

/// How often a list that changed while it was read is read again.
const READ_AGAIN_MAX: u8 = 3;

/// Reads one crawl's pages. Feed each page to [`Reader::look_up`] first where [`Reader::has_lookups`], then each to
/// [`Reader::parse`], in any order.
pub struct Reader<'a> {
    source: &'a Source,
    day: Date,
    /// The lists that were read more than once, with the number of their last reading.
    rounds: BTreeMap<ListKey, u8>,
    tables: Tables,
    /// The lists that hang on rows which the last reading of their parents still has.
    live: HashSet<ListKey>,
    lists: BTreeMap<ListKey, List>,
    /// Rows of streams without items that cannot be read, as hashes of stream and content.
    unreadable: HashSet<u64>,
    builder: SnapshotBuilder,
    receipt: Receipt,
    files: Option<FileReading>,
}

/// What was seen of one list.
#[derive(Default)]
struct List {
    /// One of its requests.
    request: Option<Request>,
    rows: u64,
    /// Of each row its id and content, as hashes.
    ids: HashMap<u64, u64>,
    has_ids: bool,
    /// Whether rows can shift between its pages, and nothing else would tell.
    can_shift: bool,
    /// Pages with rows in the last reading, and of each reading the sum of its ids' hashes.
    filled_pages: u32,
    readings: BTreeMap<u8, u64>,
    total: Option<u64>,
    total_refused: bool,
    /// Its total is not the same on all pages, or a row came twice with different content.
    moved: bool,
    /// A request of it failed.
    failed: bool,
}

/// What the pages say.
#[derive(Debug)]
pub enum Reading {
    /// Everything that the source has to say.
    Whole(Box<Snapshot>),
    /// Some lists changed while they were read: ask for these again, and read all pages anew.
    Moved(Vec<Request>),
}

impl<'a> Reader<'a> {
    /// Begins to read the pages of the crawl that `state` is of, for a day.
    #[must_use]
    pub fn new(source: &'a Source, state: &CrawlState, day: Date) -> Self {
        let mut builder = SnapshotBuilder::default();
        for (id, name) in &source.known {
            builder.account(id, name);
        }
        // A list that is counted is read again behind its count, which alone the state knows.
        let mut rounds: BTreeMap<ListKey, u8> = state.rounds().collect();
        for (key, round) in state.rounds() {
            if let Some(of) = source.stream(&key.stream).and_then(|stream| stream.counts) {
                rounds.insert(ListKey { stream: of.to_owned(), ..key }, round);
            }
        }
        Self {
            source,
            day,
            rounds,
            tables: source.tables.make(),
            live: HashSet::new(),
            lists: BTreeMap::new(),
            unreadable: HashSet::new(),
            builder,
            receipt: Receipt::default(),
            files: source.file().map(|file| FileReading::new(file.profile())),
        }
    }

    /// Reads pages that are all in memory.
    ///
    /// # Errors
    /// [`PageError`] if an answer about the whole source cannot be understood.
    pub fn read(source: &'a Source, state: &CrawlState, day: Date, pages: &[Page]) -> Result<Reading, PageError> {
        let mut reader = Self::new(source, state, day);
        if reader.has_lookups() {
            pages.iter().try_for_each(|page| reader.look_up(page))?;
        }
        pages.iter().try_for_each(|page| reader.parse(page))?;
        reader.finish()
    }

    /// Whether the pages must be looked up before they are parsed.
    #[must_use]
    pub fn has_lookups(&self) -> bool {
        self.source.streams().any(|stream| stream.lookup.is_some() || matches!(stream.from, From::Each(..)))
    }

    /// Takes what other rows refer to.
    ///
    /// # Errors
    /// [`PageError`] if an answer about the whole source cannot be understood.
    pub fn look_up(&mut self, page: &Page) -> Result<(), PageError> {
        if page.part.is_some() || page.missing.is_some() || !self.is_current(page) {
            return Ok(());
        }
        let stream = self.source.stream_of(&page.request)?;
        let children: Vec<_> = self.source.children_of(stream.name).collect();
        if stream.lookup.is_none() && children.is_empty() {
            return Ok(());
        }
        // An answer that cannot be understood is reported when it is parsed.
        let Ok(rows) = stream.rows_of(page) else { return Ok(()) };
        let at = Context::new(page, stream).on(self.day);
        for row in rows {
            if let Some(lookup) = &stream.lookup
                && let Err(error) = lookup(row, &at, &mut self.tables)
            {
                if stream.parse.is_none() {
                    self.unreadable.insert(short_hash(&[stream.name, row.get()]));
                }
                self.fail(&at, stream, row.get(), error);
            }
            for (child_stream, children) in &children {
                if let Ok(Some(child)) = children(row, &at) {
                    self.live.insert(child_stream.first(Some(&page.request), &child).list());
                }
            }
        }
        Ok(())
    }

    /// Takes what a page's rows mean. An answer about one account that cannot be understood leaves that account not
    /// read, and the others whole.
    ///
    /// # Errors
    /// [`PageError`] if an answer about the whole source cannot be understood.
    pub fn parse(&mut self, page: &Page) -> Result<(), PageError> {
        if page.part.is_some() {
            return self.parse_file(page);
        }
        let stream = self.source.stream_of(&page.request)?;
        match (self.parse_answer(page, stream), &page.request.account) {
            (Err(error), Some(account)) => {
                self.builder.fail(account, ReadReason::UnexpectedAnswer { detail: error.to_string() });
                Ok(())
            }
            (result, _) => result,
        }
    }

    fn parse_file(&mut self, page: &Page) -> Result<(), PageError> {
        match &mut self.files {
            Some(files) => files.take(page),
            None => Err(PageError::of_answer(&*page.request.stream, "is of a file, not of an API")),
        }
    }

    fn parse_answer(&mut self, page: &Page, stream: &Definition) -> Result<(), PageError> {
        let wrong = |why: String| PageError::of_answer(stream.name, why);
        let key = page.request.list();
        let listed = self.source.listed(stream);
        let counted = ListKey { stream: listed.name.to_owned(), ..key.clone() };
        let is_orphan = matches!(listed.from, From::Each(..)) && !self.live.contains(&counted);
        if let Some(missing) = &page.missing {
            if !is_orphan && self.is_current(page) {
                self.missing(page, stream, missing);
            }
            return Ok(());
        }
        let rows = stream.rows_of(page).map_err(wrong)?;
        let skipped = if !self.is_current(page) {
            Some(RowReason::ReadAgain)
        } else if is_orphan {
            Some(RowReason::ParentDeleted)
        } else {
            None
        };
        if let Some(reason) = skipped {
            if stream.tells_shifts() && !is_orphan {
                let list = self.list(key);
                rows.iter().for_each(|row| list.add_to_reading(page.request.round, stream.identity(row), row));
            }
            let receipt = self.receipt.streams.entry(stream.name.to_owned()).or_default();
            receipt.rows += rows.len() as u64;
            *receipt.left_out.entry(reason).or_default() += rows.len() as u64;
            return Ok(());
        }
        // What the vendor says of the list comes first: an answer without it is none, and none of its rows counts.
        let total = match stream.total {
            None => None,
            Some(at) => match count_at(&page.body, at).map_err(wrong)? {
                None => return Err(wrong(format!("has no count at `{at}`"))),
                total => total,
            },
        };
        if let Some(total) = total {
            self.list(counted).told(total);
        }
        match stream.counts {
            Some(_) => {
                let receipt = self.receipt.streams.entry(stream.name.to_owned()).or_default();
                receipt.rows += rows.len() as u64;
                receipt.looked_up += rows.len() as u64;
            }
            None => self.parse_rows(page, stream, key, &rows),
        }
        Ok(())
    }

    /// Takes the rows of a page of a list's last reading. List and receipt are taken out meanwhile: neither is looked up
    /// again for each row.
    fn parse_rows(&mut self, page: &Page, stream: &Definition, key: ListKey, rows: &[&RawValue]) {
        let mut list = self.lists.remove(&key).unwrap_or_default();
        let mut receipt = self.receipt.streams.remove(stream.name).unwrap_or_default();
        list.request.get_or_insert_with(|| page.request.clone());
        list.rows += rows.len() as u64;
        list.filled_pages += u32::from(!rows.is_empty());
        receipt.rows += rows.len() as u64;
        let at = Context::new(page, stream).on(self.day);
        for row in rows {
            let id = stream.identity(row);
            if stream.tells_shifts() {
                list.add_to_reading(page.request.round, id, row);
            }
            let outcome = match id.is_some_and(|id| list.is_repeated(id, row, stream.paging.can_shift())) {
                true => RowOutcome::LeftOut(RowReason::Repeated),
                false => self.parse_row(row, &at, stream),
            };
            match outcome {
                RowOutcome::Used => receipt.used += 1,
                RowOutcome::LookedUp => receipt.looked_up += 1,
                RowOutcome::LeftOut(reason) => *receipt.left_out.entry(reason).or_default() += 1,
                // It is in no part of the receipt: the sum tells.
                RowOutcome::Nothing => {}
            }
        }
        self.lists.insert(key, list);
        self.receipt.streams.insert(stream.name.to_owned(), receipt);
    }

    fn parse_row(&mut self, row: &RawValue, at: &Context<'_>, stream: &Definition) -> RowOutcome {
        let Some(parse) = &stream.parse else {
            // Whether it can be read was found out when it was looked up.
            let is_unreadable =
                !self.unreadable.is_empty() && self.unreadable.contains(&short_hash(&[stream.name, row.get()]));
            return if is_unreadable { RowOutcome::LeftOut(RowReason::Unreadable) } else { RowOutcome::LookedUp };
        };
        let mut out = Out::new(&mut self.builder);
        match parse(row, at, &self.tables, &mut out) {
            Ok(()) => out.outcome(),
            Err(error) => {
                let reason = match error.reason {
                    ReadReason::Orphaned { .. } => RowReason::NoAccount,
                    _ => RowReason::Unreadable,
                };
                self.fail(at, stream, row.get(), error);
                RowOutcome::LeftOut(reason)
            }
        }
    }

    /// Records what a row that cannot be read leaves missing: of its account, where that is known.
    fn fail(&mut self, at: &Context<'_>, stream: &Definition, row: &str, error: RowError) {
        let named = || {
            let id = text_at(row, stream.account?).ok().flatten()?;
            AccountId::new(&id).ok()
        };
        match error.account.or_else(|| at.account_if_any().cloned()).or_else(named) {
            Some(account) => self.builder.partial(&account, error.reason),
            None => self.builder.source_partial(error.reason),
        }
    }

    fn missing(&mut self, page: &Page, stream: &Definition, missing: &Missing) {
        let key = page.request.list();
        match (missing, stream.counts) {
            (Missing::Refused(_), Some(counted)) => {
                self.list(ListKey { stream: counted.to_owned(), ..key }).total_refused = true;
            }
            (Missing::Refused(refusal), None) => {
                let (stream, status) = (stream.name.to_owned(), refusal.status);
                self.builder.note(Note::DoneWithout { stream, status });
            }
            (Missing::Failed(failure), _) => {
                // What the list hangs on may have been deleted meanwhile: its own list tells.
                let is_gone = matches!(failure.status, Some(404 | 410));
                if let From::Each(parent, _) = &self.source.listed(stream).from
                    && is_gone
                    && let Some(parent) = self.parent_of(parent, &page.request)
                    && !self.rounds.contains_key(&parent)
                {
                    self.list(parent).moved = true;
                }
                self.list(key).failed = true;
                match &page.request.account {
                    Some(account) => self.builder.fail(account, ReadReason::Fetch(failure.clone())),
                    None => self.builder.source_partial(ReadReason::Fetch(failure.clone())),
                }
            }
        }
    }

    /// The list of a stream that a request may hang on: the one with the most of the request's variables.
    fn parent_of(&self, stream: &str, child: &Request) -> Option<ListKey> {
        let variables: HashSet<(&String, &String)> = child.variables.iter().collect();
        let lists = self.lists.keys().filter(|key| key.stream == stream && key.scope == child.scope);
        let fits = |key: &&ListKey| key.variables.iter().all(|(name, value)| variables.contains(&(name, value)));
        lists.filter(fits).max_by_key(|key| key.variables.len()).cloned()
    }

    fn is_current(&self, page: &Page) -> bool {
        let last = self.rounds.get(&page.request.list()).copied().unwrap_or(0);
        page.request.round == last
    }

    fn list(&mut self, key: ListKey) -> &mut List {
        self.lists.entry(key).or_default()
    }

    /// Ends the reading: what the lists say of themselves is compared with what was read. Files are read only now, when
    /// all of them are there.
    ///
    /// # Errors
    /// [`PageError`] with everything that stands in the way of reading a file.
    pub fn finish(mut self) -> Result<Reading, PageError> {
        if let Some(files) = self.files.take() {
            let receipt = self.receipt.streams.entry(FILE_STREAM.to_owned()).or_default();
            files.finish(self.day, &mut self.builder, receipt)?;
        }
        let mut again = Vec::new();
        for (key, list) in mem::take(&mut self.lists) {
            let Some(stream) = self.source.stream(&key.stream) else { continue };
            let round = self.rounds.get(&key).copied().unwrap_or(0);
            let difference = list.difference(stream.name, round);
            if let (Some(_), Some(request)) = (&difference, &list.request)
                && round < READ_AGAIN_MAX
                && !list.failed
            {
                again.extend(self.source.again(&Request { round, ..request.clone() }));
                continue;
            }
            let receipt = self.receipt.streams.entry(key.stream.clone()).or_default();
            list.count(receipt, difference.is_some(), round);
            match (difference, &list.request) {
                (None, _) => {}
                (Some(reason), _) if stream.lists_accounts => self.builder.list_moved(&reason),
                (Some(reason), Some(Request { account: Some(account), .. })) => self.builder.partial(account, reason),
                (Some(reason), _) => self.builder.source_partial(reason),
            }
        }
        if !again.is_empty() {
            return Ok(Reading::Moved(again));
        }
        self.receipt.unknown_words = self.builder.take_unknown_words();
        Ok(Reading::Whole(Box::new(self.builder.finish_with(self.receipt))))
    }
}

impl Definition {
    /// Whether two readings of a list are compared, should the vendor tell no total.
    fn tells_shifts(&self) -> bool {
        self.paging.can_shift() && self.parse.is_some()
    }

    /// A row's id as a hash. `None` where it has none, or cannot come twice: ids that a list goes on after rise.
    fn identity(&self, row: &RawValue) -> Option<u64> {
        let id = self.id.filter(|_| !matches!(self.paging, Paging::LastId { .. }))?;
        text_at(row.get(), id).ok().flatten().map(|id| short_hash(&[&id]))
    }
}

impl List {
    fn told(&mut self, total: u64) {
        self.moved |= self.total.is_some_and(|before| before != total);
        self.total = Some(total);
    }

    /// Distinct rows.
    fn read(&self) -> u64 {
        if self.has_ids { self.ids.len() as u64 } else { self.rows }
    }

    /// Adds a row to the sum of its reading.
    fn add_to_reading(&mut self, round: u8, id: Option<u64>, row: &RawValue) {
        self.can_shift = true;
        let sum = self.readings.entry(round).or_default();
        *sum = sum.wrapping_add(id.unwrap_or_else(|| short_hash(&[row.get()])));
    }

    /// Whether a row was on the list before, just the same. One that comes again with other content makes its list one
    /// that moved.
    fn is_repeated(&mut self, id: u64, row: &RawValue, can_shift: bool) -> bool {
        self.has_ids = true;
        let content = short_hash(&[row.get()]);
        match self.ids.insert(id, content) {
            None => false,
            Some(before) => {
                self.moved |= can_shift || before != content;
                before == content
            }
        }
    }

    /// How the list contradicts itself.
    fn difference(&self, stream: &str, round: u8) -> Option<ReadReason> {
        let what = stream.to_owned();
        match self.total {
            _ if self.moved => Some(ReadReason::TotalChanged { what }),
            Some(total) if total != self.read() => Some(ReadReason::TotalDiffers { what, total, read: self.read() }),
            // A row that is deleted while the second page is read moves one from there to the first, and nobody tells;
            // one that is added meanwhile keeps the total as it was. A second reading with the same rows does.
            _ if self.can_shift && self.filled_pages > 1 && !self.is_confirmed(round) => {
                Some(ReadReason::TotalChanged { what })
            }
            _ => None,
        }
    }

    /// Whether the reading before had the same rows.
    fn is_confirmed(&self, round: u8) -> bool {
        let before = round.checked_sub(1).and_then(|before| self.readings.get(&before));
        before.is_some() && before == self.readings.get(&round)
    }

    fn count(&self, receipt: &mut StreamReceipt, differs: bool, round: u8) {
        receipt.lists_read_again += u64::from(round > 0);
        let totals = &mut receipt.totals;
        let which = match (self.total, differs) {
            (Some(_), true) => &mut totals.differed,
            (Some(_), false) => &mut totals.agreed,
            (None, _) if self.total_refused => &mut totals.refused,
            (None, _) => &mut totals.none,
        };
        *which += 1;
    }
}
