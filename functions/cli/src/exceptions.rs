//! `truecount exceptions`: what a run says that somebody should act on, and what nobody knows, in the report's order.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, ClientId, Currency};
use truecount_reconciliation::{AddAndReduce, OutcomeLine};
use truecount_reports::{
    EarlierRow, ExceptionRow, Exceptions, Oversight, exceptions_json, first_comparison, money, opening_list,
    sort_earlier, wrapped,
};
use truecount_store::{Run, StoredOutcome};

use crate::args::{Cli, ExceptionsArgs};
use crate::client_search::NearNames;
use crate::decided_since::DecidedSince;
use crate::open::{Session, look};
use crate::output::{Ending, counted, json, say, say_text};
use crate::runs::wanted_run;
use crate::table::Column::{Key, Number, Text};
use crate::table::table;

/// Columns of a line of text.
const LINE_WIDTH: usize = 80;

/// How many are listed unless all are wanted: about one screen.
const LISTED_MAX: usize = 20;

/// An exception with what it is called by: its number, or its place in a list of what has no history.
type Numbered = (String, ExceptionRow);

/// What a run lists, and what the last closing found and the run does not.
struct Listed {
    rows: Vec<Numbered>,
    earlier: Vec<EarlierRow>,
    last_closing: Option<BillingMonth>,
    home: Currency,
    is_first_comparison: bool,
    /// That it is a first comparison, or what is left of the opening list.
    baseline: Option<String>,
}

pub(crate) async fn exceptions(cli: &Cli, args: &ExceptionsArgs) -> anyhow::Result<Ending> {
    let session = look(&args.backend).await?;
    let run = wanted_run(&session, &args.which).await?;
    let mut client = args.client.as_deref().map(ClientFilter::new);
    let all = listed_of_run(&session, &run, client.as_mut()).await?;
    if let Some(client) = &client {
        client.check()?;
    }
    let wanted = filtered(all.rows, client.as_ref(), args.kind.as_deref())?;
    let (set_aside, wanted): (Vec<_>, Vec<_>) = match cli.json || args.set_aside {
        true => (Vec::new(), wanted),
        false => wanted.into_iter().partition(|(_, row)| row.is_set_aside()),
    };
    if cli.json {
        let rows: Vec<ExceptionRow> = wanted.iter().map(|(_, row)| row.clone()).collect();
        json(&exceptions_json(&run.run_id, run.manifest.month, &rows))?;
        return Ok(ending(&run, &wanted));
    }
    let shown = if args.all { with_members(&wanted) } else { wanted.clone() };
    let listed = if args.all { shown.len() } else { shown.len().min(LISTED_MAX) };
    list(&shown, listed);
    // Nobody has said yet that a first comparison is right: nothing of it is added up.
    let below = if all.is_first_comparison { more_rows } else { below };
    below(&shown, listed, "`--all` lists them").iter().for_each(|line| say_text(line));
    set_aside_in_sum(&set_aside).iter().for_each(|line| say_text(line));
    if let (Some(month), None) = (all.last_closing, &args.kind) {
        let most = if args.all { usize::MAX } else { LISTED_MAX };
        let earlier = earlier_of(all.earlier, client.as_ref(), &wanted);
        below_earlier(&earlier, month, most, all.home).iter().for_each(|line| say_text(line));
    }
    if let Some(baseline) = all.baseline.filter(|_| client.is_none() && args.kind.is_none()) {
        say_text(&format!("\n{}", baseline.trim_end()));
    }
    say_text(&format!("run {}, counted on {}", run.run_id, run.manifest.count_day));
    Ok(ending(&run, &wanted))
}

/// Lists the first exceptions, as many as one screen has.
pub(crate) fn list_first(rows: Vec<ExceptionRow>, where_more: &str) {
    let rows: Vec<Numbered> = (1..).map(|place: u64| place.to_string()).zip(rows).collect();
    let listed = rows.len().min(LISTED_MAX);
    list(&rows, listed);
    below(&rows, listed, where_more).iter().for_each(|line| say_text(line));
}

fn list(rows: &[Numbered], listed: usize) {
    if rows.is_empty() {
        say("No exceptions.");
    } else {
        let columns =
            [Number("no."), Text("client"), Text("product or account"), Text("kind"), Number("value a month")];
        let columns: Vec<_> = columns.into_iter().chain(is_dated(rows).then_some(Key("since"))).collect();
        table(&columns, &rows[..listed].iter().map(|row| cells(row, is_dated(rows))).collect::<Vec<_>>());
    }
}

/// Each entry, and below it the exceptions that it stands for.
fn with_members(rows: &[Numbered]) -> Vec<Numbered> {
    let below = |(called_by, row): &Numbered| {
        let own = std::iter::once((called_by.clone(), row.clone()));
        own.chain(row.members.iter().map(|row| (called(row), row.clone()))).collect::<Vec<_>>()
    };
    rows.iter().flat_map(below).collect()
}

/// Whether a row has a history.
fn is_dated(rows: &[Numbered]) -> bool {
    rows.iter().flat_map(|(_, row)| row.each()).any(|row| row.since.is_some())
}

/// The clients of whom somebody asks: the one with an id, else those with a part of their names.
struct ClientFilter {
    wanted: String,
    part: String,
    has_id: bool,
    has_part: bool,
    near: NearNames,
}

impl ClientFilter {
    fn new(wanted: &str) -> Self {
        let part = wanted.trim().to_lowercase();
        Self { wanted: wanted.to_owned(), part, has_id: false, has_part: false, near: NearNames::new(wanted) }
    }

    /// Looks at one client of the run.
    fn look(&mut self, id: &ClientId, name: &str) {
        self.has_id |= id.as_str() == self.wanted;
        self.has_part |= self.is_part_of(name);
        if !self.has_id && !self.has_part {
            self.near.look(id, name);
        }
    }

    /// That one of the clients is wanted.
    fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.has_id || self.has_part, self.near.error("the run"));
        Ok(())
    }

    fn is_wanted(&self, id: &str, name: &str) -> bool {
        if self.has_id { id == self.wanted } else { self.is_part_of(name) }
    }

    fn is_part_of(&self, name: &str) -> bool {
        name.to_lowercase().contains(&self.part)
    }
}

/// The exceptions of a run of a client and of a kind, in the order of the report.
///
/// # Errors
/// If the run has no such client, or there is no such kind.
pub(crate) async fn chosen(
    session: &Session,
    run: &Run,
    client: Option<&str>,
    kind: Option<&str>,
) -> anyhow::Result<Vec<ExceptionRow>> {
    let mut client = client.map(ClientFilter::new);
    let all = listed_of_run(session, run, client.as_mut()).await?;
    if let Some(client) = &client {
        client.check()?;
    }
    Ok(filtered(all.rows, client.as_ref(), kind)?.into_iter().map(|(_, row)| row).collect())
}

/// With what was decided since the run, where no newer one has taken that up.
async fn listed_of_run(session: &Session, run: &Run, filter: Option<&mut ClientFilter>) -> anyhow::Result<Listed> {
    let outcome = truecount_app::outcome_of(&session.env, run).await?;
    let decided = DecidedSince::of(session, run).await?;
    let oversight = truecount_app::oversight_of(&session.env, run).await?;
    exceptions_of(&outcome, run.manifest.month, (&decided, &oversight), filter)
}

/// All exceptions of a run, and those of earlier closings. `filter` looks at each of its clients.
fn exceptions_of(
    outcome: &StoredOutcome,
    month: BillingMonth,
    (decided, oversight): (&DecidedSince, &Oversight),
    mut filter: Option<&mut ClientFilter>,
) -> anyhow::Result<Listed> {
    let (mut gathered, mut earlier) = (None, Vec::new());
    for line in outcome.lines() {
        match (line?, &mut gathered) {
            (OutcomeLine::Portfolio(portfolio), _) => {
                gathered = Some((Exceptions::new(portfolio.home_currency), portfolio));
            }
            (OutcomeLine::Client(mut client), Some((exceptions, _))) => {
                if let Some(filter) = &mut filter {
                    filter.look(&client.client_id, &client.client_name);
                }
                decided.put_to(&mut client);
                exceptions.client(&client);
                earlier.extend(EarlierRow::of_client(&client));
            }
            (OutcomeLine::Source(source), Some((exceptions, _))) => exceptions.source(&source),
            (OutcomeLine::Suggestion(suggestion), Some((exceptions, _))) => exceptions.suggestion(&suggestion),
            _ => {}
        }
    }
    let (exceptions, portfolio) = gathered.context("the stored outcome has no totals")?;
    sort_earlier(&mut earlier, &portfolio);
    let mut rows = exceptions.finish(&portfolio);
    oversight.note_exceptions(&mut rows, &portfolio);
    let list = opening_list(&rows, &earlier, &portfolio, month).map(|list| list.told());
    let (last_closing, home) = (portfolio.last_closing, portfolio.home_currency);
    let rows = rows.into_iter().map(|row| (called(&row), row)).collect();
    let (is_first_comparison, baseline) =
        (portfolio.is_first_comparison(), list.or_else(|| first_comparison(&portfolio)));
    Ok(Listed { rows, earlier, last_closing, home, is_first_comparison, baseline })
}

/// Its number; one that no closing has found has none yet, and what is no exception never has.
fn called(row: &ExceptionRow) -> String {
    match row.number {
        Some(number) => number.to_string(),
        None => row.state.to_owned(),
    }
}

/// Those of the wanted clients, without those that a row is about.
fn earlier_of(all: Vec<EarlierRow>, client: Option<&ClientFilter>, rows: &[Numbered]) -> Vec<EarlierRow> {
    let told: BTreeSet<u32> = rows.iter().flat_map(|(_, row)| row.each()).filter_map(|row| row.number).collect();
    let is_wanted = |row: &EarlierRow| client.is_none_or(|one| one.is_wanted(row.client_id.as_str(), &row.client));
    all.into_iter().filter(|row| is_wanted(row) && !told.contains(&row.earlier.number)).collect()
}

/// What stands below the table of what was closed since a month, and of what nothing is known.
fn below_earlier(rows: &[EarlierRow], last_closing: BillingMonth, most: usize, home: Currency) -> Vec<String> {
    let (closed, not_known): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.because.is_some());
    let mut lines = Vec::new();
    for (rows, title) in
        [(closed, format!("closed since {last_closing}:")), (not_known, "not known this month:".into())]
    {
        if rows.is_empty() {
            continue;
        }
        lines.extend([String::new(), title]);
        for row in rows.iter().take(most) {
            let (number, service) = (row.earlier.number, &row.earlier.key.service);
            let told = format!("{}, {service}: {}", row.client, row.told(home));
            lines.push(format!("{number:>5}  {}", wrapped(&told, LINE_WIDTH, 7)));
        }
        if let Some(more) = rows.len().checked_sub(most).filter(|more| *more > 0) {
            lines.push(format!("and {}: `--all` lists them", counted(more, "more", "more")));
        }
    }
    lines
}

/// Those of the wanted clients, also of several clients one of which is wanted, and of a kind. What an entry of another kind
/// stands for is told by itself then.
fn filtered(all: Vec<Numbered>, client: Option<&ClientFilter>, kind: Option<&str>) -> anyhow::Result<Vec<Numbered>> {
    let is_wanted_kind = |row: &ExceptionRow| kind.is_some_and(|kind| is_kind(kind, row.kind, row.kind_label));
    let apart = |(called_by, row): Numbered| match row.members.is_empty() || is_wanted_kind(&row) {
        true => vec![(called_by, row)],
        false => row.members.into_iter().map(|row| (called(&row), row)).collect(),
    };
    let mut rows = if client.is_none() && kind.is_none() { all } else { all.into_iter().flat_map(apart).collect() };
    if let Some(wanted) = client {
        rows.retain(|(_, row)| match row.clients.as_slice() {
            [] => wanted.is_wanted(&row.client_id, &row.client),
            several => several.iter().any(|(id, name)| wanted.is_wanted(id, name)),
        });
    }
    if let Some(wanted) = kind {
        if !ExceptionRow::kinds().any(|(kind, label)| is_kind(wanted, kind, label)) {
            let kinds: Vec<_> = ExceptionRow::kinds().map(|(kind, _)| kind).collect();
            anyhow::bail!("there is no kind `{wanted}`; there are {}", kinds.join(", "));
        }
        rows.retain(|(_, row)| is_kind(wanted, row.kind, row.kind_label));
    }
    Ok(rows)
}

/// Whether what was typed is a kind, by its word or as people read it.
fn is_kind(wanted: &str, kind: &str, label: &str) -> bool {
    let word = wanted.trim().to_lowercase();
    kind == word.replace([' ', '-'], "_") || label == word
}

/// That of the run, where anything is listed.
fn ending(run: &Run, rows: &[Numbered]) -> Ending {
    match &run.summary {
        Some(summary) if rows.iter().any(|(_, row)| !row.is_set_aside()) => Ending::of(summary),
        _ => Ending::Clean,
    }
}

fn cells((number, row): &Numbered, is_dated: bool) -> Vec<String> {
    let of_whom = if row.client.is_empty() { row.source.clone() } else { row.client.clone() };
    let what = if row.product.is_empty() { row.account.clone() } else { row.product.clone() };
    let value = match RowValue::of(row) {
        RowValue::Change(currency, amount) => money(amount, currency),
        RowValue::InBrackets(currency, amount) => format!("({})", money(amount, currency)),
        RowValue::Unknown => "?".to_owned(),
    };
    let decided = row.action.as_ref().map(|decided| format!(" ({})", decided.action.kind().as_str()));
    let kind = format!("{}{}", row.kind_label, decided.unwrap_or_default());
    let mut cells = vec![number.clone(), of_whom, what, kind, value];
    if is_dated {
        cells.push(row.since.map(|month| month.to_string()).unwrap_or_default());
    }
    cells
}

/// What a change of a bill is worth, signed, or what is at stake otherwise.
enum RowValue {
    Change(Currency, Decimal),
    InBrackets(Currency, Decimal),
    Unknown,
}

impl RowValue {
    fn of(row: &ExceptionRow) -> Self {
        if let Some((currency, amount)) = row.sum_of_members() {
            return Self::Change(currency, amount);
        }
        match (row.at_stake(), row.monthly_impact, row.currency) {
            (Some((currency, amount)), ..) => Self::InBrackets(currency, amount),
            (None, Some(amount), Some(currency)) => Self::Change(currency, amount),
            _ => Self::Unknown,
        }
    }
}

/// What people have set aside, which is not listed: how many, and what they come to.
fn set_aside_in_sum(rows: &[Numbered]) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let number = counted(rows.len(), "exception is", "exceptions are");
    let mut lines = vec![format!("{number} set aside: `--set-aside` lists them")];
    lines.extend(sums(rows).into_iter().map(|sum| format!("set aside: {sum} a month")));
    lines
}

/// What stands below the table: how many more there are, and what those shown come to.
fn below(rows: &[Numbered], listed: usize, where_more: &str) -> Vec<String> {
    let mut lines = more_rows(rows, listed, where_more);
    lines.extend(sums(&rows[..listed]).into_iter().map(|sum| format!("shown: {sum} a month")));
    lines
}

/// How many more there are.
fn more_rows(rows: &[Numbered], listed: usize, where_more: &str) -> Vec<String> {
    let more = rows.len().checked_sub(listed).filter(|more| *more > 0);
    more.map(|more| format!("and {}: {where_more}", counted(more, "more", "more"))).into_iter().collect()
}

/// What rows come to, a text for each currency.
fn sums(rows: &[Numbered]) -> Vec<String> {
    let mut texts = Vec::new();
    let mut sums: BTreeMap<Currency, (AddAndReduce, Decimal)> = BTreeMap::new();
    let entries: BTreeSet<&str> = rows.iter().map(|(_, row)| row.exception_id.as_str()).collect();
    // What stands below its entry is a part of what that comes to.
    let shown = rows.iter().filter(|(_, row)| !entries.contains(row.part_of.as_str()));
    for row in shown.flat_map(|(_, row)| row.each()) {
        match RowValue::of(row) {
            RowValue::Change(currency, amount) => {
                let of_row = AddAndReduce::of_change(amount, row.is_estimated());
                sums.entry(currency).or_default().0.take(&of_row);
            }
            RowValue::InBrackets(currency, amount) => {
                let sum = &mut sums.entry(currency).or_default().1;
                *sum = sum.saturating_add(amount);
            }
            RowValue::Unknown => {}
        }
    }
    for (currency, (changes, in_brackets)) in sums {
        let named = ["to add", "to reduce", "to add (estimated)", "to reduce (estimated)", "in brackets"];
        let amounts = changes.each().into_iter().chain([in_brackets]);
        let parts = amounts.zip(named).filter(|(amount, _)| !amount.is_zero());
        let parts: Vec<_> = parts.map(|(amount, what)| format!("{} {what}", money(amount, currency))).collect();
        if !parts.is_empty() {
            texts.push(parts.join(", "));
        }
    }
    texts
}

#[cfg(test)]
mod tests;
