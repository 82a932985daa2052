//! A dropped file that is read in several calls: ended in the middle, out of time, handed over in odd pieces, replaced.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::Notify;
use truecount_app::{Deadline, SyncAnswer};
use truecount_platform::{Archive, ArchiveEntry, ArchiveError, CreateOutcome};
use truecount_store::{LeaseMode, SnapshotManifest, Store};

use crate::backend::TestBackend;
use crate::smoke::{RULES, SETTINGS};

/// Rows of the file: with their padding somewhat more than two packs of pages.
const ROWS: usize = 9_000;

/// An archive that stands still after so many new files, and hands a file over with a seam that wanders.
struct Odd {
    inner: Arc<dyn Archive>,
    left: AtomicI64,
    stands_still: Notify,
    seam: AtomicUsize,
}

#[async_trait]
impl Archive for Odd {
    async fn put_new(&self, key: &str, bytes: Vec<u8>) -> Result<CreateOutcome, ArchiveError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.stands_still.notify_one();
            std::future::pending::<()>().await;
        }
        self.inner.put_new(key, bytes).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        self.inner.put(key, bytes).await
    }

    async fn put_new_from(&self, key: &str, file: &Path) -> Result<CreateOutcome, ArchiveError> {
        self.inner.put_new_from(key, file).await
    }

    async fn put_from(&self, key: &str, file: &Path) -> Result<(), ArchiveError> {
        self.inner.put_from(key, file).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        self.inner.get(key).await
    }

    async fn open(&self, key: &str) -> Result<Option<Box<dyn AsyncRead + Send + Unpin>>, ArchiveError> {
        let Some(front) = self.inner.get(key).await? else { return Ok(None) };
        let mut front = front;
        let back = front.split_off(self.seam.fetch_add(777_777, Ordering::SeqCst).min(front.len()));
        Ok(Some(Box::new(Cursor::new(front).chain(Cursor::new(back)))))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ArchiveEntry>, ArchiveError> {
        self.inner.list(prefix).await
    }

    fn place(&self, key: &str) -> String {
        self.inner.place(key)
    }
}

fn file(status: &str) -> String {
    let padding = "x".repeat(2_000);
    let mut text = "account_id,account_name,item_id,kind,status,last_seen,padding\n".to_owned();
    for n in 0..ROWS {
        text.push_str(&format!("a{0},Org {0},d{n},server,{status},2026-06-01T10:00:00Z,{padding}\n", n % 7));
    }
    text
}

/// A backend with a file of some days ago, which stands still after `left` new files.
async fn backend(left: i64) -> (TestBackend, Arc<Odd>) {
    let mut backend = TestBackend::new(SETTINGS, RULES, &[]).await;
    backend.drop_file("rmm", "usage-2026-06-24.csv", &file("active"));
    let inner = backend.backend.archive();
    let odd = Arc::new(Odd {
        inner,
        left: AtomicI64::new(left),
        stands_still: Notify::new(),
        seam: AtomicUsize::new(1_000_003),
    });
    // A lease that is found belongs to a process that died.
    backend.env.store = Store::new(backend.backend.table(), odd.clone(), LeaseMode::SingleProcess);
    (backend, odd)
}

/// A sync that is ended where the archive stands still.
async fn ended(backend: &TestBackend, odd: &Odd) {
    tokio::select! {
        answer = backend.sync("rmm") => panic!("{answer:?}"),
        () = odd.stands_still.notified() => {}
    }
}

#[tokio::test]
async fn a_file_is_read_whole_however_often_it_is_begun() {
    let (backend, odd) = backend(1).await;
    ended(&backend, &odd).await;
    odd.left.store(1, Ordering::SeqCst);
    ended(&backend, &odd).await;
    odd.left.store(i64::MAX, Ordering::SeqCst);
    let answer = backend.sync("rmm").await;
    let items = ROWS as u64;
    assert!(matches!(answer, SyncAnswer::Committed { items: found, accounts: 7, .. } if found == items), "{answer:?}");
    let snapshot = truecount_support::file_names(&backend.folder.path().join("archive/raw/rmm"));
    assert_eq!(snapshot, ["2026-06-24-000001"], "it went on with what was begun");
}

#[tokio::test]
async fn out_of_time_it_goes_on_also_with_a_file_of_last_week() {
    let (backend, _) = backend(i64::MAX).await;
    let out_of_time = Deadline::in_seconds(0);
    for _ in 0..2 {
        let answer = truecount_app::sync(&backend.env, &backend.config.settings, "rmm", out_of_time).await.unwrap();
        assert!(matches!(answer, SyncAnswer::Continue { .. }), "{answer:?}");
    }
    assert!(matches!(backend.sync("rmm").await, SyncAnswer::Committed { .. }));
    let snapshots = SnapshotManifest::list(&backend.env.store, &"rmm".parse().unwrap()).await.unwrap();
    assert_eq!(snapshots[0].id.to_string(), "2026-06-24#000001");
}

#[tokio::test]
async fn a_file_that_is_replaced_in_the_middle_is_begun_anew() {
    let (backend, odd) = backend(1).await;
    ended(&backend, &odd).await;
    odd.left.store(i64::MAX, Ordering::SeqCst);
    // as long as the first: only its bytes tell
    backend.drop_file("rmm", "usage-2026-06-24.csv", &file("absent"));
    let answer = backend.sync("rmm").await;
    assert!(matches!(answer, SyncAnswer::Committed { .. }), "{answer:?}");
    let snapshot = truecount_support::file_names(&backend.folder.path().join("archive/raw/rmm"));
    assert_eq!(snapshot, ["2026-06-24-000001", "2026-06-24-000002"]);
}

#[tokio::test]
async fn a_newer_file_takes_the_place_of_one_that_was_begun() {
    let (backend, odd) = backend(1).await;
    ended(&backend, &odd).await;
    odd.left.store(i64::MAX, Ordering::SeqCst);
    backend.drop_file("rmm", "usage-2026-06-25.csv", &file("active"));
    let answer = backend.sync("rmm").await;
    assert!(matches!(answer, SyncAnswer::Committed { .. }), "{answer:?}");
    let snapshots = SnapshotManifest::list(&backend.env.store, &"rmm".parse().unwrap()).await.unwrap();
    assert_eq!(snapshots[0].id.to_string(), "2026-06-25#000002");
}
