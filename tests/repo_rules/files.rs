//! How files look: a header, a size that one can read, nothing left open, no lint silenced.

use std::fs;
use std::path::Path;

use crate::source::{Breach, SourceFile, breach, files_below, root, rust_files};

const LINES_MAX: usize = 600;
const LINES_MEDIAN_MAX: usize = 180;
const FUNCTION_LINES_MAX: usize = 70;

fn headers(files: &[SourceFile]) -> Vec<Breach> {
    let lacking = files.iter().filter(|file| !file.text.starts_with("//! "));
    lacking.map(|file| breach(file, 1, "does not begin with a `//!` header")).collect()
}

fn long_files(files: &[SourceFile]) -> Vec<Breach> {
    let lines = |file: &SourceFile| file.text.lines().count();
    let long = files.iter().filter(|file| lines(file) > LINES_MAX);
    let mut breaches: Vec<Breach> =
        long.map(|file| breach(file, lines(file), format_args!("more than {LINES_MAX} lines"))).collect();
    let mut lengths: Vec<usize> = files.iter().filter(|file| file.is_product()).map(lines).collect();
    lengths.sort_unstable();
    if let Some(median) = lengths.get(lengths.len() / 2).filter(|median| **median > LINES_MEDIAN_MAX) {
        breaches.push(format!("the median file of the product has {median} lines, more than {LINES_MEDIAN_MAX}"));
    }
    breaches
}

/// Functions of the product that are too long, counted from their `fn` to their closing brace.
fn long_functions(files: &[SourceFile]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| file.is_product()) {
        let scan = file.scan().without_tests();
        for (at, _) in scan.code.match_indices("fn ") {
            if scan.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let lines = body(&scan.code[at..]).lines().count();
            if lines > FUNCTION_LINES_MAX {
                let line = 1 + scan.code[..at].matches('\n').count();
                let name: String =
                    scan.code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                breaches.push(breach(
                    file,
                    line,
                    format_args!("`{name}` has {lines} lines, more than {FUNCTION_LINES_MAX}"),
                ));
            }
        }
    }
    breaches
}

/// A function from its `fn` to its closing brace, or to the `;` of one without a body.
fn body(code: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            // `[u8; 4]` in a signature does not end it.
            '(' | '[' | '{' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return &code[..=at];
                }
            }
            ';' if depth == 0 => return &code[..=at],
            _ => {}
        }
    }
    code
}

/// `#[expect(…, reason = …)]` stays true; an `#[allow]` outlives its cause.
fn silenced_lints(files: &[SourceFile]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| file.is_product()) {
        for (line, code) in file.scan().without_tests().lines() {
            if code.contains("#[allow(") || code.contains("#![allow(") {
                breaches.push(breach(file, line, "silences a lint with `allow`: use `expect` with a reason"));
            }
        }
    }
    breaches
}

fn floats_near_money(files: &[SourceFile]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let money = |file: &&SourceFile| {
        ["shared/billing/src/", "shared/reconciliation/src/"].iter().any(|folder| file.path.starts_with(folder))
    };
    for file in files.iter().filter(money) {
        for (line, text) in file.text.lines().enumerate() {
            if text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "f32" || word == "f64") {
                breaches.push(breach(file, line + 1, "has a float"));
            }
        }
    }
    breaches
}

fn open_ends(files: &[SourceFile]) -> Vec<Breach> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimplemented", "!(")];
    let mut breaches = Vec::new();
    for file in files {
        for (line, text) in file.text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| text.contains(*mark)) {
                breaches.push(breach(file, line + 1, format_args!("has `{mark}`")));
            }
        }
    }
    breaches
}

/// Names at the top level beside hidden ones.
fn top_level(names: &[String]) -> Vec<Breach> {
    let allowed =
        ["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "functions", "infra", "shared", "target", "tests"];
    let strange = names.iter().filter(|name| !name.starts_with('.') && !allowed.contains(&name.as_str()));
    strange.map(|name| format!("`{name}` does not belong at the top level")).collect()
}

#[test]
fn the_visible_top_level_is_the_six_names() {
    let names = |root: &Path| -> Vec<String> {
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(top_level(&names(&root())), [""; 0]);
    let folder = tempfile::tempdir().unwrap();
    for name in ["shared", "scripts", ".ci"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    assert_eq!(top_level(&names(folder.path())), ["`scripts` does not belong at the top level"]);
}

#[test]
fn every_file_has_a_header_and_a_size_that_one_can_read() {
    let files = rust_files();
    assert!(files.len() > 200, "only {} files were found", files.len());
    assert_eq!(headers(&files), [""; 0]);
    assert_eq!(long_files(&files), [""; 0]);
}

#[test]
fn a_missing_header_and_a_long_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shared/app/src");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("good.rs"), "//! Good.\n").unwrap();
    fs::write(path.join("bare.rs"), "use std::fs;\n").unwrap();
    fs::write(path.join("long.rs"), format!("//! Long.\n{}", "\n".repeat(LINES_MAX))).unwrap();
    let files = files_below(folder.path(), "rs");
    assert_eq!(headers(&files), ["shared/app/src/bare.rs:1: does not begin with a `//!` header"]);
    assert_eq!(long_files(&files), ["shared/app/src/long.rs:601: more than 600 lines"]);
    let file = |n: usize| SourceFile::planted(&format!("shared/app/src/{n}.rs"), &"//! Text.\n".repeat(181));
    assert_eq!(long_files(&[file(1), file(2)]), ["the median file of the product has 181 lines, more than 180"]);
}

#[test]
fn every_function_can_be_held_in_one_head() {
    assert_eq!(long_functions(&rust_files()), [""; 0]);
}

#[test]
fn a_long_function_is_refused() {
    let text =
        |lines: usize| format!("//! A.\nfn a(b: [u8; 4]) {{\n{}}}\nfn b();\n", "    \"}\"; if c { d }\n".repeat(lines));
    let file = |lines| [SourceFile::planted("shared/app/src/a.rs", &text(lines))];
    assert_eq!(long_functions(&file(68)), [""; 0]);
    assert_eq!(long_functions(&file(69)), ["shared/app/src/a.rs:2: `a` has 71 lines, more than 70"]);
}

#[test]
fn no_lint_is_silenced_in_the_product() {
    assert_eq!(silenced_lints(&rust_files()), [""; 0]);
    for (text, count) in [
        ("#[allow(clippy::too_many_arguments)]\nfn a() {}", 1),
        ("#![allow(dead_code)]", 1),
        ("#[expect(dead_code, reason = \"later\")]\nfn a() {}", 0),
        ("// #[allow(dead_code)]", 0),
        ("#[cfg(test)]\nmod tests {\n    #![allow(dead_code)]\n}", 0),
    ] {
        assert_eq!(silenced_lints(&[SourceFile::planted("shared/app/src/a.rs", text)]).len(), count, "{text}");
    }
}

#[test]
fn no_float_is_near_money() {
    assert_eq!(floats_near_money(&rust_files()), [""; 0]);
    let planted = [SourceFile::planted("shared/billing/src/money.rs", "//! Money.\nlet a = 1_f64;\nlet b: f32 = 1.0;")];
    assert_eq!(floats_near_money(&planted).len(), 2);
}

#[test]
fn nothing_is_left_open() {
    assert_eq!(open_ends(&rust_files()), [""; 0]);
    let planted = [SourceFile::planted("tests/a.rs", concat!("// FIX", "ME later\nto", "do!()"))];
    assert_eq!(open_ends(&planted).len(), 2);
}
