//! Commands that set Truecount up: `init`, `config`, `secrets`, `sources`, `rules`, `doctor`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use truecount_billing::{AccountId, ProductCode, SourceId};

use crate::config::LOCAL_DIRECTORY;

use super::{BackendArgs, DataArgs, user};

/// Write commented settings and rules to start from
#[derive(Debug, Args)]
#[command(after_help = "\
Files that exist stay as they are.

Examples:
  truecount init                        into truecount-data/config/
  truecount init --data /srv/truecount  into a directory of your choice")]
pub(crate) struct InitArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Download, compare and upload settings and rules
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  truecount config pull --stack prod    into the directory truecount-config
  truecount config diff --stack prod    what you changed since
  truecount config push --stack prod    check them, and put them in place"
)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Download settings and rules into a local directory
    #[command(after_help = "\
Examples:
  truecount config pull --stack prod
  truecount config pull --stack prod --out review")]
    Pull {
        /// Local directory
        #[arg(long, value_name = "DIR", default_value = LOCAL_DIRECTORY)]
        out: PathBuf,
    },
    /// Check settings and rules in a local directory, and upload them
    #[command(after_help = "\
Only what you pulled is replaced: a change that somebody else made since is
never overwritten. Earlier versions are kept.

Examples:
  truecount config push --stack prod
  truecount config push review --stack prod")]
    Push {
        /// Local directory
        #[arg(value_name = "DIR", default_value = LOCAL_DIRECTORY)]
        dir: PathBuf,
    },
    /// Show what a push would change, line by line
    #[command(after_help = "\
The exit code is 1 if there is a difference.

Examples:
  truecount config diff --stack prod
  truecount config diff review --stack prod")]
    Diff {
        /// Local directory
        #[arg(value_name = "DIR", default_value = LOCAL_DIRECTORY)]
        dir: PathBuf,
    },
}

/// List and set the credentials of the sources
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  truecount secrets list
  truecount secrets set ninjaone"
)]
pub(crate) struct SecretsArgs {
    #[command(subcommand)]
    pub(crate) command: SecretsCommand,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// List which sources have their credentials, and which fields are missing
    #[command(after_help = "\
The exit code is 2 if an enabled source lacks something.

Examples:
  truecount secrets list
  truecount secrets list --stack prod")]
    List,
    /// Ask for a source's credentials and store them
    #[command(after_help = "\
At a terminal each field is asked for and what you type is not shown. From a
pipe, one JSON object with the fields is read.

Examples:
  truecount secrets set ninjaone
  truecount secrets set pax8 --stack prod < pax8.json")]
    Set {
        /// Source
        source: SourceId,
        /// KMS key for a stack's SSM parameter, instead of the stack's own
        #[arg(long, value_name = "KEY")]
        kms_key: Option<String>,
    },
}

/// Add, list and show the sources, and accept counts that fell
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  truecount sources add ninjaone
  truecount sources list
  truecount sources show ninjaone
  truecount sources accept ninjaone"
)]
pub(crate) struct SourcesArgs {
    #[command(subcommand)]
    pub(crate) command: SourcesCommand,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SourcesCommand {
    Add(AddArgs),
    /// List each source, what it gives and how its last sync went
    #[command(after_help = "\
Examples:
  truecount sources list
  truecount sources list --stack prod")]
    List,
    /// Show what a source reads and counts, and the receipt of its last sync
    #[command(after_help = "\
The receipt says what became of every row that was read: used, looked up, or
left out with a reason. It also compares with the vendor's own totals and names
words that are not known. A kind of source needs no settings to be shown.

Examples:
  truecount sources show ninjaone
  truecount sources show pax8 --json
  truecount sources show connectwise --stack prod")]
    Show {
        /// Source, or kind of source
        source: SourceId,
    },
    /// Accept counts that fell, before a second sync confirms them
    #[command(after_help = "\
A count that fell by more than 20 % and 5 units is not relied on until a sync of
another day, or another file, says the same. If you know that it is right,
accept it: runs count with it, and the next sync is compared with it. Who
accepted it, when and why stays on record. What would be accepted is shown
first, and you are asked.

Examples:
  truecount sources accept ninjaone
  truecount sources accept ninjaone 17 --note moved --yes
  truecount sources accept pax8 --stack prod")]
    Accept {
        /// Source
        source: SourceId,
        /// Vendor account's id [default: each that fell]
        account: Option<AccountId>,
        #[command(flatten)]
        acceptance: AcceptanceArgs,
    },
}

/// Add a source: ask for its options and key, test the key, and store both
#[derive(Debug, Args)]
#[command(after_help = "\
Shows how to make a key that can only read, asks for the options and for each
field of the key (not shown), makes one harmless request with it, stores the
key and appends the source to the settings. If the request fails, nothing is
written. Without a terminal, options are given as below, and the key is read
from a file or a pipe.

Of an exported file (CSV, TSV, XLSX) it shows what each column was taken for,
asks only what the file leaves open, and appends the source. Answers can be
given as options: --option dates=D/M/Y, --option columns.quantity=Qty.

Examples:
  truecount sources add ninjaone
  truecount sources add devices-2026-06-30.csv rmm
  truecount sources add pax8 pax8-uk --secret-file key.json
  truecount sources add pax8 --option requests_per_minute=60 < key.json
  truecount sources add pax8 --stack prod --no-test")]
pub(crate) struct AddArgs {
    /// Kind of source, or an exported file
    #[arg(value_name = "KIND|FILE")]
    pub(crate) kind: String,
    /// Its id in settings, rules and reports [default: the kind, or what the file is]
    pub(crate) id: Option<SourceId>,
    /// Option of the source; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) option: Vec<String>,
    /// File with the key, one JSON object of its fields
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Write both down without asking the vendor
    #[arg(long)]
    pub(crate) no_test: bool,
    /// KMS key for a stack's SSM parameter, instead of the stack's own
    #[arg(long, value_name = "KEY")]
    pub(crate) kms_key: Option<String>,
    /// A file: write it down as it was recognised, without being asked
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
}

/// By whom and why a fall is accepted.
#[derive(Debug, Args)]
pub(crate) struct AcceptanceArgs {
    /// Who accepts it [default: your user name]
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) note: String,
    /// Accept without being asked
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
}

impl AcceptanceArgs {
    /// Who accepts it.
    pub(crate) fn actor(&self) -> String {
        self.actor.clone().unwrap_or_else(user)
    }
}

/// List, check and suggest rules: which products are counted by what
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  truecount rules suggest
  truecount rules check
  truecount rules list
  truecount rules show harbour"
)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List each rule
    #[command(after_help = "\
Examples:
  truecount rules list
  truecount rules list --json")]
    List,
    /// Check that settings and rules can be used, and what they count
    #[command(after_help = "\
Beside the newest syncs: the items, clients and revenue of each service, what no
service names or counts, and what in the rules has no effect. The exit code is 1
if something has no effect, and 3 if settings or rules cannot be used.

Examples:
  truecount rules check
  truecount rules check --stack prod")]
    Check,
    /// Print a JSON Schema of the rules, for editors
    #[command(after_help = "\
Made from what the sources of the settings can be asked for: an editor completes
keys, kinds and attributes, and marks those that do not exist. Taplo and Even
Better TOML take it from the first line of rules.toml:

  #:schema ./rules.schema.json

Examples:
  truecount rules schema > truecount-data/config/rules.schema.json")]
    Schema,
    /// Suggest a rule for each product that has none
    Suggest(SuggestRulesArgs),
    /// List the products that each source leaves out
    #[command(after_help = "\
Free, on trial, or given to nobody: no service counts them unless its `where`
names `sku`. [sources.ID] with leave_out and count_too in the rules changes it.

Examples:
  truecount rules skus
  truecount rules skus --json")]
    Skus,
    /// Show what holds for a client, and where in the rules it stands
    #[command(after_help = "\
Of its agreements by the PSA's newest sync, as of today.

Examples:
  truecount rules show harbour
  truecount rules show 250 MNG-WKS")]
    Show {
        /// Client's id in the PSA, or a part of its name
        client: String,
        /// Only this service or product [default: all]
        code: Option<ProductCode>,
    },
}

/// Suggest a rule for each product that has none
#[derive(Debug, Args)]
#[command(after_help = "\
For each product that is billed: what of the newest syncs counts as many at the
mapped clients (a kind of item, days since it was last seen, a word of an
attribute, a vendor's product, sums of them), what is a fee, and what nothing
counts. Names only choose between rules that fit alike. Map the vendor accounts
first: a client of which nothing is known says nothing.

What fits at 90 % of at least 5 clients, and cannot as well be something else,
is written by --write at the end of [services]; what is there stays as it is. A
! says why a rule is left to you.

Examples:
  truecount rules suggest
  truecount rules suggest --write
  truecount rules suggest --all --json")]
pub(crate) struct SuggestRulesArgs {
    /// Add the rules that clearly fit to the rules file
    #[arg(long)]
    pub(crate) write: bool,
    /// Also for products that have a rule: what fits them?
    #[arg(long, conflicts_with = "write")]
    pub(crate) all: bool,
}

/// Check the whole set-up, and say how to fix what is wrong
#[derive(Debug, Args)]
#[command(after_help = "\
Checks rights, settings, rules, mail, credentials (one harmless request to each
vendor), syncs, mappings, the schedule and the closing. Nothing is changed.

Exit codes:
  0  everything is in order
  1  something should be looked at
  2  something would not be reconciled, or mail would not reach its readers
  3  the run would fail, or does not take place

Examples:
  truecount doctor
  truecount doctor --stack prod")]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}
