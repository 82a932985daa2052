//! `truecount check`: bare CSV files in, exceptions out.

use truecount_operator::check::{self as bare, CheckArgs};

use crate::args::{self, Cli};
use crate::output::{Ending, json, say, tell};

pub(crate) fn check(cli: &Cli, args: &args::CheckArgs) -> anyhow::Result<Ending> {
    let outcome = bare::run(&CheckArgs {
        billed: args.billed.clone(),
        usage: args.usage.clone(),
        mappings: args.mappings.clone(),
        rules: args.rules.clone(),
        as_of: args.as_of,
        out: args.out.clone(),
    })?;
    if cli.json {
        json(&outcome)?;
    } else {
        say(&outcome.summary());
        tell(&format!("Files: {}", args.out.display()));
    }
    Ok(Ending::of(outcome.exceptions, outcome.not_compared))
}
