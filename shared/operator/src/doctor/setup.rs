//! Settings, rules, products and mappings: what a run would not reconcile.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use truecount_app::mapping::{MappingRow, MappingWorkspace, RowState};
use truecount_app::{Config, Environment};
use truecount_billing::{BilledLine, Currency, LineRole, ProductCode, Side, SourceId};
use truecount_connectors::connect;
use truecount_rules::ServiceBasis;
use truecount_store::{SnapshotManifest, StoreError};

use super::{CheckResult, CheckStatus, counted};

/// Names that one result lists.
const NAMES_MAX: usize = 5;

/// A key that works for fewer days is named: a month and the days to get a new one.
const KEY_DAYS_MIN: i32 = 45;

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
        let message = format!(
            "{} billed lines; a run needs exactly one PSA",
            counted(billed, "enabled source gives", "enabled sources give")
        );
        results.push(CheckResult::problem(
            CheckStatus::Error,
            "settings",
            message,
            "enable one PSA in config/settings.toml",
        ));
    }
    if results.len() == before {
        results.push(CheckResult::ok(
            "settings",
            counted(config.settings.enabled().count(), "enabled source", "enabled sources"),
        ));
        return true;
    }
    false
}

/// Keys that somebody has to renew soon, or should have.
pub(super) fn expiring_keys(config: &Config, today: Date, results: &mut Vec<CheckResult>) {
    for source in config.settings.enabled() {
        let Some(last) = source.secret_expires.filter(|last| (*last - today).get_days() < KEY_DAYS_MIN) else {
            continue;
        };
        let (status, message) = match last < today {
            true => (CheckStatus::Error, format!("its key was to expire on {last}")),
            false => (CheckStatus::Warning, format!("its key expires on {last}")),
        };
        let fix = format!(
            "make a new one, store it with `truecount secrets set {}`, and write its last day into `secret_expires`",
            source.id
        );
        results.push(CheckResult::problem(status, "settings", message, fix).about(&source.id));
    }
}

pub(super) fn rules(config: &Config, results: &mut Vec<CheckResult>) {
    let before = results.len();
    let sources: BTreeSet<_> = config.rules.kinds_counted().into_iter().map(|(source, _)| source).collect();
    for source in sources {
        if !config.settings.enabled().any(|enabled| enabled.id == *source) {
            let message = "services are counted in it, and it is not an enabled source";
            let fix = "enable it in config/settings.toml, or remove what it counts from config/rules.toml";
            results.push(CheckResult::problem(CheckStatus::Warning, "rules", message, fix).about(source));
        }
    }
    let basis = |code| config.rules.usual_rule(code).map(|rule| &rule.basis);
    if !config.rules.services().any(|code| matches!(basis(code), Some(ServiceBasis::Counted(_)))) {
        let fix = "write in config/rules.toml which products are counted by what";
        let message = "no service is counted, so nothing would be compared";
        results.push(CheckResult::problem(CheckStatus::Warning, "rules", message, fix));
    }
    if results.len() == before {
        let services = counted(config.rules.services().len(), "service", "services");
        results.push(CheckResult::ok("rules", format!("{services}, all counted in enabled sources")));
    }
}

/// The enabled sources of one side.
fn enabled_of(config: &Config, side: Side) -> Vec<SourceId> {
    config.settings.enabled().filter(|source| source.side() == side).map(|source| source.id.clone()).collect()
}

/// Products that are billed now and have no rule.
pub(super) async fn products(env: &Environment, config: &Config, results: &mut Vec<CheckResult>) {
    let today = config.settings.today(env);
    let (mut billed, mut without) = (0_u64, BTreeMap::<ProductCode, u64>::new());
    for source in enabled_of(config, Side::Agreed) {
        let mut count = |line: &BilledLine| {
            if line.is_active_on(today) {
                billed += 1;
                if !is_known(config, line) {
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
    if billed == 0 {
        let message = "no billed line was synced, so there is nothing to compare";
        let fix = "`truecount sync` reads the PSA; see what it says of it";
        results.push(CheckResult::problem(CheckStatus::Warning, "products", message, fix));
        return;
    }
    if without.is_empty() {
        results.push(CheckResult::ok(
            "products",
            format!("every product of {} has a rule", counted(billed, "billed line", "billed lines")),
        ));
        return;
    }
    let mut most: Vec<_> = without.iter().collect();
    most.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let names: Vec<_> =
        most.iter().take(NAMES_MAX).map(|(code, n)| format!("{code} ({})", counted(**n, "line", "lines"))).collect();
    let more = if most.len() > NAMES_MAX { ", …" } else { "" };
    let message = format!(
        "{} no rule: {}{more}",
        counted(most.len(), "billed product has", "billed products have"),
        names.join(", ")
    );
    let fix = "write each in config/rules.toml, with what counts it, as flat or as ignored";
    results.push(CheckResult::problem(CheckStatus::Advice, "products", message, fix));
}

/// Whether the rules say what a line is compared with, or that it is not.
fn is_known(config: &Config, line: &BilledLine) -> bool {
    let category = || line.product_category.as_deref().and_then(|name| config.rules.category(name));
    // A fixed amount needs no rule: only that it stands is told.
    line.role == LineRole::Flat || config.rules.service_of_product(&line.product_code).is_some() || category().is_some()
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
    if workspace.sources.iter().all(|source| source.accounts.is_empty()) {
        let message = "no vendor account was synced, so there is nothing to map";
        let fix = "`truecount sync` reads the sources; see what it says of them";
        results.push(CheckResult::problem(CheckStatus::Warning, "mappings", message, fix));
        return;
    }
    if open.is_empty() {
        results.push(CheckResult::ok("mappings", "every vendor account has a decision"));
    }
    for (source, rows) in open {
        let items = counted(rows.iter().map(|row| row.items).sum::<u64>(), "item", "items");
        let revenue = monthly_revenue(&rows);
        let message =
            format!("{} with {items} undecided{revenue}", counted(rows.len(), "vendor account", "vendor accounts"));
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
