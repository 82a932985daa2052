//! Causes, and parts that add up.

use proptest::prelude::*;

use super::*;
use crate::actions::{ActionStanding, DecidedFigures, ExceptionAction, RowAction};
use crate::evidence_record::{AccountRecord, WideningRecord};
use crate::item_record::{ItemFateWord, ItemRecord};
use crate::line_record::LineRecord;
use crate::record::{CountedOn, RECORD_FORMAT};
use crate::source_record::{AccountReadWord, IncompleteAccount, LinesReadWord, SourceReadWord, SourceRecord};

fn gbp() -> Currency {
    Currency::new("GBP").unwrap()
}

fn rmm() -> SourceId {
    SourceId::new("rmm").unwrap()
}

fn account() -> AccountRecord {
    AccountRecord { source: rmm(), account_id: "a".parse().unwrap(), account_name: "Alder".to_owned(), in_file: false }
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
        is_unassigned: false,
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
        agreements: Vec::new(),
        closed: Vec::new(),
        not_known: Vec::new(),
    }
}

fn portfolio(rows: &[RowRecord]) -> PortfolioRecord {
    let mut portfolio = PortfolioRecord::empty(gbp());
    for row in rows.iter().filter(|row| row.kind.changes_a_bill() && !row.is_set_aside()) {
        let Some((currency, impact)) = row.currency.zip(row.monthly_impact) else { continue };
        let totals = portfolio.totals.entry(currency).or_default();
        let (add, later) = (impact.max(Decimal::ZERO), (-impact).max(Decimal::ZERO));
        match row.is_estimated {
            false => (totals.add, totals.later_reduce) = (totals.add + add, totals.later_reduce + later),
            true => {
                let (more, less) = (totals.estimated_later_add + add, totals.estimated_reduce + later);
                (totals.estimated_later_add, totals.estimated_reduce) = (more, less);
            }
        }
    }
    portfolio
}

fn all_changed() -> ChangedInputs {
    ChangedInputs { billing: true, usage: [rmm()].into(), mapping: true, rules: true, decisions: true, day: true }
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
    of_row.map(|part| (part.cause, number(part.amounts.to_add), number(part.amounts.to_reduce))).collect()
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
    let undecided =
        RowRecord { widenings: vec![WideningRecord::AccountUndecided { account: account() }], ..unread.clone() };
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
    assert_eq!((rows[0].before.as_ref(), rows[0].parts.len()), (None, 1));
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
    let part = &rows[0].parts[0];
    assert_eq!((part.cause, part.amounts.to_reduce), (ChangeCause::Mapping, Decimal::from(-20)));
    assert!(difference.finish()[&gbp()].rest.is_nothing());
}

/// A line of a product.
fn line(product: &str) -> LineRecord {
    LineRecord {
        line_id: "L1".parse().unwrap(),
        agreement_id: "A".parse().unwrap(),
        agreement_name: "Managed".to_owned(),
        product_code: ProductCode::new(product).unwrap(),
        product_name: None,
        quantity: Decimal::TWO,
        unit_price: Some(Decimal::TEN),
        cycle_months: Some(1),
        prorates: None,
        currency: gbp(),
        from: None,
        to: None,
    }
}

/// What the other run knows of a row that only the first has, or only the second.
fn cause_of_one(
    changed: &ChangedInputs,
    row: &RowRecord,
    other: &ClientRecord,
    knows: &PortfolioRecord,
) -> ChangeCause {
    let rows = std::slice::from_ref(row);
    let whole = client(rows.to_vec());
    let causes = [false, true].map(|is_second| {
        let of_row = portfolio(rows);
        let runs = if is_second { (knows, &of_row) } else { (&of_row, knows) };
        let mut difference = RunDifference::new(changed.clone(), runs.0, runs.1);
        let clients = if is_second { (other, &whole) } else { (&whole, other) };
        let found = difference.client(Some(clients.0), Some(clients.1));
        let of = found.into_iter().find(|found| found.service == row.service).unwrap();
        let [part] = of.parts.try_into().unwrap();
        part.cause
    });
    assert_eq!(causes[0], causes[1], "the same in both directions");
    causes[0]
}

#[test]
fn the_cause_of_a_row_that_only_one_run_has_is_what_the_other_does_not_have_or_know() {
    use ChangeCause::{Billing, Day, Mapping, Reading, Rules, Usage};
    let day = ChangedInputs { day: true, ..ChangedInputs::default() };
    let (billing, usage) =
        (ChangedInputs { billing: true, ..day.clone() }, ChangedInputs { usage: [rmm()].into(), ..day.clone() });
    let knows = |change: fn(&mut PortfolioRecord)| {
        let mut knows = PortfolioRecord::empty(gbp());
        change(&mut knows);
        knows
    };
    let source = |read, incomplete| SourceRecord {
        source: rmm(),
        read,
        synced_on: None,
        fresh_days: 3,
        last_failure: None,
        accounts: 1,
        incomplete,
    };
    let incomplete =
        |read, as_of| IncompleteAccount { account: account(), read, as_of, client_id: None, client_name: None };
    let all = knows(|_| ());
    let sources = |one| PortfolioRecord { sources: vec![one], ..PortfolioRecord::empty(gbp()) };
    let unread = sources(source(SourceReadWord::NotRead, Vec::new()));
    let failed = sources(source(SourceReadWord::Used, vec![incomplete(AccountReadWord::Failed, None)]));
    let june = jiff::civil::date(2026, 6, 1);
    let earlier = sources(source(SourceReadWord::Used, vec![incomplete(AccountReadWord::Failed, Some(june))]));
    let undecided = knows(|knows| knows.unmapped = vec![account()]);
    let nothing = client(Vec::new());
    let lines_unread = ClientRecord { lines_read: LinesReadWord::Failed, ..client(Vec::new()) };
    let used = row("a", 3, 0);
    let billed = RowRecord { lines: vec![line("SRV")], ..row("a", 0, 2) };
    let elsewhere = client(vec![RowRecord {
        lines: vec![line("SRV")],
        ..RowRecord::empty(RowKind::UncountedLine, ProductCode::new("OTHER").unwrap())
    }]);
    for (changed, row, other, knows, expected) in [
        (&billing, &billed, &nothing, &all, Billing),
        (&day, &billed, &nothing, &all, Day),
        (&all_changed(), &billed, &nothing, &all, Billing),
        (&all_changed(), &billed, &elsewhere, &all, Rules),
        (&usage, &used, &nothing, &all, Usage),
        (&day, &used, &nothing, &all, Day),
        (&all_changed(), &used, &nothing, &all, Usage),
        (&all_changed(), &used, &nothing, &undecided, Mapping),
        (&usage, &used, &nothing, &unread, Reading),
        (&all_changed(), &used, &nothing, &failed, Reading),
        (&all_changed(), &used, &nothing, &earlier, Usage),
        (&all_changed(), &used, &lines_unread, &all, Reading),
        (&all_changed(), &billed, &lines_unread, &all, Reading),
    ] {
        assert_eq!(cause_of_one(changed, row, other, knows), expected, "{changed:?} {row:?} {knows:?}");
    }
}

#[test]
fn what_was_not_read_moves_an_end_one_way_only() {
    use ChangeCause::{Reading, Usage};
    let failed =
        |row: RowRecord| RowRecord { widenings: vec![WideningRecord::AccountFailed { account: account() }], ..row };
    let usage = || ChangedInputs { usage: [rmm()].into(), ..ChangedInputs::default() };
    for (before, after, expected) in [
        (row("a", 8, 2), failed(row("a", 5, 2)), (Reading, -30, 0)),
        (failed(row("a", 5, 2)), row("a", 8, 2), (Reading, 30, 0)),
        (row("a", 4, 2), failed(row("a", 5, 2)), (Usage, 10, 0)),
        (row("a", 1, 9), failed(row("a", 4, 9)), (Reading, 0, -30)),
        (row("a", 5, 9), failed(row("a", 4, 9)), (Usage, 0, 10)),
    ] {
        assert_eq!(parts(usage(), &before, &after), [expected], "{before:?} {after:?}");
    }
    // The same rows beside other lines: who knows what the client is billed.
    let open = RowRecord { kind: RowKind::NotReconciled, should_bill: None, monthly_impact: None, ..row("a", 5, 2) };
    let before = [row("a", 5, 2)];
    let mut difference = RunDifference::new(all_changed(), &portfolio(&before), &portfolio(&[]));
    let unread = ClientRecord { lines_read: LinesReadWord::Failed, ..client(vec![open]) };
    let found = difference.client(Some(&client(before.to_vec())), Some(&unread));
    assert_eq!(found[0].parts[0].cause, Reading);
}

#[test]
fn estimates_stand_apart_and_nothing_has_a_sign() {
    let guess = |row: RowRecord| RowRecord { is_estimated: true, ..row };
    let (before, after) = ([guess(row("a", 5, 2))], [row("a", 5, 2)]);
    let (rows, currencies) = compared(all_changed(), &before, &after);
    let of = &currencies[&gbp()];
    assert_eq!(of.before.each().map(|amount| amount.to_string()), ["0", "0", "30", "0"]);
    assert_eq!(of.after.each().map(|amount| amount.to_string()), ["30", "0", "0", "0"]);
    assert_eq!(rows[0].parts[0].amounts.each().map(|amount| amount.to_string()), ["30", "0", "-30", "0"]);
    let (before, after) = ([guess(row("a", 2, 5))], [guess(row("a", 3, 7))]);
    let (rows, currencies) = compared(all_changed(), &before, &after);
    let told: Vec<_> = rows[0].parts.iter().map(|part| part.amounts.each().map(|amount| amount.to_string())).collect();
    assert_eq!(told, [["0", "0", "0", "-10"], ["0", "0", "0", "20"]]);
    for of in currencies.values() {
        assert!(of.rest.each().iter().all(|amount| amount.to_string() == "0"), "{:?}", of.rest);
    }
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
            (one.is_estimated, other.is_estimated) = (used == 4, used_after == 4);
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

#[test]
fn what_is_set_aside_goes_out_of_the_totals_and_comes_back_by_decision() {
    let stands = row("a", 5, 2);
    let decided = RowAction {
        action: ExceptionAction::Snoozed { until: jiff::civil::date(2026, 12, 31) },
        standing: ActionStanding::SetAside,
        figures: DecidedFigures::of(&stands),
        month: "2026-06".parse().unwrap(),
        actor: "kim".to_owned(),
        note: String::new(),
        ticket: String::new(),
        decided_on: jiff::civil::date(2026, 7, 2),
    };
    let rests = RowRecord { action: Some(decided), ..stands.clone() };
    let none = ChangedInputs::default();
    assert_eq!(parts(none.clone(), &stands, &rests), [(ChangeCause::Decision, -30, 0)]);
    assert_eq!(parts(none.clone(), &rests, &stands), [(ChangeCause::Decision, 30, 0)]);
    assert_eq!(parts(none.clone(), &rests, &rests), []);
    let more = RowRecord { action: rests.action.clone(), ..row("a", 6, 2) };
    assert!(parts(all_changed(), &rests, &more).iter().all(|part| (part.1, part.2) == (0, 0)), "it is in no total");
}
