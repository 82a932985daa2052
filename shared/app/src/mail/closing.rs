//! The mail of a run: its summary, to those who work with `report.xlsx` and `exceptions.csv` attached. A draft's is the
//! same, if somebody asks for it.
//!
//! What a group of some clients gets is made from the records of these clients alone, its sums and sheets as well.

use truecount_reconciliation::{OutcomeLine, PortfolioPart};
use truecount_reports::{ReportFile, ReportMail, ReportWorkbook, RunReport, RunReportBuilder};
use truecount_rules::Pattern;
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
        about,
    };
    if group.clients.is_empty() {
        return Ok(truecount_reports::email(whole.report, &mail(whole.files, Vec::new()))?);
    }
    let part = Part::of(whole, group)?;
    let mut lines_csv = Vec::new();
    let report = part.report(whole, &mut lines_csv)?;
    let mut files = truecount_reports::files(&report, lines_csv)?;
    files.push(part.workbook(whole, &report)?);
    Ok(truecount_reports::email(&report, &mail(&files, part.about(group)))?)
}

/// The clients of a group.
struct Part<'r> {
    sums: PortfolioPart<'r>,
    /// Names and ids of the settings that are no client's, and of the run's clients those that are the group's.
    unknown: Vec<String>,
    names: Vec<String>,
    clients_in_run: u64,
}

impl<'r> Part<'r> {
    fn of(whole: &ReportedRun<'r, '_>, group: &MailGroup) -> Result<Self, AppError> {
        let mut wanted: Vec<_> = group.clients.iter().map(|written| (Pattern::new(written), false)).collect();
        let mut sums = PortfolioPart::of(&whole.report.portfolio);
        let (mut names, mut clients_in_run) = (Vec::new(), 0);
        for line in whole.stored.lines() {
            let OutcomeLine::Client(client) = line? else { continue };
            clients_in_run += 1;
            let mut is_own = false;
            for (pattern, is_found) in &mut wanted {
                let fits = pattern.fits(client.client_id.as_str()) || pattern.fits(&client.client_name);
                *is_found |= fits;
                is_own |= fits;
            }
            if is_own {
                names.push(client.client_name.clone());
                sums.client(&client);
            }
        }
        for line in whole.stored.lines() {
            if let OutcomeLine::Suggestion(suggestion) = line?
                && suggestion.client_id.as_ref().is_some_and(|client| sums.has(client))
            {
                sums.suggestion(&suggestion);
            }
        }
        let unknown = wanted.into_iter().filter(|(_, is_found)| !is_found).map(|(pattern, _)| pattern.written);
        let unknown = unknown.collect();
        Ok(Self { sums, unknown, names, clients_in_run })
    }

    /// The report of the run, as if there were no other clients.
    fn report<'h>(&self, whole: &ReportedRun<'_, 'h>, lines_csv: &mut Vec<u8>) -> Result<RunReport<'h>, AppError> {
        let mut builder = RunReportBuilder::begin(whole.report.header, lines_csv);
        for line in whole.stored.lines() {
            let line = match line? {
                OutcomeLine::Portfolio(_) => OutcomeLine::Portfolio(Box::new(self.sums.finish())),
                line if self.has(&line) => line,
                _ => continue,
            };
            builder.line(line)?;
        }
        Ok(builder.finish()?)
    }

    /// The workbook of that report.
    fn workbook(&self, whole: &ReportedRun<'_, '_>, report: &RunReport<'_>) -> Result<ReportFile, AppError> {
        let mut book = ReportWorkbook::begin(report)?;
        for line in whole.stored.lines() {
            if let OutcomeLine::Client(client) = line?
                && self.sums.has(&client.client_id)
            {
                book.client(&client)?;
            }
        }
        Ok(book.finish()?)
    }

    /// Whether a line is about the group's clients, or about a source as a whole.
    fn has(&self, line: &OutcomeLine) -> bool {
        match line {
            OutcomeLine::Portfolio(_) | OutcomeLine::Setup(_) => false,
            OutcomeLine::Source(_) => true,
            OutcomeLine::Suggestion(suggestion) => {
                suggestion.client_id.as_ref().is_some_and(|client| self.sums.has(client))
            }
            OutcomeLine::Client(client) => self.sums.has(&client.client_id),
            OutcomeLine::Action(action) => self.sums.has(&action.client_id),
            OutcomeLine::AgreementFinding(finding) => self.sums.has(&finding.client_id),
        }
    }

    fn about(&self, group: &MailGroup) -> Vec<String> {
        let noun = if self.clients_in_run == 1 { "client" } else { "clients" };
        let names = self.names.join(", ");
        let mut about = vec![match self.names.len() {
            0 => format!("None of the clients of mail group `{}` is in this run.", group.id),
            own => format!("Only {own} of {} {noun}: {names}", self.clients_in_run),
        }];
        if !self.unknown.is_empty() {
            let unknown: Vec<_> = self.unknown.iter().map(|name| format!("`{name}`")).collect();
            about.push(format!(
                "No client of this run is {}: look at `clients` of mail group `{}` in config/settings.toml.",
                unknown.join(" or "),
                group.id
            ));
        }
        about
    }
}

#[cfg(test)]
mod tests;
