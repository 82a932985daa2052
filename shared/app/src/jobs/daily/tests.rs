//! Daily runs on the embedded store: what is closed, waited for and mailed, day by day.

mod interrupted;
mod killed;
mod not_delivered;

use truecount_billing::{ReadReason, ReadState};
use truecount_reports::Notice;

use super::*;
use crate::jobs::reconcile::{ReconcileAnswer, RunKind, reconcile};
use crate::jobs::report::{MailPolicy, report};
use crate::test_environment::{Content, TestEnvironment, billed, month, soon, used};
use crate::{AppError, send_notices};

const BY_HAND: RunKind = RunKind::Closing { replace: None, early: false, incomplete: false };
const WITH_WHAT_THERE_IS: RunKind = RunKind::Closing { replace: None, early: false, incomplete: true };

/// What the sources hold of two clients. Harbour Dental is worth 91 GBP a month, Quiet Quay so many servers at 45.50.
struct Files {
    quay_servers: u32,
    harbour_read: ReadState,
}

impl Files {
    fn complete() -> Self {
        Self { quay_servers: 40, harbour_read: ReadState::Complete }
    }

    async fn commit(self, test: &TestEnvironment, day: &str) {
        let lines = [billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", self.quay_servers)];
        test.commit("psa", day, &lines).await;
        let harbour = used("a1", "Harbour Dental", 3);
        let account = truecount_billing::Account { read_state: self.harbour_read, ..harbour.account };
        let accounts = [Content { account, ..harbour }, used("a2", "Quiet Quay", self.quay_servers)];
        test.commit("rmm", day, &accounts).await;
    }
}

async fn due(test: &TestEnvironment) -> ClosingDue {
    closing_due_now(&test.env, &test.config).await.unwrap()
}

/// A daily run after its syncs, in a few words.
async fn daily_run(test: &mut TestEnvironment, day: &str) -> String {
    test.on(day);
    let due = due(test).await;
    let mails = send_notices(&test.env, &test.config.settings, &due.notices).await.unwrap();
    let mails: Vec<_> = mails.iter().map(|mail| format!("{} {}", mail.group, mail.outcome)).collect();
    if !due.due {
        let names: Vec<_> = due.notices.iter().map(Notice::name).collect();
        return format!("{} {}", names.join(" "), mails.join(", ")).trim().to_owned();
    }
    let month = close(test, due.month, &WITH_WHAT_THERE_IS).await.unwrap();
    format!("closes {month}")
}

async fn close(
    test: &TestEnvironment,
    month: Option<truecount_billing::BillingMonth>,
    kind: &RunKind,
) -> Result<String, AppError> {
    let ReconcileAnswer::Reconciled { run_id, month, .. } =
        reconcile(&test.env, &test.config, month, kind, soon()).await?
    else {
        panic!("busy")
    };
    report(&test.env, &test.config, month, Some(&run_id), MailPolicy::Usual, soon()).await?;
    Ok(month.to_string())
}

#[tokio::test]
async fn a_month_that_is_ready_is_reminded_of_closed_and_looked_back_at_once() {
    let mut test = TestEnvironment::new();
    let mut said = Vec::new();
    for day in ["18", "19", "20", "22", "23", "24", "25", "26", "29", "30"] {
        let day = format!("2026-06-{day}");
        Files::complete().commit(&test, &day).await;
        for _ in 0..2 {
            said.push(format!("{}: {}", &day[8..], daily_run(&mut test, &day).await));
        }
    }
    said.retain(|line| !line.ends_with(": "));
    assert_eq!(
        said,
        ["19: reminder owner sent, clerk sent", "24: closes 2026-06", "30: last-day owner sent, clerk sent",]
    );
    assert_eq!(daily_run(&mut test, "2026-07-01").await, "");
    assert!(!is_incomplete(&test).await);
    assert_eq!(test.mailer.keys().len(), 3 * 2, "{:?}", test.mailer.keys());
}

#[tokio::test]
async fn a_month_waits_for_a_source_until_its_latest_day() {
    let mut test = TestEnvironment::new();
    daily_run(&mut test, "2026-06-10").await;
    Files::complete().commit(&test, "2026-06-23").await;
    for (day, expected) in [
        ("2026-06-24", "not-ready-2026-06-24 owner sent, clerk sent"),
        ("2026-06-24", "not-ready-2026-06-24 owner already_sent, clerk already_sent"),
        ("2026-06-25", "not-ready-2026-06-25 owner sent, clerk sent"),
        ("2026-06-26", "closes 2026-06"),
        ("2026-06-27", ""),
    ] {
        test.fail("rmm", day, ReadReason::NoCredential { detail: "the key is revoked".to_owned() }).await;
        test.on(day);
        let waits = due(&test).await;
        if expected.starts_with("not-ready") {
            assert_eq!((waits.due, waits.month, waits.overdue), (false, Some(month()), 0), "{}", waits.why);
            let why = "2026-06 is not closed yet: `rmm` was not read completely (the sync of 2026-06-2";
            assert!(waits.why.starts_with(why) && waits.why.contains("the key is revoked"), "{}", waits.why);
            let refused = close(&test, None, &BY_HAND).await.unwrap_err().to_string();
            assert!(refused.starts_with("2026-06 is not ready to be closed: `rmm`"), "{refused}");
            assert!(refused.contains("on 2026-06-26 at the latest") && refused.contains("`--incomplete`"), "{refused}");
        }
        assert_eq!(daily_run(&mut test, day).await, expected, "{day}");
    }
    assert!(is_incomplete(&test).await, "the mail says that it was closed with what there was");
}

async fn is_incomplete(test: &TestEnvironment) -> bool {
    closing_run(&test.env.store, month()).await.unwrap().unwrap().manifest.is_incomplete
}

#[tokio::test]
async fn a_month_is_closed_by_hand_with_what_there_is_if_that_is_asked_for() {
    let mut test = TestEnvironment::new();
    test.on("2026-06-24");
    assert!(close(&test, None, &BY_HAND).await.is_err(), "nothing was read");
    assert!(close(&test, None, &WITH_WHAT_THERE_IS).await.is_ok());
    assert!(is_incomplete(&test).await);
    // What is compared waits for nothing.
    assert!(close(&test, None, &BY_HAND).await.is_ok());
    test.on("2026-07-27");
    assert!(close(&test, None, &BY_HAND).await.is_err(), "and neither is July");
    test.on("2026-07-29");
    assert_eq!(close(&test, None, &BY_HAND).await.unwrap(), "2026-07", "on the latest day it waits for nothing");
}

/// Accounts are waited for by what the last closing compared at their clients.
#[tokio::test]
async fn a_single_account_is_named_and_many_are_waited_for() {
    for (quay_servers, share, is_ready) in [(40, "95 %", true), (20, "90 %", false)] {
        let mut test = TestEnvironment::new();
        daily_run(&mut test, "2026-05-20").await;
        Files { quay_servers, ..Files::complete() }.commit(&test, "2026-05-25").await;
        assert_eq!(daily_run(&mut test, "2026-05-25").await, "closes 2026-05");
        let failed = ReadState::Failed(ReadReason::TooManyItems);
        Files { quay_servers, harbour_read: failed }.commit(&test, "2026-06-24").await;
        test.on("2026-06-24");
        let due = due(&test).await;
        assert_eq!((due.due, due.month), (is_ready, Some(month())), "{}", due.why);
        let readiness = readiness::readiness(&test.env, &test.config, month()).await.unwrap();
        let [account] = &readiness.accounts.first[..] else { panic!("{readiness:?}") };
        assert_eq!(account.client_name.as_deref(), Some("Harbour Dental"));
        let revenue = readiness.revenue.values().next().unwrap();
        assert_eq!((revenue.compared - revenue.read).to_string(), "91.00", "{readiness:?}");
        if !is_ready {
            assert!(due.why.contains(&format!("{share} of what the last closing compared in GBP")), "{}", due.why);
            let [Notice::NotReady(waits)] = &due.notices[..] else { panic!("{due:?}") };
            assert_eq!(waits.readiness, readiness);
        }
    }
}

/// A month in which nothing could be compared is no measure for the next one.
#[tokio::test]
async fn accounts_are_weighed_by_the_last_closing_that_compared_anything() {
    let mut test = TestEnvironment::new();
    daily_run(&mut test, "2026-05-20").await;
    Files { quay_servers: 20, ..Files::complete() }.commit(&test, "2026-05-25").await;
    assert_eq!(daily_run(&mut test, "2026-05-25").await, "closes 2026-05");
    // What was read in May is too old by then.
    assert_eq!(daily_run(&mut test, "2026-07-29").await, "closes 2026-07");
    let july = closing_run(&test.env.store, "2026-07".parse().unwrap()).await.unwrap().unwrap();
    assert!(july.manifest.is_incomplete, "nothing was read");
    let failed = ReadState::Failed(ReadReason::TooManyItems);
    Files { quay_servers: 20, harbour_read: failed }.commit(&test, "2026-08-25").await;
    test.on("2026-08-25");
    let due = due(&test).await;
    assert!(!due.due && due.why.contains("90 % of what the last closing compared in GBP"), "{}", due.why);
}

#[tokio::test]
async fn what_replaces_a_closing_says_itself_what_was_not_read() {
    let mut test = TestEnvironment::new();
    Files::complete().commit(&test, "2026-06-24").await;
    test.on("2026-06-24");
    close(&test, None, &BY_HAND).await.unwrap();
    assert!(!is_incomplete(&test).await);
    test.fail("rmm", "2026-06-25", ReadReason::NoCredential { detail: "the key is revoked".to_owned() }).await;
    test.on("2026-06-25");
    let replace = closing_run(&test.env.store, month()).await.unwrap().map(|run| run.run_id);
    close(&test, None, &RunKind::Closing { replace, early: false, incomplete: false }).await.unwrap();
    assert!(is_incomplete(&test).await, "the one before was complete");
}

/// Before the first closing nothing is known by which accounts could be weighed.
#[tokio::test]
async fn the_first_closing_waits_for_sources_only() {
    let mut test = TestEnvironment::new();
    let failed = ReadState::Failed(ReadReason::TooManyItems);
    Files { harbour_read: failed, ..Files::complete() }.commit(&test, "2026-06-24").await;
    assert_eq!(daily_run(&mut test, "2026-06-24").await, "closes 2026-06");
}

/// A month that somebody closed early is not reminded of.
#[tokio::test]
async fn nobody_is_reminded_of_a_month_that_is_closed() {
    let mut test = TestEnvironment::new();
    Files::complete().commit(&test, "2026-06-12").await;
    test.on("2026-06-15");
    let early = RunKind::Closing { replace: None, early: true, incomplete: false };
    close(&test, Some(month()), &early).await.unwrap();
    assert_eq!(daily_run(&mut test, "2026-06-19").await, "");
}

/// Whoever has the month decides with what it is closed: what the other one does is not known yet.
#[tokio::test]
async fn whether_all_was_read_is_asked_once_the_month_is_ours() {
    let mut test = TestEnvironment::new();
    test.on("2026-06-24");
    let lease = truecount_store::Run::lease_name(month(), true);
    let held = truecount_store::Lease::acquire(&test.env.store, &lease, soon().at).await.unwrap();
    assert!(matches!(held, truecount_store::LeaseOutcome::Held(_)));
    let answer = reconcile(&test.env, &test.config, None, &BY_HAND, soon()).await.unwrap();
    assert_eq!(answer, ReconcileAnswer::Busy { month: month() }, "nothing was read, and another one closes it");
}
