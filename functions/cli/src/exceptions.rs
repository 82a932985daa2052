//! `truecount exceptions`: what a run says that somebody should act on, and what nobody knows, in the report's order.

use std::collections::BTreeMap;

use anyhow::Context as _;
use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::OutcomeLine;
use truecount_reports::{ExceptionRow, Exceptions, exceptions_json, money};
use truecount_store::{Run, StoredOutcome};

use crate::args::{Cli, ExceptionsArgs};
use crate::open::look;
use crate::output::{Ending, counted, json, say, say_text};
use crate::runs::wanted_run;
use crate::table::Column::{Number, Text};
use crate::table::table;

/// How many are listed unless all are wanted: about one screen.
const LISTED_MAX: usize = 20;

/// An exception with its number in the report.
type Numbered = (usize, ExceptionRow);

pub(crate) async fn exceptions(cli: &Cli, args: &ExceptionsArgs) -> anyhow::Result<Ending> {
    let session = look(&args.backend).await?;
    let run = wanted_run(&session, &args.which).await?;
    let outcome = truecount_app::outcome_of(&session.env, &run).await?;
    let all = exceptions_of(&outcome)?;
    let wanted = filtered(all, args.client.as_deref(), args.kind.as_deref())?;
    if cli.json {
        json(&exceptions_json(&run.run_id, run.manifest.month, &wanted))?;
        return Ok(ending(&run, &wanted));
    }
    let listed = if args.all { wanted.len() } else { wanted.len().min(LISTED_MAX) };
    list(&wanted, listed, "`--all` lists them");
    say_text(&format!("run {}, counted on {}", run.run_id, run.manifest.count_day));
    Ok(ending(&run, &wanted))
}

/// Lists the first exceptions, as many as one screen has.
pub(crate) fn list_first(rows: Vec<ExceptionRow>, where_more: &str) {
    let rows: Vec<Numbered> = (1..).zip(rows).collect();
    list(&rows, rows.len().min(LISTED_MAX), where_more);
}

fn list(rows: &[Numbered], listed: usize, where_more: &str) {
    if rows.is_empty() {
        say("No exceptions.");
    } else {
        let columns =
            [Number("no."), Text("client"), Text("product or account"), Text("kind"), Number("value a month")];
        table(&columns, &rows[..listed].iter().map(cells).collect::<Vec<_>>());
    }
    below(rows, listed, where_more).iter().for_each(|line| say_text(line));
}

/// All exceptions of a run, with their numbers.
fn exceptions_of(outcome: &StoredOutcome) -> anyhow::Result<Vec<Numbered>> {
    let mut gathered = None;
    for line in outcome.lines() {
        match (line?, &mut gathered) {
            (OutcomeLine::Portfolio(portfolio), _) => {
                gathered = Some((Exceptions::new(portfolio.home_currency), portfolio));
            }
            (OutcomeLine::Client(client), Some((exceptions, _))) => exceptions.client(&client),
            (OutcomeLine::Source(source), Some((exceptions, _))) => exceptions.source(&source),
            _ => {}
        }
    }
    let (exceptions, portfolio) = gathered.context("the stored outcome has no totals")?;
    Ok((1..).zip(exceptions.finish(&portfolio)).collect())
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

fn cells((number, row): &Numbered) -> Vec<String> {
    let of_whom = if row.client.is_empty() { row.source.clone() } else { row.client.clone() };
    let what = if row.product.is_empty() { row.account.clone() } else { row.product.clone() };
    let value = match RowValue::of(row) {
        RowValue::Change(currency, amount) => money(amount, currency),
        RowValue::InBrackets(currency, amount) => format!("({})", money(amount, currency)),
        RowValue::Unknown => "?".to_owned(),
    };
    vec![number.to_string(), of_whom, what, row.kind_label.to_owned(), value]
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
        AtStake, ClientRecord, LinesReadWord, PortfolioRecord, RowKind, RowRecord, WideningRecord,
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
        (1..).zip(exceptions.finish(&PortfolioRecord::empty(home))).collect()
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
        let values: Vec<String> = mixed().iter().map(|row| cells(row).pop().unwrap()).collect();
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
        let all: Vec<_> = (1..).zip(exceptions.finish(&PortfolioRecord::empty(home))).collect();
        assert_eq!(all.len(), 1);
        for (wanted, expected) in [("c1", 1), ("quay", 1), ("c3", 0), ("clients", 0)] {
            assert_eq!(filtered(all.clone(), Some(wanted), None).unwrap().len(), expected, "{wanted}");
        }
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
