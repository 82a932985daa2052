//! One exception as the page has it: what its row shows, what it is filtered by, and what it adds to sums. Amounts are
//! exact and text: the page's script adds them as whole numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    ExceptionRow,
    actions::decision_word,
    column::plain,
    history::month_cell,
    label,
    row_totals::{RowTotals, named},
    sanitize,
    top::change,
};

/// Characters of a name, and of a sentence.
pub(super) const NAME_MAX: usize = 250;
const SENTENCE_MAX: usize = 1_500;
/// Clients that an entry for several names.
const CLIENTS_MAX: usize = 50;

/// What is empty is left out.
#[derive(Serialize)]
pub(super) struct PageRow<'r> {
    id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    #[serde(skip_serializing_if = "str::is_empty")]
    client: Cow<'r, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    client_id: Cow<'r, str>,
    /// Of an entry about several clients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clients: Vec<Cow<'r, str>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    agreement: Cow<'r, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    product: Cow<'r, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    service: Cow<'r, str>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<String>,
    /// `GBP 1,234.50`, by which it is in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Whether less should be billed.
    #[serde(skip_serializing_if = "is_false")]
    is_over: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    basis: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: Cow<'r, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_by: Option<&'static str>,
    /// Where no block tells it.
    #[serde(skip_serializing_if = "str::is_empty")]
    if_confirmed: Cow<'r, str>,
    step: &'static str,
    owner: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    manager: Cow<'r, str>,
    #[serde(skip_serializing_if = "is_false")]
    needs_approval: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    confidence: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    doubts: Cow<'r, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    state: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    since: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    history: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    decision: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    decided: String,
    #[serde(skip_serializing_if = "is_false")]
    is_set_aside: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<Date>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<Cow<'r, str>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    account: Cow<'r, str>,
    /// Names of items, to be found by.
    #[serde(skip_serializing_if = "String::is_empty")]
    items: String,
    /// The entry that tells it together with others.
    #[serde(skip_serializing_if = "str::is_empty")]
    part_of: &'r str,
    /// Of such an entry how many it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<usize>,
    /// What it adds to the totals, by currency.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    totals: BTreeMap<String, BTreeMap<&'static str, String>>,
    /// The block that tells what is behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<u32>,
}

/// `block`: that of what is behind the row. `is_first`: of a first comparison, which shows no total.
pub(super) fn of_exception(row: &ExceptionRow, block: Option<u32>, is_first: bool) -> PageRow<'_> {
    let clients = row.clients.iter().take(CLIENTS_MAX).map(|(_, name)| shown(name, NAME_MAX));
    let items = [&row.items_in, &row.items_out].map(|names| shown(names, NAME_MAX));
    PageRow {
        id: &row.exception_id,
        number: row.number,
        client: shown(&row.client, NAME_MAX),
        client_id: shown(&row.client_id, NAME_MAX),
        clients: clients.collect(),
        agreement: shown(&row.agreement, NAME_MAX),
        // Most services have no other name.
        product: if row.product == row.product_code { Cow::Borrowed("") } else { shown(&row.product, NAME_MAX) },
        service: shown(&row.product_code, NAME_MAX),
        kind: row.kind,
        change: change(row),
        value: row.order.map(|(currency, amount)| label::money(amount.abs(), currency)),
        is_over: row.is_over(),
        basis: row.value_basis,
        reason: shown(&row.reason, SENTENCE_MAX),
        settled_by: row.settled_by,
        if_confirmed: if block.is_none() { shown(&row.if_confirmed, SENTENCE_MAX) } else { Cow::Borrowed("") },
        step: row.next_step.label(),
        owner: row.owner.as_str(),
        manager: shown(&row.account_manager, NAME_MAX),
        needs_approval: row.needs_approval,
        confidence: row.confidence,
        doubts: shown(&row.doubts, NAME_MAX),
        state: row.state,
        since: month_cell(row.since),
        history: &row.history,
        decision: decision_word(row.action.as_ref()),
        decided: shown(&row.decided(), SENTENCE_MAX).into_owned(),
        is_set_aside: row.is_set_aside(),
        invoice: row.effective_date.or(row.next_invoice_date),
        sources: row.source.split("; ").filter(|source| !source.is_empty()).map(|one| shown(one, NAME_MAX)).collect(),
        account: shown(&row.account, NAME_MAX),
        items: items.iter().filter(|names| !names.is_empty()).map(|names| &**names).collect::<Vec<_>>().join("; "),
        part_of: &row.part_of,
        members: Some(row.members.len()).filter(|members| *members > 0),
        totals: if is_first { BTreeMap::new() } else { exact(&row.totals) },
        block,
    }
}

/// Foreign text that cannot act, and of a length that a page can show.
pub(super) fn shown(text: &str, characters_max: usize) -> Cow<'_, str> {
    match sanitize::shortened(text, characters_max) {
        Cow::Borrowed(text) => sanitize::visible(text),
        Cow::Owned(text) => Cow::Owned(sanitize::visible(&text).into_owned()),
    }
}

fn exact(totals: &RowTotals) -> BTreeMap<String, BTreeMap<&'static str, String>> {
    let of_currency = |of: &truecount_reconciliation::RunTotals| -> BTreeMap<&'static str, String> {
        let parts = named(of).into_iter().filter(|(_, amount)| !amount.is_zero());
        parts.map(|(name, amount)| (name, plain(amount).to_string())).collect()
    };
    let by_currency = totals.iter().map(|(currency, of)| (currency.to_string(), of_currency(of)));
    by_currency.filter(|(_, of)| !of.is_empty()).collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(is: &bool) -> bool {
    !*is
}
