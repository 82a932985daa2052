//! The store: one table and one archive behind typed records.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use truecount_billing::{BillingMonth, SourceId};
use truecount_platform::{Archive, Row, Table, TableError, Value};

use crate::key::{self, Partition};
use crate::{FilledFile, LeaseMode, SnapshotManifest, StoreError};

/// Where everything is stored. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) table: Table,
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) lease_mode: LeaseMode,
}

/// Whether this process may do one thing to the table.
#[derive(Debug)]
pub struct AccessCheck {
    /// The right that it needs, as IAM names it.
    pub action: &'static str,
    /// What the table answered.
    pub result: Result<(), TableError>,
}

impl Store {
    /// A store over these. Nothing is asked yet.
    #[must_use]
    pub fn new(table: Table, archive: Arc<dyn Archive>, lease_mode: LeaseMode) -> Self {
        Self { table, archive, lease_mode }
    }

    /// Whether this process has the store alone.
    #[must_use]
    pub fn lease_mode(&self) -> LeaseMode {
        self.lease_mode
    }

    /// The table's name, for messages.
    #[must_use]
    pub fn table_name(&self) -> &str {
        self.table.name()
    }

    /// Tries each kind of access to the table. Every write here has a condition that cannot hold, so nothing changes.
    pub async fn check_access(&self) -> Vec<AccessCheck> {
        let key = Partition::nowhere().sort("-");
        let (pk, sk) = (key.partition.as_str(), key.sort.as_str());
        let never = Value::Text("never".to_owned());
        let check = |action, result| AccessCheck { action, result };
        vec![
            check("dynamodb:GetItem", self.table.get(pk, sk).await.map(drop)),
            check("dynamodb:BatchGetItem", self.table.batch_get(&[(pk.to_owned(), sk.to_owned())]).await.map(drop)),
            check("dynamodb:Query", self.table.query(pk, sk).await.map(drop)),
            check("dynamodb:PutItem", self.table.put_if(Row::new(pk, sk), "revision", &never).await.map(drop)),
            check("dynamodb:DeleteItem", self.table.delete_if(pk, sk, "revision", &never).await.map(drop)),
        ]
    }

    /// Every row about these sources up to a day and about these months, unread: for tests that search what is stored.
    ///
    /// # Errors
    /// [`StoreError`] if the table cannot be read.
    pub async fn raw_rows(
        &self,
        sources: &[SourceId],
        until: Date,
        months: &[BillingMonth],
    ) -> Result<Vec<Row>, StoreError> {
        let mut partitions = vec![Partition::months(), Partition::schedule(), Partition::baseline()];
        partitions.extend([FilledFile::Mappings, FilledFile::Actions].map(Partition::filled_files));
        partitions.extend(months.iter().map(|month| Partition::month(*month)));
        partitions.extend(key::action_partitions());
        for source in sources {
            partitions.extend([
                Partition::source(source),
                Partition::mappings(source),
                Partition::lease(source.as_str()),
            ]);
            let Some(newest) = SnapshotManifest::newest(self, source, until).await? else { continue };
            for lease in 1..=newest.id.lease {
                partitions.extend(key::snapshot_partitions(source, key::SnapshotId { lease, ..newest.id }));
            }
        }
        let mut rows = Vec::new();
        for partition in partitions {
            rows.extend(self.table.query(partition.as_str(), "").await?);
        }
        Ok(rows)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("table", &self.table)
            .field("lease_mode", &self.lease_mode)
            .finish_non_exhaustive()
    }
}
