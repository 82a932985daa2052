//! A run: what it rests on (its manifest), how far it is, and the claim that makes a closing run the only one.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use truecount_billing::{BillingMonth, CountDay, ReadState, Side, SourceId};
use truecount_platform::{CreateOutcome, Row, Table, Value};
use truecount_reconciliation::{Reconciliation, Totals};

use crate::{AppError, keys};

/// Closings that one month can have, each replacing the one before.
const CLOSINGS_MAX: u32 = 99;

/// One source as a run uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedSource {
    /// The source.
    pub source: SourceId,
    /// Its connector.
    pub connector: String,
    /// Billed or usage.
    pub side: Side,
    /// The sealed snapshot; `None`: there is none that may be used.
    pub snapshot: Option<String>,
    /// The day it was for.
    pub as_of: Option<Date>,
    /// Accounts in its list.
    pub account_count: u64,
    /// Hash of its content.
    pub content_sha256: Option<String>,
    /// How far it was read, and why not further.
    pub read_state: ReadState,
}

/// Everything that a run rests on. Written before anything is computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunManifest {
    /// The month of the count day.
    pub month: BillingMonth,
    /// The day on which usage is counted.
    pub count_day: CountDay,
    /// The closing's number; `None`: a draft.
    pub closing: Option<u32>,
    /// The run that this closing replaces.
    pub replaces: Option<String>,
    /// Earlier months that should have been closed and were not: said in the mail, no part of the run's id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<BillingMonth>,
    /// When the run was first claimed; every date inside its files comes from here.
    pub created_at: Timestamp,
    /// The sources, by id.
    pub sources: Vec<PinnedSource>,
    /// Hash of the decisions in force.
    pub decisions_sha256: String,
    /// Hash of the rules file.
    pub rules_sha256: String,
    /// Hash of the settings that decide what is found.
    pub settings_sha256: String,
    /// Hash of what is to be said about files in the inbox; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox_sha256: Option<String>,
}

impl RunManifest {
    /// The run's id: month, closing or draft, and a hash of what it rests on. The same inputs have the same id.
    ///
    /// # Errors
    /// [`AppError::Damaged`] if it cannot be written.
    pub fn run_id(&self) -> Result<String, AppError> {
        let sources: Vec<_> = self
            .sources
            .iter()
            .map(|s| (&s.source, &s.connector, s.side, s.as_of, &s.content_sha256, &s.read_state))
            .collect();
        let identity = (self.month, self.count_day, self.closing, &self.replaces, sources);
        let hashes = (&self.decisions_sha256, &self.rules_sha256, &self.settings_sha256);
        let text = match &self.inbox_sha256 {
            Some(inbox) => serde_json::to_string(&(identity, hashes, inbox)),
            None => serde_json::to_string(&(identity, hashes)),
        };
        let text = text.map_err(|e| AppError::damaged("a run manifest", e))?;
        let kind = self.closing.map_or_else(|| "draft".to_owned(), |number| format!("c{number}"));
        Ok(format!("{}-{kind}-{}", self.month, &keys::sha256(text.as_bytes())[..10]))
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Its inputs are pinned.
    Pinned,
    /// Its findings are stored.
    Reconciled,
    /// Its files are out; whether its mails are, `is_mailed` says.
    Reported,
}

/// What a run found, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Differences to act on.
    pub exceptions: u64,
    /// Comparisons that could not be made, as [`Reconciliation::not_reconciled`] counts them.
    pub not_reconciled: u64,
    /// Whether everything that the month needs was read; see [`Reconciliation::is_complete`].
    pub is_complete: bool,
    /// Per currency: underbilled and overbilled.
    pub totals: Vec<Totals>,
}

impl From<&Reconciliation> for RunSummary {
    fn from(reconciliation: &Reconciliation) -> Self {
        Self {
            exceptions: reconciliation.exception_count(),
            not_reconciled: reconciliation.not_reconciled,
            is_complete: reconciliation.is_complete(),
            totals: reconciliation.totals.clone(),
        }
    }
}

/// A run as the table has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub run_id: String,
    /// What it rests on.
    pub manifest: RunManifest,
    /// How far it is.
    pub state: RunState,
    /// Whether its mail went to every group, as far as that can be known.
    #[serde(default)]
    pub is_mailed: bool,
    /// What it found, once reconciled.
    pub summary: Option<RunSummary>,
    /// Hash of the stored findings, once reconciled.
    pub reconciliation_sha256: Option<String>,
}

impl Run {
    /// The run of a month by its id.
    ///
    /// # Errors
    /// [`AppError`] if it cannot be read.
    pub async fn load(table: &Table, month: BillingMonth, run_id: &str) -> Result<Option<Self>, AppError> {
        let row = table.get(&keys::month(month), &keys::run(run_id)).await?;
        row.as_ref().map(Self::from_row).transpose()
    }

    /// The runs of a month, by id.
    ///
    /// # Errors
    /// [`AppError`] if they cannot be read.
    pub async fn of_month(table: &Table, month: BillingMonth) -> Result<Vec<Self>, AppError> {
        let rows = table.query(&keys::month(month), "RUN#").await?;
        rows.iter().map(Self::from_row).collect()
    }

    /// The months that have runs, oldest first.
    ///
    /// # Errors
    /// [`AppError`] if they cannot be read.
    pub async fn months(table: &Table) -> Result<Vec<BillingMonth>, AppError> {
        let rows = table.query(keys::MONTHS, "").await?;
        let month = |row: &Row| row.sk.parse().map_err(|e| AppError::damaged(format!("MONTHS {}", row.sk), e));
        rows.iter().map(month).collect()
    }

    /// Writes how far the run is.
    ///
    /// # Errors
    /// [`AppError::Fenced`] if a newer worker has it.
    pub async fn save(&self, table: &Table, lease: i64) -> Result<(), AppError> {
        let body = serde_json::to_string(self).map_err(|e| AppError::damaged(&self.run_id, e))?;
        let row = Row::new(keys::month(self.manifest.month), keys::run(&self.run_id))
            .with("state", Value::Text(format!("{:?}", self.state).to_lowercase()))
            .with("run", Value::Text(body));
        if table.put_fenced(row, lease).await? {
            Ok(())
        } else {
            Err(AppError::Fenced(format!("run `{}`", self.run_id)))
        }
    }

    fn from_row(row: &Row) -> Result<Self, AppError> {
        let place = format!("{} {}", row.pk, row.sk);
        let text = row.text("run").ok_or_else(|| AppError::damaged(&place, "it has no run"))?;
        serde_json::from_str(text).map_err(|e| AppError::damaged(&place, e))
    }

    /// The name in the keys of this run's mails: the closing's number, or a draft's own id.
    #[must_use]
    pub fn mail_name(&self) -> String {
        self.manifest.closing.map_or_else(|| self.run_id.clone(), |number| format!("{number:04}"))
    }

    /// The name of this run's mails in their file names.
    #[must_use]
    pub fn mail_key(&self) -> String {
        self.manifest.closing.map_or_else(|| self.run_id.clone(), |number| format!("closing-{number}"))
    }

    /// The lease under which this run is worked on.
    #[must_use]
    pub fn lease_name(month: BillingMonth, is_closing: bool) -> String {
        format!("MONTH#{month}#{}", if is_closing { "closing" } else { "draft" })
    }
}

/// The claim of a closing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Its number.
    pub number: u32,
    /// When it was first claimed.
    pub claimed_at: Timestamp,
    /// The run that it replaces.
    pub replaces: Option<String>,
    /// Its run, once pinned.
    pub run_id: Option<String>,
}

impl Closing {
    /// The closings of a month, in order.
    ///
    /// # Errors
    /// [`AppError`] if they cannot be read.
    pub async fn of_month(table: &Table, month: BillingMonth) -> Result<Vec<Self>, AppError> {
        let rows = table.query(&keys::month(month), "CLOSING#").await?;
        let read = |row: &Row| {
            let place = format!("{} {}", row.pk, row.sk);
            let text = row.text("closing").ok_or_else(|| AppError::damaged(&place, "it has no claim"))?;
            serde_json::from_str(text).map_err(|e| AppError::damaged(&place, e))
        };
        rows.iter().map(read).collect()
    }

    /// The closing to work on: the one there is, or a new claim. `replace` names the run whose place it takes.
    ///
    /// # Errors
    /// [`AppError::Unknown`] if `replace` names no closing run of this month.
    pub async fn claim(
        table: &Table,
        month: BillingMonth,
        replace: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, AppError> {
        let existing = Self::of_month(table, month).await?;
        let wanted = match (existing.last(), replace) {
            (Some(last), None) => return Ok(last.clone()),
            (Some(last), Some(run)) if last.replaces.as_deref() == Some(run) => return Ok(last.clone()),
            (Some(last), Some(run)) if last.run_id.as_deref() == Some(run) => {
                Self { number: last.number + 1, claimed_at: now, replaces: Some(run.to_owned()), run_id: None }
            }
            (_, Some(run)) => {
                let last = existing.last().and_then(|last| last.run_id.as_deref()).unwrap_or("none");
                let why = format!("`{run}` is not the closing run of {month} (that is {last}); nothing was replaced");
                return Err(AppError::Unknown(why));
            }
            (None, None) => Self { number: 1, claimed_at: now, replaces: None, run_id: None },
        };
        if wanted.number > CLOSINGS_MAX {
            return Err(AppError::Unknown(format!("{month} has {CLOSINGS_MAX} closing runs already")));
        }
        if wanted.record(table, month).await? == CreateOutcome::Created {
            return Ok(wanted);
        }
        let existing = Self::of_month(table, month).await?;
        existing.into_iter().next_back().ok_or_else(|| AppError::damaged(keys::month(month), "a claim vanished"))
    }

    /// Names the run of this closing.
    ///
    /// # Errors
    /// [`AppError::Fenced`] if a newer worker has it.
    pub async fn pin(&mut self, table: &Table, month: BillingMonth, run_id: &str, lease: i64) -> Result<(), AppError> {
        self.run_id = Some(run_id.to_owned());
        let row = self.row(month)?;
        if table.put_fenced(row, lease).await? { Ok(()) } else { Err(AppError::Fenced(format!("closing of {month}"))) }
    }

    /// Writes a claim that was made elsewhere.
    ///
    /// # Errors
    /// [`AppError::Table`].
    pub(crate) async fn record(&self, table: &Table, month: BillingMonth) -> Result<CreateOutcome, AppError> {
        Ok(table.put_new(self.row(month)?.with("lease", Value::Number(0))).await?)
    }

    fn row(&self, month: BillingMonth) -> Result<Row, AppError> {
        let body = serde_json::to_string(self).map_err(|e| AppError::damaged("a closing", e))?;
        Ok(Row::new(keys::month(month), keys::closing(self.number)).with("closing", Value::Text(body)))
    }
}
