//! What each function's role allows in the template, and which of it a request to AWS asks for.
//!
//! Every stack holds each request of a function against its role, so that whatever a failure makes a function ask for is
//! asked with the rights that it has. The function is told by the access key: each process has its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};

use crate::between::{Refuse, Seen};

/// The functions, and the role of each.
pub(crate) const ROLES: [(&str, &str); 3] =
    [("sync", "SyncRole"), ("reconcile", "ReconcileRole"), ("report", "ReportRole")];

/// A person who reads reports and drops files, at a prompt.
pub(crate) const CLERK: (&str, &str) = ("clerk", "ClerkPolicy");

/// What the Lambda service asks with a function's role, not the function.
const OF_LAMBDA: [&str; 3] = ["logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"];

/// The sender of the sample's mails, and the one that the template was resolved with.
const SENDERS: [&str; 2] = ["truecount@northgate-it.example", "billing@msp.example"];

/// What was asked for: an action, and what for, in the names of the resolved template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) action: String,
    pub(crate) resource: String,
    /// What conditions look at, such as `ses:FromAddress`.
    context: BTreeMap<&'static str, String>,
}

/// What a role or a person may do.
#[derive(Debug, Clone)]
pub(crate) struct Policy(pub(crate) Vec<Allowed>);

#[derive(Debug, Clone)]
pub(crate) struct Allowed {
    pub(crate) action: String,
    /// Ends in `*` for all that begins so.
    pub(crate) resource: String,
    /// What must be one of these, which may end in `*`.
    conditions: BTreeMap<String, Vec<String>>,
}

impl Allowed {
    pub(crate) fn allows(&self, call: &Call) -> bool {
        let is_met = |(key, patterns): (&String, &Vec<String>)| {
            let found = call.context.get(key.as_str());
            found.is_some_and(|found| patterns.iter().any(|pattern| fits(pattern, found)))
        };
        self.action == call.action && fits(&self.resource, &call.resource) && self.conditions.iter().all(is_met)
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => text.starts_with(prefix),
        None => text == pattern,
    }
}

impl Policy {
    /// The statements of a role or policy in the template after SAM's transform, with its parameters put in.
    pub(crate) fn of(name: &str) -> Self {
        let properties = &resolved()["Resources"][name]["Properties"];
        let policies = properties["Policies"].as_array().cloned().unwrap_or_else(|| vec![properties.clone()]);
        let mut allowed = Vec::new();
        for policy in policies {
            for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
                assert_eq!(statement["Effect"], "Allow");
                let mut conditions = BTreeMap::new();
                for (_, keys) in statement["Condition"].as_object().into_iter().flatten() {
                    conditions
                        .extend(keys.as_object().unwrap().iter().map(|(key, values)| (key.clone(), texts(values))));
                }
                for action in texts(&statement["Action"]).into_iter().filter(|one| !OF_LAMBDA.contains(&one.as_str())) {
                    for resource in texts(&statement["Resource"]) {
                        allowed.push(Allowed { action: action.clone(), resource, conditions: conditions.clone() });
                    }
                }
            }
        }
        Self(allowed)
    }

    pub(crate) fn allows(&self, call: &Call) -> bool {
        self.0.iter().any(|allowed| allowed.allows(call))
    }

    pub(crate) fn actions(&self) -> BTreeSet<String> {
        self.0.iter().map(|allowed| allowed.action.clone()).collect()
    }

    pub(crate) fn without(&self, action: &str) -> Self {
        Self(self.0.iter().filter(|allowed| allowed.action != action).cloned().collect())
    }
}

/// The template after SAM's transform, with its parameters put in.
pub(crate) fn resolved() -> Value {
    let template = std::env::var("TRUECOUNT_TEMPLATE")
        .expect("TRUECOUNT_TEMPLATE names the transformed template: `.ci/e2e` makes it");
    serde_json::from_slice(&std::fs::read(Path::new(&template).with_file_name("usual.json")).unwrap()).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        _ => value.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
    }
}

/// What a request to AWS asks for; nothing for one to a vendor.
pub(crate) fn calls(seen: &Seen, body: &[u8], bucket: &str) -> Vec<Call> {
    let call = |action: String, resource: String, context: Option<(&'static str, String)>| Call {
        action,
        resource,
        context: context.into_iter().collect(),
    };
    let (verb, rest) = seen.what.split_once(' ').unwrap_or((&seen.what, ""));
    match seen.target.as_str() {
        "table" => {
            let table = "arn:aws:dynamodb:us-east-1:000000000000:table/Table".to_owned();
            vec![call(format!("dynamodb:{verb}"), table, partition(body).map(|key| ("dynamodb:LeadingKeys", key)))]
        }
        "archive" => {
            let path = rest.strip_prefix(&format!("/{bucket}")).unwrap_or_else(|| panic!("another bucket: {rest}"));
            let (key, query) = path.split_once('?').unwrap_or((path, ""));
            let (action, key) = match (verb, key) {
                ("GET", "" | "/") if query.contains("list-type=2") => ("s3:ListBucket", ""),
                ("GET" | "HEAD", key) if key.len() > 1 => ("s3:GetObject", key),
                ("PUT", key) if key.len() > 1 => ("s3:PutObject", key),
                _ => panic!("which action is `{}`?", seen.what),
            };
            let mut query = url::form_urlencoded::parse(query.as_bytes());
            let prefix = query.find(|(name, _)| name == "prefix").map(|(_, prefix)| ("s3:prefix", prefix.into_owned()));
            vec![call(action.to_owned(), format!("arn:aws:s3:::Bucket{key}"), prefix)]
        }
        "secrets" => {
            let action = seen.what.trim_start_matches("AmazonSSM.");
            let asked: Value = serde_json::from_slice(body).unwrap();
            // A stack's parameter lies below the product's name; the secrets' prefix is the stack's own here.
            let name = asked["Name"].as_str().unwrap();
            let own = name.strip_prefix("/truecount/").and_then(|name| name.strip_prefix(bucket));
            let own = own.or_else(|| name.strip_prefix('/')?.strip_prefix(bucket));
            let name = own.map_or_else(|| name.to_owned(), |own| format!("/truecount/truecount{own}"));
            vec![call(format!("ssm:{action}"), format!("arn:aws:ssm:us-east-1:000000000000:parameter{name}"), None)]
        }
        "mail" => {
            let fields: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
            let address = fields["Source"].rsplit('<').next().unwrap().trim_end_matches('>');
            let address = address.replace(SENDERS[0], SENDERS[1]);
            // SES asks about the sender's identity and about the configuration set.
            let of = |resource: &str| {
                let resource = format!("arn:aws:ses:us-east-1:000000000000:{resource}");
                call(format!("ses:{}", fields["Action"]), resource, Some(("ses:FromAddress", address.clone())))
            };
            let set = fields.get("ConfigurationSetName").map(|set| of(&format!("configuration-set/{set}")));
            std::iter::once(of(&format!("identity/{address}"))).chain(set).collect()
        }
        _ => Vec::new(),
    }
}

/// The partition that a table's request is about.
fn partition(body: &[u8]) -> Option<String> {
    let asked: Value = serde_json::from_slice(body).ok()?;
    let of_query = asked["ExpressionAttributeValues"].as_object().and_then(|values| {
        let condition = asked["KeyConditionExpression"].as_str()?;
        let (_, value) = condition.split_once("= ")?;
        values.get(value.split_whitespace().next()?)
    });
    let places = [Some(&asked["Key"]["pk"]), Some(&asked["Item"]["pk"]), of_query];
    places.into_iter().flatten().find_map(|value| value["S"].as_str().map(str::to_owned))
}

/// Refuses what the role of the function, or the policy of the person, that asks does not allow, and keeps what was
/// refused.
pub(crate) fn roles(bucket: &str, refused: Arc<Mutex<Vec<String>>>) -> Refuse {
    let policies = [ROLES[0], ROLES[1], ROLES[2], CLERK]
        .map(|(function, role)| (format!("Credential={function}/"), role, Policy::of(role)));
    let bucket = bucket.to_owned();
    Box::new(move |seen, body| {
        let (_, role, policy) = policies.iter().find(|(credential, ..)| seen.who.contains(credential))?;
        let call = calls(seen, body, &bucket).into_iter().find(|call| !policy.allows(call))?;
        refused.lock().unwrap().push(format!("{role} may not {} on {}", call.action, call.resource));
        Some(denied(&seen.target, &call.action, &call.resource))
    })
}

/// The answer that AWS gives to a role that may not do something.
pub(crate) fn denied(target: &str, action: &str, resource: &str) -> Response {
    let message = format!(
        "User: arn:aws:sts::000000000000:assumed-role/Truecount/function is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
    );
    let (status, kind, body) = match target {
        "archive" => (
            403,
            "application/xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>{message}</Message><RequestId>r</RequestId></Error>"
            ),
        ),
        "mail" => (
            403,
            "text/xml",
            format!(
                "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
            ),
        ),
        _ => (
            400,
            "application/x-amz-json-1.1",
            json!({ "__type": "com.amazon.coral.service#AccessDeniedException", "Message": message }).to_string(),
        ),
    };
    Response::builder().status(status).header("content-type", kind).body(Body::from(body)).unwrap()
}
