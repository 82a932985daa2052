//! How far a crawl has come: what is still to be asked, what was asked, which accounts failed. A checkpoint is
//! this value as JSON.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use truecount_billing::{AccountId, FetchFailure};

use crate::request::{ListKey, Request};

/// How far a crawl has come. `CrawlState::default()` begins one; a saved one goes on without asking for any page
/// again that was packed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawlState {
    /// Whether the first requests were put in line.
    pub(crate) begun: bool,
    /// Asked, not yet answered: first in line when a crawl goes on.
    pub(crate) flying: VecDeque<Request>,
    /// Still to be asked, the next one first.
    pub(crate) frontier: VecDeque<Request>,
    seen: Seen,
    /// Answers so far, failed accounts not counted.
    pub pages: u64,
    /// Bytes of their bodies as they are kept.
    pub bytes: u64,
    /// HTTP requests so far, tokens and repeats counted.
    pub requests: u64,
    /// Accounts that could not be read, with the reason.
    pub failed: Vec<(AccountId, FetchFailure)>,
    /// Account failures in a row that are no fault of the account's own.
    pub(crate) failures_in_row: u32,
    /// Lists that are read again, each with how often.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    read_again: Vec<(ListKey, u8)>,
    /// Streams that the vendor refuses to this credential and the source does without.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) without: BTreeSet<String>,
}

impl CrawlState {
    /// Requests that are known and not yet answered.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.frontier.len() + self.flying.len()
    }

    /// Whether everything was asked.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.begun && self.waiting() == 0
    }

    /// Puts lists in line that are to be read again, as [`crate::Reading::Moved`] names them.
    pub fn read_again(&mut self, requests: Vec<Request>) {
        let mut rounds: BTreeMap<ListKey, u8> = self.rounds().collect();
        for request in requests {
            rounds.insert(request.list(), request.round);
            if self.first_time(&request) {
                self.frontier.push_back(request);
            }
        }
        self.read_again = rounds.into_iter().collect();
    }

    /// The lists that were read more than once, each with the number of its last reading.
    pub(crate) fn rounds(&self) -> impl Iterator<Item = (ListKey, u8)> {
        self.read_again.iter().cloned()
    }

    /// Marks a request as made; false if it was before.
    pub(crate) fn first_time(&mut self, ask: &Request) -> bool {
        self.seen.0.insert(question_hash(ask))
    }

    /// Whether a request was made before.
    pub(crate) fn is_known(&self, ask: &Request) -> bool {
        self.seen.0.contains(&question_hash(ask))
    }

    /// Puts what was in flight back in line, in order.
    pub(crate) fn settle(&mut self) {
        while let Some(ask) = self.flying.pop_back() {
            self.frontier.push_front(ask);
        }
    }
}

/// Short hashes of all requests: 64 bits are enough to tell some 100,000 apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen(HashSet<u64>);

fn question_hash(ask: &Request) -> u64 {
    let (scope, search) = (ask.scope.as_deref().unwrap_or_default(), ask.search.as_deref().unwrap_or_default());
    short_hash(&[scope, "\0", &ask.target, "\0", search, "\0", &ask.round.to_string()])
}

/// The first 64 bits of a SHA-256: the same in every build.
pub(crate) fn short_hash(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().iter().take(8).fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte))
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all: Vec<u64> = self.0.iter().copied().collect();
        all.sort_unstable();
        let bytes: Vec<u8> = all.iter().flat_map(|one| one.to_be_bytes()).collect();
        serializer.serialize_str(&STANDARD_NO_PAD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD_NO_PAD.decode(text).map_err(serde::de::Error::custom)?;
        let (hashes, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(serde::de::Error::custom("the list of requests is cut short"));
        }
        Ok(Self(hashes.iter().map(|one| u64::from_be_bytes(*one)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_what_it_was() {
        let mut state = CrawlState { begun: true, pages: 7, ..CrawlState::default() };
        let ask = Request { scope: Some("tenant".into()), ..Request::new("devices", "/v2/devices?after=1") };
        assert!(state.first_time(&ask));
        assert!(state.first_time(&Request::new("devices", "/v2/devices?after=1")), "another token, another question");
        state.flying.push_back(ask.clone());
        state.frontier.push_back(Request { page: 1, target: "/v2/devices?after=2".into(), ..ask.clone() });
        let mut again: CrawlState = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
        assert_eq!(again, state);
        assert!(!again.first_time(&ask), "still known after a checkpoint");
        let round = Request { round: 1, ..ask.clone() };
        again.read_again(vec![round.clone()]);
        assert_eq!(again.rounds().collect::<Vec<_>>(), [(ask.list(), 1)]);
        again.frontier.pop_back();
        again.settle();
        assert_eq!(again.frontier.iter().map(|a| a.page).collect::<Vec<_>>(), [0, 1]);
    }
}
