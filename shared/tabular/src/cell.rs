//! One cell of a table: its text, and how far the file itself says what the text is.

/// A cell as it stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// The text; for every kind but [`CellKind::Text`] in one form, whatever the spreadsheet shows.
    pub text: &'a str,
    /// What the file says that it is.
    pub kind: CellKind,
}

/// What a file says about a cell. Delimited text says nothing: there every cell is [`CellKind::Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CellKind {
    /// Characters; what they mean is a question of the column's form.
    #[default]
    Text,
    /// A number: an optional `-`, digits, and a decimal point with digits behind it where there is a fraction; an
    /// exponent (`9.9E+15`) only where the file has nothing else.
    Number,
    /// A day: `2026-06-30`.
    Day,
    /// A moment without a zone: `2026-06-30T08:00:00`, with a fraction of the second where there is one.
    Moment,
    /// A time of day or a length of time: `08:00:00`, `36:30:00`.
    Time,
    /// `true` or `false`.
    Boolean,
    /// An error that a formula came to, such as `#N/A`.
    Error,
    /// A formula whose result the file does not hold; the text is empty.
    Uncomputed,
}

/// Where a cell is in the text of its row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CellSpan {
    /// Its first byte.
    pub start: u32,
    /// The byte behind its last.
    pub end: u32,
    /// What the file says that it is.
    pub kind: CellKind,
}

impl Cell<'_> {
    /// A cell with nothing in it.
    pub const EMPTY: Self = Self { text: "", kind: CellKind::Text };

    /// Whether there is nothing in it but blanks.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.kind != CellKind::Uncomputed && self.text.trim().is_empty()
    }
}
