//! The words in which a profile declares the kinds of items that an export lists.

use truecount_billing::Unit;
use truecount_rules::IdentityKey;

/// What an item can be known by, with its name in a profile.
pub(crate) const IDENTITIES: [(&str, IdentityKey); 5] = [
    ("serial", IdentityKey::Serial),
    ("mac_address", IdentityKey::Mac),
    ("host_name", IdentityKey::Name),
    ("object_id", IdentityKey::ObjectId),
    ("mail_address", IdentityKey::Mail),
];

/// The units, with their names in a profile.
pub(crate) const UNITS: [(&str, Unit); 5] = [
    ("each", Unit::Each),
    ("device", Unit::Device),
    ("seat", Unit::Seat),
    ("gigabyte", Unit::Gigabyte),
    ("gibibyte", Unit::Gibibyte),
];
