//! A CSV file as a source: billed lines or usage items, by a profile that says which column is what.
//!
//! The day that a file is as of comes from the profile or the file's name, never from when it was written.

mod profile;
mod rows;
mod split;

use truecount_billing::{AccountList, CountDay, Side, StreamReceipt};

use super::{own, refuse};
use crate::{
    error::{PageError, SettingsError},
    request::Page,
    snapshot::SnapshotBuilder,
    rights::Rights,
    source::Source,
    source_kind::{Cardinality, Category, Proof, SourceKind},
    vocabulary::Vocabulary,
};
use profile::{Options, Profile};

pub use split::CsvSplitter;

const NAME: &str = "csv";
/// The stream of a CSV page.
pub(crate) const STREAM: &str = "rows";

/// A file of billed lines or usage items.
pub(crate) const KIND: SourceKind = SourceKind {
    name: NAME,
    title: "CSV file",
    gives: "billed lines or usage items, by column profile",
    sides: &[Side::Used, Side::Purchased, Side::Agreed],
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
        "long ids that a spreadsheet opened may have become numbers such as 9.9E+15",
    ],
    build,
};

const OPTIONS: &str = r#"side = "used"  # or "purchased" (also items), or "agreed" (the lines of a PSA)
# as_of = "2026-06-30"  # left out: the date in the file's name, such as usage-2026-06-30.csv
# delimiter = ";"  # usually a comma
# only = { source = "rmm" }  # just these rows, where a file holds several sources

# Which of the file's columns is what. Left out altogether: the file's columns are named as ours.
# items: account_id, item_id and kind are needed; account_name, sku, status, last_seen, quantity,
#        site, domain, group (an account can be split by them), psa_client_id (the PSA's client of the account),
#        serial, mac_address, host_name, object_id, mail_address (what a device or user is known by elsewhere)
# lines: line_id, client_id, product_code and quantity are needed; client_name, unit_price, currency,
#        effective_from, effective_to, less_included, billing_status, agreement_id, agreement, cycle_months, timing
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

/// What the columns of a dropped file mean, and how to take it apart.
#[derive(Debug, Clone)]
pub struct CsvFile {
    profile: Profile,
    as_of: Option<CountDay>,
}

fn build(options: &toml::Table) -> Result<Source, SettingsError> {
    let options: Options = own(NAME, options.clone())?;
    let as_of = options.as_of.as_deref().map(str::parse).transpose();
    let as_of = as_of.map_err(|error| refuse(NAME, format!("`as_of`: {error}")))?;
    let profile = Profile::new(options).map_err(|why| refuse(NAME, why))?;
    Ok(Source::of_file(NAME, CsvFile { profile, as_of }))
}

impl CsvFile {
    /// The day that a file is as of: the profile's, else the one date in the file's name.
    ///
    /// # Errors
    /// In words for a person, if there is no date or more than one.
    pub fn as_of(&self, file_name: &str) -> Result<CountDay, String> {
        if let Some(day) = self.as_of {
            return Ok(day);
        }
        let shown: String = file_name.chars().take(200).flat_map(char::escape_debug).collect();
        let mut dates = dates_in(file_name);
        dates.dedup();
        match dates.as_slice() {
            [day] => Ok(*day),
            [] => Err(format!(
                "`{shown}` has no date in its name: rename it, such as usage-2026-06-30.csv, or set `as_of` in the \
                 source's settings"
            )),
            _ => Err(format!("`{shown}` has more than one date in its name: leave one, or set `as_of` in the source's settings")),
        }
    }

    /// Reads a page's records.
    pub(crate) fn read(
        &self,
        page: &Page,
        builder: &mut SnapshotBuilder,
        receipt: &mut StreamReceipt,
    ) -> Result<(), PageError> {
        rows::read(&self.profile, page, builder, receipt)
    }

    /// Begins to take a file apart. The name is for messages and stands in the pages.
    #[must_use]
    pub fn split(&self, file_name: &str) -> CsvSplitter {
        CsvSplitter::new(self.profile.clone(), file_name)
    }
}

fn dates_in(name: &str) -> Vec<CountDay> {
    let mut dates = Vec::new();
    for at in 0..name.len().saturating_sub(9) {
        let before = at.checked_sub(1).and_then(|at| name.as_bytes().get(at)).copied();
        let after = name.as_bytes().get(at + 10);
        let apart = |byte: Option<u8>| byte.is_none_or(|byte| !byte.is_ascii_digit());
        if let Some(day) = name.get(at..at + 10).and_then(|text| text.parse().ok())
            && apart(before)
            && apart(after.copied())
        {
            dates.push(day);
        }
    }
    dates
}
