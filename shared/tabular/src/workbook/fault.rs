//! What is wrong with a workbook: the kinds of file that are none, and the ways in which one can be damaged.

use std::fmt;

/// Why a workbook, or what was taken for one, cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkbookFault {
    /// It is a file of another kind.
    Foreign(ForeignFormat),
    /// It is not what a spreadsheet program writes.
    Damaged(Damage),
    /// There is no worksheet of this name.
    NoSuchSheet {
        /// The worksheets that there are.
        present: Vec<String>,
    },
    /// There is no worksheet at all, or none that is shown.
    NoSheet,
}

/// Kinds of file that are handed over as spreadsheets and cannot be read as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignFormat {
    /// A workbook of Excel 97 to 2003 (`.xls`).
    OldWorkbook,
    /// A workbook that opens with a password only.
    EncryptedWorkbook,
    /// One of the two, or another document of that time.
    CompoundFile,
    /// A workbook in the binary form of Excel 2007 and later (`.xlsb`).
    BinaryWorkbook,
    /// A sheet in the form of LibreOffice and others (`.ods`).
    OpenDocument,
    /// A sheet of Apple's Numbers.
    Numbers,
    /// A text document, a presentation or another office file.
    OtherDocument,
    /// An archive of files.
    Archive,
    /// A web page, whatever its name ends in.
    Html,
    /// A sheet in the XML of Excel 2003, or other XML.
    Xml,
    /// A document for printing.
    Pdf,
}

/// Where a workbook is not what a spreadsheet program writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// The archive has no usable table of contents; often a file that was not copied whole.
    Contents,
    /// A part is named and not there.
    MissingPart {
        /// Its name in the archive.
        part: String,
    },
    /// Two parts have one name: it is not known which is meant.
    PartTwice {
        /// Its name in the archive.
        part: String,
    },
    /// A part is packed in a way that no spreadsheet program uses.
    Packing {
        /// Its name in the archive.
        part: String,
    },
    /// A part cannot be unpacked, or its check sum is wrong.
    Unpacking {
        /// Its name in the archive.
        part: String,
    },
    /// A part is not well-formed XML.
    Markup {
        /// Its name in the archive.
        part: String,
        /// What the reader of XML says.
        detail: String,
    },
    /// A part declares a document type, which can hold entities that grow without end.
    DocumentType {
        /// Its name in the archive.
        part: String,
    },
    /// A part uses an entity that XML does not define.
    Entity {
        /// Its name in the archive.
        part: String,
        /// The entity.
        name: String,
    },
    /// A row follows one with a larger or the same number.
    RowOrder,
    /// A cell stands in another row than it says.
    CellRow,
    /// Two cells that hold something have one place.
    CellTwice,
    /// The place of a row or a cell is none, such as `A0` or `XFE1`.
    Place,
    /// A cell is of a type that is not known.
    CellType,
    /// A cell names a text that the workbook does not hold.
    NoSuchText,
}

impl Damage {
    /// Whether it is about one cell.
    pub(super) fn is_of_cell(&self) -> bool {
        matches!(self, Self::CellTwice | Self::Place | Self::CellType | Self::NoSuchText)
    }
}

impl fmt::Display for WorkbookFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(format) => format.fmt(f),
            Self::Damaged(damage) => {
                write!(f, "{damage}: open the file in a spreadsheet program and save it as .xlsx, or export it again")
            }
            Self::NoSuchSheet { present } => {
                f.write_str("is not a sheet of the workbook: name one of ")?;
                for (at, name) in present.iter().enumerate() {
                    write!(f, "{}`{}`", if at == 0 { "" } else { ", " }, name.escape_debug())?;
                }
                Ok(())
            }
            Self::NoSheet => f.write_str("the workbook shows no worksheet: unhide the sheet, or name it"),
        }
    }
}

impl fmt::Display for ForeignFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OldWorkbook => "this is a workbook of Excel 97 to 2003 (.xls): save it as .xlsx or .csv",
            Self::EncryptedWorkbook => "this workbook has a password: save it without one, as .xlsx or .csv",
            Self::CompoundFile => {
                "this is an old or an encrypted office file: save it as .xlsx or .csv, without a password"
            }
            Self::BinaryWorkbook => "this is a binary workbook (.xlsb): save it as .xlsx or .csv",
            Self::OpenDocument => "this is an OpenDocument file (.ods): save it as .xlsx or .csv",
            Self::Numbers => "this is a sheet of Numbers: export it as .xlsx or .csv",
            Self::OtherDocument => "this is an office file, but not a workbook: export the table as .xlsx or .csv",
            Self::Archive => "this is an archive: unpack it, and hand over the files in it",
            Self::Html => {
                "this is a web page, whatever its name: open it in a spreadsheet program and save it as .xlsx or .csv"
            }
            Self::Xml => "this is XML: open it in a spreadsheet program and save it as .xlsx or .csv",
            Self::Pdf => "this is a PDF: export the table as .xlsx or .csv",
        })
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contents => f.write_str("the workbook is not whole"),
            Self::MissingPart { part } => write!(f, "the workbook has no part `{}`", part.escape_debug()),
            Self::PartTwice { part } => write!(f, "the workbook has the part `{}` twice", part.escape_debug()),
            Self::Packing { part } => write!(f, "the part `{}` is packed in an unusual way", part.escape_debug()),
            Self::Unpacking { part } => write!(f, "the part `{}` is damaged", part.escape_debug()),
            Self::Markup { part, detail } => write!(f, "the part `{}` is damaged ({detail})", part.escape_debug()),
            Self::DocumentType { part } => write!(f, "the part `{}` declares a document type", part.escape_debug()),
            Self::Entity { part, name } => {
                write!(f, "the part `{}` uses the entity `{}`", part.escape_debug(), name.escape_debug())
            }
            Self::RowOrder => f.write_str("the rows of the sheet are not in order"),
            Self::CellRow => f.write_str("is a cell of another row"),
            Self::CellTwice => f.write_str("the cell is there twice"),
            Self::Place => f.write_str("is no place in a sheet"),
            Self::CellType => f.write_str("is no type of cell"),
            Self::NoSuchText => f.write_str("is no text of the workbook"),
        }
    }
}
