//! Makes the clients of `SOLD`: what they use, what they are billed, and a note of what differs.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use rust_decimal::Decimal;

use crate::{
    Planted,
    catalogue::{BACKUP, EDR, GRAPH, NINJAONE, PAX8, PRODUCTS, list_price},
    dataset::{Addition, Agreement, BackupRow, Company, PaxCompany, Tenant, WatchedMachine},
    grow::Seen,
    names,
    seed_discrepancies::{DiscrepancySeeder, client_id, nothing},
    settings::a_day_of_next_year,
    sold::{Kept, People, Person, SEATS, Sold, SoldClient},
    vendors::ninjaone::{host_name, mac_address, serial_number},
};

impl DiscrepancySeeder {
    /// The n-th client, whose accounts all have its name.
    pub(crate) fn sell(&mut self, n: usize, name: usize, sold: &SoldClient) {
        let (id, name) = (client_id(n), names::client(name, &mut self.random));
        self.dataset.companies.push(Company {
            id,
            name: name.clone(),
            kind: "Client",
            deleted: false,
            currency: "GBP",
        });
        if sold.workstations > 0 {
            self.machines(id, &name, sold);
        }
        if !sold.people.is_empty() {
            self.tenant_of(sold.people, &name);
        }
        if !sold.bought.is_empty() {
            self.buy(sold, &name);
        }
        self.keep(id, &name, sold.kept);
        let additions: Vec<Addition> = sold.lines.iter().filter_map(|line| self.sold_addition(line)).collect();
        self.next_agreement += 1;
        let start = self.some_first(21, 30);
        let agreement = Agreement::monthly(self.next_agreement, "Managed services", id, start, additions);
        let agreement = Agreement { is_all_in: sold.way == SEATS, ..agreement };
        self.dataset.agreements.push(agreement);
        self.planted.extend(sold.lines.iter().filter_map(|line| difference(id, &name, sold.way, line)));
    }

    fn machines(&mut self, id: u64, name: &str, sold: &SoldClient) {
        let (organization, prefix) = ([self.organization(name)], names::prefix(name));
        let first = self.dataset.devices.len();
        let all: [(u64, &str, &[&'static str]); 3] = [
            (sold.workstations, "PC", &["WINDOWS_WORKSTATION", "MAC"]),
            (sold.servers, "SRV", &["WINDOWS_SERVER"]),
            (sold.mobiles, "MOB", &["APPLE_IOS", "ANDROID"]),
        ];
        for (how_many, word, classes) in all {
            for n in 0..how_many {
                self.device(&organization, n, &format!("{prefix}-{word}{n:03}"), classes, Seen::Lately);
            }
        }
        let row = |n: u64, host_name: String, serial: String, mac_address: String| WatchedMachine {
            account_id: format!("W-{id:05}"),
            account_name: name.to_owned(),
            agent_id: format!("W-{id:05}-{n:03}"),
            host_name,
            serial,
            mac_address,
            last_seen: self.month.last_day(),
        };
        let (by_serial, by_address) = (sold.watched.by_serial, sold.watched.by_serial + sold.watched.by_address);
        let known = by_address + sold.watched.by_name;
        let mut rows = Vec::new();
        for (n, device) in (0..known).zip(&self.dataset.devices[first..]) {
            let name = host_name(&device.name);
            rows.push(match n {
                n if n < by_serial => row(n, name, serial_number(device.machine), String::new()),
                n if n < by_address => row(n, String::new(), String::new(), mac_address(device.machine)),
                n => row(n, name, String::new(), String::new()),
            });
        }
        for n in known..known + sold.watched.alone {
            let name = host_name(&format!("{prefix}-LAB{n:03}"));
            rows.push(row(n, name, format!("LAB-{id:05}-{n:03}"), String::new()));
        }
        self.dataset.watched.extend(rows);
    }

    /// A tenant in which who sold a licence is known, as all of one kind have one seller.
    fn tenant_of(&mut self, people: &[People], name: &str) {
        let (mut users, mut seats) = (Vec::new(), BTreeMap::new());
        for group in people {
            for n in 0..group.how_many {
                let mut user = self.user(group.hold.to_vec());
                match group.are {
                    Person::AtWork | Person::WithOwn => {}
                    Person::Blocked => user.enabled = false,
                    Person::Away => {
                        user.last_sign_in = self.now.checked_sub(SignedDuration::from_hours(24 * 120)).ok();
                    }
                    Person::Service => user.name = format!("svc-{}{n}", user.name),
                }
                users.push(user);
            }
            for sku in group.hold {
                let (count, is_own) = seats.entry(*sku).or_insert((0, false));
                *count += group.how_many;
                *is_own |= group.are == Person::WithOwn;
            }
        }
        let mut skus = Vec::new();
        for (sku_id, (count, is_own)) in seats {
            let mut sku = self.tenant_sku(sku_id, count, &[(count, false, "Enabled")]);
            sku.subscriptions.iter_mut().for_each(|one| one.is_own = is_own);
            skus.push(sku);
        }
        self.random.shuffle(&mut users);
        let id = self.random.uuid();
        let name = name.to_owned();
        self.dataset.tenants.push(Tenant { id, name, forbidden: false, premium: true, skus, users });
    }

    fn buy(&mut self, sold: &SoldClient, name: &str) {
        let id = self.random.uuid();
        self.dataset.pax_companies.push(PaxCompany { id: id.clone(), name: name.to_owned() });
        for bought in sold.bought {
            self.subscription(&id, bought.product, bought.seats, "Active", "Monthly");
            let commitment = match bought.is_for_a_year {
                true => ("1-Year", a_day_of_next_year(self.month)),
                false => ("Monthly", self.month.next().last_day()),
            };
            if let Some(subscription) = self.dataset.pax_subscriptions.last_mut() {
                subscription.commitment = Some(commitment);
            }
        }
    }

    fn keep(&mut self, id: u64, name: &str, kept: &[Kept]) {
        for rows in kept {
            for n in 0..rows.rows {
                let item_name = format!("{}-{}{n:02}", rows.kind, rows.plan);
                self.dataset.backup.push(BackupRow {
                    account_id: format!("C-{id:05}"),
                    account_name: name.to_owned(),
                    item_id: format!("C-{id:05}-{item_name}"),
                    item_name,
                    kind: rows.kind,
                    plan: rows.plan,
                    status: "Protected",
                    last_seen: self.month.last_day(),
                    quantity: Decimal::new(rows.hundredths.cast_signed(), 2).normalize(),
                });
            }
        }
    }

    fn sold_addition(&mut self, line: &Sold) -> Option<Addition> {
        let quantity = Decimal::from(line.billed?);
        self.next_addition += 1;
        Some(Addition {
            id: self.next_addition,
            product: line.code,
            quantity,
            less_included: None,
            unit_price: price(line.code),
            from: Some(self.some_first(3, 20)),
            to: None,
            billing_status: "Billable",
        })
    }
}

fn price(code: &str) -> Decimal {
    Decimal::new(list_price(code), 4).normalize()
}

/// What is to be found for a product; `None`: it is billed as it should be.
fn difference(id: u64, name: &str, way: &'static str, line: &Sold) -> Option<Planted> {
    let (billed, should_bill) = (line.billed.unwrap_or(0), line.should_bill);
    let kind = match (line.billed, line.counted) {
        _ if billed == should_bill => return None,
        (None, _) => "unbilled_usage",
        _ if should_bill > billed => "underbilled",
        (_, "0") => "billed_without_usage",
        _ => "overbilled",
    };
    let [billed, should_bill] = [billed, should_bill].map(Decimal::from);
    let variance = should_bill - billed;
    let number = |text: &str| Decimal::from_str_exact(text).ok();
    let worth = line.in_steps.map_or_else(|| Some(variance * price(line.code)), number);
    Some(Planted {
        kind,
        client_id: id.to_string(),
        client_name: name.to_owned(),
        source: sources(line.code),
        product_code: line.code.to_owned(),
        counted: number(line.counted),
        billed: Some(billed),
        should_bill: Some(should_bill),
        variance: Some(variance),
        // Of steps: the first, as none is billed.
        unit_price: Some(price(line.code)),
        monthly_impact: worth,
        currency: "GBP".to_owned(),
        ..nothing(way)
    })
}

/// What counts a product.
fn sources(code: &str) -> String {
    let usual = PRODUCTS.iter().find(|one| one.code == code).map(|one| one.source);
    match code {
        "SEAT-FULL" | "SEAT-MAIL" => GRAPH.to_owned(),
        "AWR-M" | "AWR-Y" => PAX8.to_owned(),
        "SOC-24X7" => format!("{EDR}; {NINJAONE}"),
        // What was bought there binds.
        "DEF-BUS" => format!("{GRAPH}; {PAX8}"),
        _ => usual.unwrap_or(BACKUP).to_owned(),
    }
}
