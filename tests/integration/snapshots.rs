//! What is committed never changes, and a count that fell is not believed at once: also across failures and kills.

use truecount_app::mapping::{self, MappingWorkspace, NoneRequest};
use truecount_app::{AcceptRequest, ReconcileAnswer, RunKind, SyncAnswer};
use truecount_store::{Checkpoint, Fence, NoneDecision, NoneScope};

use crate::backend::{TestBackend, soon};
use crate::smoke::{RULES, SETTINGS};

const BILLED: &str = "line_id,client_id,client_name,product_code,quantity,unit_price,currency
1,c1,Harbour Dental,MNG-SRV,2,45.50,GBP
2,c2,Mill & Sons,MNG-SRV,3,45.50,GBP
";

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
    let mut backend = TestBackend::new(SETTINGS, RULES, &[]).await;
    backend.drop_file("psa", "billed-2026-06-30.csv", BILLED);
    backend.drop_file("rmm", "usage-2026-06-29.csv", &usage(yesterday));
    backend.on("2026-06-29");
    backend.sync("rmm").await;
    backend.on("2026-06-30");
    backend.sync("psa").await;
    backend.drop_file("rmm", "usage-2026-06-30.csv", &usage(today));
    backend
}

/// The checkpoint as it is between the commit and the status.
async fn put_checkpoint_back(backend: &TestBackend, snapshot: &str) {
    let (source, began_on) = ("rmm".parse().unwrap(), "2026-06-30".parse().unwrap());
    let begun = Checkpoint::begin(source, snapshot.parse().unwrap(), began_on, None);
    let crawled = Checkpoint { batches: 1, is_crawled: true, ..begun };
    crawled.save(&backend.env.store, Fence::at(2)).await.unwrap();
}

async fn not_reconciled(backend: &TestBackend) -> u64 {
    let month = Some("2026-06".parse().unwrap());
    let answer = truecount_app::reconcile(&backend.env, &backend.config, month, &RunKind::Draft, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { summary, .. } = answer else { panic!("{answer:?}") };
    summary.not_reconciled
}

#[tokio::test]
async fn a_sync_that_died_after_its_commit_leaves_it_as_it_is() {
    let shrunk = (&[("Harbour Dental", 20), ("Mill & Sons", 3)][..], &[("Harbour Dental", 2), ("Mill & Sons", 3)][..]);
    let gone = (&[("Harbour Dental", 20), ("Mill & Sons", 3)][..], &[("Mill & Sons", 3)][..]);
    for ((yesterday, today), left) in [(shrunk, 0), (gone, 1)] {
        let backend = fallen(yesterday, today).await;
        let committed = backend.sync("rmm").await;
        assert!(
            matches!(committed, SyncAnswer::Committed { accounts: 2, incomplete_accounts: 1, .. }),
            "{committed:?}"
        );
        assert_eq!(not_reconciled(&backend).await, 1);
        put_checkpoint_back(&backend, "2026-06-30#000002").await;
        assert_eq!(backend.sync("rmm").await, committed, "it answers what is committed");
        assert_eq!(not_reconciled(&backend).await, 1, "the drop is as doubtful as before");
        // the same file again says nothing new; only another one makes it count
        let again = backend.sync("rmm").await;
        assert!(matches!(again, SyncAnswer::Committed { incomplete_accounts: 1, unchanged: true, .. }), "{again:?}");
        assert_eq!(not_reconciled(&backend).await, 1);
        backend.drop_file("rmm", "usage-2026-06-30b.csv", &format!("{}\n", usage(today)));
        let second = backend.sync("rmm").await;
        assert!(matches!(second, SyncAnswer::Committed { incomplete_accounts, .. } if incomplete_accounts == left));
        // what a file no longer has may still be there, however many files do not have it
        assert_eq!(not_reconciled(&backend).await, left);
        let request = AcceptRequest {
            source: "rmm".parse().unwrap(),
            account: None,
            actor: "kim".to_owned(),
            note: "they left".to_owned(),
            shown: None,
        };
        let accepted = truecount_app::accept(&backend.env, &backend.config.settings, &request, soon()).await;
        assert_eq!(accepted.is_ok_and(|accepted| accepted[0].is_gone), left == 1);
        // and that an account is gone from a file does not say that the client has nothing there: only a person knows
        assert_eq!(not_reconciled(&backend).await, left);
        if left == 1 {
            nothing_there(&backend, "c1").await;
        }
        assert_eq!(not_reconciled(&backend).await, 0);
    }
}

/// Decides that a client has nothing in `rmm`.
async fn nothing_there(backend: &TestBackend, client: &str) {
    let workspace = MappingWorkspace::load(&backend.env, &backend.config).await.unwrap();
    let request = NoneRequest {
        source: "rmm".parse().unwrap(),
        scope: NoneScope::Client { client_id: client.parse().unwrap() },
        decision: NoneDecision::None,
        from: None,
        actor: "kim".to_owned(),
        note: "they left".to_owned(),
    };
    mapping::decide_none(&backend.env, &workspace, request).await.unwrap();
}

#[tokio::test]
async fn a_worker_who_comes_back_late_commits_nothing() {
    let backend = fallen(&[("Mill & Sons", 3)], &[("Mill & Sons", 4)]).await;
    backend.sync("rmm").await;
    // somebody took the lease, and is at a snapshot of its own
    Checkpoint::clear(&backend.env.store, &"rmm".parse().unwrap(), Fence::at(99)).await.unwrap();
    let error =
        truecount_app::sync(&backend.env, &backend.config.settings, "rmm", soon()).await.unwrap_err().to_string();
    assert!(error.contains("`rmm` was taken over by a newer worker"), "{error}");
}
