//! The files and the mail of invented months, each kept whole as a snapshot.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::io::Cursor;

use crate::invented::{self, Sample};
use mail_parser::{Message, MessageParser, MimeHeaders};
use truecount_billing::{ClientId, ReadState, SourceId};
use truecount_reconciliation::{RevenueCoverage, SetupFinding, SourceRecord};
use truecount_reports::{
    ATTACHMENT_BYTES_MAX, AccountManager, EXCEPTIONS_CSV, MailContent, Oversight, REPORT_XLSX, ReportFile, ReportMail,
    RunReport, email, manifest, run_json, text_summary,
};
use truecount_tabular::{Caps, RowReader as _, workbook::Workbook};

fn sheet(sample: &Sample, name: &str, lines_max: usize) -> String {
    let text = String::from_utf8(sample.file(name)).unwrap();
    let rows = text.strip_prefix('\u{FEFF}').unwrap().split_terminator("\r\n");
    rows.take(lines_max).collect::<Vec<_>>().join("\n")
}

fn text_of(sample: &Sample) -> String {
    text_summary(&sample.report())
}

fn mail(sample: &Sample, attempt: u8, exceptions_csv: &[u8]) -> Vec<u8> {
    mail_of(&sample.report(), attempt, exceptions_csv, &[])
}

fn mail_of(report: &RunReport<'_>, attempt: u8, exceptions_csv: &[u8], report_xlsx: &[u8]) -> Vec<u8> {
    let file = |name, bytes: &[u8]| ReportFile { name, bytes: bytes.to_vec() };
    let files = [file(EXCEPTIONS_CSV, exceptions_csv), file(REPORT_XLSX, report_xlsx)];
    let settings = ReportMail {
        from: "Truecount <billing@hollybank.example>".into(),
        to: vec!["Ada Holly <ada@hollybank.example>".into(), "clerk@hollybank.example".into()],
        attempt,
        files: &files,
        ..invented::mail_settings()
    };
    email(report, &settings).unwrap()
}

fn parsed(raw: &[u8]) -> Message<'_> {
    MessageParser::default().parse(raw).unwrap()
}

#[test]
fn exceptions() {
    insta::assert_snapshot!(sheet(&invented::month(), "exceptions.csv", 40));
}

#[test]
fn lines() {
    insta::assert_snapshot!(sheet(&invented::month(), "lines.csv", 12));
}

#[test]
fn coverage() {
    let mut sample = invented::nothing_compared();
    sample.sources[1].receipt = Some(invented::receipt());
    let revenue = |compared: &str, flat: &str| RevenueCoverage {
        compared: invented::decimal(compared),
        flat: invented::decimal(flat),
        ..RevenueCoverage::default()
    };
    sample.portfolio.coverage.insert(invented::currency("EUR"), revenue("990.5", "0"));
    sample.portfolio.coverage.insert(invented::currency("AUD"), revenue("0", "12"));
    insta::assert_snapshot!(sheet(&sample, "coverage.csv", 40));
    let without_psa = Sample { sources: sample.sources.split_off(1), ..sample };
    assert!(!sheet(&without_psa, "coverage.csv", 40).contains("EUR"), "revenue stands beside what was agreed");
}

#[test]
fn the_summary_names_unknown_words_and_totals_that_do_not_agree() {
    let mut sample = invented::month();
    let text = text_of(&sample);
    assert!(!text.contains("SOURCES"), "{text}");
    sample.sources[2].receipt = Some(invented::receipt());
    let text = text_of(&sample);
    let line = text.lines().find(|line| line.starts_with("SOURCES")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("ninjaone: unknown words: approvalStatus `ON_HOLD` 2 (1 more note"), "{text}");
    sample.sources[2].receipt.as_mut().unwrap().unknown_words.clear();
    let text = text_of(&sample);
    assert!(text.contains("SOURCES  ninjaone: the vendor's totals of devices: differed 1; refused 2\n"), "{text}");
}

#[test]
fn setup() {
    insta::assert_snapshot!(sheet(&invented::month(), "setup.csv", 40));
}

#[test]
fn mapping_suggestions() {
    insta::assert_snapshot!(sheet(&invented::month(), "mapping-suggestions.csv", 40));
}

/// A month with the findings of the small worlds about agreements by themselves.
fn month_with_agreement_findings() -> Sample {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases");
    let folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let is_review = |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("review-");
    let mut folders: Vec<_> = folders.filter(is_review).collect();
    folders.sort();
    let findings = folders
        .iter()
        .flat_map(|folder| truecount_check::World::read_folder(folder).unwrap().agreement_findings().unwrap());
    Sample { agreement_findings: findings.collect(), ..invented::month() }
}

#[test]
fn agreement_findings() {
    insta::assert_snapshot!(sheet(&month_with_agreement_findings(), "agreement_findings.csv", 40));
}

#[test]
fn a_summary_shows_the_largest_agreement_findings() {
    let sample = month_with_agreement_findings();
    let text = text_of(&sample);
    let (_, from) = text.split_once("IN THE PSA ITSELF").unwrap();
    insta::assert_snapshot!(from.split_once("\n\n").unwrap().0);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let html = String::from_utf8_lossy(&mail(&sample, 1, b"")).into_owned();
    assert!(html.contains("In the PSA itself: "), "{html}");
    assert!(!text_of(&invented::month()).contains("PSA ITSELF"));
    let run = String::from_utf8(run_json(&sample.report()).unwrap().bytes).unwrap();
    let (_, totals) = run.split_once("\"agreement_findings\"").unwrap();
    insta::assert_snapshot!(totals);
}

#[test]
fn run_json_says_everything_but_the_clients_with_decimals_as_text() {
    let sample = invented::month();
    let run = String::from_utf8(run_json(&sample.report()).unwrap().bytes).unwrap();
    insta::assert_snapshot!(run);
    assert!(!run.contains("Hartwell"), "{run}");
}

#[test]
fn manifest_names_each_input_and_output_by_its_hash() {
    let sample = invented::month();
    let names: Vec<_> = sample.files().iter().map(|file| file.name).collect();
    let expected = [
        "exceptions.csv",
        "changes.csv",
        "closed.csv",
        "coverage.csv",
        "setup.csv",
        "agreement_findings.csv",
        "mapping-suggestions.csv",
        "run.json",
        "lines.csv",
        "report.xlsx",
    ];
    assert_eq!(names, expected);
    let known = truecount_reports::ReportFile { name: "abc", bytes: b"abc".to_vec() };
    let kept = manifest(&sample.header, &[known], Vec::new()).unwrap();
    insta::assert_snapshot!(String::from_utf8(kept.bytes).unwrap());
}

#[test]
fn sheets_name_who_looks_after_the_client_and_what_needs_approval() {
    let mut sample = invented::month();
    let kim = AccountManager { name: "Kim".to_owned(), clients: vec!["*".to_owned()] };
    sample.header.oversight = Oversight { account_managers: vec![kim], approval_above: Some(invented::decimal("50")) };
    for name in ["exceptions.csv", "changes.csv"] {
        let bytes = sample.file(name);
        let mut rows = csv::Reader::from_reader(bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap());
        let head = rows.headers().unwrap().clone();
        let at = |column: &str| head.iter().position(|one| one == column).unwrap();
        let told: Vec<_> = (rows.records().map(Result::unwrap))
            .filter(|row| !row[at("client_id")].is_empty())
            .map(|row| (row[at("account_manager")].to_owned(), row[at("approval_needed")].to_owned()))
            .collect();
        assert!(!told.is_empty() && told.iter().all(|(manager, _)| manager == "Kim"), "{name}: {told:?}");
        let needed = told.iter().filter(|(_, needed)| needed == "yes").count();
        assert!(needed > 0 && needed < told.len(), "{name}: {told:?}");
    }
}

#[test]
fn a_mail_can_list_entries_from_a_value_on() {
    let sample = invented::month();
    let report = sample.report();
    let text = |entries_from: Option<&str>| {
        let settings = ReportMail {
            content: MailContent::Summary,
            entries_from: entries_from.map(invented::decimal),
            ..invented::mail_settings()
        };
        parsed(&email(&report, &settings).unwrap()).body_text(0).unwrap().into_owned()
    };
    let title = |text: &str| text.lines().find(|line| line.contains("BY MONTHLY VALUE")).map(str::to_owned);
    insta::assert_debug_snapshot!([None, Some("50"), Some("1000000")].map(|least| title(&text(least))));
}

/// Other programs read these files: a later version may add columns, and renames none.
#[test]
fn columns_have_their_final_names() {
    let columns = |name| sheet(&invented::month(), name, 1).replace(',', ", ");
    assert_eq!(
        columns("coverage.csv"),
        "source, side, state, reason, as_of, accounts, accounts_incomplete, rows_read, rows_used, rows_looked_up, \
         rows_left_out, left_out_reasons, unknown_words, revenue_compared, revenue_flat, revenue_not_reconciled, \
         currency, run_id, month"
    );
}

#[test]
fn text_of_each_kind_of_month() {
    let mut draft = invented::month();
    draft.header.closing = None;
    let mut replacing = invented::month();
    replacing.header.closing = Some(2);
    replacing.header.replaces = Some("2026-06-closing-1-7f3c9a".into());
    let months = [
        ("usual", invented::month()),
        ("draft", draft),
        ("second closing run", replacing),
        ("clean", invented::clean()),
        ("nothing compared", invented::nothing_compared()),
        ("many currencies", invented::many_currencies()),
        ("no prices", invented::no_prices()),
        ("before mapping", invented::worlds::before_mapping()),
        ("failed source", invented::worlds::failed_source()),
    ];
    let mut shown = String::new();
    for (name, sample) in &months {
        let text = text_of(sample);
        let lines = text.lines().count();
        assert!(lines <= if *name == "many currencies" { 100 } else { 86 }, "{name} has {lines} lines");
        let wide = text.lines().find(|line| line.chars().count() > 80 && !line.starts_with("FILES"));
        assert_eq!(wide, None, "{name}");
        let raw = mail(sample, 1, b"");
        let is_whole = ["usual", "before mapping", "failed source"].contains(name);
        let most = if is_whole { 100 } else { 18 };
        let text: Vec<_> = text.lines().take(most).collect();
        shown.push_str(&format!("=== {name}\nSubject: {}\n\n{}\n\n", parsed(&raw).subject().unwrap(), text.join("\n")));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn html_of_a_usual_month() {
    let raw = mail(&invented::month(), 1, b"");
    insta::assert_snapshot!(parsed(&raw).body_html(0).unwrap());
}

#[test]
fn the_whole_message() {
    let raw = mail(&invented::clean(), 1, b"\xEF\xBB\xBFa,b\r\n1,2\r\n");
    insta::assert_snapshot!(String::from_utf8(raw).unwrap().replace("\r\n", "\n"));
}

#[test]
fn the_same_run_has_the_same_bytes() {
    let one = std::thread::spawn(|| (invented::month().files(), mail(&invented::month(), 1, b"x")));
    let (first_files, first_mail) = one.join().unwrap();
    assert_eq!(first_files, invented::month().files());
    assert_eq!(first_mail, mail(&invented::month(), 1, b"x"));
}

#[test]
fn files_do_not_depend_on_where_they_are_stored() {
    let mut elsewhere = invented::month();
    elsewhere.header.archive_place = "/srv/truecount/reports/2026-06/".into();
    assert_eq!(elsewhere.files(), invented::month().files());
}

#[test]
fn a_repeat_says_that_it_may_be_one() {
    let (first, repeat) = (mail(&invented::month(), 1, b""), mail(&invented::month(), 2, b""));
    let (first, repeat) = (parsed(&first), parsed(&repeat));
    assert_eq!(repeat.subject().unwrap(), format!("Possible repeat: {}", first.subject().unwrap()));
    assert_ne!(repeat.message_id(), first.message_id());
    for body in [repeat.body_text(0).unwrap(), repeat.body_html(0).unwrap()] {
        assert!(body.contains("This mail may be a repeat"), "{body}");
    }
    assert!(repeat.body_text(0).unwrap().starts_with("This mail may be a repeat"));
    assert!(!first.body_text(0).unwrap().contains("repeat"));
}

#[test]
fn what_people_work_with_is_attached_unless_it_is_too_large() {
    let sample = invented::month();
    let (exceptions, book) = (sample.file("exceptions.csv"), sample.file("report.xlsx"));
    let large = vec![0xFF; ATTACHMENT_BYTES_MAX];
    let larger = vec![0xFF; ATTACHMENT_BYTES_MAX + 1];
    let both = ["report.xlsx", "exceptions.csv"];
    for (exceptions, book, attached, told) in [
        (&exceptions, &book, &both[..], "report.xlsx, the sheets to work in, and exceptions.csv are attached"),
        (
            &exceptions,
            &large,
            &both[..],
            "all comparisons and items, which are too large for a mail, are in the report.xlsx of the run",
        ),
        (&large, &Vec::new(), &both[..], "and exceptions.csv are attached"),
        (&large, &book, &both[1..], "exceptions.csv is attached; report.xlsx is too large"),
        (&larger, &book, &[][..], "exceptions.csv is too large to attach"),
    ] {
        let raw = mail_of(&sample.report(), 1, exceptions, book);
        assert!(raw.len() < 7_000_000, "{}", raw.len());
        let message = parsed(&raw);
        let names: Vec<_> = message.attachments().filter_map(MimeHeaders::attachment_name).collect();
        assert_eq!(names, attached);
        for part in message.attachments() {
            let is_book = part.attachment_name() == Some("report.xlsx");
            // What is no text is not read back as it was.
            assert!(
                part.contents() == if is_book { &book[..] } else { &exceptions[..] }
                    || is_book && book.len() >= large.len() && part.contents().starts_with(b"PK")
                    || exceptions.len() >= large.len()
            );
        }
        let flowing = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (text, html) = (flowing(&message.body_text(0).unwrap()), flowing(&message.body_html(0).unwrap()));
        assert!(text.contains(told) && html.contains(told), "{text}");
    }
}

#[test]
fn a_sheet_that_ends_tells_what_has_the_rest() {
    let mut sample = invented::large::many(1, 20_003);
    sample.clients[0].rows.truncate(1);
    let book = sample.added_up().file("report.xlsx");
    let book = Workbook::open(Cursor::new(&book), &Caps::default()).unwrap();
    let (mut sheet, mut read, mut last) = (book.sheet("Items").unwrap(), 0, String::new());
    while let Some(row) = sheet.next_row().unwrap() {
        (read, last) = (read + 1, row.cell(0).text.to_owned());
    }
    assert_eq!(read, 1 + 20_000 + 1);
    assert_eq!(last, "and 3 more rows: outcomes.jsonl.gz has all");
}

#[test]
fn the_mail_of_a_huge_month_stays_short() {
    let mut sample = invented::month();
    let long = "Ärzte & Co ".repeat(400);
    let unread = sample.portfolio.sources[0].clone();
    let differing: Vec<_> = sample.clients.iter().filter(|client| client.client_name.len() > 20).cloned().collect();
    sample.clients = (0..10_000)
        .zip(differing.iter().cycle())
        .map(|(at, client)| {
            let mut client = client.clone();
            client.client_id = ClientId::new(format!("C-{at}")).unwrap();
            client.client_name.clone_from(&long);
            client
        })
        .collect();
    for at in 0..200 {
        let id = format!("source-{at}");
        sample.sources.push(invented::read(&id, ReadState::Failed(invented::because(&long)), 48));
        sample.portfolio.sources.push(SourceRecord { source: SourceId::new(id).unwrap(), ..unread.clone() });
        sample.portfolio.unmapped.push(invented::account(&format!("source-{at}"), &long));
        sample.setup.push(SetupFinding { message: long.clone(), ..sample.setup[0].clone() });
    }
    let report = sample.report();
    assert!(report.exceptions.len() > 10_000, "{}", report.exceptions.len());
    let raw = mail_of(&report, 1, b"", b"");
    assert!(raw.len() < 60_000, "{} bytes", raw.len());
    let text = parsed(&raw).body_text(0).unwrap().into_owned();
    assert!(text.lines().count() < 130, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn invalid_addresses_are_refused() {
    let sample = invented::month();
    let report = sample.report();
    let settings = |from: &str, to: &[&str]| ReportMail {
        from: from.into(),
        to: to.iter().map(|&address| address.into()).collect(),
        ..invented::mail_settings()
    };
    let refusal = |settings: &ReportMail<'_>| match email(&report, settings) {
        Ok(_) => format!("{:?} was taken", (&settings.from, &settings.to)),
        Err(error) => error.to_string(),
    };
    let good = "a@b.example";
    for bad in [
        "",
        "nobody",
        "@b.example",
        "a@",
        "a b@c.example",
        "a@b.example\r\nBcc: x@y.example",
        "a@b.example,x@y.example",
        "A\r\nBcc: x@y.example <a@b.example>",
        "A\u{202E} <a@b.example>",
        "ä@b.example",
        "a@bücher.example",
        "a@b.example>",
        "<a@b.example",
        "a@b.example (x)",
        "a@-b.example",
        "a@b..example",
    ] {
        let from = refusal(&settings(bad, &[good]));
        let to = refusal(&settings(good, &[good, bad]));
        assert_eq!(from, to);
        assert!(from.contains("is not a valid mail address"), "{from}");
        assert!(!from.contains(['\r', '\n', '\u{202E}']), "{from:?}");
    }
    let nobody = refusal(&settings(good, &[]));
    assert_eq!(nobody, "recipient group `billing` is empty; add at least one address to it");
    for fine in ["a@b.example", "<a@b.example>", "Ärzte, \"Büro\" <a.b+c@b-c.example>", " A <a@b.example> "] {
        let raw = email(&report, &settings(fine, &[fine])).unwrap();
        let message = parsed(&raw);
        let sender = message.from().unwrap().first().unwrap();
        assert!(sender.address().unwrap().ends_with(".example"), "{fine}");
        assert_eq!(message.to().unwrap().iter().count(), 1, "{fine}");
    }
}
