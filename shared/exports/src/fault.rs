//! What is wrong with a profile, with the headings of a file, or with one of its rows: as data, and in words that say
//! what to do.

use std::{collections::BTreeMap, fmt};

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
    /// It cannot be an id.
    NoId(IdError),
    /// It is no currency.
    NoCurrency,
    /// A word without a meaning; which ones have one.
    UnknownWord(&'static [&'static str]),
    /// It is not what the survey of its column found.
    Unreadable(Box<Obstacle>),
}

/// What is wrong with the rows of a file: counted all, and kept the first of each kind and column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CellFaults {
    kept: Vec<CellFault>,
    counts: BTreeMap<(String, u8), u64>,
}

/// Faults of one kind and column that are kept.
const KEPT_MAX: u64 = 5;

impl CellFaults {
    /// Takes what is wrong with a row.
    pub fn extend(&mut self, faults: Vec<CellFault>) {
        for fault in faults {
            let count = self.counts.entry((fault.field.clone(), fault.kind.number())).or_default();
            *count += 1;
            if *count <= KEPT_MAX {
                self.kept.push(fault);
            }
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The first of each kind and column, in the order of the file.
    #[must_use]
    pub fn first(&self) -> &[CellFault] {
        &self.kept
    }
}

impl fmt::Display for CellFaults {
    /// A line for each fault, with the number of those like it that are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.kept.iter().enumerate() {
            let is_like = |other: &&CellFault| other.field == fault.field && other.kind.number() == fault.kind.number();
            let is_last = !self.kept[at + 1..].iter().any(|other| is_like(&other));
            let count = self.counts.get(&(fault.field.clone(), fault.kind.number())).copied().unwrap_or(0);
            write!(f, "{}{fault}", if at == 0 { "" } else { "\n" })?;
            if is_last && count > KEPT_MAX {
                write!(f, " (and {} more like it)", count - KEPT_MAX)?;
            }
        }
        Ok(())
    }
}

impl CellFaultKind {
    fn number(&self) -> u8 {
        match self {
            Self::Empty => 0,
            Self::NoId(_) => 1,
            Self::NoCurrency => 2,
            Self::UnknownWord(_) => 3,
            Self::Unreadable(_) => 4,
        }
    }
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
            CellFaultKind::NoId(why) => write!(f, "cannot be used for `{field}`: {why}"),
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
