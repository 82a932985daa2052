//! A stack as it is deployed, on loopback: table, bucket, parameters, a mailbox, the sample's vendors, and between them
//! and the functions the proxy. Deliberately absent: the state machine (`month.rs`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use truecount_billing::{AccountId, ClientId, SourceId};
use truecount_embedded::{Durability, LocalBackend};
use truecount_platform::aws::{self, Endpoints, S3Archive};
use truecount_platform::{Archive, Table};
use truecount_sandbox::{Sample, Vendors};
use truecount_store::{
    IgnoreReason, LeaseMode, MappingDecision, MappingRecord, NoneDecision, NoneRecord, NoneScope, Store,
};

use crate::between::Between;
use crate::lambda::{Function, Setup};
use crate::mailbox::Mailbox;
use crate::policy;

/// The region of everything here.
const REGION: &str = "us-east-1";

/// Which table a stack has.
pub(crate) enum TableKind<'a> {
    /// DynamoDB in this process.
    Embedded,
    /// The same, from a saved state.
    Saved(&'a Saved),
    /// The emulator's.
    Emulator,
}

/// What a stack's table and bucket held.
pub(crate) struct Saved {
    table: tempfile::TempDir,
    objects: Vec<(String, Vec<u8>)>,
}

/// A stack on loopback.
pub(crate) struct Stack {
    pub(crate) sample: Arc<Sample>,
    pub(crate) between: Between,
    pub(crate) mailbox: Mailbox,
    /// The tests' own way to the table, past the proxy.
    pub(crate) table: Table,
    /// The tests' own way to the bucket.
    pub(crate) archive: Arc<S3Archive>,
    variables: BTreeMap<String, String>,
    /// What a function asked for and its role does not allow.
    refused: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
    // Keeps the embedded table open.
    backend: Option<LocalBackend>,
}

/// Where the emulator of S3, SSM and DynamoDB listens.
pub(crate) fn emulator() -> String {
    std::env::var("TRUECOUNT_TEST_ENDPOINT")
        .expect("TRUECOUNT_TEST_ENDPOINT names the emulator: `.ci/e2e` starts it and sets this")
}

/// A name that no other stack of this run has.
pub(crate) fn fresh() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("truecount-{:08}-{:06}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Stack {
    /// Makes everything and puts the sample's settings, rules, secrets, dropped files and decisions there.
    pub(crate) async fn open(sample: &Arc<Sample>, vendors: &Vendors, kind: TableKind<'_>) -> Self {
        let (name, emulator, mailbox) = (fresh(), emulator(), Mailbox::open().await);
        let folder = tempfile::tempdir().unwrap();
        if let TableKind::Saved(saved) = &kind {
            copy(saved.table.path(), folder.path());
        }
        let backend = match kind {
            TableKind::Emulator => None,
            _ => Some(LocalBackend::open(folder.path(), Durability::Bulk).unwrap()),
        };
        let table_url = backend
            .as_ref()
            .map_or(emulator.clone(), |backend| backend.table_endpoint().trim_end_matches('/').to_owned());
        let table_name = if backend.is_some() { "truecount".to_owned() } else { name.clone() };
        let mut targets = vendors.endpoints();
        for (target, url) in
            [("table", &table_url), ("archive", &emulator), ("secrets", &emulator), ("mail", &mailbox.url)]
        {
            targets.insert(target.to_owned(), url.clone());
        }
        let between = Between::open(&targets).await;
        let refused = Arc::<Mutex<Vec<String>>>::default();
        between.hold_to(policy::roles(&name, Arc::clone(&refused)));
        let endpoint = |url: &str| Some(truecount_platform::endpoint::checked(url).unwrap());
        let own = Endpoints { table: endpoint(&table_url), archive: endpoint(&emulator), ..Endpoints::default() };
        let own = aws::local(own);
        let (table, archive) = (own.table(&table_name), Arc::new(own.archive(&name)));
        table.create_if_missing().await.unwrap();
        archive.create_if_missing().await.unwrap();
        let variables: BTreeMap<String, String> = [
            ("TRUECOUNT_TABLE", table_name.as_str()),
            ("TRUECOUNT_BUCKET", &name),
            ("TRUECOUNT_SECRETS", &format!("/{name}")),
            ("TRUECOUNT_SENDER", "truecount@northgate-it.example"),
            ("TRUECOUNT_CONFIGURATION_SET", &name),
            ("TRUECOUNT_ENDPOINT_DYNAMODB", between.address("table")),
            ("TRUECOUNT_ENDPOINT_S3", between.address("archive")),
            ("TRUECOUNT_ENDPOINT_SSM", between.address("secrets")),
            ("TRUECOUNT_ENDPOINT_SES", between.address("mail")),
            ("TRUECOUNT_CLOCK", &sample.now().to_string()),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "operator"),
            ("AWS_SECRET_ACCESS_KEY", "tc-canary-aws-secret"),
            ("AWS_SESSION_TOKEN", "tc-canary-aws-session"),
            ("TRUECOUNT_LOG", "trace"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let stack =
            Self { sample: Arc::clone(sample), between, mailbox, table, archive, variables, refused, folder, backend };
        stack.configure().await;
        match kind {
            TableKind::Saved(saved) => stack.restore(saved).await,
            _ => stack.decide().await,
        }
        put_secrets(&emulator, &name, sample).await;
        stack
    }

    async fn configure(&self) {
        let settings = self.sample.settings_toml(self.between.addresses());
        self.archive.put("config/settings.toml", settings.into_bytes()).await.unwrap();
        self.archive.put("config/rules.toml", self.sample.rules_toml().into_bytes()).await.unwrap();
        for file in self.sample.inbox() {
            let key = format!("inbox/sources/{}/{}", file.source, file.name);
            self.archive.put(&key, file.bytes).await.unwrap();
        }
    }

    async fn decide(&self) {
        decide(&self.store(), &self.sample).await;
    }

    async fn restore(&self, saved: &Saved) {
        for (key, bytes) in &saved.objects {
            self.archive.put(key, bytes.clone()).await.unwrap();
        }
    }

    /// Everything that is stored, and the end of this stack.
    pub(crate) async fn save(mut self) -> Saved {
        let mut objects = Vec::new();
        for entry in self.archive.list("").await.unwrap() {
            if !entry.key.starts_with("config/") {
                let bytes = self.archive.get(&entry.key).await.unwrap().unwrap();
                objects.push((entry.key, bytes));
            }
        }
        // Closes the table's file.
        drop(self.backend.take().expect("only an embedded table can be saved"));
        let table = tempfile::tempdir().unwrap();
        copy(self.folder.path(), table.path());
        Saved { table, objects }
    }

    /// The name of its bucket, and of its secrets' prefix.
    pub(crate) fn name(&self) -> &str {
        &self.variables["TRUECOUNT_BUCKET"]
    }

    /// Starts a process of a function of this stack.
    pub(crate) async fn start(&self, function: &'static str) -> Function {
        self.start_within(function, None).await
    }

    /// The same, with so much address space at the most.
    pub(crate) async fn start_within(&self, function: &'static str, memory_kib: Option<u64>) -> Function {
        let (mut variables, log) = (self.variables.clone(), self.folder.path().join("functions.log"));
        variables.insert("AWS_ACCESS_KEY_ID".to_owned(), function.to_owned());
        Function::start(&Setup { function, variables, log, memory_kib }).await
    }

    /// What its functions asked for that their roles do not allow.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.refused.lock().unwrap().clone()
    }

    /// The environment variables of its functions.
    pub(crate) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The stack's store.
    pub(crate) fn store(&self) -> Store {
        Store::new(self.table.clone(), self.archive.clone(), LeaseMode::Shared)
    }

    /// What the functions logged.
    pub(crate) fn logs(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("functions.log")).unwrap_or_default()
    }
}

/// Appends the sample's decisions.
pub(crate) async fn decide(store: &Store, sample: &Sample) {
    for one in sample.decisions() {
        let mapping = match &one.client_id {
            Some(client) => MappingDecision::Confirmed { client_id: ClientId::new(client).unwrap() },
            None => MappingDecision::Ignored { reason: IgnoreReason::Internal },
        };
        let (source, account_id) = (SourceId::new(&one.source).unwrap(), AccountId::new(&one.account_id).unwrap());
        let decision =
            MappingRecord::new(source, account_id, mapping, one.who.as_str(), one.why.as_str(), sample.now());
        decision.append(store).await.unwrap();
    }
    for one in sample.nones() {
        let none = NoneRecord {
            source: SourceId::new(&one.source).unwrap(),
            scope: NoneScope::Client { client_id: ClientId::new(&one.client_id).unwrap() },
            decision: NoneDecision::None,
            from: None,
            actor: one.who.clone(),
            note: one.why.clone(),
            evidence: Vec::new(),
            synced_on: None,
            decided_at: sample.now(),
            number: 0,
        };
        none.append_after(store, 0).await.unwrap();
    }
}

/// One SecureString per source, as the settings of a stack ask for.
pub(crate) async fn put_secrets(emulator: &str, prefix: &str, sample: &Sample) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (source, fields) in sample.secrets() {
        let fields = serde_json::to_string(&fields).unwrap();
        let body = json!({ "Name": format!("/{prefix}/sources/{source}"), "Type": "SecureString", "Value": fields, "Overwrite": true });
        let answer = client
            .post(emulator)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "AmazonSSM.PutParameter")
            .header("authorization", format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/ssm/aws4_request, SignedHeaders=host, Signature=0"))
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap_or_default());
    }
}

/// Copies the table's files.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        if name.to_string_lossy().starts_with("table.db") {
            std::fs::copy(from.join(&name), to.join(&name)).unwrap();
        }
    }
}

/// The word of an answer's `state`.
pub(crate) fn state(answer: &Value) -> &str {
    answer["state"].as_str().unwrap_or("")
}
