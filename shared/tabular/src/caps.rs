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
    /// Cells of a worksheet, empty ones among them.
    Cells,
    /// Files in the archive that a workbook is.
    Parts,
    /// Worksheets of a workbook.
    Sheets,
    /// Formats of a workbook's cells.
    Formats,
    /// Formulas of a worksheet that fill an area each.
    Formulas,
    /// Texts that cells of a workbook share.
    SharedTexts,
    /// Bytes of those texts together.
    SharedTextBytes,
    /// Elements of XML, one within the other.
    Nesting,
    /// Bytes of one piece of XML.
    MarkupBytes,
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes in the file",
            Self::Rows => "rows in the file",
            Self::Columns => "cells in a row",
            Self::CellBytes => "bytes in a cell",
            Self::RowBytes => "bytes in a row",
            Self::Cells => "cells in the sheet",
            Self::Parts => "parts in the workbook",
            Self::Sheets => "sheets in the workbook",
            Self::Formats => "formats in the workbook",
            Self::Formulas => "array formulas in the sheet",
            Self::SharedTexts => "texts in the workbook",
            Self::SharedTextBytes => "bytes in the texts of the workbook",
            Self::Nesting => "elements one within the other in the workbook's XML",
            Self::MarkupBytes => "bytes in one piece of the workbook's XML",
        })
    }
}
