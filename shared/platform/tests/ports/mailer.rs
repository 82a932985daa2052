//! One send is one request, whatever becomes of it, and the outcome says whether a mail may have gone.

use std::time::Duration;

use truecount_platform::{
    Mail, MailError, Mailer,
    aws::{self, Endpoints, SesMailer},
};
use url::Url;

use crate::server::{Answer, Server};

fn mailer(url: &Url) -> SesMailer {
    aws::local(Endpoints { mailer: Some(url.clone()), ..Endpoints::default() }).mailer().within(Duration::from_secs(2))
}

fn mail() -> Mail {
    Mail {
        key: "2026-11-1-finance".to_owned(),
        attempt: 1,
        from: "truecount@example.com".to_owned(),
        to: vec!["a@example.com".to_owned(), "b@example.com".to_owned()],
        raw: b"Subject: x\r\n\r\nx".to_vec(),
    }
}

fn accepted() -> String {
    "<SendRawEmailResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><SendRawEmailResult><MessageId>id-1\
     </MessageId></SendRawEmailResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></SendRawEmailResponse>"
        .to_owned()
}

fn refused(status: u16, code: &str) -> Answer {
    let body = format!(
        "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>why it is so</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    );
    Answer::Reply(status, "text/xml", body)
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Sent,
    NotSent,
    Unknown,
}

#[tokio::test]
async fn every_outcome_takes_one_request() {
    let ok = |body: &str| Answer::Reply(200, "text/xml", body.to_owned());
    for (name, answer, outcome, words) in [
        ("accepted", ok(&accepted()), Outcome::Sent, "id-1"),
        ("accepted, then cut off", Answer::Cut, Outcome::Unknown, ""),
        ("accepted, answer cut short", Answer::CutBody(accepted()), Outcome::Unknown, ""),
        ("accepted, never answered", Answer::Silence, Outcome::Unknown, ""),
        ("accepted, answer not readable", ok("<html>busy</html>"), Outcome::Unknown, ""),
        ("500", refused(500, "InternalFailure"), Outcome::Unknown, "why it is so"),
        ("503", refused(503, "ServiceUnavailable"), Outcome::Unknown, "why it is so"),
        ("502 of a proxy", Answer::Reply(502, "text/html", "<html>bad</html>".into()), Outcome::Unknown, "502"),
        ("408", refused(408, "RequestTimeout"), Outcome::Unknown, "why it is so"),
        ("302", Answer::Reply(302, "text/html", String::new()), Outcome::Unknown, ""),
        ("rejected", refused(400, "MessageRejected"), Outcome::NotSent, "MessageRejected: why it is so"),
        ("throttled", refused(400, "Throttling"), Outcome::NotSent, "Throttling"),
        ("too many", refused(429, "TooManyRequestsException"), Outcome::NotSent, "TooMany"),
        ("paused", refused(400, "AccountSendingPausedException"), Outcome::NotSent, "Paused"),
        ("not valid", refused(400, "ValidationError"), Outcome::NotSent, "ValidationError"),
        ("denied", refused(403, "AccessDenied"), Outcome::NotSent, "AccessDenied"),
        ("403 of a proxy", Answer::Reply(403, "text/html", "<html>no</html>".into()), Outcome::NotSent, "403"),
    ] {
        let server = Server::script(vec![answer]).await;
        let (found, text) = match mailer(&server.url).send(&mail()).await {
            Ok(id) => (Outcome::Sent, id),
            Err(error @ MailError::NotSent(_)) => (Outcome::NotSent, error.to_string()),
            Err(error @ MailError::DeliveryUnknown(_)) => (Outcome::Unknown, error.to_string()),
        };
        assert_eq!(found, outcome, "{name}: {text}");
        assert!(text.contains(words), "{name}: {text}");
        assert_eq!(server.count(), 1, "{name}: requests");
    }
}

#[tokio::test]
async fn what_makes_no_connection_was_not_sent() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let not_tls = format!("https://{}", listener.local_addr().expect("an address"));
    let hang_up = tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            drop(connection);
        }
    });
    for url in [closed.as_str(), not_tls.as_str(), "https://no-such-host.invalid/"] {
        let answer = mailer(&Url::parse(url).expect("a URL")).send(&mail()).await;
        assert!(matches!(answer, Err(MailError::NotSent(_))), "{url}: {answer:?}");
    }
    hang_up.abort();
}

#[tokio::test]
async fn the_message_goes_out_as_it_is() {
    let (seen, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_, request| {
        seen.send(request).expect("the test listens");
        Answer::Reply(200, "text/xml", accepted())
    })
    .await;
    mailer(&server.url).send(&mail()).await.expect("sent");
    let body = requests.recv().await.expect("a request").body;
    for part in [
        "Action=SendRawEmail",
        "Source=truecount%40example.com",
        "Destinations.member.1=a%40example.com",
        "Destinations.member.2=b%40example.com",
        // `Subject: x\r\n\r\nx` in base64.
        "RawMessage.Data=U3ViamVjdDogeA0KDQp4",
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
    assert!(!body.contains("ConfigurationSetName"), "the sender's own: {body}");
    let named = mailer(&server.url).in_configuration_set(Some("prod".to_owned()));
    named.send(&mail()).await.expect("sent");
    let body = requests.recv().await.expect("a request").body;
    assert!(body.contains("ConfigurationSetName=prod"), "{body}");
}
