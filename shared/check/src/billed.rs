//! The file of billed lines: product, quantity and price in each row.

use std::path::Path;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{BillingStatus, ClientId, CountDay, Currency, LineId, LineRole, ProductCode};
use truecount_reconciliation::AgreementLine;

use super::{
    CheckError,
    list::List,
    parse::{check_id, currency_if_any, day_if_any, decimal, decimal_if_any},
    table::{Columns, OtherColumns, Row, each_row},
};

pub(super) const COLUMNS: Columns<9> = Columns {
    names: [
        "line_id",
        "client_id",
        "client_name",
        "product_code",
        "quantity",
        "unit_price",
        "currency",
        "effective_from",
        "effective_to",
    ],
    optional_count: 0,
    others: OtherColumns::Ignored,
};
pub(super) const LINE_ID: usize = 0;
pub(super) const CLIENT_ID: usize = 1;
pub(super) const CLIENT_NAME: usize = 2;
pub(super) const PRODUCT_CODE: usize = 3;
pub(super) const QUANTITY: usize = 4;
pub(super) const UNIT_PRICE: usize = 5;
pub(super) const CURRENCY: usize = 6;
pub(super) const FROM: usize = 7;
pub(super) const TO: usize = 8;

/// Takes every line that is active on the day.
pub(super) fn read(path: &Path, as_of: CountDay, list: &mut List) -> Result<(), CheckError> {
    let mut last: Option<(String, u32)> = None;
    each_row(path, &COLUMNS, |row| {
        let id = row.key(CLIENT_ID);
        let client = match &last {
            Some((last_id, number)) if last_id == id => *number,
            _ => {
                let number = client(&row, id, list)?;
                last = Some((id.to_owned(), number));
                number
            }
        };
        let facts = facts(&row)?;
        if let Some(product) = list.note_line(row.key(PRODUCT_CODE), facts.is_active(as_of.0))
            && facts.is_active(as_of.0)
        {
            let id = LineId::new(row.key(LINE_ID)).map_err(|e| row.wrong(LINE_ID, &e))?;
            list.line(client, facts.line(id, product));
        }
        Ok(())
    })
}

/// Each product code, for rules that are derived from the files.
pub(super) fn product_codes(path: &Path, mut take: impl FnMut(&str)) -> Result<(), CheckError> {
    each_row(path, &COLUMNS, |row| {
        take(row.key(PRODUCT_CODE));
        Ok(())
    })
}

fn client(row: &Row<'_, 9>, id: &str, list: &mut List) -> Result<u32, CheckError> {
    let known = list.find_client(id);
    if let Some(number) = known.filter(|number| list.named_clients[*number as usize]) {
        return Ok(number);
    }
    check_id(id).map_err(|e| row.wrong(CLIENT_ID, &e))?;
    let id = ClientId::new(id).map_err(|e| row.wrong(CLIENT_ID, &e))?;
    list.billed_client(id, row.get(CLIENT_NAME)).map_err(|what| row.too_much(CLIENT_ID, what))
}

/// What a row says of its line.
pub(super) struct Facts {
    pub(super) quantity: Decimal,
    pub(super) unit_price: Option<Decimal>,
    pub(super) currency: Option<Currency>,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
}

pub(super) fn facts(row: &Row<'_, 9>) -> Result<Facts, CheckError> {
    for column in [LINE_ID, PRODUCT_CODE] {
        check_id(row.key(column)).map_err(|e| row.wrong(column, &e))?;
    }
    let wrong = |column| move |why: String| row.wrong(column, &why);
    Ok(Facts {
        quantity: decimal(row.get(QUANTITY)).map_err(wrong(QUANTITY))?,
        unit_price: decimal_if_any(row.get(UNIT_PRICE)).map_err(wrong(UNIT_PRICE))?,
        currency: currency_if_any(row.get(CURRENCY)).map_err(wrong(CURRENCY))?,
        from: day_if_any(row.get(FROM)).map_err(wrong(FROM))?,
        to: day_if_any(row.get(TO)).map_err(wrong(TO))?,
    })
}

impl Facts {
    fn is_active(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    fn line(self, id: LineId, product: ProductCode) -> AgreementLine {
        AgreementLine {
            id,
            product,
            product_name: None,
            category: None,
            role: LineRole::Recurring,
            quantity: self.quantity,
            less_included: None,
            unit_price: self.unit_price,
            catalogue_price: None,
            unit_cost: None,
            currency: self.currency,
            from: self.from,
            to: self.to,
            status: BillingStatus::Billable,
        }
    }
}
