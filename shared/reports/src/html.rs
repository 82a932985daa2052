//! The summary as HTML: the mail's other part.
//!
//! The template is compiled in and escapes every value. It has tables with inline styles, which every mail program
//! lays out alike, and no link, image, script or anything else that would be fetched.

use askama::Template;

use crate::{
    ReportError,
    summary::{DirectionTotals, Frame, Outcome, Summary},
    text::headline,
};

/// Renders the template.
pub(crate) fn html(summary: &Summary, frame: Frame<'_>) -> Result<String, ReportError> {
    let (under, over) = (&summary.underbilled, &summary.overbilled);
    let directions = [
        DirectionColumn { title: "Underbilled", class: "under", colour: "#a14a00", totals: under },
        DirectionColumn { title: "Overbilled", class: "over", colour: "#0b57a4", totals: over },
    ];
    let is_single = under.amounts.len() <= 1 && over.amounts.len() <= 1;
    let is_large = !matches!(summary.outcome, Outcome::Differs(_));
    Ok(Page { summary, frame, headline: headline(&summary.outcome), is_large, is_single, directions }.render()?)
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Page<'a> {
    summary: &'a Summary,
    frame: Frame<'a>,
    headline: String,
    is_large: bool,
    is_single: bool,
    directions: [DirectionColumn<'a>; 2],
}

/// One direction's totals, with its colour on white; the class gives the one on dark.
struct DirectionColumn<'a> {
    title: &'static str,
    class: &'static str,
    colour: &'static str,
    totals: &'a DirectionTotals,
}
