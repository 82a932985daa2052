//! `truecount runs diff`: what differs between two runs, and why.

use std::collections::BTreeMap;
use std::iter::Peekable;

use anyhow::Context as _;
use serde::Serialize;
use truecount_billing::{ClientId, Currency, Side, SourceId};
use truecount_reconciliation::{
    ChangedInputs, ClientRecord, CurrencyDifference, OutcomeLine, PortfolioRecord, RowDifference, RunDifference,
};
use truecount_reports::{run_difference_text, sort_differences};
use truecount_store::{FrozenSource, Run, StoreError, StoredOutcome};

use super::run_named;
use crate::args::{Cli, DiffArgs};
use crate::open::Session;
use crate::output::{Ending, json, say, say_text};

/// How many rows are told unless all are wanted.
const ROWS_MAX: usize = 15;

/// What differs, for `--json`.
#[derive(Serialize)]
struct Told<'a> {
    before: &'a str,
    after: &'a str,
    changed: &'a ChangedInputs,
    totals: &'a BTreeMap<Currency, CurrencyDifference>,
    rows: &'a [RowDifference],
}

pub(super) async fn diff(cli: &Cli, session: &Session, args: &DiffArgs) -> anyhow::Result<Ending> {
    let store = &session.env.store;
    let (before, after) = (run_named(store, &args.before).await?, run_named(store, &args.after).await?);
    let changed = changed_inputs(&before, &after);
    let first = truecount_app::outcome_of(&session.env, &before).await?;
    let second = truecount_app::outcome_of(&session.env, &after).await?;
    let (totals, rows) = compared(&changed, &first, &second)?;
    if cli.json {
        let (before, after) = (before.run_id.as_str(), after.run_id.as_str());
        json(&Told { before, after, changed: &changed, totals: &totals, rows: &rows })?;
        return Ok(Ending::Clean);
    }
    for (title, run) in [("first run", &before), ("second run", &after)] {
        say(&format!("{title:<10}  {}, counted on {}", run.run_id, run.manifest.count_day));
    }
    let rows_max = if args.all { usize::MAX } else { ROWS_MAX };
    say_text(run_difference_text(&changed, &totals, &rows, rows_max).trim_end());
    Ok(Ending::Clean)
}

/// Which inputs of the runs differ, by their hashes.
fn changed_inputs(before: &Run, after: &Run) -> ChangedInputs {
    let (from, to) = (&before.manifest, &after.manifest);
    let of = |sources: &[FrozenSource]| -> BTreeMap<SourceId, _> {
        let content = |one: &FrozenSource| {
            let days: Vec<_> = one.days.iter().map(|day| (day.snapshot.as_of, day.content_sha256.clone())).collect();
            (one.content_sha256.clone(), one.read_state.clone(), (one.last_failure, one.unread_since), days)
        };
        sources.iter().map(|source| (source.source.clone(), content(source))).collect()
    };
    let (contents, contents_after) = (of(&from.sources), of(&to.sources));
    let mut changed = ChangedInputs {
        decisions: from.actions_sha256 != to.actions_sha256,
        mapping: (&from.mappings_sha256, &from.nones_sha256) != (&to.mappings_sha256, &to.nones_sha256),
        rules: (&from.rules_sha256, &from.settings_sha256) != (&to.rules_sha256, &to.settings_sha256),
        day: (from.count_day, from.next_closing) != (to.count_day, to.next_closing),
        ..ChangedInputs::default()
    };
    for source in from.sources.iter().chain(&to.sources) {
        let is_same = contents.get(&source.source) == contents_after.get(&source.source);
        match source.side {
            _ if is_same => {}
            Side::Agreed => changed.billing = true,
            side if side.is_billed() => {}
            _ => {
                changed.usage.insert(source.source.clone());
            }
        }
    }
    changed
}

/// Both outcomes have their clients in order of the ids: one of each is read at a time.
fn compared(
    changed: &ChangedInputs,
    first: &StoredOutcome,
    second: &StoredOutcome,
) -> anyhow::Result<(BTreeMap<Currency, CurrencyDifference>, Vec<RowDifference>)> {
    let mut difference = RunDifference::new(changed.clone(), &portfolio(first)?, &portfolio(second)?);
    let (mut first, mut second) = (Clients::of(first), Clients::of(second));
    let mut rows = Vec::new();
    while let Some(id) = [first.next_id()?, second.next_id()?].into_iter().flatten().min() {
        let (before, after) = (first.take(&id)?, second.take(&id)?);
        rows.extend(difference.client(before.as_deref(), after.as_deref()));
    }
    sort_differences(&mut rows);
    Ok((difference.finish(), rows))
}

fn portfolio(outcome: &StoredOutcome) -> anyhow::Result<PortfolioRecord> {
    match outcome.lines().next().transpose()? {
        Some(OutcomeLine::Portfolio(portfolio)) => Ok(*portfolio),
        _ => None.context("the stored outcome has no totals"),
    }
}

type Lines<'a> = Box<dyn Iterator<Item = Result<Box<ClientRecord>, StoreError>> + 'a>;

/// The clients of an outcome, one at a time.
struct Clients<'a>(Peekable<Lines<'a>>);

impl<'a> Clients<'a> {
    fn of(outcome: &'a StoredOutcome) -> Self {
        let lines: Lines<'a> = Box::new(outcome.lines().filter_map(|line| match line {
            Ok(OutcomeLine::Client(client)) => Some(Ok(client)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        }));
        Self(lines.peekable())
    }

    /// The id of the next one.
    fn next_id(&mut self) -> Result<Option<ClientId>, StoreError> {
        if let Some(error) = self.0.next_if(Result::is_err) {
            return error.map(|_| None);
        }
        Ok(self.0.peek().and_then(|client| client.as_ref().ok()).map(|client| client.client_id.clone()))
    }

    /// The next one, if it is this.
    fn take(&mut self, id: &ClientId) -> Result<Option<Box<ClientRecord>>, StoreError> {
        self.0.next_if(|client| client.as_ref().is_ok_and(|client| client.client_id == *id)).transpose()
    }
}
