//! What somebody wants of a file, and the settled form by which it is read.

use jiff::tz::TimeZone;

use crate::{
    caps::Caps,
    date::DateOrder,
    judge::{Judge, RowCounts},
    layout::Layout,
    number::DecimalMark,
    text::Nothing,
};

/// A column that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedColumn {
    /// Its heading.
    pub heading: String,
    /// What its values are.
    pub values: WantedValues,
}

/// What the values of a wanted column are, and what the profile says about their form.
#[derive(Debug, Clone, PartialEq)]
pub enum WantedValues {
    /// Any text.
    Text,
    /// Ids: two that differ must not look the same.
    Ids,
    /// Numbers.
    Numbers {
        /// The decimal mark, where the values leave it open.
        mark: Option<DecimalMark>,
    },
    /// Days.
    Days {
        /// The order of day, month and year, where the values leave it open.
        order: Option<DateOrder>,
        /// The zone in which a moment is a day, where the values are moments.
        zone: Option<TimeZone>,
    },
    /// Moments, or days: each is its beginning in the zone, or in UTC where there is none.
    Moments {
        /// The order of day, month and year, where the values leave it open.
        order: Option<DateOrder>,
        /// The zone of moments that are written without an offset.
        zone: Option<TimeZone>,
    },
}

impl WantedColumn {
    /// A wanted column.
    pub fn new(heading: impl Into<String>, values: WantedValues) -> Self {
        Self { heading: heading.into(), values }
    }
}

/// How a file is read: everything about it is settled.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    pub(crate) layout: Layout,
    pub(crate) judge: Judge,
    /// In the order in which they were wanted.
    pub(crate) columns: Vec<FormColumn>,
    /// What the survey counted.
    pub(crate) counts: RowCounts,
    pub(crate) nothing: Nothing,
    pub(crate) caps: Caps,
}

/// A column of a form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FormColumn {
    pub(crate) heading: String,
    pub(crate) position: usize,
    pub(crate) mark: DecimalMark,
    pub(crate) order: DateOrder,
    pub(crate) zone: Option<TimeZone>,
}

impl Form {
    /// How many rows the file has, and what becomes of them.
    #[must_use]
    pub fn counts(&self) -> &RowCounts {
        &self.counts
    }

    /// How the file is laid out.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The decimal mark and the order of days that a wanted column is read by.
    #[must_use]
    pub fn column(&self, at: usize) -> Option<(DecimalMark, DateOrder)> {
        self.columns.get(at).map(|column| (column.mark, column.order))
    }
}
