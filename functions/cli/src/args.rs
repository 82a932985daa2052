//! The command line's grammar. What the commands do is in `commands`.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use truecount_billing::{BillingMonth, CountDay, SourceId};

use crate::mappings::MappingsCommand;

/// Shows, before invoices go out, where what an MSP bills differs from what its clients use.
#[derive(Debug, Parser)]
#[command(name = "truecount", version, max_term_width = 100, after_help = AFTER)]
pub(crate) struct Cli {
    /// The folder with everything: settings, archive, table, outbox
    #[arg(long, global = true, value_name = "DIR", default_value = "truecount-data", env = "TRUECOUNT_DATA")]
    pub(crate) data: PathBuf,
    /// A deployed stack instead of the folder: reached with the usual AWS credentials, profile and region
    #[arg(long, global = true, value_name = "NAME", env = "TRUECOUNT_STACK")]
    pub(crate) stack: Option<String>,
    /// Answer in JSON on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// The command line's words. One that names a folder and no stack means the folder, whatever the environment says.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches()?;
        let mut cli = Self::from_arg_matches(&matches)?;
        let is_written = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        match (is_written("data"), is_written("stack")) {
            (true, true) => {
                let why = "--data and --stack name two homes: give one of them";
                return Err(Self::command().error(ErrorKind::ArgumentConflict, why));
            }
            (true, false) => cli.stack = None,
            _ => {}
        }
        if is_written("stack") && matches!(cli.command, Command::Demo(_) | Command::Init | Command::Check(_)) {
            let why = "this command works on this machine's files: leave --stack out";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, why));
        }
        Ok(cli)
    }
}

const AFTER: &str = "\
Exit codes: 0 clean, 1 exceptions found, 2 something could not be compared,
3 the run failed or the command was wrong; the highest wins.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Close a month of a sample MSP with its vendors on this machine: nothing to set up
    Demo(DemoArgs),
    /// Write commented settings and service mappings (rules) to begin with
    Init,
    /// Sync every source, reconcile the month and report it
    Run(RunArgs),
    /// Read sources and seal what they say today
    Sync(SyncArgs),
    /// Compare a month's billed lines with its usage
    Reconcile(ReconcileArgs),
    /// Write a run's files, and its mail
    Report(ReportArgs),
    /// Reconcile bare CSV files, with no set-up at all
    Check(CheckArgs),
    /// The PSA and the usage sources
    #[command(subcommand)]
    Sources(SourcesCommand),
    /// Which client a vendor organization belongs to
    #[command(subcommand)]
    Mappings(MappingsCommand),
    /// Service mappings: which products are counted by what
    #[command(subcommand)]
    Rules(RulesCommand),
    /// What would go wrong at month-end, and what to do about it; exit code 1 advice, 2 a gap, 3 a fault
    Doctor,
    /// Settings and rules: fetched, compared, checked and put in place
    #[command(subcommand)]
    Config(ConfigCommand),
    /// What the sources sign in with: never shown
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// The runs there were
    #[command(subcommand)]
    Runs(RunsCommand),
    /// One client's lines and usage
    #[command(subcommand)]
    Clients(ClientsCommand),
    /// Files for the next sync
    #[command(subcommand)]
    Inbox(InboxCommand),
    /// The way that mail takes
    #[command(subcommand)]
    Mail(MailCommand),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Months to run for real, the last one closing last
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=12))]
    pub(crate) months: u32,
    /// Another seed makes another sample MSP
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The month to close
    #[arg(long, default_value = "2026-06", value_name = "YYYY-MM")]
    pub(crate) month: BillingMonth,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The month; by default the current one
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Option<BillingMonth>,
    /// The run that counts for the month: it sends the mail
    #[arg(long)]
    pub(crate) closing: bool,
    /// With --closing: the closing run whose place this one takes
    #[arg(long, value_name = "RUN", requires = "closing")]
    pub(crate) replace: Option<String>,
    /// With --closing: only if a month is due by the closing calendar of the settings, for a daily timer
    #[arg(long, requires = "closing", conflicts_with_all = ["month", "replace", "mail", "no_mail"])]
    pub(crate) when_due: bool,
    #[command(flatten)]
    pub(crate) mail: MailArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MailArgs {
    /// Mail a draft too
    #[arg(long, conflicts_with = "no_mail")]
    pub(crate) mail: bool,
    /// Mail nobody
    #[arg(long)]
    pub(crate) no_mail: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Sources by id; by default all that are enabled
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<SourceId>,
    /// Put this file into the inbox of the (one, csv) source first
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    /// The month; by default the current one
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Option<BillingMonth>,
    /// The run that counts for the month
    #[arg(long)]
    pub(crate) closing: bool,
    /// With --closing: the closing run whose place this one takes
    #[arg(long, value_name = "RUN", requires = "closing")]
    pub(crate) replace: Option<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ReportArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ReportCommand>,
    /// The month; by default the current one
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Option<BillingMonth>,
    /// Which run; by default the month's closing run, else its newest
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    #[command(flatten)]
    pub(crate) mail: MailArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Billed lines
    #[arg(long, value_name = "FILE")]
    pub(crate) billed: PathBuf,
    /// Usage items
    #[arg(long, value_name = "FILE")]
    pub(crate) usage: PathBuf,
    /// Which account is which client; without it equal unique names count
    #[arg(long, value_name = "FILE")]
    pub(crate) mappings: Option<PathBuf>,
    /// Rules as .csv or .toml; without it equal product code and SKU count
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// The count day and the billing day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) as_of: CountDay,
    /// The folder for the results
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SourcesCommand {
    /// Each source, and how its last sync went
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Each service mapping
    List,
    /// Whether settings and rules can be used
    Check,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Fetch settings and rules into a folder of your own
    Pull {
        /// The folder
        #[arg(long, value_name = "DIR", default_value = "truecount-config")]
        out: PathBuf,
    },
    /// Check the folder's settings and rules, and put them in place of those that you pulled
    Push {
        /// The folder
        #[arg(value_name = "DIR", default_value = "truecount-config")]
        dir: PathBuf,
    },
    /// What a push would change, line by line; exit code 1 if anything
    Diff {
        /// The folder
        #[arg(value_name = "DIR", default_value = "truecount-config")]
        dir: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Which sources have one, and what it lacks
    List,
    /// Request for a source's secret, without echo, and put it in place; from a pipe: one JSON object of its fields
    Set {
        /// The source
        source: SourceId,
        /// On a stack: encrypt with this KMS key instead of AWS's own for SSM
        #[arg(long, value_name = "KEY")]
        kms_key: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Each run
    List,
    /// One run: what it rests on and what it found
    Show {
        /// Its id
        run: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientsCommand {
    /// What one client is billed for and uses, by the newest run
    Show {
        /// The client's id in the PSA, or a part of its name
        client: String,
        /// The month; by default the newest with a run
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<BillingMonth>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Copy a run's files into a folder
    Pull(PullArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// The month; by default the newest with a run
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Option<BillingMonth>,
    /// Which run; by default the month's closing run, else its newest
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// The folder; what is there with other content is never written over
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InboxCommand {
    /// Look into a file and put it where the next sync finds it
    Push {
        /// The file, as it was exported
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The source that it is for; may be left out if only one takes files
        #[arg(long, value_name = "SOURCE", conflicts_with = "mappings")]
        source: Option<SourceId>,
        /// It is a spreadsheet of mappings, .xlsx or .csv
        #[arg(long)]
        mappings: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// Send each group a short mail, and say what became of it
    Test {
        /// Only this group
        #[arg(long, value_name = "GROUP")]
        to: Option<String>,
    },
}
