//! What the columns of an export mean: profiles of the settings, presets of the usual exports, and rows as billed lines
//! or usage items.
//!
//! Architecture invariant: nothing here opens a file, and no vendor's name stands in the code: what is known of a
//! vendor's export is a preset, a file of its own. What a file leaves open is asked, never guessed.

mod as_of;
mod billed;
mod entry;
mod example;
mod export;
mod fault;
mod field;
mod files;
mod fold;
mod gather;
mod guess;
mod kinds;
mod kinds_reader;
mod layout;
mod presets;
mod profile;
mod profile_option;
mod profile_reader;
mod recognise;
mod row;
mod usage;
mod values;
mod words;

pub use as_of::{AsOf, AsOfFault, NameFault, day_of_name};
pub use entry::{Entered, ExportAccount, ExportEntry, RowRead};
pub use example::PROFILE_EXAMPLE;
pub use export::{Export, ExportError, ExportRefusal};
pub use fault::{CellFault, CellFaultKind, CellFaults, HeadingFault, ProfileFault};
pub use field::{ATTRIBUTES, ExportField, FieldOf, Holds, WordKind};
pub use files::{FilesRefusal, NamedFile, read_files};
pub use gather::{ExportDoubt, ExportDoubtKind, ExportGatherer, Gathered, GatheredRow};
pub use layout::ExportLayout;
pub use presets::{PRESETS, Preset};
pub use profile::{AccountFrom, ExportProfile, FILE_SIDES, SameId};
pub use profile_option::set_profile_option;
pub use recognise::{ExportQuestion, QuestionAbout, Recognised, RecognisedColumn, TakenAs, recognise};
