//! Files that people drop into `inbox/mappings/`: each is imported once, by its content. The rows that are refused are
//! written beside it, and reported until a corrected file takes its place.

use truecount_reconciliation::SetupFinding;
use truecount_reports::sanitize;
use truecount_store::{FilledFile, FilledFileNote, InboxFolder, sha256_hex};

use super::MappingWorkspace;
use super::sheets::{self, ImportResult, RefusedRow, Strictness, import};
use crate::{AppError, Config, Environment};

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Refused rows that a finding names.
const NAMED_MAX: usize = 3;

/// What the name of a file of results ends with.
const RESULT: &str = "-result.csv";

/// Imports new files in the inbox. The findings are about files with refused rows, new or not.
///
/// # Errors
/// [`AppError`] if the inbox cannot be read or a decision cannot be stored.
pub async fn take(env: &Environment, config: &Config) -> Result<Vec<SetupFinding>, AppError> {
    let folder = InboxFolder::filled(FilledFile::Mappings);
    let mut findings = Vec::new();
    for file in folder.files(&env.store).await? {
        if file.name.ends_with(RESULT) || file.name.contains('/') {
            continue;
        }
        if file.size > FILE_BYTES_MAX {
            findings.push(too_long(file.name));
            continue;
        }
        let Some(bytes) = file.read(&env.store).await? else { continue };
        let sha256 = sha256_hex(&bytes);
        let note = match FilledFileNote::load(&env.store, FilledFile::Mappings, &sha256, &file.name).await? {
            Some(note) => note,
            None => {
                // Loaded for each file: the decisions of the one before count for this one.
                let workspace = MappingWorkspace::load(env, config).await?;
                let actor = format!("inbox/mappings/{}", file.name);
                let imported = import(env, &workspace, &bytes, &actor, Strictness::GoodRows).await?;
                folder.put(&env.store, &format!("{}{RESULT}", file.name), results(&imported)?).await?;
                let note = note(sha256, file.name, &imported);
                note.save(&env.store).await?;
                note
            }
        };
        if note.refused > 0 {
            findings.push(finding(&note));
        }
    }
    Ok(findings)
}

fn too_long(file: String) -> SetupFinding {
    let examples = vec![format!("it is longer than {FILE_BYTES_MAX} bytes; split it")];
    let of = FilledFile::Mappings;
    finding(&FilledFileNote { of, sha256: String::new(), file, imported: 0, refused: 1, examples, answer: None })
}

fn note(sha256: String, file: String, imported: &ImportResult) -> FilledFileNote {
    let examples = imported.refused.iter().take(NAMED_MAX).map(RefusedRow::to_string).collect();
    let (imported, refused) = (imported.decided.len(), imported.refused.len());
    FilledFileNote { of: FilledFile::Mappings, sha256, file, imported, refused, examples, answer: None }
}

fn finding(note: &FilledFileNote) -> SetupFinding {
    let more = note.refused.saturating_sub(note.examples.len());
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let message = format!(
        "{} {} of inbox/mappings/{} {} refused ({}{more}): replace the file by one with these rows corrected; the results of \
         all rows are in the file beside it",
        note.refused,
        if note.refused == 1 { "row" } else { "rows" },
        note.file,
        if note.refused == 1 { "was" } else { "were" },
        note.examples.join("; ")
    );
    SetupFinding {
        code: "mapping_file_refused".to_owned(),
        subject: note.file.clone(),
        message,
        count: note.refused as u64,
    }
}

/// The result of each row with a decision, as CSV.
fn results(imported: &ImportResult) -> Result<Vec<u8>, AppError> {
    let write = || -> Result<Vec<u8>, csv::Error> {
        let begin = "\u{FEFF}".as_bytes().to_vec();
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(begin);
        csv.write_record(["result", "line", "key", "column", "reason"])?;
        for refused in &imported.refused {
            let line = refused.line.map_or_else(String::new, |line| line.to_string());
            let [key, column, reason] =
                [&refused.key, &refused.column, &refused.reason].map(|text| sanitize::cell(text));
            csv.write_record(["refused", &line, &key, &column, &reason])?;
        }
        for decided in &imported.decided {
            let key = sheets::key(decided.source.as_str(), decided.account_id.as_str());
            csv.write_record(["decided", "", &key, "", ""])?;
        }
        for note in &imported.notes {
            csv.write_record(["note", "", "", "", &sanitize::cell(note)])?;
        }
        csv.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    };
    write().map_err(|error| AppError::damaged("the results of a file of mappings", error))
}

#[cfg(test)]
mod tests;
