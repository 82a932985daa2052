//! Exports in the forms in which people have them, from the files to the exceptions.

use std::fs;

use tempfile::TempDir;

use super::*;

/// A PSA's export from a German spreadsheet: Windows-1252, semicolons, a title, decimal commas.
const LINES: &str = "\
Additions of all agreements;;;;;;;;;;
Company Name;Agreement Name;Addition Status;Product ID;Description;Quantity;Less Included;Price;Bill;Effective Date;Cancelled Date
Harbour Dental;Managed IT;Active;MNG-WKS;Managed workstation;2,00;0;32,50;Billable;13.01.2025;
Harbour Dental;Managed IT;Active;MNG-SRV;Managed server;3,00;0;95,00;Billable;13.01.2025;
Mill & Söhne;Managed IT;Active;MNG-SRV;Managed server;1,00;0;95,00;Billable;13.01.2025;
Mill & Söhne;Managed IT;Active;MNG-WKS;Managed workstation;1,00;0;32,50;Billable;13.01.2025;
Mill & Söhne;Managed IT;Active;FAX;Fax line;1,00;0;9,00;Billable;13.01.2025;
";

/// An RMM's export: UTF-16, tabs, two lines of title, a total below, days as the British write them.
const DEVICES: &str = "\
Devices of all customers\t\t\t
\t\t\t
Organization\tDisplay Name\tDevice Role\tLast Contact
Harbour Dental\thd-1\tWindows Server\t29/06/2026
Harbour Dental\thd-2\tWindows Server\t13/06/2026
Harbour Dental\thd-3\tWindows Server\t13/04/2026
Harbour Dental\thd-4\tWindows Laptop\t28/06/2026
Harbour Dental\thd-5\tWindows Laptop\t28/06/2026
Mill & Söhne\tms-1\tWindows Server\t28/06/2026
Mill & Söhne\tms-2\tWindows Laptop\t28/06/2026
Total\t7\t\t
";

struct Exports {
    folder: TempDir,
    args: ExportsCheckArgs,
}

impl Exports {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (options, out) = (Vec::new(), Some(folder.path().join("out")));
        let args = ExportsCheckArgs {
            files: Vec::new(),
            options,
            mappings: None,
            rules: None,
            as_of: None,
            today: "2026-07-02".parse().unwrap(),
            out,
        };
        Self { folder, args }
    }

    fn with(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        self.args.files.push(ExportToCheck { id: None, path });
        self
    }

    fn usual() -> Self {
        Self::new().with("devices 2026-06-30.txt", utf16(DEVICES)).with("lines 2026-06-30.csv", windows_1252(LINES))
    }

    fn run(&self) -> ExportsOutcome {
        check_exports(&self.args).unwrap()
    }

    /// The message, without the folder's name.
    fn wrong(&self) -> String {
        let text = check_exports(&self.args).map(|found| found.overview).unwrap_err().to_string();
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn utf16(text: &str) -> Vec<u8> {
    let text = text.replace('\n', "\r\n");
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

fn windows_1252(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// `kind client product counted/billed`.
fn shown(outcome: &ExportsOutcome) -> Vec<String> {
    let number =
        |number: Option<rust_decimal::Decimal>| number.map(|it| it.normalize().to_string()).unwrap_or_default();
    let one = |row: &ExceptionRow| {
        format!("{} {} {} {}/{}", row.kind, row.client, row.product_code, number(row.counted), number(row.billed))
    };
    outcome.exceptions.iter().map(one).collect()
}

#[test]
fn two_exports_as_they_come_give_the_one_right_exception() {
    let exports = Exports::usual();
    let outcome = exports.run();
    let expected = ["overbilled Harbour Dental MNG-SRV 2/3", "uncounted_line Mill & Söhne FAX /1"];
    assert_eq!(shown(&outcome), expected);
    assert_eq!((outcome.found.exit_code(), outcome.count_day.to_string().as_str()), (1, "2026-06-30"));
    assert_eq!(outcome.found.totals[0].underbilled_count, 0, "what no rule counts is not billed too little");
    let of = |file: &CheckedFile| (file.source.to_string(), file.receipt.sums(), file.receipt.rows());
    let files: Vec<_> = outcome.files.iter().map(of).collect();
    let expected = [("connectwise-additions", (5, 0, 0), 5), ("ninjaone-devices", (7, 0, 2), 9)];
    assert_eq!(files, expected.map(|(id, sums, rows)| (id.to_owned(), sums, rows)));
    let csv = fs::read_to_string(exports.folder.path().join("out/exceptions.csv")).unwrap();
    assert!(csv.contains("hd-1; hd-2,hd-3 (not seen for over 30 days)"), "{csv}");
    let mut other = Exports::usual();
    other.args.files.reverse();
    assert_eq!(shown(&other.run()), shown(&outcome), "in any order");
}

#[test]
fn everything_that_files_leave_open_is_asked_at_once_and_answered_by_options() {
    let devices = "Organization,Display Name,Device Role,Last Contact\nAlder,a-1,Windows Server,05/06/2026\n";
    let lines = "Client;Product Code;Amount;Unit Price\nAlder;Server;1.234;2\n";
    let mut exports = Exports::new().with("devices.csv", devices).with("lines.csv", lines);
    let wrong = exports.wrong();
    assert!(wrong.contains("devices.csv: column `Last Contact` (line 2): which number is the month?"), "{wrong}");
    assert!(wrong.contains("`--option ninjaone-devices:dates=D/M/Y`"), "{wrong}");
    assert!(wrong.contains("lines.csv: which side are its rows on?"), "{wrong}");
    for option in [
        "ninjaone-devices:dates=D/M/Y",
        "lines:side=agreed",
        "lines:numbers=.",
        "lines:columns.quantity=Amount",
        "lines:columns.client_id=Client",
    ] {
        exports.args.options.push(option.parse().unwrap());
    }
    let outcome = exports.run();
    assert_eq!(shown(&outcome), ["overbilled Alder Server 1/1.234"]);
    assert_eq!(outcome.count_day_from, CountDayFrom::Today);
    exports.args.options.push("device:zone=UTC".parse().unwrap());
    let wrong = exports.wrong();
    assert_eq!(wrong, "--option device:…: no file is of this source; there are lines, ninjaone-devices");
    assert!("dates=D/M/Y".parse::<ExportOption>().unwrap_err().contains("ID:KEY=VALUE"));
}

#[test]
fn what_cannot_be_read_is_told_of_all_files_at_once() {
    let devices = "Organization,Display Name,Device Role,Last Contact\nAlder,a-1,Windows Server,soon\n";
    let lines = "client_id,product_code,quantity,line_id\nA,SRV,two,1\nA,,1,2\n";
    let exports = Exports::new().with("devices.csv", devices).with("lines.csv", lines);
    let wrong = exports.wrong();
    for part in ["devices.csv: ", "`soon`", "lines.csv: ", "`two`", "`product_code`"] {
        assert!(wrong.contains(part), "{part}: {wrong}");
    }
    assert!(!exports.folder.path().join("out").exists());
}

/// The lines of a PSA, with one of each finding that agreements give by themselves.
const TEN_FINDINGS: &str = "\
line_id,client_id,client_name,agreement_id,agreement,agreement_type,agreement_from,agreement_to,prorates,product_code,quantity,unit_price,unit_cost,currency,effective_from,effective_to
L1,1,Alder Dental,A1,Care,,2025-01-01,2026-12-10,,MNG,10,20,,GBP,,
L2,2,Birch Legal,B25,Managed 2025,,2025-01-01,,,MNG,10,20,,GBP,,
L3,2,Birch Legal,B26,Managed 2026,,2026-01-01,,,MNG,12,20,,GBP,,
L4,3,Cedar Foods,C1,Care,,,,,MNG,5,20,,GBP,,
L5,3,Cedar Foods,C1,Care,,,,,SUPPORT,-1,25,,GBP,,
L6,4,Dogwood Law,D1,Care,,2025-01-01,,no,MNG,4,20,,GBP,,
L7,4,Dogwood Law,D1,Care,,2025-01-01,,no,BKP,2,15,,GBP,2026-11-10,
L8,5,Elm Motors,E1,Care,,,,,MNG,6,20,,GBP,,
L9,5,Elm Motors,E1,Care,,,,,MAIL,3,5,6,GBP,,
L10,6,Fir Optics,F1,Care,,,,,MNG,7,9,,GBP,,
L11,7,Gorse Farm,G1,Care,,,,,SEC,1,8,,GBP,,
L12,8,Hazel Books,H1,Care,,,,,FAX,2,0,,GBP,,
L13,9,Ivy House,I1,Care,,2025-01-01,,,MNG,3,20,,GBP,,
L14,9,Ivy House,I1,Care,,2025-01-01,,,VOIP,4,12,,GBP,,2026-09-30
L15,10,Juniper Bar,J1,Care,Managed,,,,MNG,3,20,,GBP,,
";

const FLAT_RULES: &str = "\
currency = \"GBP\"
[services]
SEC = { flat = true, price_from = { 2026-11-01 = 9.50 }, expected_at = [\"Managed\"] }
";

#[test]
fn the_lines_of_a_psa_alone_are_reviewed_by_themselves() {
    let mut exports = Exports::new().with("lines 2026-11-26.csv", TEN_FINDINGS);
    let kinds = |outcome: &ExportsOutcome| {
        let mut kinds: Vec<&str> = outcome.findings.iter().map(|found| found.finding.code()).collect();
        kinds.sort_unstable();
        kinds.join(" ")
    };
    let alone = exports.run();
    assert!(!alone.is_compared && alone.exceptions.is_empty() && alone.found.is_complete);
    let without_rules = "agreement_not_renewed agreement_superseded billed_at_zero change_not_prorated \
                         credit_without_end line_not_continued price_below_cost unusual_price";
    assert_eq!(kinds(&alone), without_rules);
    let largest = &alone.findings[0];
    assert_eq!((largest.finding.code(), largest.client_name.as_str()), ("agreement_not_renewed", "Alder Dental"));
    let monthly = largest.monthly.unwrap();
    assert_eq!((monthly.currency.as_str(), monthly.amount.to_string().as_str()), ("GBP", "200"));
    let written = alone.found.written.as_ref().unwrap();
    assert_eq!(written.exceptions_file, None);
    let sheet = fs::read_to_string(written.findings_file.as_ref().unwrap()).unwrap();
    assert_eq!(sheet.lines().count(), 9, "{sheet}");
    assert!(written.setup_file.is_file() && !exports.folder.path().join("out/exceptions.csv").exists());

    let rules = exports.folder.path().join("rules.toml");
    fs::write(&rules, FLAT_RULES).unwrap();
    exports.args.rules = Some(rules);
    let mut all: Vec<&str> =
        without_rules.split_whitespace().chain(["expected_service_missing", "increase_not_applied"]).collect();
    all.sort_unstable();
    assert_eq!(kinds(&exports.run()), all.join(" "));

    exports.args.rules = None;
    exports.args.mappings = Some(exports.folder.path().join("none.csv"));
    assert!(exports.wrong().contains("no account to map"), "{}", exports.wrong());
}

#[test]
fn what_agreements_say_by_themselves_stands_beside_what_was_compared() {
    let devices = "Organization,Display Name,Device Role,Last Contact\nAlder Dental,a-1,Windows Server,2026-11-25\n";
    let mut exports = Exports::new().with("lines 2026-11-26.csv", TEN_FINDINGS).with("devices 2026-11-26.csv", devices);
    let rules = exports.folder.path().join("rules.toml");
    fs::write(&rules, "[services]\nMNG = { count = \"ninjaone-devices.server\" }\n").unwrap();
    exports.args.rules = Some(rules);
    let both = exports.run();
    assert!(both.is_compared && !both.exceptions.is_empty());
    assert_eq!(both.findings.len(), 8, "{:?}", both.findings);
    assert!(both.found.written.unwrap().findings_file.unwrap().is_file());
}

#[test]
fn what_is_used_is_checked_against_the_lines_of_one_psa() {
    let (lines, devices) = (windows_1252(LINES), utf16(DEVICES));
    let wrong = Exports::new().with("devices.txt", &devices).wrong();
    assert_eq!(wrong, "no file has billed lines: add the export of the PSA's agreements");
    let mut two = Exports::usual().with("more 2026-06-30.csv", &lines);
    two.args.files[2].id = Some("other".parse().unwrap());
    assert!(two.wrong().starts_with("`connectwise-additions` and `other` all have billed lines"), "{}", two.wrong());
    let twice = Exports::usual().with("more 2026-06-30.csv", &lines).wrong();
    assert!(twice.contains("both have rows of `Harbour Dental`"), "{twice}");
    let days = Exports::usual().with("devices 2026-06-29.txt", &devices).wrong();
    assert!(days.contains("devices 2026-06-29.txt of 2026-06-29: the files of one source are of one day"), "{days}");
    let mut later = Exports::usual();
    later.args.as_of = Some("2026-06-29".parse().unwrap());
    assert!(later.wrong().contains("`--as-of 2026-06-30`"), "{}", later.wrong());
}

#[test]
fn an_account_that_nobody_decided_makes_counts_wider_until_the_mappings_say_whose_it_is() {
    let devices = DEVICES.replace("Mill & Söhne\tms-1", "Mill & Söhne GmbH\tms-1");
    let mut exports = Exports::new()
        .with("devices 2026-06-30.txt", utf16(&devices))
        .with("lines 2026-06-30.csv", windows_1252(LINES));
    let outcome = exports.run();
    let open = |row: &&String| row.starts_with("not_reconciled") || row.starts_with("unmapped_account");
    assert_eq!(shown(&outcome).iter().filter(open).count(), 2, "{:?}", shown(&outcome));
    assert_eq!((outcome.accounts[0].by_name, outcome.accounts[0].undecided), (2, 1));
    assert_eq!(outcome.found.exit_code(), 2);
    let mappings = "source,account_id,client_id\nninjaone-devices,Mill & Söhne GmbH,Mill & Söhne\n";
    let path = exports.folder.path().join("map.csv");
    fs::write(&path, mappings).unwrap();
    exports.args.mappings = Some(path);
    let outcome = exports.run();
    assert_eq!(shown(&outcome), ["overbilled Harbour Dental MNG-SRV 2/3", "uncounted_line Mill & Söhne FAX /1"]);
    assert_eq!((outcome.accounts[0].by_file, outcome.accounts[0].by_name), (1, 2));
}

#[test]
fn a_client_without_an_account_in_an_export_is_not_counted_as_zero() {
    let lines =
        format!("{LINES}Quay Foods;Managed IT;Active;MNG-SRV;Managed server;4,00;0;95,00;Billable;13.01.2025;\n");
    let exports = Exports::new()
        .with("devices 2026-06-30.txt", utf16(DEVICES))
        .with("lines 2026-06-30.csv", windows_1252(&lines));
    let outcome = exports.run();
    assert!(shown(&outcome).contains(&"not_reconciled Quay Foods MNG-SRV /4".to_owned()), "{:?}", shown(&outcome));
    let mut whole = exports;
    whole.args.options.push("ninjaone-devices:lists=everything".parse().unwrap());
    let found = shown(&whole.run());
    assert!(found.contains(&"billed_without_usage Quay Foods MNG-SRV 0/4".to_owned()), "{found:?}");
}

#[test]
fn rules_of_the_rules_language_say_what_is_compared() {
    let mut exports = Exports::usual();
    exports.args.files[0].id = Some("rmm".parse().unwrap());
    let path = exports.folder.path().join("rules.toml");
    fs::write(
        &path,
        "currency = \"EUR\"\n[services]\nMNG-SRV = { count = \"rmm.server\", seen_within_days = 365 }\n\
        FAX = { flat = true }\nMNG-WKS = { ignore = \"later\" }\n[clients.Nobody]\nMNG-SRV = { included = 1 }\n",
    )
    .unwrap();
    exports.args.rules = Some(path.clone());
    let outcome = exports.run();
    assert_eq!(shown(&outcome), [""; 0]);
    assert_eq!((outcome.found.exit_code(), outcome.paired.len(), outcome.rules), (0, 0, None));
    let setup = fs::read_to_string(exports.folder.path().join("out/setup.csv")).unwrap();
    assert!(setup.contains("rules_without_client"), "{setup}");
    fs::write(&path, "[services]\nMNG-SRV = { count = \"rm.server\" }\n").unwrap();
    assert!(exports.wrong().contains("rules.toml:2:"), "{}", exports.wrong());
}

#[test]
fn lists_that_are_named_as_our_fields_are_need_no_answers() {
    let lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n1,C1,Alder,SRV,3,9.50,GBP\n\
        1,C1,Alder,SRV,3,9.50,GBP\n";
    let usage = "source,account_id,account_name,item_id,kind,sku,status\nrmm,1,Alder,a,server,SRV,active\n\
        backup,1,Alder,b,image,,active\nrmm,1,Alder,c,server,SRV,active\n";
    let outcome = Exports::new().with("billed.csv", lines).with("usage.csv", usage).run();
    assert_eq!(shown(&outcome), ["overbilled Alder SRV 2/3"], "the same line twice is one");
    let sources: Vec<&str> = outcome.files.iter().map(|file| file.source.as_str()).collect();
    assert_eq!(sources, ["backup", "billed", "rmm"]);
    assert_eq!(outcome.files[1].receipt.sums(), (1, 0, 1));
    assert!(outcome.paired[0].by == PairedBy::EqualSku);
}

#[test]
fn rows_that_contradict_each_other_are_told_and_never_one_of_them_taken() {
    let lines = "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n1,C1,Alder,SRV,3,9.50,GBP\n\
        1,C1,Alder,SRV,4,9.50,GBP\n2,C2,Birch,SRV,1,9.50,GBP\n";
    let usage = "source,account_id,account_name,item_id,kind,sku,status\nrmm,1,Alder,a,server,SRV,active\n\
        rmm,2,Birch,b,server,SRV,active\nrmm,2,Birk,c,server,SRV,active\n";
    let exports = Exports::new().with("billed.csv", lines).with("usage.csv", usage);
    let outcome = exports.run();
    assert_eq!(outcome.found.exit_code(), 2);
    assert!(shown(&outcome).iter().all(|row| !row.starts_with("overbilled") && !row.starts_with("underbilled")));
    let setup = fs::read_to_string(exports.folder.path().join("out/setup.csv")).unwrap();
    assert!(setup.contains("rows_contradict,billed: C1,") && setup.contains("line 3"), "{setup}");
    assert!(setup.contains("account_with_several_names,rmm: 2,"), "{setup}");
    assert!(setup.contains("`Birch` and `Birk`"), "{setup}");
    let codes: Vec<&str> = outcome.setup.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["account_with_several_names", "rows_contradict"]);
    assert_eq!(outcome.found.setup_findings, 2);
}

/// Product code and name against kinds and products of the vendors: what is compared with what.
#[test]
fn a_product_is_compared_only_with_what_it_clearly_is() {
    for (products, items, expected) in [
        // the vendor's product, whatever capitals and punctuation
        ("BP|M365 Business Premium", "licence:m365 business-premium", "BP=x.licence of `m365 business-premium`"),
        ("SPB|", "licence:SPB", "SPB=x.licence of `SPB`"),
        ("BP|M365 Business Premium Plus", "licence:M365 Business Premium", ""),
        // what is in use, not what was bought beside it
        ("SPB|", "licence:SPB subscription:SPB", "SPB=x.licence of `SPB`"),
        ("SPB|", "subscription:SPB", "SPB=x.subscription of `SPB`"),
        ("SPB|", "licence:SPB seat:SPB", "?SPB"),
        // a kind, and words that mean one kind alone
        ("Server|", "server:", "Server=x.server"),
        ("MNG-SRV|Managed server", "server:", "MNG-SRV=x.server"),
        ("MNG-SRV|", "server:", "MNG-SRV=x.server"),
        ("A1|Workstation support per month", "workstation: server:", "A1=x.workstation"),
        ("MNG-SRV|Managed server backup", "server:", ""),
        ("MNG-SRV|Managed workstation", "server: workstation:", ""),
        ("A1|Managed servers and workstations", "server: workstation:", ""),
        ("A1|Windows Server 2022", "server:", ""),
        ("SRV|", "server:", ""),
        ("MNG-SRV|Managed device", "server:", ""),
        // two products that would both be billed for the same
        ("MNG-SRV|Managed server;RMM-SRV|RMM server", "server:", "?MNG-SRV ?RMM-SRV"),
        ("MNG-SRV|Managed server;HV|Hyper-V", "server:Hyper-V", "?HV ?MNG-SRV"),
        (
            "SPB|;BP|M365 Business Premium",
            "licence:SPB licence:M365 Business Premium",
            "BP=x.licence of `M365 Business Premium` SPB=x.licence of `SPB`",
        ),
    ] {
        assert_eq!(paired(products, items), expected, "{products} against {items}");
    }
}

/// What comes of products `CODE|name;…` and items `kind:sku kind:sku …`, where a word without a colon goes on.
fn paired(products: &str, items: &str) -> String {
    let mut lines = "line_id,client_id,product_code,product_name,quantity\n".to_owned();
    for (at, product) in products.split(';').enumerate() {
        let (code, name) = product.split_once('|').unwrap();
        lines.push_str(&format!("{at},A,{code},{name},1\n"));
    }
    let mut things: Vec<String> = Vec::new();
    for word in items.split(' ') {
        match (word.contains(':'), things.last_mut()) {
            (false, Some(last)) => last.push_str(&format!(" {word}")),
            _ => things.push(word.to_owned()),
        }
    }
    let mut usage = "account_id,item_id,kind,sku\n".to_owned();
    for (at, thing) in things.iter().enumerate() {
        let (kind, sku) = thing.split_once(':').unwrap();
        usage.push_str(&format!("A,{at},{kind},{sku}\n"));
    }
    let mut exports = Exports::new().with("psa.csv", lines).with("x.csv", usage);
    exports.args.options.push("x:as_of=2026-06-30".parse().unwrap());
    let (paired, unpaired) = match check_exports(&exports.args) {
        Ok(outcome) => (outcome.paired, outcome.unpaired.iter().map(|one| one.product.to_string()).collect()),
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("so nothing can be compared"), "{text}");
            let is_open = text.starts_with("each product could mean several");
            let codes = products.split(';').map(|product| product.split_once('|').unwrap().0.to_owned());
            let mut codes: Vec<String> = codes.filter(|_| is_open).collect();
            codes.sort();
            (Vec::new(), codes)
        }
    };
    let paired = paired.iter().map(|one| format!("{}={}", one.product, one.counted));
    paired.chain(unpaired.iter().map(|code| format!("?{code}"))).collect::<Vec<_>>().join(" ")
}
