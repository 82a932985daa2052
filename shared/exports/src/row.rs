//! The cells of one row as values. What is wrong is noted, so that all of a row is told at once.

use std::str::FromStr;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::{Currency, IdError, ItemState, decimal_from_text};
use truecount_tabular::{Obstacle, TableRow};

use crate::{
    fault::{CellFault, CellFaultKind},
    field::{ExportField, WordKind},
    fold::{folded, shown},
    layout::{ExportLayout, FieldPlace},
    values::{plain_day, plain_moment},
};

/// What stands for a word that is not there.
const MISSING: &str = "(missing)";

/// A row with what is wrong with it.
pub(crate) struct Cells<'r> {
    pub(crate) layout: &'r ExportLayout,
    pub(crate) row: &'r TableRow<'r>,
    pub(crate) faults: Vec<CellFault>,
    pub(crate) unknown_words: Vec<(String, String)>,
}

/// What is found for a field.
enum Found<'r> {
    /// In a column, as the file has it.
    Cell(usize, &'r str),
    /// From the profile, in plain form.
    Ours(&'r str),
}

impl<'r> Found<'r> {
    fn text(self) -> &'r str {
        match self {
            Self::Cell(_, text) | Self::Ours(text) => text,
        }
    }
}

impl<'r> Cells<'r> {
    pub(crate) fn new(layout: &'r ExportLayout, row: &'r TableRow<'r>) -> Self {
        Self { layout, row, faults: Vec::new(), unknown_words: Vec::new() }
    }

    fn found(&self, place: &'r FieldPlace) -> Option<Found<'r>> {
        let cell = place.column.map(|column| (column, self.row.text(column))).filter(|(_, text)| !text.is_empty());
        let Some((column, text)) = cell else { return place.mapping.constant.as_deref().map(Found::Ours) };
        match place.mapping.words.meaning(text) {
            Some(meaning) => Some(Found::Ours(meaning)),
            None => Some(Found::Cell(column, text)),
        }
    }

    fn of(&self, field: ExportField) -> Option<Found<'r>> {
        self.found(self.layout.place(field))
    }

    pub(crate) fn is_mapped(&self, field: ExportField) -> bool {
        self.layout.place(field).is_mapped()
    }

    /// A field's text, without blanks around it.
    pub(crate) fn text(&self, field: ExportField) -> Option<&'r str> {
        self.of(field).map(Found::text)
    }

    /// The same of an attribute.
    pub(crate) fn attribute(&self, place: &'r FieldPlace) -> Option<&'r str> {
        self.found(place).map(Found::text)
    }

    /// A key that the row needs, as an id.
    pub(crate) fn id<T: FromStr<Err = IdError>>(&mut self, field: ExportField) -> Option<T> {
        match self.text(field) {
            Some(text) => self.id_of(field, text),
            None => {
                self.fault(field, CellFaultKind::Empty);
                None
            }
        }
    }

    /// A key that the row may have, as an id.
    pub(crate) fn id_if_any<T: FromStr<Err = IdError>>(&mut self, field: ExportField) -> Option<T> {
        let text = self.text(field)?;
        self.id_of(field, text)
    }

    pub(crate) fn id_of<T: FromStr<Err = IdError>>(&mut self, field: ExportField, text: &str) -> Option<T> {
        text.parse().map_err(|why| self.fault(field, CellFaultKind::NoId(why))).ok()
    }

    /// A value of a column whose form is settled, or in plain form.
    fn value<T>(
        &mut self,
        field: ExportField,
        of_column: impl FnOnce(&TableRow<'r>, usize) -> Result<Option<T>, Box<Obstacle>>,
        plain: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        match self.of(field)? {
            Found::Ours(text) => plain(text),
            Found::Cell(column, _) => of_column(self.row, column).unwrap_or_else(|obstacle| {
                self.fault(field, CellFaultKind::Unreadable(obstacle));
                None
            }),
        }
    }

    pub(crate) fn number(&mut self, field: ExportField) -> Option<Decimal> {
        self.value(field, TableRow::decimal, |text| decimal_from_text(text).ok())
    }

    pub(crate) fn day(&mut self, field: ExportField) -> Option<Date> {
        self.value(field, TableRow::day, plain_day)
    }

    pub(crate) fn moment(&mut self, field: ExportField) -> Option<Timestamp> {
        let layout = self.layout;
        self.value(field, TableRow::moment, |text| plain_moment(text, layout.profile().zone.as_ref()))
    }

    pub(crate) fn currency(&mut self) -> Option<Currency> {
        let text = self.text(ExportField::CurrencyCode)?;
        let currency = Currency::new(&text.to_ascii_uppercase());
        currency.map_err(|_| self.fault(ExportField::CurrencyCode, CellFaultKind::NoCurrency)).ok()
    }

    /// A word of a closed list, in our words.
    pub(crate) fn word(&mut self, field: ExportField, kind: WordKind) -> Option<&'static str> {
        let text = self.text(field)?;
        let word = folded(text).replace([' ', '-'], "_");
        let known = kind.known().iter().find(|known| **known == word).copied();
        if known.is_none() {
            self.fault(field, CellFaultKind::UnknownWord(kind.known()));
        }
        known
    }

    /// The months of a cycle; `None`: it does not repeat by months, or its word is not known.
    pub(crate) fn cycle_months(&mut self) -> Option<u32> {
        let text = self.text(ExportField::Cycle)?;
        let word = folded(text).replace(['-', ' '], "");
        if let Ok(months) = word.parse::<u32>()
            && (1..=120).contains(&months)
        {
            return Some(months);
        }
        let known = CYCLES.iter().find(|(known, _)| *known == word);
        if known.is_none() {
            self.unknown(ExportField::Cycle, text);
        }
        known.and_then(|(_, months)| *months)
    }

    /// Whether an item counts. A file without such a column lists what is in use.
    pub(crate) fn state(&mut self) -> ItemState {
        if !self.is_mapped(ExportField::Status) {
            return ItemState::Counts;
        }
        let text = self.text(ExportField::Status).unwrap_or(MISSING);
        let state = ItemState::from_word(&folded(text)).to_owned();
        if matches!(state, ItemState::Unknown(_)) {
            self.unknown(ExportField::Status, text);
            return ItemState::Unknown(shown(text));
        }
        state
    }

    pub(crate) fn unknown(&mut self, field: ExportField, word: &str) {
        self.unknown_words.push((field.name().to_owned(), shown(word)));
    }

    pub(crate) fn fault(&mut self, field: ExportField, kind: CellFaultKind) {
        let place = self.layout.place(field);
        if place.is_unreadable {
            return;
        }
        let is_of_column = |fault: &CellFault| {
            let heading = place.column.and_then(|column| self.layout.heading(column));
            heading.is_some() && fault.heading.as_deref() == heading && fault.kind == kind
        };
        if self.faults.iter().any(is_of_column) {
            return;
        }
        let value = place.column.map(|column| shown(self.row.text(column))).unwrap_or_default();
        self.faults.push(CellFault {
            line: self.row.line(),
            heading: place.column.and_then(|column| self.layout.heading(column)).map(str::to_owned),
            field: field.name().to_owned(),
            value,
            kind,
        });
    }
}

/// Words for how often something is billed, without blanks and hyphens.
const CYCLES: &[(&str, Option<u32>)] = &[
    ("monthly", Some(1)),
    ("month", Some(1)),
    ("p1m", Some(1)),
    ("1month", Some(1)),
    ("quarterly", Some(3)),
    ("quarter", Some(3)),
    ("p3m", Some(3)),
    ("semiannual", Some(6)),
    ("semiannually", Some(6)),
    ("semiyearly", Some(6)),
    ("halfyearly", Some(6)),
    ("annual", Some(12)),
    ("annually", Some(12)),
    ("yearly", Some(12)),
    ("year", Some(12)),
    ("p1y", Some(12)),
    ("1year", Some(12)),
    ("2year", Some(24)),
    ("p2y", Some(24)),
    ("3year", Some(36)),
    ("p3y", Some(36)),
    ("triennial", Some(36)),
    ("weekly", None),
    ("biweekly", None),
    ("onetime", None),
    ("once", None),
    ("none", None),
    ("notrecurring", None),
];
