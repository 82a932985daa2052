//! Which crate may depend on which.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

use crate::source::{Breach, root};

/// Crates of values and pure functions.
const PURE: [&str; 8] = [
    "truecount-billing",
    "truecount-exports",
    "truecount-matching",
    "truecount-reconciliation",
    "truecount-reports",
    "truecount-rules",
    "truecount-suggestions",
    "truecount-tabular",
];

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

/// What a pure crate may reach all the same: the workbook's writer keeps the rows of a sheet in a temporary file, so that a
/// report of any length fits the memory.
const REACHED_ALL_THE_SAME: [(&str, &str); 1] = [("truecount-reports", "tempfile")];

const LAMBDAS: [&str; 3] = ["truecount-sync", "truecount-reconcile", "truecount-report"];

/// What a deployed function must not link: code of the command line, of one machine, of operators.
const NOT_IN_LAMBDAS: [&str; 12] = [
    "aws-sdk-lambda",
    "aws-sdk-scheduler",
    "aws-sdk-sesv2",
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

/// Crates of which only these may depend directly, for their code or their build: the one place for each way out.
const GATEWAYS: [(&str, &[&str]); 5] = [
    ("aws-", &["truecount-platform", "truecount-operator"]),
    ("reqwest", &["truecount-connectors"]),
    ("lettre", &["truecount-embedded"]),
    ("truecount-lambda", &LAMBDAS),
    ("lambda_runtime", &["truecount-lambda"]),
];

/// Those of them that tests may not use past the one place either. They may ask a server over HTTP, or call a function.
const GATEWAYS_OF_TESTS: [&str; 2] = ["aws-", "lettre"];

/// What these must not reach even through others: the first logs through whoever runs it, the second is no function.
const UNREACHED: [(&str, &str); 3] = [
    ("truecount-app", "tracing-subscriber"),
    ("truecount-cli", "truecount-lambda"),
    ("truecount-cli", "lambda_runtime"),
];

/// Crates that are measured in release on their own: an AWS SDK in them would cost minutes of building.
const WITHOUT_AWS: [&str; 1] = ["truecount-check"];

/// A package of the workspace or from the registry.
#[derive(Default)]
struct Package {
    /// The folder of its manifest.
    folder: String,
    /// The names of its normal dependencies: what it links.
    dependencies: BTreeSet<String>,
    /// Those of its build script.
    of_build: BTreeSet<String>,
    /// Those of its tests and examples.
    of_tests: BTreeSet<String>,
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
            package.or_insert_with(|| Package { folder, ..Package::default() });
        }
        for node in metadata["resolve"]["nodes"].as_array().unwrap() {
            let package = graph.get_mut(&names[node["id"].as_str().unwrap()]).unwrap();
            for dependency in node["deps"].as_array().unwrap() {
                for kind in dependency["dep_kinds"].as_array().unwrap() {
                    let list = match kind["kind"].as_str() {
                        None => &mut package.dependencies,
                        Some("build") => &mut package.of_build,
                        Some("dev") => &mut package.of_tests,
                        Some(other) => panic!("a kind of dependency that the rules do not know: {other}"),
                    };
                    list.insert(names[dependency["pkg"].as_str().unwrap()].clone());
                }
            }
        }
        Self(graph)
    }

    /// A made-up graph, to plant a breach: folder and normal dependencies by name.
    fn planted(packages: &[(&str, &str, &[&str])]) -> Self {
        Self::planted_as(packages, &Value::Null)
    }

    /// The same with dependencies of a kind: `dev`, `build`, or null for normal ones.
    fn planted_as(packages: &[(&str, &str, &[&str])], kind: &Value) -> Self {
        let listed = |(name, folder, _): &(&str, &str, &[&str])| json!({ "id": name, "name": name, "manifest_path": format!("/src/{folder}/Cargo.toml") });
        let node = |(name, _, dependencies): &(&str, &str, &[&str])| {
            let deps: Vec<Value> =
                dependencies.iter().map(|pkg| json!({ "pkg": pkg, "dep_kinds": [{ "kind": kind }] })).collect();
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
            let is_io = IO.contains(&name) && !REACHED_ALL_THE_SAME.contains(&(pure, name));
            if is_io || name.starts_with("aws-") || is_own {
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
        for (gateway, allowed) in GATEWAYS.iter().filter(|(_, allowed)| !allowed.contains(&name)) {
            let is_way_out = |dependency: &&String| {
                *dependency == gateway || gateway.ends_with('-') && dependency.starts_with(gateway)
            };
            let of_tests = package.of_tests.iter().filter(|_| GATEWAYS_OF_TESTS.contains(gateway));
            let all: BTreeSet<_> = package.dependencies.iter().chain(&package.of_build).chain(of_tests).collect();
            let found = all.into_iter().filter(is_way_out);
            breaches.extend(found.map(|one| format!("{name} depends on {one}, which only {allowed:?} may")));
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

/// Names in the rules above that no crate has: a rule about such a name holds nothing.
fn unknown(graph: &Graph) -> Vec<Breach> {
    let gateways = GATEWAYS.iter().flat_map(|(gateway, allowed)| allowed.iter().chain([gateway]));
    let unreached = UNREACHED.iter().flat_map(|(from, to)| [from, to]);
    let lists = PURE.iter().chain(&LAMBDAS).chain(&NOT_IN_LAMBDAS).chain(&WITHOUT_AWS);
    let all: BTreeSet<&str> = lists.chain(gateways).chain(unreached).copied().collect();
    let is_known = |name: &str| match name.strip_suffix('-') {
        Some(_) => graph.0.keys().any(|one| one.starts_with(name)),
        None => graph.0.contains_key(name),
    };
    all.into_iter().filter(|name| !is_known(name)).map(|name| format!("there is no crate `{name}`")).collect()
}

#[test]
fn every_crate_depends_only_on_what_it_may() {
    let graph = Graph::load();
    assert_eq!(unknown(&graph), [""; 0]);
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
        ("truecount-reports", "shared/reports", &["tempfile", "tokio"]),
        ("truecount-rules", "shared/rules", &["tempfile"]),
        ("tempfile", "tempfile", &[]),
    ]);
    let expected = [
        "truecount-billing is pure and reaches tokio",
        "truecount-matching is pure and reaches tokio",
        "truecount-matching is pure and reaches truecount-app",
        "truecount-reports is pure and reaches tokio",
        "truecount-rules is pure and reaches tempfile",
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
fn a_way_out_for_tests_or_a_build_is_refused_too() {
    for (kind, way_out, count) in
        [("dev", "aws-sdk-s3", 1), ("build", "aws-sdk-s3", 1), ("dev", "reqwest", 0), ("build", "reqwest", 1)]
    {
        let packages: [(&str, &str, &[&str]); 2] =
            [("truecount-app", "shared/app", &[way_out]), (way_out, way_out, &[])];
        let graph = Graph::planted_as(&packages, &json!(kind));
        assert_eq!(gateways(&graph).len(), count, "{kind} {way_out}");
        assert_eq!(graph.reach("truecount-app").len(), 1, "it is not linked");
    }
}

#[test]
fn a_rule_about_a_crate_that_does_not_exist_is_refused() {
    let graph = Graph::planted(&[("truecount-billing", "shared/billing", &[]), ("aws-config", "aws-config", &[])]);
    let found = unknown(&graph);
    assert!(found.contains(&"there is no crate `truecount-matching`".to_owned()), "{found:?}");
    assert!(!found.iter().any(|one| one.contains("billing") || one.contains("aws-`")), "{found:?}");
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
