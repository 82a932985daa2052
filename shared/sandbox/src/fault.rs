//! What can go wrong at a vendor, to be switched on and off per source while it runs.

/// One way in which a vendor fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens: the connection is refused.
    Refused,
    /// Every call is answered with 500.
    Status500,
    /// The first data call is answered, every later one with 401, whatever token it brings.
    UnauthorizedAfterPageOne,
    /// Every data call is answered with 429 and `Retry-After: 1`.
    TooManyForEver,
    /// Bodies end in the middle.
    CutBody,
    /// A login page with status 200.
    HtmlWith200,
    /// The lists of items (devices, licences, subscriptions, agreements) are empty, with status 200.
    EmptyList,
    /// Every page is the first page, and says that there are more.
    RepeatedPage,
    /// The next page is said to be at this address; vendors without next links answer with a redirect to it.
    ForeignNextLink(String),
}

impl Fault {
    /// One of each, the foreign link pointing to `foreign`.
    #[must_use]
    pub fn all(foreign: &str) -> Vec<Self> {
        vec![
            Self::Refused,
            Self::Status500,
            Self::UnauthorizedAfterPageOne,
            Self::TooManyForEver,
            Self::CutBody,
            Self::HtmlWith200,
            Self::EmptyList,
            Self::RepeatedPage,
            Self::ForeignNextLink(foreign.to_owned()),
        ]
    }
}
