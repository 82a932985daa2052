//! Small worlds with what is right in each: what a PSA bills, what the sources count, what was decided, and on which day.
//!
//! `tests/fixtures/cases/README.md` describes the format. A world is read from a folder (TOML) or from one line of JSON,
//! with the same keys; whatever is wrong with it is told at once, each fault with its file and field. Deliberately
//! absent: any arithmetic. What should be billed is the reconciliation's to say.

mod accounts;
mod clients;
mod entries;
mod expect;
mod fields;
mod findings;
#[cfg(test)]
mod foretold_tests;
mod inputs;
mod observed;
mod proposals;
#[cfg(test)]
mod record_tests;
mod run;
mod sources;
mod suggestions;
mod value;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::ReportWeights;

pub use accounts::{WorldAccount, WorldAccountRead, WorldBelonging, WorldDays, WorldItem};
pub use clients::{WorldAgreement, WorldClient, WorldClientRead, WorldLine};
pub use entries::{ExpectedEntry, ObservedEntry};
pub use expect::{ExpectedRow, ExpectedWhen, WorldRowKind, WorldUpperEnd};
use fields::{Fields, Reader};
pub use fields::{WorldFault, WorldFaults};
pub use findings::{ExpectedFinding, ObservedFinding};
pub use inputs::WorldRunError;
pub use observed::{ObservedRow, ObservedWorld, WorldAmounts};
pub use run::{WorldStreamError, compare_worlds};
pub use sources::{WorldIdentity, WorldItemKind, WorldList, WorldSource};
pub use suggestions::suggest_for_worlds;
use value::Value;

/// Names of the totals that a world can expect.
const TOTALS: [&str; 11] = [
    "add",
    "reduce",
    "clean_up",
    "not_reconciled_up",
    "not_reconciled_down",
    "later_add",
    "later_reduce",
    "add_estimated",
    "reduce_estimated",
    "later_add_estimated",
    "later_reduce_estimated",
];
/// Names of the parts of the coverage that a world can expect.
const COVERAGE: [&str; 5] = ["compared", "not_reconciled", "flat", "uncounted", "ignored"];

/// One small world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The folder's name, or the `name` of a JSON line.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// The causes of false gaps, months and inputs that it is made from.
    pub about: Vec<String>,
    /// What is right, and why.
    pub why: String,
    /// What the product cannot do yet; such a world may come out wrong.
    pub waits_for: Option<String>,
    /// The day on which usage is counted.
    pub count_day: Date,
    /// The count day of the next closing.
    pub next_closing: Date,
    /// What a plain comparison says.
    pub naive: Vec<NaiveDifference>,
    /// Whether the PSA was read.
    pub psa_was_read: bool,
    /// The sources of usage.
    pub sources: Vec<WorldSource>,
    /// Their accounts.
    pub accounts: Vec<WorldAccount>,
    /// The clients of the PSA, with what is billed.
    pub clients: Vec<WorldClient>,
    /// What the settings say of how much weighs how much.
    pub weights: ReportWeights,
    /// The text of the rules file.
    pub rules: String,
    /// The rows that are right.
    pub expect: Vec<ExpectedRow>,
    /// What is right to say of the agreements by themselves; `None`: nobody asks.
    pub findings: Option<Vec<ExpectedFinding>>,
    /// What the list of exceptions says, in its order; `None`: nobody asks.
    pub entries: Option<Vec<ExpectedEntry>>,
    /// Totals by currency and name.
    pub expect_totals: WorldAmounts,
    /// Recurring revenue by currency and part.
    pub expect_coverage: WorldAmounts,
}

/// What a plain comparison of two numbers says of one service at one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NaiveDifference {
    /// The client's id.
    pub client: String,
    /// The service's code.
    pub service: String,
    /// The quantities of all items of the kinds that the service counts, added.
    pub counted: Decimal,
    /// The quantities of all lines of the service's products, added.
    pub billed: Decimal,
}

/// Why a world cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A file cannot be read.
    #[error("cannot read {}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// A file is no TOML.
    #[error("{file} is not TOML")]
    Toml {
        /// The file.
        file: String,
        /// Where, and why.
        #[source]
        source: toml::de::Error,
    },
    /// A line is no JSON.
    #[error("{place} is not JSON")]
    Json {
        /// The file and line.
        place: String,
        /// Where, and why.
        #[source]
        source: serde_json::Error,
    },
    /// Fields that are wrong: all of them.
    #[error(transparent)]
    Faults(#[from] WorldFaults),
}

impl World {
    /// Reads `case.toml` and `rules.toml` of a folder.
    ///
    /// # Errors
    /// [`WorldError`].
    pub fn read_folder(folder: &Path) -> Result<Self, WorldError> {
        let read = |name: &str| {
            let file = folder.join(name);
            fs::read_to_string(&file).map_err(|source| WorldError::File { file, source })
        };
        let case = read("case.toml")?;
        let rules = read("rules.toml")?;
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self::from_toml(&name, &case, rules)
    }

    /// Reads the text of a `case.toml`, beside the text of its rules.
    ///
    /// # Errors
    /// [`WorldError`].
    pub fn from_toml(name: &str, case: &str, rules: String) -> Result<Self, WorldError> {
        let file = format!("{name}/case.toml");
        let value = Value::from_toml(case).map_err(|source| WorldError::Toml { file: file.clone(), source })?;
        let reader = Reader::new(&file);
        let mut world = reader.top(&value, |fields| world(fields, name))?;
        world.rules = rules;
        Ok(world)
    }

    /// Reads one line of JSON; `place` names it in errors.
    ///
    /// # Errors
    /// [`WorldError`].
    pub fn from_json(place: &str, line: &str) -> Result<Self, WorldError> {
        let value =
            serde_json::from_str(line).map_err(|source| WorldError::Json { place: place.to_owned(), source })?;
        let reader = Reader::new(place);
        Ok(reader.top(&value, |fields| {
            let rules = fields.need_text("rules");
            let name = fields.text("name").unwrap_or_else(|| place.to_owned());
            World { rules, ..world(fields, &name) }
        })?)
    }
}

fn world(fields: &Fields<'_>, name: &str) -> World {
    let count_day = fields.need_day("count_day");
    let accounts = fields.tables("accounts", accounts::account);
    let clients = fields.tables("clients", clients::client);
    let sources = fields.tables("sources", sources::source);
    sources::check_references(fields, &sources, &accounts);
    clients::check_ids(fields, &clients);
    let psa_was_read =
        fields.table("psa", |psa| psa.choice("read", &[("complete", true), ("failed", false)]).unwrap_or(true));
    World {
        name: name.to_owned(),
        title: fields.text("title").unwrap_or_default(),
        about: fields.texts("about"),
        why: fields.text("why").unwrap_or_default(),
        waits_for: fields.text("waits_for"),
        count_day,
        next_closing: fields.day("next_closing").unwrap_or_else(|| count_day.saturating_add(1.month())),
        naive: fields.tables("naive", |naive| NaiveDifference {
            client: naive.need_text("client"),
            service: naive.need_text("service"),
            counted: naive.need_number("counted"),
            billed: naive.need_number("billed"),
        }),
        psa_was_read: psa_was_read.unwrap_or(true),
        sources,
        accounts,
        clients,
        weights: fields.table("settings", entries::settings).unwrap_or_default(),
        rules: String::new(),
        expect: fields.tables("expect", expect::row),
        findings: fields.has("findings").then(|| fields.tables("findings", findings::finding)),
        entries: fields.has("entries").then(|| fields.tables("entries", entries::entry)),
        expect_totals: fields.table("expect_totals", |totals| amounts(totals, &TOTALS)).unwrap_or_default(),
        expect_coverage: fields.table("expect_coverage", |parts| amounts(parts, &COVERAGE)).unwrap_or_default(),
    }
}

/// Tables by currency, each of amounts by name.
fn amounts(fields: &Fields<'_>, names: &[&str]) -> WorldAmounts {
    let mut found = BTreeMap::new();
    for code in fields.keys() {
        let amounts = fields.table(&code, |one| {
            let named = names.iter().filter_map(|name| Some(((*name).to_owned(), one.number(name)?)));
            named.collect::<BTreeMap<_, _>>()
        });
        match Currency::new(&code) {
            Ok(currency) => {
                found.insert(currency, amounts.unwrap_or_default());
            }
            Err(error) => fields.fault(&code, error.to_string()),
        }
    }
    found
}
