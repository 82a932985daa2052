//! The columns of a mapping sheet and the words in it, for export and import.

use truecount_reports::sanitize;

use crate::filled_sheet::{OtherColumns, SheetShape};

/// The name of the worksheet.
pub(super) const SHEET: &str = "mappings";

/// What of a sheet is read.
pub(super) const SHAPE: SheetShape = SheetShape {
    sheet: SHEET,
    columns: &COLUMNS,
    needed: &[KEY, DECISION, CLIENT, LAST_DECISION],
    origin: "a file from `truecount mappings export`",
    others: OtherColumns::Dropped,
};

/// The columns in order. A person fills in `decision` to `note`.
pub const COLUMNS: [&str; 19] = [
    KEY,
    "source",
    "account_id",
    NAME,
    "items",
    VALUE,
    "state",
    MAPPED_TO,
    DECISION,
    CLIENT,
    SPLIT,
    FROM_MONTH,
    NOTE,
    PROPOSAL,
    "score",
    REASONS,
    AGAINST,
    ALTERNATIVES,
    LAST_DECISION,
];

/// The columns that a person fills in, by their place in [`COLUMNS`].
pub(super) const TO_FILL: std::ops::Range<usize> = 8..13;

/// The account: `source#id`, which no spreadsheet takes for a number or a date.
pub(super) const KEY: &str = "key";
/// What the vendor calls it.
pub(super) const NAME: &str = "account_name";
/// Its monthly value.
pub(super) const VALUE: &str = "monthly_value";
/// The client that it is mapped to.
pub(super) const MAPPED_TO: &str = "mapped_to";
/// The best proposal.
pub(super) const PROPOSAL: &str = "proposal";
/// What speaks for the best proposal.
pub(super) const REASONS: &str = "reasons";
/// What speaks against it.
pub(super) const AGAINST: &str = "against";
/// The other proposals.
pub(super) const ALTERNATIVES: &str = "alternatives";
/// One of [`DECISIONS`].
pub(super) const DECISION: &str = "decision";
/// The client that is confirmed.
pub(super) const CLIENT: &str = "client";
/// `site: 12=250; 13=251`.
pub(super) const SPLIT: &str = "split";
/// The first month that the decision holds for.
pub(super) const FROM_MONTH: &str = "from_month";
/// Why, in the person's words.
pub(super) const NOTE: &str = "note";
/// The number of the last decision at export. A row is refused if another decision was made since.
pub(super) const LAST_DECISION: &str = "last_decision";

/// The words that [`DECISION`] may have.
pub(super) const DECISIONS: [&str; 6] =
    ["confirm", "ignore internal", "ignore not_for_resale", "ignore not_ours", "split", "undo"];

/// What names an account in the sheet.
pub(in crate::mapping) fn key(source: &str, account: &str) -> String {
    sanitize::cell(&format!("{source}#{account}")).into_owned()
}

/// A client as the sheet names it: `Harbour Dental [250]`.
#[must_use]
pub fn label(name: &str, id: &str) -> String {
    sanitize::cell(&format!("{} [{id}]", name.trim())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_to_fill_in_are_those_from_decision_to_note() {
        assert_eq!(&COLUMNS[TO_FILL], [DECISION, CLIENT, SPLIT, FROM_MONTH, NOTE]);
    }

    #[test]
    fn a_key_or_label_never_acts_as_a_formula() {
        assert_eq!(key("rmm", "17"), "rmm#17");
        assert_eq!(label(" Harbour Dental ", "250"), "Harbour Dental [250]");
        assert!(!label("=HYPERLINK(1)", "1").starts_with('='));
    }
}
