//! `[scope]`: which clients, sources and services an MSP begins with.

use truecount_reconciliation::{Scope, ScopeWords};
use truecount_rules::Pattern;

use super::SourceSettings;
use crate::toml_sections::{Located, Problems, Section};

/// Reads the table; `None`: something is wrong with it.
pub(super) fn read_scope(
    mut section: Section<'_>,
    sources: &[SourceSettings],
    problems: &mut Problems<'_>,
) -> Option<Scope> {
    let at = section.at();
    let mut list = |key| words(key, section.optional(key, problems), problems);
    let (clients, services, of_sources) = (list("clients"), list("services"), list("sources"));
    section.finish(problems);
    if clients.is_none() && services.is_none() && of_sources.is_none() {
        problems.add(at, "[scope] limits nothing; write `clients`, `sources` or `services`, or take it out");
        return None;
    }
    for (at, word) in of_sources.iter().flatten() {
        let pattern = Pattern::new(word);
        if !sources.iter().any(|source| !source.side().is_billed() && pattern.fits(source.id.as_str())) {
            let ids = sources.iter().filter(|source| !source.side().is_billed()).map(|source| source.id.as_str());
            let ids = ids.collect::<Vec<_>>().join(", ");
            problems.add(*at, format!("`sources`: no source of usage is called `{word}`; there are {ids}"));
        }
    }
    let written = |all: Option<Vec<(usize, String)>>| all.into_iter().flatten().map(|(_, word)| word).collect();
    let (clients, sources, services) = (written(clients), written(of_sources), written(services));
    Some(ScopeWords { clients, sources, services }.into())
}

/// The words of a list, each with the byte of the file at which the list stands; `None`: there is none.
fn words(key: &str, found: Option<Located<Vec<String>>>, problems: &mut Problems<'_>) -> Option<Vec<(usize, String)>> {
    let Located { at, value } = found?;
    if value.is_empty() || value.iter().any(|word| word.trim().is_empty()) {
        problems.add(at, format!("`{key}` has nothing in it, or an empty word; write names, or take `{key}` out"));
    }
    Some(value.into_iter().map(|word| (at, word)).collect())
}

#[cfg(test)]
mod tests {
    use crate::Settings;

    const SOURCES: &str = "[[sources]]\nid = \"psa\"\nconnector = \"file\"\nside = \"agreed\"\n\
                           [[sources]]\nid = \"rmm\"\nconnector = \"file\"\n\
                           [[sources]]\nid = \"edr\"\nconnector = \"file\"\n";

    #[test]
    fn a_scope_limits_clients_services_and_the_sources_of_usage() {
        let settings = format!("[scope]\nclients = [\"Harbour*\", \"42\"]\nsources = [\"r*\"]\n{SOURCES}");
        let settings = Settings::parse(&settings).unwrap();
        let enabled: Vec<_> = settings.enabled().map(|source| source.id.as_str()).collect();
        assert_eq!(enabled, ["psa", "rmm"], "what is billed is always read");
        assert!(settings.scope.unwrap().has_client(["42"]));
        assert_eq!(Settings::parse(SOURCES).unwrap().scope, None);
    }

    #[test]
    fn what_means_nothing_is_named_with_its_line() {
        for (text, line, what) in [
            ("[scope]\n", 1, "[scope] limits nothing"),
            ("[scope]\nclients = []\n", 2, "`clients` has nothing in it"),
            ("[scope]\nservices = [\" \"]\n", 2, "an empty word"),
            ("[scope]\nsources = [\"psa\"]\n", 2, "no source of usage is called `psa`; there are rmm, edr"),
            ("[scope]\nclient = [\"x\"]\nclients = [\"x\"]\n", 2, "did you mean `clients`?"),
            ("[scope]\nclients = \"x\"\n", 2, "`clients`"),
        ] {
            let error = Settings::parse(&format!("{text}{SOURCES}")).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}: ")) && error.contains(what), "{text}: {error}");
        }
    }
}
