//! `truecount mappings`: which client a vendor organization belongs to, as a person asks and decides it.

mod args;
mod decide;
mod list;

use crate::args::Cli;
use crate::home::open;
use crate::output::Ending;

pub(crate) use args::MappingsCommand;

pub(crate) async fn mappings(cli: &Cli, command: &MappingsCommand) -> anyhow::Result<Ending> {
    let opened = open(cli).await?;
    match command {
        MappingsCommand::List { undecided } => list::list(cli, &opened, *undecided).await,
        MappingsCommand::History { account, source } => list::history(cli, &opened, account, source.as_ref()).await,
        MappingsCommand::Confirm { source, account, client, because } => {
            decide::confirm(cli, &opened, (source, account), client, because).await
        }
        MappingsCommand::Ignore { source, account, reason, because } => {
            decide::ignore(cli, &opened, (source, account), *reason, because).await
        }
        MappingsCommand::Split { source, account, by, parts, because } => {
            decide::split(cli, &opened, (source, account), by, parts, because).await
        }
        MappingsCommand::Undo { source, account, because } => {
            decide::undo(cli, &opened, (source, account), because).await
        }
    }
}
