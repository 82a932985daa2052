//! What the agreements give away by themselves: in order, as a sheet, in short, and added up by kind.
//!
//! Deliberately absent: a sum over kinds. One line can be told by several of them.

mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::{Currency, Money};
use truecount_reconciliation::{AgreementFinding, AgreementIssue, AmountPlace, LineRecord, ReportWeights};

use crate::{
    ReportError, RunHeader,
    column::{self, Column, JsonRow},
    label,
    summary::{TextTarget, foreign, foreign_clauses},
    words::{wrapped, wrapped_from},
};

use words::{against, day, kind, next_step, owner, price, reason};

/// The sheet of findings.
pub const AGREEMENT_FINDINGS_CSV: &str = "agreement_findings.csv";
/// How many stand in a mail.
const SHOWN_MAX: usize = 5;
/// Columns of a line of text.
const COLUMNS: usize = 80;

pub(crate) const AGREEMENT_FINDINGS: &[Column<AgreementFinding>] = &[
    Column::text("client", |row| Some(&row.client_name)),
    Column::word("kind_label", |row| kind(&row.finding)),
    Column::composed("agreement", |row| joined(row.agreements.iter().map(|one| one.name.as_str()))),
    Column::composed("product", |row| product(row).unwrap_or_default().to_owned()),
    Column::money("monthly_at_stake", |row| row.monthly.map(|monthly| monthly.amount)),
    Column::text("currency", |row| row.monthly.as_ref().map(|monthly| monthly.currency.as_str())),
    Column::composed("reason", reason),
    Column::word("next_step", |row| next_step(&row.finding)),
    Column::word("owner", |row| owner(&row.finding).as_str()),
    Column::day("day", |row| day(&row.finding)),
    Column::money("unit_price", |row| price(&row.finding)),
    Column::money("compared_with", |row| against(&row.finding)),
    Column::word("kind", |row| row.finding.code()),
    Column::text("client_id", |row| Some(row.client_id.as_str())),
    Column::composed("agreement_id", |row| joined(row.agreements.iter().map(|one| one.id.as_str()))),
    Column::composed("line_ids", |row| joined(row.lines.iter().map(|one| one.line_id.as_str()))),
    Column::text("product_code", |row| row.product.as_ref().map(|code| code.as_str())),
    Column::run_id("run_id"),
    Column::month("month"),
];

fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    texts.collect::<Vec<_>>().join("; ")
}

/// The name of what it is about, else the code.
fn product(row: &AgreementFinding) -> Option<&str> {
    let code = row.product.as_ref()?;
    let named = row.lines.iter().find_map(|line: &LineRecord| line.product_name.as_deref());
    Some(named.unwrap_or(code.as_str()))
}

/// Puts findings in order: the largest at stake first, those of which nothing is known last.
pub fn sort_findings(findings: &mut [AgreementFinding], weights: &ReportWeights, home: Currency) {
    let place = |row: &AgreementFinding| {
        let monthly = row.monthly.filter(|monthly| !monthly.amount.is_zero());
        let place = monthly.map(|Money { amount, currency }| AmountPlace::of(weights, home, currency, amount));
        (place.is_none(), place)
    };
    findings.sort_by_cached_key(|row| (place(row), row.client_name.clone(), row.client_id.clone(), row.finding.code()));
}

/// Writes `agreement_findings.csv`.
///
/// # Errors
/// [`ReportError::Sheet`] if the writer refuses.
pub fn write_agreement_findings(
    header: &RunHeader,
    rows: &[AgreementFinding],
    out: impl io::Write,
) -> Result<(), ReportError> {
    let wrong = |source| ReportError::Sheet { sheet: AGREEMENT_FINDINGS_CSV, source };
    column::write(AGREEMENT_FINDINGS, header, rows, out).map_err(wrong)
}

/// The rows of `agreement_findings.csv` as JSON objects.
pub fn agreement_findings_json<'r>(header: &'r RunHeader, rows: &'r [AgreementFinding]) -> Vec<impl Serialize + 'r> {
    let run = (header.run_id.as_str(), header.month);
    (1..).zip(rows).map(|(number, row)| JsonRow::new(AGREEMENT_FINDINGS, row, number, run)).collect()
}

/// How many findings there are of a kind, and what is at stake a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgreementFindingTotal {
    /// The kind.
    pub kind: &'static str,
    /// How many.
    pub count: u64,
    /// At stake, by currency; those of which nothing is known are in none.
    pub monthly: BTreeMap<Currency, Decimal>,
}

impl AgreementFindingTotal {
    /// Of some findings, by kind; a kind of which there is none is left out.
    #[must_use]
    pub fn of(findings: &[AgreementFinding]) -> Vec<Self> {
        let of_kind = |kind: &'static str| {
            let found = findings.iter().filter(|row| row.finding.code() == kind);
            let mut total = Self { kind, count: 0, monthly: BTreeMap::new() };
            for row in found {
                total.count += 1;
                if let Some(Money { amount, currency }) = row.monthly {
                    let sum = total.monthly.entry(currency).or_default();
                    *sum = sum.checked_add(amount).unwrap_or(*sum);
                }
            }
            total
        };
        AgreementIssue::CODES.into_iter().map(of_kind).filter(|total| total.count > 0).collect()
    }
}

/// The largest findings, ready to be shown.
pub(crate) struct AgreementsInBrief {
    pub(crate) title: String,
    pub(crate) rows: Vec<FindingInBrief>,
    pub(crate) more: Option<String>,
}

/// One finding, ready to be shown.
pub(crate) struct FindingInBrief {
    pub(crate) value: String,
    pub(crate) client: String,
    pub(crate) label: &'static str,
    pub(crate) reason: String,
    pub(crate) next_step: &'static str,
    pub(crate) owner: &'static str,
}

impl AgreementsInBrief {
    /// `None`: there is no finding.
    pub(crate) fn of(findings: &[AgreementFinding], target: TextTarget) -> Option<Self> {
        Self::first(findings, SHOWN_MAX, target)
    }

    fn first(findings: &[AgreementFinding], shown_max: usize, target: TextTarget) -> Option<Self> {
        let brief = |row: &AgreementFinding| FindingInBrief {
            value: row.monthly.map(|monthly| label::money(monthly.amount, monthly.currency)).unwrap_or_default(),
            client: foreign(target, &row.client_name, 44),
            label: kind(&row.finding),
            reason: foreign_clauses(target, &reason(row), 170),
            next_step: next_step(&row.finding),
            owner: owner(&row.finding).as_str(),
        };
        let more = findings.len().saturating_sub(shown_max) as u64;
        Some(Self {
            title: format!("In the PSA itself: {}", label::count(findings.len() as u64, "finding", "findings")),
            rows: findings.iter().take(shown_max).map(brief).collect(),
            more: (more > 0).then(|| format!("{} in {AGREEMENT_FINDINGS_CSV}", label::count(more, "more", "more"))),
        })
        .filter(|brief| !brief.rows.is_empty())
    }

    /// As text of 80 columns.
    pub(crate) fn text(&self) -> String {
        let mut out = format!("{}\n", self.title.to_uppercase());
        let width = self.rows.iter().map(|row| row.value.chars().count()).max().unwrap_or(0);
        for row in &self.rows {
            let before =
                if width == 0 { "  ".to_owned() } else { format!("  {}  ", label::aligned(&row.value, width)) };
            let what = format!("{}: {}", row.client, row.label);
            let _ = writeln!(out, "{before}{}", wrapped_from(&what, COLUMNS, before.chars().count(), 4));
            let _ = writeln!(out, "    {}", wrapped(&row.reason, COLUMNS, 4));
            let _ = writeln!(out, "    {}", wrapped(&format!("→ {} ({})", row.next_step, row.owner), COLUMNS, 4));
        }
        if let Some(more) = &self.more {
            let _ = writeln!(out, "  {more}");
        }
        out
    }
}

/// The first so many findings for a terminal, and how many there are; empty where there is none.
#[must_use]
pub fn agreement_findings_text(findings: &[AgreementFinding], shown_max: usize) -> String {
    AgreementsInBrief::first(findings, shown_max, TextTarget::Terminal)
        .map(|brief| AgreementsInBrief { more: None, ..brief }.text())
        .unwrap_or_default()
}
