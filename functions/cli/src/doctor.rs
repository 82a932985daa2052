//! `truecount doctor`: what would go wrong at month-end, and how to fix it.

use std::path::Path;

use truecount_app::Config;
use truecount_embedded::BackendError;
use truecount_operator::cloud::Cloud;
use truecount_operator::doctor::{self, BackendUnderTest, Health, Line};
use truecount_operator::stack::StackError;
use truecount_platform::MailError;
use truecount_reports::sanitize;

use crate::args::{BackendArgs, Cli, DoctorArgs, Location};
use crate::open::{OpenBackend, Target, open_backend};
use crate::output::{Ending, json, say_wrapped, tell};

/// Where the text of a check begins.
const INDENT: usize = 9;

pub(crate) async fn doctor(cli: &Cli, args: &DoctorArgs) -> anyhow::Result<Ending> {
    let lines = check(&args.backend).await?;
    let worst = lines.iter().map(|line| line.health).max().unwrap_or(Health::Good);
    if cli.json {
        json(&lines)?;
    } else {
        lines.iter().for_each(show);
        let open = lines.iter().filter(|line| line.health != Health::Good).count();
        tell(&match open {
            0 => format!("{} checks, all in order.", lines.len()),
            1 => format!("{} checks, 1 to fix.", lines.len()),
            _ => format!("{} checks, {open} to fix.", lines.len()),
        });
    }
    Ok(match worst {
        Health::Good => Ending::Clean,
        Health::Advice => Ending::Exceptions,
        Health::Gap => Ending::NotReconciled,
        Health::Fault => Ending::Failed,
    })
}

/// All checks; that the backend cannot be opened is the only one then.
async fn check(args: &BackendArgs) -> anyhow::Result<Vec<Line>> {
    if let Location::Directory(data) = args.location()?
        && !data.is_dir()
    {
        return Ok(vec![no_directory(&data)]);
    }
    match open_backend(args).await {
        Ok(backend) => examine(&backend).await,
        Err(error) => Ok(vec![not_opened(error)?]),
    }
}

async fn examine(backend: &OpenBackend) -> anyhow::Result<Vec<Line>> {
    Ok(match &backend.target {
        Target::Directory(data) => {
            let mut lines = doctor::examine(&backend.env, BackendUnderTest::Folder(data)).await;
            lines.extend(mail_server(backend).await);
            lines
        }
        Target::Stack { resources, .. } => {
            let cloud = Cloud::find(std::env::var("TRUECOUNT_ENDPOINT").ok().as_deref()).await?;
            doctor::examine(&backend.env, BackendUnderTest::Stack(resources, &cloud)).await
        }
    })
}

/// Signs in to the mail server without sending a mail. Settings that cannot be read are a check of their own.
async fn mail_server(backend: &OpenBackend) -> Option<Line> {
    let config = Config::load(&*backend.env.config).await.ok()?;
    let server = backend.mail_server(&config)?;
    Some(match server.try_out().await {
        Ok(()) => Line::good("mail server", "accepts the sign-in, under TLS"),
        Err(MailError::NotSent(why) | MailError::Unknown(why)) => {
            let remedy =
                "correct [mail.smtp] in config/settings.toml, or the secret `smtp`; then `truecount mail test`";
            Line::bad(Health::Fault, "mail server", why, remedy)
        }
    })
}

fn no_directory(data: &Path) -> Line {
    let says = format!("there is no directory `{}`", data.display());
    let remedy = "name another with --data or a stack with --stack, or create one: `truecount init`";
    Line::bad(Health::Fault, "data directory", says, remedy)
}

fn not_opened(error: anyhow::Error) -> anyhow::Result<Line> {
    if let Some(error) = error.downcast_ref::<StackError>() {
        return Ok(doctor::not_found(error));
    }
    let remedy = match error.downcast_ref::<BackendError>() {
        Some(BackendError::InUse { .. }) => {
            "wait until that process ends; if it hangs, end it: what it has committed stays"
        }
        Some(_) => "give this user access to the directory, or name another with --data",
        None => return Err(error),
    };
    Ok(Line::bad(Health::Fault, "data directory", error.to_string(), remedy))
}

fn show(line: &Line) {
    let word = match line.health {
        Health::Good => "ok",
        Health::Advice => "advice",
        Health::Gap => "WARNING",
        Health::Fault => "ERROR",
    };
    let about = line.about.as_deref().map(|about| format!(" {about}")).unwrap_or_default();
    let text = format!("{word:<7}  {}{about}: {}", line.topic, line.says);
    say_wrapped(&sanitize::visible(&text), INDENT);
    if let Some(remedy) = &line.remedy {
        say_wrapped(&sanitize::visible(&format!("{:INDENT$}fix: {remedy}", "")), INDENT);
    }
}
