//! Reads the files of one source and one day together: everything that stands in the way of any of them is told at once,
//! and files that may be one export twice are refused by name.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use jiff::civil::Date;
use truecount_billing::{AccountId, RefusedFile, RowReason, StreamReceipt};
use truecount_tabular::{Input, OmittedRow, RowCounts, Stop};

use crate::{
    entry::ExportEntry,
    export::Export,
    fault::CellFaults,
    gather::{ExportGatherer, Gathered, GatheredRow},
    profile::{AccountFrom, ExportProfile},
};

/// A file by its name, and what is in it.
pub type NamedFile<'f> = (&'f str, &'f dyn Input);

/// Why files are not read: everything, by the name of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilesRefusal(BTreeMap<String, Vec<String>>);

/// Reads the files of one source that are as of one day. `take` is given what each row holds; what several rows hold
/// together comes in the answer.
///
/// # Errors
/// Everything that stands in the way, of all files. What was handed on before is then of no use.
pub fn read_files(
    profile: &Arc<ExportProfile>,
    day: Date,
    files: &[NamedFile<'_>],
    mut take: impl FnMut(ExportEntry),
) -> Result<Gathered, FilesRefusal> {
    let mut refused = FilesRefusal::default();
    let mut exports = Vec::new();
    for (name, input) in files {
        match Export::open(profile, *input, name) {
            Ok(export) => exports.push(OneFile { name, input: *input, export }),
            Err(error) => refused.file(name, &error),
        }
    }
    refused.or_go_on()?;
    let mut gatherer = ExportGatherer::new(profile, day);
    let mut owners = Owners::default();
    for file in &exports {
        file.read(&mut gatherer, &mut owners, &mut refused, &mut take);
    }
    if profile.account_from == AccountFrom::Column {
        owners.check(&mut refused);
    }
    refused.or_go_on()?;
    Ok(gatherer.finish())
}

/// One file whose rows are read.
struct OneFile<'f> {
    name: &'f str,
    input: &'f dyn Input,
    export: Export,
}

impl OneFile<'_> {
    fn read(
        &self,
        gatherer: &mut ExportGatherer,
        owners: &mut Owners,
        refused: &mut FilesRefusal,
        take: &mut impl FnMut(ExportEntry),
    ) {
        let mut faults = CellFaults::default();
        let has_row_ids = self.export.layout().has_row_ids();
        gatherer.begin_file(self.name);
        let mut each = || -> Result<(), Stop> {
            let mut rows = self.export.rows(self.input)?;
            while let Some(row) = rows.next_row()? {
                match gatherer.take(self.export.layout(), &row) {
                    Ok(GatheredRow::Entry(entry)) => {
                        if has_row_ids {
                            owners.note(&entry.account.id, self.name);
                        }
                        take(*entry);
                    }
                    Ok(GatheredRow::WithOthers | GatheredRow::LeftOut(_)) => {}
                    Err(wrong) => faults.extend(wrong),
                }
            }
            gatherer.end_file(&left_out(rows.counts()));
            Ok(())
        };
        if let Err(stop) = each() {
            refused.file(self.name, &stop);
        }
        if !faults.is_empty() {
            refused.file(self.name, &faults);
        }
    }
}

/// Rows of the file that are no data. The header and the lines above it are none of its rows.
fn left_out(counts: &RowCounts) -> StreamReceipt {
    let mut receipt = StreamReceipt::default();
    for (row, count) in &counts.left_out {
        let reason = match row {
            OmittedRow::Separator | OmittedRow::Title | OmittedRow::Header => continue,
            OmittedRow::RepeatedHeader => RowReason::HeaderAgain,
            OmittedRow::Empty => RowReason::EmptyRow,
            OmittedRow::Total => RowReason::TotalRow,
            OmittedRow::Note => RowReason::NoteRow,
        };
        receipt.rows += count;
        *receipt.left_out.entry(reason).or_default() += count;
    }
    receipt
}

/// Which file has the rows of an account, where rows have no ids: two files of one day that both have some may be one
/// export twice.
#[derive(Default)]
struct Owners {
    files: HashMap<AccountId, String>,
    shared: BTreeMap<(String, String), (AccountId, u64)>,
}

impl Owners {
    fn note(&mut self, account: &AccountId, file: &str) {
        match self.files.get(account) {
            None => drop(self.files.insert(account.clone(), file.to_owned())),
            Some(first) if first == file => {}
            Some(first) => {
                let key = (first.clone(), file.to_owned());
                self.shared.entry(key).or_insert_with(|| (account.clone(), 0)).1 += 1;
            }
        }
    }

    fn check(&self, refused: &mut FilesRefusal) {
        for ((first, second), (account, rows)) in &self.shared {
            let why = format!(
                "it and {first} are of one day, and both have rows of `{account}` ({rows} in this one): without a column \
                 of ids nobody can tell whether they are the same; take the one away that does not hold"
            );
            refused.file(second, &why);
        }
    }
}

impl FilesRefusal {
    /// Of one file, with a line for each fault.
    #[must_use]
    pub fn of(name: &str, what: &dyn fmt::Display) -> Self {
        let mut refused = Self::default();
        refused.file(name, what);
        refused
    }

    fn file(&mut self, name: &str, what: &dyn fmt::Display) {
        self.0.entry(name.to_owned()).or_default().extend(what.to_string().lines().map(str::to_owned));
    }

    /// The files.
    #[must_use]
    pub fn into_files(self) -> Vec<RefusedFile> {
        self.0.into_iter().map(|(name, obstacles)| RefusedFile::of(&name, obstacles)).collect()
    }

    fn or_go_on(&mut self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(std::mem::take(self)) }
    }
}

impl fmt::Display for FilesRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<String> = self.clone().into_files().iter().map(ToString::to_string).collect();
        f.write_str(&files.join("\n"))
    }
}

impl std::error::Error for FilesRefusal {}
