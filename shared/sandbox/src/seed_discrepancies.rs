//! Makes the sample: client by client the accounts, the usage, the agreements and the note of what differs; then
//! the accounts that are nobody's.

use std::ops::Range;

use jiff::Timestamp;
use rust_decimal::Decimal;
use truecount_billing::BillingMonth;

use crate::{
    Planted, SampleDecision, SampleNone,
    bill::Billing,
    catalogue::{
        BACKUP, BASIC, DETECTION, EXCHANGE, GRAPH, NINJAONE, PAX_PASSWORDS, PAX8, PREMIUM, PRODUCTS, WORKSTATION,
    },
    chapters::Chapter,
    dataset::{Company, Dataset, Organization, PaxCompany},
    grow::{Seen, evening, whole},
    names,
    plan::{Plan, STRANGER_SEATS, TWIN_MACHINES, TWIN_SEATS},
    random::Random,
    sold::SOLD,
    story::Story,
};

/// The sample while it is made.
#[derive(Clone)]
pub(crate) struct DiscrepancySeeder {
    pub(crate) month: BillingMonth,
    pub(crate) now: Timestamp,
    pub(crate) random: Random,
    pub(crate) dataset: Dataset,
    pub(crate) planted: Vec<Planted>,
    pub(crate) decisions: Vec<SampleDecision>,
    pub(crate) nones: Vec<SampleNone>,
    pub(crate) next_user: u64,
    pub(crate) next_agreement: u64,
    pub(crate) next_addition: u64,
    pub(crate) next_machine: u64,
    next_organization: u64,
    /// The numbers of the clients that are there.
    clients: Range<usize>,
    /// How far before the sample's last month it is.
    chapter: Chapter,
    /// Whether the client is found whose product was replaced.
    has_replaced: bool,
}

/// Who decides.
const WHO: &str = "dana@northgate-it.example";

/// The id of the first client in the PSA.
pub(crate) const FIRST_CLIENT: u64 = 250;

/// The number of the first client to which is sold in other ways than by the piece.
pub(crate) const FIRST_SOLD: usize = 60;

/// The id of the n-th client in the PSA.
pub(crate) fn client_id(n: usize) -> u64 {
    FIRST_CLIENT + 3 * n as u64
}

/// A row with nothing in it.
pub(crate) fn nothing(story: &'static str) -> Planted {
    Planted {
        kind: "",
        client_id: String::new(),
        client_name: String::new(),
        source: String::new(),
        account_id: String::new(),
        account_name: String::new(),
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

/// Which clients, and how many of them have a tenant.
pub(crate) struct Extent {
    /// Those before it are left out.
    pub(crate) first: usize,
    pub(crate) clients: usize,
    pub(crate) tenants_max: Option<usize>,
}

impl DiscrepancySeeder {
    pub(crate) fn plant(extent: &Extent, seed: u64, month: BillingMonth, chapter: Chapter) -> Self {
        let mut planter = Self {
            month,
            now: evening(month),
            random: Random::of(seed, "sample"),
            dataset: Dataset::default(),
            planted: Vec::new(),
            decisions: Vec::new(),
            nones: Vec::new(),
            next_user: 0,
            next_agreement: 40,
            next_addition: 9_000,
            next_machine: 5_000,
            next_organization: 1,
            clients: extent.first..extent.clients,
            chapter,
            has_replaced: false,
        };
        let mut names: Vec<usize> = (0..extent.clients).collect();
        planter.random.shuffle(&mut names);
        for (n, name) in names.into_iter().enumerate().skip(extent.first) {
            match n.checked_sub(FIRST_SOLD).and_then(|sold| SOLD.get(sold)) {
                Some(sold) => planter.sell(n, name, sold),
                None => planter.client(extent, n, name),
            }
        }
        planter.note_move();
        planter.strangers();
        planter.other_companies();
        planter.number_devices();
        planter
    }

    fn client(&mut self, extent: &Extent, n: usize, name: usize) {
        let story = Story::of(n);
        let name = match story {
            Story::OddName(odd) => names::ODD[odd].to_owned(),
            Story::NearMiss => names::TWINS[0].to_owned(),
            _ => names::client(name, &mut self.random),
        };
        let id = client_id(n);
        let currency = match story {
            Story::Euro => "EUR",
            Story::Dollar => "USD",
            _ => "GBP",
        };
        self.dataset.companies.push(Company { id, name: name.clone(), kind: "Client", deleted: false, currency });
        let plan = Plan::new(story, extent.tenants_max, n, &mut self.random);
        let chapter = self.chapter;
        if !self.has_replaced && Chapter::can_have_replaced(&plan) {
            self.has_replaced = true;
            if let Some(then) = chapter.of_replaced(&plan) {
                // The numbers that it takes more than in the last month are given back.
                let mut last = self.clone();
                last.supply(&plan, id, &name, currency);
                self.supply(&then, id, &name, currency);
                self.random = last.random;
                return;
            }
        }
        let plan = chapter.of_client(&plan).unwrap_or(plan);
        self.supply(&plan, id, &name, currency);
    }

    /// The client's accounts, its agreements and the note of what differs.
    fn supply(&mut self, plan: &Plan, id: u64, name: &str, currency: &'static str) {
        let story = plan.story;
        let agents = self.accounts(plan, id, name);
        if story == Story::NothingInBackup {
            self.nones.push(SampleNone {
                source: BACKUP.to_owned(),
                client_id: id.to_string(),
                who: WHO.to_owned(),
                why: "they keep no servers any more".to_owned(),
            });
        }
        self.bill(&Billing { client_id: id, client_name: name, plan, currency, agents });
        if story == Story::AgreementEnded && self.clients.end > FIRST_SOLD {
            self.note_people(plan, id, name);
        }
    }

    /// Where no agreement says that seats are not sold, people whom a seat would take are told once, by the group's name.
    fn note_people(&mut self, plan: &Plan, client_id: u64, name: &str) {
        let people = [PREMIUM, BASIC, EXCHANGE].map(|product| Decimal::from(whole(plan.used[product])));
        let people: Decimal = people.into_iter().sum();
        if !people.is_zero() {
            self.planted.push(Planted {
                kind: "ended_agreement_in_use",
                client_id: client_id.to_string(),
                client_name: name.to_owned(),
                source: GRAPH.to_owned(),
                product_code: "people".to_owned(),
                counted: Some(people),
                billed: Some(Decimal::ZERO),
                should_bill: Some(people),
                variance: Some(people),
                currency: "GBP".to_owned(),
                ..nothing(plan.story.words())
            });
        }
    }

    /// The client's accounts in each source and what is in them; returns the fresh agents.
    fn accounts(&mut self, plan: &Plan, client_id: u64, name: &str) -> u64 {
        let mut agents = 0;
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
                    let id = self.random.uuid();
                    self.grow_tenant(plan, id.clone(), account_name);
                    id
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
        agents
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

    /// Every fourth client has a network switch, which is no agent and which no service counts.
    fn switch(&mut self, client_id: u64, organization: u64, name: &str) {
        if client_id % 4 == 1 {
            self.device(&[organization], 0, &format!("{}-SW01", names::prefix(name)), &["NMS_SWITCH"], Seen::Lately);
        }
    }

    /// Whether some client of the sample tells a story.
    pub(crate) fn tells(&self, story: Story) -> bool {
        self.teller(story).is_some()
    }

    /// Which client tells a story.
    fn teller(&self, story: Story) -> Option<usize> {
        self.clients.clone().find(|n| Story::of(*n) == story)
    }

    /// One entry for a client that another has taken over, in place of the rows of both.
    fn note_move(&mut self) {
        let (Some(from), true) = (self.teller(Story::MovedFrom), self.tells(Story::MovedTo)) else { return };
        let client = &self.dataset.companies[from - self.clients.start];
        let planted = Planted {
            kind: "moved",
            client_id: client.id.to_string(),
            client_name: client.name.clone(),
            source: NINJAONE.to_owned(),
            product_code: [DETECTION, WORKSTATION].map(|product| PRODUCTS[product].code).join("; "),
            ..nothing(Story::MovedFrom.words())
        };
        self.planted.push(planted);
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

    pub(crate) fn organization(&mut self, name: &str) -> u64 {
        self.next_organization += 1;
        self.dataset.organizations.push(Organization { id: self.next_organization, name: name.to_owned() });
        self.next_organization
    }

    fn decide(&mut self, source: &str, account_id: &str, client_id: Option<u64>, why: &str) {
        self.decisions.push(SampleDecision {
            source: source.to_owned(),
            account_id: account_id.to_owned(),
            client_id: client_id.map(|id| id.to_string()),
            who: WHO.to_owned(),
            why: why.to_owned(),
        });
    }

    /// Accounts that are nobody's: those like no client, one with a client's name and another legal form, and the
    /// MSP's own, which a person has ignored.
    fn strangers(&mut self) {
        let [machines, seats] = names::STRANGERS;
        let unknown = self.organization(machines);
        self.stranger_devices(unknown, "ZQO", 3);
        self.note_unmapped(NINJAONE, &unknown.to_string(), machines, "an organization that nobody has mapped");
        if self.tells(Story::NearMiss) {
            let twin = names::TWINS[1];
            let id = self.organization(twin);
            self.stranger_devices(id, "NMS", TWIN_MACHINES);
            let story = "a client's name with another legal form: not that client until a person says so";
            self.note_unmapped(NINJAONE, &id.to_string(), twin, story);
            let id = self.random.uuid();
            self.stranger_tenant(id.clone(), twin, TWIN_SEATS);
            self.note_unmapped(GRAPH, &id, twin, story);
        }
        if self.tells(Story::NotAtDistributor) {
            let id = self.random.uuid();
            self.dataset.pax_companies.push(PaxCompany { id: id.clone(), name: seats.to_owned() });
            self.subscription(&id, PAX_PASSWORDS, STRANGER_SEATS, "Active", "Monthly");
            self.note_unmapped(PAX8, &id, seats, "a company at the distributor that nobody has mapped");
        }
        let own = self.organization("Northgate IT (internal)");
        self.stranger_devices(own, "NGI", 5);
        self.decide(NINJAONE, &own.to_string(), None, "our own machines");
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

    fn note_unmapped(&mut self, source: &str, id: &str, name: &str, story: &'static str) {
        self.planted.push(Planted {
            kind: "unmapped_account",
            source: source.to_owned(),
            account_id: id.to_owned(),
            account_name: name.to_owned(),
            ..nothing(story)
        });
    }
}
