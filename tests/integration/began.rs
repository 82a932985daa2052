//! The day on which an exception began: told by the syncs of the days between two closings.

use truecount_app::{MailPolicy, ReconcileAnswer, RunKind, SyncAnswer};
use truecount_billing::BillingMonth;

use crate::backend::{TestBackend, rows, soon};
use crate::smoke::{BILLED, RULES, SETTINGS};

/// The servers of each account on a day of June, each with its status; all were seen on the day.
fn usage(day: &str, items: &[(&str, &str, &str)]) -> String {
    let mut text = "account_id,account_name,item_id,kind,status,last_seen\n".to_owned();
    for (account, item, status) in items {
        let name = match *account {
            "a1" => "Harbour Dental",
            "a2" => "Mill & Sons",
            _ => "Quiet Client",
        };
        text.push_str(&format!("{account},{name},{item},server,{status},{day}T10:00:00Z\n"));
    }
    text
}

impl TestBackend {
    async fn read(&mut self, day: &str, items: &[(&str, &str, &str)]) {
        self.on(day);
        self.drop_file("rmm", &format!("usage-{day}.csv"), &usage(day, items));
        let answer = self.sync("rmm").await;
        assert!(matches!(answer, SyncAnswer::Committed { incomplete_accounts: 0, .. }), "{day}: {answer:?}");
    }

    /// Closes a month: each client with the day on which its exception began, who came, who went, and what is told.
    async fn close_month(&mut self, month: &str, day: &str) -> Vec<[String; 5]> {
        self.on(day);
        self.drop_file("psa", &format!("billed-{day}.csv"), BILLED);
        self.sync("psa").await;
        let month: BillingMonth = month.parse().unwrap();
        let wanted = RunKind::Closing { replace: None, early: false, incomplete: true };
        let answer = truecount_app::reconcile(&self.env, &self.config, Some(month), &wanted, soon()).await.unwrap();
        let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
        truecount_app::report(&self.env, &self.config, month, Some(&run_id), MailPolicy::Usual, soon()).await.unwrap();
        let folder = self.folder.path().join(format!("archive/reports/{month}/{run_id}"));
        let sheet = rows(&std::fs::read_to_string(folder.join("exceptions.csv")).unwrap());
        let cells = ["client", "state", "began", "came", "went"];
        sheet.iter().map(|row| cells.map(|cell| row[cell].clone())).collect()
    }
}

const MAY: [(&str, &str, &str); 7] = [
    ("a1", "d1", "active"),
    ("a1", "d2", "active"),
    ("a2", "e1", "active"),
    ("a2", "e2", "active"),
    ("a2", "e3", "active"),
    ("a3", "f1", "active"),
    ("a3", "f2", "inactive"),
];

#[tokio::test]
async fn an_exception_began_when_somebody_came_went_or_was_put_to_use() {
    let mut backend = TestBackend::new(SETTINGS, RULES, &[]).await;
    backend.read("2026-05-26", &MAY).await;
    assert_eq!(backend.close_month("2026-05", "2026-05-26").await, Vec::<[String; 5]>::new());
    backend.read("2026-06-08", &MAY).await;
    let mut june = MAY.to_vec();
    june.push(("a1", "d3", "active"));
    backend.read("2026-06-09", &june).await;
    june.retain(|(_, item, _)| *item != "e3");
    backend.read("2026-06-11", &june).await;
    june.iter_mut().filter(|(_, item, _)| *item == "f2").for_each(|(_, _, status)| *status = "active");
    backend.read("2026-06-12", &june).await;
    // The same again: nothing more is known of the days, and nothing less.
    for day in ["2026-06-13", "2026-06-25"] {
        backend.read(day, &june).await;
    }
    let expected = |state: &str, moved: bool| {
        let row = |client: &str, began: &str, came: &str, went: &str| {
            let [came, went] = [came, went].map(|names| if moved { names } else { "" });
            [client, state, began, came, went].map(str::to_owned)
        };
        [
            row("Harbour Dental", "2026-06-09", "d3 (since 9 June 2026)", ""),
            row("Mill & Sons", "2026-06-11", "", "e3 (no longer listed since 11 June 2026)"),
            row("Quiet Client", "2026-06-12", "f2 (since 12 June 2026)", ""),
        ]
    };
    let mut found = backend.close_month("2026-06", "2026-06-25").await;
    found.sort();
    assert_eq!(found, expected("new", true));
    // A closing later they stand, and began when they began.
    backend.read("2026-07-27", &june).await;
    let mut found = backend.close_month("2026-07", "2026-07-27").await;
    found.sort();
    assert_eq!(found, expected("open", false));
}

#[tokio::test]
async fn who_came_between_readings_that_lie_far_apart_came_nobody_knows_when() {
    let mut backend = TestBackend::new(SETTINGS, RULES, &[]).await;
    backend.read("2026-05-26", &MAY).await;
    backend.close_month("2026-05", "2026-05-26").await;
    let mut june = MAY.to_vec();
    june.push(("a1", "d3", "active"));
    backend.read("2026-06-25", &june).await;
    let found = backend.close_month("2026-06", "2026-06-25").await;
    assert_eq!(found, [["Harbour Dental", "new", "", "d3", ""].map(str::to_owned)]);
}
