//! Groups of services: each item counts once, in the first of their order that takes it; and what others of the group
//! make of an item that one of them looks at.

use truecount_billing::ProductCode;

use crate::model::CountPart;
use crate::products_left_out::ProductsLeftOut;
use crate::rules::Rules;

/// `[groups.NAME]`: services of which the first that takes an item counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceGroup {
    /// Its name; usage of the group without a line is told under it.
    pub name: ProductCode,
    /// Its services: the first that takes an item and holds at the client counts it.
    pub order: Vec<ProductCode>,
}

/// What the group's services that hold at a client make of the items of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupShare {
    /// Whether it is that of the whole group, where none of its services holds: what any of `others` takes counts.
    pub is_whole: bool,
    /// What the services before it in the order take.
    pub earlier: Vec<GroupTaker>,
    /// What all other services take.
    pub others: Vec<GroupTaker>,
    /// Products that the source leaves out: who holds these alone is no holder of a paid licence.
    pub unpaid: ProductsLeftOut,
}

/// What another service of the group takes, or its part for one agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTaker {
    /// The service.
    pub service: ProductCode,
    /// What it takes.
    pub part: CountPart,
    /// Whether it surely holds at the client.
    pub is_sure: bool,
}

impl Rules {
    /// The groups, in the order of the file.
    #[must_use]
    pub fn groups(&self) -> &[ServiceGroup] {
        &self.groups
    }

    /// The group of a name.
    #[must_use]
    pub fn group(&self, name: &ProductCode) -> Option<&ServiceGroup> {
        self.groups.iter().find(|group| group.name == *name)
    }
}
