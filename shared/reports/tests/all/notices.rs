//! The short mails around a closing, each kept whole as a snapshot.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use mail_parser::MessageParser;
use rust_decimal::Decimal;
use truecount_billing::{Currency, FetchFailure, FetchProblem, Measure, ReadReason, RefusedFile, SourceId};
use truecount_reconciliation::AccountRecord;
use truecount_reports::{
    AskedChange, ClosingReadiness, ClosingReminder, ClosingWaits, Counted, LastDayReview, LineChangeSince, Notice,
    ReadRevenue, ShortMailTo, UncountedProduct, UnmappedAccount, UnreadAccount, UnreadSource, notice_email,
};

const CLOSING: Date = date(2026, 6, 24);
const LATEST: Date = date(2026, 6, 26);

fn currency(code: &str) -> Currency {
    Currency::new(code).unwrap()
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn source(id: &str) -> SourceId {
    id.parse().unwrap()
}

fn fetch(problem: FetchProblem, detail: &str) -> ReadReason {
    let (step, detail) = ("devices".to_owned(), detail.to_owned());
    ReadReason::Fetch(FetchFailure { step, account: None, problem, status: Some(401), vendor_code: None, detail })
}

fn failed(failure: ReadReason) -> ReadReason {
    ReadReason::SyncFailed { as_of: CLOSING, failure: Box::new(failure) }
}

fn account(id: &str, name: &str, client: Option<&str>, reason: ReadReason) -> UnreadAccount {
    let (source, account_name) = (source("microsoft-graph"), name.to_owned());
    let account = AccountRecord { source, account_id: id.parse().unwrap(), account_name, in_file: false };
    UnreadAccount { account, client_name: client.map(str::to_owned), reason }
}

fn readiness() -> ClosingReadiness {
    let unread = |id: &str, in_file, reason| UnreadSource { source: source(id), in_file, reason };
    let refused = RefusedFile::of("backup-2026-06-23.csv", vec!["line 1: no column is named `item_id`".to_owned()]);
    let before = amount("40");
    ClosingReadiness {
        sources: vec![
            unread("ninjaone", false, failed(fetch(FetchProblem::CredentialRefused, "401: the key is revoked"))),
            unread("backup", true, failed(ReadReason::FilesRefused { files: vec![refused] })),
        ],
        accounts: Counted {
            first: vec![
                account("t1", "harbour.example", Some("Harbour Dental"), fetch(FetchProblem::NotAllowed, "403")),
                account(
                    "t2",
                    "Quiet Quay https://evil.example/",
                    None,
                    ReadReason::Dropped {
                        kind: "licence".to_owned(),
                        measure: Measure::Items,
                        before,
                        now: amount("3"),
                        as_of: CLOSING,
                    },
                ),
            ],
            more: 3,
        },
        revenue: BTreeMap::from([
            (currency("GBP"), ReadRevenue { compared: amount("41250"), read: amount("38939.99") }),
            (currency("USD"), ReadRevenue { compared: amount("900"), read: amount("900") }),
        ]),
    }
}

fn waits(readiness: ClosingReadiness) -> Notice {
    let (month, day) = ("2026-06".parse().unwrap(), CLOSING);
    Notice::NotReady(ClosingWaits { month, day, latest_day: LATEST, ready_percent: 95, readiness })
}

fn reminder(readiness: ClosingReadiness, is_quiet: bool) -> Notice {
    let gbp = |text: &str| BTreeMap::from([(currency("GBP"), amount(text))]);
    let unmapped = |name: &str, monthly_value| UnmappedAccount {
        source: source("ninjaone"),
        account_name: name.to_owned(),
        monthly_value,
    };
    let product = |code: &str, monthly_revenue| UncountedProduct { product: code.to_owned(), monthly_revenue };
    Notice::Reminder(ClosingReminder {
        month: "2026-06".parse().unwrap(),
        closing_day: CLOSING,
        latest_day: LATEST,
        readiness,
        older_files: if is_quiet { BTreeMap::new() } else { BTreeMap::from([(source("backup"), date(2026, 5, 27))]) },
        expiring: match is_quiet {
            true => BTreeMap::new(),
            false => BTreeMap::from([(source("graph"), date(2026, 7, 9)), (source("pax8"), date(2026, 6, 1))]),
        },
        day: date(2026, 6, 22),
        unmapped: match is_quiet {
            true => Counted::default(),
            false => Counted::of([unmapped("Elm Accountants", gbp("312.5")), unmapped("new-org-7", gbp("0"))], 1),
        },
        uncounted: match is_quiet {
            true => Counted::default(),
            false => Counted::of([product("FW-MGMT", gbp("1240")), product("DOMAIN", BTreeMap::new())], 9),
        },
    })
}

fn change(client: &str, from: &str, to: &str, impact: Option<&str>) -> AskedChange {
    AskedChange {
        client_name: client.to_owned(),
        service: "MNG-WKS".to_owned(),
        from: amount(from),
        to: amount(to),
        monthly_impact: impact.map(|impact| (currency("GBP"), amount(impact))),
    }
}

fn last_day(read_on: Option<Date>) -> Notice {
    let since = |from: Option<&str>, to: Option<&str>| LineChangeSince {
        client_name: "Larch Ltd".to_owned(),
        product: "EDR-AGT".to_owned(),
        from: from.map(amount),
        to: to.map(amount),
        by: if from.is_some() && to.is_some() { vec!["kim".to_owned(), "syncbot".to_owned()] } else { Vec::new() },
    };
    let is_read = read_on.is_some();
    Notice::LastDay(LastDayReview {
        month: "2026-06".parse().unwrap(),
        invoice_date: date(2026, 7, 1),
        closed_on: CLOSING,
        read_on,
        done: Counted::of([change("Harbour Dental", "12", "14", Some("65"))].into_iter().filter(|_| is_read), 9),
        open: Counted::of(
            [change("Quiet Quay https://evil.example/", "9", "4.5", Some("-146.25")), change("Elm", "0", "3", None)]
                .into_iter()
                .filter(|_| is_read),
            1,
        ),
        unknown: Counted::default(),
        unread: ClosingReadiness::default(),
        otherwise: Counted::of([change("Oak", "4", "6", Some("65"))].into_iter().filter(|_| is_read), 9),
        since: Counted::of(
            [since(Some("44"), Some("50")), since(None, Some("2")), since(Some("1"), None)]
                .into_iter()
                .filter(|_| is_read),
            9,
        ),
    })
}

fn mail(notice: &Notice, attempt: u8) -> (String, String, String) {
    let to = ["clerk@msp.example".to_owned()];
    let (from, group, options) = ("t@msp.example", "billing", "");
    let mail_to = |attempt| ShortMailTo { from, to: &to, group, attempt, options };
    let message = |attempt| notice_email(notice, Timestamp::UNIX_EPOCH, &mail_to(attempt)).unwrap();
    let raw = message(attempt);
    assert_eq!(raw, message(attempt), "the same bytes");
    let mail = MessageParser::default().parse(&raw).unwrap();
    let (text, html) = (mail.body_text(0).unwrap().into_owned(), mail.body_html(0).unwrap().into_owned());
    for part in [&text, &html] {
        assert!(!part.contains("https://"), "nothing of others can be clicked: {part}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    (mail.subject().unwrap().to_owned(), text, html)
}

fn shown(notice: &Notice) -> String {
    let (subject, text, _) = mail(notice, 1);
    format!("{subject}\n\n{text}")
}

#[test]
fn what_a_closing_waits_for() {
    insta::assert_snapshot!(shown(&waits(readiness())));
}

/// Last month's file is not too old, and not this month's.
#[test]
fn a_closing_that_waits_for_what_was_not_delivered_since_the_last_one() {
    let late = |id: &str, in_file| {
        let (closing, as_of) = ("2026-05".parse().unwrap(), date(2026, 5, 25));
        UnreadSource { source: source(id), in_file, reason: ReadReason::NotSinceClosing { closing, as_of } }
    };
    let of = |sources| ClosingReadiness { sources, ..ClosingReadiness::default() };
    let file = of(vec![late("backup", true)]);
    assert_eq!(
        file.missing(95).unwrap(),
        "`backup` was not delivered since the closing of May 2026, last read on 25 May 2026"
    );
    insta::assert_snapshot!(shown(&waits(file)));
    for (sources, expected) in [
        (vec![late("backup", true), late("ninjaone", false)], "backup, ninjaone were not read since the last closing"),
        (vec![late("backup", true), readiness().sources.remove(0)], "backup, ninjaone were not read completely"),
    ] {
        let subject = waits(of(sources)).subject();
        assert!(subject.ends_with(expected), "{subject}");
    }
}

/// Without a source that failed it is the revenue of single accounts that is missing.
#[test]
fn a_closing_that_waits_for_accounts() {
    insta::assert_snapshot!(shown(&waits(ClosingReadiness { sources: Vec::new(), ..readiness() })));
}

#[test]
fn a_reminder() {
    insta::assert_snapshot!(shown(&reminder(readiness(), false)));
    insta::assert_snapshot!(shown(&reminder(ClosingReadiness::default(), true)));
}

#[test]
fn the_last_working_day() {
    insta::assert_snapshot!(shown(&last_day(Some(date(2026, 6, 30)))));
    insta::assert_snapshot!(shown(&last_day(None)));
}

#[test]
fn the_last_working_day_of_a_psa_that_was_not_read_completely() {
    let Notice::LastDay(review) = last_day(Some(date(2026, 6, 30))) else { panic!() };
    let reason = fetch(FetchProblem::NotAllowed, "403");
    let client = account("19", "Larch Ltd", None, reason);
    let unread = ClosingReadiness {
        accounts: Counted::of([UnreadAccount { client_name: Some("Larch Ltd".to_owned()), ..client }], 9),
        ..ClosingReadiness::default()
    };
    let unknown = Counted::of([change("Larch Ltd", "5", "7", Some("65"))], 9);
    let of = |review| shown(&Notice::LastDay(review));
    insta::assert_snapshot!(of(LastDayReview { unread: unread.clone(), unknown: unknown.clone(), ..review.clone() }));
    let (open, otherwise) = (Counted::default(), Counted::default());
    let subject = of(LastDayReview { unread, unknown, open, otherwise, ..review });
    assert!(subject.starts_with("Truecount June 2026: invoices on 1 July 2026: 1 change not known\n"), "{subject}");
}

#[test]
fn html_of_what_a_closing_waits_for() {
    insta::assert_snapshot!(mail(&waits(readiness()), 1).2);
}

#[test]
fn a_repeat_says_that_it_may_be_one() {
    let (subject, text, html) = mail(&waits(readiness()), 2);
    assert!(subject.starts_with("Possible repeat: "), "{subject}");
    assert!(text.contains("repeat") && html.contains("repeat"), "{text}");
}

/// Who reads a stack's mail copies its commands.
#[test]
fn each_command_names_the_stack() {
    let to = ["clerk@msp.example".to_owned()];
    let mail = ShortMailTo { from: "t@msp.example", to: &to, group: "billing", attempt: 1, options: " --stack prod" };
    let notices = [waits(readiness()), reminder(readiness(), false), last_day(Some(date(2026, 6, 30)))];
    for notice in notices {
        let raw = notice_email(&notice, Timestamp::UNIX_EPOCH, &mail).unwrap();
        let message = MessageParser::default().parse(&raw).unwrap();
        for part in [message.body_text(0).unwrap(), message.body_html(0).unwrap()] {
            let flowing = part.split_whitespace().collect::<Vec<_>>().join(" ");
            let commands = flowing.matches("truecount ").count();
            assert_eq!(flowing.matches(" --stack prod").count(), commands, "{flowing}");
            assert!(commands > 0, "{flowing}");
        }
    }
}

/// A function hands them on to another as JSON.
#[test]
fn they_read_back_from_json() {
    for notice in [waits(readiness()), reminder(readiness(), false), last_day(Some(LATEST))] {
        let json = serde_json::to_string(&notice).unwrap();
        assert_eq!(serde_json::from_str::<Notice>(&json).unwrap(), notice, "{json}");
    }
}

#[test]
fn a_month_is_ready_when_each_currency_reaches_the_share() {
    let of = |compared: &str, read: &str| ReadRevenue { compared: amount(compared), read: amount(read) };
    let ready = |revenue: &[(&str, ReadRevenue)]| {
        let revenue = revenue.iter().map(|(code, revenue)| (currency(code), *revenue)).collect();
        ClosingReadiness { revenue, ..ClosingReadiness::default() }.is_ready(95)
    };
    assert!(ready(&[]) && ready(&[("GBP", of("0", "0"))]), "nothing was compared, nothing is missing");
    assert!(ready(&[("GBP", of("100", "95"))]));
    assert!(!ready(&[("GBP", of("100", "94.99"))]));
    assert!(!ready(&[("GBP", of("100", "100")), ("USD", of("10", "9"))]), "currencies are never added");
    assert!(
        !ready(&[("GBP", of("79228162514264337593543950335", "79228162514264337593543950335"))]),
        "too many digits"
    );
    let unread = ClosingReadiness { accounts: Counted::default(), revenue: BTreeMap::new(), ..readiness() };
    assert!(!unread.is_ready(1), "a source is missing, whatever the share");
    assert_eq!(ClosingReadiness::default().missing(95), None);
    let missing = readiness().missing(95).unwrap();
    assert!(missing.starts_with("`ninjaone` was not read completely (the sync of 2026-06-24: "), "{missing}");
    let share = "94 % of what the last closing compared in GBP was read completely, and 95 % are waited for";
    let accounts = "; not read completely: `microsoft-graph` harbour.example, `microsoft-graph` Quiet Quay https://evil.example/ and 3 more";
    assert!(missing.ends_with(&format!("{share}{accounts}")), "{missing}");
}
