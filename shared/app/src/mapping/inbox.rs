//! Files that people drop into `inbox/mappings/`: each is imported once, by its content, and what is refused is written
//! back beside it and stands in the report until a better file takes its place.

use serde::{Deserialize, Serialize};
use truecount_platform::{Row, Value};
use truecount_reconciliation::SetupFinding;
use truecount_reports::sanitize;

use super::MappingWorkspace;
use super::import::{Imported, Refused, Strictness, import};
use crate::environment::Environment;
use crate::settings::Config;
use crate::{AppError, keys};

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Refused rows that a finding names.
const NAMED_MAX: usize = 3;

/// What the name of a file of results ends with.
const RESULT: &str = "-result.csv";

/// What came of a file, as it is noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    file: String,
    decided: usize,
    refused: usize,
    first: Vec<String>,
}

/// Imports what is new in the inbox; answers what the report must say about the files that lie there.
///
/// # Errors
/// [`AppError`] if the inbox cannot be read or a decision cannot be stored.
pub async fn take(env: &Environment, config: &Config) -> Result<Vec<SetupFinding>, AppError> {
    let mut findings = Vec::new();
    let mut book = None;
    for file in env.archive.list(keys::MAPPINGS_INBOX).await? {
        let name = file.key[keys::MAPPINGS_INBOX.len()..].to_owned();
        if name.ends_with(RESULT) || name.contains('/') {
            continue;
        }
        if file.size > FILE_BYTES_MAX {
            findings.push(finding(&Note {
                file: name,
                decided: 0,
                refused: 1,
                first: vec![format!("it is longer than {FILE_BYTES_MAX} bytes; split it")],
            }));
            continue;
        }
        let Some(bytes) = env.archive.get(&file.key).await? else { continue };
        let sort = format!("{}#{}", keys::sha256(&bytes), name);
        let note = match env.table.get(keys::MAPPINGS_TAKEN, &sort).await? {
            Some(row) => read(&row)?,
            None => {
                // what the file before decided counts for this one
                let now = MappingWorkspace::load(env, config).await?;
                let now = book.insert(now);
                let who = format!("inbox/mappings/{name}");
                let imported = import(env, now, &bytes, &who, Strictness::GoodRows).await?;
                env.archive.put(&result_key(&file.key), results(&imported)?).await?;
                let note = note(name, &imported);
                env.table.put(row(&sort, &note)?).await?;
                note
            }
        };
        if note.refused > 0 {
            findings.push(finding(&note));
        }
    }
    Ok(findings)
}

fn note(file: String, imported: &Imported) -> Note {
    let first = imported.refused.iter().take(NAMED_MAX).map(Refused::to_string).collect();
    Note { file, decided: imported.decided.len(), refused: imported.refused.len(), first }
}

fn row(sort: &str, note: &Note) -> Result<Row, AppError> {
    let text = serde_json::to_string(note).map_err(|e| AppError::damaged("a note of a file", e))?;
    Ok(Row::new(keys::MAPPINGS_TAKEN, sort).with("note", Value::Text(text)))
}

fn read(row: &Row) -> Result<Note, AppError> {
    let place = format!("{} {}", row.pk, row.sk);
    let text = row.text("note").ok_or_else(|| AppError::damaged(&place, "it has no note"))?;
    serde_json::from_str(text).map_err(|e| AppError::damaged(&place, e))
}

fn finding(note: &Note) -> SetupFinding {
    let more = note.refused.saturating_sub(note.first.len());
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let message = format!(
        "{} rows of inbox/mappings/{} were refused ({}{more}): put a file with these rows mended in its place; beside it \
         lies what came of each row",
        note.refused,
        note.file,
        note.first.join("; ")
    );
    SetupFinding {
        code: "mapping_file_refused".to_owned(),
        subject: note.file.clone(),
        message,
        count: note.refused as u64,
    }
}

/// `inbox/mappings/june.xlsx` → `inbox/mappings/june.xlsx-result.csv`.
fn result_key(key: &str) -> String {
    format!("{key}{RESULT}")
}

/// What came of each row that says something.
fn results(imported: &Imported) -> Result<Vec<u8>, AppError> {
    let write = || -> Result<Vec<u8>, csv::Error> {
        let begin = "\u{FEFF}".as_bytes().to_vec();
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(begin);
        csv.write_record(["result", "row", "key", "column", "why"])?;
        for refused in &imported.refused {
            let row = refused.row.to_string();
            let (key, why) = (sanitize::cell(&refused.key), sanitize::cell(&refused.why));
            csv.write_record(["refused", &row, &key, refused.column, &why])?;
        }
        for decided in &imported.decided {
            let key = super::sheet::key(decided.source.as_str(), decided.account_id.as_str());
            csv.write_record(["decided", "", &key, "", ""])?;
        }
        for note in &imported.notes {
            csv.write_record(["note", "", "", "", &sanitize::cell(note)])?;
        }
        csv.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    };
    write().map_err(|error| AppError::damaged("the results of a file of mappings", error))
}
