//! The files of a run. The CSV files have one column table each: here those of coverage, setup findings and mapping
//! suggestions.
//!
//! UTF-8 with a byte order mark (without it Excel reads names in the machine's old code page) and CRLF after each
//! row (RFC 4180, and what Excel writes when such a file is saved again). Numbers are plain decimals, exact, never
//! with a thousands separator; an empty cell means unknown, never zero. A column that is always empty has its name and
//! place already, so that whoever reads these files need not change when its values come.

use std::io;

use rust_decimal::Decimal;
use truecount_billing::{Currency, Money, Receipt, Side};
use truecount_reconciliation::{MappingSuggestion, RevenueCoverage, SetupFinding, SourceReading};

use crate::{
    ReportError, ReportFile, RunHeader, RunReport,
    agreement_findings::{AGREEMENT_FINDINGS, AGREEMENT_FINDINGS_CSV},
    change_row::changes_csv,
    column::{self, Column, at_least_cents},
    history::closed_csv,
    receipt, run_json,
    words::proposal_effect,
    write_exceptions,
};

/// The sheet of exceptions.
pub const EXCEPTIONS_CSV: &str = "exceptions.csv";
/// The sheet of what about the setup makes counts unreliable.
pub const SETUP_CSV: &str = "setup.csv";
/// The sheet of sources.
pub(crate) const COVERAGE_CSV: &str = "coverage.csv";
/// The sheet of proposals.
pub(crate) const MAPPING_SUGGESTIONS_CSV: &str = "mapping-suggestions.csv";
/// The sheet of rows.
pub const LINES_CSV: &str = "lines.csv";

/// The files of a run that its report alone makes: `exceptions.csv`, `changes.csv`, `closed.csv`, `coverage.csv`,
/// `setup.csv`, `agreement_findings.csv`, `mapping-suggestions.csv` and `run.json`. `lines.csv` is written while the
/// report is built; [`ReportWorkbook`](crate::ReportWorkbook) and [`ReportPage`](crate::ReportPage) need the clients once
/// more; [`manifest`](crate::manifest()) comes last, when the others are kept.
///
/// # Errors
/// [`ReportError`] if a file cannot be written, which with well-formed values does not happen.
pub fn files(report: &RunReport<'_>) -> Result<Vec<ReportFile>, ReportError> {
    let mut exceptions = Vec::new();
    write_exceptions(report.header, &report.exceptions, &mut exceptions)?;
    Ok(vec![
        ReportFile { name: EXCEPTIONS_CSV, bytes: exceptions },
        changes_csv(report.header, &report.changes)?,
        closed_csv(report.header, &report.earlier)?,
        sheet(COVERAGE_CSV, &CoverageRow::COLUMNS, report, &coverage(report))?,
        sheet(SETUP_CSV, SETUP, report, &report.setup)?,
        sheet(AGREEMENT_FINDINGS_CSV, AGREEMENT_FINDINGS, report, &report.agreement_findings)?,
        sheet(MAPPING_SUGGESTIONS_CSV, MAPPING_SUGGESTIONS, report, &report.suggestions)?,
        run_json(report)?,
    ])
}

/// Writes `setup.csv`.
///
/// # Errors
/// [`ReportError::Sheet`] if the writer refuses.
pub fn write_setup(header: &RunHeader, rows: &[SetupFinding], out: impl io::Write) -> Result<(), ReportError> {
    column::write(SETUP, header, rows, out).map_err(|source| ReportError::Sheet { sheet: SETUP_CSV, source })
}

fn sheet<T>(
    name: &'static str,
    columns: &[Column<T>],
    report: &RunReport<'_>,
    rows: &[T],
) -> Result<ReportFile, ReportError> {
    let mut bytes = Vec::new();
    match column::write(columns, report.header, rows, &mut bytes) {
        Ok(()) => Ok(ReportFile { name, bytes }),
        Err(source) => Err(ReportError::Sheet { sheet: name, source }),
    }
}

/// One row of `coverage.csv`: a source, the recurring revenue of one currency, or both.
pub(crate) struct CoverageRow<'r> {
    source: &'r str,
    side: &'static str,
    /// `None`: a further currency of the source above.
    reading: Option<&'r SourceReading>,
    revenue: Option<(Currency, RevenueCoverage)>,
}

/// A row for each source. What the PSA agreed is the recurring revenue: its row has that of the home currency, and a row
/// below it that of each further currency. So each amount stands once.
pub(crate) fn coverage<'r>(report: &'r RunReport<'_>) -> Vec<CoverageRow<'r>> {
    let home = report.portfolio.home_currency;
    let mut revenue: Vec<_> = report.portfolio.coverage.iter().map(|(currency, of)| (*currency, *of)).collect();
    revenue.sort_by_key(|(currency, _)| (*currency != home, *currency));
    let mut revenue = revenue.into_iter();
    let mut rows = Vec::with_capacity(report.sources.len() + revenue.len());
    for reading in &report.sources {
        let (source, side) = (reading.source.as_str(), reading.side.as_str());
        let is_agreed = reading.side == Side::Agreed;
        rows.push(CoverageRow {
            source,
            side,
            reading: Some(reading),
            revenue: is_agreed.then(|| revenue.next()).flatten(),
        });
        if is_agreed {
            rows.extend(revenue.by_ref().map(|of| CoverageRow { source, side, reading: None, revenue: Some(of) }));
        }
    }
    rows
}

impl CoverageRow<'_> {
    pub(crate) const COLUMNS: [Column<Self>; 19] = [
        Column::text("source", |row| Some(row.source)),
        Column::word("side", |row| row.side),
        Column::word("state", |row| row.reading.map_or("", |reading| reading.state.as_str())),
        Column::composed("reason", |row| row.reason()),
        Column::day("as_of", |row| row.reading?.as_of),
        Column::quantity("accounts", |row| Some(row.reading?.accounts.into())),
        Column::quantity("accounts_incomplete", |row| Some(row.reading?.accounts_incomplete.into())),
        Column::quantity("rows_read", |row| Some(row.receipt()?.rows().into())),
        Column::quantity("rows_used", |row| Some(row.receipt()?.sums().0.into())),
        Column::quantity("rows_looked_up", |row| Some(row.receipt()?.sums().1.into())),
        Column::quantity("rows_left_out", |row| Some(row.receipt()?.sums().2.into())),
        Column::composed("left_out_reasons", |row| row.receipt().map(receipt::left_out).unwrap_or_default()),
        Column::composed("unknown_words", |row| {
            row.receipt().map(|receipt| receipt::unknown_words(&receipt.unknown_words)).unwrap_or_default()
        }),
        Column::money("revenue_compared", |row| row.revenue_of(|of| of.compared)),
        Column::money("revenue_flat", |row| row.revenue_of(|of| of.flat)),
        Column::money("revenue_not_reconciled", |row| row.revenue_of(|of| of.not_reconciled)),
        Column::text("currency", |row| Some(row.revenue.as_ref()?.0.as_str())),
        Column::run_id("run_id"),
        Column::month("month"),
    ];

    fn reason(&self) -> String {
        let Some(reading) = self.reading else { return String::new() };
        let own = reading.state.reason().map(ToString::to_string);
        // An older sync stands in for one that failed.
        let failed = reading.last_failure.map(|day| format!("the sync of {day} failed: an older one is used"));
        let unread =
            reading.unread_since.map(|closing| format!("nothing newer was read since the closing of {closing}"));
        own.into_iter().chain(failed).chain(unread).collect::<Vec<_>>().join("; ")
    }

    fn receipt(&self) -> Option<&Receipt> {
        self.reading?.receipt.as_ref()
    }

    fn revenue_of(&self, part: fn(&RevenueCoverage) -> Decimal) -> Option<Decimal> {
        self.revenue.as_ref().map(|(_, of)| part(of))
    }
}

pub(crate) const SETUP: &[Column<SetupFinding>] = &[
    Column::text("code", |row| Some(&row.code)),
    Column::text("subject", |row| Some(&row.subject)),
    Column::text("message", |row| Some(&row.message)),
    Column::count("count", |row| row.count),
    Column::run_id("run_id"),
    Column::month("month"),
];

pub(crate) const MAPPING_SUGGESTIONS: &[Column<MappingSuggestion>] = &[
    Column::text("source", |row| Some(row.source.as_str())),
    Column::text("account", |row| Some(&row.account_name)),
    Column::text("client", |row| row.client_name.as_deref()),
    Column::composed("score", |row| row.score.map(|score| score.to_string()).unwrap_or_default()),
    Column::text("reason", |row| Some(&row.reason)),
    Column::text("against", |row| Some(&row.against)),
    Column::count("items", |row| row.items),
    Column::composed("monthly_value", |row| amounts(&row.monthly_value)),
    Column::composed("if_confirmed", |row| row.if_confirmed.as_deref().map(proposal_effect).unwrap_or_default()),
    Column::text("account_id", |row| Some(row.account_id.as_str())),
    Column::text("client_id", |row| Some(row.client_id.as_ref()?.as_str())),
    Column::run_id("run_id"),
    Column::month("month"),
];

/// `EUR 12.00; GBP 640.5025`.
fn amounts(value: &[Money]) -> String {
    value.iter().map(|m| format!("{} {}", m.currency, at_least_cents(m.amount))).collect::<Vec<_>>().join("; ")
}
