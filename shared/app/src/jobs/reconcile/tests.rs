//! Which run a reconcile works on, who may, and what it leaves behind when it may not.

use truecount_store::{Fence, IgnoreReason, LeaseOutcome, MappingDecision};

use super::*;
use crate::test_environment::{RULES, SETTINGS, TODAY, TestEnvironment, config, month, soon, used};

fn closing(replace: Option<&str>) -> RunKind {
    RunKind::Closing { replace: replace.map(str::to_owned), early: false, incomplete: false }
}

async fn reconcile_june(test: &TestEnvironment, kind: &RunKind) -> Result<ReconcileAnswer, AppError> {
    reconcile(&test.env, &test.config, Some(month()), kind, soon()).await
}

/// Run, summary, and whether it was done already.
async fn reconciled(test: &TestEnvironment, kind: &RunKind) -> (String, RunSummary, bool) {
    let answer = reconcile_june(test, kind).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, summary, already, month: of, overview } = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(of, month());
    assert!(overview.contains("First comparison, not yet confirmed"), "{overview}");
    (run_id, summary, already)
}

async fn lease(test: &TestEnvironment, is_closing: bool, deadline: Deadline) -> Lease {
    let name = Run::lease_name(month(), is_closing);
    let held = Lease::acquire(&test.env.store, &name, deadline.at).await.unwrap();
    let LeaseOutcome::Held(lease) = held else { panic!("somebody else has {name}") };
    lease
}

async fn run(test: &TestEnvironment, run_id: &str) -> Run {
    Run::load(&test.env.store, month(), run_id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_month_is_closed_once_whatever_changes_afterwards() {
    let test = TestEnvironment::synced().await;
    let (first, summary, already) = reconciled(&test, &closing(None)).await;
    assert_eq!((summary.exceptions, already), (2, false), "one too few, one without usage");
    let stored = run(&test, &first).await;
    assert_eq!((stored.state, &stored.summary), (RunState::Reconciled, &Some(summary.clone())));

    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 2), used("a2", "Quiet Quay", 1)]).await;
    assert_eq!(reconciled(&test, &closing(None)).await, (first.clone(), summary, true));
    assert_eq!(run(&test, &first).await, stored);
    let (draft, now, _) = reconciled(&test, &RunKind::Draft).await;
    assert_ne!(draft, first);
    assert_eq!(now.exceptions, 0, "a draft is of what is there now");
}

#[tokio::test]
async fn a_closing_is_replaced_by_the_name_of_its_run_only() {
    let test = TestEnvironment::synced().await;
    let error = reconcile_june(&test, &closing(Some("2026-06-c1-0"))).await.unwrap_err();
    assert!(matches!(&error, AppError::Store(_)), "{error}");
    assert_eq!(Closing::list(&test.env.store, month()).await.unwrap(), [], "nothing is claimed");

    let (first, ..) = reconciled(&test, &closing(None)).await;
    let (draft, ..) = reconciled(&test, &RunKind::Draft).await;
    assert!(reconcile_june(&test, &closing(Some(&draft))).await.is_err());
    assert_eq!(Closing::current_run_id(&test.env.store, month()).await.unwrap(), Some(first.clone()));

    let (second, _, already) = reconciled(&test, &closing(Some(&first))).await;
    assert!(!already && second != first);
    assert_eq!(run(&test, &second).await.manifest.replaces, Some(first.clone()));
    assert_eq!(reconciled(&test, &closing(Some(&first))).await.0, second, "asked again: the same replacement");
    assert_eq!(reconciled(&test, &closing(None)).await.0, second);
}

#[tokio::test]
async fn drafts_and_closings_wait_for_their_own_kind_only() {
    let test = TestEnvironment::synced().await;
    let held = lease(&test, true, soon()).await;
    assert_eq!(reconcile_june(&test, &closing(None)).await.unwrap(), ReconcileAnswer::Busy { month: month() });
    assert_eq!(Closing::list(&test.env.store, month()).await.unwrap(), [], "whoever waits claims nothing");
    reconciled(&test, &RunKind::Draft).await;
    held.release(&test.env.store).await.unwrap();
    reconciled(&test, &closing(None)).await;
}

#[tokio::test]
async fn a_worker_that_was_overtaken_stores_nothing() {
    let test = TestEnvironment::synced().await;
    let late = lease(&test, true, Deadline::in_seconds(-60)).await;
    let count_day = CountDay(TODAY.parse().unwrap());
    let (env, config) = (&test.env, &test.config);
    let reconcile = MonthReconcile { env, config, month: month(), count_day, is_incomplete: false, lease: &late };
    let frozen = reconcile.frozen_run(&closing(None)).await.unwrap();
    let (run_id, summary, _) = reconciled(&test, &closing(None)).await;
    assert_eq!(run_id, frozen.run_id, "the newer worker continues what the late one has frozen");
    let error = reconcile.compare_and_store(frozen).await.unwrap_err();
    assert!(matches!(&error, AppError::Store(truecount_store::StoreError::Fenced(_))), "{error}");
    assert_eq!(run(&test, &run_id).await.summary, Some(summary));
}

#[tokio::test]
async fn a_run_that_was_only_frozen_is_compared_by_what_was_frozen() {
    let test = TestEnvironment::synced().await;
    let (run_id, expected, _) = reconciled(&test, &closing(None)).await;
    let finished = run(&test, &run_id).await;
    let frozen =
        Run { state: RunState::Frozen, summary: None, outcome_sha256: None, history: None, ..finished.clone() };
    // As a worker leaves it that dies after freezing; meanwhile an account is mapped otherwise and one is synced again.
    frozen.save(&test.env.store, Fence::at(i64::MAX / 2)).await.unwrap();
    test.decide("a1", MappingDecision::Ignored { reason: IgnoreReason::Internal }, None).await;
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 9)]).await;
    let frozen = FrozenRun::open(frozen.folder(&test.env.store)).await.unwrap();
    let ComparedRun { portfolio, readings, .. } = compare_run(&frozen, &crate::Quiet).await.unwrap();
    assert_eq!(RunSummary::of(&portfolio, &readings), expected);
}

#[tokio::test]
async fn a_closing_that_failed_takes_what_was_mended_since() {
    let test = TestEnvironment::synced().await;
    let held = lease(&test, true, soon()).await;
    let count_day = CountDay(TODAY.parse().unwrap());
    let (env, config) = (&test.env, &test.config);
    let first = MonthReconcile { env, config, month: month(), count_day, is_incomplete: false, lease: &held };
    let failed = first.frozen_run(&closing(None)).await.unwrap();
    assert_eq!(first.frozen_run(&closing(None)).await.unwrap(), failed, "nothing was mended: the same run");
    held.release(&test.env.store).await.unwrap();

    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 2), used("a2", "Quiet Quay", 1)]).await;
    let (run_id, summary, already) = reconciled(&test, &closing(None)).await;
    assert_ne!(run_id, failed.run_id);
    assert_eq!((summary.exceptions, already), (0, false));
    assert_eq!(Closing::current_run_id(&test.env.store, month()).await.unwrap(), Some(run_id.clone()));
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 7)]).await;
    assert_eq!(reconciled(&test, &closing(None)).await.0, run_id, "from now on it stands");
}

#[tokio::test]
async fn an_error_gives_the_lease_back() {
    let mut test = TestEnvironment::synced().await;
    let good = test.config.clone();
    let usage_only = SETTINGS.replace("id = \"psa\"", "id = \"psa\"\nenabled = false");
    let two_psas = SETTINGS.replace("side = \"used\"", "side = \"agreed\"");
    for settings in [usage_only, two_psas] {
        test.config = config(&settings, crate::test_environment::FLAT_RULES);
        for kind in [RunKind::Draft, closing(None)] {
            let error = reconcile_june(&test, &kind).await.unwrap_err();
            assert!(matches!(&error, AppError::Settings { .. }), "{error}");
        }
    }
    assert_eq!(Closing::list(&test.env.store, month()).await.unwrap(), [], "no run is possible: nothing is claimed");
    test.config = good;
    reconciled(&test, &closing(None)).await;
    reconciled(&test, &RunKind::Draft).await;
}

fn day_of(month: Option<&str>, kind: &RunKind, today: &str) -> Result<String, String> {
    let month = month.map(|month| month.parse().unwrap());
    match month_and_count_day(month, kind, &Calendar::default(), today.parse().unwrap()) {
        Ok((month, day)) => Ok(format!("{month} {}", day.0)),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn the_count_day_is_today_within_the_month_and_its_last_day_afterwards() {
    for (month, today, expected) in [
        (None, "2026-06-12", "2026-06 2026-06-12"),
        (Some("2026-06"), "2026-06-12", "2026-06 2026-06-12"),
        (Some("2026-06"), "2026-06-30", "2026-06 2026-06-30"),
        (Some("2026-06"), "2026-07-02", "2026-06 2026-06-30"),
        (Some("2026-02"), "2026-07-02", "2026-02 2026-02-28"),
    ] {
        assert_eq!(day_of(month, &RunKind::Draft, today).as_deref(), Ok(expected), "{today}");
    }
    let next = day_of(Some("2026-07"), &RunKind::Draft, "2026-06-30").unwrap_err();
    assert_eq!(next, "2026-07 has not begun yet; today is 2026-06-30");
}

#[test]
fn a_closing_is_of_the_month_that_is_due_and_never_early_unless_asked() {
    // The closing day of June is the 24th, that of July the 27th.
    for (month, today, expected) in [
        (None, "2026-06-24", "2026-06 2026-06-24"),
        (None, "2026-07-03", "2026-06 2026-06-30"),
        (None, "2026-07-26", "2026-06 2026-06-30"),
        (None, "2026-07-27", "2026-07 2026-07-27"),
        (Some("2026-06"), "2026-07-03", "2026-06 2026-06-30"),
        (Some("2026-05"), "2026-07-03", "2026-05 2026-05-31"),
    ] {
        assert_eq!(day_of(month, &closing(None), today).as_deref(), Ok(expected), "{month:?} on {today}");
    }
    let early = RunKind::Closing { replace: None, early: true, incomplete: false };
    assert_eq!(day_of(Some("2026-07"), &early, "2026-07-03").as_deref(), Ok("2026-07 2026-07-03"));
    assert_eq!(day_of(None, &early, "2026-07-03").as_deref(), Ok("2026-06 2026-06-30"), "a month is named to be early");
    for kind in [closing(None), closing(Some("2026-07-c1-0"))] {
        let refused = day_of(Some("2026-07"), &kind, "2026-07-26").unwrap_err();
        assert_eq!(
            refused,
            "the closing day of 2026-07 is 2026-07-27, and today is 2026-07-26: what is used until then would never be \
             compared. To close it now all the same, ask for it: `--early`"
        );
    }
    assert!(day_of(Some("2026-08"), &early, "2026-07-03").unwrap_err().contains("has not begun"));
}

/// Every day of a year, in several calendars: without a month it is the newest whose closing day has come; a month that is
/// named is closed from its closing day on.
#[test]
fn no_day_of_a_year_closes_a_wrong_month_or_an_early_one() {
    let calendars = [
        "",
        "day = \"last\"",
        "invoice_day = 15",
        "day = 1\nmonth = \"same\"",
        "invoice_day = 1\nworking_days_before = 20",
    ];
    let mut closed = 0;
    for text in calendars {
        let calendar = config(&format!("[closing]\n{text}\n{SETTINGS}"), RULES).settings.closing;
        let mut today: Date = "2026-01-01".parse().unwrap();
        while today.year() == 2026 {
            let (due, _) = month_and_count_day(None, &closing(None), &calendar, today).unwrap();
            assert!(calendar.closing_day(due) <= today && calendar.closing_day(due.next()) > today, "{text}: {today}");
            let mut month: BillingMonth = "2025-10".parse().unwrap();
            while month <= BillingMonth::of(today).next() {
                let result = month_and_count_day(Some(month), &closing(None), &calendar, today);
                let has_come = calendar.closing_day(month) <= today && month <= BillingMonth::of(today);
                assert_eq!(result.is_ok(), has_come, "{text}: {month} on {today}");
                if let Ok((closed_month, CountDay(day))) = result {
                    closed += 1;
                    assert!(closed_month == month && day <= today && BillingMonth::of(day) == month, "{text}: {day}");
                }
                month = month.next();
            }
            today = today.tomorrow().unwrap();
        }
    }
    assert!(closed > 12 * 365, "{closed}");
}

#[tokio::test]
async fn a_clock_that_all_vendors_contradict_closes_nothing() {
    let test = TestEnvironment::synced().await;
    let tell = async |source: &str, ahead| {
        let (source, as_of, at) = (source.parse().unwrap(), TODAY.parse().unwrap(), test.env.clock.now());
        let status = SyncStatus { source, as_of, at, failure: None, vendor_ahead_seconds: ahead };
        status.save(&test.env.store, Fence::NONE).await.unwrap();
    };
    tell("psa", Some(-7_260)).await;
    tell("rmm", None).await;
    let error = reconcile_june(&test, &closing(None)).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "this machine's clock is 121 minutes ahead of that of `psa`: set it from the network (NTP), then \
         `truecount sync`, and close the month again"
    );
    assert_eq!(Closing::list(&test.env.store, month()).await.unwrap(), [], "nothing is claimed");
    reconciled(&test, &RunKind::Draft).await;
    tell("rmm", Some(3_601)).await;
    let error = reconcile_june(&test, &closing(None)).await.unwrap_err().to_string();
    assert!(error.contains("60 minutes behind that of `rmm`"), "{error}");
    // Only one vendor's clock is wrong.
    tell("rmm", Some(3_600)).await;
    reconciled(&test, &closing(None)).await;
}
