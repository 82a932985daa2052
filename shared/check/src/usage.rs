//! The usage file: one device, user or licence in each row, with the account that it belongs to.

use std::path::Path;

use rust_decimal::Decimal;
use truecount_billing::{AccountId, CountDay, ItemState, ReadState, Side, SourceId};
use truecount_reconciliation::{AccountNo, ItemRef, Reconciler};

use super::{
    CheckError,
    parse::{check_id, decimal_if_any, moment_if_any},
    status,
    table::{Columns, Row, each_row},
};

const COLUMNS: Columns<9> = Columns {
    names: ["source", "account_id", "account_name", "item_id", "kind", "sku", "status", "last_seen", "quantity"],
    optional_count: 1,
};
const SOURCE: usize = 0;
const ACCOUNT_ID: usize = 1;
const ACCOUNT_NAME: usize = 2;
const ITEM_ID: usize = 3;
const KIND: usize = 4;
const SKU: usize = 5;
const STATUS: usize = 6;
const LAST_SEEN: usize = 7;
const QUANTITY: usize = 8;

/// Pushes every item.
pub(super) fn read(path: &Path, as_of: CountDay, reconciler: &mut Reconciler) -> Result<(), CheckError> {
    let mut sources = Sources { as_of, last: None };
    let mut last: Option<Last> = None;
    each_row(path, &COLUMNS, |row| {
        let account = match &last {
            Some(last) if last.id == row.key(ACCOUNT_ID) && last.source == row.key(SOURCE) => last.account,
            _ => {
                let account = sources.account(&row, reconciler)?;
                let (source, id) = (row.key(SOURCE).to_owned(), row.key(ACCOUNT_ID).to_owned());
                last = Some(Last { source, id, account });
                account
            }
        };
        Ok(reconciler.usage_item(account, item(&row)?)?)
    })
}

/// Each source and SKU, for rules that are derived from the files.
pub(super) fn skus(path: &Path, mut take: impl FnMut(&str, &str)) -> Result<(), CheckError> {
    each_row(path, &COLUMNS, |row| {
        take(row.key(SOURCE), row.key(SKU));
        Ok(())
    })
}

/// The account of the previous row.
struct Last {
    source: String,
    id: String,
    account: AccountNo,
}

/// The sources seen so far.
struct Sources {
    as_of: CountDay,
    last: Option<SourceId>,
}

impl Sources {
    fn account(&mut self, row: &Row<'_, 9>, reconciler: &mut Reconciler) -> Result<AccountNo, CheckError> {
        let text = row.key(SOURCE);
        let source = match &self.last {
            Some(source) if source.as_str() == text => source.clone(),
            _ => SourceId::new(text).map_err(|e| row.wrong(SOURCE, &e))?,
        };
        let number = match reconciler.find_source(&source) {
            Some(number) => number,
            None => reconciler.source(status(source.clone(), Side::Used, self.as_of)),
        };
        let name = row.get(ACCOUNT_NAME);
        // a mapped account is shown under its client's name, so its own is needed only if it is unmapped
        let is_done = |known: &AccountNo| reconciler.has_name(*known) || reconciler.mapped_client(*known).is_some();
        let known = reconciler.find_account(number, row.key(ACCOUNT_ID)).filter(is_done);
        let account = match known {
            Some(account) => account,
            None => {
                let id = AccountId::new(row.key(ACCOUNT_ID)).map_err(|e| row.wrong(ACCOUNT_ID, &e))?;
                reconciler.account(&source, &id, name, &ReadState::Complete)?
            }
        };
        self.last = Some(source);
        Ok(account)
    }
}

fn item<'a>(row: &Row<'a, 9>) -> Result<ItemRef<'a>, CheckError> {
    check_id(row.key(ITEM_ID)).map_err(|e| row.wrong(ITEM_ID, &e))?;
    let quantity = if row.has(QUANTITY) {
        decimal_if_any(row.get(QUANTITY)).map_err(|why| row.wrong(QUANTITY, &why))?
    } else {
        Some(Decimal::ONE)
    };
    Ok(ItemRef {
        item_id: row.key(ITEM_ID),
        kind: row.key(KIND),
        sku: row.key(SKU),
        state: ItemState::from_word(row.get(STATUS)),
        last_seen: moment_if_any(row.get(LAST_SEEN)).map_err(|why| row.wrong(LAST_SEEN, &why))?,
        quantity,
    })
}
