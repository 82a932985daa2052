//! What stands around the rows of an answer: where its list lies, what the vendor says of its length, and where it goes
//! on. Everything is found by JSON pointers and stays the vendor's text; nothing is parsed further here.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess},
};
use serde_json::value::RawValue;

/// The members of a JSON object, as they stand. One that stands twice is refused where it is looked for: serde_json's
/// own maps keep the last without a word.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// An object's key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// What lies at a pointer (`/page/totalElements`, or the empty text for the whole); `None`: nothing, or `null`.
///
/// # Errors
/// What is wrong, as the rest of a sentence.
pub(crate) fn at<'a>(text: &'a str, pointer: &str) -> Result<Option<&'a str>, String> {
    let mut here = text.trim();
    for name in pointer.split('/').skip(1) {
        if !here.starts_with('{') {
            return Ok(None);
        }
        let Members(members) = serde_json::from_str(here).map_err(|_| "is not the object that it should be")?;
        let mut found = members.iter().filter(|(key, _)| key == name).map(|(_, value)| value.get());
        let Some(value) = found.next() else { return Ok(None) };
        if found.next().is_some() {
            return Err(format!("has the field `{name}` twice"));
        }
        here = value;
    }
    Ok((here != "null").then_some(here))
}

/// The rows of an answer: the elements of the list at a pointer.
///
/// # Errors
/// What is wrong, as the rest of a sentence.
pub(crate) fn rows<'a>(text: &'a str, pointer: &str) -> Result<Vec<&'a RawValue>, String> {
    let list = at(text, pointer)?.filter(|list| list.starts_with('[')).ok_or_else(|| match pointer {
        "" => "is not a list".to_owned(),
        pointer => format!("has no list at `{pointer}`"),
    })?;
    serde_json::from_str(list).map_err(|_| "is not the list that it should be".to_owned())
}

/// A text or a number at a pointer, as text; `None`: nothing, `null` or an empty text.
///
/// # Errors
/// What is wrong, as the rest of a sentence.
pub(crate) fn text_at(text: &str, pointer: &str) -> Result<Option<String>, String> {
    let Some(raw) = at(text, pointer)? else { return Ok(None) };
    let value = match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(raw).map_err(|_| format!("has no text at `{pointer}`"))?,
        Some(b'-' | b'0'..=b'9') => raw.to_owned(),
        _ => return Err(format!("has neither a text nor a number at `{pointer}`")),
    };
    Ok((!value.is_empty()).then_some(value))
}

/// A count at a pointer.
///
/// # Errors
/// What is wrong, as the rest of a sentence.
pub(crate) fn count_at(text: &str, pointer: &str) -> Result<Option<u64>, String> {
    let Some(found) = text_at(text, pointer)? else { return Ok(None) };
    found.parse().map(Some).map_err(|_| format!("has no whole number at `{pointer}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        r#" {"page":{"total":12,"next":"a\"b","none":null},"rows":[{"q":1.10},{"q":2}],"r\u006fws2":[]} "#;

    #[test]
    fn pointers_find_the_vendor_s_own_text() {
        assert_eq!(at(PAGE, "/page/total"), Ok(Some("12")));
        assert_eq!(count_at(PAGE, "/page/total"), Ok(Some(12)));
        assert_eq!(text_at(PAGE, "/page/next"), Ok(Some("a\"b".to_owned())));
        assert_eq!(at(PAGE, "/page/none"), Ok(None));
        assert_eq!(at(PAGE, "/page/total/deeper"), Ok(None));
        assert_eq!(at(PAGE, "/nothing/here"), Ok(None));
        assert_eq!(rows(PAGE, "/rows2").unwrap().len(), 0, "a name written with an escape");
        let rows = rows(PAGE, "/rows").unwrap();
        assert_eq!(rows.iter().map(|row| row.get()).collect::<Vec<_>>(), [r#"{"q":1.10}"#, r#"{"q":2}"#]);
    }

    #[test]
    fn what_is_not_there_is_said() {
        assert_eq!(rows(PAGE, "/page").unwrap_err(), "has no list at `/page`");
        assert_eq!(rows("{}", "").unwrap_err(), "is not a list");
        assert_eq!(count_at(PAGE, "/page/next").unwrap_err(), "has no whole number at `/page/next`");
        assert_eq!(count_at(r#"{"n":1.5}"#, "/n").unwrap_err(), "has no whole number at `/n`");
        assert!(text_at(PAGE, "/rows").is_err());
        assert_eq!(at(r#"{"a":1,"a":2}"#, "/a").unwrap_err(), "has the field `a` twice");
    }
}
