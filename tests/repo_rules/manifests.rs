//! Which crate may depend on which.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

use crate::source::{Breach, root};

/// Crates of values and pure functions.
const PURE: [&str; 5] =
    ["truecount-billing", "truecount-matching", "truecount-reconciliation", "truecount-reports", "truecount-tabular"];

/// Crates that reach a network, a file system, a database or a clock of their own.
const IO: [&str; 16] = [
    "async-std",
    "aws-config",
    "axum",
    "dynoxide-rs",
    "hyper",
    "hyper-util",
    "lettre",
    "libsqlite3-sys",
    "mio",
    "reqwest",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "tempfile",
    "tokio",
];

const LAMBDAS: [&str; 3] = ["truecount-sync", "truecount-reconcile", "truecount-report"];

/// What a deployed function must not link: code of the command line, of one machine, of operators.
const NOT_IN_LAMBDAS: [&str; 10] = [
    "aws-sdk-scheduler",
    "aws-sdk-sns",
    "clap",
    "dynoxide-rs",
    "lettre",
    "truecount-check",
    "truecount-cli",
    "truecount-embedded",
    "truecount-operator",
    "truecount-sandbox",
];

/// Crates of which only these may depend directly: the one place for each way out.
const GATEWAYS: [(&str, &[&str]); 5] = [
    ("aws-", &["truecount-platform", "truecount-operator"]),
    ("reqwest", &["truecount-connectors"]),
    ("lettre", &["truecount-embedded"]),
    ("truecount-lambda", &LAMBDAS),
    ("lambda_runtime", &["truecount-lambda"]),
];

/// What these must not reach even through others: the first logs through whoever runs it, the second is no function.
const UNREACHED: [(&str, &str); 3] = [
    ("truecount-app", "tracing-subscriber"),
    ("truecount-cli", "truecount-lambda"),
    ("truecount-cli", "lambda_runtime"),
];

/// Crates that are measured in release on their own: an AWS SDK in them would cost minutes of building.
const WITHOUT_AWS: [&str; 1] = ["truecount-check"];

/// A package of the workspace or from the registry.
struct Package {
    /// The folder of its manifest.
    folder: String,
    /// The names of its normal (not dev, not build) dependencies.
    dependencies: BTreeSet<String>,
}

struct Graph(BTreeMap<String, Package>);

impl Graph {
    fn load() -> Self {
        let manifest = root().join("Cargo.toml");
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
            .arg(manifest)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self::of(&serde_json::from_slice(&output.stdout).unwrap())
    }

    fn of(metadata: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let packages = metadata["packages"].as_array().unwrap();
        let names: BTreeMap<String, String> = packages.iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
        let mut graph: BTreeMap<String, Package> = BTreeMap::new();
        for package in packages {
            let manifest = text(&package["manifest_path"]).replace('\\', "/");
            let folder = manifest.trim_end_matches("/Cargo.toml").to_owned();
            let package = graph.entry(text(&package["name"]));
            package.or_insert(Package { folder, dependencies: BTreeSet::new() });
        }
        for node in metadata["resolve"]["nodes"].as_array().unwrap() {
            let is_normal = |dependency: &&Value| {
                dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null())
            };
            let dependencies = node["deps"].as_array().unwrap().iter().filter(is_normal);
            let dependencies = dependencies.map(|dependency| names[dependency["pkg"].as_str().unwrap()].clone());
            let package = graph.get_mut(&names[node["id"].as_str().unwrap()]).unwrap();
            package.dependencies.extend(dependencies);
        }
        Self(graph)
    }

    /// A made-up graph, to plant a breach: folder and dependencies by name.
    fn planted(packages: &[(&str, &str, &[&str])]) -> Self {
        let listed = |(name, folder, _): &(&str, &str, &[&str])| json!({ "id": name, "name": name, "manifest_path": format!("/src/{folder}/Cargo.toml") });
        let node = |(name, _, dependencies): &(&str, &str, &[&str])| {
            let deps: Vec<Value> =
                dependencies.iter().map(|pkg| json!({ "pkg": pkg, "dep_kinds": [{ "kind": null }] })).collect();
            json!({ "id": name, "deps": deps })
        };
        let (listed, nodes): (Vec<Value>, Vec<Value>) = packages.iter().map(|p| (listed(p), node(p))).unzip();
        Self::of(&json!({ "packages": listed, "resolve": { "nodes": nodes } }))
    }

    /// Everything that a crate depends on, directly or not; nothing for a crate that does not exist.
    fn reach(&self, from: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&str> = self.0.get_key_value(from).map(|(name, _)| name.as_str()).into_iter().collect();
        while let Some(name) = waiting.pop() {
            if seen.insert(name) {
                waiting.extend(self.0[name].dependencies.iter().map(String::as_str));
            }
        }
        seen
    }

    fn own(&self) -> impl Iterator<Item = (&str, &Package)> {
        self.0.iter().filter(|(name, _)| name.starts_with("truecount-")).map(|(name, found)| (name.as_str(), found))
    }
}

fn impure(graph: &Graph) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for pure in PURE {
        for name in graph.reach(pure) {
            let is_own = name.starts_with("truecount-") && !PURE.contains(&name);
            if IO.contains(&name) || name.starts_with("aws-") || is_own {
                breaches.push(format!("{pure} is pure and reaches {name}"));
            }
        }
    }
    breaches
}

fn lambdas(graph: &Graph) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for lambda in LAMBDAS {
        let reached = graph.reach(lambda);
        let foreign = NOT_IN_LAMBDAS.iter().filter(|name| reached.contains(*name));
        breaches.extend(foreign.map(|name| format!("{lambda} is deployed and links {name}")));
    }
    breaches
}

fn gateways(graph: &Graph) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (name, package) in graph.own() {
        for dependency in &package.dependencies {
            for (gateway, allowed) in GATEWAYS {
                let is_gateway = dependency == gateway || gateway.ends_with('-') && dependency.starts_with(gateway);
                if is_gateway && !allowed.contains(&name) {
                    breaches.push(format!("{name} depends on {dependency}, which only {allowed:?} may"));
                }
            }
        }
    }
    breaches
}

fn reached(graph: &Graph) -> Vec<Breach> {
    let reaches = UNREACHED.iter().filter(|(from, to)| graph.reach(from).contains(to));
    reaches.map(|(from, to)| format!("{from} reaches {to}")).collect()
}

fn without_aws(graph: &Graph) -> Vec<Breach> {
    let reach = |name: &&&str| graph.reach(name).iter().any(|one| one.starts_with("aws-"));
    WITHOUT_AWS.iter().filter(reach).map(|name| format!("{name} reaches the AWS SDK")).collect()
}

fn misnamed(graph: &Graph) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (name, package) in graph.own() {
        let folder = package.folder.rsplit('/').next().unwrap_or_default();
        if name != format!("truecount-{}", folder.replace('_', "-")) {
            breaches.push(format!("the folder `{folder}` holds the crate `{name}`"));
        }
    }
    breaches
}

#[test]
fn every_crate_depends_only_on_what_it_may() {
    let graph = Graph::load();
    assert!(graph.reach("truecount-platform").contains("tokio"), "the walk itself must see what is there");
    assert!(graph.reach("truecount-cli").contains("dynoxide-rs"), "the walk itself must see what is there");
    assert!(LAMBDAS.iter().all(|lambda| graph.reach(lambda).contains("truecount-lambda")));
    assert_eq!(impure(&graph), [""; 0]);
    assert_eq!(lambdas(&graph), [""; 0]);
    assert_eq!(gateways(&graph), [""; 0]);
    assert_eq!(reached(&graph), [""; 0]);
    assert_eq!(without_aws(&graph), [""; 0]);
    assert_eq!(misnamed(&graph), [""; 0]);
}

#[test]
fn io_in_a_pure_crate_is_refused() {
    let graph = Graph::planted(&[
        ("truecount-billing", "shared/billing", &["helper"]),
        ("truecount-matching", "shared/matching", &["truecount-billing", "truecount-app"]),
        ("truecount-app", "shared/app", &[]),
        ("helper", "helper", &["tokio"]),
        ("tokio", "tokio", &[]),
    ]);
    let expected = [
        "truecount-billing is pure and reaches tokio",
        "truecount-matching is pure and reaches tokio",
        "truecount-matching is pure and reaches truecount-app",
    ];
    assert_eq!(impure(&graph), expected);
}

#[test]
fn a_local_backend_in_a_lambda_is_refused() {
    let graph = Graph::planted(&[
        ("truecount-sync", "functions/sync", &["truecount-app"]),
        ("truecount-app", "shared/app", &["truecount-embedded"]),
        ("truecount-embedded", "shared/embedded", &[]),
    ]);
    assert_eq!(lambdas(&graph), ["truecount-sync is deployed and links truecount-embedded"]);
}

#[test]
fn a_second_way_out_is_refused() {
    let graph = Graph::planted(&[
        ("truecount-app", "shared/app", &["aws-sdk-s3", "reqwest", "lettre"]),
        ("truecount-cli", "functions/cli", &["truecount-lambda"]),
        ("truecount-sync", "functions/sync", &["truecount-lambda"]),
        ("truecount-platform", "shared/platform", &["aws-sdk-s3"]),
        ("truecount-lambda", "shared/lambda", &[]),
        ("aws-sdk-s3", "aws-sdk-s3", &[]),
        ("reqwest", "reqwest", &[]),
        ("lettre", "lettre", &[]),
    ]);
    let breaches = gateways(&graph);
    assert_eq!(breaches.len(), 4, "{breaches:?}");
    assert!(breaches[3].starts_with("truecount-cli depends on truecount-lambda"), "{breaches:?}");
    assert_eq!(reached(&graph), ["truecount-cli reaches truecount-lambda"]);
}

#[test]
fn an_aws_sdk_in_a_crate_that_is_measured_is_refused() {
    let graph =
        Graph::planted(&[("truecount-check", "shared/check", &["aws-config"]), ("aws-config", "aws-config", &[])]);
    assert_eq!(without_aws(&graph), ["truecount-check reaches the AWS SDK"]);
}

#[test]
fn a_folder_with_another_crates_name_is_refused() {
    let graph = Graph::planted(&[("truecount-tidy", "tests/repo_rules", &[]), ("truecount-a-b", "tests/a_b", &[])]);
    assert_eq!(misnamed(&graph), ["the folder `repo_rules` holds the crate `truecount-tidy`"]);
}
