//! The run on one screen: what the email and the terminal say, before either gives it a form.
//!
//! Every text in it is ready to be shown: foreign words are harmless and short, amounts are rounded. The share of the
//! recurring revenue that was compared stands first. Amounts of two currencies are never added, what is to be added and
//! what is to be reduced are never netted, and what was not reconciled is one of the totals.

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::BillingMonth;
use truecount_reconciliation::{RevenueCoverage, RowKind};

use crate::{
    MailContent, RunReport, TotalLine,
    actions::{ChangesDone, set_aside},
    agreement_findings::AgreementsInBrief,
    baseline::{FIRST_IN_SUBJECT, FirstComparison, opening_list},
    history::HistoryInBrief,
    label,
    map_first::MapFirst,
    not_reconciled::NotReconciled,
    older_syncs::source_notes,
    open_work::{agreements_ended, agreements_ending, receipts_to_check, setup_to_fix},
    revenue::{revenue_compared_in, share_compared},
    run_totals,
    run_totals::totals_leave_out,
    sanitize,
    top::TopExceptions,
};

/// How many currencies of one figure are shown.
const CURRENCIES_MAX: usize = 6;

/// Of a closing that did not wait any longer.
const INCOMPLETE: &str = "with what there is: not everything that a closing waits for was read. What is missing is marked \
     with ! below, or not reconciled.";

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
    /// Whom it is about, where that is not everybody.
    pub(crate) about: &'a [String],
    pub(crate) last_line: Option<&'a str>,
}

/// The content of a summary, in the order in which it is shown.
pub(crate) struct Summary {
    pub(crate) month: String,
    /// `Closing run 1`, `Draft run: …`.
    pub(crate) run: String,
    pub(crate) is_draft: bool,
    /// `April 2026 and May 2026 were not closed: …`
    pub(crate) missed: Option<MissedMonths>,
    /// That it was closed with what there was.
    pub(crate) incomplete: Option<&'static str>,
    /// `96 % of the recurring revenue was compared (…)`, a sentence for each currency.
    pub(crate) compared: Vec<String>,
    /// `Usage counted on 30 June 2026; all 4 sources were read completely.`
    pub(crate) counted: String,
    /// What of the sources is older, or was not used.
    pub(crate) sources: Vec<String>,
    pub(crate) outcome: MonthOutcome,
    /// Of a first comparison what stands instead of its totals.
    pub(crate) first: Option<FirstComparison>,
    /// To add, to reduce, to clean up, not reconciled; none of a first comparison.
    pub(crate) totals: Vec<TotalLine>,
    /// What the totals leave out, a sentence each.
    pub(crate) totals_notes: Vec<String>,
    pub(crate) map_first: Option<MapFirst>,
    pub(crate) not_reconciled: Option<NotReconciled>,
    pub(crate) ending: Option<String>,
    pub(crate) ended: Option<String>,
    /// What is left of the opening list, and what is new since.
    pub(crate) opening: Option<String>,
    /// What has changed since the last closing.
    pub(crate) history: Option<HistoryInBrief>,
    /// What was really done of what was decided.
    pub(crate) done: Option<ChangesDone>,
    pub(crate) top: TopExceptions,
    /// What the agreements give away by themselves.
    pub(crate) agreements: Option<AgreementsInBrief>,
    pub(crate) setup: Option<String>,
    /// Words that nobody has explained, and totals of vendors that differ or were refused.
    pub(crate) receipts: Option<String>,
    /// Where the files are. Our own words, to be copied: without the non-joiners that keep foreign text from becoming a
    /// link. `None`: the reader does not need them.
    pub(crate) place: Option<String>,
    pub(crate) run_id: String,
    /// Of the subject: the share of the recurring revenue that was compared; `None`: none is known.
    share: Option<String>,
    /// The amounts of the subject: to add, to reduce.
    amounts: Vec<String>,
}

/// Earlier months without a closing run.
pub(crate) struct MissedMonths {
    pub(crate) text: String,
    /// What closes the first of them now.
    pub(crate) command: String,
}

/// What kind of month it was: what the headline and the subject depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MonthOutcome {
    /// Not one comparison came to a result, so "no exceptions" would be wrong.
    NothingCompared {
        /// Whether that is because nobody mapped the accounts yet.
        map_first: bool,
    },
    /// Nothing is to be done, and how many comparisons agree.
    Agrees(String),
    /// How many exceptions there are, and how many comparisons agree.
    Differs(String),
}

impl Summary {
    pub(crate) fn of(report: &RunReport<'_>, target: TextTarget) -> Self {
        Self::with(report, (MailContent::Work, None), target)
    }

    /// As a mail of this content has it, which lists entries from this value on.
    pub(crate) fn with(
        report: &RunReport<'_>,
        (content, entries_from): (MailContent, Option<Decimal>),
        target: TextTarget,
    ) -> Self {
        let (header, portfolio) = (report.header, &report.portfolio);
        let is_first = portfolio.is_first_comparison();
        let map_first = MapFirst::of(report, target);
        let not_reconciled = NotReconciled::of(report, target);
        let top = TopExceptions::of(report, (content, entries_from), target);
        let outcome = outcome(report, top.exceptions, map_first.is_some(), not_reconciled.is_some());
        let sources = source_notes(report, target);
        let summary = Self {
            month: label::month(header.month),
            run: run(report),
            is_draft: header.closing.is_none(),
            missed: missed(&header.missed),
            incomplete: header.is_incomplete.then_some(INCOMPLETE),
            compared: capped(revenue_compared_in(report), "currency", "currencies"),
            counted: counted(report, sources.is_empty()),
            sources,
            outcome,
            first: FirstComparison::of(portfolio),
            totals: if is_first { Vec::new() } else { totals(report) },
            totals_notes: if is_first { Vec::from_iter(set_aside(portfolio)) } else { totals_leave_out(portfolio) },
            map_first,
            not_reconciled,
            ending: agreements_ending(report),
            ended: agreements_ended(report),
            opening: opening_list(&report.exceptions, &report.earlier, portfolio, header.month).map(|list| list.told()),
            history: HistoryInBrief::of(report, target),
            done: ChangesDone::of(report, target),
            top,
            agreements: AgreementsInBrief::of(&report.agreement_findings, target),
            setup: setup_to_fix(&report.setup, target),
            receipts: receipts_to_check(&report.sources, target),
            // A mail is read where nobody may reach it.
            place: (target == TextTarget::Terminal).then(|| foreign(TextTarget::Terminal, &header.archive_place, 300)),
            run_id: foreign(TextTarget::Terminal, &header.run_id, 100),
            share: share_compared(&report.portfolio),
            amounts: if is_first { Vec::new() } else { amounts(report) },
        };
        match content {
            MailContent::Work => summary,
            MailContent::Summary => summary.in_brief(),
        }
    }

    /// Without what is only for somebody who works on it: what to type, who has to do what, and where the files are.
    fn in_brief(mut self) -> Self {
        self.first = self.first.map(|_| FirstComparison::in_brief());
        if let Some(map) = &mut self.map_first {
            map.sources.clear();
            map.more = None;
        }
        if let Some(unknown) = &mut self.not_reconciled {
            unknown.groups.clear();
            unknown.more = None;
        }
        if let Some(history) = &mut self.history {
            history.closed.clear();
            history.more = None;
        }
        if let Some(done) = &mut self.done {
            done.open.clear();
            done.more = None;
        }
        if let Some(agreements) = &mut self.agreements {
            agreements.rows.clear();
            agreements.more = None;
        }
        (self.setup, self.receipts, self.place) = (None, None, None);
        self
    }

    /// The subject, without what only a repeat says.
    pub(crate) fn subject(&self) -> String {
        let draft = if self.is_draft { "Draft: " } else { "" };
        let mut parts = Vec::new();
        match &self.outcome {
            MonthOutcome::NothingCompared { map_first: true } => {
                return format!(
                    "{draft}Truecount {}: nothing could be compared: map the vendor accounts first",
                    self.month
                );
            }
            MonthOutcome::NothingCompared { map_first: false } => parts.push("nothing could be compared".to_owned()),
            MonthOutcome::Agrees(_) | MonthOutcome::Differs(_) => parts.extend(self.share.clone()),
        }
        match &self.outcome {
            MonthOutcome::NothingCompared { .. } => {}
            MonthOutcome::Agrees(_) | MonthOutcome::Differs(_) if self.first.is_some() => {
                parts.push(FIRST_IN_SUBJECT.to_owned());
                parts.push(label::count(self.top.exceptions, "exception", "exceptions"));
            }
            MonthOutcome::Agrees(short) => parts.push(short.clone()),
            MonthOutcome::Differs(short) if self.amounts.is_empty() => parts.push(short.clone()),
            MonthOutcome::Differs(_) => parts.push(self.amounts.join(", ")),
        }
        parts.extend(self.not_reconciled.as_ref().map(|unknown| unknown.short.clone()));
        format!("{draft}Truecount {}: {}", self.month, parts.join("; "))
    }
}

impl MonthOutcome {
    /// The one sentence that says what kind of month it was.
    pub(crate) fn headline(&self) -> String {
        match self {
            Self::NothingCompared { map_first: true } => {
                "Nothing could be compared: map the vendor accounts first.".to_owned()
            }
            Self::NothingCompared { map_first: false } => "Nothing could be compared: no total is known.".to_owned(),
            Self::Agrees(short) | Self::Differs(short) => {
                let mut letters = short.chars();
                let first = letters.next().map(|letter| letter.to_ascii_uppercase()).unwrap_or_default();
                format!("{first}{}.", letters.as_str())
            }
        }
    }
}

fn run(report: &RunReport<'_>) -> String {
    let replaces = report.header.replaces.as_ref();
    let replaces =
        replaces.map(|run| format!(", replaces run {}", foreign(TextTarget::Terminal, run, 60))).unwrap_or_default();
    match report.header.closing {
        None => "Draft run: not the closing run of this month".to_owned(),
        Some(1) => format!("Closing run{replaces}"),
        Some(number) => format!("Closing run {number}{replaces}"),
    }
}

/// Months for which no closing run happened.
fn missed(months: &[BillingMonth]) -> Option<MissedMonths> {
    let names: Vec<_> = months.iter().map(|month| label::month(*month)).collect();
    let (last, others) = names.split_last()?;
    let which = if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) };
    let (was, first) = (if others.is_empty() { "was" } else { "were" }, months[0]);
    Some(MissedMonths {
        text: format!(
            "{which} {was} not closed: no closing run happened, and this mail does not cover that time. To close it now, run:"
        ),
        command: format!("truecount run --closing --month {first}"),
    })
}

fn counted(report: &RunReport<'_>, is_as_new_as_can_be: bool) -> String {
    let days = counted_on(report);
    let is_read = report.sources.iter().all(|source| source.state.is_complete() && source.accounts_incomplete == 0);
    match report.sources.len() as u64 {
        sources if is_as_new_as_can_be && is_read && sources > 0 => {
            let read = label::count(sources, "source was", "sources were");
            format!("Usage counted {days}; {read} read completely.")
        }
        _ => format!("Usage counted {days}."),
    }
}

/// `on 30 June 2026`, or `between 28 June 2026 and 30 June 2026`: the days on which usage was read.
fn counted_on(report: &RunReport<'_>) -> String {
    let usage = report.sources.iter().filter(|source| !source.side.is_billed());
    let days = usage.filter_map(|source| source.as_of);
    let (first, last) = days.fold((None, None), |(first, last): (Option<Date>, Option<Date>), day| {
        (Some(first.map_or(day, |first| first.min(day))), Some(last.map_or(day, |last| last.max(day))))
    });
    let count_day = report.header.count_day.0;
    match (first.unwrap_or(count_day), last.unwrap_or(count_day)) {
        (first, last) if first == last => format!("on {}", label::day(last)),
        (first, last) => format!("between {} and {}", label::day(first), label::day(last)),
    }
}

/// `exceptions`: how many there are beside what is not reconciled and what is not mapped.
fn outcome(report: &RunReport<'_>, exceptions: u64, is_undecided: bool, is_unknown: bool) -> MonthOutcome {
    let compared = report.comparisons();
    let coverage = report.portfolio.coverage.values();
    let no_revenue = coverage.clone().all(|of| of.compared.is_zero()) && coverage.clone().any(|of| !is_zero(of));
    if exceptions == 0 && (compared == 0 || (is_undecided && no_revenue)) {
        return MonthOutcome::NothingCompared { map_first: is_undecided };
    }
    let (agree, left_alone) = (report.rows_of(RowKind::Agrees), report.rows_of(RowKind::LeftAlone));
    let comparisons = label::count(compared, "comparison", "comparisons");
    let clients = label::count(report.clients_compared, "client", "clients");
    let number = |number: u64| label::quantity(Decimal::from(number));
    let verb = if agree == 1 { "agrees" } else { "agree" };
    let agreeing = format!("{} of {comparisons} at {clients} {verb}", number(agree));
    if exceptions > 0 {
        return MonthOutcome::Differs(format!("{}; {agreeing}", label::count(exceptions, "exception", "exceptions")));
    }
    let set_aside = report.portfolio.set_aside.count();
    if set_aside > 0 {
        let parts = [(left_alone, "left alone"), (set_aside, "set aside")];
        let parts = parts.iter().filter(|(rows, _)| *rows > 0);
        let parts: Vec<_> = parts.map(|(rows, what)| format!("{} {what}", number(*rows))).collect();
        return MonthOutcome::Agrees(format!("nothing to change; {agreeing}, {}", parts.join(", ")));
    }
    MonthOutcome::Agrees(match (left_alone, is_unknown || is_undecided) {
        (0, false) => format!("all {comparisons} at {clients} agree"),
        (0, true) => format!("nothing to change; {agreeing}"),
        (left_alone, _) => format!("nothing to change; {agreeing}, {} left alone", number(left_alone)),
    })
}

fn is_zero(of: &RevenueCoverage) -> bool {
    *of == RevenueCoverage::default()
}

fn totals(report: &RunReport<'_>) -> Vec<TotalLine> {
    let lines = run_totals(&report.portfolio).into_iter();
    lines.map(|line| TotalLine { amounts: capped(line.amounts, "currency", "currencies"), ..line }).collect()
}

/// The first texts, and how many more there are.
fn capped(mut texts: Vec<String>, one: &str, many: &str) -> Vec<String> {
    let more = texts.len().saturating_sub(CURRENCIES_MAX) as u64;
    if more > 0 {
        texts.truncate(CURRENCIES_MAX);
        texts.push(format!("and {} in run.json", label::count(more, &format!("more {one}"), &format!("more {many}"))));
    }
    texts
}

/// `USD 1,234.50 to add`, `USD 300.00 to reduce`: on the invoices of this run; only where there is nothing, later.
fn amounts(report: &RunReport<'_>) -> Vec<String> {
    let mut totals: Vec<_> = report.portfolio.totals.iter().collect();
    totals.sort_by_key(|(currency, _)| (**currency != report.portfolio.home_currency, **currency));
    let of = |amount: fn(&truecount_reconciliation::RunTotals) -> Decimal| -> Vec<String> {
        let amounts = totals.iter().map(|(currency, totals)| (**currency, amount(totals)));
        amounts
            .filter(|(_, amount)| !amount.is_zero())
            .map(|(currency, amount)| label::money(amount, currency))
            .collect()
    };
    let or_later = |now: Vec<String>, later: Vec<String>, what: &str| match now.is_empty() {
        true => in_subject(&later, &format!("{what} later")),
        false => in_subject(&now, what),
    };
    let add = or_later(of(|totals| totals.add), of(|totals| totals.later_add), "to add");
    let reduce = or_later(of(|totals| totals.reduce), of(|totals| totals.later_reduce), "to reduce");
    add.into_iter().chain(reduce).collect()
}

fn in_subject(amounts: &[String], what: &str) -> Option<String> {
    match amounts {
        [] => None,
        [one] => Some(format!("{one} {what}")),
        [one, two] => Some(format!("{one} and {two} {what}")),
        many => Some(format!("{what} in {} currencies", many.len())),
    }
}

/// Foreign text: short, and harmless where it is read.
pub(crate) fn foreign(target: TextTarget, text: &str, characters_max: usize) -> String {
    let short = sanitize::shortened(text, characters_max);
    match target {
        TextTarget::Mail => sanitize::unlinked(&short),
        TextTarget::Terminal => sanitize::visible(&short).into_owned(),
    }
}

/// The same of a sentence of several clauses: cut off where a clause ends, if one does.
pub(crate) fn foreign_clauses(target: TextTarget, text: &str, characters_max: usize) -> String {
    let short = sanitize::shortened(text, characters_max);
    match short.strip_suffix('…').and_then(|whole| whole.rsplit_once("; ")) {
        Some((clauses, _)) if text.len() > short.len() => foreign(target, &format!("{clauses}; …"), characters_max),
        _ => foreign(target, &short, characters_max),
    }
}

/// `A, B, C and 4 more`.
pub(crate) fn with_more(names: &[String], names_max: usize) -> String {
    let named = names.iter().take(names_max).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(names_max) as u64 {
        0 => named,
        more => format!("{named} and {} more", label::quantity(Decimal::from(more))),
    }
}
