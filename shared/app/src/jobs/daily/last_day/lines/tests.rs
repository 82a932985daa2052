//! Rows of a line, as they are typed and ended in the PSA.

use super::*;
use crate::test_environment::{Content, billed};

/// A line that begins after the invoice date, or ended before it, is not billed by it.
#[test]
fn only_what_is_billed_on_the_invoice_date_counts() {
    let day = |text: &str| Some(text.parse::<Date>().unwrap());
    let quantity = |rows: &[(i64, Option<Date>, Option<Date>)]| {
        let mut seen = SeenLines::default();
        for (quantity, from, to) in rows {
            let Content { lines: mut found, .. } = billed("c1", "Harbour Dental", 1);
            let line = BilledLine { effective_from: *from, effective_to: *to, ..found.remove(0) };
            seen.line(&BilledLine { quantity: Decimal::from(*quantity), ..line }, date());
        }
        seen.without_ended(date()).lines.values().next().map(|line| line.quantity)
    };
    assert_eq!(quantity(&[(2, None, None)]), Some(Decimal::TWO));
    assert_eq!(quantity(&[(2, None, day("2026-06-30"))]), None);
    assert_eq!(quantity(&[(2, None, day("2026-07-01"))]), Some(Decimal::TWO));
    assert_eq!(quantity(&[(2, day("2026-07-02"), None)]), None);
    // The clerk ends a row and types another under its id.
    assert_eq!(quantity(&[(2, None, day("2026-06-30")), (3, day("2026-07-01"), None)]), Some(Decimal::from(3)));
    assert_eq!(quantity(&[(3, day("2026-07-01"), None), (2, None, day("2026-06-30"))]), Some(Decimal::from(3)));
}

#[test]
fn who_changed_lines_is_told_once_each() {
    let seen = |rows: &[(&str, u32, Option<&str>)]| {
        let mut seen = SeenLines::default();
        for (id, quantity, by) in rows {
            let line = billed("c1", "Harbour Dental", *quantity).lines.remove(0);
            let changed_by = by.map(str::to_owned);
            seen.line(&BilledLine { line_id: LineId::new(*id).unwrap(), changed_by, ..line }, date());
        }
        seen
    };
    let rules =
        Rules::parse("rules.toml", "currency = \"GBP\"\n[services]\nX = { ignore = \"not counted\" }\n", &[]).unwrap();
    let before = seen(&[("1", 2, None), ("2", 5, None)]);
    let now = seen(&[("1", 3, Some("kim")), ("3", 4, Some("lee")), ("4", 2, Some("lee"))]);
    let lines = ComparedLines { before, now, rules: &rules };
    let told: Vec<_> = (lines.changed_beside(&BTreeSet::new()).into_iter())
        .map(|one| (one.from.map(|from| from.to_string()), one.to.map(|to| to.to_string()), Vec::from_iter(one.by)))
        .collect();
    let of = |from: &str, to: &str, by| (Some(from.to_owned()), Some(to.to_owned()), vec![by]);
    assert_eq!(told, [of("2", "3", "kim"), of("5", "6", "lee")]);
}

fn date() -> Date {
    "2026-07-01".parse().unwrap()
}
