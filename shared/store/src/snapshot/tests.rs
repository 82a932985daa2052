//! Snapshots on the embedded backend: written, committed, reused, read back, damaged.

use std::collections::BTreeMap;

use jiff::civil::date;
use truecount_billing::{Account, AccountId, ItemId, ReadReason, ReadState, Side, SourceId, UsageItem};

use super::*;
use crate::test_store::TestStore;
use crate::{Corruption, CreateOutcome, Retention, SnapshotId, Store, StoreError};

const KEPT: Retention = Retention::of_days(400);

fn source() -> SourceId {
    SourceId::new("rmm").unwrap()
}

fn id(day: i8, lease: i64) -> SnapshotId {
    SnapshotId { as_of: date(2026, 6, day), lease }
}

fn item(number: u64, name: Option<String>) -> UsageItem {
    UsageItem { name, ..UsageItem::new(ItemId::new(format!("{number:06}")).unwrap(), "server") }
}

struct Content {
    account: Account,
    items: Vec<UsageItem>,
}

impl Content {
    fn new(account: &str, items: u64) -> Self {
        let account = Account::new(AccountId::new(account).unwrap(), account, ReadState::Complete);
        Self { account, items: (0..items).map(|number| item(number, None)).collect() }
    }

    fn as_content(&self) -> AccountContent<'_> {
        AccountContent { account: &self.account, items: &self.items, lines: &[], moves: &[] }
    }
}

fn manifest(id: SnapshotId, accounts: &[SnapshotAccount]) -> SnapshotManifest {
    SnapshotManifest {
        source: source(),
        id,
        connector: "ninjaone".to_owned(),
        side: Side::Used,
        account_count: accounts.len() as u64,
        incomplete_count: 0,
        item_count: accounts.iter().map(SnapshotAccount::total).sum(),
        page_count: 1,
        request_count: 1,
        content_sha256: SnapshotManifest::content_sha256(accounts, None),
        missing: None,
        receipt: truecount_billing::Receipt::default(),
    }
}

/// Writes and commits what `contents` hold, reusing what `earlier` stored.
async fn write(store: &Store, id: SnapshotId, contents: &[Content], earlier: &[SnapshotAccount]) -> SnapshotManifest {
    let source = source();
    let mut writer = SnapshotWriter::new(store, &source, id, KEPT);
    let mut accounts = Vec::new();
    for content in contents {
        let mut entry = SnapshotAccount::describe(&content.as_content(), id, KEPT).unwrap();
        let before = earlier.iter().find(|before| before.account.id == entry.account.id);
        if !before.is_some_and(|before| entry.reuse(before, id.as_of, KEPT)) {
            writer.add(&content.as_content(), &mut entry).unwrap();
        }
        accounts.push(entry);
    }
    writer.finish(&accounts).await.unwrap();
    let manifest = manifest(id, &accounts);
    assert_eq!(manifest.commit(store).await.unwrap(), CreateOutcome::Created);
    manifest
}

async fn contents(store: &Store, accounts: &[SnapshotAccount]) -> Result<Vec<Vec<SnapshotEntry>>, StoreError> {
    SnapshotAccount::contents(store, &source(), accounts).await
}

#[tokio::test]
async fn a_snapshot_reads_back_as_it_was_written() {
    let TestStore { store, .. } = &TestStore::new();
    let written = [Content::new("a", 3), Content::new("b", 0)];
    let manifest = write(store, id(1, 1), &written, &[]).await;
    let accounts = manifest.accounts(store).await.unwrap();
    assert_eq!(accounts.iter().map(SnapshotAccount::total).collect::<Vec<_>>(), [3, 0]);
    let read = contents(store, &accounts).await.unwrap();
    let expected: Vec<_> = written[0].items.iter().cloned().map(SnapshotEntry::Item).collect();
    assert_eq!(read, [expected, Vec::new()]);
}

#[tokio::test]
async fn nothing_is_found_before_the_commit_and_a_commit_is_final() {
    let TestStore { store, .. } = &TestStore::new();
    let source = source();
    let mut entry = SnapshotAccount::describe(&Content::new("a", 1).as_content(), id(1, 1), KEPT).unwrap();
    let mut writer = SnapshotWriter::new(store, &source, id(1, 1), KEPT);
    writer.add(&Content::new("a", 1).as_content(), &mut entry).unwrap();
    writer.finish(std::slice::from_ref(&entry)).await.unwrap();
    assert_eq!(SnapshotManifest::newest(store, &source, date(2026, 6, 30)).await.unwrap(), None);
    let committed = manifest(id(1, 1), &[entry]);
    assert_eq!(committed.commit(store).await.unwrap(), CreateOutcome::Created);
    let other = SnapshotManifest { request_count: 9, ..committed.clone() };
    assert_eq!(other.commit(store).await.unwrap(), CreateOutcome::AlreadyExists);
    assert_eq!(SnapshotManifest::load(store, &source, id(1, 1)).await.unwrap(), Some(committed));
}

#[tokio::test]
async fn the_newest_up_to_a_day_and_the_one_before_are_found() {
    let TestStore { store, .. } = &TestStore::new();
    for id in [id(1, 1), id(3, 2), id(3, 11), id(5, 12)] {
        write(store, id, &[], &[]).await;
    }
    let source = source();
    for (day, expected) in [(2, Some(id(1, 1))), (3, Some(id(3, 11))), (4, Some(id(3, 11))), (30, Some(id(5, 12)))] {
        let found = SnapshotManifest::newest(store, &source, date(2026, 6, day)).await.unwrap();
        assert_eq!(found.map(|found| found.id), expected, "day {day}");
    }
    assert_eq!(SnapshotManifest::newest(store, &source, date(2026, 5, 31)).await.unwrap(), None);
    for (of, expected) in [(id(1, 1), None), (id(3, 2), Some(id(1, 1))), (id(3, 11), Some(id(3, 2)))] {
        let found = SnapshotManifest::before(store, &source, of).await.unwrap();
        assert_eq!(found.map(|found| found.id), expected, "before {of}");
    }
    assert_eq!(SnapshotManifest::list(store, &source).await.unwrap().len(), 4);
}

#[tokio::test]
async fn unchanged_content_is_referred_to_and_changed_content_is_written() {
    let TestStore { store, .. } = &TestStore::new();
    let first = write(store, id(1, 1), &[Content::new("a", 2), Content::new("b", 2)], &[]).await;
    let earlier = first.accounts(store).await.unwrap();
    let second = write(store, id(2, 2), &[Content::new("a", 2), Content::new("b", 3)], &earlier).await;
    let accounts = second.accounts(store).await.unwrap();
    assert_eq!(accounts.iter().map(|account| account.at).collect::<Vec<_>>(), [id(1, 1), id(2, 2)]);
    let counts: Vec<_> = contents(store, &accounts).await.unwrap().iter().map(Vec::len).collect();
    assert_eq!(counts, [2, 3]);
}

#[test]
fn content_near_its_expiry_is_written_again() {
    let describe = |id| SnapshotAccount::describe(&Content::new("a", 2).as_content(), id, KEPT).unwrap();
    let (old, mut new) = (describe(id(1, 1)), describe(id(2, 2)));
    assert!(!new.reuse(&old, date(2027, 3, 29), KEPT), "301 days");
    assert_eq!(new.at, id(2, 2));
    assert!(new.reuse(&old, date(2027, 3, 28), KEPT), "300 days");
    assert_eq!(new.at, id(1, 1));
}

#[test]
fn the_hash_of_the_content_tells_what_differs() {
    let of = |content: &Content, missing: Option<&ReadReason>| {
        let entry = SnapshotAccount::describe(&content.as_content(), id(1, 1), KEPT).unwrap();
        SnapshotManifest::content_sha256(&[entry], missing)
    };
    let same = of(&Content::new("a", 2), None);
    let later = SnapshotAccount::describe(&Content::new("a", 2).as_content(), id(9, 9), KEPT).unwrap();
    assert_eq!(SnapshotManifest::content_sha256(&[later], None), same, "whenever it was read");
    assert_ne!(of(&Content::new("a", 3), None), same);
    assert_ne!(of(&Content::new("b", 2), None), same);
    assert_ne!(of(&Content::new("a", 2), Some(&ReadReason::TooManyItems)), same);
}

#[tokio::test]
async fn a_large_account_is_split_into_rows_that_fit() {
    let TestStore { store, .. } = &TestStore::new();
    let mut content = Content::new("a", 0);
    // Names that do not compress: 4,000 of them are several times what a row holds.
    let mut state = 1_u64;
    let mut name = || {
        let part = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{:016x}", state ^ (state >> 33))
        };
        (0..16).map(part).collect::<String>()
    };
    content.items = (0..4_001).map(|number| item(number, Some(name()))).collect();
    let manifest = write(store, id(1, 1), std::slice::from_ref(&content), &[]).await;
    let accounts = manifest.accounts(store).await.unwrap();
    assert!(accounts[0].chunks > 2, "{} chunks", accounts[0].chunks);
    let read = contents(store, &accounts).await.unwrap();
    assert_eq!(read[0].len(), 4_001);
    assert!(read[0].iter().zip(&content.items).all(|(entry, item)| *entry == SnapshotEntry::Item(item.clone())));
}

#[tokio::test]
async fn what_is_missing_or_damaged_is_named() {
    let TestStore { store, .. } = &TestStore::new();
    let manifest = write(store, id(1, 1), &[Content::new("a", 2)], &[]).await;
    let accounts = manifest.accounts(store).await.unwrap();
    let wrong = SnapshotManifest { account_count: 2, ..manifest.clone() };
    let error = wrong.accounts(store).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { source: Corruption::Count { found: 1, expected: 2 }, .. }),
        "{error}"
    );
    let mut more = accounts.clone();
    more[0].chunks = 2;
    let error = contents(store, &more).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { source: Corruption::Missing, .. }), "{error}");
    let key = &accounts[0].account.id;
    let key = crate::key::Partition::shard(&source(), id(1, 1), key).sort(chunk_sort(key, 0));
    let row = truecount_platform::Row::new(key.partition, key.sort).with("body", b"no gzip".to_vec());
    store.table.put(row).await.unwrap();
    let error = contents(store, &accounts).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { source: Corruption::Gzip(_), .. }), "{error}");
    assert!(error.to_string().contains("SNAP#rmm#2026-06-01#000001"), "{error}");
}

#[test]
fn groups_are_bounded_by_accounts_and_by_items() {
    let accounts = |totals: &[u64]| {
        let one = |(at, total): (usize, &u64)| SnapshotAccount {
            account: Account::new(AccountId::new(format!("{at}")).unwrap(), "x", ReadState::Complete),
            counts: BTreeMap::from([("server".to_owned(), Count { items: *total, units: (*total).into() })]),
            bases: BTreeMap::new(),
            sha256: String::new(),
            at: id(1, 1),
            kept_until: date(2027, 7, 6),
            chunks: 1,
            last_whole: None,
            history: AccountHistory::default(),
        };
        totals.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    for (totals, expected) in [
        (vec![], vec![]),
        (vec![1; 130], vec![64, 64, 2]),
        (vec![30_000, 20_000, 1], vec![2, 1]),
        (vec![90_000, 90_000, 1, 1], vec![1, 1, 2]),
        (vec![1, 90_000, 0], vec![1, 1, 1]),
    ] {
        let accounts = accounts(&totals);
        assert_eq!(groups(&accounts).map(<[SnapshotAccount]>::len).collect::<Vec<_>>(), expected, "{totals:?}");
    }
}
