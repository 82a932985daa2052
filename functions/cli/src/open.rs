//! Opens the home that `--data` or `--stack` names: this machine's folder, or a deployed stack.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use truecount_app::{Config, Environment, SmtpEncryption, SmtpSettings, aws_environment, keys};
use truecount_embedded::{Durability, LocalBackend, SmtpMailer, SmtpServer};
use truecount_operator::stack::{self, StackResources};
use truecount_platform::aws::Aws;
use truecount_platform::{Clock, FixedClock, SystemClock};

use crate::args::Cli;
use crate::output::Spinner;

/// Everything open, with what keeps it so.
pub(crate) struct Opened {
    pub(crate) env: Environment,
    pub(crate) config: Config,
    _home: Option<LocalBackend>,
}

impl Opened {
    /// A home that is open already.
    pub(crate) fn new(env: Environment, config: Config, home: LocalBackend) -> Self {
        Self { env, config, _home: Some(home) }
    }
}

/// A home whose settings and rules were not read: they may be missing or wrong.
pub(crate) struct Bare {
    pub(crate) env: Environment,
    pub(crate) place: Place,
    home: Option<LocalBackend>,
}

impl Bare {
    /// The mail server, if this is a folder whose settings name one.
    pub(crate) fn mail_server(&self, config: &Config) -> Option<SmtpMailer> {
        let (Some(home), Place::Folder(folder)) = (&self.home, &self.place) else { return None };
        config.settings.mail.smtp.as_ref().map(|smtp| home.smtp_mailer(server(smtp, folder)))
    }
}

/// Where a home is.
pub(crate) enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A deployed stack.
    Stack {
        /// Its name.
        name: String,
        /// What its parts are called.
        home: Box<StackResources>,
        /// The way to it.
        aws: Box<Aws>,
    },
}

/// Opens the home, with its settings and rules.
pub(crate) async fn open(cli: &Cli) -> anyhow::Result<Opened> {
    let path = cli.data.join(keys::SETTINGS);
    if cli.stack.is_none() && !path.exists() {
        anyhow::bail!(
            "`{}` is not there; `truecount init --data {}` writes one to begin with, `truecount demo` needs none",
            path.display(),
            cli.data.display()
        );
    }
    let Bare { mut env, place, home } = open_bare(cli).await?;
    let mut config = Config::load(&*env.config).await.with_context(|| match &place {
        Place::Folder(folder) => format!("the settings in `{}` cannot be used", folder.display()),
        Place::Stack { name, .. } => format!(
            "the settings of the stack `{name}` cannot be used; `truecount config push DIR --stack {name}` puts others there"
        ),
    })?;
    if let (Some(home), Some(smtp)) = (&home, &config.settings.mail.smtp) {
        env.mailer = Arc::new(home.smtp_mailer(server(smtp, &cli.data)));
    }
    if let (Place::Stack { home, .. }, None) = (&place, &config.settings.mail.from) {
        config.settings.mail.from.clone_from(&home.sender);
    }
    Ok(Opened { env, config, _home: home })
}

/// Opens the home, whatever its settings and rules are.
pub(crate) async fn open_bare(cli: &Cli) -> anyhow::Result<Bare> {
    let Some(name) = &cli.stack else {
        if !cli.data.is_dir() {
            anyhow::bail!("there is no folder `{0}`; `truecount init --data {0}` makes one", cli.data.display());
        }
        let (env, home) = embedded(&cli.data, Durability::Safe, clock()?)?;
        return Ok(Bare { env, place: Place::Folder(cli.data.clone()), home: Some(home) });
    };
    let aws = truecount_app::reach_aws(std::env::var("TRUECOUNT_ENDPOINT").ok().as_deref())?;
    let home = stack::find(&aws, name).await?;
    let env =
        Environment { progress: Arc::new(Spinner::new()), ..aws_environment(&aws, &home.aws_backend(), clock()?) };
    Ok(Bare { env, place: Place::Stack { name: name.clone(), home: Box::new(home), aws: Box::new(aws) }, home: None })
}

/// The mail server of the settings; its `ca_file` is looked for beside them.
fn server(smtp: &SmtpSettings, data: &Path) -> SmtpServer {
    SmtpServer {
        host: smtp.host.clone(),
        port: smtp.port,
        tls: match smtp.tls {
            SmtpEncryption::StartTls => truecount_embedded::SmtpEncryption::StartTls,
            SmtpEncryption::Tls => truecount_embedded::SmtpEncryption::Tls,
        },
        username: smtp.username.clone(),
        ca_file: smtp.ca_file.as_ref().map(|file| data.join("config").join(file)),
    }
}

/// Opens a folder.
pub(crate) fn embedded(
    data: &Path,
    durability: Durability,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(Environment, LocalBackend)> {
    let home = LocalBackend::open(data, durability)?;
    let env = Environment {
        table: home.table(),
        archive: home.archive(),
        config: home.config(),
        mailer: home.mailer(),
        secrets: home.secrets(),
        clock,
        is_exclusive: true,
        progress: Arc::new(Spinner::new()),
    };
    Ok((env, home))
}

/// The machine's clock, or the moment that `TRUECOUNT_CLOCK` names: for trying a month out.
pub(crate) fn clock() -> anyhow::Result<Arc<dyn Clock>> {
    match std::env::var("TRUECOUNT_CLOCK") {
        Ok(text) => {
            let at = text
                .parse()
                .with_context(|| format!("TRUECOUNT_CLOCK `{text}` is not a moment such as 2026-06-30T20:00:00Z"))?;
            Ok(Arc::new(FixedClock(at)))
        }
        Err(_) => Ok(Arc::new(SystemClock)),
    }
}
