//! Whether the daily run happens, someone hears when it does not, no closing is overdue, and the clock is right.

use jiff::SignedDuration;
use truecount_app::{Config, Environment, closing_due_seen};

use super::{BackendUnderTest, Health, Line, remedy};

/// Seconds that a clock may be off before someone should look.
const SKEW_SECONDS_ADVICE: i64 = 60;

/// Seconds after which AWS and vendors refuse signatures and tokens.
const SKEW_SECONDS_FAULT: i64 = 300;

pub(super) fn clock(skews: &[(String, SignedDuration)], lines: &mut Vec<Line>) {
    let Some((who, skew)) = skews.iter().max_by_key(|(_, skew)| skew.as_secs().abs()) else { return };
    let seconds = skew.as_secs().abs();
    let health = match seconds {
        SKEW_SECONDS_FAULT.. => Health::Fault,
        SKEW_SECONDS_ADVICE.. => Health::Advice,
        _ => {
            lines.push(Line::good("clock", format!("within {} s of {who}", seconds.max(1))));
            return;
        }
    };
    let way = if skew.is_positive() { "behind" } else { "ahead of" };
    let says = format!("this machine's clock is {seconds} s {way} that of {who}");
    let remedy = "let this machine take its time from the network (NTP), then look again";
    lines.push(Line::bad(health, "clock", says, remedy));
}

/// The schedule that starts the daily run, and the topic of its alarms.
pub(super) async fn daily(home: BackendUnderTest<'_>, lines: &mut Vec<Line>) {
    let BackendUnderTest::Stack(stack, cloud) = home else { return };
    let name = format!("{}/{}", stack.schedule_group, stack.schedule);
    lines.push(match cloud.schedule(&stack.schedule_group, &stack.schedule).await {
        Ok(Some(schedule)) if schedule.is_enabled => Line::good("schedule", format!("`{name}`: {}", schedule.when)),
        Ok(Some(_)) => {
            let remedy = "switch it on in EventBridge Scheduler, or deploy with `Schedule=on`";
            Line::bad(Health::Fault, "schedule", format!("`{name}` is switched off: no daily run"), remedy)
        }
        Ok(None) => {
            let says = format!("there is no schedule `{name}`: no daily run");
            Line::bad(Health::Fault, "schedule", says, "deploy the stack again")
        }
        Err(cause) => Line::bad(Health::Gap, "schedule", cause.to_string(), remedy(&cause, "scheduler:GetSchedule")),
    });
    lines.push(match cloud.subscribers(&stack.topic).await {
        Ok(found) if found.confirmed > 0 => {
            Line::good("alarms", format!("{} subscribed to `{}`", found.confirmed, stack.topic))
        }
        Ok(found) if found.pending > 0 => {
            let says = format!("nobody hears of alarms: {} did not confirm yet", found.pending);
            Line::bad(Health::Gap, "alarms", says, "click the link in the mail from AWS Notifications")
        }
        Ok(_) => {
            let remedy = "deploy with `AlarmAddress=…`, or subscribe someone to the topic";
            Line::bad(Health::Gap, "alarms", format!("nobody is subscribed to `{}`", stack.topic), remedy)
        }
        Err(cause) => Line::bad(Health::Gap, "alarms", cause.to_string(), remedy(&cause, "sns:GetTopicAttributes")),
    });
}

pub(super) async fn closing(env: &Environment, config: &Config, lines: &mut Vec<Line>) {
    lines.push(match closing_due_seen(env, &config.settings).await {
        Ok(None) => Line::good("closing", "the daily run has not begun here; nothing is overdue"),
        Ok(Some(due)) if due.overdue == 0 => Line::good("closing", due.why),
        Ok(Some(due)) => {
            let month = due.month.map_or_else(|| "MONTH".to_owned(), |month| month.to_string());
            let remedy = format!("`truecount run --closing --month {month}` closes it now, and says why if it cannot");
            Line::bad(Health::Fault, "closing", due.why, remedy)
        }
        Err(error) => {
            Line::bad(Health::Fault, "closing", error.to_string(), "make the table readable, then look again")
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_clock_counts() {
        let told = |seconds: &[i64]| {
            let skews: Vec<_> = seconds.iter().map(|s| (format!("v{s}"), SignedDuration::from_secs(*s))).collect();
            let mut lines = Vec::new();
            clock(&skews, &mut lines);
            lines.pop().map(|line| (line.health, line.says))
        };
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[0, -3]), Some((Health::Good, "within 3 s of v-3".to_owned())));
        let advice = "this machine's clock is 61 s ahead of that of v-61".to_owned();
        assert_eq!(told(&[1, -61]), Some((Health::Advice, advice)));
        let fault = "this machine's clock is 3600 s behind that of v3600".to_owned();
        assert_eq!(told(&[3600, -61]), Some((Health::Fault, fault)));
    }
}
