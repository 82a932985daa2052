//! The answer sheet: every exception that was planted, written down while planting, and the comparison of a
//! report's `exceptions.csv` with it. Nothing here reconciles.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

/// One exception that a correct reconciliation finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// What it says, such as `underbilled`.
    pub kind: &'static str,
    /// The client, where one is known; else empty.
    pub client_id: String,
    /// Its name in the PSA; else empty.
    pub client_name: String,
    /// The source that counts it; empty: none does.
    pub source: String,
    /// The account, where an account itself is what is told; else empty.
    pub account_id: String,
    /// Its name; else empty.
    pub account_name: String,
    /// The service, several with `; ` between them; empty: none is concerned.
    pub product_code: String,
    /// Units that surely count, or at most count where too many are billed; `None`: that is not known.
    pub counted: Option<Decimal>,
    /// Units on lines that stand on the day looked at.
    pub billed: Option<Decimal>,
    /// Units that should be billed; `None`: that is not known.
    pub should_bill: Option<Decimal>,
    /// should bill − billed.
    pub variance: Option<Decimal>,
    /// The price of one more a month: the newest line's, without a line the list's.
    pub unit_price: Option<Decimal>,
    /// variance × unit price, exact; `None`: no bill is to be changed by it, or not known by how much.
    pub monthly_impact: Option<Decimal>,
    /// Three letters; empty if nothing of it is money.
    pub currency: String,
    /// What was done to plant it, for people.
    pub story: &'static str,
}

/// The columns of `exceptions.csv` that are compared. The first five name an exception, the others are its numbers.
pub const COLUMNS: [&str; 14] = [
    "kind",
    "client_id",
    "source",
    "account_id",
    "product_code",
    "client",
    "account",
    "counted",
    "billed",
    "should_bill",
    "variance",
    "unit_price",
    "monthly_impact",
    "currency",
];

const KEY_COLUMNS: usize = 5;

/// How found and planted differ; the three lists are empty if they agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many are equal.
    pub equal: usize,
    /// Planted and not found.
    pub missing: Vec<String>,
    /// Found and not planted.
    pub extra: Vec<String>,
    /// Found with other numbers: planted, found.
    pub different: Vec<(String, String)>,
}

impl Tally {
    /// Whether everything planted was found as planted, and nothing else.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.different.is_empty()
    }
}

impl Planted {
    /// The row as columns, as a report would have it.
    #[must_use]
    pub fn columns(&self) -> BTreeMap<String, String> {
        let number = |value: Option<Decimal>| value.map(|number| number.to_string()).unwrap_or_default();
        let columns = [
            ("kind", self.kind.to_owned()),
            ("client_id", self.client_id.clone()),
            ("source", self.source.clone()),
            ("account_id", self.account_id.clone()),
            ("product_code", self.product_code.clone()),
            ("client", self.client_name.clone()),
            ("account", self.account_name.clone()),
            ("counted", number(self.counted)),
            ("billed", number(self.billed)),
            ("should_bill", number(self.should_bill)),
            ("variance", number(self.variance)),
            ("unit_price", number(self.unit_price)),
            ("monthly_impact", number(self.monthly_impact)),
            ("currency", self.currency.clone()),
        ];
        columns.into_iter().map(|(column, text)| (column.to_owned(), text)).collect()
    }
}

/// The row as comparable text, fields apart by ` | ` in the order of [`COLUMNS`]: numbers without trailing zeros,
/// names by their letters and digits alone, because a report writes foreign text so that it is inert.
#[must_use]
pub fn normal(row: &BTreeMap<String, String>) -> String {
    let fields = COLUMNS.iter().map(|column| {
        let text = row.get(*column).map_or("", String::as_str).trim();
        match *column {
            "client" | "account" => letters(text),
            "kind" | "client_id" | "source" | "account_id" | "product_code" | "currency" => text.to_owned(),
            _ => Decimal::from_str_exact(text).map_or_else(|_| text.to_owned(), |n| n.normalize().to_string()),
        }
    });
    fields.collect::<Vec<String>>().join(" | ")
}

/// A name's letters and digits; what a report writes as `[U+202E]` was a character that does not show.
fn letters(name: &str) -> String {
    let mut parts = name.split("[U+");
    let first = parts.next().unwrap_or("");
    let rest = parts.map(|part| part.split_once(']').map_or(part, |(_, after)| after));
    let shown = std::iter::once(first).chain(rest).flat_map(str::chars);
    shown.filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Compares the rows of an `exceptions.csv`, given as column to text, with the sheet.
#[must_use]
pub fn compare(planted: &[Planted], found: &[BTreeMap<String, String>]) -> Tally {
    let key = |text: &str| text.splitn(KEY_COLUMNS + 1, " | ").take(KEY_COLUMNS).collect::<Vec<_>>().join(" | ");
    let mut rest: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // An entry for several exceptions is none of its own: its members are rows, too.
    let entries: BTreeSet<&str> = found.iter().filter_map(|row| row.get("part_of")).map(String::as_str).collect();
    let is_entry =
        |row: &&BTreeMap<String, String>| row.get("exception_id").is_some_and(|id| entries.contains(id.as_str()));
    for row in found.iter().filter(|row| !is_entry(row)) {
        let text = normal(row);
        rest.entry(key(&text)).or_default().push(text);
    }
    let mut tally = Tally::default();
    for row in planted {
        let wanted = normal(&row.columns());
        let Some(candidates) = rest.get_mut(&key(&wanted)).filter(|candidates| !candidates.is_empty()) else {
            tally.missing.push(wanted);
            continue;
        };
        let at = candidates.iter().position(|one| *one == wanted).unwrap_or(0);
        let got = candidates.swap_remove(at);
        if got == wanted {
            tally.equal += 1;
        } else {
            tally.different.push((wanted, got));
        }
    }
    tally.extra = rest.into_values().flatten().collect();
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(client: &str, used: i64) -> Planted {
        Planted {
            kind: "underbilled",
            client_id: client.to_owned(),
            client_name: "=A & \"B\" Ltd".to_owned(),
            source: "ninjaone".to_owned(),
            account_id: String::new(),
            account_name: String::new(),
            product_code: "P".to_owned(),
            counted: Some(Decimal::from(used)),
            billed: Some(Decimal::ONE),
            should_bill: Some(Decimal::from(used)),
            variance: Some(Decimal::from(used - 1)),
            unit_price: Some(Decimal::new(150, 2)),
            monthly_impact: Some(Decimal::new(150 * (used - 1), 2)),
            currency: "GBP".to_owned(),
            story: "",
        }
    }

    #[test]
    fn what_differs_is_named() {
        let planted = [row("1", 3), row("2", 4), row("3", 5)];
        let mut found: Vec<_> = [row("1", 3), row("2", 9), row("7", 1)].iter().map(Planted::columns).collect();
        found[0].insert("client".into(), "'=A & \"B\" Ltd".into());
        found[0].insert("unit_price".into(), "1.5000".into());
        let tally = compare(&planted, &found);
        assert_eq!((tally.equal, tally.missing.len(), tally.extra.len(), tally.different.len()), (1, 1, 1, 1));
        assert!(tally.missing[0].starts_with("underbilled | 3 |"));
        assert!(tally.extra[0].starts_with("underbilled | 7 |"));
        assert!(!tally.is_whole());
        let whole: Vec<_> = planted.iter().map(Planted::columns).collect();
        assert!(compare(&planted, &whole).is_whole());
        assert!(!compare(&planted[..2], &whole).is_whole());
        let entry =
            BTreeMap::from([("exception_id".to_owned(), "x1".to_owned()), ("part_of".to_owned(), String::new())]);
        let member =
            |row: &Planted| row.columns().into_iter().chain([("part_of".to_owned(), "x1".to_owned())]).collect();
        let together: Vec<_> = std::iter::once(entry).chain(planted.iter().map(member)).collect();
        assert!(compare(&planted, &together).is_whole(), "what they are told under is no exception");
    }
}
