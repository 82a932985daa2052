//! How far an account or a whole source was read, and why no further: codes with parameters. The words are made by
//! [`fmt::Display`], where a person reads them; nothing is decided on them.

use std::fmt;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{AccountId, BillingMonth};

/// How far an account or a whole source was read. Only `Complete` is ever compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum ReadState {
    /// Everything the vendor has.
    Complete,
    /// Some of it; the reason says what is missing.
    Partial(ReadReason),
    /// Nothing; the reason says why.
    Failed(ReadReason),
    /// Read whole, but not to be relied on: it contradicts itself or what was read before.
    Doubtful(ReadReason),
}

impl ReadState {
    /// Whether counts may rest on it.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }

    /// The word in columns and JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial(_) => "partial",
            Self::Failed(_) => "failed",
            Self::Doubtful(_) => "doubtful",
        }
    }

    /// Why it is not complete.
    #[must_use]
    pub fn reason(&self) -> Option<&ReadReason> {
        match self {
            Self::Complete => None,
            Self::Partial(reason) | Self::Failed(reason) | Self::Doubtful(reason) => Some(reason),
        }
    }
}

/// Why an account or a source was not read completely.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum ReadReason {
    /// There was no sync that could be used.
    NeverSynced,
    /// The newest sync is too old to be used.
    TooOld {
        /// The day of that sync.
        as_of: Date,
        /// How many days it may be old.
        days_max: u32,
        /// The day from which that is counted.
        day: Date,
        /// Why there is no newer one, where the last sync failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Box<ReadReason>>,
    },
    /// Nothing was read since the last closing, which used the newest sync already.
    NotSinceClosing {
        /// The month of that closing.
        closing: BillingMonth,
        /// The day of the newest sync.
        as_of: Date,
    },
    /// The last sync failed.
    SyncFailed {
        /// The day it was for.
        as_of: Date,
        /// Why it failed.
        failure: Box<ReadReason>,
    },
    /// The source is not among those of the run.
    NotInRun,
    /// Some of the source's accounts were not read completely.
    AccountsIncomplete {
        /// How many.
        incomplete: u64,
        /// Of how many.
        accounts: u64,
    },
    /// The source's connector does not exist, or refuses its settings or secret.
    CannotBuild {
        /// Which of them, and what is wrong.
        detail: String,
    },
    /// The source's secret could not be used.
    NoCredential {
        /// What is wrong with it.
        detail: String,
    },
    /// A request got no usable answer.
    Fetch(FetchFailure),
    /// An answer does not have the shape that the vendor documents.
    UnexpectedAnswer {
        /// What is wrong with it.
        detail: String,
    },
    /// A source that is a file has none that could be used.
    NoUsableFile {
        /// What is wrong.
        detail: String,
    },
    /// Files that were dropped, and that cannot be read as they are.
    FilesRefused {
        /// The files.
        files: Vec<RefusedFile>,
    },
    /// Another file was put in place while one was read.
    FileReplaced {
        /// The file that was read.
        file: Option<String>,
    },
    /// The answer lists no accounts.
    NoAccounts {
        /// How many items the last sync had.
        before: u64,
    },
    /// The answer has accounts, and nothing to count in any of them.
    NothingToCount {
        /// How many items the last sync had.
        before: u64,
    },
    /// The vendor's own total of a list is not what was read.
    TotalDiffers {
        /// What is listed.
        what: String,
        /// The vendor's total.
        total: u64,
        /// How many were read.
        read: u64,
    },
    /// The vendor's own total of a list changed between pages.
    TotalChanged {
        /// What is listed.
        what: String,
    },
    /// Items or lines came twice with different content.
    Contradicted {
        /// How many.
        items: u64,
        /// The id of the first billed line among them; an item's may name a person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<String>,
    },
    /// Rows of a file have one id and say different things.
    RowsContradict {
        /// The id.
        id: String,
        /// The file with the row that says something else than one before it.
        file: String,
        /// The row's line.
        line: u64,
    },
    /// One account came with several names: which client it is cannot be told from them.
    SeveralNames {
        /// All of them, in order. Foreign text.
        names: Vec<String>,
    },
    /// More items than one account can hold.
    TooManyItems,
    /// Rows of a list were neither used nor left out with a reason.
    RowsUnaccounted {
        /// The list.
        stream: String,
        /// Rows that were read.
        rows: u64,
        /// Rows that are accounted for.
        accounted: u64,
    },
    /// A field of a record does not hold what it must.
    BadField {
        /// The kind of record.
        record: String,
        /// Its id; `None` where that would name a person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What is wrong with which field.
        detail: String,
    },
    /// A record refers to nothing that was read.
    Orphaned {
        /// The kind of record.
        record: String,
        /// Its id.
        id: String,
        /// What it should belong to.
        parent: String,
    },
    /// Far less than before: not relied on until a second witness agrees.
    Dropped {
        /// The kind of item.
        kind: String,
        /// What there is less of.
        measure: Measure,
        /// How much there was.
        before: Decimal,
        /// How much there is.
        now: Decimal,
        /// The day of the earlier sync.
        as_of: Date,
    },
    /// The vendor no longer lists the account: not relied on until a second witness agrees.
    NotListed {
        /// How many items it had.
        before: u64,
        /// The day of the earlier sync.
        as_of: Date,
    },
    /// A list of what the credential may see, or of what a file holds, no longer has the account: it may still be there.
    NoLongerVisible {
        /// How many items it had.
        before: u64,
        /// The day of the earlier sync.
        as_of: Date,
    },
}

/// A dropped file that cannot be read as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedFile {
    /// Its name, as it is shown. Foreign text.
    pub name: String,
    /// The day on which it was first refused; `None`: nobody has noted that yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// What stands in the way of reading it, and what helps, each with its line and column. Only the first.
    pub obstacles: Vec<String>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl RefusedFile {
    /// Obstacles of all refused files together that are kept: more would not fit where the last sync is noted.
    const OBSTACLES_MAX: usize = 200;
    /// Characters of a name that are shown.
    const NAME_CHARS: usize = 200;

    /// A file with everything that stands in the way.
    #[must_use]
    pub fn of(name: &str, obstacles: Vec<String>) -> Self {
        let name = name.chars().take(Self::NAME_CHARS).flat_map(char::escape_debug).collect();
        Self { name, since: None, obstacles, more: 0 }
    }

    /// The files with the first obstacles of each, as many as are kept.
    #[must_use]
    pub fn shortened(mut files: Vec<Self>) -> Vec<Self> {
        let each = (Self::OBSTACLES_MAX / files.len().max(1)).max(1);
        for file in &mut files {
            file.more += file.obstacles.len().saturating_sub(each) as u64;
            file.obstacles.truncate(each);
        }
        files
    }
}

impl fmt::Display for RefusedFile {
    /// A line for each obstacle, the first behind the name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.obstacles.join("\n"))?;
        if self.more > 0 { write!(f, "\nand {} more", self.more) } else { Ok(()) }
    }
}

/// What is counted of a kind of item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Items, or billed lines.
    Items,
    /// Their units: the seats of a subscription, the quantity of a line.
    Units,
}

/// A request that got no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchFailure {
    /// The connector's name for the request.
    pub step: String,
    /// The account that it was about; `None`: the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// What happened.
    pub problem: FetchProblem,
    /// The HTTP status, where there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The vendor's own error code, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_code: Option<String>,
    /// The same for a person, with what else is known. Nothing is decided on it.
    pub detail: String,
}

/// What happened to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FetchProblem {
    /// No connection.
    Unreachable,
    /// No whole answer in time.
    TimedOut,
    /// The vendor asks to slow down.
    Throttled,
    /// The vendor's server fails.
    ServerError,
    /// The credential is not accepted, or no token is given for it.
    CredentialRefused,
    /// The credential may not read this.
    NotAllowed,
    /// Refused for another reason.
    Refused,
    /// The answer leads to another place, in a circle, or nowhere.
    BadLink,
    /// The answer is not the JSON that it should be, or more than is taken.
    BadAnswer,
    /// Account after account got no answer.
    ManyAccounts,
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.account {
            Some(account) => write!(f, "`{}` of account `{account}`: {}", self.step, self.detail),
            None => write!(f, "`{}`: {}", self.step, self.detail),
        }
    }
}

impl fmt::Display for ReadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverSynced => f.write_str("never synced"),
            Self::TooOld { as_of, days_max, day, failure } => {
                let days = if *days_max == 1 { "day" } else { "days" };
                write!(f, "the last sync is of {as_of}, more than {days_max} {days} before {day}")?;
                failure.as_ref().map_or(Ok(()), |failure| write!(f, "; {failure}"))
            }
            Self::NotSinceClosing { closing, as_of } => {
                write!(f, "nothing newer since the closing of {closing}, last read on {as_of}")
            }
            Self::SyncFailed { as_of, failure } => write!(f, "the sync of {as_of}: {failure}"),
            Self::NotInRun => f.write_str("it is not among the sources of this run"),
            Self::AccountsIncomplete { incomplete, accounts } => {
                write!(f, "{incomplete} of {accounts} vendor accounts were not read completely")
            }
            Self::CannotBuild { detail }
            | Self::NoCredential { detail }
            | Self::UnexpectedAnswer { detail }
            | Self::NoUsableFile { detail } => f.write_str(detail),
            Self::Fetch(failure) => failure.fmt(f),
            Self::FilesRefused { files } => refused(f, files),
            Self::FileReplaced { file } => {
                let file = file.as_deref().unwrap_or("the file");
                write!(f, "another file was put in place while {file} was read; sync again")
            }
            Self::NoAccounts { before } => empty_answer(f, "no account at all", *before),
            Self::NothingToCount { before } => empty_answer(f, "nothing to count in any account", *before),
            Self::TotalDiffers { what, total, read } => write!(f, "the vendor counts {total} {what}, {read} were read"),
            Self::TotalChanged { what } => {
                write!(f, "the number of {what} changed while they were read: read them again")
            }
            Self::RowsContradict { id, file, line } => {
                write!(f, "{file} line {line} says something else of `{id}` than a row before it: correct the export")
            }
            Self::Contradicted { items, line } => contradicted(f, *items, line.as_deref()),
            Self::TooManyItems => f.write_str("more items than one account can hold"),
            Self::SeveralNames { names } => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                write!(f, "one account with several names: {}: correct them at the source", names.join(" and "))
            }
            Self::RowsUnaccounted { stream, rows, accounted } => {
                let rows = counted(*rows, "row");
                write!(f, "of {rows} of `{stream}` {accounted} are accounted for: this is a fault of Truecount")
            }
            Self::BadField { record, id: Some(id), detail } => write!(f, "{record} {id}: {detail}"),
            Self::BadField { record, id: None, detail } => write!(f, "a {record}: {detail}"),
            Self::Orphaned { record, id, parent } => write!(f, "{record} {id} has no {parent}"),
            Self::Dropped { kind, measure, before, now, as_of } => {
                let counted = if *measure == Measure::Units { "units" } else { "items" };
                let (before, now) = (before.normalize(), now.normalize());
                write!(f, "{counted} of kind `{kind}` fell from {before} on {as_of} to {now}: {UNTIL_CONFIRMED}")
            }
            Self::NotListed { before, as_of } => {
                let before = counted(*before, "item");
                write!(f, "no longer in the vendor's list, with {before} on {as_of}: {UNTIL_CONFIRMED}")
            }
            Self::NoLongerVisible { before, as_of } => write!(
                f,
                "no longer listed, with {} on {as_of}, and the list need not be all that there is: restore the access or \
                 the rows, or `truecount sources accept` if it is gone",
                counted(*before, "item")
            ),
        }
    }
}

/// `1 item`, `3 items`.
fn counted(number: u64, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// What settles a fall: a sync of another day, another file, or a person.
const UNTIL_CONFIRMED: &str =
    "not relied on until another day's sync, another file or `truecount sources accept` confirms it";

fn contradicted(f: &mut fmt::Formatter<'_>, items: u64, line: Option<&str>) -> fmt::Result {
    match (items, line) {
        (items, Some(line)) => {
            write!(f, "billed line `{line}` came twice with different content")?;
            if items > 1 {
                write!(f, ", and {} more", items - 1)?;
            }
            f.write_str(": correct it at its source, then read it again")
        }
        (1, None) => f.write_str("one of its items came twice with different content: read it again"),
        (items, None) => write!(f, "{items} of its items came twice with different content: read them again"),
    }
}

fn refused(f: &mut fmt::Formatter<'_>, files: &[RefusedFile]) -> fmt::Result {
    let files: Vec<String> = files.iter().map(ToString::to_string).collect();
    f.write_str(&files.join("\n"))
}

fn empty_answer(f: &mut fmt::Formatter<'_>, what: &str, before: u64) -> fmt::Result {
    write!(f, "the vendor answered without error, but with {what}")?;
    if before > 0 {
        write!(f, "; the last sync had {}", counted(before, "item"))?;
    }
    f.write_str(": check what the credential may read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_reason_reads_back_from_its_code_and_parameters() {
        let fetch = FetchFailure {
            step: "devices".into(),
            account: None,
            problem: FetchProblem::NotAllowed,
            status: Some(403),
            vendor_code: None,
            detail: "the credential may not read this (HTTP 403)".into(),
        };
        let failure =
            Box::new(ReadReason::SyncFailed { as_of: date(2026, 6, 29), failure: Box::new(ReadReason::Fetch(fetch)) });
        let (as_of, day) = (date(2026, 6, 20), date(2026, 6, 30));
        let state = ReadState::Failed(ReadReason::TooOld { as_of, days_max: 3, day, failure: Some(failure) });
        let text = serde_json::to_string(&state).unwrap();
        assert!(text.starts_with(r#"{"state":"failed","reason":{"code":"too_old","as_of":"2026-06-20""#), "{text}");
        assert!(text.contains(r#"{"code":"fetch","step":"devices","problem":"not_allowed","status":403"#), "{text}");
        assert_eq!(serde_json::from_str::<ReadState>(&text).unwrap(), state);
        assert_eq!(
            state.reason().unwrap().to_string(),
            "the last sync is of 2026-06-20, more than 3 days before 2026-06-30; the sync of 2026-06-29: `devices`: the \
             credential may not read this (HTTP 403)"
        );
    }

    #[test]
    fn a_line_that_contradicts_itself_is_named() {
        let text =
            |items, line: Option<&str>| ReadReason::Contradicted { items, line: line.map(str::to_owned) }.to_string();
        let one = "billed line `L-7` came twice with different content: correct it at its source, then read it again";
        assert_eq!(text(1, Some("L-7")), one);
        assert!(text(3, Some("L-7")).starts_with("billed line `L-7` came twice with different content, and 2 more: "));
        assert_eq!(text(3, None), "3 of its items came twice with different content: read them again");
        assert_eq!(text(1, None), "one of its items came twice with different content: read it again");
    }

    #[test]
    fn each_reason_says_what_was_seen_and_what_helps() {
        let day = date(2026, 6, 29);
        let dropped = |measure| ReadReason::Dropped {
            kind: "server".into(),
            measure,
            before: Decimal::from(40),
            now: Decimal::from(12),
            as_of: day,
        };
        let bad = |id: Option<&str>| ReadReason::BadField {
            record: "device".into(),
            id: id.map(str::to_owned),
            detail: "`seats` is no number".into(),
        };
        let of_account = FetchFailure {
            step: "devices".into(),
            account: Some(AccountId::new("A-9").unwrap()),
            problem: FetchProblem::TimedOut,
            status: None,
            vendor_code: None,
            detail: "no answer in time".into(),
        };
        for (reason, text) in [
            (ReadReason::NoAccounts { before: 0 }, "no account at all: check what the credential may read"),
            (
                ReadReason::NothingToCount { before: 7 },
                "nothing to count in any account; the last sync had 7 items: check",
            ),
            (dropped(Measure::Units), "units of kind `server` fell from 40 on 2026-06-29 to 12: not relied on until"),
            (dropped(Measure::Items), "items of kind `server` fell from 40 on 2026-06-29 to 12: not relied on until"),
            (bad(Some("D-1")), "device D-1: `seats` is no number"),
            (bad(None), "a device: `seats` is no number"),
            (ReadReason::Fetch(of_account), "`devices` of account `A-9`: no answer in time"),
            (ReadReason::FileReplaced { file: None }, "put in place while the file was read"),
            (ReadReason::SeveralNames { names: vec!["A".into(), "B".into()] }, "several names: `A` and `B`: correct"),
        ] {
            assert!(reason.to_string().contains(text), "{reason}");
        }
    }

    #[test]
    fn refused_files_are_told_a_line_for_each_obstacle() {
        let file = |name: &str, obstacles: &[&str], more| RefusedFile {
            name: name.to_owned(),
            since: None,
            obstacles: obstacles.iter().map(|&one| one.to_owned()).collect(),
            more,
        };
        let files = vec![file("a.csv", &["line 2: x", "line 3: y"], 4), file("b.csv", &["the file is empty"], 0)];
        let reason = ReadReason::FilesRefused { files };
        assert_eq!(reason.to_string(), "a.csv: line 2: x\nline 3: y\nand 4 more\nb.csv: the file is empty");
        let text = serde_json::to_string(&reason).unwrap();
        assert!(
            text.starts_with(r#"{"code":"files_refused","files":[{"name":"a.csv","obstacles":["line 2: x""#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<ReadReason>(&text).unwrap(), reason);
    }

    #[test]
    fn an_unknown_code_is_refused() {
        assert!(serde_json::from_str::<ReadReason>(r#"{"code":"tired"}"#).is_err());
    }
}
