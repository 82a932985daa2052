//! What each kind of source is, as data: everything that the rest of the program needs to know about a vendor
//! without connecting to it.

use serde::Serialize;
use truecount_billing::{AccountList, Side};
use truecount_exports::ExportProfile;
use truecount_rules::KindVocabulary;

use crate::{error::SettingsError, rights::Rights, source::Source, sources, vocabulary::Vocabulary};

/// One kind of source. Its name is what `connector` in the settings says.
#[derive(Debug, Clone, Copy)]
pub struct SourceKind {
    /// The name in the settings.
    pub name: &'static str,
    /// What people call the vendor.
    pub title: &'static str,
    /// What it is a source of.
    pub gives: &'static str,
    /// The sides it gives, the one it is compared on first.
    pub sides: &'static [Side],
    /// The option that chooses one of several sides by its word; `None`: the first is the one.
    pub(crate) side_option: Option<&'static str>,
    /// What it is to an MSP.
    pub category: Category,
    /// Whether a client has one account there or many.
    pub cardinality: Cardinality,
    /// What its list of accounts is.
    pub list: AccountList,
    /// What its connector was held against.
    pub proof: Proof,
    /// The fields of the source's secret.
    pub secret: &'static [&'static str],
    /// A commented example of its settings, in TOML, without the `[[sources]]` line, `id` and `connector`.
    pub options: &'static str,
    /// How a person makes a key that can only read: where to click, which role or scopes. Lines for a terminal.
    pub key: &'static str,
    /// What the key must be allowed, where the vendor tells what it is.
    pub rights: Rights,
    /// What it counts, and what its words mean.
    pub vocabulary: Vocabulary,
    /// What is known to go wrong with it, a sentence each.
    pub traps: &'static [&'static str],
    pub(crate) build: fn(&toml::Table) -> Result<Source, SettingsError>,
}

/// What a kind of source is to an MSP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Agreements, invoices, tickets.
    Psa,
    /// Sells the licences of many vendors.
    Distributor,
    /// Monitors and manages devices.
    Rmm,
    /// Mail and office software by the user.
    Productivity,
    /// Documents what a client has.
    Documentation,
    /// A file that a person exports.
    File,
}

/// How many accounts a client has in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// One, such as a tenant.
    OneAccountPerClient,
    /// Any number, such as its sites.
    ManyAccountsPerClient,
}

/// What a connector was held against, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Nothing but what others report.
    Unverified,
    /// The vendor's documentation.
    Documented,
    /// Answers recorded from a real account.
    Recorded,
    /// The vendor's machine-readable contract, or a format of our own.
    Contract,
}

/// Days for which an answer of an API can be used.
const API_FRESH_DAYS: u32 = 3;

/// Days for which a file can be used.
const FILE_FRESH_DAYS: u32 = 35;

impl SourceKind {
    /// Whether its items may be of other kinds, and have other attributes, than its vocabulary declares: a file brings
    /// its own words.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.category == Category::File
    }

    /// How many days its snapshots can be used for. A file is exported once a month.
    #[must_use]
    pub fn fresh_days(&self) -> u32 {
        if self.category == Category::File { FILE_FRESH_DAYS } else { API_FRESH_DAYS }
    }

    /// What the list of accounts of a source with these options is: a file may be said to list everything.
    #[must_use]
    pub fn list_of(&self, options: &toml::Table) -> AccountList {
        let profile = self.profile(options).map(|profile| profile.list);
        profile.filter(|list| *list == AccountList::Owned).unwrap_or(self.list)
    }

    /// The kinds of items that these options declare, beside those of the vocabulary.
    #[must_use]
    pub fn declared_kinds(&self, options: &toml::Table) -> Vec<KindVocabulary> {
        self.profile(options).map(|profile| profile.kinds).unwrap_or_default()
    }

    /// What the columns of a file mean, as far as the options can be used.
    fn profile(&self, options: &toml::Table) -> Option<ExportProfile> {
        if self.category == Category::File { ExportProfile::read(options).ok() } else { None }
    }

    /// The side a source with these options is compared on. Other options play no part in it, right or wrong; a word
    /// that names none of the kind's sides chooses the first.
    #[must_use]
    pub fn side(&self, options: &toml::Table) -> Side {
        let chosen = self.side_option.and_then(|option| options.get(option)).and_then(toml::Value::as_str);
        let chosen = chosen.and_then(|word| word.parse().ok());
        // A preset says it, too.
        let chosen = chosen.or_else(|| self.profile(options).map(|profile| profile.side));
        let chosen = chosen.filter(|side| self.sides.contains(side));
        chosen.or_else(|| self.sides.first().copied()).unwrap_or(Side::Used)
    }
}

/// Every kind of source.
pub const SOURCE_KINDS: &[SourceKind] = sources::KINDS;

/// The kind of a name.
#[must_use]
pub fn source_kind(name: &str) -> Option<&'static SourceKind> {
    SOURCE_KINDS.iter().find(|kind| kind.name == name)
}

/// Makes a source from the options of its `[[sources]]` table (without `id`, `connector` and other keys that are not the
/// connector's own).
///
/// # Errors
/// [`SettingsError`] that names the option.
pub fn connect(kind: &str, options: &toml::Table) -> Result<Source, SettingsError> {
    let Some(kind) = source_kind(kind) else {
        return Err(SettingsError::UnknownConnector(kind.chars().take(40).flat_map(char::escape_debug).collect()));
    };
    (kind.build)(options)
}

pub(crate) fn known_connectors() -> String {
    SOURCE_KINDS.iter().map(|one| one.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::ItemKind;

    fn side(kind: &str, options: &str) -> Side {
        source_kind(kind).unwrap().side(&options.parse().unwrap())
    }

    #[test]
    fn a_misspelt_option_does_not_hide_the_side() {
        assert_eq!(side("ninjaone", "request_per_minute = 60"), Side::Used);
        assert_eq!(side("connectwise", "base_url = 1"), Side::Agreed);
        assert_eq!(side("connectwise", "side = \"invoiced\""), Side::Invoiced);
        assert_eq!(side("connectwise", "side = \"used\""), Side::Agreed);
        assert_eq!(side("file", "side = \"agreed\"\ncolums = { }"), Side::Agreed);
        assert_eq!(side("file", "side = \"purchased\""), Side::Purchased);
        assert_eq!(side("file", "side = \"agred\""), Side::Used);
        assert_eq!(side("file", "side = \"invoiced\""), Side::Used, "not a side that a file gives");
    }

    #[test]
    fn kinds_have_names_and_vocabularies_of_their_own() {
        for kind in SOURCE_KINDS {
            assert_eq!(source_kind(kind.name).unwrap().title, kind.title);
            assert!(!kind.sides.is_empty(), "{}", kind.name);
            let gives_items = kind.sides.iter().any(|side| !side.is_billed());
            assert_eq!(gives_items && !kind.is_open(), !kind.vocabulary.items.is_empty(), "{}", kind.name);
            assert_eq!(kind.secret.is_empty(), kind.key.is_empty(), "{}: how is its key made?", kind.name);
            for line in kind.key.lines() {
                assert!(line.chars().count() <= 78, "{}: too wide for a terminal: {line}", kind.name);
            }
        }
    }

    #[test]
    fn what_tells_the_items_of_a_kind_apart_can_be_known() {
        for kind in SOURCE_KINDS {
            let is_rmm = kind.category == Category::Rmm;
            for item in kind.vocabulary.items {
                let at = format!("{} {}", kind.name, item.name);
                assert!(item.same_by.iter().all(|one| item.identities.contains(one)), "{at}");
                let declared = |name: &str| item.attributes.iter().any(|attribute| attribute.name == name);
                assert!(item.usual.iter().all(|(name, words)| declared(name) && !words.is_empty()), "{at}");
                assert_eq!(item.stale_days, is_rmm.then_some(30), "{at}");
                assert!(!item.is_person || !item.same_by.is_empty(), "{at}: a person without an identity");
                if let Some((from, told_by)) = item.drawn_from {
                    let purchases = kind.vocabulary.items.iter().find(|one| one.name == from);
                    let tells = |one: &ItemKind| one.attributes.iter().any(|attribute| attribute.name == told_by);
                    assert!(tells(item) && purchases.is_some_and(tells), "{at}");
                }
            }
        }
    }

    /// Streams that a source of the kind has with one of these options.
    fn streams(kind: &str, options: &[&str]) -> Vec<&'static str> {
        let of = |options: &&str| connect(kind, &options.parse().unwrap()).unwrap();
        options.iter().map(of).flat_map(|source| source.streams().map(|one| one.name).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn rights_only_read_are_explained_and_belong_to_streams() {
        const OPTIONS: &[(&str, &[&str])] = &[
            ("ninjaone", &["base_url = \"https://eu.example.test\""]),
            ("microsoft-graph", &["tenants = [{ id = \"a\", name = \"A\" }]", "partner_tenant = \"msp\""]),
        ];
        for kind in SOURCE_KINDS.iter().filter(|kind| !kind.rights.needed.is_empty()) {
            let options = OPTIONS.iter().find(|(name, _)| *name == kind.name).expect(kind.name).1;
            let (streams, key) = (streams(kind.name, options), kind.key.to_lowercase());
            for right in kind.rights.needed {
                assert!(key.contains(&right.name.to_lowercase()), "{}: who makes the key reads of it", right.name);
                let is_there = |name: &&str| streams.contains(name);
                assert!(!right.streams.is_empty() && right.streams.iter().all(is_there), "{}", right.name);
            }
            let only_reads = |name: &str| !name.contains("Write") && !name.contains("manage");
            let needed = kind.rights.needed.iter().map(|right| &right.name);
            assert!(needed.chain(kind.rights.harmless).all(|name| only_reads(name)), "{}", kind.name);
        }
    }

    #[test]
    fn a_file_is_fresh_for_a_month_and_an_api_for_some_days() {
        let days = |name: &str| source_kind(name).unwrap().fresh_days();
        assert_eq!((days("file"), days("ninjaone")), (35, 3));
    }
}
