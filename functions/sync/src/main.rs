//! The sync function: reads one source and commits what it reports today. Its events and answers are in `truecount_lambda`.

use truecount_lambda::{Error, on_sync, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(on_sync).await
}
