//! The markup around the data: what is ours alone, the policy that forbids everything else, styles and script.

use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{
    ReportError, RunReport, TotalLine, label,
    summary::{Summary, TextTarget},
};

/// The styles.
const STYLE: &str = include_str!("../../templates/page/page.css");

/// The script, part by part; each uses only those above it.
const SCRIPT: &str = concat!(
    "(() => {\n",
    include_str!("../../templates/page/dom.js"),
    include_str!("../../templates/page/data.js"),
    include_str!("../../templates/page/money.js"),
    include_str!("../../templates/page/selection.js"),
    include_str!("../../templates/page/filters.js"),
    include_str!("../../templates/page/detail.js"),
    include_str!("../../templates/page/table.js"),
    include_str!("../../templates/page/charts.js"),
    include_str!("../../templates/page/sheets.js"),
    include_str!("../../templates/page/page.js"),
    "})();\n",
);

/// What is above the exceptions.
#[derive(Template)]
#[template(path = "page/page.html")]
pub(super) struct Frame {
    summary: Summary,
    headline: String,
    count_day: String,
    totals: Vec<TotalTile>,
    style: &'static str,
    policy: String,
}

/// One of the four totals, with the class that gives it its colour.
struct TotalTile {
    total: TotalLine,
    class: &'static str,
}

impl Frame {
    pub(super) fn of(report: &RunReport<'_>) -> Result<Self, ReportError> {
        // The place of the files is never in a file: the same run has the same bytes wherever it is kept.
        let summary = Summary::of(report, TextTarget::Terminal);
        let classes = ["add", "reduce", "cleanup", "unknown"];
        let tiles = summary.totals.iter().cloned().zip(classes);
        Ok(Self {
            headline: summary.outcome.headline(),
            count_day: label::day(report.header.count_day.0),
            totals: tiles.map(|(total, class)| TotalTile { total, class }).collect(),
            style: STYLE,
            policy: policy(),
            summary,
        })
    }
}

/// What is below the data.
pub(super) fn below() -> String {
    format!("<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

/// Nothing is fetched, sent or framed, and nothing runs but what is written here.
fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}
