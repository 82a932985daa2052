//! What every archive must do. Deliberately absent: crashes, which each backend meets in its own way.

use std::sync::Arc;

use tokio::{io::AsyncReadExt, task::JoinSet};

use super::{RACERS, fresh};
use crate::{Archive, CreateOutcome, PortErrorKind};

/// One more than S3 lists in one page.
const LISTED: usize = 1_001;

/// Files come back as they went, are never overwritten unless that was asked, and are listed whole and in order.
///
/// # Panics
/// If the archive does not conform.
pub async fn archive(archive: Arc<dyn Archive>) {
    let root = fresh("archive");
    files(&*archive, &root).await;
    from_disk(&*archive, &root).await;
    race(&archive, &root).await;
    odd_keys(&*archive, &root).await;
    illegal_keys(&*archive).await;
    lists(&*archive, &root).await;
    long_list(&archive, &root).await;
}

async fn files(archive: &dyn Archive, root: &str) {
    let key = format!("{root}/files/a.json.gz");
    assert_eq!(archive.get(&key).await.expect("get"), None, "no file");
    assert!(archive.open(&key).await.expect("open").is_none(), "no file");
    assert_eq!(archive.put_new(&key, b"first".to_vec()).await.expect("put new"), CreateOutcome::Created);
    assert_eq!(archive.put_new(&key, b"second".to_vec()).await.expect("put new"), CreateOutcome::AlreadyExists);
    assert_eq!(archive.get(&key).await.expect("get"), Some(b"first".to_vec()), "the second changes nothing");
    archive.put(&key, b"third, longer".to_vec()).await.expect("put");
    assert_eq!(archive.get(&key).await.expect("get"), Some(b"third, longer".to_vec()), "put replaces");
    archive.put(&format!("{root}/files/b.toml"), b"x".to_vec()).await.expect("put");
    assert!(!archive.replace(&key, b"first", b"x".to_vec()).await.expect("replace"), "it is the third by now");
    assert!(!archive.replace(&format!("{root}/files/none"), b"", b"x".to_vec()).await.expect("replace"), "no file");
    assert_eq!(archive.get(&format!("{root}/files/none")).await.expect("get"), None, "replacing makes none");
    assert!(archive.replace(&key, b"third, longer", b"fourth".to_vec()).await.expect("replace"));
    assert_eq!(archive.get(&key).await.expect("get"), Some(b"fourth".to_vec()), "replaced");
    assert_eq!(archive.get(&format!("{root}/files")).await.expect("get"), None, "a folder is no file");
    assert!(archive.open(&format!("{root}/files")).await.expect("open").is_none(), "a folder is no file");
    assert_eq!(archive.get(&format!("{key}/x")).await.expect("get"), None, "nothing lies below a file");
    assert!(archive.place(&key).ends_with("a.json.gz"), "{}", archive.place(&key));

    for (name, bytes) in [("empty", Vec::new()), ("long", (0..5_000_000_u32).map(|n| (n % 251) as u8).collect())] {
        let key = format!("{root}/files/{name}");
        assert_eq!(archive.put_new(&key, bytes.clone()).await.expect("put new"), CreateOutcome::Created, "{name}");
        assert!(archive.get(&key).await.expect("get") == Some(bytes.clone()), "{name} comes back as it went");
        let mut streamed = Vec::new();
        let mut file = archive.open(&key).await.expect("open").expect("a file");
        file.read_to_end(&mut streamed).await.expect("read");
        assert!(streamed == bytes, "{name} comes back piece by piece");
    }
}

/// A file of this machine goes up as it is, and one that cannot be read leaves nothing behind.
async fn from_disk(archive: &dyn Archive, root: &str) {
    let folder = std::env::temp_dir().join(fresh("conformance"));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let file = folder.join("usage.csv");
    let bytes: Vec<u8> = (0..9_000_000_u32).map(|n| (n % 253) as u8).collect();
    std::fs::write(&file, &bytes).expect("a temporary file");
    let key = format!("{root}/from-disk/usage.csv");
    assert_eq!(archive.put_new_from(&key, &file).await.expect("put new"), CreateOutcome::Created);
    assert!(archive.get(&key).await.expect("get").as_ref() == Some(&bytes), "it comes back as it went");
    std::fs::write(&file, b"other").expect("a temporary file");
    assert_eq!(archive.put_new_from(&key, &file).await.expect("put new"), CreateOutcome::AlreadyExists);
    assert!(archive.get(&key).await.expect("get").as_ref() == Some(&bytes), "the second changes nothing");
    archive.put_from(&key, &file).await.expect("put");
    assert_eq!(archive.get(&key).await.expect("get"), Some(b"other".to_vec()), "put replaces");

    let other = format!("{root}/from-disk/none.csv");
    for unreadable in [folder.join("none"), folder.clone()] {
        assert!(archive.put_new_from(&other, &unreadable).await.is_err(), "{}", unreadable.display());
        assert!(archive.put_from(&key, &unreadable).await.is_err(), "{}", unreadable.display());
    }
    assert_eq!(archive.get(&other).await.expect("get"), None, "nothing is left of it");
    assert_eq!(archive.get(&key).await.expect("get"), Some(b"other".to_vec()), "nothing is lost by it");
    std::fs::remove_dir_all(&folder).expect("the temporary folder goes");
}

async fn race(archive: &Arc<dyn Archive>, root: &str) {
    let key = format!("{root}/race/deep/er/file.csv");
    let mut racers = JoinSet::new();
    for racer in 0..RACERS {
        let (archive, key) = (Arc::clone(archive), key.clone());
        let bytes = format!("racer {racer}, ").repeat(10_000).into_bytes();
        racers.spawn(async move {
            matches!(archive.put_new(&key, bytes.clone()).await, Ok(CreateOutcome::Created)).then_some(bytes)
        });
    }
    let won: Vec<Vec<u8>> = racers.join_all().await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1, "of {RACERS} at once one wins");
    let won = won.into_iter().next().unwrap_or_default();
    assert!(archive.get(&key).await.expect("read").as_ref() == Some(&won), "the file is the winner's, whole");
    assert!(archive.replace(&key, &won, b"replaced".to_vec()).await.expect("replace"));
    assert!(!archive.replace(&key, &won, b"too late".to_vec()).await.expect("replace"), "one replaces it");
}

async fn odd_keys(archive: &dyn Archive, root: &str) {
    let mut names: Vec<String> = [
        "a b",
        "a+b",
        "a%20b",
        "a%2Fb",
        "a=1&b=2",
        "a#b",
        "a;b,c",
        "it's (2)",
        "[x]{y}",
        "~$^`!@",
        "Übersicht März",
        "日本.csv",
        "-x",
        "a..b",
    ]
    .into_iter()
    .map(|name| format!("{root}/odd/{name}"))
    .collect();
    names.push(format!("{root}/odd/{}", "l".repeat(200)));
    for key in &names {
        assert_eq!(
            archive.put_new(key, key.clone().into_bytes()).await.expect("put new"),
            CreateOutcome::Created,
            "{key}"
        );
    }
    for key in &names {
        assert_eq!(archive.get(key).await.expect("get"), Some(key.clone().into_bytes()), "{key}");
    }
    names.sort_unstable();
    let listed: Vec<String> =
        archive.list(&format!("{root}/odd/")).await.expect("list").into_iter().map(|entry| entry.key).collect();
    assert_eq!(listed, names, "keys are listed as they were given");
}

async fn illegal_keys(archive: &dyn Archive) {
    for key in [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/./b",
        "a//b",
        "a/",
        "a\\b",
        "a\0b",
        "a\nb",
        ".hidden",
        "a/.b",
        "C:x",
    ] {
        let refusals = [
            archive.put_new(key, Vec::new()).await.err(),
            archive.put(key, Vec::new()).await.err(),
            archive.get(key).await.err(),
            archive.open(key).await.err(),
        ];
        for refusal in refusals {
            let refusal = refusal.expect(key);
            assert!(matches!(refusal.cause, PortErrorKind::Invalid(_)), "{key:?}: {refusal}");
        }
    }
}

async fn lists(archive: &dyn Archive, root: &str) {
    let list = format!("{root}/list");
    // In the order of bytes: `-` and `.` before `/`.
    let names = ["a-b/1", "a.b", "a/1", "a/10", "a/2/x", "ab", "b"];
    for (length, name) in names.iter().enumerate().rev() {
        archive.put_new(&format!("{list}/{name}"), vec![0; length]).await.expect("put");
    }
    for (prefix, expected) in [
        ("", 0..7),
        ("a", 0..6),
        ("a/", 2..5),
        ("a/1", 2..4),
        ("a/2", 4..5),
        ("a/2/x", 4..5),
        ("b", 6..7),
        ("c", 0..0),
        ("c/d/", 0..0),
    ] {
        let entry = |n: usize| (format!("{list}/{}", names[n]), u64::try_from(n).expect("small"));
        let expected: Vec<(String, u64)> = expected.map(entry).collect();
        let listed = archive.list(&format!("{list}/{prefix}")).await.expect("list");
        assert!(listed.iter().all(|entry| entry.modified.is_some()), "when each was written");
        let listed: Vec<(String, u64)> = listed.into_iter().map(|entry| (entry.key, entry.size)).collect();
        assert_eq!(listed, expected, "everything that begins with `{prefix}`");
    }
}

async fn long_list(archive: &Arc<dyn Archive>, root: &str) {
    let mut writers = JoinSet::new();
    for writer in 0..RACERS {
        let (archive, root) = (Arc::clone(archive), root.to_owned());
        writers.spawn(async move {
            for n in (writer..LISTED).step_by(RACERS) {
                archive.put_new(&format!("{root}/many/{n:05}"), Vec::new()).await.expect("put");
            }
        });
    }
    writers.join_all().await;
    let listed = archive.list(&format!("{root}/many/")).await.expect("list");
    assert_eq!(listed.len(), LISTED, "more than one page");
    assert!(listed.is_sorted(), "in order over pages");
}
