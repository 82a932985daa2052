//! The backup tool's export: a CSV file, as a person drops it, and how it can be broken.

use std::fmt::Write as _;

use crate::{FaultProfile, dataset::BackupRow};

/// The columns, in the tool's own words.
pub(crate) const HEADER: &str = "Customer ID,Customer,Item ID,Item,Type,State,Last backup,Quantity";

/// The file as the tool writes it: Windows line ends, quotes where needed.
pub(crate) fn export(rows: &[BackupRow]) -> Vec<u8> {
    let mut text = format!("{HEADER}\r\n");
    for row in rows {
        let fields = [
            &row.account_id,
            &row.account_name,
            &row.item_id,
            &row.item_name,
            row.kind,
            row.status,
            &format!("{}T03:15:00Z", row.last_seen),
            &row.quantity.to_string(),
        ];
        let _ = write!(text, "{}\r\n", fields.map(quoted).join(","));
    }
    text.into_bytes()
}

/// The file of a tool in trouble; `None`: there is no file.
pub(crate) fn broken(whole: Vec<u8>, fault: &FaultProfile) -> Option<Vec<u8>> {
    match fault {
        FaultProfile::EmptyList => Some(format!("{HEADER}\r\n").into_bytes()),
        FaultProfile::CutBody => {
            // In the middle of a row near the middle of the file.
            let half = whole.len() / 2;
            let row = whole[half..].iter().position(|byte| *byte == b'\n').map_or(half, |at| half + at);
            Some(whole[..(row + 8).min(whole.len())].to_vec())
        }
        FaultProfile::HtmlWith200 => Some(b"<!doctype html><html><body>Please sign in</body></html>\n".to_vec()),
        _ => None,
    }
}

fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
