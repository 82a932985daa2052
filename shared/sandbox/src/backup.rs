//! The exports of the tools that have no API: CSV files, as a person drops them, and how they can be broken.

use std::fmt::Write as _;

use crate::{
    FaultProfile,
    dataset::{BackupRow, WatchedMachine},
};

/// The columns of the backup tool, in its own words.
pub(crate) const HEADER: &str = "Customer ID,Customer,Item ID,Item,Type,Plan,State,Last backup,Quantity";

/// The columns of the tool that watches machines.
const WATCHED_HEADER: &str = "Tenant ID,Tenant,Agent ID,Host,Serial,MAC,Last check-in";

/// The backup tool's file.
pub(crate) fn export(rows: &[BackupRow]) -> Vec<u8> {
    written(HEADER, rows, |row| {
        let last_seen = format!("{}T03:15:00Z", row.last_seen);
        let quantity = row.quantity.to_string();
        let [id, name, item, item_name] = [&row.account_id, &row.account_name, &row.item_id, &row.item_name];
        [id, name, item, item_name, row.kind, row.plan, row.status, &last_seen, &quantity].map(quoted)
    })
}

/// The file of the tool that watches machines.
pub(crate) fn watched_export(rows: &[WatchedMachine]) -> Vec<u8> {
    written(WATCHED_HEADER, rows, |row| {
        let last_seen = format!("{}T05:40:00Z", row.last_seen);
        let [id, name, agent] = [&row.account_id, &row.account_name, &row.agent_id];
        [id, name, agent, &row.host_name, &row.serial, &row.mac_address, &last_seen].map(|field| quoted(field))
    })
}

/// A file as such tools write it: Windows line ends, quotes where needed.
fn written<R, const N: usize>(header: &str, rows: &[R], fields: impl Fn(&R) -> [String; N]) -> Vec<u8> {
    let mut text = format!("{header}\r\n");
    for row in rows {
        let _ = write!(text, "{}\r\n", fields(row).join(","));
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
