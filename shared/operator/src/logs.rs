//! The log of a stack's functions, page by page and in the order of time, whichever function wrote a line.
//!
//! Deliberately absent: more than a page of each function in memory.

mod line;

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use truecount_platform::PortErrorKind;

use crate::aws_json::LOGS;
use crate::doctor::fix_of;
use crate::inspector::AwsInspector;
use crate::stack::FunctionNames;

pub use self::line::{LogLevel, LogLine};

/// Lines asked for at once.
const PAGE_LINES: u32 = 1_000;

/// Pages that are read of one function. CloudWatch answers empty ones, too, while it looks for more.
const PAGES_MAX: u32 = 100_000;

/// One of the functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoggedFunction {
    /// Reads sources.
    Sync,
    /// Compares.
    Reconcile,
    /// Writes and mails.
    Report,
}

impl LoggedFunction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sync, Self::Reconcile, Self::Report];

    /// Its name, as its own lines have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Reconcile => "reconcile",
            Self::Report => "report",
        }
    }

    /// The group that holds its log.
    #[must_use]
    pub fn group(self, names: &FunctionNames) -> String {
        let name = match self {
            Self::Sync => &names.sync,
            Self::Reconcile => &names.reconcile,
            Self::Report => &names.report,
        };
        format!("/aws/lambda/{name}")
    }
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("reading the log `{group}` (logs:FilterLogEvents)")]
pub struct LogError {
    /// The log group.
    pub group: String,
    /// Why.
    #[source]
    pub kind: PortErrorKind,
}

impl LogError {
    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        match self.kind {
            PortErrorKind::Missing(_) => "it is part of the stack: deploy the stack again".to_owned(),
            PortErrorKind::Throttled(_) => "wait a minute, or ask for less with `--since` or `--function`".to_owned(),
            _ => fix_of(&self.kind, "logs:FilterLogEvents"),
        }
    }
}

/// The part of the log that is wanted.
#[derive(Debug, Clone)]
pub struct LogWindow<'a> {
    /// From when on.
    pub since: Timestamp,
    /// Until when; `None`: until now.
    pub until: Option<Timestamp>,
    /// Only lines with this text in them.
    pub text: Option<&'a str>,
}

/// Reads lines of several functions, the oldest first.
pub struct LogReader<'a> {
    inspector: &'a AwsInspector,
    window: LogWindow<'a>,
    groups: Vec<GroupReader>,
}

/// The lines of one function that were read and not yet handed out.
struct GroupReader {
    function: LoggedFunction,
    group: String,
    lines: VecDeque<LogLine>,
    token: Option<String>,
    pages: u32,
    is_read: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageRequest<'a> {
    log_group_name: &'a str,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<&'a str>,
    limit: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    events: Vec<PageEvent>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct PageEvent {
    timestamp: i64,
    message: String,
}

impl<'a> LogReader<'a> {
    /// Asks for nothing yet.
    #[must_use]
    pub fn new(
        inspector: &'a AwsInspector,
        names: &FunctionNames,
        functions: &[LoggedFunction],
        window: LogWindow<'a>,
    ) -> Self {
        let reader = |function: &LoggedFunction| GroupReader {
            function: *function,
            group: function.group(names),
            lines: VecDeque::new(),
            token: None,
            pages: 0,
            is_read: false,
        };
        Self { inspector, window, groups: functions.iter().map(reader).collect() }
    }

    /// The next line; `None`: there are no more.
    ///
    /// # Errors
    /// [`LogError`] names the log that could not be read.
    pub async fn next(&mut self) -> Result<Option<LogLine>, LogError> {
        for group in &mut self.groups {
            while group.lines.is_empty() && !group.is_read {
                group.read_page(self.inspector, &self.window).await?;
            }
        }
        let first = |group: &GroupReader| group.lines.front().map(|line| line.at);
        let oldest = self.groups.iter_mut().filter(|group| !group.lines.is_empty()).min_by_key(|group| first(group));
        Ok(oldest.and_then(|group| group.lines.pop_front()))
    }
}

impl GroupReader {
    async fn read_page(&mut self, inspector: &AwsInspector, window: &LogWindow<'_>) -> Result<(), LogError> {
        let request = PageRequest {
            log_group_name: &self.group,
            start_time: window.since.as_millisecond(),
            end_time: window.until.map(Timestamp::as_millisecond),
            // In quotation marks a pattern is the text itself.
            filter_pattern: window.text.map(|text| format!("\"{}\"", text.replace('"', ""))),
            next_token: self.token.as_deref(),
            limit: PAGE_LINES,
        };
        let answered: Result<Page, _> = inspector.ask(LOGS, "FilterLogEvents", &request).await;
        let page = answered.map_err(|kind| LogError { group: self.group.clone(), kind })?;
        self.pages += 1;
        if self.pages >= PAGES_MAX && page.next_token.is_some() {
            let why = format!("{PAGES_MAX} pages were read, and there are more");
            return Err(LogError { group: self.group.clone(), kind: PortErrorKind::TooMuch(why.as_str().into()) });
        }
        self.is_read = page.next_token.is_none() || page.next_token == self.token;
        self.token = page.next_token;
        let line = |event: PageEvent| {
            let at = Timestamp::from_millisecond(event.timestamp).unwrap_or_default();
            LogLine::read(self.function, at, event.message)
        };
        self.lines = page.events.into_iter().map(line).collect();
        Ok(())
    }
}
