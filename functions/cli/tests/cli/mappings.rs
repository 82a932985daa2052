//! Mapping at a prompt: with bare files, in a review, and what was decided by whom.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::prompt::{self, FAILED, err, out};

fn command(data: &Path, args: &[&str]) -> Command {
    let mut command = prompt::truecount(args);
    command.arg("--data").arg(data).env("TRUECOUNT_CLOCK", "2026-06-30T12:00:00Z").env("USER", "kim");
    command
}

fn truecount(data: &Path, args: &[&str]) -> Output {
    command(data, args).output().unwrap()
}

fn with_input(data: &Path, args: &[&str], input: &str) -> Output {
    prompt::with_input(command(data, args), input)
}

#[track_caller]
fn good(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}{}", out(output), err(output));
    out(output)
}

fn data_directory() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("config/settings.toml", truecount_support::SETTINGS);
    write("config/rules.toml", &truecount_support::rule("SRV", "server").replace(" }", ", price = 10 }"));
    write(
        "archive/inbox/sources/psa/billed-2026-06-30.csv",
        "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n\
         1,250,Brown and Partners LLP,SRV,2,10,GBP\n2,251,Quay Foods Ltd,SRV,1,10,GBP\n3,252,Equal Ltd,SRV,1,30,GBP\n",
    );
    write(
        "archive/inbox/sources/rmm/usage-2026-06-30.csv",
        "account_id,account_name,item_id,kind,status,site\n\
         9,Our Own Lab,l1,server,active,\n\
         17,Brown & Partners (London),b1,server,active,\n17,Brown & Partners (London),b2,server,active,\n\
         18,The Dataset,e1,server,active,leeds\n18,The Dataset,e2,server,active,york\n18,The Dataset,e3,server,active,york\n\
         19,Equal Ltd.,q1,server,active,\n",
    );
    good(&truecount(folder.path(), &["sync"]));
    folder
}

#[test]
fn a_person_decides_in_the_order_of_monthly_revenue() {
    let home = data_directory();
    let data = home.path();
    let list = good(&truecount(data, &["mappings", "list", "--undecided"]));
    let ids: Vec<_> = list.lines().skip(1).map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(ids, ["18", "17", "9"], "by monthly value: {list}");
    let progress = err(&truecount(data, &["mappings", "list"]));
    assert!(progress.contains("rmm: GBP 30.00 of 60.00 monthly revenue mapped (50 %)"), "{progress}");

    let suggest = good(&truecount(data, &["mappings", "suggest"]));
    assert!(
        suggest.contains("Brown & Partners (London)") && suggest.contains("Brown and Partners LLP [250]"),
        "{suggest}"
    );

    let answers = "s\nx\n/quay\n=999\n1\ni\n";
    let review = with_input(data, &["mappings", "review"], answers);
    let shown = good(&review);
    assert!(shown.contains("[1/3] rmm 18  3 items, about GBP 30 a month"), "{shown}");
    assert!(err(&review).contains("`x` is not an answer here"), "{}", err(&review));
    assert!(shown.contains("1  Quay Foods Ltd [251]") && err(&review).contains("no client `999`"), "{shown}");
    assert!(err(&review).contains("2 of 3 decided."), "{}", err(&review));
    assert!(shown.contains("if confirmed: 1 comparison stays not reconciled"), "{shown}");

    let split = truecount(data, &["mappings", "split", "rmm", "18", "--by", "site", "leeds=250", "--note", "asked"]);
    good(&split);
    assert!(err(&split).contains("the site `york` (2 items) belongs to no client yet"), "{}", err(&split));
    good(&truecount(data, &["mappings", "undo", "rmm", "17", "--actor", "dana"]));
    good(&truecount(data, &["mappings", "confirm", "rmm", "17", "250", "--from", "2026-07", "--note", "from July on"]));
    let history = good(&truecount(data, &["mappings", "history", "brown"]));
    let lines: Vec<_> = history.lines().collect();
    assert!(lines[0].starts_with("rmm 17  Brown & Partners (London)  undecided"), "{history}");
    assert!(
        lines.iter().any(|line| line.starts_with("  1. 2026-06-30 12:00  kim  confirmed Quay Foods Ltd [251]")),
        "{history}"
    );
    assert!(lines.iter().any(|line| line.starts_with("* 2. 2026-06-30 12:00  dana  revoked")), "{history}");
    assert!(lines.iter().any(|line| line.contains("3.") && line.contains("from 2026-07: from July on")), "{history}");
    let lab = good(&truecount(data, &["mappings", "history", "9"]));
    assert!(lab.contains("ignored, internal"), "{lab}");
    let json = good(&truecount(data, &["mappings", "history", "17", "--json"]));
    assert!(
        json.contains("\"holds\": true") && json.contains("\"account_name\": \"Brown & Partners (London)\""),
        "{json}"
    );
}

#[test]
fn a_file_is_exported_and_refused_rows_are_reported() {
    let home = data_directory();
    let data = home.path();
    let file = data.join("map.csv");
    let path = file.to_str().unwrap();
    good(&truecount(data, &["mappings", "export", path, "--undecided"]));
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
    assert!(rows[1].contains(",undecided,,,,,,,"), "{text}");
    rows[1] = rows[1].replacen(",undecided,,,,,,,", ",undecided,,,999,,,,", 1);
    rows[2] = rows[2].replacen(",undecided,,,,,,,", ",undecided,,confirm,,,2026-06,same street,", 1);
    fs::write(&file, rows.join("\r\n")).unwrap();
    let strict = truecount(data, &["mappings", "import", path, "--strict"]);
    assert_eq!(strict.status.code(), Some(FAILED));
    assert!(err(&strict).contains("line 2, column `client`: the PSA has no client `999`"), "{}", err(&strict));
    assert!(err(&strict).contains("nothing was imported; good rows: 1"), "{}", err(&strict));
    let kept = truecount(data, &["mappings", "import", path, "--json"]);
    assert_eq!(kept.status.code(), Some(FAILED));
    assert!(err(&kept).contains("1 row was refused"), "{}", err(&kept));
    assert!(
        out(&kept).contains("\"from\": \"2026-06\"") && out(&kept).contains("\"client_id\": \"250\""),
        "{}",
        out(&kept)
    );
    let wrong = truecount(data, &["mappings", "export", "map.ods"]);
    assert!(err(&wrong).contains("ends neither in .csv nor in .xlsx"), "{}", err(&wrong));
}

#[test]
fn two_files_need_no_data_directory() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("left.csv"), "id,name\nl1,Brown & Partners (London)\nl2,Zebra Bakery\n\"l,3\",=Green Partners\n")
        .unwrap();
    fs::write(path("right.csv"), "\u{FEFF}name,id\nBrown and Partners LLP,r1\nGreen Partners LLP,r2\n").unwrap();
    let (left, right, to) = (path("left.csv"), path("right.csv"), path("out.csv"));
    let args = ["mappings", "suggest", "--accounts", &left, "--clients", &right, "--out", &to];
    let done = truecount(&folder.path().join("nothing"), &args);
    good(&done);
    assert!(!folder.path().join("nothing").exists(), "no home is made");
    let mut csv = csv::Reader::from_path(path("out.csv")).unwrap();
    assert_eq!(csv.headers().unwrap().iter().take(3).collect::<Vec<_>>(), ["left_id", "right_id", "score"]);
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    let best = |left: &str| rows.iter().find(|row| &row[0] == left).map(|row| row[1].to_owned());
    assert_eq!((best("l1").as_deref(), best("l,3").as_deref()), (Some("r1"), Some("r2")));
    for pair in rows.windows(2).filter(|pair| pair[0][0] == pair[1][0]) {
        assert!(pair[0][2] >= pair[1][2], "best first: {rows:?}");
    }
    let products = truecount(folder.path(), &[&args[..], &["--products"]].concat());
    good(&products);
    assert!(err(&products).contains("SKUs resemble a product"), "{}", err(&products));

    fs::write(path("right.csv"), "number,name\n1,Brown\n").unwrap();
    let wrong = truecount(folder.path(), &args);
    assert_eq!(wrong.status.code(), Some(FAILED));
    assert!(err(&wrong).contains("line 1: there is no column `id`; the columns are: number, name"), "{}", err(&wrong));
}

#[test]
fn the_best_suggestions_are_confirmed_at_once() {
    let home = data_directory();
    let data = home.path();
    let bulk = |more: &[&str]| truecount(data, &[&["mappings", "confirm", "--above"], more].concat());
    for (args, expected) in [
        (&["0.5"][..], "nobody can be asked without a terminal"),
        (&["0.5", "--json"], "with --json nobody is asked"),
        (&["95"], "use a number from 0 to 1"),
    ] {
        let refused = bulk(args);
        assert_ne!(refused.status.code(), Some(0), "{args:?}");
        assert!(err(&refused).contains(expected), "{args:?}: {}", err(&refused));
    }
    let asked: serde_json::Value = serde_json::from_str(&out(&bulk(&["0.5", "--json"]))).unwrap();
    assert_eq!((&asked["chosen"][0]["account_id"], &asked["confirmed"]), (&"17".into(), &serde_json::json!([])));
    let history = good(&truecount(data, &["mappings", "history", "17", "--json"]));
    assert_eq!(history.trim(), "[]", "nothing was recorded");
    let history = truecount(data, &["mappings", "history"]);
    assert_eq!((good(&history).as_str(), err(&history).contains("Nobody has decided anything yet")), ("", true));

    let none = bulk(&["1", "--yes"]);
    good(&none);
    assert!(err(&none).contains("0 confirmed, 0 left out."), "{}", err(&none));
    let done = bulk(&["0.5", "--yes", "--note", "in bulk", "--actor", "dana"]);
    let shown = good(&done);
    assert!(shown.contains("rmm 17  Brown & Partners (London)\n    Brown and Partners LLP [250] 0."), "{shown}");
    assert!(err(&done).contains("1 confirmed, 0 left out."), "{}", err(&done));
    let history = good(&truecount(data, &["mappings", "history", "17"]));
    assert!(history.contains("dana  confirmed Brown and Partners LLP [250]: in bulk"), "{history}");
    assert!(history.contains("\n       score 0."), "{history}");
    let again = good(&bulk(&["0.5", "--yes", "--json"]));
    let again: serde_json::Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["confirmed"], serde_json::json!([]), "nothing twice");

    good(&truecount(data, &["mappings", "undo", "rmm", "17"]));
    let revoked = bulk(&["0.5", "--yes"]);
    good(&revoked);
    assert!(err(&revoked).contains("a decision about it was revoked"), "{}", err(&revoked));
}

#[test]
fn a_client_has_nothing_in_a_source_until_a_new_account_may_be_its() {
    let home = data_directory();
    let data = home.path();
    let none = |more: &[&str]| truecount(data, &[&["mappings", "none", "rmm"], more].concat());
    let done = none(&["251", "--note", "asked them"]);
    good(&done);
    assert!(
        err(&done).contains("Note: billed although rmm has nothing: `Quay Foods Ltd` [251] for `SRV`."),
        "{}",
        err(&done)
    );
    for (args, expected) in [
        (&["252"][..], "has the vendor account `19` in rmm"),
        (&["999"], "the PSA has no client `999`"),
        (&["251"], "kim decided the same before"),
        (&["--rest", "--undo"], "there is no such decision to undo"),
    ] {
        let refused = none(args);
        assert_eq!(refused.status.code(), Some(FAILED), "{args:?}");
        assert!(err(&refused).contains(expected), "{args:?}: {}", err(&refused));
    }
    let rest = good(&none(&["--rest", "--from", "2026-06", "--json"]));
    assert!(rest.contains("\"scope\": \"rest\"") && rest.contains("\"from\": \"2026-06\""), "{rest}");
    let list = good(&truecount(data, &["mappings", "list"]));
    assert!(list.contains("rmm: nothing for Quay Foods Ltd [251] (kim, 2026-06-30: asked them)"), "{list}");
    assert!(list.contains("rmm: nothing for all clients without a vendor account from 2026-06 (kim, 2026-06-30)"));
    good(&none(&["--rest", "--undo"]));

    let usage = "account_id,account_name,item_id,kind,status,site\n\
                 19,Equal Ltd.,q1,server,active,\n20,Quay Foods (York),f1,server,active,\n";
    fs::write(data.join("archive/inbox/sources/rmm/usage-2026-07-01.csv"), usage).unwrap();
    let on_next_day =
        |args: &[&str]| command(data, args).env("TRUECOUNT_CLOCK", "2026-07-01T12:00:00Z").output().unwrap();
    let synced = on_next_day(&["sync", "rmm"]);
    let list = good(&on_next_day(&["mappings", "list", "--undecided"]));
    assert!(
        list.contains("open again: the new vendor account 20 may be Quay Foods Ltd [251]"),
        "{list}{}{}",
        out(&synced),
        err(&synced)
    );
    let json = good(&on_next_day(&["mappings", "list", "--json"]));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let row = rows.iter().find(|row| row["state"] == "none").unwrap();
    assert_eq!((&row["client_id"], &row["reopened"][0]["by_account"]), (&"251".into(), &"20".into()));
    assert!(!list.contains("all clients without"), "it was undone: {list}");
}

#[test]
fn it_is_said_from_when_on_a_decision_applies() {
    let home = data_directory();
    let confirm = |more: &[&str]| {
        let done = truecount(home.path(), &[&["mappings", "confirm", "rmm", "17", "250"], more].concat());
        good(&done);
        err(&done).trim().to_owned()
    };
    for (more, expected) in [
        (&[][..], "Recorded. It applies from the next run on."),
        (&["--from", "2026-07"], "Recorded. It applies to runs of 2026-07 and later; until then nothing changes."),
        (&["--from", "2026-05"], "Recorded. It applies from the next run on, to runs of 2026-05 and later."),
    ] {
        assert_eq!(confirm(more), expected);
    }
    let none = truecount(home.path(), &["mappings", "none", "rmm", "251", "--from", "2026-08"]);
    assert!(err(&none).contains("It applies to runs of 2026-08 and later; until then"), "{}", err(&none));
}

#[test]
fn a_review_with_json_talks_on_stderr() {
    let home = data_directory();
    let review = with_input(home.path(), &["mappings", "review", "--json"], "s\n/quay\n1\nq\n");
    let decided: serde_json::Value = serde_json::from_str(&good(&review)).unwrap();
    assert_eq!((&decided[0]["account_id"], decided.as_array().unwrap().len()), (&"17".into(), 1));
    for talk in ["[1/3] rmm 18", "1  Quay Foods Ltd [251]", "1 of 3 decided."] {
        assert!(err(&review).contains(talk), "{talk}: {}", err(&review));
    }
}

#[test]
fn all_decisions_are_in_the_history() {
    let home = data_directory();
    let data = home.path();
    good(&truecount(data, &["mappings", "confirm", "rmm", "17", "250"]));
    good(&truecount(data, &["mappings", "none", "rmm", "251", "--note", "asked them"]));
    good(&truecount(data, &["mappings", "none", "rmm", "251", "--undo"]));
    let history = good(&truecount(data, &["mappings", "history"]));
    let lines: Vec<_> = history.lines().filter(|line| !line.starts_with("    ")).collect();
    assert_eq!(
        lines,
        [
            "rmm 17  Brown & Partners (London)  confirmed: Brown and Partners LLP (decided by a person)",
            "* 1. 2026-06-30 12:00  kim  confirmed Brown and Partners LLP [250]",
            "rmm: nothing for Quay Foods Ltd [251]",
            "  1. 2026-06-30 12:00  kim  has nothing: asked them",
            "  2. 2026-06-30 12:00  kim  revoked",
        ]
    );
    let json = good(&truecount(data, &["mappings", "history", "--json"]));
    let json: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let shown: Vec<_> = json.iter().map(|row| (row["number"].as_i64(), row["holds"].as_bool())).collect();
    assert_eq!(shown, [(Some(1), Some(true)), (Some(1), Some(false)), (Some(2), Some(false))]);
}
