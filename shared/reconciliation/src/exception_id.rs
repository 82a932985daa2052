//! The id of an exception: the same every month.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use truecount_billing::{ClientId, ProductCode};

use crate::outcome::RowKind;

/// Hexadecimal digits of an exception's id: 48 bits, so that a hundred thousand ids are still all different.
const ID_DIGITS: usize = 12;

/// An id begins with this letter, so that no spreadsheet takes one for a number (`004512…`, `12e45…`) and changes it.
const ID_LETTER: char = 'x';

/// The id of an exception, short and stable over months: the same parts, the same id.
#[must_use]
pub fn exception_id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digits = hash.finalize();
    let mut id = String::with_capacity(ID_DIGITS + 1);
    id.push(ID_LETTER);
    for byte in digits.iter().take(ID_DIGITS / 2) {
        for nibble in [byte >> 4, byte & 15] {
            id.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    id
}

/// Which way an exception goes: it stays the same where its kind changes from one month to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionDirection {
    /// More should be billed.
    Under,
    /// Less should be billed.
    Over,
    /// It will not be billed any more.
    Ending,
    /// Nobody knows.
    None,
}

impl ExceptionDirection {
    /// That of a row.
    #[must_use]
    pub const fn of(kind: RowKind) -> Self {
        match kind {
            RowKind::Underbilled | RowKind::UnbilledUsage | RowKind::EndedAgreementInUse => Self::Under,
            RowKind::Overbilled | RowKind::BilledWithoutUsage => Self::Over,
            RowKind::AgreementEnding => Self::Ending,
            _ => Self::None,
        }
    }

    /// The word in ids.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Under => "under",
            Self::Over => "over",
            Self::Ending => "ending",
            Self::None => "none",
        }
    }
}

/// The id of an exception about a service at a client. `section`: that of the rules by which an agreement is compared by
/// itself.
#[must_use]
pub fn service_exception_id(
    client: &ClientId,
    service: &ProductCode,
    section: Option<&str>,
    direction: ExceptionDirection,
) -> String {
    let parts = [Some(client.as_str()), Some(service.as_str()), section, Some(direction.as_str())];
    exception_id(&parts.into_iter().flatten().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::exception_id;

    #[test]
    fn an_id_stays_what_it_was_in_earlier_months() {
        // The first six bytes of the SHA-256 of "C1\0MNG-SRV\0", as `sha256sum` says them.
        assert_eq!(exception_id(&["C1", "MNG-SRV"]), "x5e08d2dfbddb");
    }

    #[test]
    fn where_a_part_ends_makes_another_id() {
        assert_ne!(exception_id(&["C1", "2"]), exception_id(&["C", "12"]));
    }
}
