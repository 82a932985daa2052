//! `truecount run --closing --when-due`, for a daily timer: syncs, and closes the month that is due and ready, if one is;
//! else sends the short mails of the day. What it begins is noted, so that the next start tells of one that died.

use serde::Serialize;
use truecount_app::{
    AppError, ClosingDue, SyncAnswer, closing_due_now, closing_expected, crash_in_words, send_crash_mails,
    send_failure_mails, send_notices,
};
use truecount_reports::sanitize;
use truecount_store::BegunClosing;

use crate::args::{Cli, RunArgs, WhichRunArgs};
use crate::open::Session;
use crate::output::{Ending, json, say_wrapped, tell};
use crate::pipeline::{self, Stopped};

/// The answer on a day on which nothing is closed.
#[derive(Serialize)]
struct NothingClosed {
    syncs: Vec<SyncAnswer>,
    #[serde(flatten)]
    due: ClosingDue,
}

/// On a day on which nothing is closed the sources are read all the same, so that the counts of the closing day are there
/// even if the closing comes late.
pub(crate) async fn run(cli: &Cli, session: &Session, args: &RunArgs) -> anyhow::Result<Ending> {
    let expected = closing_expected(&session.env, &session.config.settings.closing).await?;
    let Some(month) = expected.month else {
        let syncs = pipeline::sync_enabled(session).await?;
        let due = closing_due_now(&session.env, &session.config).await?;
        return nothing_closed(cli, session, syncs, due).await;
    };
    let mut begun = BegunClosing { month, at: session.env.clock.now(), step: "sync".to_owned() };
    begun.note(&session.env.store).await?;
    let ended = close_or_wait(cli, session, args, &mut begun).await;
    begun.end(&session.env.store).await?;
    ended
}

/// Sends the short mails of the day, and says why nothing is closed.
async fn nothing_closed(
    cli: &Cli,
    session: &Session,
    syncs: Vec<SyncAnswer>,
    due: ClosingDue,
) -> anyhow::Result<Ending> {
    let ending = pipeline::synced(&syncs).max(if due.month.is_some() { Ending::NotRead } else { Ending::Clean });
    let sent = send_notices(&session.env, &session.config.settings, &due.notices).await;
    if cli.json {
        json(&NothingClosed { syncs, due })?;
    } else {
        pipeline::show_failed_syncs(session, &syncs).await;
        say_wrapped(&format!("nothing to close today ({}): {}", due.day, sanitize::visible(&due.why)), 2);
    }
    for mail in sent? {
        let what = pipeline::mail_in_words(session, &mail);
        tell(&format!("Mail to `{}` about the closing: {what}", mail.group));
    }
    Ok(ending)
}

/// Closes the month, if what it waits for was read, or its latest day has come.
async fn close_or_wait(
    cli: &Cli,
    session: &Session,
    args: &RunArgs,
    begun: &mut BegunClosing,
) -> anyhow::Result<Ending> {
    let stopped = match close(cli, session, args, begun).await {
        Ok(Closed::Ended(ending)) => return Ok(ending),
        Ok(Closed::Waits(syncs, due)) => return nothing_closed(cli, session, syncs, *due).await,
        Err(stopped) => stopped,
    };
    // Nobody watches a timer, so whoever expects the mail is told that it will not come.
    let settings = &session.config.settings;
    match send_failure_mails(&session.env, settings, begun.month, stopped.step, &stopped.to_string()).await {
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

/// What became of a month whose closing day has come.
enum Closed {
    /// It is closed.
    Ended(Ending),
    /// It waits for what was not read.
    Waits(Vec<SyncAnswer>, Box<ClosingDue>),
}

async fn close(cli: &Cli, session: &Session, args: &RunArgs, begun: &mut BegunClosing) -> Result<Closed, Stopped> {
    let syncs = pipeline::sync_enabled(session).await?;
    let asked = closing_due_now(&session.env, &session.config).await;
    let due = asked.map_err(|error| Stopped { step: "ask what is due", error: error.into() })?;
    if !due.due {
        return Ok(Closed::Waits(syncs, Box::new(due)));
    }
    tell(&sanitize::visible(&due.why));
    // Whether to wait was decided a moment ago.
    let which = WhichRunArgs { month: due.month, closing: true, early: false, incomplete: true, replace: None };
    let ended = pipeline::reconcile_and_report(cli, session, (&which, &args.mail), syncs, Some(begun)).await;
    ended.map(Closed::Ended)
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
