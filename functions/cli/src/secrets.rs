//! `truecount secrets`: lists which sources have their credentials, and stores them. A value is typed without echo and
//! never shown.

use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use truecount_app::{Config, SourceSettings};
use truecount_billing::SourceId;
use truecount_connectors::{SourceKind, source_kind};
use truecount_embedded::LocalSecrets;
use truecount_platform::{ExposeSecret, Fields, SecretError, SecretString, fields_from_json};

use crate::args::{Cli, SecretsArgs, SecretsCommand};
use crate::open::{OpenBackend, Purpose, Target, open_backend};
use crate::output::{Ending, json, say, tell};
use crate::table::Column::{Key, Text};
use crate::table::table;

/// The most bytes of a secret that are read from a pipe; SSM accepts less.
const PIPE_BYTES_MAX: u64 = 64 * 1024;

/// SSM's limit of a standard parameter, in bytes.
const PARAMETER_BYTES_MAX: usize = 4 * 1024;

pub(crate) async fn secrets(cli: &Cli, args: &SecretsArgs) -> anyhow::Result<Ending> {
    let purpose = match &args.command {
        SecretsCommand::List => Purpose::Look,
        SecretsCommand::Set { .. } => Purpose::Work,
    };
    let backend = open_backend(purpose, &args.backend).await?;
    let config = Config::load(&backend.env).await?;
    match &args.command {
        SecretsCommand::List => list(cli, &backend, &config).await,
        SecretsCommand::Set { source, kms_key } => set(cli, &backend, &config, source, kms_key.as_deref()).await,
    }
}

/// A source and whether its credentials are complete.
#[derive(Serialize)]
struct SecretRow {
    source: SourceId,
    connector: String,
    enabled: bool,
    state: &'static str,
    missing: Vec<&'static str>,
    unknown: Vec<String>,
    why: Option<String>,
}

async fn list(cli: &Cli, backend: &OpenBackend, config: &Config) -> anyhow::Result<Ending> {
    let mut rows = Vec::new();
    for source in &config.settings.sources {
        rows.push(row(backend, source).await?);
    }
    let is_whole = rows.iter().all(|row| !row.enabled || matches!(row.state, "complete" | "not needed"));
    let ending = if is_whole { Ending::Clean } else { Ending::NotRead };
    if cli.json {
        json(&rows)?;
        return Ok(ending);
    }
    let cells = |row: &SecretRow| {
        let enabled = if row.enabled { "yes" } else { "no" };
        let note = match (&row.missing[..], &row.unknown[..]) {
            ([], []) => String::new(),
            (missing, []) => format!("missing {}", missing.join(", ")),
            ([], unknown) => format!("unknown {}", unknown.join(", ")),
            (missing, unknown) => format!("missing {}; unknown {}", missing.join(", "), unknown.join(", ")),
        };
        vec![row.source.to_string(), enabled.to_owned(), row.state.to_owned(), note]
    };
    table(
        &[Key("source"), Text("enabled"), Text("credentials"), Text("")],
        &rows.iter().map(cells).collect::<Vec<_>>(),
    );
    for row in rows.iter().filter(|row| row.state != "complete" && row.state != "not needed") {
        tell(&format!(
            "{}: {}",
            row.source,
            row.why.as_deref().unwrap_or("it does not have the fields that the source needs")
        ));
        tell(&format!("  fix: `truecount secrets set {}`", row.source));
    }
    Ok(ending)
}

async fn row(backend: &OpenBackend, source: &SourceSettings) -> anyhow::Result<SecretRow> {
    let declared = declaration(source)?;
    let mut row = SecretRow {
        source: source.id.clone(),
        connector: source.connector.clone(),
        enabled: source.enabled,
        state: "not needed",
        missing: Vec::new(),
        unknown: Vec::new(),
        why: None,
    };
    if declared.secret.is_empty() {
        return Ok(row);
    }
    match backend.env.secrets.source(&source.id).await {
        Ok(fields) => {
            row.missing = missing(declared, &fields);
            row.unknown = unknown(declared, &fields);
            row.state = if row.missing.is_empty() { "complete" } else { "incomplete" };
        }
        Err(error @ SecretError::Unreadable { .. }) => return Err(error.into()),
        Err(error) => {
            row.state = if matches!(error, SecretError::Missing { .. }) { "missing" } else { "unusable" };
            row.why = Some(error.to_string());
        }
    }
    Ok(row)
}

async fn set(
    cli: &Cli,
    backend: &OpenBackend,
    config: &Config,
    source: &SourceId,
    kms_key: Option<&str>,
) -> anyhow::Result<Ending> {
    let declared = declaration(config.settings.source(source.as_str())?)?;
    if declared.secret.is_empty() {
        anyhow::bail!("the source `{source}` ({}) needs no credentials", declared.title);
    }
    let fields = read_fields(source, declared, None)?;
    let place = store(backend, source, &fields, kms_key).await?;
    if cli.json {
        json(&serde_json::json!({ "source": source, "place": place, "fields": declared.secret }))?;
    } else {
        say(&place);
        tell("`truecount doctor` checks that the vendor accepts them.");
    }
    Ok(Ending::Clean)
}

/// The fields that a person types, or that a file or a pipe has; checked.
pub(crate) fn read_fields(source: &SourceId, declared: &SourceKind, file: Option<&Path>) -> anyhow::Result<Fields> {
    let fields = match file {
        Some(file) => {
            let place = format!("`{}`", file.display());
            let opened = std::fs::File::open(file).with_context(|| format!("{place} cannot be read"))?;
            read_json(opened, &place)?
        }
        None if std::io::stdin().is_terminal() => prompt(source, declared)?,
        None => read_json(std::io::stdin().lock(), "stdin")?,
    };
    check(declared, &fields)?;
    Ok(fields)
}

/// Stores the fields of one source, and says where.
pub(crate) async fn store(
    backend: &OpenBackend,
    source: &SourceId,
    fields: &Fields,
    kms_key: Option<&str>,
) -> anyhow::Result<String> {
    match &backend.target {
        Target::Directory(folder) => {
            if kms_key.is_some() {
                anyhow::bail!(
                    "--kms-key is for a deployed stack; a data directory keeps secrets in a file with mode 600"
                );
            }
            in_file(folder, source, fields)
        }
        Target::Stack { resources, aws, .. } => {
            let name = aws.secrets(&resources.secrets).parameter(source);
            let value = object(fields)?;
            if value.expose_secret().len() > PARAMETER_BYTES_MAX {
                anyhow::bail!("the secret is longer than the {PARAMETER_BYTES_MAX} bytes that SSM accepts");
            }
            // The stack's own key, which its functions may use.
            let own = Some(resources.kms_key.as_str()).filter(|key| !key.is_empty());
            let put = aws.parameters().put_encrypted(&name, &value, kms_key.or(own)).await;
            put.with_context(|| format!("writing the SSM parameter `{name}` (ssm:PutParameter)"))?;
            Ok(format!("SSM parameter {name}"))
        }
    }
}

/// Writes the fields of one source into a data directory's file; nothing else in it changes.
fn in_file(folder: &Path, source: &SourceId, fields: &Fields) -> anyhow::Result<String> {
    let secrets = LocalSecrets::new(folder.join(crate::init::SECRETS));
    secrets.set(source, fields)?;
    let variable = LocalSecrets::variable(source);
    if std::env::var_os(&variable).is_some() {
        tell(&format!("The variable `{variable}` is set, too, and takes precedence over the file."));
    }
    Ok(folder.join(crate::init::SECRETS).display().to_string())
}

/// Asks for each field in turn, without echo.
fn prompt(source: &SourceId, declared: &SourceKind) -> anyhow::Result<Fields> {
    tell(&format!("Credentials of `{source}` ({}). What you type is not shown.", declared.title));
    let mut fields = Fields::new();
    for field in declared.secret {
        let text = rpassword::prompt_password(format!("{field}: ")).context("the terminal cannot be read")?;
        fields.insert((*field).to_owned(), SecretString::from(text));
    }
    Ok(fields)
}

/// Reads one JSON object.
fn read_json(from: impl Read, place: &str) -> anyhow::Result<Fields> {
    let mut text = String::new();
    let read = from.take(PIPE_BYTES_MAX + 1).read_to_string(&mut text);
    let length = read.with_context(|| format!("{place} cannot be read as UTF-8"))?;
    if u64::try_from(length).is_ok_and(|length| length > PIPE_BYTES_MAX) {
        anyhow::bail!("{place} has more than {PIPE_BYTES_MAX} bytes: that is not a secret");
    }
    let text = SecretString::from(text);
    fields_from_json(text.expose_secret()).map_err(|why| {
        anyhow::anyhow!(
            "{place}: {why}, such as {{\"client_id\": \"…\", \"client_secret\": \"…\"}}; at a terminal you are asked for each field"
        )
    })
}

/// Refuses what the source could not sign in with.
fn check(declared: &SourceKind, fields: &Fields) -> anyhow::Result<()> {
    let needed = declared.secret.join(", ");
    if let Some(field) = unknown(declared, fields).first() {
        anyhow::bail!("{} has no field `{field}`; it needs: {needed}", declared.title);
    }
    if let Some(field) = missing(declared, fields).first() {
        anyhow::bail!("the field `{field}` is missing or empty; {} needs: {needed}", declared.title);
    }
    let odd = fields.iter().find(|(_, value)| value.expose_secret().contains(char::is_control));
    match odd {
        Some((field, _)) => anyhow::bail!("`{field}` contains a line break or another control character: remove it"),
        None => Ok(()),
    }
}

/// The fields that are missing or empty.
fn missing(declared: &SourceKind, fields: &Fields) -> Vec<&'static str> {
    let lacks = |field: &&&str| fields.get(**field).is_none_or(|value| value.expose_secret().trim().is_empty());
    declared.secret.iter().filter(lacks).copied().collect()
}

/// The fields that the source does not have.
fn unknown(declared: &SourceKind, fields: &Fields) -> Vec<String> {
    fields.keys().filter(|field| !declared.secret.contains(&field.as_str())).cloned().collect()
}

/// The fields as the JSON object that an SSM parameter holds.
fn object(fields: &Fields) -> anyhow::Result<SecretString> {
    let plain: std::collections::BTreeMap<_, _> =
        fields.iter().map(|(field, value)| (field, value.expose_secret())).collect();
    Ok(SecretString::from(serde_json::to_string(&plain)?))
}

fn declaration(source: &SourceSettings) -> anyhow::Result<&'static SourceKind> {
    source_kind(&source.connector).with_context(|| {
        format!("the source `{}` has the connector `{}`, which does not exist", source.id, source.connector)
    })
}
