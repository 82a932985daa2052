//! What is refused of a file as a whole: everything at once, with its place.

use crate::refusals::said;

#[test]
fn everything_that_is_wrong_is_said_at_once_in_the_order_of_the_lines() {
    let text =
        "[clients.7]\nBKP = { included = 1 }\n[services]\nBKPS = { count = \"rmm.serve\", bills = 2 }\n[us]\nx = 1\n";
    let expected = "rules.toml:2:1: no service has the code \"BKP\"; did you mean \"BKPS\"?\n\
                    rules.toml:4:18: no source counts \"serve\" of rmm; did you mean \"server\"?\n\
                    rules.toml:4:31: `bills` is not yet supported; leave it out\n\
                    rules.toml:6:1: [us] has no key `x`; use one of domains, partner_ids";
    assert_eq!(said(text), expected);
}

#[test]
fn columns_are_characters() {
    let text = "\u{feff}[services]\r\n\"Größe\" = { count = \"rmm.servér\" }\r\n";
    assert_eq!(said(text), "rules.toml:2:21: no source counts \"servér\" of rmm; did you mean \"server\"?");
}

#[test]
fn lines_that_are_no_toml_are_problems_among_the_others() {
    for (text, expected) in [
        (
            "[services]\nA = { flat = true }\nA = { flat = true }\nB = { count = \"rmm.serve\" }\n",
            "rules.toml:3:1: not TOML: duplicate key; it stands in line 2 already: leave one out\n\
             rules.toml:4:15: no source counts \"serve\" of rmm; did you mean \"server\"?",
        ),
        // What a bad line may have held is not said to be missing.
        (
            "[services]\nA = { flat = tru }\n[clients.7]\nB = { included = 1 }\n",
            "rules.toml:2:14: not TOML: invalid boolean, expected `true`; write true or false, in small letters",
        ),
        // A heading that is not understood puts what follows into another table.
        (
            "[services]\n[services.A\ncount = \"rmm.serve\"\n",
            "rules.toml:2:12: not TOML: unclosed table, expected `]`; write `]` at the end of the heading",
        ),
        // Behind a brace that nothing closes, nothing is understood.
        (
            "[services]\nA = { minimum = 1\nB = { flat = true }\nC = { flat = true }\n",
            "rules.toml:3:1: not TOML: missing comma between key-value pairs, expected `,`; \
             line 2 opens what nothing closes: write `}` at its end",
        ),
        // Nor behind a quotation mark.
        (
            "[services]\nA = { count = \"rmm.server }\nB = { flat = true }\n[clients.7]\ninternal = true\n",
            "rules.toml:2:28: not TOML: invalid basic string, expected `\"`; write `\"` at the end of the text",
        ),
        // One slip of a line is said once.
        (
            "currency = \"GBP\"\n[services]\nA = { count = \"rmm.server\", price = 32,50 }\n",
            "rules.toml:3:43: not TOML: invalid literal string, expected `'`; write a decimal point: 32.50",
        ),
        ("[services", "rules.toml:1:10: not TOML: unclosed table, expected `]`; write `]` at the end of the heading"),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn a_currency_below_the_services_is_told_once() {
    let text =
        "[services]\ncurrency = \"GBP\"\nA = { count = \"rmm.server\", price = 5 }\nB = { flat = true, price = 6 }\n";
    let expected = "rules.toml:2:1: `currency` cannot stand below [services]; \
                    write it at the top of the file, above the first heading";
    assert_eq!(said(text), expected);
}

#[test]
fn a_count_has_no_more_parts_of_a_source_than_it_can_tell_apart() {
    let part = |number: usize| format!("{{ of = \"rmm.server\", where = {{ site = \"Site {number}\" }} }}");
    let text = |parts: usize| {
        let parts: Vec<String> = (0..parts).map(part).collect();
        format!("[services]\nA = {{ count = [{}, \"sheet.server\"] }}\n", parts.join(", "))
    };
    let expected = "rules.toml:2:15: 65 parts of rmm are more than the 64 that a count can have; \
                    ask for several words in one part, or count them in two services";
    assert_eq!(said(&text(65)), expected);
    assert_eq!(said(&text(64)), "");
}
