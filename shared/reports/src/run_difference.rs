//! What differs between two runs, as text of 80 columns: the totals before and after with what leads from the one to the
//! other, then the rows, those of the largest amounts first.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{
    AddAndReduce, ChangeCause, ChangedInputs, CurrencyDifference, RowDifference, RowInBrief,
};

use crate::{
    label, sanitize,
    words::{self, wrapped},
};

/// Columns of a line. Only an id can be longer.
const COLUMNS: usize = 80;

/// Columns of a title, and of each amount beside it.
const TITLE: usize = 28;
const AMOUNT: usize = 20;

/// Puts rows in order: the largest amount of one part first, then by client and service.
pub fn sort_differences(rows: &mut [RowDifference]) {
    rows.sort_by_cached_key(|row| {
        let amounts = row.parts.iter().flat_map(|part| part.amounts.each()).map(|amount| amount.abs());
        let largest = amounts.max().unwrap_or_default();
        (std::cmp::Reverse(largest), row.client_id.clone(), row.service.clone(), row.section.clone())
    });
}

/// The whole text. `rows_max`: how many rows are told.
#[must_use]
pub fn run_difference_text(
    changed: &ChangedInputs,
    currencies: &BTreeMap<Currency, CurrencyDifference>,
    rows: &[RowDifference],
    rows_max: usize,
) -> String {
    let mut out = String::with_capacity(2048);
    // Writing to a `String` cannot fail, so the results of `write!` are dropped.
    let _ = writeln!(out, "{}", wrapped(&format!("Changed between them: {}.", inputs(changed)), COLUMNS, 2));
    for (currency, of) in currencies {
        let _ = writeln!(out);
        totals(&mut out, *currency, of);
    }
    let _ = writeln!(out);
    if rows.is_empty() {
        let _ = writeln!(out, "Every row says the same.");
    }
    for row in rows.iter().take(rows_max) {
        let section = row.section.as_ref().map(|section| format!(" ({section})")).unwrap_or_default();
        let who = format!("{}, {}{section}: {}", row.client_name, row.service, from_to(row));
        let _ = writeln!(out, "{}", wrapped(&sanitize::visible(&who), COLUMNS, 4));
        for part in &row.parts {
            let amount =
                part.currency.map_or_else(|| "no amount".to_owned(), |currency| amounts(&part.amounts, currency));
            let _ = writeln!(out, "    {}", wrapped(&format!("{}: {amount}", cause(part.cause)), COLUMNS, 6));
        }
    }
    if let Some(more) = rows.len().checked_sub(rows_max).filter(|more| *more > 0) {
        let _ = writeln!(out, "and {}: `--all` lists them", label::count(more as u64, "more row", "more rows"));
    }
    out
}

/// `billing, usage (rmm), rules`
fn inputs(changed: &ChangedInputs) -> String {
    let usage: Vec<_> = changed.usage.iter().map(ToString::to_string).collect();
    let parts = [
        changed.billing.then(|| "billing".to_owned()),
        (!usage.is_empty()).then(|| format!("usage ({})", usage.join(", "))),
        changed.mapping.then(|| "mapping".to_owned()),
        changed.rules.then(|| "rules or settings".to_owned()),
        changed.decisions.then(|| "decisions".to_owned()),
        changed.day.then(|| "the count day".to_owned()),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// To add and to reduce, of what is calculated or of what is estimated.
type TwoAmounts = fn(&AddAndReduce) -> [Decimal; 2];

/// What is calculated, and below it what is estimated, where anything is.
fn totals(out: &mut String, currency: Currency, of: &CurrencyDifference) {
    let calculated: TwoAmounts = |of| [of.to_add, of.to_reduce];
    let estimated: TwoAmounts = |of| [of.estimated_to_add, of.estimated_to_reduce];
    let all = || [&of.before, &of.after, &of.rest].into_iter().chain(of.parts.values());
    table(out, &format!("{currency} a month"), of, calculated);
    if all().any(|one| estimated(one).iter().any(|amount| !amount.is_zero())) {
        table(out, &format!("{currency} a month, estimated"), of, estimated);
    }
}

fn table(out: &mut String, title: &str, of: &CurrencyDifference, two: TwoAmounts) {
    let _ = writeln!(out, "{title:<TITLE$}{:>AMOUNT$}{:>AMOUNT$}", "to add", "to reduce");
    let is_nothing = |of: &AddAndReduce| two(of).iter().all(Decimal::is_zero);
    let mut line = |title: &str, of: &AddAndReduce, is_change: bool| {
        let cell = |amount: Decimal| {
            let sign = if is_change && amount > Decimal::ZERO { "+" } else { "" };
            format!("{sign}{}", label::amount(amount))
        };
        let [to_add, to_reduce] = two(of).map(cell);
        let _ = writeln!(out, "{title:<TITLE$}{to_add:>AMOUNT$}{to_reduce:>AMOUNT$}");
    };
    line("first run", &of.before, false);
    for (why, part) in of.parts.iter().filter(|(_, part)| !is_nothing(part)) {
        line(&format!("  {}", cause(*why)), part, true);
    }
    if !is_nothing(&of.rest) {
        line("  not explained by rows", &of.rest, true);
    }
    line("second run", &of.after, false);
}

/// `underbilled (should bill 5, billed 2) → agrees`
fn from_to(row: &RowDifference) -> String {
    let side = |of: &Option<RowInBrief>| match of {
        None => "no row".to_owned(),
        Some(of) => {
            let should_bill = of.should_bill.map(|units| format!("should bill {}, ", label::quantity(units)));
            let billed = label::quantity(of.billed);
            format!("{} ({}billed {billed})", words::kind(of.kind), should_bill.unwrap_or_default())
        }
    };
    format!("{} → {}", side(&row.before), side(&row.after))
}

/// `GBP 30.00 less to add, GBP 10.00 more to reduce`
fn amounts(of: &AddAndReduce, currency: Currency) -> String {
    let what = ["to add", "to reduce", "to add, estimated", "to reduce, estimated"];
    let parts = of.each().into_iter().zip(what).filter(|(amount, _)| !amount.is_zero());
    let part = |(amount, what): (Decimal, &str)| {
        let direction = if amount.is_sign_negative() { "less" } else { "more" };
        format!("{} {direction} {what}", label::money(amount.abs(), currency))
    };
    let parts: Vec<_> = parts.map(part).collect();
    if parts.is_empty() { "the totals stay".to_owned() } else { parts.join(", ") }
}

const fn cause(cause: ChangeCause) -> &'static str {
    match cause {
        ChangeCause::Billing => "billing",
        ChangeCause::Usage => "usage",
        ChangeCause::Mapping => "mapping",
        ChangeCause::Rules => "rules or settings",
        ChangeCause::Decision => "decision",
        ChangeCause::Reading => "what was read",
        ChangeCause::Day => "the day",
    }
}

#[cfg(test)]
mod tests {
    use truecount_billing::Money;
    use truecount_reconciliation::{DifferencePart, RowKind};

    use super::*;

    fn gbp() -> Currency {
        Currency::new("GBP").unwrap()
    }

    fn brief(kind: RowKind, should_bill: i64, billed: i64, impact: Option<i64>) -> RowInBrief {
        let monthly_impact = impact.map(|amount| Money { amount: amount.into(), currency: gbp() });
        RowInBrief {
            kind,
            should_bill: Some(should_bill.into()),
            billed: billed.into(),
            monthly_impact,
            is_estimated: false,
            is_set_aside: false,
        }
    }

    fn both(to_add: i64, to_reduce: i64) -> AddAndReduce {
        AddAndReduce { to_add: to_add.into(), to_reduce: to_reduce.into(), ..AddAndReduce::default() }
    }

    fn part(cause: ChangeCause, to_add: i64, to_reduce: i64) -> DifferencePart {
        DifferencePart { cause, currency: Some(gbp()), amounts: both(to_add, to_reduce) }
    }

    fn row(
        client: &str,
        before: Option<RowInBrief>,
        after: Option<RowInBrief>,
        parts: Vec<DifferencePart>,
    ) -> RowDifference {
        RowDifference {
            client_id: client.parse().unwrap(),
            client_name: format!("Client {client}\u{202e}"),
            service: "MNG-SRV".parse().unwrap(),
            section: None,
            before,
            after,
            parts,
        }
    }

    #[test]
    fn totals_and_rows_in_eighty_columns() {
        let changed = ChangedInputs {
            billing: true,
            usage: ["rmm".parse().unwrap(), "graph".parse().unwrap()].into(),
            decisions: true,
            ..ChangedInputs::default()
        };
        let of = CurrencyDifference {
            before: both(1_500, 20),
            after: both(1_480, 30),
            parts: [
                (ChangeCause::Usage, both(10, 10)),
                (ChangeCause::Billing, both(-30, 0)),
                (ChangeCause::Day, both(0, 0)),
            ]
            .into(),
            rest: AddAndReduce::default(),
        };
        let guess = AddAndReduce { estimated_to_add: 25.into(), ..AddAndReduce::default() };
        let of = CurrencyDifference {
            after: AddAndReduce { estimated_to_add: 25.into(), ..of.after },
            parts: of.parts.into_iter().chain([(ChangeCause::Rules, guess)]).collect(),
            ..of
        };
        let mut rows = vec![
            row("2", None, Some(brief(RowKind::Overbilled, 1, 2, Some(-10))), vec![part(ChangeCause::Usage, 0, 10)]),
            row(
                "1",
                Some(brief(RowKind::Underbilled, 5, 2, Some(30))),
                Some(brief(RowKind::Underbilled, 6, 5, Some(10))),
                vec![part(ChangeCause::Usage, 10, 0), part(ChangeCause::Billing, -30, 0)],
            ),
            row(
                "3",
                Some(brief(RowKind::Agrees, 1, 1, None)),
                None,
                vec![DifferencePart { currency: None, ..part(ChangeCause::Rules, 0, 0) }],
            ),
            row(
                "4",
                Some(brief(RowKind::Agrees, 1, 1, None)),
                Some(brief(RowKind::UnbilledUsage, 1, 0, Some(25))),
                vec![DifferencePart { amounts: guess, ..part(ChangeCause::Rules, 0, 0) }],
            ),
        ];
        sort_differences(&mut rows);
        let text = run_difference_text(&changed, &[(gbp(), of)].into(), &rows, 3);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        insta::assert_snapshot!(text);
        let nothing = run_difference_text(&ChangedInputs::default(), &BTreeMap::new(), &[], 2);
        assert_eq!(nothing, "Changed between them: nothing.\n\nEvery row says the same.\n");
    }
}
