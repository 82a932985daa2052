//! Absence is never zero: whatever was not read is named, and nothing that hangs on it is compared.

use truecount_billing::{ReadReason, ReadState, Side};

use super::{Month, check, client, item, line, server_rule, status};
use crate::{DecidedBy, Mapping, NextStep, Options, Reconciler, RuleSet};

/// Two clients with a line each; the first has an account with five servers.
fn two() -> Month {
    let month = Month::of(&server_rule("")).client("c", "Acme").client("d", "Bolt").mapped("o", "c").mapped("p", "d");
    month.line(line("c", "SRV", "3")).line(line("d", "SRV", "2")).servers("o", 5).servers("p", 2)
}

fn because(detail: &str) -> ReadReason {
    ReadReason::UnexpectedAnswer { detail: detail.to_owned() }
}

fn failed(reason: &str) -> ReadState {
    ReadState::Failed(because(reason))
}

const TOO_FEW: &str = "underbilled c 25 GBP calculated | 5 counted, 3 billed: underbilled by 2; 12.50 GBP each a month";

#[test]
fn a_source_that_failed_is_one_finding_and_no_number() {
    for (state, synced_on, words) in [
        (failed("403"), Some("2026-06-30"), "rmm was not read completely (failed: 403)"),
        (ReadState::Partial(because("page 3")), Some("2026-06-30"), "rmm was not read completely (partial: page 3)"),
        (
            ReadState::Doubtful(because("fell by half")),
            Some("2026-06-30"),
            "rmm was not read completely (doubtful: fell by half)",
        ),
        (ReadState::Complete, None, "rmm has no sync that may be used for 2026-06-30"),
    ] {
        let mut month = two();
        let mut rmm = status("rmm", Side::Used);
        (rmm.read_state, rmm.synced_on) = (state, synced_on.map(|day| day.parse().unwrap()));
        month.reconciler.source(rmm);
        let expected = format!("not_reconciled - ? - - | {words}; 2 comparisons were not made");
        let found = check(month, &[&expected]);
        assert_eq!(found.findings[0].next_step, NextStep::FixSource);
        assert_eq!(found.findings[0].source.as_ref().map(|source| source.as_str()), Some("rmm"));
        assert_eq!((found.comparisons.len(), found.not_reconciled), (2, 2));
        for row in &found.comparisons {
            assert_eq!((row.counted, row.should_bill, row.variance, row.monthly_impact), (None, None, None, None));
            assert!(row.billed.is_some());
        }
        assert_eq!(found.coverage[1].not_reconciled, 2);
        assert_eq!(found.coverage[1].compared, 0);
    }
}

#[test]
fn a_psa_that_failed_leaves_nothing_to_compare() {
    let mut month = two().servers("unmapped", 2);
    let mut psa = status("psa", Side::Agreed);
    psa.read_state = failed("timeout");
    month.reconciler.source(psa);
    let found = check(
        month,
        &["not_reconciled - ? - - | psa was not read completely (failed: timeout); 2 comparisons were not made"],
    );
    assert!(found.comparisons.iter().all(|row| row.billed.is_none() && row.counted.is_none()));
    assert_eq!((found.not_reconciled, found.is_complete()), (2, false));
    assert!(!found.setup.iter().any(|row| row.code == "rule_without_lines"));
    // nor does a month without one
    let rules = RuleSet::from_toml("r", &server_rule("")).unwrap();
    let mut reconciler = Reconciler::new(rules, Options::for_month("2026-06-30".parse().unwrap()));
    reconciler.source(status("rmm", Side::Used));
    check(
        Month { reconciler, lines: 0 }.mapped("o", "c").servers("o", 1),
        &["not_reconciled - ? - - | no PSA is among the sources of this run"],
    );
}

#[test]
fn a_source_that_only_a_rule_names() {
    let elsewhere = server_rule("").replace("srv", "edr").replace("SRV", "EDR").replace("rmm", "edr-eu");
    let month = Month::of(&(server_rule("") + &elsewhere)).client("c", "Acme").line(line("c", "EDR", "3"));
    let found =
        check(month, &["not_reconciled - ? - - | rules count in `edr-eu`, which is not among the sources of this run"]);
    assert_eq!((found.comparisons.len(), found.not_reconciled), (1, 1));
}

#[test]
fn one_account_leaves_the_others_whole() {
    let mut month = two();
    month.account("p", &failed("403"));
    let found =
        check(month, &[TOO_FEW, "not_reconciled d ? - - | vendor account `Org p` in rmm was not read (failed: 403)"]);
    assert_eq!(found.findings[1].account_id.as_ref().map(|id| id.as_str()), Some("p"));
    assert_eq!((found.coverage[1].accounts, found.coverage[1].accounts_incomplete), (2, 1));
    // one of two accounts is enough
    let mut month = two().mapped("p2", "d");
    month.account("p2", &ReadState::Partial(because("cut")));
    check(month, &[TOO_FEW, "not_reconciled d ? - - | vendor account `Org p2` in rmm was not read (partial: cut)"]);
}

#[test]
fn an_account_that_was_not_read_is_named_even_if_nothing_hangs_on_it() {
    for mapped in [true, false] {
        let mut month = Month::of(&server_rule("")).client("c", "Acme");
        if mapped {
            month = month.mapped("o", "c");
        }
        month.account("o", &failed("401"));
        let client = if mapped { "c" } else { "-" };
        let expected =
            format!("not_reconciled {client} ? - - | vendor account `Org o` in rmm was not read (failed: 401)");
        let found = check(month, &[&expected]);
        assert_eq!((found.not_reconciled, found.is_complete()), (0, false), "no comparison needed it");
    }
}

#[test]
fn a_client_whose_lines_were_not_read() {
    let mut month = two();
    let number = month.reconciler.find_client("c").unwrap();
    month.reconciler.client_read_state(number, failed("agreements: 500"));
    let found =
        check(month, &["not_reconciled c ? - - | the client's billed lines were not read (failed: agreements: 500)"]);
    assert_eq!(found.coverage[0].accounts_incomplete, 1);
    assert!(found.comparisons[0].billed.is_none());
}

#[test]
fn a_client_without_lines_is_named_when_they_were_not_read() {
    for servers in [0, 4] {
        let mut month = Month::of(&server_rule("")).client("c", "Acme").mapped("o", "c").servers("o", servers);
        let number = month.reconciler.find_client("c").unwrap();
        month.reconciler.client_read_state(number, failed("no longer listed"));
        check(month, &["not_reconciled c ? - - | the client's billed lines were not read (failed: no longer listed)"]);
    }
}

#[test]
fn usage_without_a_line_is_named_when_it_was_read_in_part() {
    let mut month = Month::of(&server_rule("")).client("c", "Acme").mapped("o", "c").servers("o", 3);
    month.account("o", &ReadState::Partial(because("page 2")));
    check(month, &["not_reconciled c ? - - | vendor account `Org o` in rmm was not read (partial: page 2)"]);
    let untold = crate::ItemRef { quantity: None, ..item("x", "active") };
    let month = Month::of(&server_rule("")).client("c", "Acme").mapped("o", "c").item("o", untold);
    check(month, &["not_reconciled c ? - - | rmm gave no quantity for 1 item"]);
}

#[test]
fn nothing_is_zero_while_a_mapping_is_pending() {
    let pending = |proposal: Option<&str>| {
        let mut month =
            Month::of(&server_rule("")).client("c", "Acme").client("d", "Acme too").line(line("c", "SRV", "3"));
        month = month.line(line("d", "SRV", "1")).servers("o", 5);
        let number = month.account("o", &ReadState::Complete);
        let mapping = Mapping::Undecided { proposal: proposal.map(client), why: "similar".into() };
        month.reconciler.decide(number, mapping).unwrap();
        (month, number)
    };
    const UNMAPPED: &str =
        "unmapped_account - 50 GBP estimated | 5 counted in rmm, not mapped to a client; at list prices 50.00 GBP";
    const NONE_C: &str =
        "billed_without_usage c -37.5 GBP calculated | none counted, 3 billed: overbilled by 3; 12.50 GBP each a month";
    const NONE_D: &str =
        "billed_without_usage d -12.5 GBP calculated | none counted, 1 billed: overbilled by 1; 12.50 GBP each a month";
    const PENDING: &str = "| vendor account `Org o` in rmm may be this client's; confirm or ignore the mapping";
    let (c, d) = (format!("not_reconciled c ? - - {PENDING}"), format!("not_reconciled d ? - - {PENDING}"));
    let found = check(pending(Some("c")).0, &[UNMAPPED, NONE_D, &c]);
    assert_eq!(found.findings[2].next_step, NextStep::ConfirmMapping);
    assert_eq!(found.suggestions[0].client_name.as_deref(), Some("Acme"));
    check(pending(None).0, &[UNMAPPED, NONE_C, NONE_D]);
    // several that it might be
    let (mut month, number) = pending(Some("c"));
    month.reconciler.propose(number, &client("d")).unwrap();
    check(month, &[UNMAPPED, &c, &d]);
    // once decided, the proposals are void
    let (mut month, number) = pending(Some("c"));
    month.reconciler.propose(number, &client("d")).unwrap();
    month.reconciler.decide(number, Mapping::Confirmed { client_id: client("c"), by: DecidedBy::Person }).unwrap();
    check(month, &[TOO_FEW, NONE_D]);
}

#[test]
fn a_quantity_that_was_not_told_is_not_zero() {
    let untold = |id, status| crate::ItemRef { quantity: None, ..item(id, status) };
    let month =
        || Month::of(&server_rule("")).client("c", "Acme").mapped("o", "c").line(line("c", "SRV", "3")).servers("o", 3);
    let found =
        check(month().item("o", untold("x", "active")), &["not_reconciled c ? - - | rmm gave no quantity for 1 item"]);
    assert_eq!(found.setup[0].code, "item_without_quantity");
    // it is not needed where the item does not count, nor once it is told
    check(month().item("o", untold("x", "disabled")), &[]);
    check(month().item("o", untold("s1", "active")), &[]);
    let unmapped = Month::of(&server_rule("")).servers("u", 1).item("u", untold("x", "active"));
    let found = unmapped.judged();
    assert_eq!((found.findings[0].counted, found.findings[0].variance), (None, None));
}

#[test]
fn a_cycle_that_cannot_be_brought_to_a_month() {
    let mut odd = line("c", "SRV", "3");
    odd.agreement.cycle_months = None;
    let month = Month::of(&server_rule("")).client("c", "Acme").mapped("o", "c").line(odd).servers("o", 5);
    let found =
        check(month, &["not_reconciled c ? - - | the billing cycle of an agreement cannot be brought to a month"]);
    assert_eq!(found.setup[0].code, "billing_cycle_unknown");
}

#[test]
fn an_older_sync_is_less_sure() {
    let mut month = two();
    let mut rmm = status("rmm", Side::Used);
    rmm.synced_on = Some("2026-06-27".parse().unwrap());
    month.reconciler.source(rmm);
    let found = check(month, &[TOO_FEW]);
    assert_eq!(found.findings[0].confidence.freshness, 70);
    assert_eq!(found.findings[0].confidence.weakest(), ("freshness", 70));
}
