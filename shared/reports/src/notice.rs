//! The short mails around a month's closing: a reminder before it, what it waits for, and on the last working day what
//! has become of it. As data first, which the
//! function that asks hands to the one that mails; the sentences are made in [`words`].
//!
//! Deliberately absent: any decision on whether a month is ready.

mod last_day;
mod short;
mod words;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use mail_builder::mime::MimePart;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{BillingMonth, Currency, ReadReason, SourceId};
use truecount_reconciliation::AccountRecord;

use self::short::ShortMail;
use crate::ReportError;
use crate::mail::{Letter, ShortMailTo, multipart};

/// What one short mail is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// A month will be closed soon.
    Reminder(ClosingReminder),
    /// A month is not closed yet, because something that it waits for was not read.
    NotReady(ClosingWaits),
    /// A month is invoiced on the next working day.
    LastDay(LastDayReview),
}

/// A month will be closed soon: what should be put right before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingReminder {
    /// The month.
    pub month: BillingMonth,
    /// The day from which on it is closed.
    pub closing_day: Date,
    /// The day on which it is closed at the latest.
    pub latest_day: Date,
    /// What of its sources was not read by today.
    pub readiness: ClosingReadiness,
    /// Files that are older than a week, each with its day.
    pub older_files: BTreeMap<SourceId, Date>,
    /// Keys that do not work any longer by the closing after this one, each with its last day.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expiring: BTreeMap<SourceId, Date>,
    /// The day on which that was looked at.
    pub day: Date,
    /// Accounts with usage that nobody decided, the most valuable first.
    pub unmapped: Counted<UnmappedAccount>,
    /// Products that are billed and that no rule counts, the highest revenue first.
    pub uncounted: Counted<UncountedProduct>,
}

/// A month is not closed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingWaits {
    /// The month.
    pub month: BillingMonth,
    /// The day on which that was found.
    pub day: Date,
    /// The day on which it is closed at the latest.
    pub latest_day: Date,
    /// From which share of the revenue on it is closed, in percent.
    pub ready_percent: u32,
    /// What is missing.
    pub readiness: ClosingReadiness,
}

/// What has become of a closing by the last working day before its invoices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDayReview {
    /// The month.
    pub month: BillingMonth,
    /// The day on which it is invoiced.
    pub invoice_date: Date,
    /// The day on which it was closed.
    pub closed_on: Date,
    /// The day of the newest sync of the PSA; `None`: it was not read since the closing.
    pub read_on: Option<Date>,
    /// Changes that were asked for and stand in the PSA, the highest impact first.
    pub done: Counted<AskedChange>,
    /// Those that do not.
    pub open: Counted<AskedChange>,
    /// Lines that have neither the old quantity nor the one that was asked for.
    pub otherwise: Counted<AskedChange>,
    /// Changes of which nothing is known, because the PSA was not read completely there.
    pub unknown: Counted<AskedChange>,
    /// Lines that changed, and that the closing did not ask for.
    pub since: Counted<LineChangeSince>,
    /// What was not read of the PSA.
    pub unread: ClosingReadiness,
}

/// A change of a line that a closing asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedChange {
    /// The client's name. Foreign text.
    pub client_name: String,
    /// The service's code.
    pub service: String,
    /// The line's quantity at the closing.
    pub from: Decimal,
    /// The quantity that was asked for.
    pub to: Decimal,
    /// What the change is worth a month, signed; `None`: nobody knows.
    pub monthly_impact: Option<(Currency, Decimal)>,
}

/// A line that changed after the closing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineChangeSince {
    /// The client's name. Foreign text.
    pub client_name: String,
    /// The product's code.
    pub product: String,
    /// Its quantity at the closing; `None`: it was not billed.
    pub from: Option<Decimal>,
    /// Its quantity now; `None`: it is no longer billed.
    pub to: Option<Decimal>,
    /// Who changed it last, where the PSA tells. Foreign text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
}

/// How much of what a closing needs was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingReadiness {
    /// Enabled sources that were not read, or not completely.
    pub sources: Vec<UnreadSource>,
    /// Accounts that were not read completely, by source and id.
    pub accounts: Counted<UnreadAccount>,
    /// What the last closing compared, and what of it was read, by currency; empty: there is no last closing.
    pub revenue: BTreeMap<Currency, ReadRevenue>,
}

/// The first of many, and how many more there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted<T> {
    /// The first.
    pub first: Vec<T>,
    /// How many more there are.
    pub more: u64,
}

/// A source that a closing waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadSource {
    /// The source.
    pub source: SourceId,
    /// Whether it is a file that somebody drops.
    pub in_file: bool,
    /// Why it was not read.
    pub reason: ReadReason,
}

/// A vendor account, or a client of the PSA, that was not read completely.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadAccount {
    /// The account.
    pub account: AccountRecord,
    /// The name of the client whose it is; `None`: nobody's, several clients', or nobody decided. Foreign text.
    pub client_name: Option<String>,
    /// Why it was not read completely.
    pub reason: ReadReason,
}

/// What the last closing compared of one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRevenue {
    /// What it compared.
    pub compared: Decimal,
    /// Of that, what belongs to clients all of whose accounts were read completely.
    pub read: Decimal,
}

/// An account with usage that nobody decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmappedAccount {
    /// Its source.
    pub source: SourceId,
    /// Its name. Foreign text.
    pub account_name: String,
    /// What its usage is worth a month at list prices, by currency; empty: unknown.
    pub monthly_value: BTreeMap<Currency, Decimal>,
}

/// A product that is billed and that no rule counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UncountedProduct {
    /// Its code.
    pub product: String,
    /// What is billed for it a month, by currency.
    pub monthly_revenue: BTreeMap<Currency, Decimal>,
}

impl<T> Default for Counted<T> {
    fn default() -> Self {
        Self { first: Vec::new(), more: 0 }
    }
}

impl<T> Counted<T> {
    /// The first `max` of them.
    pub fn of(all: impl IntoIterator<Item = T>, max: usize) -> Self {
        let mut all = all.into_iter();
        let first = all.by_ref().take(max).collect();
        Self { first, more: all.count() as u64 }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.first.len() as u64 + self.more
    }
}

impl ReadRevenue {
    /// Whether so many percent of it were read. What cannot be computed was not.
    #[must_use]
    pub fn reaches(&self, percent: u32) -> bool {
        let read = self.read.checked_mul(Decimal::ONE_HUNDRED);
        let wanted = self.compared.checked_mul(Decimal::from(percent));
        matches!((read, wanted), (Some(read), Some(wanted)) if read >= wanted)
    }
}

impl ClosingReadiness {
    /// Whether a month can be closed: every source was read, and of each currency so many percent of what the last
    /// closing compared.
    #[must_use]
    pub fn is_ready(&self, percent: u32) -> bool {
        self.sources.is_empty() && self.revenue.values().all(|revenue| revenue.reaches(percent))
    }

    /// What a month waits for, in one sentence; `None`: for nothing.
    #[must_use]
    pub fn missing(&self, percent: u32) -> Option<String> {
        words::missing(self, percent)
    }
}

impl Notice {
    /// The month that it is about.
    #[must_use]
    pub fn month(&self) -> BillingMonth {
        match self {
            Self::Reminder(reminder) => reminder.month,
            Self::NotReady(waits) => waits.month,
            Self::LastDay(review) => review.month,
        }
    }

    /// What makes it one mail within its month: there is one reminder, one on the last working day, and one a day of what
    /// a closing waits for.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Reminder(_) => REMINDER.to_owned(),
            Self::NotReady(waits) => format!("not-ready-{}", waits.day),
            Self::LastDay(_) => LAST_DAY.to_owned(),
        }
    }

    /// Its subject.
    #[must_use]
    pub fn subject(&self) -> String {
        ShortMail::of(self).subject
    }
}

/// The name of a month's reminder.
pub const REMINDER: &str = "reminder";

/// The name of a month's mail on the last working day.
pub const LAST_DAY: &str = "last-day";

/// The message, ready to be sent. `at`: the same for a repeat.
///
/// # Errors
/// [`ReportError::Address`] or [`ReportError::NoRecipient`] if the settings cannot be used.
pub fn notice_email(notice: &Notice, at: Timestamp, mail: &ShortMailTo<'_>) -> Result<Vec<u8>, ReportError> {
    let ShortMailTo { from, to, group, attempt, options } = *mail;
    let letter = Letter::of(&format!("{}-{}", notice.month(), notice.name()), from, to, group, attempt)?;
    let content = ShortMail::of(notice).with_options(options);
    let message = letter.message(at, &content.subject);
    let (text, html) = (content.text(letter.repeat), content.html(letter.repeat)?);
    let parts = vec![MimePart::new("text/plain", text), MimePart::new("text/html", html)];
    Ok(message.body(multipart("alternative", &letter.id, parts)).write_to_vec()?)
}
