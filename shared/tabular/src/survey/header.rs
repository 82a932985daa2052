//! Finds the header: the row that has the wanted headings, or the first one that names as many columns as the table has.

use crate::{
    cell::CellKind,
    date::{DateOrder, stamp},
    number::{DecimalMark, number},
    obstacle::{Obstacle, ObstacleKind},
    row::{FileRow, RowReader, Stop},
    text::{is_same_heading, plain, trimmed},
};

/// Rows among which the header is looked for.
const ROWS_LOOKED_AT: usize = 200;
/// Bytes of a cell that are looked at.
const CELL_BYTES: usize = 200;

/// The header of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HeaderFound {
    pub(crate) line: u64,
    pub(crate) headings: Vec<String>,
    /// Why it is not sure.
    pub(crate) doubt: Option<Obstacle>,
}

/// A row from the beginning of a file.
#[derive(Debug, Clone, Default)]
struct SampleRow {
    line: u64,
    cells: Vec<String>,
    filled_count: usize,
    /// Cells that are numbers or days.
    value_count: usize,
}

/// Finds the header among the first rows; `given_line`: where the profile says that it is.
pub(crate) fn find_header(
    rows: &mut impl RowReader,
    skipped: usize,
    given_line: Option<u64>,
    headings: &[String],
) -> Result<HeaderFound, Stop> {
    let sample = sample(rows, skipped, given_line)?;
    if sample.is_empty() {
        let doubt = Some(Obstacle::of_file(ObstacleKind::EmptyFile));
        return Ok(HeaderFound { line: u64::MAX, doubt, ..HeaderFound::default() });
    }
    let width = usual_width(&sample);
    let row = match given_line {
        Some(line) => sample.iter().find(|row| row.line == line),
        None => with_headings(&sample, headings).or_else(|| by_form(&sample, width)),
    };
    let Some(header) = row else {
        let doubt = Some(Obstacle::of_file(ObstacleKind::NoHeader));
        return Ok(HeaderFound { line: u64::MAX, doubt, ..HeaderFound::default() });
    };
    // Data above the header would be taken for its title.
    let is_data = |row: &&SampleRow| row.line < header.line && row.value_count > 0 && row.filled_count * 2 > width;
    let above = sample.iter().find(is_data).filter(|_| given_line.is_none() && header.filled_count * 2 > width);
    let doubt =
        above.map(|row| Obstacle::on_line(ObstacleKind::DataAboveHeader { header_line: header.line }, row.line));
    Ok(HeaderFound { line: header.line, headings: header.cells.clone(), doubt })
}

fn sample(rows: &mut impl RowReader, skipped: usize, given_line: Option<u64>) -> Result<Vec<SampleRow>, Stop> {
    let mut sample = Vec::new();
    for at in 0.. {
        let row = match rows.next_row() {
            Ok(Some(row)) => row,
            // what is wrong further down is found by the survey
            Ok(None) | Err(Stop::Refused(_)) => break,
            Err(error) => return Err(error),
        };
        let is_enough = match given_line {
            Some(line) => row.line() > line,
            None => sample.len() == ROWS_LOOKED_AT,
        };
        if is_enough {
            break;
        }
        let row = SampleRow::of(&row);
        if at >= skipped && row.filled_count > 0 && given_line.is_none_or(|line| row.line == line) {
            sample.push(row);
        }
    }
    Ok(sample)
}

impl SampleRow {
    fn of(row: &FileRow<'_>) -> Self {
        let mut sample = Self { line: row.line(), ..Self::default() };
        for cell in row.cells() {
            let text = trimmed(cell.text);
            if !cell.is_blank() {
                sample.filled_count += 1;
                sample.value_count += usize::from(cell.kind != CellKind::Text || is_value(plain(text)));
            }
            let end = (0..=CELL_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            sample.cells.push(text[..end].to_owned());
        }
        sample
    }
}

fn is_value(text: &str) -> bool {
    let is_number = |mark| number(text, mark).is_some();
    let is_day = |order| stamp(text, order).is_some();
    is_number(DecimalMark::Point) || is_number(DecimalMark::Comma) || DateOrder::ALL.into_iter().any(is_day)
}

fn usual_width(sample: &[SampleRow]) -> usize {
    let widths = || sample.iter().map(|row| row.cells.len());
    widths()
        .filter(|width| *width > 1)
        .max_by_key(|width| (widths().filter(|one| one == width).count(), *width))
        .unwrap_or(1)
}

/// The first row that has the most of the wanted headings.
fn with_headings<'a>(sample: &'a [SampleRow], headings: &[String]) -> Option<&'a SampleRow> {
    let has = |row: &SampleRow, heading: &String| row.cells.iter().any(|cell| is_same_heading(cell, heading));
    let count = |row: &SampleRow| headings.iter().filter(|heading| has(row, heading)).count();
    let most = sample.iter().map(count).max().filter(|most| *most > 0)?;
    sample.iter().find(|row| count(row) == most)
}

/// The first row of words that fills more than half of the table's width, sooner one that is as wide as the table than
/// another: a title with a comma in it is none.
fn by_form(sample: &[SampleRow], width: usize) -> Option<&SampleRow> {
    let able = || sample.iter().filter(|row| row.value_count == 0 && row.filled_count * 2 > width);
    able().find(|row| row.cells.len() == width).or_else(|| able().next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{input::Bytes, layout::Layout, survey::SurveyOptions};

    fn find(text: &str, headings: &[&str], given: Option<u64>) -> HeaderFound {
        let input = Bytes(text.as_bytes());
        let options = SurveyOptions::default();
        let found = Layout::find(&input, &options).unwrap();
        let mut rows = found.layout.rows(&input, &options.caps).unwrap();
        let headings: Vec<String> = headings.iter().map(|&heading| heading.to_owned()).collect();
        find_header(&mut rows, usize::from(found.layout.has_separator_line()), given, &headings).unwrap()
    }

    #[test]
    fn the_header_is_below_titles_and_above_data() {
        for (text, line, first) in [
            ("Client,Qty\nAcme,3\n", 1, "Client"),
            ("\nDevice report\nGenerated 30/06/2026\n\nCustomer,Serial,State\nH,S1,active\n", 5, "Customer"),
            ("Report;;\nJune;;\nClient;Qty;Price\nA;1;2\n", 3, "Client"),
            (";;Billed;\nClient;Qty;Price;Sum\nA;1;2;2\n", 2, "Client"),
            ("sep=;\nClient;Qty\nA;1\n", 2, "Client"),
            ("Name\nAcme\n", 1, "Name"),
            ("Devices of Acme, Ltd\nClient,Serial,Qty\nA,S1,1\nB,S2,1\n", 2, "Client"),
        ] {
            let found = find(text, &[], None);
            assert_eq!((found.line, found.headings[0].as_str(), found.doubt), (line, first, None), "{text:?}");
        }
    }

    #[test]
    fn wanted_headings_and_the_profile_come_first() {
        let text = "Alpha,Beta\nClient,Qty\nAcme,3\n";
        assert_eq!(find(text, &[], None).line, 1);
        assert_eq!(find(text, &["qty"], None).line, 2);
        assert_eq!(find(text, &["Qty"], Some(3)).headings, ["Acme", "3"]);
    }

    #[test]
    fn a_table_without_a_header_is_not_guessed_at() {
        let kind = |text| find(text, &[], None).doubt.map(|doubt| doubt.kind);
        assert_eq!(kind(""), Some(ObstacleKind::EmptyFile));
        assert_eq!(kind("\n , \n"), Some(ObstacleKind::EmptyFile));
        assert_eq!(kind("Acme,3\nOther,4\n"), Some(ObstacleKind::NoHeader));
        assert_eq!(kind("Acme,S1,3\nOther,S2,\n"), Some(ObstacleKind::DataAboveHeader { header_line: 2 }));
    }
}
