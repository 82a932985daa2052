//! Invented months that are really compared: what comes out is what a run would say.

use truecount_billing::{CountDay, ReadReason, ReadState, Side};
use truecount_check::World;
use truecount_reconciliation::{MappingSuggestion, PortfolioRecord, SourceReadWord, SourceReading};

use super::{Sample, header, read};

const RULES: &str = r#"
currency = "USD"

[services]
MNG-SRV = { count = "rmm.server" }
MNG-WKS = { count = "rmm.workstation" }
M365-BP = { count = "graph.user" }
"#;

/// A PSA of six clients and two sources that nobody has mapped: one lists all that there is, the other what it may see.
pub(crate) fn before_mapping() -> Sample {
    let mut case = String::from(SOURCES);
    for (at, name) in CLIENTS.iter().enumerate() {
        let (id, n) = (at + 1, at + 2);
        case.push_str(&client(id, name, &[("MNG-SRV", 2, 95), ("MNG-WKS", 8 * n, 38), ("M365-BP", 10 * n, 17)]));
    }
    // Names that differ from the clients' as they do when nobody has mapped anything.
    for (at, name) in CLIENTS.iter().enumerate().skip(1) {
        let (short, n) = (name.split(' ').next().unwrap(), at + 2);
        let workstations = 8 * n;
        case.push_str(&format!(
            "[[accounts]]\nsource = \"rmm\"\nid = \"r{at}\"\nname = \"{short} (new)\"\nitems = [\n  {{ id = \"S{at}\", kind = \
             \"server\", times = 2, last_seen = 2026-06-29 }},\n  {{ id = \"W{at}\", kind = \"workstation\", times = \
             {workstations}, last_seen = 2026-06-29 }},\n]\n\
             [[accounts]]\nsource = \"graph\"\nid = \"g{at}\"\nname = \"{short}.onmicrosoft.example\"\nitems = [{{ id = \"U{at}\", \
             kind = \"user\", times = {}, attributes = {{ sign_in = \"allowed\" }} }}]\n",
            10 * n
        ));
    }
    of_world("before-mapping", &case)
}

/// The RMM's sync failed and an older one stands in; the tenants could not be read at all.
pub(crate) fn failed_source() -> Sample {
    let case = SOURCES
        .replace("# of the rmm", "synced_on = 2026-06-28\nlast_failure = 2026-06-30")
        .replace("# of graph", "read = \"failed\"\nlast_failure = 2026-06-30");
    let account = "[[accounts]]\nsource = \"rmm\"\nid = \"r1\"\nname = \"Alder Dental\"\nclient = \"1\"\nitems = [{ id = \
         \"S\", kind = \"server\", times = 3, last_seen = 2026-06-27 }]\n";
    let lines = client(1, "Alder Dental", &[("MNG-SRV", 2, 95), ("M365-BP", 20, 17)]);
    let mut sample = of_world("failed-source", &format!("{case}{account}{lines}"));
    let graph = sample.sources.iter_mut().find(|source| source.source.as_str() == "graph").unwrap();
    graph.state = ReadState::Failed(ReadReason::SyncFailed {
        as_of: "2026-06-30".parse().unwrap(),
        failure: Box::new(super::because("the token was refused (401): renew the secret of `graph`, then sync again")),
    });
    sample
}

const CLIENTS: [&str; 6] =
    ["Alder Dental", "Birch Engineering", "Cedar Logistics", "Dogwood Legal", "Elm Street Surgery", "Fir & Sons"];

const SOURCES: &str = r#"
title = "An invented month"
why = "It is compared as a run would."
count_day = 2026-06-30

[[sources]]
id = "rmm"
like = "rmm"
# of the rmm

[[sources]]
id = "graph"
like = "tenant"
list = "by_grant"
# of graph

"#;

fn client(id: usize, name: &str, lines: &[(&str, usize, u32)]) -> String {
    let mut text = format!("[[clients]]\nid = \"{id}\"\nname = \"{name}\"\n[[clients.agreements]]\nid = \"A{id}\"\n");
    for (at, (product, quantity, price)) in lines.iter().enumerate() {
        text.push_str(&format!(
            "[[clients.agreements.lines]]\nid = \"L{id}-{at}\"\nproduct = \"{product}\"\nquantity = {quantity}\nprice = \
             {price}\n"
        ));
    }
    text
}

/// What a run of the world is stored as.
fn of_world(name: &str, case: &str) -> Sample {
    let world = World::from_toml(name, case, RULES.into()).unwrap();
    let (clients, portfolio) = world.records().unwrap();
    let mut header = header();
    header.count_day = CountDay(world.count_day);
    Sample {
        header,
        sources: sources(&portfolio),
        suggestions: suggestions(&portfolio),
        setup: Vec::new(),
        agreement_findings: Vec::new(),
        clients,
        portfolio,
    }
}

fn sources(portfolio: &PortfolioRecord) -> Vec<SourceReading> {
    let usage = portfolio.sources.iter().map(|source| SourceReading {
        side: Side::Used,
        state: match source.read {
            SourceReadWord::Used => ReadState::Complete,
            SourceReadWord::NotRead | SourceReadWord::TooOld => ReadState::Failed(ReadReason::NeverSynced),
        },
        as_of: source.synced_on,
        last_failure: source.last_failure,
        accounts: source.accounts,
        ..read(source.source.as_str(), ReadState::Complete, 0)
    });
    usage.chain([read("connectwise", ReadState::Complete, 0)]).collect()
}

fn suggestions(portfolio: &PortfolioRecord) -> Vec<MappingSuggestion> {
    let unmapped = portfolio.unmapped.iter();
    unmapped
        .map(|account| MappingSuggestion {
            source: account.source.clone(),
            account_id: account.account_id.clone(),
            account_name: account.account_name.clone(),
            client_id: None,
            client_name: None,
            score: None,
            reason: "nobody resembles it".into(),
            against: String::new(),
            items: 1,
            monthly_value: Vec::new(),
            if_confirmed: None,
        })
        .collect()
}
