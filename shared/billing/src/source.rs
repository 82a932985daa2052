//! What a source is to the comparison: its side, and what its status words mean.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Which side of the comparison a source is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What a PSA's agreements say will be billed.
    Agreed,
    /// What invoices say was billed.
    Invoiced,
    /// What was bought from a vendor or distributor.
    Purchased,
    /// What devices, users or licences are in use.
    Used,
}

impl Side {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Agreed, Self::Invoiced, Self::Purchased, Self::Used];

    /// The word in settings, columns and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Invoiced => "invoiced",
            Self::Purchased => "purchased",
            Self::Used => "used",
        }
    }

    /// Whether it says what clients are billed; otherwise it is what that is compared with.
    #[must_use]
    pub fn is_billed(self) -> bool {
        matches!(self, Self::Agreed | Self::Invoiced)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of: agreed, invoiced, purchased, used")]
pub struct SideError(String);

impl FromStr for Side {
    type Err = SideError;

    fn from_str(text: &str) -> Result<Self, SideError> {
        let shown = || text.chars().take(40).flat_map(char::escape_debug).collect();
        Self::ALL.into_iter().find(|side| side.as_str() == text).ok_or_else(|| SideError(shown()))
    }
}

/// A word for the state of an item, as one kind of source uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusWord {
    /// The word.
    pub word: &'static str,
    /// What it means for the count.
    pub meaning: StatusMeaning,
    /// Why, for a person who sees the word.
    pub why: &'static str,
}

/// What a status word means for the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusMeaning {
    /// The item counts.
    Counts,
    /// It counts where assigned licences are counted, and nowhere else.
    CountsWhereAssigned,
    /// It does not count.
    DoesNotCount,
}

impl StatusWord {
    /// A word whose items do not count.
    #[must_use]
    pub const fn left_out(word: &'static str, why: &'static str) -> Self {
        Self { word, meaning: StatusMeaning::DoesNotCount, why }
    }

    /// The word of items that count.
    pub const ACTIVE: Self = Self { word: "active", meaning: StatusMeaning::Counts, why: "in use" };

    /// The word of licences whose user may not sign in.
    pub const DISABLED: Self = Self {
        word: "disabled",
        meaning: StatusMeaning::CountsWhereAssigned,
        why: "assigned to a user who may not sign in",
    };
}

/// The status words of files that a person writes or maps: what a column profile may translate a file's words to.
pub const FILE_STATUS_WORDS: &[StatusWord] = &[
    StatusWord::ACTIVE,
    StatusWord::DISABLED,
    StatusWord::left_out("activation", "a charge for setting it up"),
    StatusWord::left_out("assignment_error", "the licence could not be assigned"),
    StatusWord::left_out("cancelled", "cancelled"),
    StatusWord::left_out("converted", "a trial that became another subscription"),
    StatusWord::left_out("decommissioned", "decommissioned"),
    StatusWord::left_out("deleted", "deleted"),
    StatusWord::left_out("expired", "expired"),
    StatusWord::left_out("guest", "a guest of another organization"),
    StatusWord::left_out("inactive", "not in use"),
    StatusWord::left_out("locked_out", "locked out by the vendor"),
    StatusWord::left_out("one_time", "bought once, does not recur"),
    StatusWord::left_out("ordered", "ordered, not yet delivered"),
    StatusWord::left_out("pending", "waiting for approval"),
    StatusWord::left_out("pending_activation", "ordered, not yet activated"),
    StatusWord::left_out("removed", "removed"),
    StatusWord::left_out("suspended", "suspended"),
    StatusWord::left_out("trial", "a free trial"),
    StatusWord::left_out("unapproved", "not approved"),
    StatusWord::left_out("unassigned", "assigned to nobody"),
    StatusWord::left_out("warning", "expired, in its grace period"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_read_back_and_other_words_are_refused() {
        for side in Side::ALL {
            assert_eq!(side.as_str().parse(), Ok(side));
            assert_eq!(serde_json::to_string(&side).unwrap(), format!("\"{side}\""));
        }
        for bad in ["", "billed", "Used", "usage"] {
            assert!(bad.parse::<Side>().is_err(), "{bad}");
        }
    }

    #[test]
    fn each_status_word_of_files_has_one_meaning() {
        let mut words: Vec<_> = FILE_STATUS_WORDS.iter().map(|one| one.word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), FILE_STATUS_WORDS.len());
    }
}
