//! Invented months for the tests and the example: clients, findings and sources that exist nowhere.

#![expect(clippy::unwrap_used, reason = "what is written here is known to be right")]
#![allow(dead_code, reason = "each test binary and the example use their own part")]

use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use truecount_billing::{
    AccountId, ClientId, ControlTotals, CountBasis, CountDay, Currency, Money, ProductCode, ReadReason, ReadState,
    Receipt, RowReason, RuleId, ServicePeriod, Side, SourceId, StreamReceipt, Unit, UnknownWord, decimal_from_text,
};
use truecount_reconciliation::{
    Comparison, Confidence, Explained, Finding, FindingKind, MappingSuggestion, NextStep, Reconciliation, SetupFinding,
    SourceCoverage, Totals, ValueBasis,
};
use truecount_reports::{InputRef, ReportInput, RunHeader};

/// A run: what [`ReportInput`] borrows.
pub(crate) struct Sample {
    pub(crate) header: RunHeader,
    pub(crate) reconciliation: Reconciliation,
}

impl Sample {
    pub(crate) fn input(&self) -> ReportInput<'_> {
        ReportInput { header: &self.header, reconciliation: &self.reconciliation }
    }
}

const COUNT_DAY: Date = date(2026, 6, 30);

pub(crate) fn decimal(text: &str) -> Decimal {
    decimal_from_text(text).unwrap()
}

pub(crate) fn currency(text: &str) -> Currency {
    Currency::new(text).unwrap()
}

/// client | product | source | should bill | billed | price | currency | kind | a clause for the reason
const DIFFERENCES: [&str; 13] = [
    "Hartwell Dental Group|MNG-WKS|ninjaone|412|380|38.50|GBP|underbilled|",
    "Brackenfield Surveyors LLP|M365-BP|microsoft-graph|64|22|17.60|GBP|underbilled|",
    "Ostrava & Finch Architects|BCK-SRV|ninjaone|9|0|79.00|GBP|unbilled_usage|",
    "Kestrel Logistics GmbH|M365-E3|pax8|41|26|36.90|EUR|underbilled|",
    "Maple & Thorn Veterinary|MNG-WKS|ninjaone|18|31|38.50|GBP|overbilled|; not counted: 11 not seen within 30 days",
    "Northgate Housing Trust|SEC-EDR|pax8|120|75|6.25|GBP|underbilled|",
    "Pellworth (old tenant)|M365-BP|pax8|14|0|17.60|GBP|unmapped_account|",
    "Dunmore Fire & Security|M365-BP|microsoft-graph|0|12|17.60|GBP|billed_without_usage|",
    "Société Générale de Plomberie|BCK-WKS|ninjaone|33|20|11.4375|EUR|underbilled|",
    "Ivybridge Primary School|MNG-SRV|ninjaone|3|2|145.00|GBP|underbilled|",
    "Calloway Insurance Brokers|M365-BP|microsoft-graph|21|19|17.60|GBP|underbilled|",
    "Redwick Farm Shop|SEC-EDR|pax8|7|9|6.25|GBP|overbilled|",
    "Tamsin Hale Interiors|VOIP-STD|pax8|6|0||GBP|unbilled_usage|",
];

const UNREAD: [&str; 3] = [
    "Wexcombe Opticians|M365-BP|microsoft-graph|0|0||GBP|not_reconciled|",
    "Wexcombe Opticians|M365-E3|microsoft-graph|0|0||GBP|not_reconciled|",
    "Yarrow Mill Hotel|M365-BP|microsoft-graph|0|0||GBP|not_reconciled|",
];

/// A usual closing month: two tenants answered 403, two currencies, mapping work.
pub(crate) fn month() -> Sample {
    let mut findings: Vec<Finding> = DIFFERENCES.iter().map(|row| finding(row)).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.monthly_impact.map(|impact| impact.abs())));
    let mut comparisons: Vec<Comparison> = findings.iter().filter_map(comparison).collect();
    comparisons.extend((0..104).map(agreeing));
    for row in UNREAD {
        let mut unread = finding(row);
        let tenant = &unread.client_name;
        unread.reason = format!("vendor account `{tenant}` in microsoft-graph was not read (failed: 403 Forbidden)");
        comparisons.extend(comparison(&unread));
        findings.push(unread);
    }
    comparisons.sort_by(|a, b| (&a.client_id, &a.rule_id).cmp(&(&b.client_id, &b.rule_id)));
    Sample { header: header(), reconciliation: Reconciliation { findings, comparisons, ..without_findings() } }
}

/// Everything agrees, everything was read.
pub(crate) fn clean() -> Sample {
    let mut sample = month();
    sample.reconciliation = Reconciliation {
        findings: Vec::new(),
        comparisons: (0..132).map(agreeing).collect(),
        not_reconciled: 0,
        totals: Vec::new(),
        setup: Vec::new(),
        suggestions: Vec::new(),
        coverage: ["connectwise", "ninjaone", "pax8"]
            .iter()
            .map(|source| read(source, ReadState::Complete, 0, 0))
            .collect(),
        ..sample.reconciliation
    };
    sample
}

/// No usage source could be read at all.
pub(crate) fn nothing_compared() -> Sample {
    let mut sample = clean();
    let mut findings = Vec::new();
    let mut comparisons = Vec::new();
    for at in 0..14 {
        let mut row = agreeing(at);
        let mut unread = finding("|MNG-WKS|ninjaone|0|0||GBP|not_reconciled|");
        unread.client_name = row.client_name.clone();
        unread.client_id = Some(row.client_id.clone());
        unread.reason = "the source was not read".into();
        (row.counted, row.should_bill, row.variance, row.kind) = (None, None, None, Some(FindingKind::NotReconciled));
        findings.push(unread);
        comparisons.push(row);
    }
    let refused = "the token was refused (401): renew the secret of `ninjaone`, then sync again";
    sample.reconciliation.findings = findings;
    sample.reconciliation.comparisons = comparisons;
    sample.reconciliation.not_reconciled = 14;
    sample.reconciliation.coverage = vec![
        read("connectwise", ReadState::Complete, 0, 0),
        read("ninjaone", ReadState::Failed(because(refused)), 48, 14),
    ];
    sample
}

/// A reason whose words a source gave.
pub(crate) fn because(detail: &str) -> ReadReason {
    ReadReason::UnexpectedAnswer { detail: detail.to_owned() }
}

/// Exceptions in five currencies.
pub(crate) fn many_currencies() -> Sample {
    let mut sample = month();
    let amounts = [
        ("AUD", "1200.005", "0"),
        ("CHF", "0", "75.10"),
        ("EUR", "748.19", "10"),
        ("GBP", "3400", "711.70"),
        ("USD", "1234567.5", "98765.4321"),
    ];
    sample.reconciliation.totals = amounts.iter().map(|(code, few, many)| totals(code, (few, 4), (many, 2))).collect();
    sample
}

/// Findings, but no price for any of them.
pub(crate) fn no_prices() -> Sample {
    let mut sample = month();
    for finding in &mut sample.reconciliation.findings {
        (finding.unit_price, finding.monthly_impact, finding.value_basis) = (None, None, None);
        let without_price = finding.reason.rfind("; ").unwrap_or(finding.reason.len());
        finding.reason.truncate(without_price);
        finding.reason.push_str("; no price is known");
    }
    sample.reconciliation.totals.clear();
    sample
}

pub(crate) fn header() -> RunHeader {
    let input = |name: &str, fill: &str| InputRef { name: name.into(), sha256: fill.repeat(32), bytes: 4096 };
    RunHeader {
        run_id: "2026-06-closing-1-7f3c9a".into(),
        month: "2026-06".parse().unwrap(),
        closing: Some(1),
        count_day: CountDay(COUNT_DAY),
        created_at: "2026-06-30T22:15:00Z".parse().unwrap(),
        inputs: vec![
            input("inputs/settings.toml", "ab"),
            input("inputs/rules.toml", "12"),
            input("inputs/decisions.json", "9e"),
        ],
        archive_place: "s3://hollybank-truecount/reports/2026-06/2026-06-closing-1-7f3c9a/".into(),
        replaces: None,
        missed: Vec::new(),
    }
}

fn without_findings() -> Reconciliation {
    let suggestion = |name: &str, client: Option<&str>, worth: &[(&str, &str)]| MappingSuggestion {
        source: SourceId::new("pax8").unwrap(),
        account_id: AccountId::new(format!("acc-{}", name.len())).unwrap(),
        account_name: name.into(),
        client_id: client.map(|_| ClientId::new("C-118").unwrap()),
        client_name: client.map(str::to_owned),
        reason: client.map_or("no client has a name like it", |_| "the names differ in one word").into(),
        items: 14,
        monthly_value: worth.iter().map(|(amount, code)| Money::new(decimal(amount), currency(code))).collect(),
    };
    let setup = |code: &str, subject: &str, message: &str, count| SetupFinding {
        code: code.into(),
        subject: subject.into(),
        message: message.into(),
        count,
    };
    Reconciliation {
        month: "2026-06".parse().unwrap(),
        count_day: CountDay(COUNT_DAY),
        not_reconciled: 3,
        findings: Vec::new(),
        comparisons: Vec::new(),
        totals: vec![totals("EUR", ("702.1875", 2), ("0", 0)), totals("GBP", ("3390.05", 7), ("724.20", 3))],
        coverage: vec![
            read("connectwise", ReadState::Complete, 0, 0),
            read("microsoft-graph", ReadState::Complete, 2, 3),
            read("ninjaone", ReadState::Complete, 0, 0),
            read("pax8", ReadState::Complete, 0, 0),
        ],
        setup: vec![
            setup(
                "line_without_rule",
                "HW-LAPTOP",
                "product `HW-LAPTOP` is billed on 6 lines and no rule counts it; add one, or list it as not counted",
                6,
            ),
            setup("unknown_status", "pax8", "status `PendingReview` is not known and was not counted", 2),
        ],
        suggestions: vec![
            suggestion("Pellworth (old tenant)", Some("Pellworth Estates"), &[("246.40", "GBP")]),
            suggestion("Zürcher Treuhand", Some("Zuercher Treuhand AG"), &[("88.10", "CHF")]),
            suggestion("test tenant", None, &[]),
        ],
    }
}

pub(crate) fn totals(code: &str, few: (&str, u64), many: (&str, u64)) -> Totals {
    let (underbilled, overbilled) = (decimal(few.0), decimal(many.0));
    Totals {
        currency: currency(code),
        underbilled_count: if underbilled.is_zero() { 0 } else { few.1 },
        overbilled_count: if overbilled.is_zero() { 0 } else { many.1 },
        underbilled,
        overbilled,
    }
}

/// A receipt with something of everything.
pub(crate) fn receipt() -> Receipt {
    let mut receipt = Receipt::default();
    let stream = StreamReceipt {
        rows: 1909,
        used: 1904,
        looked_up: 0,
        left_out: [(RowReason::Repeated, 3), (RowReason::Unreadable, 2)].into(),
        totals: ControlTotals { agreed: 4, differed: 1, refused: 2, none: 0 },
        lists_read_again: 1,
    };
    receipt.streams.insert("devices".into(), stream);
    receipt.streams.insert("sites".into(), StreamReceipt { rows: 7, looked_up: 7, ..StreamReceipt::default() });
    receipt.unknown_words.push(UnknownWord { field: "approvalStatus".into(), word: "ON_HOLD".into(), rows: 2 });
    receipt
}

pub(crate) fn read(source: &str, state: ReadState, incomplete: u64, not_reconciled: u64) -> SourceCoverage {
    let is_usage = source != "connectwise";
    SourceCoverage {
        source: SourceId::new(source).unwrap(),
        source_kind: source.into(),
        side: if is_usage { Side::Used } else { Side::Agreed },
        as_of: (!matches!(state, ReadState::Failed(_))).then_some(COUNT_DAY),
        receipt: None,
        state,
        accounts: 48,
        accounts_incomplete: incomplete,
        accounts_mapped: if is_usage { 45 } else { 0 },
        accounts_ignored: 1,
        items: 1904,
        compared: if is_usage { 44 } else { 132 },
        not_reconciled,
    }
}

fn finding(row: &str) -> Finding {
    let cells: Vec<&str> = row.split('|').collect();
    let [client, product, source, expected, billed, price, code, kind, clause] = cells[..] else { panic!("{row}") };
    let kind = *FindingKind::ALL.iter().find(|one| one.as_str() == kind).unwrap();
    let price = (!price.is_empty()).then(|| decimal(price));
    let (expected, billed) = (decimal(expected), decimal(billed));
    let variance = expected - billed;
    let is_known = kind != FindingKind::NotReconciled;
    let is_unmapped = kind == FindingKind::UnmappedAccount;
    let apart = variance.abs();
    let price_said = price.map_or("; no price is known".to_owned(), |price| format!("; {price} {code} each a month"));
    let reason = match kind {
        FindingKind::UnmappedAccount => format!("{expected} counted in {source}, not mapped to a client"),
        FindingKind::UnbilledUsage => format!("{expected} counted, not on the agreement{price_said}"),
        _ if variance.is_sign_negative() => {
            format!("{expected} counted, {billed} billed: overbilled by {apart}{clause}{price_said}")
        }
        _ => format!("{expected} counted, {billed} billed: underbilled by {apart}{clause}{price_said}"),
    };
    Finding {
        exception_id: format!(
            "{:08x}",
            client.bytes().chain(product.bytes()).fold(7_u32, |id, byte| id.wrapping_mul(31) ^ u32::from(byte))
        ),
        kind,
        client_id: (!is_unmapped).then(|| ClientId::new(format!("C-{}", client.len() + 100)).unwrap()),
        client_name: client.into(),
        source: Some(SourceId::new(source).unwrap()),
        account_id: is_unmapped.then(|| AccountId::new("acc-22").unwrap()),
        account_name: is_unmapped.then(|| client.into()),
        rule_id: (!is_unmapped).then(|| RuleId::new(product.to_lowercase()).unwrap()),
        product_code: Some(ProductCode::new(product).unwrap()),
        counted: is_known.then_some(expected),
        billed: (is_known && !is_unmapped).then_some(billed),
        should_bill: is_known.then_some(expected),
        variance: is_known.then_some(variance),
        unit_price: price,
        monthly_impact: price.map(|price| price * variance),
        currency: Some(currency(code)),
        value_basis: price
            .map(|_| if kind == FindingKind::UnbilledUsage { ValueBasis::Estimated } else { ValueBasis::Calculated }),
        confidence: confidence(kind, source),
        next_step: match kind {
            FindingKind::UnmappedAccount => NextStep::ConfirmMapping,
            FindingKind::NotReconciled => NextStep::FixSource,
            FindingKind::BilledWithoutUsage => NextStep::CleanUpAtVendor,
            _ => NextStep::ChangePsa,
        },
        count_day: CountDay(COUNT_DAY),
        counted_on: Some(COUNT_DAY),
        service_period: ServicePeriod::new(date(2026, 7, 1), date(2026, 7, 31)).unwrap(),
        next_invoice_date: Some(date(2026, 7, 1)),
        reason,
    }
}

fn confidence(kind: FindingKind, source: &str) -> Confidence {
    let (mapping, price_basis) = match kind {
        FindingKind::UnmappedAccount => (0, 70),
        FindingKind::UnbilledUsage => (90, 70),
        _ => (100, 100),
    };
    let completeness = if kind == FindingKind::NotReconciled { 0 } else { 100 };
    Confidence {
        mapping,
        completeness,
        freshness: 100,
        count_basis: if source == "ninjaone" { 90 } else { 100 },
        price_basis,
    }
}

fn comparison(finding: &Finding) -> Option<Comparison> {
    let client_id = finding.client_id.clone()?;
    let kind = Some(finding.kind);
    let mut row = agreeing(client_id.as_str().len());
    row.product_code = finding.product_code.clone()?;
    row.rule_id = finding.rule_id.clone()?;
    row.client_id = client_id;
    row.client_name = finding.client_name.clone();
    row.source = finding.source.clone()?;
    (row.counted, row.billed, row.should_bill, row.variance) =
        (finding.counted, finding.billed, finding.should_bill, finding.variance);
    row.counted_gross = finding.should_bill.map(|should_bill| should_bill + Decimal::from(3));
    row.explained = vec![Explained { reason: "stale".into(), units: Decimal::from(3) }];
    (row.unit_price, row.monthly_impact, row.value_basis) =
        (finding.unit_price, finding.monthly_impact, finding.value_basis);
    row.currency = finding.currency;
    row.confidence = finding.confidence;
    row.reason = finding.reason.clone();
    Some(Comparison { kind, ..row })
}

fn agreeing(at: usize) -> Comparison {
    let units = Decimal::from(at % 9 + 1);
    Comparison {
        client_id: ClientId::new(format!("C-{:03}", at % 41)).unwrap(),
        client_name: format!("Client number {}", at % 41),
        rule_id: RuleId::new(format!("rule-{}", at / 41)).unwrap(),
        product_code: ProductCode::new("MNG-WKS").unwrap(),
        source: SourceId::new("ninjaone").unwrap(),
        count_basis: CountBasis::DeviceFresh,
        unit: Unit::Device,
        counted: Some(units),
        billed: Some(units),
        should_bill: Some(units),
        variance: Some(Decimal::ZERO),
        counted_gross: Some(units),
        explained: Vec::new(),
        unit_price: Some(decimal("38.5")),
        monthly_impact: Some(Decimal::ZERO),
        currency: Some(currency("GBP")),
        value_basis: Some(ValueBasis::Calculated),
        kind: None,
        confidence: Confidence { mapping: 100, completeness: 100, freshness: 100, count_basis: 90, price_basis: 100 },
        count_day: CountDay(COUNT_DAY),
        counted_on: Some(COUNT_DAY),
        service_period: ServicePeriod::new(date(2026, 7, 1), date(2026, 7, 31)).unwrap(),
        next_invoice_date: Some(date(2026, 7, 1)),
        reason: format!("should bill {units}, billed {units}"),
    }
}
