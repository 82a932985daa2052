//! What becomes of the files of decisions that people drop.

use truecount_store::Run;

use super::*;
use crate::test_environment::{TestEnvironment, month, soon};
use crate::{MailPolicy, RunKind, reconcile, report};

const KIND: RunKind = RunKind::Closing { replace: None, early: false, incomplete: false };

/// June is closed: one server is to be added at Harbour Dental, and the one of Quiet Quay to be removed.
async fn closed() -> (TestEnvironment, Run) {
    let test = TestEnvironment::synced().await;
    reconcile(&test.env, &test.config, Some(month()), &KIND, soon()).await.unwrap();
    report(&test.env, &test.config, month(), None, MailPolicy::Off, soon()).await.unwrap();
    let run = Run::list(&test.env.store, month()).await.unwrap().remove(0);
    (test, run)
}

/// The run's `exceptions.csv`, in which these are filled in by client: action and note.
async fn filled(test: &TestEnvironment, run: &Run, of: &[(&str, &str, &str)]) -> Vec<u8> {
    let bytes = run.folder(&test.env.store).read_file("exceptions.csv").await.unwrap().unwrap();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::Reader::from_reader(bytes);
    let heads = reader.headers().unwrap().clone();
    let at = |name: &str| heads.iter().position(|head| head == name).unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&heads).unwrap();
    for row in reader.records() {
        let mut cells: Vec<String> = row.unwrap().iter().map(str::to_owned).collect();
        if let Some((_, action, note)) = of.iter().find(|(client, ..)| cells[at("client")] == *client) {
            cells[at("action")] = (*action).to_owned();
            cells[at("note")] = (*note).to_owned();
            cells[at("ticket")] = "T-4711".to_owned();
        }
        writer.write_record(&cells).unwrap();
    }
    writer.into_inner().unwrap()
}

async fn drop_file(test: &TestEnvironment, name: &str, bytes: Vec<u8>) {
    InboxFolder::filled(FilledFile::Actions).put(&test.env.store, name, bytes).await.unwrap();
}

async fn file(test: &TestEnvironment, name: &str) -> Option<Vec<u8>> {
    let files = InboxFolder::filled(FilledFile::Actions).files(&test.env.store).await.unwrap();
    files.into_iter().find(|file| file.name == name)?.read(&test.env.store).await.unwrap()
}

/// File and rejected rows of each finding.
async fn taken(test: &TestEnvironment) -> Vec<(String, u64)> {
    let findings = take(&test.env, &test.config).await.unwrap();
    findings.into_iter().map(|finding| (finding.subject, finding.count)).collect()
}

/// Client and author of every decision.
async fn decided(test: &TestEnvironment) -> Vec<(String, String)> {
    let all = test.env.store.actions().await.unwrap();
    all.into_iter().map(|one| (one.client_name, one.actor)).collect()
}

#[tokio::test]
async fn a_dropped_file_is_imported_once_and_the_next_run_goes_by_it() {
    let (test, run) = closed().await;
    assert_eq!(taken(&test).await, []);
    let sheet = filled(&test, &run, &[("Harbour Dental", "dismissed", "a spare")]).await;
    drop_file(&test, "june.csv", sheet).await;
    for _ in 0..2 {
        assert_eq!(taken(&test).await, []);
        let by = ("Harbour Dental".to_owned(), "inbox/actions/june.csv".to_owned());
        assert_eq!(decided(&test).await, [by]);
    }
    assert_eq!(file(&test, "june-rejected.csv").await, None);
    reconcile(&test.env, &test.config, Some(month()), &RunKind::Draft, soon()).await.unwrap();
    let runs = Run::list(&test.env.store, month()).await.unwrap();
    let draft = runs.iter().find(|run| run.manifest.closing.is_none()).unwrap();
    assert!(draft.manifest.actions_sha256.is_some());
    assert_eq!(draft.summary.as_ref().unwrap().exceptions, 1, "the other is dismissed");
    let action = test.env.store.actions().await.unwrap().remove(0);
    assert_eq!((action.note.as_str(), action.ticket.as_str()), ("a spare", "T-4711"));
}

#[tokio::test]
async fn rejected_rows_are_reported_until_they_are_corrected_in_the_file_beside() {
    let (test, run) = closed().await;
    // To dismiss something takes a reason.
    let both = [("Harbour Dental", "approved", ""), ("Quiet Quay", "dismissed", "")];
    drop_file(&test, "June.CSV", filled(&test, &run, &both).await).await;
    for _ in 0..2 {
        assert_eq!(taken(&test).await, [("June.CSV".to_owned(), 1)]);
        assert_eq!(decided(&test).await.len(), 1, "the good row counts, and once");
    }
    let rejected = String::from_utf8(file(&test, "June-rejected.csv").await.unwrap()).unwrap();
    assert!(rejected.contains("rejected_because") && rejected.contains("Quiet Quay"), "{rejected}");
    assert!(!rejected.contains("Harbour Dental"), "{rejected}");

    let corrected = rejected.replace("dismissed,", "reopened,");
    drop_file(&test, "June-rejected.csv", corrected.into_bytes()).await;
    assert_eq!(
        taken(&test).await,
        [("June-rejected.csv".to_owned(), 1)],
        "wrong in another way: said of that file alone"
    );
    let sheet = filled(&test, &run, &[("Quiet Quay", "dismissed", "they keep it")]).await;
    drop_file(&test, "June-rejected.csv", sheet).await;
    assert_eq!(taken(&test).await, []);
    assert_eq!(decided(&test).await.len(), 2);
}

#[tokio::test]
async fn a_file_waits_for_a_run_and_one_that_cannot_be_read_is_reported() {
    let test = TestEnvironment::synced().await;
    drop_file(&test, "june.csv", b"exception_id,action\n".to_vec()).await;
    assert_eq!(taken(&test).await, []);
    let (test, _) = closed().await;
    drop_file(&test, "june.xlsx", b"no workbook".to_vec()).await;
    drop_file(&test, "old/june.csv", b"exception_id,action\nx,approved\n".to_vec()).await;
    let long = vec![b' '; usize::try_from(FILE_BYTES_MAX).unwrap() + 1];
    drop_file(&test, "long.csv", long).await;
    assert_eq!(taken(&test).await, [("long.csv".to_owned(), 1), ("june.xlsx".to_owned(), 2)]);
    assert_eq!(decided(&test).await, []);
}
