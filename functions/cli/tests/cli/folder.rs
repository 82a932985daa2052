//! The data directory itself: who may look into it, who may look at it while a job works, and what lies behind a link.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use truecount_support::{CSV_SOURCES, rule};

use crate::office::{Ended, Office, expect};
use crate::prompt::{CLEAN, EXCEPTIONS, FAILED};
use crate::replay;
use crate::vendor::{self, Answer};

/// The commands that only answer questions.
const READERS: [&[&str]; 10] = [
    &["runs", "list"],
    &["clients", "show", "Harbour"],
    &["mappings", "list"],
    &["mappings", "history"],
    &["explain", "Harbour"],
    &["exceptions"],
    &["sources", "list"],
    &["rules", "list"],
    &["secrets", "list"],
    &["doctor"],
];

/// Everything below a folder, and the folder itself.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Each path with its mode, when it was changed, and its bytes.
fn state(folder: &Path) -> BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)> {
    let entry = |path: PathBuf| {
        let about = fs::symlink_metadata(&path).unwrap();
        let bytes = if about.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        (path, (about.mode(), about.mtime(), about.mtime_nsec(), bytes))
    };
    walk(folder).into_iter().map(entry).collect()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o777
}

/// The command on this folder, under a umask that forbids nothing.
fn open_handed(data: &Path, args: &[&str]) -> Ended {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_truecount")]).args(args);
    command.arg("--data").arg(data).env("TRUECOUNT_CLOCK", "2026-06-30T20:00:00Z").env("COLUMNS", "80");
    Ended::of(command.stdin(Stdio::null()).output().unwrap())
}

#[test]
fn what_is_written_is_its_owners_alone() {
    let office = Office::open();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new");
    expect(&open_handed(&data, &["init"]), CLEAN, &[]);
    let settings = fs::read_to_string(office.path("config/settings.toml")).unwrap();
    assert!(settings.contains(CSV_SOURCES));
    fs::write(data.join("config/settings.toml"), settings).unwrap();
    fs::write(data.join("config/rules.toml"), rule("MNG-WKS", "workstation")).unwrap();
    for (source, name) in [("psa", "lines-2026-06-30.csv"), ("rmm", "devices-2026-06-30.csv")] {
        let file = office.path(&format!("archive/inbox/sources/{source}/{name}"));
        expect(&open_handed(&data, &["sync", source, "--file", file.to_str().unwrap()]), CLEAN, &[]);
    }
    expect(&open_handed(&data, &["run", "--closing"]), EXCEPTIONS, &[]);
    expect(&open_handed(&data, &["mail", "test"]), CLEAN, &[]);
    expect(&open_handed(&data, &["report", "download", "--out", data.join("out").to_str().unwrap()]), CLEAN, &[]);
    let found = walk(&data);
    assert!(found.len() > 40, "{found:?}");
    for path in &found {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(path), expected, "{}: {:o}", path.display(), mode(path));
    }
    let doctor = open_handed(&data, &["doctor"]);
    assert!(!doctor.out.contains("privacy"), "{}", doctor.out);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o750)).unwrap();
    let doctor = open_handed(&data, &["doctor"]);
    let fix = format!("fix: `chmod -R go= '{}'`", data.display());
    assert!(doctor.out.contains("advice   privacy: ") && doctor.out.contains("(mode 750)"), "{}", doctor.out);
    assert!(doctor.out.contains(&fix), "{fix}: {}", doctor.out);
}

/// What a reader says, without what changes from one moment to the next.
fn said(ended: Ended, data: &Path) -> (Option<i32>, String) {
    let lines = ended.out.lines().filter(|line| !line.contains("MB free"));
    (ended.code, lines.collect::<Vec<_>>().join("\n").replace(&data.display().to_string(), "DATA"))
}

#[test]
fn a_copy_that_nobody_may_write_to_can_be_looked_at() {
    let office = Office::open();
    expect(&office.run(&["run", "--closing"]), EXCEPTIONS, &[]);
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy");
    replay::copy(office.data(), &copy);
    for path in walk(&copy) {
        let closed = if path.is_dir() { 0o555 } else { 0o444 };
        fs::set_permissions(&path, fs::Permissions::from_mode(closed)).unwrap();
    }
    fs::set_permissions(elsewhere.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let before = state(&copy);
    // Modes do not bind root.
    let is_root = fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0);
    for reader in READERS {
        let mut command = crate::prompt::truecount(reader);
        command.arg("--data").arg(&copy).env("TRUECOUNT_CLOCK", "2026-06-30T20:00:00Z");
        if is_root {
            command.uid(65534).gid(65534).current_dir("/");
        }
        let ended = Ended::of(command.output().unwrap());
        if reader == ["doctor"] {
            expect(&ended, FAILED, &["can be looked at, but not written", "MB free"]);
        } else {
            let expected = said(office.run(reader), office.data());
            assert_eq!(said(ended, &copy), expected, "{reader:?}");
            assert!(expected.0 != Some(FAILED), "{reader:?}: {expected:?}");
        }
        assert!(state(&copy) == before, "{reader:?} changes the copy");
    }
    // The same by whoever may write: nothing changes either.
    for path in walk(&copy) {
        let open = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
    }
    let before = state(&copy);
    for reader in READERS {
        let mut command = crate::prompt::truecount(reader);
        command.arg("--data").arg(&copy).env("TRUECOUNT_CLOCK", "2026-06-30T20:00:00Z").output().unwrap();
        assert!(state(&copy) == before, "{reader:?} changes the copy");
    }
}

#[test]
fn readers_answer_beside_a_job_that_works() {
    let office = Office::open();
    expect(&office.run(&["run", "--closing"]), EXCEPTIONS, &[]);
    let before: Vec<_> = READERS.iter().map(|reader| said(office.run(reader), office.data())).collect();
    let (asked, is_asked) = mpsc::channel();
    let (asked, is_free) = (Mutex::new(asked), Arc::new(AtomicBool::new(false)));
    let free = Arc::clone(&is_free);
    let base = vendor::start(move |_| {
        asked.lock().unwrap().send(()).unwrap();
        while !free.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(10));
        }
        Answer("403 Forbidden", vec![], "{}".to_owned())
    });
    let settings = fs::read_to_string(office.path("config/settings.toml")).unwrap();
    let held = format!("{settings}\n[[sources]]\nid = \"docs\"\nconnector = \"hudu\"\nbase_url = \"{base}\"\n");
    fs::write(office.path("config/settings.toml"), held).unwrap();
    let mut job = office.command(&["run"]).env("TRUECOUNT_SECRET_DOCS", r#"{"api_key":"a key"}"#).spawn().unwrap();
    is_asked.recv_timeout(Duration::from_secs(60)).unwrap();
    // Readers see the settings as they were before, so that they can say the same.
    fs::write(office.path("config/settings.toml"), settings).unwrap();

    for (reader, expected) in READERS.iter().zip(before) {
        let began = Instant::now();
        assert_eq!(said(office.run(reader), office.data()), expected, "{reader:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "{reader:?} waited {:?}", began.elapsed());
    }
    expect(&office.run(&["run"]), FAILED, &["is in use by another truecount process", &job.id().to_string()]);
    is_free.store(true, Ordering::SeqCst);
    assert_eq!(job.wait().unwrap().code(), Some(2));
    expect(&office.run(&["runs", "list"]), CLEAN, &["2026-06-c1-", "2026-06-draft-"]);
}

#[test]
fn nothing_is_written_or_deleted_through_a_link() {
    for name in [".drafts", "archive", "outbox", "config", "archive/reports", "archive/raw"] {
        let office = Office::open();
        let elsewhere = tempfile::tempdir().unwrap();
        let there = elsewhere.path().join("there");
        match office.path(name).exists() {
            true => fs::rename(office.path(name), &there).unwrap(),
            false => fs::create_dir(&there).unwrap(),
        }
        fs::write(there.join("precious"), "mine").unwrap();
        let before = state(&there);
        symlink(&there, office.path(name)).unwrap();
        let said = format!("{name}` is a symbolic link, through which nothing is written or deleted");
        expect(&office.run(&["run", "--closing"]), FAILED, &[&said]);
        assert!(state(&there) == before, "{name}: {:?}", state(&there).keys());
    }
    for name in [".lock", "table.db"] {
        let office = Office::open();
        let elsewhere = tempfile::tempdir().unwrap();
        let there = elsewhere.path().join("there");
        fs::write(&there, "mine").unwrap();
        symlink(&there, office.path(name)).unwrap();
        expect(&office.run(&["run"]), FAILED, &[&format!("{name}` is a symbolic link")]);
        assert_eq!(fs::read_to_string(&there).unwrap(), "mine", "{name}");
    }
}

#[test]
fn init_and_demo_write_through_no_link() {
    let elsewhere = tempfile::tempdir().unwrap();
    for command in ["init", "demo"] {
        let folder = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), folder.path().join("config")).unwrap();
        let ended = open_handed(folder.path(), &[command]);
        expect(&ended, FAILED, &["config` is a symbolic link"]);
        assert_eq!(walk(elsewhere.path()).len(), 1, "{command}");
    }
}
