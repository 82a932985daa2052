//! Named ways in which a run compares otherwise than usual. Deliberately absent: what the rules or decisions can say.

/// How a run compares. The usual way is the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Whose accounts without a decision may be.
    pub undecided: UndecidedUse,
    /// What rows of a line with one id are.
    pub repeated_lines: RepeatedLines,
    /// What a line is that bills less than nothing.
    pub lines_below_zero: LinesBelowZero,
    /// Whose price a change of billed units has.
    pub change_price: ChangePrice,
    /// Whether the tolerance holds where no line stands.
    pub missing_line: MissingLine,
    /// Whether recurring revenue is added up by what was done with it.
    pub revenue: RevenueUse,
}

impl RunOptions {
    /// For lists without history or decisions: mappings are complete, each row of a line bills, also less than nothing, the
    /// newest line's price is that of the whole difference, and a small difference is left alone also where no line stands.
    pub const PLAIN: Self = Self {
        undecided: UndecidedUse::Nobodys,
        repeated_lines: RepeatedLines::Add,
        lines_below_zero: LinesBelowZero::Quantity,
        change_price: ChangePrice::OfNewestLine,
        missing_line: MissingLine::Tolerated,
        revenue: RevenueUse::NotAsked,
    };
}

/// Whose accounts may be that nobody decided and that resemble no client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UndecidedUse {
    /// Anybody's: they could fill the gap of a client that is billed too much.
    #[default]
    MayFillGaps,
    /// No client's: the mappings are complete.
    Nobodys,
}

/// What rows are that have one line id on one agreement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RepeatedLines {
    /// They supersede each other: the newest that has begun stands.
    #[default]
    Supersede,
    /// Each bills.
    Add,
}

/// What a line is whose quantity or price is below zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinesBelowZero {
    /// A credit, whatever its source calls it: money off, and no units that anybody uses (false gap F22).
    #[default]
    Credits,
    /// Quantity, as any other.
    Quantity,
}

/// Whose price a change of billed units has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChangePrice {
    /// That of each line whose quantity is changed, in one currency only.
    #[default]
    OfEachLine,
    /// The newest line's, in its currency; without a line the rule's, in that of the rule.
    OfNewestLine,
}

/// Whether recurring revenue is added up by what was done with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RevenueUse {
    /// It is.
    #[default]
    AddedUp,
    /// Nobody asks for it: a list need not hold all that is billed.
    NotAsked,
}

/// Whether the tolerance holds where no line stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MissingLine {
    /// It does not: a line that is missing is always told.
    #[default]
    AlwaysTold,
    /// It does.
    Tolerated,
}
