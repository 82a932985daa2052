//! Each source: its secret, one harmless question to its vendor, and its last sync.

use std::time::Duration;

use jiff::SignedDuration;
use truecount_app::{AGE_DAYS_MAX, Config, Environment, SnapshotManifest, SourceSettings, SyncStatus};
use truecount_billing::Remedy;
use truecount_connectors::{Connector, Http, HttpSetup, Limits, connect, probe, source_kind};
use truecount_platform::{ExposeSecret, Fields, SecretError};

use super::{Health, Line, remedy};

/// How long a vendor may take for one question, in seconds.
const PROBE_SECONDS: u64 = 20;

/// Requests for it: a token, the question, and one of them again.
const PROBE_REQUESTS_MAX: u32 = 3;

pub(super) async fn sources(
    env: &Environment,
    config: &Config,
    lines: &mut Vec<Line>,
    skews: &mut Vec<(String, SignedDuration)>,
) {
    for source in config.settings.enabled() {
        // What is wrong with its options is told with the settings.
        let Ok(connector) = connect(&source.connector, &source.options) else { continue };
        if connector.endpoint().is_some()
            && let Some(fields) = secret(env, source, lines).await
        {
            vendor(&*connector, source, fields, lines, skews).await;
        }
        lines.push(synced(env, config, source, &*connector).await.about(&source.id));
    }
}

/// The source's secret, if it is whole.
async fn secret(env: &Environment, source: &SourceSettings, lines: &mut Vec<Line>) -> Option<Fields> {
    let declared = source_kind(&source.connector)?;
    let set = format!("`truecount secrets set {}` asks for it and puts it in place", source.id);
    let (says, remedy) = match env.secrets.source(&source.id).await {
        Ok(fields) => {
            let lacks = |field: &&&str| fields.get(**field).is_none_or(|value| value.expose_secret().trim().is_empty());
            let missing: Vec<_> = declared.secret.iter().filter(lacks).copied().collect();
            if missing.is_empty() {
                lines.push(Line::good("secret", "complete").about(&source.id));
                return Some(fields);
            }
            (format!("it lacks {}", missing.join(", ")), set)
        }
        Err(SecretError::Missing { .. }) => ("there is none".to_owned(), set),
        Err(error @ SecretError::Unusable { .. }) => (error.to_string(), format!("mend that, or {set}")),
        Err(SecretError::Unread { place, cause, .. }) => {
            (format!("{place}: {cause}"), remedy(&cause, "ssm:GetParameter"))
        }
    };
    lines.push(Line::bad(Health::Gap, "secret", says, remedy).about(&source.id));
    None
}

/// Whether the vendor answers one question.
async fn vendor(
    connector: &dyn Connector,
    source: &SourceSettings,
    secret: Fields,
    lines: &mut Vec<Line>,
    skews: &mut Vec<(String, SignedDuration)>,
) {
    let set = format!("renew it at the vendor, then `truecount secrets set {}`", source.id);
    let limits = Limits { requests_per_ask_max: PROBE_REQUESTS_MAX, ..Limits::default() };
    let deadline = Some(Duration::from_secs(PROBE_SECONDS));
    let setup = HttpSetup { secret, deadline, limits, ..HttpSetup::default() };
    let http = match Http::new(connector, setup) {
        Ok(http) => http,
        Err(error) => {
            lines.push(Line::bad(Health::Gap, "vendor", error.to_string(), set).about(&source.id));
            return;
        }
    };
    let answer = probe(connector, &http).await;
    skews.extend(http.skew().map(|skew| (source.id.to_string(), skew)));
    let line = match answer {
        Ok(()) => Line::good("vendor", "answers, and accepts the secret"),
        Err(fault) => {
            let remedy = match fault.remedy() {
                Remedy::FixCredentials => set,
                Remedy::Retry => {
                    "try again; if it stays, look at `base_url` in the settings, at a proxy between, and at the vendor's status page".to_owned()
                }
                Remedy::FixConfiguration => "look at the source's options in the settings, above all `base_url`".to_owned(),
            };
            Line::bad(Health::Gap, "vendor", fault.to_string(), remedy)
        }
    };
    lines.push(line.about(&source.id));
}

/// How fresh and whole the last sync is.
async fn synced(env: &Environment, config: &Config, source: &SourceSettings, connector: &dyn Connector) -> Line {
    let id = &source.id;
    let again = match connector.file() {
        Some(_) => format!("`truecount sync {id} --file FILE` reads a new file"),
        None => format!("`truecount sync {id}` reads it now, and says why if it cannot"),
    };
    let today = config.settings.today(env);
    let found = match SnapshotManifest::newest(&env.table, id, today).await {
        Ok(seal) => SyncStatus::last(&env.table, id).await.map(|attempt| (seal, attempt)),
        Err(error) => Err(error),
    };
    let (seal, attempt) = match found {
        Ok(found) => found,
        Err(error) => {
            return Line::bad(Health::Fault, "sync", error.to_string(), "make the table readable, then look again");
        }
    };
    let failure = attempt.and_then(|attempt| attempt.failure);
    let because = failure.as_ref().map(|why| format!("; the last try failed: {why}")).unwrap_or_default();
    let Some(seal) = seal else {
        return Line::bad(Health::Gap, "sync", format!("it was never read{because}"), again);
    };
    let days = seal.id.as_of.until(today).map_or(0, |age| age.get_days());
    let says = format!("of {}, {} items{because}", seal.id.as_of, seal.item_count);
    if days > AGE_DAYS_MAX {
        let says = format!("{says}: {days} days old, and after {AGE_DAYS_MAX} nothing is compared with it");
        return Line::bad(Health::Gap, "sync", says, again);
    }
    let state = seal.read_state();
    if let Some(reason) = state.reason() {
        return Line::bad(Health::Gap, "sync", format!("{says}: in part, {reason}"), again);
    }
    if failure.is_some() {
        return Line::bad(Health::Advice, "sync", says, again);
    }
    Line::good("sync", says)
}
