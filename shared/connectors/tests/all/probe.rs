//! The harmless look at a source shows that its credential may read, also where the first answer is for anybody.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use truecount_connectors::{Http, HttpSetup, KeyRights, connect, probe};

use crate::{
    graph::graph_answer,
    list::secret,
    server::{Asked, Reply, Vendor},
    vendors::{CLIENT, connectwise_answer, ninjaone_answer},
};

/// Looks at a ConnectWise that refuses requests below a path with a status; what is said, and how many it was asked.
async fn look(refused: &'static str, status: u16) -> (Result<(), String>, usize) {
    let vendor = Vendor::start(move |asked, _| {
        let is_refused = asked.path().contains("/apis/") && asked.path().ends_with(refused);
        if is_refused { Reply::status(status) } else { connectwise_answer(asked) }
    })
    .await;
    let options = format!("base_url = \"{}\"\ncompany = \"lantern\"", vendor.base);
    let source = connect("connectwise", &options.parse().unwrap()).unwrap();
    let fields = [("public_key", "pub"), ("private_key", "hunter2"), ("client_id", "6e3b")];
    let http = Http::new(&source, HttpSetup { secret: secret(&fields), ..HttpSetup::default() }).unwrap();
    let outcome = probe(&source, &http).await.map_err(|error| error.to_string());
    (outcome, vendor.asked().len())
}

#[tokio::test]
async fn a_key_is_tried_on_what_only_a_key_may_read() {
    assert_eq!(look("nothing", 500).await, (Ok(()), 3), "the address, the count, the list");
    assert_eq!(look("/count", 403).await, (Ok(()), 3), "a count may be refused");
    let (wrong_key, requests) = look("", 401).await;
    assert!(wrong_key.unwrap_err().contains("does not accept the credential"));
    assert_eq!(requests, 2);
    let (no_right, requests) = look("/companies", 403).await;
    assert!(no_right.unwrap_err().starts_with("`companies`: the credential may not read this"));
    assert_eq!(requests, 3);
}

/// What a vendor tells of a key with the answer of its token endpoint. In `options`, `BASE` stands for its address.
async fn rights(kind: &str, options: &str, token: String, answer: fn(&Asked) -> Reply) -> Option<KeyRights> {
    let (outcome, told) = outcome_and_rights(kind, options, token, answer).await;
    outcome.unwrap();
    told
}

async fn outcome_and_rights(
    kind: &str,
    options: &str,
    token: String,
    answer: fn(&Asked) -> Reply,
) -> (Result<(), String>, Option<KeyRights>) {
    let secrets = ["hunter2".to_owned(), token.split('"').nth(3).unwrap().to_owned()];
    let vendor = Vendor::start(move |asked, _| match asked.method.as_str() {
        "POST" => Reply::json(token.clone()),
        _ => answer(asked),
    })
    .await;
    let source = connect(kind, &options.replace("BASE", &vendor.base).parse().unwrap()).unwrap();
    let http = Http::new(&source, HttpSetup { secret: secret(CLIENT), ..HttpSetup::default() }).unwrap();
    assert_eq!(http.key_rights(&source), None, "nobody was asked yet");
    let outcome = probe(&source, &http).await.map_err(|error| error.to_string());
    assert!(vendor.asked().iter().all(|asked| asked.method == "GET" || asked.path().contains("token")));
    let told = http.key_rights(&source);
    let shown = format!("{outcome:?} {told:?}");
    assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
    (outcome, told)
}

const TENANTS: &str = "base_url = \"BASE\"\nlogin_url = \"BASE\"\ntenants = [{ id = \"tenant-a\", name = \"Alder\" }]";
const PARTNER: &str = "base_url = \"BASE\"\nlogin_url = \"BASE\"\npartner_tenant = \"msp\"";

/// A token of an application with these permissions.
fn application(roles: &str) -> String {
    let claims = format!(r#"{{"aud":"https://graph.example.test","roles":[{roles}],"ver":"1.0"}}"#);
    let token = format!("e30.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims));
    format!(r#"{{"access_token":"{token}","expires_in":3599,"token_type":"Bearer"}}"#)
}

async fn graph_rights(options: &str, roles: &str) -> KeyRights {
    rights("microsoft-graph", options, application(roles), graph_answer).await.unwrap()
}

const READS: &str = r#""User.Read.All","Organization.Read.All","AuditLog.Read.All""#;

#[tokio::test]
async fn an_application_that_may_do_more_or_less_than_needed_is_told() {
    let needed = ["User.Read.All", "Organization.Read.All", "AuditLog.Read.All"];
    let of_enough = graph_rights(TENANTS, READS).await;
    assert_eq!(of_enough, KeyRights { needed: needed.to_vec(), excess: vec![], missing: vec![], option: None });
    assert_eq!(of_enough.finding(), None);

    let of_too_much = graph_rights(TENANTS, &format!(r#""Directory.ReadWrite.All",{READS},"Reports.Read.All""#)).await;
    assert_eq!(of_too_much.finding().unwrap(), "the key may also do: Directory.ReadWrite.All");
    let fix = "Truecount only reads: give the key only User.Read.All, Organization.Read.All and AuditLog.Read.All";
    assert_eq!(of_too_much.fix(), fix);

    let of_too_little = graph_rights(TENANTS, r#""Directory.Read.All""#).await;
    assert_eq!((of_too_little.excess.len(), &*of_too_little.missing), (0, &["AuditLog.Read.All"][..]));
    let without_sign_ins = format!("{TENANTS}\nsign_in_activity = false");
    assert_eq!(graph_rights(&without_sign_ins, r#""Directory.Read.All""#).await.missing, [""; 0]);
}

/// Why a key is refused is known from what it lacks.
#[tokio::test]
async fn what_a_refused_key_lacks_is_told() {
    let refuses = |_: &Asked| Reply::status(403).saying(r#"{"error":{"code":"Authorization_RequestDenied"}}"#);
    let token = application(r#""User.Read.All","AuditLog.Read.All","Mail.Send""#);
    let (outcome, told) = outcome_and_rights("microsoft-graph", TENANTS, token, refuses).await;
    assert!(outcome.unwrap_err().contains("the credential may not read this"));
    assert_eq!(told.unwrap().finding().unwrap(), "the key lacks Organization.Read.All; the key may also do: Mail.Send");
}

/// Each tenant consents for itself: what the customers' have to is not looked for in the partner's.
#[tokio::test]
async fn a_partner_needs_another_right_in_its_own_tenant() {
    let of_partner = graph_rights(PARTNER, r#""DelegatedAdminRelationship.Read.All""#).await;
    assert_eq!((of_partner.finding(), of_partner.needed.len()), (None, 4));
    let of_customer = graph_rights(PARTNER, READS).await;
    assert_eq!(of_customer.finding().unwrap(), "the key lacks DelegatedAdminRelationship.Read.All");
}

#[tokio::test]
async fn a_token_that_says_nothing_is_no_finding() {
    let opaque = r#"{"access_token":"opaque","expires_in":3599}"#;
    assert_eq!(rights("microsoft-graph", TENANTS, opaque.into(), graph_answer).await, None);
    assert_eq!(rights("microsoft-graph", TENANTS, application(""), graph_answer).await, None);
}

#[tokio::test]
async fn scopes_beside_a_token_are_told() {
    let token = |scope: &str| format!(r#"{{"access_token":"t0k3n","expires_in":3600,"scope":"{scope}"}}"#);
    let of =
        async |scope: &str| rights("ninjaone", "base_url = \"BASE\"", token(scope), ninjaone_answer).await.unwrap();
    assert_eq!(of("monitoring offline_access").await.finding(), None);
    let of_too_much = of("monitoring management control").await;
    assert_eq!(of_too_much.finding().unwrap(), "the key may also do: control and management");
    assert_eq!(
        of_too_much.fix(),
        "Truecount only reads: give the key only monitoring, and name no more in `oauth_scope`"
    );
    assert_eq!(of("management").await.missing, [""; 0], "another token of the key may be allowed more");
}
