//! One product that a client buys at two sources which a sum adds: moved from one to the other, or bought at both? From the
//! larger of them to the sum, until the rules say which.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::columns::{ItemColumns, ItemNo};
use crate::drawn::draw_next;
use crate::interval::{TooManyDigits, minus, plus};
use crate::pool::{Candidate, Origin, Pool};
use crate::same_device::{SettledWay, settle_group};
use crate::selection::{Fate, Selection, Way};
use crate::weighing::Weighing;

/// The most ways in which what may be bought is gone through.
const DRAWN_MAX: usize = 4_096;

/// Units by product, in small letters, of each source.
type UnitsBySku = BTreeMap<String, BTreeMap<usize, Decimal>>;

/// What counts of items that are known by nothing but their product.
#[derive(Default)]
pub(crate) struct BoughtUnits {
    /// However everything is settled.
    sure: UnitsBySku,
    /// The same of items whose product a source did not tell, though it does of others of their kind: (source, units).
    untold: Vec<(usize, Decimal)>,
    /// Items that can be one.
    groups: Vec<BoughtGroup>,
    /// What an account that may not be there gives beside its groups, where more of it in one may be less in another.
    accounts: BTreeMap<usize, (usize, Bought)>,
}

/// Items of a source that can be one.
struct BoughtGroup {
    source: usize,
    /// Those of its accounts that may not be there.
    accounts: Vec<usize>,
    /// What may count of it, one of these.
    ways: Vec<Bought>,
}

/// What counts in one way of settling items.
#[derive(Debug, Clone, Default)]
struct Bought {
    by_sku: BTreeMap<String, Decimal>,
    /// Units of each item whose product was not told.
    untold: Vec<Decimal>,
    /// Units of no product, and of items that are known by more.
    others: Decimal,
    /// Which accounts of its group are there, by their place.
    there: u32,
}

impl Bought {
    /// Whether nothing of it is more than of another.
    fn is_within(&self, other: &Self) -> bool {
        let of_other = |sku: &String| other.by_sku.get(sku).copied().unwrap_or_default();
        self.others <= other.others
            && self.untold == other.untold
            && self.by_sku.iter().all(|(sku, units)| *units <= of_other(sku))
    }

    fn add(&mut self, product: &Product<'_>, units: Decimal) -> Result<(), TooManyDigits> {
        let sum = match product {
            Product::Told(sku) if !units.is_zero() => self.by_sku.entry(small(sku)).or_default(),
            Product::Untold if !units.is_zero() => {
                self.untold.push(units);
                self.untold.sort_unstable();
                return Ok(());
            }
            _ => &mut self.others,
        };
        *sum = plus(*sum, units)?;
        Ok(())
    }

    /// The most of each product in any of several, and every item whose product is not told.
    fn most_of(several: &[Self]) -> Self {
        let mut found = Self::default();
        for one in several {
            for (sku, units) in &one.by_sku {
                let most = found.by_sku.entry(sku.clone()).or_default();
                *most = (*most).max(*units);
            }
            found.untold.extend(&one.untold);
        }
        found
    }

    /// The least of each product that is told, in any of several.
    fn least_of(several: &[Self]) -> Self {
        let Some((first, rest)) = several.split_first() else { return Self::default() };
        let mut least = Self { there: 0, ..first.clone() };
        if rest.iter().any(|one| one.untold != first.untold) {
            least.untold.clear();
        }
        for one in rest {
            least.others = least.others.min(one.others);
            least.by_sku.retain(|sku, _| one.by_sku.contains_key(sku));
            least.by_sku.iter_mut().for_each(|(sku, units)| *units = (*units).min(one.by_sku[sku]));
        }
        least
    }
}

/// What is known of an item's product.
enum Product<'i> {
    Told(&'i str),
    /// Its source tells products of such items, and not of this one.
    Untold,
    /// It has none, or the item is known by more.
    None,
}

impl<'i> Product<'i> {
    fn of(items: &'i ItemColumns, item: ItemNo, kind: Option<usize>, selection: &Selection<'_>) -> Self {
        match (kind.filter(|kind| selection.identity_of(*kind).is_empty()), items.sku(item)) {
            (Some(_), Some(sku)) => Self::Told(sku),
            (Some(kind), None) if selection.tells_sku(kind) => Self::Untold,
            _ => Self::None,
        }
    }
}

impl BoughtGroup {
    fn is_the_same_without_any_account(&self) -> bool {
        let of = |there: u32| {
            let ways = self.ways.iter().filter(move |way| way.there == there);
            ways.map(|way| (&way.by_sku, &way.untold, way.others)).collect::<BTreeSet<_>>()
        };
        let first = self.ways.first().map(|way| of(way.there));
        self.ways.iter().all(|way| Some(of(way.there)) == first)
    }
}

impl BoughtUnits {
    /// Adds what counts in one source.
    pub(crate) fn add(
        &mut self,
        items: &ItemColumns,
        source: usize,
        pool: &Pool,
        selection: &Selection<'_>,
    ) -> Result<(), TooManyDigits> {
        let is_bought = |candidate: &Candidate| {
            items.kind(candidate.item).is_some_and(|kind| selection.identity_of(kind).is_empty())
        };
        let weighing = Weighing::default().without(selection.without_low);
        let mut ways = Vec::new();
        for candidate in pool.singles.iter().map(|at| &pool.candidates[*at]).filter(|one| one.is_surely_own()) {
            let product = Product::of(items, candidate.item, items.kind(candidate.item), selection);
            if matches!(product, Product::None) {
                continue;
            }
            selection.ways(items, candidate, &mut ways);
            match (product, least_of(weighing, &ways)?) {
                (Product::Told(sku), units) => put(&mut self.sure, &small(sku), source, units)?,
                (_, units) if !units.is_zero() => self.untold.push((source, units)),
                _ => {}
            }
        }
        let mut groups = Vec::new();
        for group in &pool.groups {
            let members: Vec<&Candidate> = group.iter().map(|at| &pool.candidates[*at]).collect();
            if members.iter().any(|one| is_bought(one)) {
                groups.extend(group_of(items, source, &members, pool, selection, weighing)?);
            }
        }
        // It matters which accounts are there where a group comes to something else without one of them.
        let is_open = |group: &&BoughtGroup| !group.is_the_same_without_any_account();
        let linked: BTreeSet<usize> =
            groups.iter().filter(is_open).flat_map(|group| &group.accounts).copied().collect();
        for group in &mut groups {
            if !group.accounts.iter().any(|account| linked.contains(account)) {
                group.ways = without_more(&group.ways, |_, _| true);
                group.accounts.clear();
            }
        }
        self.groups.append(&mut groups);
        self.accounts.extend(linked.iter().map(|account| (*account, (source, Bought::default()))));
        for candidate in pool.singles.iter().map(|at| &pool.candidates[*at]).filter(|one| !one.is_loose()) {
            let Some((_, bought)) = self.accounts.get_mut(&candidate.account) else { continue };
            if candidate.origin >= Origin::Gone && selection.counts_kind(items.kind(candidate.item)) {
                selection.ways(items, candidate, &mut ways);
                let product = Product::of(items, candidate.item, items.kind(candidate.item), selection);
                bought.add(&product, least_of(weighing, &ways)?)?;
            }
        }
        Ok(())
    }

    /// What of it the larger of its sources does not have, and of that, what was moved from a source to another.
    pub(crate) fn twice(self, moved: Option<(usize, usize)>) -> Result<BoughtTwice, TooManyDigits> {
        let mut sure = self.sure.clone();
        for group in &self.groups {
            put_all(&mut sure, group.source, &Bought::least_of(&group.ways))?;
        }
        let Fewest { least, fewest, by_sku } = match self.fewest()? {
            Some(found) => found,
            None => self.fewest_of_each()?,
        };
        let of_moved = |sku: &str| {
            let units = |source: usize| sure.get(sku).and_then(|all| all.get(&source)).copied().unwrap_or_default();
            moved.map_or(Decimal::ZERO, |(from, to)| units(from).min(units(to)))
        };
        let moved = sure.keys().map(|sku| of_moved(sku)).try_fold(Decimal::ZERO, plus)?;
        let units = minus(minus(least, fewest)?, moved)?;
        let mut products = Vec::new();
        for (sku, of_sources) in by_sku {
            let sum = of_sources.values().copied().try_fold(Decimal::ZERO, plus)?;
            if !units.is_zero() && minus(sum, most(&of_sources))? > of_moved(&sku) {
                products.push((sku, of_sources.into_keys().collect()));
            }
        }
        Ok(BoughtTwice { products, units, moved })
    }

    /// Goes through all that may count; `None`: that is too much.
    fn fewest(&self) -> Result<Option<Fewest>, TooManyDigits> {
        if self.accounts.len() > DRAWN_MAX.ilog2() as usize {
            return Ok(None);
        }
        let (mut found, mut left): (Option<Fewest>, _) = (None, DRAWN_MAX);
        for there in 0..1_usize << self.accounts.len() {
            let lots = self.lots(there);
            let ways = lots.iter().try_fold(1, |ways: usize, (_, lot)| ways.checked_mul(lot.len()));
            let Some(rest) = ways.and_then(|ways| left.checked_sub(ways)) else { return Ok(None) };
            left = rest;
            let mut drawn = vec![0; lots.len()];
            // Of a lot without any way, these accounts are not there together.
            let mut is_more = lots.iter().all(|(_, lot)| !lot.is_empty());
            while is_more {
                let (mut beside, mut by_sku, mut untold) = (Decimal::ZERO, self.sure.clone(), self.untold.clone());
                for ((source, lot), at) in lots.iter().zip(&drawn) {
                    beside = plus(beside, lot[*at].others)?;
                    put_all(&mut by_sku, *source, lot[*at])?;
                    untold.extend(lot[*at].untold.iter().map(|units| (*source, *units)));
                }
                let Some(one) = Fewest::of(beside, by_sku, &untold, &mut left)? else { return Ok(None) };
                found = Some(match found {
                    Some(found) => found.or(one),
                    None => one,
                });
                is_more = draw_next(&mut drawn, |at| lots[at].1.len());
            }
        }
        Ok(found)
    }

    /// What may count, one of each lot, while these of the accounts are there.
    fn lots(&self, there: usize) -> Vec<(usize, Vec<&Bought>)> {
        let is_there = |account: &usize| Some(there & 1 << self.accounts.keys().position(|one| one == account)? != 0);
        let of_group = |group: &'_ BoughtGroup, way: &Bought| {
            let mut accounts = group.accounts.iter().enumerate();
            accounts
                .all(|(at, account)| is_there(account).is_none_or(|is_there| is_there == (way.there & 1 << at != 0)))
        };
        let of_groups = self.groups.iter().map(|group| {
            let ways = group.ways.iter().filter(|way| of_group(group, way));
            (group.source, ways.collect())
        });
        let here = self.accounts.iter().filter(|(account, _)| is_there(account) == Some(true));
        of_groups.chain(here.map(|(_, (source, bought))| (*source, vec![bought]))).collect()
    }

    /// The same, where there is too much to go through: as if as much as can be were bought twice.
    fn fewest_of_each(self) -> Result<Fewest, TooManyDigits> {
        let (mut by_sku, mut untold) = (self.sure, self.untold);
        let lots = self.groups.iter().map(|group| (group.source, Bought::most_of(&group.ways)));
        for (source, bought) in lots.chain(self.accounts.into_values()) {
            put_all(&mut by_sku, source, &bought)?;
            untold.extend(bought.untold.iter().map(|units| (source, *units)));
        }
        let mut twice = untold.iter().map(|(_, units)| *units).try_fold(Decimal::ZERO, plus)?;
        let mut least = twice;
        for of_sources in by_sku.values() {
            let sum = of_sources.values().copied().try_fold(Decimal::ZERO, plus)?;
            (least, twice) = (plus(least, sum)?, plus(twice, minus(sum, most(of_sources))?)?);
        }
        Ok(Fewest { least, fewest: minus(least, twice)?, by_sku })
    }
}

/// What products come to at least.
#[derive(Debug, Clone, Default)]
struct Fewest {
    /// All of them.
    least: Decimal,
    /// While each counts once, by the source that has most of it.
    fewest: Decimal,
    /// Where it is so.
    by_sku: UnitsBySku,
}

impl Fewest {
    /// The fewest, whichever products those that were not told are; `None`: there are too many of them.
    fn of(
        beside: Decimal,
        by_sku: UnitsBySku,
        untold: &[(usize, Decimal)],
        left: &mut usize,
    ) -> Result<Option<Self>, TooManyDigits> {
        // One that no source has told can be that of several as well.
        let skus: Vec<String> = by_sku.keys().cloned().chain([String::new()]).collect();
        let ways = u32::try_from(untold.len()).ok().and_then(|items| skus.len().checked_pow(items));
        let Some(rest) = ways.and_then(|ways| left.checked_sub(ways - 1)) else { return Ok(None) };
        *left = rest;
        let (mut found, mut drawn): (Option<Self>, _) = (None, vec![0; untold.len()]);
        loop {
            let mut one = Self { by_sku: by_sku.clone(), ..Self::default() };
            for ((source, units), at) in untold.iter().zip(&drawn) {
                put(&mut one.by_sku, &skus[*at], *source, *units)?;
            }
            one.least = one.by_sku.values().flat_map(BTreeMap::values).copied().try_fold(beside, plus)?;
            one.fewest = one.by_sku.values().map(most).try_fold(beside, plus)?;
            found = Some(match found {
                Some(found) => found.or(one),
                None => one,
            });
            if !draw_next(&mut drawn, |_| skus.len()) {
                return Ok(found);
            }
        }
    }

    fn or(self, other: Self) -> Self {
        let least = self.least.min(other.least);
        Self { least, ..if other.fewest < self.fewest { other } else { self } }
    }
}

/// Units of products that may be the same as those of another source.
pub(crate) struct BoughtTwice {
    /// In small letters, each with the sources that have it; empty: of one that no source has told.
    pub(crate) products: Vec<(String, Vec<usize>)>,
    pub(crate) units: Decimal,
    /// Units that were moved from one source to another, and that both have.
    pub(crate) moved: Decimal,
}

/// What may count of items that can be one; `None`: there are too many ways to say.
fn group_of(
    items: &ItemColumns,
    source: usize,
    members: &[&Candidate],
    pool: &Pool,
    selection: &Selection<'_>,
    weighing: Weighing<'_>,
) -> Result<Option<BoughtGroup>, TooManyDigits> {
    let all = selection.ways_of_each(items, members);
    let bought_in = |settled: &SettledWay<'_>| {
        let mut bought = Bought { there: settled.accounts, ..Bought::default() };
        for (at, fate) in settled.fates.iter().enumerate().filter_map(|(at, fate)| Some((at, (*fate)?))) {
            let way = &all[at][settled.drawn[at]];
            let product = Product::of(items, members[at].item, way.kind, selection);
            bought.add(&product, units_of(weighing, way, fate)?)?;
        }
        Ok(bought)
    };
    let (mut found, mut failed): (Vec<Bought>, _) = (Vec::new(), None);
    let tell = &mut |settled: &SettledWay<'_>| match bought_in(settled) {
        Ok(bought) => found = add_way(std::mem::take(&mut found), bought, |one, other| one.there == other.there),
        Err(error) => failed = Some(error),
    };
    let settled = settle_group(items, members, &all, &pool.gone, selection, weighing, tell)?;
    match failed {
        Some(error) => Err(error),
        None => Ok(settled.map(|group| BoughtGroup { source, accounts: group.accounts, ways: found })),
    }
}

/// Several ways without those of which another that may stand for them has less of everything.
fn without_more(ways: &[Bought], may_stand: fn(&Bought, &Bought) -> bool) -> Vec<Bought> {
    ways.iter().cloned().fold(Vec::new(), |kept, way| add_way(kept, way, may_stand))
}

fn add_way(mut kept: Vec<Bought>, way: Bought, may_stand: fn(&Bought, &Bought) -> bool) -> Vec<Bought> {
    if !kept.iter().any(|known| may_stand(known, &way) && known.is_within(&way)) {
        kept.retain(|known| !(may_stand(&way, known) && way.is_within(known)));
        kept.push(way);
    }
    kept
}

fn least_of(weighing: Weighing<'_>, ways: &[Way]) -> Result<Decimal, TooManyDigits> {
    let each = ways.iter().map(|way| units_of(weighing, way, way.fate())).collect::<Result<Vec<_>, _>>()?;
    Ok(each.into_iter().min().unwrap_or_default())
}

fn units_of(weighing: Weighing<'_>, way: &Way, fate: Fate) -> Result<Decimal, TooManyDigits> {
    match fate {
        Fate::Taken(mask) => weighing.units(way, mask).map(Option::unwrap_or_default),
        Fate::Left(_) | Fate::Passed => Ok(Decimal::ZERO),
    }
}

fn small(sku: &str) -> String {
    sku.trim().to_lowercase()
}

fn most(of_sources: &BTreeMap<usize, Decimal>) -> Decimal {
    of_sources.values().max().copied().unwrap_or_default()
}

fn put_all(by_sku: &mut UnitsBySku, source: usize, bought: &Bought) -> Result<(), TooManyDigits> {
    bought.by_sku.iter().try_for_each(|(sku, units)| put(by_sku, sku, source, *units))
}

fn put(by_sku: &mut UnitsBySku, sku: &str, source: usize, units: Decimal) -> Result<(), TooManyDigits> {
    if units.is_zero() {
        return Ok(());
    }
    let sum = by_sku.entry(sku.to_owned()).or_default().entry(source).or_default();
    *sum = plus(*sum, units)?;
    Ok(())
}
