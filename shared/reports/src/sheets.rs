//! The CSV files: one column table each, for exceptions, lines, coverage, setup findings and mapping suggestions.
//!
//! UTF-8 with a byte order mark (without it Excel reads names in the machine's old code page) and CRLF after each
//! row (RFC 4180, and what Excel writes when such a file is saved again). Numbers are plain decimals, exact, never
//! with a thousands separator; an empty cell means unknown, never zero. A column that is always empty has its name and
//! place already, so that whoever reads these files need not change when its values come.

use std::io;

use rust_decimal::Decimal;
use truecount_billing::Money;
use truecount_reconciliation::{
    Comparison, Confidence, Explained, Finding, FindingKind, MappingSuggestion, SetupFinding, SourceCoverage,
};

use crate::{
    ReportError, ReportInput,
    column::{self, Column, at_least_cents, plain},
    receipt,
};

/// One CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sheet {
    /// Every exception, and what could not be reconciled, in order of |monthly impact|.
    Exceptions,
    /// Every comparison, also those that agree.
    Lines,
    /// Every source and how far it was read.
    Coverage,
    /// What about the setup makes counts unreliable.
    Setup,
    /// Vendor accounts without a confirmed mapping, and which client they might be.
    MappingSuggestions,
}

impl Sheet {
    /// Every file.
    pub const ALL: [Self; 5] = [Self::Exceptions, Self::Lines, Self::Coverage, Self::Setup, Self::MappingSuggestions];

    /// The file's name.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Exceptions => "exceptions.csv",
            Self::Lines => "lines.csv",
            Self::Coverage => "coverage.csv",
            Self::Setup => "setup.csv",
            Self::MappingSuggestions => "mapping-suggestions.csv",
        }
    }

    /// Writes the file, row by row.
    ///
    /// # Errors
    /// [`ReportError::Sheet`] if the writer refuses.
    pub fn write(self, input: &ReportInput<'_>, out: impl io::Write) -> Result<(), ReportError> {
        let (header, found) = (input.header, input.reconciliation);
        let written = match self {
            Self::Exceptions => column::write(EXCEPTIONS, header, &found.findings, out),
            Self::Lines => column::write(LINES, header, &found.comparisons, out),
            Self::Coverage => column::write(COVERAGE, header, &found.coverage, out),
            Self::Setup => column::write(SETUP, header, &found.setup, out),
            Self::MappingSuggestions => column::write(MAPPING_SUGGESTIONS, header, &found.suggestions, out),
        };
        written.map_err(|source| ReportError::Sheet { sheet: self.file_name(), source })
    }
}

const EXCEPTIONS: &[Column<Finding>] = &[
    Column::number("number"),
    Column::text("client", |row| Some(&row.client_name)),
    Column::empty("agreement"),
    Column::text("product", |row| Some(row.product_code.as_ref()?.as_str())),
    Column::word("kind", |row| row.kind.as_str()),
    Column::quantity("counted", |row| row.counted),
    Column::quantity("billed", |row| row.billed),
    Column::quantity("should_bill", |row| row.should_bill),
    Column::quantity("variance", |row| row.variance),
    Column::money("unit_price", |row| row.unit_price),
    Column::money("monthly_impact", |row| row.monthly_impact),
    Column::text("currency", |row| Some(row.currency.as_ref()?.as_str())),
    Column::word("value_basis", |row| row.value_basis.map_or("", |basis| basis.as_str())),
    Column::word("next_step", |row| row.next_step.as_str()),
    Column::empty("owner"),
    Column::empty("items_in"),
    Column::empty("items_out"),
    Column::empty("since"),
    Column::word("confidence", |row| row.confidence.level().as_str()),
    Column::composed("doubts", |row| doubts(&row.confidence)),
    Column::text("reason", |row| Some(&row.reason)),
    Column::day("next_invoice_date", |row| row.next_invoice_date),
    Column::empty("effective_date"),
    Column::day("counted_on", |row| row.counted_on),
    Column::text("source", |row| Some(row.source.as_ref()?.as_str())),
    Column::text("account", |row| row.account_name.as_deref()),
    Column::empty("action"),
    Column::empty("quantity"),
    Column::empty("note"),
    Column::text("exception_id", |row| Some(&row.exception_id)),
    Column::text("client_id", |row| Some(row.client_id.as_ref()?.as_str())),
    Column::empty("agreement_id"),
    Column::empty("line_ids"),
    Column::text("product_code", |row| Some(row.product_code.as_ref()?.as_str())),
    Column::text("account_id", |row| Some(row.account_id.as_ref()?.as_str())),
    Column::run_id("run_id"),
    Column::month("month"),
];

const LINES: &[Column<Comparison>] = &[
    Column::text("client", |row| Some(&row.client_name)),
    Column::empty("agreement"),
    Column::text("product", |row| Some(row.product_code.as_str())),
    Column::text("service", |row| Some(row.rule_id.as_str())),
    Column::word("result", |row| row.kind.map_or("agrees", FindingKind::as_str)),
    Column::quantity("counted", |row| row.counted),
    Column::empty("at_least"),
    Column::empty("at_most"),
    Column::quantity("billed", |row| row.billed),
    Column::quantity("should_bill", |row| row.should_bill),
    Column::quantity("variance", |row| row.variance),
    Column::empty("to_correct"),
    Column::empty("left_alone"),
    Column::word("direction", |row| direction(row.variance)),
    Column::money("unit_price", |row| row.unit_price),
    Column::money("monthly_impact", |row| row.monthly_impact),
    Column::text("currency", |row| Some(row.currency.as_ref()?.as_str())),
    Column::word("value_basis", |row| row.value_basis.map_or("", |basis| basis.as_str())),
    Column::word("confidence", |row| row.confidence.level().as_str()),
    Column::composed("doubts", |row| doubts(&row.confidence)),
    Column::empty("items"),
    Column::empty("since"),
    Column::day("counted_on", |row| row.counted_on),
    Column::composed("service_period", |row| row.service_period.to_string()),
    Column::day("next_invoice_date", |row| row.next_invoice_date),
    Column::text("reason", |row| Some(&row.reason)),
    Column::text("source", |row| Some(row.source.as_str())),
    Column::quantity("counted_gross", |row| row.counted_gross),
    Column::composed("explained", |row| explained(&row.explained)),
    Column::text("client_id", |row| Some(row.client_id.as_str())),
    Column::empty("agreement_id"),
    Column::empty("line_ids"),
    Column::text("product_code", |row| Some(row.product_code.as_str())),
    Column::run_id("run_id"),
    Column::month("month"),
];

const COVERAGE: &[Column<SourceCoverage>] = &[
    Column::text("source", |row| Some(row.source.as_str())),
    Column::word("side", |row| row.side.as_str()),
    Column::word("state", |row| row.state.as_str()),
    Column::composed("reason", |row| row.state.reason().map(ToString::to_string).unwrap_or_default()),
    Column::day("as_of", |row| row.as_of),
    Column::count("accounts", |row| row.accounts),
    Column::count("accounts_incomplete", |row| row.accounts_incomplete),
    Column::quantity("rows_read", |row| Some(row.receipt.as_ref()?.rows().into())),
    Column::quantity("rows_used", |row| Some(row.receipt.as_ref()?.sums().0.into())),
    Column::quantity("rows_looked_up", |row| Some(row.receipt.as_ref()?.sums().1.into())),
    Column::quantity("rows_left_out", |row| Some(row.receipt.as_ref()?.sums().2.into())),
    Column::composed("left_out_reasons", |row| row.receipt.as_ref().map(receipt::left_out).unwrap_or_default()),
    Column::composed("unknown_words", |row| {
        row.receipt.as_ref().map(|receipt| receipt::unknown_words(&receipt.unknown_words)).unwrap_or_default()
    }),
    Column::empty("revenue_compared"),
    Column::empty("revenue_flat"),
    Column::empty("revenue_not_reconciled"),
    Column::empty("currency"),
    Column::run_id("run_id"),
    Column::month("month"),
];

const SETUP: &[Column<SetupFinding>] = &[
    Column::text("code", |row| Some(&row.code)),
    Column::text("subject", |row| Some(&row.subject)),
    Column::text("message", |row| Some(&row.message)),
    Column::count("count", |row| row.count),
    Column::run_id("run_id"),
    Column::month("month"),
];

const MAPPING_SUGGESTIONS: &[Column<MappingSuggestion>] = &[
    Column::text("source", |row| Some(row.source.as_str())),
    Column::text("account", |row| Some(&row.account_name)),
    Column::text("client", |row| row.client_name.as_deref()),
    Column::text("reason", |row| Some(&row.reason)),
    Column::count("items", |row| row.items),
    Column::composed("monthly_value", |row| amounts(&row.monthly_value)),
    Column::text("account_id", |row| Some(row.account_id.as_str())),
    Column::text("client_id", |row| Some(row.client_id.as_ref()?.as_str())),
    Column::run_id("run_id"),
    Column::month("month"),
];

/// The word beside the sign: `under` where more should be billed than is.
fn direction(variance: Option<Decimal>) -> &'static str {
    match variance {
        None => "",
        Some(variance) if variance.is_zero() => "none",
        Some(variance) if variance.is_sign_positive() => "under",
        Some(_) => "over",
    }
}

/// The parts of the confidence that are not full, with their points of 100: `count basis 90; price basis 70`.
fn doubts(confidence: &Confidence) -> String {
    let parts = confidence.parts().into_iter().filter(|(_, points)| *points < 100);
    parts.map(|(name, points)| format!("{name} {points}")).collect::<Vec<_>>().join("; ")
}

/// `stale -3; minimum 2`.
fn explained(parts: &[Explained]) -> String {
    parts.iter().map(|part| format!("{} {}", part.reason, plain(part.units))).collect::<Vec<_>>().join("; ")
}

/// `EUR 12.00; GBP 640.5025`.
fn amounts(value: &[Money]) -> String {
    value.iter().map(|m| format!("{} {}", m.currency, at_least_cents(m.amount))).collect::<Vec<_>>().join("; ")
}
