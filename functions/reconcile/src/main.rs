//! The reconcile function: compares a month's billed lines with its usage. Its events and answers are in `truecount_lambda`.

use std::process::ExitCode;

use truecount_lambda::{on_reconcile, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run("reconcile", on_reconcile).await
}
