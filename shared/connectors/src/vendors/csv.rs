//! stub
use crate::connector::{Connector, Page, PageError, SettingsError};
use truecount_billing::CountDay;
pub(crate) const OPTIONS: &str = r#"rows = "usage"  # or "billed"
# as_of = "2026-06-30"  # left out: the date in the file's name (usage-2026-06-30.csv); a file without one is refused
# delimiter = ","
# only = { source = "rmm" }  # rows of a file that holds several sources

[sources.columns]  # ours = "theirs"; a column that is not named here is not read
account_id = "account_id"      # usage: needed
account_name = "account_name"
item_id = "item_id"            # usage: needed
kind = "kind"
sku = "sku"
status = "status"
last_seen = "last_seen"
quantity = "quantity"
# billed: line_id, client_id, product_code, quantity are needed; client_name, unit_price, currency,
#         effective_from, effective_to, less_included, treatment, agreement_id, agreement, cycle_months, timing

[sources.constants]  # for columns that the file does not have
# kind = "workstation"
# currency = "GBP"
"#;
/// A file profile: what a dropped file's columns mean.
#[derive(Debug, Clone)]
pub struct CsvFile;
impl CsvFile {
    /// The day that a file is as of: the profile's, else the date in the file's name.
    ///
    /// # Errors
    /// In words, if there is neither: it is never guessed from when the file was written.
    pub fn as_of(&self, _file_name: &str) -> Result<CountDay, String> {
        Err("not yet".into())
    }
    /// Begins to split a file into pages. `file_name` is for messages and is kept in the pages.
    #[must_use]
    pub fn split(&self, _file_name: &str) -> CsvSplitter {
        CsvSplitter
    }
}
/// Splits a file, as it comes, into pages of whole records.
#[derive(Debug)]
pub struct CsvSplitter;
impl CsvSplitter {
    /// Takes the next bytes of the file; gives the pages that are full.
    ///
    /// # Errors
    /// [`PageError`] that names file and line.
    pub fn push(&mut self, _bytes: &[u8]) -> Result<Vec<Page>, PageError> {
        Ok(vec![])
    }
    /// The end of the file; gives the last page.
    ///
    /// # Errors
    /// [`PageError`] that names file and line.
    pub fn finish(self) -> Result<Vec<Page>, PageError> {
        Ok(vec![])
    }
}
pub(crate) fn make(_: &toml::Table) -> Result<Box<dyn Connector>, SettingsError> {
    Err(super::refuse("csv", "not yet"))
}
