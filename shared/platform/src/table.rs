//! The table: rows under (`pk`, `sk`), written conditionally, read in order. Deliberately absent: what the keys mean,
//! transactions (no emulator implements them faithfully, so correctness rests on conditions), scans, and indexes.

mod batch;
mod condition;
mod query;
mod row;

use std::{fmt, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus},
};
use truecount_billing::Remedy;

use self::condition::Condition;
pub use self::{
    query::QUERY_ROWS_MAX,
    row::{Row, Value},
};
use crate::{Detail, PortErrorKind, aws::LazyClient, backoff};

/// What came of a write that never overwrites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateOutcome {
    /// It did not exist; it does now.
    Created,
    /// It existed already; nothing was written.
    AlreadyExists,
}

/// Error of a table operation.
#[derive(Debug, thiserror::Error)]
#[error("{operation} `{key}` in the table `{table}`: {cause}")]
pub struct TableError {
    /// What was attempted, such as `reading`.
    pub operation: &'static str,
    /// The table's name.
    pub table: String,
    /// The row, as `pk / sk`.
    pub key: String,
    /// What kind of failure it was.
    #[source]
    pub cause: PortErrorKind,
}

impl TableError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        self.cause.remedy()
    }
}

/// A table. Cheap to clone; the client is built at the first call.
#[derive(Clone)]
pub struct Table {
    name: Arc<str>,
    connection: Arc<LazyClient<Client>>,
}

impl Table {
    pub(crate) fn new(name: &str, connection: LazyClient<Client>) -> Self {
        Self { name: Arc::from(name), connection: Arc::new(connection) }
    }

    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One row, read with strong consistency.
    ///
    /// # Errors
    /// [`TableError`] if it could not be read.
    pub async fn get(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        let at = self.at("reading", pk, sk);
        let answer = self
            .client(&at)
            .await?
            .get_item()
            .table_name(&*self.name)
            .consistent_read(true)
            .key("pk", row::text(pk))
            .key("sk", row::text(sk))
            .send()
            .await
            .map_err(|error| self.failed(&at, error))?;
        answer.item.map(Row::from_item).transpose().map_err(|cause| at.error(cause))
    }

    /// Writes a row and replaces an existing one.
    ///
    /// # Errors
    /// [`TableError`] if it is not known to be written.
    pub async fn put(&self, row: Row) -> Result<(), TableError> {
        let at = self.at("writing", &row.pk, &row.sk);
        let item = row.into_item().map_err(|cause| at.error(cause))?;
        let request = self.client(&at).await?.put_item().table_name(&*self.name).set_item(Some(item));
        request.send().await.map_err(|error| self.failed(&at, error))?;
        Ok(())
    }

    /// Writes a row unless its key is taken. Of concurrent writers exactly one gets [`CreateOutcome::Created`], even
    /// if an answer is lost on the way, as long as their rows differ.
    ///
    /// # Errors
    /// [`TableError`] if it is not known whether it was written.
    pub async fn put_new(&self, row: Row) -> Result<CreateOutcome, TableError> {
        let placed = self.put_on(row, Condition::absent()).await?;
        Ok(if placed { CreateOutcome::Created } else { CreateOutcome::AlreadyExists })
    }

    /// Writes a row if the existing row has this value; `false` if it has another or does not exist, and nothing was
    /// written.
    ///
    /// # Errors
    /// [`TableError`] if it is not known whether it was written.
    pub async fn put_if(&self, row: Row, attribute: &str, equals: &Value) -> Result<bool, TableError> {
        self.put_on(row, Condition::equals(attribute, equals)).await
    }

    /// Writes a row, with `lease` as its attribute of that name, unless the existing row holds a greater lease;
    /// `false`: it does, so a newer worker has taken over and this one must stop.
    ///
    /// # Errors
    /// [`TableError`] if it is not known whether it was written.
    pub async fn put_fenced(&self, mut row: Row, lease: i64) -> Result<bool, TableError> {
        row.attributes.insert("lease".to_owned(), Value::Number(lease));
        self.put_on(row, Condition::lease_not_after(lease)).await
    }

    /// Deletes a row if it has this value; `false` if it has another or does not exist.
    ///
    /// # Errors
    /// [`TableError`] if it is not known whether it was deleted.
    pub async fn delete_if(&self, pk: &str, sk: &str, attribute: &str, equals: &Value) -> Result<bool, TableError> {
        self.delete_on(pk, sk, Condition::equals(attribute, equals)).await
    }

    /// Creates the table, with `pk` and `sk` as strings and on-demand capacity, unless it exists: for local backends
    /// and tests. A deployed table comes from the template.
    ///
    /// # Errors
    /// [`TableError`] if it does not exist, or is not ready, in the end.
    pub async fn create_if_missing(&self) -> Result<(), TableError> {
        let at = self.at("creating", "", "");
        let client = self.client(&at).await?;
        let definition = |name, kind| {
            let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            Ok::<_, TableError>((
                attribute.build().map_err(|error| at.error(PortErrorKind::Invalid(Detail::of(error))))?,
                key.build().map_err(|error| at.error(PortErrorKind::Invalid(Detail::of(error))))?,
            ))
        };
        let (pk, pk_key) = definition("pk", KeyType::Hash)?;
        let (sk, sk_key) = definition("sk", KeyType::Range)?;
        let request = client
            .create_table()
            .table_name(&*self.name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(vec![pk, sk]))
            .set_key_schema(Some(vec![pk_key, sk_key]));
        match request.send().await {
            Ok(_) => {}
            Err(error) if error.code() == Some("ResourceInUseException") => {}
            Err(error) => return Err(self.failed(&at, error)),
        }
        for tries in 1..=READY_TRIES_MAX {
            let described = client.describe_table().table_name(&*self.name).send().await;
            let described = described.map_err(|error| self.failed(&at, error))?;
            if described.table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
                return Ok(());
            }
            backoff::wait(tries).await;
        }
        Err(at.error(PortErrorKind::Unreachable("the table does not become active".into())))
    }

    fn at(&self, operation: &'static str, pk: &str, sk: &str) -> At<'_> {
        At { table: self, operation, key: if sk.is_empty() { pk.to_owned() } else { format!("{pk} / {sk}") } }
    }

    async fn client(&self, at: &At<'_>) -> Result<&Client, TableError> {
        self.connection.get().await.map_err(|cause| at.error(cause))
    }

    /// Turns an SDK's error into ours; a missing table gets its own message.
    fn failed<E>(&self, at: &At<'_>, error: SdkError<E, HttpResponse>) -> TableError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        at.error(match error.code() {
            Some("ResourceNotFoundException") => PortErrorKind::Missing(Detail::new(
                format!(
                    "the table does not exist in {}: create it (keys `pk` and `sk`, both strings), or correct its name or the region",
                    self.connection.place()
                ),
                error,
            )),
            _ => PortErrorKind::from_sdk(error),
        })
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How often a new table is polled until it is ready: about two minutes in all.
const READY_TRIES_MAX: u32 = 30;

/// What is being done to which row: the context of an error.
struct At<'a> {
    table: &'a Table,
    operation: &'static str,
    key: String,
}

impl At<'_> {
    fn error(&self, cause: PortErrorKind) -> TableError {
        TableError { operation: self.operation, table: self.table.name.to_string(), key: self.key.clone(), cause }
    }
}
