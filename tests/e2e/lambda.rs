//! A stand-in for the Lambda service: runs the built functions as processes, hands them events over the Runtime API,
//! takes their answers, and ends them. Deliberately absent: the content of the events.

use std::collections::{BTreeMap, HashMap};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// How long after its deadline a function is ended: later than promised, as Lambda does it.
const LATE: Duration = Duration::from_millis(700);

/// How long a process may take to start.
const START: Duration = Duration::from_secs(60);

/// How often a process is polled.
const LOOK: Duration = Duration::from_millis(5);

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ended {
    /// The function's answer.
    Answer(Value),
    /// The function's error, as it was reported to the runtime.
    Error(String),
    /// The process ended before it had answered.
    Died,
    /// The deadline passed, and the process was ended.
    Late,
}

/// What a process is started with.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// `sync`, `reconcile` or `report`.
    pub(crate) function: &'static str,
    /// The environment; nothing else is inherited.
    pub(crate) variables: BTreeMap<String, String>,
    /// Where its logs go, appended.
    pub(crate) log: PathBuf,
    /// The most address space it may have, in KiB.
    pub(crate) memory_kib: Option<u64>,
}

/// One process of a function, cold until its first event. Dropping it ends the process.
pub(crate) struct Function {
    api: Arc<Api>,
    events: mpsc::UnboundedSender<Invocation>,
    process: Process,
    server: JoinHandle<()>,
}

/// A process that can be ended from anywhere.
#[derive(Clone)]
pub(crate) struct Process(Arc<Mutex<Child>>);

struct Api {
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Ended>>>,
    count: AtomicU64,
}

struct Invocation {
    id: String,
    event: String,
    time: Duration,
    taken: oneshot::Sender<()>,
}

impl Process {
    /// SIGKILL, and nothing of it runs any more when this returns.
    pub(crate) fn kill(&self) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }

    fn has_ended(&self) -> bool {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Its peak resident memory, in KiB.
    pub(crate) fn peak_kib(&self) -> Option<u64> {
        let id = self.0.lock().unwrap_or_else(PoisonError::into_inner).id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}

impl Function {
    /// Starts the process.
    pub(crate) async fn start(setup: &Setup) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, receiver) = mpsc::unbounded_channel();
        let api = Arc::new(Api {
            events: tokio::sync::Mutex::new(receiver),
            waiting: Mutex::default(),
            count: AtomicU64::new(0),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(Arc::clone(&api));
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        let process = Process(Arc::new(Mutex::new(spawn(setup, &address.to_string()))));
        Self { api, events, process, server }
    }

    /// The process, for whoever ends it.
    pub(crate) fn process(&self) -> Process {
        self.process.clone()
    }

    /// Hands over an event and waits for its end, at most until the deadline and a little longer.
    pub(crate) async fn invoke(&self, event: &Value, time: Duration) -> Ended {
        let id = format!("00000000-0000-4000-8000-{:012}", self.api.count.fetch_add(1, Ordering::Relaxed));
        let (sender, mut ended) = oneshot::channel();
        self.api.waiting.lock().unwrap().insert(id.clone(), sender);
        // Its time begins when it asks for the event.
        let (taken, mut has_taken) = oneshot::channel();
        let _ = self.events.send(Invocation { id, event: event.to_string(), time, taken });
        let mut late = Box::pin(tokio::time::sleep(START + time + LATE));
        let mut is_taken = false;
        loop {
            tokio::select! {
                biased;
                ended = &mut ended => return ended.unwrap_or(Ended::Died),
                _ = &mut has_taken, if !is_taken => {
                    is_taken = true;
                    late.as_mut().reset(tokio::time::Instant::now() + time + LATE);
                }
                () = &mut late => {
                    self.process.kill();
                    return Ended::Late;
                }
                () = tokio::time::sleep(LOOK) => {
                    if self.process.has_ended() {
                        // Its last log lines may still be on their way.
                        return tokio::time::timeout(10 * LOOK, ended).await.map_or(Ended::Died, |e| e.unwrap_or(Ended::Died));
                    }
                }
            }
        }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.process.kill();
        self.server.abort();
    }
}

/// Where the built functions and the command line lie: beside the tests.
pub(crate) fn binary(name: &str) -> PathBuf {
    let folder = std::env::var_os("TRUECOUNT_E2E_BINARIES").map_or_else(
        || {
            let own = std::env::current_exe().unwrap();
            own.parent().and_then(Path::parent).unwrap().to_owned()
        },
        PathBuf::from,
    );
    let path = folder.join(name);
    assert!(path.is_file(), "`{}` is not built: `.ci/e2e` builds it", path.display());
    path
}

fn spawn(setup: &Setup, api: &str) -> Child {
    let path = binary(&format!("truecount-{}", setup.function));
    let mut command = match setup.memory_kib {
        None => Command::new(path),
        Some(kib) => {
            let mut shell = Command::new("bash");
            shell.args(["-c", &format!("ulimit -v {kib} && exec \"$0\""), &path.to_string_lossy()]);
            shell
        }
    };
    let log = OpenOptions::new().create(true).append(true).open(&setup.log).unwrap();
    command
        .env_clear()
        .envs(&setup.variables)
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .env("AWS_LAMBDA_FUNCTION_NAME", format!("truecount-{}", setup.function))
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let Some(next) = api.events.lock().await.recv().await else { return StatusCode::GONE.into_response() };
    let deadline = Timestamp::now() + next.time;
    let _ = next.taken.send(());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", next.id),
        ("lambda-runtime-deadline-ms", deadline.as_millisecond().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:truecount".to_owned()),
    ];
    (headers, next.event).into_response()
}

async fn response(State(api): State<Arc<Api>>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    let answer = serde_json::from_slice(&body).map_or_else(|error| Ended::Error(error.to_string()), Ended::Answer);
    api.end(&id, answer)
}

async fn error(State(api): State<Arc<Api>>, UrlPath(id): UrlPath<String>, body: String) -> StatusCode {
    api.end(&id, Ended::Error(body))
}

async fn init_error(State(api): State<Arc<Api>>, body: String) -> StatusCode {
    let waiting: Vec<_> = api.waiting.lock().unwrap().drain().collect();
    for (_, sender) in waiting {
        let _ = sender.send(Ended::Error(body.clone()));
    }
    StatusCode::ACCEPTED
}

impl Api {
    fn end(&self, id: &str, ended: Ended) -> StatusCode {
        if let Some(sender) = self.waiting.lock().unwrap().remove(id) {
            let _ = sender.send(ended);
        }
        StatusCode::ACCEPTED
    }
}
