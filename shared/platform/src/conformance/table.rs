//! What every table must do. Deliberately absent: throttling and lost answers, which no emulator plays: those are
//! tested against a table that misbehaves on purpose.

use tokio::task::JoinSet;

use super::{RACERS, fresh};
use truecount_billing::Remedy;

use crate::{CreateOutcome, PortErrorKind, Row, Table, TableError, Value};

/// Rows come back as they went; conditions hold, also when raced; order, prefixes, pages and batches are whole.
///
/// # Panics
/// If the table does not conform.
pub async fn table(table: &Table) {
    values(table).await;
    new_rows(table).await;
    conditions(table).await;
    fences(table).await;
    deletions(table).await;
    order(table).await;
    odd_keys(table).await;
    batches(table).await;
    pages(table).await;
}

/// Every call on a table that is not there says so, with its name and what to do.
///
/// # Panics
/// If the backend does not conform.
pub async fn missing_table(table: &Table) {
    let row = || Row::new("p", "s");
    let keys = [("p".to_owned(), "s".to_owned())];
    let equals = Value::Number(1);
    let refusals: [(&str, Option<TableError>); 10] = [
        ("get", table.get("p", "s").await.err()),
        ("put", table.put(row()).await.err()),
        ("put_new", table.put_new(row()).await.err()),
        ("put_if", table.put_if(row(), "a", &equals).await.err()),
        ("put_fenced", table.put_fenced(row(), 1).await.err()),
        ("delete_if", table.delete_if("p", "s", "a", &equals).await.err()),
        ("query", table.query("p", "").await.err()),
        ("last", table.last("p", "", None).await.err()),
        ("batch_put", table.batch_put(vec![row()]).await.err()),
        ("batch_get", table.batch_get(&keys).await.err()),
    ];
    for (call, refusal) in refusals {
        let refusal = refusal.expect(call);
        assert!(matches!(refusal.cause, PortErrorKind::Missing(_)), "{call}: {refusal}");
        assert_eq!(refusal.remedy(), Remedy::FixConfiguration, "{call}");
        let text = refusal.to_string();
        assert!(text.contains(table.name()) && text.contains("does not exist") && text.contains("create it"), "{text}");
    }
}

async fn values(table: &Table) {
    let pk = fresh("values");
    assert_eq!(table.get(&pk, "s").await.expect("get"), None, "no row");
    let full = Row::new(&pk, "s")
        .with("empty", "")
        .with("text", "Łódź \u{1F9FE}\r\n\0 end")
        .with("least", i64::MIN)
        .with("most", i64::MAX)
        .with("zero", 0)
        .with("bytes", (0..=255).collect::<Vec<u8>>())
        .with("no bytes", Vec::new())
        .with("many bytes", vec![7; 300_000])
        .with("yes", true)
        .with("no", false);
    table.put(full.clone()).await.expect("a row of every kind of value");
    assert!(table.get(&pk, "s").await.expect("get") == Some(full), "a row comes back as it went");
    let other = Row::new(&pk, "s").with("only", "this");
    table.put(other.clone()).await.expect("put again");
    assert_eq!(table.get(&pk, "s").await.expect("get"), Some(other), "a put replaces the whole row");
    assert_eq!(table.get(&pk, "t").await.expect("get"), None, "another row");
}

async fn new_rows(table: &Table) {
    let pk = fresh("new");
    let first = Row::new(&pk, "twice").with("by", "first");
    assert_eq!(table.put_new(first.clone()).await.expect("put new"), CreateOutcome::Created);
    assert_eq!(
        table.put_new(Row::new(&pk, "twice").with("by", "second")).await.expect("put new"),
        CreateOutcome::AlreadyExists
    );
    assert_eq!(table.get(&pk, "twice").await.expect("get"), Some(first), "the second changes nothing");

    let won = race(|racer| {
        let (table, row) = (table.clone(), Row::new(&pk, "raced").with("by", racer));
        async move { matches!(table.put_new(row).await, Ok(CreateOutcome::Created)) }
    })
    .await;
    assert_eq!(won.len(), 1, "of {RACERS} at once one wins: {won:?}");
    let row = table.get(&pk, "raced").await.expect("read").expect("a row");
    assert_eq!(row.number("by"), won.first().copied(), "the row is the winner's");
}

async fn conditions(table: &Table) {
    let pk = fresh("if");
    let row = |n: i64| Row::new(&pk, "s").with("n", n);
    assert!(!table.put_if(row(1), "n", &Value::Number(0)).await.expect("put if"), "no row, no condition met");
    assert_eq!(table.get(&pk, "s").await.expect("get"), None, "nothing was written");
    table.put(row(0)).await.expect("put");
    for (attribute, value, met) in [
        ("n", Value::Number(7), false),
        ("n", Value::Text("0".to_owned()), false),
        ("other", Value::Number(0), false),
        ("n", Value::Number(0), true),
    ] {
        assert_eq!(table.put_if(row(1), attribute, &value).await.expect("put if"), met, "{attribute} = {value:?}");
    }
    for (sk, value) in
        [("text", Value::Text("x".to_owned())), ("bytes", Value::Bytes(vec![0, 1])), ("flag", Value::Flag(false))]
    {
        let row = Row::new(&pk, sk).with("size", value.clone());
        table.put(row.clone()).await.expect("put");
        // `size` is a word of DynamoDB's own.
        assert!(table.put_if(row, "size", &value).await.expect("put if"), "{value:?}");
    }

    let won = race(|racer| {
        let (table, row) = (table.clone(), Row::new(&pk, "s").with("n", 100 + racer));
        async move { matches!(table.put_if(row, "n", &Value::Number(1)).await, Ok(true)) }
    })
    .await;
    assert_eq!(won.len(), 1, "of {RACERS} at once one sees the old value: {won:?}");
    let row = table.get(&pk, "s").await.expect("read").expect("a row");
    assert_eq!(row.number("n"), won.first().map(|racer| 100 + racer), "the row is the winner's");
}

async fn fences(table: &Table) {
    let pk = fresh("fence");
    for (lease, by, written) in [(5, "a", true), (5, "b", true), (4, "c", false), (6, "d", true), (-1, "e", false)] {
        let done = table.put_fenced(Row::new(&pk, "s").with("by", by), lease).await;
        assert_eq!(done.expect("put fenced"), written, "lease {lease} by {by}");
    }
    let last = Row::new(&pk, "s").with("by", "d").with("lease", 6);
    assert_eq!(table.get(&pk, "s").await.expect("get"), Some(last));
    let unfenced = Row::new(&pk, "unfenced").with("by", "x");
    table.put(unfenced.clone()).await.expect("put");
    assert!(
        !table.put_fenced(Row::new(&pk, "unfenced"), 9).await.expect("put fenced"),
        "a row without a lease is left alone"
    );
    assert_eq!(table.get(&pk, "unfenced").await.expect("get"), Some(unfenced));

    let written = race(|racer| {
        let table = table.clone();
        let row = Row::new(&pk, "raced").with("by", racer);
        async move { matches!(table.put_fenced(row, racer).await, Ok(true)) }
    })
    .await;
    let greatest = i64::try_from(RACERS).expect("small") - 1;
    assert!(written.contains(&greatest), "the greatest lease is never refused: {written:?}");
    let row = table.get(&pk, "raced").await.expect("read").expect("a row");
    assert_eq!((row.number("lease"), row.number("by")), (Some(greatest), Some(greatest)), "and is what stays");
}

async fn deletions(table: &Table) {
    let pk = fresh("delete");
    let holder = Value::Text("me".to_owned());
    assert!(!table.delete_if(&pk, "s", "holder", &holder).await.expect("delete if"), "no row");
    table.put(Row::new(&pk, "s").with("holder", "other")).await.expect("put");
    assert!(!table.delete_if(&pk, "s", "holder", &holder).await.expect("delete if"), "another's");
    assert!(table.get(&pk, "s").await.expect("read").is_some(), "it stays");
    table.put(Row::new(&pk, "s").with("holder", "me")).await.expect("put");
    assert!(table.delete_if(&pk, "s", "holder", &holder).await.expect("delete if"));
    assert_eq!(table.get(&pk, "s").await.expect("get"), None);
}

async fn order(table: &Table) {
    let pk = fresh("order");
    // Bytes, not letters: capitals first, then small ones, then what is not ASCII.
    let keys = ["A#1", "A#10", "A#2", "A#2#x", "A$", "B#1", "a#1", "é", "\u{1F9FE}"];
    for sk in keys.iter().rev() {
        table.put(Row::new(&pk, *sk)).await.expect("put");
    }
    table.put(Row::new(format!("{pk}x"), "A#3")).await.expect("put in another partition");
    for (prefix, expected) in
        [("", &keys[..]), ("A", &keys[..5]), ("A#", &keys[..4]), ("A#2", &keys[2..4]), ("é", &keys[7..8]), ("C", &[])]
    {
        let rows = table.query(&pk, prefix).await.expect("query");
        let found: Vec<&str> = rows.iter().map(|row| row.sk.as_str()).collect();
        assert_eq!(found, expected, "everything that begins with `{prefix}`, in order");
    }
    for (prefix, not_after, expected) in [
        ("", None, Some("\u{1F9FE}")),
        ("A#", None, Some("A#2#x")),
        ("A#", Some("A#2"), Some("A#2")),
        ("A#", Some("A#2~"), Some("A#2#x")),
        ("A#", Some("A#1~"), Some("A#10")),
        ("A#", Some("A#11"), Some("A#10")),
        ("A#", Some("A#0"), None),
        ("A#", Some("A"), None),
        ("A#", Some(""), None),
        ("A#", Some("z"), Some("A#2#x")),
        ("", Some("B"), Some("A$")),
        ("C", None, None),
    ] {
        let row = table.last(&pk, prefix, not_after).await.expect("last");
        let found = row.as_ref().map(|row| row.sk.as_str());
        assert_eq!(found, expected, "the last with `{prefix}` not after {not_after:?}");
    }
}

async fn odd_keys(table: &Table) {
    let pk = fresh("odd");
    let long = "k".repeat(1_024);
    for sk in ["a b", "a/b", "../x", "#:v", "%41", "\"'\\", "{}", "a\tb\n", "日本", long.as_str()] {
        let row = Row::new(format!("{pk} {{\"#\"}} é"), sk).with("#a", "x").with(":v", "y").with("a.b[0]", "z");
        assert_eq!(table.put_new(row.clone()).await.expect("put new"), CreateOutcome::Created, "{sk:?}");
        let at = (row.pk.clone(), row.sk.clone());
        assert_eq!(table.get(&at.0, &at.1).await.expect("get"), Some(row.clone()), "{sk:?}");
        assert!(table.put_if(row.clone(), "a.b[0]", &Value::Text("z".to_owned())).await.expect("put if"), "{sk:?}");
        assert_eq!(table.batch_get(&[at]).await.expect("batch get"), vec![row], "{sk:?}");
    }
}

async fn batches(table: &Table) {
    let pk = fresh("batch");
    let row =
        |n: usize| Row::new(format!("{pk}-{}", n % 3), format!("{n:04}")).with("n", i64::try_from(n).expect("small"));
    table.batch_put(Vec::new()).await.expect("batch put");
    assert_eq!(table.batch_get(&[]).await.expect("batch get"), Vec::new(), "nothing");
    table.batch_put((0..26).map(row).collect()).await.expect("one more than a batch holds");
    let mut rows: Vec<Row> = (26..130).map(row).collect();
    rows.insert(0, row(40).with("n", -1));
    rows.push(row(41).with("late", true));
    table.batch_put(rows).await.expect("the same key twice");

    let mut keys: Vec<(String, String)> = (0..131).rev().map(row).map(|row| (row.pk, row.sk)).collect();
    keys.push(keys[7].clone());
    let mut expected: Vec<Row> = (0..130).map(|n| if n == 41 { row(n).with("late", true) } else { row(n) }).collect();
    expected.sort_by(|a, b| (&a.pk, &a.sk).cmp(&(&b.pk, &b.sk)));
    let found = table.batch_get(&keys).await.expect("131 keys, one of no row, one twice");
    assert!(found == expected, "all that are there, once each, in the order of their keys; of two writes the later");
}

async fn pages(table: &Table) {
    let pk = fresh("pages");
    let row = |n: u8| Row::new(&pk, format!("{n:03}")).with("bytes", vec![n; 60_000]);
    let rows: Vec<Row> = (0..40).map(row).collect();
    table.batch_put(rows.clone()).await.expect("2.4 MB");
    assert!(
        table.query(&pk, "").await.expect("query") == rows.clone(),
        "more than the 1 MB of one page, whole and in order"
    );
    let keys: Vec<(String, String)> = rows.iter().map(|row| (row.pk.clone(), row.sk.clone())).collect();
    assert!(table.batch_get(&keys).await.expect("batch get") == rows, "2.4 MB in one batch");
}

/// Runs all at once; gives those who won, in order.
async fn race<F>(mut racer: impl FnMut(i64) -> F) -> Vec<i64>
where
    F: Future<Output = bool> + Send + 'static,
{
    let mut racers = JoinSet::new();
    for number in 0..i64::try_from(RACERS).expect("small") {
        let run = racer(number);
        racers.spawn(async move { run.await.then_some(number) });
    }
    let mut won: Vec<i64> = racers.join_all().await.into_iter().flatten().collect();
    won.sort_unstable();
    won
}
