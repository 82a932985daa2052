//! The built functions as processes under a stand-in of their runtime: the same month everywhere, killed anywhere,
//! triggered many times at once, against vendors that fail, and with a million items.
//!
//! `.ci/e2e` builds what these need, starts the emulator of S3, SSM and DynamoDB, and runs the ignored ones too.
//! `TRUECOUNT_E2E=cost` measures what a day and a closing ask for.
//! `TRUECOUNT_E2E=full` adds the sampled points of the whole sample month, and `full` or `load` the load test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::type_complexity,
    reason = "a test that cannot go on has failed"
)]

mod alarms;
mod backend;
mod between;
mod breaks;
mod cloud;
mod cost;
mod deadlines;
mod digest;
mod drill;
mod faults;
mod kills;
mod lambda;
mod load;
mod machine;
mod mailbox;
mod month;
mod operating;
mod policy;
mod rights;
mod roads;
mod stack;
mod triggers;
mod units;
mod whole;

/// Whether what takes long was asked for.
fn is_asked_for(level: &str) -> bool {
    std::env::var("TRUECOUNT_E2E").is_ok_and(|asked| asked == "full" || asked == level)
}

/// A figure, for people: on the test's output.
#[expect(clippy::print_stderr, reason = "the figures are what these tests are run for")]
fn say(figure: &str) {
    eprintln!("   {figure}");
}
