//! Properties that hold for any names, and attacks with imitated names.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::{Looks, MatchEvidence, Party, Sites, confirmed_by_name, suggest};

/// The suggested clients and scores of each account, by name.
fn by_name(accounts: &[String], clients: &[String], sites: Sites) -> BTreeMap<String, Vec<(String, u32)>> {
    let left: Vec<Party<'_>> = accounts.iter().map(|name| Party::named(name)).collect();
    let right: Vec<Party<'_>> = clients.iter().map(|name| Party::named(name)).collect();
    let found = suggest(&left, &right, sites);
    let named = |suggestion: &crate::Suggestion| (clients[suggestion.client].clone(), suggestion.score.millionths());
    accounts.iter().zip(&found).map(|(name, all)| (name.clone(), all.iter().map(named).collect())).collect()
}

/// Distinct names of two to four words from a small vocabulary, so that they are similar.
fn names(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
    let word = prop::sample::select(vec![
        "Amber",
        "Birch",
        "Cedar",
        "Delta",
        "Ember",
        "Falcon",
        "Granite",
        "Harbor",
        "Services",
        "Group",
        "North",
        "II",
        "2",
        "Consulting",
        "Ltd",
        "Inc",
        "&",
        "Granit",
        "Harbour",
    ]);
    let name = prop::collection::vec(word, 2..5).prop_map(|words| words.join(" "));
    prop::collection::btree_set(name, count).prop_map(|names| names.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_suggestion_has_a_reason(
        accounts in prop::collection::vec("[A-Fa-f12 .&]{1,14}", 1..12),
        clients in prop::collection::vec("[A-Fa-f12 .&]{1,14}", 1..12),
    ) {
        let left: Vec<Party<'_>> = accounts.iter().map(|name| Party::named(name)).collect();
        let right: Vec<Party<'_>> = clients.iter().map(|name| Party::named(name)).collect();
        for suggestion in suggest(&left, &right, Sites::ManyToOne).iter().flatten() {
            prop_assert!(!suggestion.reasons.is_empty(), "{:?}", right[suggestion.client].name);
        }
    }

    #[test]
    fn order_changes_nothing(accounts in names(1..25), clients in names(1..25), turn in 0_usize..25, one in any::<bool>()) {
        let sites = if one { Sites::OneToOne } else { Sites::ManyToOne };
        let before = by_name(&accounts, &clients, sites);
        let turned = |names: &[String]| {
            let mut names = names.to_vec();
            let turn = turn % names.len();
            names.rotate_left(turn);
            names.reverse();
            names
        };
        prop_assert_eq!(before, by_name(&turned(&accounts), &turned(&clients), sites));
    }

    #[test]
    fn an_unrelated_client_changes_no_right_match(clients in names(2..25), form in 0_usize..5, unrelated in "[jkqvxyz]{5,9}( [jkqvxyz]{4,8})?") {
        let account = |name: &String| match form {
            0 => name.to_uppercase(),
            1 => format!("{name} Ltd"),
            2 => format!("The {name}"),
            3 => name.replace('&', "and"),
            _ => format!("{name}, Inc."),
        };
        let accounts: Vec<String> = clients.iter().map(account).collect();
        let before = by_name(&accounts, &clients, Sites::ManyToOne);
        let mut more = clients.clone();
        more.push(unrelated);
        let after = by_name(&accounts, &more, Sites::ManyToOne);
        for (name, right) in accounts.iter().zip(&clients) {
            let first = |found: &BTreeMap<String, Vec<(String, u32)>>| {
                let all = &found[name];
                all.iter().find(|(client, _)| client == right).is_some_and(|own| all.iter().all(|other| other.1 <= own.1))
            };
            prop_assert!(!first(&before) || first(&after), "{} {:?} {:?}", name, before[name], after[name]);
        }
    }
}

#[test]
fn evidence_other_than_the_name_changes_the_odds() {
    let clients = [
        Party {
            name: "Amber Foods",
            evidence: MatchEvidence {
                identifiers: &["4711"],
                domains: &["amber-foods.example"],
                serials: &["SN1", "SN2"],
                phones: &["+44 20 7946 0123"],
                known_as: &["Blue Plant"],
                ..MatchEvidence::default()
            },
        },
        Party { name: "Birch Law", evidence: MatchEvidence { identifiers: &["4712"], ..MatchEvidence::default() } },
    ];
    let plain = suggest(&[Party::named("Kitchen One")], &clients, Sites::ManyToOne);
    assert!(plain[0].first().is_none_or(|best| best.score.percent() < 50), "{plain:?}");
    for evidence in [
        MatchEvidence { identifiers: &["4711"], ..MatchEvidence::default() },
        MatchEvidence { domains: &["www.Amber-Foods.example"], phones: &["020 7946 0123"], ..MatchEvidence::default() },
        MatchEvidence { serials: &["sn2"], domains: &["amberfoods.com"], ..MatchEvidence::default() },
    ] {
        let found = suggest(&[Party { name: "Kitchen One", evidence }], &clients, Sites::ManyToOne);
        assert!(found[0][0].client == 0 && found[0][0].score.percent() >= 50, "{evidence:?} {found:?}");
    }
    let known = suggest(&[Party::named("blue plant")], &clients, Sites::ManyToOne);
    assert_eq!(known[0][0].client, 0);
    let other = MatchEvidence { identifiers: &["4712"], ..MatchEvidence::default() };
    let found = suggest(&[Party { name: "Amber Foods", evidence: other }], &clients, Sites::ManyToOne);
    assert_eq!(found[0][0].client, 1, "{found:?}");
}

#[test]
fn one_account_for_each_client() {
    let accounts = ["Amber Foods", "Amber Foods Norwich"].map(Party::named);
    let clients = ["Amber Foods Ltd", "Birch Law"].map(Party::named);
    let both = suggest(&accounts, &clients, Sites::ManyToOne);
    let one = suggest(&accounts, &clients, Sites::OneToOne);
    assert_eq!(one[0], both[0]);
    assert!(one[1][0].score < both[1][0].score && one[1][0].score.percent() < 50, "{one:?}");
}

/// Two hundred names that resemble a client's: none is confirmed automatically, and each is reported.
#[test]
fn no_imitated_name_is_confirmed_automatically() {
    let clients = [
        "Apex Cooling",
        "Bolton Dairies",
        "Copper Hill Clinic",
        "Delta Logistics",
        "Evelyn & Sons",
        "Fox Holdings",
        "Grace Colliery",
        "Harold Oils",
        "Island Optical",
        "Jasper Coaches",
        "Kelso Bakery",
        "Lambeth Coffee",
        "Milano Interiors",
        "Noble Oak School",
        "Opal Clothing",
        "Pelican Lodge",
        "Quill Solicitors",
        "Rosehill Care",
        "Silo Logic",
        "Tower Billing",
    ];
    let looks = Looks::new(clients.iter().copied().enumerate());
    let swaps: [(char, &str); 5] = [('o', "\u{43e}"), ('e', "\u{435}"), ('o', "\u{3bf}"), ('i', "\u{3b9}"), ('o', "0")];
    let mut tried = 0;
    for (place, client) in clients.iter().enumerate() {
        let mut imitations: Vec<String> = swaps
            .iter()
            .filter(|(letter, _)| client.contains(*letter))
            .map(|(letter, other)| client.replacen(*letter, other, 1))
            .collect();
        let after_first = |mark: &str| format!("{}{mark}{}", &client[..1], &client[1..]);
        imitations.extend(["\u{200b}", "\u{200d}", "\u{ad}", "\u{301}", "\u{335}", "\u{feff}"].map(after_first));
        imitations.push(
            client.chars().map(|c| if c == ' ' { c } else { char::from_u32(c as u32 + 0xfee0).unwrap() }).collect(),
        );
        if client.contains('l') {
            imitations.push(client.replacen('l', "I", 1));
            imitations.push(client.replacen('l', "1", 1));
        }
        for imitation in imitations {
            let found = confirmed_by_name([(1, imitation.as_str())], clients.iter().copied().enumerate());
            assert!(found.confirmed.is_empty(), "{imitation:?} confirms itself");
            let flagged = looks.confusable(&imitation);
            assert!(flagged.is_some_and(|flagged| flagged.clients == [place]), "{imitation:?} is not told");
            tried += 1;
        }
        let cased = client.to_uppercase();
        assert!(looks.confusable(&cased).is_none());
        assert_eq!(confirmed_by_name([(1, cased.as_str())], clients.iter().copied().enumerate()).confirmed[&1], place);
    }
    assert!(tried >= 200, "{tried}");
}
