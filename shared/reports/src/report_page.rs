//! `report.html`: a run as one page that asks nobody for anything. A browser shows it from a folder or a mail, with
//! search, filters, groups, and behind each exception its count step by step and its items.
//!
//! What is ours is markup. Everything that holds foreign text is data: JSON that no parser can take for markup, which the
//! page's script shows as text alone. The scripts and styles are in `templates/page/`, and the page forbids all others.
//!
//! It is written from the report, then one client after another, in the memory of one client beside the report.
//!
//! Deliberately absent: comparisons that agree. Those are in `lines.csv`, of any length.

mod charts;
mod detail;
mod frame;
mod overview;
mod row;
mod script_json;
mod sheets;

use std::collections::BTreeMap;
use std::io;

use askama::Template as _;
use truecount_reconciliation::ClientRecord;

use crate::{ExceptionRow, ReportError, RunReport, exception_id, is_exception};

use frame::Frame;

/// The page.
pub const REPORT_HTML: &str = "report.html";

/// Rows of the page: more of them would not be usable within a second of opening.
const ROWS_MAX: usize = 20_000;
/// Items behind one row.
const ITEMS_MAX: usize = 200;
/// Behind each row, however many rows there are.
const ITEMS_MIN: usize = 5;
/// Items of all rows together, as far as each may have its least.
const ITEMS_OF_PAGE: usize = 100_000;
/// Bytes of a block of what is behind rows: a browser reads a block when one of its rows is opened.
const BLOCK_BYTES: usize = 128 * 1024;

/// Writes the page of a report, one client at a time.
pub struct ReportPage<'r, W: io::Write> {
    report: &'r RunReport<'r>,
    out: W,
    /// What the page shows, in order; those that are told together follow their entry.
    rows: Vec<&'r ExceptionRow>,
    /// How many there are, shown or not.
    rows_of_run: usize,
    /// Of each row that is shown, by its id, the block that tells what is behind it.
    blocks: BTreeMap<&'r str, Option<u32>>,
    block: Block,
    items_max: usize,
}

/// What is behind some rows, by their ids: a JSON object that is being written.
#[derive(Default)]
struct Block {
    number: u32,
    json: Vec<u8>,
}

impl<'r, W: io::Write> ReportPage<'r, W> {
    /// Begins the page: everything above the exceptions.
    ///
    /// # Errors
    /// [`ReportError::Page`] if it cannot be written.
    pub fn begin(report: &'r RunReport<'r>, mut out: W) -> Result<Self, ReportError> {
        out.write_all(Frame::of(report)?.render()?.as_bytes()).map_err(ReportError::Page)?;
        let all = || report.exceptions.iter().flat_map(|row| std::iter::once(row).chain(&row.members));
        let rows: Vec<_> = all().take(ROWS_MAX).collect();
        Ok(Self {
            report,
            out,
            blocks: rows.iter().map(|row| (row.exception_id.as_str(), None)).collect(),
            items_max: (ITEMS_OF_PAGE / rows.len().max(1)).clamp(ITEMS_MIN, ITEMS_MAX),
            rows,
            rows_of_run: all().count(),
            block: Block::default(),
        })
    }

    /// Writes what is behind the rows of a client.
    ///
    /// # Errors
    /// [`ReportError`] if it cannot be written.
    pub fn client(&mut self, client: &ClientRecord) -> Result<(), ReportError> {
        for row in client.rows.iter().filter(|row| is_exception(row.kind)) {
            let id = exception_id::of_row(client, row);
            let Some(block) = self.blocks.get_mut(id.as_str()) else { continue };
            *block = Some(self.block.number);
            let detail = detail::of_row(client, row, self.report.portfolio.home_currency, self.items_max);
            self.block.push(&id, &detail)?;
            if self.block.json.len() >= BLOCK_BYTES {
                self.end_block()?;
            }
        }
        Ok(())
    }

    /// Writes the rows, the other sheets and the script. Answers where the page was written to.
    ///
    /// # Errors
    /// [`ReportError`] if it cannot be written.
    pub fn finish(mut self) -> Result<W, ReportError> {
        self.end_block()?;
        let is_first = self.report.portfolio.is_first_comparison();
        let rows = self.rows.iter().map(|row| {
            let block = self.blocks.get(row.exception_id.as_str()).copied().flatten();
            row::of_exception(row, block, is_first)
        });
        script_json::write_list(&mut self.out, "data-rows", rows)?;
        let overview = overview::of(self.report, self.rows.len(), self.rows_of_run);
        script_json::write(&mut self.out, "data-overview", &overview)?;
        script_json::write(&mut self.out, "data-sheets", &sheets::of(self.report))?;
        self.out.write_all(frame::below().as_bytes()).map_err(ReportError::Page)?;
        Ok(self.out)
    }

    fn end_block(&mut self) -> Result<(), ReportError> {
        if self.block.json.is_empty() {
            return Ok(());
        }
        self.block.json.push(b'}');
        script_json::write_text(&mut self.out, &format!("data-block-{}", self.block.number), &self.block.json)?;
        self.block = Block { number: self.block.number + 1, json: Vec::new() };
        Ok(())
    }
}

impl Block {
    fn push(&mut self, id: &str, detail: &detail::Detail) -> Result<(), ReportError> {
        self.json.push(if self.json.is_empty() { b'{' } else { b',' });
        script_json::append(&mut self.json, id)?;
        self.json.push(b':');
        script_json::append(&mut self.json, detail)
    }
}
