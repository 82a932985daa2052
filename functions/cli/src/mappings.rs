//! `truecount mappings`: which client a vendor organization belongs to, as a person asks and decides it.

mod args;
mod decide;
mod files;
mod list;
mod review;
mod suggest;

use truecount_app::mapping::Strictness;

use crate::args::Cli;
use crate::open::open;
use crate::output::Ending;

pub(crate) use args::MappingsCommand;

pub(crate) async fn mappings(cli: &Cli, command: &MappingsCommand) -> anyhow::Result<Ending> {
    if let MappingsCommand::Suggest { bare } = command
        && let Some(files) = bare.files()
    {
        return suggest::of_files(cli, files, bare);
    }
    let opened = open(cli).await?;
    match command {
        MappingsCommand::Suggest { .. } => suggest::of_home(cli, &opened).await,
        MappingsCommand::Export { file, undecided } => files::export(cli, &opened, file, *undecided).await,
        MappingsCommand::Import { file, strict, who } => {
            let strictness = if *strict { Strictness::AllOrNothing } else { Strictness::GoodRows };
            files::import(cli, &opened, file, who.as_deref(), strictness).await
        }
        MappingsCommand::Review { source } => review::review(cli, &opened, source.as_ref()).await,
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
