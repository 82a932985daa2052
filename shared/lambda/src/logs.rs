//! Log lines on standard output, for CloudWatch: each is one JSON object with `timestamp`, `level`, `message` and
//! `function`, and, within an invocation, what its span holds: request id, execution, source, month and run. The first
//! line of a process has `cold_start`. A panic is such a line, too.
//!
//! `timestamp` and `level` have the names by which Lambda itself finds them.

use std::fmt;
use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde::Serializer as _;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Span, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Sets up the log at the level of `TRUECOUNT_LOG` (one word; `info` if it is missing or unknown). The level is that of
/// Truecount's own lines.
pub(crate) fn set_up(function: &'static str) {
    // A closed pipe must not stop a run.
    let lines = JsonLines::new(function, |line: &str| _ = write_line(line));
    let levels = filter(std::env::var("TRUECOUNT_LOG").ok().as_deref());
    if tracing_subscriber::registry().with(lines).with(levels).try_init().is_err() {
        tracing::debug!("logs were set up before");
    }
    std::panic::set_hook(Box::new(tell_panic));
}

/// The span of an invocation: its fields are on each of its lines, whatever the level.
pub(crate) fn invocation(request_id: &str) -> Span {
    let empty = tracing::field::Empty;
    tracing::error_span!("invocation", request_id, execution = empty, source = empty, month = empty, run = empty)
}

/// Notes what an event tells of its invocation, and that it begins: of one that is killed there is no other line.
pub(crate) fn begin(known: &[(&'static str, Option<&dyn fmt::Display>)]) {
    for (field, value) in known {
        if let Some(value) = value {
            Span::current().record(*field, tracing::field::display(value));
        }
    }
    tracing::info!("the invocation begins");
}

// Libraries only warn, whatever the level: their traces may hold requests and answers, and with them credentials.
fn filter(level: Option<&str>) -> Targets {
    let level = level.and_then(|word| word.parse().ok()).unwrap_or(LevelFilter::INFO);
    Targets::new().with_default(LevelFilter::WARN).with_target("truecount", level)
}

fn write_line(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}")
}

fn tell_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string);
    tracing::error!(panic = panic.payload_as_str(), at, "the function ended by a panic");
}

/// Writes each event as one line of JSON.
struct JsonLines<W> {
    function: &'static str,
    has_written: AtomicBool,
    write: W,
}

impl<W: Fn(&str)> JsonLines<W> {
    fn new(function: &'static str, write: W) -> Self {
        Self { function, has_written: AtomicBool::new(false), write }
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: Fn(&str) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Fields::default();
        line.set("timestamp", format!("{:.3}", Timestamp::now()).into());
        line.set("level", event.metadata().level().as_str().into());
        line.set("message", Value::Null);
        line.set("function", self.function.into());
        if !self.has_written.swap(true, Ordering::Relaxed) {
            line.set("cold_start", true.into());
        }
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                fields.0.iter().for_each(|(name, value)| line.set(name, value.clone()));
            }
        }
        event.record(&mut line);
        if let Ok(text) = line.to_json() {
            (self.write)(&text);
        }
    }
}

/// The fields of a span or of a line, in the order in which they were first set.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(one, _)| *one == name) {
            Some((_, held)) => *held = value,
            None => self.0.push((name, value)),
        }
    }

    fn to_json(&self) -> serde_json::Result<String> {
        let mut text = Vec::new();
        let fields = self.0.iter().map(|(name, value)| (name, value));
        serde_json::Serializer::new(&mut text).collect_map(fields)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// The lines that something writes, without their time.
    fn lines(write: impl FnOnce()) -> Vec<String> {
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&lines);
        let layer = JsonLines::new("sync", move |line: &str| kept.lock().unwrap().push(line.to_owned()));
        let subscriber = tracing_subscriber::registry().with(layer).with(filter(Some("warn")));
        tracing::subscriber::with_default(subscriber, write);
        let untimed = |line: &String| {
            let (time, rest) = line.strip_prefix(r#"{"timestamp":""#).unwrap().split_once(r#"","#).unwrap();
            assert!(time.parse::<Timestamp>().is_ok() && time.len() == "2026-06-30T20:00:00.123Z".len(), "{line}");
            format!("{{{rest}")
        };
        lines.lock().unwrap().iter().map(untimed).collect()
    }

    #[test]
    fn a_line_has_what_is_known_of_its_invocation() {
        let written = lines(|| {
            tracing::warn!("before");
            let span = invocation("8f5b");
            span.in_scope(|| {
                begin(&[("source", Some(&"rmm")), ("run", None)]);
                tracing::warn!(rows = 3, is_new = false, "unknown\nword");
                tracing::error!(source = "psa", error = %"no \"key\"", "not read");
                tracing::info!("below the level");
            });
            tracing::warn!("after");
        });
        assert_eq!(
            written,
            [
                r#"{"level":"WARN","message":"before","function":"sync","cold_start":true}"#,
                r#"{"level":"WARN","message":"unknown\nword","function":"sync","request_id":"8f5b","source":"rmm","rows":3,"is_new":false}"#,
                r#"{"level":"ERROR","message":"not read","function":"sync","request_id":"8f5b","source":"psa","error":"no \"key\""}"#,
                r#"{"level":"WARN","message":"after","function":"sync"}"#,
            ]
        );
    }

    #[test]
    fn a_panic_is_a_line_of_its_invocation() {
        let written = lines(|| {
            std::panic::set_hook(Box::new(tell_panic));
            let ended = std::panic::catch_unwind(|| invocation("8f5b").in_scope(|| panic!("out of paper")));
            drop(std::panic::take_hook());
            assert!(ended.is_err());
        });
        let [line] = &written[..] else { panic!("{written:?}") };
        assert!(line.contains(r#""level":"ERROR","message":"the function ended by a panic""#), "{line}");
        assert!(
            line.contains(r#""request_id":"8f5b","panic":"out of paper","at":"shared/lambda/src/logs.rs:"#),
            "{line}"
        );
    }

    #[test]
    fn libraries_only_warn_at_every_level() {
        for (level, expected) in [
            (None, "truecount=info,warn"),
            (Some("trace"), "truecount=trace,warn"),
            (Some("TRACE"), "truecount=trace,warn"),
            (Some("aws_smithy_runtime=trace"), "truecount=info,warn"),
        ] {
            assert_eq!(filter(level).to_string(), expected, "{level:?}");
        }
    }
}
