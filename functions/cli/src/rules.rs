//! `truecount rules`: lists the rules, shows what holds for a client, checks that settings and rules can be used and what
//! they come to, and suggests rules.

mod review;
mod schema;
mod show;
mod skus;
mod suggest;

use std::collections::BTreeSet;

use anyhow::Context;
use serde::Serialize;
use truecount_app::{Config, RulesReview};
use truecount_billing::Side;
use truecount_connectors::connect;
use truecount_reports::quantity;
use truecount_rules::{CountJoin, CountPart, CountSpec, Pattern, Rules, ServiceBasis, ServiceRule};
use truecount_store::{RULES_FILE, SETTINGS_FILE};

use crate::args::{Cli, RulesArgs, RulesCommand};
use crate::config;
use crate::open::{Session, look, open};
use crate::output::{Ending, counted, json, say, tell};
use crate::table::Column::{Key, Text};
use crate::table::table;

/// A service, for `--json`.
#[derive(Serialize)]
struct ServiceLine {
    service: String,
    products: Vec<String>,
    /// `counted`, `flat`, `ignored`.
    basis: &'static str,
    /// What counts it: `ninjaone.server`; where it is not compared, why.
    counts: String,
}

pub(crate) async fn rules(cli: &Cli, args: &RulesArgs) -> anyhow::Result<Ending> {
    let session = || look(&args.backend);
    match &args.command {
        RulesCommand::List => list(cli, &session().await?.config),
        RulesCommand::Check => check(cli, &session().await?).await,
        RulesCommand::Skus => skus::skus(cli, &session().await?.config),
        RulesCommand::Schema => schema::schema(&args.backend).await,
        RulesCommand::Suggest(suggest) => suggest::suggest(cli, &open(&args.backend).await?, suggest).await,
        RulesCommand::Show { client, code } => show::show(cli, &session().await?, client, code.as_ref()).await,
    }
}

/// Writes the rules file, if what comes of it can be used and nobody changed it meanwhile; answers where. An earlier
/// version is kept.
pub(crate) async fn replace(session: &Session, text: &str, whole: String) -> anyhow::Result<String> {
    // What is written must be what `rules check` reads.
    Rules::parse(RULES_FILE, &whole, &session.config.settings.vocabulary())
        .context("the rules cannot be changed that way: edit them")?;
    let archive = &*session.env.config;
    let place = archive.place(RULES_FILE);
    if session.is_directory() {
        config::keep(archive, RULES_FILE, text.as_bytes()).await?;
    }
    if !archive.replace(RULES_FILE, text.as_bytes(), whole.into_bytes()).await? {
        anyhow::bail!("`{place}` was changed meanwhile and was left as it is: run the command again");
    }
    Ok(place)
}

fn list(cli: &Cli, config: &Config) -> anyhow::Result<Ending> {
    let rules = &config.rules;
    let rows: Vec<ServiceLine> = rules.services().filter_map(|code| rules.usual_rule(code)).map(service_line).collect();
    if cli.json {
        json(&rows)?;
        return Ok(Ending::Clean);
    }
    let cells = |row: &ServiceLine| vec![row.service.clone(), row.products.join(", "), row.counts.clone()];
    let columns = [Key("service"), Text("products"), Text("counted by")];
    table(&columns, &rows.iter().map(cells).collect::<Vec<_>>());
    Ok(Ending::Clean)
}

fn service_line(rule: &ServiceRule) -> ServiceLine {
    let (basis, counts) = match &rule.basis {
        ServiceBasis::Counted(spec) => ("counted", joined(spec, &part)),
        ServiceBasis::Flat => ("flat", "a flat fee: only that a line stands".to_owned()),
        ServiceBasis::Ignored(why) => ("ignored", format!("not compared: {why}")),
    };
    let products = rule.products.iter().map(ToString::to_string).collect();
    ServiceLine { service: rule.code.to_string(), products, basis, counts }
}

/// `a.server + b.server`, `the most of a.server and b.agent`, `a.server and b.agent, each machine once`.
pub(crate) fn joined(spec: &CountSpec, part: &dyn Fn(&CountPart) -> String) -> String {
    let all = |join: &str| spec.parts.iter().map(part).collect::<Vec<_>>().join(join);
    match &spec.join {
        CountJoin::Sum => all(" + "),
        CountJoin::Largest => {
            let terms = spec.parts.chunk_by(|one, next| one.term == next.term);
            let sums = terms.map(|parts| parts.iter().map(part).collect::<Vec<_>>().join(" + "));
            format!("the most of {}", sums.collect::<Vec<_>>().join(" and "))
        }
        CountJoin::Union(_) => format!("{}, each machine once", all(" and ")),
    }
}

/// `graph.licence where sku = SPB or SPE_E3`.
fn part(part: &CountPart) -> String {
    let words = |words: &[Pattern]| words.iter().map(|word| word.written.as_str()).collect::<Vec<_>>().join(" or ");
    let tables = part.wanted.iter().flat_map(|filter| &filter.tables).flat_map(|table| &table.attributes);
    let wanted: Vec<_> = tables.map(|(attribute, wanted)| format!("{attribute} = {}", words(wanted))).collect();
    let what = counted_kind(part);
    if wanted.is_empty() { what } else { format!("{what} where {}", wanted.join(", ")) }
}

/// `rmm.server`, `8 × rmm.server`.
fn counted_kind(part: &CountPart) -> String {
    let factor = if part.has_factor() { format!("{} × ", quantity(part.times)) } else { String::new() };
    format!("{factor}{}.{}", part.source, part.kind)
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

/// Sources that services count and that are not enabled: those services are not reconciled.
pub(crate) fn warnings(config: &Config) -> Vec<String> {
    let counted: BTreeSet<_> = config.rules.kinds_counted().into_iter().map(|(source, _)| source).collect();
    let idle = counted.into_iter().filter(|counted| !config.settings.enabled().any(|source| source.id == **counted));
    idle.map(|source| format!("{RULES_FILE}: services are counted in `{source}`, which is not an enabled source"))
        .collect()
}

/// What is checked, for `--json`.
#[derive(Serialize)]
struct Checked {
    /// What keeps a run from using settings and rules, or services from being compared.
    problems: Vec<String>,
    /// The rules beside the newest syncs; `None`: there are problems, or there is no sync.
    review: Option<RulesReview>,
}

async fn check(cli: &Cli, session: &Session) -> anyhow::Result<Ending> {
    let config = &session.config;
    let problems: Vec<_> = problems(config).into_iter().chain(warnings(config)).collect();
    let review = if problems.is_empty() { review_of(session).await? } else { None };
    let (ending, found) = (review.as_ref().map_or(Ending::Clean, review::ending), problems.len());
    if cli.json {
        json(&Checked { problems, review })?;
    } else if found == 0 {
        let (services, sources) = (config.rules.services().len() as u64, config.settings.enabled().count() as u64);
        let (services, sources) = (counted(services, "service", "services"), counted(sources, "source", "sources"));
        say(&format!("ok: {sources}, {services}"));
        match &review {
            Some(review) => review::show(review),
            None => tell("Nothing is synced yet: after `truecount sync` this also shows what the rules count."),
        }
    } else {
        problems.iter().for_each(|line| say(line));
    }
    anyhow::ensure!(found == 0, "{} before the next run", problems_found(found));
    Ok(ending)
}

/// The rules beside the newest syncs; `None`: there is none.
async fn review_of(session: &Session) -> anyhow::Result<Option<RulesReview>> {
    let review = RulesReview::load(&session.env, &session.config).await?;
    let is_synced = review.synced_on.values().any(Option::is_some);
    Ok(is_synced.then_some(review))
}

/// Such as `1 problem found; fix it`.
pub(crate) fn problems_found(count: usize) -> String {
    match count {
        1 => "1 problem found; fix it".to_owned(),
        _ => format!("{count} problems found; fix them"),
    }
}
