//! Which rows of a file are its data, and why others are left out. The survey and the reading ask the same judge, so
//! that both see the same rows.

use std::collections::BTreeMap;

use crate::{
    cell::CellKind,
    number::{DecimalMark, number},
    row::FileRow,
    text::{plain, trimmed},
};

/// Why a row is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OmittedRow {
    /// The line that names the delimiter.
    Separator,
    /// A row above the header.
    Title,
    /// The header.
    Header,
    /// The header again, as on every page of a printed report.
    RepeatedHeader,
    /// A row without anything in it.
    Empty,
    /// A row of totals.
    Total,
    /// A line of text behind the table, apart from it.
    Note,
}

/// How many rows a file has, and what became of them: read = given + left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// All rows of the file.
    pub read: u64,
    /// Rows of data.
    pub given: u64,
    /// Others, by reason.
    pub left_out: BTreeMap<OmittedRow, u64>,
}

impl RowCounts {
    #[inline]
    pub(crate) fn add(&mut self, judged: Option<OmittedRow>) {
        self.read += 1;
        match judged {
            None => self.given += 1,
            Some(reason) => *self.left_out.entry(reason).or_default() += 1,
        }
    }

    /// Whether every row is accounted for.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.read == self.given + self.left_out.values().sum::<u64>()
    }
}

/// What becomes of rows that begin with a word for a total and have only numbers else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TotalRows {
    /// Left out where they can be nothing else; otherwise it is an open question.
    #[default]
    IfSure,
    /// Left out.
    LeftOut,
    /// Rows like all others: somebody is called so.
    Data,
}

/// What becomes of rows with a fault of their own: cells too many or too few, formulas without a result, control
/// characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FaultyRows {
    /// They stand in the way of the whole file.
    #[default]
    Refused,
    /// They are given, and say what is wrong with them: [`TableRow::faults`](crate::TableRow::faults).
    Given,
}

/// Which rows are data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judge {
    pub(crate) has_separator_line: bool,
    pub(crate) header_line: u64,
    pub(crate) headings: Vec<String>,
    pub(crate) totals: TotalRows,
    /// Where the notes behind the table begin.
    pub(crate) notes_from: Option<u64>,
}

/// Words that begin a row of totals, in lower case.
const TOTALS: &[&str] = &[
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sub total",
    "sub-total",
    "sum",
    "overall",
    "overall total",
    "report total",
    "summe",
    "gesamt",
    "gesamtsumme",
    "zwischensumme",
    "insgesamt",
    "totaal",
    "subtotaal",
    "eindtotaal",
    "total général",
    "sous-total",
    "suma",
    "totale",
    "subtotale",
    "total geral",
    "samlet",
    "i alt",
    "summa",
    "totalt",
];

impl Judge {
    /// Why a row is left out; `None`: it is data.
    #[inline]
    pub(crate) fn judge(&self, row: &FileRow<'_>) -> Option<OmittedRow> {
        let line = row.line();
        if line <= self.header_line {
            return Some(match line {
                1 if self.has_separator_line => OmittedRow::Separator,
                _ if line == self.header_line => OmittedRow::Header,
                _ if is_empty(row) => OmittedRow::Empty,
                _ => OmittedRow::Title,
            });
        }
        let Some(first) = row.cells().position(|cell| !cell.is_blank()) else { return Some(OmittedRow::Empty) };
        let first_text = row.cell(first).text;
        if first_text.len() <= TOTAL_BYTES_MAX && self.totals != TotalRows::Data && self.is_total(row, first) {
            return Some(OmittedRow::Total);
        }
        if self.headings.get(first).is_some_and(|heading| heading == trimmed(first_text)) && self.is_header(row) {
            return Some(OmittedRow::RepeatedHeader);
        }
        self.notes_from.is_some_and(|from| line >= from).then_some(OmittedRow::Note)
    }

    /// A word for a total, then nothing but numbers and blanks.
    fn is_total(&self, row: &FileRow<'_>, first: usize) -> bool {
        if !is_total_word(row.cell(first).text) {
            return false;
        }
        let is_number = |place: usize| {
            let cell = row.cell(place);
            let text = plain(cell.text);
            let reads = |mark| number(text, mark).is_some();
            cell.is_blank() || cell.kind == CellKind::Number || reads(DecimalMark::Point) || reads(DecimalMark::Comma)
        };
        (first + 1..row.cell_count()).all(is_number)
    }

    fn is_header(&self, row: &FileRow<'_>) -> bool {
        let count = row.cell_count().max(self.headings.len());
        (0..count).all(|place| self.headings.get(place).map_or("", String::as_str) == trimmed(row.cell(place).text))
    }
}

pub(crate) fn is_empty(row: &FileRow<'_>) -> bool {
    row.cells().all(|cell| cell.is_blank())
}

const TOTAL_BYTES_MAX: usize = 40;

/// Whether a text may begin with one of the words: most do not, and need no closer look.
#[inline]
fn may_be_total(text: &str) -> bool {
    match text.as_bytes() {
        [a, b, ..] if a.is_ascii_alphabetic() => matches!(
            &[a | 0x20, b | 0x20],
            b"to" | b"gr" | b"su" | b"so" | b"sa" | b"ov" | b"re" | b"ge" | b"zw" | b"in" | b"ei" | b"i "
        ),
        _ => true,
    }
}

/// `Total`, `Total:`, `Total (12)`.
fn is_total_word(text: &str) -> bool {
    if !may_be_total(text) {
        return false;
    }
    let word = trimmed(text).trim_end_matches(|c: char| c.is_ascii_digit() || " :()=#".contains(c));
    let is_same = |total: &&'static str| {
        total.len() == word.len() && (total.eq_ignore_ascii_case(word) || total.to_lowercase() == word.to_lowercase())
    };
    TOTALS.iter().any(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::CellSpan;

    fn judge(text: &str, line: u64, judge: &Judge) -> Option<OmittedRow> {
        let mut spans = Vec::new();
        let mut start = 0;
        for cell in text.split(',') {
            let end = start + cell.len();
            spans.push(CellSpan { start: start as u32, end: end as u32, kind: CellKind::Text });
            start = end + 1;
        }
        judge.judge(&FileRow::new(line, text, &spans))
    }

    #[test]
    fn rows_that_are_no_data_have_a_reason() {
        let mut one = Judge {
            has_separator_line: true,
            header_line: 4,
            headings: ["Client", "Product", "Qty"].map(str::to_owned).to_vec(),
            totals: TotalRows::IfSure,
            notes_from: Some(20),
        };
        for (line, text, reason) in [
            (1, "sep=", Some(OmittedRow::Separator)),
            (2, "Report", Some(OmittedRow::Title)),
            (3, ",, ", Some(OmittedRow::Empty)),
            (4, "Client,Product,Qty", Some(OmittedRow::Header)),
            (5, "Acme,X,3", None),
            (6, ",,", Some(OmittedRow::Empty)),
            (6, "", Some(OmittedRow::Empty)),
            (7, "Total,,3", Some(OmittedRow::Total)),
            (7, ",Summe:,3", Some(OmittedRow::Total)),
            (7, "GRAND TOTAL (12),,$3.00", Some(OmittedRow::Total)),
            (7, "Total,X,3", None),
            (7, "Total Wine,,3", None),
            (8, " Client,Product ,Qty", Some(OmittedRow::RepeatedHeader)),
            (8, "Client,Product,3", None),
            (20, "Printed today", Some(OmittedRow::Note)),
        ] {
            assert_eq!(judge(text, line, &one), reason, "line {line}: {text}");
        }
        one.totals = TotalRows::Data;
        assert_eq!(judge("Total,,3", 7, &one), None);
    }

    #[test]
    fn every_word_for_a_total_is_looked_at() {
        for word in TOTALS {
            assert!(is_total_word(word) && is_total_word(&format!(" {}: (12)", word.to_uppercase())), "{word}");
        }
    }

    #[test]
    fn counts_are_whole() {
        let mut counts = RowCounts::default();
        counts.add(None);
        counts.add(Some(OmittedRow::Empty));
        assert!(counts.is_whole());
        counts.read += 1;
        assert!(!counts.is_whole());
    }
}
