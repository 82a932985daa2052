//! Where services that cover or grant others hold at a client, and what they take off a part of another service.

use rust_decimal::Decimal;
use truecount_billing::{Agreement, ProductCode};
use truecount_rules::ServiceBasis;

use super::{ClientCase, ClientView, ServicePart, type_of};
use crate::billed_side::BilledSide;
use crate::interval::{TooManyDigits, times};
use crate::outer::{Holds, OuterServices};
use crate::run_inputs::{BilledAgreement, LinesRead};
use crate::service_count::ServiceCount;

/// Units of a part that should be billed: at least, and at most, where that is known.
pub(super) type UnitsBetween = (Decimal, Option<Decimal>);

/// Nobody knows how many.
const NOT_KNOWN: UnitsBetween = (Decimal::ZERO, None);

impl<'a> ClientCase<'a> {
    /// Whether a part of a service is compared, and covers and grants: a service that does so holds only where a line of
    /// it stands, or should stand.
    pub(super) fn holds(&self, part: &ServicePart<'_>, side: &BilledSide<'_>) -> Holds {
        let before = match &self.billed_client().read {
            LinesRead::Fell { before } => before.iter().map(|of| &of.agreement).collect(),
            LinesRead::Complete | LinesRead::Partial | LinesRead::Failed => Vec::new(),
        };
        match side.stands {
            Holds::Perhaps | Holds::No if self.is_expected(part, &self.live) => Holds::Surely,
            Holds::No if self.is_expected(part, &before) => Holds::Perhaps,
            stands => stands,
        }
    }

    /// What should be billed of a part beside the services that it lives inside. Where it holds by what stood before a fall
    /// alone, its usage is nobody's business once that is confirmed.
    pub(super) fn count_of(
        &self,
        part: &ServicePart<'a>,
        side: &BilledSide<'_>,
        view: &ClientView<'a>,
    ) -> Result<ServiceCount, TooManyDigits> {
        let outer = self.outer_services(part, view);
        let mut count = self.counting_of(part).count(&part.rule, side, &view.pools, outer)?;
        let has_fallen = matches!(self.billed_client().read, LinesRead::Fell { .. });
        let may_be_nothing = has_fallen && side.is_empty && part.rule.holds_by_line();
        if may_be_nothing && self.holds(part, side) == Holds::Perhaps {
            count.least = count.least.not_sure()?;
        }
        Ok(count)
    }

    /// Whether `expected_at` names the kind of one of these agreements, if it is live and the part's.
    fn is_expected(&self, part: &ServicePart<'_>, agreements: &[&Agreement]) -> bool {
        if part.rule.expected_at.is_empty() || part.rule.not_sold.is_some() {
            return false;
        }
        let apart = self.apart(&part.rule.code);
        let is_here = |one: &Agreement| match part.agreement {
            Some(own) => own.id == one.id,
            None => !is_among(&apart, one),
        };
        let is_live = |one: &Agreement| self.context.is_live(one);
        agreements.iter().any(|one| is_live(one) && is_here(one) && part.rule.is_expected_at(type_of(one)))
    }

    /// The services that cover a part of a service, or grant units of it.
    pub(super) fn outer_services(&self, part: &ServicePart<'a>, view: &ClientView<'a>) -> OuterServices {
        let mut found = OuterServices::default();
        if let ServiceBasis::Counted(spec) = &part.rule.basis {
            let shares = spec.parts.iter().filter_map(|part| part.group.as_ref());
            shares.flat_map(|share| &share.earlier).for_each(|one| found.taken(&one.service, one.is_sure));
        }
        let inner = &part.rule.code;
        let mut codes = self.rules.outer_services(inner).peekable();
        if codes.peek().is_none() {
            return found;
        }
        let apart = self.apart(inner);
        for code in codes {
            let apart_there = self.apart(code);
            let lies_over = |outer: &ServicePart<'_>| match (outer.agreement, part.agreement) {
                (Some(there), Some(here)) => there.id == here.id,
                (Some(there), None) => !is_among(&apart, there),
                (None, Some(here)) => !is_among(&apart_there, here),
                (None, None) => true,
            };
            let outer = self.parts(code, view).into_iter().filter(|outer| lies_over(outer));
            let outer: Vec<_> = outer.filter_map(|outer| Some((self.side_of(&outer, view)?, outer))).collect();
            found.covered(
                code,
                Holds::of_all(outer.iter().map(|(side, outer)| match outer.rule.covers.contains(inner) {
                    true => self.holds(outer, side),
                    false => Holds::No,
                })),
            );
            for (side, outer) in &outer {
                let Some(each) = outer.rule.granted(inner) else { continue };
                let is_shared = outer.agreement.is_none() && apart.iter().any(|one| !is_among(&apart_there, one));
                let goes = if is_shared { goes_to(side, part, &apart) } else { Holds::Surely };
                let holds = self.holds(outer, side);
                if goes == Holds::No || holds == Holds::No {
                    continue;
                }
                let (least, most) = self.units_of(outer, side, view);
                let granted = |units: Decimal| times(units, each).ok();
                let is_sure = goes == Holds::Surely && holds == Holds::Surely;
                let least = granted(least).filter(|_| is_sure).unwrap_or_default();
                found.granted(code, least, most.and_then(granted));
            }
        }
        found
    }

    /// Whether the client has a live agreement, or another one, linked by parent or bill-to, has one with a line of the
    /// service.
    pub(super) fn lives(&self, service: &ProductCode) -> Holds {
        if !self.live.is_empty() {
            return Holds::Surely;
        }
        let own = match &self.billed_client().read {
            LinesRead::Complete => Holds::No,
            LinesRead::Fell { before } if !before.iter().any(|of| self.context.is_live(&of.agreement)) => Holds::No,
            LinesRead::Fell { .. } | LinesRead::Partial | LinesRead::Failed => Holds::Perhaps,
        };
        Holds::of_any([own, self.sibling_lives(service)].into_iter())
    }

    /// Whether another client, linked by parent or bill-to, has a live agreement with a line of the service.
    fn sibling_lives(&self, service: &ProductCode) -> Holds {
        let mine = self.billed_client();
        // Usage of a group without a line may be any of its services'.
        let group = self.rules.group(service);
        let is_of = |code: &ProductCode| {
            code == service || group.is_some_and(|group| group.order.iter().any(|one| one == code))
        };
        let has_line = |of: &BilledAgreement| {
            of.lines.iter().any(|row| self.rules.service_of_product(&row.product).is_some_and(is_of))
        };
        let lives = |all: &[BilledAgreement]| all.iter().any(|of| self.context.is_live(&of.agreement) && has_line(of));
        let siblings = self.index.linked(self.client).iter().map(|other| &self.inputs.clients[*other]);
        Holds::of_any(siblings.filter(|other| other.id != mine.id).map(|other| match &other.read {
            LinesRead::Failed => Holds::Perhaps,
            _ if lives(&other.agreements) => Holds::Surely,
            LinesRead::Complete => Holds::No,
            LinesRead::Partial => Holds::Perhaps,
            LinesRead::Fell { before } if lives(before) => Holds::Perhaps,
            LinesRead::Fell { .. } => Holds::No,
        }))
    }

    /// The agreements that the rules compare by themselves, for a service.
    fn apart(&self, service: &ProductCode) -> Vec<&'a Agreement> {
        self.sections(service).into_iter().map(|(_, agreement)| agreement).collect()
    }

    pub(super) fn side_of(&self, part: &ServicePart<'_>, view: &ClientView<'a>) -> Option<BilledSide<'a>> {
        self.side(part, view.lines_of(&part.rule.code)).ok()
    }

    /// How many units of a part should be billed; of one that is not compared, nobody knows.
    fn units_of(&self, part: &ServicePart<'a>, side: &BilledSide<'a>, view: &ClientView<'a>) -> UnitsBetween {
        let is_flat = side.lines.is_empty() && !side.flat.is_empty();
        if is_flat || !matches!(part.rule.basis, ServiceBasis::Counted(_)) {
            return NOT_KNOWN;
        }
        let key = (part.rule.code.clone(), part.section.map(str::to_owned));
        if let Some(known) = view.units.borrow().get(&key) {
            return *known;
        }
        let units = self.counted_units(part, side, view).unwrap_or(NOT_KNOWN);
        view.units.borrow_mut().insert(key, units);
        units
    }

    fn counted_units(
        &self,
        part: &ServicePart<'a>,
        side: &BilledSide<'a>,
        view: &ClientView<'a>,
    ) -> Result<UnitsBetween, TooManyDigits> {
        let count = self.count_of(part, side, view)?;
        let units = |should: Decimal| should.max(Decimal::ZERO);
        Ok((units(count.least.should), count.most.map(|most| units(most.should))))
    }
}

fn is_among(agreements: &[&Agreement], one: &Agreement) -> bool {
    agreements.iter().any(|other| other.id == one.id)
}

/// Whether what lines grant goes to a part of a service: each to the part that has its agreement. `apart`: the agreements
/// that have a part of their own.
fn goes_to(granting: &BilledSide<'_>, part: &ServicePart<'_>, apart: &[&Agreement]) -> Holds {
    let lines = granting.lines.iter().chain(&granting.ending).chain(&granting.flat);
    let mut parts = lines.map(|line| apart.iter().find(|one| one.id == line.agreement().id).map(|one| &one.id));
    let Some(first) = parts.next() else { return Holds::Perhaps };
    let own = part.agreement.map(|agreement| &agreement.id);
    let is_own = |goes: Option<_>| if goes == own { Holds::Surely } else { Holds::No };
    Holds::of_all(std::iter::once(first).chain(parts).map(is_own))
}
