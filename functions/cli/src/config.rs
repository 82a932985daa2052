//! `truecount config`: settings and rules are edited in a local directory, checked before they are uploaded, and never
//! overwrite somebody else's change.
//!
//! Earlier versions are kept: by a stack's bucket, and by a data directory under `config/history/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use similar::TextDiff;
use truecount_app::Config;
use truecount_platform::{Archive, CreateOutcome};
use truecount_store::{RULES_FILE, SETTINGS_FILE, sha256_hex};

use crate::args::{Cli, ConfigArgs, ConfigCommand};
use crate::open::{OpenBackend, Purpose, Target, open_backend, shell_word};
use crate::output::{Ending, json, say, tell};
use crate::rules::{problems, problems_found, warnings};

/// The files by their names in the local directory, in the order of the upload.
const FILES: [(&str, &str); 2] = [("rules.toml", RULES_FILE), ("settings.toml", SETTINGS_FILE)];

/// The file beside them that records where they are from and what each was when it was pulled.
const PULLED: &str = ".pulled.json";

/// The local directory where none is named.
pub(crate) const LOCAL_DIRECTORY: &str = "truecount-config";

/// What was pulled, and from where.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Pulled {
    backend: String,
    /// File name to the SHA-256 of what was there.
    files: BTreeMap<String, String>,
}

/// A file and what was done with it, or how it differs.
#[derive(Serialize)]
struct FileRow {
    file: &'static str,
    place: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

pub(crate) async fn config(cli: &Cli, args: &ConfigArgs) -> anyhow::Result<Ending> {
    let purpose = match &args.command {
        ConfigCommand::Push { .. } => Purpose::Work,
        ConfigCommand::Pull { .. } | ConfigCommand::Diff { .. } => Purpose::Look,
    };
    let backend = open_backend(purpose, &args.backend).await?;
    match &args.command {
        ConfigCommand::Pull { out } => pull(cli, &backend, out).await,
        ConfigCommand::Push { dir } => push(cli, &backend, dir).await,
        ConfigCommand::Diff { dir } => diff(cli, &backend, dir).await,
    }
}

async fn pull(cli: &Cli, backend: &OpenBackend, folder: &Path) -> anyhow::Result<Ending> {
    let mut pulled = Pulled::read(folder)?.unwrap_or_default();
    let mut found = Vec::new();
    for (name, key) in FILES {
        let Some(there) = backend.env.config.get(key).await? else {
            anyhow::bail!(
                "`{}` does not exist yet: `truecount init --data DIR` writes one to start from, `truecount config push DIR/config` uploads it",
                backend.env.config.place(key)
            )
        };
        if let Some(mine) = read(&folder.join(name))?
            && mine != there
            && pulled.files.get(name) != Some(&sha256_hex(&mine))
        {
            anyhow::bail!(
                "`{}` has changes that were never pushed: push them, or pull into another directory with --out",
                folder.join(name).display()
            );
        }
        found.push((name, key, there));
    }
    fs::create_dir_all(folder).with_context(|| format!("`{}` cannot be created", folder.display()))?;
    pulled.backend = backend.name();
    let mut rows = Vec::new();
    for (name, key, there) in found {
        let path = folder.join(name);
        pulled.files.insert(name.to_owned(), sha256_hex(&there));
        fs::write(&path, there).with_context(|| format!("`{}` cannot be written", path.display()))?;
        rows.push(FileRow { file: name, place: backend.env.config.place(key), state: "pulled", diff: None });
        if !cli.json {
            say(&path.display().to_string());
        }
    }
    pulled.write(folder)?;
    if cli.json {
        json(&rows)?;
    } else {
        let dir = match folder == Path::new(LOCAL_DIRECTORY) {
            true => String::new(),
            false => format!(" {}", shell_word(&folder.display().to_string())),
        };
        let dir = dir + &backend.target.options();
        tell(&format!(
            "From {}. `truecount config diff{dir}` shows your changes, `truecount config push{dir}` uploads them.",
            backend.name()
        ));
    }
    Ok(Ending::Clean)
}

async fn push(cli: &Cli, backend: &OpenBackend, folder: &Path) -> anyhow::Result<Ending> {
    let mut pulled = Pulled::read(folder)?.unwrap_or_default();
    if !pulled.backend.is_empty() && pulled.backend != backend.name() {
        anyhow::bail!("`{}` was pulled from {}, not from {}", folder.display(), pulled.backend, backend.name());
    }
    let mut files = Vec::new();
    for (name, key) in FILES {
        let path = folder.join(name);
        let Some(mine) = read(&path)? else {
            let options = backend.target.options();
            anyhow::bail!("`{}` does not exist: `truecount config pull{options}` downloads it", path.display())
        };
        files.push((name, key, mine));
    }
    let config = Config::for_environment(&backend.env, &files[1].2, files[0].2.clone())
        .with_context(|| format!("in `{}`", folder.display()))?;
    let wrong = problems(&config);
    if !wrong.is_empty() {
        wrong.iter().for_each(|line| tell(line));
        anyhow::bail!("{}; nothing was uploaded", problems_found(wrong.len()));
    }
    warnings(&config).iter().for_each(|line| tell(&format!("Note: {line}")));
    let mut rows = Vec::new();
    for (name, key, mine) in files {
        let sha256 = sha256_hex(&mine);
        let state = put(backend, key, mine, pulled.files.get(name)).await?;
        pulled.files.insert(name.to_owned(), sha256);
        pulled.backend = backend.name();
        pulled.write(folder)?;
        rows.push(FileRow { file: name, place: backend.env.config.place(key), state, diff: None });
    }
    if cli.json {
        json(&rows)?;
    } else {
        rows.iter().for_each(|row| say(&format!("{:<9}  {}", row.state, row.place)));
    }
    Ok(Ending::Clean)
}

/// Replaces a file if it still is what was pulled.
async fn put(backend: &OpenBackend, key: &str, mine: Vec<u8>, pulled: Option<&String>) -> anyhow::Result<&'static str> {
    let archive = &*backend.env.config;
    let there = archive.get(key).await?;
    let is_mine = |there: &[u8]| pulled == Some(&sha256_hex(there));
    let placed = match there {
        None => archive.put_new(key, mine).await? == CreateOutcome::Created,
        Some(there) if there == mine => return Ok("unchanged"),
        Some(there) if is_mine(&there) => {
            if let Target::Directory(_) = backend.target {
                keep(archive, key, &there).await?;
            }
            archive.replace(key, &there, mine).await?
        }
        Some(_) => false,
    };
    if placed {
        return Ok("uploaded");
    }
    anyhow::bail!(
        "`{}` is not what you pulled: somebody changed it since, or you never pulled. `truecount config diff` shows the difference; pull into another directory with --out, merge your changes there, and push that directory",
        archive.place(key)
    )
}

/// Keeps an earlier version under a name derived from its content.
pub(crate) async fn keep(archive: &dyn Archive, key: &str, earlier: &[u8]) -> anyhow::Result<()> {
    let name = key.strip_prefix("config/").unwrap_or(key);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "toml"));
    let kept = format!("config/history/{stem}-{}.{extension}", &sha256_hex(earlier)[..12]);
    archive.put_new(&kept, earlier.to_vec()).await?;
    Ok(())
}

async fn diff(cli: &Cli, backend: &OpenBackend, folder: &Path) -> anyhow::Result<Ending> {
    let mut rows = Vec::new();
    for (name, key) in FILES {
        let place = backend.env.config.place(key);
        let text = |bytes: Option<Vec<u8>>| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
        let there = text(backend.env.config.get(key).await?);
        let mine = text(read(&folder.join(name))?);
        let lines = TextDiff::from_lines(&there, &mine);
        let shown = folder.join(name).display().to_string();
        let diff = lines.unified_diff().context_radius(3).header(&place, &shown).to_string();
        let state = if there == mine { "equal" } else { "different" };
        rows.push(FileRow { file: name, place, state, diff: Some(diff) });
    }
    let is_equal = rows.iter().all(|row| row.state == "equal");
    if cli.json {
        json(&rows)?;
    } else if is_equal {
        tell(&format!("No differences: `{}` is what {} has.", folder.display(), backend.name()));
    } else {
        for diff in rows.iter().filter_map(|row| row.diff.as_ref()).filter(|diff| !diff.is_empty()) {
            diff.lines().for_each(|line| say(&truecount_reports::sanitize::visible(line)));
        }
    }
    Ok(if is_equal { Ending::Clean } else { Ending::Exceptions })
}

impl OpenBackend {
    /// Which backend this is: for people, and to compare with what was pulled.
    fn name(&self) -> String {
        match &self.target {
            Target::Directory(folder) => {
                let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
                format!("the directory `{}`", whole.display())
            }
            Target::Stack { name, resources, .. } => format!("the stack `{name}` (s3://{})", resources.bucket),
        }
    }
}

impl Pulled {
    fn read(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(PULLED);
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let pulled = serde_json::from_slice(&bytes);
        pulled.map(Some).with_context(|| format!("`{}` is damaged: pull into another directory", path.display()))
    }

    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let path = folder.join(PULLED);
        let text = serde_json::to_vec_pretty(self)?;
        fs::write(&path, text).with_context(|| format!("`{}` cannot be written", path.display()))
    }
}

/// A file's bytes; `None` if there is none.
fn read(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("`{}` cannot be read", path.display())),
    }
}
