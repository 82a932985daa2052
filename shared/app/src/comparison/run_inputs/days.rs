//! What the accounts of a source held on the days before its snapshot: only of sources of which a peak is counted.
//!
//! Deliberately absent: what was not read completely. A day on which an account was read in part says nothing of it.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;
use truecount_billing::AccountId;
use truecount_reconciliation::{AccountBelonging, ItemNo, ItemsRead, UsageAccount};
use truecount_store::{FrozenDay, FrozenSource, ListedAccount};

use super::ComparisonInputs;
use super::usage::{SourceReader, items_of};
use crate::AppError;

/// By day.
type Days = BTreeMap<Date, Range<ItemNo>>;

/// The accounts of a source on the days before its snapshot.
#[derive(Default)]
pub(super) struct DaysRead {
    of_accounts: BTreeMap<AccountId, Days>,
    /// As they were last listed: accounts that the snapshot no longer has.
    former: BTreeMap<AccountId, ListedAccount>,
    /// Days on which a list that names all accounts was read to its end.
    whole: Vec<Date>,
}

impl DaysRead {
    /// Reads them. `listed`: the accounts that the snapshot has.
    pub(super) async fn of(
        of: &ComparisonInputs<'_>,
        source: &FrozenSource,
        listed: &[ListedAccount],
        reader: &mut SourceReader<'_, '_>,
    ) -> Result<Self, AppError> {
        let mut read = Self::default();
        for day in &source.days {
            // Where something of the source is missing, nobody knows of which account.
            if day.read_state.is_complete() {
                read.add_day(of, source, day, reader).await?;
            }
        }
        for one in listed {
            read.former.remove(&one.account.id);
        }
        Ok(read)
    }

    async fn add_day(
        &mut self,
        of: &ComparisonInputs<'_>,
        source: &FrozenSource,
        day: &FrozenDay,
        reader: &mut SourceReader<'_, '_>,
    ) -> Result<(), AppError> {
        let on = day.snapshot.as_of;
        let mut accounts = of.accounts.before(source, day);
        while let Some(group) = accounts.next_group().await? {
            for account in group {
                let id = account.listed.account.id.clone();
                let days = self.of_accounts.entry(id.clone()).or_default();
                if account.listed.account.read_state.is_complete() {
                    days.insert(on, reader.add(items_of(account.entries))?);
                } else {
                    days.insert(on, UNREAD);
                }
                self.former.insert(id, account.listed);
            }
        }
        if reader.source.list.is_whole() {
            self.whole.push(on);
        }
        Ok(())
    }

    /// What an account held on each day on which all of it was read; on one on which a whole list does not name it, nothing.
    pub(super) fn of_account(&mut self, id: &AccountId) -> Days {
        let mut days = self.of_accounts.remove(id).unwrap_or_default();
        for day in &self.whole {
            days.entry(*day).or_insert(0..0);
        }
        days.retain(|_, items| *items != UNREAD);
        days
    }

    /// The accounts that the snapshot no longer has. `whose`: whose they are, in their order.
    pub(super) fn former(
        &mut self,
        source: usize,
        whose: impl FnOnce(Vec<ListedAccount>) -> (Vec<ListedAccount>, Vec<AccountBelonging>),
    ) -> Vec<UsageAccount> {
        if self.former.is_empty() {
            return Vec::new();
        }
        let (listed, belonging) = whose(std::mem::take(&mut self.former).into_values().collect());
        let account = |(listed, belongs): (ListedAccount, AccountBelonging)| UsageAccount {
            source,
            days: self.of_account(&listed.account.id),
            id: listed.account.id,
            name: listed.account.name,
            belongs,
            reading: ItemsRead::Complete(0..0),
            is_former: true,
        };
        listed.into_iter().zip(belonging).map(account).collect()
    }
}

/// Stands for a day on which an account was listed and not read.
const UNREAD: Range<ItemNo> = ItemNo::MAX..ItemNo::MAX;
