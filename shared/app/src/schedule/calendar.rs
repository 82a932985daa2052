//! `[closing]`: on which day a month is closed, in the MSP's own calendar and time zone. Pure.

use std::collections::BTreeSet;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use serde::Deserialize;
use truecount_billing::BillingMonth;

/// Days that are looked back for working days at the most.
const LOOK_BACK_DAYS_MAX: u32 = 400;

/// Working days between closing and invoice at the most.
const WORKING_DAYS_MAX: u32 = 20;

/// Holidays in the settings at the most.
const HOLIDAYS_MAX: usize = 1_000;

/// An invoice or closing that falls on one of the first so many days closes the month before.
const BEFORE_UP_TO_DAY: i8 = 7;

/// When a month is closed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Calendar {
    day: ClosingDay,
    month: WhichMonth,
    weekend: BTreeSet<i8>,
    holidays: BTreeSet<Date>,
    zone: TimeZone,
}

/// What decides the closing day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClosingDay {
    /// So many working days before the invoice date.
    BeforeInvoice { invoice: MonthDay, working_days: u32 },
    /// Always this day, working day or not.
    Fixed(MonthDay),
}

/// A day of every month; one that a month does not have is its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// `[closing]` as a person writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    invoice_day: Option<toml::Value>,
    working_days_before: Option<u32>,
    day: Option<toml::Value>,
    month: Option<WhichMonth>,
    weekend: Option<Vec<String>>,
    #[serde(default)]
    holidays: Vec<toml::Value>,
    time_zone: Option<String>,
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            day: ClosingDay::BeforeInvoice { invoice: MonthDay::Number(1), working_days: 3 },
            month: WhichMonth::Before,
            weekend: BTreeSet::from([6, 7]),
            holidays: BTreeSet::new(),
            zone: TimeZone::UTC,
        }
    }
}

impl Calendar {
    /// The MSP's day at a moment.
    #[must_use]
    pub fn day_at(&self, moment: Timestamp) -> Date {
        self.zone.to_datetime(moment).date()
    }

    /// The day on which a month is closed: never before the month has begun.
    #[must_use]
    pub fn closing_day(&self, month: BillingMonth) -> Date {
        let named = match self.month {
            WhichMonth::Same => month,
            WhichMonth::Before => month.next(),
        };
        let day = match self.day {
            ClosingDay::Fixed(day) => day.within(named),
            ClosingDay::BeforeInvoice { invoice, working_days } => {
                self.working_days_before(invoice.within(named), working_days)
            }
        };
        day.max(month.first_day())
    }

    /// The newest month whose closing day has come by `day`.
    #[must_use]
    pub fn newest_by(&self, day: Date) -> BillingMonth {
        let mut month = BillingMonth::of(day);
        // A closing day lies in its month or the one after: two steps back always find one.
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

impl MonthDay {
    fn read(key: &str, value: &toml::Value) -> Result<Self, String> {
        let number = value.as_integer().and_then(|number| i8::try_from(number).ok());
        match (number, value.as_str()) {
            (Some(number @ 1..=31), _) => Ok(Self::Number(number)),
            (_, Some("last")) => Ok(Self::Last),
            _ => Err(format!("[closing] `{key}` is {value}: write a day from 1 to 31, or \"last\"")),
        }
    }

    fn within(self, month: BillingMonth) -> Date {
        let last = month.last_day();
        match self {
            Self::Number(number) if number < last.day() => {
                month.first_day().saturating_add(i64::from(number - 1).days())
            }
            _ => last,
        }
    }

    /// Which month it closes unless the settings say so.
    fn usual_month(self) -> WhichMonth {
        match self {
            Self::Number(1..=BEFORE_UP_TO_DAY) => WhichMonth::Before,
            _ => WhichMonth::Same,
        }
    }
}

impl TryFrom<Written> for Calendar {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        if written.day.is_some() && (written.invoice_day.is_some() || written.working_days_before.is_some()) {
            return Err("[closing] has `day` beside `invoice_day` or `working_days_before`: write one way".to_owned());
        }
        let (day, named) = match &written.day {
            Some(value) => {
                let day = MonthDay::read("day", value)?;
                (ClosingDay::Fixed(day), day)
            }
            None => {
                let invoice = written.invoice_day.as_ref();
                let invoice = invoice.map_or(Ok(MonthDay::Number(1)), |value| MonthDay::read("invoice_day", value))?;
                let working_days = written.working_days_before.unwrap_or(3);
                if working_days > WORKING_DAYS_MAX {
                    return Err(format!(
                        "[closing] `working_days_before` is {working_days}: write at most {WORKING_DAYS_MAX}"
                    ));
                }
                (ClosingDay::BeforeInvoice { invoice, working_days }, invoice)
            }
        };
        Ok(Self {
            day,
            month: written.month.unwrap_or_else(|| named.usual_month()),
            weekend: weekend(written.weekend.as_deref())?,
            holidays: holidays(&written.holidays)?,
            zone: zone(written.time_zone.as_deref())?,
        })
    }
}

fn weekend(names: Option<&[String]>) -> Result<BTreeSet<i8>, String> {
    let Some(names) = names else { return Ok(Calendar::default().weekend) };
    let mut days = BTreeSet::new();
    for name in names {
        days.insert(weekday(name)?.to_monday_one_offset());
    }
    if days.len() == 7 {
        return Err("[closing] `weekend` has all seven days: leave the working days out".to_owned());
    }
    Ok(days)
}

fn weekday(name: &str) -> Result<Weekday, String> {
    let days = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let found = days.into_iter().find(|(word, _)| name.eq_ignore_ascii_case(word));
    found
        .map(|(_, day)| day)
        .ok_or_else(|| format!("[closing] `weekend` has `{}`: write days such as \"saturday\"", name.escape_debug()))
}

fn holidays(values: &[toml::Value]) -> Result<BTreeSet<Date>, String> {
    if values.len() > HOLIDAYS_MAX {
        return Err(format!("[closing] has {} holidays: at most {HOLIDAYS_MAX} are read", values.len()));
    }
    let day = |value: &toml::Value| {
        let text = match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let day = if text.len() == 10 { text.parse().ok() } else { None };
        day.ok_or_else(|| format!("[closing] `holidays` has {value}: write days such as \"2026-12-25\""))
    };
    values.iter().map(day).collect()
}

fn zone(name: Option<&str>) -> Result<TimeZone, String> {
    let Some(name) = name else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_| {
        let name = name.escape_debug();
        format!("[closing] `time_zone` is `{name}`, which is no time zone: write a name such as \"Europe/London\"")
    })
}
