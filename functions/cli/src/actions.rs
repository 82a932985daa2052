//! `truecount actions`: decisions on exceptions, one by one, over a filter, or from a filled-in file.

mod changes;
mod import;
mod list;
mod record;
mod standing;

use crate::args::{ActionsArgs, ActionsCommand, Cli};
use crate::open::{look, open};
use crate::output::Ending;

pub(crate) async fn actions(cli: &Cli, args: &ActionsArgs) -> anyhow::Result<Ending> {
    match &args.command {
        ActionsCommand::Record(wanted) => record::record(cli, &open(&args.backend).await?, wanted).await,
        ActionsCommand::Import { file, by } => {
            import::import(cli, &open(&args.backend).await?, file, by.as_deref()).await
        }
        ActionsCommand::Changes { client } => {
            changes::changes(cli, &look(&args.backend).await?, client.as_deref()).await
        }
        ActionsCommand::List { client } => list::list(cli, &look(&args.backend).await?, client.as_deref()).await,
    }
}
