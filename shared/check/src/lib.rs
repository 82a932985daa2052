//! `truecount check`: compares billed lines with usage from CSV files; needs no set-up, stores and sends nothing.
//!
//! Reads each file once, line by line, into the columns of the same reconciliation that a month's run uses, and compares
//! with its plain options. Deliberately absent: what a difference is, its value, and the report's layout.

mod account_rows;
mod billed;
mod disk;
mod exported;
mod findings;
mod list;
mod mappings;
mod output;
mod parse;
mod rows;
mod rules;
mod setup;
mod table;
mod takers;
#[cfg(test)]
mod tests;
mod told;
mod usage;
mod world;
mod written;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub use world::{
    ExpectedEntry, ExpectedFinding, ExpectedRow, ExpectedWhen, NaiveDifference, ObservedEntry, ObservedFinding,
    ObservedRow, ObservedWorld, World, WorldAccount, WorldAccountRead, WorldAgreement, WorldAmounts, WorldBelonging,
    WorldClient, WorldClientRead, WorldDays, WorldError, WorldFault, WorldFaults, WorldIdentity, WorldItem,
    WorldItemKind, WorldLine, WorldList, WorldRowKind, WorldRunError, WorldSource, WorldStreamError, WorldUpperEnd,
    compare_worlds, suggest_for_worlds,
};

pub use disk::FileOnDisk;
pub use exported::{
    CheckedFile, CountDayFrom, CountedThing, ExportOption, ExportToCheck, ExportsCheckArgs, ExportsOutcome,
    MappedAccounts, PairedBy, PairedProduct, UnpairedProduct, check_exports,
};
pub use findings::CheckTotal;

use serde::Serialize;
use truecount_billing::{CountDay, FieldError};
use truecount_reconciliation::RowKind;

use findings::Findings;
use list::{List, ListError};

/// The input of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckArgs {
    /// CSV: what the PSA bills.
    pub billed: PathBuf,
    /// CSV: what is used.
    pub usage: PathBuf,
    /// CSV: which client each account belongs to. `None`: by names that are equal and unique.
    pub mappings: Option<PathBuf>,
    /// CSV: which product is compared with which items; or a TOML file of the rules language, and then everything is judged
    /// as in a month's run. `None`: each product code that equals a SKU is a rule.
    pub rules: Option<PathBuf>,
    /// The count day and the billing day.
    pub as_of: CountDay,
    /// The folder for `exceptions.csv` and `setup.csv`; created if it does not exist. Files of these names are
    /// replaced.
    pub out: PathBuf,
    /// What is told behind each exception.
    pub evidence: CheckEvidence,
}

/// What a check of plain lists tells behind each exception. Beside rules of the rules language it is always the items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CheckEvidence {
    /// Figures alone.
    #[default]
    Figures,
    /// The lines, and the items that count and that do not.
    Items,
}

/// What was found, and where it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckOutcome {
    /// How many rows of each kind `exceptions.csv` has, by the word in its column `kind`.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Comparisons that could not be made; those that hang on a source that no file names are told once, at the source.
    pub not_reconciled: u64,
    /// Whether everything could be compared.
    pub is_complete: bool,
    /// What the exceptions are worth a month, by currency.
    pub totals: Vec<CheckTotal>,
    /// How many findings about the setup there are: what makes counts unreliable.
    pub setup_findings: u64,
    /// Where it was written; `None`: nobody wanted files.
    #[serde(flatten)]
    pub written: Option<CheckFiles>,
}

/// The files of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckFiles {
    /// The exceptions' file; `None`: nothing was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exceptions_file: Option<PathBuf>,
    /// The setup findings' file.
    pub setup_file: PathBuf,
    /// The file of what agreements give away by themselves; `None`: they were not reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings_file: Option<PathBuf>,
}

impl CheckOutcome {
    /// How many exceptions there are, beside what could not be compared.
    #[must_use]
    pub fn exception_count(&self) -> u64 {
        let exceptions = self.kinds.iter().filter(|(kind, _)| **kind != RowKind::NotReconciled.as_str());
        exceptions.map(|(_, count)| count).sum()
    }

    /// Exit code: 0 clean, 1 exceptions found, 2 something could not be reconciled.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (self.is_complete, self.exception_count()) {
            (false, _) => 2,
            (true, 1..) => 1,
            (true, 0) => 0,
        }
    }
}

/// Why a check failed: what, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A file cannot be opened or read.
    #[error("{file}: {why}")]
    File {
        /// The file as given.
        file: String,
        /// The system's error.
        why: std::io::Error,
    },
    /// The header lacks required columns.
    #[error("{file} line 1: {why}")]
    Header {
        /// The file.
        file: String,
        /// Which columns, and what the header has instead.
        why: String,
    },
    /// A line is not a row.
    #[error("{file} line {line}: {why}")]
    Row {
        /// The file.
        file: String,
        /// Counted from 1.
        line: u64,
        /// What is wrong and what to do.
        why: String,
    },
    /// A field has an invalid value.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// Nothing says what is compared with what.
    #[error("{file}: {why}")]
    NoRule {
        /// The file.
        file: String,
        /// What is missing.
        why: String,
    },
    /// Exports cannot be read, or leave something open: everything, a line for each.
    #[error("{0}")]
    Exports(String),
    /// What was read cannot be compared.
    #[error("{file}: {why}")]
    List {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// The output folder.
    #[error("{place} cannot be written: {why}")]
    Output {
        /// The file or folder.
        place: String,
        /// The system's error.
        why: String,
    },
}

/// Reads, compares, writes.
///
/// # Errors
/// [`CheckError`] names the file, the line, the field and what to do. A difference is not an error.
pub fn run(args: &CheckArgs) -> Result<CheckOutcome, CheckError> {
    if let Some(rules) = args.rules.as_deref().filter(|rules| written::is_written(rules)) {
        return written::run(args, rules);
    }
    let file = || named(args.rules.as_deref().unwrap_or(&args.billed));
    let wrong = |error: ListError| CheckError::List { file: file(), why: error.to_string() };
    let mut list = List::new(rules::read(args)?, args.as_of).map_err(|error| wrong(error.into()))?;
    billed::read(&args.billed, args.as_of, &mut list)?;
    if let Some(path) = &args.mappings {
        mappings::read(path, &mut list)?;
    }
    usage::read(&args.usage, &mut list)?;
    if args.mappings.is_none() {
        mappings::by_name(&mut list);
    }
    let list = list.finish().map_err(wrong)?;
    let found = Findings::of(&list, args.evidence);
    let setup = setup::setup(&list, &found.price_unknown);
    let setup_findings = setup.len() as u64;
    let written = Some(output::write((&args.out, args.as_of), |take| found.each_exception(take), &setup)?);
    let is_complete = found.is_complete();
    let Findings { kinds, not_reconciled, totals, .. } = found;
    Ok(CheckOutcome { kinds, not_reconciled, is_complete, totals, setup_findings, written })
}

/// The file's name as given.
fn named(path: &Path) -> String {
    path.display().to_string()
}
