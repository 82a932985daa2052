//! `truecount check`: reconciles CSV files, without any set-up.

use truecount_check::{self as check_files, CheckArgs};
use truecount_reconciliation::{FindingKind, Reconciliation};
use truecount_reports::sanitize;

use crate::args::{self, Cli};
use crate::output::{Ending, json, say, tell};
use crate::pipeline;

/// Reasons shown at the prompt; the file has all of them.
const REASONS_MAX: usize = 5;

pub(crate) fn check(cli: &Cli, args: &args::CheckArgs) -> anyhow::Result<Ending> {
    let outcome = check_files::run(&CheckArgs {
        billed: args.billed.clone(),
        usage: args.usage.clone(),
        mappings: args.mappings.clone(),
        rules: args.rules.clone(),
        as_of: args.as_of,
        out: args.out.clone(),
    })?;
    let ending = match outcome.exit_code() {
        0 => Ending::Clean,
        1 => Ending::Exceptions,
        _ => Ending::NotReconciled,
    };
    if cli.json {
        json(&outcome.reconciliation)?;
        return Ok(ending);
    }
    show(&outcome.reconciliation);
    tell(&format!("Files: {} and {}", outcome.exceptions.display(), outcome.setup.display()));
    Ok(ending)
}

fn show(found: &Reconciliation) {
    for kind in FindingKind::ALL {
        let count = match kind {
            FindingKind::NotReconciled => found.not_reconciled,
            kind => found.of_kind(*kind).count() as u64,
        };
        if count > 0 {
            say(&format!("{count:>8}  {}", kind.label()));
        }
    }
    pipeline::show_totals(&found.totals);
    for finding in found.of_kind(FindingKind::NotReconciled).take(REASONS_MAX) {
        tell(&sanitize::visible(&finding.reason));
    }
    if found.findings.is_empty() {
        say("nothing to correct");
    }
}
