//! What a run is based on: which snapshot of each source, why none, and that nothing which comes later is taken.

use jiff::Timestamp;
use truecount_billing::Side;
use truecount_store::{
    FilledFile, FrozenRun, IgnoreReason, InboxFolder, LeaseOutcome, MappingDecision, ScheduleStart, SnapshotId,
};

use super::*;
use crate::settings::FrozenConfig;
use crate::test_environment::{RULES, SETTINGS, TODAY, TestEnvironment, billed, config, month, soon, used};

/// Freezes June's inputs as of a count day.
async fn freeze_on(test: &TestEnvironment, count_day: &str, closing: Option<&Closing>) -> Run {
    let name = Run::lease_name(month(), closing.is_some());
    let held = Lease::acquire(&test.env.store, &name, soon().at).await.unwrap();
    let LeaseOutcome::Held(lease) = held else { panic!("somebody else has {name}") };
    let count_day = CountDay(count_day.parse().unwrap());
    let closing = closing.map(|closing| ClosingToFreeze { closing, is_incomplete: false });
    let run = freeze_inputs(&test.env, &test.config, (month(), count_day), closing, &lease).await.unwrap();
    lease.release(&test.env.store).await.unwrap();
    run
}

async fn open(test: &TestEnvironment, run: &Run) -> FrozenRun {
    FrozenRun::open(run.folder(&test.env.store)).await.unwrap()
}

async fn freeze(test: &TestEnvironment) -> Run {
    freeze_on(test, TODAY, None).await
}

/// How a run keeps the id of a snapshot: whatever number its sync had.
fn as_frozen(id: SnapshotId) -> SnapshotId {
    SnapshotId { lease: 0, ..id }
}

/// How a run uses a source.
fn source<'a>(run: &'a Run, id: &str) -> &'a FrozenSource {
    run.manifest.sources.iter().find(|frozen| frozen.source.as_str() == id).unwrap()
}

fn ignored() -> MappingDecision {
    MappingDecision::Ignored { reason: IgnoreReason::Internal }
}

#[tokio::test]
async fn the_manifest_names_every_input_by_its_hash() {
    let test = TestEnvironment::synced().await;
    let decided = test.decide("a1", ignored(), None).await;
    let run = freeze(&test).await;
    let psa = "psa".parse().unwrap();
    let psa = SnapshotManifest::newest(&test.env.store, &psa, TODAY.parse().unwrap()).await.unwrap().unwrap();
    let frozen = source(&run, "psa");
    assert_eq!((frozen.snapshot, frozen.side), (Some(as_frozen(psa.id)), Side::Agreed));
    assert_eq!((&frozen.content_sha256, frozen.account_count), (&Some(psa.content_sha256), 2));
    assert!(run.manifest.sources.iter().all(|frozen| frozen.read_state.is_complete()));

    let (manifest, frozen) = (&run.manifest, open(&test, &run).await);
    assert_eq!(frozen.manifest, *manifest);
    for (file, hash) in [
        (InputFile::Rules, &manifest.rules_sha256),
        (InputFile::Settings, &manifest.settings_sha256),
        (InputFile::Mappings, &manifest.mappings_sha256),
        (InputFile::Nones, &manifest.nones_sha256),
        (InputFile::Words, &manifest.words_sha256),
    ] {
        assert_eq!(sha256_hex(&frozen.read(file).await.unwrap().unwrap()), *hash, "{file:?}");
    }
    assert_eq!(frozen.read(InputFile::Rules).await.unwrap().unwrap(), RULES.as_bytes());
    assert_eq!(frozen.mappings().await.unwrap(), [decided]);
    let words = frozen.words().await.unwrap();
    assert!(words.iter().any(|known| known.kind.is_empty() && known.words.contains("server")), "{words:?}");
    assert_eq!((&manifest.inbox_sha256, frozen.read(InputFile::Inbox).await.unwrap()), (&None, None));
    let expected = ["mappings.jsonl.gz", "nones.jsonl.gz", "rules.toml.gz", "run.json.gz", "settings.json.gz"];
    let sources = ["sources/psa/0001.jsonl.gz", "sources/rmm/0001.jsonl.gz", "words.jsonl.gz"];
    let expected: Vec<_> = expected.iter().chain(&sources).map(|name| format!("inputs/{name}")).collect();
    assert_eq!(frozen.input_names(), expected);
}

#[tokio::test]
async fn an_attempt_that_died_is_continued_with_what_it_has_frozen() {
    let mut test = TestEnvironment::synced().await;
    let first = freeze(&test).await;
    let folder = std::path::PathBuf::from(first.folder(&test.env.store).location());
    // As a worker leaves it that dies before the run is in the table; the next one comes a minute later.
    let other = TestEnvironment::synced().await;
    let elsewhere = std::path::PathBuf::from(first.folder(&other.env.store).location());
    for name in ["rules.toml.gz", "sources/psa/0001.jsonl.gz", "run.json.gz"] {
        let to = elsewhere.join("inputs").join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(folder.join("inputs").join(name), to).unwrap();
    }
    test = other;
    test.env.clock = std::sync::Arc::new(truecount_platform::FixedClock("2026-06-30T20:01:00Z".parse().unwrap()));
    assert_eq!(freeze(&test).await, first, "the moment is that of the first attempt");
}

#[tokio::test]
async fn the_same_inputs_are_the_same_run_and_other_inputs_another() {
    let mut test = TestEnvironment::synced().await;
    let first = freeze(&test).await;
    assert_eq!(freeze(&test).await, first);

    test.decide("a1", ignored(), None).await;
    let decided = freeze(&test).await;
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 4)]).await;
    let synced = freeze(&test).await;
    test.config = config(SETTINGS, &RULES.replace("rmm.server\"", "rmm.server\", minimum = 5"));
    let ruled = freeze(&test).await;
    test.config = config(&format!("{SETTINGS}\n[mapping]\nconfirm_equal_names = false\n"), RULES);
    let set = freeze(&test).await;
    let mut ids = [&first, &decided, &synced, &ruled, &set].map(|run| run.run_id.as_str()).to_vec();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5, "{ids:?}");
    assert_eq!(Run::list(&test.env.store, month()).await.unwrap().len(), 5);
}

#[tokio::test]
async fn what_is_changed_afterwards_is_not_taken() {
    let mut test = TestEnvironment::synced().await;
    let run = freeze(&test).await;
    test.decide("a1", ignored(), None).await;
    let edited = RULES.replace("rmm.server\"", "rmm.server\", minimum = 5");
    test.config = config(&format!("{SETTINGS}\n[mapping]\nconfirm_equal_names = false\n"), &edited);
    let frozen = open(&test, &run).await;
    assert!(frozen.mappings().await.unwrap().is_empty());
    let (rules, settings) = (frozen.read(InputFile::Rules).await.unwrap(), frozen.read(InputFile::Settings).await);
    assert_eq!(rules.unwrap(), RULES.as_bytes());
    let config = FrozenConfig::from_bytes(RULES.as_bytes(), &settings.unwrap().unwrap()).unwrap();
    assert!(config.mapping.confirm_equal_names);
}

#[tokio::test]
async fn a_decision_for_later_months_is_not_in_force_yet() {
    let test = TestEnvironment::synced().await;
    let before = freeze(&test).await;
    test.decide("a1", ignored(), Some("2026-07")).await;
    let after = freeze(&test).await;
    assert_eq!(after.run_id, before.run_id);
    test.decide("a1", ignored(), Some("2026-06")).await;
    assert_ne!(freeze(&test).await.run_id, before.run_id);
}

#[tokio::test]
async fn usage_is_the_newest_by_the_count_day_and_billing_that_by_the_invoice_date() {
    let mut test = TestEnvironment::synced().await;
    let earlier = test.commit("rmm", "2026-06-28", &[used("a1", "Harbour Dental", 2)]).await;
    test.on("2026-07-01");
    let later = test.commit("psa", "2026-07-01", &[billed("c1", "Harbour Dental", 5)]).await;
    test.commit("rmm", "2026-07-01", &[used("a1", "Harbour Dental", 9)]).await;
    let run = freeze_on(&test, "2026-06-29", None).await;
    assert_eq!(source(&run, "rmm").snapshot, Some(as_frozen(earlier.id)));
    assert_eq!(source(&run, "psa").snapshot, Some(as_frozen(later.id)), "a line is corrected until it is invoiced");
    test.on("2026-11-29");
    test.commit("psa", "2026-11-29", &[billed("c1", "Harbour Dental", 7)]).await;
    let run = freeze_on(&test, "2026-06-29", None).await;
    assert_eq!(source(&run, "psa").snapshot, Some(as_frozen(later.id)), "a month of the past has its own lines");
}

#[tokio::test]
async fn a_snapshot_is_used_up_to_its_greatest_age() {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    let synced = test.commit("rmm", "2026-05-20", &[used("a1", "Harbour Dental", 2)]).await;
    let run = freeze_on(&test, "2026-06-24", None).await;
    assert_eq!(source(&run, "rmm").snapshot, Some(as_frozen(synced.id)));
    let run = freeze_on(&test, "2026-06-25", None).await;
    let frozen = source(&run, "rmm");
    assert_eq!((frozen.snapshot, frozen.as_of, frozen.account_count), (None, None, 0));
    let too_old = |failure| ReadReason::TooOld {
        as_of: "2026-05-20".parse().unwrap(),
        days_max: 35,
        day: "2026-06-25".parse().unwrap(),
        failure,
    };
    assert_eq!(frozen.read_state, ReadState::Failed(too_old(None)));
    // The reason why there is no newer one is kept with it.
    test.fail("rmm", "2026-06-25", ReadReason::TooManyItems).await;
    let run = freeze_on(&test, "2026-06-25", None).await;
    let ReadState::Failed(ReadReason::TooOld { failure: Some(failure), .. }) = &source(&run, "rmm").read_state else {
        panic!("{:?}", source(&run, "rmm").read_state)
    };
    assert!(matches!(&**failure, ReadReason::SyncFailed { failure, .. } if **failure == ReadReason::TooManyItems));
}

#[tokio::test]
async fn a_source_without_a_snapshot_is_failed_with_its_reason() {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    assert_eq!(source(&freeze(&test).await, "rmm").read_state, ReadState::Failed(ReadReason::NeverSynced));
    test.fail("rmm", "2026-06-29", ReadReason::TooManyItems).await;
    let failure = Box::new(ReadReason::TooManyItems);
    let expected = ReadReason::SyncFailed { as_of: "2026-06-29".parse().unwrap(), failure };
    assert_eq!(source(&freeze(&test).await, "rmm").read_state, ReadState::Failed(expected));
}

#[tokio::test]
async fn a_source_that_cannot_be_built_is_failed_and_one_that_is_disabled_is_left_out() {
    let mut test = TestEnvironment::synced().await;
    test.config =
        config(&format!("{SETTINGS}colour = \"red\"\n\n[[sources]]\nid = \"ppsa\"\nconnector = \"none\"\n"), RULES);
    let run = freeze(&test).await;
    assert!(source(&run, "rmm").snapshot.is_some(), "what was read before stands");
    let unknown = source(&run, "ppsa");
    assert!(matches!(&unknown.read_state, ReadState::Failed(ReadReason::CannotBuild { .. })), "{unknown:?}");
    assert_eq!(unknown.side, Side::Used);

    test.config = config(&SETTINGS.replace("id = \"rmm\"", "id = \"rmm\"\nenabled = false"), RULES);
    let run = freeze(&test).await;
    let ids: Vec<_> = run.manifest.sources.iter().map(|frozen| frozen.source.as_str()).collect();
    assert_eq!(ids, ["psa"]);
}

#[tokio::test]
async fn a_closing_has_the_moment_of_its_claim_and_names_what_was_missed() {
    let mut test = TestEnvironment::synced().await;
    ScheduleStart::load_or_begin(&test.env.store, "2026-04-02".parse().unwrap()).await.unwrap();
    let claimed_at: Timestamp = "2026-06-30T19:00:00Z".parse().unwrap();
    let closing = Closing::claim(&test.env.store, month(), None, claimed_at).await.unwrap();
    let run = freeze_on(&test, TODAY, Some(&closing)).await;
    assert_eq!((run.manifest.closing, run.manifest.created_at), (Some(1), claimed_at));
    assert_eq!(run.manifest.missed, ["2026-04".parse().unwrap(), "2026-05".parse().unwrap()]);
    // Another worker of the same closing freezes the same run, whenever it comes.
    test.on("2026-07-01");
    assert_eq!(freeze_on(&test, TODAY, Some(&closing)).await, run);
    assert_eq!(freeze(&test).await.manifest.missed, [], "a draft says nothing about other months");
}

#[tokio::test]
async fn what_is_reported_about_the_inbox_is_frozen_with_the_rest() {
    let test = TestEnvironment::synced().await;
    let file = b"key,decision,client,last_decision\nrmm#nobody,confirm,c1,0\n".to_vec();
    InboxFolder::filled(FilledFile::Mappings).put(&test.env.store, "june.csv", file).await.unwrap();
    let run = freeze(&test).await;
    let bytes = open(&test, &run).await.read(InputFile::Inbox).await.unwrap().unwrap();
    let found: Vec<truecount_reconciliation::SetupFinding> = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((found.len(), found[0].subject.as_str(), found[0].count), (1, "june.csv", 1));
    assert_eq!(run.manifest.inbox_sha256, Some(sha256_hex(&bytes)));
}
