//! Typed records over the table and the archive: snapshots, runs, mappings, leases, checkpoints, sent mail.
//!
//! **Architecture invariant:** only this crate spells the keys of rows and objects, builds rows, compresses and
//! hashes. It decides nothing about billing: what a record means is the caller's business.
//!
//! ```text
//! table     SOURCE#<source>     SNAPSHOT#<day>#<lease>   one snapshot's manifest: from then on it can be used
//!                               CHECKPOINT, STATUS       the sync that is under way; how the last one ended
//!                               ACCEPTED#<snapshot>#…    a fall that a person accepted
//!                               WORDS#<kind>#<attribute>  the words that the source has said
//!           SNAP#<source>#…     INDEX#…, ACC#…           a snapshot's accounts, and their items in chunks
//!           MONTH#<month>       RUN#…, CLOSING#…, MAIL#… runs, the claims of closings, what was mailed
//!           MAPPINGS#<source>   <account>#<number>       what people decided about an account, in order
//!           NONES#<source>      CLIENT#…, REST#…         who was decided to have nothing in the source, in order
//!           ACTIONS#<shard>     <client>#<exception>#<number>  what people decided about an exception, in order
//!           LEASE#<name>        LEASE                    who works on something now
//!           MONTHS, SCHEDULE, INBOX#mappings             months with runs; first schedule check, closings begun;
//!                                                    imported files
//! archive   raw/ (page batches)  reports/ (inputs, outcome and files of a run)  inbox/  config/
//! ```

mod action;
mod baseline;
mod begun;
mod checkpoint;
mod closing;
mod delivery;
mod error;
mod gzip;
mod hash;
mod history;
mod inbox;
mod input;
mod key;
mod lease;
mod mapping;
mod none;
mod object;
mod outcome;
mod page_batch;
mod record;
mod retention;
mod run;
mod run_folder;
mod schedule;
mod snapshot;
mod store;
mod sync_status;
mod temporary_file;
#[cfg(test)]
mod test_store;

pub use action::{AppendedAction, RepeatOf, action_lines};
pub use baseline::BaselineRecord;
pub use begun::BegunClosing;
pub use checkpoint::Checkpoint;
pub use closing::Closing;
pub use delivery::{Delivery, DeliveryState};
pub use error::{Corruption, StoreError};
pub use hash::sha256_hex;
pub use history::{FrozenHistory, HISTORY_FILE, HistoryLines, HistoryWriter, LeftHistory};
pub use inbox::{FilledFile, FilledFileNote, InboxEntry, InboxFolder};
pub use input::{
    EarlierReading, FrozenAccounts, FrozenRun, InputAccount, InputFile, InputsWriter, ListedAccount, ListedBase,
    SnapshotReader, SourceOnDay,
};
pub use key::{Key, SnapshotId, SnapshotIdError};
pub use lease::{Fence, Lease, LeaseMode, LeaseOutcome};
pub use mapping::{IgnoreReason, MappingDecision, MappingHistory, MappingRecord, in_force};
pub use none::{NoneDecision, NoneHistory, NoneRecord, NoneScope, nones_in_force};
pub use object::{RULES_FILE, SETTINGS_FILE};
pub use outcome::{OUTCOMES_FILE, OutcomeWriter, StoredOutcome};
pub use page_batch::PageBatch;
pub use record::Record;
pub use retention::Retention;
pub use run::{FrozenDay, FrozenSource, Run, RunManifest, RunState, RunSummary};
pub use run_folder::{RunFile, RunFolder};
pub use schedule::ScheduleStart;
pub use snapshot::{
    AcceptedFall, AcceptedKind, AccountContent, AccountHistory, Base, Count, KnownWords, Predecessor, Renamed,
    SeenFall, SeenWord, SnapshotAccount, SnapshotEntry, SnapshotManifest, SnapshotWords, SnapshotWriter, WholeReading,
    Witness, WordsSeen, groups,
};
pub use store::{AccessCheck, Store};
pub use sync_status::SyncStatus;
pub use temporary_file::{TemporaryFile, TemporaryFileWriter};
pub use truecount_platform::CreateOutcome;
