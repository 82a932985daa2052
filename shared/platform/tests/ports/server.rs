//! A server on loopback that answers as the test says, and counts. Deliberately absent: keeping a connection, so that
//! one request is one connection.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use truecount_platform::endpoint;
use url::Url;

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// How the server answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// With this status, type and body.
    Reply(u16, &'static str, String),
    /// With the head of an answer and half of its body.
    CutBody(String),
    /// By closing the connection after the request was read.
    Cut,
    /// Not at all.
    Silence,
}

/// A server, until it is dropped.
pub(crate) struct Server {
    pub(crate) url: Url,
    count: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Answers each request with what the function makes of it.
    pub(crate) async fn start(answer: impl FnMut(usize, Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = endpoint::checked(&format!("http://{}", listener.local_addr().expect("an address"))).expect("a URL");
        let count = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(Mutex::new(answer));
        let counter = Arc::clone(&count);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (counter, answer) = (Arc::clone(&counter), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut stream = stream;
                    let Some(request) = read(&mut stream).await else { return };
                    let number = counter.fetch_add(1, Ordering::SeqCst);
                    let answer = (answer.lock().expect("no panic"))(number, request);
                    write(stream, answer).await;
                });
            }
        });
        Self { url, count, task }
    }

    /// Gives these answers one after the other, and the last for ever.
    pub(crate) async fn script(answers: Vec<Answer>) -> Self {
        Self::start(move |number, _| answers[number.min(answers.len() - 1)].clone()).await
    }

    /// How many requests came.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, length)| length.trim().parse().expect("a length"));
            if bytes.len() >= end + 4 + length {
                return Some(Request { head, body: String::from_utf8_lossy(&bytes[end + 4..]).into_owned() });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

async fn write(mut stream: TcpStream, answer: Answer) {
    let (status, kind, body, cut) = match answer {
        Answer::Reply(status, kind, body) => (status, kind, body, false),
        Answer::CutBody(body) => (200, "text/xml", body, true),
        Answer::Cut => return,
        Answer::Silence => return std::future::pending().await,
    };
    let length = body.len();
    let sent = if cut { &body[..length / 2] } else { &body };
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(format!("{head}{sent}").as_bytes()).await;
    let _ = stream.shutdown().await;
}
