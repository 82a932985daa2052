//! Values in plain form, as profiles write them: what a constant or the meaning of a word can be.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use truecount_billing::{Currency, decimal_from_text};

use crate::{
    field::Holds,
    profile::Target,
    profile_reader::{word_fault, word_kind},
};

/// Why a constant, or the meaning of a word, is none for its field.
pub(crate) fn plain_value_fault(target: &Target, text: &str) -> Option<String> {
    if let Some(kind) = word_kind(target) {
        return word_fault(kind, text);
    }
    let Target::Field(field) = target else { return None };
    match field.holds() {
        Holds::Number => decimal_from_text(text).err().map(|why| why.to_string()),
        Holds::Day | Holds::Moment if plain_day(text).is_none() => Some("write a day such as 2026-06-30".to_owned()),
        Holds::Currency => Currency::new(text).err().map(|why| why.to_string()),
        _ => None,
    }
}

/// A day in plain form.
pub(crate) fn plain_day(text: &str) -> Option<Date> {
    text.parse().ok().filter(|_| text.len() == 10)
}

const UTC: TimeZone = TimeZone::UTC;

/// The beginning of a day in plain form.
pub(crate) fn plain_moment(text: &str, zone: Option<&TimeZone>) -> Option<Timestamp> {
    zone.unwrap_or(&UTC).to_timestamp(plain_day(text)?.to_datetime(Time::midnight())).ok()
}
