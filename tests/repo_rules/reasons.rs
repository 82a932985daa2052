//! No decision is taken on the text of a reason: reasons are data until they are rendered.

use crate::source::{Breach, SourceFile, breach, rust_files};

/// What a value that holds a sentence is called.
const SENTENCES: [&str; 5] = ["reason", "message", "why", "sentence", "explanation"];

/// Where a library reports what it found only as text: the number or the key in it is looked for to say it better, and
/// nothing depends on finding it.
const ALLOWED: [&str; 2] = ["shared/connectors/src/values.rs", "shared/reconciliation/src/rules/from_toml.rs"];

/// How a text is taken apart.
const TESTS: [&str; 8] = [
    ".starts_with(",
    ".ends_with(",
    ".contains(",
    ".strip_prefix(",
    ".strip_suffix(",
    ".split_once(",
    ".rsplit_once(",
    ".find(",
];

fn decisions_on_text(files: &[SourceFile]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| file.is_product() && !ALLOWED.contains(&file.path.as_str())) {
        // A chain of calls may be broken over lines.
        let scan = file.scan().without_tests();
        for test in TESTS {
            for (at, _) in scan.code.match_indices(test) {
                if let Some(name) = sentence_before(&scan.code[..at]) {
                    let line = 1 + scan.code[..at].matches('\n').count();
                    breaches.push(breach(file, line, format_args!("decides on the text of `{name}`")));
                }
            }
        }
    }
    breaches
}

/// The name of a sentence at the end of an expression, behind calls such as `.to_string()` and `.as_str()`.
fn sentence_before(code: &str) -> Option<&str> {
    let mut rest = code.trim_end();
    loop {
        rest = rest.trim_end().trim_end_matches('?');
        let without_call = rest.strip_suffix("()").unwrap_or(rest);
        let from = without_call.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        let name = &without_call[from..];
        if SENTENCES.iter().any(|sentence| name == *sentence || name.ends_with(&format!("_{sentence}"))) {
            return Some(name);
        }
        let before = without_call[..from].trim_end();
        rest = before.strip_suffix('.')?;
    }
}

#[test]
fn nothing_is_decided_on_the_text_of_a_reason() {
    assert_eq!(decisions_on_text(&rust_files()), [""; 0]);
}

#[test]
fn a_decision_on_the_text_of_a_reason_is_refused() {
    for (text, count) in [
        ("if account.reason.starts_with(\"no longer in the list\") {}", 1),
        ("error.message().contains(\"credential\")", 1),
        ("why\n    .as_str()\n    .strip_prefix(\"not reconciled: \")", 1),
        ("self.why.to_string().trim().contains(x)", 1),
        ("let known = last_reason.find('x');", 1),
        ("reasons.iter().map(|reason| reason.code)", 0),
        ("name.starts_with(\"reason\")", 0),
        ("// reason.starts_with(x)", 0),
        ("#[cfg(test)]\nmod tests { fn a() { assert!(why.contains(x)); } }", 0),
    ] {
        let found = decisions_on_text(&[SourceFile::planted("shared/app/src/a.rs", text)]);
        assert_eq!(found.len(), count, "{text}: {found:?}");
    }
}
