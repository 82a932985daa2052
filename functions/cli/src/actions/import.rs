//! `actions import`: a filled-in file, and what became of each row.

use std::path::{Path, PathBuf};

use anyhow::Context;
use truecount_app::actions::{self, ActionBoard, ActionImport, RejectedFormat};
use truecount_reports::sanitize;

use crate::args::{Cli, user};
use crate::open::Session;
use crate::output::{Ending, counted, json, tell};
use crate::runs::newest_run;

pub(super) async fn import(cli: &Cli, session: &Session, file: &Path, by: Option<&str>) -> anyhow::Result<Ending> {
    let bytes = std::fs::read(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    let run = newest_run(session, None).await?.context("there is no run yet: start with `truecount run`")?;
    let board = ActionBoard::load(&session.env, &run).await?;
    let actor = by.map_or_else(user, str::to_owned);
    let today = session.config.settings.today(&session.env);
    let imported = actions::import(&session.env, &board, &bytes, &actor, today).await?;
    let written = write_rejected(file, &imported)?;
    if cli.json {
        json(&imported)?;
    }
    show(file, &imported);
    if imported.rejected.is_empty() {
        return Ok(Ending::Clean);
    }
    let rows = counted(imported.rejected.len(), "row was rejected", "rows were rejected");
    match written {
        Some(path) => anyhow::bail!("{rows}: mend them in `{}`, and import that", path.display()),
        None => anyhow::bail!("nothing was recorded: the file cannot be read"),
    }
}

/// Writes the rejected rows beside the file, as the kind of file that it is. Of an earlier import nothing is left.
fn write_rejected(file: &Path, imported: &ActionImport) -> anyhow::Result<Option<PathBuf>> {
    let (format, name) = RejectedFormat::of_file(&file.file_name().unwrap_or_default().to_string_lossy());
    let Some(bytes) = imported.rejected_file(format)? else { return Ok(None) };
    let path = file.with_file_name(name);
    std::fs::write(&path, bytes).with_context(|| format!("`{}` cannot be written", path.display()))?;
    Ok(Some(path))
}

fn show(file: &Path, imported: &ActionImport) {
    let shown = |text: &str| sanitize::visible(text).into_owned();
    for rejected in &imported.rejected {
        let sheet = if rejected.sheet.is_empty() { String::new() } else { format!(", {}", rejected.sheet) };
        let line = rejected.line.map(|line| format!("{sheet}, line {line}")).unwrap_or(sheet);
        tell(&shown(&format!("{}{line}: {}", file.display(), rejected.reasons.join("; "))));
    }
    for note in &imported.notes {
        tell(&shown(&format!("Note: {note}.")));
    }
    let already = match imported.already {
        0 => String::new(),
        count => format!(", {count} recorded before"),
    };
    let rejected = match imported.rejected.len() {
        0 => String::new(),
        count => format!(", {count} rejected"),
    };
    let recorded = imported.recorded.len();
    tell(&format!("{recorded} recorded{already}{rejected}, {} not filled in.", imported.untouched));
}
