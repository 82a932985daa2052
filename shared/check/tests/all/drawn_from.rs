//! Licences of which nobody tells from which purchase they are drawn: every way of drawing them lies within the ends that
//! are said, and both ends are drawn in some way.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use rust_decimal::Decimal;
use truecount_check::World;

/// Purchases of one product: who sold it, and for how many.
type Purchases<'p> = &'p [(Option<&'p str>, u32)];

fn world(assigned: u32, purchases: Purchases<'_>, condition: &str, more: &str) -> World {
    let attributes = |seller: &Option<&str>| seller.map(|word| format!("sold_by = \"{word}\"")).unwrap_or_default();
    let bought: String = purchases
        .iter()
        .enumerate()
        .map(|(number, (seller, units))| {
            let attributes = attributes(seller);
            format!(
                "{{ id = \"s{number}\", kind = \"subscription\", sku = \"SPB\", quantity = {units}, attributes = {{ {attributes} }} }},"
            )
        })
        .collect();
    let case = format!(
        r#"
        count_day = 2026-11-26
        [[sources]]
        id = "tenants"
        kinds = [
          {{ name = "licence", unit = "seat", attributes = ["sold_by", "class"], drawn_from = {{ kind = "subscription", told_by = "sold_by" }} }},
          {{ name = "subscription", unit = "seat", attributes = ["sold_by"] }},
        ]
        words = {{ "licence.sold_by" = ["us", "client", "other"], "licence.class" = ["member"] }}
        [[accounts]]
        source = "tenants"
        id = "T1"
        name = "Alder Dental"
        client = "1"
        items = [{{ id = "l", kind = "licence", times = {assigned}, sku = "SPB" }}, {bought} {more}]
        [[clients]]
        id = "1"
        name = "Alder Dental"
        [[clients.agreements]]
        id = "A"
        lines = [{{ id = "L", product = "SEAT", quantity = 1, price = 22 }}]
    "#
    );
    let rules = format!("currency = \"USD\"\n[services]\nSEAT = {{ count = \"tenants.licence\", {condition} }}\n");
    World::from_toml("world", &case, rules).unwrap()
}

/// The least and the most that count.
fn ends(world: &World) -> (Decimal, Option<Decimal>) {
    let (clients, _) = world.records().unwrap();
    let row = &clients[0].rows[0];
    (row.at_least.unwrap(), row.at_most)
}

/// The numbers of ours among all ways of drawing `assigned` licences from the purchases; a seller who is not told may be
/// us or somebody else. Empty: there are more licences than that.
fn drawn(assigned: u32, purchases: Purchases<'_>, is_ours: impl Fn(&str) -> bool) -> Vec<u32> {
    let open = purchases.iter().filter(|(seller, _)| seller.is_none()).count();
    let mut found = Vec::new();
    for settled in 0..1_u32 << open {
        let mut at = 0;
        let (mut ours, mut others) = (0, 0);
        for (seller, units) in purchases {
            let counts = seller.map_or_else(
                || {
                    at += 1;
                    settled & (1 << (at - 1)) != 0
                },
                &is_ours,
            );
            if counts {
                ours += units;
            } else {
                others += units;
            }
        }
        found.extend((0..=assigned.min(ours)).filter(|from_us| assigned - from_us <= others));
    }
    found
}

#[test]
fn every_way_of_drawing_lies_within_the_ends_and_both_are_drawn() {
    let sellers = [Some("us"), Some("client"), Some("other"), None];
    let mut narrowed = 0;
    for first in sellers {
        for second in sellers {
            for (one, other) in [(40, 10), (10, 40), (0, 50), (25, 25), (47, 47)] {
                for assigned in [1, 10, 11, 47, 50, 51, 95] {
                    let purchases = [(first, one), (second, other)];
                    for (condition, is_ours) in [
                        (
                            "where = { sku = \"SPB\", sold_by = \"us\" }",
                            (|word: &str| word == "us") as fn(&str) -> bool,
                        ),
                        ("where_not = { sold_by = \"client\" }", |word| word != "client"),
                    ] {
                        let ways = drawn(assigned, &purchases, is_ours);
                        let found = ends(&world(assigned, &purchases, condition, ""));
                        let right = match (ways.iter().min(), ways.iter().max()) {
                            (Some(least), Some(most)) => (Decimal::from(*least), Some(Decimal::from(*most))),
                            // More are held than were bought: what was bought says nothing.
                            _ => (Decimal::ZERO, Some(Decimal::from(assigned))),
                        };
                        narrowed += usize::from(right != (Decimal::ZERO, Some(Decimal::from(assigned))));
                        assert_eq!(found, right, "{assigned} of {purchases:?}, {condition}");
                    }
                }
            }
        }
    }
    assert!(narrowed > 200, "{narrowed}");
}

#[test]
fn nothing_is_told_where_a_purchase_is_not_known_whole() {
    let purchases = [(Some("us"), 40), (Some("client"), 10)];
    let ours = "where = { sold_by = \"us\" }";
    assert_eq!(ends(&world(47, &purchases, ours, "")), (Decimal::from(37), Some(Decimal::from(40))));
    for more in [
        "{ id = \"s9\", kind = \"subscription\", sku = \"SPB\", quantity = \"unknown\", attributes = { sold_by = \"us\" } }",
        "{ id = \"s9\", kind = \"unknown\", sku = \"SPB\", quantity = 3 }",
    ] {
        let (least, most) = ends(&world(47, &purchases, ours, more));
        assert!(least.is_zero() && most.is_none_or(|most| most >= Decimal::from(47)), "{more}: {least} {most:?}");
    }
    // What another product was bought for binds nothing.
    let other =
        "{ id = \"s9\", kind = \"subscription\", sku = \"E5\", quantity = 90, attributes = { sold_by = \"us\" } }";
    assert_eq!(ends(&world(47, &purchases, ours, other)), (Decimal::from(37), Some(Decimal::from(40))));
    // Which of them are guests' is not known either: of ours, all may be.
    let (least, most) = ends(&world(47, &purchases, "where = { sold_by = \"us\", class = \"member\" }", ""));
    assert_eq!((least, most), (Decimal::ZERO, Some(Decimal::from(40))));
}

#[test]
fn how_many_count_is_known_where_all_that_was_bought_is_assigned() {
    let world = world(50, &[(Some("us"), 40), (Some("client"), 10)], "where = { sold_by = \"us\" }", "");
    let (clients, _) = world.records().unwrap();
    let row = &clients[0].rows[0];
    assert_eq!((row.should_bill, row.variance), (Some(Decimal::from(40)), Some(Decimal::from(39))));
    assert!(row.widenings.is_empty(), "{:?}", row.widenings);
}
