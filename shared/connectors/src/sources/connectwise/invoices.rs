//! Invoices: what was billed. An invoice tells the sum that it bills for its agreement, and the products on it one by
//! one; the additions behind that sum are in no answer of the API.
//!
//! Not read: time and expenses, taxes, payments.

use serde::Deserialize;
use serde_json::value::RawValue;
use truecount_billing::{
    AccountId, Agreement, AgreementId, BilledLine, BillingStatus, ClientId, LineId, LineRole, ProductCode, RowReason,
};

use super::{CurrencyReference, Named, ProductReference, Root, Tables, billing_status, catalogue, count, list};
use crate::{
    error::RowError,
    out::{Context, Out},
    source::SourceBuilder,
    stream::Child,
    values::{VendorId, amount, day, filled},
    vocabulary::{Meaning, WordList},
};

const INVOICE_FIELDS: &str = "id,invoiceNumber,type,company/id,company/name,billToCompany/id,agreement/id,\
    agreement/name,agreement/type,date,agreementAmount,currency/currencyCode";
const PRODUCT_FIELDS: &str = "id,catalogItem/id,catalogItem/identifier,description,customerDescription,quantity,\
    quantityCancelled,price,cost,billableOption";

/// The product code of what an invoice bills for its agreement, which is one sum.
const AGREEMENT_SUM: &str = "INVOICED-AGREEMENT";

/// What an invoice is: a credit memo takes back what another has billed.
pub(super) const INVOICE_TYPES: WordList = WordList {
    field: "invoice.type",
    words: &[
        ("Agreement", Meaning::Value("invoice")),
        ("DownPayment", Meaning::Value("invoice")),
        ("Miscellaneous", Meaning::Value("invoice")),
        ("Progress", Meaning::Value("invoice")),
        ("Standard", Meaning::Value("invoice")),
        ("CreditMemo", Meaning::Value("credit")),
    ],
};

/// Adds the streams of invoices. `conditions` leave some of them out.
pub(super) fn invoiced(source: SourceBuilder<Tables>, at: &Root, conditions: Option<&str>) -> SourceBuilder<Tables> {
    let of_invoice = Some("invoice/id={invoice}");
    source
        .stream(at.below(catalogue()))
        .stream(at.below(list("invoices", "finance/invoices", INVOICE_FIELDS, conditions)
            .account("/company/id")
            .lookup(look_up_invoice)
            .parse(invoice)))
        .stream(count("invoice_count", "finance/invoices", conditions).counts("invoices", "/count"))
        .stream(list("invoice_products", "procurement/products", PRODUCT_FIELDS, of_invoice)
            .each("invoices", products_of)
            .parse(invoiced_product))
        .stream(count("invoice_product_count", "procurement/products", of_invoice).counts("invoice_products", "/count"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InvoiceRow {
    id: VendorId,
    invoice_number: Option<String>,
    r#type: Option<String>,
    company: Option<Named>,
    bill_to_company: Option<Named>,
    agreement: Option<AgreementReference>,
    date: Option<String>,
    agreement_amount: Option<Box<RawValue>>,
    currency: Option<CurrencyReference>,
}

#[derive(Deserialize)]
struct AgreementReference {
    id: Option<VendorId>,
    name: Option<String>,
    r#type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvoicedProduct {
    id: VendorId,
    catalog_item: Option<ProductReference>,
    description: Option<String>,
    customer_description: Option<String>,
    quantity: Option<Box<RawValue>>,
    quantity_cancelled: Option<Box<RawValue>>,
    price: Option<Box<RawValue>>,
    cost: Option<Box<RawValue>>,
    billable_option: Option<String>,
}

fn look_up_invoice(row: InvoiceRow, _: &Context<'_>, tables: &mut Tables) -> Result<(), RowError> {
    tables.invoices.insert(row.id.0.clone(), row);
    Ok(())
}

/// An invoice gives its client's name, and a line of what it bills for an agreement, if it does.
fn invoice(row: InvoiceRow, at: &Context<'_>, tables: &Tables, out: &mut Out<'_>) -> Result<(), RowError> {
    let Some(company) = row.company.as_ref() else {
        return Err(RowError::orphaned("invoice", &row.id.0, "company"));
    };
    let Some(account) = company.id.as_ref().map(|id| id.account(at)).transpose()? else {
        return Err(RowError::orphaned("invoice", &row.id.0, "company"));
    };
    out.account(&account, company.name.as_deref());
    let wrong = |why: String| RowError::field("invoice", Some(&row.id.0), why).of(&account);
    // Also of an invoice without an amount of its own: its products stand on it.
    let role = role(&row, LineRole::Flat, out).map_err(wrong)?;
    let amount = amount(row.agreement_amount.as_deref()).map_err(|why| wrong(format!("`agreementAmount`: {why}")))?;
    let Some(amount) = amount.filter(|amount| !amount.is_zero()) else { return Ok(()) };
    let line = || -> Result<BilledLine, String> {
        let code = ProductCode::new(AGREEMENT_SUM).map_err(|error| error.to_string())?;
        let line = bare_line(&row, &account, format!("invoice-{}", row.id.0), code, role)?;
        Ok(BilledLine { unit_price: Some(amount), link: link(&row, tables), ..line })
    };
    out.line(&account, line().map_err(wrong)?);
    Ok(())
}

/// The list of the products on an invoice.
fn products_of(row: InvoiceRow, at: &Context<'_>) -> Result<Option<Child>, RowError> {
    let Some(company) = row.company.and_then(|company| company.id) else { return Ok(None) };
    Ok(Some(Child::default().with("invoice", row.id.0).about(company.account(at)?)))
}

fn invoiced_product(
    row: InvoicedProduct,
    at: &Context<'_>,
    tables: &Tables,
    out: &mut Out<'_>,
) -> Result<(), RowError> {
    let invoice = at.variable("invoice")?;
    let Some(invoice_row) = tables.invoices.get(invoice) else {
        out.leave_out(RowReason::ParentDeleted);
        return Ok(());
    };
    let account = at.account()?;
    let wrong = |why: String| RowError::field("product", Some(&row.id.0), format!("on invoice {invoice}: {why}"));
    match product_line(&row, account, invoice_row, tables, out).map_err(wrong)? {
        Some(line) => out.line(account, line),
        None => out.leave_out(RowReason::NotBilled),
    }
    Ok(())
}

/// A product's line; `None`: all of it was cancelled.
fn product_line(
    row: &InvoicedProduct,
    account: &AccountId,
    invoice: &InvoiceRow,
    tables: &Tables,
    out: &mut Out<'_>,
) -> Result<Option<BilledLine>, String> {
    let number = |field: &str, raw: &Option<Box<RawValue>>| {
        amount(raw.as_deref()).map_err(|why| format!("`{field}`: {why}"))
    };
    let item = row.catalog_item.as_ref();
    let identifier = item.and_then(|item| item.identifier.as_deref()).ok_or("it has no product")?;
    let code = ProductCode::new(identifier).map_err(|error| format!("product: {error}"))?;
    let quantity = number("quantity", &row.quantity)?.ok_or("it has no quantity, which is not zero")?;
    let cancelled = number("quantityCancelled", &row.quantity_cancelled)?.unwrap_or_default();
    let billed = quantity.checked_sub(cancelled).ok_or("its quantity has too many digits")?;
    if billed.is_zero() && !cancelled.is_zero() {
        return Ok(None);
    }
    let by_id = item.and_then(|item| tables.products.get(&item.id.as_ref()?.0));
    let described = by_id.and_then(|product| product.description.clone());
    let role = role(invoice, LineRole::OneTime, out)?;
    Ok(Some(BilledLine {
        quantity: billed,
        product_name: described.or_else(|| filled(row.description.clone())),
        product_category: by_id.and_then(|product| product.category.clone()),
        client_term: filled(row.customer_description.clone()),
        unit_price: number("price", &row.price)?,
        unit_cost: number("cost", &row.cost)?,
        catalogue_price: by_id.and_then(|product| product.price),
        billing_status: billing_status(row.billable_option.as_deref(), "billableOption", out)?,
        link: link(invoice, tables),
        ..bare_line(invoice, account, format!("product-{}", row.id.0), code, role)?
    }))
}

/// The agreement that the invoice is of.
fn link(invoice: &InvoiceRow, tables: &Tables) -> Option<String> {
    let id = invoice.agreement.as_ref()?.id.as_ref()?;
    Some(tables.links.as_ref()?.agreement(&id.0))
}

/// What a line of an invoice is: of a credit memo a credit, else `usual`.
fn role(invoice: &InvoiceRow, usual: LineRole, out: &mut Out<'_>) -> Result<LineRole, String> {
    match out.value(&INVOICE_TYPES, invoice.r#type.as_deref()) {
        Some("credit") => Ok(LineRole::Credit),
        Some(_) => Ok(usual),
        None => Err("`type` has a value that is not known".into()),
    }
}

/// One unit on an invoice, of its day. An invoice of no agreement stands for one.
fn bare_line(
    invoice: &InvoiceRow,
    account: &AccountId,
    line_id: String,
    product_code: ProductCode,
    role: LineRole,
) -> Result<BilledLine, String> {
    let date = day(invoice.date.as_deref()).map_err(|why| format!("`date` {why}"))?;
    let bill_to = invoice.bill_to_company.as_ref().and_then(|company| company.id.as_ref());
    let bill_to = bill_to.map(|id| ClientId::new(&id.0)).transpose();
    let of = invoice.agreement.as_ref().and_then(|agreement| Some((agreement.id.as_ref()?, agreement)));
    let (id, name, agreement_type) = match of {
        Some((id, named)) => (id.0.clone(), named.name.clone(), named.r#type.clone()),
        None => (format!("invoice-{}", invoice.id.0), None, None),
    };
    let number = filled(invoice.invoice_number.clone()).unwrap_or_else(|| invoice.id.0.clone());
    let agreement = Agreement {
        agreement_type: filled(agreement_type),
        bill_to: bill_to.map_err(|error| format!("`billToCompany`: {error}"))?,
        cycle_months: None,
        ..Agreement::new(
            AgreementId::new(&id).map_err(|error| error.to_string())?,
            filled(name).unwrap_or_else(|| format!("invoice {number}")),
        )
    };
    let client_id = ClientId::new(account.as_str()).map_err(|error| error.to_string())?;
    let line_id = LineId::new(&line_id).map_err(|error| error.to_string())?;
    Ok(BilledLine {
        role,
        currency: CurrencyReference::read(invoice.currency.as_ref())?,
        effective_from: date,
        effective_to: date,
        billing_status: BillingStatus::Billable,
        ..BilledLine::new(line_id, client_id, product_code, rust_decimal::Decimal::ONE, agreement)
    })
}
