//! The usage file: one device, user or licence in each row, with the account that it belongs to.

use std::path::Path;

use jiff::Timestamp;
use rust_decimal::Decimal;
use truecount_billing::{AccountId, ItemState, LeftOutReason, SourceId};
use truecount_reconciliation::AccountBelonging;

use super::{
    CheckError,
    account_rows::Said,
    list::List,
    parse::{check_id, decimal_if_any, moment_if_any},
    table::{Columns, OtherColumns, Row, each_row},
};

pub(super) const COLUMNS: Columns<9> = Columns {
    names: ["source", "account_id", "account_name", "item_id", "kind", "sku", "status", "last_seen", "quantity"],
    optional_count: 1,
    others: OtherColumns::Ignored,
};
pub(super) const SOURCE: usize = 0;
pub(super) const ACCOUNT_ID: usize = 1;
pub(super) const ACCOUNT_NAME: usize = 2;
pub(super) const ITEM_ID: usize = 3;
pub(super) const KIND: usize = 4;
pub(super) const SKU: usize = 5;
pub(super) const STATUS: usize = 6;
pub(super) const LAST_SEEN: usize = 7;
pub(super) const QUANTITY: usize = 8;

/// Takes every item.
pub(super) fn read(path: &Path, list: &mut List) -> Result<(), CheckError> {
    let mut last: Option<Last> = None;
    each_row(path, &COLUMNS, |row| {
        let is_same = |last: &Last| {
            last.id == row.key(ACCOUNT_ID) && last.source == row.key(SOURCE) && last.name == row.get(ACCOUNT_NAME)
        };
        if !last.as_ref().is_some_and(is_same) {
            let account = account(&row, list)?;
            list.turn_to(account).map_err(|what| row.too_much(ITEM_ID, what))?;
            let (source, id) = (row.key(SOURCE).to_owned(), row.key(ACCOUNT_ID).to_owned());
            last = Some(Last { source, id, name: row.get(ACCOUNT_NAME).to_owned() });
        }
        let (id, word, sku) = (row.key(ITEM_ID), row.key(KIND), row.key(SKU));
        check_id(id).map_err(|e| row.wrong(ITEM_ID, &e))?;
        let said = said(&row, list)?;
        list.item(id, word, sku, said).map_err(|what| row.too_much(ITEM_ID, what))
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
    name: String,
}

fn account(row: &Row<'_, 9>, list: &mut List) -> Result<u32, CheckError> {
    let source = match list.find_source(row.key(SOURCE)) {
        Some(known) => known,
        None => list.source(&SourceId::new(row.key(SOURCE)).map_err(|e| row.wrong(SOURCE, &e))?),
    };
    if let Some(known) = list.find_account(source, row.key(ACCOUNT_ID)) {
        // a mapped account is shown under its client's name, so its own is needed only if it is unmapped
        if !matches!(list.inputs.accounts[known as usize].belongs, AccountBelonging::Client(_)) {
            list.note_name(known, row.get(ACCOUNT_NAME));
        }
        return Ok(known);
    }
    check_id(row.key(ACCOUNT_ID)).map_err(|e| row.wrong(ACCOUNT_ID, &e))?;
    let id = AccountId::new(row.key(ACCOUNT_ID)).map_err(|e| row.wrong(ACCOUNT_ID, &e))?;
    let belongs = AccountBelonging::Undecided { may_be: Vec::new() };
    list.new_account(source, id, row.get(ACCOUNT_NAME), belongs).map_err(|what| row.too_much(ACCOUNT_ID, what))
}

fn said(row: &Row<'_, 9>, list: &mut List) -> Result<Said, CheckError> {
    let left_out = match ItemState::from_word(row.get(STATUS)) {
        ItemState::Counts => None,
        ItemState::LeftOut(reason) => Some(reason),
        ItemState::Unknown(word) => {
            list.note_unknown_word(word);
            // only `active` counts, whatever the word means
            Some(LeftOutReason::Inactive)
        }
    };
    Ok(Said { left_out, last_seen: last_seen(row)?, units: units(row)? })
}

/// One, unless the file has quantities; `None`: it does not say.
pub(super) fn units(row: &Row<'_, 9>) -> Result<Option<Decimal>, CheckError> {
    match row.has(QUANTITY) {
        true => decimal_if_any(row.get(QUANTITY)).map_err(|why| row.wrong(QUANTITY, &why)),
        false => Ok(Some(Decimal::ONE)),
    }
}

pub(super) fn last_seen(row: &Row<'_, 9>) -> Result<Option<Timestamp>, CheckError> {
    moment_if_any(row.get(LAST_SEEN)).map_err(|why| row.wrong(LAST_SEEN, &why))
}
