//! Batches of rows, repeated until the table has processed every one. Deliberately absent: any order among them, and
//! atomicity: after an error some rows are written, so callers write the data first and the row that commits it last.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest};

use super::{At, Row, Table, TableError, row};
use crate::{BoxError, Detail, PortErrorKind, backoff};

/// DynamoDB's limit for one batch of writes.
const PUT_ROWS_MAX: usize = 25;
/// DynamoDB's limit for one batch of reads.
const GET_ROWS_MAX: usize = 100;
/// How many attempts in a row may make no progress before that is an error: about six seconds.
const FRUITLESS_TRIES_MAX: u32 = 8;

impl Table {
    /// Writes all rows and replaces existing ones; of two with the same key, the later counts.
    ///
    /// # Errors
    /// [`TableError`] if not all are known to be written.
    pub async fn batch_put(&self, rows: Vec<Row>) -> Result<(), TableError> {
        let Some(first) = rows.first() else { return Ok(()) };
        let at = self.at("writing a batch from", &first.pk, &first.sk);
        let mut waiting = BTreeMap::new();
        for row in rows {
            let key = (row.pk.clone(), row.sk.clone());
            let item = row.into_item().map_err(|cause| at.error(cause))?;
            let put = PutRequest::builder().set_item(Some(item)).build().map_err(|error| invalid(&at, error))?;
            waiting.insert(key, WriteRequest::builder().put_request(put).build());
        }
        let mut waiting: Vec<WriteRequest> = waiting.into_values().collect();
        let client = self.client(&at).await?;
        let mut patience = Patience::default();
        while !waiting.is_empty() {
            let batch = waiting.split_off(waiting.len().saturating_sub(PUT_ROWS_MAX));
            let sent = batch.len();
            let answer = client.batch_write_item().request_items(&*self.name, batch).send().await;
            let answer = answer.map_err(|error| self.failed(&at, error))?;
            let left = answer.unprocessed_items.and_then(|mut tables| tables.remove(&*self.name)).unwrap_or_default();
            patience.spend(&at, sent, left.len()).await?;
            waiting.extend(left);
        }
        Ok(())
    }

    /// The existing rows of these keys, in the order of their keys, each once.
    ///
    /// # Errors
    /// [`TableError`] if not all could be read.
    pub async fn batch_get(&self, keys: &[(String, String)]) -> Result<Vec<Row>, TableError> {
        let Some((pk, sk)) = keys.first() else { return Ok(Vec::new()) };
        let at = self.at("reading a batch from", pk, sk);
        let mut wanted: Vec<&(String, String)> = keys.iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut waiting: Vec<HashMap<String, AttributeValue>> = wanted
            .into_iter()
            .map(|(pk, sk)| [("pk".to_owned(), row::text(pk)), ("sk".to_owned(), row::text(sk))].into())
            .collect();
        let client = self.client(&at).await?;
        let mut rows = Vec::with_capacity(waiting.len());
        let mut patience = Patience::default();
        while !waiting.is_empty() {
            let batch = waiting.split_off(waiting.len().saturating_sub(GET_ROWS_MAX));
            let sent = batch.len();
            let batch = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(batch)).build();
            let batch = batch.map_err(|error| invalid(&at, error))?;
            let answer = client.batch_get_item().request_items(&*self.name, batch).send().await;
            let answer = answer.map_err(|error| self.failed(&at, error))?;
            for item in answer.responses.and_then(|mut tables| tables.remove(&*self.name)).unwrap_or_default() {
                rows.push(Row::from_item(item).map_err(|cause| at.error(cause))?);
            }
            let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&*self.name));
            let left = left.map(|keys| keys.keys).unwrap_or_default();
            patience.spend(&at, sent, left.len()).await?;
            waiting.extend(left);
        }
        rows.sort_unstable_by(|a, b| (&a.pk, &a.sk).cmp(&(&b.pk, &b.sk)));
        Ok(rows)
    }
}

/// How often the table has left rows unprocessed.
#[derive(Default)]
struct Patience {
    tries: u32,
    fruitless: u32,
}

impl Patience {
    /// Waits if rows were left, longer each time; an error once there is no more progress.
    async fn spend(&mut self, at: &At<'_>, sent: usize, left: usize) -> Result<(), TableError> {
        if left == 0 {
            *self = Self::default();
            return Ok(());
        }
        self.tries += 1;
        self.fruitless = if left < sent { 0 } else { self.fruitless + 1 };
        if self.fruitless >= FRUITLESS_TRIES_MAX {
            return Err(at.error(PortErrorKind::Throttled(format!("{left} rows of a batch stay unprocessed").into())));
        }
        backoff::wait(self.tries).await;
        Ok(())
    }
}

fn invalid(at: &At<'_>, error: impl Into<BoxError>) -> TableError {
    at.error(PortErrorKind::Invalid(Detail::of(error)))
}
