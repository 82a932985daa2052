//! What keeps a broken answer from being taken for an empty one: empty answers are refused, and neither a large fall nor
//! a missing account is relied on before a second witness confirms it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use truecount_billing::{Account, AccountId, AccountList, ReadReason, ReadState, Remedy};
use truecount_connectors::{AccountReading, Snapshot};
use truecount_store::SnapshotAccount;

use super::drop_guard::{self, Bases, Judgement, Sighting};
use super::failure::SyncFailure;

/// The last snapshot: what a new one is held against.
pub(super) struct Earlier {
    /// The day that it is for; without one, that of the new snapshot.
    pub(super) as_of: Date,
    /// Its accounts; none if there is no earlier snapshot.
    pub(super) accounts: Vec<SnapshotAccount>,
}

/// An answer with nothing in it is a failure: that is what a credential that lost its rights looks like, or an export
/// with a filter left on.
pub(super) fn reject_empty(
    snapshot: &Snapshot,
    earlier: &[SnapshotAccount],
    list: AccountList,
) -> Result<(), SyncFailure> {
    let before: u64 = earlier.iter().map(SnapshotAccount::total_relied_on).sum();
    let empty = |reason| match list {
        AccountList::Exported => Err(SyncFailure::no_file(empty_file(&reason))),
        AccountList::Owned | AccountList::ByGrant => Err(SyncFailure { reason, remedy: Remedy::FixCredentials }),
    };
    if snapshot.account_count() == 0 {
        return empty(ReadReason::NoAccounts { before });
    }
    let read_any = snapshot.accounts_in_short().any(|(account, ..)| account.read_state.is_complete());
    if read_any && snapshot.item_count() + snapshot.line_count() == 0 {
        return empty(ReadReason::NothingToCount { before });
    }
    Ok(())
}

/// What is wrong with a file in which there is nothing.
fn empty_file(reason: &ReadReason) -> String {
    let (what, before) = match reason {
        ReadReason::NoAccounts { before } => ("names no account", *before),
        ReadReason::NothingToCount { before } => ("has nothing to count in any account", *before),
        other => return other.to_string(),
    };
    let before = match before {
        0 => String::new(),
        1 => "; the last one had 1 item".to_owned(),
        before => format!("; the last one had {before} items"),
    };
    format!("the file {what}{before}: export it again, without a filter")
}

/// Marks an account whose counts fell too far as doubtful, until a second witness confirms them. What was not read
/// completely neither falls nor confirms.
pub(super) fn flag_drop(entry: &mut SnapshotAccount, before: Option<&SnapshotAccount>, on: Date, seen: Sighting<'_>) {
    let bases = before.map(|before| before.relied_on(on)).unwrap_or_default();
    if !entry.account.read_state.is_complete() {
        entry.bases = bases;
        return;
    }
    if let Judgement::Doubted { reason, bases } = drop_guard::judge(&bases, &entry.counts, seen) {
        entry.account.read_state = ReadState::Doubtful(reason);
        entry.bases = bases;
    }
}

/// An account that was there before and is no longer listed. It stays: where the list is all that there is, doubtful until
/// a second witness does not list it either; where it is what may be seen, failed until it is back or a person accepts it.
pub(super) struct MissingAccount {
    pub(super) reading: AccountReading,
    pub(super) bases: Bases,
}

/// The accounts with items in them that are no longer listed.
pub(super) fn missing_accounts(
    snapshot: &Snapshot,
    earlier: &Earlier,
    list: AccountList,
    seen: Sighting<'_>,
) -> Vec<MissingAccount> {
    let listed: BTreeSet<&AccountId> = snapshot.accounts_in_short().map(|(account, ..)| &account.id).collect();
    let gone = earlier.accounts.iter().filter(|entry| !listed.contains(&entry.account.id));
    let judged = gone.filter_map(|entry| {
        let before = entry.relied_on(earlier.as_of);
        let last = before.values().map(|base| base.as_of).max()?;
        let total = entry.total_relied_on();
        let (read_state, bases) = match (snapshot.read_state.is_complete(), list) {
            (true, AccountList::ByGrant | AccountList::Exported) if total == 0 => return None,
            (true, AccountList::ByGrant | AccountList::Exported) => {
                (ReadState::Failed(ReadReason::NoLongerVisible { before: total, as_of: last }), before)
            }
            (true, AccountList::Owned) => {
                let bases = drop_guard::judge_missing(&before, seen)?;
                (ReadState::Doubtful(ReadReason::NotListed { before: total, as_of: last }), bases)
            }
            // A list that was not read to its end tells of no account that it is gone.
            (false, _) => (ReadState::Doubtful(ReadReason::NotListed { before: total, as_of: last }), before),
        };
        let account = Account { read_state, ..entry.account.clone() };
        Some(MissingAccount { reading: AccountReading { account, items: Vec::new(), lines: Vec::new() }, bases })
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::content_of;
    use super::*;
    use jiff::civil::date;
    use truecount_billing::{ItemId, UsageItem, start_of_day};
    use truecount_store::{Retention, SnapshotId, Witness};

    fn account(id: &str, items: u64) -> AccountReading {
        let item = |n: u64| UsageItem::new(ItemId::new(format!("{n}")).unwrap(), "server");
        let account = Account::new(AccountId::new(id).unwrap(), id, ReadState::Complete);
        AccountReading { account, items: (0..items).map(item).collect(), lines: Vec::new() }
    }

    fn stored(id: &str, items: u64) -> SnapshotAccount {
        let at = SnapshotId { as_of: date(2026, 6, 1), lease: 1 };
        SnapshotAccount::describe(&content_of(&account(id, items), &[]), at, Retention::of_days(400)).unwrap()
    }

    fn read(accounts: &[AccountReading]) -> Snapshot {
        let mut reading = truecount_connectors::SnapshotBuilder::default();
        for account in accounts {
            reading.account(&account.account.id, &account.account.name);
            account.items.iter().for_each(|item| reading.item(&account.account.id, item));
        }
        reading.finish()
    }

    /// What an API says on a day of June.
    fn on<T>(day: i8, see: impl FnOnce(Sighting<'_>) -> T) -> T {
        let as_of = date(2026, 6, day);
        let at = start_of_day(as_of).unwrap();
        see(Sighting { witness: &Witness::Api { day: as_of, at }, as_of })
    }

    fn earlier(day: i8, accounts: Vec<SnapshotAccount>) -> Earlier {
        Earlier { as_of: date(2026, 6, day), accounts }
    }

    /// The account as it is stored on a day, after what was stored the day before.
    fn next(day: i8, before: &SnapshotAccount, items: u64, state: ReadState) -> SnapshotAccount {
        let mut now = stored("a", items);
        now.account.read_state = state;
        on(day, |seen| flag_drop(&mut now, Some(before), date(2026, 6, day - 1), seen));
        now
    }

    #[test]
    fn a_failure_in_between_hides_no_drop() {
        let first = stored("a", 50);
        let failed = next(2, &first, 2, ReadState::Failed(ReadReason::NeverSynced));
        let partial = next(3, &failed, 2, ReadState::Partial(ReadReason::TooManyItems));
        let fell = next(4, &partial, 3, ReadState::Complete);
        let ReadState::Doubtful(ReadReason::Dropped { before, as_of, .. }) = &fell.account.read_state else {
            panic!("{:?}", fell.account.read_state)
        };
        assert_eq!((*before, *as_of), (50.into(), date(2026, 6, 1)), "the last that was relied on");
        // nor does one confirm it
        let failed = next(5, &fell, 3, ReadState::Failed(ReadReason::NeverSynced));
        assert_eq!(failed.bases, fell.bases);
        assert_eq!(next(5, &fell, 3, ReadState::Complete).account.read_state, ReadState::Complete);
    }

    #[test]
    fn a_missing_account_stays_doubtful_until_it_is_missing_on_another_day() {
        let listed = read(&[account("a", 4)]);
        let mut before = earlier(1, vec![stored("a", 4), stored("b", 1), stored("c", 0)]);
        for (day, kept) in [(2, true), (2, true), (3, false)] {
            let missing = on(day, |seen| missing_accounts(&listed, &before, AccountList::Owned, seen));
            assert_eq!(missing.len(), usize::from(kept), "day {day}: an account without items is missed by nobody");
            for MissingAccount { reading, bases } in missing {
                let reason = ReadReason::NotListed { before: 1, as_of: date(2026, 6, 1) };
                assert_eq!(reading.account.read_state, ReadState::Doubtful(reason));
                let entry = before.accounts.iter_mut().find(|entry| entry.account.id == reading.account.id).unwrap();
                (entry.account, entry.bases) = (reading.account, bases);
            }
            before.as_of = date(2026, 6, day);
        }
    }

    #[test]
    fn a_list_that_was_cut_off_tells_of_no_account_that_it_is_gone() {
        let mut cut = read(&[account("a", 4)]);
        cut.read_state = ReadState::Partial(ReadReason::TooManyItems);
        let before = earlier(1, vec![stored("b", 9)]);
        for list in [AccountList::Owned, AccountList::ByGrant, AccountList::Exported] {
            let missing = on(2, |seen| missing_accounts(&cut, &before, list, seen));
            assert_eq!(missing.len(), 1);
            assert_eq!(missing[0].reading.account.read_state.as_str(), "doubtful");
            assert_eq!(missing[0].bases, before.accounts[0].relied_on(before.as_of), "it is no witness");
        }
    }

    #[test]
    fn an_account_that_may_only_have_become_invisible_stays_failed_until_it_is_back() {
        let mut before = earlier(1, vec![stored("b", 9), stored("c", 0)]);
        for day in 2..9 {
            let mut missing =
                on(day, |seen| missing_accounts(&read(&[account("a", 4)]), &before, AccountList::ByGrant, seen));
            let one = missing.remove(0);
            assert!(missing.is_empty(), "where nothing was, nothing is missed");
            let reason = ReadReason::NoLongerVisible { before: 9, as_of: date(2026, 6, 1) };
            assert_eq!(one.reading.account.read_state, ReadState::Failed(reason), "day {day}");
            (before.accounts[0].account, before.accounts[0].bases) = (one.reading.account, one.bases);
            before.accounts[0].counts.clear();
            before.as_of = date(2026, 6, day);
        }
        assert!(before.accounts[0].is_gone());
        assert_eq!(next(9, &before.accounts[0], 9, ReadState::Complete).account.read_state, ReadState::Complete);
        assert_eq!(next(9, &before.accounts[0], 2, ReadState::Complete).account.read_state.as_str(), "doubtful");
    }

    #[test]
    fn an_empty_answer_is_no_zero() {
        let error = reject_empty(&read(&[]), &[stored("a", 9)], AccountList::ByGrant).err().unwrap();
        assert_eq!(error.reason, ReadReason::NoAccounts { before: 9 });
        assert!(reject_empty(&read(&[account("a", 0)]), &[], AccountList::Owned).is_err());
        let error = reject_empty(&read(&[]), &[stored("a", 9)], AccountList::Exported).err().unwrap();
        let text = "the file names no account; the last one had 9 items: export it again, without a filter";
        assert_eq!(error.reason.to_string(), text);
        assert!(reject_empty(&read(&[account("a", 0), account("b", 1)]), &[], AccountList::Owned).is_ok());
    }
}
