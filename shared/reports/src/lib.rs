//! What a run says, as people and programs take it: CSV files, `run.json`, `manifest.json` and one email.
//!
//! **Architecture invariant:** pure. No file, no clock, no network: everything that varies comes in through
//! [`ReportInput`], so the same run always gives the same bytes. Foreign text goes through [`inert`] on its way
//! into every one of them. Nothing here decides what a difference is or what it is worth.

mod failure;
mod html;
mod json;
mod label;
mod mail;
mod not_reconciled;
pub mod sanitize;
mod sheets;
mod summary;
mod test_mail;
mod text;

use jiff::Timestamp;
use serde::Serialize;
use truecount_billing::{BillingMonth, CountDay};
use truecount_reconciliation::Reconciliation;

pub use failure::{FailedClosing, failure_email};
pub use json::{manifest, run_json};
pub use label::{amount, money, month, quantity};
pub use mail::{ATTACHMENT_BYTES_MAX, MailSettings, email};
pub use sheets::Sheet;
pub use test_mail::trial_email;
pub use text::text_summary;

/// Which run it is, and what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunHeader {
    /// The run's id.
    pub run_id: String,
    /// The month that it is for.
    pub month: BillingMonth,
    /// The number of the closing run within its month; `None`: a draft.
    pub closing: Option<u32>,
    /// The day on which usage was counted.
    pub count_day: CountDay,
    /// When the run was first written; a repeated writer gives the same.
    pub created_at: Timestamp,
    /// The snapshots, decisions, rules and settings that it is pinned to.
    pub inputs: Vec<InputRef>,
    /// Where a person finds the files: a folder, or `s3://bucket/prefix`. In the email and on the terminal only,
    /// never in a file, so that a run has the same bytes wherever it is kept.
    #[serde(skip)]
    pub archive_place: String,
    /// The run that this closing run replaces.
    pub replaces: Option<String>,
    /// Earlier months that should have been closed and were not: the mail says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<BillingMonth>,
}

/// One input, pinned by its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct InputRef {
    /// Its name within the run, such as `inputs/rules.toml` or a sealed snapshot's key.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// One run: which, and what it found.
#[derive(Debug, Clone, Copy)]
pub struct ReportInput<'a> {
    /// Which run.
    pub header: &'a RunHeader,
    /// What it found.
    pub reconciliation: &'a Reconciliation,
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    /// Its name, without a folder.
    pub name: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A row could not be written.
    #[error("{sheet} could not be written: {cause}")]
    Sheet {
        /// The file.
        sheet: &'static str,
        /// What the writer said.
        cause: csv::Error,
    },
    /// A JSON file could not be written.
    #[error("{file} could not be written: {cause}")]
    Json {
        /// The file.
        file: &'static str,
        /// What the writer said.
        cause: serde_json::Error,
    },
    /// An address of the settings cannot stand in a mail's header.
    #[error(
        "`{address}` is not a mail address that can be used: write name@example.com or Name <name@example.com>, in ASCII, on one line"
    )]
    Address {
        /// The address, made visible.
        address: String,
    },
    /// Nobody to send to.
    #[error("the mail of group `{group}` has no recipient: add at least one address to it")]
    NoRecipient {
        /// The recipient group.
        group: String,
    },
    /// The HTML part could not be rendered.
    #[error("the mail's HTML could not be rendered: {0}")]
    Template(#[from] askama::Error),
    /// The mail could not be put together.
    #[error("the mail could not be written: {0}")]
    Mail(#[from] std::io::Error),
}

/// Every file of a run but the manifest: the sheets and `run.json`. [`manifest`] comes last, when the others are kept.
///
/// # Errors
/// [`ReportError`] if a file cannot be written, which with well-formed values does not happen.
pub fn files(input: &ReportInput<'_>) -> Result<Vec<ReportFile>, ReportError> {
    let mut files = Vec::with_capacity(Sheet::ALL.len() + 1);
    for sheet in Sheet::ALL {
        let mut bytes = Vec::new();
        sheet.write(input, &mut bytes)?;
        files.push(ReportFile { name: sheet.file_name(), bytes });
    }
    files.push(run_json(input)?);
    Ok(files)
}
