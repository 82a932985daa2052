//! How files look.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Files under the top-level folders, by extension.
fn files(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = ["functions", "shared", "infra", "tests"].iter().map(|f| root().join(f)).collect();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_visible_top_level_is_the_six_names() {
    let allowed =
        ["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "functions", "infra", "shared", "target", "tests"];
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.starts_with('.') || allowed.contains(&name.as_str()), "`{name}` does not belong at the top level");
    }
}

#[test]
fn every_source_file_says_what_it_is_and_can_be_held_in_one_head() {
    let sources = files("rs");
    assert!(sources.len() > 50, "only {} files were found", sources.len());
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        let shown = path.display();
        assert!(text.starts_with("//!"), "{shown} does not open with `//!`");
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{shown} has {lines} lines, at most {LINES_MAX} are allowed");
    }
}

#[test]
fn no_float_is_near_money() {
    for path in files("rs") {
        let shown = path.display().to_string();
        if !["shared/billing/src", "shared/reconciliation/src"].iter().any(|folder| shown.contains(folder)) {
            continue;
        }
        for (at, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            let words = line.split(|c: char| !c.is_ascii_alphanumeric());
            let float = words.into_iter().any(|word| word == "f32" || word == "f64");
            assert!(!float, "{shown}:{} has a float", at + 1);
        }
    }
}

#[test]
fn nothing_is_left_open() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimplemented", "!(")];
    for path in files("rs") {
        let text = fs::read_to_string(&path).unwrap();
        for mark in marks {
            assert!(!text.contains(mark), "{} has `{mark}`", path.display());
        }
    }
}
