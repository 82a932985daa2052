//! How much of somebody else's file is taken in. A file over a cap is refused, and the refusal names the cap.

use std::fmt;

/// The most that is read of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caps {
    /// Bytes of the file; for a workbook of all its parts, unpacked.
    pub bytes: u64,
    /// Rows, empty ones among them.
    pub rows: u64,
    /// Cells of a row.
    pub columns: usize,
    /// Bytes of one cell.
    pub cell_bytes: usize,
    /// Bytes of one row.
    pub row_bytes: usize,
}

impl Default for Caps {
    /// Room for the largest export that one machine reads in minutes, and none for a file that was made to hurt.
    fn default() -> Self {
        Self { bytes: 16 << 30, rows: 50_000_000, columns: 1024, cell_bytes: 1 << 18, row_bytes: 1 << 20 }
    }
}

/// What a file has too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cap {
    /// Bytes, unpacked.
    Bytes,
    /// Rows.
    Rows,
    /// Cells of one row.
    Columns,
    /// Bytes of one cell.
    CellBytes,
    /// Bytes of one row.
    RowBytes,
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes in the file",
            Self::Rows => "rows in the file",
            Self::Columns => "cells in a row",
            Self::CellBytes => "bytes in a cell",
            Self::RowBytes => "bytes in a row",
        })
    }
}
