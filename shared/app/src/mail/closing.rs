//! The mail of a run: its summary, with `report.xlsx` and `exceptions.csv` attached. A draft's is the same, if somebody asks for it.

use truecount_reports::{ReportFile, ReportMail, RunReport};
use truecount_store::Run;

use super::outbox::{self, MailIdentity, MailOutcome};
use crate::{AppError, Environment, MailGroup, Settings};

/// Mails the run to every group, also to those after one whose mail failed.
pub(crate) async fn send_run_mails(
    env: &Environment,
    settings: &Settings,
    run: &Run,
    report: &RunReport<'_>,
    files: &[ReportFile],
) -> Vec<Result<MailOutcome, AppError>> {
    let identity = MailIdentity {
        month: run.manifest.month,
        record_name: run.mail_name(),
        message_name: run.mail_key(),
        run_id: &run.run_id,
        is_urgent: false,
    };
    let write = |from: &str, group: &MailGroup, attempt| {
        let mail = ReportMail { from: from.to_owned(), to: group.to.clone(), group: group.id.clone(), attempt, files };
        truecount_reports::email(report, &mail).map_err(AppError::from)
    };
    outbox::send_to_groups(env, settings, &identity, &write).await
}
