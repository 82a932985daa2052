//! Each check on a data directory: in order, and with one thing wrong at a time.

use std::path::Path;

use truecount_app::SyncAnswer;
use truecount_embedded::{Durability, LocalBackend};
use truecount_platform::Detail;
use truecount_store::{Fence, ScheduleStart, SyncStatus};
use truecount_support::{SETTINGS, drop_file, environment, rule, write_file};

use super::*;

const BILLED: &str = "line_id,client_id,client_name,product_code,quantity,unit_price,currency
1,c1,Harbour Dental,MNG-SRV,2,45.50,GBP
2,c2,Quiet Quay,MNG-SRV,1,45.50,GBP
3,c2,Quiet Quay,BACKUP,1,9.00,GBP
4,c1,Harbour Dental,PHONE,1,5.00,GBP
5,c2,Quiet Quay,PHONE,1,5.00,GBP
";

const USAGE: &str = "account_id,account_name,item_id,kind,status
a1,Harbour Dental,d1,server,active
a1,Harbour Dental,d2,server,active
a2,Zorn,e1,server,active
";

struct Office {
    env: Environment,
    folder: tempfile::TempDir,
    _backend: LocalBackend,
}

impl Office {
    /// A data directory at the end of June 2026 whose settings have a mail group; nothing is synced yet.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        make_private(folder.path());
        let group = "[[mail.groups]]\nid = \"owner\"\nto = [\"owner@msp.example\"]\n\n[[sources]]";
        write_file(folder.path(), "config/settings.toml", SETTINGS.replacen("[[sources]]", group, 1));
        write_file(folder.path(), "config/rules.toml", rule("MNG-SRV", "server"));
        let backend = LocalBackend::open(folder.path(), Durability::Bulk).unwrap();
        let env = environment(&backend, "2026-06-30T20:00:00Z".parse().unwrap());
        Self { env, folder, _backend: backend }
    }

    async fn synced() -> Self {
        let office = Self::new();
        drop_file(office.path(), "psa", "billed-2026-06-30.csv", BILLED);
        drop_file(office.path(), "rmm", "usage-2026-06-30.csv", USAGE);
        let config = Config::load(&office.env).await.unwrap();
        for source in ["psa", "rmm"] {
            let deadline = truecount_app::Deadline::in_seconds(600);
            let answer = truecount_app::sync(&office.env, &config.settings, source, deadline).await.unwrap();
            assert!(matches!(answer, SyncAnswer::Committed { .. }), "{answer:?}");
        }
        office
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn on(&mut self, day: &str) {
        self.env.clock = environment(&self._backend, format!("{day}T20:00:00Z").parse().unwrap()).clock;
    }

    /// Replaces a text in a file of `config/`.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path().join("config").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    async fn results(&self) -> Vec<CheckResult> {
        examine(&self.env, CheckedBackend::Directory(self.path())).await
    }

    /// Status, topic and subject of what is not in order.
    async fn problems(&self) -> Vec<String> {
        let bad = self.results().await.into_iter().filter(|one| one.status > CheckStatus::Ok);
        let shown = |one: CheckResult| {
            assert!(one.fix.is_some(), "{one:?}");
            let about = one.about.map(|about| format!(" {about}")).unwrap_or_default();
            format!("{:?} {}{about}", one.status, one.topic)
        };
        bad.map(shown).collect()
    }

    async fn message(&self, topic: &str, about: Option<&str>) -> String {
        let results = self.results().await;
        let found = results.iter().find(|one| one.topic == topic && one.about.as_deref() == about);
        found.unwrap_or_else(|| panic!("{topic}: {results:?}")).message.clone()
    }
}

/// As a data directory is made, whatever the umask of the test.
#[cfg(unix)]
fn make_private(folder: &Path) {
    let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(folder, owner_only).unwrap();
}

#[cfg(not(unix))]
fn make_private(_: &Path) {}

/// What is always advised about [`BILLED`] and [`USAGE`].
const ADVICE: [&str; 3] = ["Advice products", "Advice mappings rmm", "Warning next run"];

#[tokio::test]
async fn products_without_a_rule_and_undecided_accounts_are_advice() {
    let office = Office::synced().await;
    assert_eq!(office.problems().await, ADVICE);
    let products = office.message("products", None).await;
    assert!(
        products.starts_with("2 billed products") && products.ends_with("PHONE (2 lines), BACKUP (1 line)"),
        "{products}"
    );
    let mappings = office.message("mappings", Some("rmm")).await;
    assert!(mappings.starts_with("1 vendor account with 1 item undecided"), "{mappings}");
}

#[tokio::test]
async fn what_the_next_run_would_not_compare_is_foretold() {
    let office = Office::synced().await;
    let next = office.message("next run", None).await;
    assert!(next.starts_with("1 comparison with the newest syncs, "), "{next}");
    assert!(next.contains(" 1 would not be reconciled (1: "), "{next}");
    office.edit("rules.toml", "rmm.server", "rmm.servr");
    let unseen = office.message("next run", Some("rmm")).await;
    assert_eq!(unseen, "there were never items of kind `servr`; did you mean `server`?");
    let next = office.message("next run", None).await;
    assert!(next.starts_with("with the newest syncs nothing would be compared (1: correct the word"), "{next}");
}

#[tokio::test]
async fn a_fall_is_named_with_the_command_that_accepts_it() {
    let mut office = Office::synced().await;
    let devices = |number: u32| {
        let row = |n| format!("a1,Harbour Dental,d{n},server,active\n");
        format!("account_id,account_name,item_id,kind,status\n{}", (0..number).map(row).collect::<String>())
    };
    for (day, number) in [("2026-07-01", 40), ("2026-07-02", 3)] {
        office.on(day);
        drop_file(office.path(), "rmm", &format!("usage-{day}.csv"), devices(number));
        let config = Config::load(&office.env).await.unwrap();
        let deadline = truecount_app::Deadline::in_seconds(600);
        truecount_app::sync(&office.env, &config.settings, "rmm", deadline).await.unwrap();
    }
    let results = office.results().await;
    let fall = results.iter().find(|one| one.topic == "fall").unwrap_or_else(|| panic!("{results:?}"));
    assert!(fall.message.starts_with("Harbour Dental: server 40 on 2026-07-01, 3 now"), "{fall:?}");
    assert!(fall.fix.as_ref().unwrap().contains("`truecount sources accept rmm a1`"), "{fall:?}");
}

#[tokio::test]
async fn settings_that_cannot_be_used_stop_what_depends_on_them() {
    let office = Office::synced().await;
    let path = office.path().join("config/settings.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    for (from, to, expected) in [
        ("id = \"psa\"", "id = \"psa\"\nenabled = false", "Error settings"),
        ("side = \"used\"", "side = \"agreed\"", "Error settings"),
        ("side = \"used\"", "side = \"used\"\ncolour = \"red\"", "Warning settings rmm"),
    ] {
        office.edit("settings.toml", from, to);
        let found = office.problems().await;
        assert_eq!(found[0], expected, "{to}");
        assert!(!found.iter().any(|one| ADVICE.contains(&one.as_str())), "nothing to compare: {found:?}");
        std::fs::write(&path, &good).unwrap();
    }
    assert_eq!(office.problems().await, ADVICE);
    office.edit("settings.toml", "[mail]", "[mial]");
    assert_eq!(office.problems().await, ["Error settings"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_others_may_look_into_is_told() {
    let office = Office::synced().await;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o750);
    std::fs::set_permissions(office.path(), mode).unwrap();
    let told = office.message("privacy", None).await;
    assert!(told.ends_with("(mode 750), which holds clients' data"), "{told}");
}

#[tokio::test]
async fn a_rule_must_count_in_an_enabled_source() {
    let office = Office::synced().await;
    office.edit("settings.toml", "id = \"rmm\"", "id = \"rmm\"\nenabled = false");
    assert!(office.problems().await.contains(&"Warning rules rmm".to_owned()));
    let only_flat = "[services]\nMNG-SRV = { flat = true }\n";
    std::fs::write(office.path().join("config/rules.toml"), only_flat).unwrap();
    assert!(office.problems().await.contains(&"Warning rules".to_owned()), "nothing is counted");
    std::fs::write(office.path().join("config/rules.toml"), "").unwrap();
    assert_eq!(office.problems().await, ["Error settings"], "a file without rules is none");
}

#[tokio::test]
async fn mail_needs_a_sender_and_somebody_to_read_it() {
    let office = Office::synced().await;
    office.edit("settings.toml", "[[mail.groups]]\nid = \"owner\"\nto = [\"owner@msp.example\"]\n", "");
    assert_eq!(office.problems().await[0], "Warning recipients");
    office.edit("settings.toml", "from = \"truecount@msp.example\"", "");
    assert_eq!(office.problems().await[..2], ["Warning recipients", "Error sender"]);
}

#[tokio::test]
async fn a_sync_is_judged_by_its_age_and_by_what_came_after_it() {
    let mut office = Office::new();
    let expected = ["Warning sync psa", "Warning sync rmm", "Warning products", "Warning mappings", "Warning next run"];
    assert_eq!(office.problems().await, expected, "never synced: nothing is well");
    office = Office::synced().await;
    office.on("2026-08-04");
    assert_eq!(office.problems().await, ADVICE, "not too old to be used");
    office.on("2026-08-05");
    assert_eq!(office.problems().await[..2], ["Warning sync psa", "Warning sync rmm"]);
    office.on("2026-07-01");
    let failure = Some(truecount_billing::ReadReason::TooManyItems);
    let (source, as_of, at) = ("rmm".parse().unwrap(), "2026-07-01".parse().unwrap(), office.env.clock.now());
    let status = SyncStatus { source, as_of, at, failure, vendor_ahead_seconds: None };
    status.save(&office.env.store, Fence::at(i64::MAX / 2)).await.unwrap();
    assert_eq!(office.problems().await[0], "Advice sync rmm", "the one before is still used");
}

#[tokio::test]
async fn a_closing_is_overdue_from_the_day_after_its_own() {
    let mut office = Office::synced().await;
    ScheduleStart::load_or_begin(&office.env.store, "2026-06-01".parse().unwrap()).await.unwrap();
    for (day, is_overdue) in [("2026-06-25", false), ("2026-06-26", false), ("2026-06-27", true)] {
        office.on(day);
        let problems = office.problems().await;
        assert_eq!(problems.contains(&"Error closing".to_owned()), is_overdue, "{day}: {problems:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_missing_or_an_unknown_directory_is_an_error() {
    let office = Office::synced().await;
    std::fs::remove_file(office.path().join("config/rules.toml")).unwrap();
    assert_eq!(office.problems().await, ["Error files"], "nothing further can be checked");
    let nowhere = CheckedBackend::Directory(Path::new("/no/such/directory"));
    let results = examine(&office.env, nowhere).await;
    assert!(cfg!(not(unix)) || results.iter().any(|one| one.topic == "disk" && one.status == CheckStatus::Error));
}

#[test]
fn what_helps_depends_on_what_happened() {
    let detail = || Detail::from("x");
    let fixes = [PortErrorKind::Denied(detail()), PortErrorKind::NotSetUp(detail()), PortErrorKind::Missing(detail())]
        .map(|kind| {
            let error = StackError::Unreadable { parameter: "p".to_owned(), place: "eu".to_owned(), kind };
            stack_not_found(&error).fix.unwrap()
        });
    assert_eq!(fixes.iter().collect::<std::collections::BTreeSet<_>>().len(), 3, "{fixes:?}");
    assert!(fix_of(&PortErrorKind::Denied(detail()), "ses:GetSendQuota").contains("ses:GetSendQuota"));
}

#[test]
fn a_key_is_judged_by_what_it_lacks_and_by_what_is_too_much() {
    for (excess, missing, status) in [
        (&[][..], &[][..], CheckStatus::Ok),
        (&["seats.write".to_owned()], &[], CheckStatus::Advice),
        (&[], &["seats.read"], CheckStatus::Warning),
        (&["seats.write".to_owned()], &["seats.read"], CheckStatus::Warning),
    ] {
        let needed = vec!["seats.read"];
        let rights = KeyRights { needed, excess: excess.to_vec(), missing: missing.to_vec(), option: None };
        let result = sources::key_rights(rights.clone());
        assert_eq!((result.topic, result.status, result.fix.is_some()), ("rights", status, status != CheckStatus::Ok));
        let json = serde_json::to_value(&result).unwrap();
        let expected = serde_json::json!({ "needed": ["seats.read"], "excess": excess, "missing": missing });
        assert_eq!(json["rights"], expected);
        assert!(serde_json::to_value(CheckResult::ok("table", "there")).unwrap().get("rights").is_none());
    }
}

#[test]
fn an_error_is_shown_with_every_cause() {
    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::num::ParseIntError);
    let error = Outer("x".parse::<u8>().unwrap_err());
    assert_eq!(chain(&error), "outer: invalid digit found in string");
}

/// What a run would compare is told of what it would use, and old syncs are not.
#[tokio::test]
async fn nothing_is_foretold_of_syncs_that_are_too_old() {
    let mut office = Office::synced().await;
    office.on("2026-09-01");
    let next = office.message("next run", None).await;
    assert!(next.starts_with("with the newest syncs nothing would be compared"), "{next}");
    assert!(!next.contains('%'), "{next}");
}

impl Office {
    async fn closing(&self) -> (CheckStatus, String, String) {
        let closing = self.results().await.into_iter().find(|one| one.topic == "closing").unwrap();
        (closing.status, closing.message, closing.fix.unwrap_or_default())
    }
}

#[tokio::test]
async fn a_month_that_waits_is_not_due_today() {
    let mut office = Office::new();
    office.on("2026-06-24");
    let config = Config::load(&office.env).await.unwrap();
    truecount_app::closing_expected(&office.env, &config.settings.closing).await.unwrap();
    let (status, message, fix) = office.closing().await;
    assert_eq!(status, CheckStatus::Warning);
    assert!(
        message.starts_with("2026-06 is not closed yet: `psa` was not read completely (never synced)"),
        "{message}"
    );
    assert!(fix.contains("`truecount run --closing --month 2026-06 --incomplete`"), "{fix}");
}

#[tokio::test]
async fn a_month_whose_mail_alone_failed_is_closed() {
    let mut office = Office::synced().await;
    let config = Config::load(&office.env).await.unwrap();
    office.on("2026-06-20");
    truecount_app::closing_expected(&office.env, &config.settings.closing).await.unwrap();
    office.on("2026-06-30");
    let closing = truecount_app::RunKind::Closing { replace: None, early: false, incomplete: false };
    let deadline = || truecount_app::Deadline::in_seconds(600);
    let answer = truecount_app::reconcile(&office.env, &config, None, &closing, deadline()).await.unwrap();
    let truecount_app::ReconcileAnswer::Reconciled { run_id, month, .. } = answer else { panic!("{answer:?}") };
    let off = truecount_app::MailPolicy::Off;
    truecount_app::report(&office.env, &config, month, Some(&run_id), off, deadline()).await.unwrap();
    for day in ["2026-06-30", "2026-07-02"] {
        office.on(day);
        let (_, message, fix) = office.closing().await;
        assert!(message.starts_with("2026-06 is closed, and its mail was not sent to everyone"), "{message}");
        assert!(fix.starts_with("`truecount runs why` says why"), "{fix}");
    }
}

#[tokio::test]
async fn a_key_that_expires_soon_is_named_before_it_does() {
    let mut office = Office::new();
    let key = "[[sources]]\nid = \"ninja\"\nconnector = \"ninjaone\"\nsecret_expires = 2026-08-14\n\n[[sources]]\nid = \"rmm\"";
    office.edit("settings.toml", "[[sources]]\nid = \"rmm\"", key);
    for (day, expected) in [
        ("2026-06-30", None),
        ("2026-07-01", Some((CheckStatus::Warning, "its key expires on 2026-08-14"))),
        ("2026-08-14", Some((CheckStatus::Warning, "its key expires on 2026-08-14"))),
        ("2026-08-15", Some((CheckStatus::Error, "its key was to expire on 2026-08-14"))),
    ] {
        office.on(day);
        let results = office.results().await;
        let told = results.iter().find(|one| one.message.contains("its key"));
        assert_eq!(told.map(|one| (one.status, one.message.as_str())), expected, "{day}");
        let fix = told.and_then(|one| one.fix.as_deref());
        assert!(fix.is_none_or(|fix| fix.contains("`truecount secrets set ninja`")), "{fix:?}");
    }
}
