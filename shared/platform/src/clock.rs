//! The clock as a port, so that a test can set it. Deliberately absent: sleeping, and time zones.

use std::sync::Arc;

use jiff::Timestamp;

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// The clock of a piece of work that began at `began` (`None`: now): stopped there, so that all of it is of one day
    /// and one month, however long it takes.
    fn stopped_at(&self, began: Option<Timestamp>) -> FixedClock {
        FixedClock(began.unwrap_or_else(|| self.now()))
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that is stopped: that of a command or an execution, of a month that is tried out, of tests.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }

    /// As it was set: a month that is tried out begins at no other time.
    fn stopped_at(&self, _began: Option<Timestamp>) -> FixedClock {
        *self
    }
}

/// Error of a value of `TRUECOUNT_CLOCK` that is not a time.
#[derive(Debug, thiserror::Error)]
#[error("TRUECOUNT_CLOCK: `{text}` is not a time such as 2026-06-30T20:00:00Z")]
pub struct ClockVariableError {
    /// The value.
    text: String,
    /// What is wrong with it.
    #[source]
    source: jiff::Error,
}

/// The clock for a value of `TRUECOUNT_CLOCK`: stopped at that time, for trying out a month; without a value the
/// machine's.
///
/// # Errors
/// [`ClockVariableError`] if the value is not a time.
pub fn clock_from_variable(value: Option<String>) -> Result<Arc<dyn Clock>, ClockVariableError> {
    let Some(text) = value else { return Ok(Arc::new(SystemClock)) };
    match text.parse() {
        Ok(at) => Ok(Arc::new(FixedClock(at))),
        Err(source) => Err(ClockVariableError { text, source }),
    }
}
