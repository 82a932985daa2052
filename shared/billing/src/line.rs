//! The billed side: what an agreement of the PSA will put on an invoice.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{AgreementId, BillingMonth, ClientId, Currency, LineId, ProductCode, ServicePeriod};

/// When an agreement bills: decides which service period the next invoice pays for (false gap F42).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceTiming {
    /// The coming period, counted on its first day.
    #[default]
    Advance,
    /// The period that ends, counted on its last day.
    Arrears,
}

impl InvoiceTiming {
    /// The service period of the next invoice of a run for `month`.
    #[must_use]
    pub fn service_period(self, month: BillingMonth) -> ServicePeriod {
        match self {
            Self::Advance => ServicePeriod::month(month.next()),
            Self::Arrears => ServicePeriod::month(month),
        }
    }

    /// The day on which a line's quantity counts for that period.
    #[must_use]
    pub fn billing_day(self, period: ServicePeriod) -> Date {
        match self {
            Self::Advance => period.first,
            Self::Arrears => period.last,
        }
    }
}

/// What the PSA does with a line's price (ConnectWise `billCustomer`; false gap F20).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillingStatus {
    /// Billed at its price.
    #[default]
    Billable,
    /// On the invoice, at no charge: counted, worth nothing.
    NoCharge,
    /// Not on the invoice by design: counted, worth nothing.
    DoNotBill,
}

/// The agreement that a line stands on; a line's interval is cut by it (false gap F49).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The PSA's id.
    pub id: AgreementId,
    /// As people know it.
    pub name: String,
    /// First day, if stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last day (inclusive), if it ends or was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// In advance or in arrears.
    #[serde(default)]
    pub timing: InvoiceTiming,
    /// Months of one billing cycle: 1 monthly, 3 quarterly, 12 yearly; `None` if the PSA's cycle is none of
    /// these, and then nothing can be brought to a month (false gap F28).
    pub cycle_months: Option<u32>,
    /// The next invoice date, where the PSA tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_invoice_date: Option<Date>,
}

/// One line of product, quantity and price on an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledLine {
    /// The PSA's id of the line (a ConnectWise addition).
    pub line_id: LineId,
    /// The client whose usage it bills.
    pub client_id: ClientId,
    /// The product as the PSA names it.
    pub product_code: ProductCode,
    /// Units on the line, as the PSA has them; credits are negative, fractions occur.
    pub quantity: Decimal,
    /// Units of the line that its base price includes (ConnectWise `lessIncluded`; false gap F18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub less_included: Option<Decimal>,
    /// Price of one unit for one billing cycle; `None` if the PSA did not say, which is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Decimal>,
    /// The agreement's currency, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// First day billed (inclusive); `None`: from the agreement's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Date>,
    /// Last day billed (inclusive); `None`: open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_to: Option<Date>,
    /// Billed, at no charge, or not billed by design.
    #[serde(default)]
    pub billing_status: BillingStatus,
    /// The agreement it stands on.
    pub agreement: Agreement,
}

impl BilledLine {
    /// Whether the line stands on a day, by its own dates and its agreement's.
    #[must_use]
    pub fn is_active_on(&self, day: Date) -> bool {
        let within =
            |from: Option<Date>, to: Option<Date>| from.is_none_or(|f| f <= day) && to.is_none_or(|t| day <= t);
        within(self.effective_from, self.effective_to) && within(self.agreement.from, self.agreement.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn line(from: Option<Date>, to: Option<Date>, agreement_to: Option<Date>) -> BilledLine {
        BilledLine {
            line_id: LineId::new("1").unwrap(),
            client_id: ClientId::new("c").unwrap(),
            product_code: ProductCode::new("MNG").unwrap(),
            quantity: Decimal::ONE,
            less_included: None,
            unit_price: None,
            currency: None,
            effective_from: from,
            effective_to: to,
            billing_status: BillingStatus::Billable,
            agreement: Agreement {
                id: AgreementId::new("a").unwrap(),
                name: "Managed".into(),
                from: None,
                to: agreement_to,
                timing: InvoiceTiming::Advance,
                cycle_months: Some(1),
                next_invoice_date: None,
            },
        }
    }

    #[test]
    fn both_ends_belong_to_a_line() {
        let one = line(Some(date(2026, 6, 1)), Some(date(2026, 6, 30)), None);
        assert!(one.is_active_on(date(2026, 6, 1)) && one.is_active_on(date(2026, 6, 30)));
        assert!(!one.is_active_on(date(2026, 5, 31)) && !one.is_active_on(date(2026, 7, 1)));
    }

    #[test]
    fn an_open_line_ends_with_its_agreement() {
        let one = line(None, None, Some(date(2026, 6, 15)));
        assert!(one.is_active_on(date(2026, 6, 15)) && !one.is_active_on(date(2026, 6, 16)));
    }

    #[test]
    fn the_next_invoice_looks_ahead_in_advance_and_back_in_arrears() {
        let month: BillingMonth = "2026-12".parse().unwrap();
        let ahead = InvoiceTiming::Advance.service_period(month);
        assert_eq!(ahead.to_string(), "2027-01-01..2027-01-31");
        assert_eq!(InvoiceTiming::Advance.billing_day(ahead), date(2027, 1, 1));
        let back = InvoiceTiming::Arrears.service_period(month);
        assert_eq!(InvoiceTiming::Arrears.billing_day(back), date(2026, 12, 31));
    }
}
