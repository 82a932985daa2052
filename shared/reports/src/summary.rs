//! The run on one screen: what the email and the terminal say, before either gives it a form.
//!
//! Every text in it is ready to be shown: foreign words are inert and short, amounts are rounded. Amounts of two
//! currencies are never added, billed too few and billed too many never set off against each other, and what was not
//! reconciled stands beside the totals, not below them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, Currency, SourceId};
use truecount_reconciliation::{Confidence, Finding, FindingKind, MappingSuggestion};

use crate::{ReportInput, label, not_reconciled::NotReconciled, sanitize};

/// How many exceptions are shown; all are in `exceptions.csv`.
const TOP_MAX: usize = 10;
/// How many currencies' totals are shown.
const CURRENCIES_MAX: usize = 12;

/// Where the summary is read, which decides what its foreign text could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A mail program, which makes links of what looks like one.
    Mail,
    /// A terminal.
    Terminal,
}

/// What only a mail says: before everything else, and after.
#[derive(Clone, Copy, Default)]
pub(crate) struct Frame<'a> {
    pub(crate) first_line: Option<&'a str>,
    pub(crate) last_line: Option<&'a str>,
}

/// Everything that is said, in the order in which it is said.
pub(crate) struct Summary {
    pub(crate) month: String,
    /// `Closing run 1`, `Draft run: …`.
    pub(crate) run: String,
    pub(crate) is_draft: bool,
    /// `April 2026 and May 2026 were not closed: …`
    pub(crate) missed: Option<String>,
    /// `Usage counted on 30 June 2026; 4 sources were read completely.`
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
    /// Our own words, to be copied: without the non-joiners that keep foreign text from becoming a link.
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
    /// `GBP 1,234.50`.
    pub(crate) amount: String,
    pub(crate) exceptions: String,
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
    pub(crate) fn of(input: &ReportInput<'_>, medium: Target) -> Self {
        let ReportInput { header, reconciliation } = *input;
        let not_reconciled = NotReconciled::of(input, medium);
        let (too_few, too_many, beyond) = sides(input);
        let exceptions: Vec<_> =
            reconciliation.findings.iter().filter(|finding| finding.kind != FindingKind::NotCompared).collect();
        Self {
            month: label::month(header.month),
            run: run(input),
            is_draft: header.closing.is_none(),
            missed: missed(&header.missed),
            counted: counted(input, not_reconciled.is_none()),
            outcome: outcome(input, exceptions.len()),
            too_few,
            too_many,
            totals_note: totals_note(&exceptions, beyond),
            not_reconciled,
            top_title: top_title(&exceptions),
            top: exceptions.iter().take(TOP_MAX).map(|finding| Top::of(finding, medium)).collect(),
            mapping: mapping(&reconciliation.suggestions),
            setup: setup(input, medium),
            place: foreign(Target::Terminal, &header.archive_place, 300),
            run_id: foreign(Target::Terminal, &header.run_id, 100),
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
    fn of(finding: &Finding, medium: Target) -> Self {
        let worth = match (finding.monthly_impact, finding.currency) {
            (Some(impact), Some(currency)) => label::money(impact.abs(), currency),
            (Some(impact), None) => label::amount(impact.abs()),
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
            reason: foreign(medium, &finding.reason, 160),
            worth,
            is_over: finding.variance.is_some_and(|variance| variance < Decimal::ZERO),
            level: finding.confidence.level().for_people(),
            weakest: weakest(&finding.confidence),
            next_step: finding.next_step.for_people(),
        }
    }
}

fn top_title(exceptions: &[&Finding]) -> String {
    let all = label::count(exceptions.len() as u64, "exception", "exceptions");
    let is_priced = exceptions.iter().any(|finding| finding.monthly_impact.is_some());
    match (exceptions.len() <= TOP_MAX, is_priced) {
        (true, true) => "What to look at, in order of what it costs".to_owned(),
        (true, false) => "What to look at".to_owned(),
        (false, true) => format!("The {TOP_MAX} of {all} that cost most"),
        (false, false) => format!("{TOP_MAX} of {all}: what they cost is not known"),
    }
}

/// The weakest part's name, unless every part is full.
pub(crate) fn weakest(confidence: &Confidence) -> Option<&'static str> {
    let (name, points) = confidence.weakest();
    (points < 100).then_some(name)
}

fn run(input: &ReportInput<'_>) -> String {
    let replaces = input.header.replaces.as_ref();
    let replaces =
        replaces.map(|run| format!(", replaces run {}", foreign(Target::Terminal, run, 60))).unwrap_or_default();
    match input.header.closing {
        None => "Draft run: not this month's final count".to_owned(),
        Some(1) => format!("Closing run{replaces}"),
        Some(number) => format!("Closing run {number}{replaces}"),
    }
}

/// Months that nobody has looked at.
fn missed(months: &[BillingMonth]) -> Option<String> {
    let names: Vec<_> = months.iter().map(|month| label::month(*month)).collect();
    let (last, others) = names.split_last()?;
    let which = if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) };
    let (was, first) = (if others.is_empty() { "was" } else { "were" }, months[0]);
    Some(format!(
        "{which} {was} not closed: the run that was due did not happen, and this mail says nothing about that time. `truecount run --closing --month {first}` makes up for it."
    ))
}

fn outcome(input: &ReportInput<'_>, exceptions: usize) -> Outcome {
    let made = |comparison: &&truecount_reconciliation::Comparison| comparison.kind != Some(FindingKind::NotCompared);
    let compared: Vec<_> = input.reconciliation.comparisons.iter().filter(made).collect();
    let clients: BTreeSet<_> = compared.iter().map(|comparison| &comparison.client_id).collect();
    let agree = compared.iter().filter(|comparison| comparison.kind.is_none()).count() as u64;
    let comparisons = label::count(compared.len() as u64, "comparison", "comparisons");
    let clients = label::count(clients.len() as u64, "client", "clients");
    match exceptions {
        0 if compared.is_empty() => Outcome::NothingReconciled,
        0 => Outcome::Agrees(format!("all {comparisons} at {clients} agree")),
        number => {
            let number = label::count(number as u64, "exception", "exceptions");
            let agree = label::quantity(Decimal::from(agree));
            Outcome::Differs(format!("{number}; {agree} of {comparisons} at {clients} agree"))
        }
    }
}

fn counted(input: &ReportInput<'_>, all_read: bool) -> String {
    let day = label::day(input.header.count_day.0);
    match input.reconciliation.coverage.len() as u64 {
        sources if all_read && sources > 0 => {
            let read = label::count(sources, "source was", "sources were");
            format!("Usage counted on {day}; {read} read completely.")
        }
        _ => format!("Usage counted on {day}."),
    }
}

/// Both directions, the currency of most exceptions first, and how many currencies are beyond the cap.
fn sides(input: &ReportInput<'_>) -> (Side, Side, usize) {
    let mut totals: Vec<_> = input.reconciliation.totals.iter().collect();
    totals.sort_by_key(|total| (Reverse(total.too_few_count + total.too_many_count), total.currency));
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
            amount: label::money(amount, currency),
            exceptions: label::count(exceptions, "exception", "exceptions"),
        })
    }
}

fn totals_note(exceptions: &[&Finding], currencies_beyond: usize) -> Option<String> {
    let unpriced = exceptions.iter().filter(|finding| finding.monthly_impact.is_none()).count() as u64;
    let mut notes = Vec::new();
    match unpriced {
        0 => {}
        1 => notes.push("1 exception has no known price and is in no total.".to_owned()),
        many => notes.push(format!(
            "{} have no known price and are in no total.",
            label::count(many, "exception", "exceptions")
        )),
    }
    if currencies_beyond > 0 {
        notes.push(format!(
            "{} more in exceptions.csv.",
            label::count(currencies_beyond as u64, "currency", "currencies")
        ));
    }
    (!notes.is_empty()).then(|| notes.join(" "))
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
    let mut said = label::count(
        suggestions.len() as u64,
        "vendor organization is not mapped to a client",
        "vendor organizations are not mapped to a client",
    );
    let amounts: Vec<_> = worth.iter().map(|(currency, sum)| label::money(*sum, *currency)).collect();
    if !amounts.is_empty() && !is_beyond {
        said.push_str(&format!(", worth about {} a month at list price", amounts.join(" and ")));
        if unknown > 0 {
            said.push_str(&format!(" ({} of unknown worth)", label::quantity(Decimal::from(unknown))));
        }
    }
    said.push('.');
    if proposed > 0 {
        said.push_str(&format!(" A client is proposed for {}.", label::quantity(Decimal::from(proposed))));
    }
    Some(said)
}

fn setup(input: &ReportInput<'_>, medium: Target) -> Option<String> {
    let findings = &input.reconciliation.setup;
    let first = findings.first()?;
    let first = foreign(medium, &first.message, 120);
    Some(match findings.len() as u64 - 1 {
        0 => first,
        more => format!("{first} And {} in setup.csv.", label::count(more, "more point", "more points")),
    })
}

/// A text of others: short, and inert where it is read.
pub(crate) fn foreign(medium: Target, text: &str, characters_max: usize) -> String {
    let short = sanitize::shortened(text, characters_max);
    match medium {
        Target::Mail => sanitize::unlinked(&short),
        Target::Terminal => sanitize::visible(&short).into_owned(),
    }
}
