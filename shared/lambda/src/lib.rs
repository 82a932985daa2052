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

use std::process::ExitCode;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use tracing::Instrument as _;
use truecount_app::Environment;

pub use environment::StartError;
pub use handlers::{HandlerError, NOT_RETRIED, on_reconcile, on_report, on_sync};

/// Runs a function: sets up logs and the backend once, then answers one event after the other with `handler`, which
/// gets the event and the runtime's deadline in milliseconds since 1970.
///
/// It ends only if it cannot start ([`StartError`]), or if the runtime cannot go on; the log says why.
pub async fn run<F>(function: &'static str, handler: F) -> ExitCode
where
    F: AsyncFn(&Environment, Value, u64) -> Result<Value, HandlerError>,
{
    logs::set_up(function);
    match serve(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // In the log alone: what `main` returned would be printed beside it, as no line of it.
            tracing::error!(%error, "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn serve<F>(handler: F) -> Result<(), Error>
where
    F: AsyncFn(&Environment, Value, u64) -> Result<Value, HandlerError>,
{
    let env = environment::from_variables(|name| std::env::var(name).ok())?;
    let env = &env;
    let handler = &handler;
    let answer = |event: LambdaEvent<Value>| {
        let span = logs::invocation(&event.context.request_id);
        let answered = async move {
            handler(env, event.payload, event.context.deadline).await.map_err(|error| {
                tracing::error!(error_type = error.name(), %error, "the invocation failed");
                Diagnostic { error_type: error.name().to_owned(), error_message: error.to_string() }
            })
        };
        answered.instrument(span)
    };
    lambda_runtime::run(service_fn(answer)).await
}
