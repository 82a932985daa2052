//! Places in a sheet: `B7`, and areas such as `A2:C5`.

/// Columns of a sheet, at most: up to `XFD`.
pub(super) const COLUMNS: usize = 16_384;

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) first_row: u64,
    pub(super) last_row: u64,
    pub(super) first_column: usize,
    pub(super) last_column: usize,
}

impl Area {
    /// An area of more than one cell.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (first, last) = text.split_once(':')?;
        let ((first_column, first_row), (last_column, last_row)) = (place_of(first)?, place_of(last)?);
        Some(Self { first_row, last_row, first_column, last_column })
    }

    pub(super) fn has(&self, column: usize, row: u64) -> bool {
        (self.first_row..=self.last_row).contains(&row) && (self.first_column..=self.last_column).contains(&column)
    }
}

/// Column, counted from 0, and row, counted from 1, of a place such as `B7`.
pub(super) fn place_of(text: &str) -> Option<(usize, u64)> {
    let bytes = text.as_bytes();
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let digits = &bytes[letters..];
    if !(1..=3).contains(&letters) || !(1..=7).contains(&digits.len()) || digits[0] == b'0' {
        return None;
    }
    let column = bytes[..letters]
        .iter()
        .fold(0, |column, letter| column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    let mut row = 0;
    for digit in digits {
        row = row * 10 + u64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    (column <= COLUMNS && row <= 1_048_576).then_some((column - 1, row))
}

/// The letters of a column that is counted from 0.
pub(super) fn column_name(mut column: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + u8::try_from(column % 26).unwrap_or(0)));
        if column < 26 {
            break;
        }
        column = column / 26 - 1;
    }
    letters.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_and_written() {
        for (text, place) in [
            ("A1", Some((0, 1))),
            ("z9", Some((25, 9))),
            ("AA10", Some((26, 10))),
            ("XFD1048576", Some((16_383, 1_048_576))),
            ("XFE1", None),
            ("A1048577", None),
            ("A0", None),
            ("A01", None),
            ("A", None),
            ("1", None),
            ("AAAA1", None),
            ("$A$1", None),
            ("A1B", None),
            ("", None),
        ] {
            assert_eq!(place_of(text), place, "{text}");
            if let Some((column, row)) = place {
                assert_eq!(format!("{}{row}", column_name(column)), text.to_ascii_uppercase());
            }
        }
        assert_eq!((column_name(701), column_name(702)), ("ZZ".to_owned(), "AAA".to_owned()));
        let area = Area::of("B2:C5").unwrap();
        assert!(area.has(1, 2) && area.has(2, 5) && !area.has(0, 2) && !area.has(1, 6));
        assert_eq!(Area::of("B2"), None);
    }
}
