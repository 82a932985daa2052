//! What rules can ask of the sources of the settings: what each kind of source declares, in the words of the rules
//! language.

use truecount_billing::SourceId;
use truecount_connectors::{IdentityField, ItemKind, SourceKind};
use truecount_rules::{DrawnFrom, IdentityKey, KindVocabulary, SourceVocabulary};

/// What rules can ask of a source of this kind with these options. A file that declares its kinds has no others.
#[must_use]
pub fn vocabulary_of(source: &SourceId, kind: &SourceKind, options: &toml::Table) -> SourceVocabulary {
    let name = |(part, name): &(&str, &str)| ((*part).to_owned(), (*name).to_owned());
    let declared = kind.declared_kinds(options);
    SourceVocabulary {
        source: source.clone(),
        is_open: kind.is_open() && declared.is_empty(),
        kinds: kind.vocabulary.items.iter().map(item_kind).chain(declared).collect(),
        sku_names: kind.vocabulary.sku_names.iter().map(name).collect(),
        skus_left_out: kind.vocabulary.skus_left_out.iter().map(|sku| sku.part_number.to_owned()).collect(),
    }
}

fn item_kind(kind: &ItemKind) -> KindVocabulary {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    KindVocabulary {
        name: kind.name.to_owned(),
        unit: kind.unit,
        identity: kind.same_by.iter().map(|field| identity_key(*field)).collect(),
        stale_days: kind.stale_days,
        usual: kind.usual.iter().map(|(attribute, usual)| ((*attribute).to_owned(), words(usual))).collect(),
        attributes: kind.attributes.iter().map(|attribute| attribute.name.to_owned()).collect(),
        is_person: kind.is_person,
        drawn_from: kind
            .drawn_from
            .map(|(kind, told_by)| DrawnFrom { kind: kind.to_owned(), told_by: told_by.to_owned() }),
    }
}

fn identity_key(field: IdentityField) -> IdentityKey {
    match field {
        IdentityField::Serial => IdentityKey::Serial,
        IdentityField::MacAddress => IdentityKey::Mac,
        IdentityField::HostName => IdentityKey::Name,
        IdentityField::ObjectId => IdentityKey::ObjectId,
        IdentityField::MailAddress => IdentityKey::Mail,
    }
}

#[cfg(test)]
mod tests;
