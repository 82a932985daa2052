//! One product that a client buys at two sources which a sum adds: moved from one to the other, or bought at both? From the
//! larger of them to the sum, until the rules say which.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::columns::ItemColumns;
use crate::interval::{TooManyDigits, minus, plus};
use crate::pool::{Candidate, Pool};
use crate::same_device::{SettledWay, settle_group};
use crate::selection::{Fate, Selection, Way, Weighing};

/// Surely bought units by product, in small letters, of each source.
#[derive(Default)]
pub(crate) struct BoughtUnits {
    by_sku: BTreeMap<String, BTreeMap<usize, Decimal>>,
}

impl BoughtUnits {
    /// Adds what surely counts in one source: items that are known by nothing but their product.
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
        let units_of = |way: &Way, fate: Fate| match fate {
            Fate::Taken(mask) => weighing.units(way, mask).map(Option::unwrap_or_default),
            Fate::Left(_) | Fate::Passed => Ok(Decimal::ZERO),
        };
        let mut ways = Vec::new();
        for candidate in pool.singles.iter().map(|at| &pool.candidates[*at]).filter(|one| is_bought(one)) {
            if candidate.is_surely_own() {
                selection.ways(items, candidate, &mut ways);
                let each = ways.iter().map(|way| units_of(way, way.fate())).collect::<Result<Vec<_>, _>>()?;
                self.put(items, source, candidate, each.into_iter().min().unwrap_or_default())?;
            }
        }
        for group in &pool.groups {
            let members: Vec<&Candidate> = group.iter().map(|at| &pool.candidates[*at]).collect();
            let Some(first) = members.iter().find(|one| is_bought(one)) else { continue };
            let mut all = Vec::new();
            for member in &members {
                selection.ways(items, member, &mut ways);
                all.push(ways.clone());
            }
            let mut least: Option<Decimal> = None;
            let tell = &mut |settled: &SettledWay<'_>| {
                let each = settled.fates.iter().enumerate().filter_map(|(at, fate)| Some((at, (*fate)?)));
                let units = each.map(|(at, fate)| units_of(&all[at][settled.drawn[at]], fate));
                let units = units.into_iter().try_fold(Decimal::ZERO, |sum, more| plus(sum, more?)).unwrap_or_default();
                least = Some(least.map_or(units, |least| least.min(units)));
            };
            if settle_group(items, &members, &all, &pool.gone, selection, weighing, tell)?.is_some() {
                self.put(items, source, first, least.unwrap_or_default())?;
            }
        }
        Ok(())
    }

    fn put(
        &mut self,
        items: &ItemColumns,
        source: usize,
        candidate: &Candidate,
        units: Decimal,
    ) -> Result<(), TooManyDigits> {
        let Some(sku) = items.sku(candidate.item).filter(|_| !units.is_zero()) else { return Ok(()) };
        let sum = self.by_sku.entry(sku.trim().to_lowercase()).or_default().entry(source).or_default();
        *sum = plus(*sum, units)?;
        Ok(())
    }

    /// What of it the larger of its sources does not have, and of that, what was moved from a source to another.
    pub(crate) fn twice(&self, moved: Option<(usize, usize)>) -> Result<(Vec<BoughtTwice>, Decimal), TooManyDigits> {
        let (mut found, mut of_moved) = (Vec::new(), Decimal::ZERO);
        for (sku, of_sources) in &self.by_sku {
            let units = |source: usize| of_sources.get(&source).copied().unwrap_or_default();
            let most = of_sources.values().max().copied().unwrap_or_default();
            let sum = of_sources.values().copied().try_fold(Decimal::ZERO, plus)?;
            let moved = moved.map_or(Decimal::ZERO, |(from, to)| units(from).min(units(to)));
            of_moved = plus(of_moved, moved)?;
            let units = minus(minus(sum, most)?, moved)?;
            if !units.is_zero() {
                found.push(BoughtTwice { sku: sku.clone(), sources: of_sources.keys().copied().collect(), units });
            }
        }
        Ok((found, of_moved))
    }
}

/// Units of a product that may be the same as those of another source.
pub(crate) struct BoughtTwice {
    /// In small letters.
    pub(crate) sku: String,
    pub(crate) sources: Vec<usize>,
    pub(crate) units: Decimal,
}
