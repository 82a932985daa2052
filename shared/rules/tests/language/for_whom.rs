//! Who gets what: the nearer wins, key by key, on the day looked at.

use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use truecount_billing::{AgreementId, ClientId};
use truecount_rules::{
    BindingFault, ClientBinding, ClientNumber, ClientPart, Fit, NamedClient, NotSold, PriceScale, ResolvedService,
    Rules, RulesScope, ServiceBasis, ServiceRule,
};

use crate::vocabulary::{TODAY, code, parts, resolved, rules, scope};

/// Id, short identifier and name of each client of the PSA.
const CLIENTS: [(&str, Option<&str>, &str); 6] = [
    ("7", Some("harbour"), "Harbour Dental"),
    ("8", None, "Nutmeg Group"),
    ("9", Some("8x"), "Twin Ltd"),
    ("10", Some("ten"), " twin LTD "),
    ("11", Some("7"), "Eleven"),
    ("12", Some("Eleven"), "Twelve"),
];

fn bound(rules: &Rules) -> ClientBinding {
    let ids: Vec<ClientId> = CLIENTS.iter().map(|(id, ..)| ClientId::new(id).unwrap()).collect();
    let named = CLIENTS.iter().zip(&ids);
    rules.bind(named.map(|((_, identifier, name), id)| NamedClient { id, identifier: *identifier, name }))
}

pub(crate) fn number(rules: &Rules, id: &str) -> Option<ClientNumber> {
    bound(rules).number_of(&ClientId::new(id).unwrap())
}

/// Where client 7 gets one service, A, with these texts below `[services.A]`, a kind of agreement `T` and `[clients.7]`.
fn layered(service: &str, of_type: &str, client: &str) -> Rules {
    rules(&format!(
        "currency = \"GBP\"\n[services.A]\n{service}\n[agreement_types.T]\nA = {{ {of_type} }}\n[clients.7]\nA = {{ {client} }}\n"
    ))
}

fn at_client(rules: &Rules) -> ServiceRule {
    (*resolved(rules, "A", scope(number(rules, "7"), &["T"])).rule).clone()
}

#[test]
fn a_client_is_meant_by_its_id_else_its_identifier_else_its_only_name() {
    for (written, expected) in [
        // Also the identifier of 11: the id is surer.
        ("7", "7"),
        ("HARBOUR", "7"),
        ("harbour dental", "7"),
        ("Nutmeg Group", "8"),
        // Also the name of 11: the identifier is surer.
        ("eleven", "12"),
    ] {
        let rules = rules(&format!("[services]\nA = {{ flat = true }}\n[clients.\"{written}\"]\nnote = \"x\"\n"));
        let binding = bound(&rules);
        assert_eq!(binding.problems, []);
        let found: Vec<&str> = binding.clients().map(|(client, _)| client.as_str()).collect();
        assert_eq!(found, [expected], "{written}");
    }
}

#[test]
fn a_client_that_is_nobody_or_several_is_a_problem_that_stops_nothing() {
    let rules = rules(
        "[services]\nA = { flat = true }\n[clients.\"Twin Ltd\"]\ninternal = true\n[clients.\"Nutmeg Grup\"]\nnfr = true\n\
         [clients.zzzzzzzz]\nnfr = true\n[clients.7]\nnote = \"x\"\n[clients.harbour]\nnfr = true\n",
    );
    let binding = bound(&rules);
    let id = |text| ClientId::new(text).unwrap();
    let problems: Vec<_> = binding.problems.iter().map(|p| (p.written.as_str(), p.line, p.column, &p.fault)).collect();
    let several = BindingFault::Several { clients: vec![id("9"), id("10")] };
    let near = BindingFault::Nobody { nearest: Some("Nutmeg Group".to_owned()) };
    let nobody = BindingFault::Nobody { nearest: None };
    let twice = BindingFault::Twice { client: id("7"), first: "7".to_owned() };
    let expected = [
        ("Twin Ltd", 3, 10, &several),
        ("Nutmeg Grup", 5, 10, &near),
        ("zzzzzzzz", 7, 10, &nobody),
        ("harbour", 11, 10, &twice),
    ];
    assert_eq!(problems, expected);
    let seven = rules.client(binding.number_of(&id("7")).unwrap());
    assert_eq!((seven.note(), seven.is_internal(), seven.is_nfr()), (Some("x"), false, false));
    assert_eq!((seven.written(), seven.line()), ("7", 9));
}

#[test]
fn what_a_client_says_of_itself_is_kept() {
    let rules = rules("[services]\nA = { flat = true }\n[clients.7]\ninternal = true\n[clients.8]\nnfr = true\n");
    let (seven, eight) = (number(&rules, "7").unwrap(), number(&rules, "8").unwrap());
    assert!(rules.client(seven).is_internal() && !rules.client(seven).is_nfr());
    assert!(rules.client(eight).is_nfr() && !rules.client(eight).is_internal());
    assert_eq!(number(&rules, "9"), None);
}

#[test]
fn the_nearer_wins_key_by_key() {
    let rules = layered(
        "count = \"rmm.server\"\nincluded = 1\nminimum = 1\ntolerance = 1\nprice = 1",
        "minimum = 2, tolerance = 2, price = 2",
        "tolerance = 3, price = 3",
    );
    let rule = at_client(&rules);
    assert_eq!(rule.included, Decimal::ONE);
    assert_eq!(rule.minimum, Some(Decimal::TWO));
    assert_eq!(rule.tolerance.units, Decimal::from(3));
    let price = rule.price.unwrap();
    assert_eq!((price.scale, price.is_clients_own), (PriceScale::Each(Decimal::from(3)), true));
    // Another client on the same kind of agreement, and one on none.
    let of_type = resolved(&rules, "A", scope(number(&rules, "8"), &["t "])).rule;
    assert_eq!((of_type.tolerance.units, of_type.minimum), (Decimal::TWO, Some(Decimal::TWO)));
    assert!(!of_type.price.as_ref().unwrap().is_clients_own);
    let plain = resolved(&rules, "A", scope(None, &["Other"])).rule;
    assert_eq!((plain.tolerance.units, plain.minimum), (Decimal::ONE, Some(Decimal::ONE)));
}

#[test]
fn a_price_that_was_agreed_nearer_is_not_part_of_a_planned_increase() {
    let planned = |of_type: &str, client: &str| {
        let service = "flat = true\nprice = 30\nprice_from = { 2020-01-01 = 33 }";
        at_client(&layered(service, of_type, client)).planned_price_on(TODAY).map(|planned| planned.each)
    };
    assert_eq!(planned("note = \"x\"", "note = \"x\""), Some(Decimal::from(33)));
    assert_eq!(planned("note = \"x\"", "price = 28"), None);
    assert_eq!(planned("price = 28", "note = \"x\""), None);
    let own = "price = 28, price_from = { 2020-01-01 = 29 }";
    assert_eq!(planned("note = \"x\"", own), Some(Decimal::from(29)));
    assert_eq!(planned(own, "note = \"x\""), Some(Decimal::from(29)));
}

#[test]
fn a_nearer_basis_wins() {
    let cases = [
        ("count = \"rmm.server\"", "flat = true", ServiceBasis::Flat),
        ("count = \"rmm.server\"", "ignore = \"by hand\"", ServiceBasis::Ignored("by hand".to_owned())),
    ];
    for (service, client, expected) in cases {
        assert_eq!(at_client(&layered(service, "note = \"x\"", client)).basis, expected);
    }
    let counted = at_client(&layered("flat = true", "note = \"x\"", "count = \"rmm.mobile\""));
    assert_eq!(parts(&counted)[0].kind, "mobile");
    let type_says = at_client(&layered("flat = true", "ignore = \"x\"", "note = \"n\""));
    assert_eq!(type_says.basis, ServiceBasis::Ignored("x".to_owned()));
}

#[test]
fn a_nearer_where_replaces_only_the_attributes_that_it_names() {
    use Fit::{No, Yes};
    for (service, client, site, class, expected) in [
        ("where = { site = \"a\", class = \"x\" }", "where = { site = \"b\" }", "b", "x", Yes),
        ("where = { site = \"a\", class = \"x\" }", "where = { site = \"b\" }", "a", "x", No),
        ("where = { site = \"a\", class = \"x\" }", "where = { site = \"b\" }", "b", "y", No),
        // A list of tables is replaced as a whole, and replaces as a whole.
        ("where = [{ site = \"a\" }, { class = \"x\" }]", "where = { site = \"b\" }", "b", "y", Yes),
        ("where = [{ site = \"a\" }, { class = \"x\" }]", "where = { site = \"b\" }", "a", "x", No),
        ("where = { class = \"x\" }", "where = [{ site = \"b\" }, { site = \"c\" }]", "c", "y", Yes),
        ("where_not = { site = \"a\" }", "where_not = { site = \"b\" }", "a", "x", Yes),
        ("where_not = { site = \"a\" }", "where_not = { site = \"b\" }", "b", "x", No),
        // One table of both: what fits all of it is left out.
        ("where_not = { site = \"a\" }", "where_not = { class = \"x\" }", "a", "x", No),
        ("where_not = { site = \"a\" }", "where_not = { class = \"x\" }", "a", "y", Yes),
        ("where_not = { site = \"a\" }", "where_not = { class = \"x\" }", "b", "x", Yes),
        // A `where` does not replace a `where_not`.
        ("where_not = { site = \"a\" }", "where = { site = [\"a\", \"b\"] }", "a", "y", No),
    ] {
        let rule = at_client(&layered(&format!("count = \"rmm.server\"\n{service}"), "note = \"x\"", client));
        let text_of = |name: &str| match name {
            "site" => Some(site),
            "class" => Some(class),
            _ => None,
        };
        assert_eq!(parts(&rule)[0].takes(text_of), expected, "{service} / {client}: {site} {class}");
    }
}

#[test]
fn days_decide_and_both_ends_belong_to_them() {
    let on = |rules: &Rules, day: Date| {
        let scope = RulesScope { day, ..scope(number(rules, "7"), &["T"]) };
        resolved(rules, "A", scope).rule.included
    };
    let (two, one, none) = (Decimal::TWO, Decimal::ONE, Decimal::ZERO);
    let rules = layered(
        "count = \"rmm.server\"",
        "included = 1, until = 2026-07-10",
        "included = 2, from = 2026-07-01, until = 2026-07-05",
    );
    for (day, expected) in [
        (date(2026, 6, 30), one),
        (date(2026, 7, 1), two),
        (date(2026, 7, 5), two),
        (date(2026, 7, 6), one),
        (date(2026, 7, 10), one),
        (date(2026, 7, 11), none),
    ] {
        assert_eq!(on(&rules, day), expected, "{day}");
    }
}

#[test]
fn what_is_not_sold_says_why_and_may_be_sold_after_all() {
    let text = "[services]\nA = { count = \"rmm.server\" }\nB = { count = \"rmm.mobile\" }\n\
                [agreement_types.Break-fix]\nnot_sold = [\"A\", \"B\"]\n[clients.7]\nA = { not_sold = false }\n\
                [clients.8]\nA = { not_sold = \"theirs\", review = 2027-03-31 }\n";
    let rules = rules(text);
    let not_sold = |service: &str, client: &str| {
        resolved(&rules, service, scope(number(&rules, client), &["Break-fix"])).rule.not_sold.clone()
    };
    let by_type = Some(NotSold { why: String::new(), review: None });
    assert_eq!(not_sold("A", "7"), None);
    assert_eq!(not_sold("B", "7"), by_type);
    assert_eq!(not_sold("A", "8"), Some(NotSold { why: "theirs".to_owned(), review: Some(date(2027, 3, 31)) }));
    assert_eq!(not_sold("A", "9"), by_type);
}

/// Two kinds of agreement that say different things of A, and the same of B.
const TWO_TYPES: &str = "[services]\nA = { count = \"rmm.server\" }\nB = { count = \"rmm.mobile\" }\n\
    [agreement_types.One]\nA = { included = 1, minimum = 3 }\nB = { included = 1 }\n\
    [agreement_types.Two]\nA = { included = 2, minimum = 3 }\nB = { included = 1 }\n";

#[test]
fn of_two_kinds_of_agreement_the_lines_decide_else_what_all_say() {
    let of = |rules: &Rules, service: &str, lines: &[&str], all: &[&str]| -> ResolvedService {
        let scope = RulesScope {
            client: number(rules, "7"),
            part: ClientPart::Whole,
            line_types: lines,
            client_types: all,
            day: TODAY,
        };
        resolved(rules, service, scope)
    };
    let own = format!("{TWO_TYPES}[clients.7]\nA = {{ note = \"x\" }}\n");
    for text in [TWO_TYPES, &own] {
        let rules = rules(text);
        for (service, lines, all, included, minimum, differ) in [
            ("A", &["One"][..], &["One", "Two"][..], 1, Some(3), false),
            ("A", &["Two", "two"], &["One", "Two"], 2, Some(3), false),
            ("A", &[], &["Two"], 2, Some(3), false),
            ("A", &[], &[], 0, None, false),
            ("A", &[], &["One", "Two"], 0, Some(3), true),
            ("A", &["One", "Two"], &["One", "Two"], 0, Some(3), true),
            // A kind that says nothing is one of them.
            ("A", &[], &["One", "Other"], 0, None, true),
            ("B", &[], &["One", "Two"], 1, None, false),
        ] {
            let found = of(&rules, service, lines, all);
            let expected = (Decimal::from(included), minimum.map(Decimal::from), differ);
            assert_eq!(
                (found.rule.included, found.rule.minimum, found.types_differ),
                expected,
                "{service} {lines:?} {all:?}"
            );
        }
    }
    // Where the client says it itself, the kinds do not differ in anything that holds.
    let rules = rules(&format!("{TWO_TYPES}[clients.7]\nA = {{ included = 5 }}\n"));
    let found = of(&rules, "A", &[], &["One", "Two"]);
    assert_eq!((found.rule.included, found.types_differ), (Decimal::from(5), false));
}

#[test]
fn agreements_are_compared_apart() {
    let rules = rules(
        "[services]\nA = { count = \"rmm.server\", where = { class = \"x\" } }\nB = { count = \"rmm.mobile\" }\n\
         [clients.8]\nA = { included = 4, minimum = 1 }\n[clients.8.agreements.Boston]\nnote = \"two sites\"\n\
         A = { where = { site = \"boston\" }, where_not = { name = \"b*\" }, included = 1 }\n[clients.8.agreements.501]\n\
         A = { where = { site = \"lynn\" }, from = 2026-08-01 }\n",
    );
    let client = number(&rules, "8").unwrap();
    let id = |text| AgreementId::new(text).unwrap();
    let sections = rules.client(client);
    assert_eq!(sections.section_of_agreement(&id("77"), " BOSTON"), Some(0));
    assert_eq!(sections.section_of_agreement(&id("501"), "boston"), Some(1));
    assert_eq!(sections.section_of_agreement(&id("77"), "Lynn"), None);
    assert_eq!(sections.sections()[0].note(), Some("two sites"));
    assert_eq!((sections.sections()[1].written(), sections.sections()[1].line()), ("501", 9));
    assert_eq!(rules.sections_of(client, &code("A"), TODAY), [0]);
    assert_eq!(rules.sections_of(client, &code("A"), date(2026, 8, 1)), [0, 1]);
    assert_eq!(rules.sections_of(client, &code("B"), TODAY), [] as [usize; 0]);

    let of = |part: ClientPart<'_>, day| {
        let scope = RulesScope { client: Some(client), part, line_types: &[], client_types: &[], day };
        (*resolved(&rules, "A", scope).rule).clone()
    };
    let fit = |rule: &ServiceRule, site: Option<&'static str>| {
        parts(rule)[0].takes(|name| if name == "site" { site } else { Some("x") })
    };
    let named = |rule: &ServiceRule| {
        parts(rule)[0].takes(|name| match name {
            "site" => Some("boston"),
            "name" => Some("b1"),
            _ => Some("x"),
        })
    };
    let boston = of(ClientPart::Section(0), TODAY);
    assert_eq!((boston.included, boston.minimum), (Decimal::ONE, Some(Decimal::ONE)));
    assert_eq!(
        (fit(&boston, Some("Boston")), fit(&boston, Some("Lynn")), fit(&boston, None)),
        (Fit::Yes, Fit::No, Fit::Unknown)
    );
    let rest = of(ClientPart::Rest(&[(0, TODAY), (1, TODAY)]), TODAY);
    assert_eq!(rest.included, Decimal::from(4));
    assert_eq!(
        (fit(&rest, Some("Boston")), fit(&rest, Some("Lynn")), fit(&rest, None)),
        (Fit::No, Fit::Yes, Fit::Unknown)
    );
    let later = of(ClientPart::Rest(&[(0, TODAY), (1, date(2026, 8, 1))]), TODAY);
    assert_eq!((fit(&later, Some("Lynn")), fit(&later, Some("Salem"))), (Fit::No, Fit::Yes));
    // What the section leaves out is nobody else's.
    assert_eq!((named(&boston), named(&rest)), (Fit::No, Fit::No));
    let whole = of(ClientPart::Whole, TODAY);
    assert_eq!(fit(&whole, Some("Boston")), Fit::Yes);
    let other_class = parts(&rest)[0].takes(|name| Some(if name == "site" { "Lynn" } else { "y" }));
    assert_eq!(other_class, Fit::No);
}

#[test]
fn a_section_need_not_name_items_of_what_is_not_counted() {
    let rules = rules(
        "[services]\nA = { flat = true }\nB = { count = \"rmm.server\" }\n[clients.8.agreements.Boston]\n\
         A = { note = \"x\" }\nB = { ignore = \"by hand\" }\n",
    );
    let client = number(&rules, "8").unwrap();
    assert_eq!(rules.sections_of(client, &code("B"), TODAY), [0]);
}

#[test]
fn a_code_that_equals_a_key_is_written_with_service_before_it() {
    let rules = rules(
        "[services]\nnote = { count = \"rmm.server\" }\n[clients.7]\nnote = \"of the client\"\n\
         \"service:note\" = { included = 2 }\n",
    );
    let client = number(&rules, "7").unwrap();
    assert_eq!(rules.client(client).note(), Some("of the client"));
    assert_eq!(resolved(&rules, "note", scope(Some(client), &[])).rule.included, Decimal::TWO);
}

#[test]
fn clients_without_rules_share_one_rule() {
    let rules = layered("count = \"rmm.server\"", "included = 1", "included = 2");
    let one = resolved(&rules, "A", scope(None, &["Other"])).rule;
    let other = resolved(&rules, "A", scope(number(&rules, "8"), &[])).rule;
    assert!(std::sync::Arc::ptr_eq(&one, &other));
}

#[test]
fn of_two_kinds_of_agreement_the_same_attributes_hold() {
    let rules = rules(
        "[services]\nA = { count = \"rmm.server\" }\n[agreement_types.One]\nA = { where = { site = \"a\", class = \"x\" } }\n\
         [agreement_types.Two]\nA = { where = { class = \"x\", site = \"b\" } }\n",
    );
    let found = resolved(&rules, "A", scope(None, &["One", "Two"]));
    let of = |class: &'static str| parts(&found.rule)[0].takes(|name| if name == "class" { Some(class) } else { None });
    assert_eq!((of("x"), of("y"), found.types_differ), (Fit::Yes, Fit::No, true));
}
