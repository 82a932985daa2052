//! What a `[[sources]]` table of the kind `file` says about its exports: which column is what, what the words mean, and
//! what is to be read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use truecount_billing::{AccountList, Side};
use truecount_rules::KindVocabulary;
use truecount_tabular::{DateOrder, DecimalMark, Delimiter, SurveyOptions, TextEncoding, TotalRows};

use crate::{
    as_of::AsOf,
    fault::ProfileFault,
    field::{ExportField, FieldOf},
    fold::Pattern,
    presets::Preset,
    profile_reader,
    words::WordTable,
};

/// The sides that the rows of a file can be on.
pub const FILE_SIDES: [Side; 3] = [Side::Used, Side::Purchased, Side::Agreed];

/// What an export's columns mean: checked by itself, and against a file's headings by
/// [`ExportLayout::of`](crate::ExportLayout::of).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportProfile {
    /// The preset that it is built on.
    pub preset: Option<String>,
    /// Which side its rows are on.
    pub side: Side,
    /// The sheet of a workbook; `None`: the first.
    pub sheet: Option<String>,
    /// The row with the headings, counted from 1; `None`: it is found.
    pub header_row: Option<u64>,
    /// The encoding of its characters, where the file leaves it open.
    pub encoding: Option<TextEncoding>,
    /// What stands between its cells, where the file leaves it open.
    pub delimiter: Option<Delimiter>,
    /// Words that stand where there is nothing, such as `N/A`.
    pub nothing: Vec<String>,
    /// What becomes of rows of totals.
    pub totals: TotalRows,
    /// What separates the fraction of a number, where the file leaves it open.
    pub decimal_mark: Option<DecimalMark>,
    /// The order of day, month and year, where the file leaves it open.
    pub date_order: Option<DateOrder>,
    /// The zone of times of day.
    pub zone: Option<TimeZone>,
    /// Where the day comes from that a file is as of.
    pub as_of: AsOf,
    /// Whether a file lists all accounts that there are.
    pub list: AccountList,
    /// The kinds of items that it declares.
    pub kinds: Vec<KindVocabulary>,
    /// What rows with one id are.
    pub same_id: SameId,
    /// Where the account of a row comes from.
    pub account_from: AccountFrom,
    pub(crate) fields: BTreeMap<Target, Mapping>,
    /// Fields whose column need not be there.
    pub(crate) optional: BTreeSet<Target>,
    pub(crate) only: Vec<Selection>,
    pub(crate) not: Vec<Selection>,
    /// What the ids of items are.
    pub(crate) item_ids: ItemIds,
    /// Whether a row's number is its id where a file has no column of ids.
    pub(crate) has_row_ids: bool,
    pub(crate) holds: HeldThings,
}

/// What several rows with the same id are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SameId {
    /// The same row again if they are equal; otherwise nobody knows which is right.
    #[default]
    Repeated,
    /// One line over time: each holds from its first day until the next begins.
    Superseded,
    /// Charges of one item: those for the day that the file is as of are added up.
    AddedUp,
}

/// What the ids of items are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ItemIds {
    /// Of one item in the whole source.
    #[default]
    Unique,
    /// Of one item within an account, such as the name of a product.
    WithinAccount,
}

/// Where the account of a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccountFrom {
    /// A column or a constant.
    #[default]
    Column,
    /// The file's name without its date: one file for each account.
    FileName,
}

/// What a value of the row becomes: a field, or an attribute of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Field(ExportField),
    Attribute(String),
}

impl Target {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Field(field) => field.name(),
            Self::Attribute(name) => name,
        }
    }
}

/// Where a field comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// Headings of its column, as written; the first that a file has is taken.
    pub(crate) headings: Vec<String>,
    /// What it is where the column has nothing, or where there is none.
    pub(crate) constant: Option<String>,
    pub(crate) words: WordTable,
}

/// Rows by the words of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) heading: String,
    pub(crate) words: Vec<Pattern>,
    pub(crate) is_optional: bool,
}

/// How a cell lists what a person holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldThings {
    /// What stands between two.
    pub(crate) separator: String,
    /// Words that say that nothing is held.
    pub(crate) nothing: Vec<Pattern>,
    /// The kind of item that each is by itself, too.
    pub(crate) kind: Option<String>,
}

impl Default for HeldThings {
    fn default() -> Self {
        Self { separator: ";".to_owned(), nothing: Vec::new(), kind: None }
    }
}

impl ExportProfile {
    /// Reads the keys of a source of the kind `file`, without those that every source has. One that names neither columns
    /// nor a preset is of files whose columns are named as our fields are.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(table: &toml::Table) -> Result<Self, Vec<ProfileFault>> {
        let mut profile = profile_reader::read(table)?;
        if profile.preset.is_none() && !table.contains_key("columns") {
            profile_reader::take_our_names(&mut profile);
        }
        Ok(profile)
    }

    /// The preset that it is built on.
    #[must_use]
    pub fn preset(&self) -> Option<&'static Preset> {
        self.preset.as_deref().and_then(Preset::of_name)
    }

    /// Whether its rows are billed lines; otherwise they are items.
    #[must_use]
    pub fn is_billed(&self) -> bool {
        self.side.is_billed()
    }

    /// How a file of it is surveyed.
    #[must_use]
    pub fn survey_options(&self) -> SurveyOptions {
        let headings = self.fields.values().flat_map(|mapping| mapping.headings.iter());
        SurveyOptions {
            encoding: self.encoding,
            delimiter: self.delimiter,
            sheet: self.sheet.clone(),
            header_line: self.header_row,
            headings: headings.cloned().collect::<BTreeSet<String>>().into_iter().collect(),
            totals: self.totals,
            nothing: self.nothing.clone(),
            ..SurveyOptions::default()
        }
    }

    pub(crate) fn of(&self) -> FieldOf {
        if self.is_billed() { FieldOf::Lines } else { FieldOf::Items }
    }

    /// The headings that a file must have, each field's in order of preference.
    pub(crate) fn mapping(&self, field: ExportField) -> Option<&Mapping> {
        self.fields.get(&Target::Field(field))
    }
}
