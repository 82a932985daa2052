//! A sample too large to be held: every row is computed from its number when it is asked for.
//!
//! Devices of one organization lie far apart in the list, as they do where machines come over years.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use truecount_billing::BillingMonth;

use crate::{
    Planted,
    catalogue::{DETECTION, NINJAONE, PRODUCTS, SERVER, WORKSTATION},
    dataset::{Addition, Agreement, Company, Device, Organization},
};

/// So many accounts with so many devices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Large {
    pub(crate) accounts: u64,
    pub(crate) items: u64,
    pub(crate) month: BillingMonth,
    pub(crate) now: Timestamp,
}

/// What one account has that counts.
struct Counts {
    workstations: u64,
    servers: u64,
}

impl Large {
    pub(crate) fn company(&self, n: u64) -> Option<Company> {
        (n < self.accounts).then(|| Company {
            id: 250 + n,
            name: format!("Client {n:05} Ltd"),
            kind: "Client",
            deleted: false,
            currency: "GBP",
        })
    }

    pub(crate) fn organization(&self, n: u64) -> Option<Organization> {
        (n < self.accounts).then(|| Organization { id: 2 + n, name: format!("CLIENT {n:05} Ltd.") })
    }

    pub(crate) fn device(&self, n: u64) -> Option<Device> {
        if n >= self.items {
            return None;
        }
        let (account, place) = (n % self.accounts, n / self.accounts);
        let days = if is_stale(place) { 60 } else { n % 20 };
        let back = SignedDuration::from_secs((days * 86_400 + n % 80_000).cast_signed());
        Some(Device {
            id: 1_001 + n,
            machine: 1_001 + n,
            organization_id: 2 + account,
            name: format!("C{account:05}-{place:03}"),
            class: if is_server(place) { "WINDOWS_SERVER" } else { "WINDOWS_WORKSTATION" },
            approval: if is_pending(account, place) { "PENDING" } else { "APPROVED" },
            last_contact: self.now.saturating_sub(back).unwrap_or(self.now),
            thousandths: n % 999 + 1,
        })
    }

    pub(crate) fn agreement(&self, n: u64) -> Option<Agreement> {
        if n >= self.accounts {
            return None;
        }
        let counts = self.counts(n);
        let billed = [
            (WORKSTATION, counts.workstations.saturating_add_signed(-missing(n))),
            (SERVER, counts.servers),
            (DETECTION, counts.workstations + counts.servers),
        ];
        let start = self.month.previous().previous().first_day();
        let additions = billed
            .into_iter()
            .enumerate()
            .filter(|(_, (_, quantity))| *quantity > 0)
            .map(|(at, (product, quantity))| Addition {
                id: 9_000 + 3 * n + at as u64,
                product: PRODUCTS[product].code,
                quantity: Decimal::from(quantity),
                less_included: None,
                unit_price: Decimal::new(PRODUCTS[product].list_price, 4).normalize(),
                from: Some(start),
                to: None,
                billing_status: "Billable",
            })
            .collect();
        Some(Agreement::monthly(40 + n, "Managed services", 250 + n, start, additions))
    }

    /// The differences, account by account.
    pub(crate) fn planted(&self) -> Vec<Planted> {
        (0..self.accounts).filter_map(|n| self.planted_at(n)).collect()
    }

    fn planted_at(&self, n: u64) -> Option<Planted> {
        let (counts, missing, rule) = (self.counts(n), missing(n), &PRODUCTS[WORKSTATION]);
        let billed = counts.workstations.checked_add_signed(-missing)?;
        if missing == 0 || billed == 0 {
            return None;
        }
        let (variance, price) = (Decimal::from(missing), Decimal::new(rule.list_price, 4));
        Some(Planted {
            kind: if missing > 0 { "underbilled" } else { "overbilled" },
            client_id: (250 + n).to_string(),
            client_name: format!("Client {n:05} Ltd"),
            source: NINJAONE.to_owned(),
            account_id: String::new(),
            account_name: String::new(),
            product_code: rule.code.to_owned(),
            counted: Some(Decimal::from(counts.workstations)),
            billed: Some(Decimal::from(billed)),
            should_bill: Some(Decimal::from(counts.workstations)),
            variance: Some(variance),
            unit_price: Some(price),
            monthly_impact: Some(variance * price),
            currency: "GBP".to_owned(),
            story: if missing > 0 { "new PCs" } else { "leavers" },
        })
    }

    fn counts(&self, account: u64) -> Counts {
        let places = self.items / self.accounts + u64::from(account < self.items % self.accounts);
        let counting = |place: &u64| !is_stale(*place) && !is_pending(account, *place);
        let servers = (0..places).filter(counting).filter(|place| is_server(*place)).count() as u64;
        Counts { workstations: (0..places).filter(counting).count() as u64 - servers, servers }
    }
}

/// Workstations that are not billed; negative: billed too many.
fn missing(account: u64) -> i64 {
    match account % 50 {
        7 => 2,
        9 => -1,
        _ => 0,
    }
}

fn is_server(place: u64) -> bool {
    place % 20 == 19
}

fn is_stale(place: u64) -> bool {
    place % 25 == 3
}

fn is_pending(account: u64, place: u64) -> bool {
    place == 7 && account.is_multiple_of(3)
}
