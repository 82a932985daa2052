//! What about the set-up makes counts unreliable: rules without lines or usage, lines without a rule, unknown words.

use std::collections::BTreeMap;

use crate::{
    Profile, Reconciler, SetupFinding, accounts::untaken, compare::Judge, coverage::plural, finish::Found,
    items::Outcome, reconciler::Decision, takers::Taker, words::Meaning,
};

/// Every setup finding, by code and subject.
pub(crate) fn setup(books: &Reconciler, judge: &Judge<'_>, found: &Found) -> Vec<SetupFinding> {
    let mut rows = Vec::new();
    if judge.billed_unread.is_none() {
        rules_without_lines(books, &mut rows);
    }
    rules_without_usage(books, &mut rows);
    lines_without_rule(books, &mut rows);
    unknown_clients(books, &mut rows);
    unclear_items(books, &mut rows);
    if books.options.profile == Profile::Plain {
        usage_without_rule(books, &mut rows);
    }
    for (rule, count) in &found.cycle_unknown {
        let message = format!(
            "{count} {} of rule `{rule}` on an agreement whose billing cycle cannot be brought to a month; set \
             the cycle in the PSA",
            plural(*count, "line", "lines")
        );
        rows.push(row("billing_cycle_unknown", rule.as_str(), message, *count));
    }
    for (rule, count) in &found.price_unknown {
        let message = format!(
            "{count} {} of rule `{rule}` without a price in a known currency; give it `list_price` and `currency`",
            plural(*count, "difference", "differences")
        );
        rows.push(row("price_unknown", rule.as_str(), message, *count));
    }
    rows.sort();
    rows
}

fn row(code: &str, subject: &str, message: String, count: u64) -> SetupFinding {
    SetupFinding { code: code.into(), subject: subject.into(), message, count }
}

fn rules_without_lines(books: &Reconciler, rows: &mut Vec<SetupFinding>) {
    for rule in books.rules.rules() {
        let lines = |code: &str| books.products.get(code).map_or(0, |product| product.line_count);
        if rule.product_codes.iter().all(|code| lines(code.as_str()) == 0) {
            let codes: Vec<&str> = rule.product_codes.iter().map(|code| code.as_str()).collect();
            let message = format!(
                "no line of the PSA has product code {}; check the code, or remove the rule",
                codes.join(" or ")
            );
            rows.push(row("rule_without_lines", rule.id.as_str(), message, 1));
        }
    }
}

fn rules_without_usage(books: &Reconciler, rows: &mut Vec<SetupFinding>) {
    let mut is_used = vec![false; books.rules.rules().len()];
    for account in &books.accounts {
        let takers = &books.sources[usize::from(account.source.0)].takers;
        for count in account.items.sums().0 {
            if let Taker::Rule(rule) = takers.taker(count.rule) {
                is_used[usize::from(*rule)] = true;
            }
        }
    }
    for (rule, _) in books.rules.rules().iter().zip(is_used).filter(|(_, is_used)| !is_used) {
        let is_read = books.find_source(&rule.source).map(|number| &books.sources[usize::from(number.0)]);
        if is_read.is_some_and(|source| source.is_usable() && source.item_count > 0) {
            let message =
                format!("no item of {} is of the kinds and SKUs that it counts; check `kinds` and `skus`", rule.source);
            rows.push(row("rule_without_usage", rule.id.as_str(), message, 1));
        }
    }
}

fn lines_without_rule(books: &Reconciler, rows: &mut Vec<SetupFinding>) {
    for (code, product) in books.products.iter().filter(|(_, p)| p.rule.is_none() && p.recurring_count > 0) {
        let count = product.recurring_count;
        let message = format!(
            "{count} active {} of product `{code}`, compared with no usage; add a rule, or leave it if it is a \
             flat fee",
            plural(count, "line", "lines")
        );
        rows.push(row("line_without_rule", code, message, count));
    }
}

fn unknown_clients(books: &Reconciler, rows: &mut Vec<SetupFinding>) {
    let mut accounts = BTreeMap::<&str, u64>::new();
    for account in &books.accounts {
        if let Decision::Confirmed(client, _) = account.decision {
            let client = &books.clients[client.0 as usize];
            if !client.is_known {
                *accounts.entry(client.id.as_str()).or_default() += 1;
            }
        }
    }
    for (client, count) in accounts {
        let message = format!(
            "{count} {} mapped to client `{client}`, which the billed side does not name; check the client's id",
            plural(count, "vendor account is", "vendor accounts are")
        );
        rows.push(row("client_unknown", client, message, count));
    }
}

fn unclear_items(books: &Reconciler, rows: &mut Vec<SetupFinding>) {
    for source in &books.sources {
        let id = source.status.source.as_str();
        let count = source.quantity_unknown_count;
        if count > 0 {
            let message = format!(
                "{count} {} of {id} without a quantity; what they belong to is not reconciled",
                plural(count, "item", "items")
            );
            rows.push(row("item_without_quantity", id, message, count));
        }
        for (place, count) in (0_u16..).zip(&source.status_counts).filter(|(_, count)| **count > 0) {
            let outcome = Outcome(Outcome::STATUS + place);
            let word = books.words.of(outcome);
            if books.words.meaning(outcome) != Some(Meaning::UnknownState) {
                continue;
            }
            let so = match books.options.profile {
                Profile::Full => "what may count them is not reconciled",
                Profile::Plain => "it is not counted; only `active` counts",
            };
            let items = plural(*count, "item", "items");
            let message = format!("{count} {items} of {id} with status `{word}`, which is not known: {so}");
            rows.push(row("unknown_status", &format!("{id}: {word}"), message, *count));
        }
    }
}

fn usage_without_rule(books: &Reconciler, rows: &mut Vec<SetupFinding>) {
    for one in untaken(books) {
        let source = books.sources[usize::from(one.source.0)].status.source.as_str();
        let message = format!("{}; add one, or leave it if it is not sold", one.in_words(source));
        rows.push(row("usage_without_rule", &format!("{source}: {}", one.what()), message, one.item_count));
    }
}
