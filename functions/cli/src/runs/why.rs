//! `truecount runs why`: on one screen, why a run failed and what to do next. A stack is asked for its executions and its
//! log; what is stored with the run is the same in a data directory.
//!
//! What cannot be looked at is said, and keeps nothing else from being shown.

use std::collections::VecDeque;

use anyhow::Context as _;
use jiff::Timestamp;
use serde::Serialize;
use truecount_operator::doctor::fix_of;
use truecount_operator::executions::{Execution, ExecutionFailure, Told};
use truecount_operator::inspector::AwsInspector;
use truecount_operator::logs::{LogLevel, LogReader, LogWindow, LoggedFunction};
use truecount_operator::stack::StackResources;
use truecount_reports::{FailedRun, after_failure};
use truecount_store::{Run, Store};

use super::run_named;
use super::stored::{self, RunFacts};
use crate::args::{BackendArgs, Cli};
use crate::logs::{self, Related};
use crate::open::{Purpose, Target, open_backend};
use crate::output::{Ending, counted, json, say_text};

/// Lines of the log that are shown, the last ones.
const LOG_LINES_MAX: usize = 12;

/// Executions of one run that are looked at: each attempt is one.
const EXECUTIONS_MAX: usize = 10;

/// What is known of a run that failed.
#[derive(Default, Serialize)]
struct Why {
    /// What is said first.
    summary: String,
    execution: Option<Execution>,
    failure: Option<ExecutionFailure>,
    /// Whether what failed was done since.
    is_mended: bool,
    run: Option<RunFacts>,
    /// Warnings and errors, the oldest first.
    log: Vec<String>,
    log_lines: usize,
    /// What could not be looked at, and why.
    unseen: Vec<String>,
    next: Vec<String>,
}

pub(super) async fn why(cli: &Cli, args: &BackendArgs, run_id: Option<&str>) -> anyhow::Result<Ending> {
    let backend = open_backend(Purpose::Look, args).await?;
    let (store, options) = (&backend.env.store, backend.target.options());
    let named = match run_id {
        Some(run_id) => Some(run_named(store, run_id).await?),
        None => None,
    };
    let mut why = Why::default();
    if let Target::Stack { resources, .. } = &backend.target {
        let inspector = logs::inspector().await?;
        of_execution(&mut why, &inspector, resources, named.as_ref()).await;
    }
    let run = match (named, &why.failure) {
        (Some(run), _) => Some(run),
        (None, Some(failure)) => match &failure.run_id {
            Some(run_id) => run_named(store, run_id).await.ok(),
            None => None,
        },
        (None, None) => stored::newest_unfinished(store).await?,
    };
    of_store(&mut why, store, run.as_ref(), run_id.is_some()).await?;
    what_next(&mut why, &options);
    match cli.json {
        true => json(&why)?,
        false => show(&why),
    }
    Ok(Ending::Clean)
}

/// The execution that made a run, else the newest that failed, with its failure and its log.
async fn of_execution(why: &mut Why, inspector: &AwsInspector, resources: &StackResources, run: Option<&Run>) {
    let found = match run {
        Some(run) => execution_of(inspector, resources, run).await,
        None => newest_failed(why, inspector, resources).await,
    };
    let execution = match found {
        Ok(Some(execution)) => execution,
        Ok(None) => return,
        Err(error) => return why.unseen.push(format!("executions: {error:#}")),
    };
    if execution.has_failed() {
        match inspector.execution_failure(&execution).await {
            Ok(failure) => why.failure = Some(failure),
            Err(kind) => {
                let fix = fix_of(&kind, "states:GetExecutionHistory");
                why.unseen.push(format!("the execution's history: {kind}; fix: {fix}"));
            }
        }
    }
    if let Err(error) = of_log(why, inspector, resources, &execution).await {
        why.unseen.push(format!("the log: {error:#}"));
    }
    why.execution = Some(execution);
}

async fn newest_failed(
    why: &mut Why,
    inspector: &AwsInspector,
    resources: &StackResources,
) -> anyhow::Result<Option<Execution>> {
    let listed = inspector.newest_executions(&resources.state_machine).await;
    let executions = listed.map_err(|kind| {
        let fix = fix_of(&kind, "states:ListExecutions");
        anyhow::anyhow!("{kind}; fix: {fix}")
    })?;
    let newest =
        executions.first().map(|one| format!("the newest began on {} and is {}", moment(one.began), one.status));
    let newest_status = executions.first().map(|one| one.status.clone());
    let count = executions.len();
    let failed = executions.into_iter().enumerate().find(|(_, one)| one.has_failed());
    why.summary = match (&failed, newest) {
        (_, None) => "The state machine has not run yet.".to_owned(),
        (None, Some(newest)) => {
            format!("Of the last {} none failed; {newest}.", counted(count, "execution", "executions"))
        }
        (Some((0, _)), _) => "The newest execution failed.".to_owned(),
        (Some((at, _)), Some(newest)) => {
            format!("{} did not fail; {newest}.", counted(*at, "newer execution", "newer executions"))
        }
    };
    // Of a failure before a month was known: see `of_store`.
    why.is_mended = matches!(failed, Some((1.., _))) && newest_status.as_deref() == Some("SUCCEEDED");
    Ok(failed.map(|(_, one)| one))
}

/// The execution that made a run: the newest whose functions named it.
async fn execution_of(
    inspector: &AwsInspector,
    resources: &StackResources,
    run: &Run,
) -> anyhow::Result<Option<Execution>> {
    let related = logs::related_to(inspector, resources, run).await?;
    let mut newest: Option<Execution> = None;
    for name in related.executions.iter().take(EXECUTIONS_MAX) {
        let found = inspector.execution(&resources.state_machine, name).await;
        let found = found.with_context(|| format!("the execution `{name}` (states:DescribeExecution)"))?;
        if newest.as_ref().is_none_or(|newest| newest.began < found.began) {
            newest = Some(found);
        }
    }
    Ok(newest)
}

/// The last warnings and errors that were logged in an execution.
async fn of_log(
    why: &mut Why,
    inspector: &AwsInspector,
    resources: &StackResources,
    execution: &Execution,
) -> anyhow::Result<()> {
    let window = LogWindow { since: execution.began, until: logs::until(execution), text: None };
    let mut reader = LogReader::new(inspector, &resources.functions, &LoggedFunction::ALL, window);
    let mut related = Related::to_execution(&execution.name);
    let mut last = VecDeque::new();
    while let Some(line) = reader.next().await.map_err(logs::unreadable)? {
        if related.takes(&line) && line.level <= LogLevel::Warn {
            why.log_lines += 1;
            last.push_back(logs::in_words(&line));
            if last.len() > LOG_LINES_MAX {
                last.pop_front();
            }
        }
    }
    why.log = last.into();
    Ok(())
}

/// What is stored with the run, and of closings that died.
async fn of_store(why: &mut Why, store: &Store, run: Option<&Run>, is_named: bool) -> anyhow::Result<()> {
    if let Some(run) = run {
        let facts = RunFacts::of(store, run).await?;
        if why.summary.is_empty() {
            why.summary = match (facts.is_finished, is_named) {
                (true, _) => format!("{} did not fail.", run.run_id),
                (false, true) => format!("{} is not finished.", run.run_id),
                (false, false) => "The newest run that is not finished:".to_owned(),
            };
        }
        why.run = Some(facts);
    }
    match &why.failure {
        Some(failure) if failure.is_draft => why.is_mended = false,
        Some(ExecutionFailure { month: Some(month), .. }) => why.is_mended = stored::is_closed(store, *month).await?,
        _ => {}
    }
    if let Some(begun) = stored::begun(store).await?.filter(|_| why.execution.is_none() && !is_named) {
        why.summary = begun;
    }
    if why.summary.is_empty() {
        why.summary = match stored::newest(store).await? {
            Some(run_id) => format!("No run failed; the newest is {run_id}."),
            None => "There is no run yet.".to_owned(),
        };
    }
    Ok(())
}

fn what_next(why: &mut Why, options: &str) {
    let unfinished = why.run.as_ref().filter(|run| !run.is_finished);
    let month = why.failure.as_ref().and_then(|failure| failure.month);
    let failed = match (&why.failure, unfinished) {
        (Some(failure), _) => Some(match (month, failure.is_draft) {
            (Some(month), true) => FailedRun::Draft(month),
            (Some(month), false) => FailedRun::Closing(month),
            (None, _) => FailedRun::Daily,
        }),
        (None, Some(run)) if run.closing.is_some() => Some(FailedRun::Closing(run.month)),
        (None, Some(run)) => Some(FailedRun::Draft(run.month)),
        (None, None) => None,
    };
    if why.is_mended {
        why.next.push("Nothing is left to do: what failed was done since.".to_owned());
    } else {
        why.next.extend(failed.map(|failed| after_failure(failed, options)));
    }
    let Some(execution) = &why.execution else { return };
    if why.failure.is_some() && !why.is_mended {
        why.next.push(format!(
            "For 14 days `aws stepfunctions redrive-execution --execution-arn {}` goes on at the step that failed.",
            execution.arn
        ));
    }
    why.next.push(format!("`truecount logs --execution {}{options}` shows all that it logged.", execution.name));
}

fn show(why: &Why) {
    let mut lines = vec![why.summary.clone()];
    if let Some(execution) = &why.execution {
        let ended = execution.ended.map(|ended| format!(", ended {}", moment(ended))).unwrap_or_default();
        lines.push(format!(
            "EXECUTION  {}: {}, began {}{ended}",
            execution.name,
            execution.status,
            moment(execution.began)
        ));
    }
    if let Some(failure) = &why.failure {
        lines.push(format!("STEP       {}", failure.step));
        let cause = [failure.error.as_str(), failure.cause.as_str()].into_iter().filter(|text| !text.is_empty());
        lines.push(format!("CAUSE      {}", cause.collect::<Vec<_>>().join(": ")));
        lines.push(format!("TOLD       {}", told(failure.told)));
    }
    if let Some(run) = &why.run {
        lines.extend(run.in_words());
    }
    if why.log_lines > 0 {
        let more = why.log_lines - why.log.len();
        let which = if more > 0 { format!(", the last {}", why.log.len()) } else { String::new() };
        lines.push(format!("LOG        {}{which}:", counted(why.log_lines, "warning or error", "warnings and errors")));
        lines.extend(why.log.iter().map(|line| format!("  {line}")));
    }
    lines.extend(why.unseen.iter().map(|what| format!("NOT SEEN   {what}")));
    lines.extend(why.next.iter().map(|what| format!("NEXT       {what}")));
    // Foreign text must not begin a line of its own.
    lines.iter().for_each(|line| say_text(&truecount_reports::sanitize::visible(line)));
}

fn told(told: Told) -> &'static str {
    match told {
        Told::Nobody => "nobody but the alarm",
        Told::Groups => "the mail groups, if a month was due",
        Told::AlarmAddress => "the alarm address: the mail to the groups failed, too",
    }
}

fn moment(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%Y-%m-%d %H:%M UTC")
}
