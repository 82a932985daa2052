//! `actions`: the grammar of everything that is decided about exceptions.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::BackendArgs;

const RECORD_USAGE: &str = "\
truecount actions record <EXCEPTION>... <ACTION> [OPTIONS]
       truecount actions record --filter <FIELD=VALUE>... <ACTION> [OPTIONS]
       truecount actions record <EXCEPTION>... --standing <RULE> [OPTIONS]";

/// Decide what to do about exceptions
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
A decision is kept with who made it, when and why; the next runs go by it. What
is accepted, dismissed or snoozed is in no total until it grows, or its date has
passed. What is approved or adjusted stays, until the PSA bills it.

Examples:
  truecount actions record 17 18 approved
  truecount actions import report.xlsx         as it was mailed, filled in
  truecount actions list                       what was decided, and done"
)]
pub(crate) struct ActionsArgs {
    #[command(subcommand)]
    pub(crate) command: ActionsCommand,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ActionsCommand {
    Record(RecordArgs),
    /// Read a report.xlsx or exceptions.csv that was filled in; each row is checked
    #[command(after_help = "\
Fill in `action`, and where it needs them `quantity`, `whom`, `until`, `note`:
  approved                              the bill is to be changed as listed
  adjusted   quantity                   so many units are to be billed instead
  asked      whom, until                somebody was asked
  accepted   note, until or quantity    it is right; quantity: up to so many
  dismissed  note                       nothing to act on this month, or until
  snoozed    until                      look at it later
  reopened                              an earlier decision is withdrawn
`note` and `ticket` (or purchase order) may stand with each.
Good rows are recorded, once however often the file is imported. Rejected rows
are written beside the file, to FILE-rejected.csv or .xlsx, with the reasons.

Examples:
  truecount actions import report.xlsx
  truecount actions import exceptions.csv --by kim --stack prod")]
    Import {
        /// File
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Who decided [default: your user name]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// List what changed in the PSA since the last closing
    #[command(after_help = "\
By its newest sync: lines that came, ended or were replaced by others of the
same product, other quantities, prices and last days.

Examples:
  truecount actions changes
  truecount actions changes --client harbour --json")]
    Changes {
        /// Only those of a client: its id in the PSA, or a part of its name
        #[arg(long, value_name = "CLIENT")]
        client: Option<String>,
    },
    /// List what was decided, and what the PSA says of it by now
    #[command(after_help = "\
Held against the newest syncs, so that a change made in the PSA is seen after
the next `truecount sync`.

Examples:
  truecount actions list
  truecount actions list --client harbour --json")]
    List {
        /// Only those of a client: its id in the PSA, or a part of its name
        #[arg(long, value_name = "CLIENT")]
        client: Option<String>,
    },
}

/// Decide about exceptions of the newest run
#[derive(Debug, Args)]
#[command(override_usage = RECORD_USAGE, after_help = "\
EXCEPTION is a number as `truecount exceptions` lists it, or an exception's id.
ACTION is approved, adjusted, asked, accepted, dismissed, snoozed or reopened;
`truecount actions import --help` tells what each needs. With several exceptions
or --filter all are shown, and recorded after one question.

Examples:
  truecount actions record 17 approved --ticket T-4711
  truecount actions record 17 adjusted --quantity 12 --note \"one is a spare\"
  truecount actions record 18 asked --whom \"the client\" --until 2026-07-09
  truecount actions record 19 accepted --up-to 2 --note \"agreed by phone\"
  truecount actions record --filter kind=overbilled --filter client=harbour \\
      snoozed --until 2026-12-31 --note \"contract until then\"
  truecount actions record 20 --standing not_sold --review 2027-06-30 \\
      --note \"they back up by themselves\"")]
pub(crate) struct RecordArgs {
    /// Exceptions, and last the action; with --standing exceptions alone
    #[arg(required = true, value_name = "EXCEPTION")]
    pub(crate) words: Vec<String>,
    /// All exceptions that fit: client=CLIENT or kind=KIND, as of `exceptions`
    #[arg(long, value_name = "FIELD=VALUE", value_parser = filter)]
    pub(crate) filter: Vec<(FilterField, String)>,
    /// Units to be billed instead
    #[arg(long, value_name = "UNITS", conflicts_with = "up_to", value_parser = units)]
    pub(crate) quantity: Option<Decimal>,
    /// Accept up to so many units of difference
    #[arg(long, value_name = "UNITS", value_parser = units)]
    pub(crate) up_to: Option<Decimal>,
    /// Who was asked
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub(crate) whom: String,
    /// Last day on which it holds
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) until: Option<Date>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) note: String,
    /// Ticket or purchase order that it is worked under
    #[arg(long, value_name = "NUMBER", default_value = "", hide_default_value = true, conflicts_with = "standing")]
    pub(crate) ticket: String,
    /// Write a rule instead, which holds for each run from now on
    #[arg(long, value_name = "RULE", conflicts_with_all = ["quantity", "up_to", "whom", "until", "filter"])]
    pub(crate) standing: Option<StandingRule>,
    /// Day on which the rule is to be looked at again
    #[arg(long, value_name = "YYYY-MM-DD", requires = "standing")]
    pub(crate) review: Option<Date>,
    /// Who decided [default: your user name]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// A rule that answers an exception for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum StandingRule {
    /// The client does not buy the service: usage without a line is right, until --review
    NotSold,
    /// The service is not compared at the client
    Ignore,
    /// The client is ourselves
    Internal,
    /// What the client uses is not for resale
    Nfr,
}

/// What exceptions are chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilterField {
    /// A client: its id in the PSA, or a part of its name.
    Client,
    /// A kind, such as `overbilled`.
    Kind,
}

fn filter(text: &str) -> Result<(FilterField, String), String> {
    let wrong = || "write it as client=CLIENT or kind=KIND, such as kind=overbilled".to_owned();
    let (field, value) = text.split_once('=').ok_or_else(wrong)?;
    let field = match field.trim() {
        "client" => FilterField::Client,
        "kind" => FilterField::Kind,
        _ => return Err(wrong()),
    };
    if value.trim().is_empty() { Err(wrong()) } else { Ok((field, value.to_owned())) }
}

fn units(text: &str) -> Result<Decimal, String> {
    Decimal::from_str_exact(text).map_err(|_| "write a number such as 12 or 12.5".to_owned())
}
