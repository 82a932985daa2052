//! Accounts of one source and clients whose names are equal and unique on both sides.

use std::collections::BTreeMap;

use crate::{has_lookalikes, normalise};

/// The result of comparing names for equality. Accounts that it does not mention have no equal name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByName<A, C> {
    /// Equal and unique on both sides.
    pub confirmed: BTreeMap<A, C>,
    /// Equal, but to be confirmed by a person.
    pub held_back: BTreeMap<A, HeldBack<C>>,
}

/// An equal name that is not confirmed automatically.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack<C> {
    /// The clients with that name, in order; never empty.
    pub clients: Vec<C>,
    /// Why it is held back.
    pub why: WhyHeldBack,
}

/// Why an equal name is not confirmed automatically.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyHeldBack {
    /// Several clients have the name.
    SeveralClients,
    /// Several accounts of the source have the name.
    SeveralAccounts,
    /// The account's or the client's name contains lookalike characters.
    Lookalike,
}

impl WhyHeldBack {
    /// The text shown to people.
    #[must_use]
    pub fn for_people(self) -> &'static str {
        match self {
            Self::SeveralClients => "several clients have this name",
            Self::SeveralAccounts => "several vendor accounts of this source have this name",
            Self::Lookalike => "the name has letters that can be taken for others",
        }
    }
}

/// Finds equal names. `accounts` are all accounts of one source, including those already mapped, so that a name counts as
/// unique only if it really is. Names that consist of punctuation never match.
pub fn confirmed_by_name<'a, A: Ord + Clone, C: Ord + Clone>(
    accounts: impl IntoIterator<Item = (A, &'a str)>,
    clients: impl IntoIterator<Item = (C, &'a str)>,
) -> ByName<A, C> {
    let accounts = by_form(accounts);
    let clients = by_form(clients);
    let mut found = ByName { confirmed: BTreeMap::new(), held_back: BTreeMap::new() };
    for (form, (accounts, account_imitates)) in accounts {
        let Some((clients, client_imitates)) = clients.get(&form) else { continue };
        let why = if clients.len() > 1 {
            WhyHeldBack::SeveralClients
        } else if accounts.len() > 1 {
            WhyHeldBack::SeveralAccounts
        } else if account_imitates || *client_imitates {
            WhyHeldBack::Lookalike
        } else {
            found.confirmed.extend(accounts.into_iter().zip(clients.iter().cloned()));
            continue;
        };
        let held_back = HeldBack { clients: clients.clone(), why };
        found.held_back.extend(accounts.into_iter().map(|account| (account, held_back.clone())));
    }
    found
}

/// Keys by normalised form, each once and in order, and whether one of the names has lookalike characters.
fn by_form<'a, K: Ord>(names: impl IntoIterator<Item = (K, &'a str)>) -> BTreeMap<String, (Vec<K>, bool)> {
    let mut forms = BTreeMap::<String, (Vec<K>, bool)>::new();
    for (key, name) in names {
        let form = normalise(name);
        if form.is_empty() {
            continue;
        }
        let (keys, imitates) = forms.entry(form).or_default();
        *imitates |= has_lookalikes(name);
        if let Err(place) = keys.binary_search(&key) {
            keys.insert(place, key);
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(
        accounts: &[(u32, &str)],
        clients: &[(&str, &str)],
        confirmed: &[(u32, &str)],
        held: &[(u32, WhyHeldBack)],
    ) {
        let found = confirmed_by_name(accounts.iter().copied(), clients.iter().copied());
        assert_eq!(found.confirmed.into_iter().collect::<Vec<_>>(), confirmed);
        assert_eq!(found.held_back.into_iter().map(|(a, held)| (a, held.why)).collect::<Vec<_>>(), held);
    }

    #[test]
    fn equal_and_unique() {
        check(&[(1, "ACME, Inc.")], &[("c1", "Acme Inc")], &[(1, "c1")], &[]);
        check(&[(1, "Acme Inc")], &[("c1", "Acme Ltd")], &[], &[]);
        check(&[(1, "Acme")], &[("c1", "Acme"), ("c2", "ACME")], &[], &[(1, WhyHeldBack::SeveralClients)]);
        let twice = WhyHeldBack::SeveralAccounts;
        check(&[(1, "Acme"), (2, "acme.")], &[("c1", "Acme")], &[], &[(1, twice), (2, twice)]);
        check(&[(1, "ＡＣＭＥ")], &[("c1", "Acme")], &[], &[(1, WhyHeldBack::Lookalike)]);
        check(&[(1, "\u{0410}cme")], &[("c1", "Acme")], &[], &[]);
        check(&[(1, "--")], &[("c1", "...")], &[], &[]);
        check(&[(1, "Acme"), (1, "Acme")], &[("c1", "Acme"), ("c1", "Acme")], &[(1, "c1")], &[]);
    }

    proptest! {
        #[test]
        fn order_does_not_matter(
            mut accounts in proptest::collection::vec((0u8..20, "[Aa][Bb.]?[Cc ]?"), 0..12),
            mut clients in proptest::collection::vec((0u8..20, "[Aa][Bb.]?[Cc ]?"), 0..12),
        ) {
            let found = |accounts: &[(u8, String)], clients: &[(u8, String)]| {
                confirmed_by_name(
                    accounts.iter().map(|(key, name)| (*key, name.as_str())),
                    clients.iter().map(|(key, name)| (*key, name.as_str())),
                )
            };
            let before = found(&accounts, &clients);
            accounts.reverse();
            clients.reverse();
            prop_assert_eq!(&before, &found(&accounts, &clients));
        }
    }
}
