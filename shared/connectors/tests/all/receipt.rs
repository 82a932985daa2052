//! No row is lost: what is used, looked up and left out adds up to the rows that were read, whatever the rows are; and a
//! source that forgets one fails.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use truecount_billing::LineRole;
use truecount_connectors::{
    Child, Context, CrawlProgress, CrawlState, Http, HttpSetup, Out, PaperTime, Reader, Reading, RowError, Snapshot,
    Source, Stream, connect, crawl,
};

use crate::{
    list::{DAY, Kept, Lists, secret},
    server::{Reply, Vendor},
};

/// Crawls and reads as a sync does: lists that moved again.
async fn settled(source: &Source) -> Snapshot {
    let fields: Vec<(&str, &str)> = ["user", "password", "client_id", "client_secret", "private_key", "public_key"]
        .map(|field| (field, "x"))
        .into();
    let (mut state, mut kept) = (CrawlState::default(), Kept::default());
    loop {
        let time = std::sync::Arc::new(PaperTime::default());
        let setup = HttpSetup { secret: secret(&fields), time, ..HttpSetup::default() };
        let http = Http::new(source, setup).unwrap();
        let progress = crawl(source, &http, &mut state, &mut kept, &|| false).await.unwrap();
        assert_eq!(progress, CrawlProgress::Done);
        match Reader::read(source, &state, DAY, &kept.pages).unwrap() {
            Reading::Whole(snapshot) => return *snapshot,
            Reading::Moved(requests) => state.read_again(requests),
        }
    }
}

/// A value that a vendor might put where another belongs.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..1_000_000).prop_map(Value::from),
        "[a-zA-Z0-9 :.-]{0,12}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({"id": 7})),
        Just(json!({"name": "x"})),
    ]
}

/// A row of a device, with some of its fields replaced or left out.
fn device() -> impl Strategy<Value = Value> {
    let fields = [
        "organizationId",
        "locationId",
        "nodeClass",
        "approvalStatus",
        "lastContact",
        "created",
        "systemName",
        "system",
        "macAddresses",
    ];
    let changes = proptest::collection::vec((0..fields.len(), proptest::option::of(odd())), 0..4);
    (changes, any::<bool>()).prop_map(move |(changes, is_server)| {
        let class = if is_server { "WINDOWS_SERVER" } else { "MAC" };
        let mut row = json!({
            "organizationId": 1, "nodeClass": class, "approvalStatus": "APPROVED", "lastContact": 1_782_800_000,
        });
        for (at, value) in changes {
            match value {
                Some(value) => row[fields[at]] = value,
                None => drop(row.as_object_mut().unwrap().remove(fields[at])),
            }
        }
        row
    })
}

/// A row of an addition, likewise.
fn addition() -> impl Strategy<Value = Value> {
    changed(
        &["product", "quantity", "lessIncluded", "unitPrice", "billCustomer", "effectiveDate", "cancelledDate"],
        json!({
            "product": {"id": 1, "identifier": "P"}, "quantity": 2, "billCustomer": "Billable",
            "effectiveDate": "2026-01-01T00:00:00Z",
        }),
    )
}

/// A row of an invoice, likewise.
fn invoice() -> impl Strategy<Value = Value> {
    changed(
        &["type", "company", "billToCompany", "agreement", "date", "agreementAmount", "currency", "invoiceNumber"],
        json!({
            "type": "Agreement", "company": {"id": 7, "name": "A"}, "agreement": {"id": 5, "name": "Managed"},
            "date": "2026-06-01T00:00:00Z", "agreementAmount": 12.5, "currency": {"currencyCode": "GBP"},
        }),
    )
}

/// A row of a product on an invoice, likewise.
fn invoiced_product() -> impl Strategy<Value = Value> {
    changed(
        &["catalogItem", "quantity", "quantityCancelled", "price", "cost", "billableOption", "customerDescription"],
        json!({"catalogItem": {"id": 1, "identifier": "P"}, "quantity": 2, "price": 3.5, "billableOption": "Billable"}),
    )
}

/// A row with some of its fields replaced or left out.
fn changed(fields: &'static [&'static str], row: Value) -> impl Strategy<Value = Value> {
    let changes = proptest::collection::vec((0..fields.len(), proptest::option::of(odd())), 0..3);
    changes.prop_map(move |changes| {
        let mut row = row.clone();
        for (at, value) in changes {
            match value {
                Some(value) => row[fields[at]] = value,
                None => drop(row.as_object_mut().unwrap().remove(fields[at])),
            }
        }
        row
    })
}

fn numbered(rows: Vec<Value>) -> Vec<Value> {
    let number = |(at, mut row): (usize, Value)| {
        row["id"] = (at + 1).into();
        row
    };
    rows.into_iter().enumerate().map(number).collect()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn devices_add_up(rows in proptest::collection::vec(device(), 0..25)) {
        let rows = numbered(rows);
        let (count, text) = (rows.len() as u64, serde_json::to_string(&rows).unwrap());
        let snapshot = block_on(async move {
            let vendor = Vendor::start(move |asked, _| match asked.path() {
                "/ws/oauth/token" => Reply::json(r#"{"access_token":"t"}"#),
                _ if asked.target.contains("after=") => Reply::json("[]"),
                "/v2/organizations" => Reply::json(r#"[{"id":1,"name":"A"}]"#),
                _ => Reply::json(text.clone()),
            })
            .await;
            settled(&connect("ninjaone", &format!("base_url = \"{}\"", vendor.base).parse().unwrap()).unwrap()).await
        });
        let receipt = &snapshot.receipt.streams["devices"];
        prop_assert_eq!(receipt.rows, count);
        prop_assert!(receipt.is_balanced(), "{receipt:?}");
        prop_assert_eq!(receipt.used, snapshot.item_count() as u64, "a row is used if it is an item");
        // What could not be read is not complete.
        let has_left_out = receipt.left_out.values().sum::<u64>() > 0;
        let is_whole = snapshot.read_state.is_complete()
            && snapshot.accounts_in_short().all(|(account, ..)| account.read_state.is_complete());
        prop_assert!(!(has_left_out && is_whole), "{receipt:?}");
    }

    #[test]
    fn additions_add_up(rows in proptest::collection::vec(addition(), 0..25)) {
        let rows = numbered(rows);
        let (count, text) = (rows.len() as u64, serde_json::to_string(&rows).unwrap());
        let snapshot = block_on(async move {
            let vendor = Vendor::start(move |asked, _| {
                let path = asked.path().strip_prefix("/v4/apis/3.0/").unwrap();
                match path {
                    _ if asked.target.ends_with("page=2") => Reply::json("[]"),
                    "company/companies" => Reply::json(r#"[{"id":7,"name":"A"}]"#),
                    "finance/agreements" => Reply::json(r#"[{"id":5,"company":{"id":7,"name":"A"}}]"#),
                    "finance/agreements/5/additions" => Reply::json(text.clone()),
                    "finance/agreements/5/additions/count" => Reply::json(format!(r#"{{"count":{count}}}"#)),
                    _ => Reply::status(404),
                }
            })
            .await;
            let options = format!("base_url = \"{}\"\ncompany = \"a\"\ncodebase = \"v4\"", vendor.base);
            settled(&connect("connectwise", &options.parse().unwrap()).unwrap()).await
        });
        let receipt = &snapshot.receipt.streams["additions"];
        prop_assert_eq!(receipt.rows, count);
        prop_assert!(receipt.is_balanced(), "{receipt:?}");
        prop_assert_eq!(receipt.used, snapshot.line_count() as u64);
        let has_left_out = receipt.left_out.values().sum::<u64>() > 0;
        prop_assert!(!(has_left_out && snapshot.accounts().all(|one| one.account.read_state.is_complete())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invoices_add_up(
        invoices in proptest::collection::vec(invoice(), 1..6),
        products in proptest::collection::vec(invoiced_product(), 0..6),
    ) {
        let (invoices, products) = (numbered(invoices), numbered(products));
        let (invoice_count, product_count) = (invoices.len() as u64, products.len() as u64);
        let (invoices, products) = (json!(invoices).to_string(), json!(products).to_string());
        let snapshot = block_on(async move {
            let vendor = Vendor::start(move |asked, _| {
                let path = asked.path().strip_prefix("/v4/apis/3.0/").unwrap();
                let is_first = asked.target.contains("id%3D1");
                match path {
                    _ if asked.target.ends_with("page=2") => Reply::json("[]"),
                    "company/companies" => Reply::json(r#"[{"id":7,"name":"A"}]"#),
                    "finance/invoices" => Reply::json(invoices.clone()),
                    "procurement/products" => Reply::json(if is_first { products.clone() } else { "[]".to_owned() }),
                    _ => Reply::status(404),
                }
            })
            .await;
            let options = format!("base_url = \"{}\"\ncompany = \"a\"\ncodebase = \"v4\"\nside = \"invoiced\"", vendor.base);
            settled(&connect("connectwise", &options.parse().unwrap()).unwrap()).await
        });
        prop_assert_eq!(snapshot.receipt.unbalanced(), None);
        let receipt = &snapshot.receipt.streams["invoices"];
        prop_assert_eq!(receipt.rows, invoice_count);
        let mut left_out = receipt.left_out.values().sum::<u64>();
        if let Some(products) = snapshot.receipt.streams.get("invoice_products") {
            prop_assert!(products.rows <= 2 * product_count, "{products:?}");
            left_out += products.left_out.get(&truecount_billing::RowReason::Unreadable).copied().unwrap_or_default();
        }
        let is_whole = snapshot.read_state.is_complete()
            && snapshot.accounts_in_short().all(|(account, ..)| account.read_state.is_complete());
        prop_assert!(!(left_out > 0 && is_whole), "{:?}", snapshot.receipt);
        for line in snapshot.accounts().flat_map(|account| account.lines) {
            prop_assert_ne!(line.role, LineRole::Recurring, "nothing on an invoice recurs by itself");
        }
    }
}

/// Forgets every row with an even number.
fn forgetful(row: Value, _: &Context<'_>, _: &(), out: &mut Out<'_>) -> Result<(), RowError> {
    let id = row["id"].as_u64().unwrap();
    if id % 2 == 1 {
        out.account(&truecount_billing::AccountId::new(id.to_string()).unwrap(), "A");
    }
    Ok(())
}

#[tokio::test]
async fn a_source_that_forgets_a_row_is_caught() {
    let vendor = Vendor::start(|_, _| Reply::json(r#"[{"id":1},{"id":2},{"id":3}]"#)).await;
    let endpoint = Lists::basic(&vendor.base).endpoint;
    let source = Source::api::<()>("forgetful", endpoint).stream(Stream::get("rows", "/rows").parse(forgetful)).build();
    let snapshot = settled(&source).await;
    let (stream, receipt) = snapshot.receipt.unbalanced().unwrap();
    assert_eq!((stream, receipt.rows, receipt.used), ("rows", 3, 2));
}

fn psa(agreements: &'static str, counts: (u32, u32)) -> impl Fn(&str, &str) -> Reply {
    move |path, target| match path {
        _ if target.ends_with("page=2") => Reply::json("[]"),
        "company/companies" => Reply::json(r#"[{"id":7,"name":"A"},{"id":8,"name":"B"}]"#),
        "company/companies/count" => Reply::json(format!(r#"{{"count":{}}}"#, counts.0)),
        "finance/agreements" => Reply::json(agreements),
        "finance/agreements/count" => Reply::json(format!(r#"{{"count":{}}}"#, counts.1)),
        "finance/billingCycles" | "finance/agreementrecap" | "procurement/catalog" => Reply::json("[]"),
        path if path.ends_with("/count") => Reply::json(r#"{"count":1}"#),
        path if path.ends_with("/additions") => {
            Reply::json(r#"[{"id":1,"product":{"identifier":"P"},"quantity":2,"billCustomer":"Billable"}]"#)
        }
        _ => Reply::status(404),
    }
}

const BOTH: &str = r#"[{"id":5,"company":{"id":7,"name":"A"}},{"id":6,"company":{"id":8,"name":"B"}}]"#;
const ONE: &str = r#"[{"id":5,"company":{"id":7,"name":"A"}}]"#;

async fn connectwise(answer: impl Fn(&str, &str, usize) -> Reply + Send + Sync + 'static) -> Snapshot {
    let vendor = Vendor::start(move |asked, before| {
        answer(asked.path().strip_prefix("/v4/apis/3.0/").unwrap(), &asked.target, before)
    })
    .await;
    let options = format!("base_url = \"{}\"\ncompany = \"a\"\ncodebase = \"v4\"\nconcurrency = 1", vendor.base);
    settled(&connect("connectwise", &options.parse().unwrap()).unwrap()).await
}

fn states(snapshot: &Snapshot) -> Vec<(String, String)> {
    let state = |one: truecount_connectors::AccountReading| {
        (one.account.id.to_string(), one.account.read_state.as_str().to_owned())
    };
    snapshot.accounts().map(state).collect()
}

/// A prospect is deleted between the list and its count: once, or again and again.
#[tokio::test]
async fn a_deleted_company_leaves_the_month_alone() {
    for settles in [true, false] {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let snapshot = connectwise(move |path, target, _| {
            let is_count = path == "company/companies/count";
            let times = if is_count { asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) } else { 0 };
            psa(BOTH, (if times == 0 || !settles { 3 } else { 2 }, 2))(path, target)
        })
        .await;
        assert_eq!(snapshot.read_state.as_str(), "complete", "settles: {settles}");
        assert!(states(&snapshot).iter().all(|(_, state)| state == "complete"));
        assert_eq!(snapshot.notes.len(), usize::from(!settles), "said, where it does not settle");
        assert_eq!(snapshot.receipt.streams["companies"].totals.differed, u64::from(!settles));
    }
}

/// An agreement is deleted between the list and the question for its additions: its list is read again without it.
#[tokio::test]
async fn a_deleted_agreement_leaves_its_client_complete() {
    let lists = std::sync::atomic::AtomicUsize::new(0);
    let snapshot = connectwise(move |path, target, _| {
        if path.starts_with("finance/agreements/6/") {
            return Reply::status(404);
        }
        let is_list = path == "finance/agreements" && target.ends_with("page=1");
        let first = if is_list { lists.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 } else { false };
        psa(
            if first { BOTH } else { ONE },
            (2, if lists.load(std::sync::atomic::Ordering::SeqCst) < 2 { 2 } else { 1 }),
        )(path, target)
    })
    .await;
    assert_eq!(snapshot.read_state.as_str(), "complete");
    assert_eq!(states(&snapshot), [("7".into(), "complete".into()), ("8".into(), "complete".into())]);
    assert_eq!(snapshot.line_count(), 1);
    assert_eq!(snapshot.receipt.streams["agreements"].lists_read_again, 1);
    assert_eq!(snapshot.receipt.unbalanced(), None);
}

/// The preview of an invoice has one path or another, or none: the lines are read all the same.
#[tokio::test]
async fn the_next_invoice_is_asked_for_where_the_server_has_it() {
    const RECAP: &str = r#"[{"id":5,"nextInvoiceAmount":120.50},{"id":6,"nextInvoiceAmount":"soon"}]"#;
    for (known, expected, notes) in [
        ("finance/agreementrecap", Some("120.50"), 0),
        ("finance/agreementrecaps", Some("120.50"), 0),
        ("nowhere", None, 1),
    ] {
        let snapshot = connectwise(move |path, target, _| match path {
            _ if path == known && target.ends_with("page=1") => Reply::json(RECAP),
            path if path == known => Reply::json("[]"),
            "finance/agreementrecap" => Reply::status(404),
            path => psa(BOTH, (2, 2))(path, target),
        })
        .await;
        let lines: Vec<_> = snapshot.accounts().flat_map(|account| account.lines).collect();
        let told = lines.iter().map(|line| line.agreement.next_invoice_amount.map(|amount| amount.to_string()));
        assert_eq!(told.collect::<Vec<_>>(), [expected.map(str::to_owned), None], "{known}");
        assert_eq!((snapshot.read_state.as_str(), snapshot.notes.len()), ("complete", notes), "{known}");
    }
}

/// The amount of an agreement itself is a line where nothing else says what it bills; beside additions it is told.
#[tokio::test]
async fn an_amount_without_additions_is_a_line() {
    for (agreement, expected) in [
        (r#""billAmount":2800.50"#, Some(("2800.50", LineRole::Flat))),
        (r#""billAmount":-15"#, Some(("-15", LineRole::Flat))),
        (r#""billAmount":700,"oneTimeFlag":true"#, Some(("700", LineRole::OneTime))),
        (r#""billAmount":0.0"#, None),
        (r#""name":"no amount""#, None),
    ] {
        let row = format!(r#"[{{"id":5,"company":{{"id":7,"name":"A"}},{agreement}}}]"#);
        let snapshot = connectwise(move |path, target, _| match path {
            "finance/agreements" => Reply::json(row.clone()),
            path if path.ends_with("/additions") => Reply::json("[]"),
            path if path.ends_with("additions/count") => Reply::json(r#"{"count":0}"#),
            path => psa(ONE, (2, 1))(path, target),
        })
        .await;
        let lines: Vec<_> = snapshot.accounts().flat_map(|account| account.lines).collect();
        let found: Vec<_> = lines.iter().map(|line| (line.unit_price.unwrap().to_string(), line.role)).collect();
        let expected: Vec<_> = expected.map(|(price, role)| (price.to_owned(), role)).into_iter().collect();
        assert_eq!(found, expected, "{agreement}");
        assert_eq!((snapshot.notes.len(), snapshot.receipt.unbalanced()), (0, None));
    }
    const WITH: &str = r#"[{"id":5,"company":{"id":7,"name":"A"},"billAmount":2800.50}]"#;
    let snapshot = connectwise(|path, target, _| psa(WITH, (2, 1))(path, target)).await;
    assert_eq!(snapshot.line_count(), 1, "the addition's alone");
    assert_eq!(snapshot.notes.len(), 1, "{:?}", snapshot.notes);
    const ODD: &str = r#"[{"id":5,"company":{"id":7,"name":"A"},"billAmount":"much"}]"#;
    let snapshot = connectwise(|path, target, _| psa(ODD, (2, 1))(path, target)).await;
    assert_eq!(states(&snapshot)[0], ("7".into(), "partial".into()), "an amount that is not understood is not zero");
}

/// One that is still listed and answers 404 is a failure of its client, and of nobody else.
#[tokio::test]
async fn an_agreement_that_is_listed_and_not_found_fails_its_client() {
    let snapshot = connectwise(|path, target, _| {
        if path.starts_with("finance/agreements/6/") {
            return Reply::status(404);
        }
        psa(BOTH, (2, 2))(path, target)
    })
    .await;
    assert_eq!(states(&snapshot), [("7".into(), "complete".into()), ("8".into(), "failed".into())]);
}

fn child(row: Value, _: &Context<'_>) -> Result<Option<Child>, RowError> {
    Ok(Some(Child::default().with("id", row["id"].to_string())))
}

fn account_row(row: Value, _: &Context<'_>, _: &BTreeSet<u64>, out: &mut Out<'_>) -> Result<(), RowError> {
    out.account(&truecount_billing::AccountId::new(row["id"].to_string()).unwrap(), "A");
    Ok(())
}

fn known(row: Value, _: &Context<'_>, known: &mut BTreeSet<u64>) -> Result<(), RowError> {
    known.insert(row["id"].as_u64().unwrap());
    Ok(())
}

fn detail(row: Value, _: &Context<'_>, known: &BTreeSet<u64>, out: &mut Out<'_>) -> Result<(), RowError> {
    let of = row["of"].as_u64().unwrap();
    assert!(known.contains(&of), "looked up before it is parsed");
    let account = truecount_billing::AccountId::new(of.to_string()).unwrap();
    out.item(&account, &truecount_billing::UsageItem::new(truecount_billing::ItemId::new("1").unwrap(), "server"));
    Ok(())
}

/// Whatever the order of the pages: every row finds what it refers to.
#[tokio::test]
async fn joins_do_not_depend_on_the_order_of_pages() {
    let vendor = Vendor::start(|asked, _| match asked.path() {
        "/parents" => Reply::json(r#"[{"id":1},{"id":2},{"id":3}]"#),
        path => Reply::json(format!(r#"[{{"of":{}}}]"#, path.rsplit('/').next().unwrap())),
    })
    .await;
    let source = Source::api::<BTreeSet<u64>>("joined", Lists::basic(&vendor.base).endpoint)
        .stream(Stream::get("parents", "/parents").lookup(known).parse(account_row))
        .stream(Stream::get("details", "/details/{id}").each("parents", child).parse(detail))
        .build();
    let time = std::sync::Arc::new(PaperTime::default());
    let fields = secret(&[("user", "u"), ("password", "p")]);
    let http = Http::new(&source, HttpSetup { secret: fields, time, ..HttpSetup::default() }).unwrap();
    let (mut state, mut kept) = (CrawlState::default(), Kept::default());
    crawl(&source, &http, &mut state, &mut kept, &|| false).await.unwrap();
    let mut pages = kept.pages;
    let mut read = Vec::new();
    for _ in 0..pages.len() {
        pages.rotate_left(1);
        let Reading::Whole(snapshot) = Reader::read(&source, &state, DAY, &pages).unwrap() else { panic!("moved") };
        read.push((snapshot.accounts().collect::<Vec<_>>(), snapshot.receipt.clone()));
    }
    assert!(read.iter().all(|one| *one == read[0]));
    assert_eq!(read[0].0.len(), 3);
}
