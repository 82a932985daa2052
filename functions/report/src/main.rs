//! The report function: writes a run's files and sends its mails. Its events and answers are in `truecount_lambda`.

use truecount_lambda::{Error, on_report, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(on_report).await
}
