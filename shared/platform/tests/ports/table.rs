//! The table when DynamoDB takes only part of a batch, slows down, or answers into the void.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use truecount_platform::{CreateOutcome, PortErrorKind, Row, Table, TableError, Value, aws};

use crate::server::{Answer, Request, Server};

const JSON: &str = "application/x-amz-json-1.0";

fn table(server: &Server) -> Table {
    aws::local_table(&server.url, "counts")
}

fn reply(body: &Json) -> Answer {
    Answer::Reply(200, JSON, body.to_string())
}

fn error(code: &str) -> Answer {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "why it is so" });
    Answer::Reply(if code == "InternalServerError" { 500 } else { 400 }, JSON, body.to_string())
}

fn body(request: &Request) -> Json {
    serde_json::from_str(&request.body).expect("JSON")
}

fn rows(count: i64) -> Vec<Row> {
    (0..count).map(|n| Row::new("p", format!("{n:05}")).with("n", n)).collect()
}

/// A table that leaves of every batch what `leaves` says of a row and of how often that row has come.
async fn forgetful(
    leaves: impl Fn(&str, usize) -> bool + Send + 'static,
) -> (Server, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let (stored, storing) = tokio::sync::mpsc::unbounded_channel();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let server = Server::start(move |_, request| {
        let body = body(&request);
        let reading = request.head.contains("BatchGetItem");
        let asked = if reading { &body["RequestItems"]["counts"]["Keys"] } else { &body["RequestItems"]["counts"] };
        let asked = asked.as_array().expect("rows");
        assert!(asked.len() <= if reading { 100 } else { 25 }, "{} in one batch", asked.len());
        let (mut left, mut done) = (Vec::new(), Vec::new());
        for one in asked {
            let item = if reading { one } else { &one["PutRequest"]["Item"] };
            let sk = item["sk"]["S"].as_str().expect("a key").to_owned();
            let times = seen.entry(sk.clone()).or_default();
            *times += 1;
            if leaves(&sk, *times) {
                left.push(one.clone());
            } else {
                stored.send(sk).expect("the test listens");
                done.push(item.clone());
            }
        }
        reply(&match (reading, left.is_empty()) {
            (true, true) => json!({ "Responses": { "counts": done }, "UnprocessedKeys": {} }),
            (true, false) => {
                json!({ "Responses": { "counts": done }, "UnprocessedKeys": { "counts": { "Keys": left } } })
            }
            (false, true) => json!({ "UnprocessedItems": {} }),
            (false, false) => json!({ "UnprocessedItems": { "counts": left } }),
        })
    })
    .await;
    (server, storing)
}

#[tokio::test]
async fn what_a_batch_leaves_is_brought_again() {
    type Leaves = fn(&str, usize) -> bool;
    let cases: [(&str, Leaves); 4] = [
        ("nothing", |_, _| false),
        ("every third, once", |sk, times| sk.ends_with(['0', '3', '6', '9']) && times == 1),
        ("everything, twice", |_, times| times <= 2),
        ("one, five times", |sk, times| sk == "00030" && times <= 5),
    ];
    for (name, leaves) in cases {
        let (server, mut storing) = forgetful(leaves).await;
        table(&server).batch_put(rows(60)).await.expect(name);
        storing.close();
        let mut stored = Vec::new();
        while let Some(sk) = storing.recv().await {
            stored.push(sk);
        }
        stored.sort();
        let all: Vec<String> = rows(60).into_iter().map(|row| row.sk).collect();
        assert_eq!(stored, all, "{name}: every row is taken, once");

        let (server, _storing) = forgetful(leaves).await;
        let keys: Vec<(String, String)> = rows(130).into_iter().map(|row| (row.pk, row.sk)).collect();
        let read = table(&server).batch_get(&keys).await.expect(name);
        let read: Vec<&str> = read.iter().map(|row| row.sk.as_str()).collect();
        assert_eq!(
            read,
            keys.iter().map(|(_, sk)| sk.as_str()).collect::<Vec<_>>(),
            "{name}: every row is given, once"
        );
    }
}

#[tokio::test]
async fn a_table_that_takes_nothing_more_is_an_error_in_the_end() {
    let (server, _storing) = forgetful(|sk, _| sk == "00007").await;
    let refused = table(&server).batch_put(rows(30)).await.expect_err("one row stays");
    assert!(
        matches!(&refused.cause, PortErrorKind::Throttled(why) if why.to_string().starts_with("1 row")),
        "{refused}"
    );
    assert!(server.count() < 30, "{} requests", server.count());
    let (server, _storing) = forgetful(|sk, _| sk == "00007").await;
    let refused = table(&server).batch_get(&[("p".into(), "00007".into())]).await.expect_err("one row stays");
    assert!(matches!(refused.cause, PortErrorKind::Throttled(_)), "{refused}");
}

/// A table of one row, whose `n` is `held`, that plays a script of answers to conditional writes.
async fn scripted(held: Option<i64>, answers: Vec<Answer>) -> Server {
    let mut writes = 0;
    Server::start(move |_, request| {
        if request.head.contains("DynamoDB_20120810.GetItem") {
            let item = json!({ "pk": { "S": "p" }, "sk": { "S": "s" }, "n": { "N": held.unwrap_or(0).to_string() } });
            return reply(&if held.is_some() { json!({ "Item": item }) } else { json!({}) });
        }
        writes += 1;
        answers[(writes - 1).min(answers.len() - 1)].clone()
    })
    .await
}

#[tokio::test]
async fn a_lost_answer_is_not_taken_for_a_lost_race() {
    let done = || reply(&json!({}));
    let unmet = || error("ConditionalCheckFailedException");
    let row = || Row::new("p", "s").with("n", 7);
    let old = Value::Number(6);
    for (name, held, answers, won) in [
        ("done", None, vec![done()], true),
        ("lost the race", Some(7), vec![unmet()], false),
        ("done at the second try", None, vec![Answer::Cut, done()], true),
        ("done, answer lost", Some(7), vec![Answer::Cut, unmet()], true),
        ("done, answer was a 500", Some(7), vec![error("InternalServerError"), unmet()], true),
        ("not heard, another won", Some(8), vec![Answer::Cut, unmet()], false),
        ("slowed down, another won", Some(7), vec![error("ThrottlingException"), unmet()], false),
        (
            "slowed down thrice",
            None,
            vec![error("ProvisionedThroughputExceededException"), error("ThrottlingException"), Answer::Cut, done()],
            true,
        ),
    ] {
        let server = scripted(held, answers.clone()).await;
        let placed = if won { CreateOutcome::Created } else { CreateOutcome::AlreadyExists };
        assert_eq!(table(&server).put_new(row()).await.expect("put new"), placed, "put_new: {name}");
        let server = scripted(held, answers.clone()).await;
        assert_eq!(table(&server).put_if(row(), "n", &old).await.expect("put if"), won, "put_if: {name}");
    }
    for (name, held, answers, gone) in [
        ("deleted, answer lost", None, vec![Answer::Cut, unmet()], true),
        ("another's", Some(8), vec![Answer::Cut, unmet()], false),
        ("not met", None, vec![unmet()], false),
    ] {
        let server = scripted(held, answers).await;
        assert_eq!(table(&server).delete_if("p", "s", "n", &old).await.expect("delete if"), gone, "delete_if: {name}");
    }
}

#[tokio::test]
async fn each_refusal_has_its_cause_and_its_number_of_tries() {
    type Is = fn(&PortErrorKind) -> bool;
    let cases: [(Answer, Is, &str, BTreeSet<usize>); 6] = [
        (
            error("ResourceNotFoundException"),
            |cause| matches!(cause, PortErrorKind::Missing(_)),
            "does not exist in region us-east-1",
            [1].into(),
        ),
        (error("AccessDeniedException"), |cause| matches!(cause, PortErrorKind::Denied(_)), "why it is so", [1].into()),
        (
            error("ValidationException"),
            |cause| matches!(cause, PortErrorKind::Invalid(_)),
            "ValidationException: why it is so",
            [1].into(),
        ),
        (
            error("ThrottlingException"),
            |cause| matches!(cause, PortErrorKind::Throttled(_)),
            "rate limited",
            (2..=6).collect(),
        ),
        (
            error("InternalServerError"),
            |cause| matches!(cause, PortErrorKind::Unreachable(_)),
            "no usable answer",
            (2..=6).collect(),
        ),
        (Answer::Cut, |cause| matches!(cause, PortErrorKind::Unreachable(_)), "no usable answer", (2..=6).collect()),
    ];
    for (answer, is, words, tries) in cases {
        let server = Server::script(vec![answer.clone()]).await;
        let check = |call: &str, refused: Option<TableError>, requests: usize| {
            let refused = refused.expect(call);
            assert!(is(&refused.cause), "{call}: {refused}");
            assert!(refused.to_string().contains(words), "{call}: {refused}");
            assert!(refused.to_string().contains("`p / s` in the table `counts`"), "{call}: {refused}");
            assert!(tries.contains(&requests), "{call}: {requests} requests for {answer:?}");
        };
        let table = table(&server);
        let refused = table.get("p", "s").await.err();
        check("get", refused, server.count());
        let before = server.count();
        let refused = table.put_new(Row::new("p", "s")).await.err();
        check("put_new", refused, server.count() - before);
    }
}

#[tokio::test]
async fn stored_data_of_another_form_is_refused() {
    let odd = json!({ "pk": { "S": "p" }, "sk": { "S": "s" }, "price": { "N": "1.5" } });
    let server = Server::script(vec![reply(&json!({ "Item": odd }))]).await;
    let refused = table(&server).get("p", "s").await.expect_err("a fraction");
    assert!(
        matches!(&refused.cause, PortErrorKind::Unreadable(why) if why.to_string().contains("`price`")),
        "{refused}"
    );
}
