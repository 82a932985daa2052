//! Slips of the keyboard: what is said shows what to write.

use crate::refusals::check_counted;

#[test]
fn a_key_in_the_wrong_place_is_told_where_it_belongs() {
    let tiers =
        "write price = { graduated = [{ up_to = 10, each = 8 }, { each = 7 }] }, or `volume` in place of `graduated`";
    check_counted(&[
        (
            "internal = true",
            "rules.toml:3:1: no service has a key `internal`; write it at the client, below [clients.X]",
        ),
        ("except = []", "rules.toml:3:1: no service has a key `except`; write it at the group, below [groups.NAME]"),
        ("sku = \"SPB\"", "rules.toml:3:1: no service has a key `sku`; write where = { sku = … }"),
        ("min = 10", "rules.toml:3:1: no service has a key `min`; did you mean \"minimum\"?"),
        ("tiers = []", &format!("rules.toml:3:1: no service has a key `tiers`; {tiers}")),
        ("price = [{ each = 8 }]", &format!("rules.toml:3:9: `price` cannot be a list; {tiers}")),
    ]);
}

#[test]
fn what_stands_beside_a_number_is_named() {
    check_counted(&[
        ("pack = \"100 GB\"", "rules.toml:3:8: `pack`: `100 GB` is not a decimal number; write the number alone: 100"),
        ("tolerance = \"5%\"", "rules.toml:3:13: `tolerance`: `5%` is not a decimal number; write { percent = 5 }"),
        (
            "price = \"£1,250.00\"",
            "rules.toml:3:9: `price`: `£1,250.00` is not a decimal number; write the number alone: 1250.00",
        ),
    ]);
}
