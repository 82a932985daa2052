//! The agreements of the PSA's newest sync by themselves. No usage source is asked or read, so that this can be the first thing
//! that is run.
//!
//! Nothing is stored. A run reviews the agreements that it has frozen in the same way.

use jiff::civil::Date;
use truecount_billing::{BillingMonth, CountDay, Side};
use truecount_reconciliation::{AgreementFinding, SourceReading};
use truecount_reports::{Oversight, RunHeader, sort_findings};
use truecount_store::SETTINGS_FILE;

use crate::comparison::{Comparison, ComparisonInputs, newest_syncs, source_readings};
use crate::{AppError, Config, Environment};

/// What the agreements say by themselves.
#[derive(Debug, Clone)]
pub struct AgreementsReview {
    /// The day of the newest sync, which is looked at; today, where there is none.
    pub count_day: Date,
    /// The sources of agreements, and how far each was read.
    pub sources: Vec<SourceReading>,
    /// How many clients there are.
    pub clients: u64,
    /// What there is to look at, the largest first.
    pub findings: Vec<AgreementFinding>,
}

impl AgreementsReview {
    /// Reviews the newest sync of each enabled source of agreements.
    ///
    /// # Errors
    /// [`AppError`] if there is no such source, or something cannot be read.
    pub async fn load(env: &Environment, config: &Config) -> Result<Self, AppError> {
        let today = config.settings.today(env);
        let agreed = config.settings.enabled().filter(|source| source.side() == Side::Agreed);
        let newest = newest_syncs(env, agreed, today).await?;
        if newest.is_empty() {
            return Err(AppError::Settings {
                file: SETTINGS_FILE.to_owned(),
                why: "no enabled source gives agreements; switch on your PSA, or `truecount sources add FILE` with an \
                      export of it"
                    .to_owned(),
            });
        }
        let count_day = newest.iter().filter_map(|source| source.as_of).max().unwrap_or(today);
        env.progress.step("reading the agreements");
        let inputs = ComparisonInputs::of_syncs(env, config, &newest, count_day);
        let comparison = Comparison::read(&inputs).await?;
        let mut findings: Vec<_> = comparison.agreement_review().all().collect();
        sort_findings(&mut findings, &config.settings.weights, comparison.home_currency());
        let clients = comparison.clients.len() as u64;
        Ok(Self { count_day, sources: source_readings(&comparison.sources), clients, findings })
    }

    /// Whether all of it was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.sources.iter().all(|source| source.state.is_complete() && source.accounts_incomplete == 0)
    }

    /// What a file of it is headed by; the same for the same sync. `place`: where the file is.
    #[must_use]
    pub fn header(&self, place: String) -> RunHeader {
        RunHeader {
            run_id: format!("psa-{}", self.count_day),
            month: BillingMonth::of(self.count_day),
            closing: None,
            count_day: CountDay(self.count_day),
            created_at: truecount_billing::start_of_day(self.count_day).unwrap_or_default(),
            inputs: Vec::new(),
            archive_place: place,
            replaces: None,
            missed: Vec::new(),
            oversight: Oversight::default(),
            is_incomplete: false,
        }
    }
}
