//! What the rows of small worlds do not say of themselves: what a run counts, and what stands behind a row.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{
    AtStake, ClientRecord, DoubtRecord, PortfolioRecord, RowKind, RowRecord, RunReconciler, WideningRecord,
};

use super::World;

const JANUARY: &str = ", committed_until = 2027-01-31";
const AUGUST: &str = ", committed_until = 2027-08-31";
pub(super) const RMM: &str = "[[sources]]\nid = \"rmm\"\nlike = \"rmm\"\n";

pub(super) fn world(case: &str, rules: &str) -> World {
    World::from_toml("world", &format!("count_day = 2026-11-26\n{case}"), format!("currency = \"USD\"\n{rules}"))
        .unwrap()
}

fn records(case: &str, rules: &str) -> (Vec<ClientRecord>, PortfolioRecord) {
    world(case, rules).records().unwrap()
}

/// An account of source `rmm` with these items.
pub(super) fn account(id: &str, whose: &str, items: &str) -> String {
    format!("[[accounts]]\nsource = \"rmm\"\nid = \"{id}\"\nname = \"{id}\"\n{whose}\nitems = [{items}]\n")
}

/// A client with one agreement of one line each.
pub(super) fn client(id: &str, lines: &str) -> String {
    format!(
        "[[clients]]\nid = \"{id}\"\nname = \"Client {id}\"\nagreements = [{{ id = \"G{id}\", lines = [{lines}] }}]\n"
    )
}

pub(super) fn servers(id: &str, times: u32) -> String {
    format!("{{ id = \"{id}\", kind = \"server\", times = {times}, last_seen = 2026-11-25 }},")
}

pub(super) fn row<'r>(clients: &'r [ClientRecord], client: &str, service: &str) -> &'r RowRecord {
    let rows = clients.iter().filter(|one| one.client_id.as_str() == client).flat_map(|one| &one.rows);
    rows.into_iter().find(|row| row.service.as_str() == service).unwrap()
}

#[test]
fn a_run_counts_the_rows_that_are_in_no_total() {
    let parked = "{ id = \"P\", kind = \"server\", last_seen = 2026-11-25, state = \"unknown:parked\" },";
    let long = "{ id = \"X\", kind = \"server\", last_seen = 2026-11-25, quantity = \"900000000000.1\" },
                { id = \"Y\", kind = \"server\", last_seen = 2026-11-25, quantity = \"0.0000000000000000000001\" },";
    let mut case = RMM.to_owned();
    for (name, times, items, line) in [
        ("unpriced", 3, servers("S", 3), "{ id = \"L\", product = \"SRV\", quantity = 2 }"),
        ("open", 3, servers("S", 1) + parked, "{ id = \"L\", product = \"SRV\", quantity = 1 }"),
        ("long", 3, long.to_owned(), "{ id = \"L\", product = \"SRV\", quantity = 1, price = 9NUMBER }"),
        ("priced", 2, servers("S", 3), "{ id = \"L\", product = \"SRV\", quantity = 2, price = 9 }"),
    ] {
        for number in 0..times {
            let id = format!("{name}-{number}");
            case += &account(&id, &format!("client = \"{id}\""), &items);
            // Three clients with one price would make it the usual one.
            case += &client(&id, &line.replace("NUMBER", &number.to_string()));
        }
    }
    let (_, portfolio) = records(&case, "[services]\nSRV = { count = \"rmm.server\" }\n");
    assert_eq!(portfolio.rows, BTreeMap::from([(RowKind::Underbilled, 5), (RowKind::NotReconciled, 6)]));
    assert_eq!((portfolio.unpriced, portfolio.unknown_stakes, portfolio.faults), (3, 6, 3));
}

#[test]
fn an_undecided_account_is_worth_what_its_source_says_at_the_prices_of_the_rules() {
    let other = RMM.replace("rmm", "far").replace("like = \"far\"", "like = \"rmm\"");
    let items = servers("S", 3)
        + "{ id = \"W\", kind = \"workstation\", times = 2, last_seen = 2026-11-25 },
           { id = \"V\", kind = \"workstation\", last_seen = 2026-11-25, state = \"unknown:parked\" },
           { id = \"D\", kind = \"workstation\", last_seen = 2026-11-25, state = \"disabled\" },
           { id = \"M\", kind = \"mobile\", last_seen = 2026-11-25, quantity = \"unknown\" },
           { id = \"N\", kind = \"mobile\", last_seen = 2026-11-25 },";
    let rules = "[services]
        SRV     = { count = \"rmm.server\", price = 95 }
        CARE    = { count = [\"rmm.server\", \"rmm.workstation\"], price = 10 }
        WKS     = { count = \"rmm.workstation\", price = { each = 20, currency = \"GBP\" } }
        MOB     = { count = \"rmm.mobile\", price = 1000 }
        OTHER   = { count = \"rmm.other_device\", price = { each = 3, currency = \"EUR\" }, may_be_empty = true }
        FAR     = { count = \"far.server\", price = 7000 }
        UNKNOWN = { count = \"rmm.server\" }\n";
    let far = account("B", "client = \"1\"", &servers("F", 1)).replace("source = \"rmm\"", "source = \"far\"");
    let case = other + RMM + &account("A", "may_be = [\"1\"]", &items) + &far + &client("1", "");
    let ready = world(&case, rules).ready().unwrap();
    let values = RunReconciler::new(&ready.inputs, &ready.rules, ready.context).account_value(0);
    let amount = |text: &str| text.parse::<Decimal>().unwrap();
    let currency = |code: &str| Currency::new(code).unwrap();
    assert_eq!(values, BTreeMap::from([(currency("USD"), amount("345")), (currency("GBP"), amount("60"))]));
}

#[test]
fn a_row_says_after_how_many_days_an_item_is_left_out() {
    let rules = "[services]
        USUAL = { count = [\"rmm.server\", \"rmm.workstation\"] }
        TEN   = { count = \"rmm.server\", seen_within_days = 10 }
        NEVER = { count = \"rmm.server\", seen_within_days = false }
        MIXED = { count = [\"rmm.server\", \"m365.user\"] }
        ALIEN = { count = [\"m365.user\", \"rmm.server\"] }\n";
    let lines = ["USUAL", "TEN", "NEVER", "MIXED", "ALIEN"];
    let lines =
        lines.map(|code| format!("{{ id = \"{code}\", product = \"{code}\", quantity = 9, price = 1 }}")).join(",");
    let items = "{ id = \"S\", kind = \"server\", last_seen = 2026-11-25 }, { id = \"O\", kind = \"server\", last_seen = 2026-11-10 }, { id = \"W\", kind = \"workstation\", last_seen = 2026-11-10 }";
    let person = "{ id = \"P\", kind = \"user\", attributes = { sign_in = \"allowed\" } }";
    let case = format!("{RMM}[[sources]]\nid = \"m365\"\nlike = \"tenant\"\n")
        + &account("A", "client = \"1\"", items)
        + &account("T", "client = \"1\"", person).replace("source = \"rmm\"", "source = \"m365\"")
        + &client("1", &lines);
    let (clients, _) = records(&case, rules);
    let of = |code: &str| (row(&clients, "1", code).stale_days, row(&clients, "1", code).counted.unwrap());
    assert_eq!(of("USUAL"), (Some(30), Decimal::from(3)));
    assert_eq!(of("TEN"), (Some(10), Decimal::ONE));
    assert_eq!(of("NEVER"), (None, Decimal::TWO));
    assert_eq!(of("MIXED"), (None, Decimal::from(3)));
    assert_eq!(of("ALIEN"), (None, Decimal::from(3)));
}

#[test]
fn a_row_names_the_items_that_make_it_wide_and_no_other() {
    let items = servers("SURE", 1)
        + "{ id = \"PARKED\", kind = \"server\", last_seen = 2026-11-25, state = \"unknown:parked\" },
           { id = \"OFF\", kind = \"server\", last_seen = 2026-11-25, state = \"disabled\" },
           { id = \"UNSAID\", kind = \"server\", last_seen = 2026-11-25, quantity = \"unknown\" },
           { id = \"BELOW\", kind = \"server\", last_seen = 2026-11-25, quantity = -2 },
           { id = \"OFF-UNSAID\", kind = \"server\", last_seen = 2026-11-25, quantity = \"unknown\", state = \"disabled\" },
           { id = \"OTHER\", kind = \"workstation\", last_seen = 2026-11-25, state = \"unknown:parked\" },";
    let line = "{ id = \"L\", product = \"SRV\", quantity = 4, price = 9 }";
    let case = RMM.to_owned() + &account("A", "client = \"1\"", &items) + &client("1", line);
    let (clients, _) = records(&case, "[services]\nSRV = { count = \"rmm.server\" }\n");
    let found = row(&clients, "1", "SRV");
    let named = found.widenings.iter().map(|widening| match widening {
        WideningRecord::ItemUnknown { item, .. }
        | WideningRecord::QuantityUnsaid { item }
        | WideningRecord::QuantityNegative { item, .. } => (widening.code(), item.item_id.as_str()),
        other => (other.code(), ""),
    });
    let named: Vec<_> = named.collect();
    assert_eq!(named, [("quantity_unsaid", "UNSAID"), ("quantity_negative", "BELOW"), ("item_unknown", "PARKED")]);
    assert_eq!((found.at_least, found.at_most), (Some(Decimal::ONE), None));
}

#[test]
fn what_took_the_place_of_an_account_makes_no_item_of_it_unknown() {
    let machine =
        |id: &str| format!("{{ id = \"{id}\", kind = \"server\", last_seen = 2026-11-20, serial = \"ONE\" }}");
    let gone = account("A", "client = \"1\"\nread = \"gone\"", "")
        .replace("items = []", &format!("before = [{}]", machine("S")));
    let line = "{ id = \"L\", product = \"SRV\", quantity = 1, price = 9 }";
    let case = RMM.to_owned() + &gone + &account("B", "may_be = [\"1\"]", &machine("T")) + &client("1", line);
    let (clients, _) = records(&case, "[services]\nSRV = { count = \"rmm.server\" }\n");
    let found = row(&clients, "1", "SRV");
    let codes: Vec<_> = found.widenings.iter().map(WideningRecord::code).collect();
    assert_eq!(codes, ["account_undecided", "account_gone"]);
    assert_eq!((found.at_least, found.at_most), (Some(Decimal::ZERO), Some(Decimal::ONE)));
}

#[test]
fn a_row_says_how_many_items_the_rule_decides_for_want_of_a_fact() {
    let facts = |id: &str, more: &str| format!("{{ id = \"{id}\", kind = \"workstation\"{more} }},");
    let seen = ", last_seen = 2026-11-25";
    let machines = facts("TOLD", &format!("{seen}, attributes = {{ site = \"Boston\" }}"))
        + &facts("NO-SITE", seen)
        + &facts("NOT-SEEN", ", attributes = { site = \"Boston\" }")
        + &facts("ELSEWHERE", ", attributes = { site = \"York\" }")
        + &facts("OFF", ", state = \"disabled\", attributes = { site = \"Boston\" }");
    let people = [
        ("KNOWN", "attributes = { sign_in = \"allowed\" }"),
        ("BLOCKED", "attributes = { sign_in = \"blocked\" }"),
        ("SILENT", "attributes = {}"),
    ];
    let people = people.map(|(id, more)| format!("{{ id = \"{id}\", kind = \"user\", {more} }}")).join(",");
    let rules = "[services]
        KEPT  = { count = \"rmm.workstation\", where = { site = \"Boston\" }, unknown = \"counts\" }
        LEFT  = { count = \"rmm.workstation\", where = { site = \"Boston\" }, unknown = \"left_out\" }
        WIDE  = { count = \"rmm.workstation\", where = { site = \"Boston\" } }
        EVER  = { count = \"rmm.workstation\", unknown = \"counts\", seen_within_days = false }
        SEATS = { count = \"m365.user\" }\n";
    let lines = ["KEPT", "LEFT", "WIDE", "EVER", "SEATS"];
    let lines =
        lines.map(|code| format!("{{ id = \"{code}\", product = \"{code}\", quantity = 9, price = 1 }}")).join(",");
    let tenant = account("T", "client = \"1\"", &people).replace("source = \"rmm\"", "source = \"m365\"");
    let case = format!("{RMM}[[sources]]\nid = \"m365\"\nlike = \"tenant\"\n")
        + &account("A", "client = \"1\"", &machines)
        + &tenant
        + &client("1", &lines);
    let (clients, _) = records(&case, rules);
    let missing = |code: &str| {
        let doubts = row(&clients, "1", code).doubts.iter();
        doubts
            .filter_map(|doubt| if let DoubtRecord::FactMissing { items } = doubt { Some(*items) } else { None })
            .next()
    };
    assert_eq!((missing("KEPT"), missing("LEFT"), missing("WIDE")), (Some(2), Some(2), None));
    assert_eq!((missing("EVER"), missing("SEATS")), (None, Some(1)));
}

/// Accounts that share one machine with each other, newer in each than the client's own server that it was, and have one
/// server of their own each: with ten, every combination is settled, and one of them takes the place of what it takes
/// away; with more, each is settled by itself.
#[test]
fn accounts_that_share_a_machine_are_settled_together_up_to_ten() {
    let ends = |accounts: u32| {
        let own = "{ id = \"S\", kind = \"server\", last_seen = 2026-11-01, serial = \"BOTH\" },";
        let mut case = RMM.to_owned() + &account("OWN", "client = \"1\"", own);
        for number in 1..=accounts {
            let shared = format!(
                "{{ id = \"W{number}\", kind = \"workstation\", last_seen = 2026-11-{:02}, serial = \"BOTH\" }},",
                number + 9
            );
            case += &account(&format!("A{number}"), "may_be = [\"1\"]", &(shared + &servers(&format!("S{number}"), 1)));
        }
        case += &client("1", "{ id = \"L\", product = \"SRV\", quantity = 2, price = 9 }");
        let (clients, _) = records(&case, "[services]\nSRV = { count = \"rmm.server\" }\n");
        let found = row(&clients, "1", "SRV");
        assert_eq!(found.stake_up, found.at_most.map(|most| AtStake::Known((most - Decimal::TWO) * Decimal::from(9))));
        (found.at_least.unwrap(), found.at_most.unwrap())
    };
    assert_eq!(ends(3), (Decimal::ONE, Decimal::from(3)));
    assert_eq!(ends(10), (Decimal::ONE, Decimal::from(10)));
    assert_eq!(ends(11), (Decimal::ZERO, Decimal::from(12)));
}

#[test]
fn a_row_says_until_when_no_fewer_can_be_billed() {
    let vendor = "[[sources]]\nid = \"shop\"\nlike = \"distributor\"\n";
    let bought = |id: &str, units: u32, until: &str| {
        format!("{{ id = \"{id}\", kind = \"subscription\", sku = \"SPB\", quantity = {units}{until} }},")
    };
    let rules = "[services]
        SRV = { count = \"rmm.server\", commitment = { of = \"shop.subscription\" } }
        [clients]";
    for (what, items, keys, expected) in [
        ("the first that ends", bought("A", 3, JANUARY) + &bought("B", 2, AUGUST), "", Some("2027-01-31")),
        (
            "one that is over",
            bought("A", 3, ", committed_until = 2026-11-20") + &bought("B", 4, AUGUST),
            "",
            Some("2027-08-31"),
        ),
        ("no end is told", bought("A", 5, ""), "", None),
        ("no more than is used", bought("A", 2, JANUARY), "", None),
        (
            "the client's, which is more",
            bought("A", 3, JANUARY),
            "client_committed = 4, client_committed_until = 2027-03-31",
            Some("2027-03-31"),
        ),
        (
            "the vendor's, which is more",
            bought("A", 5, JANUARY),
            "client_committed = 4, client_committed_until = 2027-03-31",
            Some("2027-01-31"),
        ),
        (
            "both, until both are over",
            bought("A", 4, JANUARY),
            "client_committed = 4, client_committed_until = 2027-03-31",
            Some("2027-03-31"),
        ),
        ("of both one has no end", bought("A", 4, JANUARY), "client_committed = 4", None),
        ("the client's, for ever", bought("A", 3, JANUARY), "client_committed = 4", None),
    ] {
        let account = |source: &str, items: &str| account("a", "client = \"1\"", items).replace("\"rmm\"", source);
        let case = format!("{RMM}{vendor}{}{}", account("\"rmm\"", &servers("S", 2)), account("\"shop\"", &items));
        let case = case + &client("1", "{ id = \"L\", product = \"SRV\", quantity = 2, price = 9 }");
        let own = if keys.is_empty() { "note = \"none\"" } else { keys };
        let (clients, _) = records(&case, &format!("{rules}\n1 = {{ SRV = {{ {own} }} }}\n"));
        let until = row(&clients, "1", "SRV").committed_until.map(|day| day.to_string());
        assert_eq!(until.as_deref(), expected, "{what}");
    }
}

#[test]
fn devices_that_two_clients_have_are_told_together() {
    let item = |id: &str, serial: &str| {
        format!(
            "{{ id = \"{id}\", kind = \"server\", name = \"{id}\", serial = \"{serial}\", last_seen = 2026-11-25 }},"
        )
    };
    let first = item("a", "S-1") + &item("b", "S-2") + &item("c", "S-3");
    let second = item("d", "S-1") + &item("e", "S-2") + &item("f", "S-9");
    let third = item("g", "S-3");
    let of = |accounts: [String; 4]| {
        let case = RMM.to_owned() + &accounts.concat() + &client("1", "") + &client("2", "") + &client("3", "");
        let ready = world(&case, "[services]\nSRV = { count = \"rmm.server\" }\n").ready().unwrap();
        let found = RunReconciler::new(&ready.inputs, &ready.rules, ready.context).shared_devices();
        let told = found.iter().map(|one| {
            let clients = one.clients.each_ref().map(|client| client.client_id.as_str()).join(" and ");
            let devices: Vec<_> = one.devices.iter().map(|device| device.item_id.as_str()).collect();
            let message = truecount_reports::setup::of_shared_devices(one).message;
            (format!("{}: {clients}: {}", one.source, devices.join(" ")), message)
        });
        told.collect::<Vec<_>>()
    };
    let accounts = [
        account("A", "client = \"1\"", &first),
        account("B", "client = \"2\"", &second),
        account("C", "client = \"3\"", &third),
        account("D", "ignored = \"workshop\"", &item("h", "S-9")),
    ];
    let mut turned = accounts.clone();
    turned.reverse();
    let found = of(accounts);
    let short: Vec<&str> = found.iter().map(|(short, _)| short.as_str()).collect();
    assert_eq!(short, ["rmm: 1 and 2: a b", "rmm: 1 and 3: c"]);
    assert_eq!(
        found[0].1,
        "rmm lists 2 devices both at `Client 1` [1] and at `Client 2` [2], by the serial number or a network address: a, b; \
         is an account mapped to the wrong client? `truecount mappings list` shows them; else remove what is listed twice at \
         one of the two"
    );
    assert_eq!(of(turned), found);
}
