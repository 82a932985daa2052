//! Opens the data that a command works on: a data directory of this machine, or a deployed stack.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use truecount_app::{Config, Environment, SmtpEncryption, SmtpSettings};
use truecount_embedded::{Durability, LocalBackend, SmtpMailer, SmtpServer};
use truecount_operator::stack::{self, StackResources};
use truecount_platform::aws::{Aws, Endpoints};
use truecount_platform::{Clock, clock_from_variable};
use truecount_store::{LeaseMode, Retention, SETTINGS_FILE};

use crate::args::{BackendArgs, DATA_DIRECTORY, Location};
use crate::output::commands_reach;
use crate::{full_disk, progress};

/// An open backend with its settings and rules.
pub(crate) struct Session {
    pub(crate) env: Environment,
    pub(crate) config: Config,
    // Keeps the table open, and the data directory locked where this command works in it.
    local: Option<LocalBackend>,
}

impl Session {
    pub(crate) fn new(env: Environment, config: Config, local: LocalBackend) -> Self {
        Self { env, config, local: Some(local) }
    }

    /// Whether it is a data directory.
    pub(crate) fn is_directory(&self) -> bool {
        self.local.is_some()
    }

    /// The folder in which mails stay because there is no mail server; `None`: they are sent.
    pub(crate) fn unsent_mails(&self) -> Option<PathBuf> {
        let local = self.local.as_ref().filter(|_| self.config.settings.mail.smtp.is_none());
        local.map(LocalBackend::outbox)
    }

    /// Deletes the snapshots and pages of a data directory that are no longer kept. On a stack the table's TTL and the
    /// bucket's lifecycle rule do that.
    pub(crate) fn delete_expired(&self) -> anyhow::Result<()> {
        let Some(local) = &self.local else { return Ok(()) };
        // Rows expire by the machine's clock. At another moment, such as the demo's, what was just written would
        // count as expired one day, and the run would not find it.
        let away = self.env.clock.now().duration_since(jiff::Timestamp::now()).abs();
        if away > jiff::SignedDuration::from_hours(24) {
            return Ok(());
        }
        let retention = Retention::of_days(self.config.settings.retention.days);
        let today = self.config.settings.today(&self.env);
        local.delete_expired(Retention::folder(), |key| retention.is_expired(key, today))?;
        Ok(())
    }
}

/// An open backend whose settings and rules were not read: they may be missing or wrong.
pub(crate) struct OpenBackend {
    pub(crate) env: Environment,
    pub(crate) target: Target,
    local: Option<LocalBackend>,
}

impl OpenBackend {
    /// The mail server, if this is a data directory whose settings name one.
    pub(crate) fn mail_server(&self, config: &Config) -> Option<SmtpMailer> {
        let (Some(local), Target::Directory(data)) = (&self.local, &self.target) else { return None };
        config.settings.mail.smtp.as_ref().map(|smtp| local.smtp_mailer(smtp_server(smtp, data)))
    }
}

/// What was opened.
pub(crate) enum Target {
    /// A data directory.
    Directory(PathBuf),
    /// A deployed stack.
    Stack { name: String, resources: Box<StackResources>, aws: Box<Aws> },
}

impl Target {
    /// What a command that is printed needs to reach it, too: ` --stack prod`; nothing for the usual directory.
    pub(crate) fn options(&self) -> String {
        let location = match self {
            Self::Directory(data) => Location::Directory(data.clone()),
            Self::Stack { name, .. } => Location::Stack(name.clone()),
        };
        location.options()
    }
}

impl Location {
    fn options(&self) -> String {
        match self {
            Self::Directory(data) if data == Path::new(DATA_DIRECTORY) => String::new(),
            Self::Directory(data) => format!(" --data {}", shell_word(&data.display().to_string())),
            Self::Stack(name) => format!(" --stack {name}"),
        }
    }
}

/// A word as a shell takes it for one.
pub(crate) fn shell_word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@+,".contains(&byte);
    match !text.is_empty() && text.bytes().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// What the data of this machine is opened for. A deployed stack is opened the same way for both.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To work: no other process may.
    Work,
    /// To look at what is there, beside whoever works: nothing is written, not even where nobody may.
    Look,
}

/// Opens the backend with its settings and rules, to work.
pub(crate) async fn open(args: &BackendArgs) -> anyhow::Result<Session> {
    open_for(Purpose::Work, args).await
}

/// Opens the backend with its settings and rules, for a command that only answers questions.
pub(crate) async fn look(args: &BackendArgs) -> anyhow::Result<Session> {
    open_for(Purpose::Look, args).await
}

async fn open_for(purpose: Purpose, args: &BackendArgs) -> anyhow::Result<Session> {
    let location = args.location()?;
    if let Location::Directory(data) = &location {
        require_settings(data)?;
    }
    let OpenBackend { mut env, target, local } = open_location(purpose, location).await?;
    let config = Config::load(&env).await.with_context(|| match &target {
        Target::Directory(data) => format!("the settings in `{}` cannot be used", data.display()),
        Target::Stack { name, .. } => format!(
            "the settings of the stack `{name}` cannot be used; `truecount config push DIR --stack {name}` replaces them"
        ),
    })?;
    if let (Target::Directory(data), Some(local), Some(smtp)) = (&target, &local, &config.settings.mail.smtp) {
        env.mailer = Arc::new(local.smtp_mailer(smtp_server(smtp, data)));
    }
    Ok(Session { env, config, local })
}

/// Before anything is created there: a data directory without settings is most likely the wrong one.
fn require_settings(data: &Path) -> anyhow::Result<()> {
    let settings = data.join(SETTINGS_FILE);
    anyhow::ensure!(
        settings.exists(),
        "`{}` does not exist; `truecount init --data {}` writes one to start from, `truecount demo` needs none",
        settings.display(),
        data.display()
    );
    Ok(())
}

/// Opens the backend, whether or not its settings and rules can be used.
pub(crate) async fn open_backend(purpose: Purpose, args: &BackendArgs) -> anyhow::Result<OpenBackend> {
    open_location(purpose, args.location()?).await
}

async fn open_location(purpose: Purpose, location: Location) -> anyhow::Result<OpenBackend> {
    // Also where it cannot be opened: what is said then may name a command.
    commands_reach(location.options());
    let mut backend = open_there(purpose, location).await?;
    backend.env.command_options = backend.target.options();
    Ok(backend)
}

async fn open_there(purpose: Purpose, location: Location) -> anyhow::Result<OpenBackend> {
    match location {
        Location::Directory(data) => {
            if !data.is_dir() {
                anyhow::bail!("there is no directory `{0}`; `truecount init --data {0}` creates one", data.display());
            }
            full_disk::watch(&data);
            let local = match purpose {
                Purpose::Work => LocalBackend::open(&data, Durability::Safe)?,
                Purpose::Look => LocalBackend::look(&data)?,
            };
            let env = environment(&local, clock()?);
            Ok(OpenBackend { env, target: Target::Directory(data), local: Some(local) })
        }
        Location::Stack(name) => {
            let aws = Aws::new(Endpoints::from_variables(|name| std::env::var(name).ok())?);
            let resources = stack::find(&aws, &name).await?;
            let shared = Environment::shared(resources.aws_backend().ports(&aws), clock()?);
            let sender = Some(resources.sender.clone());
            let env = Environment { progress: progress::observer(), sender, ..shared };
            let target = Target::Stack { name, resources: Box::new(resources), aws: Box::new(aws) };
            Ok(OpenBackend { env, target, local: None })
        }
    }
}

/// The mail server of the settings; a relative `ca_file` is beside them.
fn smtp_server(smtp: &SmtpSettings, data: &Path) -> SmtpServer {
    SmtpServer {
        host: smtp.host.clone(),
        port: smtp.port,
        tls: match smtp.tls {
            SmtpEncryption::StartTls => truecount_embedded::TlsMode::StartTls,
            SmtpEncryption::Tls => truecount_embedded::TlsMode::Tls,
        },
        username: smtp.username.clone(),
        ca_file: smtp.ca_file.as_ref().map(|file| data.join("config").join(file)),
    }
}

/// Opens a data directory.
pub(crate) fn embedded(
    data: &Path,
    durability: Durability,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(Environment, LocalBackend)> {
    full_disk::watch(data);
    let local = LocalBackend::open(data, durability)?;
    Ok((environment(&local, clock), local))
}

fn environment(local: &LocalBackend, clock: Arc<dyn Clock>) -> Environment {
    let alone = Environment::new(local.ports(), clock, LeaseMode::SingleProcess);
    Environment { progress: progress::observer(), ..alone }
}

/// The moment at which the command began, or the time in `TRUECOUNT_CLOCK`: a closing that begins shortly before midnight
/// is one of that day.
pub(crate) fn clock() -> anyhow::Result<Arc<dyn Clock>> {
    Ok(Arc::new(clock_from_variable(std::env::var("TRUECOUNT_CLOCK").ok())?.stopped_at(None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_command_reaches_what_was_opened() {
        let at = |folder: &str| Target::Directory(folder.into()).options();
        assert_eq!(at("truecount-data"), "", "where commands look anyway");
        assert_eq!(at("/srv/truecount"), " --data /srv/truecount");
        assert_eq!(at("Kim's data"), r" --data 'Kim'\''s data'");
    }

    #[test]
    fn a_word_of_a_shell_stays_one() {
        for (text, expected) in
            [("review", "review"), ("a b", "'a b'"), ("", "''"), ("$(rm)", "'$(rm)'"), ("a;b", "'a;b'"), ("-o", "-o")]
        {
            assert_eq!(shell_word(text), expected);
        }
    }
}
