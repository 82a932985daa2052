//! Until when no fewer can be billed, for a row in which somebody is committed to more than is used. Deliberately absent:
//! how much that is.

use std::cmp::Ordering;

use jiff::civil::Date;

use super::{ClientCase, ClientView, ServicePart};
use crate::billed_side::BilledSide;
use crate::evidence::LedgerReason;
use crate::interval::TooManyDigits;
use crate::item_evidence::fates;
use crate::outcome::OutcomeRow;
use crate::outer::OuterServices;
use crate::selection::{Fate, selections_that_bind};
use crate::should_bill::commitments;

impl<'a> ClientCase<'a> {
    /// The last day on which no fewer can be billed; `None`: nobody is committed to more than is used, or it has no end.
    pub(super) fn committed_until(
        &self,
        row: &OutcomeRow,
        part: &ServicePart<'a>,
        side: &BilledSide<'a>,
        view: &ClientView<'a>,
    ) -> Result<Option<Date>, TooManyDigits> {
        let ledger = row.compared.as_ref().and_then(|compared| compared.figures.as_ref()?.ledger.as_ref());
        if ledger.is_none_or(|ledger| !ledger.explained.contains_key(&LedgerReason::Commitment)) {
            return Ok(None);
        }
        let count = self.counting_of(part).count(&part.rule, side, &view.pools, OuterServices::default())?;
        let (at_vendor, by_contract) = commitments(&count.least, &part.rule, side)?;
        let until = part.rule.client_committed.and_then(|committed| committed.until);
        match at_vendor.cmp(&by_contract) {
            Ordering::Less => Ok(until),
            Ordering::Greater => self.first_end(part, view),
            // Fewer can be billed when both are over.
            Ordering::Equal => Ok(until.zip(self.first_end(part, view)?).map(|(one, other)| one.max(other))),
        }
    }

    /// The earliest last day of what binds at a vendor.
    fn first_end(&self, part: &ServicePart<'a>, view: &ClientView<'a>) -> Result<Option<Date>, TooManyDigits> {
        let (Some(commitment), Some(spec)) = (&part.rule.commitment, part.rule.committed()) else { return Ok(None) };
        let counting = self.counting_of(part);
        let items = &self.inputs.items;
        let mut first: Option<Date> = None;
        for (source, selection) in selections_that_bind(spec, self.inputs, self.rules, counting.binding(commitment)) {
            let pool = counting.pool(source, &view.pools);
            if pool.is_shared {
                continue;
            }
            for (candidate, fates) in pool.candidates.iter().zip(fates(items, pool, &selection)?) {
                let binds = fates.iter().any(|fate| matches!(fate, Fate::Taken(_)));
                let until = items.commitment(candidate.item).and_then(|one| one.until).filter(|_| binds);
                first = first.into_iter().chain(until).min();
            }
        }
        Ok(first)
    }
}
