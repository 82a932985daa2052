//! Groups of services: what their members count, and what is refused of them; products that a service took the place of.

use truecount_rules::{Fit, UnknownPolicy, unseen_days};

use crate::refusals::said;
use crate::vocabulary::{code, parts, rules, usual};

const GROUP: &str = "[groups.people]\nonce_per = \"cloud.user\"\norder = [\"FULL\", \"MAIL\"]\n";
const MEMBERS: &str = "[services]\nFULL = { where = { holds = \"SPB\" } }\nMAIL = { where = { holds = \"EX\" } }\n";

#[test]
fn members_count_what_the_group_says() {
    let except =
        "except = [{ class = \"guest\" }, { sign_in = \"blocked\", not_seen_for_days = 90 }]\nunknown = \"left_out\"\n";
    let rules = rules(&format!("{GROUP}{except}{MEMBERS}OTHER = {{ flat = true }}\n"));
    let full = usual(&rules, "FULL");
    let part = &parts(&full)[0];
    assert_eq!((part.source.as_str(), part.kind.as_str(), part.unknown), ("cloud", "user", UnknownPolicy::LeftOut));
    assert_eq!(full.group, Some(code("people")));
    assert!(full.holds_by_line() && !usual(&rules, "OTHER").holds_by_line());
    // What `except` asks for is no usual state any more.
    assert_eq!(part.usual, []);
    let of = |class: &'static str, sign_in: &'static str, is_old: &'static str| {
        part.takes(|name| match name {
            "holds" => Some("SPB"),
            "class" => Some(class),
            "sign_in" => Some(sign_in),
            name => unseen_days(name).filter(|days| *days == 90).map(|_| is_old),
        })
    };
    assert_eq!(of("member", "allowed", "true"), Fit::Yes);
    assert_eq!(of("member", "blocked", "false"), Fit::Yes);
    assert_eq!(of("member", "blocked", "true"), Fit::No);
    assert_eq!(of("guest", "allowed", "false"), Fit::No);
    assert_eq!(rules.groups().len(), 1);
    assert_eq!(rules.groups()[0].order, [code("FULL"), code("MAIL")]);
}

#[test]
fn what_is_refused_of_groups() {
    let mine = |more: &str| format!("{GROUP}{MEMBERS}{more}");
    for (text, expected) in [
        (
            mine("[clients.7]\nFULL = { count = \"rmm.server\" }"),
            "8:18: `count` cannot stand at a service of group \"people\"; leave it out: the group's `once_per` says what is counted",
        ),
        (
            mine("[clients.7]\nFULL = { unknown = \"widens\" }"),
            "8:20: `unknown` cannot stand at a service of group \"people\"; write it at the group",
        ),
        (
            mine("[clients.7]\nFULL = { seen_within_days = 9 }"),
            "8:29: `seen_within_days` cannot stand at a service of group \"people\"; write except = { not_seen_for_days = 90 } at the group",
        ),
        (
            mine("[clients.7]\nFULL = { at = \"peak\" }"),
            "8:15: `at` cannot stand at a service of group \"people\"; leave it out: a group is counted on the count day",
        ),
        (mine("[clients.7]\nFULL = { ignore = \"by hand\" }"), ""),
        (
            format!("{GROUP}[services]\nFULL = {{ flat = true }}\nMAIL = {{ where = {{ holds = \"EX\" }} }}"),
            "5:10: `flat` cannot stand at a service of group \"people\"; leave it out: the group's `once_per` says what is counted",
        ),
        (
            format!("{GROUP}[services]\nFULL = {{ where = {{ holds = \"EX\" }} }}"),
            "3:18: no service has the code \"MAIL\"; the only one is \"FULL\"",
        ),
        (
            format!("{GROUP}{MEMBERS}[groups.more]\nonce_per = \"cloud.user\"\norder = [\"MAIL\"]"),
            "9:10: \"MAIL\" is in group \"people\" already; let one group have it",
        ),
        (mine("people = { flat = true }"), "1:9: \"people\" is a service, too; give the group another name"),
        (
            "[groups.people]\nonce_per = \"cloud.usr\"\norder = [\"A\"]\n[services]\nA = { where = { holds = \"X\" } }"
                .to_owned(),
            "2:12: no source counts \"usr\" of cloud; did you mean \"user\"?",
        ),
        (
            "[groups.people]\norder = [\"A\", \"A\"]\nfor = 1\n[services]\nA = { flat = true }".to_owned(),
            "1:9: nothing says what group \"people\" counts; write once_per = \"SOURCE.KIND\"\n2:15: \"A\" stands twice in `order`; leave one out\n3:1: a group has no key `for`; use one of once_per, order, except, unknown",
        ),
        (
            mine("[groups.none]\nonce_per = [\"cloud.user\"]"),
            "8:12: `once_per` cannot be a list; write once_per = \"SOURCE.KIND\"",
        ),
        (
            mine("X = { count = \"rmm.server\", where_not = { not_seen_for_days = 9 } }"),
            "7:43: `not_seen_for_days` can stand in the `except` of a group alone; write seen_within_days = 90 at the service",
        ),
        (
            format!("{GROUP}except = {{ not_seen_for_days = 0 }}\n{MEMBERS}"),
            "4:32: `not_seen_for_days` cannot be 0; write days from 1 to 3650",
        ),
    ] {
        let got = said(&text);
        let lines = expected.split('\n').filter(|line| !line.is_empty());
        let expected = lines.map(|line| format!("rules.toml:{line}")).collect::<Vec<_>>().join("\n");
        assert_eq!(got, expected, "{text}");
    }
}

#[test]
fn a_product_that_another_took_the_place_of_is_the_same_service() {
    let text = "[services]\nE3 = { count = \"cloud.licence\", where = { sku = \"NEW\" }, replaces = { products = [\"E3-OLD\"], skus = [\"OLD\"] } }\n";
    let rules = rules(text);
    let rule = usual(&rules, "E3");
    assert_eq!(rule.products, [code("E3"), code("E3-OLD")]);
    assert!(rule.supersedes(&code(" e3-old ")) && !rule.supersedes(&code("E3")));
    assert_eq!(rules.service_of_product(&code("E3-OLD")), Some(&code("E3")));
    let takes = |sku: &'static str| parts(&rule)[0].takes(|_| Some(sku));
    assert_eq!((takes("new"), takes("old"), takes("other")), (Fit::Yes, Fit::Yes, Fit::No));
    for (keys, expected) in [
        (
            "A = { count = \"cloud.licence\", replaces = { skus = [\"OLD\"] } }",
            "2:45: `skus` are counted as the products that `where` names, and it names none; write where = { sku = \"NEW\" } beside it",
        ),
        (
            "A = { count = \"cloud.licence\", replaces = {} }",
            "2:32: `replaces` names nothing; write products = [\"OLD\"] or skus = [\"OLD\"] in it",
        ),
        (
            "A = { flat = true, replaces = { product = [\"OLD\"] } }",
            "2:33: `replaces` has no key `product`; did you mean \"products\"?",
        ),
        (
            "A = { flat = true, replaces = { products = [\"B\"] } }\nB = { flat = true }",
            "3:1: product \"B\" belongs to service \"A\" already; let one service have it",
        ),
        (
            "A = { flat = true }\n[clients.7]\nA = { replaces = { products = [\"B\"] } }",
            "4:7: `replaces` cannot stand here; write it at the service, below [services]",
        ),
    ] {
        assert_eq!(said(&format!("[services]\n{keys}\n")), format!("rules.toml:{expected}"), "{keys}");
    }
}
