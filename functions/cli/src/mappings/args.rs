//! The grammar of `truecount mappings`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use truecount_app::IgnoreReason;
use truecount_billing::{AccountId, BillingMonth, ClientId, SourceId};

use super::suggest::BareFiles;

#[derive(Debug, Subcommand)]
pub(crate) enum MappingsCommand {
    /// Each vendor organization, and whose it is: what most hangs on first
    List {
        /// Only those nobody has decided
        #[arg(long)]
        undecided: bool,
    },
    /// Whom undecided vendor organizations might be, with the reasons
    Suggest {
        #[command(flatten)]
        bare: BareFiles,
    },
    /// Write a file to fill in: .csv, or .xlsx with the clients to choose from
    Export {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Only what nobody has decided
        #[arg(long)]
        undecided: bool,
    },
    /// Take a filled-in file; each row is checked
    Import {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Nothing at all, if one row is bad
        #[arg(long)]
        strict: bool,
        /// Who decided; by default the name of the user at this machine
        #[arg(long)]
        who: Option<String>,
    },
    /// Decide one vendor organization after the other at a terminal
    Review {
        /// Only this source
        #[arg(long, value_name = "SOURCE")]
        source: Option<SourceId>,
    },
    /// What was decided about a vendor organization, by whom, when and why
    History {
        /// Its id, or a part of its name
        #[arg(value_name = "ACCOUNT")]
        account: String,
        /// Only in this source
        #[arg(long, value_name = "SOURCE")]
        source: Option<SourceId>,
    },
    /// This vendor organization belongs to this client
    Confirm {
        /// The source
        source: SourceId,
        /// The vendor organization's id
        account: AccountId,
        /// The client's id in the PSA
        client: ClientId,
        #[command(flatten)]
        because: Because,
    },
    /// Nobody is billed for this vendor organization
    Ignore {
        /// The source
        source: SourceId,
        /// The vendor organization's id
        account: AccountId,
        /// internal, not_for_resale or not_ours
        #[arg(long, default_value = "internal", value_parser = reason)]
        reason: IgnoreReason,
        #[command(flatten)]
        because: Because,
    },
    /// What is in this vendor organization belongs to several clients
    Split {
        /// The source
        source: SourceId,
        /// The vendor organization's id
        account: AccountId,
        /// What tells its items apart: site, domain or group
        #[arg(long, value_name = "ATTRIBUTE")]
        by: String,
        /// Whose each is, such as 12=250
        #[arg(required = true, value_name = "VALUE=CLIENT", value_parser = part)]
        parts: Vec<(String, ClientId)>,
        #[command(flatten)]
        because: Because,
    },
    /// Take a decision back: nobody's, until somebody decides anew
    Undo {
        /// The source
        source: SourceId,
        /// The vendor organization's id
        account: AccountId,
        #[command(flatten)]
        because: Because,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Because {
    /// Who decides; by default the name of the user at this machine
    #[arg(long)]
    pub(crate) who: Option<String>,
    /// Why
    #[arg(long, default_value = "")]
    pub(crate) why: String,
    /// The first month that it holds for; by default every month
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) from: Option<BillingMonth>,
}

impl Because {
    /// Who decides.
    pub(crate) fn who(&self) -> String {
        self.who.clone().unwrap_or_else(user)
    }
}

/// The user at this machine.
pub(crate) fn user() -> String {
    std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_else(|_| "unknown".to_owned())
}

fn reason(text: &str) -> Result<IgnoreReason, String> {
    IgnoreReason::parse(text).ok_or_else(|| "it is none of: internal, not_for_resale, not_ours".to_owned())
}

/// `VALUE=CLIENT`; the value may have an equals sign itself.
fn part(text: &str) -> Result<(String, ClientId), String> {
    let (value, client) = text.rsplit_once('=').ok_or("write it as VALUE=CLIENT, such as 12=250")?;
    let client = ClientId::new(client.trim()).map_err(|error| error.to_string())?;
    if value.is_empty() { Err("the value before `=` is empty".to_owned()) } else { Ok((value.to_owned(), client)) }
}
