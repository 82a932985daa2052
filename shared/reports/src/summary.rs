//! The run on one screen: what the email and the terminal say, before either gives it a form.
//!
//! Every text in it is ready to be shown: foreign words are inert and short, amounts are rounded. Amounts of two
//! currencies are never added, billed too few and billed too many never set off against each other, and what was not
//! reconciled stands beside the totals, not below them.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use truecount_billing::{Currency, SourceId};
use truecount_reconciliation::{Confidence, Finding, FindingKind, MappingSuggestion, SourceCoverage};

use crate::{ReportInput, inert, people};

/// How many exceptions are shown; all are in `exceptions.csv`.
const TOP_MAX: usize = 10;
/// How many sources (or reasons) of what was not reconciled are named.
const GAPS_MAX: usize = 6;
/// How many clients are named beside each.
const CLIENTS_MAX: usize = 5;
/// How many currencies' totals are shown.
const CURRENCIES_MAX: usize = 12;

/// Where the summary is read, which decides what its foreign text could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    /// A mail program, which makes links of what looks like one.
    Mail,
    /// A terminal.
    Terminal,
}

/// Everything that is said, in the order in which it is said.
pub(crate) struct Summary {
    pub(crate) month: String,
    /// `Closing run 1`, `Draft run: …`.
    pub(crate) run: String,
    pub(crate) is_draft: bool,
    /// `Usage counted on 30 June 2026. 120 of 132 … agree.`
    pub(crate) counted: String,
    pub(crate) outcome: Outcome,
    pub(crate) too_few: Side,
    pub(crate) too_many: Side,
    /// What the totals leave out: exceptions without a price, currencies beyond the cap.
    pub(crate) totals_note: Option<String>,
    pub(crate) not_reconciled: Option<NotReconciled>,
    /// `The 10 of 17 exceptions that cost most`.
    pub(crate) top_title: String,
    pub(crate) top: Vec<Top>,
    pub(crate) mapping: Option<String>,
    pub(crate) setup: Option<String>,
    pub(crate) place: String,
    pub(crate) run_id: String,
}

/// What kind of month it was: what the headline and the subject depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Not one comparison could be made; a zero would be a lie.
    NothingReconciled,
    /// Everything that was compared agrees.
    Agrees(String),
    /// There are exceptions.
    Differs(String),
}

/// The totals of one direction.
#[derive(Default)]
pub(crate) struct Side {
    pub(crate) amounts: Vec<SideAmount>,
}

/// One currency's total of one direction.
pub(crate) struct SideAmount {
    pub(crate) amount: String,
    pub(crate) exceptions: String,
}

/// What is unknown, and why.
pub(crate) struct NotReconciled {
    pub(crate) title: String,
    /// As in the subject: `3 not reconciled`.
    pub(crate) short: String,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) more: Option<String>,
}

/// One source or reason.
pub(crate) struct Gap {
    pub(crate) name: String,
    pub(crate) why: String,
    pub(crate) clients: Option<String>,
}

/// One exception.
pub(crate) struct Top {
    pub(crate) client: String,
    /// The product and the source, where known.
    pub(crate) what: String,
    pub(crate) kind: &'static str,
    pub(crate) reason: String,
    pub(crate) worth: String,
    pub(crate) is_over: bool,
    pub(crate) level: &'static str,
    /// `count basis`, unless every part is full.
    pub(crate) weakest: Option<&'static str>,
    pub(crate) next_step: &'static str,
}

impl Summary {
    pub(crate) fn of(input: &ReportInput<'_>, medium: Medium) -> Self {
        let ReportInput { header, reconciliation } = *input;
        let gaps = gaps(input, medium);
        let (too_few, too_many, beyond) = sides(input);
        let exceptions: Vec<_> =
            reconciliation.findings.iter().filter(|finding| finding.kind != FindingKind::NotCompared).collect();
        Self {
            month: people::month(header.month),
            run: run(input, medium),
            is_draft: header.closing.is_none(),
            counted: format!("Usage counted on {}.", people::day(header.count_day.0)),
            outcome: outcome(input, exceptions.len()),
            too_few,
            too_many,
            totals_note: totals_note(&exceptions, beyond),
            not_reconciled: gaps,
            top_title: match exceptions.len() {
                total if total <= TOP_MAX => "Exceptions, in order of what they cost a month".to_owned(),
                total => {
                    let total = people::count(total as u64, "exception", "exceptions");
                    format!("The {TOP_MAX} of {total} that cost most a month")
                }
            },
            top: exceptions.iter().take(TOP_MAX).map(|finding| Top::of(finding, medium)).collect(),
            mapping: mapping(&reconciliation.suggestions),
            setup: setup(input, medium),
            place: foreign(medium, &header.archive_place, 300),
            run_id: foreign(medium, &header.run_id, 100),
        }
    }

    /// The subject, without what only a repeat says.
    pub(crate) fn subject(&self) -> String {
        let draft = if self.is_draft { "Draft: " } else { "" };
        let mut parts = Vec::new();
        match &self.outcome {
            Outcome::NothingReconciled => parts.push("nothing could be reconciled".to_owned()),
            Outcome::Agrees(short) => parts.push(short.clone()),
            Outcome::Differs(short) => {
                let too_few = self.too_few.in_subject("billed too few");
                let too_many = self.too_many.in_subject("billed too many");
                let amounts: Vec<_> = too_few.into_iter().chain(too_many).collect();
                parts.push(if amounts.is_empty() { short.clone() } else { amounts.join(", ") });
            }
        }
        parts.extend(self.not_reconciled.as_ref().map(|gaps| gaps.short.clone()));
        format!("{draft}Truecount {}: {}", self.month, parts.join("; "))
    }
}

impl Side {
    fn in_subject(&self, words: &str) -> Option<String> {
        match &self.amounts[..] {
            [] => None,
            [one] => Some(format!("{} {words}", one.amount)),
            [one, two] => Some(format!("{} and {} {words}", one.amount, two.amount)),
            many => Some(format!("{words} in {} currencies", many.len())),
        }
    }
}

impl Top {
    fn of(finding: &Finding, medium: Medium) -> Self {
        let worth = match (finding.monthly_impact, finding.currency) {
            (Some(impact), Some(currency)) => people::money(impact.abs(), currency),
            (Some(impact), None) => people::amount(impact.abs()),
            (None, _) => "worth unknown".to_owned(),
        };
        let product = finding.product_code.as_ref().map(|code| code.as_str());
        let what: Vec<_> = product
            .into_iter()
            .chain(finding.source.as_ref().map(SourceId::as_str))
            .map(|text| foreign(medium, text, 28))
            .collect();
        Self {
            client: foreign(medium, &finding.client_name, 44),
            what: what.join(" · "),
            kind: finding.kind.for_people(),
            reason: foreign(medium, &finding.reason, 140),
            worth,
            is_over: finding.variance.is_some_and(|variance| variance < Decimal::ZERO),
            level: finding.confidence.level().for_people(),
            weakest: weakest(&finding.confidence),
            next_step: finding.next_step.for_people(),
        }
    }
}

fn weakest(confidence: &Confidence) -> Option<&'static str> {
    let (name, points) = confidence.weakest();
    (points < 100).then_some(name)
}

fn run(input: &ReportInput<'_>, medium: Medium) -> String {
    let replaces = input.header.replaces.as_ref();
    let replaces = replaces.map(|run| format!(", replaces run {}", foreign(medium, run, 60))).unwrap_or_default();
    match input.header.closing {
        None => "Draft run: not this month's final count".to_owned(),
        Some(1) => format!("Closing run{replaces}"),
        Some(number) => format!("Closing run {number}{replaces}"),
    }
}

fn outcome(input: &ReportInput<'_>, exceptions: usize) -> Outcome {
    let made = |comparison: &&truecount_reconciliation::Comparison| comparison.kind != Some(FindingKind::NotCompared);
    let compared: Vec<_> = input.reconciliation.comparisons.iter().filter(made).collect();
    let clients: BTreeSet<_> = compared.iter().map(|comparison| &comparison.client_id).collect();
    let agree = compared.iter().filter(|comparison| comparison.kind.is_none()).count() as u64;
    let comparisons = people::count(compared.len() as u64, "comparison", "comparisons");
    let clients = people::count(clients.len() as u64, "client", "clients");
    match exceptions {
        0 if compared.is_empty() => Outcome::NothingReconciled,
        0 => Outcome::Agrees(format!("all {comparisons} at {clients} agree")),
        number => {
            let number = people::count(number as u64, "exception", "exceptions");
            let agree = people::quantity(Decimal::from(agree));
            Outcome::Differs(format!("{number}; {agree} of {comparisons} at {clients} agree"))
        }
    }
}

/// Both directions, and how many currencies are beyond the cap.
fn sides(input: &ReportInput<'_>) -> (Side, Side, usize) {
    let mut totals: Vec<_> = input.reconciliation.totals.iter().collect();
    totals.sort_by_key(|total| total.currency);
    let beyond = totals.len().saturating_sub(CURRENCIES_MAX);
    totals.truncate(CURRENCIES_MAX);
    let (mut few, mut many) = (Side::default(), Side::default());
    for total in totals {
        few.amounts.extend(SideAmount::of(total.billed_too_few, total.currency, total.too_few_count));
        many.amounts.extend(SideAmount::of(total.billed_too_many, total.currency, total.too_many_count));
    }
    (few, many, beyond)
}

impl SideAmount {
    fn of(amount: Decimal, currency: Currency, exceptions: u64) -> Option<Self> {
        (exceptions > 0 || !amount.is_zero()).then(|| Self {
            amount: people::money(amount, currency),
            exceptions: people::count(exceptions, "exception", "exceptions"),
        })
    }
}

fn totals_note(exceptions: &[&Finding], currencies_beyond: usize) -> Option<String> {
    let unpriced = exceptions.iter().filter(|finding| finding.monthly_impact.is_none()).count() as u64;
    let mut notes = Vec::new();
    if unpriced > 0 {
        let exceptions = people::count(unpriced, "exception has", "exceptions have");
        notes.push(format!("{exceptions} no known price and are in no total."));
    }
    if currencies_beyond > 0 {
        notes.push(format!(
            "{} more in exceptions.csv.",
            people::count(currencies_beyond as u64, "currency", "currencies")
        ));
    }
    (!notes.is_empty()).then(|| notes.join(" "))
}

/// What was not reconciled: a gap per source, and one per reason where no source is named.
fn gaps(input: &ReportInput<'_>, medium: Medium) -> Option<NotReconciled> {
    let findings: Vec<_> = input.reconciliation.of_kind(FindingKind::NotCompared).collect();
    let mut by_source: BTreeMap<Option<&SourceId>, Vec<&Finding>> = BTreeMap::new();
    for finding in &findings {
        by_source.entry(finding.source.as_ref()).or_default().push(finding);
    }
    let mut gaps = Vec::new();
    let mut unread = 0_u64;
    for coverage in &input.reconciliation.coverage {
        let found = by_source.remove(&Some(&coverage.source)).unwrap_or_default();
        let why = why_not_read(coverage);
        unread += u64::from(why.is_some());
        if why.is_some() || !found.is_empty() {
            gaps.push(Gap::of(coverage.source.as_str(), why, &found, medium));
        }
    }
    for (source, found) in by_source {
        gaps.push(Gap::of(source.map_or("no source", SourceId::as_str), None, &found, medium));
    }
    if gaps.is_empty() {
        return None;
    }
    let more = gaps.len().saturating_sub(GAPS_MAX) as u64;
    gaps.truncate(GAPS_MAX);
    let unread = people::count(unread, "source not read completely", "sources not read completely");
    let (title, short) = match findings.len() as u64 {
        0 => (unread.clone(), unread),
        number => {
            let shown = people::count(number, "comparison", "comparisons");
            (format!("{shown} not reconciled"), format!("{} not reconciled", people::quantity(Decimal::from(number))))
        }
    };
    let more = (more > 0).then(|| format!("{} more in coverage.csv", people::count(more, "source", "sources")));
    Some(NotReconciled { title, short, gaps, more })
}

/// Why a source's counts cannot all be relied on, in words.
fn why_not_read(coverage: &SourceCoverage) -> Option<String> {
    let state = match coverage.read_state.reason() {
        Some(reason) => Some(format!("{}: {reason}", coverage.read_state.as_str())),
        None if coverage.synced_on.is_none() => Some("no sync that may be used".to_owned()),
        None => None,
    };
    let incomplete = (coverage.account_incomplete_count > 0).then(|| {
        let of = people::count(coverage.account_count, "vendor organization", "vendor organizations");
        format!("{} of {of} not read", people::quantity(Decimal::from(coverage.account_incomplete_count)))
    });
    match (state, incomplete) {
        (Some(state), Some(incomplete)) => Some(format!("{incomplete}; {state}")),
        (state, incomplete) => state.or(incomplete),
    }
}

impl Gap {
    fn of(name: &str, why: Option<String>, findings: &[&Finding], medium: Medium) -> Self {
        let mut reasons: Vec<&str> = findings.iter().map(|finding| finding.reason.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        let why = match (why, &reasons[..]) {
            (Some(why), _) => why,
            (None, [reason]) => (*reason).to_owned(),
            (None, [reason, more @ ..]) => {
                format!("{reason} (and {})", people::count(more.len() as u64, "other reason", "other reasons"))
            }
            (None, []) => "unknown".to_owned(),
        };
        let mut clients: Vec<&str> = findings.iter().map(|finding| finding.client_name.as_str()).collect();
        clients.sort_unstable();
        clients.dedup();
        clients.retain(|client| !client.is_empty());
        let named: Vec<_> = clients.iter().take(CLIENTS_MAX).map(|client| foreign(medium, client, 32)).collect();
        let more = clients.len().saturating_sub(CLIENTS_MAX) as u64;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Self {
            name: foreign(medium, name, 40),
            why: foreign(medium, &why, 160),
            clients: (!named.is_empty()).then(|| format!("{}{more}", named.join(", "))),
        }
    }
}

/// `3 vendor organizations are not mapped to a client, about GBP 120.00 a month at list price.`
fn mapping(suggestions: &[MappingSuggestion]) -> Option<String> {
    if suggestions.is_empty() {
        return None;
    }
    let mut worth: BTreeMap<Currency, Decimal> = BTreeMap::new();
    let mut is_beyond = false;
    for money in suggestions.iter().flat_map(|suggestion| &suggestion.estimated_worth) {
        let sum = worth.entry(money.currency).or_default();
        match sum.checked_add(money.amount) {
            Some(more) => *sum = more,
            None => is_beyond = true,
        }
    }
    let unknown = suggestions.iter().filter(|suggestion| suggestion.estimated_worth.is_empty()).count() as u64;
    let proposed = suggestions.iter().filter(|suggestion| suggestion.client_id.is_some()).count() as u64;
    let mut said = people::count(
        suggestions.len() as u64,
        "vendor organization is not mapped to a client",
        "vendor organizations are not mapped to a client",
    );
    let amounts: Vec<_> = worth.iter().map(|(currency, sum)| people::money(*sum, *currency)).collect();
    if !amounts.is_empty() && !is_beyond {
        said.push_str(&format!(", worth about {} a month at list price", amounts.join(" and ")));
        if unknown > 0 {
            said.push_str(&format!(" ({} of unknown worth)", people::quantity(Decimal::from(unknown))));
        }
    }
    said.push('.');
    if proposed > 0 {
        said.push_str(&format!(" A client is proposed for {}.", people::quantity(Decimal::from(proposed))));
    }
    Some(said)
}

fn setup(input: &ReportInput<'_>, medium: Medium) -> Option<String> {
    let findings = &input.reconciliation.setup;
    let first = findings.first()?;
    let first = foreign(medium, &first.message, 120);
    Some(match findings.len() as u64 - 1 {
        0 => first,
        more => format!("{first} And {} in setup.csv.", people::count(more, "more point", "more points")),
    })
}

/// A text of others: short, and inert where it is read.
fn foreign(medium: Medium, text: &str, characters_max: usize) -> String {
    let short = inert::shortened(text, characters_max);
    match medium {
        Medium::Mail => inert::unlinked(&short),
        Medium::Terminal => inert::visible(&short).into_owned(),
    }
}
