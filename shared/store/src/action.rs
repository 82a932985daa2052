//! What people decided about exceptions: appended, never changed. The last decision about an exception counts.

use serde::Serialize;
use truecount_billing::ClientId;
use truecount_reconciliation::{ActionKind, ActionRecord};

use crate::key::{Key, Partition, action_partitions, escaped};
use crate::record::json_lines;
use crate::{CreateOutcome, Record, Store, StoreError};

/// Tries at the next number when somebody decides about the same exception at the same moment.
const APPEND_TRIES_MAX: u32 = 8;

/// Which earlier decision makes the same one no new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatOf {
    /// The last.
    Last,
    /// Any since the exception was last reopened: a file that is imported again changes nothing, also where somebody has
    /// decided otherwise since.
    Any,
}

/// What became of a decision that was to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AppendedAction {
    /// It is recorded now, under this number.
    Recorded(i64),
    /// It was recorded before.
    Already,
}

impl Record for ActionRecord {
    const KIND: &'static str = "";

    fn key(&self) -> Key {
        let begin = begin(&self.client_id, &self.exception_id);
        Partition::actions(&self.client_id).sort(format!("{begin}{:06}", self.number))
    }
}

/// What the sort keys of the decisions about an exception begin with.
fn begin(client: &ClientId, exception_id: &str) -> String {
    format!("{}#{}#", escaped(client), escaped(exception_id))
}

impl Store {
    /// Appends a decision, unless it was recorded before.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if others keep deciding about the same exception.
    pub async fn append_action(&self, action: &ActionRecord, repeat: RepeatOf) -> Result<AppendedAction, StoreError> {
        for _ in 0..APPEND_TRIES_MAX {
            let earlier = self.actions_about(&action.client_id, &action.exception_id).await?;
            if is_repeat(&earlier, action, repeat) {
                return Ok(AppendedAction::Already);
            }
            let number = earlier.last().map_or(0, |last| last.number) + 1;
            if self.create(&ActionRecord { number, ..action.clone() }).await? == CreateOutcome::Created {
                return Ok(AppendedAction::Recorded(number));
            }
        }
        Err(StoreError::Contended(action.exception_id.clone()))
    }

    /// Every decision about one exception, in order.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn actions_about(&self, client: &ClientId, exception_id: &str) -> Result<Vec<ActionRecord>, StoreError> {
        self.list(&Partition::actions(client), &begin(client, exception_id)).await
    }

    /// Every decision, by client and exception, each in order.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn actions(&self) -> Result<Vec<ActionRecord>, StoreError> {
        let mut all: Vec<ActionRecord> = Vec::new();
        for partition in action_partitions() {
            all.extend(self.list::<ActionRecord>(&partition, "").await?);
        }
        all.sort_by(|a, b| (&a.client_id, &a.exception_id, a.number).cmp(&(&b.client_id, &b.exception_id, b.number)));
        Ok(all)
    }
}

fn is_repeat(earlier: &[ActionRecord], action: &ActionRecord, repeat: RepeatOf) -> bool {
    match repeat {
        RepeatOf::Last => earlier.last().is_some_and(|last| last.decides_the_same(action)),
        RepeatOf::Any => {
            let is_reopened = |one: &ActionRecord| one.action.kind() == ActionKind::Reopened;
            let after = earlier.iter().rposition(is_reopened).map_or(0, |at| at + 1);
            let reopens = is_reopened(action) && earlier.iter().any(|one| one.decides_the_same(action));
            reopens || earlier[after..].iter().any(|one| one.decides_the_same(action))
        }
    }
}

/// Decisions as JSON lines: the same decisions give the same bytes.
///
/// # Errors
/// [`StoreError::Unwritable`] if one has no JSON form.
pub fn action_lines<'a>(actions: impl IntoIterator<Item = &'a ActionRecord>) -> Result<Vec<u8>, StoreError> {
    json_lines(actions, "a decision about an exception")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;
    use truecount_reconciliation::{DecidedFigures, ExceptionAction, RowKind, RowRecord, exception_key};

    use super::*;
    use crate::test_store::TestStore;

    fn action(client: &str, service: &str, action: ExceptionAction) -> ActionRecord {
        let row = RowRecord::empty(RowKind::Underbilled, service.parse().unwrap());
        let (key, client_id) = (exception_key(&row), client.parse().unwrap());
        ActionRecord {
            exception_id: key.exception_id(&client_id),
            client_id,
            client_name: format!("Client {client}"),
            key,
            action,
            figures: DecidedFigures::of(&row),
            run_id: "2026-06-c1-1".to_owned(),
            month: "2026-06".parse().unwrap(),
            actor: "kim".to_owned(),
            note: "by phone".to_owned(),
            ticket: "T-4711".to_owned(),
            decided_on: date(2026, 7, 2),
            decided_at: Timestamp::UNIX_EPOCH,
            number: 0,
        }
    }

    fn snoozed() -> ExceptionAction {
        ExceptionAction::Snoozed { until: date(2026, 12, 31) }
    }

    async fn append(store: &Store, one: ExceptionAction, repeat: RepeatOf) -> AppendedAction {
        store.append_action(&action("1", "SRV", one), repeat).await.unwrap()
    }

    #[tokio::test]
    async fn decisions_are_appended_in_order_and_one_that_is_repeated_is_not() {
        let TestStore { store, .. } = &TestStore::new();
        let (approved, reopened) = (ExceptionAction::Approved, ExceptionAction::Reopened);
        let (recorded, already) = (AppendedAction::Recorded, AppendedAction::Already);
        assert_eq!(append(store, approved.clone(), RepeatOf::Any).await, recorded(1));
        assert_eq!(append(store, approved.clone(), RepeatOf::Any).await, already);
        assert_eq!(append(store, snoozed(), RepeatOf::Any).await, recorded(2));
        assert_eq!(append(store, approved.clone(), RepeatOf::Any).await, already, "the file of before");
        assert_eq!(append(store, approved.clone(), RepeatOf::Last).await, recorded(3), "somebody decides it again");
        assert_eq!(append(store, reopened.clone(), RepeatOf::Any).await, recorded(4));
        assert_eq!(append(store, reopened.clone(), RepeatOf::Any).await, already);
        assert_eq!(append(store, approved.clone(), RepeatOf::Any).await, recorded(5), "it was reopened");
        assert_eq!(append(store, reopened.clone(), RepeatOf::Any).await, already, "the file that reopened it");
        let all = store.actions().await.unwrap();
        assert_eq!(all.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        let other_figures = ActionRecord {
            figures: DecidedFigures { billed: 7.into(), ..all[4].figures.clone() },
            ..action("1", "SRV", approved)
        };
        assert_eq!(store.append_action(&other_figures, RepeatOf::Any).await.unwrap(), recorded(6));
    }

    #[tokio::test]
    async fn no_clients_decision_hides_in_anothers_and_all_are_listed() {
        let TestStore { store, .. } = &TestStore::new();
        let clients: Vec<String> = (0..40).map(|number| format!("c{number}")).chain(["c1#x".to_owned()]).collect();
        for client in &clients {
            for service in ["SRV", "WKS"] {
                store.append_action(&action(client, service, snoozed()), RepeatOf::Any).await.unwrap();
            }
        }
        let all = store.actions().await.unwrap();
        assert_eq!(all.len(), 2 * clients.len());
        assert!(all.is_sorted_by_key(|one| (one.client_id.clone(), one.exception_id.clone())));
        let one = action("c1", "SRV", snoozed());
        let about = store.actions_about(&one.client_id, &one.exception_id).await.unwrap();
        assert_eq!(about, [ActionRecord { number: 1, ..one }]);
        let partitions = action_partitions().len();
        let used: std::collections::BTreeSet<_> = all.iter().map(|one| one.key().partition).collect();
        assert!(used.len() > partitions / 2, "{} of {partitions} partitions", used.len());
    }

    #[tokio::test]
    async fn two_who_decide_at_once_both_stand() {
        let TestStore { store, .. } = &TestStore::new();
        let (one, other) = (action("1", "SRV", ExceptionAction::Approved), action("1", "SRV", snoozed()));
        let (one, other) =
            tokio::join!(store.append_action(&one, RepeatOf::Any), store.append_action(&other, RepeatOf::Any));
        let mut numbers = [one.unwrap(), other.unwrap()].map(|appended| match appended {
            AppendedAction::Recorded(number) => number,
            AppendedAction::Already => 0,
        });
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2]);
    }

    #[test]
    fn a_decision_is_one_line_and_is_read_back() {
        for one in [
            ExceptionAction::Approved,
            ExceptionAction::Adjusted { quantity: "12.5".parse().unwrap() },
            ExceptionAction::Asked { whom: "Ann, at the client".to_owned(), until: date(2026, 7, 9) },
            ExceptionAction::Accepted { until: None, up_to: Some(3.into()) },
            ExceptionAction::Dismissed { until: None },
            snoozed(),
            ExceptionAction::Reopened,
        ] {
            let written = action("1", "SRV", one);
            let lines = action_lines([&written]).unwrap();
            assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 1);
            assert_eq!(serde_json::from_slice::<ActionRecord>(&lines).unwrap(), written);
        }
    }
}
