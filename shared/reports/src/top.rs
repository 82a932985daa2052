//! The exceptions that the summary shows one by one.

use rust_decimal::Decimal;
use truecount_reconciliation::{PortfolioRecord, RowKind};

use crate::{
    ExceptionRow, MailContent, RunReport,
    column::plain,
    label,
    summary::{TextTarget, foreign, foreign_clauses},
};

/// How many are shown; all are in `exceptions.csv`.
const TOP_MAX: usize = 10;
/// How many of them in a mail that is the month in brief.
const BRIEF_MAX: usize = 5;
/// How many of what is not reconciled are shown, where nothing else is.
const UNKNOWN_MAX: usize = 5;

/// The exceptions with the highest value.
pub(crate) struct TopExceptions {
    /// `Top 10 of 17 exceptions by monthly value`.
    pub(crate) title: String,
    pub(crate) rows: Vec<TopException>,
    /// How many exceptions there are, beside what is not reconciled and what is not mapped.
    pub(crate) exceptions: u64,
}

/// One of them.
pub(crate) struct TopException {
    /// `17.`: its number in `exceptions.csv`; `new`, or a dash, where it has none.
    pub(crate) number: String,
    pub(crate) client: String,
    /// The product, and the agreement that bills it.
    pub(crate) what: String,
    pub(crate) kind: &'static str,
    /// `380 → 412`: what is billed, and what should be.
    pub(crate) change: Option<String>,
    pub(crate) reason: String,
    /// `new since the last closing: LT-21; WS-09`: the names to look for; empty: there are none, or the mail names nobody.
    pub(crate) names: String,
    /// `GBP 1,234.50` a month, without a sign.
    pub(crate) value: String,
    pub(crate) is_over: bool,
    pub(crate) next_step: &'static str,
    pub(crate) owner: &'static str,
    /// `open for 3 closings, since April 2026; approved by kim on 2 July 2026: 10 → 13; not changed yet`; empty: nothing is
    /// known, and nothing was decided.
    pub(crate) history: String,
    /// `confidence low: account gone`; empty where nobody knows anyway.
    pub(crate) confidence: String,
}

impl TopExceptions {
    /// What is not reconciled and what is not mapped is told in sum elsewhere; it is shown only where nothing else is.
    /// Lines that no rule counts come after the differences.
    /// `content`: the mail that it is for; in brief, half as many are shown. `entries_from`: the least value of those that
    /// are shown, in the home currency; what is worth nobody knows how much is shown, too.
    pub(crate) fn of(
        report: &RunReport<'_>,
        (content, entries_from): (MailContent, Option<Decimal>),
        target: TextTarget,
    ) -> Self {
        let shown_max = if content == MailContent::Summary { BRIEF_MAX } else { TOP_MAX };
        let is_unknown = |row: &ExceptionRow| row.kind == RowKind::NotReconciled.as_str();
        let is_shown = |row: &ExceptionRow| is_unknown(row) && row.is_comparison();
        let is_uncounted = |row: &ExceptionRow| row.kind == RowKind::UncountedLine.as_str();
        let all = || report.exceptions.iter().filter(|row| !row.is_set_aside());
        let mut rows: Vec<_> = all().filter(|row| !is_unknown(row) && !row.is_unmapped()).collect();
        rows.sort_by_key(|row| is_uncounted(row));
        let exceptions = rows.iter().map(|row| row.each().count() as u64).sum();
        let smaller = entries_from.map_or(0, |least| leave_out_smaller(&mut rows, least, &report.portfolio));
        let (title, rows_max) = if rows.is_empty() && smaller == 0 {
            rows = all().filter(|row| is_shown(row)).collect();
            (title_of_unknown(&rows), UNKNOWN_MAX)
        } else {
            let least = entries_from.filter(|_| smaller > 0);
            let least = least.map(|least| label::money(least, report.portfolio.home_currency));
            (with_smaller(title(&rows, exceptions, shown_max), smaller, least), shown_max)
        };
        let is_first = report.portfolio.last_closing.is_none();
        rows.truncate(rows_max);
        let ordered = client_by_client(&rows);
        let is_same = ordered.iter().zip(&rows).all(|(one, other)| std::ptr::eq(*one, *other));
        let title = if is_same { title } else { format!("{title}, client by client") };
        let rows = ordered.into_iter().map(|row| TopException::of(row, is_first, content, target)).collect();
        Self { title, rows, exceptions }
    }
}

/// Takes out what is worth less; answers how many exceptions that were.
fn leave_out_smaller(rows: &mut Vec<&ExceptionRow>, least: Decimal, portfolio: &PortfolioRecord) -> u64 {
    let is_smaller = |row: &ExceptionRow| {
        let worth = row.order.and_then(|(currency, amount)| {
            portfolio.weights.in_home_currency(portfolio.home_currency, currency, amount)
        });
        worth.is_some_and(|worth| worth.abs() < least)
    };
    let smaller = rows.iter().filter(|row| is_smaller(row)).map(|row| row.each().count() as u64).sum();
    rows.retain(|row| !is_smaller(row));
    smaller
}

/// `Top 10 of 17 exceptions by monthly value; 4 below GBP 50.00 a month are not listed`.
fn with_smaller(title: String, smaller: u64, least: Option<String>) -> String {
    match (least, smaller) {
        (Some(least), 1) => format!("{title}; 1 below {least} a month is not listed"),
        (Some(least), _) => format!("{title}; {smaller} below {least} a month are not listed"),
        (None, _) => title,
    }
}

/// `exceptions`: how many there are, those that are told together each by itself.
fn title(rows: &[&ExceptionRow], exceptions: u64, shown_max: usize) -> String {
    let all = label::count(exceptions, "exception", "exceptions");
    let is_valued = rows.iter().any(|row| row.order.is_some());
    match (rows.len(), is_valued) {
        (0 | 1, _) => all,
        (rows, false) if rows <= shown_max => all,
        (rows, true) if rows <= shown_max => format!("{all} by monthly value"),
        (_, true) => format!("Top {shown_max} of {all} by monthly value"),
        (_, false) => format!("{shown_max} of {all}; what they are worth is not known"),
    }
}

fn title_of_unknown(rows: &[&ExceptionRow]) -> String {
    let all = label::quantity(Decimal::from(rows.len() as u64));
    match rows.len() {
        ..=UNKNOWN_MAX => format!("{all} not reconciled, by what is at stake"),
        _ => format!("Top {UNKNOWN_MAX} of {all} not reconciled, by what is at stake"),
    }
}

impl TopException {
    /// `is_first`: no month was closed before, so that everything is new.
    fn of(row: &ExceptionRow, is_first: bool, content: MailContent, target: TextTarget) -> Self {
        let names = if content == MailContent::Summary { "" } else { &row.to_look_for };
        let client = [&row.client, &row.account, &row.source].into_iter().find(|name| !name.is_empty());
        Self {
            number: number(row),
            client: foreign(target, client.map_or("", String::as_str), 44),
            what: what(row, target),
            kind: row.kind_label,
            change: change(row),
            reason: foreign_clauses(target, &row.reason, 170),
            names: foreign_clauses(target, names, 200),
            value: row
                .order
                .map_or("value unknown".to_owned(), |(currency, amount)| label::money(amount.abs(), currency)),
            is_over: row.is_over(),
            next_step: row.next_step.label(),
            owner: row.owner.as_str(),
            history: history(row, is_first, target),
            confidence: confidence(row, target),
        }
    }
}

/// The same rows, those of a client beside its first.
fn client_by_client<'r>(rows: &[&'r ExceptionRow]) -> Vec<&'r ExceptionRow> {
    let mut order: Vec<_> =
        rows.iter().enumerate().map(|(at, row)| (first_of_client(rows, row).unwrap_or(at), *row)).collect();
    order.sort_by_key(|(first, _)| *first);
    order.into_iter().map(|(_, row)| row).collect()
}

/// Where the client's first row is; `None`: it is about none, or about several.
fn first_of_client(rows: &[&ExceptionRow], row: &ExceptionRow) -> Option<usize> {
    let is_of_one = !row.client_id.is_empty() && row.clients.is_empty();
    let is_same = |other: &&ExceptionRow| other.client_id == row.client_id && other.clients.is_empty();
    rows.iter().position(is_same).filter(|_| is_of_one)
}

/// `Microsoft 365 Business Premium, Managed workplace`: the product, and the agreement that bills it.
fn what(row: &ExceptionRow, target: TextTarget) -> String {
    let names = [foreign(target, &row.product, 40), foreign(target, &row.agreement, 40)];
    names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ")
}

/// A draft gives out no numbers.
fn number(row: &ExceptionRow) -> String {
    match (row.number, row.state) {
        (Some(number), _) => format!("{number}."),
        (None, "new") => "new".to_owned(),
        (None, _) => "–".to_owned(),
    }
}

/// Only of a change of the bill: what else differs is no quantity to be typed.
pub(crate) fn change(row: &ExceptionRow) -> Option<String> {
    let (billed, should_bill) = (row.billed?, row.should_bill?);
    let is_change = row.variance.is_some_and(|variance| !variance.is_zero()) && row.is_change();
    is_change.then(|| format!("{} → {}", label::quantity(plain(billed)), label::quantity(plain(should_bill))))
}

/// What earlier closings found, and what was decided.
fn history(row: &ExceptionRow, is_first: bool, target: TextTarget) -> String {
    let earlier = if is_first { String::new() } else { row.history.clone() };
    let parts = [earlier, foreign_clauses(target, &row.decided(), 120)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

fn confidence(row: &ExceptionRow, target: TextTarget) -> String {
    match (row.confidence, row.doubts.as_str()) {
        ("", _) => String::new(),
        (level, "") => format!("confidence {level}"),
        (level, doubts) => format!("confidence {level}: {}", foreign(target, doubts, 60)),
    }
}
