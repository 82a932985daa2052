//! What holds of any text and of any keys.

use proptest::prelude::*;
use truecount_rules::{Fit, Pattern, Rules, RulesScope, ServiceRule};

use crate::vocabulary::{TODAY, parse, resolved, rules, scope};

/// Pieces of rules files, right and wrong.
const PIECES: [&str; 44] = [
    "[services]\n",
    "[services.A]\n",
    "[clients.7]\n",
    "[clients.7.agreements.B]\n",
    "[agreement_types.T]\n",
    "[counts.c]\n",
    "[categories.P]\n",
    "[us]\n",
    "[sources.rmm]\n",
    "A = ",
    "B = ",
    "count = ",
    "where = ",
    "where_not = ",
    "price = ",
    "currency = ",
    "\"rmm.server\"",
    "\"c\"",
    "\"GBP\"",
    "{ ",
    " }",
    "[ ",
    " ]",
    ", ",
    "\n",
    "12.50",
    "-1",
    "1e99",
    "0xff",
    "true",
    "2026-01-01",
    "2026-13-01",
    "07:32:00",
    "\"",
    "'''",
    "sum = ",
    "of = ",
    "site = ",
    "not_sold = ",
    "from = ",
    "until = ",
    "é",
    "#",
    ".",
];

/// The keys of which `the_nearer_wins_key_by_key` gives each place some: with another value at each.
const KEYS: [[&str; 3]; 7] = [
    ["included = 1", "included = 2", "included = 3"],
    ["minimum = 1", "minimum = 2", "minimum = 3"],
    ["tolerance = 1", "tolerance = 2", "tolerance = 3"],
    ["price = 1", "price = 2", "price = 3"],
    ["seen_within_days = 1", "seen_within_days = 2", "seen_within_days = 3"],
    ["note = \"1\"", "note = \"2\"", "note = \"3\""],
    ["unknown = \"widens\"", "unknown = \"counts\"", "unknown = \"left_out\""],
];

/// The keys of one place as a table's inside.
fn inside(place: usize, chosen: [bool; 7]) -> String {
    let keys = KEYS.iter().zip(chosen).filter(|(_, is_chosen)| *is_chosen).map(|(key, _)| key[place]);
    keys.collect::<Vec<_>>().join(", ")
}

fn rule_of(service: &str, of_type: &str, client: &str) -> ServiceRule {
    let mut text = format!("currency = \"GBP\"\n[services]\nA = {{ count = \"rmm.server\", {service} }}\n");
    if !of_type.is_empty() {
        text += &format!("[agreement_types.T]\nA = {{ {of_type} }}\n");
    }
    if !client.is_empty() {
        text += &format!("[clients.7]\nA = {{ {client} }}\n");
    }
    let rules: Rules = rules(&text);
    let id = "7".parse().unwrap();
    let seven = truecount_rules::NamedClient { id: &id, identifier: None, name: "Seven" };
    let client = rules.bind([seven]).number_of(&id);
    let scope = RulesScope { day: TODAY, ..scope(client, &["T"]) };
    (*resolved(&rules, "A", scope).rule).clone()
}

/// Whether a word fits, as simply as it can be said.
fn fits_slowly(pattern: &[char], word: &[char]) -> bool {
    match pattern.split_first() {
        None => word.is_empty(),
        Some(('*', rest)) => (0..=word.len()).any(|at| fits_slowly(rest, &word[at..])),
        Some((first, rest)) => word.split_first().is_some_and(|(c, left)| c == first && fits_slowly(rest, left)),
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_its_places(text in any::<String>()) {
        if let Err(error) = parse(&text) {
            prop_assert!(!error.problems.is_empty());
        }
    }

    #[test]
    fn any_pieces_of_rules_are_read_or_refused_within_the_file(pieces in prop::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        if let Err(error) = parse(&text) {
            prop_assert!(!error.problems.is_empty());
            let lines = text.matches('\n').count() + 1;
            for problem in &error.problems {
                prop_assert!((1..=lines).contains(&problem.line) && problem.column >= 1, "{problem}");
                prop_assert!(!problem.wrong.is_empty() && !problem.advice.is_empty());
            }
            let order: Vec<_> = error.problems.iter().map(|problem| (problem.line, problem.column)).collect();
            prop_assert!(order.is_sorted());
        }
    }

    #[test]
    fn the_nearer_wins_key_by_key(service: [bool; 7], of_type: [bool; 7], client: [bool; 7]) {
        let layered = rule_of(&inside(0, service), &inside(1, of_type), &inside(2, client));
        // The same keys, each from the nearest place that has it, at the service alone.
        let nearest = (0..7).filter_map(|key| {
            let place = if client[key] { 2 } else if of_type[key] { 1 } else if service[key] { 0 } else { return None };
            Some(KEYS[key][place])
        });
        let mut expected = rule_of(&nearest.collect::<Vec<_>>().join(", "), "", "");
        if let Some(price) = &mut expected.price {
            price.is_clients_own = client[3];
        }
        prop_assert_eq!(layered, expected);
    }

    #[test]
    fn a_pattern_fits_as_it_reads(pattern in "[ab*Éé]{1,6}", word in "[abÉé]{1,6}") {
        let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<char>>();
        let expected = fits_slowly(&lower(&pattern), &lower(&word));
        prop_assert_eq!(Pattern::new(&pattern).fits(&word), expected);
        prop_assert_eq!(Pattern::new(&format!(" {} ", pattern.to_uppercase())).fits(&format!("{word} ")), expected);
    }

    #[test]
    fn an_unknown_fit_is_any_of_both(one in 0..3_usize, other in 0..3_usize) {
        const ALL: [Fit; 3] = [Fit::Yes, Fit::No, Fit::Unknown];
        let settled = |fit: Fit| match fit {
            Fit::Yes => vec![true],
            Fit::No => vec![false],
            Fit::Unknown => vec![true, false],
        };
        let hull = |outcomes: Vec<bool>| match (outcomes.contains(&true), outcomes.contains(&false)) {
            (true, true) => Fit::Unknown,
            (true, false) => Fit::Yes,
            _ => Fit::No,
        };
        let pairs = |of: fn(bool, bool) -> bool| {
            hull(settled(ALL[one]).iter().flat_map(|a| settled(ALL[other]).into_iter().map(move |b| of(*a, b))).collect())
        };
        prop_assert_eq!(ALL[one].and(ALL[other]), pairs(|a, b| a && b));
        prop_assert_eq!(ALL[one].or(ALL[other]), pairs(|a, b| a || b));
    }
}
