//! `truecount mail test`: a short mail to each group by the way that a closing run's mail takes, and what became of it.

use serde::Serialize;
use truecount_app::MailGroup;
use truecount_platform::{Mail, MailError};

use crate::args::{Cli, MailArgs, MailCommand};
use crate::open::{Session, open};
use crate::output::{Ending, json, say, tell};

/// What became of one group's mail.
#[derive(Serialize)]
struct Tried {
    group: String,
    to: Vec<String>,
    outcome: Outcome,
    /// What the mail server said, or why it was not sent.
    said: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Sent,
    /// There is no mail server: it lies in the outbox.
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
        anyhow::bail!("{failed} of {} test mails did not go out, or nobody knows whether they did", tried.len());
    }
    Ok(Ending::Clean)
}

fn groups<'a>(session: &'a Session, wanted: Option<&str>) -> anyhow::Result<Vec<&'a MailGroup>> {
    let all = &session.config.settings.mail.groups;
    if all.is_empty() {
        anyhow::bail!("nobody gets mail: the settings have no [[mail.groups]]");
    }
    let groups: Vec<_> = all.iter().filter(|group| wanted.is_none_or(|wanted| group.id == wanted)).collect();
    if groups.is_empty() {
        let names: Vec<_> = all.iter().map(|group| format!("`{}`", group.id)).collect();
        anyhow::bail!("there is no mail group `{}`; there are: {}", wanted.unwrap_or_default(), names.join(", "));
    }
    Ok(groups)
}

async fn test(session: &Session, group: &MailGroup) -> anyhow::Result<Tried> {
    let settings = &session.config.settings;
    let (from, at) = (settings.sender()?, session.env.clock.now());
    let mail = Mail {
        key: format!("test-{}-{}", at.as_second(), group.id),
        attempt: 1,
        from: from.to_owned(),
        to: group.to.clone(),
        raw: truecount_reports::test_email(from, &group.to, &group.id, at)?,
    };
    // A folder of its own without a mail server: the mail stays in the outbox.
    let is_kept =
        session.env.store.lease_mode() == truecount_store::LeaseMode::SingleProcess && settings.mail.smtp.is_none();
    let (outcome, said) = match session.env.mailer.send(&mail).await {
        Ok(name) if is_kept => (Outcome::Kept, name),
        Ok(id) => (Outcome::Sent, id),
        Err(MailError::NotSent(why)) => (Outcome::NotSent, why.to_string()),
        Err(MailError::DeliveryUnknown(why)) => (Outcome::Unknown, why.to_string()),
    };
    Ok(Tried { group: group.id.clone(), to: group.to.clone(), outcome, said })
}

fn show(tried: &[Tried]) {
    for one in tried {
        let said = truecount_reports::sanitize::visible(&one.said);
        let what = match one.outcome {
            Outcome::Sent => format!("sent ({said})"),
            Outcome::Kept => format!("kept as outbox/{said}"),
            Outcome::NotSent => format!("NOT SENT: {said}"),
            Outcome::Unknown => format!("NOT KNOWN whether it was sent: {said}"),
        };
        say(&format!("{} ({}): {what}", one.group, one.to.join(", ")));
    }
    if tried.iter().any(|one| one.outcome == Outcome::Kept) {
        tell("The settings have no [mail.smtp], so mail goes to nobody: it stays in the outbox.");
    }
    if tried.iter().any(|one| one.outcome == Outcome::Sent) {
        tell("Accepted is not arrived: look into the mailboxes, and into their spam.");
    }
}
