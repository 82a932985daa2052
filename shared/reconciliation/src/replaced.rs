//! Devices that were probably replaced: last seen before another of their kind was first seen, and not since. A device that
//! is gone stays listed until it was not seen for too long, so that both count for a while.
//!
//! Paired one to one, what is left are the most devices that were ever in use side by side. That number can only grow with
//! more devices: what is not surely used need not be looked at.

use rust_decimal::Decimal;
use truecount_rules::StalePolicy;

use crate::columns::{ItemColumns, ItemNo};
use crate::interval::{TooManyDigits, plus, times};
use crate::pool::Candidate;
use crate::same_device::SettledWay;
use crate::selection::{Fate, Selection, Way, Weighing};

/// A device that surely counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device {
    kind: usize,
    /// `None`: one of several, and nobody knows which.
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

/// The devices that surely count in one source.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    found: Vec<Device>,
}

/// Devices that were probably replaced.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReplacedDevices {
    /// What they come to.
    pub(crate) units: Decimal,
    /// Each with the device in its place.
    pub(crate) pairs: Vec<(ItemNo, ItemNo)>,
}

/// Finds the devices that surely count; where of no item it is known when it was first seen, none.
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

    /// A single item that surely counts, as one unit or more.
    pub(crate) fn single(&self, candidate: &Candidate, ways: &[Way]) -> Result<Option<Device>, TooManyDigits> {
        let is_one = || ways.iter().filter_map(|way| way.units).min() == Some(Decimal::ONE);
        if !self.is_on() || !candidate.is_surely_own() || !is_one() {
            return Ok(None);
        }
        let mut least: Option<Device> = None;
        for way in ways {
            let Some(device) = self.settled(candidate, way.fate())? else { return Ok(None) };
            least = Some(least.filter(|least| least.units <= device.units).unwrap_or(device));
        }
        Ok(least)
    }

    /// Notes the devices that count in one way of a group, unless another way has the same.
    pub(crate) fn note(
        &self,
        members: &[&Candidate],
        ways: &[Vec<Way>],
        settled: &SettledWay<'_>,
        found: &mut Vec<Vec<Device>>,
    ) {
        if !self.is_on() {
            return;
        }
        let mut devices = Vec::new();
        for (at, fate) in settled.fates.iter().enumerate().filter_map(|(at, fate)| Some((at, (*fate)?))) {
            let way = &ways[at][settled.drawn[at]];
            // Of a number with too many digits the count itself says so.
            let device = way.kind.and_then(|_| self.settled(members[at], fate).ok().flatten());
            devices.extend(device.filter(|_| way.units == Some(Decimal::ONE)));
        }
        let items = |way: &[Device]| way.iter().map(|device| device.item).collect::<Vec<_>>();
        if !found.iter().any(|known| items(known) == items(&devices)) {
            found.push(devices);
        }
    }
}

impl Devices {
    pub(crate) fn found_if(&mut self, device: Option<Device>) {
        self.found.extend(device);
    }

    /// Adds those of items that are settled together: of each way, those that count.
    pub(crate) fn add_settled(&mut self, ways: &[Vec<Device>]) {
        let items = |way: &[Device]| way.iter().map(|device| device.item).collect::<Vec<_>>();
        let Some(first) = ways.first() else { return };
        if ways.iter().all(|way| items(way) == items(first)) {
            return self.found.extend(first);
        }
        let all: Vec<Device> = ways.iter().flatten().copied().collect();
        let mut kinds: Vec<usize> = all.iter().map(|device| device.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let sure = ways.iter().map(Vec::len).min().unwrap_or_default();
        for kind in kinds {
            self.found.extend(std::iter::repeat_n(Device::of_any(&all, kind), sure));
        }
    }

    pub(crate) fn replaced(&self) -> Result<ReplacedDevices, TooManyDigits> {
        let mut replaced = ReplacedDevices::default();
        let mut kinds: Vec<usize> = self.found.iter().map(|device| device.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            let here = || self.found.iter().filter(|device| device.kind == kind);
            let mut olds: Vec<(i64, Option<ItemNo>)> =
                here().filter_map(|device| Some((device.last_seen?, device.item))).collect();
            let mut news: Vec<(i64, Option<ItemNo>)> =
                here().filter_map(|device| Some((device.first_seen?, device.item))).collect();
            olds.sort_unstable();
            news.sort_unstable();
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
}

/// From when on a device that is not seen again is left out.
pub(crate) fn stale_on(items: &ItemColumns, item: ItemNo, stale: StalePolicy) -> Option<jiff::civil::Date> {
    let StalePolicy::AfterDays(days) = stale else { return None };
    let seen = jiff::tz::Offset::UTC.to_datetime(items.last_seen(item)?).date();
    seen.checked_add(jiff::ToSpan::days(i64::from(days) + 1)).ok()
}
