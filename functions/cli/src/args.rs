//! The command line's grammar: every command with its options, help and examples, in four groups.
//!
//! What the commands do is in the file of the same name.

mod actions;
mod baseline;
mod mappings;
mod operate;
mod review;
mod run;
mod setup;

use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub(crate) use actions::{ActionsArgs, ActionsCommand, FilterField, RecordArgs, StandingRule};
pub(crate) use baseline::{BaselineArgs, BaselineCommand};
pub(crate) use mappings::{DecisionArgs, MappingsArgs, MappingsCommand, SuggestArgs, user};
pub(crate) use operate::{FunctionArg, InboxArgs, InboxCommand, LevelArg, LogsArgs, MailArgs, MailCommand};
pub(crate) use review::{
    ClientsArgs, ClientsCommand, DiffArgs, ExceptionsArgs, ExplainArgs, ReplayArgs, RunsArgs, RunsCommand, SchemaFile,
    WhichOutcomeArgs,
};
pub(crate) use run::{
    CheckArgs, ClientSheetsArgs, DemoArgs, DownloadArgs, MailPolicyArgs, ReconcileArgs, ReportArgs, ReportCommand,
    RunArgs, SyncArgs, WhichRunArgs,
};
pub(crate) use setup::{
    AcceptanceArgs, AddArgs, ConfigArgs, ConfigCommand, DoctorArgs, InitArgs, RulesArgs, RulesCommand, SecretsArgs,
    SecretsCommand, SourcesArgs, SourcesCommand, SuggestRulesArgs,
};

/// The heading of the options that many commands share.
const SHARED: &str = "Global options";

/// Compare what an MSP bills with what its clients use, before invoices go out
#[derive(Debug, Parser)]
#[command(name = "truecount", version, max_term_width = 100, disable_help_flag = true, disable_version_flag = true)]
#[command(after_help = "\
Examples:
  truecount demo                           see it at work, nothing to set up
  truecount init --data msp                start a data directory of your own
  truecount run --data msp                 a draft of the current month
  truecount run --closing --stack prod     close the month on a deployed stack

Exit codes:
  0  clean: nothing to correct
  1  exceptions found, something to map, or not reconciled
  2  something was not read, or is doubtful
  3  the run failed, or the command was wrong
If several apply, the highest is returned.

`truecount COMMAND --help` shows the options and examples of a command.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print the result as JSON on stdout
    #[arg(long, global = true, help_heading = SHARED, display_order = 920)]
    pub(crate) json: bool,
    /// Print help
    #[arg(short, long, global = true, action = ArgAction::Help, help_heading = SHARED, display_order = 930)]
    help: Option<bool>,
    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = SHARED, display_order = 940)]
    version: Option<bool>,
}

/// The data that a command works on.
#[derive(Debug, Args)]
pub(crate) struct BackendArgs {
    /// Data directory on this machine [env: TRUECOUNT_DATA] [default: truecount-data]
    #[arg(long, global = true, value_name = "DIR", help_heading = SHARED, display_order = 900)]
    data: Option<PathBuf>,
    /// Deployed stack, reached with your AWS credentials, instead of a data directory [env: TRUECOUNT_STACK]
    #[arg(long, global = true, value_name = "NAME", help_heading = SHARED, display_order = 910)]
    stack: Option<String>,
}

/// Where the data of a command is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A directory on this machine.
    Directory(PathBuf),
    /// A deployed stack, by its name.
    Stack(String),
}

impl BackendArgs {
    /// What the options name, else the environment, else the directory of [`DataArgs`].
    ///
    /// An option wins over both variables: `--data` means the directory even where `TRUECOUNT_STACK` is set.
    pub(crate) fn location(&self) -> anyhow::Result<Location> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        match (&self.data, &self.stack) {
            (Some(_), Some(_)) => anyhow::bail!("--data and --stack exclude each other: give one of them"),
            (Some(data), None) => Ok(Location::Directory(data.clone())),
            (None, Some(stack)) => Ok(Location::Stack(stack.clone())),
            (None, None) => {
                Ok(variable("TRUECOUNT_STACK").map_or_else(|| Location::Directory(default_data()), Location::Stack))
            }
        }
    }
}

/// The data directory of a command that works on this machine only.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Data directory on this machine [env: TRUECOUNT_DATA] [default: truecount-data]
    #[arg(long, value_name = "DIR", help_heading = SHARED, display_order = 900)]
    data: Option<PathBuf>,
}

impl DataArgs {
    pub(crate) fn directory(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(default_data)
    }
}

/// The data directory where none is named.
pub(crate) const DATA_DIRECTORY: &str = "truecount-data";

fn default_data() -> PathBuf {
    let named = std::env::var_os("TRUECOUNT_DATA").filter(|value| !value.is_empty());
    named.map_or_else(|| PathBuf::from(DATA_DIRECTORY), PathBuf::from)
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(InitArgs),
    Config(ConfigArgs),
    Secrets(SecretsArgs),
    Sources(SourcesArgs),
    Rules(RulesArgs),
    Doctor(DoctorArgs),
    Demo(DemoArgs),
    Run(RunArgs),
    Sync(SyncArgs),
    Reconcile(ReconcileArgs),
    Report(ReportArgs),
    Check(CheckArgs),
    Mappings(MappingsArgs),
    Exceptions(ExceptionsArgs),
    Actions(ActionsArgs),
    Baseline(BaselineArgs),
    Explain(ExplainArgs),
    Clients(ClientsArgs),
    Runs(RunsArgs),
    Replay(ReplayArgs),
    Inbox(InboxArgs),
    Mail(MailArgs),
    Logs(LogsArgs),
}

/// The groups in which `truecount --help` lists the commands.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Set up", &["init", "config", "secrets", "sources", "rules", "doctor"]),
    ("Run", &["demo", "run", "sync", "reconcile", "report", "check"]),
    ("Review", &["mappings", "exceptions", "actions", "baseline", "explain", "clients", "runs", "replay"]),
    ("Operate", &["inbox", "mail", "logs"]),
];

impl Cli {
    /// Parses the process's arguments.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        Self::from_arg_matches(&grammar().try_get_matches()?)
    }
}

/// The grammar with its help in groups, which clap itself does not know.
fn grammar() -> clap::Command {
    let command = Cli::command();
    let style = *command.get_styles().get_header();
    let mut groups = String::new();
    for (title, names) in GROUPS {
        groups.push_str(&format!("{style}{title}:{style:#}\n"));
        for name in names {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            groups.push_str(&format!("  {name:<10}  {}\n", about.map(ToString::to_string).unwrap_or_default()));
        }
        groups.push('\n');
    }
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}{style}{SHARED}:{style:#}\n{{options}}{{after-help}}"
    );
    with_styled_headings(command.help_template(template))
}

/// Gives the headings of our own texts the style of clap's.
fn with_styled_headings(command: clap::Command) -> clap::Command {
    let style = *command.get_styles().get_header();
    let plain = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let heading = |line: &str| {
        let is_heading = line.ends_with(':') && !line.starts_with(' ');
        if is_heading { format!("{style}{line}{style:#}") } else { line.to_owned() }
    };
    let text = plain.lines().map(heading).collect::<Vec<_>>().join("\n");
    command.after_help(text).mut_subcommands(with_styled_headings)
}

#[cfg(test)]
mod tests;
