//! What was decided about the newest run since it was made: shown with it, though the run itself knows nothing of it.

use jiff::civil::Date;
use truecount_app::actions;
use truecount_billing::BillingMonth;
use truecount_reconciliation::{Absence, ActionsInForce, ClientRecord};
use truecount_store::Run;

use crate::open::Session;
use crate::runs::newest_run;

/// Decisions in force, with the month of the run and today; `None`: the run is not the newest, and says what it knew.
pub(crate) struct DecidedSince(Option<(ActionsInForce, BillingMonth, Date)>);

impl DecidedSince {
    /// What is in force now, if the run is the newest.
    pub(crate) async fn of(session: &Session, run: &Run) -> anyhow::Result<Self> {
        let newest = newest_run(session, None).await?;
        if newest.is_none_or(|newest| newest.run_id != run.run_id) {
            return Ok(Self(None));
        }
        let today = session.config.settings.today(&session.env);
        Ok(Self(Some((actions::in_force(&session.env).await?, run.manifest.month, today))))
    }

    /// Puts what was decided to the rows of a client.
    pub(crate) fn put_to(&self, client: &mut ClientRecord) {
        let Some((in_force, month, today)) = &self.0 else { return };
        client.rows.iter_mut().for_each(|row| row.action = None);
        in_force.put_to(client, (*month, *today), |_| Absence::Unknown);
    }
}
