//! `report.html`: what it forbids, what it has of a month, that its sums are the run's, and where it ends.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::invented::{self, Sample, large};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rust_decimal::Decimal;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use truecount_check::World;
use truecount_reconciliation::{BaselineState, ItemFateWord, RunTotals};

/// The text between two others.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before).unwrap_or_else(|| panic!("no {before}")).1.split_once(after).unwrap().0
}

fn data(page: &str, id: &str) -> Value {
    serde_json::from_str(between(page, &format!("<script type=\"application/json\" id=\"data-{id}\">"), "</script>"))
        .unwrap()
}

fn rows(page: &str) -> Vec<Value> {
    data(page, "rows").as_array().unwrap().clone()
}

/// What is behind a row.
fn behind(page: &str, row: &Value) -> Value {
    data(page, &format!("block-{}", row["block"]))[row["id"].as_str().unwrap()].clone()
}

#[test]
fn the_page_forbids_everything_but_its_own_style_and_script() {
    let page = invented::month().page();
    let policy = between(&page, "<meta http-equiv=\"Content-Security-Policy\" content=\"", "\">");
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let (style, script) = (between(&page, "<style>", "</style>"), between(&page, "<script>", "</script>"));
    assert!(style.len() > 1000 && script.len() > 1000);
    let expected = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    );
    assert_eq!(policy, expected);
    let at = |text: &str| page.find(text).unwrap();
    assert!(at("Content-Security-Policy") < at("<style>") && page.matches("<script>").count() == 1);
    for forbidden in
        ["http://", "https://", " src=", "<link", "<img", "<iframe", "url(", "@import", " style=", " onclick="]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for way_out in
        ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "fetch(", "import("]
    {
        assert!(!script.contains(way_out), "{way_out}");
    }
}

#[test]
fn a_usual_month() {
    let page = invented::month().page();
    let mut shown = String::new();
    for row in rows(&page) {
        let text = |field: &str| row[field].as_str().unwrap_or("-").to_owned();
        let fields = ["client", "service", "kind", "change", "value", "basis", "step", "owner"].map(text);
        shown.push_str(&format!("{}\n  {}\n", fields.join(" | "), row["totals"]));
        if row["block"].is_u64() {
            shown.push_str(&format!("  {}\n", behind(&page, &row)));
        }
    }
    shown.push_str(&format!("{:#}\n{:#}\n", data(&page, "overview"), data(&page, "sheets")));
    insta::assert_snapshot!(shown);
}

#[test]
fn what_is_above_the_rows_is_there_without_a_script() {
    let page = invented::month().page();
    let above = page.split_once("<script").unwrap().0;
    for text in [
        "<h1>June 2026</h1>",
        "of the recurring revenue was compared",
        "<dt>To add</dt><dd>GBP 2,432.65 a month on these invoices</dd>",
        "<dt>Not reconciled</dt>",
        "Run 2026-06-closing-1-7f3c9a, counted on 30 June 2026.",
        "<noscript>",
    ] {
        assert!(above.contains(text), "{text}: {above}");
    }
    for foreign in ["Hartwell", "Wexcombe", "Pellworth"] {
        assert!(!above.contains(foreign) && page.contains(foreign), "{foreign} is text of the data alone");
    }
}

#[test]
fn a_first_comparison_shows_no_total() {
    let mut sample = invented::month();
    sample.portfolio.baseline = Some(BaselineState::NotAccepted);
    let page = sample.page();
    let above = page.split_once("<script").unwrap().0;
    assert!(
        above.contains("First comparison, not yet confirmed") && above.contains("truecount baseline accept"),
        "{above}"
    );
    assert!(!above.contains("class=\"totals\"") && !above.contains("2,432.65"), "{above}");
    assert!(rows(&page).len() > 10 && sums(&rows(&page)).is_empty());
    let charts = data(&page, "overview")["charts"].as_array().unwrap().clone();
    let is_of_revenue = |chart: &Value| chart["title"].as_str().unwrap().starts_with("Recurring revenue");
    assert!(!charts.is_empty() && charts.iter().all(is_of_revenue), "{charts:?}");
}

#[test]
fn a_month_in_which_all_agrees_has_no_rows() {
    let page = invented::clean().page();
    assert_eq!(rows(&page), [""; 0]);
    assert!(page.contains("agree.") && !page.contains("block-0\">"), "{}", &page[..2000]);
}

/// What the rows that nobody has set aside add up to, by currency and sum.
fn sums(rows: &[Value]) -> BTreeMap<(String, String), Decimal> {
    let mut sums: BTreeMap<(String, String), Decimal> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["is_set_aside"].is_null()) {
        for (currency, of) in row["totals"].as_object().into_iter().flatten() {
            for (name, amount) in of.as_object().unwrap() {
                let amount = Decimal::from_str_exact(amount.as_str().unwrap()).unwrap();
                *sums.entry((currency.clone(), name.clone())).or_default() += amount;
            }
        }
    }
    sums
}

fn of_run(totals: &RunTotals) -> [(&'static str, Decimal); 11] {
    [
        ("add", totals.add),
        ("later_add", totals.later_add),
        ("estimated_add", totals.estimated_add),
        ("estimated_later_add", totals.estimated_later_add),
        ("reduce", totals.reduce),
        ("later_reduce", totals.later_reduce),
        ("estimated_reduce", totals.estimated_reduce),
        ("estimated_later_reduce", totals.estimated_later_reduce),
        ("clean_up", totals.clean_up),
        ("up", totals.not_reconciled_up),
        ("down", totals.not_reconciled_down),
    ]
}

#[test]
fn the_rows_of_every_small_world_add_up_to_the_totals_of_the_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases");
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let (mut compared, mut equal, mut shared) = (BTreeSet::new(), 0, 0);
    for world in folders.iter().filter(|path| path.is_dir()).map(|folder| World::read_folder(folder).unwrap()) {
        if world.waits_for.is_some() {
            continue;
        }
        let (clients, portfolio) = world.records().unwrap();
        let empty = Sample { clients: Vec::new(), ..invented::clean() };
        let sample = Sample { clients, portfolio, sources: Vec::new(), ..empty };
        let page = sample.page();
        let (mut sums, is_shared) = (sums(&rows(&page)), data(&page, "overview")["shared"].is_string());
        let before = shared;
        for (currency, totals) in &sample.portfolio.totals {
            for (name, amount) in of_run(totals) {
                let sum = sums.remove(&(currency.to_string(), name.to_owned())).unwrap_or_default();
                if name == "up" {
                    // An undecided account is at stake at each client that it may be of, and in the total once.
                    assert!(sum >= amount, "{}: {currency} {sum} up of {amount}", world.name);
                    shared += usize::from(sum > amount);
                    equal += usize::from(sum == amount && !sum.is_zero());
                } else {
                    assert_eq!(sum, amount, "{}: {currency} {name}", world.name);
                    compared.extend((!amount.is_zero()).then_some(name));
                }
            }
        }
        assert!(sums.values().all(Decimal::is_zero), "{}: {sums:?}", world.name);
        assert_eq!(is_shared, shared > before, "{}: the page says why its rows have more at stake", world.name);
    }
    assert!(
        compared.len() >= 7 && equal > 50 && shared < 20,
        "{compared:?}, {equal} equal, {shared} with a shared account"
    );
}

#[test]
fn beyond_20_000_rows_it_says_so_and_behind_each_row_are_fewer_items() {
    let sample = large::many(1_400, 30);
    let page = sample.page();
    let rows = rows(&page);
    assert_eq!(rows.len(), 20_000);
    let more = data(&page, "overview")["more"].as_str().unwrap().to_owned();
    assert_eq!(more, "The page has the first 20,000 of 22,401 rows, by value; exceptions.csv has all of them.");
    let row = rows.iter().find(|row| row["block"].is_u64()).unwrap();
    let behind = behind(&page, row);
    assert_eq!(behind["items"].as_array().unwrap().len(), 5);
    let more = behind["more"].as_str().unwrap();
    assert!(more.starts_with("and 25 more: `truecount explain C-") && more.ends_with(" --items`"), "{more}");
    assert!(page.len() < 60_000_000, "{} bytes", page.len());
}

#[test]
fn of_many_items_those_that_do_not_count_are_shown_too() {
    let mut sample = large::many(1, 0);
    let items = |counted: usize, stale: usize| {
        let item = |at: usize| large::item(&format!("PC-{at:04}"), at >= counted);
        (0..counted + stale).map(item).collect::<Vec<_>>()
    };
    for (counted, stale, expected) in
        [(300, 3, (197, 3)), (300, 300, (100, 100)), (3, 300, (3, 197)), (150, 50, (150, 50))]
    {
        let row = &mut sample.clients[0].rows[0];
        row.items = items(counted, stale);
        let id = row.service.to_string();
        let page = sample.page();
        let row = rows(&page).into_iter().find(|row| row["service"] == id).unwrap();
        let behind = behind(&page, &row);
        let of = |fate: &str| behind["items"].as_array().unwrap().iter().filter(|item| item[2] == fate).count();
        assert_eq!((of("counted"), of("left out")), expected);
        assert_eq!(behind["more"].is_null(), counted + stale == 200);
    }
    assert!(sample.clients[0].rows[0].items.iter().any(|item| item.fate == ItemFateWord::Out));
}

#[test]
fn the_same_run_has_the_same_page_wherever_it_is_kept() {
    let mut elsewhere = invented::month();
    elsewhere.header.archive_place = "/srv/truecount/reports/2026-06/".into();
    assert_eq!(elsewhere.page(), invented::month().page());
}
