//! `baseline`: the grammar of the first month.

use clap::{Args, Subcommand};

use super::BackendArgs;

/// Accept the first month's list as the starting point
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Until a baseline is accepted, each run says that it is a first comparison, and
shows no total: a difference can come from rules and mappings, too. Go through
the exceptions, fix the setup, close the month, accept what is left: from then
on the totals are shown, and the opening list is told apart from what is new.

Examples:
  truecount baseline accept --note reviewed
  truecount baseline show"
)]
pub(crate) struct BaselineArgs {
    #[command(subcommand)]
    pub(crate) command: BaselineCommand,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Accept the exceptions of a closing run as the list to start from
    #[command(after_help = "\
The next runs go by it; runs that were made before stay as they are. A later
closing run can be accepted, too: then that one is the starting point.

Examples:
  truecount baseline accept
  truecount baseline accept --run 2026-06-c1-1f2e3d4c --by kim --stack prod")]
    Accept {
        /// Closing run [default: the newest]
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        note: String,
        /// Who accepts it [default: your user name]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Show what was accepted, and what of it is still open
    #[command(after_help = "\
By the newest run.

Examples:
  truecount baseline show
  truecount baseline show --json")]
    Show,
}
