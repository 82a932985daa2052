//! The sources of a world: what their lists are, and the kinds of their items.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use truecount_billing::{SourceId, Unit};

use super::{WorldAccount, fields::Fields};

/// A source of usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldSource {
    /// Its id in the rules.
    pub id: String,
    /// The kinds of its items.
    pub kinds: Vec<WorldItemKind>,
    /// Whether items may be of other kinds, and have other attributes, too.
    pub is_open: bool,
    /// What its list of accounts is.
    pub list: WorldList,
    /// Whether anything of it can be used.
    pub was_read: bool,
    /// The day of the snapshot; `None`: the count day.
    pub synced_on: Option<Date>,
    /// The day of a newer sync that failed.
    pub last_failure: Option<Date>,
    /// Decided: clients without an account here have nothing here.
    pub none_for_rest: bool,
    /// Decided: these clients have nothing here.
    pub none: Vec<String>,
    /// Words of the last 400 days beside those of the items: under `kind`, or under `KIND.ATTRIBUTE`.
    pub words: BTreeMap<String, Vec<String>>,
    /// Products of the list that it brings: usually no service counts them.
    pub skus_left_out: Vec<String>,
}

/// What a source's list of accounts is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldList {
    /// All accounts that there are.
    Owned,
    /// All that the credential may see.
    ByGrant,
    /// All that a file has that was exported.
    Exported,
}

/// One kind of item of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldItemKind {
    /// Its name in rules.
    pub name: String,
    /// What one of its quantity is.
    pub unit: Unit,
    /// What makes two of its items one thing, the surest first.
    pub identity: Vec<WorldIdentity>,
    /// Items not seen for longer are usually left out.
    pub stale_days: Option<u32>,
    /// Items with another word of these attributes are usually left out.
    pub usual: BTreeMap<String, Vec<String>>,
    /// Attributes that rules can ask for.
    pub attributes: Vec<String>,
    /// Whether one item is a person.
    pub is_person: bool,
    /// The kind of purchases from which its items are drawn, and the attribute that they tell.
    pub drawn_from: Option<(String, String)>,
}

/// What makes two items one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldIdentity {
    /// `serial`.
    Serial,
    /// One of `mac`.
    Mac,
    /// `host`.
    Name,
    /// `object_id`.
    ObjectId,
    /// One of `mail`.
    Mail,
}

pub(crate) fn source(fields: &Fields<'_>) -> WorldSource {
    let id = fields.need_text("id");
    if fields.has("id")
        && let Err(error) = SourceId::new(id.as_str())
    {
        fields.fault("id", error.to_string());
    }
    let own = fields.tables("kinds", kind);
    let like = fields.text("like");
    let known = like.as_deref().map(kinds_like);
    match (&known, fields.has("kinds")) {
        (Some(None), _) => fields.fault("like", "it is none of rmm, tenant, distributor, open".to_owned()),
        (Some(Some(_)), true) => fields.fault("like", "it stands beside `kinds`; give one of them".to_owned()),
        (None, false) => fields.fault("like", "it is missing; give it, or `kinds`".to_owned()),
        _ => {}
    }
    WorldSource {
        id,
        kinds: known.flatten().unwrap_or(own),
        is_open: like.as_deref() == Some("open"),
        list: fields
            .choice(
                "list",
                &[("owned", WorldList::Owned), ("by_grant", WorldList::ByGrant), ("exported", WorldList::Exported)],
            )
            .unwrap_or(WorldList::Owned),
        was_read: fields.choice("read", &[("complete", true), ("failed", false)]).unwrap_or(true),
        synced_on: fields.day("synced_on"),
        last_failure: fields.day("last_failure"),
        none_for_rest: fields.flag("none_for_rest").unwrap_or(false),
        none: fields.texts("none"),
        words: fields.table_of_lists("words"),
        skus_left_out: fields.texts("skus_left_out"),
    }
}

fn kind(fields: &Fields<'_>) -> WorldItemKind {
    let units = [
        ("each", Unit::Each),
        ("device", Unit::Device),
        ("seat", Unit::Seat),
        ("gigabyte", Unit::Gigabyte),
        ("gibibyte", Unit::Gibibyte),
    ];
    let identity = fields.texts("identity").into_iter().filter_map(|word| {
        let known = identity_of(&word);
        if known.is_none() {
            fields.fault("identity", format!("`{word}` is none of serial, mac, name, object_id, mail"));
        }
        known
    });
    WorldItemKind {
        name: fields.need_text("name"),
        unit: fields.choice("unit", &units).unwrap_or(Unit::Each),
        identity: identity.collect(),
        stale_days: fields.count("stale_days"),
        usual: fields.table_of_lists("usual"),
        attributes: fields.texts("attributes"),
        is_person: fields.flag("person").unwrap_or(false),
        drawn_from: fields.table("drawn_from", |one| (one.need_text("kind"), one.need_text("told_by"))),
    }
}

fn identity_of(word: &str) -> Option<WorldIdentity> {
    Some(match word {
        "serial" => WorldIdentity::Serial,
        "mac" => WorldIdentity::Mac,
        "name" => WorldIdentity::Name,
        "object_id" => WorldIdentity::ObjectId,
        "mail" => WorldIdentity::Mail,
        _ => return None,
    })
}

/// The kinds of a usual source; an open one declares none.
fn kinds_like(like: &str) -> Option<Vec<WorldItemKind>> {
    let device = |name: &str| WorldItemKind {
        unit: Unit::Device,
        identity: vec![WorldIdentity::Serial, WorldIdentity::Mac, WorldIdentity::Name],
        stale_days: Some(30),
        ..plain_kind(name, &["site", "class"])
    };
    let seats = |name: &str, attributes: &[&str]| WorldItemKind { unit: Unit::Seat, ..plain_kind(name, attributes) };
    Some(match like {
        "rmm" => ["server", "workstation", "mobile", "other_device"].map(device).to_vec(),
        "tenant" => vec![
            WorldItemKind {
                identity: vec![WorldIdentity::ObjectId, WorldIdentity::Mail],
                usual: BTreeMap::from([("sign_in".to_owned(), vec!["allowed".to_owned()])]),
                is_person: true,
                ..seats("user", &["class", "holds", "sign_in", "domain", "group"])
            },
            seats("licence", &["sold_by", "class", "domain"]),
            seats("subscription", &["sold_by", "term", "trial"]),
        ],
        "distributor" => vec![seats("subscription", &["term", "sold_by"])],
        "open" => Vec::new(),
        _ => return None,
    })
}

fn plain_kind(name: &str, attributes: &[&str]) -> WorldItemKind {
    WorldItemKind {
        name: name.to_owned(),
        unit: Unit::Each,
        identity: Vec::new(),
        stale_days: None,
        usual: BTreeMap::new(),
        attributes: attributes.iter().map(|attribute| (*attribute).to_owned()).collect(),
        is_person: false,
        drawn_from: None,
    }
}

/// Accounts of sources that the world does not have, and ids that are there twice.
pub(crate) fn check_references(fields: &Fields<'_>, sources: &[WorldSource], accounts: &[WorldAccount]) {
    let mut known = BTreeSet::new();
    for source in sources {
        if !known.insert(source.id.as_str()) {
            fields.fault("sources", format!("`{}` is there twice", source.id));
        }
    }
    let mut seen = BTreeSet::new();
    for (number, account) in accounts.iter().enumerate() {
        if !known.contains(account.source.as_str()) {
            fields.fault(&format!("accounts[{number}].source"), format!("there is no source `{}`", account.source));
        }
        if !seen.insert((account.source.as_str(), account.id.as_str())) {
            fields.fault(&format!("accounts[{number}].id"), format!("`{}` is there twice", account.id));
        }
    }
}
