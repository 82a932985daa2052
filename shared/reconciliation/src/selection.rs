//! What a service counts in one source, and what may become of one item there.

use hashbrown::HashMap;
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;
use truecount_billing::{HOLDS, Unit};
use truecount_rules::{
    CountPart, CountSpec, Filter, Fit, IdentityKey, PARTS_OF_A_SOURCE_MAX, Pattern, ProductsLeftOut, Rules,
    StalePolicy, UnknownPolicy, unseen_days,
};

use crate::binding::Binding;
use crate::columns::{ItemColumns, ItemNo, OwnState};
use crate::drawn_from::{Drawing, drawing};
use crate::evidence::{LedgerReason, Widening};
use crate::group_takers::{GroupTakers, Taking, common_usual, counted, text_of, ways_of_facts};
use crate::left_out_products::{ProductUse, names_products};
use crate::pool::{Candidate, Elsewhere};
use crate::run_inputs::{RunInputs, UsageSource};
use crate::weighing::Weighing;

/// Parts of a count, a bit each.
pub(crate) type PartMask = u64;

/// What a service counts in one source.
pub(crate) struct Selection<'r> {
    kinds: Vec<KindSelection<'r>>,
    /// Why nobody knows an upper end: words that the source never had.
    pub(crate) open: Vec<Widening>,
    /// Parts of which nobody knows a lower end: what they must not take may be misspelt.
    pub(crate) without_low: PartMask,
    pub(crate) without_low_why: Vec<Widening>,
    /// By part; `None`: no part multiplies its units.
    factors: Option<Vec<Decimal>>,
    /// Of the largest of several counts: of which of them it is.
    pub(crate) term: usize,
    /// Of what the MSP is committed to: which items bind; `None`: how many there are is counted.
    pub(crate) binding: Option<Binding>,
}

/// What holds for the items of one kind.
struct KindSelection<'r> {
    /// The parts that count the kind, by number and themselves.
    parts: Vec<(u32, &'r CountPart)>,
    stale: StalePolicy,
    unknown: UnknownPolicy,
    usual: Vec<(String, Vec<Pattern>)>,
    /// Whether a word of what other services of the group must not take was never seen: then none surely takes an item.
    is_taker_doubtful: bool,
    identity: &'r [IdentityKey],
    /// Products that its source leaves out; `None`: the parts say themselves which they take.
    products: Option<&'r ProductsLeftOut>,
    tells_sku: bool,
    is_device: bool,
    /// What its items are drawn from, where one part alone counts the kind.
    drawing: Option<Drawing<'r>>,
    /// The parts that take every item of the kind, where each part takes every one in whatever state.
    takes_all: Option<PartMask>,
    /// The day of the source's snapshot, and the first moment from which an item was seen lately enough; `None`: an item
    /// is never too old.
    seen_since: Option<(Date, i64)>,
}

/// One way in which an item may be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    /// The kind, of an item that can be one device with another; `None`: of none that the source knows.
    pub(crate) kind: Option<usize>,
    /// Why it does not count, before it is held against others.
    pub(crate) left_out: Option<LedgerReason>,
    pub(crate) looks: Looks,
    /// Units; `None`: the vendor did not say.
    pub(crate) units: Option<Decimal>,
    /// Whether the units are those before a fall.
    pub(crate) is_larger: bool,
}

/// Whether a service looks at an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looks {
    /// These parts take it.
    Taken(PartMask),
    /// None does.
    Passed,
    /// A fact is missing, and the rule leaves such items out.
    LeftOut,
    /// A service that comes before in the order of the group takes it.
    Grouped,
    /// Somebody holds a paid licence, and no service of the group takes him.
    Untaken,
    /// Of the same, it is not known; these parts may be meant to take him.
    Holder(PartMask),
}

impl Way {
    /// Whether it would count if no other item is the same device. One that is at another client is what the others are
    /// duplicates of.
    pub(crate) fn is_kept(&self) -> bool {
        self.kind.is_some() && matches!(self.left_out, None | Some(LedgerReason::Elsewhere))
    }

    /// Whether nobody looks at it unless no other item is the same person.
    pub(crate) fn is_of_holder(&self) -> bool {
        matches!(self.looks, Looks::Untaken | Looks::Holder(_))
    }

    /// What comes of it, where it is not a duplicate.
    pub(crate) fn fate(&self) -> Fate {
        match (self.kind, self.looks, self.left_out) {
            (None, ..) | (_, Looks::Passed, _) => Fate::Passed,
            (_, Looks::Untaken, Some(_)) => Fate::Passed,
            (_, _, Some(reason)) => Fate::Left(reason),
            (_, Looks::LeftOut, None) => Fate::Left(LedgerReason::Unknown),
            (_, Looks::Grouped, None) => Fate::Left(LedgerReason::Group),
            (_, Looks::Untaken, None) => Fate::Left(LedgerReason::Untaken),
            (_, Looks::Taken(mask) | Looks::Holder(mask), None) => Fate::Taken(mask),
        }
    }
}

/// What comes of an item in one way of settling everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Taken(PartMask),
    Left(LedgerReason),
    /// The service does not look at it.
    Passed,
}

/// What `spec` counts, by source.
pub(crate) fn selections<'r>(
    spec: &'r CountSpec,
    inputs: &'r RunInputs,
    rules: &'r Rules,
) -> Vec<(usize, Selection<'r>)> {
    let terms = 1 + spec.parts.iter().map(|part| part.term).max().unwrap_or_default();
    let all = (0..inputs.sources.len()).flat_map(|source| (0..terms).map(move |term| (source, term)));
    all.filter_map(|(source, term)| Some((source, Selection::of(spec, inputs, rules, (source, term))?))).collect()
}

/// The same of what binds.
pub(crate) fn selections_that_bind<'r>(
    spec: &'r CountSpec,
    inputs: &'r RunInputs,
    rules: &'r Rules,
    binding: Binding,
) -> Vec<(usize, Selection<'r>)> {
    let all = selections(spec, inputs, rules).into_iter();
    all.map(|(source, selection)| (source, Selection { binding: Some(binding), ..selection })).collect()
}

impl<'r> Selection<'r> {
    /// What a term of `spec` counts in a source; `None`: nothing.
    fn of(
        spec: &'r CountSpec,
        inputs: &'r RunInputs,
        rules: &'r Rules,
        (source, term): (usize, usize),
    ) -> Option<Self> {
        let kept = &inputs.sources[source];
        let here = spec.parts.iter().filter(|part| part.source == kept.id && part.term == term);
        let parts: Vec<(u32, &CountPart)> = numbered(here);
        if parts.is_empty() {
            return None;
        }
        let products = rules.products_left_out(&kept.id);
        let kinds = kept.kinds.iter().map(|kind| {
            let own: Vec<(u32, &CountPart)> =
                parts.iter().copied().filter(|(_, part)| part.kind == kind.name).collect();
            let first = own.first().map(|(_, part)| *part);
            let stale = first.map_or_else(|| spec.policies.stale_of(kind), |part| part.stale);
            let usual = first.map_or_else(|| spec.policies.usual_of(kind), common_usual);
            let products = products.filter(|_| first.is_some_and(|part| !names_products(part)));
            KindSelection {
                stale,
                takes_all: takes_all(&own).filter(|_| usual.is_empty() && products.is_none()),
                products,
                seen_since: seen_since(stale, kept.synced_on),
                unknown: first.map_or_else(|| spec.policies.unknown_of(kind), |part| part.unknown),
                usual,
                is_taker_doubtful: own.iter().any(|(_, part)| is_taker_doubtful(kept, &kind.name, part)),
                identity: &kind.identity,
                tells_sku: kept.words.has_any(&kind.name, "sku"),
                is_device: kind.unit == Unit::Device,
                drawing: drawing(kept, kind, &own),
                parts: own,
            }
        });
        let mut selection = Self {
            kinds: kinds.collect(),
            open: Vec::new(),
            without_low: 0,
            without_low_why: Vec::new(),
            factors: factors(&parts),
            term,
            binding: None,
        };
        for (number, part) in parts {
            selection.note_unseen(kept, source, number, part);
            if let Some(products) = products.filter(|_| !names_products(part)) {
                selection.note_unseen_products(kept, source, (number, part), products);
            }
        }
        Some(selection)
    }

    /// Notes the words of a part that its source never had.
    fn note_unseen(&mut self, kept: &UsageSource, source: usize, number: u32, part: &CountPart) {
        // Of a source that was not read, only that is known.
        if !kept.was_read {
            return;
        }
        let kind = &part.kind;
        let group = part.group.as_ref();
        let is_asked = |part: &&CountPart| !part.may_be_empty;
        let counted: Vec<&CountPart> = counted(part).filter(is_asked).collect();
        if !counted.is_empty() && !kept.words.has_kind(kind) {
            self.open.push(Widening::WordNeverSeen { source, kind: kind.clone(), word: None });
        }
        for (attribute, word) in counted.iter().flat_map(|part| &part.wanted).flat_map(|one| never(kept, kind, one)) {
            self.open.push(Widening::WordNeverSeen { source, kind: kind.clone(), word: Some((attribute, word)) });
        }
        let own = counted.iter().flat_map(|part| {
            let sections = part.less.iter().flat_map(|share| &share.wanted);
            sections.chain([&part.unwanted, &part.except])
        });
        let earlier = group.into_iter().flat_map(|group| &group.earlier).map(|taker| &taker.part).filter(is_asked);
        // That one service may be empty says nothing of what all leave out.
        let of_whole = group.filter(|group| group.is_whole).map(|_| &part.except);
        let own = own.chain(of_whole);
        for (attribute, word) in own.chain(earlier.flat_map(|part| &part.wanted)).flat_map(|one| never(kept, kind, one))
        {
            self.without_low |= 1 << number;
            self.without_low_why.push(Widening::UnwantedNeverSeen { source, kind: kind.clone(), attribute, word });
        }
    }

    /// What comes of an item of which everything is known, and its units; `None`: several things may come of it, or it
    /// takes more to say.
    #[inline]
    pub(crate) fn settled(&self, items: &ItemColumns, candidate: &Candidate) -> Option<(Fate, u32)> {
        let item = candidate.item;
        let kind = &self.kinds[items.kind(item)?];
        let is_plain = candidate.larger.is_none() && candidate.also.is_none() && candidate.elsewhere == Elsewhere::No;
        let mask = kind.takes_all.filter(|_| is_plain)?;
        let units = items.small_units(item)?;
        if mask == 0 || !self.binds(items, item) {
            return Some((Fate::Passed, units));
        }
        let left_out = match items.own_state(item) {
            OwnState::Unknown(_) => return None,
            OwnState::LeftOut(reason) => Some(LedgerReason::State(reason)),
            OwnState::Counts => kind.step_of_sighting(items, candidate)?,
        };
        Some((left_out.map_or(Fate::Taken(mask), Fate::Left), units))
    }

    fn binds(&self, items: &ItemColumns, item: ItemNo) -> bool {
        self.binding.is_none_or(|binding| binding.binds(items.commitment(item)))
    }

    /// The units of items in each part, multiplied; `None`: no part multiplies its units.
    pub(crate) fn factored(&self) -> Option<Weighing<'_>> {
        self.factors.as_deref().map(|factors| Weighing { without: 0, factors: Some(factors) })
    }

    /// Whether a part counts items of a kind.
    #[inline]
    pub(crate) fn counts_kind(&self, kind: Option<usize>) -> bool {
        kind.is_none_or(|kind| !self.kinds[kind].parts.is_empty())
    }

    /// Whether items of a kind are devices.
    pub(crate) fn is_device(&self, kind: usize) -> bool {
        self.kinds[kind].is_device
    }

    /// From when on an item of a kind that was not seen is left out.
    pub(crate) fn stale_of(&self, kind: usize) -> StalePolicy {
        self.kinds[kind].stale
    }

    /// The identities of a kind, the surest first.
    pub(crate) fn identity_of(&self, kind: usize) -> &'r [IdentityKey] {
        self.kinds[kind].identity
    }

    /// What the items of a kind are drawn from; `None`: nothing that is known, or several parts count them.
    pub(crate) fn drawing(&self, kind: usize) -> Option<Drawing<'r>> {
        self.kinds[kind].drawing
    }

    /// Whether the source tells the products of a kind's items.
    pub(crate) fn tells_sku(&self, kind: usize) -> bool {
        self.kinds[kind].tells_sku
    }

    /// Every way in which an item may be settled; at least one.
    pub(crate) fn ways(&self, items: &ItemColumns, candidate: &Candidate, ways: &mut Vec<Way>) {
        ways.clear();
        self.add_ways(items, candidate, ways);
        if let Some(also) = candidate.also {
            self.add_ways(items, &Candidate { item: also, ..candidate.clone() }, ways);
        }
        if let Some(larger) = candidate.larger {
            for at in 0..ways.len() {
                ways.push(Way { units: Some(larger), is_larger: true, ..ways[at] });
            }
        }
    }

    fn add_ways(&self, items: &ItemColumns, candidate: &Candidate, ways: &mut Vec<Way>) {
        let item = candidate.item;
        match items.kind(item) {
            Some(kind) => self.ways_of_kind(items, candidate, kind, ways),
            None => {
                for kind in 0..self.kinds.len() {
                    self.ways_of_kind(items, candidate, kind, ways);
                }
                ways.push(Way {
                    kind: None,
                    left_out: None,
                    looks: Looks::Passed,
                    units: items.units(item),
                    is_larger: false,
                });
            }
        }
    }

    /// Every way of each of several items.
    pub(crate) fn ways_of_each(&self, items: &ItemColumns, members: &[&Candidate]) -> Vec<Vec<Way>> {
        let ways_of = |member: &&Candidate| {
            let mut ways = Vec::new();
            self.ways(items, member, &mut ways);
            ways
        };
        members.iter().map(ways_of).collect()
    }

    fn ways_of_kind(&self, items: &ItemColumns, candidate: &Candidate, kind: usize, ways: &mut Vec<Way>) {
        let selection = &self.kinds[kind];
        let known = |name: &str| text_of(items, candidate, name);
        let units = items.units(candidate.item);
        for facts in ways_of_facts(&selection.parts, selection.unknown, &known) {
            let told = |name: &str| facts.iter().find(|(one, _)| *one == name).map(|(_, word)| word.as_ref());
            let text_of = |name: &str| known(name).or_else(|| told(name));
            let (looks, other) = match self.binds(items, candidate.item) {
                true => selection.looks(&text_of),
                false => (Looks::Passed, None),
            };
            let mut steps = selection.steps(items, candidate, &text_of);
            if candidate.elsewhere == Elsewhere::Since && steps.contains(&None) {
                steps.push(Some(LedgerReason::Elsewhere));
            }
            for left_out in steps {
                // A holder whom no service takes counts only where nothing else leaves him out.
                let other = other.filter(|_| looks != Looks::Untaken || left_out.is_none());
                for looks in std::iter::once(looks).chain(other) {
                    let way = Way { kind: Some(kind), left_out, looks, units, is_larger: false };
                    if !ways.contains(&way) {
                        ways.push(way);
                    }
                }
            }
        }
    }

    /// Whether what the rule says of facts that are missing settles an item.
    pub(crate) fn is_decided_by_rule(&self, items: &ItemColumns, candidate: &Candidate) -> bool {
        let Some(kind) = items.kind(candidate.item) else { return false };
        let selection = &self.kinds[kind];
        let is_passed = selection.parts.is_empty() || !self.binds(items, candidate.item);
        if selection.unknown == UnknownPolicy::Widens || is_passed {
            return false;
        }
        let text_of = |name: &str| text_of(items, candidate, name);
        let is_by_rule = |taking| matches!(taking, Taking::ByRule);
        let is_missing =
            selection.parts.iter().any(|(_, part)| is_by_rule(Taking::of(part, selection.unknown, &text_of)));
        is_missing || selection.looks(&text_of).0 != Looks::Passed && selection.is_state_missing(items, candidate)
    }
}

/// What each part multiplies its units by, where one does.
fn factors(parts: &[(u32, &CountPart)]) -> Option<Vec<Decimal>> {
    let has_any = parts.iter().any(|(_, part)| part.has_factor());
    has_any.then(|| parts.iter().map(|(_, part)| part.times).collect())
}

/// Parts with the number of their bit. Where all may be empty and none has a factor, nothing is ever asked of one part by
/// itself, and parts of different kinds share their bits: a list can have many kinds.
fn numbered<'r>(parts: impl Iterator<Item = &'r CountPart> + Clone) -> Vec<(u32, &'r CountPart)> {
    let is_shared = parts.clone().all(|part| part.may_be_empty && !part.has_factor());
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let of = |part: &'r CountPart| {
        let next = numbers.entry(if is_shared { part.kind.as_str() } else { "" }).or_default();
        *next += 1;
        (*next - 1, part)
    };
    parts.map(of).filter(|(number, _)| *number < PARTS_OF_A_SOURCE_MAX).collect()
}

/// The words of a filter that a kind of a source never had.
fn never(kept: &UsageSource, kind: &str, filter: &Filter) -> Vec<(String, String)> {
    let asked = filter.tables.iter().flat_map(|table| {
        let any = table.attributes.iter().flat_map(|(name, words)| words.iter().map(move |word| (name.as_str(), word)));
        any.chain(table.holds_all.iter().map(|word| (HOLDS, word)))
    });
    // Days are no words of the source.
    let words = asked.filter(|(attribute, _)| unseen_days(attribute).is_none());
    // What a purchase tells, the items that are drawn from it may be, too.
    let drawn_from = kept.kinds.iter().find(|one| one.name == kind).and_then(|kind| kind.drawn_from.as_ref());
    let is_of_purchase = |attribute: &str, word: &Pattern| {
        let from = drawn_from.filter(|from| from.told_by == attribute);
        from.is_some_and(|from| kept.words.has(&from.kind, attribute, word))
    };
    let is_unseen = |(attribute, word): &(&str, &Pattern)| {
        !word.is_superseded && !kept.words.has(kind, attribute, word) && !is_of_purchase(attribute, word)
    };
    let unseen = words.filter(is_unseen);
    unseen.map(|(attribute, word)| (attribute.to_owned(), word.written.clone())).collect()
}

/// The parts that take every item of their kind, if none looks at anything else.
fn takes_all(parts: &[(u32, &CountPart)]) -> Option<PartMask> {
    let takes_every =
        |part: &CountPart| part.wanted.is_empty() && part.unwanted.tables.is_empty() && part.less.is_empty();
    let is_alone = |part: &CountPart| part.group.is_none() && part.except.tables.is_empty();
    let is_plain = parts.iter().all(|(_, part)| takes_every(part) && is_alone(part));
    is_plain.then(|| parts.iter().fold(0, |mask, (number, _)| mask | 1 << number))
}

/// The first moment of the first day that is late enough, beside the day of the snapshot.
fn seen_since(stale: StalePolicy, synced_on: Date) -> Option<(Date, i64)> {
    let StalePolicy::AfterDays(limit) = stale else { return None };
    let first = synced_on.checked_sub(i64::from(limit).days()).unwrap_or(Date::MIN);
    let since = Offset::UTC.to_timestamp(first.at(0, 0, 0, 0)).map_or(i64::MIN, Timestamp::as_microsecond);
    Some((synced_on, since))
}

impl KindSelection<'_> {
    /// Whether an item that counts by its state was not seen for too long; the outer `None`: it takes more to say.
    #[inline]
    fn step_of_sighting(&self, items: &ItemColumns, candidate: &Candidate) -> Option<Option<LedgerReason>> {
        if self.stale == StalePolicy::Never {
            return Some(None);
        }
        let (day, since) = self.seen_since?;
        match items.last_seen_microsecond(candidate.item) {
            Some(_) if candidate.snapshot_day != day => None,
            Some(seen) => Some((seen < since).then_some(LedgerReason::Stale)),
            // What the rule says of it is named.
            None => None,
        }
    }

    /// Why an item may not count, before it is held against others: each possible answer.
    fn steps<'w>(
        &self,
        items: &ItemColumns,
        candidate: &Candidate,
        text_of: &impl Fn(&str) -> Option<&'w str>,
    ) -> Vec<Option<LedgerReason>> {
        let mut steps = Vec::with_capacity(1);
        let may_count = match items.own_state(candidate.item) {
            OwnState::Counts => true,
            OwnState::LeftOut(reason) => {
                steps.push(Some(LedgerReason::State(reason)));
                false
            }
            OwnState::Unknown(_) => {
                steps.push(Some(LedgerReason::Unknown));
                true
            }
        };
        if may_count {
            self.steps_of_counting(items, candidate, text_of, &mut steps);
        }
        steps
    }

    fn steps_of_counting<'w>(
        &self,
        items: &ItemColumns,
        candidate: &Candidate,
        text_of: &impl Fn(&str) -> Option<&'w str>,
        steps: &mut Vec<Option<LedgerReason>>,
    ) {
        let mut may_be_unusual = false;
        for (attribute, allowed) in &self.usual {
            let fits = text_of(attribute).map(|text| is_usual(attribute, text, allowed));
            match (fits, self.unknown) {
                (Some(true), _) | (None, UnknownPolicy::Counts) => {}
                (Some(false), _) => return steps.push(Some(LedgerReason::Usual)),
                (None, UnknownPolicy::Widens) => may_be_unusual = true,
                (None, UnknownPolicy::LeftOut) => return steps.push(Some(LedgerReason::Unknown)),
            }
        }
        if may_be_unusual {
            steps.push(Some(LedgerReason::Usual));
        }
        match (self.product(items, candidate.item), self.unknown) {
            (ProductUse::LeftOut, _) => return steps.push(Some(LedgerReason::Product)),
            (ProductUse::Untold, UnknownPolicy::Widens) => steps.push(Some(LedgerReason::Product)),
            (ProductUse::Untold, UnknownPolicy::LeftOut) => return steps.push(Some(LedgerReason::Unknown)),
            (ProductUse::Untold, UnknownPolicy::Counts) | (ProductUse::Counts, _) => {}
        }
        let StalePolicy::AfterDays(limit) = self.stale else { return steps.push(None) };
        match (items.last_seen(candidate.item), self.unknown) {
            (Some(seen), _) => {
                let seen = Offset::UTC.to_datetime(seen).date();
                let days = (candidate.snapshot_day - seen).get_days();
                steps.push((i64::from(days) > i64::from(limit)).then_some(LedgerReason::Stale));
            }
            (None, UnknownPolicy::Counts) => steps.push(None),
            (None, UnknownPolicy::LeftOut) => steps.push(Some(LedgerReason::Unknown)),
            (None, UnknownPolicy::Widens) => steps.extend([None, Some(LedgerReason::Stale)]),
        }
    }

    /// What its source makes of an item's product.
    fn product(&self, items: &ItemColumns, item: ItemNo) -> ProductUse {
        ProductUse::of(self.products.filter(|_| self.tells_sku), items.sku(item))
    }

    /// Whether an item that nothing leaves out has no last sighting, or no word of its usual state, and the service asks.
    fn is_state_missing(&self, items: &ItemColumns, candidate: &Candidate) -> bool {
        let item = candidate.item;
        let is_usual =
            |(name, words): &(String, Vec<Pattern>)| Some(is_usual(name, items.attribute(item, name)?, words));
        let usual: Vec<_> = self.usual.iter().map(is_usual).collect();
        let product = self.product(items, item);
        let is_out = matches!(items.own_state(item), OwnState::LeftOut(_)) || product == ProductUse::LeftOut;
        if is_out || usual.contains(&Some(false)) {
            return false;
        }
        let asks_for_age = matches!(self.stale, StalePolicy::AfterDays(_));
        let is_untold = usual.contains(&None) || product == ProductUse::Untold;
        is_untold || asks_for_age && items.last_seen(item).is_none()
    }

    fn takers<'t>(&'t self, part: &'t CountPart) -> GroupTakers<'t> {
        GroupTakers { part, unknown: self.unknown, usual: &self.usual, is_doubtful: self.is_taker_doubtful }
    }

    /// Whether the service looks at an item; where that is not known, both answers.
    fn looks<'w>(&self, text_of: &impl Fn(&str) -> Option<&'w str>) -> (Looks, Option<Looks>) {
        let (mut sure, mut open, mut otherwise) = (0, 0, Looks::Passed);
        for (number, part) in &self.parts {
            let bit = 1 << number;
            let by_others = || self.takers(part).earlier_take(text_of);
            match self.takers(part).taking(text_of) {
                Taking::ByRule if self.unknown == UnknownPolicy::LeftOut => {
                    let is_anothers = self.takers(part).is_surely_not_excepted(text_of) && by_others() == Fit::Yes;
                    otherwise = if is_anothers { Looks::Grouped } else { Looks::LeftOut };
                }
                Taking::Taken | Taking::ByRule => match by_others() {
                    Fit::No => sure |= bit,
                    Fit::Yes => otherwise = Looks::Grouped,
                    Fit::Unknown => (open, otherwise) = (open | bit, Looks::Grouped),
                },
                Taking::Open if by_others() == Fit::Yes => otherwise = Looks::Grouped,
                Taking::Open => open |= bit,
                Taking::Passed if self.takers(part).leave_holder(text_of) => {
                    (open, otherwise) = (open | bit, Looks::Untaken);
                }
                Taking::Passed => {}
            }
        }
        let of = |mask: PartMask| match mask {
            0 => otherwise,
            mask => Looks::Taken(mask),
        };
        let all = || if otherwise == Looks::Untaken { Looks::Holder(sure | open) } else { of(sure | open) };
        (of(sure), (open != 0).then(all))
    }
}

/// Whether a source never had a word of what other services of a part's group must not take.
fn is_taker_doubtful(kept: &UsageSource, kind: &str, part: &CountPart) -> bool {
    let others = part.group.iter().flat_map(|group| &group.others).filter(|taker| !taker.part.may_be_empty);
    kept.was_read && others.into_iter().any(|taker| !never(kept, kind, &taker.part.unwanted).is_empty())
}

pub(crate) fn is_usual(attribute: &str, text: &str, allowed: &[Pattern]) -> bool {
    truecount_billing::attribute_words(attribute, text).any(|word| allowed.iter().any(|one| one.fits(word)))
}
