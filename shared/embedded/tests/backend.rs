//! A folder as a backend: the conformance suites of every port, and what only a folder can suffer: a second process, a
//! crash between two steps, a file that others may read.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use truecount_embedded::{BackendError, Durability, LocalBackend};
use truecount_platform::{
    Archive, CreateOutcome, Mail, MailError, Mailer, PortErrorKind, Row, SecretError, Secrets, aws, conformance,
    endpoint,
};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn open(folder: &Path) -> LocalBackend {
    LocalBackend::open(folder, Durability::Safe).expect("a backend")
}

fn mail(key: &str, attempt: u8, raw: &str) -> Mail {
    let to = vec!["b@example.com".to_owned()];
    Mail { key: key.to_owned(), attempt, from: "a@example.com".to_owned(), to, raw: raw.as_bytes().to_vec() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_conforms_on_several_threads() {
    let folder = folder();
    let backend = open(folder.path());
    conformance::table(&backend.table()).await;
}

#[tokio::test]
async fn the_table_conforms_on_one_thread_and_in_bulk() {
    let folder = folder();
    let backend = LocalBackend::open(folder.path(), Durability::Bulk).expect("a backend");
    conformance::table(&backend.table()).await;
}

#[tokio::test]
async fn a_missing_table_is_named() {
    let folder = folder();
    let backend = open(folder.path());
    let endpoint = endpoint::checked(backend.table_endpoint()).expect("an endpoint");
    let table = aws::local_table(&endpoint, "no-such-table");
    conformance::missing_table(&table).await;
    table.create_if_missing().await.expect("made");
    table.create_if_missing().await.expect("is there");
    assert_eq!(table.put_new(Row::new("p", "s")).await.expect("put new"), CreateOutcome::Created);
}

#[tokio::test]
async fn the_archive_conforms() {
    let folder = folder();
    let backend = open(folder.path());
    conformance::archive(backend.archive()).await;
    let left = fs::read_dir(folder.path().join(".drafts")).expect("drafts").count();
    assert_eq!(left, 0, "no draft is left");
}

#[tokio::test]
async fn the_archive_conforms_in_bulk() {
    let folder = folder();
    conformance::archive(LocalBackend::open(folder.path(), Durability::Bulk).expect("a backend").archive()).await;
}

#[tokio::test]
async fn the_outbox_conforms() {
    let folder = folder();
    conformance::mailer(&*open(folder.path()).mailer()).await;
}

#[tokio::test]
async fn one_mail_is_one_file() {
    let folder = folder();
    let backend = open(folder.path());
    let outbox = backend.mailer();
    assert_eq!(outbox.send(&mail("2026-11-1-finance", 1, "first")).await.expect("send"), "2026-11-1-finance.eml");
    assert_eq!(outbox.send(&mail("2026-11-1-finance", 1, "first")).await.expect("send"), "2026-11-1-finance.eml");
    assert_eq!(
        outbox.send(&mail("2026-11-1-finance", 2, "again")).await.expect("send"),
        "2026-11-1-finance-repeat.eml"
    );
    for refused in [
        mail("2026-11-1-finance", 1, "another"),
        mail("2026-11-1-finance", 3, "third"),
        mail("2026-11-1-finance", 0, "none"),
        mail("../escaped", 1, "x"),
        mail("a/b", 1, "x"),
        mail("", 1, "x"),
    ] {
        let answer = outbox.send(&refused).await;
        assert!(matches!(answer, Err(MailError::NotSent(_))), "{refused:?}: {answer:?}");
    }
    let mut files: Vec<(String, String)> = fs::read_dir(folder.path().join("outbox"))
        .expect("an outbox")
        .map(|file| file.expect("a file"))
        .map(|file| (file.file_name().into_string().expect("text"), fs::read_to_string(file.path()).expect("text")))
        .collect();
    files.sort();
    let expected = [("2026-11-1-finance-repeat.eml", "again"), ("2026-11-1-finance.eml", "first")];
    assert_eq!(files, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let folder = folder();
    for n in 0..3 {
        let backend = open(folder.path());
        let (table, archive) = (backend.table(), backend.archive());
        for earlier in 0..n {
            let row = table.get("p", &earlier.to_string()).await.expect("read");
            assert!(row.is_some(), "row {earlier} at opening {n}");
            assert_eq!(archive.get(&format!("f/{earlier}")).await.expect("get"), Some(vec![1]));
        }
        table.put(Row::new("p", n.to_string())).await.expect("put");
        archive.put_new(&format!("f/{n}"), vec![1]).await.expect("put");
    }
}

#[test]
fn a_backend_closes_on_any_runtime() {
    let folder = folder();
    // One thread; several; none that still runs when the backend is dropped.
    for threads in [1, 2, 0] {
        let runtime = match threads {
            2 => tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build(),
            _ => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        }
        .expect("a runtime");
        let backend = open(folder.path());
        let table = backend.table();
        runtime.block_on(async { table.put(Row::new("p", "s")).await }).expect("put");
        if threads == 0 {
            drop(runtime);
            closes_at_once(backend);
        } else {
            runtime.block_on(async move { closes_at_once(backend) });
            let gone = runtime.block_on(table.get("p", "s")).expect_err("the server has stopped");
            assert!(matches!(gone.cause, PortErrorKind::Unreachable(_)), "{gone}");
        }
    }
    open(folder.path());
}

fn closes_at_once(backend: LocalBackend) {
    let began = Instant::now();
    drop(backend);
    assert!(began.elapsed() < Duration::from_secs(2), "took {:?}", began.elapsed());
}

#[test]
fn a_second_opening_is_refused_with_who_has_it() {
    let folder = folder();
    let backend = open(folder.path());
    let refused = LocalBackend::open(folder.path(), Durability::Safe).expect_err("in use");
    let message = refused.to_string();
    assert!(matches!(refused, BackendError::InUse { .. }), "{message}");
    assert!(message.contains(&format!("(process {})", std::process::id())), "{message}");
    drop(backend);
    open(folder.path());
}

/// Not a test of its own: the process that holds a folder and is killed by the test below.
#[test]
#[ignore = "the test below runs it"]
fn hold_a_folder() {
    let folder = std::env::var("TRUECOUNT_TEST_HOLD").expect("a folder");
    let _backend = open(Path::new(&folder));
    fs::write(Path::new(&folder).join("held"), "").expect("a sign");
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_second_process_is_refused_until_the_first_is_killed() {
    let folder = folder();
    let mut holder = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "hold_a_folder", "--ignored"])
        .env("TRUECOUNT_TEST_HOLD", folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("a second process");
    let began = Instant::now();
    while !folder.path().join("held").exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "the second process has the folder");
        std::thread::sleep(Duration::from_millis(10));
    }
    let refused = LocalBackend::open(folder.path(), Durability::Safe).map(|_| ());
    holder.kill().expect("killed");
    holder.wait().expect("ended");
    let message = refused.expect_err("in use").to_string();
    assert!(message.contains(&format!("(process {})", holder.id())), "{message}");
    open(folder.path());
}

#[test]
fn what_a_killed_process_left_half_written_is_cleared() {
    let folder = folder();
    drop(open(folder.path()));
    fs::write(folder.path().join(".drafts/7"), "half").expect("a draft");
    let backend = open(folder.path());
    assert_eq!(fs::read_dir(folder.path().join(".drafts")).expect("drafts").count(), 0);
    drop(backend);
}

#[test]
fn an_unusable_folder_is_refused() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "x").expect("a file");
    let refused = LocalBackend::open(&file, Durability::Safe).expect_err("a file is no folder");
    assert!(matches!(refused, BackendError::Folder { .. }), "{refused}");
    let broken = folder.path().join("broken");
    fs::create_dir(&broken).expect("a folder");
    fs::write(broken.join("table.db"), "this is not a database, and long enough to be seen as none".repeat(100))
        .expect("a file");
    let refused = LocalBackend::open(&broken, Durability::Safe).expect_err("no database");
    assert!(matches!(&refused, BackendError::Table { file, .. } if file.ends_with("table.db")), "{refused}");
}

#[tokio::test]
async fn dropped_files_are_seen_hidden_ones_are_not() {
    let folder = folder();
    let backend = open(folder.path());
    let inbox = folder.path().join("archive/inbox/sources/csv");
    fs::create_dir_all(&inbox).expect("a folder");
    for name in ["Zürich 2026-11-30.csv", ".DS_Store", "what?.csv"] {
        fs::write(inbox.join(name), "a,b\n").expect("a file");
    }
    fs::create_dir(inbox.join(".hidden")).expect("a folder");
    fs::write(inbox.join(".hidden/x.csv"), "").expect("a file");
    let archive = backend.archive();
    let listed: Vec<String> = archive.list("inbox/").await.expect("list").into_iter().map(|entry| entry.key).collect();
    assert_eq!(listed, ["inbox/sources/csv/Zürich 2026-11-30.csv", "inbox/sources/csv/what?.csv"]);
    assert_eq!(archive.get(&listed[0]).await.expect("get"), Some(b"a,b\n".to_vec()));
    let message = archive.get(&listed[1]).await.expect_err("not a key").to_string();
    assert!(message.contains("what?.csv") && message.contains("characters"), "{message}");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn write_secrets(folder: &Path, mode: u32, text: &str) {
        let file = folder.join("config/secrets.toml");
        fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        fs::write(&file, text).expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("a mode");
    }

    fn id(source: &str) -> truecount_billing::SourceId {
        truecount_billing::SourceId::new(source).expect("an id")
    }

    #[tokio::test]
    async fn secrets_of_a_private_file_conform() {
        let folder = folder();
        let backend = open(folder.path());
        let (planted, missing) = (id("pax8-uk"), id("ninjaone"));
        let fields = [("client_id", "an id"), ("client_secret", "c4n4ry \"quoted\" é")];
        write_secrets(
            folder.path(),
            0o600,
            "[pax8-uk]\nclient_id = 'an id'\nclient_secret = \"c4n4ry \\\"quoted\\\" é\"\n[empty]\n",
        );
        conformance::secrets(&*backend.secrets(), &planted, &fields, &missing).await;
        conformance::secrets(&*backend.secrets(), &planted, &fields, &id("empty")).await;
        let hint = backend.secrets().source(&missing).await.map(|_| ()).expect_err("missing").to_string();
        assert!(hint.contains("TRUECOUNT_SECRET_NINJAONE") && hint.contains("secrets.toml"), "{hint}");
        fs::remove_file(folder.path().join("config/secrets.toml")).expect("removed");
        let error = backend.secrets().source(&planted).await.map(|_| ()).expect_err("no file");
        assert!(matches!(error, SecretError::Missing { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_others_may_open_is_refused() {
        let folder = folder();
        let backend = open(folder.path());
        for (mode, refused) in [
            (0o644, true),
            (0o640, true),
            (0o660, true),
            (0o604, true),
            (0o622, true),
            (0o601, true),
            (0o600, false),
            (0o400, false),
        ] {
            let _ = fs::remove_file(folder.path().join("config/secrets.toml"));
            write_secrets(folder.path(), mode, "[pax8]\nclient_secret = 'c4n4ry'\n");
            let answer = backend.secrets().source(&id("pax8")).await;
            match answer {
                Ok(_) => assert!(!refused, "{mode:o}"),
                Err(error @ SecretError::Unusable { .. }) => {
                    assert!(refused, "{mode:o}");
                    let message = error.to_string();
                    assert!(message.contains(&format!("{mode:o}")) && message.contains("600"), "{message}");
                }
                Err(other) => panic!("{mode:o}: {other}"),
            }
        }
    }

    #[tokio::test]
    async fn a_broken_file_is_reported_by_line_and_never_quoted() {
        let folder = folder();
        let backend = open(folder.path());
        for (text, line) in [
            ("[pax8]\nclient_secret = c4n4ry\n", "line 2"),
            ("[pax8]\nclient_secret = 'c4n4ry\n", "line 2"),
            ("[pax8]\n\nx = ['c4n4ry']\n", "line 3"),
            ("pax8 = 'c4n4ry'\n", "line 1"),
            ("[pax8]\na = 'c4n4ry'\na = 'c4n4ry'\n", "line 3"),
        ] {
            write_secrets(folder.path(), 0o600, text);
            let error = backend.secrets().source(&id("pax8")).await.map(|_| ()).expect_err(text);
            let message = format!("{error} {error:?}");
            assert!(message.contains(line), "{message}");
            assert!(!message.contains("c4n4ry"), "{message}");
        }
    }

    #[test]
    fn a_new_folder_is_readable_only_by_its_owner() {
        let folder = folder();
        let backend = folder.path().join("made/here");
        drop(open(&backend));
        assert_eq!(fs::metadata(&backend).expect("a folder").permissions().mode() & 0o777, 0o700);
    }

    #[tokio::test]
    async fn a_full_or_closed_disk_is_an_error_and_leaves_nothing() {
        let folder = folder();
        let backend = open(folder.path());
        let archive = backend.archive();
        fs::create_dir_all(folder.path().join("archive")).expect("a folder");
        // A file where a folder must be: refused whoever runs the test.
        archive.put_new("a", b"file".to_vec()).await.expect("put");
        let error = archive.put_new("a/b", b"below a file".to_vec()).await.expect_err("a file is no folder");
        assert!(matches!(error.cause, PortErrorKind::Disk(_)), "{error}");
        assert!(error.to_string().contains("archive/a/b"), "{error}");
        // A folder where the outbox's file must be.
        fs::create_dir_all(folder.path().join("outbox/k.eml")).expect("a folder");
        let error = backend.mailer().send(&mail("k", 1, "x")).await.expect_err("a folder is no mail");
        assert!(error.to_string().contains("k.eml"), "{error}");
        assert_eq!(fs::read_dir(folder.path().join(".drafts")).expect("drafts").count(), 0);
    }
}
