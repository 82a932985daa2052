//! What the short mails around a closing are about, and which of them went out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use truecount_billing::{BillingMonth, SourceId};
use truecount_reports::{
    ClosingReadiness, ClosingReminder, ClosingWaits, Counted, LAST_DAY, Notice, REMINDER, UncountedProduct,
    UnmappedAccount,
};
use truecount_store::{Delivery, DeliveryState, SnapshotManifest};

use super::readiness::readiness;
use crate::mapping::MappingWorkspace;
use crate::schedule::NoticeKind;
use crate::{AppError, Config, Environment, RulesReview, SourceSettings};

/// How many accounts and products are named in a reminder.
const NAMED_MAX: usize = 10;

/// A reminder names files that are older.
const OLDER_FILES_DAYS: i64 = 7;

/// The mails about a month that every group has got, or will never get.
pub(super) async fn mailed(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
) -> Result<BTreeSet<(BillingMonth, NoticeKind)>, AppError> {
    let deliveries = Delivery::list(&env.store, month).await?;
    let is_final = |name: &str, group: &str| {
        let of = deliveries.iter().find(|delivery| delivery.name == name && delivery.group == group);
        of.is_some_and(|delivery| matches!(delivery.state, DeliveryState::Sent | DeliveryState::Unknown))
    };
    let groups = config.settings.mail.of_notices();
    let names = [(REMINDER, NoticeKind::Reminder), (LAST_DAY, NoticeKind::LastDay)];
    let gone = names.into_iter().filter(|(name, _)| groups.iter().all(|group| is_final(name, &group.id)));
    Ok(gone.map(|(_, kind)| (month, kind)).collect())
}

/// What a month's closing waits for.
pub(super) fn waits(config: &Config, month: BillingMonth, day: Date, readiness: ClosingReadiness) -> Notice {
    let calendar = &config.settings.closing;
    Notice::NotReady(ClosingWaits {
        month,
        day,
        latest_day: calendar.latest_day(month),
        ready_percent: calendar.ready_percent(),
        readiness,
    })
}

/// What should be put right before a month is closed.
pub(super) async fn reminder(
    env: &Environment,
    config: &Config,
    month: BillingMonth,
    day: Date,
) -> Result<Notice, AppError> {
    let calendar = &config.settings.closing;
    let mut unmapped = MappingWorkspace::load(env, config).await?.suggestions;
    unmapped.sort_by(|a, b| {
        let value =
            |of: &truecount_reconciliation::MappingSuggestion| of.monthly_value.iter().map(|money| money.amount).max();
        let name = |of: &truecount_reconciliation::MappingSuggestion| (of.source.clone(), of.account_id.clone());
        value(b).cmp(&value(a)).then_with(|| name(a).cmp(&name(b)))
    });
    let unmapped = unmapped.into_iter().map(|of| UnmappedAccount {
        source: of.source,
        account_name: of.account_name,
        monthly_value: of.monthly_value.iter().map(|money| (money.currency, money.amount)).collect(),
    });
    let products = RulesReview::load(env, config).await?.products.into_iter();
    let uncounted =
        products.map(|of| UncountedProduct { product: of.product.to_string(), monthly_revenue: of.revenue });
    let readiness = readiness(env, config, month).await?;
    let mut older_files = older_files(env, config, day).await?;
    // Those that were not delivered since the last closing are named among what was not read.
    older_files.retain(|source, _| readiness.sources.iter().all(|unread| unread.source != *source));
    let next_closing = calendar.closing_day(month.next());
    let expires_soon = |source: &&SourceSettings| source.secret_expires.is_some_and(|last| last < next_closing);
    let expiring = config.settings.enabled().filter(expires_soon);
    let expiring = expiring.filter_map(|source| Some((source.id.clone(), source.secret_expires?))).collect();
    Ok(Notice::Reminder(ClosingReminder {
        month,
        day,
        expiring,
        closing_day: calendar.closing_day(month),
        latest_day: calendar.latest_day(month),
        readiness,
        older_files,
        unmapped: Counted::of(unmapped, NAMED_MAX),
        uncounted: Counted::of(uncounted, NAMED_MAX),
    }))
}

/// The sources whose newest file is more than a week old, with its day.
async fn older_files(env: &Environment, config: &Config, day: Date) -> Result<BTreeMap<SourceId, Date>, AppError> {
    let mut older = BTreeMap::new();
    for source in config.settings.enabled().filter(|source| source.file_profile().is_some()) {
        let newest = SnapshotManifest::newest(&env.store, &source.id, day).await?;
        if let Some(newest) = newest.filter(|of| of.id.as_of < day.saturating_sub(OLDER_FILES_DAYS.days())) {
            older.insert(source.id.clone(), newest.id.as_of);
        }
    }
    Ok(older)
}
