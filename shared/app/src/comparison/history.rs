//! What earlier closings found, beside the clients of a comparison: each client gets what is known of its exceptions, and a
//! closing leaves what the next one goes on from. The memory of one client.

use std::collections::BTreeSet;

use truecount_billing::{BillingMonth, ClientId, ProductCode};
use truecount_reconciliation::{
    Absence, ClientHistory, ClientRecord, HistoryBeside, HistoryMerge, KnownMoves, RunOutcome, Scope,
};
use truecount_store::{FrozenRun, HistoryLines, HistoryWriter};

use crate::AppError;

/// The first number that is given out.
const FIRST_NUMBER: u32 = 1;

/// The history before a run, and the one that it leaves.
pub(crate) struct RunHistory {
    /// The month of the closing that it goes on from.
    pub(super) last_closing: Option<BillingMonth>,
    beside: HistoryBeside<HistoryLines>,
    merge: HistoryMerge,
    /// What a closing leaves; `None`: a draft leaves none.
    left: Option<HistoryWriter>,
}

impl RunHistory {
    /// That of a frozen run; `None`: it is a draft, and no month was closed yet.
    pub(crate) async fn of(run: &FrozenRun) -> Result<Option<Self>, AppError> {
        let (month, day) = (run.manifest.month, run.manifest.count_day.0);
        let frozen = &run.manifest.history;
        let (merge, left) = match (run.manifest.closing, frozen) {
            (None, None) => return Ok(None),
            (None, Some(_)) => (HistoryMerge::draft(month, day), None),
            (Some(_), _) => {
                let next_number = frozen.as_ref().map_or(FIRST_NUMBER, |frozen| frozen.next_number);
                (HistoryMerge::closing(month, day, next_number), Some(HistoryWriter::default()))
            }
        };
        let is_by_same_rules = frozen.as_ref().is_some_and(|frozen| frozen.is_by_same_rules);
        let merge = if is_by_same_rules { merge.by_same_rules() } else { merge };
        let last_closing = frozen.as_ref().and_then(|frozen| frozen.last_closing);
        Ok(Some(Self { last_closing, beside: HistoryBeside::new(run.history().await?), merge, left }))
    }

    /// The record of the next client before this one that the run does not have and of which something was closed, or is not
    /// known.
    /// `is_whole`: what the run does not have, the PSA does not have, unless it is out of scope: then nothing is said of it,
    /// and its history stays what it was.
    pub(super) fn absent(
        &mut self,
        before: Option<&ClientId>,
        is_whole: bool,
        scope: Option<&Scope>,
    ) -> Result<Option<ClientRecord>, AppError> {
        while let Some(client) = self.beside.before(before)? {
            let known_by = [client.client_id.as_str(), client.client_name.as_str()];
            if scope.is_some_and(|scope| !scope.has_client(known_by)) {
                self.keep(&client)?;
                continue;
            }
            let (history, told) = self.merge.absent_client(client, is_whole);
            self.keep(&history)?;
            if told.is_some() {
                return Ok(told);
            }
        }
        Ok(None)
    }

    /// Puts into a client's record what is known of its exceptions. Those before it are done.
    pub(super) fn client(
        &mut self,
        record: &mut ClientRecord,
        outcome: &RunOutcome,
        known: &KnownMoves,
        absence: impl Fn(&ProductCode, Option<&str>) -> Absence,
    ) -> Result<(), AppError> {
        let before = self.beside.of(&record.client_id)?;
        let moved = moved_parts(outcome, &record.client_id);
        let history = self.merge.client(before, record, &moved, known, absence);
        self.keep(&history)
    }

    fn keep(&mut self, history: &ClientHistory) -> Result<(), AppError> {
        match &mut self.left {
            Some(left) if !history.is_empty() => Ok(left.push(history)?),
            _ => Ok(()),
        }
    }

    /// The history that a closing leaves, and the number that it would have given out next; `None`: a draft leaves none.
    pub(crate) fn finish(self) -> Result<Option<(Vec<u8>, u32)>, AppError> {
        let Some((left, next_number)) = self.left.zip(self.merge.next_number()) else { return Ok(None) };
        Ok(Some((left.into_bytes()?, next_number)))
    }
}

/// The services that are told of a client and another together.
fn moved_parts(outcome: &RunOutcome, client: &ClientId) -> BTreeSet<(ProductCode, Option<String>)> {
    let mut parts = BTreeSet::new();
    for moved in outcome.moved.iter().filter(|moved| moved.from == *client || moved.to == *client) {
        for (used, billed) in &moved.services {
            let row = if moved.from == *client { used } else { billed };
            parts.insert((row.service.clone(), row.section.clone()));
        }
    }
    parts
}
