//! What happened to an account from one snapshot to the next: since when it is known, whether it was renamed, and whether
//! it has the name of one that has gone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use truecount_billing::AccountId;
use truecount_matching::normalise;
use truecount_store::{AccountHistory, Predecessor, Renamed, SnapshotAccount};

/// Carries the history of accounts from the last snapshot's list to the new one.
pub(super) fn carry_forward(earlier: &[SnapshotAccount], entries: &mut [SnapshotAccount], as_of: Date) {
    let known: BTreeMap<&AccountId, &SnapshotAccount> =
        earlier.iter().map(|entry| (&entry.account.id, entry)).collect();
    let listed: BTreeSet<AccountId> =
        entries.iter().filter(|entry| !entry.is_gone()).map(|entry| entry.account.id.clone()).collect();
    let mut gone = BTreeMap::<String, Vec<&SnapshotAccount>>::new();
    for entry in earlier.iter().filter(|entry| !listed.contains(&entry.account.id)) {
        gone.entry(normalise(&entry.account.name)).or_default().push(entry);
    }
    for entry in entries {
        let name = normalise(&entry.account.name);
        match known.get(&entry.account.id) {
            Some(before) => {
                entry.history = before.history.clone();
                entry.history.since = before.history.since.or(Some(as_of));
                if normalise(&before.account.name) != name {
                    entry.history.renamed = Some(Renamed { from: before.account.name.clone(), on: as_of });
                }
            }
            None => {
                let predecessor = match gone.get(&name).map(Vec::as_slice) {
                    Some([one]) if !name.is_empty() => Some(Predecessor { id: one.account.id.clone(), on: as_of }),
                    _ => None,
                };
                entry.history = AccountHistory { since: Some(as_of), renamed: None, predecessor };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use truecount_billing::{Account, ReadState};
    use truecount_store::{AccountContent, Retention, SnapshotId};

    fn entry(id: &str, name: &str) -> SnapshotAccount {
        let account = Account::new(AccountId::new(id).unwrap(), name, ReadState::Complete);
        let at = SnapshotId { as_of: date(2026, 6, 29), lease: 1 };
        SnapshotAccount::describe(
            &AccountContent { account: &account, items: &[], lines: &[], moves: &[] },
            at,
            Retention::of_days(400),
        )
        .unwrap()
    }

    #[test]
    fn history_is_carried_and_changes_are_noted() {
        let mut first = vec![entry("1", "Acme"), entry("2", "Bolt"), entry("3", "Quay")];
        carry_forward(&[], &mut first, date(2026, 5, 1));
        assert!(first.iter().all(|entry| entry.history.since == Some(date(2026, 5, 1))));

        let mut second = vec![entry("1", "ACME."), entry("2", "Bolt & Sons"), entry("9", "quay")];
        carry_forward(&first, &mut second, date(2026, 6, 1));
        assert_eq!(second[0].history, first[0].history, "case and dots make no other name");
        let renamed = Renamed { from: "Bolt".to_owned(), on: date(2026, 6, 1) };
        assert_eq!(second[1].history.renamed, Some(renamed.clone()));
        let predecessor = Predecessor { id: AccountId::new("3").unwrap(), on: date(2026, 6, 1) };
        assert_eq!(second[2].history.predecessor, Some(predecessor));
        assert_eq!(second[2].history.since, Some(date(2026, 6, 1)));

        let mut third = vec![entry("1", "Acme"), entry("2", "Bolt & Sons"), entry("9", "Quay"), entry("4", "Quay")];
        carry_forward(&second, &mut third, date(2026, 6, 2));
        assert_eq!(third[1].history.renamed, Some(renamed), "still known");
        assert!(third[2].history.predecessor.is_some());
        assert_eq!(third[3].history.predecessor, None, "nothing is gone");
    }
}
