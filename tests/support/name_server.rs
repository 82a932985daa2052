//! A name server on loopback, over UDP and TCP, that answers questions for TXT records from a table. Written from the
//! format of the messages, so that it shares no code with the resolver that asks it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What the server says of a name.
#[derive(Debug, Clone)]
pub enum DnsAnswer {
    /// TXT records, each of one or more strings.
    Texts(Vec<Vec<String>>),
    /// The same, but over UDP only that the answer is too long for it.
    TooLongForUdp(Vec<Vec<String>>),
    /// An alias of another name, whose TXT records follow.
    Alias(&'static str, Vec<Vec<String>>),
    /// The name is there, but has no TXT record.
    NoData,
    /// This code: 2 is SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
    Code(u8),
    /// Nothing, ever.
    Silence,
}

impl DnsAnswer {
    /// One record of one string.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Texts(vec![vec![text.to_owned()]])
    }
}

type Names = BTreeMap<&'static str, DnsAnswer>;

/// The server; its threads end with the test's process.
#[derive(Debug)]
pub struct NameServer {
    /// Where it listens, over UDP and TCP.
    pub address: SocketAddr,
    names: Arc<Mutex<Names>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl NameServer {
    /// Starts it. A name that it is told nothing of does not exist.
    ///
    /// # Panics
    /// If no port is free for both.
    #[must_use]
    pub fn start(names: impl IntoIterator<Item = (&'static str, DnsAnswer)>) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        let udp = UdpSocket::bind(address).unwrap();
        let names = Arc::new(Mutex::new(names.into_iter().collect()));
        let server = Self { address, names, asked: Arc::default() };
        let (names, asked) = (Arc::clone(&server.names), Arc::clone(&server.asked));
        thread::spawn(move || {
            let mut bytes = [0; 512];
            while let Ok((length, from)) = udp.recv_from(&mut bytes) {
                let name = name_of(&bytes[..length]);
                lock(&asked).push(name.clone());
                let answer = lock(&names).get(name.as_str()).cloned().unwrap_or(DnsAnswer::Code(3));
                if let Some(answer) = message(&bytes[..length], &answer, Road::Udp) {
                    drop(udp.send_to(&answer, from));
                }
            }
        });
        let names = Arc::clone(&server.names);
        thread::spawn(move || {
            for mut stream in tcp.incoming().map_while(Result::ok) {
                let mut length = [0; 2];
                let mut bytes = Vec::new();
                if stream.read_exact(&mut length).is_ok() {
                    bytes.resize(usize::from(u16::from_be_bytes(length)), 0);
                }
                if bytes.is_empty() || stream.read_exact(&mut bytes).is_err() {
                    continue;
                }
                let answer = lock(&names).get(name_of(&bytes).as_str()).cloned().unwrap_or(DnsAnswer::Code(3));
                if let Some(answer) = message(&bytes, &answer, Road::Tcp) {
                    let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                    drop(stream.write_all(&[&length[..], &answer].concat()));
                }
            }
        });
        server
    }

    /// Changes what it says of a name.
    pub fn set(&self, name: &'static str, answer: DnsAnswer) {
        lock(&self.names).insert(name, answer);
    }

    /// The names that it was asked for over UDP, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        lock(&self.asked).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Road {
    Udp,
    Tcp,
}

/// Identification, flags, and four counts.
const HEADER: usize = 12;
const TRUNCATED: u8 = 0x02;
const TXT: u8 = 16;
const CNAME: u8 = 5;
const SOA: u8 = 6;

/// The labels of the question, with dots between them, in lower case.
fn name_of(query: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut rest = &query[HEADER..];
    while let Some((length, following)) = rest.split_first().filter(|(length, _)| **length > 0) {
        let (label, following) = following.split_at(usize::from(*length));
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        rest = following;
    }
    labels.join(".")
}

/// The whole answer; `None` for silence.
fn message(query: &[u8], answer: &DnsAnswer, road: Road) -> Option<Vec<u8>> {
    // The question is the name, its closing zero, type and class.
    let question = &query[HEADER..HEADER + name_of(query).len() + 2 + 4];
    // A pointer to the name of the question.
    let asked = [0xc0, 12];
    let mut flags = 0;
    let mut code = 0;
    let mut answers = Vec::new();
    let mut authority = Vec::new();
    match answer {
        DnsAnswer::Silence => return None,
        DnsAnswer::Code(number) => code = *number,
        DnsAnswer::NoData => authority.push(record(&asked, SOA, &[vec![0; 2], vec![0; 20]].concat())),
        DnsAnswer::TooLongForUdp(_) if road == Road::Udp => flags = TRUNCATED,
        DnsAnswer::Texts(texts) | DnsAnswer::TooLongForUdp(texts) => {
            answers.extend(texts.iter().map(|strings| record(&asked, TXT, &strung(strings))));
        }
        DnsAnswer::Alias(of, texts) => {
            let of = wire(of);
            answers.push(record(&asked, CNAME, &of));
            answers.extend(texts.iter().map(|strings| record(&of, TXT, &strung(strings))));
        }
    }
    let count = |records: &[Vec<u8>]| u8::try_from(records.len()).unwrap();
    let mut bytes = query[..2].to_vec();
    // A response to a recursive question, by a server that recurses.
    bytes.extend([0x81 | flags, 0x80 | code, 0, 1, 0, count(&answers), 0, count(&authority), 0, 0]);
    bytes.extend(question);
    bytes.extend(answers.into_iter().flatten());
    bytes.extend(authority.into_iter().flatten());
    Some(bytes)
}

/// A record of class IN that is kept for a minute.
fn record(name: &[u8], kind: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [name, &[0, kind, 0, 1, 0, 0, 0, 60], &length, data].concat()
}

/// Each string behind its length.
fn strung(strings: &[String]) -> Vec<u8> {
    let one = |text: &String| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    strings.iter().flat_map(one).collect()
}

fn wire(name: &str) -> Vec<u8> {
    let labels: Vec<_> = name.split('.').map(str::to_owned).collect();
    [strung(&labels), vec![0]].concat()
}
