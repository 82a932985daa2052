//! What becomes of each thing that a run has frozen: from the snapshots, and the same from the run's folder alone.

use jiff::civil::date;
use rust_decimal::Decimal;
use truecount_billing::{AccountList, Currency, Measure, ReadReason, ReadState};
use truecount_reconciliation::{
    AccountBelonging, ItemsRead, LinesRead, RowKind, RunContext, RunInputs, RunReconciler, UsageAccount,
};
use truecount_store::{
    Base, Count, FrozenRun, IgnoreReason, MappingDecision, Run, SeenFall, SnapshotAccount, SnapshotManifest, Witness,
};

use truecount_rules::Rules;

use super::*;
use crate::comparison::{MappingsInForce, NonesInForce, WordsOnDay, add_days, load_mappings, load_nones, load_words};
use crate::jobs::reconcile::{ReconcileAnswer, RunKind, reconcile};
use crate::test_environment::{
    Content, RULES, SETTINGS, TODAY, TestEnvironment, at_sites, billed, config, confirmed, month, soon, split, used,
};

const YESTERDAY: &str = "2026-06-29";

/// A machine is a machine once, and the list of accounts is all that there is.
const OWNED: &str = "connector = \"ninjaone\"";

const SERVERS: &str = "[services]\nMNG-SRV = { count = \"rmm.server\" }\n";

/// What a draft of the month has frozen.
struct Frozen {
    run: FrozenRun,
    sources: Vec<FrozenSource>,
    words: WordsOnDay,
    mappings: MappingsInForce,
    nones: NonesInForce,
}

async fn freeze(test: &TestEnvironment) -> Frozen {
    let answer = reconcile(&test.env, &test.config, Some(month()), &RunKind::Draft, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
    let store = &test.env.store;
    let run = Run::load(store, month(), &run_id).await.unwrap().unwrap();
    let mut sources = run.manifest.sources.clone();
    // A run does not say which sync of its day a snapshot was: the newest.
    for source in &mut sources {
        if let (Some(_), Some(day)) = (source.snapshot, source.as_of) {
            let newest = SnapshotManifest::newest(store, &source.source, day).await.unwrap();
            source.snapshot = newest.map(|manifest| manifest.id);
        }
    }
    sources.iter_mut().for_each(|source| source.days.clear());
    add_days(&test.env, &test.config, &mut sources, run.manifest.count_day.0).await.unwrap();
    Frozen {
        words: load_words(store, &sources, run.manifest.count_day.0).await.unwrap(),
        mappings: load_mappings(store, &sources, month()).await.unwrap(),
        nones: load_nones(store, &sources, month()).await.unwrap(),
        run: FrozenRun::open(run.folder(store)).await.unwrap(),
        sources,
    }
}

/// What is compared: the same from the snapshots and from the run's folder.
async fn inputs_of(test: &TestEnvironment, frozen: &Frozen, rules: &Rules) -> RunInputs {
    let from = async |accounts| {
        let of = ComparisonInputs {
            rules,
            mapping: &test.config.settings.mapping,
            weights: &test.config.settings.weights,
            count_day: frozen.run.manifest.count_day,
            next_closing: frozen.run.manifest.next_closing,
            sources: &frozen.sources,
            accounts,
            words: &frozen.words,
            mappings: &frozen.mappings,
            nones: &frozen.nones,
            actions: &NO_ACTIONS,
            baseline: None,
            scope: None,
        };
        let comparison = Comparison::read(&of).await.unwrap();
        let mut said = Vec::new();
        let compared = comparison.compare(None, |line| {
            said.push(format!("{line:?}"));
            Ok(())
        });
        compared.unwrap();
        let Comparison { inputs, sources, clients, mappings, .. } = comparison;
        said.extend(sources.iter().map(|source| format!("{:?}", source.accounts)));
        said.push(format!("{clients:?} {mappings:?} {:?} {:?} {:?}", inputs.sources, inputs.accounts, inputs.clients));
        (inputs, said)
    };
    let (_, of_snapshots) = from(AccountsFrom::Snapshots(&test.env.store)).await;
    let (inputs, of_folder) = from(AccountsFrom::Frozen(&frozen.run)).await;
    assert_eq!(of_folder, of_snapshots);
    inputs
}

fn rules(test: &TestEnvironment, text: &str) -> Rules {
    Rules::parse("rules.toml", text, &test.config.settings.vocabulary()).unwrap()
}

async fn inputs(test: &TestEnvironment) -> RunInputs {
    inputs_of(test, &freeze(test).await, &rules(test, SERVERS)).await
}

/// With another source of usage than a file.
fn with_owned_list() -> TestEnvironment {
    with_owned_list_and(RULES)
}

fn with_owned_list_and(rules: &str) -> TestEnvironment {
    let mut test = TestEnvironment::new();
    let (before, rmm) = SETTINGS.split_once("id = \"rmm\"").unwrap();
    let rmm = rmm.replace("connector = \"file\"\nside = \"used\"", OWNED);
    test.config = config(&format!("{before}id = \"rmm\"{rmm}"), rules);
    test
}

fn changed(content: Content, change: fn(&mut SnapshotAccount)) -> Content {
    Content { change, ..content }
}

fn account<'i>(inputs: &'i RunInputs, id: &str) -> &'i UsageAccount {
    inputs.accounts.iter().find(|account| account.id.as_str() == id).unwrap()
}

/// `client c1`, `ignored`, `split site: leeds c1`, `undecided c1 c2`.
fn belongs(inputs: &RunInputs, id: &str) -> String {
    let client = |number: &usize| inputs.clients[*number].id.to_string();
    match &account(inputs, id).belongs {
        AccountBelonging::Client(number) => format!("client {}", client(number)),
        AccountBelonging::Ignored => "ignored".to_owned(),
        AccountBelonging::Split { by, parts } => {
            let parts: Vec<_> = parts.iter().map(|(word, number)| format!("{word} {}", client(number))).collect();
            format!("split {by}: {}", parts.join(", "))
        }
        AccountBelonging::Undecided { may_be } => {
            format!("undecided {}", may_be.iter().map(client).collect::<Vec<_>>().join(" ")).trim_end().to_owned()
        }
    }
}

/// `complete 3`, `fell 2 of 10`, `failed, 3 on 2026-06-29`.
fn reading(inputs: &RunInputs, id: &str) -> String {
    match &account(inputs, id).reading {
        ItemsRead::Complete(now) => format!("complete {}", now.len()),
        ItemsRead::Partial(now) => format!("partial {}", now.len()),
        ItemsRead::Failed { earlier: None } => "failed".to_owned(),
        ItemsRead::Failed { earlier: Some((day, items)) } => format!("failed, {} on {day}", items.len()),
        ItemsRead::Doubtful => "doubtful".to_owned(),
        ItemsRead::Fell { now, before } => format!("fell {} of {}", now.len(), before.len()),
        ItemsRead::Gone { before, confirmed } => format!("gone {} {confirmed:?}", before.len()),
    }
}

fn base(items: u64, fall: Option<u64>) -> Base {
    let count = |items: u64| Count { items, units: items.into() };
    let witness = Witness::File { name: "june.csv".to_owned(), sha256: None };
    Base {
        count: count(items),
        as_of: date(2026, 6, 29),
        fall: fall.map(|items| SeenFall { count: count(items), witness }),
    }
}

fn dropped(kind: &str) -> ReadState {
    let (before, now, as_of) = (Decimal::TEN, Decimal::TWO, date(2026, 6, 29));
    ReadState::Doubtful(ReadReason::Dropped { kind: kind.to_owned(), measure: Measure::Items, before, now, as_of })
}

fn fell(entry: &mut SnapshotAccount) {
    entry.account.read_state = dropped("server");
    entry.bases.insert("server".to_owned(), base(10, Some(2)));
}

fn lines_fell(entry: &mut SnapshotAccount) {
    entry.account.read_state = dropped("line");
    let count = Count { items: 1, units: Decimal::TEN };
    entry.bases.insert("line".to_owned(), Base { count, ..base(1, Some(1)) });
}

fn failed(entry: &mut SnapshotAccount) {
    entry.account.read_state = ReadState::Failed(ReadReason::TooManyItems);
    entry.bases.insert("server".to_owned(), base(3, None));
}

fn not_listed(entry: &mut SnapshotAccount) {
    let (before, as_of) = (3, date(2026, 6, 29));
    entry.account.read_state = ReadState::Doubtful(ReadReason::NotListed { before, as_of });
    entry.bases.insert("server".to_owned(), base(3, Some(0)));
}

#[tokio::test]
async fn each_decision_about_an_account_is_handed_on() {
    let test = TestEnvironment::new();
    let clients = [billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1), billed("c3", "Mill & Sons", 1)];
    test.commit("psa", TODAY, &clients).await;
    let accounts = [
        used("a1", "Harbour Dental", 3),
        used("a2", "Number Two", 1),
        used("a3", "Our own", 1),
        at_sites("a4", "Two of them", &["leeds", "york"]),
        used("a5", "Harbour Dental Clinic", 1),
        used("a6", "Zzyzx", 1),
    ];
    test.commit("rmm", TODAY, &accounts).await;
    test.decide("a2", confirmed("c2"), None).await;
    test.decide("a3", MappingDecision::Ignored { reason: IgnoreReason::Internal }, None).await;
    test.decide("a4", split("site", &[("leeds", "c1"), ("york", "c3")]), None).await;
    let inputs = inputs(&test).await;
    for (id, expected) in [
        ("a1", "client c1"),
        ("a2", "client c2"),
        ("a3", "ignored"),
        ("a4", "split site: leeds c1, york c3"),
        ("a5", "undecided c1"),
        ("a6", "undecided"),
    ] {
        assert_eq!(belongs(&inputs, id), expected, "{id}");
    }
    assert_eq!(inputs.items.len(), 9);
    let names: Vec<_> = inputs.clients.iter().map(|client| client.name.as_str()).collect();
    assert_eq!(names, ["Harbour Dental", "Quiet Quay", "Mill & Sons"]);
}

#[tokio::test]
async fn a_name_that_several_clients_resemble_may_be_any_of_theirs() {
    let test = TestEnvironment::new();
    let names = ["Harbour Dental North", "Harbour Dental South", "Quiet Quay"];
    let clients: Vec<_> = names.iter().zip(1..).map(|(name, n)| billed(&format!("c{n}"), name, 1)).collect();
    test.commit("psa", TODAY, &clients).await;
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 3)]).await;
    let inputs = inputs(&test).await;
    assert!(["undecided c1 c2", "undecided c2 c1"].contains(&belongs(&inputs, "a1").as_str()));
}

#[tokio::test]
async fn a_client_that_the_psa_lost_is_billed_nothing_if_its_list_is_whole() {
    let test = TestEnvironment::synced().await;
    test.decide("a1", confirmed("c9"), None).await;
    let mut frozen = freeze(&test).await;
    let rules = rules(&test, SERVERS);
    let lost = inputs_of(&test, &frozen, &rules).await;
    assert_eq!(belongs(&lost, "a1"), "client c9");
    let c9 = &lost.clients[lost.client_number(&"c9".parse().unwrap()).unwrap()];
    assert!(matches!(c9.read, LinesRead::Complete) && c9.agreements.is_empty(), "{c9:?}");

    let missing = ReadReason::TotalChanged { what: "agreements".to_owned() };
    for source in frozen.sources.iter_mut().filter(|source| source.side == Side::Agreed) {
        source.read_state = ReadState::Partial(missing.clone());
    }
    let partial = inputs_of(&test, &frozen, &rules).await;
    let read: Vec<_> = partial.clients.iter().map(|client| &client.read).collect();
    assert!(matches!(read.as_slice(), [LinesRead::Partial, LinesRead::Partial, LinesRead::Failed]), "{read:?}");
}

#[tokio::test]
async fn each_read_state_is_handed_on() {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    let before = [used("a1", "One", 3), used("a2", "Two", 3), used("a3", "Three", 2), used("a4", "Four", 1)];
    test.commit("rmm", YESTERDAY, &before).await;
    let partial = |entry: &mut SnapshotAccount| entry.account.read_state = ReadState::Partial(ReadReason::TooManyItems);
    let contradicted = |entry: &mut SnapshotAccount| {
        entry.account.read_state = ReadState::Doubtful(ReadReason::Contradicted { items: 1, line: None });
    };
    let now = [
        used("a1", "One", 3),
        changed(used("a2", "Two", 0), failed),
        changed(used("a3", "Three", 1), partial),
        changed(used("a4", "Four", 1), contradicted),
        changed(used("a5", "Five", 0), failed),
    ];
    test.commit("rmm", TODAY, &now).await;
    let mut frozen = freeze(&test).await;
    let rules = rules(&test, SERVERS);
    let read = inputs_of(&test, &frozen, &rules).await;
    for (id, expected) in [
        ("a1", "complete 3"),
        ("a2", "failed, 3 on 2026-06-29"),
        ("a3", "partial 1"),
        ("a4", "doubtful"),
        ("a5", "failed"),
    ] {
        assert_eq!(reading(&read, id), expected, "{id}");
    }
    // Something is missing, and it may be of any account.
    for source in &mut frozen.sources {
        source.read_state = ReadState::Partial(ReadReason::TotalChanged { what: "devices".to_owned() });
    }
    let read = inputs_of(&test, &frozen, &rules).await;
    assert_eq!(reading(&read, "a1"), "partial 3");
}

#[tokio::test]
async fn a_fall_has_what_was_there_before_of_what_fell() {
    let test = TestEnvironment::new();
    test.commit("psa", YESTERDAY, &[billed("c1", "Harbour Dental", 10)]).await;
    test.commit("psa", TODAY, &[changed(billed("c1", "Harbour Dental", 2), lines_fell)]).await;
    let mut before = used("a1", "Harbour Dental", 12);
    before.items[10..].iter_mut().for_each(|item| item.kind = "mobile".to_owned());
    test.commit("rmm", YESTERDAY, &[before, used("a2", "Quiet Quay", 9)]).await;
    let now = [changed(used("a1", "Harbour Dental", 2), fell), changed(used("a2", "Quiet Quay", 2), fell)];
    test.commit("rmm", TODAY, &now).await;
    let inputs = inputs(&test).await;
    assert_eq!(reading(&inputs, "a1"), "fell 2 of 10");
    assert_eq!(reading(&inputs, "a2"), "doubtful", "nobody has the ten of before");
    let LinesRead::Fell { before } = &inputs.clients[0].read else { panic!("{:?}", inputs.clients[0].read) };
    assert_eq!(before[0].lines[0].quantity, Decimal::TEN);
    assert_eq!(inputs.clients[0].agreements[0].lines[0].quantity, Decimal::TWO);
}

#[tokio::test]
async fn an_account_that_is_gone_has_what_it_held_where_the_list_is_all_that_there_is() {
    for (test, expected) in [(with_owned_list(), "gone 3 None"), (TestEnvironment::new(), "gone 0 None")] {
        test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
        test.commit("rmm", YESTERDAY, &[used("a1", "Harbour Dental", 3), used("a2", "Quay", 1)]).await;
        let now = [changed(used("a1", "Harbour Dental", 0), not_listed), used("a2", "Quay", 1)];
        test.commit("rmm", TODAY, &now).await;
        let inputs = inputs(&test).await;
        assert_eq!(reading(&inputs, "a1"), expected);
        assert_eq!(belongs(&inputs, "a1"), "client c1");
    }
}

#[tokio::test]
async fn a_source_has_its_day_and_how_long_it_is_fresh() {
    let test = with_owned_list();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    test.commit("rmm", YESTERDAY, &[used("a1", "Harbour Dental", 3)]).await;
    test.fail("rmm", TODAY, ReadReason::NothingToCount { before: 3 }).await;
    let mut frozen = freeze(&test).await;
    let rules = rules(&test, SERVERS);
    let read = inputs_of(&test, &frozen, &rules).await;
    let source = &read.sources[0];
    assert_eq!((source.synced_on, source.fresh_days, source.was_read), (date(2026, 6, 29), 3, true));
    assert_eq!((source.list, source.last_failure), (AccountList::Owned, Some(date(2026, 6, 30))));
    assert_eq!((source.kinds[0].name.as_str(), source.kinds[0].stale_days), ("server", Some(30)));

    for source in &mut frozen.sources {
        source.read_state = ReadState::Partial(ReadReason::TotalChanged { what: "devices".to_owned() });
    }
    let read = inputs_of(&test, &frozen, &rules).await;
    assert_eq!(read.sources[0].list, AccountList::ByGrant, "an account may be among what is missing");
}

#[tokio::test]
async fn a_source_that_was_never_read_is_not_read() {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    let inputs = inputs(&test).await;
    assert_eq!((inputs.sources[0].was_read, inputs.accounts.len()), (false, 0));
    assert_eq!(inputs.sources[0].fresh_days, 35, "a file");
}

#[tokio::test]
async fn the_words_of_the_source_are_those_of_before_and_today() {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    test.commit("rmm", "2026-05-31", &[at_sites("a1", "Harbour Dental", &["hull"])]).await;
    let mut named = at_sites("a1", "Harbour Dental", &["Leeds", "york"]);
    named.items[0].name = Some("DC-01".to_owned());
    named.items[1].kind = "printer".to_owned();
    test.commit("rmm", TODAY, &[named]).await;
    test.commit("rmm", "2026-07-01", &[at_sites("a1", "Harbour Dental", &["bath"])]).await;
    let text =
        "[services]\nA = { count = \"rmm.server\", where = { name = \"dc-*\" } }\nB = { count = \"rmm.tape\" }\n";
    let inputs = inputs_of(&test, &freeze(&test).await, &rules(&test, text)).await;
    let source = &inputs.sources[0];
    let has = |kind: &str, attribute: &str, word: &str| {
        source.words.has(kind, attribute, &truecount_rules::Pattern::new(word))
    };
    assert!(has("server", "site", "hull") && has("server", "site", "leeds") && has("printer", "site", "york"));
    assert!(has("server", "status", "active"));
    assert!(has("server", "name", "dc-01"), "the rules ask for it");
    assert!(!has("server", "site", "bath"), "it came later");
    assert!(!has("server", "site", "york") && !source.words.has_kind("line") && !source.words.has_kind("tape"));
    let mut kinds: Vec<_> = source.kinds.iter().map(|kind| kind.name.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["printer", "server", "tape"], "a file brings its own, and rules may name another");
}

#[tokio::test]
async fn a_month_is_reconciled_from_what_was_frozen() {
    let test = TestEnvironment::synced().await;
    let rules = rules(&test, SERVERS);
    let inputs = inputs_of(&test, &freeze(&test).await, &rules).await;
    let context = RunContext {
        count_day: date(2026, 6, 30),
        next_closing: date(2026, 7, 29),
        home_currency: Currency::new("GBP").unwrap(),
    };
    let reconciler = RunReconciler::new(&inputs, &rules, context);
    let outcome = reconciler.outcome();
    let row = |client: &str| {
        let client = inputs.client_number(&client.parse().unwrap()).unwrap();
        let row = reconciler.client_record(client, &outcome).rows.remove(0);
        (row.kind, row.billed, row.should_bill, row.monthly_impact)
    };
    assert_eq!(row("c1"), (RowKind::Underbilled, 2.into(), Some(3.into()), Some(Decimal::new(4550, 2))));
    assert_eq!(row("c2"), (RowKind::BilledWithoutUsage, 1.into(), Some(0.into()), Some(Decimal::new(-4550, 2))));
}

const PEAK: &str = "[services]\nMNG-SRV = { count = \"rmm.server\", at = \"peak\", seen_within_days = false }\n";

/// What an account held on the days before the snapshot.
fn days(inputs: &RunInputs, id: &str) -> Vec<(String, usize)> {
    let days = account(inputs, id).days.iter();
    days.map(|(day, items)| (day.to_string(), items.len())).collect()
}

#[tokio::test]
async fn the_days_of_which_a_peak_is_the_largest_are_frozen_with_the_run() {
    let test = with_owned_list_and(PEAK);
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    let on = async |day: &str, accounts: &[Content]| test.commit("rmm", day, accounts).await;
    let harbour = |servers| used("a1", "Harbour Dental", servers);
    on("2026-05-20", &[harbour(20)]).await;
    on("2026-06-12", &[harbour(5), used("a9", "Harbour's lab", 2)]).await;
    on("2026-06-13", &[changed(harbour(9), failed)]).await;
    on("2026-06-14", &[harbour(9)]).await;
    on("2026-06-14", &[harbour(4)]).await;
    on(TODAY, &[harbour(3), used("a2", "Quiet Quay", 1)]).await;
    test.decide("a9", confirmed("c1"), None).await;
    let frozen = freeze(&test).await;
    let rules = rules(&test, PEAK);
    let inputs = inputs_of(&test, &frozen, &rules).await;
    let told = |expected: &[(&str, usize)]| -> Vec<(String, usize)> {
        expected.iter().map(|(day, items)| (format!("2026-06-{day}"), *items)).collect()
    };
    assert_eq!(days(&inputs, "a1"), told(&[("12", 5), ("14", 4)]), "the last of a day, as far as it was read");
    assert_eq!(days(&inputs, "a2"), told(&[("12", 0), ("13", 0), ("14", 0)]), "it was not there yet");
    assert_eq!(days(&inputs, "a9"), told(&[("12", 2), ("13", 0), ("14", 0)]));
    assert!(account(&inputs, "a9").is_former && !account(&inputs, "a1").is_former);

    let (count_day, next_closing) = (date(2026, 6, 30), date(2026, 7, 31));
    let context = RunContext { count_day, next_closing, home_currency: Currency::new("GBP").unwrap() };
    let reconciler = RunReconciler::new(&inputs, &rules, context);
    let outcome = reconciler.outcome();
    let row = &reconciler.client_record(0, &outcome).rows[0];
    assert_eq!((row.kind, row.counted, row.peak_on), (RowKind::Underbilled, Some(7.into()), Some(date(2026, 6, 12))));
    assert_eq!(row.items.len(), 7, "those of the day of the peak");
}

#[tokio::test]
async fn other_days_are_read_for_a_peak_alone() {
    let test = with_owned_list();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    for day in ["2026-06-12", TODAY] {
        test.commit("rmm", day, &[used("a1", "Harbour Dental", 5)]).await;
    }
    let frozen = freeze(&test).await;
    assert!(frozen.run.manifest.sources.iter().all(|source| source.days.is_empty()));
    assert!(days(&inputs(&test).await, "a1").is_empty());
}
