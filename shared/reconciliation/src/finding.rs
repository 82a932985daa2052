//! What a reconciliation says: comparisons, findings, coverage, setup findings, suggestions. Values, no logic.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{
    AccountId, BillingMonth, ClientId, CountBasis, CountDay, Currency, ProductCode, ReadState, RuleId, ServicePeriod,
    Side, SourceId, Unit,
};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $read:literal;)* }) => {
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

            /// The words that a person reads.
            #[must_use]
            pub fn for_people(self) -> &'static str {
                match self { $(Self::$variant => $read),* }
            }
        }
    };
}

words! {
    /// The kinds of findings.
    FindingKind {
        /// Active line, expected above billed.
        UnderbilledQuantity = "underbilled_quantity", "billed too few";
        /// Usage and no active line.
        UnbilledUsage = "unbilled_usage", "used, not on the agreement";
        /// Active line, expected below billed, something used.
        OverbilledQuantity = "overbilled_quantity", "billed too many";
        /// Active line, expected below billed, nothing used.
        BilledWithoutUsage = "billed_without_usage", "billed, no usage";
        /// Usage of an account that nobody has mapped.
        UnmappedAccount = "unmapped_account", "vendor organization not mapped";
        /// Usage that no rule takes.
        UnmappedProduct = "unmapped_product", "product without a service mapping";
        /// Usage goes on after the client's agreement ended.
        AgreementEndedWithUsage = "agreement_ended_with_usage", "agreement ended, still used";
        /// Unknown, because something was not read: never counted as zero, never as clean.
        NotCompared = "not_compared", "not reconciled";
    }
}

words! {
    /// What the worth rests on.
    ValueBasis {
        /// A price on one of the client's own lines.
        Calculated = "calculated", "the client's own price";
        /// A list price.
        Estimated = "estimated", "list price";
    }
}

words! {
    /// What to do about a finding. A billing clerk does not uninstall agents: the work lists are apart.
    NextStep {
        /// Change the quantity on the agreement.
        ChangePsa = "change_psa", "change the agreement";
        /// Remove or release what is not used at the vendor.
        CleanUpAtVendor = "clean_up_at_vendor", "clean up at the vendor";
        /// Confirm or ignore a mapping.
        MendMapping = "mend_mapping", "confirm the mapping";
        /// Repair the source, then run again.
        MendSource = "mend_source", "repair the sync and run again";
        /// Add or repair a rule.
        MendRule = "mend_rule", "mend the service mapping";
    }
}

words! {
    /// Confidence as a person reads it.
    Level {
        /// Rely on it.
        High = "high", "High";
        /// Look at the weakest part.
        Medium = "medium", "Medium";
        /// A hint.
        Low = "low", "Low";
    }
}

/// How far a finding can be relied on, in named parts of 0 to 100 each; the weakest part names itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confidence {
    /// A person's decision or an identifier 100, an equal unique name 90, nothing decided 0.
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

/// Units that explain part of a gross variance, signed: a stale device takes one away, a minimum adds some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// `stale`, `status:<word>`, `included`, `minimum`, …
    pub reason: String,
    /// How many units, signed, as part of gross − actionable.
    pub units: Decimal,
}

/// One client and rule, compared or not. A row of `lines.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The client.
    pub client_id: ClientId,
    /// Its name in the PSA.
    pub client_name: String,
    /// The rule.
    pub rule_id: RuleId,
    /// The product codes it joins, as one text; the first is the one that findings name.
    pub product_code: ProductCode,
    /// The usage source.
    pub source: SourceId,
    /// Which count.
    pub count_basis: CountBasis,
    /// Of what.
    pub unit: Unit,
    /// Units that count (after stale and status); `None` if not compared.
    pub used: Option<Decimal>,
    /// Units on active lines; `None` if the billed side was not read.
    pub billed: Option<Decimal>,
    /// Units that should be billed; `None` if not compared.
    pub expected: Option<Decimal>,
    /// expected − billed: positive is billed too few.
    pub variance: Option<Decimal>,
    /// Raw distinct items × factor − billed.
    pub gross_variance: Option<Decimal>,
    /// gross − actionable, unit by unit.
    pub explained: Vec<Explained>,
    /// Price of one unit a month that the worth rests on.
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
    /// The day on which usage was counted.
    pub count_day: CountDay,
    /// The day of the sync that was used.
    pub synced_on: Option<Date>,
    /// What the next invoice pays for.
    pub service_period: ServicePeriod,
    /// The agreement's next invoice date, where told (the earliest of several).
    pub next_invoice_date: Option<Date>,
    /// One sentence for people.
    pub reason: String,
}

/// A difference, or something that could not be compared. A row of `exceptions.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable over months: of client, rule and direction (or source and account).
    pub exception_id: String,
    /// What kind.
    pub kind: FindingKind,
    /// The client, where one is known.
    pub client_id: Option<ClientId>,
    /// The client's name in the PSA; for an unmapped account the account's name. Foreign text.
    pub client_name: String,
    /// The usage source, where one is concerned.
    pub source: Option<SourceId>,
    /// The account, where one is concerned.
    pub account_id: Option<AccountId>,
    /// The rule, where one is concerned.
    pub rule_id: Option<RuleId>,
    /// The product, where one is concerned.
    pub product_code: Option<ProductCode>,
    /// As in [`Comparison`].
    pub used: Option<Decimal>,
    /// As in [`Comparison`].
    pub billed: Option<Decimal>,
    /// As in [`Comparison`].
    pub expected: Option<Decimal>,
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
    /// Who does what.
    pub next_step: NextStep,
    /// The day on which usage was counted.
    pub count_day: CountDay,
    /// What the next invoice pays for.
    pub service_period: ServicePeriod,
    /// Where told.
    pub next_invoice_date: Option<Date>,
    /// One sentence for people, with the numbers.
    pub reason: String,
}

/// Amounts of one currency, billed too few and too many apart; exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The currency.
    pub currency: Currency,
    /// Sum of the positive impacts.
    pub billed_too_few: Decimal,
    /// Sum of the negative impacts, as a positive amount.
    pub billed_too_many: Decimal,
    /// How many findings are in the first sum.
    pub too_few_count: u64,
    /// How many findings are in the second sum.
    pub too_many_count: u64,
}

/// One source in the run. A row of `coverage.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceCoverage {
    /// The source.
    pub source: SourceId,
    /// Its connector.
    pub connector: String,
    /// Billed or usage.
    pub side: Side,
    /// How far it was read, as one word and reason.
    pub read_state: ReadState,
    /// The day of the sync used; `None`: there is none that may be used.
    pub synced_on: Option<Date>,
    /// Accounts (vendor organizations or PSA companies) in it.
    pub account_count: u64,
    /// Of these, not read completely.
    pub account_incomplete_count: u64,
    /// Items or lines in it.
    pub item_count: u64,
    /// Accounts that are mapped to a client.
    pub mapped_count: u64,
    /// Accounts that are ignored by decision.
    pub ignored_count: u64,
    /// Comparisons made with it.
    pub compared_count: u64,
    /// Comparisons not made because of it.
    pub not_compared_count: u64,
}

/// Something about the set-up that makes counts unreliable. A row of `setup.csv`.
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

/// An account without a decision, and whom it might be. A row of `mapping-suggestions.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingSuggestion {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account_id: AccountId,
    /// Its name. Foreign text.
    pub account_name: String,
    /// The client proposed, if any.
    pub client_id: Option<ClientId>,
    /// That client's name.
    pub client_name: Option<String>,
    /// Why, in words.
    pub why: String,
    /// Items that hang on it.
    pub item_count: u64,
    /// What they are worth a month at list price, per currency; empty: unknown.
    pub estimated_worth: Vec<truecount_billing::Money>,
}

/// Everything that one run says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// The month of the count day.
    pub month: BillingMonth,
    /// The day on which usage was counted.
    pub count_day: CountDay,
    /// In order of |monthly impact| (unknown worth last), then kind, client, source, account, rule: a total order.
    pub findings: Vec<Finding>,
    /// Every comparison, by client and rule.
    pub comparisons: Vec<Comparison>,
    /// By currency.
    pub totals: Vec<Totals>,
    /// By source.
    pub coverage: Vec<SourceCoverage>,
    /// By code and subject.
    pub setup: Vec<SetupFinding>,
    /// In order of worth.
    pub suggestions: Vec<MappingSuggestion>,
}

impl Reconciliation {
    /// The findings of a kind.
    pub fn of_kind(&self, kind: FindingKind) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.kind == kind)
    }
}
