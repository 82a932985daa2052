//! Tenants as providers meet them, from the vendor's answers to the comparison: people and licences are told apart, and
//! what the vendor does not say is not guessed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use serde_json::{Value, json};
use truecount_billing::SourceId;
use truecount_platform::{Fields, SecretError, Secrets, fields_from_json};

use crate::backend::TestBackend;
use crate::smoke;

const PREMIUM: &str = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46";
const POWER_BI: &str = "f8a1db68-be16-40ed-86d5-cb42ce701560";

/// What a tenant answers.
#[derive(Clone, Default)]
struct Tenant {
    skus: Value,
    subscriptions: Value,
    users: Value,
}

impl Tenant {
    /// Compares it with so many billed: the result, with the counted and the billed; or what it may be, with the word that
    /// nobody knows.
    async fn compared(self, rule: &str, billed: u32) -> String {
        let row = self.row(rule, billed).await;
        let (result, billed) = (&row["result"], &row["billed"]);
        if result != "not_reconciled" {
            return format!("{result}: {} of {billed}", row["counted"]);
        }
        let word = row["reason"].split('`').nth(1).unwrap_or_default();
        format!("{result}: {} to {} of {billed}, {word}", row["at_least"], row["at_most"])
    }

    /// Its row in `lines.csv`.
    async fn row(self, rule: &str, billed: u32) -> BTreeMap<String, String> {
        let url = self.served().await;
        let (psa, _) = smoke::SETTINGS.rsplit_once("[[sources]]").unwrap();
        let settings = format!(
            "{psa}[[sources]]\nid = \"m365\"\nconnector = \"microsoft-graph\"\nbase_url = \"{url}\"\nlogin_url = \"{url}\"\n\
             tenants = [{{ id = \"tenant-a\", name = \"Harbour Dental\" }}]\n"
        );
        let rules = format!("currency = \"GBP\"\n[services.M365]\n{rule}\n");
        let mut backend = TestBackend::new(&settings, &rules, &[]).await;
        backend.env.secrets = Arc::new(AnySecret);
        let line = format!(
            "line_id,client_id,client_name,product_code,quantity,unit_price,currency\n1,c1,Harbour Dental,M365,{billed},20.00,GBP\n"
        );
        backend.drop_file("psa", "billed-2026-06-30.csv", &line);
        backend.sync("psa").await;
        backend.sync("m365").await;
        let run_id = backend.draft().await;
        backend.report(&run_id).await;
        let mut rows = backend.sheet(&run_id, "lines.csv");
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }

    async fn served(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(move |uri: Uri| {
            let answer = match uri.path() {
                path if path.ends_with("/token") => json!({"access_token": "t", "expires_in": 3600}),
                "/v1.0/subscribedSkus" => json!({ "value": self.skus }),
                "/v1.0/directory/subscriptions" => json!({ "value": self.subscriptions }),
                _ => json!({ "value": self.users }),
            };
            async move { axum::Json(answer) }
        });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        url
    }
}

struct AnySecret;

#[async_trait::async_trait]
impl Secrets for AnySecret {
    async fn source(&self, _: &SourceId) -> Result<Fields, SecretError> {
        Ok(fields_from_json(r#"{"client_id":"c","client_secret":"s"}"#).unwrap())
    }
}

fn sku(id: &str, part_number: &str, consumed: u32) -> Value {
    json!({"skuId": id, "skuPartNumber": part_number, "appliesTo": "User", "consumedUnits": consumed})
}

fn user(id: &str, skus: &[&str]) -> Value {
    let states: Vec<Value> = skus.iter().map(|id| json!({"skuId": id, "state": "Active"})).collect();
    json!({
        "id": id, "userPrincipalName": format!("{id}@harbour.example"), "accountEnabled": true, "userType": "Member",
        "assignedLicenses": skus.iter().map(|id| json!({"skuId": id})).collect::<Vec<_>>(),
        "licenseAssignmentStates": states, "createdDateTime": "2022-03-01T00:00:00Z",
        "signInActivity": {"lastSuccessfulSignInDateTime": "2026-06-29T08:00:00Z"}
    })
}

/// Three people, of whom two hold a second licence.
fn three_people() -> Tenant {
    Tenant {
        skus: json!([sku(PREMIUM, "SPB", 3), sku(POWER_BI, "POWER_BI_PRO", 2)]),
        subscriptions: json!([]),
        users: json!([user("a", &[PREMIUM, POWER_BI]), user("b", &[PREMIUM, POWER_BI]), user("c", &[PREMIUM])]),
    }
}

const PEOPLE: &str = "count = \"m365.user\"";
const LICENCES: &str = "count = \"m365.licence\"";
const SEATS: &str = "count = \"m365.subscription\"\nwhere = { sku = \"SPB\" }";

#[tokio::test]
async fn a_person_with_two_licences_is_one_person() {
    assert_eq!(three_people().compared(PEOPLE, 3).await, "agrees: 3 of 3");
    assert_eq!(three_people().compared(LICENCES, 5).await, "agrees: 5 of 5");
    let of_one_sku = format!("{LICENCES}\nwhere = {{ sku = \"SPB\" }}");
    assert_eq!(three_people().compared(&of_one_sku, 3).await, "agrees: 3 of 3");
    let holders_of_another = format!("{PEOPLE}\nwhere = {{ holds = \"POWER_BI_PRO\" }}");
    assert_eq!(three_people().compared(&holders_of_another, 3).await, "overbilled: 2 of 3");
}

#[tokio::test]
async fn a_blocked_person_does_not_count_and_the_licence_is_paid_for() {
    let mut tenant = three_people();
    tenant.users[2]["accountEnabled"] = false.into();
    assert_eq!(tenant.clone().compared(PEOPLE, 2).await, "agrees: 2 of 2");
    assert_eq!(tenant.clone().compared(LICENCES, 5).await, "agrees: 5 of 5");
    let licences_in_use = format!("{LICENCES}\nwhere = {{ sign_in = \"allowed\" }}");
    assert_eq!(tenant.compared(&licences_in_use, 4).await, "agrees: 4 of 4");
}

/// A subscription whose status no document lists counts neither as bought nor as none.
#[tokio::test]
async fn a_strange_word_leaves_the_client_not_reconciled() {
    let seats = |status: &str| json!([{"id": "s1", "skuId": PREMIUM, "skuPartNumber": "SPB", "totalLicenses": 5, "status": status, "isTrial": false}]);
    let tenant = |status: &str| Tenant { subscriptions: seats(status), ..three_people() };
    assert_eq!(tenant("Enabled").compared(SEATS, 5).await, "agrees: 5 of 5");
    assert_eq!(tenant("Expired").compared(SEATS, 5).await, "not_reconciled: 0 to 5 of 5, Expired");
    let mut strange = three_people();
    strange.skus[0]["appliesTo"] = "Tenant".into();
    strange.subscriptions = seats("Enabled");
    assert_eq!(strange.compared(SEATS, 5).await, "not_reconciled: 0 to 5 of 5, Tenant");
    let mut strange = three_people();
    strange.users[1]["userType"] = "Robot".into();
    assert_eq!(strange.clone().compared(PEOPLE, 3).await, "not_reconciled: 2 to 3 of 3, Robot");
    assert_eq!(strange.compared(LICENCES, 5).await, "agrees: 5 of 5");
}

/// The usual state of a person is that sign-in is allowed, or not known: a fact that is missing leaves nobody out.
#[tokio::test]
async fn whoever_may_perhaps_not_sign_in_counts() {
    let mut untold = three_people();
    untold.users[1].as_object_mut().unwrap().remove("accountEnabled");
    assert_eq!(untold.clone().compared(PEOPLE, 3).await, "agrees: 3 of 3");
    assert_eq!(untold.compared(LICENCES, 5).await, "agrees: 5 of 5");
}

/// A tenant whose answer has no sign-in of anybody does not know who is inactive.
#[tokio::test]
async fn nobody_is_inactive_where_no_sign_in_is_told() {
    let mut tenant = three_people();
    for user in tenant.users.as_array_mut().unwrap() {
        user.as_object_mut().unwrap().remove("signInActivity");
    }
    let seen = format!("{PEOPLE}\nseen_within_days = 30");
    let row = tenant.row(&seen, 3).await;
    assert_eq!([&row["result"], &row["counted"], &row["billed"]], ["agrees", "3", "3"]);
    assert_eq!(row["doubts"], "fact missing", "{row:?}");
}
