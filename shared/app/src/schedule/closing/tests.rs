//! The calendar, held against a second way to count and against whole years of daily runs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime, date};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::toml_sections::{Problem, Problems, Section};

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Asia/Kathmandu",
    "Pacific/Apia",
];

/// Daily runs at these times of a winter's day there: in summer they are an hour off, over midnight and back.
const RUNS_AT: [(i8, i8); 5] = [(23, 30), (0, 0), (0, 30), (2, 30), (19, 0)];

const YEARS: [i16; 5] = [2024, 2026, 2028, 2030, 2100];

/// Bank holidays of England in some years, Christmas in all.
const HOLIDAYS: &str = r#"["2024-03-29", "2024-04-01", "2024-12-25", "2024-12-26", "2026-05-25", "2026-08-31",
    "2026-12-25", "2026-12-28", "2027-03-26", "2027-03-29", "2028-04-28", "2030-04-29", "2030-12-25", "2030-12-26",
    "2100-03-26", "2100-03-29", "2100-12-27"]"#;

/// Settings, the invoice or closing day that they name (31: the last), working days before, and how many months before
/// the named date the closed one lies.
const RULES: [(&str, i8, Option<usize>, i32); 8] = [
    ("", 1, Some(5), 1),
    ("invoice_day = 15", 15, Some(5), 0),
    ("invoice_day = \"last\"", 31, Some(5), 0),
    ("invoice_day = 5\nworking_days_before = 2", 5, Some(2), 1),
    ("invoice_day = 10\nworking_days_before = 5\nmonth = \"before\"", 10, Some(5), 1),
    ("day = \"last\"", 31, None, 0),
    ("day = 25", 25, None, 0),
    ("day = 2", 2, None, 1),
];

fn calendar(text: &str) -> Result<Calendar, String> {
    let mut problems = Problems::of(text);
    let section = Section::of_file(text, &mut problems);
    let calendar = Calendar::read(section, &mut problems);
    problems.result(calendar).map_err(|problems| problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))
}

fn of(rule: &str, zone: &str) -> Calendar {
    calendar(&format!("{rule}\nholidays = {HOLIDAYS}\ntime_zone = \"{zone}\"")).unwrap()
}

/// The closing days of the months around a year, by a list of all its working days.
fn expected(rule: usize, year: i16) -> BTreeMap<BillingMonth, Date> {
    let (_, named, working_days, before) = RULES[rule];
    let holidays: BTreeSet<Date> =
        HOLIDAYS.split('"').filter(|part| part.len() == 10).map(|day| day.parse().unwrap()).collect();
    let days = date(year - 1, 10, 1).series(1.day()).take_while(|day| *day < date(year + 1, 4, 1));
    let working: Vec<Date> =
        days.filter(|day| day.weekday().to_monday_zero_offset() < 5 && !holidays.contains(day)).collect();
    let firsts = date(year - 1, 12, 1).series(1.month()).take(15);
    let closing = firsts.map(|first| {
        let invoice = first.with().day(named.min(first.days_in_month())).build().unwrap();
        let month = first.checked_sub(before.months()).unwrap();
        let day = match working_days {
            Some(count) => working[working.partition_point(|day| *day < invoice) - count],
            None => invoice,
        };
        (BillingMonth::of(month), day)
    });
    closing.collect()
}

/// The moments of daily runs around a year: always at the same time in UTC.
fn runs(year: i16, zone: &str, at: (i8, i8)) -> impl Iterator<Item = Timestamp> {
    let first = DateTime::new(year - 1, 12, 15, at.0, at.1, 0, 0).unwrap();
    let first = TimeZone::get(zone).unwrap().to_timestamp(first).unwrap();
    (0..430).map(move |day| first.saturating_add(jiff::SignedDuration::from_hours(24 * day)).unwrap())
}

/// Closes a year by daily runs; gives how many of its months were closed, each on its day.
fn close_year(rule: usize, year: i16, zone: &str, at: (i8, i8), days: &BTreeMap<BillingMonth, Date>) -> usize {
    let calendar = of(RULES[rule].0, zone);
    let mut done = BTreeSet::new();
    let mut last_day: Option<Date> = None;
    let began = calendar.day_at(runs(year, zone, at).next().unwrap());
    for (run, moment) in runs(year, zone, at).enumerate() {
        let day = calendar.day_at(moment);
        // Around a closing day every run, else some.
        let is_near = days.values().any(|closing| day.since(*closing).unwrap().get_days().abs() <= 2);
        if !is_near && run % 8 != 0 {
            last_day = Some(day);
            continue;
        }
        let due = closing_due(&calendar, day, began, &done);
        if let Some(month) = due.month {
            assert!(done.insert(month), "{month} twice");
            // Only a day that the clock change left out may be closed a day later.
            let was_left_out =
                last_day.is_some_and(|last| last < days[&month]) && day.yesterday().unwrap() == days[&month];
            assert!(day == days[&month] || was_left_out, "{} {zone} {at:?}: {month} on {day}", RULES[rule].0);
            assert!(due.missed.is_empty());
        }
        last_day = Some(day);
    }
    done.iter().filter(|month| month.first_day().year() == year).count()
}

#[test]
fn every_month_is_closed_once_on_its_day() {
    let mut closed = 0;
    let mut years = 0;
    for rule in 0..RULES.len() {
        for year in YEARS {
            let days = expected(rule, year);
            for (nth, zone) in ZONES.into_iter().enumerate() {
                // Invoices on the 1st, 15th and last at all times, the other rules at one.
                let times = if rule < 3 { &RUNS_AT[..] } else { &RUNS_AT[(nth + rule) % 5..][..1] };
                for at in times {
                    closed += close_year(rule, year, zone, *at, &days);
                    years += 1;
                }
            }
        }
    }
    assert_eq!((closed, years), (years * 12, 5 * (3 * 8 * 5 + 5 * 8)));
}

#[test]
fn some_closing_days() {
    for (rule, month, day) in [
        ("", "2026-06", "2026-06-24"),
        ("", "2026-05", "2026-05-25"),
        ("", "2024-02", "2024-02-23"),
        ("holidays = [2026-12-31, 2026-12-30]", "2026-12", "2026-12-23"),
        ("working_days_before = 0", "2026-06", "2026-07-01"),
        ("weekend = [\"friday\", \"saturday\"]", "2026-06", "2026-06-24"),
        ("weekend = []", "2026-06", "2026-06-26"),
        ("invoice_day = 15", "2026-06", "2026-06-08"),
        ("invoice_day = 31", "2026-02", "2026-02-23"),
        // never before the month has begun
        ("invoice_day = 8\nworking_days_before = 9", "2026-06", "2026-06-01"),
        ("day = 31", "2028-02", "2028-02-29"),
        ("day = 31", "2100-02", "2100-02-28"),
        ("day = 3", "2026-06", "2026-07-03"),
        ("day = 3\nmonth = \"same\"", "2026-06", "2026-06-03"),
    ] {
        let found = calendar(rule).unwrap().closing_day(month.parse().unwrap());
        assert_eq!(found.to_string(), day, "{rule} {month}");
    }
}

#[test]
fn what_cannot_be_a_calendar_is_named() {
    for (text, says) in [
        ("invoice_day = 0", "line 1: `invoice_day`: 0 is not a day: write one from 1 to 31, or \"last\""),
        ("invoice_day = 32", "`invoice_day`: 32 is not a day"),
        ("day = \"first\"", "`day`: \"first\" is not a day"),
        ("day = 25\ninvoice_day = 1", "line 1: `day` stands beside `invoice_day`, `working_days_before` or"),
        ("day = 25\nlatest_working_days_before = 1", "line 1: `day` stands beside"),
        ("latest_working_days_before = 6", "is 6, and the closing begins 5 working days before; write at most that"),
        ("working_days_before = 2\nlatest_working_days_before = 3", "line 2: `latest_working_days_before` is 3"),
        ("ready_percent = 0", "`ready_percent` is 0; write a number from 1 to 100"),
        ("ready_percent = 101", "`ready_percent` is 101"),
        ("working_days_before = 21", "at most 20"),
        ("weekend = [\"saterday\"]", "`saterday`"),
        (
            "weekend = [\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\",\"saturday\",\"sunday\"]",
            "all seven",
        ),
        ("holidays = [\"25.12.2026\"]", "write days such as \"2026-12-25\""),
        ("time_zone = \"Europe/Lodon\"", "`Europe/Lodon`, which is not a time zone"),
        ("month = \"after\"", "`month`: unknown word `after`"),
        ("invoce_day = 1", "unknown key `invoce_day`; did you mean `invoice_day`?"),
        (
            "day = 40\nmonth = \"same\"\nweekend = [\"x\"]",
            "line 1: `day`: 40 is not a day: write one from 1 to 31, or \"last\"\nline 3: `weekend` has `x`",
        ),
    ] {
        let error = calendar(text).unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn a_day_that_failed_is_caught_up_and_nothing_from_before_is_due() {
    let calendar = Calendar::default();
    let month = |text: &str| text.parse::<BillingMonth>().unwrap();
    let began = date(2026, 5, 29);
    let due =
        |day: Date, done: &[&str]| closing_due(&calendar, day, began, &done.iter().map(|text| month(text)).collect());
    // May's latest day was the 27th, before the first check.
    let first = due(began, &[]);
    assert_eq!((first.due, first.overdue, first.closing_day), (false, 0, date(2026, 6, 24)), "{}", first.why);
    assert!(!due(date(2026, 6, 23), &[]).due);
    let on_time = due(date(2026, 6, 24), &[]);
    assert_eq!((on_time.month, on_time.overdue), (Some(month("2026-06")), 0));
    assert_eq!(on_time.why, "2026-06 is due to be closed today");
    let waiting = due(date(2026, 6, 25), &[]);
    assert_eq!(waiting.why, "2026-06 is due since 2026-06-24, and will be closed on 2026-06-26 at the latest");
    let latest = due(date(2026, 6, 26), &[]);
    assert_eq!((latest.month, latest.overdue), (Some(month("2026-06")), 0), "until the latest day it may wait");
    // Also in July it is June that is closed.
    let late = due(date(2026, 7, 3), &[]);
    assert_eq!((late.month, late.overdue, late.missed.len()), (Some(month("2026-06")), 1, 0), "{}", late.why);
    let next = due(date(2026, 7, 27), &[]);
    assert_eq!((next.month, next.overdue, &next.missed[..]), (Some(month("2026-07")), 1, &[month("2026-06")][..]));
    assert_eq!(next.why, "2026-07 is due to be closed today; never closed: 2026-06");
    let after = due(date(2026, 7, 30), &["2026-07"]);
    assert_eq!((after.due, after.overdue, after.closing_day), (false, 0, date(2026, 8, 25)));
    assert_eq!(after.why, "2026-07 is closed; 2026-08 will be closed on 2026-08-25");
    // Closed by hand before its day: nothing to do on the day.
    assert!(!due(date(2026, 6, 24), &["2026-06"]).due);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever days fail or never happen: no month is closed twice or for another one's days, and each is closed or
    /// reported as missed by the next that is.
    #[test]
    fn no_month_is_lost_in_silence(
        rule in 0..RULES.len(),
        works in proptest::collection::vec(proptest::bool::weighted(0.1), 400),
    ) {
        let calendar = of(RULES[rule].0, "Europe/London");
        let began = date(2026, 1, 1);
        let mut done = BTreeSet::new();
        let mut reported = BTreeSet::new();
        for (at, works) in works.iter().enumerate() {
            let day = began.saturating_add(i64::try_from(at).unwrap().days());
            let due = closing_due(&calendar, day, began, &done);
            let open: Vec<_> = due.missed.iter().copied().chain(due.month).collect();
            let late = open.iter().filter(|month| calendar.latest_day(**month) < day).count() as u64;
            prop_assert_eq!(due.overdue, late);
            if let (true, Some(month)) = (*works, due.month) {
                prop_assert!(calendar.closing_day(month) <= day && day < calendar.closing_day(month.next()));
                prop_assert!(done.insert(month));
                for missed in due.missed {
                    prop_assert!(reported.insert(missed), "reported once");
                }
            }
        }
        let Some(last) = done.last() else { return Ok(()) };
        let mut month = calendar.first_from(began);
        while month <= *last {
            prop_assert!(done.contains(&month) != reported.contains(&month), "{}", month);
            month = month.next();
        }
    }
}
