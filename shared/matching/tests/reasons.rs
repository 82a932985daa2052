//! Every reason is true of the two names, and none is empty: judged by [`claims`], which knows nothing of the matcher.

#[path = "../examples/support/claims.rs"]
mod claims;

use proptest::prelude::*;
use truecount_matching::{MatchEvidence, Party, Sites, Suggestion, suggest};

/// Made-up names as a PSA has them.
const CLIENTS: &[&str] = &[
    "Harbour Dental Practice Ltd",
    "Harbor Dental Leeds",
    "1 Avenue Dental",
    "21 Club Catering",
    "Quay Legal",
    "Quay Legal LLP",
    "Brown and Partners LLP",
    "Green Partners LLP",
    "Lighthouse Trading Company",
    "Müller & Söhne Maschinenbau GmbH",
    "St Mary's Primary School",
    "Holy Cross School 2",
    "Holy Cross School 3",
    "University of Easterby",
    "Orchard Street Surgery",
    "Acme Widgets Inc",
    "Acme Widgets Ltd",
    "nettle.example.com",
    "Nettle Foods",
    "J Markwell Computing Limited",
    "247 Plumbing",
    "Zephyr International Logistics",
    "Zephyr Logistics (Norwich)",
    "Council for Village Sport",
    "東京アクメ株式会社",
    "大阪アクメ株式会社",
    "--",
];

/// The same and others, as a vendor has them.
const ACCOUNTS: &[&str] = &[
    "harbour dental practice",
    "HDP",
    "Harbour Dental Practise (Leeds)",
    "First Avenue Dental",
    "Twenty One Club Catering",
    "Quay Legal (old)",
    "LEGAL QUAY",
    "Brown & Partners (London)",
    "Light House Trading Co",
    "Muller Sohne",
    "Saint Marys Primary",
    "Holy Cross School Two",
    "Holy Cross School III",
    "Holy Cross Cross School",
    "UoE",
    "Universities of Easterby",
    "Orchard St. Surgeries",
    "Acme Widgets Corp",
    "www.nettle-foods.co.uk",
    "nettle.example.org",
    "MARKWELL J E",
    "24/7 Plumbing",
    "Zephyr Intl. Logistic",
    "CVS",
    "東京アクメ",
    "Qx",
    "…",
    "",
];

fn parties(names: &'static [&'static str]) -> Vec<Party<'static>> {
    names.iter().map(|name| Party::named(name)).collect()
}

#[track_caller]
fn check(accounts: &[Party<'_>], clients: &[Party<'_>], sites: Sites) -> usize {
    let mut judged = 0;
    for (account, found) in accounts.iter().zip(suggest(accounts, clients, sites)) {
        for Suggestion { client, reasons, against, .. } in found {
            let client = clients[client].name;
            let false_ones = claims::falsehoods(&reasons, &against, account.name, client);
            assert!(false_ones.is_empty(), "{} / {client}: {false_ones:?}", account.name);
            judged += 1;
        }
    }
    judged
}

#[test]
fn reasons_are_true_of_names_as_people_write_them() {
    for sites in [Sites::ManyToOne, Sites::OneToOne] {
        let judged = check(&parties(ACCOUNTS), &parties(CLIENTS), sites);
        assert!(judged >= ACCOUNTS.len(), "{judged} pairs");
    }
}

#[test]
fn a_false_reason_is_found_out() {
    use truecount_matching::Reason;
    let words = |word: &str| vec![word.to_owned()];
    let pair = |account: &str, client: &str| (account.to_owned(), client.to_owned());
    let number = |(account, client)| Reason::DifferentNumber { account, client };
    for (reason, account, client) in [
        (Reason::SameName, "Nettle.at", "Nettle.br"),
        (Reason::Subset, "Harbour Dental", "Harbour Legal"),
        (Reason::SharedRareWords(words("quay")), "Quay Legal", "Green Legal"),
        (Reason::OnlyInAccount(words("dental")), "Harbour Dental", "Dental Harbour"),
        (Reason::OnlyInClient(words("two")), "School 2", "School Two"),
        (Reason::DifferentPlace(words("leeds")), "Leeds Dental", "Dental Leeds"),
        (number(pair("first", "1")), "First Avenue", "1 Avenue"),
        (number(pair("twenty one", "21")), "Twenty One Club", "21 Club"),
        (Reason::FewLetters, "Greentree", "The Greens"),
        (Reason::OnlyInAccount(Vec::new()), "Harbour", "Quay"),
    ] {
        let found = claims::falsehoods(&[Reason::SamePhone], std::slice::from_ref(&reason), account, client);
        assert_eq!(found.len(), 1, "{reason} of {account} / {client}: {found:?}");
    }
    assert_eq!(claims::falsehoods(&[], &[], "Harbour", "Quay").len(), 1, "no reason at all");
}

#[test]
fn evidence_for_another_client_is_a_reason_against_this_one() {
    let mut clients = [Party::named("Harbour Dental"), Party::named("Quay Legal"), Party::named("Mill & Sons")];
    clients[0].evidence.identifiers = &["250"];
    clients[0].evidence.domains = &["harbour.example"];
    clients[1].evidence.identifiers = &["251"];
    let known = [clients[0], clients[1], Party { name: "Mill & Sons", evidence: known_as(&["Quay Legal LLP"]) }];
    let plain = MatchEvidence::default();
    let stale = MatchEvidence { identifiers: &["250"], ..plain };
    let domain = MatchEvidence { domains: &["harbour.example"], ..plain };
    let both = MatchEvidence { identifiers: &["250", "251"], ..plain };
    for (evidence, clients, client, expected) in [
        (stale, &clients, 0, "the name resembles Quay Legal far more"),
        (stale, &clients, 1, "the vendor's identifier names Harbour Dental"),
        (domain, &clients, 1, "the domain harbour.example is that of Harbour Dental"),
        (both, &clients, 1, "the vendor's identifier names Harbour Dental"),
        (plain, &known, 1, "an account of this name in another source is that of Mill & Sons"),
    ] {
        let found = suggest(&[Party { name: "Quay Legal LLP", evidence }], clients, Sites::ManyToOne).remove(0);
        let found = found.into_iter().find(|one| one.client == client).unwrap();
        let against: Vec<_> = found.against.iter().map(ToString::to_string).collect();
        assert!(against.contains(&expected.to_owned()) && found.is_contradicted(), "{expected}: {against:?}");
    }
    let own = MatchEvidence { identifiers: &["251"], ..plain };
    let found = suggest(&[Party { name: "Quay Legal LLP", evidence: own }], &clients, Sites::ManyToOne).remove(0);
    assert!(found[0].client == 1 && !found[0].is_contradicted(), "{found:?}");
}

fn known_as<'a>(names: &'a [&'a str]) -> MatchEvidence<'a> {
    MatchEvidence { known_as: names, ..MatchEvidence::default() }
}

#[test]
fn a_name_from_another_source_is_said_to_be_one() {
    let clients = [Party { name: "Mill & Sons", evidence: known_as(&["Old Quay Legal"]) }];
    for (account, expected) in [
        ("old quay legal", "confirmed in another source as old quay legal"),
        ("Old Quay", "by the name of its account in another source, Old Quay Legal"),
    ] {
        let found = suggest(&[Party::named(account)], &clients, Sites::ManyToOne).remove(0).remove(0);
        assert_eq!(found.reasons[0].to_string(), expected, "{found:?}");
        assert_eq!(found.reasons.len() > 1, expected.starts_with("by"), "{found:?}");
    }
}

#[test]
fn only_what_is_likely_enough_is_proposed() {
    let clients = parties(CLIENTS);
    let (mut proposed, mut others) = (0, 0);
    for one in suggest(&parties(ACCOUNTS), &clients, Sites::ManyToOne).iter().flatten() {
        assert_eq!(one.is_proposed(), one.score.percent() >= 5, "{}", one.score);
        *(if one.is_proposed() { &mut proposed } else { &mut others }) += 1;
    }
    assert!(proposed > 0 && others > 0, "{proposed} and {others}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn reasons_are_true_of_any_words(
        accounts in names(),
        clients in names(),
    ) {
        let parties = |names: &'static [String]| names.iter().map(|name| Party::named(name)).collect::<Vec<_>>();
        check(&parties(accounts.leak()), &parties(clients.leak()), Sites::OneToOne);
    }
}

/// Numbers of several words, such as `twenty one`, are among the fixed names: in any order they can be read in several ways.
fn names() -> impl Strategy<Value = Vec<String>> {
    let word = prop::sample::select(vec![
        "Amber",
        "Birch",
        "Granite",
        "Granit",
        "Harbor",
        "Harbour",
        "Services",
        "Service",
        "North",
        "Leeds",
        "II",
        "2",
        "second",
        "one",
        "21",
        "First",
        "1st",
        "A",
        "J",
        "Centre",
        "Center",
        "Light",
        "House",
        "Lighthouse",
        "&",
        "Ltd",
        "Inc",
    ]);
    let name = prop::collection::vec(word, 1..6).prop_map(|words| words.join(" "));
    prop::collection::vec(name, 1..16)
}
