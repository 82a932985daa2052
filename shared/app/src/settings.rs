//! `config/settings.toml` and `config/rules.toml`: read, checked, and pinned as the bytes they are.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{Side, SourceId};
use truecount_connectors::source_kind;
use truecount_platform::Archive;
use truecount_reconciliation::RuleSet;

use crate::schedule::Calendar;
use crate::{AppError, Environment, keys};

/// The name under which the mail server's password is kept, beside those of the sources.
const SMTP: &str = "smtp";

/// What a person sets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whose mail, to whom.
    #[serde(default)]
    pub mail: MailSettings,
    /// When a month is closed.
    #[serde(default)]
    pub closing: Calendar,
    /// How mappings confirm themselves.
    #[serde(default)]
    pub mapping: MappingSettings,
    /// The PSA and the usage sources.
    #[serde(default)]
    pub sources: Vec<SourceSettings>,
}

/// Whose mail, to whom.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// The sender; in SES a verified identity. `None`: the home's own, from `TRUECOUNT_SENDER`.
    #[serde(default)]
    pub from: Option<String>,
    /// Who gets a mail of their own for each closing run.
    #[serde(default)]
    pub groups: Vec<MailGroup>,
    /// The mail server that a home on one machine hands its mail to; `None`: it stays in the outbox. A deployed stack
    /// mails through SES, whatever stands here.
    #[serde(default)]
    pub smtp: Option<SmtpSettings>,
}

/// A mail server. Its password is a secret, and stands elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port; by default 587 for `starttls` and 465 for `tls`.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: SmtpEncryption,
    /// Who signs in; left out where nobody has to.
    #[serde(default)]
    pub username: Option<String>,
    /// The only authorities, as a file in PEM, that are trusted to vouch for it; by default those that the system
    /// trusts.
    #[serde(default)]
    pub ca_file: Option<String>,
}

/// How a connection to a mail server is encrypted. Unencrypted is not among it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpEncryption {
    /// In the clear until STARTTLS.
    #[default]
    StartTls,
    /// From the first byte on.
    Tls,
}

/// Recipients who get one mail together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailGroup {
    /// A short name: part of the mail's key.
    pub id: String,
    /// Addresses.
    pub to: Vec<String>,
}

/// How mappings confirm themselves.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingSettings {
    /// Names equal after light normalising and unique on both sides count without a person.
    #[serde(default = "yes")]
    pub confirm_equal_names: bool,
    /// The PSA's client that the vendor itself holds for an account counts without a person.
    #[serde(default = "yes")]
    pub confirm_vendor_identifiers: bool,
}

impl Default for MappingSettings {
    fn default() -> Self {
        Self { confirm_equal_names: true, confirm_vendor_identifiers: true }
    }
}

/// One `[[sources]]`. Every further key is the connector's own, and the connector refuses those it does not know.
#[derive(Debug, Clone, Deserialize)]
pub struct SourceSettings {
    /// Its name: of its secret, its folder, its column.
    pub id: SourceId,
    /// Which connector reads it.
    pub connector: String,
    /// Switched off, but kept.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What the connector wants to know.
    #[serde(flatten)]
    pub options: toml::Table,
}

impl SourceSettings {
    /// The side it is compared on: that of its kind, whether or not its other options are right. A kind that does not
    /// exist is on the used side, where it is reported as not read.
    #[must_use]
    pub fn side(&self) -> Side {
        source_kind(&self.connector).map_or(Side::Used, |kind| kind.side(&self.options))
    }
}

fn yes() -> bool {
    true
}

/// The settings that decide what a run finds; addresses and endpoints do not.
#[derive(Serialize, Deserialize)]
struct Decisive {
    mapping: MappingSettings,
}

/// Settings, and rules with the bytes they were read from.
#[derive(Debug, Clone)]
pub struct Config {
    /// The settings.
    pub settings: Settings,
    /// The rules.
    pub rules: RuleSet,
    /// The rules' own bytes.
    pub rules_bytes: Vec<u8>,
}

impl Config {
    /// Reads both files. A sender that they do not name is that of `TRUECOUNT_SENDER`.
    ///
    /// # Errors
    /// [`AppError::Settings`] naming file, line and key.
    pub async fn load(config: &dyn Archive) -> Result<Self, AppError> {
        let mut read = Self::from_bytes(&file(config, keys::SETTINGS).await?, file(config, keys::RULES).await?)?;
        if read.settings.mail.from.is_none() {
            read.settings.mail.from = std::env::var("TRUECOUNT_SENDER").ok();
        }
        Ok(read)
    }

    /// Reads the two files' bytes.
    ///
    /// # Errors
    /// [`AppError::Settings`] naming file, line and key.
    pub fn from_bytes(settings_bytes: &[u8], rules_bytes: Vec<u8>) -> Result<Self, AppError> {
        let settings = Settings::parse(&text(keys::SETTINGS, settings_bytes)?)?;
        let rules = RuleSet::from_toml(keys::RULES, &text(keys::RULES, &rules_bytes)?)?;
        Ok(Self { settings, rules, rules_bytes })
    }
}

impl Config {
    /// The settings that decide what a run finds, as bytes that are pinned.
    ///
    /// # Errors
    /// [`AppError::Damaged`] if they cannot be written.
    pub fn decisive(&self) -> Result<Vec<u8>, AppError> {
        let decisive = Decisive { mapping: self.settings.mapping.clone() };
        serde_json::to_vec(&decisive).map_err(|e| AppError::damaged("the settings", e))
    }

    /// This configuration with the rules and the deciding settings that a run was pinned to.
    ///
    /// # Errors
    /// [`AppError`] if they do not read back.
    pub fn pinned(&self, rules_bytes: Vec<u8>, decisive: &[u8]) -> Result<Self, AppError> {
        let decisive: Decisive =
            serde_json::from_slice(decisive).map_err(|e| AppError::damaged("the pinned settings", e))?;
        let rules = RuleSet::from_toml(keys::RULES, &text(keys::RULES, &rules_bytes)?)?;
        let settings = Settings { mapping: decisive.mapping, ..self.settings.clone() };
        Ok(Self { settings, rules, rules_bytes })
    }
}

impl Settings {
    /// Reads and checks.
    ///
    /// # Errors
    /// [`AppError::Settings`] naming line and key.
    pub fn parse(text: &str) -> Result<Self, AppError> {
        let wrong = |why: String| AppError::Settings { file: keys::SETTINGS.to_owned(), why };
        let settings: Self = toml::from_str(text).map_err(|e| wrong(e.to_string().trim_end().to_owned()))?;
        for (at, source) in settings.sources.iter().enumerate() {
            if settings.sources[..at].iter().any(|other| other.id == source.id) {
                return Err(wrong(format!("two [[sources]] have the id `{}`; give each its own", source.id)));
            }
        }
        for (at, group) in settings.mail.groups.iter().enumerate() {
            let plain = !group.id.is_empty() && group.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if !plain || settings.mail.groups[..at].iter().any(|other| other.id == group.id) {
                return Err(wrong(format!(
                    "the mail group id `{}` must be its own, of a-z, 0-9 and hyphens",
                    group.id
                )));
            }
            if group.to.is_empty() {
                return Err(wrong(format!("the mail group `{}` has nobody in `to`", group.id)));
            }
        }
        if settings.mail.smtp.is_some() && settings.sources.iter().any(|source| source.id.as_str() == SMTP) {
            // Each would be shown the other's secret.
            return Err(wrong(format!("the id `{SMTP}` belongs to [mail.smtp]; give that source another")));
        }
        Ok(settings)
    }

    /// Today, in the MSP's time zone: the day of seals, counts and closings.
    #[must_use]
    pub fn today(&self, env: &Environment) -> Date {
        self.closing.day_at(env.clock.now())
    }

    /// Who mails are from.
    ///
    /// # Errors
    /// [`AppError::Settings`] if nobody is named.
    pub fn sender(&self) -> Result<&str, AppError> {
        self.mail.from.as_deref().ok_or_else(|| AppError::Settings {
            file: keys::SETTINGS.to_owned(),
            why: "[mail] has no `from`, and TRUECOUNT_SENDER is not set: name the sender in one of them".to_owned(),
        })
    }

    /// The sources that are switched on.
    pub fn enabled(&self) -> impl Iterator<Item = &SourceSettings> {
        self.sources.iter().filter(|source| source.enabled)
    }

    /// # Errors
    /// [`AppError::Unknown`] with the names that exist.
    pub fn source(&self, id: &str) -> Result<&SourceSettings, AppError> {
        self.sources.iter().find(|source| source.id.as_str() == id).ok_or_else(|| {
            let names: Vec<_> = self.sources.iter().map(|source| source.id.as_str()).collect();
            AppError::Unknown(format!("there is no source `{id}`; the settings have {}", names.join(", ")))
        })
    }
}

async fn file(config: &dyn Archive, key: &str) -> Result<Vec<u8>, AppError> {
    config.get(key).await?.ok_or_else(|| AppError::Settings {
        file: config.place(key),
        why: "there is no such file; `truecount init` writes one to begin with".to_owned(),
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

    const GOOD: &str = "[mail]\nfrom = \"a@msp.example\"\n[[mail.groups]]\nid = \"billing\"\nto = [\"b@msp.example\"]\n[[sources]]\nid = \"ninjaone\"\nconnector = \"ninjaone\"\n";

    #[test]
    fn a_misspelt_key_is_named_with_its_line() {
        assert_eq!(Settings::parse(GOOD).unwrap().sources[0].id.as_str(), "ninjaone");
        let error = Settings::parse(&GOOD.replace("from", "form")).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("unknown field `form`"), "{error}");
    }

    #[test]
    fn two_sources_of_one_name_are_refused() {
        let twice = format!("{GOOD}[[sources]]\nid = \"ninjaone\"\nconnector = \"csv\"\n");
        let error = Settings::parse(&twice).unwrap_err().to_string();
        assert!(error.contains("two [[sources]] have the id `ninjaone`"), "{error}");
    }

    #[test]
    fn a_mail_server_is_never_reached_in_the_clear() {
        let with = |line: &str| {
            Settings::parse(&GOOD.replace("[[mail", &format!("[mail.smtp]\nhost = \"mx\"\n{line}\n[[mail")))
        };
        for (line, tls) in [
            ("", SmtpEncryption::StartTls),
            ("tls = \"starttls\"", SmtpEncryption::StartTls),
            ("tls = \"tls\"", SmtpEncryption::Tls),
        ] {
            assert_eq!(with(line).unwrap().mail.smtp.unwrap().tls, tls);
        }
        let error = with("tls = \"none\"").unwrap_err().to_string();
        assert!(error.contains("line 5") && error.contains("starttls"), "{error}");
        let error = with("password = \"x\"").unwrap_err().to_string();
        assert!(error.contains("unknown field `password`"), "{error}");
        let source = GOOD.replace("id = \"ninjaone\"", "id = \"smtp\"");
        assert!(Settings::parse(&source).is_ok(), "{source}");
        let error =
            Settings::parse(&source.replace("[[mail", "[mail.smtp]\nhost = \"mx\"\n[[mail")).unwrap_err().to_string();
        assert!(error.contains("belongs to [mail.smtp]"), "{error}");
    }

    #[test]
    fn a_group_without_people_is_refused() {
        let error = Settings::parse(&GOOD.replace("[\"b@msp.example\"]", "[]")).unwrap_err().to_string();
        assert!(error.contains("the mail group `billing` has nobody in `to`"), "{error}");
    }
}
