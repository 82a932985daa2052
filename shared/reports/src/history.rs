//! What earlier closings found, in words: since when an exception stands, what it has cost so far, and what is gone, or not
//! known this month.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, ClientId, Currency};
use truecount_reconciliation::{
    ClientRecord, ClosedBecause, EarlierException, EarlierFigures, ExceptionState, PortfolioRecord, RowHistory,
    RowKind, RowRecord, SumsSoFar,
};

use crate::{
    ExceptionRow, ReportError, ReportFile, RunHeader, RunReport,
    column::{self, Column},
    label,
    summary::{TextTarget, foreign},
    words::{self, money_by_currency},
};

/// The sheet of what was closed, or is not known.
pub(crate) const CLOSED_CSV: &str = "closed.csv";

/// How many closed exceptions the summary names.
const CLOSED_MAX: usize = 5;

/// An exception of earlier closings that is gone, or of which nobody knows whether it still stands, with its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierRow {
    /// The client.
    pub client_id: ClientId,
    /// Its name. Foreign text.
    pub client: String,
    /// As earlier closings found it.
    pub earlier: EarlierException,
    /// Why it is gone; `None`: nobody knows whether it is.
    pub because: Option<ClosedBecause>,
}

impl EarlierRow {
    /// Those of a client.
    pub fn of_client(client: &ClientRecord) -> impl Iterator<Item = Self> {
        let row = |earlier: &EarlierException, because| Self {
            client_id: client.client_id.clone(),
            client: client.client_name.clone(),
            earlier: earlier.clone(),
            because,
        };
        let closed = client.closed.iter().map(move |closed| row(&closed.earlier, Some(closed.because)));
        closed.chain(client.not_known.iter().map(move |earlier| row(earlier, None)))
    }

    /// `agrees now; it was underbilled by 3, GBP 60.00 a month, since April 2026`. `home`: the currency that is told first.
    #[must_use]
    pub fn told(&self, home: Currency) -> String {
        let EarlierException { kind, since, last, so_far, .. } = &self.earlier;
        let (was, since) = (found(*kind, last), label::month(*since));
        match self.because {
            Some(because) => format!("{}; it was {was}, since {since}", because_of(because)),
            None => {
                let known = format!("nobody knows whether it still stands; it was {was}, since {since}");
                std::iter::once(known).chain(self::so_far(so_far, home)).collect::<Vec<_>>().join("; ")
            }
        }
    }

    /// What has become of it, as a word.
    const fn state(&self) -> &'static str {
        match self.because {
            Some(_) => "closed",
            None => "not_known",
        }
    }
}

/// Puts what earlier closings found in order: what was closed first, then what was worth most, then by number.
pub fn sort_earlier(rows: &mut [EarlierRow], portfolio: &PortfolioRecord) {
    rows.sort_by_cached_key(|row| {
        let worth = row.earlier.last.monthly_impact.as_ref();
        let place = worth.map(|worth| portfolio.place_of(worth.currency, worth.amount.abs()));
        (row.because.is_none(), place.is_none(), place, row.earlier.number)
    });
}

/// `underbilled by 3, GBP 60.00 a month`.
fn found(kind: RowKind, figures: &EarlierFigures) -> String {
    let units = label::quantity(figures.units.abs());
    let worth = figures.monthly_impact.as_ref();
    let worth = worth.map(|worth| format!(", {} a month", label::money(worth.amount.abs(), worth.currency)));
    let worth = worth.unwrap_or_default();
    let by = if kind.changes_a_bill() { " by" } else { "," };
    format!("{}{by} {units}{worth}", words::kind(kind))
}

/// Why an exception is gone.
pub(crate) const fn because_of(because: ClosedBecause) -> &'static str {
    match because {
        ClosedBecause::Agrees => "agrees now",
        ClosedBecause::LeftAlone => "what differs is left alone now",
        ClosedBecause::OtherException => "another exception stands instead",
        ClosedBecause::NotCompared => "the rules no longer compare it",
        ClosedBecause::NothingLeft => "nothing is billed and nothing is used now",
        ClosedBecause::NoRule => "the rules no longer have the service",
        ClosedBecause::OtherRule => "another service of the rules has the product now",
        ClosedBecause::ClientGone => "the PSA no longer has the client",
    }
}

/// The word in files.
pub(crate) const fn state_word(state: ExceptionState) -> &'static str {
    match state {
        ExceptionState::New => "new",
        ExceptionState::Open => "open",
        ExceptionState::Changed => "changed",
        ExceptionState::Reopened => "reopened",
    }
}

/// `2026-03: 12 counted, 12 billed; 2026-04: not known, 12 billed`: the last closings before, the oldest first.
pub(crate) fn last_closings(row: &RowRecord) -> String {
    let figure = |units: Option<Decimal>, word: &str| match units {
        Some(units) => format!("{} {word}", label::quantity(units)),
        None => format!("not known how many {word}"),
    };
    let closings = row.last_closings.iter();
    let told = closings
        .map(|one| format!("{}: {}, {}", one.month, figure(one.counted, "counted"), figure(one.billed, "billed")));
    told.collect::<Vec<_>>().join("; ")
}

/// `changed: 2 before, GBP 60.00 a month; open for 3 closings, since 9 April 2026; GBP 120.00 lost so far`. The day is told where it
/// is known.
pub(crate) fn told(history: &RowHistory, kind: RowKind, home: Currency) -> String {
    let mut parts = Vec::new();
    let closings = label::count(history.months_open.into(), "closing", "closings");
    let since = history.began.map_or_else(|| label::month(history.since), label::day);
    let open = format!("open for {closings}, since {since}");
    let is_told = matches!(history.state, ExceptionState::Open | ExceptionState::Changed);
    let began = history.began.filter(|_| !is_told).map(|day| format!("began on {}", label::day(day)));
    match (history.state, &history.before) {
        (ExceptionState::New, _) => parts.push("new".to_owned()),
        (ExceptionState::Reopened, _) => parts.push("reopened".to_owned()),
        (ExceptionState::Changed, Some(before)) => {
            let worth = before.monthly_impact.as_ref();
            let worth = worth.map(|worth| format!(", {} a month", label::money(worth.amount.abs(), worth.currency)));
            let units = label::quantity(before.units.abs());
            parts.extend([format!("changed: {units} before{}", worth.unwrap_or_default()), open]);
        }
        (ExceptionState::Changed, None) => parts.extend(["changed".to_owned(), open]),
        (ExceptionState::Open, _) if kind == RowKind::NotReconciled => {
            parts.push(format!("{open}; nobody knows whether it still stands"));
        }
        (ExceptionState::Open, _) => parts.push(open),
    }
    parts.extend(began);
    parts.extend(history.first_month.map(|first| format!("first found in {}", label::month(first))));
    parts.extend(so_far(&history.so_far, home));
    parts.join("; ")
}

/// `GBP 120.00 lost so far`: what earlier closings found on their own invoices.
pub(crate) fn so_far(sums: &SumsSoFar, home: Currency) -> Vec<String> {
    let mut told = so_far_of(&[sums], home);
    if sums.unpriced_months > 0 {
        let closings = label::count(sums.unpriced_months.into(), "closing", "closings");
        told.push(format!("{closings} without a known price"));
    }
    told
}

/// The same of several exceptions, those that lose and those that bill too much each by themselves.
fn so_far_of(all: &[&SumsSoFar], home: Currency) -> Vec<String> {
    let part = |amounts: fn(&SumsSoFar) -> &BTreeMap<Currency, Decimal>, is_more: bool| {
        let mut sums: BTreeMap<Currency, Decimal> = BTreeMap::new();
        for (currency, amount) in all.iter().flat_map(|one| amounts(one)) {
            if amount.is_sign_positive() == is_more && !amount.is_zero() {
                let sum = sums.entry(*currency).or_default();
                *sum = sum.saturating_add(amount.abs());
            }
        }
        sums
    };
    let parts = [
        (part(|sums| &sums.lost, true), "lost so far"),
        (part(|sums| &sums.lost, false), "overbilled so far"),
        (part(|sums| &sums.estimated, true), "lost so far, estimated"),
        (part(|sums| &sums.estimated, false), "overbilled so far, estimated"),
        (part(|sums| &sums.cost, true), "of cost so far"),
    ];
    let told = parts.iter().filter(|(amounts, _)| !amounts.is_empty());
    told.map(|(amounts, what)| format!("{} {what}", money_by_currency(amounts, home))).collect()
}

/// What the summary says of the time since the last closing.
pub(crate) struct HistoryInBrief {
    /// `Since the closing of May 2026: 3 new, 1 changed, 2 closed. …`
    pub(crate) text: String,
    /// The closed exceptions, the dearest first.
    pub(crate) closed: Vec<ClosedInBrief>,
    /// `and 3 more in closed.csv`
    pub(crate) more: Option<String>,
}

/// One of them.
pub(crate) struct ClosedInBrief {
    pub(crate) number: u32,
    pub(crate) client: String,
    pub(crate) what: String,
    pub(crate) told: String,
}

impl HistoryInBrief {
    /// `None`: no month was closed before.
    pub(crate) fn of(report: &RunReport<'_>, target: TextTarget) -> Option<Self> {
        let last = report.portfolio.last_closing?;
        let standing: Vec<_> =
            report.exceptions.iter().flat_map(ExceptionRow::each).filter(|row| row.is_known()).collect();
        let number = |state| standing.iter().filter(|row| row.state == state_word(state)).count() as u64;
        let (closed, not_known): (Vec<_>, Vec<_>) = report.earlier.iter().partition(|row| row.because.is_some());
        let counts = [
            (number(ExceptionState::New), "new"),
            (number(ExceptionState::Changed), "changed"),
            (number(ExceptionState::Reopened), "reopened"),
            (closed.len() as u64, "closed"),
            (number(ExceptionState::Open), "as before"),
            (not_known.len() as u64, "not known this month"),
        ];
        let counts = counts.iter().filter(|(number, _)| *number > 0);
        let mut counts: Vec<_> =
            counts.map(|(number, what)| format!("{} {what}", label::quantity((*number).into()))).collect();
        let sums: Vec<_> = not_known.iter().map(|row| &row.earlier.so_far).collect();
        let lost_there = so_far_of(&sums, report.portfolio.home_currency).join(", ");
        if let Some(last) = counts.last_mut().filter(|_| !lost_there.is_empty()) {
            last.push_str(&format!(" ({lost_there})"));
        }
        let counts = if counts.is_empty() { "no exceptions, then and now".to_owned() } else { counts.join(", ") };
        let sums: Vec<_> = standing.iter().map(|row| &row.so_far).collect();
        let lost = so_far_of(&sums, report.portfolio.home_currency).join(", ");
        let lost = if lost.is_empty() { String::new() } else { format!(" Of what stands: {lost}.") };
        let shown = closed.iter().take(CLOSED_MAX).map(|row| ClosedInBrief {
            number: row.earlier.number,
            client: foreign(target, &row.client, 44),
            what: foreign(target, row.earlier.key.service.as_str(), 40),
            told: row.told(report.portfolio.home_currency),
        });
        let more = closed.len().saturating_sub(CLOSED_MAX) as u64;
        Some(Self {
            text: format!("Since the closing of {}: {counts}.{lost}", label::month(last)),
            closed: shown.collect(),
            more: (more > 0).then(|| format!("and {} in {CLOSED_CSV}", label::count(more, "more", "more"))),
        })
    }
}

/// `closed.csv`: the exceptions of earlier closings that are gone, and those of which nothing is known this month.
pub(crate) fn closed_csv(header: &RunHeader, rows: &[EarlierRow]) -> Result<ReportFile, ReportError> {
    let mut bytes = Vec::new();
    let written = column::write(CLOSED, header, rows, &mut bytes);
    written.map_err(|source| ReportError::Sheet { sheet: CLOSED_CSV, source })?;
    Ok(ReportFile { name: CLOSED_CSV, bytes })
}

pub(crate) const CLOSED: &[Column<EarlierRow>] = &[
    Column::count("number", |row| row.earlier.number.into()),
    Column::text("client", |row| Some(&row.client)),
    Column::text("product", |row| Some(row.earlier.key.service.as_str())),
    Column::word("kind", |row| row.earlier.kind.as_str()),
    Column::word("state", |row| row.state()),
    Column::word("closed_because", |row| row.because.map_or("", because_of)),
    Column::quantity("variance", |row| Some(row.earlier.last.units)),
    Column::money("monthly_impact", |row| row.earlier.last.monthly_impact.as_ref().map(|worth| worth.amount)),
    Column::text("currency", |row| Some(row.earlier.last.monthly_impact.as_ref()?.currency.as_str())),
    Column::composed("since", |row| row.earlier.since.to_string()),
    Column::count("months_open", |row| row.earlier.months_open.into()),
    Column::money("lost_so_far", |row| row.lost_so_far()),
    Column::text("exception_id", |row| Some(&row.earlier.exception_id)),
    Column::text("client_id", |row| Some(row.client_id.as_str())),
    Column::run_id("run_id"),
    Column::month("month"),
];

impl EarlierRow {
    fn lost_so_far(&self) -> Option<Decimal> {
        self.earlier.so_far.lost_in(self.earlier.last.monthly_impact.as_ref()?.currency)
    }
}

/// The month of a cell; empty where there is none.
pub(crate) fn month_cell(month: Option<BillingMonth>) -> String {
    month.map(|month| month.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use truecount_billing::Money;

    use super::*;

    fn gbp(amount: i64) -> Money {
        Money { amount: amount.into(), currency: Currency::new("GBP").unwrap() }
    }

    fn history(state: ExceptionState) -> RowHistory {
        RowHistory {
            number: Some(4),
            state,
            since: "2026-04".parse().unwrap(),
            first_month: None,
            months_open: 3,
            so_far: SumsSoFar::default(),
            before: None,
            began: None,
        }
    }

    #[test]
    fn since_when_and_what_it_has_cost() {
        let home = Currency::new("GBP").unwrap();
        let euro = Currency::new("EUR").unwrap();
        let amounts =
            |of: &[(Currency, i64)]| of.iter().map(|(currency, amount)| (*currency, (*amount).into())).collect();
        let lost = SumsSoFar { lost: amounts(&[(home, 120), (euro, 7)]), ..SumsSoFar::default() };
        let guess = SumsSoFar {
            lost: amounts(&[(home, -40)]),
            estimated: amounts(&[(home, 9)]),
            cost: amounts(&[(euro, 3)]),
            unpriced_months: 1,
        };
        let before = Some(EarlierFigures { units: 2.into(), monthly_impact: Some(gbp(60)) });
        for (history, kind, expected) in [
            (history(ExceptionState::New), RowKind::Underbilled, "new"),
            (
                RowHistory { so_far: lost, ..history(ExceptionState::Open) },
                RowKind::Underbilled,
                "open for 3 closings, since April 2026; GBP 120.00 and EUR 7.00 lost so far",
            ),
            (
                RowHistory { so_far: guess, ..history(ExceptionState::Open) },
                RowKind::NotReconciled,
                "open for 3 closings, since April 2026; nobody knows whether it still stands; GBP 40.00 overbilled so far; \
                 GBP 9.00 lost so far, estimated; EUR 3.00 of cost so far; 1 closing without a known price",
            ),
            (
                RowHistory { before, ..history(ExceptionState::Changed) },
                RowKind::Underbilled,
                "changed: 2 before, GBP 60.00 a month; open for 3 closings, since April 2026",
            ),
            (
                RowHistory { first_month: Some("2026-01".parse().unwrap()), ..history(ExceptionState::Reopened) },
                RowKind::Overbilled,
                "reopened; first found in January 2026",
            ),
            (
                RowHistory { began: Some(jiff::civil::date(2026, 6, 9)), ..history(ExceptionState::New) },
                RowKind::Underbilled,
                "new; began on 9 June 2026",
            ),
            (
                RowHistory { began: Some(jiff::civil::date(2026, 4, 9)), ..history(ExceptionState::Open) },
                RowKind::Underbilled,
                "open for 3 closings, since 9 April 2026",
            ),
        ] {
            assert_eq!(told(&history, kind, home), expected);
        }
    }

    #[test]
    fn what_was_closed_says_why_and_what_it_was() {
        let figures = EarlierFigures { units: (-3).into(), monthly_impact: Some(gbp(-60)) };
        assert_eq!(found(RowKind::Overbilled, &figures), "overbilled by 3, GBP 60.00 a month");
        let figures = EarlierFigures { units: 2.into(), monthly_impact: None };
        assert_eq!(found(RowKind::UncountedLine, &figures), "billed, no rule counts it, 2");
    }
}
