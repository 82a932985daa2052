//! Whatever the input and its order: the identity holds, the counts are those of the simplest way to count, and the
//! result is the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;
use truecount_billing::ItemState;

use super::{Month, days_ago, line};
use crate::{ItemRef, Reconciliation};

/// One report of an item: account, id, kind, status, days since seen, quantity in quarters.
#[derive(Debug, Clone)]
struct Report(u8, u8, u8, u8, Option<u8>, Option<i64>);

const KINDS: [&str; 3] = ["server", "workstation", "printer"];
const STATUSES: [&str; 4] = ["active", "active", "disabled", "trial"];
const RULES: &str = r#"
    [[rules]]
    product_codes = ["SRV"]
    source = "rmm"
    kinds = ["server"]
    count_basis = "device_fresh"
    included = "1.25"
    minimum = 2
    list_price = "7.77"
    currency = "GBP"
    [[rules]]
    product_codes = ["ALL"]
    source = "rmm"
    kinds = ["server", "workstation"]
    count_basis = "device_all"
    factor = "0.5"
    [[rules]]
    product_codes = ["WKS"]
    source = "rmm"
    kinds = ["workstation"]
    count_basis = "active"
    stale_days = 5
    [[rules]]
    product_codes = ["LIC"]
    source = "rmm"
    kinds = ["workstation"]
    count_basis = "assigned"
"#;

fn report() -> impl Strategy<Value = Report> {
    let seen = prop_oneof![Just(None), (0u8..40).prop_map(Some)];
    let quantity = prop_oneof![8 => Just(Some(4)), 3 => (-4i64..40).prop_map(Some), 1 => Just(None)];
    (0u8..4, 0u8..6, 0u8..3, 0u8..4, seen, quantity).prop_map(|(a, i, k, s, d, q)| Report(a, i, k, s, d, q))
}

fn lines() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
    proptest::collection::vec((0u8..2, 0u8..4, -400i64..2000), 0..8)
}

/// Accounts 0 and 1 are client c's, 2 is d's, 3 is nobody's.
fn judged(reports: &[Report], lines: &[(u8, u8, i64)]) -> Reconciliation {
    let mut month = Month::of(RULES).client("c", "C").client("d", "D");
    for (account, client) in [("o0", "c"), ("o1", "c"), ("o2", "d")] {
        month = month.mapped(account, client);
    }
    for (client, product, quarters) in lines {
        let mut one = line(["c", "d"][usize::from(*client)], ["SRV", "ALL", "WKS", "LIC"][usize::from(*product)], "1");
        one.quantity = Decimal::new(quarters * 25, 2);
        month = month.line(one);
    }
    for Report(account, id, kind, status, days, quarters) in reports {
        let item = ItemRef {
            item_id: &format!("item {id}"),
            kind: KINDS[usize::from(*kind)],
            sku: "",
            state: ItemState::from_word(STATUSES[usize::from(*status)]),
            last_seen: days.and_then(|days| days_ago(i64::from(days))),
            quantity: quarters.map(|quarters| Decimal::new(quarters * 25, 2)),
        };
        month = month.item(&format!("o{account}"), item);
    }
    month.judged()
}

/// Used units of (client, rule), where every quantity is one.
fn counted_simply(reports: &[Report]) -> BTreeMap<(&'static str, &'static str), Decimal> {
    let mut items = BTreeMap::new();
    for Report(account, id, kind, status, days, _) in reports.iter().filter(|report| report.0 < 3) {
        let client = if *account == 2 { "d" } else { "c" };
        for (rule, kinds, days_max, statuses) in [
            ("SRV", &KINDS[..1], Some(30), &STATUSES[..2]),
            ("ALL", &KINDS[..2], None, &STATUSES[..2]),
            ("WKS", &KINDS[1..2], Some(5), &STATUSES[..2]),
            ("LIC", &KINDS[1..2], None, &STATUSES[..3]),
        ] {
            let stale = days_max.is_some_and(|max| days.is_some_and(|days| days > max));
            let counts = statuses.contains(&STATUSES[usize::from(*status)]) && !stale;
            if kinds.contains(&KINDS[usize::from(*kind)]) && counts {
                items.insert((client, rule, *account, *id), ());
            }
        }
    }
    let mut counts = BTreeMap::new();
    for (client, rule, ..) in items.into_keys() {
        let factor = if rule == "ALL" { Decimal::new(5, 1) } else { Decimal::ONE };
        *counts.entry((client, rule)).or_insert(Decimal::ZERO) += factor;
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_was_counted_is_billed_or_explained(reports in proptest::collection::vec(report(), 0..40), lines in lines()) {
        for row in judged(&reports, &lines).comparisons {
            let (Some(gross), Some(should_bill)) = (row.counted_gross, row.should_bill) else {
                prop_assert_eq!((row.counted, row.counted_gross, row.variance), (None, None, None));
                continue;
            };
            let explained: Decimal = row.explained.iter().map(|part| part.units).sum();
            prop_assert_eq!(gross, should_bill + explained);
            prop_assert_eq!(row.variance.unwrap(), should_bill - row.billed.unwrap());
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(
        reports in proptest::collection::vec(report(), 0..40),
        lines in lines(),
        turn in 0usize..40,
    ) {
        let before = judged(&reports, &lines);
        let mut turned = reports.clone();
        turned.rotate_left(turn.min(reports.len()));
        prop_assert_eq!(&judged(&turned, &lines), &before);
        turned.reverse();
        prop_assert_eq!(&judged(&turned, &lines), &before);
        // account by account, each in one go
        turned.sort_by_key(|report| report.0);
        prop_assert_eq!(&judged(&turned, &lines), &before);
    }

    #[test]
    fn each_item_counts_once_for_each_rule(mut reports in proptest::collection::vec(report(), 0..60)) {
        reports.iter_mut().for_each(|report| report.5 = Some(4));
        let found = judged(&reports, &[]);
        let counts = counted_simply(&reports);
        for row in &found.comparisons {
            let simply = counts.get(&(row.client_id.as_str(), row.rule_id.as_str())).copied().unwrap_or_default();
            prop_assert_eq!(row.counted, Some(simply));
        }
        for (client, rule) in counts.keys() {
            let row = found.comparisons.iter().find(|row| row.client_id.as_str() == *client && row.rule_id.as_str() == *rule);
            prop_assert!(row.is_some(), "{client} {rule}");
        }
        // everything again changes nothing but how much was read
        let twice: Vec<Report> = reports.iter().chain(&reports).cloned().collect();
        prop_assert_eq!(judged(&twice, &[]).findings, found.findings);
    }
}

#[test]
fn a_thousand_rules_of_one_source_and_an_item_for_each() {
    let rules: Vec<String> = (0..1_000)
        .map(|n| format!("[[rules]]\nproduct_codes = [\"P{n}\"]\nsource = \"rmm\"\nskus = [\"S{n}\"]\ncount_basis = \"assigned\"\n"))
        .collect();
    let mut month = Month::of(&rules.concat()).client("c", "C").mapped("o", "c");
    for n in 0..1_000 {
        let sku = format!("S{n}");
        month = month.item(
            "o",
            ItemRef {
                item_id: "user",
                kind: "user",
                sku: &sku,
                state: ItemState::Counts,
                last_seen: None,
                quantity: Some(Decimal::ONE),
            },
        );
    }
    let found = month.judged();
    assert_eq!(found.comparisons.len(), 1_000);
    assert!(found.comparisons.iter().all(|row| row.counted == Some(Decimal::ONE)));
}

#[test]
fn amounts_beyond_28_digits_are_an_error_that_names_client_and_rule() {
    let mut month = Month::of(RULES).client("c", "C").mapped("o", "c");
    let mut huge = line("c", "SRV", "1");
    huge.quantity = Decimal::MAX;
    month.reconciler.billed_line(&huge).unwrap();
    assert_eq!(
        month.reconciler.billed_line(&huge).unwrap_err().to_string(),
        "client `c`, product `SRV`: the sum of its lines has more digits than are kept exactly; check the quantities and prices of its lines and items"
    );
    let wrong = month.reconciler.finish().unwrap_err().to_string();
    assert!(wrong.starts_with("client `c`, rule `SRV`: the worth"), "{wrong}");
}
