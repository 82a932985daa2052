//! The use cases: sync a source, reconcile a month, report a run. Gather through the ports, decide in the pure
//! crates, save through the ports.
//!
//! **Architecture invariant:** nothing here knows which backend it runs in, and no AWS type is named.

mod account_mapping;
pub mod actions;
mod agreements_review;
mod baseline;
mod comparison;
mod environment;
mod error;
mod filled_sheet;
mod history;
mod jobs;
mod mail;
pub mod mapping;
mod refused_files;
mod replay;
mod rules_in_force;
mod rules_review;
mod rules_suggestions;
mod schedule;
mod settings;
mod starter_rules;
mod stored_outcome;
#[cfg(test)]
mod test_environment;
mod toml_sections;
mod vocabulary;

pub use account_mapping::{AccountMapping, Client, DecidedBy, Mapping, Split, of_accounts as mappings_of};
pub use agreements_review::AgreementsReview;
pub use baseline::{AcceptedNow, BaselineRequest, accept_baseline};
pub use comparison::{BilledFor, BilledForSource, MappingsInForce, NonesInForce};
pub use environment::{Environment, ProgressObserver, Quiet};
pub use error::AppError;
pub use history::{seed_month, seeded_run_id};
pub use truecount_reports::{Notice, accept_command};

pub use jobs::accept::{AcceptError, AcceptRequest, accept, fall_in_words, falls, open_falls};
pub use jobs::daily::{closing_due_now, closing_outlook};
pub use jobs::outlook::review_of_today;
pub use jobs::reconcile::{ReconcileAnswer, RunKind, reconcile};
pub use jobs::report::{MailPolicy, ReportAnswer, client_sheets, header_of, oversight_of, report, run_report};
pub use jobs::sync::{SyncAnswer, SyncFailure, sync};
pub use mail::{
    MailOutcome, TestMail, TestMailState, crash_in_words, send_crash_mails, send_failure_mails, send_notices,
    send_test_mails,
};
pub use refused_files::{REFUSED_FILE_FIX, refused_file_line, refused_files};
pub use replay::{ReplayState, ReplayedFile, replay};
pub use rules_in_force::{RulesInForce, ServiceInForce};
pub use rules_review::{
    GroupReview, MonthlyRevenue, OuterServiceReview, RulesReview, RunOutlook, ServiceReview, UncountedItems,
    UnseenAgreementType, UnseenWord, UnservedProduct,
};
pub use rules_suggestions::RulesSuggestions;
pub use schedule::{Calendar, ClosingDue, closing_due, closing_due_seen, closing_expected};
pub use settings::{
    Config, MailGroup, MailSettings, MappingSettings, Settings, SmtpEncryption, SmtpSettings, SourceSettings,
    mail_address,
};
pub use starter_rules::starter_rules;
pub use stored_outcome::outcome_of;
pub use vocabulary::vocabulary_of;

use jiff::Timestamp;

/// When a worker must be done: a little before the runtime ends it.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    /// By then nothing may be running any more.
    pub at: Timestamp,
}

impl Deadline {
    /// So many seconds from now.
    #[must_use]
    pub fn in_seconds(seconds: i64) -> Self {
        let at = Timestamp::now().saturating_add(jiff::SignedDuration::from_secs(seconds));
        Self { at: at.unwrap_or(Timestamp::MAX) }
    }

    /// Whether to take no new work: less than a tenth of a minute is left, or the time is over.
    #[must_use]
    pub fn is_near(&self, reserve_seconds: i64) -> bool {
        Timestamp::now()
            .saturating_add(jiff::SignedDuration::from_secs(reserve_seconds))
            .is_ok_and(|then| then >= self.at)
    }
}
