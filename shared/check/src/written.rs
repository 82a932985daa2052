//! Lists beside rules of the rules language: the files become a small world, and everything is judged as in a month's run.
//! Deliberately absent: the plain options, and speed; such a check keeps all of its files in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use jiff::ToSpan;
use truecount_billing::{InvoiceTiming, ItemState, LineRole};
use truecount_reconciliation::{ClientRecord, PortfolioRecord, RowKind, SourceReadWord};
use truecount_reports::Exceptions;

use super::{
    CheckArgs, CheckError, CheckOutcome, World, WorldAccount, WorldAccountRead, WorldAgreement, WorldBelonging,
    WorldClient, WorldClientRead, WorldItem, WorldLine, WorldList, WorldSource,
    billed::{self, Facts},
    findings::add_up,
    mappings, named, output,
    table::each_row,
    usage,
};

/// Whether the rules are of the rules language.
pub(super) fn is_written(rules: &Path) -> bool {
    rules.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// Compares the lists by the rules of `rules`.
pub(super) fn run(args: &CheckArgs, rules: &Path) -> Result<CheckOutcome, CheckError> {
    let file = named(rules);
    let text = std::fs::read_to_string(rules).map_err(|why| CheckError::File { file: file.clone(), why })?;
    let world = world(args, text)?;
    let wrong = |why: String| CheckError::List { file: file.clone(), why };
    let (clients, portfolio) = world.records().map_err(|error| wrong(error.to_string()))?;
    let is_used = |source: &SourceReadWord| *source == SourceReadWord::Used;
    let not_reconciled = portfolio.rows.get(&RowKind::NotReconciled).copied().unwrap_or_default();
    let is_complete = not_reconciled == 0 && portfolio.sources.iter().all(|source| is_used(&source.read));
    written(args, &clients, &portfolio, not_reconciled, is_complete)
}

fn written(
    args: &CheckArgs,
    clients: &[ClientRecord],
    portfolio: &PortfolioRecord,
    not_reconciled: u64,
    is_complete: bool,
) -> Result<CheckOutcome, CheckError> {
    let mut exceptions = Exceptions::new(portfolio.home_currency);
    clients.iter().for_each(|client| exceptions.client(client));
    let rows = exceptions.finish(portfolio);
    let mut kinds = BTreeMap::new();
    rows.iter().for_each(|row| *kinds.entry(row.kind).or_default() += 1);
    let totals = add_up(rows.iter().filter_map(|row| row.currency.zip(row.monthly_impact)));
    let write = |take: &mut output::TakeRow<'_>| rows.iter().try_for_each(take);
    let (exceptions_file, setup_file) = output::write(args, write, &[])?;
    Ok(CheckOutcome { kinds, not_reconciled, is_complete, totals, exceptions_file, setup_file })
}

fn world(args: &CheckArgs, rules: String) -> Result<World, CheckError> {
    let clients = clients(args)?;
    let (accounts, sources) = accounts(args)?;
    Ok(World {
        name: "lists".to_owned(),
        title: String::new(),
        about: Vec::new(),
        why: String::new(),
        waits_for: None,
        count_day: args.as_of.0,
        next_closing: args.as_of.0.saturating_add(1.month()),
        naive: Vec::new(),
        psa_was_read: true,
        sources: sources.into_iter().map(source).collect(),
        accounts,
        clients,
        rules,
        expect: Vec::new(),
        findings: None,
        expect_totals: BTreeMap::new(),
        expect_coverage: BTreeMap::new(),
    })
}

fn source(id: String) -> WorldSource {
    WorldSource {
        id,
        kinds: Vec::new(),
        is_open: true,
        list: WorldList::Owned,
        was_read: true,
        synced_on: None,
        last_failure: None,
        none_for_rest: true,
        none: Vec::new(),
        words: BTreeMap::new(),
    }
}

/// Each client with its lines on one agreement, of which the count day is looked at.
fn clients(args: &CheckArgs) -> Result<Vec<WorldClient>, CheckError> {
    let mut clients: Vec<WorldClient> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    each_row(&args.billed, &billed::COLUMNS, |row| {
        let id = row.key(billed::CLIENT_ID);
        let place = *places.entry(id.to_owned()).or_insert(clients.len());
        if place == clients.len() {
            clients.push(client(id, row.get(billed::CLIENT_NAME), args));
        }
        let Facts { quantity, unit_price, currency, from, to } = billed::facts(&row)?;
        clients[place].agreements[0].lines.push(WorldLine {
            id: row.key(billed::LINE_ID).to_owned(),
            product: row.key(billed::PRODUCT_CODE).to_owned(),
            name: None,
            category: None,
            quantity,
            price: unit_price,
            cost: None,
            currency,
            from,
            to,
            less_included: None,
            role: LineRole::Recurring,
            status: truecount_billing::BillingStatus::Billable,
        });
        Ok(())
    })?;
    Ok(clients)
}

fn client(id: &str, name: &str, args: &CheckArgs) -> WorldClient {
    let agreement = WorldAgreement {
        id: "list".to_owned(),
        name: String::new(),
        agreement_type: None,
        parent: None,
        bill_to: None,
        from: None,
        to: None,
        timing: InvoiceTiming::Arrears,
        cycle_months: Some(1),
        prorates: None,
        next_invoice_date: Some(args.as_of.0.saturating_add(1.day())),
        amount: None,
        currency: None,
        lines: Vec::new(),
    };
    let (id, name, read) = (id.to_owned(), name.to_owned(), WorldClientRead::Complete);
    WorldClient { id, name, identifier: None, read, agreements: vec![agreement] }
}

/// Each account with its items, and the sources that the files name.
fn accounts(args: &CheckArgs) -> Result<(Vec<WorldAccount>, BTreeSet<String>), CheckError> {
    let mut belongs: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut sources = BTreeSet::new();
    if let Some(path) = &args.mappings {
        each_row(path, &mappings::COLUMNS, |row| {
            let [source, account, client] =
                [mappings::SOURCE, mappings::ACCOUNT_ID, mappings::CLIENT_ID].map(|column| row.key(column).to_owned());
            sources.insert(source.clone());
            belongs.insert((source, account), client);
            Ok(())
        })?;
    }
    let undecided = || match &args.mappings {
        Some(_) => WorldBelonging::MayBe(Vec::new()),
        None => WorldBelonging::ByName,
    };
    let mut accounts: BTreeMap<(String, String), WorldAccount> = BTreeMap::new();
    each_row(&args.usage, &usage::COLUMNS, |row| {
        let key = (row.key(usage::SOURCE).to_owned(), row.key(usage::ACCOUNT_ID).to_owned());
        sources.insert(key.0.clone());
        let account = accounts.entry(key).or_insert_with_key(|(source, id)| WorldAccount {
            source: source.clone(),
            id: id.clone(),
            name: row.get(usage::ACCOUNT_NAME).to_owned(),
            belongs: match belongs.get(&(source.clone(), id.clone())) {
                Some(client) => WorldBelonging::Client(client.clone()),
                None => undecided(),
            },
            read: WorldAccountRead::Complete,
            items: Vec::new(),
        });
        account.items.push(WorldItem {
            id: row.key(usage::ITEM_ID).to_owned(),
            kind: Some(row.key(usage::KIND).to_owned()),
            name: None,
            sku: Some(row.key(usage::SKU).to_owned()).filter(|sku| !sku.is_empty()),
            quantity: usage::units(&row)?,
            state: ItemState::from_word(row.get(usage::STATUS)).to_owned(),
            first_seen: None,
            last_seen: usage::last_seen(&row)?,
            serial: None,
            mac: Vec::new(),
            host: None,
            object_id: None,
            mail: Vec::new(),
            attributes: BTreeMap::new(),
            cost: None,
            currency: None,
        });
        Ok(())
    })?;
    Ok((accounts.into_values().collect(), sources))
}
