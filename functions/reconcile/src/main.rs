//! The reconcile function: compares a month's billed lines with its usage. Its events and answers are in `truecount_lambda`.

use truecount_lambda::{Error, on_reconcile, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(on_reconcile).await
}
