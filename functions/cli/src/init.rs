//! `truecount init`: writes commented settings, rules and secrets to start from.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use truecount_app::starter_rules;
use truecount_billing::SourceId;
use truecount_connectors::SOURCE_KINDS;
use truecount_embedded::refuse_links;
use truecount_store::{RULES_FILE, SETTINGS_FILE};

use crate::args::{Cli, InitArgs};
use crate::output::{Ending, json, say, tell};

const SETTINGS_HEAD: &str = include_str!("init/settings.toml");
/// The credentials on this machine; only their owner may read the file.
pub(crate) const SECRETS: &str = "config/secrets.toml";
const SECRETS_HEAD: &str = "\
# The credentials of the sources on this machine, one table for each source's id. Only you may read this file: its mode
# stays 600. The environment variable TRUECOUNT_SECRET_<ID> may hold them as a JSON object instead.
";
/// What to do after `init`.
const NEXT_STEPS: &str = "\
Next:
1. Enable your PSA and your sources in settings.toml; write who gets mail, and on
   one machine who sends it.
2. Write each product that you bill in rules.toml, with what counts it.
3. Store the credentials of each source: `truecount secrets set SOURCE`.
4. Check it all: `truecount rules check`, then `truecount doctor`.
5. Read the sources: `truecount sync`.";

pub(crate) fn init(cli: &Cli, args: &InitArgs) -> anyhow::Result<Ending> {
    let mut settings = SETTINGS_HEAD.to_owned();
    for connector in SOURCE_KINDS {
        let _ = writeln!(settings, "\n# {}: {}.", connector.title, connector.gives);
        if !connector.secret.is_empty() {
            let _ = writeln!(settings, "# Its secret has the fields: {}.", connector.secret.join(", "));
        }
        let _ = writeln!(settings, "#[[sources]]\n#id = \"{0}\"\n#connector = \"{0}\"", connector.name);
        for line in connector.options.trim().lines() {
            let _ = match line.strip_prefix("# ") {
                Some(option) if is_option(option) => writeln!(settings, "##{option}"),
                Some(_) => writeln!(settings, "{line}"),
                None if line.is_empty() => writeln!(settings, "#"),
                None => writeln!(settings, "#{line}"),
            };
        }
    }
    let mut secrets = SECRETS_HEAD.to_owned();
    for connector in SOURCE_KINDS.iter().filter(|connector| !connector.secret.is_empty()) {
        let _ = writeln!(secrets, "\n#[{}]", connector.name);
        connector.secret.iter().for_each(|field| _ = writeln!(secrets, "#{field} = \"\""));
    }
    secrets.push_str("\n# The mail server's password, for [mail.smtp].\n#[smtp]\n#password = \"\"\n");
    let kinds = SOURCE_KINDS.iter().map(|kind| Ok((SourceId::new(kind.name)?, kind)));
    let rules = starter_rules(&kinds.collect::<anyhow::Result<Vec<_>>>()?);
    let mut written = Vec::new();
    for (key, text) in [(SETTINGS_FILE, settings.as_str()), (RULES_FILE, rules.as_str()), (SECRETS, secrets.as_str())] {
        let path = args.data.directory().join(key);
        if write_new(&args.data.directory(), &path, text)? {
            written.push(path.display().to_string());
        } else {
            tell(&format!("`{}` exists and was left as it is", path.display()));
        }
    }
    if cli.json {
        json(&written)?;
    } else {
        for path in &written {
            say(path);
        }
        tell(NEXT_STEPS);
    }
    Ok(Ending::Clean)
}

/// Whether a comment is `key = value` rather than prose.
fn is_option(comment: &str) -> bool {
    comment.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
}

fn write_new(data: &Path, path: &Path, text: &str) -> anyhow::Result<bool> {
    let say_where = || format!("`{}` cannot be written", path.display());
    if let Some(folder) = path.parent() {
        refuse_links(data, folder)?;
        fs::create_dir_all(folder).with_context(say_where)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    match options.open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).with_context(say_where).map(|()| true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(say_where),
    }
}
