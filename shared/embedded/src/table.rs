//! DynamoDB in this process, on a file, behind an address on loopback. Deliberately absent: streams (they make writes
//! quadratic here) and a way to reach it from another machine.

use std::{path::Path, sync::mpsc, thread::JoinHandle, time::Duration};

use dynoxide::{Database, actions::create_table::CreateTableRequest, errors::DynoxideError};
use tokio::sync::oneshot;
use truecount_platform::{Table, aws, endpoint};

use crate::{BackendError, Durability};

/// The table's name in every local home.
const NAME: &str = "truecount";

/// How long a request under way may hold up the end.
const STOP_SECONDS_MAX: u64 = 5;

/// The server, on a thread and a runtime of its own: it works whatever runtime its callers have, and a write that waits
/// for the disk holds up no one else.
pub(crate) struct TableServer {
    endpoint: String,
    table: Table,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TableServer {
    /// Opens the file and answers before it returns.
    pub(crate) fn start(file: &Path, durability: Durability) -> Result<Self, BackendError> {
        let refused = |why: String| BackendError::Table { file: file.to_owned(), why };
        let database = open(file, durability).map_err(refused)?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(|error| refused(error.to_string()))?;
        listener.set_nonblocking(true).map_err(|error| refused(error.to_string()))?;
        let address = listener.local_addr().map_err(|error| refused(error.to_string()))?;
        let endpoint = endpoint::checked(&format!("http://{address}")).map_err(|error| refused(error.to_string()))?;
        let (stop, stopped) = oneshot::channel();
        let (started, has_started) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("truecount-table".to_owned())
            .spawn(move || serve(listener, database, stopped, &started))
            .map_err(|error| refused(error.to_string()))?;
        let server = Self {
            endpoint: endpoint.to_string(),
            table: aws::local_table(&endpoint, NAME),
            stop: Some(stop),
            thread: Some(thread),
        };
        match has_started.recv() {
            Ok(Ok(())) => Ok(server),
            Ok(Err(why)) => Err(refused(why)),
            Err(_) => Err(refused("its server ended at once".to_owned())),
        }
    }

    pub(crate) fn table(&self) -> Table {
        self.table.clone()
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
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

fn open(file: &Path, durability: Durability) -> Result<Database, String> {
    let path = file.to_str().ok_or("its path is not Unicode")?;
    let database = Database::new(path).map_err(|error| error.to_string())?;
    if durability == Durability::Bulk {
        database.enable_bulk_loading().map_err(|error| error.to_string())?;
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
    }))
    .map_err(|error| error.to_string())?;
    match database.create_table(request) {
        Ok(_) | Err(DynoxideError::ResourceInUseException(_)) => Ok(database),
        Err(error) => Err(error.to_string()),
    }
}

/// Answers until told to stop. The runtime, and with it whatever still has the file open, ends before this returns.
fn serve(
    listener: std::net::TcpListener,
    database: Database,
    stopped: oneshot::Receiver<()>,
    started: &mpsc::Sender<Result<(), String>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(error.to_string()))),
    };
    runtime.block_on(async {
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return drop(started.send(Err(error.to_string()))),
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
