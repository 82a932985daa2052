//! Services inside services: what covers what, what grants what, and what is refused of it.

use rust_decimal::Decimal;
use truecount_billing::ClientId;
use truecount_rules::NamedClient;

use crate::refusals::said;
use crate::vocabulary::{code, resolved, rules, scope, usual};

const SERVICES: &str = "[services]\nA = { count = \"rmm.server\" }\nB = { count = \"rmm.mobile\" }\n\
                        C = { count = \"rmm.workstation\", products = [\"C-OLD\"] }\n";

/// Below three services, from line 5.
fn said_of(keys: &str) -> String {
    said(&format!("{SERVICES}{keys}\n"))
}

#[test]
fn a_service_covers_and_grants_others() {
    let text =
        format!("{SERVICES}[services.SEAT]\ncount = \"cloud.user\"\ncovers = [\"A\", \"B\"]\ngrants = {{ C = 1.5 }}\n");
    let rules = rules(&text);
    let seat = usual(&rules, "SEAT");
    assert_eq!(seat.covers, [code("A"), code("B")]);
    assert_eq!(seat.granted(&code("C")), Some(Decimal::new(15, 1)));
    assert_eq!(seat.granted(&code("A")), None);
    assert!(seat.holds_by_line() && !usual(&rules, "A").holds_by_line());
    let outer = |inner: &str| rules.outer_services(&code(inner)).map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((outer("A"), outer("C"), outer("SEAT")), (vec!["SEAT".to_owned()], vec!["SEAT".to_owned()], vec![]));
}

#[test]
fn a_client_can_have_less_inside_or_nothing() {
    let seat = "[services.SEAT]\ncount = \"cloud.user\"\ncovers = [\"A\"]\ngrants = { C = 1 }\n";
    let text = format!(
        "{SERVICES}{seat}[clients.7]\nSEAT = {{ covers = [], grants = {{}} }}\n[clients.8]\nSEAT = {{ grants = {{ B = 2 }} }}\n"
    );
    let rules = rules(&text);
    let ids = ["7", "8"].map(|id| ClientId::new(id).unwrap());
    let binding = rules.bind(ids.iter().map(|id| NamedClient { id, identifier: None, name: "Alder" }));
    let of = |client: usize| resolved(&rules, "SEAT", scope(binding.number_of(&ids[client]), &[])).rule;
    assert!(!of(0).holds_by_line());
    assert_eq!((of(1).covers.clone(), of(1).grants.clone()), (vec![code("A")], vec![(code("B"), Decimal::TWO)]));
    assert_eq!(rules.outer_services(&code("B")).count(), 1);
}

#[test]
fn what_is_refused_of_covers_and_grants() {
    for (keys, expected) in [
        ("S = { flat = true, covers = [\"Z\"] }", "5:30: no service has the code \"Z\"; use one of A, B, C, S"),
        (
            "S = { flat = true, covers = [\"C-OLD\"] }",
            "5:30: no service has the code \"C-OLD\"; write the service that has the product, \"C\"",
        ),
        ("S = { flat = true, covers = [\"A\", \"A\"] }", "5:35: \"A\" stands twice in `covers`; leave one out"),
        (
            "S = { flat = true, covers = [] }",
            "5:29: `covers` is an empty list; write service codes, such as [\"M365-BP\", \"EDR-AGT\"]",
        ),
        ("S = { flat = true, covers = [\"S\"] }", "5:30: \"S\" covers itself; leave one of them out"),
        (
            "S = { flat = true, grants = { A = 1 } }",
            "5:20: `grants` has no meaning for \"S\", which is not counted; leave it out, or write a `count`",
        ),
        ("S = { count = \"rmm.server\", grants = { A = 0 } }", "5:44: `A` cannot be 0; write a number above 0"),
        (
            "S = { count = \"rmm.server\", grants = 2 }",
            "5:38: `grants` cannot be 2; write a table, such as { MNG-WKS = 1 }",
        ),
        (
            "S = { count = \"rmm.server\", grants = {} }",
            "5:38: `grants` cannot be a table; write what each unit grants, such as { MNG-WKS = 1 }",
        ),
        (
            "S = { count = \"rmm.server\", grants = { T = 1 } }\nT = { flat = true, covers = [\"A\", \"S\"] }",
            "6:35: \"T\" covers \"S\", which covers or grants \"T\" in turn; leave one of them out",
        ),
        // Over several, and at a client.
        (
            "S = { flat = true, covers = [\"T\"] }\nT = { flat = true, covers = [\"U\"] }\nU = { count = \"rmm.server\" }\n[clients.7]\nU = { grants = { S = 1 } }",
            "9:18: \"U\" grants \"S\", which covers or grants \"U\" in turn; leave one of them out",
        ),
    ] {
        let expected = expected.split('\n').map(|line| format!("rules.toml:{line}")).collect::<Vec<_>>().join("\n");
        assert_eq!(said_of(keys), expected, "{keys}");
    }
}
