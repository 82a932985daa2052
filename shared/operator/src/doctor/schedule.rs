//! Whether the daily run takes place, no closing is overdue, and the clock is right.

use jiff::civil::Time;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use truecount_app::{Calendar, ClosingDue, Config, Environment, closing_outlook};

use super::{CheckResult, CheckStatus, fix_of};
use crate::inspector::AwsInspector;
use crate::stack::StackResources;

/// A clock that is off by more seconds should be looked at.
const SKEW_SECONDS_ADVICE: i64 = 60;

/// From this hour on nobody reads mails on the same day.
const EVENING_HOUR: i8 = 17;

/// The hour at which a daily run is early enough for everybody.
const MORNING_HOUR: i8 = 6;

/// AWS and vendors refuse signatures and tokens of a clock that is off by more seconds.
const SKEW_SECONDS_FAULT: i64 = 300;

pub(super) fn clock(skews: &[(String, SignedDuration)], results: &mut Vec<CheckResult>) {
    let Some((who, skew)) = skews.iter().max_by_key(|(_, skew)| skew.as_secs().abs()) else { return };
    let seconds = skew.as_secs().abs();
    let health = match seconds {
        SKEW_SECONDS_FAULT.. => CheckStatus::Error,
        SKEW_SECONDS_ADVICE.. => CheckStatus::Advice,
        _ => {
            results.push(CheckResult::ok("clock", format!("within {} s of {who}", seconds.max(1))));
            return;
        }
    };
    let direction = if skew.is_positive() { "behind" } else { "ahead of" };
    let message = format!("this machine's clock is {seconds} s {direction} that of {who}");
    let fix = "set this machine's clock from the network (NTP), then check again";
    results.push(CheckResult::problem(health, "clock", message, fix));
}

/// The schedule that starts the daily run. Answers whether it is on.
pub(super) async fn daily_run(
    env: &Environment,
    config: Option<&Config>,
    (stack, inspector): (&StackResources, &AwsInspector),
    results: &mut Vec<CheckResult>,
) -> bool {
    let name = format!("{}/{}", stack.schedule_group, stack.schedule);
    let error = |message: String, fix| CheckResult::problem(CheckStatus::Error, "schedule", message, fix);
    let result = match inspector.schedule(&stack.schedule_group, &stack.schedule).await {
        Ok(Some(schedule)) if schedule.is_enabled => {
            let late =
                config.and_then(|config| evening_run(&schedule.expression, &config.settings.closing, env.clock.now()));
            late.unwrap_or_else(|| CheckResult::ok("schedule", format!("`{name}`: {}", schedule.expression)))
        }
        Ok(Some(_)) => {
            let fix = "enable it in EventBridge Scheduler, or deploy with `Schedule=on`";
            error(format!("`{name}` is disabled: there is no daily run"), fix)
        }
        Ok(None) => error(format!("there is no schedule `{name}`, so there is no daily run"), "deploy the stack again"),
        Err(kind) => {
            let fix = fix_of(&kind, "scheduler:GetSchedule");
            CheckResult::problem(CheckStatus::Warning, "schedule", kind.to_string(), fix)
        }
    };
    let is_on = matches!(result.status, CheckStatus::Ok | CheckStatus::Advice);
    results.push(result);
    is_on
}

/// A daily run whose hour is in the MSP's evening: its mails come when nobody reads them, and a day later than the settings
/// seem to say. `None`: it is not, or the expression is not that of the template.
fn evening_run(expression: &str, calendar: &Calendar, now: Timestamp) -> Option<CheckResult> {
    let mut fields = expression.strip_prefix("cron(")?.strip_suffix(')')?.split_whitespace();
    let (minute, hour) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let today = Offset::UTC.to_datetime(now).date();
    let local = |hour: i8| {
        let utc = today.to_datetime(Time::new(hour, minute, 0, 0).ok()?);
        Offset::UTC.to_timestamp(utc).ok().map(|moment| calendar.time_at(moment))
    };
    let runs_at = local(hour)?;
    if runs_at.hour() < EVENING_HOUR {
        return None;
    }
    let day = if runs_at.date() < today { " of the day before" } else { "" };
    let zone = calendar.zone_name();
    let better = (0..24).find(|hour| local(*hour).is_some_and(|time| time.hour() == MORNING_HOUR))?;
    let message = format!(
        "the daily run at {hour:02}:{minute:02} UTC is at {}{day} in {zone}: a month is closed on the evening of its closing \
         day, and the mail is read a day later",
        runs_at.strftime("%H:%M")
    );
    let fix = format!("deploy with `HourUtc={better}`, about six in the morning in {zone}");
    Some(CheckResult::problem(CheckStatus::Advice, "schedule", message, fix))
}

pub(super) async fn closing(env: &Environment, config: &Config, results: &mut Vec<CheckResult>) {
    results.push(match closing_outlook(env, config).await {
        Ok(None) => CheckResult::ok("closing", "no daily run has taken place here yet; nothing is overdue"),
        Ok(Some(due)) => closing_result(due),
        Err(error) => CheckResult::problem(
            CheckStatus::Error,
            "closing",
            error.to_string(),
            "make the table readable, then check again",
        ),
    });
}

/// What a daily run would do about the month that is due.
fn closing_result(due: ClosingDue) -> CheckResult {
    let status = match (due.month, due.overdue) {
        (_, 1..) => CheckStatus::Error,
        // It waits, or its mail does.
        (Some(_), 0) if due.mail_left || !due.due => CheckStatus::Warning,
        _ => return CheckResult::ok("closing", due.why),
    };
    let month = due.month.map_or_else(|| "MONTH".to_owned(), |month| month.to_string());
    let fix = match (due.mail_left, due.due) {
        (true, _) => {
            format!("`truecount runs why` says why; mend that, and `truecount run --closing --month {month}` sends it")
        }
        (false, true) => format!("`truecount run --closing --month {month}` closes it now, or says why it cannot"),
        (false, false) => format!(
            "mend what was not read; `truecount run --closing --month {month} --incomplete` closes it with what there is"
        ),
    };
    CheckResult::problem(status, "closing", due.why, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daily_run_in_the_evening_is_told_with_a_better_hour() {
        let told = |expression: &str, zone: &str, day: &str| {
            let settings = format!("[closing]\ntime_zone = \"{zone}\"");
            let calendar = truecount_app::Settings::parse(&settings).unwrap().closing;
            let now = format!("{day}T12:00:00Z").parse().unwrap();
            evening_run(expression, &calendar, now).map(|result| (result.message, result.fix.unwrap()))
        };
        let four = "cron(0 4 * * ? *)";
        let (message, fix) = told(four, "America/Los_Angeles", "2026-01-10").unwrap();
        assert!(message.starts_with("the daily run at 04:00 UTC is at 20:00 of the day before in"), "{message}");
        assert_eq!(fix, "deploy with `HourUtc=14`, about six in the morning in America/Los_Angeles");
        assert!(told(four, "America/Los_Angeles", "2026-07-10").unwrap().1.contains("`HourUtc=13`"), "in summer");
        let (message, fix) = told("cron(30 8 * * ? *)", "Australia/Sydney", "2026-07-10").unwrap();
        assert!(message.contains("08:30 UTC is at 18:30 in Australia/Sydney"), "{message}");
        assert!(fix.contains("`HourUtc=20`"), "{fix}");
        for zone in ["UTC", "Europe/London", "Europe/Berlin", "Asia/Kathmandu", "Australia/Sydney"] {
            assert_eq!(told(four, zone, "2026-07-10"), None, "{zone}");
        }
        assert_eq!(told("rate(1 day)", "America/Los_Angeles", "2026-07-10"), None, "it is not the template's");
        for wrong in ["cron(0)", "cron(0 99 * * ? *)", "cron(x 4 * * ? *)"] {
            assert_eq!(told(wrong, "America/Los_Angeles", "2026-07-10"), None, "{wrong}");
        }
    }

    #[test]
    fn the_clock_that_is_off_most_counts() {
        let result = |seconds: &[i64]| {
            let skews: Vec<_> = seconds.iter().map(|s| (format!("v{s}"), SignedDuration::from_secs(*s))).collect();
            let mut results = Vec::new();
            clock(&skews, &mut results);
            results.pop().map(|result: CheckResult| (result.status, result.message))
        };
        assert_eq!(result(&[]), None);
        assert_eq!(result(&[0, -3]), Some((CheckStatus::Ok, "within 3 s of v-3".to_owned())));
        let advice = "this machine's clock is 61 s ahead of that of v-61".to_owned();
        assert_eq!(result(&[1, -61]), Some((CheckStatus::Advice, advice)));
        let message = "this machine's clock is 3600 s behind that of v3600".to_owned();
        assert_eq!(result(&[3600, -61]), Some((CheckStatus::Error, message)));
    }
}
