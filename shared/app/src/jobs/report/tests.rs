//! Which run is reported, what is mailed when, and that what was handed out stands.

use truecount_store::{Delivery, LeaseOutcome, sha256_hex};

use super::*;
use crate::test_environment::MailAnswer::{Accept, DeliveryUnknown, Refuse};
use crate::test_environment::{RULES, SETTINGS, TODAY, TestEnvironment, config, month, soon, used};
use crate::{ReconcileAnswer, RunKind};

async fn reconcile(test: &TestEnvironment, kind: RunKind) -> String {
    let answer = crate::reconcile(&test.env, &test.config, Some(month()), &kind, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
    run_id
}

async fn close(test: &TestEnvironment) -> String {
    reconcile(test, RunKind::Closing { replace: None, early: false, incomplete: false }).await
}

async fn report_of(test: &TestEnvironment, run_id: &str, mailing: MailPolicy) -> Result<ReportAnswer, AppError> {
    report(&test.env, &test.config, month(), Some(run_id), mailing, soon()).await
}

/// What became of each group's mail.
async fn mails(
    test: &TestEnvironment,
    run_id: &str,
    mailing: MailPolicy,
) -> Result<Vec<(String, &'static str)>, AppError> {
    let answer = report_of(test, run_id, mailing).await?;
    let ReportAnswer::Reported { mails, .. } = answer else { panic!("{answer:?}") };
    Ok(mails.into_iter().map(|mail| (mail.group, mail.outcome)).collect())
}

async fn run(test: &TestEnvironment, run_id: &str) -> Run {
    Run::load(&test.env.store, month(), run_id).await.unwrap().unwrap()
}

fn each(outcome: &'static str) -> Vec<(String, &'static str)> {
    ["owner", "clerk"].map(|group| (group.to_owned(), outcome)).to_vec()
}

#[tokio::test]
async fn the_policy_decides_whether_a_run_is_mailed() {
    let test = TestEnvironment::synced().await;
    let (draft, closing) = (reconcile(&test, RunKind::Draft).await, close(&test).await);
    for (run_id, mailing) in [(&draft, MailPolicy::Usual), (&draft, MailPolicy::Off), (&closing, MailPolicy::Off)] {
        assert_eq!(mails(&test, run_id, mailing).await.unwrap(), [], "{run_id} {mailing:?}");
        assert!(!run(&test, run_id).await.is_mailed);
    }
    assert_eq!(mails(&test, &closing, MailPolicy::Usual).await.unwrap(), each("sent"));
    assert_eq!(mails(&test, &closing, MailPolicy::Always).await.unwrap(), each("already_sent"));
    assert_eq!(mails(&test, &draft, MailPolicy::Always).await.unwrap(), each("sent"), "a draft's mail is its own");
    let keys = test.mailer.keys();
    assert_eq!(keys[..2], ["2026-06-closing-1-owner", "2026-06-closing-1-clerk"]);
    assert_eq!(keys[2..], [format!("2026-06-{draft}-owner"), format!("2026-06-{draft}-clerk")]);
}

#[tokio::test]
async fn nothing_is_mailed_or_written_before_the_run_is_reconciled() {
    let test = TestEnvironment::synced().await;
    let mut frozen = run(&test, &close(&test).await).await;
    (frozen.state, frozen.outcome_sha256) = (RunState::Frozen, None);
    frozen.save(&test.env.store, truecount_store::Fence::at(i64::MAX / 2)).await.unwrap();
    let error = report_of(&test, &frozen.run_id, MailPolicy::Always).await.unwrap_err();
    assert!(matches!(&error, AppError::Refused(_)), "{error}");
    assert_eq!(test.mailer.mails(), []);
    assert_eq!(Delivery::list(&test.env.store, month()).await.unwrap(), []);
    assert_eq!(frozen.folder(&test.env.store).read_file("lines.csv").await.unwrap(), None);
}

#[tokio::test]
async fn a_group_whose_mail_was_refused_gets_it_with_the_next_report() {
    let test = TestEnvironment::synced().await;
    let run_id = close(&test).await;
    test.mailer.answer(&[Refuse, Accept]);
    let error = mails(&test, &run_id, MailPolicy::Usual).await.unwrap_err();
    assert!(matches!(&error, AppError::Mail(_)), "{error}");
    assert_eq!(test.mailer.mails().len(), 2, "the other group is not concerned");
    let reported = run(&test, &run_id).await;
    assert_eq!((reported.state, reported.is_mailed), (RunState::Reported, false));
    let [why] = &reported.unsent_because[..] else { panic!("{reported:?}") };
    assert!(why.starts_with("the mail to `owner` was not sent: over the quota; "), "{why}");
    let expected = [("owner".to_owned(), "sent"), ("clerk".to_owned(), "already_sent")];
    assert_eq!(mails(&test, &run_id, MailPolicy::Usual).await.unwrap(), expected);
    let mailed = run(&test, &run_id).await;
    assert!(mailed.is_mailed && mailed.unsent_because.is_empty(), "{mailed:?}");
}

#[tokio::test]
async fn a_mail_that_is_given_up_keeps_no_month_open() {
    let test = TestEnvironment::synced().await;
    let run_id = close(&test).await;
    test.mailer.answer(&[DeliveryUnknown, Accept, DeliveryUnknown]);
    assert!(matches!(mails(&test, &run_id, MailPolicy::Usual).await, Err(AppError::Mail(_))));
    assert!(!run(&test, &run_id).await.is_mailed);
    assert!(matches!(mails(&test, &run_id, MailPolicy::Usual).await, Err(AppError::MailGivenUp(_))));
    assert!(run(&test, &run_id).await.is_mailed);
}

#[tokio::test]
async fn a_replaced_closing_is_mailed_once_more() {
    let test = TestEnvironment::synced().await;
    let first = close(&test).await;
    mails(&test, &first, MailPolicy::Usual).await.unwrap();
    let second = reconcile(&test, RunKind::Closing { replace: Some(first), early: false, incomplete: false }).await;
    assert_eq!(mails(&test, &second, MailPolicy::Usual).await.unwrap(), each("sent"));
    assert_eq!(test.mailer.keys()[2..], ["2026-06-closing-2-owner", "2026-06-closing-2-clerk"]);
}

#[tokio::test]
async fn a_missing_sender_is_an_error_that_leaves_the_files() {
    let mut test = TestEnvironment::synced().await;
    let run_id = close(&test).await;
    test.config = config(&SETTINGS.replace("from = \"truecount@msp.example\"", ""), RULES);
    let error = mails(&test, &run_id, MailPolicy::Usual).await.unwrap_err();
    assert!(matches!(&error, AppError::Settings { .. }), "{error}");
    let reported = run(&test, &run_id).await;
    assert_eq!((reported.state, reported.is_mailed), (RunState::Reported, false));
    assert!(reported.folder(&test.env.store).read_file("manifest.json").await.unwrap().is_some());
}

#[tokio::test]
async fn what_was_handed_out_stands_and_what_was_lost_comes_back() {
    let test = TestEnvironment::synced().await;
    let run_id = close(&test).await;
    report_of(&test, &run_id, MailPolicy::Off).await.unwrap();
    let reported = run(&test, &run_id).await.folder(&test.env.store);
    // As a later version would write it.
    let folder = std::path::PathBuf::from(reported.location());
    std::fs::write(folder.join("lines.csv"), "another version").unwrap();
    std::fs::remove_file(folder.join("setup.csv")).unwrap();
    report_of(&test, &run_id, MailPolicy::Off).await.unwrap();
    assert_eq!(reported.read_file("lines.csv").await.unwrap().unwrap(), b"another version");
    assert!(reported.read_file("setup.csv").await.unwrap().is_some());
}

#[tokio::test]
async fn a_lost_outcome_is_made_again_from_the_inputs() {
    let mut test = TestEnvironment::synced().await;
    let run_id = close(&test).await;
    report_of(&test, &run_id, MailPolicy::Off).await.unwrap();
    let reported = run(&test, &run_id).await;
    let file = std::path::PathBuf::from(reported.folder(&test.env.store).location()).join(OUTCOMES_FILE);
    let outcome = std::fs::read(&file).unwrap();
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 9)]).await;
    test.config = config(SETTINGS, &RULES.replace("rmm.server", "rmm.workstation"));

    std::fs::remove_file(&file).unwrap();
    let Err(error) = outcome_of(&test.env, &reported).await else { panic!("it is gone") };
    let command = format!("`truecount report --month 2026-06 --run {run_id} --no-mail` makes it again");
    assert!(error.to_string().contains("is missing") && error.to_string().contains(&command), "{error}");
    report_of(&test, &run_id, MailPolicy::Off).await.unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), outcome);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(close(&test).await, run_id);
    assert_eq!(std::fs::read(&file).unwrap(), outcome);

    std::fs::write(&file, "mine").unwrap();
    let error = report_of(&test, &run_id, MailPolicy::Off).await.unwrap_err().to_string();
    assert!(error.contains("move it away") && error.contains(&command), "{error}");
    // As another version compares that finds something else.
    std::fs::remove_file(&file).unwrap();
    let other = Run { outcome_sha256: Some("0".to_owned()), ..reported };
    let error = restore_outcome(&test.env, &other).await.unwrap_err().to_string();
    assert!(error.contains("restore it from a backup") && !file.exists(), "{error}");
}

#[tokio::test]
async fn without_a_name_the_closing_run_is_reported_else_the_newest() {
    let mut test = TestEnvironment::synced().await;
    let find_june = |run_id: Option<&'static str>| find(&test.env, month(), run_id);
    assert!(matches!(find_june(None).await, Err(AppError::Refused(_))), "there is no run");
    let first = reconcile(&test, RunKind::Draft).await;
    assert_eq!(find_june(None).await.unwrap().run_id, first);
    test.on("2026-07-01");
    test.commit("psa", TODAY, &[]).await;
    let second = reconcile(&test, RunKind::Draft).await;
    assert_eq!(find(&test.env, month(), None).await.unwrap().run_id, second);
    let closing = close(&test).await;
    test.on("2026-07-02");
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 7)]).await;
    reconcile(&test, RunKind::Draft).await;
    assert_eq!(find(&test.env, month(), None).await.unwrap().run_id, closing);
    assert!(matches!(find(&test.env, month(), Some("2026-06-c9-0")).await, Err(AppError::Refused(_))));
}

#[tokio::test]
async fn a_run_is_reported_by_one_worker_at_a_time() {
    let test = TestEnvironment::synced().await;
    let run_id = close(&test).await;
    let held = Lease::acquire(&test.env.store, &Run::lease_name(month(), true), soon().at).await.unwrap();
    let LeaseOutcome::Held(held) = held else { panic!("busy") };
    assert_eq!(report_of(&test, &run_id, MailPolicy::Usual).await.unwrap(), ReportAnswer::Busy { month: month() });
    assert_eq!(test.mailer.mails(), []);
    held.release(&test.env.store).await.unwrap();
    assert_eq!(mails(&test, &run_id, MailPolicy::Usual).await.unwrap(), each("sent"));
}

#[tokio::test]
async fn the_header_names_every_input_of_the_run() {
    let test = TestEnvironment::synced().await;
    let run = run(&test, &close(&test).await).await;
    let header = header_of(&test.env, &run).await.unwrap();
    let names: Vec<_> = header.inputs.iter().map(|input| input.name.as_str()).collect();
    for source in ["psa", "rmm"] {
        assert!(names.iter().any(|name| name.contains(source)), "{names:?}");
    }
    assert_eq!((header.closing, header.count_day), (Some(1), run.manifest.count_day));
    assert!(header.inputs.iter().all(|input| input.bytes > 0 && input.sha256.len() == 64));
}

/// An environment whose settings ask for a sheet for each client.
async fn with_client_sheets() -> TestEnvironment {
    let mut test = TestEnvironment::synced().await;
    test.config = config(&format!("[report]\nclient_sheets = true\n{SETTINGS}"), RULES);
    test
}

/// The names of the client sheets in a run's folder.
async fn sheets(test: &TestEnvironment, run_id: &str) -> Vec<String> {
    let files = run(test, run_id).await.folder(&test.env.store).files().await.unwrap();
    files.into_iter().map(|file| file.name).filter(|name| name.starts_with("clients/")).collect()
}

#[tokio::test]
async fn each_client_has_a_sheet_where_the_settings_ask_for_it() {
    let test = TestEnvironment::synced().await;
    let without = close(&test).await;
    mails(&test, &without, MailPolicy::Off).await.unwrap();
    assert_eq!(sheets(&test, &without).await, Vec::<String>::new());

    let test = with_client_sheets().await;
    let run_id = close(&test).await;
    mails(&test, &run_id, MailPolicy::Off).await.unwrap();
    let names = sheets(&test, &run_id).await;
    assert_eq!(names.len(), 4, "a page and a list of each: {names:?}");
    let folder = run(&test, &run_id).await.folder(&test.env.store);
    let manifest = String::from_utf8(folder.read_file("manifest.json").await.unwrap().unwrap()).unwrap();
    for name in &names {
        let bytes = folder.read_file(name).await.unwrap().unwrap();
        assert!(manifest.contains(&format!("\"{name}\"")) && manifest.contains(&sha256_hex(&bytes)), "{manifest}");
    }
}

/// What the settings say now is of the next run.
#[tokio::test]
async fn a_run_has_the_sheets_of_the_settings_that_it_was_made_with() {
    let mut test = with_client_sheets().await;
    let run_id = close(&test).await;
    test.config = config(SETTINGS, RULES);
    mails(&test, &run_id, MailPolicy::Off).await.unwrap();
    let names = sheets(&test, &run_id).await;
    assert_eq!(names.len(), 4, "{names:?}");
    mails(&test, &run_id, MailPolicy::Off).await.unwrap();
    assert_eq!(sheets(&test, &run_id).await, names, "once more");
}
