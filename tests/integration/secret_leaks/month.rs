//! A month of the sample in a folder, worked through by the functions' own events.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use truecount_app::{Config, Environment};
use truecount_billing::SourceId;
use truecount_embedded::{Durability, LocalBackend, LocalSecrets};
use truecount_lambda::{on_reconcile, on_report, on_sync};
use truecount_platform::aws::{Endpoints, local};
use truecount_platform::{Fields, Row, SecretError, Secrets, fields_from_json};
use truecount_sandbox::{FaultProfile, Sample, Vendors};
use truecount_support::{environment, write_file};

pub(crate) struct Month {
    pub(crate) vendors: Vendors,
    pub(crate) env: Environment,
    pub(crate) folder: tempfile::TempDir,
    sample: Arc<Sample>,
    pub(crate) backend: LocalBackend,
}

/// Hands out the same texts for every source.
struct Given(fn(&str) -> String);

#[async_trait]
impl Secrets for Given {
    async fn source(&self, source: &SourceId) -> Result<Fields, SecretError> {
        let unusable = |why| SecretError::Unusable { source_id: source.clone(), place: "here".to_owned(), why };
        fields_from_json(&(self.0)(source.as_str())).map_err(unusable)
    }
}

impl Month {
    pub(crate) async fn open(sample: &Arc<Sample>) -> Self {
        let vendors = Vendors::start(Arc::clone(sample)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            write_file(folder.path(), name, bytes);
            #[cfg(unix)]
            fs::set_permissions(folder.path().join(name), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        };
        write("config/settings.toml", sample.settings_toml(&vendors.endpoints()).as_bytes());
        write("config/rules.toml", sample.rules_toml().as_bytes());
        write("config/secrets.toml", sample.secrets_toml().as_bytes());
        for file in sample.inbox() {
            write(&format!("archive/inbox/sources/{}/{}", file.source, file.name), &file.bytes);
        }
        let backend = LocalBackend::open(folder.path(), Durability::Bulk).unwrap();
        let env = environment(&backend, sample.now());
        Self { vendors, env, folder, sample: Arc::clone(sample), backend }
    }

    /// Syncs, asks the gate, closes and reports the month; gives all answers.
    pub(crate) async fn work(&self) -> Vec<String> {
        let mut answers = Vec::new();
        for source in self.sample.sources() {
            answers.push(self.sync(source).await);
        }
        let month = self.sample.month();
        for event in [json!({ "closing_due": true }), json!({ "closing": true, "month": month })] {
            answers.push(text(on_reconcile(&self.env, event, deadline()).await));
        }
        let failed = json!({ "failed": { "month": month, "step": "report", "why": "no" } });
        for event in [json!({ "month": month }), failed] {
            answers.push(text(on_report(&self.env, event, deadline()).await));
        }
        answers
    }

    async fn sync(&self, source: &str) -> String {
        Self::sync_in(&self.env, source).await
    }

    async fn sync_in(env: &Environment, source: &str) -> String {
        text(on_sync(env, json!({ "source": source }), deadline()).await)
    }

    /// Every source while its vendor has a fault, but for the one that only takes time.
    pub(crate) async fn sync_with(&self, fault: &FaultProfile) -> Vec<String> {
        let sources: Vec<_> = self.vendors.endpoints().into_keys().collect();
        let sources = if *fault == FaultProfile::TooManyForEver { &[] } else { &sources[..] };
        join_all(sources.iter().map(|source| async move {
            self.vendors.set_fault(source, Some(fault.clone())).await.unwrap();
            let answers = self.sync(source).await;
            self.vendors.set_fault(source, None).await.unwrap();
            answers
        }))
        .await
    }

    /// Every source with a secret that its vendor refuses.
    pub(crate) async fn sync_with_wrong_secrets(&self) -> Vec<String> {
        self.sync_given(|_| {
            let fields = ["client_id", "client_secret", "public_key", "private_key"];
            let wrong: BTreeMap<_, _> = fields.map(|field| (field, format!("tc-canary-wrong-{field}"))).into();
            serde_json::to_string(&wrong).unwrap()
        })
        .await
    }

    /// Every source with a secret that is none.
    pub(crate) async fn sync_with_broken_secrets(&self) -> Vec<String> {
        let mut answers = self.sync_given(|_| "tc-canary-broken".to_owned()).await;
        answers.extend(
            self.sync_given(|_| r#"{"client_id":"tc-canary-broken","client_secret":"tc-canary\n"}"#.to_owned()).await,
        );
        answers
    }

    async fn sync_given(&self, given: fn(&str) -> String) -> Vec<String> {
        let env = Environment { secrets: Arc::new(Given(given)), ..self.env.clone() };
        let mut answers = Vec::new();
        for source in self.vendors.endpoints().keys() {
            answers.push(Self::sync_in(&env, source).await);
        }
        answers
    }

    /// What the public types say of themselves.
    pub(crate) async fn debug_texts(&self) -> Vec<String> {
        let config = Config::load(&self.env).await.unwrap();
        let mut answers = vec![format!("{config:#?}"), format!("{:?} {:?}", self.backend, self.env.store)];
        let secrets = LocalSecrets::new(self.folder.path().join("config/secrets.toml"));
        let aws = local(Endpoints::default());
        answers.push(format!("{secrets:?} {aws:?} {:?} {:?}", aws.secrets("/x"), aws.mailer()));
        for source in config.settings.enabled() {
            answers.push(format!("{:?}", self.env.secrets.source(&source.id).await));
            let connector = truecount_connectors::connect(&source.connector, &source.options).unwrap();
            answers.push(format!("{:?}", connector.endpoint()));
            let Ok(secret) = self.env.secrets.source(&source.id).await else { continue };
            let setup = truecount_connectors::HttpSetup { secret, ..Default::default() };
            answers.push(format!("{:?}", truecount_connectors::Http::new(&connector, setup)));
        }
        answers
    }

    /// The table's rows, by all partitions that there can be.
    pub(crate) async fn rows(&self) -> Vec<Row> {
        let sources: Vec<SourceId> = self.sample.sources().iter().map(|source| source.parse().unwrap()).collect();
        let (until, months) = (self.sample.count_day(), [self.sample.month()]);
        let rows = self.env.store.raw_rows(&sources, until, &months).await.unwrap();
        assert!(rows.len() > 50, "{} rows", rows.len());
        rows
    }
}

fn text(answer: Result<Value, truecount_lambda::HandlerError>) -> String {
    match answer {
        Ok(answer) => answer.to_string(),
        Err(error) => format!("failed: {error} {error:?}"),
    }
}

fn deadline() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap() + 600_000
}
