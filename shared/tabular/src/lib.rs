//! The tables that people hand over: source exports, mapping sheets, action sheets. A file is surveyed first, which
//! tells what is in it and what it leaves open, and then read by a form that is settled.
//!
//! Architecture invariant: nothing here opens a file. An [`Input`] is opened again by whoever holds it, and everything
//! is read row by row: no part keeps a file in memory.

mod caps;
mod cell;
mod input;
mod obstacle;
mod row;
pub mod workbook;

pub use caps::{Cap, Caps};
pub use cell::{Cell, CellKind};
pub use input::{Bytes, Input, SeekableInput};
pub use obstacle::{ColumnPlace, Obstacle, ObstacleKind};
pub use row::{CellSpan, FileRow, RowReader, Stop};
