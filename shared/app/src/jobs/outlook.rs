//! What a run of today would come to, without making one.

use truecount_billing::{BillingMonth, CountDay};

use super::reconcile::freeze_sources;
use crate::{AppError, Config, Environment, RulesReview};

/// The rules beside the syncs that a run of today would use: none that is too old.
///
/// # Errors
/// [`AppError`] if something cannot be read.
pub async fn review_of_today(env: &Environment, config: &Config) -> Result<RulesReview, AppError> {
    let today = config.settings.today(env);
    let sources = freeze_sources(env, config, BillingMonth::of(today), CountDay(today)).await?;
    RulesReview::of_run(env, config, sources, today).await
}
