//! What a file seems to be: the preset that fits, what each column is taken for with three samples, and what is asked
//! before it can be read.

use std::{collections::BTreeSet, fmt, sync::Arc};

use toml::{Table, Value};
use truecount_billing::{IdError, Side, SourceId};
use truecount_tabular::{DateOrder, Input, ObstacleKind, Stop, Survey, SurveyOptions, survey};

use crate::{
    as_of::{AsOf, account_of_name, day_of_name},
    fault::{HeadingFault, ProfileFault},
    field::{ExportField, FieldOf},
    fold::folded,
    guess::{Guess, could_be, guesses},
    layout::ExportLayout,
    presets::{PRESETS, Preset},
    profile::{ExportProfile, FILE_SIDES},
};

/// What a file seems to be.
#[derive(Debug, Clone)]
pub struct Recognised {
    /// The preset, if one fits.
    pub preset: Option<&'static Preset>,
    /// The columns of the file in their order.
    pub columns: Vec<RecognisedColumn>,
    /// What must be answered before the file can be read.
    pub questions: Vec<ExportQuestion>,
    /// What holds unless somebody says otherwise: a key of the profile, and its value.
    pub assumed: Vec<(String, String)>,
    /// What is wrong with what was settled before.
    pub faults: Vec<ProfileFault>,
    /// The keys of the profile, as far as they are known.
    pub profile: Table,
}

impl Recognised {
    /// An id for the file's source: the preset's name, else the file's without its date, else `nameless`.
    ///
    /// # Errors
    /// There is nothing in it that can stand in an id.
    pub fn source_id(&self, file_name: &str, nameless: &str) -> Result<SourceId, IdError> {
        let text = match self.preset {
            Some(preset) => preset.name.to_owned(),
            None => account_of_name(file_name).unwrap_or_else(|_| nameless.to_owned()),
        };
        let plain: String =
            text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        SourceId::new(plain.trim_matches('-'))
    }
}

/// A column of the file, and what it is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecognisedColumn {
    /// Its heading.
    pub heading: String,
    /// Three values of it.
    pub samples: Vec<String>,
    /// The fields that it is, or may be.
    pub taken_as: Vec<TakenAs>,
}

impl RecognisedColumn {
    /// The fields that it is.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.taken_as.iter().filter(|taken| taken.is_sure).map(|taken| taken.field.as_str())
    }
}

/// What a column is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenAs {
    /// The field or attribute.
    pub field: String,
    /// Whether nothing speaks against it; otherwise it is not read before somebody says so.
    pub is_sure: bool,
}

/// Something that a file leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportQuestion {
    /// The key of the profile that answers it.
    pub key: String,
    /// What is asked.
    pub about: QuestionAbout,
    /// What can be answered, as it is written in the profile; empty: anything.
    pub choices: Vec<String>,
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuestionAbout {
    /// Which of several exports it is.
    Preset,
    /// Which side its rows are on.
    Side,
    /// Which column a field is that every row needs.
    Column,
    /// Which customer it is of, since no column says so.
    Account,
    /// A column that does not look like what its heading says; its heading.
    Unlike(String),
    /// Which of two columns with one heading.
    Twice(String),
    /// Which mark separates the fraction of numbers; a column and a line.
    Numbers(String, Option<u64>),
    /// Which number of a day is the month; a column and a line.
    Dates(String, Option<u64>),
    /// In which zone times of day are; a column and a line.
    Zone(String, Option<u64>),
    /// Which day the file is as of.
    AsOf,
}

/// What a file seems to be, beyond what is settled about it: keys of a profile.
///
/// # Errors
/// [`Stop`] if it cannot be read, or is of a kind that nothing is known about.
pub fn recognise(input: &dyn Input, file_name: &str, settled: &Table) -> Result<Recognised, Stop> {
    let found = of_survey(&survey(input, &SurveyOptions::default())?, file_name, settled);
    match ExportProfile::read(&found.profile) {
        // A profile knows more of how the file is written: where its header is, what stands for nothing.
        Ok(profile) => Ok(of_survey(&survey(input, &profile.survey_options())?, file_name, settled)),
        Err(_) => Ok(found),
    }
}

fn of_survey(survey: &Survey, file_name: &str, settled: &Table) -> Recognised {
    let headings: Vec<&str> = survey.columns().iter().map(|column| column.heading.as_str()).collect();
    let columns = survey.columns().iter().map(|column| RecognisedColumn {
        heading: column.heading.clone(),
        samples: column.samples.clone(),
        taken_as: Vec::new(),
    });
    let mut recognised = Recognised {
        preset: None,
        columns: columns.collect(),
        questions: Vec::new(),
        assumed: Vec::new(),
        faults: Vec::new(),
        profile: settled.clone(),
    };
    let found = recognised.find_preset(&headings, settled);
    // Only where all names are ours: a heading that happens to be one of them means nothing.
    let read = if matches!(found, Found::OurNames) { ExportProfile::read } else { crate::profile_reader::read };
    let guessed = match found {
        Found::Preset | Found::OurNames => Vec::new(),
        Found::Several => return recognised,
        Found::None => recognised.guess(survey, settled),
    };
    if !recognised.profile.contains_key("side") && recognised.preset.is_none() {
        let choices = FILE_SIDES.map(|side| side.as_str().to_owned()).to_vec();
        recognised.ask("side", QuestionAbout::Side, choices);
        return recognised;
    }
    recognised.allow_row_ids(&headings, settled);
    match read(&recognised.profile) {
        Ok(profile) => recognised.look(&Arc::new(profile), survey, file_name, &guessed, settled),
        Err(faults) => recognised.faults = faults,
    }
    recognised
}

/// Whether a preset is known.
enum Found {
    Preset,
    Several,
    /// The columns are named as our fields are.
    OurNames,
    None,
}

/// The side of a file whose columns are named as our fields are; `None`: they are not.
fn side_by_our_names(headings: &[&str]) -> Option<Side> {
    let has = |fields: &[ExportField]| fields.iter().all(|field| headings.contains(&field.name()));
    if has(&[ExportField::ClientId, ExportField::ProductCode, ExportField::Quantity]) {
        Some(Side::Agreed)
    } else if has(&[ExportField::AccountId, ExportField::ItemId, ExportField::Kind]) {
        Some(Side::Used)
    } else {
        None
    }
}

impl Recognised {
    /// Whether the file can be read as it is.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.questions.is_empty() && self.faults.is_empty()
    }

    fn ask(&mut self, key: impl Into<String>, about: QuestionAbout, choices: Vec<String>) {
        let question = ExportQuestion { key: key.into(), about, choices };
        if self.questions.iter().all(|known| known.key != question.key) {
            self.questions.push(question);
        }
    }

    fn find_preset(&mut self, headings: &[&str], settled: &Table) -> Found {
        if let Some(name) = settled.get("preset") {
            self.preset = name.as_str().and_then(Preset::of_name);
            return Found::Preset;
        }
        if !settled.contains_key("columns")
            && let Some(side) = side_by_our_names(headings)
        {
            let side = Value::String(side.as_str().to_owned());
            self.profile.entry("side").or_insert(side);
            return Found::OurNames;
        }
        if settled.contains_key("side") {
            return Found::None;
        }
        let fitting: Vec<&'static Preset> = PRESETS.iter().filter(|preset| preset.fits(headings)).collect();
        match fitting.as_slice() {
            [] => Found::None,
            [preset] => {
                self.preset = Some(preset);
                self.profile.insert("preset".to_owned(), Value::String(preset.name.to_owned()));
                Found::Preset
            }
            several => {
                let names = several.iter().map(|preset| preset.name.to_owned()).collect();
                self.ask("preset", QuestionAbout::Preset, names);
                Found::Several
            }
        }
    }

    /// Takes sure guesses into the profile, and gives all that are left out.
    fn guess(&mut self, survey: &Survey, settled: &Table) -> Vec<Guess> {
        let side = settled.get("side").and_then(Value::as_str).and_then(|side| side.parse::<Side>().ok());
        let of = side.map(|side| if side.is_billed() { FieldOf::Lines } else { FieldOf::Items });
        let is_settled = |field: ExportField| {
            let of = |key: &str| settled.get(key).and_then(Value::as_table);
            ["columns", "constants"].iter().any(|key| of(key).is_some_and(|table| table.contains_key(field.name())))
        };
        let found = guesses(survey.columns(), of);
        for guess in &found {
            self.columns[guess.position]
                .taken_as
                .push(TakenAs { field: guess.field.name().to_owned(), is_sure: false });
        }
        for guess in found.iter().filter(|guess| guess.is_sure && !is_settled(guess.field)) {
            let heading = self.columns[guess.position].heading.clone();
            self.set_column(guess.field, heading);
        }
        found
    }

    fn set_column(&mut self, field: ExportField, heading: String) {
        let columns = self.profile.entry("columns").or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(columns) = columns {
            columns.insert(field.name().to_owned(), Value::String(heading));
        }
    }

    /// A billed list without ids: equal rows are rows. That of items is asked, since an item without an id has no history.
    fn allow_row_ids(&mut self, headings: &[&str], settled: &Table) {
        let has = |table: &Table, key: &str| {
            table.get("columns").and_then(Value::as_table).is_some_and(|columns| columns.contains_key(key))
        };
        let is_billed = self.profile.get("side").and_then(Value::as_str).is_some_and(|side| side == "agreed");
        let has_ids = has(&self.profile, "line_id") || headings.contains(&ExportField::LineId.name());
        if is_billed && self.preset.is_none() && !has_ids && !settled.contains_key("line_id") {
            self.profile.insert("line_id".to_owned(), Value::String("row".to_owned()));
            self.assumed.push(("line_id".to_owned(), "row".to_owned()));
        }
    }

    /// Looks at the file with a profile: what each column is, and what is still open.
    fn look(
        &mut self,
        profile: &Arc<ExportProfile>,
        survey: &Survey,
        file_name: &str,
        guessed: &[Guess],
        settled: &Table,
    ) {
        let headings: Vec<&str> = survey.columns().iter().map(|column| column.heading.as_str()).collect();
        let (layout, faults) = ExportLayout::find(profile, &headings, file_name);
        for fault in faults {
            self.ask_of_heading(fault, guessed);
        }
        let own = settled.get("columns").and_then(Value::as_table);
        let is_settled = |field: &str| own.is_some_and(|own| own.contains_key(field));
        for (position, field) in layout.columns() {
            let known = ExportField::of_name(field);
            let is_checked = self.preset.is_none_or(|preset| preset.is_checked(&self.columns[position].heading, field));
            let is_like = known.is_none_or(|field| could_be(&survey.columns()[position], field));
            let taken_as = &mut self.columns[position].taken_as;
            taken_as.retain(|one| one.field != field);
            taken_as.push(TakenAs { field: field.to_owned(), is_sure: is_like && (is_checked || is_settled(field)) });
            if !is_like {
                let about = QuestionAbout::Unlike(self.columns[position].heading.clone());
                self.ask(format!("columns.{field}"), about, Vec::new());
            }
        }
        for column in &mut self.columns {
            column.taken_as.sort_by(|a, b| a.field.cmp(&b.field));
        }
        self.ask_of_values(&layout, survey);
        if profile.as_of == AsOf::Name && day_of_name(file_name).is_err() {
            let choices = ["name", "modified"].map(str::to_owned).to_vec();
            self.ask("as_of", QuestionAbout::AsOf, choices);
        }
        let says = |field: ExportField| layout.columns().any(|(_, name)| name == field.name());
        let has_constant = |field: ExportField| profile.mapping(field).is_some_and(|one| one.constant.is_some());
        if profile.is_billed() && !says(ExportField::Cycle) && !has_constant(ExportField::Cycle) {
            self.assumed.push(("constants.cycle".to_owned(), "monthly".to_owned()));
        }
    }

    fn ask_of_heading(&mut self, fault: HeadingFault, guessed: &[Guess]) {
        let candidates = |columns: &[RecognisedColumn], field: &str| -> Vec<String> {
            // The name of a customer serves where nothing else can be its id.
            let of_name = match field {
                "account_id" => "account_name",
                "client_id" => "client_name",
                field => field,
            };
            let is_it = |guess: &&Guess| [field, of_name].contains(&guess.field.name());
            let found: BTreeSet<usize> = guessed.iter().filter(is_it).map(|guess| guess.position).collect();
            found.into_iter().map(|position| columns[position].heading.clone()).collect()
        };
        match fault {
            HeadingFault::NotMapped { field } if matches!(field.as_str(), "account_id" | "client_id") => {
                let choices = candidates(&self.columns, &field);
                match choices.is_empty() {
                    true => self.ask("account_from", QuestionAbout::Account, vec!["name".to_owned()]),
                    false => self.ask(format!("columns.{field}"), QuestionAbout::Column, choices),
                }
            }
            HeadingFault::NotMapped { field } => {
                let choices = candidates(&self.columns, &field);
                if choices.is_empty() && matches!(field.as_str(), "item_id" | "line_id") {
                    // An export without ids has rows.
                    self.ask(field, QuestionAbout::Column, vec!["row".to_owned()]);
                    return;
                }
                let choices = if choices.is_empty() { self.untaken() } else { choices };
                self.ask(format!("columns.{field}"), QuestionAbout::Column, choices);
            }
            HeadingFault::Missing { field, nearest, .. } => {
                let key =
                    if ["only", "not", "as_of"].contains(&field.as_str()) { field } else { format!("columns.{field}") };
                self.ask(key, QuestionAbout::Column, nearest.into_iter().collect());
            }
            HeadingFault::Twice { field, heading, .. } => {
                for column in self.columns.iter_mut().filter(|column| folded(&column.heading) == folded(&heading)) {
                    column.taken_as.push(TakenAs { field: field.clone(), is_sure: false });
                }
                self.ask(format!("columns.{field}"), QuestionAbout::Twice(heading), Vec::new());
            }
            HeadingFault::FileName(_) => self.ask("account_from", QuestionAbout::Account, Vec::new()),
        }
    }

    /// Headings of columns that nothing is taken for.
    fn untaken(&self) -> Vec<String> {
        let untaken = self.columns.iter().filter(|column| column.taken_as.is_empty() && !column.heading.is_empty());
        untaken.map(|column| column.heading.clone()).collect()
    }

    /// What the values of the wanted columns leave open.
    fn ask_of_values(&mut self, layout: &ExportLayout, survey: &Survey) {
        let Err(obstacles) = survey.settle(layout.wanted()) else { return };
        for obstacle in obstacles.first() {
            let heading = obstacle.column.as_ref().map(|column| column.heading.clone()).unwrap_or_default();
            match &obstacle.kind {
                ObstacleKind::NumberOpen => {
                    let choices = [".", ","].map(str::to_owned).to_vec();
                    self.ask("numbers", QuestionAbout::Numbers(heading, obstacle.line), choices);
                }
                ObstacleKind::DayOpen { orders } => {
                    let choices = orders.iter().map(DateOrder::to_string).collect();
                    self.ask("dates", QuestionAbout::Dates(heading, obstacle.line), choices);
                }
                ObstacleKind::ZoneOpen => self.ask("zone", QuestionAbout::Zone(heading, obstacle.line), Vec::new()),
                _ => {}
            }
        }
    }
}

impl fmt::Display for ExportQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        let at = |line: &Option<u64>| line.map(|line| format!(" (line {line})")).unwrap_or_default();
        match &self.about {
            QuestionAbout::Preset => write!(f, "which export is it? `{key}`")?,
            QuestionAbout::Side => write!(f, "which side are its rows on? `{key}`")?,
            QuestionAbout::Column => write!(f, "which column is it? `{key}`")?,
            QuestionAbout::Account => write!(
                f,
                "no column names the customer: is there one file for each, named after it (`account_from = \"name\"`), \
                 or is the customer always the same (`constants`)?"
            )?,
            QuestionAbout::Unlike(heading) => {
                write!(f, "column `{heading}` does not look like what it is read as: `{key}`")?;
            }
            QuestionAbout::Twice(heading) => write!(f, "two columns are headed `{heading}`: rename one, or `{key}`")?,
            QuestionAbout::Numbers(heading, line) => {
                write!(f, "column `{heading}`{}: which mark separates the fraction? `{key}`", at(line))?;
            }
            QuestionAbout::Dates(heading, line) => {
                write!(f, "column `{heading}`{}: which number is the month? `{key}`", at(line))?;
            }
            QuestionAbout::Zone(heading, line) => {
                write!(f, "column `{heading}`{}: in which time zone is it? `{key}`, such as Europe/London", at(line))?;
            }
            QuestionAbout::AsOf => write!(f, "which day is the file as of? Its name has no date. `{key}`")?,
        }
        if !self.choices.is_empty() {
            let choices: Vec<String> = self.choices.iter().map(|choice| format!("\"{choice}\"")).collect();
            write!(f, ": {}", choices.join(", "))?;
        }
        Ok(())
    }
}
