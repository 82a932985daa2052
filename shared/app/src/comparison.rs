//! The comparison itself: what is stored goes into a reconciler, and its answer comes out. Everything read is also
//! written down as the run's inputs.

use std::collections::BTreeMap;

use truecount_billing::{Account, AccountId, ClientId, CountDay, SourceId, UsageItem};
use truecount_connectors::source_kind;
use truecount_reconciliation::{AccountNo, ItemRef, Mapping, Options, Reconciler, Reconciliation, SourceStatus};

use crate::account_mapping::{self, AccountMapping, Client, Split};
use crate::environment::Environment;
use crate::keys::SnapshotId;
use crate::mapping::decisions::MappingRecord;
use crate::run::{PinnedSource, Run};
use crate::settings::Config;
use crate::snapshot::{self, Record, SnapshotAccount};
use crate::{AppError, jsonl_gz, keys};

/// Values of a split that nobody's decision names, as many as a sentence shows.
const UNLISTED_NAMED: usize = 10;

/// Bytes of one part of a source's inputs, before they are packed to about a tenth.
const PART_BYTES: usize = 256 << 20;

/// A source of the run with its list of accounts.
pub(crate) struct Loaded {
    pub(crate) pinned: PinnedSource,
    pub(crate) entries: Vec<SnapshotAccount>,
}

/// A comparison, and whose it takes each account to be.
pub(crate) struct Computed {
    pub(crate) reconciliation: Reconciliation,
    /// The PSA's clients.
    pub(crate) clients: Vec<Client>,
    /// The mapping of each account in the order of its source's list; none for the PSA.
    pub(crate) mappings: BTreeMap<SourceId, Vec<AccountMapping>>,
}

/// The mapping decisions in force, by source and account.
pub type Decisions = BTreeMap<SourceId, BTreeMap<AccountId, MappingRecord>>;

/// What a comparison is made of.
pub(crate) struct Basis<'a> {
    pub(crate) config: &'a Config,
    pub(crate) count_day: CountDay,
    pub(crate) loaded: &'a [Loaded],
    pub(crate) decisions: &'a Decisions,
    /// The run whose inputs are written down; `None`: nothing is.
    pub(crate) run: Option<&'a Run>,
}

/// Compares.
pub(crate) async fn compute(env: &Environment, basis: &Basis<'_>) -> Result<Computed, AppError> {
    let mut reconciler = Reconciler::new(basis.config.rules.clone(), Options::for_month(basis.count_day));
    for source in basis.loaded {
        reconciler.source(SourceStatus {
            source: source.pinned.source.clone(),
            connector: source.pinned.connector.clone(),
            side: source.pinned.side,
            status_words: source_kind(&source.pinned.connector).map_or(&[], |kind| kind.status_words),
            read_state: source.pinned.read_state.clone(),
            synced_on: source.pinned.as_of,
        });
    }
    let is_billed = |source: &&Loaded| source.pinned.side.is_billed();
    let mut clients = Vec::new();
    for source in basis.loaded.iter().filter(is_billed) {
        clients.extend(push_billed(env, basis, source, &mut reconciler).await?);
    }
    let mut mappings = BTreeMap::new();
    for source in basis.loaded.iter().filter(|source| !is_billed(source)) {
        let found = push_usage(env, basis, source, &clients, &mut reconciler).await?;
        mappings.insert(source.pinned.source.clone(), found);
    }
    Ok(Computed { reconciliation: reconciler.finish()?, clients, mappings })
}

/// The lists of accounts of the sources.
pub(crate) async fn load(env: &Environment, sources: &[PinnedSource]) -> Result<Vec<Loaded>, AppError> {
    let mut loaded = Vec::new();
    for pinned in sources {
        let entries = match pinned.snapshot.as_deref().and_then(SnapshotId::parse) {
            Some(id) => snapshot::entries(&env.table, &pinned.source, &id, pinned.account_count).await?,
            None => Vec::new(),
        };
        loaded.push(Loaded { pinned: pinned.clone(), entries });
    }
    Ok(loaded)
}

/// The clients of a PSA with their lines.
async fn push_billed(
    env: &Environment,
    basis: &Basis<'_>,
    source: &Loaded,
    reconciler: &mut Reconciler,
) -> Result<Vec<Client>, AppError> {
    let mut inputs = Inputs::of(basis, source);
    let mut clients = Vec::with_capacity(source.entries.len());
    for group in snapshot::groups(&source.entries) {
        let contents = snapshot::contents(&env.table, &source.pinned.source, group).await?;
        for (entry, records) in group.iter().zip(&contents) {
            let account = &entry.account;
            let id = ClientId::new(account.id.as_str()).map_err(|e| AppError::damaged(account.id.as_str(), e))?;
            let client = reconciler.client(&id, &account.name)?;
            if !account.read_state.is_complete() {
                reconciler.client_read_state(client, account.read_state.clone());
            }
            inputs.note(entry, records)?;
            for record in records {
                if let Record::Line(line) = record {
                    reconciler.billed_line(line)?;
                }
            }
            clients.push(Client { id, name: account.name.clone(), facts: account.facts.clone() });
        }
        inputs.keep_if_full(env).await?;
    }
    inputs.keep(env).await?;
    Ok(clients)
}

/// The accounts of a usage source with their items and mappings.
async fn push_usage(
    env: &Environment,
    basis: &Basis<'_>,
    source: &Loaded,
    clients: &[Client],
    reconciler: &mut Reconciler,
) -> Result<Vec<AccountMapping>, AppError> {
    let id = &source.pinned.source;
    let accounts: Vec<&Account> = source.entries.iter().map(|entry| &entry.account).collect();
    let none = BTreeMap::new();
    let decided = basis.decisions.get(id).unwrap_or(&none);
    let mappings = account_mapping::of_accounts(&accounts, clients, decided, &basis.config.settings.mapping);
    let mut each = mappings.iter();
    let mut inputs = Inputs::of(basis, source);
    for group in snapshot::groups(&source.entries) {
        let contents = snapshot::contents(&env.table, id, group).await?;
        for (entry, records) in group.iter().zip(&contents) {
            let account = &entry.account;
            let number = reconciler.account(id, &account.id, &account.name, &account.read_state)?;
            inputs.note(entry, records)?;
            let Some(found) = each.next() else { continue };
            match &found.split {
                Some(split) => push_parts(number, split, records, reconciler)?,
                None => {
                    reconciler.decide(number, found.mapping.clone())?;
                    found.or_else.iter().try_for_each(|client| reconciler.propose(number, client))?;
                    push_items(number, records, reconciler, |_| true)?;
                }
            }
        }
        inputs.keep_if_full(env).await?;
    }
    inputs.keep(env).await?;
    Ok(mappings)
}

fn push_items(
    number: AccountNo,
    records: &[Record],
    reconciler: &mut Reconciler,
    is_wanted: impl Fn(&UsageItem) -> bool,
) -> Result<(), AppError> {
    for record in records {
        if let Record::Item(item) = record
            && is_wanted(item)
        {
            reconciler.usage_item(number, ItemRef::from(item))?;
        }
    }
    Ok(())
}

/// Each client its part; what has none of the values stays with the account, which is nobody's.
fn push_parts(
    number: AccountNo,
    split: &Split,
    records: &[Record],
    reconciler: &mut Reconciler,
) -> Result<(), AppError> {
    let is_listed = |item: &UsageItem| value_of(item, split).is_some_and(|value| split.parts.contains_key(value));
    let mut unlisted = BTreeMap::<Option<&str>, u64>::new();
    for record in records {
        if let Record::Item(item) = record
            && !is_listed(item)
        {
            *unlisted.entry(value_of(item, split)).or_default() += 1;
        }
    }
    reconciler.decide(number, Mapping::Split { why: in_words(&split.by, &unlisted) })?;
    push_items(number, records, reconciler, |item| !is_listed(item))?;
    for (value, client) in &split.parts {
        let part = reconciler.part(number, &format!("{} {value}", split.by), client)?;
        push_items(part, records, reconciler, |item| value_of(item, split) == Some(value))?;
    }
    Ok(())
}

fn value_of<'a>(item: &'a UsageItem, split: &Split) -> Option<&'a str> {
    item.attributes.get(&split.by).map(String::as_str)
}

/// ``split by site; these are nobody's yet: `14` (3 items), without a site (1 item)``.
fn in_words(by: &str, unlisted: &BTreeMap<Option<&str>, u64>) -> String {
    let item = |count: u64| if count == 1 { "1 item".to_owned() } else { format!("{count} items") };
    let one = |(value, count): (&Option<&str>, &u64)| match value {
        Some(value) => format!("`{value}` ({})", item(*count)),
        None => format!("without a {by} ({})", item(*count)),
    };
    let mut named: Vec<String> = unlisted.iter().rev().take(UNLISTED_NAMED).map(one).collect();
    if unlisted.len() > UNLISTED_NAMED {
        named.push(format!("and {} more", unlisted.len() - UNLISTED_NAMED));
    }
    match named.as_slice() {
        [] => format!("split by {by}"),
        named => format!("split by {by}; these are nobody's yet: {}", named.join(", ")),
    }
}

/// What the run read of one source, to be written down as its inputs: in parts, so that no source is too large to be
/// held, neither here nor where the parts are hashed.
struct Inputs<'a> {
    run: Option<&'a Run>,
    source: &'a SourceId,
    lines: jsonl_gz::Lines,
    /// Parts that are kept.
    parts: u32,
}

impl<'a> Inputs<'a> {
    fn of(basis: &Basis<'a>, source: &'a Loaded) -> Self {
        Self {
            run: basis.run.filter(|_| source.pinned.snapshot.is_some()),
            source: &source.pinned.source,
            lines: jsonl_gz::Lines::default(),
            parts: 0,
        }
    }

    /// What was read of an account, as a line for the account and one for each record.
    fn note(&mut self, entry: &SnapshotAccount, records: &[Record]) -> Result<(), AppError> {
        if self.run.is_none() {
            return Ok(());
        }
        self.lines.push(&Named { account: &entry.account })?;
        records.iter().try_for_each(|record| self.lines.push(record))
    }

    /// Keeps a part that is large enough, and begins another.
    async fn keep_if_full(&mut self, env: &Environment) -> Result<(), AppError> {
        if self.lines.plain_bytes < PART_BYTES {
            return Ok(());
        }
        let lines = std::mem::take(&mut self.lines);
        self.keep_part(env, lines).await
    }

    /// Keeps the last part; a source that has nothing has an empty one.
    async fn keep(mut self, env: &Environment) -> Result<(), AppError> {
        let lines = std::mem::take(&mut self.lines);
        if self.parts > 0 && lines.plain_bytes == 0 {
            return Ok(());
        }
        self.keep_part(env, lines).await
    }

    async fn keep_part(&mut self, env: &Environment, lines: jsonl_gz::Lines) -> Result<(), AppError> {
        let Some(run) = self.run else { return Ok(()) };
        self.parts += 1;
        let part = if self.parts == 1 { String::new() } else { format!(".{:04}", self.parts) };
        let file = format!("inputs/{}{part}.jsonl.gz", self.source);
        env.archive_new(&keys::report(run.manifest.month, &run.run_id, &file), lines.finish()?).await
    }
}

#[derive(serde::Serialize)]
struct Named<'a> {
    account: &'a Account,
}
