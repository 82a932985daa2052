//! What is in a file: its layout, its header, and what all values of each column say together. One pass in memory that
//! does not grow with the file; what stands in the way of reading it is collected, all at once.

mod column;
mod header;
mod settle;

use crate::{
    caps::Caps,
    cell::CellSpan,
    delimited::{Delimiter, TextEncoding},
    input::Input,
    judge::{FaultyRows, Judge, OmittedRow, RowCounts, TotalRows},
    layout::{Layout, Rows},
    obstacle::{Obstacle, ObstacleKind},
    obstacles::Obstacles,
    places::Tally,
    row::{FileRow, RowReader, Stop},
    text::Nothing,
    workbook::SheetFacts,
};
use header::find_header;

pub use column::ColumnSurvey;

/// Rows at the end of a file that can be notes.
const NOTES_MAX: usize = 20;
/// A table has at least so many columns before a lone text behind it can be a note.
const NOTE_COLUMNS_MIN: usize = 3;

/// What is known of a file before it is looked at.
#[derive(Debug, Clone, Default)]
pub struct SurveyOptions {
    /// The encoding of its characters, where the profile names one.
    pub encoding: Option<TextEncoding>,
    /// The delimiter, where the profile names one.
    pub delimiter: Option<Delimiter>,
    /// The name of the worksheet; the first one if there is none.
    pub sheet: Option<String>,
    /// The line of the header, where the profile names one.
    pub header_line: Option<u64>,
    /// Headings that are wanted: they tell the header from the rows above it.
    pub headings: Vec<String>,
    /// What becomes of rows of totals.
    pub totals: TotalRows,
    /// What becomes of rows with a fault of their own.
    pub faulty_rows: FaultyRows,
    /// Words that stand where there is nothing, such as `N/A` or `-`: their cells are blank. The size of letters does
    /// not matter.
    pub nothing: Vec<String>,
    /// The most that is read.
    pub caps: Caps,
}

/// What is in a file.
#[derive(Debug, Clone)]
pub struct Survey {
    layout: Layout,
    judge: Judge,
    columns: Vec<ColumnSurvey>,
    counts: RowCounts,
    obstacles: Obstacles,
    faulty_rows: FaultyRows,
    nothing: Nothing,
    sheet: Option<SheetFacts>,
    caps: Caps,
}

/// Surveys a file.
///
/// # Errors
/// [`Stop`] if the file cannot be opened or read, or is of a kind that nothing is known about.
pub fn survey(input: &dyn Input, options: &SurveyOptions) -> Result<Survey, Stop> {
    let found = Layout::find(input, options)?;
    let skipped = usize::from(found.layout.has_separator_line());
    let mut rows = found.layout.rows(input, &options.caps)?;
    let header = find_header(&mut rows, skipped, options.header_line, &options.headings)?;
    let judge = Judge {
        has_separator_line: found.layout.has_separator_line(),
        header_line: header.line,
        headings: header.headings,
        totals: options.totals,
        notes_from: None,
    };
    let nothing = Nothing::of(&options.nothing);
    let mut surveyor = Surveyor::new(&found.layout, judge, options.faulty_rows, nothing.clone());
    let mut obstacles = Obstacles::default();
    for doubt in found.doubts.into_iter().chain(header.doubt) {
        obstacles.push(doubt);
    }
    surveyor.obstacles.extend(&obstacles);
    let mut rows = found.layout.rows(input, &options.caps)?;
    loop {
        match rows.next_row() {
            Ok(Some(row)) => surveyor.take(&row),
            Ok(None) => break,
            Err(Stop::Refused(obstacle)) => {
                surveyor.obstacles.push(surveyor.named(*obstacle));
                break;
            }
            Err(error) => return Err(error),
        }
    }
    surveyor.finish(&rows);
    let sheet = rows.sheet_facts().cloned();
    let Surveyor { judge, columns, counts, obstacles, .. } = surveyor;
    Ok(Survey {
        layout: found.layout,
        judge,
        columns,
        counts,
        obstacles,
        faulty_rows: options.faulty_rows,
        nothing,
        sheet,
        caps: options.caps.clone(),
    })
}

impl Survey {
    /// How the file is laid out.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The line of the header, counted from 1; `None` if there is none.
    #[must_use]
    pub fn header_line(&self) -> Option<u64> {
        (self.judge.header_line != u64::MAX).then_some(self.judge.header_line)
    }

    /// The columns in their order; those without a heading among them.
    #[must_use]
    pub fn columns(&self) -> &[ColumnSurvey] {
        &self.columns
    }

    /// How many rows the file has, and what becomes of them.
    #[must_use]
    pub fn counts(&self) -> &RowCounts {
        &self.counts
    }

    /// What is hidden or merged in the worksheet; `None` if the file is no workbook.
    #[must_use]
    pub fn sheet(&self) -> Option<&SheetFacts> {
        self.sheet.as_ref()
    }

    /// What stands in the way of reading the file, whichever columns are wanted.
    #[must_use]
    pub fn obstacles(&self) -> &Obstacles {
        &self.obstacles
    }
}

/// A survey as it goes on.
struct Surveyor {
    judge: Judge,
    columns: Vec<ColumnSurvey>,
    counts: RowCounts,
    obstacles: Obstacles,
    has_whole_rows: bool,
    faulty_rows: FaultyRows,
    nothing: Nothing,
    /// Columns up to the last one with a heading.
    named_count: usize,
    totals: Tally,
    /// Lone texts behind an empty row: notes, if no data comes behind them.
    notes: Vec<Note>,
    was_empty: bool,
}

impl Surveyor {
    fn new(layout: &Layout, judge: Judge, faulty_rows: FaultyRows, nothing: Nothing) -> Self {
        let columns: Vec<ColumnSurvey> =
            judge.headings.iter().enumerate().map(|(at, heading)| ColumnSurvey::new(at, heading)).collect();
        let named_count = columns.iter().rposition(|column| !column.heading.is_empty()).map_or(0, |last| last + 1);
        Self {
            judge,
            columns,
            counts: RowCounts::default(),
            obstacles: Obstacles::default(),
            has_whole_rows: layout.has_whole_rows(),
            faulty_rows,
            nothing,
            named_count,
            totals: Tally::default(),
            notes: Vec::new(),
            was_empty: false,
        }
    }

    #[inline]
    fn take(&mut self, row: &FileRow<'_>) {
        let judged = self.judge.judge(row);
        for obstacle in row.obstacles() {
            self.note(obstacle);
        }
        let was_empty = std::mem::replace(&mut self.was_empty, judged == Some(OmittedRow::Empty));
        match judged {
            None => {
                if (was_empty || !self.notes.is_empty()) && self.is_note(row) {
                    self.notes.push(Note::of(row));
                    return;
                }
                self.notes_were_data();
                self.take_data(row);
            }
            Some(OmittedRow::Total) => {
                self.notes_were_data();
                self.take_total(row);
            }
            Some(_) => {}
        }
        self.counts.add(judged);
    }

    fn take_data(&mut self, row: &FileRow<'_>) {
        let line = row.line();
        for (column, cell) in self.columns.iter_mut().zip(row.cells()) {
            column.take(self.nothing.blanked(cell), line);
        }
        let count = row.cell_count();
        for column in self.columns.iter_mut().skip(count) {
            column.blank_count += 1;
        }
        if count != self.columns.len() && self.faulty_rows == FaultyRows::Refused {
            self.check_count(row);
        }
    }

    /// More cells are no loss where they are blank, fewer where no heading is above the missing ones.
    fn check_count(&mut self, row: &FileRow<'_>) {
        let (found, expected) = (row.cell_count(), self.columns.len());
        let has_more = (expected..found).any(|place| !row.cell(place).is_blank());
        let has_fewer = self.has_whole_rows && found < self.named_count;
        if has_more || has_fewer {
            let obstacle = Obstacle::on_line(ObstacleKind::CellCount { found, expected }, row.line());
            self.obstacles.push(obstacle.showing(row.cell(0).text));
        }
    }

    fn take_total(&mut self, row: &FileRow<'_>) {
        self.totals.add(row.line());
        for column in &mut self.columns {
            column.blank_total_count += u64::from(row.cell(column.position).is_blank());
        }
    }

    fn is_note(&self, row: &FileRow<'_>) -> bool {
        self.columns.len() >= NOTE_COLUMNS_MIN
            && self.notes.len() < NOTES_MAX
            && row.obstacles().is_empty()
            && !row.cell(0).is_blank()
            && row.cells().skip(1).all(|cell| cell.is_blank())
    }

    /// Data comes behind what looked like notes.
    fn notes_were_data(&mut self) {
        for note in std::mem::take(&mut self.notes) {
            self.take_data(&FileRow::new(note.line, &note.text, &note.spans));
            self.counts.add(None);
        }
    }

    fn note(&mut self, obstacle: &Obstacle) {
        let position = obstacle.column.as_ref().map(|column| column.position);
        match position.and_then(|position| self.columns.get_mut(position)) {
            Some(column) if obstacle.kind.is_of_cell() => column.note(obstacle),
            _ => self.obstacles.push(self.named(obstacle.clone())),
        }
    }

    /// An obstacle with the heading of its column.
    fn named(&self, obstacle: Obstacle) -> Obstacle {
        let position = obstacle.column.as_ref().map(|column| column.position);
        match position.and_then(|position| self.columns.get(position)) {
            Some(column) => obstacle.in_column(column.position, &column.heading),
            None => obstacle,
        }
    }

    fn finish(&mut self, rows: &Rows<'_>) {
        if let Some(first) = self.notes.first() {
            self.judge.notes_from = Some(first.line);
            for _ in 0..self.notes.len() {
                self.counts.add(Some(OmittedRow::Note));
            }
        }
        let breaks = rows.line_breaks();
        if breaks.line_feeds.count > 0 && breaks.carriage_returns.count > 0 {
            let (kind, odd) = if breaks.carriage_returns.count <= breaks.line_feeds.count {
                (ObstacleKind::LoneCarriageReturn, breaks.carriage_returns)
            } else {
                (ObstacleKind::LoneLineFeed, breaks.line_feeds)
            };
            let line = odd.first().unwrap_or(1);
            self.obstacles.push_counted(Obstacle::on_line(kind, line), odd.count - 1);
        }
        if let Some(line) = self.totals.first().filter(|_| self.judge.totals == TotalRows::IfSure) {
            let is_proof = |column: &ColumnSurvey| {
                column.blank_count == 0 && column.filled_count > 0 && column.blank_total_count == self.totals.count
            };
            if !self.columns.iter().any(is_proof) {
                let obstacle = Obstacle::on_line(ObstacleKind::TotalUnclear, line);
                self.obstacles.push_counted(obstacle, self.totals.count - 1);
            }
        }
    }
}

/// A row with a text in its first cell and nothing else.
struct Note {
    line: u64,
    text: String,
    spans: Vec<CellSpan>,
}

impl Note {
    fn of(row: &FileRow<'_>) -> Self {
        let cell = row.cell(0);
        let end = u32::try_from(cell.text.len()).unwrap_or(u32::MAX);
        let mut spans = vec![CellSpan { start: end, end, ..CellSpan::default() }; row.cell_count()];
        spans[0] = CellSpan { start: 0, end, kind: cell.kind };
        Self { line: row.line(), text: cell.text.to_owned(), spans }
    }
}
