//! What the next sync's counts are compared with: how much there was, who reported it, and a fall that was seen once.
//! Only values; the sync decides what is doubtful.

use std::fmt;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How much there is of one kind in an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Items, or billed lines.
    pub items: u64,
    /// The sum of their quantities; one that the vendor does not tell adds nothing.
    pub units: Decimal,
}

impl Count {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.items == 0 && self.units.is_zero()
    }

    /// One more item or line. A sum that is no longer exact stays at the largest number.
    pub(super) fn add(&mut self, units: Option<Decimal>) {
        self.items += 1;
        self.units = self.units.checked_add(units.unwrap_or_default()).unwrap_or(Decimal::MAX);
    }
}

impl fmt::Display for Count {
    /// `3 (45 units)`; the units only where they are not as many.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.items)?;
        match self.units {
            units if units == Decimal::from(self.items) => Ok(()),
            units if units == Decimal::ONE => f.write_str(" (1 unit)"),
            units => write!(f, " ({} units)", units.normalize()),
        }
    }
}

/// How far apart two answers of an API must be to confirm each other, whatever their days: a sync may run past midnight,
/// and the closing's sync may follow minutes later.
const APART_MIN: SignedDuration = SignedDuration::from_hours(6);

/// Who reported a count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "witness", rename_all = "snake_case")]
pub enum Witness {
    /// A vendor's API.
    Api {
        /// The day on which it was asked, in the MSP's time zone.
        day: Date,
        /// When that was.
        at: Timestamp,
    },
    /// A file that a person dropped.
    File {
        /// Its name.
        name: String,
        /// Hash of its bytes; `None`: it was removed before they could be read again.
        sha256: Option<String>,
    },
}

impl Witness {
    /// Whether the two can confirm each other: an API asked on another day (and not just minutes later, past midnight), or
    /// a file with another name and other bytes.
    #[must_use]
    pub fn is_another(&self, than: &Self) -> bool {
        match (self, than) {
            (Self::Api { day, at }, Self::Api { day: other, at: then }) => {
                day != other && at.duration_since(*then).abs() >= APART_MIN
            }
            (Self::File { name, sha256: Some(hash) }, Self::File { name: other, sha256: Some(other_hash) }) => {
                name != other && hash != other_hash
            }
            (Self::File { .. }, Self::File { .. }) => false,
            (Self::Api { .. }, Self::File { .. }) | (Self::File { .. }, Self::Api { .. }) => true,
        }
    }
}

/// The count of one kind in an account that was last relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// How much there was.
    pub count: Count,
    /// The day of the sync that reported it.
    pub as_of: Date,
    /// What was counted since: so little that a second witness must confirm it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fall: Option<SeenFall>,
}

/// A fall that waits for a second witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenFall {
    /// How much is left.
    pub count: Count,
    /// Who reported it first.
    pub witness: Witness,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn file(name: &str, hash: Option<&str>) -> Witness {
        Witness::File { name: name.to_owned(), sha256: hash.map(str::to_owned) }
    }

    #[test]
    fn a_witness_is_another_by_day_or_by_name_and_bytes() {
        let api = |day, at: &str| Witness::Api { day: date(2026, 6, day), at: at.parse().unwrap() };
        let morning = || api(29, "2026-06-29T06:00:00Z");
        for (one, other, expected) in [
            (morning(), morning(), false),
            (morning(), api(29, "2026-06-29T23:00:00Z"), false),
            (morning(), api(30, "2026-06-30T06:00:00Z"), true),
            // midnight in California, ten minutes apart
            (api(29, "2026-06-30T06:55:00Z"), api(30, "2026-06-30T07:05:00Z"), false),
            (file("a.csv", Some("1")), file("a.csv", Some("1")), false),
            (file("a.csv", Some("1")), file("b.csv", Some("1")), false),
            (file("a.csv", Some("1")), file("a.csv", Some("2")), false),
            (file("a.csv", Some("1")), file("b.csv", Some("2")), true),
            (file("a.csv", Some("1")), file("b.csv", None), false),
            (file("a.csv", None), file("b.csv", None), false),
            (morning(), file("a.csv", Some("1")), true),
        ] {
            assert_eq!(one.is_another(&other), expected, "{one:?} {other:?}");
            assert_eq!(other.is_another(&one), expected, "{other:?} {one:?}");
        }
    }

    #[test]
    fn units_are_shown_where_they_differ_from_the_items() {
        let count = |items, units: &str| Count { items, units: units.parse().unwrap() };
        assert_eq!(count(3, "3.0").to_string(), "3");
        assert_eq!(count(1, "50").to_string(), "1 (50 units)");
    }

    #[test]
    fn a_sum_beyond_what_is_exact_is_no_fall() {
        let mut count = Count { items: 1, units: Decimal::MAX };
        count.add(Some(Decimal::ONE));
        assert_eq!(count, Count { items: 2, units: Decimal::MAX });
    }
}
