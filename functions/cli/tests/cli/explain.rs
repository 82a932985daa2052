//! What a run says of one client and of what is to be done, at a prompt.

use crate::office::{Office, expect};

const CLEAN: i32 = 0;
const EXCEPTIONS: i32 = 1;
const FAILED: i32 = 3;

/// A month that is closed: Harbour is underbilled by one.
fn closed() -> Office {
    let office = Office::open();
    expect(&office.run(&["run", "--closing"]), EXCEPTIONS, &[]);
    office
}

#[test]
fn a_client_is_explained_by_its_id_or_the_part_of_a_name() {
    let office = closed();
    for client in ["Harbour", "harb"] {
        let explained = office.run(&["explain", client, "mng-wks", "--items"]);
        expect(
            &explained,
            CLEAN,
            &["MNG-WKS: underbilled", "L-Harbour", "3  counted", "Harbour-2, workstation in rmm"],
        );
        assert!(explained.out.contains("change the agreement (billing clerk)"), "{}", explained.out);
    }
    let without_items = office.run(&["explain", "Harbour"]).out;
    assert!(without_items.contains("3 counted") && !without_items.contains("Harbour-2"), "{without_items}");
    let json = office.run(&["explain", "Harbour", "--json", "--month", "2026-06"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["client_id"], &json["rows"][0]["to_correct"]), (&"Harbour".into(), &"1".into()), "{json}");

    expect(&office.run(&["explain", "ltd"]), FAILED, &["Harbour Ltd [Harbour], Meadow Ltd [Meadow] or Quarry Ltd"]);
    expect(&office.run(&["explain", "Zorn"]), FAILED, &["there is no client `Zorn` in the run"]);
    expect(&office.run(&["explain", "Meadow", "NO-CODE"]), FAILED, &["has no `NO-CODE` in the run; it has MNG-WKS"]);
    expect(&office.run(&["explain", "Meadow", "--run", "2026-06-d-0"]), FAILED, &["there is no run `2026-06-d-0`"]);
}

#[test]
fn exceptions_are_listed_and_all_cells_are_in_the_json() {
    let office = closed();
    expect(&office.run(&["exceptions"]), EXCEPTIONS, &["Harbour Ltd", "underbilled", "GBP 10.00"]);
    expect(&office.run(&["exceptions", "--client", "meadow"]), CLEAN, &["No exceptions."]);
    let near = "there is no client `Harbr` in the run: did you mean Harbour Ltd [Harbour]?";
    expect(&office.run(&["exceptions", "--client", "Harbr"]), FAILED, &[near]);
    expect(&office.run(&["explain", "Harbr"]), FAILED, &[near]);
    expect(&office.run(&["exceptions", "--kind", "overbilled"]), CLEAN, &["No exceptions."]);
    expect(&office.run(&["exceptions", "--kind", "under"]), FAILED, &["no kind `under`", "unmapped_account"]);

    let json = office.run(&["exceptions", "--json", "--kind", "underbilled"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let row = &json.as_array().unwrap()[0];
    let (cells, columns) = (row.as_object().unwrap(), sheet_columns(&office));
    assert_eq!(cells.len(), columns.len());
    assert!(columns.iter().all(|column| cells.contains_key(column)), "{row}");
    assert_eq!((&row["number"], &row["variance"], &row["note"]), (&1.into(), &"1".into(), &serde_json::Value::Null));
}

#[test]
fn the_rules_are_checked_beside_the_newest_syncs() {
    let office = Office::open();
    let before = office.run(&["rules", "check"]);
    expect(&before, CLEAN, &["ok: 2 sources, 1 service", "Nothing is synced yet"]);
    expect(&office.run(&["sync"]), CLEAN, &[]);
    let after = office.run_at("2026-11-01T08:00:00Z", &["rules", "check"]);
    expect(&after, CLEAN, &["newest syncs: psa of 2026-06-30, rmm of 2026-06-30", "GBP 50.00"]);
    let service = after.out.lines().find(|line| line.starts_with("MNG-WKS")).unwrap();
    assert_eq!(service.split_whitespace().collect::<Vec<_>>()[1..4], ["6", "3", "2"], "{service}");

    let rules = std::fs::read_to_string(office.path("config/rules.toml")).unwrap();
    let misspelt = format!("{rules}\n[clients.\"Harbor Ltd\"]\nMNG-WKS = {{ included = 1 }}\n");
    std::fs::write(office.path("config/rules.toml"), misspelt).unwrap();
    let wrong = office.run(&["rules", "check"]);
    expect(&wrong, EXCEPTIONS, &["Of no effect in the rules:", "did you mean `Harbour Ltd`?"]);
    let json: serde_json::Value = serde_json::from_str(&office.run(&["rules", "check", "--json"]).out).unwrap();
    assert_eq!((&json["problems"], &json["review"]["services"][0]["items"]), (&serde_json::json!([]), &6.into()));
}

#[test]
fn what_holds_for_a_client_is_shown_with_its_place() {
    let office = Office::open();
    expect(&office.run(&["sync"]), CLEAN, &[]);
    let rules = std::fs::read_to_string(office.path("config/rules.toml")).unwrap();
    let nearer = format!("{rules}\n[clients.Harbour]\nnote = \"co-managed\"\nMNG-WKS = {{ included = 1 }}\n");
    let line = nearer.lines().position(|line| line == "[clients.Harbour]").unwrap() + 1;
    std::fs::write(office.path("config/rules.toml"), nearer).unwrap();
    let shown = office.run(&["rules", "show", "harb", "mng-wks"]);
    let place = format!("rules.toml line {line}: client `Harbour`");
    expect(&shown, CLEAN, &["Harbour Ltd [Harbour]", "co-managed, by", "MNG-WKS: 1 line", "rmm.workstation", &place]);
    let included = shown.out.lines().find(|line| line.trim_start().starts_with("included")).unwrap();
    assert!(included.contains(&place), "{included}");
    let json: serde_json::Value =
        serde_json::from_str(&office.run(&["rules", "show", "Meadow", "--json"]).out).unwrap();
    let keys = json["services"][0]["keys"].as_array().unwrap();
    assert!(keys.iter().any(|key| key["key"] == "count" && key["from"] == "the service"), "{json}");
    assert!(!keys.iter().any(|key| key["key"] == "included"), "{json}");
    expect(&office.run(&["rules", "show", "Meadow", "NO-CODE"]), FAILED, &["the rules have no service `NO-CODE`"]);
    expect(&office.run(&["rules", "show", "Zorn"]), FAILED, &["there is no client `Zorn` in the PSA's last sync"]);
}

/// The headings of `exceptions.csv`.
fn sheet_columns(office: &Office) -> Vec<String> {
    let month = std::fs::read_dir(office.path("archive/reports/2026-06")).unwrap();
    let run = month.map(|run| run.unwrap().path()).next().unwrap();
    let sheet = std::fs::read_to_string(run.join("exceptions.csv")).unwrap();
    let first = sheet.trim_start_matches('\u{feff}').lines().next().unwrap();
    first.split(',').map(str::to_owned).collect()
}
