//! Commands that show what was found: `exceptions`, `explain`, `clients`,
//! `runs` and `replay`. `mappings` has a file of its own.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use truecount_billing::BillingMonth;

use super::BackendArgs;

/// Which run is looked at.
#[derive(Debug, Args)]
pub(crate) struct WhichOutcomeArgs {
    /// Month [default: the newest with a run]
    #[arg(long, value_name = "YYYY-MM", conflicts_with = "run")]
    pub(crate) month: Option<BillingMonth>,
    /// Run [default: the month's closing run, else its newest]
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
}

/// List the exceptions of a run
#[derive(Debug, Args)]
#[command(after_help = "\
In the order of the report, with its numbers. An amount in brackets is no change
of a bill: it is at stake, ending or not counted by any rule.

Examples:
  truecount exceptions
  truecount exceptions --client harbour --month 2026-06
  truecount exceptions --kind unbilled_usage --all")]
pub(crate) struct ExceptionsArgs {
    /// Only those of a client: its id in the PSA, or a part of its name
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Only those of a kind, such as underbilled or not_reconciled
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// List all, not only the first 20
    #[arg(long)]
    pub(crate) all: bool,
    /// List also what was accepted, dismissed or snoozed
    #[arg(long)]
    pub(crate) set_aside: bool,
    #[command(flatten)]
    pub(crate) which: WhichOutcomeArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

/// Show how a client's figures came about
#[derive(Debug, Args)]
#[command(after_help = "\
Shows lines, count, reasons, value and next step of each service.

Examples:
  truecount explain harbour               by a part of the name
  truecount explain 250 MNG-WKS           by the id in the PSA, one service
  truecount explain 250 MNG-WKS --items   with each item and why it counts")]
pub(crate) struct ExplainArgs {
    /// Client's id in the PSA, or a part of its name
    pub(crate) client: String,
    /// Only this service or product [default: all]
    pub(crate) code: Option<String>,
    /// List each item, with why it counts or not
    #[arg(long)]
    pub(crate) items: bool,
    #[command(flatten)]
    pub(crate) which: WhichOutcomeArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

/// Show one client's billed lines and usage
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  truecount clients show harbour
  truecount clients show 250 --month 2026-06"
)]
pub(crate) struct ClientsArgs {
    #[command(subcommand)]
    pub(crate) command: ClientsCommand,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientsCommand {
    /// Show what a client is billed for and uses, by the newest run
    #[command(after_help = "\
Examples:
  truecount clients show harbour               by a part of the name
  truecount clients show 250 --month 2026-06   by the id in the PSA")]
    Show {
        /// Client's id in the PSA, or a part of its name
        client: String,
        /// Month [default: the newest with a run]
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<BillingMonth>,
    },
}

/// List and inspect reconciliation runs
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  truecount runs list
  truecount runs show 2026-06-c1-1f2e3d4c
  truecount runs diff 2026-05-c1-0a9b8c7d 2026-06-c1-1f2e3d4c
  truecount runs why                        what became of one that failed"
)]
pub(crate) struct RunsArgs {
    #[command(subcommand)]
    pub(crate) command: RunsCommand,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List all runs, oldest month first
    #[command(after_help = "\
Examples:
  truecount runs list
  truecount runs list --stack prod --json")]
    List,
    /// Show one run: its inputs and what it found
    #[command(after_help = "\
Examples:
  truecount runs show 2026-06-c1-1f2e3d4c")]
    Show {
        /// Run, as `runs list` shows it
        run: String,
    },
    /// Tell why a run failed, and what to do next
    #[command(after_help = "\
On a stack: the step of the execution that failed and its cause, whom it told,
what the run came to, and the warnings and errors that its functions logged.

Examples:
  truecount runs why                              the newest that failed
  truecount runs why 2026-06-c1-1f2e3d4c
  truecount runs why --stack prod --json")]
    Why {
        /// Run, as `runs list` shows it [default: the newest that failed]
        run: Option<String>,
    },
    Diff(DiffArgs),
    /// Print the schema of a run's file
    #[command(after_help = "\
Each line of a run's outcomes.jsonl.gz is one JSON object: first the portfolio,
then accounts to map, clients, sources, and findings about the setup; its schema
is that of a line. Later versions add fields and words, and change the meaning
of none. Of CSV files it is a Table Schema, with the meaning of each column.

Examples:
  truecount runs schema
  truecount runs schema run.json
  truecount runs schema changes.csv")]
    Schema {
        /// File of a run
        #[arg(default_value = "outcomes.jsonl.gz")]
        file: SchemaFile,
    },
}

/// A file of a run that has a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaFile {
    /// A line of it
    #[value(name = "outcomes.jsonl.gz")]
    Outcomes,
    /// The totals and the sources
    #[value(name = "run.json")]
    Run,
    /// The hash of each input and output
    #[value(name = "manifest.json")]
    Manifest,
    /// What to act on, and what nobody knows
    #[value(name = "exceptions.csv")]
    Exceptions,
    /// Every comparison
    #[value(name = "lines.csv")]
    Lines,
    /// What to change, line by line
    #[value(name = "changes.csv")]
    Changes,
    /// Exceptions that are gone, or not known
    #[value(name = "closed.csv")]
    Closed,
    /// How far each source was read
    #[value(name = "coverage.csv")]
    Coverage,
    /// What makes counts unreliable
    #[value(name = "setup.csv")]
    Setup,
    /// What agreements give away by themselves
    #[value(name = "agreement_findings.csv")]
    AgreementFindings,
    /// Accounts that nobody has mapped
    #[value(name = "mapping-suggestions.csv")]
    MappingSuggestions,
}

/// Show what differs between two runs, and why
#[derive(Debug, Args)]
#[command(after_help = "\
Each difference has its cause: billing, usage, mapping, rules or settings, what
was read, or the day. The parts of a total add up to its difference; what is not
reconciled is in no total.

Examples:
  truecount runs diff 2026-05-c1-0a9b8c7d 2026-06-c1-1f2e3d4c
  truecount runs diff 2026-06-c1-1f2e3d4c 2026-06-draft-5e6f7a8b --json")]
pub(crate) struct DiffArgs {
    /// First run, as `runs list` shows it
    #[arg(value_name = "RUN")]
    pub(crate) before: String,
    /// Second run
    #[arg(value_name = "RUN2")]
    pub(crate) after: String,
    /// List all rows, not only the first 15
    #[arg(long)]
    pub(crate) all: bool,
}

/// Make a run's files again from what it read, and compare them
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is written, and nothing is read but the run's folder in the archive: its
inputs are checked against the hashes in manifest.json, the outcome is made
again from them, and the report's files from the outcome. A copy of the archive
is enough. The exit code is 1 if anything is not as the run recorded it.

Examples:
  truecount replay 2026-06-c1-1f2e3d4c
  truecount replay 2026-06-c1-1f2e3d4c --archive /mnt/backup/archive --json")]
pub(crate) struct ReplayArgs {
    /// Run, as `runs list` shows it
    pub(crate) run: String,
    /// Copy of an archive: the folder that has `reports/`
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["data", "stack"])]
    pub(crate) archive: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}
