//! The sample MSP: its clients, what it bills them, what they use, and where the two were made to differ.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::BillingMonth;

use crate::{Endpoints, Planted};

/// How large the sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleSize {
    /// Clients of the MSP.
    pub clients: usize,
}

impl Default for SampleSize {
    fn default() -> Self {
        Self { clients: 60 }
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

/// A file that a person or a tool drops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxFile {
    /// The source it belongs to.
    pub source: String,
    /// Its name.
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
    /// Findings in all.
    pub finding_count: u64,
    /// Comparisons that could not be made.
    pub not_compared_count: u64,
}

/// One currency of an earlier month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierTotal {
    /// Three letters.
    pub currency: String,
    /// Billed too few, a month.
    pub billed_too_few: Decimal,
    /// Billed too many, a month, as a positive amount.
    pub billed_too_many: Decimal,
    /// Findings in the first sum.
    pub too_few_count: u64,
    /// Findings in the second sum.
    pub too_many_count: u64,
}

/// A made-up MSP in the United Kingdom with its clients, and everything its vendors know. The same size, seed and
/// month give the same bytes.
#[derive(Debug, Clone)]
pub struct Sample {
    month: BillingMonth,
}

impl Sample {
    /// A sample of the size.
    #[must_use]
    pub fn new(size: SampleSize, seed: u64, month: BillingMonth) -> Self {
        let _ = (size, seed);
        Self { month }
    }

    /// A few clients and few requests, without the vendors' passing moods (no rate limit, no token that dies
    /// early): for tests that interrupt every request.
    #[must_use]
    pub fn small(clients: usize, month: BillingMonth) -> Self {
        let _ = clients;
        Self { month }
    }

    /// So many accounts with so many devices, each page made when it is asked for: for load tests. Only
    /// ConnectWise and NinjaOne have data.
    #[must_use]
    pub fn large(accounts: u64, items: u64, month: BillingMonth) -> Self {
        let _ = (accounts, items);
        Self { month }
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
        Timestamp::UNIX_EPOCH
    }

    /// The sources, in the order of the settings.
    #[must_use]
    pub fn sources(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// `config/settings.toml`'s sources for vendors at these addresses.
    #[must_use]
    pub fn settings_toml(&self, endpoints: &Endpoints) -> String {
        let _ = endpoints;
        String::new()
    }

    /// `config/rules.toml`.
    #[must_use]
    pub fn rules_toml(&self) -> String {
        String::new()
    }

    /// Source to field to value. The values are unmistakable, so that a leak is found by searching for them.
    #[must_use]
    pub fn secrets(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        BTreeMap::new()
    }

    /// The mappings that people have decided.
    #[must_use]
    pub fn decisions(&self) -> &[SampleDecision] {
        &[]
    }

    /// The files that were dropped.
    #[must_use]
    pub fn inbox(&self) -> Vec<InboxFile> {
        Vec::new()
    }

    /// Every exception that was planted.
    #[must_use]
    pub fn answer_sheet(&self) -> Vec<Planted> {
        Vec::new()
    }

    /// The three months before, oldest first.
    #[must_use]
    pub fn history(&self) -> Vec<EarlierMonth> {
        Vec::new()
    }
}
