//! What the archived pages of one source say together: its accounts, their usage items or billed lines, and what
//! is strange about them.
//!
//! Pure and independent of the order of pages: sorted, exact repeats dropped, everything that could not be taken
//! at its word said in a note or in the account's read state.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use truecount_billing::{
    Account, AccountFacts, AccountId, BilledLine, ReadReason, ReadState, Receipt, UnknownWord, UsageItem,
};

use crate::{
    packed::{PackedItems, SortedItems, clip},
    state::short_hash,
};

/// Collects what pages say. Fed by [`crate::Reader`], ended by [`SnapshotBuilder::finish`].
#[derive(Debug, Default)]
pub struct SnapshotBuilder {
    accounts: BTreeMap<AccountId, Collected>,
    controls: BTreeMap<(AccountId, String), Control>,
    unknown: BTreeMap<(String, String), u64>,
    notes: BTreeMap<Note, u64>,
    source_partial: Option<ReadReason>,
}

#[derive(Debug, Default)]
struct Collected {
    name: Option<String>,
    /// What else it was called, where that is more than other capitals.
    other_names: BTreeSet<String>,
    items: PackedItems,
    lines: Vec<BilledLine>,
    failed: Option<ReadReason>,
    partial: Option<ReadReason>,
    doubtful: Option<ReadReason>,
    identifiers: BTreeSet<String>,
    domains: BTreeMap<String, u32>,
}

/// What a vendor counts, and what was seen of it.
#[derive(Debug, Default)]
struct Control {
    total: Option<u64>,
    seen: HashSet<u64>,
}

/// Something a person should know about a source, beside the read states.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Note {
    /// An item or line of an account that the vendor's list of accounts does not have.
    UnlistedAccount {
        /// The account's id.
        account: String,
    },
    /// The vendor's own count of something is not what was read, without harm to completeness.
    CountDiffers {
        /// What was counted.
        what: String,
    },
    /// A list that only helps to read others, and that the vendor refuses.
    DoneWithout {
        /// Its stream.
        stream: String,
        /// The HTTP status of the refusal.
        status: u16,
    },
    /// Anything else.
    Remark {
        /// In words.
        text: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnlistedAccount { account } => {
                write!(f, "account `{account}` is not in the vendor's list of accounts")
            }
            Self::CountDiffers { what } => f.write_str(what),
            Self::DoneWithout { stream, status } => {
                write!(f, "the vendor refuses `{stream}` (HTTP {status}): what it would add is not known")
            }
            Self::Remark { text } => f.write_str(text),
        }
    }
}

/// How many identifiers and how many domains are kept of an account.
const FACTS_MAX: usize = 5;

/// How many different notes are kept; more are counted in one.
const NOTES_MAX: usize = 200;

/// How many different unknown words are kept; more are counted as one.
const WORDS_MAX: usize = 200;

/// All that one sync of a source says, ready to be sealed. Items stay packed until they are looked at.
#[derive(Debug)]
pub struct Snapshot {
    /// How far the source as a whole was read; accounts have states of their own.
    pub read_state: ReadState,
    /// What a person should know, each with how often it occurred.
    pub notes: Vec<(Note, u64)>,
    /// What became of every row.
    pub receipt: Receipt,
    accounts: Vec<Sorted>,
}

#[derive(Debug)]
struct Sorted {
    account: Account,
    items: SortedItems,
    lines: Vec<BilledLine>,
}

/// One account with everything that was read of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReading {
    /// Id, name and how far it was read. For a billed source the account is the client: their ids are equal.
    pub account: Account,
    /// Distinct items, in order of kind and item id.
    pub items: Vec<UsageItem>,
    /// Distinct lines, in order of line id.
    pub lines: Vec<BilledLine>,
}

impl SnapshotBuilder {
    /// An account that the vendor lists. Usage of one that comes with several names is not relied on: which client it is
    /// of is told from the name.
    pub fn account(&mut self, id: &AccountId, name: &str) {
        let name = clip(name, 1024).to_owned();
        let entry = self.entry(id);
        let before = entry.name.replace(name.clone());
        if let Some(before) = before.filter(|before| folded(before) != folded(&name)) {
            entry.other_names.extend([before, name]);
        }
    }

    /// A PSA's client as the vendor holds it for an account; for a PSA's client what else it is known by.
    pub fn identifier(&mut self, id: &AccountId, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.entry(id).identifiers.insert(clip(text, 256).to_owned());
        }
    }

    /// The domain of an address of one of an account's users.
    pub fn domain(&mut self, id: &AccountId, domain: &str) {
        *self.entry(id).domains.entry(clip(domain, 256).to_owned()).or_default() += 1;
    }

    /// A usage item of an account.
    pub fn item(&mut self, account: &AccountId, item: &UsageItem) {
        if !self.entry(account).items.push(item) {
            self.partial(account, ReadReason::TooManyItems);
        }
    }

    /// A billed line; its client is the account.
    pub fn line(&mut self, account: &AccountId, line: BilledLine) {
        self.entry(account).lines.push(line);
    }

    /// An account that could not be asked for something. It stays not read, whatever else is known of it.
    pub fn fail(&mut self, account: &AccountId, reason: ReadReason) {
        self.entry(account).failed.get_or_insert(reason);
    }

    /// An account of which something is missing.
    pub fn partial(&mut self, account: &AccountId, reason: ReadReason) {
        self.entry(account).partial.get_or_insert(reason);
    }

    /// An account whose items or lines cannot be relied on.
    pub fn doubt(&mut self, account: &AccountId, reason: ReadReason) {
        self.entry(account).doubtful.get_or_insert(reason);
    }

    /// A source of which something is missing, nobody knows for which account.
    pub fn source_partial(&mut self, reason: ReadReason) {
        self.source_partial.get_or_insert(reason);
    }

    /// A list of accounts that did not stand still, also when it was read again: what the accounts hold is known, and
    /// only which there are is not.
    pub(crate) fn list_moved(&mut self, reason: &ReadReason) {
        self.note(Note::CountDiffers { what: reason.to_string() });
    }

    /// A count that the vendor offers of something that may differ for good reasons: a difference is a note.
    pub fn control(&mut self, account: &AccountId, what: &str, total: u64) {
        self.controls.entry((account.clone(), what.to_owned())).or_default().total = Some(total);
    }

    /// One of what [`SnapshotBuilder::control`] counts.
    pub fn controlled(&mut self, account: &AccountId, what: &str, id: &str) {
        self.controls.entry((account.clone(), what.to_owned())).or_default().seen.insert(short_hash(&[id]));
    }

    /// A word that the source's vocabulary does not have.
    pub fn unknown(&mut self, field: &str, word: &str) {
        self.unknown_rows(field, word, 1);
    }

    /// The same, of so many rows.
    pub(crate) fn unknown_rows(&mut self, field: &str, word: &str, rows: u64) {
        let key = (field.to_owned(), word.to_owned());
        let key = if self.unknown.len() < WORDS_MAX || self.unknown.contains_key(&key) {
            key
        } else {
            (field.to_owned(), "(further words)".to_owned())
        };
        *self.unknown.entry(key).or_default() += rows;
    }

    /// The unknown words so far, in order.
    pub(crate) fn take_unknown_words(&mut self) -> Vec<UnknownWord> {
        let words = std::mem::take(&mut self.unknown);
        words.into_iter().map(|((field, word), rows)| UnknownWord { field, word, rows }).collect()
    }

    /// A note for people.
    pub fn note(&mut self, note: Note) {
        let note = if self.notes.len() < NOTES_MAX || self.notes.contains_key(&note) {
            note
        } else {
            Note::Remark { text: "further notes are not shown".into() }
        };
        *self.notes.entry(note).or_default() += 1;
    }

    /// Ends the reading: sorts, drops repeats, compares with the vendor's own counts.
    #[must_use]
    pub fn finish(self) -> Snapshot {
        self.finish_with(Receipt::default())
    }

    pub(crate) fn finish_with(mut self, receipt: Receipt) -> Snapshot {
        self.compare_controls();
        let mut accounts = Vec::with_capacity(self.accounts.len());
        for (id, collected) in std::mem::take(&mut self.accounts) {
            if collected.name.is_none() {
                self.note(Note::UnlistedAccount { account: id.to_string() });
            }
            accounts.push(collected.sorted(id));
        }
        let read_state = match self.source_partial {
            Some(reason) => ReadState::Partial(reason),
            None if accounts.is_empty() => ReadState::Doubtful(ReadReason::NoAccounts { before: 0 }),
            None => ReadState::Complete,
        };
        Snapshot { read_state, notes: self.notes.into_iter().collect(), receipt, accounts }
    }

    fn compare_controls(&mut self) {
        for ((account, what), control) in std::mem::take(&mut self.controls) {
            let read = control.seen.len() as u64;
            let Some(total) = control.total.filter(|total| *total != read) else { continue };
            let reason = ReadReason::TotalDiffers { what, total, read };
            self.note(Note::CountDiffers { what: format!("account `{account}`: {reason}") });
        }
    }

    fn entry(&mut self, id: &AccountId) -> &mut Collected {
        self.accounts.entry(id.clone()).or_default()
    }
}

impl Collected {
    fn sorted(mut self, id: AccountId) -> Sorted {
        let something = !self.items.is_empty() || !self.lines.is_empty();
        let has_items = !self.items.is_empty();
        let items = self.items.sorted();
        self.lines.sort_by(|a, b| a.line_id.cmp(&b.line_id).then_with(|| line_text(a).cmp(&line_text(b))));
        self.lines.dedup();
        let distinct = self.lines.len();
        let twice = self.lines.windows(2).find(|pair| pair[0].line_id == pair[1].line_id);
        let line = twice.map(|pair| pair[0].line_id.to_string());
        self.lines.dedup_by(|a, b| a.line_id == b.line_id);
        let changed = items.changed as usize + (distinct - self.lines.len());
        if changed > 0 {
            self.doubtful.get_or_insert(ReadReason::Contradicted { items: changed as u64, line });
        }
        let several = self.other_names.len() > 1 && has_items;
        let names = if several { self.other_names.into_iter().collect() } else { Vec::new() };
        // Neither of the names alone may say whose it is.
        let joined = several.then(|| names.join(" / "));
        if several {
            self.doubtful.get_or_insert(ReadReason::SeveralNames { names });
        }
        let read_state = match (self.failed, self.partial, self.doubtful) {
            (Some(reason), ..) if something => ReadState::Partial(reason),
            (Some(reason), ..) => ReadState::Failed(reason),
            (None, Some(reason), _) => ReadState::Partial(reason),
            (None, None, Some(reason)) => ReadState::Doubtful(reason),
            (None, None, None) => ReadState::Complete,
        };
        let name = joined.or(self.name).unwrap_or_else(|| id.to_string());
        let identifiers = self.identifiers.into_iter().take(FACTS_MAX).collect();
        let domains = most_frequent(self.domains);
        Sorted {
            account: Account { id, name, read_state, facts: AccountFacts { identifiers, domains } },
            items,
            lines: self.lines,
        }
    }
}

impl Snapshot {
    /// The accounts, in order of their ids, each unpacked when it is reached.
    pub fn accounts(&self) -> impl Iterator<Item = AccountReading> + '_ {
        self.accounts.iter().map(|sorted| AccountReading {
            account: sorted.account.clone(),
            items: sorted.items.unpack(),
            lines: sorted.lines.clone(),
        })
    }

    /// The accounts without what they hold: id, name, read state, items, lines.
    pub fn accounts_in_short(&self) -> impl Iterator<Item = (&Account, usize, usize)> + '_ {
        self.accounts.iter().map(|sorted| (&sorted.account, sorted.items.len(), sorted.lines.len()))
    }

    /// The same, unpacked and given up one by one.
    pub fn into_accounts(self) -> impl Iterator<Item = AccountReading> {
        self.accounts.into_iter().map(|sorted| AccountReading {
            account: sorted.account,
            items: sorted.items.unpack(),
            lines: sorted.lines,
        })
    }

    /// How many accounts.
    #[must_use]
    pub fn account_count(&self) -> usize {
        self.accounts.len()
    }

    /// How many distinct usage items.
    #[must_use]
    pub fn item_count(&self) -> usize {
        self.accounts.iter().map(|sorted| sorted.items.len()).sum()
    }

    /// How many distinct billed lines.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.accounts.iter().map(|sorted| sorted.lines.len()).sum()
    }
}

/// A name without what does not tell names apart.
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The domains that most users have, the most frequent first.
fn most_frequent(domains: BTreeMap<String, u32>) -> Vec<String> {
    let mut domains: Vec<(String, u32)> = domains.into_iter().collect();
    domains.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    domains.into_iter().take(FACTS_MAX).map(|(domain, _)| domain).collect()
}

/// A total order of lines with the same id, for the rare case that there are two.
fn line_text(line: &BilledLine) -> String {
    format!("{line:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use truecount_billing::{ItemId, ItemState, LeftOutReason};

    fn item(id: u8, state: ItemState) -> UsageItem {
        let kind = if id.is_multiple_of(3) { "server" } else { "workstation" };
        UsageItem { state, quantity: None, ..UsageItem::new(ItemId::new(id.to_string()).unwrap(), kind) }
    }

    fn reason(detail: &str) -> ReadReason {
        ReadReason::UnexpectedAnswer { detail: detail.to_owned() }
    }

    fn account(n: u8) -> AccountId {
        AccountId::new(format!("a{n}")).unwrap()
    }

    proptest! {
        /// Whatever the order, and however often an item comes: the same snapshot.
        #[test]
        fn order_and_repeats_change_nothing(
            rows in proptest::collection::vec((0u8..4, 0u8..20), 1..60),
            repeats in proptest::collection::vec(0usize..60, 0..20),
            seed: u64,
        ) {
            let read = |rows: &[(u8, u8)]| {
                let mut reading = SnapshotBuilder::default();
                for (of, id) in rows {
                    reading.account(&account(*of), "name");
                    reading.item(&account(*of), &item(*id, ItemState::Counts));
                }
                let snapshot = reading.finish();
                (snapshot.read_state.clone(), snapshot.into_accounts().collect::<Vec<_>>())
            };
            let mut other = rows.clone();
            other.extend(repeats.iter().filter_map(|at| rows.get(*at)));
            let turn = seed as usize % other.len();
            other.rotate_left(turn);
            other.reverse();
            let (state, accounts) = read(&rows);
            prop_assert_eq!(&state, &ReadState::Complete);
            prop_assert_eq!(read(&other), (state, accounts));
        }
    }

    #[test]
    fn states_say_the_worst() {
        let mut reading = SnapshotBuilder::default();
        for n in 0..5 {
            reading.account(&account(n), "name");
        }
        reading.item(&account(1), &item(1, ItemState::Counts));
        reading.fail(&account(1), reason("403"));
        reading.fail(&account(2), reason("403"));
        reading.partial(&account(3), reason("no quantity"));
        reading.partial(&account(3), reason("and another"));
        reading.item(&account(4), &item(1, ItemState::Counts));
        reading.item(&account(4), &item(1, ItemState::LeftOut(LeftOutReason::Pending)));
        let states: Vec<ReadState> = reading.finish().into_accounts().map(|one| one.account.read_state).collect();
        assert_eq!(
            states,
            [
                ReadState::Complete,
                ReadState::Partial(reason("403")),
                ReadState::Failed(reason("403")),
                ReadState::Partial(reason("no quantity")),
                ReadState::Doubtful(ReadReason::Contradicted { items: 1, line: None }),
            ]
        );
    }

    #[test]
    fn usage_of_an_account_with_two_names_is_not_relied_on() {
        let read = |names: &[&str], has_item: bool| {
            let mut reading = SnapshotBuilder::default();
            names.iter().for_each(|name| reading.account(&account(1), name));
            if has_item {
                reading.item(&account(1), &item(1, ItemState::Counts));
            }
            let account = reading.finish().into_accounts().next().unwrap().account;
            (account.name, account.read_state)
        };
        let names = ["Acme", "Bolt"].map(str::to_owned).to_vec();
        let doubtful = ("Acme / Bolt".to_owned(), ReadState::Doubtful(ReadReason::SeveralNames { names }));
        assert_eq!(read(&["Acme", "Bolt"], true), doubtful);
        assert_eq!(read(&["Bolt", "Acme", "Bolt"], true), doubtful);
        assert_eq!(read(&["ACME ", "Acme"], true), ("Acme".to_owned(), ReadState::Complete));
        assert_eq!(read(&["Acme", "Bolt"], false), ("Bolt".to_owned(), ReadState::Complete));
    }

    #[test]
    fn a_control_count_that_differs_is_a_note() {
        let notes = |total| {
            let mut reading = SnapshotBuilder::default();
            reading.control(&account(1), "licences", total);
            ["u1", "u2", "u1"].iter().for_each(|id| reading.controlled(&account(1), "licences", id));
            reading.finish().notes.len()
        };
        assert_eq!((notes(2), notes(3)), (0, 1));
    }

    #[test]
    fn notes_and_words_are_counted_and_bounded() {
        let mut reading = SnapshotBuilder::default();
        for n in 0..500 {
            reading.unknown("status", &format!("odd {n}"));
            reading.unknown("status", "odd 1");
            reading.note(Note::Remark { text: n.to_string() });
        }
        let words = reading.take_unknown_words();
        assert!(words.len() <= WORDS_MAX + 1, "{}", words.len());
        assert_eq!(words.iter().map(|word| word.rows).sum::<u64>(), 1000);
        let notes = reading.finish().notes;
        assert!(notes.len() <= NOTES_MAX + 1, "{}", notes.len());
        assert_eq!(notes.iter().map(|(_, count)| count).sum::<u64>(), 500);
    }
}
