//! Sources' secrets from the environment, else from a file that only its owner may read; a new one is written to the
//! file without changing the rest. Deliberately absent: any message that contains a value.

use std::{
    collections::BTreeMap,
    env::VarError,
    fmt,
    fs::{self, File},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use toml_edit::DocumentMut;
use truecount_billing::SourceId;
use truecount_platform::{
    Detail, ExposeSecret, Fields, PortErrorKind, SecretError, SecretString, Secrets, async_trait, fields_from_json,
};

use crate::disk::refuse_link;

/// The longest secrets file, in bytes.
const FILE_BYTES_MAX: u64 = 1_000_000;

/// Secrets from `TRUECOUNT_SECRET_…` variables, each a JSON object, else from the tables of one TOML file.
pub struct LocalSecrets {
    file: PathBuf,
    variable: fn(&str) -> Result<String, VarError>,
}

impl LocalSecrets {
    /// Reads this file for sources without a variable.
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

impl LocalSecrets {
    /// Writes a source's fields to the file, replacing existing ones; comments and other sources stay. The file is
    /// created if it does not exist, readable only by its owner.
    ///
    /// # Errors
    /// [`SecretError`] if the file is not usable or cannot be written; then it is unchanged.
    pub fn set(&self, source: &SourceId, fields: &Fields) -> Result<(), SecretError> {
        let place = format!("`{}`", self.file.display());
        let text = read(&self.file).map_err(|error| error.of(source, &place))?;
        let unusable = |why| SecretError::Unusable { source_id: source.clone(), place: place.clone(), why };
        tables(&text).map_err(unusable)?;
        let wrong = || unusable("it cannot be edited: it must have a `[source]` table for each source".to_owned());
        let mut document: DocumentMut = text.parse().map_err(|_| wrong())?;
        let is_new = document.get(source.as_str()).is_none();
        let mut new = DocumentMut::new();
        let edited = if is_new { &mut new } else { &mut document };
        let table = edited.entry(source.as_str()).or_insert_with(toml_edit::table);
        let table = table.as_table_like_mut().ok_or_else(wrong)?;
        let gone: Vec<String> =
            table.iter().map(|(field, _)| field.to_owned()).filter(|field| !fields.contains_key(field)).collect();
        gone.iter().for_each(|field| _ = table.remove(field));
        for (field, value) in fields {
            table.insert(field, toml_edit::value(value.expose_secret()));
        }
        // A new table goes to the end, after every comment.
        let between = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let text = if is_new { format!("{text}{between}\n{new}") } else { document.to_string() };
        tables(&text).map_err(unusable)?;
        write(&self.file, text.as_bytes()).map_err(|error| ReadError::Io(error).of(source, &place))
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
        let text = read(&self.file).map_err(|error| error.of(source, &format!("`{place}`")))?;
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
enum ReadError {
    Unsafe(String),
    Io(std::io::Error),
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl ReadError {
    fn of(self, source: &SourceId, place: &str) -> SecretError {
        let (source_id, place) = (source.clone(), place.to_owned());
        match self {
            Self::Unsafe(why) => SecretError::Unusable { source_id, place, why },
            Self::Io(error) => {
                SecretError::Unreadable { source_id, place, cause: PortErrorKind::Disk(Detail::of(error)) }
            }
        }
    }
}

/// Writes the file atomically, readable only by its owner from the beginning.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    refuse_link(folder)?;
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".secrets-{}", std::process::id()));
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    if written.is_err() {
        // What is left of it contains a secret.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// The file's text; empty if it does not exist.
fn read(path: &Path) -> Result<String, ReadError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error.into()),
    };
    check_mode(&file.metadata()?)?;
    let mut text = String::new();
    let length = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if u64::try_from(length).is_ok_and(|length| length > FILE_BYTES_MAX) {
        return Err(ReadError::Unsafe(format!("it is longer than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

#[cfg(unix)]
fn check_mode(file: &fs::Metadata) -> Result<(), ReadError> {
    let mode = std::os::unix::fs::MetadataExt::mode(file) & 0o777;
    if mode & 0o077 != 0 {
        return Err(ReadError::Unsafe(format!(
            "users other than its owner may open it (mode {mode:o}): set its mode to 600"
        )));
    }
    Ok(())
}

/// Other systems have no file modes.
#[cfg(not(unix))]
fn check_mode(_: &fs::Metadata) -> Result<(), ReadError> {
    Ok(())
}

/// The sources' fields. The TOML parser's own message quotes the line, which is a secret: only its number is reported,
/// and the error is not kept.
fn tables(text: &str) -> Result<BTreeMap<String, Fields>, String> {
    toml::from_str::<BTreeMap<String, BTreeMap<String, SecretString>>>(text).map_err(|error| {
        let line = error
            .span()
            .map_or(0, |span| text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count());
        format!("line {} is not valid: write a `[source]` table whose values are strings in quotes", line + 1)
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
    async fn setting_a_secret_changes_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config/secrets.toml");
        let secrets = LocalSecrets { file: file.clone(), variable: |_| Err(VarError::NotPresent) };
        let fields = |pairs: &[(&str, &str)]| -> Fields {
            pairs.iter().map(|(field, value)| ((*field).to_owned(), SecretString::from(*value))).collect()
        };
        secrets.set(&id("pax8"), &fields(&[("client_id", "a"), ("client_secret", "q\"uo\\te é")])).expect("made");
        let text = fs::read_to_string(&file).expect("a file");
        let text = format!("# mine\n{text}\n[other] # and this\nkey = 'kept'\n");
        fs::write(&file, &text).expect("written");
        secrets.set(&id("pax8"), &fields(&[("client_id", "b"), ("key", "c4n4ry")])).expect("changed");
        secrets.set(&id("third"), &fields(&[("key", "3")])).expect("added");
        let text = fs::read_to_string(&file).expect("a file");
        assert!(text.starts_with("# mine\n") && text.contains("[other] # and this\nkey = 'kept'\n"), "{text}");
        for (source, expected) in
            [("pax8", vec![("client_id", "b"), ("key", "c4n4ry")]), ("other", vec![("key", "kept")])]
        {
            let found = secrets.source(&id(source)).await.expect(source);
            let found: Vec<_> = found.iter().map(|(field, value)| (field.as_str(), value.expose_secret())).collect();
            assert_eq!(found, expected);
        }
        assert_eq!(fs::read_dir(folder.path().join("config")).expect("a folder").count(), 1, "no draft is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("opened");
            let error = secrets.set(&id("pax8"), &fields(&[("key", "x")])).expect_err("others may read it").to_string();
            assert!(error.contains("mode 644") && !error.contains("c4n4ry"), "{error}");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("closed");
        }
        fs::write(&file, "key = 'c4n4ry").expect("written");
        let error = secrets.set(&id("pax8"), &fields(&[("key", "x")])).expect_err("no TOML").to_string();
        assert!(error.contains("line 1") && !error.contains("c4n4ry"), "{error}");
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
