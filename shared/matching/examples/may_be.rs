//! Whose the accounts of a labelled set may be: `may_be LEFT.csv RIGHT.csv OUT.csv`, with the columns `id,name` on both
//! sides. Written for each account that no equal name decides: `left_id,right_id` for each client, or an empty client.
#![expect(clippy::unwrap_used, reason = "a bench, not the product")]

use std::fmt::Write as _;
use std::fs;

use truecount_matching::{Party, Sites, confirmed_by_name, may_be};

#[path = "support/csv.rs"]
mod csv;

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let (left, right) = (csv::read(&paths[0]), csv::read(&paths[1]));
    let named = |rows: &[Vec<String>]| rows.iter().map(|row| row[1].clone()).enumerate().collect::<Vec<_>>();
    let (lefts, rights) = (named(&left), named(&right));
    let decided = confirmed_by_name(
        lefts.iter().map(|(at, name)| (*at, name.as_str())),
        rights.iter().map(|(at, name)| (*at, name.as_str())),
    );
    let parties =
        |names: &'static [(usize, String)]| names.iter().map(|(_, name)| Party::named(name)).collect::<Vec<_>>();
    let found = may_be(&parties(lefts.leak()), &parties(rights.leak()), Sites::ManyToOne);
    let mut out = String::from("left_id,right_id\n");
    for (at, clients) in found.iter().enumerate().filter(|(at, _)| !decided.confirmed.contains_key(at)) {
        let id = &left[at][0];
        if clients.is_empty() {
            writeln!(out, "{id},").unwrap();
        }
        clients.iter().for_each(|client| writeln!(out, "{id},{}", right[*client][0]).unwrap());
    }
    fs::write(&paths[2], out).unwrap();
}
