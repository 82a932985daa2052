//! Sources that an older sync stands in for, and those that could not be used at all: a line each.

use jiff::civil::Date;
use truecount_billing::{ReadReason, ReadState};
use truecount_reconciliation::{
    AccountReadWord, IncompleteAccount, PortfolioRecord, SetupFinding, SourceReadWord, SourceReading, SourceRecord,
};

use crate::{
    RunReport, TextTarget, label, sanitize,
    summary::{foreign, with_more},
    words,
};

/// How many accounts of a source are named.
const ACCOUNTS_MAX: usize = 3;
/// How many lines there are about sources.
const NOTES_MAX: usize = 6;
/// How long a line is; one that quotes a vendor is cut off.
const CHARACTERS_MAX: usize = 240;
/// How many refused files are named.
const REFUSED_MAX: usize = 3;
/// How long a line about one is: it ends with what to do.
const REFUSED_CHARACTERS_MAX: usize = 500;

/// The code of a setup finding about a dropped file that cannot be read: told where the sources are.
pub const REFUSED_FILE: &str = "source_file_refused";

/// Each source that was not counted on the day of its newest sync, with the day and what failed; and of each source the
/// accounts whose earlier count is used. Empty: all are as new as can be.
#[must_use]
pub fn older_syncs(portfolio: &PortfolioRecord, target: TextTarget) -> Vec<String> {
    let lines = portfolio.sources.iter().flat_map(|record| of_usage(record, None));
    lines.map(|line| foreign(target, &line, CHARACTERS_MAX)).collect()
}

/// The same of both sides, with the cause where the sync told it, and the sources that were read in part or contradict
/// themselves; before them the files that were refused. The first of each, and how many more there are.
pub(crate) fn source_notes(report: &RunReport<'_>, target: TextTarget) -> Vec<String> {
    let records = &report.portfolio.sources;
    let of = |reading: &SourceReading| records.iter().find(|record| record.source == reading.source);
    let mut notes = Vec::new();
    for reading in &report.sources {
        match of(reading) {
            Some(record) => notes.extend(of_usage(record, Some(reading))),
            None => notes.extend(of_reading(reading)),
        }
    }
    let is_read = |record: &&SourceRecord| report.sources.iter().any(|reading| reading.source == record.source);
    notes.extend(records.iter().filter(|record| !is_read(record)).flat_map(|record| of_usage(record, None)));
    let more = notes.len().saturating_sub(NOTES_MAX) as u64;
    notes.truncate(NOTES_MAX);
    let notes = notes.iter().map(|note| foreign(target, note, CHARACTERS_MAX));
    let mut all: Vec<_> = refused_files(&report.setup, target).into_iter().chain(notes).collect();
    if more > 0 {
        all.push(format!("{} in coverage.csv", label::count(more, "more note", "more notes")));
    }
    all
}

/// Dropped files that were not read, by name: who dropped one and reads this must see that it is that one.
fn refused_files(setup: &[SetupFinding], target: TextTarget) -> Vec<String> {
    let refused: Vec<_> = setup.iter().filter(|finding| finding.code == REFUSED_FILE).collect();
    let shown = refused.iter().take(REFUSED_MAX);
    let mut lines: Vec<_> = shown.map(|one| foreign(target, &one.message, REFUSED_CHARACTERS_MAX)).collect();
    let more = refused.len().saturating_sub(REFUSED_MAX) as u64;
    if more > 0 {
        lines.push(format!("{} in setup.csv", label::count(more, "more refused file", "more refused files")));
    }
    lines
}

fn of_usage(record: &SourceRecord, reading: Option<&SourceReading>) -> Vec<String> {
    let older = match reading {
        Some(reading) => older_sync(record, &reading.state),
        None => words::older_sync(record),
    };
    let unread = reading.filter(|_| record.read == SourceReadWord::Used).and_then(not_since_closing);
    let note = older.or(unread).or_else(|| reading.and_then(in_part));
    note.into_iter().chain(earlier_accounts(record)).collect()
}

/// A source that no usage is counted in: the PSA, or one of invoices.
fn of_reading(reading: &SourceReading) -> Option<String> {
    let id = &reading.source;
    match (reading.as_of, reading.last_failure) {
        (Some(day), Some(failed)) => {
            let (day, failed) = (label::day(day), label::day(failed));
            Some(format!("{id}: what it said on {day} is used, because its sync of {failed} failed"))
        }
        (Some(_), None) => not_since_closing(reading).or_else(|| in_part(reading)),
        (None, last_failure) => {
            let unread = SourceRecord {
                source: id.clone(),
                read: SourceReadWord::NotRead,
                synced_on: None,
                fresh_days: 0,
                last_failure,
                accounts: 0,
                incomplete: Vec::new(),
            };
            older_sync(&unread, &reading.state)
        }
    }
}

/// What is older or was not used, with the days that the source's own state tells, and what went wrong.
fn older_sync(record: &SourceRecord, state: &ReadState) -> Option<String> {
    if record.read == SourceReadWord::Used {
        return words::older_sync(record);
    }
    let reason = state.reason();
    let mut known = record.clone();
    if let Some(ReadReason::TooOld { as_of, days_max, .. }) = reason {
        (known.read, known.synced_on, known.fresh_days) = (SourceReadWord::TooOld, Some(*as_of), *days_max);
    }
    known.last_failure = known.last_failure.or_else(|| reason.and_then(failed_on));
    let note = words::older_sync(&known)?;
    Some(match reason.and_then(cause) {
        Some(cause) => format!("{note}: {cause}"),
        None => note,
    })
}

/// The day of the sync that failed.
fn failed_on(reason: &ReadReason) -> Option<Date> {
    match reason {
        ReadReason::SyncFailed { as_of, .. } => Some(*as_of),
        ReadReason::TooOld { failure, .. } => failure.as_deref().and_then(failed_on),
        _ => None,
    }
}

/// `backup: counted on 2 November 2026, nothing newer was read since the closing of October 2026`; `None`: it was.
fn not_since_closing(reading: &SourceReading) -> Option<String> {
    let (closing, day) = (label::month(reading.unread_since?), label::day(reading.as_of?));
    let used = match reading.side.is_billed() {
        true => format!("what it said on {day} is used"),
        false => format!("counted on {day}"),
    };
    Some(format!("{}: {used}, nothing newer was read since the closing of {closing}", reading.source))
}

/// A whole source that was read in part, or that contradicts itself.
fn in_part(reading: &SourceReading) -> Option<String> {
    let id = &reading.source;
    match &reading.state {
        // its accounts are named one by one
        ReadState::Partial(ReadReason::AccountsIncomplete { .. }) | ReadState::Complete | ReadState::Failed(_) => None,
        ReadState::Partial(reason) => Some(format!("{id}: read in part: {reason}")),
        ReadState::Doubtful(reason) => Some(format!("{id}: doubtful: {reason}")),
    }
}

/// What went wrong in the end, without the days, which stand beside it already.
fn cause(reason: &ReadReason) -> Option<&ReadReason> {
    match reason {
        // the files have lines of their own
        ReadReason::AccountsIncomplete { .. } | ReadReason::FilesRefused { .. } => None,
        ReadReason::TooOld { failure, .. } => failure.as_deref().and_then(cause),
        ReadReason::SyncFailed { failure, .. } => cause(failure),
        reason => Some(reason),
    }
}

/// Accounts of which an earlier reading is used: the first by name with their days, and how many more.
fn earlier_accounts(source: &SourceRecord) -> Option<String> {
    let earlier: Vec<_> = source.incomplete.iter().filter_map(earlier).collect();
    let accounts = label::count(earlier.len() as u64, "account was", "accounts were");
    (!earlier.is_empty()).then(|| {
        let named = with_more(&earlier, ACCOUNTS_MAX);
        format!("{}: {accounts} not read, an earlier count is used: {named}", source.source)
    })
}

fn earlier(one: &IncompleteAccount) -> Option<String> {
    let day = one.as_of.filter(|_| one.read == AccountReadWord::Failed)?;
    Some(format!("{} ({})", sanitize::shortened(&one.account.account_name, 40), label::day(day)))
}
