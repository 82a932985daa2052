//! One line of a function's log: its own, or one of those that Lambda writes beside them.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::LoggedFunction;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// The function did not do what it was asked.
    Error,
    /// Something to look at.
    Warn,
    /// What happened.
    Info,
    /// What happens each time, such as that an invocation began.
    Debug,
}

impl LogLevel {
    /// As people read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "ERROR" => Self::Error,
            "WARN" => Self::Warn,
            "DEBUG" | "TRACE" => Self::Debug,
            _ => Self::Info,
        }
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// Whose it is.
    pub function: LoggedFunction,
    /// How much it matters.
    pub level: LogLevel,
    /// What it says.
    pub message: String,
    /// The invocation that wrote it.
    pub request_id: Option<String>,
    /// The execution of the state machine that the invocation is part of.
    pub execution: Option<String>,
    /// The run that it is about.
    pub run: Option<String>,
    /// What else it says, by name.
    pub fields: Vec<(String, String)>,
    /// The line itself.
    pub text: String,
}

/// What has a place of its own in a line, or is of no use to a reader.
const OWN: [&str; 7] = ["timestamp", "level", "message", "function", "request_id", "execution", "run"];

impl LogLine {
    /// Reads a line. What is neither the function's own nor Lambda's JSON is taken as it is.
    #[must_use]
    pub fn read(function: LoggedFunction, at: Timestamp, text: String) -> Self {
        let text = text.trim_end().to_owned();
        let object: Option<Map<String, Value>> = serde_json::from_str(&text).ok();
        let plain = |level, message| Self {
            at,
            function,
            level,
            message,
            request_id: None,
            execution: None,
            run: None,
            fields: Vec::new(),
            text: text.clone(),
        };
        match object {
            None => plain(level_of_text(&text), text.clone()),
            // A line of metrics.
            Some(object) if object.contains_key("_aws") => plain(LogLevel::Debug, "metrics".to_owned()),
            Some(object) if object.contains_key("record") => {
                let (level, message) = of_lambda(&object);
                let request_id = word(&object["record"], "requestId");
                Self { request_id, ..plain(level, message) }
            }
            Some(object) => {
                let own = |name| object.get(name).and_then(Value::as_str).map(str::to_owned);
                let level = own("level").map_or(LogLevel::Info, |level| LogLevel::of(&level));
                let others = object.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
                Self {
                    request_id: own("request_id"),
                    execution: own("execution"),
                    run: own("run"),
                    fields: others.map(|(name, value)| (name.clone(), shown(value))).collect(),
                    ..plain(level, own("message").unwrap_or_else(|| text.clone()))
                }
            }
        }
    }

    /// The line in words: what it says, and of what.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut words = self.message.clone();
        let error = self.fields.iter().find(|(name, _)| name == "error");
        if let Some((_, error)) = error {
            words.push_str(&format!(": {error}"));
        }
        let run = self.run.as_ref().map(|run| format!("run {run}"));
        let others = self.fields.iter().filter(|(name, _)| name != "error" && name != "error_type");
        let others = others.map(|(name, value)| match (name.as_str(), value.as_str()) {
            ("cold_start", _) => "first line of its container".to_owned(),
            (name, value) => format!("{} {value}", name.replace('_', " ")),
        });
        let about: Vec<_> = run.into_iter().chain(others).collect();
        if !about.is_empty() {
            words.push_str(&format!(" ({})", about.join(", ")));
        }
        words
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn word(record: &Value, name: &str) -> Option<String> {
    record[name].as_str().map(str::to_owned)
}

/// What Lambda says of an invocation: only that one did not end as it should matters.
fn of_lambda(object: &Map<String, Value>) -> (LogLevel, String) {
    let (kind, record) = (object.get("type").and_then(Value::as_str).unwrap_or_default(), &object["record"]);
    let step = kind.strip_prefix("platform.").unwrap_or(kind);
    let status = word(record, "status").filter(|status| status != "success");
    // `runtimeDone` says the same a line earlier.
    let Some(status) = status.filter(|_| matches!(step, "report" | "initReport")) else {
        return (LogLevel::Debug, format!("Lambda: {step}"));
    };
    let metrics = &record["metrics"];
    let number = |name: &str| metrics[name].as_number().map(ToString::to_string);
    let what = match status.as_str() {
        "timeout" => "Lambda ended the function: its time was up",
        _ => "the function ended without an answer, or with an error",
    };
    let mut details = Vec::new();
    details.extend(word(record, "errorType").map(|name| format!("error type {name}")));
    details.extend(number("durationMs").map(|milliseconds| format!("after {milliseconds} ms")));
    if let (Some(used), Some(size)) = (number("maxMemoryUsedMB"), number("memorySizeMB")) {
        details.push(format!("{used} of {size} MB used"));
    }
    let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
    (LogLevel::Error, format!("{what}{details}"))
}

/// Lambda's lines where its log is no JSON, and whatever else is printed.
fn level_of_text(text: &str) -> LogLevel {
    let is_usual = ["INIT_START ", "START ", "END ", "REPORT "].iter().any(|word| text.starts_with(word));
    let is_error =
        ["Task timed out", "Runtime exited", "Runtime.ExitError", "signal: "].iter().any(|word| text.contains(word));
    match (is_error, is_usual) {
        (true, _) => LogLevel::Error,
        (false, true) => LogLevel::Debug,
        (false, false) => LogLevel::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> LogLine {
        LogLine::read(LoggedFunction::Sync, Timestamp::UNIX_EPOCH, text.to_owned())
    }

    #[test]
    fn a_line_of_ours_is_taken_apart() {
        let line = read(
            r#"{"timestamp":"2026-06-30T20:00:00.123Z","level":"WARN","message":"unknown word","function":"sync","cold_start":true,"request_id":"8f5b","execution":"e1","source":"rmm","rows":3}"#,
        );
        assert_eq!(
            (line.level, line.request_id.as_deref(), line.execution.as_deref()),
            (LogLevel::Warn, Some("8f5b"), Some("e1"))
        );
        assert_eq!(line.in_words(), "unknown word (first line of its container, rows 3, source rmm)");
        let failed = read(
            r#"{"level":"ERROR","message":"the invocation failed","run":"2026-06-c1-1f","error_type":"Truecount.Denied","error":"access is denied"}"#,
        );
        assert_eq!(failed.in_words(), "the invocation failed: access is denied (run 2026-06-c1-1f)");
    }

    #[test]
    fn of_lambdas_lines_only_a_bad_end_matters() {
        for (text, level, words) in [
            (r#"{"time":"t","type":"platform.start","record":{"requestId":"8f5b"}}"#, LogLevel::Debug, "Lambda: start"),
            (
                r#"{"type":"platform.report","record":{"requestId":"8f5b","status":"success","metrics":{"durationMs":12.5}}}"#,
                LogLevel::Debug,
                "Lambda: report",
            ),
            (
                r#"{"type":"platform.report","record":{"requestId":"8f5b","status":"timeout","metrics":{"durationMs":900000.0,"memorySizeMB":512,"maxMemoryUsedMB":301}}}"#,
                LogLevel::Error,
                "Lambda ended the function: its time was up (after 900000.0 ms, 301 of 512 MB used)",
            ),
            (
                r#"{"type":"platform.report","record":{"requestId":"8f5b","status":"error","errorType":"Runtime.OutOfMemory","metrics":{}}}"#,
                LogLevel::Error,
                "the function ended without an answer, or with an error (error type Runtime.OutOfMemory)",
            ),
            (r#"{"_aws":{},"Stack":"prod"}"#, LogLevel::Debug, "metrics"),
            ("REPORT RequestId: 8f5b\tDuration: 12 ms\n", LogLevel::Debug, "REPORT RequestId: 8f5b\tDuration: 12 ms"),
            (
                "2026-06-30T20:00:00Z 8f5b Task timed out after 900.00 seconds",
                LogLevel::Error,
                "2026-06-30T20:00:00Z 8f5b Task timed out after 900.00 seconds",
            ),
            ("hello", LogLevel::Info, "hello"),
            ("[1]", LogLevel::Info, "[1]"),
        ] {
            let line = read(text);
            assert_eq!((line.level, line.in_words().as_str()), (level, words), "{text}");
            assert_eq!(line.request_id.is_some(), text.contains("requestId"), "{text}");
        }
    }
}
