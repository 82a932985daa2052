//! Workbooks (`.xlsx`, `.xlsm`): the rows of one worksheet, read from its XML as they come.
//!
//! Cells become the text that they mean, with what the workbook says about them: numbers with the 15 digits that a
//! spreadsheet keeps, days and times by the format of the cell, results of formulas. A formula whose result is not in
//! the file is told, never read as 0. What is hidden is read, and told.
//!
//! Architecture invariant: memory does not depend on where the cells of a sheet are, on how many there are, or on what
//! an archive says about its sizes. Only the texts that cells share are kept, up to a limit.

mod area;
mod book;
mod cells;
mod fault;
mod foreign;
mod formats;
mod limits;
mod markup;
mod number;
mod package;
mod sheet;
#[cfg(test)]
mod tests;
mod texts;

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use self::book::{Book, with_part};
use self::cells::Context;
use self::formats::Formats;
use self::limits::{Limits, fault, foreign};
use self::markup::Markup;
use self::package::Package;
use self::texts::SharedTexts;
use crate::{Caps, Stop};

pub use self::book::WorkbookSheet;
pub use self::fault::{Damage, ForeignFormat, WorkbookFault};
pub use self::foreign::is_workbook;
pub use self::sheet::{SheetFacts, SheetRows};

/// Bytes that tell what a file is.
const BEGIN_BYTES: u64 = 512;

/// An opened workbook.
pub struct Workbook<R: Read + Seek> {
    package: Package<R>,
    book: Book,
    formats: Arc<Formats>,
    limits: Limits,
}

impl<R: Read + Seek> Workbook<R> {
    /// Opens a workbook: reads which sheets it has, and the formats of cells. Texts are read with the rows.
    ///
    /// # Errors
    /// [`Stop`] if the file is no workbook that can be read, is damaged, or is over a cap.
    pub fn open(input: R, caps: &Caps) -> Result<Self, Stop> {
        Self::open_within(input, Limits::of(caps))
    }

    fn open_within(mut input: R, limits: Limits) -> Result<Self, Stop> {
        let mut begin = Vec::new();
        input.by_ref().take(BEGIN_BYTES).read_to_end(&mut begin)?;
        match foreign::foreign_begin(&begin) {
            Some(ForeignFormat::CompoundFile) => return Err(foreign(foreign::compound_kind(&mut input)?)),
            Some(format) => return Err(foreign(format)),
            None => {}
        }
        input.seek(SeekFrom::Start(0))?;
        let mut package = Package::open(input, limits.clone())?;
        let book = book::read(&mut package, &limits)?;
        let formats = match &book.styles {
            Some(part) => with_part(&mut package, part, &limits, |markup| Formats::read(markup, &limits))?,
            None => Formats::default(),
        };
        Ok(Self { package, book, formats: Arc::new(formats), limits })
    }

    /// Its worksheets in the order of their tabs, hidden ones among them.
    #[must_use]
    pub fn sheets(&self) -> &[WorkbookSheet] {
        &self.book.sheets
    }

    /// The rows of the first worksheet that is not hidden.
    ///
    /// # Errors
    /// [`Stop`] if all are hidden, or the sheet cannot be read.
    pub fn first_sheet(&self) -> Result<SheetRows<R>, Stop> {
        self.rows(self.first_shown()?)
    }

    /// The first worksheet that is not hidden.
    ///
    /// # Errors
    /// [`Stop`] if all are hidden.
    pub fn first_shown(&self) -> Result<&WorkbookSheet, Stop> {
        let shown = self.book.sheets.iter().find(|sheet| !sheet.is_hidden);
        Ok(shown.ok_or_else(|| fault(WorkbookFault::NoSheet))?)
    }

    /// The rows of the worksheet of this name.
    ///
    /// # Errors
    /// [`Stop`] if there is none, or it cannot be read.
    pub fn sheet(&self, name: &str) -> Result<SheetRows<R>, Stop> {
        self.rows(self.named(name)?)
    }

    /// The worksheet of this name, hidden or not; small and large letters are the same, as in a spreadsheet.
    ///
    /// # Errors
    /// [`Stop`] if there is none.
    pub fn named(&self, name: &str) -> Result<&WorkbookSheet, Stop> {
        let sheets = &self.book.sheets;
        let same = |sheet: &&WorkbookSheet| sheet.name.to_lowercase() == name.to_lowercase();
        let Some(sheet) = sheets.iter().find(|sheet| sheet.name == name).or_else(|| sheets.iter().find(same)) else {
            let present = sheets.iter().map(|sheet| sheet.name.clone()).collect();
            return Err(fault(WorkbookFault::NoSuchSheet { present }).showing(name).into());
        };
        Ok(sheet)
    }

    fn rows(&self, sheet: &WorkbookSheet) -> Result<SheetRows<R>, Stop> {
        let (mut texts, mut spent) = (SharedTexts::default(), 0);
        if let Some(part) = &self.book.texts {
            let mut markup = Markup::new(self.package.part(part, 0)?, part, &self.limits);
            texts = SharedTexts::read(&mut markup, &self.limits)?;
            spent = markup.read_bytes();
        }
        let markup = Markup::new(self.package.part(&sheet.part, spent)?, &sheet.part, &self.limits);
        let (formats, limits) = (Arc::clone(&self.formats), self.limits.clone());
        let (epoch, is_computed) = (self.book.epoch, self.book.is_computed);
        Ok(SheetRows::new(markup, Context { texts, formats, epoch, is_computed, limits }))
    }
}
