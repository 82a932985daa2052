//! One invocation of a function: what it cost in time and requests, written to the log and the metrics at its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use truecount_app::{
    AppError, ClosingDue, MailOutcome, ProgressObserver, ReconcileAnswer, ReportAnswer, SyncAnswer, TestMail,
};
use truecount_platform::aws;

use crate::metrics::{self, Metrics};

/// An invocation that is running.
pub(crate) struct Invocation {
    function: &'static str,
    begun: Instant,
    aws_before: aws::Requests,
    vendor: Arc<VendorRequests>,
}

/// How an invocation ended.
pub(crate) enum Answer<'a> {
    Sync(&'a SyncAnswer),
    Due(&'a ClosingDue),
    Reconcile(&'a ReconcileAnswer, InvocationKind),
    Report(&'a Result<ReportAnswer, AppError>),
    /// The mails that say that a closing failed.
    FailureMails(&'a Result<Vec<MailOutcome>, AppError>),
    /// The short mails around a closing.
    NoticeMails(&'a Result<Vec<MailOutcome>, AppError>),
    /// The mails that somebody tries.
    TestMails(&'a Result<Vec<TestMail>, AppError>),
}

/// Which kind of run was reconciled: only closing runs are counted in the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvocationKind {
    Closing,
    Draft,
}

impl Invocation {
    /// Starts counting. The observer answered is the one to give to the job: it counts, and passes on to `progress`.
    pub(crate) fn begin(
        function: &'static str,
        progress: &Arc<dyn ProgressObserver>,
    ) -> (Self, Arc<dyn ProgressObserver>) {
        let inner = Arc::clone(progress);
        let vendor = Arc::new(VendorRequests { inner, requests: AtomicU64::new(0), throttles: AtomicU64::new(0) });
        let aws_before = aws::requests();
        (Self { function, begun: Instant::now(), aws_before, vendor: Arc::clone(&vendor) }, vendor)
    }

    /// Logs the answer and what it cost, and writes the metrics if they are wanted.
    pub(crate) fn end(self, answer: &Answer<'_>) {
        let milliseconds = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let vendor = self.vendor.counts();
        self.log(answer, vendor, milliseconds);
        if let Some(metrics) = Metrics::from_environment() {
            let mut values = metrics::numbers(answer, vendor);
            values.push(metrics::seconds(milliseconds));
            metrics.write(&values);
        }
    }

    fn log(&self, answer: &Answer<'_>, vendor: VendorRequestCounts, milliseconds: u64) {
        let aws::Requests { table, archive, mail, secrets } = aws::requests().since(self.aws_before);
        let fields = LogFields::of(answer);
        tracing::info!(
            function = self.function,
            state = fields.state,
            source = fields.source,
            run = fields.run,
            month = fields.month,
            accounts = fields.accounts,
            items = fields.items,
            vendor_requests = vendor.requests,
            throttles = vendor.throttles,
            table_requests = table,
            archive_requests = archive,
            mail_requests = mail,
            secret_requests = secrets,
            milliseconds,
            "answered"
        );
    }
}

/// How often vendors were called during an invocation, and how often they asked to be called less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct VendorRequestCounts {
    pub(crate) requests: u64,
    pub(crate) throttles: u64,
}

/// Counts the vendors' requests, and passes everything on.
struct VendorRequests {
    inner: Arc<dyn ProgressObserver>,
    requests: AtomicU64,
    throttles: AtomicU64,
}

impl VendorRequests {
    fn counts(&self) -> VendorRequestCounts {
        VendorRequestCounts {
            requests: self.requests.load(Ordering::Relaxed),
            throttles: self.throttles.load(Ordering::Relaxed),
        }
    }
}

impl ProgressObserver for VendorRequests {
    fn pages(&self, source: &str, pages: u64) {
        self.inner.pages(source, pages);
    }

    fn step(&self, what: &str) {
        self.inner.step(what);
    }

    fn asked(&self, source: &str, requests: u64, throttles: u64) {
        self.requests.fetch_add(requests, Ordering::Relaxed);
        self.throttles.fetch_add(throttles, Ordering::Relaxed);
        self.inner.asked(source, requests, throttles);
    }
}

/// The part of an answer that may stand in a log: no names, no text of others.
#[derive(Debug, Default, PartialEq, Eq)]
struct LogFields {
    state: &'static str,
    source: Option<String>,
    run: Option<String>,
    month: Option<String>,
    accounts: Option<u64>,
    items: Option<u64>,
}

impl LogFields {
    fn of(answer: &Answer<'_>) -> Self {
        let empty = Self::default();
        match answer {
            Answer::Sync(SyncAnswer::Committed { source, accounts, items, .. }) => Self {
                state: "committed",
                source: Some(source.to_string()),
                accounts: Some(*accounts),
                items: Some(*items),
                ..empty
            },
            Answer::Sync(SyncAnswer::Continue { source, .. }) => {
                Self { state: "continue", source: Some(source.to_string()), ..empty }
            }
            Answer::Sync(SyncAnswer::Busy { source }) => {
                Self { state: "busy", source: Some(source.to_string()), ..empty }
            }
            Answer::Sync(SyncAnswer::Failed { source, .. }) => {
                Self { state: "failed", source: Some(source.to_string()), ..empty }
            }
            Answer::Due(due) => {
                let state = match (due.due, due.month) {
                    (true, _) => "due",
                    (false, Some(_)) => "waits",
                    (false, None) => "not_due",
                };
                Self { state, month: due.month.map(|month| month.to_string()), ..empty }
            }
            Answer::Reconcile(ReconcileAnswer::Reconciled { run_id, month, .. }, _) => {
                Self { state: "reconciled", run: Some(run_id.clone()), month: Some(month.to_string()), ..empty }
            }
            Answer::Report(Ok(ReportAnswer::Reported { run_id, month, .. })) => {
                Self { state: "reported", run: Some(run_id.clone()), month: Some(month.to_string()), ..empty }
            }
            Answer::Reconcile(ReconcileAnswer::Busy { month }, _)
            | Answer::Report(Ok(ReportAnswer::Busy { month })) => {
                Self { state: "busy", month: Some(month.to_string()), ..empty }
            }
            Answer::FailureMails(Ok(_)) => Self { state: "failure_reported", ..empty },
            Answer::NoticeMails(Ok(_)) => Self { state: "notices_sent", ..empty },
            Answer::TestMails(Ok(_)) => Self { state: "mail_tested", ..empty },
            Answer::Report(Err(_))
            | Answer::FailureMails(Err(_))
            | Answer::NoticeMails(Err(_))
            | Answer::TestMails(Err(_)) => Self { state: "error", ..empty },
        }
    }
}

#[cfg(test)]
mod tests {
    use truecount_app::Quiet;

    use super::*;

    #[test]
    fn what_vendors_were_asked_is_added_up() {
        let (invocation, progress) = Invocation::begin("sync", &(Arc::new(Quiet) as Arc<dyn ProgressObserver>));
        progress.asked("rmm", 5, 1);
        progress.asked("psa", 3, 0);
        assert_eq!(invocation.vendor.counts(), VendorRequestCounts { requests: 8, throttles: 1 });
    }

    #[test]
    fn a_log_holds_no_text_of_others() {
        let source = "rmm".parse().unwrap();
        let reason = truecount_billing::ReadReason::NoCredential { detail: "Acme Ltd's key was refused".to_owned() };
        let fields = LogFields::of(&Answer::Sync(&SyncAnswer::Failed {
            source,
            reason,
            remedy: truecount_billing::Remedy::FixCredentials,
        }));
        assert_eq!(fields, LogFields { state: "failed", source: Some("rmm".to_owned()), ..LogFields::default() });
        let error = AppError::Mail("the mail to `owner@acme.example` was not sent".to_owned());
        let fields = LogFields::of(&Answer::Report(&Err(error)));
        assert_eq!(fields, LogFields { state: "error", ..LogFields::default() });
    }
}
