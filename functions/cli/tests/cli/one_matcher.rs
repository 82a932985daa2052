//! Whose an undecided vendor account may be is one answer: in a run's files and mail, in each command, in the sheet.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use truecount_support::{CSV_SOURCES, write_file};

use crate::office::{Office, text_of};

const LINES: &str = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n\
    1,250,Brown and Partners LLP,MNG-WKS,2,10,GBP\n2,251,Quay Foods Ltd,MNG-WKS,1,10,GBP\n\
    3,252,Northfield Holdings,MNG-WKS,1,10,GBP\n";

const ITEMS: &str = "account_id,account_name,item_id,kind,status\n";

/// By source and account: the client proposed, and its score in thousandths.
type Answers = BTreeMap<(String, String), Option<(String, u32)>>;

/// A client is known in the RMM under another name, by which a second source has it, too.
fn office() -> Office {
    let office = Office::open();
    let second = "\n[[sources]]\nid = \"second\"\nconnector = \"file\"\nside = \"used\"\n";
    let mail = "[mail]\nfrom = \"a@msp.example\"\n[[mail.groups]]\nid = \"billing\"\nto = [\"b@msp.example\"]\n";
    write_file(office.data(), "config/settings.toml", format!("{mail}{CSV_SOURCES}{second}"));
    office.drop_file("psa", "lines-2026-06-30.csv", LINES);
    let rmm = "9,Beacon Veterinary,b1,workstation,active\n17,Brown & Partners (London),w1,workstation,active\n\
               18,Foodbank,q1,workstation,active\n19,Zxqvv,z1,workstation,active\n";
    office.drop_file("rmm", "devices-2026-06-30.csv", &format!("{ITEMS}{rmm}"));
    office.drop_file("second", "seats-2026-06-30.csv", &format!("{ITEMS}s1,Beacon Veterinary,s1,seat,active\n"));
    for source in ["psa", "rmm", "second"] {
        let synced = office.run(&["sync", source]);
        assert_eq!(synced.code, Some(0), "{}{}", synced.out, synced.err);
    }
    good(&office, &["mappings", "confirm", "rmm", "9", "252"]);
    office
}

#[track_caller]
fn good(office: &Office, args: &[&str]) -> String {
    let ended = office.run(args);
    assert_eq!(ended.code, Some(0), "{args:?}: {}{}", ended.out, ended.err);
    ended.out
}

fn thousandths(score: &str) -> u32 {
    let (whole, places) = score.split_once('.').unwrap();
    assert_eq!(places.len(), 3, "{score}");
    format!("{whole}{places}").parse().unwrap()
}

fn answer(row: &Value, proposal: &Value) -> ((String, String), Option<(String, u32)>) {
    let text = |value: &Value, key: &str| value[key].as_str().map(str::to_owned);
    let client = text(proposal, "client_id").map(|id| (id, thousandths(&text(proposal, "score").unwrap())));
    ((text(row, "source").unwrap(), text(row, "account_id").unwrap()), client)
}

fn in_json(rows: &Value, is_wanted: fn(&Value) -> bool) -> Answers {
    rows.as_array().unwrap().iter().filter(|row| is_wanted(row)).map(|row| answer(row, row)).collect()
}

/// The files of the run, in its folder.
fn of_run(office: &Office, name: &str) -> Vec<u8> {
    let month = office.path("archive/reports/2026-06");
    let run = fs::read_dir(month).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    fs::read(run.join(name)).unwrap()
}

/// The rows of a sheet: each cell by its column.
fn rows(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    csv::Reader::from_reader(bytes).deserialize().map(Result::unwrap).collect()
}

#[test]
fn run_mail_commands_and_sheet_propose_the_same() {
    let office = office();
    let run = office.run(&["run", "--closing"]);
    let from_run: Value = serde_json::from_slice(&of_run(&office, "run.json")).unwrap();
    let expected = in_json(&from_run["suggestions"], |_| true);
    let key = |source: &str, account: &str| (source.to_owned(), account.to_owned());
    let client = |source, account| expected[&key(source, account)].as_ref().map(|(client, _)| client.as_str());
    assert_eq!(client("second", "s1"), Some("252"), "known from the RMM: {expected:?}");
    assert_eq!(client("rmm", "17"), Some("250"));
    assert_eq!((client("rmm", "18"), client("rmm", "19"), expected.len()), (None, None, 4));

    let csv = rows(&of_run(&office, "mapping-suggestions.csv"));
    let of_csv = |row: &BTreeMap<String, String>| {
        let client = (!row["client_id"].is_empty()).then(|| (row["client_id"].clone(), thousandths(&row["score"])));
        (key(&row["source"], &row["account_id"]), client)
    };
    assert_eq!(csv.iter().map(of_csv).collect::<Answers>(), expected);
    let nobody = csv.iter().find(|row| row["account_id"] == "19").unwrap();
    assert_eq!(nobody["reason"], "nobody resembles it");

    let suggest: Value = serde_json::from_str(&good(&office, &["mappings", "suggest", "--json"])).unwrap();
    let first = suggest.as_array().unwrap().iter().map(|row| answer(row, &row["proposals"][0])).collect::<Answers>();
    assert_eq!(first, expected);
    let list: Value = serde_json::from_str(&good(&office, &["mappings", "list", "--json"])).unwrap();
    assert_eq!(in_json(&list, |row| row["state"] == "undecided"), expected);

    good(&office, &["mappings", "export", office.path("map.csv").to_str().unwrap(), "--undecided"]);
    let sheet = rows(&fs::read(office.path("map.csv")).unwrap());
    let suggested = good(&office, &["mappings", "suggest"]);
    let review = office.command(&["mappings", "review"]);
    let reviewed = crate::prompt::out(&crate::prompt::with_input(review, "s\ns\ns\ns\n"));
    for row in &sheet {
        let (proposal, score) = (&row["proposal"], &row["score"]);
        match &expected[&key(&row["source"], &row["account_id"])] {
            Some((client, thousandths)) => {
                assert!(proposal.ends_with(&format!("[{client}]")), "{row:?}");
                assert_eq!(*score, format!("{} %", thousandths / 10));
                assert!(suggested.contains(&format!("{proposal} {score}: {}", row["reasons"].replace("; ", ", "))));
                assert!(
                    csv.iter().any(|one| one["account_id"] == row["account_id"] && one["reason"] == row["reasons"])
                );
            }
            None => assert_eq!((proposal.as_str(), score.as_str()), ("", "")),
        }
        let same = if proposal.is_empty() { row["reasons"].clone() } else { format!("1  {proposal} {score}") };
        assert!(reviewed.contains(&same), "{same}: {reviewed}");
    }
    assert_eq!(sheet.len(), 4);
    assert!(suggested.contains("nobody resembles it (most like it: Quay Foods Ltd [251] "), "{suggested}");

    let title =
        "4 vendor accounts are not mapped to a client; a client is proposed for 2, which would settle 1 comparison.";
    let outbox = office.outbox();
    let said = [run.out, text_of(&outbox[0].1)].map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    assert!(said.iter().all(|text| text.contains(title)), "{said:?}");
}

#[test]
fn a_client_that_nobody_would_guess_is_confirmed_only_by_its_name() {
    let office = office();
    let path = office.path("map.csv");
    let path = path.to_str().unwrap();
    good(&office, &["mappings", "export", path, "--undecided"]);
    let text = fs::read_to_string(path).unwrap();
    let confirm = |text: &str, account: &str, cells: &str| {
        let row = text.lines().find(|line| line.contains(&format!("rmm,{account},"))).unwrap().to_owned();
        text.replace(&row, &row.replacen(",undecided,,,,,,,", &format!(",undecided,,{cells},,,,"), 1))
    };
    fs::write(path, confirm(&text, "18", "confirm,")).unwrap();
    let refused = office.run(&["mappings", "import", path]);
    assert!(refused.err.contains("column `client`: no client is proposed here; choose one"), "{}", refused.err);
    let edited = confirm(&text, "18", "confirm,").replace(",,nobody", "Quay Foods Ltd [251],,nobody");
    assert_ne!(edited, confirm(&text, "18", "confirm,"), "{text}");
    fs::write(path, edited).unwrap();
    let refused = office.run(&["mappings", "import", path]);
    assert!(refused.err.contains("this client is not proposed for it now; write the client here"), "{}", refused.err);
    fs::write(path, confirm(&text, "18", "confirm,251")).unwrap();
    good(&office, &["mappings", "import", path]);
    let history = good(&office, &["mappings", "history"]);
    assert!(history.contains("confirmed Quay Foods Ltd [251]"), "{history}");
}
