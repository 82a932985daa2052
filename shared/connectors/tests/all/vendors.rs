//! Each source over fixtures of our own: what it asks, what it reads.

use std::{fs, path::PathBuf, sync::Arc};

use serde_json::json;
use truecount_billing::ItemState;
use truecount_connectors::{
    CrawlProgress, CrawlState, Http, HttpSetup, Page, PageError, PaperTime, Reader, Reading, SOURCE_KINDS, Snapshot,
    Source, connect, crawl, source_kind,
};

use crate::{
    list::{DAY, Kept, secret},
    server::{Asked, Reply, Vendor},
};

pub(crate) fn fixture(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(crate) fn connector(name: &str, options: &str) -> Source {
    connect(name, &options.parse().unwrap()).unwrap()
}

/// What a snapshot says, for people.
pub(crate) fn told(snapshot: &Snapshot) -> serde_json::Value {
    let notes: Vec<String> = snapshot.notes.iter().map(|(note, count)| format!("{count} × {note}")).collect();
    let said = json!({
        "read_state": snapshot.read_state,
        "notes": notes,
        "receipt": snapshot.receipt,
        "accounts": snapshot.accounts().collect::<Vec<_>>(),
    });
    serde_json::from_str(&without_ports(&said.to_string())).unwrap()
}

/// Links to the stand-in, whose port is another each time.
fn without_ports(text: &str) -> String {
    let mut parts = text.split("http://127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "http://vendor" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

pub(crate) fn read_all(source: &Source, pages: &[Page]) -> Snapshot {
    let snapshot = match read(source, pages).unwrap() {
        Reading::Whole(snapshot) => *snapshot,
        Reading::Moved(requests) => panic!("{requests:?}"),
    };
    assert_eq!(snapshot.receipt.unbalanced(), None);
    let declared: Vec<_> = source_kind(source.kind()).unwrap().vocabulary.left_out().collect();
    for item in snapshot.accounts().flat_map(|account| account.items).filter(|_| source.file().is_none()) {
        if let ItemState::LeftOut(reason) = item.state {
            assert!(declared.contains(&reason), "{} does not declare `{reason}`", source.kind());
        }
    }
    snapshot
}

pub(crate) fn read(source: &Source, pages: &[Page]) -> Result<Reading, PageError> {
    Reader::read(source, &CrawlState::default(), DAY, pages)
}

/// Crawls a whole source with the credentials it wants.
pub(crate) async fn whole(connector: &Source, fields: &[(&str, &str)]) -> (Vec<Page>, CrawlState) {
    let time = Arc::new(PaperTime::default());
    let setup = HttpSetup { secret: secret(fields), time: Arc::clone(&time) as _, ..HttpSetup::default() };
    let http = Http::new(connector, setup).unwrap();
    let (mut state, mut kept) = (CrawlState::default(), Kept::default());
    let progress = crawl(connector, &http, &mut state, &mut kept, &|| false).await.unwrap();
    assert_eq!(progress, CrawlProgress::Done);
    (kept.pages, state)
}

/// Reads a whole source as a sync does: lists that moved again.
async fn settled(source: &Source, fields: &[(&str, &str)]) -> (Snapshot, CrawlState) {
    let (mut pages, mut state) = whole(source, fields).await;
    loop {
        let requests = match Reader::read(source, &state, DAY, &pages).unwrap() {
            Reading::Whole(snapshot) => return (*snapshot, state),
            Reading::Moved(requests) => requests,
        };
        state.read_again(requests);
        let time = Arc::new(PaperTime::default());
        let setup = HttpSetup { secret: secret(fields), time: Arc::clone(&time) as _, ..HttpSetup::default() };
        let mut kept = Kept::default();
        crawl(source, &Http::new(source, setup).unwrap(), &mut state, &mut kept, &|| false).await.unwrap();
        pages.extend(kept.pages);
    }
}

pub(crate) const CLIENT: &[(&str, &str)] = &[("client_id", "id"), ("client_secret", "hunter2")];

/// Every request is one that the source declares, or one for a token at the endpoint of its settings.
pub(crate) fn check_declared(source: &Source, vendor: &Vendor) {
    let endpoint = source.endpoint().unwrap();
    let prefix = endpoint.base.path().trim_end_matches('/');
    let token = endpoint.auth.token.as_ref().map(|token| token.path.as_str());
    for asked in vendor.asked() {
        let path = asked.path();
        let below = path.strip_prefix(prefix).unwrap_or(path);
        let declared = source.requests().any(|(method, template)| method == asked.method && fits(template, below));
        let for_token = asked.method == "POST" && token.is_some_and(|template| fits(template, path));
        assert!(declared || for_token, "{} {} is not declared by {}", asked.method, asked.target, source.kind());
    }
}

/// Whether a path fits a template such as `/agreements/{id}/additions`.
pub(crate) fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let same = |(template, part): (&&str, &&str)| template.starts_with('{') && !part.is_empty() || template == part;
    template.len() == path.len() && template.iter().zip(&path).all(same)
}

#[test]
fn a_path_fits_its_template_only() {
    assert!(fits("/{root}/apis/3.0/agreements/{id}/additions", "/v1/apis/3.0/agreements/7/additions"));
    assert!(!fits("/agreements/{id}/additions", "/agreements//additions"));
    assert!(!fits("/agreements/{id}", "/agreements/7/additions"));
}

/// No declared field, and none of the planted secrets, is in what is archived.
pub(crate) fn check_cut(pages: &[Page], never: &[&str]) {
    let archived = serde_json::to_string(pages).unwrap();
    for word in never {
        assert!(!archived.contains(word), "`{word}` is in the archive");
    }
}

/// What the ConnectWise of the fixtures answers.
pub(crate) fn connectwise_answer(asked: &Asked) -> Reply {
    let path = asked.path();
    let Some(path) = path.strip_prefix("/v2025_1/apis/3.0/") else {
        return Reply::json(fixture("connectwise/companyinfo.json"));
    };
    match path {
        // One page, though the server does not say so: the next one is empty.
        _ if asked.target.ends_with("page=2") => Reply::json("[]"),
        "company/companies" => Reply::json(fixture("connectwise/companies.json")).with("link", "<x>; rel=\"first\""),
        "company/companies/count" => Reply::json(fixture("connectwise/companies-count.json")),
        "finance/billingCycles" => Reply::json(fixture("connectwise/billing-cycles.json")),
        "finance/agreementrecap" => Reply::json(fixture("connectwise/agreement-recap.json")),
        "finance/agreements" => Reply::json(fixture("connectwise/agreements.json")).with("link", ""),
        "finance/agreements/count" => Reply::json(fixture("connectwise/agreements-count.json")),
        "procurement/catalog" => Reply::json(fixture("connectwise/catalogue.json")),
        "finance/invoices" => Reply::json(fixture("connectwise/invoices.json")).with("link", ""),
        "finance/invoices/count" => Reply::json(fixture("connectwise/invoices-count.json")),
        path if path.starts_with("procurement/products") => invoice_products(asked, path.ends_with("/count")),
        path if path.starts_with("finance/agreements/76/") => Reply::status(403).saying(r#"{"code":"Forbidden"}"#),
        path => {
            let agreement = path.split('/').nth(2).unwrap();
            let additions = fixture(&format!("connectwise/additions-{agreement}.json"));
            match path.ends_with("/count") {
                true => Reply::json(format!(
                    r#"{{"count":{}}}"#,
                    additions.matches("\"quantity\"").count().max(usize::from(agreement == "75"))
                )),
                false => Reply::json(additions),
            }
        }
    }
}

/// The products on one invoice; nobody may see those on the last but one.
fn invoice_products(asked: &Asked, is_count: bool) -> Reply {
    let invoice = asked.target.split("invoice%2Fid%3D").nth(1).unwrap().split('&').next().unwrap();
    if invoice == "504" {
        return Reply::status(403).saying(r#"{"code":"Forbidden"}"#);
    }
    let products = fixture(&format!("connectwise/invoice-products-{invoice}.json"));
    match is_count {
        true => Reply::json(format!(r#"{{"count":{}}}"#, products.matches("catalogItem").count())),
        false => Reply::json(products),
    }
}

#[tokio::test]
async fn connectwise() {
    let vendor = Vendor::start(|asked, _| connectwise_answer(asked)).await;
    let options = format!(
        "base_url = \"{}\"\ncompany = \"lantern\"\nconcurrency = 1\ntiming_by_agreement_type = {{ \"Backup usage\" = \"arrears\" }}",
        vendor.base
    );
    let connector = connector("connectwise", &options);
    let fields = [("public_key", "pub"), ("private_key", "hunter2"), ("client_id", "6e3b")];
    let (pages, _) = whole(&connector, &fields).await;
    for asked in vendor.asked() {
        assert_eq!(asked.header("authorization"), "Basic bGFudGVybitwdWI6aHVudGVyMg==");
        assert_eq!(asked.header("clientid"), "6e3b");
        assert_eq!(asked.header("accept"), "application/vnd.connectwise.com+json; version=2025.1");
    }
    check_cut(&pages, &["0161", "lastUpdated", "hunter2"]);
    check_declared(&connector, &vendor);
    insta::assert_json_snapshot!("connectwise_asked", vendor.lines());
    insta::assert_json_snapshot!("connectwise_read", told(&read_all(&connector, &pages)));
}

/// What invoices did bill is a source of its own, whose lines never stand among those of the agreements.
#[tokio::test]
async fn connectwise_invoices() {
    let vendor = Vendor::start(|asked, _| connectwise_answer(asked)).await;
    let options = format!(
        "base_url = \"{}\"\ncompany = \"lantern\"\nconcurrency = 1\nside = \"invoiced\"\n\
         invoice_conditions = \"date >= [2026-06-01T00:00:00Z]\"",
        vendor.base
    );
    let connector = connector("connectwise", &options);
    let fields = [("public_key", "pub"), ("private_key", "hunter2"), ("client_id", "6e3b")];
    let (pages, _) = whole(&connector, &fields).await;
    check_cut(&pages, &["0161", "hunter2", "cheap for once"]);
    check_declared(&connector, &vendor);
    let asked = vendor.lines();
    assert!(!asked.iter().any(|line| line.contains("/finance/agreements")), "{asked:?}");
    insta::assert_json_snapshot!("connectwise_invoices_asked", asked);
    insta::assert_json_snapshot!("connectwise_invoices_read", told(&read_all(&connector, &pages)));
}

#[test]
fn connectwise_gives_one_side() {
    let options = |more: &str| format!("base_url = \"https://psa.example\"\ncompany = \"lantern\"\n{more}");
    let streams = |more: &str| -> Vec<&'static str> {
        connector("connectwise", &options(more)).requests_by_stream().map(|(name, ..)| name).collect()
    };
    assert!(!streams("").iter().any(|name| name.starts_with("invoice")), "invoices are off unless asked for");
    assert_eq!(streams(""), streams("side = \"agreed\""));
    assert!(!streams("side = \"invoiced\"").iter().any(|name| name.starts_with("a")), "no agreements or additions");
    for (more, named) in [
        ("side = \"used\"", "`side`"),
        ("side = \"billed\"", "billed"),
        ("invoice_conditions = \"date >= [2026-01-01T00:00:00Z]\"", "`invoice_conditions`"),
        ("side = \"invoiced\"\ntiming = \"arrears\"", "`timing`"),
        ("side = \"invoiced\"\ntiming_by_agreement_type = { A = \"arrears\" }", "`timing_by_agreement_type`"),
        ("side = \"invoiced\"\nagreement_conditions = \"id > 5\"", "`agreement_conditions`"),
    ] {
        let error = connect("connectwise", &options(more).parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains(named), "{more}: {error}");
    }
}

/// A server that does not know its helpful lists is still read, and long lists are read to their end.
#[tokio::test]
async fn connectwise_with_long_lists() {
    let vendor = Vendor::start(|asked, _| {
        let page =
            |size: usize| asked.target.contains(&format!("page={size}")) && asked.target.ends_with(&size.to_string());
        let path = asked.path().strip_prefix("/v4_6_release/apis/3.0/").unwrap();
        match path {
            "company/companies" if page(1) => {
                Reply::json(serde_json::to_string(&(1..=1000).map(|id| json!({"id": id})).collect::<Vec<_>>()).unwrap())
            }
            "company/companies" if page(2) => Reply::json(r#"[{"id":1001,"name":"last"}]"#),
            "finance/agreements" if page(1) => {
                Reply::json(r#"[{"id":5,"company":{"id":7},"billingCycle":{"id":1,"name":"Quarterly"}}]"#)
            }
            "finance/agreements/5/additions" if page(1) => Reply::json(additions(1..=1000)),
            "finance/agreements/5/additions" if page(2) => Reply::json(additions(1001..=2000)),
            "company/companies" | "finance/agreements" | "finance/agreements/5/additions" => Reply::json("[]"),
            _ => Reply::status(404),
        }
    })
    .await;
    let options = format!("base_url = \"{}\"\ncompany = \"lantern\"\ncodebase = \"v4_6_release\"", vendor.base);
    let connector = connector("connectwise", &options);
    let fields = [("public_key", "pub"), ("private_key", "hunter2"), ("client_id", "6e3b")];
    let (snapshot, state) = settled(&connector, &fields).await;
    assert_eq!(snapshot.read_state, truecount_billing::ReadState::Complete);
    assert_eq!((snapshot.account_count(), snapshot.line_count()), (1001, 2000));
    let first = snapshot.accounts().find(|one| !one.lines.is_empty()).unwrap();
    assert_eq!(first.lines[0].agreement.cycle_months, Some(3));
    // Companies, agreements, additions to an empty page each; three counts, cycles, catalogue and both paths of the recap
    // are refused. Without a count, companies and additions of more than one page are read twice.
    assert_eq!(state.requests, 3 + 2 + 3 + 3 + 2 + 2 + (3 + 3 + 2));
    let totals = snapshot.receipt.streams["additions"].totals;
    assert_eq!((totals.refused, totals.agreed), (1, 0), "said, not passed over");
}

fn additions(ids: std::ops::RangeInclusive<u32>) -> String {
    let row = |id| json!({"id": id, "product": {"identifier": "P"}, "quantity": 1, "billCustomer": "Billable"});
    serde_json::to_string(&ids.map(row).collect::<Vec<_>>()).unwrap()
}

/// What the NinjaOne of the fixtures answers.
pub(crate) fn ninjaone_answer(asked: &Asked) -> Reply {
    match asked.path() {
        "/ws/oauth/token" => Reply::json(r#"{"access_token":"t","expires_in":3600,"token_type":"Bearer"}"#),
        _ if asked.target.contains("after=") => Reply::json("[]"),
        "/v2/organizations" => Reply::json(fixture("ninjaone/organizations.json")),
        "/v2/devices-detailed" => Reply::json(fixture("ninjaone/devices.json")),
        _ => Reply::status(404),
    }
}

#[tokio::test]
async fn ninjaone() {
    let vendor = Vendor::start(|asked, _| ninjaone_answer(asked)).await;
    let connector = connector("ninjaone", &format!("base_url = \"{}\"", vendor.base));
    let (pages, _) = whole(&connector, CLIENT).await;
    assert_eq!(
        vendor.asked()[0].body,
        "client_id=id&client_secret=hunter2&grant_type=client_credentials&scope=monitoring"
    );
    check_cut(&pages, &["4711", "10.1.0.5", "192.0.2.7", "admin password", "kim\"", "law firm"]);
    check_declared(&connector, &vendor);
    insta::assert_json_snapshot!("ninjaone_asked", vendor.lines());
    insta::assert_json_snapshot!("ninjaone_read", told(&read_all(&connector, &pages)));
}

/// Also where the vendor gives fewer rows on a page than it is asked for.
#[tokio::test]
async fn ninjaone_with_long_lists() {
    for (rows_max, page_count) in [(1000, 3 + 4), (500, 4 + 6)] {
        check_long_lists(rows_max, page_count).await;
    }
}

async fn check_long_lists(rows_max: usize, page_count: u64) {
    let vendor = Vendor::start(move |asked, _| {
        let after: u32 = asked.target.split_once("after=").map_or(0, |(_, id)| id.parse().unwrap());
        let (step, most) = if asked.path() == "/v2/organizations" { (1, 1200) } else { (3, 6300) };
        let rows = (after / step + 1..).map(|n| n * step).take_while(|id| *id <= most).take(rows_max);
        match asked.path() {
            "/ws/oauth/token" => Reply::json(r#"{"access_token":"t"}"#),
            _ => Reply::json(serde_json::to_string(&rows.map(device).collect::<Vec<_>>()).unwrap()),
        }
    })
    .await;
    let connector = connector("ninjaone", &format!("base_url = \"{}\"", vendor.base));
    let (pages, state) = whole(&connector, CLIENT).await;
    let snapshot = read_all(&connector, &pages);
    assert_eq!((snapshot.account_count(), snapshot.item_count()), (1200, 2100));
    assert_eq!(state.pages, page_count);
}

fn device(id: u32) -> serde_json::Value {
    json!({"id": id, "organizationId": id % 1200 + 1, "nodeClass": "MAC", "approvalStatus": "APPROVED"})
}

/// What the Pax8 of the fixtures answers.
pub(crate) fn pax8_answer(asked: &Asked) -> Reply {
    let page = if asked.target.contains("page=1") { 1 } else { 0 };
    match asked.path() {
        "/v1/token" => Reply::json(r#"{"access_token":"t","expires_in":86400,"token_type":"Bearer"}"#),
        path => Reply::json(fixture(&format!("pax8/{}-{page}.json", path.trim_start_matches("/v1/")))),
    }
}

#[tokio::test]
async fn pax8() {
    let vendor = Vendor::start(|asked, _| pax8_answer(asked)).await;
    let connector = connector("pax8", &format!("base_url = \"{}/v1\"", vendor.base));
    let (pages, _) = whole(&connector, CLIENT).await;
    let token = &vendor.asked()[0];
    assert_eq!(token.header("content-type"), "application/json");
    assert_eq!(
        token.body,
        r#"{"audience":"https://api.pax8.com","client_id":"id","client_secret":"hunter2","grant_type":"client_credentials"}"#
    );
    check_cut(&pages, &["0161", "Sample Street", "provisioningDetails"]);
    check_declared(&connector, &vendor);
    insta::assert_json_snapshot!("pax8_asked", vendor.lines());
    let (snapshot, _) = settled(&connector, CLIENT).await;
    insta::assert_json_snapshot!("pax8_read", told(&snapshot));
    let short: Vec<Page> =
        pages.iter().filter(|page| page.request.target != "/companies?size=200&page=1").cloned().collect();
    let Reading::Moved(again) = read(&connector, &short).unwrap() else { panic!("a lost page is noticed") };
    assert_eq!(again.iter().map(|request| (&*request.stream, request.round)).collect::<Vec<_>>(), [("companies", 1)]);
}

#[test]
fn settings_that_cannot_be_used_are_refused_by_name() {
    let kinds: Vec<&str> = SOURCE_KINDS.iter().map(|kind| kind.name).collect();
    let unknown = format!("there is no connector `ninja`; there are: {}", kinds.join(", "));
    for (name, options, expected) in [
        ("ninja", "", unknown.as_str()),
        ("ninjaone", "", "connector `ninjaone`: missing field `base_url`"),
        (
            "ninjaone",
            "base_url = \"http://eu.ninjarmm.com\"",
            "connector `ninjaone`: `base_url` is `http` to `eu.ninjarmm.com`: only https is allowed (http only to this machine)",
        ),
        (
            "ninjaone",
            "base_url = \"https://eu.ninjarmm.com\"\nbase_ulr = \"x\"",
            "connector `ninjaone`: unknown field `base_ulr`, expected one of `base_url`, `token_url`, `oauth_scope`",
        ),
        (
            "ninjaone",
            "base_url = \"https://eu.ninjarmm.com\"\nconcurrency = 9",
            "connector `ninjaone`: `concurrency` must be a whole number from 1 to 4",
        ),
        (
            "connectwise",
            "base_url = \"https://psa.example/v4_6_release/apis/3.0\"\ncompany = \"a\"",
            "connector `connectwise`: `base_url` names only the host, without a path: https://psa.example",
        ),
        (
            "microsoft-graph",
            "base_url = \"https://graph.microsoft.com/v1.0\"",
            "connector `microsoft-graph`: `base_url` names only the host, without a path: https://graph.microsoft.com",
        ),
        ("microsoft-graph", "", "connector `microsoft-graph`: name either `tenants` or `partner_tenant`"),
        (
            "microsoft-graph",
            "partner_tenant = \"a/b\"",
            "connector `microsoft-graph`: `partner_tenant` is not a tenant id",
        ),
        (
            "connectwise",
            "base_url = \"https://psa.example\"\ncompany = \"a b\"",
            "connector `connectwise`: `company` is the id that you sign in with: letters, digits, `-`, `_` and `.`",
        ),
        (
            "file",
            "side = \"used\"\n[columns]\nquantitty = \"Q\"",
            "connector `file`: `columns.quantitty`: is not known; did you mean `quantity`?",
        ),
        (
            "file",
            "side = \"used\"\nas_of = \"2026-06-31\"",
            "connector `file`: `as_of`: `2026-06-31`: it is a day such as \"2026-06-30\", or \"name\", \"modified\" or \"column:\" with a heading",
        ),
    ] {
        let error = connect(name, &options.parse().unwrap()).expect_err(options);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn every_example_of_settings_is_one() {
    for declaration in SOURCE_KINDS {
        let text = format!("[[sources]]\nid = \"x\"\n{}", declaration.options);
        let table: toml::Table = text.parse().unwrap();
        let mut options = table["sources"][0].as_table().unwrap().clone();
        options.remove("id");
        let made = connect(declaration.name, &options).unwrap();
        assert_eq!(made.kind(), declaration.name);
        if let Some(endpoint) = made.endpoint() {
            let error = Http::new(&made, HttpSetup::default()).unwrap_err().to_string();
            let needed = format!("it needs: {}", declaration.secret.join(", "));
            assert!(error.ends_with(&needed), "{error}");
            assert!(endpoint.pace.concurrency >= 1);
        }
        check_free_options(declaration.name, declaration.options, &options);
    }
}

/// Each option that is left out of an example, switched on by itself.
fn check_free_options(name: &str, text: &str, options: &toml::Table) {
    for line in text.lines().filter_map(|line| line.strip_prefix("# ")) {
        let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains(' ')) else { continue };
        let mut more = options.clone();
        if key == "partner_tenant" {
            more.remove("tenants");
        }
        more.extend(line.parse::<toml::Table>().unwrap());
        connect(name, &more).map(|_| ()).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}
