//! No two public types of the workspace share a name.

use std::collections::BTreeMap;

use crate::source::{Breach, SourceFile, breach, rust_files};

fn shared_type_names(files: &[SourceFile]) -> Vec<Breach> {
    let mut places: BTreeMap<String, Vec<(&SourceFile, usize)>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.is_product()) {
        for (line, code) in file.scan().without_tests().lines() {
            if let Some(name) = public_type(code) {
                places.entry(name.to_owned()).or_default().push((file, line));
            }
        }
    }
    let shared = places.into_iter().filter(|(_, places)| places.len() > 1);
    shared
        .flat_map(|(name, places)| {
            places.into_iter().map(move |(file, line)| breach(file, line, format_args!("`{name}` is declared twice")))
        })
        .collect()
}

/// The name of the public type that a line declares.
fn public_type(code: &str) -> Option<&str> {
    let mut words = code.trim_start().strip_prefix("pub ")?.split_whitespace();
    if !matches!(words.next()?, "struct" | "enum" | "trait" | "type" | "union") {
        return None;
    }
    let name = words.next()?.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    // A macro's `$name` is none.
    (!name.is_empty()).then_some(name)
}

#[test]
fn every_public_type_has_a_name_of_its_own() {
    assert_eq!(shared_type_names(&rust_files()), [""; 0]);
}

#[test]
fn a_name_given_twice_is_refused() {
    let file = |path: &str, text: &str| SourceFile::planted(path, text);
    let first = file("shared/app/src/a.rs", "pub struct Answer<'a>(&'a str);\npub(crate) struct Own;");
    let same = file("shared/reports/src/b.rs", "    pub enum Answer {}\npub(crate) struct Own;");
    assert_eq!(shared_type_names(&[first.clone(), same]).len(), 2);
    let other = file("shared/reports/src/b.rs", "pub enum AnswerKind {}\n// pub struct Answer\npub fn answer() {}");
    assert_eq!(shared_type_names(&[first.clone(), other]), [""; 0]);
    let twice = file("shared/app/src/a/b.rs", "pub trait Answer {}");
    assert_eq!(shared_type_names(&[first, twice]).len(), 2, "also within one crate");
}
