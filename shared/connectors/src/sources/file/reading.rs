//! Reads the files of one day together, out of their archived pages: everything that stands in the way of any of them is
//! told at once, and what contradicts itself is told by account.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    sync::Arc,
};

use jiff::civil::Date;
use truecount_billing::{AccountId, ReadReason, RowReason, StreamReceipt};
use truecount_exports::{
    AccountFrom, CellFaults, Entered, Export, ExportDoubtKind, ExportEntry, ExportGatherer, ExportProfile,
    Gathered, GatheredRow,
};
use truecount_tabular::{OmittedRow, RowCounts, Stop};

use super::{STREAM, SpooledFile, parts::bytes_of};
use crate::{error::PageError, request::Page, snapshot::SnapshotBuilder};

/// The files of one day, as they come out of the archive.
pub(crate) struct FileReading {
    profile: Arc<ExportProfile>,
    files: BTreeMap<String, SpooledFile>,
}

impl FileReading {
    pub(crate) fn new(profile: &Arc<ExportProfile>) -> Self {
        Self { profile: Arc::clone(profile), files: BTreeMap::new() }
    }

    /// Takes a page; the pages of one file come in their order.
    pub(crate) fn take(&mut self, page: &Page) -> Result<(), PageError> {
        let part = page.part.as_ref().ok_or_else(|| wrong("a page of a file does not say of which"))?;
        let bytes = bytes_of(page, part)?;
        let disk = |error: io::Error| wrong(format!("{}: the disk of this machine: {error}", part.file));
        if !self.files.contains_key(&part.file) {
            self.files.insert(part.file.clone(), SpooledFile::create().map_err(disk)?);
        }
        match self.files.get_mut(&part.file) {
            Some(file) => file.write_all(&bytes).map_err(disk),
            None => Ok(()),
        }
    }

    /// Reads all files.
    pub(crate) fn finish(
        self,
        day: Date,
        builder: &mut SnapshotBuilder,
        receipt: &mut StreamReceipt,
    ) -> Result<(), PageError> {
        let mut refused = Refusals::default();
        let mut exports = Vec::new();
        for (name, file) in &self.files {
            match Export::open(&self.profile, file, name) {
                Ok(export) => exports.push((name, file, export)),
                Err(error) => refused.file(name, &error),
            }
        }
        refused.or(())?;
        let mut gatherer = ExportGatherer::new(&self.profile, day);
        let mut told = Told { builder, names: HashMap::new() };
        let mut owners = Owners::default();
        for (name, file, export) in &exports {
            let rows = Rows { name, file, export };
            rows.read(&mut gatherer, &mut told, &mut owners, receipt, &mut refused);
        }
        if self.profile.account_from == AccountFrom::Column {
            owners.check(&mut refused);
        }
        refused.or(())?;
        told.finish(gatherer.finish(), receipt);
        Ok(())
    }
}

/// The day that a file says in a column.
pub(super) fn day_in(profile: &Arc<ExportProfile>, name: &str, file: &SpooledFile) -> Result<Date, PageError> {
    let mut refused = Refusals::default();
    let export = match Export::open(profile, file, name) {
        Ok(export) => export,
        Err(error) => {
            refused.file(name, &error);
            return refused.or(Date::MIN);
        }
    };
    match export.as_of(file, None) {
        Ok(Ok(day)) => return Ok(day),
        Ok(Err(fault)) => refused.file(name, &fault),
        Err(stop) => refused.file(name, &stop),
    }
    refused.or(Date::MIN)
}

/// One file whose rows are read.
struct Rows<'a> {
    name: &'a str,
    file: &'a SpooledFile,
    export: &'a Export,
}

impl Rows<'_> {
    fn read(
        &self,
        gatherer: &mut ExportGatherer,
        told: &mut Told<'_>,
        owners: &mut Owners,
        receipt: &mut StreamReceipt,
        refused: &mut Refusals,
    ) {
        let mut faults = CellFaults::default();
        let has_row_ids = self.export.layout().has_row_ids();
        let mut each = || -> Result<(), Stop> {
            let mut rows = self.export.rows(self.file)?;
            while let Some(row) = rows.next_row()? {
                match gatherer.take(self.export.layout(), &row) {
                    Ok(GatheredRow::Entry(entry)) => {
                        if has_row_ids {
                            owners.note(&entry.account.id, self.name);
                        }
                        told.entry(*entry);
                    }
                    Ok(GatheredRow::WithOthers | GatheredRow::LeftOut(_)) => {}
                    Err(wrong) => faults.extend(wrong),
                }
            }
            leave_out(rows.counts(), receipt);
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

/// Rows of the file that are no data, in the receipt. The header and the lines above it are none of its rows.
fn leave_out(counts: &RowCounts, receipt: &mut StreamReceipt) {
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
}

/// What rows say, told to the snapshot's builder.
struct Told<'a> {
    builder: &'a mut SnapshotBuilder,
    /// The name that each account was given last.
    names: HashMap<AccountId, String>,
}

impl Told<'_> {
    fn entry(&mut self, entry: ExportEntry) {
        let ExportEntry { account, what, .. } = entry;
        if self.names.get(&account.id).is_none_or(|told| *told != account.name) {
            self.builder.account(&account.id, &account.name);
            self.names.insert(account.id.clone(), account.name);
        }
        if let Some(identifier) = &account.identifier {
            self.builder.identifier(&account.id, identifier);
        }
        if let Some(domain) = &account.domain {
            self.builder.domain(&account.id, domain);
        }
        match what {
            Entered::Line(line) => self.builder.line(&account.id, *line),
            Entered::Items(items) => items.iter().for_each(|item| self.builder.item(&account.id, item)),
        }
    }

    fn finish(mut self, gathered: Gathered, receipt: &mut StreamReceipt) {
        gathered.entries.into_iter().for_each(|entry| self.entry(entry));
        for doubt in gathered.doubts {
            // Of names the builder tells by itself.
            if let ExportDoubtKind::DifferentRows(id) = doubt.kind {
                let (file, line) = (doubt.file, doubt.line);
                self.builder.doubt(&doubt.account, ReadReason::RowsContradict { id, file, line });
            }
        }
        for word in gathered.unknown_words {
            self.builder.unknown_rows(&word.field, &word.word, word.rows);
        }
        receipt.rows += gathered.receipt.rows;
        receipt.used += gathered.receipt.used;
        receipt.looked_up += gathered.receipt.looked_up;
        for (reason, count) in gathered.receipt.left_out {
            *receipt.left_out.entry(reason).or_default() += count;
        }
    }
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

    fn check(&self, refused: &mut Refusals) {
        for ((first, second), (account, rows)) in &self.shared {
            refused.say(format!(
                "{first} and {second} are of one day, and both have rows of `{account}` ({rows} in the second): without \
                 a column of ids nobody can tell whether they are the same; take the one away that does not hold"
            ));
        }
    }
}

/// Everything that stands in the way, of all files.
#[derive(Default)]
struct Refusals(Vec<String>);

impl Refusals {
    fn file(&mut self, name: &str, what: &impl ToString) {
        let what = what.to_string();
        let shown: String = name.chars().take(200).flat_map(char::escape_debug).collect();
        self.say(format!("{shown}: {what}"));
    }

    fn say(&mut self, what: String) {
        self.0.push(what);
    }

    /// An error, if anything was said.
    fn or<T>(&mut self, value: T) -> Result<T, PageError> {
        if self.0.is_empty() { Ok(value) } else { Err(wrong(std::mem::take(&mut self.0).join("\n"))) }
    }
}

fn wrong(why: impl Into<String>) -> PageError {
    PageError::of_file(STREAM, why)
}
