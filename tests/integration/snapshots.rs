//! What is sealed never changes, and a count that fell is not believed at once: also across failures and kills.

use truecount_app::{ReconcileAnswer, RunKind, SyncAnswer};
use truecount_platform::{Row, Value};

use crate::backend::{TestBackend, soon};
use crate::smoke::{BILLED, RULES, SETTINGS};

fn usage(counts: &[(&str, u32)]) -> String {
    let mut text = "account_id,account_name,item_id,kind,status,last_seen\n".to_owned();
    for (name, count) in counts {
        for n in 0..*count {
            text.push_str(&format!("{name},{name},{name}-{n},server,active,2026-06-29T10:00:00Z\n"));
        }
    }
    text
}

/// A PSA of the 30th; and usage: yesterday's, and today's that fell.
async fn fallen(yesterday: &[(&str, u32)], today: &[(&str, u32)]) -> TestBackend {
    let mut home = TestBackend::new(SETTINGS, RULES, &[]).await;
    home.drop_file("psa", "billed-2026-06-30.csv", BILLED);
    home.drop_file("rmm", "usage-2026-06-29.csv", &usage(yesterday));
    home.on("2026-06-29");
    home.sync("rmm").await;
    home.on("2026-06-30");
    home.sync("psa").await;
    home.drop_file("rmm", "usage-2026-06-30.csv", &usage(today));
    home
}

/// The checkpoint as it stands between the seal and the note of it.
async fn put_checkpoint_back(home: &TestBackend, snapshot: &str) {
    let row = Row::new("SOURCE#rmm", "CHECKPOINT")
        .with("snapshot", Value::Text(snapshot.to_owned()))
        .with("began_on", Value::Text("2026-06-30".to_owned()))
        .with("packs", Value::Number(1))
        .with("is_crawled", Value::Number(1))
        .with("lease", Value::Number(2));
    home.env.table.put(row).await.unwrap();
}

async fn not_reconciled(home: &TestBackend) -> u64 {
    let month = Some("2026-06".parse().unwrap());
    let answer = truecount_app::reconcile(&home.env, &home.config, month, &RunKind::Draft, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { summary, .. } = answer else { panic!("{answer:?}") };
    summary.not_reconciled
}

#[tokio::test]
async fn a_sync_that_was_ended_after_its_seal_leaves_it_as_it_is() {
    let shrunk = (&[("Harbour Dental", 20), ("Mill & Sons", 3)][..], &[("Harbour Dental", 2), ("Mill & Sons", 3)][..]);
    let gone = (&[("Harbour Dental", 20), ("Mill & Sons", 3)][..], &[("Mill & Sons", 3)][..]);
    for (yesterday, today) in [shrunk, gone] {
        let home = fallen(yesterday, today).await;
        let sealed = home.sync("rmm").await;
        assert!(matches!(sealed, SyncAnswer::Sealed { accounts: 2, incomplete_accounts: 1, .. }), "{sealed:?}");
        assert_eq!(not_reconciled(&home).await, 1);
        put_checkpoint_back(&home, "2026-06-30#000002").await;
        assert_eq!(home.sync("rmm").await, sealed, "it answers what is sealed");
        assert_eq!(not_reconciled(&home).await, 1, "the fall is as doubtful as before");
        // only a second reading makes it count
        let second = home.sync("rmm").await;
        assert!(matches!(second, SyncAnswer::Sealed { incomplete_accounts: 0, unchanged: false, .. }), "{second:?}");
        assert_eq!(not_reconciled(&home).await, 0);
    }
}

#[tokio::test]
async fn a_worker_who_comes_back_late_seals_nothing() {
    let home = fallen(&[("Mill & Sons", 3)], &[("Mill & Sons", 4)]).await;
    home.sync("rmm").await;
    // somebody took the lease, and is at a snapshot of its own
    let row = Row::new("SOURCE#rmm", "CHECKPOINT").with("lease", Value::Number(99));
    home.env.table.put(row).await.unwrap();
    let error = truecount_app::sync(&home.env, &home.config.settings, "rmm", soon()).await.unwrap_err().to_string();
    assert!(error.contains("`rmm` was taken over by a newer worker"), "{error}");
}
