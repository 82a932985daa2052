//! Whether the daily run takes place, its alarms have a reader, no closing is overdue, and the clock is right.

use jiff::SignedDuration;
use truecount_app::{Config, Environment, closing_due_seen};

use super::{CheckResult, CheckStatus, CheckedBackend, fix_of};

/// A clock that is off by more seconds should be looked at.
const SKEW_SECONDS_ADVICE: i64 = 60;

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

/// The schedule that starts the daily run, and who receives its alarms.
pub(super) async fn schedule_and_alarms(backend: CheckedBackend<'_>, results: &mut Vec<CheckResult>) {
    let CheckedBackend::Stack(stack, inspector) = backend else { return };
    let name = format!("{}/{}", stack.schedule_group, stack.schedule);
    results.push(match inspector.schedule(&stack.schedule_group, &stack.schedule).await {
        Ok(Some(schedule)) if schedule.is_enabled => {
            CheckResult::ok("schedule", format!("`{name}`: {}", schedule.expression))
        }
        Ok(Some(_)) => {
            let fix = "enable it in EventBridge Scheduler, or deploy with `Schedule=on`";
            CheckResult::problem(
                CheckStatus::Error,
                "schedule",
                format!("`{name}` is disabled: there is no daily run"),
                fix,
            )
        }
        Ok(None) => {
            let message = format!("there is no schedule `{name}`, so there is no daily run");
            CheckResult::problem(CheckStatus::Error, "schedule", message, "deploy the stack again")
        }
        Err(kind) => CheckResult::problem(
            CheckStatus::Warning,
            "schedule",
            kind.to_string(),
            fix_of(&kind, "scheduler:GetSchedule"),
        ),
    });
    results.push(match inspector.subscriptions(&stack.topic).await {
        Ok(found) if found.confirmed > 0 => {
            CheckResult::ok("alarms", format!("{} confirmed subscriptions of `{}`", found.confirmed, stack.topic))
        }
        Ok(found) if found.pending > 0 => {
            let message = format!("nobody receives alarms: {} subscriptions are not confirmed", found.pending);
            CheckResult::problem(
                CheckStatus::Warning,
                "alarms",
                message,
                "click the link in the mail from AWS Notifications",
            )
        }
        Ok(_) => {
            let fix = "deploy with `AlarmAddress=…`, or subscribe an address to the topic";
            CheckResult::problem(
                CheckStatus::Warning,
                "alarms",
                format!("nobody is subscribed to `{}`", stack.topic),
                fix,
            )
        }
        Err(kind) => CheckResult::problem(
            CheckStatus::Warning,
            "alarms",
            kind.to_string(),
            fix_of(&kind, "sns:GetTopicAttributes"),
        ),
    });
}

pub(super) async fn closing(env: &Environment, config: &Config, results: &mut Vec<CheckResult>) {
    results.push(match closing_due_seen(env, &config.settings.closing).await {
        Ok(None) => CheckResult::ok("closing", "no daily run has taken place here yet; nothing is overdue"),
        Ok(Some(due)) if due.overdue == 0 => CheckResult::ok("closing", due.why),
        Ok(Some(due)) => {
            let month = due.month.map_or_else(|| "MONTH".to_owned(), |month| month.to_string());
            let fix = format!("`truecount run --closing --month {month}` closes it now, or says why it cannot");
            CheckResult::problem(CheckStatus::Error, "closing", due.why, fix)
        }
        Err(error) => CheckResult::problem(
            CheckStatus::Error,
            "closing",
            error.to_string(),
            "make the table readable, then check again",
        ),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

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
