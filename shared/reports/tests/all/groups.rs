//! What a mail group of some clients gets, in random small worlds: nothing of a client that is not the group's.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeSet;
use std::io::Cursor;

use truecount_check::World;
use truecount_reconciliation::OutcomeLine;
use truecount_reports::{
    GroupPart, GroupScope, MailContent, REPORT_XLSX, ReportError, ReportFile, ReportMail, email, files, run_json,
};
use truecount_tabular::workbook::Workbook;
use truecount_tabular::{Caps, RowReader as _};

use crate::invented;
use crate::tenants::{Dice, OWN, RULES, random_world};

/// How many random mixes are looked at; `TRUECOUNT_WORLDS` asks for more.
const MIXES: u64 = 150;

/// What the group of these clients gets: the text of its mail and of each file, in small letters.
fn sent(lines: &[OutcomeLine], clients: &[String], content: MailContent) -> Vec<(String, String)> {
    let OutcomeLine::Portfolio(portfolio) = &lines[0] else { panic!("{:?}", lines[0]) };
    let (header, currencies) = (invented::header(), BTreeSet::new());
    let read = || lines.iter().cloned().map(Ok::<_, ReportError>);
    let part = GroupPart::of(portfolio, GroupScope { id: "east", clients, currencies: &currencies }, read).unwrap();
    let mut lines_csv = Vec::new();
    let report = part.report(&header, read(), &mut lines_csv).unwrap();
    let mut sheets = files(&report).unwrap();
    let book = part.workbook(&report, read()).unwrap();
    let mut texts =
        vec![("lines.csv".to_owned(), lines_csv), ("run.json".to_owned(), run_json(&report).unwrap().bytes)];
    texts.extend(sheets.iter().map(|ReportFile { name, bytes }| ((*name).to_owned(), bytes.clone())));
    let cells = cells(&book.bytes);
    sheets.push(book);
    let mail = ReportMail { files: &sheets, content, about: part.about().to_vec(), ..invented::mail_settings() };
    let mail = email(&report, &mail).unwrap();
    let mail = mail_parser::MessageParser::default().parse(&mail).unwrap();
    let read = [mail.subject().unwrap(), &mail.body_text(0).unwrap(), &mail.body_html(0).unwrap()].join("\n");
    let mut all: Vec<_> =
        texts.into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap().to_lowercase())).collect();
    all.extend([(REPORT_XLSX.to_owned(), cells), ("mail".to_owned(), read.to_lowercase())]);
    all
}

fn cells(book: &[u8]) -> String {
    let book = Workbook::open(Cursor::new(book), &Caps::default()).unwrap();
    let mut all = String::new();
    for name in book.sheets().iter().map(|sheet| sheet.name.clone()) {
        let mut rows = book.sheet(&name).unwrap();
        while let Some(row) = rows.next_row().unwrap() {
            row.cells().for_each(|cell| all.push_str(&format!("{}\t", cell.text.to_lowercase())));
            all.push('\n');
        }
    }
    all
}

#[test]
fn nothing_of_another_client_reaches_a_group() {
    let (mut looked_at, mut moved) = (0, 0);
    let mixes = std::env::var("TRUECOUNT_WORLDS").map_or(MIXES, |number| number.parse().unwrap());
    for seed in 0..mixes {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let case = random_world(&mut dice);
        let world = World::from_toml("random", &case, RULES.to_owned()).unwrap();
        let (clients, portfolio) = world.records().unwrap();
        moved += portfolio.moved.len();
        let mut lines = vec![OutcomeLine::Portfolio(Box::new(portfolio))];
        lines.extend(clients.into_iter().map(|client| OutcomeLine::Client(Box::new(client))));
        let own: Vec<String> = OWN.iter().filter(|_| dice.below(2) == 0).map(ToString::to_string).collect();
        let own = if own.is_empty() { vec![OWN[0].to_owned()] } else { own };
        let content = if dice.below(2) == 0 { MailContent::Work } else { MailContent::Summary };
        for (name, text) in sent(&lines, &own, content) {
            for other in OWN.iter().filter(|word| !own.iter().any(|own| own == *word)) {
                // A device of the group's client that another has, too: whose it is, somebody must look up there.
                let text = text.replace(&format!(" at `{other} ltd`"), "");
                let line = text.lines().find(|line| line.contains(other));
                assert_eq!(line, None, "seed {seed}: {other} in {name} of {own:?}\n{case}");
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > mixes * 10 && moved > 0, "{looked_at} files, {moved} moved");
}
