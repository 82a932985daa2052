//! Commands that do the month's work: `demo`, `run`, `sync`, `reconcile`, `report`, `check`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use truecount_app::RunKind;
use truecount_billing::{BillingMonth, CountDay, SourceId};
use truecount_check::{ExportOption, ExportToCheck};

use super::{BackendArgs, DataArgs, WhichOutcomeArgs};

/// Close a month of a sample MSP, without any set-up
#[derive(Debug, Args)]
#[command(after_help = "\
The sample's vendors run on this machine. The exceptions found are compared with
those that were planted. The exit code is 2: one tenant of the sample refuses to
be read, so it is not reconciled. With several months the first is a first
comparison, and its list is accepted as the baseline then.

Examples:
  truecount demo
  truecount demo --data /tmp/demo --months 3")]
pub(crate) struct DemoArgs {
    /// Months to close, one after the other, up to --month
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=12))]
    pub(crate) months: u32,
    /// Seed: another one makes another sample MSP
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Last month to close
    #[arg(long, default_value = "2026-06", value_name = "YYYY-MM")]
    pub(crate) month: BillingMonth,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Sync all sources, reconcile the month and write its report
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  truecount run                          a draft of the current month, no mail
  truecount run --closing                close the month that is due, with mail
  truecount run --closing --when-due     for a daily timer
  truecount run --closing --replace RUN  close the month again, on purpose")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) which: WhichRunArgs,
    /// Sync, and close nothing unless a month is due by the settings' calendar
    #[arg(long, requires = "closing", conflicts_with_all = ["month", "early", "incomplete", "replace", "mail", "no_mail"])]
    pub(crate) when_due: bool,
    #[command(flatten)]
    pub(crate) mail: MailPolicyArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WhichRunArgs {
    /// Month [default: the current one; to close, the one that is due]
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Option<BillingMonth>,
    /// Close the month: the run that counts
    #[arg(long)]
    pub(crate) closing: bool,
    /// Close the month before its closing day
    #[arg(long, requires = "closing")]
    pub(crate) early: bool,
    /// Close the month with what there is, though not all was read
    #[arg(long, requires = "closing")]
    pub(crate) incomplete: bool,
    /// Closing run that this one replaces
    #[arg(long, value_name = "RUN", requires = "closing")]
    pub(crate) replace: Option<String>,
}

impl WhichRunArgs {
    /// A closing run if it is asked for, else a draft.
    pub(crate) fn kind(&self) -> RunKind {
        match self.closing {
            true => RunKind::Closing { replace: self.replace.clone(), early: self.early, incomplete: self.incomplete },
            false => RunKind::Draft,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct MailPolicyArgs {
    /// Mail a draft, too
    #[arg(long, conflicts_with = "no_mail")]
    pub(crate) mail: bool,
    /// Send no mail
    #[arg(long)]
    pub(crate) no_mail: bool,
}

/// Read sources and commit a snapshot of each
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  truecount sync                             every enabled source
  truecount sync ninjaone pax8               two of them
  truecount sync backup --file usage-2026-06-30.csv")]
pub(crate) struct SyncArgs {
    /// Sources [default: all that are enabled]
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<SourceId>,
    /// File to add to the inbox of the one source named, first
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

/// Compare a month's billed lines with its usage
#[derive(Debug, Args)]
#[command(after_help = "\
Uses the snapshots that were committed last; `truecount sync` takes new ones.

Examples:
  truecount reconcile
  truecount reconcile --month 2026-06 --closing")]
pub(crate) struct ReconcileArgs {
    #[command(flatten)]
    pub(crate) which: WhichRunArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

/// Write a run's files and send its mail, or download them
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  truecount report                                the newest run of this month
  truecount report --month 2026-06 --no-mail
  truecount report download --month 2026-06 --out june
  truecount report clients                        a page for each client"
)]
pub(crate) struct ReportArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ReportCommand>,
    /// Month [default: the current one]
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Option<BillingMonth>,
    /// Run [default: the month's closing run, else its newest]
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    #[command(flatten)]
    pub(crate) mail: MailPolicyArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    Download(DownloadArgs),
    Clients(ClientSheetsArgs),
}

/// Copy a run's files into a local directory
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  truecount report download --out june --stack prod
  truecount report download --month 2026-06 --out june")]
pub(crate) struct DownloadArgs {
    /// Month [default: the newest with a run]
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Option<BillingMonth>,
    /// Run [default: the month's closing run, else its newest]
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Local directory; a file with other content is never overwritten
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// Make a page (HTML and CSV) for each client
#[derive(Debug, Args)]
#[command(after_help = "\
Users, devices and licences of each service by name, and what is billed for it.
Nothing of another client is in it, so that it may be handed to the client.
With `client_sheets = true` under [report] in the settings, each report has
these pages among its files.

Examples:
  truecount report clients                          all clients, newest run
  truecount report clients --client harbour --prices --out harbour
  truecount report clients --month 2026-06 --stack prod")]
pub(crate) struct ClientSheetsArgs {
    /// Only this client: its id in the PSA, or a part of its name
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Also say what each line costs
    #[arg(long)]
    pub(crate) prices: bool,
    /// Local directory; a file with other content is never overwritten
    /// [default: truecount-clients/RUN]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) which: WhichOutcomeArgs,
}

/// clap's own line is wider than a terminal of 80 columns.
const CHECK_USAGE: &str = "\
truecount check [ID=]<FILE> [ID=]<FILE>... [OPTIONS]
       truecount check --billed <CSV> --usage <CSV> --as-of <DATE> --out <DIR>
                       [OPTIONS]
       truecount check --only psa [--out <DIR>]
       truecount check --case <DIR>
       truecount check --cases <JSONL>";

/// Compare exports as they come, or plain lists, without any set-up
#[derive(Debug, Args)]
#[command(override_usage = CHECK_USAGE, after_help = "\
Exports are CSV, TSV or XLSX, in any order. The lines of a PSA alone are
reviewed by themselves. What a file leaves open is asked, and answered with
--option. Without --rules a product is compared where its
code or name is clearly one with what is counted. The README lists the columns
of plain lists.

Examples:
  truecount check additions.csv devices.xlsx
  truecount check additions.csv   what agreements give away by themselves
  truecount check psa=additions.csv rmm=devices.xlsx --option rmm:dates=D/M/Y \\
      --rules rules.toml --as-of 2026-06-30 --out result
  truecount check --only psa      what agreements give away by themselves
  truecount check --billed billed_lines.csv --usage usage_items.csv \\
      --as-of 2026-06-30 --out result")]
pub(crate) struct CheckArgs {
    /// Exports: the lines of a PSA, and what is used. ID= names the source
    #[arg(value_name = "[ID=]FILE", conflicts_with_all = ["billed", "usage", "case", "cases"])]
    pub(crate) files: Vec<ExportToCheck>,
    /// What an export leaves open, in the words of `sources add --option`
    #[arg(long, value_name = "ID:KEY=VALUE", requires = "files")]
    pub(crate) option: Vec<ExportOption>,
    /// Plain list: billed lines
    #[arg(long, value_name = "CSV", required_unless_present_any = ["files", "case", "cases", "only"])]
    pub(crate) billed: Option<PathBuf>,
    /// Plain list: usage items
    #[arg(long, value_name = "CSV", required_unless_present_any = ["files", "case", "cases", "only"])]
    pub(crate) usage: Option<PathBuf>,
    /// Which account is which client [default: equal, unique names]
    #[arg(long, value_name = "CSV")]
    pub(crate) mappings: Option<PathBuf>,
    /// Rules: .toml; of plain lists also .csv [default: what is clearly one]
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// Day on which usage was counted and lines are billed, as YYYY-MM-DD
    /// [default for exports: the newest day in a file's name, else today]
    #[arg(long, value_name = "DATE", required_unless_present_any = ["files", "case", "cases", "only"])]
    pub(crate) as_of: Option<CountDay>,
    /// Directory for the results [default for exports: none are written]
    #[arg(long, value_name = "DIR", required_unless_present_any = ["files", "case", "cases", "only"])]
    pub(crate) out: Option<PathBuf>,
    /// Plain lists: tell the items behind each exception
    #[arg(long, requires = "billed")]
    pub(crate) evidence: bool,
    /// Instead of files: one small world, and whether it comes out right
    #[arg(long, value_name = "DIR", conflicts_with_all = ["billed", "usage", "mappings", "rules", "as_of", "out"])]
    pub(crate) case: Option<PathBuf>,
    /// Instead of files: many small worlds, one line of outcome each
    #[arg(long, value_name = "JSONL", conflicts_with_all = ["billed", "usage", "mappings", "rules", "as_of", "out", "case"])]
    pub(crate) cases: Option<PathBuf>,
    /// Instead of files: the agreements of the newest sync by themselves; no other source is needed
    #[arg(long, value_name = "SIDE", conflicts_with_all = ["files", "billed", "usage", "mappings", "rules", "as_of", "case", "cases"])]
    pub(crate) only: Option<CheckedAlone>,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

/// What can be checked without anything to hold against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckedAlone {
    /// The agreements of the PSA
    Psa,
}
