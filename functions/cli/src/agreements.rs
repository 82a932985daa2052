//! `truecount check --only psa`: what the agreements of the PSA's newest sync give away by themselves.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use truecount_app::AgreementsReview;
use truecount_reconciliation::AgreementFinding;
use truecount_reports::{
    AGREEMENT_FINDINGS_CSV, AgreementFindingTotal, agreement_findings_json, agreement_findings_text,
    write_agreement_findings,
};

use crate::args::{self, Cli};
use crate::open::open;
use crate::output::{Ending, counted, json, say, tell};

/// So many findings are shown; `--json` and the file have all.
pub(crate) const ROWS_MAX: usize = 20;

/// Exit code 1 where there is something to look at, 2 where not all was read.
pub(crate) async fn review(cli: &Cli, args: &args::CheckArgs) -> anyhow::Result<Ending> {
    let session = open(&args.backend).await?;
    let review = AgreementsReview::load(&session.env, &session.config).await?;
    let file = args.out.as_deref().map(|folder| written(&review, folder)).transpose()?;
    if cli.json {
        shown_as_json(&review)?;
    } else {
        show(&review, file.is_some());
    }
    for source in review.sources.iter().filter(|source| !source.state.is_complete() || source.accounts_incomplete > 0) {
        let note = if source.as_of.is_none() { "was never synced" } else { "was not read completely" };
        tell(&format!("{} {note}: what is missing there is not told. `truecount sync {0}` reads it.", source.source));
    }
    if let Some(file) = file {
        tell(&format!("File: {}", file.display()));
    }
    Ok(match (review.is_complete(), review.findings.is_empty()) {
        (false, _) => Ending::NotRead,
        (true, false) => Ending::Exceptions,
        (true, true) => Ending::Clean,
    })
}

fn show(review: &AgreementsReview, is_written: bool) {
    let clients = counted(usize::try_from(review.clients).unwrap_or(usize::MAX), "client", "clients");
    say(&format!("Agreements of {clients}, as synced on {}.", review.count_day));
    if review.findings.is_empty() {
        return say("nothing to look at");
    }
    say("");
    list(&review.findings, ROWS_MAX, is_written);
}

/// Lists the first findings. `is_written`: whether a file has all.
pub(crate) fn list(findings: &[AgreementFinding], shown_max: usize, is_written: bool) {
    say(agreement_findings_text(findings, shown_max).trim_end());
    let more = findings.len().saturating_sub(shown_max);
    if more > 0 {
        let all = if is_written { "the file has all" } else { "`--json` lists all, `--out DIR` writes them" };
        say(&format!("and {more} more: {all}"));
    }
}

fn shown_as_json(review: &AgreementsReview) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Shown<'a, T> {
        count_day: jiff::civil::Date,
        clients: u64,
        is_complete: bool,
        totals: Vec<AgreementFindingTotal>,
        findings: &'a [T],
    }
    let header = review.header(String::new());
    let findings = agreement_findings_json(&header, &review.findings);
    json(&Shown {
        count_day: review.count_day,
        clients: review.clients,
        is_complete: review.is_complete(),
        totals: AgreementFindingTotal::of(&review.findings),
        findings: &findings,
    })
}

/// Writes the file; one of its name is replaced.
fn written(review: &AgreementsReview, folder: &Path) -> anyhow::Result<PathBuf> {
    let mut bytes = Vec::new();
    write_agreement_findings(&review.header(folder.display().to_string()), &review.findings, &mut bytes)?;
    let file = folder.join(AGREEMENT_FINDINGS_CSV);
    let wrote = fs::create_dir_all(folder).and_then(|()| fs::write(&file, bytes));
    wrote.with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
