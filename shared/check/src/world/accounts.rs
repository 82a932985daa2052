//! The accounts of a world's sources, their items, and whose they are.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::{Currency, ItemState};

use super::fields::Fields;

/// How many items one entry may stand for.
const TIMES_MAX: u32 = 100_000;

/// How many days one entry may stand for.
const DAYS_MAX: i32 = 100;

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
    /// What it held on days before its source's sync on which all of it was read.
    pub days: Vec<WorldDays>,
}

/// Days on which an account held the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldDays {
    /// The first of them.
    pub from: Date,
    /// The last.
    pub to: Date,
    /// What it held; `None`: the same as now.
    pub items: Option<Vec<WorldItem>>,
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
    /// Until when it was bought.
    pub committed_until: Option<Date>,
    /// Until when it can be cancelled.
    pub cancellable_until: Option<Date>,
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

pub(crate) fn account(fields: &Fields<'_>) -> WorldAccount {
    let items = items(fields, "items");
    let (name, read) = match fields.has("names") {
        true => several_names(fields, &items),
        false => (fields.need_text("name"), account_read(fields)),
    };
    WorldAccount {
        source: fields.need_text("source"),
        id: fields.need_id("id"),
        name,
        belongs: belonging(fields),
        read,
        items,
        days: days(fields),
    }
}

/// `[[accounts.days]]`: one day, or several that follow each other.
fn days(fields: &Fields<'_>) -> Vec<WorldDays> {
    let days = fields.tables("days", |fields| {
        let (from, to) = match fields.has("on") {
            true => (fields.need_day("on"), fields.need_day("on")),
            false => (fields.need_day("from"), fields.need_day("to")),
        };
        let is_range = from <= to && (to - from).get_days() < DAYS_MAX;
        if !is_range {
            fields.fault("to", format!("it is before `from`, or {DAYS_MAX} days after it"));
        }
        if fields.has("on") && (fields.has("from") || fields.has("to")) {
            fields.fault("on", "it cannot stand beside `from` and `to`".to_owned());
        }
        let items = fields.has("items").then(|| items(fields, "items"));
        WorldDays { from, to: if is_range { to } else { from }, items }
    });
    for (number, one) in days.iter().enumerate() {
        if days[..number].iter().any(|other| one.from <= other.to && other.from <= one.to) {
            fields.fault("days", format!("{} is there twice", one.from));
        }
    }
    days
}

/// Of an account with several names in one reading none says whose it is, and with items it contradicts itself.
fn several_names(fields: &Fields<'_>, items: &[WorldItem]) -> (String, WorldAccountRead) {
    let names = fields.texts("names");
    if names.len() < 2 {
        fields.fault("names", "two names or more are needed; one is a `name`".to_owned());
    }
    for key in ["name", "read"].into_iter().filter(|key| fields.has(key)) {
        fields.fault(key, "it cannot stand beside `names`".to_owned());
    }
    let read = if items.is_empty() { WorldAccountRead::Complete } else { WorldAccountRead::Doubtful };
    (names.join(" / "), read)
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
        committed_until: fields.day("committed_until"),
        cancellable_until: fields.day("cancellable_until"),
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
