//! The mail of a run: its summary, to those who work with `report.xlsx` and `exceptions.csv` attached. A draft's is the
//! same, if somebody asks for it.
//!
//! What a group of some clients gets is made from the records of these clients alone, its sums and sheets as well.

use std::collections::BTreeSet;
use std::io;

use truecount_billing::Currency;
use truecount_reconciliation::{ClientRecord, OutcomeLine, PortfolioPart};
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
        entries_from: group.entries_from,
        about,
    };
    if group.is_of_all() {
        return Ok(truecount_reports::email(whole.report, &mail(whole.files, Vec::new()))?);
    }
    let part = Part::of(whole, group)?;
    let report = part.report(whole, io::sink())?;
    let mut files = truecount_reports::files(&report)?;
    files.push(part.workbook(whole, &report)?);
    Ok(truecount_reports::email(&report, &mail(&files, part.about(group)))?)
}

/// The clients and currencies of a group.
struct Part<'r> {
    sums: PortfolioPart<'r>,
    /// Empty: all.
    currencies: BTreeSet<Currency>,
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
            let OutcomeLine::Client(mut client) = line? else { continue };
            clients_in_run += 1;
            let mut is_own = wanted.is_empty();
            for (pattern, is_found) in &mut wanted {
                let fits = pattern.fits(client.client_id.as_str()) || pattern.fits(&client.client_name);
                *is_found |= fits;
                is_own |= fits;
            }
            if is_own && in_currencies(&mut client, &group.currencies) {
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
        Ok(Self { sums, currencies: group.currencies.clone(), unknown, names, clients_in_run })
    }

    /// The report of the run, as if there were no other clients.
    fn report<'h>(&self, whole: &ReportedRun<'_, 'h>, lines_csv: impl io::Write) -> Result<RunReport<'h>, AppError> {
        let mut builder = RunReportBuilder::begin(whole.report.header, lines_csv);
        for line in whole.stored.lines() {
            let line = match line? {
                OutcomeLine::Portfolio(_) => OutcomeLine::Portfolio(Box::new(self.sums.finish())),
                mut line if self.has(&line) => {
                    if let OutcomeLine::Client(client) = &mut line {
                        in_currencies(client, &self.currencies);
                    }
                    line
                }
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
            if let OutcomeLine::Client(mut client) = line?
                && self.sums.has(&client.client_id)
            {
                in_currencies(&mut client, &self.currencies);
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
            OutcomeLine::Action(action) => {
                let worth = action.decided.figures.monthly_impact.as_ref();
                self.sums.has(&action.client_id) && worth.is_none_or(|worth| self.is_of(worth.currency))
            }
            OutcomeLine::AgreementFinding(finding) => {
                self.sums.has(&finding.client_id) && finding.monthly.is_none_or(|worth| self.is_of(worth.currency))
            }
        }
    }

    fn is_of(&self, currency: Currency) -> bool {
        self.currencies.is_empty() || self.currencies.contains(&currency)
    }

    fn about(&self, group: &MailGroup) -> Vec<String> {
        let noun = if self.clients_in_run == 1 { "client" } else { "clients" };
        let (own, all) = (self.names.len() as u64, self.clients_in_run);
        let mut about = Vec::new();
        if !self.currencies.is_empty() {
            let codes: Vec<_> = self.currencies.iter().map(Currency::as_str).collect();
            about.push(format!("Only what is billed in {}.", codes.join(", ")));
        }
        about.extend(match own {
            0 => Some(format!("None of the clients of mail group `{}` is in this run.", group.id)),
            _ if group.clients.is_empty() && own == all => None,
            _ => Some(format!("Only {own} of {all} {noun}: {}", self.names.join(", "))),
        });
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

/// Keeps what is of these currencies, of which none are all; answers whether anything is left.
fn in_currencies(client: &mut ClientRecord, currencies: &BTreeSet<Currency>) -> bool {
    currencies.is_empty() || client.retain_currencies(currencies)
}

#[cfg(test)]
mod tests;
