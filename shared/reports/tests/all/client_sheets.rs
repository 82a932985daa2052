//! A client's page and list: what a client reads, that prices stand in them only when asked for, and that nothing of another
//! client ever does.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use crate::invented;
use crate::tenants::{Dice, NOBODYS, OWN, RULES, SOURCES, random_world};

use truecount_check::World;
use truecount_reconciliation::{ClientRecord, OutcomeLine, PortfolioRecord};
use truecount_reports::{ClientSheetFile, ClientSheets, ReportError, SheetPrices};

/// One client with something of everything.
const ONE: &str = r#"
[[accounts]]
source = "rmm"
id = "A1"
name = "Harbour Dental"
client = "250"
items = [
  { id = "17", kind = "server", name = "HD-SRV-01", last_seen = 2026-06-29, first_seen = 2024-03-01 },
  { id = "18", kind = "server", name = "HD-SRV-02", last_seen = 2026-03-02 },
  { id = "21", kind = "workstation", name = "=HYPERLINK(\"http://x\")", last_seen = 2026-06-29 },
  { id = "22", kind = "workstation", name = "<script>alert(1)</script>", last_seen = 2026-06-29 },
  { id = "23", kind = "workstation", name = "FRONT\u202Etxt.exe", last_seen = 2026-06-29, state = "decommissioned" },
]
[[accounts]]
source = "graph"
id = "T1"
name = "Harbour Dental"
client = "250"
items = [
  { id = "ada/bp", kind = "licence", sku = "SPB", name = "Ada Lovelace" },
  { id = "grace/bp", kind = "licence", sku = "SPB", name = "Grace Hopper", state = "disabled" },
  { id = "kim/bp", kind = "licence", sku = "SPB", name = "Kim Novak", state = "unknown:zombie" },
  { id = "pool/bp", kind = "licence", sku = "SPB", name = "Reception", quantity = 3 },
]
[[clients]]
id = "250"
name = "Harbour & Dental"
[[clients.agreements]]
id = "A-7"
name = "Managed Services"
[[clients.agreements.lines]]
id = "L1"
product = "MNG-SRV"
name = "Managed server"
quantity = 1
price = "95.50"
from = 2025-01-01
[[clients.agreements.lines]]
id = "L2"
product = "M365-BP"
name = "Microsoft 365 Business Premium"
quantity = 6
price = 17
[[clients.agreements.lines]]
id = "L3"
product = "PHONE"
name = "Telephone"
quantity = 1
"#;

/// The sheets of a world, with the client of each.
fn sheets(case: &str, prices: SheetPrices) -> Vec<(ClientRecord, [ClientSheetFile; 2])> {
    let world = World::from_toml("a-world", &format!("{SOURCES}{case}"), RULES.to_owned())
        .unwrap_or_else(|fault| panic!("{fault:#?}\n{case}"));
    let (clients, portfolio) = world.records().unwrap();
    made(clients, portfolio, prices)
}

fn made(
    clients: Vec<ClientRecord>,
    portfolio: PortfolioRecord,
    prices: SheetPrices,
) -> Vec<(ClientRecord, [ClientSheetFile; 2])> {
    let header = invented::header();
    let mut sheets = ClientSheets::begin(&header, prices);
    assert_eq!(sheets.line(OutcomeLine::Portfolio(Box::new(portfolio))).unwrap(), None);
    let of_client = |client: ClientRecord| {
        let files = sheets.line(OutcomeLine::Client(Box::new(client.clone()))).unwrap()?;
        Some((client, files))
    };
    clients.into_iter().filter_map(of_client).collect()
}

fn text(file: &ClientSheetFile) -> &str {
    std::str::from_utf8(&file.bytes).unwrap()
}

#[test]
fn a_client_reads_what_it_has_and_what_is_billed_for_it() {
    let found = sheets(ONE, SheetPrices::Hidden);
    let [(_, [html, csv])] = &found[..] else { panic!("{}", found.len()) };
    assert_eq!(
        (html.name.as_str(), csv.name.as_str()),
        ("clients/harbour-dental_250.html", "clients/harbour-dental_250.csv")
    );
    insta::assert_snapshot!("client_html", text(html));
    insta::assert_snapshot!("client_csv", text(csv));
    for (file, priced) in [(html, "GBP"), (html, "95.50"), (csv, "95.50"), (csv, "unit_price")] {
        assert!(!text(file).contains(priced), "{priced}");
    }
}

#[test]
fn prices_stand_in_it_when_they_are_asked_for() {
    let found = sheets(ONE, SheetPrices::Shown);
    let [(_, [html, csv])] = &found[..] else { panic!("{}", found.len()) };
    assert!(
        text(html).contains("Billed: <b>GBP 197.50 a month, and 1 line whose price is not known</b>"),
        "{}",
        text(html)
    );
    assert!(text(html).contains("at GBP 95.50 each a month"));
    assert!(text(html).contains("price not known"));
    let header = text(csv).lines().next().unwrap();
    assert!(header.ends_with(",month,unit_price,cycle_months,amount,currency"), "{header}");
    assert!(text(csv).contains(",17.00,1,102.00,GBP"), "{}", text(csv));
}

#[test]
fn foreign_text_is_shown_and_does_nothing() {
    let found = sheets(ONE, SheetPrices::Hidden);
    let (html, csv) = (text(&found[0].1[0]), text(&found[0].1[1]));
    assert!(!html.contains("<script") && html.contains("&#60;script&#62;"), "{html}");
    assert!(html.contains("Harbour &#38; Dental") && html.contains("FRONT[U+202E]txt.exe"), "{html}");
    assert!(csv.contains("\"'=HYPERLINK(\"\"http://x\"\")\""), "{csv}");
    for asks in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!html.replace("=HYPERLINK(&#34;http://x&#34;)", "").contains(asks), "{asks}");
    }
}

#[test]
fn a_client_without_anything_has_no_sheet() {
    let nothing = "[[clients]]\nid = \"9\"\nname = \"Quiet Quay\"\n";
    assert_eq!(sheets(&format!("{ONE}{nothing}"), SheetPrices::Hidden).len(), 1);
}

#[test]
fn the_portfolio_comes_first() {
    let (header, client) = (invented::header(), sheets(ONE, SheetPrices::Hidden).remove(0).0);
    let refused = ClientSheets::begin(&header, SheetPrices::Hidden).line(OutcomeLine::Client(Box::new(client)));
    assert!(matches!(refused, Err(ReportError::Outcome { .. })), "{refused:?}");
}

/// How many random worlds are compared; `TRUECOUNT_WORLDS` asks for more.
const WORLDS: u64 = 300;

#[test]
fn nothing_of_another_client_is_in_a_sheet() {
    let (mut made, mut moved, mut undecided, mut elsewhere) = (0, 0, 0, 0);
    let worlds = std::env::var("TRUECOUNT_WORLDS").map_or(WORLDS, |number| number.parse().unwrap());
    for seed in 0..worlds {
        let case = random_world(&mut Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1));
        let world =
            World::from_toml("random", &case, RULES.to_owned()).unwrap_or_else(|fault| panic!("{fault:#?}\n{case}"));
        let (clients, portfolio) = world.records().unwrap();
        moved += portfolio.moved.len();
        undecided += portfolio.unmapped.len();
        let prices = if seed % 2 == 0 { SheetPrices::Hidden } else { SheetPrices::Shown };
        for (client, files) in self::made(clients, portfolio, prices) {
            let told = format!("{client:?}").to_lowercase();
            elsewhere += usize::from(OWN.iter().filter(|word| told.contains(*word)).count() > 1);
            let own = client.client_id.as_str();
            for file in files {
                let text = format!("{}\n{}", file.name, text(&file)).to_lowercase();
                assert!(text.contains(own), "{text}");
                for other in OWN.iter().filter(|word| **word != own).chain([&NOBODYS]) {
                    assert!(!text.contains(other), "seed {seed}: {other} in the sheet of {own}\n{text}\n{case}");
                }
            }
            made += 1;
        }
    }
    // What could leak was really there.
    let told = (made, moved, undecided, elsewhere);
    assert!(made > worlds && moved > 0 && undecided > 100 && elsewhere > 100, "{told:?}");
}
