//! Reads the records of a CSV page into usage items or billed lines. A record that cannot be read refuses the file:
//! a table that a person exported is whole or it is not the table.

use std::collections::HashMap;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::{
    AccountId, Agreement, AgreementId, BilledLine, BillingStatus, ClientId, Currency, FieldError, Identities, ItemId,
    ItemState, LineId, Place, ProductCode, Quantity, RowReason, StreamReceipt, Unit, UsageItem, decimal_from_text,
};

use super::profile::{Layout, Profile};
use crate::{
    error::PageError,
    request::Page,
    snapshot::SnapshotBuilder,
    values::{day, moment},
    vocabulary::shown,
};

/// Reads a page's records; the receipt gets each of them.
pub(super) fn read(
    profile: &Profile,
    page: &Page,
    reading: &mut SnapshotBuilder,
    receipt: &mut StreamReceipt,
) -> Result<(), PageError> {
    let chunk = page.part.as_ref().ok_or_else(|| wrong(page, "a part of a file does not say of which"))?;
    let layout =
        profile.layout(&chunk.header).map_err(|why| wrong(page, format!("{}: {why}", chunk.file)))?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(profile.delimiter)
        .from_reader(page.body.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut names = HashMap::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(_) => return Err(wrong(page, format!("{}: a record is not CSV", chunk.file))),
        }
        let line = chunk.first_line - 1 + record.position().map_or(1, csv::Position::line);
        let row = Row { layout: &layout, record: &record, file: &chunk.file, line };
        row.length(chunk.header.len()).map_err(|error| wrong(page, error.to_string()))?;
        receipt.rows += 1;
        if !layout.takes(&record) {
            *receipt.left_out.entry(RowReason::NotSelected).or_default() += 1;
            continue;
        }
        let taken =
            if profile.is_billed() { billed(&row, reading, &mut names) } else { usage(&row, reading, &mut names) };
        taken.map_err(|error| wrong(page, error.to_string()))?;
        receipt.used += 1;
    }
}

fn wrong(page: &Page, why: impl Into<String>) -> PageError {
    PageError::of_file(&*page.request.stream, why)
}

/// One record with its place in the file.
struct Row<'a> {
    layout: &'a Layout<'a>,
    record: &'a csv::StringRecord,
    file: &'a str,
    line: u64,
}

impl Row<'_> {
    fn length(&self, due: usize) -> Result<(), FieldError> {
        let got = self.record.len();
        if got == due {
            return Ok(());
        }
        Err(self.wrong("(all)", format!("the line has {got} fields, the header has {due}")))
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.layout.text(self.record, field)
    }

    fn needed(&self, field: &str) -> Result<&str, FieldError> {
        self.text(field).ok_or_else(|| self.wrong(field, "it is empty, and it is needed"))
    }

    /// A field read by `how`, or nothing.
    fn read<'r, T, E: ToString>(
        &'r self,
        field: &str,
        how: impl Fn(&'r str) -> Result<T, E>,
    ) -> Result<Option<T>, FieldError> {
        self.text(field).map(how).transpose().map_err(|error| self.wrong(field, error.to_string()))
    }

    fn id<'r, T, E: ToString>(&'r self, field: &str, how: impl Fn(&'r str) -> Result<T, E>) -> Result<T, FieldError> {
        how(self.needed(field)?).map_err(|error| self.wrong(field, error.to_string()))
    }

    fn wrong(&self, field: &str, why: impl Into<String>) -> FieldError {
        let place = Place { file: self.file.to_owned(), line: Some(self.line), field: field.to_owned() };
        FieldError { place, why: why.into() }
    }
}

/// The names that accounts were given on this page: one account, one name, told to the reading once.
type Names = HashMap<AccountId, String>;

fn account(
    row: &Row<'_>,
    reading: &mut SnapshotBuilder,
    names: &mut Names,
    id: &str,
    name: &str,
) -> Result<AccountId, FieldError> {
    let id: AccountId = row.id(id, AccountId::new)?;
    let name = row.text(name).unwrap_or(id.as_str());
    if names.get(&id).is_none_or(|known| known != name) {
        reading.account(&id, name);
        names.insert(id.clone(), name.to_owned());
    }
    Ok(id)
}

/// A file without a status column lists what is in use; one without quantities lists pieces.
fn usage(row: &Row<'_>, reading: &mut SnapshotBuilder, names: &mut Names) -> Result<(), FieldError> {
    let quantity =
        if row.layout.has("quantity") { row.read("quantity", decimal_from_text)? } else { Some(Decimal::ONE) };
    let status = if row.layout.has("status") { row.text("status").unwrap_or("unknown") } else { "active" };
    let last_seen = row.read("last_seen", last_seen)?;
    let item = UsageItem {
        name: row.text("item_name").map(str::to_owned),
        sku: row.text("sku").map(str::to_owned),
        state: ItemState::from_word(status).to_owned(),
        quantity: quantity.map(|amount| Quantity { amount, unit: Unit::Each }),
        identities: identities(row),
        attributes: ["site", "domain", "group"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), row.text(name)?.to_owned())))
            .collect(),
        last_seen: last_seen.flatten(),
        ..UsageItem::new(row.id("item_id", ItemId::new)?, row.needed("kind")?)
    };
    let account = account(row, reading, names, "account_id", "account_name")?;
    if let Some(client) = row.text("psa_client_id") {
        reading.identifier(&account, client);
    }
    if let Some(domain) = row.text("domain") {
        reading.domain(&account, domain);
    }
    reading.item(&account, &item);
    Ok(())
}

/// A day is its beginning in UTC.
fn last_seen(text: &str) -> Result<Option<Timestamp>, String> {
    let read = match text.len() {
        10 => moment(Some(&format!("{text}T00:00:00Z"))),
        _ => moment(Some(text)),
    };
    read.map_err(|_| {
        let shown = shown(Some(text));
        format!("`{shown}` is not a date and time with an offset: write 2026-06-30 or 2026-06-30T08:00:00Z")
    })
}

fn date(text: &str) -> Result<Option<Date>, String> {
    day(Some(text)).map_err(|_| format!("`{}` is not a date: write 2026-06-30", shown(Some(text))))
}

fn identities(row: &Row<'_>) -> Identities {
    let text = |field: &str| row.text(field).map(str::to_owned);
    Identities {
        serial: text("serial"),
        mac_addresses: text("mac_address").into_iter().collect(),
        host_name: text("host_name"),
        object_id: text("object_id"),
        mail_addresses: text("mail_address").into_iter().collect(),
    }
}

/// A line without an agreement of its own stands on one of the client's name, monthly and in advance.
fn billed(row: &Row<'_>, reading: &mut SnapshotBuilder, names: &mut Names) -> Result<(), FieldError> {
    let account = account(row, reading, names, "client_id", "client_name")?;
    let date = |field: &str| Ok::<_, FieldError>(row.read(field, date)?.flatten());
    let word = |field: &str, words: &[(&str, u8)]| {
        row.read(field, |text| {
            let known = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
            known.ok_or_else(|| {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                format!("it is none of: {}", words.join(", "))
            })
        })
    };
    let billing_status = match word("billing_status", &[("billable", 0), ("no_charge", 1), ("do_not_bill", 2)])? {
        Some(1) => BillingStatus::NoCharge,
        Some(2) => BillingStatus::DoNotBill,
        _ => BillingStatus::Billable,
    };
    let timing = match word("timing", &[("advance", 0), ("arrears", 1)])? {
        Some(1) => truecount_billing::InvoiceTiming::Arrears,
        _ => truecount_billing::InvoiceTiming::Advance,
    };
    let cycle_months = row.read("cycle_months", |text| match text.parse::<u32>() {
        Ok(months) if (1..=120).contains(&months) => Ok(months),
        _ => Err("it is not a number of months from 1 to 120"),
    })?;
    let name = row.text("agreement").or(row.text("agreement_id")).unwrap_or("agreement").to_owned();
    let agreement_id = row.text("agreement_id").or(row.text("agreement")).unwrap_or(account.as_str());
    let agreement_id = AgreementId::new(agreement_id).map_err(|error| row.wrong("agreement_id", error.to_string()))?;
    let agreement = Agreement {
        timing,
        cycle_months: if row.layout.has("cycle_months") { cycle_months } else { Some(1) },
        ..Agreement::new(agreement_id, name)
    };
    let (line_id, client_id) = (row.id("line_id", LineId::new)?, row.id("client_id", ClientId::new)?);
    let product_code = row.id("product_code", ProductCode::new)?;
    let quantity = row.id("quantity", decimal_from_text)?;
    let line = BilledLine {
        less_included: row.read("less_included", decimal_from_text)?,
        unit_price: row.read("unit_price", decimal_from_text)?,
        currency: row.read("currency", Currency::new)?,
        effective_from: date("effective_from")?,
        effective_to: date("effective_to")?,
        billing_status,
        ..BilledLine::new(line_id, client_id, product_code, quantity, agreement)
    };
    reading.line(&account, line);
    Ok(())
}
