//! Microsoft Graph over fixtures of our own: tenants, people, licences, subscriptions.

use truecount_billing::{ItemState, LeftOutReason, UsageItem};
use truecount_connectors::Snapshot;

use crate::{
    server::{Asked, Reply, Vendor},
    vendors::{CLIENT, check_cut, check_declared, connector, fixture, read_all, told, whole},
};

/// What the Microsoft of the fixtures answers.
pub(crate) fn graph_answer(asked: &Asked) -> Reply {
    graph(asked, &format!("http://{}", asked.header("host")))
}

fn graph(asked: &Asked, base: &str) -> Reply {
    let bearer = asked.header("authorization").to_owned();
    let file = |name: &str| Reply::json(fixture(&format!("microsoft-graph/{name}.json")).replace("{{base}}", base));
    match asked.path() {
        "/tenant-c/oauth2/v2.0/token" => {
            Reply::status(400).saying(r#"{"error":"unauthorized_client","error_description":"AADSTS700016"}"#)
        }
        path if path.ends_with("/oauth2/v2.0/token") => {
            let tenant = path.split('/').nth(1).unwrap();
            Reply::json(format!(r#"{{"access_token":"{tenant}","expires_in":3599}}"#))
        }
        "/v1.0/subscribedSkus" => file("skus"),
        "/v1.0/directory/subscriptions" if bearer == "Bearer tenant-b" => Reply::json(r#"{"value":[]}"#),
        "/v1.0/directory/subscriptions" => file("subscriptions"),
        "/v1.0/users" if asked.target.ends_with("page2") => file("users-2"),
        "/v1.0/users" if bearer == "Bearer tenant-a" => file("users-1"),
        "/v1.0/users" if asked.target.contains("signInActivity") => {
            Reply::status(403).saying(&fixture("microsoft-graph/no-premium.json"))
        }
        "/v1.0/users" => file("users-plain"),
        "/v1.0/tenantRelationships/delegatedAdminCustomers" if asked.target.ends_with("more") => Reply::json(
            r#"{"value":[{"tenantId":"tenant-b","displayName":"Birchwood Clinic"},{"tenantId":"tenant-a","displayName":"Alder & Finch LLP"}]}"#,
        ),
        "/v1.0/tenantRelationships/delegatedAdminCustomers" => Reply::json(format!(
            r#"{{"value":[{{"tenantId":"tenant-a","displayName":"Alder & Finch LLP"}}],"@odata.nextLink":"{base}/v1.0/tenantRelationships/delegatedAdminCustomers?more"}}"#
        )),
        _ => Reply::status(404),
    }
}

async fn graph_server() -> Vendor {
    Vendor::start(|asked, _| graph_answer(asked)).await
}

#[tokio::test]
async fn microsoft_graph() {
    let vendor = graph_server().await;
    let options = format!(
        "base_url = \"{0}\"\nlogin_url = \"{0}\"\nconcurrency = 1\ntenants = [{{ id = \"tenant-a\", name = \"Alder & Finch LLP\" }}, \
         {{ id = \"tenant-b\", name = \"Birchwood Clinic\" }}, {{ id = \"tenant-c\", name = \"Cobalt\" }}]",
        vendor.base
    );
    let connector = connector("microsoft-graph", &options);
    let (pages, state) = whole(&connector, CLIENT).await;
    assert_eq!(state.failed.len(), 1);
    check_cut(&pages, &["servicePlanName", "hidden", "r-1", "disabledPlans"]);
    let scope = format!("scope={}%2F.default", vendor.base.replace(':', "%3A").replace('/', "%2F"));
    assert!(vendor.asked()[0].body.ends_with(&scope), "{}", vendor.asked()[0].body);
    check_declared(&connector, &vendor);
    let lines: Vec<String> = vendor.lines().into_iter().map(|line| line.replace(&vendor.base, "BASE")).collect();
    insta::assert_json_snapshot!("microsoft_graph_asked", lines);
    insta::assert_json_snapshot!("microsoft_graph_read", told(&read_all(&connector, &pages)));
}

#[tokio::test]
async fn microsoft_graph_finds_its_tenants() {
    let vendor = graph_server().await;
    let options = format!("base_url = \"{0}\"\nlogin_url = \"{0}\"\npartner_tenant = \"msp\"", vendor.base);
    let connector = connector("microsoft-graph", &options);
    let (pages, state) = whole(&connector, CLIENT).await;
    let snapshot = read_all(&connector, &pages);
    let names: Vec<String> = snapshot.accounts_in_short().map(|(account, ..)| account.name.clone()).collect();
    assert_eq!(names, ["Alder & Finch LLP", "Birchwood Clinic"]);
    assert_eq!(state.failed, []);
    assert!(snapshot.accounts().all(|one| one.account.read_state.is_complete()), "a tenant listed twice is read once");
}

/// The first tenant of the fixtures, read.
async fn alder() -> Snapshot {
    let vendor = graph_server().await;
    let options = format!(
        "base_url = \"{0}\"\nlogin_url = \"{0}\"\ntenants = [{{ id = \"tenant-a\", name = \"Alder & Finch LLP\" }}]",
        vendor.base
    );
    let connector = connector("microsoft-graph", &options);
    let (pages, _) = whole(&connector, CLIENT).await;
    read_all(&connector, &pages)
}

fn items(snapshot: &Snapshot, kind: &str) -> Vec<UsageItem> {
    snapshot.accounts().flat_map(|one| one.items).filter(|item| item.kind == kind).collect()
}

fn state(item: &UsageItem) -> String {
    match &item.state {
        ItemState::Counts => "counts".to_owned(),
        ItemState::LeftOut(reason) => reason.to_string(),
        ItemState::Unknown(word) => format!("unknown `{word}`"),
    }
}

fn attribute<'a>(item: &'a UsageItem, name: &str) -> &'a str {
    item.attributes.get(name).map_or("-", String::as_str)
}

#[tokio::test]
async fn each_person_is_one_item_with_what_it_holds() {
    let snapshot = alder().await;
    let people: Vec<String> = items(&snapshot, "user")
        .iter()
        .map(|item| {
            let [class, sign_in, holds] = ["class", "sign_in", "holds"].map(|name| attribute(item, name));
            format!("{} {class} {sign_in} [{holds}] {}", item.item_id, state(item))
        })
        .collect();
    insta::assert_snapshot!("microsoft_graph_people", people.join("\n"));
}

#[tokio::test]
async fn a_licence_says_who_holds_it_and_who_sold_it() {
    let snapshot = alder().await;
    let held: Vec<String> = items(&snapshot, "licence")
        .iter()
        .map(|item| {
            let [class, sign_in, sold_by] = ["class", "sign_in", "sold_by"].map(|name| attribute(item, name));
            let user = item.item_id.as_str().split(':').next().unwrap();
            format!("{user} {} {class} {sign_in} {sold_by} {}", item.sku.as_deref().unwrap(), state(item))
        })
        .collect();
    insta::assert_snapshot!("microsoft_graph_licences", held.join("\n"));
}

#[tokio::test]
async fn a_subscription_says_what_is_bought_of_whom_until_when() {
    let snapshot = alder().await;
    let bought: Vec<String> = items(&snapshot, "subscription")
        .iter()
        .map(|item| {
            let [trial, assignable, sold_by] = ["trial", "assignable", "sold_by"].map(|name| attribute(item, name));
            let until =
                item.commitment.as_ref().and_then(|one| one.until).map_or("-".to_owned(), |day| day.to_string());
            let quantity = item.amount().map_or("-".to_owned(), |amount| amount.to_string());
            let name = item.name.as_deref().unwrap_or("-");
            let id = item.identities.object_id.as_deref().unwrap_or("-");
            format!(
                "{} {id} {quantity} {name}: trial {trial}, assignable {assignable}, by {sold_by}, until {until}: {}",
                item.item_id,
                state(item)
            )
        })
        .collect();
    insta::assert_snapshot!("microsoft_graph_subscriptions", bought.join("\n"));
}

/// A tenant without sign-in data has no last sign-in of anybody: unknown, never inactive.
#[tokio::test]
async fn without_sign_in_data_nobody_is_inactive() {
    let vendor = graph_server().await;
    let options = format!(
        "base_url = \"{0}\"\nlogin_url = \"{0}\"\ntenants = [{{ id = \"tenant-b\", name = \"Birchwood Clinic\" }}]",
        vendor.base
    );
    let connector = connector("microsoft-graph", &options);
    let (pages, _) = whole(&connector, CLIENT).await;
    let snapshot = read_all(&connector, &pages);
    let people = items(&snapshot, "user");
    assert_eq!(people.len(), 2);
    for item in people.iter().chain(&items(&snapshot, "licence")) {
        assert_eq!((item.last_seen, &item.state), (None, &ItemState::Counts), "{}", item.item_id);
    }
}

/// A blocked user's licence is paid for all the same; the person is nobody to bill.
#[tokio::test]
async fn a_blocked_users_licence_counts() {
    let snapshot = alder().await;
    let all = [items(&snapshot, "user"), items(&snapshot, "licence")].concat();
    let blocked: Vec<&UsageItem> = all.iter().filter(|item| attribute(item, "sign_in") == "blocked").collect();
    let states: Vec<_> = blocked.iter().map(|item| (item.kind.as_str(), &item.state)).collect();
    let disabled = ItemState::LeftOut(LeftOutReason::Disabled);
    assert_eq!(states, [("user", &disabled), ("licence", &ItemState::Counts)]);
    assert_eq!(attribute(blocked[0], "holds"), "SPB");
}

/// A tenant of one user whose row says this about signing in, and about the licence.
async fn one_user(sign_in: &'static str, assignment: &'static str) -> Snapshot {
    let vendor = Vendor::start(move |asked, _| match asked.path() {
        path if path.ends_with("/token") => Reply::json(r#"{"access_token":"t","expires_in":3599}"#),
        "/v1.0/subscribedSkus" => Reply::json(r#"{"value":[]}"#),
        "/v1.0/directory/subscriptions" => Reply::json(r#"{"value":[]}"#),
        _ => Reply::json(format!(
            r#"{{"value":[{{"id":"u","userPrincipalName":"kim@a.example","userType":"Member"{sign_in},
               "assignedLicenses":[{{"skuId":"s"}}],
               "licenseAssignmentStates":[{{"skuId":"s","state":"{assignment}"}}]}}]}}"#
        )),
    })
    .await;
    let options = format!(
        "base_url = \"{0}\"\nlogin_url = \"{0}\"\nsign_in_activity = false\ntenants = [{{ id = \"t\", name = \"A\" }}]",
        vendor.base
    );
    let connector = connector("microsoft-graph", &options);
    let (pages, _) = whole(&connector, CLIENT).await;
    read_all(&connector, &pages)
}

#[tokio::test]
async fn who_may_sign_in_decides_about_the_person_alone() {
    for (sign_in, assignment, attribute_is, person, licence) in [
        (r#","accountEnabled":true"#, "Active", "allowed", "counts", "counts"),
        (r#","accountEnabled":false"#, "Active", "blocked", "disabled", "counts"),
        (r#","accountEnabled":null"#, "Active", "-", "counts", "counts"),
        ("", "Active", "-", "counts", "counts"),
        (r#","accountEnabled":false"#, "Disabled", "blocked", "disabled", "suspended"),
        (r#","accountEnabled":false"#, "Odd", "blocked", "unknown `Odd`", "unknown `Odd`"),
    ] {
        let snapshot = one_user(sign_in, assignment).await;
        let (people, licences) = (items(&snapshot, "user"), items(&snapshot, "licence"));
        let found = (state(&people[0]), state(&licences[0]));
        assert_eq!(found, (person.to_owned(), licence.to_owned()), "{sign_in} {assignment}");
        for item in [&people[0], &licences[0]] {
            assert_eq!(attribute(item, "sign_in"), attribute_is, "{sign_in} {}", item.kind);
        }
        let told = snapshot.receipt.unknown_words.iter().any(|word| word.field == "accountEnabled");
        assert_eq!(told, attribute_is == "-", "a missing fact is told");
    }
}
