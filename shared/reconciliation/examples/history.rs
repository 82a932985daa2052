//! Histories of exceptions over the runs of invented worlds: for comparing them with what somebody else makes of the same.
//!
//! usage: history WORLDS.jsonl
//!
//! A world is a list of runs in the order in which they happened, each with its month, whether it is a closing, the services
//! of its rules, whether the PSA's list was whole, and its clients with the rows of an outcome. A second closing of a month
//! replaces the first. One line of JSON comes out for each.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, BufWriter, Write};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use truecount_billing::{BillingMonth, ClientId, ProductCode};
use truecount_reconciliation::{
    Absence, ClientHistory, ClientRecord, ClosedException, EarlierException, HistoryBeside, HistoryJoin, HistoryMerge,
    ItemsMoved, KnownMoves, LinesReadWord, PastClosing, RECORD_FORMAT, RowHistory, RowKind, RowRecord, base_of_history,
};

type Part = (ProductCode, Option<String>);

/// Client, service, section, kind and history.
type ToldRow = (ClientId, ProductCode, Option<String>, RowKind, Option<RowHistory>);

#[derive(Deserialize)]
struct World {
    runs: Vec<WorldRun>,
}

#[derive(Deserialize)]
struct WorldRun {
    month: BillingMonth,
    is_closing: bool,
    is_whole: bool,
    rules: BTreeSet<ProductCode>,
    /// Products that a service of another code has.
    products: BTreeSet<ProductCode>,
    clients: Vec<WorldClient>,
}

#[derive(Deserialize)]
struct WorldClient {
    id: ClientId,
    name: String,
    rows: Vec<RowRecord>,
    /// Without a row, and nobody knows whether anything is used.
    unknown: BTreeSet<Part>,
    moved: BTreeSet<Part>,
}

/// What a run leaves.
#[derive(Default, Serialize)]
struct Told {
    rows: Vec<ToldRow>,
    /// What came and went, in the order of the rows.
    items: Vec<Option<ItemsMoved>>,
    closed: Vec<(ClientId, ClosedException)>,
    not_known: Vec<(ClientId, EarlierException)>,
    history: Option<Vec<ClientHistory>>,
    next_number: Option<u32>,
}

fn told(world: World) -> Vec<Told> {
    let (mut closings, mut histories): (Vec<PastClosing>, Vec<Vec<ClientHistory>>) = (Vec::new(), Vec::new());
    let mut closed_months: BTreeMap<BillingMonth, u32> = BTreeMap::new();
    let mut all = Vec::new();
    for run in world.runs {
        let base = base_of_history(&closings, run.month);
        let of = |place: Option<usize>| place.map(|at| histories[at].clone()).unwrap_or_default().into_iter().map(Ok);
        let before = HistoryJoin::new(of(base.before), of(base.same_month), run.month);
        let (month, is_closing) = (run.month, run.is_closing);
        let merge = match is_closing {
            true => HistoryMerge::closing(month, month.last_day(), base.next_number),
            false => HistoryMerge::draft(month, month.last_day()),
        };
        let (told, history) = merged(run, HistoryBeside::new(before), merge);
        if let Some(next_number) = told.next_number {
            let closing = closed_months.entry(month).and_modify(|number| *number += 1).or_insert(1);
            closings.push(PastClosing { month, closing: *closing, next_number });
            histories.push(history.clone());
        }
        all.push(Told { history: is_closing.then_some(history), ..told });
    }
    all
}

fn merged<I>(run: WorldRun, mut beside: HistoryBeside<I>, mut merge: HistoryMerge) -> (Told, Vec<ClientHistory>)
where
    I: Iterator<Item = Result<ClientHistory, Infallible>>,
{
    let (mut told, mut history) = (Told::default(), Vec::new());
    let WorldRun { is_whole, rules, products, mut clients, .. } = run;
    clients.sort_by(|a, b| a.id.cmp(&b.id));
    let absent = |told: &mut Told, merge: &mut HistoryMerge, before: ClientHistory| {
        let (of_client, record) = merge.absent_client(before, is_whole);
        record.into_iter().for_each(|record| told.take(record));
        of_client
    };
    for one in clients {
        while let Ok(Some(before)) = beside.before(Some(&one.id)) {
            history.push(absent(&mut told, &mut merge, before));
        }
        let Ok(before) = beside.of(&one.id);
        let mut record = ClientRecord {
            format: RECORD_FORMAT,
            client_id: one.id,
            client_name: one.name,
            lines_read: LinesReadWord::Complete,
            rows: one.rows,
            coverage: BTreeMap::new(),
            agreements: Vec::new(),
            closed: Vec::new(),
            not_known: Vec::new(),
        };
        let of_client = merge.client(before, &mut record, &one.moved, &KnownMoves::default(), |service, section| {
            match one.unknown.contains(&(service.clone(), section.map(str::to_owned))) {
                true => Absence::Unknown,
                false if rules.contains(service) => Absence::Nothing,
                false if products.contains(service) => Absence::OtherRule,
                false => Absence::NoRule,
            }
        });
        if !of_client.is_empty() {
            history.push(of_client);
        }
        let id = record.client_id.clone();
        told.rows.extend(
            record
                .rows
                .iter()
                .map(|row| (id.clone(), row.service.clone(), row.section.clone(), row.kind, row.history.clone())),
        );
        told.items.extend(record.rows.iter().map(|row| row.items_moved.clone()));
        told.take(record);
    }
    while let Ok(Some(before)) = beside.before(None) {
        history.push(absent(&mut told, &mut merge, before));
    }
    history.retain(|one| !one.is_empty());
    told.next_number = merge.next_number();
    (told, history)
}

impl Told {
    /// What of a client is neither new nor as before.
    fn take(&mut self, record: ClientRecord) {
        let id = &record.client_id;
        self.closed.extend(record.closed.into_iter().map(|one| (id.clone(), one)));
        self.not_known.extend(record.not_known.into_iter().map(|one| (id.clone(), one)));
    }
}

fn all() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: history WORLDS.jsonl")?;
    let worlds = BufReader::new(std::fs::File::open(file)?);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in worlds.lines() {
        serde_json::to_writer(&mut out, &told(serde_json::from_str(&line?)?))?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

#[expect(clippy::print_stderr, reason = "an example at a prompt")]
fn main() -> ExitCode {
    match all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}
