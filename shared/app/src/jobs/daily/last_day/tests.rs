//! Changes that a closing asked for, as the PSA has them afterwards.

use truecount_billing::{Account, Measure, ReadReason, ReadState};
use truecount_reconciliation::{ActionKind, ActionRequest};
use truecount_store::RepeatOf;

use super::*;
use crate::actions::{self, ActionBoard};
use crate::jobs::reconcile::{RunKind, reconcile};
use crate::test_environment::{Content, TODAY, TestEnvironment, billed, month, soon, used};

const CLOSING: RunKind = RunKind::Closing { replace: None, early: false, incomplete: false };

/// The day after June was closed, which is also its invoice date.
const NEXT_DAY: &str = "2026-07-01";

/// June is closed: one server is to be added at Harbour Dental, and the one of Quiet Quay to be removed. Then the PSA says
/// this.
async fn after(lines: &[Content]) -> LastDayReview {
    after_closing(TestEnvironment::synced().await, lines).await
}

async fn after_closing(mut test: TestEnvironment, lines: &[Content]) -> LastDayReview {
    reconcile(&test.env, &test.config, Some(month()), &CLOSING, soon()).await.unwrap();
    if !lines.is_empty() {
        test.on(NEXT_DAY);
        test.commit("psa", NEXT_DAY, lines).await;
    }
    let Some(Notice::LastDay(review)) = review(&test.env, &test.config, month()).await.unwrap() else { panic!() };
    review
}

fn names(changes: &Counted<AskedChange>) -> String {
    let name = |change: &AskedChange| {
        let impact = change.monthly_impact.map(|(currency, amount)| format!("{currency} {amount}")).unwrap_or_default();
        format!("{} {}>{} {impact}", change.client_name, change.from, change.to)
    };
    changes.first.iter().map(name).collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn what_was_asked_for_is_done_open_or_something_else() {
    let (add, remove) = ("Harbour Dental 2>3 GBP 45.50", "Quiet Quay 1>0 GBP -45.50");
    for (harbour, quay, done, open, otherwise) in [
        (2, Some(1), String::new(), format!("{add}; {remove}"), ""),
        (3, Some(1), add.to_owned(), remove.to_owned(), ""),
        (3, Some(0), format!("{add}; {remove}"), String::new(), ""),
        // A line that is gone bills nothing.
        (2, None, remove.to_owned(), add.to_owned(), ""),
        (5, None, remove.to_owned(), String::new(), add),
    ] {
        let mut lines = vec![billed("c1", "Harbour Dental", harbour)];
        lines.extend(quay.map(|quay| billed("c2", "Quiet Quay", quay)));
        let review = after(&lines).await;
        let found = (names(&review.done), names(&review.open), names(&review.otherwise));
        assert_eq!(found, (done, open, otherwise.to_owned()), "{harbour} and {quay:?}");
        assert_eq!(review.since, Counted::default(), "{harbour} and {quay:?}: nothing else changed");
        assert_eq!(review.read_on, Some(NEXT_DAY.parse().unwrap()));
    }
}

#[tokio::test]
async fn what_else_changed_is_named() {
    let lines = [billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1), billed("c3", "Larch Ltd", 4)];
    let review = after(&lines).await;
    let [line] = &review.since.first[..] else { panic!("{:?}", review.since) };
    assert_eq!((line.client_name.as_str(), line.from, line.to), ("c3", None, Some(Decimal::from(4))));
}

#[tokio::test]
async fn without_a_newer_sync_nothing_is_told() {
    let review = after(&[]).await;
    assert_eq!((review.read_on, review.done.count(), review.open.count()), (None, 0, 0));
}

fn unread(content: Content, read_state: ReadState) -> Content {
    let account = Account { read_state, ..content.account };
    Content { account, ..content }
}

/// Another line of the same product, which has taken the place of the one that the closing had.
fn typed_anew(client: &str, name: &str, servers: u32) -> Content {
    let mut content = billed(client, name, servers);
    content.lines[0].line_id = format!("new-line-{client}").parse().unwrap();
    content
}

/// A client whose lines are not there, because they were not read, is billed for nobody knows what.
#[tokio::test]
async fn what_was_not_read_is_not_known() {
    let fell = || {
        let (before, now) = (Decimal::from(40), Decimal::ONE);
        let (kind, as_of) = ("line".to_owned(), TODAY.parse().unwrap());
        ReadState::Doubtful(ReadReason::Dropped { kind, measure: Measure::Units, before, now, as_of })
    };
    let failed = || ReadState::Failed(ReadReason::TooManyItems);
    let partial = || ReadState::Partial(ReadReason::TooManyItems);
    let nothing = || Content { lines: Vec::new(), ..billed("c1", "Harbour Dental", 1) };
    let add = "Harbour Dental 2>3 GBP 45.50";
    for (harbour, done, unknown) in [
        (unread(nothing(), failed()), "", add),
        (unread(nothing(), partial()), "", add),
        (unread(nothing(), fell()), "", add),
        (unread(typed_anew("c1", "Harbour Dental", 3), fell()), "", add),
        // Of an account that fell only what is gone is in doubt.
        (unread(billed("c1", "Harbour Dental", 3), fell()), add, ""),
    ] {
        let read_state = harbour.account.read_state.clone();
        let review = after(&[harbour, billed("c2", "Quiet Quay", 1)]).await;
        assert_eq!((names(&review.done).as_str(), names(&review.unknown).as_str()), (done, unknown), "{read_state:?}");
        assert_eq!((review.otherwise.count(), review.since.count()), (0, 0), "{read_state:?}");
        assert_eq!(names(&review.open), "Quiet Quay 1>0 GBP -45.50");
        let [account] = &review.unread.accounts.first[..] else { panic!("{review:?}") };
        assert_eq!(
            (account.account.account_name.as_str(), Some(&account.reason)),
            ("Harbour Dental", read_state.reason())
        );
    }
}

/// Three clients; the third is billed for what it uses.
async fn three_clients() -> TestEnvironment {
    let test = TestEnvironment::synced().await;
    let clients = [billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1), billed("c3", "Larch Ltd", 4)];
    test.commit("psa", TODAY, &clients).await;
    let accounts = [used("a1", "Harbour Dental", 3), used("a2", "Quiet Quay", 0), used("a3", "Larch Ltd", 4)];
    test.commit("rmm", TODAY, &accounts).await;
    test
}

/// Many clerks end a line and type another rather than change its quantity.
#[tokio::test]
async fn a_line_that_ended_and_a_new_one_are_one_change() {
    let add = "Harbour Dental 2>3 GBP 45.50";
    for (harbour, done, open, otherwise) in [(3, add, "", ""), (2, "", add, ""), (7, "", "", add)] {
        for (larch, changed) in [(4, None), (6, Some((Some(Decimal::from(4)), Some(Decimal::from(6)))))] {
            let lines = [typed_anew("c1", "Harbour Dental", harbour), typed_anew("c3", "Larch Ltd", larch)];
            let review = after_closing(three_clients().await, &lines).await;
            let remove = "Quiet Quay 1>0 GBP -45.50";
            let expected = if done.is_empty() { remove.to_owned() } else { format!("{add}; {remove}") };
            assert_eq!(names(&review.done), expected);
            assert_eq!((names(&review.open).as_str(), names(&review.otherwise).as_str()), (open, otherwise));
            let since: Vec<_> = review.since.first.iter().map(|line| (line.from, line.to)).collect();
            assert_eq!(since, Vec::from_iter(changed), "{:?}", review.since);
        }
    }
}

/// At a client that was not read nothing else changed, as far as anybody knows.
#[tokio::test]
async fn what_was_not_read_did_not_change() {
    let failed = || ReadState::Failed(ReadReason::TooManyItems);
    let larch = Content { lines: Vec::new(), ..billed("c3", "Larch Ltd", 1) };
    let lines = |larch| [billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1), larch];
    let review = after_closing(three_clients().await, &lines(unread(larch, failed()))).await;
    assert_eq!((review.since.count(), review.unread.accounts.count()), (0, 1), "{review:?}");
    // Nor is what stands there now new, if the closing did not know what was billed.
    let test = three_clients().await;
    let larch = Content { lines: Vec::new(), ..billed("c3", "Larch Ltd", 1) };
    test.commit("psa", TODAY, &lines(unread(larch, failed()))).await;
    let review = after_closing(test, &lines(billed("c3", "Larch Ltd", 4))).await;
    assert_eq!((review.since.count(), review.unread.accounts.count()), (0, 0), "{review:?}");
}

/// Records a decision about the exceptions of a client, the day after the closing.
async fn decide(test: &mut TestEnvironment, client: &str, request: ActionRequest) {
    test.on(NEXT_DAY);
    let run = closing_run(&test.env.store, month()).await.unwrap().unwrap();
    let board = ActionBoard::load(&test.env, &run).await.unwrap();
    let one = (1..9).find_map(|number| {
        let one = board.exception(&number.to_string()).ok()?;
        (one.client_name == client).then_some(one)
    });
    let at = (NEXT_DAY.parse().unwrap(), test.env.clock.now());
    let action = board.check(one.unwrap(), &request, "kim", at).unwrap();
    actions::record(&test.env, &[action], RepeatOf::Last).await.unwrap();
}

/// What was set aside since is asked for no more; what was approved is.
#[tokio::test]
async fn what_was_set_aside_after_the_closing_is_not_asked_for() {
    let (add, remove) = ("Harbour Dental 2>3 GBP 45.50", "Quiet Quay 1>0 GBP -45.50");
    let of = |kind| ActionRequest { kind: Some(kind), note: "by phone".to_owned(), ..ActionRequest::default() };
    let accepted = ActionRequest { quantity: Some(1.into()), ..of(ActionKind::Accepted) };
    for (request, open) in [
        (of(ActionKind::Approved), format!("{add}; {remove}")),
        (of(ActionKind::Dismissed), add.to_owned()),
        (accepted.clone(), add.to_owned()),
    ] {
        let mut test = TestEnvironment::synced().await;
        reconcile(&test.env, &test.config, Some(month()), &CLOSING, soon()).await.unwrap();
        decide(&mut test, "Quiet Quay", request.clone()).await;
        test.commit("psa", NEXT_DAY, &[billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1)]).await;
        let Some(Notice::LastDay(told)) = review(&test.env, &test.config, month()).await.unwrap() else { panic!() };
        assert_eq!(names(&told.open), open, "{request:?}");
        assert_eq!(told.since, Counted::default());
    }
}
