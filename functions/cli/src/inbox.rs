//! `truecount inbox push`: a file for the next sync or run, looked at before it is put there.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use truecount_app::{Settings, SourceSettings};
use truecount_billing::{CountDay, SourceId};
use truecount_connectors::{Connector, SnapshotBuilder, connect, read_page};
use truecount_store::{CreateOutcome, InboxFolder, StoreError};

use crate::args::{Cli, InboxArgs, InboxCommand};
use crate::open::{Session, open};
use crate::output::{Ending, json, say, tell};

/// The largest file that is looked at here, in bytes. A larger one can be put into the inbox by hand.
const FILE_BYTES_MAX: u64 = 1_000_000_000;

/// The largest file of mappings that a run takes, in bytes.
const MAPPINGS_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A file of mappings that was pushed, as one answer.
#[derive(Serialize)]
struct PushedMappings {
    place: String,
    already: bool,
}

/// What was pushed, as one answer.
#[derive(Serialize)]
struct Pushed {
    source: SourceId,
    as_of: CountDay,
    accounts: usize,
    rows: usize,
    place: String,
    already: bool,
}

/// What a file holds, as the next sync will read it.
struct Seen {
    as_of: CountDay,
    accounts: usize,
    rows: usize,
}

pub(crate) async fn inbox(cli: &Cli, args: &InboxArgs) -> anyhow::Result<Ending> {
    let InboxCommand::Push { file, source, mappings } = &args.command;
    let session = open(&args.backend).await?;
    if *mappings {
        return push_mappings(cli, &session, file).await;
    }
    let source = takes_files(&session.config.settings, source.as_ref())?;
    let (name, bytes) = read(file)?;
    let seen = look_into(source, &name, &bytes)?;
    let (already, place) = put(&session, &InboxFolder::source(&source.id), &name, bytes).await?;
    let pushed = Pushed {
        source: source.id.clone(),
        as_of: seen.as_of,
        accounts: seen.accounts,
        rows: seen.rows,
        place,
        already,
    };
    if cli.json {
        json(&pushed)?;
        return Ok(Ending::Clean);
    }
    let Pushed { as_of, accounts, rows, place, .. } = &pushed;
    say(&format!("{place}: as of {as_of}, {rows} rows, {accounts} vendor organizations"));
    if already {
        tell("The same file was there already.");
    }
    warn(&session, source, &seen).await?;
    tell(&format!("`truecount sync {}` reads it, and so does the next run.", source.id));
    Ok(Ending::Clean)
}

/// A spreadsheet of mappings. Its rows are checked by the run that takes them, against what is known then.
async fn push_mappings(cli: &Cli, session: &Session, file: &Path) -> anyhow::Result<Ending> {
    let (name, bytes) = read(file)?;
    is_spreadsheet(&name, &bytes).map_err(|why| anyhow::anyhow!("`{name}`: {why}; nothing was put into the inbox"))?;
    let (already, place) = put(session, &InboxFolder::mappings(), &name, bytes).await?;
    if cli.json {
        json(&PushedMappings { place, already })?;
        return Ok(Ending::Clean);
    }
    say(&place);
    if already {
        tell("The same file was there already.");
    }
    tell("The next run takes it; what came of each row is then beside it, and rows that were refused in the report.");
    Ok(Ending::Clean)
}

/// Whether a file can be one of mappings, by its name and its first bytes.
fn is_spreadsheet(name: &str, bytes: &[u8]) -> Result<(), String> {
    let ends = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    if bytes.len() > MAPPINGS_BYTES_MAX {
        return Err(format!("it has {} bytes, more than {MAPPINGS_BYTES_MAX}: split it", bytes.len()));
    }
    if ends("-result.csv") {
        return Err("it is what came of an earlier file: push the spreadsheet itself".to_owned());
    }
    let is_workbook = bytes.starts_with(b"PK\x03\x04");
    match (ends(".xlsx"), ends(".csv")) {
        (true, _) if is_workbook => Ok(()),
        (_, true) if bytes.is_empty() => Err("it is empty".to_owned()),
        (_, true) if !is_workbook => Ok(()),
        _ => {
            Err("it is no .xlsx or .csv as `truecount mappings export` writes them: save it as one of them".to_owned())
        }
    }
}

/// The source that is named, if it takes files; without a name the only one that does.
fn takes_files<'a>(settings: &'a Settings, wanted: Option<&SourceId>) -> anyhow::Result<&'a SourceSettings> {
    let mut takers = Vec::new();
    for source in settings.enabled() {
        if connect(&source.connector, &source.options)?.file().is_some() {
            takers.push(source);
        }
    }
    let names = || takers.iter().map(|source| format!("`{}`", source.id)).collect::<Vec<_>>().join(", ");
    match (wanted, takers.as_slice()) {
        (_, []) => {
            anyhow::bail!("no source that is switched on takes files: the settings need one with `connector = \"csv\"`")
        }
        (None, [only]) => Ok(only),
        (None, _) => anyhow::bail!("several sources take files: say which with --source: {}", names()),
        (Some(id), _) => {
            let source = settings.source(id.as_str())?;
            takers
                .iter()
                .find(|taker| taker.id == source.id)
                .copied()
                .with_context(|| format!("`{id}` takes no files, or is switched off; those that do: {}", names()))
        }
    }
}

fn read(file: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let say_where = || format!("`{}` cannot be read", file.display());
    let size = std::fs::metadata(file).with_context(say_where)?.len();
    anyhow::ensure!(size <= FILE_BYTES_MAX, "`{}` has {size} bytes, more than {FILE_BYTES_MAX}", file.display());
    let bytes = std::fs::read(file).with_context(say_where)?;
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("the name of `{}` is not Unicode: rename it", file.display()))?;
    Ok((name.to_owned(), bytes))
}

/// Reads the whole file as the sync will.
fn look_into(source: &SourceSettings, name: &str, bytes: &[u8]) -> anyhow::Result<Seen> {
    let connector = connect(&source.connector, &source.options)?;
    let file = connector.file().context("this source takes no files")?;
    let as_of = file.as_of(name).map_err(anyhow::Error::msg)?;
    let mut reading = SnapshotBuilder::of(&*connector);
    let mut splitter = file.split(name);
    let pages = splitter.push(bytes).and_then(|mut pages| {
        pages.extend(splitter.finish()?);
        Ok(pages)
    });
    let take = |connector: &dyn Connector| {
        for page in &pages? {
            read_page(connector, page, &mut reading)?;
        }
        Ok(reading.finish())
    };
    let found = take(&*connector).map_err(|error: truecount_connectors::PageError| {
        anyhow::anyhow!("{}; nothing was put into the inbox", error.why.trim_start_matches("cannot be read: "))
    })?;
    Ok(Seen { as_of, accounts: found.account_count(), rows: found.item_count() + found.line_count() })
}

/// Adds the file, unless another one has its name; says whether the same one was there, and where it is.
async fn put(session: &Session, folder: &InboxFolder, name: &str, bytes: Vec<u8>) -> anyhow::Result<(bool, String)> {
    let place = folder.file_location(&session.env.store, name);
    match folder.add(&session.env.store, name, bytes).await {
        Ok(outcome) => Ok((outcome == CreateOutcome::AlreadyExists, place)),
        Err(StoreError::Taken(_)) => anyhow::bail!(
            "`{place}` is there already with other content and stays as it is; give the new file another name, such as \
             one that ends in -2"
        ),
        Err(error) => Err(error.into()),
    }
}

/// What a person should know of the file's day.
async fn warn(session: &Session, source: &SourceSettings, seen: &Seen) -> anyhow::Result<()> {
    let today = session.config.settings.today(&session.env);
    if seen.as_of.0 > today {
        tell(&format!("Today is {today}: it is read from {} on.", seen.as_of));
    }
    let connector = connect(&source.connector, &source.options)?;
    let Some(file) = connector.file() else { return Ok(()) };
    let mut newer = Vec::new();
    for entry in InboxFolder::source(&source.id).files(&session.env.store).await? {
        let name = &entry.name;
        if file.as_of(name).is_ok_and(|day| day > seen.as_of && day.0 <= today) {
            newer.push(format!("`{name}`"));
        }
    }
    if !newer.is_empty() {
        tell(&format!("A newer file is read in its place: {}.", newer.join(", ")));
    }
    Ok(())
}
