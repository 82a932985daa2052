//! The services of a group at a client: which of them hold, what each leaves to the others, and what nobody is billed for
//! where none of them holds.

use std::sync::Arc;

use truecount_billing::ProductCode;
use truecount_rules::{
    CountPart, CountSpec, GroupShare, GroupTaker, NoLine, ProductsLeftOut, ServiceBasis, ServiceGroup, ServiceRule,
};

use super::{ClientCase, ClientView, ServicePart};
use crate::outer::Holds;

/// A part of a service of a group, what it takes, and whether it holds at the client.
struct Member<'a> {
    part: ServicePart<'a>,
    counted: CountPart,
    holds: Holds,
}

impl<'a> ClientCase<'a> {
    /// The service, and each agreement of it that the rules compare by itself; of a service of a group, beside what the
    /// others of it take.
    pub(super) fn parts(&self, service: &ProductCode, view: &ClientView<'a>) -> Vec<ServicePart<'a>> {
        let parts = self.own_parts(service, view.lines_of(service));
        let group = parts.first().and_then(|part| self.rules.group(part.rule.group.as_ref()?));
        let Some(group) = group else { return parts };
        let members = self.members(group, view);
        parts.into_iter().map(|part| self.beside(part, group, &members)).collect()
    }

    /// Usage of a group of which no service holds; `None`: one holds, or none is counted.
    pub(super) fn group_part(&self, group: &ServiceGroup, view: &ClientView<'a>) -> Option<ServicePart<'a>> {
        let mut members = self.members(group, view);
        if members.iter().any(|member| member.holds != Holds::No) {
            return None;
        }
        let is_counted = |rule: &ServiceRule| matches!(rule.basis, ServiceBasis::Counted(_));
        members.retain(|member| member.part.rule.not_sold.is_none() && is_counted(&member.part.rule));
        let (first, others) = members.split_first()?;
        let is_listed = members.iter().all(|member| member.part.rule.no_line == NoLine::List);
        let share = GroupShare {
            is_whole: true,
            earlier: Vec::new(),
            others: others.iter().map(Member::taker).collect(),
            unpaid: self.unpaid(&first.counted),
        };
        let usual = with_share(&first.part.rule, share);
        let rule = ServiceRule {
            products: Vec::new(),
            no_line: if is_listed { NoLine::List } else { NoLine::Exception },
            ..ServiceRule::new(group.name.clone(), usual.basis)
        };
        Some(ServicePart {
            rule: Arc::new(rule),
            section: None,
            agreement: None,
            types_differ: false,
            day: first.part.day,
            month_from: first.part.month_from,
        })
    }

    /// The parts of the services of a group.
    fn members(&self, group: &ServiceGroup, view: &ClientView<'a>) -> Vec<Member<'a>> {
        let parts = group.order.iter().flat_map(|code| self.own_parts(code, view.lines_of(code)));
        let member = |part: ServicePart<'a>| {
            // One that is not compared takes its people all the same.
            let counted = match &part.rule.basis {
                ServiceBasis::Counted(spec) => spec.parts.first()?.clone(),
                ServiceBasis::Flat | ServiceBasis::Ignored(_) => part.rule.group_part.clone()?,
            };
            let holds = self.side_of(&part, view).map_or(Holds::Perhaps, |side| self.holds(&part, &side));
            Some(Member { part, counted, holds })
        };
        parts.filter_map(member).collect()
    }

    fn beside(&self, part: ServicePart<'a>, group: &ServiceGroup, members: &[Member<'a>]) -> ServicePart<'a> {
        let code = &part.rule.code;
        let is_own = |member: &&Member<'_>| member.part.rule.code == *code && member.part.section == part.section;
        let others: Vec<&Member<'_>> =
            members.iter().filter(|member| !is_own(member) && member.holds != Holds::No).collect();
        let before: Vec<&ProductCode> = group.order.iter().take_while(|other| *other != code).collect();
        let is_before = |member: &&&Member<'_>| before.contains(&&member.part.rule.code);
        let share = GroupShare {
            is_whole: false,
            earlier: others.iter().filter(is_before).map(|member| member.taker()).collect(),
            others: others.iter().map(|member| member.taker()).collect(),
            unpaid: members.first().map(|member| self.unpaid(&member.counted)).unwrap_or_default(),
        };
        ServicePart { rule: Arc::new(with_share(&part.rule, share)), ..part }
    }

    /// Products that the source of a part leaves out.
    fn unpaid(&self, part: &CountPart) -> ProductsLeftOut {
        self.rules.products_left_out(&part.source).cloned().unwrap_or_default()
    }
}

impl Member<'_> {
    fn taker(&self) -> GroupTaker {
        let service = self.part.rule.code.clone();
        GroupTaker { service, part: self.counted.clone(), is_sure: self.holds == Holds::Surely }
    }
}

/// A rule whose only part counts beside others of its group.
fn with_share(rule: &ServiceRule, share: GroupShare) -> ServiceRule {
    let ServiceBasis::Counted(spec) = &rule.basis else { return rule.clone() };
    let parts = spec.parts.iter().map(|part| CountPart { group: Some(share.clone()), ..part.clone() }).collect();
    ServiceRule { basis: ServiceBasis::Counted(CountSpec { parts, ..spec.clone() }), ..rule.clone() }
}
