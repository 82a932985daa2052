//! A store on the embedded backend in a temporary folder.

use truecount_embedded::{Durability, LocalBackend};

use crate::{LeaseMode, Store};

pub(crate) struct TestStore {
    pub(crate) store: Store,
    // Dropped after the store: the backend closes the table's file.
    _backend: LocalBackend,
    _folder: tempfile::TempDir,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backend = LocalBackend::open(folder.path(), Durability::Bulk).unwrap();
        let store = Store::new(backend.table(), backend.archive(), LeaseMode::Shared);
        Self { store, _backend: backend, _folder: folder }
    }

    /// The same table and archive as a process sees them that has them alone.
    pub(crate) fn single_process(&self) -> Store {
        Store { lease_mode: LeaseMode::SingleProcess, ..self.store.clone() }
    }
}
