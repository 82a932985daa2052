//! A billed line as a record names it.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{AgreementId, Currency, LineId, ProductCode};

use crate::billed_side::LineRow;
use crate::context::RunContext;

/// A billed line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRecord {
    /// The PSA's id.
    pub line_id: LineId,
    /// Its agreement.
    pub agreement_id: AgreementId,
    /// The agreement's name. Foreign text.
    pub agreement_name: String,
    /// The product.
    pub product_code: ProductCode,
    /// The product's name. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_name: Option<String>,
    /// Units.
    pub quantity: Decimal,
    /// Price of one unit for one billing cycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Decimal>,
    /// Months of one billing cycle; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle_months: Option<u32>,
    /// Whether the PSA bills a part of a cycle by its days; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prorates: Option<bool>,
    /// Of which currency.
    pub currency: Currency,
    /// First day billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last day billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

impl LineRecord {
    /// What it bills in a month; `None`: its price or its cycle is not known.
    #[must_use]
    pub fn monthly_amount(&self) -> Option<Decimal> {
        self.unit_price?.checked_mul(self.quantity)?.checked_div(self.months()?)
    }

    /// The price of one unit for a month; `None`: it or the cycle is not known.
    #[must_use]
    pub fn monthly_price(&self) -> Option<Decimal> {
        self.unit_price?.checked_div(self.months()?)
    }

    fn months(&self) -> Option<Decimal> {
        Some(Decimal::from(self.cycle_months?.max(1)))
    }
}

/// A line with what a record says of it.
pub(crate) fn line_record(line: &LineRow<'_>, context: &RunContext) -> LineRecord {
    let (row, agreement) = (line.row, line.agreement());
    LineRecord {
        line_id: row.id.clone(),
        agreement_id: agreement.id.clone(),
        agreement_name: agreement.name.clone(),
        product_code: row.product.clone(),
        product_name: row.product_name.clone(),
        quantity: row.quantity,
        unit_price: row.unit_price,
        cycle_months: agreement.cycle_months,
        prorates: agreement.prorates,
        currency: line.currency(context),
        from: line.begin(),
        to: line.end(),
    }
}
