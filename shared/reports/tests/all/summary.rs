//! What the summary says of months that differ in one thing from an invented one.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;

use crate::invented::{self, Sample, account, currency, decimal, subject};
use truecount_billing::{ProductCode, SourceId};
use truecount_reconciliation::{
    AtStake, BaselineState, CommonCause, CommonCauseMember, CommonCauseRecord, DoubtRecord, ExceptionDirection,
    RowKind, RowRecord, RunTotals, WideningRecord,
};
use truecount_reports::{share_compared, text_summary};

/// A month in which something was changed.
fn with(mut sample: Sample, change: impl FnOnce(&mut Sample)) -> Sample {
    change(&mut sample);
    sample.added_up()
}

/// A row that is not reconciled while something is not known.
fn open_row(widenings: Vec<WideningRecord>, code: &str, down: &str) -> RowRecord {
    RowRecord {
        widenings,
        currency: Some(currency(code)),
        at_least: Some(decimal("0")),
        stake_up: Some(AtStake::Known(decimal("0"))),
        stake_down: Some(AtStake::Known(decimal(down))),
        ..RowRecord::empty(RowKind::NotReconciled, ProductCode::new("SVC").unwrap())
    }
}

fn may_be(source: &str, name: &str) -> WideningRecord {
    WideningRecord::AccountUndecided { account: account(source, name) }
}

fn lines_of<'t>(text: &'t str, begins: &str) -> Vec<&'t str> {
    let lines = text.lines().skip_while(|line| !line.starts_with(begins));
    lines.take_while(|line| !line.is_empty()).collect()
}

/// As if no line were broken.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_subject_says_what_kind_of_month_it_was() {
    let clean = invented::clean;
    let first = |sample: &mut Sample, row: RowRecord| sample.clients[0].rows.push(row);
    let later = |sample: Sample, totals: RunTotals| {
        let mut sample = with(sample, |sample| {
            let row = sample.clients[0].rows[0].clone();
            sample.clients[0].rows.push(RowRecord { kind: RowKind::Underbilled, ..row });
        });
        sample.portfolio.totals = [(currency("GBP"), totals)].into();
        sample
    };
    let table = [
        (clean(), "all 104 comparisons at 41 clients agree"),
        (
            with(clean(), |sample| sample.clients[0].rows[0].kind = RowKind::LeftAlone),
            "nothing to change; 103 of 104 comparisons at 41 clients agree, 1 left alone",
        ),
        (
            with(clean(), |sample| first(sample, open_row(vec![may_be("pax8", "A")], "GBP", "5"))),
            "nothing to change; 104 of 104 comparisons at 41 clients agree; 1 not reconciled",
        ),
        (
            with(clean(), |sample| sample.portfolio.unmapped.push(account("pax8", "A"))),
            "nothing to change; 104 of 104 comparisons at 41 clients agree",
        ),
        (
            later(clean(), RunTotals { later_add: decimal("20"), reduce: decimal("7.5"), ..RunTotals::default() }),
            "GBP 20.00 to add later, GBP 7.50 to reduce",
        ),
        (later(clean(), RunTotals::default()), "1 exception; 104 of 105 comparisons at 41 clients agree"),
        (
            with(clean(), |sample| {
                sample.clients.truncate(1);
                sample.clients[0].rows = vec![open_row(vec![may_be("pax8", "A")], "GBP", "5")];
                sample.portfolio.unmapped.push(account("pax8", "A"));
            }),
            "nothing could be compared: map the vendor accounts first",
        ),
        (invented::nothing_compared(), "nothing could be compared; 10 not reconciled"),
    ];
    for (sample, expected) in table {
        // The share of the revenue that was compared stands first.
        let (report, nothing) = (sample.report(), expected.starts_with("nothing could be compared"));
        let share = share_compared(&report.portfolio).filter(|_| !nothing).map(|share| format!("{share}; "));
        let expected = format!("Truecount June 2026: {}{expected}", share.unwrap_or_default());
        assert_eq!(subject(&report), expected);
    }
}

#[test]
fn accounts_to_map_are_by_source_with_the_revenue_that_waits_for_each() {
    let sample = with(invented::clean(), |sample| {
        let rows = [
            // both accounts may be the client's: its revenue waits once
            open_row(vec![may_be("pax8", "A"), may_be("pax8", "AB")], "GBP", "100"),
            open_row(vec![may_be("pax8", "A"), may_be("rmm", "ABC")], "EUR", "7"),
            open_row(vec![may_be("rmm", "ABC")], "GBP", "200.5"),
            open_row(vec![may_be("backup", "A")], "GBP", "0"),
            // what is sure is no revenue that waits
            RowRecord { kind: RowKind::Overbilled, ..open_row(vec![may_be("rmm", "ABC")], "GBP", "999") },
            // no account of it is undecided, so that no mapping could settle it
            open_row(vec![WideningRecord::NoAccountByGrant { source: SourceId::new("graph").unwrap() }], "GBP", "900"),
        ];
        sample.clients[0].rows.extend(rows);
        let accounts = [
            ("pax8", "A"),
            ("pax8", "AB"),
            ("rmm", "ABC"),
            ("backup", "A"),
            ("backup", "AB"),
            ("edr", "A"),
            ("dns", "A"),
        ];
        sample.portfolio.unmapped = accounts.map(|(source, name)| account(source, name)).into();
    });
    assert_eq!(
        lines_of(&text_summary(&sample.report()), "MAP FIRST"),
        [
            "MAP FIRST. 7 vendor accounts are not mapped to a client.",
            "  rmm: 1 account; GBP 200.50 and EUR 7.00 a month of revenue waits for it",
            "    truecount mappings review --source rmm",
            "  pax8: 2 accounts; GBP 100.00 and EUR 7.00 a month of revenue waits for them",
            "    truecount mappings review --source pax8",
            "  backup: 2 accounts",
            "    truecount mappings review --source backup",
            "  and 2 more sources",
        ]
    );
    let decided = with(sample, |sample| sample.portfolio.unmapped.clear());
    assert!(!text_summary(&decided.report()).contains("MAP FIRST"));
}

#[test]
fn what_is_not_reconciled_is_grouped_by_what_would_settle_it() {
    let source = || SourceId::new("ninjaone").unwrap();
    let sample = with(invented::clean(), |sample| {
        let causes = [
            may_be("pax8", "A"),
            WideningRecord::SourceNotRead { source: source() },
            WideningRecord::AccountFell { account: account("pax8", "A") },
            WideningRecord::AccountPartial { account: account("pax8", "A") },
            WideningRecord::AccountGone { account: account("pax8", "A") },
            WideningRecord::NoAccountByGrant { source: source() },
            WideningRecord::AccountDoubtful { account: account("pax8", "A") },
        ];
        for (at, client) in sample.clients.iter_mut().enumerate().take(12) {
            client.client_name = format!("Client {at}");
            client.rows.push(open_row(vec![causes[at.saturating_sub(5)].clone()], "GBP", "1"));
        }
    });
    let text = text_summary(&sample.report());
    let block = lines_of(&text, "12 NOT RECONCILED");
    assert!(block[1].starts_with("  6  decide which client it belongs to (billing clerk): Client "), "{text}");
    assert!(block[1..].concat().contains(" and 3 more"), "{text}");
    assert!(block.contains(&"     2 more reasons in exceptions.csv"), "{text}");
    let groups = block[1..].iter().filter(|line| line.starts_with("  ") && line.as_bytes()[2].is_ascii_digit());
    assert_eq!(groups.count(), 5, "{text}");
}

#[test]
fn lines_that_no_rule_counts_stand_below_the_differences() {
    let mut sample = invented::month();
    let row = sample.clients[0].rows[0].clone();
    let line = invented::month().rows().find_map(|row| row.lines.first().cloned()).unwrap();
    let large = (0..20).map(|at| {
        let mut line = line.clone();
        (line.quantity, line.unit_price) = (decimal("1"), Some(decimal("100000")));
        let service = ProductCode::new(format!("FLAT-{at}")).unwrap();
        RowRecord { kind: RowKind::UncountedLine, lines: vec![line], service, ..row.clone() }
    });
    sample.clients[0].rows.extend(large);
    let text = text_summary(&sample.added_up().report());
    let block = lines_of(&text, "TOP 10 OF 34 EXCEPTIONS BY MONTHLY VALUE");
    assert!(block[1].contains("Hartwell Dental Group: underbilled, 380 → 412"), "{text}");
    assert!(!block.concat().contains("FLAT-"), "{text}");
}

#[test]
fn agreements_that_end_or_ended_are_lines_of_their_own() {
    let block = |sample: &Sample| flowing(&lines_of(&text_summary(&sample.report()), "ENDING").join(" "));
    let lines = "ENDING 1 service in use is on lines that end before the next closing";
    let ended = "ENDED 1 service is in use though the client has no agreement any more";
    assert_eq!(
        block(&invented::month()),
        format!("{lines}; GBP 423.50 a month ends with them. {ended}; that costs GBP 71.00 a month.")
    );
    assert_eq!(
        block(&invented::no_prices()),
        format!("{lines}; what they bill is not known. {ended}; what that costs is not known.")
    );
    let text = text_summary(&invented::clean().report());
    assert!(!text.contains("ENDING") && !text.contains("ENDED"), "{text}");
}

#[test]
fn doubts_stand_beside_the_confidence() {
    let mut sample = invented::month();
    let doubt = DoubtRecord::FactMissing { items: 3 };
    sample.rows().find(|row| row.kind == RowKind::Underbilled).unwrap().doubts = vec![doubt, DoubtRecord::ListPrice];
    let text = text_summary(&sample.report());
    assert!(flowing(&text).contains("confidence low: fact missing; list price"), "{text}");
    let levels: BTreeMap<&str, usize> =
        ["high", "medium", "low"].map(|level| (level, text.matches(&format!("confidence {level}")).count())).into();
    assert_eq!(levels, [("high", 8), ("low", 1), ("medium", 1)].into(), "{text}");
}

#[test]
fn a_month_that_was_closed_with_what_there_was_says_so_below_the_title() {
    let mut sample = invented::month();
    assert!(!text_summary(&sample.report()).contains("CLOSED"));
    sample.header.is_incomplete = true;
    let text = text_summary(&sample.report());
    let lines = lines_of(&text, "TRUECOUNT");
    assert!(lines[1].starts_with("CLOSED   with what there is: not everything that a closing waits for"), "{text}");
}

#[test]
fn months_that_were_not_closed_stand_below_the_title() {
    let mut sample = invented::month();
    sample.header.missed = vec!["2026-04".parse().unwrap(), "2026-05".parse().unwrap()];
    let text = text_summary(&sample.report());
    let lines = lines_of(&text, "TRUECOUNT");
    assert!(lines[1].starts_with("MISSED   April 2026 and May 2026 were not closed: "), "{text}");
    assert!(lines.contains(&"  truecount run --closing --month 2026-04"), "a line to copy: {text}");
}

/// A sample as a first comparison, in which the first two underbilled rows have one cause.
fn first_comparison(mut sample: Sample) -> Sample {
    let is_wrong = |row: &&RowRecord| row.kind == RowKind::Underbilled && !row.changes.is_empty();
    let rows =
        sample.clients.iter().flat_map(|client| client.rows.iter().filter(is_wrong).map(move |row| (client, row)));
    let members: Vec<_> = rows
        .take(2)
        .map(|(client, row)| CommonCauseMember {
            client_id: client.client_id.clone(),
            client_name: client.client_name.clone(),
            service: row.service.clone(),
            section: row.section.clone(),
            kind: row.kind,
            units: row.variance.unwrap_or_default(),
            monthly_impact: None,
            is_estimated: false,
        })
        .collect();
    assert_eq!(members.len(), 2, "the month has underbilled rows");
    let (service, direction) = (members[0].service.clone(), ExceptionDirection::Under);
    let cause = CommonCause::ServiceAtManyClients { service, direction, clients_compared: 12 };
    sample.portfolio.common_causes.push(CommonCauseRecord { cause, members });
    sample
}

#[test]
fn a_first_comparison_shows_no_total_and_a_mistake_of_the_setup_changes_no_bill() {
    let confirmed = first_comparison(invented::month());
    let mut first = confirmed.clone();
    first.portfolio.baseline = Some(BaselineState::NotAccepted);
    let (text, subject) = (text_summary(&first.report()), subject(&first.report()));
    assert!(text_summary(&confirmed.report()).contains("TO ADD"));
    assert!(!text.contains("TO ADD") && !text.contains("TO REDUCE"), "{text}");
    assert!(
        text.contains("First comparison, not yet confirmed:") && text.contains("\n  truecount baseline accept\n"),
        "{text}"
    );
    assert!(subject.contains("; first comparison, not yet confirmed; ") && !subject.contains("to add"), "{subject}");
    assert!(text.lines().all(|line| line.chars().count() <= 80 || line.starts_with("FILES")), "{text}");

    let changes = |sample: &Sample| String::from_utf8(sample.file("changes.csv")).unwrap().lines().count();
    let (all, without_setup) = (changes(&confirmed), changes(&first));
    let of_setup: usize = {
        let members = &first.portfolio.common_causes.last().unwrap().members;
        let is_member = |client: &truecount_reconciliation::ClientRecord, row: &RowRecord| {
            members.iter().any(|one| one.client_id == client.client_id && one.service == row.service)
        };
        let rows = first.clients.iter().flat_map(|client| client.rows.iter().filter(|row| is_member(client, row)));
        rows.filter(|row| row.kind == RowKind::Underbilled).map(|row| row.changes.len()).sum()
    };
    assert_eq!(all - without_setup, of_setup);
    assert!(of_setup >= 2, "both members have changes");
}
