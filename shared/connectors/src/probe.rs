//! One harmless question to a source: whether the vendor is there, lets us in, and answers what we can read.
//! Deliberately absent: keeping the answer.

use crate::{
    connector::{Connector, read_page},
    fault::{ErrorKind, SourceError},
    http::{Http, Outcome},
    reading::SnapshotBuilder,
};

/// Asks the first of a connector's questions, and only that.
///
/// # Errors
/// [`SourceError`], as a crawl would end with it.
pub async fn probe(connector: &dyn Connector, http: &Http) -> Result<(), SourceError> {
    let Some(ask) = connector.start().into_iter().next() else { return Ok(()) };
    let fault = |cause| SourceError { during: ask.step.to_string(), account: ask.account.clone(), cause };
    match http.ask(connector, &ask).await {
        Outcome::Page(page) => {
            connector.follow(&page).map_err(|error| fault(error.into()))?;
            read_page(connector, &page, &mut SnapshotBuilder::of(connector)).map_err(|error| fault(error.into()))
        }
        // The vendor let us in and said no to this question only: the connector knows others.
        Outcome::Instead(_) => Ok(()),
        Outcome::OutOfTime => Err(fault(ErrorKind::Unreachable { host: http.host(), why: "no answer in time" })),
        Outcome::Failed(cause) => Err(fault(cause)),
    }
}
