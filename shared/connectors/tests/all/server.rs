//! A vendor of our own on loopback: answers by a function, keeps what it was asked.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, Response, StatusCode},
};
use futures::{StreamExt, stream};

/// One request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What the server says.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Break the connection after so many bytes of the body.
    cut: Option<usize>,
}

impl Reply {
    pub(crate) fn json(body: impl Into<String>) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status: 200, headers, body: body.into().into_bytes(), cut: None }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: vec![], body: b"{\"message\":\"no\"}".to_vec(), cut: None }
    }

    pub(crate) fn bytes(body: Vec<u8>) -> Self {
        Self { status: 200, headers: vec![], body, cut: None }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same object with one more field.
    pub(crate) fn adding(self, name: &str, value: &str) -> Self {
        let mut object: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        object[name] = value.into();
        Self { body: object.to_string().into_bytes(), ..self }
    }

    pub(crate) fn of_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The first half of the body.
    pub(crate) fn half(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    /// The body, and the body again.
    pub(crate) fn twice(mut self) -> Self {
        self.body = [self.body.clone(), self.body].concat();
        self
    }

    pub(crate) fn saying(self, body: &str) -> Self {
        Self { body: body.as_bytes().to_vec(), ..self }
    }

    pub(crate) fn cut_after(self, bytes: usize) -> Self {
        Self { cut: Some(bytes), ..self }
    }

    fn into_response(self) -> Response<Body> {
        let mut response = Response::builder().status(StatusCode::from_u16(self.status).unwrap());
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        match self.cut {
            None => response.body(Body::from(self.body)).unwrap(),
            Some(bytes) => {
                let part = Bytes::copy_from_slice(&self.body[..bytes.min(self.body.len())]);
                let broken = stream::once(async { Ok(part) }).chain(stream::once(async {
                    // Long enough for the part to leave.
                    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
                    Err(std::io::Error::other("cut"))
                }));
                response.header("content-length", self.body.len()).body(Body::from_stream(broken)).unwrap()
            }
        }
    }
}

/// A running server; it ends with the value.
pub(crate) struct Vendor {
    pub(crate) base: String,
    log: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Vendor {
    /// Starts one. The function gets the request and how many came before it.
    pub(crate) async fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&log));
        let app = Router::new().fallback(move |request: Request| {
            let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let asked = Asked {
                    method: parts.method.to_string(),
                    target: parts.uri.to_string(),
                    headers: parts.headers,
                    body: String::from_utf8_lossy(&body).into_owned(),
                };
                let before = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(asked.clone());
                    seen.len() - 1
                };
                answer(&asked, before).into_response()
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { base, log, task }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    /// Method and target of each request.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect()
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.task.abort();
    }
}
