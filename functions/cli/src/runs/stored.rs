//! What is stored with a run of its failure: how far it came, what was not read, and what became of its mails.

use serde::Serialize;
use truecount_billing::{BillingMonth, SourceId};
use truecount_store::{BegunClosing, Closing, Delivery, DeliveryState, Run, RunState, Store, StoreError};

/// The newest months that are looked through for a run that is not finished.
const MONTHS_MAX: usize = 3;

/// How far a run came.
#[derive(Debug, Serialize)]
pub(super) struct RunFacts {
    run_id: String,
    pub(super) month: BillingMonth,
    /// The closing's number; `None`: a draft.
    pub(super) closing: Option<u32>,
    state: &'static str,
    /// Whether there is nothing left to do.
    pub(super) is_finished: bool,
    faults: u64,
    not_reconciled: u64,
    not_read: Vec<NotRead>,
    mails: Vec<RunMail>,
    /// Why mails were not sent, by the last attempt.
    unsent_because: Vec<String>,
    /// The mails of this month that said that its closing failed.
    failures_told: Vec<String>,
}

#[derive(Debug, Serialize)]
struct NotRead {
    source: SourceId,
    reason: String,
}

#[derive(Debug, Serialize)]
struct RunMail {
    group: String,
    state: DeliveryState,
}

impl RunFacts {
    pub(super) async fn of(store: &Store, run: &Run) -> Result<Self, StoreError> {
        let month = run.manifest.month;
        let deliveries = Delivery::list(store, month).await?;
        let (own, others): (Vec<_>, Vec<_>) = deliveries.into_iter().partition(|mail| mail.run_id == run.run_id);
        let told = others.iter().filter(|mail| mail.name.starts_with("failed-") || mail.name.starts_with("died-"));
        let mut failures_told: Vec<_> = told.map(|mail| mail.name.clone()).collect();
        failures_told.dedup();
        let not_read = run.manifest.sources.iter().filter_map(|source| {
            let reason = source.read_state.reason()?.to_string();
            Some(NotRead { source: source.source.clone(), reason })
        });
        Ok(Self {
            run_id: run.run_id.clone(),
            month,
            closing: run.manifest.closing,
            state: run.state.as_str(),
            is_finished: is_finished(run),
            faults: run.summary.as_ref().map_or(0, |summary| summary.faults),
            not_reconciled: run.summary.as_ref().map_or(0, |summary| summary.not_reconciled),
            not_read: not_read.collect(),
            mails: own.into_iter().map(|mail| RunMail { group: mail.group, state: mail.state }).collect(),
            unsent_because: run.unsent_because.clone(),
            failures_told,
        })
    }

    pub(super) fn in_words(&self) -> Vec<String> {
        let kind = if self.closing.is_some() { "closing" } else { "draft" };
        let came = match (self.state, self.is_finished) {
            ("frozen", _) => "its inputs are kept, and nothing is compared yet",
            ("reconciled", _) => "it is compared, and its files are not written yet",
            (_, false) => "its files are written, and its mail is not sent to every group",
            (_, true) => "complete",
        };
        let mut lines = vec![format!("RUN        {}, a {kind} of {}: {came}", self.run_id, self.month)];
        lines.extend(self.unsent_because.iter().map(|why| format!("CAUSE      {why}")));
        for (number, what) in [(self.faults, "could not be computed"), (self.not_reconciled, "not reconciled")] {
            if number > 0 {
                lines.push(format!("           {number} {what}"));
            }
        }
        lines.extend(self.not_read.iter().map(|one| format!("NOT READ   {}: {}", one.source, one.reason)));
        lines.extend(self.mails.iter().map(|mail| format!("MAIL       to `{}`: {}", mail.group, in_words(mail.state))));
        lines.extend(self.failures_told.iter().map(|name| match name.split_once('-') {
            Some(("died", at)) => format!("TOLD       the groups, that the closing that began at {at} died"),
            Some((_, day)) => {
                format!("TOLD       the groups, on {day}, that the closing failed: their mail has the cause")
            }
            None => format!("TOLD       {name}"),
        }));
        lines
    }
}

fn in_words(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Intended => "it is not known whether it was sent; the next attempt says that it may be a repeat",
        DeliveryState::Repeating => "the repeat was begun, and it is not known whether it was sent",
        DeliveryState::Sent => "sent",
        DeliveryState::Unknown => "tried twice, and neither outcome is known: ask the recipients",
    }
}

fn is_finished(run: &Run) -> bool {
    run.state == RunState::Reported && (run.manifest.closing.is_none() || run.is_mailed)
}

/// Whether a month's closing run is finished.
pub(super) async fn is_closed(store: &Store, month: BillingMonth) -> Result<bool, StoreError> {
    let Some(run_id) = Closing::current_run_id(store, month).await? else { return Ok(false) };
    Ok(Run::load(store, month, &run_id).await?.is_some_and(|run| is_finished(&run)))
}

/// The newest run that is not finished. A draft counts only if it is the newest run of all: the next one replaces it.
pub(super) async fn newest_unfinished(store: &Store) -> Result<Option<Run>, StoreError> {
    let mut is_newest = true;
    for month in Run::months(store).await?.into_iter().rev().take(MONTHS_MAX) {
        let mut runs = Run::list(store, month).await?;
        runs.sort_by_key(Run::asked_at);
        for run in runs.into_iter().rev() {
            if !is_finished(&run) && (is_newest || run.manifest.closing.is_some()) {
                return Ok(Some(run));
            }
            is_newest = false;
        }
    }
    Ok(None)
}

/// The newest run.
pub(super) async fn newest(store: &Store) -> Result<Option<String>, StoreError> {
    let Some(month) = Run::months(store).await?.pop() else { return Ok(None) };
    let runs = Run::list(store, month).await?;
    Ok(runs.into_iter().max_by_key(Run::asked_at).map(|run| run.run_id))
}

/// A closing on this machine that began and has not ended, in words.
pub(super) async fn begun(store: &Store) -> Result<Option<String>, StoreError> {
    let begun = BegunClosing::list(store).await?.pop();
    Ok(begun.map(|begun| {
        format!(
            "The closing of {} that began on {} is in its step `{}`: it is running, or it died there without a word.",
            begun.month,
            begun.at.strftime("%Y-%m-%d at %H:%M UTC"),
            begun.step
        )
    }))
}
