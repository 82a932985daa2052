//! Proposals for two bare files: `suggest LEFT.csv RIGHT.csv PREDICTIONS.csv`, with the columns `id,name` on both sides.
#![expect(clippy::unwrap_used, reason = "a bench, not the product")]

use std::fs;

use truecount_matching::{Party, Reason, Sites, suggest};

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let (left, right) = (csv::read(&paths[0]), csv::read(&paths[1]));
    let parties = |rows: &'static [Vec<String>]| rows.iter().map(|row| Party::named(&row[1])).collect::<Vec<_>>();
    let (left, right): (&'static [_], &'static [_]) = (left.leak(), right.leak());
    let found = suggest(&parties(left), &parties(right), Sites::ManyToOne);
    let mut out = String::from("left_id,right_id,score,reasons,against\n");
    let told = |reasons: &[Reason]| reasons.iter().map(Reason::for_people).collect::<Vec<_>>().join("; ");
    for (account, suggestions) in left.iter().zip(found) {
        for suggestion in suggestions {
            let (id, client) = (&account[0], &right[suggestion.client][0]);
            let reasons = [told(&suggestion.reasons), told(&suggestion.against)].map(|text| csv::quoted(&text));
            out += &format!("{id},{client},{},{},{}\n", suggestion.score, reasons[0], reasons[1]);
        }
    }
    fs::write(&paths[2], out).unwrap();
}

#[path = "support/csv.rs"]
mod csv;
