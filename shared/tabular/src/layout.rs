//! How a file is laid out: what kind of file it is, and what must be known to get at its rows.

use std::io::Read;

use crate::{
    caps::Caps,
    delimited::{
        DelimitedReader, Delimiter, EncodingFound, LineBreaks, TextEncoding, fill, find_delimiter, find_encoding,
    },
    input::{Input, SeekableInput},
    obstacle::Obstacle,
    row::{FileRow, RowReader, Stop},
    survey::SurveyOptions,
    workbook::{SheetFacts, SheetRows, Workbook, is_workbook},
};

/// Bytes that tell a workbook from text.
const BEGIN_BYTES: usize = 512;

/// How a file is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Delimited text.
    Delimited {
        /// The encoding of its characters.
        encoding: TextEncoding,
        /// Bytes before the text that say the encoding.
        mark_bytes: usize,
        /// What stands between the cells.
        delimiter: Delimiter,
        /// Whether the first line names the delimiter and is no row.
        has_separator_line: bool,
    },
    /// A worksheet of a workbook.
    Sheet {
        /// The name of the worksheet.
        name: String,
    },
}

/// A layout, and why it is not sure.
pub(crate) struct LayoutFound {
    pub(crate) layout: Layout,
    pub(crate) doubts: Vec<Obstacle>,
}

impl Layout {
    /// Finds out how a file is laid out.
    pub(crate) fn find(input: &dyn Input, options: &SurveyOptions) -> Result<LayoutFound, Stop> {
        let caps = &options.caps;
        let mut begin = [0; BEGIN_BYTES];
        let length = fill(&mut *input.open()?, &mut begin)?;
        if is_workbook(&begin[..length]) {
            let name = sheet_name(input, options)?;
            return Ok(LayoutFound { layout: Self::Sheet { name }, doubts: Vec::new() });
        }
        let encoding = find_encoding(input, options.encoding, caps)?;
        let delimiter = find_delimiter(input, &encoding, options.delimiter, &options.headings, caps)?;
        let layout = Self::Delimited {
            encoding: encoding.encoding,
            mark_bytes: encoding.mark_bytes,
            delimiter: delimiter.delimiter,
            has_separator_line: delimiter.has_separator_line,
        };
        Ok(LayoutFound { layout, doubts: encoding.doubt.into_iter().chain(delimiter.doubt).collect() })
    }

    /// A reader of the rows.
    pub(crate) fn rows<'i>(&self, input: &'i dyn Input, caps: &Caps) -> Result<Rows<'i>, Stop> {
        match self {
            Self::Delimited { encoding, mark_bytes, delimiter, .. } => {
                let from: Box<dyn Read + 'i> = input.open()?;
                let found = EncodingFound { encoding: *encoding, mark_bytes: *mark_bytes, doubt: None };
                Ok(Rows::Delimited(Box::new(DelimitedReader::new(from, &found, *delimiter, caps)?)))
            }
            Self::Sheet { name } => {
                let workbook = Workbook::open(input.open_seekable()?, caps)?;
                Ok(Rows::Sheet(Box::new(workbook.sheet(name)?)))
            }
        }
    }

    /// Whether a row has a cell for each column, also where it is empty.
    pub(crate) fn has_whole_rows(&self) -> bool {
        match self {
            Self::Delimited { .. } => true,
            Self::Sheet { .. } => false,
        }
    }

    /// Whether the first line is none of the table.
    pub(crate) fn has_separator_line(&self) -> bool {
        match self {
            Self::Delimited { has_separator_line, .. } => *has_separator_line,
            Self::Sheet { .. } => false,
        }
    }
}

/// The name of the worksheet that the profile names, or of the first one that is shown.
fn sheet_name(input: &dyn Input, options: &SurveyOptions) -> Result<String, Stop> {
    let workbook = Workbook::open(input.open_seekable()?, &options.caps)?;
    let sheet = match &options.sheet {
        Some(name) => workbook.named(name)?,
        None => workbook.first_shown()?,
    };
    Ok(sheet.name.clone())
}

/// The rows of a file of any layout.
pub(crate) enum Rows<'i> {
    Delimited(Box<DelimitedReader<'i>>),
    Sheet(Box<SheetRows<Box<dyn SeekableInput + 'i>>>),
}

impl Rows<'_> {
    pub(crate) fn line_breaks(&self) -> LineBreaks {
        match self {
            Self::Delimited(reader) => reader.line_breaks(),
            Self::Sheet(_) => LineBreaks::default(),
        }
    }

    /// What is to be known about a worksheet, once its rows were read.
    pub(crate) fn sheet_facts(&self) -> Option<&SheetFacts> {
        match self {
            Self::Delimited(_) => None,
            Self::Sheet(reader) => Some(reader.facts()),
        }
    }
}

impl RowReader for Rows<'_> {
    #[inline]
    fn next_row(&mut self) -> Result<Option<FileRow<'_>>, Stop> {
        match self {
            Self::Delimited(reader) => reader.next_row(),
            Self::Sheet(reader) => reader.next_row(),
        }
    }

    #[inline]
    fn last_row(&self) -> FileRow<'_> {
        match self {
            Self::Delimited(reader) => reader.last_row(),
            Self::Sheet(reader) => reader.last_row(),
        }
    }
}
