//! The conformance suites against endpoints that the environment names; without one they are ignored, and say so.
//!
//! `TRUECOUNT_TEST_ENDPOINT` is one endpoint for all of DynamoDB, S3, SES and SSM, such as an emulator on loopback.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ssm::{
    config::{Credentials, SharedCredentialsProvider},
    types::ParameterType,
};
use truecount_billing::SourceId;
use truecount_platform::{
    Archive, Mail, MailError, Mailer, SecretError, Secrets,
    aws::{self, Aws, Endpoints},
    conformance, endpoint,
};

const VARIABLE: &str = "TRUECOUNT_TEST_ENDPOINT";

/// The endpoint, and the backends behind it.
fn backends() -> (Aws, String) {
    let url = std::env::var(VARIABLE).expect(VARIABLE);
    let endpoint = Some(endpoint::checked(&url).expect("an endpoint that may be used"));
    let endpoints =
        Endpoints { table: endpoint.clone(), archive: endpoint.clone(), mailer: endpoint.clone(), secrets: endpoint };
    (aws::local(endpoints), url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs TRUECOUNT_TEST_ENDPOINT; .ci/contract sets it"]
async fn table() {
    let (aws, _) = backends();
    let table = aws.table("truecount-conformance");
    table.create_if_missing().await.expect("made");
    table.create_if_missing().await.expect("is there");
    conformance::table(&table).await;
    conformance::missing_table(&aws.table("truecount-missing")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs TRUECOUNT_TEST_ENDPOINT; .ci/contract sets it"]
async fn archive() {
    let (aws, _) = backends();
    let archive = aws.archive("truecount-conformance");
    archive.create_if_missing().await.expect("made");
    archive.create_if_missing().await.expect("is there");
    conformance::archive(Arc::new(archive)).await;
    let refused = aws.archive("truecount-missing").get("a").await.expect_err("no bucket");
    assert!(refused.to_string().contains("the bucket does not exist"), "{refused}");
}

#[tokio::test]
#[ignore = "needs TRUECOUNT_TEST_ENDPOINT; .ci/contract sets it"]
async fn mailer() {
    let (aws, url) = backends();
    let unverified = Mail {
        key: "k".to_owned(),
        attempt: 1,
        from: "stranger@example.com".to_owned(),
        to: vec!["finance@example.com".to_owned()],
        raw: b"Subject: x\r\n\r\nx".to_vec(),
    };
    let refused = aws.mailer().send(&unverified).await.expect_err("not verified");
    assert!(matches!(&refused, MailError::NotSent(why) if why.to_string().contains("not verified")), "{refused}");
    let ses = aws_sdk_ses::Client::new(&config(&url));
    ses.verify_email_identity().email_address("truecount@example.com").send().await.expect("verified");
    conformance::mailer(&aws.mailer()).await;
    let sent = ses.get_send_quota().send().await.expect("a quota").sent_last24_hours;
    assert_eq!(sent.to_string(), "2", "one mail for each send that was accepted");
}

#[tokio::test]
#[ignore = "needs TRUECOUNT_TEST_ENDPOINT; .ci/contract sets it"]
async fn secrets() {
    let (aws, url) = backends();
    let id = |source: &str| SourceId::new(source).expect("an id");
    let secrets = aws.secrets("/truecount/conformance/");
    let ssm = aws_sdk_ssm::Client::new(&config(&url));
    let planted = r#"{"client_id":"an id","client_secret":"c4n4ry \"quoted\" é"}"#;
    for (source, kind, value) in [
        ("pax8-uk", ParameterType::SecureString, planted),
        ("plain", ParameterType::String, planted),
        ("broken", ParameterType::SecureString, "c4n4ry"),
    ] {
        let name = secrets.parameter(&id(source));
        assert_eq!(name, format!("/truecount/conformance/sources/{source}"));
        let put = ssm.put_parameter().name(name).value(value).r#type(kind).overwrite(true);
        put.send().await.expect("planted");
    }
    let fields = [("client_id", "an id"), ("client_secret", "c4n4ry \"quoted\" é")];
    conformance::secrets(&secrets, &id("pax8-uk"), &fields, &id("missing")).await;
    for source in ["plain", "broken"] {
        let refused = secrets.source(&id(source)).await.map(|_| ()).expect_err(source);
        assert!(matches!(refused, SecretError::Unusable { .. }), "{refused}");
        assert!(!format!("{refused} {refused:?}").contains("c4n4ry"), "{refused}");
    }
}

fn config(url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("local", "local", None, None, "test")))
        .endpoint_url(url)
        .build()
}
