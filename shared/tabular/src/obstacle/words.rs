//! What an obstacle is, and what to do about it.

use std::fmt;

use super::{ObstacleKind, Shown};

/// Headings that are listed.
const HEADINGS_SHOWN: usize = 40;

impl fmt::Display for ObstacleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.text() {
            return f.write_str(text);
        }
        match self {
            Self::MixedEncodings { utf_8_line } => write!(
                f,
                "the bytes are not UTF-8, those of line {utf_8_line} are: the file was put together from two; export it \
                 again, or name the encoding in the profile"
            ),
            Self::DelimiterOpen { either, or } => {
                write!(f, "the cells may be separated by `{either}` or by `{or}`: name the delimiter in the profile")
            }
            Self::TextBehindQuote { opened_on_line } => write!(
                f,
                "stands behind a closing quotation mark, in a row that begins on line {opened_on_line}: quotation marks \
                 in a text must be doubled"
            ),
            Self::ControlCharacter { code } => {
                write!(f, "has a control character (code {code}): the file is damaged; export it again")
            }
            Self::DataAboveHeader { header_line } => write!(
                f,
                "has values, and stands above line {header_line}, which looks like the header: say the header's line in \
                 the profile"
            ),
            Self::HeadingMissing { present } => {
                write!(f, "there is no such column; the file has {}", quoted(present))
            }
            Self::CellCount { found, expected } => write!(
                f,
                "begins a row of {found} {}, the header has {expected}: a text with a delimiter or line break in it needs \
                 quotation marks",
                if *found == 1 { "cell" } else { "cells" }
            ),
            Self::NumbersMixed { point_line, comma_line } => write!(
                f,
                "line {point_line} has a decimal point, line {comma_line} a decimal comma: write all numbers in one form"
            ),
            Self::WrongMark { mark } => write!(f, "is not a number with the decimal mark `{mark}` of the profile"),
            Self::CurrenciesMixed { currencies } => write!(
                f,
                "amounts in more than one currency ({}): export each to a file of its own",
                currencies.join(", ")
            ),
            Self::DayOpen { orders } => {
                let orders: Vec<String> = orders.iter().map(|order| format!("`{order}`")).collect();
                write!(
                    f,
                    "is another day by {}, and no value of the column tells which: say the order in the profile",
                    orders.join(" than by ")
                )
            }
            Self::DaysMixed { first_line, second_line } => write!(
                f,
                "no order of day and month reads all values: line {first_line} is against `D/M/Y`, line {second_line} \
                 against `M/D/Y`"
            ),
            Self::WrongOrder { order } => write!(f, "is not a day in the order `{order}` of the profile"),
            Self::OverCap { cap, limit } => {
                write!(f, "more than {limit} {cap}: export less at once, or divide the file")
            }
            Self::Workbook(fault) => fault.fmt(f),
            _ => Ok(()),
        }
    }
}

impl ObstacleKind {
    /// The words of a kind that says everything by its name.
    fn text(&self) -> Option<&'static str> {
        Some(match self {
            Self::UnknownEncoding => {
                "the characters are neither UTF-8 nor Windows-1252: save the file as CSV UTF-8, or name the encoding in \
                 the profile"
            }
            Self::NotText => "has bytes that are no characters in the file's encoding: save the file as CSV UTF-8",
            Self::OpenQuote => "begins with a quotation mark that is never closed",
            Self::EmptyFile => "the file is empty: its header must name the columns",
            Self::NoHeader => "no row names the columns: add a header, or say its line in the profile",
            Self::HeadingTwice => "more than one column has this heading: rename or remove one of them",
            Self::LoneCarriageReturn => {
                "ends with a carriage return alone, other lines with line feeds: save the file again, with one kind of \
                 line end"
            }
            Self::LoneLineFeed => {
                "ends with a line feed, other lines with carriage returns alone: save the file again, with one kind of \
                 line end"
            }
            Self::TotalUnclear => {
                "may be a row of totals, or one of data: say in the profile what becomes of rows of totals"
            }
            Self::NotNumber => "is not a number",
            Self::NumberOpen => {
                "is one number with a decimal point, another with a decimal comma, and no value of the column tells \
                 which: say the decimal mark in the profile"
            }
            Self::PercentMixed => "some values are percentages and others are not: write all in one form",
            Self::NotDay => "is not a day or moment: write 2026-06-30 or 2026-06-30T08:00:00Z",
            Self::ZoneOpen => "is a moment whose day depends on the time zone: name the zone in the profile",
            Self::Scientific => {
                "was shortened by a spreadsheet, and different values now look the same: export the file again and do not \
                 save it in a spreadsheet"
            }
            Self::ErrorValue => "is the error of a formula: repair the formula or clear the cell",
            Self::Uncomputed => "has a formula without its result: open the workbook in a spreadsheet and save it",
            Self::Changed => "the file has changed since it was surveyed: read it again",
            Self::MixedEncodings { .. }
            | Self::DelimiterOpen { .. }
            | Self::TextBehindQuote { .. }
            | Self::ControlCharacter { .. }
            | Self::DataAboveHeader { .. }
            | Self::HeadingMissing { .. }
            | Self::CellCount { .. }
            | Self::NumbersMixed { .. }
            | Self::WrongMark { .. }
            | Self::CurrenciesMixed { .. }
            | Self::DayOpen { .. }
            | Self::DaysMixed { .. }
            | Self::WrongOrder { .. }
            | Self::OverCap { .. }
            | Self::Workbook(_) => return None,
        })
    }
}

fn quoted(names: &[String]) -> String {
    let named = names.iter().filter(|name| !name.is_empty());
    let shown: Vec<String> = named.take(HEADINGS_SHOWN).map(|name| format!("`{}`", Shown(name))).collect();
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}
