//! A closing that dies: its process is killed or runs out of memory. The next start tells it by mail, once, and goes on.
//! And a disk that is full.

#![cfg(unix)]

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread::sleep;
use std::time::Duration;

use crate::office::{Ended, Office, expect, text_of};
use crate::prompt::{CLEAN, EXCEPTIONS, FAILED};
use crate::vendor;

const DAILY: [&str; 3] = ["run", "--closing", "--when-due"];

/// The mails about closings that died.
fn told(office: &Office) -> Vec<String> {
    let mails = office.outbox().into_iter().filter(|(name, _)| name.contains("-died-"));
    mails.map(|(_, bytes)| text_of(&bytes)).collect()
}

fn closing_mails(office: &Office) -> usize {
    office.outbox().iter().filter(|(name, _)| name.contains("-closing-")).count()
}

fn due() -> Office {
    Office::open().at("2026-06-26T06:00:00Z").with_files("2026-06-26")
}

fn killed(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The next day's start tells of one that died in this step; a third one does not.
fn told_once(office: Office, step: &str) {
    assert_eq!(told(&office), [""; 0], "nobody is told yet");
    let office = office.at("2026-06-27T06:30:00Z").with_files("2026-06-27");
    let words = ["did not finish", "2026-06-26 at 06:00 UTC", "2026-06 was due on 2026-06-26 and is not closed"];
    expect(&office.run(&DAILY), EXCEPTIONS, &words);
    let mails = told(&office);
    assert_eq!(mails.len(), 1, "{mails:?}");
    for words in [&format!("STEP     {step}"), "ran out of memory", "the run that began on 2026-06-26 at 06:00 UTC"] {
        assert!(mails[0].contains(words), "{words}: {}", mails[0]);
    }
    assert_eq!(closing_mails(&office), 1, "it goes on");
    expect(&office.run_at("2026-06-28T06:00:00Z", &DAILY), CLEAN, &["nothing to close today"]);
    assert_eq!(told(&office), mails);
}

#[test]
fn a_closing_that_is_killed_while_it_reads_is_told_once() {
    let office = due();
    let (asked, is_asked) = mpsc::channel();
    let asked = Mutex::new(asked);
    let base = vendor::start(move |_| {
        asked.lock().unwrap().send(()).unwrap();
        sleep(Duration::from_secs(600));
        unreachable!("the test is over")
    });
    let settings = fs::read_to_string(office.path("config/settings.toml")).unwrap();
    let held = format!("{settings}\n[[sources]]\nid = \"docs\"\nconnector = \"hudu\"\nbase_url = \"{base}\"\n");
    fs::write(office.path("config/settings.toml"), held).unwrap();
    let job = office.command(&DAILY).env("TRUECOUNT_SECRET_DOCS", r#"{"api_key":"a key"}"#).spawn().unwrap();
    is_asked.recv_timeout(Duration::from_secs(60)).unwrap();
    killed(job);
    fs::write(office.path("config/settings.toml"), settings).unwrap();
    let why = office.run(&["runs", "why"]);
    expect(&why, CLEAN, &["The closing of 2026-06 that began on 2026-06-26 at 06:00 UTC is in its step `sync`"]);
    told_once(office, "sync");
}

#[test]
fn a_closing_that_is_killed_while_it_mails_is_told_once() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let smtp = format!("host = \"127.0.0.1\"\nport = {port}\ntls = \"starttls\"");
    let office = Office::open().with_mail_server(&smtp, "none").at("2026-06-26T06:00:00Z").with_files("2026-06-26");
    let job = office.command(&DAILY).spawn().unwrap();
    let _connection = silent.accept().unwrap();
    killed(job);
    let settings = fs::read_to_string(office.path("config/settings.toml")).unwrap();
    fs::write(office.path("config/settings.toml"), settings.replace("[mail.smtp]", "").replace(&smtp, "")).unwrap();
    let office = office.at("2026-06-27T06:30:00Z");
    // The closing's own mail may have been sent, for all that is known: it is sent once more, and says so.
    expect(&office.run(&DAILY), EXCEPTIONS, &["did not finish (report)", "sent"]);
    let mails = told(&office);
    assert!(mails.len() == 1 && mails[0].contains("STEP     report"), "{mails:?}");
    expect(&office.run_at("2026-06-28T06:00:00Z", &DAILY), CLEAN, &["nothing to close today"]);
    assert_eq!(told(&office), mails);
}

#[test]
fn wherever_a_closing_is_killed_the_next_one_closes_and_nobody_is_told_twice() {
    let mut count = 0;
    for milliseconds in [20, 60, 120, 200, 300, 450, 700, 1_000] {
        let office = due();
        // From then on the closing is expected, however soon the next one is killed.
        office.run_at("2026-06-25T06:00:00Z", &DAILY);
        let job = office.command(&DAILY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(milliseconds));
        killed(job);
        let office = office.at("2026-06-27T06:00:00Z").with_files("2026-06-27");
        let next = office.run(&DAILY);
        assert!([Some(CLEAN), Some(EXCEPTIONS)].contains(&next.code), "{milliseconds}: {next:?}");
        let mails = told(&office);
        assert_eq!(mails.len(), usize::from(next.err.contains("did not finish")), "{milliseconds}: {next:?}");
        assert!(mails.len() <= 1 && closing_mails(&office) >= 1, "{milliseconds}: {next:?}");
        expect(&office.run_at("2026-06-28T06:00:00Z", &DAILY), CLEAN, &["nothing to close today"]);
        assert_eq!(told(&office), mails, "{milliseconds}");
        count += mails.len();
    }
    assert!(count > 0, "none was killed in the middle");
}

/// Runs the daily closing with so much address space, in KiB; the signal that ended it.
fn with_memory(office: &Office, kib: u32) -> Option<i32> {
    let command = office.command(&DAILY);
    let mut limited = Command::new("sh");
    limited.arg("-c").arg(format!("ulimit -c 0; ulimit -v {kib}; exec \"$0\" \"$@\"")).arg(command.get_program());
    limited.args(command.get_args()).env("TRUECOUNT_CLOCK", "2026-06-26T06:00:00Z");
    limited.stdin(Stdio::null()).output().unwrap().status.signal()
}

#[test]
fn a_closing_without_memory_is_told_once() {
    let mut count = 0;
    for step in 0..14 {
        let office = due();
        let mut items = "account_id,account_name,item_id,kind,status\n".to_owned();
        (0..20_000).for_each(|item| items += &format!("a-Harbour,Harbour Ltd,H-{item},workstation,active\n"));
        office.drop_file("rmm", "devices-2026-06-26.csv", &items);
        let signal = with_memory(&office, 80_000 + step * 30_000);
        let office = office.at("2026-06-27T06:30:00Z").with_files("2026-06-27");
        let next = office.run(&DAILY);
        let mails = told(&office);
        assert_eq!(mails.len(), usize::from(next.err.contains("did not finish (")), "{step} {signal:?}: {next:?}");
        if signal.is_some() && mails.len() == 1 {
            assert_eq!(closing_mails(&office), 1, "{step}: {next:?}");
            count += 1;
        }
        if count == 2 {
            return;
        }
        office.run_at("2026-06-28T06:00:00Z", &DAILY);
        assert_eq!(told(&office), mails, "{step}");
    }
    assert!(count > 0, "none ran out of memory in the middle");
}

/// Runs a script in which the folder lies on a small disk of its own; nothing if this system lets nobody mount one.
fn on_small_disk(office: &Office, script: &str) -> Option<Ended> {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_truecount")]);
        command.arg(office.data()).env("TRUECOUNT_CLOCK", "2026-06-30T20:00:00Z").env("COLUMNS", "80");
        command.stdin(Stdio::null()).output()
    };
    let mount = "set -e; D=$(mktemp -d); mount -t tmpfs -o size=24m,mode=700 tmpfs $D; cp -r $1/. $D; set +e; ";
    if !unshare(mount).is_ok_and(|probe| probe.status.success()) {
        return None;
    }
    Some(Ended::of(unshare(&format!("{mount}{script}")).unwrap()))
}

#[test]
fn a_full_disk_is_said_as_such_and_the_next_run_is_whole() {
    for free_kib in [0, 40, 100, 200, 400] {
        let office = Office::open();
        let script = format!(
            "dd if=/dev/zero of=$D/filler bs=1k 2>/dev/null; truncate -s -{free_kib}K $D/filler; \
             $0 run --closing --data $D >&2; echo code $?; rm $D/filler; \
             $0 run --closing --data $D; echo code $?; $0 doctor --data $D >/dev/null; $0 runs list --data $D"
        );
        let Some(ended) = on_small_disk(&office, &script) else {
            return eprintln!("not tried: this system mounts no disk for this user");
        };
        assert!(ended.out.starts_with(&format!("code {FAILED}\n")), "{free_kib}: {ended:?}");
        assert!(ended.out.contains(&format!("code {EXCEPTIONS}\n")), "{free_kib}: {ended:?}");
        assert!(ended.err.contains("is full; free some space, then run again"), "{free_kib}: {ended:?}");
        assert_eq!(ended.out.matches("2026-06-c1-").count(), 2, "{free_kib}: {ended:?}");
    }
}
