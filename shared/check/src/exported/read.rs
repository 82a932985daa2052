//! What the files of each source hold, by account.

use std::collections::{BTreeMap, BTreeSet};

use truecount_billing::{AccountId, BilledLine, StreamReceipt, UnknownWord, UsageItem};
use truecount_exports::{Entered, ExportDoubt, ExportDoubtKind, ExportEntry, Gathered, NamedFile, read_files};

use super::recognised::{RecognisedFiles, RecognisedSource};
use crate::FileOnDisk;

/// A source as its files have it, in the order of the recognised ones.
pub(super) struct ReadSource {
    pub(super) accounts: BTreeMap<AccountId, ReadAccount>,
    /// What became of the rows of each file, by the file's name.
    pub(super) receipts: BTreeMap<String, StreamReceipt>,
    pub(super) unknown_words: Vec<UnknownWord>,
}

/// An account of a source; of a PSA, a client.
#[derive(Default)]
pub(super) struct ReadAccount {
    /// As written, without those that differ in capitals and blanks alone.
    pub(super) names: Vec<String>,
    pub(super) identifiers: BTreeSet<String>,
    pub(super) domains: BTreeSet<String>,
    pub(super) items: Vec<UsageItem>,
    pub(super) lines: Vec<BilledLine>,
    /// Rows that contradict each other.
    pub(super) doubt: Option<ExportDoubt>,
}

/// Reads every file; what stands in the way goes to `wrong`.
pub(super) fn read_all(files: &RecognisedFiles, wrong: &mut Vec<String>) -> Vec<ReadSource> {
    let mut read = Vec::new();
    for source in &files.sources {
        match read_source(source) {
            Ok(source) => read.push(source),
            Err(why) => wrong.push(why),
        }
    }
    read
}

fn read_source(source: &RecognisedSource) -> Result<ReadSource, String> {
    let inputs: Vec<FileOnDisk<'_>> = source.files.iter().map(|file| FileOnDisk(&file.path)).collect();
    let named = source.files.iter().zip(&inputs);
    let files: Vec<NamedFile<'_>> = named.map(|(file, input)| (file.name.as_str(), input as _)).collect();
    let mut accounts: BTreeMap<AccountId, ReadAccount> = BTreeMap::new();
    let gathered = read_files(&source.profile, source.day.0, &files, |entry| take(&mut accounts, entry));
    let Gathered { entries, doubts, unknown_words, receipts } = gathered.map_err(|refused| refused.to_string())?;
    entries.into_iter().for_each(|entry| take(&mut accounts, entry));
    for doubt in doubts {
        // Of names the accounts tell by themselves.
        if matches!(doubt.kind, ExportDoubtKind::DifferentRows(_)) {
            accounts.entry(doubt.account.clone()).or_default().doubt.get_or_insert(doubt);
        }
    }
    Ok(ReadSource { accounts, receipts: receipts.into_iter().collect(), unknown_words })
}

fn take(accounts: &mut BTreeMap<AccountId, ReadAccount>, entry: ExportEntry) {
    let ExportEntry { account, what, .. } = entry;
    let known = accounts.entry(account.id).or_default();
    known.note_name(account.name);
    known.identifiers.extend(account.identifier);
    known.domains.extend(account.domain);
    match what {
        Entered::Line(line) => known.lines.push(*line),
        Entered::Items(items) => known.items.extend(items),
    }
}

impl ReadAccount {
    fn note_name(&mut self, name: String) {
        let folded = |name: &str| name.trim().to_lowercase();
        if !self.names.iter().any(|known| folded(known) == folded(&name)) {
            self.names.push(name);
        }
    }

    /// Its name; where it has several, all of them: none alone may say whose it is.
    pub(super) fn name(&self, id: &AccountId) -> String {
        if self.names.is_empty() { id.to_string() } else { self.names.join(" / ") }
    }

    /// Whether it is not known what of it is right.
    pub(super) fn is_doubtful(&self) -> bool {
        self.doubt.is_some() || self.names.len() > 1 && !self.items.is_empty()
    }
}
