//! Workbooks as a library writes them that many programs use.

use rust_xlsxwriter::{ExcelDateTime, Format, Formula};

use super::*;

fn saved(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet) -> Result<(), rust_xlsxwriter::XlsxError>) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    fill(book.add_worksheet()).unwrap();
    book.save_to_buffer().unwrap()
}

#[test]
fn what_was_written_is_read() {
    let bytes = saved(|sheet| {
        let at = ExcelDateTime::from_ymd(2026, 6, 30)?.and_hms(8, 15, 0)?;
        sheet.write(0, 0, "Client")?.write(0, 1, "Größe & Co <x>")?.write(0, 2, "")?;
        sheet.write(1, 0, 0.300_000_000_000_000_04)?.write(1, 1, 1e-5)?.write(1, 2, -12.5)?.write(1, 3, 1_234_567)?;
        sheet.write_with_format(2, 0, &at, &Format::new().set_num_format("dd/mm/yyyy hh:mm"))?;
        sheet.write_with_format(2, 1, &at, &Format::new().set_num_format("[$-407]d. mmmm yyyy"))?;
        sheet.write_with_format(2, 2, 46203, &Format::new().set_num_format_index(14))?;
        sheet.write(3, 0, true)?.write(3, 1, "a\u{1}b\nc")?.write(3, 2, "_x0041_")?;
        sheet.write_with_format(4, 0, "", &Format::new().set_bold())?;
        Ok(())
    });
    assert_eq!(
        shown(&bytes, &limits()),
        [
            "1 Client|Größe & Co <x>",
            "2 Number 0.3|Number 0.00001|Number -12.5|Number 1234567",
            "3 Moment 2026-06-30T08:15:00|Moment 2026-06-30T08:15:00|Day 2026-06-30",
            "4 Boolean true|a\u{1}b\nc|_x0041_",
            "5",
        ]
    );
}

/// The library cannot compute, writes 0 and asks whoever opens the file to compute.
#[test]
fn a_result_that_nobody_computed_is_not_zero() {
    let bytes = saved(|sheet| {
        sheet.write(0, 0, 2)?.write_formula(0, 1, Formula::new("=A1*3"))?;
        Ok(())
    });
    assert_eq!(shown(&bytes, &limits()), ["1 Number 2|Uncomputed"]);
}
