//! The command itself: what it prints, where it writes, how it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use truecount_connectors::SourceKind;

use crate::prompt::{self, CLEAN, FAILED, NOT_RECONCILED, err, out};
use crate::{replay, schema};

fn truecount(data: &Path, args: &[&str]) -> Output {
    prompt::truecount(args).arg("--data").arg(data).output().unwrap()
}

/// Every file under a folder whose name ends so.
fn found(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_demo_closes_a_month_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = truecount(folder.path(), &["demo"]);
    assert_eq!(first.status.code(), Some(NOT_RECONCILED), "{}{}", out(&first), err(&first));
    assert!(out(&first).contains("planted exceptions were found, and no others"), "{}", out(&first));
    let exceptions = found(folder.path(), "exceptions.csv");
    let mails = found(folder.path(), ".eml");
    for name in ["report.html", "report.xlsx", ".eml"] {
        let file = found(folder.path(), name).remove(0);
        assert!(err(&first).lines().any(|line| line.trim() == file.to_str().unwrap()), "{file:?}: {}", err(&first));
    }
    assert_eq!((exceptions.len(), mails.len()), (1, 1), "{exceptions:?} {mails:?}");
    let before = (fs::read(&exceptions[0]).unwrap(), fs::read(&mails[0]).unwrap());

    let second = truecount(folder.path(), &["demo"]);
    assert_eq!(second.status.code(), Some(NOT_RECONCILED), "{}{}", out(&second), err(&second));
    assert_eq!(out(&first), out(&second), "the same run");
    assert_eq!(found(folder.path(), "exceptions.csv"), exceptions);
    assert_eq!(found(folder.path(), ".eml"), mails);
    assert_eq!((fs::read(&exceptions[0]).unwrap(), fs::read(&mails[0]).unwrap()), before, "the same bytes");
    questions(folder.path());
    receipts(folder.path());
    replayed_elsewhere(folder.path());
    let outcome = found(folder.path(), "outcomes.jsonl.gz");
    assert!(schema::check_outcome(&outcome[0]) > 60, "each client, and more");
}

/// The demo's run comes out the same from a copy of its folder, and nothing else.
fn replayed_elsewhere(data: &Path) {
    let run = found(data, "outcomes.jsonl.gz").remove(0);
    let (run, elsewhere) = (run.parent().unwrap(), tempfile::tempdir().unwrap());
    let run_id = run.file_name().unwrap().to_str().unwrap();
    let month = run.parent().unwrap().file_name().unwrap();
    replay::copy(run, &elsewhere.path().join("reports").join(month).join(run_id));
    let folder = elsewhere.path().to_str().unwrap();
    let replayed = prompt::truecount(&["replay", run_id, "--archive", folder]).output().unwrap();
    assert_eq!(replayed.status.code(), Some(CLEAN), "{}{}", out(&replayed), err(&replayed));
    assert!(err(&replayed).contains("all the same"), "{}", err(&replayed));
}

/// Every row that was read is accounted for, and each place says the same.
fn receipts(data: &Path) {
    let coverage = found(data, "coverage.csv").pop().unwrap();
    let run: serde_json::Value =
        serde_json::from_slice(&fs::read(coverage.with_file_name("run.json")).unwrap()).unwrap();
    let mut rows = csv::Reader::from_path(&coverage).unwrap();
    let heads = rows.headers().unwrap().clone();
    let mut sources = 0;
    for row in rows.records() {
        let row = row.unwrap();
        let column = |name: &str| heads.iter().position(|head| head == name).unwrap();
        if row[column("state")].is_empty() {
            assert!(!row[column("currency")].is_empty(), "revenue in another currency, and nothing else: {row:?}");
            continue;
        }
        let number = |name: &str| {
            let at = column(name);
            row[at].parse::<u64>().unwrap_or_else(|_| panic!("{name}: {row:?}"))
        };
        let [read, used, looked_up, left_out] =
            ["rows_read", "rows_used", "rows_looked_up", "rows_left_out"].map(number);
        assert_eq!(read, used + looked_up + left_out, "{row:?}");
        assert!(read > 0 && used > 0, "{row:?}");
        let of_source = |one: &&serde_json::Value| one["source"] == row[0];
        let in_run = run["sources"].as_array().unwrap().iter().find(of_source).unwrap();
        let show = truecount(data, &["sources", "show", &row[0], "--json"]);
        let show: serde_json::Value = serde_json::from_str(&out(&show)).unwrap();
        assert_eq!(show["last_sync"]["receipt"], in_run["receipt"]);
        let streams = in_run["receipt"]["streams"].as_object().unwrap().values();
        assert_eq!(streams.map(|stream| stream["rows"].as_u64().unwrap()).sum::<u64>(), read, "{in_run}");
        sources += 1;
    }
    assert_eq!(sources, 6);
}

#[test]
fn a_kind_of_source_is_shown_before_anything_is_set_up() {
    let folder = tempfile::tempdir().unwrap();
    let show = truecount(folder.path(), &["sources", "show", "ninjaone"]);
    assert_eq!(show.status.code(), Some(0), "{}", err(&show));
    let parts = [
        "GET /v2/devices-detailed",
        "servers with an agent, by device; recognised by serial number",
        "left out: pending",
        "In rules (`count = \"ninjaone.KIND\"`):",
        "where sku, name, site, class; counted once by serial number",
        "seen within 30 days",
        "Known traps:",
        "Key (client_id, client_secret):",
    ];
    for part in parts {
        assert!(out(&show).contains(part), "{part}: {}", out(&show));
    }
    assert!(!out(&show).contains("synced"), "{}", out(&show));
    truecount(folder.path(), &["init"]);
    let none = truecount(folder.path(), &["sources", "show", "nosuch"]);
    assert_eq!(none.status.code(), Some(FAILED));
    assert!(err(&none).contains("no source `nosuch`, and no kind of that name"), "{}", err(&none));
    assert!(err(&none).contains("pax8"), "{}", err(&none));
}

/// What can be asked after the demo.
fn questions(data: &Path) {
    let sources = truecount(data, &["sources", "list", "--json"]);
    for word in ["\"id\"", "\"connector\"", "\"side\"", "\"read_state\"", "\"connectwise\""] {
        assert!(out(&sources).contains(word), "{}", out(&sources));
    }
    let runs = truecount(data, &["runs", "list", "--json"]);
    assert!(out(&runs).contains("\"run_id\"") && out(&runs).contains("\"month\""), "{}", out(&runs));
    for command in [
        &["sources", "list"][..],
        &["runs", "list"],
        &["mappings", "list"],
        &["rules", "list"],
        &["clients", "show", "a"],
        &["rules", "check"],
        &["rules", "skus"],
    ] {
        let answer = truecount(data, command);
        assert_eq!(answer.status.code(), Some(0), "{command:?}: {}", err(&answer));
        assert!(!out(&answer).contains('…'), "{command:?} cuts values in a pipe: {}", out(&answer));
    }
    let run_id = out(&runs)
        .split("\"run_id\": \"")
        .find_map(|part| part.starts_with("2026-06").then(|| part[..part.find('"').unwrap()].to_owned()))
        .unwrap();
    let show = truecount(data, &["runs", "show", &run_id]);
    assert_eq!(show.status.code(), Some(0), "{}", err(&show));
    assert!(out(&show).contains("connectwise"), "{}", out(&show));
    assert!(out(&show).contains("partial   1 of ") && out(&show).contains(" not read completely"), "{}", out(&show));
    let earlier = truecount(data, &["runs", "show", "2026-05-c1-earlier"]);
    assert_eq!(earlier.status.code(), Some(0), "{}", err(&earlier));
    assert!(out(&earlier).contains("to add"), "{}", out(&earlier));
    let client = truecount(data, &["clients", "show", "saltmarsh"]);
    assert!(out(&client).starts_with("Saltmarsh Ecology") && out(&client).contains("[262]\n"), "{}", out(&client));
    assert!(out(&client).contains("agreement ended, still in use"), "{}", out(&client));
    let clients = truecount(data, &["clients", "show", "ar"]);
    assert!(out(&clients).starts_with("id "), "several clients are told apart by a column: {}", out(&clients));
}

#[test]
fn wrong_commands_end_with_three_and_say_what_is_right() {
    let folder = tempfile::tempdir().unwrap();
    for (args, words) in [
        (&["run", "--month", "2026-13"][..], "`2026-13` is not a month: write YYYY-MM, such as 2026-06"),
        (&["walk"], "unrecognized subcommand 'walk'"),
        (&["sources", "list"], "truecount init"),
        (&["run", "--replace", "x"], "--closing"),
    ] {
        let answer = truecount(folder.path(), args);
        assert_eq!(answer.status.code(), Some(FAILED), "{args:?}: {}", err(&answer));
        assert!(err(&answer).contains(words), "{args:?}: {}", err(&answer));
        assert!(out(&answer).is_empty(), "{args:?}: {}", out(&answer));
    }
}

#[test]
fn init_writes_files_that_a_run_can_begin_with() {
    let folder = tempfile::tempdir().unwrap();
    let first = truecount(folder.path(), &["init"]);
    assert_eq!(first.status.code(), Some(0), "{}", err(&first));
    let list = truecount(folder.path(), &["rules", "list"]);
    assert_eq!(list.status.code(), Some(0), "{}", err(&list));
    assert!(out(&list).contains("EXAMPLE"), "{}", out(&list));
    let check = truecount(folder.path(), &["rules", "check"]);
    assert_eq!(check.status.code(), Some(FAILED));
    assert!(
        out(&check).contains("0 enabled sources give billed lines; a run needs exactly one PSA"),
        "{}",
        out(&check)
    );
    for command in ["sync", "run"] {
        let nothing = truecount(folder.path(), &[command]);
        assert_eq!(nothing.status.code(), Some(FAILED), "{command}");
        assert!(err(&nothing).contains("no source is enabled"), "{}", err(&nothing));
    }
    let settings = folder.path().join("config/settings.toml");
    fs::write(&settings, format!("{}# mine\n", fs::read_to_string(&settings).unwrap())).unwrap();
    #[cfg(unix)]
    {
        let secrets = fs::metadata(folder.path().join("config/secrets.toml")).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&secrets.permissions()) & 0o777, 0o600);
    }
    truecount(folder.path(), &["init"]);
    assert!(fs::read_to_string(&settings).unwrap().ends_with("# mine\n"), "what is there stays");
}

/// A file's text with what is commented out switched on: lines that begin with #, without a space behind it.
fn switched_on(text: &str) -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(on).collect()
}

/// One comment sign away: every source with what it needs. Two away: with each of its options, too.
#[test]
fn what_init_leaves_commented_out_is_right_when_it_is_switched_on() {
    let folder = tempfile::tempdir().unwrap();
    truecount(folder.path(), &["init"]);
    let (settings, rules) = (folder.path().join("config/settings.toml"), folder.path().join("config/rules.toml"));
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&rules, switched_on(&fs::read_to_string(&rules).unwrap())).unwrap();
    fs::write(&settings, switched_on(&text)).unwrap();
    let check = truecount(folder.path(), &["rules", "check"]);
    let kinds = truecount_connectors::SOURCE_KINDS;
    let counted = |kind: &SourceKind| kind.vocabulary.items.len() + usize::from(kind.is_open());
    let counting = kinds.iter().filter(|kind| kind.sides.iter().any(|side| !side.is_billed()));
    // What each source counts, and one of each kind that counts nothing.
    let services = counting.map(counted).sum::<usize>() + 3;
    let expected = format!("ok: {} sources, {services} services\n", kinds.len());
    assert_eq!(out(&check), expected, "{}", err(&check));
    assert_eq!(check.status.code(), Some(0));
    // tenants by name, or those of a partner: one of the two
    let all = switched_on(&switched_on(&text));
    let all: String = all.lines().filter(|line| !line.starts_with("tenants")).map(|line| format!("{line}\n")).collect();
    assert!(all.contains("\npartner_tenant = ") && all.contains("\ncodebase = "), "{all}");
    fs::write(&settings, &all).unwrap();
    let check = truecount(folder.path(), &["rules", "check"]);
    assert_eq!(out(&check), expected, "{}{all}", err(&check));
}

#[test]
fn products_that_a_source_leaves_out_are_listed_with_what_the_rules_change() {
    let folder = tempfile::tempdir().unwrap();
    truecount(folder.path(), &["init"]);
    let none = truecount(folder.path(), &["rules", "skus"]);
    assert_eq!((none.status.code(), out(&none)), (Some(0), String::new()), "{}", err(&none));
    let (settings, rules) = (folder.path().join("config/settings.toml"), folder.path().join("config/rules.toml"));
    fs::write(&settings, switched_on(&fs::read_to_string(&settings).unwrap())).unwrap();
    let text = fs::read_to_string(&rules).unwrap();
    let changes = "[sources.microsoft-graph]\nleave_out = [\"Visio Plan 1\"]\ncount_too = [\"teams_free\"]\n";
    fs::write(&rules, format!("{text}\n{changes}")).unwrap();
    let skus = truecount(folder.path(), &["rules", "skus"]);
    assert_eq!(skus.status.code(), Some(0), "{}", err(&skus));
    let row = |sku: &str| {
        let found = out(&skus).lines().find(|line| line.contains(sku)).unwrap_or_default().to_owned();
        found.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("FLOW_FREE"), "microsoft-graph FLOW_FREE left out: free Microsoft Power Automate Free");
    assert_eq!(row("MCOPSTNC"), "microsoft-graph MCOPSTNC left out: not assignable Communications Credits");
    assert_eq!(row("TEAMS_FREE"), "microsoft-graph TEAMS_FREE counts: count_too of the rules Microsoft Teams (Free)");
    assert_eq!(row("Visio"), "microsoft-graph Visio Plan 1 left out: leave_out of the rules");
}

#[test]
fn a_misspelt_key_in_the_rules_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    truecount(folder.path(), &["init"]);
    let rules = folder.path().join("config/rules.toml");
    let text = fs::read_to_string(&rules).unwrap().replace("{ ignore =", "{ ignroe =");
    fs::write(&rules, text).unwrap();
    let answer = truecount(folder.path(), &["rules", "check"]);
    assert_eq!(answer.status.code(), Some(FAILED));
    let printed = err(&answer);
    assert!(
        printed.contains("rules.toml:12:") && printed.contains("ignroe") && printed.contains("\"ignore\""),
        "{printed}"
    );
}
