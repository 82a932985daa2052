//! The file of billed lines: product, quantity and price in each row.

use std::path::Path;

use truecount_billing::{BillingStatus, ClientId, SourceId};
use truecount_reconciliation::{AgreementTerms, ClientNo, LineRef, Reconciler};

use super::{
    CheckError,
    parse::{check_id, currency_if_any, day_if_any, decimal, decimal_if_any},
    table::{Columns, Row, each_row},
};

const COLUMNS: Columns<9> = Columns {
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
};
const LINE_ID: usize = 0;
const CLIENT_ID: usize = 1;
const CLIENT_NAME: usize = 2;
const PRODUCT_CODE: usize = 3;
const QUANTITY: usize = 4;
const UNIT_PRICE: usize = 5;
const CURRENCY: usize = 6;
const FROM: usize = 7;
const TO: usize = 8;

/// The name under which the file is a source.
pub(super) fn source() -> Result<SourceId, CheckError> {
    SourceId::new("billed-lines").map_err(|e| CheckError::Header { file: "billed lines".into(), why: e.to_string() })
}

/// Pushes every line.
pub(super) fn read(path: &Path, reconciler: &mut Reconciler) -> Result<(), CheckError> {
    let mut last: Option<(String, ClientNo)> = None;
    each_row(path, &COLUMNS, |row| {
        let id = row.key(CLIENT_ID);
        let client = match &last {
            Some((last_id, number)) if last_id == id => *number,
            _ => {
                let number = client(&row, id, reconciler)?;
                last = Some((id.to_owned(), number));
                number
            }
        };
        Ok(reconciler.line(client, &line(&row)?)?)
    })
}

/// Each product code, for rules that are derived from the files.
pub(super) fn product_codes(path: &Path, mut take: impl FnMut(&str)) -> Result<(), CheckError> {
    each_row(path, &COLUMNS, |row| {
        take(row.key(PRODUCT_CODE));
        Ok(())
    })
}

fn client(row: &Row<'_, 9>, id: &str, reconciler: &mut Reconciler) -> Result<ClientNo, CheckError> {
    if let Some(number) = reconciler.find_client(id) {
        return Ok(number);
    }
    let id = ClientId::new(id).map_err(|e| row.wrong(CLIENT_ID, &e))?;
    Ok(reconciler.client(&id, row.get(CLIENT_NAME))?)
}

fn line<'a>(row: &Row<'a, 9>) -> Result<LineRef<'a>, CheckError> {
    for column in [LINE_ID, PRODUCT_CODE] {
        check_id(row.key(column)).map_err(|e| row.wrong(column, &e))?;
    }
    let wrong = |column| move |why: String| row.wrong(column, &why);
    Ok(LineRef {
        line_id: row.key(LINE_ID),
        product_code: row.key(PRODUCT_CODE),
        quantity: decimal(row.get(QUANTITY)).map_err(wrong(QUANTITY))?,
        less_included: None,
        unit_price: decimal_if_any(row.get(UNIT_PRICE)).map_err(wrong(UNIT_PRICE))?,
        currency: currency_if_any(row.get(CURRENCY)).map_err(wrong(CURRENCY))?,
        effective_from: day_if_any(row.get(FROM)).map_err(wrong(FROM))?,
        effective_to: day_if_any(row.get(TO)).map_err(wrong(TO))?,
        billing_status: BillingStatus::Billable,
        terms: AgreementTerms::MONTHLY,
    })
}
