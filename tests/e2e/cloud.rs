//! The template in the emulator: a stack made by its CloudFormation from SAM's output, with the built functions in its
//! Lambda. Deliberately absent: what the emulator cannot do; `deployable` names it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use truecount_platform::aws::{self, Endpoints, S3Archive};
use truecount_platform::{Archive, Table};
use truecount_sandbox::{Sample, Vendors};
use truecount_store::{LeaseMode, Store};

use crate::between::Between;
use crate::digest::Digest;
use crate::stack::{decide, emulator, fresh, put_secrets};

/// The sender of the sample's mails.
const SENDER: &str = "truecount@northgate-it.example";

/// How long making a stack, or a run of its state machine, may take.
const LIMIT: Duration = Duration::from_secs(300);

/// The bucket of the functions' code.
const CODE: &str = "truecount-code";

/// What a test deploys differently from the template.
#[derive(Debug, Clone, Default)]
pub(crate) struct Otherwise {
    /// Seconds that sync has for an invocation.
    pub(crate) sync_seconds: Option<u64>,
    /// Seconds that report has: so long is its lease after it was ended.
    pub(crate) report_seconds: Option<u64>,
    /// The schedule fires once, then.
    pub(crate) fires_at: Option<Timestamp>,
}

/// A deployed stack.
pub(crate) struct Deployed {
    pub(crate) sample: Arc<Sample>,
    pub(crate) between: Between,
    /// The stack's name.
    pub(crate) name: String,
    /// The stack parameter.
    pub(crate) resources: Value,
    pub(crate) archive: Arc<S3Archive>,
    table: Table,
    mails: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// How a run of the state machine ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: String,
    pub(crate) output: Value,
    /// The emulator's full description of it.
    pub(crate) description: Value,
}

impl Deployed {
    /// Makes the stack, and puts the sample's settings, rules, secrets, dropped files and decisions there.
    pub(crate) async fn open(sample: &Arc<Sample>, vendors: &Vendors, otherwise: &Otherwise) -> Self {
        let (name, emulator) = (fresh(), emulator());
        let mut targets = vendors.endpoints();
        for target in ["table", "archive", "secrets", "mail"] {
            targets.insert(target.to_owned(), emulator.clone());
        }
        let between = Between::open(&targets).await;
        let endpoint = Some(truecount_platform::endpoint::checked(&emulator).unwrap());
        let own = aws::local(Endpoints { table: endpoint.clone(), archive: endpoint, ..Endpoints::default() });
        upload_code(&own.archive(CODE)).await;
        let template = deployable(sample, &between, otherwise);
        own.archive(CODE).put(&format!("{name}.json"), template.to_string().into_bytes()).await.unwrap();
        create(&emulator, &name).await;
        let resources = parameter(&emulator, &format!("/truecount/{name}/stack")).await;
        let text = |key: &str| resources[key].as_str().unwrap().to_owned();
        let (table, archive) = (own.table(&text("table")), Arc::new(own.archive(&text("bucket"))));
        put_secrets(&emulator, text("secrets").trim_start_matches('/'), sample).await;
        let mails = Arc::<Mutex<Vec<_>>>::default();
        let deployed = Self { sample: Arc::clone(sample), between, name, resources, archive, table, mails };
        deployed.configure().await;
        deployed.watch(|_| {});
        deployed
    }

    async fn configure(&self) {
        let settings = self.sample.settings_toml(self.between.addresses());
        self.archive.put("config/settings.toml", settings.into_bytes()).await.unwrap();
        self.archive.put("config/rules.toml", self.sample.rules_toml().into_bytes()).await.unwrap();
        for file in self.sample.inbox() {
            let key = format!("inbox/sources/{}/{}", file.source, file.name);
            self.archive.put(&key, file.bytes).await.unwrap();
        }
        decide(&self.store(), &self.sample).await;
    }

    /// Keeps every mail as it passes, and has `look` see what each request asks.
    pub(crate) fn watch(&self, look: impl Fn(&str) + Send + 'static) {
        let mails = Arc::clone(&self.mails);
        self.between.watch(move |seen, body| {
            if seen.target == "mail" {
                let fields = url::form_urlencoded::parse(body).into_owned().collect::<BTreeMap<String, String>>();
                mails.lock().unwrap().push(STANDARD.decode(&fields["RawMessage.Data"]).unwrap());
            }
            look(&format!("{} {}", seen.target, seen.what));
        });
    }

    /// The mails that SES was given, as they were.
    pub(crate) fn mails(&self) -> Vec<Vec<u8>> {
        self.mails.lock().unwrap().clone()
    }

    /// The stack's store.
    fn store(&self) -> Store {
        Store::new(self.table.clone(), self.archive.clone(), LeaseMode::Shared)
    }

    /// What the month left behind.
    pub(crate) async fn digest(&self) -> Digest {
        Digest::of(&self.store(), &*self.archive, &self.mails(), self.sample.month(), &self.sample.sources()).await
    }

    /// Starts the state machine; gives the execution's ARN.
    pub(crate) async fn start(&self, input: Value) -> String {
        let machine = &self.resources["state_machine"];
        let ask = json!({ "stateMachineArn": machine, "input": input.to_string() });
        let answer = ask_json(&emulator(), "states", "AWSStepFunctions.StartExecution", &ask).await;
        answer["executionArn"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// The executions so far.
    pub(crate) async fn executions(&self) -> Vec<String> {
        let ask = json!({ "stateMachineArn": self.resources["state_machine"] });
        let answer = ask_json(&emulator(), "states", "AWSStepFunctions.ListExecutions", &ask).await;
        let executions = answer["executions"].as_array().unwrap_or_else(|| panic!("{answer}"));
        executions.iter().map(|one| one["executionArn"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits for the end of an execution.
    pub(crate) async fn end(&self, execution: &str) -> Run {
        let ask = json!({ "executionArn": execution });
        let begun = Instant::now();
        loop {
            let description = ask_json(&emulator(), "states", "AWSStepFunctions.DescribeExecution", &ask).await;
            let status = description["status"].as_str().unwrap_or_else(|| panic!("{description}")).to_owned();
            if status != "RUNNING" {
                let output = serde_json::from_str(description["output"].as_str().unwrap_or("null")).unwrap();
                return Run { status, output, description };
            }
            assert!(begun.elapsed() < LIMIT, "{execution} does not end");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// A run with this input, to its end.
    pub(crate) async fn run(&self, input: Value) -> Run {
        let execution = self.start(input).await;
        self.end(&execution).await
    }

    /// The processes that a function of this stack has.
    pub(crate) fn processes(name: &str, function: &str) -> Vec<u32> {
        let mark = format!("AWS_LAMBDA_FUNCTION_NAME={name}-{function}");
        let entries =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let is_it = |id: &u32| {
            let variables = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            variables.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        entries.filter(is_it).collect()
    }
}

/// The transformed template for what the emulator can do: this machine's processor, no alarms over several metrics or alarms.
/// The functions' calls pass the proxy, and their clock stands at the sample's moment.
fn deployable(sample: &Sample, between: &Between, otherwise: &Otherwise) -> Value {
    let path = std::env::var("TRUECOUNT_TEMPLATE")
        .expect("TRUECOUNT_TEMPLATE names the transformed template: `.ci/e2e` makes it");
    let mut template: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let resources = template["Resources"].as_object_mut().unwrap();
    resources.retain(|_, one| {
        let is_of_several = !one["Properties"]["Metrics"].is_null() && one["Type"] == "AWS::CloudWatch::Alarm";
        !is_of_several && one["Type"] != "AWS::CloudWatch::CompositeAlarm"
    });
    for (function, file) in [("SyncFunction", "sync"), ("ReconcileFunction", "reconcile"), ("ReportFunction", "report")]
    {
        let properties = &mut resources[function]["Properties"];
        properties["Architectures"] = json!(["x86_64"]);
        properties["Code"] = json!({ "S3Bucket": CODE, "S3Key": format!("{file}.zip") });
        let variables = &mut properties["Environment"]["Variables"];
        variables["TRUECOUNT_CLOCK"] = json!(sample.now().to_string());
        for (service, target) in [("DYNAMODB", "table"), ("S3", "archive"), ("SSM", "secrets"), ("SES", "mail")] {
            variables[format!("TRUECOUNT_ENDPOINT_{service}")] = json!(between.address(target));
        }
    }
    for (function, seconds) in [("SyncFunction", otherwise.sync_seconds), ("ReportFunction", otherwise.report_seconds)]
    {
        if let Some(seconds) = seconds {
            resources[function]["Properties"]["Timeout"] = json!(seconds);
        }
    }
    if let Some(at) = otherwise.fires_at {
        let at = at.strftime("%Y-%m-%dT%H:%M:%S");
        resources["Daily"]["Properties"]["ScheduleExpression"] = json!(format!("at({at})"));
    }
    template
}

/// Puts the zips of the functions where CloudFormation finds them, once.
async fn upload_code(code: &S3Archive) {
    static DONE: tokio::sync::Mutex<bool> = tokio::sync::Mutex::const_new(false);
    let mut is_done = DONE.lock().await;
    if *is_done {
        return;
    }
    code.create_if_missing().await.unwrap();
    let folder = PathBuf::from(
        std::env::var("TRUECOUNT_ZIPS").expect("TRUECOUNT_ZIPS names the zips' folder: `.ci/e2e` makes it"),
    );
    for file in ["sync.zip", "reconcile.zip", "report.zip"] {
        code.put(file, std::fs::read(folder.join(file)).unwrap()).await.unwrap();
    }
    *is_done = true;
}

/// Makes the stack and waits until all of it is there.
async fn create(emulator: &str, name: &str) {
    let url = format!("{emulator}/{CODE}/{name}.json");
    let fields = [
        ("Action", "CreateStack"),
        ("StackName", name),
        ("TemplateURL", &url),
        ("Capabilities.member.1", "CAPABILITY_IAM"),
        ("Parameters.member.1.ParameterKey", "Sender"),
        ("Parameters.member.1.ParameterValue", SENDER),
        ("Parameters.member.2.ParameterKey", "AlarmAddress"),
        ("Parameters.member.2.ParameterValue", SENDER),
        // The emulator makes no DKIM tokens, which are among the outputs for a domain.
        ("Parameters.member.3.ParameterKey", "SenderIdentity"),
        ("Parameters.member.3.ParameterValue", "address"),
    ];
    let answer = ask_form(emulator, "cloudformation", &fields).await;
    assert!(answer.contains("<StackId>"), "{answer}");
    let begun = Instant::now();
    loop {
        let answer = ask_form(emulator, "cloudformation", &[("Action", "DescribeStacks"), ("StackName", name)]).await;
        if answer.contains("<StackStatus>CREATE_COMPLETE<") {
            return;
        }
        if !answer.contains("<StackStatus>CREATE_IN_PROGRESS<") || begun.elapsed() > LIMIT {
            let events =
                ask_form(emulator, "cloudformation", &[("Action", "DescribeStackEvents"), ("StackName", name)]).await;
            panic!("the stack was not made: {answer}\n{events}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A parameter's value, read as JSON.
async fn parameter(emulator: &str, name: &str) -> Value {
    let answer = ask_json(emulator, "ssm", "AmazonSSM.GetParameter", &json!({ "Name": name })).await;
    let value = answer["Parameter"]["Value"].as_str().unwrap_or_else(|| panic!("{name}: {answer}"));
    serde_json::from_str(value).unwrap()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn signed(service: &str) -> String {
    let scope = format!("test/20260101/us-east-1/{service}/aws4_request");
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0")
}

/// A call of AWS's JSON protocol.
pub(crate) async fn ask_json(emulator: &str, service: &str, target: &str, body: &Value) -> Value {
    let request = client().post(emulator).header("content-type", "application/x-amz-json-1.1");
    let request = request.header("x-amz-target", target).header("authorization", signed(service));
    let text = request.body(body.to_string()).send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{target}: {text}"))
}

/// A call of AWS's query protocol.
pub(crate) async fn ask_form(emulator: &str, service: &str, fields: &[(&str, &str)]) -> String {
    let request = client().post(emulator).header("authorization", signed(service)).form(fields);
    request.send().await.unwrap().text().await.unwrap()
}

/// A call of AWS's REST protocols, that succeeds.
pub(crate) async fn ask_rest(service: &str, method: reqwest::Method, path: &str, body: &Value) -> Value {
    let request = client().request(method, format!("{}{path}", emulator())).header("authorization", signed(service));
    let answer = request.body(if body.is_null() { String::new() } else { body.to_string() }).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{path}: {status}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

/// Calls a function without waiting for its answer.
pub(crate) async fn call_later(function: &str, event: &Value) {
    let url = format!("{}/2015-03-31/functions/{function}/invocations", emulator());
    let request = client().post(url).header("authorization", signed("lambda")).header("x-amz-invocation-type", "Event");
    let status = request.body(event.to_string()).send().await.unwrap().status();
    assert_eq!(status, 202, "{function}");
}

/// How many mails the emulator's SES has accepted.
pub(crate) async fn taken_by_ses() -> usize {
    let address = format!("{}/_ministack/ses/messages", emulator());
    let text = client().get(address).send().await.unwrap().text().await.unwrap();
    text.matches("\"MessageId\"").count()
}
