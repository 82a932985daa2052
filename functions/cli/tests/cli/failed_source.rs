//! A source whose settings are wrong is a source that failed: the others are synced, the month is closed without it.

use std::fs;

use crate::office::Office;

/// A vendor with a misspelt option, and a kind of source that does not exist.
const WRONG: &str = r#"
[[sources]]
id = "backup"
connector = "ninjaone"
request_per_minute = 60

[[sources]]
id = "phones"
connector = "ninjatwo"
"#;

#[test]
fn the_month_closes_without_a_source_that_cannot_be_built() {
    let office = Office::open();
    let settings = fs::read_to_string(office.path("config/settings.toml")).unwrap();
    fs::write(office.path("config/settings.toml"), settings + WRONG).unwrap();

    let ended = office.run(&["run", "--closing", "--json"]);
    assert_eq!(ended.code, Some(2), "{}{}", ended.out, ended.err);
    let answer: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let text = answer.to_string();
    for (state, count) in [("committed", 2), ("failed", 2)] {
        assert_eq!(text.matches(&format!("\"state\":\"{state}\"")).count(), count, "{state}: {text}");
    }
    assert_eq!(text.matches("\"remedy\":\"fix_configuration\"").count(), 2, "{text}");

    let run = fs::read_dir(office.path("archive/reports/2026-06")).unwrap().next().unwrap().unwrap().path();
    assert!(run.file_name().unwrap().to_str().unwrap().starts_with("2026-06-c1-"), "{run:?}");
    let coverage = fs::read_to_string(run.join("coverage.csv")).unwrap();
    let row =
        |source: &str| coverage.lines().find(|line| line.contains(source)).unwrap_or_else(|| panic!("{coverage}"));
    for (source, named) in [("backup", "request_per_minute"), ("phones", "ninjatwo")] {
        assert!(row(source).contains("failed") && row(source).contains(named), "{coverage}");
    }
    assert!(row("rmm").contains("complete"), "{coverage}");
}
