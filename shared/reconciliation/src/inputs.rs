//! What goes into a reconciliation, in the order in which it is pushed: sources, clients, lines, accounts, items,
//! decisions. Values only; what happens to them is in `reconciler`.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::{
    Agreement, BilledLine, BillingStatus, ClientId, CountDay, Currency, InvoiceTiming, ItemState, ReadState, Receipt,
    RuleId, ServicePeriod, Side, SourceId, UsageItem,
};

/// The days and the extent of one reconciliation. Its month is that of the count day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The day on which usage is counted.
    pub count_day: CountDay,
    /// On which day lines are looked at.
    pub billing_days: BillingDays,
    /// How much is judged.
    pub profile: Profile,
    /// Which comparisons are kept in the result.
    pub comparisons: Comparisons,
}

impl Options {
    /// A month's run: lines as the next invoice will bill them, everything judged, every comparison kept.
    #[must_use]
    pub fn for_month(count_day: CountDay) -> Self {
        Self {
            count_day,
            billing_days: BillingDays::NextInvoice,
            profile: Profile::Full,
            comparisons: Comparisons::Every,
        }
    }

    /// `check`: both days are the as-of day; only what differs is kept.
    #[must_use]
    pub fn for_check(as_of: CountDay, profile: Profile) -> Self {
        Self { count_day: as_of, billing_days: BillingDays::CountDay, profile, comparisons: Comparisons::OnlyCounted }
    }
}

/// On which day a billed line is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillingDays {
    /// As it will stand for the next invoice: the first day of the coming period in advance, the last day of
    /// the ending one in arrears (false gaps F41, F42).
    NextInvoice,
    /// On the count day itself.
    CountDay,
}

impl BillingDays {
    /// The service period and the billing day of an agreement with this timing.
    #[must_use]
    pub fn of(self, timing: InvoiceTiming, count_day: CountDay) -> (ServicePeriod, Date) {
        match self {
            Self::NextInvoice => {
                let period = timing.service_period(truecount_billing::BillingMonth::of(count_day.0));
                (period, timing.billing_day(period))
            }
            Self::CountDay => (ServicePeriod::day(count_day.0), count_day.0),
        }
    }
}

/// How much is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Everything.
    Full,
    /// Five kinds only: too few, too many, usage without a line, a line without usage, accounts without a
    /// mapping. No active line is one kind whether or not one ended, and a price is that of an active line or
    /// the list's. Items that no rule takes are a setup finding.
    Plain,
}

/// Which comparisons are kept in the result. Findings are always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparisons {
    /// Each, for `lines.csv`.
    Every,
    /// None: they are only counted, so that memory does not grow with them.
    OnlyCounted,
}

/// One source of the run, read or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStatus {
    /// The source.
    pub source: SourceId,
    /// Its connector.
    pub connector: String,
    /// The side it is compared on.
    pub side: Side,
    /// How far it was read. Only `Complete` is compared.
    pub read_state: ReadState,
    /// The day of the sync that is used; `None`: there is none that may be used, and nothing of it is compared.
    pub synced_on: Option<Date>,
    /// What became of every row that was read; only passed on. `None`: there is none.
    pub receipt: Option<Receipt>,
}

/// A client within one reconciliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientNo(pub(crate) u32);

/// A source within one reconciliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceNo(pub(crate) u16);

/// An account within one reconciliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNo(pub(crate) u32);

/// A billed line, borrowed. `From<&BilledLine>` makes one.
#[derive(Debug, Clone, Copy)]
pub struct LineRef<'a> {
    /// The PSA's id.
    pub line_id: &'a str,
    /// The product as the PSA names it.
    pub product_code: &'a str,
    /// Units as the PSA has them.
    pub quantity: Decimal,
    /// Units of it that the base price includes.
    pub less_included: Option<Decimal>,
    /// Price of one unit for one billing cycle; `None`: not told.
    pub unit_price: Option<Decimal>,
    /// Where known.
    pub currency: Option<Currency>,
    /// First day billed.
    pub effective_from: Option<Date>,
    /// Last day billed.
    pub effective_to: Option<Date>,
    /// Billed, at no charge, or not billed by design.
    pub billing_status: BillingStatus,
    /// What the agreement says.
    pub terms: AgreementTerms,
}

/// What an agreement says about all of its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgreementTerms {
    /// First day, if stated.
    pub from: Option<Date>,
    /// Last day, if it ends or was cancelled.
    pub to: Option<Date>,
    /// In advance or in arrears.
    pub timing: InvoiceTiming,
    /// Months of one billing cycle; `None`: none that can be brought to a month.
    pub cycle_months: Option<u32>,
    /// The next invoice date, where told.
    pub next_invoice_date: Option<Date>,
}

impl AgreementTerms {
    /// An open agreement, billed monthly in advance.
    pub const MONTHLY: Self =
        Self { from: None, to: None, timing: InvoiceTiming::Advance, cycle_months: Some(1), next_invoice_date: None };
}

impl From<&Agreement> for AgreementTerms {
    fn from(agreement: &Agreement) -> Self {
        Self {
            from: agreement.from,
            to: agreement.to,
            timing: agreement.timing,
            cycle_months: agreement.cycle_months,
            next_invoice_date: agreement.next_invoice_date,
        }
    }
}

impl<'a> From<&'a BilledLine> for LineRef<'a> {
    fn from(line: &'a BilledLine) -> Self {
        Self {
            line_id: line.line_id.as_str(),
            product_code: line.product_code.as_str(),
            quantity: line.quantity,
            less_included: line.less_included,
            unit_price: line.unit_price,
            currency: line.currency,
            effective_from: line.effective_from,
            effective_to: line.effective_to,
            billing_status: line.billing_status,
            terms: AgreementTerms::from(&line.agreement),
        }
    }
}

/// A usage item, borrowed. `From<&UsageItem>` makes one. The same id may come again: it counts once per rule.
#[derive(Debug, Clone, Copy)]
pub struct ItemRef<'a> {
    /// The vendor's id of it.
    pub item_id: &'a str,
    /// `server`, `user`, `subscription`, …
    pub kind: &'a str,
    /// The vendor's product; empty where items have none.
    pub sku: &'a str,
    /// Whether it counts. What is left out as disabled counts where assigned licences are counted (not in the plain
    /// profile).
    pub state: ItemState<&'a str>,
    /// `None`: the vendor does not say, and then it is never stale.
    pub last_seen: Option<Timestamp>,
    /// How many units; `None`: the vendor did not say, which is not zero.
    pub quantity: Option<Decimal>,
}

impl<'a> From<&'a UsageItem> for ItemRef<'a> {
    fn from(item: &'a UsageItem) -> Self {
        Self {
            item_id: item.item_id.as_str(),
            kind: &item.kind,
            sku: item.sku.as_deref().unwrap_or(""),
            state: item.state.borrowed(),
            last_seen: item.last_seen,
            quantity: item.amount(),
        }
    }
}

/// What is decided about an account. Without a decision it is `Undecided` with no proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapping {
    /// Its usage is this client's.
    Confirmed {
        /// Whose.
        client_id: ClientId,
        /// On what ground.
        by: DecidedBy,
    },
    /// Internal, not for resale: left out.
    Ignored {
        /// Why.
        reason: String,
    },
    /// What is in it belongs to several clients: each has its part ([`Reconciler::part`](crate::Reconciler::part)),
    /// and what is pushed to the account itself is the rest, which is nobody's yet.
    Split {
        /// How it is split and what the rest is, in words.
        why: String,
    },
    /// Nobody has decided. While a client is proposed, what that client uses here is unknown, not zero.
    Undecided {
        /// Whom it might be.
        proposal: Option<ClientId>,
        /// Why, in words; empty without a proposal.
        why: String,
    },
}

/// Who or what confirmed a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DecidedBy {
    /// A person.
    Person,
    /// An identifier of the PSA's client that the vendor itself holds.
    Identifier,
    /// The names are equal after light normalising, and unique on both sides.
    EqualName,
}

/// Why there is no result: not a difference, but something that may not be guessed around.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReconcileError {
    /// Beyond 28 digits.
    #[error(
        "{subject}: {what} has more digits than are kept exactly; check the quantities and prices of its lines and items"
    )]
    TooLarge {
        /// Client and rule, or account.
        subject: String,
        /// Which amount.
        what: &'static str,
    },
    /// gross variance = actionable variance + explained units does not hold.
    #[error(
        "client `{client_id}`, rule `{rule_id}`: gross variance {gross} is not actionable variance {actionable} and explained units {explained}; no result is given, because the counting cannot be relied on"
    )]
    BrokenIdentity {
        /// The client.
        client_id: ClientId,
        /// The rule.
        rule_id: RuleId,
        /// Raw distinct items × factor − billed.
        gross: Decimal,
        /// expected − billed.
        actionable: Decimal,
        /// The sum of the explained units.
        explained: Decimal,
    },
    /// More things than the numbering holds.
    #[error("more than {max} {what}: reconcile fewer sources at a time")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The named cap.
        max: u64,
    },
}
