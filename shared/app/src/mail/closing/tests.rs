//! What each group gets: everything, the month in brief, or its own clients and no other.

use truecount_reports::{MailContent, run_json};

use super::*;
use crate::jobs::report::{ReportFiles, header_of, report_files};
use crate::stored_outcome::outcome_of;
use crate::test_environment::{RULES, SETTINGS, TestEnvironment, config, month, soon};
use crate::{MailPolicy, ReconcileAnswer, RunKind};

/// A closing of two clients: Harbour Dental (`c1`), where one server is too few, and Quiet Quay (`c2`), one too many.
async fn closed() -> (TestEnvironment, Run) {
    let test = TestEnvironment::synced().await;
    let kind = RunKind::Closing { replace: None, early: false, incomplete: false };
    let answer = crate::reconcile(&test.env, &test.config, Some(month()), &kind, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
    let run = Run::load(&test.env.store, month(), &run_id).await.unwrap().unwrap();
    (test, run)
}

fn group(id: &str, mail: MailContent, clients: &[&str]) -> MailGroup {
    let clients = clients.iter().map(ToString::to_string).collect();
    MailGroup { id: id.to_owned(), to: vec!["a@msp.example".to_owned()], mail, clients, ..MailGroup::default() }
}

#[tokio::test]
async fn a_group_of_some_clients_sees_no_other() {
    let (test, run) = closed().await;
    let (stored, header) = (outcome_of(&test.env, &run).await.unwrap(), header_of(&test.env, &run).await.unwrap());
    let ReportFiles { report, files, .. } = report_files(&stored, None, &header, Vec::new()).unwrap();
    let whole = ReportedRun { stored: &stored, report: &report, files: &files };
    for (clients, own, other) in [
        (["c2"], ["Quiet Quay", ",c2,"], ["Harbour", ",c1,"]),
        ([" quiet QUAY "], ["Quiet Quay", ",c2,"], ["Harbour", ",c1,"]),
        (["Harbour Dental"], ["Harbour", ",c1,"], ["Quiet", ",c2,"]),
        (["harb*"], ["Harbour", ",c1,"], ["Quiet", ",c2,"]),
    ] {
        let group = group("east", MailContent::Work, &clients);
        let part = part_of(&whole, &group).unwrap();
        let mut lines_csv = Vec::new();
        let report = part.report(&header, lines(&whole), &mut lines_csv).unwrap();
        let files = truecount_reports::files(&report).unwrap().into_iter().map(|file| file.bytes);
        let mut texts: Vec<String> = files.chain([lines_csv]).map(|bytes| String::from_utf8(bytes).unwrap()).collect();
        texts.push(String::from_utf8(run_json(&report).unwrap().bytes).unwrap());
        texts.push(truecount_reports::text_summary(&report));
        let all = texts.join("\n");
        assert!(own.iter().all(|name| all.contains(name)), "{clients:?}: {all}");
        assert!(!other.iter().any(|name| all.contains(name)), "{clients:?}: {all}");
        let name = if own[0] == "Harbour" { "Harbour Dental" } else { own[0] };
        assert_eq!(part.about(), [format!("Only 1 of 2 clients: {name}")]);
        assert_eq!(report.exceptions.len(), 1, "{clients:?}");
    }
}

#[tokio::test]
async fn who_has_none_of_its_clients_in_a_run_is_told() {
    let (test, run) = closed().await;
    let (stored, header) = (outcome_of(&test.env, &run).await.unwrap(), header_of(&test.env, &run).await.unwrap());
    let ReportFiles { report, files, .. } = report_files(&stored, None, &header, Vec::new()).unwrap();
    let whole = ReportedRun { stored: &stored, report: &report, files: &files };
    let group = group("east", MailContent::Summary, &["Harbor Dental", "c9"]);
    assert_eq!(
        part_of(&whole, &group).unwrap().about(),
        [
            "None of the clients of mail group `east` is in this run.",
            "No client of this run is `Harbor Dental` or `c9`: look at `clients` of mail group `east` in \
             config/settings.toml.",
        ]
    );
    let mail = String::from_utf8(message(&whole, "t@msp.example", &group, 1).unwrap()).unwrap();
    assert!(!mail.contains("Harbour") && !mail.contains("Quiet"), "{mail}");
}

#[tokio::test]
async fn in_brief_there_are_no_files_and_nothing_to_type() {
    let (mut test, run) = closed().await;
    let settings = SETTINGS.replace("id = \"owner\"\n", "id = \"owner\"\nmail = \"summary\"\n");
    test.config = config(&settings, RULES);
    crate::report(&test.env, &test.config, month(), Some(&run.run_id), MailPolicy::Usual, soon()).await.unwrap();
    let [owner, clerk] = test.mailer.mails().try_into().unwrap_or_else(|mails| panic!("{mails:?}"));
    let (owner, clerk) = (String::from_utf8(owner.raw).unwrap(), String::from_utf8(clerk.raw).unwrap());
    assert_eq!((clerk.matches("report.xlsx").count() > 1, clerk.contains("FILES ")), (true, true));
    assert!(!owner.contains("report.xlsx") && !owner.contains("truecount ") && !owner.contains("FILES "), "{owner}");
    for of_both in ["Subject: Truecount June 2026", "Harbour Dental", "Quiet Quay"] {
        assert!(owner.contains(of_both) && clerk.contains(of_both), "{of_both}: {owner}");
    }
}
