//! `[closing]` of the settings: on which day a month is closed, in the MSP's own calendar and time zone. Pure.

use std::collections::BTreeSet;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Weekday},
    tz::TimeZone,
};
use serde::Deserialize;
use truecount_billing::BillingMonth;

use crate::toml_sections::{Located, Problems, Section};

/// The most days that are looked back over for working days.
const LOOK_BACK_DAYS_MAX: u32 = 400;

/// The most working days between closing and invoice.
const WORKING_DAYS_MAX: u32 = 20;

/// Working days between closing and invoice, unless the settings say otherwise.
const WORKING_DAYS: u32 = 5;

/// Working days before the invoice date until which a closing waits for data, unless the settings say otherwise.
const LATEST_WORKING_DAYS: u32 = 3;

/// The reminder goes out so many working days before the closing day.
const REMINDER_WORKING_DAYS: u32 = 3;

/// The share of what the last closing compared that must have been read, in percent, unless the settings say otherwise.
const READY_PERCENT: u32 = 95;

/// The most holidays in the settings.
const HOLIDAYS_MAX: usize = 1_000;

/// An invoice or closing day up to this day of a month closes the month before.
const BEFORE_UP_TO_DAY: i8 = 7;

/// When a month is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    day: ClosingDay,
    month: WhichMonth,
    weekend: BTreeSet<i8>,
    holidays: BTreeSet<Date>,
    zone: TimeZone,
    ready_percent: u32,
}

/// How the closing day is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClosingDay {
    /// From this many working days before the invoice date on, and at the latest on the day that is `latest` before it.
    BeforeInvoice { invoice: MonthDay, working_days: u32, latest: u32 },
    /// Always this day, working day or not, with what there is.
    Fixed(MonthDay),
}

/// A day of every month; one that a month does not have is its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
enum MonthDay {
    Number(i8),
    Last,
}

/// Which month is closed: that of the invoice or closing date, or the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhichMonth {
    Same,
    Before,
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            day: ClosingDay::BeforeInvoice {
                invoice: MonthDay::Number(1),
                working_days: WORKING_DAYS,
                latest: LATEST_WORKING_DAYS,
            },
            month: WhichMonth::Before,
            weekend: BTreeSet::from([6, 7]),
            holidays: BTreeSet::new(),
            zone: TimeZone::UTC,
            ready_percent: READY_PERCENT,
        }
    }
}

impl Calendar {
    /// The MSP's day at a moment.
    #[must_use]
    pub fn day_at(&self, moment: Timestamp) -> Date {
        self.zone.to_datetime(moment).date()
    }

    /// The name of the MSP's time zone; `UTC` unless the settings say otherwise.
    #[must_use]
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The MSP's day and time of day at a moment.
    #[must_use]
    pub fn time_at(&self, moment: Timestamp) -> DateTime {
        self.zone.to_datetime(moment)
    }

    /// The share of what the last closing compared that must have been read, in percent.
    #[must_use]
    pub fn ready_percent(&self) -> u32 {
        self.ready_percent
    }

    /// The day from which on a month is closed, once it is ready: never before the month has begun.
    #[must_use]
    pub fn closing_day(&self, month: BillingMonth) -> Date {
        let day = match self.day {
            ClosingDay::Fixed(_) => self.invoice_date(month),
            ClosingDay::BeforeInvoice { working_days, .. } => {
                self.working_days_before(self.invoice_date(month), working_days)
            }
        };
        day.max(month.first_day())
    }

    /// The day on which a month is closed at the latest, with what there is.
    #[must_use]
    pub fn latest_day(&self, month: BillingMonth) -> Date {
        let closing_day = self.closing_day(month);
        match self.day {
            ClosingDay::Fixed(_) => closing_day,
            ClosingDay::BeforeInvoice { latest, .. } => {
                self.working_days_before(self.invoice_date(month), latest).max(closing_day)
            }
        }
    }

    /// The day of the reminder that a month will be closed soon.
    #[must_use]
    pub fn reminder_day(&self, month: BillingMonth) -> Date {
        self.working_days_before(self.closing_day(month), REMINDER_WORKING_DAYS)
    }

    /// The last working day before a month is invoiced; `None`: there is none after its closing day, or only the closing
    /// day is set.
    #[must_use]
    pub fn last_working_day(&self, month: BillingMonth) -> Option<Date> {
        match self.day {
            ClosingDay::Fixed(_) => None,
            ClosingDay::BeforeInvoice { .. } => {
                let day = self.working_days_before(self.invoice_date(month), 1);
                Some(day).filter(|day| *day > self.closing_day(month))
            }
        }
    }

    /// The day on which a month is invoiced; where only the closing day is set, that day.
    #[must_use]
    pub fn invoice_date(&self, month: BillingMonth) -> Date {
        let named = match self.month {
            WhichMonth::Same => month,
            WhichMonth::Before => month.next(),
        };
        match self.day {
            ClosingDay::Fixed(day) | ClosingDay::BeforeInvoice { invoice: day, .. } => day.within(named),
        }
    }

    /// The newest month whose closing day has come by `day`.
    #[must_use]
    pub fn newest_by(&self, day: Date) -> BillingMonth {
        let mut month = BillingMonth::of(day);
        // A closing day lies in its month or the one after: at most two steps back find one.
        while self.closing_day(month) > day && month.previous() != month {
            month = month.previous();
        }
        month
    }

    /// The first month whose closing day is not before `day`.
    #[must_use]
    pub fn first_from(&self, day: Date) -> BillingMonth {
        let month = self.newest_by(day);
        if self.closing_day(month) < day { month.next() } else { month }
    }

    /// The first month whose latest day is not before `day`.
    #[must_use]
    pub fn first_expected_from(&self, day: Date) -> BillingMonth {
        let month = self.newest_by(day);
        if self.latest_day(month) < day { month.next() } else { month }
    }

    /// The day of the first closing after a day.
    #[must_use]
    pub fn next_after(&self, day: Date) -> Date {
        let mut month = self.first_from(day);
        while self.closing_day(month) <= day && month.next() != month {
            month = month.next();
        }
        self.closing_day(month)
    }

    fn working_days_before(&self, date: Date, working_days: u32) -> Date {
        let mut day = date;
        let mut left = working_days;
        for _ in 0..LOOK_BACK_DAYS_MAX {
            if left == 0 {
                break;
            }
            day = day.saturating_sub(1.day());
            if self.is_working_day(day) {
                left -= 1;
            }
        }
        day
    }

    fn is_working_day(&self, day: Date) -> bool {
        !self.weekend.contains(&day.weekday().to_monday_one_offset()) && !self.holidays.contains(&day)
    }
}

impl TryFrom<toml::Value> for MonthDay {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let number = value.as_integer().and_then(|number| i8::try_from(number).ok());
        match (number, value.as_str()) {
            (Some(number @ 1..=31), _) => Ok(Self::Number(number)),
            (_, Some("last")) => Ok(Self::Last),
            _ => Err(format!("{value} is not a day: write one from 1 to 31, or \"last\"")),
        }
    }
}

impl MonthDay {
    fn within(self, month: BillingMonth) -> Date {
        let last = month.last_day();
        match self {
            Self::Number(number) if number < last.day() => {
                month.first_day().saturating_add(i64::from(number - 1).days())
            }
            _ => last,
        }
    }

    /// The month that it closes unless the settings say otherwise.
    fn usual_month(self) -> WhichMonth {
        match self {
            Self::Number(1..=BEFORE_UP_TO_DAY) => WhichMonth::Before,
            _ => WhichMonth::Same,
        }
    }
}

impl Calendar {
    /// Reads `[closing]`. What is wrong is noted, and the usual value stands in its place.
    pub(crate) fn read<'i>(mut section: Section<'i>, problems: &mut Problems<'_>) -> Self {
        let usual = Self::default();
        let fixed = section.optional::<MonthDay>("day", problems);
        let invoice = section.optional::<MonthDay>("invoice_day", problems);
        let working_days = section.optional::<u32>("working_days_before", problems);
        let latest = section.optional::<u32>("latest_working_days_before", problems);
        let is_before_invoice = invoice.is_some() || working_days.is_some() || latest.is_some();
        if let (Some(fixed), true) = (&fixed, is_before_invoice) {
            let why = "`day` stands beside `invoice_day`, `working_days_before` or `latest_working_days_before`; write \
                       one or the others";
            problems.add(fixed.at, why);
        }
        let (day, named) = match fixed {
            Some(fixed) => (ClosingDay::Fixed(fixed.value), fixed.value),
            None => {
                let invoice = invoice.map_or(MonthDay::Number(1), |invoice| invoice.value);
                let working_days = working_days.map_or(WORKING_DAYS, |days| checked_working_days(&days, problems));
                let latest = checked_latest(latest.as_ref(), working_days, problems);
                (ClosingDay::BeforeInvoice { invoice, working_days, latest }, invoice)
            }
        };
        let month = section.value("month", problems);
        let weekend = section.optional::<Vec<String>>("weekend", problems);
        let holidays = section.optional::<Vec<toml::Value>>("holidays", problems);
        let zone = section.optional::<String>("time_zone", problems);
        let ready_percent = section.optional::<u32>("ready_percent", problems);
        section.finish(problems);
        Self {
            day,
            month: month.unwrap_or_else(|| named.usual_month()),
            weekend: weekend.map_or(usual.weekend, |names| checked_weekend(&names, problems)),
            holidays: holidays.map_or(usual.holidays, |days| checked_holidays(&days, problems)),
            zone: zone.map_or(usual.zone, |name| checked_zone(&name, problems)),
            ready_percent: ready_percent.map_or(usual.ready_percent, |percent| checked_percent(&percent, problems)),
        }
    }
}

fn checked_working_days(days: &Located<u32>, problems: &mut Problems<'_>) -> u32 {
    if days.value > WORKING_DAYS_MAX {
        problems.add(days.at, format!("`working_days_before` is {}; write at most {WORKING_DAYS_MAX}", days.value));
    }
    days.value.min(WORKING_DAYS_MAX)
}

/// The closing waits no longer than until the day before which it does not begin to wait.
fn checked_latest(latest: Option<&Located<u32>>, working_days: u32, problems: &mut Problems<'_>) -> u32 {
    let Some(latest) = latest else { return LATEST_WORKING_DAYS.min(working_days) };
    if latest.value > working_days {
        problems.add(
            latest.at,
            format!(
                "`latest_working_days_before` is {}, and the closing begins {working_days} working days before; write at \
                 most that",
                latest.value
            ),
        );
    }
    latest.value.min(working_days)
}

fn checked_percent(percent: &Located<u32>, problems: &mut Problems<'_>) -> u32 {
    if !(1..=100).contains(&percent.value) {
        problems.add(percent.at, format!("`ready_percent` is {}; write a number from 1 to 100", percent.value));
    }
    percent.value.clamp(1, 100)
}

fn checked_weekend(names: &Located<Vec<String>>, problems: &mut Problems<'_>) -> BTreeSet<i8> {
    let mut days = BTreeSet::new();
    for name in &names.value {
        match weekday(name) {
            Some(day) => drop(days.insert(day.to_monday_one_offset())),
            None => {
                let name = name.escape_debug();
                problems.add(names.at, format!("`weekend` has `{name}`; write days such as \"saturday\""));
            }
        }
    }
    if days.len() == 7 {
        problems.add(names.at, "`weekend` has all seven days; leave out the working days");
    }
    days
}

fn weekday(name: &str) -> Option<Weekday> {
    let days = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    days.into_iter().find(|(word, _)| name.eq_ignore_ascii_case(word)).map(|(_, day)| day)
}

fn checked_holidays(values: &Located<Vec<toml::Value>>, problems: &mut Problems<'_>) -> BTreeSet<Date> {
    if values.value.len() > HOLIDAYS_MAX {
        problems.add(values.at, format!("`holidays` has {} days; write at most {HOLIDAYS_MAX}", values.value.len()));
        return BTreeSet::new();
    }
    let mut days = BTreeSet::new();
    for value in &values.value {
        match holiday(value) {
            Some(day) => drop(days.insert(day)),
            None => problems.add(values.at, format!("`holidays` has {value}; write days such as \"2026-12-25\"")),
        }
    }
    days
}

fn holiday(value: &toml::Value) -> Option<Date> {
    let text = match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // jiff reads longer forms, too, such as one with a time: those are not days.
    if text.len() == 10 { text.parse().ok() } else { None }
}

fn checked_zone(name: &Located<String>, problems: &mut Problems<'_>) -> TimeZone {
    TimeZone::get(&name.value).unwrap_or_else(|_| {
        let text = name.value.escape_debug();
        let why = format!("`time_zone` is `{text}`, which is not a time zone; write a name such as \"Europe/London\"");
        problems.add(name.at, why);
        TimeZone::UTC
    })
}
