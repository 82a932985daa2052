//! What a day's syncs and a closing ask of AWS, counted between the functions and the stand-ins, as JSON for
//! `infra/cost`. Deliberately absent: prices, and a vendor's latency.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use truecount_sandbox::{Sample, Vendors};

use crate::between::Seen;
use crate::lambda::Ended;
use crate::month::{self, Step};
use crate::stack::{Stack, TableKind, state};
use crate::units::Units;
use crate::{is_asked_for, say};

/// Devices of one client: a small office's.
const ITEMS_PER_CLIENT: u64 = 60;

/// A Lambda function's longest time.
const TIME: Duration = Duration::from_secs(900);

/// Invocations that one step may take.
const INVOCATIONS_MAX: u32 = 20;

/// Bytes of rows that one strongly consistent read unit covers.
const READ_UNIT_BYTES: usize = 4096;

#[tokio::test]
#[ignore = "needs the built functions and the emulator, and TRUECOUNT_E2E=cost: .ci/e2e"]
async fn aws_requests_of_a_month() {
    if !is_asked_for("cost") {
        say("left out: TRUECOUNT_E2E=cost runs it");
        return;
    }
    let sizes = std::env::var("TRUECOUNT_COST_CLIENTS").unwrap_or_else(|_| "50 500 5000".to_owned());
    for clients in sizes.split_whitespace().map(|size| size.parse::<u64>().unwrap()) {
        let sample = Sample::large(clients, clients * ITEMS_PER_CLIENT, "2026-06".parse().unwrap());
        let measured = measure(Arc::new(sample)).await;
        let folder = folder();
        std::fs::create_dir_all(&folder).unwrap();
        let whole = json!({ "clients": clients, "items_per_client": ITEMS_PER_CLIENT, "steps": measured });
        std::fs::write(folder.join(format!("{clients}.json")), serde_json::to_vec_pretty(&whole).unwrap()).unwrap();
    }
    say(&format!("counted; `infra/cost {}` prices it", folder().display()));
}

fn folder() -> PathBuf {
    let beside_the_build = || std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("cost");
    std::env::var_os("TRUECOUNT_COST_OUT").map_or_else(beside_the_build, PathBuf::from)
}

async fn measure(sample: Arc<Sample>) -> Vec<Value> {
    let vendors = Vendors::start(Arc::clone(&sample)).await.unwrap();
    let stack = Stack::open(&sample, &vendors, TableKind::Embedded).await;
    let units = Units::watch(&stack.between);
    let sources = month::sources(&stack).await;
    let list = Step { function: "sync", event: json!({ "list": true }) };
    let gate = Step { function: "reconcile", event: json!({ "closing_due": true }) };
    let syncs: Vec<Step> = sources.iter().map(|source| Step::sync(source)).collect();
    let mut measured = Vec::new();
    for step in [list].into_iter().chain(syncs).chain([gate, Step::reconcile(), Step::report(&stack)]) {
        measured.push(run(&stack, &step, &units).await);
    }
    measured
}

/// One step, invoked until it is done, and what it asked for.
async fn run(stack: &Stack, step: &Step, units: &Units) -> Value {
    stack.between.set(None);
    let (written, put, logged) = (units.total(), units.bytes(), stack.logs().len());
    let function = stack.start(step.function).await;
    let process = function.process();
    let begun = Instant::now();
    for invocation in 1..=INVOCATIONS_MAX {
        let ended = function.invoke(&step.event, TIME).await;
        let (seconds, peak) = (begun.elapsed(), process.peak_kib().unwrap_or(0));
        let Ended::Answer(answer) = ended else { panic!("{}: {ended:?}\n{}", step.name(), stack.logs()) };
        match state(&answer) {
            "continue" => continue,
            "busy" | "failed" => panic!("{}: {answer}", step.name()),
            _ => {}
        }
        let seen = stack.between.seen();
        say(&format!("{} {:.1?}, {} requests", step.name(), seconds, seen.len()));
        let asked = |target: &str| requests(&seen, target);
        let vendor = |one: &&Seen| !["table", "archive", "secrets", "mail"].contains(&one.target.as_str());
        return json!({
            "step": what(step),
            "milliseconds": u64::try_from(seconds.as_millis()).unwrap(),
            "peak_mib": peak / 1024,
            "invocations": invocation,
            "vendor_requests": seen.iter().filter(vendor).count(),
            "table": asked("table"),
            "write_units": units.total() - written,
            "row_bytes": units.bytes() - put,
            "read_units": seen.iter().filter(|one| one.target == "table").map(read_units).sum::<usize>(),
            "archive": asked("archive"),
            "archive_bytes": seen.iter().filter(|one| one.what.starts_with("PUT /")).map(|one| one.bytes).sum::<usize>(),
            "secrets": asked("secrets"),
            "mail": asked("mail"),
            "log_bytes": stack.logs().len() - logged,
        });
    }
    panic!("{} does not end in {INVOCATIONS_MAX} invocations", step.name());
}

fn what(step: &Step) -> String {
    let first = step.event.as_object().and_then(|event| event.keys().next()).map_or("", String::as_str);
    match (step.function, first) {
        ("sync", "list") => "list".to_owned(),
        ("reconcile", "closing_due") => "gate".to_owned(),
        _ => step.name(),
    }
}

/// Requests by their first word: the operation, or the method.
fn requests(seen: &[Seen], target: &str) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for one in seen.iter().filter(|one| one.target == target) {
        let word = one.what.split(' ').next().unwrap_or("");
        // A listing is billed as a write is.
        let word = if one.what.starts_with("GET ") && one.what.contains("list-type=2") { "LIST" } else { word };
        *counted.entry(word.to_owned()).or_insert(0) += 1;
    }
    counted
}

/// An answer's read units. Rows come as JSON with bytes in base64, so this is a little too much.
fn read_units(one: &Seen) -> usize {
    let word = one.what.split(' ').next().unwrap_or("");
    if ["GetItem", "Query", "BatchGetItem"].contains(&word) { one.answered.div_ceil(READ_UNIT_BYTES).max(1) } else { 0 }
}
