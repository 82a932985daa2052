//! `truecount replay`: makes a run's files again from what it read, and says which differ.

use serde::Serialize;
use truecount_app::{ReplayState, ReplayedFile};

use crate::args::{Cli, ReplayArgs};
use crate::open::open;
use crate::output::{Ending, counted, json, tell};
use crate::runs::run_named;
use crate::table::Column::{Key, Text};
use crate::table::table;

/// So many characters of a hash tell two files apart.
const HASH_SHOWN: usize = 12;

/// What came of a run, for `--json`.
#[derive(Serialize)]
struct Replayed<'a> {
    run_id: &'a str,
    is_same: bool,
    files: &'a [ReplayedFile],
}

pub(crate) async fn replay(cli: &Cli, args: &ReplayArgs) -> anyhow::Result<Ending> {
    let session = open(&args.backend).await?;
    let run = run_named(&session, &args.run).await?;
    let files = truecount_app::replay(&session.env, &session.config, &run).await?;
    let different = files.iter().filter(|file| file.state != ReplayState::Same).count();
    if cli.json {
        json(&Replayed { run_id: &run.run_id, is_same: different == 0, files: &files })?;
    } else {
        let columns = [Key("file"), Text("result"), Key("recorded"), Key("now")];
        table(&columns, &files.iter().map(cells).collect::<Vec<_>>());
        tell(&match different {
            0 => format!("{}: all the same.", counted(files.len(), "file", "files")),
            _ => format!("{}, {different} not as recorded.", counted(files.len(), "file", "files")),
        });
    }
    Ok(if different == 0 { Ending::Clean } else { Ending::Exceptions })
}

fn cells(file: &ReplayedFile) -> Vec<String> {
    let hash = |hash: &Option<String>| hash.as_deref().map(shortened).unwrap_or_default();
    vec![file.name.clone(), file.state.label().to_owned(), hash(&file.recorded), hash(&file.replayed)]
}

fn shortened(hash: &str) -> String {
    hash.chars().take(HASH_SHOWN).collect()
}
