//! The kinds of items that an export lists, as its profile declares them for the rules.

use truecount_billing::Unit;

/// What an item can be known by, in this source and in others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KnownBy {
    /// A device's serial number.
    Serial,
    /// A device's network address.
    Mac,
    /// A device's name in its network.
    HostName,
    /// An id in a directory.
    ObjectId,
    /// A person's mail address.
    Mail,
}

/// A kind of item that a profile declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredKind {
    /// Its name in rules.
    pub name: String,
    /// What one of its quantity is.
    pub unit: Unit,
    /// What makes two of its items one device or person, the surest first.
    pub identity: Vec<KnownBy>,
    /// Items not seen for more than so many days are usually left out.
    pub stale_days: Option<u32>,
    /// Attribute and words of its usual state: an item with another word is usually left out.
    pub usual: Vec<(String, Vec<String>)>,
    /// What rules can ask for.
    pub attributes: Vec<String>,
    /// Whether one item is a person.
    pub is_person: bool,
}

impl KnownBy {
    /// All of them, with their names in a profile.
    pub(crate) const NAMES: [(&'static str, Self); 5] = [
        ("serial", Self::Serial),
        ("mac_address", Self::Mac),
        ("host_name", Self::HostName),
        ("object_id", Self::ObjectId),
        ("mail_address", Self::Mail),
    ];
}

/// The units, with their names in a profile.
pub(crate) const UNITS: [(&str, Unit); 5] = [
    ("each", Unit::Each),
    ("device", Unit::Device),
    ("seat", Unit::Seat),
    ("gigabyte", Unit::Gigabyte),
    ("gibibyte", Unit::Gibibyte),
];
