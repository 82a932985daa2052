//! A row as a billed line.

use truecount_billing::{
    AccountId, Agreement, BilledLine, BillingStatus, ClientId, InvoiceTiming, LineId, LineRole, ProductCode, RowReason,
};

use crate::{
    entry::{Entered, ExportAccount, ExportEntry, RowRead},
    fault::CellFault,
    field::{ExportField as F, WordKind},
    profile::AccountFrom,
    row::Cells,
    usage::row_id,
};

/// Reads a row as a billed line.
pub(crate) fn line(mut cells: Cells<'_>) -> Result<RowRead, Vec<CellFault>> {
    let client = client(&mut cells);
    let agreement = agreement(&mut cells, client.as_ref().map(|(account, _)| account.id.as_str()));
    let id = line_id(&mut cells);
    let product = cells.id::<ProductCode>(F::ProductCode);
    let before = cells.faults.len();
    let quantity = cells.number(F::Quantity);
    if quantity.is_none() && cells.faults.len() == before {
        cells.fault(F::Quantity, crate::fault::CellFaultKind::Empty);
    }
    let has_ended = cells.word(F::LineStatus, WordKind::LineStatus) == Some("ended");
    let role = match cells.word(F::Role, WordKind::Role) {
        Some("flat") => LineRole::Flat,
        Some("credit") => LineRole::Credit,
        Some("proration") => LineRole::Proration,
        Some("one_time") => LineRole::OneTime,
        _ => LineRole::Recurring,
    };
    let billing_status = match cells.word(F::BillingStatus, WordKind::BillingStatus) {
        Some("no_charge") => BillingStatus::NoCharge,
        Some("do_not_bill") => BillingStatus::DoNotBill,
        _ => BillingStatus::Billable,
    };
    let text = |cells: &mut Cells<'_>, field: F| cells.text(field).map(str::to_owned);
    let (Some((account, client_id)), Some(agreement), Some(id), Some(product), Some(quantity)) =
        (client, agreement, id, product, quantity)
    else {
        // What is wrong beyond what a line needs is told, too.
        rest_of_faults(&mut cells);
        return Err(cells.faults);
    };
    let line = BilledLine {
        product_name: text(&mut cells, F::ProductName),
        product_category: text(&mut cells, F::Category),
        role,
        less_included: cells.number(F::LessIncluded),
        unit_price: cells.number(F::UnitPrice),
        unit_cost: cells.number(F::UnitCost),
        catalogue_price: cells.number(F::CataloguePrice),
        currency: cells.currency(),
        effective_from: cells.day(F::EffectiveFrom),
        effective_to: cells.day(F::EffectiveTo),
        billing_status,
        client_term: text(&mut cells, F::ClientTerm),
        ..BilledLine::new(id, client_id, product, quantity, agreement)
    };
    if !cells.faults.is_empty() {
        return Err(cells.faults);
    }
    let is_over = has_ended && line.effective_to.is_none() && line.agreement.to.is_none();
    if is_over {
        // Nobody knows since when: it bills nothing any more.
        return Ok(RowRead { entry: Err(RowReason::NotBilled), unknown_words: cells.unknown_words });
    }
    let entry = ExportEntry { account, what: Entered::Line(Box::new(line)), charge: None };
    Ok(RowRead { entry: Ok(entry), unknown_words: cells.unknown_words })
}

fn rest_of_faults(cells: &mut Cells<'_>) {
    for field in [F::LessIncluded, F::UnitPrice, F::UnitCost, F::CataloguePrice] {
        cells.number(field);
    }
    cells.currency();
    for field in [F::EffectiveFrom, F::EffectiveTo] {
        cells.day(field);
    }
}

fn client(cells: &mut Cells<'_>) -> Option<(ExportAccount, ClientId)> {
    let layout = cells.layout;
    let id: AccountId = match layout.profile().account_from {
        AccountFrom::Column => cells.id(F::ClientId)?,
        AccountFrom::FileName => cells.id_of(F::ClientId, layout.file_account()?)?,
    };
    let client_id = cells.id_of(F::ClientId, id.as_str())?;
    let name = cells.text(F::ClientName).unwrap_or(id.as_str()).to_owned();
    Some((ExportAccount { id, name, identifier: None, domain: None }, client_id))
}

fn line_id(cells: &mut Cells<'_>) -> Option<LineId> {
    if !cells.layout.has_row_ids() {
        return cells.id(F::LineId);
    }
    let id = row_id(cells);
    cells.id_of(F::LineId, &id)
}

/// A line without an agreement of its own stands on one of the client's, monthly and in advance.
fn agreement(cells: &mut Cells<'_>, client: Option<&str>) -> Option<Agreement> {
    let name = cells.text(F::AgreementName);
    let id = match (cells.text(F::AgreementId), name, client) {
        (Some(id), _, _) => id.to_owned(),
        // Many clients have an agreement of one name.
        (None, Some(name), Some(client)) => format!("{client}: {name}"),
        (None, _, client) => client?.to_owned(),
    };
    let id = cells.id_of(F::AgreementId, &id)?;
    let cycle_months = match cells.is_mapped(F::Cycle) {
        true => cells.cycle_months(),
        false => Some(1),
    };
    let timing = match cells.word(F::Timing, WordKind::Timing) {
        Some("arrears") => InvoiceTiming::Arrears,
        _ => InvoiceTiming::Advance,
    };
    let name = name.or_else(|| cells.text(F::AgreementId)).unwrap_or("agreement");
    Some(Agreement {
        agreement_type: cells.text(F::AgreementType).map(str::to_owned),
        parent: cells.id_if_any(F::ParentAgreement),
        bill_to: cells.id_if_any(F::BillTo),
        from: cells.day(F::AgreementFrom),
        to: cells.day(F::AgreementTo),
        timing,
        cycle_months,
        prorates: cells.word(F::Prorates, WordKind::YesNo).map(|word| word == "yes"),
        next_invoice_date: cells.day(F::NextInvoiceDate),
        ..Agreement::new(id, name)
    })
}
