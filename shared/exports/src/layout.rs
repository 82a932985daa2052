//! Where each field of a profile is in one file: found by the file's headings, or everything that is missing at once.

use std::sync::Arc;

use jiff::civil::Date;
use truecount_billing::RowReason;
use truecount_tabular::{TableRow, WantedColumn, WantedValues};

use crate::{
    as_of::{AsOf, account_of_name},
    billed,
    entry::RowRead,
    fault::{CellFault, HeadingFault},
    field::{ExportField, Holds},
    fold::{Pattern, folded, nearest},
    profile::{AccountFrom, ExportProfile, Mapping, SameId, Target},
    row::Cells,
    usage,
};

/// A profile laid over the headings of one file.
#[derive(Debug, Clone)]
pub struct ExportLayout {
    profile: Arc<ExportProfile>,
    /// The columns that are read; all places below are among them.
    wanted: Vec<WantedColumn>,
    /// Where each of them is in the file, counted from 0.
    positions: Vec<usize>,
    /// By field, in their order.
    places: Vec<FieldPlace>,
    attributes: Vec<(String, FieldPlace)>,
    only: Vec<(usize, Vec<Pattern>)>,
    not: Vec<(usize, Vec<Pattern>)>,
    as_of: Option<usize>,
    file_name: String,
    file_account: Option<String>,
}

/// Where a field is.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldPlace {
    /// Among the wanted columns.
    pub(crate) column: Option<usize>,
    pub(crate) mapping: Mapping,
    /// Whether its column cannot be read, which was told.
    pub(crate) is_unreadable: bool,
}

impl FieldPlace {
    /// Whether the file or the profile could say anything.
    pub(crate) fn is_mapped(&self) -> bool {
        self.column.is_some() || self.mapping.constant.is_some()
    }
}

impl ExportLayout {
    /// Finds each field of a profile in a file's headings. The file's name is for `account_from` and for ids of rows.
    ///
    /// # Errors
    /// Everything that is missing, or there twice.
    pub fn of(
        profile: &Arc<ExportProfile>,
        headings: &[impl AsRef<str>],
        file_name: &str,
    ) -> Result<Self, Vec<HeadingFault>> {
        let (layout, faults) = Self::find(profile, headings, file_name);
        if faults.is_empty() { Ok(layout) } else { Err(faults) }
    }

    /// What is found, and what is missing.
    pub(crate) fn find(
        profile: &Arc<ExportProfile>,
        headings: &[impl AsRef<str>],
        file_name: &str,
    ) -> (Self, Vec<HeadingFault>) {
        let headings: Vec<String> = headings.iter().map(|heading| heading.as_ref().trim().to_owned()).collect();
        let finder = Finder { folded: headings.iter().map(|heading| folded(heading)).collect(), headings: &headings };
        let mut faults = Vec::new();
        let mut wanted = WantedColumns { headings: &headings, profile, columns: Vec::new(), positions: Vec::new() };
        let mut places = vec![FieldPlace::default(); ExportField::COUNT];
        let mut attributes = Vec::new();
        for (target, mapping) in &profile.fields {
            let is_needed = is_needed(profile, target);
            let is_optional = profile.optional.contains(target) && !(is_needed && mapping.constant.is_none());
            let column = finder.find(target.name(), &mapping.headings, is_optional, &mut faults);
            let column = column.map(|column| wanted.want(column, target));
            let place = FieldPlace { column, mapping: mapping.clone(), is_unreadable: false };
            match target {
                Target::Field(field) => places[*field as usize] = place,
                Target::Attribute(name) => attributes.push((name.clone(), place)),
            }
        }
        let mut selection = |name: &str, list: &[crate::profile::Selection]| {
            let found = list.iter().filter_map(|one| {
                let column = finder.find(name, std::slice::from_ref(&one.heading), one.is_optional, &mut faults)?;
                Some((wanted.want_as(column, WantedValues::Text), one.words.clone()))
            });
            found.collect::<Vec<_>>()
        };
        let (only, not) = (selection("only", &profile.only), selection("not", &profile.not));
        let as_of = match &profile.as_of {
            AsOf::Column(heading) => finder
                .find("as_of", std::slice::from_ref(heading), false, &mut faults)
                .map(|column| wanted.want_as(column, days(profile))),
            _ => None,
        };
        let file_account = account_of_name(file_name);
        if let (AccountFrom::FileName, Err(fault)) = (profile.account_from, &file_account) {
            faults.push(HeadingFault::FileName(fault.clone()));
        }
        for field in needed(profile) {
            let mapping = profile.mapping(field);
            if mapping.is_none_or(|mapping| mapping.headings.is_empty() && mapping.constant.is_none()) {
                faults.push(HeadingFault::NotMapped { field: field.name().to_owned() });
            }
        }
        let WantedColumns { columns: wanted, positions, .. } = wanted;
        let (profile, file_account) = (Arc::clone(profile), file_account.ok());
        let file_name = file_name.to_owned();
        (Self { profile, wanted, positions, places, attributes, only, not, as_of, file_name, file_account }, faults)
    }

    /// The columns that are read, with what their values are.
    #[must_use]
    pub fn wanted(&self) -> &[WantedColumn] {
        &self.wanted
    }

    /// The same without some of the wanted columns: what is read from them is not looked at.
    pub(crate) fn without(mut self, unreadable: &[usize]) -> Self {
        let kept: Vec<usize> = (0..self.wanted.len()).filter(|at| !unreadable.contains(at)).collect();
        let place_of = |at: usize| kept.iter().position(|kept| *kept == at);
        for place in self.places.iter_mut().chain(self.attributes.iter_mut().map(|(_, place)| place)) {
            if let Some(column) = place.column {
                place.column = place_of(column);
                place.is_unreadable = place.column.is_none();
            }
        }
        for list in [&mut self.only, &mut self.not] {
            list.retain_mut(|(column, _)| place_of(*column).map(|at| *column = at).is_some());
        }
        self.as_of = self.as_of.and_then(place_of);
        self.wanted = kept.iter().map(|at| self.wanted[*at].clone()).collect();
        self.positions = kept.iter().map(|at| self.positions[*at]).collect();
        self
    }

    /// The profile.
    #[must_use]
    pub fn profile(&self) -> &Arc<ExportProfile> {
        &self.profile
    }

    /// Where the columns are that are read, counted from 0, and what each is read as.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &str)> {
        let fields = ExportField::ALL.iter().zip(&self.places).map(|(field, place)| (place.column, field.name()));
        let attributes = self.attributes.iter().map(|(name, place)| (place.column, name.as_str()));
        fields.chain(attributes).filter_map(|(column, name)| Some((*self.positions.get(column?)?, name)))
    }

    /// The day that a row says the file is as of; `None`: it says none, or no column does.
    pub(crate) fn as_of(&self, row: &TableRow<'_>) -> Option<Date> {
        row.day(self.as_of?).ok().flatten()
    }

    /// Reads a row into a line or items with their account, or says why it is left out.
    ///
    /// # Errors
    /// Everything that is wrong with the row.
    pub fn read_row(&self, row: &TableRow<'_>) -> Result<RowRead, Vec<CellFault>> {
        let cells = Cells::new(self, row);
        if !self.takes(row) {
            return Ok(RowRead::left_out(RowReason::NotSelected));
        }
        if self.profile.is_billed() { billed::line(cells) } else { usage::items(cells) }
    }

    fn takes(&self, row: &TableRow<'_>) -> bool {
        let has = |(column, words): &(usize, Vec<Pattern>)| {
            let text = folded(row.text(*column));
            words.iter().any(|word| word.matches(&text))
        };
        self.only.iter().all(has) && !self.not.iter().any(has)
    }

    pub(crate) fn place(&self, field: ExportField) -> &FieldPlace {
        &self.places[field as usize]
    }

    pub(crate) fn attributes(&self) -> &[(String, FieldPlace)] {
        &self.attributes
    }

    pub(crate) fn heading(&self, column: usize) -> Option<&str> {
        self.wanted.get(column).map(|column| column.heading.as_str())
    }

    /// Whether the number of a row is its id, because no column has one.
    #[must_use]
    pub fn has_row_ids(&self) -> bool {
        let field = if self.profile.is_billed() { ExportField::LineId } else { ExportField::ItemId };
        self.profile.has_row_ids && !self.place(field).is_mapped()
    }

    pub(crate) fn file_name(&self) -> &str {
        &self.file_name
    }

    pub(crate) fn file_account(&self) -> Option<&str> {
        self.file_account.as_deref()
    }

    /// What a row says in the columns that are read, in their order: equal rows have equal text.
    pub(crate) fn read_texts<'r>(&'r self, row: &'r TableRow<'r>) -> impl Iterator<Item = &'r str> {
        let attributes = self.attributes.iter().map(|(_, place)| place);
        self.places.iter().chain(attributes).filter_map(|place| place.column).map(|column| row.text(column))
    }
}

/// The columns that are wanted so far: one that several fields are read from in one way is wanted once.
struct WantedColumns<'a> {
    headings: &'a [String],
    profile: &'a ExportProfile,
    columns: Vec<WantedColumn>,
    positions: Vec<usize>,
}

impl WantedColumns<'_> {
    fn want(&mut self, position: usize, target: &Target) -> usize {
        let profile = self.profile;
        let values = match target {
            Target::Attribute(_) => WantedValues::Text,
            Target::Field(field) => match field.holds() {
                Holds::Key => WantedValues::Ids,
                Holds::Number => WantedValues::Numbers { mark: profile.decimal_mark },
                Holds::Day => days(profile),
                Holds::Moment => WantedValues::Moments { order: profile.date_order, zone: profile.zone.clone() },
                Holds::Text | Holds::Currency | Holds::Word(_) => WantedValues::Text,
            },
        };
        self.want_as(position, values)
    }

    /// The place of a column among the wanted ones.
    fn want_as(&mut self, position: usize, values: WantedValues) -> usize {
        let mut known = self.positions.iter().zip(&self.columns);
        if let Some(at) = known.position(|(at, column)| *at == position && column.values == values) {
            return at;
        }
        self.columns.push(WantedColumn::new(&self.headings[position], values));
        self.positions.push(position);
        self.columns.len() - 1
    }
}

fn days(profile: &ExportProfile) -> WantedValues {
    WantedValues::Days { order: profile.date_order, zone: profile.zone.clone() }
}

/// The fields that every row needs.
fn needed(profile: &ExportProfile) -> Vec<ExportField> {
    let (account, id) = if profile.is_billed() {
        (ExportField::ClientId, ExportField::LineId)
    } else {
        (ExportField::AccountId, ExportField::ItemId)
    };
    let mut needed = match profile.is_billed() {
        true => vec![ExportField::ProductCode, ExportField::Quantity],
        false => vec![ExportField::Kind],
    };
    if profile.account_from == AccountFrom::Column {
        needed.push(account);
    }
    if !profile.has_row_ids {
        needed.push(id);
    }
    if profile.same_id == SameId::AddedUp {
        needed.extend([ExportField::PeriodFrom, ExportField::PeriodTo]);
    }
    needed
}

fn is_needed(profile: &ExportProfile, target: &Target) -> bool {
    matches!(target, Target::Field(field) if needed(profile).contains(field))
}

/// The headings of a file, to be searched.
struct Finder<'h> {
    folded: Vec<String>,
    headings: &'h [String],
}

impl Finder<'_> {
    /// The column of the first heading that the file has.
    fn find(&self, field: &str, wanted: &[String], is_optional: bool, faults: &mut Vec<HeadingFault>) -> Option<usize> {
        for heading in wanted {
            let heading = folded(heading);
            let columns: Vec<usize> = (0..self.folded.len()).filter(|at| self.folded[*at] == heading).collect();
            match columns.as_slice() {
                [] => {}
                [column] => return Some(*column),
                [first, ..] => {
                    let heading = self.headings[*first].clone();
                    let columns = columns.iter().map(|column| column + 1).collect();
                    faults.push(HeadingFault::Twice { field: field.to_owned(), heading, columns });
                    return None;
                }
            }
        }
        if !is_optional && !wanted.is_empty() {
            let headings = self.headings.iter().map(String::as_str).filter(|heading| !heading.is_empty());
            let nearest = wanted.iter().find_map(|one| nearest(one, headings.clone())).map(str::to_owned);
            faults.push(HeadingFault::Missing { field: field.to_owned(), wanted: wanted.to_vec(), nearest });
        }
        None
    }
}
