//! `truecount run --closing --when-due`, for a daily timer: syncs, and closes the month that is due, if one is.

use serde::Serialize;
use truecount_app::{ClosingDue, SyncAnswer, closing_due_now, send_failure_mails};

use crate::args::{Cli, RunArgs};
use crate::open::Session;
use crate::output::{Ending, json, say, tell};
use crate::pipeline;

/// The answer on a day on which nothing is closed.
#[derive(Serialize)]
struct NothingDue {
    syncs: Vec<SyncAnswer>,
    #[serde(flatten)]
    due: ClosingDue,
}

pub(crate) async fn run(cli: &Cli, session: &Session, args: &RunArgs) -> anyhow::Result<Ending> {
    let settings = &session.config.settings;
    // Every day, so that the counts of the closing day are there even if the closing comes late.
    let syncs = pipeline::sync_enabled(session).await;
    let due = closing_due_now(&session.env, &settings.closing).await?;
    let Some(month) = due.month.filter(|_| due.due) else {
        let syncs = syncs?;
        let ending = pipeline::synced(&syncs);
        if cli.json {
            json(&NothingDue { syncs, due })?;
        } else {
            pipeline::show_failed_syncs(session, &syncs).await;
            say(&format!("nothing to close today ({}): {}", due.day, due.why));
        }
        return Ok(ending);
    };
    tell(&due.why);
    let ended = match syncs {
        Ok(syncs) => pipeline::reconcile_and_report(cli, session, args, Some(month), syncs).await,
        Err(stopped) => Err(stopped),
    };
    let stopped = match ended {
        Ok(ending) => return Ok(ending),
        Err(stopped) => stopped,
    };
    // Nobody watches a timer, so whoever expects the mail is told that it will not come.
    match send_failure_mails(&session.env, settings, month, stopped.step, &stopped.to_string()).await {
        Ok(mails) => {
            for mail in mails {
                let what = pipeline::mail_in_words(session, &mail);
                tell(&format!("Mail to `{}` about the failed closing: {what}", mail.group));
            }
        }
        Err(error) => tell(&format!("The failure could not be reported by mail either: {error}")),
    }
    Err(stopped.into())
}
