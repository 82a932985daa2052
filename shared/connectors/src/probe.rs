//! One harmless request to a source: whether the vendor is there, lets us in, and answers what we can read.
//! Deliberately absent: keeping the answer.

use crate::{
    fault::{ErrorKind, SourceError},
    http::{Http, Outcome},
    source::Source,
};

/// Makes the first of a source's requests, and only that.
///
/// # Errors
/// [`SourceError`], as a crawl would end with it.
pub async fn probe(source: &Source, http: &Http) -> Result<(), SourceError> {
    let Some(request) = source.start().into_iter().next() else { return Ok(()) };
    let failed = |cause| SourceError { during: request.stream.to_string(), account: request.account.clone(), cause };
    match http.ask(source, &request).await {
        Outcome::Page(page) => source.follow(&page).map(drop).map_err(|error| failed(error.into())),
        // The vendor let us in and refused this request only: the source knows others, or does without.
        Outcome::Instead(_) | Outcome::Without(_) => Ok(()),
        Outcome::OutOfTime => Err(failed(ErrorKind::Unreachable { host: http.host(), why: "no answer in time" })),
        Outcome::Failed(cause) => Err(failed(cause)),
    }
}
