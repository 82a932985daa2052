//! What can go wrong at a vendor, to be switched on and off per source while it runs.

/// One way in which a vendor fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultProfile {
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
    /// The next page is said to be at this address; lists that clients page by number or id answer with a redirect
    /// to it.
    ForeignNextLink(String),
}

impl FaultProfile {
    /// The fault of a name such as `status_500`, for the command line.
    #[must_use]
    pub fn named(name: &str, foreign: &str) -> Option<Self> {
        Self::all(foreign).into_iter().find(|fault| fault.name() == name)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Status500 => "status_500",
            Self::UnauthorizedAfterPageOne => "unauthorized_after_page_one",
            Self::TooManyForEver => "too_many_for_ever",
            Self::CutBody => "cut_body",
            Self::HtmlWith200 => "html_with_200",
            Self::EmptyList => "empty_list",
            Self::RepeatedPage => "repeated_page",
            Self::ForeignNextLink(_) => "foreign_next_link",
        }
    }

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
