//! The tables that people hand over: source exports, mapping sheets, action sheets. A file is surveyed first, which
//! tells what is in it and what it leaves open, and then read by a form that is settled.
//!
//! Architecture invariant: nothing here opens a file. An [`Input`] is opened again by whoever holds it, and everything
//! is read row by row: no part keeps a file in memory.

mod caps;
mod cell;
mod date;
mod delimited;
mod form;
mod input;
mod judge;
mod layout;
mod number;
mod obstacle;
mod obstacles;
mod places;
mod read;
mod row;
mod survey;
mod text;
pub mod workbook;

pub use caps::{Cap, Caps};
pub use cell::{Cell, CellKind, CellSpan};
pub use date::{DateEvidence, DateFinding, DateOrder};
pub use delimited::{Delimiter, TextEncoding};
pub use form::{Form, WantedColumn, WantedValues};
pub use input::{Bytes, Input, SeekableInput};
pub use judge::{FaultyRows, OmittedRow, RowCounts, TotalRows};
pub use layout::Layout;
pub use number::{DecimalMark, NumberEvidence, NumberFinding};
pub use obstacle::{ColumnPlace, Obstacle, ObstacleKind};
pub use obstacles::Obstacles;
pub use read::{TableReader, TableRow};
pub use row::{FileRow, RowReader, Stop};
pub use survey::{ColumnSurvey, Survey, SurveyOptions, survey};
pub use text::is_scientific;
