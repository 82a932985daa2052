//! Whether an item counts by its own state, and if not why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether an item counts by its own state. `Word` is how an unknown word is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState<Word = String> {
    /// It counts.
    Counts,
    /// It does not count, for a known reason.
    LeftOut(LeftOutReason),
    /// The vendor's word for its state is not known: it is not counted, and reported.
    Unknown(Word),
}

impl<'a> ItemState<&'a str> {
    /// The state of a word in files: `active` counts, the words of [`LeftOutReason`] do not, any other is unknown.
    #[must_use]
    pub fn from_word(word: &'a str) -> Self {
        if word == "active" {
            return Self::Counts;
        }
        LeftOutReason::ALL.into_iter().find(|one| one.as_str() == word).map_or(Self::Unknown(word), Self::LeftOut)
    }

    /// The same, held by itself.
    #[must_use]
    pub fn to_owned(self) -> ItemState {
        match self {
            Self::Counts => ItemState::Counts,
            Self::LeftOut(reason) => ItemState::LeftOut(reason),
            Self::Unknown(word) => ItemState::Unknown(word.to_owned()),
        }
    }
}

impl ItemState {
    /// The same, borrowed.
    #[must_use]
    pub fn borrowed(&self) -> ItemState<&str> {
        match self {
            Self::Counts => ItemState::Counts,
            Self::LeftOut(reason) => ItemState::LeftOut(*reason),
            Self::Unknown(word) => ItemState::Unknown(word),
        }
    }
}

/// Why an item does not count by its own state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// A charge for setting it up, not the thing itself.
    Activation,
    /// A licence that could not be assigned.
    AssignmentError,
    /// Cancelled.
    Cancelled,
    /// A trial that became another subscription.
    Converted,
    /// Taken out of service.
    Decommissioned,
    /// Deleted.
    Deleted,
    /// A licence of a user who may not sign in: it counts where assigned licences are counted, and nowhere else.
    Disabled,
    /// Expired.
    Expired,
    /// A guest of another organization.
    Guest,
    /// Not in use.
    Inactive,
    /// Locked out by the vendor, partner or customer.
    LockedOut,
    /// Bought once: it does not recur.
    OneTime,
    /// Ordered, not yet delivered.
    Ordered,
    /// Waiting for approval.
    Pending,
    /// Bought, not yet activated.
    PendingActivation,
    /// Removed.
    Removed,
    /// Suspended.
    Suspended,
    /// A trial.
    Trial,
    /// Not approved.
    Unapproved,
    /// Assigned to nobody.
    Unassigned,
    /// Expired, in its grace period.
    Warning,
}

impl LeftOutReason {
    /// All of them, in order of their words.
    pub const ALL: [Self; 21] = [
        Self::Activation,
        Self::AssignmentError,
        Self::Cancelled,
        Self::Converted,
        Self::Decommissioned,
        Self::Deleted,
        Self::Disabled,
        Self::Expired,
        Self::Guest,
        Self::Inactive,
        Self::LockedOut,
        Self::OneTime,
        Self::Ordered,
        Self::Pending,
        Self::PendingActivation,
        Self::Removed,
        Self::Suspended,
        Self::Trial,
        Self::Unapproved,
        Self::Unassigned,
        Self::Warning,
    ];

    /// The word in files and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activation => "activation",
            Self::AssignmentError => "assignment_error",
            Self::Cancelled => "cancelled",
            Self::Converted => "converted",
            Self::Decommissioned => "decommissioned",
            Self::Deleted => "deleted",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Guest => "guest",
            Self::Inactive => "inactive",
            Self::LockedOut => "locked_out",
            Self::OneTime => "one_time",
            Self::Ordered => "ordered",
            Self::Pending => "pending",
            Self::PendingActivation => "pending_activation",
            Self::Removed => "removed",
            Self::Suspended => "suspended",
            Self::Trial => "trial",
            Self::Unapproved => "unapproved",
            Self::Unassigned => "unassigned",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for LeftOutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_of_files_has_one_state() {
        assert_eq!(ItemState::from_word("active"), ItemState::Counts);
        for reason in LeftOutReason::ALL {
            assert_eq!(ItemState::from_word(reason.as_str()), ItemState::LeftOut(reason));
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{reason}\""));
        }
        assert!(LeftOutReason::ALL.is_sorted_by_key(|reason| reason.as_str()));
        for word in ["", "Active", "in use", "unknown"] {
            assert_eq!(ItemState::from_word(word), ItemState::Unknown(word));
        }
    }

    #[test]
    fn a_state_reads_back() {
        for (state, text) in [
            (ItemState::Counts, r#""counts""#),
            (ItemState::LeftOut(LeftOutReason::Trial), r#"{"left_out":"trial"}"#),
            (ItemState::Unknown("FOO".to_owned()), r#"{"unknown":"FOO"}"#),
        ] {
            assert_eq!(serde_json::to_string(&state).unwrap(), text);
            assert_eq!(serde_json::from_str::<ItemState>(text).unwrap(), state);
            assert_eq!(state.borrowed().to_owned(), state);
        }
    }
}
