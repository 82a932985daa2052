//! Trains the matcher's model on labelled sets: `learn SETS OUT [MODEL]`.
//!
//! SETS holds folders with `left.csv`, `right.csv` and `truth.csv`. Written to OUT for each set: the predictions of models
//! trained without that set (`left-out/`), and of models trained without the fold that is predicted (`folds/`). MODEL
//! receives the model trained on everything. Training is deterministic: the same sets give the same file.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench, not the product")]
#![allow(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "likeness, no money"
)]

#[path = "support/csv.rs"]
mod csv;
#[path = "support/trees.rs"]
mod trees;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs;

use trees::{Limits, Node, Table};
use truecount_matching::{MEASURES, Party, measure_pairs};

const FOLDS: usize = 5;

const LIMITS: Limits = Limits { trees: 80, leaves: 16, rate: 0.12, leaf_min: 2.0, pull: 8.0 };

/// A pair of one set.
struct Row {
    set: usize,
    left: usize,
    right: usize,
    fold: usize,
    target: f32,
    weight: f32,
    measures: Vec<f32>,
}

struct Set {
    name: String,
    lefts: Vec<String>,
    rights: Vec<String>,
}

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let (sets, rows) = read(&paths[0]);
    let runs = sets.len() + FOLDS;
    let is_held_out =
        |run: usize, row: &Row| if run < sets.len() { row.set == run } else { row.fold == run - sets.len() };
    let learned: Vec<Vec<Node>> = std::thread::scope(|scope| {
        let work = |odd: usize| {
            let rows = &rows;
            scope.spawn(move || {
                let mine = (0..runs).filter(|run| run % 2 == odd);
                mine.map(|run| (run, learn(rows.iter().filter(|row| !is_held_out(run, row)), &LIMITS)))
                    .collect::<Vec<_>>()
            })
        };
        let both = [work(0), work(1)];
        let mut all: Vec<_> = both.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        all.sort_by_key(|(run, _)| *run);
        all.into_iter().map(|(_, trees)| trees).collect()
    });
    let mut held_out = Vec::new();
    for (kind, from) in [("left-out", 0..sets.len()), ("folds", sets.len()..runs)] {
        let mut odds: Vec<Option<f32>> = vec![None; rows.len()];
        for run in from {
            for (row, odds) in rows.iter().zip(&mut odds).filter(|(row, _)| is_held_out(run, row)) {
                *odds = Some(trees::odds(&learned[run], &row.measures));
            }
        }
        write(&format!("{}/{kind}", paths[1]), &sets, &rows, &odds);
        held_out = odds;
    }
    calibration(&rows, &held_out);
    if let Some(model) = paths.get(2) {
        let trees = learn(rows.iter(), &LIMITS);
        fs::write(model, text(&trees)).unwrap();
    }
}

fn read(folder: &str) -> (Vec<Set>, Vec<Row>) {
    let mut folders: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    let mut sets = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    for (set, path) in folders.iter().enumerate() {
        let file = |name: &str| csv::read(path.join(name).to_str().unwrap());
        let (lefts, rights) = (file("left.csv"), file("right.csv"));
        let places: HashMap<&str, usize> =
            rights.iter().enumerate().map(|(place, row)| (row[0].as_str(), place)).collect();
        let truth_rows = file("truth.csv");
        let truth: HashMap<&str, usize> =
            truth_rows.iter().map(|row| (row[0].as_str(), places[row[1].as_str()])).collect();
        let left_parties: Vec<Party<'_>> = lefts.iter().map(|row| Party::named(&row[1])).collect();
        let right_parties: Vec<Party<'_>> = rights.iter().map(|row| Party::named(&row[1])).collect();
        let begin = rows.len();
        for (left, measured) in measure_pairs(&left_parties, &right_parties).into_iter().enumerate() {
            let partner = truth.get(lefts[left][0].as_str());
            // all of one partner stand in one fold, so that no fold has seen a name of another
            let key = partner.map_or(lefts[left][0].as_str(), |right| rights[*right][0].as_str());
            for pair in measured {
                rows.push(Row {
                    set,
                    left,
                    right: pair.client,
                    fold: fold(key),
                    target: if partner == Some(&pair.client) { 1.0 } else { 0.0 },
                    weight: 1.0,
                    measures: pair.measures.to_array().to_vec(),
                });
            }
        }
        let weight = (3000.0 / lefts.len() as f32).sqrt();
        rows[begin..].iter_mut().for_each(|row| row.weight = weight);
        let ids = |rows: Vec<Vec<String>>| rows.into_iter().map(|mut row| row.swap_remove(0)).collect();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        sets.push(Set { name, lefts: ids(lefts), rights: ids(rights) });
    }
    (sets, rows)
}

/// By the letters of an id alone (FNV-1a).
fn fold(key: &str) -> usize {
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 32) as usize % FOLDS
}

fn learn<'a>(rows: impl Iterator<Item = &'a Row>, limits: &Limits) -> Vec<Node> {
    let rows: Vec<&Row> = rows.collect();
    let measures: Vec<&[f32]> = rows.iter().map(|row| row.measures.as_slice()).collect();
    let targets: Vec<f32> = rows.iter().map(|row| row.target).collect();
    let weights: Vec<f32> = rows.iter().map(|row| row.weight).collect();
    trees::learn(&Table::new(&measures, &signs()), &targets, &weights, limits)
}

/// Which measures may only raise or only lower the odds, whatever the sets say.
fn signs() -> Vec<i8> {
    const UP: &[&str] = &[
        "same_core",
        "left_covered",
        "right_covered",
        "left_equal",
        "right_equal",
        "spelling",
        "grams",
        "whole_likeness",
        "joined_likeness",
        "jaro_winkler",
        "sorted_likeness",
        "lead",
        "lead_right",
        "likeness",
    ];
    const DOWN: &[&str] = &["rank", "joined_distance", "shared_rights", "shared_lefts"];
    if std::env::var("NOSIGN").is_ok() {
        return vec![0; MEASURES.len()];
    }
    MEASURES.iter().map(|name| i8::from(UP.contains(name)) - i8::from(DOWN.contains(name))).collect()
}

fn write(folder: &str, sets: &[Set], rows: &[Row], odds: &[Option<f32>]) {
    fs::create_dir_all(folder).unwrap();
    let mut files: Vec<String> = vec!["left_id,right_id,score\n".to_owned(); sets.len()];
    for (row, odds) in rows.iter().zip(odds) {
        let set = &sets[row.set];
        let chance = 1.0 / (1.0 + (-odds.unwrap()).exp());
        writeln!(files[row.set], "{},{},{chance:.6}", set.lefts[row.left], set.rights[row.right]).unwrap();
    }
    for (set, text) in sets.iter().zip(files) {
        fs::write(format!("{folder}/{}.csv", set.name), text).unwrap();
    }
}

/// Of pairs that are given a probability and were not learned from: how many are right.
fn calibration(rows: &[Row], odds: &[Option<f32>]) {
    let mut bands: BTreeMap<usize, (f32, f32, f32)> = BTreeMap::new();
    for (row, odds) in rows.iter().zip(odds) {
        let chance = 1.0 / (1.0 + (-odds.unwrap()).exp());
        let band = bands
            .entry(
                ((chance * 10.0) as usize).min(9) * 10
                    + if chance >= 0.99 {
                        9
                    } else if chance >= 0.95 {
                        5
                    } else {
                        0
                    },
            )
            .or_default();
        *band = (band.0 + 1.0, band.1 + chance, band.2 + row.target);
    }
    println!("probability  pairs  given  right");
    for (band, (pairs, given, right)) in bands {
        println!("0.{band:02}…        {pairs:5}  {:.3}  {:.3}", given / pairs, right / pairs);
    }
}

const HEADER: &str = "\
# Learned by `cargo run --release -p truecount-matching --example learn -- SETS OUT shared/matching/src/model.txt`.
# One node a line, a branch before what hangs on it: `legal 3.5` asks whether the measure is below 3.5; the branch for
# yes follows, then the one for no. A number alone is added to the logarithm of the odds.
";

fn text(trees: &[Node]) -> String {
    fn write(node: &Node, text: &mut String) {
        match node {
            Node::Leaf(odds) => writeln!(text, "{odds}").unwrap(),
            Node::Split { measure, below, then, other } => {
                writeln!(text, "{} {below}", MEASURES[*measure]).unwrap();
                write(then, text);
                write(other, text);
            }
        }
    }
    let mut text = String::from(HEADER);
    trees.iter().for_each(|tree| write(tree, &mut text));
    text
}
