//! Suggestions for two CSV files: `suggest LEFT.csv RIGHT.csv PREDICTIONS.csv`, with the columns `id,name` on both sides.
#![expect(clippy::unwrap_used, reason = "a bench, not the product")]

use std::fmt::Write as _;
use std::fs;

use truecount_matching::{Party, Sites, suggest};

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let (left, right) = (csv::read(&paths[0]), csv::read(&paths[1]));
    let parties = |rows: &'static [Vec<String>]| rows.iter().map(|row| Party::named(&row[1])).collect::<Vec<_>>();
    let (left, right): (&'static [_], &'static [_]) = (left.leak(), right.leak());
    let found = suggest(&parties(left), &parties(right), Sites::ManyToOne);
    let mut out = String::from("left_id,right_id,score,reasons,against\n");
    let mut said = String::new();
    for (account, suggestions) in left.iter().zip(found) {
        for suggestion in suggestions {
            let (id, client) = (&account[0], &right[suggestion.client][0]);
            write!(out, "{id},{client},{}", suggestion.score.exact()).unwrap();
            for reasons in [&suggestion.reasons, &suggestion.against] {
                said.clear();
                reasons.iter().for_each(|reason| write!(said, "{reason}; ").unwrap());
                csv::quote(said.trim_end_matches("; "), &mut out);
            }
            out.push('\n');
        }
    }
    fs::write(&paths[2], out).unwrap();
}

#[path = "support/csv.rs"]
mod csv;
