//! How lists go on: one library of the ways that vendors have. A list ends by the vendor's own word (a link, a total, or
//! an empty page where nothing else is said), never because a page is shorter than it was asked for.
//!
//! Pure: the engine refuses a request that was made before, these refuse one that cannot be meant.

use serde_json::value::RawValue;
use url::{Url, form_urlencoded};

use crate::{
    endpoint::{origin_text, same_origin},
    envelope::{at, count_at, text_at},
    error::PageError,
    fault::ErrorKind,
    request::{Page, Request},
};

/// How a list's pages follow each other. Names of parameters are those of the query, or of the body of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// One answer is the list.
    None,
    /// Pages are numbered.
    Number {
        /// The parameter with the number.
        parameter: &'static str,
        /// The first page's number.
        first: u32,
        /// The parameter with the number of rows, and how many to ask for.
        size: Option<(&'static str, u32)>,
        /// By what the list ends.
        end: End,
    },
    /// Rows are counted.
    Offset {
        /// The parameter with the number of rows to skip.
        parameter: &'static str,
        /// The parameter with the number of rows, and how many to ask for.
        size: Option<(&'static str, u32)>,
        /// By what the list ends.
        end: End,
    },
    /// The answer has a word to go on with; without one it is the last.
    Cursor {
        /// The parameter for it.
        parameter: &'static str,
        /// Where the answer has it, as a JSON pointer.
        at: &'static str,
    },
    /// The list goes on after an id, and ends with an empty page.
    LastId {
        /// The parameter for the id.
        parameter: &'static str,
        /// The parameter with the number of rows, and how many to ask for.
        size: Option<(&'static str, u32)>,
    },
    /// The answer has a link to go on with; without one it is the last.
    NextUrl {
        /// Where the answer has it, as a JSON pointer.
        at: &'static str,
    },
    /// The header `Link` has it, with `rel="next"`; without one the answer is the last.
    LinkHeader,
}

/// By what a list of numbered pages or counted rows ends. An empty page always ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By an empty page, or with the last row where the vendor was asked first how many there are.
    EmptyPage,
    /// By the number of pages, at this pointer.
    Pages(&'static str),
    /// By the number of rows, at this pointer.
    Rows(&'static str),
    /// By a word that says whether there is more, at this pointer.
    More(&'static str),
    /// By the header `Link`; where an answer has none, as [`End::EmptyPage`].
    LinkHeader,
}

/// Where a list goes on.
pub(crate) enum Next {
    /// Nowhere: it ends.
    End,
    /// With these parameters.
    With(Vec<(&'static str, String)>),
    /// At this link.
    At(String),
}

impl Paging {
    /// The parameters of the first request.
    pub(crate) fn first(self) -> Vec<(&'static str, String)> {
        let sized = |size: Option<(&'static str, u32)>| size.map(|(name, rows)| (name, rows.to_string()));
        match self {
            Self::Number { parameter, first, size, .. } => {
                sized(size).into_iter().chain([(parameter, first.to_string())]).collect()
            }
            Self::Offset { parameter, size, .. } => {
                sized(size).into_iter().chain([(parameter, "0".to_owned())]).collect()
            }
            Self::LastId { size, .. } => sized(size).into_iter().collect(),
            Self::None | Self::Cursor { .. } | Self::NextUrl { .. } | Self::LinkHeader => vec![],
        }
    }

    /// Where the list goes on after an answer with these rows. `id` is where a row has its id.
    pub(crate) fn next(self, page: &Page, rows: &[&RawValue], id: Option<&str>) -> Result<Next, PageError> {
        let wrong = |why: String| PageError::of_answer(&*page.request.stream, why);
        let read = page.request.rows_before + rows.len() as u64;
        let sized = |size: Option<(&'static str, u32)>, next: (&'static str, String)| {
            Next::With(size.map(|(name, rows)| (name, rows.to_string())).into_iter().chain([next]).collect())
        };
        let link = |link: Option<&String>| match link {
            Some(link) if !link.is_empty() => Next::At(link.clone()),
            _ => Next::End,
        };
        match self {
            Self::None => Ok(Next::End),
            Self::Number { parameter, first, size, end } => {
                let number = first.saturating_add(page.request.page).saturating_add(1);
                let read_pages = u64::from(page.request.page) + 1;
                match end.is_reached(page, rows.len(), read, read_pages).map_err(wrong)? {
                    Reached::Yes => Ok(Next::End),
                    Reached::No => Ok(sized(size, (parameter, number.to_string()))),
                    Reached::Link(target) => Ok(Next::At(target)),
                }
            }
            Self::Offset { parameter, size, end } => {
                match end.is_reached(page, rows.len(), read, u64::from(page.request.page) + 1).map_err(wrong)? {
                    Reached::Yes => Ok(Next::End),
                    Reached::No => Ok(sized(size, (parameter, read.to_string()))),
                    Reached::Link(target) => Ok(Next::At(target)),
                }
            }
            Self::Cursor { parameter, at } => Ok(match text_at(&page.body, at).map_err(wrong)? {
                Some(cursor) => Next::With(vec![(parameter, cursor)]),
                None => Next::End,
            }),
            Self::LastId { parameter, size } => match last_id(page, rows, parameter, id).map_err(wrong)? {
                Some(last) => Ok(sized(size, (parameter, last))),
                None => Ok(Next::End),
            },
            Self::NextUrl { at } => Ok(link(text_at(&page.body, at).map_err(wrong)?.as_ref())),
            Self::LinkHeader => Ok(link(page.link.as_ref())),
        }
    }

    /// Whether a row can be skipped or come twice because others were inserted or removed before it.
    pub(crate) fn can_shift(self) -> bool {
        matches!(self, Self::Number { .. } | Self::Offset { .. })
    }

    /// The pointer of the vendor's own total of rows, where the end is told by it.
    pub(crate) fn total(self) -> Option<&'static str> {
        match self {
            Self::Number { end: End::Rows(at), .. } | Self::Offset { end: End::Rows(at), .. } => Some(at),
            _ => None,
        }
    }
}

enum Reached {
    Yes,
    No,
    Link(String),
}

impl End {
    fn is_reached(self, page: &Page, rows: usize, read: u64, read_pages: u64) -> Result<Reached, String> {
        let due = |at: &'static str| {
            count_at(&page.body, at)?.ok_or_else(|| format!("does not say at `{at}` how long the list is"))
        };
        let yes_if = |reached: bool| if reached { Reached::Yes } else { Reached::No };
        let is_empty = rows == 0;
        let is_last = is_empty || page.request.total == Some(read);
        Ok(match self {
            Self::EmptyPage => yes_if(is_last),
            // A total without rows to it would be followed for ever: the list is compared with its total afterwards.
            Self::Pages(at) => yes_if(due(at)? <= read_pages || is_empty),
            Self::Rows(at) => yes_if(due(at)? <= read || is_empty),
            Self::More(at) => match self::at(&page.body, at)? {
                Some("true") => yes_if(is_empty),
                Some("false") => Reached::Yes,
                _ => return Err(format!("does not say at `{at}` whether there is more")),
            },
            Self::LinkHeader => match page.link.as_deref() {
                Some("") => Reached::Yes,
                Some(link) => Reached::Link(link.to_owned()),
                None => yes_if(is_last),
            },
        })
    }
}

/// The id to go on after; `None`: the page is empty. Ids that are numbers must rise and lie after the one that was asked
/// for.
fn last_id(page: &Page, rows: &[&RawValue], parameter: &str, id: Option<&str>) -> Result<Option<String>, String> {
    let Some(id) = id else { return Err("cannot go on: its rows have no id".into()) };
    let mut last = parameter_of(&page.request, parameter);
    if rows.is_empty() {
        return Ok(None);
    }
    for row in rows {
        let next =
            text_at(row.get(), id)?.ok_or_else(|| format!("has a row without `{}`", id.trim_start_matches('/')))?;
        if let (Some(Ok(before)), Ok(now)) = (last.as_deref().map(str::parse::<i64>), next.parse::<i64>())
            && now <= before
        {
            return Err("is not in order: an id does not lie after the one before it".into());
        }
        last = Some(next);
    }
    Ok(last)
}

fn parameter_of(request: &Request, parameter: &str) -> Option<String> {
    let (_, query) = request.target.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == parameter).map(|(_, value)| value.into_owned())
}

/// The URL of a target: below the base, or a link of the vendor's own on the base's scheme, host and port.
pub(crate) fn resolve(base: &Url, target: &str) -> Result<Url, ErrorKind> {
    if target.starts_with('/') {
        let text = format!("{}{target}", base.as_str().trim_end_matches('/'));
        let url = Url::parse(&text).map_err(|_| ErrorKind::BadLink)?;
        return if same_origin(base, &url) { Ok(url) } else { Err(ErrorKind::BadLink) };
    }
    let url = Url::parse(target).map_err(|_| ErrorKind::BadLink)?;
    if !same_origin(base, &url) || !url.username().is_empty() || url.password().is_some() {
        return Err(ErrorKind::ForeignLink { host: origin_text(&url) });
    }
    Ok(url)
}

/// The target with `rel="next"` of `Link` headers (RFC 8288); empty: there are links, and none is the next.
pub(crate) fn next_link<'a>(headers: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut found = None;
    for header in headers {
        found.get_or_insert_with(String::new);
        let mut rest = header;
        while let Some((_, after)) = rest.split_once('<') {
            let Some((target, parameters)) = after.split_once('>') else { break };
            // A comma within quotes ends no link; a `<` begins the next one.
            let end = parameters.find('<').unwrap_or(parameters.len());
            let is_next = parameters[..end].split(';').any(|parameter| {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                let value = value.trim().trim_end_matches(',').trim().trim_matches('"');
                name.trim().eq_ignore_ascii_case("rel")
                    && value.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("next"))
            });
            if is_next {
                return Some(target.trim().to_owned());
            }
            rest = &parameters[end..];
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_with_the_source() {
        let base = Url::parse("https://psa.example.test/v4_6_release/apis/3.0/").unwrap();
        let resolved = |target: &str| resolve(&base, target).map(String::from).map_err(|cause| cause.to_string());
        assert_eq!(
            resolved("/finance/agreements?page=2"),
            Ok("https://psa.example.test/v4_6_release/apis/3.0/finance/agreements?page=2".into())
        );
        assert_eq!(
            resolved("//evil.example/x"),
            Ok("https://psa.example.test/v4_6_release/apis/3.0//evil.example/x".into())
        );
        assert_eq!(resolved("https://psa.example.test/x?y"), Ok("https://psa.example.test/x?y".into()));
        for foreign in [
            "https://evil.example/",
            "http://psa.example.test/",
            "https://psa.example.test:444/",
            "https://psa.example.test.evil.example/",
            "https://user@psa.example.test/",
            "https://psa.example.test@evil.example/",
        ] {
            assert!(matches!(resolve(&base, foreign), Err(ErrorKind::ForeignLink { .. })), "{foreign}");
        }
        for none in ["", "users?x=1", "\\\\evil.example"] {
            assert_eq!(resolve(&base, none), Err(ErrorKind::BadLink), "{none}");
        }
    }

    /// What follows an answer, as text.
    fn follows(paging: Paging, request: Request, body: &str, link: Option<&str>) -> Result<String, String> {
        let page = Page { link: link.map(str::to_owned), ..Page::new(request, body) };
        let rows = crate::envelope::rows(body, "/r").unwrap();
        match paging.next(&page, &rows, Some("/id")).map_err(|error| error.to_string())? {
            Next::End => Ok("end".into()),
            Next::With(parameters) => {
                Ok(parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&"))
            }
            Next::At(link) => Ok(link),
        }
    }

    fn first() -> Request {
        Request::new("things", "/things?after=2")
    }

    fn second() -> Request {
        Request { page: 1, rows_before: 3, ..first() }
    }

    const TWO: &str = r#"{"r":[{"id":3},{"id":4}],"n":5,"p":2,"more":true,"next":"/things?c=9","cursor":"9"}"#;
    const NONE: &str = r#"{"r":[],"n":5,"p":9,"more":true}"#;

    #[test]
    fn a_list_ends_by_the_vendor_s_word_only() {
        let size = Some(("size", 100));
        let numbered = |end| Paging::Number { parameter: "page", first: 1, size, end };
        let offset = |end| Paging::Offset { parameter: "skip", size, end };
        let check = |paging, request, body, expected: &str| {
            assert_eq!(follows(paging, request, body, None).as_deref(), Ok(expected), "{paging:?} {body}");
        };
        check(numbered(End::EmptyPage), first(), TWO, "size=100&page=2");
        check(numbered(End::EmptyPage), second(), TWO, "size=100&page=3");
        check(numbered(End::EmptyPage), second(), NONE, "end");
        check(numbered(End::Pages("/p")), first(), TWO, "size=100&page=2");
        check(numbered(End::Pages("/p")), second(), TWO, "end");
        check(numbered(End::Pages("/p")), first(), NONE, "end");
        check(offset(End::Rows("/n")), first(), TWO, "size=100&skip=2");
        check(offset(End::Rows("/n")), second(), TWO, "end");
        check(offset(End::Rows("/n")), first(), NONE, "end");
        check(offset(End::More("/more")), second(), TWO, "size=100&skip=5");
        check(offset(End::More("/more")), first(), NONE, "end");
        check(Paging::None, first(), TWO, "end");
        check(Paging::NextUrl { at: "/next" }, first(), TWO, "/things?c=9");
        check(Paging::NextUrl { at: "/next" }, first(), NONE, "end");
        check(Paging::Cursor { parameter: "c", at: "/cursor" }, first(), TWO, "c=9");
        check(Paging::Cursor { parameter: "c", at: "/cursor" }, first(), NONE, "end");
        check(Paging::LastId { parameter: "after", size }, first(), TWO, "size=100&after=4");
        check(Paging::LastId { parameter: "after", size }, first(), NONE, "end");
        check(Paging::LinkHeader, first(), TWO, "end");
    }

    #[test]
    fn a_link_header_is_believed_where_there_is_one() {
        let paging = Paging::Number { parameter: "page", first: 1, size: None, end: End::LinkHeader };
        let link = Some("https://v.example/things?page=2");
        assert_eq!(follows(paging, first(), TWO, link).as_deref(), Ok("https://v.example/things?page=2"));
        assert_eq!(follows(paging, first(), TWO, Some("")).as_deref(), Ok("end"));
        assert_eq!(follows(paging, first(), TWO, None).as_deref(), Ok("page=2"));
        assert_eq!(follows(paging, first(), NONE, None).as_deref(), Ok("end"));
    }

    #[test]
    fn what_a_list_must_say_and_does_not_is_an_error() {
        let size = None;
        for paging in [
            Paging::Number { parameter: "page", first: 0, size, end: End::Pages("/pages") },
            Paging::Offset { parameter: "skip", size, end: End::Rows("/total") },
            Paging::Offset { parameter: "skip", size, end: End::More("/hasMore") },
        ] {
            assert!(follows(paging, first(), TWO, None).is_err(), "{paging:?}");
        }
    }

    #[test]
    fn ids_move_forward() {
        let paging = Paging::LastId { parameter: "after", size: None };
        let after = |body: &str| follows(paging, first(), body, None);
        assert_eq!(after(r#"{"r":[{"id":3}]}"#).as_deref(), Ok("after=3"));
        assert_eq!(after(r#"{"r":[{"id":"b"}]}"#).as_deref(), Ok("after=b"), "ids that are no numbers have no order");
        assert!(after(r#"{"r":[{"id":2}]}"#).is_err(), "the same page again");
        assert!(after(r#"{"r":[{"id":4},{"id":3}]}"#).is_err());
        assert!(after(r#"{"r":[{"name":"x"}]}"#).is_err());
    }

    #[test]
    fn link_headers_are_read_as_vendors_write_them() {
        let next = |headers: &[&str]| next_link(headers.iter().copied());
        assert_eq!(next(&[]), None);
        assert_eq!(next(&[r#"<https://a/x?page=1>; rel="first""#]).as_deref(), Some(""));
        assert_eq!(
            next(&[r#"<https://a/x?page=3>; rel="last", <https://a/x?page=2&f=a,b>; rel="next""#]).as_deref(),
            Some("https://a/x?page=2&f=a,b")
        );
        assert_eq!(next(&["<https://a/2>; rel=next", "<https://a/9>; rel=last"]).as_deref(), Some("https://a/2"));
        assert_eq!(next(&[r#"</x?page=2>; title="a"; REL="prev next""#]).as_deref(), Some("/x?page=2"));
        assert_eq!(next(&["nonsense"]).as_deref(), Some(""));
    }
}
