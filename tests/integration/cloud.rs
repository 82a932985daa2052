//! An endpoint that answers what a person's questions ask of AWS: who we are, how much mail may go out, whether the
//! daily run is on, who hears of alarms and how they are, and where a stack's parts are. Deliberately absent: table, bucket, secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What it answers from.
#[derive(Debug, Clone)]
pub(crate) struct Answers {
    pub(crate) a_day: u64,
    pub(crate) sent: u64,
    pub(crate) is_in_production: bool,
    pub(crate) is_sending: bool,
    /// Addresses and domains that SES has verified; of a domain it signs the mail.
    pub(crate) verified: BTreeSet<String>,
    /// What SES says of the MAIL FROM domain of every domain; `None`: there is none.
    pub(crate) mail_from: Option<&'static str>,
    /// Addresses on the suppression list.
    pub(crate) suppressed: BTreeSet<String>,
    /// `None`: there is no schedule.
    pub(crate) is_enabled: Option<bool>,
    pub(crate) confirmed: u64,
    pub(crate) pending: u64,
    /// The stack's alarms: the name in the template, and the state.
    pub(crate) alarms: Vec<(&'static str, &'static str)>,
    /// How far its clock is ahead.
    pub(crate) ahead_seconds: i64,
    /// The parameter with the stack's parts.
    pub(crate) backend: Option<String>,
    /// Actions that are refused.
    pub(crate) denied: BTreeSet<&'static str>,
}

/// The endpoint. Dropping it stops it.
pub(crate) struct CloudStandIn {
    answers: Arc<Mutex<Answers>>,
    pub(crate) url: String,
    server: JoinHandle<()>,
}

impl CloudStandIn {
    pub(crate) async fn open(answers: Answers) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(answers));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&answers));
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { answers, url, server }
    }

    pub(crate) fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap()
    }
}

impl Drop for CloudStandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(answers): State<Arc<Mutex<Answers>>>, headers: HeaderMap, uri: Uri, body: Bytes) -> Response {
    let answers = answers.lock().unwrap().clone();
    let target = headers.get("x-amz-target").map(|value| value.to_str().unwrap().to_owned());
    let fields: BTreeMap<String, String> = serde_urlencoded(&String::from_utf8_lossy(&body));
    let mut response = match (target.as_deref(), fields.get("Action").map(String::as_str)) {
        (Some("AmazonSSM.GetParameter"), _) => parameter(&answers),
        (Some("GraniteServiceVersion20100801.DescribeAlarms"), _) => alarms(&answers),
        (_, Some(action)) => query(&answers, action),
        _ if uri.path().starts_with("/schedules/") => schedule(&answers),
        _ if uri.path().starts_with("/v2/email/") => mail(&answers, &uri.path().replace("%40", "@")),
        // S3, as far as this stand-in knows it.
        _ => refused(
            "AccessDenied",
            "User: arn:aws:iam::123456789012:user/kim is not authorized to perform: s3:ListBucket",
        ),
    };
    let date = Timestamp::now() + SignedDuration::from_secs(answers.ahead_seconds);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap();
    response.headers_mut().insert("date", date.parse().unwrap());
    response
}

/// The fields of a form.
fn serde_urlencoded(body: &str) -> BTreeMap<String, String> {
    let plain = |text: &str| text.replace("%40", "@").replace("%3A", ":").replace('+', " ");
    body.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), plain(v))).collect()
}

fn query(answers: &Answers, action: &str) -> Response {
    if answers.denied.contains(action) {
        return refused("AccessDenied", &format!("not authorized to perform: {action}"));
    }
    let entry = |key: &str, value: String| format!("<entry><key>{key}</key><value>{value}</value></entry>");
    let result = match action {
        "GetCallerIdentity" => {
            "<Arn>arn:aws:iam::123456789012:user/kim</Arn><UserId>u</UserId><Account>123456789012</Account>".to_owned()
        }
        "GetTopicAttributes" => format!(
            "<Attributes>{}{}</Attributes>",
            entry("SubscriptionsConfirmed", answers.confirmed.to_string()),
            entry("SubscriptionsPending", answers.pending.to_string())
        ),
        other => return refused("InvalidAction", other),
    };
    let body = format!(
        "<{action}Response><{action}Result>{result}</{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
    );
    ([("content-type", "text/xml")], body).into_response()
}

/// SES, in its second version.
fn mail(answers: &Answers, path: &str) -> Response {
    let asked = path.strip_prefix("/v2/email/").unwrap();
    let action = match asked.split('/').next().unwrap() {
        "account" => "GetAccount",
        "identities" => "GetEmailIdentity",
        _ => "GetSuppressedDestination",
    };
    let error = |status, code, message: &str| {
        let headers = [("content-type", "application/json"), ("x-amzn-errortype", code)];
        (status, headers, serde_json::json!({ "message": message }).to_string()).into_response()
    };
    if answers.denied.contains(action) {
        return error(StatusCode::FORBIDDEN, "AccessDeniedException", &format!("not authorized to perform: {action}"));
    }
    let name = asked.rsplit('/').next().unwrap();
    let body = match action {
        "GetAccount" => serde_json::json!({
            "ProductionAccessEnabled": answers.is_in_production, "SendingEnabled": answers.is_sending,
            "SendQuota": { "Max24HourSend": answers.a_day, "MaxSendRate": 14, "SentLast24Hours": answers.sent },
            "SuppressionAttributes": { "SuppressedReasons": ["BOUNCE", "COMPLAINT"] },
        }),
        "GetEmailIdentity" if answers.verified.contains(name) => {
            let is_domain = !name.contains('@');
            let mut found = serde_json::json!({
                "VerifiedForSendingStatus": true,
                "DkimAttributes": { "SigningEnabled": is_domain, "Status": if is_domain { "SUCCESS" } else { "NOT_STARTED" } },
            });
            if let Some(status) = answers.mail_from.filter(|_| is_domain) {
                let (domain, behavior) = (format!("bounces.{name}"), "USE_DEFAULT_VALUE");
                found["MailFromAttributes"] = serde_json::json!({
                    "MailFromDomain": domain, "MailFromDomainStatus": status, "BehaviorOnMxFailure": behavior,
                });
            }
            found
        }
        "GetSuppressedDestination" if answers.suppressed.contains(name) => serde_json::json!({
            "SuppressedDestination": { "EmailAddress": name, "Reason": "BOUNCE", "LastUpdateTime": 1_782_849_600 },
        }),
        _ => return error(StatusCode::NOT_FOUND, "NotFoundException", &format!("{name} does not exist")),
    };
    ([("content-type", "application/json")], body.to_string()).into_response()
}

fn schedule(answers: &Answers) -> Response {
    let json = [("content-type", "application/json")];
    match answers.is_enabled {
        Some(is_enabled) => {
            let state = if is_enabled { "ENABLED" } else { "DISABLED" };
            let body = format!(r#"{{"Name":"daily","State":"{state}","ScheduleExpression":"cron(0 4 * * ? *)"}}"#);
            (json, body).into_response()
        }
        None => {
            let headers = [("content-type", "application/json"), ("x-amzn-errortype", "ResourceNotFoundException")];
            (StatusCode::NOT_FOUND, headers, r#"{"Message":"Schedule daily does not exist."}"#).into_response()
        }
    }
}

fn alarms(answers: &Answers) -> Response {
    let headers = [("content-type", "application/x-amz-json-1.0")];
    if answers.denied.contains("DescribeAlarms") {
        let body = serde_json::json!({ "__type": "AccessDenied", "message": "not authorized" }).to_string();
        return (StatusCode::FORBIDDEN, headers, body).into_response();
    }
    let alarm = |(name, state): &(&str, &str)| serde_json::json!({ "AlarmName": format!("prod-{name}-1X2Y"), "StateValue": state });
    let alarms: Vec<_> = answers.alarms.iter().map(alarm).collect();
    (headers, serde_json::json!({ "MetricAlarms": alarms, "CompositeAlarms": [] }).to_string()).into_response()
}

fn parameter(answers: &Answers) -> Response {
    let headers = [("content-type", "application/x-amz-json-1.1")];
    let error = |code: &str, message: &str| {
        let body = serde_json::json!({ "__type": code, "message": message }).to_string();
        (StatusCode::BAD_REQUEST, headers, body).into_response()
    };
    if answers.denied.contains("GetParameter") {
        return error("AccessDeniedException", "not authorized to perform: ssm:GetParameter");
    }
    match &answers.backend {
        Some(backend) => {
            let body = serde_json::json!({ "Parameter": { "Name": "n", "Type": "String", "Value": backend } });
            (headers, body.to_string()).into_response()
        }
        None => error("ParameterNotFound", ""),
    }
}

fn refused(code: &str, message: &str) -> Response {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><Code>{code}</Code><Message>{message}</Message></ErrorResponse>"
    );
    // S3 has the code one level higher.
    let body = if message.contains("s3:") {
        format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>")
    } else {
        body
    };
    (StatusCode::FORBIDDEN, [("content-type", "text/xml")], body).into_response()
}
