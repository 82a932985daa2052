//! Changes that a closing asked for, as the PSA has them afterwards.

use super::*;
use crate::jobs::reconcile::{RunKind, reconcile};
use crate::test_environment::{Content, TestEnvironment, billed, month, soon};

const CLOSING: RunKind = RunKind::Closing { replace: None, early: false, incomplete: false };

/// The day after June was closed, which is also its invoice date.
const NEXT_DAY: &str = "2026-07-01";

/// June is closed: one server is to be added at Harbour Dental, and the one of Quiet Quay to be removed. Then the PSA says
/// this.
async fn after(lines: &[Content]) -> LastDayReview {
    let mut test = TestEnvironment::synced().await;
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

/// A line that begins after the invoice date, or ended before it, is not billed by it.
#[test]
fn only_what_is_billed_on_the_invoice_date_counts() {
    let day = |text: &str| Some(text.parse::<Date>().unwrap());
    let quantity = |rows: &[(i64, Option<Date>, Option<Date>)]| {
        let mut lines = SeenLines::new();
        for (quantity, from, to) in rows {
            let Content { lines: mut found, .. } = billed("c1", "Harbour Dental", 1);
            let line = BilledLine { effective_from: *from, effective_to: *to, ..found.remove(0) };
            see(&mut lines, &BilledLine { quantity: Decimal::from(*quantity), ..line }, date());
        }
        end(&mut lines, date());
        lines.values().next().map(|line| line.quantity)
    };
    assert_eq!(quantity(&[(2, None, None)]), Some(Decimal::TWO));
    assert_eq!(quantity(&[(2, None, day("2026-06-30"))]), None);
    assert_eq!(quantity(&[(2, None, day("2026-07-01"))]), Some(Decimal::TWO));
    assert_eq!(quantity(&[(2, day("2026-07-02"), None)]), None);
    // The clerk ends a row and types another under its id.
    assert_eq!(quantity(&[(2, None, day("2026-06-30")), (3, day("2026-07-01"), None)]), Some(Decimal::from(3)));
    assert_eq!(quantity(&[(3, day("2026-07-01"), None), (2, None, day("2026-06-30"))]), Some(Decimal::from(3)));
}

fn date() -> Date {
    "2026-07-01".parse().unwrap()
}
