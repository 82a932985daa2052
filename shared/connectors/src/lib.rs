//! What a vendor is asked and what its answers mean: one crawl engine, and one file per source.
//!
//! A [`Source`] is data: where it is reached, and streams that name request, paging, what they hang on, where their rows
//! lie, and the functions that say what a row means. The engine ([`crawl`]) does everything else: credentials, pace,
//! retries, timeouts, caps, paging, fan-out, checkpoints, and the redaction of fields that billing does not need. Reading
//! archived pages ([`Reader`]) is a pure function of the pages, whatever their order.
//!
//! **Architecture invariants:** nothing here can write to a vendor (requests are GET, or POST to a search path that a
//! stream declares; besides only those that obtain a token or a session); a credential goes only to the scheme, host and
//! port that the settings name; no AWS, no table, no archive.
//!
//! ```text
//! streams ─▶ Request ─▶ engine ─▶ Page ─▶ next page, children ─▶ more Requests
//!                         │
//!                         └─▶ PageSink (archive, checkpoint) ─▶ … later … ─▶ Reader ─▶ Snapshot with its receipt
//!                                                                              └─▶ lists that moved: read again
//! ```

mod auth;
mod body;
mod endpoint;
mod engine;
mod envelope;
mod error;
mod fault;
mod http;
mod mask;
mod out;
mod pace;
mod packed;
mod paging;
mod probe;
mod reader;
mod renewal;
mod request;
mod rights;
mod snapshot;
mod source;
mod source_kind;
mod sources;
mod state;
mod stream;
mod tokens;
mod values;
mod vocabulary;

pub use auth::{Auth, Basic, Grant, SecretHeader, SecretParameter, SessionAuth, SessionPlace, TokenAuth, TokenStyle};
pub use endpoint::{Endpoint, checked_url};
pub use engine::{CrawlError, CrawlProgress, PageSink, SinkError, crawl};
pub use error::{PageError, RowError, SettingsError};
pub use fault::{ErrorKind, SourceError};
pub use http::{Http, HttpSetup, Limits};
pub use out::{Context, Out};
pub use pace::{PaperTime, RateLimit, RealTime, Time};
pub use paging::{End, Paging};
pub use probe::probe;
pub use reader::{Reader, Reading};
pub use renewal::CredentialProvider;
pub use request::{FilePart, Missing, Page, PartForm, Refusal, Request};
pub use rights::{KeyRights, Right, Rights};
pub use snapshot::{AccountReading, Note, Snapshot, SnapshotBuilder};
pub use source::{Source, SourceBuilder};
pub use source_kind::{Cardinality, Category, Proof, SOURCE_KINDS, SourceKind, connect, source_kind};
pub use sources::file::{FileContents, FileDay, FileParts, FileSource, SpooledFile};
pub use state::CrawlState;
pub use stream::{Child, Refused, Stream};
pub use vocabulary::{
    Attribute, IdentityField, ItemKind, MISSING, Meaning, SkuLeftOut, SkuReason, Vocabulary, WordList,
};
