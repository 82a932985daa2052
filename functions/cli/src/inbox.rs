//! `truecount inbox push`: adds a file for the next sync or run, after checking it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use truecount_app::{Settings, SourceSettings};
use truecount_billing::{CountDay, SourceId};
use truecount_check::FileOnDisk;
use truecount_connectors::{FileContents, FileDay, connect};
use truecount_store::{CreateOutcome, FilledFile, InboxFolder, StoreError};

use crate::args::{Cli, InboxArgs, InboxCommand};
use crate::open::{Session, open};
use crate::output::{Ending, counted, json, say, tell};

/// The largest spreadsheet that a run reads, in bytes.
const FILLED_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// The answer for a spreadsheet that was filled in.
#[derive(Serialize)]
struct PushedFilled {
    place: String,
    already: bool,
}

/// The answer for a source's file.
#[derive(Serialize)]
struct Pushed {
    source: SourceId,
    as_of: CountDay,
    accounts: usize,
    rows: u64,
    place: String,
    already: bool,
}

/// What a file is for and contains, as the next sync will read it.
struct Found {
    as_of: CountDay,
    contents: FileContents,
}

pub(crate) async fn inbox(cli: &Cli, args: &InboxArgs) -> anyhow::Result<Ending> {
    let InboxCommand::Push { file, source, mappings, actions } = &args.command;
    let session = open(&args.backend).await?;
    let filled = [(*mappings, FilledFile::Mappings), (*actions, FilledFile::Actions)];
    if let Some((_, of)) = filled.into_iter().find(|(is_wanted, _)| *is_wanted) {
        return push_filled(cli, &session, file, of).await;
    }
    let source = file_source(&session.config.settings, source.as_ref())?;
    let name = name_of(file)?;
    let found = check(&session, source, name, file)?;
    let (already, place) = add(&session, &InboxFolder::source(&source.id), name, file).await?;
    let FileContents { accounts, rows } = found.contents;
    let pushed = Pushed { source: source.id.clone(), as_of: found.as_of, accounts, rows, place, already };
    if cli.json {
        json(&pushed)?;
        return Ok(Ending::Clean);
    }
    let Pushed { as_of, accounts, rows, place, .. } = &pushed;
    let rows = counted(*rows, "row", "rows");
    let accounts = counted(*accounts, "vendor account", "vendor accounts");
    say(&format!("{place}: as of {as_of}, {rows}, {accounts}"));
    if already {
        tell("The same file was already there.");
    }
    warn(&session, source, name, &found).await?;
    tell(&format!("`truecount sync {}` reads it, as does the next run.", source.id));
    Ok(Ending::Clean)
}

/// Puts a file that is to be read now, in place of an earlier one of its name. One that cannot be read, or would not be, is
/// refused before.
pub(crate) async fn put(session: &Session, source: &SourceSettings, file: &Path) -> anyhow::Result<()> {
    let name = name_of(file)?;
    let found = check(session, source, name, file)?;
    let today = session.config.settings.today(&session.env);
    let day = found.as_of;
    anyhow::ensure!(day.0 <= today, "`{name}` is for {day}, and today is {today}; nothing was added to the inbox");
    let newer = newer(&dated(session, source).await?, &found);
    anyhow::ensure!(
        newer.is_empty(),
        "`{name}` is for {day}, and the inbox has a newer file, which would be read instead: {}. Nothing was added",
        newer.join(", ")
    );
    Ok(InboxFolder::source(&source.id).put_from(&session.env.store, name, file).await?)
}

/// Adds a spreadsheet that was filled in. The run that reads it checks its rows, against what is known then.
async fn push_filled(cli: &Cli, session: &Session, file: &Path, of: FilledFile) -> anyhow::Result<Ending> {
    let name = name_of(file)?;
    let size = std::fs::metadata(file).with_context(|| cannot_be_read(file))?.len();
    let mut begin = Vec::new();
    File::open(file).and_then(|file| file.take(4).read_to_end(&mut begin)).with_context(|| cannot_be_read(file))?;
    is_spreadsheet(name, size, &begin, of)
        .map_err(|why| anyhow::anyhow!("`{name}`: {why}; nothing was added to the inbox"))?;
    let (already, place) = add(session, &InboxFolder::filled(of), name, file).await?;
    if cli.json {
        json(&PushedFilled { place, already })?;
        return Ok(Ending::Clean);
    }
    say(&place);
    if already {
        tell("The same file was already there.");
    }
    tell(match of {
        FilledFile::Mappings => {
            "The next run reads it, writes the result of each row beside it, and lists refused rows in the report."
        }
        FilledFile::Actions => {
            "The next run reads it, writes rejected rows beside it with the reasons, and lists them in the report."
        }
    });
    Ok(Ending::Clean)
}

/// Whether a file can be a spreadsheet that was filled in, by its name, size and first bytes.
fn is_spreadsheet(name: &str, size: u64, begin: &[u8], of: FilledFile) -> Result<(), String> {
    let ends = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    if size > FILLED_BYTES_MAX {
        return Err(format!("it has {size} bytes, more than {FILLED_BYTES_MAX}: split it"));
    }
    if ends("-result.csv") {
        return Err("it is the result of an earlier file: push the spreadsheet itself".to_owned());
    }
    let is_workbook = begin.starts_with(b"PK\x03\x04");
    match (ends(".xlsx"), ends(".csv")) {
        (true, _) if is_workbook => Ok(()),
        (_, true) if size == 0 => Err("it is empty".to_owned()),
        (_, true) if !is_workbook => Ok(()),
        _ => {
            let written_by = match of {
                FilledFile::Mappings => "as `truecount mappings export` writes them",
                FilledFile::Actions => "as a report has them",
            };
            Err(format!("it is neither .xlsx nor .csv {written_by}: save it as one of these"))
        }
    }
}

/// The named source, if it reads files; without a name the only one that does.
fn file_source<'a>(settings: &'a Settings, wanted: Option<&SourceId>) -> anyhow::Result<&'a SourceSettings> {
    let mut readers = Vec::new();
    for source in settings.enabled() {
        if connect(&source.connector, &source.options)?.file().is_some() {
            readers.push(source);
        }
    }
    let names = || readers.iter().map(|source| format!("`{}`", source.id)).collect::<Vec<_>>().join(", ");
    match (wanted, readers.as_slice()) {
        (_, []) => {
            anyhow::bail!("no enabled source reads files: the settings need one with `connector = \"file\"`")
        }
        (None, [only]) => Ok(only),
        (None, _) => anyhow::bail!("several sources read files: name one with --source: {}", names()),
        (Some(id), _) => {
            let source = settings.source(id.as_str())?;
            readers
                .iter()
                .find(|reader| reader.id == source.id)
                .copied()
                .with_context(|| format!("`{id}` reads no files, or is disabled; these do: {}", names()))
        }
    }
}

fn name_of(file: &Path) -> anyhow::Result<&str> {
    let name = file.file_name().and_then(|name| name.to_str());
    name.with_context(|| format!("the name of `{}` is not Unicode: rename it", file.display()))
}

fn cannot_be_read(file: &Path) -> String {
    format!("`{}` cannot be read", file.display())
}

/// Reads the whole file as the sync will, without holding it.
fn check(session: &Session, source: &SourceSettings, name: &str, path: &Path) -> anyhow::Result<Found> {
    let connector = connect(&source.connector, &source.options)?;
    let file = connector.file().context("this source reads no files")?;
    let input = FileOnDisk(path);
    let written = File::open(path).and_then(|file| file.metadata()).with_context(|| cannot_be_read(path))?.modified();
    let refused = |why: &dyn std::fmt::Display| anyhow::anyhow!("{why}\nNothing was added to the inbox.");
    let as_of = match file.day_of(name) {
        FileDay::Known(day) => day,
        FileDay::Refused(why) => return Err(refused(&format!("{name}: {why}"))),
        FileDay::WhenWritten => session.config.settings.closing.day_at(Timestamp::try_from(written?)?),
        FileDay::Inside => file.day_in(name, &input).map_err(|error| refused(&error))?,
    };
    let contents = file.contents(name, &input).map_err(|error| refused(&error))?;
    Ok(Found { as_of: CountDay(as_of), contents })
}

/// Adds the file, unless another one has its name. Says whether the same file was already there, and where it is.
async fn add(session: &Session, folder: &InboxFolder, name: &str, file: &Path) -> anyhow::Result<(bool, String)> {
    let place = folder.file_location(&session.env.store, name);
    match folder.add_from(&session.env.store, name, file).await {
        Ok(outcome) => Ok((outcome == CreateOutcome::AlreadyExists, place)),
        Err(StoreError::Taken(_)) => anyhow::bail!(
            "`{place}` exists with other content and is not replaced; give the new file another name, such as \
             one that ends in -2"
        ),
        Err(error) => Err(error.into()),
    }
}

/// Files of the inbox whose day is up to today, with their days, as far as their names tell.
async fn dated(session: &Session, source: &SourceSettings) -> anyhow::Result<Vec<(Date, String)>> {
    let today = session.config.settings.today(&session.env);
    let connector = connect(&source.connector, &source.options)?;
    let mut dated = Vec::new();
    let Some(file) = connector.file() else { return Ok(dated) };
    for entry in InboxFolder::source(&source.id).files(&session.env.store).await? {
        let day = match file.day_of(&entry.name) {
            FileDay::Known(day) => Some(day),
            FileDay::WhenWritten => entry.modified.map(|written| session.config.settings.closing.day_at(written)),
            FileDay::Inside | FileDay::Refused(_) => None,
        };
        dated.extend(day.filter(|day| *day <= today).map(|day| (day, entry.name)));
    }
    Ok(dated)
}

/// Of these files, those that are read before this one.
fn newer(dated: &[(Date, String)], found: &Found) -> Vec<String> {
    let newer = dated.iter().filter(|(day, _)| *day > found.as_of.0);
    newer.map(|(_, name)| format!("`{name}`")).collect()
}

/// Says when the file will be read, if that is not at once, and with which others.
async fn warn(session: &Session, source: &SourceSettings, name: &str, found: &Found) -> anyhow::Result<()> {
    let today = session.config.settings.today(&session.env);
    if found.as_of.0 > today {
        tell(&format!("Today is {today}: it is used from {} on.", found.as_of));
    }
    let dated = dated(session, source).await?;
    let newer = newer(&dated, found);
    if !newer.is_empty() {
        tell(&format!("A newer file is used instead: {}.", newer.join(", ")));
    }
    let others = dated.iter().filter(|(day, other)| *day == found.as_of.0 && other != name);
    let others: Vec<String> = others.map(|(_, other)| format!("`{other}`")).collect();
    if !others.is_empty() {
        tell(&format!("Files of one day are read together, this one with {}.", others.join(", ")));
    }
    Ok(())
}
