//! The workbook of each case, read back.

use std::{collections::BTreeMap, io::Cursor};

use rust_decimal::Decimal;
use truecount_reconciliation::ItemFateWord;
use truecount_reports::ReportWorkbook;
use truecount_tabular::{Caps, RowReader as _, workbook::Workbook};

use super::{header, recorded};

#[test]
fn a_workbook_is_written_of_every_case_and_is_the_same_twice() {
    let header = header();
    for case in recorded().iter().step_by(8) {
        let report = case.report(&header);
        let book = || {
            let mut book = ReportWorkbook::begin(&report).unwrap();
            case.clients.iter().for_each(|client| book.client(client).unwrap());
            book.finish().unwrap()
        };
        let (one, other) = (book(), book());
        assert!(one.bytes.starts_with(b"PK") && one == other, "{}", case.name);
        let comparisons = sheet_of(&one.bytes, "All comparisons");
        let lines = case.lines().rows;
        assert_eq!(comparisons.len(), lines.len(), "{}", case.name);
        for (cells, line) in comparisons.iter().zip(&lines) {
            for column in ["Client", "Counted", "Billed", "Should bill", "Variance", "Unit price", "Reason", "Doubts"] {
                let of_line = &line[&column.to_lowercase().replace(' ', "_")];
                let is_same = match (Decimal::from_str_exact(&cells[column]), Decimal::from_str_exact(of_line)) {
                    (Ok(one), Ok(other)) => one == other,
                    _ => cells[column] == *of_line,
                };
                assert!(is_same, "{}: {column}: {} in the workbook, {of_line} in lines.csv", case.name, cells[column]);
            }
        }
        let agreements = case.clients.iter().flat_map(|client| &client.agreements);
        let in_sheet = sheet_of(&one.bytes, "Coverage by agreement");
        assert_eq!(in_sheet.len(), agreements.count(), "{}", case.name);
        let mut compared: BTreeMap<&str, Decimal> = BTreeMap::new();
        for cells in &in_sheet {
            let amount = |column: &str| Decimal::from_str_exact(&cells[column]).unwrap();
            let parts = ["Compared", "Not reconciled", "Flat", "Without a rule", "Ignored"].map(amount);
            assert_eq!(parts.iter().sum::<Decimal>(), amount("Billed a month"), "{}: {cells:?}", case.name);
            *compared.entry(&cells["Currency"]).or_default() += parts[0];
        }
        for (currency, coverage) in &case.portfolio.coverage {
            let of_sheet = compared.get(currency.as_str()).copied().unwrap_or_default();
            assert_eq!(of_sheet, coverage.compared, "{}: {currency}", case.name);
        }
        let items = case.rows().into_iter().flat_map(|row| &row.items);
        let in_sheet = sheet_of(&one.bytes, "Items");
        let of_sheet = |counts| in_sheet.iter().filter(|cells| cells["Counts"] == counts).count();
        let of_case = |fate| items.clone().filter(|item| item.fate == fate).count();
        assert_eq!(
            ["counted", "left out", "not known"].map(of_sheet),
            [ItemFateWord::In, ItemFateWord::Out, ItemFateWord::Open].map(of_case),
            "{}",
            case.name
        );
        let without_reason = in_sheet.iter().filter(|cells| (cells["Counts"] == "counted") != cells["Why"].is_empty());
        assert_eq!(without_reason.count(), 0, "{}", case.name);
    }
}

/// The rows of a sheet of a workbook, by their headings; none: there is no such sheet.
fn sheet_of(book: &[u8], name: &str) -> Vec<BTreeMap<String, String>> {
    let book = Workbook::open(Cursor::new(book), &Caps::default()).unwrap();
    let Ok(mut rows) = book.sheet(name) else { return Vec::new() };
    let mut headings: Vec<String> = Vec::new();
    let mut found = Vec::new();
    while let Some(row) = rows.next_row().unwrap() {
        let cells = row.cells().map(|cell| cell.text.to_owned());
        if headings.is_empty() {
            headings = cells.collect();
        } else {
            let cells = cells.chain(std::iter::repeat(String::new()));
            found.push(headings.iter().cloned().zip(cells).collect());
        }
    }
    found
}
