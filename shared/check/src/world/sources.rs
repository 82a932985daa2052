//! The sources of a world, their accounts and items.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::{Currency, ItemState, SourceId, Unit};

use super::fields::Fields;

/// How many items one entry may stand for.
const TIMES_MAX: u32 = 100_000;

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
}

/// What a source's list of accounts is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldList {
    /// All accounts that there are.
    Owned,
    /// All that the credential may see.
    ByGrant,
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

/// An account of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldAccount {
    /// The source's id.
    pub source: String,
    /// The vendor's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub belongs: WorldBelonging,
    /// How far it was read.
    pub read: WorldAccountRead,
    /// What it holds now.
    pub items: Vec<WorldItem>,
}

/// Whose an account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldBelonging {
    /// This client's, by decision.
    Client(String),
    /// Left out on purpose: why.
    Ignored(String),
    /// Several clients', by the words of an attribute.
    Split {
        /// The attribute.
        by: String,
        /// The client of each word.
        parts: BTreeMap<String, String>,
    },
    /// Nobody decided, and it may be one of these.
    MayBe(Vec<String>),
    /// Nobody decided: the names tell whose it is, or may be.
    ByName,
}

/// How far an account was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldAccountRead {
    /// Everything.
    Complete,
    /// Items are missing.
    Partial,
    /// Nothing of this sync can be used; its newest complete reading, where there is one.
    Failed(Option<(Date, Vec<WorldItem>)>),
    /// It contradicts itself.
    Doubtful,
    /// It holds less than before, and nobody has confirmed that.
    Fell {
        /// What it held.
        before: Vec<WorldItem>,
    },
    /// An owned list no longer has it.
    Gone {
        /// What it held.
        before: Vec<WorldItem>,
        /// The day on which a second sync agreed.
        confirmed: Option<Date>,
    },
}

/// One thing that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldItem {
    /// The vendor's id of it.
    pub id: String,
    /// Its kind; `None`: one that nobody has explained.
    pub kind: Option<String>,
    /// What a person calls it.
    pub name: Option<String>,
    /// The vendor's product.
    pub sku: Option<String>,
    /// How many units it stands for; `None`: the vendor did not say.
    pub quantity: Option<Decimal>,
    /// Whether it counts by its own state.
    pub state: ItemState,
    /// When it was first seen.
    pub first_seen: Option<Timestamp>,
    /// When it was last seen.
    pub last_seen: Option<Timestamp>,
    /// Serial number.
    pub serial: Option<String>,
    /// Network addresses.
    pub mac: Vec<String>,
    /// Name in its network.
    pub host: Option<String>,
    /// Id in a directory.
    pub object_id: Option<String>,
    /// Mail addresses.
    pub mail: Vec<String>,
    /// What rules can ask for.
    pub attributes: BTreeMap<String, String>,
    /// What all of its units cost for one billing cycle.
    pub cost: Option<Decimal>,
    /// Of which currency.
    pub currency: Option<Currency>,
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
            .choice("list", &[("owned", WorldList::Owned), ("by_grant", WorldList::ByGrant)])
            .unwrap_or(WorldList::Owned),
        was_read: fields.choice("read", &[("complete", true), ("failed", false)]).unwrap_or(true),
        synced_on: fields.day("synced_on"),
        last_failure: fields.day("last_failure"),
        none_for_rest: fields.flag("none_for_rest").unwrap_or(false),
        none: fields.texts("none"),
        words: fields.table_of_lists("words"),
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
    }
}

pub(crate) fn account(fields: &Fields<'_>) -> WorldAccount {
    WorldAccount {
        source: fields.need_text("source"),
        id: fields.need_id("id"),
        name: fields.need_text("name"),
        belongs: belonging(fields),
        read: account_read(fields),
        items: items(fields, "items"),
    }
}

fn belonging(fields: &Fields<'_>) -> WorldBelonging {
    let keys = ["client", "ignored", "split", "may_be"];
    let given: Vec<&str> = keys.into_iter().filter(|key| fields.has(key)).collect();
    if let [_, second, ..] = given.as_slice() {
        fields.fault(second, "only one of client, ignored, split, may_be can be there".to_owned());
    }
    match given.first() {
        Some(&"client") => WorldBelonging::Client(fields.need_text("client")),
        Some(&"ignored") => WorldBelonging::Ignored(fields.need_text("ignored")),
        Some(&"split") => fields
            .table("split", |split| WorldBelonging::Split {
                by: split.need_text("by"),
                parts: split.table_of_texts("parts"),
            })
            .unwrap_or(WorldBelonging::ByName),
        Some(_) => WorldBelonging::MayBe(fields.texts("may_be")),
        None => WorldBelonging::ByName,
    }
}

fn account_read(fields: &Fields<'_>) -> WorldAccountRead {
    let words = ["complete", "partial", "failed", "doubtful", "fell", "gone"].map(|word| (word, word));
    let word = fields.choice("read", &words).unwrap_or("complete");
    let only = |key: &str, readings: &[&str]| {
        if fields.has(key) && !readings.contains(&word) {
            fields.fault(key, format!("it belongs to `read = {}`", readings.join("` or `")));
        }
    };
    only("earlier", &["failed"]);
    only("before", &["fell", "gone"]);
    only("confirmed", &["gone"]);
    match word {
        "partial" => WorldAccountRead::Partial,
        "failed" => WorldAccountRead::Failed(
            fields.table("earlier", |earlier| (earlier.need_day("as_of"), items(earlier, "items"))),
        ),
        "doubtful" => WorldAccountRead::Doubtful,
        "fell" => WorldAccountRead::Fell { before: items(fields, "before") },
        "gone" => WorldAccountRead::Gone { before: items(fields, "before"), confirmed: fields.day("confirmed") },
        _ => WorldAccountRead::Complete,
    }
}

fn items(fields: &Fields<'_>, key: &str) -> Vec<WorldItem> {
    fields.tables(key, entry).into_iter().flatten().collect()
}

/// An entry of a list of items: one, or as many as `times` says, each with an id of its own.
fn entry(fields: &Fields<'_>) -> Vec<WorldItem> {
    let one = item(fields);
    let Some(times) = fields.count("times") else { return vec![one] };
    let has_identity = ["name", "serial", "mac", "host", "object_id", "mail"].into_iter().find(|key| fields.has(key));
    if let Some(key) = has_identity {
        fields.fault(key, "items that are told together have no identity of their own".to_owned());
    }
    if times > TIMES_MAX {
        fields.fault("times", format!("more than {TIMES_MAX}"));
        return Vec::new();
    }
    (1..=times).map(|number| WorldItem { id: format!("{}-{number}", one.id), ..one.clone() }).collect()
}

fn item(fields: &Fields<'_>) -> WorldItem {
    let kind = fields.need_text("kind");
    let state = match fields.text("state").as_deref() {
        None | Some("counts") => ItemState::Counts,
        Some(word) => match word.strip_prefix("unknown:").map(|word| ItemState::Unknown(word.to_owned())) {
            Some(unknown) => unknown,
            None => match ItemState::from_word(word).to_owned() {
                known @ ItemState::LeftOut(_) => known,
                other => {
                    fields.fault(
                        "state",
                        format!("`{word}` is no reason; a word nobody has explained is `unknown:{word}`"),
                    );
                    other
                }
            },
        },
    };
    WorldItem {
        id: fields.need_id("id"),
        kind: (kind != "unknown").then_some(kind),
        name: fields.text("name"),
        sku: fields.text("sku"),
        quantity: fields.number_or("quantity", "unknown").unwrap_or(Some(Decimal::ONE)),
        state,
        first_seen: fields.moment("first_seen"),
        last_seen: fields.moment("last_seen"),
        serial: fields.text("serial"),
        mac: fields.texts("mac"),
        host: fields.text("host"),
        object_id: fields.text("object_id"),
        mail: fields.texts("mail"),
        attributes: fields.table_of_texts("attributes"),
        cost: fields.number("cost"),
        currency: fields.currency("currency"),
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
