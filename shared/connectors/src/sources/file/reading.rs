//! Reads the files of one day together, out of their archived pages: everything that stands in the way of any of them is
//! told at once, and what contradicts itself is told by account.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    io::{self, Write},
    sync::Arc,
};

use jiff::civil::Date;
use truecount_billing::{AccountId, ReadReason, StreamReceipt};
use truecount_exports::{
    CellFaults, Entered, Export, ExportDoubtKind, ExportEntry, ExportError, ExportProfile, FilesRefusal, Gathered,
    NamedFile, read_files,
};
use truecount_tabular::Input;

use super::{FileContents, SpooledFile, parts::bytes_of};
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
        let part = page.part.as_ref().ok_or_else(|| PageError::of_copy("a dropped file", "a page does not say of which"))?;
        let bytes = bytes_of(page, part)?;
        let disk = |error: io::Error| PageError::of_copy(&part.file, format!("the disk of this machine: {error}"));
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
        let files: Vec<NamedFile<'_>> = self.files.iter().map(|(name, file)| (name.as_str(), file as _)).collect();
        let mut told = Told { builder, names: HashMap::new() };
        let gathered = read_files(&self.profile, day, &files, |entry| told.entry(entry));
        told.finish(gathered.map_err(|refused| PageError::Refused(refused.into_files()))?, receipt);
        Ok(())
    }
}

/// The day that a file says in a column.
pub(super) fn day_in(profile: &Arc<ExportProfile>, name: &str, file: &dyn Input) -> Result<Date, PageError> {
    let refused = |what: &dyn fmt::Display| PageError::Refused(FilesRefusal::of(name, what).into_files());
    let export = Export::open(profile, file, name).map_err(|error| refused(&error))?;
    match export.as_of(file, None) {
        Ok(Ok(day)) => Ok(day),
        Ok(Err(fault)) => Err(refused(&fault)),
        Err(stop) => Err(refused(&stop)),
    }
}

/// What is in a file that can be read: memory grows with its accounts alone.
pub(super) fn contents(profile: &Arc<ExportProfile>, name: &str, file: &dyn Input) -> Result<FileContents, PageError> {
    let refused = |what: &dyn fmt::Display| PageError::Refused(FilesRefusal::of(name, what).into_files());
    let mut accounts = HashSet::new();
    let (mut rows, mut faults) = (0, CellFaults::default());
    let mut each = || -> Result<(), ExportError> {
        let export = Export::open(profile, file, name)?;
        let mut table = export.rows(file)?;
        while let Some(row) = table.next_row()? {
            match export.layout().read_row(&row) {
                Ok(read) => {
                    if let Ok(entry) = read.entry {
                        rows += 1;
                        accounts.insert(entry.account.id);
                    }
                }
                Err(wrong) => faults.extend(wrong),
            }
        }
        Ok(())
    };
    each().map_err(|error| refused(&error))?;
    if !faults.is_empty() {
        return Err(refused(&faults));
    }
    Ok(FileContents { rows, accounts: accounts.len() })
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
        receipt.add(&gathered.receipt());
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
    }
}
