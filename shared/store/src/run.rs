//! A run: what it is based on (its manifest), how far it is, and what it found in numbers.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use truecount_billing::{BillingMonth, CountDay, Currency, ReadState, Receipt, Side, SourceId};
use truecount_reconciliation::{
    PortfolioRecord, RevenueCoverage, RowKind, RunTotals, SourceReadWord, SourceReading, SourceRecord,
};

use crate::key::{Key, Partition};
use crate::{
    BaselineRecord, Fence, FrozenHistory, LeftHistory, Record, SnapshotId, SnapshotManifest, Store, StoreError,
    sha256_hex,
};

/// Hexadecimal digits of the hash in a run's id.
const ID_DIGITS: usize = 10;

/// One source as a run uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenSource {
    /// The source.
    pub source: SourceId,
    /// Its kind.
    pub connector: String,
    /// What the columns of its files mean, in TOML; `None`: it is an API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_profile: Option<String>,
    /// Which side of the comparison it is on.
    pub side: Side,
    /// The committed snapshot; `None`: there is none that may be used.
    pub snapshot: Option<SnapshotId>,
    /// The day it is for.
    pub as_of: Option<Date>,
    /// Accounts in its list.
    pub account_count: u64,
    /// Hash of its content.
    pub content_sha256: Option<String>,
    /// How far it was read, and why not further.
    pub read_state: ReadState,
    /// What became of every row that was read; `None` without a snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// The day of a sync that came after the snapshot and failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Date>,
    /// The month of the last closing, if that used this snapshot, or one of a later day, already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_since: Option<BillingMonth>,
    /// The days before the snapshot of which a peak is the largest, in order; none where no count asks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<FrozenDay>,
}

/// What one source said on a day before the snapshot that a run uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenDay {
    /// The committed snapshot, the last of its day.
    pub snapshot: SnapshotId,
    /// Accounts in its list.
    pub account_count: u64,
    /// Hash of its content.
    pub content_sha256: String,
    /// How far it was read.
    pub read_state: ReadState,
}

impl FrozenDay {
    /// The days before a day for which a source has snapshots, from a first one on.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn between(store: &Store, source: &SourceId, from: Date, before: Date) -> Result<Vec<Self>, StoreError> {
        let mut days: Vec<Self> = Vec::new();
        for manifest in SnapshotManifest::list(store, source).await? {
            if manifest.id.as_of < from || manifest.id.as_of >= before {
                continue;
            }
            // Of several of a day the last stands.
            days.retain(|day| day.snapshot.as_of != manifest.id.as_of);
            days.push(Self {
                snapshot: manifest.id,
                account_count: manifest.account_count,
                read_state: manifest.source_state(),
                content_sha256: manifest.content_sha256,
            });
        }
        Ok(days)
    }
}

/// Everything that a run is based on. Stored before anything is computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunManifest {
    /// The month of the count day.
    pub month: BillingMonth,
    /// The day on which usage is counted.
    pub count_day: CountDay,
    /// The day on which the next month is closed: what ends before it can be renewed or removed now only.
    pub next_closing: Date,
    /// The closing's number; `None`: a draft.
    pub closing: Option<u32>,
    /// The run that this closing replaces.
    pub replaces: Option<String>,
    /// Earlier months that should have been closed and were not: named in the mail, no part of the run's id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<BillingMonth>,
    /// Of a closing: whether something that it waits for was not read. Told in the mail, no part of the run's id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_incomplete: bool,
    /// When the run was first claimed; every date inside its files comes from here.
    pub created_at: Timestamp,
    /// The sources, by id.
    pub sources: Vec<FrozenSource>,
    /// Hash of the mappings in force.
    pub mappings_sha256: String,
    /// Hash of the decisions in force that clients have nothing in a source.
    pub nones_sha256: String,
    /// Hash of what people decided about exceptions and is in force; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions_sha256: Option<String>,
    /// Hash of the words that the sources of usage had said.
    pub words_sha256: String,
    /// Hash of the rules file.
    pub rules_sha256: String,
    /// Hash of the settings that decide what is found.
    pub settings_sha256: String,
    /// Hash of what the report says about files in the inbox; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox_sha256: Option<String>,
    /// What earlier closings found; `None`: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<FrozenHistory>,
    /// The baseline that counts; `None`: none is accepted, and the run is a first comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineRecord>,
}

impl RunManifest {
    /// The run's id: month, closing or draft, and a hash of what it is based on. The same inputs have the same id.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if it has no JSON form.
    pub fn run_id(&self) -> Result<String, StoreError> {
        let sources: Vec<_> = self
            .sources
            .iter()
            .map(|s| (&s.source, &s.connector, s.side, s.as_of, &s.content_sha256, &s.read_state, s.last_failure))
            .collect();
        let days = (self.count_day, self.next_closing);
        let identity = (self.month, days, self.closing, &self.replaces, sources);
        let hashes = (
            (&self.mappings_sha256, &self.nones_sha256, &self.words_sha256),
            (&self.rules_sha256, &self.settings_sha256),
        );
        let text = match &self.inbox_sha256 {
            Some(inbox) => serde_json::to_string(&(identity, hashes, inbox)),
            None => serde_json::to_string(&(identity, hashes)),
        };
        let mut text = text.map_err(|error| StoreError::unwritable("a run manifest", error))?;
        let days: Vec<_> = (self.sources.iter())
            .flat_map(|of| {
                of.days.iter().map(|day| (&of.source, day.snapshot.as_of, &day.content_sha256, &day.read_state))
            })
            .collect();
        let json = |error| StoreError::unwritable("a run manifest", error);
        if !days.is_empty() {
            text += &serde_json::to_string(&days).map_err(json)?;
        }
        if let Some(actions) = &self.actions_sha256 {
            text += &serde_json::to_string(&("actions", actions)).map_err(json)?;
        }
        let unread: Vec<_> = self.sources.iter().filter_map(|of| Some((&of.source, of.unread_since?))).collect();
        if !unread.is_empty() {
            text += &serde_json::to_string(&unread).map_err(json)?;
        }
        if let Some(history) = &self.history {
            text += &serde_json::to_string(history).map_err(json)?;
        }
        if let Some(baseline) = &self.baseline {
            text += &serde_json::to_string(&("baseline", baseline)).map_err(json)?;
        }
        let kind = self.closing.map_or_else(|| "draft".to_owned(), |number| format!("c{number}"));
        Ok(format!("{}-{kind}-{}", self.month, &sha256_hex(text.as_bytes())[..ID_DIGITS]))
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Its inputs are frozen.
    Frozen,
    /// Its outcome is stored.
    Reconciled,
    /// Its files are written; whether its mails are sent, `is_mailed` says.
    Reported,
}

/// What a run found, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// What somebody should act on: rows that say how a bill differs or that an agreement ends, lines that no rule
    /// counts, clients that another has taken over; without what people have set aside.
    pub exceptions: u64,
    /// Vendor accounts with usage that nobody decided.
    pub unmapped: u64,
    /// Rows of which nobody knows whether they agree, and clients that were not read.
    pub not_reconciled: u64,
    /// Rows that could not be computed.
    pub faults: u64,
    /// Whether every source was read completely, and is as new as can be.
    pub is_complete: bool,
    /// The currency that is told first; `None`: only totals are known.
    pub home_currency: Option<Currency>,
    /// What is to be added and reduced, by currency.
    pub totals: BTreeMap<Currency, RunTotals>,
    /// Recurring revenue a month by what was done with it, by currency.
    pub coverage: BTreeMap<Currency, RevenueCoverage>,
}

impl RunSummary {
    /// The numbers of an outcome.
    #[must_use]
    pub fn of(portfolio: &PortfolioRecord, sources: &[SourceReading]) -> Self {
        let acted_on = RowKind::ALL.iter().filter(|kind| kind.is_acted_on());
        let is_read = |source: &SourceReading| {
            source.state.is_complete()
                && source.as_of.is_some()
                && source.unread_since.is_none()
                && source.accounts_incomplete == 0
        };
        let is_used = |source: &SourceRecord| source.read == SourceReadWord::Used && source.last_failure.is_none();
        Self {
            exceptions: acted_on.map(|kind| portfolio.standing_rows(*kind)).sum::<u64>() + portfolio.moved.len() as u64,
            unmapped: portfolio.unmapped.len() as u64,
            not_reconciled: portfolio.not_reconciled(),
            faults: portfolio.faults,
            is_complete: sources.iter().all(is_read) && portfolio.sources.iter().all(is_used),
            home_currency: Some(portfolio.home_currency),
            totals: portfolio.totals.clone(),
            coverage: portfolio.coverage.clone(),
        }
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub run_id: String,
    /// What it is based on.
    pub manifest: RunManifest,
    /// How far it is.
    pub state: RunState,
    /// Whether its mail was sent to every group, as far as that can be known.
    #[serde(default)]
    pub is_mailed: bool,
    /// Why mails of it were not sent, by the last attempt; empty: they were, or none was tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsent_because: Vec<String>,
    /// What it found, once reconciled.
    pub summary: Option<RunSummary>,
    /// Hash of the stored outcome, once reconciled.
    pub outcome_sha256: Option<String>,
    /// The history that it left; `None`: it is a draft, or not reconciled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<LeftHistory>,
    /// When somebody last asked for a draft of just what this one is based on; `None`: nobody did again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_again_at: Option<Timestamp>,
}

impl Record for Run {
    const KIND: &'static str = "RUN";

    fn key(&self) -> Key {
        key(self.manifest.month, &self.run_id)
    }

    fn subject(&self) -> String {
        format!("run `{}`", self.run_id)
    }
}

fn key(month: BillingMonth, run_id: &str) -> Key {
    Partition::month(month).sort(format!("{}#{run_id}", Run::KIND))
}

impl RunState {
    /// The word in tables and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Reconciled => "reconciled",
            Self::Reported => "reported",
        }
    }
}

/// A month that has runs.
#[derive(Serialize, Deserialize)]
struct MonthRecord {
    month: BillingMonth,
}

impl Record for MonthRecord {
    const KIND: &'static str = "";

    fn key(&self) -> Key {
        Partition::months().sort(self.month)
    }
}

impl Run {
    /// A run whose inputs are frozen.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if the manifest has no JSON form.
    pub fn new(manifest: RunManifest) -> Result<Self, StoreError> {
        Ok(Self {
            run_id: manifest.run_id()?,
            manifest,
            state: RunState::Frozen,
            is_mailed: false,
            unsent_because: Vec::new(),
            summary: None,
            outcome_sha256: None,
            history: None,
            asked_again_at: None,
        })
    }

    /// When somebody last asked for what it is based on: of several runs the newest is what people are looking at.
    #[must_use]
    pub fn asked_at(&self) -> Timestamp {
        self.asked_again_at.unwrap_or(self.manifest.created_at)
    }

    /// The run of a month by its id.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn load(store: &Store, month: BillingMonth, run_id: &str) -> Result<Option<Self>, StoreError> {
        store.get(&key(month, run_id)).await
    }

    /// The runs of a month, by id.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn list(store: &Store, month: BillingMonth) -> Result<Vec<Self>, StoreError> {
        store.list(&Partition::month(month), &format!("{}#", Self::KIND)).await
    }

    /// The months that have runs, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn months(store: &Store) -> Result<Vec<BillingMonth>, StoreError> {
        let months: Vec<MonthRecord> = store.list(&Partition::months(), "").await?;
        Ok(months.into_iter().map(|record| record.month).collect())
    }

    /// Stores how far the run is.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if a newer worker has it.
    pub async fn save(&self, store: &Store, fence: Fence) -> Result<(), StoreError> {
        store.put(self, fence).await
    }

    /// Stores a new run, and lists its month among those that have runs.
    ///
    /// # Errors
    /// As [`Run::save`].
    pub async fn create(&self, store: &Store, fence: Fence) -> Result<(), StoreError> {
        self.save(store, fence).await?;
        store.create(&MonthRecord { month: self.manifest.month }).await?;
        Ok(())
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::input::tests::source;
    use crate::test_store::TestStore;

    pub(crate) fn month() -> BillingMonth {
        "2026-06".parse().unwrap()
    }

    pub(crate) fn run(closing: Option<u32>) -> Run {
        Run::new(RunManifest {
            month: month(),
            count_day: CountDay(month().last_day()),
            next_closing: month().next().last_day(),
            closing,
            replaces: None,
            missed: Vec::new(),
            is_incomplete: false,
            created_at: Timestamp::UNIX_EPOCH,
            sources: Vec::new(),
            mappings_sha256: "m".to_owned(),
            nones_sha256: "n".to_owned(),
            actions_sha256: None,
            words_sha256: "w".to_owned(),
            rules_sha256: "r".to_owned(),
            settings_sha256: "s".to_owned(),
            inbox_sha256: None,
            history: None,
            baseline: None,
        })
        .unwrap()
    }

    fn baseline() -> BaselineRecord {
        BaselineRecord {
            number: 1,
            month: month(),
            run_id: "2026-05-c1-1".to_owned(),
            exceptions: 3,
            actor: "kim".to_owned(),
            note: String::new(),
            accepted_on: month().first_day(),
            accepted_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_id_names_month_kind_and_inputs() {
        let manifest = RunManifest { sources: vec![source("rmm", 1)], ..run(None).manifest };
        let draft = Run::new(manifest).unwrap();
        assert!(draft.run_id.starts_with("2026-06-draft-"), "{}", draft.run_id);
        assert!(run(Some(2)).run_id.starts_with("2026-06-c2-"));
        let with = |change: fn(&mut RunManifest)| {
            let mut manifest = draft.manifest.clone();
            change(&mut manifest);
            manifest.run_id().unwrap()
        };
        assert_eq!(with(|_| ()), draft.run_id, "the same inputs have the same id");
        assert_eq!(with(|m| m.missed = vec![month()]), draft.run_id, "what was missed is no input");
        assert_eq!(with(|m| m.created_at = Timestamp::MAX), draft.run_id, "neither is the time");
        for (what, id) in [
            ("mappings", with(|m| m.mappings_sha256.push('x'))),
            ("nones", with(|m| m.nones_sha256.push('x'))),
            ("words", with(|m| m.words_sha256.push('x'))),
            ("next closing", with(|m| m.next_closing = m.count_day.0)),
            ("rules", with(|m| m.rules_sha256.push('x'))),
            ("settings", with(|m| m.settings_sha256.push('x'))),
            ("actions", with(|m| m.actions_sha256 = Some("x".to_owned()))),
            ("inbox", with(|m| m.inbox_sha256 = Some("x".to_owned()))),
            ("what the last closing used already", with(|m| m.sources[0].unread_since = Some(m.month.previous()))),
            (
                "history",
                with(|m| {
                    m.history = Some(FrozenHistory {
                        sha256: "x".to_owned(),
                        next_number: 1,
                        last_closing: None,
                        is_by_same_rules: false,
                    })
                }),
            ),
            ("baseline", with(|m| m.baseline = Some(baseline()))),
        ] {
            assert_ne!(id, draft.run_id, "{what}");
        }
    }

    #[tokio::test]
    async fn runs_are_listed_by_month_and_saved_by_their_holder_only() {
        let TestStore { store, .. } = &TestStore::new();
        assert_eq!(Run::months(store).await.unwrap(), []);
        let mut one = run(Some(1));
        one.create(store, Fence::at(2)).await.unwrap();
        run(None).create(store, Fence::at(1)).await.unwrap();
        assert_eq!(Run::months(store).await.unwrap(), [month()]);
        assert_eq!(Run::list(store, month()).await.unwrap(), [one.clone(), run(None)]);
        one.state = RunState::Reconciled;
        let error = one.save(store, Fence::at(1)).await.unwrap_err();
        assert!(error.to_string().starts_with("run `2026-06-c1-"), "{error}");
        assert_eq!(Run::load(store, month(), &one.run_id).await.unwrap(), Some(run(Some(1))));
        one.save(store, Fence::at(2)).await.unwrap();
        assert_eq!(Run::load(store, month(), &one.run_id).await.unwrap(), Some(one));
    }
}
