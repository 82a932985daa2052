//! What an MSP begins with: some clients, some sources, some services. What is outside is neither compared nor counted in any
//! revenue, and nothing is said of it but how much of it there is.
//!
//! Deliberately absent: what is read. Whose an account is can hang on all of them.

use serde::{Deserialize, Serialize};
use truecount_billing::{ProductCode, SourceId};
use truecount_rules::{Pattern, Rules, ServiceRule};

use crate::run_inputs::BilledClient;

/// What is looked at: words with `*` for any text. An empty list: all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ScopeWords", into = "ScopeWords")]
pub struct Scope {
    words: ScopeWords,
    clients: Vec<Pattern>,
    sources: Vec<Pattern>,
    services: Vec<Pattern>,
}

/// The words of a scope as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeWords {
    /// Clients, by id, short identifier or name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// Sources of usage, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Services, and products that no service has, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
}

/// The scope of a run, and how much there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeRecord {
    /// As it is written.
    #[serde(flatten)]
    pub words: ScopeWords,
    /// Clients that are in it.
    pub clients_in: u64,
    /// Clients that there are.
    pub clients_all: u64,
}

impl From<ScopeWords> for Scope {
    fn from(words: ScopeWords) -> Self {
        let patterns = |words: &[String]| words.iter().map(|word| Pattern::new(word)).collect();
        let (clients, sources, services) =
            (patterns(&words.clients), patterns(&words.sources), patterns(&words.services));
        Self { words, clients, sources, services }
    }
}

impl From<Scope> for ScopeWords {
    fn from(scope: Scope) -> Self {
        scope.words
    }
}

impl Scope {
    /// As it is written.
    #[must_use]
    pub fn words(&self) -> &ScopeWords {
        &self.words
    }

    /// Whether a client is in it, by any of what it is known by.
    #[must_use]
    pub fn has_client<'w>(&self, known_by: impl IntoIterator<Item = &'w str>) -> bool {
        self.clients.is_empty()
            || known_by.into_iter().any(|word| self.clients.iter().any(|pattern| pattern.fits(word)))
    }

    /// Whether a source of usage is in it.
    #[must_use]
    pub fn has_source(&self, source: &SourceId) -> bool {
        fits(&self.sources, source.as_str())
    }

    /// Whether a code is that of a service, or of a product that no service has, in it.
    #[must_use]
    pub fn has_code(&self, code: &ProductCode) -> bool {
        fits(&self.services, code.as_str())
    }

    /// Whether a service is in it: itself, and each source that counts it.
    pub(crate) fn has_service(&self, rule: &ServiceRule) -> bool {
        let mut sources = rule.count().into_iter().flat_map(|count| &count.parts).map(|part| &part.source);
        self.has_code(&rule.code) && sources.all(|source| self.has_source(source))
    }

    /// Whether every service is in it: what an agreement bills by itself is of none.
    pub(crate) fn has_all_services(&self) -> bool {
        self.services.is_empty()
    }

    /// Words that mean no client, then words that mean no service, as they are written.
    #[must_use]
    pub fn unmatched(&self, clients: &[BilledClient], rules: &Rules) -> [Vec<&str>; 2] {
        let is_client = |pattern: &Pattern| clients.iter().any(|one| known_by(one).any(|word| pattern.fits(word)));
        let codes = || rules.services().chain(rules.groups().iter().map(|group| &group.name));
        let is_service = |pattern: &Pattern| codes().any(|code| pattern.fits(code.as_str()));
        [
            self.clients.iter().filter(|one| !is_client(one)).map(|one| one.written.as_str()).collect(),
            self.services.iter().filter(|one| !is_service(one)).map(|one| one.written.as_str()).collect(),
        ]
    }
}

/// What a client is known by.
pub(crate) fn known_by(client: &BilledClient) -> impl Iterator<Item = &str> {
    [client.id.as_str(), client.name.as_str()].into_iter().chain(client.identifier.as_deref())
}

fn fits(patterns: &[Pattern], word: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.fits(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(clients: &[&str], sources: &[&str], services: &[&str]) -> Scope {
        let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect();
        ScopeWords { clients: words(clients), sources: words(sources), services: words(services) }.into()
    }

    #[test]
    fn a_client_is_in_it_by_id_identifier_or_name() {
        let one = scope(&["42", "Harbour*", " QUAY "], &[], &[]);
        for (known_by, expected) in [
            (["42", "Alder Ltd"], true),
            (["7", "harbour dental"], true),
            (["8", "Quay"], true),
            (["8", "Quay Foods"], false),
            (["421", "Alder Ltd"], false),
        ] {
            assert_eq!(one.has_client(known_by), expected, "{known_by:?}");
        }
        assert!(Scope::default().has_client(["anybody"]));
    }

    #[test]
    fn a_service_is_in_it_with_all_its_sources() {
        let vocabulary = [];
        let one = scope(&[], &["rmm", "edr*"], &["MNG-*", "SOC"]);
        assert!(one.has_code(&"mng-srv".parse().unwrap()) && !one.has_code(&"M365-BP".parse().unwrap()));
        assert!(one.has_source(&"edr-2".parse().unwrap()) && !one.has_source(&"m365".parse().unwrap()));
        assert!(!one.has_all_services() && scope(&["x"], &[], &[]).has_all_services());
        let rules =
            Rules::parse("rules.toml", "[services]\nMNG-NET = { flat = true }\nFAX = { flat = true }\n", &vocabulary);
        let rules = rules.unwrap();
        let in_it = |code: &str| one.has_service(rules.usual_rule(&code.parse().unwrap()).unwrap());
        assert!(in_it("MNG-NET") && !in_it("FAX"));
        assert_eq!(one.unmatched(&[], &rules), [Vec::<&str>::new(), vec!["SOC"]]);
        assert_eq!(scope(&["Nobody"], &[], &[]).unmatched(&[], &rules), [vec!["Nobody"], Vec::new()]);
    }

    #[test]
    fn it_is_kept_as_it_is_written() {
        let one = scope(&["Harbour*"], &[], &["MNG-*"]);
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(text, r#"{"clients":["Harbour*"],"services":["MNG-*"]}"#);
        assert_eq!(serde_json::from_str::<Scope>(&text).unwrap(), one);
    }
}
