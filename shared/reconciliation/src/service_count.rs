//! How many units of a service a client uses: what all sources of its count give together.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::SourceId;
use truecount_rules::{BoughtAt, CountAt, CountJoin, CountPart, CountSpec, ServiceRule, VendorCommitment};

use crate::billed_side::BilledSide;
use crate::binding::Binding;
use crate::count::{Parts, SourceCount, add, count};
use crate::evidence::{Doubt, Widening};
use crate::interval::{TooManyDigits, minus, plus};
use crate::joined::Found;
use crate::outer::OuterServices;
use crate::peak_days::DayBefore;
use crate::pool::{Candidate, Pool, PoolDay, unread};
use crate::run_cache::RunCache;
use crate::run_index::RunIndex;
use crate::run_inputs::RunInputs;
use crate::selection::{Selection, selections, selections_that_bind};
use crate::should_bill::{End, should_bill};
use crate::two_clients::DevicesOfTwo;
use crate::two_sources::BoughtUnits;
use crate::union::UnionOf;

/// What a client uses of a service.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServiceCount {
    pub(crate) least: End,
    /// `None`: nobody knows an upper end.
    pub(crate) most: Option<End>,
    pub(crate) widenings: Vec<Widening>,
    pub(crate) doubts: Vec<Doubt>,
    /// Whether any source of it could be used: where none could, nothing was counted, which is not zero.
    pub(crate) is_counted: bool,
    /// Of sources in which undecided accounts may be the client's.
    pub(crate) undecided: Vec<Rc<SourceCount>>,
    /// What it lives inside.
    pub(crate) outer: OuterServices,
}

/// The candidates of one client by source, while its services are counted.
pub(crate) struct ClientPools {
    now: Vec<OnceCell<Rc<Pool>>>,
    /// By source and day before the count day.
    before: RefCell<BTreeMap<(usize, DayBefore), Rc<Pool>>>,
}

impl ClientPools {
    /// For so many sources.
    pub(crate) fn of(sources: usize) -> Self {
        Self { now: vec![OnceCell::new(); sources], before: RefCell::default() }
    }
}

/// The client's candidates in a source and what they give to a count there; `None`: on the count day.
pub(crate) type OfSource<'f> = &'f dyn Fn(
    &CountSpec,
    usize,
    &Selection<'_>,
    Option<DayBefore>,
) -> Result<(Rc<Pool>, Rc<SourceCount>), TooManyDigits>;

/// Whose use of a service is counted.
#[derive(Clone, Copy)]
pub(crate) struct Counting<'a> {
    pub(crate) inputs: &'a RunInputs,
    pub(crate) index: &'a RunIndex,
    pub(crate) cache: &'a RunCache<'a>,
    pub(crate) client: usize,
    pub(crate) count_day: Date,
    /// The day whose bill is looked at.
    pub(crate) looked_at: Date,
    /// The first of the days of which a peak is the largest: the earliest, and the latest, that it may be.
    pub(crate) month_from: (Date, Date),
    /// What is decided of products that the client buys at two sources.
    pub(crate) bought: Option<&'a BoughtAt>,
}

impl Counting<'_> {
    /// Takes each source of a count, with what is counted there.
    pub(crate) fn each_source(
        &self,
        rule: &ServiceRule,
        mut take: impl FnMut(usize, &Selection<'_>) -> Result<(), TooManyDigits>,
    ) -> Result<(), TooManyDigits> {
        let Some(spec) = rule.count() else { return Ok(()) };
        self.with_sources(spec, |sources| sources.iter().try_for_each(|(source, selection)| take(*source, selection)))
    }

    /// Takes all sources of a count, with what is counted there.
    fn with_sources<T>(
        &self,
        spec: &CountSpec,
        take: impl FnOnce(&[(usize, Selection<'_>)]) -> Result<T, TooManyDigits>,
    ) -> Result<T, TooManyDigits> {
        match self.cache.selections(spec) {
            Some(usual) => take(usual),
            None => take(&selections(spec, self.inputs, self.cache.rules)),
        }
    }

    /// The client's candidates in a source.
    pub(crate) fn pool<'p>(&self, source: usize, pools: &'p ClientPools) -> &'p Rc<Pool> {
        let (inputs, index, client, count_day) = (self.inputs, self.index, self.client, self.count_day);
        let on = PoolDay::count(count_day);
        pools.now[source].get_or_init(|| match Pool::is_of_all_undecided(inputs, index, client, source) {
            true => Rc::clone(self.cache.undecided(inputs, index, source, count_day)),
            false => Rc::new(Pool::of(inputs, index, client, source, on, None)),
        })
    }

    /// A day, if a source's snapshot does not tell it: with the devices that stood at two clients then.
    fn before(&self, source: usize, day: Option<DayBefore>) -> Option<(DayBefore, Rc<DevicesOfTwo>)> {
        let day = day.filter(|day| day.day < self.inputs.sources[source].synced_on)?;
        Some((day, self.cache.devices_before(self.inputs, self.index, self.count_day, day)))
    }

    /// The client's candidates in a source on a day before the count day; `None`: on that.
    pub(crate) fn pool_on(&self, source: usize, day: Option<DayBefore>, pools: &ClientPools) -> Rc<Pool> {
        let Some((day, devices)) = self.before(source, day) else { return Rc::clone(self.pool(source, pools)) };
        let (inputs, index, client, count_day) = (self.inputs, self.index, self.client, self.count_day);
        let mut known = pools.before.borrow_mut();
        let pool = known.entry((source, day)).or_insert_with(|| {
            let before = (day, &*devices);
            let is_shared =
                Pool::is_of_all_undecided(inputs, index, client, source) && index.former(client, source).is_empty();
            match is_shared {
                true => self.cache.undecided_before(inputs, index, source, count_day, before),
                false => {
                    let on = PoolDay { count_day, before: Some(before) };
                    Rc::new(Pool::of(inputs, index, client, source, on, None))
                }
            }
        });
        Rc::clone(pool)
    }

    /// Whether anything that is, or may be, the client's is of a kind that a usual rule counts, or must be billed without.
    pub(crate) fn may_count(&self, rule: &ServiceRule, pools: &ClientPools) -> bool {
        // What was used on another day is looked for when it is counted.
        if rule.counts_a_peak() {
            return true;
        }
        let specs = rule.count().into_iter().chain(rule.committed());
        let mut selections = specs.filter_map(|spec| self.cache.selections(spec)).flatten();
        let may_be_taken = |(source, selection): &(usize, Selection<'_>)| {
            let is_counted = |candidate: &Candidate| selection.counts_kind(self.inputs.items.kind(candidate.item));
            self.pool(*source, pools).candidates.iter().any(is_counted)
        };
        let is_promised = rule.client_committed.is_some_and(|committed| committed.units.is_some());
        is_promised || selections.any(may_be_taken)
    }

    /// What should be billed, from at least to at most.
    pub(crate) fn count(
        &self,
        rule: &ServiceRule,
        side: &BilledSide<'_>,
        pools: &ClientPools,
        outer: OuterServices,
    ) -> Result<ServiceCount, TooManyDigits> {
        self.found(rule, &|spec, source, selection, before| {
            let pool = self.pool_on(source, before, pools);
            let one = match pool.is_shared {
                true => self.cache.count(&self.inputs.items, spec, &pool, selection)?,
                false => Rc::new(count(&self.inputs.items, &pool, selection)?),
            };
            Ok((pool, one))
        })?
        .finish(rule, side, outer)
    }

    /// The same, if only some undecided accounts may be the client's.
    pub(crate) fn count_with(
        &self,
        rule: &ServiceRule,
        side: &BilledSide<'_>,
        outer: OuterServices,
        allowed: &dyn Fn(usize) -> bool,
    ) -> Result<ServiceCount, TooManyDigits> {
        self.found(rule, &|_, source, selection, day| {
            let before = self.before(source, day);
            let before = before.as_ref().map(|(day, devices)| (*day, &**devices));
            let on = PoolDay { count_day: self.count_day, before };
            let pool = Pool::of(self.inputs, self.index, self.client, source, on, Some(allowed));
            let one = count(&self.inputs.items, &pool, selection)?;
            Ok((Rc::new(pool), Rc::new(one)))
        })?
        .finish(rule, side, outer)
    }

    /// What the sources of a service give together, and to what the MSP is committed there.
    fn found(&self, rule: &ServiceRule, of_source: OfSource<'_>) -> Result<Found, TooManyDigits> {
        let Some(spec) = rule.count() else { return Ok(Found::default()) };
        let found = self.counted(spec, of_source)?;
        let (Some(commitment), Some(spec)) = (&rule.commitment, rule.committed()) else { return Ok(found) };
        let sources = selections_that_bind(spec, self.inputs, self.cache.rules, self.binding(commitment));
        found.committed_to(spec, commitment.may_be_shared, self.counted_in(spec, &sources, None, of_source)?)
    }

    /// Which items bind on the day looked at.
    pub(crate) fn binding(&self, commitment: &VendorCommitment) -> Binding {
        // Where the items that are counted tell it, one that tells nothing is not committed.
        let without_term = commitment.count.is_some();
        Binding { count_day: self.count_day, looked_at: self.looked_at, without_term }
    }

    /// What the sources of a count give together.
    fn counted(&self, spec: &CountSpec, of_source: OfSource<'_>) -> Result<Found, TooManyDigits> {
        self.with_sources(spec, |sources| match spec.at {
            CountAt::CountDay => self.counted_in(spec, sources, None, of_source),
            CountAt::Peak => self.peak_of(spec, sources, of_source),
        })
    }

    /// The same on a day before the count day; `None`: on that.
    pub(crate) fn counted_in(
        &self,
        spec: &CountSpec,
        sources: &[(usize, Selection<'_>)],
        before: Option<DayBefore>,
        of_source: OfSource<'_>,
    ) -> Result<Found, TooManyDigits> {
        let items = &self.inputs.items;
        let (mut first, mut others, mut pools) = (Found::default(), Vec::new(), Vec::new());
        let is_bought = self.may_be_bought_twice(spec);
        let mut bought = BoughtUnits::default();
        for (source, selection) in sources {
            let (pool, one) = of_source(spec, *source, selection, before)?;
            if is_bought {
                bought.add(items, *source, &pool, selection)?;
            }
            if selection.term > others.len() {
                others.resize_with(selection.term, Found::default);
            }
            let term = if selection.term == 0 { &mut first } else { &mut others[selection.term - 1] };
            term.add(&one, &pool)?;
            term.count.is_counted |= unread(&self.inputs.sources[*source], *source, self.count_day).is_none();
            term.count.doubts.extend(self.empty_kinds(spec, *source, selection.term));
            match spec.join {
                // Seen in another tool since, a device was not replaced.
                CountJoin::Union(_) => pools.push(pool),
                CountJoin::Sum | CountJoin::Largest => term.without_replaced(&one, items, selection)?,
            }
        }
        let is_known = |part: &CountPart| self.inputs.sources.iter().any(|one| one.id == part.source);
        first.is_open |= !spec.parts.iter().all(is_known);
        match &spec.join {
            CountJoin::Sum if is_bought => first.without_bought_twice(bought, self.moved()),
            CountJoin::Sum => Ok(first),
            CountJoin::Largest => Found::largest(std::iter::once(first).chain(others).collect()),
            CountJoin::Union(same_by) => {
                let pools = &pools;
                first.each_machine_once(UnionOf { items, same_by, sources, pools }.span()?)
            }
        }
    }

    /// Whether the count adds up products of several sources that may be the same, and nobody decided that both are used.
    fn may_be_bought_twice(&self, spec: &CountSpec) -> bool {
        spec.join == CountJoin::Sum
            && self.inputs.items.has_skus()
            && self.bought != Some(&BoughtAt::Both)
            && spec.parts.windows(2).any(|pair| pair[0].source != pair[1].source)
            && !spec.parts.iter().any(CountPart::has_factor)
    }

    /// From which source the client's products were moved to which.
    fn moved(&self) -> Option<(usize, usize)> {
        let Some(BoughtAt::Moved { from, to, on }) = self.bought else { return None };
        let number = |id: &SourceId| self.inputs.sources.iter().position(|source| source.id == *id);
        number(from).zip(number(to)).filter(|_| *on <= self.count_day)
    }

    /// Kinds that the source had before and has none of now.
    fn empty_kinds(&self, spec: &CountSpec, source: usize, term: usize) -> Vec<Doubt> {
        let kept = &self.inputs.sources[source];
        let of_term = spec.parts.iter().filter(|part| part.source == kept.id && part.term == term);
        let here = of_term.filter(|part| !part.may_be_empty);
        let empty = here.filter(|part| {
            let kind = kept.kinds.iter().position(|kind| kind.name == part.kind);
            kept.words.has_kind(&part.kind) && !kind.is_some_and(|kind| self.index.has_items(source, kind))
        });
        empty.map(|part| Doubt::FirstMonthWithoutAny { source, kind: part.kind.clone() }).collect()
    }
}

impl Found {
    fn finish(
        self,
        rule: &ServiceRule,
        side: &BilledSide<'_>,
        outer: OuterServices,
    ) -> Result<ServiceCount, TooManyDigits> {
        let Self { mut count, least, most, is_open, commitment } = self;
        let is_commitment_open = commitment.as_ref().is_some_and(|commitment| commitment.is_open);
        let (off_least, off_most) = (outer.off_least()?, outer.off_most()?);
        let is_one = most.is_none() && off_least == off_most;
        let most = most.unwrap_or_else(|| least.clone());
        count.least = should_bill(least, rule, side, off_least)?;
        count.most = match is_one {
            _ if is_commitment_open || is_open && !off_most.is_covered => None,
            true => Some(count.least.clone()),
            false => Some(should_bill(most, rule, side, off_most)?),
        };
        if off_most.is_covered {
            // However many there are, none is billed.
            count.widenings.clear();
            count.doubts.clear();
            count.undecided.clear();
        } else {
            count.widenings.extend(outer.widenings());
        }
        if let Some(commitment) = commitment {
            count.widenings.extend(commitment.widenings);
            count.doubts.extend(commitment.doubts);
            count.undecided.extend(commitment.undecided);
        }
        count.outer = outer;
        Ok(count)
    }
}

/// The same count with so many units less at its upper end.
pub(crate) fn with_less(
    count: &ServiceCount,
    less: Decimal,
    rule: &ServiceRule,
    side: &BilledSide<'_>,
) -> Result<ServiceCount, TooManyDigits> {
    let Some(most) = &count.most else { return Ok(count.clone()) };
    let factored = minus(most.factored, less)?;
    let most = End { counted: factored, factored, committed: most.committed, ..End::default() };
    let most = should_bill(most, rule, side, count.outer.off_most()?)?;
    Ok(ServiceCount { least: count.least.clone(), most: Some(most), ..ServiceCount::default() })
}

pub(crate) fn join(
    end: &mut End,
    counted: Decimal,
    factored: Decimal,
    gross: Decimal,
    parts: &Parts,
) -> Result<(), TooManyDigits> {
    end.counted = plus(end.counted, counted)?;
    end.factored = plus(end.factored, factored)?;
    end.gross = plus(end.gross, gross)?;
    for (reason, units) in parts {
        add(&mut end.parts, *reason, *units)?;
    }
    Ok(())
}
