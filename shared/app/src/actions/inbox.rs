//! Files of decisions that people drop into `inbox/actions/`: each is imported once, by its content, as at the prompt. The
//! rejected rows are written beside it with the reasons, and reported until they are corrected there, or the file is.

use truecount_reconciliation::SetupFinding;
use truecount_reports::sanitize;
use truecount_store::{FilledFile, FilledFileNote, InboxEntry, InboxFolder, sha256_hex};

use super::{ActionBoard, ActionImport, RejectedFormat, RejectedRow, import};
use crate::{AppError, Config, Environment};

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Rejected rows that a finding names.
const NAMED_MAX: usize = 3;

/// Characters of what is named of one.
const NAMED_CHARACTERS: usize = 160;

/// Imports new files in the inbox. The findings are about files with rejected rows, new or not. Without a run there is nothing
/// that could be decided about: then the files wait.
///
/// # Errors
/// [`AppError`] if the inbox cannot be read or a decision cannot be stored.
pub async fn take(env: &Environment, config: &Config) -> Result<Vec<SetupFinding>, AppError> {
    let folder = InboxFolder::filled(FilledFile::Actions);
    let files = folder.files(&env.store).await?;
    let (mut notes, mut findings) = (Vec::new(), Vec::new());
    for file in files.iter().filter(|file| !file.name.contains('/')) {
        if file.size > FILE_BYTES_MAX {
            findings.push(finding(&too_long(file)));
            continue;
        }
        let Some(bytes) = file.read(&env.store).await? else { continue };
        let sha256 = sha256_hex(&bytes);
        let known = FilledFileNote::load(&env.store, FilledFile::Actions, &sha256, &file.name).await?;
        match known {
            Some(note) => notes.push(note),
            None => notes.extend(take_file(env, config, &folder, (&file.name, sha256), &bytes).await?),
        }
    }
    for note in notes.iter().filter(|note| note.refused > 0) {
        if is_open(env, &folder, note).await? {
            findings.push(finding(note));
        }
    }
    Ok(findings)
}

/// Imports one file; `None`: there is no run to hold it against.
async fn take_file(
    env: &Environment,
    config: &Config,
    folder: &InboxFolder,
    (name, sha256): (&str, String),
    bytes: &[u8],
) -> Result<Option<FilledFileNote>, AppError> {
    // Loaded for each file: the decisions of the one before count for this one.
    let Some(board) = ActionBoard::of_newest_run(env).await? else { return Ok(None) };
    let actor = format!("{}{name}", folder.path());
    let imported = import(env, &board, bytes, &actor, config.settings.today(env)).await?;
    let mut note = note(sha256, name, &imported);
    let (format, answer) = RejectedFormat::of_file(name);
    if let Some(rejected) = imported.rejected_file(format)? {
        let answered = FilledFileNote { refused: 0, examples: Vec::new(), answer: None, imported: 0, ..note.clone() };
        let answer = (answer, sha256_hex(&rejected));
        // What we write ourselves is not imported; what a person makes of it is.
        FilledFileNote { sha256: answer.1.clone(), file: answer.0.clone(), ..answered }.save(&env.store).await?;
        folder.put(&env.store, &answer.0, rejected).await?;
        note.answer = Some(answer);
    }
    note.save(&env.store).await?;
    Ok(Some(note))
}

fn note(sha256: String, name: &str, imported: &ActionImport) -> FilledFileNote {
    FilledFileNote {
        of: FilledFile::Actions,
        sha256,
        file: name.to_owned(),
        imported: imported.recorded.len(),
        refused: imported.rejected.len(),
        examples: imported.rejected.iter().take(NAMED_MAX).map(in_words).collect(),
        answer: None,
    }
}

/// Whether rejected rows wait for somebody: until the file with them was corrected, or taken away.
async fn is_open(env: &Environment, folder: &InboxFolder, note: &FilledFileNote) -> Result<bool, AppError> {
    let Some((name, sha256)) = &note.answer else { return Ok(true) };
    let files = folder.files(&env.store).await?;
    let Some(answer) = files.iter().find(|file| file.name == *name) else { return Ok(false) };
    Ok(answer.sha256(&env.store).await?.as_ref() == Some(sha256))
}

fn in_words(rejected: &RejectedRow) -> String {
    let line = rejected.line.map(|line| format!("line {line}: ")).unwrap_or_default();
    let sheet = if rejected.sheet.is_empty() { String::new() } else { format!("{}, ", rejected.sheet) };
    sanitize::shortened(&format!("{sheet}{line}{}", rejected.reasons.join("; ")), NAMED_CHARACTERS).into_owned()
}

fn too_long(file: &InboxEntry) -> FilledFileNote {
    FilledFileNote {
        of: FilledFile::Actions,
        sha256: String::new(),
        file: file.name.clone(),
        imported: 0,
        refused: 1,
        examples: vec![format!("it is longer than {FILE_BYTES_MAX} bytes; split it")],
        answer: None,
    }
}

fn finding(note: &FilledFileNote) -> SetupFinding {
    let more = note.refused.saturating_sub(note.examples.len());
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let (file, reasons) = (&note.file, note.examples.join("; "));
    let message = match (&note.answer, note.refused) {
        (None, _) => format!("inbox/actions/{file} cannot be read ({reasons}{more}): replace it, or take it away"),
        (Some((answer, _)), 1) => {
            format!(
                "1 row of inbox/actions/{file} was rejected ({reasons}): correct it in {answer} beside it, or take that away"
            )
        }
        (Some((answer, _)), rows) => format!(
            "{rows} rows of inbox/actions/{file} were rejected ({reasons}{more}): correct them in {answer} beside it, or take \
             that away"
        ),
    };
    SetupFinding {
        code: "action_file_rejected".to_owned(),
        subject: note.file.clone(),
        message,
        count: note.refused as u64,
    }
}

#[cfg(test)]
mod tests;
