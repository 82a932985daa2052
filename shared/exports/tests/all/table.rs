//! Small tables of plain cells, for tests of what columns mean.

use std::sync::Arc;

use truecount_exports::{CellFault, ExportLayout, ExportProfile, HeadingFault, RowRead};
use truecount_tabular::{CellKind, CellSpan, FileRow};

/// A row of cells that lie in one text.
pub(crate) struct PlainRow {
    text: String,
    spans: Vec<CellSpan>,
    line: u64,
}

impl PlainRow {
    /// Cells between bars, on a line.
    pub(crate) fn new(line: u64, cells: &str) -> Self {
        let mut row = Self { text: String::new(), spans: Vec::new(), line };
        for cell in cells.split('|') {
            let start = u32::try_from(row.text.len()).unwrap();
            row.text.push_str(cell);
            let end = u32::try_from(row.text.len()).unwrap();
            row.spans.push(CellSpan { start, end, kind: CellKind::Text });
        }
        row
    }

    pub(crate) fn row(&self) -> FileRow<'_> {
        FileRow::new(self.line, &self.text, &self.spans)
    }
}

/// The profile of a TOML text.
pub(crate) fn profile(text: &str) -> Arc<ExportProfile> {
    let table: toml::Table = text.parse().unwrap();
    Arc::new(ExportProfile::read(&table).unwrap_or_else(|faults| panic!("{faults:#?}")))
}

/// A profile laid over headings between bars.
pub(crate) fn layout(profile_text: &str, headings: &str) -> Result<ExportLayout, Vec<HeadingFault>> {
    let headings: Vec<&str> = headings.split('|').collect();
    ExportLayout::of(&profile(profile_text), &headings, "Harbour Dental 2026-06-30.csv")
}

/// Reads one row.
pub(crate) fn read(layout: &ExportLayout, cells: &str) -> Result<RowRead, Vec<CellFault>> {
    layout.read_row(&PlainRow::new(2, cells).row())
}
