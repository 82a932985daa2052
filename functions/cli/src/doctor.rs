//! `truecount doctor`: what would go wrong at month-end, and how to fix it.

use std::path::Path;

use truecount_app::Config;
use truecount_embedded::BackendError;
use truecount_operator::doctor::{self, CheckResult, CheckStatus, CheckedBackend};
use truecount_operator::inspector::AwsInspector;
use truecount_operator::name_servers::NameServers;
use truecount_operator::stack::StackError;
use truecount_platform::MailError;
use truecount_reports::sanitize;

use crate::args::{BackendArgs, Cli, DoctorArgs, Location};
use crate::open::{OpenBackend, Purpose, Target, open_backend};
use crate::output::{Ending, counted, json, say_wrapped, tell};

/// Where the text of a check begins.
const INDENT: usize = 9;

pub(crate) async fn doctor(cli: &Cli, args: &DoctorArgs) -> anyhow::Result<Ending> {
    let results = check(&args.backend).await?;
    let worst = results.iter().map(|result| result.status).max().unwrap_or(CheckStatus::Ok);
    if cli.json {
        json(&results)?;
    } else {
        results.iter().for_each(show);
        let open = results.iter().filter(|result| result.status != CheckStatus::Ok).count();
        let checks = counted(results.len(), "check", "checks");
        tell(&match open {
            0 => format!("{checks}, all in order."),
            _ => format!("{checks}, {open} to fix."),
        });
    }
    Ok(match worst {
        CheckStatus::Ok => Ending::Clean,
        CheckStatus::Advice => Ending::Exceptions,
        CheckStatus::Warning => Ending::NotRead,
        CheckStatus::Error => Ending::Failed,
    })
}

/// All checks; that the backend cannot be opened is the only one then.
async fn check(args: &BackendArgs) -> anyhow::Result<Vec<CheckResult>> {
    if let Location::Directory(data) = args.location()?
        && !data.is_dir()
    {
        return Ok(vec![no_directory(&data)]);
    }
    match open_backend(Purpose::Look, args).await {
        Ok(backend) => examine(&backend).await,
        Err(error) => Ok(vec![not_opened(error)?]),
    }
}

async fn examine(backend: &OpenBackend) -> anyhow::Result<Vec<CheckResult>> {
    Ok(match &backend.target {
        Target::Directory(data) => {
            let mut results = doctor::examine(&backend.env, CheckedBackend::Directory(data)).await;
            results.extend(mail_server(backend).await);
            results
        }
        Target::Stack { resources, .. } => {
            let inspector = AwsInspector::load(std::env::var("TRUECOUNT_ENDPOINT").ok().as_deref()).await?;
            let servers = NameServers::of_this_machine();
            doctor::examine(&backend.env, CheckedBackend::Stack(resources, &inspector, &servers)).await
        }
    })
}

/// Signs in to the mail server without sending a mail. Settings that cannot be read are a check of their own.
async fn mail_server(backend: &OpenBackend) -> Option<CheckResult> {
    let config = Config::load(&backend.env).await.ok()?;
    let server = backend.mail_server(&config)?;
    Some(match server.try_out().await {
        Ok(()) => CheckResult::ok("mail server", "accepts the sign-in, under TLS"),
        Err(MailError::NotSent(why) | MailError::DeliveryUnknown(why)) => {
            let fix = "correct [mail.smtp] in config/settings.toml, or the secret `smtp`; then `truecount mail test`";
            CheckResult::problem(CheckStatus::Error, "mail server", why.to_string(), fix)
        }
    })
}

fn no_directory(data: &Path) -> CheckResult {
    let message = format!("there is no directory `{}`", data.display());
    let fix = "name another with --data or a stack with --stack, or create one: `truecount init`";
    CheckResult::problem(CheckStatus::Error, "data directory", message, fix)
}

fn not_opened(error: anyhow::Error) -> anyhow::Result<CheckResult> {
    if let Some(error) = error.downcast_ref::<StackError>() {
        return Ok(doctor::stack_not_found(error));
    }
    if error.downcast_ref::<BackendError>().is_none() {
        return Err(error);
    }
    let fix = "give this user access to the directory, or name another with --data";
    Ok(CheckResult::problem(CheckStatus::Error, "data directory", error.to_string(), fix))
}

fn show(result: &CheckResult) {
    let word = match result.status {
        CheckStatus::Ok => "ok",
        CheckStatus::Advice => "advice",
        CheckStatus::Warning => "WARNING",
        CheckStatus::Error => "ERROR",
    };
    let about = result.about.as_deref().map(|about| format!(" {about}")).unwrap_or_default();
    // Several problems of a file are a line each.
    let message = result.message.replace('\n', "; ");
    let text = format!("{word:<7}  {}{about}: {message}", result.topic);
    say_wrapped(&sanitize::visible(&text), INDENT);
    if let Some(fix) = &result.fix {
        say_wrapped(&sanitize::visible(&format!("{:INDENT$}fix: {fix}", "")), INDENT);
    }
}
