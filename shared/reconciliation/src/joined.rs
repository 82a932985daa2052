//! How the counts of several sources come to one: added up, the largest of them, or each machine once.

use std::rc::Rc;

use rust_decimal::Decimal;
use truecount_rules::{CountSpec, StalePolicy};

use crate::columns::{ItemColumns, ItemNo};
use crate::count::{SourceCount, UndecidedShares, add};
use crate::evidence::{Doubt, LedgerReason, Widening};
use crate::interval::{Span, TooManyDigits, minus, plus};
use crate::pool::Pool;
use crate::replaced::stale_on;
use crate::selection::Selection;
use crate::service_count::{ServiceCount, join};
use crate::should_bill::{End, converted};
use crate::two_sources::BoughtUnits;

/// What sources give together.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) count: ServiceCount,
    pub(crate) least: End,
    /// `None`: so far it is the same.
    pub(crate) most: Option<End>,
    pub(crate) is_open: bool,
    pub(crate) commitment: Option<CommitmentCount>,
}

/// What is told of the count of a commitment, beside its ends.
pub(crate) struct CommitmentCount {
    pub(crate) widenings: Vec<Widening>,
    pub(crate) doubts: Vec<Doubt>,
    pub(crate) undecided: Vec<Rc<SourceCount>>,
    pub(crate) is_open: bool,
}

impl Found {
    /// Adds what one source gives.
    pub(crate) fn add(&mut self, one: &Rc<SourceCount>, pool: &Pool) -> Result<(), TooManyDigits> {
        let factored = one.factored.unwrap_or(Span { low: one.least, high: one.most });
        // Where both ends are one number, they come to it in one way.
        if self.most.is_none() && (one.least != one.most || factored.low != factored.high) {
            self.most = Some(self.least.clone());
        }
        join(&mut self.least, one.least, factored.low, one.gross, &one.least_parts)?;
        if let Some(most) = &mut self.most {
            join(most, one.most, factored.high, one.gross, &one.most_parts)?;
        }
        self.is_open |= !one.open.is_empty();
        self.count.widenings.extend(one.open.iter().chain(&one.widenings).cloned());
        self.count.doubts.extend(pool.doubts.iter().chain(&one.doubts).cloned());
        if one.decided_by_rule > 0 {
            self.count.doubts.push(Doubt::FactMissing { items: one.decided_by_rule });
        }
        if one.undecided != UndecidedShares::default() {
            self.count.undecided.push(Rc::clone(one));
        }
        Ok(())
    }

    /// Takes the devices of a source that were probably replaced out of the lower end.
    pub(crate) fn without_replaced(
        &mut self,
        one: &SourceCount,
        items: &ItemColumns,
        selection: &Selection<'_>,
    ) -> Result<(), TooManyDigits> {
        if one.replaced_factored.is_zero() {
            return Ok(());
        }
        self.most.get_or_insert_with(|| self.least.clone());
        let least = &mut self.least;
        least.counted = minus(least.counted, one.replaced.units)?;
        least.factored = minus(least.factored, one.replaced_factored)?;
        least.replaced = plus(least.replaced, one.replaced_factored)?;
        add(&mut least.parts, LedgerReason::Replaced, -one.replaced.units)?;
        let widening = |(old, new): &(ItemNo, ItemNo)| {
            let stale = items.kind(*old).map_or(StalePolicy::Never, |kind| selection.stale_of(kind));
            Widening::Replaced { item: *old, by: *new, stale_on: stale_on(items, *old, stale) }
        };
        self.count.widenings.extend(one.replaced.pairs.iter().map(widening));
        Ok(())
    }

    /// Takes products that another source has, too, out of the lower end, and those that were moved out of both.
    pub(crate) fn without_bought_twice(
        mut self,
        bought: BoughtUnits,
        moved: Option<(usize, usize)>,
    ) -> Result<Self, TooManyDigits> {
        let twice = bought.twice(moved)?;
        self.least.left_out(LedgerReason::Moved, twice.moved)?;
        if let Some(most) = &mut self.most {
            most.left_out(LedgerReason::Moved, twice.moved)?;
        }
        if !twice.units.is_zero() {
            self.most.get_or_insert_with(|| self.least.clone());
            self.least.left_out(LedgerReason::BoughtTwice, twice.units)?;
        }
        let widening = |(sku, sources)| Widening::BoughtTwice { sku, sources };
        self.count.widenings.extend(twice.products.into_iter().map(widening));
        Ok(self)
    }

    /// The same, of which no fewer should be billed than what the MSP is committed to.
    pub(crate) fn committed_to(
        mut self,
        spec: &CountSpec,
        may_be_shared: bool,
        committed: Self,
    ) -> Result<Self, TooManyDigits> {
        let high = converted(spec, committed.most().factored)?;
        let low = match may_be_shared {
            true => Decimal::ZERO,
            false => converted(spec, committed.least.factored)?,
        };
        if self.most.is_none() && low != high {
            self.most = Some(self.least.clone());
        }
        self.least.committed = Some(low);
        if let Some(most) = &mut self.most {
            most.committed = Some(high);
        }
        // What an account adds here is no number of units that count: where it is shared, everything is counted again.
        let undecided = committed.count.undecided.iter().map(hanging).collect();
        self.commitment = Some(CommitmentCount {
            widenings: committed.count.widenings,
            doubts: committed.count.doubts,
            undecided,
            is_open: committed.is_open,
        });
        Ok(self)
    }

    pub(crate) fn most(&self) -> &End {
        self.most.as_ref().unwrap_or(&self.least)
    }

    /// The largest of several.
    pub(crate) fn largest(terms: Vec<Self>) -> Result<Self, TooManyDigits> {
        let least = largest(terms.iter().map(|term| &term.least))?;
        let is_one = terms.iter().all(|term| term.most.is_none());
        let most = if is_one { None } else { Some(largest(terms.iter().map(Self::most))?) };
        let is_open = terms.iter().any(|term| term.is_open);
        let mut found = Self { count: ServiceCount::default(), least, most, is_open, commitment: None };
        for term in terms {
            // What makes one wider that is never the largest makes no difference.
            let matters = term.is_open || term.most().factored > found.least.factored;
            let count = &mut found.count;
            count.is_counted |= term.count.is_counted;
            count.doubts.extend(term.count.doubts);
            count.widenings.extend(term.count.widenings.into_iter().filter(|_| matters));
            count.undecided.extend(term.count.undecided.iter().filter(|_| matters).map(hanging));
        }
        Ok(found)
    }

    /// The same with each machine once: `span` is what it then comes to.
    pub(crate) fn each_machine_once(mut self, span: Span) -> Result<Self, TooManyDigits> {
        let (low, high) = (span.low.min(self.least.counted), span.high.min(self.most().counted));
        if self.most.is_none() && low != high {
            self.most = Some(self.least.clone());
        }
        self.least.left_out(LedgerReason::Same, minus(self.least.counted, low)?)?;
        if let Some(most) = &mut self.most {
            most.left_out(LedgerReason::Same, minus(most.counted, high)?)?;
        }
        self.count.undecided = self.count.undecided.iter().map(hanging).collect();
        Ok(self)
    }
}

impl End {
    /// Takes units out for a reason.
    fn left_out(&mut self, reason: LedgerReason, units: Decimal) -> Result<(), TooManyDigits> {
        self.counted = minus(self.counted, units)?;
        self.factored = minus(self.factored, units)?;
        add(&mut self.parts, reason, -units)
    }
}

/// The largest of ends; what the others count is left out.
fn largest<'e>(ends: impl Iterator<Item = &'e End> + Clone) -> Result<End, TooManyDigits> {
    let mut sum = End::default();
    for end in ends.clone() {
        join(&mut sum, end.counted, end.factored, end.gross, &end.parts)?;
    }
    // Of several that are as large, the first.
    let most = ends.reduce(|most, end| if end.factored > most.factored { end } else { most });
    let Some(most) = most else { return Ok(sum) };
    add(&mut sum.parts, LedgerReason::Smaller, minus(most.counted, sum.counted)?)?;
    Ok(End { counted: most.counted, factored: most.factored, replaced: most.replaced, ..sum })
}

/// The same count, of which what an undecided account adds hangs on other sources.
fn hanging(count: &Rc<SourceCount>) -> Rc<SourceCount> {
    let UndecidedShares { each, linked } = &count.undecided;
    let linked = each.keys().chain(linked).copied().collect();
    let undecided = UndecidedShares { linked, ..UndecidedShares::default() };
    Rc::new(SourceCount { undecided, ..SourceCount::clone(count) })
}
