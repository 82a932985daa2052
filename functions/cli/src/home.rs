//! Opens the homes that the settings name: this machine's folder, or AWS.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use truecount_app::{Config, Environment, HomeSettings, Settings, SmtpSettings, SmtpTls, keys};
use truecount_embedded::{Durability, Home, SmtpServer};
use truecount_platform::{Clock, FixedClock, SystemClock};

use crate::args::Cli;
use crate::output::Spinner;

/// Everything open, with what keeps it so.
pub(crate) struct Opened {
    pub(crate) env: Environment,
    pub(crate) config: Config,
    _home: Option<Home>,
}

impl Opened {
    /// A home that is open already.
    pub(crate) fn new(env: Environment, config: Config, home: Home) -> Self {
        Self { env, config, _home: Some(home) }
    }
}

/// Opens the home of `--data`, with its settings and rules.
pub(crate) async fn open(cli: &Cli) -> anyhow::Result<Opened> {
    let path = cli.data.join(keys::SETTINGS);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            anyhow::bail!(
                "`{}` is not there; `truecount init --data {}` writes one to begin with, `truecount demo` needs none",
                path.display(),
                cli.data.display()
            )
        }
        Err(error) => return Err(error).with_context(|| format!("`{}` cannot be read", path.display())),
    };
    match Settings::parse(&text)?.home {
        HomeSettings::Embedded => {
            let (mut env, home) = embedded(&cli.data, Durability::Safe, clock()?)?;
            let config = Config::load(&*env.config).await?;
            if let Some(smtp) = &config.settings.mail.smtp {
                env.mailer = Arc::new(home.smtp_mailer(server(smtp, &cli.data)));
            }
            Ok(Opened { env, config, _home: Some(home) })
        }
        HomeSettings::Aws { table, bucket, secrets, endpoint } => {
            let env =
                truecount_app::aws_environment(&truecount_app::AwsHome { table, bucket, secrets, endpoint }, clock()?)?;
            let env = Environment { progress: Arc::new(Spinner::new()), ..env };
            let config = Config::load(&*env.config).await?;
            Ok(Opened { env, config, _home: None })
        }
    }
}

/// The mail server of the settings; its `ca_file` is looked for beside them.
fn server(smtp: &SmtpSettings, data: &Path) -> SmtpServer {
    SmtpServer {
        host: smtp.host.clone(),
        port: smtp.port,
        tls: match smtp.tls {
            SmtpTls::StartTls => truecount_embedded::SmtpTls::StartTls,
            SmtpTls::Tls => truecount_embedded::SmtpTls::Tls,
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
) -> anyhow::Result<(Environment, Home)> {
    let home = Home::open(data, durability)?;
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
fn clock() -> anyhow::Result<Arc<dyn Clock>> {
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
