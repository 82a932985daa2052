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

/// What only one kind of system has.
const UNIX_ONLY: [&str; 5] = [
    concat!("os::un", "ix"),
    concat!("os::li", "nux"),
    concat!("os::f", "d::"),
    concat!("signal::un", "ix"),
    concat!("net::Un", "ix"),
];

#[test]
fn what_only_unix_has_is_marked_so() {
    let mut found = 0;
    for path in files("rs") {
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            if UNIX_ONLY.iter().any(|word| line.contains(word)) {
                found += 1;
                let place = format!("{}:{}", path.display(), at + 1);
                assert!(is_for_unix(&lines[..=at]), "{place} is not under `#[cfg(unix)]`: {line}");
            }
        }
    }
    assert!(found >= 5, "the walk itself must see what is there: {found}");
    for (text, is_for) in [
        ("#[cfg(unix)]\nuse std::x;", true),
        ("use std::x;", false),
        ("#[cfg(unix)]\n/// Text.\nfn a() {\n    one();\n    std::x;", true),
        ("#[cfg(unix)]\nfn a() {\n}\nfn b() {\n    std::x;", false),
        ("fn a() {\n    #[cfg(unix)]\n    if b {\n        std::x;", true),
        ("fn a() {\n    #[cfg(unix)]\n    one();\n    std::x;", false),
    ] {
        assert_eq!(is_for_unix(&text.lines().collect::<Vec<_>>()), is_for, "{text}");
    }
}

/// Whether the last of the lines, or something around it, is marked as Unix's.
fn is_for_unix(lines: &[&str]) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let Some((last, before)) = lines.split_last() else { return false };
    let mut level = indent(last);
    // Whether the line looked at stands right above the item at this level.
    let mut is_above = true;
    for line in before.iter().rev().filter(|line| !line.trim().is_empty()) {
        if indent(line) < level {
            level = indent(line);
            is_above = true;
        } else if indent(line) == level && is_above {
            if line.trim() == "#[cfg(unix)]" {
                return true;
            }
            is_above = line.trim().starts_with("#[") || line.trim().starts_with("//");
        }
    }
    lines.iter().any(|line| line.trim() == "#![cfg(unix)]")
}
