//! `mappings export` and `import`: a spreadsheet to fill in, and the result of each row.

use std::path::Path;

use anyhow::Context;
use truecount_app::mapping::{self, ImportResult, MappingSheet, MappingWorkspace, RowState, Strictness};

use super::list::show_progress;
use crate::args::{Cli, user};
use crate::open::Session;
use crate::output::{Ending, counted, json, tell};

pub(super) async fn export(cli: &Cli, session: &Session, file: &Path, undecided: bool) -> anyhow::Result<Ending> {
    let workspace = MappingWorkspace::load(&session.env, &session.config).await?;
    let sheet = MappingSheet::of(&workspace, |row| !undecided || row.state <= RowState::Split);
    let bytes = match file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => sheet.to_csv()?,
        Some("xlsx") => sheet.to_xlsx()?,
        _ => anyhow::bail!("the name of `{}` ends neither in .csv nor in .xlsx", file.display()),
    };
    std::fs::write(file, bytes).with_context(|| format!("`{}` cannot be written", file.display()))?;
    if cli.json {
        json(&serde_json::json!({ "file": file, "rows": sheet.row_count() }))?;
    }
    tell(&format!(
        "{}. Fill in `decision` or `client`, then run `truecount mappings import {}`.",
        counted(sheet.row_count(), "vendor account", "vendor accounts"),
        file.display()
    ));
    show_progress(&workspace.progress());
    Ok(Ending::Clean)
}

pub(super) async fn import(
    cli: &Cli,
    session: &Session,
    file: &Path,
    actor: Option<&str>,
    strictness: Strictness,
) -> anyhow::Result<Ending> {
    let bytes = std::fs::read(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    let workspace = MappingWorkspace::load(&session.env, &session.config).await?;
    let actor = actor.map_or_else(user, str::to_owned);
    let imported = mapping::import(&session.env, &workspace, &bytes, &actor, strictness).await?;
    if cli.json {
        json(&imported)?;
    }
    show(file, &imported);
    if imported.refused.is_empty() {
        return Ok(Ending::Clean);
    }
    anyhow::bail!("{}", counted(imported.refused.len(), "row was refused", "rows were refused"))
}

fn show(file: &Path, imported: &ImportResult) {
    let shown = |text: &str| truecount_reports::sanitize::visible(text).into_owned();
    for refused in &imported.refused {
        tell(&shown(&format!("{}: {refused}", file.display())));
    }
    for note in &imported.notes {
        tell(&shown(&format!("Note: {note}.")));
    }
    let already = match imported.already {
        0 => String::new(),
        count => format!(", {count} decided the same way before"),
    };
    tell(&format!("{} recorded{already}, {} unchanged.", imported.decided.len(), imported.untouched));
}
