//! `truecount run --closing --when-due`, for a daily timer: closes the month that is due, or does nothing.

use truecount_app::{closing_due_now, send_failure_mails};

use crate::args::{Cli, RunArgs};
use crate::open::Session;
use crate::output::{Ending, json, say, tell};
use crate::pipeline;

pub(crate) async fn run(cli: &Cli, session: &Session, args: &RunArgs) -> anyhow::Result<Ending> {
    let settings = &session.config.settings;
    let due = closing_due_now(&session.env, &settings.closing).await?;
    let Some(month) = due.month.filter(|_| due.due) else {
        if cli.json {
            json(&due)?;
        } else {
            say(&format!("nothing to close today ({}): {}", due.day, due.why));
        }
        return Ok(Ending::Clean);
    };
    tell(&due.why);
    let stopped = match pipeline::run_all(cli, session, args, Some(month)).await {
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
