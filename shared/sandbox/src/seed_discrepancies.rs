//! Makes the sample: client by client the accounts, the usage, the agreements and the note of what differs; then
//! the accounts that are nobody's.

use jiff::Timestamp;
use rust_decimal::Decimal;
use truecount_billing::BillingMonth;

use crate::{
    Planted, SampleDecision,
    bill::Billing,
    catalogue::{DETECTION, GRAPH, NINJAONE, PAX8, PRODUCTS, Product, WORKSTATION},
    dataset::{Company, Dataset, Organization, PaxCompany},
    grow::{Seen, evening},
    names,
    plan::{Plan, Story},
    random::Random,
};

/// The sample while it is made.
pub(crate) struct DiscrepancySeeder {
    pub(crate) month: BillingMonth,
    pub(crate) now: Timestamp,
    pub(crate) random: Random,
    pub(crate) dataset: Dataset,
    pub(crate) planted: Vec<Planted>,
    pub(crate) decisions: Vec<SampleDecision>,
    pub(crate) next_user: u64,
    pub(crate) next_agreement: u64,
    pub(crate) next_addition: u64,
    next_organization: u64,
    switches: u64,
}

/// A row with nothing in it.
pub(crate) fn nothing(story: &'static str) -> Planted {
    Planted {
        kind: "",
        client_id: String::new(),
        client_name: String::new(),
        source: String::new(),
        account_id: String::new(),
        rule_id: String::new(),
        product_code: String::new(),
        counted: None,
        billed: None,
        should_bill: None,
        variance: None,
        unit_price: None,
        monthly_impact: None,
        currency: String::new(),
        story,
    }
}

/// How many clients, and how many of them have a tenant.
pub(crate) struct Extent {
    pub(crate) clients: usize,
    pub(crate) tenants_max: Option<usize>,
}

impl DiscrepancySeeder {
    pub(crate) fn plant(extent: &Extent, seed: u64, month: BillingMonth) -> Self {
        let mut planter = Self {
            month,
            now: evening(month),
            random: Random::of(seed, "sample"),
            dataset: Dataset::default(),
            planted: Vec::new(),
            decisions: Vec::new(),
            next_user: 0,
            next_agreement: 40,
            next_addition: 9_000,
            next_organization: 1,
            switches: 0,
        };
        let mut names: Vec<usize> = (0..extent.clients).collect();
        planter.random.shuffle(&mut names);
        for (n, name) in names.into_iter().enumerate() {
            planter.client(extent, n, name);
        }
        planter.note_switches();
        planter.strangers();
        planter.other_companies();
        planter.number_devices();
        planter
    }

    fn client(&mut self, extent: &Extent, n: usize, name: usize) {
        let story = Story::of(n);
        let name = match story {
            Story::OddName(odd) => names::ODD[odd].to_owned(),
            _ => names::client(name, &mut self.random),
        };
        let id = 250 + 3 * n as u64;
        let currency = match story {
            Story::Euro => "EUR",
            Story::Dollar => "USD",
            _ => "GBP",
        };
        self.dataset.companies.push(Company { id, name: name.clone(), kind: "Client", deleted: false, currency });
        let plan = Plan::new(story, extent.tenants_max, n, &mut self.random);
        let (agents, tenant_id) = self.accounts(&plan, id, &name);
        self.bill(&Billing { client_id: id, client_name: &name, plan: &plan, currency, agents, tenant_id: &tenant_id });
    }

    /// The client's accounts in each source and what is in them; returns the fresh agents and the tenant's id.
    fn accounts(&mut self, plan: &Plan, client_id: u64, name: &str) -> (u64, String) {
        let (mut agents, mut tenant_id) = (0, String::new());
        for source in plan.sources.clone() {
            let (account_name, decided) = self.account_name(plan.story, name);
            let account_id = match source {
                NINJAONE => {
                    let ids = self.organizations(plan, client_id, name, &account_name);
                    agents = self.grow_devices(plan, name, &ids);
                    self.switch(client_id, ids[0], name);
                    ids[0].to_string()
                }
                GRAPH => {
                    tenant_id = self.random.uuid();
                    self.grow_tenant(plan, tenant_id.clone(), account_name);
                    tenant_id.clone()
                }
                PAX8 => {
                    let id = self.random.uuid();
                    self.dataset.pax_companies.push(PaxCompany { id: id.clone(), name: account_name });
                    self.grow_subscriptions(plan, &id);
                    id
                }
                _ => {
                    let id = format!("C-{client_id:05}");
                    self.grow_backup(plan, &id, &account_name);
                    id
                }
            };
            if let Some(why) = decided {
                self.decide(source, &account_id, Some(client_id), why);
            }
        }
        (agents, tenant_id)
    }

    /// The name in a vendor's system, and why a person had to decide, if one had to.
    fn account_name(&mut self, story: Story, name: &str) -> (String, Option<&'static str>) {
        match story {
            Story::OddName(_) => (name.to_owned(), Some("asked the client: this is how they write it")),
            Story::Renamed => (
                format!("{} Group", name.split(' ').next().unwrap_or(name)),
                Some("the client's new name since spring"),
            ),
            _ if self.random.chance(8) => {
                (name.replace(" Ltd", "").replace(" & ", " and ") + " (UK)", Some("same address and domain"))
            }
            _ => (names::retyped(name, &mut self.random), None),
        }
    }

    /// Every fourth client has a network switch, which is no agent and which no service mapping counts.
    fn switch(&mut self, client_id: u64, organization: u64, name: &str) {
        if client_id % 4 == 1 {
            self.switches += 1;
            self.device(&[organization], 0, &format!("{}-SW01", names::prefix(name)), &["NMS_SWITCH"], Seen::Lately);
        }
    }

    /// One finding for all switches: a kind of item without a service mapping.
    fn note_switches(&mut self) {
        if self.switches > 0 {
            self.planted.push(Planted {
                kind: "unmapped_product",
                source: NINJAONE.to_owned(),
                counted: Some(Decimal::from(self.switches)),
                ..nothing("network switches that no service mapping counts")
            });
        }
    }

    fn organizations(&mut self, plan: &Plan, client_id: u64, name: &str, account_name: &str) -> Vec<u64> {
        let first = self.organization(account_name);
        if plan.story != Story::TwoAccounts {
            return vec![first];
        }
        let second = self.organization(&format!("{name} - Warehouse"));
        self.decide(NINJAONE, &second.to_string(), Some(client_id), "their second site has an organization of its own");
        vec![first, second]
    }

    fn organization(&mut self, name: &str) -> u64 {
        self.next_organization += 1;
        self.dataset.organizations.push(Organization { id: self.next_organization, name: name.to_owned() });
        self.next_organization
    }

    fn decide(&mut self, source: &str, account_id: &str, client_id: Option<u64>, why: &str) {
        self.decisions.push(SampleDecision {
            source: source.to_owned(),
            account_id: account_id.to_owned(),
            client_id: client_id.map(|id| id.to_string()),
            who: "dana@northgate-it.example".to_owned(),
            why: why.to_owned(),
        });
    }

    /// Accounts that are nobody's: one like no client, one with a client's name and another legal form, and the
    /// MSP's own, which a person has ignored.
    fn strangers(&mut self) {
        let unknown = self.organization("Zephyr & Quill Observatory");
        self.stranger_devices(unknown, "ZQO", 3);
        self.note_unmapped(unknown, "Zephyr & Quill Observatory", 3, "an organization that nobody has mapped");
        let near = self.near_miss();
        if let Some(name) = near {
            let id = self.organization(&name);
            self.stranger_devices(id, "NMS", 2);
            self.note_unmapped(
                id,
                &name,
                2,
                "a client's name with another legal form: not that client until a person says so",
            );
        }
        let own = self.organization("Northgate IT (internal)");
        self.stranger_devices(own, "NGI", 5);
        self.decide(NINJAONE, &own.to_string(), None, "our own machines");
    }

    /// The near miss: "… Ltd" has a twin "… Inc".
    fn near_miss(&self) -> Option<String> {
        let at = (0..self.dataset.companies.len()).find(|n| Story::of(*n) == Story::NearMiss)?;
        let name = &self.dataset.companies[at].name;
        let stem =
            [" Ltd", " LLP", " plc"].iter().fold(name.as_str(), |name, form| name.strip_suffix(form).unwrap_or(name));
        Some(format!("{stem} Inc"))
    }

    fn stranger_devices(&mut self, organization: u64, prefix: &str, count: u64) {
        for n in 0..count {
            self.device(&[organization], n, &format!("{prefix}-PC{n:03}"), &["WINDOWS_WORKSTATION"], Seen::Lately);
        }
    }

    /// Companies of the PSA that are no clients; one is a client's deleted duplicate.
    fn other_companies(&mut self) {
        let Some(last) = self.dataset.companies.last().cloned() else { return };
        let others = [
            ("Mailshelter Inc", "Vendor", false),
            ("Bexcombe Parish Council", "Prospect", false),
            (last.name.as_str(), "Client", true),
        ];
        for (id, (name, kind, deleted)) in (last.id + 1..).zip(others) {
            self.dataset.companies.push(Company { id, name: name.to_owned(), kind, deleted, currency: "GBP" });
        }
    }

    /// Device ids across all organizations, as they come in life: an organization's devices are on many pages.
    fn number_devices(&mut self) {
        let mut devices = std::mem::take(&mut self.dataset.devices);
        self.random.shuffle(&mut devices);
        for (n, device) in devices.iter_mut().enumerate() {
            device.id = 1_001 + n as u64;
        }
        self.dataset.devices = devices;
    }

    fn note_unmapped(&mut self, id: u64, name: &str, devices: u64, story: &'static str) {
        let count = Decimal::from(devices);
        let list = |product: &Product| Decimal::new(product.list_price, 4);
        let worth = count * (list(&PRODUCTS[WORKSTATION]) + list(&PRODUCTS[DETECTION]));
        let units = count * Decimal::TWO;
        self.planted.push(Planted {
            kind: "unmapped_account",
            client_name: name.to_owned(),
            source: NINJAONE.to_owned(),
            account_id: id.to_string(),
            counted: Some(units),
            billed: Some(Decimal::ZERO),
            should_bill: Some(units),
            variance: Some(units),
            monthly_impact: Some(worth),
            currency: "GBP".to_owned(),
            ..nothing(story)
        });
    }
}
