//! An endpoint that speaks SES's `SendRawEmail` and keeps the raw messages. Deliberately absent: sending them on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The messages that were accepted, as they came.
type Kept = Arc<Mutex<Vec<Vec<u8>>>>;

/// The endpoint. Dropping it stops it.
pub(crate) struct Mailbox {
    kept: Kept,
    /// Where it listens.
    pub(crate) url: String,
    server: JoinHandle<()>,
}

impl Mailbox {
    /// Starts it on a free port.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let kept = Kept::default();
        let limit = axum::extract::DefaultBodyLimit::max(32 << 20);
        let router = Router::new().fallback(accept).layer(limit).with_state(Arc::clone(&kept));
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { kept, url, server }
    }

    /// The messages in the order in which they were accepted.
    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        self.kept.lock().unwrap().clone()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(State(kept): State<Kept>, Form(fields): Form<BTreeMap<String, String>>) -> Response {
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let raw = STANDARD.decode(field("RawMessage.Data")).unwrap_or_default();
    if field("Action") != "SendRawEmail" || raw.is_empty() || field("Destinations.member.1").is_empty() {
        let answer = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code></Error></ErrorResponse>";
        return (StatusCode::BAD_REQUEST, [("content-type", "text/xml")], answer).into_response();
    }
    let number = {
        let mut kept = kept.lock().unwrap();
        kept.push(raw);
        kept.len()
    };
    let answer = format!(
        "<SendRawEmailResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><SendRawEmailResult><MessageId>m{number}</MessageId></SendRawEmailResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></SendRawEmailResponse>"
    );
    ([("content-type", "text/xml")], answer).into_response()
}
