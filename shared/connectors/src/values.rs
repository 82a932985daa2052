//! Vendors' values, read strictly: ids that are numbers or text, amounts from their raw text, days that are never
//! shifted, moments.
//!
//! Nothing here goes through a float.

use std::fmt;

use jiff::{Timestamp, civil::Date};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use truecount_billing::{AccountId, IdError, ItemId, ReadReason, decimal_from_json};

use crate::{error::RowError, out::Context};

/// A row of another shape than the vendor documents. The error names fields and places, never values.
pub(crate) fn row_error(at: &Context<'_>, error: &serde_json::Error) -> RowError {
    let message = error.to_string();
    let names_a_field = message.starts_with("missing field") || message.starts_with("duplicate field");
    let what = match names_a_field {
        true => message.split(" at line").next().unwrap_or_default().to_owned(),
        false => format!("a value of another type than expected (column {})", error.column()),
    };
    RowError::field(at.stream(), None, format!("a row has another shape than the vendor documents: {what}"))
}

impl VendorId {
    /// An account's id.
    pub(crate) fn account(&self, at: &Context<'_>) -> Result<AccountId, RowError> {
        let wrong = |error: IdError| RowError::field(at.stream(), None, format!("names an account wrongly: {error}"));
        AccountId::new(&self.0).map_err(wrong)
    }

    /// An item's id.
    pub(crate) fn item(&self, at: &Context<'_>) -> Result<ItemId, RowError> {
        item_id(at, &self.0)
    }
}

/// An item's id.
pub(crate) fn item_id(at: &Context<'_>, text: &str) -> Result<ItemId, RowError> {
    ItemId::new(text).map_err(|error| RowError::field(at.stream(), None, format!("its id cannot be used: {error}")))
}

/// A field of a record that does not hold what it must.
pub(crate) fn bad_field(record: &str, id: &str, detail: impl Into<String>) -> ReadReason {
    RowError::field(record, Some(id), detail).reason
}

/// A text that says something: without blanks around it, and not empty.
pub(crate) fn filled(text: Option<String>) -> Option<String> {
    let text = text?;
    let trimmed = text.trim();
    match trimmed.len() {
        0 => None,
        length if length == text.len() => Some(text),
        _ => Some(trimmed.to_owned()),
    }
}

/// A vendor's id: a whole number or a text, kept as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct VendorId(pub(crate) String);

impl<'de> Deserialize<'de> for VendorId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl de::Visitor<'_> for Either {
            type Value = VendorId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<VendorId, E> {
                if text.trim().is_empty() { Err(E::custom("an empty id")) } else { Ok(VendorId(text.to_owned())) }
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<VendorId, E> {
                Ok(VendorId(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<VendorId, E> {
                Ok(VendorId(number.to_string()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// An amount, from a JSON number or a text that holds one. `None` stays `None`: missing is not zero.
pub(crate) fn amount(raw: Option<&RawValue>) -> Result<Option<Decimal>, String> {
    let Some(raw) = raw else { return Ok(None) };
    let text = raw.get();
    let number = match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(text).map_err(|_| "is not a number".to_owned())?,
        Some(b'-' | b'0'..=b'9') => text.to_owned(),
        _ => return Err("is not a number".into()),
    };
    if number.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err("is not a number".into());
    }
    decimal_from_json(&number).map(Some).map_err(|error| error.to_string())
}

/// A calendar day out of `2026-06-30` or `2026-06-30T00:00:00Z`: cut, never shifted to another zone.
pub(crate) fn day(text: Option<&str>) -> Result<Option<Date>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let wrong = || "is not a date".to_owned();
    let plain = text.get(..10).ok_or_else(wrong)?;
    if !text[10..].is_empty() && !text[10..].starts_with(['T', ' ']) {
        return Err(wrong());
    }
    plain.parse().map(Some).map_err(|_| wrong())
}

/// A moment in seconds since 1970, fractions exact to the nanosecond.
pub(crate) fn epoch_seconds(raw: Option<&RawValue>) -> Result<Option<Timestamp>, String> {
    let Some(seconds) = amount(raw)? else { return Ok(None) };
    let wrong = || "is not a number of seconds since 1970".to_owned();
    let whole = seconds.floor();
    let nanos = (seconds - whole).checked_mul(Decimal::from(1_000_000_000)).ok_or_else(wrong)?.trunc();
    let (whole, nanos) = (whole.to_i64().ok_or_else(wrong)?, nanos.to_i32().ok_or_else(wrong)?);
    Timestamp::new(whole, nanos).map(Some).map_err(|_| wrong())
}

/// A moment with its offset. Years before 1970 are a vendor's way to say never.
pub(crate) fn moment(text: Option<&str>) -> Result<Option<Timestamp>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let moment: Timestamp = text.parse().map_err(|_| "is not a date and time with an offset".to_owned())?;
    Ok((moment.as_second() > 0).then_some(moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn amounts_are_exact() {
        for (text, expected) in [
            ("1.10", "1.10"),
            ("\"9.99\"", "9.99"),
            ("123456789012345678.91", "123456789012345678.91"),
            ("1e2", "100"),
            ("-0.5", "-0.5"),
        ] {
            assert_eq!(amount(Some(&raw(text))).unwrap().unwrap().to_string(), expected);
        }
        for bad in ["true", "{}", "\"1,5\"", "\"\"", "1e400", "[1]"] {
            assert!(amount(Some(&raw(bad))).is_err(), "{bad}");
        }
        assert_eq!(amount(None), Ok(None));
    }

    #[test]
    fn moments_are_exact() {
        for (text, expected) in [
            ("1782863999.123456789", "2026-06-30T23:59:59.123456789Z"),
            ("1.782863999E9", "2026-06-30T23:59:59Z"),
            ("-0.5", "1969-12-31T23:59:59.5Z"),
        ] {
            assert_eq!(epoch_seconds(Some(&raw(text))).unwrap().unwrap().to_string(), expected);
        }
        assert!(epoch_seconds(Some(&raw("99999999999999999"))).is_err());
        assert_eq!(moment(Some("2026-06-30T23:59:59-0700")).unwrap().unwrap().to_string(), "2026-07-01T06:59:59Z");
        assert_eq!(moment(Some("0001-01-01T00:00:00Z")), Ok(None));
        assert!(moment(Some("2026-06-30T23:59:59")).is_err(), "no offset, no moment");
    }

    #[test]
    fn days_are_never_shifted() {
        assert_eq!(day(Some("2026-06-30T00:00:00Z")).unwrap().unwrap().to_string(), "2026-06-30");
        assert_eq!(day(Some("2026-06-30")).unwrap().unwrap().to_string(), "2026-06-30");
        for bad in ["2026-06-31", "30.06.2026", "2026-06-3", "2026-06-30x", "2026-06-3\u{665}"] {
            assert!(day(Some(bad)).is_err(), "{bad}");
        }
        assert_eq!(day(None), Ok(None));
    }

    #[test]
    fn an_error_shows_no_value() {
        use crate::{
            request::{Page, Request},
            stream::Stream,
        };
        let (page, stream) = (Page::new(Request::new("devices", "/x"), ""), Stream::<()>::get("devices", "/x"));
        #[derive(Debug, Deserialize)]
        struct Shape {
            #[expect(dead_code, reason = "only its type matters")]
            id: u32,
        }
        let said = |text: &str| {
            let error = serde_json::from_str::<Shape>(text).unwrap_err();
            row_error(&Context::new(&page, &stream.definition), &error).to_string()
        };
        assert!(!said(r#"{"id":"hunter2"}"#).contains("hunter2"));
        assert!(said(r#"{"id":1,"id":2}"#).contains("duplicate field `id`"));
    }
}
