//! The cells of a filled-in row, as numbers and days: what can be meant in one way only.

use jiff::civil::Date;
use rust_decimal::Decimal;

/// A number as people and spreadsheets write it; `None`: the cell is empty.
pub(super) fn number(text: &str) -> Result<Option<Decimal>, String> {
    let digits: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '\u{A0}').collect();
    if digits.is_empty() {
        return Ok(None);
    }
    let wrong = || format!("`{text}` is no number; write it as 12 or 12.5");
    let point = match digits.split_once(',') {
        // 1,234 may be more than a thousand, or a little more than one.
        Some((_, rest)) if rest.len() == 3 || rest.contains([',', '.']) => return Err(wrong()),
        Some((whole, rest)) if !whole.contains('.') => format!("{whole}.{rest}"),
        Some(_) => return Err(wrong()),
        None => digits,
    };
    Decimal::from_str_exact(&point).map(|number| Some(number.normalize())).map_err(|_| wrong())
}

/// A day as people and spreadsheets write it, if no other can be meant; `None`: the cell is empty.
pub(super) fn day(text: &str) -> Result<Option<Date>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || format!("`{text}` is no day; write it as 2026-12-31");
    // A spreadsheet may add midnight.
    let day = text.split(['T', ' ']).next().unwrap_or(text);
    if let Ok(day) = day.parse::<Date>() {
        return Ok(Some(day));
    }
    let parts: Vec<&str> = day.split(['.', '/']).collect();
    let [one, other, year] = parts.as_slice() else { return Err(wrong()) };
    let part = |text: &str| text.parse::<i8>().map_err(|_| wrong());
    let (one, other) = (part(one)?, part(other)?);
    let (month, day_of_month) = match (day.contains('.'), one > 12, other > 12) {
        (true, ..) | (false, true, false) => (other, one),
        (false, false, true) => (one, other),
        (false, false, false) if one == other => (one, other),
        _ => return Err(format!("`{text}` may be two days; write it as 2026-12-31")),
    };
    let year = year.parse::<i16>().ok().filter(|_| year.len() == 4).ok_or_else(wrong)?;
    Date::new(year, month, day_of_month).map(Some).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_may_be_two_is_refused() {
        for (text, expected) in [
            ("", Ok(None)),
            (" 12 ", Ok(Some("12"))),
            ("12.50", Ok(Some("12.5"))),
            ("12,5", Ok(Some("12.5"))),
            ("-3", Ok(Some("-3"))),
            ("1 234", Ok(Some("1234"))),
            ("1,234", Err(())),
            ("1.234,5", Err(())),
            ("twelve", Err(())),
            ("1e3", Err(())),
        ] {
            let expected = expected.map(|number| number.map(|text| text.parse().unwrap()));
            assert_eq!(number(text).map_err(|_| ()), expected, "{text}");
        }
    }

    #[test]
    fn a_day_that_may_be_two_is_refused() {
        for (text, expected) in [
            ("", Ok(None)),
            ("2026-12-31", Ok(Some("2026-12-31"))),
            ("2026-12-31 00:00:00", Ok(Some("2026-12-31"))),
            ("31.12.2026", Ok(Some("2026-12-31"))),
            ("1.2.2026", Ok(Some("2026-02-01"))),
            ("31/12/2026", Ok(Some("2026-12-31"))),
            ("12/31/2026", Ok(Some("2026-12-31"))),
            ("5/5/2026", Ok(Some("2026-05-05"))),
            ("1/2/2026", Err(())),
            ("31.12.26", Err(())),
            ("31.13.2026", Err(())),
            ("soon", Err(())),
            ("46204", Err(())),
        ] {
            let expected = expected.map(|day| day.map(|text| text.parse().unwrap()));
            assert_eq!(day(text).map_err(|_| ()), expected, "{text}");
        }
    }
}
