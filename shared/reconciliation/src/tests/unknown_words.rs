//! A word that nobody has explained is not zero: what may count its items is not reconciled, and nothing else changes.

use truecount_billing::ItemState;

use super::{COUNT_DAY, Month, check, days_ago, item, line, server_rule};
use crate::{FindingKind, ItemRef, Options, Profile};

const TOO_FEW: &str = "underbilled d 25 GBP calculated | 4 counted, 2 billed: underbilled by 2; 12.50 GBP each a month";

/// Two clients with a line of two servers each; the second has four servers.
fn two(rules: &str) -> Month {
    let month = Month::of(rules).client("c", "Acme").client("d", "Bolt").mapped("o", "c").mapped("p", "d");
    month.line(line("c", "SRV", "2")).line(line("d", "SRV", "2")).servers("p", 4)
}

#[test]
fn a_status_that_nobody_knows_leaves_its_client_not_reconciled() {
    let month = two(&server_rule("")).servers("o", 2).item("o", item("a", "Zombie")).item("o", item("b", "Zombie"));
    let found = check(
        month.item("o", item("c", "")).item("o", item("d", "trial")),
        &[
            TOO_FEW,
            "not_reconciled c ? - - | rmm has 2 items with status `Zombie`, 1 item with status `empty`: nobody has \
             explained whether to count them",
        ],
    );
    assert_eq!(found.not_reconciled, 1);
    let row = found.comparisons.iter().find(|row| row.client_id.as_str() == "c").unwrap();
    assert_eq!((row.counted, row.should_bill, row.variance), (None, None, None));
}

#[test]
fn usage_without_a_line_that_nobody_can_tell_is_named_too() {
    let month = Month::of(&server_rule("")).client("c", "Acme").mapped("o", "c").item("o", item("a", "zombie"));
    check(
        month,
        &["not_reconciled c ? - - | rmm has 1 item with status `zombie`: nobody has explained whether to count them"],
    );
}

#[test]
fn what_cannot_count_whatever_its_word_means_is_left_alone() {
    let state = ItemState::Unknown("zombie");
    let rules = server_rule("skus = [\"S1\"]");
    let stale = ItemRef { state, last_seen: days_ago(31), sku: "S1", ..item("a", "active") };
    let other_sku = ItemRef { state, sku: "S2", ..item("b", "active") };
    let other_kind = ItemRef { state, kind: "printer", sku: "S1", ..item("c", "active") };
    let month = Month::of(&rules).client("c", "Acme").mapped("o", "c").line(line("c", "SRV", "2"));
    let found = month.item("o", stale).item("o", other_sku).item("o", other_kind).judged();
    let kinds: Vec<_> = found.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::BilledWithoutUsage]);
}

#[test]
fn an_item_of_an_unknown_kind_may_be_any_rules() {
    let rules = server_rule("")
        + &server_rule("").replace("srv", "wks").replace("SRV", "WKS").replace("server", "workstation")
        + &server_rule("skus = [\"S1\"]")
            .replace("srv", "sku")
            .replace("\"SRV\"", "\"SKU\"")
            .replace("server", "printer");
    let unknown = |id| ItemRef { kind: "unknown", sku: "S2", ..item(id, "active") };
    let why = "rmm has 2 items of kind `unknown`: nobody has explained whether to count them";
    let month = two(&rules).servers("o", 2).item("o", unknown("a")).item("o", unknown("b"));
    // what is left out, or was not seen for too long, does not count whatever it is
    let month = month.item("o", ItemRef { kind: "unknown", ..item("c", "trial") });
    let month = month.item("o", ItemRef { kind: "unknown", last_seen: days_ago(31), ..item("d", "active") });
    check(month, &[TOO_FEW, &format!("not_reconciled c ? - - | {why}"), &format!("not_reconciled c ? - - | {why}")]);
}

#[test]
fn an_account_that_nobody_mapped_has_no_number_either() {
    let month = Month::of(&server_rule("")).client("c", "Acme").item("x", item("a", "zombie"));
    let found = check(
        month,
        &[
            "unmapped_account - ? - - | 0 counted in rmm, not mapped to a client; besides 1 item of a status or kind that \
           nobody has explained",
        ],
    );
    assert_eq!(found.findings[0].counted, None);
}

#[test]
fn the_plain_profile_counts_what_is_active_and_nothing_else() {
    let options = Options::for_check(COUNT_DAY.parse().unwrap(), Profile::Plain);
    let month = Month::with(&server_rule(""), options).client("c", "Acme").mapped("o", "c");
    let month = month.line(line("c", "SRV", "2")).item("o", item("a", "zombie"));
    check(
        month.item("o", ItemRef { kind: "unknown", ..item("b", "active") }),
        &[
            "billed_without_usage c -25 GBP calculated | none counted, 2 billed: overbilled by 2; not counted: 1 zombie; \
           12.50 GBP each a month",
        ],
    );
}
