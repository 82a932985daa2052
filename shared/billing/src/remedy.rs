//! What helps when something outside could not be read or reached.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What helps against an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Time: the same call may succeed later.
    Retry,
    /// A person renews a credential or widens its rights.
    FixCredentials,
    /// A person corrects settings, options or names; or the connector has to be repaired.
    FixConfiguration,
}

impl Remedy {
    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::FixCredentials => "fix_credentials",
            Self::FixConfiguration => "fix_configuration",
        }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_is_written_as_in_json() {
        for remedy in [Remedy::Retry, Remedy::FixCredentials, Remedy::FixConfiguration] {
            assert_eq!(serde_json::to_string(&remedy).unwrap(), format!("\"{remedy}\""));
        }
        assert_eq!(Remedy::FixCredentials.to_string(), "fix_credentials");
    }
}
