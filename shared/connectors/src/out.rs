//! What a source's parse functions are given: where a row stands, and where what it means goes.

use jiff::civil::Date;
use truecount_billing::{AccountId, BilledLine, ItemState, ReadReason, RowReason, UsageItem};

use crate::{
    error::RowError,
    request::Page,
    snapshot::{Note, SnapshotBuilder},
    stream::Definition,
    vocabulary::{Meaning, WordList, shown},
};

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    page: &'a Page,
    stream: &'a Definition,
    day: Option<Date>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(page: &'a Page, stream: &'a Definition) -> Self {
        Self { page, stream, day: None }
    }

    pub(crate) fn on(self, day: Date) -> Self {
        Self { day: Some(day), ..self }
    }

    /// The stream's name.
    #[must_use]
    pub fn stream(&self) -> &'static str {
        self.stream.name
    }

    /// The account that the list is about.
    ///
    /// # Errors
    /// [`RowError`] if it is about the whole source.
    pub fn account(&self) -> Result<&'a AccountId, RowError> {
        self.account_if_any().ok_or_else(|| RowError::field(self.stream(), None, "belongs to no account"))
    }

    pub(crate) fn account_if_any(&self) -> Option<&'a AccountId> {
        self.page.request.account.as_ref()
    }

    /// A variable of the list's path.
    ///
    /// # Errors
    /// [`RowError`] if the list has none of that name.
    pub fn variable(&self, name: &str) -> Result<&'a str, RowError> {
        let missing = || RowError::field(self.stream(), None, format!("its list has no `{name}`"));
        self.page.request.variable(name).ok_or_else(missing)
    }

    /// Whether a day lies before the one that the source is read for.
    #[must_use]
    pub fn is_past(&self, day: Date) -> bool {
        self.day.is_some_and(|today| day < today)
    }
}

/// Takes what a row means. A row must make something, or be left out with a reason: one that does neither breaks the
/// receipt, and the source fails.
pub struct Out<'a> {
    builder: &'a mut SnapshotBuilder,
    made: u32,
    is_looked_up: bool,
    left_out: Option<RowReason>,
}

impl<'a> Out<'a> {
    pub(crate) fn new(builder: &'a mut SnapshotBuilder) -> Self {
        Self { builder, made: 0, is_looked_up: false, left_out: None }
    }

    pub(crate) fn outcome(&self) -> RowOutcome {
        match (self.made, self.left_out) {
            (0, Some(reason)) => RowOutcome::LeftOut(reason),
            (0, None) if self.is_looked_up => RowOutcome::LookedUp,
            (0, None) => RowOutcome::Nothing,
            _ => RowOutcome::Used,
        }
    }

    /// An account that the vendor lists. One without a name is called by its id.
    pub fn account<'n>(&mut self, id: &'n AccountId, name: impl Into<Option<&'n str>>) {
        self.made += 1;
        self.builder.account(id, name.into().unwrap_or(id.as_str()));
    }

    /// A PSA's client as the vendor holds it for an account; for a PSA's client what else it is known by.
    pub fn identifier(&mut self, id: &AccountId, text: &str) {
        self.builder.identifier(id, text);
    }

    /// The domain of an address of one of an account's users.
    pub fn domain(&mut self, id: &AccountId, domain: &str) {
        self.builder.domain(id, domain);
    }

    /// A usage item of an account.
    pub fn item(&mut self, account: &AccountId, item: &UsageItem) {
        self.made += 1;
        self.builder.item(account, item);
    }

    /// A billed line; its client is the account.
    pub fn line(&mut self, account: &AccountId, line: BilledLine) {
        self.made += 1;
        self.builder.line(account, line);
    }

    /// The row makes nothing of its own: others refer to it.
    pub fn looked_up(&mut self) {
        self.is_looked_up = true;
    }

    /// The row makes nothing.
    pub fn leave_out(&mut self, reason: RowReason) {
        self.left_out = Some(reason);
    }

    /// Something of an account is missing, though the row makes something.
    pub fn partial(&mut self, account: &AccountId, reason: ReadReason) {
        self.builder.partial(account, reason);
    }

    /// The state that a vendor's word gives an item. A word that the vocabulary does not have is counted as such.
    pub fn state(&mut self, words: &WordList, word: Option<&str>) -> ItemState {
        let state = words.state(word);
        if let ItemState::Unknown(shown) = &state {
            self.builder.unknown(words.field, shown);
        }
        state
    }

    /// The kind that a vendor's word gives an item, or the state of an item of a kind that is not known.
    ///
    /// # Errors
    /// [`ItemState::Unknown`] for a word that the vocabulary does not have.
    pub fn kind(&mut self, words: &WordList, word: Option<&str>) -> Result<&'static str, ItemState> {
        match words.meaning(word) {
            Some(Meaning::Kind(kind)) => Ok(kind),
            _ => {
                let shown = shown(word);
                self.builder.unknown(words.field, &shown);
                Err(ItemState::Unknown(shown))
            }
        }
    }

    /// The value that a vendor's word gives an attribute; `None` for a word that the vocabulary does not have.
    pub fn value(&mut self, words: &WordList, word: Option<&str>) -> Option<&'static str> {
        match words.meaning(word) {
            Some(Meaning::Value(value)) => Some(value),
            _ => {
                self.builder.unknown(words.field, &shown(word));
                None
            }
        }
    }

    /// A word that no list of the vocabulary has.
    pub fn unknown(&mut self, field: &str, word: Option<&str>) {
        self.builder.unknown(field, &shown(word));
    }

    /// A count that the vendor offers of something that may differ for good reasons: a difference is a note.
    pub fn control(&mut self, account: &AccountId, what: &str, total: u64) {
        self.builder.control(account, what, total);
    }

    /// One of what [`Out::control`] counts.
    pub fn controlled(&mut self, account: &AccountId, what: &str, id: &str) {
        self.builder.controlled(account, what, id);
    }

    /// A note for people.
    pub fn note(&mut self, text: impl Into<String>) {
        self.builder.note(Note::Remark { text: text.into() });
    }
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowOutcome {
    Used,
    LookedUp,
    LeftOut(RowReason),
    /// Neither: a fault of the source's.
    Nothing,
}
