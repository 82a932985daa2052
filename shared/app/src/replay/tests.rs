//! A run comes out the same from a copy of its folder, whatever it was made of; and what is no longer as the run wrote it is
//! named.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::date;
use rust_decimal::Decimal;
use truecount_billing::{ItemState, Measure, ReadReason, ReadState};
use truecount_embedded::FolderArchive;
use truecount_reconciliation::OutcomeLine;
use truecount_store::{Base, Count, NoneDecision, NoneRecord, NoneScope, Run, SeenFall, SnapshotAccount, Witness};

use super::*;
use crate::test_environment::{
    Content, RULES, SETTINGS, TODAY, TestEnvironment, at_sites, billed, config, confirmed, month, soon, used,
};
use crate::{MailPolicy, Quiet, ReconcileAnswer, RunKind};

const YESTERDAY: &str = "2026-06-29";

/// A site that no snapshot has had, and one that an earlier one had.
const SITES: &str = "[services]\nMNG-SRV = { count = \"rmm.server\", where = { site = [\"hull\", \"atlantis\"] } }\n";

async fn closed(test: &TestEnvironment) -> Run {
    let kind = RunKind::Closing { replace: None, early: false, incomplete: false };
    let answer = crate::reconcile(&test.env, &test.config, Some(month()), &kind, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
    crate::report(&test.env, &test.config, month(), Some(&run_id), MailPolicy::Off, soon()).await.unwrap();
    Run::load(&test.env.store, month(), &run_id).await.unwrap().unwrap()
}

/// A copy of an archive, and nothing else of the data directory.
struct Copy {
    folder: tempfile::TempDir,
    run_id: String,
}

impl Copy {
    async fn of(test: &TestEnvironment, run: &Run) -> Self {
        let copy = Self { folder: tempfile::tempdir().unwrap(), run_id: run.run_id.clone() };
        let from = run.folder(&test.env.store);
        for file in from.files().await.unwrap() {
            let to = copy.path(&file.name);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, from.read_file(&file.name).await.unwrap().unwrap()).unwrap();
        }
        copy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("reports").join(month().to_string()).join(&self.run_id).join(name)
    }

    async fn replay(&self) -> Result<Vec<ReplayedFile>, AppError> {
        let archive = Arc::new(FolderArchive::read_only(self.folder.path()));
        replay(&RunFolder::of(archive, &self.run_id).unwrap(), &Quiet).await
    }

    async fn states(&self) -> Vec<(String, ReplayState)> {
        self.replay().await.unwrap().into_iter().map(|file| (file.name, file.state)).collect()
    }
}

fn not_same(states: &[(String, ReplayState)]) -> Vec<(&str, ReplayState)> {
    let others = states.iter().filter(|(_, state)| *state != ReplayState::Same);
    others.map(|(name, state)| (name.as_str(), *state)).collect()
}

fn with_last_byte_changed(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

fn base(items: u64, fall: Option<u64>) -> Base {
    let count = |items: u64| Count { items, units: items.into() };
    let witness = Witness::File { name: "june.csv".to_owned(), sha256: None };
    let fall = fall.map(|items| SeenFall { count: count(items), witness });
    Base { count: count(items), as_of: date(2026, 6, 29), fall }
}

fn fell(entry: &mut SnapshotAccount) {
    let (before, now, as_of) = (Decimal::TEN, Decimal::TWO, date(2026, 6, 29));
    let kind = "server".to_owned();
    entry.account.read_state =
        ReadState::Doubtful(ReadReason::Dropped { kind, measure: Measure::Items, before, now, as_of });
    entry.bases.insert("server".to_owned(), base(10, Some(2)));
}

fn failed(entry: &mut SnapshotAccount) {
    entry.account.read_state = ReadState::Failed(ReadReason::TooManyItems);
    entry.bases.insert("server".to_owned(), base(3, None));
}

fn gone(entry: &mut SnapshotAccount) {
    entry.account.read_state = ReadState::Doubtful(ReadReason::NotListed { before: 4, as_of: date(2026, 6, 29) });
    entry.bases.insert("server".to_owned(), base(4, Some(0)));
}

/// Clients whose accounts fell, failed, are gone, nobody has decided, or have none by decision; words that were seen before
/// and words that nobody knows.
async fn troubled() -> TestEnvironment {
    let mut test = TestEnvironment::new();
    let (before, rmm) = SETTINGS.split_once("id = \"rmm\"").unwrap();
    let rmm = rmm.replace("connector = \"file\"\nside = \"used\"", "connector = \"ninjaone\"");
    let rules = "[clients.c6]\nMNG-SRV = { where = { site = [\"hull\", \"atlantis\"] } }\n";
    test.config = config(&format!("{before}id = \"rmm\"{rmm}"), &format!("{RULES}{rules}"));
    let names = ["Harbour Dental", "Quiet Quay", "Mill & Sons", "Old Forge", "Nothing Ltd", "Site Works"];
    let clients: Vec<_> = names.iter().zip(1..).map(|(name, n)| billed(&format!("c{n}"), name, 5)).collect();
    test.commit("psa", TODAY, &clients).await;
    // Of one that was never seen nobody knows whether it counts.
    let account = |n: usize, servers| {
        let mut content = used(&format!("a{n}"), names[n - 1], servers);
        content.items.iter_mut().for_each(|item| item.last_seen = Some("2026-06-29T08:00:00Z".parse().unwrap()));
        content
    };
    test.commit("rmm", "2026-05-31", &[at_sites("a6", names[5], &["hull"])]).await;
    test.commit("rmm", YESTERDAY, &[account(1, 10), account(2, 3), account(4, 4)]).await;
    let mut strange = account(6, 2);
    strange.items[0].state = ItemState::Unknown("zombie".to_owned());
    let changed = |content: Content, change: fn(&mut SnapshotAccount)| Content { change, ..content };
    let now = [
        changed(account(1, 2), fell),
        changed(account(2, 0), failed),
        used("a3", "Mill and Sons Holding", 3),
        changed(account(4, 0), gone),
        strange,
    ];
    test.commit("rmm", TODAY, &now).await;
    test.decide("a6", confirmed("c6"), None).await;
    let none = NoneRecord {
        source: "rmm".parse().unwrap(),
        scope: NoneScope::Client { client_id: "c5".parse().unwrap() },
        decision: NoneDecision::None,
        from: None,
        actor: "kim".to_owned(),
        note: "no agents there".to_owned(),
        evidence: Vec::new(),
        synced_on: Some(TODAY.parse().unwrap()),
        decided_at: test.env.clock.now(),
        number: 0,
    };
    none.append_after(&test.env.store, 0).await.unwrap();
    test
}

/// `c1 not_reconciled 2..10`.
async fn rows(test: &TestEnvironment, run: &Run) -> Vec<String> {
    let end = |end: Option<Decimal>| end.map_or_else(|| "?".to_owned(), |end| end.to_string());
    let mut rows = Vec::new();
    for line in crate::outcome_of(&test.env, run).await.unwrap().lines() {
        let OutcomeLine::Client(client) = line.unwrap() else { continue };
        let row = &client.rows[0];
        rows.push(format!("{} {} {}..{}", client.client_id, row.kind.as_str(), end(row.at_least), end(row.at_most)));
    }
    rows
}

#[tokio::test]
async fn a_run_of_all_sorts_comes_out_the_same_from_a_copy_of_its_folder() {
    let test = troubled().await;
    let run = closed(&test).await;
    let rows = rows(&test, &run).await;
    let expected = [
        "c1 not_reconciled 2..10",
        "c2 overbilled 3..3",
        "c3 overbilled 0..3",
        "c4 overbilled 0..4",
        "c5 billed_without_usage 0..0",
        "c6 not_reconciled 0..?",
    ];
    assert_eq!(rows, expected);
    let copy = Copy::of(&test, &run).await;
    drop(test);
    let states = copy.states().await;
    assert_eq!(not_same(&states), []);
    let names: Vec<_> = states.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["inputs/run.json.gz", "inputs/sources/rmm/0001.jsonl.gz", OUTCOMES_FILE, "lines.csv", MANIFEST_FILE] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
}

#[tokio::test]
async fn what_has_changed_since_changes_no_run() {
    let mut test = TestEnvironment::synced().await;
    let run = closed(&test).await;
    test.on("2026-07-05");
    test.commit("psa", "2026-07-05", &[billed("c1", "Harbour Dental", 9)]).await;
    test.config = config(SETTINGS, SITES);
    assert_eq!(not_same(&Copy::of(&test, &run).await.states().await), []);
}

#[tokio::test]
async fn each_input_is_named_if_one_byte_of_it_is_another_or_it_is_missing() {
    let test = troubled().await;
    let run = closed(&test).await;
    let whole = Copy::of(&test, &run).await;
    let inputs: Vec<_> =
        whole.states().await.into_iter().map(|(name, _)| name).filter(|n| n.starts_with(INPUTS)).collect();
    assert_eq!(inputs.len(), 8, "{inputs:?}");
    for name in inputs {
        let copy = Copy::of(&test, &run).await;
        with_last_byte_changed(&copy.path(&name));
        let states = copy.states().await;
        assert_eq!(not_same(&states)[0], (name.as_str(), ReplayState::Changed));
        assert!(not_same(&states)[1..].iter().all(|(_, state)| *state == ReplayState::NotMade), "{states:?}");
        fs::remove_file(copy.path(&name)).unwrap();
        assert_eq!(not_same(&copy.states().await)[0], (name.as_str(), ReplayState::Missing));
    }
}

#[tokio::test]
async fn each_output_is_named_if_it_was_changed_or_is_missing() {
    let test = TestEnvironment::synced().await;
    let run = closed(&test).await;
    let whole = Copy::of(&test, &run).await;
    let outputs: Vec<_> =
        whole.states().await.into_iter().map(|(name, _)| name).filter(|n| !n.starts_with(INPUTS)).collect();
    assert!(outputs.len() >= 8, "{outputs:?}");
    for name in outputs.iter().filter(|name| *name != MANIFEST_FILE) {
        let copy = Copy::of(&test, &run).await;
        with_last_byte_changed(&copy.path(name));
        assert_eq!(not_same(&copy.states().await), [(name.as_str(), ReplayState::Changed)]);
        fs::remove_file(copy.path(name)).unwrap();
        assert_eq!(not_same(&copy.states().await), [(name.as_str(), ReplayState::Missing)]);
    }
    let strange = whole.path("inputs/sources/rmm/0002.jsonl.gz");
    fs::write(strange, "mine").unwrap();
    let expected = [("inputs/sources/rmm/0002.jsonl.gz", ReplayState::NotRecorded)];
    assert_eq!(not_same(&whole.states().await), expected, "it is not read");
}

#[tokio::test]
async fn another_outcome_than_the_run_recorded_differs() {
    let test = TestEnvironment::synced().await;
    let run = closed(&test).await;
    let copy = Copy::of(&test, &run).await;
    // As a version would leave it that compared otherwise: its hash is in the manifest.
    let other = b"another outcome".to_vec();
    let manifest = fs::read_to_string(copy.path(MANIFEST_FILE)).unwrap();
    let recorded = sha256_hex(&fs::read(copy.path(OUTCOMES_FILE)).unwrap());
    fs::write(copy.path(MANIFEST_FILE), manifest.replace(&recorded, &sha256_hex(&other))).unwrap();
    let states = copy.states().await;
    assert_eq!(not_same(&states)[0], (OUTCOMES_FILE, ReplayState::Differs));
}

#[tokio::test]
async fn a_run_without_a_report_or_without_a_folder_is_refused() {
    let test = TestEnvironment::synced().await;
    let answer = crate::reconcile(&test.env, &test.config, None, &RunKind::Draft, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
    let refused = async |run_id: &str| {
        let folder = test.env.store.run_folder(run_id).unwrap();
        replay(&folder, &Quiet).await.unwrap_err().to_string()
    };
    let error = refused(&run_id).await;
    assert!(error.contains("has no report yet") && error.contains(&run_id), "{error}");
    let error = refused("2026-06-c9-0").await;
    assert!(error.contains("there is no run `2026-06-c9-0`"), "{error}");
}

#[tokio::test]
async fn client_sheets_are_made_again_and_one_that_was_changed_is_named() {
    let mut test = troubled().await;
    test.config.settings.client_sheets = Some(truecount_reports::SheetPrices::Shown);
    let copy = Copy::of(&test, &closed(&test).await).await;
    let states = copy.states().await;
    assert_eq!(not_same(&states), []);
    let sheet = states.iter().map(|(name, _)| name).find(|name| name.starts_with("clients/")).unwrap();
    with_last_byte_changed(&copy.path(sheet));
    assert_eq!(not_same(&copy.states().await), [(sheet.as_str(), ReplayState::Changed)]);
    fs::remove_file(copy.path(sheet)).unwrap();
    assert_eq!(not_same(&copy.states().await), [(sheet.as_str(), ReplayState::Missing)]);
}
