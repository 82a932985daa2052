//! The reconciliation over small months. One month is built by [`Month`], judged, and written as one line for each
//! finding.

mod arithmetic;
mod kinds;
mod rules;
mod unknown_words;
mod unread;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::{
    AccountId, Agreement, AgreementId, BilledLine, ClientId, Currency, ItemState, LineId, ProductCode, ReadState, Side,
    SourceId, decimal_from_text,
};

use crate::{AccountNo, DecidedBy, ItemRef, Mapping, Options, Reconciler, Reconciliation, RuleSet, SourceStatus};

const COUNT_DAY: &str = "2026-06-30";

/// A month being built: a PSA, and one usage source `rmm`, both read on the count day unless said otherwise.
struct Month {
    reconciler: Reconciler,
    lines: u32,
}

fn number(text: &str) -> Decimal {
    decimal_from_text(text).unwrap()
}

fn client(id: &str) -> ClientId {
    ClientId::new(id).unwrap()
}

fn status(source: &str, side: Side) -> SourceStatus {
    SourceStatus {
        source: SourceId::new(source).unwrap(),
        connector: "csv".into(),
        side,
        read_state: ReadState::Complete,
        synced_on: Some(COUNT_DAY.parse().unwrap()),
        receipt: None,
    }
}

/// The rule `srv`: product `SRV`, servers of `rmm`, list price 10 GBP; `more` adds keys.
fn server_rule(more: &str) -> String {
    let price = if more.contains("list_price") { "" } else { "list_price = 10\ncurrency = \"GBP\"\n" };
    let codes = if more.contains("product_codes") { "" } else { "product_codes = [\"SRV\"]\n" };
    format!(
        "[[rules]]\nid = \"srv\"\n{codes}source = \"rmm\"\nkinds = [\"server\"]\ncount_basis = \"device_fresh\"\n{price}{more}\n"
    )
}

fn item<'a>(id: &'a str, word: &'a str) -> ItemRef<'a> {
    let state = ItemState::from_word(word);
    ItemRef { item_id: id, kind: "server", sku: "", state, last_seen: None, quantity: Some(Decimal::ONE) }
}

fn line(client_id: &str, product: &str, quantity: &str) -> BilledLine {
    let (id, product) = (LineId::new("1").unwrap(), ProductCode::new(product).unwrap());
    let agreement = Agreement::new(AgreementId::new("a").unwrap(), "Managed");
    BilledLine {
        unit_price: Some(number("12.50")),
        currency: Some(Currency::new("GBP").unwrap()),
        ..BilledLine::new(id, client(client_id), product, number(quantity), agreement)
    }
}

impl Month {
    fn of(rules: &str) -> Self {
        Self::with(rules, Options::for_month(COUNT_DAY.parse().unwrap()))
    }

    fn with(rules: &str, options: Options) -> Self {
        let rules = RuleSet::from_toml("rules.toml", rules).unwrap();
        let mut reconciler = Reconciler::new(rules, options);
        reconciler.source(status("psa", Side::Agreed));
        reconciler.source(status("rmm", Side::Used));
        Self { reconciler, lines: 0 }
    }

    fn client(mut self, id: &str, name: &str) -> Self {
        self.reconciler.client(&client(id), name).unwrap();
        self
    }

    fn line(mut self, mut line: BilledLine) -> Self {
        self.lines += 1;
        line.line_id = LineId::new(self.lines.to_string()).unwrap();
        self.reconciler.billed_line(&line).unwrap();
        self
    }

    fn account(&mut self, id: &str, state: &ReadState) -> AccountNo {
        let (source, id) = (SourceId::new("rmm").unwrap(), AccountId::new(id).unwrap());
        self.reconciler.account(&source, &id, &format!("Org {id}"), state).unwrap()
    }

    fn mapped(mut self, account: &str, client_id: &str) -> Self {
        let number = self.account(account, &ReadState::Complete);
        let confirmed = Mapping::Confirmed { client_id: client(client_id), by: DecidedBy::Person };
        self.reconciler.decide(number, confirmed).unwrap();
        self
    }

    fn item(mut self, account: &str, item: ItemRef<'_>) -> Self {
        let number = self.account(account, &ReadState::Complete);
        self.reconciler.usage_item(number, item).unwrap();
        self
    }

    /// So many servers that count.
    fn servers(mut self, account: &str, count: u32) -> Self {
        for n in 0..count {
            self = self.item(account, item(&format!("s{n}"), "active"));
        }
        self
    }

    fn judged(self) -> Reconciliation {
        self.reconciler.finish().unwrap()
    }
}

/// `kind client impact currency basis | reason`, one line for each finding.
fn findings(found: &Reconciliation) -> Vec<String> {
    let row = |finding: &crate::Finding| {
        let client = finding.client_id.as_ref().map_or("-", |id| id.as_str());
        let worth = finding.monthly_impact.map_or("?".into(), |amount| amount.normalize().to_string());
        let currency = finding.currency.map_or("-".into(), |currency| currency.to_string());
        let basis = finding.value_basis.map_or("-", |basis| basis.as_str());
        format!("{} {client} {worth} {currency} {basis} | {}", finding.kind.as_str(), finding.reason)
    };
    found.findings.iter().map(row).collect()
}

#[track_caller]
fn check(month: Month, expected: &[&str]) -> Reconciliation {
    let found = month.judged();
    assert_eq!(findings(&found), expected);
    found
}

fn days_ago(days: i64) -> Option<Timestamp> {
    let day: Date = COUNT_DAY.parse().unwrap();
    let seconds = day.duration_since(jiff::civil::date(1970, 1, 1)).as_secs() - days * 86_400;
    Some(Timestamp::from_second(seconds).unwrap())
}
