//! S3 when it is in the way: conflicts, cut bodies, missing buckets.

use tokio::io::AsyncReadExt;
use truecount_platform::{
    Archive, CreateOutcome, PortErrorKind,
    aws::{self, Endpoints, S3Archive},
};

use crate::server::{Answer, Server};

fn archive(server: &Server) -> S3Archive {
    aws::local(Endpoints { archive: Some(server.url.clone()), ..Endpoints::default() }).archive("bucket")
}

fn ok() -> Answer {
    Answer::Reply(200, "application/xml", String::new())
}

fn error(status: u16, code: &str) -> Answer {
    Answer::Reply(status, "application/xml", format!("<Error><Code>{code}</Code><Message>why</Message></Error>"))
}

#[tokio::test]
async fn a_conflict_is_retried_and_an_existing_key_is_reported() {
    let conflict = || error(409, "ConditionalRequestConflict");
    let taken = || error(412, "PreconditionFailed");
    for (answers, placed, requests) in [
        (vec![ok()], CreateOutcome::Created, 1),
        (vec![taken()], CreateOutcome::AlreadyExists, 1),
        (vec![conflict(), conflict(), ok()], CreateOutcome::Created, 3),
        (vec![conflict(), taken()], CreateOutcome::AlreadyExists, 2),
        (vec![error(503, "SlowDown"), Answer::Cut, ok()], CreateOutcome::Created, 3),
    ] {
        let server = Server::script(answers.clone()).await;
        assert_eq!(archive(&server).put_new("a/b.csv", b"x".to_vec()).await.expect("put new"), placed, "{answers:?}");
        assert_eq!(server.count(), requests, "{answers:?}");
    }
    let server = Server::script(vec![conflict()]).await;
    let refused = archive(&server).put_new("a/b.csv", b"x".to_vec()).await.expect_err("for ever");
    assert!(matches!(refused.cause, PortErrorKind::Throttled(_)), "{refused}");
    assert!(refused.to_string().starts_with("writing `s3://bucket/a/b.csv`: "), "{refused}");
    assert!((2..20).contains(&server.count()), "{} requests", server.count());
}

#[tokio::test]
async fn a_new_file_is_asked_for_with_its_condition_and_type() {
    let (seen, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_, request| {
        seen.send(request.head.to_ascii_lowercase()).expect("the test listens");
        ok()
    })
    .await;
    let archive = archive(&server);
    archive.put_new("a/b.csv", b"x".to_vec()).await.expect("new");
    let head = requests.recv().await.expect("a request");
    assert!(head.starts_with("put /bucket/a/b.csv"), "the bucket is in the path: {head}");
    assert!(head.contains("if-none-match: *") && head.contains("content-type: text/csv; charset=utf-8"), "{head}");
    archive.put("config/settings.toml", b"x".to_vec()).await.expect("put");
    let head = requests.recv().await.expect("a request");
    assert!(!head.contains("if-none-match"), "{head}");
}

#[tokio::test]
async fn half_a_file_is_no_file() {
    let server = Server::script(vec![Answer::CutBody("x".repeat(100_000))]).await;
    let refused = archive(&server).get("a").await.expect_err("cut");
    assert!(matches!(refused.cause, PortErrorKind::Unreachable(_)), "{refused}");
    let mut file = archive(&server).open("a").await.expect("begun").expect("a file");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).await.expect_err("cut");
}

#[tokio::test]
async fn a_missing_file_and_a_missing_bucket_differ() {
    let server = Server::script(vec![error(404, "NoSuchKey")]).await;
    assert_eq!(archive(&server).get("a").await.expect("get"), None);
    let server = Server::script(vec![error(404, "NoSuchBucket")]).await;
    let archive_of_none = archive(&server);
    for refused in [
        archive_of_none.get("a").await.map(|_| ()),
        archive_of_none.put_new("a", Vec::new()).await.map(|_| ()),
        archive_of_none.list("a").await.map(|_| ()),
    ] {
        let refused = refused.expect_err("no bucket");
        assert!(
            matches!(&refused.cause, PortErrorKind::Missing(why) if why.to_string().contains("does not exist")),
            "{refused}"
        );
        assert!(refused.to_string().contains("s3://bucket/a"), "{refused}");
    }
    let server = Server::script(vec![error(403, "AccessDenied")]).await;
    let refused = archive(&server).get("a").await.expect_err("denied");
    assert!(matches!(refused.cause, PortErrorKind::Denied(_)), "{refused}");
    assert_eq!(server.count(), 1, "a denial is not tried again");
}
