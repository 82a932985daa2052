//! `truecount replay`: makes a run's files again from what it read, and says which differ.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;
use truecount_app::{ReplayState, ReplayedFile};
use truecount_embedded::FolderArchive;
use truecount_store::RunFolder;

use crate::args::{Cli, Location, ReplayArgs};
use crate::open::{Purpose, open_backend};
use crate::output::{Ending, counted, json, tell};
use crate::progress;
use crate::table::Column::{Key, Text};
use crate::table::table;

/// So many characters of a hash tell two files apart.
const HASH_SHOWN: usize = 12;

/// The archive's folder in a data directory.
const ARCHIVE: &str = "archive";

/// What came of a run, for `--json`.
#[derive(Serialize)]
struct Replayed<'a> {
    run_id: &'a str,
    is_same: bool,
    files: &'a [ReplayedFile],
}

pub(crate) async fn replay(cli: &Cli, args: &ReplayArgs) -> anyhow::Result<Ending> {
    let folder = run_folder(args).await?;
    let files = truecount_app::replay(&folder, &*progress::observer()).await?;
    let different = files.iter().filter(|file| file.state != ReplayState::Same).count();
    if cli.json {
        json(&Replayed { run_id: folder.run_id(), is_same: different == 0, files: &files })?;
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

/// Where the run's files are. Of a data directory only the archive is opened, so that a copy is as good and nobody waits.
async fn run_folder(args: &ReplayArgs) -> anyhow::Result<RunFolder> {
    let found = match (&args.archive, args.backend.location()?) {
        (Some(folder), _) => RunFolder::of(archive(folder)?, &args.run),
        (None, Location::Directory(data)) => RunFolder::of(archive(&data.join(ARCHIVE))?, &args.run),
        (None, Location::Stack(_)) => open_backend(Purpose::Look, &args.backend).await?.env.store.run_folder(&args.run),
    };
    found.with_context(|| format!("there is no run `{}`: `truecount runs list` shows all runs", args.run))
}

fn archive(folder: &Path) -> anyhow::Result<Arc<FolderArchive>> {
    anyhow::ensure!(
        folder.is_dir(),
        "there is no folder `{}`: name the archive, the folder that has `reports/`",
        folder.display()
    );
    Ok(Arc::new(FolderArchive::read_only(folder)))
}

fn cells(file: &ReplayedFile) -> Vec<String> {
    let hash = |hash: &Option<String>| hash.as_deref().map(shortened).unwrap_or_default();
    vec![file.name.clone(), file.state.label().to_owned(), hash(&file.recorded), hash(&file.replayed)]
}

fn shortened(hash: &str) -> String {
    hash.chars().take(HASH_SHOWN).collect()
}
