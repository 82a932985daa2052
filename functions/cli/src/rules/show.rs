//! `truecount rules show`: what holds for one client, and where in the rules it stands.

use rust_decimal::Decimal;
use serde::Serialize;
use truecount_app::{RulesInForce, ServiceInForce};
use truecount_billing::ProductCode;
use truecount_reconciliation::BilledClient;
use truecount_reports::{amount, money, quantity, sanitize};
use truecount_rules::{
    ClientCommitted, CountSpec, CutTerm, Filter, NoLine, PriceScale, PriceTier, Rounding, RulePlace, RulePrice,
    ServiceBasis, ServiceRule, StalePolicy, Tolerance, UnknownPolicy, VendorCommitment, unseen_days,
};
use truecount_store::RULES_FILE;

use super::{counted_kind, joined, part};
use crate::args::Cli;
use crate::client_search::ClientSearch;
use crate::open::Session;
use crate::output::{Ending, counted, json, say, say_text};
use crate::table::Column::{Key, Prose};
use crate::table::table;

/// What holds for a client.
#[derive(Serialize)]
struct Shown {
    client_id: String,
    client: String,
    /// What the rules say of the client itself.
    notes: Vec<String>,
    services: Vec<ShownService>,
}

/// What holds for a service.
#[derive(Serialize)]
struct ShownService {
    service: String,
    /// The agreement that is compared apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<String>,
    /// How many lines stand.
    lines: usize,
    /// The client's kinds of agreement say different things: only what all say holds.
    agreement_types_differ: bool,
    keys: Vec<ShownKey>,
}

/// A key with its value, and where it stands.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct ShownKey {
    key: &'static str,
    value: String,
    from: String,
}

pub(super) async fn show(
    cli: &Cli,
    session: &Session,
    wanted: &str,
    code: Option<&ProductCode>,
) -> anyhow::Result<Ending> {
    let in_force = RulesInForce::load(&session.env, &session.config).await?;
    let mut search = ClientSearch::new(wanted, "the PSA's last sync");
    for client in &in_force.clients {
        if search.look(&client.id, &client.name, client) {
            break;
        }
    }
    let client = search.only().map_err(anyhow::Error::msg)?;
    let shown = shown(&in_force, client, code);
    if let (Some(code), true) = (code, shown.services.is_empty()) {
        anyhow::bail!("the rules have no service `{code}`, nor is it the product of one: `truecount rules list`");
    }
    if cli.json {
        json(&shown)?;
    } else {
        print(&shown);
    }
    Ok(Ending::Clean)
}

fn shown(in_force: &RulesInForce<'_>, client: &BilledClient, code: Option<&ProductCode>) -> Shown {
    let is_wanted = |one: &ServiceInForce<'_>| code.is_none_or(|code| is_of(&one.resolved.rule, code));
    let services = in_force.services_of(client);
    let mut notes = Vec::new();
    if let Some(rules) = in_force.client_rules(client) {
        let place = place_in_words(RulePlace::Client { written: rules.written(), line: rules.line() });
        notes.extend(rules.is_internal().then(|| format!("internal, by {place}")));
        notes.extend(rules.is_nfr().then(|| format!("not for resale, by {place}")));
        notes.extend(rules.note().map(|note| format!("{note}, by {place}")));
    }
    Shown {
        client_id: client.id.to_string(),
        client: client.name.clone(),
        notes,
        services: services.iter().filter(|one| is_wanted(one)).map(shown_service).collect(),
    }
}

/// Whether a code is the service's or that of one of its products.
fn is_of(rule: &ServiceRule, code: &ProductCode) -> bool {
    let is_same = |one: &ProductCode| one.as_str().trim().eq_ignore_ascii_case(code.as_str().trim());
    is_same(&rule.code) || rule.products.iter().any(is_same)
}

fn print(shown: &Shown) {
    say(&sanitize::visible(&format!("{} [{}]", shown.client, shown.client_id)));
    shown.notes.iter().for_each(|note| say_text(&sanitize::visible(note)));
    for service in &shown.services {
        let of = service.agreement.as_ref().map(|name| format!(" on agreement `{name}`")).unwrap_or_default();
        let lines = counted(service.lines, "line", "lines");
        say("");
        say(&sanitize::visible(&format!("{}{of}: {lines}", service.service)));
        let cells = |key: &ShownKey| vec![format!("  {}", key.key), key.value.clone(), key.from.clone()];
        table(&[Key("  key"), Prose("value"), Prose("from")], &service.keys.iter().map(cells).collect::<Vec<_>>());
        if service.agreement_types_differ {
            say_text("  ! its kinds of agreement say different things: only what all say holds");
        }
    }
}

fn shown_service(one: &ServiceInForce<'_>) -> ShownService {
    ShownService {
        service: one.code.to_string(),
        agreement: one.agreement.map(str::to_owned),
        lines: one.lines,
        agreement_types_differ: one.resolved.types_differ,
        keys: keys(one),
    }
}

fn keys(one: &ServiceInForce<'_>) -> Vec<ShownKey> {
    let from = |key: &str| {
        let nearest = one.places.iter().rev().find(|(_, keys)| keys.contains(&key));
        // Only the service itself says which products it has.
        let unnamed = match key {
            "products" => "the service",
            "group" | "except" => "the group",
            _ => "usual",
        };
        nearest.map_or_else(|| unnamed.to_owned(), |(place, _)| place_in_words(*place))
    };
    let values = values(&one.resolved.rule).into_iter();
    values.map(|(key, value)| ShownKey { key, value, from: from(key) }).collect()
}

/// `service`, `client Harbour, line 12`.
fn place_in_words(place: RulePlace<'_>) -> String {
    match place {
        RulePlace::Service => "the service".to_owned(),
        RulePlace::AgreementType { name, line } => format!("{RULES_FILE} line {line}: kind of agreement `{name}`"),
        RulePlace::Client { written, line } => format!("{RULES_FILE} line {line}: client `{written}`"),
        RulePlace::Agreement { written, line } => format!("{RULES_FILE} line {line}: agreement `{written}`"),
    }
}

/// The keys that say something, with their values.
fn values(rule: &ServiceRule) -> Vec<(&'static str, String)> {
    let mut values = Vec::new();
    match &rule.basis {
        ServiceBasis::Flat => values.push(("flat", "true".to_owned())),
        ServiceBasis::Ignored(why) => values.push(("ignore", why.clone())),
        ServiceBasis::Counted(spec) => values.extend(of_count(spec)),
    }
    let products: Vec<_> = rule.products.iter().map(ToString::to_string).collect();
    values.push(("products", products.join(", ")));
    let price = rule.price.as_ref().map(price_in_words);
    let (pack, round_up) = match rule.rounding {
        None => (None, None),
        Some(Rounding::Packs(size)) => (Some(quantity(size)), None),
        Some(Rounding::Multiple(size)) => (None, Some(quantity(size))),
    };
    let optional = [
        ("included", Some(quantity(rule.included)).filter(|_| !rule.included.is_zero())),
        ("minimum", rule.minimum.map(quantity)),
        ("commitment", rule.commitment.as_ref().map(commitment)),
        ("client_committed", rule.client_committed.map(client_committed)),
        ("cut", cut(rule.cut)),
        ("pack", pack),
        ("round_up", round_up),
        ("tolerance", tolerance(rule.tolerance)),
        ("price", price),
        ("price_from", planned_prices(rule)),
        ("expected_at", Some(rule.expected_at.join(", ")).filter(|names| !names.is_empty())),
        ("covers", Some(codes(&rule.covers)).filter(|codes| !codes.is_empty())),
        ("grants", Some(grants(rule)).filter(|granted| !granted.is_empty())),
        ("replaces", Some(codes(&rule.superseded)).filter(|codes| !codes.is_empty())),
        ("group", rule.group.as_ref().map(ToString::to_string)),
        ("no_line", (rule.no_line == NoLine::List).then(|| "list".to_owned())),
        ("one_time", rule.one_time_counts.then(|| "counts".to_owned())),
        ("not_sold", rule.not_sold.as_ref().map(|not_sold| not_sold.why.clone())),
        ("note", rule.note.clone()),
    ];
    values.extend(optional.into_iter().filter_map(|(key, value)| Some((key, value?))));
    values
}

/// `M365-BP, EDR-AGT`.
fn codes(codes: &[ProductCode]) -> String {
    codes.iter().map(ProductCode::as_str).collect::<Vec<_>>().join(", ")
}

/// `1 MNG-WKS, 2 MDM-MOB for each unit that should be billed`.
fn grants(rule: &ServiceRule) -> String {
    let granted = rule.grants.iter().map(|(code, units)| format!("{} {code}", quantity(*units)));
    let granted = granted.collect::<Vec<_>>().join(", ");
    if granted.is_empty() { granted } else { format!("{granted} for each unit that should be billed") }
}

/// `pax8.subscription where sku = SPB`.
fn commitment(commitment: &VendorCommitment) -> String {
    let carried = || "for as long as what is counted was bought".to_owned();
    commitment.count.as_ref().map_or_else(carried, |spec| joined(spec, &part))
}

/// `40 until 2027-03-31`.
fn client_committed(ClientCommitted { units, until }: ClientCommitted) -> String {
    let units = units.map_or_else(|| "what is billed".to_owned(), quantity);
    until.map_or_else(|| units.clone(), |until| format!("{units} until {until}"))
}

/// `at_renewal`, `notice of 30 days`; nothing where fewer may be billed at once.
fn cut(term: CutTerm) -> Option<String> {
    match term {
        CutTerm::AtOnce => None,
        CutTerm::AtRenewal => Some("at_renewal".to_owned()),
        CutTerm::AfterNotice { days } => Some(format!("notice of {}", counted(days as usize, "day", "days"))),
    }
}

/// `GBP 12.50 a month`; `GBP a month, graduated: 8.00 each up to 10, then 7.00`.
fn price_in_words(price: &RulePrice) -> String {
    let (how, tiers) = match &price.scale {
        PriceScale::Each(each) => return format!("{} a month", money(*each, price.currency)),
        PriceScale::Graduated(tiers) => ("graduated", tiers),
        PriceScale::Volume(tiers) => ("by volume", tiers),
    };
    let tier = |tier: &PriceTier| match tier.up_to {
        Some(up_to) => format!("{} each up to {}", amount(tier.each), quantity(up_to)),
        None if tiers.len() == 1 => format!("{} each", amount(tier.each)),
        None => format!("then {}", amount(tier.each)),
    };
    format!("{} a month, {how}: {}", price.currency, tiers.iter().map(tier).collect::<Vec<_>>().join(", "))
}

/// `GBP 33.00 a month from 2027-01-01`.
fn planned_prices(rule: &ServiceRule) -> Option<String> {
    let prices = rule.price_from.iter();
    let prices: Vec<_> = prices
        .map(|planned| format!("{} a month from {}", money(planned.each, planned.currency), planned.from))
        .collect();
    (!prices.is_empty()).then(|| prices.join(", "))
}

/// `2`, `5 %`, or the larger of `2 or 5 %`.
fn tolerance(Tolerance { units, percent }: Tolerance) -> Option<String> {
    let units = Some(quantity(units)).filter(|_| units > Decimal::ZERO);
    let percent = Some(format!("{} %", quantity(percent))).filter(|_| percent > Decimal::ZERO);
    let parts: Vec<_> = units.into_iter().chain(percent).collect();
    (!parts.is_empty()).then(|| parts.join(" or "))
}

/// What is counted. What holds for items is the same of every part, but for the part's own `where`.
fn of_count(spec: &CountSpec) -> Vec<(&'static str, String)> {
    let mut values = vec![("count", joined(spec, &counted_kind))];
    let Some(first) = spec.parts.first() else { return values };
    let wanted: Vec<_> = first.wanted.iter().map(filter_in_words).filter(|text| !text.is_empty()).collect();
    if !wanted.is_empty() {
        values.push(("where", wanted.join(" and ")));
    }
    if !first.unwanted.tables.is_empty() {
        values.push(("where_not", filter_in_words(&first.unwanted)));
    }
    if !first.except.tables.is_empty() {
        values.push(("except", filter_in_words(&first.except)));
    }
    let stale = spec.parts.iter().map(|part| match part.stale {
        StalePolicy::AfterDays(days) => days.to_string(),
        StalePolicy::Never => "false".to_owned(),
    });
    values.push(("seen_within_days", each_once(stale)));
    let unknown = spec.parts.iter().map(|part| match part.unknown {
        UnknownPolicy::Widens => "widens".to_owned(),
        UnknownPolicy::Counts => "counts".to_owned(),
        UnknownPolicy::LeftOut => "left_out".to_owned(),
    });
    values.push(("unknown", each_once(unknown)));
    if spec.parts.iter().any(|part| part.may_be_empty) {
        values.push(("may_be_empty", "true".to_owned()));
    }
    if let Some(conversion) = spec.conversion {
        values.push(("unit", format!("{} (counted in {})", conversion.to.as_str(), conversion.from.as_str())));
    }
    values
}

/// The values in the order of the parts; one, where all are the same.
fn each_once(values: impl Iterator<Item = String>) -> String {
    let mut values: Vec<_> = values.collect();
    values.dedup();
    values.join(" + ")
}

/// `site = leeds or york, class = server`; of several tables any: `(…) or (…)`.
fn filter_in_words(filter: &Filter) -> String {
    let words = |words: &[truecount_rules::Pattern], between: &str| {
        words.iter().map(|word| word.written.as_str()).collect::<Vec<_>>().join(between)
    };
    let tables = filter.tables.iter().map(|table| {
        let any = table.attributes.iter().map(|(name, patterns)| match unseen_days(name) {
            Some(days) => format!("not_seen_for_days = {days}"),
            None => format!("{name} = {}", words(patterns, " or ")),
        });
        let all = (!table.holds_all.is_empty()).then(|| format!("holds = {}", words(&table.holds_all, " and ")));
        any.chain(all).collect::<Vec<_>>().join(", ")
    });
    match tables.collect::<Vec<_>>().as_slice() {
        [one] => one.clone(),
        several => several.iter().map(|table| format!("({table})")).collect::<Vec<_>>().join(" or "),
    }
}
