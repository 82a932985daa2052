//! The sample MSP: its clients, what it bills them, what they use, and where the two were made to differ.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::BillingMonth;

use crate::{
    FaultProfile, Planted, VendorEndpoints, backup,
    catalogue::{BACKUP, CONNECTWISE, EDR, GRAPH, NINJAONE, PAX8},
    chapters::Chapter,
    grow::evening,
    history,
    large::Large,
    seed_discrepancies::{DiscrepancySeeder, Extent, FIRST_SOLD, client_id},
    settings,
    sold::SOLD,
    world::World,
};

/// How large the sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleSize {
    /// Clients of the MSP.
    pub clients: usize,
}

impl Default for SampleSize {
    fn default() -> Self {
        Self { clients: FIRST_SOLD + SOLD.len() }
    }
}

/// A mapping that a person has decided. Clients and accounts with equal names need none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleDecision {
    /// The source.
    pub source: String,
    /// The account in it.
    pub account_id: String,
    /// The client; `None`: ignored.
    pub client_id: Option<String>,
    /// Who decided.
    pub who: String,
    /// Why.
    pub why: String,
}

/// A client of which a person has decided that it has nothing in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleNone {
    /// The source.
    pub source: String,
    /// The client.
    pub client_id: String,
    /// Who decided.
    pub who: String,
    /// Why.
    pub why: String,
}

/// A file that a person or a tool drops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleFile {
    /// The source it belongs to.
    pub source: String,
    /// Its name, with the day it is as of.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// What an earlier month's closing run said, as plain values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierMonth {
    /// The month.
    pub month: BillingMonth,
    /// Per currency.
    pub totals: Vec<EarlierTotal>,
    /// Exceptions in all.
    pub exception_count: u64,
    /// Comparisons that could not be made.
    pub not_reconciled_count: u64,
}

/// One currency of an earlier month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierTotal {
    /// Three letters.
    pub currency: String,
    /// To add, a month.
    pub add: Decimal,
    /// To reduce, a month, as a positive amount.
    pub reduce: Decimal,
}

/// Whether the vendors have their passing scenario: one limit of the rate, one token that dies before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    Usual,
    None,
}

/// A made-up MSP in the United Kingdom with its clients, and everything its vendors know. The same size, seed and
/// month give the same bytes.
#[derive(Debug, Clone)]
pub struct Sample {
    seed: u64,
    month: BillingMonth,
    scenario: Scenario,
    /// Whether the backup tool's file does not come in time.
    has_late_file: bool,
    world: World,
    planted: Arc<Vec<Planted>>,
    decisions: Arc<Vec<SampleDecision>>,
    nones: Arc<Vec<SampleNone>>,
}

/// Clients of a small sample that have a tenant: each tenant is several requests.
const SMALL_TENANTS_MAX: usize = 3;

impl Sample {
    /// A sample of the size.
    #[must_use]
    pub fn new(size: SampleSize, seed: u64, month: BillingMonth) -> Self {
        Self::before(size, seed, month, 0)
    }

    /// The same MSP so many months before its last one: what it was before a seat was given up, a product replaced, a mistake
    /// made or corrected.
    #[must_use]
    pub fn before(size: SampleSize, seed: u64, last: BillingMonth, months: u32) -> Self {
        let extent = Extent { first: 0, clients: size.clients, tenants_max: None };
        Self::held(&extent, seed, last, Scenario::Usual, Chapter::before(months))
    }

    /// The same with every file in time: where no month comes before, an older one could not stand in for it.
    #[must_use]
    pub fn with_all_files(self) -> Self {
        Self { has_late_file: false, ..self }
    }

    /// A few clients and few requests, without the vendors' passing scenario (no rate limit, no token that dies
    /// early): for tests that interrupt every request.
    #[must_use]
    pub fn small(clients: usize, month: BillingMonth) -> Self {
        Self::small_before(clients, month, 0)
    }

    /// The same few clients so many months before their last one: for tests that close several months.
    #[must_use]
    pub fn small_before(clients: usize, last: BillingMonth, months: u32) -> Self {
        let extent = Extent { first: 0, clients, tenants_max: Some(SMALL_TENANTS_MAX) };
        Self::held(&extent, 6, last, Scenario::None, Chapter::before(months))
    }

    /// Only the clients to which is sold in other ways than by the piece, without the vendors' passing scenario.
    #[must_use]
    pub fn sold(month: BillingMonth) -> Self {
        let clients = FIRST_SOLD + SOLD.len();
        let extent = Extent { first: FIRST_SOLD, clients, tenants_max: None };
        Self::held(&extent, 6, month, Scenario::None, Chapter::default())
    }

    /// So many accounts (at least one) with so many devices, each page made when it is asked for: for load tests.
    /// Only ConnectWise and NinjaOne are there.
    #[must_use]
    pub fn large(accounts: u64, items: u64, month: BillingMonth) -> Self {
        let large = Large { accounts: accounts.max(1), items, month, now: evening(month) };
        Self {
            seed: 0,
            month,
            scenario: Scenario::None,
            has_late_file: false,
            world: World::Computed(large),
            planted: Arc::new(large.planted()),
            decisions: Arc::new(Vec::new()),
            nones: Arc::new(Vec::new()),
        }
    }

    fn held(extent: &Extent, seed: u64, last: BillingMonth, scenario: Scenario, chapter: Chapter) -> Self {
        let month = chapter.of(last);
        let planter = DiscrepancySeeder::plant(extent, seed, month, chapter);
        Self {
            seed,
            month,
            scenario,
            has_late_file: chapter.has_late_file(),
            world: World::Held(Arc::new(planter.dataset)),
            planted: Arc::new(planter.planted),
            decisions: Arc::new(planter.decisions),
            nones: Arc::new(planter.nones),
        }
    }

    /// The same on a day on which the distributor's list lacks a company, as lists do: the next day it is there again.
    /// Of a sample that is computed nothing is missing.
    #[must_use]
    pub fn with_a_company_missing(&self) -> Self {
        let mut without = self.clone();
        if let World::Held(dataset) = &mut without.world {
            let dataset = Arc::make_mut(dataset);
            if let Some(missing) = dataset.pax_subscriptions.first().map(|one| one.company_id.clone()) {
                dataset.pax_companies.retain(|company| company.id != missing);
                dataset.pax_subscriptions.retain(|subscription| subscription.company_id != missing);
            }
        }
        without
    }

    /// The source of which a company is missing for a day.
    #[must_use]
    pub fn distributor(&self) -> &'static str {
        PAX8
    }

    /// The month that is closed.
    #[must_use]
    pub fn month(&self) -> BillingMonth {
        self.month
    }

    /// The day on which usage is counted: the month's last.
    #[must_use]
    pub fn count_day(&self) -> Date {
        self.month.last_day()
    }

    /// The moment at which the vendors are asked: the evening of the count day, UTC.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        evening(self.month)
    }

    /// The sources, in the order of the settings.
    #[must_use]
    pub fn sources(&self) -> Vec<&'static str> {
        match self.world {
            World::Held(ref dataset) => {
                let watch = (!dataset.watched.is_empty()).then_some(EDR);
                [CONNECTWISE, NINJAONE, GRAPH, PAX8, BACKUP].into_iter().chain(watch).collect()
            }
            World::Computed(_) => vec![CONNECTWISE, NINJAONE],
        }
    }

    /// `config/settings.toml`'s sources for vendors at these addresses.
    #[must_use]
    pub fn settings_toml(&self, endpoints: &VendorEndpoints) -> String {
        settings::settings_toml(&self.sources(), endpoints)
    }

    /// `config/rules.toml`.
    #[must_use]
    pub fn rules_toml(&self) -> String {
        settings::rules_toml(&self.sources(), self.month)
    }

    /// Source to field to value. The values are unmistakable (`tc-canary-…`), so that a leak is found by searching
    /// for them.
    #[must_use]
    pub fn secrets(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        settings::secrets(&self.sources())
    }

    /// The secrets as `config/secrets.toml` holds them.
    #[must_use]
    pub fn secrets_toml(&self) -> String {
        settings::secrets_toml(&self.secrets())
    }

    /// The mappings that people have decided.
    #[must_use]
    pub fn decisions(&self) -> &[SampleDecision] {
        &self.decisions
    }

    /// The clients of which people have decided that they have nothing in a source.
    #[must_use]
    pub fn nones(&self) -> &[SampleNone] {
        &self.nones
    }

    /// The files that were dropped in time.
    #[must_use]
    pub fn inbox(&self) -> Vec<SampleFile> {
        self.inbox_of(Some)
    }

    /// The files that were dropped by a tool in trouble: an empty list, a file cut in the middle of a row, a login
    /// page instead of rows; for every other fault there is no file.
    #[must_use]
    pub fn inbox_with(&self, fault: &FaultProfile) -> Vec<SampleFile> {
        self.inbox_of(|whole| backup::broken(whole, fault))
    }

    fn inbox_of(&self, written: impl Fn(Vec<u8>) -> Option<Vec<u8>>) -> Vec<SampleFile> {
        let Some(dataset) = self.world.held() else { return Vec::new() };
        let mut files = Vec::new();
        if !self.has_late_file {
            files.push((BACKUP, backup::export(&dataset.backup)));
        }
        if !dataset.watched.is_empty() {
            files.push((EDR, backup::watched_export(&dataset.watched)));
        }
        let file = |(source, whole): (&str, Vec<u8>)| {
            let name = format!("{source}-{}.csv", self.count_day());
            written(whole).map(|bytes| SampleFile { source: source.to_owned(), name, bytes })
        };
        files.into_iter().filter_map(file).collect()
    }

    /// The ids, in the PSA, of the clients to which is sold in other ways than by the piece, two for each way: one
    /// billed as it should be, one not.
    #[must_use]
    pub fn sold_to(&self) -> BTreeMap<&'static str, Vec<String>> {
        let there: BTreeSet<String> = self.clients().into_iter().map(|(id, _)| id).collect();
        let mut ids: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for (n, sold) in SOLD.iter().enumerate() {
            let id = client_id(FIRST_SOLD + n).to_string();
            if there.contains(&id) {
                ids.entry(sold.way).or_default().push(id);
            }
        }
        ids
    }

    /// Every exception that was planted.
    #[must_use]
    pub fn answer_sheet(&self) -> Vec<Planted> {
        self.planted.to_vec()
    }

    /// The three months before, oldest first.
    #[must_use]
    pub fn history(&self) -> Vec<EarlierMonth> {
        history::earlier(self.seed, self.month)
    }

    /// The clients' ids and names, as the PSA has them.
    #[must_use]
    pub fn clients(&self) -> Vec<(String, String)> {
        let companies = (0..self.world.company_count()).filter_map(|n| self.world.company(n));
        companies.filter(|one| one.kind == "Client" && !one.deleted).map(|one| (one.id.to_string(), one.name)).collect()
    }

    pub(crate) fn scenario(&self) -> Scenario {
        self.scenario
    }

    pub(crate) fn world(&self) -> World {
        self.world.clone()
    }
}
