//! Closings of several months, each of which goes on from the one before.

use truecount_reconciliation::{
    ClientRecord, ClosedBecause, ClosedException, ExceptionState, OutcomeLine, RowHistory, RowKind,
};
use truecount_store::{Fence, HISTORY_FILE, Run, RunState};

use crate::stored_outcome::outcome_of;
use crate::test_environment::{Content, TestEnvironment, billed, soon, used};
use crate::{MailPolicy, Quiet, ReconcileAnswer, ReplayState, RunKind};

const JUNE: &str = "2026-06-30";
const JULY: &str = "2026-07-31";
const AUGUST: &str = "2026-08-31";

/// Billed for two, with so many used; billed for one, with one used; billed for nothing, with one used.
async fn sync(test: &mut TestEnvironment, day: &str, servers: u32) {
    test.on(day);
    let unbilled = Content { lines: Vec::new(), ..billed("c3", "Third Wave", 1) };
    test.commit("psa", day, &[billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1), unbilled]).await;
    let accounts = [used("a1", "Harbour Dental", servers), used("a2", "Quiet Quay", 1), used("a3", "Third Wave", 1)];
    test.commit("rmm", day, &accounts).await;
}

async fn run(test: &TestEnvironment, kind: &RunKind) -> Run {
    let answer = crate::reconcile(&test.env, &test.config, None, kind, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, month, .. } = answer else { panic!("{answer:?}") };
    crate::report(&test.env, &test.config, month, Some(&run_id), MailPolicy::Off, soon()).await.unwrap();
    Run::load(&test.env.store, month, &run_id).await.unwrap().unwrap()
}

async fn close(test: &TestEnvironment) -> Run {
    run(test, &RunKind::Closing { replace: None, early: false, incomplete: false }).await
}

async fn clients(test: &TestEnvironment, run: &Run) -> Vec<ClientRecord> {
    let outcome = outcome_of(&test.env, run).await.unwrap();
    let clients = outcome.lines().filter_map(|line| match line.unwrap() {
        OutcomeLine::Client(client) => Some(*client),
        _ => None,
    });
    clients.collect()
}

/// What is known of a client's row, and what was closed of it.
async fn of(test: &TestEnvironment, run: &Run, client: &str) -> (Option<RowHistory>, Vec<ClosedException>) {
    let found = clients(test, run).await.into_iter().find(|one| one.client_id.as_str() == client);
    let mut found = found.unwrap_or_else(|| panic!("{client}"));
    (found.rows.pop().and_then(|row| row.history), found.closed)
}

/// Number, state and months open.
async fn told(test: &TestEnvironment, run: &Run, client: &str) -> Option<(Option<u32>, ExceptionState, u32)> {
    of(test, run, client).await.0.map(|of| (of.number, of.state, of.months_open))
}

#[tokio::test]
async fn an_exception_keeps_its_number_and_ages_by_closings_only() {
    let mut test = TestEnvironment::new();
    sync(&mut test, JUNE, 3).await;
    let draft = run(&test, &RunKind::Draft).await;
    assert_eq!((told(&test, &draft, "c1").await, &draft.history), (None, &None), "no month was closed yet");
    let june = close(&test).await;
    assert_eq!(told(&test, &june, "c1").await, Some((Some(1), ExceptionState::New, 1)));
    assert_eq!(told(&test, &june, "c3").await, Some((Some(2), ExceptionState::New, 1)));

    sync(&mut test, JULY, 3).await;
    for _ in 0..2 {
        let draft = run(&test, &RunKind::Draft).await;
        assert_eq!(told(&test, &draft, "c1").await, Some((Some(1), ExceptionState::Open, 2)));
        assert_eq!(draft.history, None);
    }
    sync(&mut test, AUGUST, 5).await;
    let august = close(&test).await;
    let (history, _) = of(&test, &august, "c1").await;
    let history = history.unwrap();
    assert_eq!((history.number, history.state, history.months_open), (Some(1), ExceptionState::Changed, 2));
    assert_eq!(history.since.to_string(), "2026-06");
    let lost: Vec<String> = history.so_far.lost.values().map(ToString::to_string).collect();
    assert_eq!(lost, ["45.50"], "July was not closed");
    assert_eq!(august.manifest.history.unwrap().last_closing.unwrap().to_string(), "2026-06");
}

#[tokio::test]
async fn what_is_gone_is_closed_and_what_was_not_read_is_not() {
    let mut test = TestEnvironment::new();
    sync(&mut test, JUNE, 3).await;
    close(&test).await;
    // The next month's devices were not read, and the newest sync is too old.
    test.on(AUGUST);
    let all = [billed("c1", "Harbour Dental", 3), billed("c2", "Quiet Quay", 1)];
    let unbilled = Content { lines: Vec::new(), ..billed("c3", "Third Wave", 1) };
    let [one, two] = all;
    test.commit("psa", AUGUST, &[one, two, unbilled]).await;
    let august = close(&test).await;
    let found = clients(&test, &august).await;
    assert!(found.iter().all(|client| client.closed.is_empty()), "{found:?}");
    assert_eq!(found[0].rows[0].kind, RowKind::NotReconciled);
    assert_eq!(told(&test, &august, "c1").await, Some((Some(1), ExceptionState::Open, 1)), "it does not age");
    assert!(found[2].rows.is_empty(), "nothing is billed, and nobody knows what is used");
    let not_known: Vec<u32> = found.iter().flat_map(|client| &client.not_known).map(|one| one.number).collect();
    assert_eq!(not_known, [1, 2]);

    let september = "2026-09-30";
    test.on(september);
    test.commit("psa", september, &[billed("c1", "Harbour Dental", 3), billed("c2", "Quiet Quay", 1)]).await;
    test.commit("rmm", september, &[used("a1", "Harbour Dental", 3), used("a2", "Quiet Quay", 1)]).await;
    let run = close(&test).await;
    let (history, closed) = of(&test, &run, "c1").await;
    assert_eq!((history, closed[0].earlier.number, closed[0].because), (None, 1, ClosedBecause::Agrees));
    let (_, closed) = of(&test, &run, "c3").await;
    assert_eq!((closed[0].earlier.number, closed[0].because), (2, ClosedBecause::ClientGone));

    let october = "2026-10-31";
    sync(&mut test, october, 4).await;
    let run = close(&test).await;
    assert_eq!(told(&test, &run, "c1").await, Some((Some(1), ExceptionState::Reopened, 1)));
}

#[tokio::test]
async fn a_closing_that_is_replaced_counts_once() {
    let mut test = TestEnvironment::new();
    sync(&mut test, JUNE, 2).await;
    let first = close(&test).await;
    assert_eq!(told(&test, &first, "c3").await.unwrap().0, Some(1));
    sync(&mut test, JUNE, 3).await;
    let replace = RunKind::Closing { replace: Some(first.run_id.clone()), early: false, incomplete: false };
    let second = run(&test, &replace).await;
    assert_eq!(told(&test, &second, "c3").await, Some((Some(1), ExceptionState::New, 1)), "its number stays");
    assert_eq!(told(&test, &second, "c1").await, Some((Some(2), ExceptionState::New, 1)));
    sync(&mut test, JULY, 3).await;
    let july = close(&test).await;
    assert_eq!(told(&test, &july, "c1").await, Some((Some(2), ExceptionState::Open, 2)));
    assert_eq!(told(&test, &july, "c3").await, Some((Some(1), ExceptionState::Open, 2)));
}

#[tokio::test]
async fn an_interrupted_closing_leaves_the_same_history() {
    let mut test = TestEnvironment::new();
    sync(&mut test, JUNE, 3).await;
    close(&test).await;
    sync(&mut test, JULY, 4).await;
    let july = close(&test).await;
    // As a worker leaves it that dies after writing the history.
    let dead = Run { state: RunState::Frozen, summary: None, outcome_sha256: None, history: None, ..july.clone() };
    dead.save(&test.env.store, Fence::at(i64::MAX / 2)).await.unwrap();
    let again = crate::jobs::reconcile::base::base(&test.env, july.manifest.month, &july.manifest.rules_sha256)
        .await
        .unwrap()
        .unwrap();
    assert!(again.0.is_by_same_rules);
    let by_others = crate::jobs::reconcile::base::base(&test.env, july.manifest.month, "other").await.unwrap().unwrap();
    assert!(!by_others.0.is_by_same_rules);
    assert_eq!(Some(again.0), july.manifest.history, "what is not reconciled has left nothing");
    let frozen = truecount_store::FrozenRun::open(july.folder(&test.env.store)).await.unwrap();
    let compared = crate::jobs::reconcile::compare_run(&frozen, &Quiet).await.unwrap();
    let (bytes, next_number) = compared.history.unwrap();
    let left = july.history.as_ref().unwrap();
    assert_eq!((truecount_store::sha256_hex(&bytes), next_number), (left.sha256.clone(), left.next_number));
}

#[tokio::test]
async fn a_run_with_a_history_comes_out_the_same_from_its_folder() {
    let mut test = TestEnvironment::new();
    sync(&mut test, JUNE, 3).await;
    let june = close(&test).await;
    sync(&mut test, JULY, 4).await;
    for run in [run(&test, &RunKind::Draft).await, close(&test).await] {
        let replayed = crate::replay(&run.folder(&test.env.store), &Quiet).await.unwrap();
        let names: Vec<&str> = replayed.iter().map(|file| file.name.as_str()).collect();
        assert!(names.contains(&"inputs/history.jsonl.gz"), "{names:?}");
        assert_eq!(names.contains(&HISTORY_FILE), run.manifest.closing.is_some());
        assert!(replayed.iter().all(|file| file.state == ReplayState::Same), "{replayed:?}");
    }
    let place = june.folder(&test.env.store).location();
    std::fs::remove_file(std::path::Path::new(&place).join(HISTORY_FILE)).unwrap();
    let error = crate::jobs::reconcile::base::base(&test.env, "2026-09".parse().unwrap(), "").await;
    assert!(error.is_ok(), "only July's is gone on from");
    let error =
        crate::jobs::reconcile::base::base(&test.env, "2026-07".parse().unwrap(), "").await.unwrap_err().to_string();
    assert!(error.contains(&format!("--run {}", june.run_id)), "{error}");
    crate::report(&test.env, &test.config, june.manifest.month, Some(&june.run_id), MailPolicy::Off, soon())
        .await
        .unwrap();
    crate::jobs::reconcile::base::base(&test.env, "2026-07".parse().unwrap(), "").await.unwrap();
}
