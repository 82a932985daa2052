//! `truecount mail test`: sends a short mail to each mail group the way a closing run does, and shows the outcome. On a
//! stack its report function sends it: with the sender and the rights of the real mail, whoever asks.

use anyhow::Context;
use serde_json::json as event;
use truecount_app::{TestMail, TestMailState, send_test_mails};
use truecount_operator::function::Functions;

use crate::args::{BackendArgs, Cli, Location, MailArgs, MailCommand};
use crate::open::{Purpose, Target, open, open_backend};
use crate::output::{Ending, json, say_wrapped, tell};

pub(crate) async fn mail(cli: &Cli, args: &MailArgs) -> anyhow::Result<Ending> {
    let MailCommand::Test(test_args) = &args.command;
    let wanted = test_args.to.as_deref();
    let is_stack = matches!(args.backend.location()?, Location::Stack(_));
    let tried = if is_stack {
        by_function(&args.backend, wanted).await?
    } else {
        let session = open(&args.backend).await?;
        send_test_mails(&session.env, &session.config.settings, wanted).await?
    };
    if cli.json {
        json(&tried)?;
    } else {
        show(&tried, is_stack);
    }
    let failed = tried.iter().filter(|one| !matches!(one.state, TestMailState::Sent | TestMailState::Kept)).count();
    if failed > 0 {
        anyhow::bail!("{failed} of {} test mails were not sent, or it is not known whether they were", tried.len());
    }
    Ok(Ending::Clean)
}

/// Has the stack's report function send them.
async fn by_function(args: &BackendArgs, wanted: Option<&str>) -> anyhow::Result<Vec<TestMail>> {
    let backend = open_backend(Purpose::Look, args).await?;
    let Target::Stack { resources, .. } = &backend.target else { anyhow::bail!("this is not a stack") };
    let functions = Functions::load(std::env::var("TRUECOUNT_ENDPOINT").ok().as_deref()).await?;
    let report = &resources.functions.report;
    let mut answer = functions.invoke(report, &event!({ "test": { "to": wanted } })).await?;
    serde_json::from_value(answer["mails"].take())
        .with_context(|| format!("the function `{report}` is of another version; deploy the stack again"))
}

fn show(tried: &[TestMail], is_stack: bool) {
    for one in tried {
        let answer = truecount_reports::sanitize::visible(&one.answer);
        let what = match one.state {
            TestMailState::Sent => format!("sent ({answer})"),
            TestMailState::Kept => format!("kept as outbox/{answer}"),
            TestMailState::NotSent => format!("NOT SENT: {answer}"),
            TestMailState::Unknown => format!("UNKNOWN whether it was sent: {answer}"),
        };
        say_wrapped(&format!("{} ({}): {what}", one.group, one.to.join(", ")), 2);
        if let Some(fix) = &one.fix {
            say_wrapped(&truecount_reports::sanitize::visible(&format!("  fix: {fix}")), 2);
        }
    }
    if tried.iter().any(|one| one.state == TestMailState::Kept) {
        tell("The settings have no [mail.smtp]: mail is not sent, it stays in the outbox.");
    }
    if tried.iter().any(|one| one.state == TestMailState::Sent) {
        tell("The mail server accepted it. Check the mailboxes, and their spam folders.");
        if is_stack {
            tell("What SES does not deliver, such as to a suppressed address, it tells the alarm address.");
        }
    }
}
