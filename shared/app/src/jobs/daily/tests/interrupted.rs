//! A year of closings that are interrupted between any two steps, with and without a month: never a wrong month, never an
//! early one, and each closed once in the end.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::ToSpan;
use jiff::civil::Date;
use tokio::io::AsyncRead;
use truecount_billing::BillingMonth;
use truecount_platform::{Archive, ArchiveEntry, ArchiveError, CreateOutcome, PortErrorKind, async_trait};
use truecount_store::{Closing, Run, RunState};

use super::{Files, close, due};
use crate::AppError;
use crate::jobs::reconcile::RunKind;
use crate::test_environment::{MailAnswer, TestEnvironment};

/// After how many new files a closing is interrupted: while it freezes its inputs, between its outcome and its report's
/// files, and among those.
const FILES: [i64; 6] = [0, 1, 3, 7, 9, 2];

/// An archive that takes only so many new files.
struct Interrupted {
    inner: Arc<dyn Archive>,
    left: AtomicI64,
}

#[async_trait]
impl Archive for Interrupted {
    async fn put_new(&self, key: &str, bytes: Vec<u8>) -> Result<CreateOutcome, ArchiveError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            let cause = PortErrorKind::Unreachable("interrupted".into());
            return Err(ArchiveError { operation: "writing", place: key.to_owned(), cause });
        }
        self.inner.put_new(key, bytes).await
    }

    async fn put_new_from(&self, key: &str, file: &Path) -> Result<CreateOutcome, ArchiveError> {
        self.inner.put_new_from(key, file).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        self.inner.put(key, bytes).await
    }

    async fn put_from(&self, key: &str, file: &Path) -> Result<(), ArchiveError> {
        self.inner.put_from(key, file).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        self.inner.get(key).await
    }

    async fn open(&self, key: &str) -> Result<Option<Box<dyn AsyncRead + Send + Unpin>>, ArchiveError> {
        self.inner.open(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ArchiveEntry>, ArchiveError> {
        self.inner.list(prefix).await
    }

    fn place(&self, key: &str) -> String {
        self.inner.place(key)
    }
}

/// A year of closings.
struct Year {
    test: TestEnvironment,
    archive: Arc<Interrupted>,
    interruptions: u32,
}

impl Year {
    /// It works in an archive that may be interrupted.
    fn begin() -> Self {
        let mut test = TestEnvironment::new();
        let archive = Arc::new(Interrupted { inner: test.archive(), left: AtomicI64::new(i64::MAX) });
        test.work_in(archive.clone());
        Self { test, archive, interruptions: 0 }
    }

    /// Closes with or without a month, interrupted after so many files; whether it came to its end.
    async fn attempt(&mut self, month: Option<BillingMonth>, files: i64) -> Result<String, AppError> {
        let kind = RunKind::Closing { replace: None, early: false, incomplete: false };
        self.archive.left.store(files, Ordering::SeqCst);
        let ended = close(&self.test, month, &kind).await;
        self.archive.left.store(i64::MAX, Ordering::SeqCst);
        self.interruptions += u32::from(ended.is_err());
        ended
    }

    /// Whatever happened by a day: only months whose closing day has come have a claim, and none has two.
    async fn is_right(&self, day: Date) {
        let calendar = &self.test.config.settings.closing;
        let newest = calendar.newest_by(day);
        for month in months() {
            let closings = Closing::list(&self.test.env.store, month).await.unwrap();
            assert!(closings.len() <= 1, "{month} on {day}: {closings:?}");
            assert!(closings.is_empty() || month <= newest, "{month} is early on {day}");
            for run in Run::list(&self.test.env.store, month).await.unwrap() {
                let count_day = run.manifest.count_day.0;
                assert!(run.manifest.month == month && BillingMonth::of(count_day) == month, "{day}: {run:?}");
                assert!(calendar.closing_day(month) <= count_day && count_day <= day, "{day}: {run:?}");
            }
        }
    }
}

fn months() -> impl Iterator<Item = BillingMonth> {
    let first: BillingMonth = "2026-01".parse().unwrap();
    std::iter::successors(Some(first), |month| Some(month.next())).take(13)
}

#[tokio::test]
async fn a_year_of_interruptions_closes_each_month_once_and_none_early() {
    let mut year = Year::begin();
    year.test.on("2026-01-05");
    due(&year.test).await;
    for (nth, month) in months().take(12).enumerate() {
        let calendar = year.test.config.settings.closing.clone();
        let closing_day = calendar.closing_day(month);
        let named = (nth % 2 == 0).then_some(month);
        // The day before it is refused by name, and without a month it is none of this one.
        let before = closing_day.saturating_sub(1.day());
        year.test.on(&before.to_string());
        Files::complete().commit(&year.test, &before.to_string()).await;
        let refused = year.attempt(Some(month), i64::MAX).await.unwrap_err();
        assert!(refused.to_string().contains(&format!("the closing day of {month} is {closing_day}")), "{refused}");
        year.is_right(before).await;
        // Then it is interrupted at one step after the other, over days.
        let mut day = closing_day;
        for (attempt, files) in FILES.into_iter().enumerate() {
            year.test.on(&day.to_string());
            Files::complete().commit(&year.test, &day.to_string()).await;
            let ended = year.attempt(named, files).await;
            assert!(ended.is_err(), "{month} after {files} files on {day}: {ended:?}");
            year.is_right(day).await;
            let asked = due(&year.test).await;
            assert_eq!((asked.due, asked.month), (true, Some(month)), "{month} on {day}: {}", asked.why);
            day = day.saturating_add(i64::try_from(attempt % 2).unwrap().days());
        }
        // The mails fail, for one group and then for the other.
        for answers in [[MailAnswer::Refuse, MailAnswer::Accept], [MailAnswer::DeliveryUnknown, MailAnswer::Accept]] {
            year.test.mailer.answer(&answers);
            year.attempt(named, i64::MAX).await.unwrap_err();
            year.is_right(day).await;
        }
        assert_eq!(year.attempt(named, i64::MAX).await.unwrap(), month.to_string());
        year.is_right(day).await;
        assert_eq!(due(&year.test).await.month, None, "{month} is closed");
    }
    let store = &year.test.env.store;
    for month in months().take(12) {
        let run_id = Closing::current_run_id(store, month).await.unwrap().unwrap();
        let run = Run::load(store, month, &run_id).await.unwrap().unwrap();
        assert!(run.state == RunState::Reported && run.is_mailed, "{month}: {run:?}");
    }
    assert_eq!(Closing::list(store, "2027-01".parse().unwrap()).await.unwrap(), []);
    assert!(year.interruptions >= 12 * 7, "{} interruptions", year.interruptions);
}
