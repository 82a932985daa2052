//! To what the MSP or its client is committed: what is refused, and what it comes to.

use truecount_rules::{ClientPart, Fit, RulesScope};

use crate::for_whom::number;
use crate::refusals::{check_counted, check_keys};
use crate::vocabulary::{TODAY, parts, resolved, rules, usual};

#[test]
fn a_commitment_is_counted_by_its_own_where() {
    let text = "[services.A]\ncount = \"rmm.server\"\nwhere = { site = \"York\" }\n\
        commitment = { of = \"shop.subscription\", where = { sku = \"A\" } }";
    let rule = usual(&rules(text), "A");
    let commitment = rule.commitment.as_ref().unwrap();
    let count = commitment.count.as_ref().unwrap();
    let part = &count.parts[0];
    assert_eq!(parts(&rule)[0].wanted.len(), 1);
    assert_eq!((part.source.as_str(), part.kind.as_str(), part.wanted.len()), ("shop", "subscription", 1));
    let fits = |sku: &'static str| part.takes(|name| (name == "sku").then_some(sku));
    assert_eq!((fits("A"), fits("B")), (Fit::Yes, Fit::No));
    assert_eq!((&count.conversion, commitment.may_be_shared), (&None, false));
}

#[test]
fn what_was_bought_for_the_client_is_shared_by_its_agreements() {
    let text = "[services]\nA = { count = \"rmm.server\", commitment = { of = \"shop.subscription\" } }\n\
        [clients.7.agreements.Boston]\nA = { where = { site = \"boston\" } }\n\
        [clients.8.agreements.Boston]\n\
        A = { where = { site = \"boston\" }, commitment = { of = \"shop.subscription\", where = { name = \"Boston*\" } } }";
    let rules = rules(text);
    let is_shared = |client: &str, part| {
        let client = number(&rules, client);
        let scope = RulesScope { client, part, line_types: &[], client_types: &[], day: TODAY };
        resolved(&rules, "A", scope).rule.commitment.as_ref().unwrap().may_be_shared
    };
    let rest = ClientPart::Rest(&[(0, TODAY)]);
    for (client, part, expected) in [
        ("7", ClientPart::Whole, false),
        ("7", ClientPart::Section(0), true),
        ("7", rest, true),
        ("8", ClientPart::Section(0), false),
        ("8", rest, true),
    ] {
        assert_eq!(is_shared(client, part), expected, "{client} {part:?}");
    }
}

#[test]
fn what_is_refused() {
    check_counted(&[
        (
            "commitment = \"binds\"",
            "rules.toml:3:14: nobody is committed to machines: rmm.server has no days until when it was bought; write \
             commitment = { of = \"SOURCE.subscription\" }, or leave it out",
        ),
        (
            "commitment = { of = \"backup.storage\" }",
            "rules.toml:3:14: backup.storage and rmm.server are counted in different units; name a kind that is counted in \
             the unit of the count",
        ),
        (
            "commitment = { of = \"shop.subscriptions\" }",
            "rules.toml:3:21: no source counts \"subscriptions\" of shop; did you mean \"subscription\"?",
        ),
        (
            "commitment = { max = [\"shop.subscription\", \"rmm.server\"] }",
            "rules.toml:3:14: a `max` cannot be a commitment; write { of = \"SOURCE.KIND\" }, or a list of them",
        ),
        ("cut = \"at_renewals\"", "rules.toml:3:7: `cut` cannot be \"at_renewals\"; did you mean \"at_renewal\"?"),
        ("cut = { notice_days = 0 }", "rules.toml:3:23: `notice_days` cannot be 0; write days from 1 to 3650"),
        (
            "cut = {}",
            "rules.toml:3:7: `cut` cannot be a table; write \"at_once\", \"at_renewal\" or { notice_days = 30 }",
        ),
        ("cut = { days = 3 }", "rules.toml:3:9: `cut` has no key `days`; did you mean \"notice_days\"?"),
        ("client_committed = -1", "rules.toml:3:20: `client_committed` cannot be -1; write 0 or more"),
        (
            "client_committed_until = \"2027\"",
            "rules.toml:3:26: `client_committed_until` cannot be \"2027\"; write a day without quotes, such as 2027-03-31",
        ),
    ]);
    check_keys(&[(
        "flat = true\ncut = \"at_once\"",
        "rules.toml:3:1: `cut` has no meaning for \"A\", which is not counted; leave it out, or write a `count`",
    )]);
}

#[test]
fn what_is_counted_may_tell_itself_how_long_it_was_bought() {
    let rule = usual(&rules("[services]\nA = { count = \"shop.subscription\", commitment = \"binds\" }"), "A");
    assert_eq!(
        rule.commitment.as_ref().map(|commitment| (&commitment.count, commitment.may_be_shared)),
        Some((&None, false))
    );
    assert_eq!((rule.committed(), rule.count().is_some()), (rule.count(), true));
    let rule = usual(&rules("[services]\nA = { count = \"shop.subscription\" }"), "A");
    assert_eq!((rule.commitment.as_ref(), rule.committed()), (None, None));
}
