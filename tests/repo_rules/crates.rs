//! Which crate may reach which.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

const PURE: [&str; 4] = ["truecount-billing", "truecount-matching", "truecount-reconciliation", "truecount-reports"];
const LAMBDAS: [&str; 3] = ["truecount-sync", "truecount-reconcile", "truecount-report"];

/// Crates that reach a network, a file system, a database or a clock of their own.
const IO: [&str; 16] = [
    "async-std",
    "aws-config",
    "axum",
    "dynoxide-rs",
    "hyper",
    "hyper-util",
    "libsqlite3-sys",
    "mio",
    "reqwest",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "tempfile",
    "tokio",
    "lettre",
];

/// Crates that are measured in release by themselves: an AWS SDK in them would cost minutes.
const WITHOUT_AWS: [&str; 1] = ["truecount-check"];

/// Package name to the names of its normal (not dev, not build) dependencies.
struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    fn load() -> Self {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--manifest-path", manifest])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let names: BTreeMap<String, String> =
            metadata["packages"].as_array().unwrap().iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array().unwrap() {
            let dependencies = node["deps"].as_array().unwrap().iter().filter(|dependency| {
                dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null())
            });
            let found = dependencies.map(|dependency| names[dependency["pkg"].as_str().unwrap()].clone());
            graph.entry(names[node["id"].as_str().unwrap()].clone()).or_default().extend(found);
        }
        Self(graph)
    }

    fn reaches(&self, from: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![self.0.get_key_value(from).unwrap().0.as_str()];
        while let Some(name) = waiting.pop() {
            if seen.insert(name) {
                waiting.extend(self.0[name].iter().map(String::as_str));
            }
        }
        seen
    }

    fn own(&self) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        self.0.iter().filter(|(name, _)| name.starts_with("truecount-")).map(|(name, found)| (name.as_str(), found))
    }
}

#[test]
fn pure_crates_reach_no_io() {
    let graph = Graph::load();
    for pure in PURE {
        let reached = graph.reaches(pure);
        let io: Vec<_> = reached.iter().filter(|name| IO.contains(name) || name.starts_with("aws-")).collect();
        assert!(io.is_empty(), "{pure} reaches {io:?}");
        let own: Vec<_> =
            reached.iter().filter(|name| name.starts_with("truecount-") && !PURE.contains(name)).collect();
        assert!(own.is_empty(), "{pure} reaches {own:?}");
    }
    assert!(graph.reaches("truecount-platform").contains("tokio"), "the walk itself must see what is there");
}

#[test]
fn lambdas_reach_nothing_that_belongs_to_one_machine() {
    let graph = Graph::load();
    for lambda in LAMBDAS {
        let reached = graph.reaches(lambda);
        let foreign = [
            "truecount-check",
            "truecount-embedded",
            "truecount-operator",
            "truecount-sandbox",
            "dynoxide-rs",
            "clap",
            "lettre",
            "aws-sdk-scheduler",
            "aws-sdk-sns",
        ];
        for foreign in foreign {
            assert!(!reached.contains(foreign), "{lambda} reaches {foreign}");
        }
        assert!(reached.contains("truecount-app"));
    }
    assert!(graph.reaches("truecount-cli").contains("dynoxide-rs"), "the walk itself must see what is there");
}

#[test]
fn only_the_functions_link_what_belongs_to_lambda() {
    let graph = Graph::load();
    for (name, dependencies) in graph.own() {
        let links = dependencies.contains("truecount-lambda");
        assert!(!links || LAMBDAS.contains(&name), "{name} links truecount-lambda");
    }
    for lambda in LAMBDAS {
        assert!(graph.0[lambda].contains("truecount-lambda"), "{lambda} does not link truecount-lambda");
    }
    for (from, foreign) in [
        ("truecount-app", "tracing-subscriber"),
        ("truecount-cli", "truecount-lambda"),
        ("truecount-cli", "lambda_runtime"),
    ] {
        assert!(!graph.reaches(from).contains(foreign), "{from} reaches {foreign}");
    }
}

#[test]
fn what_is_measured_by_itself_reaches_no_aws() {
    let graph = Graph::load();
    for name in WITHOUT_AWS {
        let reached = graph.reaches(name);
        assert!(!reached.iter().any(|one| one.starts_with("aws-")), "{name} reaches the AWS SDK");
    }
}

#[test]
fn clients_of_the_world_are_linked_in_one_place_each() {
    let graph = Graph::load();
    for (name, dependencies) in graph.own() {
        let aws = dependencies.iter().any(|dependency| dependency.starts_with("aws-"));
        assert!(!aws || ["truecount-platform", "truecount-operator"].contains(&name), "{name} links the AWS SDK");
        let runtime = dependencies.contains("lambda_runtime");
        assert!(!runtime || name == "truecount-lambda", "{name} links the Lambda runtime");
        let http = dependencies.contains("reqwest");
        assert!(!http || name == "truecount-connectors", "{name} links an HTTP client");
        let mail = dependencies.contains("lettre");
        assert!(!mail || name == "truecount-embedded", "{name} links a mail client");
    }
}
