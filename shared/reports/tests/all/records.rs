//! The sheets of outcomes, read back: every small world of `tests/fixtures/cases` that does not wait.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::LazyLock,
};

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_check::World;
use truecount_reconciliation::{
    ClientRecord, InvoicedWhen, LineRecord, OutcomeLine, PortfolioRecord, RevenueCoverage, RowKind, RowRecord,
    RunTotals,
};
use truecount_reports::{
    Exceptions, LinesSheet, Oversight, RunHeader, RunReport, RunReportBuilder, TextTarget, is_exception, older_syncs,
    revenue_compared, wrapped, write_exceptions,
};

mod workbook;

/// A case with what comes out of it.
#[derive(Clone)]
struct Recorded {
    name: String,
    clients: Vec<ClientRecord>,
    portfolio: PortfolioRecord,
}

/// Every small world that can be compared; compared once for all tests.
static RECORDED: LazyLock<Vec<Recorded>> = LazyLock::new(compared);

fn recorded() -> Vec<Recorded> {
    RECORDED.clone()
}

fn compared() -> Vec<Recorded> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases");
    let entries = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    let worlds = folders.iter().map(|folder| World::read_folder(folder).unwrap());
    // What the rules language cannot say yet cannot be compared.
    let cases = worlds.filter(|world| world.waits_for.is_none()).map(|world| {
        let (clients, portfolio) = world.records().unwrap();
        Recorded { name: world.name, clients, portfolio }
    });
    let cases: Vec<Recorded> = cases.collect();
    assert!(cases.len() > 150, "{} cases", cases.len());
    cases
}

fn case(name: &str) -> Recorded {
    RECORDED.iter().find(|case| case.name == name).unwrap().clone()
}

fn header() -> RunHeader {
    RunHeader {
        run_id: "2026-11-closing-1".into(),
        month: "2026-11".parse().unwrap(),
        closing: Some(1),
        count_day: "2026-11-26".parse().unwrap(),
        created_at: jiff::Timestamp::UNIX_EPOCH,
        inputs: Vec::new(),
        archive_place: String::new(),
        replaces: None,
        missed: Vec::new(),
        oversight: Oversight::default(),
        is_incomplete: false,
    }
}

impl Recorded {
    fn lines(&self) -> Cells {
        let (header, mut out) = (header(), Vec::new());
        let mut sheet = LinesSheet::begin(&header, self.portfolio.home_currency, &mut out).unwrap();
        for client in &self.clients {
            sheet.client(client).unwrap();
        }
        sheet.finish(&self.portfolio).unwrap();
        Cells::read(&out)
    }

    fn exceptions(&self) -> Cells {
        let mut exceptions = Exceptions::new(self.portfolio.home_currency);
        for client in &self.clients {
            exceptions.client(client);
        }
        let mut out = Vec::new();
        write_exceptions(&header(), &exceptions.finish(&self.portfolio), &mut out).unwrap();
        Cells::read(&out)
    }

    /// What its report has beside the lines.
    fn report<'h>(&self, header: &'h RunHeader) -> RunReport<'h> {
        let mut builder = RunReportBuilder::begin(header, std::io::sink());
        builder.line(OutcomeLine::Portfolio(Box::new(self.portfolio.clone()))).unwrap();
        for client in &self.clients {
            builder.line(OutcomeLine::Client(Box::new(client.clone()))).unwrap();
        }
        builder.finish().unwrap()
    }

    /// The rows in the order of `lines.csv`.
    fn rows(&self) -> Vec<&RowRecord> {
        let of_clients = self.clients.iter().flat_map(|client| &client.rows);
        let moved = self.portfolio.moved.iter().flat_map(|moved| &moved.services);
        of_clients.chain(moved.flat_map(|(used, billed)| [used, billed])).collect()
    }
}

/// A sheet as a program reads it.
struct Cells {
    names: Vec<String>,
    rows: Vec<BTreeMap<String, String>>,
}

impl Cells {
    fn read(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap().strip_prefix('\u{FEFF}').unwrap();
        let mut csv = csv::Reader::from_reader(text.as_bytes());
        let names: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
        let of = |record: csv::StringRecord| names.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
        let rows = csv.records().map(|record| of(record.unwrap())).collect();
        Self { names, rows }
    }
}

fn number(row: &BTreeMap<String, String>, column: &str) -> Option<Decimal> {
    Some(row[column].as_str()).filter(|cell| !cell.is_empty()).map(|cell| Decimal::from_str_exact(cell).unwrap())
}

#[test]
fn columns_have_their_final_names_in_their_final_order() {
    let case = case("at-stake-once");
    assert_eq!(
        case.lines().names.join(", "),
        "client, agreement, product, service, result, counted, at_least, at_most, billed, should_bill, variance, \
         to_correct, left_alone, direction, unit_price, monthly_impact, currency, value_basis, confidence, doubts, \
         items, came, went, number, state, since, months_open, lost_so_far, counted_on, service_period, next_invoice_date, reason, source, counted_gross, explained, \
         client_id, agreement_id, line_ids, product_code, run_id, month"
    );
    assert_eq!(
        case.exceptions().names.join(", "),
        "number, client, agreement, product, kind, counted, billed, should_bill, variance, unit_price, \
         monthly_impact, currency, value_basis, next_step, owner, account_manager, approval_needed, items_in, items_out, came, went, state, since, began, months_open, \
         lost_so_far, confidence, doubts, \
         reason, next_invoice_date, effective_date, counted_on, source, account, decision, standing, decided, action, quantity, whom, until, note, ticket, \
         if_confirmed, \
         exception_id, client_id, agreement_id, line_ids, product_code, account_id, part_of, run_id, month"
    );
}

/// The `reason units` parts of a cell.
fn parts(cell: &str) -> Vec<(String, Decimal)> {
    let parts = cell.split("; ").filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (reason, units) = part.rsplit_once(' ').unwrap();
            (reason.to_owned(), Decimal::from_str_exact(units).unwrap())
        })
        .collect()
}

#[test]
fn the_figures_of_every_line_add_up() {
    let (mut ledgers, mut variances, mut corrections) = (0, 0, 0);
    for case in recorded() {
        let sheet = case.lines();
        assert_eq!(sheet.rows.len(), case.rows().len(), "{}: no row is lost", case.name);
        for row in &sheet.rows {
            let at = format!("{}: {row:?}", case.name);
            if let (Some(gross), Some(should_bill)) = (number(row, "counted_gross"), number(row, "should_bill")) {
                let explained: Decimal = parts(&row["explained"]).iter().map(|(_, units)| *units).sum();
                assert_eq!(gross + explained, should_bill, "{at}");
                ledgers += 1;
            }
            let Some(variance) = number(row, "variance") else { continue };
            assert_eq!(number(row, "should_bill").unwrap() - number(row, "billed").unwrap(), variance, "{at}");
            variances += 1;
            if let (Some(to_correct), Some(left_alone)) = (number(row, "to_correct"), number(row, "left_alone")) {
                assert_eq!(to_correct + left_alone, variance, "{at}");
                corrections += 1;
            }
            let direction = match variance.cmp(&Decimal::ZERO) {
                std::cmp::Ordering::Greater => "under",
                std::cmp::Ordering::Less => "over",
                std::cmp::Ordering::Equal => "none",
            };
            assert_eq!(row["direction"], direction, "{at}");
        }
    }
    assert!(ledgers > 200 && variances > 200 && corrections > 200, "{ledgers} {variances} {corrections}");
}

#[test]
fn changes_of_lines_make_the_impact_and_the_totals() {
    let mut changed = 0;
    for case in recorded() {
        let mut sums: BTreeMap<(Currency, bool), Decimal> = BTreeMap::new();
        for (row, cells) in case.rows().iter().zip(&case.lines().rows) {
            // What ends, and what no rule counts, has a value and changes no bill.
            let Some(impact) = number(cells, "monthly_impact").filter(|_| row.kind.changes_a_bill()) else { continue };
            let of_changes: Option<Decimal> = row.changes.iter().map(|change| change.monthly_impact).sum();
            assert_eq!(of_changes, Some(impact), "{}: {cells:?}", case.name);
            for change in &row.changes {
                let written = format!("{} → {}", change.from.normalize(), change.to.normalize());
                assert!(cells["line_ids"].contains(&written), "{}: {cells:?}", case.name);
            }
            *sums.entry((row.currency.unwrap(), impact.is_sign_positive())).or_default() += impact.abs();
            changed += 1;
        }
        for (currency, totals) in &case.portfolio.totals {
            let sum = |is_more| sums.get(&(*currency, is_more)).copied().unwrap_or_default();
            assert_eq!(
                totals.add + totals.later_add + totals.estimated_add + totals.estimated_later_add,
                sum(true),
                "{}",
                case.name
            );
            assert_eq!(
                totals.reduce + totals.later_reduce + totals.estimated_reduce + totals.estimated_later_reduce,
                sum(false),
                "{}",
                case.name
            );
        }
    }
    assert!(changed > 80, "{changed}");
}

#[test]
fn confidence_follows_from_the_doubts() {
    let mut seen = BTreeSet::new();
    for case in recorded() {
        for (row, cells) in case.rows().iter().zip(&case.lines().rows) {
            let codes: Vec<_> = row.doubts.iter().map(|doubt| doubt.code().replace('_', " ")).collect();
            assert!(codes.iter().all(|code| cells["doubts"].split("; ").any(|word| word == code)), "{cells:?}");
            // Of the value, or of a day or two between two that agree.
            let small = [
                "gap filled",
                "list price",
                "price of ended line",
                "catalogue price",
                "usual price",
                "several prices",
                "product superseded",
            ];
            let is_small = |code: &String| small.contains(&code.as_str());
            let expected = match (row.kind, codes.iter().all(is_small), codes.is_empty()) {
                (
                    RowKind::NotReconciled
                    | RowKind::UncountedLine
                    | RowKind::Flat
                    | RowKind::Ignored
                    | RowKind::Internal,
                    ..,
                ) => "",
                (_, false, _) => "low",
                (_, true, false) => "medium",
                (_, true, true) => "high",
            };
            assert_eq!(cells["confidence"], expected, "{}: {cells:?}", case.name);
            seen.insert(expected);
        }
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[test]
fn every_exception_stands_once_with_its_step_and_its_owner() {
    for case in recorded() {
        let sheet = case.exceptions();
        let of_rows = case.clients.iter().flat_map(|client| &client.rows).filter(|row| is_exception(row.kind)).count();
        let beside = case.portfolio.moved.len() + case.portfolio.unmapped.len();
        // What one cause keeps from being reconciled at several clients stands once for all of them.
        let is_merged = sheet.rows.iter().any(|row| row["client"].ends_with(" clients"));
        assert!(is_merged || sheet.rows.len() >= of_rows + beside, "{}", case.name);
        let ids: BTreeSet<&str> = sheet.rows.iter().map(|row| row["exception_id"].as_str()).collect();
        assert_eq!(ids.len(), sheet.rows.len(), "{}: an id is there twice", case.name);
        for row in &sheet.rows {
            assert_eq!((row["number"].as_str(), row["state"].as_str()), ("", ""), "no closing has found it");
            for column in ["kind", "next_step", "owner", "reason", "exception_id"] {
                assert!(!row[column].is_empty(), "{}: {column} of {row:?}", case.name);
            }
            let subject = [&row["client"], &row["client_id"], &row["account_id"], &row["source"]];
            assert!(subject.iter().any(|cell| !cell.is_empty()), "{}: {row:?}", case.name);
        }
    }
}

#[test]
fn exceptions_are_in_order_of_value_whatever_the_order_of_the_clients() {
    let impact = |row: &BTreeMap<String, String>| number(row, "monthly_impact").map(|impact| impact.abs());
    for mut case in recorded() {
        let sheet = case.exceptions();
        let home = case.portfolio.home_currency.to_string();
        // Those of one entry stand below it, in its place.
        let by_itself = sheet.rows.iter().filter(|row| row["part_of"].is_empty());
        let valued: Vec<_> = by_itself.filter(|row| impact(row).is_some()).collect();
        for pair in valued.windows(2) {
            let key = |row: &BTreeMap<String, String>| (row["currency"] != home, row["currency"].clone());
            let is_ordered = (key(pair[0]), impact(pair[1])) <= (key(pair[1]), impact(pair[0]));
            assert!(is_ordered, "{}: {pair:?}", case.name);
        }
        let ids = |sheet: &Cells| sheet.rows.iter().map(|row| row["exception_id"].clone()).collect::<Vec<_>>();
        case.clients.reverse();
        assert_eq!(ids(&case.exceptions()), ids(&sheet), "{}", case.name);
    }
}

#[test]
fn what_is_not_known_is_an_empty_cell_and_never_zero() {
    let unread = case("psa-client-not-read");
    let row = unread.lines().rows.into_iter().find(|row| row["result"] == "not_reconciled").unwrap();
    assert_eq!((row["billed"].as_str(), row["should_bill"].as_str()), ("", ""));
    let many = case("number-with-too-many-digits");
    let row = many.lines().rows.into_iter().find(|row| row["result"] == "not_reconciled").unwrap();
    assert_eq!((row["billed"].as_str(), row["at_least"].as_str(), row["at_most"].as_str()), ("", "", ""));
    let open = case("source-not-read");
    let row = &open.lines().rows[0];
    assert_eq!((row["at_least"].as_str(), row["at_most"].as_str(), row["billed"].as_str()), ("0", "", "10"));
}

#[test]
fn a_client_that_moved_is_one_entry_and_in_no_sum() {
    let case = case("client-bought-by-another");
    let lines = case.lines();
    let moved: Vec<_> = lines.rows.iter().filter(|row| row["result"] == "moved").collect();
    assert_eq!(moved.len(), 2, "{moved:?}");
    assert!(moved.iter().all(|row| row["monthly_impact"].is_empty() && row["reason"].contains("map the accounts")));
    let exceptions = case.exceptions();
    let entry: Vec<_> = exceptions.rows.iter().filter(|row| row["kind"] == "moved").collect();
    assert_eq!(entry.len(), 1);
    assert_eq!((entry[0]["next_step"].as_str(), entry[0]["monthly_impact"].as_str()), ("move_accounts", ""));
}

#[test]
fn the_first_five_items_are_named_and_the_others_counted() {
    let case = case("laptops-that-nobody-saw-for-months-counted-by-rule");
    let exceptions = case.exceptions();
    let row = exceptions.rows.iter().find(|row| row["product_code"] == "WKS-45").unwrap();
    assert_eq!(row["items_in"], "U; W-1; W-10; W-11; W-12; and 16 more");
    assert!(row["items_out"].starts_with("T-1 (not seen for over 45 days); "), "{row:?}");
    assert!(row["items_out"].ends_with("; and 3 more"), "{row:?}");
    let lines = case.lines();
    let row = lines.rows.iter().find(|row| row["service"] == "WKS-45").unwrap();
    assert_eq!((row["items"].as_str(), row["explained"].as_str()), ("21 in; 8 out", "stale -8"));
    assert_eq!(row["line_ids"], "L1 20 → 21");
}

#[test]
fn older_syncs_are_named_with_their_day_and_what_failed() {
    let lines = |name: &str| older_syncs(&case(name).portfolio, TextTarget::Terminal);
    assert_eq!(
        lines("days-since-seen-are-counted-from-the-sync"),
        ["rmm: counted on 24 November 2026, because its sync of 26 November 2026 failed"]
    );
    assert_eq!(
        lines("account-failed-with-a-fresh-reading"),
        [
            "rmm: 2 accounts were not read, an earlier count is used: Alder Dental (23 November 2026), Birch Engineering \
             (22 November 2026)"
        ]
    );
    assert_eq!(lines("source-not-read"), ["rmm: not read"]);
    assert_eq!(lines("at-stake-once"), [""; 0]);
    let too_old = lines("sync-is-too-old");
    assert!(
        too_old.iter().any(|line| line.contains("not used: its newest sync is of 22 November 2026")),
        "{too_old:?}"
    );
    let mail = older_syncs(
        &hostile("www.evil.example", &case("account-failed-with-a-fresh-reading")).portfolio,
        TextTarget::Mail,
    );
    assert!(mail.len() == 1 && !mail[0].contains("www.evil"), "{mail:?}");
}

/// Foreign text of a record.
const FOREIGN: [&str; 7] =
    ["client_name", "agreement_name", "product_name", "account_name", "name", "from_name", "to_name"];

/// A case in which every foreign text is another.
fn hostile(text: &str, case: &Recorded) -> Recorded {
    fn replace(value: &mut serde_json::Value, text: &str) {
        match value {
            serde_json::Value::Object(fields) => {
                for (key, value) in fields {
                    match value {
                        serde_json::Value::String(own) if FOREIGN.contains(&key.as_str()) => text.clone_into(own),
                        value => replace(value, text),
                    }
                }
            }
            serde_json::Value::Array(values) => values.iter_mut().for_each(|value| replace(value, text)),
            _ => {}
        }
    }
    let mut clients = serde_json::to_value(&case.clients).unwrap();
    let mut portfolio = serde_json::to_value(&case.portfolio).unwrap();
    replace(&mut clients, text);
    replace(&mut portfolio, text);
    Recorded {
        name: case.name.clone(),
        clients: serde_json::from_value(clients).unwrap(),
        portfolio: serde_json::from_value(portfolio).unwrap(),
    }
}

#[test]
fn foreign_text_is_shown_and_never_acts() {
    let numbers = [
        "number",
        "counted",
        "at_least",
        "at_most",
        "billed",
        "should_bill",
        "variance",
        "to_correct",
        "left_alone",
        "unit_price",
        "monthly_impact",
        "counted_gross",
    ];
    let attacks = [
        "=1+1",
        "+1",
        "-1+1",
        "@SUM(1)",
        "\t=1+1",
        " =1+1",
        "\u{202e}=1",
        "＝1+1",
        "a\r\n=1+1,x",
        "\",=1+1,\"",
        "\u{1b}[2J=1",
    ];
    let cases = [
        "one-off-of-an-earlier-year",
        "account-gone-from-an-owned-list",
        "client-bought-by-another",
        "list-shrank-since-yesterday",
    ];
    let mut seen = 0;
    for case in recorded().iter().filter(|case| cases.contains(&case.name.as_str())) {
        let plain = (case.lines().rows.len(), case.exceptions().rows.len());
        for attack in attacks {
            let hostile = hostile(attack, case);
            let (lines, exceptions) = (hostile.lines(), hostile.exceptions());
            assert_eq!((lines.rows.len(), exceptions.rows.len()), plain, "{attack:?} makes other rows");
            for (name, cell) in lines.rows.iter().chain(&exceptions.rows).flatten() {
                assert!(!cell.chars().any(|c| c.is_control() || c == '\u{202e}'), "{name}: {cell:?}");
                let first = cell.trim_start().chars().next();
                let acts = first.is_some_and(|first| "=+-@＝".contains(first));
                assert!(!acts || numbers.contains(&name.as_str()), "{attack:?} acts in {name}: {cell:?}");
                seen += usize::from(cell.starts_with('\''));
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

/// Sentences of cases that together have most of what a row can say.
#[test]
fn exceptions_as_people_read_them() {
    let names = [
        "account-failed-with-a-fresh-reading",
        "account-gone-from-an-owned-list",
        "active-and-cancelled-that-sum-to-zero",
        "at-stake-on-two-lines",
        "billing-cycle-not-known",
        "cancelled-contract-with-licences-still-bought",
        "client-bought-by-another",
        "less-included-line-by-line",
        "licence-that-took-the-place-of-another",
        "minimum-without-a-line",
        "no-account-of-its-own-beside-undecided-ones",
        "number-with-too-many-digits",
        "one-client-in-two-currencies",
        "one-off-for-the-part-of-a-year",
        "product-without-a-rule",
        "psa-lines-fell",
        "psa-not-read",
        "quantity-not-said",
        "renewal-typed-in-part",
        "service-wrong-at-many-clients",
        "source-not-read",
    ];
    let mut shown = String::new();
    for name in names {
        let case = case(name);
        shown.push_str(&format!("=== {name}\n"));
        for line in revenue_compared(&case.portfolio) {
            shown.push_str(&format!("{}\n", wrapped(&line, 80, 0)));
        }
        for row in case.exceptions().rows {
            let who = format!("{} {}", row["client"], row["account"]);
            shown.push_str(&format!("{}: {} {}\n", who.trim_end(), row["kind"], row["product_code"]));
            shown.push_str(&format!("    {}\n", wrapped(&row["reason"], 80, 4)));
            shown.push_str(&format!("    -> {} ({}) {}\n", row["next_step"], row["owner"], row["line_ids"]));
        }
        shown.push('\n');
    }
    assert!(shown.lines().filter(|line| !line.contains("->")).all(|line| line.chars().count() <= 80), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn the_changes_are_worth_what_the_totals_say() {
    let (header, mut changes) = (header(), 0);
    for case in recorded() {
        let report = case.report(&header);
        let mut sums: BTreeMap<(Currency, InvoicedWhen, bool), Decimal> = BTreeMap::new();
        for change in &report.changes {
            assert_ne!(change.from, change.to, "{}: {change:?}", case.name);
            // An exception in several currencies is in no total.
            if let (Some(currency), Some(impact), true) =
                (change.currency, change.monthly_impact, !change.value_basis.is_empty())
            {
                let is_estimated = change.value_basis == "estimated";
                *sums.entry((currency, change.invoiced, is_estimated)).or_default() += impact;
                changes += 1;
            }
        }
        for (currency, of) in &case.portfolio.totals {
            let RunTotals { add, reduce, later_add, later_reduce, .. } = of;
            for (when, is_estimated, net) in [
                (InvoicedWhen::ThisRun, false, add - reduce),
                (InvoicedWhen::Later, false, later_add - later_reduce),
                (InvoicedWhen::ThisRun, true, of.estimated_add - of.estimated_reduce),
                (InvoicedWhen::Later, true, of.estimated_later_add - of.estimated_later_reduce),
            ] {
                let sum = sums.remove(&(*currency, when, is_estimated)).unwrap_or_default();
                assert_eq!(sum, net, "{}: {currency} {when:?} {is_estimated}", case.name);
            }
        }
        assert!(sums.values().all(Decimal::is_zero), "{}: {sums:?}", case.name);
    }
    assert!(changes > 100, "{changes}");
}

#[test]
fn what_agreements_bill_adds_up_to_the_revenue_of_their_client() {
    let mut agreements = 0;
    for case in recorded() {
        for client in &case.clients {
            let mut sums: BTreeMap<Currency, [Decimal; 5]> = BTreeMap::new();
            let parts = |of: &RevenueCoverage| [of.compared, of.not_reconciled, of.flat, of.uncounted, of.ignored];
            for one in &client.agreements {
                let sums = sums.entry(one.currency).or_default();
                sums.iter_mut().zip(parts(&one.revenue)).for_each(|(sum, part)| *sum += part);
                agreements += 1;
            }
            let coverage = client.coverage.iter().map(|(currency, of)| (*currency, parts(of)));
            assert_eq!(sums, coverage.collect(), "{}: {}", case.name, client.client_id);
        }
    }
    assert!(agreements > 300, "{agreements}");
}

#[test]
fn a_change_tells_what_it_adds_to_a_whole_cycle_of_its_agreement() {
    let (header, mut cycles) = (header(), BTreeSet::new());
    for case in recorded() {
        let lines: Vec<_> = case.rows().into_iter().flat_map(|row| &row.lines).collect();
        for change in case.report(&header).changes {
            let is_of = |line: &&&LineRecord| {
                line.line_id.as_str() == change.line_id && line.agreement_id.as_str() == change.agreement_id
            };
            let Some(line) = lines.iter().find(is_of) else { continue };
            let cycle = line.cycle_months.map(|months| Decimal::from(months.max(1)));
            let expected = change.monthly_impact.zip(cycle).map(|(impact, months)| impact * months);
            assert_eq!(change.invoice_amount, expected, "{}: {}", case.name, change.line_id);
            cycles.extend(line.cycle_months.filter(|_| expected.is_some()));
        }
    }
    assert!(cycles.contains(&1) && cycles.contains(&12), "{cycles:?}");
}
