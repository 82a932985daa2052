//! The alarms behind the one that people hear of, and how each is. Deliberately absent: changing one.

use serde::Deserialize;
use serde_json::json;
use truecount_platform::PortErrorKind;

use crate::aws_json::CLOUDWATCH;
use crate::inspector::AwsInspector;

/// How many alarms are asked for: ten times as many as there are.
const ALARMS_MAX: u32 = 100;

/// How an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// Not raised.
    Ok,
    /// Raised.
    Alarm,
    /// It has no data to decide by.
    InsufficientData,
}

/// An alarm of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StackAlarm {
    /// Its name: that of the stack, of the alarm in the template, and some letters.
    #[serde(rename = "AlarmName")]
    pub name: String,
    /// How it is.
    #[serde(rename = "StateValue")]
    pub state: AlarmState,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    #[serde(default)]
    metric_alarms: Vec<StackAlarm>,
}

impl AwsInspector {
    /// The alarms that a composite alarm brings together (`cloudwatch:DescribeAlarms`); none if it does not exist.
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails.
    pub async fn alarms_of(&self, composite: &str) -> Result<Vec<StackAlarm>, PortErrorKind> {
        let input = json!({ "ChildrenOfAlarmName": composite, "MaxRecords": ALARMS_MAX });
        match self.ask::<Described>(CLOUDWATCH, "DescribeAlarms", &input).await {
            Ok(found) => Ok(found.metric_alarms),
            Err(PortErrorKind::Missing(_)) => Ok(Vec::new()),
            Err(kind) => Err(kind),
        }
    }
}
