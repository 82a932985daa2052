//! A harmless look at a source: whether the vendor is there, lets us in, and answers what we can read.
//! Deliberately absent: keeping the answer.

use crate::{
    fault::{ErrorKind, SourceError},
    http::{Http, Outcome},
    request::{Missing, Page},
    source::Source,
    stream::Rows,
};

/// How many requests at most: an address that anybody may ask for, a count, a list.
const REQUESTS_MAX: u32 = 3;

/// Makes the first of a source's requests. Where that is for no list (an address, a count) and does not show that the
/// credential may read, the one behind it, too.
///
/// # Errors
/// [`SourceError`], as a crawl would end with it.
pub async fn probe(source: &Source, http: &Http) -> Result<(), SourceError> {
    let mut next = source.start().into_iter().next();
    for _ in 0..REQUESTS_MAX {
        let Some(request) = next else { break };
        let failed =
            |cause| SourceError { during: request.stream.to_string(), account: request.account.clone(), cause };
        let page = match http.ask(source, &request).await {
            Outcome::Page(page) => *page,
            Outcome::Without(refusal) => Page::missing(request.clone(), Missing::Refused(refusal)),
            // The vendor let us in and refused this request only: the source knows another.
            Outcome::Instead(_) => break,
            Outcome::OutOfTime => {
                return Err(failed(ErrorKind::Unreachable { host: http.host(), why: "no answer in time" }));
            }
            Outcome::Failed(cause) => return Err(failed(cause)),
        };
        let follows = source.follow(&page).map_err(|error| failed(error.into()))?;
        let is_list = source.stream(&request.stream).is_some_and(|stream| stream.rows != Rows::Whole);
        next = follows.into_iter().next().filter(|_| !is_list);
    }
    Ok(())
}
