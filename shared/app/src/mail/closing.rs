//! The mail of a run: its summary, to those who work with `report.xlsx` and `exceptions.csv` attached. A draft's is the
//! same, if somebody asks for it.

use std::io;

use truecount_reconciliation::OutcomeLine;
use truecount_reports::{GroupPart, GroupScope, ReportFile, ReportMail, RunReport};
use truecount_store::{Run, StoredOutcome};

use super::outbox::{self, MailIdentity, MailOutcome};
use crate::{AppError, Environment, MailGroup, Settings};

/// What a run is mailed from.
pub(crate) struct ReportedRun<'r, 'h> {
    pub(crate) stored: &'r StoredOutcome,
    pub(crate) report: &'r RunReport<'h>,
    pub(crate) files: &'r [ReportFile],
}

/// Mails the run to every group, also to those after one whose mail failed.
pub(crate) async fn send_run_mails(
    env: &Environment,
    settings: &Settings,
    run: &Run,
    whole: &ReportedRun<'_, '_>,
) -> Vec<Result<MailOutcome, AppError>> {
    let identity = MailIdentity {
        month: run.manifest.month,
        record_name: run.mail_name(),
        message_name: run.mail_key(),
        run_id: &run.run_id,
        is_urgent: false,
    };
    let write = |from: &str, group: &MailGroup, attempt| message(whole, from, group, attempt);
    let groups: Vec<_> = settings.mail.groups.iter().collect();
    outbox::send_to_groups(env, settings, &groups, &identity, &write).await
}

fn message(whole: &ReportedRun<'_, '_>, from: &str, group: &MailGroup, attempt: u8) -> Result<Vec<u8>, AppError> {
    let mail = |files, about| ReportMail {
        from: from.to_owned(),
        to: group.to.clone(),
        group: group.id.clone(),
        attempt,
        files,
        content: group.mail,
        entries_from: group.entries_from,
        about,
    };
    if group.is_of_all() {
        return Ok(truecount_reports::email(whole.report, &mail(whole.files, Vec::new()))?);
    }
    let part = part_of(whole, group)?;
    let report = part.report(whole.report.header, lines(whole), io::sink())?;
    let mut files = truecount_reports::files(&report)?;
    files.push(part.workbook(&report, lines(whole))?);
    Ok(truecount_reports::email(&report, &mail(&files, part.about().to_vec()))?)
}

fn part_of<'r>(whole: &ReportedRun<'r, '_>, group: &MailGroup) -> Result<GroupPart<'r>, AppError> {
    let scope = GroupScope { id: &group.id, clients: &group.clients, currencies: &group.currencies };
    GroupPart::of(&whole.report.portfolio, scope, || lines(whole))
}

fn lines(whole: &ReportedRun<'_, '_>) -> impl Iterator<Item = Result<OutcomeLine, AppError>> {
    whole.stored.lines().map(|line| line.map_err(AppError::from))
}

#[cfg(test)]
mod tests;
