//! The lines of one PSA by themselves: what the agreements give away without any usage to hold against them.
//!
//! Deliberately absent: exceptions and totals. Nothing was compared.

use jiff::ToSpan;
use truecount_reconciliation::{
    AgreementFinding, AgreementReview, BilledClient, LinesRead, ReportWeights, RunContext, RunInputs, home_currency,
};
use truecount_reports::{setup, sort_findings};
use truecount_rules::Rules;

use super::compare::{RULES, Source, billed_clients, checked_files, doubts, of_names, read_rules, refused, repeated};
use super::read::ReadSource;
use super::recognised::RecognisedFiles;
use super::{ExportsCheckArgs, ExportsOutcome};
use crate::{CheckError, CheckOutcome, named, output};

/// Reviews the agreements, and writes what was found if a folder is named.
pub(super) fn review(
    args: &ExportsCheckArgs,
    files: RecognisedFiles,
    read: Vec<ReadSource>,
) -> Result<ExportsOutcome, CheckError> {
    let sources: Vec<Source<'_>> = files.sources.iter().zip(&read).collect();
    let clients = billed_clients(&sources)?;
    let rules = args.rules.as_deref().map(|path| read_rules(path, &[])).transpose()?;
    let of_rules = rules.as_ref().and_then(Rules::currency);
    let home_currency = home_currency(of_rules, &clients).map_err(refused)?;
    let next_closing = files.count_day.0.saturating_add(1.month());
    let context = RunContext { count_day: files.count_day.0, next_closing, home_currency };
    let findings = findings(&clients, rules.as_ref(), context);
    let rules_file = args.rules.as_deref().map_or_else(|| RULES.to_owned(), named);
    let is_complete = clients.iter().all(|client| matches!(client.read, LinesRead::Complete));
    let inputs = RunInputs { clients, ..RunInputs::default() };
    let mut setup = setup::of_rules(&rules_file, &[], home_currency);
    setup.extend(of_names(&inputs));
    setup.extend(sources.iter().flat_map(|source| doubts(*source)));
    setup.extend(sources.iter().filter_map(|source| repeated(*source)));
    setup.sort();
    let written = args.out.as_deref().map(|out| output::write_review((out, files.count_day), &findings, &setup));
    let found = CheckOutcome {
        is_complete,
        written: written.transpose()?,
        setup_findings: setup.len() as u64,
        ..CheckOutcome::default()
    };
    Ok(ExportsOutcome {
        found,
        is_compared: false,
        home_currency,
        count_day: files.count_day,
        count_day_from: files.count_day_from,
        files: sources.iter().flat_map(|source| checked_files(*source)).collect(),
        paired: Vec::new(),
        unpaired: Vec::new(),
        accounts: Vec::new(),
        rules: None,
        setup,
        exceptions: Vec::new(),
        overview: String::new(),
        findings,
    })
}

/// What the agreements say by themselves, the largest first.
pub(super) fn findings(clients: &[BilledClient], rules: Option<&Rules>, context: RunContext) -> Vec<AgreementFinding> {
    let mut findings: Vec<AgreementFinding> = AgreementReview::new(clients, rules, context).all().collect();
    sort_findings(&mut findings, &ReportWeights::default(), context.home_currency);
    findings
}
