//! Compares a world, and says what came out in the words of its format.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::Currency;
use truecount_reconciliation::{
    AgreementFinding, AgreementReview, AtStake, ChangeRecord, ClientRecord, InvoicedWhen, ItemFateWord,
    PortfolioRecord, RevenueCoverage, RowKind, RowRecord, RunReconciler, RunTotals,
};
use truecount_reports::Exceptions;

use super::inputs::{ReadyWorld, WorldRunError};
use super::observed::{ObservedRow, ObservedWorld};
use super::{ExpectedWhen, ObservedEntry, ObservedFinding, World, WorldAmounts, WorldRowKind, WorldUpperEnd};

/// Why a stream of worlds came to an end.
#[derive(Debug, thiserror::Error)]
pub enum WorldStreamError {
    /// It could not be read further.
    #[error("the worlds cannot be read")]
    Read(#[source] std::io::Error),
    /// An outcome could not be written.
    #[error("an outcome cannot be written")]
    Write(#[source] std::io::Error),
}

/// The outcome of a world that cannot be used.
#[derive(Serialize)]
struct UnusableWorld<'a> {
    name: &'a str,
    error: String,
}

/// Compares many worlds, one line of JSON each, and writes one line of outcome for each: of a world that cannot be used,
/// why. Answers with how many could not be used.
///
/// # Errors
/// [`WorldStreamError`]; what was written before stays.
pub fn compare_worlds(file: &str, worlds: impl BufRead, outcomes: impl Write) -> Result<usize, WorldStreamError> {
    each_world(file, worlds, outcomes, |world| world.outcome().map_err(|error| told(&error)))
}

/// Writes one line for each world: what is made of it, or why that cannot be. Answers with how many could not be used.
pub(super) fn each_world<T: Serialize>(
    file: &str,
    worlds: impl BufRead,
    mut outcomes: impl Write,
    make: impl Fn(&World) -> Result<T, String>,
) -> Result<usize, WorldStreamError> {
    let mut unusable = 0;
    for (number, line) in worlds.lines().enumerate() {
        let line = line.map_err(WorldStreamError::Read)?;
        if line.trim().is_empty() {
            continue;
        }
        let place = format!("{file}:{}", number + 1);
        let (name, outcome) = match World::from_json(&place, &line) {
            Ok(world) => (world.name.clone(), make(&world)),
            Err(error) => (place.clone(), Err(told(&error))),
        };
        unusable += usize::from(outcome.is_err());
        let written = match &outcome {
            Ok(outcome) => serde_json::to_string(outcome),
            Err(error) => serde_json::to_string(&UnusableWorld { name: &name, error: error.clone() }),
        };
        let written = written.map_err(|error| WorldStreamError::Write(error.into()))?;
        writeln!(outcomes, "{written}").map_err(WorldStreamError::Write)?;
    }
    outcomes.flush().map_err(WorldStreamError::Write)?;
    Ok(unusable)
}

/// An error with its causes.
pub(super) fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl World {
    /// The records of what comes out of the world: each client's, in their order, and what they add up to.
    ///
    /// # Errors
    /// [`WorldRunError`].
    pub fn records(&self) -> Result<(Vec<ClientRecord>, PortfolioRecord), WorldRunError> {
        let ReadyWorld { rules, inputs, context } = self.ready()?;
        let reconciler = RunReconciler::new(&inputs, &rules, context).with_weights(self.weights.clone());
        let reconciler = reconciler.with_proposals(self.proposals(&inputs));
        let outcome = reconciler.outcome();
        let clients = (0..inputs.clients.len()).map(|client| reconciler.client_record(client, &outcome)).collect();
        Ok((clients, reconciler.portfolio_record(&outcome)))
    }

    /// What the agreements of the world say by themselves.
    ///
    /// # Errors
    /// [`WorldRunError`].
    pub fn agreement_findings(&self) -> Result<Vec<AgreementFinding>, WorldRunError> {
        let ReadyWorld { rules, inputs, context } = self.ready()?;
        Ok(AgreementReview::new(&inputs.clients, Some(&rules), context).all().collect())
    }

    /// What comes out of the world, in the words of its format.
    ///
    /// # Errors
    /// [`WorldRunError`].
    pub fn outcome(&self) -> Result<ObservedWorld, WorldRunError> {
        let ReadyWorld { rules, inputs, context } = self.ready()?;
        let reconciler = RunReconciler::new(&inputs, &rules, context).with_weights(self.weights.clone());
        let outcome = reconciler.outcome();
        let mut exceptions = self.entries.is_some().then(|| Exceptions::new(context.home_currency));
        let records = (0..inputs.clients.len()).map(|client| reconciler.client_record(client, &outcome));
        let clients = records.flat_map(|record| {
            if let Some(exceptions) = &mut exceptions {
                exceptions.client(&record);
            }
            let client = record.client_id.to_string();
            record.rows.iter().map(|row| observed(row, &client)).collect::<Vec<_>>()
        });
        let unmapped = outcome.unmapped.iter().map(|account| {
            let account = &inputs.accounts[*account];
            ObservedRow {
                source: Some(inputs.sources[account.source].id.to_string()),
                account: Some(account.id.to_string()),
                ..ObservedRow::new(WorldRowKind::UnmappedAccount)
            }
        });
        let moved = outcome.moved.iter().map(|moved| ObservedRow {
            client: Some(moved.from.to_string()),
            service: moved.services.first().map(|(used, _)| used.service.to_string()),
            to: Some(moved.to.to_string()),
            ..ObservedRow::new(WorldRowKind::Moved)
        });
        let rows = clients.chain(unmapped).chain(moved).collect();
        let entries = exceptions.map(|exceptions| exceptions.finish(&reconciler.portfolio_record(&outcome)));
        Ok(ObservedWorld {
            name: self.name.clone(),
            rows,
            totals: by_currency(&outcome.totals, totals),
            coverage: by_currency(&outcome.coverage, coverage),
            findings: self.findings.is_some().then(|| {
                let review = AgreementReview::new(&inputs.clients, Some(&rules), context);
                review.all().map(ObservedFinding::of).collect()
            }),
            entries: entries.map(|entries| entries.into_iter().map(ObservedEntry::of).collect()),
        })
    }
}

fn by_currency<T>(amounts: &BTreeMap<Currency, T>, named: fn(&T) -> Vec<(&'static str, Decimal)>) -> WorldAmounts {
    let of = |amounts: &T| named(amounts).into_iter().map(|(name, amount)| (name.to_owned(), amount)).collect();
    amounts.iter().map(|(currency, amounts)| (*currency, of(amounts))).collect()
}

fn totals(totals: &RunTotals) -> Vec<(&'static str, Decimal)> {
    vec![
        ("add", totals.add),
        ("reduce", totals.reduce),
        ("clean_up", totals.clean_up),
        ("not_reconciled_up", totals.not_reconciled_up),
        ("not_reconciled_down", totals.not_reconciled_down),
        ("later_add", totals.later_add),
        ("add_estimated", totals.estimated_add),
        ("reduce_estimated", totals.estimated_reduce),
        ("later_add_estimated", totals.estimated_later_add),
        ("later_reduce_estimated", totals.estimated_later_reduce),
        ("later_reduce", totals.later_reduce),
    ]
}

fn coverage(coverage: &RevenueCoverage) -> Vec<(&'static str, Decimal)> {
    vec![
        ("compared", coverage.compared),
        ("not_reconciled", coverage.not_reconciled),
        ("flat", coverage.flat),
        ("uncounted", coverage.uncounted),
        ("ignored", coverage.ignored),
    ]
}

fn observed(row: &RowRecord, client: &str) -> ObservedRow {
    let of_fate = |fate: ItemFateWord| {
        let items = row.items.iter().filter(move |item| item.fate == fate);
        items.map(|item| item.item_id.clone()).collect::<Vec<_>>()
    };
    ObservedRow {
        client: Some(client.to_owned()),
        service: Some(row.service.to_string()),
        agreement: row.section.clone(),
        counted: row.counted,
        at_least: row.at_least,
        at_most: row.at_least.map(|_| row.at_most.map_or(WorldUpperEnd::Unknown, WorldUpperEnd::Known)),
        billed: Some(row.billed),
        should_bill: row.should_bill,
        variance: row.variance,
        to_correct: row.to_correct,
        left_alone: row.left_alone,
        explained: row.explained.iter().map(|(reason, units)| (reason.to_string(), *units)).collect(),
        gross: row.counted_gross,
        peak_on: row.peak_on,
        impact: row.monthly_impact,
        currency: row.currency,
        is_estimated: row.kind.changes_a_bill().then_some(row.is_estimated),
        stake_up: row.stake_up.map(stake),
        stake_down: row.stake_down.map(stake),
        when: row.invoiced.map(|when| match when {
            InvoicedWhen::ThisRun => ExpectedWhen::ThisRun,
            InvoicedWhen::Later => ExpectedWhen::Later,
        }),
        due: row.due,
        widened_by: row.widenings.iter().map(|widening| widening.code().to_owned()).collect(),
        doubts: row.doubts.iter().map(|doubt| doubt.code().to_owned()).collect(),
        items_in: of_fate(ItemFateWord::In),
        items_out: of_fate(ItemFateWord::Out),
        lines: row.changes.iter().filter_map(change).collect(),
        ..ObservedRow::new(kind(row.kind))
    }
}

fn stake(at_stake: AtStake) -> WorldUpperEnd {
    match at_stake {
        AtStake::Known(amount) => WorldUpperEnd::Known(amount),
        AtStake::Unknown => WorldUpperEnd::Unknown,
    }
}

/// A change of a line that stands, such as `L1: 20 -> 21`.
fn change(change: &ChangeRecord) -> Option<String> {
    let line = change.line_id.as_ref()?;
    Some(format!("{line}: {} -> {}", change.from.normalize(), change.to.normalize()))
}

fn kind(kind: RowKind) -> WorldRowKind {
    match kind {
        RowKind::Agrees => WorldRowKind::Agrees,
        RowKind::LeftAlone => WorldRowKind::LeftAlone,
        RowKind::Underbilled => WorldRowKind::Underbilled,
        RowKind::UnbilledUsage => WorldRowKind::UnbilledUsage,
        RowKind::Overbilled => WorldRowKind::Overbilled,
        RowKind::BilledWithoutUsage => WorldRowKind::BilledWithoutUsage,
        RowKind::EndedAgreementInUse => WorldRowKind::EndedAgreementInUse,
        RowKind::AgreementEnding => WorldRowKind::AgreementEnding,
        RowKind::NotReconciled => WorldRowKind::NotReconciled,
        RowKind::UncountedLine => WorldRowKind::UncountedLine,
        RowKind::Flat => WorldRowKind::Flat,
        RowKind::Ignored => WorldRowKind::Ignored,
        RowKind::Listed => WorldRowKind::Listed,
        RowKind::Internal => WorldRowKind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use truecount_reconciliation::RunOutcome;

    use super::*;

    fn folder(name: &str) -> World {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases").join(name);
        World::read_folder(&folder).unwrap()
    }

    #[test]
    fn what_is_recorded_of_a_client_is_read_back() {
        for name in
            ["joined-by-network-address", "new-account-that-nobody-decided", "source-not-read", "two-currencies"]
        {
            let (clients, portfolio) = folder(name).records().unwrap();
            assert!(clients.iter().any(|client| !client.rows.is_empty()), "{name}");
            for record in clients {
                let text = serde_json::to_string(&record).unwrap();
                assert_eq!(serde_json::from_str::<ClientRecord>(&text).unwrap(), record, "{name}: {text}");
            }
            let text = serde_json::to_string(&portfolio).unwrap();
            assert_eq!(serde_json::from_str::<PortfolioRecord>(&text).unwrap(), portfolio, "{name}: {text}");
        }
    }

    #[test]
    fn a_record_names_lines_items_and_what_is_to_be_changed() {
        let (clients, _) = folder("stale-agent-beside-a-fresh-one").records().unwrap();
        let row = &clients[0].rows[0];
        assert!(!row.lines.is_empty() && !row.items.is_empty() && !row.sources.is_empty(), "{row:?}");
        let count = |fate| row.items.iter().filter(|item| item.fate == fate).count();
        assert_eq!(Some(Decimal::from(count(ItemFateWord::In))), row.counted);
        assert!(row.items.iter().all(|item| (item.fate == ItemFateWord::In) == item.reason.is_none()));
    }

    /// Every small world.
    fn folders() -> Vec<World> {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases");
        let folders = cases.read_dir().unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
        folders.map(|folder| World::read_folder(&folder).unwrap()).collect()
    }

    #[test]
    fn a_row_without_its_lines_and_items_says_the_same_figures() {
        let mut counted_on = 0;
        for world in folders() {
            let ReadyWorld { rules, inputs, context } = world.ready().unwrap();
            let reconciler = RunReconciler::new(&inputs, &rules, context).with_weights(world.weights.clone());
            let outcome = RunOutcome::default();
            let mut bare: Vec<Vec<RowRecord>> = vec![Vec::new(); inputs.clients.len()];
            reconciler.each_row(|_| true, |client, row| bare[client].push(row));
            for (client, bare) in bare.iter().enumerate() {
                let whole = reconciler.client_record(client, &outcome).rows;
                assert_eq!(bare.len(), whole.len(), "{}", world.name);
                for (bare, whole) in bare.iter().zip(whole) {
                    // A bare row names no sources of groups and commitments, which lists do not have; one that was not
                    // compared names its own.
                    counted_on += bare.sources.len();
                    let is_told = |one| whole.counted.is_none() || whole.sources.contains(one);
                    assert!(bare.sources.iter().all(is_told), "{}: {bare:?}", world.name);
                    assert_eq!(*bare, without_detail(whole, bare), "{}", world.name);
                }
            }
        }
        assert!(counted_on > 100, "{counted_on} sources");
    }

    #[test]
    fn an_account_that_nobody_decided_is_told_with_and_without_the_clients_rows() {
        let mut told = 0;
        for world in folders() {
            let ReadyWorld { rules, inputs, context } = world.ready().unwrap();
            let reconciler = RunReconciler::new(&inputs, &rules, context);
            let alone: Vec<usize> = reconciler.undecided_accounts().into_iter().map(|one| one.account).collect();
            let unmapped = reconciler.outcome().unmapped;
            told += unmapped.len();
            assert!(unmapped.iter().all(|account| alone.contains(account)), "{}: {unmapped:?} {alone:?}", world.name);
        }
        assert!(told > 20, "{told} accounts");
    }

    /// A row without what stands behind its figures.
    fn without_detail(whole: RowRecord, bare: &RowRecord) -> RowRecord {
        RowRecord {
            lines: Vec::new(),
            items: Vec::new(),
            stale_days: None,
            committed_until: None,
            pack: None,
            next_invoice_date: None,
            service_period: None,
            longest_number: None,
            sources: bare.sources.clone(),
            unit_price: bare.unit_price.and(whole.unit_price),
            ..whole
        }
    }

    #[test]
    fn what_agreements_say_stands_by_kind_then_by_product() {
        let line = |id: &str, product: &str, price: u32, quantity: u32| {
            format!("{{ id = \"{id}\", product = \"{product}\", quantity = {quantity}, price = {price}, cost = 30 }},")
        };
        let lines = line("1", "ZOOM", 20, 1) + &line("2", "AGENT", 60, 0) + &line("3", "AGENT", 20, 2);
        let case = format!(
            "count_day = 2026-11-26\nfindings = []\n[[clients]]\nid = \"1\"\nname = \"Alder Dental\"\n\
             agreements = [{{ id = \"A\", lines = [{lines}] }}]\n"
        );
        let world =
            World::from_toml("world", &case, "currency = \"USD\"\n[services]\nAGENT = { flat = true }\n".to_owned())
                .unwrap();
        let found = world.agreement_findings().unwrap();
        let told: Vec<(&str, &str)> = found
            .iter()
            .map(|one| (one.finding.code(), one.product.as_ref().map_or("", |product| product.as_str())))
            .collect();
        assert_eq!(told, [("price_below_cost", "AGENT"), ("price_below_cost", "ZOOM"), ("billed_at_zero", "")]);
    }

    #[test]
    fn a_world_that_cannot_be_used_says_why_in_its_place() {
        let worlds = "{\"count_day\":\"2026-11-26\"}\n\nnonsense\n{\"name\":\"a\",\"count_day\":\"2026-11-26\",\"rules\":\"\"}\n";
        let mut outcomes = Vec::new();
        assert_eq!(compare_worlds("w", worlds.as_bytes(), &mut outcomes).unwrap(), 3);
        let outcomes = String::from_utf8(outcomes).unwrap();
        let lines: Vec<&str> = outcomes.lines().collect();
        assert_eq!(lines.len(), 3, "{outcomes}");
        assert!(lines.iter().all(|line| line.contains("\"error\"")), "{outcomes}");
        assert!(lines[1].contains("w:3") && lines[2].contains("\"name\":\"a\""), "{outcomes}");
    }
}
