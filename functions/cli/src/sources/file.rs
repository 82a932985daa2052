//! `truecount sources add FILE`: recognises an export, shows what each of its columns was taken for, asks only what the file
//! leaves open, and writes the source down. The file is read whole before anything is written.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use serde::Serialize;
use toml::Table;
use truecount_billing::SourceId;
use truecount_check::FileOnDisk;
use truecount_connectors::{connect, source_kind};
use truecount_exports::{
    Export, ExportProfile, ExportQuestion, QuestionAbout, Recognised, recognise, set_profile_option,
};
use truecount_reports::sanitize;
use truecount_store::SETTINGS_FILE;

use super::add::{replace_settings, with_source};
use crate::args::{AddArgs, Cli};
use crate::ask::{self, ask, confirm};
use crate::open::OpenBackend;
use crate::output::{Ending, json, say, tell};
use crate::table::Column::{Prose, Text};
use crate::table::table;

/// The connector of files.
const CONNECTOR: &str = "file";
/// Questions that a person is asked, at most: each answer settles one.
const QUESTIONS_MAX: usize = 40;
/// Characters of a sample that are shown.
const SAMPLE_CHARS: usize = 24;

/// The answer for a script.
#[derive(Serialize)]
struct AddedFile<'a> {
    source: &'a SourceId,
    connector: &'a str,
    settings: String,
    preset: Option<&'a str>,
    /// Whether nobody has checked the preset's headings against a published list.
    is_unverified: bool,
    columns: Vec<AddedColumn<'a>>,
    assumed: &'a [(String, String)],
    rows: u64,
}

#[derive(Serialize)]
struct AddedColumn<'a> {
    heading: &'a str,
    taken_as: Vec<&'a str>,
    samples: &'a [String],
}

pub(super) async fn add(cli: &Cli, backend: &OpenBackend, args: &AddArgs, there: &[u8]) -> anyhow::Result<Ending> {
    let path = Path::new(&args.kind);
    let name = path.file_name().and_then(|name| name.to_str()).context("the file's name is not Unicode: rename it")?;
    let input = FileOnDisk(path);
    let mut settled = Table::new();
    for option in &args.option {
        set_profile_option(&mut settled, option)?;
    }
    let found = settle_all(&input, name, settled, args.yes)?;
    let id = match &args.id {
        Some(id) => id.clone(),
        None => (found.source_id(name, "export"))
            .with_context(|| "give the source an id: `truecount sources add FILE ID`")?,
    };
    let source = connect(CONNECTOR, &found.profile)?;
    let profile = source.file().context("there is no connector for files")?.profile();
    let rows = read_whole(profile, &input, name)?;
    if !cli.json {
        show(&found);
    }
    let text = std::str::from_utf8(there).context("the settings are not UTF-8")?;
    super::add::ensure_new(text, &id, &args.kind)?;
    let kind = source_kind(CONNECTOR).context("there is no connector for files")?;
    let settings = with_source(text, kind, &id, &found.profile)?;
    if !args.yes {
        anyhow::ensure!(ask::is_possible(), "nothing was written: add --yes to write `{id}` down as shown");
        if !confirm(&format!("Write `{id}` into {SETTINGS_FILE}?"))? {
            tell("Nothing was written.");
            return Ok(Ending::Clean);
        }
    }
    let place = replace_settings(backend, there, settings).await?;
    if cli.json {
        json(&answer(&id, place, &found, rows))?;
        return Ok(Ending::Clean);
    }
    say(&format!("{place}: added `{id}`"));
    let options = backend.target.options();
    tell(&format!("`truecount sync {id}{options} --file \"{}\"` reads it.", sanitize::visible(&args.kind)));
    Ok(Ending::Clean)
}

/// Recognises the file, and asks what it leaves open until nothing is.
fn settle_all(input: &FileOnDisk<'_>, name: &str, mut settled: Table, is_script: bool) -> anyhow::Result<Recognised> {
    for _ in 0..QUESTIONS_MAX {
        let found = recognise(input, name, &settled)?;
        if !found.faults.is_empty() {
            let faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
            anyhow::bail!("{}", faults.join("\n"));
        }
        let Some(first) = found.questions.first() else { return Ok(found) };
        if is_script || !ask::is_possible() {
            let open: Vec<String> = found.questions.iter().map(in_words).collect();
            anyhow::bail!("the file leaves open:\n{}\nAnswer with --option KEY=VALUE.", open.join("\n"));
        }
        let answer = ask(&format!("{}: ", in_words(first)))?;
        anyhow::ensure!(!answer.is_empty(), "nothing was written");
        set_profile_option(&mut settled, &format!("{}={answer}", first.key))?;
    }
    anyhow::bail!("the file leaves too much open: describe it in `{SETTINGS_FILE}`")
}

/// What is asked, with the key that answers it.
fn in_words(question: &ExportQuestion) -> String {
    let at = |heading: &str, line: &Option<u64>| match line {
        Some(line) => format!("column `{}`, line {line}", sanitize::visible(heading)),
        None => format!("column `{}`", sanitize::visible(heading)),
    };
    let what = match &question.about {
        QuestionAbout::Preset => "which of these exports is it".to_owned(),
        QuestionAbout::Side => "what are its rows".to_owned(),
        QuestionAbout::Column => "which column is it".to_owned(),
        QuestionAbout::Account => "which customer is it of".to_owned(),
        QuestionAbout::Unlike(heading) => {
            format!("column `{}` does not look like what its heading says: which is it", sanitize::visible(heading))
        }
        QuestionAbout::Twice(heading) => {
            format!("two columns are headed `{}`: which is it", sanitize::visible(heading))
        }
        QuestionAbout::Numbers(heading, line) => format!("which mark is the decimal one ({})", at(heading, line)),
        QuestionAbout::Dates(heading, line) => format!("which number of a day is the month ({})", at(heading, line)),
        QuestionAbout::Zone(heading, line) => format!("in which zone are its times of day ({})", at(heading, line)),
        QuestionAbout::AsOf => "which day is it for".to_owned(),
    };
    match question.choices.as_slice() {
        [] => format!("{}: {what}?", question.key),
        choices => format!("{}: {what}? {}", question.key, choices.join(", ")),
    }
}

/// Reads every row; answers how many there are.
fn read_whole(profile: &Arc<ExportProfile>, input: &FileOnDisk<'_>, name: &str) -> anyhow::Result<u64> {
    let export = Export::open(profile, input, name)?;
    let faults = export.faults(input)?;
    anyhow::ensure!(faults.is_empty(), "{faults}\nNothing was written.");
    Ok(export.form().counts().given)
}

fn show(found: &Recognised) {
    match found.preset {
        Some(preset) if preset.headings_from.is_none() => tell(&format!(
            "{} (nobody has checked these headings against a published list: look at what is taken for what)",
            preset.title
        )),
        Some(preset) => tell(&preset.title),
        None => tell("No usual export that is known: taken by its headings and values."),
    }
    let rows: Vec<Vec<String>> = found
        .columns
        .iter()
        .map(|column| {
            let taken: Vec<&str> = column.fields().collect();
            let short = |sample: &String| sanitize::shortened(sample, SAMPLE_CHARS).into_owned();
            let samples: Vec<String> = column.samples.iter().map(short).collect();
            vec![sanitize::visible(&column.heading).into_owned(), taken.join(", "), samples.join(" | ")]
        })
        .collect();
    table(&[Prose("column"), Prose("taken as"), Text("such as")], &rows);
    for (key, value) in &found.assumed {
        tell(&format!("Taken for granted: {key} = {value}"));
    }
}

fn answer<'a>(id: &'a SourceId, settings: String, found: &'a Recognised, rows: u64) -> AddedFile<'a> {
    let columns = found.columns.iter().map(|column| AddedColumn {
        heading: &column.heading,
        taken_as: column.fields().collect(),
        samples: &column.samples,
    });
    AddedFile {
        source: id,
        connector: CONNECTOR,
        settings,
        preset: found.preset.map(|preset| preset.name),
        is_unverified: found.preset.is_some_and(|preset| preset.headings_from.is_none()),
        columns: columns.collect(),
        assumed: &found.assumed,
        rows,
    }
}
