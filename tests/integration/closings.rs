//! The daily check whether a month is due for closing, through the functions' own events: closed once on its day, caught
//! up after a failed day, reported when it is overdue.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use truecount_lambda::{NOT_RETRIED, on_reconcile, on_report, on_sync};
use truecount_platform::Clock;
use truecount_store::{LeaseMode, Store};

use crate::backend::TestBackend;
use crate::scripted_mailer::{
    MailAnswer::{Accepted, DeliveryUnknown, NotSent},
    ScriptedMailer,
};
use crate::smoke;

fn deadline() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap() + 600_000
}

impl TestBackend {
    /// Asks the gate on the evening of a day: whether, which month, how many overdue.
    async fn due(&mut self, day: &str) -> (bool, Value, u64) {
        self.on(day);
        let answer = on_reconcile(&self.env, json!({ "closing_due": true }), deadline()).await.unwrap();
        (answer["due"].as_bool().unwrap(), answer["month"].clone(), answer["overdue"].as_u64().unwrap())
    }

    async fn reconcile_closing(&self, month: &str) -> String {
        let event = json!({ "closing": true, "month": month });
        let answer = on_reconcile(&self.env, event, deadline()).await.unwrap();
        answer["run_id"].as_str().unwrap().to_owned()
    }

    async fn report_of(&self, month: &str, run_id: &str, mail: &str) -> Result<Value, String> {
        let event = json!({ "month": month, "run_id": run_id, "mail": mail });
        on_report(&self.env, event, deadline()).await.map_err(|error| error.to_string())
    }

    fn mail_text(&self, name: &str) -> String {
        let bytes = std::fs::read(self.folder.path().join("outbox").join(name)).unwrap();
        let mail = mail_parser::MessageParser::default().parse(&bytes).unwrap();
        format!("{}\n{}", mail.subject().unwrap(), mail.body_text(0).unwrap())
    }
}

#[tokio::test]
async fn a_month_is_closed_on_its_day_and_never_again() {
    let mut backend = smoke::backend().await;
    // The first question is the beginning: May's closing day was before, and nobody asks for it.
    assert_eq!(backend.due("2026-06-10").await, (false, Value::Null, 0));
    assert_eq!(backend.due("2026-06-23").await, (false, Value::Null, 0));
    assert_eq!(backend.due("2026-06-25").await, (false, json!("2026-06"), 0), "nothing was read yet: it waits");
    assert_eq!(backend.due("2026-06-26").await, (true, json!("2026-06"), 0), "it waits no longer");
    let run_id = backend.reconcile_closing("2026-06").await;
    assert!(backend.due("2026-06-26").await.0, "no report yet");
    backend.report_of("2026-06", &run_id, "off").await.unwrap();
    assert_eq!(backend.due("2026-06-27").await, (true, json!("2026-06"), 1), "nobody got a mail yet");
    backend.report_of("2026-06", &run_id, "usual").await.unwrap();
    for day in ["2026-06-26", "2026-06-27", "2026-07-02", "2026-07-26"] {
        assert_eq!(backend.due(day).await, (false, Value::Null, 0), "{day}");
    }
    assert_eq!(backend.mails().len(), 1);
    assert_eq!(backend.due("2026-07-29").await, (true, json!("2026-07"), 0));
}

/// What the one function says that a month waits for, the other mails: once a day to each group.
#[tokio::test]
async fn what_a_month_waits_for_is_mailed_once_a_day() {
    let mut backend = smoke::backend().await;
    for (day, outcome, mails) in
        [("2026-06-24", "sent", 1), ("2026-06-24", "already_sent", 1), ("2026-06-25", "sent", 2)]
    {
        backend.on(day);
        let asked = on_reconcile(&backend.env, json!({ "closing_due": true }), deadline()).await.unwrap();
        assert_eq!((&asked["due"], &asked["month"]), (&json!(false), &json!("2026-06")), "{asked}");
        let event = json!({ "notices": asked["notices"] });
        let told = on_report(&backend.env, event, deadline()).await.unwrap();
        assert_eq!((&told["state"], &told["mails"][0]["outcome"]), (&json!("notices_sent"), &json!(outcome)));
        assert_eq!(backend.mails().len(), mails);
    }
    let mail = backend.mail_text("2026-06-not-ready-2026-06-24-billing.eml");
    assert!(mail.starts_with("Truecount June 2026: not closed yet: psa, rmm were not read completely"), "{mail}");
    assert!(mail.contains("psa: never synced") && mail.contains("closed on 26 June 2026 at the latest"), "{mail}");
    // On a day on which there is nothing to tell, the answer has no such key: the state machine asks whether it is there.
    backend.on("2026-06-10");
    let asked = on_reconcile(&backend.env, json!({ "closing_due": true }), deadline()).await.unwrap();
    assert!(asked.get("notices").is_none(), "{asked}");
    let machine = include_str!("../../infra/closing.asl.json");
    assert!(machine.contains(r#""Variable": "$.due.answer.notices", "IsPresent": true"#));
}

#[tokio::test]
async fn a_late_closing_counts_what_was_used_in_its_own_month() {
    let mut backend = smoke::backend().await;
    backend.sync("psa").await;
    backend.sync("rmm").await;
    backend.due("2026-06-01").await;
    assert_eq!(backend.due("2026-07-02").await, (true, json!("2026-06"), 1));
    let run_id = backend.reconcile_closing("2026-06").await;
    backend.report_of("2026-06", &run_id, "usual").await.unwrap();
    assert!(backend.report_file(&run_id, "run.json").contains("\"count_day\": \"2026-06-30\""));
    assert!(backend.report_file(&run_id, "exceptions.csv").contains("underbilled"), "June's syncs are used");
}

#[tokio::test]
async fn the_next_closing_names_the_months_that_were_missed() {
    let mut backend = smoke::backend().await;
    backend.due("2026-06-01").await;
    assert_eq!(backend.due("2026-08-27").await, (true, json!("2026-08"), 2), "June and July");
    let run_id = backend.reconcile_closing("2026-08").await;
    backend.report_of("2026-08", &run_id, "usual").await.unwrap();
    let mail = backend.mail_text(&backend.mails()[0]);
    assert!(mail.contains("MISSED   June 2026 and July 2026 were not closed"), "{mail}");
    let is_command = |line: &str| line.trim() == "truecount run --closing --month 2026-06";
    assert!(mail.lines().any(is_command), "a line to copy: {mail}");
    assert_eq!(backend.due("2026-08-28").await, (false, Value::Null, 0), "they were reported");
    // A missed month that is closed later does not name itself, and the next closing names nothing any more.
    backend.reconcile_closing("2026-07").await;
    backend.on("2026-09-30");
    let run_id = backend.reconcile_closing("2026-09").await;
    backend.report_of("2026-09", &run_id, "usual").await.unwrap();
    let last = backend.mails().pop().unwrap();
    assert!(last.contains("2026-09") && !backend.mail_text(&last).contains("MISSED"));
}

#[tokio::test]
async fn a_failed_closing_is_reported_once_a_day_to_each_group() {
    let mut backend = smoke::backend().await;
    let why = r#"{"errorType":"&anyhow::Error","errorMessage":"the table `t` throttles"}"#;
    let event = json!({ "failed": { "month": "2026-06", "step": "reconcile", "why": why } });
    for (day, outcome, mails) in
        [("2026-06-26", "sent", 1), ("2026-06-26", "already_sent", 1), ("2026-06-27", "sent", 2)]
    {
        backend.on(day);
        let answer = on_report(&backend.env, event.clone(), deadline()).await.unwrap();
        assert_eq!((&answer["state"], &answer["mails"][0]["outcome"]), (&json!("failure_reported"), &json!(outcome)));
        assert_eq!(backend.mails().len(), mails);
    }
    let mail = backend.mail_text(&backend.mails()[0]);
    assert!(mail.starts_with("Truecount June 2026: the closing run did not finish"), "{mail}");
    assert!(mail.contains("the table `t` throttles") && !mail.contains("errorType"), "{mail}");
}

#[tokio::test]
async fn a_failed_mail_does_not_block_other_groups_and_is_retried() {
    let groups = "[[mail.groups]]\nid = \"owner\"\nto = [\"owner@msp.example\"]\n\n[[sources]]\nid = \"psa\"";
    let settings = smoke::SETTINGS.replacen("[[sources]]\nid = \"psa\"", groups, 1);
    let mut backend = TestBackend::new(&settings, smoke::RULES, &[]).await;
    let mailer = ScriptedMailer::new(&[NotSent]);
    backend.env.mailer = mailer.clone();
    assert!(backend.due("2026-06-26").await.0);
    let run_id = backend.reconcile_closing("2026-06").await;
    let error = backend.report_of("2026-06", &run_id, "usual").await.unwrap_err();
    assert!(error.contains("`billing` was not sent: quota"), "{error}");
    assert_eq!(backend.due("2026-06-27").await, (true, json!("2026-06"), 1));
    backend.report_of("2026-06", &run_id, "usual").await.unwrap();
    let keys: Vec<String> = mailer.sent().iter().map(|(key, attempt)| format!("{key} {attempt}")).collect();
    assert_eq!(keys, ["2026-06-closing-1-billing 1", "2026-06-closing-1-owner 1", "2026-06-closing-1-billing 1"]);
    assert!(!backend.due("2026-06-28").await.0);

    // After two attempts of unknown delivery there is nothing left to retry, so the month does not stay due forever.
    mailer.then(&[DeliveryUnknown, Accepted, DeliveryUnknown]);
    assert!(backend.due("2026-07-29").await.0);
    let run_id = backend.reconcile_closing("2026-07").await;
    for (day, is_due) in [("2026-07-29", true), ("2026-07-30", false)] {
        backend.report_of("2026-07", &run_id, "usual").await.unwrap_err();
        assert_eq!(backend.due(day).await.0, is_due, "{day}");
    }
}

#[tokio::test]
async fn the_day_is_that_of_the_time_zone() {
    let settings = format!("{}\n[closing]\nday = \"last\"\ntime_zone = \"America/Los_Angeles\"\n", smoke::SETTINGS);
    let mut backend = TestBackend::new(&settings, smoke::RULES, &[]).await;
    let at = |backend: &mut TestBackend, moment: &str| {
        backend.env.clock = Arc::new(truecount_platform::FixedClock(moment.parse().unwrap()));
    };
    // 19:00 on the last of June there, July in UTC.
    at(&mut backend, "2026-07-01T02:00:00Z");
    backend.drop_file("psa", "billed-2026-06-30.csv", smoke::BILLED);
    backend.drop_file("rmm", "usage-2026-06-30.csv", smoke::USAGE);
    let answer = on_reconcile(&backend.env, json!({ "closing_due": true }), deadline()).await.unwrap();
    assert_eq!((&answer["month"], &answer["day"]), (&json!("2026-06"), &json!("2026-06-30")));
    backend.sync("psa").await;
    backend.sync("rmm").await;
    let run_id = backend.reconcile_closing("2026-06").await;
    backend.report_of("2026-06", &run_id, "usual").await.unwrap();
    assert!(backend.report_file(&run_id, "run.json").contains("\"count_day\": \"2026-06-30\""));
}

#[tokio::test]
async fn a_missing_sender_is_reported_before_anything_is_recorded() {
    let settings = smoke::SETTINGS.replace("from = \"truecount@msp.example\"\n", "");
    let mut backend = TestBackend::new(&settings, smoke::RULES, &[]).await;
    backend.on("2026-06-26");
    let run_id = backend.reconcile_closing("2026-06").await;
    let error = backend.report_of("2026-06", &run_id, "usual").await.unwrap_err();
    assert!(error.contains("[mail] has no `from`"), "{error}");
    backend.config.settings.mail.from = Some("truecount@msp.example".to_owned());
    let answer = backend.report_as_set(&run_id).await;
    assert_eq!(answer, "sent", "it is the first, not a repeat");
}

impl TestBackend {
    /// Reports June with the settings as they are in memory; gives the first mail's outcome.
    async fn report_as_set(&self, run_id: &str) -> &'static str {
        let answer = self.report(run_id).await;
        let truecount_app::ReportAnswer::Reported { mails, .. } = answer else { panic!("{answer:?}") };
        mails[0].outcome
    }
}

/// June was never closed. Whoever asks for a closing in July means June, and July is closed on its own day.
#[tokio::test]
async fn a_closing_without_a_month_is_of_the_month_that_is_due() {
    let mut backend = smoke::backend().await;
    backend.due("2026-06-10").await;
    backend.on("2026-07-03");
    let answer = on_reconcile(&backend.env, json!({ "closing": true }), deadline()).await.unwrap();
    assert_eq!(answer["month"], "2026-06");
    let july = json!({ "closing": true, "month": "2026-07" });
    let error = on_reconcile(&backend.env, july, deadline()).await.unwrap_err().to_string();
    assert!(error.contains("the closing day of 2026-07 is 2026-07-27"), "{error}");
    let mails = on_report(&backend.env, json!({ "failed": { "step": "reconcile", "why": "x" } }), deadline()).await;
    assert_eq!(mails.unwrap()["month"], "2026-06", "and so is the mail that it failed");
    assert_eq!(backend.due("2026-07-26").await, (true, json!("2026-06"), 1), "not reported yet");
    assert_eq!(backend.due("2026-07-29").await, (true, json!("2026-07"), 1));
    let early = json!({ "closing": true, "month": "2026-07", "early": true, "incomplete": true });
    backend.on("2026-07-24");
    assert_eq!(on_reconcile(&backend.env, early, deadline()).await.unwrap()["month"], "2026-07");
}

/// A daily run that fails before it knows of a month tells the groups on a day on which a month is due, and on no other.
#[tokio::test]
async fn a_daily_run_that_fails_early_is_told_where_a_month_is_due() {
    let mut backend = smoke::backend().await;
    let failed = json!({ "failed": { "run": "daily", "month": null, "step": "list sources", "why": "settings" } });
    backend.on("2026-06-10");
    let never_asked = on_report(&backend.env, failed.clone(), deadline()).await.unwrap();
    assert_eq!(never_asked["state"], "nothing_due");
    backend.due("2026-06-10").await;
    assert_eq!(on_report(&backend.env, failed.clone(), deadline()).await.unwrap()["state"], "nothing_due");
    backend.on("2026-06-26");
    let told = on_report(&backend.env, failed, deadline()).await.unwrap();
    assert_eq!((&told["state"], &told["month"]), (&json!("failure_reported"), &json!("2026-06")), "{told}");
    assert_eq!(backend.mails().len(), 1);
}

/// Nobody knows then what is closed.
#[tokio::test]
async fn without_the_table_a_daily_run_that_fails_is_told_until_the_latest_day() {
    let mut backend = smoke::backend().await;
    let endpoint = truecount_platform::endpoint::checked(backend.backend.table_endpoint()).unwrap();
    let gone = truecount_platform::aws::local_table(&endpoint, "gone");
    backend.env.store = Store::new(gone, backend.backend.archive(), LeaseMode::Shared);
    for (day, state, mails) in [
        ("2026-06-23", "nothing_due", 0),
        ("2026-06-24", "failure_reported", 1),
        ("2026-06-26", "failure_reported", 2),
        ("2026-06-27", "nothing_due", 2),
    ] {
        backend.on(day);
        let error =
            on_reconcile(&backend.env, json!({ "closing_due": true }), deadline()).await.unwrap_err().to_string();
        let failed = json!({ "failed": { "run": "daily", "month": null, "step": "ask what is due", "why": error } });
        let told = on_report(&backend.env, failed, deadline()).await.unwrap();
        assert_eq!((&told["state"], backend.mails().len()), (&json!(state), mails), "{day}: {told}");
    }
}

/// Whom to tell still stands in the settings.
#[tokio::test]
async fn a_failure_is_told_where_rules_and_settings_are_what_is_wrong() {
    let mut backend = smoke::backend().await;
    backend.on("2026-06-26");
    let settings = std::fs::read_to_string(backend.folder.path().join("config/settings.toml")).unwrap();
    for (file, text) in [("rules.toml", "[[rules]]\nid = 1\n"), ("settings.toml", &format!("nmae = 1\n{settings}"))] {
        truecount_support::write_file(backend.folder.path(), &format!("config/{file}"), text);
    }
    let error = on_reconcile(&backend.env, json!({ "closing": true }), deadline()).await.unwrap_err().to_string();
    assert!(error.contains("unknown key `nmae`"), "{error}");
    let failed = json!({ "failed": { "run": "closing", "month": null, "step": "reconcile", "why": error } });
    let told = on_report(&backend.env, failed, deadline()).await.unwrap();
    assert_eq!((&told["state"], &told["month"]), (&json!("failure_reported"), &json!("2026-06")), "{told}");
    assert_eq!(backend.mails().len(), 1);
}

/// The machine's clock, half an hour after midnight.
struct AfterMidnight;

impl Clock for AfterMidnight {
    fn now(&self) -> Timestamp {
        "2026-06-27T00:30:00Z".parse().unwrap()
    }
}

/// All steps of an execution are of the day on which it began.
#[tokio::test]
async fn an_execution_that_goes_on_after_midnight_is_of_its_first_day() {
    let mut backend = smoke::backend().await;
    backend.env.clock = Arc::new(AfterMidnight);
    let event = |mut event: Value, at: &str| {
        event["at"] = json!(at);
        event
    };
    for (at, day, month) in
        [("2026-06-23T23:30:00Z", "2026-06-23", Value::Null), ("2026-06-26T23:30:00Z", "2026-06-26", json!("2026-06"))]
    {
        let due = on_reconcile(&backend.env, event(json!({ "closing_due": true }), at), deadline()).await.unwrap();
        assert_eq!((&due["day"], &due["month"]), (&json!(day), &month), "{due}");
    }
    let began = "2026-06-26T23:30:00Z";
    let closing = event(json!({ "closing": true }), began);
    let run = on_reconcile(&backend.env, closing, deadline()).await.unwrap();
    backend.report_of("2026-06", run["run_id"].as_str().unwrap(), "off").await.unwrap();
    let told = backend.report_file(run["run_id"].as_str().unwrap(), "run.json");
    assert!(told.contains("\"count_day\": \"2026-06-26\""), "{told}");
    let late = event(json!({ "source": "psa" }), "2026-06-26T00:29:59Z");
    let error = on_sync(&backend.env, late, deadline()).await.unwrap_err().to_string();
    assert!(error.contains("more than a day ago: start a new one"), "{error}");
}

/// The state machine tries nothing again that fails the same way each time.
#[test]
fn the_state_machine_knows_which_errors_no_attempt_mends() {
    fn retries(state: &Value, found: &mut Vec<Vec<String>>) {
        for retry in state["Retry"].as_array().into_iter().flatten().filter(|retry| retry["MaxAttempts"] == 0) {
            let names = retry["ErrorEquals"].as_array().unwrap().iter();
            found.push(names.map(|name| name.as_str().unwrap().to_owned()).collect());
        }
        for inner in [&state["States"], &state["ItemProcessor"]["States"]] {
            inner.as_object().into_iter().flatten().for_each(|(_, state)| retries(state, found));
        }
    }
    let machine = include_str!("../../infra/closing.asl.json");
    let mut found = Vec::new();
    retries(&serde_json::from_str(machine).unwrap(), &mut found);
    assert_eq!(found, vec![NOT_RETRIED.map(str::to_owned).to_vec(); 7]);
}
