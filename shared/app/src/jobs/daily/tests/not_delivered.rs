//! Files and syncs that the last closing used already: they are not too old, and nothing was read for the month.

use truecount_reconciliation::OutcomeLine;
use truecount_reports::Notice;
use truecount_store::RunState;

use super::{BY_HAND, Files, WITH_WHAT_THERE_IS, close, daily_run, due};
use crate::schedule::closing_run;
use crate::stored_outcome::outcome_of;
use crate::test_environment::{Content, RULES, SETTINGS, TestEnvironment, billed, config, month, used};

/// May is closed with what both sources said on its closing day.
async fn may_is_closed() -> TestEnvironment {
    let mut test = TestEnvironment::new();
    daily_run(&mut test, "2026-05-20").await;
    Files::complete().commit(&test, "2026-05-25").await;
    assert_eq!(daily_run(&mut test, "2026-05-25").await, "closes 2026-05");
    test
}

fn lines() -> [Content; 2] {
    [billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 40)]
}

fn devices() -> [Content; 2] {
    [used("a1", "Harbour Dental", 3), used("a2", "Quiet Quay", 40)]
}

#[tokio::test]
async fn last_months_file_is_waited_for_and_named_when_it_is_used_in_the_end() {
    let mut test = may_is_closed().await;
    for (day, expected) in [
        ("2026-06-24", "not-ready-2026-06-24 owner sent, clerk sent"),
        ("2026-06-25", "not-ready-2026-06-25 owner sent, clerk sent"),
        ("2026-06-26", "closes 2026-06"),
    ] {
        test.commit("psa", day, &lines()).await;
        test.on(day);
        let due = due(&test).await;
        let late = "`rmm` was not delivered since the closing of May 2026, last read on 25 May 2026";
        assert!(due.why.contains(late), "{}", due.why);
        assert_eq!(due.due, expected == "closes 2026-06");
        if let [Notice::NotReady(waits)] = &due.notices[..] {
            assert_eq!(waits.readiness.sources.len(), 1, "the PSA was read: {waits:?}");
            let refused = close(&test, None, &BY_HAND).await.unwrap_err().to_string();
            assert!(refused.contains(late), "{refused}");
        }
        assert_eq!(daily_run(&mut test, day).await, expected, "{day}");
    }
    let run = closing_run(&test.env.store, month()).await.unwrap().unwrap();
    assert!(run.manifest.is_incomplete && !run.summary.as_ref().unwrap().is_complete);
    assert_eq!(run.state, RunState::Reported);
    let mail = String::from_utf8(test.mailer.mails().pop().unwrap().raw).unwrap().replace("=\r\n", "");
    let flowing = mail.split_whitespace().collect::<Vec<_>>().join(" ");
    let named = "rmm: counted on 25 May 2026, nothing newer was read since the closing of May 2026";
    assert!(flowing.contains(named), "{mail}");
    let coverage = run.folder(&test.env.store).read_file("coverage.csv").await.unwrap().unwrap();
    let coverage = String::from_utf8(coverage).unwrap();
    assert!(coverage.contains("nothing newer was read since the closing of 2026-05,2026-05-25"), "{coverage}");
}

/// The month's own file counts, also if it says what the last one said, byte for byte.
#[tokio::test]
async fn the_same_content_of_another_day_was_read() {
    let mut test = may_is_closed().await;
    test.commit("psa", "2026-06-24", &lines()).await;
    test.on("2026-06-24");
    assert!(!due(&test).await.due);
    // Somebody corrects the file of last month: it is still last month's.
    test.commit("rmm", "2026-05-25", &[used("a1", "Harbour Dental", 4), used("a2", "Quiet Quay", 40)]).await;
    assert!(!due(&test).await.due);
    test.commit("rmm", "2026-06-23", &devices()).await;
    assert_eq!(daily_run(&mut test, "2026-06-24").await, "closes 2026-06");
    let run = closing_run(&test.env.store, month()).await.unwrap().unwrap();
    assert!(!run.manifest.is_incomplete && run.summary.unwrap().is_complete);
    assert!(run.manifest.sources.iter().all(|source| source.unread_since.is_none()));
}

/// A PSA that is exported into a file is held against the last closing as well.
#[tokio::test]
async fn billed_lines_of_last_month_are_waited_for() {
    let mut test = may_is_closed().await;
    test.commit("rmm", "2026-06-24", &devices()).await;
    test.on("2026-06-24");
    let due = due(&test).await;
    assert!(!due.due && due.why.contains("`psa` was not delivered since the closing of May 2026"), "{}", due.why);
    assert_eq!(close(&test, None, &WITH_WHAT_THERE_IS).await.unwrap(), "2026-06");
    let run = closing_run(&test.env.store, month()).await.unwrap().unwrap();
    let unread: Vec<_> = run.manifest.sources.iter().map(|source| source.unread_since.is_some()).collect();
    assert_eq!((run.manifest.is_incomplete, unread), (true, vec![true, false]));
}

/// A count of before the last closing is marked in each comparison that rests on it.
#[tokio::test]
async fn a_count_of_before_the_last_closing_is_doubtful() {
    let mut test = may_is_closed().await;
    test.commit("psa", "2026-06-24", &lines()).await;
    test.on("2026-06-24");
    close(&test, None, &WITH_WHAT_THERE_IS).await.unwrap();
    let run = closing_run(&test.env.store, month()).await.unwrap().unwrap();
    let mut doubts = Vec::new();
    for line in outcome_of(&test.env, &run).await.unwrap().lines() {
        if let OutcomeLine::Client(client) = line.unwrap() {
            doubts.extend(client.rows.into_iter().flat_map(|row| row.doubts).map(|doubt| doubt.code()));
        }
    }
    assert!(!doubts.is_empty() && doubts.iter().all(|code| *code == "not_since_closing"), "{doubts:?}");
}

/// What is reminded of is what the closing would wait for, once.
#[tokio::test]
async fn the_reminder_names_what_was_not_delivered_once() {
    let mut test = may_is_closed().await;
    test.commit("psa", "2026-06-19", &lines()).await;
    test.on("2026-06-19");
    let due = due(&test).await;
    let [Notice::Reminder(reminder)] = &due.notices[..] else { panic!("{due:?}") };
    assert_eq!((reminder.readiness.sources.len(), reminder.older_files.len()), (1, 0), "{reminder:?}");
}

/// A key is named in time to be renewed: before the closing after the next, which is that of July.
#[tokio::test]
async fn the_reminder_names_keys_that_expire() {
    let mut test = may_is_closed().await;
    let key =
        |last: &str| format!("[[sources]]\nid = \"k{last}\"\nconnector = \"ninjaone\"\nsecret_expires = {last}\n");
    let next = test.config.settings.closing.closing_day(month().next());
    let days = ["2026-05-01".to_owned(), next.yesterday().unwrap().to_string(), next.to_string()];
    let settings = format!("{SETTINGS}{}", days.iter().map(|day| key(day)).collect::<String>());
    test.config = config(&settings, RULES);
    test.on("2026-06-19");
    let due = due(&test).await;
    let [Notice::Reminder(reminder)] = &due.notices[..] else { panic!("{due:?}") };
    let named: Vec<_> = reminder.expiring.values().map(ToString::to_string).collect();
    assert_eq!(named, days[..2]);
}
