//! Code for Unix alone is marked as such, so that the product builds on Windows.

use crate::source::rust_files;

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
    for file in rust_files() {
        let lines: Vec<&str> = file.text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            if UNIX_ONLY.iter().any(|word| line.contains(word)) {
                found += 1;
                let place = format!("{}:{}", file.path, at + 1);
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
