//! Reads the files of one day together, out of their archived pages: everything that stands in the way of any of them is
//! told at once, and what contradicts itself is told by account.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    io::{self, Write},
    sync::Arc,
};

use jiff::civil::Date;
use truecount_billing::{AccountId, ReadReason, StreamReceipt};
use truecount_exports::{
    Entered, Export, ExportDoubtKind, ExportEntry, ExportProfile, Gathered, NamedFile, read_files,
};

use super::{STREAM, SpooledFile, parts::bytes_of};
use crate::{error::PageError, request::Page, snapshot::SnapshotBuilder};

/// Characters of a file's name that a message shows.
const NAME_CHARS_MAX: usize = 200;

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
        let files: Vec<NamedFile<'_>> = self.files.iter().map(|(name, file)| (name.as_str(), file as _)).collect();
        let mut told = Told { builder, names: HashMap::new() };
        let gathered = read_files(&self.profile, day, &files, |entry| told.entry(entry));
        told.finish(gathered.map_err(|refused| wrong(refused.to_string()))?, receipt);
        Ok(())
    }
}

/// The day that a file says in a column.
pub(super) fn day_in(profile: &Arc<ExportProfile>, name: &str, file: &SpooledFile) -> Result<Date, PageError> {
    let refused = |what: &dyn fmt::Display| wrong(format!("{}: {what}", sanitized(name)));
    let export = Export::open(profile, file, name).map_err(|error| refused(&error))?;
    match export.as_of(file, None) {
        Ok(Ok(day)) => Ok(day),
        Ok(Err(fault)) => Err(refused(&fault)),
        Err(stop) => Err(refused(&stop)),
    }
}

fn sanitized(name: &str) -> String {
    name.chars().take(NAME_CHARS_MAX).flat_map(char::escape_debug).collect()
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

fn wrong(why: impl Into<String>) -> PageError {
    PageError::of_file(STREAM, why)
}
