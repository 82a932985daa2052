//! `truecount mappings`: shows and decides which client each vendor account belongs to.

mod bulk;
mod decide;
mod files;
mod history;
mod list;
mod none;
mod proposals;
mod review;
mod suggest;

use truecount_app::mapping::Strictness;

use crate::args::{Cli, MappingsArgs, MappingsCommand};
use crate::open::{look, open};
use crate::output::Ending;

pub(crate) async fn mappings(cli: &Cli, args: &MappingsArgs) -> anyhow::Result<Ending> {
    if let MappingsCommand::Suggest(suggest) = &args.command
        && let Some(files) = suggest::files(suggest)
    {
        return suggest::from_files(cli, files, suggest);
    }
    let session = match &args.command {
        MappingsCommand::List { .. } | MappingsCommand::History { .. } | MappingsCommand::Export { .. } => {
            look(&args.backend).await?
        }
        _ => open(&args.backend).await?,
    };
    match &args.command {
        MappingsCommand::Suggest(_) => suggest::from_backend(cli, &session).await,
        MappingsCommand::Export { file, undecided } => files::export(cli, &session, file, *undecided).await,
        MappingsCommand::Import { file, strict, actor } => {
            let strictness = if *strict { Strictness::AllOrNothing } else { Strictness::GoodRows };
            files::import(cli, &session, file, actor.as_deref(), strictness).await
        }
        MappingsCommand::Review { source } => review::review(cli, &session, source.as_ref()).await,
        MappingsCommand::List { undecided } => list::list(cli, &session, *undecided).await,
        MappingsCommand::History { account, source } => {
            history::history(cli, &session, account.as_deref(), source.as_ref()).await
        }
        MappingsCommand::Confirm { source, account, client, above, yes, decision } => {
            match (source, account, client, above) {
                (Some(source), Some(account), Some(client), _) => {
                    decide::confirm(cli, &session, (source, account), client, decision).await
                }
                (.., Some(least)) => bulk::confirm(cli, &session, *least, *yes, decision).await,
                _ => anyhow::bail!("name a source, an account and a client, or a score with --above"),
            }
        }
        MappingsCommand::Nothing { source, client, undo, decision, .. } => {
            none::none(cli, &session, source, client.as_ref(), *undo, decision).await
        }
        MappingsCommand::Ignore { source, account, reason, decision } => {
            decide::ignore(cli, &session, (source, account), *reason, decision).await
        }
        MappingsCommand::Split { source, account, by, parts, decision } => {
            decide::split(cli, &session, (source, account), by, parts, decision).await
        }
        MappingsCommand::Undo { source, account, decision } => {
            decide::undo(cli, &session, (source, account), decision).await
        }
    }
}
