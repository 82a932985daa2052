//! Settings, rules, products and mappings: what a run would not reconcile.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use truecount_app::mapping::{MappingRow, MappingWorkspace, RowState};
use truecount_app::{Config, Environment};
use truecount_billing::{BilledLine, Currency, ProductCode, Side, SourceId};
use truecount_connectors::connect;
use truecount_store::{SnapshotManifest, StoreError};

use super::{CheckResult, CheckStatus};

/// Names that one result lists.
const NAMES_MAX: usize = 5;

/// Whether the settings can be used.
pub(super) fn settings(config: &Config, results: &mut Vec<CheckResult>) -> bool {
    let before = results.len();
    for source in config.settings.enabled() {
        if let Err(error) = connect(&source.connector, &source.options) {
            let fix = format!("correct the [[sources]] of `{}` in config/settings.toml", source.id);
            results
                .push(CheckResult::problem(CheckStatus::Warning, "settings", error.to_string(), fix).about(&source.id));
        }
    }
    let billed = enabled_of(config, Side::Agreed).len();
    if billed != 1 {
        let message = format!("{billed} enabled sources give billed lines; a run needs exactly one PSA");
        results.push(CheckResult::problem(
            CheckStatus::Error,
            "settings",
            message,
            "enable one PSA in config/settings.toml",
        ));
    }
    if results.len() == before {
        results.push(CheckResult::ok("settings", format!("{} enabled sources", config.settings.enabled().count())));
        return true;
    }
    false
}

pub(super) fn rules(config: &Config, results: &mut Vec<CheckResult>) {
    let rules = config.rules.rules();
    let before = results.len();
    for rule in rules.iter().filter(|rule| !config.settings.enabled().any(|source| source.id == rule.source)) {
        let message = format!("it counts in `{}`, which is not an enabled source", rule.source);
        let fix = "enable the source in config/settings.toml, or remove the rule from config/rules.toml";
        results.push(CheckResult::problem(CheckStatus::Warning, "rule", message, fix).about(&rule.id));
    }
    if rules.is_empty() {
        let fix = "add rules to config/rules.toml: which products are counted by what";
        results.push(CheckResult::problem(
            CheckStatus::Warning,
            "rule",
            "there are none, so nothing would be reconciled",
            fix,
        ));
    }
    if results.len() == before {
        results.push(CheckResult::ok("rules", format!("{} rules, all for enabled sources", rules.len())));
    }
}

/// The enabled sources of one side.
fn enabled_of(config: &Config, side: Side) -> Vec<SourceId> {
    config.settings.enabled().filter(|source| source.side() == side).map(|source| source.id.clone()).collect()
}

/// Products that are billed now and have no rule.
pub(super) async fn products(env: &Environment, config: &Config, results: &mut Vec<CheckResult>) {
    let today = config.settings.today(env);
    let known: Vec<&ProductCode> = config.rules.rules().iter().flat_map(|rule| &rule.product_codes).collect();
    let (mut billed, mut without) = (0_u64, BTreeMap::<ProductCode, u64>::new());
    for source in enabled_of(config, Side::Agreed) {
        let mut count = |line: &BilledLine| {
            if line.is_active_on(today) {
                billed += 1;
                if !known.contains(&&line.product_code) {
                    *without.entry(line.product_code.clone()).or_default() += 1;
                }
            }
        };
        if let Err(error) = each_line(env, &source, today, &mut count).await {
            let fix = format!("`truecount sync {source}` reads it again");
            results.push(CheckResult::problem(CheckStatus::Error, "products", error.to_string(), fix).about(source));
            return;
        }
    }
    if without.is_empty() {
        results.push(CheckResult::ok("products", format!("every product of the {billed} billed lines has a rule")));
        return;
    }
    let mut most: Vec<_> = without.iter().collect();
    most.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let names: Vec<_> = most.iter().take(NAMES_MAX).map(|(code, n)| format!("{code} ({n} lines)")).collect();
    let more = if most.len() > NAMES_MAX { ", …" } else { "" };
    let message = format!("{} billed products have no rule: {}{more}", most.len(), names.join(", "));
    let fix = "write a rule for each that a source counts; the others are not reconciled";
    results.push(CheckResult::problem(CheckStatus::Advice, "products", message, fix));
}

/// Vendor accounts without a decision, with the monthly revenue they may explain.
pub(super) async fn mappings(env: &Environment, config: &Config, results: &mut Vec<CheckResult>) {
    let workspace = match MappingWorkspace::load(env, config).await {
        Ok(workspace) => workspace,
        Err(error) => {
            let fix = "`truecount sync` reads the sources again";
            results.push(CheckResult::problem(CheckStatus::Error, "mappings", error.to_string(), fix));
            return;
        }
    };
    let mut open = BTreeMap::<SourceId, Vec<MappingRow>>::new();
    for row in workspace.rows().into_iter().filter(|row| row.state == RowState::Undecided) {
        open.entry(row.source.clone()).or_default().push(row);
    }
    if open.is_empty() {
        results.push(CheckResult::ok("mappings", "every vendor account has a decision"));
    }
    for (source, rows) in open {
        let items: u64 = rows.iter().map(|row| row.items).sum();
        let revenue = monthly_revenue(&rows);
        let message = format!("{} vendor accounts with {items} items are undecided{revenue}", rows.len());
        let fix = "`truecount mappings list --undecided` shows them; confirm or ignore each";
        results.push(CheckResult::problem(CheckStatus::Advice, "mappings", message, fix).about(source));
    }
}

/// The monthly revenue that the accounts may explain, per currency.
fn monthly_revenue(rows: &[MappingRow]) -> String {
    let mut sums = BTreeMap::new();
    for money in rows.iter().flat_map(|row| &row.monthly_value) {
        *sums.entry(money.currency).or_insert(Decimal::ZERO) += money.amount;
    }
    let shown = |(currency, amount): (&Currency, &Decimal)| {
        format!("{currency} {:.2}", amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero))
    };
    match sums.is_empty() {
        true => String::new(),
        false => format!("; monthly revenue {}", sums.iter().map(shown).collect::<Vec<_>>().join(" and ")),
    }
}

/// Hands over each billed line of a source's newest snapshot.
async fn each_line(
    env: &Environment,
    source: &SourceId,
    today: Date,
    each: &mut dyn FnMut(&BilledLine),
) -> Result<(), StoreError> {
    match SnapshotManifest::newest(&env.store, source, today).await? {
        Some(newest) => newest.each_line(&env.store, each).await,
        None => Ok(()),
    }
}
