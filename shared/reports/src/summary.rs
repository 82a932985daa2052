//! The run on one screen: what the email and the terminal say, before either gives it a form.
//!
//! Every text in it is ready to be shown: foreign words are harmless and short, amounts are rounded. Amounts of two
//! currencies are never added, underbilled and overbilled are never netted, and what was not reconciled stands beside
//! the totals, not below them.

use std::{cmp::Reverse, collections::BTreeSet};

use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, Currency, SourceId};
use truecount_reconciliation::{Comparison, Confidence, Finding, FindingKind};

use crate::{
    ReportInput, label,
    not_reconciled::NotReconciled,
    open_work::{mappings_to_confirm, receipts_to_check, setup_to_fix},
    sanitize,
};

/// How many exceptions are shown; all are in `exceptions.csv`.
const TOP_MAX: usize = 10;
/// How many currencies' totals are shown.
const CURRENCIES_MAX: usize = 12;

/// Where the summary is read, which decides what its foreign text could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextTarget {
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

/// The content of a summary, in the order in which it is shown.
pub(crate) struct Summary {
    pub(crate) month: String,
    /// `Closing run 1`, `Draft run: …`.
    pub(crate) run: String,
    pub(crate) is_draft: bool,
    /// `April 2026 and May 2026 were not closed: …`
    pub(crate) missed: Option<String>,
    /// `Usage counted on 30 June 2026; all 4 sources were read completely.`
    pub(crate) counted: String,
    pub(crate) outcome: Outcome,
    pub(crate) underbilled: DirectionTotals,
    pub(crate) overbilled: DirectionTotals,
    /// What the totals leave out: exceptions without a price, currencies beyond the cap.
    pub(crate) totals_note: Option<String>,
    pub(crate) not_reconciled: Option<NotReconciled>,
    /// `Top 10 of 17 exceptions by monthly impact`.
    pub(crate) top_title: String,
    pub(crate) top: Vec<TopException>,
    pub(crate) mapping: Option<String>,
    pub(crate) setup: Option<String>,
    /// Words that nobody has explained, and totals of vendors that differ or were refused.
    pub(crate) receipts: Option<String>,
    /// Our own words, to be copied: without the non-joiners that keep foreign text from becoming a link.
    pub(crate) place: String,
    pub(crate) run_id: String,
}

/// What kind of month it was: what the headline and the subject depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Not one comparison could be made, so "no exceptions" would be wrong.
    NothingReconciled,
    /// Everything that was compared agrees.
    Agrees(String),
    /// There are exceptions.
    Differs(String),
}

/// The totals of one direction, underbilled or overbilled.
#[derive(Default)]
pub(crate) struct DirectionTotals {
    pub(crate) amounts: Vec<CurrencyTotal>,
}

/// One currency's total of one direction.
pub(crate) struct CurrencyTotal {
    /// `GBP 1,234.50`.
    pub(crate) amount: String,
    pub(crate) exceptions: String,
}

/// One exception of those with the highest impact.
pub(crate) struct TopException {
    /// Its number in `exceptions.csv`.
    pub(crate) number: usize,
    pub(crate) client: String,
    /// The product and the source, where known.
    pub(crate) what: String,
    pub(crate) kind: &'static str,
    pub(crate) reason: String,
    /// `GBP 1,234.50` a month, without a sign.
    pub(crate) impact: String,
    pub(crate) is_over: bool,
    pub(crate) level: &'static str,
    /// `count basis`, unless every part is full.
    pub(crate) weakest: Option<&'static str>,
    pub(crate) next_step: &'static str,
}

impl Summary {
    pub(crate) fn of(input: &ReportInput<'_>, target: TextTarget) -> Self {
        let ReportInput { header, reconciliation } = *input;
        let not_reconciled = NotReconciled::of(input, target);
        let (underbilled, overbilled, currencies_beyond) = totals(input);
        let numbered = (1_usize..).zip(&reconciliation.findings);
        let exceptions: Vec<_> = numbered.filter(|(_, finding)| finding.kind != FindingKind::NotReconciled).collect();
        Self {
            month: label::month(header.month),
            run: run(input),
            is_draft: header.closing.is_none(),
            missed: missed(&header.missed),
            counted: counted(input, not_reconciled.is_none()),
            outcome: outcome(input, exceptions.len()),
            underbilled,
            overbilled,
            totals_note: totals_note(&exceptions, currencies_beyond),
            not_reconciled,
            top_title: top_title(&exceptions),
            top: exceptions.iter().take(TOP_MAX).map(|one| TopException::of(*one, target)).collect(),
            mapping: mappings_to_confirm(&reconciliation.suggestions),
            setup: setup_to_fix(&reconciliation.setup, target),
            receipts: receipts_to_check(&reconciliation.coverage, target),
            place: foreign(TextTarget::Terminal, &header.archive_place, 300),
            run_id: foreign(TextTarget::Terminal, &header.run_id, 100),
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
                let underbilled = self.underbilled.in_subject("underbilled");
                let overbilled = self.overbilled.in_subject("overbilled");
                let amounts: Vec<_> = underbilled.into_iter().chain(overbilled).collect();
                parts.push(if amounts.is_empty() { short.clone() } else { amounts.join(", ") });
            }
        }
        parts.extend(self.not_reconciled.as_ref().map(|unknown| unknown.short.clone()));
        format!("{draft}Truecount {}: {}", self.month, parts.join("; "))
    }
}

impl DirectionTotals {
    fn in_subject(&self, direction: &str) -> Option<String> {
        match &self.amounts[..] {
            [] => None,
            [one] => Some(format!("{} {direction}", one.amount)),
            [one, two] => Some(format!("{} and {} {direction}", one.amount, two.amount)),
            many => Some(format!("{direction} in {} currencies", many.len())),
        }
    }
}

impl TopException {
    fn of((number, finding): (usize, &Finding), target: TextTarget) -> Self {
        let impact = match (finding.monthly_impact, finding.currency) {
            (Some(impact), Some(currency)) => label::money(impact.abs(), currency),
            (Some(impact), None) => label::amount(impact.abs()),
            (None, _) => "value unknown".to_owned(),
        };
        let product = finding.product_code.as_ref().map(|code| code.as_str());
        let source = finding.source.as_ref().map(SourceId::as_str);
        let what: Vec<_> = product.into_iter().chain(source).map(|text| foreign(target, text, 28)).collect();
        Self {
            number,
            client: foreign(target, &finding.client_name, 44),
            what: what.join(" · "),
            kind: finding.kind.label(),
            reason: foreign(target, &finding.reason, 160),
            impact,
            is_over: finding.variance.is_some_and(|variance| variance < Decimal::ZERO),
            level: finding.confidence.level().label(),
            weakest: weakest(&finding.confidence),
            next_step: finding.next_step.label(),
        }
    }
}

fn top_title(exceptions: &[(usize, &Finding)]) -> String {
    let all = label::count(exceptions.len() as u64, "exception", "exceptions");
    let is_priced = exceptions.iter().any(|(_, finding)| finding.monthly_impact.is_some());
    match (exceptions.len() <= TOP_MAX, is_priced) {
        (true, true) => "Exceptions by monthly impact".to_owned(),
        (true, false) => "Exceptions".to_owned(),
        (false, true) => format!("Top {TOP_MAX} of {all} by monthly impact"),
        (false, false) => format!("{TOP_MAX} of {all}; their monthly impact is not known"),
    }
}

/// The weakest part's name, unless every part is full.
fn weakest(confidence: &Confidence) -> Option<&'static str> {
    let (name, points) = confidence.weakest();
    (points < 100).then_some(name)
}

fn run(input: &ReportInput<'_>) -> String {
    let replaces = input.header.replaces.as_ref();
    let replaces =
        replaces.map(|run| format!(", replaces run {}", foreign(TextTarget::Terminal, run, 60))).unwrap_or_default();
    match input.header.closing {
        None => "Draft run: not the closing run of this month".to_owned(),
        Some(1) => format!("Closing run{replaces}"),
        Some(number) => format!("Closing run {number}{replaces}"),
    }
}

/// Months for which no closing run happened.
fn missed(months: &[BillingMonth]) -> Option<String> {
    let names: Vec<_> = months.iter().map(|month| label::month(*month)).collect();
    let (last, others) = names.split_last()?;
    let which = if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) };
    let (was, first) = (if others.is_empty() { "was" } else { "were" }, months[0]);
    Some(format!(
        "{which} {was} not closed: no closing run happened, and this mail does not cover that time. To close it now, run `truecount run --closing --month {first}`."
    ))
}

fn outcome(input: &ReportInput<'_>, exceptions: usize) -> Outcome {
    let is_made = |comparison: &&Comparison| comparison.kind != Some(FindingKind::NotReconciled);
    let compared: Vec<_> = input.reconciliation.comparisons.iter().filter(is_made).collect();
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
fn totals(input: &ReportInput<'_>) -> (DirectionTotals, DirectionTotals, usize) {
    let mut totals: Vec<_> = input.reconciliation.totals.iter().collect();
    totals.sort_by_key(|total| (Reverse(total.underbilled_count + total.overbilled_count), total.currency));
    let beyond = totals.len().saturating_sub(CURRENCIES_MAX);
    totals.truncate(CURRENCIES_MAX);
    let (mut under, mut over) = (DirectionTotals::default(), DirectionTotals::default());
    for total in totals {
        under.amounts.extend(CurrencyTotal::of(total.underbilled, total.currency, total.underbilled_count));
        over.amounts.extend(CurrencyTotal::of(total.overbilled, total.currency, total.overbilled_count));
    }
    (under, over, beyond)
}

impl CurrencyTotal {
    fn of(amount: Decimal, currency: Currency, exceptions: u64) -> Option<Self> {
        (exceptions > 0 || !amount.is_zero()).then(|| Self {
            amount: label::money(amount, currency),
            exceptions: label::count(exceptions, "exception", "exceptions"),
        })
    }
}

fn totals_note(exceptions: &[(usize, &Finding)], currencies_beyond: usize) -> Option<String> {
    let unpriced = exceptions.iter().filter(|(_, finding)| finding.monthly_impact.is_none()).count() as u64;
    let mut notes = Vec::new();
    if unpriced > 0 {
        let (has, is) = if unpriced == 1 { ("has", "is") } else { ("have", "are") };
        let exceptions = label::count(unpriced, "exception", "exceptions");
        notes.push(format!("{exceptions} {has} no known price and {is} in no total."));
    }
    if currencies_beyond > 0 {
        let more = label::count(currencies_beyond as u64, "more currency is", "more currencies are");
        notes.push(format!("{more} in exceptions.csv."));
    }
    (!notes.is_empty()).then(|| notes.join(" "))
}

/// Foreign text: short, and harmless where it is read.
pub(crate) fn foreign(target: TextTarget, text: &str, characters_max: usize) -> String {
    let short = sanitize::shortened(text, characters_max);
    match target {
        TextTarget::Mail => sanitize::unlinked(&short),
        TextTarget::Terminal => sanitize::visible(&short).into_owned(),
    }
}
