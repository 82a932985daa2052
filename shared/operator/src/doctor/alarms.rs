//! Whether somebody hears of the stack's alarms, and whether one of them is raised.

use super::{CheckResult, CheckStatus, fix_of};
use crate::alarms::{AlarmState, StackAlarm};
use crate::inspector::AwsInspector;
use crate::stack::StackResources;

/// The alarm that only holds while the daily run is on.
const MISSING_RUN: &str = "MissingRunAlarm";

/// What each alarm of the template says when it is raised, and what to do.
const RAISED: [(&str, &str, &str); 9] = [
    ("ErrorsAlarm", "a function ended with an error", "`truecount logs --level warn` has the errors of the last day"),
    (
        "ThrottlesAlarm",
        "Lambda throttles the functions",
        "ask AWS for more concurrent executions of Lambda in this region",
    ),
    (
        "DurationAlarm",
        "reconcile or report needed more than 80 percent of the time that a function has",
        "`truecount logs` says how long each invocation took",
    ),
    (
        "FailedQueueAlarm",
        "the daily run could not be started, or a function that was invoked directly failed",
        "read the message in the queue that is the stack's output FailedQueue: `aws sqs receive-message --queue-url URL`",
    ),
    (
        "ExecutionsAlarm",
        "a run of the state machine failed or took too long",
        "`truecount runs why` tells at which step, and what to do next",
    ),
    (
        "OverdueAlarm",
        "a month should have been closed and was not",
        "`truecount runs why` tells what keeps it from being closed",
    ),
    (
        MISSING_RUN,
        "there was no daily run that came as far as the question which month is due",
        "if none was started since the schedule was switched on, start the first one now (`aws stepfunctions start-execution`), and check again in a few minutes; else `truecount runs why` tells where it stopped",
    ),
    (
        "NotReconciledAlarm",
        "a closing ended with something not reconciled",
        "`truecount exceptions --kind not_reconciled` lists it",
    ),
    ("SourcesAlarm", "a source could not be read", "see what is said of its sync here, and mend it before the closing"),
];

/// `is_scheduled`: the daily run is on, and one can be missing.
pub(super) async fn alarms(
    stack: &StackResources,
    inspector: &AwsInspector,
    is_scheduled: bool,
    results: &mut Vec<CheckResult>,
) {
    results.push(subscriptions(stack, inspector).await);
    match inspector.alarms_of(&stack.alarm).await {
        Ok(found) => results.extend(states(&stack.alarm, &found, is_scheduled)),
        Err(kind) => {
            let fix = fix_of(&kind, "cloudwatch:DescribeAlarms");
            results.push(CheckResult::problem(CheckStatus::Warning, "alarms", kind.to_string(), fix));
        }
    }
}

async fn subscriptions(stack: &StackResources, inspector: &AwsInspector) -> CheckResult {
    let problem = |message, fix| CheckResult::problem(CheckStatus::Warning, "alarms", message, fix);
    match inspector.subscriptions(&stack.topic).await {
        Ok(found) if found.confirmed > 0 => {
            CheckResult::ok("alarms", format!("{} confirmed subscriptions of `{}`", found.confirmed, stack.topic))
        }
        Ok(found) if found.pending > 0 => {
            let message = format!("nobody receives alarms: {} subscriptions are not confirmed", found.pending);
            problem(message, "click the link in the mail from AWS Notifications".to_owned())
        }
        Ok(_) => {
            let fix = "deploy with `AlarmAddress=…`, or subscribe an address to the topic";
            problem(format!("nobody is subscribed to `{}`", stack.topic), fix.to_owned())
        }
        Err(kind) => problem(kind.to_string(), fix_of(&kind, "sns:GetTopicAttributes")),
    }
}

/// What the alarms say, one result for each that is raised.
fn states(composite: &str, alarms: &[StackAlarm], is_scheduled: bool) -> Vec<CheckResult> {
    let problem = |message, fix: &str| CheckResult::problem(CheckStatus::Warning, "alarms", message, fix);
    if alarms.is_empty() {
        let message = format!("there is no alarm `{composite}`: nobody is told when something fails");
        return vec![problem(message, "deploy the stack again")];
    }
    let mut results = Vec::new();
    for alarm in alarms {
        let known = RAISED.iter().find(|(name, ..)| alarm.name.contains(&format!("-{name}")));
        let (name, words, fix) =
            known.copied().unwrap_or((alarm.name.as_str(), "see its description", "see its description"));
        let message = match (alarm.state, name) {
            (AlarmState::Alarm, _) => words.to_owned(),
            (AlarmState::InsufficientData, MISSING_RUN) => "there was no daily run yet".to_owned(),
            // Of the others no data means that nothing happened.
            (AlarmState::InsufficientData | AlarmState::Ok, _) => continue,
        };
        results.push(problem(message, fix).about(name));
    }
    if is_scheduled && !alarms.iter().any(|alarm| alarm.name.contains(MISSING_RUN)) {
        let message = "the daily run is on, and one that is missing raises no alarm".to_owned();
        results.push(problem(message, "deploy with `Schedule=on`").about(MISSING_RUN));
    }
    if results.is_empty() {
        results.push(CheckResult::ok("alarms", format!("{} alarms, none is raised", alarms.len())));
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(states: &[(&str, AlarmState)], is_scheduled: bool) -> Vec<(CheckStatus, Option<String>)> {
        let alarm =
            |(name, state): &(&str, AlarmState)| StackAlarm { name: format!("prod-{name}-1X2Y"), state: *state };
        let alarms: Vec<_> = states.iter().map(alarm).collect();
        states_of(&alarms, is_scheduled)
    }

    fn states_of(alarms: &[StackAlarm], is_scheduled: bool) -> Vec<(CheckStatus, Option<String>)> {
        states("prod", alarms, is_scheduled).into_iter().map(|result| (result.status, result.about)).collect()
    }

    #[test]
    fn an_alarm_that_is_raised_is_named() {
        use AlarmState::{Alarm, InsufficientData, Ok};
        let well = [(CheckStatus::Ok, None)];
        let named = |name: &str| (CheckStatus::Warning, Some(name.to_owned()));
        assert_eq!(found(&[("ErrorsAlarm", Ok), (MISSING_RUN, Ok)], true), well);
        assert_eq!(found(&[("ErrorsAlarm", InsufficientData), (MISSING_RUN, Ok)], true), well);
        assert_eq!(found(&[("ErrorsAlarm", Alarm), (MISSING_RUN, Ok)], true), [named("ErrorsAlarm")]);
        assert_eq!(found(&[(MISSING_RUN, InsufficientData)], true), [named(MISSING_RUN)]);
        assert_eq!(
            found(&[(MISSING_RUN, Alarm), ("SourcesAlarm", Alarm)], true),
            [named(MISSING_RUN), named("SourcesAlarm")]
        );
        assert_eq!(found(&[("ErrorsAlarm", Ok)], false), well, "with the schedule off none is missing");
        assert_eq!(found(&[("ErrorsAlarm", Ok)], true), [named(MISSING_RUN)]);
        assert_eq!(found(&[], false), [(CheckStatus::Warning, None)]);
        assert_eq!(found(&[("OwnAlarm", Alarm)], false), [named("prod-OwnAlarm-1X2Y")]);
    }

    #[test]
    fn every_alarm_of_the_template_has_words() {
        let template = include_str!("../../../../infra/template.yaml");
        let (_, rule) = template.split_once("AlarmRule:").unwrap();
        let named: Vec<&str> = rule.split("ALARM(\"${").skip(1).filter_map(|rest| rest.split('}').next()).collect();
        let mut known: Vec<&str> = RAISED.iter().map(|(name, ..)| *name).collect();
        known.sort_unstable();
        let mut sorted = named.clone();
        sorted.sort_unstable();
        assert_eq!(known, sorted);
    }
}
