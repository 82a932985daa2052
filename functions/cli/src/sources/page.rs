//! A source as a page in the terminal: a heading for each part, values aligned and wrapped below each other.

use truecount_billing::{AccountList, Receipt, Unit};
use truecount_connectors::Proof;
use truecount_reports::receipt::{reasons, totals, unknown_words};
use truecount_reports::sanitize::visible;

use super::show::{ItemView, SourceView, SyncView, WordView};
use crate::output::{counted, say, say_wrapped, stdout_columns};
use crate::table::Column::{Key, Number, Text};
use crate::table::table;

/// Spaces before a value's name.
const INDENT: usize = 2;

/// Names longer than this do not push their values to the right.
const NAME_WIDTH_MAX: usize = 22;

pub(super) fn print(view: &SourceView) {
    let id = view.id.as_ref().map(|id| format!("{id}: ")).unwrap_or_default();
    say_wrapped(&format!("{id}{}, {}", view.title, view.gives), INDENT);
    let kind = view.kind;
    let about = [("side", view.side), ("accounts", accounts(kind.list)), ("proof", proof(kind.proof))];
    pairs(&about.map(|(name, value)| (name, value.to_owned())));
    heading("Read", "");
    pairs(&view.streams.iter().map(|one| (one.stream, format!("{} {}", one.method, one.path))).collect::<Vec<_>>());
    if !view.items.is_empty() {
        heading("Counted", "");
        pairs(&view.items.iter().map(|item| (item.kind, what_counts(item))).collect::<Vec<_>>());
        in_rules(view);
        attributes(&view.items);
    }
    words(&view.words);
    if !view.redacted_fields.is_empty() {
        heading("Redacted", "");
        say_wrapped(&format!("  {}", view.redacted_fields.join(", ")), INDENT);
    }
    if !view.traps.is_empty() {
        heading("Known traps", "");
        view.traps.iter().for_each(|trap| say_wrapped(&format!("  - {trap}"), INDENT * 2));
    }
    if !view.key.is_empty() {
        heading("Key", &format!(" ({})", view.secret_fields.join(", ")));
        view.key.trim_end().lines().for_each(|line| say(&format!("  {line}")));
    }
    if view.id.is_some() {
        last_sync(view);
    }
}

fn heading(title: &str, more: &str) {
    say(&format!("\n{title}{more}:"));
}

/// Names with their values, aligned; further lines of a value stand below its first.
fn pairs(rows: &[(&str, String)]) {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).min(NAME_WIDTH_MAX);
    for (name, value) in rows {
        let longest = value.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
        // A path that does not fit beside its name stands below it.
        if stdout_columns().is_some_and(|columns| INDENT + width + 2 + longest > columns) {
            say(&format!("{:INDENT$}{name}", ""));
            say_wrapped(&visible(&format!("{:1$}{value}", "", INDENT * 2)), INDENT * 2);
            continue;
        }
        let line = format!("{:INDENT$}{name:<width$}  {value}", "");
        say_wrapped(&visible(&line), INDENT + width + 2);
    }
}

fn what_counts(item: &ItemView) -> String {
    let unit = match item.unit {
        Unit::Each => "each",
        Unit::Device => "by device",
        Unit::Seat => "by seat",
        Unit::Gigabyte => "in GB",
        Unit::Gibibyte => "in GiB",
    };
    let known = item.identities.join(", ");
    let known = if known.is_empty() { String::new() } else { format!("; recognised by {known}") };
    format!("{}, {unit}{known}", item.title)
}

/// What a rule can ask of each kind, and what it need not say.
fn in_rules(view: &SourceView) {
    let source = view.id.as_ref().map_or(view.connector, |id| id.as_str());
    heading("In rules", &format!(" (`count = \"{source}.KIND\"`)"));
    pairs(&view.items.iter().map(|item| (item.kind, asked(item))).collect::<Vec<_>>());
}

fn asked(item: &ItemView) -> String {
    let attributes = ["sku", "name"].into_iter().chain(item.attributes.iter().map(|one| one.name));
    let mut parts = vec![format!("where {}", attributes.collect::<Vec<_>>().join(", "))];
    if !item.same_by.is_empty() {
        parts.push(format!("counted once by {}", item.same_by.join(", ")));
    }
    if let Some(days) = item.stale_days {
        parts.push(format!("seen within {}", counted(days, "day", "days")));
    }
    parts.extend(item.usual.iter().map(|(attribute, words)| format!("usually {attribute} {}", words.join(" or "))));
    parts.join("; ")
}

/// The attributes of all kinds, each once.
fn attributes(items: &[ItemView]) {
    let mut rows: Vec<(&str, String)> = Vec::new();
    for one in items.iter().flat_map(|item| &item.attributes) {
        if rows.iter().all(|(name, meaning)| (*name, meaning.as_str()) != (one.name, one.meaning)) {
            rows.push((one.name, one.meaning.to_owned()));
        }
    }
    if !rows.is_empty() {
        heading("Attributes", " (for `where` in rules)");
        pairs(&rows);
    }
}

/// Per field of the vendor's, the words that mean the same in one line.
fn words(words: &[WordView]) {
    for of_field in words.chunk_by(|a, b| a.field == b.field) {
        heading("Words", &format!(" in `{}`, any other is unknown", of_field[0].field));
        let mut rows: Vec<(&str, String)> = Vec::new();
        for one in of_field {
            match rows.iter_mut().find(|(meaning, _)| *meaning == one.meaning) {
                Some((_, words)) => *words = format!("{words}, {}", one.word),
                None => rows.push((&one.meaning, one.word.to_owned())),
            }
        }
        pairs(&rows);
    }
}

fn last_sync(view: &SourceView) {
    let Some(SyncView { as_of, accounts, items, requests, receipt }) = &view.last_sync else {
        say("\nNever synced.");
        failed(view);
        return;
    };
    let (one, what) = if view.items.is_empty() { ("item or line", "items or lines") } else { ("item", "items") };
    let accounts = counted(*accounts, "account", "accounts");
    let items = counted(*items, one, what);
    let requests = counted(*requests, "request", "requests");
    say_wrapped(&format!("\nSync of {as_of}: {accounts}, {items}, {requests}."), INDENT);
    failed(view);
    let rows = receipt.streams.iter().map(|(name, stream)| {
        let left_out: u64 = stream.left_out.values().sum();
        let numbers = [stream.rows, stream.used, stream.looked_up, left_out].map(|number| number.to_string());
        let mut row = vec![name.clone()];
        row.extend(numbers);
        row.push(totals(&stream.totals));
        row
    });
    let columns = [
        Key("stream"),
        Number("rows"),
        Number("used"),
        Number("looked up"),
        Number("left out"),
        Text("vendor's totals"),
    ];
    table(&columns, &rows.collect::<Vec<_>>());
    notes(receipt);
}

fn failed(view: &SourceView) {
    if let Some(reason) = &view.failure {
        say_wrapped(&visible(&format!("The last attempt failed: {reason}")), INDENT);
    }
}

/// What stands behind the numbers.
fn notes(receipt: &Receipt) {
    for (name, stream) in &receipt.streams {
        let left_out = reasons(&stream.left_out);
        if !left_out.is_empty() {
            say_wrapped(&visible(&format!("{name}: left out: {left_out}")), INDENT);
        }
        if stream.lists_read_again > 0 {
            let again = stream.lists_read_again;
            let lists = if again == 1 { "1 list was".to_owned() } else { format!("{again} lists were") };
            say_wrapped(&format!("{name}: {lists} read again after changing while being read"), INDENT);
        }
    }
    if !receipt.unknown_words.is_empty() {
        say_wrapped(
            &visible(&format!("Unknown words, with their rows: {}", unknown_words(&receipt.unknown_words))),
            INDENT,
        );
    }
}

const fn accounts(list: AccountList) -> &'static str {
    match list {
        AccountList::Owned => "every one that there is: one that is missing is gone",
        AccountList::ByGrant => "those that the key may see: one that is missing may still exist",
        AccountList::Exported => "those that the file names: one that is missing may still exist",
    }
}

const fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::Unverified => "unverified: nothing but what others report",
        Proof::Documented => "documented: built from the vendor's documentation, not tried on a real account",
        Proof::Recorded => "recorded: checked against answers of a real account",
        Proof::Contract => "contract: checked against a machine-readable contract, or a format of our own",
    }
}

#[cfg(test)]
mod tests {
    use truecount_connectors::SOURCE_KINDS;

    use super::super::show::items;
    use super::*;

    #[test]
    fn what_rules_can_ask_for_fits_a_terminal() {
        for item in SOURCE_KINDS.iter().flat_map(|kind| items(&kind.vocabulary)) {
            let asked = asked(&item);
            let longest = asked.split(' ').map(|word| word.chars().count()).max().unwrap();
            assert!(INDENT + NAME_WIDTH_MAX + 2 + longest <= 80, "{asked}");
            assert!(item.kind.chars().count() <= NAME_WIDTH_MAX, "{}", item.kind);
        }
    }
}
