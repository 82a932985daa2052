//! What the sources of a rules file can be asked for: their kinds of items, with unit, identities, usual state and
//! attributes.

use truecount_billing::{SourceId, Unit};

/// What one source of the settings counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceVocabulary {
    /// The source's id in the settings.
    pub source: SourceId,
    /// Its kinds of items.
    pub kinds: Vec<KindVocabulary>,
    /// Whether items may be of other kinds and have other attributes, too: a file brings its own words, and a rule that
    /// names one that was never seen widens the count instead of being refused.
    pub is_open: bool,
    /// Part numbers of its products, each with a friendly name: rules may name either.
    pub sku_names: Vec<(String, String)>,
    /// Part numbers of its products that usually no service counts: free, on trial, or nobody can be given one.
    pub skus_left_out: Vec<String>,
}

/// One kind of item of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindVocabulary {
    /// Its name in rules, such as `server`.
    pub name: String,
    /// What one of its quantity is.
    pub unit: Unit,
    /// What makes two of its items one device or person, the surest first; empty: nothing but their ids.
    pub identity: Vec<IdentityKey>,
    /// Items not seen for more than so many days are usually left out; `None`: the last sighting makes no difference.
    pub stale_days: Option<u32>,
    /// Attribute and words of its usual state: an item with another word of that attribute is usually left out. An
    /// item without the attribute is not.
    pub usual: Vec<(String, Vec<String>)>,
    /// Attributes that rules can ask for, besides `sku` and `name`, which every item may have.
    pub attributes: Vec<String>,
    /// Whether one item is a person: facts that are missing then count the item, since a holder is billable unless the
    /// contrary is shown.
    pub is_person: bool,
    /// What its items are drawn from; `None`: nothing that the source tells of.
    pub drawn_from: Option<DrawnFrom>,
}

/// Purchases from which the items of a kind are drawn, as licences from subscriptions: those of the same account and
/// product, each with so many units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnFrom {
    /// The kind of the purchases.
    pub kind: String,
    /// The attribute that each purchase tells. An item tells it, too, unless the purchases from which it may be drawn
    /// differ in it.
    pub told_by: String,
}

impl KindVocabulary {
    /// A kind that an open source brings. Its items are told apart as devices are.
    #[must_use]
    pub fn of_open_source(name: &str) -> Self {
        Self { identity: vec![IdentityKey::Serial, IdentityKey::Mac, IdentityKey::Name], ..Self::undeclared(name) }
    }

    /// A kind of which only the name is known: one that a file brings.
    pub(crate) fn undeclared(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            unit: Unit::Each,
            identity: Vec::new(),
            stale_days: None,
            usual: Vec::new(),
            attributes: Vec::new(),
            is_person: false,
            drawn_from: None,
        }
    }
}

/// What makes two items of one kind the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityKey {
    /// A device's serial number.
    Serial,
    /// One of a device's network addresses.
    Mac,
    /// A device's name in its network.
    Name,
    /// The id in a directory.
    ObjectId,
    /// One of a person's mail addresses.
    Mail,
}
