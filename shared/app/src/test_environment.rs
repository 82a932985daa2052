//! What the unit tests of the jobs share: an environment on the embedded backend, snapshots written straight into its
//! store, and a mailer that answers by a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{
    Account, Agreement, BilledLine, BillingMonth, Currency, ReadReason, ReadState, SourceId, UsageItem,
};
use truecount_embedded::{Durability, LocalBackend};
use truecount_platform::{Archive, FixedClock, Mail, MailError, Mailer, Ports, async_trait};
use truecount_store::{
    AccountContent, Fence, LeaseMode, MappingDecision, MappingRecord, Retention, SnapshotAccount, SnapshotId,
    SnapshotManifest, SnapshotWords, SnapshotWriter, Store, SyncStatus,
};

use crate::mapping::MappingWorkspace;
use crate::{Config, Deadline, Environment};

/// A PSA and an RMM, and two groups that are mailed.
pub(crate) const SETTINGS: &str = r#"
[mail]
from = "truecount@msp.example"

[[mail.groups]]
id = "owner"
to = ["owner@msp.example"]

[[mail.groups]]
id = "clerk"
to = ["clerk@msp.example"]

[[sources]]
id = "psa"
connector = "file"
side = "agreed"

[[sources]]
id = "rmm"
connector = "file"
side = "used"
"#;

pub(crate) const RULES: &str = r#"
[services]
MNG-SRV = { count = "rmm.server" }
"#;

/// Rules that count nothing, for settings without the RMM.
pub(crate) const FLAT_RULES: &str = "[services]\nMNG-SRV = { flat = true }\n";

/// The day on which a [`TestEnvironment`] begins: the last of its month.
pub(crate) const TODAY: &str = "2026-06-30";

pub(crate) struct TestEnvironment {
    pub(crate) env: Environment,
    pub(crate) config: Config,
    pub(crate) mailer: Arc<ScriptedMailer>,
    // Dropped after the environment: the backend closes the table's file.
    backend: LocalBackend,
    _folder: tempfile::TempDir,
}

impl TestEnvironment {
    /// Nothing is synced yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backend = LocalBackend::open(folder.path(), Durability::Bulk).unwrap();
        let mailer = Arc::new(ScriptedMailer::default());
        let ports = Ports { mailer: mailer.clone(), ..backend.ports() };
        let env = Environment::shared(ports, Arc::new(FixedClock(Timestamp::UNIX_EPOCH)));
        let config = config(SETTINGS, RULES);
        let mut test = Self { env, config, mailer, backend, _folder: folder };
        test.on(TODAY);
        test
    }

    /// Both sources are synced today: a client is billed for two servers and has three, another for one and has none.
    pub(crate) async fn synced() -> Self {
        let test = Self::new();
        let clients = [billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1)];
        test.commit("psa", TODAY, &clients).await;
        test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 3), used("a2", "Quiet Quay", 0)]).await;
        test
    }

    /// The archive that it works in.
    pub(crate) fn archive(&self) -> Arc<dyn Archive> {
        self.backend.ports().archive
    }

    /// Works in another archive from now on.
    pub(crate) fn work_in(&mut self, archive: Arc<dyn Archive>) {
        self.env.store = Store::new(self.backend.ports().table, archive, LeaseMode::Shared);
    }

    /// Works alone from now on: a lease that is found is of a process that died.
    pub(crate) fn work_alone(&mut self) {
        let ports = self.backend.ports();
        self.env.store = Store::new(ports.table, ports.archive, LeaseMode::SingleProcess);
    }

    /// The table is gone from now on.
    pub(crate) fn lose_table(&mut self) {
        let endpoint = truecount_platform::endpoint::checked(self.backend.table_endpoint()).unwrap();
        let table = truecount_platform::aws::local_table(&endpoint, "gone");
        self.env.store = Store::new(table, self.backend.archive(), LeaseMode::Shared);
    }

    /// Sets the clock to the evening of a day.
    pub(crate) fn on(&mut self, day: &str) {
        self.env.clock = Arc::new(FixedClock(format!("{day}T20:00:00Z").parse().unwrap()));
    }

    /// Commits a snapshot of a source for a day.
    pub(crate) async fn commit(&self, source: &str, day: &str, contents: &[Content]) -> SnapshotManifest {
        let source = self.config.settings.source(source).unwrap();
        let (store, retention) = (&self.env.store, Retention::of_days(400));
        let as_of: Date = day.parse().unwrap();
        // A second snapshot of one day has the greater number.
        let lease = 1 + SnapshotManifest::list(store, &source.id).await.unwrap().len() as i64;
        let id = SnapshotId { as_of, lease };
        let mut writer = SnapshotWriter::new(store, &source.id, id, retention);
        let mut accounts = Vec::new();
        let mut words = SnapshotWords::default();
        for content in contents {
            content.items.iter().for_each(|item| words.item(item));
            content.lines.iter().for_each(|line| words.line(line));
            let mut entry = SnapshotAccount::describe(&content.as_content(), id, retention).unwrap();
            entry.history.since = Some(as_of);
            (content.change)(&mut entry);
            writer.add(&content.as_content(), &mut entry).unwrap();
            accounts.push(entry);
        }
        writer.finish(&accounts).await.unwrap();
        words.save(store, &source.id, as_of, Fence::at(lease)).await.unwrap();
        let incomplete = accounts.iter().filter(|entry| !entry.account.read_state.is_complete());
        let manifest = SnapshotManifest {
            source: source.id.clone(),
            id,
            connector: source.connector.clone(),
            side: source.side(),
            account_count: accounts.len() as u64,
            incomplete_count: incomplete.count() as u64,
            item_count: accounts.iter().map(SnapshotAccount::total).sum(),
            page_count: 1,
            request_count: 1,
            content_sha256: SnapshotManifest::content_sha256(&accounts, None),
            missing: None,
            receipt: truecount_billing::Receipt::default(),
        };
        manifest.commit(store).await.unwrap();
        manifest
    }

    /// Records that the last sync of a source failed.
    pub(crate) async fn fail(&self, source: &str, day: &str, failure: ReadReason) {
        let (source, as_of) = (source.parse().unwrap(), day.parse().unwrap());
        let status =
            SyncStatus { source, as_of, at: self.env.clock.now(), failure: Some(failure), vendor_ahead_seconds: None };
        status.save(&self.env.store, Fence::NONE).await.unwrap();
    }

    /// Stores what somebody decided about an account of `rmm`, from a month on or for every month.
    pub(crate) async fn decide(&self, account: &str, decision: MappingDecision, from: Option<&str>) -> MappingRecord {
        let (source, account) = (SourceId::new("rmm").unwrap(), account.parse().unwrap());
        let from = from.map(|month| month.parse().unwrap());
        let mut record = MappingRecord {
            from,
            ..MappingRecord::new(source, account, decision, "kim", "asked them", self.env.clock.now())
        };
        record.number = record.append(&self.env.store).await.unwrap();
        record
    }

    pub(crate) async fn workspace(&self) -> MappingWorkspace {
        MappingWorkspace::load(&self.env, &self.config).await.unwrap()
    }
}

pub(crate) fn config(settings: &str, rules: &str) -> Config {
    Config::from_bytes(settings.as_bytes(), rules.as_bytes().to_vec()).unwrap()
}

pub(crate) fn month() -> BillingMonth {
    "2026-06".parse().unwrap()
}

pub(crate) fn soon() -> Deadline {
    Deadline::in_seconds(600)
}

/// What a snapshot has of one account.
pub(crate) struct Content {
    pub(crate) account: Account,
    pub(crate) items: Vec<UsageItem>,
    pub(crate) lines: Vec<BilledLine>,
    /// What else the snapshot's list says about it.
    pub(crate) change: fn(&mut SnapshotAccount),
}

impl Content {
    fn as_content(&self) -> AccountContent<'_> {
        AccountContent { account: &self.account, items: &self.items, lines: &self.lines, moves: &[] }
    }
}

fn content(id: &str, name: &str) -> Content {
    let account = Account::new(id.parse().unwrap(), name, ReadState::Complete);
    Content { account, items: Vec::new(), lines: Vec::new(), change: |_| () }
}

/// A client of the PSA that is billed for so many servers, at 45.50 GBP each.
pub(crate) fn billed(client: &str, name: &str, servers: u32) -> Content {
    let agreement = Agreement::new(format!("agreement-{client}").parse().unwrap(), "Managed services");
    let (line, product) = (format!("line-{client}").parse().unwrap(), "MNG-SRV".parse().unwrap());
    let line = BilledLine::new(line, client.parse().unwrap(), product, Decimal::from(servers), agreement);
    let (unit_price, currency) = (Some(Decimal::new(4550, 2)), Some(Currency::new("GBP").unwrap()));
    let lines = vec![BilledLine { unit_price, currency, ..line }];
    Content { lines, ..content(client, name) }
}

/// A vendor account with so many servers.
pub(crate) fn used(account: &str, name: &str, servers: u32) -> Content {
    let item = |number| UsageItem::new(format!("{account}-{number}").parse().unwrap(), "server");
    Content { items: (0..servers).map(item).collect(), ..content(account, name) }
}

/// Its items stand at these sites, one each.
pub(crate) fn at_sites(account: &str, name: &str, sites: &[&str]) -> Content {
    let mut content = used(account, name, u32::try_from(sites.len()).unwrap());
    for (item, site) in content.items.iter_mut().zip(sites) {
        item.attributes.insert("site".to_owned(), (*site).to_owned());
    }
    content
}

pub(crate) fn confirmed(client: &str) -> MappingDecision {
    MappingDecision::Confirmed { client_id: client.parse().unwrap() }
}

pub(crate) fn split(by: &str, parts: &[(&str, &str)]) -> MappingDecision {
    let part = |(value, client): &(&str, &str)| ((*value).to_owned(), client.parse().unwrap());
    MappingDecision::Split { by: by.to_owned(), parts: parts.iter().map(part).collect() }
}

/// How a [`ScriptedMailer`] answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MailAnswer {
    Accept,
    Refuse,
    DeliveryUnknown,
}

/// Answers in turn, then accepts everything; keeps what it was given.
#[derive(Default)]
pub(crate) struct ScriptedMailer {
    answers: Mutex<VecDeque<MailAnswer>>,
    mails: Mutex<Vec<Mail>>,
}

impl ScriptedMailer {
    pub(crate) fn answer(&self, answers: &[MailAnswer]) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// The mails that it was given, whatever it answered.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.mails().into_iter().map(|mail| mail.key).collect()
    }
}

#[async_trait]
impl Mailer for ScriptedMailer {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        self.mails.lock().unwrap().push(mail.clone());
        match self.answers.lock().unwrap().pop_front().unwrap_or(MailAnswer::Accept) {
            MailAnswer::Accept => Ok("id".to_owned()),
            MailAnswer::Refuse => Err(MailError::NotSent("over the quota".into())),
            MailAnswer::DeliveryUnknown => Err(MailError::DeliveryUnknown("timed out".into())),
        }
    }
}
