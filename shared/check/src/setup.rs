//! What about the files makes counts unreliable: rules without lines or usage, lines and usage without a rule, words that
//! nobody knows.

use std::collections::BTreeMap;

use hashbrown::HashSet;

use truecount_reconciliation::{AccountBelonging, AgreementLine, SetupFinding};

use super::list::ReadList;

/// Every setup finding, by code and subject. `price_unknown`: differences without a price, by product.
pub(super) fn setup(list: &ReadList, price_unknown: &BTreeMap<String, u64>) -> Vec<SetupFinding> {
    let mut rows = Vec::new();
    rules_without_lines(list, &mut rows);
    rules_without_usage(list, &mut rows);
    lines_without_rule(list, &mut rows);
    repeated_lines(list, &mut rows);
    lines_that_meet(list, &mut rows);
    unknown_clients(list, &mut rows);
    unclear_rows(list, &mut rows);
    usage_without_rule(list, &mut rows);
    for (product, count) in price_unknown {
        let message = format!(
            "{count} {} of product `{product}` without a price in a known currency; give its rule `list_price` and \
             `currency`",
            plural(*count, "difference", "differences")
        );
        rows.push(row("price_unknown", product, message, *count));
    }
    rows.sort();
    rows
}

fn row(code: &str, subject: &str, message: String, count: u64) -> SetupFinding {
    SetupFinding { code: code.into(), subject: subject.into(), message, count }
}

pub(crate) fn plural<'a>(count: u64, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

fn rules_without_lines(list: &ReadList, rows: &mut Vec<SetupFinding>) {
    for code in list.plain.iter().map(|rule| rule.product.as_str()) {
        if list.products.get(code).is_none_or(|product| product.line_count == 0) {
            let message = format!("no billed line has product code {code}; check the code, or remove the rule");
            rows.push(row("rule_without_lines", code, message, 1));
        }
    }
}

fn rules_without_usage(list: &ReadList, rows: &mut Vec<SetupFinding>) {
    for (number, rule) in (0_u16..).zip(&list.plain) {
        let place = list.inputs.sources.iter().position(|source| source.id == rule.source);
        let Some(source) = place.map(|place| &list.sources[place]).filter(|source| source.row_count > 0) else {
            continue;
        };
        if !source.takers.kinds().any(|rules| rules.contains(&number)) {
            let message =
                format!("no item of {} is of the kinds and SKUs that it counts; check `kinds` and `skus`", rule.source);
            rows.push(row("rule_without_usage", rule.product.as_str(), message, 1));
        }
    }
}

fn lines_without_rule(list: &ReadList, rows: &mut Vec<SetupFinding>) {
    for (code, product) in list.products.iter().filter(|(_, one)| one.rule.is_none() && one.active_count > 0) {
        let count = product.active_count;
        let message = format!(
            "{count} active {} of product `{code}`, compared with no usage; add a rule, or leave it if it is a \
             flat fee",
            plural(count, "line", "lines")
        );
        rows.push(row("line_without_rule", code, message, count));
    }
}

/// Each active row of a line bills: one that was exported twice is billed twice.
fn repeated_lines(list: &ReadList, rows: &mut Vec<SetupFinding>) {
    let mut seen: HashSet<&str> = HashSet::new();
    for client in &list.inputs.clients {
        let mut again: BTreeMap<&str, u64> = BTreeMap::new();
        seen.clear();
        for line in client.agreements.iter().flat_map(|agreement| &agreement.lines) {
            if !seen.insert(line.id.as_str()) {
                *again.entry(line.id.as_str()).or_default() += 1;
            }
        }
        for (line, more) in again {
            let message = format!(
                "line {line} of client {} stands in {} rows that are active, and each bills; leave one if it was exported \
                 twice",
                client.id,
                more + 1
            );
            rows.push(row("line_repeated", &format!("{}: {line}", client.id), message, more + 1));
        }
    }
}

/// A line that ends on the count day beside one of its product that begins on it: one may have replaced the other.
fn lines_that_meet(list: &ReadList, rows: &mut Vec<SetupFinding>) {
    let day = Some(list.context.count_day);
    for client in &list.inputs.clients {
        let lines = || client.agreements.iter().flat_map(|agreement| &agreement.lines);
        for ends in lines().filter(|line| line.to == day) {
            let begins = |line: &&AgreementLine| line.from == day && line.product == ends.product && line.id != ends.id;
            let Some(begins) = lines().find(begins) else { continue };
            let message = format!(
                "line {} of client {} ends on the day on which line {} of the same product begins, and both bill on that \
                 day; if one replaces the other, let it end the day before",
                ends.id, client.id, begins.id
            );
            rows.push(row("lines_meet", &format!("{}: {}", client.id, ends.id), message, 1));
        }
    }
}

fn unknown_clients(list: &ReadList, rows: &mut Vec<SetupFinding>) {
    let mut accounts = BTreeMap::<usize, u64>::new();
    for account in &list.inputs.accounts {
        if let AccountBelonging::Client(client) = account.belongs
            && !list.named_clients[client]
        {
            *accounts.entry(client).or_default() += 1;
        }
    }
    for (client, count) in accounts {
        let client = list.inputs.clients[client].id.as_str();
        let message = format!(
            "{count} {} mapped to client `{client}`, which the billed side does not name; check the client's id",
            plural(count, "vendor account is", "vendor accounts are")
        );
        rows.push(row("client_unknown", client, message, count));
    }
}

fn unclear_rows(list: &ReadList, rows: &mut Vec<SetupFinding>) {
    for (read, source) in list.sources.iter().zip(&list.inputs.sources) {
        let id = source.id.as_str();
        let count = read.rows_without_quantity;
        if count > 0 {
            let message = format!(
                "{count} {} of {id} without a quantity: nobody knows how many units that is",
                plural(count, "row", "rows")
            );
            rows.push(row("item_without_quantity", id, message, count));
        }
        for (account, names) in &read.accounts_with_names {
            let account = &list.inputs.accounts[*account as usize].id;
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let message = format!(
                "account {account} of {id} has several names, {}, so that none says whose it is; map it, or correct the \
                 names",
                names.join(" and ")
            );
            rows.push(row("account_with_several_names", &format!("{id}: {account}"), message, 1));
        }
        let count = read.rows_with_negative_quantity;
        if count > 0 {
            let message = format!(
                "{count} {} of {id} with a quantity below zero: nobody knows how many units that is; correct it at the \
                 source",
                plural(count, "row", "rows")
            );
            rows.push(row("item_with_negative_quantity", id, message, count));
        }
        for (word, count) in &read.unknown_words {
            let message = format!(
                "{count} {} of {id} with status `{word}`, which is not known: it is not counted; only `active` counts",
                plural(*count, "row", "rows")
            );
            rows.push(row("unknown_status", &format!("{id}: {word}"), message, *count));
        }
    }
}

fn usage_without_rule(list: &ReadList, rows: &mut Vec<SetupFinding>) {
    for (read, source) in list.sources.iter().zip(&list.inputs.sources) {
        for called in read.takers.called().iter().filter(|called| called.untaken_rows > 0) {
            let (count, accounts) = (called.untaken_rows, called.untaken_accounts);
            let what = match (&*called.kind_word, &*called.sku) {
                (word, "") => format!("kind `{word}`"),
                (word, sku) => format!("kind `{word}`, SKU `{sku}`"),
            };
            let message = format!(
                "{count} {} of {what} in {} ({accounts} {}), counted by no rule; add one, or leave it if it is not sold",
                plural(count, "row", "rows"),
                source.id,
                plural(accounts, "vendor account", "vendor accounts")
            );
            rows.push(row("usage_without_rule", &format!("{}: {what}", source.id), message, count));
        }
    }
}
