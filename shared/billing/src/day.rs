//! Months and days: which month a run is for, on which day usage is counted, which period an invoice pays for.

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
    tz::Offset,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not a month or a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DayError {
    /// Not `YYYY-MM` with a month from 01 to 12.
    #[error("`{0}` is not a month: write YYYY-MM, such as 2026-06")]
    Month(String),
    /// Not `YYYY-MM-DD`.
    #[error("`{0}` is not a day: write YYYY-MM-DD, such as 2026-06-30")]
    Day(String),
}

/// The moment at which a day begins in UTC; `None` at the end of the calendar.
#[must_use]
pub fn start_of_day(day: Date) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())).ok()
}

/// The month that a run is for: that of its count day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillingMonth {
    first: Date,
}

impl BillingMonth {
    /// The month that a day lies in.
    #[must_use]
    pub fn of(day: Date) -> Self {
        Self { first: day.first_of_month() }
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Date {
        self.first
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> Date {
        self.first.last_of_month()
    }

    /// The month after; the last month of the calendar is its own successor.
    #[must_use]
    pub fn next(self) -> Self {
        Self::of(self.last_day().saturating_add(1.day()))
    }

    /// The month before; the first month of the calendar is its own predecessor.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::of(self.first.saturating_sub(1.day()))
    }
}

impl fmt::Display for BillingMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

impl FromStr for BillingMonth {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let wrong = || DayError::Month(text.chars().take(20).flat_map(char::escape_debug).collect());
        let digits = |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        if !digits(year, 4) || !digits(month, 2) {
            return Err(wrong());
        }
        let (year, month) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
        Ok(Self { first: Date::new(year, month, 1).map_err(|_| wrong())? })
    }
}

impl Serialize for BillingMonth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BillingMonth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The day on which usage is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CountDay(pub Date);

impl FromStr for CountDay {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let wrong = || DayError::Day(text.chars().take(20).flat_map(char::escape_debug).collect());
        if text.len() != 10 {
            return Err(wrong());
        }
        text.parse().map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for CountDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_strictly() {
        assert_eq!("2026-06".parse::<BillingMonth>().unwrap().last_day().to_string(), "2026-06-30");
        assert_eq!("2028-02".parse::<BillingMonth>().unwrap().last_day().to_string(), "2028-02-29");
        for bad in ["2026-13", "2026-00", "2026-6", "26-06", "2026/06", "2026-06-01", ""] {
            assert!(bad.parse::<BillingMonth>().is_err(), "{bad}");
        }
        let wrong = "2026-13".parse::<BillingMonth>().unwrap_err();
        assert_eq!(wrong.to_string(), "`2026-13` is not a month: write YYYY-MM, such as 2026-06");
    }

    #[test]
    fn days_are_read_strictly_and_written_as_they_are_read() {
        assert_eq!("2026-06-30".parse::<CountDay>().unwrap().to_string(), "2026-06-30");
        assert_eq!(
            "2026-6-30".parse::<CountDay>().unwrap_err().to_string(),
            "`2026-6-30` is not a day: write YYYY-MM-DD, such as 2026-06-30"
        );
    }

    #[test]
    fn months_follow_each_other() {
        let december: BillingMonth = "2026-12".parse().unwrap();
        assert_eq!(december.next().to_string(), "2027-01");
        assert_eq!(december.next().previous(), december);
    }
}
