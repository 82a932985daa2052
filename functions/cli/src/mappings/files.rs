//! Mapping in a spreadsheet: a file to fill in, and what came of it.

use std::path::Path;

use anyhow::Context;
use truecount_app::mapping::{self, Imported, MappingSheet, MappingWorkspace, RowState, Strictness};

use super::list::show_progress;
use crate::args::{Cli, user};
use crate::open::Session;
use crate::output::{Ending, json, tell};

pub(super) async fn export(cli: &Cli, session: &Session, file: &Path, undecided: bool) -> anyhow::Result<Ending> {
    let book = MappingWorkspace::load(&session.env, &session.config).await?;
    let sheet = MappingSheet::of(&book, |row| !undecided || row.state <= RowState::Split);
    let bytes = match file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => sheet.to_csv()?,
        Some("xlsx") => sheet.to_xlsx()?,
        _ => anyhow::bail!("`{}` ends neither with .csv nor with .xlsx", file.display()),
    };
    std::fs::write(file, bytes).with_context(|| format!("`{}` cannot be written", file.display()))?;
    if cli.json {
        json(&serde_json::json!({ "file": file, "rows": sheet.row_count() }))?;
    }
    tell(&format!(
        "{} vendor organizations. Fill in `decision` or `client`, then: truecount mappings import {}",
        sheet.row_count(),
        file.display()
    ));
    show_progress(&book.progress());
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
    let book = MappingWorkspace::load(&session.env, &session.config).await?;
    let actor = actor.map_or_else(user, str::to_owned);
    let imported = mapping::import(&session.env, &book, &bytes, &actor, strictness).await?;
    if cli.json {
        json(&imported)?;
    }
    told(file, &imported);
    if imported.refused.is_empty() {
        return Ok(Ending::Clean);
    }
    anyhow::bail!("{} rows were refused; {} were kept", imported.refused.len(), imported.decided.len())
}

fn told(file: &Path, imported: &Imported) {
    let shown = |text: &str| truecount_reports::sanitize::visible(text).into_owned();
    for refused in &imported.refused {
        tell(&shown(&format!("{}: {refused}", file.display())));
    }
    for note in &imported.notes {
        tell(&shown(&format!("Note: {note}.")));
    }
    let already = match imported.already {
        0 => String::new(),
        count => format!(", {count} said what was decided already"),
    };
    tell(&format!("{} decided{already}, {} left as they were.", imported.decided.len(), imported.untouched));
}
