//! `truecount check`: compares exports, plain lists, or small worlds of which it is known what is right, without any
//! set-up.

mod exports;

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use anyhow::Context as _;
use truecount_check::{self as check_files, CheckArgs, CheckEvidence, CheckOutcome, CheckTotal, World, compare_worlds};
use truecount_reports::{amount, sanitize};

use crate::args::{self, Cli};
use crate::output::{Ending, counted, json, say, tell};
use crate::table::Column::{Key, Number};
use crate::table::table;

pub(crate) fn check(cli: &Cli, args: &args::CheckArgs) -> anyhow::Result<Ending> {
    if let Some(folder) = &args.case {
        return case(cli, folder);
    }
    if let Some(file) = &args.cases {
        return cases(file);
    }
    if !args.files.is_empty() {
        return exports::check(cli, args);
    }
    let (Some(billed), Some(usage), Some(as_of), Some(out)) =
        (args.billed.clone(), args.usage.clone(), args.as_of, args.out.clone())
    else {
        anyhow::bail!("--billed, --usage, --as-of and --out are needed");
    };
    let (mappings, rules) = (args.mappings.clone(), args.rules.clone());
    let evidence = if args.evidence { CheckEvidence::Items } else { CheckEvidence::Figures };
    let outcome = check_files::run(&CheckArgs { billed, usage, mappings, rules, as_of, out, evidence })?;
    let ending = ending(&outcome);
    if cli.json {
        json(&outcome)?;
        return Ok(ending);
    }
    show(&outcome);
    tell_files(&outcome);
    Ok(ending)
}

fn ending(outcome: &CheckOutcome) -> Ending {
    match outcome.exit_code() {
        0 => Ending::Clean,
        1 => Ending::Exceptions,
        _ => Ending::NotRead,
    }
}

fn tell_files(outcome: &CheckOutcome) {
    if let Some(files) = &outcome.written {
        if outcome.setup_findings > 0 {
            let findings = counted(outcome.setup_findings, "finding", "findings");
            tell(&format!("What makes counts unreliable: {findings} in {}", files.setup_file.display()));
        }
        let written = [files.exceptions_file.as_ref(), Some(&files.setup_file), files.findings_file.as_ref()];
        let names: Vec<String> = written.into_iter().flatten().map(|file| file.display().to_string()).collect();
        tell(&format!("Files: {}", names.join(" and ")));
    }
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
            Ok(Ending::NotRead)
        }
    }
}

fn show(found: &CheckOutcome) {
    for (kind, count) in &found.kinds {
        say(&format!("{count:>8}  {}", kind.replace('_', " ")));
    }
    show_totals(&found.totals);
    if found.not_reconciled > 0 {
        tell(&format!("Comparisons that could not be made: {}", found.not_reconciled));
    }
    if found.kinds.is_empty() {
        say("nothing to correct");
    }
}

/// Shows what the exceptions are worth a month, by currency and direction.
fn show_totals(totals: &[CheckTotal]) {
    let cells = |total: &CheckTotal| {
        vec![
            total.currency.to_string(),
            amount(total.underbilled),
            total.underbilled_count.to_string(),
            amount(total.overbilled),
            total.overbilled_count.to_string(),
        ]
    };
    let columns =
        [Key("per month"), Number("underbilled"), Number("exceptions"), Number("overbilled"), Number("exceptions")];
    if !totals.is_empty() {
        table(&columns, &totals.iter().map(cells).collect::<Vec<_>>());
    }
}
