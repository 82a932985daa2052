//! The report function: writes a run's files and its mail. Events and answers are in `truecount_app::lambda`.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use truecount_app::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::logs();
    let env = &lambda::environment()?;
    let answer = |event: LambdaEvent<Value>| async move {
        lambda::on_report(env, event.payload, event.context.deadline).await.map_err(Error::from)
    };
    lambda_runtime::run(service_fn(answer)).await
}
