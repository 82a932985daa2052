//! How many units of a service a client uses in one source: the least and the most that may be, and how both come from
//! the units that the service looks at.
//!
//! What is unknown of one item is independent of what is unknown of another, so the ends of most are added up. Items that
//! can be one device are settled together ([`crate::same_device`]), and all items of an account that may not be there are
//! there or none ([`crate::accounts_there`]).

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::accounts_there::AccountsThere;
use crate::columns::ItemColumns;
use crate::drawn_from::{DrawnItems, drawn_items, may_be_drawn};
use crate::evidence::{Doubt, ItemFate, LedgerReason, Widening};
use crate::interval::{Span, TooManyDigits, minus, plus};
use crate::pool::{Candidate, Elsewhere, Origin, Pool};
use crate::replaced::{Devices, Pairing, ReplacedDevices};
use crate::same_device::{GroupCount, SettledWay, settle_group};
use crate::selection::{Fate, PartMask, Selection, Way};
use crate::weighing::Weighing;

/// Units by what they are left out, or added, for.
pub(crate) type Parts = BTreeMap<LedgerReason, Decimal>;

/// What one source gives to a count.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourceCount {
    pub(crate) least: Decimal,
    /// Without meaning where there is a reason in `open`.
    pub(crate) most: Decimal,
    /// Units looked at.
    pub(crate) gross: Decimal,
    /// `gross` and these are `least`.
    pub(crate) least_parts: Parts,
    /// `gross` and these are `most`.
    pub(crate) most_parts: Parts,
    /// Both ends with each part's units multiplied by its factor; `None`: no part has one.
    pub(crate) factored: Option<Span>,
    pub(crate) open: Vec<Widening>,
    pub(crate) widenings: Vec<Widening>,
    pub(crate) doubts: Vec<Doubt>,
    /// Items that the rule decides for want of a fact.
    pub(crate) decided_by_rule: usize,
    pub(crate) undecided: UndecidedShares,
    /// What of `least` was probably replaced.
    pub(crate) replaced: ReplacedDevices,
    /// The same, multiplied by the factors of its parts.
    pub(crate) replaced_factored: Decimal,
}

/// What each undecided account adds to the upper end, multiplied by the factors of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UndecidedShares {
    /// Of accounts that share no device with another: so much each, by account.
    pub(crate) each: BTreeMap<usize, Decimal>,
    /// Accounts of which that hangs on others.
    pub(crate) linked: BTreeSet<usize>,
}

/// What one candidate gives by itself.
#[derive(Debug, Clone, Copy, Default)]
struct Alone {
    span: Span,
    /// With the quantity before a fall among what may be.
    with_larger: Span,
    is_endless: bool,
}

/// Counts the candidates of one source.
pub(crate) fn count(items: &ItemColumns, pool: &Pool, selection: &Selection<'_>) -> Result<SourceCount, TooManyDigits> {
    let mut found = counted(items, pool, selection, Weighing::default())?;
    if let Some(factored) = selection.factored() {
        let multiplied = counted(items, pool, selection, factored)?;
        found.factored = Some(Span { low: multiplied.least, high: multiplied.most });
        found.undecided = multiplied.undecided;
        found.replaced_factored = multiplied.replaced.units;
    } else {
        found.replaced_factored = found.replaced.units;
    }
    found.open.extend(pool.open.iter().cloned());
    found.open.extend(selection.open.iter().cloned());
    found.widenings.extend(pool.widenings.iter().cloned());
    found.widenings.extend(selection.without_low_why.iter().cloned());
    Ok(found)
}

fn counted(
    items: &ItemColumns,
    pool: &Pool,
    selection: &Selection<'_>,
    weighing: Weighing<'_>,
) -> Result<SourceCount, TooManyDigits> {
    let counter = Counter::of(items, pool, selection, weighing)?;
    let replaced = counter.replaced()?;
    let mut found = SourceCount { replaced, ..counter.counted()? };
    if selection.without_low != 0 {
        // Nobody knows how many these parts must not take: none of theirs is sure.
        let sure = Counter::of(items, pool, selection, weighing.without(selection.without_low))?;
        let low = sure.span_at(Origin::Undecided)?.low;
        let least = low.min(found.least);
        let replaced = minus(low, sure.replaced()?.units)?.min(minus(found.least, found.replaced.units)?);
        found.replaced.units = minus(least, replaced)?.max(Decimal::ZERO);
        add(&mut found.least_parts, LedgerReason::Unknown, minus(least, found.least)?)?;
        found.least = least;
    }
    Ok(found)
}

/// Adds to one of the parts; one that is nothing is not there.
pub(crate) fn add(parts: &mut Parts, reason: LedgerReason, units: Decimal) -> Result<(), TooManyDigits> {
    let sum = plus(parts.get(&reason).copied().unwrap_or_default(), units)?;
    if sum.is_zero() {
        parts.remove(&reason);
    } else {
        parts.insert(reason, sum);
    }
    Ok(())
}

struct Counter<'a> {
    items: &'a ItemColumns,
    pool: &'a Pool,
    /// Of what is surely the client's; of what may be, on top.
    own: Span,
    own_with_larger: Span,
    split: Span,
    split_with_larger: Span,
    fell: Span,
    /// By account, of those that are gone and of undecided ones.
    accounts: BTreeMap<usize, Span>,
    groups: Vec<GroupCount>,
    gross: Decimal,
    parts: Parts,
    endless: Vec<Widening>,
    unknown: Vec<Widening>,
    doubts: Vec<Doubt>,
    decided_by_rule: usize,
    devices: Devices,
}

/// Items of which everything is known: whole units, added without any fuss.
#[derive(Default)]
struct SettledUnits {
    looked_at: u64,
    taken: u64,
    left: Vec<(LedgerReason, u64)>,
}

impl SettledUnits {
    /// `None`: there are too many.
    fn add(&mut self, fate: Fate, units: u32, without: PartMask) -> Option<()> {
        let units = u64::from(units);
        match fate {
            Fate::Passed => return Some(()),
            Fate::Taken(mask) => {
                let times = u64::from((mask & !without).count_ones());
                self.taken = self.taken.checked_add(units.checked_mul(times)?)?;
            }
            Fate::Left(reason) => match self.left.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, sum)) => *sum = sum.checked_add(units)?,
                None => self.left.push((reason, units)),
            },
        }
        self.looked_at = self.looked_at.checked_add(units)?;
        Some(())
    }
}

impl<'a> Counter<'a> {
    fn of(
        items: &'a ItemColumns,
        pool: &'a Pool,
        selection: &Selection<'_>,
        weighing: Weighing<'_>,
    ) -> Result<Self, TooManyDigits> {
        let mut counter = Self {
            items,
            pool,
            own: Span::default(),
            own_with_larger: Span::default(),
            split: Span::default(),
            split_with_larger: Span::default(),
            fell: Span::default(),
            accounts: BTreeMap::new(),
            groups: Vec::new(),
            gross: Decimal::ZERO,
            parts: Parts::new(),
            endless: Vec::new(),
            unknown: Vec::new(),
            doubts: Vec::new(),
            decided_by_rule: 0,
            devices: Devices::default(),
        };
        let pairs = Pairing::of(items, selection, weighing);
        let (mut ways, mut plain, mut drawn) = (Vec::new(), SettledUnits::default(), Vec::new());
        let is_plain = !weighing.has_factors();
        for at in &pool.singles {
            let candidate = &pool.candidates[*at];
            if selection.counts_kind(items.kind(candidate.item)) {
                let settled = if is_plain { selection.settled(items, candidate) } else { None };
                if let Some((fate, units)) = settled.filter(|_| candidate.is_surely_own()) {
                    if units == 1 && pairs.is_on() {
                        counter.devices.add(candidate, pairs.settled(candidate, fate)?);
                    }
                    plain.add(fate, units, weighing.without).ok_or(TooManyDigits)?;
                    continue;
                }
                selection.ways(items, candidate, &mut ways);
                if is_plain && weighing.without == 0 && may_be_drawn(items, selection, candidate, &ways) {
                    drawn.push(*at);
                }
                counter.decided_by_rule += usize::from(selection.is_decided_by_rule(items, candidate));
                counter.devices.add(candidate, pairs.single(candidate, &ways)?);
                counter.single(candidate, &ways, weighing)?;
            }
        }
        counter.add_settled(&plain)?;
        counter.narrow(drawn_items(items, pool, selection, &drawn)?)?;
        for group in &pool.groups {
            let counted = || {
                group
                    .iter()
                    .map(|at| &pool.candidates[*at])
                    .filter(|candidate| selection.counts_kind(items.kind(candidate.item)))
            };
            if counted().next().is_some() {
                counter.decided_by_rule +=
                    counted().filter(|candidate| selection.is_decided_by_rule(items, candidate)).count();
                counter.group(group, selection, weighing)?;
            }
        }
        Ok(counter)
    }

    #[inline]
    fn add_settled(&mut self, plain: &SettledUnits) -> Result<(), TooManyDigits> {
        let taken = Span::of(Decimal::from(plain.taken));
        self.own = self.own.plus(taken)?;
        self.own_with_larger = self.own_with_larger.plus(taken)?;
        self.gross = plus(self.gross, Decimal::from(plain.looked_at))?;
        plain.left.iter().try_for_each(|(reason, units)| add(&mut self.parts, *reason, -Decimal::from(*units)))
    }

    /// Takes from what may be of items what the purchases from which they are drawn say.
    fn narrow(&mut self, drawn: Vec<DrawnItems>) -> Result<(), TooManyDigits> {
        for DrawnItems { low, spare, settled } in drawn {
            for span in [&mut self.own, &mut self.own_with_larger] {
                *span = Span { low: plus(span.low, low)?, high: minus(span.high, spare)? };
            }
            self.unknown.retain(|one| !matches!(one, Widening::ItemUnknown { item } if settled.contains(item)));
        }
        Ok(())
    }

    fn single(&mut self, candidate: &Candidate, ways: &[Way], weighing: Weighing<'_>) -> Result<(), TooManyDigits> {
        let alone = alone(ways, weighing)?;
        let reasons: Vec<Fate> = ways.iter().filter(|way| !way.is_larger).map(Way::fate).collect();
        self.note_open(candidate, &reasons, alone.is_endless);
        if candidate.origin == Origin::Own && !candidate.is_loose() {
            self.look_at(candidate, &reasons)?;
        }
        self.loose_single(candidate, alone)
    }

    fn loose_single(&mut self, candidate: &Candidate, alone: Alone) -> Result<(), TooManyDigits> {
        let loose = |span: Span| if candidate.is_loose() { span.or_nothing() } else { span };
        let (span, with_larger) = (loose(alone.span), loose(alone.with_larger));
        match candidate.origin {
            Origin::Own => {
                self.own = self.own.plus(span)?;
                self.own_with_larger = self.own_with_larger.plus(with_larger)?;
            }
            Origin::Split => {
                self.split = self.split.plus(span)?;
                self.split_with_larger = self.split_with_larger.plus(with_larger)?;
            }
            Origin::Fell => self.fell = self.fell.plus(with_larger)?,
            Origin::Gone | Origin::Undecided => {
                let sum = self.accounts.entry(candidate.account).or_default();
                *sum = sum.plus(with_larger)?;
            }
        }
        Ok(())
    }

    /// Settles items together that can be one device; where there are too many ways, each by itself, from nothing on.
    fn group(
        &mut self,
        group: &[usize],
        selection: &Selection<'_>,
        weighing: Weighing<'_>,
    ) -> Result<(), TooManyDigits> {
        let members: Vec<&Candidate> = group.iter().map(|at| &self.pool.candidates[*at]).collect();
        let ways = selection.ways_of_each(self.items, &members);
        let pairs = Pairing::of(self.items, selection, weighing);
        let mut devices = Vec::new();
        let mut noted = Ok(());
        let tell = &mut |settled: &SettledWay<'_>| {
            let one = pairs.note(&members, &ways, settled, &mut devices);
            noted = noted.and(one);
        };
        let settled = settle_group(self.items, &members, &ways, &self.pool.gone, selection, weighing, tell)?;
        noted?;
        let Some(settled) = settled else {
            for (member, ways) in members.into_iter().zip(&ways) {
                let alone = alone(ways, weighing)?;
                let fates: Vec<Fate> = ways.iter().map(Way::fate).collect();
                self.note_open(member, &[fates.as_slice(), &[Fate::Passed]].concat(), alone.is_endless);
                if member.origin == Origin::Own && !member.is_loose() {
                    self.look_at(member, &fates)?;
                }
                let (span, with_larger) = (alone.span.or_nothing(), alone.with_larger.or_nothing());
                self.loose_single(member, Alone { span, with_larger, ..alone })?;
            }
            return Ok(());
        };
        for (member, fates) in members.iter().zip(&settled.fates) {
            self.note_open(member, fates, settled.is_endless);
        }
        for (member, fates) in members.iter().zip(&settled.own_fates) {
            self.look_at(member, fates)?;
        }
        self.devices.add_settled(&settled.accounts, devices);
        add(&mut self.parts, LedgerReason::Duplicate, -settled.sure_duplicates)?;
        self.groups.push(settled);
        Ok(())
    }

    fn replaced(&self) -> Result<ReplacedDevices, TooManyDigits> {
        self.devices.replaced(self.items, &self.accounts, &self.pool.gone)
    }

    fn note_open(&mut self, candidate: &Candidate, fates: &[Fate], is_endless: bool) {
        let is_taken = |fate: &Fate| matches!(fate, Fate::Taken(_));
        if !fates.iter().any(is_taken) {
            return;
        }
        let item = candidate.item;
        match (self.items.units(item), self.items.units_said(item)) {
            (None, None) if is_endless => self.endless.push(Widening::QuantityUnsaid { item }),
            (None, Some(_)) if is_endless => self.endless.push(Widening::QuantityNegative { item }),
            _ => {}
        }
        let elsewhere = Fate::Left(LedgerReason::Elsewhere);
        let at = || self.pool.elsewhere.get(&item).cloned().unwrap_or_default();
        // Of what may not be the client's at all, that is told with its account.
        match candidate.elsewhere {
            _ if candidate.origin != Origin::Own => {}
            _ if fates.contains(&elsewhere) => self.unknown.push(Widening::SeenElsewhere { item, at: at() }),
            Elsewhere::Before => self.doubts.push(Doubt::SeenElsewhere { item, at: at() }),
            Elsewhere::No | Elsewhere::Since => {}
        }
        if fates.contains(&Fate::Left(LedgerReason::Untaken)) {
            self.unknown.push(Widening::HolderUntaken { item });
        } else if !fates.iter().all(|fate| is_taken(fate) || *fate == elsewhere) {
            self.unknown.push(Widening::ItemUnknown { item });
        }
    }

    /// Puts an item that is surely the client's into the ledger.
    fn look_at(&mut self, candidate: &Candidate, fates: &[Fate]) -> Result<(), TooManyDigits> {
        let Some(left) = ledger_reason(fates) else { return Ok(()) };
        let units = self.items.units(candidate.item).unwrap_or_default();
        self.gross = plus(self.gross, units)?;
        match left {
            Some(reason) => add(&mut self.parts, reason, -units),
            None => Ok(()),
        }
    }

    fn counted(mut self) -> Result<SourceCount, TooManyDigits> {
        if self.is_all_sure() {
            return self.counted_once();
        }
        let (least, least_parts) = self.steps(|span| span.low)?;
        let (most, most_parts) = self.steps(|span| span.high)?;
        let (gross, undecided) = (self.gross, self.shares());
        Ok(SourceCount {
            least,
            most,
            gross,
            least_parts,
            most_parts,
            open: self.endless,
            widenings: self.unknown,
            doubts: self.doubts,
            decided_by_rule: self.decided_by_rule,
            undecided,
            ..SourceCount::default()
        })
    }

    /// Whether everything is surely the client's, and comes to one number.
    fn is_all_sure(&self) -> bool {
        let others = [self.split, self.split_with_larger, self.fell];
        self.groups.is_empty()
            && self.accounts.is_empty()
            && others.iter().all(Span::is_zero)
            && self.own.low == self.own.high
            && self.own_with_larger == self.own
    }

    fn counted_once(&mut self) -> Result<SourceCount, TooManyDigits> {
        let least = self.own.low;
        let mut parts = std::mem::take(&mut self.parts);
        let told = parts.values().try_fold(self.gross, |sum, units| plus(sum, *units))?;
        add(&mut parts, LedgerReason::Unknown, minus(least, told)?)?;
        Ok(SourceCount {
            least,
            most: least,
            gross: self.gross,
            least_parts: parts.clone(),
            most_parts: parts,
            open: std::mem::take(&mut self.endless),
            widenings: std::mem::take(&mut self.unknown),
            doubts: std::mem::take(&mut self.doubts),
            decided_by_rule: self.decided_by_rule,
            ..SourceCount::default()
        })
    }

    fn shares(&self) -> UndecidedShares {
        let is_undecided = |account: &usize| !self.pool.gone.contains(account);
        let in_groups = self.groups.iter().flat_map(|group| group.accounts.iter().copied());
        // Beside an account that is gone, undecided ones are alternatives.
        let are_apart = in_groups.clone().chain(self.given().map(|(account, _)| account)).all(|one| is_undecided(&one));
        let mut shares = UndecidedShares { linked: in_groups.filter(is_undecided).collect(), ..Default::default() };
        for (account, units) in self.given().filter(|(account, _)| is_undecided(account)) {
            if are_apart && !shares.linked.contains(&account) {
                shares.each.insert(account, units);
            } else {
                shares.linked.insert(account);
            }
        }
        shares
    }

    /// Accounts that may not be there, each with the most that it gives by itself.
    fn given(&self) -> impl Iterator<Item = (usize, Decimal)> {
        self.accounts.iter().filter(|(_, span)| !span.is_zero()).map(|(account, span)| (*account, span.high))
    }

    /// One end, and how it comes from the units looked at.
    fn steps(&self, end: fn(Span) -> Decimal) -> Result<(Decimal, Parts), TooManyDigits> {
        let mut parts = self.parts.clone();
        let mut before = end(self.span_at(Origin::Own)?);
        let told = parts.values().try_fold(self.gross, |sum, units| plus(sum, *units))?;
        add(&mut parts, LedgerReason::Unknown, minus(before, told)?)?;
        for (origin, reason) in [
            (Origin::Split, LedgerReason::Split),
            (Origin::Fell, LedgerReason::Fell),
            (Origin::Gone, LedgerReason::Gone),
            (Origin::Undecided, LedgerReason::Undecided),
        ] {
            let after = end(self.span_at(origin)?);
            add(&mut parts, reason, minus(after, before)?)?;
            before = after;
        }
        Ok((before, parts))
    }

    /// The ends where items of these origins and those before them may be there.
    fn span_at(&self, origin: Origin) -> Result<Span, TooManyDigits> {
        let mut sum = if origin >= Origin::Fell { self.own_with_larger } else { self.own };
        if origin >= Origin::Split {
            sum = sum.plus(if origin >= Origin::Fell { self.split_with_larger } else { self.split })?;
        }
        if origin >= Origin::Fell {
            sum = sum.plus(self.fell)?;
        }
        if origin < Origin::Gone {
            for group in &self.groups {
                sum = sum.plus(group.span(origin, &[]))?;
            }
            return Ok(sum);
        }
        let accounts = AccountsThere { alone: &self.accounts, groups: &self.groups, gone: &self.pool.gone };
        sum.plus(if origin == Origin::Gone { accounts.span_of_gone()? } else { accounts.span()? })
    }
}

fn alone(ways: &[Way], weighing: Weighing<'_>) -> Result<Alone, TooManyDigits> {
    let (mut small, mut all): (Option<Span>, Option<Span>) = (None, None);
    let mut is_endless = false;
    for way in ways {
        let units = match way.fate() {
            Fate::Taken(mask) => weighing.units(way, mask)?.unwrap_or_else(|| {
                is_endless = true;
                Decimal::ZERO
            }),
            Fate::Left(_) | Fate::Passed => Decimal::ZERO,
        };
        let one = Span::of(units);
        all = Some(all.map_or(one, |all| all.or(one)));
        if !way.is_larger {
            small = Some(small.map_or(one, |small| small.or(one)));
        }
    }
    Ok(Alone { span: small.unwrap_or_default(), with_larger: all.unwrap_or_default(), is_endless })
}

/// Why an item that is looked at never counts: `Some(None)`: it counts, or may; `None`: it is not looked at.
pub(crate) fn ledger_reason(fates: &[Fate]) -> Option<Option<LedgerReason>> {
    if fates.iter().all(|fate| *fate == Fate::Passed) {
        return None;
    }
    if fates.iter().any(|fate| matches!(fate, Fate::Taken(_))) {
        return Some(None);
    }
    let reasons = fates.iter().filter_map(|fate| match fate {
        Fate::Left(reason) => Some(*reason),
        Fate::Taken(_) | Fate::Passed => None,
    });
    // What is known of it goes before what is not, its state before its age, its age before its twin.
    let order = |reason: &LedgerReason| {
        let rank = match reason {
            LedgerReason::Elsewhere => 4,
            LedgerReason::Unknown => 3,
            LedgerReason::Duplicate => 2,
            LedgerReason::Stale => 1,
            _ => 0,
        };
        (rank, reason.as_str())
    };
    Some(reasons.min_by_key(order))
}

/// What became of an item, of all that may become of it.
pub(crate) fn item_fate(fates: &[Fate], is_sure_to_be_there: bool, why_open: LedgerReason) -> Option<ItemFate> {
    let left = ledger_reason(fates)?;
    Some(match left {
        Some(reason) => ItemFate::Out(reason),
        None if is_sure_to_be_there && fates.iter().all(|fate| matches!(fate, Fate::Taken(_))) => ItemFate::In,
        None if fates.contains(&Fate::Left(LedgerReason::Untaken)) => ItemFate::Open(LedgerReason::Untaken),
        None => ItemFate::Open(why_open),
    })
}
