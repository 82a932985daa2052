//! The day that a file is as of: from the profile, from the file's name, from a column, or from when it was written.

use jiff::civil::Date;
use truecount_billing::CountDay;

/// Where the day comes from that a file is as of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AsOf {
    /// Always the same: for a file that is replaced by hand.
    Day(CountDay),
    /// The one date in the file's name.
    #[default]
    Name,
    /// A column that says the same in every row; its heading.
    Column(String),
    /// The day on which the file was last written.
    Modified,
}

/// Why a file's name does not tell a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// There is none in it.
    #[error(
        "its name has no date: rename it, such as `usage-2026-06-30.csv`, or write `as_of` in the source's settings"
    )]
    NoDate,
    /// There are several.
    #[error("its name has more than one date: leave one, or write `as_of` in the source's settings")]
    SeveralDates,
    /// Nothing is left of the name to be an account.
    #[error("its name does not name the customer: rename it, such as `Harbour Dental 2026-06-30.csv`")]
    NoAccount,
}

/// Why it is not known which day a file is as of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AsOfFault {
    /// Its name does not tell.
    #[error(transparent)]
    Name(#[from] NameFault),
    /// No row tells.
    #[error("no row of column `{0}` says which day the file is as of: write `as_of` in the source's settings")]
    NotSaid(String),
    /// Two rows say different days.
    #[error("column `{heading}` says {first}, and {other} on line {line}: export one day to a file")]
    TwoDays {
        /// The column.
        heading: String,
        /// The first day.
        first: Date,
        /// Another.
        other: Date,
        /// The first line with it.
        line: u64,
    },
    /// Nobody knows when it was last written.
    #[error("it is not known when the file was last written: write `as_of` in the source's settings")]
    NotModified,
}

/// The day in a file's name: `2026-06-30`, `2026_06_30`, `2026.06.30` or `20260630`.
///
/// # Errors
/// [`NameFault`] if there is none or more than one.
pub fn day_of_name(name: &str) -> Result<CountDay, NameFault> {
    let mut days: Vec<CountDay> = dates_in(name).into_iter().map(|(_, _, day)| day).collect();
    days.dedup();
    match days.as_slice() {
        [day] => Ok(*day),
        [] => Err(NameFault::NoDate),
        _ => Err(NameFault::SeveralDates),
    }
}

/// What a file's name says besides its date and its ending: the customer whose file it is.
///
/// # Errors
/// [`NameFault::NoAccount`] if nothing else is in it.
pub(crate) fn account_of_name(name: &str) -> Result<String, NameFault> {
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.chars().all(char::is_alphabetic) => stem,
        _ => name,
    };
    let mut rest = stem.to_owned();
    for (start, end, _) in dates_in(stem).into_iter().rev() {
        rest.replace_range(start..end, " ");
    }
    let is_joint = |c: char| c.is_whitespace() || matches!(c, '-' | '_' | '.');
    let account = rest.trim_matches(is_joint).split_whitespace().collect::<Vec<_>>().join(" ");
    if account.is_empty() { Err(NameFault::NoAccount) } else { Ok(account) }
}

/// The dates in a text with where they begin and end, year first, apart from other digits.
fn dates_in(text: &str) -> Vec<(usize, usize, CountDay)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_apart = at == 0 || !bytes[at - 1].is_ascii_digit();
        match date_at(&bytes[at..]).filter(|_| is_apart) {
            Some((length, day)) => {
                found.push((at, at + length, day));
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

fn date_at(bytes: &[u8]) -> Option<(usize, CountDay)> {
    let digits = |from: usize, count: usize| {
        let part = bytes.get(from..from + count)?;
        part.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(part).ok()).flatten()
    };
    let separator = *bytes.get(4)?;
    let (month, day, length) = if separator.is_ascii_digit() {
        (digits(4, 2)?, digits(6, 2)?, 8)
    } else {
        if !matches!(separator, b'-' | b'_' | b'.') || bytes.get(7) != Some(&separator) {
            return None;
        }
        (digits(5, 2)?, digits(8, 2)?, 10)
    };
    if bytes.get(length).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let day = format!("{}-{month}-{day}", digits(0, 4)?).parse().ok()?;
    Some((length, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_date() {
        for (name, expected) in [
            ("usage-2026-06-30.csv", Some("2026-06-30")),
            ("usage_2026_06_30.xlsx", Some("2026-06-30")),
            ("20260630 devices.csv", Some("2026-06-30")),
            ("2026-06-30 again 2026.06.30.csv", Some("2026-06-30")),
            ("usage.csv", None),
            ("usage-2026-13-01.csv", None),
            ("usage-12026-06-30.csv", None),
            ("usage-2026-06-301.csv", None),
            ("from-2026-06-01-to-2026-06-30.csv", None),
            ("usage-30-06-2026.csv", None),
        ] {
            assert_eq!(day_of_name(name).ok(), expected.map(|day| day.parse().unwrap()), "{name}");
        }
        assert!(day_of_name("a.csv").unwrap_err().to_string().starts_with("its name has no date: rename"));
    }

    #[test]
    fn a_name_without_its_date_is_the_customer() {
        for (name, account) in [
            ("Harbour Dental 2026-06-30.csv", Some("Harbour Dental")),
            ("2026-06-30_harbour-dental.xlsx", Some("harbour-dental")),
            ("Müller & Co. 20260630.csv", Some("Müller & Co")),
            ("2026-06-30.csv", None),
        ] {
            assert_eq!(account_of_name(name).ok().as_deref(), account, "{name}");
        }
    }
}
