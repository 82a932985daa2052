//! The count of a service, step by step: each number above what it is.

use std::fmt::Write as _;

use rust_decimal::Decimal;
use truecount_reconciliation::{LinesReadWord, RowRecord};

use super::{Part, Parts};
use crate::{
    cells,
    label::{self, quantity},
    words::{is_after_the_count, left_out_of},
};

/// Blanks before the numbers.
const INDENT: usize = 4;

/// A step: the number, and what it is; a rule above it where it is a sum.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) number: String,
    pub(crate) what: String,
    pub(crate) is_sum: bool,
}

/// From what is looked at to what is left alone.
pub(super) fn count(parts: &mut Parts, read: LinesReadWord, row: &RowRecord) {
    if let Some(size) = row.pack {
        parts.labelled("counted as", &format!("packs of {}", quantity(size)));
    }
    let mut steps = Vec::new();
    if let Some(gross) = row.counted_gross {
        steps.push(Step::number(quantity(gross), "looked at"));
        explained(&mut steps, row, |is_after| !is_after);
    }
    if let Some(counted) = row.counted {
        let at_peak = row.peak_on.map(|day| format!(" at the peak on {}", label::day(day))).unwrap_or_default();
        let is_sum = steps.len() > 1;
        steps.push(Step { is_sum, ..Step::number(quantity(counted), &format!("counted{at_peak}")) });
    }
    let counted = steps.len();
    explained(&mut steps, row, |is_after| is_after);
    match row.should_bill {
        Some(should_bill) => {
            let is_sum = steps.len() > counted;
            steps.push(Step { is_sum, ..Step::number(quantity(should_bill), "should bill") });
        }
        None => steps.push(Step::number(between(row), "should bill")),
    }
    match cells::billed(read, row) {
        Some(billed) => steps.push(Step::number(quantity(billed), "billed")),
        None => steps.push(Step::number("?".to_owned(), "billed")),
    }
    difference(&mut steps, row);
    parts.0.push(Part::Count(steps));
}

impl Step {
    fn number(number: String, what: &str) -> Self {
        Self { number, what: what.to_owned(), is_sum: false }
    }
}

fn explained(steps: &mut Vec<Step>, row: &RowRecord, is_wanted: impl Fn(bool) -> bool) {
    for (reason, units) in &row.explained {
        if is_wanted(is_after_the_count(*reason)) {
            steps.push(Step::number(signed(*units), &left_out_of(row, *reason)));
        }
    }
}

fn difference(steps: &mut Vec<Step>, row: &RowRecord) {
    let Some(variance) = row.variance else { return };
    steps.push(Step { is_sum: true, ..Step::number(signed(variance), "difference") });
    let parts = [(row.to_correct, "to correct"), (row.left_alone, "left alone")];
    for (units, what) in parts {
        if let Some(units) = units.filter(|units| !units.is_zero()) {
            steps.push(Step::number(signed(units), what));
        }
    }
}

/// `+2`, `-2`, `0`.
fn signed(units: Decimal) -> String {
    let sign = if units > Decimal::ZERO { "+" } else { "" };
    format!("{sign}{}", quantity(units))
}

/// `2 to 4`, `2 or more`, `?`.
fn between(row: &RowRecord) -> String {
    match (row.at_least, row.at_most) {
        (Some(least), Some(most)) if least == most => quantity(least),
        (Some(least), Some(most)) => format!("{} to {}", quantity(least), quantity(most)),
        (Some(least), None) => format!("{} or more", quantity(least)),
        (None, _) => "?".to_owned(),
    }
}

/// Each number above what it is.
pub(super) fn print(text: &mut String, steps: &[Step]) {
    let width = steps.iter().map(|step| step.number.chars().count()).max().unwrap_or(0);
    for Step { number, what, is_sum } in steps {
        if *is_sum {
            let _ = writeln!(text, "{:INDENT$}{}", "", "-".repeat(width));
        }
        let _ = writeln!(text, "{:INDENT$}{number:>width$}  {what}", "");
    }
}
