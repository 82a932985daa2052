//! What each agreement bills, and how much of that was compared: beside the PSA's own preview of an invoice.

use truecount_reconciliation::{AgreementRevenue, ClientRecord};

use crate::column::Column;

/// An agreement of a client, in one currency.
pub(crate) struct AgreementCells<'a> {
    client: &'a ClientRecord,
    of: &'a AgreementRevenue,
}

impl<'a> AgreementCells<'a> {
    pub(crate) fn of_client(client: &'a ClientRecord) -> impl Iterator<Item = Self> {
        client.agreements.iter().map(move |of| Self { client, of })
    }
}

impl AgreementCells<'_> {
    pub(crate) const COLUMNS: [Column<Self>; 15] = [
        Column::text("client", |one| Some(&one.client.client_name)),
        Column::text("agreement", |one| Some(&one.of.agreement_name)),
        Column::day("next_invoice_date", |one| one.of.next_invoice_date),
        Column::whole("cycle_months", |one| one.of.cycle_months.map(u64::from)),
        Column::money("billed_a_cycle", |one| one.of.of_cycle()),
        Column::money("next_invoice_preview", |one| one.of.next_invoice_amount),
        Column::money("billed_a_month", |one| one.of.revenue.total()),
        Column::money("compared", |one| Some(one.of.revenue.compared)),
        Column::money("not_reconciled", |one| Some(one.of.revenue.not_reconciled)),
        Column::money("flat", |one| Some(one.of.revenue.flat)),
        Column::money("without_a_rule", |one| Some(one.of.revenue.uncounted)),
        Column::money("ignored", |one| Some(one.of.revenue.ignored)),
        Column::text("currency", |one| Some(one.of.currency.as_str())),
        Column::text("client_id", |one| Some(one.client.client_id.as_str())),
        Column::text("agreement_id", |one| Some(one.of.agreement_id.as_str())),
    ];
}
