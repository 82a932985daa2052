//! `truecount baseline`: accepts the list that the MSP starts from, and shows what of it is still open.

use serde::Serialize;
use truecount_app::{AcceptedNow, BaselineRequest, accept_baseline};
use truecount_reports::{OpeningList, month, opening_list, sanitize};
use truecount_store::BaselineRecord;

use crate::args::{BaselineArgs, BaselineCommand, Cli, user};
use crate::open::{Session, look, open};
use crate::output::{Ending, counted, json, say_text, tell};
use crate::runs::newest_run;

/// What `baseline accept` answers.
#[derive(Serialize)]
struct Accepted<'a> {
    #[serde(flatten)]
    record: &'a BaselineRecord,
    already: bool,
}

/// What `baseline show` answers.
#[derive(Serialize)]
struct Shown<'a> {
    accepted: Option<&'a BaselineRecord>,
    /// What of it is still open; `None`: there is no run since.
    still_open: Option<&'a str>,
    /// What is new since.
    new_since: Option<&'a str>,
}

pub(crate) async fn baseline(cli: &Cli, args: &BaselineArgs) -> anyhow::Result<Ending> {
    match &args.command {
        BaselineCommand::Accept { run, note, by } => {
            let (run_id, note) = (run.clone(), note.clone());
            let request = BaselineRequest { run_id, actor: by.clone().unwrap_or_else(user), note };
            accept(cli, &open(&args.backend).await?, &request).await
        }
        BaselineCommand::Show => show(cli, &look(&args.backend).await?).await,
    }
}

async fn accept(cli: &Cli, session: &Session, request: &BaselineRequest) -> anyhow::Result<Ending> {
    let AcceptedNow { record, already, before } = accept_baseline(&session.env, &session.config, request).await?;
    if cli.json {
        json(&Accepted { record: &record, already })?;
        return Ok(Ending::Clean);
    }
    say_text(&told(&record));
    if already {
        tell("It was accepted before: nothing has changed.");
        return Ok(Ending::Clean);
    }
    if let Some(before) = before.filter(|before| before.month != record.month) {
        tell(&format!("It takes the place of the baseline of {}.", month(before.month)));
    }
    tell("The next runs show the totals, and tell what is new apart from this list.");
    Ok(Ending::Clean)
}

/// `Baseline of June 2026: 104 exceptions of run 2026-06-c1-1, accepted by kim on 2026-07-02 (looked through)`
fn told(record: &BaselineRecord) -> String {
    let note = if record.note.is_empty() { String::new() } else { format!(" ({})", record.note) };
    let told = format!(
        "Baseline of {}: {} of run {}, accepted by {} on {}{note}",
        month(record.month),
        counted(record.exceptions, "exception", "exceptions"),
        record.run_id,
        record.actor,
        record.accepted_on
    );
    sanitize::visible(&told).into_owned()
}

async fn show(cli: &Cli, session: &Session) -> anyhow::Result<Ending> {
    let record = BaselineRecord::current(&session.env.store).await?;
    let list = match &record {
        Some(_) => list_of_newest_run(session).await?,
        None => None,
    };
    if cli.json {
        let (still_open, new_since) = list.as_ref().map(|list| (list.opening.as_str(), list.new.as_str())).unzip();
        json(&Shown { accepted: record.as_ref(), still_open, new_since })?;
        return Ok(Ending::Clean);
    }
    let Some(record) = &record else {
        say_text("No baseline is accepted: each run is a first comparison. `truecount baseline accept` accepts one.");
        return Ok(Ending::Clean);
    };
    say_text(&told(record));
    match &list {
        Some(list) => say_text(&list.told()),
        None => say_text("No month after it was compared yet."),
    }
    Ok(Ending::Clean)
}

/// What the newest run says of the opening list; `None`: it came before the baseline, or is of its month.
async fn list_of_newest_run(session: &Session) -> anyhow::Result<Option<OpeningList>> {
    let Some(run) = newest_run(session, None).await?.filter(|run| run.outcome_sha256.is_some()) else {
        return Ok(None);
    };
    let header = truecount_app::header_of(&session.env, &run).await?;
    let report = truecount_app::run_report(&session.env, &run, &header).await?;
    Ok(opening_list(&report.exceptions, &report.earlier, &report.portfolio, header.month))
}
