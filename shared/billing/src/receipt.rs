//! What became of every row that a sync read: used, looked up, or left out with a reason. The parts must add up to the
//! rows read, or the source failed (promise P7: no row is lost).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The receipt of one sync of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Per stream (a kind of list that the source reads), in order of their names.
    pub streams: BTreeMap<String, StreamReceipt>,
    /// Words of the vendor that the source's vocabulary does not have, with how often they occurred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_words: Vec<UnknownWord>,
}

/// The rows of one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamReceipt {
    /// Rows in the answers.
    pub rows: u64,
    /// Rows that made accounts, items or lines.
    pub used: u64,
    /// Rows that others refer to, such as a catalogue's.
    pub looked_up: u64,
    /// Rows that are neither, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<RowReason, u64>,
    /// How the rows compare with the vendor's own totals.
    #[serde(default)]
    pub totals: ControlTotals,
    /// Lists that were read again, because they changed while they were read or to see that they did not.
    #[serde(default)]
    pub lists_read_again: u64,
}

/// How many lists of a stream were compared with the vendor's own total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlTotals {
    /// The total is what was read.
    pub agreed: u64,
    /// It is not, also after the list was read again.
    pub differed: u64,
    /// The vendor refuses to tell it.
    pub refused: u64,
    /// The vendor has none.
    pub none: u64,
}

/// Why a row makes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowReason {
    /// It names no account, or none that was read.
    NoAccount,
    /// The settings leave it out.
    NotSelected,
    /// What it belongs to does not recur, such as an agreement billed once.
    OneTime,
    /// What it belongs to was deleted while the source was read.
    ParentDeleted,
    /// It is of a list that was read again: the last reading counts.
    ReadAgain,
    /// It is listed more than once, each time the same.
    Repeated,
    /// A field of it does not hold what it must; its account is not read completely.
    Unreadable,
    /// It is of a kind that is never billed.
    NotBilled,
    /// It is a row of totals.
    TotalRow,
    /// There is nothing in it.
    EmptyRow,
    /// It is the header again.
    HeaderAgain,
    /// It is a note behind the table.
    NoteRow,
}

/// A word that the vocabulary does not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnknownWord {
    /// The vendor's field.
    pub field: String,
    /// Its value.
    pub word: String,
    /// In how many rows.
    pub rows: u64,
}

impl StreamReceipt {
    /// Adds the rows of another part of the stream.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.used += other.used;
        self.looked_up += other.looked_up;
        for (reason, count) in &other.left_out {
            *self.left_out.entry(*reason).or_default() += count;
        }
    }

    /// Whether every row is accounted for.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.rows == self.used + self.looked_up + self.left_out.values().sum::<u64>()
    }
}

impl Receipt {
    /// The first stream whose rows are not all accounted for.
    #[must_use]
    pub fn unbalanced(&self) -> Option<(&str, &StreamReceipt)> {
        let found = self.streams.iter().find(|(_, stream)| !stream.is_balanced());
        found.map(|(name, stream)| (name.as_str(), stream))
    }

    /// Rows of all streams.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.streams.values().map(|stream| stream.rows).sum()
    }

    /// All streams as one: used, looked up, left out.
    #[must_use]
    pub fn sums(&self) -> (u64, u64, u64) {
        self.streams.values().fold((0, 0, 0), |(used, looked_up, left_out), stream| {
            let out: u64 = stream.left_out.values().sum();
            (used + stream.used, looked_up + stream.looked_up, left_out + out)
        })
    }
}

impl RowReason {
    /// The word in columns and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoAccount => "no_account",
            Self::NotSelected => "not_selected",
            Self::OneTime => "one_time",
            Self::ParentDeleted => "parent_deleted",
            Self::ReadAgain => "read_again",
            Self::Repeated => "repeated",
            Self::Unreadable => "unreadable",
            Self::NotBilled => "not_billed",
            Self::TotalRow => "total_row",
            Self::EmptyRow => "empty_row",
            Self::HeaderAgain => "header_again",
            Self::NoteRow => "note_row",
        }
    }
}

impl fmt::Display for RowReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAccount => "of no account",
            Self::NotSelected => "not selected by the settings",
            Self::OneTime => "billed once",
            Self::ParentDeleted => "of something deleted meanwhile",
            Self::ReadAgain => "of a list that was read again",
            Self::Repeated => "listed again",
            Self::Unreadable => "unreadable",
            Self::NotBilled => "never billed",
            Self::TotalRow => "a total",
            Self::EmptyRow => "empty",
            Self::HeaderAgain => "the header again",
            Self::NoteRow => "a note",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_an_outcome_breaks_the_sum() {
        let mut stream = StreamReceipt { rows: 6, used: 3, looked_up: 1, ..StreamReceipt::default() };
        stream.left_out.insert(RowReason::Repeated, 2);
        let mut receipt = Receipt::default();
        receipt.streams.insert("devices".into(), stream.clone());
        assert_eq!(receipt.unbalanced(), None);
        assert_eq!((receipt.rows(), receipt.sums()), (6, (3, 1, 2)));
        stream.left_out.insert(RowReason::Repeated, 1);
        receipt.streams.insert("devices".into(), stream);
        assert_eq!(receipt.unbalanced().map(|(name, _)| name), Some("devices"));
    }

    #[test]
    fn a_reason_has_one_word() {
        for reason in [RowReason::NoAccount, RowReason::ParentDeleted, RowReason::Unreadable, RowReason::NotBilled] {
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{}\"", reason.as_str()));
        }
    }
}
