//! Agreements and the additions that stand on them: what will be billed.

use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use truecount_billing::{
    AccountId, Agreement, AgreementId, BilledLine, ClientId, LineId, LineRole, ProductCode, RowReason,
};

use super::{CurrencyReference, Named, ProductReference, REFUSED, Refused, Root, Tables, billing_status, catalogue, count, list};
use crate::{
    error::RowError,
    out::{Context, Out},
    source::SourceBuilder,
    stream::Child,
    values::{VendorId, amount, day, filled},
    vocabulary::{Meaning, WordList},
};

const AGREEMENT_FIELDS: &str = "id,name,type/name,company/id,company/name,billToCompany/id,startDate,endDate,\
    noEndingDateFlag,cancelledFlag,dateCancelled,oneTimeFlag,billingCycle/id,billingCycle/name,periodType,\
    nextInvoiceDate,currency/currencyCode,parentAgreement/id,prorateFlag,billAmount";
const ADDITION_FIELDS: &str = "id,product/id,product/identifier,quantity,lessIncluded,unitPrice,unitCost,\
    billCustomer,effectiveDate,cancelledDate,description,invoiceDescription,agreementId,_info/updatedBy";

/// What the PSA says of the next invoice of an agreement: a control of what was read, which other versions have under
/// another path, or not at all. Nothing else hangs on it.
const RECAP_FIELDS: &str = "id,nextInvoiceAmount";
const NO_RECAP: Refused = Refused { statuses: &[400, 403, 404, 405, 500, 501], code: None };

/// Months of a billing cycle, from the kind that the PSA gives it, or from its name.
pub(super) const CYCLES: WordList = WordList {
    field: "billingCycle",
    words: &[
        ("Monthly", Meaning::Months(Some(1))),
        ("BiMonthly", Meaning::Months(Some(2))),
        ("Quarterly", Meaning::Months(Some(3))),
        ("SemiAnnual", Meaning::Months(Some(6))),
        ("SemiAnnually", Meaning::Months(Some(6))),
        ("Yearly", Meaning::Months(Some(12))),
        ("Annual", Meaning::Months(Some(12))),
        ("Annually", Meaning::Months(Some(12))),
        ("Weekly", Meaning::Months(None)),
        ("BiWeekly", Meaning::Months(None)),
        ("NotRecurring", Meaning::Months(None)),
        ("OneTime", Meaning::Months(None)),
        ("None", Meaning::Months(None)),
    ],
};

/// Adds the streams of agreements. `conditions` leave some of them out.
pub(super) fn agreed(source: SourceBuilder<Tables>, at: &Root, conditions: Option<&str>) -> SourceBuilder<Tables> {
    source
        .stream(at.below(list("billing_cycles", "finance/billingCycles", "id,billingOptions", None)
            .without(REFUSED)
            .lookup(billing_cycle)))
        .stream(at.below(catalogue()))
        .stream(at.below(list("agreement_recap", "finance/agreementrecap", RECAP_FIELDS, None)
            .instead(NO_RECAP, "agreement_recaps")
            .lookup(look_up_recap)))
        .stream(list("agreement_recaps", "finance/agreementrecaps", RECAP_FIELDS, None)
            .only_instead()
            .without(NO_RECAP)
            .lookup(look_up_recap))
        .stream(at.below(list("agreements", "finance/agreements", AGREEMENT_FIELDS, conditions)
            .account("/company/id")
            .lookup(look_up_agreement)
            .parse(agreement)))
        .stream(count("agreement_count", "finance/agreements", conditions).counts("agreements", "/count"))
        .stream(list("additions", "finance/agreements/{agreement}/additions", ADDITION_FIELDS, None)
            .each("agreements", additions_of)
            .lookup(look_up_addition)
            .parse(addition))
        .stream(count("addition_count", "finance/agreements/{agreement}/additions", None).counts("additions", "/count"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BillingCycle {
    id: VendorId,
    billing_options: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AgreementRow {
    id: VendorId,
    name: Option<String>,
    r#type: Option<Named>,
    company: Option<Named>,
    bill_to_company: Option<Named>,
    start_date: Option<String>,
    end_date: Option<String>,
    no_ending_date_flag: Option<bool>,
    cancelled_flag: Option<bool>,
    date_cancelled: Option<String>,
    one_time_flag: Option<bool>,
    billing_cycle: Option<Named>,
    next_invoice_date: Option<String>,
    parent_agreement: Option<Named>,
    prorate_flag: Option<bool>,
    bill_amount: Option<Box<RawValue>>,
    currency: Option<CurrencyReference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgreementRecap {
    id: VendorId,
    next_invoice_amount: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Addition {
    id: VendorId,
    product: Option<ProductReference>,
    quantity: Option<Box<RawValue>>,
    less_included: Option<Box<RawValue>>,
    unit_price: Option<Box<RawValue>>,
    unit_cost: Option<Box<RawValue>>,
    bill_customer: Option<String>,
    effective_date: Option<String>,
    cancelled_date: Option<String>,
    description: Option<String>,
    invoice_description: Option<String>,
    #[serde(rename = "_info")]
    info: Option<RowInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RowInfo {
    updated_by: Option<String>,
}

fn billing_cycle(row: BillingCycle, _: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    if let Some(options) = filled(row.billing_options) {
        tables.cycles.insert(row.id.0, options);
    }
    Ok(())
}

fn look_up_recap(row: AgreementRecap, _: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    // An amount that is no number is none that can be compared: the lines are read all the same.
    if let Ok(Some(amount)) = amount(row.next_invoice_amount.as_deref()) {
        tables.next_invoices.insert(row.id.0, amount);
    }
    Ok(())
}

fn look_up_agreement(row: AgreementRow, _: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    tables.agreements.insert(row.id.0.clone(), row);
    Ok(())
}

/// An agreement gives its client's name, and a line of the amount that it bills without any addition; its terms stand
/// on the lines of its additions.
fn agreement(row: AgreementRow, at: &Context<'_>, tables: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    let company = row.company.as_ref().and_then(|company| Some((company.id.as_ref()?, company.name.as_ref())));
    let Some((company, name)) = company else {
        return Err(RowError::orphaned("agreement", &row.id.0, "company"));
    };
    let account = company.account(at)?;
    out.account(&account, name.map(String::as_str));
    if let Some(word) = cycle_word(row.billing_cycle.as_ref(), tables)
        && CYCLES.meaning(Some(&plain_cycle(word))).is_none()
    {
        out.unknown(CYCLES.field, Some(word));
    }
    let wrong = |why: String| RowError::field("agreement", Some(&row.id.0), why).of(&account);
    let terms = terms(&row, tables).map_err(wrong)?;
    let amount = amount(row.bill_amount.as_deref()).map_err(|why| wrong(format!("`billAmount`: {why}")))?;
    let Some(amount) = amount.filter(|amount| !amount.is_zero()) else { return Ok(()) };
    if tables.with_additions.contains(&row.id.0) {
        out.note("an agreement with additions has an amount of its own, too (`billAmount`): only its additions are read");
        return Ok(());
    }
    let line = amount_line(&row, &account, terms, amount, tables).map_err(wrong)?;
    out.line(&account, line);
    Ok(())
}

/// What an agreement bills each cycle, whatever is used. Its id is none that an addition can have.
fn amount_line(
    row: &AgreementRow,
    account: &AccountId,
    agreement: Agreement,
    amount: Decimal,
    tables: &Tables,
) -> Result<BilledLine, String> {
    let line_id = LineId::new(format!("agreement-{}", row.id.0)).map_err(|error| error.to_string())?;
    let client_id = ClientId::new(account.as_str()).map_err(|error| error.to_string())?;
    let code = ProductCode::new(BilledLine::AGREEMENT_AMOUNT).map_err(|error| error.to_string())?;
    Ok(BilledLine {
        role: if row.one_time_flag == Some(true) { LineRole::OneTime } else { LineRole::Flat },
        unit_price: Some(amount),
        currency: CurrencyReference::read(row.currency.as_ref())?,
        link: tables.links.as_ref().map(|links| links.agreement(&row.id.0)),
        ..BilledLine::new(line_id, client_id, code, Decimal::ONE, agreement)
    })
}

/// The list of an agreement's additions.
fn additions_of(row: AgreementRow, at: &Context<'_>) -> Result<Option<Child>, RowError> {
    let Some(company) = row.company.and_then(|company| company.id) else { return Ok(None) };
    Ok(Some(Child::default().with("agreement", row.id.0).about(company.account(at)?)))
}

/// What an agreement says of its lines.
fn terms(row: &AgreementRow, tables: &Tables) -> Result<Agreement, String> {
    let from = day(row.start_date.as_deref()).map_err(|why| format!("`startDate` {why}"))?;
    let ends = day(row.end_date.as_deref()).map_err(|why| format!("`endDate` {why}"))?;
    let ends = ends.filter(|_| row.no_ending_date_flag != Some(true));
    let cancelled = day(row.date_cancelled.as_deref()).map_err(|why| format!("`dateCancelled` {why}"))?;
    let to = match (row.cancelled_flag, cancelled) {
        (Some(true), Some(day)) => Some(ends.map_or(day, |ends| ends.min(day))),
        // Cancelled, nobody says since when: it never bills.
        (Some(true), None) => Some(from.map_or(Date::constant(1970, 1, 1), |from| from.saturating_sub(1.day()))),
        _ => ends,
    };
    CurrencyReference::read(row.currency.as_ref())?;
    let agreement_type = row.r#type.as_ref().and_then(|named| named.name.clone()).unwrap_or_default();
    let timing = tables.timing.by_type.get(&agreement_type).copied().unwrap_or(tables.timing.usual);
    let name = row.name.clone().unwrap_or_else(|| format!("agreement {}", row.id.0));
    let next_invoice_date = day(row.next_invoice_date.as_deref()).map_err(|why| format!("`nextInvoiceDate` {why}"))?;
    let id = |named: &Option<Named>| named.as_ref().and_then(|named| named.id.as_ref()).map(|id| id.0.clone());
    let parent = id(&row.parent_agreement).map(AgreementId::new).transpose();
    let bill_to = id(&row.bill_to_company).map(ClientId::new).transpose();
    Ok(Agreement {
        agreement_type: Some(agreement_type).filter(|text| !text.is_empty()),
        parent: parent.map_err(|error| format!("`parentAgreement`: {error}"))?,
        bill_to: bill_to.map_err(|error| format!("`billToCompany`: {error}"))?,
        from,
        to,
        timing,
        cycle_months: cycle_months(row, tables),
        prorates: row.prorate_flag,
        next_invoice_date,
        next_invoice_amount: tables.next_invoices.get(&row.id.0).copied(),
        ..Agreement::new(AgreementId::new(&row.id.0).map_err(|error| error.to_string())?, name)
    })
}

fn cycle_word<'t>(cycle: Option<&'t Named>, tables: &'t Tables) -> Option<&'t str> {
    let cycle = cycle?;
    let by_id = cycle.id.as_ref().and_then(|id| tables.cycles.get(&id.0));
    by_id.or(cycle.name.as_ref()).map(String::as_str)
}

/// Names are people's own: `Semi-Annual` and `Semi Annual` are one.
fn plain_cycle(word: &str) -> String {
    word.replace([' ', '-'], "")
}

fn cycle_months(row: &AgreementRow, tables: &Tables) -> Option<u32> {
    let word = cycle_word(row.billing_cycle.as_ref(), tables)?;
    match CYCLES.meaning(Some(&plain_cycle(word))) {
        Some(Meaning::Months(months)) => months.filter(|_| row.one_time_flag != Some(true)),
        _ => None,
    }
}

/// Remembers that the agreement has additions, and what stands for longer than a part of one month, to tell a proration by.
fn look_up_addition(row: Addition, at: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    let agreement = at.variable("agreement")?;
    if !tables.with_additions.contains(agreement) {
        tables.with_additions.insert(agreement.to_owned());
    }
    let dates = (day(row.effective_date.as_deref()), day(row.cancelled_date.as_deref()));
    let is_part = matches!(dates, (Ok(Some(from)), Ok(Some(to))) if is_part_of_month(from, to));
    if let Some(product) = row.product.and_then(|product| product.identifier).filter(|_| !is_part) {
        tables.standing.insert((agreement.to_owned(), product));
    }
    Ok(())
}

fn addition(row: Addition, at: &Context<'_>, tables: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    let agreement = at.variable("agreement")?;
    let Some(terms) = tables.agreements.get(agreement) else {
        out.leave_out(RowReason::ParentDeleted);
        return Ok(());
    };
    let wrong = |why: String| RowError::field("addition", Some(&row.id.0), format!("of agreement {agreement}: {why}"));
    let line = line(&row, at, terms, tables, out).map_err(wrong)?;
    out.line(at.account()?, line);
    Ok(())
}

/// `cancelledDate` is the last day billed: integrators enter 31 March to stop after March.
fn line(
    row: &Addition,
    at: &Context<'_>,
    agreement_row: &AgreementRow,
    tables: &Tables,
    out: &mut Out<'_>,
) -> Result<BilledLine, String> {
    let number = |field: &str, raw: &Option<Box<RawValue>>| {
        amount(raw.as_deref()).map_err(|why| format!("`{field}`: {why}"))
    };
    let date = |field: &str, text: &Option<String>| day(text.as_deref()).map_err(|why| format!("`{field}` {why}"));
    let product = row.product.as_ref().and_then(|product| product.identifier.as_deref()).ok_or("it has no product")?;
    let by_id = row.product.as_ref().and_then(|product| tables.products.get(&product.id.as_ref()?.0));
    let billing_status = billing_status(row.bill_customer.as_deref(), "billCustomer", out)?;
    let agreement = terms(agreement_row, tables)?;
    let line_id = LineId::new(&row.id.0).map_err(|error| error.to_string())?;
    let account = at.account().map_err(|error| error.to_string())?;
    let client_id = ClientId::new(account.as_str()).map_err(|error| error.to_string())?;
    let product_code = ProductCode::new(product).map_err(|error| format!("product: {error}"))?;
    let quantity = number("quantity", &row.quantity)?.ok_or("it has no quantity, which is not zero")?;
    let (from, to) = (date("effectiveDate", &row.effective_date)?, date("cancelledDate", &row.cancelled_date)?);
    let described = by_id.and_then(|product| product.description.clone());
    Ok(BilledLine {
        role: role(agreement_row, product, quantity, (from, to), tables),
        product_name: described.or_else(|| filled(row.description.clone())),
        product_category: by_id.and_then(|product| product.category.clone()),
        client_term: filled(row.invoice_description.clone()),
        changed_by: row.info.as_ref().and_then(|info| filled(info.updated_by.clone())),
        link: tables.links.as_ref().map(|links| links.agreement(&agreement_row.id.0)),
        less_included: number("lessIncluded", &row.less_included)?.filter(|units| !units.is_zero()),
        unit_price: number("unitPrice", &row.unit_price)?,
        unit_cost: number("unitCost", &row.unit_cost)?.or_else(|| by_id.and_then(|product| product.cost)),
        catalogue_price: by_id.and_then(|product| product.price),
        currency: CurrencyReference::read(agreement_row.currency.as_ref())?,
        effective_from: from,
        effective_to: to,
        billing_status,
        ..BilledLine::new(line_id, client_id, product_code, quantity, agreement)
    })
}

/// What a line is to what recurs. A row of negative quantity that ends is a credit. A row for the rest of one month,
/// beside one of the same product that stands, is the prorated part of a change: its units stand in the other row, too.
fn role(
    agreement: &AgreementRow,
    product: &str,
    quantity: Decimal,
    dates: (Option<Date>, Option<Date>),
    tables: &Tables,
) -> LineRole {
    if agreement.one_time_flag == Some(true) {
        return LineRole::OneTime;
    }
    if quantity.is_sign_negative() && dates.1.is_some() {
        return LineRole::Credit;
    }
    let is_part = matches!(dates, (Some(from), Some(to)) if is_part_of_month(from, to));
    let stands = || tables.standing.contains(&(agreement.id.0.clone(), product.to_owned()));
    if is_part && agreement.prorate_flag == Some(true) && stands() {
        return LineRole::Proration;
    }
    LineRole::Recurring
}

/// Whether a span is the rest of one month.
fn is_part_of_month(from: Date, to: Date) -> bool {
    from.first_of_month() == to.first_of_month() && from.day() > 1 && to == to.last_of_month()
}
