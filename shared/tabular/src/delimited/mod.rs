//! Delimited text: CSV in every dialect. A row at a time, cut in place in a block of the file.

mod blocks;
mod cutter;
mod delimiter;
mod encoding;
#[cfg(test)]
mod tests;

use std::io::Read;

use crate::{
    caps::{Cap, Caps},
    cell::CellSpan,
    obstacle::{Obstacle, ObstacleKind},
    places::Tally,
    row::{FileRow, RowReader, Stop},
};
use blocks::Blocks;
use cutter::{Cut, Cutter, RowEnd, is_control};

pub use delimiter::Delimiter;
pub(crate) use delimiter::find_delimiter;
pub use encoding::TextEncoding;
pub(crate) use encoding::{EncodingFound, fill, find_encoding};

/// Rows of delimited text.
pub(crate) struct DelimitedReader<'i> {
    blocks: Blocks<'i>,
    cutter: Cutter,
    caps: Caps,
    /// The line of the next row.
    line: u64,
    row_count: u64,
    breaks: LineBreaks,
    last: LastRow,
    /// The text of the last row, if it could not be given as it stands in the block.
    text: String,
    obstacles: Vec<Obstacle>,
}

/// Where the row is that was given last.
#[derive(Debug, Clone, Copy, Default)]
struct LastRow {
    line: u64,
    start: usize,
    length: usize,
    is_made_over: bool,
}

/// How the rows of a file end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LineBreaks {
    pub(crate) line_feeds: Tally,
    pub(crate) carriage_returns: Tally,
}

impl<'i> DelimitedReader<'i> {
    pub(crate) fn new(
        from: Box<dyn Read + 'i>,
        encoding: &EncodingFound,
        delimiter: Delimiter,
        caps: &Caps,
    ) -> Result<Self, Stop> {
        Ok(Self {
            blocks: Blocks::new(from, encoding, caps)?,
            cutter: Cutter::new(delimiter.byte()),
            caps: caps.clone(),
            line: 1,
            row_count: 0,
            breaks: LineBreaks::default(),
            last: LastRow::default(),
            text: String::new(),
            obstacles: Vec::new(),
        })
    }

    /// How the rows ended that were read so far.
    pub(crate) fn line_breaks(&self) -> LineBreaks {
        self.breaks
    }

    /// How many bytes of a row are looked at before a cap is exceeded.
    fn check_length(&self, length: usize) -> Result<(), Stop> {
        if length <= self.caps.row_bytes {
            return Ok(());
        }
        let kind = ObstacleKind::OverCap { cap: Cap::RowBytes, limit: self.caps.row_bytes as u64 };
        Err(Obstacle::on_line(kind, self.line).into())
    }

    fn check_counts(&mut self, length: usize) -> Result<(), Stop> {
        self.row_count += 1;
        let refuse = |cap, limit| Err(Obstacle::on_line(ObstacleKind::OverCap { cap, limit }, self.line).into());
        if self.row_count > self.caps.rows {
            return refuse(Cap::Rows, self.caps.rows);
        }
        if self.cutter.spans.len() > self.caps.columns {
            return refuse(Cap::Columns, self.caps.columns as u64);
        }
        let is_long = |span: &CellSpan| (span.end - span.start) as usize > self.caps.cell_bytes;
        if length > self.caps.cell_bytes && self.cutter.spans.iter().any(is_long) {
            return refuse(Cap::CellBytes, self.caps.cell_bytes as u64);
        }
        Ok(())
    }

    /// A quotation mark in the rest that is not closed in all that a row can have.
    #[cold]
    fn open_quote(&self, at: usize) -> Stop {
        let rest = self.blocks.rest();
        let line = self.line + line_breaks(&rest.as_bytes()[..at]);
        let shown = rest[at..].lines().next().unwrap_or("");
        let obstacle = Obstacle::on_line(ObstacleKind::OpenQuote, line).in_column(self.cutter.spans.len(), "");
        obstacle.showing(shown).into()
    }

    /// What is odd about a row of the block: told, and its text made over where it has doubled quotation marks.
    #[cold]
    fn look_closely(&mut self, start: usize, length: usize, line: u64, is_damaged: bool) {
        let row = self.blocks.between(start, length);
        let odd = self.cutter.odd;
        if is_damaged {
            self.obstacles.push(Obstacle::on_line(ObstacleKind::NotText, line).showing(row));
        }
        if let Some((position, at)) = odd.behind_quote {
            let breaks = line_breaks(&row.as_bytes()[..at]);
            let kind = ObstacleKind::TextBehindQuote { opened_on_line: line };
            let obstacle = Obstacle::on_line(kind, line + breaks).in_column(position, "");
            self.obstacles.push(obstacle.showing(&row[at..]));
        }
        if odd.has_control {
            for (position, span) in self.cutter.spans.iter().enumerate() {
                let cell = &row[span.start as usize..span.end as usize];
                if let Some(byte) = cell.bytes().find(|byte| is_control(*byte)) {
                    let kind = ObstacleKind::ControlCharacter { code: byte };
                    self.obstacles.push(Obstacle::on_line(kind, line).in_column(position, "").showing(cell));
                }
            }
        }
        if odd.is_doubled {
            self.text.clear();
            for span in &mut self.cutter.spans {
                let begin = self.text.len();
                let mut parts = row[span.start as usize..span.end as usize].split("\"\"");
                self.text.push_str(parts.next().unwrap_or(""));
                for part in parts {
                    self.text.push('"');
                    self.text.push_str(part);
                }
                (span.start, span.end) = (begin as u32, self.text.len() as u32);
            }
        }
    }
}

/// Line breaks in a text, each way of writing one.
fn line_breaks(text: &[u8]) -> u64 {
    let line_feeds = memchr::memchr_iter(b'\n', text).count();
    let returns = memchr::memchr_iter(b'\r', text).filter(|at| text.get(at + 1) != Some(&b'\n')).count();
    (line_feeds + returns) as u64
}

impl RowReader for DelimitedReader<'_> {
    fn next_row(&mut self) -> Result<Option<FileRow<'_>>, Stop> {
        self.obstacles.clear();
        let (length, used, end) = loop {
            let rest = self.blocks.rest().as_bytes();
            let is_whole = self.blocks.is_whole();
            if is_whole && rest.is_empty() {
                return Ok(None);
            }
            match self.cutter.cut(rest, is_whole) {
                Cut::Row { length, used, end } => break (length, used, end),
                Cut::Open { quote: Some(at) } if rest.len() > self.caps.row_bytes => return Err(self.open_quote(at)),
                Cut::Open { .. } => {
                    self.check_length(rest.len())?;
                    self.blocks.more()?;
                }
                Cut::Unclosed { at } => return Err(self.open_quote(at)),
            }
        };
        self.check_length(length)?;
        self.check_counts(length)?;
        let line = self.line;
        let start = self.blocks.place();
        let odd = self.cutter.odd;
        let is_damaged = self.blocks.is_damaged(used);
        if odd.has_quoted {
            self.line += line_breaks(&self.blocks.rest().as_bytes()[..length]);
        }
        if odd.is_doubled || odd.has_control || odd.behind_quote.is_some() || is_damaged {
            self.look_closely(start, length, line, is_damaged);
        }
        match end {
            RowEnd::LineFeed => self.breaks.line_feeds.add(self.line),
            RowEnd::CarriageReturn => self.breaks.carriage_returns.add(self.line),
            RowEnd::File => {}
        }
        self.line += 1;
        self.blocks.consume(used);
        self.last = LastRow { line, start, length, is_made_over: odd.is_doubled };
        Ok(Some(self.last_row()))
    }

    #[inline]
    fn last_row(&self) -> FileRow<'_> {
        let LastRow { line, start, length, is_made_over } = self.last;
        let text = if is_made_over { &self.text } else { self.blocks.between(start, length) };
        FileRow::new(line, text, &self.cutter.spans).with_obstacles(&self.obstacles)
    }
}
