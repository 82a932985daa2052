//! `truecount logs`: what the functions of a deployed stack logged, line by line as it is read. A data directory has no
//! log of its own; where its messages are is said instead.

use std::collections::BTreeSet;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use truecount_operator::executions::Execution;
use truecount_operator::inspector::AwsInspector;
use truecount_operator::logs::{LogError, LogLevel, LogLine, LogReader, LogWindow, LoggedFunction};
use truecount_operator::stack::StackResources;
use truecount_reports::sanitize;
use truecount_store::Run;

use crate::args::{Cli, FunctionArg, LevelArg, Location, LogsArgs};
use crate::open::{OpenBackend, Purpose, Target, open_backend};
use crate::output::{Ending, say, say_wrapped, tell};
use crate::runs::run_named;

/// How far back to look if nobody says.
const USUAL_HOURS: i64 = 24;

/// Where the further lines of a wrapped line begin.
const INDENT: usize = 6;

/// Executions and invocations that may belong to one run, with all its attempts.
const RELATED_MAX: usize = 10_000;

pub(crate) async fn logs(cli: &Cli, args: &LogsArgs) -> anyhow::Result<Ending> {
    if let Location::Directory(_) = args.backend.location()? {
        say_where_messages_are();
        return Ok(Ending::Clean);
    }
    let backend = open_backend(Purpose::Look, &args.backend).await?;
    let Target::Stack { resources, .. } = &backend.target else { anyhow::bail!("this is not a stack") };
    let inspector = inspector().await?;
    let wanted = wanted(args, &backend, &inspector, resources).await?;
    let functions = functions(args.function);
    let mut reader = LogReader::new(&inspector, &resources.functions, &functions, wanted.window());
    let mut related = wanted.related.clone();
    let is_wanted = |line: &LogLine, related: &mut Option<Related>| related.as_mut().is_none_or(|one| one.takes(line));
    let mut shown = 0_u64;
    while let Some(line) = reader.next().await.map_err(unreadable)? {
        if is_wanted(&line, &mut related) && line.level <= level(args.level) {
            shown += 1;
            show(cli, &line)?;
        }
    }
    if shown == 0 {
        tell(&nothing(args, &wanted));
    }
    Ok(Ending::Clean)
}

/// What a stack is asked with.
pub(crate) async fn inspector() -> anyhow::Result<AwsInspector> {
    Ok(AwsInspector::load(std::env::var("TRUECOUNT_ENDPOINT").ok().as_deref()).await?)
}

/// The error with what to do about it.
pub(crate) fn unreadable(error: LogError) -> anyhow::Error {
    let fix = error.fix();
    anyhow::anyhow!("{error}: {}; fix: {fix}", error.kind)
}

fn say_where_messages_are() {
    for line in [
        "A data directory keeps no log: what a command has to say, it says where it is started.",
        "`truecount runs why` says what became of the newest run that failed.",
        "Started by systemd: `journalctl -u truecount.service`. By cron: in the mail to MAILTO. By Windows: the exit code, as Last Run Result in Task Scheduler.",
    ] {
        say_wrapped(line, 0);
    }
}

/// Which lines are wanted.
struct Wanted {
    since: Timestamp,
    until: Option<Timestamp>,
    /// `None`: whatever they belong to.
    related: Option<Related>,
}

/// Executions, and invocations that belong to them or to a run.
#[derive(Clone, Default)]
pub(crate) struct Related {
    pub(crate) executions: BTreeSet<String>,
    requests: BTreeSet<String>,
}

impl Related {
    pub(crate) fn to_execution(name: &str) -> Self {
        Self { executions: [name.to_owned()].into(), requests: BTreeSet::new() }
    }

    /// Whether a line belongs here. Lambda's own lines name only the invocation: it is known by the line with which it
    /// began.
    pub(crate) fn takes(&mut self, line: &LogLine) -> bool {
        let is_of_execution = line.execution.as_ref().is_some_and(|name| self.executions.contains(name));
        let Some(request) = &line.request_id else { return is_of_execution };
        if is_of_execution && self.requests.len() < RELATED_MAX {
            self.requests.insert(request.clone());
        }
        is_of_execution || self.requests.contains(request)
    }
}

impl Wanted {
    fn window(&self) -> LogWindow<'static> {
        LogWindow { since: self.since, until: self.until, text: None }
    }
}

/// When the last line about an execution may have been written: what Lambda says of an invocation follows its end.
pub(crate) fn until(execution: &Execution) -> Option<Timestamp> {
    execution.ended.map(|ended| ended + SignedDuration::from_mins(15))
}

async fn wanted(
    args: &LogsArgs,
    backend: &OpenBackend,
    inspector: &AwsInspector,
    resources: &StackResources,
) -> anyhow::Result<Wanted> {
    let since = args.since.map(|since| Timestamp::now() - since);
    if let Some(execution) = &args.execution {
        let found = inspector.execution(&resources.state_machine, execution).await;
        let found =
            found.with_context(|| format!("looking for the execution `{execution}` (states:DescribeExecution)"))?;
        let (until, related) = (until(&found), Some(Related::to_execution(&found.name)));
        return Ok(Wanted { since: since.unwrap_or(found.began), until, related });
    }
    let Some(run_id) = &args.run else {
        let usual = || Timestamp::now() - SignedDuration::from_hours(USUAL_HOURS);
        return Ok(Wanted { since: since.unwrap_or_else(usual), until: None, related: None });
    };
    let run = run_named(&backend.env.store, run_id).await?;
    let related = related_to(inspector, resources, &run).await?;
    Ok(Wanted { since: since.unwrap_or_else(|| begin(&run)), until: None, related: Some(related) })
}

/// A run is of the moment at which its execution began. One that failed can be redriven for days.
fn begin(run: &Run) -> Timestamp {
    run.manifest.created_at - SignedDuration::from_hours(1)
}

/// The executions and invocations that name a run.
pub(crate) async fn related_to(
    inspector: &AwsInspector,
    resources: &StackResources,
    run: &Run,
) -> anyhow::Result<Related> {
    let window = LogWindow { since: begin(run), until: None, text: Some(&run.run_id) };
    let mut reader = LogReader::new(inspector, &resources.functions, &LoggedFunction::ALL, window);
    let mut related = Related::default();
    while let Some(line) = reader.next().await.map_err(unreadable)? {
        if related.requests.len() < RELATED_MAX {
            related.executions.extend(line.execution);
            related.requests.extend(line.request_id);
        }
    }
    Ok(related)
}

fn functions(wanted: Option<FunctionArg>) -> Vec<LoggedFunction> {
    match wanted {
        None => LoggedFunction::ALL.to_vec(),
        Some(FunctionArg::Sync) => vec![LoggedFunction::Sync],
        Some(FunctionArg::Reconcile) => vec![LoggedFunction::Reconcile],
        Some(FunctionArg::Report) => vec![LoggedFunction::Report],
    }
}

fn level(wanted: LevelArg) -> LogLevel {
    match wanted {
        LevelArg::Error => LogLevel::Error,
        LevelArg::Warn => LogLevel::Warn,
        LevelArg::Info => LogLevel::Info,
        LevelArg::Debug => LogLevel::Debug,
    }
}

fn show(cli: &Cli, line: &LogLine) -> anyhow::Result<()> {
    if !cli.json {
        say_wrapped(&in_words(line), INDENT);
        return Ok(());
    }
    if line.text.starts_with('{') && serde_json::from_str::<serde_json::Value>(&line.text).is_ok() {
        say(&line.text);
    } else {
        let timestamp = format!("{:.3}", line.at);
        let (level, function, message) = (line.level.as_str(), line.function, &line.message);
        let object =
            serde_json::json!({ "timestamp": timestamp, "level": level, "function": function, "message": message });
        say(&serde_json::to_string(&object)?);
    }
    Ok(())
}

/// A line for people: when, how bad, who, and what.
pub(crate) fn in_words(line: &LogLine) -> String {
    let at = line.at.strftime("%Y-%m-%d %H:%M:%S");
    let words = line.in_words();
    let said = sanitize::visible(&words);
    format!("{at}  {:<5}  {:<9}  {said}", line.level.as_str(), line.function.as_str())
}

fn nothing(args: &LogsArgs, wanted: &Wanted) -> String {
    let since = wanted.since.strftime("%Y-%m-%d %H:%M UTC");
    let level = match args.level {
        LevelArg::Debug => String::new(),
        level => format!(" of level {} or worse", self::level(level).as_str().to_lowercase()),
    };
    let of = match (&args.run, &args.execution) {
        (Some(run), _) => format!(" of the execution that made the run `{run}`"),
        (_, Some(execution)) => format!(" of the execution `{execution}`"),
        _ => String::new(),
    };
    format!(
        "The log has no line{level}{of} since {since}. `--since 7d` looks further back, `--level debug` at every line."
    )
}
