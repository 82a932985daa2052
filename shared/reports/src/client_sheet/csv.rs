//! The list of a client as CSV: a row for each billed line, then one for each user, device or licence.

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_reconciliation::{ClientRecord, ItemRecord, LineRecord};

use super::{ClientSheet, Service, SheetPrices, item_name, status::ItemStatus};
use crate::{
    ReportError, RunHeader,
    column::{Column, SheetWriter},
};

pub(super) fn csv(sheet: &ClientSheet<'_>, header: &RunHeader) -> Result<Vec<u8>, ReportError> {
    let columns = match sheet.prices() {
        SheetPrices::Shown => &EntryCells::COLUMNS[..],
        SheetPrices::Hidden => &EntryCells::COLUMNS[..EntryCells::WITHOUT_PRICES],
    };
    let mut bytes = Vec::new();
    let written = write(columns, sheet, header, &mut bytes);
    written.map_err(|source| ReportError::Sheet { sheet: "a client's sheet", source })?;
    Ok(bytes)
}

fn write<'a>(
    columns: &[Column<EntryCells<'a>>],
    sheet: &'a ClientSheet<'a>,
    header: &RunHeader,
    out: &mut Vec<u8>,
) -> csv::Result<()> {
    let mut writer = SheetWriter::begin(columns, header, out)?;
    let counted_on = header.count_day.0;
    for service in &sheet.services {
        let mut row = |entry| writer.row(columns, &EntryCells { client: sheet.client, service, entry, counted_on });
        for line in &service.row.lines {
            row(Entry::Line(line))?;
        }
        for (item, status) in &service.items {
            row(Entry::Item(item, status))?;
        }
    }
    writer.finish()
}

/// What a row is about.
#[derive(Clone, Copy)]
enum Entry<'a> {
    Line(&'a LineRecord),
    Item(&'a ItemRecord, &'a ItemStatus),
}

struct EntryCells<'a> {
    client: &'a ClientRecord,
    service: &'a Service<'a>,
    entry: Entry<'a>,
    counted_on: Date,
}

impl EntryCells<'_> {
    /// How many of the columns stand in a sheet without prices.
    const WITHOUT_PRICES: usize = 17;

    const COLUMNS: [Column<Self>; 21] = [
        Column::text("client", |one| Some(&one.client.client_name)),
        Column::text("service", |one| Some(&one.service.name)),
        Column::text("agreement", |one| Some(one.agreement())),
        Column::word("entry", |one| if one.line().is_some() { "billed line" } else { "item" }),
        Column::text("name", |one| Some(one.name())),
        Column::composed("kind", |one| one.kind()),
        Column::quantity("quantity", |one| one.quantity()),
        Column::word("status", |one| one.status().map_or("billed", ItemStatus::word)),
        Column::text("why", |one| one.status().and_then(ItemStatus::why)),
        Column::day("from", |one| one.line().and_then(|line| line.from)),
        Column::day("until", |one| one.line().and_then(|line| line.to)),
        Column::day("first_seen", |one| one.item().and_then(|item| item.first_seen)),
        Column::day("counted_on", |one| Some(one.counted_on)),
        Column::text("product_code", |one| Some(one.product_code())),
        Column::text("item_id", |one| Some(one.item()?.item_id.as_str())),
        Column::text("client_id", |one| Some(one.client.client_id.as_str())),
        Column::month("month"),
        Column::money("unit_price", |one| one.line().and_then(|line| line.unit_price)),
        Column::whole("cycle_months", |one| one.line()?.cycle_months.map(u64::from)),
        Column::money("amount", |one| one.line().and_then(|line| line.unit_price?.checked_mul(line.quantity))),
        Column::text("currency", |one| Some(one.line()?.currency.as_str())),
    ];

    const fn line(&self) -> Option<&LineRecord> {
        match self.entry {
            Entry::Line(line) => Some(line),
            Entry::Item(..) => None,
        }
    }

    const fn item(&self) -> Option<&ItemRecord> {
        match self.entry {
            Entry::Line(_) => None,
            Entry::Item(item, _) => Some(item),
        }
    }

    const fn status(&self) -> Option<&ItemStatus> {
        match self.entry {
            Entry::Line(_) => None,
            Entry::Item(_, status) => Some(status),
        }
    }

    fn agreement(&self) -> &str {
        self.line().map_or(&self.service.agreement, |line| &line.agreement_name)
    }

    fn name(&self) -> &str {
        match self.entry {
            Entry::Line(line) => line.product_name.as_deref().unwrap_or(line.product_code.as_str()),
            Entry::Item(item, _) => item_name(item),
        }
    }

    fn kind(&self) -> String {
        self.item().and_then(|item| item.kind.as_deref()).map(crate::words::code_as_words).unwrap_or_default()
    }

    fn quantity(&self) -> Option<Decimal> {
        match self.entry {
            Entry::Line(line) => Some(line.quantity),
            Entry::Item(item, _) => item.units,
        }
    }

    fn product_code(&self) -> &str {
        self.line().map_or(self.service.row.service.as_str(), |line| line.product_code.as_str())
    }
}
