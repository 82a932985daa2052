//! What the rows of a tenant refer to: its SKUs, who sold them, whether it tells when its users signed in.

use std::collections::{HashMap, hash_map::Entry};

use truecount_billing::AccountId;

/// Every tenant's, by its id. One entry per SKU: users are never kept.
#[derive(Debug, Default)]
pub(super) struct Tables {
    tenants: HashMap<AccountId, Tenant>,
}

/// What one tenant's rows refer to.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    /// By the SKU's id.
    skus: HashMap<String, Sku>,
    /// By the SKU's id, from the subscriptions whose seats can be held.
    sellers: HashMap<String, SoldBy>,
    /// Whether at least one user says when it signed in.
    pub(super) tells_sign_ins: bool,
}

#[derive(Debug)]
struct Sku {
    part_number: Option<String>,
    /// The vendor's word.
    applies_to: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum SoldBy {
    One(String),
    /// Two sellers, or a subscription that does not name its seller.
    Unknown,
}

impl Tables {
    pub(super) fn tenant(&self, id: &AccountId) -> Option<&Tenant> {
        self.tenants.get(id)
    }

    pub(super) fn tenant_mut(&mut self, id: &AccountId) -> &mut Tenant {
        self.tenants.entry(id.clone()).or_default()
    }
}

impl Tenant {
    pub(super) fn add_sku(&mut self, id: String, part_number: Option<String>, applies_to: Option<String>) {
        self.skus.insert(id, Sku { part_number, applies_to });
    }

    /// Notes who sold a subscription of a SKU; `None`: it is not known.
    pub(super) fn add_seller(&mut self, sku_id: String, seller: Option<String>) {
        let seller = seller.map_or(SoldBy::Unknown, SoldBy::One);
        match self.sellers.entry(sku_id) {
            Entry::Vacant(place) => {
                place.insert(seller);
            }
            Entry::Occupied(mut place) if *place.get() != seller => {
                place.insert(SoldBy::Unknown);
            }
            Entry::Occupied(_) => {}
        }
    }

    pub(super) fn part_number(&self, sku_id: &str) -> Option<&str> {
        self.skus.get(sku_id)?.part_number.as_deref()
    }

    pub(super) fn applies_to(&self, sku_id: &str) -> Option<&str> {
        self.skus.get(sku_id)?.applies_to.as_deref()
    }

    /// Who sold every seat of a SKU; `None`: not known, or two sellers did.
    pub(super) fn seller(&self, sku_id: &str) -> Option<&str> {
        match self.sellers.get(sku_id)? {
            SoldBy::One(id) => Some(id),
            SoldBy::Unknown => None,
        }
    }
}
