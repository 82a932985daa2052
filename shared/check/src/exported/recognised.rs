//! What each file is: its source, its profile, and the day that it is as of; or everything that the files leave open.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use toml::{Table, Value};
use truecount_billing::{CountDay, Side, SourceId};
use truecount_exports::{
    AsOf, Export, ExportError, ExportProfile, ExportQuestion, QuestionAbout, Recognised, day_of_name, recognise,
    set_profile_option,
};
use truecount_tabular::{TableReader, WantedColumn, WantedValues, survey};

use super::{CountDayFrom, ExportToCheck, ExportsCheckArgs, HandedOver};
use crate::{FileOnDisk, named};

/// The most files that are read at once.
const FILES_MAX: usize = 1000;

/// All files, by their sources.
pub(super) struct RecognisedFiles {
    pub(super) sources: Vec<RecognisedSource>,
    pub(super) count_day: CountDay,
    pub(super) count_day_from: CountDayFrom,
}

/// The files of one source, which have one profile and are of one day.
pub(super) struct RecognisedSource {
    pub(super) id: SourceId,
    pub(super) profile: Arc<ExportProfile>,
    pub(super) day: CountDay,
    pub(super) files: Vec<RecognisedFile>,
}

/// A file, and what it was taken for.
pub(super) struct RecognisedFile {
    /// As given.
    pub(super) shown: String,
    /// Without its folder.
    pub(super) name: String,
    pub(super) path: std::path::PathBuf,
    pub(super) found: Recognised,
}

/// Recognises every file; what stands in the way of some, and what they leave open, goes to `wrong`.
pub(super) fn recognise_all(args: &ExportsCheckArgs, as_what: HandedOver, wrong: &mut Vec<String>) -> RecognisedFiles {
    if args.files.len() > FILES_MAX {
        wrong.push(format!("at most {FILES_MAX} files are read at once"));
    }
    let (count_day, count_day_from) = count_day(args);
    let mut asked = Asked { args, as_what, count_day, used: BTreeSet::new() };
    let mut by_source: BTreeMap<SourceId, Vec<RecognisedFile>> = BTreeMap::new();
    for file in args.files.iter().take(FILES_MAX) {
        match asked.recognise(file) {
            Ok(found) => found.into_iter().for_each(|(id, found)| by_source.entry(id).or_default().push(found)),
            Err(faults) => wrong.extend(faults),
        }
    }
    for option in args.options.iter().filter(|option| !asked.used.contains(&option.id)) {
        let ids: Vec<&str> = asked.used.iter().map(SourceId::as_str).collect();
        wrong.push(format!("--option {}:…: no file is of this source; there are {}", option.id, ids.join(", ")));
    }
    let mut sources = Vec::new();
    for (id, files) in by_source {
        match source(id, files, count_day) {
            Ok(source) => sources.push(source),
            Err(why) => wrong.push(why),
        }
    }
    if wrong.is_empty() {
        wrong.extend(wrong_sides(&sources, args.mappings.is_some()));
    }
    RecognisedFiles { sources, count_day, count_day_from }
}

/// The day that was given, else the newest that a file's name says, else today.
fn count_day(args: &ExportsCheckArgs) -> (CountDay, CountDayFrom) {
    let days = args.files.iter().filter_map(|file| day_of_name(file.path.file_name()?.to_str()?).ok());
    match (args.as_of, days.map(|day| day.0).max()) {
        (Some(day), _) => (day, CountDayFrom::Given),
        (None, Some(day)) => (CountDay(day), CountDayFrom::FileName),
        (None, None) => (args.today, CountDayFrom::Today),
    }
}

/// What is asked about files, and which sources were named.
struct Asked<'a> {
    args: &'a ExportsCheckArgs,
    as_what: HandedOver,
    count_day: CountDay,
    used: BTreeSet<SourceId>,
}

impl Asked<'_> {
    /// The sources of a file, and what it seems to be, with everything that is settled about it.
    fn recognise(&mut self, file: &ExportToCheck) -> Result<Vec<(SourceId, RecognisedFile)>, Vec<String>> {
        let shown = named(&file.path);
        let one = |why: &dyn std::fmt::Display| vec![format!("{shown}: {why}")];
        let name = file.path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| one(&"is no file whose name can be read"))?.to_owned();
        let input = FileOnDisk(&file.path);
        let first = recognise(&input, &name, &Table::new()).map_err(|stop| one(&with_cause(&stop)))?;
        let found = match &file.id {
            Some(id) => vec![(id.clone(), Table::new())],
            None => match by_column(&input, &first).map_err(|why| one(&why))? {
                sources if !sources.is_empty() => sources,
                _ => vec![(id_of(&first, &name).map_err(|why| one(&why))?, Table::new())],
            },
        };
        let shown_file = ShownFile { shown: &shown, name: &name, path: &file.path };
        found.into_iter().map(|(id, settled)| self.settle(&shown_file, id, settled)).collect()
    }

    /// Asks what is open about a file of one source.
    fn settle(
        &mut self,
        file: &ShownFile<'_>,
        id: SourceId,
        mut settled: Table,
    ) -> Result<(SourceId, RecognisedFile), Vec<String>> {
        self.used.insert(id.clone());
        let ShownFile { shown, name, path } = *file;
        let input = FileOnDisk(path);
        for option in self.args.options.iter().filter(|option| option.id == id) {
            let taken = set_profile_option(&mut settled, &option.option);
            taken.map_err(|fault| vec![format!("--option {}:{}: {fault}", option.id, option.option)])?;
        }
        let is_of_count_day = self.as_what == HandedOver::Lists || day_of_name(name).is_err();
        if !settled.contains_key("as_of") && is_of_count_day {
            settled.insert("as_of".to_owned(), Value::String(self.count_day.to_string()));
        }
        let found = recognise(&input, name, &settled);
        let found = found.map_err(|stop| vec![format!("{shown}: {}", with_cause(&stop))])?;
        let mut open: Vec<String> = found.faults.iter().map(|fault| format!("{shown}: {fault}")).collect();
        let unlike = unlike_values(&input, name, &found);
        let is_told =
            |question: &ExportQuestion| matches!(question.about, QuestionAbout::Unlike(_)) && unlike.is_some();
        open.extend(unlike.iter().flat_map(|told| told.lines()).map(|line| format!("{shown}: {line}")));
        for question in found.questions.iter().filter(|question| !is_told(question)) {
            let answer = question.choices.first().map_or("VALUE", String::as_str);
            let option = format!("{id}:{}={answer}", question.key);
            open.push(format!("{shown}: {question}; answer with {}", option_in_words(&option)));
        }
        let (shown, name, path) = (shown.to_owned(), name.to_owned(), path.to_owned());
        if open.is_empty() { Ok((id, RecognisedFile { shown, name, path, found })) } else { Err(open) }
    }
}

/// A file's names.
struct ShownFile<'a> {
    shown: &'a str,
    name: &'a str,
    path: &'a Path,
}

/// The column that names the source of each row, in a file whose columns are named as our fields are.
const SOURCE_COLUMN: &str = "source";
/// Sources that one file names at most.
const SOURCES_MAX: usize = 100;

/// The sources that a file of our names has in its column `source`, each with the rows that are its.
fn by_column(input: &FileOnDisk<'_>, found: &Recognised) -> Result<Vec<(SourceId, Table)>, String> {
    let is_ours = found.preset.is_none() && !found.profile.contains_key("columns");
    let has_column = found.columns.iter().any(|column| column.heading == SOURCE_COLUMN);
    let profile = ExportProfile::read(&found.profile).ok().filter(|profile| !profile.is_billed());
    let Some(profile) = profile.filter(|_| is_ours && has_column) else { return Ok(Vec::new()) };
    let wanted = [WantedColumn::new(SOURCE_COLUMN, WantedValues::Text)];
    let survey = survey(input, &profile.survey_options()).map_err(|stop| with_cause(&stop))?;
    let form = survey.settle(&wanted).map_err(|obstacles| obstacles.to_string())?;
    let mut rows = TableReader::open(input, &form).map_err(|stop| with_cause(&stop))?;
    let mut ids: BTreeSet<SourceId> = BTreeSet::new();
    while let Some(row) = rows.next_row().map_err(|stop| with_cause(&stop))? {
        let id = SourceId::new(row.text(0)).map_err(|why| format!("line {}, column `source`: {why}", row.line()))?;
        ids.insert(id);
        if ids.len() > SOURCES_MAX {
            return Err(format!("column `source` names more than {SOURCES_MAX} sources"));
        }
    }
    let of = |id: SourceId| {
        let only = Table::from_iter([(SOURCE_COLUMN.to_owned(), Value::String(id.to_string()))]);
        (id, Table::from_iter([("only".to_owned(), Value::Table(only))]))
    };
    Ok(ids.into_iter().map(of).collect())
}

/// Where columns do not look like what their headings say: which of their values cannot be read, and why.
fn unlike_values(input: &FileOnDisk<'_>, name: &str, found: &Recognised) -> Option<String> {
    if !found.questions.iter().any(|question| matches!(question.about, QuestionAbout::Unlike(_))) {
        return None;
    }
    let profile = Arc::new(ExportProfile::read(&found.profile).ok()?);
    match Export::open(&profile, input, name) {
        Err(ExportError::Refused(refusal)) if !refusal.obstacles.is_empty() => Some(refusal.to_string()),
        _ => None,
    }
}

/// `--option` as it is typed, in quotes where a shell needs them.
fn option_in_words(option: &str) -> String {
    let is_plain = option.chars().all(|c| c.is_ascii_alphanumeric() || "-_:=./,".contains(c));
    if is_plain { format!("`--option {option}`") } else { format!("`--option \"{option}\"`") }
}

fn id_of(found: &Recognised, name: &str) -> Result<SourceId, String> {
    let id = found.source_id(name, "");
    id.map_err(|_| format!("its name cannot name a source: write ID=FILE, such as `devices=\"{name}\"`"))
}

/// The files of one source: with one profile, and of one day.
fn source(id: SourceId, files: Vec<RecognisedFile>, count_day: CountDay) -> Result<RecognisedSource, String> {
    let Some(first) = files.first() else { return Err(format!("{id} has no file")) };
    if let Some(other) = files.iter().find(|file| file.found.profile != first.found.profile) {
        return Err(format!(
            "{} and {} are both of the source `{id}`, and are not read alike: give one of them a name of its own, ID=FILE",
            first.shown, other.shown
        ));
    }
    let mut names = BTreeSet::new();
    if let Some(again) = files.iter().find(|file| !names.insert(&file.name)) {
        return Err(format!("two files of the source `{id}` are called {}: leave one out, or rename one", again.name));
    }
    let read = ExportProfile::read(&first.found.profile);
    let profile = Arc::new(read.map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(|fault| format!("{}: {fault}", first.shown)).collect();
        faults.join("\n")
    })?);
    let mut days = Vec::new();
    for file in &files {
        days.push(day(file, &profile).map_err(|why| format!("{}: {why}", file.shown))?);
    }
    let day = days[0];
    if let Some(at) = days.iter().position(|other| *other != day) {
        return Err(format!(
            "{} is of {day}, and {} of {}: the files of one source are of one day; leave one out, or give it a name of its \
             own, ID=FILE",
            first.shown, files[at].shown, days[at]
        ));
    }
    if day.0 > count_day.0 && !profile.is_billed() {
        return Err(format!(
            "{} is of {day}, which is later than {count_day}: nobody knows what was in use before; count on its day with \
             `--as-of {day}`",
            first.shown
        ));
    }
    Ok(RecognisedSource { id, profile, day, files })
}

fn day(file: &RecognisedFile, profile: &Arc<ExportProfile>) -> Result<CountDay, String> {
    match &profile.as_of {
        AsOf::Day(day) => Ok(*day),
        AsOf::Name => day_of_name(&file.name).map_err(|fault| fault.to_string()),
        AsOf::Modified => modified(&file.path).ok_or_else(|| "nobody knows when it was written".to_owned()),
        AsOf::Column(_) => {
            let input = FileOnDisk(&file.path);
            let export = Export::open(profile, &input, &file.name).map_err(|error| error.to_string())?;
            let day = export.as_of(&input, None).map_err(|stop| with_cause(&stop))?;
            day.map(CountDay).map_err(|fault| fault.to_string())
        }
    }
}

fn modified(path: &Path) -> Option<CountDay> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    let moment = jiff::Timestamp::try_from(modified).ok()?;
    Some(CountDay(jiff::tz::Offset::UTC.to_datetime(moment).date()))
}

/// One PSA against something that is used.
fn wrong_sides(sources: &[RecognisedSource], has_mappings: bool) -> Vec<String> {
    let of = |is_wanted: fn(Side) -> bool| -> Vec<String> {
        let wanted = sources.iter().filter(|source| is_wanted(source.profile.side));
        wanted.map(|source| format!("`{}`", source.id)).collect()
    };
    let mut wrong = Vec::new();
    match of(|side| side == Side::Agreed).as_slice() {
        [_] => {}
        [] => wrong.push("no file has billed lines: add the export of the PSA's agreements".to_owned()),
        several => wrong.push(format!(
            "{} all have billed lines: check the lines of one PSA, or give the files of one PSA the same name, ID=FILE",
            several.join(" and ")
        )),
    }
    if has_mappings && of(|side| !side.is_billed()).is_empty() {
        wrong.push("--mappings: no file says what is used, so that there is no account to map".to_owned());
    }
    let invoiced = of(|side| side == Side::Invoiced);
    if !invoiced.is_empty() {
        wrong.push(format!("{}: what was invoiced cannot be checked; export what is agreed", invoiced.join(", ")));
    }
    wrong
}

/// An error with its cause.
pub(super) fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
