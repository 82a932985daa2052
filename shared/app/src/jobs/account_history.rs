//! What became of an account from one seal to the next: since when it is known, whether it was renamed, and whether it
//! took the place of one that is gone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::AccountId;
use truecount_matching::normalise;

use crate::snapshot::{SnapshotAccount, by_id, is_gone};

/// What is known of an account's past.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountHistory {
    /// The day of the first seal that had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// When its name last changed, and what it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<Renamed>,
    /// The account of the same name that was gone when this one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_over: Option<ReplacedBy>,
}

/// A change of name under the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// The name before.
    pub from: String,
    /// The day of the first seal with the new one.
    pub on: Date,
}

/// A new id with the name of one that vanished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedBy {
    /// The id that vanished.
    pub id: AccountId,
    /// The day of the first seal with the new one.
    pub on: Date,
}

/// Carries the past of accounts from the last seal's list to the new one.
pub(crate) fn carry(earlier: &[SnapshotAccount], entries: &mut [SnapshotAccount], as_of: Date) {
    let known = by_id(earlier);
    let listed: BTreeSet<AccountId> =
        entries.iter().filter(|entry| !is_gone(entry)).map(|entry| entry.account.id.clone()).collect();
    let mut gone = BTreeMap::<String, Vec<&SnapshotAccount>>::new();
    for entry in earlier.iter().filter(|entry| !listed.contains(&entry.account.id)) {
        gone.entry(normalise(&entry.account.name)).or_default().push(entry);
    }
    for entry in entries {
        let name = normalise(&entry.account.name);
        match known.get(&entry.account.id) {
            Some(before) => {
                entry.lineage = before.lineage.clone();
                entry.lineage.since = before.lineage.since.or(Some(as_of));
                if normalise(&before.account.name) != name {
                    entry.lineage.renamed = Some(Renamed { from: before.account.name.clone(), on: as_of });
                }
            }
            None => {
                let took_over = match gone.get(&name).map(Vec::as_slice) {
                    Some([one]) if !name.is_empty() => Some(ReplacedBy { id: one.account.id.clone(), on: as_of }),
                    _ => None,
                };
                entry.lineage = AccountHistory { since: Some(as_of), renamed: None, took_over };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SnapshotId;
    use crate::snapshot;
    use jiff::civil::date;
    use truecount_billing::{Account, ReadState};
    use truecount_connectors::AccountReading;

    fn entry(id: &str, name: &str) -> SnapshotAccount {
        let account = Account::new(AccountId::new(id).unwrap(), name, ReadState::Complete);
        let at = SnapshotId { as_of: date(2026, 6, 29), lease: 1 };
        snapshot::describe(&AccountReading { account, items: Vec::new(), lines: Vec::new() }, &at).unwrap()
    }

    #[test]
    fn the_past_is_carried_and_changes_are_noted() {
        let mut first = vec![entry("1", "Acme"), entry("2", "Bolt"), entry("3", "Quay")];
        carry(&[], &mut first, date(2026, 5, 1));
        assert!(first.iter().all(|entry| entry.lineage.since == Some(date(2026, 5, 1))));

        let mut second = vec![entry("1", "ACME."), entry("2", "Bolt & Sons"), entry("9", "quay")];
        carry(&first, &mut second, date(2026, 6, 1));
        assert_eq!(second[0].lineage, first[0].lineage, "case and dots are no other name");
        let renamed = Renamed { from: "Bolt".to_owned(), on: date(2026, 6, 1) };
        assert_eq!(second[1].lineage.renamed, Some(renamed.clone()));
        let took_over = ReplacedBy { id: AccountId::new("3").unwrap(), on: date(2026, 6, 1) };
        assert_eq!(second[2].lineage.took_over, Some(took_over));
        assert_eq!(second[2].lineage.since, Some(date(2026, 6, 1)));

        let mut third = vec![entry("1", "Acme"), entry("2", "Bolt & Sons"), entry("9", "Quay"), entry("4", "Quay")];
        carry(&second, &mut third, date(2026, 6, 2));
        assert_eq!(third[1].lineage.renamed, Some(renamed), "still known");
        assert!(third[2].lineage.took_over.is_some());
        assert_eq!(third[3].lineage.took_over, None, "nothing is gone");
    }
}
