//! `truecount rules`: lists the rules, and checks that settings and rules can be used.

use serde::Serialize;
use truecount_app::Config;
use truecount_billing::Side;
use truecount_connectors::connect;
use truecount_store::{RULES_FILE, SETTINGS_FILE};

use crate::args::{Cli, RulesArgs, RulesCommand};
use crate::open::open;
use crate::output::{Ending, json, say};
use crate::table::Column::{Key, Text};
use crate::table::table;

/// A rule, for `--json`.
#[derive(Serialize)]
struct RuleRow {
    rule_id: String,
    product_codes: Vec<String>,
    source: String,
    count_basis: &'static str,
    kinds: Vec<String>,
    skus: Vec<String>,
}

pub(crate) async fn rules(cli: &Cli, args: &RulesArgs) -> anyhow::Result<Ending> {
    let session = open(&args.backend).await?;
    match &args.command {
        RulesCommand::List => list(cli, &session.config),
        RulesCommand::Check => check(cli, &session.config),
    }
}

fn list(cli: &Cli, config: &Config) -> anyhow::Result<Ending> {
    let rows: Vec<RuleRow> = config
        .rules
        .rules()
        .iter()
        .map(|rule| RuleRow {
            rule_id: rule.id.to_string(),
            product_codes: rule.product_codes.iter().map(ToString::to_string).collect(),
            source: rule.source.to_string(),
            count_basis: rule.count_basis.as_str(),
            kinds: rule.kinds.clone(),
            skus: rule.skus.clone(),
        })
        .collect();
    if cli.json {
        json(&rows)?;
        return Ok(Ending::Clean);
    }
    let cells = |row: &RuleRow| {
        let what = row.kinds.iter().chain(&row.skus).cloned().collect::<Vec<_>>().join(", ");
        vec![row.rule_id.clone(), row.product_codes.join(", "), row.source.clone(), row.count_basis.to_owned(), what]
    };
    let columns = [Key("rule"), Text("products"), Key("source"), Text("count basis"), Text("counts")];
    table(&columns, &rows.iter().map(cells).collect::<Vec<_>>());
    Ok(Ending::Clean)
}

/// What keeps a run from using the settings. The files themselves could be read.
pub(crate) fn problems(config: &Config) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in config.settings.enabled() {
        if let Err(error) = connect(&source.connector, &source.options) {
            wrong.push(format!("{}: source `{}`: {error}", SETTINGS_FILE, source.id));
        }
    }
    let billed = config.settings.enabled().filter(|source| source.side() == Side::Agreed).count();
    if billed != 1 {
        wrong.push(format!(
            "{}: {billed} enabled sources give billed lines; a run needs exactly one PSA",
            SETTINGS_FILE
        ));
    }
    wrong
}

/// Rules of sources that are not enabled: their products are not reconciled.
pub(crate) fn warnings(config: &Config) -> Vec<String> {
    let rules = config.rules.rules().iter();
    let idle = rules.filter(|rule| !config.settings.enabled().any(|source| source.id == rule.source));
    let warning = |rule: &truecount_reconciliation::Rule| {
        format!("{}: rule `{}` counts in `{}`, which is not an enabled source", RULES_FILE, rule.id, rule.source)
    };
    idle.map(warning).collect()
}

fn check(cli: &Cli, config: &Config) -> anyhow::Result<Ending> {
    let wrong: Vec<_> = problems(config).into_iter().chain(warnings(config)).collect();
    if cli.json {
        json(&wrong)?;
    } else if wrong.is_empty() {
        let (rules, sources) = (config.rules.rules().iter().count(), config.settings.enabled().count());
        say(&format!("ok: {sources} sources, {rules} rules"));
    } else {
        for line in &wrong {
            say(line);
        }
    }
    if wrong.is_empty() {
        Ok(Ending::Clean)
    } else {
        anyhow::bail!("{} before the next run", problems_found(wrong.len()))
    }
}

/// Such as `1 problem found; fix it`.
pub(crate) fn problems_found(count: usize) -> String {
    match count {
        1 => "1 problem found; fix it".to_owned(),
        _ => format!("{count} problems found; fix them"),
    }
}
