//! Months that were really compared, and what their summary leads a reader to do.

use std::collections::BTreeMap;

use crate::invented::{self, subject};
use rust_decimal::Decimal;
use truecount_billing::{ReadReason, ReadState};
use truecount_reconciliation::{AtStake, RowKind, SourceReadWord, WideningRecord};
use truecount_reports::text_summary;

/// The lines of one paragraph, from the one that begins so.
fn paragraph<'t>(text: &'t str, begins: &str) -> Vec<&'t str> {
    let lines = text.lines().skip_while(|line| !line.starts_with(begins));
    lines.take_while(|line| !line.is_empty()).collect()
}

#[test]
fn before_any_mapping_nobody_is_said_to_be_billed_for_what_is_not_used() {
    let sample = invented::worlds::before_mapping();
    let report = sample.report();
    for row in &report.exceptions {
        let is_of_accounts = ["not_reconciled", "unmapped_account"].contains(&row.kind);
        assert!(is_of_accounts, "{}: {} {}", row.client, row.kind, row.reason);
        assert!(row.monthly_impact.is_none(), "{}: {:?}", row.client, row.monthly_impact);
    }
    assert_eq!(subject(&report), "Truecount June 2026: nothing could be compared: map the vendor accounts first");
    let text = text_summary(&report);
    assert!(!text.to_lowercase().contains("overbilled") && !text.contains("not used"), "{text}");
    assert!(text.lines().nth(2).unwrap().starts_with("0 % of the recurring revenue was compared"), "{text}");
}

/// The source for which the most billed revenue waits stands first, and the sums are those of the rows.
#[test]
fn before_any_mapping_the_summary_says_where_to_begin() {
    let sample = invented::worlds::before_mapping();
    let text = text_summary(&sample.report());
    let block = paragraph(&text, "MAP FIRST");
    let mut waits: BTreeMap<&str, Decimal> = BTreeMap::new();
    for row in sample.clients.iter().flat_map(|client| &client.rows) {
        assert_eq!(row.kind, RowKind::NotReconciled);
        let Some(AtStake::Known(down)) = row.stake_down else { panic!("{row:?}") };
        let is_of_rmm = row.widenings.iter().any(|one| matches!(one, WideningRecord::AnyUndecided { .. }));
        *waits.entry(if is_of_rmm { "rmm" } else { "graph" }).or_default() += down;
    }
    let (rmm, graph) = (waits["rmm"], waits["graph"]);
    assert!(rmm > graph && graph > Decimal::ZERO, "{waits:?}");
    let amount = truecount_reports::amount;
    assert_eq!(
        block,
        [
            "MAP FIRST. 10 vendor accounts are not mapped to a client.".to_owned(),
            format!("  rmm: 5 accounts; USD {} a month of revenue waits for them", amount(rmm)),
            "    truecount mappings review --source rmm".to_owned(),
            format!("  graph: 5 accounts; USD {} a month of revenue waits for them", amount(graph)),
            "    truecount mappings review --source graph".to_owned(),
        ]
    );
}

#[test]
fn a_failed_source_is_named_with_its_day_and_an_older_sync_stands_in() {
    let sample = invented::worlds::failed_source();
    let report = sample.report();
    let text = text_summary(&report);
    let block = paragraph(&text, "35 % of the recurring revenue");
    let notes: Vec<_> = block.iter().skip_while(|line| !line.starts_with("  ! ")).collect();
    assert_eq!(
        notes,
        [
            &"  ! graph: not read: its sync of 30 June 2026 failed: the token was refused",
            &"    (401): renew the secret of `graph`, then sync again",
            &"  ! rmm: counted on 28 June 2026, because its sync of 30 June 2026 failed",
        ]
    );
    let counted = report.exceptions.iter().find(|row| row.kind == "underbilled").unwrap();
    assert_eq!((counted.confidence, counted.doubts.as_str()), ("low", "older reading"));
    assert_eq!(counted.counted_on, Some("2026-06-28".parse().unwrap()));
    assert!(text.contains("confidence low: older reading"), "{text}");
    assert_eq!(subject(&report), "Truecount June 2026: 35 % compared; USD 95.00 to add; 1 not reconciled");
}

/// Whatever a source's own state tells is told: the day of the newest sync, of the one that failed, and what went wrong.
#[test]
fn each_way_not_to_be_read_is_named() {
    let day = |text: &str| text.parse().unwrap();
    let refused = || Box::new(invented::because("refused (401)"));
    let failed = || ReadReason::SyncFailed { as_of: day("2026-06-30"), failure: refused() };
    let too_old = |failure| {
        let (as_of, day) = (day("2026-06-20"), day("2026-06-30"));
        ReadReason::TooOld { as_of, days_max: 3, day, failure }
    };
    let table = [
        (ReadReason::NeverSynced, "not read: never synced"),
        (failed(), "not read: its sync of 30 June 2026 failed: refused (401)"),
        (too_old(None), "not used: its newest sync is of 20 June 2026, older than 3 days"),
        (
            too_old(Some(Box::new(failed()))),
            "not used: its newest sync is of 20 June 2026, older than 3 days; its sync of 30 June 2026 failed: refused (401)",
        ),
        (ReadReason::CannotBuild { detail: "no such option `x`".into() }, "not read: no such option `x`"),
    ];
    for (reason, expected) in table {
        // the PSA, and a source of usage
        for at in [0, 2] {
            let mut sample = invented::clean();
            let source = &mut sample.sources[at];
            (source.state, source.as_of) = (ReadState::Failed(reason.clone()), None);
            let unread = sample.portfolio.sources.iter_mut().find(|record| record.source == source.source);
            if let Some(record) = unread {
                (record.read, record.synced_on) = (SourceReadWord::NotRead, None);
            }
            let line = format!("! {}: {expected}", sample.sources[at].source);
            let text = text_summary(&sample.report());
            let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flowing.contains(&line), "{line}\n{text}");
            assert!(!text.contains("read completely"), "{text}");
        }
    }
}

#[test]
fn billed_lines_of_an_earlier_day_are_named_and_not_called_complete() {
    let mut sample = invented::clean();
    sample.sources[0].last_failure = Some(invented::COUNT_DAY);
    sample.sources[0].as_of = Some("2026-06-28".parse().unwrap());
    let text = text_summary(&sample.report());
    assert!(text.contains("connectwise: what it said on 28 June 2026 is used, because its sync of 30"), "{text}");
    assert!(!text.contains("read completely"), "{text}");
}

#[test]
fn what_the_last_closing_used_already_is_named_with_its_day() {
    for (at, expected) in [
        (
            0,
            "! connectwise: what it said on 28 June 2026 is used, nothing newer was read since the closing of May 2026",
        ),
        (1, "counted on 28 June 2026, nothing newer was read since the closing of May 2026"),
    ] {
        let mut sample = invented::clean();
        sample.sources[at].unread_since = Some("2026-05".parse().unwrap());
        sample.sources[at].as_of = Some("2026-06-28".parse().unwrap());
        let text = text_summary(&sample.report());
        let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flowing.contains(expected), "{text}");
        assert!(!text.contains("read completely"), "{text}");
        assert!(
            !text.contains("Everything was compared") && text.contains("100 % of the known recurring revenue"),
            "{text}"
        );
    }
}
