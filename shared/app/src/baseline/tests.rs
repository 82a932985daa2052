//! What can be accepted as the starting point, and what the runs after it say.

use truecount_reconciliation::{BaselineState, OutcomeLine, PortfolioRecord};

use super::*;
use crate::stored_outcome::outcome_of;
use crate::test_environment::{TODAY, TestEnvironment, billed, month, soon, used};
use crate::{MailPolicy, ReconcileAnswer, RunKind, reconcile, report};

fn request(run_id: Option<&str>) -> BaselineRequest {
    BaselineRequest { run_id: run_id.map(str::to_owned), actor: "kim".to_owned(), note: " looked through ".to_owned() }
}

async fn accept(test: &TestEnvironment, run_id: Option<&str>) -> Result<AcceptedNow, String> {
    accept_baseline(&test.env, &test.config, &request(run_id)).await.map_err(|error| error.to_string())
}

async fn run(test: &TestEnvironment, kind: RunKind) -> Run {
    let answer = reconcile(&test.env, &test.config, None, &kind, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, month, .. } = answer else { panic!("{answer:?}") };
    Run::load(&test.env.store, month, &run_id).await.unwrap().unwrap()
}

fn closing(replace: Option<&Run>) -> RunKind {
    RunKind::Closing { replace: replace.map(|run| run.run_id.clone()), early: false, incomplete: false }
}

async fn portfolio(test: &TestEnvironment, run: &Run) -> PortfolioRecord {
    let stored = outcome_of(&test.env, run).await.unwrap();
    let Some(Ok(OutcomeLine::Portfolio(portfolio))) = stored.lines().next() else { panic!("no portfolio") };
    *portfolio
}

#[tokio::test]
async fn only_the_list_of_a_closing_run_that_compared_something_is_accepted() {
    let test = TestEnvironment::synced().await;
    let draft = run(&test, RunKind::Draft).await;
    assert!(accept(&test, None).await.unwrap_err().starts_with("no month was closed yet"));
    let error = accept(&test, Some(&draft.run_id)).await.unwrap_err();
    assert!(error.contains("is a draft"), "{error}");
    for unknown in ["2026-06-c1-0", "x", "\u{e9}\u{e9}\u{e9}\u{e9}"] {
        assert!(accept(&test, Some(unknown)).await.unwrap_err().starts_with("there is no run `"), "{unknown}");
    }
    let first = run(&test, closing(None)).await;
    let second = run(&test, closing(Some(&first))).await;
    let error = accept(&test, Some(&first.run_id)).await.unwrap_err();
    assert!(error.contains("was replaced") && error.contains(&second.run_id), "{error}");
    let long = BaselineRequest { note: "x".repeat(NOTE_MAX + 1), ..request(None) };
    assert!(accept_baseline(&test.env, &test.config, &long).await.is_err());
    assert_eq!(BaselineRecord::current(&test.env.store).await.unwrap(), None);

    let accepted = accept(&test, None).await.unwrap();
    assert_eq!((accepted.record.number, accepted.record.exceptions, accepted.already), (1, 2, false));
    assert_eq!(
        (accepted.record.run_id.as_str(), accepted.record.note.as_str()),
        (second.run_id.as_str(), "looked through")
    );
    assert_eq!(accepted.record.accepted_on, TODAY.parse().unwrap());
    let again = accept(&test, Some(&second.run_id)).await.unwrap();
    assert_eq!((again.record, again.already, again.before), (accepted.record, true, None));
}

#[tokio::test]
async fn a_run_that_compared_nothing_is_no_starting_point() {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    let kind = RunKind::Closing { replace: None, early: false, incomplete: true };
    let closed = run(&test, kind).await;
    let error = accept(&test, None).await.unwrap_err();
    assert!(error.starts_with(&format!("run `{}` has compared nothing", closed.run_id)), "{error}");
    assert_eq!(BaselineRecord::current(&test.env.store).await.unwrap(), None);
}

#[tokio::test]
async fn a_run_is_pinned_to_the_baseline_of_its_time() {
    let mut test = TestEnvironment::synced().await;
    let june = run(&test, closing(None)).await;
    assert!(portfolio(&test, &june).await.is_first_comparison());
    accept(&test, None).await.unwrap();
    assert_eq!(run(&test, closing(None)).await.run_id, june.run_id, "it stays the run that it was");
    assert!(portfolio(&test, &june).await.is_first_comparison());

    let (july, day) = (month().next(), "2026-07-31");
    test.on(day);
    // One of the two is settled, and one client is new.
    let lines = [billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1), billed("c3", "Far Farm", 1)];
    test.commit("psa", day, &lines).await;
    let items = [used("a1", "Harbour Dental", 3), used("a2", "Quiet Quay", 1), used("a3", "Far Farm", 4)];
    test.commit("rmm", day, &items).await;
    let closed = run(&test, closing(None)).await;
    let found = portfolio(&test, &closed).await;
    let Some(BaselineState::Accepted(accepted)) = &found.baseline else { panic!("{:?}", found.baseline) };
    assert_eq!((accepted.month, accepted.exceptions, accepted.actor.as_str()), (month(), 2, "kim"));
    let answer = report(&test.env, &test.config, july, None, MailPolicy::Usual, soon()).await.unwrap();
    let crate::ReportAnswer::Reported { overview, .. } = answer else { panic!("{answer:?}") };
    let overview = overview.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = "Opening list of June 2026: 1 of 2 still open, worth GBP 45.50 to add a month. New since: 1, worth GBP 136.50 to add a month.";
    assert!(overview.contains(told) && overview.contains("TO ADD GBP 182.00"), "{overview}");
    let replayed = crate::replay(&closed.folder(&test.env.store), &crate::Quiet).await.unwrap();
    assert!(replayed.iter().all(|file| file.state == crate::ReplayState::Same), "{replayed:?}");

    accept(&test, None).await.unwrap();
    let draft = run(&test, RunKind::Draft).await;
    let Some(BaselineState::Accepted(accepted)) = portfolio(&test, &draft).await.baseline else { panic!() };
    assert_eq!(accepted.month, july, "the last one counts");
}
