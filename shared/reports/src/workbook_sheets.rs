//! Which sheets the workbook of a run has, with which columns, and what its first one says.

use rust_decimal::Decimal;
use rust_xlsxwriter::XlsxError;
use truecount_billing::Currency;
use truecount_reconciliation::{RevenueCoverage, RowKind, RunTotals};

use crate::{
    ExceptionRow, RunReport,
    agreement_findings::AGREEMENT_FINDINGS,
    agreements_sheet::AgreementCells,
    baseline::{ACCEPT, OpeningList, opening_list},
    column::{Column, yes},
    common_cause::AT_MANY_CLIENTS,
    history::{CLOSED, month_cell},
    items_sheet::ItemCells,
    label,
    lines_sheet::LineCells,
    revenue::scope_told,
    sheets::{CoverageRow, MAPPING_SUGGESTIONS, SETUP, coverage},
    workbook::{Book, foot_of},
};

/// The words of the column `action`.
pub(crate) const ACTIONS: [&str; 7] = ["approved", "adjusted", "asked", "accepted", "dismissed", "snoozed", "reopened"];

/// One sheet.
pub(crate) struct SheetOf<'c, T> {
    pub(crate) name: &'static str,
    pub(crate) columns: &'c [Column<T>],
    /// How many columns stay in view.
    pub(crate) frozen: u16,
    /// How many are printed.
    pub(crate) printed: u16,
    /// The file that has all rows.
    pub(crate) whole: &'static str,
    /// The column whose totals stand at the foot.
    pub(crate) totalled: Option<&'static str>,
}

/// Adds all sheets that have rows.
pub(crate) fn add_all(book: &mut Book, report: &RunReport<'_>) -> Result<(), XlsxError> {
    let header = report.header;
    let of_exceptions = |name, columns, printed, totalled| SheetOf {
        name,
        columns,
        frozen: 4,
        printed,
        whole: "exceptions.csv",
        totalled,
    };
    // Those of one cause are typed one by one, too.
    let standing = || report.exceptions.iter().filter(|row| !row.is_set_aside());
    let is_of_setup = of_setup(report);
    let mut changes: Vec<&ExceptionRow> =
        standing().filter(|row| !is_of_setup(row)).flat_map(ExceptionRow::each).filter(|row| row.is_change()).collect();
    // As one works in the PSA: what is invoiced first, then client by client.
    changes.sort_by_cached_key(|row| {
        let day = row.effective_date.or(row.next_invoice_date);
        (day.is_none(), day, row.client.to_lowercase(), row.client_id.clone(), row.agreement_id.clone())
    });
    let sheet = of_exceptions("Change the agreement", CHANGES, 24, Some("monthly_impact"));
    let foot = if report.portfolio.is_first_comparison() { Vec::new() } else { foot_of(report) };
    book.add(&sheet, header, changes.into_iter(), &foot)?;
    let clean_up = RowKind::EndedAgreementInUse.as_str();
    let rows = standing().filter(|row| row.kind == clean_up);
    book.add(&of_exceptions("Clean up at vendors", OTHERS, 15, None), header, rows, &[])?;
    let not_known = RowKind::NotReconciled.as_str();
    let rows = standing().filter(|row| row.kind == not_known);
    book.add(&of_exceptions("Not reconciled", OTHERS, 15, None), header, rows, &[])?;
    let is_else = |row: &&ExceptionRow| !row.is_change() && row.kind != clean_up && row.kind != not_known;
    let rows = standing().filter(is_else);
    book.add(&of_exceptions("Other exceptions", OTHERS, 15, None), header, rows, &[])?;
    let rows = report.exceptions.iter().filter(|row| row.is_set_aside());
    book.add(&of_exceptions("Set aside", CHANGES, 24, None), header, rows, &[])?;
    let mapping = of_file("Mapping", MAPPING_SUGGESTIONS, "mapping-suggestions.csv");
    book.add(&mapping, header, report.suggestions.iter(), &[])?;
    book.add(
        &of_file("Agreements", AGREEMENT_FINDINGS, "agreement_findings.csv"),
        header,
        report.agreement_findings.iter(),
        &[],
    )?;
    book.add(&of_file("Closed", CLOSED, "closed.csv"), header, report.earlier.iter(), &[])?;
    let rows = coverage(report);
    book.add(&of_file("Coverage", &CoverageRow::COLUMNS, "coverage.csv"), header, rows.iter(), &[])?;
    book.add(&of_file("Setup", SETUP, "setup.csv"), header, report.setup.iter(), &[])
}

/// Whether a row of a first comparison is probably a mistake of the setup, which changes no bill.
fn of_setup(report: &RunReport<'_>) -> impl Fn(&ExceptionRow) -> bool {
    let is_first = report.portfolio.is_first_comparison();
    move |row| is_first && row.kind == AT_MANY_CLIENTS.0
}

/// Every agreement, and what was done with what it bills.
pub(crate) fn all_agreements<'a>() -> SheetOf<'a, AgreementCells<'a>> {
    let columns = &AgreementCells::COLUMNS;
    SheetOf { frozen: 2, printed: 13, ..of_file("Coverage by agreement", columns, "outcomes.jsonl.gz") }
}

/// Every comparison of a run.
pub(crate) fn all_comparisons<'a>() -> SheetOf<'a, LineCells<'a>> {
    SheetOf { frozen: 4, printed: 15, ..of_file("All comparisons", &LineCells::OF_WORKBOOK, "lines.csv") }
}

/// Every item that a comparison looks at.
pub(crate) fn all_items<'a>() -> SheetOf<'a, ItemCells<'a>> {
    SheetOf { frozen: 3, printed: 9, ..of_file("Items", &ItemCells::COLUMNS, "outcomes.jsonl.gz") }
}

const fn of_file<'c, T>(name: &'static str, columns: &'c [Column<T>], whole: &'static str) -> SheetOf<'c, T> {
    SheetOf { name, columns, frozen: 1, printed: u16::MAX, whole, totalled: None }
}

/// `Reconciliation of June 2026`.
pub(crate) fn title(report: &RunReport<'_>) -> String {
    format!("Product count reconciliation, {}", label::month(report.header.month))
}

/// Which run it is.
pub(crate) fn about(report: &RunReport<'_>) -> Vec<(&'static str, String)> {
    let header = report.header;
    let kind =
        header.closing.map_or_else(|| "a draft".to_owned(), |number| format!("closing run {number} of the month"));
    let mut told = vec![
        ("Usage counted on", label::day(header.count_day.0)),
        ("Run", format!("{}, {kind}", header.run_id)),
        ("Comparisons", report.comparisons().to_string()),
    ];
    told.extend(report.portfolio.scope.as_ref().map(|scope| ("Scope", scope_told(scope))));
    if report.portfolio.is_first_comparison() {
        told.push(("First comparison", format!("not yet confirmed: no total is shown; `{ACCEPT}` accepts it")));
    }
    let opening = opening_list(&report.exceptions, &report.earlier, &report.portfolio, header.month);
    if let Some(OpeningList { month, opening, new }) = opening {
        told.push(("Opening list", format!("of {month}: {opening}")));
        told.push(("New since", new));
    }
    told
}

/// A table of amounts: what, currency, amount.
pub(crate) struct AmountTable {
    pub(crate) headings: [&'static str; 3],
    pub(crate) rows: Vec<(&'static str, Currency, Decimal)>,
}

/// The totals, and what the recurring revenue is made of.
pub(crate) fn summary_tables(report: &RunReport<'_>) -> [AmountTable; 2] {
    let home = report.portfolio.home_currency;
    let is_shown = !report.portfolio.is_first_comparison();
    let mut totals: Vec<_> = report.portfolio.totals.iter().filter(|_| is_shown).collect();
    totals.sort_by_key(|(currency, _)| (**currency != home, **currency));
    let mut revenue: Vec<_> = report.portfolio.coverage.iter().collect();
    revenue.sort_by_key(|(currency, _)| (**currency != home, **currency));
    let with = |currency: Currency, parts: Vec<(&'static str, Decimal)>| {
        parts.into_iter().filter(|(_, amount)| !amount.is_zero()).map(move |(what, amount)| (what, currency, amount))
    };
    [
        AmountTable {
            headings: ["Total a month", "Currency", "Amount"],
            rows: totals.into_iter().flat_map(|(currency, of)| with(*currency, of_totals(of))).collect(),
        },
        AmountTable {
            headings: ["Recurring revenue a month", "Currency", "Amount"],
            rows: revenue.into_iter().flat_map(|(currency, of)| with(*currency, of_revenue(of))).collect(),
        },
    ]
}

fn of_totals(totals: &RunTotals) -> Vec<(&'static str, Decimal)> {
    vec![
        ("To add on these invoices", totals.add),
        ("To reduce on these invoices", totals.reduce),
        ("To add on later invoices", totals.later_add),
        ("To reduce on later invoices", totals.later_reduce),
        ("To add on these invoices, estimated", totals.estimated_add),
        ("To reduce on these invoices, estimated", totals.estimated_reduce),
        ("To add on later invoices, estimated", totals.estimated_later_add),
        ("To reduce on later invoices, estimated", totals.estimated_later_reduce),
        ("Clean up at vendors (cost)", totals.clean_up),
        ("Not reconciled, up", totals.not_reconciled_up),
        ("Not reconciled, down", totals.not_reconciled_down),
    ]
}

pub(crate) fn of_revenue(revenue: &RevenueCoverage) -> Vec<(&'static str, Decimal)> {
    vec![
        ("Compared", revenue.compared),
        ("Fixed amounts", revenue.flat),
        ("Not reconciled", revenue.not_reconciled),
        ("Of products without a rule", revenue.uncounted),
        ("Ignored on purpose", revenue.ignored),
    ]
}

/// Exceptions that change a bill: first what a clerk works with, and what is printed; then why; then the ids.
const CHANGES: &[Column<ExceptionRow>] = &[
    Column::whole("number", |row| row.number.map(u64::from)),
    Column::day("next_invoice_date", |row| row.next_invoice_date),
    Column::text("client", |row| Some(&row.client)),
    Column::text("agreement", |row| Some(&row.agreement)),
    Column::text("product", |row| Some(&row.product)),
    Column::text("line_ids", |row| Some(&row.line_ids)),
    Column::quantity("billed", |row| row.billed),
    Column::quantity("should_bill", |row| row.should_bill),
    Column::money("monthly_impact", |row| row.monthly_impact),
    Column::money("invoice_amount", |row| row.invoice_amount),
    Column::money("catch_up", |row| row.catch_up),
    Column::text("currency", |row| Some(row.currency.as_ref()?.as_str())),
    Column::word("kind", |row| row.kind_label),
    Column::composed("since", |row| month_cell(row.since)),
    Column::day("began", |row| row.began),
    Column::text("last_closings", |row| Some(&row.last_closings)),
    Column::text("account_manager", |row| Some(&row.account_manager)),
    Column::word("approval_needed", |row| yes(row.needs_approval)),
    Column::composed("decided", ExceptionRow::decided),
    Column::empty("action"),
    Column::empty("quantity"),
    Column::empty("whom"),
    Column::empty("until"),
    Column::empty("note"),
    Column::empty("ticket"),
    Column::text("reason", |row| Some(&row.reason)),
    Column::text("for_client", |row| Some(&row.for_client)),
    Column::text("items_in", |row| Some(&row.items_in)),
    Column::text("items_out", |row| Some(&row.items_out)),
    Column::text("came", |row| Some(&row.came)),
    Column::text("went", |row| Some(&row.went)),
    Column::text("catch_up_for", |row| Some(&row.catch_up_for)),
    Column::word("next_step", |row| row.next_step.label()),
    Column::word("owner", |row| row.owner.as_str()),
    Column::day("effective_date", |row| row.effective_date),
    Column::quantity("variance", |row| row.variance),
    Column::word("value_basis", |row| row.value_basis),
    Column::word("state", |row| row.state),
    Column::money("lost_so_far", |row| row.lost_so_far()),
    Column::word("confidence", |row| row.confidence),
    Column::text("doubts", |row| Some(&row.doubts)),
    Column::text("exception_id", |row| Some(&row.exception_id)),
    Column::text("client_id", |row| Some(&row.client_id)),
    Column::text("agreement_id", |row| Some(&row.agreement_id)),
    Column::text("product_code", |row| Some(&row.product_code)),
    Column::run_id("run_id"),
    Column::month("month"),
];

/// Exceptions that change none, likewise.
const OTHERS: &[Column<ExceptionRow>] = &[
    Column::whole("number", |row| row.number.map(u64::from)),
    Column::word("kind", |row| row.kind_label),
    Column::text("client", |row| Some(&row.client)),
    Column::text("product", |row| Some(&row.product)),
    Column::money("at_stake", |row| row.at_stake().map(|(_, amount)| amount)),
    Column::composed("currency", |row| row.at_stake().map(|(currency, _)| currency.to_string()).unwrap_or_default()),
    Column::word("next_step", |row| row.next_step.label()),
    Column::word("owner", |row| row.owner.as_str()),
    Column::composed("decided", ExceptionRow::decided),
    Column::empty("action"),
    Column::empty("quantity"),
    Column::empty("whom"),
    Column::empty("until"),
    Column::empty("note"),
    Column::empty("ticket"),
    Column::text("reason", |row| Some(&row.reason)),
    Column::text("if_confirmed", |row| Some(&row.if_confirmed)),
    Column::quantity("counted", |row| row.counted),
    Column::quantity("billed", |row| row.billed),
    Column::text("items_in", |row| Some(&row.items_in)),
    Column::text("items_out", |row| Some(&row.items_out)),
    Column::text("doubts", |row| Some(&row.doubts)),
    Column::word("state", |row| row.state),
    Column::composed("since", |row| month_cell(row.since)),
    Column::text("source", |row| Some(&row.source)),
    Column::text("account", |row| Some(&row.account)),
    Column::text("exception_id", |row| Some(&row.exception_id)),
    Column::text("client_id", |row| Some(&row.client_id)),
    Column::text("product_code", |row| Some(&row.product_code)),
    Column::text("account_id", |row| Some(&row.account_id)),
    Column::run_id("run_id"),
    Column::month("month"),
];
