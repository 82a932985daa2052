//! A dropped file that cannot be read is named in the next mail, in the run's files and by `doctor`, until it is
//! corrected or taken away.

use truecount_app::{ReportAnswer, SyncAnswer};
use truecount_operator::doctor::{CheckStatus, CheckedBackend, examine};

use crate::{backend::TestBackend, smoke};

/// One number that is none, and one line with text behind a closing quotation mark.
const WRONG: &str = "account_id,account_name,item_id,kind,status,last_seen
a1,Harbour Dental,d1,server,active,tomorrow
a2,mill & sons,9.91E+15,server,active,2026-06-29T10:00:00Z
a3,\"Quiet\" Client,f1,server,active,2026-06-29T10:00:00Z
";

/// The text of the newest mail, on one line.
fn mail(backend: &TestBackend) -> String {
    let newest = backend.mails().pop().unwrap();
    let bytes = std::fs::read(backend.folder.path().join("outbox").join(newest)).unwrap();
    let mail = mail_parser::MessageParser::default().parse(&bytes).unwrap();
    let text = mail.body_text(0).unwrap().replace('\u{200C}', "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn reported(backend: &TestBackend) -> String {
    let run = backend.close().await;
    let ReportAnswer::Reported { .. } = backend.report(&run).await else { panic!("busy") };
    run
}

#[tokio::test]
async fn a_refused_file_is_named_in_the_mail_the_files_and_by_doctor() {
    let mut backend = smoke::backend().await;
    backend.sync("psa").await;
    backend.sync("rmm").await;
    backend.drop_file("rmm", "second-2026-06-30.csv", WRONG);
    backend.on("2026-06-30");
    for day in ["2026-06-30", "2026-07-01"] {
        backend.on(day);
        let answer = backend.sync("rmm").await;
        let SyncAnswer::Failed { reason, .. } = &answer else { panic!("{answer:?}") };
        let told = reason.to_string();
        assert!(told.starts_with("second-2026-06-30.csv: ") && told.contains("tomorrow"), "{told}");
        assert!(told.contains("9.91E+15") && told.contains("closing quotation mark"), "all at once: {told}");
    }
    let run = reported(&backend).await;
    let mail = mail(&backend);
    let expected = "rmm: second-2026-06-30.csv is refused since 2026-06-30: line 2, column `last_seen`: `tomorrow`";
    assert!(mail.contains(expected), "{mail}");
    assert!(mail.contains("put a corrected export in its place, or take it away"), "{mail}");
    assert!(mail.contains("rmm: counted on"), "what is counted instead: {mail}");
    let setup = backend.sheet(&run, "setup.csv");
    let found = setup.iter().find(|row| row["code"] == "source_file_refused").unwrap();
    assert_eq!(found["subject"], "second-2026-06-30.csv");
    let place = CheckedBackend::Directory(backend.folder.path());
    let results = examine(&backend.env, place).await;
    let sync = results.iter().find(|one| one.topic == "sync" && one.message.contains("second-2026-06-30.csv")).unwrap();
    assert_eq!(sync.status, CheckStatus::Warning);

    let path = backend.folder.path().join("archive/inbox/sources/rmm/second-2026-06-30.csv");
    std::fs::remove_file(path).unwrap();
    backend.sync("rmm").await;
    let draft = backend.draft().await;
    backend.report(&draft).await;
    assert!(!backend.report_file(&draft, "setup.csv").contains("source_file_refused"));
}

#[tokio::test]
async fn a_file_whose_day_nobody_knows_is_named_too() {
    let mut backend = smoke::backend().await;
    backend.sync("psa").await;
    backend.sync("rmm").await;
    backend.on("2026-07-02");
    backend.drop_file("rmm", "devices.csv", smoke::USAGE);
    assert!(matches!(backend.sync("rmm").await, SyncAnswer::Failed { .. }));
    let run = reported(&backend).await;
    let setup = backend.report_file(&run, "setup.csv");
    assert!(setup.contains("rmm: devices.csv is refused since 2026-07-02: its name has no date"), "{setup}");
}

#[tokio::test]
async fn where_there_is_only_a_file_for_a_later_day_that_is_said() {
    let settings = "[[sources]]\nid = \"rmm\"\nconnector = \"file\"\nside = \"used\"\n";
    let file = ("archive/inbox/sources/rmm/devices 2027-06-30.csv", smoke::USAGE);
    let backend = TestBackend::new(settings, "[services]\nA = { flat = true }\n", &[file]).await;
    let answer = backend.sync("rmm").await;
    let SyncAnswer::Failed { reason, .. } = &answer else { panic!("{answer:?}") };
    let told = reason.to_string();
    assert!(told.contains("there is no file for it up to 2026-06-30"), "{told}");
    assert!(
        told.ends_with("; `devices 2027-06-30.csv` is for 2027-06-30: correct its date if that is wrong"),
        "{told}"
    );
}
