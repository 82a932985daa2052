//! What became of each item that a service looks at at a client.

use rust_decimal::Decimal;
use truecount_rules::ServiceRule;

use crate::columns::{ItemColumns, ItemNo};
use crate::count::item_fate;
use crate::evidence::{ItemFate, LedgerReason};
use crate::interval::TooManyDigits;
use crate::pool::{Candidate, Origin, Pool};
use crate::same_device::settle_group;
use crate::selection::{Fate, Selection, Way, Weighing};
use crate::service_count::{ClientPools, Counting};

/// Each item that a service looks at, in the order of the inputs.
pub(crate) fn evidence(
    counting: &Counting<'_>,
    rule: &ServiceRule,
    pools: &ClientPools,
) -> Result<Vec<(ItemNo, ItemFate)>, TooManyDigits> {
    let items = &counting.inputs.items;
    let mut found = Vec::new();
    counting.each_source(rule, |source, selection| {
        let pool = counting.pool(source, pools);
        if pool.is_shared {
            // What may be anybody's is told once, at its accounts.
            return Ok(());
        }
        let fates = fates(items, pool, selection)?;
        for (candidate, fates) in pool.candidates.iter().zip(&fates) {
            let is_sure = candidate.origin == Origin::Own && !candidate.is_loose();
            // Of one that stands for less than nothing nobody knows how much of it is used.
            let is_sure = is_sure && items.units_said(candidate.item).is_none_or(|units| units >= Decimal::ZERO);
            let fate = item_fate(fates, is_sure, why_open(candidate));
            found.extend(fate.map(|fate| (candidate.item, fate)));
        }
        Ok(())
    })?;
    found.sort_by_key(|(item, _)| *item);
    Ok(found)
}

/// What may become of each candidate of a pool; of one that the service does not look at, nothing.
pub(crate) fn fates(
    items: &ItemColumns,
    pool: &Pool,
    selection: &Selection<'_>,
) -> Result<Vec<Vec<Fate>>, TooManyDigits> {
    let mut fates: Vec<Vec<Fate>> = vec![Vec::new(); pool.candidates.len()];
    let mut ways = Vec::new();
    for at in &pool.singles {
        let candidate = &pool.candidates[*at];
        if selection.counts_kind(items.kind(candidate.item)) {
            selection.ways(items, candidate, &mut ways);
            fates[*at] = ways.iter().map(Way::fate).collect();
        }
    }
    for group in &pool.groups {
        let members: Vec<&Candidate> = group.iter().map(|at| &pool.candidates[*at]).collect();
        let all: Vec<Vec<Way>> = (members.iter())
            .map(|member| {
                selection.ways(items, member, &mut ways);
                ways.clone()
            })
            .collect();
        match settle_group(items, &members, &all, &pool.gone, selection, Weighing::default())? {
            Some(settled) => group.iter().zip(settled.fates).for_each(|(at, of)| fates[*at] = of),
            None => group.iter().zip(&all).for_each(|(at, of)| {
                fates[*at] = of.iter().map(Way::fate).chain([Fate::Passed]).collect();
            }),
        }
    }
    Ok(fates)
}

/// Why nobody knows whether an item counts.
fn why_open(candidate: &Candidate) -> LedgerReason {
    match candidate.origin {
        Origin::Own if candidate.has_fallen => LedgerReason::Fell,
        Origin::Own => LedgerReason::Unknown,
        Origin::Split => LedgerReason::Split,
        Origin::Fell => LedgerReason::Fell,
        Origin::Gone => LedgerReason::Gone,
        Origin::Undecided => LedgerReason::Undecided,
    }
}
