//! `truecount check`: compares billed lines with usage from CSV files; needs no set-up, stores and sends nothing.
//!
//! Reads each file once, line by line, and pushes what it reads into the same reconciliation that a month's run
//! uses. Deliberately absent: what a difference is, its value, and the report's layout.

mod billed;
mod mappings;
mod output;
mod parse;
mod rows;
mod rules;
mod table;
#[cfg(test)]
mod tests;
mod usage;
mod world;

use std::path::{Path, PathBuf};

pub use world::{
    ExpectedRow, ExpectedWhen, NaiveDifference, ObservedRow, ObservedWorld, World, WorldAccount, WorldAccountRead,
    WorldAgreement, WorldAmounts, WorldBelonging, WorldClient, WorldClientRead, WorldError, WorldFault, WorldFaults,
    WorldIdentity, WorldItem, WorldItemKind, WorldLine, WorldList, WorldRowKind, WorldRunError, WorldSource,
    WorldStreamError, WorldUpperEnd, compare_worlds,
};

use truecount_billing::{CountDay, FieldError, ReadState, Side, SourceId};
use truecount_reconciliation::{
    Options, Profile, ReconcileError, Reconciler, Reconciliation, RulesError, SourceStatus,
};

/// The input of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckArgs {
    /// CSV: what the PSA bills.
    pub billed: PathBuf,
    /// CSV: what is used.
    pub usage: PathBuf,
    /// CSV: which client each account belongs to. `None`: by names that are equal and unique.
    pub mappings: Option<PathBuf>,
    /// TOML, or CSV for the plain profile. `None`: each product code that equals a SKU is a rule.
    pub rules: Option<PathBuf>,
    /// The count day and the billing day.
    pub as_of: CountDay,
    /// The folder for `exceptions.csv` and `setup.csv`; created if it does not exist. Files of these names are
    /// replaced.
    pub out: PathBuf,
}

/// What was found, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOutcome {
    /// Everything that was found.
    pub reconciliation: Reconciliation,
    /// The exceptions' file.
    pub exceptions: PathBuf,
    /// The setup findings' file.
    pub setup: PathBuf,
}

impl CheckOutcome {
    /// Exit code: 0 clean, 1 exceptions found, 2 something could not be reconciled.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (self.reconciliation.is_complete(), self.reconciliation.exception_count()) {
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
    /// The rules.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The comparison itself.
    #[error(transparent)]
    Reconcile(#[from] ReconcileError),
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
    let (rules, profile) = rules::read(args)?;
    let mut reconciler = Reconciler::new(rules, Options::for_check(args.as_of, profile));
    reconciler.source(status(billed::source()?, Side::Agreed, args.as_of));
    billed::read(&args.billed, &mut reconciler)?;
    if let Some(path) = &args.mappings {
        mappings::read(path, args.as_of, &mut reconciler)?;
    }
    usage::read(&args.usage, args.as_of, &mut reconciler)?;
    if args.mappings.is_none() {
        mappings::by_name(&mut reconciler)?;
    }
    output::write(args, reconciler.finish()?)
}

/// A source that is read completely from a file.
fn status(source: SourceId, side: Side, as_of: CountDay) -> SourceStatus {
    let (connector, read_state) = ("csv".to_owned(), ReadState::Complete);
    SourceStatus { source, connector, side, read_state, synced_on: Some(as_of.0), receipt: None }
}

/// The file's name as given.
fn named(path: &Path) -> String {
    path.display().to_string()
}

/// CSV rules, or none, mean the plain profile.
fn profile_of(rules: Option<&Path>) -> Profile {
    let is_toml = rules.and_then(Path::extension).is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    if is_toml { Profile::Full } else { Profile::Plain }
}
