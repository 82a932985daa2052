//! One file per source, and the list of them. Nothing here is shared between vendors but the reading of options.

use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    endpoint::{checked_url, origin_text},
    error::SettingsError,
    pace::{CONCURRENCY_MAX, RateLimit},
    source_kind::SourceKind,
};

macro_rules! sources {
    ($($name:ident),* $(,)?) => {
        $(pub(crate) mod $name;)*

        /// Every kind of source.
        pub(crate) const KINDS: &[SourceKind] = &[$($name::KIND),*];
    };
}

/// The kind of an item whose vendor's word for its kind is not known: any rule of the source may be meant.
const UNKNOWN_KIND: &str = "unknown";

sources! { connectwise, ninjaone, microsoft_graph, pax8, hudu, file }

/// The pace and the connector's own options out of the options of an API source.
fn paced<T: DeserializeOwned>(
    connector: &'static str,
    options: &toml::Table,
    usual: RateLimit,
) -> Result<(RateLimit, T), SettingsError> {
    let mut options = options.clone();
    let pace = pace(connector, &mut options, usual)?;
    Ok((pace, own(connector, options)?))
}

/// The options that every API source has: `requests_per_minute`, `concurrency`.
fn pace(connector: &'static str, options: &mut toml::Table, usual: RateLimit) -> Result<RateLimit, SettingsError> {
    let mut whole = |key: &str, usual: u32, most: u32| match options.remove(key) {
        None => Ok(usual),
        Some(toml::Value::Integer(number)) if (1..=i64::from(most)).contains(&number) => {
            Ok(u32::try_from(number).unwrap_or(usual))
        }
        Some(_) => Err(refuse(connector, format!("`{key}` must be a whole number from 1 to {most}"))),
    };
    let requests_per_minute = whole("requests_per_minute", usual.requests_per_minute, 60_000)?;
    let concurrency = whole("concurrency", usual.concurrency.into(), CONCURRENCY_MAX.into())?;
    Ok(RateLimit {
        requests_per_minute,
        burst: usual.burst.min(requests_per_minute),
        concurrency: u8::try_from(concurrency).unwrap_or(1),
    })
}

/// The connector's own options. Misspelt keys are refused by name.
fn own<T: DeserializeOwned>(connector: &'static str, options: toml::Table) -> Result<T, SettingsError> {
    toml::Value::Table(options).try_into().map_err(|error: toml::de::Error| {
        let why = truecount_rules::wrong_value(error.message()).unwrap_or_else(|| error.message().to_owned());
        // Only the whole text of the error names the key.
        match error.to_string().lines().find_map(|line| line.strip_prefix("in ")) {
            Some(key) => refuse(connector, format!("{key}: {why}")),
            None => refuse(connector, why),
        }
    })
}

/// A URL option.
fn url(connector: &'static str, option: &str, text: &str) -> Result<Url, SettingsError> {
    checked_url(text).map_err(|why| refuse(connector, format!("`{option}` {why}")))
}

/// A URL option that names a host and no path: the questions have paths of their own.
fn host(connector: &'static str, option: &str, text: &str) -> Result<Url, SettingsError> {
    let url = url(connector, option, text)?;
    if url.path() != "/" {
        let whole = origin_text(&url);
        return Err(refuse(connector, format!("`{option}` names only the host, without a path: {whole}")));
    }
    Ok(url)
}

fn refuse(connector: &'static str, why: impl Into<String>) -> SettingsError {
    SettingsError::Option { connector, why: why.into() }
}
