//! The rows of one source's files of one day as a whole: equal rows with an id are one, charges are added up, and what
//! contradicts itself is told by account.
//!
//! Of each row with an id sixteen bytes are kept, so that a file of millions stays within bounds.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{AccountId, BilledLine, ItemId, LineId, RowReason, StreamReceipt, UnknownWord, UsageItem};
use truecount_tabular::TableRow;

use crate::{
    entry::{Entered, ExportAccount, ExportEntry},
    fault::CellFault,
    fold::shown,
    layout::ExportLayout,
    profile::{ExportProfile, SameId},
    usage::joined_state,
};

/// Different unknown words that are told.
const UNKNOWN_WORDS_MAX: usize = 1000;

/// Gathers the rows of one source's files of one day.
#[derive(Debug)]
pub struct ExportGatherer {
    profile: Arc<ExportProfile>,
    as_of: Date,
    /// By the hash of an id, the hash of what its row says.
    seen: HashMap<u64, u64>,
    names: HashMap<AccountId, String>,
    charges: BTreeMap<(AccountId, ItemId, String), (ExportAccount, UsageItem)>,
    lines: BTreeMap<(AccountId, LineId), Vec<(ExportAccount, BilledLine)>>,
    doubts: BTreeMap<(AccountId, &'static str), ExportDoubt>,
    unknown_words: BTreeMap<(String, String), u64>,
    /// By file, in the order in which they came.
    receipts: Vec<(String, StreamReceipt)>,
}

/// What became of a row, as far as it is known before all rows are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatheredRow {
    /// It holds this.
    Entry(Box<ExportEntry>),
    /// It is used together with others, and comes when all are read.
    WithOthers,
    /// It makes nothing.
    LeftOut(RowReason),
}

/// What all rows together say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// What comes of rows that belong together.
    pub entries: Vec<ExportEntry>,
    /// What contradicts itself, by account.
    pub doubts: Vec<ExportDoubt>,
    /// Words that nothing explains.
    pub unknown_words: Vec<UnknownWord>,
    /// What became of every row, by file, in the order in which they came.
    pub receipts: Vec<(String, StreamReceipt)>,
}

impl Gathered {
    /// What became of every row of all files.
    #[must_use]
    pub fn receipt(&self) -> StreamReceipt {
        let mut all = StreamReceipt::default();
        self.receipts.iter().for_each(|(_, receipt)| all.add(receipt));
        all
    }
}

/// Why an account's rows cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportDoubt {
    /// The account.
    pub account: AccountId,
    /// The file that shows it.
    pub file: String,
    /// The first line of it that does.
    pub line: u64,
    /// What it is.
    pub kind: ExportDoubtKind,
}

/// What can contradict itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportDoubtKind {
    /// Rows with this id say different things.
    DifferentRows(String),
    /// The account has two names.
    TwoNames(String, String),
}

/// A file and a line of it.
type Place<'a> = (&'a str, u64);

impl fmt::Display for ExportDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line, account) = (shown(&self.file), self.line, shown(self.account.as_str()));
        match &self.kind {
            ExportDoubtKind::DifferentRows(id) => write!(
                f,
                "`{file}` line {line}: id `{}` of account `{account}` stands in an earlier row that says something else",
                shown(id)
            ),
            ExportDoubtKind::TwoNames(one, other) => write!(
                f,
                "`{file}` line {line}: account `{account}` is called `{}`, and `{}` before: two customers with one id?",
                shown(other),
                shown(one)
            ),
        }
    }
}

impl ExportGatherer {
    /// Nothing gathered yet, of files that are as of a day.
    #[must_use]
    pub fn new(profile: &Arc<ExportProfile>, as_of: Date) -> Self {
        Self {
            profile: Arc::clone(profile),
            as_of,
            seen: HashMap::new(),
            names: HashMap::new(),
            charges: BTreeMap::new(),
            lines: BTreeMap::new(),
            doubts: BTreeMap::new(),
            unknown_words: BTreeMap::new(),
            receipts: Vec::new(),
        }
    }

    /// The rows that come next are of this file.
    pub(crate) fn begin_file(&mut self, name: &str) {
        self.receipts.push((name.to_owned(), StreamReceipt::default()));
    }

    /// Takes the rows of the file that are no data.
    pub(crate) fn end_file(&mut self, left_out: &StreamReceipt) {
        self.receipt().add(left_out);
    }

    fn receipt(&mut self) -> &mut StreamReceipt {
        if self.receipts.is_empty() {
            self.begin_file("");
        }
        let last = self.receipts.len() - 1;
        &mut self.receipts[last].1
    }

    /// Takes a row.
    ///
    /// # Errors
    /// Everything that is wrong with it; the receipt then has it as unreadable.
    pub fn take(&mut self, layout: &ExportLayout, row: &TableRow<'_>) -> Result<GatheredRow, Vec<CellFault>> {
        self.receipt().rows += 1;
        let read = match layout.read_row(row) {
            Ok(read) => read,
            Err(faults) => {
                self.leave_out(RowReason::Unreadable);
                return Err(faults);
            }
        };
        for word in read.unknown_words {
            if self.unknown_words.len() < UNKNOWN_WORDS_MAX || self.unknown_words.contains_key(&word) {
                *self.unknown_words.entry(word).or_default() += 1;
            }
        }
        let entry = match read.entry {
            Ok(entry) => entry,
            Err(reason) => return Ok(self.leave_out(reason)),
        };
        self.name(&entry.account, (layout.file_name(), row.line()));
        let has_ids = !layout.has_row_ids() && self.profile.same_id != SameId::AddedUp;
        if has_ids && self.is_repeated(layout, row, &entry) {
            return Ok(self.leave_out(RowReason::Repeated));
        }
        if let Some((from, to)) = entry.charge
            && !(from..=to).contains(&self.as_of)
        {
            return Ok(self.leave_out(RowReason::NotSelected));
        }
        self.receipt().used += 1;
        Ok(self.hold(entry))
    }

    fn leave_out(&mut self, reason: RowReason) -> GatheredRow {
        *self.receipt().left_out.entry(reason).or_default() += 1;
        GatheredRow::LeftOut(reason)
    }

    fn name(&mut self, account: &ExportAccount, place: Place<'_>) {
        match self.names.get(&account.id) {
            None => drop(self.names.insert(account.id.clone(), account.name.clone())),
            Some(name) if *name == account.name => {}
            Some(name) => {
                let kind = ExportDoubtKind::TwoNames(name.clone(), account.name.clone());
                self.doubt(&account.id, "names", place, kind);
            }
        }
    }

    fn doubt(&mut self, account: &AccountId, code: &'static str, (file, line): Place<'_>, kind: ExportDoubtKind) {
        let doubt = ExportDoubt { account: account.clone(), file: file.to_owned(), line, kind };
        self.doubts.entry((account.clone(), code)).or_insert(doubt);
    }

    /// Whether a row says the same as an earlier one with its id. One that says something else is a doubt, and is kept.
    fn is_repeated(&mut self, layout: &ExportLayout, row: &TableRow<'_>, entry: &ExportEntry) -> bool {
        let mut said = DefaultHasher::new();
        for text in layout.read_texts(row) {
            text.hash(&mut said);
        }
        let mut key = DefaultHasher::new();
        let id = match &entry.what {
            Entered::Line(line) => {
                let from = (self.profile.same_id == SameId::Superseded).then_some(line.effective_from);
                (line.line_id.as_str(), from).hash(&mut key);
                line.line_id.as_str()
            }
            Entered::Items(items) => {
                let Some(item) = items.first() else { return false };
                (item.item_id.as_str(), item.kind.as_str()).hash(&mut key);
                item.item_id.as_str()
            }
        };
        match self.seen.entry(key.finish()) {
            Entry::Vacant(vacant) => {
                vacant.insert(said.finish());
                false
            }
            Entry::Occupied(seen) if *seen.get() == said.finish() => true,
            Entry::Occupied(_) => {
                let kind = ExportDoubtKind::DifferentRows(id.to_owned());
                self.doubt(&entry.account.id, "rows", (layout.file_name(), row.line()), kind);
                false
            }
        }
    }

    /// Holds what is used together with other rows.
    fn hold(&mut self, entry: ExportEntry) -> GatheredRow {
        match (self.profile.same_id, entry.what) {
            (SameId::AddedUp, Entered::Items(items)) => {
                for item in items {
                    self.add_up(&entry.account, item);
                }
                GatheredRow::WithOthers
            }
            (SameId::Superseded, Entered::Line(line)) => {
                let key = (entry.account.id.clone(), line.line_id.clone());
                self.lines.entry(key).or_default().push((entry.account, *line));
                GatheredRow::WithOthers
            }
            (_, what) => GatheredRow::Entry(Box::new(ExportEntry { what, ..entry })),
        }
    }

    fn add_up(&mut self, account: &ExportAccount, item: UsageItem) {
        let key = (account.id.clone(), item.item_id.clone(), item.kind.clone());
        let Some((_, sum)) = self.charges.get_mut(&key) else {
            self.charges.insert(key, (account.clone(), item));
            return;
        };
        let added = sum.amount().zip(item.amount()).and_then(|(a, b)| a.checked_add(b));
        sum.state = joined_state(sum.state.clone(), item.state);
        sum.quantity =
            sum.quantity.zip(added).map(|(quantity, amount)| truecount_billing::Quantity { amount, ..quantity });
        // Parts of a period are not what a month costs.
        sum.cost = None;
    }

    /// What is held back, and what all rows together say.
    #[must_use]
    pub fn finish(self) -> Gathered {
        let charges = self.charges.into_values().map(|(account, mut item)| {
            // Less than nothing: the charge that was taken back is not in the file.
            if item.amount().is_some_and(|amount| amount < Decimal::ZERO) {
                item.quantity = None;
            }
            ExportEntry { account, what: Entered::Items(vec![item]), charge: None }
        });
        let lines = self.lines.into_values().flat_map(superseded);
        let unknown_words = self.unknown_words.into_iter();
        Gathered {
            entries: charges.chain(lines).collect(),
            doubts: self.doubts.into_values().collect(),
            unknown_words: unknown_words.map(|((field, word), rows)| UnknownWord { field, word, rows }).collect(),
            receipts: self.receipts,
        }
    }
}

/// Rows of one line over time: each ends the day before the next begins.
fn superseded(mut rows: Vec<(ExportAccount, BilledLine)>) -> Vec<ExportEntry> {
    rows.sort_by_key(|(_, line)| line.effective_from);
    let starts: Vec<Option<Date>> = rows.iter().map(|(_, line)| line.effective_from).collect();
    let is_one = rows.len() == 1;
    let entry = |(at, (account, mut line)): (usize, (ExportAccount, BilledLine))| {
        let next = starts.get(at + 1).copied().flatten().filter(|next| Some(*next) != line.effective_from);
        if let Some(last) = next.and_then(|next| next.yesterday().ok()) {
            line.effective_to = Some(line.effective_to.map_or(last, |to| to.min(last)));
        }
        if !is_one {
            let from = line.effective_from.map_or_else(|| "start".to_owned(), |from| from.to_string());
            let id = LineId::new(format!("{}@{from}", line.line_id));
            line.line_id = id.unwrap_or(line.line_id);
        }
        ExportEntry { account, what: Entered::Line(Box::new(line)), charge: None }
    };
    rows.into_iter().enumerate().map(entry).collect()
}
