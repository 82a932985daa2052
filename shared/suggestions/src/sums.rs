//! Sums: kinds of items and products of vendors that together are as many as is billed, where none is by itself.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::SourceId;

use crate::billed::Product;
use crate::candidate::Candidate;
use crate::trial::Tried;

/// So many parts of a sum are tried for a product, and of them so many of the same kinds.
const PARTS_MAX: usize = 100;
const PARTS_OF_KINDS_MAX: usize = 12;
/// So many sums of them go on to be counted.
const SUMS_MAX: usize = 12;
/// A part is no more than is billed at so many per cent of the clients.
const WITHIN_PERCENT: usize = 80;
/// At so many clients at least there must be some of it.
const CLIENTS_MIN: usize = 2;

/// What a rule counts at the clients that are billed, as far as that is one number.
struct Part<'t> {
    candidate: &'t Candidate,
    counts: Vec<Option<Decimal>>,
    /// What it counts at the clients where it is no more than is billed.
    covered: Decimal,
}

/// Sums of `parts` and `ends` that come nearest to what is billed. What they count together is only guessed here, from
/// what each counts: the reconciliation counts them next.
pub(crate) fn sums(product: &Product, ends: &[&Tried], parts: &[&Tried]) -> Vec<Candidate> {
    let (ends, parts) = (within(product, ends), within(product, parts));
    let mut found: Vec<(usize, Decimal, Candidate)> = Vec::new();
    for end in &ends {
        for part in &parts {
            let Some(candidate) = end.candidate.joined(part.candidate) else { continue };
            if found.iter().any(|(_, _, known)| *known == candidate) {
                continue;
            }
            let together = end.counts.iter().zip(&part.counts).map(|(one, two)| one.zip(*two)).map(|both| {
                let (one, two) = both?;
                one.checked_add(two)
            });
            let together: Vec<_> = together.collect();
            if let Some(covered) = covered(product, &together) {
                found.push((equal(product, &together), covered, candidate));
            }
        }
    }
    found.sort_by_key(|(equal, covered, _)| Reverse((*equal, *covered)));
    found.truncate(SUMS_MAX);
    found.into_iter().map(|(_, _, candidate)| candidate).collect()
}

/// The rules that count no more than is billed, those that count the most first.
fn within<'t>(product: &Product, tried: &[&'t Tried]) -> Vec<Part<'t>> {
    let part = |tried: &&'t Tried| {
        let counts: Vec<_> = tried.used.iter().map(|used| used.and_then(|used| used.exact())).collect();
        let covered = covered(product, &counts)?;
        Some(Part { candidate: &tried.candidate, counts, covered })
    };
    let mut found: Vec<_> = tried.iter().filter_map(part).collect();
    found.sort_by_key(|part| Reverse(part.covered));
    let mut of_kinds: BTreeMap<&[(SourceId, String)], usize> = BTreeMap::new();
    found.retain(|part| {
        let number = of_kinds.entry(part.candidate.kinds.as_slice()).or_default();
        *number += 1;
        *number <= PARTS_OF_KINDS_MAX
    });
    found.truncate(PARTS_MAX);
    found
}

/// How much of what is billed a count covers; `None`: it is more than is billed at too many clients, or is nothing.
fn covered(product: &Product, counts: &[Option<Decimal>]) -> Option<Decimal> {
    let (mut known, mut within, mut some, mut sum) = (0, 0, 0, Decimal::ZERO);
    for (billed, count) in product.units.iter().zip(counts) {
        let (Some(billed), Some(count)) = (billed, count) else { continue };
        known += 1;
        if count <= billed {
            within += 1;
            some += usize::from(*count > Decimal::ZERO);
            sum = sum.saturating_add(*count);
        }
    }
    (some >= CLIENTS_MIN && within * 100 >= known * WITHIN_PERCENT).then_some(sum)
}

fn equal(product: &Product, counts: &[Option<Decimal>]) -> usize {
    let pairs = product.units.iter().zip(counts);
    pairs.filter(|(billed, count)| billed.is_some() && *billed == *count).count()
}
