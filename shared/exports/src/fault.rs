//! What is wrong with a profile, with the headings of a file, or with one of its rows: as data, and in words that say
//! what to do.

use std::fmt;

use truecount_billing::IdError;
use truecount_tabular::Obstacle;

use crate::{as_of::NameFault, fold::shown};

/// What is wrong with one key of a profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {what}")]
pub struct ProfileFault {
    /// The key with its tables, such as `columns.quantity`.
    pub key: String,
    /// What is wrong, and what to write.
    pub what: String,
}

/// What a file's headings lack, or have twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadingFault {
    /// No column has any of the headings that the profile names for a field, or for a selection of rows.
    Missing {
        /// The field, or `only` or `not`.
        field: String,
        /// The headings, as the profile names them.
        wanted: Vec<String>,
        /// The heading that is most like one of them.
        nearest: Option<String>,
    },
    /// A heading that is read stands above two columns.
    Twice {
        /// The field that is read from it.
        field: String,
        /// The heading.
        heading: String,
        /// The columns, counted from 1.
        columns: Vec<usize>,
    },
    /// The file is named after nobody, and the profile takes the account from its name.
    FileName(NameFault),
    /// A field that every row needs is neither a column nor a constant.
    NotMapped {
        /// The field.
        field: String,
    },
}

/// What is wrong with a value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellFault {
    /// The line, counted from 1.
    pub line: u64,
    /// The heading of its column; `None` if no column has it.
    pub heading: Option<String>,
    /// The field that is read from it.
    pub field: String,
    /// What stands there, shortened.
    pub value: String,
    /// What is wrong with it.
    pub kind: CellFaultKind,
}

/// What can be wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellFaultKind {
    /// It is empty, and every row needs it.
    Empty,
    /// A spreadsheet made a number of an id, so that ids that were different may now be the same.
    DamagedId,
    /// It cannot be an id.
    NoId(IdError),
    /// It is no number in the form of its column.
    NoNumber,
    /// It is no day in the form of its column.
    NoDay,
    /// It is no moment in the form of its column.
    NoMoment,
    /// Which day it is depends on a zone that nothing names.
    NeedsZone,
    /// The error of a spreadsheet's formula, or a formula without its result.
    Uncomputed,
    /// It is no currency.
    NoCurrency,
    /// A word without a meaning; which ones have one.
    UnknownWord(&'static [&'static str]),
    /// The row itself cannot be read.
    Unreadable(Box<Obstacle>),
}

impl fmt::Display for HeadingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { field, wanted, nearest } => {
                let wanted: Vec<String> = wanted.iter().map(|one| format!("`{}`", shown(one))).collect();
                write!(f, "no column is headed {}, which `{field}` is read from", wanted.join(" or "))?;
                match nearest {
                    Some(nearest) => write!(f, "; is it `{}`?", shown(nearest)),
                    None if matches!(field.as_str(), "only" | "not" | "as_of") => {
                        write!(f, ": write the heading that the file has in `{field}`")
                    }
                    None => write!(f, ": write the heading that the file has in `columns.{field}`"),
                }
            }
            Self::Twice { field, heading, columns } => {
                let columns: Vec<String> = columns.iter().map(usize::to_string).collect();
                let heading = shown(heading);
                write!(f, "columns {} are all headed `{heading}`, which `{field}` is read from: ", columns.join(", "))?;
                f.write_str("rename all but one of them")
            }
            Self::FileName(fault) => write!(f, "{fault}"),
            Self::NotMapped { field } => {
                write!(f, "`{field}` is needed: name its column in `columns.{field}`")?;
                match field.as_str() {
                    "account_id" => f.write_str(
                        "; for files of one customer each, write its id in `constants.account_id`, or \
                         `account_from = \"name\"` and name the files after it",
                    ),
                    "item_id" | "line_id" => {
                        write!(f, "; if the export has none, write `{field} = \"row\"`: equal rows are then two")
                    }
                    _ => write!(f, ", or write what it always is in `constants.{field}`"),
                }
            }
        }
    }
}

impl fmt::Display for CellFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let CellFaultKind::Unreadable(obstacle) = &self.kind {
            return write!(f, "{obstacle}");
        }
        write!(f, "line {}, ", self.line)?;
        match &self.heading {
            Some(heading) => write!(f, "column `{}`: ", shown(heading))?,
            None => write!(f, "`{}`: ", self.field)?,
        }
        if self.kind != CellFaultKind::Empty {
            write!(f, "`{}` ", shown(&self.value))?;
        }
        self.describe(f)
    }
}

impl CellFault {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = &self.field;
        match &self.kind {
            CellFaultKind::Empty => write!(
                f,
                "is empty, and `{field}` is needed: fill it in, leave such rows out with `not`, or write \
                 `constants.{field}`"
            ),
            CellFaultKind::DamagedId => f.write_str(
                "was an id before a spreadsheet made it a number: export again and do not open the file in between, \
                 or format the column as text",
            ),
            CellFaultKind::NoId(why) => write!(f, "cannot be used for `{field}`: {why}"),
            CellFaultKind::NoNumber => {
                write!(f, "is not a number: correct it, or write what it means in `words.{field}`")
            }
            CellFaultKind::NoDay => write!(f, "is not a day: correct it, or write the form of days in `dates`"),
            CellFaultKind::NoMoment => {
                write!(f, "is not a day or a moment: correct it, or write the form of days in `dates`")
            }
            CellFaultKind::NeedsZone => write!(
                f,
                "has a time of day, and `{field}` depends on the time zone: write `zone`, such as \
                 `zone = \"Europe/London\"`"
            ),
            CellFaultKind::Uncomputed => f.write_str("is a formula that came to nothing: calculate and save the sheet"),
            CellFaultKind::NoCurrency => {
                write!(f, "is not a currency: write its three letters in `words.{field}`, such as GBP")
            }
            CellFaultKind::UnknownWord(known) => {
                write!(f, "is not known: write what it means in `words.{field}`, one of {}", known.join(", "))
            }
            CellFaultKind::Unreadable(obstacle) => write!(f, "{obstacle}"),
        }
    }
}
