//! What is frozen reads back as it was, or is damage.

use truecount_billing::{AccountId, ItemId, Side, SourceId};

use super::*;
use crate::run::tests::run;
use crate::test_store::TestStore;
use crate::{Corruption, FrozenDay, FrozenSource, Run, RunFolder, SnapshotId, Store, StoreError};

pub(crate) fn source(id: &str, accounts: u64) -> FrozenSource {
    FrozenSource {
        source: SourceId::new(id).unwrap(),
        connector: "file".to_owned(),
        file_profile: None,
        side: Side::Used,
        snapshot: Some(SnapshotId { as_of: jiff::civil::date(2026, 6, 30), lease: 1 }),
        as_of: None,
        account_count: accounts,
        content_sha256: None,
        read_state: ReadState::Complete,
        receipt: None,
        last_failure: None,
        unread_since: None,
        days: Vec::new(),
    }
}

fn account(id: &str, items: usize) -> InputAccount {
    let item = |n: usize| SnapshotEntry::Item(UsageItem::new(ItemId::new(format!("{id}-{n}")).unwrap(), "server"));
    let as_of = jiff::civil::date(2026, 6, 29);
    let count = Count { items: 2, units: 2.into() };
    let counts = BTreeMap::from([("server".to_owned(), count)]);
    InputAccount {
        listed: ListedAccount {
            account: Account::new(AccountId::new(id).unwrap(), id, ReadState::Complete),
            counts: counts.clone(),
            bases: BTreeMap::from([("server".to_owned(), ListedBase { count, as_of, has_fallen: true })]),
            history: AccountHistory::default(),
        },
        entries: (0..items).map(item).collect(),
        earlier: vec![EarlierReading {
            as_of,
            read_state: ReadState::Complete,
            counts,
            entries: (7..9).map(item).collect(),
        }],
    }
}

fn of(source: &FrozenSource) -> SourceOnDay {
    SourceOnDay { source: source.source.clone(), before: None }
}

/// A run of two sources, `rmm` with these accounts and `psa` with none.
async fn freeze(store: &Store, accounts: &[InputAccount]) -> FrozenRun {
    let (rmm, psa) = (source("rmm", accounts.len() as u64), source("psa", 0));
    let mut manifest = run(None).manifest;
    manifest.sources = vec![psa.clone(), rmm.clone()];
    let mut writer = InputsWriter::new(Run::new(manifest.clone()).unwrap().folder(store));
    for file in [InputFile::Rules, InputFile::Mappings, InputFile::Nones, InputFile::Words] {
        writer.write(file, b"").await.unwrap();
    }
    writer.write(InputFile::Settings, b"{}").await.unwrap();
    writer.finish_source(&of(&psa)).await.unwrap();
    for account in accounts {
        writer.push(&of(&rmm), account).await.unwrap();
    }
    writer.finish_source(&of(&rmm)).await.unwrap();
    writer.commit(manifest).await.unwrap()
}

async fn read(run: &FrozenRun, of: usize) -> Result<Vec<InputAccount>, StoreError> {
    let (mut reader, mut all) = (run.accounts(&run.manifest.sources[of]), Vec::new());
    while let Some(group) = reader.next_group().await? {
        all.extend(group);
    }
    Ok(all)
}

fn path(folder: &RunFolder, name: &str) -> std::path::PathBuf {
    std::path::Path::new(&folder.location()).join(name)
}

#[tokio::test]
async fn accounts_come_back_with_what_they_hold_and_held() {
    let TestStore { store, .. } = &TestStore::new();
    let accounts: Vec<_> = (0..150).map(|n| account(&format!("a{n:03}"), n % 3)).collect();
    let run = freeze(store, &accounts).await;
    assert_eq!(read(&run, 1).await.unwrap(), accounts);
    assert_eq!(read(&run, 0).await.unwrap(), [], "a source without accounts");
    assert_eq!(run.read(InputFile::Settings).await.unwrap().unwrap(), b"{}");
    assert_eq!(run.read(InputFile::Inbox).await.unwrap(), None, "it has none");
    assert_eq!((run.mappings().await.unwrap().len(), run.words().await.unwrap().len()), (0, 0));
    let day = jiff::civil::date(2026, 6, 29);
    let first = &accounts[0];
    assert_eq!(first.earlier_on(day, |_| true).map(<[_]>::len), Some(2));
    assert_eq!(first.earlier_on(day, |found| !found.read_state.is_complete()), None);
    assert_eq!(first.earlier_on(day.tomorrow().unwrap(), |_| true), None);
}

#[tokio::test]
async fn a_day_before_the_snapshot_comes_back_by_itself() {
    let TestStore { store, .. } = &TestStore::new();
    let mut rmm = source("rmm", 1);
    let day = FrozenDay {
        snapshot: SnapshotId { as_of: jiff::civil::date(2026, 6, 12), lease: 3 },
        account_count: 2,
        content_sha256: "d".to_owned(),
        read_state: ReadState::Complete,
    };
    rmm.days = vec![day.clone()];
    let mut manifest = run(None).manifest;
    let without = manifest.run_id().unwrap();
    manifest.sources = vec![FrozenSource { days: Vec::new(), ..rmm.clone() }];
    let (without, with_source) = (without, manifest.run_id().unwrap());
    manifest.sources = vec![rmm.clone()];
    assert!(manifest.run_id().unwrap() != with_source && with_source != without, "it is another run");
    let mut writer = InputsWriter::new(Run::new(manifest.clone()).unwrap().folder(store));
    writer.push(&of(&rmm), &account("a1", 2)).await.unwrap();
    writer.finish_source(&of(&rmm)).await.unwrap();
    let before = SourceOnDay { before: Some(day.snapshot.as_of), ..of(&rmm) };
    for id in ["a1", "a2"] {
        writer.push(&before, &account(id, 4)).await.unwrap();
    }
    writer.finish_source(&before).await.unwrap();
    let frozen = writer.commit(manifest).await.unwrap();
    assert_eq!(read(&frozen, 0).await.unwrap(), [account("a1", 2)]);
    let mut accounts = frozen.accounts_before(&frozen.manifest.sources[0], &frozen.manifest.sources[0].days[0]);
    assert_eq!(accounts.next_group().await.unwrap().unwrap(), [account("a1", 4), account("a2", 4)]);
    assert!(accounts.next_group().await.unwrap().is_none());
    assert!(frozen.input_names().contains(&"inputs/days/rmm/2026-06-12/0001.jsonl.gz".to_owned()));
    assert_eq!(frozen.manifest.sources[0].days[0].snapshot.lease, 0);
}

#[tokio::test]
async fn the_first_attempt_stands() {
    let TestStore { store, .. } = &TestStore::new();
    let first = freeze(store, &[account("a1", 2)]).await;
    let again = freeze(store, &[account("a1", 5)]).await;
    assert_eq!(read(&again, 1).await.unwrap(), read(&first, 1).await.unwrap());
}

#[tokio::test]
async fn an_input_that_is_not_what_was_frozen_is_damage() {
    let TestStore { store, .. } = &TestStore::new();
    let run = freeze(store, &[account("a1", 2)]).await;
    let (rules, part) =
        (path(run.folder(), "inputs/rules.toml.gz"), path(run.folder(), "inputs/sources/rmm/0001.jsonl.gz"));
    std::fs::write(&rules, b"mine").unwrap();
    std::fs::copy(&rules, &part).unwrap();
    let is_other = |error: StoreError| matches!(error, StoreError::Corrupt { source: Corruption::Hash, .. });
    assert!(is_other(run.read(InputFile::Rules).await.unwrap_err()));
    assert!(is_other(read(&run, 1).await.unwrap_err()));
    std::fs::remove_file(&part).unwrap();
    let error = read(&run, 1).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { source: Corruption::Missing, .. }), "{error}");
    assert!(error.to_string().contains("sources/rmm/0001.jsonl.gz"), "{error}");
}

#[tokio::test]
async fn fewer_accounts_than_the_snapshot_had_are_damage() {
    let TestStore { store, .. } = &TestStore::new();
    let mut run = freeze(store, &[account("a1", 2)]).await;
    run.manifest.sources[1].account_count = 2;
    let error = read(&run, 1).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt { source: Corruption::Count { found: 1, expected: 2 }, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_folder_is_that_of_its_run_only() {
    let TestStore { store, .. } = &TestStore::new();
    let run = freeze(store, &[]).await;
    let other = store.run_folder("2026-06-c1-0000000000").unwrap();
    let copy = path(&other, "inputs/run.json.gz");
    std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
    std::fs::copy(path(run.folder(), "inputs/run.json.gz"), copy).unwrap();
    let Err(error) = FrozenRun::open(other).await else { panic!("another run") };
    assert!(matches!(&error, StoreError::Corrupt { source: Corruption::Misplaced(_), .. }), "{error}");
}
