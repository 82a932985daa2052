//! Causes, and parts that add up.

use proptest::prelude::*;

use super::*;
use crate::evidence_record::AccountRecord;
use crate::item_record::{ItemFateWord, ItemRecord};
use crate::record::{CountedOn, RECORD_FORMAT};
use crate::source_record::LinesReadWord;

fn gbp() -> Currency {
    Currency::new("GBP").unwrap()
}

fn rmm() -> SourceId {
    SourceId::new("rmm").unwrap()
}

/// A row of so many units used and billed at 10 each, on this account.
fn row(account: &str, used: i64, billed: i64) -> RowRecord {
    let kind = match (used - billed).signum() {
        1 => RowKind::Underbilled,
        -1 => RowKind::Overbilled,
        _ => RowKind::Agrees,
    };
    let item = |number| ItemRecord {
        source: rmm(),
        account_id: account.parse().unwrap(),
        item_id: format!("i{number}"),
        name: None,
        kind: None,
        units: Some(Decimal::ONE),
        first_seen: None,
        fate: ItemFateWord::In,
        reason: None,
    };
    RowRecord {
        billed: billed.into(),
        at_least: Some(used.into()),
        at_most: Some(used.into()),
        counted_gross: Some(used.into()),
        should_bill: Some(used.into()),
        unit_price: (used != billed).then_some(Decimal::TEN),
        currency: Some(gbp()),
        monthly_impact: (used != billed).then(|| Decimal::TEN * Decimal::from(used - billed)),
        sources: vec![CountedOn { source: rmm(), day: jiff::civil::date(2026, 6, 30) }],
        items: (0..used).map(item).collect(),
        ..RowRecord::empty(kind, ProductCode::new("SRV").unwrap())
    }
}

fn client(rows: Vec<RowRecord>) -> ClientRecord {
    ClientRecord {
        format: RECORD_FORMAT,
        client_id: "c1".parse().unwrap(),
        client_name: "Alder".to_owned(),
        lines_read: LinesReadWord::Complete,
        rows,
        coverage: BTreeMap::new(),
        closed: Vec::new(),
    }
}

fn portfolio(rows: &[RowRecord]) -> PortfolioRecord {
    let mut portfolio = PortfolioRecord::empty(gbp());
    for row in rows.iter().filter(|row| row.kind.changes_a_bill()) {
        let Some((currency, impact)) = row.currency.zip(row.monthly_impact) else { continue };
        let totals = portfolio.totals.entry(currency).or_default();
        let (add, later) = (impact.max(Decimal::ZERO), (-impact).max(Decimal::ZERO));
        (totals.add, totals.later_reduce) = (totals.add + add, totals.later_reduce + later);
    }
    portfolio
}

fn all_changed() -> ChangedInputs {
    ChangedInputs { billing: true, usage: [rmm()].into(), mapping: true, rules: true, day: true }
}

fn compared(
    changed: ChangedInputs,
    before: &[RowRecord],
    after: &[RowRecord],
) -> (Vec<RowDifference>, BTreeMap<Currency, CurrencyDifference>) {
    let mut difference = RunDifference::new(changed, &portfolio(before), &portfolio(after));
    let rows = difference.client(Some(&client(before.to_vec())), Some(&client(after.to_vec())));
    (rows, difference.finish())
}

/// Cause, more to add, more to reduce.
fn parts(changed: ChangedInputs, before: &RowRecord, after: &RowRecord) -> Vec<(ChangeCause, i64, i64)> {
    let (rows, currencies) = compared(changed, std::slice::from_ref(before), std::slice::from_ref(after));
    assert!(currencies.values().all(|of| of.rest.is_nothing()), "{currencies:?}");
    let number = |amount: Decimal| i64::try_from(amount).unwrap();
    let of_row = rows.iter().flat_map(|row| &row.parts);
    of_row.map(|part| (part.cause, number(part.to_add), number(part.to_reduce))).collect()
}

#[test]
fn each_part_has_the_cause_that_it_has() {
    use ChangeCause::{Billing, Day, Mapping, Reading, Rules, Usage};
    let usage = || ChangedInputs { usage: [rmm()].into(), ..ChangedInputs::default() };
    let billing = || ChangedInputs { billing: true, ..ChangedInputs::default() };
    let rules = || ChangedInputs { rules: true, ..ChangedInputs::default() };
    let day = || ChangedInputs { day: true, ..ChangedInputs::default() };
    let fewer = RowRecord { items: row("a", 5, 2).items, ..row("a", 3, 2) };
    let stale = RowRecord { counted_gross: Some(5.into()), ..fewer.clone() };
    let unread = RowRecord {
        widenings: vec![WideningRecord::SourceNotRead { source: rmm() }],
        kind: RowKind::NotReconciled,
        should_bill: None,
        ..row("a", 0, 2)
    };
    let account = AccountRecord {
        source: rmm(),
        account_id: "a".parse().unwrap(),
        account_name: "Alder".to_owned(),
        in_file: false,
    };
    let undecided = RowRecord { widenings: vec![WideningRecord::AccountUndecided { account }], ..unread.clone() };
    for (changed, before, after, expected) in [
        (usage(), row("a", 5, 2), row("a", 6, 2), vec![(Usage, 10, 0)]),
        (billing(), row("a", 5, 2), row("a", 5, 5), vec![(Billing, -30, 0)]),
        (all_changed(), row("a", 5, 2), row("a", 6, 5), vec![(Usage, 10, 0), (Billing, -30, 0)]),
        (all_changed(), row("a", 2, 5), row("a", 3, 7), vec![(Usage, 0, -10), (Billing, 0, 20)]),
        (all_changed(), row("a", 5, 2), row("b", 6, 2), vec![(Mapping, 10, 0)]),
        (rules(), row("a", 5, 2), fewer, vec![(Rules, -20, 0)]),
        (day(), row("a", 5, 2), stale, vec![(Day, -20, 0)]),
        (all_changed(), row("a", 5, 2), row("a", 1, 2), vec![(Usage, -30, 10)]),
        (all_changed(), row("a", 5, 2), unread, vec![(Reading, -30, 0)]),
        (all_changed(), row("a", 5, 2), undecided, vec![(Mapping, -30, 0)]),
        (all_changed(), row("a", 5, 2), row("a", 5, 2), vec![]),
    ] {
        assert_eq!(parts(changed, &before, &after), expected, "{before:?} {after:?}");
    }
}

#[test]
fn a_row_that_only_one_run_has_and_one_that_moved_are_whole() {
    let (rows, currencies) = compared(all_changed(), &[], &[row("a", 3, 0)]);
    assert_eq!((rows[0].before.as_ref(), rows[0].parts[0].cause), (None, ChangeCause::Mapping));
    assert!(currencies[&gbp()].rest.is_nothing());

    let moved = crate::record::MovedRecord {
        from_id: "c0".parse().unwrap(),
        from_name: String::new(),
        to_id: "c1".parse().unwrap(),
        to_name: String::new(),
        services: vec![(row("a", 0, 0), row("a", 1, 3))],
    };
    let before = [row("a", 1, 3)];
    let mut difference = RunDifference::new(
        all_changed(),
        &portfolio(&before),
        &PortfolioRecord { moved: vec![moved], ..portfolio(&[]) },
    );
    let rows = difference.client(Some(&client(before.to_vec())), Some(&client(Vec::new())));
    assert_eq!((rows[0].parts[0].cause, rows[0].parts[0].to_reduce), (ChangeCause::Mapping, Decimal::from(-20)));
    assert!(difference.finish()[&gbp()].rest.is_nothing());
}

#[test]
fn what_rows_do_not_explain_is_told() {
    let mut difference = RunDifference::new(all_changed(), &portfolio(&[]), &portfolio(&[row("a", 3, 0)]));
    assert!(difference.client(None, None).is_empty());
    assert_eq!(difference.finish()[&gbp()].rest.to_add, Decimal::from(30));
}

proptest! {
    #[test]
    fn the_parts_add_up_to_the_difference(
        rows in prop::collection::vec((0_i64..6, 0_i64..6, 0_i64..6, 0_i64..6, 0_usize..4, prop::option::of(1_i64..40)), 1..6),
    ) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for (at, (used, billed, used_after, billed_after, what, price)) in rows.into_iter().enumerate() {
            let code = ProductCode::new(format!("S{at}")).unwrap();
            let mut one = RowRecord { service: code.clone(), ..row("a", used, billed) };
            let mut other = RowRecord { service: code, ..row(if what == 1 { "b" } else { "a" }, used_after, billed_after) };
            if what == 2 {
                other.currency = Some(Currency::new("USD").unwrap());
            }
            // Tiers: the worth is not units times price.
            if let Some(price) = price.filter(|_| other.monthly_impact.is_some()) {
                other.monthly_impact = other.monthly_impact.map(|impact| impact + Decimal::from(price) * impact / Decimal::from(100));
                other.unit_price = Some(price.into());
            }
            one.kind = if what == 3 { RowKind::NotReconciled } else { one.kind };
            before.push(one);
            if what != 0 || at % 2 == 0 {
                after.push(other);
            }
        }
        let (_, currencies) = compared(all_changed(), &before, &after);
        for (currency, of) in currencies {
            prop_assert!(of.rest.is_nothing(), "{currency}: {of:?}");
        }
    }
}
