//! The items of one source that are, or may be, a client's; which of them can be one device or person; and why there may
//! be more than these.

use std::ops::Range;

use hashbrown::HashMap;
use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{AccountList, attribute_words};

use crate::columns::{ItemColumns, ItemNo};
use crate::evidence::{Doubt, Widening};
use crate::machines::{root, unite};
use crate::peak_days::{DayBefore, OnDay};
use crate::run_index::RunIndex;
use crate::run_inputs::{AccountBelonging, ItemsRead, RunInputs, UsageSource};
use crate::two_clients::DevicesOfTwo;

/// How surely an item is the client's. In this order the ledger tells what they add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    Own,
    Split,
    Fell,
    Gone,
    Undecided,
}

/// Whether an item is at another client, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Elsewhere {
    /// As far as anybody knows, it is not.
    #[default]
    No,
    /// It is, and was seen here last.
    Before,
    /// It is, and may have been seen there last.
    Since,
}

/// An item that is, or may be, the client's.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) item: ItemNo,
    /// The same item by another reading: what it is was true before a day that was not read, or afterwards.
    pub(crate) also: Option<ItemNo>,
    pub(crate) account: usize,
    pub(crate) origin: Origin,
    /// The day of the snapshot that has it: days since it was last seen are counted from there.
    pub(crate) snapshot_day: Date,
    /// Its quantity before a fall that nobody has confirmed.
    pub(crate) larger: Option<Decimal>,
    /// It was there before a fall that nobody has confirmed, or on one side only of a day that was not read.
    pub(crate) has_fallen: bool,
    /// It was in a shared account that is gone, and nobody knows whose it was.
    pub(crate) is_of_anybody: bool,
    /// Whether another client has the device, too.
    pub(crate) elsewhere: Elsewhere,
}

/// What makes all counts of a source doubtful that is read: they are older than they could be.
fn older(kept: &UsageSource, source: usize) -> Option<Doubt> {
    let synced_on = kept.synced_on;
    match (kept.last_failure, kept.unread_since) {
        (Some(failed_on), _) => Some(Doubt::OlderReading { source, synced_on, failed_on }),
        (None, Some(closing)) => Some(Doubt::NotSinceClosing { source, synced_on, closing }),
        (None, None) => None,
    }
}

impl Candidate {
    /// Whether it is the client's, whatever else holds.
    #[inline]
    pub(crate) fn is_surely_own(&self) -> bool {
        self.origin == Origin::Own && !self.has_fallen
    }

    /// Whether it may be absent by itself, whatever else holds.
    #[inline]
    pub(crate) fn is_loose(&self) -> bool {
        self.has_fallen || self.is_of_anybody || matches!(self.origin, Origin::Split | Origin::Fell)
    }
}

/// The candidates of one client in one source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool {
    pub(crate) candidates: Vec<Candidate>,
    /// The client's accounts that the list no longer has and that may still be there, in their order.
    pub(crate) gone: Vec<usize>,
    /// Candidates that are like no other.
    pub(crate) singles: Vec<usize>,
    /// Candidates that can be one device or person with another.
    pub(crate) groups: Vec<Vec<usize>>,
    /// Why nobody knows an upper end.
    pub(crate) open: Vec<Widening>,
    pub(crate) widenings: Vec<Widening>,
    pub(crate) doubts: Vec<Doubt>,
    /// Of candidates that another client has, too: the items that they are there.
    pub(crate) elsewhere: HashMap<ItemNo, Vec<ItemNo>>,
    /// Whether it is that of every client without an account in the source.
    pub(crate) is_shared: bool,
}

/// Which undecided accounts are looked at.
pub(crate) type Allowed<'a> = Option<&'a dyn Fn(usize) -> bool>;

impl Pool {
    /// The candidates of a client. `allowed`: which undecided accounts may be its; `None`: any.
    pub(crate) fn of(
        inputs: &RunInputs,
        index: &RunIndex,
        client: usize,
        source: usize,
        on: PoolDay<'_>,
        allowed: Allowed<'_>,
    ) -> Self {
        let count_day = on.count_day;
        let mut pool = Self::default();
        let kept = &inputs.sources[source];
        if let Some(unread) = unread(kept, source, count_day) {
            pool.open.push(unread);
            return pool;
        }
        pool.doubts.extend(older(kept, source));
        let decided = index.decided(client, source);
        let is_none = is_none(inputs, client, source);
        if decided.is_empty() && !is_none {
            match kept.list {
                AccountList::Owned => pool.doubts.push(Doubt::NoAccount { source }),
                AccountList::ByGrant => pool.open.push(Widening::NoAccountByGrant { source }),
                AccountList::Exported => pool.open.push(Widening::NoAccountInFile { source }),
            }
        }
        let possible = Self::possible(inputs, index, client, source);
        let has_successor = !possible.is_empty();
        let devices = on.before.map_or(&index.devices_of_two, |(_, devices)| devices);
        let reader = Reader { inputs, devices: Some((index, devices)), on, client, has_successor };
        for account in possible.iter().copied().filter(|account| allowed.is_none_or(|allowed| allowed(*account))) {
            reader.read(account, Some(Origin::Undecided), &mut pool);
        }
        for account in decided {
            reader.read(*account, None, &mut pool);
        }
        let former = if on.before.is_some() { index.former(client, source) } else { &[] };
        for account in former.iter().filter(|one| one.is_decided || allowed.is_none_or(|allowed| allowed(one.number))) {
            reader.read(account.number, (!account.is_decided).then_some(Origin::Undecided), &mut pool);
        }
        pool.gone.sort_unstable();
        pool.group(&inputs.items);
        pool
    }

    /// The undecided accounts that may be a client's: those that resemble it; all, where it has no other and nobody
    /// decided that it has none.
    pub(crate) fn possible<'i>(inputs: &RunInputs, index: &'i RunIndex, client: usize, source: usize) -> &'i [usize] {
        let is_whole = inputs.sources[source].list.is_whole();
        let only_like = !is_whole || is_none(inputs, client, source) || !index.decided(client, source).is_empty();
        index.possible(client, source, only_like)
    }

    /// Whether any undecided account of a source may be a client's: it has none there, and nobody decided that.
    pub(crate) fn is_of_all_undecided(inputs: &RunInputs, index: &RunIndex, client: usize, source: usize) -> bool {
        inputs.sources[source].list.is_whole()
            && !is_none(inputs, client, source)
            && index.decided(client, source).is_empty()
    }

    /// The candidates of a client for which that is so.
    pub(crate) fn of_all_undecided(inputs: &RunInputs, index: &RunIndex, source: usize, on: PoolDay<'_>) -> Self {
        let kept = &inputs.sources[source];
        if let Some(unread) = unread(kept, source, on.count_day) {
            return Self { open: vec![unread], ..Self::default() };
        }
        let accounts = index.undecided(source);
        let mut pool = Self::of_undecided(inputs, accounts, on);
        pool.widenings.clear();
        pool.open.dedup_by(|one, other| one.is_of_unread_days() && other.is_of_unread_days());
        pool.doubts.clear();
        if !accounts.is_empty() {
            pool.widenings.push(Widening::AnyUndecided { source, accounts: accounts.len() });
        }
        pool.is_shared = true;
        pool.doubts.extend(older(kept, source));
        pool.doubts.push(Doubt::NoAccount { source });
        pool
    }

    /// The items of an account, as if all of it were one client's.
    pub(crate) fn of_account(inputs: &RunInputs, account: usize, count_day: Date) -> Self {
        let mut pool = Self::default();
        let reader = Reader::of_anybody(inputs, PoolDay::count(count_day));
        reader.read(account, Some(Origin::Own), &mut pool);
        pool.group(&inputs.items);
        pool
    }

    /// The items of undecided accounts, whosever they may be.
    pub(crate) fn of_undecided(inputs: &RunInputs, accounts: &[usize], on: PoolDay<'_>) -> Self {
        let mut pool = Self::default();
        let reader = Reader::of_anybody(inputs, on);
        for account in accounts {
            reader.read(*account, Some(Origin::Undecided), &mut pool);
        }
        pool.group(&inputs.items);
        pool
    }

    /// Finds the candidates that can be one with another: those that share any identity, and those of several accounts
    /// that have one id.
    fn group(&mut self, items: &ItemColumns) {
        let twins = self.same_ids(items);
        if twins.is_empty() && items.has_no_identities() {
            self.singles = (0..self.candidates.len()).collect();
            return;
        }
        let mut first: HashMap<_, usize> = HashMap::new();
        let mut links: Vec<usize> = (0..self.candidates.len()).collect();
        twins.into_iter().for_each(|(one, other)| unite(&mut links, one, other));
        for (at, candidate) in self.candidates.iter().enumerate() {
            let also = candidate.also.map(|also| items.identities(also)).unwrap_or_default();
            for identity in items.identities(candidate.item).iter().chain(also) {
                match first.entry(*identity) {
                    hashbrown::hash_map::Entry::Occupied(known) => unite(&mut links, *known.get(), at),
                    hashbrown::hash_map::Entry::Vacant(free) => {
                        free.insert(at);
                    }
                }
            }
        }
        let mut of_root: HashMap<usize, Vec<usize>> = HashMap::new();
        for at in 0..links.len() {
            let root = root(&mut links, at);
            if root != at {
                of_root.entry(root).or_insert_with(|| vec![root]).push(at);
            }
        }
        let mut grouped = vec![false; self.candidates.len()];
        self.groups = of_root.into_values().collect();
        for group in &mut self.groups {
            group.sort_unstable();
            group.iter().for_each(|at| grouped[*at] = true);
        }
        self.groups.sort_unstable();
        self.singles = (0..grouped.len()).filter(|at| !grouped[*at]).collect();
    }
}

impl Pool {
    /// Pairs of candidates that may be one item by its id: ids are unique within source and kind.
    fn same_ids(&self, items: &ItemColumns) -> Vec<(usize, usize)> {
        let has_several_accounts = self.candidates.windows(2).any(|pair| pair[0].account != pair[1].account);
        if !has_several_accounts || !items.has_ids_of_source() {
            return Vec::new();
        }
        let mut of_id: HashMap<&str, Vec<usize>> = HashMap::with_capacity(self.candidates.len());
        let mut found = Vec::new();
        for (at, candidate) in self.candidates.iter().enumerate() {
            let known = of_id.entry(items.id(candidate.item)).or_default();
            let kind = items.kind(candidate.item);
            let may_be_it = |other: &&usize| {
                let other = &self.candidates[**other];
                let other_kind = items.kind(other.item);
                other.account != candidate.account && (kind == other_kind || kind.is_none() || other_kind.is_none())
            };
            found.extend(known.iter().filter(may_be_it).map(|other| (*other, at)));
            known.push(at);
        }
        found
    }
}

/// Whether it is decided that a client has nothing in a source.
fn is_none(inputs: &RunInputs, client: usize, source: usize) -> bool {
    let kept = &inputs.sources[source];
    kept.none_for_rest || inputs.clients.get(client).is_some_and(|one| kept.none.contains(&one.id))
}

/// Why a source cannot be used at all.
pub(crate) fn unread(source: &UsageSource, number: usize, count_day: Date) -> Option<Widening> {
    if !source.was_read {
        return Some(Widening::SourceNotRead { source: number });
    }
    let is_fresh = is_fresh(source.synced_on, count_day, source.fresh_days);
    (!is_fresh).then_some(Widening::SourceTooOld { source: number, synced_on: source.synced_on })
}

/// Whether a reading of a day can be used on the count day.
pub(crate) fn is_fresh(day: Date, count_day: Date, fresh_days: u32) -> bool {
    let age = (count_day - day).get_days();
    (0..=i64::from(fresh_days)).contains(&i64::from(age))
}

/// The day of which the candidates are.
#[derive(Clone, Copy)]
pub(crate) struct PoolDay<'a> {
    pub(crate) count_day: Date,
    /// A day before it, with the devices that stood at two clients then; `None`: the count day.
    pub(crate) before: Option<(DayBefore, &'a DevicesOfTwo)>,
}

impl PoolDay<'_> {
    /// The count day.
    pub(crate) const fn count(count_day: Date) -> Self {
        Self { count_day, before: None }
    }
}

struct Reader<'a> {
    inputs: &'a RunInputs,
    /// Devices of two clients; `None`: that is not looked at.
    devices: Option<(&'a RunIndex, &'a DevicesOfTwo)>,
    on: PoolDay<'a>,
    client: usize,
    /// Whether an undecided account may have taken the place of one that is gone.
    has_successor: bool,
}

/// The clients whose an item of a shared account is by the words of the split; none: it may be any of them.
pub(crate) fn owners_of_split(inputs: &RunInputs, by: &str, parts: &[(String, usize)], item: ItemNo) -> Vec<usize> {
    let is_part = |word: &str, part: &str| word.trim().to_lowercase() == part.trim().to_lowercase();
    let words = inputs.items.attribute(item, by).into_iter().flat_map(|text| attribute_words(by, text));
    let owners = words.flat_map(|word| parts.iter().filter(move |(part, _)| is_part(word, part)));
    owners.map(|(_, client)| *client).collect()
}

impl<'a> Reader<'a> {
    /// That of items which may be anybody's.
    const fn of_anybody(inputs: &'a RunInputs, on: PoolDay<'a>) -> Self {
        Self { inputs, devices: None, on, client: usize::MAX, has_successor: true }
    }

    /// Puts the items of an account in. `origin`: what all of them are; `None`: the account is decided.
    fn read(&self, number: usize, origin: Option<Origin>, pool: &mut Pool) {
        let account = &self.inputs.accounts[number];
        let source = &self.inputs.sources[account.source];
        let snapshot_day = self.on.before.map_or(source.synced_on, |(before, _)| before.day.min(source.synced_on));
        let of = Items { reader: self, number, origin, snapshot_day };
        if origin.is_some() {
            pool.widenings.push(Widening::AccountUndecided { account: number });
        }
        if let Some((before, _)) = self.on.before
            && let Some(known) = Some(before.of_account(self.inputs, number)).filter(|known| *known != OnDay::AsNow)
        {
            return of.add_of_day(known, pool);
        }
        match &account.reading {
            ItemsRead::Complete(now) => of.add(now.clone(), Then::None, pool),
            ItemsRead::Partial(now) => {
                pool.open.push(Widening::AccountPartial { account: number });
                of.add(now.clone(), Then::None, pool);
            }
            ItemsRead::Failed { earlier: Some((day, items)) }
                if is_fresh(*day, self.on.count_day, source.fresh_days) =>
            {
                pool.doubts.push(Doubt::EarlierReading { account: number, as_of: *day });
                Items { snapshot_day: *day, ..of }.add(items.clone(), Then::None, pool);
            }
            ItemsRead::Failed { .. } => pool.open.push(Widening::AccountFailed { account: number }),
            ItemsRead::Doubtful => pool.open.push(Widening::AccountDoubtful { account: number }),
            ItemsRead::Fell { now, before } => {
                pool.widenings.push(Widening::AccountFell { account: number });
                of.add(now.clone(), Then::Before(before.clone(), Origin::Fell), pool);
            }
            ItemsRead::Gone { .. } if !source.list.is_whole() => {
                pool.open.push(Widening::AccountFailed { account: number });
            }
            ItemsRead::Gone { confirmed: Some(since), .. } if !self.has_successor || origin.is_some() => {
                // An undecided account that is gone for sure holds nothing.
                if origin.is_none() {
                    pool.doubts.push(Doubt::AccountGone { account: number, since: *since });
                }
            }
            ItemsRead::Gone { before, .. } => {
                pool.widenings.push(Widening::AccountGone { account: number });
                if origin != Some(Origin::Undecided) {
                    pool.gone.push(number);
                }
                of.add(0..0, Then::Before(before.clone(), Origin::Gone), pool);
            }
        }
    }

    /// Whether an item of a shared account is this client's, may be, or is not.
    fn of_split(&self, by: &str, parts: &[(String, usize)], item: ItemNo) -> Option<Origin> {
        let owners = owners_of_split(self.inputs, by, parts, item);
        match owners.contains(&self.client) {
            true => Some(Origin::Own),
            false => owners.is_empty().then_some(Origin::Split),
        }
    }
}

/// What else an account held.
enum Then {
    None,
    /// Before; what of it is no longer there has this origin.
    Before(Range<ItemNo>, Origin),
}

struct Items<'a> {
    reader: &'a Reader<'a>,
    number: usize,
    origin: Option<Origin>,
    snapshot_day: Date,
}

impl Items<'_> {
    fn add(&self, now: Range<ItemNo>, then: Then, pool: &mut Pool) {
        let (before, gone_origin) = match then {
            Then::None => (0..0, Origin::Fell),
            Then::Before(before, origin) => (before, origin),
        };
        let items = &self.reader.inputs.items;
        let key = |item: ItemNo| (items.kind(item), items.id(item));
        let mut held: HashMap<_, ItemNo> = before.clone().map(|item| (key(item), item)).collect();
        for item in now {
            let old = if held.is_empty() { None } else { held.remove(&key(item)) };
            let Some(origin) = self.origin_of(item, pool) else { continue };
            let larger = old.and_then(|old| items.units(old)).zip(items.units(item));
            let larger = larger.filter(|(old, now)| old > now).map(|(old, _)| old);
            let candidate = self.candidate(item, origin, larger, pool);
            pool.candidates.push(candidate);
        }
        for item in before {
            if held.get(&key(item)) != Some(&item) {
                continue;
            }
            let Some(origin) = self.origin_of(item, pool) else { continue };
            let is_of_anybody = origin == Origin::Split;
            let origin = if origin == Origin::Undecided { origin } else { gone_origin };
            let candidate = self.candidate(item, origin, None, pool);
            let has_fallen = gone_origin == Origin::Fell;
            pool.candidates.push(Candidate { has_fallen, is_of_anybody, ..candidate });
        }
    }

    /// Puts in what is known of the account on a day before the count day.
    fn add_of_day(&self, known: OnDay, pool: &mut Pool) {
        let account = self.number;
        match known {
            OnDay::AsNow => {}
            OnDay::Read(items) => self.add(items, Then::None, pool),
            OnDay::Unread { from, to } => pool.open.push(Widening::DaysUnread { account, from, to }),
            OnDay::Between { from, to, before, after } => {
                let source = self.reader.inputs.accounts[account].source;
                pool.doubts.push(Doubt::GapFilled { source, days: vec![self.snapshot_day] });
                if before == after {
                    return self.add(before, Then::None, pool);
                }
                if self.add_between(before, after, pool) {
                    pool.widenings.push(Widening::ChangedUnread { account, from, to });
                }
            }
        }
    }

    /// What was there before and afterwards; whether some was there at one time only, which may have been there.
    fn add_between(&self, before: Range<ItemNo>, after: Range<ItemNo>, pool: &mut Pool) -> bool {
        let items = &self.reader.inputs.items;
        let key = |item: ItemNo| (items.kind(item), items.id(item));
        let mut held: HashMap<_, ItemNo> = before.clone().map(|item| (key(item), item)).collect();
        let first_loose = pool.candidates.len();
        for item in after {
            let old = held.remove(&key(item));
            let (now, then) = (self.origin_of(item, pool), old.map(|old| self.origin_of(old, pool)));
            if let (Some(origin), Some(old), true) = (now, old, then == Some(now)) {
                let candidate = self.candidate(item, origin, None, pool);
                pool.candidates.push(Candidate { also: Some(old), ..candidate });
            } else {
                self.add_loose(now, item, pool);
                if let Some((then, old)) = then.zip(old) {
                    self.add_loose(then, old, pool);
                }
            }
        }
        for item in before.filter(|item| held.get(&key(*item)) == Some(item)) {
            let origin = self.origin_of(item, pool);
            self.add_loose(origin, item, pool);
        }
        pool.candidates[first_loose..].iter().any(|candidate| candidate.has_fallen)
    }

    fn add_loose(&self, origin: Option<Origin>, item: ItemNo, pool: &mut Pool) {
        let Some(origin) = origin else { return };
        let candidate = self.candidate(item, origin, None, pool);
        pool.candidates.push(Candidate { has_fallen: true, ..candidate });
    }

    fn candidate(&self, item: ItemNo, origin: Origin, larger: Option<Decimal>, pool: &mut Pool) -> Candidate {
        let (account, snapshot_day) = (self.number, self.snapshot_day);
        let elsewhere = self.elsewhere(item, pool);
        Candidate {
            item,
            also: None,
            account,
            origin,
            snapshot_day,
            larger,
            has_fallen: false,
            is_of_anybody: false,
            elsewhere,
        }
    }

    fn elsewhere(&self, item: ItemNo, pool: &mut Pool) -> Elsewhere {
        let Reader { inputs, devices, client, .. } = *self.reader;
        let Some(seen) = devices.and_then(|(index, devices)| devices.elsewhere(inputs, index, client, item)) else {
            return Elsewhere::No;
        };
        pool.elsewhere.insert(item, seen.at);
        if seen.is_newest { Elsewhere::Before } else { Elsewhere::Since }
    }

    fn origin_of(&self, item: ItemNo, pool: &mut Pool) -> Option<Origin> {
        if self.origin.is_some() {
            return self.origin;
        }
        let origin = match &self.reader.inputs.accounts[self.number].belongs {
            AccountBelonging::Split { by, parts } => self.reader.of_split(by, parts, item)?,
            // An undecided account comes here where it is looked at as if it were decided.
            AccountBelonging::Client(_) | AccountBelonging::Ignored | AccountBelonging::Undecided { .. } => Origin::Own,
        };
        if origin == Origin::Split {
            pool.widenings.push(Widening::ItemNotSplit { item });
        }
        Some(origin)
    }
}
