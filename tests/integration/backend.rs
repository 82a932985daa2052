//! A home in a temporary folder, with settings and rules.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use truecount_app::{
    Config, Deadline, Environment, MailPolicy, Quiet, ReconcileAnswer, ReportAnswer, RunKind, SyncAnswer,
};
use truecount_embedded::{Durability, LocalBackend};
use truecount_platform::FixedClock;

pub(crate) struct TestBackend {
    pub(crate) env: Environment,
    pub(crate) config: Config,
    pub(crate) folder: tempfile::TempDir,
    _home: LocalBackend,
}

pub(crate) const NOW: &str = "2026-06-30T20:00:00Z";

impl TestBackend {
    pub(crate) async fn new(settings: &str, rules: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("config/settings.toml", settings);
        write("config/rules.toml", rules);
        for (name, text) in files {
            write(name, text);
        }
        let home = LocalBackend::open(folder.path(), Durability::Bulk).unwrap();
        let env = Environment {
            table: home.table(),
            archive: home.archive(),
            config: home.config(),
            mailer: home.mailer(),
            secrets: home.secrets(),
            clock: Arc::new(FixedClock(NOW.parse().unwrap())),
            is_exclusive: false,
            progress: Arc::new(Quiet),
        };
        let config = Config::load(&*env.config).await.unwrap();
        Self { env, config, folder, _home: home }
    }

    /// Turns the clock to the evening of a day.
    pub(crate) fn on(&mut self, day: &str) {
        self.env.clock = Arc::new(FixedClock(format!("{day}T20:00:00Z").parse().unwrap()));
    }

    /// Puts a file into a source's inbox.
    pub(crate) fn drop_file(&self, source: &str, name: &str, text: &str) {
        let folder = self.folder.path().join("archive/inbox/sources").join(source);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
    }

    /// A draft of June 2026: its run's id.
    pub(crate) async fn draft(&self) -> String {
        let month = Some("2026-06".parse().unwrap());
        let answer = truecount_app::reconcile(&self.env, &self.config, month, &RunKind::Draft, soon()).await.unwrap();
        let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
        run_id
    }

    pub(crate) async fn sync(&self, source: &str) -> SyncAnswer {
        truecount_app::sync(&self.env, &self.config.settings, source, soon()).await.unwrap()
    }

    /// Closes June 2026 and gives the run's id.
    pub(crate) async fn close(&self) -> String {
        let month = Some("2026-06".parse().unwrap());
        let wanted = RunKind::Closing { replace: None };
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

    pub(crate) fn mails(&self) -> Vec<String> {
        files(&self.folder.path().join("outbox"))
    }
}

pub(crate) fn soon() -> Deadline {
    Deadline::in_seconds(600)
}

/// The names in a folder, sorted; none if it is not there.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
