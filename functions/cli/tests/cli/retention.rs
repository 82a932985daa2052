//! `[retention] days`: what has expired is deleted after a sync, and never what a run at another moment needs.

use std::fs;
use std::path::Path;

use jiff::{Span, Timestamp, tz::TimeZone};

use crate::office::{Office, expect};
use crate::prompt::EXCEPTIONS;

fn keep_for_35_days(office: &Office) {
    let settings = fs::read_to_string(office.path("config/settings.toml")).unwrap();
    fs::write(office.path("config/settings.toml"), format!("[retention]\ndays = 35\n{settings}")).unwrap();
}

fn count_files(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let count = |path: &Path| if path.is_dir() { count_files(path) } else { 1 };
    entries.map(|entry| count(&entry.unwrap().path())).sum()
}

#[test]
fn a_run_at_a_moment_long_past_finds_what_it_has_just_synced() {
    let office = Office::open();
    keep_for_35_days(&office);
    expect(&office.run(&["run"]), EXCEPTIONS, &[]);
    assert!(count_files(&office.path("archive/raw")) > 0);
}

#[test]
fn pages_older_than_the_retention_are_deleted_after_a_sync() {
    let now = Timestamp::now();
    let old = TimeZone::UTC.to_datetime(now).date().saturating_sub(Span::new().days(40));
    let office = Office::open().at(&now.to_string()).with_files(&old.to_string());
    expect(&office.run(&["sync"]), 0, &[]);
    assert!(count_files(&office.path("archive/raw")) > 0, "400 days are not over");
    keep_for_35_days(&office);
    expect(&office.run(&["sync"]), 0, &[]);
    assert_eq!(count_files(&office.path("archive/raw")), 0);
}
