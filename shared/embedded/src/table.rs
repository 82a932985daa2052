//! An embedded DynamoDB on a file, listening on loopback. Deliberately absent: streams (they make writes quadratic here)
//! and access from another machine.

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    thread::JoinHandle,
    time::Duration,
};

use dynoxide::{
    Database,
    actions::{
        create_table::CreateTableRequest,
        update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest},
    },
    errors::DynoxideError,
};
use tokio::sync::oneshot;
use truecount_platform::{BoxError, Table, aws, endpoint};

use crate::{BackendError, Durability};

/// The table's name in every local backend.
const NAME: &str = "truecount";

/// The attribute that says until when a row is kept, in seconds since 1970.
const EXPIRES: &str = "expires";

/// How long a pending request may delay the shutdown.
const STOP_SECONDS_MAX: u64 = 5;

/// The server, on its own thread and runtime: it works whatever runtime its callers use, and a write that waits for the
/// disk blocks none of them.
pub(crate) struct TableServer {
    endpoint: String,
    table: Table,
    file: PathBuf,
    database: Database,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TableServer {
    /// Opens the file; the server accepts requests when this returns.
    pub(crate) fn start(file: &Path, durability: Durability) -> Result<Self, BackendError> {
        let refused = |source: BoxError| BackendError::Table { file: file.to_owned(), source };
        let database = open(file, durability).map_err(refused)?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(|error| refused(error.into()))?;
        listener.set_nonblocking(true).map_err(|error| refused(error.into()))?;
        let address = listener.local_addr().map_err(|error| refused(error.into()))?;
        let endpoint = endpoint::checked(&format!("http://{address}")).map_err(|error| refused(error.into()))?;
        let (stop, stopped) = oneshot::channel();
        let (started, has_started) = mpsc::channel();
        let served = database.clone();
        let thread = std::thread::Builder::new()
            .name("truecount-table".to_owned())
            .spawn(move || serve(listener, served, stopped, &started))
            .map_err(|error| refused(error.into()))?;
        let server = Self {
            endpoint: endpoint.to_string(),
            table: aws::local_table(&endpoint, NAME),
            file: file.to_owned(),
            database,
            stop: Some(stop),
            thread: Some(thread),
        };
        match has_started.recv() {
            Ok(Ok(())) => Ok(server),
            Ok(Err(error)) => Err(refused(error.into())),
            Err(error) => Err(refused(error.into())),
        }
    }

    pub(crate) fn table(&self) -> Table {
        self.table.clone()
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Deletes the rows whose `expires` has passed.
    pub(crate) fn delete_expired(&self) -> Result<usize, BackendError> {
        let expiry = UpdateTimeToLiveRequest {
            table_name: NAME.to_owned(),
            time_to_live_specification: TimeToLiveSpecification { attribute_name: EXPIRES.to_owned(), enabled: true },
        };
        // Refused where it is on already, from an earlier call on this file; the sweep itself tells whether it works.
        let _ = self.database.update_time_to_live(expiry);
        let refused = |error: DynoxideError| BackendError::Table { file: self.file.clone(), source: error.into() };
        self.database.sweep_ttl().map_err(refused)
    }
}

impl Drop for TableServer {
    /// Waits until the file is closed.
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the table's server ended by a panic");
        }
    }
}

fn open(file: &Path, durability: Durability) -> Result<Database, BoxError> {
    let path = file.to_str().ok_or("its path is not Unicode")?;
    let database = Database::new(path)?;
    if durability == Durability::Bulk {
        database.enable_bulk_loading()?;
    }
    let request: CreateTableRequest = serde_json::from_value(serde_json::json!({
        "TableName": NAME,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "sk", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
    }))?;
    match database.create_table(request) {
        Ok(_) | Err(DynoxideError::ResourceInUseException(_)) => Ok(database),
        Err(error) => Err(error.into()),
    }
}

/// Serves until it is told to stop. The runtime, and with it every handle on the file, is gone when this returns.
fn serve(
    listener: std::net::TcpListener,
    database: Database,
    stopped: oneshot::Receiver<()>,
    started: &mpsc::Sender<Result<(), std::io::Error>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(error))),
    };
    runtime.block_on(async {
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return drop(started.send(Err(error))),
        };
        let (drain, drained) = oneshot::channel::<()>();
        let served = dynoxide::server::serve_with_shutdown(listener, database, async { drop(drained.await) });
        let patience = async {
            let _ = stopped.await;
            let _ = drain.send(());
            tokio::time::sleep(Duration::from_secs(STOP_SECONDS_MAX)).await;
        };
        let _ = started.send(Ok(()));
        tokio::select! {
            ended = served => if let Err(error) = ended { tracing::error!(%error, "the table's server ended") },
            () = patience => tracing::warn!("the table's server was stopped with a request under way"),
        }
    });
}
