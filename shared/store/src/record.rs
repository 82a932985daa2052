//! Records to rows and back, once for all of them: the record as JSON in `body`, beside it what conditions compare.
//!
//! A row that does not parse, or that holds the record of another key, is damaged. There are no defaults for damage.

use serde::{Serialize, de::DeserializeOwned};
use truecount_platform::{CreateOutcome, Row, Value};

use crate::key::{Key, Partition};
use crate::{Corruption, Fence, Store, StoreError};

const BODY: &str = "body";
const REVISION: &str = "revision";
const LEASE: &str = "lease";

/// Something that the table stores under a key of its own.
pub trait Record: Serialize + DeserializeOwned {
    /// What its sort key begins with.
    const KIND: &'static str;

    /// Where it is stored.
    fn key(&self) -> Key;

    /// What a newer worker has taken over, in words.
    fn subject(&self) -> String {
        format!("`{}`", self.key())
    }

    /// What replacing and deleting compare; none where nothing is replaced by comparison.
    fn revision(&self) -> Option<String> {
        None
    }
}

/// Values as JSON lines: the same values give the same bytes. `what` names one of them.
///
/// # Errors
/// [`StoreError::Unwritable`] if one has no JSON form.
pub(crate) fn json_lines<'a, R: Serialize + 'a>(
    records: impl IntoIterator<Item = &'a R>,
    what: &str,
) -> Result<Vec<u8>, StoreError> {
    let mut lines = Vec::new();
    for record in records {
        serde_json::to_writer(&mut lines, record).map_err(|error| StoreError::unwritable(what, error))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

impl Store {
    /// Creates a record that nobody replaces. Of many writers at once exactly one gets [`CreateOutcome::Created`].
    ///
    /// # Errors
    /// [`StoreError`] if it is not known whether it was written.
    pub async fn create<R: Record>(&self, record: &R) -> Result<CreateOutcome, StoreError> {
        self.create_row(to_row(record)?).await
    }

    /// Creates a record that is later put by holders of a lease.
    pub(crate) async fn create_unfenced<R: Record>(&self, record: &R) -> Result<CreateOutcome, StoreError> {
        // A row without a lease would refuse every fenced write.
        self.create_row(to_row(record)?.with(LEASE, Fence::NONE.number())).await
    }

    async fn create_row(&self, row: Row) -> Result<CreateOutcome, StoreError> {
        Ok(self.table.put_new(row).await?)
    }

    /// Writes a record, in place of an earlier one, unless a newer lease has written it.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if it has: this worker was overtaken and must stop.
    pub async fn put<R: Record>(&self, record: &R, fence: Fence) -> Result<(), StoreError> {
        if self.table.put_fenced(to_row(record)?, fence.number()).await? {
            return Ok(());
        }
        Err(StoreError::Fenced(record.subject()))
    }

    /// Writes a record, in place of an earlier one, whoever wrote that.
    pub(crate) async fn overwrite<R: Record>(&self, record: &R) -> Result<(), StoreError> {
        Ok(self.table.put(to_row(record)?).await?)
    }

    /// Writes `new` if the record that is stored has the revision of `old`; `false`: it has another, or none exists.
    pub(crate) async fn replace<R: Record>(&self, old: &R, new: &R) -> Result<bool, StoreError> {
        let revision = Value::Text(old.revision().unwrap_or_default());
        Ok(self.table.put_if(to_row(new)?, REVISION, &revision).await?)
    }

    /// Deletes a record if the one that is stored has the same revision; `false`: it has another, or none exists.
    pub(crate) async fn delete<R: Record>(&self, record: &R) -> Result<bool, StoreError> {
        let key = record.key();
        let revision = Value::Text(record.revision().unwrap_or_default());
        Ok(self.table.delete_if(&key.partition, &key.sort, REVISION, &revision).await?)
    }

    /// The record under a key.
    pub(crate) async fn get<R: Record>(&self, key: &Key) -> Result<Option<R>, StoreError> {
        self.table.get(&key.partition, &key.sort).await?.as_ref().map(from_row).transpose()
    }

    /// The records of a partition whose sort keys begin so, in order.
    pub(crate) async fn list<R: Record>(&self, partition: &Partition, begin: &str) -> Result<Vec<R>, StoreError> {
        self.table.query(partition.as_str(), begin).await?.iter().map(from_row).collect()
    }

    /// The last record of a partition whose sort key begins so and is not after `until`.
    pub(crate) async fn last<R: Record>(
        &self,
        partition: &Partition,
        begin: &str,
        until: Option<&str>,
    ) -> Result<Option<R>, StoreError> {
        self.table.last(partition.as_str(), begin, until).await?.as_ref().map(from_row).transpose()
    }
}

fn to_row<R: Record>(record: &R) -> Result<Row, StoreError> {
    let key = record.key();
    let body = serde_json::to_string(record).map_err(|error| StoreError::unwritable(format!("`{key}`"), error))?;
    let row = Row::new(key.partition, key.sort).with(BODY, body);
    Ok(match record.revision() {
        Some(revision) => row.with(REVISION, revision),
        None => row,
    })
}

fn from_row<R: Record>(row: &Row) -> Result<R, StoreError> {
    let location = || format!("{} / {}", row.pk, row.sk);
    let body = row.text(BODY).ok_or_else(|| StoreError::corrupt(location(), Corruption::MissingAttribute(BODY)))?;
    let record: R = serde_json::from_str(body)
        .map_err(|source| StoreError::corrupt(location(), Corruption::Json { line: 1, source }))?;
    let key = record.key();
    if (key.partition.as_str(), key.sort.as_str()) != (row.pk.as_str(), row.sk.as_str()) {
        return Err(StoreError::corrupt(location(), Corruption::Misplaced(key.to_string())));
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::test_store::TestStore;

    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    struct Light {
        name: String,
        color: Color,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Color {
        Red,
        Green,
    }

    impl Record for Light {
        const KIND: &'static str = "LIGHT";

        fn key(&self) -> Key {
            key(&self.name)
        }

        fn revision(&self) -> Option<String> {
            Some(format!("{:?}", self.color))
        }
    }

    fn key(name: &str) -> Key {
        Partition::nowhere().sort(format!("LIGHT#{name}"))
    }

    fn light(name: &str, color: Color) -> Light {
        Light { name: name.to_owned(), color }
    }

    #[tokio::test]
    async fn a_record_is_created_once() {
        let TestStore { store, .. } = &TestStore::new();
        assert_eq!(store.create(&light("a", Color::Red)).await.unwrap(), CreateOutcome::Created);
        assert_eq!(store.create(&light("a", Color::Green)).await.unwrap(), CreateOutcome::AlreadyExists);
        assert_eq!(store.get::<Light>(&key("a")).await.unwrap(), Some(light("a", Color::Red)));
        assert_eq!(store.get::<Light>(&key("b")).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_writer_with_an_older_lease_is_refused() {
        let TestStore { store, .. } = &TestStore::new();
        store.create_unfenced(&light("a", Color::Red)).await.unwrap();
        store.put(&light("a", Color::Green), Fence::at(3)).await.unwrap();
        store.put(&light("a", Color::Red), Fence::at(3)).await.unwrap();
        let error = store.put(&light("a", Color::Green), Fence::at(2)).await.unwrap_err();
        assert!(matches!(error, StoreError::Fenced(_)), "{error}");
        assert_eq!(store.get::<Light>(&key("a")).await.unwrap(), Some(light("a", Color::Red)));
        store.create(&light("b", Color::Red)).await.unwrap();
        let unfenced = store.put(&light("b", Color::Green), Fence::at(3)).await;
        assert!(matches!(unfenced, Err(StoreError::Fenced(_))), "what was created for good is not put");
    }

    #[tokio::test]
    async fn a_record_is_replaced_and_deleted_only_at_its_revision() {
        let TestStore { store, .. } = &TestStore::new();
        let (red, green) = (light("a", Color::Red), light("a", Color::Green));
        assert!(!store.replace(&red, &green).await.unwrap(), "nothing exists");
        store.create(&red).await.unwrap();
        assert!(!store.replace(&green, &red).await.unwrap());
        assert!(store.replace(&red, &green).await.unwrap());
        assert!(!store.delete(&red).await.unwrap());
        assert!(store.delete(&green).await.unwrap());
        assert_eq!(store.get::<Light>(&key("a")).await.unwrap(), None);
    }

    #[tokio::test]
    async fn records_are_listed_in_order_and_the_last_is_found() {
        let TestStore { store, .. } = &TestStore::new();
        for name in ["c", "a", "b"] {
            store.overwrite(&light(name, Color::Red)).await.unwrap();
        }
        let names = |lights: Vec<Light>| lights.into_iter().map(|light| light.name).collect::<Vec<_>>();
        assert_eq!(names(store.list(&Partition::nowhere(), "LIGHT#").await.unwrap()), ["a", "b", "c"]);
        let last = |until: Option<&'static str>| async move {
            let found: Option<Light> = store.last(&Partition::nowhere(), "LIGHT#", until).await.unwrap();
            found.map(|light| light.name)
        };
        assert_eq!(last(None).await.as_deref(), Some("c"));
        assert_eq!(last(Some("LIGHT#b")).await.as_deref(), Some("b"));
        assert_eq!(last(Some("LIGHT#")).await, None);
    }

    #[tokio::test]
    async fn a_damaged_word_is_a_damaged_record() {
        let TestStore { store, .. } = &TestStore::new();
        let at = key("a");
        let row = || Row::new(&at.partition, &at.sort);
        for (row, expected) in [
            (row(), "its `body` is missing"),
            (row().with(BODY, r#"{"name":"a","color":"mauve"}"#), "line 1 does not parse"),
            (row().with(BODY, r#"{"name":"b","color":"red"}"#), "it holds the record of `DOCTOR / LIGHT#b`"),
        ] {
            store.table.put(row).await.unwrap();
            let error = store.get::<Light>(&at).await.unwrap_err();
            assert_eq!(
                error.to_string(),
                "`DOCTOR / LIGHT#a` is damaged; restore it from a backup, or run the sync again"
            );
            assert_eq!(std::error::Error::source(&error).unwrap().to_string(), expected);
        }
    }
}
