//! What the sources of settings declare, as rules may ask for it.

use truecount_rules::Rules;

use super::*;
use crate::Settings;

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
connector = "file"
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
    let drawn_from = DrawnFrom { kind: "subscription".to_owned(), told_by: "sold_by".to_owned() };
    assert_eq!(licence.drawn_from, Some(drawn_from));
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

#[test]
fn a_file_with_a_preset_has_the_kinds_that_its_export_has_and_no_others() {
    let text = "[[sources]]\nid = \"rmm\"\nconnector = \"file\"\npreset = \"ninjaone-devices\"\n";
    let all = Settings::parse(text).unwrap().vocabulary();
    assert!(!all[0].is_open);
    let server = all[0].kinds.iter().find(|kind| kind.name == "server").unwrap();
    assert_eq!(server.stale_days, Some(30));
    assert!(server.identity.contains(&IdentityKey::Serial), "{server:?}");
    let rules =
        |kind: &str| Rules::parse("rules.toml", &format!("[services]\nA = {{ count = \"rmm.{kind}\" }}\n"), &all);
    assert!(rules("server").is_ok(), "{:?}", rules("server"));
    let error = rules("serfer").unwrap_err().to_string();
    assert!(error.contains("server"), "{error}");
}
