//! The vendors over real sockets, walked by a plain client: who is let in, that paging gives each row once and all
//! of them, and that each fault does what it says.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use truecount_sandbox::{FaultProfile, Sample, SampleSize, Vendors};

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
    /// Whether the body is as long as it was said to be.
    whole: bool,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let is = |line: &&str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        self.head.lines().find(is).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    }
}

/// One request over a connection of its own.
async fn send(method: &str, url: &str, headers: &[(&str, String)], body: &str) -> std::io::Result<Answer> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await?;
    let mut text = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("content-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).await?;
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let mut answer = Answer { status, head: head.to_owned(), body: body.to_owned(), whole: read.is_ok() };
    let said: usize = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
    answer.whole &= said == answer.body.len();
    Ok(answer)
}

/// The sample's vendors with what is needed to ask them.
struct Client {
    vendors: Vendors,
    secrets: std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>>,
}

impl Client {
    async fn of(sample: Sample) -> Self {
        let secrets = sample.secrets();
        Self { vendors: Vendors::start(Arc::new(sample)).await.unwrap(), secrets }
    }

    fn url(&self, source: &str, path: &str) -> String {
        format!("{}{path}", self.vendors.endpoints()[source])
    }

    fn secret(&self, source: &str, field: &str) -> String {
        self.secrets[source][field].clone()
    }

    fn psa_headers(&self) -> Vec<(&'static str, String)> {
        let user = format!("northgate+{}", self.secret("connectwise", "public_key"));
        let pair = STANDARD.encode(format!("{user}:{}", self.secret("connectwise", "private_key")));
        vec![("authorization", format!("Basic {pair}")), ("clientId", self.secret("connectwise", "client_id"))]
    }

    async fn token(&self, source: &str, tenant: &str) -> Vec<(&'static str, String)> {
        let (id, secret) = (self.secret(source, "client_id"), self.secret(source, "client_secret"));
        let (path, form, body) = match source {
            "ninjaone" => (
                "/ws/oauth/token".to_owned(),
                true,
                format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=monitoring"),
            ),
            "pax8" => (
                "/v1/token".to_owned(),
                false,
                format!(
                    r#"{{"client_id":"{id}","client_secret":"{secret}","audience":"https://api.pax8.com","grant_type":"client_credentials"}}"#
                ),
            ),
            _ => (
                format!("/{tenant}/oauth2/v2.0/token"),
                true,
                format!(
                    "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
                ),
            ),
        };
        let kind = if form { "application/x-www-form-urlencoded" } else { "application/json" };
        let answer = send("POST", &self.url(source, &path), &[("content-type", kind.to_owned())], &body).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        vec![("authorization", format!("Bearer {}", answer.json()["access_token"].as_str().unwrap()))]
    }

    /// A GET that waits once when the rate is limited, and gets a new token once when it died.
    async fn get(&self, source: &str, tenant: &str, path: &str) -> Answer {
        let url = if path.starts_with("http") { path.to_owned() } else { self.url(source, path) };
        for _ in 0..3 {
            let headers = if source == "connectwise" { self.psa_headers() } else { self.token(source, tenant).await };
            let answer = send("GET", &url, &headers, "").await.unwrap();
            if !matches!(answer.status, 401 | 429) {
                return answer;
            }
        }
        panic!("{url}: refused three times");
    }
}

fn full() -> Sample {
    Sample::new(SampleSize::default(), 1, "2026-06".parse().unwrap())
}

const PSA: &str = "/v4_6_release/apis/3.0";

/// All rows of a ConnectWise list by page number.
async fn psa_rows(client: &Client, list: &str, size: usize) -> Vec<Value> {
    let mut rows = Vec::new();
    for page in 1.. {
        let sign = if list.contains('?') { '&' } else { '?' };
        let answer = client.get("connectwise", "", &format!("{PSA}{list}{sign}pageSize={size}&page={page}")).await;
        let Value::Array(more) = answer.json() else { panic!("{answer:?}") };
        let is_last = more.len() < size;
        rows.extend(more);
        assert_eq!(
            answer.header("link").is_none(),
            is_last || rows.len() % size == 0 && answer.header("link").is_none()
        );
        if answer.header("link").is_none() {
            return rows;
        }
        assert!(answer.header("link").unwrap().ends_with("rel=\"next\""));
    }
    rows
}

fn ids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter().map(|row| row["id"].to_string()).collect()
}

#[tokio::test]
async fn connectwise_gives_each_row_once_on_pages_of_any_size() {
    let client = Client::of(full()).await;
    let all = psa_rows(&client, "/company/companies", 1000).await;
    assert_eq!(all.len(), 77);
    let live = psa_rows(&client, "/company/companies?conditions=deletedFlag%3Dfalse", 1000).await;
    assert_eq!(live.len(), 76, "without the deleted duplicate");
    for size in [7, 31, 76] {
        assert_eq!(psa_rows(&client, "/company/companies", size).await, all, "{size}");
    }
    let agreements = psa_rows(&client, "/finance/agreements", 25).await;
    let count = client.get("connectwise", "", &format!("{PSA}/finance/agreements/count")).await.json();
    assert_eq!(count["count"], agreements.len());
    let mut additions = Vec::new();
    for agreement in &agreements {
        assert!(
            agreement.get("endDate").is_some() != agreement["noEndingDateFlag"].as_bool().unwrap(),
            "absent if empty"
        );
        additions.extend(psa_rows(&client, &format!("/finance/agreements/{}/additions", agreement["id"]), 3).await);
    }
    assert_eq!(ids(&additions).len(), additions.len());
    assert!(additions.iter().all(|row| row["quantity"].is_f64() && row["unitPrice"].is_f64()));
    let billing_statuses: BTreeSet<&str> = additions.iter().map(|row| row["billCustomer"].as_str().unwrap()).collect();
    assert_eq!(billing_statuses, ["Billable", "DoNotBill", "NoCharge"].into());
    assert_eq!(client.get("connectwise", "", "/wrong/apis/3.0/system/info").await.status, 404);
    assert_eq!(client.get("connectwise", "", "/login/companyinfo/northgate").await.json()["Codebase"], "v4_6_release/");
    client.vendors.stop().await;
}

#[tokio::test]
async fn ninjaone_goes_on_after_the_last_id() {
    let client = Client::of(full()).await;
    let mut sizes = Vec::new();
    for size in [1000, 100] {
        let (mut rows, mut after) = (Vec::new(), String::new());
        loop {
            let page = client.get("ninjaone", "", &format!("/v2/devices-detailed?pageSize={size}{after}")).await.json();
            let Value::Array(page) = page else { panic!("no list") };
            let is_last = page.len() < size;
            rows.extend(page);
            if is_last {
                break;
            }
            after = format!("&after={}", rows.last().unwrap()["id"]);
        }
        assert_eq!(ids(&rows).len(), rows.len());
        assert!(rows.iter().any(|row| row["approvalStatus"] == "PENDING"));
        assert!(rows.iter().all(|row| row["lastContact"].to_string().contains('.')), "fractions of seconds");
        sizes.push(rows.len());
    }
    assert!(sizes[0] > 1_000, "more than one page: {sizes:?}");
    assert_eq!(sizes[0], sizes[1]);
    client.vendors.stop().await;
}

#[tokio::test]
async fn graph_follows_links_within_each_tenant() {
    let client = Client::of(full()).await;
    let partner = "7a1c0c1e-6f0e-4a0b-9d3e-0c5b1f2d3e4f";
    let customers =
        client.get("microsoft-graph", partner, "/v1.0/tenantRelationships/delegatedAdminCustomers").await.json();
    let tenants: Vec<String> =
        customers["value"].as_array().unwrap().iter().map(|row| row["tenantId"].as_str().unwrap().to_owned()).collect();
    assert!(tenants.len() > 40);
    let (mut forbidden, mut without_premium, mut repeats, mut linked) = (0, 0, 0, 0);
    for tenant in &tenants {
        let mut path = "/v1.0/users?$top=9&$select=id,assignedLicenses,signInActivity".to_owned();
        let mut rows = Vec::new();
        loop {
            let answer = client.get("microsoft-graph", tenant, &path).await;
            if answer.status == 403 {
                match answer.json()["error"]["code"].as_str().unwrap() {
                    "Authorization_RequestDenied" => forbidden += 1,
                    "Authentication_RequestFromNonPremiumTenantOrB2CTenant" => without_premium += 1,
                    code => panic!("{code}"),
                }
                break;
            }
            let page = answer.json();
            rows.extend(page["value"].as_array().unwrap().clone());
            let Some(next) = page.get("@odata.nextLink") else { break };
            linked += 1;
            path = next.as_str().unwrap().to_owned();
        }
        repeats += usize::from(ids(&rows).len() < rows.len());
    }
    assert_eq!((forbidden, without_premium), (1, 1));
    assert!(linked > 20 && repeats > 10, "{linked} {repeats}");
    let stranger = send("GET", &client.url("microsoft-graph", "/v1.0/users"), &[], "").await.unwrap();
    assert_eq!(stranger.status, 401);
    client.vendors.stop().await;
}

#[tokio::test]
async fn pax8_counts_its_pages_from_zero() {
    let client = Client::of(full()).await;
    let (mut rows, mut statuses) = (Vec::new(), BTreeSet::new());
    for page in 0.. {
        let body = client.get("pax8", "", &format!("/v1/subscriptions?size=11&page={page}")).await.json();
        rows.extend(body["content"].as_array().unwrap().clone());
        if page + 1 >= body["page"]["totalPages"].as_u64().unwrap() {
            assert_eq!(body["page"]["totalElements"], rows.len());
            break;
        }
    }
    assert_eq!(ids(&rows).len(), rows.len());
    for row in &rows {
        statuses.insert(row["status"].as_str().unwrap().to_owned());
    }
    assert!(
        ["Active", "Cancelled", "PendingManual", "Trial"].iter().all(|one| statuses.contains(*one)),
        "{statuses:?}"
    );
    client.vendors.stop().await;
}

#[tokio::test]
async fn nobody_is_let_in_without_the_secret_and_nothing_can_be_written() {
    let client = Client::of(full()).await;
    for (source, path) in [
        ("connectwise", "/v4_6_release/apis/3.0/company/companies"),
        ("ninjaone", "/v2/organizations"),
        ("microsoft-graph", "/v1.0/subscribedSkus"),
        ("pax8", "/v1/companies"),
    ] {
        let url = client.url(source, path);
        for headers in [vec![], vec![("authorization", "Bearer wrong".to_owned())]] {
            assert_eq!(send("GET", &url, &headers, "").await.unwrap().status, 401, "{source}");
        }
        let headers = if source == "connectwise" { client.psa_headers() } else { vec![] };
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            assert_eq!(send(method, &url, &headers, "{}").await.unwrap().status, 405, "{method} {source}");
        }
    }
    let mut headers = client.psa_headers();
    headers.pop();
    let url = client.url("connectwise", "/v4_6_release/apis/3.0/company/companies");
    assert_eq!(send("GET", &url, &headers, "").await.unwrap().status, 401, "no clientId");
    let body = "grant_type=client_credentials&client_id=x&client_secret=y&scope=monitoring";
    let form = [("content-type", "application/x-www-form-urlencoded".to_owned())];
    assert_eq!(send("POST", &client.url("ninjaone", "/ws/oauth/token"), &form, body).await.unwrap().status, 401);
    assert_eq!(client.vendors.writes_refused(), 16);
    assert!(client.vendors.requests()["pax8"] == 6);
    client.vendors.stop().await;
}

#[tokio::test]
async fn each_occasional_failure_happens_once() {
    let client = Client::of(full()).await;
    let headers = client.token("ninjaone", "").await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let answer = send("GET", &client.url("ninjaone", "/v2/organizations"), &headers, "").await.unwrap();
        assert_eq!(answer.header("retry-after").is_some(), answer.status == 429);
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [200, 200, 401, 200, 429, 200, 200, 200]);
    client.vendors.stop().await;
    let calm = Client::of(Sample::small(6, "2026-06".parse().unwrap())).await;
    let headers = calm.token("ninjaone", "").await;
    for _ in 0..8 {
        let url = calm.url("ninjaone", "/v2/organizations");
        assert_eq!(send("GET", &url, &headers, "").await.unwrap().status, 200);
    }
    calm.vendors.stop().await;
}

/// Each source with a list of items that has more than one page.
const LISTS: [(&str, &str); 4] = [
    ("connectwise", "/v4_6_release/apis/3.0/finance/agreements?pageSize=10&page="),
    ("ninjaone", "/v2/devices-detailed?pageSize=10&after="),
    ("microsoft-graph", "/v1.0/users?$top=3&$skiptoken="),
    ("pax8", "/v1/subscriptions?size=10&page="),
];

#[tokio::test]
async fn each_fault_does_what_it_says_and_heals() {
    let sample = Sample::small(6, "2026-06".parse().unwrap());
    let client = Client::of(sample).await;
    let partner = "7a1c0c1e-6f0e-4a0b-9d3e-0c5b1f2d3e4f";
    let customers =
        client.get("microsoft-graph", partner, "/v1.0/tenantRelationships/delegatedAdminCustomers").await.json();
    let tenant = customers["value"][1]["tenantId"].as_str().unwrap().to_owned();
    for (source, list) in LISTS {
        let headers = if source == "connectwise" { client.psa_headers() } else { client.token(source, &tenant).await };
        let get = async |page: &str| send("GET", &client.url(source, &format!("{list}{page}")), &headers, "").await;
        let first = if source == "connectwise" { "1" } else { "0" };
        let second = match source {
            "ninjaone" => "1010",
            "microsoft-graph" => "3",
            "connectwise" => "2",
            _ => "1",
        };
        let well = get(first).await.unwrap();
        assert_eq!(well.status, 200, "{source} {well:?}");
        for fault in FaultProfile::all(&client.vendors.foreign_url()) {
            let name = format!("{source} {fault:?}");
            client.vendors.set_fault(source, Some(fault.clone())).await.unwrap();
            let (one, two) = (get(first).await, get(second).await);
            match fault {
                FaultProfile::Refused => {
                    assert!(one.is_err() && two.is_err(), "{name}");
                }
                FaultProfile::Status500 => assert_eq!((one.unwrap().status, two.unwrap().status), (500, 500), "{name}"),
                FaultProfile::UnauthorizedAfterPageOne => {
                    assert_eq!((one.unwrap().status, two.unwrap().status), (200, 401), "{name}");
                }
                FaultProfile::TooManyForEver => {
                    assert_eq!((one.unwrap().status, two.unwrap().status), (429, 429), "{name}")
                }
                FaultProfile::CutBody => {
                    let one = one.unwrap();
                    assert!(one.status == 200 && !one.whole && well.body.starts_with(&one.body[..1]), "{name} {one:?}");
                }
                FaultProfile::HtmlWith200 => assert!(one.unwrap().body.starts_with("<!doctype html>"), "{name}"),
                FaultProfile::EmptyList => {
                    let body = one.unwrap().json();
                    let rows = [&body, &body["value"], &body["content"]].into_iter().find_map(Value::as_array);
                    assert!(rows.unwrap().is_empty(), "{name}");
                }
                FaultProfile::RepeatedPage => {
                    let (one, two) = (one.unwrap().json(), two.unwrap().json());
                    let rows = |body: &Value| {
                        [body, &body["value"], &body["content"]].into_iter().find_map(Value::as_array).cloned()
                    };
                    let repeated = rows(&one) == rows(&two) || one["@odata.nextLink"] == two["@odata.nextLink"];
                    assert!(repeated && !rows(&one).unwrap().is_empty(), "{name}");
                }
                FaultProfile::ForeignNextLink(url) => {
                    let one = one.unwrap();
                    assert!(one.head.contains(&url) || one.body.contains(&url), "{name} {one:?}");
                }
            }
            client.vendors.set_fault(source, None).await.unwrap();
            let healed = get(first).await.unwrap();
            assert_eq!((healed.status, healed.body), (200, well.body.clone()), "{name}");
        }
    }
    assert_eq!(client.vendors.foreign_requests(), 0);
    client.vendors.stop().await;
}

#[tokio::test]
async fn the_large_sample_is_served_without_being_held() {
    let client = Client::of(Sample::large(10_000, 1_000_000, "2026-06".parse().unwrap())).await;
    let last = client.get("ninjaone", "", "/v2/devices-detailed?pageSize=1000&after=1000000").await.json();
    let last = last.as_array().unwrap();
    assert_eq!((last.len(), last.last().unwrap()["id"].as_u64()), (1_000, Some(1_001_000)));
    let companies = client.get("connectwise", "", &format!("{PSA}/company/companies?pageSize=1000&page=10")).await;
    assert_eq!(companies.json().as_array().unwrap().len(), 1_000);
    assert!(companies.header("link").is_none());
    let additions =
        client.get("connectwise", "", &format!("{PSA}/finance/agreements/47/additions?pageSize=1000")).await;
    assert_eq!(additions.json().as_array().unwrap().len(), 3);
    client.vendors.stop().await;
}
