//! Who may work on something now: a number that only grows, so that a worker who comes back late is refused.

use jiff::{Timestamp, ToSpan};
use truecount_platform::{CreateOutcome, Row, Table, TableError, Value};

use crate::AppError;

/// Seconds after a worker's deadline at which its lease can be taken: by then the runtime has ended it.
const GRACE_SECONDS: i64 = 3;

/// The right to work on one thing.
#[derive(Debug, Clone)]
pub struct Lease {
    name: String,
    /// Grows with every holder. Writes carry it.
    pub number: i64,
}

/// What asking for a lease gave.
#[derive(Debug)]
pub(crate) enum LeaseOutcome {
    /// It is ours.
    Held(Lease),
    /// Somebody else works on it.
    Busy,
}

/// Asks for the lease `name` until `deadline`. With `is_exclusive` a lease that is found belongs to a process that
/// died, and is taken.
///
/// # Errors
/// [`TableError`] if the table cannot be reached.
pub(crate) async fn acquire(
    table: &Table,
    name: &str,
    deadline: Timestamp,
    is_exclusive: bool,
) -> Result<LeaseOutcome, TableError> {
    let key = format!("LEASE#{name}");
    let now = Timestamp::now();
    let until = deadline.saturating_add(GRACE_SECONDS.seconds()).unwrap_or(deadline);
    let Some(row) = table.get(&key, "LEASE").await? else {
        return Ok(match table.put_new(row(&key, 1, until)).await? {
            CreateOutcome::Created => LeaseOutcome::Held(Lease { name: name.to_owned(), number: 1 }),
            CreateOutcome::AlreadyExists => LeaseOutcome::Busy,
        });
    };
    let number = row.number("lease").unwrap_or(0);
    let held_until = Timestamp::from_millisecond(row.number("until_ms").unwrap_or(0)).unwrap_or(Timestamp::MAX);
    if held_until > now && !is_exclusive {
        return Ok(LeaseOutcome::Busy);
    }
    let taken = table.put_if(self::row(&key, number + 1, until), "lease", &Value::Number(number)).await?;
    Ok(if taken { LeaseOutcome::Held(Lease { name: name.to_owned(), number: number + 1 }) } else { LeaseOutcome::Busy })
}

/// Refuses to go on if somebody else has meanwhile taken the lease.
///
/// # Errors
/// [`AppError::Fenced`]; [`AppError::Table`] if the table cannot be reached.
pub(crate) async fn hold(table: &Table, lease: &Lease) -> Result<(), AppError> {
    let row = table.get(&format!("LEASE#{}", lease.name), "LEASE").await?;
    let number = row.and_then(|row| row.number("lease"));
    if number == Some(lease.number) { Ok(()) } else { Err(AppError::Fenced(format!("`{}`", lease.name))) }
}

/// Gives the lease back. One that somebody else has meanwhile taken is left alone.
///
/// # Errors
/// [`TableError`] if the table cannot be reached; the lease then runs out by itself.
pub(crate) async fn release(table: &Table, lease: &Lease) -> Result<(), TableError> {
    let key = format!("LEASE#{}", lease.name);
    table.put_if(row(&key, lease.number, Timestamp::UNIX_EPOCH), "lease", &Value::Number(lease.number)).await?;
    Ok(())
}

fn row(key: &str, number: i64, until: Timestamp) -> Row {
    Row::new(key, "LEASE")
        .with("lease", Value::Number(number))
        .with("until_ms", Value::Number(until.as_millisecond()))
        // Tells two rows apart that are asked for at once with the same end.
        .with("noted_at", Value::Text(Timestamp::now().to_string()))
}
