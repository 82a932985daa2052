//! The summary as HTML: the mail's other part.
//!
//! The template is compiled in and escapes every value. It has tables with inline styles, which every mail program
//! lays out alike, and no link, image, script or anything else that would be fetched.

use askama::Template;

use crate::{
    ReportError, TotalLine,
    summary::{Frame, Summary},
};

/// Renders the template.
pub(crate) fn html(summary: &Summary, frame: Frame<'_>) -> Result<String, ReportError> {
    let classes = [("under", "#a14a00"), ("over", "#0b57a4"), ("ink", "#1c2733"), ("soft", "#5b6875")];
    let totals = summary.totals.iter().zip(classes);
    let totals = totals.map(|(total, (class, colour))| TotalRow { total, class, colour }).collect();
    Ok(Page { summary, frame, headline: summary.outcome.headline(), totals }.render()?)
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Page<'a> {
    summary: &'a Summary,
    frame: Frame<'a>,
    headline: String,
    totals: Vec<TotalRow<'a>>,
}

/// One of the four totals, with its colour on white; the class gives the one on dark.
struct TotalRow<'a> {
    total: &'a TotalLine,
    class: &'static str,
    colour: &'static str,
}
