//! `mappings`: the grammar of everything about which client a vendor account belongs to.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use truecount_billing::{AccountId, BillingMonth, ClientId, SourceId};
use truecount_matching::Score;
use truecount_store::IgnoreReason;

use super::BackendArgs;

/// clap's own line is wider than a terminal of 80 columns.
const SPLIT_USAGE: &str = "\
truecount mappings split --by <ATTRIBUTE> <SOURCE> <ACCOUNT>
                                <VALUE=CLIENT>... [OPTIONS]";

const CONFIRM_USAGE: &str = "\
truecount mappings confirm <SOURCE> <ACCOUNT> <CLIENT> [OPTIONS]
       truecount mappings confirm --above <SCORE> [--yes] [OPTIONS]";

const NONE_USAGE: &str = "\
truecount mappings none <SOURCE> <CLIENT> [--undo] [OPTIONS]
       truecount mappings none <SOURCE> --rest [--undo] [OPTIONS]";

/// Decide which client each vendor account belongs to
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  truecount mappings list --undecided
  truecount mappings export mappings.xlsx      fill it in, then import it
  truecount mappings confirm ninjaone 17 250"
)]
pub(crate) struct MappingsArgs {
    #[command(subcommand)]
    pub(crate) command: MappingsCommand,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MappingsCommand {
    /// List vendor accounts and their clients, highest monthly revenue first
    #[command(after_help = "\
Examples:
  truecount mappings list
  truecount mappings list --undecided")]
    List {
        /// Only accounts without a decision
        #[arg(long)]
        undecided: bool,
    },
    /// Suggest clients for undecided vendor accounts, with reasons
    Suggest(SuggestArgs),
    /// Decide one vendor account after the other at a terminal
    #[command(after_help = "\
Examples:
  truecount mappings review
  truecount mappings review --source ninjaone")]
    Review {
        /// Only this source
        #[arg(long, value_name = "SOURCE")]
        source: Option<SourceId>,
    },
    /// Write a spreadsheet to fill in: .xlsx with a list of clients, or .csv
    #[command(after_help = "\
Examples:
  truecount mappings export mappings.xlsx
  truecount mappings export mappings.csv --undecided")]
    Export {
        /// Spreadsheet to write
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Only accounts without a decision
        #[arg(long)]
        undecided: bool,
    },
    /// Read a spreadsheet that was filled in; each row is checked
    #[command(after_help = "\
Examples:
  truecount mappings import mappings.xlsx
  truecount mappings import mappings.csv --strict")]
    Import {
        /// Spreadsheet
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Import nothing if one row is wrong
        #[arg(long)]
        strict: bool,
        /// Who decided [default: your user name]
        #[arg(long, value_name = "NAME")]
        actor: Option<String>,
    },
    /// Show what was decided: by whom, when and why
    #[command(after_help = "\
Examples:
  truecount mappings history
  truecount mappings history brown
  truecount mappings history 17 --source ninjaone")]
    History {
        /// Account's id, or a part of its name [default: all that was decided]
        #[arg(value_name = "ACCOUNT")]
        account: Option<String>,
        /// Only this source
        #[arg(long, value_name = "SOURCE")]
        source: Option<SourceId>,
    },
    /// Map a vendor account to a client, or all with a high score
    #[command(override_usage = CONFIRM_USAGE, after_help = "\
With --above, the undecided vendor accounts whose best suggestion has at
least this score are shown and confirmed after one question. Accounts with
equal best scores are left out, and those that evidence contradicts.

Examples:
  truecount mappings confirm ninjaone 17 250
  truecount mappings confirm ninjaone 17 250 --from 2026-07 --note moved
  truecount mappings confirm --above 0.95
  truecount mappings confirm --above 0.95 --yes --json")]
    Confirm {
        /// Source
        #[arg(required_unless_present = "above")]
        source: Option<SourceId>,
        /// Account's id
        #[arg(required_unless_present = "above")]
        account: Option<AccountId>,
        /// Client's id in the PSA
        #[arg(required_unless_present = "above")]
        client: Option<ClientId>,
        /// Confirm every best suggestion with at least this score, 0 to 1
        #[arg(long, value_name = "SCORE", value_parser = score,
              conflicts_with_all = ["source", "account", "client"])]
        above: Option<Score>,
        /// Do not ask
        #[arg(long, requires = "above")]
        yes: bool,
        #[command(flatten)]
        decision: DecisionArgs,
    },
    /// Decide that a client has nothing in a source
    #[command(name = "none", override_usage = NONE_USAGE, after_help = "\
Runs then take the client to use nothing there, instead of not knowing. A new
vendor account that may be the client's reopens the decision.

Examples:
  truecount mappings none ninjaone 250 --note asked
  truecount mappings none pax8 --rest
  truecount mappings none pax8 --rest --undo")]
    Nothing {
        /// Source
        source: SourceId,
        /// Client's id in the PSA
        #[arg(required_unless_present = "rest")]
        client: Option<ClientId>,
        /// All clients without a vendor account in the source
        #[arg(long, conflicts_with = "client")]
        rest: bool,
        /// Revoke the decision
        #[arg(long)]
        undo: bool,
        #[command(flatten)]
        decision: DecisionArgs,
    },
    /// Ignore a vendor account: no client is billed for it
    #[command(after_help = "\
Examples:
  truecount mappings ignore ninjaone 9
  truecount mappings ignore pax8 12 --reason not_for_resale")]
    Ignore {
        /// Source
        source: SourceId,
        /// Account's id
        account: AccountId,
        /// Reason: internal, not_for_resale or not_ours
        #[arg(long, default_value = "internal", value_parser = reason)]
        reason: IgnoreReason,
        #[command(flatten)]
        decision: DecisionArgs,
    },
    /// Split a vendor account's items between several clients
    #[command(override_usage = SPLIT_USAGE, after_help = "\
Examples:
  truecount mappings split ninjaone 18 --by site leeds=250 york=251")]
    Split {
        /// Source
        source: SourceId,
        /// Account's id
        account: AccountId,
        /// Attribute that tells the items apart: site, domain or group
        #[arg(long, value_name = "ATTRIBUTE")]
        by: String,
        /// Value of the attribute and client's id, such as leeds=250
        #[arg(required = true, value_name = "VALUE=CLIENT", value_parser = part)]
        parts: Vec<(String, ClientId)>,
        #[command(flatten)]
        decision: DecisionArgs,
    },
    /// Revoke the decision about a vendor account
    #[command(after_help = "\
Examples:
  truecount mappings undo ninjaone 17 --note mistake")]
    Undo {
        /// Source
        source: SourceId,
        /// Account's id
        account: AccountId,
        #[command(flatten)]
        decision: DecisionArgs,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
With --accounts, --clients and --out two CSV files are compared; no data
directory is needed. Each has the columns id and name.

Examples:
  truecount mappings suggest
  truecount mappings suggest --accounts a.csv --clients c.csv --out result.csv")]
pub(crate) struct SuggestArgs {
    /// Vendor accounts
    #[arg(long, value_name = "CSV", requires = "clients", requires = "out")]
    pub(crate) accounts: Option<PathBuf>,
    /// Clients
    #[arg(long, value_name = "CSV", requires = "accounts")]
    pub(crate) clients: Option<PathBuf>,
    /// Result: left_id, right_id, score, reasons
    #[arg(long, value_name = "CSV", requires = "accounts")]
    pub(crate) out: Option<PathBuf>,
    /// The files hold products: a vendor's SKUs and the PSA's products
    #[arg(long, requires = "accounts")]
    pub(crate) products: bool,
    /// Each client has at most one vendor account
    #[arg(long, requires = "accounts", conflicts_with = "products")]
    pub(crate) one_to_one: bool,
}

/// By whom, why and from when a mapping is decided.
#[derive(Debug, Args)]
pub(crate) struct DecisionArgs {
    /// Who decides [default: your user name]
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) note: String,
    /// First month it applies to [default: every month]
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) from: Option<BillingMonth>,
}

impl DecisionArgs {
    /// Who decides.
    pub(crate) fn actor(&self) -> String {
        self.actor.clone().unwrap_or_else(user)
    }
}

/// The user at this machine.
pub(crate) fn user() -> String {
    std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_else(|_| "unknown".to_owned())
}

fn score(text: &str) -> Result<Score, String> {
    Score::parse(text).ok_or_else(|| "use a number from 0 to 1, such as 0.95".to_owned())
}

fn reason(text: &str) -> Result<IgnoreReason, String> {
    IgnoreReason::parse(text).ok_or_else(|| "use internal, not_for_resale or not_ours".to_owned())
}

/// `VALUE=CLIENT`; the value may contain an equals sign.
fn part(text: &str) -> Result<(String, ClientId), String> {
    let (value, client) = text.rsplit_once('=').ok_or("write it as VALUE=CLIENT, such as leeds=250")?;
    let client = ClientId::new(client.trim()).map_err(|error| error.to_string())?;
    if value.is_empty() { Err("the value before `=` is empty".to_owned()) } else { Ok((value.to_owned(), client)) }
}
