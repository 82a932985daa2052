//! `truecount mail test`: sends a short mail to each mail group the way a closing run does, and shows the outcome.

use serde::Serialize;
use truecount_app::MailGroup;
use truecount_platform::{Mail, MailError};

use crate::args::{Cli, MailArgs, MailCommand};
use crate::open::{Session, open};
use crate::output::{Ending, json, say_wrapped, tell};

/// The outcome of one group's mail.
#[derive(Serialize)]
struct TestedGroup {
    group: String,
    to: Vec<String>,
    outcome: Outcome,
    /// The mail server's answer, or why it was not sent.
    answer: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Sent,
    /// There is no mail server: it stays in the outbox.
    Kept,
    NotSent,
    Unknown,
}

pub(crate) async fn mail(cli: &Cli, args: &MailArgs) -> anyhow::Result<Ending> {
    let MailCommand::Test(test_args) = &args.command;
    let session = open(&args.backend).await?;
    let mut tried = Vec::new();
    for group in groups(&session, test_args.to.as_deref())? {
        tried.push(test(&session, group).await?);
    }
    if cli.json {
        json(&tried)?;
    } else {
        show(&tried);
    }
    let failed = tried.iter().filter(|one| !matches!(one.outcome, Outcome::Sent | Outcome::Kept)).count();
    if failed > 0 {
        anyhow::bail!("{failed} of {} test mails were not sent, or it is not known whether they were", tried.len());
    }
    Ok(Ending::Clean)
}

fn groups<'a>(session: &'a Session, wanted: Option<&str>) -> anyhow::Result<Vec<&'a MailGroup>> {
    let all = &session.config.settings.mail.groups;
    if all.is_empty() {
        anyhow::bail!("nobody receives mail: the settings have no [[mail.groups]]");
    }
    let groups: Vec<_> = all.iter().filter(|group| wanted.is_none_or(|wanted| group.id == wanted)).collect();
    if groups.is_empty() {
        let names: Vec<_> = all.iter().map(|group| format!("`{}`", group.id)).collect();
        anyhow::bail!(
            "there is no mail group `{}`; the settings have: {}",
            wanted.unwrap_or_default(),
            names.join(", ")
        );
    }
    Ok(groups)
}

async fn test(session: &Session, group: &MailGroup) -> anyhow::Result<TestedGroup> {
    let settings = &session.config.settings;
    let (from, at) = (settings.sender()?, session.env.clock.now());
    let mail = Mail {
        key: format!("test-{}-{}", at.as_second(), group.id),
        attempt: 1,
        from: from.to_owned(),
        to: group.to.clone(),
        raw: truecount_reports::test_email(from, &group.to, &group.id, at)?,
    };
    // A data directory without a mail server: the mail stays in the outbox.
    let is_kept =
        session.env.store.lease_mode() == truecount_store::LeaseMode::SingleProcess && settings.mail.smtp.is_none();
    let (outcome, answer) = match session.env.mailer.send(&mail).await {
        Ok(name) if is_kept => (Outcome::Kept, name),
        Ok(id) => (Outcome::Sent, id),
        Err(MailError::NotSent(why)) => (Outcome::NotSent, why.to_string()),
        Err(MailError::DeliveryUnknown(why)) => (Outcome::Unknown, why.to_string()),
    };
    Ok(TestedGroup { group: group.id.clone(), to: group.to.clone(), outcome, answer })
}

fn show(tried: &[TestedGroup]) {
    for one in tried {
        let answer = truecount_reports::sanitize::visible(&one.answer);
        let what = match one.outcome {
            Outcome::Sent => format!("sent ({answer})"),
            Outcome::Kept => format!("kept as outbox/{answer}"),
            Outcome::NotSent => format!("NOT SENT: {answer}"),
            Outcome::Unknown => format!("UNKNOWN whether it was sent: {answer}"),
        };
        say_wrapped(&format!("{} ({}): {what}", one.group, one.to.join(", ")), 2);
    }
    if tried.iter().any(|one| one.outcome == Outcome::Kept) {
        tell("The settings have no [mail.smtp]: mail is not sent, it stays in the outbox.");
    }
    if tried.iter().any(|one| one.outcome == Outcome::Sent) {
        tell("The mail server accepted it. Check the mailboxes, and their spam folders.");
    }
}
