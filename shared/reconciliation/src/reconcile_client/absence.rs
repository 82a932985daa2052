//! What it says that a service has no row at the client: that there is nothing of it, or that nobody knows.

use rust_decimal::Decimal;
use truecount_billing::ProductCode;
use truecount_rules::ServiceBasis;

use super::{ClientCase, ClientView, ServicePart};
use crate::history::Absence;
use crate::interval::TooManyDigits;
use crate::outer::Holds;
use crate::run_inputs::LinesRead;

impl<'a> ClientCase<'a> {
    /// What it says that a service, or the usage of a group, has no row. `section`: that of the rules by which an agreement
    /// is compared by itself.
    pub(crate) fn absence(&self, service: &ProductCode, section: Option<&str>, view: &ClientView<'a>) -> Absence {
        // Nobody has looked at what is out of scope.
        if !matches!(self.billed_client().read, LinesRead::Complete) || !self.has_product_in_scope(service) {
            return Absence::Unknown;
        }
        let parts = match self.rules.groups().iter().find(|group| group.name == *service) {
            Some(group) => self.group_part(group, view).into_iter().collect(),
            None if self.cache.services.contains(&service) => self.parts(service, view),
            None if self.rules.service_of_product(service).is_some() => return Absence::OtherRule,
            None => return Absence::NoRule,
        };
        if parts.iter().any(|part| !self.is_in_scope(&part.rule)) {
            return Absence::Unknown;
        }
        let mut of_section = parts.iter().filter(|part| part.section == section);
        // With too many digits it could be anything.
        match of_section.any(|part| self.may_be_used(part, view).unwrap_or(true)) {
            true => Absence::Unknown,
            false => Absence::Nothing,
        }
    }

    fn may_be_used(&self, part: &ServicePart<'a>, view: &ClientView<'a>) -> Result<bool, TooManyDigits> {
        let side = self.side(part, view.lines_of(&part.rule.code))?;
        let is_counted = matches!(part.rule.basis, ServiceBasis::Counted(_)) && !self.is_internal();
        if !is_counted || (part.rule.holds_by_line() && self.holds(part, &side) == Holds::No) {
            return Ok(false);
        }
        let most = self.count_of(part, &side, view)?.most;
        Ok(most.is_none_or(|most| most.should > Decimal::ZERO))
    }
}
