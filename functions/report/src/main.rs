//! The report function: writes a run's files and sends its mails. Its events and answers are in `truecount_lambda`.

use std::process::ExitCode;

use truecount_lambda::{on_report, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run("report", on_report).await
}
