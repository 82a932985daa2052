//! What joined within a period that is invoiced already, and what its days are worth: of agreements that are invoiced
//! monthly in advance and whose PSA bills a part of a period by its days. Whether it is billed, a person decides.
//!
//! Told only where the day of joining is told by the vendor or by the syncs, and lies after the last closing, where units are billed as they
//! are counted, and where nobody has changed the agreement since. What left in the meantime is not set against it.

use std::iter;

use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::round_for_people;
use truecount_reconciliation::{CameItem, ChangeRecord, ItemFateWord, RowKind, RowRecord};

use crate::{
    came_and_went::{listed, name},
    cells, label,
};

/// Periods that are looked back on at most.
const PERIODS_MAX: usize = 24;

/// What the days of those that joined are worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CatchUp {
    /// In the row's currency, each item rounded to two places as a line of an invoice is.
    pub(crate) amount: Decimal,
    /// `Ada Holly from 10 November 2026: 42.00; and 1 whose first day is not known`. Holds foreign text.
    pub(crate) items: String,
}

/// `None`: nothing is to be caught up, or nobody can say what.
pub(crate) fn of_row(row: &RowRecord) -> Option<CatchUp> {
    let moved = row.items_moved.as_ref()?;
    let first = first_day_to_invoice(row).filter(|_| is_billed_as_counted(row) && !is_changed_since(row))?;
    let price = cells::unit_price(row).filter(|price| *price > Decimal::ZERO)?;
    let mut amount = Decimal::ZERO;
    let (mut told, mut unknown) = (Vec::new(), 0_usize);
    for came in &moved.came {
        let Some(day) = came.day.filter(|day| *day > moved.since) else {
            unknown += 1;
            continue;
        };
        if day >= first {
            continue;
        }
        let worth = round_for_people(worth_since(day, first, price.checked_mul(units(row, came)?)?)?);
        amount = amount.checked_add(worth)?;
        told.push(format!("{} from {}: {}", name(&came.item), label::day(day), label::amount(worth)));
    }
    if told.is_empty() {
        return None;
    }
    let items = listed(told);
    let items = if unknown == 0 { items } else { format!("{items}; and {unknown} whose first day is not known") };
    Some(CatchUp { amount, items })
}

/// The same of one change: that of the row stands beside its first line with more units.
pub(crate) fn of_change(row: &RowRecord, change: &ChangeRecord) -> Option<CatchUp> {
    let first = row.changes.iter().find(|change| change.to > change.from)?;
    of_row(row).filter(|_| first == change)
}

/// The first day of what the next invoice pays for, where that is a month in advance and parts of a month are billed.
fn first_day_to_invoice(row: &RowRecord) -> Option<Date> {
    if !matches!(row.kind, RowKind::Underbilled | RowKind::UnbilledUsage) || row.fault.is_some() {
        return None;
    }
    let mut more = row.changes.iter().filter(|change| change.to > change.from).peekable();
    more.peek()?;
    let is_by_days = |change: &ChangeRecord| {
        let line = cells::line_of(row, change);
        line.is_some_and(|line| line.prorates == Some(true) && matches!(line.cycle_months, Some(0 | 1)))
    };
    let (first, _) = row.service_period.filter(|_| more.all(is_by_days))?;
    (row.next_invoice_date == Some(first) && row.due.is_none_or(|due| due == first)).then_some(first)
}

/// Whether each unit that counts is one to be billed: no minimum, pack or factor is between them.
fn is_billed_as_counted(row: &RowRecord) -> bool {
    let counting = row.items.iter().filter(|item| item.fate == ItemFateWord::In);
    let units = counting.map(|item| item.units).try_fold(Decimal::ZERO, |sum, units| sum.checked_add(units?));
    row.counted.is_some() && units == row.counted && row.should_bill == row.counted && row.peak_on.is_none()
}

/// Whether the agreement bills something else than the last closing found billed or counted: then what joined may be
/// billed from its day on already.
fn is_changed_since(row: &RowRecord) -> bool {
    let last = row.last_closings.last();
    last.is_none_or(|last| last.billed != Some(row.billed) && last.counted != Some(row.billed))
}

fn units(row: &RowRecord, came: &CameItem) -> Option<Decimal> {
    let one = &came.item;
    let is_it = |source: &_, account: &_, item: &str| {
        *source == one.source && *account == one.account_id && item == one.item_id
    };
    row.items.iter().find(|item| is_it(&item.source, &item.account_id, &item.item_id))?.units
}

/// What the days from one to the day before the next invoice's period are worth, at this price for a month.
fn worth_since(day: Date, first: Date, price: Decimal) -> Option<Decimal> {
    let starts = iter::successors(Some(0_i64), |months| Some(months + 1)).take(PERIODS_MAX + 1);
    let starts = starts.map(|months| first.checked_sub(months.months()).ok());
    let starts: Vec<Date> = starts.collect::<Option<_>>()?;
    let mut worth = Decimal::ZERO;
    for period in starts.windows(2) {
        let [end, start] = period else { continue };
        if day >= *end {
            break;
        }
        let (days, of) = (((*end - day.max(*start)).get_days()), ((*end - *start).get_days()));
        worth = worth.checked_add(price.checked_mul(days.into())?.checked_div(of.into())?)?;
    }
    Some(worth)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use truecount_reconciliation::{ClosingFigures, CountedItem, InvoicedWhen, ItemRecord, ItemsMoved, LineRecord};

    use super::*;

    fn item(name: &str) -> CountedItem {
        CountedItem {
            source: "graph".parse().unwrap(),
            account_id: "alder".parse().unwrap(),
            item_id: name.to_lowercase(),
            name: Some(name.to_owned()),
        }
    }

    /// Forty seats are billed and forty-one used: one joined on the tenth and one on the twenty-fourth of November, a
    /// leaver was blocked on the twelfth; invoiced in advance on the first of December.
    fn joiners() -> RowRecord {
        let line = LineRecord {
            line_id: "L-1".parse().unwrap(),
            agreement_id: "A-1".parse().unwrap(),
            agreement_name: "All-in".into(),
            product_code: "SEAT-FULL".parse().unwrap(),
            product_name: None,
            quantity: 40.into(),
            unit_price: Some(60.into()),
            cycle_months: Some(1),
            prorates: Some(true),
            currency: truecount_billing::Currency::new("USD").unwrap(),
            from: None,
            to: None,
        };
        let change = ChangeRecord {
            line_id: Some(line.line_id.clone()),
            agreement_id: Some(line.agreement_id.clone()),
            from: 40.into(),
            to: 41.into(),
            monthly_impact: Some(60.into()),
            invoiced: InvoicedWhen::ThisRun,
        };
        let came = |name, day| CameItem { item: item(name), first_seen: None, day: Some(date(2026, 11, day)) };
        let counting = |name: &str| {
            let CountedItem { source, account_id, item_id, name } = item(name);
            let (units, fate) = (Some(Decimal::ONE), ItemFateWord::In);
            let (kind, first_seen, reason, is_unassigned) = (None, None, None, false);
            ItemRecord { source, account_id, item_id, name, kind, units, first_seen, fate, reason, is_unassigned }
        };
        let names = (1..40).map(|number| format!("Old {number}")).chain(["Ada".to_owned(), "Ben".to_owned()]);
        RowRecord {
            lines: vec![line],
            billed: 40.into(),
            counted: Some(41.into()),
            should_bill: Some(41.into()),
            variance: Some(1.into()),
            to_correct: Some(1.into()),
            unit_price: Some(60.into()),
            monthly_impact: Some(60.into()),
            next_invoice_date: Some(date(2026, 12, 1)),
            service_period: Some((date(2026, 12, 1), date(2026, 12, 31))),
            changes: vec![change],
            items: names.map(|name| counting(&name)).collect(),
            items_moved: Some(ItemsMoved {
                since: date(2026, 10, 26),
                came: vec![came("Ada", 10), came("Ben", 24)],
                went: Vec::new(),
            }),
            last_closings: vec![ClosingFigures {
                month: "2026-10".parse().unwrap(),
                counted: Some(40.into()),
                billed: Some(40.into()),
            }],
            ..RowRecord::empty(RowKind::Underbilled, "SEAT-FULL".parse().unwrap())
        }
    }

    fn came(row: &mut RowRecord) -> &mut Vec<CameItem> {
        &mut row.items_moved.as_mut().unwrap().came
    }

    #[test]
    fn joiners_are_worth_the_days_from_which_they_are_there() {
        let row = joiners();
        let items = "Ada from 10 November 2026: 42.00; Ben from 24 November 2026: 14.00".to_owned();
        let found = CatchUp { amount: 56.into(), items };
        assert_eq!(of_row(&row), Some(found.clone()));
        assert_eq!(of_change(&row, &row.changes[0]), Some(found));
    }

    #[test]
    fn it_is_told_once_beside_the_first_line_with_more_units() {
        let mut row = joiners();
        let change = row.changes[0].clone();
        let less = ChangeRecord { from: 3.into(), to: 2.into(), ..change.clone() };
        let second = ChangeRecord { line_id: None, from: 0.into(), to: 1.into(), ..change.clone() };
        row.changes = vec![less.clone(), change.clone(), second.clone()];
        let told = [less, change, second].map(|change| of_change(&row, &change).is_some());
        assert_eq!(told, [false, true, false]);
    }

    #[test]
    fn days_of_the_month_before_are_worth_their_part_of_that_month() {
        let mut row = joiners();
        came(&mut row).truncate(1);
        came(&mut row)[0].day = Some(date(2026, 10, 29));
        // 3 of 31 days, and all of November.
        let items = "Ada from 29 October 2026: 65.81".to_owned();
        assert_eq!(of_row(&row), Some(CatchUp { amount: Decimal::new(6_581, 2), items }));
    }

    #[test]
    fn who_joined_nobody_knows_when_is_told_beside_the_others() {
        let mut row = joiners();
        came(&mut row)[0].day = None;
        let items = "Ben from 24 November 2026: 14.00; and 1 whose first day is not known".to_owned();
        assert_eq!(of_row(&row), Some(CatchUp { amount: 14.into(), items }));
        // known for longer, and counting only since: from which day on, nobody knows
        came(&mut row)[1].day = Some(date(2026, 10, 26));
        assert_eq!(of_row(&row), None);
    }

    #[test]
    fn nothing_is_caught_up_that_may_be_billed_or_is_not_billed_by_days() {
        type Set = fn(&mut RowRecord);
        let cases: &[(&str, Set)] = &[
            ("the PSA bills whole months", |row| row.lines[0].prorates = Some(false)),
            ("it does not say", |row| row.lines[0].prorates = None),
            ("billed by the year", |row| row.lines[0].cycle_months = Some(12)),
            ("the cycle is not known", |row| row.lines[0].cycle_months = None),
            ("in arrears: the period is still to be invoiced", |row| {
                row.service_period = Some((date(2026, 11, 1), date(2026, 11, 30)));
            }),
            ("the change is due later", |row| row.due = Some(date(2027, 2, 1))),
            ("they joined in the period that is invoiced now", |row| {
                came(row).iter_mut().for_each(|one| one.day = Some(date(2026, 12, 1)));
            }),
            ("somebody has changed the agreement since", |row| row.billed = 39.into()),
            ("no closing was before", |row| row.last_closings.clear()),
            ("a minimum is billed", |row| row.should_bill = Some(45.into())),
            ("two units count as one", |row| row.items[0].units = Some(2.into())),
            ("units are not known", |row| row.items[0].units = None),
            ("no price is known", |row| row.unit_price = None),
            ("too many are billed", |row| row.kind = RowKind::Overbilled),
            ("nothing is compared", |row| row.items_moved = None),
            ("no line is told", |row| row.changes.clear()),
        ];
        for (why, set) in cases {
            let mut row = joiners();
            set(&mut row);
            assert_eq!(of_row(&row), None, "{why}");
        }
        let mut row = joiners();
        row.billed = 41.into();
        row.last_closings[0].counted = Some(41.into());
        assert!(of_row(&row).is_some(), "what the last closing counted was billed since");
    }
}
