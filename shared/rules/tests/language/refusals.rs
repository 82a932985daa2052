//! What a rules file is refused for: the exact words, the line and the column.

use crate::vocabulary::parse;

/// Everything that is said of a text; nothing, if it is right.
pub(crate) fn said(text: &str) -> String {
    parse(text).err().map(|error| error.to_string()).unwrap_or_default()
}

/// A service that is right, and below it what is refused, from line 3.
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(said(&format!("[services]\nA = {{ count = \"rmm.server\" }}\n{text}\n")), *expected, "{text}");
    }
}

/// The keys of one service, from line 2.
pub(crate) fn check_keys(cases: &[(&str, &str)]) {
    for (keys, expected) in cases {
        assert_eq!(said(&format!("[services.A]\n{keys}\n")), *expected, "{keys}");
    }
}

/// As [`check_keys`], below `count = "rmm.server"`, from line 3.
pub(crate) fn check_counted(cases: &[(&str, &str)]) {
    for (keys, expected) in cases {
        assert_eq!(said(&format!("[services.A]\ncount = \"rmm.server\"\n{keys}\n")), *expected, "{keys}");
    }
}

#[test]
fn a_file_without_a_service_is_refused_and_says_so() {
    let wrong = "the file names no service, so that nothing would be compared";
    for (text, place, advice) in [
        ("", "1:1", "write [services] and below it CODE = { count = \"SOURCE.KIND\" }"),
        ("# nothing\n", "1:1", "write [services] and below it CODE = { count = \"SOURCE.KIND\" }"),
        ("currency = \"GBP\"\n[services]\n", "2:2", "write CODE = { count = \"SOURCE.KIND\" } below [services]"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.to_string(), format!("rules.toml:{place}: {wrong}; {advice}"));
        assert!(error.has_no_service);
    }
    let error = parse("[services]\nA = { count = \"rmm.serve\" }").unwrap_err();
    assert!(!error.has_no_service);
}

#[test]
fn counts() {
    check_keys(&[
        ("count = \"rmm.servers\"", "rules.toml:2:9: no source counts \"servers\" of rmm; did you mean \"server\"?"),
        (
            "count = \"rmm.printer\"",
            "rules.toml:2:9: no source counts \"printer\" of rmm; use one of server, workstation, mobile",
        ),
        ("count = \"rm.server\"", "rules.toml:2:9: no source is called \"rm\"; did you mean \"rmm\"?"),
        (
            "count = \"server\"",
            "rules.toml:2:9: no count is called \"server\"; write \"SOURCE.KIND\", such as the id of a source, a point, \
             and one of its kinds",
        ),
        ("count = \"sheet.\"", "rules.toml:2:9: no source counts \"\" of sheet; there is none that could be meant"),
        ("count = 7", "rules.toml:2:9: `count` cannot be 7; write \"SOURCE.KIND\", or a list of them"),
        ("count = []", "rules.toml:2:9: `count` is an empty list; write \"SOURCE.KIND\", or a list of them"),
        ("count = { sum = [] }", "rules.toml:2:17: `sum` is an empty list; write \"SOURCE.KIND\", or a list of them"),
        ("count = {}", "rules.toml:2:9: \"count\" counts nothing; write \"SOURCE.KIND\", or a list of them"),
        ("count = { summ = [] }", "rules.toml:2:11: a count has no key `summ`; did you mean \"sum\"?"),
        (
            "count = { sum = \"rmm.server\" }",
            "rules.toml:2:17: `sum` cannot be \"rmm.server\"; write a list, such as [\"SOURCE.KIND\", \"SOURCE.KIND\"]",
        ),
        ("count = [\"rmm.server\", \"rmm.server\"]", "rules.toml:2:24: rmm.server is counted twice; leave one out"),
        (
            "count = [\"rmm.server\", \"backup.storage\"]",
            "rules.toml:2:9: rmm.server and backup.storage are counted in different units; count them in two services",
        ),
        ("count = [{ where = { site = \"x\" } }]", "rules.toml:2:10: a part names no kind; write of = \"SOURCE.KIND\""),
        (
            "count = { of = \"rmm.server\", wher = { site = \"x\" } }",
            "rules.toml:2:30: a part of a count has no key `wher`; did you mean \"where\"?",
        ),
    ]);
    check(&[
        (
            "[counts.a]\nsum = [\"rmm.serve\"]",
            "rules.toml:4:8: no source counts \"serve\" of rmm; did you mean \"server\"?",
        ),
        (
            "[counts.\"a.b\"]\nsum = [\"rmm.server\"]",
            "rules.toml:3:9: a count cannot be called \"a.b\"; write a name without a point",
        ),
    ]);
    // What follows from a count that is wrong is not said.
    let named = "[counts.c]\nsum = [\"rmm.serve\"]\n[services]\nA = { count = \"c\", where = { x = \"y\" } }\n";
    assert_eq!(said(named), "rules.toml:2:8: no source counts \"serve\" of rmm; did you mean \"server\"?");
    let nested = "[counts.machines]\nsum = [\"rmm.server\"]\n[services]\nA = { count = \"machine\" }\n";
    assert_eq!(said(nested), "rules.toml:4:15: no count is called \"machine\"; did you mean \"machines\"?");
}

#[test]
fn the_largest_of_counts_and_each_machine_once() {
    check_keys(&[
        (
            "count = { max = \"rmm.server\" }",
            "rules.toml:2:17: `max` cannot be \"rmm.server\"; write a list, such as [\"SOURCE.KIND\", \"SOURCE.KIND\"]",
        ),
        (
            "count = { max = [\"rmm.server\"] }",
            "rules.toml:2:17: the largest of fewer than two counts; name two at least, or leave `max` out",
        ),
        (
            "count = { max = [\"rmm.server\", \"rmm.server\"] }",
            "rules.toml:2:32: rmm.server is counted twice; leave one out",
        ),
        (
            "count = { max = [\"rmm.server\", \"rmm.mobile\"], union = [\"rmm.mobile\"] }",
            "rules.toml:2:47: `union` stands beside another of `sum`, `max` and `union`; leave all but one of them out",
        ),
        (
            "count = { max = [\"rmm.server\", \"backup.storage\"] }",
            "rules.toml:2:9: rmm.server and backup.storage are counted in different units; count them in two services",
        ),
        (
            "count = { of = \"rmm.server\", max = [\"rmm.mobile\"] }",
            "rules.toml:2:30: a part of a count cannot have `max`; write it as the whole count, without `of`",
        ),
        (
            "count = { sum = [\"rmm.server\"], same_by = [\"serial\"] }",
            "rules.toml:2:33: `same_by` has no meaning without `union`; leave it out, or write union = [ … ]",
        ),
        (
            "count = { union = [\"rmm.server\", \"rmm.mobile\"], same_by = [\"seril\", \"mac\"] }",
            "rules.toml:2:60: no machine is known by \"seril\"; did you mean \"serial\"?",
        ),
        (
            "count = { union = [\"rmm.server\", \"rmm.mobile\"], same_by = [\"mac\", \"mac\"] }",
            "rules.toml:2:67: \"mac\" stands twice; leave one out",
        ),
        (
            "count = { union = [{ of = \"rmm.server\", times = 2 }, \"rmm.mobile\"] }",
            "rules.toml:2:19: rmm.server has a factor, and a machine of a union counts once; leave `times` out",
        ),
        (
            "count = { union = [\"rmm.server\", \"backup.machine\"] }",
            "rules.toml:2:19: backup.machine has no serial, mac, name to be joined by; take it out of the union: its items \
             are told apart by their ids alone",
        ),
        (
            "count = { union = [\"rmm.server\", \"rmm.mobile\"], same_by = \"object_id\" }",
            "rules.toml:2:19: rmm.server has no object_id to be joined by; write same_by = [\"serial\", \"mac\", \"name\"]\n\
             rules.toml:2:19: rmm.mobile has no object_id to be joined by; write same_by = [\"serial\", \"mac\", \"name\"]",
        ),
    ]);
    let nested = "[counts.machines]\nunion = [\"rmm.server\", \"sheet.agent\"]\n[services]\nA = { count = [\"machines\", \"rmm.mobile\"] }\n";
    assert_eq!(
        said(nested),
        "rules.toml:4:16: \"machines\" is a `union`, which cannot be a part of another count; count it alone, or name its \
         kinds here"
    );
}

#[test]
fn what_a_service_is_compared_with() {
    check_keys(&[
        (
            "note = \"x\"",
            "rules.toml:1:11: nothing says what \"A\" is compared with; write `count`, `flat = true` or `ignore = \"why\"`",
        ),
        ("flat = false", "rules.toml:2:8: `flat` cannot be false; write true, or leave the key out"),
        (
            "ignore = true",
            "rules.toml:2:10: `ignore` cannot be true; write a text in quotes, such as \"one-time project work\"",
        ),
        (
            "flat = true\nignore = \"x\"",
            "rules.toml:3:1: `ignore` stands beside another of `count`, `flat` and `ignore`; leave all but one of them out",
        ),
        (
            "flat = true\nincluded = 3",
            "rules.toml:3:1: `included` has no meaning for \"A\", which is not counted; leave it out, or write a `count`",
        ),
    ]);
    check(&[
        (
            "B = \"rmm.server\"",
            "rules.toml:3:5: `B` cannot be \"rmm.server\"; write a table, such as { count = \"SOURCE.KIND\" }",
        ),
        (
            "B = {}",
            "rules.toml:3:5: \"B\" says nothing; write a key, such as count = \"SOURCE.KIND\", or leave the line out",
        ),
        (
            "\"\" = { flat = true }",
            "rules.toml:3:1: \"\" cannot be a service: an id is empty; write a product code of the PSA",
        ),
        ("\"service:A\" = { flat = true }", "rules.toml:3:1: \"A\" stands twice below [services]; leave one out"),
    ]);
}

#[test]
fn filters() {
    check_counted(&[
        ("where = { sit = \"x\" }", "rules.toml:3:11: rmm.server has no attribute \"sit\"; did you mean \"site\"?"),
        (
            "where_not = { holds_all = \"x\" }",
            "rules.toml:3:15: rmm.server has no attribute \"holds_all\"; use one of site, class, trial, sku, name",
        ),
        (
            "where = \"x\"",
            "rules.toml:3:9: `where` cannot be \"x\"; write attributes, such as where = { sku = \"MSH-STD\" }",
        ),
        (
            "where = {}",
            "rules.toml:3:9: `where` names no attribute; write attributes, such as where = { sku = \"MSH-STD\" }",
        ),
        (
            "where_not = []",
            "rules.toml:3:13: `where_not` is an empty list; write attributes, such as where_not = { sku = \"MSH-STD\" }",
        ),
        (
            "where = [1]",
            "rules.toml:3:10: `where` cannot be 1; write attributes, such as where = { sku = \"MSH-STD\" }",
        ),
        (
            "where = { site = \" \" }",
            "rules.toml:3:18: `site` cannot be \" \"; write a word in quotes, or a list of words",
        ),
        ("where = { site = 1.5 }", "rules.toml:3:18: `site` cannot be 1.5; write a word in quotes, or a list of words"),
        ("where = { site = [] }", "rules.toml:3:18: `site` is an empty list; write at least one word"),
        (
            "where_not = { not_seen_for_days = 9 }",
            "rules.toml:3:15: `not_seen_for_days` can stand in the `except` of a group alone; \
             write seen_within_days = 90 at the service",
        ),
    ]);
    check_keys(&[
        (
            "count = [\"rmm.server\", \"shop.subscription\"]\nwhere = { site = \"x\" }",
            "rules.toml:3:11: shop.subscription has no attribute \"site\"; write it at the part that has it: \
             count = [{ of = \"SOURCE.KIND\", where = { site = … } }, …]",
        ),
        // After a bad count nothing is said of attributes.
        (
            "count = \"rmm.serve\"\nwhere = { sit = \"x\" }",
            "rules.toml:2:9: no source counts \"serve\" of rmm; did you mean \"server\"?",
        ),
    ]);
}

#[test]
fn words_and_numbers() {
    let days = "write days from 1 to 3650, or false for all, however old";
    check_counted(&[
        ("at = \"peek\"", "rules.toml:3:6: `at` cannot be \"peek\"; did you mean \"peak\"?"),
        ("at = 31", "rules.toml:3:6: `at` cannot be 31; write \"count_day\" or \"peak\""),
        ("seen_within_days = true", &format!("rules.toml:3:20: `seen_within_days` cannot be true; {days}")),
        ("seen_within_days = 0", &format!("rules.toml:3:20: `seen_within_days` cannot be 0; {days}")),
        ("seen_within_days = 3651", &format!("rules.toml:3:20: `seen_within_days` cannot be 3651; {days}")),
        ("unknown = \"count\"", "rules.toml:3:11: `unknown` cannot be \"count\"; did you mean \"counts\"?"),
        ("unknown = 1", "rules.toml:3:11: `unknown` cannot be 1; write \"widens\" or \"counts\" or \"left_out\""),
        (
            "may_be_empty = \"yes\"",
            "rules.toml:3:16: `may_be_empty` cannot be \"yes\"; write true or false, without quotes",
        ),
        ("no_line = \"nothing\"", "rules.toml:3:11: `no_line` cannot be \"nothing\"; use one of exception, list"),
        ("one_time = \"linked\"", "rules.toml:3:12: `one_time` cannot be \"linked\"; the only one is \"counts\""),
        ("included = -1", "rules.toml:3:12: `included` cannot be -1; write 0 or more"),
        (
            "minimum = \"a\"",
            "rules.toml:3:11: `minimum`: `a` is not a decimal number; write a number of at most 28 digits, such as 12.50",
        ),
        ("included = true", "rules.toml:3:12: `included` cannot be true; write a number, such as 12.50"),
        (
            "included = nan",
            "rules.toml:3:12: `included`: `nan` is not a decimal number; write a number of at most 28 digits, such as 12.50",
        ),
        (
            "included = 0x10",
            "rules.toml:3:12: `included`: `0x10` is not a decimal number; write a number of at most 28 digits, such as 12.50",
        ),
        (
            "minimum = 12345678901234567890.123456789",
            "rules.toml:3:11: `minimum`: `12345678901234567890.123456789` has more than 28 digits; \
             write a number of at most 28 digits, such as 12.50",
        ),
        ("tolerance = { unit = 1 }", "rules.toml:3:15: a tolerance has no key `unit`; did you mean \"units\"?"),
        ("tolerance = { percent = 101 }", "rules.toml:3:25: `percent` cannot be 101; write 100 or less"),
        (
            "tolerance = {}",
            "rules.toml:3:13: `tolerance` cannot be a table; write a number of units, or { units = 2, percent = 5 }",
        ),
        ("note = \"\"", "rules.toml:3:8: `note` cannot be \"\"; write a text in quotes, such as \"why it is so\""),
        ("minumum = 3", "rules.toml:3:1: no service has a key `minumum`; did you mean \"minimum\"?"),
        ("products = [\"B\", \"B\"]", "rules.toml:3:18: \"B\" stands twice in `products`; leave one out"),
    ]);
}

#[test]
fn prices_and_currencies() {
    check_counted(&[
        (
            "price = 1",
            "rules.toml:3:1: nothing says which currency the price is in; write currency = \"GBP\" (or another) at the top \
             of the file, or beside the price",
        ),
        ("currency = \"GBP\"", "rules.toml:3:1: `currency` stands without `price`; write the price beside it"),
        ("price = 1\ncurrency = \"gbp\"", "rules.toml:4:12: no currency has the code \"gbp\"; did you mean \"GBP\"?"),
        (
            "price = { currency = \"GBP\" }",
            "rules.toml:3:9: the price has no amount; write { each = 12.50, currency = \"GBP\" }",
        ),
        (
            "price = { each = 1, curency = \"GBP\", currency = \"EUR\" }",
            "rules.toml:3:21: a price has no key `curency`; did you mean \"currency\"?",
        ),
        (
            "price = { each = 1, currency = \"GBP\" }\ncurrency = \"EUR\"",
            "rules.toml:4:1: the price names two currencies; leave one out",
        ),
        ("price_from = 33", "rules.toml:3:14: `price_from` cannot be 33; write a table, such as { 2027-01-01 = 33 }"),
        (
            "price_from = {}\ncurrency = \"GBP\"",
            "rules.toml:3:14: `price_from` cannot be a table; write the first day of each price, such as { 2027-01-01 = 33 }",
        ),
        (
            "price_from = { 20270101 = 33 }\ncurrency = \"GBP\"",
            "rules.toml:3:16: `price_from`: \"20270101\" is not a day; write the first day of the price, such as \
             2027-01-01 = 33",
        ),
        (
            "price_from = { 2027-01-01 = -3 }\ncurrency = \"GBP\"",
            "rules.toml:3:29: `2027-01-01` cannot be -3; write 0 or more",
        ),
        (
            "price_from = { 2027-01-01 = 33 }",
            "rules.toml:3:1: nothing says which currency the price is in; write currency = \"GBP\" (or another) at the top \
             of the file, or beside the price",
        ),
        (
            "expected_at = [\"Managed\", \"managed \"]",
            "rules.toml:3:27: \"managed\" stands twice in `expected_at`; leave one out",
        ),
        (
            "price = { volume = [] }",
            "rules.toml:3:20: `volume` is an empty list; write its tiers, such as [{ up_to = 50, each = 10 }, { each = 8 }]",
        ),
        (
            "price = { graduated = 3 }",
            "rules.toml:3:23: `graduated` cannot be 3; write its tiers, such as [{ up_to = 50, each = 10 }, { each = 8 }]",
        ),
        (
            "price = { volume = [{ each = 8 }], each = 3 }",
            "rules.toml:3:36: `each` stands beside another of `each`, `graduated` and `volume`; leave all but one of them out",
        ),
        (
            "price = { volume = [{ each = 8 }, { each = 3 }] }",
            "rules.toml:3:21: a tier without `up_to` has no end, and others follow; write up_to in all tiers but the last",
        ),
        (
            "price = { volume = [{ up_to = 5, each = 8 }, { up_to = 9, each = 3 }] }",
            "rules.toml:3:46: nothing says what units above 9 cost; leave `up_to` out of the last tier, or add one, such as \
             { each = 8 }",
        ),
        (
            "price = { volume = [{ up_to = 5, each = 8 }, { up_to = 5, each = 7 }, { each = 3 }] }",
            "rules.toml:3:46: `up_to` 5 does not come after 5; write the tiers in the order of their ends",
        ),
        (
            "price = { volume = [{ upto = 5, each = 8 }, { each = 3 }] }",
            "rules.toml:3:23: a tier has no key `upto`; did you mean \"up_to\"?",
        ),
        (
            "price = { volume = [{ up_to = 5 }, { each = -3 }] }",
            "rules.toml:3:21: a tier has no price; write { up_to = 50, each = 10 }\n\
             rules.toml:3:45: `each` cannot be -3; write 0 or more",
        ),
        ("price = -1\ncurrency = \"EUR\"", "rules.toml:3:9: `price` cannot be -1; write 0 or more"),
    ]);
    // Of a home currency that does not exist, prices say nothing more.
    let text = "currency = \"GPB\"\n[services]\nA = { count = \"rmm.server\", price = 1 }\n";
    assert_eq!(said(text), "rules.toml:1:12: no currency has the code \"GPB\"; did you mean \"GBP\"?");
}

#[test]
fn factors_and_units() {
    check_keys(&[
        ("count = { of = \"rmm.server\", times = 0 }", "rules.toml:2:38: `times` cannot be 0; write a number above 0"),
        ("count = { of = \"rmm.server\", times = -2 }", "rules.toml:2:38: `times` cannot be -2; write 0 or more"),
        (
            "count = { of = \"rmm.server\", times = true }",
            "rules.toml:2:38: `times` cannot be true; write a number, such as 12.50",
        ),
        (
            "count = [\"rmm.server\", { of = \"rmm.server\", times = 2 }]",
            "rules.toml:2:24: rmm.server is counted twice; leave one out",
        ),
        (
            "count = { sum = [\"rmm.server\"], times = 2 }",
            "rules.toml:2:33: `times` stands without `of`; write { of = \"SOURCE.KIND\", times = 2 } in the list",
        ),
        (
            "count = \"rmm.server\"\ntimes = 2",
            "rules.toml:3:1: `times` cannot stand here; write it in the count: count = { of = \"SOURCE.KIND\", times = 2 }",
        ),
        (
            "count = \"rmm.server\"\nunit = \"GB\"",
            "rules.toml:3:8: rmm.server is counted in pieces, not in bytes: `unit` \"GB\" has no meaning; leave `unit` out, \
             or count a kind that is counted in GB or GiB",
        ),
        (
            "count = \"backup.storage\"\nunit = \"GIB\"",
            "rules.toml:3:8: `unit` cannot be \"GIB\"; did you mean \"GiB\"?",
        ),
        ("count = \"rmm.server\"\npack = 0", "rules.toml:3:8: `pack` cannot be 0; write a number above 0"),
        ("count = \"rmm.server\"\nround_up = -5", "rules.toml:3:12: `round_up` cannot be -5; write 0 or more"),
        (
            "count = \"rmm.server\"\npack = 10\nround_up = 5",
            "rules.toml:4:1: `pack` and `round_up` stand beside each other; leave one of them out",
        ),
        (
            "flat = true\npack = 10",
            "rules.toml:3:1: `pack` has no meaning for \"A\", which is not counted; leave it out, or write a `count`",
        ),
        (
            "flat = true\nunit = \"GB\"",
            "rules.toml:3:1: `unit` has no meaning for \"A\", which is not counted; leave it out, or write a `count`",
        ),
    ]);
    let other =
        "[services.A]\ncount = \"backup.storage\"\nunit = \"GB\"\n[clients.7]\nA = { count = \"rmm.server\" }\n";
    let wrong = "rmm.server is counted in pieces, not in bytes: `unit` \"GB\" has no meaning";
    let advice = "leave `unit` out, or count a kind that is counted in GB or GiB";
    assert_eq!(said(other), format!("rules.toml:5:15: {wrong}; {advice}"));
}

#[test]
fn what_is_not_yet_supported_is_named() {
    check_counted(&[("bills = 1", "rules.toml:3:1: `bills` is not yet supported; leave it out")]);
    for word in ["vendor_cycle_day", "average", "anyone_in_month"] {
        let expected = format!("rules.toml:3:6: `{word}` is not yet supported; leave it out");
        check_counted(&[(&format!("at = \"{word}\""), &expected)]);
    }
}

#[test]
fn what_is_bought_at_two_sources() {
    let example = "write moved = { from = \"SOURCE\", to = \"SOURCE\", on = 2026-11-14 }";
    let cases = [
        ("moved = {}", format!("4:1: `moved` does not say from where, to where and on which day; {example}")),
        (
            "moved = { from = \"shop\", to = \"shop\", on = 2026-11-14 }",
            format!("4:1: `moved` names one source twice; {example}"),
        ),
        (
            "moved = { from = \"shap\", to = \"cloud\", on = 2026-11-14 }",
            "4:18: no source is called \"shap\"; did you mean \"shop\"?".to_owned(),
        ),
        (
            "moved = { from = \"shop\", too = \"cloud\", on = 2026-11-14 }",
            "4:26: `moved` has no key `too`; did you mean \"to\"?".to_owned(),
        ),
        ("both = false", "4:8: `both` cannot be false; write true, or leave the key out".to_owned()),
        (
            "both = true\nmoved = { from = \"shop\", to = \"cloud\", on = 2026-11-14 }",
            "5:1: `moved` and `both` say different things of what is bought at two sources; leave one of them out"
                .to_owned(),
        ),
    ];
    for (text, expected) in cases {
        check(&[(&format!("[clients.7]\n{text}"), &format!("rules.toml:{expected}"))]);
    }
}

#[test]
fn the_top_of_the_file() {
    check(&[
        ("[service.B]", "rules.toml:3:2: a rules file has no key `service`; did you mean \"services\"?"),
        ("[us]\ndomain = [\"x\"]", "rules.toml:4:1: [us] has no key `domain`; did you mean \"domains\"?"),
        ("[us]\ndomains = [1]", "rules.toml:4:12: `domains` cannot be 1; write domains in quotes"),
        ("[sources.rmn]\nleave_out = [\"x\"]", "rules.toml:3:10: no source is called \"rmn\"; did you mean \"rmm\"?"),
        (
            "[sources.rmm]\nleav_out = [\"x\"]",
            "rules.toml:4:1: a source has no key `leav_out` in the rules; did you mean \"leave_out\"?",
        ),
        (
            "[sources.rmm]\nleave_out = [\"x\"]\ncount_too = [\"X\"]",
            "rules.toml:5:14: \"X\" is left out and counts, too; name it in one of the two lists",
        ),
        (
            "[categories.P]",
            "rules.toml:3:13: nothing says what category \"P\" is; write flat = true or ignore = \"why\"",
        ),
        ("[categories.P]\nflt = true", "rules.toml:4:1: a category has no key `flt`; did you mean \"flat\"?"),
        (
            "[categories.P]\nflat = true\nignore = \"x\"",
            "rules.toml:5:1: a category is either `flat` or ignored; leave one of the keys out",
        ),
        (
            "[categories]\nP = { flat = true }\np = { flat = true }",
            "rules.toml:5:1: category \"p\" stands twice; leave one out",
        ),
    ]);
    let text = "[services]\nA = { count = \"rmm.server\", products = [\"C\"] }\nB = { count = \"rmm.mobile\", products = [\"C\"] }\n";
    assert_eq!(said(text), "rules.toml:3:41: product \"C\" belongs to service \"A\" already; let one service have it");
}

#[test]
fn for_whom() {
    check(&[
        ("[clients.7]\nAB = { included = 1 }", "rules.toml:4:1: no service has the code \"AB\"; did you mean \"A\"?"),
        (
            "[clients.7]\ninteral = true",
            "rules.toml:4:1: no service has the code \"interal\"; did you mean \"internal\"?",
        ),
        (
            "[clients.7]\nA = { included = 1, products = [\"Z\"] }",
            "rules.toml:4:21: `products` cannot stand here; write it at the service, below [services]",
        ),
        (
            "[clients.7]\nA = { review = 2027-01-01 }",
            "rules.toml:4:7: `review` stands without a reason; write not_sold = \"why\" beside it",
        ),
        (
            "[clients.7]\nA = { not_sold = \"x\", review = \"soon\" }",
            "rules.toml:4:32: `review` cannot be \"soon\"; write a day without quotes, such as 2027-03-31",
        ),
        (
            "[clients.7]\nA = { not_sold = true }",
            "rules.toml:4:18: `not_sold` cannot be true; write a text in quotes, such as \"bought elsewhere\", or false where it \
             is sold after all",
        ),
        (
            "[clients.7]\nA = { included = 1, from = 2026-02-01, until = 2026-01-01 }",
            "rules.toml:4:48: `until` 2026-01-01 is before `from` 2026-02-01; write the last day on which it holds",
        ),
        ("[clients.7]\nnot_sold = [\"A\", \"A\"]", "rules.toml:4:18: \"A\" is `not_sold` twice; leave one out"),
        (
            "[clients.7]\nnot_sold = [\"A\"]\nA = { not_sold = \"x\" }",
            "rules.toml:4:13: \"A\" is `not_sold` twice; leave one out",
        ),
        ("[clients.7]\nnot_sold = [\"B\"]", "rules.toml:4:13: no service has the code \"B\"; the only one is \"A\""),
        (
            "[clients.\" \"]\ninternal = true",
            "rules.toml:3:10: a client's name is blank; write its id, short identifier or name",
        ),
        (
            "[agreement_types.X]\ninternal = true",
            "rules.toml:4:1: `internal` cannot stand here; write it at the client, below [clients.X]",
        ),
        (
            "[agreement_types]\nX = { note = \"a\" }\nx = { note = \"a\" }",
            "rules.toml:5:1: kind of agreement \"x\" stands twice; put both tables together",
        ),
        (
            "[clients.7.agreements.Boston]\nA = { included = 1 }",
            "rules.toml:4:1: nothing says which items of \"A\" are this agreement's; write where = { … }",
        ),
        (
            "[clients.7.agreements.Boston]\nnot_sold = [\"A\"]",
            "rules.toml:4:1: a list of `not_sold` does not say which items are the agreement's; write it at the client, or \
             CODE = { not_sold = \"why\", where = { … } }",
        ),
        (
            "[clients.7.agreements]\nX = { note = \"a\" }\nx = { note = \"a\" }",
            "rules.toml:5:1: agreement \"x\" stands twice; put both tables together",
        ),
        (
            "[clients.7]\nA = { where = { sit = \"x\" } }",
            "rules.toml:4:17: rmm.server has no attribute \"sit\"; did you mean \"site\"?",
        ),
    ]);
    check_counted(&[
        (
            "not_sold = \"x\"",
            "rules.toml:3:1: `not_sold` cannot stand at the service itself; write it at a client or a kind of agreement",
        ),
        (
            "from = 2026-01-01",
            "rules.toml:3:1: `from` cannot stand at the service itself; write it at a client or a kind of agreement",
        ),
        (
            "until = 2026-01-01",
            "rules.toml:3:1: `until` cannot stand at the service itself; write it at a client or a kind of agreement",
        ),
    ]);
}
