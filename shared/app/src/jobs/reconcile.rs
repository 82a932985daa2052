//! Reconcile a month: claim it, pin what it rests on, compute, store the findings.
//!
//! Nothing is mailed and no report is written here.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use truecount_billing::{BillingMonth, CountDay, ReadState, Side};
use truecount_platform::CreateOutcome;
use truecount_reconciliation::SetupFinding;

use crate::comparison::{self, Basis, Decisions, load};
use crate::environment::Environment;
use crate::lease::{self, Lease, LeaseOutcome};
use crate::mapping::decisions::{self, MappingRecord};
use crate::run::{Closing, PinnedSource, Run, RunManifest, RunState, RunSummary};
use crate::schedule::missed_before;
use crate::seal::{AGE_DAYS_MAX, SnapshotManifest, SyncStatus};
use crate::settings::{Config, SourceSettings};
use crate::{AppError, Deadline, jsonl_gz, keys, mapping};

/// What is said about files in the inbox, among a run's inputs.
const INBOX_INPUT: &str = "inputs/inbox.json.gz";

/// Which run is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunKind {
    /// Any time, as often as one likes; no mail unless asked.
    Draft,
    /// The run that counts for the month.
    Closing {
        /// The closing run whose place it takes.
        replace: Option<String>,
    },
}

/// What a reconcile answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ReconcileAnswer {
    /// The findings are stored.
    Reconciled {
        /// The run.
        run_id: String,
        /// Its month.
        month: BillingMonth,
        /// What it found.
        summary: RunSummary,
        /// Whether an earlier call had done it already.
        already: bool,
    },
    /// Another worker is at it.
    Busy {
        /// The month.
        month: BillingMonth,
    },
}

/// Reconciles a month (`None`: the current one).
///
/// # Errors
/// [`AppError`] if the run could not be made; what is not known about a source is not an error but in the report.
pub async fn reconcile(
    env: &Environment,
    config: &Config,
    month: Option<BillingMonth>,
    wanted: &RunKind,
    deadline: Deadline,
) -> Result<ReconcileAnswer, AppError> {
    let today = config.settings.today(env);
    let (month, count_day) = count_day(month, today)?;
    let name = Run::lease_name(month, matches!(wanted, RunKind::Closing { .. }));
    let lease = match lease::acquire(&env.table, &name, deadline.at, env.is_exclusive).await? {
        LeaseOutcome::Held(lease) => lease,
        LeaseOutcome::Busy => return Ok(ReconcileAnswer::Busy { month }),
    };
    let answer = work(env, config, month, count_day, wanted, &lease).await;
    lease::release(&env.table, &lease).await?;
    answer
}

/// The month and its count day: today within the current month, else the month's last day.
fn count_day(month: Option<BillingMonth>, today: Date) -> Result<(BillingMonth, CountDay), AppError> {
    let month = month.unwrap_or_else(|| BillingMonth::of(today));
    if month > BillingMonth::of(today) {
        return Err(AppError::Unknown(format!("{month} has not begun yet; today is {today}")));
    }
    Ok((month, CountDay(month.last_day().min(today))))
}

async fn work(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
    count_day: CountDay,
    wanted: &RunKind,
    lease: &Lease,
) -> Result<ReconcileAnswer, AppError> {
    let replace = match wanted {
        RunKind::Draft => {
            one_psa(config)?;
            let run = pin(env, config, month, count_day, None, lease).await?;
            return finish(env, config, run, lease).await;
        }
        RunKind::Closing { replace } => replace.as_deref(),
    };
    let is_closed = Closing::of_month(&env.table, month).await?.last().is_some_and(|last| last.run_id.is_some());
    if !is_closed || replace.is_some() {
        one_psa(config)?;
    }
    let mut closing = Closing::claim(&env.table, month, replace, env.clock.now()).await?;
    if let Some(run_id) = &closing.run_id
        && let Some(run) = Run::load(&env.table, month, run_id).await?
    {
        return finish(env, config, run, lease).await;
    }
    // One that died before it could name its run has pinned it all the same: what it rests on stands.
    let runs = Run::of_month(&env.table, month).await?;
    let run = match runs.into_iter().find(|run| run.manifest.closing == Some(closing.number)) {
        Some(run) => run,
        None => pin(env, config, month, count_day, Some(&closing), lease).await?,
    };
    closing.pin(&env.table, month, &run.run_id, lease.number).await?;
    finish(env, config, run, lease).await
}

/// A run compares what one PSA bills. None, or two, is a mistake in the settings and no result.
fn one_psa(config: &Config) -> Result<(), AppError> {
    let psas = config.settings.enabled().filter(|source| source.side() == Side::Agreed);
    let billed: Vec<_> = psas.map(|source| format!("`{}`", source.id)).collect();
    let found = match billed.as_slice() {
        [_] => return Ok(()),
        [] => "no enabled source gives billed lines".to_owned(),
        many => format!("{} enabled sources give billed lines ({})", many.len(), many.join(", ")),
    };
    let why = format!("{found}; a run compares exactly one PSA with its usage: switch the right one on");
    Err(AppError::Settings { file: keys::SETTINGS.to_owned(), why })
}

/// Writes down everything that the run rests on.
async fn pin(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
    count_day: CountDay,
    closing: Option<&Closing>,
    lease: &Lease,
) -> Result<Run, AppError> {
    env.progress.step("pinning the inputs");
    let mut sources = Vec::new();
    for source in config.settings.enabled() {
        sources.push(pin_source(env, source, count_day, config.settings.today(env)).await?);
    }
    sources.sort_by(|a, b| a.source.cmp(&b.source));
    let inbox = mapping::take_inbox(env, config).await?;
    let inbox = (!inbox.is_empty()).then(|| serde_json::to_vec(&inbox)).transpose();
    let inbox = inbox.map_err(|e| AppError::damaged("what is said about the inbox", e))?;
    let decisions = load_decisions(env, &sources, month).await?;
    let manifest = RunManifest {
        month,
        count_day,
        closing: closing.map(|closing| closing.number),
        replaces: closing.and_then(|closing| closing.replaces.clone()),
        missed: match closing {
            Some(_) => missed_before(env, &config.settings.closing, month).await?,
            None => Vec::new(),
        },
        created_at: closing.map_or_else(|| env.clock.now(), |closing| closing.claimed_at),
        sources,
        decisions_sha256: keys::sha256(&decision_lines(&decisions)?),
        rules_sha256: keys::sha256(&config.rules_bytes),
        settings_sha256: keys::sha256(&config.result_settings()?),
        inbox_sha256: inbox.as_deref().map(keys::sha256),
    };
    let run_id = manifest.run_id()?;
    if let Some(existing) = Run::load(&env.table, month, &run_id).await? {
        return Ok(existing);
    }
    let run =
        Run { run_id, manifest, state: RunState::Pinned, is_mailed: false, summary: None, reconciliation_sha256: None };
    env.archive_new(&keys::report(month, &run.run_id, "inputs/rules.toml.gz"), jsonl_gz::gzip(&config.rules_bytes)?)
        .await?;
    let settings = jsonl_gz::gzip(&config.result_settings()?)?;
    env.archive_new(&keys::report(month, &run.run_id, "inputs/settings.json.gz"), settings).await?;
    let decisions = jsonl_gz::gzip(&decision_lines(&decisions)?)?;
    env.archive_new(&keys::report(month, &run.run_id, "inputs/decisions.jsonl.gz"), decisions).await?;
    if let Some(inbox) = inbox {
        env.archive_new(&keys::report(month, &run.run_id, INBOX_INPUT), jsonl_gz::gzip(&inbox)?).await?;
    }
    run.save(&env.table, lease.number).await?;
    env.note_month(month).await?;
    Ok(run)
}

/// The seal that a run uses: the newest not after the count day and not too old; for billed lines the newest there is.
async fn pin_source(
    env: &Environment,
    source: &SourceSettings,
    count_day: CountDay,
    today: Date,
) -> Result<PinnedSource, AppError> {
    let side = source.side();
    let day = if side.is_billed() { today } else { count_day.0 };
    let seal = SnapshotManifest::newest(&env.table, &source.id, day).await?;
    let attempt = SyncStatus::last(&env.table, &source.id).await?;
    let failure =
        attempt.and_then(|attempt| attempt.failure.map(|why| format!("the sync of {}: {why}", attempt.as_of)));
    let mut pinned = PinnedSource {
        source: source.id.clone(),
        connector: source.connector.clone(),
        side,
        snapshot: None,
        as_of: None,
        account_count: 0,
        content_sha256: None,
        read_state: ReadState::Failed(failure.clone().unwrap_or_else(|| "never synced".to_owned())),
    };
    let Some(seal) = seal else { return Ok(pinned) };
    let age = seal.id.as_of.until(day).map_or(i32::MAX, |span| span.get_days());
    if age > AGE_DAYS_MAX {
        let because = failure.map_or_else(String::new, |why| format!("; {why}"));
        let why = format!("the last sync is of {}, more than {AGE_DAYS_MAX} days before {day}{because}", seal.id.as_of);
        pinned.read_state = ReadState::Failed(why);
        return Ok(pinned);
    }
    pinned.snapshot = Some(seal.id.text());
    pinned.as_of = Some(seal.id.as_of);
    pinned.account_count = seal.account_count;
    pinned.content_sha256 = Some(seal.content_sha256.clone());
    pinned.read_state = seal.source_state();
    Ok(pinned)
}

/// Computes and stores the findings, unless that is done.
async fn finish(env: &Environment, config: &Config, mut run: Run, lease: &Lease) -> Result<ReconcileAnswer, AppError> {
    let month = run.manifest.month;
    if let (true, Some(summary)) = (run.state >= RunState::Reconciled, &run.summary) {
        let summary = summary.clone();
        return Ok(ReconcileAnswer::Reconciled { run_id: run.run_id, month, summary, already: true });
    }
    env.progress.step("reading the syncs");
    let decisions = pinned_decisions(env, &run).await?;
    let config = pinned_config(env, &run, config).await?;
    let loaded = load(env, &run.manifest.sources).await?;
    env.progress.step("comparing");
    let count_day = run.manifest.count_day;
    let basis = Basis { config: &config, count_day, loaded: &loaded, decisions: &decisions, run: Some(&run) };
    let mut computed = comparison::compute(env, &basis).await?;
    let mut said = mapping::alarms(&loaded, &computed, &decisions, count_day);
    said.extend(pinned_inbox(env, &run).await?);
    computed.reconciliation.setup.extend(said);
    computed.reconciliation.setup.sort();
    let reconciliation = computed.reconciliation;
    let bytes = serde_json::to_vec(&reconciliation).map_err(|e| AppError::damaged("the findings", e))?;
    run.reconciliation_sha256 = Some(keys::sha256(&bytes));
    env.archive_new(&keys::reconciliation(month, &run.run_id), jsonl_gz::gzip(&bytes)?).await?;
    let summary = RunSummary::from(&reconciliation);
    run.summary = Some(summary.clone());
    run.state = RunState::Reconciled;
    run.save(&env.table, lease.number).await?;
    Ok(ReconcileAnswer::Reconciled { run_id: run.run_id, month, summary, already: false })
}

/// Those that hold in a month.
pub(crate) async fn load_decisions(
    env: &Environment,
    sources: &[PinnedSource],
    month: BillingMonth,
) -> Result<Decisions, AppError> {
    let mut all = Decisions::new();
    for pinned in sources.iter().filter(|pinned| !pinned.side.is_billed()) {
        all.insert(pinned.source.clone(), decisions::load(&env.table, &pinned.source, month).await?);
    }
    Ok(all)
}

/// One decision a line, by source and account.
fn decision_lines(decisions: &Decisions) -> Result<Vec<u8>, AppError> {
    let mut lines = Vec::new();
    for decision in decisions.values().flat_map(BTreeMap::values) {
        serde_json::to_writer(&mut lines, decision).map_err(|e| AppError::damaged("a decision", e))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// The decisions as they were when the run was pinned.
async fn pinned_decisions(env: &Environment, run: &Run) -> Result<Decisions, AppError> {
    let key = keys::report(run.manifest.month, &run.run_id, "inputs/decisions.jsonl.gz");
    let bytes = env.archive_get(&key).await?;
    let mut decisions = Decisions::new();
    jsonl_gz::each_line(&key, &bytes, |decision: MappingRecord| {
        decisions.entry(decision.source.clone()).or_default().insert(decision.account_id.clone(), decision);
        Ok(())
    })?;
    Ok(decisions)
}

/// What was to be said about files in the inbox when the run was pinned.
async fn pinned_inbox(env: &Environment, run: &Run) -> Result<Vec<SetupFinding>, AppError> {
    if run.manifest.inbox_sha256.is_none() {
        return Ok(Vec::new());
    }
    let key = keys::report(run.manifest.month, &run.run_id, INBOX_INPUT);
    let bytes = jsonl_gz::gunzip(&key, &env.archive_get(&key).await?)?;
    serde_json::from_slice(&bytes).map_err(|e| AppError::damaged(key, e))
}

/// Settings and rules as they were when the run was pinned.
async fn pinned_config(env: &Environment, run: &Run, now: &Config) -> Result<Config, AppError> {
    let manifest = &run.manifest;
    let is_same = keys::sha256(&now.rules_bytes) == manifest.rules_sha256
        && keys::sha256(&now.result_settings()?) == manifest.settings_sha256;
    if is_same {
        return Ok(now.clone());
    }
    let file = |name: &'static str| keys::report(manifest.month, &run.run_id, name);
    let (rules, settings) = (file("inputs/rules.toml.gz"), file("inputs/settings.json.gz"));
    let rules_bytes = jsonl_gz::gunzip(&rules, &env.archive_get(&rules).await?)?;
    let decisive = jsonl_gz::gunzip(&settings, &env.archive_get(&settings).await?)?;
    now.with_frozen(rules_bytes, &decisive)
}

impl Environment {
    /// Writes an object that never changes. One that is there already must be the same.
    ///
    /// # Errors
    /// [`AppError::Taken`] if there is another under this name.
    pub(crate) async fn archive_new(&self, key: &str, bytes: Vec<u8>) -> Result<(), AppError> {
        if self.archive.put_new(key, bytes.clone()).await? == CreateOutcome::Created {
            return Ok(());
        }
        if self.archive_get(key).await? == bytes {
            return Ok(());
        }
        Err(AppError::Taken(self.archive.place(key)))
    }

    /// Reads an object that must be there.
    ///
    /// # Errors
    /// [`AppError::Damaged`] if it is missing.
    pub(crate) async fn archive_get(&self, key: &str) -> Result<Vec<u8>, AppError> {
        self.archive.get(key).await?.ok_or_else(|| AppError::damaged(self.archive.place(key), "it is missing"))
    }

    /// Lists a month among those that have runs.
    async fn note_month(&self, month: BillingMonth) -> Result<(), AppError> {
        self.table.put_new(truecount_platform::Row::new(keys::MONTHS, month.to_string())).await?;
        Ok(())
    }
}
