//! `doctor` in a backend where all is well, then with one problem planted after the other: each is found, with what to
//! do, and nothing else is said to be wrong.

use std::collections::BTreeMap;
use std::fs;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use truecount_app::{Config, Environment, SyncAnswer, closing_expected};
use truecount_billing::SourceId;
use truecount_embedded::{Durability, LocalBackend};
use truecount_operator::doctor::{self, CheckResult, CheckStatus, CheckedBackend};
use truecount_operator::inspector::AwsInspector;
use truecount_operator::name_servers::NameServers;
use truecount_operator::stack::{self, StackResources};
use truecount_platform::aws::{self, Endpoints};
use truecount_platform::{FixedClock, endpoint};
use truecount_sandbox::{FaultProfile, Sample, Vendors};
use truecount_store::{IgnoreReason, LeaseMode, MappingDecision, MappingRecord, SnapshotManifest, Store};
use truecount_support::{DnsAnswer, NameServer};

use crate::backend::soon;
use crate::cloud::{Answers, CloudStandIn};

const HOME: &str = r#"{"table":"truecount","bucket":"b","secrets":"/truecount/prod","state_machine":"arn:s",
    "schedule":"daily","schedule_group":"default","topic":"arn:aws:sns:us-east-1:123456789012:alarms",
    "alarm":"prod","sender":"truecount@northgate-it.example","configuration_set":"prod","kms_key":"","functions":{"sync":"s","reconcile":"r","report":"p"}}"#;

const DMARC: &str = "_dmarc.northgate-it.example";

/// A backend on this machine that is asked about as if it were a stack.
struct Clinic {
    sample: Sample,
    vendors: Vendors,
    cloud: CloudStandIn,
    dns: NameServer,
    stack: StackResources,
    env: Environment,
    folder: tempfile::TempDir,
    backend: LocalBackend,
    /// The Microsoft tenants by name, in the settings' words; empty: those of the partner, one of which refuses.
    tenants: String,
    /// Faults that were found so far.
    found: Vec<&'static str>,
}

/// A line that must be there, and the only topic that may be bad.
struct Expected {
    topic: &'static str,
    about: Option<&'static str>,
    status: CheckStatus,
    message: &'static str,
    fix: &'static str,
}

impl Clinic {
    async fn open(tenants: String) -> Self {
        let sample = Sample::small(6, "2026-06".parse().unwrap());
        let vendors = Vendors::start(Arc::new(sample.clone())).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let backend = LocalBackend::open(folder.path(), Durability::Bulk).unwrap();
        let cloud = CloudStandIn::open(Answers {
            a_day: 50_000,
            sent: 3,
            is_in_production: true,
            is_sending: true,
            verified: ["northgate-it.example".to_owned()].into(),
            mail_from: Some("SUCCESS"),
            suppressed: [].into(),
            is_enabled: Some(true),
            confirmed: 1,
            pending: 0,
            alarms: vec![("ErrorsAlarm", "OK"), ("MissingRunAlarm", "OK")],
            ahead_seconds: 0,
            backend: Some(HOME.to_owned()),
            denied: [].into(),
        })
        .await;
        let env = truecount_support::environment(&backend, sample.now());
        let stack = serde_json::from_str(HOME).unwrap();
        let dns = NameServer::start([(DMARC, DnsAnswer::text("v=DMARC1; p=none"))]);
        let clinic = Self { sample, vendors, cloud, dns, stack, env, folder, backend, tenants, found: Vec::new() };
        clinic.write("config/settings.toml", &clinic.settings());
        clinic.write("config/rules.toml", &clinic.sample.rules_toml());
        clinic.secrets(|_| {}, 0o600);
        for file in clinic.sample.inbox() {
            let text = String::from_utf8(file.bytes).unwrap();
            clinic.write(&format!("archive/inbox/sources/{}/{}", file.source, file.name), &text);
        }
        clinic
    }

    fn settings(&self) -> String {
        let settings = self.sample.settings_toml(&self.vendors.endpoints());
        let named = |line: &str| !self.tenants.is_empty() && line.starts_with("partner_tenant");
        let lines = settings.lines().map(|line| if named(line) { &self.tenants } else { line });
        lines.map(|line| format!("{line}\n")).collect()
    }

    /// The tenants that let us read, in the settings' words.
    async fn readable_tenants(&self) -> String {
        let (source, config) = (SourceId::new("microsoft-graph").unwrap(), self.config().await);
        let today = config.settings.today(&self.env);
        let newest = SnapshotManifest::newest(&self.env.store, &source, today).await.unwrap().unwrap();
        let entries = newest.accounts(&self.env.store).await.unwrap();
        let readable = entries.iter().filter(|entry| entry.account.read_state.is_complete());
        let named = |entry: &truecount_store::SnapshotAccount| {
            format!("{{ id = \"{}\", name = \"{}\" }}", entry.account.id, entry.account.name)
        };
        format!("tenants = [{}]", readable.map(named).collect::<Vec<_>>().join(", "))
    }

    fn write(&self, name: &str, text: &str) {
        truecount_support::write_file(self.folder.path(), name, text);
    }

    /// Writes the sample's secrets, changed.
    fn secrets(&self, change: impl Fn(&mut BTreeMap<String, BTreeMap<String, String>>), mode: u32) {
        let mut secrets = self.sample.secrets();
        change(&mut secrets);
        self.write("config/secrets.toml", &truecount_sandbox::secrets_toml(&secrets));
        let path = self.folder.path().join("config/secrets.toml");
        #[cfg(unix)]
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    async fn examine(&self) -> Vec<CheckResult> {
        let cloud = AwsInspector::local(&endpoint::checked(&self.cloud.url).unwrap());
        let servers = NameServers::at(self.dns.address, Duration::from_secs(5));
        doctor::examine(&self.env, CheckedBackend::Stack(&self.stack, &cloud, &servers)).await
    }

    /// Looks, and holds what is bad against what must be.
    async fn finds(&mut self, problem: &'static str, expected: &Expected) {
        let lines = self.examine().await;
        judge(problem, &lines, expected);
        self.found.push(problem);
    }

    async fn is_well(&self) {
        let (next_run, lines): (Vec<_>, Vec<_>) =
            self.examine().await.into_iter().partition(|line| line.topic == NEXT_RUN);
        assert!(next_run.iter().any(|line| line.message.contains(" compared")), "{next_run:#?}");
        let bad: Vec<_> = lines.iter().filter(|line| line.status != CheckStatus::Ok).collect();
        assert!(bad.is_empty(), "{bad:#?}");
        assert!(lines.iter().all(|line| line.fix.is_none()));
        for topic in
            ["identity", "table", "files", "settings", "rules", "recipients", "sender", "dmarc", "mail", "secret"]
        {
            assert!(lines.iter().any(|line| line.topic == topic), "{topic}");
        }
        for topic in ["vendor", "rights", "sync", "products", "mappings", "clock", "schedule", "alarms", "closing"] {
            assert!(lines.iter().any(|line| line.topic == topic), "{topic}");
        }
    }

    async fn config(&self) -> Config {
        Config::load(&self.env).await.unwrap()
    }

    async fn sync_all(&self) {
        let config = self.config().await;
        for source in config.settings.enabled() {
            let answer = truecount_app::sync(&self.env, &config.settings, source.id.as_str(), soon()).await.unwrap();
            assert!(matches!(answer, SyncAnswer::Committed { .. }), "{answer:?}");
        }
    }

    /// Nobody is billed for what nobody was mapped to.
    async fn decide_all(&self) {
        let config = self.config().await;
        for source in config.settings.enabled().filter(|source| source.connector != "connectwise") {
            let today = config.settings.today(&self.env);
            let newest = SnapshotManifest::newest(&self.env.store, &source.id, today).await.unwrap().unwrap();
            for entry in newest.accounts(&self.env.store).await.unwrap() {
                let ignored = MappingDecision::Ignored { reason: IgnoreReason::NotOurs };
                let (source, now) = (source.id.clone(), self.env.clock.now());
                let decision = MappingRecord::new(source, entry.account.id, ignored, "kim", "a test", now);
                decision.append(&self.env.store).await.unwrap();
            }
        }
    }
}

/// What a run would come to: the sample has what is not reconciled, and whatever is wrong shows in it.
const NEXT_RUN: &str = "next run";

fn judge(problem: &str, lines: &[CheckResult], expected: &Expected) {
    let bad: Vec<_> = lines.iter().filter(|line| line.status != CheckStatus::Ok).collect();
    let is_it = |line: &&&CheckResult| {
        line.topic == expected.topic
            && line.status == expected.status
            && (expected.about.is_none() || line.about.as_deref() == expected.about)
            && line.message.contains(expected.message)
            && line.fix.as_ref().is_some_and(|fix| fix.contains(expected.fix))
    };
    assert!(bad.iter().any(|line| is_it(&line)), "{problem} is not found: {bad:#?}");
    let is_expected = |line: &&CheckResult| line.topic == expected.topic || line.topic == NEXT_RUN;
    assert!(bad.iter().all(is_expected), "{problem}: a false alarm: {bad:#?}");
    for line in lines {
        assert!(!line.message.contains("tc-canary"), "{problem}: a secret is shown: {line:?}");
    }
}

fn gap(topic: &'static str, about: &'static str, message: &'static str, fix: &'static str) -> Expected {
    Expected { topic, about: Some(about), status: CheckStatus::Warning, message, fix }
}

fn problem(topic: &'static str, message: &'static str, fix: &'static str) -> Expected {
    Expected { topic, about: None, status: CheckStatus::Error, message, fix }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_planted_fault_is_found_with_what_to_do() {
    let mut first = Clinic::open(String::new()).await;
    let is_of_it = |line: &CheckResult| ["products", "mappings"].contains(&line.topic);
    let (of_it, lines): (Vec<_>, Vec<_>) = first.examine().await.into_iter().partition(is_of_it);
    assert!(of_it.len() == 2 && of_it.iter().all(|line| line.message.contains("was synced, so there is nothing to")));
    judge("source never synced", &lines, &gap("sync", "ninjaone", "never synced", "truecount sync ninjaone"));
    first.found.push("source never synced");
    first.sync_all().await;
    first.decide_all().await;
    let part = gap("sync", "microsoft-graph", "incomplete, 1 of 2 vendor accounts", "truecount sync microsoft-graph");
    first.finds("source read in part", &part).await;

    let mut clinic = Clinic::open(first.readable_tenants().await).await;
    clinic.found.append(&mut first.found);
    clinic.sync_all().await;
    let open = Expected {
        status: CheckStatus::Advice,
        ..gap("mappings", "ninjaone", "undecided", "mappings list --undecided")
    };
    clinic.finds("accounts undecided", &open).await;
    clinic.decide_all().await;
    clinic.is_well().await;

    the_stack(&mut clinic).await;
    the_backends(&mut clinic).await;
    the_mail(&mut clinic).await;
    the_secrets(&mut clinic).await;
    the_set_up(&mut clinic).await;
    the_days(&mut clinic).await;
    assert_eq!(clinic.found.len(), 43, "{:?}", clinic.found);
    drop(clinic.backend);
}

/// The stack is not found at all.
async fn the_stack(clinic: &mut Clinic) {
    let endpoints = Endpoints { secrets: endpoint::checked(&clinic.cloud.url).ok(), ..Endpoints::default() };
    let aws = aws::local(endpoints);
    assert!(stack::find(&aws, "prod").await.is_ok());
    let mut judged = |name, error: stack::StackError, expected: Expected| {
        judge(name, &[doctor::stack_not_found(&error)], &expected);
        clinic.found.push(name);
    };
    for (name, backend, expected) in [
        ("stack unknown", None, problem("stack", "no stack `prod` in region us-east-1", "AWS_REGION")),
        ("stack of another version", Some("{}"), problem("stack", "missing field `table`", "deploy the stack again")),
    ] {
        clinic.cloud.answers().backend = backend.map(str::to_owned);
        judged(name, stack::find(&aws, "prod").await.unwrap_err(), expected);
    }
    clinic.cloud.answers().denied.insert("GetParameter");
    let denied = problem("stack", "(ssm:GetParameter)", "operator policy");
    judged("stack denied", stack::find(&aws, "prod").await.unwrap_err(), denied);
    clinic.cloud.answers().backend = Some(HOME.to_owned());
    clinic.cloud.answers().denied.clear();
}

/// Table and bucket.
async fn the_backends(clinic: &mut Clinic) {
    let store = clinic.env.store.clone();
    let url = endpoint::checked(clinic.backend.table_endpoint()).unwrap();
    let elsewhere = aws::local_table(&url, "elsewhere");
    clinic.env.store = Store::new(elsewhere, clinic.backend.archive(), LeaseMode::SingleProcess);
    let lines = clinic.examine().await;
    let line = lines.iter().find(|line| line.topic == "table").unwrap();
    assert_eq!(line.status, CheckStatus::Error, "{line:?}");
    assert!(line.message.contains("`elsewhere`: the table does not exist"), "{line:?}");
    assert!(line.fix.as_ref().unwrap().contains("deploy the stack again"), "{line:?}");
    clinic.found.push("table missing");
    clinic.env.store = store;

    let config = clinic.env.config.clone();
    let endpoints = Endpoints { archive: endpoint::checked(&clinic.cloud.url).ok(), ..Endpoints::default() };
    clinic.env.config = Arc::new(aws::local(endpoints).archive("b"));
    clinic.finds("bucket denied", &problem("files", "access is denied (AccessDenied", "allow `s3:ListBucket`")).await;
    clinic.env.config = config;

    let rules = clinic.folder.path().join("config/rules.toml");
    fs::rename(&rules, clinic.folder.path().join("rules")).unwrap();
    clinic.finds("rules missing", &problem("files", "config/rules.toml` does not exist", "truecount init")).await;
    fs::rename(clinic.folder.path().join("rules"), &rules).unwrap();
    clinic.is_well().await;
}

async fn the_mail(clinic: &mut Clinic) {
    let well = clinic.cloud.answers().clone();
    let stranger = clinic.settings().replace("to = [\"billing@", "to = [\"owner@client.example\", \"billing@");
    clinic.write("config/settings.toml", &stranger);
    *clinic.cloud.answers() = Answers { a_day: 200, is_in_production: false, ..well.clone() };
    clinic
        .finds("SES sandbox", &problem("mail", "sandbox: owner@client.example would get no mail", "production access"))
        .await;
    clinic.write("config/settings.toml", &clinic.settings());
    clinic.is_well().await;

    *clinic.cloud.answers() = Answers { verified: ["billing@northgate-it.example".to_owned()].into(), ..well.clone() };
    let sender = problem("sender", "neither `truecount@northgate-it.example`", "DNS records");
    clinic.finds("sender unverified", &sender).await;
    *clinic.cloud.answers() = Answers { sent: 50_000, ..well.clone() };
    clinic.finds("quota used up", &problem("mail", "sends 0 more mails today", "higher quota")).await;
    for action in ["GetAccount", "GetEmailIdentity", "GetSuppressedDestination"] {
        *clinic.cloud.answers() = Answers { denied: [action].into(), ..well.clone() };
        let fix = format!("allow `ses:{action}`").leak();
        let denied = Expected { about: None, ..gap("mail", "", "access is denied", fix) };
        clinic.finds(action, &denied).await;
    }
    *clinic.cloud.answers() = Answers { is_sending: false, ..well.clone() };
    clinic.finds("sending paused", &problem("mail", "SES has paused sending", "Account dashboard")).await;
    signature(clinic, &well).await;
    *clinic.cloud.answers() = well;
    dmarc(clinic).await;

    let nobody = clinic.settings();
    let (head, rest) = nobody.split_once("[[mail.groups]]").unwrap();
    clinic.write("config/settings.toml", &format!("{head}{}", rest.split_once("\n\n").unwrap().1));
    let nobody = Expected { about: None, ..gap("recipients", "", "nobody receives the mail", "[[mail.groups]]") };
    clinic.finds("recipients missing", &nobody).await;
    clinic.write("config/settings.toml", &clinic.settings());
    clinic.is_well().await;
}

/// What the sender's domain asks receivers to do.
async fn dmarc(clinic: &mut Clinic) {
    let of = |status, message, fix| Expected { topic: "dmarc", about: None, status, message, fix };
    for (name, answer, expected) in [
        ("DMARC record missing", DnsAnswer::NoData, of(CheckStatus::Advice, "has no DMARC record", "DnsDmarc")),
        ("DMARC unknown", DnsAnswer::Code(2), of(CheckStatus::Warning, "could not be looked up", "name server")),
    ] {
        clinic.dns.set(DMARC, answer);
        clinic.finds(name, &expected).await;
    }
    clinic.dns.set(DMARC, DnsAnswer::text("v=DMARC1; p=reject"));
    clinic.is_well().await;
}

/// Mail that is sent, and does not reach its reader.
async fn signature(clinic: &mut Clinic, well: &Answers) {
    let trial = ["truecount@northgate-it.example".to_owned()].into();
    *clinic.cloud.answers() = Answers { verified: trial, ..well.clone() };
    let unsigned = gap("signature", "", "does not sign the mail as `northgate-it.example`", "DnsDkim1");
    clinic.finds("mail not signed", &Expected { about: None, ..unsigned }).await;
    for (name, mail_from, message, fix) in [
        (
            "MAIL FROM not found",
            Some("PENDING"),
            "no MX record of the MAIL FROM domain `bounces.northgate-it",
            "DnsSpf",
        ),
        ("no MAIL FROM", None, "bounces go to amazonses.com", "set a MAIL FROM domain"),
    ] {
        *clinic.cloud.answers() = Answers { mail_from, ..well.clone() };
        let expected = Expected { about: None, status: CheckStatus::Advice, ..gap("signature", "", message, fix) };
        clinic.finds(name, &expected).await;
    }
    *clinic.cloud.answers() =
        Answers { suppressed: ["billing@northgate-it.example".to_owned()].into(), ..well.clone() };
    let suppressed =
        gap("recipients", "", "`billing@northgate-it.example` is on SES's suppression list", "delete-suppressed");
    clinic.finds("recipient suppressed", &Expected { about: None, ..suppressed }).await;
}

async fn the_secrets(clinic: &mut Clinic) {
    clinic.secrets(|all| _ = all.remove("pax8"), 0o600);
    clinic.finds("secret missing", &gap("secret", "pax8", "it is not set", "truecount secrets set pax8")).await;
    clinic.secrets(|all| _ = all.get_mut("pax8").unwrap().remove("client_secret"), 0o600);
    clinic
        .finds("secret incomplete", &gap("secret", "pax8", "lacks client_secret", "truecount secrets set pax8"))
        .await;
    clinic.secrets(|_| {}, 0o644);
    clinic.finds("secrets file open to others", &gap("secret", "pax8", "set its mode to 600", "fix that")).await;
    clinic.secrets(
        |all| _ = all.get_mut("ninjaone").unwrap().insert("client_secret".to_owned(), "tc-canary-old".to_owned()),
        0o600,
    );
    let refused = gap("vendor", "ninjaone", "the vendor refuses the client id and secret", "renew it at the vendor");
    clinic.finds("secret refused by the vendor", &refused).await;
    clinic.secrets(|_| {}, 0o600);
    let of_ninja = "connector = \"ninjaone\"";
    let too_much = format!("{of_ninja}\noauth_scope = \"monitoring management\"");
    clinic.write("config/settings.toml", &clinic.settings().replacen(of_ninja, &too_much, 1));
    let more = gap("rights", "ninjaone", "may also do: management", "give the key only monitoring");
    clinic.finds("key that may do too much", &Expected { status: CheckStatus::Advice, ..more }).await;
    clinic.write("config/settings.toml", &clinic.settings());
    clinic.is_well().await;
    clinic.vendors.set_fault("connectwise", Some(FaultProfile::Refused)).await.unwrap();
    let gone = gap("vendor", "connectwise", "cannot be reached: no connection", "`base_url`");
    clinic.finds("vendor unreachable", &gone).await;
    clinic.vendors.set_fault("connectwise", Some(FaultProfile::HtmlWith200)).await.unwrap();
    let page = gap("vendor", "connectwise", "a web page, not JSON", "`base_url`");
    clinic.finds("a sign-in page in between", &page).await;
    clinic.vendors.set_fault("connectwise", None).await.unwrap();
    clinic.is_well().await;
}

async fn the_set_up(clinic: &mut Clinic) {
    let rules = clinic.sample.rules_toml();
    let mut services: Vec<_> = rules.split("\n[services.").collect();
    let code = services.remove(1).split(']').next().unwrap().to_owned();
    clinic.write("config/rules.toml", &services.join("\n[services."));
    let code: &'static str = code.leak();
    let without =
        Expected { about: None, status: CheckStatus::Advice, ..gap("products", "", code, "with what counts it") };
    clinic.finds("product without rule", &without).await;
    clinic.write("config/rules.toml", &rules);

    let off = clinic.settings().replace("connector = \"pax8\"\n", "connector = \"pax8\"\nenabled = false\n");
    clinic.write("config/settings.toml", &off);
    let idle = gap("rules", "pax8", "services are counted in it, and it is not an enabled source", "enable it");
    clinic.finds("rule for a disabled source", &idle).await;
    let odd = clinic.settings().replace("connector = \"pax8\"\n", "connector = \"pax8\"\nbase_rul = \"x\"\n");
    clinic.write("config/settings.toml", &odd);
    clinic
        .finds("option misspelt", &gap("settings", "pax8", "unknown field `base_rul`", "[[sources]] of `pax8`"))
        .await;
    clinic.write("config/settings.toml", &clinic.settings());
    clinic.is_well().await;
}

async fn the_days(clinic: &mut Clinic) {
    let well = clinic.cloud.answers().clone();
    *clinic.cloud.answers() = Answers { ahead_seconds: 3_600, ..well.clone() };
    clinic.finds("clock off by an hour", &problem("clock", "s behind that of AWS", "NTP")).await;
    *clinic.cloud.answers() = Answers { is_enabled: Some(false), ..well.clone() };
    clinic.finds("schedule disabled", &problem("schedule", "disabled", "Schedule=on")).await;
    *clinic.cloud.answers() = Answers { is_enabled: None, ..well.clone() };
    clinic.finds("schedule missing", &problem("schedule", "there is no schedule `default/daily`", "deploy")).await;
    *clinic.cloud.answers() = Answers { confirmed: 0, pending: 1, ..well.clone() };
    let nobody = Expected { about: None, ..gap("alarms", "", "not confirmed", "click the link") };
    clinic.finds("nobody hears of alarms", &nobody).await;
    for (name, alarms, about, message, fix) in [
        ("no alarms", vec![], None, "there is no alarm `prod`", "deploy the stack again"),
        (
            "first run not made",
            vec![("ErrorsAlarm", "OK"), ("MissingRunAlarm", "INSUFFICIENT_DATA")],
            Some("MissingRunAlarm"),
            "no daily run yet",
            "start the first one now",
        ),
        (
            "alarm raised",
            vec![("ExecutionsAlarm", "ALARM"), ("MissingRunAlarm", "OK")],
            Some("ExecutionsAlarm"),
            "a run of the state machine failed",
            "truecount runs why",
        ),
    ] {
        *clinic.cloud.answers() = Answers { alarms, ..well.clone() };
        clinic.finds(name, &Expected { about, ..gap("alarms", "", message, fix) }).await;
    }
    *clinic.cloud.answers() = Answers { denied: ["DescribeAlarms"].into(), ..well.clone() };
    let denied = gap("alarms", "", "access is denied", "allow `cloudwatch:DescribeAlarms`");
    clinic.finds("alarms denied", &Expected { about: None, ..denied }).await;
    *clinic.cloud.answers() = well;
    clinic.is_well().await;

    let days = |n: i64| Arc::new(FixedClock(clinic.sample.now() + jiff::SignedDuration::from_hours(24 * n)));
    let (later, earlier) = (days(4), days(-60));
    clinic.env.clock = later;
    clinic.finds("syncs too old", &gap("sync", "pax8", "4 days old", "truecount sync pax8")).await;
    // The backend was in use two months ago, and nothing was ever closed.
    clinic.env.clock = earlier;
    closing_expected(&clinic.env, &clinic.config().await.settings.closing).await.unwrap();
    clinic.env.clock = Arc::new(FixedClock(clinic.sample.now()));
    clinic
        .finds("closing overdue", &problem("closing", "never closed: 2026-0", "truecount run --closing --month 2026-0"))
        .await;
}
