//! Mappings in a spreadsheet: exported with proposals, filled in by a person, imported row by row.

mod columns;
mod export;
mod import;
mod import_row;

pub(super) use columns::key;
pub use columns::{COLUMNS as SHEET_COLUMNS, label as client_label};
pub use export::MappingSheet;
pub use import::{ImportResult, RefusedRow, Strictness, import};
