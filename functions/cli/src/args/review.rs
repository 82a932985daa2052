//! Commands that show what was found: `clients` and `runs`. `mappings` has a file of its own.

use clap::{Args, Subcommand};
use truecount_billing::BillingMonth;

use super::BackendArgs;

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
  truecount runs show 2026-06-c1-1f2e3d4c"
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
}
