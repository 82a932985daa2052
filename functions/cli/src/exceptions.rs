//! `truecount exceptions`: what a run says that somebody should act on, and what nobody knows, in the report's order.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, ClientId, Currency};
use truecount_reconciliation::{AddAndReduce, OutcomeLine};
use truecount_reports::{EarlierRow, ExceptionRow, Exceptions, exceptions_json, money, sort_earlier, wrapped};
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
    list(&shown, listed, "`--all` lists them");
    set_aside_in_sum(&set_aside).iter().for_each(|line| say_text(line));
    if let (Some(month), None) = (all.last_closing, &args.kind) {
        let most = if args.all { usize::MAX } else { LISTED_MAX };
        let earlier = earlier_of(all.earlier, client.as_ref(), &wanted);
        below_earlier(&earlier, month, most, all.home).iter().for_each(|line| say_text(line));
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
    exceptions_of(&outcome, &DecidedSince::of(session, run).await?, filter)
}

/// All exceptions of a run, and those of earlier closings. `filter` looks at each of its clients.
fn exceptions_of(
    outcome: &StoredOutcome,
    decided: &DecidedSince,
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
            _ => {}
        }
    }
    let (exceptions, portfolio) = gathered.context("the stored outcome has no totals")?;
    sort_earlier(&mut earlier, &portfolio);
    let rows = exceptions.finish(&portfolio).into_iter().map(|row| (called(&row), row)).collect();
    Ok(Listed { rows, earlier, last_closing: portfolio.last_closing, home: portfolio.home_currency })
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
    let mut lines = Vec::new();
    if let Some(more) = rows.len().checked_sub(listed).filter(|more| *more > 0) {
        lines.push(format!("and {}: {where_more}", counted(more, "more", "more")));
    }
    lines.extend(sums(&rows[..listed]).into_iter().map(|sum| format!("shown: {sum} a month")));
    lines
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
mod tests {
    use std::collections::BTreeMap;

    use truecount_billing::ProductCode;
    use truecount_reconciliation::{
        AtStake, ClientRecord, ClosedBecause, EarlierException, EarlierFigures, ExceptionDirection, ExceptionKey,
        LinesReadWord, PortfolioRecord, RowKind, RowRecord, SumsSoFar, WideningRecord,
    };

    use super::*;

    const ALL: &str = "`--all` lists them";

    fn gbp() -> Currency {
        Currency::new("GBP").unwrap()
    }

    fn filter(wanted: &str, clients: &[(&str, &str)]) -> ClientFilter {
        let mut filter = ClientFilter::new(wanted);
        clients.iter().for_each(|(id, name)| filter.look(&id.parse().unwrap(), name));
        filter
    }

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
            not_known: Vec::new(),
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
        let mut guessed = mixed();
        guessed[0].1.value_basis = "estimated";
        guessed[3].1.value_basis = "estimated";
        assert_eq!(
            below(&guessed, 5, ALL),
            [
                "shown: GBP 20.00 to reduce, GBP 30.00 to add (estimated), GBP 10.00 in brackets a month",
                "shown: USD 5.00 to add (estimated) a month"
            ]
        );
        assert_eq!(below(&[], 0, ALL), Vec::<String>::new());
        let nothing = rows(&[(RowKind::NotReconciled, "GBP", Some(0))]);
        assert_eq!(below(&nothing, 1, ALL), Vec::<String>::new(), "nothing is at stake");
    }

    #[test]
    fn what_one_entry_stands_for_is_summed_once_and_told_where_it_is_asked_for() {
        let member = |number: u32, mut row: ExceptionRow| {
            (row.number, row.part_of) = (Some(number), "x1".to_owned());
            row
        };
        let mut all = mixed();
        let members = vec![member(3, all.remove(0).1), member(4, all.remove(2).1)];
        let mut entry = all[0].1.clone();
        (entry.kind, entry.kind_label) = ("service_at_many_clients", "wrong at many clients");
        (entry.exception_id, entry.client, entry.monthly_impact) = ("x1".to_owned(), "2 clients".to_owned(), None);
        entry.clients = vec![("c1".to_owned(), "Harbour Dental".to_owned())];
        entry.members = members;
        all.insert(0, (called(&entry), entry));
        let sums = [
            "shown: GBP 30.00 to add, GBP 20.00 to reduce, GBP 10.00 in brackets a month",
            "shown: USD 5.00 to add a month",
        ];
        assert_eq!(below(&all, all.len(), ALL), sums);
        let whole = with_members(&all);
        assert_eq!((whole.len(), whole[1].0.as_str()), (all.len() + 2, "3"));
        assert_eq!(below(&whole, whole.len(), ALL), sums);
        let by_itself = filtered(all.clone(), None, Some("underbilled")).unwrap();
        assert_eq!(by_itself.iter().map(|(number, _)| number.as_str()).collect::<Vec<_>>(), ["3", "4"]);
        assert_eq!(filtered(all.clone(), None, Some("wrong at many clients")).unwrap().len(), 1);
        let client = filter("harbour", &[("c1", "Harbour Dental")]);
        assert_eq!(filtered(all, Some(&client), None).unwrap().len(), 5, "each by itself");
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
            not_known: Vec::new(),
        };
        let mut exceptions = Exceptions::new(home);
        exceptions.client(&client("c1", "Harbour Dental"));
        exceptions.client(&client("c2", "Quay Foods"));
        let all = numbered(exceptions.finish(&PortfolioRecord::empty(home)));
        assert_eq!(all.len(), 1);
        for (wanted, expected) in [("c1", 1), ("quay", 1), ("c3", 0), ("clients", 0)] {
            let filter = filter(wanted, &[("c1", "Harbour Dental"), ("c2", "Quay Foods"), ("c3", "Third")]);
            assert_eq!(filtered(all.clone(), Some(&filter), None).unwrap().len(), expected, "{wanted}");
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

        let earlier = |number: u32, client: &str, because| EarlierRow {
            client_id: format!("c{number}").parse().unwrap(),
            client: client.to_owned(),
            because,
            earlier: EarlierException {
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
                so_far: SumsSoFar { lost: [(gbp(), 420.into())].into(), ..SumsSoFar::default() },
            },
        };
        let agrees = Some(ClosedBecause::Agrees);
        let all = vec![earlier(4, "Harbour", agrees), earlier(5, "Quay Foods", agrees), earlier(6, "Quarry", None)];
        assert_eq!(
            below_earlier(&all, month("2026-05"), 1, gbp()),
            [
                "",
                "closed since 2026-05:",
                "    4  Harbour, SRV: agrees now; it was underbilled by 3, since April 2026",
                "and 1 more: `--all` lists them",
                "",
                "not known this month:",
                "    6  Quarry, SRV: nobody knows whether it still stands; it was underbilled by\n       3, since April 2026; \
                 GBP 420.00 lost so far",
            ]
        );
        let clients = [("c4", "Harbour"), ("c5", "Quay Foods"), ("c6", "Quarry"), ("c7", "Other")];
        for (wanted, expected) in [("c5", 1), ("qua", 2), ("c7", 0)] {
            assert_eq!(earlier_of(all.clone(), Some(&filter(wanted, &clients)), &[]).len(), expected, "{wanted}");
        }
        let mut told = mixed().remove(0);
        told.1.number = Some(6);
        assert_eq!(earlier_of(all, None, &[told]).len(), 2, "a row says it already");
        assert!(below_earlier(&[], month("2026-05"), 1, gbp()).is_empty());
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
        let clients = [("c1", "Harbour Dental"), ("c2", "Quay Foods")];
        for (wanted, expected) in [("harbour", 5), ("c1", 5), ("quay", 0)] {
            let filter = filter(wanted, &clients);
            filter.check().unwrap();
            assert_eq!(filtered(mixed(), Some(&filter), None).unwrap().len(), expected, "{wanted}");
        }
        let wrong = filter("harbor", &clients).check().unwrap_err().to_string();
        assert_eq!(wrong, "there is no client `harbor` in the run: did you mean Harbour Dental [c1]?");
    }
}
