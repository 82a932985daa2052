//! A source of usage: its accounts with their items, whose they are, and what is known of each.

use jiff::Span;
use jiff::civil::Date;
use truecount_billing::{Account, AccountList, ReadReason, ReadState, Unit, UsageItem};
use truecount_connectors::{SourceKind, source_kind};
use truecount_reconciliation::{AccountBelonging, ItemColumns, ItemsRead, RunInputs, UsageAccount, UsageSource};
use truecount_rules::{IdentityKey, KindVocabulary};
use truecount_store::{Base, SnapshotAccount, SnapshotEntry, groups};

use super::billed::BilledSide;
use super::earlier::EarlierSnapshots;
use super::may_be::possible_clients;
use super::nones::Nones;
use super::words::Words;
use super::{ComparisonInputs, LoadedSource, input_writer, is_partial};
use crate::account_mapping::{self, AccountMapping, Mapping};
use crate::vocabulary::vocabulary_of;
use crate::{AppError, Environment};

/// For how many days a snapshot of a source of no known kind can be used: there is none.
const FRESH_DAYS: u32 = 0;

/// Reads a source into `inputs`; answers the mapping of each account in the order of the list.
pub(super) async fn read(
    env: &Environment,
    of: &ComparisonInputs<'_>,
    source: &LoadedSource,
    billed: &mut BilledSide,
    inputs: &mut RunInputs,
) -> Result<Vec<AccountMapping>, AppError> {
    let number = inputs.sources.len();
    let kind = source_kind(&source.frozen.connector);
    let rules = &of.config.rules;
    let mappings = mappings(of, source, billed);
    let records = of.nones.get(&source.frozen.source).map(Vec::as_slice).unwrap_or_default();
    let nones = Nones::of(records, mappings.iter().flat_map(AccountMapping::clients).collect());
    let belonging = belonging(source, &mappings, kind, &nones, billed);
    let words = Words::read(env, &source.frozen.source, of.count_day.0, rules).await?;
    let described = usage_source(source, kind, of.count_day.0, &nones);
    let is_open = kind.is_none_or(SourceKind::is_open);
    let mut reader = SourceReader {
        is_partial: is_partial(source),
        is_open,
        oldest: of.count_day.0.saturating_sub(Span::new().days(i64::from(described.fresh_days))),
        source: described,
        words,
        earlier: EarlierSnapshots::of(env, &source.frozen),
        items: &mut inputs.items,
    };
    for (of_source, name) in rules.kinds_counted() {
        if *of_source == source.frozen.source {
            reader.ensure_kind(name);
        }
    }
    let mut belonging = belonging.into_iter();
    let mut writer = input_writer(env, of, source);
    for group in groups(&source.accounts) {
        let contents = SnapshotAccount::contents(&env.store, &source.frozen.source, group).await?;
        for (entry, records) in group.iter().zip(contents) {
            writer.push(&entry.account, &records)?;
            let reading = reader.reading(entry, records).await?;
            inputs.accounts.push(UsageAccount {
                source: number,
                id: entry.account.id.clone(),
                name: entry.account.name.clone(),
                belongs: belonging.next().unwrap_or(AccountBelonging::Undecided { may_be: Vec::new() }),
                reading,
            });
        }
        writer.flush_if_full().await?;
    }
    writer.finish().await?;
    let SourceReader { mut source, words, .. } = reader;
    source.words = words.into_words();
    inputs.sources.push(source);
    Ok(mappings)
}

/// The source itself. Where something of it is missing, an account may be missing, too.
fn usage_source(source: &LoadedSource, kind: Option<&SourceKind>, count_day: Date, nones: &Nones<'_>) -> UsageSource {
    let frozen = &source.frozen;
    let list = kind.map_or(AccountList::ByGrant, |kind| kind.list);
    UsageSource {
        id: frozen.source.clone(),
        kinds: kind.map(|kind| vocabulary_of(&frozen.source, kind).kinds).unwrap_or_default(),
        list: if is_partial(source) { AccountList::ByGrant } else { list },
        was_read: frozen.snapshot.is_some(),
        synced_on: frozen.as_of.unwrap_or(count_day),
        fresh_days: kind.map_or(FRESH_DAYS, SourceKind::fresh_days),
        last_failure: frozen.last_failure,
        none_for_rest: nones.is_for_rest(),
        none: nones.clients(),
        words: Default::default(),
    }
}

/// The mapping of each account, in the order of the list.
fn mappings(of: &ComparisonInputs<'_>, source: &LoadedSource, billed: &BilledSide) -> Vec<AccountMapping> {
    let accounts: Vec<&Account> = source.accounts.iter().map(|entry| &entry.account).collect();
    let none = Default::default();
    let decided = of.mappings.get(&source.frozen.source).unwrap_or(&none);
    account_mapping::of_accounts(&accounts, &billed.known, decided, &of.config.settings.mapping)
}

/// Whose each account is, in the order of the list.
fn belonging(
    source: &LoadedSource,
    mappings: &[AccountMapping],
    kind: Option<&SourceKind>,
    nones: &Nones<'_>,
    billed: &mut BilledSide,
) -> Vec<AccountBelonging> {
    let accounts: Vec<&Account> = source.accounts.iter().map(|entry| &entry.account).collect();
    let may_be = possible_clients(&accounts, mappings, &billed.known, kind);
    let mut one = |((entry, mapping), may_be): ((&SnapshotAccount, &AccountMapping), Vec<_>)| match (
        &mapping.split,
        &mapping.mapping,
    ) {
        (Some(split), _) => AccountBelonging::Split {
            by: split.by.clone(),
            parts: split.parts.iter().map(|(word, client)| (word.clone(), billed.number_of(client))).collect(),
        },
        (None, Mapping::Confirmed { client_id, .. }) => AccountBelonging::Client(billed.number_of(client_id)),
        (None, Mapping::Ignored { .. }) => AccountBelonging::Ignored,
        (None, Mapping::Undecided { .. } | Mapping::Split { .. }) => {
            let may_be = may_be.iter().filter(|client| !nones.excludes(client, entry.history.since));
            AccountBelonging::Undecided { may_be: may_be.map(|client| billed.number_of(client)).collect() }
        }
    };
    source.accounts.iter().zip(mappings).zip(may_be).map(&mut one).collect()
}

struct SourceReader<'a, 'r> {
    source: UsageSource,
    /// Whether something is missing, and nobody knows of which account.
    is_partial: bool,
    /// Whether its items bring kinds of their own.
    is_open: bool,
    /// An earlier reading than of this day is of no use.
    oldest: Date,
    words: Words<'r>,
    earlier: EarlierSnapshots<'a>,
    items: &'a mut ItemColumns,
}

impl SourceReader<'_, '_> {
    /// What is known of an account's items.
    async fn reading(&mut self, entry: &SnapshotAccount, records: Vec<SnapshotEntry>) -> Result<ItemsRead, AppError> {
        entry.counts.keys().for_each(|kind| self.words.kind(kind));
        let now = self.add(items_of(records))?;
        Ok(match &entry.account.read_state {
            ReadState::Complete if self.is_partial => ItemsRead::Partial(now),
            ReadState::Complete => ItemsRead::Complete(now),
            _ if entry.is_gone() => self.gone(entry).await?,
            ReadState::Partial(_) => ItemsRead::Partial(now),
            ReadState::Failed(_) => ItemsRead::Failed { earlier: self.last_complete(entry).await? },
            ReadState::Doubtful(ReadReason::Dropped { .. }) => match self.before(entry).await? {
                Some(_) if self.is_partial => ItemsRead::Partial(now),
                Some(before) => ItemsRead::Fell { now, before },
                None => ItemsRead::Doubtful,
            },
            ReadState::Doubtful(_) => ItemsRead::Doubtful,
        })
    }

    async fn gone(&mut self, entry: &SnapshotAccount) -> Result<ItemsRead, AppError> {
        // What a list does not show by right may still be there, with any number of items.
        let before = if self.source.list == AccountList::ByGrant { Some(0..0) } else { self.before(entry).await? };
        Ok(match before {
            Some(before) => ItemsRead::Gone { before, confirmed: None },
            None => ItemsRead::Doubtful,
        })
    }

    /// What an account held before it fell, or before it was gone: of each kind what was last relied on; `None`: not all
    /// of it is still stored.
    async fn before(&mut self, entry: &SnapshotAccount) -> Result<Option<std::ops::Range<u32>>, AppError> {
        let is_gone = entry.is_gone();
        let fallen = entry.bases.iter().filter(|(_, base)| base.fall.is_some() || is_gone && !base.count.is_zero());
        let mut before: Vec<UsageItem> = Vec::new();
        for (kind, Base { count, as_of, .. }) in fallen {
            let holds = |found: &SnapshotAccount| found.counts.get(kind) == Some(count);
            let Some(records) = self.earlier.contents_of(&entry.account.id, *as_of, holds).await? else {
                return Ok(None);
            };
            before.extend(items_of(records).into_iter().filter(|item| item.kind == *kind));
        }
        Ok(Some(self.add(before)?))
    }

    /// The newest complete reading of an account that was not read now, where it is new enough.
    async fn last_complete(
        &mut self,
        entry: &SnapshotAccount,
    ) -> Result<Option<(Date, std::ops::Range<u32>)>, AppError> {
        let Some(day) = entry.bases.values().map(|base| base.as_of).max().filter(|day| *day >= self.oldest) else {
            return Ok(None);
        };
        let is_complete = |found: &SnapshotAccount| found.account.read_state.is_complete();
        let found = self.earlier.contents_of(&entry.account.id, day, is_complete).await?;
        found.map(|records| Ok((day, self.add(items_of(records))?))).transpose()
    }

    fn add(&mut self, items: Vec<UsageItem>) -> Result<std::ops::Range<u32>, AppError> {
        for item in &items {
            self.words.item(item);
            if self.is_open {
                self.ensure_kind(&item.kind);
            }
        }
        Ok(self.items.add(&items, &self.source.kinds)?)
    }

    /// Declares a kind that an open source brings. Its items are told apart as devices are.
    fn ensure_kind(&mut self, name: &str) {
        if self.is_open && !self.source.kinds.iter().any(|known| known.name == name) {
            self.source.kinds.push(KindVocabulary {
                name: name.to_owned(),
                unit: Unit::Each,
                identity: vec![IdentityKey::Serial, IdentityKey::Mac, IdentityKey::Name],
                stale_days: None,
                usual: Vec::new(),
                attributes: Vec::new(),
                is_person: false,
            });
        }
    }
}

fn items_of(records: Vec<SnapshotEntry>) -> Vec<UsageItem> {
    let item = |record| match record {
        SnapshotEntry::Item(item) => Some(item),
        SnapshotEntry::Line(_) => None,
    };
    records.into_iter().filter_map(item).collect()
}
