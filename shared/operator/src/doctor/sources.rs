//! Each source: its credentials, one harmless request to its vendor, what its key may do, and its last sync.

use jiff::SignedDuration;
use truecount_app::{Config, Environment, REFUSED_FILE_FIX, SourceSettings, refused_file_line, refused_files};
use truecount_billing::Remedy;
use truecount_connectors::{KeyRights, Source, connect, source_kind};
use truecount_platform::{ExposeSecret, Fields, SecretError};
use truecount_store::{InboxFolder, SnapshotManifest, SyncStatus};

use super::{CheckResult, CheckStatus, counted, fix_of};
use crate::vendor::{VendorAnswer, ask_vendor};

pub(super) async fn sources(
    env: &Environment,
    config: &Config,
    results: &mut Vec<CheckResult>,
    skews: &mut Vec<(String, SignedDuration)>,
) {
    for source in config.settings.enabled() {
        // Wrong options are reported with the settings.
        let Ok(built) = connect(&source.connector, &source.options) else { continue };
        if built.endpoint().is_some()
            && let Some(fields) = secret(env, source, results).await
        {
            vendor(&built, source, fields, results, skews).await;
        }
        results.push(synced(env, config, source, &built).await.about(&source.id));
    }
}

/// The source's credentials, if they are complete.
async fn secret(env: &Environment, source: &SourceSettings, results: &mut Vec<CheckResult>) -> Option<Fields> {
    let declared = source_kind(&source.connector)?;
    let set = format!("`truecount secrets set {}` asks for it and stores it", source.id);
    let (message, fix) = match env.secrets.source(&source.id).await {
        Ok(fields) => {
            let lacks = |field: &&&str| fields.get(**field).is_none_or(|value| value.expose_secret().trim().is_empty());
            let missing: Vec<_> = declared.secret.iter().filter(lacks).copied().collect();
            if missing.is_empty() {
                results.push(CheckResult::ok("secret", "complete").about(&source.id));
                return Some(fields);
            }
            (format!("it lacks {}", missing.join(", ")), set)
        }
        Err(SecretError::Missing { .. }) => ("it is not set".to_owned(), set),
        Err(error @ SecretError::Unusable { .. }) => (error.to_string(), format!("fix that, or {set}")),
        Err(SecretError::Unreadable { place, cause, .. }) => {
            (format!("{place}: {cause}"), fix_of(&cause, "ssm:GetParameter"))
        }
    };
    results.push(CheckResult::problem(CheckStatus::Warning, "secret", message, fix).about(&source.id));
    None
}

/// Whether the vendor answers one request.
async fn vendor(
    built: &Source,
    source: &SourceSettings,
    secret: Fields,
    results: &mut Vec<CheckResult>,
    skews: &mut Vec<(String, SignedDuration)>,
) {
    let set = format!("renew it at the vendor, then `truecount secrets set {}`", source.id);
    let VendorAnswer { outcome, skew, rights } = ask_vendor(built, secret).await;
    skews.extend(skew.map(|skew| (source.id.to_string(), skew)));
    let result = match outcome {
        Ok(()) => CheckResult::ok("vendor", "answers, and accepts the secret"),
        Err(fault) => {
            let fix = match fault.remedy() {
                Remedy::FixCredentials => set,
                Remedy::Retry => {
                    "try again; if it persists, check `base_url` in the settings, any proxy, and the vendor's status page".to_owned()
                }
                Remedy::FixConfiguration => "check the source's options in the settings, first of all `base_url`".to_owned(),
            };
            CheckResult::problem(CheckStatus::Warning, "vendor", fault.to_string(), fix)
        }
    };
    results.push(result.about(&source.id));
    results.extend(rights.map(|rights| key_rights(rights).about(&source.id)));
}

/// Whether the key may do more than read, or lacks something that is read.
pub(super) fn key_rights(rights: KeyRights) -> CheckResult {
    let result = match rights.finding() {
        None => CheckResult::ok("rights", "the vendor names none that the key does not need"),
        // What is missing is not read; what is too much is never used.
        Some(finding) => {
            let status = if rights.missing.is_empty() { CheckStatus::Advice } else { CheckStatus::Warning };
            CheckResult::problem(status, "rights", finding, rights.fix())
        }
    };
    CheckResult { rights: Some(rights), ..result }
}

/// How recent and complete the last sync is.
async fn synced(env: &Environment, config: &Config, source: &SourceSettings, built: &Source) -> CheckResult {
    let id = &source.id;
    let again = match built.file() {
        Some(_) => format!("`truecount sync {id} --file FILE` reads a new file"),
        None => format!("`truecount sync {id}` reads it now, or says why it cannot"),
    };
    let today = config.settings.today(env);
    let found = match SnapshotManifest::newest(&env.store, id, today).await {
        Ok(snapshot) => SyncStatus::last(&env.store, id).await.map(|status| (snapshot, status)),
        Err(error) => Err(error),
    };
    let (snapshot, status) = match found {
        Ok(found) => found,
        Err(error) => {
            return CheckResult::problem(
                CheckStatus::Error,
                "sync",
                error.to_string(),
                "make the table readable, then check again",
            );
        }
    };
    let failure = status.and_then(|status| status.failure);
    let refused = refused_files(failure.as_ref());
    let (because, again) = match (refused, &failure) {
        ([], Some(why)) => (format!("; the last attempt failed: {why}"), again),
        ([], None) => (String::new(), again),
        (files, _) => {
            let lines: Vec<String> = files.iter().map(refused_file_line).collect();
            let folder = InboxFolder::source(id).location(&env.store);
            (format!("; {}", lines.join("; ")), format!("{REFUSED_FILE_FIX} in `{folder}`, then `truecount sync {id}`"))
        }
    };
    let Some(snapshot) = snapshot else {
        return CheckResult::problem(CheckStatus::Warning, "sync", format!("never synced{because}"), again);
    };
    let days = snapshot.id.as_of.until(today).map_or(0, |age| age.get_days());
    let message = format!("of {}, {}{because}", snapshot.id.as_of, counted(snapshot.item_count, "item", "items"));
    let fresh_days = source.fresh_days();
    if i64::from(days) > i64::from(fresh_days) {
        let days = counted(days.unsigned_abs(), "day", "days");
        let after = counted(fresh_days, "day", "days");
        let message = format!("{message}; {days} old: after {after} it is not used");
        return CheckResult::problem(CheckStatus::Warning, "sync", message, again);
    }
    let state = snapshot.read_state();
    if let Some(reason) = state.reason() {
        return CheckResult::problem(CheckStatus::Warning, "sync", format!("{message}: incomplete, {reason}"), again);
    }
    if failure.is_some() {
        let status = if refused.is_empty() { CheckStatus::Advice } else { CheckStatus::Warning };
        return CheckResult::problem(status, "sync", message, again);
    }
    CheckResult::ok("sync", message)
}
