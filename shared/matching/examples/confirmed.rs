//! Precision and coverage of automatic confirmation on labelled sets: `confirmed SETS`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench, not the product")]
#![allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "shares, no money")]

#[path = "support/csv.rs"]
mod csv;

use std::collections::HashMap;

use truecount_matching::confirmed_by_name;

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    let mut all = (0, 0, 0);
    for path in folders {
        let file = |name: &str| csv::read(path.join(name).to_str().unwrap());
        let (lefts, rights, truth) = (file("left.csv"), file("right.csv"), file("truth.csv"));
        let truth: HashMap<&str, &str> = truth.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
        let named =
            |rows: &'_ [Vec<String>]| rows.iter().map(|row| (row[0].clone(), row[1].clone())).collect::<Vec<_>>();
        let (lefts, rights) = (named(&lefts), named(&rights));
        let found = confirmed_by_name(
            lefts.iter().map(|(id, name)| (id.as_str(), name.as_str())),
            rights.iter().map(|(id, name)| (id.as_str(), name.as_str())),
        );
        let right = found.confirmed.iter().filter(|(left, right)| truth.get(**left) == Some(right)).count();
        let figures = (found.confirmed.len(), right, truth.len());
        tell(path.file_name().unwrap().to_str().unwrap(), figures);
        all = (all.0 + figures.0, all.1 + figures.1, all.2 + figures.2);
    }
    tell("all", all);
}

fn tell(name: &str, (confirmed, right, pairs): (usize, usize, usize)) {
    let (precision, covered) = (right as f64 / confirmed as f64, right as f64 / pairs as f64);
    println!("{name} confirmed {confirmed} right {right} precision {precision:.4} of all pairs {covered:.3}");
}
