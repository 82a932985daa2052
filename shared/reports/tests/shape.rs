//! The files and the mail of invented months, each kept whole as a snapshot.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod invented;

use invented::Sample;
use mail_parser::{Message, MessageParser, MimeHeaders};
use truecount_reports::{ATTACHMENT_BYTES_MAX, ReportMail, Sheet, email, files, manifest, text_summary};

fn sheet(sample: &Sample, sheet: Sheet, lines_max: usize) -> String {
    let mut bytes = Vec::new();
    sheet.write(&sample.input(), &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let rows = text.strip_prefix('\u{FEFF}').unwrap().split_terminator("\r\n");
    rows.take(lines_max).collect::<Vec<_>>().join("\n")
}

fn mail(sample: &Sample, attempt: u8, exceptions_csv: &[u8]) -> Vec<u8> {
    let settings = ReportMail {
        from: "Truecount <billing@hollybank.example>".into(),
        to: vec!["Ada Holly <ada@hollybank.example>".into(), "clerk@hollybank.example".into()],
        group: "billing".into(),
        attempt,
        exceptions_csv,
    };
    email(&sample.input(), &settings).unwrap()
}

fn parsed(raw: &[u8]) -> Message<'_> {
    MessageParser::default().parse(raw).unwrap()
}

#[test]
fn exceptions() {
    insta::assert_snapshot!(sheet(&invented::month(), Sheet::Exceptions, 40));
}

#[test]
fn lines() {
    insta::assert_snapshot!(sheet(&invented::month(), Sheet::Lines, 12));
}

#[test]
fn coverage() {
    let mut sample = invented::nothing_compared();
    sample.reconciliation.coverage[0].receipt = Some(invented::receipt());
    insta::assert_snapshot!(sheet(&sample, Sheet::Coverage, 40));
}

#[test]
fn the_summary_names_unknown_words_and_totals_that_do_not_agree() {
    let mut sample = invented::month();
    let text = truecount_reports::text_summary(&sample.input());
    assert!(!text.contains("SOURCES"), "{text}");
    sample.reconciliation.coverage[2].receipt = Some(invented::receipt());
    let text = truecount_reports::text_summary(&sample.input());
    let line = text.lines().find(|line| line.starts_with("SOURCES")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("ninjaone: unknown words: approvalStatus `ON_HOLD` 2 (1 more note"), "{line}");
    sample.reconciliation.coverage[2].receipt.as_mut().unwrap().unknown_words.clear();
    let text = truecount_reports::text_summary(&sample.input());
    assert!(text.contains("SOURCES  ninjaone: the vendor's totals of devices: differed 1; refused 2\n"), "{text}");
}

#[test]
fn setup() {
    insta::assert_snapshot!(sheet(&invented::month(), Sheet::Setup, 40));
}

#[test]
fn mapping_suggestions() {
    insta::assert_snapshot!(sheet(&invented::month(), Sheet::MappingSuggestions, 40));
}

#[test]
fn run_json_says_everything_with_decimals_as_text() {
    let mut sample = invented::month();
    sample.reconciliation.findings.truncate(1);
    sample.reconciliation.comparisons.truncate(1);
    let run = truecount_reports::run_json(&sample.input()).unwrap();
    insta::assert_snapshot!(String::from_utf8(run.bytes).unwrap());
}

#[test]
fn manifest_names_each_input_and_output_by_its_hash() {
    let sample = invented::month();
    let outputs = files(&sample.input()).unwrap();
    let names: Vec<_> = outputs.iter().map(|file| file.name).collect();
    let expected = ["exceptions.csv", "lines.csv", "coverage.csv", "setup.csv", "mapping-suggestions.csv", "run.json"];
    assert_eq!(names, expected);
    let known = truecount_reports::ReportFile { name: "abc", bytes: b"abc".to_vec() };
    let kept = manifest(&sample.input(), &[known]).unwrap();
    insta::assert_snapshot!(String::from_utf8(kept.bytes).unwrap());
}

/// Other programs read these files: a later version may add columns, and renames none.
#[test]
fn columns_have_their_final_names() {
    let columns = |sheet_wanted| sheet(&invented::month(), sheet_wanted, 1).replace(',', ", ");
    assert_eq!(
        columns(Sheet::Lines),
        "client, agreement, product, service, result, counted, at_least, at_most, billed, should_bill, variance, \
         to_correct, left_alone, direction, unit_price, monthly_impact, currency, value_basis, confidence, doubts, \
         items, since, counted_on, service_period, next_invoice_date, reason, source, counted_gross, explained, \
         client_id, agreement_id, line_ids, product_code, run_id, month"
    );
    assert_eq!(
        columns(Sheet::Exceptions),
        "number, client, agreement, product, kind, counted, billed, should_bill, variance, unit_price, \
         monthly_impact, currency, value_basis, next_step, owner, items_in, items_out, since, confidence, doubts, \
         reason, next_invoice_date, effective_date, counted_on, source, account, action, quantity, note, \
         exception_id, client_id, agreement_id, line_ids, product_code, account_id, run_id, month"
    );
    assert_eq!(
        columns(Sheet::Coverage),
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
    ];
    let mut shown = String::new();
    for (name, sample) in &months {
        let text = text_summary(&sample.input());
        let lines = text.lines().count();
        assert!(lines <= 44, "{name} has {lines} lines");
        let raw = mail(sample, 1, b"");
        let most = if *name == "usual" { 100 } else { 14 };
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
    let one = std::thread::spawn(|| (files(&invented::month().input()).unwrap(), mail(&invented::month(), 1, b"x")));
    let (first_files, first_mail) = one.join().unwrap();
    assert_eq!(first_files, files(&invented::month().input()).unwrap());
    assert_eq!(first_mail, mail(&invented::month(), 1, b"x"));
}

#[test]
fn files_do_not_depend_on_where_they_are_stored() {
    let mut elsewhere = invented::month();
    elsewhere.header.archive_place = "/srv/truecount/reports/2026-06/".into();
    assert_eq!(files(&elsewhere.input()).unwrap(), files(&invented::month().input()).unwrap());
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
fn exceptions_csv_is_attached_unless_it_is_too_large() {
    let sample = invented::month();
    let exceptions = files(&sample.input()).unwrap().swap_remove(0).bytes;
    let raw = mail(&sample, 1, &exceptions);
    let message = parsed(&raw);
    let attached = message.attachment(0).unwrap();
    assert_eq!((attached.attachment_name(), attached.contents()), (Some("exceptions.csv"), &exceptions[..]));
    assert!(message.body_text(0).unwrap().contains("exceptions.csv is attached"));

    let raw = mail(&sample, 1, &vec![b'x'; ATTACHMENT_BYTES_MAX + 1]);
    assert!(raw.len() < 100_000);
    let message = parsed(&raw);
    assert_eq!(message.attachment_count(), 0);
    assert!(message.body_html(0).unwrap().contains("exceptions.csv is too large to attach"));

    let raw = mail(&sample, 1, &vec![0xFF; ATTACHMENT_BYTES_MAX]);
    assert!(raw.len() < 7_000_000, "{}", raw.len());
}

#[test]
fn the_mail_of_a_huge_month_stays_short() {
    let mut sample = invented::month();
    let reconciliation = &mut sample.reconciliation;
    let long = "Ärzte & Co ".repeat(400);
    for finding in &mut reconciliation.findings {
        finding.client_name.clone_from(&long);
        finding.reason.clone_from(&long);
    }
    reconciliation.findings = reconciliation.findings.iter().cycle().take(20_000).cloned().collect();
    reconciliation.coverage = (0..200)
        .map(|at| {
            invented::read(
                &format!("source-{at}"),
                truecount_billing::ReadState::Failed(invented::because(&long)),
                48,
                3,
            )
        })
        .collect();
    let raw = mail(&sample, 1, b"");
    assert!(raw.len() < 60_000, "{} bytes", raw.len());
    assert!(parsed(&raw).body_text(0).unwrap().lines().count() < 60);
}

#[test]
fn invalid_addresses_are_refused() {
    let sample = invented::month();
    let settings = |from: &str, to: &[&str]| ReportMail {
        from: from.into(),
        to: to.iter().map(|&address| address.into()).collect(),
        group: "billing".into(),
        attempt: 1,
        exceptions_csv: b"",
    };
    let refusal = |settings: &ReportMail<'_>| match email(&sample.input(), settings) {
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
        let raw = email(&sample.input(), &settings(fine, &[fine])).unwrap();
        let message = parsed(&raw);
        let sender = message.from().unwrap().first().unwrap();
        assert!(sender.address().unwrap().ends_with(".example"), "{fine}");
        assert_eq!(message.to().unwrap().iter().count(), 1, "{fine}");
    }
}
