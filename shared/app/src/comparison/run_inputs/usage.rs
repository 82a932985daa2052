//! A source of usage: its accounts with their items, whose they are, and what is known of each.

use jiff::Span;
use jiff::civil::Date;
use truecount_billing::{AccountList, ItemMove, ReadReason, ReadState, UsageItem};
use truecount_connectors::{SourceKind, source_kind};
use truecount_reconciliation::{
    AccountBelonging, ItemColumns, ItemsRead, KnownMoves, RunInputs, UsageAccount, UsageSource,
};
use truecount_rules::KindVocabulary;
use truecount_store::{EarlierReading, FrozenSource, InputAccount, ListedAccount, SnapshotEntry};

use super::billed::BilledSide;
use super::days::DaysRead;
use super::whose::Whose;
use super::words::Words;
use super::{ComparisonInputs, LoadedSource, is_partial};
use crate::AppError;
use crate::account_mapping::{AccountMapping, Candidates, Mapping};
use crate::settings::frozen_profile;
use crate::vocabulary::vocabulary_of;

/// For how many days a snapshot of a source of no known kind can be used: there is none.
const FRESH_DAYS: u32 = 0;

/// A source whose accounts and items were read, before it is known whose they are.
pub(super) struct UsageRead {
    pub(super) loaded: LoadedSource,
    described: UsageSource,
    /// What is known of each account, in the order of the list.
    readings: Vec<ItemsRead>,
    days: DaysRead,
}

/// Reads the items of a source into `inputs`.
pub(super) async fn read(
    of: &ComparisonInputs<'_>,
    source: &FrozenSource,
    inputs: &mut RunInputs,
) -> Result<UsageRead, AppError> {
    let kind = source_kind(&source.connector);
    let (mut reader, mut accounts, mut readings) = (SourceReader::of(of, source, kind, inputs), Vec::new(), Vec::new());
    let mut groups = of.accounts.of(source);
    while let Some(group) = groups.next_group().await? {
        for account in group {
            let (listed, reading) = reader.reading(account)?;
            readings.push(reading);
            accounts.push(listed);
        }
    }
    let days = DaysRead::of(of, source, &accounts, &mut reader).await?;
    let SourceReader { source: mut described, words, .. } = reader;
    described.words = words.into_words();
    declare_words(&mut described, kind, &of.rules.us().partner_ids);
    Ok(UsageRead { loaded: LoadedSource { frozen: source.clone(), accounts }, described, readings, days })
}

/// Adds the accounts of a source to `inputs`, with whose they are.
pub(super) fn add(
    of: &ComparisonInputs<'_>,
    read: UsageRead,
    whose: &Whose<'_>,
    billed: &mut BilledSide,
    inputs: &mut RunInputs,
) -> LoadedSource {
    let UsageRead { loaded, mut described, readings, mut days } = read;
    (described.none_for_rest, described.none) = (whose.nones.is_for_rest(), whose.nones.clients());
    let of_accounts = belonging(&loaded, whose, billed);
    let number = inputs.sources.len();
    let known = loaded.accounts.iter().zip(of_accounts).zip(readings);
    inputs.accounts.extend(known.map(|((listed, belongs), reading)| {
        let (id, name) = (listed.account.id.clone(), listed.account.name.clone());
        let days = days.of_account(&id);
        UsageAccount { days, ..UsageAccount::new(number, id, name, belongs, reading) }
    }));
    let former = days.former(number, |former| {
        let former = LoadedSource { frozen: loaded.frozen.clone(), accounts: former };
        let whose = Whose::of(of, &[&former], &billed.known);
        let of_former = whose.first().map(|whose| belonging(&former, whose, billed));
        (former.accounts, of_former.unwrap_or_default())
    });
    inputs.accounts.extend(former);
    inputs.sources.push(described);
    loaded
}

/// Whose each account is, in the order of the list.
fn belonging(source: &LoadedSource, whose: &Whose<'_>, billed: &mut BilledSide) -> Vec<AccountBelonging> {
    let mut one = |entry: &ListedAccount, mapping: &AccountMapping, candidates: &Option<Candidates>| match (
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
            let clients = candidates.iter().flat_map(Candidates::clients);
            let may_be = clients.filter(|client| !whose.nones.excludes(client, entry.history.since));
            AccountBelonging::Undecided { may_be: may_be.map(|client| billed.number_of(client)).collect() }
        }
    };
    let accounts = source.accounts.iter().zip(&whose.mappings).zip(&whose.candidates);
    accounts.map(|((entry, mapping), candidates)| one(entry, mapping, candidates)).collect()
}

pub(super) struct SourceReader<'r, 'i> {
    pub(super) source: UsageSource,
    /// Whether something is missing, and nobody knows of which account.
    is_partial: bool,
    /// Whether its items bring kinds of their own.
    is_open: bool,
    /// An earlier reading than of this day is of no use.
    oldest: Date,
    words: Words<'r>,
    items: &'i mut ItemColumns,
    moves: &'i mut KnownMoves,
    /// Ours, at vendors.
    partner_ids: &'r [String],
}

impl<'r, 'i> SourceReader<'r, 'i> {
    /// Nothing is read yet. Where something of the source is missing, an account may be missing, too.
    fn of(
        of: &ComparisonInputs<'r>,
        frozen: &FrozenSource,
        kind: Option<&SourceKind>,
        inputs: &'i mut RunInputs,
    ) -> Self {
        let (is_partial, count_day) = (is_partial(frozen), of.count_day.0);
        let profile = frozen_profile(frozen.file_profile.as_deref());
        let list = kind.map_or(AccountList::ByGrant, |kind| kind.list_of(&profile));
        let vocabulary = kind.map(|kind| vocabulary_of(&frozen.source, kind, &profile));
        let is_open = vocabulary.as_ref().is_none_or(|vocabulary| vocabulary.is_open);
        let fresh_days = kind.map_or(FRESH_DAYS, SourceKind::fresh_days);
        let source = UsageSource {
            id: frozen.source.clone(),
            kinds: vocabulary.map(|vocabulary| vocabulary.kinds).unwrap_or_default(),
            list: if is_partial && list.is_whole() { AccountList::ByGrant } else { list },
            was_read: frozen.snapshot.is_some(),
            synced_on: frozen.as_of.unwrap_or(count_day),
            fresh_days,
            last_failure: frozen.last_failure,
            unread_since: frozen.unread_since,
            none_for_rest: false,
            none: Default::default(),
            words: Default::default(),
        };
        let kept = of.words.get(&frozen.source).map(Vec::as_slice).unwrap_or_default();
        let mut reader = Self {
            source,
            is_partial,
            is_open,
            oldest: count_day.saturating_sub(Span::new().days(i64::from(fresh_days))),
            words: Words::of(&frozen.source, kept, of.rules),
            items: &mut inputs.items,
            moves: &mut inputs.moves,
            partner_ids: &of.rules.us().partner_ids,
        };
        for (source, name) in of.rules.kinds_counted() {
            if *source == frozen.source {
                reader.ensure_kind(name);
            }
        }
        reader
    }

    /// An account, and what is known of its items.
    fn reading(&mut self, mut account: InputAccount) -> Result<(ListedAccount, ItemsRead), AppError> {
        account.listed.counts.keys().for_each(|kind| self.words.kind(kind));
        let entries = std::mem::take(&mut account.entries);
        self.moves.add(&self.source.id, &account.listed.account.id, moves_of(&entries));
        let now = self.add(items_of(entries))?;
        let reading = match &account.listed.account.read_state {
            ReadState::Complete if self.is_partial => ItemsRead::Partial(now),
            ReadState::Complete => ItemsRead::Complete(now),
            _ if account.listed.is_gone() => self.gone(&account)?,
            ReadState::Partial(_) => ItemsRead::Partial(now),
            ReadState::Failed(_) => ItemsRead::Failed { earlier: self.last_complete(&account)? },
            ReadState::Doubtful(ReadReason::Dropped { .. }) => match self.before(&account)? {
                Some(_) if self.is_partial => ItemsRead::Partial(now),
                Some(before) => ItemsRead::Fell { now, before },
                None => ItemsRead::Doubtful,
            },
            ReadState::Doubtful(_) => ItemsRead::Doubtful,
        };
        Ok((account.listed, reading))
    }

    fn gone(&mut self, account: &InputAccount) -> Result<ItemsRead, AppError> {
        // What a list does not show by right may still be there, with any number of items.
        let before = if self.source.list.is_whole() { self.before(account)? } else { Some(0..0) };
        Ok(match before {
            Some(before) => ItemsRead::Gone { before, confirmed: None },
            None => ItemsRead::Doubtful,
        })
    }

    /// What an account held before it fell, or before it was gone: of each kind what was last relied on; `None`: not all
    /// of it was still stored.
    fn before(&mut self, account: &InputAccount) -> Result<Option<std::ops::Range<u32>>, AppError> {
        let is_gone = account.listed.is_gone();
        let bases = account.listed.bases.iter();
        let fallen = bases.filter(|(_, base)| base.has_fallen || is_gone && !base.count.is_zero());
        let mut before: Vec<UsageItem> = Vec::new();
        for (kind, base) in fallen {
            let holds = |found: &EarlierReading| found.counts.get(kind) == Some(&base.count);
            let Some(entries) = account.earlier_on(base.as_of, holds) else { return Ok(None) };
            before.extend(items_of(entries.to_vec()).into_iter().filter(|item| item.kind == *kind));
        }
        Ok(Some(self.add(before)?))
    }

    /// The newest complete reading of an account that was not read now, where it is new enough.
    fn last_complete(&mut self, account: &InputAccount) -> Result<Option<(Date, std::ops::Range<u32>)>, AppError> {
        let days = account.listed.bases.values().map(|base| base.as_of);
        let Some(day) = days.max().filter(|day| *day >= self.oldest) else { return Ok(None) };
        let found = account.earlier_on(day, |found| found.read_state.is_complete());
        found.map(|entries| Ok((day, self.add(items_of(entries.to_vec()))?))).transpose()
    }

    pub(super) fn add(&mut self, mut items: Vec<UsageItem>) -> Result<std::ops::Range<u32>, AppError> {
        for item in &mut items {
            name_seller(item, self.partner_ids);
            self.words.item(item);
            if self.is_open {
                self.ensure_kind(&item.kind);
            }
        }
        Ok(self.items.add(&items, &self.source.kinds)?)
    }

    /// Declares a kind that an open source brings.
    fn ensure_kind(&mut self, name: &str) {
        if self.is_open && !self.source.kinds.iter().any(|known| known.name == name) {
            self.source.kinds.push(KindVocabulary::of_open_source(name));
        }
    }
}

/// Who sold an item.
const SOLD_BY: &str = "sold_by";
/// The words for it: the client bought it itself, we sold it, or another partner did.
const CLIENT: &str = "client";
const US: &str = "us";
const OTHER: &str = "other";

/// Says who sold an item in the words of the rules, where they tell which partner ids are ours.
fn name_seller(item: &mut UsageItem, partner_ids: &[String]) {
    if let Some(seller) = item.attributes.get_mut(SOLD_BY).filter(|seller| *seller != CLIENT)
        && !partner_ids.is_empty()
    {
        let is_ours = partner_ids.iter().any(|id| id.trim().eq_ignore_ascii_case(seller.trim()));
        *seller = if is_ours { US } else { OTHER }.to_owned();
    }
}

/// Notes the words that attributes have by this program's own doing, whether or not an item has had them.
fn declare_words(source: &mut UsageSource, kind: Option<&SourceKind>, partner_ids: &[String]) {
    for item_kind in kind.map(|kind| kind.vocabulary.items).unwrap_or_default() {
        for attribute in item_kind.attributes {
            let ours = if attribute.name == SOLD_BY && !partner_ids.is_empty() { &[US, OTHER][..] } else { &[] };
            for word in attribute.words.iter().chain(ours) {
                source.words.declare(item_kind.name, attribute.name, word);
            }
        }
    }
}

fn moves_of(records: &[SnapshotEntry]) -> impl Iterator<Item = ItemMove> {
    records.iter().filter_map(|record| match record {
        SnapshotEntry::Move(one) => Some(one.clone()),
        SnapshotEntry::Item(_) | SnapshotEntry::Line(_) => None,
    })
}

pub(super) fn items_of(records: Vec<SnapshotEntry>) -> Vec<UsageItem> {
    let item = |record| match record {
        SnapshotEntry::Item(item) => Some(item),
        SnapshotEntry::Line(_) | SnapshotEntry::Move(_) => None,
    };
    records.into_iter().filter_map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use truecount_billing::ItemId;

    #[test]
    fn a_seller_is_named_where_the_rules_say_who_we_are() {
        let named = |seller: &str, ids: &[&str]| {
            let mut item = UsageItem::new(ItemId::new("1").unwrap(), "licence");
            item.attributes.insert(SOLD_BY.to_owned(), seller.to_owned());
            let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            name_seller(&mut item, &ids);
            item.attributes.remove(SOLD_BY).unwrap()
        };
        assert_eq!(named("T-77", &[]), "T-77", "nobody said who we are");
        assert_eq!(named("T-77", &["t-77 "]), US);
        assert_eq!(named("T-9", &["T-77"]), OTHER);
        assert_eq!(named(CLIENT, &["T-77"]), CLIENT);
    }
}
