//! Rows of invented clients, with figures that add up.

use jiff::civil::date;
use rust_decimal::Decimal;
use truecount_billing::{AgreementId, LineId, ProductCode, SourceId, SourceId as Id};
use truecount_reconciliation::{
    AccountRecord, AtStake, ChangeRecord, CountedOn, DoubtRecord, IfConfirmed, InvoicedWhen, LedgerReason, LineRecord,
    ProposedAccount, RowKind, RowRecord, WideningRecord,
};

use super::{COUNT_DAY, account, currency, decimal};

const KINDS: [RowKind; 7] = [
    RowKind::Underbilled,
    RowKind::UnbilledUsage,
    RowKind::Overbilled,
    RowKind::BilledWithoutUsage,
    RowKind::NotReconciled,
    RowKind::AgreementEnding,
    RowKind::EndedAgreementInUse,
];

/// A client's name and its row, from `client|service|source|should bill|billed|price|currency|kind|more`.
pub(super) fn difference(text: &str) -> (String, RowRecord) {
    let cells: Vec<&str> = text.split('|').collect();
    let [client, service, source, should_bill, billed, price, code, kind, more] = cells[..] else { panic!("{text}") };
    let kind = *KINDS.iter().find(|one| one.as_str() == kind).unwrap();
    let price = (!price.is_empty()).then(|| decimal(price));
    let mut row = compared(kind, service, source, (decimal(should_bill), decimal(billed)), price, code);
    match kind {
        RowKind::NotReconciled => make_open(&mut row, client, more),
        RowKind::UnbilledUsage => {
            (row.is_estimated, row.doubts) = (price.is_some(), vec![DoubtRecord::ListPrice]);
        }
        RowKind::AgreementEnding => {
            (row.billed, row.variance, row.monthly_impact) = (Decimal::ZERO, row.should_bill, None);
            row.lines.iter_mut().for_each(|line| line.to = Some(date(2026, 7, 31)));
        }
        RowKind::EndedAgreementInUse => {
            row.cost = [(currency(code), decimal(should_bill) * price.unwrap())].into();
            (row.monthly_impact, row.to_correct, row.left_alone, row.unit_price) = (None, None, None, None);
        }
        _ => {}
    }
    if let Ok(stale) = Decimal::from_str_exact(more) {
        row.counted_gross = row.should_bill.map(|units| units + stale);
        (row.stale_days, row.explained) = (Some(30), [(LedgerReason::Stale, -stale)].into());
    }
    (client.into(), row)
}

/// A row of figures that add up.
fn compared(
    kind: RowKind,
    service: &str,
    source: &str,
    (should_bill, billed): (Decimal, Decimal),
    price: Option<Decimal>,
    code: &str,
) -> RowRecord {
    let variance = should_bill - billed;
    let mut row = RowRecord::empty(kind, ProductCode::new(service).unwrap());
    row.billed = billed;
    (row.at_least, row.at_most) = (Some(should_bill), Some(should_bill));
    (row.counted, row.counted_gross, row.should_bill) = (Some(should_bill), Some(should_bill), Some(should_bill));
    (row.variance, row.to_correct, row.left_alone) = (Some(variance), Some(variance), Some(Decimal::ZERO));
    (row.unit_price, row.currency) = (price, Some(currency(code)));
    row.monthly_impact = price.map(|price| price * variance).filter(|_| !variance.is_zero());
    row.next_invoice_date = Some(date(2026, 7, 1));
    row.service_period = Some((date(2026, 7, 1), date(2026, 7, 31)));
    row.sources = vec![CountedOn { source: SourceId::new(source).unwrap(), day: COUNT_DAY }];
    if !billed.is_zero() {
        row.lines = vec![line(service, billed, price, code)];
    }
    if kind.changes_a_bill() {
        row.invoiced = Some(InvoicedWhen::ThisRun);
        row.changes = vec![ChangeRecord {
            line_id: row.lines.first().map(|line| line.line_id.clone()),
            agreement_id: Some(AgreementId::new("A-7").unwrap()),
            from: billed,
            to: should_bill,
            monthly_impact: row.monthly_impact,
            invoiced: InvoicedWhen::ThisRun,
        }];
    }
    row
}

fn line(service: &str, quantity: Decimal, unit_price: Option<Decimal>, code: &str) -> LineRecord {
    LineRecord {
        line_id: LineId::new("L-70311").unwrap(),
        agreement_id: AgreementId::new("A-7").unwrap(),
        agreement_name: "Managed Services".into(),
        product_code: ProductCode::new(service).unwrap(),
        product_name: None,
        quantity,
        unit_price,
        cycle_months: Some(1),
        prorates: Some(true),
        currency: currency(code),
        from: None,
        to: None,
    }
}

/// Nobody knows how many there are: an account was not read, or is not mapped.
fn make_open(row: &mut RowRecord, client: &str, why: &str) {
    let source: Id = row.sources[0].source.clone();
    let account = account(source.as_str(), client);
    row.if_confirmed = (why == "undecided").then(|| Box::new(agreeing_then(row, account.clone())));
    row.widenings = vec![match why {
        "undecided" => WideningRecord::AccountUndecided { account },
        _ => WideningRecord::AccountFailed { account },
    }];
    row.at_most = (why == "undecided").then_some(row.billed);
    row.at_least = Some(Decimal::ZERO);
    (row.counted, row.counted_gross, row.should_bill) = (None, None, None);
    (row.variance, row.to_correct, row.left_alone, row.monthly_impact) = (None, None, None, None);
    row.stake_up = Some(if why == "undecided" { AtStake::Known(Decimal::ZERO) } else { AtStake::Unknown });
    row.stake_down = row.unit_price.map(|price| AtStake::Known(price * row.billed));
}

/// It agrees if the account is the client's.
fn agreeing_then(row: &RowRecord, account: AccountRecord) -> IfConfirmed {
    IfConfirmed {
        accounts: vec![ProposedAccount { account, score: Some(decimal("0.870")) }],
        others: 0,
        kind: RowKind::Agrees,
        at_least: Some(row.billed),
        at_most: Some(row.billed),
        counted: Some(row.billed),
        should_bill: Some(row.billed),
        variance: Some(Decimal::ZERO),
        currency: row.currency,
        monthly_impact: None,
        is_estimated: false,
        remains: None,
    }
}

/// Its source was not read.
pub(super) fn make_unread(row: &mut RowRecord) {
    make_open(row, "", "failed");
    row.kind = RowKind::NotReconciled;
    row.widenings = vec![WideningRecord::SourceNotRead { source: row.sources[0].source.clone() }];
    row.sources.clear();
}

/// One that agrees.
pub(super) fn agreeing(at: usize) -> (String, RowRecord) {
    let units = Decimal::from(at % 9 + 1);
    let service = format!("MNG-{}", at / 41);
    let row = compared(RowKind::Agrees, &service, "ninjaone", (units, units), Some(decimal("38.5")), "GBP");
    (format!("Client number {}", at % 41), row)
}
