//! The billed side: what an agreement of the PSA will put on an invoice.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{AgreementId, ClientId, Currency, LineId, ProductCode};

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

/// What a line is on an agreement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineRole {
    /// Units at a price, each billing cycle.
    #[default]
    Recurring,
    /// A fixed amount each billing cycle, whatever is used.
    Flat,
    /// Takes back what was billed before.
    Credit,
    /// Part of a billing cycle, for a change within it.
    Proration,
    /// Billed once.
    OneTime,
}

/// The agreement that a line stands on; a line is billed only within its dates (false gap F49).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The PSA's id.
    pub id: AgreementId,
    /// As people know it.
    pub name: String,
    /// Its type, as the PSA names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement_type: Option<String>,
    /// The agreement that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AgreementId>,
    /// Who is billed for it, where that is another client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill_to: Option<ClientId>,
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
    /// Whether a change within a billing cycle is billed in part; `None`: the PSA does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prorates: Option<bool>,
    /// The next invoice date, where the PSA has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_invoice_date: Option<Date>,
    /// What the PSA itself says that the next invoice will be, in the currency of its lines. A control: nothing is
    /// computed of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_invoice_amount: Option<Decimal>,
}

impl Agreement {
    /// An open agreement, billed monthly in advance, of which nothing else is known.
    #[must_use]
    pub fn new(id: AgreementId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            agreement_type: None,
            parent: None,
            bill_to: None,
            from: None,
            to: None,
            timing: InvoiceTiming::Advance,
            cycle_months: Some(1),
            prorates: None,
            next_invoice_date: None,
            next_invoice_amount: None,
        }
    }
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
    /// The product's name there. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_name: Option<String>,
    /// The category that the PSA's catalogue has it in. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_category: Option<String>,
    /// What the line is on its agreement.
    #[serde(default)]
    pub role: LineRole,
    /// Units on the line, as the PSA has them; credits are negative, fractions occur.
    pub quantity: Decimal,
    /// Units of the line that its base price includes (ConnectWise `lessIncluded`; false gap F18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub less_included: Option<Decimal>,
    /// Price of one unit for one billing cycle; `None` if the PSA did not say, which is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Decimal>,
    /// What one unit costs the MSP for one billing cycle, as the PSA has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_cost: Option<Decimal>,
    /// What the PSA's catalogue asks for one, whatever the line does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue_price: Option<Decimal>,
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
    /// What the client reads for it on the invoice. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_term: Option<String>,
    /// Who changed it last: the login of a person or an integration, as the PSA has it. Foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// Where a person finds it in the PSA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The agreement it stands on.
    pub agreement: Agreement,
}

impl BilledLine {
    /// The product code of what an agreement bills by itself, with the role [`LineRole::Flat`] where it does so each
    /// cycle. It is no product of the catalogue.
    pub const AGREEMENT_AMOUNT: &'static str = "AGREEMENT-AMOUNT";

    /// A recurring, billable line without dates or price of its own, of which nothing else is known.
    #[must_use]
    pub fn new(
        line_id: LineId,
        client_id: ClientId,
        product_code: ProductCode,
        quantity: Decimal,
        agreement: Agreement,
    ) -> Self {
        Self {
            line_id,
            client_id,
            product_code,
            product_name: None,
            product_category: None,
            role: LineRole::Recurring,
            quantity,
            less_included: None,
            unit_price: None,
            unit_cost: None,
            catalogue_price: None,
            currency: None,
            effective_from: None,
            effective_to: None,
            billing_status: BillingStatus::Billable,
            client_term: None,
            changed_by: None,
            link: None,
            agreement,
        }
    }

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
        let agreement = Agreement { to: agreement_to, ..Agreement::new(AgreementId::new("a").unwrap(), "Managed") };
        let (id, client) = (LineId::new("1").unwrap(), ClientId::new("c").unwrap());
        let line = BilledLine::new(id, client, ProductCode::new("MNG").unwrap(), Decimal::ONE, agreement);
        BilledLine { effective_from: from, effective_to: to, ..line }
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
}
