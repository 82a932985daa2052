//! `truecount rules suggest`: which rules fit what is billed, and those that clearly do, written into the rules file.

use anyhow::Context;
use jiff::civil::Date;
use serde::Serialize;
use truecount_app::{MonthlyRevenue, RulesSuggestions};
use truecount_reports::{money, sanitize};
use truecount_suggestions::{
    AddedRule, CategorySuggestion, Caution, ProductSuggestion, RuleFit, SuggestedBasis, WhichProducts, with_rules,
};

use super::replace;
use crate::args::{Cli, SuggestRulesArgs};
use crate::open::Session;
use crate::output::{Ending, counted, json, say, say_wrapped, tell};

/// So many products without a rule that fits are named; `--json` has all.
const UNFITTED_MAX: usize = 10;

/// What is suggested and what was written, for `--json`.
#[derive(Serialize)]
struct Suggested<'a> {
    #[serde(flatten)]
    found: &'a RulesSuggestions,
    /// The products whose rules were written; `None`: nothing was to be.
    written: Option<Vec<&'a str>>,
}

pub(super) async fn suggest(cli: &Cli, session: &Session, args: &SuggestRulesArgs) -> anyhow::Result<Ending> {
    let which = if args.all { WhichProducts::All } else { WhichProducts::WithoutRule };
    let found = RulesSuggestions::load(&session.env, &session.config, which).await?;
    if found.synced_on.values().all(Option::is_none) {
        tell("Nothing is synced yet: `truecount sync` reads what rules are looked for in.");
        return Ok(Ending::NotRead);
    }
    let taken: Vec<&ProductSuggestion> = found.suggestions.products.iter().filter(|one| is_taken(one)).collect();
    let place = if args.write && !taken.is_empty() { Some(write(session, &found, &taken).await?) } else { None };
    let written = args.write.then(|| taken.iter().map(|one| one.product.as_str()).collect::<Vec<_>>());
    if cli.json {
        json(&Suggested { found: &found, written })?;
        return Ok(Ending::Clean);
    }
    show(&found);
    match (args.write, place) {
        (false, _) if taken.is_empty() => {}
        (false, _) => tell(&format!("{} without a `!`: --write takes them over.", products(taken.len()))),
        (true, Some(place)) => {
            say("");
            say_wrapped(&format!("{place}: {} added: {}", counted(taken.len(), "rule", "rules"), codes(&taken)), 2);
        }
        (true, None) => tell("Nothing was written: no suggestion fits well enough to be taken over without you."),
    }
    Ok(Ending::Clean)
}

/// Whether a suggestion is taken over by `--write`.
fn is_taken(one: &ProductSuggestion) -> bool {
    one.basis != SuggestedBasis::Nothing && one.caution.is_none()
}

fn codes(products: &[&ProductSuggestion]) -> String {
    products.iter().map(|one| one.product.as_str()).collect::<Vec<_>>().join(", ")
}

fn products(count: usize) -> String {
    counted(count, "product is", "products are")
}

/// Puts rules at the end of the services; answers where.
async fn write(session: &Session, found: &RulesSuggestions, taken: &[&ProductSuggestion]) -> anyhow::Result<String> {
    let there = &session.config.rules_bytes;
    let text = std::str::from_utf8(there).context("the rules are not UTF-8")?;
    let day = found.synced_on.values().flatten().max().map(Date::to_string).unwrap_or_default();
    let comments: Vec<String> = taken.iter().map(|one| format!("{}, {day}", equal(one))).collect();
    let rules = taken.iter().zip(&comments).map(|(one, comment)| AddedRule {
        code: one.product.as_str(),
        rule: one.rule.as_deref().unwrap_or_default(),
        comment,
    });
    let whole = with_rules(text, &rules.collect::<Vec<_>>())?;
    replace(session, text, whole).await
}

fn show(found: &RulesSuggestions) {
    let suggestions = &found.suggestions;
    let days = found.synced_on.iter().map(|(source, day)| match day {
        Some(day) => format!("{source} of {day}"),
        None => format!("{source} never"),
    });
    say_wrapped(&format!("newest syncs: {}", days.collect::<Vec<_>>().join(", ")), 2);
    let (tried, clients) = (suggestions.tried, suggestions.clients);
    say_wrapped(&format!("{} tried at {}", counted(tried, "rule", "rules"), counted(clients, "client", "clients")), 2);
    suggestions.products.iter().for_each(product);
    categories(&suggestions.categories);
    unfitted(&suggestions.unfitted);
    if suggestions.products.is_empty() && suggestions.categories.is_empty() && suggestions.unfitted.is_empty() {
        say("Each product that is billed has a rule.");
    }
}

fn product(one: &ProductSuggestion) {
    say("");
    say_wrapped(&heading(one), 2);
    if let Some(rule) = &one.rule {
        say(&format!("  {} = {}", key(one.product.as_str()), sanitize::visible(rule)));
    }
    say_wrapped(&format!("  {}", equal(one)), 4);
    for other in &one.others {
        let fit = format!("{} of {}", other.fit.equal, other.fit.clients);
        say_wrapped(&format!("  `{}`: at {fit}", sanitize::visible(&other.rule)), 4);
    }
    if let Some(caution) = &one.caution {
        say_wrapped(&format!("  ! {}", sanitize::visible(&why(caution))), 4);
    }
}

fn heading(one: &ProductSuggestion) -> String {
    let name = one.name.as_ref().map(|name| format!("  {}", sanitize::visible(name))).unwrap_or_default();
    let clients = counted(one.clients, "client", "clients");
    format!("{}{name}: {clients}{}", sanitize::visible(one.product.as_str()), a_month(&one.revenue))
}

/// A key of TOML.
fn key(code: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    match !code.is_empty() && code.bytes().all(is_bare) {
        true => code.to_owned(),
        false => toml::Value::String(code.to_owned()).to_string(),
    }
}

/// `, GBP 1,234.50 a month`; nothing where no price is known.
fn a_month(revenue: &MonthlyRevenue) -> String {
    let amounts: Vec<_> = revenue.iter().map(|(currency, amount)| money(*amount, *currency)).collect();
    if amounts.is_empty() { String::new() } else { format!(", {} a month", amounts.join(", ")) }
}

/// `equal at 41 of 48 clients; 2 more use it without a line`.
fn equal(one: &ProductSuggestion) -> String {
    let RuleFit { equal, clients, unknown, without_line, .. } = one.fit;
    let mut parts = vec![match one.basis {
        SuggestedBasis::Flat => format!("one at {equal} of {}", counted(clients, "client", "clients")),
        _ => format!("equal at {equal} of {}", counted(clients, "client", "clients")),
    }];
    if unknown > 0 {
        parts.push(format!("of {unknown} more the count is not known"));
    }
    if without_line > 0 {
        parts.push(format!("{} it without a line", counted(without_line, "more uses", "more use")));
    }
    parts.join("; ")
}

/// Why a suggestion is not taken over.
fn why(caution: &Caution) -> String {
    match caution {
        Caution::FewClients { needed } => format!("few clients: {needed} are needed to be sure"),
        Caution::PoorFit { needed } => format!("equal at less than {needed} %: look at those that differ"),
        Caution::NotSoldEverywhere { clients } => format!(
            "{} it without a line: with `no_line = \"list\"` that is no exception; say who buys it if it should be",
            counted(*clients, "client uses", "clients use")
        ),
        Caution::FeeOrCount { rule } => format!("a fee or a count? `{rule}` is equal, too"),
        Caution::SameCount { rule } => format!("`{rule}` counts the same at every client: choose one"),
        Caution::CloseCall { rule, only_first, only_other } => format!(
            "`{rule}` fits nearly as well: it alone is equal at {}, this rule alone at {only_first}",
            counted(*only_other, "client", "clients")
        ),
        Caution::PartlyCounted { rule } => format!("a fee by its quantity, but `{rule}` is equal at many"),
    }
}

fn categories(categories: &[CategorySuggestion]) {
    if categories.is_empty() {
        return;
    }
    say("");
    say_wrapped("Categories of which no product is counted by anything; they are never written:", 2);
    say("  [categories]");
    for one in categories {
        let products = counted(one.products, "product", "products");
        say(&format!("  {} # {products}{}", sanitize::visible(&one.rule), a_month(&one.revenue)));
    }
}

fn unfitted(unfitted: &[ProductSuggestion]) {
    if unfitted.is_empty() {
        return;
    }
    say("");
    say(&format!("No count fits {}:", counted(unfitted.len(), "product", "products")));
    for one in unfitted.iter().take(UNFITTED_MAX) {
        say_wrapped(&format!("  {}", heading(one)), 4);
    }
    if unfitted.len() > UNFITTED_MAX {
        say(&format!("  and {}: `--json` lists all", counted(unfitted.len() - UNFITTED_MAX, "more", "more")));
    }
}
