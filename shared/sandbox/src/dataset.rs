//! What the sample's PSA and vendors know: plain rows, in the order in which they are served.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

/// A company of the PSA.
#[derive(Debug, Clone)]
pub(crate) struct Company {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// `Client`, `Vendor`, `Prospect`.
    pub(crate) kind: &'static str,
    pub(crate) deleted: bool,
    pub(crate) currency: &'static str,
}

/// How often an agreement bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cycle {
    Monthly,
    Quarterly,
}

impl Cycle {
    pub(crate) const ALL: [Self; 2] = [Self::Monthly, Self::Quarterly];

    pub(crate) fn id(self) -> u64 {
        match self {
            Self::Monthly => 2,
            Self::Quarterly => 4,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Monthly => "Monthly",
            Self::Quarterly => "Quarterly",
        }
    }

    pub(crate) fn months(self) -> u64 {
        match self {
            Self::Monthly => 1,
            Self::Quarterly => 3,
        }
    }
}

/// An agreement of the PSA.
#[derive(Debug, Clone)]
pub(crate) struct Agreement {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) company_id: u64,
    pub(crate) start: Date,
    /// Last day; `None`: no end.
    pub(crate) end: Option<Date>,
    pub(crate) cycle: Cycle,
    pub(crate) arrears: bool,
    /// What it bills each cycle beside its lines.
    pub(crate) amount: Decimal,
    /// Whether its lines are billed once.
    pub(crate) is_one_time: bool,
    /// Whether a part of a month is billed in part.
    pub(crate) prorates: bool,
    /// Whether its seats are billed by the person.
    pub(crate) is_all_in: bool,
    /// The company that pays; `None`: its own.
    pub(crate) bill_to: Option<u64>,
    pub(crate) additions: Vec<Addition>,
}

impl Agreement {
    /// One that is billed each month in advance, has no end, and bills nothing beside its lines.
    pub(crate) fn monthly(id: u64, name: &str, company_id: u64, start: Date, additions: Vec<Addition>) -> Self {
        Self {
            id,
            name: name.to_owned(),
            company_id,
            start,
            end: None,
            cycle: Cycle::Monthly,
            arrears: false,
            amount: Decimal::ZERO,
            is_one_time: false,
            prorates: false,
            is_all_in: false,
            bill_to: None,
            additions,
        }
    }
}

/// One line of an agreement.
#[derive(Debug, Clone)]
pub(crate) struct Addition {
    pub(crate) id: u64,
    pub(crate) product: &'static str,
    pub(crate) quantity: Decimal,
    pub(crate) less_included: Option<Decimal>,
    /// For one billing cycle.
    pub(crate) unit_price: Decimal,
    pub(crate) from: Option<Date>,
    pub(crate) to: Option<Date>,
    /// `Billable`, `NoCharge`, `DoNotBill`.
    pub(crate) billing_status: &'static str,
}

/// An organization of NinjaOne.
#[derive(Debug, Clone)]
pub(crate) struct Organization {
    pub(crate) id: u64,
    pub(crate) name: String,
}

/// A device of NinjaOne.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) id: u64,
    pub(crate) organization_id: u64,
    pub(crate) name: String,
    pub(crate) class: &'static str,
    /// The machine itself, by which its board and network are known: an agent that was set up anew is another device.
    pub(crate) machine: u64,
    /// `APPROVED`, `PENDING`, or a word that nobody has explained.
    pub(crate) approval: &'static str,
    pub(crate) last_contact: Timestamp,
    /// Thousandths after the second of the last contact: the vendor sends fractions.
    pub(crate) thousandths: u64,
}

/// A Microsoft tenant.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Answers 403 to everything: consent was withdrawn.
    pub(crate) forbidden: bool,
    /// Has Entra P1: without it, sign-in times are refused.
    pub(crate) premium: bool,
    pub(crate) skus: Vec<TenantSku>,
    pub(crate) users: Vec<User>,
}

/// What a tenant has of one SKU.
#[derive(Debug, Clone)]
pub(crate) struct TenantSku {
    pub(crate) sku_id: &'static str,
    pub(crate) part_number: &'static str,
    pub(crate) consumed: u64,
    pub(crate) subscriptions: Vec<TenantSubscription>,
}

/// One commercial subscription of a tenant.
#[derive(Debug, Clone)]
pub(crate) struct TenantSubscription {
    pub(crate) id: String,
    pub(crate) seats: u64,
    pub(crate) trial: bool,
    pub(crate) status: &'static str,
    /// The tenant bought it itself, not from the MSP.
    pub(crate) is_own: bool,
}

/// A user of a tenant.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) guest: bool,
    pub(crate) sku_ids: Vec<&'static str>,
    /// `None`: never signed in.
    pub(crate) last_sign_in: Option<Timestamp>,
}

/// A company of Pax8.
#[derive(Debug, Clone)]
pub(crate) struct PaxCompany {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A subscription of Pax8.
#[derive(Debug, Clone)]
pub(crate) struct PaxSubscription {
    pub(crate) id: String,
    pub(crate) company_id: String,
    /// Index into the catalogue's Pax8 products.
    pub(crate) product: usize,
    pub(crate) quantity: u64,
    pub(crate) status: &'static str,
    pub(crate) billing_term: &'static str,
    pub(crate) created: Date,
    /// The term that it is committed to, and until when.
    pub(crate) commitment: Option<(&'static str, Date)>,
}

/// A row of the backup tool's export.
#[derive(Debug, Clone)]
pub(crate) struct BackupRow {
    pub(crate) account_id: String,
    pub(crate) account_name: String,
    pub(crate) item_id: String,
    pub(crate) item_name: String,
    /// `server`, `mailbox`, `storage`, and what only some clients have.
    pub(crate) kind: &'static str,
    /// The tier, where the tool has several; else empty.
    pub(crate) plan: &'static str,
    pub(crate) status: &'static str,
    pub(crate) last_seen: Date,
    pub(crate) quantity: Decimal,
}

/// A row of the export of the tool that watches machines. What it does not know of a machine is empty.
#[derive(Debug, Clone)]
pub(crate) struct WatchedMachine {
    pub(crate) account_id: String,
    pub(crate) account_name: String,
    pub(crate) agent_id: String,
    pub(crate) host_name: String,
    pub(crate) serial: String,
    pub(crate) mac_address: String,
    pub(crate) last_seen: Date,
}

/// Everything together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dataset {
    pub(crate) companies: Vec<Company>,
    pub(crate) agreements: Vec<Agreement>,
    pub(crate) organizations: Vec<Organization>,
    /// By id.
    pub(crate) devices: Vec<Device>,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) pax_companies: Vec<PaxCompany>,
    pub(crate) pax_subscriptions: Vec<PaxSubscription>,
    pub(crate) backup: Vec<BackupRow>,
    pub(crate) watched: Vec<WatchedMachine>,
}
