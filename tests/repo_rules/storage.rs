//! Only `store` spells keys, rows, compression and hashes.

use crate::source::{Breach, SourceFile, breach, rust_files};

/// What only the store may use.
const STORAGE: [&str; 5] = ["Row::new", "GzEncoder", "GzDecoder", "Sha256", "keys::"];

/// The store, and the ports that it is built on.
const ALLOWED: [&str; 3] = ["shared/store/", "shared/platform/", "shared/embedded/"];

/// Hashes that are no stored key: of ids inside a file, of rows already seen, of a report's own files, and of what a page
/// lets a browser run.
const HASHES: [&str; 4] = [
    "shared/reconciliation/src/exception_id.rs",
    "shared/connectors/src/state.rs",
    "shared/reports/src/json.rs",
    "shared/reports/src/report_page/frame.rs",
];

fn storage(files: &[SourceFile]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| file.is_product()) {
        if ALLOWED.iter().any(|allowed| file.path.starts_with(allowed)) {
            continue;
        }
        for (line, code) in file.scan().without_tests().lines() {
            for word in STORAGE.iter().filter(|word| has_word(code, word)) {
                if *word != "Sha256" || !HASHES.contains(&file.path.as_str()) {
                    breaches.push(breach(file, line, format_args!("uses `{word}`, which is the store's")));
                }
            }
        }
    }
    breaches
}

/// Whether the code has the word, and not as the end of a longer one.
fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[test]
fn only_the_store_spells_rows_compression_and_hashes() {
    assert_eq!(storage(&rust_files()), [""; 0]);
}

#[test]
fn a_row_spelled_elsewhere_is_refused() {
    for (path, text, count) in [
        ("shared/app/src/run.rs", "let row = Row::new(pk, sk).with(name, value);", 1),
        ("shared/app/src/run.rs", "let row = MappingRow::new(pk);\nstruct Row { a: u8 }", 0),
        ("shared/app/src/run.rs", "let zip = GzEncoder::new(Vec::new(), level);\nlet hash = Sha256::new();", 2),
        ("functions/cli/src/runs.rs", "env.table.get(keys::run(id), sk)", 1),
        ("shared/reports/src/json.rs", "let hash = Sha256::digest(bytes);", 0),
        ("shared/store/src/record.rs", "let row = Row::new(pk, sk);", 0),
        ("shared/app/src/a.rs", "#[cfg(test)]\nmod tests {\n    fn a() { Row::new(pk, sk); }\n}", 0),
    ] {
        let found = storage(&[SourceFile::planted(path, text)]);
        assert_eq!(found.len(), count, "{path}: {text}: {found:?}");
    }
}
