//! The gate over whole years of daily runs, beside a list of working days that a person would count on.

use std::collections::BTreeMap;

use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::toml_sections::{Problems, Section};

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
    "Pacific/Pago_Pago",
];

/// Daily runs at these times of a winter's day there: in summer they are an hour off, over midnight and back.
const RUNS_AT: [(i8, i8); 5] = [(23, 30), (0, 0), (0, 30), (2, 30), (19, 0)];

const HOLIDAYS: [&str; 8] =
    ["2026-04-03", "2026-04-06", "2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28", "2026-12-31", "2027-01-01"];

/// Settings, the invoice day that they name (31: the last), how many months before it the closed one lies, and the
/// working days before it of the closing day and of the latest.
const RULES: [(&str, i8, i32, usize, usize); 6] = [
    ("", 1, 1, 5, 3),
    ("invoice_day = 15", 15, 0, 5, 3),
    ("invoice_day = \"last\"", 31, 0, 5, 3),
    ("working_days_before = 3", 1, 1, 3, 3),
    ("invoice_day = 15\nworking_days_before = 8\nlatest_working_days_before = 1", 15, 0, 8, 1),
    ("invoice_day = \"last\"\nworking_days_before = 2", 31, 0, 2, 2),
];

fn calendar(rule: usize, zone: &str) -> Calendar {
    let text = format!("{}\nholidays = {HOLIDAYS:?}\ntime_zone = \"{zone}\"", RULES[rule].0);
    let mut problems = Problems::of(&text);
    let section = Section::of_file(&text, &mut problems);
    let calendar = Calendar::read(section, &mut problems);
    problems.result(calendar).unwrap_or_else(|_| panic!("{text}"))
}

/// The days of one month's closing, counted on a list of all working days.
#[derive(Debug, Clone, Copy)]
struct Days {
    reminder: Date,
    closing: Date,
    latest: Date,
    last: Date,
    invoice: Date,
}

fn expected(rule: usize) -> BTreeMap<BillingMonth, Days> {
    let (_, named, before, closing, latest) = RULES[rule];
    let holidays: BTreeSet<Date> = HOLIDAYS.iter().map(|day| day.parse().unwrap()).collect();
    let days = date(2025, 9, 1).series(1.day()).take_while(|day| *day < date(2027, 8, 1));
    let working: Vec<Date> =
        days.filter(|day| day.weekday().to_monday_zero_offset() < 5 && !holidays.contains(day)).collect();
    let firsts = date(2025, 12, 1).series(1.month()).take(17);
    let of = |first: Date| {
        let invoice = first.with().day(named.min(first.days_in_month())).build().unwrap();
        let month = BillingMonth::of(first.checked_sub(before.months()).unwrap());
        let at = working.partition_point(|day| *day < invoice);
        let days = Days {
            reminder: working[at - closing - 3],
            closing: working[at - closing],
            latest: working[at - latest],
            last: working[at - 1],
            invoice,
        };
        (month, days)
    };
    firsts.map(of).collect()
}

/// What becomes of a month's data and runs; which of them, the month's number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Everything is read from the closing day on.
    Ready,
    /// It is read some days later.
    ReadyAfterDays(i32),
    /// It is never read.
    Missing,
    /// It is never read, and no run takes place from the closing day until after the latest.
    MissingAndAsleep,
}

fn fate(month: BillingMonth) -> Fate {
    let number = month.first_day().month();
    match number % 6 {
        0 => Fate::Missing,
        1 => Fate::ReadyAfterDays(1),
        2 => Fate::ReadyAfterDays(2),
        3 => Fate::MissingAndAsleep,
        _ => Fate::Ready,
    }
}

/// The moments of daily runs: always at the same time in UTC.
fn runs(zone: &str, at: (i8, i8)) -> impl Iterator<Item = Timestamp> {
    let first = DateTime::new(2025, 12, 20, at.0, at.1, 0, 0).unwrap();
    let first = TimeZone::get(zone).unwrap().to_timestamp(first).unwrap();
    (0..430).map(move |day| first.saturating_add(SignedDuration::from_hours(24 * day)).unwrap())
}

impl Days {
    /// Whether everything that the month waits for has been read on a day.
    fn is_ready(&self, fate: Fate, day: Date) -> bool {
        match fate {
            Fate::Ready => true,
            Fate::ReadyAfterDays(days) => day >= self.closing.saturating_add(days.days()),
            Fate::Missing | Fate::MissingAndAsleep => false,
        }
    }

    fn sleeps(&self, fate: Fate, day: Date) -> bool {
        fate == Fate::MissingAndAsleep && (self.closing..=self.latest).contains(&day)
    }
}

/// What happened to a month, day by day.
#[derive(Debug, Default, PartialEq, Eq)]
struct History {
    reminded: Vec<Date>,
    waited: Vec<Date>,
    closed: Vec<(Date, CloseBecause)>,
    told: Vec<Date>,
}

/// Daily runs by the gate, and what they did to each month.
fn by_gate(
    calendar: &Calendar,
    days: &BTreeMap<BillingMonth, Days>,
    run_days: &[Date],
) -> BTreeMap<BillingMonth, History> {
    let (mut done, mut mailed) = (BTreeSet::new(), BTreeSet::new());
    let mut history: BTreeMap<BillingMonth, History> = BTreeMap::new();
    for day in run_days {
        let due = closing_due(calendar, *day, run_days[0], &done);
        let is_ready = due.month.is_some_and(|month| days[&month].is_ready(fate(month), *day));
        let today = Today { day: *day, began: run_days[0], done: &done, mailed: &mailed, is_ready };
        match daily_step(calendar, &today) {
            DailyStep::Nothing => {}
            DailyStep::Remind(month) => {
                mailed.insert((month, NoticeKind::Reminder));
                history.entry(month).or_default().reminded.push(*day);
            }
            DailyStep::Wait(month) => history.entry(month).or_default().waited.push(*day),
            DailyStep::Close(month, because) => {
                done.insert(month);
                history.entry(month).or_default().closed.push((*day, because));
            }
            DailyStep::LastDay(month) => {
                mailed.insert((month, NoticeKind::LastDay));
                history.entry(month).or_default().told.push(*day);
            }
        }
    }
    history
}

/// The same, month by month, on the list of days on which a run took place.
fn by_hand(of: &Days, fate: Fate, run_days: &[Date]) -> History {
    let on = |from: Date, before: Date| run_days.iter().copied().find(|day| (from..before).contains(day));
    let closed =
        run_days.iter().copied().find(|day| *day >= of.closing && (of.is_ready(fate, *day) || *day >= of.latest));
    let because = |day: Date| if of.is_ready(fate, day) { CloseBecause::Ready } else { CloseBecause::Latest };
    let until = closed.unwrap_or(Date::MAX);
    // A second run of the day on which it was closed tells, if that is the last day.
    let mut after = run_days.iter().copied().skip_while(|day| Some(*day) != closed).skip(1);
    let told = after.find(|day| (of.last..of.invoice).contains(day));
    History {
        reminded: on(of.reminder, of.closing).into_iter().collect(),
        waited: run_days.iter().copied().filter(|day| *day >= of.closing && *day < until).collect(),
        closed: closed.map(|day| (day, because(day))).into_iter().collect(),
        told: told.into_iter().collect(),
    }
}

#[test]
fn each_month_is_closed_once_when_it_is_ready_and_at_the_latest_on_its_last_day() {
    let (mut closed, mut latest, mut waited) = (0, 0, 0);
    for rule in 0..RULES.len() {
        let days = expected(rule);
        // What the gate does depends on the days only, and most zones have the same.
        let mut known = BTreeMap::new();
        for (nth, zone) in ZONES.into_iter().enumerate() {
            // Invoices on the 1st, 15th and last at all times, the other settings at one.
            let times = if rule < 3 { &RUNS_AT[..] } else { &RUNS_AT[(nth + rule) % 5..][..1] };
            for at in times {
                let calendar = calendar(rule, zone);
                let all = runs(zone, *at).map(|moment| calendar.day_at(moment));
                let is_awake = |day: &Date| !days.iter().any(|(month, of)| of.sleeps(fate(*month), *day));
                let run_days: Vec<Date> = all.filter(is_awake).collect();
                let found = known.entry(run_days.clone()).or_insert_with(|| by_gate(&calendar, &days, &run_days));
                for (month, of) in days.iter().filter(|(month, _)| month.first_day().year() == 2026) {
                    let what = format!("{:?} {zone} {at:?} {month} {:?} {of:?}", RULES[rule].0, fate(*month));
                    let history = &found[month];
                    assert_eq!(history, &by_hand(of, fate(*month), &run_days), "{what}");
                    let [(day, because)] = history.closed[..] else { panic!("{what}: {history:?}") };
                    assert!(day >= of.closing, "{what}");
                    assert!(of.is_ready(fate(*month), day) || day >= of.latest, "{what}");
                    closed += 1;
                    latest += u32::from(because == CloseBecause::Latest);
                    waited += u32::from(!history.waited.is_empty());
                }
            }
        }
    }
    assert_eq!(closed, 12 * (3 * 8 * 5 + 3 * 8));
    assert!(latest > closed / 4 && waited > closed / 4, "{latest} and {waited} of {closed}");
}

#[test]
fn a_month_of_daily_runs() {
    let calendar = Calendar::default();
    let june: BillingMonth = "2026-06".parse().unwrap();
    let none = BTreeSet::new();
    let done = BTreeSet::from([june]);
    let began = date(2026, 6, 1);
    let mut said = Vec::new();
    for (day, done, is_ready) in [
        // Closing day is the 24th, the latest the 26th, the invoice date 1 July.
        (date(2026, 6, 18), &none, false),
        (date(2026, 6, 19), &none, false),
        (date(2026, 6, 24), &none, false),
        (date(2026, 6, 24), &none, true),
        (date(2026, 6, 25), &none, true),
        (date(2026, 6, 26), &none, false),
        (date(2026, 6, 29), &none, false),
        (date(2026, 6, 29), &done, true),
        (date(2026, 6, 30), &done, true),
        (date(2026, 7, 1), &done, true),
    ] {
        let mailed = BTreeSet::new();
        let today = Today { day, began, done, mailed: &mailed, is_ready };
        let is_ready = if is_ready { "ready" } else { "not ready" };
        said.push(format!("{} {is_ready}: {:?}", day.day(), daily_step(&calendar, &today)));
    }
    let june = format!("{june:?}");
    let said: Vec<_> = said.iter().map(|line| line.replace(&june, "June")).collect();
    assert_eq!(
        said,
        [
            "18 not ready: Nothing",
            "19 not ready: Remind(June)",
            "24 not ready: Wait(June)",
            "24 ready: Close(June, Ready)",
            "25 ready: Close(June, Ready)",
            "26 not ready: Close(June, Latest)",
            "29 not ready: Close(June, Latest)",
            "29 ready: Nothing",
            "30 ready: LastDay(June)",
            "1 ready: Nothing",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is read on which day, and on which days no run takes place: a month is closed at most once, never before
    /// its closing day, before its latest day only when it is ready; nobody is reminded or told twice.
    #[test]
    fn no_day_closes_early_or_twice(
        rule in 0..RULES.len(),
        runs in proptest::collection::vec(proptest::bool::weighted(0.8), 300),
        ready in proptest::collection::vec(proptest::bool::weighted(0.3), 300),
    ) {
        let calendar = calendar(rule, "Europe/London");
        let began = date(2026, 1, 1);
        let (mut done, mut mailed, mut closed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (at, (runs, is_ready)) in runs.iter().zip(&ready).enumerate().filter(|(_, (runs, _))| **runs) {
            prop_assert!(runs);
            let day = began.saturating_add(i64::try_from(at).unwrap().days());
            let today = Today { day, began, done: &done, mailed: &mailed, is_ready: *is_ready };
            match daily_step(&calendar, &today) {
                DailyStep::Nothing => {}
                DailyStep::Remind(month) => {
                    prop_assert!(day < calendar.closing_day(month) && !closed.contains(&month));
                    prop_assert!(mailed.insert((month, NoticeKind::Reminder)));
                }
                DailyStep::Wait(month) => {
                    prop_assert!(!is_ready && !closed.contains(&month));
                    prop_assert!(calendar.closing_day(month) <= day && day < calendar.latest_day(month));
                }
                DailyStep::Close(month, because) => {
                    prop_assert!(closed.insert(month), "{} twice", month);
                    prop_assert!(calendar.closing_day(month) <= day && day < calendar.closing_day(month.next()));
                    prop_assert_eq!(because == CloseBecause::Ready, *is_ready);
                    prop_assert!(*is_ready || day >= calendar.latest_day(month));
                    done.insert(month);
                }
                DailyStep::LastDay(month) => {
                    prop_assert!(closed.contains(&month) && day < calendar.invoice_date(month));
                    prop_assert!(mailed.insert((month, NoticeKind::LastDay)));
                }
            }
        }
    }
}
