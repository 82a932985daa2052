//! What the three Lambda functions share: their events and answers, the AWS backend from environment variables, logs,
//! metrics, and a deadline a little before the runtime's. Only the three `main`s link this crate.
//!
//! Deliberately absent: anything that decides about a month. That is in `truecount-app`, which does not know that it
//! runs in a function.

mod environment;
mod events;
mod handlers;
mod invocation;
mod logs;
mod metrics;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use truecount_app::Environment;

pub use environment::StartError;
pub use handlers::{HandlerError, NOT_RETRIED, on_reconcile, on_report, on_sync};
pub use lambda_runtime::Error;

/// Runs a function: sets up logs and the backend once, then answers one event after the other with `handler`, which
/// gets the event and the runtime's deadline in milliseconds since 1970.
///
/// # Errors
/// [`StartError`] if an environment variable is missing or wrong; what the runtime itself cannot go on after.
pub async fn run<F>(handler: F) -> Result<(), Error>
where
    F: AsyncFn(&Environment, Value, u64) -> Result<Value, HandlerError>,
{
    logs::set_up();
    // As text: what `main` returns is printed with `Debug`, which would show the variant and not the sentence.
    let env = environment::from_variables(|name| std::env::var(name).ok()).map_err(|error| error.to_string())?;
    let env = &env;
    let handler = &handler;
    let answer = |event: LambdaEvent<Value>| async move {
        handler(env, event.payload, event.context.deadline)
            .await
            .map_err(|error| Diagnostic { error_type: error.name().to_owned(), error_message: error.to_string() })
    };
    lambda_runtime::run(service_fn(answer)).await
}
