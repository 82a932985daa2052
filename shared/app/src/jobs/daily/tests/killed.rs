//! Daily runs of a closing that waits, killed wherever they wait for something: one closing, and to each group one mail of
//! each kind and day, or a second that says that it may be one.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use truecount_billing::ReadReason;
use truecount_store::{Closing, Fence, Run, RunState, SyncStatus};

use super::{Files, daily_run};
use crate::test_environment::{TestEnvironment, month};

/// Days on which the closing waits, and the one on which it waits no longer.
const DAYS: [&str; 3] = ["2026-06-24", "2026-06-25", "2026-06-26"];

/// A run of a day is killed after so many steps, and each time after so many more, until it comes to its end;
/// `TRUECOUNT_EVERY_REQUEST=1`: after each step.
const STEPS: [usize; 3] = [11, 13, 41];

/// Runs it for so many steps, and then drops it; `None`: it was killed.
async fn killed_after<T>(steps: usize, mut run: Pin<Box<dyn Future<Output = T> + '_>>) -> Option<T> {
    let mut left = steps;
    poll_fn(|context| {
        let Some(rest) = left.checked_sub(1) else { return Poll::Ready(None) };
        left = rest;
        run.as_mut().poll(context).map(Some)
    })
    .await
}

/// A daily run, apart: it is large, and there are several in one test.
fn run<'t>(test: &'t mut TestEnvironment, day: &'t str) -> Pin<Box<dyn Future<Output = String> + 't>> {
    Box::pin(daily_run(test, day))
}

/// A month whose RMM can no longer be read. What is killed leaves its lease to the next process of the machine.
async fn waiting() -> TestEnvironment {
    let mut test = TestEnvironment::new();
    test.work_alone();
    run(&mut test, "2026-06-10").await;
    Files::complete().commit(&test, "2026-06-23").await;
    test
}

async fn fail(test: &TestEnvironment, day: &str) {
    let failure = ReadReason::NoCredential { detail: "the key is revoked".to_owned() };
    test.fail("rmm", day, failure).await;
}

/// The RMM is read again.
async fn mend(test: &TestEnvironment, day: &str) {
    Files::complete().commit(test, day).await;
    let (source, as_of) = ("rmm".parse().unwrap(), day.parse().unwrap());
    let status = SyncStatus { source, as_of, at: test.env.clock.now(), failure: None, vendor_ahead_seconds: None };
    status.save(&test.env.store, Fence::NONE).await.unwrap();
}

/// The mails that went out, those of the report of this run alone.
fn mails(test: &TestEnvironment, run_id: &str, at: &str) -> Vec<String> {
    let mut attempts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for mail in test.mailer.mails() {
        let is_of_run = String::from_utf8_lossy(&mail.raw).contains(run_id);
        assert!(is_of_run || mail.key.contains("not-ready"), "{at}: {} is of another run", mail.key);
        attempts.entry(mail.key).or_default().push(mail.attempt);
    }
    for (key, attempts) in &attempts {
        assert!(matches!(attempts[..], [1] | [2] | [1, 2]), "{at}: {key} {attempts:?}");
    }
    attempts.into_keys().collect()
}

/// Goes through the days, of which one is killed after so many steps; whether it was killed before its end. `is_mended`:
/// after that, the RMM is read again and the month is ready.
async fn days(nth: usize, steps: usize, is_mended: bool) -> bool {
    let at = format!("{}, after {steps} steps, mended {is_mended}", DAYS[nth]);
    let mut test = waiting().await;
    let mut was_killed = false;
    for day in DAYS {
        fail(&test, day).await;
        if day == DAYS[nth] {
            was_killed = killed_after(steps, run(&mut test, day)).await.is_none();
            if is_mended {
                mend(&test, day).await;
            }
        }
        let said = run(&mut test, day).await;
        if day == DAYS[nth] && is_mended {
            assert!(!said.contains("not-ready"), "{at}: {said}");
        }
        run(&mut test, day).await;
    }
    let store = &test.env.store;
    let closings = Closing::list(store, month()).await.unwrap();
    assert_eq!(closings.len(), 1, "{at}: {closings:?}");
    let run_id = Closing::current_run_id(store, month()).await.unwrap().unwrap();
    let closed = Run::load(store, month(), &run_id).await.unwrap().unwrap();
    assert!(closed.state == RunState::Reported && closed.is_mailed, "{at}: {closed:?}");
    let (waited, reports): (Vec<String>, Vec<String>) =
        mails(&test, &run_id, &at).into_iter().partition(|key| key.contains("not-ready"));
    assert_eq!(reports, ["2026-06-closing-1-clerk", "2026-06-closing-1-owner"], "{at}");
    // On the day on which it is mended, what was killed may have said that it waits.
    let said = |days: usize| 2 * days;
    let (least, most) = if is_mended && nth < 2 { (said(nth), said(nth + 1)) } else { (said(2), said(2)) };
    assert!((least..=most).contains(&waited.len()), "{at}: {waited:?}");
    was_killed
}

#[tokio::test]
async fn a_closing_that_waits_survives_a_kill_at_any_step() {
    let is_each = std::env::var_os("TRUECOUNT_EVERY_REQUEST").is_some();
    let mut kills = [0; DAYS.len()];
    for (nth, stride) in STEPS.into_iter().enumerate() {
        for (more, is_mended) in [(0, false), (stride / 2, true)] {
            let (mut steps, stride) = if is_each { (0, 1) } else { (more, stride) };
            while Box::pin(days(nth, steps, is_mended)).await {
                kills[nth] += 1;
                steps += stride;
            }
        }
    }
    assert!(kills.iter().all(|kills| *kills >= 2), "{kills:?}");
}
