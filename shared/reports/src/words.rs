//! Codes to sentences: what a row says, why it is not sure, what would settle it, and whose that is.
//!
//! The sentences hold foreign text (names of accounts, devices, lines) shortened but as it came: whoever shows one makes
//! it harmless for the place where it is read. Deliberately absent: any decision on numbers.

mod doubt;
mod elsewhere;
mod for_client;
mod if_confirmed;
mod kind;
mod ledger;
mod merged;
mod row;
mod step;
mod unread;
mod widening;

use std::fmt;

pub(crate) use doubt::{doubt, is_slight, money_by_currency};
pub(crate) use elsewhere::doubts;
pub(crate) use for_client::for_client;
pub use if_confirmed::proposal_effect;
pub(crate) use if_confirmed::{if_confirmed, if_proposal_confirmed};
pub(crate) use kind::kind;
pub(crate) use ledger::{left_out, left_out_of};
pub(crate) use merged::{MergedStake, below_materiality, clients, of_many, services};
pub(crate) use row::{
    between, is_after_the_count, row, settled_by, stakes, whose_price, why_left_alone, why_no_value, why_not_reconciled,
};
pub(crate) use step::{owner, step};
pub(crate) use unread::{incomplete_account, older_sync, unread_bills, unread_client, unread_source};
pub(crate) use widening::{causes, item_name, widening};

use truecount_billing::{AccountId, ClientId, ProductCode, SourceId};
use truecount_reconciliation::AccountRecord;

use crate::sanitize;

/// How many characters of a name stand in a sentence.
const NAME_MAX: usize = 40;

/// Who can do something about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkOwner {
    /// Who writes the invoices.
    BillingClerk,
    /// Who looks after devices and licences.
    Technician,
    /// Who talks with the client.
    AccountManager,
    /// Who runs the syncs, their credentials and the rules.
    SyncAdmin,
    /// The vendor's support.
    Vendor,
}

impl WorkOwner {
    /// The words in files and for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BillingClerk => "billing clerk",
            Self::Technician => "technician",
            Self::AccountManager => "account manager",
            Self::SyncAdmin => "sync admin",
            Self::Vendor => "vendor support",
        }
    }
}

/// What to do next about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkStep {
    /// Change the quantity on the agreement.
    ChangePsa,
    /// Renew a line that ends, or remove what is used.
    RenewOrRemove,
    /// Remove or release what is used at the vendor.
    CleanUpAtVendor,
    /// Decide which client an account belongs to.
    ConfirmMapping,
    /// Map the accounts of one client to another.
    MoveAccounts,
    /// Ask whoever knows: the client, or the vendor.
    Ask,
    /// Look at what is doubtful before anything is changed.
    Check,
    /// Fix the sync, then run again.
    FixSource,
    /// Add or correct a rule.
    FixRule,
    /// Report a fault of this program.
    ReportFault,
}

impl WorkStep {
    /// The word in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChangePsa => "change_psa",
            Self::RenewOrRemove => "renew_or_remove",
            Self::CleanUpAtVendor => "clean_up_at_vendor",
            Self::ConfirmMapping => "confirm_mapping",
            Self::MoveAccounts => "move_accounts",
            Self::Ask => "ask",
            Self::Check => "check",
            Self::FixSource => "fix_source",
            Self::FixRule => "fix_rule",
            Self::ReportFault => "report_fault",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ChangePsa => "change the agreement",
            Self::RenewOrRemove => "renew the line or remove what is used",
            Self::CleanUpAtVendor => "clean up at the vendor",
            Self::ConfirmMapping => "confirm the mapping",
            Self::MoveAccounts => "map the accounts to the other client",
            Self::Ask => "ask, then run again",
            Self::Check => "check what is not sure",
            Self::FixSource => "fix the sync and run again",
            Self::FixRule => "correct the rule",
            Self::ReportFault => "report a fault of Truecount",
        }
    }
}

/// Why something is not sure, in words: what is the case, what would settle it, and whose that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Explanation {
    pub(crate) what: String,
    pub(crate) settled_by: &'static str,
    pub(crate) owner: WorkOwner,
    /// The command that does it.
    pub(crate) command: Option<String>,
}

impl Explanation {
    fn new(what: impl Into<String>, settled_by: &'static str, owner: WorkOwner) -> Self {
        Self { what: what.into(), settled_by, owner, command: None }
    }

    /// Where a person may say that an account is right as it is.
    fn by_accepting(self, account: &AccountRecord) -> Self {
        Self { command: Some(accept_command(&account.source, &account.account_id)), ..self }
    }

    /// What would settle it, with the command.
    pub(crate) fn step(&self) -> String {
        match &self.command {
            Some(command) => format!("{}: `{command}`", self.settled_by),
            None => self.settled_by.to_owned(),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; to settle it ({}): {}", self.what, self.owner.as_str(), self.step())
    }
}

/// A code as words: `account_gone` is `account gone`.
pub(crate) fn code_as_words(code: &str) -> String {
    code.replace('_', " ")
}

/// That a client has taken over what another uses.
pub(crate) fn moved(from: &str, to: &str) -> String {
    format!(
        "the agreement of {} ended, and {} is billed for about as much: map the accounts to it",
        name(from),
        name(to)
    )
}

/// What a person types who knows that an account is right as it is.
#[must_use]
pub fn accept_command(source: &SourceId, account: &AccountId) -> String {
    format!("truecount sources accept {} {}", quoted(source.as_str()), quoted(account.as_str()))
}

/// What a person types who wants to see each item of a service at a client.
pub(crate) fn explain_command(client: &ClientId, service: &ProductCode) -> String {
    format!("truecount explain {} {} --items", quoted(client.as_str()), quoted(service.as_str()))
}

/// A foreign word within a command, for any shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-@:+,/".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// A foreign name within a sentence.
fn name(text: &str) -> String {
    format!("`{}`", sanitize::shortened(text, NAME_MAX))
}

/// Breaks a text into lines of at most so many characters. The first line stands after an indent that is there already,
/// each other one is given it. A word that is longer than a line stands on one of its own. What stands between backticks
/// stays on one line, if it fits on one, so that a command can be copied.
#[must_use]
pub fn wrapped(text: &str, columns_max: usize, indent: usize) -> String {
    wrapped_from(text, columns_max, indent, indent)
}

/// The same, where the first line begins at another column.
pub(crate) fn wrapped_from(text: &str, columns_max: usize, begin: usize, indent: usize) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let (mut column, mut is_empty) = (begin, true);
    for word in unbroken(text, columns_max.saturating_sub(indent)) {
        let length = word.chars().count();
        if !is_empty && column + 1 + length > columns_max {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if !is_empty {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
        is_empty = false;
    }
    out
}

/// The words of a text; one between backticks may have blanks in it, if it has no more than so many characters.
fn unbroken(text: &str, characters_max: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(' ');
        let end_of_word = |text: &str| text.find(' ').unwrap_or(text.len());
        let mut end = end_of_word(rest);
        if let Some(open) = rest[..end].find('`').filter(|open| rest[open + 1..end].find('`').is_none())
            && let Some(close) = rest[open + 1..].find('`').map(|close| open + 1 + close)
        {
            let whole = close + end_of_word(&rest[close..]);
            if rest[..whole].chars().count() <= characters_max {
                end = whole;
            }
        }
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests;
