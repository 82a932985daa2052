//! What of a client is looked at, where an MSP has limited that to some services and sources.

use truecount_billing::ProductCode;
use truecount_rules::ServiceRule;

use super::ClientCase;
use crate::billed_side::LineRow;
use crate::scope::Scope;

impl ClientCase<'_> {
    /// Whether a service, with the rule that holds, is looked at.
    pub(super) fn is_in_scope(&self, rule: &ServiceRule) -> bool {
        self.scope.is_none_or(|scope| scope.has_service(rule))
    }

    /// Whether lines of a product that no service has are.
    pub(super) fn has_product_in_scope(&self, product: &ProductCode) -> bool {
        self.scope.is_none_or(|scope| scope.has_code(product))
    }

    /// Whether every service is, and what agreements bill beside their lines.
    pub(super) fn has_all_services(&self) -> bool {
        self.scope.is_none_or(Scope::has_all_services)
    }

    /// Whether the service of a line, else its product, is.
    pub(super) fn is_line_in_scope(&self, line: &LineRow<'_>) -> bool {
        let service = self.rules.service_of_product(&line.row.product);
        match service.and_then(|code| self.rules.usual_rule(code)) {
            Some(rule) => self.is_in_scope(rule),
            None => self.has_product_in_scope(&line.row.product),
        }
    }
}
