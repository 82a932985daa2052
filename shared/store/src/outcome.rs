//! The outcome of a run as it is stored: one JSON line after another, compressed, so that whoever reads it needs the
//! memory of one client.

use truecount_reconciliation::OutcomeLine;

use crate::{Corruption, RunFolder, StoreError, gzip, object, sha256_hex};

/// The file's name in the run's folder.
pub const OUTCOMES_FILE: &str = "outcomes.jsonl.gz";

/// Writes an outcome, line by line.
#[derive(Default)]
pub struct OutcomeWriter(gzip::LinesWriter);

impl OutcomeWriter {
    /// Adds a line. The portfolio is the first.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if a value has no JSON form.
    pub fn push(&mut self, line: &OutcomeLine) -> Result<(), StoreError> {
        self.0.push(line)
    }

    /// The file, without storing it.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if it cannot be compressed.
    pub fn into_bytes(self) -> Result<Vec<u8>, StoreError> {
        self.0.finish()
    }

    /// Stores the outcome of a run; answers the hash of its bytes.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if there is another.
    pub async fn write(self, folder: &RunFolder) -> Result<String, StoreError> {
        let bytes = self.into_bytes()?;
        folder.write_file(OUTCOMES_FILE, &bytes).await?;
        Ok(sha256_hex(&bytes))
    }
}

/// An outcome that was stored.
pub struct StoredOutcome {
    location: String,
    bytes: Vec<u8>,
}

impl RunFolder {
    /// The outcome, if it has the hash that was recorded.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is missing or another.
    pub async fn outcome(&self, sha256: &str) -> Result<StoredOutcome, StoreError> {
        let key = self.key(OUTCOMES_FILE);
        let (location, bytes) = (self.archive.place(&key), object::read(&*self.archive, &key).await?);
        if sha256_hex(&bytes) != sha256 {
            return Err(StoreError::corrupt(location, Corruption::Hash));
        }
        Ok(StoredOutcome { location, bytes })
    }
}

impl StoredOutcome {
    /// An outcome that is not stored, or not yet. `location` names it where a line is damaged.
    #[must_use]
    pub fn of(location: String, bytes: Vec<u8>) -> Self {
        Self { location, bytes }
    }

    /// Its lines in order, one at a time.
    ///
    /// # Errors
    /// Each line's [`StoreError::Corrupt`], after which none comes.
    pub fn lines(&self) -> impl Iterator<Item = Result<OutcomeLine, StoreError>> {
        gzip::lines(&self.location, &self.bytes)
    }

    /// The file as it is stored.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use truecount_reconciliation::{PortfolioRecord, SetupFinding};

    use super::*;
    use crate::run::tests::run;
    use crate::test_store::TestStore;

    fn outcome() -> Vec<OutcomeLine> {
        let portfolio = PortfolioRecord::empty(truecount_billing::Currency::new("GBP").unwrap());
        let setup = |subject: &str| {
            let (code, message) = ("clients_of_one_name".to_owned(), "two clients have one name".to_owned());
            OutcomeLine::Setup(SetupFinding { code, subject: subject.to_owned(), message, count: 1 })
        };
        vec![OutcomeLine::Portfolio(Box::new(portfolio)), setup("c1, c2"), setup("c3, c4")]
    }

    #[tokio::test]
    async fn an_outcome_reads_back_line_by_line_if_its_hash_is_right() {
        let TestStore { store, .. } = &TestStore::new();
        let folder = run(None).folder(store);
        let mut writer = OutcomeWriter::default();
        outcome().iter().for_each(|line| writer.push(line).unwrap());
        let sha256 = writer.write(&folder).await.unwrap();
        let stored = folder.outcome(&sha256).await.unwrap();
        assert_eq!(stored.lines().collect::<Result<Vec<_>, _>>().unwrap(), outcome());
        assert_eq!(sha256_hex(stored.bytes()), sha256);
        let Err(error) = folder.outcome("0").await else { panic!("another hash") };
        assert!(matches!(error, StoreError::Corrupt { source: Corruption::Hash, .. }), "{error}");
        let error = OutcomeWriter::default().write(&folder).await.unwrap_err();
        assert!(matches!(&error, StoreError::Taken(place) if place.ends_with(OUTCOMES_FILE)), "{error}");
    }

    #[tokio::test]
    async fn an_outcome_that_is_gone_is_damage() {
        let TestStore { store, .. } = &TestStore::new();
        let Err(error) = run(None).folder(store).outcome("0").await else { panic!("there is none") };
        assert!(matches!(error, StoreError::Corrupt { source: Corruption::Missing, .. }), "{error}");
    }
}
