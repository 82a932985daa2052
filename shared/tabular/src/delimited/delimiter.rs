//! Which character stands between the cells: told by the file's first line, by the profile, or by how evenly the rows
//! come apart.

use std::{cmp::Reverse, fmt};

use super::{DelimitedReader, blocks::Blocks, encoding::EncodingFound};
use crate::{
    caps::Caps,
    input::Input,
    obstacle::{Obstacle, ObstacleKind},
    row::{RowReader, Stop},
    text,
};

/// Rows that are looked at.
const ROWS_LOOKED_AT: usize = 200;
/// Of 1,000 rows so many must have the same number of cells.
const EVEN: usize = 900;
/// Fewer, and the character only happens to be there.
const UNEVEN: usize = 500;

/// The character between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(u8);

impl Delimiter {
    /// `,`
    pub const COMMA: Self = Self(b',');
    const USUAL: [Self; 4] = [Self::COMMA, Self(b';'), Self(b'\t'), Self(b'|')];

    /// An ASCII character that is no letter, digit, blank, quotation mark, point, minus or line break.
    #[must_use]
    pub fn new(character: char) -> Option<Self> {
        let byte = u8::try_from(character).ok()?;
        let is_able = byte == b'\t' || byte.is_ascii_punctuation() && !matches!(byte, b'"' | b'.' | b'-');
        is_able.then_some(Self(byte))
    }

    pub(super) fn byte(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => f.write_str("tab"),
            byte => write!(f, "{}", char::from(byte)),
        }
    }
}

/// The delimiter of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DelimiterFound {
    pub(crate) delimiter: Delimiter,
    /// The first line is `sep=;` and no row.
    pub(crate) has_separator_line: bool,
    /// Why the delimiter is not sure.
    pub(crate) doubt: Option<Obstacle>,
}

/// Finds the delimiter; the headings that are known to be wanted help.
pub(crate) fn find_delimiter(
    input: &dyn Input,
    encoding: &EncodingFound,
    named: Option<Delimiter>,
    headings: &[String],
    caps: &Caps,
) -> Result<DelimiterFound, Stop> {
    let separator = separator_line(input, encoding, caps)?;
    let has_separator_line = separator.is_some();
    if let Some(delimiter) = named.or(separator) {
        return Ok(DelimiterFound { delimiter, has_separator_line, doubt: None });
    }
    let mut candidates = Vec::new();
    for delimiter in Delimiter::USUAL {
        let reader = DelimitedReader::new(input.open()?, encoding, delimiter, caps)?;
        candidates.push(Candidate::look(reader, delimiter, headings)?);
    }
    Ok(chosen(&candidates))
}

fn chosen(candidates: &[Candidate]) -> DelimiterFound {
    let found = |delimiter, doubt| DelimiterFound { delimiter, has_separator_line: false, doubt };
    let Some(best) = candidates.iter().filter(|one| one.is_likely()).max_by_key(|one| one.rank()) else {
        let whole = candidates.iter().find(|one| one.width < 2);
        return found(whole.map_or(Delimiter::COMMA, |one| one.delimiter), None);
    };
    let is_rival = |one: &&Candidate| one.delimiter != best.delimiter && one.is_as_good_as(best);
    let doubt = candidates.iter().find(is_rival).map(|rival| {
        let kind = ObstacleKind::DelimiterOpen { either: best.delimiter, or: rival.delimiter };
        Obstacle::on_line(kind, best.first_line)
    });
    found(best.delimiter, doubt)
}

/// The delimiter that a first line `sep=;` names, as some spreadsheets write and read it.
fn separator_line(input: &dyn Input, encoding: &EncodingFound, caps: &Caps) -> Result<Option<Delimiter>, Stop> {
    let mut blocks = Blocks::new(input.open()?, encoding, caps)?;
    blocks.more()?;
    let line = blocks.rest().split(['\n', '\r']).next().unwrap_or("");
    let line = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
    let Some(name) = line.get(..4).filter(|name| name.eq_ignore_ascii_case("sep=")) else { return Ok(None) };
    let mut rest = line[name.len()..].chars();
    Ok(rest.next().filter(|_| rest.next().is_none()).and_then(Delimiter::new))
}

/// How the first rows come apart at one delimiter.
#[derive(Debug)]
struct Candidate {
    delimiter: Delimiter,
    /// The usual number of cells among rows that have more than one.
    width: usize,
    /// Of 1,000 rows from the first to the last of that width, how many have it.
    evenness: usize,
    /// The line of the first row of that width.
    first_line: u64,
    fault_count: usize,
    /// The most of the wanted headings that one row has.
    heading_count: usize,
}

impl Candidate {
    fn look(mut reader: DelimitedReader<'_>, delimiter: Delimiter, headings: &[String]) -> Result<Self, Stop> {
        let mut widths: Vec<(u64, usize)> = Vec::new();
        let (mut fault_count, mut heading_count) = (0, 0);
        while widths.len() < ROWS_LOOKED_AT {
            let row = match reader.next_row() {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(Stop::Refused(_)) => {
                    fault_count += 1;
                    break;
                }
                Err(error) => return Err(error),
            };
            if row.cells().all(|cell| cell.is_blank()) {
                continue;
            }
            fault_count += row.obstacles().len();
            let has = |heading: &&String| row.cells().any(|cell| text::is_same_heading(cell.text, heading));
            heading_count = heading_count.max(headings.iter().filter(has).count());
            widths.push((row.line(), row.cell_count()));
        }
        let (width, first_line, evenness) = evenness(&widths);
        Ok(Self { delimiter, width, evenness, first_line, fault_count, heading_count })
    }

    fn is_likely(&self) -> bool {
        self.evenness >= UNEVEN || self.heading_count > 0 && self.width > 1
    }

    fn rank(&self) -> impl Ord {
        let is_even = self.evenness >= EVEN;
        (self.heading_count, is_even, Reverse(self.first_line), Reverse(self.fault_count), self.evenness, self.width)
    }

    fn is_as_good_as(&self, best: &Self) -> bool {
        let traits = |one: &Self| (one.heading_count, one.evenness >= EVEN, one.first_line, one.fault_count);
        traits(self) == traits(best)
    }
}

/// The usual width, the line of its first row, and how many of 1,000 rows from there to its last one have it. Not more
/// than half of the rows from there on, or one row below others: it only happens to be there.
fn evenness(widths: &[(u64, usize)]) -> (usize, u64, usize) {
    let count = |width: usize| widths.iter().filter(|(_, one)| *one == width).count();
    let wide = widths.iter().map(|(_, width)| *width).filter(|width| *width > 1);
    let Some(usual) = wide.max_by_key(|width| (count(*width), *width)) else { return (1, 0, 0) };
    let is_usual = |(_, width): &(u64, usize)| *width == usual;
    let first = widths.iter().position(is_usual).unwrap_or(0);
    let last = widths.iter().rposition(is_usual).unwrap_or(0);
    let found = count(usual);
    let is_chance = found * 2 <= widths.len() - first || found == 1 && first > 0;
    let evenness = if is_chance { 0 } else { found * 1000 / (last + 1 - first) };
    (usual, widths[first].0, evenness)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{delimited::find_encoding, input::Bytes};

    fn find(text: &str, headings: &[&str]) -> DelimiterFound {
        let input = Bytes(text.as_bytes());
        let caps = Caps::default();
        let encoding = find_encoding(&input, None, &caps).unwrap();
        let headings: Vec<String> = headings.iter().map(|&heading| heading.to_owned()).collect();
        find_delimiter(&input, &encoding, None, &headings, &caps).unwrap()
    }

    #[test]
    fn the_delimiter_is_the_one_at_which_rows_come_apart_evenly() {
        for (text, delimiter) in [
            ("a,b\n1,2\n", ','),
            ("a;b\n1,5;2,5\n2,5;3,5\n", ';'),
            ("a\tb\n1,2\t3\n", '\t'),
            ("a|b;c\n1|2\n", '|'),
            ("Report, June\n\na;b;c\n1;2;3\n1;2;3\n1;2;3\n", ';'),
            ("Name;Qty\nx;1,5\ny;2,5\nStand 30,06\n", ';'),
            ("sep=|\na|b,c,d\n1|2,3,4\n", '|'),
            ("\"sep=;\"\r\na\r\n", ';'),
            ("\"a\",\"b;c\"\n\"1\",\"2;3\"\n", ','),
            ("Name\nSmith; John\nDoe\nRoe\n", ','),
            ("Name\nDoe\nRoe; John\n", ','),
            ("Report, June\nby, Ann\na;b;c\n1;2;3\n", ';'),
            ("Device report\n\na;b;c\n1;2;3\n", ';'),
        ] {
            let found = find(text, &[]);
            assert_eq!(
                (found.delimiter.to_string(), found.doubt),
                (Delimiter::new(delimiter).unwrap().to_string(), None),
                "{text:?}"
            );
        }
        assert!(find("sep=;\na\n", &[]).has_separator_line);
        assert!(!find("sep=;;\na\n", &[]).has_separator_line);
    }

    #[test]
    fn two_delimiters_that_fit_as_well_are_an_open_question_unless_headings_settle_it() {
        let text = "Last, First;Qty\nSmith, John;3\n";
        assert!(find(text, &[]).doubt.is_some());
        let found = find(text, &["Qty"]);
        assert_eq!((found.delimiter.to_string().as_str(), found.doubt), (";", None));
    }
}
