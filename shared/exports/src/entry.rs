//! What a row becomes.

use jiff::civil::Date;
use truecount_billing::{AccountId, BilledLine, RowReason, UsageItem};

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRead {
    /// What it holds; or why it holds nothing.
    pub entry: Result<ExportEntry, RowReason>,
    /// Words of it that nothing explains, each with its field.
    pub unknown_words: Vec<(String, String)>,
}

/// A line or items, with the account that they are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportEntry {
    /// The account.
    pub account: ExportAccount,
    /// What it is.
    pub what: Entered,
    /// The days that a charge is for, where rows are charges of one item.
    pub charge: Option<(Date, Date)>,
}

/// The account of a row: a vendor's, or for a line the PSA's client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name; its id, where there is none.
    pub name: String,
    /// The PSA's client, as the vendor holds it.
    pub identifier: Option<String>,
    /// The domain of an address in the row.
    pub domain: Option<String>,
}

/// A line, or items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entered {
    /// A billed line.
    Line(Box<BilledLine>),
    /// One item, or what the row tells besides it: what was bought, what a person holds.
    Items(Vec<UsageItem>),
}

impl RowRead {
    pub(crate) fn left_out(reason: RowReason) -> Self {
        Self { entry: Err(reason), unknown_words: Vec::new() }
    }
}
