//! The CSV files: one row per exception, comparison, source, setup finding and mapping suggestion.
//!
//! UTF-8 with a byte order mark (without it Excel reads names in the machine's old code page) and CRLF after each
//! row (RFC 4180, and what Excel writes when such a file is saved again). Numbers are plain decimals, exact, never
//! with a thousands separator; an empty cell means unknown, never zero. Text goes through [`sanitize::cell`].

use std::io;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{Money, Unit};
use truecount_reconciliation::{Comparison, Confidence, Explained, Finding};

use crate::{ReportError, ReportInput, sanitize, summary::weakest};

/// One CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sheet {
    /// Every finding, in order of what it costs.
    Exceptions,
    /// Every comparison, also those that agree.
    Lines,
    /// Every source: how far it was read, what was compared with it.
    Coverage,
    /// What makes counts unreliable.
    Setup,
    /// Accounts without a decision, and whom they might be.
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

    /// The columns, in order.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Exceptions => &EXCEPTIONS,
            Self::Lines => &LINES,
            Self::Coverage => &COVERAGE,
            Self::Setup => &SETUP,
            Self::MappingSuggestions => &MAPPING_SUGGESTIONS,
        }
    }

    /// Writes the file, row by row.
    ///
    /// # Errors
    /// [`ReportError::Sheet`] if the writer refuses.
    pub fn write(self, input: &ReportInput<'_>, out: impl io::Write) -> Result<(), ReportError> {
        let done = || -> Result<(), csv::Error> {
            let mut table = Table::begin(input, self.columns(), out)?;
            let found = input.reconciliation;
            match self {
                Self::Exceptions => found.findings.iter().try_for_each(|row| table.exception(row))?,
                Self::Lines => found.comparisons.iter().try_for_each(|row| table.line(row))?,
                Self::Coverage => table.coverage()?,
                Self::Setup => table.setup()?,
                Self::MappingSuggestions => table.mapping_suggestions()?,
            }
            Ok(table.csv.flush()?)
        };
        done().map_err(|cause| ReportError::Sheet { sheet: self.file_name(), cause })
    }
}

const EXCEPTIONS: [&str; 27] = [
    "exception_id",
    "run_id",
    "month",
    "kind",
    "client_id",
    "client_name",
    "source",
    "account_id",
    "rule_id",
    "product_code",
    "used",
    "billed",
    "expected",
    "variance",
    "unit_price",
    "monthly_impact",
    "currency",
    "value_basis",
    "confidence",
    "reason",
    "next_step",
    "direction",
    "weakest_part",
    "confidence_points",
    "count_day",
    "service_period",
    "next_invoice_date",
];

const LINES: [&str; 29] = [
    "run_id",
    "month",
    "client_id",
    "client_name",
    "source",
    "rule_id",
    "product_code",
    "count_basis",
    "unit",
    "used",
    "billed",
    "expected",
    "variance",
    "direction",
    "gross_variance",
    "explained",
    "unit_price",
    "monthly_impact",
    "currency",
    "value_basis",
    "result",
    "confidence",
    "weakest_part",
    "confidence_points",
    "count_day",
    "synced_on",
    "service_period",
    "next_invoice_date",
    "reason",
];

const COVERAGE: [&str; 15] = [
    "run_id",
    "month",
    "source",
    "connector",
    "evidence",
    "read_state",
    "read_reason",
    "synced_on",
    "account_count",
    "account_incomplete_count",
    "item_count",
    "mapped_count",
    "ignored_count",
    "compared_count",
    "not_compared_count",
];

const SETUP: [&str; 6] = ["run_id", "month", "code", "subject", "message", "count"];

const MAPPING_SUGGESTIONS: [&str; 10] = [
    "run_id",
    "month",
    "source",
    "account_id",
    "account_name",
    "client_id",
    "client_name",
    "why",
    "item_count",
    "estimated_worth",
];

/// A file being written: each row begins a record, adds its cells in the order of the columns and ends it. The csv
/// crate refuses a row of another length than the first.
struct Table<'a, W: io::Write> {
    csv: csv::Writer<W>,
    input: &'a ReportInput<'a>,
    month: String,
}

impl<'a, W: io::Write> Table<'a, W> {
    fn begin(input: &'a ReportInput<'a>, columns: &[&str], mut out: W) -> Result<Self, csv::Error> {
        out.write_all("\u{FEFF}".as_bytes())?;
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        csv.write_record(columns)?;
        Ok(Self { csv, input, month: input.header.month.to_string() })
    }

    fn exception(&mut self, row: &Finding) -> Result<(), csv::Error> {
        self.text(&row.exception_id)?;
        self.run()?;
        self.word(row.kind.as_str())?;
        self.maybe_text(row.client_id.as_ref())?;
        self.text(&row.client_name)?;
        self.maybe_text(row.source.as_ref())?;
        self.maybe_text(row.account_id.as_ref())?;
        self.maybe_text(row.rule_id.as_ref())?;
        self.maybe_text(row.product_code.as_ref())?;
        for quantity in [row.used, row.billed, row.expected, row.variance] {
            self.quantity(quantity)?;
        }
        self.amount(row.unit_price)?;
        self.amount(row.monthly_impact)?;
        self.maybe_text(row.currency.map(|currency| currency.to_string()))?;
        self.word(row.value_basis.map_or("", |basis| basis.as_str()))?;
        self.word(row.confidence.level().as_str())?;
        self.text(&row.reason)?;
        self.word(row.next_step.as_str())?;
        self.word(direction(row.variance))?;
        self.confidence(&row.confidence)?;
        self.day(Some(row.count_day.0))?;
        self.text(&row.service_period.to_string())?;
        self.day(row.next_invoice_date)?;
        self.end()
    }

    fn line(&mut self, row: &Comparison) -> Result<(), csv::Error> {
        self.run()?;
        self.text(row.client_id.as_str())?;
        self.text(&row.client_name)?;
        self.text(row.source.as_str())?;
        self.text(row.rule_id.as_str())?;
        self.text(row.product_code.as_str())?;
        self.word(row.count_basis.as_str())?;
        self.word(unit(row.unit))?;
        for quantity in [row.used, row.billed, row.expected, row.variance] {
            self.quantity(quantity)?;
        }
        self.word(direction(row.variance))?;
        self.quantity(row.gross_variance)?;
        self.text(&explained(&row.explained))?;
        self.amount(row.unit_price)?;
        self.amount(row.monthly_impact)?;
        self.maybe_text(row.currency.map(|currency| currency.to_string()))?;
        self.word(row.value_basis.map_or("", |basis| basis.as_str()))?;
        self.word(row.kind.map_or("agrees", |kind| kind.as_str()))?;
        self.word(row.confidence.level().as_str())?;
        self.confidence(&row.confidence)?;
        self.day(Some(row.count_day.0))?;
        self.day(row.synced_on)?;
        self.text(&row.service_period.to_string())?;
        self.day(row.next_invoice_date)?;
        self.text(&row.reason)?;
        self.end()
    }

    fn coverage(&mut self) -> Result<(), csv::Error> {
        for row in &self.input.reconciliation.coverage {
            self.run()?;
            self.text(row.source.as_str())?;
            self.text(&row.connector)?;
            self.word(row.side.as_str())?;
            self.word(row.read_state.as_str())?;
            self.text(row.read_state.reason().unwrap_or(""))?;
            self.day(row.synced_on)?;
            let counts = [
                row.account_count,
                row.account_incomplete_count,
                row.item_count,
                row.mapped_count,
                row.ignored_count,
                row.compared_count,
                row.not_compared_count,
            ];
            for count in counts {
                self.word(&count.to_string())?;
            }
            self.end()?;
        }
        Ok(())
    }

    fn setup(&mut self) -> Result<(), csv::Error> {
        for row in &self.input.reconciliation.setup {
            self.run()?;
            self.text(&row.code)?;
            self.text(&row.subject)?;
            self.text(&row.message)?;
            self.word(&row.count.to_string())?;
            self.end()?;
        }
        Ok(())
    }

    fn mapping_suggestions(&mut self) -> Result<(), csv::Error> {
        for row in &self.input.reconciliation.suggestions {
            self.run()?;
            self.text(row.source.as_str())?;
            self.text(row.account_id.as_str())?;
            self.text(&row.account_name)?;
            self.maybe_text(row.client_id.as_ref())?;
            self.maybe_text(row.client_name.as_ref())?;
            self.text(&row.why)?;
            self.word(&row.item_count.to_string())?;
            self.text(&amounts(&row.estimated_worth))?;
            self.end()?;
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), csv::Error> {
        self.text(&self.input.header.run_id)?;
        self.csv.write_field(&self.month)
    }

    fn confidence(&mut self, confidence: &Confidence) -> Result<(), csv::Error> {
        self.word(weakest(confidence).unwrap_or(""))?;
        self.word(&confidence.points().to_string())
    }

    fn text(&mut self, text: &str) -> Result<(), csv::Error> {
        self.csv.write_field(sanitize::cell(text).as_bytes())
    }

    fn maybe_text(&mut self, text: Option<impl AsRef<str>>) -> Result<(), csv::Error> {
        match text {
            Some(text) => self.text(text.as_ref()),
            None => self.word(""),
        }
    }

    /// One of our own words or a whole number.
    fn word(&mut self, word: &str) -> Result<(), csv::Error> {
        self.csv.write_field(word)
    }

    fn day(&mut self, day: Option<Date>) -> Result<(), csv::Error> {
        self.word(&day.map(|day| day.to_string()).unwrap_or_default())
    }

    fn quantity(&mut self, quantity: Option<Decimal>) -> Result<(), csv::Error> {
        self.word(&quantity.map(|quantity| plain(quantity).to_string()).unwrap_or_default())
    }

    fn amount(&mut self, amount: Option<Decimal>) -> Result<(), csv::Error> {
        self.word(&amount.map(|amount| at_least_cents(amount).to_string()).unwrap_or_default())
    }

    fn end(&mut self) -> Result<(), csv::Error> {
        self.csv.write_record(None::<&[u8]>)
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Each => "each",
        Unit::Device => "device",
        Unit::Seat => "seat",
        Unit::Gigabyte => "gigabyte",
        Unit::Gibibyte => "gibibyte",
    }
}

/// The word beside the sign: a positive variance is billed too few.
fn direction(variance: Option<Decimal>) -> &'static str {
    match variance {
        None => "",
        Some(variance) if variance.is_zero() => "none",
        Some(variance) if variance.is_sign_positive() => "under",
        Some(_) => "over",
    }
}

/// `stale -3; minimum 2`.
fn explained(parts: &[Explained]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| format!("{} {}", part.reason, plain(part.units))).collect();
    parts.join("; ")
}

/// `EUR 12.00; GBP 640.5025`.
fn amounts(worth: &[Money]) -> String {
    let parts: Vec<_> = worth.iter().map(|m| format!("{} {}", m.currency, at_least_cents(m.amount))).collect();
    parts.join("; ")
}

/// Without trailing zeros, and without a minus before zero.
fn plain(number: Decimal) -> Decimal {
    if number.is_zero() { Decimal::ZERO } else { number.normalize() }
}

/// Exact, with two places or as many more as it has.
fn at_least_cents(amount: Decimal) -> Decimal {
    let mut amount = plain(amount);
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    amount
}
