//! Names of things, each a type of its own, so that a client's id is never taken for an account's.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest id that is accepted, in bytes: a DynamoDB sort key holds 1,024.
pub const ID_BYTES_MAX: usize = 256;

/// Why a text cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty or only blanks.
    #[error("an id is empty")]
    Empty,
    /// Longer than [`ID_BYTES_MAX`] bytes.
    #[error("an id is longer than {ID_BYTES_MAX} bytes")]
    TooLong,
    /// Has control characters.
    #[error("an id has control characters")]
    Control,
    /// A source's id names files, secrets and columns.
    #[error("`{0}` is not a source id: use a-z, 0-9 and hyphens, and begin with a letter")]
    SourceGrammar(String),
    /// Not three capital letters.
    #[error("`{0}` is not a currency: use the three letters of ISO 4217, such as GBP")]
    Currency(String),
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $check:path;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// # Errors
            /// [`IdError`] if the text cannot name such a thing.
            pub fn new(text: impl AsRef<str>) -> Result<Self, IdError> {
                let text = text.as_ref();
                $check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(&*text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// One configured source, such as `ninjaone` or `pax8-uk`: its secret's name, its folder, its column.
    SourceId = source_grammar;
    /// A vendor account (tenant, site, company) within one source.
    AccountId = free;
    /// A client of the MSP, by the id that the PSA gives it.
    ClientId = free;
    /// A product as the PSA names it on an agreement.
    ProductCode = free;
    /// One billed line (a ConnectWise addition).
    LineId = free;
    /// One unit of evidence: a device, a user, a subscription.
    ItemId = free;
    /// An agreement of the PSA.
    AgreementId = free;
}

/// A currency's three letters (ISO 4217).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// # Errors
    /// [`IdError::Currency`] unless the text is three capital ASCII letters.
    pub fn new(text: &str) -> Result<Self, IdError> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(IdError::Currency(text.chars().take(12).flat_map(char::escape_debug).collect())),
        }
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

fn free(text: &str) -> Result<(), IdError> {
    if text.trim().is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > ID_BYTES_MAX {
        return Err(IdError::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(IdError::Control);
    }
    Ok(())
}

fn source_grammar(text: &str) -> Result<(), IdError> {
    free(text)?;
    let good = text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if good {
        Ok(())
    } else {
        Err(IdError::SourceGrammar(text.chars().take(40).flat_map(char::escape_debug).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_where_they_are_made() {
        assert!(SourceId::new("pax8-uk").is_ok());
        for bad in ["", "Pax8", "../x", "8pax", "a b", "a/b"] {
            assert!(SourceId::new(bad).is_err(), "{bad}");
        }
        assert_eq!(AccountId::new("  "), Err(IdError::Empty));
        assert_eq!(AccountId::new("a\nb"), Err(IdError::Control));
        assert_eq!(AccountId::new("x".repeat(257)), Err(IdError::TooLong));
        assert!(Currency::new("gbp").is_err());
        assert_eq!(Currency::new("GBP").map(|c| c.to_string()), Ok("GBP".into()));
    }

    #[test]
    fn an_id_in_a_file_is_checked_too() {
        assert!(serde_json::from_str::<SourceId>("\"../etc\"").is_err());
        assert_eq!(serde_json::from_str::<ClientId>("\"17\"").unwrap().as_str(), "17");
    }
}
