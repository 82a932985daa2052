//! The TXT records of a name, asked of this machine's name servers. Deliberately absent: what a record means, and any
//! memory of an answer.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use domain::base::iana::{Class, Rcode};
use domain::base::{Name, Rtype};
use domain::rdata::Txt;
use domain::resolv::StubResolver;
use domain::resolv::stub::Answer;
use domain::resolv::stub::conf::{ResolvConf, ServerConf, Transport};

/// How often each name server is asked: a datagram gets lost now and then.
const ROUNDS: usize = 2;

/// Name servers, asked in this order.
#[derive(Debug)]
pub struct NameServers {
    resolvers: Vec<StubResolver>,
    /// The longest that all look-ups of one check may take.
    pub(crate) limit: Duration,
}

/// Why it is not known which records a name has.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    /// Too long a label, or letters that a name does not have.
    #[error("`{0}` is not a name that DNS can have")]
    InvalidName(String),
    /// Neither "here it is" nor "there is none".
    #[error("the name server answers {0}")]
    Refused(Rcode),
    /// Neither the answer over UDP nor that over TCP is whole.
    #[error("the name server's answer cannot be read")]
    Malformed,
    /// None is there, or none answers in time.
    #[error("no name server answers")]
    Unreachable(#[source] io::Error),
}

impl NameServers {
    /// Those of `/etc/resolv.conf`, as every other program on this machine uses them.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let conf = ResolvConf::default();
        Self::new(&conf.servers, Duration::from_secs(2), Duration::from_secs(6))
    }

    /// One server, with the longest that all look-ups of one check may take.
    #[must_use]
    pub fn at(server: SocketAddr, limit: Duration) -> Self {
        Self::new(&[ServerConf::new(server, Transport::UdpTcp)], limit, limit)
    }

    /// A resolver for each server: one for all would take the first server's SERVFAIL for the answer of all.
    fn new(servers: &[ServerConf], attempt: Duration, limit: Duration) -> Self {
        let resolver = |server: &ServerConf| {
            let mut conf = ResolvConf::new();
            conf.servers.push(server.clone());
            conf.options.timeout = attempt;
            conf.finalize();
            StubResolver::from_conf(conf)
        };
        Self { resolvers: servers.iter().map(resolver).collect(), limit }
    }

    /// The TXT records of a name, each with its strings joined; none where the name or the record does not exist.
    ///
    /// # Errors
    /// [`LookupError`] if no server says what there is, or that there is nothing.
    pub(crate) async fn texts(&self, name: &str) -> Result<Vec<String>, LookupError> {
        let invalid = |_| LookupError::InvalidName(name.to_owned());
        let name: Name<Vec<u8>> = Name::from_chars(name.chars()).map_err(invalid)?;
        let mut last = LookupError::Unreachable(io::ErrorKind::NotFound.into());
        for resolver in self.resolvers.iter().cycle().take(self.resolvers.len() * ROUNDS) {
            match resolver.query((&name, Rtype::TXT, Class::IN)).await {
                Ok(answer) => match texts_of(&answer) {
                    Ok(texts) => return Ok(texts),
                    Err(error) => last = error,
                },
                Err(error) => last = LookupError::Unreachable(error),
            }
        }
        Err(last)
    }
}

fn texts_of(answer: &Answer) -> Result<Vec<String>, LookupError> {
    match answer.header().rcode() {
        Rcode::NOERROR if !answer.is_truncated() => {}
        Rcode::NOERROR => return Err(LookupError::Malformed),
        Rcode::NXDOMAIN => return Ok(Vec::new()),
        code => return Err(LookupError::Refused(code)),
    }
    // The name may be an alias of one that a mail service keeps.
    let name = answer.canonical_name().ok_or(LookupError::Malformed)?;
    let mut texts = Vec::new();
    for record in answer.answer().map_err(|_| LookupError::Malformed)?.limit_to_in::<Txt<_>>() {
        let record = record.map_err(|_| LookupError::Malformed)?;
        if *record.owner() == name {
            let bytes: Vec<u8> = record.data().text();
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    Ok(texts)
}
