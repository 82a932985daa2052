//! `truecount check`: reconciles CSV files, or small worlds of which it is known what is right, without any set-up.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use anyhow::Context as _;
use truecount_check::{self as check_files, CheckArgs, World, compare_worlds};
use truecount_reconciliation::{FindingKind, Reconciliation};
use truecount_reports::sanitize;

use crate::args::{self, Cli};
use crate::output::{Ending, json, say, tell};
use crate::pipeline;

/// Reasons shown at the prompt; the file has all of them.
const REASONS_MAX: usize = 5;

pub(crate) fn check(cli: &Cli, args: &args::CheckArgs) -> anyhow::Result<Ending> {
    if let Some(folder) = &args.case {
        return case(cli, folder);
    }
    if let Some(file) = &args.cases {
        return cases(file);
    }
    let (Some(billed), Some(usage), Some(as_of), Some(out)) =
        (args.billed.clone(), args.usage.clone(), args.as_of, args.out.clone())
    else {
        anyhow::bail!("--billed, --usage, --as-of and --out are needed");
    };
    let (mappings, rules) = (args.mappings.clone(), args.rules.clone());
    let outcome = check_files::run(&CheckArgs { billed, usage, mappings, rules, as_of, out })?;
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

/// Compares one small world with what is right in it.
fn case(cli: &Cli, folder: &Path) -> anyhow::Result<Ending> {
    let world = World::read_folder(folder)?;
    let outcome = world.outcome()?;
    let differences = world.differences(&outcome);
    let ending = if differences.is_empty() { Ending::Clean } else { Ending::Exceptions };
    if cli.json {
        json(&outcome)?;
        return Ok(ending);
    }
    if let Some(waits_for) = &world.waits_for {
        say(&format!("This case waits: {}.", sanitize::visible(waits_for)));
    }
    match differences.as_slice() {
        [] => say(&format!("As expected: {}.", sanitize::visible(&world.title))),
        differences => differences.iter().for_each(|difference| say(&sanitize::visible(difference))),
    }
    Ok(ending)
}

/// Compares many small worlds; their outcomes go to standard output.
fn cases(file: &Path) -> anyhow::Result<Ending> {
    let worlds = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let outcomes = BufWriter::new(std::io::stdout().lock());
    match compare_worlds(&file.display().to_string(), BufReader::new(worlds), outcomes)? {
        0 => Ok(Ending::Clean),
        unusable => {
            tell(&format!("{unusable} of the worlds could not be used; their outcomes say why."));
            Ok(Ending::NotReconciled)
        }
    }
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
