//! Candidates written as one rules file and counted at every client by the reconciliation.

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value, value};
use truecount_reconciliation::{RunContext, RunInputs, RunReconciler, UsedUnits};
use truecount_rules::{Rules, RulesFileError, SourceVocabulary};

use crate::candidate::Candidate;

/// So many candidates are tried at most, so that a look at the rules ends.
pub(crate) const CANDIDATES_MAX: usize = 20_000;

/// Rules that cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The file is no TOML.
    #[error("the rules cannot be read")]
    Toml(#[from] toml_edit::TomlError),
    /// A candidate is no rule.
    #[error("a rule that was to be tried cannot be used")]
    Rules(#[from] RulesFileError),
}

/// Where candidates are tried.
pub(crate) struct Trial<'a> {
    pub(crate) inputs: &'a RunInputs,
    pub(crate) context: RunContext,
    pub(crate) vocabulary: &'a [SourceVocabulary],
    /// What the rules file says of clients and sources beside its services.
    surroundings: DocumentMut,
    /// The clients that are witnesses.
    clients: Vec<usize>,
    pub(crate) tried: Vec<Tried>,
}

/// A candidate with what it counts.
#[derive(Debug, Clone)]
pub(crate) struct Tried {
    pub(crate) candidate: Candidate,
    /// At each client that is a witness, in their order; `None`: nothing can be counted.
    pub(crate) used: Vec<Option<UsedUnits>>,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(
        inputs: &'a RunInputs,
        context: RunContext,
        vocabulary: &'a [SourceVocabulary],
        rules_text: &str,
        clients: Vec<usize>,
    ) -> Result<Self, TrialError> {
        let surroundings = surroundings(rules_text)?;
        Ok(Self { inputs, context, vocabulary, surroundings, clients, tried: Vec::new() })
    }

    /// Counts candidates at every client that is a witness.
    pub(crate) fn add(&mut self, candidates: Vec<Candidate>) -> Result<(), TrialError> {
        let room = CANDIDATES_MAX.saturating_sub(self.tried.len());
        let candidates: Vec<Candidate> = candidates.into_iter().take(room).collect();
        if candidates.is_empty() {
            return Ok(());
        }
        let rules = Rules::parse("candidates", &self.file(&candidates), self.vocabulary)?;
        let reconciler = RunReconciler::new(self.inputs, &rules, self.context);
        let mut tried: Vec<Tried> =
            candidates.into_iter().map(|candidate| Tried { candidate, used: Vec::new() }).collect();
        for client in &self.clients {
            for (one, used) in tried.iter_mut().zip(reconciler.used_units(*client)) {
                one.used.push(used);
            }
        }
        self.tried.extend(tried);
        Ok(())
    }

    /// Whether a candidate was tried.
    pub(crate) fn has(&self, candidate: &Candidate) -> bool {
        self.tried.iter().any(|tried| tried.candidate == *candidate)
    }

    /// A rules file with a service for each candidate, in their order.
    fn file(&self, candidates: &[Candidate]) -> String {
        let mut document = self.surroundings.clone();
        let mut services = Table::new();
        for (number, candidate) in candidates.iter().enumerate() {
            services.insert(&format!("candidate-{number:05}"), value(candidate.rule()));
        }
        document.insert("services", Item::Table(services));
        document.to_string()
    }
}

/// What of a rules file holds whatever the services are: who we are, changed lists of products, and what is decided of
/// clients as a whole.
fn surroundings(rules_text: &str) -> Result<DocumentMut, TrialError> {
    let rules: DocumentMut = rules_text.trim_start_matches('\u{feff}').parse()?;
    let mut kept = DocumentMut::new();
    for key in ["currency", "us", "sources"] {
        if let Some(item) = rules.get(key) {
            kept.insert(key, item.clone());
        }
    }
    let mut clients = Table::new();
    for (name, client) in rules.get("clients").and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter) {
        let keys = ["moved", "both"].into_iter();
        let found = keys.filter_map(|key| Some((key, as_value(client.as_table_like()?.get(key)?)?)));
        let found: InlineTable = found.collect();
        if !found.is_empty() {
            clients.insert(name, value(found));
        }
    }
    if !clients.is_empty() {
        kept.insert("clients", Item::Table(clients));
    }
    Ok(kept)
}

/// A value, also where it is written as a table.
fn as_value(item: &Item) -> Option<Value> {
    item.clone().into_value().ok()
}
