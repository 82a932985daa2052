//! `truecount exceptions`: what a run says that somebody should act on, and what nobody knows, in the report's order.

use std::collections::BTreeMap;

use anyhow::Context as _;
use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, Currency};
use truecount_reconciliation::OutcomeLine;
use truecount_reports::{ClosedRow, ExceptionRow, Exceptions, exceptions_json, money, sort_closed, wrapped};
use truecount_store::{Run, StoredOutcome};

use crate::args::{Cli, ExceptionsArgs};
use crate::open::look;
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

/// What a run lists, and what was closed since the last closing.
struct Listed {
    rows: Vec<Numbered>,
    closed: Vec<ClosedRow>,
    last_closing: Option<BillingMonth>,
}

pub(crate) async fn exceptions(cli: &Cli, args: &ExceptionsArgs) -> anyhow::Result<Ending> {
    let session = look(&args.backend).await?;
    let run = wanted_run(&session, &args.which).await?;
    let outcome = truecount_app::outcome_of(&session.env, &run).await?;
    let all = exceptions_of(&outcome)?;
    let wanted = filtered(all.rows, args.client.as_deref(), args.kind.as_deref())?;
    if cli.json {
        let rows: Vec<ExceptionRow> = wanted.iter().map(|(_, row)| row.clone()).collect();
        json(&exceptions_json(&run.run_id, run.manifest.month, &rows))?;
        return Ok(ending(&run, &wanted));
    }
    let listed = if args.all { wanted.len() } else { wanted.len().min(LISTED_MAX) };
    list(&wanted, listed, "`--all` lists them");
    if let (Some(month), None) = (all.last_closing, &args.kind) {
        let most = if args.all { usize::MAX } else { LISTED_MAX };
        let closed = closed_of(all.closed, args.client.as_deref());
        below_closed(&closed, month, most).iter().for_each(|line| say_text(line));
    }
    say_text(&format!("run {}, counted on {}", run.run_id, run.manifest.count_day));
    Ok(ending(&run, &wanted))
}

/// Lists the first exceptions, as many as one screen has.
pub(crate) fn list_first(rows: Vec<ExceptionRow>, where_more: &str) {
    let rows: Vec<Numbered> = (1..).map(|place: u64| place.to_string()).zip(rows).collect();
    list(&rows, rows.len().min(LISTED_MAX), where_more);
}

fn list(rows: &[Numbered], listed: usize, where_more: &str) {
    if rows.is_empty() {
        say("No exceptions.");
    } else {
        let columns =
            [Number("no."), Text("client"), Text("product or account"), Text("kind"), Number("value a month")];
        let columns: Vec<_> = columns.into_iter().chain(is_dated(rows).then_some(Key("since"))).collect();
        table(&columns, &rows[..listed].iter().map(|row| cells(row, is_dated(rows))).collect::<Vec<_>>());
    }
    below(rows, listed, where_more).iter().for_each(|line| say_text(line));
}

/// Whether a row has a history.
fn is_dated(rows: &[Numbered]) -> bool {
    rows.iter().any(|(_, row)| row.since.is_some())
}

/// All exceptions of a run, and what was closed.
fn exceptions_of(outcome: &StoredOutcome) -> anyhow::Result<Listed> {
    let (mut gathered, mut closed) = (None, Vec::new());
    for line in outcome.lines() {
        match (line?, &mut gathered) {
            (OutcomeLine::Portfolio(portfolio), _) => {
                gathered = Some((Exceptions::new(portfolio.home_currency), portfolio));
            }
            (OutcomeLine::Client(client), Some((exceptions, _))) => {
                exceptions.client(&client);
                closed.extend(ClosedRow::of_client(&client));
            }
            (OutcomeLine::Source(source), Some((exceptions, _))) => exceptions.source(&source),
            _ => {}
        }
    }
    let (exceptions, portfolio) = gathered.context("the stored outcome has no totals")?;
    sort_closed(&mut closed, &portfolio);
    let rows = exceptions.finish(&portfolio).into_iter().map(|row| (called(&row), row)).collect();
    Ok(Listed { rows, closed, last_closing: portfolio.last_closing })
}

/// Its number; one that no closing has found has none yet, and what is no exception never has.
fn called(row: &ExceptionRow) -> String {
    match row.number {
        Some(number) => number.to_string(),
        None => row.state.to_owned(),
    }
}

/// Those of a client: its id, else a part of its name.
fn closed_of(all: Vec<ClosedRow>, client: Option<&str>) -> Vec<ClosedRow> {
    let Some(wanted) = client else { return all };
    let part = wanted.trim().to_lowercase();
    let is_id = all.iter().any(|row| row.client_id.as_str() == wanted);
    let is_wanted = |row: &ClosedRow| match is_id {
        true => row.client_id.as_str() == wanted,
        false => row.client.to_lowercase().contains(&part),
    };
    all.into_iter().filter(is_wanted).collect()
}

/// What stands below the table of what was closed since a month.
fn below_closed(rows: &[ClosedRow], last_closing: BillingMonth, most: usize) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), format!("closed since {last_closing}:")];
    for row in rows.iter().take(most) {
        let (number, service) = (row.closed.number, &row.closed.key.service);
        let told = format!("{}, {service}: {}", row.client, row.told());
        lines.push(format!("{number:>5}  {}", wrapped(&told, LINE_WIDTH, 7)));
    }
    if let Some(more) = rows.len().checked_sub(most).filter(|more| *more > 0) {
        lines.push(format!("and {}: `--all` lists them", counted(more, "more", "more")));
    }
    lines
}

/// Those of a client (its id, else a part of its name), also of several clients one of which is it, and of a kind.
fn filtered(all: Vec<Numbered>, client: Option<&str>, kind: Option<&str>) -> anyhow::Result<Vec<Numbered>> {
    let mut rows = all;
    if let Some(wanted) = client {
        let part = wanted.trim().to_lowercase();
        let has_id = |row: &ExceptionRow| row.client_id == wanted || row.clients.iter().any(|(id, _)| id == wanted);
        let has_part = |name: &str| name.to_lowercase().contains(&part);
        let is_id = rows.iter().any(|(_, row)| has_id(row));
        rows.retain(|(_, row)| match (is_id, row.clients.as_slice()) {
            (true, _) => has_id(row),
            (false, []) => has_part(&row.client),
            (false, several) => several.iter().any(|(_, name)| has_part(name)),
        });
    }
    if let Some(wanted) = kind {
        let word = wanted.trim().to_lowercase();
        let code = word.replace([' ', '-'], "_");
        let is_it = |kind: &str, label: &str| kind == code || label == word;
        if !ExceptionRow::kinds().any(|(kind, label)| is_it(kind, label)) {
            let kinds: Vec<_> = ExceptionRow::kinds().map(|(kind, _)| kind).collect();
            anyhow::bail!("there is no kind `{wanted}`; there are {}", kinds.join(", "));
        }
        rows.retain(|(_, row)| is_it(row.kind, row.kind_label));
    }
    Ok(rows)
}

/// That of the run, where anything is listed.
fn ending(run: &Run, rows: &[Numbered]) -> Ending {
    match &run.summary {
        Some(summary) if !rows.is_empty() => Ending::of(summary),
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
    let mut cells = vec![number.clone(), of_whom, what, row.kind_label.to_owned(), value];
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
        match (row.at_stake(), row.monthly_impact, row.currency) {
            (Some((currency, amount)), ..) => Self::InBrackets(currency, amount),
            (None, Some(amount), Some(currency)) => Self::Change(currency, amount),
            _ => Self::Unknown,
        }
    }
}

/// What stands below the table: how many more there are, and what those shown come to.
fn below(rows: &[Numbered], listed: usize, where_more: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(more) = rows.len().checked_sub(listed).filter(|more| *more > 0) {
        lines.push(format!("and {}: {where_more}", counted(more, "more", "more")));
    }
    let mut sums: BTreeMap<Currency, [Decimal; 3]> = BTreeMap::new();
    for (_, row) in &rows[..listed] {
        let (currency, place, amount) = match RowValue::of(row) {
            RowValue::Change(currency, amount) => (currency, usize::from(amount.is_sign_negative()), amount.abs()),
            RowValue::InBrackets(currency, amount) => (currency, 2, amount),
            RowValue::Unknown => continue,
        };
        let sum = &mut sums.entry(currency).or_default()[place];
        *sum = sum.saturating_add(amount);
    }
    for (currency, amounts) in sums {
        let named = ["to add", "to reduce", "in brackets"];
        let parts = amounts.into_iter().zip(named).filter(|(amount, _)| !amount.is_zero());
        let parts: Vec<_> = parts.map(|(amount, what)| format!("{} {what}", money(amount, currency))).collect();
        if !parts.is_empty() {
            lines.push(format!("shown: {} a month", parts.join(", ")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use truecount_billing::ProductCode;
    use truecount_reconciliation::{
        AtStake, ClientRecord, ClosedBecause, ClosedException, EarlierFigures, ExceptionDirection, ExceptionKey,
        LinesReadWord, PortfolioRecord, RowKind, RowRecord, SumsSoFar, WideningRecord,
    };

    use super::*;

    const ALL: &str = "`--all` lists them";

    /// Rows of one client: kind, currency, and what it is worth or what is at stake.
    fn rows(texts: &[(RowKind, &str, Option<i64>)]) -> Vec<Numbered> {
        let row = |(at, (kind, currency, amount)): (usize, &(RowKind, &str, Option<i64>))| {
            let mut row = RowRecord::empty(*kind, ProductCode::new(format!("P{at}")).unwrap());
            row.currency = Some(Currency::new(currency).unwrap());
            match kind {
                RowKind::NotReconciled => row.stake_up = amount.map(|amount| AtStake::Known(amount.into())),
                _ => row.monthly_impact = amount.map(Decimal::from),
            }
            row
        };
        let client = ClientRecord {
            format: 1,
            client_id: "c1".parse().unwrap(),
            client_name: "Harbour Dental".to_owned(),
            lines_read: LinesReadWord::Complete,
            rows: texts.iter().enumerate().map(row).collect(),
            coverage: BTreeMap::new(),
            closed: Vec::new(),
        };
        let home = Currency::new("GBP").unwrap();
        let mut exceptions = Exceptions::new(home);
        exceptions.client(&client);
        numbered(exceptions.finish(&PortfolioRecord::empty(home)))
    }

    fn numbered(rows: Vec<ExceptionRow>) -> Vec<Numbered> {
        rows.into_iter().map(|row| (called(&row), row)).collect()
    }

    fn mixed() -> Vec<Numbered> {
        rows(&[
            (RowKind::Underbilled, "GBP", Some(30)),
            (RowKind::Overbilled, "GBP", Some(-20)),
            (RowKind::NotReconciled, "GBP", Some(10)),
            (RowKind::Underbilled, "USD", Some(5)),
            (RowKind::UnbilledUsage, "GBP", None),
        ])
    }

    #[test]
    fn a_change_is_signed_and_what_is_at_stake_in_brackets() {
        let values: Vec<String> = mixed().iter().map(|row| cells(row, false).pop().unwrap()).collect();
        assert_eq!(values, ["GBP 30.00", "GBP -20.00", "(GBP 10.00)", "USD 5.00", "?"]);
    }

    #[test]
    fn below_stand_how_many_more_and_the_sums_of_what_is_shown() {
        let all = mixed();
        assert_eq!(
            below(&all, 5, ALL),
            [
                "shown: GBP 30.00 to add, GBP 20.00 to reduce, GBP 10.00 in brackets a month",
                "shown: USD 5.00 to add a month"
            ]
        );
        assert_eq!(below(&all, 1, ALL), ["and 4 more: `--all` lists them", "shown: GBP 30.00 to add a month"]);
        assert_eq!(below(&[], 0, ALL), Vec::<String>::new());
        let nothing = rows(&[(RowKind::NotReconciled, "GBP", Some(0))]);
        assert_eq!(below(&nothing, 1, ALL), Vec::<String>::new(), "nothing is at stake");
    }

    #[test]
    fn what_is_told_of_several_clients_is_told_of_each() {
        let home = Currency::new("GBP").unwrap();
        let source = truecount_billing::SourceId::new("rmm").unwrap();
        let client = |id: &str, name: &str| ClientRecord {
            format: 1,
            client_id: id.parse().unwrap(),
            client_name: name.to_owned(),
            lines_read: LinesReadWord::Complete,
            rows: vec![RowRecord {
                widenings: vec![WideningRecord::SourceNotRead { source: source.clone() }],
                ..RowRecord::empty(RowKind::NotReconciled, ProductCode::new("SRV").unwrap())
            }],
            coverage: BTreeMap::new(),
            closed: Vec::new(),
        };
        let mut exceptions = Exceptions::new(home);
        exceptions.client(&client("c1", "Harbour Dental"));
        exceptions.client(&client("c2", "Quay Foods"));
        let all = numbered(exceptions.finish(&PortfolioRecord::empty(home)));
        assert_eq!(all.len(), 1);
        for (wanted, expected) in [("c1", 1), ("quay", 1), ("c3", 0), ("clients", 0)] {
            assert_eq!(filtered(all.clone(), Some(wanted), None).unwrap().len(), expected, "{wanted}");
        }
    }

    #[test]
    fn what_has_a_history_is_called_by_its_number_and_what_is_gone_stands_below() {
        let month = |text: &str| text.parse::<BillingMonth>().unwrap();
        let mut row = mixed().remove(0).1;
        (row.state, row.since) = ("new", Some(month("2026-06")));
        let new = (called(&row), row.clone());
        row.number = Some(17);
        let known = (called(&row), row);
        let shown: Vec<_> =
            [new, known].iter().map(|row| (cells(row, true)[0].clone(), cells(row, true)[5].clone())).collect();
        assert_eq!(shown, [("new".to_owned(), "2026-06".to_owned()), ("17".to_owned(), "2026-06".to_owned())]);

        let closed = |number: u32, client: &str| ClosedRow {
            client_id: format!("c{number}").parse().unwrap(),
            client: client.to_owned(),
            closed: ClosedException {
                exception_id: "x0".to_owned(),
                key: ExceptionKey {
                    service: ProductCode::new("SRV").unwrap(),
                    section: None,
                    direction: ExceptionDirection::Under,
                },
                number,
                kind: RowKind::Underbilled,
                since: month("2026-04"),
                months_open: 2,
                last: EarlierFigures { units: 3.into(), monthly_impact: None },
                so_far: SumsSoFar::default(),
                because: ClosedBecause::Agrees,
            },
        };
        let all = vec![closed(4, "Harbour"), closed(5, "Quay Foods")];
        assert_eq!(
            below_closed(&all, month("2026-05"), 1),
            [
                "",
                "closed since 2026-05:",
                "    4  Harbour, SRV: agrees now; it was underbilled by 3, since April 2026",
                "and 1 more: `--all` lists them",
            ]
        );
        for (wanted, expected) in [(None, 2), (Some("c5"), 1), (Some("quay"), 1), (Some("c6"), 0)] {
            assert_eq!(closed_of(all.clone(), wanted).len(), expected, "{wanted:?}");
        }
        assert!(below_closed(&[], month("2026-05"), 1).is_empty());
    }

    #[test]
    fn a_kind_is_its_word_or_what_people_read() {
        for (kind, expected) in [
            ("unbilled_usage", 1),
            ("Unbilled usage", 1),
            ("used, not on the agreement", 1),
            ("underbilled", 2),
            ("moved", 0),
        ] {
            assert_eq!(filtered(mixed(), None, Some(kind)).unwrap().len(), expected, "{kind}");
        }
        assert!(filtered(mixed(), None, Some("agrees")).unwrap_err().to_string().contains("no kind `agrees`"));
        assert_eq!(filtered(mixed(), Some("harbour"), None).unwrap().len(), 5);
        assert_eq!(filtered(mixed(), Some("c1"), None).unwrap().len(), 5);
        assert_eq!(filtered(mixed(), Some("quay"), None).unwrap().len(), 0);
    }
}
