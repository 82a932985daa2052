//! Which number of a row has the most digits: where a product or a sum needs more than there are, it is the one to look
//! at. Deliberately absent: sums of many numbers that are each short.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{AgreementId, LineId};

use crate::billed_side::LineRow;
use crate::columns::{ItemColumns, ItemNo};
use crate::evidence_record::NamedItem;
use crate::names::Names;

/// A number, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum LongNumber {
    /// A field of a billed line.
    Line {
        /// The line.
        line_id: LineId,
        /// Its agreement.
        agreement_id: AgreementId,
        /// Which of its numbers.
        field: LineField,
        /// The number.
        value: Decimal,
    },
    /// The units of an item.
    Item {
        /// The item.
        item: NamedItem,
        /// The number.
        value: Decimal,
    },
}

/// A number of a billed line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineField {
    /// Units.
    Quantity,
    /// The price of one.
    UnitPrice,
    /// Units that the price includes.
    LessIncluded,
}

/// The same before it has names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Longest<'a> {
    Line(LineRow<'a>, LineField, Decimal),
    Item(ItemNo, Decimal),
}

impl<'a> Longest<'a> {
    /// The first number with the most digits among lines and items; `None`: there is no number.
    pub(crate) fn of(
        lines: &[LineRow<'a>],
        items: &ItemColumns,
        counted: impl Iterator<Item = ItemNo>,
    ) -> Option<Self> {
        let of_line = |line: &LineRow<'a>| {
            let (line, row) = (*line, line.row);
            let quantity = Some(Self::Line(line, LineField::Quantity, row.quantity));
            let price = row.unit_price.map(|value| Self::Line(line, LineField::UnitPrice, value));
            let less = row.less_included.map(|value| Self::Line(line, LineField::LessIncluded, value));
            [quantity, price, less].into_iter().flatten()
        };
        let of_items = counted.filter_map(|item| Some(Self::Item(item, items.units(item)?)));
        let all = lines.iter().flat_map(of_line).chain(of_items);
        all.reduce(|longest, one| if one.digits() > longest.digits() { one } else { longest })
    }

    fn digits(&self) -> u32 {
        let (Self::Line(_, _, value) | Self::Item(_, value)) = self;
        value.normalize().mantissa().unsigned_abs().checked_ilog10().map_or(0, |digits| digits + 1)
    }

    pub(crate) fn named(self, names: &Names<'_>) -> LongNumber {
        match self {
            Self::Line(line, field, value) => {
                let (line_id, agreement_id) = (line.row.id.clone(), line.agreement().id.clone());
                LongNumber::Line { line_id, agreement_id, field, value }
            }
            Self::Item(item, value) => LongNumber::Item { item: names.item(item), value },
        }
    }
}
