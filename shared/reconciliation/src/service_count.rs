//! How many units of a service should be billed to a client: what all sources of its count give, less what is included,
//! and at least the minimum.

use rust_decimal::Decimal;
use truecount_rules::{CountSpec, ServiceRule};

use crate::billed_side::BilledSide;
use crate::count::{Parts, add, count};
use crate::evidence::{Doubt, LedgerReason, Widening};
use crate::interval::{TooManyDigits, minus, plus};
use crate::pool::{Allowed, Pool};
use crate::run_index::RunIndex;
use crate::run_inputs::RunInputs;
use crate::selection::Selection;

/// One end of what should be billed.
#[derive(Debug, Clone, Default)]
pub(crate) struct End {
    /// Units that should be billed.
    pub(crate) should: Decimal,
    /// Units that count.
    pub(crate) counted: Decimal,
    /// Units looked at.
    pub(crate) gross: Decimal,
    /// What lies between `gross` and `should`.
    pub(crate) parts: Parts,
}

/// What a client uses of a service.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServiceCount {
    pub(crate) least: End,
    /// `None`: nobody knows an upper end.
    pub(crate) most: Option<End>,
    pub(crate) widenings: Vec<Widening>,
    pub(crate) doubts: Vec<Doubt>,
}

/// Whose use of a service is counted.
#[derive(Clone, Copy)]
pub(crate) struct Counting<'a> {
    pub(crate) inputs: &'a RunInputs,
    pub(crate) index: &'a RunIndex,
    pub(crate) client: usize,
    pub(crate) count_day: jiff::civil::Date,
}

impl<'a> Counting<'a> {
    /// Each source of a count, with what it counts there and the client's candidates.
    pub(crate) fn sources(
        &self,
        spec: &'a CountSpec,
        allowed: Allowed<'_>,
    ) -> impl Iterator<Item = (usize, Selection<'a>, Pool)> {
        let selections = (0..self.inputs.sources.len())
            .filter_map(|source| Selection::of(spec, self.inputs, source).map(|selection| (source, selection)));
        selections.map(move |(source, selection)| {
            let pool = Pool::of(self.inputs, self.index, self.client, source, self.count_day, allowed);
            (source, selection, pool)
        })
    }

    /// What should be billed, from at least to at most. `allowed`: which undecided accounts may be the client's; `None`:
    /// any that its name makes possible.
    pub(crate) fn count(
        &self,
        spec: &'a CountSpec,
        rule: &ServiceRule,
        side: &BilledSide<'_>,
        allowed: Allowed<'_>,
    ) -> Result<ServiceCount, TooManyDigits> {
        let mut found = ServiceCount::default();
        let (mut least, mut most, mut is_open) = (End::default(), End::default(), false);
        for (source, selection, pool) in self.sources(spec, allowed) {
            let one = count(&self.inputs.items, &pool, &selection)?;
            join(&mut least, one.least, one.gross, &one.least_parts)?;
            join(&mut most, one.most, one.gross, &one.most_parts)?;
            is_open |= !one.open.is_empty();
            found.widenings.extend(one.open);
            found.widenings.extend(one.widenings);
            found.doubts.extend(pool.doubts);
            found.doubts.extend(self.empty_kinds(spec, source));
            if one.decided_by_rule > 0 {
                found.doubts.push(Doubt::FactMissing { items: one.decided_by_rule });
            }
        }
        let known = |part: &&truecount_rules::CountPart| self.inputs.sources.iter().any(|one| one.id == part.source);
        is_open |= !spec.parts.iter().all(|part| known(&part));
        found.least = should_bill(least, rule, side)?;
        found.most = if is_open { None } else { Some(should_bill(most, rule, side)?) };
        Ok(found)
    }

    /// Kinds that the source had before and has none of now.
    fn empty_kinds(&self, spec: &CountSpec, source: usize) -> Vec<Doubt> {
        let kept = &self.inputs.sources[source];
        let here = spec.parts.iter().filter(|part| part.source == kept.id && !part.may_be_empty);
        let empty = here.filter(|part| {
            let kind = kept.kinds.iter().position(|kind| kind.name == part.kind);
            kept.words.has_kind(&part.kind) && !kind.is_some_and(|kind| self.index.has_items(source, kind))
        });
        empty.map(|part| Doubt::FirstMonthWithoutAny { source, kind: part.kind.clone() }).collect()
    }
}

fn join(end: &mut End, counted: Decimal, gross: Decimal, parts: &Parts) -> Result<(), TooManyDigits> {
    end.counted = plus(end.counted, counted)?;
    end.gross = plus(end.gross, gross)?;
    for (reason, units) in parts {
        add(&mut end.parts, *reason, *units)?;
    }
    Ok(())
}

/// From what counts to what should be billed: less included, then the minimum. The line's own less included wins over
/// the rule's.
fn should_bill(mut end: End, rule: &ServiceRule, side: &BilledSide<'_>) -> Result<End, TooManyDigits> {
    let counted = end.counted;
    let after = match side.has_less_included() {
        true => side.less_included(counted)?,
        false => minus(counted, counted.max(Decimal::ZERO).min(rule.included))?,
    };
    add(&mut end.parts, LedgerReason::Included, minus(after, counted)?)?;
    end.should = after;
    let minimum = rule.minimum.filter(|minimum| !side.lines.is_empty() && after < *minimum);
    if let Some(minimum) = minimum {
        add(&mut end.parts, LedgerReason::Minimum, minus(minimum, after)?)?;
        end.should = minimum;
    }
    Ok(end)
}
