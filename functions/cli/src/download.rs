//! `truecount report download`: copies a run's files from the archive into a local directory.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use truecount_billing::BillingMonth;
use truecount_platform::checked_key;
use truecount_store::Run;

use crate::args::{BackendArgs, Cli, DownloadArgs};
use crate::open::{Session, look};
use crate::output::{Ending, json, tell};
use crate::runs::newest_run;
use crate::table::Column::{Key, Number, Text};
use crate::table::table;

/// A file of the run, and whether it had to be written.
#[derive(Serialize)]
pub(crate) struct DownloadedFile {
    pub(crate) file: String,
    pub(crate) bytes: usize,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Written,
    AlreadyThere,
}

/// Files of a run that are in a local directory now.
#[derive(Serialize)]
pub(crate) struct Answer {
    pub(crate) run_id: String,
    pub(crate) month: BillingMonth,
    pub(crate) directory: String,
    pub(crate) files: Vec<DownloadedFile>,
}

impl Answer {
    pub(crate) fn show(&self, as_json: bool) -> anyhow::Result<Ending> {
        if as_json {
            json(self)?;
            return Ok(Ending::Clean);
        }
        let cells = |file: &DownloadedFile| {
            let outcome = match file.outcome {
                Outcome::Written => "written",
                Outcome::AlreadyThere => "already there",
            };
            vec![file.file.clone(), file.bytes.to_string(), outcome.to_owned()]
        };
        table(&[Key("file"), Number("bytes"), Text("")], &self.files.iter().map(cells).collect::<Vec<_>>());
        tell(&format!("Run {} of {} is in `{}`.", self.run_id, self.month, self.directory));
        Ok(Ending::Clean)
    }
}

pub(crate) async fn download(cli: &Cli, backend: &BackendArgs, args: &DownloadArgs) -> anyhow::Result<Ending> {
    let session = look(backend).await?;
    let run = wanted(&session, args).await?;
    let files = files_of(&session, &run).await?;
    let (month, run_id) = (run.manifest.month, run.run_id);
    let out = &args.out;
    refuse_to_overwrite(out, &files)?;
    let mut downloaded = Vec::new();
    for (name, bytes) in files {
        let outcome = write_new(&out.join(&name), &bytes)?;
        downloaded.push(DownloadedFile { file: name, bytes: bytes.len(), outcome });
    }
    Answer { run_id, month, directory: out.display().to_string(), files: downloaded }.show(cli.json)
}

/// The run that is named; else the month's closing run, else its newest; without a month the newest month's.
async fn wanted(session: &Session, args: &DownloadArgs) -> anyhow::Result<Run> {
    if let Some(run_id) = &args.run {
        // A run's id begins with its month.
        let of_id = run_id.get(..7).and_then(|text| text.parse().ok());
        let month: Option<BillingMonth> = args.month.or(of_id);
        let found = match month {
            Some(month) => Run::load(&session.env.store, month, run_id).await?,
            None => None,
        };
        return found.with_context(|| format!("there is no run `{run_id}`: `truecount runs list` shows all runs"));
    }
    newest_run(session, args.month).await?.context("there is no run yet: start with `truecount run`")
}

/// The run's files by their names below its folder.
async fn files_of(session: &Session, run: &Run) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let folder = run.folder(&session.env.store);
    let mut files = Vec::new();
    for file in folder.files().await? {
        // A name that leads out of the directory is refused, whoever put it into the archive.
        checked_key(&file.name).with_context(|| format!("`{}` cannot be a file name here", file.name))?;
        let bytes = folder.read_file(&file.name).await?;
        let bytes = bytes.with_context(|| format!("`{}` was removed", file.name))?;
        files.push((file.name, bytes));
    }
    let (month, run_id) = (run.manifest.month, &run.run_id);
    if !files.iter().any(|(name, _)| name == "manifest.json") {
        anyhow::bail!(
            "run `{run_id}` has no report yet; `truecount report --month {month} --run {run_id}` writes its files"
        );
    }
    Ok(files)
}

/// Refuses before anything is written: a file with other content is never overwritten.
fn refuse_to_overwrite(out: &Path, files: &[(String, Vec<u8>)]) -> anyhow::Result<()> {
    for (name, bytes) in files {
        let path = out.join(name);
        if has_other_content(&path, bytes)? {
            anyhow::bail!(
                "`{}` exists with other content, so nothing was written; name another directory with --out",
                path.display()
            );
        }
    }
    Ok(())
}

fn has_other_content(path: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    match fs::read(path) {
        Ok(there) => Ok(there != bytes),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(error).with_context(|| format!("`{}` cannot be read", path.display())),
    }
}

/// Writes one file, unless it is there with other content.
pub(crate) fn written(path: &Path, bytes: &[u8]) -> anyhow::Result<Outcome> {
    if has_other_content(path, bytes)? {
        anyhow::bail!(
            "`{}` exists with other content, and is not overwritten; name another directory with --out",
            path.display()
        );
    }
    write_new(path, bytes)
}

/// Writes a file completely or not at all.
fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<Outcome> {
    if path.exists() {
        return Ok(Outcome::AlreadyThere);
    }
    let say_where = || format!("`{}` cannot be written", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(say_where)?;
    }
    let draft = PathBuf::from(format!("{}.part", path.display()));
    let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written.with_context(say_where).map(|()| Outcome::Written)
}
