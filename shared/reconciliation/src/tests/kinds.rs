//! What each kind of difference looks like, with its numbers, its price and its words.

use jiff::civil::date;
use truecount_billing::{BilledLine, BillingStatus, Currency, InvoiceTiming, LineRole};

use super::{Month, check, client, days_ago, item, line, number, server_rule};
use crate::{FindingKind, Level, Mapping, NextStep, Options, Profile};

fn one() -> Month {
    Month::of(&server_rule("")).client("c", "Acme").mapped("o", "c")
}

#[test]
fn equal_is_no_finding() {
    let found = check(one().line(line("c", "SRV", "3")).servers("o", 3), &[]);
    let [row] = &found.comparisons[..] else { panic!("{:?}", found.comparisons) };
    assert_eq!(row.reason, "3 counted, 3 billed");
    assert_eq!((row.variance, row.counted_gross), (Some(number("0")), Some(number("3"))));
    assert_eq!(row.service_period.to_string(), "2026-07-01..2026-07-31");
}

#[test]
fn too_few() {
    let found = check(
        one().line(line("c", "SRV", "3")).servers("o", 5),
        &["underbilled c 25 GBP calculated | 5 counted, 3 billed: underbilled by 2; 12.50 GBP each a month"],
    );
    let finding = &found.findings[0];
    assert_eq!((finding.confidence.level(), finding.next_step), (Level::High, NextStep::ChangePsa));
    assert_eq!(found.totals[0].underbilled, number("25"));
    assert_eq!(found.totals[0].overbilled, number("0"));
}

#[test]
fn too_many_and_none_at_all() {
    check(
        one().line(line("c", "SRV", "3")).servers("o", 1),
        &["overbilled c -25 GBP calculated | 1 counted, 3 billed: overbilled by 2; 12.50 GBP each a month"],
    );
    let found = check(
        one().line(line("c", "SRV", "3")),
        &[
            "billed_without_usage c -37.5 GBP calculated | none counted, 3 billed: overbilled by 3; 12.50 GBP each a month",
        ],
    );
    assert_eq!(found.totals[0].overbilled, number("37.5"));
}

#[test]
fn usage_without_a_line() {
    check(
        one().servers("o", 2),
        &["unbilled_usage c 20 GBP estimated | 2 counted, not on the agreement; list price 10.00 GBP each a month"],
    );
    let free = server_rule("# list_price unknown");
    let found = check(
        Month::of(&free).client("c", "Acme").mapped("o", "c").servers("o", 2),
        &["unbilled_usage c ? - - | 2 counted, not on the agreement; no price is known"],
    );
    assert!(found.totals.is_empty());
    assert_eq!(
        found.setup.iter().map(|row| row.code.as_str()).collect::<Vec<_>>(),
        ["price_unknown", "rule_without_lines"]
    );
}

#[test]
fn an_agreement_that_ended() {
    let ended = || {
        let mut one = line("c", "SRV", "4");
        one.agreement.to = Some(date(2026, 5, 31));
        one
    };
    let found = check(
        one().line(ended()).servers("o", 2),
        &[
            "ended_agreement_in_use c 25 GBP calculated | 2 counted, although the agreement ended on 2026-05-31; 12.50 GBP each a month",
        ],
    );
    assert_eq!(found.findings[0].next_step, NextStep::CleanUpAtVendor);
    // the line alone ended: usage that is not on the agreement, at the price it last had
    let mut line_ended = ended();
    (line_ended.effective_to, line_ended.agreement.to) = (Some(date(2026, 5, 31)), None);
    check(
        one().line(line_ended).servers("o", 2),
        &["unbilled_usage c 25 GBP calculated | 2 counted, not on the agreement; 12.50 GBP each a month"],
    );
    // more than a year ago
    let mut long_ago = ended();
    long_ago.agreement.to = Some(date(2025, 5, 31));
    check(
        one().line(long_ago).servers("o", 2),
        &[
            "ended_agreement_in_use c 20 GBP estimated | 2 counted, although the agreement ended on 2025-05-31; list price 10.00 GBP each a month",
        ],
    );
    // in the plain profile both are usage without a line, at the list price
    let plain = Options::for_check("2026-06-30".parse().unwrap(), Profile::Plain);
    check(
        Month::with(&server_rule(""), plain).client("c", "Acme").mapped("o", "c").line(ended()).servers("o", 2),
        &["unbilled_usage c 20 GBP estimated | 2 counted, not on the agreement; list price 10.00 GBP each a month"],
    );
}

#[test]
fn a_line_counts_as_the_next_invoice_bills_it() {
    let from_july = |timing| {
        let mut next = line("c", "SRV", "5");
        next.effective_from = Some(date(2026, 7, 1));
        let mut until_june = line("c", "SRV", "3");
        until_june.effective_to = Some(date(2026, 6, 30));
        (next.agreement.timing, until_june.agreement.timing) = (timing, timing);
        one().line(next).line(until_june).servers("o", 5)
    };
    check(from_july(InvoiceTiming::Advance), &[]);
    let found = check(
        from_july(InvoiceTiming::Arrears),
        &["underbilled c 25 GBP calculated | 5 counted, 3 billed: underbilled by 2; 12.50 GBP each a month"],
    );
    assert_eq!(found.findings[0].service_period.to_string(), "2026-06-01..2026-06-30");
}

#[test]
fn included_minimum_tolerance_factor() {
    let of = |more: &str| Month::of(&server_rule(more)).client("c", "Acme").mapped("o", "c");
    check(
        of("included = 2").line(line("c", "SRV", "1")).servers("o", 5),
        &[
            "underbilled c 25 GBP calculated | 5 counted, 2 included, should bill 3, 1 billed: underbilled by 2; 12.50 GBP each a month",
        ],
    );
    check(of("included = 9").servers("o", 5), &[]);
    check(
        of("minimum = 5").line(line("c", "SRV", "3")).servers("o", 1),
        &[
            "underbilled c 25 GBP calculated | 1 counted, 5 at least, should bill 5, 3 billed: underbilled by 2; 12.50 GBP each a month",
        ],
    );
    // no line, no minimum
    check(
        of("minimum = 5").servers("o", 1),
        &["unbilled_usage c 10 GBP estimated | 1 counted, not on the agreement; list price 10.00 GBP each a month"],
    );
    let within = check(of("tolerance = 2").line(line("c", "SRV", "3")).servers("o", 5), &[]);
    assert_eq!(within.comparisons[0].reason, "5 counted, 3 billed: 2 apart, within the tolerance of 2");
    // a threshold: nothing of it is taken off
    check(
        of("tolerance = \"1.5\"").line(line("c", "SRV", "3")).servers("o", 5),
        &["underbilled c 25 GBP calculated | 5 counted, 3 billed: underbilled by 2; 12.50 GBP each a month"],
    );
    check(
        of("factor = 0.5").line(line("c", "SRV", "1")).servers("o", 5),
        &["underbilled c 18.75 GBP calculated | 2.5 counted, 1 billed: underbilled by 1.5; 12.50 GBP each a month"],
    );
}

#[test]
fn what_a_line_includes_replaces_what_the_rule_does() {
    let mut one_line = line("c", "SRV", "10");
    one_line.less_included = Some(number("4"));
    let month = Month::of(&server_rule("included = 1")).client("c", "Acme").mapped("o", "c").line(one_line);
    check(
        month.servers("o", 11),
        &[
            "underbilled c 12.5 GBP calculated | 11 counted, 4 included, should bill 7, 6 billed: underbilled by 1; 12.50 GBP each a month",
        ],
    );
}

#[test]
fn whose_price() {
    let priced = |price: &str, from: i8| {
        let mut one = line("c", "SRV", "1");
        (one.unit_price, one.effective_from) = (Some(number(price)), Some(date(2026, from, 1)));
        one
    };
    let expect = |month: Month, worth: &str| {
        let found = month.servers("o", 3).judged();
        assert_eq!(
            found.findings[0].monthly_impact.map(|amount| amount.normalize().to_string()).as_deref(),
            Some(worth)
        );
    };
    // the newest active line, whatever the order
    expect(one().line(priced("20", 2)).line(priced("30", 1)), "20");
    expect(one().line(priced("30", 1)).line(priced("20", 2)), "20");
    // the same day: the greater number of the line, by value
    let mut month = one();
    month.lines = 8;
    expect(month.line(priced("20", 1)).line(priced("30", 1)), "30");
    // at no charge: only if no line is charged
    let free = |from| {
        let mut one = priced("99", from);
        one.billing_status = BillingStatus::NoCharge;
        one
    };
    expect(one().line(priced("20", 1)).line(free(2)), "20");
    let all_free = check(
        one().line(free(1)).servers("o", 3),
        &["underbilled c 0 GBP calculated | 3 counted, 1 billed: underbilled by 2; 0.00 GBP each a month"],
    );
    assert!(all_free.totals.is_empty() || all_free.totals[0].underbilled_count == 0);
    // a price that was not told is not zero: the list price
    let mut untold = priced("1", 1);
    untold.unit_price = None;
    expect(one().line(untold), "20");
    // a year's price is brought to a month
    let mut yearly = priced("120", 1);
    yearly.agreement.cycle_months = Some(12);
    expect(one().line(yearly.clone()), "20");
    // also where that is no exact decimal, and it can still be added up
    yearly.unit_price = Some(number("100"));
    let month = one().client("d", "Bolt").line(yearly).line(line("d", "SRV", "1000000.5"));
    let found = month.servers("o", 3).judged();
    assert_eq!(found.findings[1].monthly_impact, Some(number("16.666666666667")));
    assert_eq!(found.totals[0].underbilled, number("16.666666666667"));
    assert_eq!(found.totals[0].overbilled, number("12500006.25"));
}

#[test]
fn amounts_of_an_unknown_currency_are_unknown() {
    let mut unknown = line("c", "SRV", "1");
    unknown.currency = None;
    let month =
        Month::of(&server_rule("# list_price unknown")).client("c", "Acme").mapped("o", "c").line(unknown.clone());
    check(
        month.servers("o", 2),
        &[
            "underbilled c ? - calculated | 2 counted, 1 billed: underbilled by 1; 12.50 each a month in an unknown currency",
        ],
    );
    // else it is the rule's
    check(
        one().line(unknown).servers("o", 2),
        &["underbilled c 12.5 GBP calculated | 2 counted, 1 billed: underbilled by 1; 12.50 GBP each a month"],
    );
}

#[test]
fn several_accounts_lines_and_products_are_added() {
    let rule = server_rule("product_codes = [\"SRV\", \"SRV-OLD\"]");
    let month = Month::of(&rule).client("c", "Acme").mapped("o", "c").mapped("p", "c");
    check(month.line(line("c", "SRV", "2.5")).line(line("c", "SRV-OLD", "0.5")).servers("o", 2).servers("p", 1), &[]);
}

#[test]
fn only_recurring_lines_bill_a_quantity() {
    let with_role = |role, quantity| BilledLine { role, ..line("c", "SRV", quantity) };
    let month = one().servers("o", 10).line(line("c", "SRV", "10"));
    let month = month.line(with_role(LineRole::Credit, "-2")).line(with_role(LineRole::Proration, "3"));
    check(month.line(with_role(LineRole::OneTime, "4")), &[]);
}

#[test]
fn what_does_not_count_is_explained() {
    let stale = |id| crate::ItemRef { last_seen: days_ago(31), ..item(id, "active") };
    let fresh = |id| crate::ItemRef { last_seen: days_ago(30), ..item(id, "active") };
    let month = one().line(line("c", "SRV", "2")).item("o", fresh("a")).item("o", stale("b")).item("o", stale("c"));
    let month = month.item("o", item("d", "disabled")).item("o", item("d", "disabled"));
    let found = check(
        month,
        &[
            "overbilled c -12.5 GBP calculated | 1 counted, 2 billed: overbilled by 1; not counted: 2 not seen within 30 days, 1 disabled; 12.50 GBP each a month",
        ],
    );
    let row = &found.comparisons[0];
    assert_eq!(row.counted_gross, Some(number("4")));
    let parts: Vec<_> = row.explained.iter().map(|part| format!("{} {}", part.reason, part.units)).collect();
    assert_eq!(parts, ["stale 2", "status:disabled 1"]);
}

/// False gap F9: a licence that a leaver still holds is paid for, so it is assigned; it is not active.
#[test]
fn a_disabled_users_licence_is_assigned_and_not_active() {
    let rule = |basis: &str| server_rule("").replace("device_fresh", basis);
    let month = |options, basis: &str| {
        let month = Month::with(&rule(basis), options).client("c", "Acme").mapped("o", "c").line(line("c", "SRV", "2"));
        let month = month.item("o", item("a", "active")).item("o", item("b", "disabled"));
        // another report of the same licence says more, or nothing new
        month.item("o", item("b", "disabled")).item("o", item("e", "suspended"))
    };
    let usual = || Options::for_month("2026-06-30".parse().unwrap());
    let found = check(month(usual(), "assigned"), &[]);
    let row = &found.comparisons[0];
    assert_eq!((row.counted, row.counted_gross), (Some(number("2")), Some(number("3"))));
    assert_eq!(row.reason, "2 counted, 1 of them disabled, 2 billed; not counted: 1 suspended");
    assert!(found.setup.is_empty(), "{:?}", found.setup);
    let row = &check(month(usual(), "assigned").item("o", item("b", "active")), &[]).comparisons[0];
    assert_eq!(row.reason, "2 counted, 2 billed; not counted: 1 suspended");
    let not_counted = [
        "overbilled c -12.5 GBP calculated | 1 counted, 2 billed: overbilled by 1; not counted: 1 disabled, 1 suspended; 12.50 GBP each a month",
    ];
    check(month(usual(), "active"), &not_counted);
    // in the plain profile only `active` counts, whatever the basis
    check(month(Options::for_check("2026-06-30".parse().unwrap(), Profile::Plain), "assigned"), &not_counted);
}

/// The same where nobody says how many, and where nobody mapped the account.
#[test]
fn a_disabled_users_licence_needs_its_quantity_and_its_client() {
    let rule = server_rule("").replace("device_fresh", "assigned");
    let untold = crate::ItemRef { quantity: None, ..item("a", "disabled") };
    let month = Month::of(&rule).client("c", "Acme").mapped("o", "c").line(line("c", "SRV", "1")).item("o", untold);
    check(month, &["not_reconciled c ? - - | rmm gave no quantity for 1 item"]);
    let month = Month::of(&rule).client("c", "Acme").mapped("o", "c").line(line("c", "SRV", "1"));
    let month = month.item("o", untold).item("o", item("a", "disabled"));
    assert_eq!(check(month, &[]).comparisons[0].reason, "1 counted, 1 of them disabled, 1 billed");
    let found = Month::of(&rule).client("c", "Acme").item("o", item("a", "disabled")).judged();
    assert_eq!(found.findings[0].counted, Some(number("1")), "{:?}", found.findings);
}

#[test]
fn the_same_item_counts_once_if_any_report_of_it_counts() {
    let month = one().line(line("c", "SRV", "1")).item("o", item("a", "suspended")).item("o", item("a", "active"));
    let found = check(month.item("o", item("a", "disabled")).item("o", item("a", "active")), &[]);
    assert!(found.comparisons[0].explained.is_empty());
    assert_eq!(
        found.coverage.iter().map(|row| (row.source.as_str(), row.items)).collect::<Vec<_>>(),
        [("psa", 1), ("rmm", 4)]
    );
}

#[test]
fn accounts_that_nobody_mapped() {
    let rules =
        server_rule("") + &server_rule("").replace("srv", "mon").replace("SRV", "MON").replace("= 10", "= \"2.5\"");
    let month = Month::of(&rules).client("c", "Acme").servers("x", 3);
    let found = check(
        month,
        &["unmapped_account - 37.5 GBP estimated | 6 counted in rmm, not mapped to a client; at list prices 37.50 GBP"],
    );
    assert_eq!(found.findings[0].client_name, "Org x");
    assert_eq!(found.findings[0].next_step, NextStep::ConfirmMapping);
    let [suggestion] = &found.suggestions[..] else { panic!("{:?}", found.suggestions) };
    assert_eq!((suggestion.account_id.as_str(), suggestion.items), ("x", 6));
    // two currencies are not added
    let two = server_rule("")
        + &server_rule("list_price = 2\ncurrency = \"EUR\"").replace("srv", "mon").replace("SRV", "MON");
    check(
        Month::of(&two).client("c", "Acme").servers("x", 3),
        &["unmapped_account - ? - - | 6 counted in rmm, not mapped to a client; at list prices 6.00 EUR and 30.00 GBP"],
    );
    // ignored is ignored, and nothing that counts is nothing
    let mut ignored = Month::of(&server_rule("")).servers("x", 3);
    let number = ignored.account("x", &truecount_billing::ReadState::Complete);
    ignored.reconciler.decide(number, Mapping::Ignored { reason: "our own".into() }).unwrap();
    check(ignored.item("y", item("a", "disabled")), &[]);
}

#[test]
fn items_that_no_rule_takes() {
    let printer = |id| crate::ItemRef { kind: "printer", ..item(id, "active") };
    let month = one().item("o", printer("a")).item("o", printer("b")).item("o", printer("b"));
    let found = check(
        month,
        &["unmapped_product - ? - - | 2 items of kind `printer` in rmm (1 vendor account), counted by no rule"],
    );
    assert_eq!(found.findings[0].kind, FindingKind::UnmappedProduct);
}

/// Where a source lists what people hold as well, nobody misses a rule that counts the people themselves.
#[test]
fn people_that_no_rule_takes() {
    let of_kind = |kind, id| crate::ItemRef { kind, ..item(id, "active") };
    let user = "unmapped_product - ? - - | 1 item of kind `user` in rmm (1 vendor account), counted by no rule";
    check(one().item("o", of_kind("user", "a")), &[user]);
    check(
        one().item("o", of_kind("user", "a")).item("o", of_kind("licence", "b")),
        &["unmapped_product - ? - - | 1 item of kind `licence` in rmm (1 vendor account), counted by no rule"],
    );
}

#[test]
fn the_order_is_by_worth_and_total() {
    let mut eur = line("b", "SRV", "1");
    eur.currency = Some(Currency::new("EUR").unwrap());
    let month = Month::of(&server_rule("")).client("a", "A").client("b", "B").client("c", "C").mapped("oa", "a");
    let month =
        month.mapped("ob", "b").mapped("oc", "c").line(line("a", "SRV", "4")).line(eur).line(line("c", "SRV", "9"));
    let found = month
        .servers("oa", 2)
        .servers("ob", 3)
        .servers("oc", 3)
        .item("oc", crate::ItemRef { kind: "x", ..item("x", "active") })
        .judged();
    let order: Vec<_> =
        found.findings.iter().map(|f| (f.kind.as_str(), f.client_id.as_ref().map(|id| id.as_str()))).collect();
    let expected =
        [("overbilled", Some("c")), ("overbilled", Some("a")), ("underbilled", Some("b")), ("unmapped_product", None)];
    assert_eq!(order, expected);
    let totals: Vec<_> =
        found.totals.iter().map(|t| format!("{} {} {}", t.currency, t.underbilled, t.overbilled)).collect();
    assert_eq!(totals, ["EUR 25.00 0", "GBP 0 100.00"]);
    let ids: std::collections::BTreeSet<_> = found.findings.iter().map(|f| &f.exception_id).collect();
    assert_eq!(ids.len(), 4);
    assert!(
        ids.iter().all(|id| id.len() == 13 && id.starts_with(char::is_alphabetic)),
        "no spreadsheet takes one for a number"
    );
}

#[test]
fn an_exception_keeps_its_id_while_its_direction_holds() {
    let id =
        |servers| one().line(line("c", "SRV", "3")).servers("o", servers).judged().findings[0].exception_id.clone();
    assert_eq!(id(5), id(9));
    assert_ne!(id(5), id(1));
    assert_eq!(id(1), id(0));
}

#[test]
fn a_set_up_that_cannot_be_relied_on_is_named() {
    let month = Month::of(&server_rule("")).client("c", "Acme").mapped("o", "gone").line(line("c", "FLAT", "1"));
    let month = month.item("o", item("a", "zombie")).item("o", crate::ItemRef { kind: "x", ..item("b", "active") });
    let found = month.judged();
    let rows: Vec<_> = found.setup.iter().map(|row| format!("{} {} {}", row.code, row.subject, row.count)).collect();
    assert_eq!(
        rows,
        [
            "client_unknown gone 1",
            "line_without_rule FLAT 1",
            "rule_without_lines srv 1",
            "unknown_status rmm: zombie 1"
        ]
    );
    assert_eq!(client("c").as_str(), "c");
}
