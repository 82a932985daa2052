//! Names that are equal except for their legal form: "Acme Ltd" and "Acme Inc" may be one client or two, so they are
//! only suggested to a person.

use std::collections::BTreeMap;

use crate::normalise;

/// Legal forms at the end of a name, normalised.
const LEGAL_FORMS: &[&str] = &[
    "ab",
    "ag",
    "aps",
    "as",
    "asa",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "gmbh",
    "inc",
    "incorporated",
    "kg",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "nv",
    "oy",
    "oyj",
    "plc",
    "pty",
    "pvt",
    "sa",
    "sarl",
    "sas",
    "spa",
    "srl",
    "sro",
    "ug",
];

/// Signs that connect a legal form to the name before it: "Brown & Co".
const JOINTS: &[&str] = &["&", "+", "and", "und", "et"];

/// For each account the clients whose names equal its own except for the legal form, in order; accounts without such a
/// client are omitted.
pub fn equal_but_for_legal_form<'a, A: Ord, C: Ord + Clone>(
    accounts: impl IntoIterator<Item = (A, &'a str)>,
    clients: impl IntoIterator<Item = (C, &'a str)>,
) -> BTreeMap<A, Vec<C>> {
    let mut by_stem = BTreeMap::<String, Vec<C>>::new();
    for (client, name) in clients {
        by_stem.entry(stem(name)).or_default().push(client);
    }
    by_stem.remove("");
    by_stem.values_mut().for_each(|clients| {
        clients.sort();
        clients.dedup();
    });
    let alike = |(account, name)| by_stem.get(&stem(name)).map(|clients| (account, clients.clone()));
    accounts.into_iter().filter_map(alike).collect()
}

/// The normalised name without the legal forms at its end; a name of nothing else keeps its first word.
fn stem(name: &str) -> String {
    let form = normalise(name);
    let mut words: Vec<&str> = form.split(' ').collect();
    while words.len() > 1 && words.last().is_some_and(|word| LEGAL_FORMS.contains(word)) {
        words.pop();
        while words.len() > 1 && words.last().is_some_and(|word| JOINTS.contains(word)) {
            words.pop();
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legal_form_alone_is_left_out() {
        for (name, expected) in [
            ("Acme Ltd", "acme"),
            ("ACME, Inc.", "acme"),
            ("Acme Pty Ltd", "acme"),
            ("Brown & Co.", "brown"),
            ("Brown & Sons", "brown & sons"),
            ("Co", "co"),
            ("Limited Ltd", "limited"),
            ("Acme Ltd Norwich", "acme ltd norwich"),
            ("--", ""),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }

    #[test]
    fn every_client_of_the_stem_is_named_in_order() {
        let clients = [("c2", "Acme Inc"), ("c1", "Acme Limited"), ("c3", "Bolt"), ("c4", "...")];
        let found = equal_but_for_legal_form([(1, "ACME"), (2, "Nobody"), (3, "--")], clients);
        assert_eq!(found, BTreeMap::from([(1, vec!["c1", "c2"])]));
    }
}
