//! Which side of the comparison a source is on, and what its list of accounts is.

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

/// What a source's list of accounts is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountList {
    /// All accounts that there are: one that is missing is gone.
    Owned,
    /// All that the credential may see: one that is missing may still be there.
    ByGrant,
    /// All that a file names: one that is missing may still be there.
    Exported,
}

impl AccountList {
    /// Whether an account that it does not have is gone.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Owned)
    }
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
}
