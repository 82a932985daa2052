//! Everything that a run knows of one client, for a person who asks why: service by service the lines, the count step by
//! step, what is not sure and what settles it, what it is worth and what to do next. Text of 80 columns.

mod count;
mod items;
mod lines;
mod money;

use std::fmt::Write as _;

use truecount_billing::{Currency, ProductCode};
use truecount_reconciliation::{ClientRecord, PortfolioRecord, RowKind, RowRecord};

use crate::{
    EarlierRow, actions, came_and_went, cells, history, label, sanitize,
    words::{self, Explanation, wrapped},
};

pub(crate) use count::Step;
pub(crate) use items::{FATES, in_order as items_in_order, why as why_of_item};

/// Columns of a line. Only an id can be longer.
const COLUMNS: usize = 80;
/// Where the text beside a label begins.
const INDENT: usize = 16;

/// How much is said of the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplainedItems {
    /// How many count and how many do not.
    Numbers,
    /// Each one, with the reason.
    Each,
}

/// The client's services, each from its lines to the next step. `home`: the currency that is named first.
#[must_use]
pub fn explain_client(client: &ClientRecord, home: Currency, items: ExplainedItems) -> String {
    let mut page = Page::default();
    page.line(&format!("{} [{}]", client.client_name, client.client_id));
    if !client.lines_read.is_complete() {
        page.line(&format!("! {}", words::unread_client(client.lines_read)));
    }
    if client.rows.is_empty() {
        page.line("Nothing is billed to it, and nothing that a rule counts is used.");
    }
    for row in &client.rows {
        page.text.push('\n');
        page.line(&title(row));
        let mut parts = row_parts(client, row, home);
        items::items(&mut parts, row, items);
        page.parts(&parts);
    }
    let numbers: Vec<_> = client.rows.iter().filter_map(|row| row.history.as_ref()?.number).collect();
    for one in EarlierRow::of_client(client).filter(|one| !numbers.contains(&one.earlier.number)) {
        let what = if one.because.is_some() { "closed" } else { "not known" };
        page.text.push('\n');
        page.line(&format!("{}: {what} (no. {})", one.earlier.key.service, one.earlier.number));
        page.labelled("history", &one.told(home));
    }
    page.text
}

/// The rows of a service, or of the product of a line, whatever its capitals. Foreign text may be `wanted`.
pub fn retain_service(client: &mut ClientRecord, wanted: &str) {
    let is_wanted = |code: &ProductCode| code.as_str().trim().eq_ignore_ascii_case(wanted.trim());
    let is_of = |row: &RowRecord| is_wanted(&row.service) || row.lines.iter().any(|line| is_wanted(&line.product_code));
    client.rows.retain(is_of);
    client.closed.retain(|closed| is_wanted(&closed.earlier.key.service));
    client.not_known.retain(|earlier| is_wanted(&earlier.key.service));
}

/// Gives a client back the rows that an entry `client moved` has instead of it. Answers a sentence for each such entry.
pub fn restore_moved(client: &mut ClientRecord, portfolio: &PortfolioRecord) -> Vec<String> {
    let mut notes = Vec::new();
    for moved in &portfolio.moved {
        let is_from = moved.from_id == client.client_id;
        if is_from || moved.to_id == client.client_id {
            let of_client =
                |(used, billed): &(RowRecord, RowRecord)| if is_from { used.clone() } else { billed.clone() };
            client.rows.extend(moved.services.iter().map(of_client));
            notes.push(sanitize::visible(&words::moved(&moved.from_name, &moved.to_name)).into_owned());
        }
    }
    client.rows.sort_by(|a, b| (&a.service, &a.section).cmp(&(&b.service, &b.section)));
    notes
}

/// `MNG-WKS (Managed workstation): underbilled`.
fn title(row: &RowRecord) -> String {
    let (product, kind) = (cells::product(row), words::kind(row.kind));
    let is_named = product != row.service.as_str();
    let name = if is_named { format!("{} ({product})", row.service) } else { row.service.to_string() };
    format!("{name}: {kind}")
}

/// Everything about a row but its items: its lines, the count step by step, what is not sure, what it is worth, what to
/// do next. Foreign text is as it came.
pub(crate) fn row_parts(client: &ClientRecord, row: &RowRecord, home: Currency) -> Parts {
    let read = client.lines_read;
    let mut parts = Parts::default();
    if let Some(section) = &row.section {
        parts.labelled("agreement", &format!("`{section}` is compared apart from the client's others"));
    }
    lines::lines(&mut parts, row);
    if row.fault.is_some() || !is_counted(row.kind) {
        parts.labelled("", &words::row(read, row, home));
    } else {
        count::count(&mut parts, read, row);
    }
    reasons(&mut parts, client, row);
    money::value(&mut parts, row, home);
    if let Some(history) = &row.history {
        let number = history.number.map(|number| format!("no. {number}, ")).unwrap_or_default();
        parts.labelled("history", &format!("{number}{}", history::told(history, row.kind, home)));
    }
    if !row.last_closings.is_empty() {
        parts.labelled("last closings", &history::last_closings(row));
    }
    if let Some(decided) = &row.action {
        parts.labelled("decided", &actions::told(decided));
    }
    match (words::step(read, row), words::owner(read, row)) {
        _ if row.is_set_aside() => parts.labelled("next step", "none while it is set aside"),
        (Some(step), Some(owner)) => parts.labelled("next step", &format!("{} ({})", step.label(), owner.as_str())),
        _ => parts.labelled("next step", "none"),
    }
    if let Some(moved) = &row.items_moved {
        for (label, names) in [("came", came_and_went::came(row)), ("went", came_and_went::went(row))] {
            if !names.is_empty() {
                parts.labelled(label, &format!("{}: {names}", came_and_went::since(moved)));
            }
        }
    }
    parts
}

/// Whether units of a kind of row are compared.
const fn is_counted(kind: RowKind) -> bool {
    !matches!(kind, RowKind::UncountedLine | RowKind::Flat | RowKind::Ignored | RowKind::Internal)
}

/// How far the ends are apart and why, then what else is not sure.
fn reasons(parts: &mut Parts, client: &ClientRecord, row: &RowRecord) {
    if is_counted(row.kind) && row.at_least.is_some() && row.at_least != row.at_most {
        if row.should_bill.is_some() {
            parts.labelled("range", &words::between(row));
        }
        for cause in words::causes(&row.widenings) {
            parts.explained("because", &cause);
        }
    }
    if row.kind == RowKind::NotReconciled
        && row.fault.is_none()
        && let Some(why) = words::why_not_reconciled(client.lines_read, row)
    {
        parts.explained("because", &why);
    }
    if let Some(why) = &row.left_alone_because {
        parts.labelled("left alone", &words::why_left_alone(why));
    }
    for doubt in words::doubts(&row.doubts) {
        parts.explained("not sure", &doubt);
    }
    let confidence = cells::confidence(row);
    if !confidence.is_empty() {
        parts.labelled("confidence", confidence);
    }
    if let Some(foretold) = words::if_confirmed(row) {
        parts.labelled("proposal", &foretold);
    }
    let sources = row.sources.iter().map(|one| format!("{} on {}", one.source, label::day(one.day)));
    let sources = sources.collect::<Vec<_>>().join(", ");
    if !sources.is_empty() {
        parts.labelled("counted in", &sources);
    }
}

/// What is told of a row, part by part.
#[derive(Debug, Default)]
pub(crate) struct Parts(pub(crate) Vec<Part>);

/// One part. Foreign text is as it came.
#[derive(Debug)]
pub(crate) enum Part {
    /// A text beside its label; without one, a further text of the label above.
    Labelled(&'static str, String),
    /// The count, step by step.
    Count(Vec<Step>),
}

impl Parts {
    fn labelled(&mut self, label: &'static str, text: &str) {
        self.0.push(Part::Labelled(label, text.to_owned()));
    }

    /// What is the case, and below it what would settle it.
    fn explained(&mut self, label: &'static str, told: &Explanation) {
        self.labelled(label, &told.what);
        self.labelled("", &format!("→ {} ({})", told.step(), told.owner.as_str()));
    }
}

/// The text so far. Foreign text is made harmless on its way in.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    /// Writing to a `String` cannot fail, so the results of `write!` are dropped.
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{}", wrapped(&sanitize::visible(text), COLUMNS, 2));
    }

    /// A text beside its label.
    fn labelled(&mut self, label: &str, text: &str) {
        let text = wrapped(&sanitize::visible(text), COLUMNS, INDENT);
        let _ = writeln!(self.text, "  {label:<width$}{text}", width = INDENT - 2);
    }

    fn parts(&mut self, parts: &Parts) {
        for part in &parts.0 {
            match part {
                Part::Labelled(label, text) => self.labelled(label, text),
                Part::Count(steps) => count::print(&mut self.text, steps),
            }
        }
    }
}
