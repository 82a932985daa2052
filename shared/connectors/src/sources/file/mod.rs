//! A file that somebody exports, as a source: billed lines or usage items, by a profile that says what its columns mean.

mod parts;
mod reading;
mod spooled;

use std::sync::Arc;

use jiff::civil::Date;
use truecount_billing::AccountList;
use truecount_exports::{AsOf, ExportProfile, FILE_SIDES, day_of_name};
use truecount_tabular::Input;

use super::refuse;
use crate::{
    error::{PageError, SettingsError},
    rights::Rights,
    source::Source,
    source_kind::{Cardinality, Category, Proof, SourceKind},
    vocabulary::Vocabulary,
};

pub use parts::FileParts;
pub(crate) use reading::FileReading;
pub use spooled::SpooledFile;

const NAME: &str = "file";
/// The stream of a file's pages.
pub(crate) const STREAM: &str = "rows";

/// A file of billed lines or usage items.
pub(crate) const KIND: SourceKind = SourceKind {
    name: NAME,
    title: "Exported file",
    gives: "billed lines or usage items: CSV, TSV or XLSX, as it was exported",
    sides: &FILE_SIDES,
    side_option: Some("side"),
    category: Category::File,
    cardinality: Cardinality::ManyAccountsPerClient,
    list: AccountList::Exported,
    proof: Proof::Contract,
    secret: &[],
    options: OPTIONS,
    key: "",
    rights: Rights::NOT_TOLD,
    vocabulary: Vocabulary::NONE,
    traps: &[
        "a file holds what its export was told to hold: a filter left on makes accounts disappear",
        "ids that a spreadsheet turned into numbers such as 9.9E+15 are lost: export anew, and do not save from there",
    ],
    build,
};

const OPTIONS: &str = r#"side = "used"  # or "purchased" (also items), or "agreed" (the lines of a PSA)
# as_of = "2026-06-30"  # left out: the date in the file's name, such as usage-2026-06-30.csv
# only = { Source = "rmm" }  # just these rows, where a file holds several sources; not = { … } leaves rows out
# lists = "everything"  # the file has every account that there is; left out: those that it was told to have
# What a file leaves open: numbers = "," (1.234,56), dates = "D/M/Y", zone = "Europe/London", delimiter, encoding

# Which of the file's columns is what. Left out altogether: the file's columns are named as ours.
# items: account_id, item_id and kind are needed; account_name, item_name, sku, status, last_seen, quantity,
#        site, domain, group (an account can be split by them), psa_client_id (the PSA's client of the account),
#        serial, mac_address, host_name, object_id, mail_address (what a device or user is known by elsewhere)
# lines: line_id, client_id, product_code and quantity are needed; client_name, unit_price, currency,
#        effective_from, effective_to, less_included, billing_status, agreement_id, agreement, cycle, timing
[sources.columns]
account_id = "Customer ID"
account_name = "Customer"
item_id = "Serial"

# For what the file does not say.
[sources.constants]
kind = "workstation"

# The file's words in ours. Only active counts, and disabled where assigned licences are counted.
[sources.words.status]
"In use" = "active"
"#;

/// Where the day is found that a file is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileDay {
    /// It is this one.
    Known(Date),
    /// The day on which the file was written.
    WhenWritten,
    /// In one of its columns.
    Inside,
    /// Nowhere, and why.
    Refused(String),
}

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileContents {
    /// Rows of items or lines.
    pub rows: u64,
    /// Vendor accounts, or the PSA's clients, that they are of.
    pub accounts: usize,
}

/// What the columns of a source's exported files mean.
#[derive(Debug, Clone)]
pub struct FileSource {
    profile: Arc<ExportProfile>,
}

fn build(options: &toml::Table) -> Result<Source, SettingsError> {
    let profile = ExportProfile::read(options).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        refuse(NAME, faults.join("\n"))
    })?;
    Ok(Source::of_file(NAME, FileSource { profile: Arc::new(profile) }))
}

impl FileSource {
    /// The profile.
    #[must_use]
    pub fn profile(&self) -> &Arc<ExportProfile> {
        &self.profile
    }

    /// The day that a file of this name is for.
    #[must_use]
    pub fn day_of(&self, file_name: &str) -> FileDay {
        match &self.profile.as_of {
            AsOf::Day(day) => FileDay::Known(day.0),
            AsOf::Name => match day_of_name(file_name) {
                Ok(day) => FileDay::Known(day.0),
                Err(why) => FileDay::Refused(why.to_string()),
            },
            AsOf::Column(_) => FileDay::Inside,
            AsOf::Modified => FileDay::WhenWritten,
        }
    }

    /// Whether a file must be opened to know the day that it is for.
    #[must_use]
    pub fn day_is_inside(&self) -> bool {
        matches!(self.profile.as_of, AsOf::Column(_))
    }

    /// The day that a file says in a column: the same in every row.
    ///
    /// # Errors
    /// [`PageError`] with everything that stands in the way of reading it, or if it says different days.
    pub fn day_in(&self, file_name: &str, file: &dyn Input) -> Result<Date, PageError> {
        reading::day_in(&self.profile, file_name, file)
    }

    /// Reads a file to its end, row by row, for what stands in the way, and says what is in it.
    ///
    /// # Errors
    /// [`PageError`] with everything that stands in the way of reading it.
    pub fn contents(&self, file_name: &str, file: &dyn Input) -> Result<FileContents, PageError> {
        reading::contents(&self.profile, file_name, file)
    }

    /// Begins to take a file apart for the archive. The name is for messages and stands in the pages.
    #[must_use]
    pub fn parts(&self, file_name: &str) -> FileParts {
        FileParts::new(file_name)
    }
}
