//! How the parts of a count come to one number: added up, the largest of them, or each machine once.

use crate::vocabulary::IdentityKey;

/// How the parts of a count come to one number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CountJoin {
    /// They are added up.
    #[default]
    Sum,
    /// The largest of the terms counts; [`CountPart::term`](crate::CountPart::term) says which part is of which.
    Largest,
    /// Items of several parts that are one machine count once: those that share the first of these that both have. At
    /// least one.
    Union(Vec<IdentityKey>),
}

impl CountJoin {
    /// The word in rules.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Largest => "max",
            Self::Union(_) => "union",
        }
    }
}

impl IdentityKey {
    /// All of them, the surest of a device and of a person first.
    pub const ALL: [Self; 5] = [Self::Serial, Self::Mac, Self::Name, Self::ObjectId, Self::Mail];

    /// The word in rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Mac => "mac",
            Self::Name => "name",
            Self::ObjectId => "object_id",
            Self::Mail => "mail",
        }
    }
}
