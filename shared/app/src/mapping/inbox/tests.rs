//! What becomes of the files that people drop.

use truecount_store::MappingRecord;

use super::*;
use crate::test_environment::{TODAY, TestEnvironment, billed, used};

const HEADER: &str = "key,decision,client,last_decision\n";
const GOOD: &str = "rmm#a1,confirm,c1,0\n";
const BAD: &str = "rmm#a2,confirm,c9,0\n";

async fn synced() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2), billed("c2", "Mill & Sons", 1)]).await;
    test.commit("rmm", TODAY, &[used("a1", "Zorn", 2), used("a2", "Yaxley", 1)]).await;
    test
}

async fn drop_file(test: &TestEnvironment, name: &str, text: &str) {
    InboxFolder::filled(FilledFile::Mappings).put(&test.env.store, name, text.as_bytes().to_vec()).await.unwrap();
}

/// File and refused rows of each finding.
async fn taken(test: &TestEnvironment) -> Vec<(String, u64)> {
    let findings = take(&test.env, &test.config).await.unwrap();
    findings.into_iter().map(|finding| (finding.subject, finding.count)).collect()
}

/// Account and author of every decision.
async fn decisions(test: &TestEnvironment) -> Vec<(String, String)> {
    let history = MappingRecord::history(&test.env.store, &"rmm".parse().unwrap()).await.unwrap();
    history.into_values().flatten().map(|one| (one.account_id.to_string(), one.actor)).collect()
}

async fn file(test: &TestEnvironment, name: &str) -> Option<String> {
    let files = InboxFolder::filled(FilledFile::Mappings).files(&test.env.store).await.unwrap();
    let found = files.into_iter().find(|file| file.name == name)?;
    String::from_utf8(found.read(&test.env.store).await.unwrap()?).ok()
}

#[tokio::test]
async fn a_file_is_imported_once_by_its_content() {
    let test = synced().await;
    assert_eq!(taken(&test).await, []);
    drop_file(&test, "june.csv", &format!("{HEADER}{GOOD}")).await;
    for _ in 0..2 {
        assert_eq!(taken(&test).await, []);
        assert_eq!(decisions(&test).await, [("a1".to_owned(), "inbox/mappings/june.csv".to_owned())]);
    }
    let result = file(&test, "june.csv-result.csv").await.unwrap();
    assert!(result.contains("decided,,rmm#a1"), "{result}");
}

#[tokio::test]
async fn refused_rows_are_reported_until_a_corrected_file_takes_their_place() {
    let test = synced().await;
    drop_file(&test, "june.csv", &format!("{HEADER}{GOOD}{BAD}")).await;
    for _ in 0..2 {
        assert_eq!(taken(&test).await, [("june.csv".to_owned(), 1)]);
        assert_eq!(decisions(&test).await.len(), 1, "the good row counts, and once");
    }
    assert!(file(&test, "june.csv-result.csv").await.unwrap().contains("refused,3,rmm#a2,client,"));
    drop_file(&test, "june.csv", &format!("{HEADER}rmm#a2,confirm,c2,0\n")).await;
    assert_eq!(taken(&test).await, []);
    assert_eq!(decisions(&test).await.len(), 2);
}

#[tokio::test]
async fn the_decisions_of_one_file_count_for_the_next() {
    let test = synced().await;
    drop_file(&test, "1.csv", &format!("{HEADER}{GOOD}")).await;
    // Exported before the first was imported: another client for the same account is stale now.
    drop_file(&test, "2.csv", &format!("{HEADER}rmm#a1,confirm,c2,0\n")).await;
    assert_eq!(taken(&test).await, [("2.csv".to_owned(), 1)]);
    assert_eq!(decisions(&test).await.len(), 1);
}

#[tokio::test]
async fn what_is_no_file_of_mappings_is_left_alone_and_one_that_is_too_long_is_reported() {
    let test = synced().await;
    drop_file(&test, "june.csv-result.csv", &format!("{HEADER}{GOOD}")).await;
    drop_file(&test, "old/june.csv", &format!("{HEADER}{GOOD}")).await;
    assert_eq!(taken(&test).await, []);
    let long = format!("{HEADER}{GOOD}{}", "\n".repeat(usize::try_from(FILE_BYTES_MAX).unwrap()));
    drop_file(&test, "long.csv", &long).await;
    assert_eq!(taken(&test).await, [("long.csv".to_owned(), 1)]);
    assert_eq!(decisions(&test).await, []);
}
