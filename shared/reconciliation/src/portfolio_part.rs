//! What a run adds up over some of its clients, from their records: for readers who may see no others.

use std::collections::BTreeSet;

use truecount_billing::ClientId;

use crate::baseline::{BaselineState, SetupRows, take_out};
use crate::common_cause::{CommonCause, CommonCauseMember, CommonCauseRecord};
use crate::evidence_record::AccountRecord;
use crate::outcome::{RowKind, RunOutcome};
use crate::outcome_line::MappingSuggestion;
use crate::record::{ClientRecord, PortfolioRecord, RowRecord};
use crate::source_record::SourceRecord;

/// Adds up some clients of a run, one after another.
///
/// Nothing in it names a client that is not among them: of accounts that were not read completely its rows tell, what is
/// wrong at many clients is told at each, and a client that another has taken over is there only with that one. What is at
/// stake for an undecided account that may be several clients' counts at each of them.
#[derive(Debug)]
pub struct PortfolioPart<'r> {
    whole: &'r PortfolioRecord,
    clients: BTreeSet<ClientId>,
    outcome: RunOutcome,
    /// Of a first comparison, what probably comes of the setup.
    setup: RunOutcome,
    clients_incomplete: u64,
    unmapped: Vec<AccountRecord>,
}

impl<'r> PortfolioPart<'r> {
    /// None yet. `whole`: what the run adds up.
    #[must_use]
    pub fn of(whole: &'r PortfolioRecord) -> Self {
        let (outcome, setup) = Default::default();
        Self { whole, clients: BTreeSet::new(), outcome, setup, clients_incomplete: 0, unmapped: Vec::new() }
    }

    /// Adds a client.
    pub fn client(&mut self, client: &ClientRecord) {
        let is_read = client.lines_read.is_complete();
        let is_told = client.rows.iter().any(|row| row.kind == RowKind::NotReconciled);
        self.clients.insert(client.client_id.clone());
        self.clients_incomplete += u64::from(!is_read);
        self.outcome.clients_untold += u64::from(!is_read && !is_told);
        for (currency, one) in &client.coverage {
            self.outcome.coverage.entry(*currency).or_default().add(one);
        }
        for row in &client.rows {
            let set_aside = row.action.as_ref().filter(|action| action.is_set_aside());
            self.outcome.note(row, set_aside.map(|action| action.action.kind()));
            if self.is_of_setup(client, row) {
                self.setup.note(row, None);
            }
        }
    }

    fn is_of_setup(&self, client: &ClientRecord, row: &RowRecord) -> bool {
        let is_it = |member: &CommonCauseMember| {
            (&member.client_id, &member.service, &member.section, member.kind)
                == (&client.client_id, &row.service, &row.section, row.kind)
        };
        let of_many = self.whole.common_causes.iter().filter(|cause| !is_of_one_client(cause));
        self.whole.baseline == Some(BaselineState::NotAccepted) && of_many.flat_map(|cause| &cause.members).any(is_it)
    }

    /// Adds an account that is proposed for one of its clients.
    pub fn suggestion(&mut self, suggestion: &MappingSuggestion) {
        let is_it = |one: &&AccountRecord| one.source == suggestion.source && one.account_id == suggestion.account_id;
        self.unmapped.extend(self.whole.unmapped.iter().find(is_it).cloned());
    }

    /// Whether it has this client.
    #[must_use]
    pub fn has(&self, client: &ClientId) -> bool {
        self.clients.contains(client)
    }

    /// The sums.
    #[must_use]
    pub fn finish(&self) -> PortfolioRecord {
        let whole = self.whole;
        let is_own = |cause: &&CommonCauseRecord| {
            is_of_one_client(cause) && cause.members.iter().all(|member| self.has(&member.client_id))
        };
        let moved = whole.moved.iter().filter(|moved| self.has(&moved.from_id) && self.has(&moved.to_id));
        let outcome = &self.outcome;
        let mut totals = outcome.totals.clone();
        take_out(&mut totals, &self.setup.totals);
        PortfolioRecord {
            format: whole.format,
            home_currency: whole.home_currency,
            weights: whole.weights.clone(),
            last_closing: whole.last_closing,
            scope: whole.scope.clone(),
            // How many exceptions of an accepted one were whose is not told.
            baseline: whole.baseline.clone().filter(|baseline| *baseline == BaselineState::NotAccepted),
            rows: outcome.rows.clone(),
            faults: outcome.faults,
            unpriced: outcome.unpriced.saturating_sub(self.setup.unpriced),
            unknown_stakes: outcome.unknown_stakes,
            clients_incomplete: self.clients_incomplete,
            clients_untold: outcome.clients_untold,
            sources: whole.sources.iter().map(|of| SourceRecord { incomplete: Vec::new(), ..of.clone() }).collect(),
            moved: moved.cloned().collect(),
            common_causes: whole.common_causes.iter().filter(is_own).cloned().collect(),
            unmapped: self.unmapped.clone(),
            totals,
            set_aside: outcome.set_aside.clone(),
            setup_rows: SetupRows {
                kinds: self.setup.rows.clone(),
                unpriced: self.setup.unpriced,
                totals: self.setup.totals.clone(),
            },
            coverage: outcome.coverage.clone(),
        }
    }
}

fn is_of_one_client(cause: &CommonCauseRecord) -> bool {
    matches!(cause.cause, CommonCause::ProductReplaced { .. })
}
