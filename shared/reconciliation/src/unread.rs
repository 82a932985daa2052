//! Why a client and rule cannot be compared. Absence is never zero (false gaps F1, F2, F28).

use truecount_billing::{ClientId, SourceId};

use crate::{
    AccountNo, ClientNo, NextStep, Profile, ReconcileError, Reconciler, Rule, SourceNo,
    compare::{Judge, UsageSum},
    coverage::plural,
    finish::{ClientSource, Sides, state_in_words},
    items::Outcome,
    lines::RuleLines,
    words::Meaning,
};

/// The reason, the gravest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The PSA was not read completely; its place among the sources, where there is one.
    Billed(Option<SourceNo>),
    /// The rule's source is not among those of this run.
    SourceMissing,
    /// It was not read completely, or there is no sync of it that may be used.
    Source(SourceNo),
    /// The billed lines of this client were not read.
    Client,
    /// One of the client's accounts was not.
    Account(AccountNo),
    /// Nothing is mapped to the client, but something is proposed for it.
    Pending(AccountNo),
    /// Items without a quantity.
    Quantity(u64),
    /// Items that the rule may count: nobody knows what a word of the vendor's means. By word.
    Words(Vec<UnknownWord>),
    /// A line whose agreement's cycle cannot be brought to a month.
    Cycle,
}

/// Items with a word that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnknownWord {
    /// The word.
    pub(crate) word: String,
    /// Whether it says what kind of thing they are, rather than in what state they are.
    pub(crate) is_kind: bool,
    /// How many items.
    pub(crate) items: u64,
}

impl Unread {
    /// Why nothing at all can be compared.
    pub(crate) fn billed_side(books: &Reconciler) -> Option<Self> {
        let mut billed =
            (0_u16..).map(SourceNo).zip(&books.sources).filter(|(_, s)| s.status.side.is_billed()).peekable();
        if billed.peek().is_none() {
            return Some(Self::Billed(None));
        }
        billed.find(|(_, source)| !source.is_usable()).map(|(number, _)| Self::Billed(Some(number)))
    }

    /// Why this client and rule cannot be compared.
    pub(crate) fn of(
        judge: &Judge<'_>,
        number: ClientNo,
        rule: &Rule,
        lines: Option<&RuleLines>,
        usage: &UsageSum,
        sources: &[ClientSource],
        sides: &Sides,
    ) -> Option<Self> {
        if judge.billed_unread.is_some() {
            return judge.billed_unread.clone();
        }
        let Some(source) = judge.books.find_source(&rule.source) else { return Some(Self::SourceMissing) };
        if !judge.books.sources[usize::from(source.0)].is_usable() {
            return Some(Self::Source(source));
        }
        if !judge.books.clients[number.0 as usize].read_state.is_complete() {
            return Some(Self::Client);
        }
        match sources.iter().find(|one| one.source == source) {
            Some(ClientSource { incomplete: Some(account), .. }) => return Some(Self::Account(*account)),
            Some(_) => {}
            None => {
                if let Some(account) = sides.proposed_for(number, source) {
                    return Some(Self::Pending(account));
                }
            }
        }
        if usage.quantity_unknown > 0 {
            return Some(Self::Quantity(usage.quantity_unknown));
        }
        let words = unknown_words(judge.books, usage);
        if !words.is_empty() {
            return Some(Self::Words(words));
        }
        lines.is_some_and(|lines| lines.cycle_unknown_count > 0).then_some(Self::Cycle)
    }

    /// Whether one finding for the source says it for all clients.
    pub(crate) fn is_whole_source(&self) -> bool {
        matches!(self, Self::Billed(_) | Self::SourceMissing | Self::Source(_))
    }

    /// The account to blame.
    pub(crate) fn account(&self) -> Option<AccountNo> {
        match self {
            Self::Account(account) | Self::Pending(account) => Some(*account),
            _ => None,
        }
    }

    pub(crate) fn next_step(&self) -> NextStep {
        match self {
            Self::Pending(_) => NextStep::ConfirmMapping,
            Self::SourceMissing => NextStep::FixRule,
            Self::Cycle => NextStep::ChangePsa,
            Self::Billed(_)
            | Self::Source(_)
            | Self::Client
            | Self::Account(_)
            | Self::Quantity(_)
            | Self::Words(_) => NextStep::FixSource,
        }
    }

    /// One sentence for people.
    pub(crate) fn in_words(&self, books: &Reconciler, source: &SourceId, client: &ClientId) -> String {
        match self {
            Self::Billed(None) => "no PSA is among the sources of this run".into(),
            Self::Billed(Some(number)) => books.source_in_words(*number),
            Self::Source(number) => books.source_in_words(*number),
            Self::SourceMissing => format!("`{source}` is not among the sources of this run"),
            Self::Client => {
                let state =
                    books.find_client(client.as_str()).map(|number| &books.clients[number.0 as usize].read_state);
                let state = state.map(state_in_words).unwrap_or_default();
                format!("the client's billed lines were not read ({state})")
            }
            Self::Account(number) => {
                let account = &books.accounts[number.0 as usize];
                let state = account.unread.as_deref().map(state_in_words).unwrap_or_default();
                format!("vendor account `{}` in {source} was not read ({state})", account.called())
            }
            Self::Pending(number) => {
                let account = &books.accounts[number.0 as usize];
                format!(
                    "vendor account `{}` in {source} may be this client's; confirm or ignore the mapping",
                    account.called()
                )
            }
            Self::Quantity(1) => format!("{source} gave no quantity for 1 item"),
            Self::Quantity(count) => format!("{source} gave no quantity for {count} items"),
            Self::Words(words) => {
                let named: Vec<_> = words.iter().map(UnknownWord::in_words).collect();
                format!("{source} has {}: nobody has explained whether to count them", named.join(", "))
            }
            Self::Cycle => "the billing cycle of an agreement cannot be brought to a month".into(),
        }
    }
}

/// The words of a rule's items that nobody knows.
fn unknown_words(books: &Reconciler, usage: &UsageSum) -> Vec<UnknownWord> {
    let unclear = usage.words.iter().filter(|(outcome, items)| *items > 0 && books.is_unclear(*outcome));
    let word = |(outcome, items): &(Outcome, u64)| UnknownWord {
        word: books.words.of(*outcome).to_owned(),
        is_kind: books.words.meaning(*outcome) == Some(Meaning::UnknownKind),
        items: *items,
    };
    let mut unknown: Vec<_> = unclear.map(word).collect();
    unknown.sort_unstable();
    unknown
}

impl UnknownWord {
    /// ``3 items with status `zombie` ``.
    fn in_words(&self) -> String {
        let items = plural(self.items, "item", "items");
        let what = if self.is_kind { "of kind" } else { "with status" };
        format!("{} {items} {what} `{}`", self.items, self.word)
    }
}

impl Reconciler {
    /// Whether nobody knows if items count that have this outcome. The plain profile counts what has the word `active`,
    /// and nothing else.
    pub(crate) fn is_unclear(&self, outcome: Outcome) -> bool {
        let is_unknown = matches!(self.words.meaning(outcome), Some(Meaning::UnknownState | Meaning::UnknownKind));
        is_unknown && self.options.profile == Profile::Full
    }

    pub(crate) fn source_in_words(&self, number: SourceNo) -> String {
        let status = &self.sources[usize::from(number.0)].status;
        match &status.read_state {
            state if !state.is_complete() => {
                format!("{} was not read completely ({})", status.source, state_in_words(state))
            }
            _ => format!("{} has no sync that may be used for {}", status.source, self.options.count_day),
        }
    }
}

impl crate::reconciler::SourceEntry {
    /// Read completely, with a sync that may be used.
    pub(crate) fn is_usable(&self) -> bool {
        self.status.read_state.is_complete() && self.status.synced_on.is_some()
    }
}

impl crate::reconciler::AccountEntry {
    /// Its name, or its id where it has none.
    pub(crate) fn called(&self) -> &str {
        if self.name.trim().is_empty() { self.id.as_str() } else { &self.name }
    }
}

/// For errors about accounts.
pub(crate) fn account_too_large(books: &Reconciler, number: AccountNo, what: &'static str) -> ReconcileError {
    let account = &books.accounts[number.0 as usize];
    let source = &books.sources[usize::from(account.source.0)].status.source;
    ReconcileError::TooLarge { subject: format!("vendor account `{}` of {source}", account.id), what }
}
