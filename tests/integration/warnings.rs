//! What about mappings is told although nothing failed, and lookalikes of which none counts by itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use truecount_app::mapping::{MappingWorkspace, RowState};
use truecount_app::{ReconcileAnswer, RunKind};
use truecount_reconciliation::OutcomeLine;
use truecount_store::{MappingDecision, Run};
use truecount_support::SETTINGS;

use crate::backend::{TestBackend, soon};
use crate::smoke::RULES;

/// 20 names with the letters that others imitate.
const CLIENTS: [&str; 20] = [
    "Salmon Innovation",
    "Oakmoor Dental",
    "Balmoral Homes",
    "Almona Logistics",
    "Malton Foods",
    "Calmont Legal",
    "Lombard Coal",
    "Montrose Academy",
    "Colinton Farm",
    "Palomino Travel",
    "Marlow Optical",
    "Tamworth Oils",
    "Solarium Media",
    "Ivanhoe Motors",
    "Monaco Tailors",
    "Lomond Ceramics",
    "Coalport Mills",
    "Romano Lighting",
    "Almeria Nomads",
    "Falmouth Pilots",
];

/// Ten ways to write a name that looks the same and is not.
fn lookalikes(name: &str) -> Vec<String> {
    let first = name.chars().next().unwrap();
    let wide = char::from_u32(u32::from(first) - 0x20 + 0xFF00).unwrap();
    let after_first = |text: &str| format!("{first}{text}{}", &name[first.len_utf8()..]);
    vec![
        name.replacen('a', "\u{0430}", 1),
        name.replacen('o', "\u{043E}", 1),
        name.replacen('o', "\u{03BF}", 1),
        format!("{wide}{}", &name[first.len_utf8()..]),
        after_first("\u{200B}"),
        after_first("\u{0335}"),
        after_first("\u{00AD}"),
        name.replacen('o', "0", 1),
        name.replacen('m', "rn", 1).replacen('M', "\u{039C}", 1),
        match name.contains('l') {
            true => name.replacen('l', "I", 1),
            false => name.replacen('e', "\u{0435}", 1).replacen('i', "\u{0456}", 1),
        },
    ]
}

fn file(header: &str, rows: impl IntoIterator<Item = String>) -> String {
    rows.into_iter().fold(format!("{header}\n"), |mut text, row| {
        let _ = writeln!(text, "{row}");
        text
    })
}

fn usage(rows: impl IntoIterator<Item = String>) -> String {
    file("account_id,account_name,item_id,kind,status", rows)
}

async fn backend(settings: &str, billed: &str, usage: &str) -> TestBackend {
    let files = [
        ("archive/inbox/sources/psa/billed-2026-06-30.csv", billed),
        ("archive/inbox/sources/rmm/usage-2026-06-30.csv", usage),
    ];
    let backend = TestBackend::new(settings, RULES, &files).await;
    backend.sync("psa").await;
    backend.sync("rmm").await;
    backend
}

const BILLED: &str = "line_id,client_id,client_name,product_code,quantity,unit_price,currency";

fn billed(names: &[&str]) -> String {
    let row = |(n, name): (usize, &&str)| format!("{n},c{n},{name},MNG-SRV,1,45.50,GBP");
    file(BILLED, names.iter().enumerate().map(row))
}

async fn confirm(backend: &TestBackend, account: &str, client: &str) {
    let decision = MappingDecision::Confirmed { client_id: client.parse().unwrap() };
    backend.decide(account, decision, None).await.unwrap();
}

/// `code subject` of each alarm about mappings in a draft of a month.
async fn alarms(backend: &TestBackend, month: &str) -> Vec<String> {
    let month = month.parse().unwrap();
    let answer =
        truecount_app::reconcile(&backend.env, &backend.config, Some(month), &RunKind::Draft, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
    let run = Run::load(&backend.env.store, month, &run_id).await.unwrap().unwrap();
    let outcome = truecount_app::outcome_of(&backend.env, &run).await.unwrap();
    let setup = outcome.lines().filter_map(|line| match line.unwrap() {
        OutcomeLine::Setup(row) => Some(row),
        _ => None,
    });
    let own = setup.filter(|row| row.code.starts_with("account_") || row.code.starts_with("client"));
    own.map(|row| format!("{} {} | {}", row.code, row.subject, row.message)).collect()
}

#[tokio::test]
async fn none_of_200_lookalikes_is_confirmed_and_each_is_flagged() {
    let names: BTreeSet<String> = CLIENTS.iter().flat_map(|name| lookalikes(name)).collect();
    assert_eq!(names.len(), 200, "each is another");
    assert!(CLIENTS.iter().all(|name| !names.contains(*name)), "none is the name itself");
    let rows = names.iter().enumerate().map(|(n, name)| format!("a{n},{name},{n},server,active"));
    let backend = backend(SETTINGS, &billed(&CLIENTS), &usage(rows)).await;
    let flagged = alarms(&backend, "2026-06").await;
    let flagged: BTreeSet<&str> = flagged
        .iter()
        .filter_map(|row| row.strip_prefix("account_name_imitates rmm: ")?.split_once(' ').map(|(id, _)| id))
        .collect();
    let book = MappingWorkspace::load(&backend.env, &backend.config).await.unwrap();
    let rows = book.rows();
    let confirmed: Vec<_> = rows.iter().filter(|row| row.state != RowState::Undecided).collect();
    assert!(confirmed.is_empty(), "{confirmed:?}");
    let silent: Vec<_> = rows.iter().filter(|row| !flagged.contains(row.account_id.as_str())).collect();
    assert!(silent.is_empty(), "{silent:?}");
    assert_eq!(flagged.len(), 200);
}

#[tokio::test]
async fn renamed_and_replaced_accounts_are_reported() {
    let first = [("a1", "Old Name", 3), ("a2", "Quay Foods Group", 3), ("a3", "Marlow", 3)];
    let rows = |accounts: &[(&str, &str, usize)]| {
        let items = |(id, name, count): &(&str, &str, usize)| {
            (0..*count).map(|n| format!("{id},{name},{id}-{n},server,active")).collect::<Vec<_>>()
        };
        usage(accounts.iter().flat_map(items).collect::<Vec<_>>())
    };
    let mut backend = backend(SETTINGS, &billed(&["Harbour", "Quay", "Marlow"]), &rows(&first)).await;
    confirm(&backend, "a1", "c0").await;
    confirm(&backend, "a2", "c1").await;
    assert_eq!(alarms(&backend, "2026-06").await, Vec::<String>::new());

    backend.on("2026-07-01");
    let second = [("a1", "New Name", 3), ("b2", "quay foods group.", 3), ("a3", "MARLOW.", 3)];
    backend.drop_file("rmm", "usage-2026-07-01.csv", &rows(&second));
    backend.sync("rmm").await;
    let found = alarms(&backend, "2026-07").await;
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found[0].starts_with("account_renamed rmm: a1 | ") && found[0].contains("was called `Old Name`"),
        "{found:#?}"
    );
    assert!(
        found[1].starts_with("account_replaced rmm: b2 | ") && found[1].contains("`a2` of the same name"),
        "{found:#?}"
    );
    confirm(&backend, "a1", "c0").await;
    confirm(&backend, "b2", "c1").await;
    assert_eq!(alarms(&backend, "2026-07").await, Vec::<String>::new(), "decided anew");
}

#[tokio::test]
async fn a_decision_pending_for_a_month_is_reported_with_its_revenue() {
    let rows = (0..4).map(|n| format!("a1,Nobody Knows,{n},server,active")).collect::<Vec<_>>();
    let priced = RULES.replace("seen_within_days = 30", "seen_within_days = 30, price = 12.5");
    let files = [
        ("archive/inbox/sources/psa/billed-2026-05-20.csv", billed(&["Harbour"])),
        ("archive/inbox/sources/rmm/usage-2026-05-20.csv", usage(rows.clone())),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mut backend = TestBackend::new(SETTINGS, &priced, &files).await;
    for (day, month, told) in [("2026-05-20", "2026-05", 0), ("2026-06-20", "2026-06", 0), ("2026-06-21", "2026-06", 1)]
    {
        backend.on(day);
        backend.drop_file("psa", &format!("billed-{day}.csv"), &billed(&["Harbour"]));
        backend.drop_file("rmm", &format!("usage-{day}.csv"), &usage(rows.clone()));
        backend.sync("psa").await;
        backend.sync("rmm").await;
        let found = alarms(&backend, month).await;
        assert_eq!(found.len(), told, "{day}: {found:?}");
        if told == 1 {
            assert!(found[0].contains("since 2026-05-20 (4 items, worth about GBP 50.00 a month)"), "{found:?}");
        }
    }
}

#[tokio::test]
async fn duplicate_and_lookalike_client_names_are_reported() {
    let clients = ["Harbour", "HARBOUR.", "Innovate Labs", "lnnovate Labs"];
    let backend = backend(SETTINGS, &billed(&clients), &usage(["a1,Somebody,1,server,active".to_owned()])).await;
    let found = alarms(&backend, "2026-06").await;
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found[0].starts_with("client_name_imitates c2 | ") && found[1].starts_with("client_name_imitates c3"),
        "{found:#?}"
    );
    assert!(
        found[2].starts_with("clients_of_one_name c0, c1 | 2 clients in the PSA are called `Harbour`"),
        "{found:#?}"
    );
}

#[tokio::test]
async fn a_client_without_an_account_that_similar_clients_have_is_reported() {
    let settings = format!("{SETTINGS}\n[[sources]]\nid = \"backup\"\nconnector = \"file\"\nside = \"used\"\n");
    let names: Vec<String> = (0..12).map(|n| format!("Client Number {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows =
        |names: &[&str]| usage(names.iter().enumerate().map(|(n, name)| format!("a{n},{name},{n},server,active")));
    let backend = backend(&settings, &billed(&names), &rows(&names)).await;
    backend.drop_file("backup", "backup-2026-06-30.csv", &rows(&names[..11]));
    backend.sync("backup").await;
    let found = alarms(&backend, "2026-06").await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("client_without_usage backup: c11 | ") && found[0].contains("11 of 12 clients"),
        "{found:#?}"
    );
}
