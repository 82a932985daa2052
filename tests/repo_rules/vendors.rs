//! Vendors are known by name only where they are declared: everything else asks the source kind.

use crate::source::{Breach, SourceFile, breach, rust_files};

/// Names of vendors and their products, without separators.
const VENDORS: [&str; 15] = [
    "acronis",
    "autotask",
    "bitdefender",
    "connectwise",
    "datto",
    "halopsa",
    "hudu",
    "microsoftgraph",
    "ncentral",
    "ninjaone",
    "pax8",
    "sentinelone",
    "sherweb",
    "sophos",
    "syncromsp",
];

/// Where a vendor's name may stand: its own file, the registry of all source kinds, the presets of exports, the simulated
/// vendors, and the command line's help, whose examples name a source of the settings that `init` writes.
const ALLOWED: [&str; 5] = [
    "shared/connectors/src/sources/",
    "shared/connectors/src/source_kind.rs",
    "shared/exports/presets/",
    "shared/sandbox/",
    "functions/cli/src/args/",
];

/// Allowed places at which there is nothing.
fn empty_places(files: &[SourceFile]) -> Vec<Breach> {
    let is_empty = |place: &&str| !files.iter().any(|file| file.path.starts_with(place));
    ALLOWED
        .into_iter()
        .filter(is_empty)
        .map(|place| format!("nothing is at `{place}`: remove it from ALLOWED"))
        .collect()
}

fn vendor_names(files: &[SourceFile]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let named = |text: &str| {
        let text: String = text.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).collect::<String>().to_lowercase();
        VENDORS.into_iter().find(|vendor| text.contains(vendor))
    };
    for file in files.iter().filter(|file| file.is_product()) {
        if ALLOWED.iter().any(|allowed| file.path.starts_with(allowed)) {
            continue;
        }
        let scan = file.scan().without_tests();
        let strings = scan.strings.iter().map(|(line, text)| (*line, text.as_str()));
        for (line, text) in scan.lines().chain(strings) {
            if let Some(vendor) = named(text) {
                breaches.push(breach(file, line, format_args!("names the vendor `{vendor}`")));
            }
        }
    }
    breaches
}

#[test]
fn no_vendor_is_named_outside_its_source() {
    assert_eq!(vendor_names(&rust_files()), [""; 0]);
}

#[test]
fn every_allowed_place_exists() {
    assert_eq!(empty_places(&rust_files()), [""; 0]);
}

#[test]
fn an_allowed_place_without_a_file_is_refused() {
    let at = |place: &str| SourceFile::planted(place, "");
    for gone in ALLOWED {
        let files: Vec<_> = ALLOWED.into_iter().filter(|place| *place != gone).map(at).collect();
        assert_eq!(empty_places(&files), [format!("nothing is at `{gone}`: remove it from ALLOWED")]);
    }
}

#[test]
fn a_vendor_named_elsewhere_is_refused() {
    for (path, text, count) in [
        ("shared/app/src/mapping/order.rs", "if connector == \"ninjaone\" {}", 1),
        ("shared/app/src/mapping/order.rs", "match kind { \"microsoft-graph\" | \"Pax8\" => 0 }", 2),
        ("functions/cli/src/run.rs", "use vendors::microsoft_graph;", 1),
        ("shared/app/src/a.rs", "// as NinjaOne does\n/// Like `pax8`.\nfn a() {}", 0),
        ("shared/app/src/a.rs", "#[cfg(test)]\nmod tests {\n    const A: &str = \"hudu\";\n}", 0),
        ("shared/app/tests/a.rs", "const A: &str = \"hudu\";", 0),
        ("shared/connectors/src/sources/hudu.rs", "const A: &str = \"hudu\";", 0),
        ("shared/connectors/src/engine.rs", "const A: &str = \"hudu\";", 1),
    ] {
        let found = vendor_names(&[SourceFile::planted(path, text)]);
        assert_eq!(found.len(), count, "{path}: {text}: {found:?}");
    }
}
