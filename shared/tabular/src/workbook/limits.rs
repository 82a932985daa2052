//! How much of a workbook is taken in, and how an excess is told.

use std::io;

use super::fault::{Damage, ForeignFormat, WorkbookFault};
use crate::{Cap, Caps, Obstacle, ObstacleKind, Stop};

/// The most that is read of one workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Limits {
    /// Unpacked bytes of all parts that are read.
    pub(super) bytes: u64,
    /// Entries of the archive.
    pub(super) parts: u64,
    /// Worksheets.
    pub(super) sheets: usize,
    /// Cell formats, and number formats.
    pub(super) formats: usize,
    /// Texts that cells share.
    pub(super) shared_texts: usize,
    /// Bytes of the texts that cells share.
    pub(super) shared_text_bytes: usize,
    /// Elements within elements.
    pub(super) nesting: usize,
    /// Bytes of one piece of markup: a tag, a comment, a run of text.
    pub(super) markup_bytes: usize,
    /// Rows of a sheet.
    pub(super) rows: u64,
    /// Cells of a sheet, empty ones among them.
    pub(super) cells: u64,
    /// Cells of a row.
    pub(super) columns: usize,
    /// Bytes of one cell.
    pub(super) cell_bytes: usize,
    /// Bytes of one row.
    pub(super) row_bytes: usize,
}

impl Limits {
    pub(super) fn of(caps: &Caps) -> Self {
        Self {
            bytes: caps.bytes.min(6 << 30),
            parts: 10_000,
            sheets: 1000,
            formats: 100_000,
            shared_texts: 16 << 20,
            shared_text_bytes: 256 << 20,
            nesting: 64,
            markup_bytes: 1 << 20,
            rows: caps.rows,
            cells: 100_000_000,
            columns: caps.columns,
            cell_bytes: caps.cell_bytes,
            row_bytes: caps.row_bytes,
        }
    }
}

/// An excess on its way through code that knows of `io::Error` only.
#[derive(Debug, thiserror::Error)]
#[error("more than {limit} {cap}")]
pub(super) struct OverLimit {
    cap: Cap,
    limit: u64,
}

impl OverLimit {
    pub(super) fn error(cap: Cap, limit: u64) -> io::Error {
        io::Error::other(Self { cap, limit })
    }

    /// The excess that an error carries.
    pub(super) fn of(error: &io::Error) -> Option<Stop> {
        let over_limit = error.get_ref()?.downcast_ref::<Self>()?;
        Some(over(over_limit.cap, over_limit.limit))
    }
}

pub(super) fn over(cap: Cap, limit: u64) -> Stop {
    Obstacle::of_file(ObstacleKind::OverCap { cap, limit }).into()
}

pub(super) fn fault(fault: WorkbookFault) -> Obstacle {
    Obstacle::of_file(ObstacleKind::Workbook(fault))
}

/// The same obstacle in a row of the sheet.
pub(super) fn in_row(obstacle: Obstacle, row: u64) -> Stop {
    Obstacle { line: Some(row), ..obstacle }.into()
}

pub(super) fn damaged(damage: Damage) -> Stop {
    fault(WorkbookFault::Damaged(damage)).into()
}

pub(super) fn foreign(format: ForeignFormat) -> Stop {
    fault(WorkbookFault::Foreign(format)).into()
}
