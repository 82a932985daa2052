//! The small worlds of `tests/fixtures/cases`: each can be read, says what is right, and is hard for a plain comparison
//! where it says so.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_check::{
    ExpectedEntry, ExpectedFinding, ExpectedRow, ObservedEntry, ObservedFinding, ObservedRow, ObservedWorld, World,
    WorldBelonging, WorldError, WorldRowKind, WorldUpperEnd,
};
use truecount_reconciliation::AgreementIssue;

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases");
    let entries = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn worlds() -> Vec<World> {
    let read: Vec<_> = folders().iter().map(|folder| World::read_folder(folder)).collect();
    let faults: Vec<String> = read.iter().filter_map(|world| world.as_ref().err()).map(chain).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    read.into_iter().map(Result::unwrap).collect()
}

fn chain(error: &WorldError) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

#[test]
fn each_world_can_be_read_and_says_what_is_right() {
    let worlds = worlds();
    assert!(worlds.len() > 150, "{} worlds", worlds.len());
    for world in &worlds {
        let name = &world.name;
        assert!(!world.title.is_empty() && !world.why.is_empty() && !world.about.is_empty(), "{name}");
        assert!(!world.expect.is_empty() || world.findings.is_some(), "{name}: nothing is expected");
        assert!(world.rules.parse::<toml::Table>().is_ok(), "{name}: rules.toml is not TOML");
        assert!(world.next_closing > world.count_day, "{name}");
        assert!(world.waits_for.as_ref().is_none_or(|why| !why.is_empty()), "{name}");
        for row in &world.expect {
            assert_adds_up(name, row);
        }
    }
    let kinds: BTreeSet<_> = worlds.iter().flat_map(|world| world.expect.iter().map(|row| row.kind)).collect();
    for (word, kind) in WorldRowKind::ALL {
        assert!(kinds.contains(&kind), "no world expects {word}");
    }
    let found: BTreeSet<_> =
        worlds.iter().flat_map(|world| world.findings.iter().flatten()).map(|one| one.kind).collect();
    assert_eq!(found, BTreeSet::from(AgreementIssue::CODES), "of the agreements by themselves");
    let asks_for_none = worlds.iter().filter(|world| world.findings.as_ref().is_some_and(Vec::is_empty)).count();
    assert!(asks_for_none >= 3, "{asks_for_none} worlds in which every agreement is as it should be");
}

/// The figures of a row that hold together by what they mean.
fn assert_adds_up(name: &str, row: &ExpectedRow) {
    let should_bill = row.should_bill.flatten();
    for (whole, part, rest) in [(should_bill, row.billed, row.variance), (row.variance, row.left_alone, row.to_correct)]
    {
        if let (Some(whole), Some(part), Some(rest)) = (whole, part, rest) {
            assert_eq!(whole - part, rest, "{name}: {row:?}");
        }
    }
    if let (Some(gross), Some(explained), Some(should_bill)) = (row.gross, &row.explained, should_bill) {
        assert_eq!(gross + explained.values().sum::<Decimal>(), should_bill, "{name}: {row:?}");
    }
}

#[test]
fn a_plain_comparison_says_what_each_world_says_that_it_does() {
    let mut wrong = 0;
    let mut faults = Vec::new();
    for world in worlds() {
        for naive in &world.naive {
            let (counted, billed) = plain(&world, &naive.client, &naive.service);
            if (counted, billed) != (naive.counted, naive.billed) {
                faults.push(format!("{}: {counted} and {billed}, not {naive:?}", world.name));
            }
            let rows: Vec<&ExpectedRow> = (world.expect.iter())
                .filter(|row| row.client.as_ref() == Some(&naive.client))
                .filter(|row| row.service.as_ref() == Some(&naive.service))
                .collect();
            let is_right = rows.len() == 1 && rows.iter().all(|row| agrees_with(row, counted, billed));
            wrong += usize::from(!is_right);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(wrong >= 110, "a plain comparison is wrong {wrong} times only");
}

/// Whether a row says what the two numbers say.
fn agrees_with(row: &ExpectedRow, counted: Decimal, billed: Decimal) -> bool {
    let is_so = match counted.cmp(&billed) {
        Ordering::Equal => row.kind == WorldRowKind::Agrees,
        Ordering::Greater => matches!(row.kind, WorldRowKind::Underbilled | WorldRowKind::UnbilledUsage),
        Ordering::Less => matches!(row.kind, WorldRowKind::Overbilled | WorldRowKind::BilledWithoutUsage),
    };
    is_so && row.variance.is_none_or(|variance| variance == counted - billed)
}

/// What a spreadsheet would hold against each other: all items of the kinds, whatever their state, and all lines.
fn plain(world: &World, client: &str, service: &str) -> (Decimal, Decimal) {
    let rules: toml::Table = world.rules.parse().unwrap();
    let name = world.clients.iter().find(|one| one.id == client).map_or("", |one| one.name.as_str());
    let key = |key: &str| {
        let own = |whose: &str| rules.get("clients")?.get(whose)?.get(service)?.get(key);
        own(client).or_else(|| own(name)).or_else(|| rules["services"].get(service)?.get(key))
    };
    let kinds = key("count").map(counted_kinds).unwrap_or_default();
    let more = key("products").map(texts).unwrap_or_default();
    let products: BTreeSet<String> = more.into_iter().chain([service.to_owned()]).collect();
    let accounts = world.accounts.iter().filter(|account| match &account.belongs {
        WorldBelonging::Client(of) => of == client,
        WorldBelonging::ByName => account.name == name,
        _ => false,
    });
    let items = accounts.flat_map(|account| account.items.iter().map(move |item| (account, item)));
    let counted = items.filter(|(account, item)| {
        item.kind.as_ref().is_some_and(|kind| kinds.contains(&format!("{}.{kind}", account.source)))
    });
    let counted = counted.map(|(_, item)| item.quantity.unwrap_or_default()).sum();
    let agreements = world.clients.iter().filter(|one| one.id == client).flat_map(|one| &one.agreements);
    let lines = agreements.flat_map(|agreement| &agreement.lines).filter(|line| products.contains(&line.product));
    (counted, lines.map(|line| line.quantity).sum())
}

fn texts(value: &toml::Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Each `SOURCE.KIND` that a count names, however it is put together.
fn counted_kinds(count: &toml::Value) -> BTreeSet<String> {
    match count {
        toml::Value::String(kind) => BTreeSet::from([kind.clone()]),
        toml::Value::Array(parts) => parts.iter().flat_map(counted_kinds).collect(),
        toml::Value::Table(table) => {
            table.iter().filter(|(key, _)| *key != "times").flat_map(|(_, parts)| counted_kinds(parts)).collect()
        }
        _ => BTreeSet::new(),
    }
}

#[test]
fn a_world_in_json_is_the_same_world() {
    for folder in folders() {
        let world = World::read_folder(&folder).unwrap();
        let case: toml::Table = fs::read_to_string(folder.join("case.toml")).unwrap().parse().unwrap();
        let mut json = json_of(&toml::Value::Table(case));
        let fields = json.as_object_mut().unwrap();
        fields.insert("name".to_owned(), world.name.clone().into());
        fields.insert("rules".to_owned(), world.rules.clone().into());
        assert_eq!(World::from_json("worlds.jsonl line 1", &json.to_string()).unwrap(), world);
    }
}

fn json_of(value: &toml::Value) -> serde_json::Value {
    match value {
        toml::Value::String(text) => text.clone().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(_) => panic!("a float"),
        toml::Value::Boolean(flag) => (*flag).into(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(list) => list.iter().map(json_of).collect::<Vec<_>>().into(),
        toml::Value::Table(table) => {
            table.iter().map(|(key, value)| (key.clone(), json_of(value))).collect::<serde_json::Map<_, _>>().into()
        }
    }
}

/// A finding that is exactly what is right.
fn observed(right: &ExpectedFinding) -> ObservedFinding {
    ObservedFinding {
        kind: right.kind,
        client: right.client.clone(),
        product: right.product.clone(),
        agreements: right.agreements.clone().unwrap_or_default(),
        lines: right.lines.clone().unwrap_or_default(),
        monthly: right.monthly.flatten(),
        currency: right.currency,
        day: right.day,
        price: right.price,
        against: right.against,
        others: right.others,
    }
}

/// An outcome that is exactly what is right.
fn as_expected(world: &World) -> ObservedWorld {
    let rows = world.expect.iter().cloned().map(|row| ObservedRow {
        kind: row.kind,
        client: row.client,
        service: row.service,
        agreement: row.agreement,
        source: row.source,
        account: row.account,
        to: row.to,
        counted: row.counted.flatten(),
        at_least: row.at_least,
        at_most: row.at_most,
        billed: row.billed,
        should_bill: row.should_bill.flatten(),
        variance: row.variance,
        to_correct: row.to_correct,
        left_alone: row.left_alone,
        explained: row.explained.unwrap_or_default(),
        gross: row.gross,
        peak_on: row.peak_on,
        impact: row.impact.flatten(),
        currency: row.currency,
        is_estimated: row.is_estimated,
        stake_up: row.stake_up,
        stake_down: row.stake_down,
        when: row.when,
        due: row.due,
        doubts: row.doubts,
        widened_by: row.widened_by.unwrap_or_default(),
        items_in: row.items_in,
        items_out: row.items_out,
        lines: row.lines.unwrap_or_default(),
    });
    ObservedWorld {
        name: world.name.clone(),
        rows: rows.collect(),
        totals: world.expect_totals.clone(),
        coverage: world.expect_coverage.clone(),
        findings: world.findings.as_ref().map(|findings| findings.iter().map(observed).collect()),
        entries: world.entries.as_ref().map(|entries| entries.iter().map(listed).collect()),
    }
}

/// An entry that is exactly what is right.
fn listed(right: &ExpectedEntry) -> ObservedEntry {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    ObservedEntry {
        kind: right.kind,
        client: text(&right.client),
        service: text(&right.service),
        source: text(&right.source),
        account: text(&right.account),
        rows: right.rows.unwrap_or(1),
    }
}

#[test]
fn an_outcome_that_is_not_right_is_told() {
    for world in worlds() {
        let right = as_expected(&world);
        assert_eq!(world.differences(&right), Vec::<String>::new(), "{}", world.name);
        for (number, row) in right.rows.iter().enumerate() {
            let mut without = right.clone();
            without.rows.remove(number);
            assert!(!world.differences(&without).is_empty(), "{}: {row:?} is not missed", world.name);
            let mut more = right.clone();
            more.rows[number].billed = row.billed.map(|units| units + Decimal::ONE);
            more.rows[number].impact = row.impact.map(|amount| amount + Decimal::ONE);
            let is_told = !world.differences(&more).is_empty();
            assert_eq!(is_told, row.billed.is_some() || row.impact.is_some(), "{}: {row:?}", world.name);
        }
        let mut more = right.clone();
        more.rows.push(ObservedRow { client: Some("99".to_owned()), ..ObservedRow::new(WorldRowKind::Overbilled) });
        assert_eq!(world.differences(&more), ["99: overbilled is not expected"], "{}", world.name);
        let findings = right.findings.clone().unwrap_or_default();
        for number in 0..findings.len() {
            let mut other = right.clone();
            let one = &mut other.findings.as_mut().unwrap()[number];
            one.monthly = Some(one.monthly.unwrap_or_default() + Decimal::ONE);
            let is_told = !world.differences(&other).is_empty();
            assert_eq!(is_told, world.findings.as_ref().unwrap()[number].monthly.is_some(), "{}: {number}", world.name);
            other.findings.as_mut().unwrap().remove(number);
            assert!(!world.differences(&other).is_empty(), "{}: finding {number} is not missed", world.name);
        }
        if let Some(entries) = right.entries.as_ref().filter(|entries| entries.len() > 1) {
            let mut other = right.clone();
            other.entries = Some(entries.iter().rev().cloned().collect());
            assert!(!world.differences(&other).is_empty(), "{}: the order of entries is not told", world.name);
            other.entries = Some(entries[1..].to_vec());
            assert!(!world.differences(&other).is_empty(), "{}: an entry is not missed", world.name);
        }
        more.rows.pop();
        more.rows.push(ObservedRow { client: Some("99".to_owned()), ..ObservedRow::new(WorldRowKind::Agrees) });
        assert!(world.differences(&more).is_empty(), "{}", world.name);
    }
}

#[test]
fn numbers_of_an_outcome_are_text() {
    let row = ObservedRow {
        client: Some("1".to_owned()),
        variance: Some("12.50".parse().unwrap()),
        at_most: Some(WorldUpperEnd::Unknown),
        explained: BTreeMap::from([("stale".to_owned(), "-2.0".parse().unwrap())]),
        is_estimated: Some(true),
        ..ObservedRow::new(WorldRowKind::UnbilledUsage)
    };
    let amounts = BTreeMap::from([("add".to_owned(), "100.00".parse().unwrap())]);
    let totals = BTreeMap::from([(Currency::new("USD").unwrap(), amounts)]);
    let outcome = ObservedWorld { name: "one".to_owned(), rows: vec![row], totals, ..ObservedWorld::default() };
    let right = r#"{"name":"one","rows":[{"kind":"unbilled_usage","client":"1","at_most":"none","variance":"12.5","explained":{"stale":"-2"},"basis":"estimated"}],"totals":{"USD":{"add":"100"}},"coverage":{}}"#;
    assert_eq!(serde_json::to_string(&outcome).unwrap(), right);
}

#[test]
fn whatever_is_wrong_with_a_world_is_told_at_once() {
    let case = r#"
count_day = "2026-11-31"
colour    = "red"
naive     = [{ client = "1", service = "S", counted = 1.5, billed = 2 }]
[[sources]]
id   = "rmm"
like = "printer"
[[accounts]]
source = "backup"
id     = "A1"
name   = "Alder"
client = "1"
may_be = ["2"]
before = []
items  = [{ id = "1", kind = "server", state = "asleep" }, { id = "2", kind = "server", times = 3, serial = "X" }]
[[clients]]
id   = "1"
name = "Alder"
[[clients.agreements]]
id           = "A"
cycle_months = 0
[[clients.agreements.lines]]
id      = "L1"
product = "S"
[[expect]]
kind   = "fine"
client = "1"
[expect_totals.usd]
add = 1
"#;
    let error = World::from_toml("bad", case, String::new()).unwrap_err().to_string();
    let faults = error.lines().map(|line| line.strip_prefix("bad/case.toml: `").unwrap().split_once("`: ").unwrap());
    let told: BTreeMap<&str, &str> = faults.collect();
    let fields: Vec<&str> = told.keys().copied().collect();
    let right = [
        "accounts[0].before",
        "accounts[0].items[0].state",
        "accounts[0].items[1].serial",
        "accounts[0].may_be",
        "accounts[0].source",
        "clients[0].agreements[0].cycle_months",
        "clients[0].agreements[0].lines[0].quantity",
        "colour",
        "count_day",
        "expect[0].kind",
        "expect[0].service",
        "expect_totals.usd",
        "naive[0].counted",
        "sources[0].like",
    ];
    assert_eq!(fields, right, "{told:#?}");
    assert_eq!(told["colour"], "there is no such key");
    assert!(told["naive[0].counted"].starts_with("a whole number or text is needed"), "{told:#?}");
}

#[test]
fn each_world_comes_out_right_unless_it_waits() {
    let (mut wrong, mut waiting) = (Vec::new(), Vec::new());
    for world in worlds() {
        let differs = match world.outcome() {
            Ok(observed) => world.differences(&observed),
            Err(error) => vec![error.to_string()],
        };
        match &world.waits_for {
            None => wrong.extend(differs.into_iter().map(|why| format!("{}: {why}", world.name))),
            Some(waits_for) if differs.is_empty() => {
                wrong.push(format!("{}: it is right, and does not wait any more: {waits_for}", world.name));
            }
            Some(waits_for) => waiting.push(format!("{}: {waits_for}", world.name)),
        }
    }
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
    println!("{} worlds wait:\n{}", waiting.len(), waiting.join("\n"));
}

#[test]
fn no_row_depends_on_the_order_of_clients_accounts_and_lines() {
    for world in worlds().iter().filter(|world| world.waits_for.is_none()) {
        let mut turned = world.clone();
        turned.clients.reverse();
        turned.accounts.reverse();
        for client in &mut turned.clients {
            client.agreements.reverse();
            client.agreements.iter_mut().for_each(|agreement| agreement.lines.reverse());
        }
        turned.accounts.iter_mut().for_each(|account| account.items.reverse());
        let differs = world.differences(&turned.outcome().unwrap());
        assert!(differs.is_empty(), "{}: {}", world.name, differs.join("\n"));
    }
}
