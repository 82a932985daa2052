//! `truecount demo`: closes a month of a sample MSP whose vendors run on this machine, and compares the exceptions
//! found with those planted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use jiff::SignedDuration;
use serde::Serialize;
use truecount_app::{
    AcceptedNow, BaselineRequest, Config, MailPolicy, ReconcileAnswer, ReportAnswer, RunKind, SyncAnswer,
    accept_baseline, seed_month, seeded_run_id,
};
use truecount_billing::{AccountId, BillingMonth, ClientId, Currency, SourceId};
use truecount_embedded::{Durability, refuse_links};
use truecount_platform::FixedClock;
use truecount_reconciliation::RunTotals;
use truecount_reports::{REPORT_HTML, REPORT_XLSX};
use truecount_sandbox::{EarlierMonth, Planted, Sample, SampleSize, StateTally, Tally, Vendors, states};
use truecount_store::{
    BaselineRecord, IgnoreReason, InboxFolder, MappingDecision, MappingRecord, NoneDecision, NoneRecord, NoneScope,
    RULES_FILE, Run, RunSummary, SETTINGS_FILE,
};

use crate::args::{Cli, DemoArgs};
use crate::open::{Session, embedded};
use crate::output::{Ending, counted, json, say, tell};
use crate::pipeline;

/// The first line of settings that the demo has written, and may overwrite.
const MARK: &str = "# Written by `truecount demo`, which overwrites it each time.";

/// The demo's answer in JSON.
#[derive(Serialize)]
struct DemoAnswer {
    syncs: Vec<SyncAnswer>,
    report: ReportAnswer,
    planted: usize,
    equal: usize,
    missing: Vec<String>,
    extra: Vec<String>,
    different: Vec<(String, String)>,
    /// How many exceptions are in each state.
    states: BTreeMap<&'static str, usize>,
    states_different: Vec<(String, String)>,
}

pub(crate) async fn demo(cli: &Cli, args: &DemoArgs) -> anyhow::Result<Ending> {
    let (mut ending, mut sheets) = (Ending::Clean, Vec::new());
    for back in (0..args.months).rev() {
        let place = match (back + 1 == args.months, args.months) {
            (_, 1) => DemoMonth::Only,
            (true, _) => DemoMonth::First,
            (false, _) => DemoMonth::Later,
        };
        let sample = Sample::before(SampleSize::default(), args.seed, args.month, back);
        let sample = if place == DemoMonth::Later { sample } else { sample.with_all_files() };
        sheets.push(sample.answer_sheet());
        ending = one_month(cli, args, Arc::new(sample), place, &sheets).await?;
    }
    Ok(ending)
}

/// The place of a month among those that the demo closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DemoMonth {
    /// The baseline of an earlier month was accepted.
    Only,
    /// A first comparison, whose list is accepted then.
    First,
    Later,
}

/// Closes the month of a sample. `sheets`: the answer sheets of the months so far, its own last.
async fn one_month(
    cli: &Cli,
    args: &DemoArgs,
    sample: Arc<Sample>,
    place: DemoMonth,
    sheets: &[Vec<Planted>],
) -> anyhow::Result<Ending> {
    let data = args.data.directory();
    let month = sample.month();
    days_before(&data, &sample).await?;
    let vendors = Vendors::start(Arc::clone(&sample)).await?;
    prepare(&data, &sample, &vendors)?;
    let clock = Arc::new(FixedClock(sample.now()));
    let (env, local) = embedded(&data, Durability::Bulk, clock)?;
    let config = Config::load(&env).await?;
    let session = Session::new(env, config, local);
    if place != DemoMonth::Later {
        seed_history(&session, &sample.history()).await?;
    }
    if place == DemoMonth::Only {
        seed_baseline(&session, &sample.history()).await?;
    }
    decide(&session, &sample).await?;
    tell(&format!("Closing {month} of a sample MSP with {} sources on this machine.", sample.sources().len()));

    let sources: Vec<_> = session.config.settings.enabled().cloned().collect();
    let syncs = pipeline::sync_all(&session, &sources).await?;
    let wanted = RunKind::Closing { replace: None, early: false, incomplete: false };
    let ReconcileAnswer::Reconciled { run_id, .. } = pipeline::reconcile_now(&session, Some(month), &wanted).await?
    else {
        anyhow::bail!("another run of {month} is in progress; try again when it has finished")
    };
    let report = pipeline::report_now(&session, month, Some(&run_id), MailPolicy::Usual).await?;
    let agreement = compare_with_planted(&session, month, &run_id, sheets).await?;
    vendors.stop().await;
    let ending = show(cli, &session, &sample, syncs, report, agreement).await?;
    if place == DemoMonth::First {
        accept(&session, &run_id).await?;
    }
    Ok(ending)
}

/// What the sample's people say of a baseline.
const ACCEPTED_BY: (&str, &str) = ("demo", "the sample's people have looked through the list");

/// Accepts the list of the first month, as a person would who has looked through it.
async fn accept(session: &Session, run_id: &str) -> anyhow::Result<()> {
    let (actor, note) = (ACCEPTED_BY.0.to_owned(), ACCEPTED_BY.1.to_owned());
    let request = BaselineRequest { run_id: Some(run_id.to_owned()), actor, note };
    let AcceptedNow { record, .. } = accept_baseline(&session.env, &session.config, &request).await?;
    let list = counted(record.exceptions, "exception", "exceptions");
    tell(&format!(
        "Accepted as the baseline: {list}. From here on the totals are shown, and what is new is told apart."
    ));
    Ok(())
}

/// Of a sample that begins in the middle of its history the baseline was accepted long ago.
async fn seed_baseline(session: &Session, history: &[EarlierMonth]) -> anyhow::Result<()> {
    let Some(first) = history.first() else { return Ok(()) };
    let record = BaselineRecord {
        number: 0,
        month: first.month,
        run_id: seeded_run_id(first.month),
        exceptions: first.exception_count,
        actor: ACCEPTED_BY.0.to_owned(),
        note: ACCEPTED_BY.1.to_owned(),
        accepted_on: first.month.last_day(),
        accepted_at: session.env.clock.now(),
    };
    record.append(&session.env.store).await?;
    tell(&format!("The sample accepted its baseline in {}; `--months 3` begins with a first month.", first.month));
    Ok(())
}

/// Syncs the distributor on the two days before. On the second one a company is missing from its list; on the count day
/// it is there again, and nothing may be left of that.
async fn days_before(data: &Path, sample: &Arc<Sample>) -> anyhow::Result<()> {
    for (days, sample) in [(2, Arc::clone(sample)), (1, Arc::new(sample.with_a_company_missing()))] {
        let vendors = Vendors::start(Arc::clone(&sample)).await?;
        prepare(data, &sample, &vendors)?;
        let at = sample.now().checked_sub(SignedDuration::from_hours(24 * days))?;
        let (env, local) = embedded(data, Durability::Bulk, Arc::new(FixedClock(at)))?;
        let config = Config::load(&env).await?;
        let session = Session::new(env, config, local);
        let source = session.config.settings.source(sample.distributor())?.clone();
        let syncs = pipeline::sync_all(&session, &[source]).await?;
        vendors.stop().await;
        let missing = syncs.iter().map(|sync| match sync {
            SyncAnswer::Committed { incomplete_accounts, .. } => *incomplete_accounts,
            _ => u64::MAX,
        });
        let (missing, expected) = (missing.sum::<u64>(), if days == 1 { 1 } else { 0 });
        anyhow::ensure!(missing == expected, "{missing} companies were missing {days} days before, not {expected}");
    }
    Ok(())
}

/// Writes the settings, rules, secrets and inbox files of the sample.
fn prepare(data: &Path, sample: &Sample, vendors: &Vendors) -> anyhow::Result<()> {
    let settings = data.join(SETTINGS_FILE);
    if let Ok(text) = std::fs::read_to_string(&settings)
        && !text.starts_with(MARK)
    {
        anyhow::bail!(
            "`{}` was not written by the demo; give the demo a directory of its own with --data DIR",
            settings.display()
        );
    }
    write(data, &settings, format!("{MARK}\n{}", sample.settings_toml(&vendors.endpoints())).as_bytes())?;
    write(data, &data.join(RULES_FILE), sample.rules_toml().as_bytes())?;
    let secrets = toml::to_string(&sample.secrets())?;
    write(data, &data.join("config/secrets.toml"), secrets.as_bytes())?;
    for file in sample.inbox() {
        let source = SourceId::new(&file.source)?;
        write(data, &data.join("archive").join(InboxFolder::source(&source).path()).join(&file.name), &file.bytes)?;
    }
    Ok(())
}

fn write(data: &Path, path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let say_where = || format!("`{}` cannot be written", path.display());
    refuse_links(data, path)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(say_where)?;
    }
    std::fs::write(path, bytes).with_context(say_where)
}

/// Records the decisions of the sample's people about mappings, once.
async fn decide(session: &Session, sample: &Sample) -> anyhow::Result<()> {
    for decided in sample.decisions() {
        let (source, account_id) = (SourceId::new(&decided.source)?, AccountId::new(&decided.account_id)?);
        if !MappingRecord::list(&session.env.store, &source, &account_id).await?.is_empty() {
            continue;
        }
        let mapping = match &decided.client_id {
            Some(client) => MappingDecision::Confirmed { client_id: ClientId::new(client)? },
            None => MappingDecision::Ignored { reason: IgnoreReason::Internal },
        };
        let decision =
            MappingRecord::new(source, account_id, mapping, decided.who.as_str(), decided.why.as_str(), sample.now());
        decision.append(&session.env.store).await?;
    }
    for decided in sample.nones() {
        let none = NoneRecord {
            source: SourceId::new(&decided.source)?,
            scope: NoneScope::Client { client_id: ClientId::new(&decided.client_id)? },
            decision: NoneDecision::None,
            from: None,
            actor: decided.who.clone(),
            note: decided.why.clone(),
            evidence: Vec::new(),
            synced_on: None,
            decided_at: sample.now(),
            number: 0,
        };
        // One that is there already stays.
        none.append_after(&session.env.store, 0).await?;
    }
    Ok(())
}

/// Records earlier months with totals, but without files.
async fn seed_history(session: &Session, history: &[EarlierMonth]) -> anyhow::Result<()> {
    for earlier in history {
        let mut totals = BTreeMap::new();
        for total in &earlier.totals {
            let found = RunTotals { add: total.add, reduce: total.reduce, ..RunTotals::default() };
            totals.insert(Currency::new(&total.currency)?, found);
        }
        let summary = RunSummary {
            exceptions: earlier.exception_count,
            unmapped: 0,
            not_reconciled: earlier.not_reconciled_count,
            faults: 0,
            is_complete: earlier.not_reconciled_count == 0,
            home_currency: None,
            totals,
            coverage: BTreeMap::new(),
        };
        seed_month(&session.env, earlier.month, summary).await?;
    }
    Ok(())
}

/// What was planted held against what was found.
struct Agreement {
    exceptions: Tally,
    /// What has become of each since the month before.
    states: StateTally,
    /// How many there are in each state.
    counts: BTreeMap<&'static str, usize>,
}

impl Agreement {
    fn is_whole(&self) -> bool {
        self.exceptions.is_whole() && self.states.different.is_empty()
    }
}

/// Compares the report's exceptions, and what has become of each, with those planted in this month and those before it.
async fn compare_with_planted(
    session: &Session,
    month: BillingMonth,
    run_id: &str,
    sheets: &[Vec<Planted>],
) -> anyhow::Result<Agreement> {
    let run = Run::load(&session.env.store, month, run_id).await?;
    let run = run.with_context(|| format!("run `{run_id}` is missing"))?;
    let (exceptions, closed) = (rows(session, &run, "exceptions.csv").await?, rows(session, &run, "closed.csv").await?);
    let planted = states(sheets);
    Ok(Agreement {
        exceptions: truecount_sandbox::compare(sheets.last().map_or(&[][..], Vec::as_slice), &exceptions),
        states: planted.compare(&exceptions, &closed),
        counts: planted.counts(),
    })
}

/// The rows of a file of a run, each as column to text.
async fn rows(session: &Session, run: &Run, name: &str) -> anyhow::Result<Vec<BTreeMap<String, String>>> {
    let bytes = run.folder(&session.env.store).read_file(name).await?;
    let bytes = bytes.with_context(|| format!("run `{}` has no {name}", run.run_id))?;
    let mut reader = csv::Reader::from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes));
    Ok(reader.deserialize().collect::<Result<_, _>>()?)
}

async fn show(
    cli: &Cli,
    session: &Session,
    sample: &Sample,
    syncs: Vec<SyncAnswer>,
    report: ReportAnswer,
    agreement: Agreement,
) -> anyhow::Result<Ending> {
    let planted = sample.answer_sheet().len();
    let is_whole = agreement.is_whole();
    let ending;
    if cli.json {
        ending = pipeline::ending(&report);
        let Agreement { exceptions, states, counts } = agreement;
        let Tally { equal, missing, extra, different } = exceptions;
        let states_different = states.different;
        json(&DemoAnswer {
            syncs,
            report,
            planted,
            equal,
            missing,
            extra,
            different,
            states: counts,
            states_different,
        })?;
    } else {
        pipeline::show_failed_syncs(session, &syncs).await;
        ending = pipeline::show_report(session, &report);
        if is_whole {
            say(&format!("All {planted} planted exceptions were found, and no others."));
            say(&format!("What has become of each is as planted: {}.", in_states(&agreement.counts)));
        } else {
            show_disagreement(&agreement, planted);
        }
        look_at(session, &report);
    }
    if is_whole { Ok(ending) } else { anyhow::bail!("what was found differs from what was planted") }
}

/// The three files that show what a month looks like.
fn look_at(session: &Session, report: &ReportAnswer) {
    let ReportAnswer::Reported { month, place, .. } = report else { return };
    let folder = Path::new(place);
    tell("Look at:");
    tell(&format!("  {}\n    the month in a browser", folder.join(REPORT_HTML).display()));
    tell(&format!("  {}\n    the sheets that a clerk works in", folder.join(REPORT_XLSX).display()));
    if let Some(mail) = session.unsent_mails().and_then(|outbox| mail_of(&outbox, *month)) {
        tell(&format!("  {}\n    the email, for a mail program", mail.display()));
    }
}

/// The mail of a month's closing, if it was kept.
fn mail_of(outbox: &Path, month: BillingMonth) -> Option<PathBuf> {
    let mails = std::fs::read_dir(outbox).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let begin = format!("{month}-closing-");
    mails.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begin))).max()
}

/// `2 changed, 96 open, 1 reopened`.
fn in_states(counts: &BTreeMap<&'static str, usize>) -> String {
    counts.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}

fn show_disagreement(Agreement { exceptions: agreement, states, .. }: &Agreement, planted: usize) {
    say(&format!("Found and planted exceptions DIFFER: {} of {planted} are equal.", agreement.equal));
    for (planted, found) in &states.different {
        say(&format!("  state planted: {planted}\n  state found:   {found}"));
    }
    for row in &agreement.missing {
        say(&format!("  planted, not found: {row}"));
    }
    for row in &agreement.extra {
        say(&format!("  found, not planted: {row}"));
    }
    for (planted, found) in &agreement.different {
        say(&format!("  planted: {planted}\n  found:   {found}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_can_begin_with_the_files_of_every_sample() {
        let month: BillingMonth = "2026-06".parse().unwrap();
        let whole = Sample::new(SampleSize::default(), 1, month);
        for (sample, services) in [(whole, 26), (Sample::small(3, month), 14), (Sample::large(10, 100, month), 5)] {
            let address = |source: &&str| ((*source).to_owned(), format!("http://127.0.0.1/{source}"));
            let settings = sample.settings_toml(&sample.sources().iter().map(address).collect());
            let config = Config::from_bytes(settings.as_bytes(), sample.rules_toml().into_bytes()).unwrap();
            assert_eq!(config.rules.services().count(), services);
        }
    }
}
