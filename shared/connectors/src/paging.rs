//! Which pages come next: by page number, by the last id, by a link; each must move forward.
//!
//! Pure: the engine refuses a question that was put before, these refuse one that cannot be meant.

use url::Url;

use crate::{
    connector::PageError,
    endpoint::{origin_text, same_origin},
    fault::ErrorKind,
};

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

/// The number of the next page after a full one; `None`: this was the last. For vendors who say how many rows a page
/// may have.
pub(crate) fn next_number(rows: usize, size: usize, number: u32) -> Option<u32> {
    if rows < size { None } else { number.checked_add(1) }
}

/// The id to go on after, from the ids of this page's rows; `None`: the page is empty, so the one before was the
/// last. A short page is not the end: a vendor that gives fewer rows than it was asked for would end there unnoticed.
/// The ids must rise and lie after the one that was asked for.
pub(crate) fn next_after(step: &str, ids: &[i64], after: Option<i64>) -> Result<Option<i64>, PageError> {
    let mut last = after;
    for &id in ids {
        if last.is_some_and(|last| id <= last) {
            let why = "is not in order: an id does not lie after the one before it".to_owned();
            return Err(PageError { step: step.to_owned(), why });
        }
        last = Some(id);
    }
    Ok(if ids.is_empty() { None } else { last })
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

    #[test]
    fn ids_move_forward() {
        assert_eq!(next_after("d", &[3, 4], Some(2)), Ok(Some(4)));
        assert_eq!(next_after("d", &[3], None), Ok(Some(3)));
        assert_eq!(next_after("d", &[], Some(2)), Ok(None));
        assert_eq!(next_after("d", &[], None), Ok(None));
        assert!(next_after("d", &[3, 4], Some(4)).is_err(), "the same page again");
        assert!(next_after("d", &[4, 3], None).is_err());
        assert_eq!(next_number(100, 100, 0), Some(1));
        assert_eq!(next_number(99, 100, 0), None);
    }
}
