//! Sources' secrets from the environment, else from a file that only its owner may read. Deliberately absent: writing
//! them, and any message with a value in it.

use std::{
    collections::BTreeMap,
    env::VarError,
    fmt,
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use truecount_billing::SourceId;
use truecount_platform::{Cause, Fields, SecretError, SecretString, Secrets, async_trait, fields_from_json};

/// The longest secrets file, in bytes.
const FILE_BYTES_MAX: u64 = 1_000_000;

/// Secrets of `TRUECOUNT_SECRET_…` variables, each a JSON object, else of the tables in one TOML file.
pub struct LocalSecrets {
    file: PathBuf,
    variable: fn(&str) -> Result<String, VarError>,
}

impl LocalSecrets {
    /// Reads this file where the environment has nothing.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self { file, variable: |name| std::env::var(name) }
    }

    /// The variable that holds a source's secret, such as `TRUECOUNT_SECRET_PAX8_UK`.
    #[must_use]
    pub fn variable(source: &SourceId) -> String {
        format!("TRUECOUNT_SECRET_{}", source.as_str().to_ascii_uppercase().replace('-', "_"))
    }
}

#[async_trait]
impl Secrets for LocalSecrets {
    async fn source(&self, source: &SourceId) -> Result<Fields, SecretError> {
        let variable = Self::variable(source);
        let place = self.file.display().to_string();
        let unusable =
            |place: &str, why| SecretError::Unusable { source_id: source.clone(), place: place.to_owned(), why };
        match (self.variable)(&variable) {
            Ok(text) => {
                return fields_from_json(&text).map_err(|why| unusable(&format!("the variable `{variable}`"), why));
            }
            Err(VarError::NotPresent) => {}
            Err(VarError::NotUnicode(_)) => {
                return Err(unusable(&format!("the variable `{variable}`"), "it is not Unicode".to_owned()));
            }
        }
        let text = match read(&self.file) {
            Ok(text) => text,
            Err(Unread::Unsafe(why)) => return Err(unusable(&format!("`{place}`"), why)),
            Err(Unread::Failed(why)) => {
                let (source_id, place) = (source.clone(), format!("`{place}`"));
                return Err(SecretError::Unread { source_id, place, cause: Cause::Disk(why) });
            }
        };
        let mut sources = tables(&text).map_err(|why| unusable(&format!("`{place}`"), why))?;
        sources.remove(source.as_str()).filter(|fields| !fields.is_empty()).ok_or_else(|| {
            let hint = format!(
                "set the variable `{variable}` to a JSON object of its fields, or write them under `[{source}]` in `{place}` (mode 600)"
            );
            SecretError::Missing { source_id: source.clone(), hint }
        })
    }
}

/// Why a secrets file was not read.
enum Unread {
    Unsafe(String),
    Failed(String),
}

impl From<std::io::Error> for Unread {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The file's text; empty if there is no file.
fn read(path: &Path) -> Result<String, Unread> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error.into()),
    };
    check_mode(&file.metadata()?)?;
    let mut text = String::new();
    let length = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if u64::try_from(length).is_ok_and(|length| length > FILE_BYTES_MAX) {
        return Err(Unread::Unsafe(format!("it is longer than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

#[cfg(unix)]
fn check_mode(file: &fs::Metadata) -> Result<(), Unread> {
    let mode = std::os::unix::fs::MetadataExt::mode(file) & 0o777;
    if mode & 0o077 != 0 {
        return Err(Unread::Unsafe(format!("others than its owner may open it (mode {mode:o}): set its mode to 600")));
    }
    Ok(())
}

/// Other systems have no such mode.
#[cfg(not(unix))]
fn check_mode(_: &fs::Metadata) -> Result<(), Unread> {
    Ok(())
}

/// The sources' fields. The TOML reader's own message quotes the line, which is a secret: only its number is told.
fn tables(text: &str) -> Result<BTreeMap<String, Fields>, String> {
    toml::from_str::<BTreeMap<String, BTreeMap<String, SecretString>>>(text).map_err(|error| {
        let line = error
            .span()
            .map_or(0, |span| text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count());
        format!("line {} is not as it must be: a `[source]` table whose values are texts in quotes", line + 1)
    })
}

impl fmt::Debug for LocalSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSecrets").field("file", &self.file).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use truecount_platform::conformance;

    use super::*;

    fn id(source: &str) -> SourceId {
        SourceId::new(source).expect("an id")
    }

    fn environment(name: &str) -> Result<String, VarError> {
        match name {
            "TRUECOUNT_SECRET_PAX8_UK" => Ok(r#"{"client_id":"an id","client_secret":"c4n4ry"}"#.to_owned()),
            "TRUECOUNT_SECRET_BROKEN" => Ok("c4n4ry".to_owned()),
            "TRUECOUNT_SECRET_BYTES" => Err(VarError::NotUnicode("c4n4ry".into())),
            _ => Err(VarError::NotPresent),
        }
    }

    #[tokio::test]
    async fn secrets_of_the_environment_conform() {
        let secrets = LocalSecrets { file: PathBuf::from("/no/such/file"), variable: environment };
        let fields = [("client_secret", "c4n4ry"), ("client_id", "an id")];
        conformance::secrets(&secrets, &id("pax8-uk"), &fields, &id("pax8")).await;
        for source in ["broken", "bytes"] {
            let error = secrets.source(&id(source)).await.map(|_| ()).expect_err(source);
            assert!(matches!(error, SecretError::Unusable { .. }), "{error}");
            assert!(!format!("{error} {error:?}").contains("c4n4ry"), "{error}");
        }
    }
}
