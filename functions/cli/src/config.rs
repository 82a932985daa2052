//! `config pull`, `push` and `diff`: settings and rules of a home, changed in a folder of one's own, checked before they
//! are put in place, and never over somebody else's change.
//!
//! Earlier versions: a deployed stack's bucket keeps each; a folder keeps them under `config/history/`.

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
use crate::open::{OpenBackend, Target, open_backend};
use crate::output::{Ending, json, say, tell};
use crate::rules::{odd, wrong};

/// The files, by their names in one's own folder, in the order in which they are put in place.
const FILES: [(&str, &str); 2] = [("rules.toml", RULES_FILE), ("settings.toml", SETTINGS_FILE)];

/// Beside them: which home they are of, and what each was when it was pulled.
const PULLED: &str = ".pulled.json";

/// What was pulled.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Pulled {
    home: String,
    /// File name to the SHA-256 of what was there.
    files: BTreeMap<String, String>,
}

/// A file and what became of it, or how it differs.
#[derive(Serialize)]
struct FileRow {
    file: &'static str,
    place: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

pub(crate) async fn config(cli: &Cli, args: &ConfigArgs) -> anyhow::Result<Ending> {
    let backend = open_backend(&args.backend).await?;
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
                "`{}` is not there yet: `truecount init --data DIR` writes one to begin with, `truecount config push DIR/config` puts it in place",
                backend.env.config.place(key)
            )
        };
        if let Some(mine) = read(&folder.join(name))?
            && mine != there
            && pulled.files.get(name) != Some(&sha256_hex(&mine))
        {
            anyhow::bail!(
                "`{}` has changes that were never pushed: push them, or pull into another folder with --out",
                folder.join(name).display()
            );
        }
        found.push((name, key, there));
    }
    fs::create_dir_all(folder).with_context(|| format!("`{}` cannot be made", folder.display()))?;
    pulled.home = backend.name();
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
        tell(&format!(
            "Of {}. `truecount config diff` shows your changes, `truecount config push` puts them there.",
            backend.name()
        ));
    }
    Ok(Ending::Clean)
}

async fn push(cli: &Cli, backend: &OpenBackend, folder: &Path) -> anyhow::Result<Ending> {
    let mut pulled = Pulled::read(folder)?.unwrap_or_default();
    if !pulled.home.is_empty() && pulled.home != backend.name() {
        anyhow::bail!("`{}` was pulled from {}, not from {}", folder.display(), pulled.home, backend.name());
    }
    let mut files = Vec::new();
    for (name, key) in FILES {
        let path = folder.join(name);
        let Some(mine) = read(&path)? else {
            anyhow::bail!("`{}` is not there: `truecount config pull` fetches it", path.display())
        };
        files.push((name, key, mine));
    }
    let config =
        Config::from_bytes(&files[1].2, files[0].2.clone()).with_context(|| format!("in `{}`", folder.display()))?;
    let wrong = wrong(&config);
    if !wrong.is_empty() {
        wrong.iter().for_each(|line| tell(line));
        anyhow::bail!("{} things to mend; nothing was put in place", wrong.len());
    }
    odd(&config).iter().for_each(|line| tell(&format!("Note: {line}")));
    let mut rows = Vec::new();
    for (name, key, mine) in files {
        let sha256 = sha256_hex(&mine);
        let state = put(backend, key, mine, pulled.files.get(name)).await?;
        pulled.files.insert(name.to_owned(), sha256);
        pulled.home = backend.name();
        pulled.write(folder)?;
        rows.push(FileRow { file: name, place: backend.env.config.place(key), state, diff: None });
    }
    if cli.json {
        json(&rows)?;
    } else {
        rows.iter().for_each(|row| say(&format!("{}  {}", row.state, row.place)));
    }
    Ok(Ending::Clean)
}

/// Puts one file in place of what was pulled, and of nothing else.
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
        return Ok("put in place");
    }
    anyhow::bail!(
        "`{}` is not what you pulled: somebody changed it since, or you never pulled. `truecount config diff` shows how yours differs; pull into another folder with --out, bring them together there, and push from it",
        archive.place(key)
    )
}

/// Keeps an earlier version, under a name that its content gives it.
async fn keep(archive: &dyn Archive, key: &str, earlier: &[u8]) -> anyhow::Result<()> {
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
    if cli.json {
        json(&rows)?;
    } else {
        for diff in rows.iter().filter_map(|row| row.diff.as_ref()).filter(|diff| !diff.is_empty()) {
            diff.lines().for_each(|line| say(&truecount_reports::sanitize::visible(line)));
        }
    }
    Ok(if rows.iter().all(|row| row.state == "equal") { Ending::Clean } else { Ending::Exceptions })
}

impl OpenBackend {
    /// Which home this is, for people and for what was pulled.
    fn name(&self) -> String {
        match &self.target {
            Target::Directory(folder) => {
                let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
                format!("the folder `{}`", whole.display())
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
        pulled.map(Some).with_context(|| format!("`{}` is damaged: pull into another folder", path.display()))
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
