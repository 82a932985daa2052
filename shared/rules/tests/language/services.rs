//! What each key of a service comes to.

use jiff::civil::date;
use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_rules::{
    CategoryRule, ClientCommitted, CountAt, CountJoin, CountPart, CutTerm, DataUnit, Fit, IdentityKey, NoLine,
    PlannedPrice, PriceScale, PriceTier, Rounding, RulePrice, ServiceBasis, ServiceRule, StalePolicy, Tolerance,
    UnitConversion, UnknownPolicy, WordUse,
};

use crate::vocabulary::{code, counted, parts, resolved, rules, scope, usual};

/// The rule of a service with these keys, in a file whose home currency is GBP.
fn of(keys: &str) -> ServiceRule {
    usual(&rules(&format!("currency = \"GBP\"\n[services.A]\n{keys}\n")), "A")
}

fn kinds(rule: &ServiceRule) -> Vec<String> {
    parts(rule).iter().map(|part| format!("{}.{}", part.source, part.kind)).collect()
}

/// The attributes of an item that are known.
type Attributes = &'static [(&'static str, &'static str)];

/// Whether the only part of a service takes an item with these attributes.
fn takes(part: &CountPart, item: Attributes) -> Fit {
    part.takes(|name| item.iter().find(|(known, _)| *known == name).map(|(_, text)| *text))
}

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

#[test]
fn a_count_is_a_kind_a_sum_of_kinds_or_a_name() {
    for (count, expected) in [
        ("\"rmm.server\"", vec!["rmm.server"]),
        ("[\"rmm.server\", \"rmm.mobile\"]", vec!["rmm.server", "rmm.mobile"]),
        ("{ sum = [\"rmm.server\", \"rmm.mobile\"] }", vec!["rmm.server", "rmm.mobile"]),
        ("{ of = \"rmm.server\" }", vec!["rmm.server"]),
        ("\"machines\"", vec!["rmm.server", "rmm.workstation"]),
        ("[\"machines\", \"rmm.mobile\"]", vec!["rmm.server", "rmm.workstation", "rmm.mobile"]),
        ("\"sheet.agent\"", vec!["sheet.agent"]),
    ] {
        let named = "[counts.machines]\nsum = [\"rmm.server\", \"rmm.workstation\"]\n";
        let rules = rules(&format!("{named}[services.A]\ncount = {count}\n"));
        assert_eq!(kinds(&usual(&rules, "A")), expected, "{count}");
    }
}

#[test]
fn what_is_usual_of_a_kind_holds_where_nothing_else_is_said() {
    let device = &parts(&of("count = \"rmm.server\""))[0].clone();
    assert_eq!((device.stale, device.unknown), (StalePolicy::AfterDays(30), UnknownPolicy::Widens));
    let user = &parts(&of("count = \"cloud.user\""))[0].clone();
    assert_eq!((user.stale, user.unknown), (StalePolicy::Never, UnknownPolicy::Counts));
    assert!(!user.may_be_empty);
    let unusual = |part: &CountPart, word: Option<&'static str>| part.unusual(|_| word).map(str::to_owned);
    assert_eq!(unusual(user, Some("Blocked")), Some("sign_in".to_owned()));
    assert_eq!(unusual(user, Some("Allowed")), None);
    // Not known is not unusual.
    assert_eq!(unusual(user, None), None);
    for keys in ["where = { sign_in = \"blocked\" }", "where_not = { sign_in = \"allowed\" }"] {
        let rule = of(&format!("count = \"cloud.user\"\n{keys}"));
        assert_eq!(parts(&rule)[0].usual, [], "{keys}");
    }
}

#[test]
fn what_every_part_asks_for_is_usual_of_no_kind() {
    let named = "where = { sign_in = \"blocked\" }";
    let policies = |keys: &str| {
        let rule = of(keys);
        rule.commitment.as_ref().and_then(|one| one.count.as_ref()).or(rule.count()).unwrap().policies.clone()
    };
    let of_all = policies(&format!("count = \"cloud.user\"\n{named}"));
    assert_eq!(policies(&format!("count = {{ of = \"cloud.user\", {named} }}")), of_all);
    let bought = format!("count = \"cloud.licence\"\ncommitment = {{ of = \"cloud.user\", {named} }}");
    assert_eq!(policies(&bought), of_all);
    // What one part asks for says nothing of what none counts.
    let one_of_two = policies(&format!("count = [{{ of = \"cloud.user\", {named} }}, \"cloud.licence\"]"));
    assert_eq!(one_of_two, policies("count = \"cloud.licence\""));
    assert_ne!(one_of_two, of_all);
}

#[test]
fn each_key_says_its_own() {
    let base = of("count = \"rmm.server\"");
    let expected = ServiceRule {
        code: code("A"),
        products: vec![code("A")],
        superseded: Vec::new(),
        basis: base.basis.clone(),
        included: Decimal::ZERO,
        minimum: None,
        commitment: None,
        client_committed: None,
        cut: CutTerm::AtOnce,
        rounding: None,
        tolerance: Tolerance::default(),
        price: None,
        price_from: Vec::new(),
        expected_at: Vec::new(),
        covers: Vec::new(),
        grants: Vec::new(),
        no_line: NoLine::Exception,
        one_time_counts: false,
        not_sold: None,
        note: None,
        group: None,
        group_part: None,
    };
    assert_eq!(base, expected);
    let gbp = Currency::new("GBP").unwrap();
    let usd = Currency::new("USD").unwrap();
    let tolerance = |units: i64, percent: &str| Tolerance { units: Decimal::from(units), percent: decimal(percent) };
    let scaled = |scale, currency| Some(RulePrice { scale, currency, is_clients_own: false });
    let price = |each: &str, currency| scaled(PriceScale::Each(decimal(each)), currency);
    let tiers = || {
        vec![
            PriceTier { up_to: Some(decimal("50")), each: decimal("10") },
            PriceTier { up_to: None, each: decimal("8") },
        ]
    };
    let planned = |month, each: &str, currency| PlannedPrice {
        from: jiff::civil::date(2027, month, 1),
        each: decimal(each),
        currency,
    };
    let cases: [(&str, ServiceRule); 28] = [
        ("included = 2", ServiceRule { included: Decimal::TWO, ..base.clone() }),
        ("included = \"2.5\"", ServiceRule { included: decimal("2.5"), ..base.clone() }),
        ("minimum = 5", ServiceRule { minimum: Some(decimal("5")), ..base.clone() }),
        ("minimum = 1_000", ServiceRule { minimum: Some(decimal("1000")), ..base.clone() }),
        (
            "client_committed = 40",
            ServiceRule {
                client_committed: Some(ClientCommitted { units: Some(decimal("40")), until: None }),
                ..base.clone()
            },
        ),
        (
            "client_committed_until = 2027-03-31",
            ServiceRule {
                client_committed: Some(ClientCommitted { units: None, until: Some(date(2027, 3, 31)) }),
                ..base.clone()
            },
        ),
        ("cut = \"at_renewal\"", ServiceRule { cut: CutTerm::AtRenewal, ..base.clone() }),
        ("cut = { notice_days = 30 }", ServiceRule { cut: CutTerm::AfterNotice { days: 30 }, ..base.clone() }),
        ("pack = 100", ServiceRule { rounding: Some(Rounding::Packs(decimal("100"))), ..base.clone() }),
        ("round_up = 2.5", ServiceRule { rounding: Some(Rounding::Multiple(decimal("2.5"))), ..base.clone() }),
        ("tolerance = 1", ServiceRule { tolerance: tolerance(1, "0"), ..base.clone() }),
        ("tolerance = { units = 2, percent = 5.5 }", ServiceRule { tolerance: tolerance(2, "5.5"), ..base.clone() }),
        ("tolerance = { percent = 5 }", ServiceRule { tolerance: tolerance(0, "5"), ..base.clone() }),
        ("price = 12.50", ServiceRule { price: price("12.50", gbp), ..base.clone() }),
        (
            "price = 0.1234567890123456789012345678",
            ServiceRule { price: price("0.1234567890123456789012345678", gbp), ..base.clone() },
        ),
        ("price = 1\ncurrency = \"USD\"", ServiceRule { price: price("1", usd), ..base.clone() }),
        ("price = { each = 1, currency = \"USD\" }", ServiceRule { price: price("1", usd), ..base.clone() }),
        ("price = { each = 1 }", ServiceRule { price: price("1", gbp), ..base.clone() }),
        (
            "price_from = { 2027-02-01 = 34.5, 2027-01-01 = 33 }",
            ServiceRule { price_from: vec![planned(1, "33", gbp), planned(2, "34.5", gbp)], ..base.clone() },
        ),
        (
            "price_from = { 2027-01-01 = 33 }\ncurrency = \"USD\"",
            ServiceRule { price_from: vec![planned(1, "33", usd)], ..base.clone() },
        ),
        (
            "expected_at = [\"Managed Services\", \" BLOCK \"]",
            ServiceRule { expected_at: vec!["managed services".to_owned(), "block".to_owned()], ..base.clone() },
        ),
        (
            "price = { graduated = [{ up_to = 50, each = 10 }, { each = 8 }], currency = \"USD\" }",
            ServiceRule { price: scaled(PriceScale::Graduated(tiers()), usd), ..base.clone() },
        ),
        (
            "price = { volume = [{ up_to = 50, each = 10 }, { each = 8 }] }",
            ServiceRule { price: scaled(PriceScale::Volume(tiers()), gbp), ..base.clone() },
        ),
        ("no_line = \"list\"", ServiceRule { no_line: NoLine::List, ..base.clone() }),
        ("one_time = \"counts\"", ServiceRule { one_time_counts: true, ..base.clone() }),
        ("note = \"by hand\"", ServiceRule { note: Some("by hand".to_owned()), ..base.clone() }),
        ("products = [\"B\"]", ServiceRule { products: vec![code("A"), code("B")], ..base.clone() }),
        ("products = [\"B\", \"A\"]", ServiceRule { products: vec![code("B"), code("A")], ..base.clone() }),
    ];
    for (keys, expected) in cases {
        assert_eq!(of(&format!("count = \"rmm.server\"\n{keys}")), expected, "{keys}");
    }
    let rule =
        of("count = \"rmm.server\"\nexpected_at = \"Managed\"\nprice_from = { 2027-01-01 = 33, 2027-03-01 = 35 }");
    let on = |month, day| rule.planned_price_on(jiff::civil::date(2027, month, day)).map(|planned| planned.each);
    assert_eq!(
        [on(1, 1), on(2, 28), on(3, 1)],
        [Some(decimal("33")), Some(decimal("33")), Some(decimal("35"))],
        "each from its day on"
    );
    assert_eq!(rule.planned_price_on(jiff::civil::date(2026, 12, 31)), None);
    assert!(rule.is_expected_at(" MANAGED") && !rule.is_expected_at("Managed Services"));
    assert_eq!(of("flat = true").basis, ServiceBasis::Flat);
    assert_eq!(of("ignore = \"one-off\"").basis, ServiceBasis::Ignored("one-off".to_owned()));
}

#[test]
fn units_are_multiplied_and_converted() {
    let rules = rules(
        "[counts.cores]\nsum = [{ of = \"rmm.server\", times = 8 }, \"rmm.workstation\"]\n\
         [services]\nA = { count = { of = \"cores\", times = 0.5 } }\n\
         B = { count = \"backup.storage\", unit = \"GiB\" }\nC = { count = \"backup.storage\" }\n\
         [agreement_types.Other]\nB = { unit = \"TB\" }\n",
    );
    let cores = usual(&rules, "A");
    let factors: Vec<String> = parts(&cores).iter().map(|part| part.times.normalize().to_string()).collect();
    assert_eq!(factors, ["4", "0.5"]);
    let conversion = |rule: &ServiceRule| match &rule.basis {
        ServiceBasis::Counted(spec) => spec.conversion,
        other => panic!("not counted: {other:?}"),
    };
    let from = DataUnit::Gigabyte;
    assert_eq!(conversion(&usual(&rules, "B")), Some(UnitConversion { from, to: DataUnit::Gibibyte }));
    assert_eq!(conversion(&usual(&rules, "C")), None);
    let other = resolved(&rules, "B", scope(None, &["Other"]));
    assert_eq!(conversion(&other.rule), Some(UnitConversion { from, to: DataUnit::Terabyte }));
}

#[test]
fn keys_of_a_count_reach_each_of_its_parts() {
    for (keys, stale, unknown, may_be_empty) in [
        ("seen_within_days = 45", StalePolicy::AfterDays(45), UnknownPolicy::Widens, false),
        ("seen_within_days = false", StalePolicy::Never, UnknownPolicy::Widens, false),
        ("unknown = \"counts\"", StalePolicy::AfterDays(30), UnknownPolicy::Counts, false),
        ("unknown = \"left_out\"", StalePolicy::AfterDays(30), UnknownPolicy::LeftOut, false),
        ("may_be_empty = true", StalePolicy::AfterDays(30), UnknownPolicy::Widens, true),
    ] {
        let rule = of(&format!("count = [\"rmm.server\", \"rmm.mobile\"]\n{keys}"));
        for part in parts(&rule) {
            assert_eq!((part.stale, part.unknown, part.may_be_empty), (stale, unknown, may_be_empty), "{keys}");
        }
    }
}

#[test]
fn a_count_is_that_of_the_count_day_or_the_peak_of_the_month() {
    let at = |file: &str| counted(&usual(&rules(file), "A")).at;
    let plain =
        "[services]\nA = { count = [\"rmm.server\", \"backup.machine\"] }\n[clients.7]\nA = { at = \"peak\" }\n";
    let peak = plain.replace("peak", "count_day").replace("] }", "], at = \"peak\" }");
    assert_eq!((at(plain), at(&peak)), (CountAt::CountDay, CountAt::Peak));
    let sources = |file: &str| rules(file).peak_sources().into_iter().map(ToString::to_string).collect::<Vec<_>>();
    let other = "B = { count = \"shop.subscription\" }\n[clients.7]";
    for (file, expected) in [
        (plain.replace("[clients.7]", other), vec!["backup", "rmm"]),
        (peak.replace("[clients.7]", other), vec!["backup", "rmm"]),
        (plain.replace("peak", "count_day"), Vec::new()),
    ] {
        assert_eq!(sources(&file), expected, "{file}");
    }
}

const NORTH: (&str, &str) = ("site", "North");

#[test]
fn a_table_fits_by_all_its_attributes_and_a_list_by_any_table() {
    use Fit::{No, Unknown, Yes};
    let cases: [(&str, Attributes, Fit); 22] = [
        ("where = { site = \"north\" }", &[NORTH], Yes),
        ("where = { site = \"north\" }", &[("site", "South")], No),
        ("where = { site = \"north\" }", &[], Unknown),
        ("where = { site = [\"south\", \"nor*\"] }", &[NORTH], Yes),
        ("where = { site = \"north\", class = \"vm\" }", &[NORTH, ("class", "vm")], Yes),
        ("where = { site = \"north\", class = \"vm\" }", &[NORTH], Unknown),
        // What is not known makes no difference where something else decides.
        ("where = { site = \"south\", class = \"vm\" }", &[NORTH], No),
        ("where = [{ site = \"north\" }, { class = \"vm\" }]", &[NORTH], Yes),
        ("where = [{ site = \"south\" }, { class = \"vm\" }]", &[NORTH], Unknown),
        ("where = [{ site = \"south\" }, { class = \"vm\" }]", &[NORTH, ("class", "x")], No),
        ("where_not = { site = \"north\" }", &[NORTH], No),
        ("where_not = { site = \"south\" }", &[NORTH], Yes),
        ("where_not = { site = \"south\" }", &[], Unknown),
        ("where_not = { site = \"north\", class = \"vm\" }", &[NORTH, ("class", "x")], Yes),
        ("where_not = [{ site = \"south\" }, { class = \"vm\" }]", &[("class", "VM ")], No),
        ("where = { site = \"north\" }\nwhere_not = { class = \"vm\" }", &[NORTH], Unknown),
        ("where = { site = \"north\" }\nwhere_not = { class = \"vm\" }", &[NORTH, ("class", "vm")], No),
        ("where = { site = \"north\" }\nwhere_not = { class = \"vm\" }", &[NORTH, ("class", "x")], Yes),
        ("where = { trial = true }", &[("trial", "True")], Yes),
        ("where = { site = 7 }", &[("site", "7")], Yes),
        ("where = { name = \"*-lab-*\" }", &[("name", "NYC-LAB-01")], Yes),
        ("where = { site = \"*\" }", &[("site", " ")], No),
    ];
    for (keys, item, expected) in cases {
        let rule = of(&format!("count = \"rmm.server\"\n{keys}"));
        assert_eq!(takes(&parts(&rule)[0], item), expected, "{keys} {item:?}");
    }
}

#[test]
fn what_a_person_holds_is_asked_word_by_word_and_by_friendly_names() {
    use Fit::{No, Unknown, Yes};
    for (keys, holds, expected) in [
        ("holds = [\"SPB\", \"SPE_E3\"]", Some("EMS; spe_e3"), Yes),
        ("holds = \"SPB\"", Some("EMS;SPE_E3"), No),
        ("holds = \"SPB\"", None, Unknown),
        ("holds_all = [\"SPB\", \"EMS\"]", Some("EMS;SPB"), Yes),
        ("holds_all = [\"SPB\", \"EMS\"]", Some("SPB"), No),
        ("holds = \"Business Premium\"", Some("SPB"), Yes),
        ("holds = \"Enterprise *\"", Some("SPE_E5"), Yes),
        ("holds = \"Enterprise *\"", Some("SPB"), No),
        ("holds_all = [\"Business Premium\", \"Enterprise E3\"]", Some("SPE_E3;SPB"), Yes),
        ("holds = \"*\"", Some(""), No),
    ] {
        let rule = of(&format!("count = \"cloud.user\"\nwhere = {{ {keys} }}"));
        let fit = parts(&rule)[0].takes(|name| if name == "holds" { holds } else { None });
        assert_eq!(fit, expected, "{keys} {holds:?}");
    }
}

#[test]
fn a_part_has_a_where_of_its_own() {
    let rule = of("count = [{ of = \"rmm.server\", where = { site = \"north\" }, where_not = { class = \"vm\" } }, \
                   \"shop.subscription\"]\nwhere = { name = \"a*\" }");
    let [server, subscription] = parts(&rule) else { panic!("two parts") };
    assert_eq!(takes(server, &[("name", "abc"), ("site", "north"), ("class", "x")]), Fit::Yes);
    assert_eq!(takes(server, &[("name", "abc"), ("site", "south"), ("class", "x")]), Fit::No);
    assert_eq!(takes(server, &[("name", "abc"), ("site", "north"), ("class", "vm")]), Fit::No);
    assert_eq!(takes(server, &[("name", "xyz"), ("site", "north"), ("class", "x")]), Fit::No);
    assert_eq!(takes(subscription, &[("name", "abc")]), Fit::Yes);
}

#[test]
fn products_categories_and_ourselves_are_found() {
    let rules = rules(
        "currency = \"EUR\"\n[services]\nB = { flat = true, products = [\"B-OLD\"] }\nA = { flat = true }\n\
         note = { flat = true }\n[us]\ndomains = [\"Ours.example\"]\npartner_ids = [\"77\"]\n\
         [categories.\"Project work\"]\nignore = \"one-off\"\n[categories.Fees]\nflat = true\n\
         [sources.cloud]\nleave_out = [\"FREE*\"]\ncount_too = [\"Business Premium\"]\n",
    );
    assert_eq!(rules.services().map(|code| code.as_str()).collect::<Vec<_>>(), ["B", "A", "note"]);
    assert_eq!(rules.currency().unwrap().as_str(), "EUR");
    assert_eq!(rules.service_of_product(&code("B-OLD")), Some(&code("B")));
    assert_eq!(rules.service_of_product(&code(" b")), Some(&code("B")));
    assert_eq!(rules.service_of_product(&code("C")), None);
    assert_eq!(rules.category(" project WORK"), Some(&CategoryRule::Ignored("one-off".to_owned())));
    assert_eq!(rules.category("Fees"), Some(&CategoryRule::Flat));
    assert_eq!(rules.category("Other"), None);
    assert_eq!((rules.us().domains[0].as_str(), rules.us().partner_ids[0].as_str()), ("ours.example", "77"));
    let products = rules.products_left_out(&"cloud".parse().unwrap()).unwrap();
    assert!(products.has("free_trial") && !products.has("SPB"));
    assert_eq!(rules.products_left_out(&"rmm".parse().unwrap()), None);
}

#[test]
fn each_word_that_is_asked_for_is_listed_with_its_use() {
    let rules = rules(
        "[services.A]\ncount = [\"rmm.server\", \"shop.subscription\"]\nwhere = { name = [\"a*\", \"b\"] }\n\
         [services.B]\ncount = \"cloud.user\"\nwhere_not = { holds_all = [\"SPB\"] }\n\
         [clients.7]\nA = { count = \"rmm.mobile\", where = { site = \"x\" } }\n",
    );
    let asked = rules.words_asked();
    let mut words: Vec<String> = asked
        .iter()
        .map(|asked| {
            let sign = if asked.word_use == WordUse::Wanted { '+' } else { '-' };
            format!("{}.{} {}{sign}{}", asked.source, asked.kind, asked.attribute, asked.pattern.written)
        })
        .collect();
    words.sort();
    let expected = [
        "cloud.user holds-SPB",
        "rmm.mobile name+a*",
        "rmm.mobile name+b",
        "rmm.mobile site+x",
        "rmm.server name+a*",
        "rmm.server name+b",
        "rmm.server site+x",
        "shop.subscription name+a*",
        "shop.subscription name+b",
    ];
    assert_eq!(words, expected);
    let kinds: Vec<String> = rules.kinds_counted().iter().map(|(source, kind)| format!("{source}.{kind}")).collect();
    assert_eq!(kinds, ["cloud.user", "rmm.mobile", "rmm.server", "shop.subscription"]);
}

#[test]
fn parts_are_added_up_or_the_largest_counts_or_each_machine_once() {
    let rules = rules(
        "[counts]\nagents = [\"rmm.server\", \"rmm.mobile\"]\n\
         machines = { union = [\"rmm.server\", \"sheet.agent\"], same_by = [\"mac\", \"name\"] }\n\
         [services]\nA = { count = \"agents\" }\nB = { count = { max = [\"agents\", \"backup.machine\"] } }\n\
         C = { count = \"machines\" }\nD = { count = { union = [\"rmm.server\", \"rmm.mobile\"] } }\n",
    );
    let said = |service: &str| {
        let rule = usual(&rules, service);
        let terms: Vec<_> = parts(&rule).iter().map(|part| (part.kind.clone(), part.term)).collect();
        (counted(&rule).join.clone(), terms)
    };
    let terms = |all: &[(&str, usize)]| all.iter().map(|(kind, term)| ((*kind).to_owned(), *term)).collect::<Vec<_>>();
    assert_eq!(said("A"), (CountJoin::Sum, terms(&[("server", 0), ("mobile", 0)])));
    assert_eq!(said("B"), (CountJoin::Largest, terms(&[("server", 0), ("mobile", 0), ("machine", 1)])));
    let by = CountJoin::Union(vec![IdentityKey::Mac, IdentityKey::Name]);
    assert_eq!(said("C"), (by, terms(&[("server", 0), ("agent", 0)])));
    let by = CountJoin::Union(vec![IdentityKey::Serial, IdentityKey::Mac, IdentityKey::Name]);
    assert_eq!(said("D"), (by, terms(&[("server", 0), ("mobile", 0)])));
}
