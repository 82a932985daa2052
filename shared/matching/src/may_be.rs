//! Whose an account may be while nobody has decided: what makes counts wider, and nothing else.

use crate::suggest::{Pairs, SUGGESTIONS_MAX};
use crate::{Party, Score, Sites, model};

/// Clients with a lower probability, in thousandths, are left out. With at most [`SUGGESTIONS_MAX`] clients an account, the
/// right client of an account with a shared word or initials is kept in at least 98 of 100 cases of the labelled sets, at
/// less than two clients an account (`.ci/matching` measures both).
const THOUSANDTHS_MIN: u32 = 5;

/// For each account, in the order given, the clients whose it may be, as indices into `clients`, the most probable first:
/// at most [`SUGGESTIONS_MAX`], unless further ones are exactly as probable as the last. Nobody, if it resembles none.
///
/// Meant for accounts that nobody has decided about. Pass the whole lists nevertheless, as for [`crate::suggest`]. An
/// account that resembles none may still be anybody's.
#[must_use]
pub fn may_be(accounts: &[Party<'_>], clients: &[Party<'_>], sites: Sites) -> Vec<Vec<usize>> {
    let pairs = Pairs::new(accounts, clients);
    let mut found = vec![Vec::new(); accounts.len()];
    for (left, likely) in pairs.likely(sites).into_iter().enumerate() {
        let score = |odds: f32| Score::of(model::probability(odds));
        let last = likely.get(SUGGESTIONS_MAX - 1).map_or(Score::default(), |last| score(last.odds));
        let is_kept = |odds: f32| score(odds).thousandths() >= THOUSANDTHS_MIN && score(odds) >= last;
        let kept = likely.iter().filter(|one| is_kept(one.odds)).map(|one| one.client);
        found[pairs.account_order[left]] = kept.collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(account: &str, clients: &[&str]) -> Vec<String> {
        let parties: Vec<Party<'_>> = clients.iter().map(|name| Party::named(name)).collect();
        let found = may_be(&[Party::named(account)], &parties, Sites::ManyToOne).remove(0);
        let mut names: Vec<String> = found.into_iter().map(|client| clients[client].to_owned()).collect();
        names.sort();
        names
    }

    const CLIENTS: [&str; 4] = ["Brown and Partners LLP", "Quay Foods Ltd", "KAIST", "Harbour Dental Practice"];

    #[test]
    fn a_shared_word_or_initials_are_enough() {
        for (account, expected) in [
            ("Brown & Partners (London)", "Brown and Partners LLP"),
            ("Quay Catering", "Quay Foods Ltd"),
            ("Korea Advanced Institute of Science and Technology", "KAIST"),
            ("HDP", "Harbour Dental Practice"),
        ] {
            assert!(
                names(account, &CLIENTS).contains(&expected.to_owned()),
                "{account}: {:?}",
                names(account, &CLIENTS)
            );
        }
    }

    #[test]
    fn an_account_that_resembles_none_is_nobodys() {
        assert_eq!(names("Zorn", &CLIENTS), Vec::<String>::new());
    }

    #[test]
    fn clients_of_one_name_stand_or_fall_together() {
        let twins = ["Acme Ltd"; 8];
        assert_eq!(names("Acme", &twins).len(), 8);
    }
}
