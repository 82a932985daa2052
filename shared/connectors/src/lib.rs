//! What a vendor is asked and what its answers mean: one crawl engine, and one file per vendor.
//!
//! A [`Connector`] does no IO: it says what to ask ([`Connector::start`], [`Connector::follow`]) and what an
//! answer means ([`Connector::read`]). The engine ([`crawl`]) does everything else: credentials, pace, retries,
//! timeouts, caps, paging, fan-out to child accounts, checkpoints, and the cutting of fields that billing does
//! not need. Parsing archived pages ([`read_page`]) is a pure function of the pages.
//!
//! **Architecture invariants:** nothing here can write to a vendor (an [`Request`] has no method; the only requests
//! other than GET are those that obtain a token); a credential goes only to the scheme, host and port that the
//! settings name; no AWS, no table, no archive.
//!
//! ```text
//! start ─▶ Request ─▶ engine ─▶ Page ─▶ follow ─▶ more Requests
//!                            │
//!                            └─▶ PageSink (archive, checkpoint) ─▶ … later … ─▶ read_page ─▶ SnapshotBuilder ─▶ Snapshot
//! ```

mod auth;
mod body;
mod connector;
mod endpoint;
mod engine;
mod fault;
mod http;
mod pace;
mod paging;
mod probe;
mod reading;
mod renewal;
mod source_kind;
mod state;
mod store;
mod tokens;
mod values;
mod vendors;

pub use auth::{Auth, Basic, SecretHeader, TokenAuth, TokenStyle};
pub use connector::{Connector, Endpoint, Page, PageError, Refusal, Request, SettingsError, read_page};
pub use endpoint::checked_url;
pub use engine::{CrawlError, CrawlProgress, PageSink, SinkError, crawl};
pub use fault::{ErrorKind, SourceError};
pub use http::{Http, HttpSetup, Limits};
pub use pace::{PaperTime, RateLimit, RealTime, Time};
pub use probe::probe;
pub use reading::{AccountReading, Note, Snapshot, SnapshotBuilder};
pub use renewal::CredentialProvider;
pub use source_kind::{Cardinality, Category, Proof, SOURCE_KINDS, SourceKind, connect, source_kind};
pub use state::CrawlState;
pub use vendors::csv::{CsvFile, CsvSplitter};
