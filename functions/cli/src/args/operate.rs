//! Commands for day-to-day operation: `inbox` and `mail`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use truecount_billing::SourceId;

use super::BackendArgs;

/// Add a file for the next sync or run
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  truecount inbox push usage-2026-06-30.csv
  truecount inbox push mappings.xlsx --mappings"
)]
pub(crate) struct InboxArgs {
    #[command(subcommand)]
    pub(crate) command: InboxCommand,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InboxCommand {
    /// Check a file and put it where the next sync or run finds it
    #[command(after_help = "\
Examples:
  truecount inbox push usage-2026-06-30.csv
  truecount inbox push usage-2026-06-30.csv --source backup --stack prod
  truecount inbox push mappings.xlsx --mappings")]
    Push {
        /// File, as it was exported
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Source it is for; needed if several sources read files
        #[arg(long, value_name = "SOURCE", conflicts_with = "mappings")]
        source: Option<SourceId>,
        /// The file is a spreadsheet of mappings, .xlsx or .csv
        #[arg(long)]
        mappings: bool,
    },
}

/// Test mail delivery
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  truecount mail test
  truecount mail test --to billing"
)]
pub(crate) struct MailArgs {
    #[command(subcommand)]
    pub(crate) command: MailCommand,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    Test(MailTestArgs),
}

/// Send a short test mail to each mail group
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  truecount mail test
  truecount mail test --to billing --stack prod")]
pub(crate) struct MailTestArgs {
    /// Only this mail group, or this address of one
    #[arg(long, value_name = "GROUP")]
    pub(crate) to: Option<String>,
}
