//! What became of each item that a service looks at at a client.

use rust_decimal::Decimal;
use truecount_rules::{CountJoin, IdentityKey, ServiceBasis, ServiceRule};

use crate::columns::{ItemColumns, ItemNo};
use crate::count::{count, item_fate};
use crate::evidence::{ItemFate, LedgerReason};
use crate::interval::{Span, TooManyDigits};
use crate::machines::{SameBy, Taken};
use crate::peak_days::DayBefore;
use crate::pool::{Candidate, Origin, Pool};
use crate::same_device::settle_group;
use crate::selection::{Fate, Selection, Way};
use crate::service_count::{ClientPools, Counting};
use crate::weighing::Weighing;

/// Each item that a service looks at, in the order of the inputs: on a day before the count day; `None`: on that.
pub(crate) fn evidence(
    counting: &Counting<'_>,
    rule: &ServiceRule,
    before: Option<DayBefore>,
    pools: &ClientPools,
) -> Result<Vec<(ItemNo, ItemFate)>, TooManyDigits> {
    let items = &counting.inputs.items;
    let named = |source: usize| {
        let id = &counting.inputs.sources[source].id;
        rule.count().and_then(|spec| spec.parts.iter().position(|part| part.source == *id)).unwrap_or_default()
    };
    let mut found: Vec<Found> = Vec::new();
    let mut terms: Vec<Span> = Vec::new();
    counting.each_source(rule, |source, selection| {
        let pool = &counting.pool_on(source, before, pools);
        if pool.is_shared {
            // What may be anybody's is told once, at its accounts.
            return Ok(());
        }
        let fates = fates(items, pool, selection)?;
        let term = selection.term;
        let is_union = matches!(join(rule), Some(CountJoin::Union(_)));
        let mut replaced = Vec::new();
        if !is_union && items.has_first_seen() || join(rule) == Some(&CountJoin::Largest) {
            let one = count(items, pool, selection)?;
            replaced.extend(one.replaced.pairs.iter().map(|(old, _)| *old));
            terms.resize(terms.len().max(term + 1), Span::default());
            terms[term] = terms[term].plus(one.factored.unwrap_or(Span { low: one.least, high: one.most }))?;
        }
        for (candidate, fates) in pool.candidates.iter().zip(&fates) {
            let is_sure = candidate.origin == Origin::Own && !candidate.is_loose();
            // Of one that stands for less than nothing nobody knows how much of it is used.
            let is_sure = is_sure && items.units_said(candidate.item).is_none_or(|units| units >= Decimal::ZERO);
            let fate = match item_fate(fates, is_sure, why_open(candidate, fates)) {
                Some(ItemFate::In) if replaced.contains(&candidate.item) => {
                    Some(ItemFate::Open(LedgerReason::Replaced))
                }
                fate => fate,
            };
            let kind = items.kind(candidate.item);
            let keys = kind.map(|kind| selection.identity_of(kind).to_vec()).unwrap_or_default();
            found.extend(fate.map(|fate| Found { item: candidate.item, fate, term, named: named(source), keys }));
        }
        Ok(())
    })?;
    match join(rule) {
        Some(CountJoin::Largest) => leave_out_smaller(&mut found, &terms),
        Some(CountJoin::Union(same_by)) => leave_out_same(&mut found, SameBy { items, keys: same_by }),
        Some(CountJoin::Sum) | None => {}
    }
    // Where two parts look at one item, what counts of it is told.
    let order = |fate: ItemFate| match fate {
        ItemFate::In => 0,
        ItemFate::Open(_) => 1,
        ItemFate::Out(_) => 2,
    };
    found.sort_by_key(|one| (one.item, order(one.fate)));
    found.dedup_by_key(|one| one.item);
    Ok(found.into_iter().map(|one| (one.item, one.fate)).collect())
}

/// What became of an item, for one part of a count.
struct Found {
    item: ItemNo,
    fate: ItemFate,
    term: usize,
    /// The place in the rule where its source is named first.
    named: usize,
    keys: Vec<IdentityKey>,
}

fn join(rule: &ServiceRule) -> Option<&CountJoin> {
    match &rule.basis {
        ServiceBasis::Counted(spec) => Some(&spec.join),
        ServiceBasis::Flat | ServiceBasis::Ignored(_) => None,
    }
}

/// What counts in a part of a count that is not the largest, at one end or at both.
fn leave_out_smaller(found: &mut [Found], terms: &[Span]) {
    let first_of = |end: fn(&Span) -> Decimal| {
        let most = terms.iter().map(end).max();
        terms.iter().position(|term| Some(end(term)) == most)
    };
    let (least, most) = (first_of(|term| term.low), first_of(|term| term.high));
    for one in found.iter_mut().filter(|one| one.fate == ItemFate::In) {
        one.fate = match (least == Some(one.term), most == Some(one.term)) {
            (true, true) => ItemFate::In,
            (false, false) => ItemFate::Out(LedgerReason::Smaller),
            _ => ItemFate::Open(LedgerReason::Smaller),
        };
    }
}

/// Of items that count and are one machine, all but the one with the most units, of the source that the rule names first, by
/// the order of their ids.
fn leave_out_same(found: &mut [Found], by: SameBy<'_>) {
    let own: Vec<usize> = (0..found.len()).filter(|at| found[*at].fate == ItemFate::In).collect();
    let units = |item: ItemNo| by.items.units(item).unwrap_or_default();
    let taken =
        own.iter().map(|at| Taken { item: found[*at].item, units: units(found[*at].item), keys: &found[*at].keys });
    let machines = by.machines(&taken.collect::<Vec<_>>());
    let mut same = Vec::new();
    for machine in machines {
        let members = machine.members.iter().map(|at| own[*at]);
        let most = members.clone().map(|at| units(found[at].item)).max();
        let first = (members.clone().filter(|at| Some(units(found[*at].item)) == most))
            .min_by_key(|at| (found[*at].named, by.items.id(found[*at].item)));
        same.extend(members.filter(|at| machine.is_known || Some(*at) != first));
    }
    same.into_iter().for_each(|at| found[at].fate = ItemFate::Out(LedgerReason::Same));
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
        let all = selection.ways_of_each(items, &members);
        match settle_group(items, &members, &all, &pool.gone, selection, Weighing::default(), &mut |_| ())? {
            Some(settled) => group.iter().zip(settled.fates).for_each(|(at, of)| fates[*at] = of),
            None => group.iter().zip(&all).for_each(|(at, of)| {
                fates[*at] = of.iter().map(Way::fate).chain([Fate::Passed]).collect();
            }),
        }
    }
    Ok(fates)
}

/// Why nobody knows whether an item counts.
fn why_open(candidate: &Candidate, fates: &[Fate]) -> LedgerReason {
    match candidate.origin {
        Origin::Own if candidate.has_fallen => LedgerReason::Fell,
        Origin::Own if fates.contains(&Fate::Left(LedgerReason::Elsewhere)) => LedgerReason::Elsewhere,
        Origin::Own => LedgerReason::Unknown,
        Origin::Split => LedgerReason::Split,
        Origin::Fell => LedgerReason::Fell,
        Origin::Gone => LedgerReason::Gone,
        Origin::Undecided => LedgerReason::Undecided,
    }
}
