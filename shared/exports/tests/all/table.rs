//! Small files for tests of what columns mean: cells between bars, written as CSV and read like any other file.

use std::sync::Arc;

use jiff::civil::{Date, date};
use truecount_exports::{
    Export, ExportEntry, ExportGatherer, ExportLayout, ExportProfile, Gathered, GatheredRow, HeadingFault, RowRead,
};
use truecount_tabular::Bytes;

pub(crate) const FILE_NAME: &str = "Harbour Dental 2026-06-30.csv";
pub(crate) const AS_OF: Date = date(2026, 6, 30);

/// The profile of a TOML text.
pub(crate) fn profile(text: &str) -> Arc<ExportProfile> {
    let table: toml::Table = text.parse().unwrap();
    Arc::new(ExportProfile::read(&table).unwrap_or_else(|faults| panic!("{faults:#?}")))
}

/// A profile laid over headings between bars.
pub(crate) fn layout(profile_text: &str, headings: &str) -> Result<ExportLayout, Vec<HeadingFault>> {
    let headings: Vec<&str> = headings.split('|').collect();
    ExportLayout::of(&profile(profile_text), &headings, FILE_NAME)
}

/// A file of a header and rows, with every cell quoted.
fn csv(headings: &str, rows: &[&str]) -> Vec<u8> {
    let line = |cells: &&str| {
        let cells: Vec<String> = cells.split('|').map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
        cells.join(",") + "\n"
    };
    std::iter::once(&headings).chain(rows).map(line).collect::<String>().into_bytes()
}

/// All that comes of a file; those that are held back last.
pub(crate) fn read_bytes(profile: &Arc<ExportProfile>, bytes: &[u8]) -> Result<(Vec<ExportEntry>, Gathered), String> {
    let input = Bytes(bytes);
    let export = Export::open(profile, &input, FILE_NAME).map_err(|error| error.to_string())?;
    let mut gatherer = ExportGatherer::new(profile, AS_OF);
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    let mut rows = export.rows(&input).unwrap();
    while let Some(row) = rows.next_row().unwrap() {
        match gatherer.take(export.layout(), &row) {
            Ok(GatheredRow::Entry(entry)) => entries.push(*entry),
            Ok(_) => {}
            Err(wrong) => faults.extend(wrong.iter().map(ToString::to_string)),
        }
    }
    let gathered = gatherer.finish();
    assert!(gathered.receipt().is_balanced(), "{:?}", gathered.receipt());
    assert_eq!(gathered.receipt().rows, rows.counts().given);
    entries.extend(gathered.entries.iter().cloned());
    if faults.is_empty() { Ok((entries, gathered)) } else { Err(faults.join("\n")) }
}

/// All that comes of rows between bars.
pub(crate) fn read(profile_text: &str, headings: &str, rows: &[&str]) -> Result<(Vec<ExportEntry>, Gathered), String> {
    read_bytes(&profile(profile_text), &csv(headings, rows))
}

/// What one row becomes.
pub(crate) fn read_row(profile_text: &str, headings: &str, cells: &str) -> Result<RowRead, String> {
    let (profile, bytes) = (profile(profile_text), csv(headings, &[cells]));
    let input = Bytes(&bytes);
    let export = Export::open(&profile, &input, FILE_NAME).map_err(|error| error.to_string())?;
    let mut rows = export.rows(&input).unwrap();
    let row = rows.next_row().unwrap().unwrap();
    let told =
        |faults: Vec<truecount_exports::CellFault>| -> Vec<String> { faults.iter().map(ToString::to_string).collect() };
    export.layout().read_row(&row).map_err(|faults| told(faults).join("\n"))
}
