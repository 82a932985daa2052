//! What a mail group of some clients or currencies gets: the run as if there were no others, made from the records of
//! these clients alone, its sums and sheets as well.

use std::collections::BTreeSet;
use std::io;

use truecount_billing::Currency;
use truecount_reconciliation::{ClientRecord, OutcomeLine, PortfolioPart, PortfolioRecord};
use truecount_rules::Pattern;

use crate::{ReportError, ReportFile, ReportWorkbook, RunHeader, RunReport, RunReportBuilder};

/// Of what a mail group is.
#[derive(Debug, Clone, Copy)]
pub struct GroupScope<'g> {
    /// The group.
    pub id: &'g str,
    /// Names and ids of clients, in which `*` is any text; empty: all.
    pub clients: &'g [String],
    /// What is billed in these; empty: in all.
    pub currencies: &'g BTreeSet<Currency>,
}

/// The clients and currencies of a group.
#[derive(Debug)]
pub struct GroupPart<'r> {
    sums: PortfolioPart<'r>,
    /// Empty: all.
    currencies: BTreeSet<Currency>,
    about: Vec<String>,
}

impl<'r> GroupPart<'r> {
    /// The part of a run. `portfolio`: what the run adds up; `lines` reads its outcome from the begin.
    ///
    /// # Errors
    /// What `lines` says.
    pub fn of<E, L>(portfolio: &'r PortfolioRecord, group: GroupScope<'_>, lines: impl Fn() -> L) -> Result<Self, E>
    where
        L: Iterator<Item = Result<OutcomeLine, E>>,
    {
        let mut wanted: Vec<_> = group.clients.iter().map(|written| (Pattern::new(written), false)).collect();
        let mut sums = PortfolioPart::of(portfolio);
        let (mut names, mut clients_in_run) = (Vec::new(), 0);
        for line in lines() {
            let OutcomeLine::Client(mut client) = line? else { continue };
            clients_in_run += 1;
            let mut is_own = wanted.is_empty();
            for (pattern, is_found) in &mut wanted {
                let fits = pattern.fits(client.client_id.as_str()) || pattern.fits(&client.client_name);
                *is_found |= fits;
                is_own |= fits;
            }
            if is_own && in_currencies(&mut client, group.currencies) {
                names.push(client.client_name.clone());
                sums.client(&client);
            }
        }
        for line in lines() {
            if let OutcomeLine::Suggestion(suggestion) = line?
                && suggestion.client_id.as_ref().is_some_and(|client| sums.has(client))
            {
                sums.suggestion(&suggestion);
            }
        }
        let unknown = wanted.into_iter().filter(|(_, is_found)| !is_found).map(|(pattern, _)| pattern.written);
        let about = about(group, (&names, clients_in_run), &unknown.collect::<Vec<_>>());
        Ok(Self { sums, currencies: group.currencies.clone(), about })
    }

    /// The report of the run, as if there were no other clients. `lines`: its outcome; `lines_csv`: where that file goes.
    ///
    /// # Errors
    /// What `lines` says; [`ReportError`] as [`RunReportBuilder`] has it.
    pub fn report<'h, E: From<ReportError>>(
        &self,
        header: &'h RunHeader,
        lines: impl Iterator<Item = Result<OutcomeLine, E>>,
        lines_csv: impl io::Write,
    ) -> Result<RunReport<'h>, E> {
        let mut builder = RunReportBuilder::begin(header, lines_csv);
        for line in lines {
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
    ///
    /// # Errors
    /// What `lines` says; [`ReportError`] as [`ReportWorkbook`] has it.
    pub fn workbook<E: From<ReportError>>(
        &self,
        report: &RunReport<'_>,
        lines: impl Iterator<Item = Result<OutcomeLine, E>>,
    ) -> Result<ReportFile, E> {
        let mut book = ReportWorkbook::begin(report)?;
        for line in lines {
            if let OutcomeLine::Client(mut client) = line?
                && self.sums.has(&client.client_id)
            {
                in_currencies(&mut client, &self.currencies);
                book.client(&client)?;
            }
        }
        Ok(book.finish()?)
    }

    /// Sentences that say of which clients and currencies it is, and which of its settings mean no client. They hold
    /// foreign text.
    #[must_use]
    pub fn about(&self) -> &[String] {
        &self.about
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
}

/// `own`: the names of the group's clients, of so many. `unknown`: what of the settings is no client's.
fn about(group: GroupScope<'_>, (own, all): (&[String], u64), unknown: &[String]) -> Vec<String> {
    let noun = if all == 1 { "client" } else { "clients" };
    let mut about = Vec::new();
    if !group.currencies.is_empty() {
        let codes: Vec<_> = group.currencies.iter().map(Currency::as_str).collect();
        about.push(format!("Only what is billed in {}.", codes.join(", ")));
    }
    about.extend(match own.len() as u64 {
        0 => Some(format!("None of the clients of mail group `{}` is in this run.", group.id)),
        number if group.clients.is_empty() && number == all => None,
        number => Some(format!("Only {number} of {all} {noun}: {}", own.join(", "))),
    });
    if !unknown.is_empty() {
        let unknown: Vec<_> = unknown.iter().map(|name| format!("`{name}`")).collect();
        about.push(format!(
            "No client of this run is {}: look at `clients` of mail group `{}` in config/settings.toml.",
            unknown.join(" or "),
            group.id
        ));
    }
    about
}

/// Keeps what is of these currencies, of which none are all; answers whether anything is left.
fn in_currencies(client: &mut ClientRecord, currencies: &BTreeSet<Currency>) -> bool {
    currencies.is_empty() || client.retain_currencies(currencies)
}
