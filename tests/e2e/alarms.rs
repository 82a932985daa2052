//! The template's alarms over a timeline of metrics, as CloudWatch would evaluate them: its statistics, periods,
//! missing data and the one alarm that people hear of. Deliberately absent: where the metrics come from (`roads.rs`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::policy::resolved;

/// Periods before those of an alarm in which CloudWatch looks for values if some are missing.
const EARLIER_PERIODS: i64 = 2;

/// A value of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) metric: Metric,
    /// Minutes since the timeline began.
    pub(crate) minute: i64,
    pub(crate) value: i64,
}

/// Which metric: its namespace, its name, and the value of its one dimension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Metric(pub(crate) String, pub(crate) String, pub(crate) String);

/// One of the alarms that the template's composite alarm waits for.
#[derive(Debug)]
pub(crate) struct Alarm {
    pub(crate) name: String,
    pub(crate) description: String,
    series: Vec<Series>,
    /// Of several series: their greatest value, not their sum.
    is_greatest: bool,
    is_greater: bool,
    threshold: i64,
    periods: i64,
    to_alarm: usize,
    is_missing_bad: bool,
}

#[derive(Debug)]
struct Series {
    metric: Metric,
    statistic: Statistic,
    minutes: i64,
}

#[derive(Debug, Clone, Copy)]
enum Statistic {
    Sum,
    Maximum,
    SampleCount,
}

impl Alarm {
    /// Those that people are told of: the children of the composite alarm, if that one has an action.
    pub(crate) fn told() -> Vec<Self> {
        Self::of(&resolved()["Resources"])
    }

    fn of(resources: &Value) -> Vec<Self> {
        let composite = &resources["Alarm"]["Properties"];
        assert_ne!(composite["AlarmActions"].as_array().map_or(0, Vec::len), 0, "the alarm has no action");
        let rule = text(composite, "AlarmRule");
        let children = rule.split(" OR ").map(|child| {
            let name = child.strip_prefix("ALARM(\"").and_then(|child| child.strip_suffix("\")"));
            name.unwrap_or_else(|| panic!("cannot evaluate `{child}` of {rule}"))
        });
        children.map(|name| Self::read(name, &resources[name]["Properties"])).collect()
    }

    fn read(name: &str, properties: &Value) -> Self {
        let whole = |key: &str| properties[key].as_i64();
        let is_missing_bad = match text(properties, "TreatMissingData") {
            "breaching" => true,
            "notBreaching" => false,
            other => panic!("{name}: cannot evaluate missing data that are `{other}`"),
        };
        let is_greater = match text(properties, "ComparisonOperator") {
            "GreaterThanThreshold" => true,
            "LessThanThreshold" => false,
            other => panic!("{name}: cannot evaluate `{other}`"),
        };
        let (series, is_greatest) = match properties["Metrics"].as_array() {
            None => (vec![Series::read(properties, properties, text(properties, "Statistic"))], false),
            Some(metrics) => several(name, metrics),
        };
        let periods = whole("EvaluationPeriods").unwrap();
        let to_alarm = usize::try_from(whole("DatapointsToAlarm").unwrap_or(periods)).unwrap();
        Self {
            name: name.to_owned(),
            description: text(properties, "AlarmDescription").to_owned(),
            series,
            is_greatest,
            is_greater,
            threshold: whole("Threshold").unwrap(),
            periods,
            to_alarm,
            is_missing_bad,
        }
    }

    /// The first minute of these at which it is raised.
    pub(crate) fn raised(&self, points: &[Point], mut minutes: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let period = self.series[0].minutes;
        minutes.find(|minute| minute % period == 0 && self.is_raised(points, minute / period))
    }

    /// Whether it is, when its period of this number begins.
    fn is_raised(&self, points: &[Point], now: i64) -> bool {
        let first = now - self.periods - EARLIER_PERIODS;
        let found: Vec<i64> = (first..now).rev().filter_map(|period| self.value(points, period)).collect();
        let wanted = usize::try_from(self.periods).unwrap();
        let is_bad = |value: &i64| if self.is_greater { *value > self.threshold } else { *value < self.threshold };
        let bad = found.iter().take(wanted).filter(|value| is_bad(value)).count();
        let missing = wanted.saturating_sub(found.len());
        bad + if self.is_missing_bad { missing } else { 0 } >= self.to_alarm
    }

    fn value(&self, points: &[Point], period: i64) -> Option<i64> {
        let values = self.series.iter().filter_map(|series| series.value(points, period));
        values.reduce(|one, other| if self.is_greatest { one.max(other) } else { one + other })
    }
}

impl Series {
    fn read(of_metric: &Value, of_statistic: &Value, statistic: &str) -> Self {
        let dimensions = of_metric["Dimensions"].as_array().unwrap();
        assert_eq!(dimensions.len(), 1, "{of_metric}");
        let statistic = match statistic {
            "Sum" => Statistic::Sum,
            "Maximum" => Statistic::Maximum,
            "SampleCount" => Statistic::SampleCount,
            other => panic!("cannot evaluate the statistic `{other}`"),
        };
        let [namespace, name] = ["Namespace", "MetricName"].map(|key| text(of_metric, key).to_owned());
        let metric = Metric(namespace, name, text(&dimensions[0], "Value").to_owned());
        Self { metric, statistic, minutes: of_statistic["Period"].as_i64().unwrap() / 60 }
    }

    fn value(&self, points: &[Point], period: i64) -> Option<i64> {
        let (from, to) = (period * self.minutes, (period + 1) * self.minutes);
        let points = points.iter().filter(|point| point.metric == self.metric && (from..to).contains(&point.minute));
        let values: Vec<i64> = points.map(|point| point.value).collect();
        let count = i64::try_from(values.len()).unwrap();
        match self.statistic {
            _ if values.is_empty() => None,
            Statistic::Sum => Some(values.iter().sum()),
            Statistic::Maximum => values.into_iter().max(),
            Statistic::SampleCount => Some(count),
        }
    }
}

/// The series of an alarm over several metrics, and whether it looks at the greatest of them. A series without a value
/// counts as zero, which neither a sum nor a maximum shows.
fn several(name: &str, metrics: &[Value]) -> (Vec<Series>, bool) {
    let (joined, single): (Vec<_>, Vec<_>) = metrics.iter().partition(|one| !one["Expression"].is_null());
    assert_eq!(joined.len(), 1, "{name}");
    let filled: Vec<_> = single.iter().map(|one| format!("FILL({},0)", text(one, "Id"))).collect();
    let filled = format!("([{}])", filled.join(","));
    let expression = text(joined[0], "Expression");
    let is_greatest = expression.starts_with("MAX");
    let expected = if is_greatest { "MAX" } else { "SUM" };
    assert_eq!(expression, format!("{expected}{filled}"), "{name}");
    let read = |one: &&Value| {
        let statistic = &one["MetricStat"];
        Series::read(&statistic["Metric"], statistic, text(statistic, "Stat"))
    };
    (single.iter().map(read).collect(), is_greatest)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

/// When each of the alarms is raised first, in minutes of the timeline.
pub(crate) fn raised<'a>(
    alarms: &'a [Alarm],
    points: &[Point],
    minutes: std::ops::RangeInclusive<i64>,
) -> BTreeMap<&'a str, i64> {
    let raised = |alarm: &'a Alarm| Some((alarm.name.as_str(), alarm.raised(points, minutes.clone())?));
    alarms.iter().filter_map(raised).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alarms() -> Vec<Alarm> {
        let lambda = |id: &str| {
            json!({ "Id": id, "ReturnData": false, "MetricStat": { "Stat": "Sum", "Period": 300, "Metric": {
                "Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": [{ "Name": "FunctionName", "Value": id }] } } })
        };
        let of = |properties: Value| json!({ "Properties": properties });
        Alarm::of(&json!({
            "Alarm": of(json!({ "AlarmActions": ["topic"], "AlarmRule": "ALARM(\"Errors\") OR ALARM(\"Missing\")" })),
            "Errors": of(json!({
                "AlarmDescription": "e", "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1, "EvaluationPeriods": 1,
                "TreatMissingData": "notBreaching", "Metrics": [
                    { "Id": "all", "Expression": "SUM([FILL(sync,0),FILL(report,0)])", "ReturnData": true },
                    lambda("sync"), lambda("report"),
                ],
            })),
            "Missing": of(json!({
                "AlarmDescription": "m", "ComparisonOperator": "LessThanThreshold", "Threshold": 1, "EvaluationPeriods": 26,
                "DatapointsToAlarm": 26, "TreatMissingData": "breaching", "Statistic": "SampleCount", "Period": 3600,
                "Namespace": "Truecount", "MetricName": "ClosingsOverdue", "Dimensions": [{ "Name": "Stack", "Value": "s" }],
            })),
            "Unheard": of(json!({})),
        }))
    }

    fn point(name: &str, dimension: &str, minute: i64) -> Point {
        let namespace = if name == "Errors" { "AWS/Lambda" } else { "Truecount" };
        Point { metric: Metric(namespace.to_owned(), name.to_owned(), dimension.to_owned()), minute, value: 1 }
    }

    #[test]
    fn a_sum_over_several_metrics_is_raised_when_its_period_is_over() {
        let of_errors = |errors: &[(&str, i64)]| {
            let runs = [0, 1_440].map(|minute| point("ClosingsOverdue", "s", minute)).into_iter();
            let points: Vec<_> = runs.chain(errors.iter().map(|(of, minute)| point("Errors", of, *minute))).collect();
            let alarms = alarms();
            raised(&alarms, &points, 1_440..=2_000)
                .into_iter()
                .map(|(name, at)| (name.to_owned(), at))
                .collect::<Vec<_>>()
        };
        assert_eq!(of_errors(&[("sync", 1_441)]), [], "one error is not more than one");
        assert_eq!(of_errors(&[("sync", 1_441), ("report", 1_444)]), [("Errors".to_owned(), 1_445)]);
        assert_eq!(of_errors(&[("sync", 1_441), ("report", 1_445)]), [], "each is in a period of its own");
    }

    /// A value that is a little older than the alarm's periods is still looked at.
    #[test]
    fn a_run_that_is_missing_is_noticed_after_a_day_and_the_hours_by_which_runs_differ() {
        let daily: Vec<_> = (0..3).map(|day| point("ClosingsOverdue", "s", day * 1_440)).collect();
        assert_eq!(raised(&alarms(), &daily, 1_440..=4_320), BTreeMap::new());
        assert_eq!(raised(&alarms(), &daily[..2], 1_440..=4_320), [("Missing", 1_440 + 29 * 60)].into());
    }
}
