//! `truecount sources add`: asks for a source's options and credentials, tests them, and writes both down. Nothing is
//! written before everything is known to be usable. Deliberately absent: any message that contains a credential.

use std::path::Path;

use anyhow::Context;
use toml::{Table, Value};
use truecount_app::Settings;
use truecount_billing::{Remedy, SourceId};
use truecount_connectors::{Category, KeyRights, SOURCE_KINDS, Source, SourceKind, connect, source_kind};
use truecount_operator::vendor::ask_vendor;
use truecount_platform::Fields;
use truecount_store::SETTINGS_FILE;

use super::{file, show::example_options};
use crate::args::{AddArgs, Cli};
use crate::ask::{self, ask};
use crate::open::{OpenBackend, Target};
use crate::output::{Ending, json, say, tell};
use crate::{config, secrets};

/// Options that a person is asked for after those of the example.
const FURTHER_OPTIONS_MAX: usize = 20;

pub(super) async fn add(cli: &Cli, backend: &OpenBackend, args: &AddArgs) -> anyhow::Result<Ending> {
    if Path::new(&args.kind).is_file() {
        return file::add(cli, backend, args, &settings(backend).await?).await;
    }
    let kind = api_kind(&args.kind)?;
    let id = args.id.clone().map_or_else(|| SourceId::new(kind.name), Ok)?;
    let there = settings(backend).await?;
    let text = std::str::from_utf8(&there).context("the settings are not UTF-8")?;
    ensure_new(text, &id, kind.name)?;
    let is_asked = ask::is_possible();
    if is_asked {
        introduce(kind, &id);
    }
    let options = options(kind, &args.option, is_asked)?;
    let source = connect(kind.name, &options)?;
    let settings = with_source(text, kind, &id, &options)?;
    let fields = secrets::read_fields(&id, kind, args.secret_file.as_deref())?;
    let rights = if args.no_test { None } else { test(kind, &source, fields.clone()).await? };
    let secret_place = secrets::store(backend, &id, &fields, args.kms_key.as_deref()).await?;
    let place = replace_settings(backend, &there, settings).await?;
    if cli.json {
        json(&serde_json::json!({
            "source": id,
            "connector": kind.name,
            "settings": place,
            "secret": secret_place,
            "is_tested": !args.no_test,
            "rights": rights,
            "traps": kind.traps,
        }))?;
        return Ok(Ending::Clean);
    }
    say(&format!("{place}: added `{id}`"));
    say(&format!("{secret_place}: credentials of `{id}`"));
    for trap in kind.traps {
        tell(&format!("Note: {trap}."));
    }
    let options = backend.target.options();
    tell(&format!(
        "`truecount sync {id}{options}` reads it; `truecount sources show {id}{options}` shows what is read and counted."
    ));
    Ok(Ending::Clean)
}

/// Refuses an id that the settings have.
pub(super) fn ensure_new(text: &str, id: &SourceId, what: &str) -> anyhow::Result<()> {
    anyhow::ensure!(
        Settings::parse(text)?.sources.iter().all(|source| source.id != *id),
        "the settings have a source `{id}` already; give the new one another id: `truecount sources add {what} ID`"
    );
    Ok(())
}

/// Puts other settings in place of those that were read; answers where they are.
pub(super) async fn replace_settings(backend: &OpenBackend, there: &[u8], settings: String) -> anyhow::Result<String> {
    let place = backend.env.config.place(SETTINGS_FILE);
    if let Target::Directory(_) = backend.target {
        config::keep(&*backend.env.config, SETTINGS_FILE, there).await?;
    }
    if !backend.env.config.replace(SETTINGS_FILE, there, settings.into_bytes()).await? {
        anyhow::bail!("`{place}` was changed meanwhile and was left as it is: run the command again");
    }
    Ok(place)
}

/// A kind of source that is reached over HTTP.
fn api_kind(name: &str) -> anyhow::Result<&'static SourceKind> {
    let is_api = |kind: &&SourceKind| kind.category != Category::File;
    let Some(kind) = source_kind(name) else {
        let names: Vec<_> = SOURCE_KINDS.iter().filter(is_api).map(|kind| kind.name).collect();
        anyhow::bail!("there is no kind of source `{name}`; there are: {}", names.join(", "));
    };
    anyhow::ensure!(
        is_api(&kind),
        "`{name}` reads files and needs no key: name the file, `truecount sources add FILE`"
    );
    Ok(kind)
}

async fn settings(backend: &OpenBackend) -> anyhow::Result<Vec<u8>> {
    let there = backend.env.config.get(SETTINGS_FILE).await?;
    there.with_context(|| {
        let place = backend.env.config.place(SETTINGS_FILE);
        format!("`{place}` does not exist: `truecount init` writes one to start from")
    })
}

/// How its key is made, and which options it has.
fn introduce(kind: &SourceKind, id: &SourceId) {
    tell(&format!("{} as `{id}`. A key that can only read:\n", kind.title));
    kind.key.trim_end().lines().for_each(tell);
    tell("\nIts options; those behind # may be left out:\n");
    kind.options.trim_end().lines().for_each(tell);
    tell("");
}

/// The options that were given, and those that a person types.
fn options(kind: &SourceKind, given: &[String], is_asked: bool) -> anyhow::Result<Table> {
    let types = known_options(kind);
    let mut options = Table::new();
    for option in given {
        insert(&mut options, &types, option)?;
    }
    if !is_asked {
        return Ok(options);
    }
    for (key, example) in example_options(kind)? {
        if !options.contains_key(&key) {
            let typed = ask(&format!("{key} (such as {example}): "))?;
            if !typed.is_empty() {
                insert(&mut options, &types, &format!("{key}={typed}"))?;
            }
        }
    }
    for _ in 0..if given.is_empty() { FURTHER_OPTIONS_MAX } else { 0 } {
        let typed = ask("Another option as KEY=VALUE, or Enter to go on: ")?;
        if typed.is_empty() {
            break;
        }
        insert(&mut options, &types, &typed)?;
    }
    Ok(options)
}

/// Every option of the example with a value of its type, also those that are commented out.
fn known_options(kind: &SourceKind) -> Table {
    let line = |line: &str| toml::from_str::<Table>(line.strip_prefix("# ").unwrap_or(line)).unwrap_or_default();
    kind.options.lines().flat_map(line).collect()
}

/// Adds `KEY=VALUE`. A text needs no quotes; other values are written as in TOML.
fn insert(options: &mut Table, types: &Table, option: &str) -> anyhow::Result<()> {
    let (key, text) = option
        .split_once('=')
        .map(|(key, text)| (key.trim(), text.trim()))
        .filter(|(key, _)| !key.is_empty())
        .with_context(|| format!("`{option}` is not an option: write KEY=VALUE"))?;
    let plain = || Value::String(text.to_owned());
    let read = || toml::from_str::<Table>(&format!("value = {text}")).ok()?.remove("value");
    let value = match types.get(key) {
        Some(Value::String(_)) => plain(),
        _ => read().unwrap_or_else(plain),
    };
    anyhow::ensure!(options.insert(key.to_owned(), value).is_none(), "the option `{key}` is given twice");
    Ok(())
}

/// The settings with the source at their end; everything before it stays as it is.
pub(super) fn with_source(text: &str, kind: &SourceKind, id: &SourceId, options: &Table) -> anyhow::Result<String> {
    let string = |text: &str| Value::String(text.to_owned());
    let is_bare = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    let mut added = format!(
        "\n# {}: {}.\n[[sources]]\nid = {}\nconnector = {}\n",
        kind.title,
        kind.gives,
        string(id.as_str()),
        string(kind.name)
    );
    for (key, value) in options {
        let key = if is_bare(key) { key.clone() } else { string(key).to_string() };
        added.push_str(&format!("{key} = {value}\n"));
    }
    let between = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let whole = format!("{text}{between}{added}");
    let settings = Settings::parse(&whole)?;
    let is_there = settings.source(id.as_str()).is_ok_and(|source| source.options == *options);
    anyhow::ensure!(is_there, "the settings cannot be extended: add the source in an editor");
    Ok(whole)
}

/// One harmless request with the key; what the vendor told of it. A key that may do more than read is named, and kept.
async fn test(kind: &SourceKind, source: &Source, fields: Fields) -> anyhow::Result<Option<KeyRights>> {
    tell(&format!("Asking {} …", kind.title));
    let answer = ask_vendor(source, fields).await;
    let finding = answer.rights.as_ref().and_then(|rights| Some((rights.finding()?, rights.fix())));
    let warning = finding.map(|(finding, fix)| format!("Warning: {finding}. {fix}."));
    let Err(error) = answer.outcome else {
        tell(&format!("{} answers, and accepts the key.", kind.title));
        warning.iter().for_each(|warning| tell(warning));
        return Ok(answer.rights);
    };
    warning.iter().for_each(|warning| tell(warning));
    let fix = match error.remedy() {
        Remedy::FixCredentials => "check the key",
        Remedy::FixConfiguration => "check the options, first of all `base_url`",
        Remedy::Retry => "check `base_url`, any proxy and the vendor's status page, and try again",
    };
    let why = format!("nothing was written: {fix}, or add it untested with --no-test");
    Err(anyhow::Error::new(error).context(why))
}
