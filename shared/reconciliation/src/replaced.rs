//! Devices that were probably replaced: last seen before another of their kind was first seen, and not since. A device that
//! is gone stays listed until it was not seen for too long, so that both count for a while.
//!
//! Paired one to one, what is left are the most devices that were ever in use side by side. That number can only grow with
//! more devices: what is not surely used need not be looked at. Where one of several devices is used, and nobody knows
//! which, each is tried.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_rules::StalePolicy;

use crate::columns::{ItemColumns, ItemNo};
use crate::drawn::{can_be_there, draw_next};
use crate::interval::{Span, TooManyDigits, minus, plus, times};
use crate::pool::{Candidate, Origin};
use crate::same_device::SettledWay;
use crate::selection::{Fate, Selection, Way};
use crate::weighing::Weighing;

/// The most accounts that may not be there and are tried in every combination.
const ACCOUNTS_MAX: usize = 10;
/// The most devices that are looked at, over all that is tried.
const TRIED_MAX: usize = 50_000;

/// A device that counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device {
    kind: usize,
    /// `None`: one of several, and nobody knows which of them counts.
    item: Option<ItemNo>,
    /// Microseconds since 1970, as far as they are known. Of one of several: so that it may have been any of them.
    first_seen: Option<i64>,
    last_seen: Option<i64>,
    /// What it comes to.
    units: Decimal,
}

impl Device {
    /// A device of which everything is known.
    pub(crate) fn of(items: &ItemColumns, item: ItemNo, kind: usize, units: Decimal) -> Self {
        let (first_seen, last_seen) = (items.first_seen_microsecond(item), items.last_seen_microsecond(item));
        // What was last seen before it was first seen says nothing of when it came.
        let first_seen = first_seen.filter(|first| last_seen.is_none_or(|last| *first <= last));
        Self { kind, item: Some(item), first_seen, last_seen, units }
    }

    /// One of several devices, seen as late for the first time and as early for the last as any of them.
    fn of_any(devices: &[Self], kind: usize) -> Self {
        let units = devices.iter().map(|device| device.units).max().unwrap_or_default();
        let first_seen = devices.iter().filter_map(|device| device.first_seen).max();
        let last_seen = devices.iter().filter_map(|device| device.last_seen).min();
        Self { kind, item: None, first_seen, last_seen, units }
    }
}

/// One way in which items that are settled together come out.
#[derive(Debug)]
pub(crate) struct DeviceOutcome {
    /// The accounts that are there, by their place in [`Open::accounts`].
    there: u32,
    devices: Vec<Device>,
    /// What all else of them comes to.
    rest: Decimal,
}

impl DeviceOutcome {
    /// Whether this one never comes to more than the other, whatever else counts.
    fn is_within(&self, other: &Self) -> bool {
        let has_all = || self.devices.iter().all(|device| other.has(device));
        self.there == other.there && self.rest <= other.rest && has_all()
    }

    fn has(&self, device: &Device) -> bool {
        let is_it = |one: &Device| (one.item, one.kind, one.units) == (device.item, device.kind, device.units);
        self.devices.iter().any(is_it)
    }

    fn units(&self) -> Result<Decimal, TooManyDigits> {
        self.devices.iter().map(|device| device.units).try_fold(self.rest, plus)
    }
}

/// Items that are settled together, and in more than one way.
#[derive(Debug)]
struct Open {
    /// Those of their accounts that may not be there.
    accounts: Vec<usize>,
    outcomes: Vec<DeviceOutcome>,
}

/// The devices that count in one source.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    /// Those that surely do.
    found: Vec<Device>,
    open: Vec<Open>,
    /// Those that do if their account is there.
    of_accounts: BTreeMap<usize, Vec<Device>>,
}

/// Devices that were probably replaced.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReplacedDevices {
    /// What they come to.
    pub(crate) units: Decimal,
    /// Each with the device in its place.
    pub(crate) pairs: Vec<(ItemNo, ItemNo)>,
}

/// Finds the devices that count; where of no item it is known when it was first seen, none.
#[derive(Clone, Copy)]
pub(crate) struct Pairing<'a> {
    items: &'a ItemColumns,
    selection: &'a Selection<'a>,
    weighing: Weighing<'a>,
}

impl<'a> Pairing<'a> {
    pub(crate) fn of(items: &'a ItemColumns, selection: &'a Selection<'a>, weighing: Weighing<'a>) -> Self {
        Self { items, selection, weighing }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.items.has_first_seen()
    }

    /// A single item of one unit that comes to one thing.
    pub(crate) fn settled(&self, candidate: &Candidate, fate: Fate) -> Result<Option<Device>, TooManyDigits> {
        let kind = self.items.kind(candidate.item).filter(|kind| self.selection.is_device(*kind));
        let (Some(kind), Fate::Taken(mask)) = (kind, fate) else { return Ok(None) };
        let units = self.weighing.of_one(mask)?;
        Ok(Some(Device::of(self.items, candidate.item, kind, units)).filter(|device| !device.units.is_zero()))
    }

    /// A single item that counts, as one unit or more, if its account is there.
    pub(crate) fn single(&self, candidate: &Candidate, ways: &[Way]) -> Result<Option<Device>, TooManyDigits> {
        let is_one = || ways.iter().filter_map(|way| way.units).min() == Some(Decimal::ONE);
        if !self.is_on() || candidate.is_loose() || !is_one() {
            return Ok(None);
        }
        let mut least: Option<Device> = None;
        for way in ways {
            let Some(device) = self.settled(candidate, way.fate())? else { return Ok(None) };
            least = Some(least.filter(|least| least.units <= device.units).unwrap_or(device));
        }
        Ok(least)
    }

    /// Notes what a group comes to in one way, unless it comes to no more in another.
    pub(crate) fn note(
        &self,
        members: &[&Candidate],
        ways: &[Vec<Way>],
        settled: &SettledWay<'_>,
        found: &mut Vec<DeviceOutcome>,
    ) -> Result<(), TooManyDigits> {
        if !self.is_on() {
            return Ok(());
        }
        let mut outcome = DeviceOutcome { there: settled.accounts, devices: Vec::new(), rest: settled.units };
        for (at, fate) in settled.fates.iter().enumerate().filter_map(|(at, fate)| Some((at, (*fate)?))) {
            let way = &ways[at][settled.drawn[at]];
            if way.units != Some(Decimal::ONE) {
                continue;
            }
            let device = if way.kind.is_some() { self.settled(members[at], fate)? } else { None };
            if let Some(device) = device {
                outcome.rest = minus(outcome.rest, device.units)?;
                outcome.devices.push(device);
            }
        }
        if !found.iter().any(|known| known.is_within(&outcome)) {
            found.retain(|known| !outcome.is_within(known));
            found.push(outcome);
        }
        Ok(())
    }
}

impl Devices {
    pub(crate) fn add(&mut self, candidate: &Candidate, device: Option<Device>) {
        match candidate.origin {
            Origin::Gone | Origin::Undecided => self.of_accounts.entry(candidate.account).or_default().extend(device),
            Origin::Own | Origin::Split | Origin::Fell => self.found.extend(device),
        }
    }

    /// Adds those of items that are settled together.
    pub(crate) fn add_settled(&mut self, accounts: &[usize], mut outcomes: Vec<DeviceOutcome>) {
        let Some(first) = outcomes.first() else { return };
        let is_sure = |device: &&Device| outcomes.iter().all(|one| one.has(device));
        let sure: Vec<Device> = first.devices.iter().filter(is_sure).copied().collect();
        for outcome in &mut outcomes {
            outcome.devices.retain(|device| sure.iter().all(|one| one.item != device.item));
            outcome.devices.iter_mut().for_each(|device| device.item = None);
        }
        self.found.extend(sure);
        let rest = outcomes[0].rest;
        if outcomes.iter().any(|one| !one.devices.is_empty() || one.rest != rest) {
            self.open.push(Open { accounts: accounts.to_vec(), outcomes });
        }
    }

    /// What was probably replaced. `accounts`: what each that may not be there gives by itself; `gone`: all accounts of the
    /// client that are gone.
    pub(crate) fn replaced(
        &self,
        items: &ItemColumns,
        accounts: &BTreeMap<usize, Span>,
        gone: &[usize],
    ) -> Result<ReplacedDevices, TooManyDigits> {
        if self.open.is_empty() {
            return paired(items, &self.found);
        }
        match self.tried(items, accounts, gone)? {
            Some(replaced) => Ok(replaced),
            None => paired(items, &self.with_any()),
        }
    }

    /// Those that surely do, with as many of any as it takes so that no more can have been replaced in any way of a group.
    fn with_any(&self) -> Vec<Device> {
        let mut found = self.found.clone();
        for Open { outcomes, .. } in &self.open {
            let all: Vec<Device> = outcomes.iter().flat_map(|one| &one.devices).copied().collect();
            let mut kinds: Vec<usize> = all.iter().map(|device| device.kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            // Where ways differ in their devices alone, the fewest come to the least.
            let is_rest_one = outcomes.iter().all(|one| one.rest == outcomes[0].rest);
            let counts = outcomes.iter().map(|one| one.devices.len());
            let many = if is_rest_one { counts.min() } else { counts.max() }.unwrap_or_default();
            for kind in kinds {
                found.extend(std::iter::repeat_n(Device::of_any(&all, kind), many));
            }
        }
        found
    }

    /// What makes the least of all that may be less; `None`: too much may be.
    fn tried(
        &self,
        items: &ItemColumns,
        alone: &BTreeMap<usize, Span>,
        gone: &[usize],
    ) -> Result<Option<ReplacedDevices>, TooManyDigits> {
        let mut accounts: Vec<usize> = self.open.iter().flat_map(|open| &open.accounts).copied().collect();
        accounts.sort_unstable();
        accounts.dedup();
        if accounts.len() > ACCOUNTS_MAX {
            return Ok(None);
        }
        let mut trial = Trial { items, found: &self.found, least: None, least_in_use: None, left: TRIED_MAX };
        for there in 0..1_u32 << accounts.len() {
            let here: Vec<usize> =
                (0..accounts.len()).filter(|at| there & 1 << at != 0).map(|at| accounts[at]).collect();
            if !can_be_there(&here, gone) {
                continue;
            }
            let own = |account: &usize| alone.get(account).map(|span| span.low).unwrap_or_default();
            let units = here.iter().map(own).try_fold(Decimal::ZERO, plus)?;
            let devices: Vec<Device> =
                here.iter().filter_map(|account| self.of_accounts.get(account)).flatten().copied().collect();
            if trial.go_through(units, &devices, &self.open, &here)?.is_none() {
                return Ok(None);
            }
        }
        let (Some(least), Some((in_use, pairs))) = (trial.least, trial.least_in_use) else { return Ok(None) };
        let units = minus(least, in_use)?;
        Ok(Some(ReplacedDevices { units, pairs: if units.is_zero() { Vec::new() } else { pairs } }))
    }
}

/// Looks for the least of all that may be.
struct Trial<'a> {
    items: &'a ItemColumns,
    found: &'a [Device],
    least: Option<Decimal>,
    /// Without what was replaced there, and that.
    least_in_use: Option<(Decimal, Vec<(ItemNo, ItemNo)>)>,
    /// How many devices may still be looked at.
    left: usize,
}

impl Trial<'_> {
    /// With these accounts there, which by themselves give so many units and these devices; `None`: too much may be.
    fn go_through(
        &mut self,
        units: Decimal,
        devices: &[Device],
        open: &[Open],
        here: &[usize],
    ) -> Result<Option<()>, TooManyDigits> {
        let fitting = |open: &'_ Open| {
            let there = open.accounts.iter().enumerate().filter(|(_, account)| here.contains(account));
            let there = there.fold(0, |mask, (at, _)| mask | 1 << at);
            (0..open.outcomes.len()).filter(|at| open.outcomes[*at].there == there).collect::<Vec<_>>()
        };
        let fitting: Vec<Vec<usize>> = open.iter().map(fitting).collect();
        if fitting.iter().any(Vec::is_empty) {
            return Ok(Some(()));
        }
        let mut drawn = vec![0; open.len()];
        loop {
            let outcomes = || (0..open.len()).map(|at| &open[at].outcomes[fitting[at][drawn[at]]]);
            let all: Vec<Device> =
                self.found.iter().chain(devices).chain(outcomes().flat_map(|one| &one.devices)).copied().collect();
            let Some(left) = self.left.checked_sub(all.len() + 1) else { return Ok(None) };
            self.left = left;
            let sum = outcomes().try_fold(units, |sum, one| plus(sum, one.units()?))?;
            self.note(sum, &all)?;
            if !draw_next(&mut drawn, |at| fitting[at].len()) {
                return Ok(Some(()));
            }
        }
    }

    fn note(&mut self, units: Decimal, devices: &[Device]) -> Result<(), TooManyDigits> {
        self.least = Some(self.least.map_or(units, |least| least.min(units)));
        let replaced = paired(self.items, devices)?;
        let in_use = minus(units, replaced.units)?;
        let is_better = match &self.least_in_use {
            None => true,
            Some((least, _)) if in_use != *least => in_use < *least,
            Some((_, known)) => self.is_told_before(&replaced.pairs, known),
        };
        if is_better {
            self.least_in_use = Some((in_use, replaced.pairs));
        }
        Ok(())
    }

    /// Of what comes to the same the most that can be named is told, and the first by their ids: the order of the inputs makes
    /// no difference.
    fn is_told_before(&self, pairs: &[(ItemNo, ItemNo)], known: &[(ItemNo, ItemNo)]) -> bool {
        let ids = |(old, new): &(ItemNo, ItemNo)| (self.items.id(*old), self.items.id(*new));
        match pairs.len().cmp(&known.len()) {
            Ordering::Greater => true,
            Ordering::Less => false,
            Ordering::Equal => pairs.iter().map(ids).lt(known.iter().map(ids)),
        }
    }
}

/// The devices of each kind, paired one to one, an older one and one that came after it was last seen.
fn paired(items: &ItemColumns, devices: &[Device]) -> Result<ReplacedDevices, TooManyDigits> {
    let mut replaced = ReplacedDevices::default();
    let mut kinds: Vec<usize> = devices.iter().map(|device| device.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let here = || devices.iter().filter(|device| device.kind == kind);
        let mut olds: Vec<(i64, Option<ItemNo>)> =
            here().filter_map(|device| Some((device.last_seen?, device.item))).collect();
        let mut news: Vec<(i64, Option<ItemNo>)> =
            here().filter_map(|device| Some((device.first_seen?, device.item))).collect();
        // Of those seen at one moment, by their ids: the order of the inputs makes no difference.
        let by_id = |(seen, item): &(i64, Option<ItemNo>)| (*seen, item.map(|item| items.id(item)), *item);
        olds.sort_unstable_by_key(by_id);
        news.sort_unstable_by_key(by_id);
        let (mut next, mut count) = (0, Decimal::ZERO);
        for (first_seen, new) in news {
            let Some((_, old)) = olds.get(next).filter(|(last_seen, _)| *last_seen < first_seen) else { continue };
            replaced.pairs.extend(old.zip(new));
            next += 1;
            count += Decimal::ONE;
        }
        let each = here().map(|device| device.units).max().unwrap_or_default();
        replaced.units = plus(replaced.units, times(count, each)?)?;
    }
    Ok(replaced)
}

/// From when on a device that is not seen again is left out.
pub(crate) fn stale_on(items: &ItemColumns, item: ItemNo, stale: StalePolicy) -> Option<jiff::civil::Date> {
    let StalePolicy::AfterDays(days) = stale else { return None };
    let seen = jiff::tz::Offset::UTC.to_datetime(items.last_seen(item)?).date();
    seen.checked_add(jiff::ToSpan::days(i64::from(days) + 1)).ok()
}
