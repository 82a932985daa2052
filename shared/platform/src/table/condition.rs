//! Conditional writes, told apart from writes whose answer was lost. Deliberately absent: the SDK's own retries. It
//! would repeat a write that had succeeded, and then report that the condition failed.

use aws_sdk_dynamodb::{
    config::{Builder, http::HttpResponse, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
    types::AttributeValue,
};

use super::{At, Row, Table, TableError, Value, row};
use truecount_billing::Remedy;

use crate::{PortErrorKind, backoff};

/// How many attempts a conditional write gets.
const TRIES_MAX: u32 = 5;

/// What must hold of the existing row, as a DynamoDB expression.
pub(super) struct Condition {
    expression: &'static str,
    attribute: String,
    value: Option<AttributeValue>,
}

impl Condition {
    pub(super) fn absent() -> Self {
        Self { expression: "attribute_not_exists(#a)", attribute: "pk".to_owned(), value: None }
    }

    pub(super) fn equals(attribute: &str, value: &Value) -> Self {
        Self { expression: "#a = :v", attribute: attribute.to_owned(), value: Some(value.clone().into()) }
    }

    pub(super) fn lease_not_after(lease: i64) -> Self {
        Self {
            // A row without a lease was not written by a fenced writer: never replace it.
            expression: "attribute_not_exists(pk) OR #a <= :v",
            attribute: "lease".to_owned(),
            value: Some(Value::Number(lease).into()),
        }
    }
}

impl Table {
    pub(super) async fn put_on(&self, row: Row, condition: Condition) -> Result<bool, TableError> {
        let at = self.at("writing", &row.pk, &row.sk);
        let item = row.clone().into_item().map_err(|cause| at.error(cause))?;
        let mut request = self
            .client(&at)
            .await?
            .put_item()
            .table_name(&*self.name)
            .set_item(Some(item))
            .condition_expression(condition.expression)
            .expression_attribute_names("#a", condition.attribute);
        if let Some(value) = condition.value {
            request = request.expression_attribute_values(":v", value);
        }
        let mut tries = Tries::default();
        loop {
            let answer = request.clone().customize().config_override(no_retries()).send().await;
            match tries.outcome(self, &at, answer).await? {
                WriteOutcome::Done => return Ok(true),
                WriteOutcome::Refused => return Ok(false),
                // An earlier attempt of ours may have succeeded: then the existing row is this one.
                WriteOutcome::RefusedAfterLostAnswer => {
                    return Ok(self.get(&row.pk, &row.sk).await?.as_ref() == Some(&row));
                }
                WriteOutcome::Again => {}
            }
        }
    }

    pub(super) async fn delete_on(&self, pk: &str, sk: &str, condition: Condition) -> Result<bool, TableError> {
        let at = self.at("deleting", pk, sk);
        let request = self
            .client(&at)
            .await?
            .delete_item()
            .table_name(&*self.name)
            .key("pk", row::text(pk))
            .key("sk", row::text(sk))
            .condition_expression(condition.expression)
            .expression_attribute_names("#a", condition.attribute)
            .set_expression_attribute_values(condition.value.map(|value| [(":v".to_owned(), value)].into()));
        let mut tries = Tries::default();
        loop {
            let answer = request.clone().customize().config_override(no_retries()).send().await;
            match tries.outcome(self, &at, answer).await? {
                WriteOutcome::Done => return Ok(true),
                WriteOutcome::Refused => return Ok(false),
                WriteOutcome::RefusedAfterLostAnswer => return Ok(self.get(pk, sk).await?.is_none()),
                WriteOutcome::Again => {}
            }
        }
    }
}

fn no_retries() -> Builder {
    Builder::default().retry_config(RetryConfig::disabled())
}

/// Result of one attempt.
enum WriteOutcome {
    Done,
    Refused,
    RefusedAfterLostAnswer,
    Again,
}

/// The attempts so far, and whether the answer of one that may have succeeded was lost.
#[derive(Default)]
struct Tries {
    count: u32,
    lost_answer: bool,
}

impl Tries {
    async fn outcome<T, E>(
        &mut self,
        table: &Table,
        at: &At<'_>,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<WriteOutcome, TableError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let error = match answer {
            Ok(_) => return Ok(WriteOutcome::Done),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => {
                return Ok(if self.lost_answer { WriteOutcome::RefusedAfterLostAnswer } else { WriteOutcome::Refused });
            }
            Err(error) => table.failed(at, error),
        };
        self.count += 1;
        self.lost_answer |= matches!(error.cause, PortErrorKind::Unreachable(_));
        if error.remedy() != Remedy::Retry || self.count >= TRIES_MAX {
            return Err(error);
        }
        backoff::wait(self.count).await;
        Ok(WriteOutcome::Again)
    }
}
