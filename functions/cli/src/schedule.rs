//! `truecount run --closing --when-due`: what a timer starts every day. Closes the month that is due, or nothing.

use truecount_app::{closing_due_now, tell_failed};

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
    let stopped = match pipeline::whole(cli, session, args, Some(month)).await {
        Ok(ending) => return Ok(ending),
        Err(stopped) => stopped,
    };
    // Nobody watches a timer: whoever waits for the mail hears that it does not come.
    match tell_failed(&session.env, settings, month, stopped.step, &stopped.to_string()).await {
        Ok(mails) => {
            for mail in mails {
                tell(&format!("Mail to `{}` that the closing failed: {}", mail.group, mail.outcome.replace('_', " ")));
            }
        }
        Err(error) => tell(&format!("Nor could anybody be told by mail: {error}")),
    }
    Err(stopped.into())
}
