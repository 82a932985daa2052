//! What a run found, for people and programs: CSV files, `run.json`, `manifest.json` and one email.
//!
//! A [`RunReportBuilder`] takes the lines of a stored outcome one at a time and writes `lines.csv` as they come; the
//! [`RunReport`] that it leaves is what the other files, the email and the terminal are made from.
//!
//! **Architecture invariant:** pure. No file, no clock, no network: everything that varies comes in through the
//! [`RunHeader`] and the lines, so the same run always gives the same bytes. Foreign text goes through [`sanitize`] on
//! its way into every one of them. Nothing here decides what a difference is or what its value is.

mod actions;
mod agreement_findings;
mod agreements_sheet;
mod baseline;
mod came_and_went;
mod catch_up;
mod cells;
mod change_row;
mod client_sheet;
mod column;
mod columns_schema;
mod commands;
mod common_cause;
mod exception_id;
mod exception_row;
mod exceptions;
mod exceptions_sheet;
mod explain;
mod failure;
mod group_part;
mod history;
mod html;
mod items_sheet;
mod json;
mod label;
mod lines_sheet;
mod mail;
mod map_first;
mod merged;
mod not_reconciled;
mod notice;
mod older_syncs;
mod open_work;
mod oversight;
pub mod receipt;
mod report_page;
mod revenue;
mod row_totals;
mod run_difference;
mod run_report;
mod run_totals;
pub mod sanitize;
pub mod setup;
mod sheets;
mod summary;
mod test_mail;
mod text;
mod top;
mod words;
mod workbook;
mod workbook_sheets;

use std::io;

use jiff::Timestamp;
use serde::Serialize;
use truecount_billing::{BillingMonth, CountDay};
use truecount_reconciliation::{ClientRecord, RowKind, RowRecord};

pub use actions::{action_fault, action_told, action_words};
pub use agreement_findings::{
    AGREEMENT_FINDINGS_CSV, AgreementFindingTotal, agreement_findings_json, agreement_findings_text, sort_findings,
    write_agreement_findings,
};
pub use baseline::{OpeningList, first_comparison, open_exceptions, opening_list};
pub use change_row::ChangeRow;
pub use client_sheet::{CLIENT_SHEETS, ClientSheetFile, ClientSheets, SheetPrices};
pub use columns_schema::CsvFile;
pub use commands::with_options;
pub use exception_id::ExceptionSubject;
pub use exception_row::ExceptionRow;
pub use exceptions::{Exceptions, is_exception};
pub use exceptions_sheet::{ExceptionsSheet, exceptions_json, write_exceptions};
pub use explain::{ExplainedItems, explain_client, restore_moved, retain_service};
pub use failure::{FailedClosing, FailedRun, after_failure, failure_email};
pub use group_part::{GroupPart, GroupScope};
pub use history::{EarlierRow, sort_earlier};
pub use json::{manifest, manifest_schema, run_json, run_schema};
pub use label::{amount, money, month, quantity};
pub use lines_sheet::LinesSheet;
pub use mail::{ATTACHMENT_BYTES_MAX, MailContent, ReportMail, ShortMailTo, email};
pub use notice::{
    AskedChange, ClosingReadiness, ClosingReminder, ClosingWaits, Counted, LAST_DAY, LastDayReview, LineChangeSince,
    Notice, REMINDER, ReadRevenue, UncountedProduct, UnmappedAccount, UnreadAccount, UnreadSource, notice_email,
};
pub use older_syncs::{REFUSED_FILE, older_syncs};
pub use oversight::{AccountManager, Oversight};
pub use report_page::{REPORT_HTML, ReportPage};
pub use revenue::{revenue_compared, share_compared};
pub use run_difference::{run_difference_text, sort_differences};
pub use run_report::{RunReport, RunReportBuilder};
pub use run_totals::{TotalLine, run_totals, totals_text};
pub use sheets::{EXCEPTIONS_CSV, LINES_CSV, SETUP_CSV, files, write_setup};
pub use summary::TextTarget;
pub use test_mail::test_email;
pub use text::{run_overview, text_summary};
pub use words::{WorkOwner, WorkStep, accept_command, proposal_effect, wrapped};
pub use workbook::{REPORT_XLSX, ReportWorkbook};

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
    /// The snapshots, mappings, rules and settings that it was made from.
    pub inputs: Vec<InputRef>,
    /// Where a person finds the files: a folder, or `s3://bucket/prefix`. In the email and on the terminal only,
    /// never in a file, so that a run has the same bytes wherever it is kept.
    #[serde(skip)]
    pub archive_place: String,
    /// The run that this closing run replaces.
    pub replaces: Option<String>,
    /// Earlier months that should have been closed and were not; the mail names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<BillingMonth>,
    /// Who looks after which clients, and what needs approval; its words are in the rows.
    #[serde(skip)]
    pub oversight: Oversight,
    /// Of a closing: whether it was closed with what there was, though something that it waits for was not read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_incomplete: bool,
}

/// One input or output, identified by its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct InputRef {
    /// Its name within the run, such as `inputs/rules.toml` or a snapshot's key.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// What people call a kind of row.
#[must_use]
pub const fn kind_label(kind: RowKind) -> &'static str {
    words::kind(kind)
}

/// What would settle a row that is not reconciled; `None`: it is, or nobody knows what would.
#[must_use]
pub fn settled_by(client: &ClientRecord, row: &RowRecord) -> Option<&'static str> {
    words::settled_by(client.lines_read, row)
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
    /// The lines are not those of a stored outcome.
    #[error("the stored outcome cannot be used: {what}")]
    Outcome {
        /// What is wrong with it.
        what: &'static str,
    },
    /// A row could not be written.
    #[error("cannot write {sheet}")]
    Sheet {
        /// The file.
        sheet: &'static str,
        /// Why.
        #[source]
        source: csv::Error,
    },
    /// The workbook could not be written.
    #[error("cannot write report.xlsx")]
    Workbook(#[source] rust_xlsxwriter::XlsxError),
    /// The page could not be written.
    #[error("cannot write report.html")]
    Page(#[source] io::Error),
    /// A JSON file could not be written.
    #[error("cannot write {file}")]
    Json {
        /// The file.
        file: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// An address of the settings cannot stand in a mail's header.
    #[error(
        "`{address}` is not a valid mail address; write name@example.com or Name <name@example.com>, in ASCII, on one line"
    )]
    Address {
        /// The address, with control characters made visible.
        address: String,
    },
    /// A recipient group without recipients.
    #[error("recipient group `{group}` is empty; add at least one address to it")]
    NoRecipient {
        /// The recipient group.
        group: String,
    },
    /// The HTML part could not be rendered.
    #[error("cannot render the mail's HTML")]
    Template(#[from] askama::Error),
    /// The message could not be encoded.
    #[error("cannot encode the mail")]
    Encode(#[from] std::io::Error),
}
