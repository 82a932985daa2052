//! `doctor`: what would go wrong at month-end, and what to do about each.

use truecount_app::Config;
use truecount_embedded::BackendError;
use truecount_operator::cloud::Cloud;
use truecount_operator::doctor::{self, BackendUnderTest, Health, Line};
use truecount_operator::stack::StackError;
use truecount_platform::MailError;

use crate::args::Cli;
use crate::open::{Bare, Place, open_bare};
use crate::output::{Ending, indented, json, say, tell};

pub(crate) async fn doctor(cli: &Cli) -> anyhow::Result<Ending> {
    let lines = match open_bare(cli).await {
        _ if cli.stack.is_none() && !cli.data.is_dir() => {
            let says = format!("there is no folder `{}`", cli.data.display());
            let remedy = "name another with --data or a stack with --stack, or begin one: `truecount init`";
            vec![Line::bad(Health::Fault, "folder", says, remedy)]
        }
        Ok(bare) => examine(&bare).await?,
        Err(error) => vec![unopened(error)?],
    };
    let worst = lines.iter().map(|line| line.health).max().unwrap_or(Health::Good);
    if cli.json {
        json(&lines)?;
    } else {
        lines.iter().for_each(show);
        let open = lines.iter().filter(|line| line.health != Health::Good).count();
        tell(&format!("{} looked at, {open} to do.", lines.len()));
    }
    Ok(match worst {
        Health::Good => Ending::Clean,
        Health::Advice => Ending::Exceptions,
        Health::Gap => Ending::NotCompared,
        Health::Fault => Ending::Failed,
    })
}

async fn examine(bare: &Bare) -> anyhow::Result<Vec<Line>> {
    Ok(match &bare.place {
        Place::Folder(folder) => {
            let mut lines = doctor::examine(&bare.env, BackendUnderTest::Folder(folder)).await;
            lines.extend(mail_server(bare).await);
            lines
        }
        Place::Stack { home, .. } => {
            let cloud = Cloud::find(std::env::var("TRUECOUNT_ENDPOINT").ok().as_deref()).await?;
            doctor::examine(&bare.env, BackendUnderTest::Stack(home, &cloud)).await
        }
    })
}

/// Whether the mail server lets us in: without a mail. Settings that cannot be read have a line of their own.
async fn mail_server(bare: &Bare) -> Option<Line> {
    let config = Config::load(&*bare.env.config).await.ok()?;
    let server = bare.mail_server(&config)?;
    Some(match server.try_out().await {
        Ok(()) => Line::good("mail server", "lets us in, under TLS"),
        Err(MailError::NotSent(why) | MailError::Unknown(why)) => {
            let remedy = "mend [mail.smtp] in config/settings.toml, or the secret `smtp`; then `truecount mail test`";
            Line::bad(Health::Fault, "mail server", why, remedy)
        }
    })
}

/// Why the home could not be opened is the first thing to do.
fn unopened(error: anyhow::Error) -> anyhow::Result<Line> {
    if let Some(error) = error.downcast_ref::<StackError>() {
        return Ok(doctor::not_found(error));
    }
    match error.downcast_ref::<BackendError>() {
        Some(BackendError::InUse { .. }) => {
            let remedy = "let that process end; if it hangs, end it: what it had done stays done";
            Ok(Line::bad(Health::Fault, "folder", error.to_string(), remedy))
        }
        Some(_) => {
            let remedy = "give this user the right to the folder, or name another with --data";
            Ok(Line::bad(Health::Fault, "folder", error.to_string(), remedy))
        }
        None => Err(error),
    }
}

fn show(line: &Line) {
    let word = match line.health {
        Health::Good => "good",
        Health::Advice => "advice",
        Health::Gap => "GAP",
        Health::Fault => "FAULT",
    };
    let about = line.about.as_deref().map(|about| format!(" {about}")).unwrap_or_default();
    say(&indented(&format!("{word:<7} {}{about}: {}", line.topic, line.says)));
    if let Some(remedy) = &line.remedy {
        say(&indented(&format!("          do: {remedy}")));
    }
}
