//! The sync function: reads one source and commits what it reports today. Its events and answers are in `truecount_lambda`.

use std::process::ExitCode;

use truecount_lambda::{on_sync, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run("sync", on_sync).await
}
