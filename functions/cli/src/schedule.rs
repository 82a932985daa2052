//! `truecount run --closing --when-due`, for a daily timer: syncs, and closes the month that is due, if one is. What it
//! begins is noted, so that the next start tells of one that died.

use serde::Serialize;
use truecount_app::{
    AppError, ClosingDue, SyncAnswer, closing_due_now, crash_in_words, send_crash_mails, send_failure_mails,
};
use truecount_store::BegunClosing;

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
    let due = closing_due_now(&session.env, &session.config.settings.closing).await?;
    let Some(month) = due.month.filter(|_| due.due) else { return nothing_due(cli, session, due).await };
    let mut begun = BegunClosing { month, at: session.env.clock.now(), step: "sync".to_owned() };
    begun.note(&session.env.store).await?;
    let ended = close(cli, session, args, &due, &mut begun).await;
    begun.end(&session.env.store).await?;
    ended
}

/// On a day on which nothing is closed the sources are read all the same, so that the counts of the closing day are there
/// even if the closing comes late.
async fn nothing_due(cli: &Cli, session: &Session, due: ClosingDue) -> anyhow::Result<Ending> {
    let syncs = pipeline::sync_enabled(session).await?;
    let ending = pipeline::synced(&syncs);
    if cli.json {
        json(&NothingDue { syncs, due })?;
    } else {
        pipeline::show_failed_syncs(session, &syncs).await;
        say(&format!("nothing to close today ({}): {}", due.day, due.why));
    }
    Ok(ending)
}

async fn close(
    cli: &Cli,
    session: &Session,
    args: &RunArgs,
    due: &ClosingDue,
    begun: &mut BegunClosing,
) -> anyhow::Result<Ending> {
    let (settings, month) = (&session.config.settings, begun.month);
    let syncs = pipeline::sync_enabled(session).await;
    tell(&due.why);
    let ended = match syncs {
        Ok(syncs) => pipeline::reconcile_and_report(cli, session, args, Some(month), syncs, Some(begun)).await,
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

/// Tells who expects the mail of closings that died, each once. One that cannot be told now is told at the next start.
pub(crate) async fn report_crashes(session: &Session) -> anyhow::Result<()> {
    if !session.is_directory() {
        return Ok(());
    }
    for begun in BegunClosing::list(&session.env.store).await? {
        tell(&format!("The closing of {} did not finish ({}): {}", begun.month, begun.step, crash_in_words(&begun)));
        match send_crash_mails(&session.env, &session.config.settings, &begun).await {
            Ok(mails) => {
                for mail in mails {
                    let what = pipeline::mail_in_words(session, &mail);
                    tell(&format!("Mail to `{}` about it: {what}", mail.group));
                }
            }
            Err(error @ AppError::MailGivenUp(_)) => tell(&error.to_string()),
            Err(error) => {
                tell(&format!("That could not be reported by mail: {error}"));
                continue;
            }
        }
        begun.end(&session.env.store).await?;
    }
    Ok(())
}
