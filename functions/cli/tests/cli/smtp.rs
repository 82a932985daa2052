//! The closing run's mail through a mail server that takes it, refuses it, hangs up and keeps silent: never a silent
//! loss, and at most one repeat, which says that it is one.

use std::time::{Duration, Instant};

use truecount_embedded::{Durability, LocalBackend, SmtpServer, TlsMode};
use truecount_platform::{Mail, MailError, Mailer as _};

use crate::office::{Ended, Office, text_of};
use crate::prompt::{EXCEPTIONS, FAILED};
use crate::server::{MailServer, PASSWORD, USER};

const CLOSE: [&str; 2] = ["run", "--closing"];

/// What a repeat has in its subject.
const LABEL: &str = "Possible repeat";

fn office(server: &MailServer) -> Office {
    Office::open().with_mail_server(&server.settings("starttls"), PASSWORD)
}

fn is_labelled(message: &[u8]) -> bool {
    String::from_utf8_lossy(message).contains(LABEL)
}

#[track_caller]
fn expect(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, Some(code), "{}{}", ended.out, ended.err);
    for word in words {
        assert!(ended.err.contains(word), "`{word}` is not in {}", ended.err);
    }
    for canary in [PASSWORD, "AHRydWVjb3VudA", "YzRuNHJ5"] {
        assert!(!format!("{}{}", ended.out, ended.err).contains(canary), "a secret is shown: {}", ended.err);
    }
}

#[test]
#[ignore = "needs a mail server: .ci/smtp"]
fn an_accepted_mail_is_one_mail_however_often_the_month_is_closed() {
    for tls in ["starttls", "tls"] {
        let server = MailServer::start(tls, &["accept"]);
        let office = Office::open().with_mail_server(&server.settings(tls), PASSWORD);
        expect(&office.run(&CLOSE), EXCEPTIONS, &["Mail to `billing`: sent"]);
        expect(&office.run(&CLOSE), EXCEPTIONS, &["Mail to `billing`: already sent"]);
        let taken = server.taken();
        assert_eq!(taken.len(), 1, "{tls}");
        assert_eq!(office.outbox(), [("2026-06-closing-1-billing.eml".to_owned(), taken[0].clone())], "byte for byte");
        assert_eq!(server.envelope(), "truecount@msp.example\nanna@msp.example\nben@msp.example");
        assert!(!is_labelled(&taken[0]));
    }
}

/// What surely was not sent is sent later, as if for the first time.
#[test]
#[ignore = "needs a mail server: .ci/smtp"]
fn a_refused_mail_is_reported_and_sent_later_without_a_label() {
    for (answer, words) in [
        ("rcpt=ben@msp.example", &["refuses the recipient `ben@msp.example`", "550", "no such mailbox"][..]),
        ("greylist=anna@msp.example", &["refuses the recipient `anna@msp.example`", "450"]),
        ("451", &["refuses the message: 451: 4.3.0 try again later"]),
        ("421", &["refuses the message: 421"]),
        ("554", &["refuses the message: 554: 5.7.1 looks like spam"]),
        ("repeat", &["refuses the message: 554: 5.7.1 not with …"]),
        ("password", &["signing in was refused: 535", "no: … …"]),
    ] {
        let server = MailServer::start("starttls", &[answer, answer, "accept"]);
        let office = office(&server);
        for _ in 0..2 {
            let ended = office.run(&CLOSE);
            expect(&ended, FAILED, &["the mail to `billing` was not sent", "run the report again"]);
            expect(&ended, FAILED, words);
            assert_eq!((server.taken().len(), office.outbox().len()), (0, 0), "{answer}");
        }
        expect(&office.run(&CLOSE), EXCEPTIONS, &["Mail to `billing`: sent"]);
        let taken = server.taken();
        assert_eq!((taken.len(), is_labelled(&taken[0])), (1, false), "{answer}");
    }
}

/// Hung up without an answer, whether the mail was taken or not: one more, labelled, and never a third.
#[test]
#[ignore = "needs a mail server: .ci/smtp"]
fn a_mail_without_an_answer_is_repeated_once_and_says_so() {
    for (answer, first) in [("cut", 1), ("garbage", 1), ("lost", 0), ("early", 0)] {
        let server = MailServer::start("starttls", &[answer, "accept"]);
        let office = office(&server);
        expect(&office.run(&CLOSE), FAILED, &["it is not known whether the mail to `billing` was sent", "mail server"]);
        assert_eq!(server.taken().len(), first, "{answer}");
        expect(&office.run(&CLOSE), EXCEPTIONS, &["Mail to `billing`: sent again"]);
        expect(&office.run(&CLOSE), EXCEPTIONS, &["Mail to `billing`: already sent"]);
        let taken = server.taken();
        let labels: Vec<bool> = taken.iter().map(|message| is_labelled(message)).collect();
        assert_eq!(labels, [false, true][1 - first..], "{answer}");
        let names: Vec<String> = office.outbox().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["2026-06-closing-1-billing-repeat.eml", "2026-06-closing-1-billing.eml"], "{answer}");
    }
}

#[test]
#[ignore = "needs a mail server: .ci/smtp"]
fn a_repeat_that_is_refused_is_still_a_repeat_later() {
    let server = MailServer::start("starttls", &["cut", "451", "accept"]);
    let office = office(&server);
    expect(&office.run(&CLOSE), FAILED, &["is not known whether"]);
    expect(&office.run(&CLOSE), FAILED, &["was not sent", "451"]);
    expect(&office.run(&CLOSE), EXCEPTIONS, &["sent again"]);
    let labels: Vec<bool> = server.taken().iter().map(|message| is_labelled(message)).collect();
    assert_eq!(labels, [false, true]);
}

#[test]
#[ignore = "needs a mail server: .ci/smtp"]
fn after_two_unknown_outcomes_a_person_is_told_and_nothing_more_is_sent() {
    let server = MailServer::start("starttls", &["cut", "cut", "accept"]);
    let office = office(&server);
    expect(&office.run(&CLOSE), FAILED, &["is not known whether"]);
    for _ in 0..3 {
        expect(&office.run(&CLOSE), FAILED, &["was tried twice and neither outcome is known", "ask the recipients"]);
    }
    let labels: Vec<bool> = server.taken().iter().map(|message| is_labelled(message)).collect();
    assert_eq!(labels, [false, true]);
}

#[test]
#[ignore = "needs a mail server: .ci/smtp"]
fn a_process_killed_before_the_answer_makes_one_labelled_repeat() {
    let server = MailServer::start("starttls", &["silent", "accept"]);
    let office = office(&server);
    let mut process = office.command(&CLOSE).spawn().unwrap();
    server.wait_for(1);
    process.kill().unwrap();
    process.wait().unwrap();
    expect(&office.run(&CLOSE), EXCEPTIONS, &["sent again"]);
    expect(&office.run(&CLOSE), EXCEPTIONS, &["already sent"]);
    let labels: Vec<bool> = server.taken().iter().map(|message| is_labelled(message)).collect();
    assert_eq!(labels, [false, true]);
}

/// Without TLS to the right server nothing is sent, least of all a password.
#[test]
#[ignore = "needs a mail server: .ci/smtp"]
fn without_tls_to_the_right_server_nothing_goes_out() {
    for (kind, tls, words) in [
        ("clear", "starttls", "does not offer STARTTLS"),
        ("clear", "tls", "InvalidContentType"),
        ("other-name", "starttls", "not valid for name \"localhost\""),
        ("injected", "starttls", "mail server localhost"),
    ] {
        let server = MailServer::start(kind, &["accept"]);
        let office = Office::open().with_mail_server(&server.settings(tls), PASSWORD);
        expect(&office.run(&CLOSE), FAILED, &["was not sent", words]);
        let commands = server.commands();
        assert!(!commands.contains("AUTH") && !commands.contains("MAIL"), "{kind}: {commands}");
        assert_eq!((server.taken().len(), office.outbox().len()), (0, 0), "{kind}");
    }
    // The system's authorities do not know this one.
    let server = MailServer::start("starttls", &["accept"]);
    let settings = server.settings("starttls");
    let settings: Vec<&str> = settings.lines().filter(|line| !line.starts_with("ca_file")).collect();
    let office = Office::open().with_mail_server(&settings.join("\n"), PASSWORD);
    expect(&office.run(&CLOSE), FAILED, &["was not sent", "UnknownIssuer"]);
    assert!(!server.commands().contains("AUTH"));
}

#[tokio::test]
#[ignore = "needs a mail server: .ci/smtp"]
async fn silence_has_an_end() {
    let server = MailServer::start("starttls", &["silent"]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("config")).unwrap();
    let secrets = folder.path().join("config/secrets.toml");
    std::fs::write(&secrets, format!("[smtp]\npassword = \"{PASSWORD}\"\n")).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&secrets, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let home = LocalBackend::open(folder.path(), Durability::Bulk).unwrap();
    let smtp = SmtpServer {
        host: "localhost".to_owned(),
        port: Some(server.port),
        tls: TlsMode::StartTls,
        username: Some(USER.to_owned()),
        ca_file: Some(server.authority()),
    };
    let mail = Mail {
        key: "2026-06-1-billing".to_owned(),
        attempt: 1,
        from: "Truecount <truecount@msp.example>".to_owned(),
        to: vec!["Anna <anna@msp.example>".to_owned()],
        // Whatever a message holds, it arrives as it is.
        raw: "Subject: x\r\n\r\n.\r\n..\r\nä\r\n.end\r\n".as_bytes().to_vec(),
    };
    let begun = Instant::now();
    let answer = home.smtp_mailer(smtp).within(Duration::from_secs(2)).send(&mail).await;
    assert!(
        matches!(&answer, Err(MailError::DeliveryUnknown(why)) if why.to_string().contains("within 2s")),
        "{answer:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(server.taken(), [mail.raw]);
    assert_eq!(server.envelope(), "truecount@msp.example\nanna@msp.example");
}

#[test]
fn without_a_mail_server_a_test_mail_stays_here_and_says_so() {
    let office = Office::open();
    let ended = office.run(&["mail", "test"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(ended.out, "billing (anna@msp.example, ben@msp.example): kept as outbox/test-1782849600-billing.eml\n");
    assert!(ended.err.contains("no [mail.smtp]: mail is not sent"), "{}", ended.err);
    let text = text_of(&office.outbox()[0].1);
    assert!(text.contains("mail to the recipient group \"billing\" is delivered"), "{text}");
    let wrong = office.run(&["mail", "test", "--to", "board"]);
    expect(
        &wrong,
        FAILED,
        &["there is no mail group `board`, and no group has that address; the settings have: `billing`"],
    );
}

#[test]
#[ignore = "needs a mail server: .ci/smtp"]
fn a_test_mail_says_what_became_of_it() {
    let server = MailServer::start("starttls", &["accept", "rcpt=ben@msp.example", "cut", "accept"]);
    let office = office(&server);
    let sent = office.run(&["mail", "test"]);
    expect(&sent, 0, &["Check the mailboxes"]);
    assert!(
        sent.out.contains("billing (anna@msp.example, ben@msp.example): sent (2.0.0 taken as 4711)"),
        "{}",
        sent.out
    );
    for (word, outcome) in [("NOT SENT: mail server localhost", "refuses the recipient"), ("UNKNOWN", "no answer")] {
        let failed = office.run_at("2026-06-30T21:00:00Z", &["mail", "test", "--to", "billing"]);
        expect(&failed, FAILED, &["1 of 1 test mails were not sent, or it is not known"]);
        assert!(failed.out.contains(word) && failed.out.contains(outcome), "{}", failed.out);
    }
    let answer = office.run_at("2026-06-30T22:00:00Z", &["mail", "test", "--json"]);
    expect(&answer, 0, &[]);
    assert!(answer.out.contains("\"outcome\": \"sent\""), "{}", answer.out);
    let text = text_of(&server.taken()[0]);
    assert!(text.starts_with("This is a test"), "{text}");
}

/// The failure is mailed through the same server once that accepts mail again; the closing itself stays due.
#[test]
#[ignore = "needs a mail server: .ci/smtp"]
fn a_daily_closing_whose_mail_is_refused_is_reported_and_repeated_the_next_day() {
    let server = MailServer::start("starttls", &["451", "accept"]);
    let office = office(&server).at("2026-06-26T06:00:00Z").with_files("2026-06-26");
    let daily = ["run", "--closing", "--when-due"];
    expect(&office.run(&daily), FAILED, &["was not sent", "about the failed closing: sent"]);
    let next = office.run_at("2026-06-27T06:00:00Z", &daily);
    expect(&next, EXCEPTIONS, &["is closed, and its mail was not sent to everyone", "Mail to `billing`: sent"]);
    expect(&office.run_at("2026-06-27T18:00:00Z", &daily), 0, &[]);
    let texts: Vec<String> = server.taken().iter().map(|message| text_of(message)).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].contains("did not finish") && texts[0].contains("451"), "{}", texts[0]);
    assert!(texts[1].contains("June 2026") && !texts[1].contains("did not finish"), "{}", texts[1]);
}

#[test]
#[ignore = "needs a mail server: .ci/smtp"]
fn doctor_tries_the_mail_server_without_a_mail() {
    let server = MailServer::start("starttls", &["accept", "password"]);
    let office = office(&server);
    let line = |ended: &Ended| {
        let found = ended.out.lines().find(|line| line.contains("mail server")).map(str::to_owned);
        found.unwrap_or_else(|| panic!("no line in {}{}", ended.out, ended.err))
    };
    assert_eq!(line(&office.run(&["doctor"])), "ok       mail server: accepts the sign-in, under TLS");
    let ended = office.run(&["doctor"]);
    expect(&ended, FAILED, &[]);
    assert!(line(&ended).starts_with("ERROR    mail server: mail server localhost:"), "{}", ended.out);
    assert!(line(&ended).contains("signing in was refused: 535"), "{}", ended.out);
    assert!(server.taken().is_empty());
    assert!(!server.commands().contains("MAIL FROM"), "{}", server.commands());
}
