//! Whole checks over small files: findings, and the errors about broken files.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::{CheckArgs, CheckEvidence, CheckOutcome, run};

const BILLED: &str = "\
line_id,client_id,client_name,product_code,quantity,unit_price,currency,effective_from,effective_to,agreement
1,C1,\"Acme, Inc.\",SRV,2,100.00,USD,2026-01-01,,A
2,C1,\"Acme, Inc.\",SRV,1,90.50,USD,2026-02-01,2026-12-31,A
3,C1,\"Acme, Inc.\",SRV,7,1.00,USD,2026-07-01,,A
4,C2,=Bolt,SRV,4,100,USD,2025-01-01,2026-06-29,A
5,C3,Cog,SRV,3,80,EUR,2025-01-01,,A
6,C3,Cog,FLAT,1,500,EUR,2025-01-01,,A
";
const USAGE: &str = "\
source,account_id,account_name,item_id,kind,sku,status,last_seen
rmm,o1,acme inc,s1,server,SRV,active,2026-06-29T10:00:00Z
rmm,o1,acme inc,s2,server,SRV,active,
rmm,o1,acme inc,s3,server,SRV,active,2026-05-31T00:00:00Z
rmm,o1,acme inc,s4,server,SRV,active,2026-05-30T23:59:59Z
rmm,o1,acme inc,s4b,server,SRV,active,2026-06-01T00:00:00Z
rmm,o2,=BOLT,s5,server,SRV,active,
rmm,o2,=BOLT,s5,server,SRV,disabled,
rmm,o9,Nobody,s6,server,SRV,active,
rmm,o1,acme inc,s1,server,SRV,active,2026-06-30T10:00:00Z
rmm,o1,acme inc,p1,printer,,active,
";
const MAPPINGS: &str = "source,account_id,client_id\nrmm,o1,C1\nrmm,o2,C2\n";
const RULES: &str = "product_code,source,kinds,skus,included_qty,min_qty,tolerance,list_price,currency\nSRV,rmm,server,,0,0,0,95.25,USD\n";

struct Files {
    dir: TempDir,
    args: CheckArgs,
}

impl Files {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let args = CheckArgs {
            billed: dir.path().join("billed.csv"),
            usage: dir.path().join("usage.csv"),
            mappings: Some(dir.path().join("mappings.csv")),
            rules: Some(dir.path().join("rules.csv")),
            as_of: "2026-06-30".parse().unwrap(),
            out: dir.path().join("out"),
            evidence: CheckEvidence::Figures,
        };
        let files = Self { dir, args };
        files
            .with("billed.csv", BILLED)
            .with("usage.csv", USAGE)
            .with("mappings.csv", MAPPINGS)
            .with("rules.csv", RULES)
    }

    fn with(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.dir.path().join(name), text).unwrap();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self) -> CheckOutcome {
        run(&self.args).unwrap()
    }

    /// The message, with the folder cut off.
    fn wrong(&self) -> String {
        run(&self.args).unwrap_err().to_string().replace(&format!("{}/", self.dir.path().display()), "")
    }

    /// Some columns of the exceptions.
    fn exceptions(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("out/exceptions.csv")).unwrap();
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let header = reader.headers().unwrap().clone();
        let columns = [
            "kind",
            "client_id",
            "client",
            "account_id",
            "counted",
            "billed",
            "variance",
            "unit_price",
            "monthly_impact",
            "currency",
        ];
        let places: Vec<usize> = columns.iter().map(|c| header.iter().position(|h| h == *c).unwrap()).collect();
        reader
            .records()
            .map(|row| row.unwrap())
            .map(|row| places.iter().map(|p| &row[*p]).collect::<Vec<_>>().join("|"))
            .collect()
    }
}

#[test]
fn five_kinds_and_their_order() {
    let files = Files::new();
    let outcome = files.run();
    assert_eq!(outcome.exit_code(), 1);
    let expected = [
        "billed_without_usage|C3|Cog||0|3|-3|80.00|-240.00|EUR",
        "unbilled_usage|C2|'=Bolt||1|0|1|95.25|95.25|USD",
        "unmapped_account||Nobody|o9|1|0|1||95.25|USD",
        "underbilled|C1|Acme, Inc.||4|3|1|90.50|90.50|USD",
    ];
    assert_eq!(files.exceptions(), expected);
    let setup = fs::read_to_string(files.path("out/setup.csv")).unwrap();
    assert!(
        setup.contains("line_without_rule,FLAT,") && setup.contains("usage_without_rule,rmm: kind `printer`,"),
        "{setup}"
    );
    // again: the same bytes, and nothing beside them
    let bytes = fs::read(files.path("out/exceptions.csv")).unwrap();
    files.run();
    assert_eq!(fs::read(files.path("out/exceptions.csv")).unwrap(), bytes);
    let mut names: Vec<_> = fs::read_dir(files.path("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["exceptions.csv", "setup.csv"]);
}

#[test]
fn without_mappings_equal_and_unique_names_count() {
    let mut files = Files::new();
    files.args.mappings = None;
    files.run();
    let with_mappings = files.exceptions();
    assert_eq!(with_mappings.len(), 4);
    assert!(with_mappings[3].starts_with("underbilled|C1|"), "{with_mappings:?}");
    // two clients with the same name: neither may be taken to use nothing
    let files = files.with("billed.csv", BILLED.replace(",Cog,", ",\"ACME, INC\","));
    assert_eq!(files.run().exit_code(), 2);
    let kinds: Vec<String> =
        files.exceptions().into_iter().map(|row| row.split('|').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        kinds,
        ["unmapped_account ", "unbilled_usage C2", "unmapped_account ", "not_reconciled C1", "not_reconciled C3"]
    );
}

#[test]
fn without_rules_product_codes_that_are_a_sku_count() {
    let mut files = Files::new();
    files.args.rules = None;
    files.run();
    let rows = files.exceptions();
    assert_eq!(rows[0], "billed_without_usage|C3|Cog||0|3|-3|80.00|-240.00|EUR");
    // no list price: the value of usage without a line is unknown, and comes last
    assert_eq!(rows[2], "unbilled_usage|C2|'=Bolt||1|0|1|||");
    let files = files.with("usage.csv", USAGE.replace(",SRV,", ",SERVER,"));
    assert_eq!(
        files.wrong(),
        "billed.csv: no product code is the SKU of exactly one source of the usage, so nothing can be compared; say with --rules what belongs together"
    );
}

#[test]
fn a_source_that_no_row_names_is_not_zero() {
    let files = Files::new()
        .with("usage.csv", USAGE.lines().next().unwrap())
        .with("mappings.csv", "source,account_id,client_id\n");
    let outcome = files.run();
    assert_eq!(outcome.exit_code(), 2);
    assert_eq!(files.exceptions().len(), 1);
    assert_eq!((outcome.not_reconciled, outcome.exception_count()), (2, 0));
    // a mapping proves that the source exists
    let files = files.with("mappings.csv", MAPPINGS);
    assert_eq!(files.run().exit_code(), 1);
    assert_eq!(files.exceptions()[0], "billed_without_usage|C1|Acme, Inc.||0|3|-3|90.50|-271.50|USD");
}

#[test]
fn broken_files_say_where_and_what_to_do() {
    let row = "1,C1,Acme,SRV,2,1,USD,2026-01-01,,A";
    let billed = |row: &str| format!("{}\n{row}\n", BILLED.lines().next().unwrap());
    let usage = |row: &str| format!("{}\n{row}\n", USAGE.lines().next().unwrap());
    for (name, text, expected) in [
        (
            "billed.csv",
            billed(&row.replace(",,A", ",A")),
            "billed.csv line 2: 9 fields where the header has 10; a field with a comma or a line break needs double quotes around it, and a quote in it is doubled",
        ),
        (
            "billed.csv",
            billed(&row.replace(",2,", ",2x,")),
            "billed.csv line 2, field `quantity`: `2x` is not a decimal number",
        ),
        ("billed.csv", billed(&row.replace(",2,", ",,")), "billed.csv line 2, field `quantity`: the number is empty"),
        (
            "billed.csv",
            billed(&row.replace(",2,", ",\"1,000\",")),
            "billed.csv line 2, field `quantity`: `1,000` has a thousands separator or a decimal comma; write 1234.56",
        ),
        (
            "billed.csv",
            billed(&row.replace("2026-01-01", "01/01/2026")),
            "billed.csv line 2, field `effective_from`: `01/01/2026` is not a day: write YYYY-MM-DD, such as 2026-06-30",
        ),
        (
            "billed.csv",
            billed(&row.replace("USD", "$")),
            "billed.csv line 2, field `currency`: `$` is not a currency: use the three letters of ISO 4217, such as GBP",
        ),
        ("billed.csv", billed(&row.replace("C1", "")), "billed.csv line 2, field `client_id`: an id is empty"),
        (
            "billed.csv",
            String::new(),
            "billed.csv line 1: the file is empty; its first line must name the columns line_id, client_id, client_name, product_code, quantity, unit_price, currency, effective_from, effective_to",
        ),
        (
            "billed.csv",
            BILLED.replacen("quantity", "qty", 1),
            "billed.csv line 1: the column `quantity` is missing; the header has line_id, client_id, client_name, product_code, qty, unit_price, currency, effective_from, effective_to, agreement",
        ),
        (
            "billed.csv",
            BILLED.replace(',', ";"),
            "billed.csv line 1: the columns are separated by ';'; save the file with commas between them, or compare the files as they are: `truecount check FILE…`",
        ),
        (
            "billed.csv",
            BILLED.replacen("quantity", "line_id", 1),
            "billed.csv line 1: the column `line_id` is there twice",
        ),
        (
            "usage.csv",
            usage("RMM,o1,Acme,s1,server,,active,"),
            "usage.csv line 2, field `source`: `RMM` is not a source id: use a-z, 0-9 and hyphens, and begin with a letter",
        ),
        (
            "usage.csv",
            usage("rmm,o1,Acme,s1,server,,active,yesterday"),
            "usage.csv line 2, field `last_seen`: `yesterday` is not a date and time: write 2026-06-30T08:00:00Z, or leave it empty",
        ),
        (
            "usage.csv",
            usage("rmm,o1,Acme,9.91214E+15,server,,active,"),
            "usage.csv line 2, field `item_id`: `9.91214E+15` is what a spreadsheet makes of a long number, and many become one; export anew, and do not save from a spreadsheet",
        ),
        ("usage.csv", usage("rmm,o1,Acme, ,server,,active,"), "usage.csv line 2, field `item_id`: an id is empty"),
        (
            "mappings.csv",
            MAPPINGS.to_owned() + "rmm,o1,C2\n",
            "mappings.csv line 4, field `client_id`: account `o1` of rmm is mapped to client `C2` here and to `C1` before; leave one",
        ),
        (
            "rules.csv",
            RULES.replace("95.25", "abc"),
            "rules.csv line 2, field `list_price`: `abc` is not a decimal number",
        ),
        (
            "rules.csv",
            RULES.lines().next().unwrap().to_owned(),
            "rules.csv: holds no rules, so nothing can be compared",
        ),
    ] {
        let files = Files::new().with(name, &text);
        assert_eq!(files.wrong(), expected);
        assert!(!files.path("out").exists(), "{expected}");
    }
    let files = Files::new();
    fs::remove_file(files.path("usage.csv")).unwrap();
    assert!(files.wrong().starts_with("usage.csv: No such file"), "{}", files.wrong());
}

#[test]
fn a_broken_line_70_000_is_found_where_it_is() {
    let good = USAGE.lines().nth(1).unwrap();
    let mut lines: Vec<Vec<u8>> = vec![good.as_bytes().to_vec(); 80_000];
    lines[0] = USAGE.lines().next().unwrap().as_bytes().to_vec();
    for (broken, expected) in [
        (&b"rmm,o1,acme inc,s1,server,SRV,active"[..], "usage.csv line 70000: 7 fields where the header has 8; "),
        (
            b"rmm,o1,acme \xff inc,s1,server,SRV,active,",
            "usage.csv line 70000: not UTF-8, field `account_name`; save the file as UTF-8, or compare the files as they are: `truecount check FILE…`",
        ),
        (b"rmm,o1,\"acme inc,s1,server,SRV,active,", "usage.csv line 70000: "),
    ] {
        lines[69_999] = broken.to_vec();
        let wrong = Files::new().with("usage.csv", lines.join(&b'\n')).wrong();
        assert!(wrong.starts_with(expected), "{wrong}");
    }
}

#[test]
fn blanks_around_join_keys_change_nothing() {
    let padded = |text: &str, columns: &[usize]| {
        let pad = |line: &str| {
            let fields = line.split(',').enumerate();
            fields
                .map(|(at, field)| if columns.contains(&at) { format!("{field} \t") } else { field.to_owned() })
                .collect::<Vec<_>>()
                .join(",")
        };
        let (header, rows) = text.split_once('\n').unwrap();
        rows.lines().fold(format!("{header}\n"), |text, row| text + &pad(row) + "\n")
    };
    let billed = BILLED.replace("\"Acme, Inc.\"", "Acme Inc");
    let plain = Files::new().with("billed.csv", &billed);
    plain.run();
    let files = Files::new()
        .with("billed.csv", padded(&billed, &[0, 1, 3]))
        .with("usage.csv", padded(USAGE, &[0, 1, 3, 4, 5]))
        .with("mappings.csv", padded(MAPPINGS, &[0, 1, 2]))
        .with("rules.csv", padded(RULES, &[0, 1, 2, 3]));
    files.run();
    assert_eq!(files.exceptions(), plain.exceptions());
    // a client whose id is padded in one line only is one client
    let files = Files::new().with("billed.csv", billed.replacen("1,C1,", "1,C1 ,", 1));
    files.run();
    assert_eq!(files.exceptions(), plain.exceptions());
}

/// The same row again and again, with what differs.
fn table(header: &str, rows: &[&str]) -> String {
    rows.iter().fold(format!("{}\n", header.lines().next().unwrap()), |text, row| text + row + "\n")
}

#[test]
fn the_order_of_rows_makes_no_difference() {
    let files = Files::new();
    files.run();
    let right = files.exceptions();
    let (header, rows) = USAGE.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    for _ in 0..rows.len() {
        rows.rotate_left(1);
        let apart: Vec<&str> = rows.iter().step_by(2).chain(rows.iter().skip(1).step_by(2)).copied().collect();
        for order in [&rows, &apart] {
            let files = Files::new().with("usage.csv", table(header, order));
            files.run();
            assert_eq!(files.exceptions(), right, "{order:?}");
        }
    }
}

#[test]
fn each_row_of_a_line_bills_at_the_price_of_the_newest_whatever_its_currency() {
    let files = Files::new().with(
        "billed.csv",
        table(
            BILLED,
            &[
                "1,C1,Acme,SRV,2,100.00,USD,2026-01-01,,A",
                "1,C1,Acme,SRV,2,100.00,USD,2026-01-01,,A",
                "1,C1,Acme,SRV,1.5,70,EUR,2026-03-01,,A",
                "2,C2,Bolt,SRV,-1,20,,2026-01-01,,A",
            ],
        ),
    );
    files.run();
    // 4 used of 5.5 billed at the newest line's 70 EUR; 1 used of -1 billed, in the currency of the rule
    let expected = ["overbilled|C1|Acme||4|5.5|-1.5|70.00|-105.00|EUR", "unmapped_account||Nobody|o9|1|0|1||95.25|USD"];
    assert_eq!(files.exceptions()[..2], expected);
    assert_eq!(files.exceptions()[2], "underbilled|C2|Bolt||1|-1|2|20.00|40.00|USD");
}

#[test]
fn tolerance_leaves_a_missing_line_alone_and_a_minimum_needs_a_line() {
    let rules = |included: &str, minimum: &str, tolerance: &str| {
        table(RULES, &[&format!("SRV,rmm,server,,{included},{minimum},{tolerance},95.25,USD")])
    };
    let kinds = |rules: String| {
        let files = Files::new().with("rules.csv", rules);
        files.run();
        let found: Vec<String> =
            files.exceptions().iter().map(|row| row.split('|').take(2).collect::<Vec<_>>().join(" ")).collect();
        found
    };
    let (all, none) = (["billed_without_usage C3", "unbilled_usage C2", "unmapped_account ", "underbilled C1"], "1");
    assert_eq!(kinds(rules("0", "0", "0.99")), all);
    assert_eq!(kinds(rules("0", "0", none)), ["billed_without_usage C3", "unmapped_account "]);
    // C1 has 3 of 7, and C2 no line; C3 has 3 of 7 and uses nothing
    assert_eq!(
        kinds(rules("0", "7", "0")),
        ["underbilled C1", "underbilled C3", "unbilled_usage C2", "unmapped_account "]
    );
    assert_eq!(kinds(rules("1", "0", "0")), ["billed_without_usage C3", "unmapped_account "]);
}

#[test]
fn an_account_without_a_mapping_is_one_row_over_all_products() {
    let rules = table(
        RULES,
        &["SRV,rmm,server,,0,0,0,95.25,USD", "PATCH,rmm,server|printer,,0,0,0,1.5,USD", "PRN,rmm,printer,,9,9,0,,"],
    );
    let usage = USAGE.to_owned() + "rmm,o9,Nobody,p1,printer,,active,\nrmm,o8,Idle,p2,printer,,deleted,\n";
    let files = Files::new().with("rules.csv", rules).with("usage.csv", usage);
    files.run();
    let unmapped: Vec<String> = files.exceptions().into_iter().filter(|row| row.starts_with("unmapped")).collect();
    // a server twice, a printer twice: what is included makes no difference, and what has no price is worth nothing
    assert_eq!(unmapped, ["unmapped_account||Nobody|o9|4|0|4||98.25|USD"]);
}

#[test]
fn an_item_of_which_no_quantity_is_told_is_not_counted_as_one() {
    // of the two rows of C2's server; of the others, two units each
    let with_quantity = |(at, line): (usize, &str)| match at {
        0 => format!("{line},quantity\n"),
        6 | 7 => format!("{line},\n"),
        _ => format!("{line},2\n"),
    };
    let usage = |text: &str| text.lines().enumerate().map(with_quantity).collect::<String>();
    let files = Files::new().with("usage.csv", usage(USAGE));
    assert_eq!(files.run().exit_code(), 2);
    let rows = files.exceptions();
    assert!(rows.iter().any(|row| row.starts_with("underbilled|C1|Acme, Inc.||8|3|5|")), "{rows:?}");
    assert!(!rows.iter().any(|row| row.contains("|C2|")), "{rows:?}");
    let setup = fs::read_to_string(files.path("out/setup.csv")).unwrap();
    assert!(setup.contains("item_without_quantity,rmm,1 row of rmm without a quantity"), "{setup}");
    // where a line stands, the comparison is open
    let files = files.with("billed.csv", BILLED.replace(",2026-06-29,", ",,"));
    assert_eq!(files.run().not_reconciled, 1);
    assert!(files.exceptions().iter().any(|row| row.starts_with("not_reconciled|C2|")), "{:?}", files.exceptions());
}

#[test]
fn a_quantity_below_zero_is_taken_off_nothing() {
    let with_quantity = |(at, line): (usize, &str)| match at {
        0 => format!("{line},quantity\n"),
        2 => format!("{line},-2\n"),
        _ => format!("{line},2\n"),
    };
    let usage: String = USAGE.lines().enumerate().map(with_quantity).collect();
    let files = Files::new().with("usage.csv", usage);
    assert_eq!(files.run().exit_code(), 2);
    let rows = files.exceptions();
    assert!(rows.iter().any(|row| row.starts_with("underbilled|C1|Acme, Inc.||6|3|3|")), "{rows:?}");
    let setup = fs::read_to_string(files.path("out/setup.csv")).unwrap();
    assert!(setup.contains("item_with_negative_quantity,rmm,1 row of rmm with a quantity below zero"), "{setup}");
}

#[test]
fn an_account_with_two_names_is_neither_clients_for_sure() {
    let row = |name: &str, id: &str| format!("rmm,o5,{name},{id},server,SRV,active,");
    let rows = [row("Acme Inc.", "x1"), row("Acme Inc.", "x2"), row("Bolt", "x3"), row("Bolt", "x4")];
    for order in [[0, 1, 2, 3], [3, 0, 2, 1]] {
        let usage = table(
            "source,account_id,account_name,item_id,kind,sku,status,last_seen",
            &order.map(|at| rows[at].as_str()),
        );
        let billed = BILLED.replace(",2026-06-29,", ",,");
        let mut files = Files::new().with("usage.csv", usage).with("billed.csv", billed);
        files.args.mappings = None;
        assert_eq!(files.run().exit_code(), 2);
        let found = files.exceptions();
        for client in ["not_reconciled|C1|", "not_reconciled|C2|"] {
            assert!(found.iter().any(|row| row.starts_with(client)), "{client} {found:?}");
        }
        let setup = fs::read_to_string(files.path("out/setup.csv")).unwrap();
        assert!(setup.contains("account_with_several_names,rmm: o5,"), "{setup}");
        assert!(setup.contains("`Acme Inc.` and `Bolt`"), "{setup}");
    }
}

#[test]
fn rules_that_cannot_be_right_are_refused() {
    let rule = "SRV,rmm,server,,0,0,0,95.25,USD";
    for (rules, expected) in [
        (RULES.replacen("min_qty", "minimum", 1), "rules.csv line 1: unknown column `minimum`; the columns are "),
        (table(RULES, &[rule, rule]), "rules.csv line 3, field `product_code`: `SRV` has a rule already"),
        (table(RULES, &[rule, &rule.replace("SRV", "srv")]), "rules.csv: product `srv` is named by the services"),
        (RULES.replace(",0,0,0,", ",0,-1,0,"), "rules.csv line 2, field `min_qty`: `-1` is negative"),
        (RULES.replace("USD", ""), "rules.csv line 2, field `currency`: a list price needs its currency"),
        (RULES.replace("server", "server||x"), "rules.csv line 2, field `kinds`: there is nothing between two `|`"),
    ] {
        let wrong = Files::new().with("rules.csv", rules).wrong();
        assert!(wrong.starts_with(expected), "{wrong}");
    }
}

/// Whether a row of the usage says something else of an item than an earlier one.
fn is_again(line: &str) -> bool {
    line.contains("s1,server,SRV,active,2026-06-30") || line.contains("s5,server,SRV,disabled")
}

#[test]
fn rules_of_the_rules_language_judge_as_a_run_does() {
    let rules = "currency = \"USD\"\n[services]\nSRV = { count = \"rmm.server\", seen_within_days = 30, price = 95.25, unknown = \"counts\" }\n";
    // Rows with one id that say different things are never one of them, as in a run.
    let usage =
        |text: &str| text.lines().filter(|line| !is_again(line)).map(|line| format!("{line}\n")).collect::<String>();
    let mut files = Files::new().with("rules.toml", rules);
    files.args.rules = Some(files.path("rules.toml"));
    assert_eq!(files.run().exit_code(), 2);
    let setup = fs::read_to_string(files.path("out/setup.csv")).unwrap();
    assert!(setup.contains("rows_contradict,rmm: o1,") && setup.contains("`usage.csv` line 10: id `s1`"), "{setup}");
    let files = files.with("usage.csv", usage(USAGE));
    let outcome = files.run();
    let rows = files.exceptions();
    assert_eq!(outcome.exit_code(), 1);
    // A line of seven that begins tomorrow covers what C1 is billed too little; what C2's line cost until yesterday is its
    // price.
    let expected = [
        "unbilled_usage|C2|'=Bolt||1|0|1|100.00|100.00|USD",
        "uncounted_line|C3|Cog|||1||500.00|500.00|EUR",
        "billed_without_usage|C3|Cog||0|3|-3|80.00|-240.00|EUR",
        "unmapped_account|||o9||||||",
    ];
    assert_eq!(rows, expected);
    let files = files.with("billed.csv", BILLED.replace("3,C1,\"Acme, Inc.\",SRV,7,1.00,USD,2026-07-01,,A\n", ""));
    files.run();
    assert!(files.exceptions().iter().any(|row| row.starts_with("underbilled|C1|")), "{:?}", files.exceptions());
    let files = files.with("rules.toml", rules.replace("count =", "counts ="));
    assert!(files.wrong().contains("counts"), "{}", files.wrong());
}

#[test]
fn the_items_behind_an_exception_are_told_if_wanted() {
    let mut files = Files::new();
    files.run();
    let figures = files.exceptions();
    let items = |files: &Files| {
        let text = fs::read_to_string(files.path("out/exceptions.csv")).unwrap();
        text.lines().find(|line| line.contains("underbilled")).unwrap().to_owned()
    };
    assert!(!items(&files).contains("s4b"), "{}", items(&files));
    files.args.evidence = CheckEvidence::Items;
    files.run();
    assert_eq!(files.exceptions(), figures);
    assert!(items(&files).contains("s1; s2; s3; s4b,s4 (not seen for over 30 days)"), "{}", items(&files));
}

#[test]
fn rows_of_one_line_and_lines_that_meet_are_told() {
    let row =
        |id: &str, quantity: &str, from: &str, to: &str| format!("{id},C1,Acme,SRV,{quantity},9,USD,{from},{to},A");
    let rows = [
        row("1", "2", "2026-01-01", ""),
        row("1", "2", "2026-01-01", ""),
        row("2", "2", "2026-06-01", "2026-06-30"),
        row("3", "3", "2026-06-30", ""),
    ];
    let files = Files::new().with("billed.csv", table(BILLED, &rows.each_ref().map(String::as_str)));
    files.run();
    let setup = fs::read_to_string(files.path("out/setup.csv")).unwrap();
    assert!(setup.contains("line_repeated,C1: 1,") && setup.contains("stands in 2 rows"), "{setup}");
    assert!(setup.contains("lines_meet,C1: 2,") && setup.contains("on which line 3 "), "{setup}");
    let files = Files::new();
    files.run();
    let setup = fs::read_to_string(files.path("out/setup.csv")).unwrap();
    assert!(!setup.contains("lines_meet") && !setup.contains("line_repeated"), "{setup}");
}
