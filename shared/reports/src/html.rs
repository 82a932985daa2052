//! The summary as HTML: the mail's other part.
//!
//! The template is compiled in and escapes by itself. It has tables with inline styles, which every mail program lays
//! out alike, and no link, image, script or anything else that would be fetched.

use askama::Template;

use crate::{
    ReportError,
    summary::{Frame, Outcome, Side, Summary},
    text::headline,
};

/// Renders the template.
pub(crate) fn html(summary: &Summary, frame: Frame<'_>) -> Result<String, ReportError> {
    let sides = [
        Column { words: "Billed too few", class: "few", colour: "#a14a00", side: &summary.too_few },
        Column { words: "Billed too many", class: "many", colour: "#0b57a4", side: &summary.too_many },
    ];
    let is_single = summary.too_few.amounts.len() <= 1 && summary.too_many.amounts.len() <= 1;
    let is_large = !matches!(summary.outcome, Outcome::Differs(_));
    Ok(Page { summary, frame, headline: headline(&summary.outcome), is_large, is_single, sides }.render()?)
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Page<'a> {
    summary: &'a Summary,
    frame: Frame<'a>,
    headline: String,
    is_large: bool,
    is_single: bool,
    sides: [Column<'a>; 2],
}

/// One direction's totals, with its colour on white; the class gives the one on dark.
struct Column<'a> {
    words: &'static str,
    class: &'static str,
    colour: &'static str,
    side: &'a Side,
}
