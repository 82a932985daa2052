//! Commands for day-to-day operation: `inbox`, `mail` and `logs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::SignedDuration;
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
  truecount inbox push mappings.xlsx --mappings
  truecount inbox push report.xlsx --actions")]
    Push {
        /// File, as it was exported
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Source it is for; needed if several sources read files
        #[arg(long, value_name = "SOURCE", conflicts_with_all = ["mappings", "actions"])]
        source: Option<SourceId>,
        /// The file is a spreadsheet of mappings, .xlsx or .csv
        #[arg(long, conflicts_with = "actions")]
        mappings: bool,
        /// The file is a filled-in report.xlsx or exceptions.csv
        #[arg(long)]
        actions: bool,
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

/// Show what the functions of a deployed stack logged
#[derive(Debug, Args)]
#[command(after_help = "\
The oldest line comes first; times are UTC. With --json each line is the JSON
object that the function wrote, or {\"message\": …} of what is none.

Examples:
  truecount logs --stack prod                            of the last day
  truecount logs --stack prod --since 2h --level warn
  truecount logs --stack prod --function sync --since 7d
  truecount logs --stack prod --run 2026-06-c1-1f2e3d4c  of all functions")]
pub(crate) struct LogsArgs {
    /// How far back, such as 30m, 2h or 7d [default: 1d; with --run or --execution: all of it]
    #[arg(long, value_name = "TIME", value_parser = time_span)]
    pub(crate) since: Option<SignedDuration>,
    /// Only the log of one function
    #[arg(long, value_enum, value_name = "FUNCTION")]
    pub(crate) function: Option<FunctionArg>,
    /// Only lines that matter at least so much
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "info")]
    pub(crate) level: LevelArg,
    /// Only the execution that made this run
    #[arg(long, value_name = "RUN", conflicts_with = "execution")]
    pub(crate) run: Option<String>,
    /// Only this execution of the state machine: its name or ARN
    #[arg(long, value_name = "EXECUTION")]
    pub(crate) execution: Option<String>,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FunctionArg {
    Sync,
    Reconcile,
    Report,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArg {
    Error,
    Warn,
    Info,
    Debug,
}

/// The longest time that a log is kept, in days.
const SINCE_DAYS_MAX: i64 = 731;

/// A number and its unit.
fn time_span(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("such as 30m, 2h or 7d, at most {SINCE_DAYS_MAX}d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let minutes_of_one = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let minutes = i64::from(number).saturating_mul(minutes_of_one);
    match (1..=SINCE_DAYS_MAX * 24 * 60).contains(&minutes) {
        true => Ok(SignedDuration::from_mins(minutes)),
        false => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_number_and_a_unit() {
        for (text, minutes) in
            [("30m", Some(30)), ("2h", Some(120)), ("7d", Some(10_080)), ("731d", Some(731 * 1_440)), ("732d", None)]
        {
            assert_eq!(time_span(text).ok(), minutes.map(SignedDuration::from_mins), "{text}");
        }
        for text in ["", "h", "2", "2 h", "-2h", "0h", "2w", "2\u{e9}", "99999999999d"] {
            assert!(time_span(text).is_err_and(|words| words.contains("30m, 2h or 7d")), "{text}");
        }
    }
}
