//! Settings, rules and mappings with gaps.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use truecount_app::mapping::{MappingRow, MappingWorkspace, RowState};
use truecount_app::{Config, Environment, each_line};
use truecount_billing::{Currency, ProductCode, Side, SourceId};
use truecount_connectors::connect;

use super::{Health, Line};

/// Names that one line lists.
const NAMES_MAX: usize = 5;

/// Whether the settings can be used.
pub(super) fn settings(config: &Config, lines: &mut Vec<Line>) -> bool {
    let before = lines.len();
    for source in config.settings.enabled() {
        if let Err(error) = connect(&source.connector, &source.options) {
            let remedy = format!("correct the [[sources]] of `{}` in config/settings.toml", source.id);
            lines.push(Line::bad(Health::Gap, "settings", error.to_string(), remedy).about(&source.id));
        }
    }
    let billed = of_side(config, Side::Agreed).len();
    if billed != 1 {
        let says = format!("{billed} enabled sources give billed lines; a run needs exactly one PSA");
        lines.push(Line::bad(Health::Fault, "settings", says, "switch one PSA on in config/settings.toml"));
    }
    if lines.len() == before {
        lines.push(Line::good("settings", format!("{} sources", config.settings.enabled().count())));
        return true;
    }
    false
}

pub(super) fn rules(config: &Config, lines: &mut Vec<Line>) {
    let rules = config.rules.rules();
    let before = lines.len();
    for rule in rules.iter().filter(|rule| !config.settings.enabled().any(|source| source.id == rule.source)) {
        let says = format!("it counts in `{}`, which is no enabled source", rule.source);
        let remedy = "switch the source on in config/settings.toml, or take the rule out of config/rules.toml";
        lines.push(Line::bad(Health::Gap, "rule", says, remedy).about(&rule.id));
    }
    if rules.is_empty() {
        let remedy = "say in config/rules.toml which products are counted by what";
        lines.push(Line::bad(Health::Gap, "rule", "there are none: nothing would be compared", remedy));
    }
    if lines.len() == before {
        lines.push(Line::good("rules", format!("{} count in sources that are on", rules.len())));
    }
}

/// The sources that are on and give one side.
fn of_side(config: &Config, side: Side) -> Vec<SourceId> {
    config.settings.enabled().filter(|source| source.side() == side).map(|source| source.id.clone()).collect()
}

/// Products that are billed now and that no rule compares.
pub(super) async fn products(env: &Environment, config: &Config, lines: &mut Vec<Line>) {
    let today = config.settings.today(env);
    let known: Vec<&ProductCode> = config.rules.rules().iter().flat_map(|rule| &rule.product_codes).collect();
    let (mut billed, mut without) = (0_u64, BTreeMap::<ProductCode, u64>::new());
    for source in of_side(config, Side::Agreed) {
        let read = each_line(env, &source, today, |line| {
            if line.is_active_on(today) {
                billed += 1;
                if !known.contains(&&line.product_code) {
                    *without.entry(line.product_code.clone()).or_default() += 1;
                }
            }
        });
        if let Err(error) = read.await {
            let remedy = format!("`truecount sync {source}` reads it again");
            lines.push(Line::bad(Health::Fault, "products", error.to_string(), remedy).about(source));
            return;
        }
    }
    if without.is_empty() {
        lines.push(Line::good("products", format!("every product of {billed} billed lines has a rule")));
        return;
    }
    let mut most: Vec<_> = without.iter().collect();
    most.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let names: Vec<_> = most.iter().take(NAMES_MAX).map(|(code, n)| format!("{code} ({n} lines)")).collect();
    let more = if most.len() > NAMES_MAX { ", …" } else { "" };
    let says = format!("{} billed products have no rule: {}{more}", most.len(), names.join(", "));
    let remedy = "write a rule for each that something counts; the others are not compared";
    lines.push(Line::bad(Health::Advice, "products", says, remedy));
}

/// Vendor organizations that nobody has mapped, with what hangs on them.
pub(super) async fn mappings(env: &Environment, config: &Config, lines: &mut Vec<Line>) {
    let book = match MappingWorkspace::load(env, config).await {
        Ok(book) => book,
        Err(error) => {
            let remedy = "`truecount sync` reads the sources again";
            lines.push(Line::bad(Health::Fault, "mappings", error.to_string(), remedy));
            return;
        }
    };
    let mut open = BTreeMap::<SourceId, Vec<MappingRow>>::new();
    for row in book.rows().into_iter().filter(|row| row.state == RowState::Undecided) {
        open.entry(row.source.clone()).or_default().push(row);
    }
    if open.is_empty() {
        lines.push(Line::good("mappings", "every vendor organization is mapped"));
    }
    for (source, rows) in open {
        let items: u64 = rows.iter().map(|row| row.items).sum();
        let worth = worth(&rows);
        let says = format!("{} vendor organizations with {items} items are nobody's{worth}", rows.len());
        let remedy = "`truecount mappings list --undecided` shows them; confirm or ignore each";
        lines.push(Line::bad(Health::Advice, "mappings", says, remedy).about(source));
    }
}

/// What hangs on accounts a month, per currency.
fn worth(rows: &[MappingRow]) -> String {
    let mut sums = BTreeMap::new();
    for money in rows.iter().flat_map(|row| &row.worth) {
        *sums.entry(money.currency).or_insert(Decimal::ZERO) += money.amount;
    }
    let shown = |(currency, amount): (&Currency, &Decimal)| {
        format!("{currency} {:.2}", amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero))
    };
    match sums.is_empty() {
        true => String::new(),
        false => format!("; {} a month hang on them", sums.iter().map(shown).collect::<Vec<_>>().join(" and ")),
    }
}
