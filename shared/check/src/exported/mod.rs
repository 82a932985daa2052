//! Exports as they come, against each other: what each file is, whose its accounts are, what is counted for which
//! product, and what comes out, as in a month's run of which nothing was decided before. The lines of a PSA alone are
//! reviewed by themselves.
//!
//! Deliberately absent: history, the guard against falls that needs one, and any guess: what is open is asked, and what
//! nobody decided makes counts wider.

mod compare;
mod pairing;
mod read;
mod recognised;
mod reviewed;
#[cfg(test)]
mod tests;
mod whose;

use std::{fmt, path::PathBuf, str::FromStr};

use serde::Serialize;
use truecount_billing::{CountDay, Currency, Receipt, Side, SourceId};
use truecount_reconciliation::{AgreementFinding, SetupFinding};
use truecount_reports::{ExceptionRow, RunHeader};

pub use pairing::{CountedThing, PairedBy, PairedProduct, UnpairedProduct};

use super::{CheckError, CheckOutcome, output};

/// The input of a check of exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportsCheckArgs {
    /// The exports, in any order: the lines of one PSA, and what is used.
    pub files: Vec<ExportToCheck>,
    /// What the files leave open.
    pub options: Vec<ExportOption>,
    /// CSV: which client each account belongs to. What is not in it goes by names that confirm themselves.
    pub mappings: Option<PathBuf>,
    /// A file of the rules language. `None`: a product is compared where it is clearly one with what is counted.
    pub rules: Option<PathBuf>,
    /// The count day. `None`: the newest day that a file's name says, else `today`.
    pub as_of: Option<CountDay>,
    /// The day on which somebody asks.
    pub today: CountDay,
    /// The folder for `exceptions.csv`, `setup.csv` and `agreement_findings.csv`. `None`: nothing is written.
    pub out: Option<PathBuf>,
}

/// A file to check: `FILE`, or `ID=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportToCheck {
    /// The id of its source. `None`: its preset's name, else the file's.
    pub id: Option<SourceId>,
    /// The file.
    pub path: PathBuf,
}

/// What a file leaves open, answered: `ID:KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOption {
    /// The source whose file it is.
    pub id: SourceId,
    /// `KEY=VALUE`, with a key of profiles.
    pub option: String,
}

/// What a check of exports came to.
#[derive(Debug, Clone, Serialize)]
pub struct ExportsOutcome {
    /// What was found.
    #[serde(flatten)]
    pub found: CheckOutcome,
    /// Whether anything was compared; else no file says what is used.
    pub is_compared: bool,
    /// The currency that is told first; `XXX`: nothing names one.
    pub home_currency: Currency,
    /// The count day.
    pub count_day: CountDay,
    /// Why it is that day.
    pub count_day_from: CountDayFrom,
    /// What each file is.
    pub files: Vec<CheckedFile>,
    /// What was compared by which rule, where no rules were given.
    pub paired: Vec<PairedProduct>,
    /// Products that could mean several things, and were not compared.
    pub unpaired: Vec<UnpairedProduct>,
    /// How the accounts were mapped, by source.
    pub accounts: Vec<MappedAccounts>,
    /// The rules that were made, where none were given; `--rules` takes them, changed or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// What about files, names and rules makes counts unreliable.
    pub setup: Vec<SetupFinding>,
    /// The exceptions in their order.
    #[serde(skip)]
    pub exceptions: Vec<ExceptionRow>,
    /// Which share of the revenue was compared, and the totals, for people.
    #[serde(skip)]
    pub overview: String,
    /// What the agreements give away by themselves, the largest first.
    #[serde(skip)]
    pub findings: Vec<AgreementFinding>,
}

impl ExportsOutcome {
    /// What the sheets are headed by.
    #[must_use]
    pub fn header(&self) -> RunHeader {
        output::header(String::new(), self.count_day)
    }
}

/// Where the count day comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CountDayFrom {
    /// Somebody said it.
    Given,
    /// The newest that a file's name says.
    FileName,
    /// No file says one.
    Today,
}

/// What a file was taken for, and what became of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckedFile {
    /// The file as given.
    pub file: String,
    /// Its source.
    pub source: SourceId,
    /// Which side it gives.
    pub side: Side,
    /// The preset that fits; `None`: none does, and its columns say what it is.
    pub preset: Option<&'static str>,
    /// What it is, for people.
    pub title: String,
    /// Whether nobody has checked the preset's headings against a published list.
    pub is_unverified: bool,
    /// What is read from which column: field and heading.
    pub columns: Vec<(String, String)>,
    /// What holds unless somebody says otherwise: key and value.
    pub assumed: Vec<(String, String)>,
    /// The day that it is as of.
    pub as_of: CountDay,
    /// What became of its rows, and the words in them that nothing explains.
    pub receipt: Receipt,
}

/// Whose the accounts of a source are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MappedAccounts {
    /// The source.
    pub source: SourceId,
    /// By the file of mappings.
    pub by_file: u64,
    /// By a name that is equal and unique on both sides.
    pub by_name: u64,
    /// Accounts that nobody decided.
    pub undecided: u64,
}

/// Reads, compares, writes.
///
/// # Errors
/// [`CheckError::Exports`] with everything that stands in the way of all files. A difference is not an error.
pub fn check_exports(args: &ExportsCheckArgs) -> Result<ExportsOutcome, CheckError> {
    check_files(args, HandedOver::Exports)
}

/// What files are taken at their word for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandedOver {
    /// They hold what their export was told to hold, of the day that they are of.
    Exports,
    /// They are of the count day and whole: a client without an account has nothing there.
    Lists,
}

/// The same of files that are handed over otherwise.
pub(crate) fn check_files(args: &ExportsCheckArgs, as_what: HandedOver) -> Result<ExportsOutcome, CheckError> {
    let mut wrong = Vec::new();
    let recognised = recognised::recognise_all(args, as_what, &mut wrong);
    let read = read::read_all(&recognised, &mut wrong);
    if !wrong.is_empty() {
        return Err(CheckError::Exports(wrong.join("\n")));
    }
    if recognised.sources.iter().any(|source| !source.profile.is_billed()) {
        return compare::compare(args, as_what, recognised, read);
    }
    reviewed::review(args, recognised, read)
}

impl FromStr for ExportToCheck {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = text.split_once('=').and_then(|(id, path)| Some((SourceId::new(id).ok()?, path)));
        Ok(match named {
            Some((id, path)) => Self { id: Some(id), path: path.into() },
            None => Self { id: None, path: text.into() },
        })
    }
}

impl FromStr for ExportOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':').and_then(|(id, option)| Some((SourceId::new(id.trim()).ok()?, option)));
        match parts {
            Some((id, option)) if option.contains('=') => Ok(Self { id, option: option.to_owned() }),
            _ => Err("write ID:KEY=VALUE, such as devices:dates=D/M/Y".to_owned()),
        }
    }
}

impl fmt::Display for CountDayFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "as given",
            Self::FileName => "the newest day in a file's name",
            Self::Today => "today, since no file's name says a day; --as-of does",
        })
    }
}
