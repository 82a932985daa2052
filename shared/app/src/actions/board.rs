//! The exceptions of a run, as somebody decides about them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, ClientId};
use truecount_reconciliation::{
    ActionFault, ActionKind, ActionRecord, ActionRequest, ClientRecord, DecidedFigures, ExceptionKey, OutcomeLine,
    RowRecord, exception_key,
};
use truecount_reports::{ExceptionRow, Exceptions, is_exception};
use truecount_store::Run;

use crate::schedule::closing_run;
use crate::stored_outcome::outcome_of;
use crate::{AppError, Environment};

/// The exceptions of a run, with what was decided about each.
#[derive(Debug)]
pub struct ActionBoard {
    /// The run.
    pub run_id: String,
    /// Its month.
    pub month: BillingMonth,
    exceptions: BTreeMap<String, BoardException>,
    by_number: BTreeMap<u32, String>,
    /// What the run lists that is no exception of one client, by id.
    others: BTreeMap<String, String>,
    /// The decisions about each exception, by its id and in order.
    decided: BTreeMap<String, Vec<ActionRecord>>,
}

/// One exception of a client.
#[derive(Debug, Clone)]
pub struct BoardException {
    /// Its id.
    pub exception_id: String,
    /// Its number; `None`: no closing has given it one.
    pub number: Option<u32>,
    /// The client.
    pub client_id: ClientId,
    /// Its name. Foreign text.
    pub client_name: String,
    /// What it is about.
    pub key: ExceptionKey,
    /// What the run says.
    pub figures: DecidedFigures,
    /// What each of its rows says: billed, should bill, variance.
    pub(super) rows: Vec<[Option<Decimal>; 3]>,
}

/// Why nothing can be decided about what was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownException {
    /// The run has no such exception.
    NotThere,
    /// It is decided elsewhere: how.
    DecidedElsewhere(String),
}

impl ActionBoard {
    /// That of the newest run: the closing run of the newest month with a run that is reconciled, else the newest of that
    /// month; `None`: there is none.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub(crate) async fn of_newest_run(env: &Environment) -> Result<Option<Self>, AppError> {
        for month in Run::months(&env.store).await?.into_iter().rev() {
            let is_there = |run: &Run| run.outcome_sha256.is_some();
            let closing = closing_run(&env.store, month).await?.filter(is_there);
            let run = match closing {
                Some(run) => Some(run),
                None => {
                    let runs = Run::list(&env.store, month).await?.into_iter().filter(is_there);
                    runs.max_by_key(Run::asked_at)
                }
            };
            if let Some(run) = run {
                return Ok(Some(Self::load(env, &run).await?));
            }
        }
        Ok(None)
    }

    /// That of a run.
    ///
    /// # Errors
    /// [`AppError`] if its outcome, or what was decided, cannot be read.
    pub async fn load(env: &Environment, run: &Run) -> Result<Self, AppError> {
        let mut board = Self {
            run_id: run.run_id.clone(),
            month: run.manifest.month,
            exceptions: BTreeMap::new(),
            by_number: BTreeMap::new(),
            others: BTreeMap::new(),
            decided: BTreeMap::new(),
        };
        let (mut listed, mut portfolio) = (None, None);
        for line in outcome_of(env, run).await?.lines() {
            match line? {
                OutcomeLine::Portfolio(first) => {
                    listed = Some(Exceptions::new(first.home_currency));
                    portfolio = Some(first);
                }
                OutcomeLine::Client(client) => {
                    board.client(&client);
                    listed.iter_mut().for_each(|listed| listed.client(&client));
                }
                OutcomeLine::Source(source) => listed.iter_mut().for_each(|listed| listed.source(&source)),
                _ => {}
            }
        }
        if let Some((listed, portfolio)) = listed.zip(portfolio) {
            board.others(listed.finish(&portfolio));
        }
        for action in env.store.actions().await? {
            board.decided.entry(action.exception_id.clone()).or_default().push(action);
        }
        Ok(board)
    }

    fn client(&mut self, client: &ClientRecord) {
        let mut rows: BTreeMap<ExceptionKey, Vec<&RowRecord>> = BTreeMap::new();
        for row in client.rows.iter().filter(|row| is_exception(row.kind) && row.fault.is_none()) {
            rows.entry(exception_key(row)).or_default().push(row);
        }
        for (key, rows) in rows {
            let Some(figures) = DecidedFigures::of_rows(rows.iter().copied()) else { continue };
            let exception_id = key.exception_id(&client.client_id);
            let number = rows.iter().find_map(|row| row.history.as_ref()?.number);
            if let Some(number) = number.filter(|_| rows.iter().any(|row| row.kind.is_acted_on())) {
                self.by_number.insert(number, exception_id.clone());
            }
            let one = BoardException {
                exception_id: exception_id.clone(),
                number,
                client_id: client.client_id.clone(),
                client_name: client.client_name.clone(),
                key,
                figures,
                rows: rows.iter().map(|row| [Some(row.billed), row.should_bill, row.variance]).collect(),
            };
            self.exceptions.insert(exception_id, one);
        }
    }

    /// Notes what the run lists beside the exceptions of single clients.
    fn others(&mut self, listed: Vec<ExceptionRow>) {
        for row in listed {
            if !self.exceptions.contains_key(&row.exception_id) {
                self.others.insert(row.exception_id, row.next_step.label().to_owned());
            }
        }
    }

    /// The exception with this id or number.
    ///
    /// # Errors
    /// [`UnknownException`] if nothing can be decided about it.
    pub fn exception(&self, named: &str) -> Result<&BoardException, UnknownException> {
        let id = match named.trim_end_matches('.').parse::<u32>() {
            Ok(number) => self.by_number.get(&number).map_or("", String::as_str),
            Err(_) => named,
        };
        match (self.exceptions.get(id), self.others.get(id)) {
            (Some(one), _) => Ok(one),
            (None, Some(step)) => Err(UnknownException::DecidedElsewhere(step.clone())),
            (None, None) => Err(UnknownException::NotThere),
        }
    }

    /// The decisions about an exception so far, in order.
    #[must_use]
    pub fn decided(&self, exception_id: &str) -> &[ActionRecord] {
        self.decided.get(exception_id).map_or(&[], Vec::as_slice)
    }

    /// The record of a decision, to be appended.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(
        &self,
        exception: &BoardException,
        request: &ActionRequest,
        actor: &str,
        (today, now): (Date, Timestamp),
    ) -> Result<ActionRecord, Vec<ActionFault>> {
        let earlier = self.decided(&exception.exception_id);
        let is_decided = earlier.last().is_some_and(|last| last.action.kind() != ActionKind::Reopened);
        // One that is withdrawn already is withdrawn: that is no fault of whoever says so again.
        let is_repeated = request.kind == Some(ActionKind::Reopened) && !earlier.is_empty();
        let action = request.check(&exception.figures, is_decided || is_repeated, today)?;
        Ok(ActionRecord {
            exception_id: exception.exception_id.clone(),
            client_id: exception.client_id.clone(),
            client_name: exception.client_name.clone(),
            key: exception.key.clone(),
            action,
            figures: exception.figures.clone(),
            run_id: self.run_id.clone(),
            month: self.month,
            actor: actor.to_owned(),
            note: request.note.trim().to_owned(),
            ticket: request.ticket.trim().to_owned(),
            decided_on: today,
            decided_at: now,
            number: 0,
        })
    }
}
