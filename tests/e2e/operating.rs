//! The command line on a deployed stack: its parts found by its name, and every command as on a folder. Deliberately
//! absent: what each command does (their own tests), and faults (`tests/integration/doctor.rs`).

use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use truecount_platform::Archive;
use truecount_sandbox::{Sample, Vendors};

use crate::lambda::binary;
use crate::stack::{Stack, TableKind, emulator};

/// The command line's way to one stack.
struct Prompt<'a> {
    stack: &'a Stack,
    name: String,
    folder: tempfile::TempDir,
    clock: Option<String>,
    /// Whose credentials.
    who: &'static str,
}

impl<'a> Prompt<'a> {
    fn to(stack: &'a Stack) -> Self {
        Self {
            stack,
            name: stack.name().to_owned(),
            folder: tempfile::tempdir().unwrap(),
            clock: None,
            who: "operator",
        }
    }

    /// Stores the names of the stack's parts where the template stores them.
    async fn deploy(&self) {
        let name = &self.name;
        let resources = json!({
            "table": name, "bucket": name, "secrets": format!("/{name}"), "state_machine": "arn:s", "schedule": name,
            "schedule_group": "default", "topic": "arn:aws:sns:us-east-1:000000000000:alarms", "alarm": name,
            "sender": "truecount@northgate-it.example", "configuration_set": name, "kms_key": "",
            "functions": { "sync": "s", "reconcile": "r", "report": "p" },
        });
        let parameter =
            json!({ "Name": format!("/truecount/{name}/stack"), "Type": "String", "Value": resources.to_string() });
        call("ssm", Some("AmazonSSM.PutParameter"), "", parameter.to_string()).await;
    }

    async fn says(&self, code: i32, args: &[&str]) -> String {
        self.pipes(code, args, "").await
    }

    async fn pipes(&self, code: i32, args: &[&str], text: &str) -> String {
        let mut command = Command::new(binary("truecount"));
        command.args(args).args(["--stack", &self.name]).current_dir(self.folder.path());
        command
            .envs(self.stack.variables())
            .env("AWS_ACCESS_KEY_ID", self.who)
            .env("TRUECOUNT_ENDPOINT", emulator())
            .env("TRUECOUNT_ENDPOINT_SES", emulator())
            .envs(self.clock.iter().map(|clock| ("TRUECOUNT_CLOCK", clock)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let text = text.to_owned();
        let run = move || -> Output {
            let mut child = command.spawn().unwrap();
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
            child.wait_with_output().unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{args:?}: {printed}");
        assert!(!printed.contains("tc-canary"), "{args:?}: {printed}");
        printed
    }
}

/// A sample of a few clients, its vendors, and a stack that has them.
async fn small_stack() -> (Arc<Sample>, Vendors, Stack) {
    let sample = Arc::new(Sample::small(6, "2026-06".parse().unwrap()));
    let vendors = Vendors::start(Arc::clone(&sample)).await.unwrap();
    let stack = Stack::open(&sample, &vendors, TableKind::Emulator).await;
    (sample, vendors, stack)
}

/// One call of AWS's JSON or form protocol.
async fn call(service: &str, target: Option<&str>, path: &str, body: String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let scope = format!("Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0");
    let request =
        client.post(format!("{}{path}", emulator())).header("authorization", format!("AWS4-HMAC-SHA256 {scope}"));
    let request = match target {
        Some(target) => request.header("content-type", "application/x-amz-json-1.1").header("x-amz-target", target),
        None if body.starts_with('{') => request.header("content-type", "application/json"),
        None => request.header("content-type", "application/x-www-form-urlencoded"),
    };
    let answer = request.body(body).send().await.unwrap();
    let status = answer.status();
    assert!(status.is_success(), "{service}: {status}: {}", answer.text().await.unwrap_or_default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs TRUECOUNT_TEST_ENDPOINT; .ci/e2e sets it"]
async fn every_command_works_on_a_stack_by_its_name() {
    let (sample, _vendors, stack) = small_stack().await;
    let prompt = Prompt::to(&stack);
    let name = prompt.name.clone();
    let unknown = prompt.says(3, &["runs", "list"]).await;
    assert!(unknown.contains(&format!("there is no stack `{name}`")), "{unknown}");
    prompt.deploy().await;

    prompt.says(0, &["secrets", "list"]).await;
    let secret = serde_json::to_string(&sample.secrets()["pax8"]).unwrap();
    prompt.pipes(0, &["secrets", "set", "pax8"], &secret).await;
    let pulled = prompt.says(0, &["config", "pull"]).await;
    assert!(pulled.contains(&format!("`truecount config push --stack {name}` uploads them")), "{pulled}");
    let rules = prompt.folder.path().join("truecount-config/rules.toml");
    let text = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("{text}# more\n")).unwrap();
    assert!(prompt.says(1, &["config", "diff"]).await.contains("+# more"));
    assert!(prompt.says(0, &["config", "push"]).await.contains(&format!("uploaded   s3://{name}/config/rules.toml")));
    prompt.says(0, &["rules", "check"]).await;

    // One tenant of the sample refuses.
    prompt.says(2, &["run", "--no-mail"]).await;
    assert!(prompt.says(0, &["runs", "list"]).await.contains("2026-06-draft-"));
    assert!(prompt.says(0, &["sources", "list"]).await.contains("partial"));
    prompt.says(0, &["mappings", "list"]).await;

    let schedule = json!({
        "ScheduleExpression": "cron(0 4 * * ? *)", "FlexibleTimeWindow": { "Mode": "OFF" }, "State": "ENABLED",
        "Target": { "Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:x", "RoleArn": "arn:aws:iam::000000000000:role/x" },
    });
    call("scheduler", None, &format!("/schedules/{name}"), schedule.to_string()).await;
    call("sns", None, "/", "Action=CreateTopic&Name=alarms&Version=2010-03-31".to_owned()).await;
    let domain = "Action=VerifyDomainIdentity&Domain=northgate-it.example&Version=2010-12-01";
    call("ses", None, "/", domain.to_owned()).await;
    let doctor = prompt.says(2, &["doctor", "--json"]).await;
    let doctor: Value = serde_json::Deserializer::from_str(&doctor).into_iter().next().unwrap().unwrap();
    let lines = doctor.as_array().unwrap();
    let status = |topic: &str| lines.iter().find(|line| line["topic"] == topic).map(|line| line["status"].clone());
    for topic in ["identity", "table", "files", "settings", "rules", "secret", "vendor", "clock", "schedule", "closing"]
    {
        assert_eq!(status(topic), Some(json!("ok")), "{topic}: {doctor:#}");
    }
    assert_eq!(status("alarms"), Some(json!("warning")), "nobody is subscribed: {doctor:#}");
}

/// With nothing but the policy for clerks, as people who read reports and drop files have it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs TRUECOUNT_TEST_ENDPOINT; .ci/e2e sets it"]
async fn a_clerk_needs_no_other_rights() {
    let (sample, _vendors, stack) = small_stack().await;
    let mut prompt = Prompt::to(&stack);
    prompt.deploy().await;
    prompt.says(2, &["run", "--no-mail"]).await;
    prompt.who = "clerk";
    assert!(prompt.says(0, &["runs", "list"]).await.contains("2026-06-draft-"));
    prompt.says(0, &["report", "download", "--month", "2026-06", "--out", "june"]).await;
    assert!(prompt.folder.path().join("june/exceptions.csv").exists());
    let file = sample.inbox().into_iter().next().unwrap();
    std::fs::write(prompt.folder.path().join(&file.name), &file.bytes).unwrap();
    prompt.says(0, &["inbox", "push", &file.name, "--source", &file.source]).await;
    assert_eq!(stack.refused(), [""; 0]);
    // And has none for anything else.
    for command in [&["mappings", "list"][..], &["secrets", "list"], &["run", "--no-mail"]] {
        let refused = prompt.says(3, command).await;
        assert!(refused.contains("access is denied"), "{command:?}: {refused}");
    }
}

/// A source of files beside those of the sample.
const DROPS: &str = r#"
[[sources]]
id = "drops"
connector = "file"
side = "used"
"#;

fn devices(count: u32) -> Vec<u8> {
    let row = |n| format!("a-1,Harbour Ltd,d-{n},workstation,active\n");
    let head = "account_id,account_name,item_id,kind,status\n".to_owned();
    (0..count).map(row).fold(head, |text, row| text + &row).into_bytes()
}

async fn drop_devices(stack: &Stack, day: &str, count: u32) {
    stack.archive.put(&format!("inbox/sources/drops/devices-{day}.csv"), devices(count)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs TRUECOUNT_TEST_ENDPOINT; .ci/e2e sets it"]
async fn a_source_is_added_to_a_stack_and_a_fall_accepted_there() {
    let (sample, _vendors, stack) = small_stack().await;
    let mut prompt = Prompt::to(&stack);
    prompt.deploy().await;
    let settings =
        async || String::from_utf8(stack.archive.get("config/settings.toml").await.unwrap().unwrap()).unwrap();

    let before = settings().await;
    let base = format!("base_url={}", stack.between.address("ninjaone"));
    let add = ["sources", "add", "ninjaone", "rmm-uk", "--option", &base];
    let wrong = prompt.pipes(3, &add, r#"{"client_id":"x","client_secret":"tc-canary-wrong"}"#).await;
    assert!(wrong.contains("nothing was written") && settings().await == before, "{wrong}");
    let secret = serde_json::to_string(&sample.secrets()["ninjaone"]).unwrap();
    let added = prompt.pipes(0, &add, &secret).await;
    let sync = format!("`truecount sync rmm-uk --stack {}` reads it", prompt.name);
    for word in [
        &sync,
        "accepts the key",
        &format!("s3://{}/config/settings.toml: added `rmm-uk`", prompt.name),
        "/sources/rmm-uk",
    ] {
        assert!(added.contains(word), "`{word}`: {added}");
    }
    let after = settings().await;
    assert!(after.starts_with(&before) && after.contains("id = \"rmm-uk\"") && !after.contains("tc-canary"), "{after}");
    let row = prompt.says(0, &["secrets", "list"]).await;
    let row = row.lines().find(|line| line.starts_with("rmm-uk")).unwrap().to_owned();
    assert!(row.contains("complete") && !row.contains("incomplete"), "{row}");
    prompt.says(0, &["sync", "rmm-uk"]).await;
    let again = prompt.pipes(3, &add, &secret).await;
    assert!(again.contains("have a source `rmm-uk` already"), "{again}");

    stack.archive.put("config/settings.toml", format!("{after}{DROPS}").into_bytes()).await.unwrap();
    drop_devices(&stack, "2026-06-29", 40).await;
    prompt.clock = Some("2026-06-29T06:00:00Z".to_owned());
    prompt.says(0, &["sync", "drops"]).await;
    drop_devices(&stack, "2026-06-30", 3).await;
    prompt.clock = Some("2026-06-30T06:00:00Z".to_owned());
    prompt.says(2, &["sync", "drops"]).await;
    let shown = prompt.says(3, &["sources", "accept", "drops"]).await;
    let row: Vec<&str> = shown.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row, ["a-1", "Harbour", "Ltd", "workstation", "40", "2026-06-29", "3"]);
    assert!(shown.contains("nothing was accepted"), "{shown}");
    let accepted = prompt.says(0, &["sources", "accept", "drops", "a-1", "--yes", "--note", "moved"]).await;
    assert!(accepted.contains("Accepted."), "{accepted}");
    let nothing = prompt.says(3, &["sources", "accept", "drops", "--yes"]).await;
    assert!(nothing.contains("nothing to accept"), "{nothing}");
    let list = prompt.says(0, &["sources", "list"]).await;
    let row = list.lines().find(|line| line.starts_with("drops")).unwrap();
    assert!(row.contains("complete"), "{row}");
}
