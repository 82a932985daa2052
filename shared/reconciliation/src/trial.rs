//! Counts without lines, and lines without rules: what each service would count at a client, and how much of each product
//! a client is billed for. Whoever looks for rules holds the one against the other.
//!
//! Deliberately absent: any second way to count. The rules are tried as they would be in a run.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::{Currency, LineRole, ProductCode};

use crate::billed_side::LineRow;
use crate::interval::{add, plus};
use crate::portfolio::RunReconciler;
use crate::value::own_amount;

/// Units of a service that a client uses, as they would be billed if each were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedUnits {
    /// So many at least.
    pub at_least: Decimal,
    /// So many at most; `None`: nobody knows.
    pub at_most: Option<Decimal>,
}

impl UsedUnits {
    /// The number, where there is but one.
    #[must_use]
    pub fn exact(&self) -> Option<Decimal> {
        self.at_most.filter(|most| *most == self.at_least)
    }
}

/// What a client is billed of one product, on the day on which its lines are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledProduct {
    /// The product.
    pub product: ProductCode,
    /// Its name. Foreign text.
    pub name: Option<String>,
    /// Its category. Foreign text.
    pub category: Option<String>,
    /// Units, those among them that a line includes in its price.
    pub units: Decimal,
    /// What they bill in a month; lines without a known price or cycle are in none.
    pub revenue: BTreeMap<Currency, Decimal>,
}

impl RunReconciler<'_> {
    /// What a client uses of each service, in the order of the rules; `None`: nothing of it can be counted. That no line
    /// stands is part of it: what is included or the least where a line stands takes no part.
    #[must_use]
    pub fn used_units(&self, client: usize) -> Vec<Option<UsedUnits>> {
        let case = self.case(client);
        let view = case.view();
        self.rules.services().map(|service| case.used(service, &view).ok().flatten()).collect()
    }

    /// The recurring products that a client is billed for, by their codes; `None`: its lines were not read to the end, it
    /// has no agreement that lives, or it is internal or not for resale, so that it is no witness of any rule.
    #[must_use]
    pub fn billed_products(&self, client: usize) -> Option<Vec<BilledProduct>> {
        let lines = self.case(client).recurring_lines()?;
        let mut found: BTreeMap<&ProductCode, BilledProduct> = BTreeMap::new();
        for line in lines {
            let product = found.entry(&line.row.product).or_insert_with(|| unbilled(&line.row.product));
            product.name = product.name.take().or_else(|| line.row.product_name.clone());
            product.category = product.category.take().or_else(|| line.row.category.clone());
            // A number with too many digits equals no count.
            product.units = plus(product.units, line.row.quantity).unwrap_or(Decimal::MAX);
            if let Ok(Some(amount)) = own_amount(line) {
                add(product.revenue.entry(line.currency(&self.context)).or_default(), amount);
            }
        }
        Some(found.into_values().collect())
    }
}

/// Whether a line's quantity can be that of a count.
pub(crate) fn is_recurring(line: &LineRow<'_>) -> bool {
    line.row.role == LineRole::Recurring
}

fn unbilled(product: &ProductCode) -> BilledProduct {
    BilledProduct {
        product: product.clone(),
        name: None,
        category: None,
        units: Decimal::ZERO,
        revenue: BTreeMap::new(),
    }
}
