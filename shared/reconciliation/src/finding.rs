//! What a reconciliation says: comparisons, findings, coverage, setup findings, suggestions. Values, no logic.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{
    AccountId, BillingMonth, ClientId, CountBasis, CountDay, Currency, Money, ProductCode, ReadState, Receipt, RuleId,
    ServicePeriod, Side, SourceId, Unit,
};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $code)] $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in code, columns and JSON.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The label that people read.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }
        }
    };
}

words! {
    /// What kind of exception a finding is.
    FindingKind {
        /// An active line, and more should be billed than is.
        Underbilled = "underbilled", "underbilled";
        /// Usage without an active line.
        UnbilledUsage = "unbilled_usage", "used, not on the agreement";
        /// An active line, less should be billed than is, and something is used.
        Overbilled = "overbilled", "overbilled";
        /// An active line and no usage.
        BilledWithoutUsage = "billed_without_usage", "billed, not used";
        /// Usage of a vendor account that is mapped to no client.
        UnmappedAccount = "unmapped_account", "vendor account not mapped";
        /// Usage that no rule counts.
        UnmappedProduct = "unmapped_product", "product without a rule";
        /// Usage after the client's agreement ended: a cost, not revenue.
        EndedAgreementInUse = "ended_agreement_in_use", "agreement ended, still in use";
        /// Unknown, because something was not read. Never counted as zero, and never as agreement.
        NotReconciled = "not_reconciled", "not reconciled";
    }
}

words! {
    /// What the value rests on.
    ValueBasis {
        /// A price on one of the client's own lines.
        Calculated = "calculated", "the client's own price";
        /// A list price.
        Estimated = "estimated", "list price";
    }
}

words! {
    /// What to do about a finding. Billing changes agreements, technicians clean up at vendors: two work lists.
    NextStep {
        /// Change the quantity on the agreement.
        ChangePsa = "change_psa", "change the agreement";
        /// Remove or release what is not used at the vendor.
        CleanUpAtVendor = "clean_up_at_vendor", "clean up at the vendor";
        /// Confirm or ignore a mapping.
        ConfirmMapping = "confirm_mapping", "confirm the mapping";
        /// Fix the source, then run again.
        FixSource = "fix_source", "fix the sync and run again";
        /// Add or correct a rule.
        FixRule = "fix_rule", "correct the rule";
    }
}

words! {
    /// Confidence as people read it.
    Level {
        /// Rely on it.
        High = "high", "High";
        /// Check the weakest part first.
        Medium = "medium", "Medium";
        /// A hint only.
        Low = "low", "Low";
    }
}

/// How far a finding can be relied on: named parts of 0 to 100 points each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confidence {
    /// Confirmed by a person or an identifier 100, an equal and unique name 90, nothing confirmed 0.
    pub mapping: u8,
    /// 100 where every account and source of the comparison was read whole.
    pub completeness: u8,
    /// 100 on the count day, less by each day of the sync's age.
    pub freshness: u8,
    /// How exactly the count basis measures what is sold.
    pub count_basis: u8,
    /// The client's own line 100, the list price 70, no price 40.
    pub price_basis: u8,
}

impl Confidence {
    /// The parts by name, in the order of the fields.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, u8); 5] {
        [
            ("mapping", self.mapping),
            ("completeness", self.completeness),
            ("freshness", self.freshness),
            ("count basis", self.count_basis),
            ("price basis", self.price_basis),
        ]
    }

    /// The weakest part: the first of the lowest.
    #[must_use]
    pub fn weakest(&self) -> (&'static str, u8) {
        self.parts().into_iter().min_by_key(|(_, points)| *points).unwrap_or(("mapping", 0))
    }

    /// 0 to 100: the parts multiplied, rounded down. Orders; people read the level.
    #[must_use]
    pub fn points(&self) -> u8 {
        let product = self.parts().into_iter().fold(100_u64, |acc, (_, points)| acc * u64::from(points) / 100);
        u8::try_from(product).unwrap_or(100)
    }

    /// High from 80, Medium from 50.
    #[must_use]
    pub fn level(&self) -> Level {
        match self.points() {
            80.. => Level::High,
            50.. => Level::Medium,
            _ => Level::Low,
        }
    }
}

/// Units between what was counted and what should be billed, with the reason. Positive units are not billed; a minimum
/// adds units and is negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// `stale`, `status:<word>`, `included`, `minimum`, …
    pub reason: String,
    /// How many units; all of them together are counted gross − should bill.
    pub units: Decimal,
}

/// One client and rule, reconciled or not. A row of `lines.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The client.
    pub client_id: ClientId,
    /// Its name in the PSA.
    #[serde(rename = "client")]
    pub client_name: String,
    /// The rule.
    #[serde(rename = "service")]
    pub rule_id: RuleId,
    /// The first of the rule's product codes.
    pub product_code: ProductCode,
    /// The usage source.
    pub source: SourceId,
    /// Which count.
    pub count_basis: CountBasis,
    /// Of what.
    pub unit: Unit,
    /// Units that count (after stale and status); `None` if not reconciled.
    pub counted: Option<Decimal>,
    /// Units on active lines; `None` if the billed side was not read.
    pub billed: Option<Decimal>,
    /// Units that should be billed; `None` if not reconciled.
    pub should_bill: Option<Decimal>,
    /// should bill − billed: positive is underbilled.
    pub variance: Option<Decimal>,
    /// Distinct items × factor, before anything is left out; `None` if not reconciled.
    pub counted_gross: Option<Decimal>,
    /// counted gross − should bill, reason by reason.
    pub explained: Vec<Explained>,
    /// Price of one unit a month that the value rests on.
    pub unit_price: Option<Decimal>,
    /// variance × price, exact, a month; `None`: no price is known, which is not zero.
    pub monthly_impact: Option<Decimal>,
    /// The currency of price and impact.
    pub currency: Option<Currency>,
    /// What the price rests on.
    pub value_basis: Option<ValueBasis>,
    /// The finding's kind; `None`: equal, or within the tolerance.
    pub kind: Option<FindingKind>,
    /// In named parts.
    pub confidence: Confidence,
    /// The run's count day.
    pub count_day: CountDay,
    /// The day of the sync that was used, on which usage was really counted; `None`: there is no such sync.
    pub counted_on: Option<Date>,
    /// What the next invoice pays for.
    pub service_period: ServicePeriod,
    /// The agreement's next invoice date, where the PSA gives one (the earliest of several).
    pub next_invoice_date: Option<Date>,
    /// One sentence for people.
    pub reason: String,
}

/// A difference, or something that could not be reconciled. A row of `exceptions.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable over months: of client, rule and direction (or source and account).
    pub exception_id: String,
    /// What kind.
    pub kind: FindingKind,
    /// The client, where one is known.
    pub client_id: Option<ClientId>,
    /// The client's name in the PSA; for an unmapped account the account's name. Foreign text.
    #[serde(rename = "client")]
    pub client_name: String,
    /// The usage source, where one is concerned.
    pub source: Option<SourceId>,
    /// The account, where one is concerned.
    pub account_id: Option<AccountId>,
    /// That account's name, which may be empty. Foreign text.
    #[serde(rename = "account")]
    pub account_name: Option<String>,
    /// The rule, where one is concerned.
    #[serde(rename = "service")]
    pub rule_id: Option<RuleId>,
    /// The product, where one is concerned.
    pub product_code: Option<ProductCode>,
    /// As in [`Comparison`].
    pub counted: Option<Decimal>,
    /// As in [`Comparison`].
    pub billed: Option<Decimal>,
    /// As in [`Comparison`].
    pub should_bill: Option<Decimal>,
    /// As in [`Comparison`].
    pub variance: Option<Decimal>,
    /// As in [`Comparison`].
    pub unit_price: Option<Decimal>,
    /// As in [`Comparison`].
    pub monthly_impact: Option<Decimal>,
    /// As in [`Comparison`].
    pub currency: Option<Currency>,
    /// As in [`Comparison`].
    pub value_basis: Option<ValueBasis>,
    /// In named parts.
    pub confidence: Confidence,
    /// What to do about it.
    pub next_step: NextStep,
    /// The run's count day.
    pub count_day: CountDay,
    /// As in [`Comparison`]; `None` also where no source was counted.
    pub counted_on: Option<Date>,
    /// What the next invoice pays for.
    pub service_period: ServicePeriod,
    /// As in [`Comparison`].
    pub next_invoice_date: Option<Date>,
    /// One sentence for people, with the numbers.
    pub reason: String,
}

/// Exact monthly amounts of one currency; underbilled and overbilled are never netted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The currency.
    pub currency: Currency,
    /// Sum of the positive impacts.
    pub underbilled: Decimal,
    /// Sum of the negative impacts, as a positive amount.
    pub overbilled: Decimal,
    /// How many findings are in the first sum.
    pub underbilled_count: u64,
    /// How many findings are in the second sum.
    pub overbilled_count: u64,
}

/// One source in the run. A row of `coverage.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceCoverage {
    /// The source.
    pub source: SourceId,
    /// What kind of source it is.
    pub source_kind: String,
    /// Which side it gives.
    pub side: Side,
    /// How far it was read.
    pub state: ReadState,
    /// The day of the sync used; `None`: there is none that may be used.
    pub as_of: Option<Date>,
    /// What became of every row that was read; `None`: there is no sync, or no receipt of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// Accounts in it: vendor accounts, or the PSA's clients.
    pub accounts: u64,
    /// Of these, not read completely.
    pub accounts_incomplete: u64,
    /// Of these, mapped to a client.
    pub accounts_mapped: u64,
    /// Of these, ignored on purpose.
    pub accounts_ignored: u64,
    /// Items or lines in it.
    pub items: u64,
    /// Comparisons made with it.
    pub compared: u64,
    /// Comparisons that needed it and were not made.
    pub not_reconciled: u64,
}

/// Something about the setup that makes counts unreliable. A row of `setup.csv`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SetupFinding {
    /// A short code such as `rule_without_lines`, `line_without_rule`, `unknown_status`, `item_without_quantity`.
    pub code: String,
    /// What it is about: a rule, product, source or file place.
    pub subject: String,
    /// One sentence for people, ending in what to do.
    pub message: String,
    /// How many times.
    pub count: u64,
}

/// An account without a confirmed mapping, and which client it might be. A row of `mapping-suggestions.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingSuggestion {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account_id: AccountId,
    /// Its name. Foreign text.
    #[serde(rename = "account")]
    pub account_name: String,
    /// The client proposed, if any.
    pub client_id: Option<ClientId>,
    /// That client's name.
    #[serde(rename = "client")]
    pub client_name: Option<String>,
    /// Why this client, or why none.
    pub reason: String,
    /// Items of the account.
    pub items: u64,
    /// What they are worth a month at list price, one amount a currency; empty: unknown.
    pub monthly_value: Vec<Money>,
}

/// The result of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// The month of the count day.
    pub month: BillingMonth,
    /// The run's count day.
    pub count_day: CountDay,
    /// Comparisons of client and rule that could not be made: the one number for "not reconciled", which every file,
    /// mail, metric and screen repeats. One finding can stand for many of them, and one for none.
    pub not_reconciled: u64,
    /// In order of |monthly impact| (unknown value last), then kind, client, source, account, rule: a total order.
    pub findings: Vec<Finding>,
    /// Every comparison, by client and rule.
    pub comparisons: Vec<Comparison>,
    /// By currency.
    pub totals: Vec<Totals>,
    /// By source.
    pub coverage: Vec<SourceCoverage>,
    /// By code and subject.
    pub setup: Vec<SetupFinding>,
    /// In order of value.
    pub suggestions: Vec<MappingSuggestion>,
}

impl Reconciliation {
    /// The findings of a kind.
    pub fn of_kind(&self, kind: FindingKind) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.kind == kind)
    }

    /// How many findings are differences to act on: all but those that say that something is not reconciled.
    #[must_use]
    pub fn exception_count(&self) -> u64 {
        self.findings.iter().filter(|finding| finding.kind != FindingKind::NotReconciled).count() as u64
    }

    /// Whether everything that this month needs was read. It can be false with no comparison left out: where the PSA
    /// was not read, nobody knows which comparisons there would be.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.of_kind(FindingKind::NotReconciled).next().is_none()
    }
}
