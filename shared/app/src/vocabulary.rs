//! What rules can ask of the sources of the settings: what each kind of source declares, in the words of the rules
//! language.

use truecount_billing::SourceId;
use truecount_connectors::{IdentityField, ItemKind, SourceKind};
use truecount_rules::{IdentityKey, KindVocabulary, SourceVocabulary};

use crate::settings::Settings;

impl Settings {
    /// What rules can ask of the sources of usage. A source that is switched off is among them: that makes no rule wrong.
    #[must_use]
    pub fn vocabulary(&self) -> Vec<SourceVocabulary> {
        let usage = self.sources.iter().filter(|source| !source.side().is_billed());
        usage.filter_map(|source| Some(vocabulary_of(&source.id, source.kind()?))).collect()
    }
}

/// What rules can ask of a source of this kind.
#[must_use]
pub fn vocabulary_of(source: &SourceId, kind: &SourceKind) -> SourceVocabulary {
    let name = |(part, name): &(&str, &str)| ((*part).to_owned(), (*name).to_owned());
    SourceVocabulary {
        source: source.clone(),
        kinds: kind.vocabulary.items.iter().map(item_kind).collect(),
        is_open: kind.is_open(),
        sku_names: kind.vocabulary.sku_names.iter().map(name).collect(),
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
mod tests {
    use truecount_rules::Rules;

    use super::*;

    const SOURCES: &str = r#"
[[sources]]
id = "psa"
connector = "connectwise"
[[sources]]
id = "rmm"
connector = "ninjaone"
enabled = false
[[sources]]
id = "tenants"
connector = "microsoft-graph"
[[sources]]
id = "backup"
connector = "csv"
side = "used"
[[sources]]
id = "typo"
connector = "ninjatwo"
"#;

    fn vocabulary() -> Vec<SourceVocabulary> {
        Settings::parse(SOURCES).unwrap().vocabulary()
    }

    #[test]
    fn rules_can_ask_of_each_source_of_usage_what_its_kind_declares() {
        let all = vocabulary();
        let ids: Vec<_> = all.iter().map(|one| (one.source.as_str(), one.is_open)).collect();
        assert_eq!(ids, [("rmm", false), ("tenants", false), ("backup", true)]);
        let server = &all[0].kinds[0];
        assert_eq!((server.name.as_str(), server.stale_days), ("server", Some(30)));
        assert_eq!(server.identity, [IdentityKey::Serial, IdentityKey::Mac, IdentityKey::Name]);
        let [user, licence, subscription] = all[1].kinds.as_slice() else { panic!("{:?}", all[1].kinds) };
        assert_eq!(user.identity, [IdentityKey::ObjectId, IdentityKey::Mail]);
        assert_eq!(user.usual, [("sign_in".to_owned(), vec!["allowed".to_owned()])]);
        assert!(user.is_person && user.stale_days.is_none());
        assert!(licence.identity.is_empty(), "one person may hold several");
        assert!(!licence.is_person && licence.usual.is_empty() && subscription.identity.is_empty());
    }

    #[test]
    fn rules_are_held_against_what_the_sources_declare() {
        let rules = |text: &str| Rules::parse("rules.toml", text, &vocabulary());
        for good in [
            "count = \"rmm.server\", where = { site = \"14\" }",
            "count = \"tenants.licence\", where = { sku = \"O365_BUSINESS_PREMIUM\", sold_by = \"client\" }",
            "count = \"backup.anything\", where = { group = \"gold\" }",
        ] {
            let read = rules(&format!("[services]\nA = {{ {good} }}\n"));
            assert!(read.is_ok(), "{good}: {read:?}");
        }
        for (wrong, named) in [
            ("count = \"rmm.serfer\"", "server"),
            ("count = \"psa.line\"", "psa"),
            ("count = \"rmm.server\", where = { holds = \"SPB\" }", "holds"),
        ] {
            let error = rules(&format!("[services]\nA = {{ {wrong} }}\n")).unwrap_err().to_string();
            assert!(error.contains(named), "{wrong}: {error}");
        }
    }
}
