//! No row of a file is lost: every line below the headings is used, or left out with its reason, whatever stands between
//! them, in however many files and pages.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use truecount_billing::RowReason;
use truecount_connectors::Page;

use crate::vendors::{connector, read_all};

const PROFILE: &str = r#"
side = "used"
only = { Source = "rmm" }
columns = { account_id = "Customer", item_id = "Serial", kind = "Type" }
"#;

const HEADINGS: &str = "Source,Customer,Serial,Type,Note,Units";

/// One line below the headings.
#[derive(Debug, Clone)]
enum Line {
    /// A device by its number, which decides everything else about it; with so many bytes of a note.
    Device(u16, usize),
    /// A row of another source.
    Other,
    Empty,
    Total,
    HeadingsAgain,
}

fn line() -> impl Strategy<Value = Line> {
    let note = prop_oneof![Just(0), 1_usize..240_000];
    prop_oneof![
        12 => (0_u16..400, note).prop_map(|(number, note)| Line::Device(number, note)),
        2 => Just(Line::Other),
        1 => Just(Line::Empty),
        1 => Just(Line::Total),
        1 => Just(Line::HeadingsAgain),
    ]
}

/// The file's text; a note is as long the second time as the first, so that a row that comes again is the same.
fn text(lines: &[Line], notes: &mut BTreeMap<u16, usize>) -> String {
    let mut text = format!("{HEADINGS}\n");
    for line in lines {
        match line {
            Line::Device(number, note) => {
                let note = "x".repeat(*notes.entry(*number).or_insert(*note));
                let kind = if number % 2 == 0 { "server" } else { "workstation" };
                text.push_str(&format!("rmm,C{},S{number},{kind},{note},1\n", number % 7));
            }
            Line::Other => text.push_str("psa,C1,S1,server,,1\n"),
            Line::Empty => text.push_str(",,,,,\n"),
            Line::Total => text.push_str("Total,,,,,5\n"),
            Line::HeadingsAgain => text.push_str(&format!("{HEADINGS}\n")),
        }
    }
    text
}

/// A total is known as one only where a row of data shows what it lacks.
fn plausible(mut lines: Vec<Line>) -> Vec<Line> {
    if !lines.iter().any(|line| matches!(line, Line::Device(..) | Line::Other)) {
        lines.retain(|line| !matches!(line, Line::Total));
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_line_of_every_file_is_accounted_for(
        files in proptest::collection::vec(proptest::collection::vec(line(), 0..60).prop_map(plausible), 1..4),
        piece in 1_usize..3_000_000,
    ) {
        let source = connector("file", PROFILE);
        let mut notes = BTreeMap::new();
        let mut pages: Vec<Page> = Vec::new();
        for (at, lines) in files.iter().enumerate() {
            let mut parts = source.file().unwrap().parts(&format!("{at}.csv"));
            let text = text(lines, &mut notes);
            text.as_bytes().chunks(piece).for_each(|piece| pages.extend(parts.push(piece)));
            pages.extend(parts.finish());
        }
        let (mut devices, mut left_out) = (BTreeSet::new(), BTreeMap::<RowReason, u64>::new());
        for line in files.iter().flatten() {
            let reason = match line {
                Line::Device(number, _) if devices.insert(*number) => continue,
                Line::Device(..) => RowReason::Repeated,
                Line::Other => RowReason::NotSelected,
                Line::Empty => RowReason::EmptyRow,
                Line::Total => RowReason::TotalRow,
                Line::HeadingsAgain => RowReason::HeaderAgain,
            };
            *left_out.entry(reason).or_default() += 1;
        }
        let snapshot = read_all(&source, &pages);
        let rows = &snapshot.receipt.streams["rows"];
        prop_assert_eq!(rows.rows, files.iter().flatten().count() as u64);
        prop_assert_eq!(rows.used, devices.len() as u64);
        prop_assert_eq!(&rows.left_out, &left_out);
        prop_assert_eq!(snapshot.item_count(), devices.len());
        prop_assert_eq!(snapshot.receipt.unbalanced(), None);
    }
}
