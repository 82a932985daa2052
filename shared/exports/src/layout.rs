//! Where each field of a profile is in one file: found by the file's headings, or everything that is missing at once.

use std::sync::Arc;

use truecount_billing::RowReason;
use truecount_tabular::Cell;

use crate::{
    as_of::{AsOf, account_of_name},
    billed,
    entry::RowRead,
    fault::{CellFault, CellFaultKind, HeadingFault},
    field::ExportField,
    fold::{Pattern, folded, nearest},
    profile::{AccountFrom, ExportProfile, Mapping, SameId, Target},
    row::Cells,
    usage,
    values::ExportRow,
};

/// A profile laid over the headings of one file.
#[derive(Debug, Clone)]
pub struct ExportLayout {
    profile: Arc<ExportProfile>,
    headings: Vec<String>,
    /// By field, in their order.
    places: Vec<FieldPlace>,
    attributes: Vec<(String, FieldPlace)>,
    only: Vec<(usize, Vec<Pattern>)>,
    not: Vec<(usize, Vec<Pattern>)>,
    as_of: Option<usize>,
    file_account: Option<String>,
}

/// Where a field is.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldPlace {
    pub(crate) column: Option<usize>,
    pub(crate) mapping: Mapping,
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
        let headings: Vec<String> = headings.iter().map(|heading| heading.as_ref().trim().to_owned()).collect();
        let finder = Finder { folded: headings.iter().map(|heading| folded(heading)).collect(), headings: &headings };
        let mut faults = Vec::new();
        let mut places = vec![FieldPlace::default(); ExportField::COUNT];
        let mut attributes = Vec::new();
        for (target, mapping) in &profile.fields {
            let is_needed = is_needed(profile, target);
            let is_optional = profile.optional.contains(target) && !(is_needed && mapping.constant.is_none());
            let column = finder.find(target.name(), &mapping.headings, is_optional, &mut faults);
            let place = FieldPlace { column, mapping: mapping.clone() };
            match target {
                Target::Field(field) => places[*field as usize] = place,
                Target::Attribute(name) => attributes.push((name.clone(), place)),
            }
        }
        let mut selection = |name: &str, list: &[crate::profile::Selection]| {
            let found = list.iter().filter_map(|one| {
                let column = finder.find(name, std::slice::from_ref(&one.heading), one.is_optional, &mut faults)?;
                Some((column, one.words.clone()))
            });
            found.collect::<Vec<_>>()
        };
        let (only, not) = (selection("only", &profile.only), selection("not", &profile.not));
        let as_of = match &profile.as_of {
            AsOf::Column(heading) => finder.find("as_of", std::slice::from_ref(heading), false, &mut faults),
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
        if !faults.is_empty() {
            return Err(faults);
        }
        let file_account = file_account.ok();
        Ok(Self { profile: Arc::clone(profile), headings, places, attributes, only, not, as_of, file_account })
    }

    /// The profile.
    #[must_use]
    pub fn profile(&self) -> &Arc<ExportProfile> {
        &self.profile
    }

    /// The columns that are read, by what they are read as.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &str)> {
        let fields = ExportField::ALL.iter().zip(&self.places).map(|(field, place)| (place.column, field.name()));
        let attributes = self.attributes.iter().map(|(name, place)| (place.column, name.as_str()));
        fields.chain(attributes).filter_map(|(column, name)| Some((column?, name)))
    }

    /// The column that says which day the file is as of.
    #[must_use]
    pub fn as_of_column(&self) -> Option<usize> {
        self.as_of
    }

    /// Reads a row into a line or items with their account, or says why it is left out.
    ///
    /// # Errors
    /// Everything that is wrong with the row.
    pub fn read_row(&self, row: &impl ExportRow) -> Result<RowRead, Vec<CellFault>> {
        let cells = Cells::new(self, row);
        if let [first, ..] = row.obstacles() {
            let kind = CellFaultKind::Unreadable(Box::new(first.clone()));
            return Err(vec![CellFault {
                line: row.line(),
                heading: None,
                field: String::new(),
                value: String::new(),
                kind,
            }]);
        }
        if !self.takes(row) {
            return Ok(RowRead::left_out(RowReason::NotSelected));
        }
        if self.profile.is_billed() { billed::line(cells) } else { usage::items(cells) }
    }

    fn takes(&self, row: &impl ExportRow) -> bool {
        let has = |(column, words): &(usize, Vec<Pattern>)| {
            let text = folded(row.cell(*column).text);
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
        self.headings.get(column).map(String::as_str)
    }

    /// Whether the number of a row is its id, because no column has one.
    pub(crate) fn has_row_ids(&self) -> bool {
        let field = if self.profile.is_billed() { ExportField::LineId } else { ExportField::ItemId };
        self.profile.has_row_ids && !self.place(field).is_mapped()
    }

    pub(crate) fn file_account(&self) -> Option<&str> {
        self.file_account.as_deref()
    }

    /// What a row says in the columns that are read, in their order: equal rows have equal text.
    pub(crate) fn read_cells<'r>(&'r self, row: &'r impl ExportRow) -> impl Iterator<Item = Cell<'r>> {
        let attributes = self.attributes.iter().map(|(_, place)| place);
        self.places.iter().chain(attributes).filter_map(|place| place.column).map(|column| row.cell(column))
    }
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
