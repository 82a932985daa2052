//! A JSON Schema of the rules language over the vocabulary of the sources: editors complete and check with it while a file
//! is written. What it lets pass is not right for that: the reader has the last word.

use serde_json::{Map, Value, json};
use truecount_billing::HOLDS;

use crate::filter::{HOLDS_ALL, UNSEEN};
use crate::layers::OF_EVERY_ITEM;
use crate::rules_reader::TOP;
use crate::service_reader::KEYS;
use crate::unit::DataUnit;
use crate::vocabulary::{IdentityKey, SourceVocabulary};

/// Keys of a service that stand at the service itself and nowhere else, and those that stand nowhere else than nearer.
const OF_THE_SERVICE: [&str; 3] = ["products", "expected_at", "replaces"];
const OF_WHAT_IS_NEARER: [&str; 4] = ["not_sold", "review", "from", "until"];

/// The schema of a rules file for these sources.
#[must_use]
pub fn rules_schema(sources: &[SourceVocabulary]) -> Value {
    let at_service = service_keys(|key| !OF_WHAT_IS_NEARER.contains(&key));
    let nearer = service_keys(|key| !OF_THE_SERVICE.contains(&key));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Truecount rules",
        "description": "What is counted, what is billed, and for whom.",
        "type": "object",
        "properties": properties(TOP.iter().copied(), top),
        "required": ["services"],
        "additionalProperties": false,
        "$defs": {
            "service": { "type": "object", "properties": at_service, "additionalProperties": false },
            "nearer": { "type": "object", "properties": nearer, "additionalProperties": false },
            "count": count(),
            "part": part(),
            "kind": kind(sources),
            "filter": filter(),
            "attributes": attributes(sources, &[]),
            "excepted": attributes(sources, &[UNSEEN.trim_end()]),
            "words": { "anyOf": [{ "$ref": "#/$defs/word" }, { "type": "array", "items": { "$ref": "#/$defs/word" }, "minItems": 1 }] },
            "word": { "anyOf": [{ "type": "string", "minLength": 1 }, { "type": "integer" }, { "type": "boolean" }] },
            "texts": { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            "amount": { "anyOf": [{ "type": "number" }, { "type": "string", "pattern": "^[0-9]+([.][0-9]+)?$" }] },
            "tiers": { "type": "array", "minItems": 1, "items": object(&[("up_to", def("amount")), ("each", def("amount"))]) },
            "day": { "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" },
            "source": one_of(sources.iter().map(|source| source.source.as_str().to_owned()).collect()),
            "currency": { "type": "string", "pattern": "^ *[A-Z]{3} *$" },
        },
    })
}

fn def(name: &str) -> Value {
    let place = ["#/$defs/", name].concat();
    json!({ "$ref": place })
}

/// An object with these keys and no others.
fn object(keys: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|(key, schema)| ((*key).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// An object of whatever names, each as this.
fn each(schema: Value) -> Value {
    json!({ "type": "object", "additionalProperties": schema })
}

fn one_of(words: Vec<String>) -> Value {
    if words.is_empty() { json!({ "type": "string" }) } else { json!({ "enum": words }) }
}

/// What each key is; one of which nothing more is said here can be anything.
fn properties<'k>(keys: impl Iterator<Item = &'k str>, of: fn(&str) -> Option<Value>) -> Map<String, Value> {
    keys.map(|key| (key.to_owned(), of(key).unwrap_or_else(|| json!({})))).collect()
}

fn top(key: &str) -> Option<Value> {
    let of_client = || {
        let own = json!({
            "internal": { "type": "boolean" },
            "nfr": { "type": "boolean" },
            "both": { "const": true },
            "moved": object(&[("from", def("source")), ("to", def("source")), ("on", def("day"))]),
            "note": { "type": "string" },
            "not_sold": def("texts"),
            "agreements": each(of_kind(json!({ "note": { "type": "string" } }))),
        });
        of_kind(own)
    };
    Some(match key {
        "currency" => def("currency"),
        "services" => each(def("service")),
        "us" => object(&[("domains", def("texts")), ("partner_ids", def("texts"))]),
        "categories" => each(object(&[("flat", json!({ "const": true })), ("ignore", json!({ "type": "string" }))])),
        "agreement_types" => each(of_kind(json!({ "note": { "type": "string" }, "not_sold": def("texts") }))),
        "clients" => each(of_client()),
        "counts" => each(def("count")),
        "groups" => each(object(&[
            ("once_per", def("kind")),
            ("order", def("texts")),
            (
                "except",
                json!({ "anyOf": [def("excepted"), { "type": "array", "items": def("excepted"), "minItems": 1 }] }),
            ),
            ("unknown", unknown()),
        ])),
        "sources" => each(object(&[("leave_out", def("texts")), ("count_too", def("texts"))])),
        _ => return None,
    })
}

/// A table with keys of its own, and else of services by their codes.
fn of_kind(own: Value) -> Value {
    json!({ "type": "object", "properties": own, "additionalProperties": def("nearer") })
}

fn service_keys(stands: impl Fn(&str) -> bool) -> Map<String, Value> {
    properties(KEYS.iter().copied().filter(|key| stands(key)), service_key)
}

fn service_key(key: &str) -> Option<Value> {
    Some(match key {
        "count" => def("count"),
        "flat" => json!({ "const": true }),
        "ignore" | "note" => json!({ "type": "string" }),
        "where" | "where_not" => def("filter"),
        "seen_within_days" => json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": false }] }),
        "unknown" => unknown(),
        "may_be_empty" => json!({ "type": "boolean" }),
        "at" => json!({ "enum": ["count_day", "peak"] }),
        "products" | "expected_at" => def("texts"),
        "covers" => json!({ "type": "array", "items": { "type": "string" } }),
        "grants" => each(def("amount")),
        "replaces" => object(&[("products", def("texts")), ("skus", def("texts"))]),
        "unit" => json!({ "enum": DataUnit::ALL.map(DataUnit::as_str) }),
        "no_line" => json!({ "enum": ["exception", "list"] }),
        "one_time" => json!({ "const": "counts" }),
        "commitment" => json!({ "anyOf": [{ "const": "binds" }, def("count")] }),
        "included" | "minimum" | "pack" | "round_up" | "client_committed" => def("amount"),
        "cut" => {
            let notice = object(&[("notice_days", json!({ "type": "integer", "minimum": 1 }))]);
            json!({ "anyOf": [{ "enum": ["at_once", "at_renewal"] }, notice] })
        }
        "tolerance" => {
            json!({ "anyOf": [def("amount"), object(&[("units", def("amount")), ("percent", def("amount"))])] })
        }
        "price" => {
            let keys = [("each", "amount"), ("graduated", "tiers"), ("volume", "tiers"), ("currency", "currency")];
            json!({ "anyOf": [def("amount"), object(&keys.map(|(key, name)| (key, def(name))))] })
        }
        "price_from" => each(def("amount")),
        "currency" => def("currency"),
        "not_sold" => json!({ "anyOf": [{ "type": "string" }, { "const": false }] }),
        "review" | "from" | "until" | "client_committed_until" => def("day"),
        _ => return None,
    })
}

fn unknown() -> Value {
    json!({ "enum": ["widens", "counts", "left_out"] })
}

fn count() -> Value {
    let parts = json!({ "type": "array", "items": def("part"), "minItems": 1 });
    let same_by = json!({ "type": "array", "items": { "enum": IdentityKey::ALL.map(IdentityKey::as_str) } });
    let of_parts = ["sum", "max", "union"].map(|key| (key, parts.clone()));
    let joined = object(&[of_parts.as_slice(), &[("same_by", same_by)]].concat());
    json!({ "anyOf": [def("part"), parts, joined] })
}

fn part() -> Value {
    let keys = [("of", def("kind")), ("times", def("amount")), ("where", def("filter")), ("where_not", def("filter"))];
    json!({ "anyOf": [def("kind"), object(&keys)] })
}

/// Every kind of every source, the names of counts, and of a file whatever its kinds are.
fn kind(sources: &[SourceVocabulary]) -> Value {
    let kinds = sources
        .iter()
        .flat_map(|source| source.kinds.iter().map(move |kind| [source.source.as_str(), ".", &kind.name].concat()));
    let open = sources.iter().filter(|source| source.is_open);
    let pattern = |source: &SourceVocabulary| ["^ *", source.source.as_str(), "[.]."].concat();
    let open = open.map(|source| json!({ "type": "string", "pattern": pattern(source) }));
    let named = json!({ "type": "string", "pattern": "^[^.]+$", "description": "The name of a count of [counts]." });
    // Sources that declare no kind leave nothing to choose from, which is not anything.
    let kinds: Vec<String> = kinds.collect();
    let known = (!kinds.is_empty()).then(|| one_of(kinds));
    let any: Vec<Value> = known.into_iter().chain(open).chain([named]).collect();
    json!({ "anyOf": any })
}

fn filter() -> Value {
    json!({ "anyOf": [def("attributes"), { "type": "array", "items": def("attributes"), "minItems": 1 }] })
}

/// The attributes of all kinds, and keys of days: which attributes a kind has, the reader knows.
fn attributes(sources: &[SourceVocabulary], days: &[&str]) -> Value {
    let kinds = sources.iter().flat_map(|source| &source.kinds);
    let names = kinds.flat_map(|kind| kind.attributes.iter().map(String::as_str)).chain(OF_EVERY_ITEM);
    let mut properties: Map<String, Value> = names.map(|name| (name.to_owned(), def("words"))).collect();
    if properties.contains_key(HOLDS) {
        properties.insert(HOLDS_ALL.to_owned(), def("words"));
    }
    properties.extend(days.iter().map(|key| ((*key).to_owned(), json!({ "type": "integer", "minimum": 1 }))));
    let others = if sources.iter().any(|source| source.is_open) { def("words") } else { json!(false) };
    json!({ "type": "object", "properties": properties, "additionalProperties": others })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::KindVocabulary;

    fn source(id: &str, kind: &str, attributes: &[&str]) -> SourceVocabulary {
        let attributes = attributes.iter().map(|name| (*name).to_owned()).collect();
        let kinds = vec![KindVocabulary { attributes, ..KindVocabulary::undeclared(kind) }];
        SourceVocabulary {
            source: id.parse().unwrap(),
            kinds,
            is_open: false,
            sku_names: Vec::new(),
            skus_left_out: Vec::new(),
        }
    }

    #[test]
    fn kinds_and_attributes_are_those_of_the_sources() {
        let schema = rules_schema(&[source("rmm", "server", &["site"]), source("cloud", "user", &["holds"])]);
        assert_eq!(schema.pointer("/$defs/kind/anyOf/0").unwrap(), &json!({ "enum": ["rmm.server", "cloud.user"] }));
        assert_eq!(schema.pointer("/$defs/source").unwrap(), &json!({ "enum": ["rmm", "cloud"] }));
        let attributes = schema.pointer("/$defs/attributes").unwrap();
        let names: Vec<_> = attributes["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["holds", "holds_all", "name", "site", "sku"]);
        assert_eq!(attributes["additionalProperties"], json!(false));

        let open = SourceVocabulary { is_open: true, ..source("sheet", "seat", &[]) };
        let schema = rules_schema(std::slice::from_ref(&open));
        assert_eq!(schema.pointer("/$defs/attributes/additionalProperties").unwrap(), &def("words"));
        assert_eq!(schema.pointer("/$defs/kind/anyOf").unwrap().as_array().unwrap().len(), 3);
        let schema = rules_schema(&[SourceVocabulary { kinds: Vec::new(), ..open }]);
        let kinds = schema.pointer("/$defs/kind/anyOf").unwrap().as_array().unwrap();
        assert!(kinds.len() == 2 && kinds.iter().all(|kind| kind["pattern"].is_string()), "{kinds:?}");
    }

    #[test]
    fn each_key_stands_where_it_can() {
        let schema = rules_schema(&[]);
        let of = |name: &str| {
            let keys = schema.pointer(&["/$defs/", name, "/properties"].concat()).unwrap().as_object().unwrap();
            keys.keys().cloned().collect::<Vec<_>>()
        };
        let (at_service, nearer) = (of("service"), of("nearer"));
        let stands = |keys: &[String], key: &str| keys.iter().any(|one| one == key);
        for key in KEYS {
            assert!(stands(&at_service, key) || stands(&nearer, key), "{key}");
        }
        assert!(stands(&at_service, "products") && !stands(&nearer, "products"));
        assert!(!stands(&at_service, "until") && stands(&nearer, "until"));
    }
}
