//! A CSV file with known columns, read one row at a time into one buffer.

use std::{fs::File, path::Path};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use truecount_billing::{FieldError, Place};

use super::{CheckError, named};

const BUFFER_BYTES: usize = 1 << 18;

/// Columns by name, and how many of them may be missing, counted from the end.
pub(super) struct Columns<const N: usize> {
    pub(super) names: [&'static str; N],
    pub(super) optional_count: usize,
}

/// An open file.
pub(super) struct Table<const N: usize> {
    file: String,
    reader: Reader<File>,
    record: ByteRecord,
    names: [&'static str; N],
    places: [Option<usize>; N],
}

/// One row; columns by their place in [`Columns`].
pub(super) struct Row<'a, const N: usize> {
    text: &'a str,
    table: &'a Table<N>,
}

impl<const N: usize> Table<N> {
    pub(super) fn open(path: &Path, columns: &Columns<N>) -> Result<Self, CheckError> {
        let file = named(path);
        let opened = File::open(path).map_err(|why| CheckError::File { file: file.clone(), why })?;
        let mut reader = ReaderBuilder::new().has_headers(false).buffer_capacity(BUFFER_BYTES).from_reader(opened);
        let mut record = ByteRecord::new();
        let is_there = reader.read_byte_record(&mut record).map_err(|e| failed(&file, e))?;
        let header = if is_there { headings(&record) } else { Vec::new() };
        let places = places(columns, &header).map_err(|why| CheckError::Header { file: file.clone(), why })?;
        Ok(Self { file, reader, record, names: columns.names, places })
    }

    /// The next row; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_, N>>, CheckError> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(e) => return Err(failed(&self.file, e)),
        }
        match std::str::from_utf8(self.record.as_slice()) {
            Ok(text) => Ok(Some(Row { text, table: self })),
            Err(_) => Err(self.not_utf8()),
        }
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    fn not_utf8(&self) -> CheckError {
        let place = self.record.iter().position(|field| std::str::from_utf8(field).is_err());
        let column = place.and_then(|place| self.places.iter().position(|one| *one == Some(place)));
        let field = column.map_or_else(String::new, |column| format!(", field `{}`", self.names[column]));
        let why = format!("not UTF-8{field}; save the file as UTF-8");
        CheckError::Row { file: self.file.clone(), line: self.line(), why }
    }
}

impl<'a, const N: usize> Row<'a, N> {
    /// The field of a column; empty where an optional column is not there.
    pub(super) fn get(&self, column: usize) -> &'a str {
        let range = self.table.places[column].and_then(|place| self.table.record.range(place));
        range.and_then(|range| self.text.get(range)).unwrap_or("")
    }

    pub(super) fn has(&self, column: usize) -> bool {
        self.table.places[column].is_some()
    }

    /// An error about one field of this row.
    pub(super) fn wrong(&self, column: usize, why: &dyn std::fmt::Display) -> CheckError {
        let field = self.table.names[column].to_owned();
        let place = Place { file: self.table.file.clone(), line: Some(self.table.line()), field };
        CheckError::Field(FieldError { place, why: why.to_string() })
    }
}

fn headings(record: &ByteRecord) -> Vec<String> {
    let text = record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned());
    text.enumerate()
        .map(|(place, name)| if place == 0 { name.trim_start_matches('\u{feff}').into() } else { name })
        .collect()
}

fn places<const N: usize>(columns: &Columns<N>, header: &[String]) -> Result<[Option<usize>; N], String> {
    if header.is_empty() {
        return Err(format!("the file is empty; its first line must name the columns {}", columns.names.join(", ")));
    }
    let mut places = [None; N];
    for (place, name) in header.iter().enumerate() {
        if let Some(column) = columns.names.iter().position(|known| known == name)
            && places[column].replace(place).is_some()
        {
            return Err(format!("the column `{name}` is there twice"));
        }
    }
    let needed = columns.names.iter().zip(&places).take(N - columns.optional_count);
    let missing: Vec<_> = needed.filter(|(_, place)| place.is_none()).map(|(name, _)| format!("`{name}`")).collect();
    if missing.is_empty() {
        return Ok(places);
    }
    if let [only] = header
        && let Some(separator) = only.chars().find(|c| matches!(c, ';' | '\t' | '|'))
    {
        return Err(format!("the columns are separated by {separator:?}; save the file with commas between them"));
    }
    let what = if missing.len() == 1 { "the column" } else { "the columns" };
    let verb = if missing.len() == 1 { "is" } else { "are" };
    let shown: Vec<String> =
        header.iter().take(40).map(|name| name.chars().take(40).flat_map(char::escape_debug).collect()).collect();
    Err(format!("{what} {} {verb} missing; the header has {}", missing.join(", "), shown.join(", ")))
}

fn failed(file: &str, error: csv::Error) -> CheckError {
    let line = error.position().map_or(1, csv::Position::line);
    let file = file.to_owned();
    match error.into_kind() {
        ErrorKind::Io(why) => CheckError::File { file, why },
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let fields = if len == 1 { "field" } else { "fields" };
            let why = format!(
                "{len} {fields} where the header has {expected_len}; a field with a comma or a line break needs double \
                 quotes around it, and a quote in it is doubled"
            );
            CheckError::Row { file, line, why }
        }
        other => CheckError::Row { file, line, why: format!("{other:?}") },
    }
}
