//! Whose an account may be while nobody has decided: what makes counts wider, and nothing else.

use crate::suggest::{Likely, Pairs, kept};
use crate::{Party, Score, Sites};

/// For each account the clients of [`crate::suggest`], as indices into `clients`, without their reasons.
#[must_use]
pub fn may_be(accounts: &[Party<'_>], clients: &[Party<'_>], sites: Sites) -> Vec<Vec<usize>> {
    let pairs = Pairs::new(accounts, clients);
    let mut found = vec![Vec::new(); accounts.len()];
    for (left, likely) in pairs.likely(sites).into_iter().enumerate() {
        let scores: Vec<Score> = likely.iter().map(Likely::score).collect();
        found[pairs.account_order[left]] = likely.iter().take(kept(&scores)).map(|one| one.client).collect();
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
