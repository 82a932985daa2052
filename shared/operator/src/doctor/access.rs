//! Whether this machine, user or role can do what the commands do. Each write has a condition that cannot be met, so that
//! nothing is written.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use truecount_app::Environment;
use truecount_platform::{ArchiveError, PortErrorKind};
use truecount_store::{AccessCheck, RULES_FILE, SETTINGS_FILE};

use super::{CheckResult, CheckStatus, CheckedBackend, fix_of};
use crate::inspector::AwsInspector;

/// With less free space, in bytes, a month's run may not fit.
const FREE_BYTES_MIN: u64 = 1_000_000_000;

pub(super) async fn identity(
    inspector: &AwsInspector,
    results: &mut Vec<CheckResult>,
    skews: &mut Vec<(String, SignedDuration)>,
) {
    match inspector.caller().await {
        Ok(caller) => {
            skews.extend(caller.skew.map(|skew| ("AWS".to_owned(), skew)));
            let message = format!("{} in account {}, region {}", caller.arn, caller.account, inspector.region());
            results.push(CheckResult::ok("identity", message));
        }
        Err(kind) => {
            let fix = "sign in to AWS in this shell (AWS_PROFILE, or a key's variables), and set a region";
            results.push(CheckResult::problem(CheckStatus::Error, "identity", kind.to_string(), fix));
        }
    }
}

pub(super) async fn table(env: &Environment, results: &mut Vec<CheckResult>) {
    let problem = |AccessCheck { action, result }: AccessCheck| {
        let error = result.err()?;
        let fix = fix_of(&error.cause, action);
        Some(CheckResult::problem(CheckStatus::Error, "table", format!("{error} ({action})"), fix))
    };
    let first = env.store.check_access().await.into_iter().find_map(problem);
    let message = || format!("`{}` can be read and written", env.store.table_name());
    results.push(first.unwrap_or_else(|| CheckResult::ok("table", message())));
}

/// Whether settings and rules exist and can be read. Says whether there is any point in reading them.
pub(super) async fn files(env: &Environment, backend: CheckedBackend<'_>, results: &mut Vec<CheckResult>) -> bool {
    let archive = &env.config;
    let problem = |action: &str, error: ArchiveError| {
        let fix = match &error.cause {
            PortErrorKind::Disk(_) => "give this user access to the directory and its files".to_owned(),
            kind => fix_of(kind, action),
        };
        CheckResult::problem(CheckStatus::Error, "files", format!("{error} ({action})"), fix)
    };
    if let Err(error) = archive.list("config/").await {
        results.push(problem("s3:ListBucket", error));
        return false;
    }
    for key in [SETTINGS_FILE, RULES_FILE] {
        match archive.get(key).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                let message = format!("`{}` does not exist", archive.place(key));
                let fix = "`truecount init --data DIR` writes one to start from, `truecount config push DIR/config` \
                           uploads it";
                results.push(CheckResult::problem(CheckStatus::Error, "files", message, fix));
                return false;
            }
            Err(error) => {
                results.push(problem("s3:GetObject", error));
                return false;
            }
        }
    }
    match backend {
        CheckedBackend::Directory(data) => {
            if let Some(path) = not_writable(data) {
                let message = format!("`{}` can be looked at, but not written: no run can work here", path.display());
                let fix =
                    "give this user access to the directory and its files; a copy that is only looked at needs none";
                results.push(CheckResult::problem(CheckStatus::Error, "files", message, fix));
                return true;
            }
        }
        CheckedBackend::Stack(..) => {
            // The key exists, so this writes nothing.
            if let Err(error) = archive.put_new(SETTINGS_FILE, Vec::new()).await {
                results.push(problem("s3:PutObject", error));
                return true;
            }
        }
    }
    results.push(CheckResult::ok("files", format!("`{}` can be read and written", archive.place("config"))));
    true
}

/// The first of a data directory's places that this user may not write to. Asked of the system, so that nothing is
/// written beside a process that works there.
#[cfg(unix)]
fn not_writable(data: &Path) -> Option<PathBuf> {
    let places = ["", "config", "archive", "outbox", "table.db"].map(|name| data.join(name));
    places.into_iter().find(|path| path.exists() && rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_err())
}

/// No call is safe to make on every other system.
#[cfg(not(unix))]
fn not_writable(_: &Path) -> Option<PathBuf> {
    None
}

/// Whether only its owner may look into a data directory: what lies in it is then private, whatever its own mode.
#[cfg(unix)]
fn privacy(data: &Path) -> Option<CheckResult> {
    let mode = std::os::unix::fs::MetadataExt::mode(&data.metadata().ok()?) & 0o777;
    let message = format!(
        "other users of this machine may look into `{}` (mode {mode:o}), which holds clients' data",
        data.display()
    );
    let fix = format!("`chmod -R go= '{}'`", data.display());
    (mode & 0o077 != 0).then(|| CheckResult::problem(CheckStatus::Advice, "privacy", message, fix))
}

#[cfg(unix)]
pub(super) fn disk(data: &Path, results: &mut Vec<CheckResult>) {
    results.extend(privacy(data));
    results.push(match rustix::fs::statvfs(data) {
        Ok(found) => free_space(found.f_bavail.saturating_mul(found.f_frsize)),
        Err(error) => CheckResult::problem(
            CheckStatus::Error,
            "disk",
            format!("`{}`: {error}", data.display()),
            "name an existing directory with --data",
        ),
    });
}

/// No call is safe to make on every other system.
#[cfg(not(unix))]
pub(super) fn disk(_: &Path, _: &mut Vec<CheckResult>) {}

fn free_space(bytes: u64) -> CheckResult {
    let message = format!("{} MB free", bytes / 1_000_000);
    if bytes >= FREE_BYTES_MIN {
        return CheckResult::ok("disk", message);
    }
    let fix = "free some space: a month's pages and reports may not fit";
    CheckResult::problem(CheckStatus::Warning, "disk", message, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_a_warning() {
        assert_eq!(free_space(FREE_BYTES_MIN).status, CheckStatus::Ok);
        let result = free_space(20_000_000);
        assert_eq!((result.status, result.message.as_str()), (CheckStatus::Warning, "20 MB free"));
    }
}
