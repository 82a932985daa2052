//! What the sample sells in other ways than by the piece: billed as it should be, nothing is found; with any of the keys
//! that say so taken away, the month comes out wrong at those clients, and at no others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use truecount_app::{Config, SyncAnswer};
use truecount_sandbox::{Planted, Sample, Tally, Vendors, compare, normal};

use crate::backend::TestBackend;

const SEATS: &str = "seats with what lives inside them";
const TWO_TOOLS: &str = "one machine in two tools";
const TIERS: &str = "two tiers of one thing";
const STEPS: &str = "prices that go in steps";
const PACKS: &str = "packs and round numbers";
const OWN_LICENCES: &str = "licences that the client bought itself";
const COMMITTED: &str = "bought or agreed for a year";

/// How many clients of a way go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// Also the one that is billed as it should be.
    Both,
    /// Only the one that is not: there it comes out otherwise wrong.
    TheOther,
}

const UNION: &str = "count = { union = [\"ninjaone.workstation\", \"ninjaone.server\", \"edr.agent\"], \
                     same_by = [\"serial\", \"mac\", \"name\"] }\n";

/// A way to sell, what the rules say of it, what they say instead, and where that goes wrong.
const SWITCHED_OFF: &[(&str, &str, &str, Wrong)] = &[
    (SEATS, "order = [\"SEAT-FULL\", \"SEAT-MAIL\"]", "order = [\"SEAT-MAIL\", \"SEAT-FULL\"]", Wrong::Both),
    (SEATS, "{ name = \"svc-*\" }, ", "", Wrong::Both),
    (SEATS, ", { not_seen_for_days = 90 }", "", Wrong::Both),
    (SEATS, "where = { holds = \"SPB\" }", "where = { holds = \"*\" }", Wrong::Both),
    (SEATS, "[\"EXCHANGESTANDARD\", \"O365_BUSINESS_ESSENTIALS\"]", "\"O365_BUSINESS_ESSENTIALS\"", Wrong::Both),
    (SEATS, "covers = [\"M365-BP\", \"DEF-BUS\", \"EDR-AGT\"]\n", "", Wrong::Both),
    (SEATS, "covers = [\"EXO-P1\", \"M365-BB\"]\n", "", Wrong::Both),
    (SEATS, "grants = { MNG-WKS = 1, MDM-MOB = 1 }\n", "", Wrong::Both),
    (SEATS, "grants = { MNG-WKS = 1, MDM-MOB = 1 }\n", "grants = { MNG-WKS = 2 }\n", Wrong::Both),
    (TWO_TOOLS, UNION, "count = [\"ninjaone.workstation\", \"ninjaone.server\", \"edr.agent\"]\n", Wrong::Both),
    (
        TWO_TOOLS,
        UNION,
        "count = { max = [\"ninjaone.workstation\", \"ninjaone.server\", \"edr.agent\"] }\n",
        Wrong::Both,
    ),
    (TWO_TOOLS, "[\"serial\", \"mac\", \"name\"]", "[\"serial\"]", Wrong::Both),
    (TWO_TOOLS, ", \"edr.agent\"]", "]", Wrong::Both),
    // Without any it would hold everywhere.
    (TWO_TOOLS, "covers = [\"EDR-AGT\"]\n", "covers = [\"PWD-MGR\"]\n", Wrong::Both),
    (TIERS, "where = { sku = \"GOLD\" }\n", "", Wrong::Both),
    (TIERS, "where = { sku = \"SILVER\" }\n", "", Wrong::Both),
    (STEPS, "graduated", "volume", Wrong::TheOther),
    (STEPS, "volume", "graduated", Wrong::TheOther),
    (STEPS, "{ up_to = 10, each = 2.00 }, ", "", Wrong::TheOther),
    (PACKS, "pack = 100\n", "", Wrong::Both),
    (PACKS, "round_up = 50\n", "", Wrong::Both),
    (OWN_LICENCES, ", sold_by = \"us\"", "", Wrong::Both),
    (OWN_LICENCES, "EXO-P1 = { not_sold = \"bought from Microsoft by themselves\" }", "", Wrong::Both),
    (COMMITTED, "client_committed = 12, ", "client_committed = 9, ", Wrong::Both),
    (COMMITTED, "commitment = \"binds\"\n", "", Wrong::Both),
    (COMMITTED, "commitment = { of = \"pax8.subscription\", where = { sku = \"DEF-BUS-SMB\" } }\n", "", Wrong::Both),
    (COMMITTED, ", term = \"P1M\"", "", Wrong::Both),
    (COMMITTED, ", term = \"P1Y\"", "", Wrong::Both),
];

/// The sample's sources read on its count day.
async fn synced(sample: &Arc<Sample>) -> TestBackend {
    let vendors = Vendors::start(Arc::clone(sample)).await.unwrap();
    let backend = TestBackend::of_sample(sample, &vendors).await;
    for source in sample.sources() {
        let answer = backend.sync(source).await;
        assert!(matches!(answer, SyncAnswer::Committed { .. }), "{answer:?}");
    }
    vendors.stop().await;
    backend
}

/// The rows of a draft by other rules at the clients that are sold to, held against the sheet.
async fn found(backend: &mut TestBackend, rules: &str, sample: &Sample) -> (Tally, Vec<BTreeMap<String, String>>) {
    let settings = std::fs::read(backend.folder.path().join("config/settings.toml")).unwrap();
    backend.config = Config::from_bytes(&settings, rules.as_bytes().to_vec()).unwrap();
    let run_id = backend.draft().await;
    backend.report(&run_id).await;
    let mut rows = backend.sheet(&run_id, "exceptions.csv");
    rows.retain(|row| !row["client_id"].is_empty());
    let planted: Vec<Planted> = sample.answer_sheet().into_iter().filter(|row| !row.client_id.is_empty()).collect();
    (compare(&planted, &rows), rows)
}

#[tokio::test]
async fn each_key_that_says_how_something_is_sold_is_needed_where_it_is_sold() {
    let sample = Arc::new(Sample::sold("2026-06".parse().unwrap()));
    let (mut backend, rules) = (synced(&sample).await, sample.rules_toml());
    let (tally, _) = found(&mut backend, &rules, &sample).await;
    assert!(tally.is_whole(), "{tally:#?}");
    let is_planted: BTreeSet<String> = sample.answer_sheet().iter().map(|row| normal(&row.columns())).collect();
    let ways = sample.sold_to();
    // One of each way at a time: no way has a client of another.
    for round in 0.. {
        let off: Vec<_> =
            ways.keys().filter_map(|way| SWITCHED_OFF.iter().filter(|of| of.0 == *way).nth(round)).collect();
        if off.is_empty() {
            assert!(round > 5, "{round}");
            break;
        }
        let (mut changed, mut expected) = (rules.clone(), BTreeSet::new());
        for (way, says, instead, wrong) in &off {
            assert!(rules.contains(says), "{says}");
            changed = changed.replace(says, instead);
            let [_, other] = ways[way].as_slice() else { panic!("{way}") };
            match wrong {
                Wrong::Both => expected.extend(ways[way].clone()),
                Wrong::TheOther => expected.extend([other.clone()]),
            }
        }
        let (tally, rows) = found(&mut backend, &changed, &sample).await;
        let client_of = |row: &str| row.split(" | ").nth(1).unwrap().to_owned();
        let mut clients: BTreeSet<String> = tally.missing.iter().map(|row| client_of(row)).collect();
        clients.extend(rows.iter().map(normal).filter(|row| !is_planted.contains(row)).map(|row| client_of(&row)));
        assert_eq!(clients, expected, "{off:#?}: {tally:#?}");
    }
}
