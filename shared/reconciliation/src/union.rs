//! The ends of a count in which a machine of several sources counts once.
//!
//! What each source takes is settled there, as for a sum; in every way of that, the machines are counted. Items that share
//! no identity are counted apart, and so are items that hang on different undecided accounts.

use std::rc::Rc;

use hashbrown::HashMap;
use rust_decimal::Decimal;
use truecount_rules::IdentityKey;

use crate::columns::ItemColumns;
use crate::drawn::{can_be_there, draw_next};
use crate::interval::{Span, TooManyDigits, plus};
use crate::machines::{SameBy, Taken, root, unite};
use crate::pool::{Candidate, Origin, Pool};
use crate::same_device::{SettledWay, settle_group};
use crate::selection::{Fate, PartMask, Selection, Way};
use crate::weighing::Weighing;

/// The most ways of settling items that can be one machine that are gone through.
const SETTLINGS_MAX: usize = 20_000;
/// The most accounts that share machines and are settled in every combination.
const LINKED_MAX: usize = 10;

/// What is joined.
pub(crate) struct UnionOf<'a> {
    pub(crate) items: &'a ItemColumns,
    pub(crate) same_by: &'a [IdentityKey],
    /// With the number of their sources.
    pub(crate) sources: &'a [(usize, Selection<'a>)],
    /// The client's candidates in each of them.
    pub(crate) pools: &'a [Rc<Pool>],
}

/// An account that is there or not as a whole: an undecided one, or one that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Switch {
    /// The place of the source.
    source: usize,
    account: usize,
}

/// Items that are settled together within their source.
struct Unit<'a> {
    switches: Vec<Switch>,
    outcomes: Vec<Outcome<'a>>,
}

/// What comes of them in one way.
#[derive(PartialEq)]
struct Outcome<'a> {
    /// Which switches are on, a bit each.
    on: u32,
    taken: Vec<Taken<'a>>,
}

/// Units of which some can be one machine.
struct Cluster {
    switches: Vec<Switch>,
    /// By which switches are on; none: there are too many ways.
    spans: HashMap<u32, Span>,
    widest: Span,
}

/// Which parts of a source count nothing.
pub(crate) type Without = fn(&Selection<'_>) -> PartMask;

impl<'a> UnionOf<'a> {
    /// The least and the most, whatever holds.
    pub(crate) fn span(&self) -> Result<Span, TooManyDigits> {
        let all = self.span_without(|_| 0)?;
        if self.sources.iter().all(|(_, selection)| selection.without_low == 0) {
            return Ok(all);
        }
        // Nobody knows how many these parts must not take: none of theirs is sure.
        let sure = self.span_without(|selection| selection.without_low)?;
        Ok(Span { low: all.low.min(sure.low), high: all.high })
    }

    fn span_without(&self, without: Without) -> Result<Span, TooManyDigits> {
        let mut units = Vec::new();
        for at in 0..self.sources.len() {
            self.add_units(at, without, &mut units)?;
        }
        let clusters = self.clusters(units)?;
        let (apart, hanging): (Vec<Cluster>, Vec<Cluster>) =
            clusters.into_iter().partition(|cluster| cluster.switches.is_empty());
        let mut sum = Span::default();
        for cluster in &apart {
            sum = sum.plus(cluster.widest)?;
        }
        for (switches, clusters) in self.linked(&hanging) {
            sum = sum.plus(self.together(&switches, &clusters)?)?;
        }
        Ok(sum)
    }

    /// The units of a source, those that can count.
    fn add_units(&self, at: usize, without: Without, units: &mut Vec<Unit<'a>>) -> Result<(), TooManyDigits> {
        let ((_, selection), pool) = (&self.sources[at], &self.pools[at]);
        let is_counted = |candidate: &&Candidate| selection.counts_kind(self.items.kind(candidate.item));
        let mut ways = Vec::new();
        for candidate in pool.singles.iter().map(|at| &pool.candidates[*at]).filter(is_counted) {
            selection.ways(self.items, candidate, &mut ways);
            units.extend(self.single(at, candidate, &ways, without, candidate.is_loose())?);
        }
        for group in &pool.groups {
            let members: Vec<&Candidate> = group.iter().map(|at| &pool.candidates[*at]).collect();
            if !members.iter().any(is_counted) {
                continue;
            }
            let all = selection.ways_of_each(self.items, &members);
            match self.group(at, &members, &all, without)? {
                Some(unit) => units.push(unit),
                None => {
                    for (member, ways) in members.iter().zip(&all) {
                        units.extend(self.single(at, member, ways, without, true)?);
                    }
                }
            }
        }
        Ok(())
    }

    /// An item by itself; `None`: it never counts. `may_lack`: whether it may be absent by itself.
    fn single(
        &self,
        at: usize,
        candidate: &Candidate,
        ways: &[Way],
        without: Without,
        may_lack: bool,
    ) -> Result<Option<Unit<'a>>, TooManyDigits> {
        let account = Some(Switch { source: at, account: candidate.account });
        let account = account.filter(|_| matches!(candidate.origin, Origin::Undecided | Origin::Gone));
        let (switches, on) = (account.into_iter().collect::<Vec<_>>(), u32::from(account.is_some()));
        let mut unit = Unit { switches, outcomes: Vec::new() };
        for way in ways {
            let taken = self.taken(at, candidate, way, way.fate(), without)?.into_iter().collect();
            unit.add(Outcome { on, taken });
        }
        if may_lack {
            unit.add(Outcome { on, taken: Vec::new() });
        }
        if account.is_some() {
            unit.add(Outcome { on: 0, taken: Vec::new() });
        }
        Ok(Some(unit).filter(Unit::may_count))
    }

    /// Items that can be one within their source; `None`: there are too many ways.
    fn group(
        &self,
        at: usize,
        members: &[&Candidate],
        ways: &[Vec<Way>],
        without: Without,
    ) -> Result<Option<Unit<'a>>, TooManyDigits> {
        let (selection, gone) = (&self.sources[at].1, &self.pools[at].gone);
        let weighing = Weighing::default().without(without(selection));
        let mut unit = Unit { switches: Vec::new(), outcomes: Vec::new() };
        let mut fault = None;
        let mut tell = |settled: &SettledWay<'_>| {
            let mut taken = Vec::new();
            for (place, fate) in settled.fates.iter().enumerate().filter_map(|(at, fate)| Some((at, (*fate)?))) {
                match self.taken(at, members[place], &ways[place][settled.drawn[place]], fate, without) {
                    Ok(one) => taken.extend(one),
                    Err(many) => fault = Some(many),
                }
            }
            unit.add(Outcome { on: settled.accounts, taken });
        };
        let settled = settle_group(self.items, members, ways, gone, selection, weighing, &mut tell)?;
        let Some(settled) = settled else { return Ok(None) };
        if let Some(many) = fault {
            return Err(many);
        }
        unit.switches.extend(settled.accounts.iter().map(|account| Switch { source: at, account: *account }));
        Ok(Some(unit))
    }

    /// What an item gives, where it is taken.
    fn taken(
        &self,
        at: usize,
        candidate: &Candidate,
        way: &Way,
        fate: Fate,
        without: Without,
    ) -> Result<Option<Taken<'a>>, TooManyDigits> {
        let (Fate::Taken(mask), Some(kind)) = (fate, way.kind) else { return Ok(None) };
        let selection = &self.sources[at].1;
        let mask = mask & !without(selection);
        // However many parts take it, it is one machine.
        let one = 1 << mask.trailing_zeros().min(PartMask::BITS - 1);
        let units = if mask == 0 { None } else { Some(Weighing::default().units(way, one)?.unwrap_or_default()) };
        Ok(units.map(|units| Taken { item: candidate.item, units, keys: selection.identity_of(kind) }))
    }

    /// Units that share an identity, together.
    fn clusters(&self, units: Vec<Unit<'a>>) -> Result<Vec<Cluster>, TooManyDigits> {
        let by = SameBy { items: self.items, keys: self.same_by };
        let mut links: Vec<usize> = (0..units.len()).collect();
        let mut first = HashMap::new();
        for (at, unit) in units.iter().enumerate() {
            for one in unit.outcomes.iter().flat_map(|outcome| &outcome.taken) {
                for key in self.same_by {
                    for value in by.values(one, *key) {
                        let known = *first.entry((*key, value)).or_insert(at);
                        unite(&mut links, known, at);
                    }
                }
            }
        }
        let roots: Vec<usize> = (0..units.len()).map(|at| root(&mut links, at)).collect();
        let mut of_root: HashMap<usize, Vec<Unit<'a>>> = HashMap::new();
        for (root, unit) in roots.into_iter().zip(units) {
            of_root.entry(root).or_default().push(unit);
        }
        of_root.into_values().map(|units| Cluster::of(&units, by)).collect()
    }
}

impl<'a> Unit<'a> {
    fn add(&mut self, outcome: Outcome<'a>) {
        if !self.outcomes.contains(&outcome) {
            self.outcomes.push(outcome);
        }
    }

    fn may_count(&self) -> bool {
        self.outcomes.iter().any(|outcome| !outcome.taken.is_empty())
    }
}

impl Cluster {
    fn of(units: &[Unit<'_>], by: SameBy<'_>) -> Result<Self, TooManyDigits> {
        let mut switches: Vec<Switch> = units.iter().flat_map(|unit| &unit.switches).copied().collect();
        switches.sort_unstable();
        switches.dedup();
        let size = units.iter().map(|unit| unit.outcomes.len()).try_fold(1, usize::checked_mul);
        let mut cluster = Self { switches, spans: HashMap::new(), widest: Span::default() };
        if size.is_none_or(|size| size > SETTLINGS_MAX) || cluster.switches.len() > 16 {
            for unit in units {
                let all = unit.outcomes.iter().map(|outcome| sum(&outcome.taken));
                let most = all.collect::<Result<Vec<_>, _>>()?.into_iter().max().unwrap_or_default();
                cluster.widest.high = plus(cluster.widest.high, most)?;
            }
            return Ok(cluster);
        }
        let places: Vec<Vec<u32>> = units.iter().map(|unit| cluster.places(unit)).collect();
        let mut drawn = vec![0; units.len()];
        loop {
            cluster.settle(units, &places, &drawn, by)?;
            if !draw_next(&mut drawn, |at| units[at].outcomes.len()) {
                break;
            }
        }
        let mut spans = cluster.spans.values().copied();
        cluster.widest = spans.next().map(|first| spans.fold(first, Span::or)).unwrap_or_default();
        Ok(cluster)
    }

    /// The bit of each of a unit's switches.
    fn places(&self, unit: &Unit<'_>) -> Vec<u32> {
        let place = |switch: &Switch| self.switches.binary_search(switch).unwrap_or_default();
        unit.switches.iter().map(|switch| 1 << place(switch)).collect()
    }

    /// Counts the machines in one way of all units, unless they contradict each other in what is there.
    fn settle(
        &mut self,
        units: &[Unit<'_>],
        places: &[Vec<u32>],
        drawn: &[usize],
        by: SameBy<'_>,
    ) -> Result<(), TooManyDigits> {
        let (mut known, mut on) = (0, 0);
        let mut taken = Vec::new();
        for ((unit, bits), drawn) in units.iter().zip(places).zip(drawn) {
            let outcome = &unit.outcomes[*drawn];
            for (at, bit) in bits.iter().enumerate() {
                let is_on = outcome.on & (1 << at) != 0;
                if known & bit != 0 && (on & bit != 0) != is_on {
                    return Ok(());
                }
                known |= bit;
                on |= if is_on { *bit } else { 0 };
            }
            taken.extend(outcome.taken.iter().copied());
        }
        let span = Span::of(by.units(&taken)?);
        self.spans.entry(on).and_modify(|known| *known = known.or(span)).or_insert(span);
        Ok(())
    }
}

fn sum(taken: &[Taken<'_>]) -> Result<Decimal, TooManyDigits> {
    taken.iter().map(|one| one.units).try_fold(Decimal::ZERO, plus)
}

impl UnionOf<'_> {
    /// Clusters that hang on the same accounts, together with these. Beside accounts of a source that are gone, its undecided
    /// ones hang together, too.
    fn linked<'c>(&self, clusters: &'c [Cluster]) -> Vec<(Vec<Switch>, Vec<&'c Cluster>)> {
        let mut switches: Vec<Switch> = clusters.iter().flat_map(|cluster| &cluster.switches).copied().collect();
        switches.sort_unstable();
        switches.dedup();
        let place = |switch: &Switch| switches.binary_search(switch).unwrap_or_default();
        let mut links: Vec<usize> = (0..switches.len()).collect();
        for cluster in clusters {
            cluster.switches.windows(2).for_each(|pair| unite(&mut links, place(&pair[0]), place(&pair[1])));
        }
        for pair in switches.windows(2).filter(|pair| pair[0].source == pair[1].source) {
            if !self.pools[pair[0].source].gone.is_empty() {
                unite(&mut links, place(&pair[0]), place(&pair[1]));
            }
        }
        let mut sets: HashMap<usize, (Vec<Switch>, Vec<&Cluster>)> = HashMap::new();
        for switch in &switches {
            sets.entry(root(&mut links, place(switch))).or_default().0.push(*switch);
        }
        for cluster in clusters {
            let first = cluster.switches.first().map(place).unwrap_or_default();
            sets.entry(root(&mut links, first)).or_default().1.push(cluster);
        }
        sets.into_values().collect()
    }

    /// What clusters give together, each account there or not.
    fn together(&self, switches: &[Switch], clusters: &[&Cluster]) -> Result<Span, TooManyDigits> {
        if switches.len() > LINKED_MAX || clusters.iter().any(|cluster| cluster.spans.is_empty()) {
            return clusters.iter().try_fold(Span::default(), |sum, cluster| sum.plus(cluster.widest));
        }
        let mut found: Option<Span> = None;
        for mask in 0..1_u32 << switches.len() {
            let on: Vec<Switch> =
                (0..switches.len()).filter(|at| mask & (1 << at) != 0).map(|at| switches[at]).collect();
            if !self.can_all_be_there(&on) {
                continue;
            }
            let mut sum = Span::default();
            for cluster in clusters {
                let own = cluster.switches.iter().enumerate().filter(|(_, switch)| on.contains(switch));
                let own = own.fold(0, |mask, (at, _)| mask | 1 << at);
                sum = sum.plus(cluster.spans.get(&own).copied().unwrap_or(cluster.widest))?;
            }
            found = Some(found.map_or(sum, |found| found.or(sum)));
        }
        Ok(found.unwrap_or_default())
    }

    /// Whether these accounts can be there together, source by source.
    fn can_all_be_there(&self, on: &[Switch]) -> bool {
        let here = |source: usize| on.iter().filter(move |one| one.source == source).map(|one| one.account);
        (self.pools.iter().enumerate())
            .all(|(source, pool)| pool.gone.is_empty() || can_be_there(&here(source).collect::<Vec<_>>(), &pool.gone))
    }
}
