//! A local backend in a temporary folder, with settings and rules.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use truecount_app::mapping::{self, MappingRequest, MappingWorkspace};
use truecount_app::{
    AppError, Config, Deadline, Environment, MailPolicy, ReconcileAnswer, ReportAnswer, RunKind, SyncAnswer,
};
use truecount_embedded::{Durability, LocalBackend};
use truecount_platform::FixedClock;
use truecount_sandbox::{Sample, Vendors};
use truecount_store::{LeaseMode, MappingDecision, Store};
use truecount_support::{environment, file_names, write_file};

pub(crate) struct TestBackend {
    pub(crate) env: Environment,
    pub(crate) config: Config,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) backend: LocalBackend,
}

pub(crate) const NOW: &str = "2026-06-30T20:00:00Z";

const SECRETS: &str = "config/secrets.toml";

impl TestBackend {
    pub(crate) async fn new(settings: &str, rules: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_file(folder.path(), "config/settings.toml", settings);
        write_file(folder.path(), "config/rules.toml", rules);
        for (name, text) in files {
            write_file(folder.path(), name, text);
        }
        let backend = LocalBackend::open(folder.path(), Durability::Bulk).unwrap();
        let store = Store::new(backend.table(), backend.archive(), LeaseMode::Shared);
        let env = Environment { store, ..environment(&backend, NOW.parse().unwrap()) };
        let config = Config::load(&env).await.unwrap();
        Self { env, config, folder, backend }
    }

    /// What a sample says, with its vendors where they are.
    pub(crate) async fn of_sample(sample: &Sample, vendors: &Vendors) -> Self {
        let settings = sample.settings_toml(&vendors.endpoints());
        let backend = Self::new(&settings, &sample.rules_toml(), &[(SECRETS, &sample.secrets_toml())]).await;
        #[cfg(unix)]
        fs::set_permissions(backend.folder.path().join(SECRETS), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        backend.drop_files_of(sample);
        backend
    }

    /// Puts the files of a sample into the inboxes of their sources.
    pub(crate) fn drop_files_of(&self, sample: &Sample) {
        for file in sample.inbox() {
            truecount_support::drop_file(self.folder.path(), &file.source, &file.name, &file.bytes);
        }
    }

    /// Sets the clock to the evening of a day.
    pub(crate) fn on(&mut self, day: &str) {
        self.env.clock = Arc::new(FixedClock(format!("{day}T20:00:00Z").parse().unwrap()));
    }

    /// Puts a file into a source's inbox.
    pub(crate) fn drop_file(&self, source: &str, name: &str, text: &str) {
        truecount_support::drop_file(self.folder.path(), source, name, text);
    }

    /// A draft of June 2026: its run's id.
    pub(crate) async fn draft(&self) -> String {
        let month = Some("2026-06".parse().unwrap());
        let answer = truecount_app::reconcile(&self.env, &self.config, month, &RunKind::Draft, soon()).await.unwrap();
        let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
        run_id
    }

    /// Records a decision about an account of `rmm`; returns the notes on it.
    pub(crate) async fn decide(
        &self,
        account: &str,
        decision: MappingDecision,
        from: Option<&str>,
    ) -> Result<Vec<String>, AppError> {
        let workspace = MappingWorkspace::load(&self.env, &self.config).await?;
        let request = MappingRequest {
            source: "rmm".parse().unwrap(),
            account_id: account.parse().unwrap(),
            decision,
            from: from.map(|month| month.parse().unwrap()),
            actor: "kim".to_owned(),
            note: "asked them".to_owned(),
        };
        mapping::decide(&self.env, &workspace, request).await.map(|(_, notes)| notes)
    }

    pub(crate) async fn sync(&self, source: &str) -> SyncAnswer {
        truecount_app::sync(&self.env, &self.config.settings, source, soon()).await.unwrap()
    }

    /// Closes June 2026 and gives the run's id.
    pub(crate) async fn close(&self) -> String {
        let month = Some("2026-06".parse().unwrap());
        let wanted = RunKind::Closing { replace: None, early: false, incomplete: false };
        let answer = truecount_app::reconcile(&self.env, &self.config, month, &wanted, soon()).await.unwrap();
        let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
        run_id
    }

    pub(crate) async fn report(&self, run_id: &str) -> ReportAnswer {
        let month = "2026-06".parse().unwrap();
        truecount_app::report(&self.env, &self.config, month, Some(run_id), MailPolicy::Usual, soon()).await.unwrap()
    }

    pub(crate) fn report_file(&self, run_id: &str, name: &str) -> String {
        let path = self.folder.path().join("archive/reports/2026-06").join(run_id).join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The rows of a sheet of a report, each by its columns.
    pub(crate) fn sheet(&self, run_id: &str, name: &str) -> Vec<BTreeMap<String, String>> {
        rows(&self.report_file(run_id, name))
    }

    pub(crate) fn mails(&self) -> Vec<String> {
        file_names(&self.folder.path().join("outbox"))
    }
}

/// The rows of a sheet's text, each by its columns.
pub(crate) fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

pub(crate) fn soon() -> Deadline {
    Deadline::in_seconds(600)
}
