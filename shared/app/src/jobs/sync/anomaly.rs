//! What keeps a broken answer from being taken for an empty one: empty answers are refused, and a large drop is not
//! believed before a second sync confirms it.

use std::collections::{BTreeMap, BTreeSet};

use truecount_billing::{Account, AccountId, ReadReason, ReadState, Remedy};
use truecount_connectors::{AccountReading, Snapshot};
use truecount_store::SnapshotAccount;

use super::failure::SyncFailure;

/// A drop of more than this many items, and …
const DROP_ITEMS_MAX: u64 = 5;

/// … of more than one in this many (20 %), is not believed at once.
const DROP_SHARE: u64 = 5;

/// An answer with nothing in it is a failure: that is what a credential that lost its rights looks like.
pub(super) fn reject_empty(snapshot: &Snapshot, earlier: &[SnapshotAccount]) -> Result<(), SyncFailure> {
    let before: u64 = earlier.iter().map(SnapshotAccount::known_total).sum();
    let empty = |reason| Err(SyncFailure { reason, remedy: Remedy::FixCredentials });
    if snapshot.account_count() == 0 {
        return empty(ReadReason::NoAccounts { before });
    }
    let read_any = snapshot.accounts_in_short().any(|(account, ..)| account.read_state.is_complete());
    if read_any && snapshot.item_count() + snapshot.line_count() == 0 {
        return empty(ReadReason::NothingToCount { before });
    }
    Ok(())
}

/// Marks an account whose counts fell by more than 20 % and 5 items since the last snapshot as doubtful, until a second
/// snapshot confirms them.
pub(super) fn flag_drop(entry: &mut SnapshotAccount, before: Option<&SnapshotAccount>) {
    let Some(before) = before else { return };
    if !entry.account.read_state.is_complete() {
        return;
    }
    if let Some((kind, was, is)) = fallen(before.known_counts(), &entry.counts) {
        let as_of = Some(before.at.as_of);
        let reason = ReadReason::Dropped { kind, before: was, now: is, as_of };
        entry.account.read_state = ReadState::Doubtful(reason);
    }
}

/// What an account that was not read completely had before: the next sync is compared with that.
pub(super) fn counts_before(state: &ReadState, before: Option<&SnapshotAccount>) -> Option<BTreeMap<String, u64>> {
    let is_unread = matches!(state, ReadState::Failed(_) | ReadState::Partial(_));
    before.filter(|_| is_unread).map(|before| before.known_counts().clone())
}

/// Accounts with items in them that are no longer listed: they stay for one snapshot, doubtful.
pub(super) fn missing_accounts(snapshot: &Snapshot, earlier: &[SnapshotAccount]) -> Vec<AccountReading> {
    let listed: BTreeSet<&AccountId> = snapshot.accounts_in_short().map(|(account, ..)| &account.id).collect();
    let gone = earlier.iter().filter(|entry| {
        !listed.contains(&entry.account.id)
            && entry.known_total() > DROP_ITEMS_MAX
            && !matches!(entry.account.read_state, ReadState::Doubtful(_))
    });
    gone.map(doubtful).collect()
}

fn doubtful(earlier: &SnapshotAccount) -> AccountReading {
    let reason = ReadReason::NotListed { before: earlier.known_total(), as_of: Some(earlier.at.as_of) };
    let account = Account { read_state: ReadState::Doubtful(reason), ..earlier.account.clone() };
    AccountReading { account, items: Vec::new(), lines: Vec::new() }
}

/// The first kind that fell too far, with what it was and is.
fn fallen(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> Option<(String, u64, u64)> {
    before.iter().find_map(|(kind, was)| {
        let is = now.get(kind).copied().unwrap_or(0);
        let fall = was.saturating_sub(is);
        (fall > DROP_ITEMS_MAX && fall * DROP_SHARE > *was).then(|| (kind.clone(), *was, is))
    })
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::content_of;
    use super::*;
    use truecount_billing::{ItemId, UsageItem};
    use truecount_store::{Retention, SnapshotId};

    fn account(id: &str, items: u64) -> AccountReading {
        let item = |n: u64| UsageItem::new(ItemId::new(format!("{n}")).unwrap(), "server");
        let account = Account::new(AccountId::new(id).unwrap(), id, ReadState::Complete);
        AccountReading { account, items: (0..items).map(item).collect(), lines: Vec::new() }
    }

    fn stored(id: &str, items: u64) -> SnapshotAccount {
        let at = SnapshotId { as_of: jiff::civil::date(2026, 6, 29), lease: 1 };
        SnapshotAccount::describe(&content_of(&account(id, items)), at, Retention::of_days(400)).unwrap()
    }

    fn after(was: u64, is: u64) -> ReadState {
        let mut entry = stored("a", is);
        flag_drop(&mut entry, Some(&stored("a", was)));
        entry.account.read_state
    }

    fn read(accounts: &[AccountReading]) -> Snapshot {
        let mut reading = truecount_connectors::SnapshotBuilder::default();
        for account in accounts {
            reading.account(&account.account.id, &account.account.name);
            account.items.iter().for_each(|item| reading.item(&account.account.id, item));
        }
        reading.finish()
    }

    #[test]
    fn only_a_large_drop_is_flagged() {
        for (was, is, doubted) in
            [(10, 5, false), (10, 4, true), (100, 80, false), (100, 79, true), (5, 0, false), (5, 50, false)]
        {
            assert_eq!(after(was, is) != ReadState::Complete, doubted, "{was} to {is}");
        }
    }

    #[test]
    fn a_second_sync_that_agrees_is_believed() {
        assert_eq!(after(4, 4), ReadState::Complete);
    }

    #[test]
    fn a_failure_in_between_hides_no_drop() {
        let mut entry = stored("a", 50);
        for state in [ReadState::Failed(ReadReason::NeverSynced), ReadState::Partial(ReadReason::TooManyItems)] {
            let mut failing = stored("a", 2);
            failing.counts_before = counts_before(&state, Some(&entry));
            failing.account.read_state = state;
            entry = failing;
        }
        let mut now = stored("a", 3);
        flag_drop(&mut now, Some(&entry));
        assert_eq!(now.account.read_state.as_str(), "doubtful");
        assert_eq!(missing_accounts(&read(&[]), &[entry]).len(), 1);
    }

    #[test]
    fn a_missing_account_stays_doubtful_for_one_snapshot() {
        let listed = read(&[account("a", 4)]);
        let mut gone = stored("b", 9);
        let kept = missing_accounts(&listed, &[stored("a", 4), gone.clone()]);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].account.read_state.as_str(), "doubtful");
        gone.account.read_state = kept[0].account.read_state.clone();
        assert!(missing_accounts(&listed, &[stored("a", 4), gone]).is_empty());
    }

    #[test]
    fn an_empty_answer_is_no_zero() {
        let error = reject_empty(&read(&[]), &[stored("a", 9)]).err().unwrap();
        assert_eq!(error.reason, ReadReason::NoAccounts { before: 9 });
        assert!(reject_empty(&read(&[account("a", 0)]), &[]).is_err());
        assert!(reject_empty(&read(&[account("a", 0), account("b", 1)]), &[]).is_ok());
    }
}
