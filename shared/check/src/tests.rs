//! Whole checks over small files: findings, and the errors about broken files.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::{CheckArgs, CheckOutcome, run};

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
fn toml_rules_judge_everything() {
    let mut files = Files::new().with(
        "rules.toml",
        "[[rules]]\nproduct_codes = [\"SRV\"]\nsource = \"rmm\"\nkinds = [\"server\"]\ncount_basis = \"device_fresh\"\nlist_price = 95.25\ncurrency = \"USD\"\n",
    );
    files.args.rules = Some(files.path("rules.toml"));
    assert_eq!(files.run().exit_code(), 1);
    let rows = files.exceptions();
    assert_eq!(rows.len(), 5);
    // the line ended this week: its price still holds
    assert_eq!(rows[1], "unbilled_usage|C2|'=Bolt||1|0|1|100.00|100.00|USD");
    assert!(rows[4].starts_with("unmapped_product|"), "{rows:?}");
    let files = files.with("rules.toml", "[[rules]]\nproduct_code = [\"SRV\"]\n");
    assert!(
        files.wrong().starts_with("rules.toml line 2: unknown key `product_code`; did you mean `product_codes`?"),
        "{}",
        files.wrong()
    );
}

#[test]
fn a_source_that_no_row_names_is_not_zero() {
    let files = Files::new()
        .with("usage.csv", USAGE.lines().next().unwrap())
        .with("mappings.csv", "source,account_id,client_id\n");
    let outcome = files.run();
    assert_eq!(outcome.exit_code(), 2);
    assert_eq!(outcome.reconciliation.findings.len(), 1);
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
            "billed.csv line 1: the columns are separated by ';'; save the file with commas between them",
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
        ("usage.csv", usage("rmm,o1,Acme, ,server,,active,"), "usage.csv line 2, field `item_id`: an id is empty"),
        (
            "mappings.csv",
            MAPPINGS.to_owned() + "rmm,o1,C2\n",
            "mappings.csv line 4, field `client_id`: account `o1` of rmm is mapped to client `C2` here and to `C1` before; leave one",
        ),
        (
            "rules.csv",
            RULES.replace("95.25", "abc"),
            "rules.csv line 2: field `list_price`: `abc` is not a decimal number",
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
            "usage.csv line 70000: not UTF-8, field `account_name`; save the file as UTF-8",
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
