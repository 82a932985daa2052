//! A CSV file with known columns, read in blocks and passed on row by row.

use std::{fs::File, path::Path};

use truecount_billing::{FieldError, Place};

use super::{
    CheckError,
    account_rows::TooMuch,
    named,
    rows::{Fault, Fields, Rows},
};

/// Columns by name, and how many of them may be missing, counted from the end.
pub(super) struct Columns<const N: usize> {
    pub(super) names: [&'static str; N],
    pub(super) optional_count: usize,
    pub(super) others: OtherColumns,
}

/// What becomes of columns of other names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherColumns {
    /// An export has columns that nobody asked for.
    Ignored,
    /// A list that is written for us: another name is a misspelt one.
    Refused,
}

/// One row; columns by their place in [`Columns`].
#[derive(Clone, Copy)]
pub(super) struct Row<'a, const N: usize> {
    fields: Fields<'a>,
    head: &'a Head<N>,
}

/// The header.
struct Head<const N: usize> {
    file: String,
    names: [&'static str; N],
    /// The position of each column; beyond every row if it is missing.
    places: [usize; N],
    field_count: usize,
}

/// Reads a file and passes on each row after the header.
pub(super) fn each_row<const N: usize>(
    path: &Path,
    columns: &Columns<N>,
    mut take: impl FnMut(Row<'_, N>) -> Result<(), CheckError>,
) -> Result<(), CheckError> {
    let file = named(path);
    let opened = File::open(path).map_err(|why| CheckError::File { file: file.clone(), why })?;
    let mut head: Option<Head<N>> = None;
    let mut rows = Rows::new(opened);
    let done = rows.each(|fields| match &head {
        Some(head) if fields.len() == head.field_count => take(Row { fields, head }),
        Some(head) => Err(head.wrong_count(&fields)),
        None => {
            head = Some(Head::of(&file, columns, &fields)?);
            Ok(())
        }
    });
    done.map_err(|fault| fault.in_file(&file, head.as_ref()))?;
    match head {
        Some(_) => Ok(()),
        None => {
            let why = format!("the file is empty; its first line must name the columns {}", columns.names.join(", "));
            Err(CheckError::Header { file, why })
        }
    }
}

impl<'a, const N: usize> Row<'a, N> {
    /// The field of a column; empty where an optional column is not there.
    #[inline]
    pub(super) fn get(&self, column: usize) -> &'a str {
        self.fields.get(self.head.places[column])
    }

    /// The field of a column by which files are joined, without the blanks around it that databases pad ids with.
    #[inline]
    pub(super) fn key(&self, column: usize) -> &'a str {
        let field = self.get(column);
        match field.as_bytes() {
            [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => field,
            _ => field.trim(),
        }
    }

    #[inline]
    pub(super) fn has(&self, column: usize) -> bool {
        self.head.places[column] != usize::MAX
    }

    /// An error about a row after which there is no room for more.
    #[cold]
    pub(super) fn too_much(&self, column: usize, what: TooMuch) -> CheckError {
        let why = match what {
            TooMuch::Items => "there are more clients, accounts or items than one check can hold; divide the files",
            TooMuch::Kinds => "the rules take the items of this source in more than 65,000 different ways; divide them",
        };
        self.wrong(column, &why)
    }

    /// An error about one field of this row.
    #[cold]
    pub(super) fn wrong(&self, column: usize, why: &dyn std::fmt::Display) -> CheckError {
        let field = self.head.names[column].to_owned();
        let place = Place { file: self.head.file.clone(), line: Some(self.fields.line()), field };
        CheckError::Field(FieldError { place, why: why.to_string() })
    }
}

impl<const N: usize> Head<N> {
    fn of(file: &str, columns: &Columns<N>, fields: &Fields<'_>) -> Result<Self, CheckError> {
        let names = (0..fields.len()).map(|place| fields.get(place));
        let header: Vec<&str> = names.map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
        let wrong = |why| CheckError::Header { file: file.into(), why };
        let mut places = [usize::MAX; N];
        for (place, name) in header.iter().enumerate() {
            let Some(column) = columns.names.iter().position(|known| known == name) else {
                if columns.others == OtherColumns::Refused {
                    let shown: String = name.chars().take(40).flat_map(char::escape_debug).collect();
                    let known = columns.names.join(", ");
                    return Err(wrong(format!("unknown column `{shown}`; the columns are {known}")));
                }
                continue;
            };
            if places[column] != usize::MAX {
                return Err(wrong(format!("the column `{name}` is there twice")));
            }
            places[column] = place;
        }
        let needed = columns.names.iter().zip(&places).take(N - columns.optional_count);
        let missing: Vec<&str> = needed.filter(|(_, place)| **place == usize::MAX).map(|(name, _)| *name).collect();
        if missing.is_empty() {
            return Ok(Self { file: file.into(), names: columns.names, places, field_count: header.len() });
        }
        Err(wrong(missing_columns(&missing, &header)))
    }

    #[cold]
    fn wrong_count(&self, fields: &Fields<'_>) -> CheckError {
        let (count, expected) = (fields.len(), self.field_count);
        let noun = if count == 1 { "field" } else { "fields" };
        let why = format!(
            "{count} {noun} where the header has {expected}; a field with a comma or a line break needs double quotes \
             around it, and a quote in it is doubled"
        );
        CheckError::Row { file: self.file.clone(), line: fields.line(), why }
    }
}

/// What reads files of any form.
const ANY_FORM: &str = "or compare the files as they are: `truecount check FILE…`";

fn missing_columns(missing: &[&str], header: &[&str]) -> String {
    if let [only] = header
        && let Some(separator) = only.chars().find(|c| matches!(c, ';' | '\t' | '|'))
    {
        return format!(
            "the columns are separated by {separator:?}; save the file with commas between them, {ANY_FORM}"
        );
    }
    let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    let (noun, verb) = if names.len() == 1 { ("column", "is") } else { ("columns", "are") };
    let shown: Vec<String> =
        header.iter().take(40).map(|name| name.chars().take(40).flat_map(char::escape_debug).collect()).collect();
    format!("the {noun} {} {verb} missing; the header has {}", names.join(", "), shown.join(", "))
}

impl Fault<CheckError> {
    fn in_file<const N: usize>(self, file: &str, head: Option<&Head<N>>) -> CheckError {
        let row = |line, why| CheckError::Row { file: file.into(), line, why };
        match self {
            Self::Taker(error) => error,
            Self::Read(why) => CheckError::File { file: file.into(), why },
            Self::NotUtf8 { line, field } => {
                let column = head.and_then(|head| head.places.iter().position(|place| *place == field));
                let name = head
                    .zip(column)
                    .map_or(String::new(), |(head, column)| format!(", field `{}`", head.names[column]));
                row(line, format!("not UTF-8{name}; save the file as UTF-8, {ANY_FORM}"))
            }
            Self::Endless { line } => {
                row(line, "a row is longer than 16 MiB; is a double quote that opens a field never closed?".into())
            }
        }
    }
}
