//! `config/settings.toml` and `config/rules.toml`: read, and checked. A file with problems is refused with all of them,
//! each with its line.

mod for_failure;
mod mail;
mod report;
mod scope;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{Side, SourceId};
use truecount_connectors::{SourceKind, source_kind};
use truecount_platform::Archive;
use truecount_reconciliation::{ReportWeights, Scope};
use truecount_reports::{Oversight, SheetPrices};
use truecount_rules::{Rules, SourceVocabulary};
use truecount_store::{FrozenRun, InputFile, RULES_FILE, SETTINGS_FILE};

pub use self::mail::{MailGroup, MailSettings, SmtpEncryption, SmtpSettings, mail_address};
use self::report::{ReportSettings, day, read_report};
use self::scope::read_scope;
use crate::schedule::Calendar;
use crate::toml_sections::{Located, Problem, Problems, Section};
use crate::vocabulary::vocabulary_of;
use crate::{AppError, Environment};

/// The name under which the mail server's password is stored, beside the secrets of the sources.
const SMTP: &str = "smtp";

/// Until when the key of a source works.
const SECRET_EXPIRES: &str = "secret_expires";

/// What an MSP sets.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[mail]`.
    pub mail: MailSettings,
    /// `[closing]`: when a month is closed.
    pub closing: Calendar,
    /// `[mapping]`.
    pub mapping: MappingSettings,
    /// `[retention]`: how long what the vendors answered is kept.
    pub retention: RetentionSettings,
    /// `[report]` and `[rates]`: below which amount rows are told together, and how amounts of several currencies are
    /// put in one order.
    pub weights: ReportWeights,
    /// `[report]`: whether a run has a sheet for each client, and with prices; `None`: it has none.
    pub client_sheets: Option<SheetPrices>,
    /// `[account_managers]` and `[report]`: who looks after which clients, and which changes need approval.
    pub oversight: Oversight,
    /// `[scope]`: what an MSP begins with; `None`: everything.
    pub scope: Option<Scope>,
    /// `[[sources]]`: the PSA and the usage sources.
    pub sources: Vec<SourceSettings>,
}

/// Which mappings count without a person's decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MappingSettings {
    /// Names that are equal after light normalising, and unique on both sides.
    pub confirm_equal_names: bool,
    /// The PSA's client whose identifier the vendor holds for the account.
    pub confirm_vendor_identifiers: bool,
}

impl Default for MappingSettings {
    fn default() -> Self {
        Self { confirm_equal_names: true, confirm_vendor_identifiers: true }
    }
}

/// How long what identifies devices and persons is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Days after which a snapshot expires, and on one machine the pages that it was read from. In a bucket those are
    /// under a lifecycle rule.
    pub days: u32,
}

impl RetentionSettings {
    /// The fewest days: a drop is held against the sync before it, also when a month of syncs has failed.
    const DAYS_MIN: u32 = 35;
    /// The most days: ten years.
    const DAYS_MAX: u32 = 3_650;

    fn read<'i>(mut section: Section<'i>, problems: &mut Problems<'_>) -> Self {
        let days: Option<Located<u32>> = section.required("days", problems);
        section.finish(problems);
        let Some(days) = days else { return Self::default() };
        if !(Self::DAYS_MIN..=Self::DAYS_MAX).contains(&days.value) {
            let (min, max) = (Self::DAYS_MIN, Self::DAYS_MAX);
            problems.add(days.at, format!("`days` is {}; write a number from {min} to {max}", days.value));
        }
        Self { days: days.value }
    }
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self { days: 400 }
    }
}

/// One of the `[[sources]]`.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Its name, and that of its secret, its folder and its column.
    pub id: SourceId,
    /// Which kind of source it is.
    pub connector: String,
    /// `false`: it is not read, and its settings are kept.
    pub enabled: bool,
    /// The last day on which its key works, as far as somebody has written it down.
    pub secret_expires: Option<Date>,
    /// Every further key. The source kind refuses those that it does not know.
    pub options: toml::Table,
}

impl SourceSettings {
    /// What is known about its kind; `None`: there is no such kind.
    #[must_use]
    pub fn kind(&self) -> Option<&'static SourceKind> {
        source_kind(&self.connector)
    }

    /// The side it is compared on: that of its kind, whether or not its other options are right. A kind that does not
    /// exist is on the used side, where it is reported as not read.
    #[must_use]
    pub fn side(&self) -> Side {
        self.kind().map_or(Side::Used, |kind| kind.side(&self.options))
    }

    /// What the columns of its files mean, in TOML; `None`: it is an API.
    #[must_use]
    pub fn file_profile(&self) -> Option<String> {
        self.kind().filter(|kind| kind.is_open()).map(|_| self.options.to_string())
    }

    /// For how many days a sync of it is used.
    #[must_use]
    pub fn fresh_days(&self) -> u32 {
        self.kind().map_or(0, SourceKind::fresh_days)
    }
}

/// The settings on which a run's result depends; addresses and endpoints are none of them.
#[derive(Serialize, Deserialize)]
struct ResultSettings {
    mapping: MappingSettings,
    #[serde(default)]
    weights: ReportWeights,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_sheets: Option<SheetPrices>,
    #[serde(default, skip_serializing_if = "Oversight::is_default")]
    oversight: Oversight,
    /// What rules can ask of each source of usage.
    counted: BTreeMap<SourceId, CountedSource>,
}

impl ResultSettings {
    /// Those that a run was frozen with.
    async fn frozen(run: &FrozenRun) -> Result<Self, AppError> {
        Self::from_bytes(&run.read(InputFile::Settings).await?.unwrap_or_default())
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, AppError> {
        serde_json::from_slice(bytes).map_err(|e| AppError::damaged("the frozen settings", e))
    }
}

/// What decides what rules can ask of a source.
#[derive(Serialize, Deserialize)]
struct CountedSource {
    connector: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_profile: Option<String>,
}

impl CountedSource {
    fn of(source: &SourceSettings) -> Self {
        Self { connector: source.connector.clone(), file_profile: source.file_profile() }
    }

    fn vocabulary(&self, id: &SourceId) -> Option<SourceVocabulary> {
        let profile = frozen_profile(self.file_profile.as_deref());
        Some(vocabulary_of(id, source_kind(&self.connector)?, &profile))
    }
}

/// What [`SourceSettings::file_profile`] was.
pub(crate) fn frozen_profile(text: Option<&str>) -> toml::Table {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Settings, and rules with the bytes they were read from.
#[derive(Debug, Clone)]
pub struct Config {
    /// The settings.
    pub settings: Settings,
    /// The rules.
    pub rules: Rules,
    /// The rules as their file has them.
    pub rules_bytes: Vec<u8>,
}

impl Config {
    /// Reads both files.
    ///
    /// # Errors
    /// [`AppError::Settings`] and [`AppError::Rules`] name file, line and key.
    pub async fn load(env: &Environment) -> Result<Self, AppError> {
        let config = &*env.config;
        Self::for_environment(env, &file(config, SETTINGS_FILE).await?, file(config, RULES_FILE).await?)
    }

    /// Reads the two files' bytes as this environment would load them.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn for_environment(env: &Environment, settings: &[u8], rules: Vec<u8>) -> Result<Self, AppError> {
        Self::read(settings, rules, env.sender.as_deref())
    }

    /// Reads the two files' bytes as one machine would load them.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_bytes(settings: &[u8], rules: Vec<u8>) -> Result<Self, AppError> {
        Self::read(settings, rules, None)
    }

    fn read(settings: &[u8], rules_bytes: Vec<u8>, stack_sender: Option<&str>) -> Result<Self, AppError> {
        let settings = Settings::read(&text(SETTINGS_FILE, settings)?, stack_sender)?;
        let rules = rules(&rules_bytes, &settings.vocabulary())?;
        Ok(Self { settings, rules, rules_bytes })
    }

    /// The settings on which the result depends, as bytes that a run freezes.
    ///
    /// # Errors
    /// [`AppError::Damaged`] if they cannot be written.
    pub fn result_settings(&self) -> Result<Vec<u8>, AppError> {
        let counted = self.settings.sources.iter().filter(|source| !source.side().is_billed());
        let counted = counted.map(|source| (source.id.clone(), CountedSource::of(source))).collect();
        let Settings { mapping, weights, scope, client_sheets, oversight, .. } = self.settings.clone();
        let settings = ResultSettings { mapping, weights, scope, client_sheets, oversight, counted };
        serde_json::to_vec(&settings).map_err(|e| AppError::damaged("the settings", e))
    }
}

/// Rules and settings as a run has frozen them: all of the configuration on which its result depends.
#[derive(Debug)]
pub(crate) struct FrozenConfig {
    pub(crate) rules: Rules,
    pub(crate) mapping: MappingSettings,
    pub(crate) weights: ReportWeights,
    pub(crate) scope: Option<Scope>,
}

impl FrozenConfig {
    /// Reads what [`Config::rules_bytes`] and [`Config::result_settings`] were.
    pub(crate) fn from_bytes(rules_bytes: &[u8], result_settings: &[u8]) -> Result<Self, AppError> {
        let settings = ResultSettings::from_bytes(result_settings)?;
        let counted = settings.counted.iter().filter_map(|(id, source)| source.vocabulary(id));
        let rules = rules(rules_bytes, &counted.collect::<Vec<_>>())?;
        Ok(Self { rules, mapping: settings.mapping, weights: settings.weights, scope: settings.scope })
    }
}

/// Whether a run has a sheet for each client, by the settings that it was frozen with.
pub(crate) async fn frozen_client_sheets(run: &FrozenRun) -> Result<Option<SheetPrices>, AppError> {
    Ok(ResultSettings::frozen(run).await?.client_sheets)
}

/// Who looks after which clients, and what needs approval, by the settings that a run was frozen with.
pub(crate) async fn frozen_oversight(run: &FrozenRun) -> Result<Oversight, AppError> {
    Ok(ResultSettings::frozen(run).await?.oversight)
}

impl Settings {
    /// Reads and checks what is set for one machine.
    ///
    /// # Errors
    /// [`AppError::Settings`] lists every problem with its line.
    pub fn parse(text: &str) -> Result<Self, AppError> {
        Self::read(text, None)
    }

    /// `stack_sender`: these are a deployed stack's, which sends as this address.
    fn read(text: &str, stack_sender: Option<&str>) -> Result<Self, AppError> {
        let mut problems = Problems::of(text);
        let mut file = Section::of_file(text, &mut problems);
        let mail = file.section("mail", &mut problems);
        let ReportSettings { weights, client_sheets, oversight } = read_report(&mut file, &mut problems);
        let managers = &oversight.account_managers;
        let mail = mail.map(|section| MailSettings::read(section, (stack_sender, managers), &mut problems));
        let mail = mail.unwrap_or_default();
        let mail = mail.sent_from(stack_sender);
        let closing = file.section("closing", &mut problems).map(|section| Calendar::read(section, &mut problems));
        let mapping =
            file.section("mapping", &mut problems).map(|section| MappingSettings::read(section, &mut problems));
        let retention = file.section("retention", &mut problems);
        let retention = retention.map(|section| RetentionSettings::read(section, &mut problems)).unwrap_or_default();
        let scope = file.section("scope", &mut problems);
        let sources = sources(file.sections("sources", &mut problems), mail.smtp.is_some(), &mut problems);
        let scope = scope.and_then(|section| read_scope(section, &sources, &mut problems));
        file.finish(&mut problems);
        let (closing, mapping) = (closing.unwrap_or_default(), mapping.unwrap_or_default());
        let settings = Self { mail, closing, mapping, retention, weights, client_sheets, oversight, scope, sources };
        problems.result(settings).map_err(|problems| refused(&problems))
    }

    /// Today, in the MSP's time zone: the day of snapshots, counts and closings.
    #[must_use]
    pub fn today(&self, env: &Environment) -> Date {
        self.closing.day_at(env.clock.now())
    }

    /// The sender of the mails.
    ///
    /// # Errors
    /// [`AppError::Settings`] if none is set.
    pub fn sender(&self) -> Result<&str, AppError> {
        self.mail.from.as_deref().ok_or_else(|| AppError::Settings {
            file: SETTINGS_FILE.to_owned(),
            why: "[mail] has no `from`; write the sender there".to_owned(),
        })
    }

    /// The sources that are enabled, and in the scope: what is billed always is.
    pub fn enabled(&self) -> impl Iterator<Item = &SourceSettings> {
        let is_in_scope = |source: &SourceSettings| {
            source.side().is_billed() || self.scope.as_ref().is_none_or(|scope| scope.has_source(&source.id))
        };
        self.sources.iter().filter(move |source| source.enabled && is_in_scope(source))
    }

    /// The source of this id.
    ///
    /// # Errors
    /// [`AppError::Refused`] with the ids that exist.
    pub fn source(&self, id: &str) -> Result<&SourceSettings, AppError> {
        self.sources.iter().find(|source| source.id.as_str() == id).ok_or_else(|| {
            let ids: Vec<_> = self.sources.iter().map(|source| source.id.as_str()).collect();
            AppError::Refused(format!("there is no source `{id}`; the settings have {}", ids.join(", ")))
        })
    }
}

impl Settings {
    /// What rules can ask of the sources of usage. A source that is switched off is among them: that makes no rule wrong.
    #[must_use]
    pub fn vocabulary(&self) -> Vec<SourceVocabulary> {
        let usage = self.sources.iter().filter(|source| !source.side().is_billed());
        usage.filter_map(|source| Some(vocabulary_of(&source.id, source.kind()?, &source.options))).collect()
    }
}

impl MappingSettings {
    fn read<'i>(mut section: Section<'i>, problems: &mut Problems<'_>) -> Self {
        let confirm_equal_names = section.value("confirm_equal_names", problems).unwrap_or(true);
        let confirm_vendor_identifiers = section.value("confirm_vendor_identifiers", problems).unwrap_or(true);
        section.finish(problems);
        Self { confirm_equal_names, confirm_vendor_identifiers }
    }
}

fn sources<'i>(sections: Vec<Section<'i>>, has_smtp: bool, problems: &mut Problems<'_>) -> Vec<SourceSettings> {
    let mut ids = BTreeSet::new();
    let mut sources = Vec::new();
    for mut section in sections {
        let id: Option<Located<SourceId>> = section.required("id", problems);
        let connector = section.required::<String>("connector", problems);
        let enabled = section.value("enabled", problems).unwrap_or(true);
        let expires: Option<Located<toml::value::Datetime>> = section.optional(SECRET_EXPIRES, problems);
        let options = section.rest(problems);
        if let Some(id) = &id {
            if !ids.insert(id.value.clone()) {
                problems.add(id.at, format!("two [[sources]] have the id `{}`; give each its own", id.value));
            }
            if has_smtp && id.value.as_str() == SMTP {
                // Their secrets have the same name: each would get the other's.
                problems.add(id.at, format!("the id `{SMTP}` is that of [mail.smtp]; give this source another"));
            }
        }
        if let (Some(id), Some(connector)) = (id, connector) {
            let secret_expires = expires.and_then(|written| expiry(&connector.value, &written, problems));
            let (id, connector) = (id.value, connector.value);
            sources.push(SourceSettings { id, connector, enabled, secret_expires, options });
        }
    }
    sources
}

/// Of a source without a key there is nothing that expires.
fn expiry(connector: &str, written: &Located<toml::value::Datetime>, problems: &mut Problems<'_>) -> Option<Date> {
    if source_kind(connector).is_some_and(|kind| kind.secret.is_empty()) {
        problems.add(written.at, format!("connector `{connector}` has no key: take `{SECRET_EXPIRES}` out"));
    }
    day(SECRET_EXPIRES, written.at, &written.value, problems)
}

fn refused(problems: &[Problem]) -> AppError {
    let lines: Vec<_> = problems.iter().map(Problem::to_string).collect();
    let why = match lines.as_slice() {
        [one] => one.clone(),
        all => format!("{} problems\n{}", all.len(), all.join("\n")),
    };
    AppError::Settings { file: SETTINGS_FILE.to_owned(), why }
}

fn rules(bytes: &[u8], vocabulary: &[SourceVocabulary]) -> Result<Rules, AppError> {
    Ok(Rules::parse(RULES_FILE, &text(RULES_FILE, bytes)?, vocabulary)?)
}

async fn file(config: &dyn Archive, key: &str) -> Result<Vec<u8>, AppError> {
    config.get(key).await?.ok_or_else(|| AppError::Settings {
        file: config.place(key),
        why: "this file does not exist; `truecount init` writes one to start with".to_owned(),
    })
}

fn text(file: &str, bytes: &[u8]) -> Result<String, AppError> {
    String::from_utf8(bytes.to_vec()).map_err(|e| AppError::Settings {
        file: file.to_owned(),
        why: format!("it is not UTF-8 from byte {}; save it as UTF-8", e.utf8_error().valid_up_to()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[mail]\nfrom = \"a@msp.example\"\n[[mail.groups]]\nid = \"billing\"\nto = [\"b@msp.example\"]\n[[sources]]\nid = \"rmm\"\nconnector = \"file\"\n";

    #[test]
    fn a_misspelt_key_is_named_with_its_line() {
        assert_eq!(Settings::parse(GOOD).unwrap().sources[0].id.as_str(), "rmm");
        let error = Settings::parse(&GOOD.replace("from", "form")).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("unknown key `form`; did you mean `from`?"), "{error}");
    }

    #[test]
    fn data_is_kept_for_400_days_unless_the_settings_say_otherwise() {
        let days = |lines: &str| Settings::parse(&format!("{lines}{GOOD}")).map(|settings| settings.retention.days);
        assert_eq!(days("").unwrap(), 400);
        assert_eq!(days("[retention]\ndays = 90\n").unwrap(), 90);
        for wrong in ["34", "3651", "-1", "\"90\""] {
            let error = days(&format!("[retention]\ndays = {wrong}\n")).unwrap_err().to_string();
            assert!(error.contains("line 2") && error.contains("days"), "{error}");
        }
    }

    #[test]
    fn two_sources_of_one_name_are_refused() {
        let twice = format!("{GOOD}[[sources]]\nid = \"rmm\"\nconnector = \"file\"\n");
        let error = Settings::parse(&twice).unwrap_err().to_string();
        assert!(error.contains("line 10: two [[sources]] have the id `rmm`"), "{error}");
    }

    #[test]
    fn a_key_can_have_a_last_day() {
        let with = |connector: &str, day: &str| {
            let source = format!("[[sources]]\nid = \"x\"\nconnector = \"{connector}\"\nsecret_expires = {day}\n");
            Settings::parse(&source).map(|settings| settings.sources[0].secret_expires)
        };
        let vendor = truecount_connectors::SOURCE_KINDS.iter().find(|kind| !kind.secret.is_empty()).unwrap().name;
        assert_eq!(with(vendor, "2027-03-01").unwrap(), Some(jiff::civil::date(2027, 3, 1)));
        for (connector, day, what) in [
            (vendor, "2027-03-01T10:00:00Z", "line 4: `secret_expires` is no day; write one such as 2026-11-01"),
            (vendor, "\"soon\"", "line 4: `secret_expires`"),
            ("file", "2027-03-01", "line 4: connector `file` has no key: take `secret_expires` out"),
        ] {
            let error = with(connector, day).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn every_problem_is_listed_with_its_line() {
        let text = "[mail]\nfrom = 1\n[[mail.groups]]\nid = \"a b\"\nto = []\n[closing]\nday = 40\n[mapping]\nconfirm = true\n[[sources]]\nid = \"rmm\"\n[sorces]\n";
        let error = Settings::parse(text).unwrap_err().to_string();
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(
            lines,
            [
                "config/settings.toml: 7 problems",
                "line 2: `from`: write text in quotation marks instead of 1",
                "line 4: the mail group id `a b` may only have letters, digits and hyphens",
                "line 5: the mail group `a b` has no address in `to`",
                "line 7: `day`: 40 is not a day: write one from 1 to 31, or \"last\"",
                "line 9: unknown key `confirm` (the keys here are confirm_equal_names, confirm_vendor_identifiers)",
                "line 10: the key `connector` is missing",
                "line 12: unknown key `sorces`; did you mean `sources`? (the keys here are mail, account_managers, report, rates, closing, mapping, retention, scope, sources)",
            ]
        );
    }
}
