//! Items of which nobody tells from which of several purchases they are drawn: licences of a product that the MSP sold and
//! that the client bought itself, too. The purchases are known, and bind them: no more of the licences count than the
//! purchases that count hold, and no fewer than the others cannot hold.
//!
//! Where some other fact of an item or a purchase is missing, the purchase is taken for one that counts and for one that
//! does not. Where more are held than were bought, the purchases say nothing.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_rules::{CountPart, DrawnFrom, Fit, KindVocabulary};

use crate::columns::{ItemColumns, ItemNo};
use crate::group_takers::text_of;
use crate::interval::{TooManyDigits, minus, plus};
use crate::pool::{Candidate, Elsewhere, Pool};
use crate::run_inputs::UsageSource;
use crate::selection::{Fate, Selection, Way};

/// What the items of a kind are drawn from.
#[derive(Clone, Copy)]
pub(crate) struct Drawing<'r> {
    /// The kind of the purchases.
    pub(crate) purchases: usize,
    /// The attribute that a purchase tells, and an item does not where there are several purchases.
    pub(crate) told_by: &'r str,
    /// The part that counts the items.
    pub(crate) part: &'r CountPart,
}

/// What the items of a kind are drawn from, where one part alone, which no group binds, counts them.
pub(crate) fn drawing<'r>(
    kept: &'r UsageSource,
    kind: &'r KindVocabulary,
    parts: &[(u32, &'r CountPart)],
) -> Option<Drawing<'r>> {
    let [(_, part)] = parts else { return None };
    let DrawnFrom { kind, told_by } = kind.drawn_from.as_ref().filter(|_| part.group.is_none())?;
    let purchases = kept.kinds.iter().position(|one| one.name == *kind)?;
    Some(Drawing { purchases, told_by, part })
}

/// Items that may count or not, of one account and product.
pub(crate) struct DrawnItems {
    /// Units that surely count.
    pub(crate) low: Decimal,
    /// Units that surely do not.
    pub(crate) spare: Decimal,
    /// The items, where that settles how many count.
    pub(crate) settled: Vec<ItemNo>,
}

/// Whether nothing but the purchase that it is drawn from decides whether an item counts.
pub(crate) fn may_be_drawn(
    items: &ItemColumns,
    selection: &Selection<'_>,
    candidate: &Candidate,
    ways: &[Way],
) -> bool {
    let has_drawing = items.kind(candidate.item).is_some_and(|kind| selection.drawing(kind).is_some());
    let is_taken = |way: &Way| matches!(way.fate(), Fate::Taken(_));
    let is_known = candidate.is_surely_own()
        && candidate.also.is_none()
        && candidate.larger.is_none()
        && candidate.elsewhere == Elsewhere::No;
    has_drawing
        && is_known
        && ways.iter().all(|way| way.left_out.is_none() && way.units.is_some())
        && ways.iter().any(is_taken)
        && !ways.iter().all(is_taken)
}

/// What the purchases say of items that may count or not. `unsure`: where those stand in the pool.
pub(crate) fn drawn_items(
    items: &ItemColumns,
    pool: &Pool,
    selection: &Selection<'_>,
    unsure: &[usize],
) -> Result<Vec<DrawnItems>, TooManyDigits> {
    let mut alike: BTreeMap<_, Vec<&Candidate>> = BTreeMap::new();
    for candidate in unsure.iter().map(|at| &pool.candidates[*at]) {
        let place = (candidate.account, items.kind(candidate.item), items.sku(candidate.item));
        alike.entry(place).or_default().push(candidate);
    }
    let mut found = Vec::new();
    for ((account, kind, sku), members) in alike {
        let Some((drawing, sku)) = kind.and_then(|kind| selection.drawing(kind)).zip(sku) else { continue };
        let is_bought = |one: &&Candidate| {
            let (kind, product) = (items.kind(one.item), items.sku(one.item));
            // One whose kind nobody has explained may be a purchase.
            one.account == account && (kind.is_none() || kind == Some(drawing.purchases)) && product == Some(sku)
        };
        let bought: Vec<&Candidate> = pool.candidates.iter().filter(is_bought).collect();
        if !bought.is_empty()
            && let Some(held) = held(items, &drawing, &bought, &members)?
        {
            found.push(held);
        }
    }
    Ok(found)
}

/// `None`: the purchases say nothing.
fn held(
    items: &ItemColumns,
    drawing: &Drawing<'_>,
    bought: &[&Candidate],
    members: &[&Candidate],
) -> Result<Option<DrawnItems>, TooManyDigits> {
    let (mut all, mut counting, mut others) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    for purchase in bought {
        let is_sure = purchase.is_surely_own() && purchase.also.is_none() && purchase.larger.is_none();
        let units = items.units(purchase.item).filter(|_| is_sure && items.kind(purchase.item).is_some());
        let mut fits = members.iter().map(|member| fit(items, drawing, purchase, member));
        let first = fits.next().unwrap_or(Fit::Unknown);
        let Some(units) = units.filter(|_| fits.all(|fit| fit == first)) else { return Ok(None) };
        all = plus(all, units)?;
        if first != Fit::No {
            counting = plus(counting, units)?;
        }
        if first != Fit::Yes {
            others = plus(others, units)?;
        }
    }
    let units = members.iter().filter_map(|member| items.units(member.item)).try_fold(Decimal::ZERO, plus)?;
    let (low, high) = (minus(units, others)?.max(Decimal::ZERO), units.min(counting));
    if units > all {
        return Ok(None);
    }
    let settled = if low == high { members.iter().map(|member| member.item).collect() } else { Vec::new() };
    Ok(Some(DrawnItems { low, spare: minus(units, high)?, settled }))
}

/// Whether an item counts that was drawn from a purchase.
fn fit(items: &ItemColumns, drawing: &Drawing<'_>, purchase: &Candidate, item: &Candidate) -> Fit {
    drawing.part.takes(|name| match name == drawing.told_by {
        true => text_of(items, purchase, name),
        false => text_of(items, item, name),
    })
}
