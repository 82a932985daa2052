//! Usage: devices, licences, subscriptions and backup rows that count, and the noise around them that does not.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use crate::{
    catalogue::{
        BACKUP_MAILBOX, BACKUP_SERVER, BACKUP_STORAGE, BASIC, BUSINESS_BASIC, BUSINESS_PREMIUM, EXCHANGE,
        EXCHANGE_PLAN_1, MAIL, MOBILE, PASSWORDS, PHONE, PREMIUM, SERVER, TEAMS_PHONE, WORKSTATION, part_number,
    },
    dataset::{BackupRow, Device, PaxSubscription, Tenant, TenantSku, TenantSubscription, User},
    names,
    plan::{Plan, UNKNOWN_MACHINES, UNKNOWN_SEATS},
    seed_discrepancies::DiscrepancySeeder,
    story::Story,
};

const WORKSTATION_CLASSES: [&str; 5] =
    ["WINDOWS_WORKSTATION", "WINDOWS_WORKSTATION", "WINDOWS_WORKSTATION", "MAC", "LINUX_WORKSTATION"];
const SERVER_CLASSES: [&str; 3] = ["WINDOWS_SERVER", "WINDOWS_SERVER", "LINUX_SERVER"];
const MOBILE_CLASSES: [&str; 3] = ["APPLE_IOS", "ANDROID", "APPLE_IPADOS"];

/// Whole units out of hundredths.
pub(crate) fn whole(hundredths: Option<u64>) -> u64 {
    hundredths.unwrap_or(0) / 100
}

impl DiscrepancySeeder {
    /// Devices of a client in its organizations; returns how many fresh workstations and servers there are.
    pub(crate) fn grow_devices(&mut self, plan: &Plan, client_name: &str, organizations: &[u64]) -> u64 {
        let prefix = names::prefix(client_name);
        let workstations = whole(plan.used[WORKSTATION]);
        let servers = whole(plan.used[SERVER]);
        for n in 0..workstations {
            self.device(organizations, n, &format!("{prefix}-PC{n:03}"), &WORKSTATION_CLASSES, Seen::Lately);
        }
        for n in 0..servers {
            self.device(organizations, n, &format!("{prefix}-SRV{n:02}"), &SERVER_CLASSES, Seen::Lately);
        }
        for n in 0..whole(plan.used[MOBILE]) {
            // Counted whether seen or not: the product counts every mobile that is enrolled.
            let seen = if n % 4 == 3 { Seen::LongAgo } else { Seen::Lately };
            self.device(organizations, n, &format!("{prefix}-MOB{n:02}"), &MOBILE_CLASSES, seen);
        }
        if plan.story == Story::TwoAccounts {
            self.set_up_anew();
        }
        for n in 0..self.random.between(0, 2) {
            self.device(organizations, n, &format!("{prefix}-OLD{n:02}"), &WORKSTATION_CLASSES, Seen::LongAgo);
        }
        if self.random.chance(20) {
            self.device(organizations, 0, &format!("{prefix}-NEW"), &WORKSTATION_CLASSES, Seen::Pending);
        }
        if plan.story == Story::UnknownStatus {
            for n in 0..UNKNOWN_MACHINES {
                self.device(organizations, n, &format!("{prefix}-QRN{n:02}"), &WORKSTATION_CLASSES, Seen::Quarantined);
            }
        }
        if plan.story == Story::UnknownClass {
            self.device(organizations, 0, &format!("{prefix}-BOARD"), &["WINDOWS_WHITEBOARD"], Seen::Lately);
        }
        workstations + servers
    }

    /// The newest machine had another agent before, in the organization of the machine beside it: one machine.
    fn set_up_anew(&mut self) {
        let [.., other, newest] = self.dataset.devices.as_slice() else { return };
        let before = newest.last_contact.saturating_sub(SignedDuration::from_hours(30)).unwrap_or(newest.last_contact);
        let organization_id = other.organization_id;
        self.dataset.devices.push(Device { organization_id, last_contact: before, ..newest.clone() });
    }

    pub(crate) fn device(&mut self, organizations: &[u64], n: u64, name: &str, classes: &[&'static str], seen: Seen) {
        let days = match seen {
            Seen::Lately | Seen::Pending | Seen::Quarantined => self.random.between(0, 22),
            Seen::LongAgo => self.random.between(36, 150),
        };
        let back = SignedDuration::from_secs((days * 86_400 + self.random.between(60, 80_000)).cast_signed());
        self.next_machine += 1;
        let device = Device {
            id: 0,
            machine: self.next_machine,
            organization_id: organizations[usize::try_from(n).unwrap_or(0) % organizations.len()],
            name: name.to_owned(),
            class: self.random.pick::<&'static str>(classes),
            approval: match seen {
                Seen::Lately | Seen::LongAgo => "APPROVED",
                Seen::Pending => "PENDING",
                Seen::Quarantined => "QUARANTINED",
            },
            last_contact: self.now.saturating_sub(back).unwrap_or(self.now),
            thousandths: self.random.between(1, 999),
        };
        self.dataset.devices.push(device);
    }

    /// A client's tenant.
    pub(crate) fn grow_tenant(&mut self, plan: &Plan, id: String, name: String) {
        let mut tenant = Tenant {
            id,
            name,
            forbidden: plan.story == Story::ForbiddenTenant,
            premium: plan.story != Story::NoPremium,
            skus: Vec::new(),
            users: Vec::new(),
        };
        for (product, sku_id) in [(PREMIUM, BUSINESS_PREMIUM), (BASIC, BUSINESS_BASIC), (EXCHANGE, EXCHANGE_PLAN_1)] {
            let count = whole(plan.used[product]);
            for _ in 0..count {
                let user = self.user(vec![sku_id]);
                tenant.users.push(user);
            }
            if count > 0 {
                let seats = count + self.random.between(0, 3);
                let sku = self.tenant_sku(sku_id, count, &[(seats, false, "Enabled")]);
                tenant.skus.push(sku);
            }
        }
        if let Some(seats) = plan.used[PHONE].map(|hundredths| hundredths / 100).filter(|seats| *seats > 0) {
            // Seats bought count, not those given out; a trial's seats never do.
            let given = seats.min(tenant.users.len() as u64).saturating_sub(1);
            for user in tenant.users.iter_mut().take(usize::try_from(given).unwrap_or(0)) {
                user.sku_ids.push(TEAMS_PHONE);
            }
            let mut batches = vec![(seats, false, "Enabled")];
            if seats > 4 {
                batches = vec![(seats - 2, false, "Enabled"), (2, false, "Warning")];
            }
            if plan.story == Story::Trials {
                batches.push((25, true, "Enabled"));
            }
            let sku = self.tenant_sku(TEAMS_PHONE, given, &batches);
            tenant.skus.push(sku);
        }
        if plan.story == Story::Leavers {
            // Who may not sign in any more still holds a licence, and it is paid for.
            tenant.users.iter_mut().take(3).for_each(|user| user.enabled = false);
        }
        self.add_unlicensed(&mut tenant);
        self.random.shuffle(&mut tenant.users);
        self.dataset.tenants.push(tenant);
    }

    /// A tenant that nobody has mapped, with so many people who hold one licence each.
    pub(crate) fn stranger_tenant(&mut self, id: String, name: &str, seats: u64) {
        let users = (0..seats).map(|_| self.user(vec![BUSINESS_PREMIUM])).collect();
        let skus = vec![self.tenant_sku(BUSINESS_PREMIUM, seats, &[(seats, false, "Enabled")])];
        let name = name.to_owned();
        self.dataset.tenants.push(Tenant { id, name, forbidden: false, premium: true, skus, users });
    }

    /// Guests: people without a licence.
    fn add_unlicensed(&mut self, tenant: &mut Tenant) {
        for _ in 0..self.random.between(0, 3) {
            let mut guest = self.user(Vec::new());
            guest.guest = true;
            guest.last_sign_in = None;
            tenant.users.push(guest);
        }
    }

    pub(crate) fn user(&mut self, sku_ids: Vec<&'static str>) -> User {
        self.next_user += 1;
        let back = SignedDuration::from_secs(self.random.between(3_600, 20 * 86_400).cast_signed());
        User {
            id: self.random.uuid(),
            name: names::person(&mut self.random, self.next_user),
            enabled: true,
            guest: false,
            sku_ids,
            last_sign_in: self.now.saturating_sub(back).ok(),
        }
    }

    pub(crate) fn tenant_sku(
        &mut self,
        sku_id: &'static str,
        consumed: u64,
        batches: &[(u64, bool, &'static str)],
    ) -> TenantSku {
        let subscriptions = batches
            .iter()
            .map(|&(seats, trial, status)| {
                let id = self.random.uuid();
                TenantSubscription { id, seats, trial, status, is_own: false }
            })
            .collect();
        TenantSku { sku_id, part_number: part_number(sku_id), consumed, subscriptions }
    }

    /// A client's subscriptions at the distributor.
    pub(crate) fn grow_subscriptions(&mut self, plan: &Plan, company_id: &str) {
        for (pax, product) in [MAIL, PASSWORDS].into_iter().enumerate() {
            let quantity = whole(plan.used[product]);
            // Several subscriptions of one product are summed, not matched to the first.
            let parts = if quantity > 12 { vec![quantity - 7, 7] } else { vec![quantity] };
            for part in parts.into_iter().filter(|part| *part > 0) {
                self.subscription(company_id, pax, part, "Active", "Monthly");
            }
            if plan.story == Story::Trials {
                self.subscription(company_id, pax, 10, "Trial", "Trial");
                self.subscription(company_id, pax, 4, "PendingManual", "Monthly");
            }
            if plan.story == Story::UnknownSubscription && product == MAIL {
                self.subscription(company_id, pax, UNKNOWN_SEATS, "Provisioning", "Monthly");
            }
            if self.random.chance(15) {
                let cancelled = self.random.between(2, 9);
                self.subscription(company_id, pax, cancelled, "Cancelled", "Monthly");
            }
        }
    }

    pub(crate) fn subscription(
        &mut self,
        company_id: &str,
        product: usize,
        quantity: u64,
        status: &'static str,
        term: &'static str,
    ) {
        let created = self.some_first(2, 20);
        let id = self.random.uuid();
        self.dataset.pax_subscriptions.push(PaxSubscription {
            id,
            company_id: company_id.to_owned(),
            product,
            quantity,
            status,
            billing_term: term,
            created,
            commitment: None,
        });
    }

    /// A client's rows in the backup tool's export.
    pub(crate) fn grow_backup(&mut self, plan: &Plan, account_id: &str, account_name: &str) {
        let last = self.month.last_day();
        let row = |item: String, kind, status, hundredths: u64| BackupRow {
            account_id: account_id.to_owned(),
            account_name: account_name.to_owned(),
            item_id: format!("{account_id}-{item}"),
            item_name: item,
            kind,
            plan: "",
            status,
            last_seen: last,
            quantity: Decimal::new(hundredths.cast_signed(), 2).normalize(),
        };
        let mut rows = Vec::new();
        for n in 0..whole(plan.used[BACKUP_SERVER]) {
            rows.push(row(format!("SRV{n:02}"), "server", "Protected", 100));
        }
        if self.random.chance(30) {
            // The export lists a row twice when a job ran twice: one server.
            rows.extend(rows.first().cloned());
            rows.push(row("SRV-GONE".into(), "server", "Removed", 100));
        }
        if plan.story == Story::UnknownBackup {
            rows.push(row("SRV-PAUSED".into(), "server", "Paused", 100));
        }
        if let Some(mailboxes) = plan.used[BACKUP_MAILBOX].filter(|used| *used > 0) {
            rows.push(row("mailboxes".into(), "mailbox", "Protected", mailboxes));
        }
        if let Some(terabytes) = plan.used[BACKUP_STORAGE].filter(|used| *used > 0) {
            rows.push(row("storage".into(), "storage", "Protected", terabytes));
        }
        self.dataset.backup.extend(rows);
    }
}

/// When a device was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Within the stale days.
    Lately,
    /// Not within the stale days.
    LongAgo,
    /// Lately, but nobody has approved it.
    Pending,
    /// Lately, with a status that nobody has explained.
    Quarantined,
}

/// The evening of a month's last day, UTC.
pub(crate) fn evening(month: truecount_billing::BillingMonth) -> Timestamp {
    let days = month.last_day().duration_since(jiff::civil::date(1970, 1, 1)).as_secs();
    Timestamp::from_second(days + 20 * 3_600).unwrap_or(Timestamp::UNIX_EPOCH)
}
