//! A rules file, read: services, categories, kinds of agreement, clients.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use truecount_billing::{Currency, ProductCode, SourceId};

use crate::filter::{Filter, FilterTable, Pattern, unseen_days};
use crate::group::ServiceGroup;
use crate::layers::{CountTerm, NamedProducts, ServiceKeys};
use crate::model::{BoughtAt, CountAt, ServiceRule};
use crate::products_left_out::ProductsLeftOut;

/// A rules file, checked against the vocabulary of the sources.
#[derive(Debug, Clone)]
pub struct Rules {
    pub(crate) file: String,
    pub(crate) currency: Option<Currency>,
    pub(crate) services: Vec<Service>,
    pub(crate) by_code: BTreeMap<ProductCode, usize>,
    /// By product code, trimmed and in small letters.
    pub(crate) by_product: BTreeMap<String, usize>,
    /// By service: those that cover it or grant units of it, in their order.
    pub(crate) outer: BTreeMap<ProductCode, Vec<ProductCode>>,
    pub(crate) groups: Vec<ServiceGroup>,
    /// By name, trimmed and in small letters.
    pub(crate) categories: BTreeMap<String, CategoryRule>,
    pub(crate) us: OwnIdentity,
    pub(crate) products_left_out: BTreeMap<SourceId, ProductsLeftOut>,
    pub(crate) types: Vec<AgreementTypeRules>,
    pub(crate) clients: Vec<ClientRules>,
}

/// A service, and what holds where nothing is nearer.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) code: ProductCode,
    pub(crate) products: Vec<ProductCode>,
    /// Those of them that it took the place of.
    pub(crate) superseded: Vec<ProductCode>,
    pub(crate) keys: ServiceKeys,
    pub(crate) rule: Arc<ServiceRule>,
}

impl Service {
    pub(crate) fn named(&self) -> NamedProducts<'_> {
        NamedProducts { code: &self.code, products: &self.products, superseded: &self.superseded }
    }
}

/// What one kind of agreement, one client or one of its agreements says, by the number of the service. Each table holds
/// in its own days.
pub(crate) type NearerKeys = BTreeMap<usize, Vec<ServiceKeys>>;

/// `[categories."NAME"]`: what products without a service are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryRule {
    /// Only that their lines stand.
    Flat,
    /// They are left out on purpose; why, as written.
    Ignored(String),
}

/// `[us]`: who the MSP itself is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnIdentity {
    /// Domains of its own mail addresses, in small letters.
    pub domains: Vec<String>,
    /// Its partner ids at vendors.
    pub partner_ids: Vec<String>,
}

/// `[agreement_types."NAME"]`.
#[derive(Debug, Clone)]
pub struct AgreementTypeRules {
    pub(crate) name: String,
    /// The name, trimmed and in small letters.
    pub(crate) folded: String,
    pub(crate) line: usize,
    pub(crate) note: Option<String>,
    pub(crate) services: NearerKeys,
}

/// `[clients.X]`.
#[derive(Debug, Clone)]
pub struct ClientRules {
    pub(crate) written: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) is_internal: bool,
    pub(crate) is_nfr: bool,
    pub(crate) note: Option<String>,
    pub(crate) services: NearerKeys,
    pub(crate) sections: Vec<AgreementSection>,
    pub(crate) bought: Option<BoughtAt>,
}

/// `[clients.X.agreements."NAME or id"]`.
#[derive(Debug, Clone)]
pub struct AgreementSection {
    pub(crate) written: String,
    pub(crate) line: usize,
    pub(crate) note: Option<String>,
    pub(crate) services: NearerKeys,
}

/// Where a word of the rules stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WordUse {
    /// In a `where`: what fits is counted.
    Wanted,
    /// In a `where_not`: what fits is not counted.
    Unwanted,
}

/// A word that the rules ask a kind of item for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedWord<'r> {
    /// The source.
    pub source: &'r SourceId,
    /// The kind of item.
    pub kind: &'r str,
    /// The attribute.
    pub attribute: &'r str,
    /// The word.
    pub pattern: &'r Pattern,
    /// Where it stands.
    pub word_use: WordUse,
}

impl Rules {
    /// Rules that say nothing yet.
    pub(crate) fn without_services(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            currency: None,
            services: Vec::new(),
            by_code: BTreeMap::new(),
            by_product: BTreeMap::new(),
            outer: BTreeMap::new(),
            groups: Vec::new(),
            categories: BTreeMap::new(),
            us: OwnIdentity::default(),
            products_left_out: BTreeMap::new(),
            types: Vec::new(),
            clients: Vec::new(),
        }
    }

    /// The file's name, for messages.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.file
    }

    /// The home currency: of prices here, and of lines that tell none.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// Whether there is no service: then nothing would be compared. A file without one is refused, so this is never so
    /// of rules that were read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// The services' codes in the order of the file.
    pub fn services(&self) -> impl ExactSizeIterator<Item = &ProductCode> {
        self.services.iter().map(|service| &service.code)
    }

    /// The code of the service that a product of the PSA belongs to. Capitals, and blanks around it, make no difference.
    #[must_use]
    pub fn service_of_product(&self, product: &ProductCode) -> Option<&ProductCode> {
        self.by_product.get(&folded(product.as_str())).map(|index| &self.services[*index].code)
    }

    /// What products of this category of the PSA are that belong to no service. Capitals, and blanks around the name,
    /// make no difference.
    #[must_use]
    pub fn category(&self, name: &str) -> Option<&CategoryRule> {
        self.categories.get(&folded(name))
    }

    /// Who the MSP itself is.
    #[must_use]
    pub fn us(&self) -> &OwnIdentity {
        &self.us
    }

    /// The products that a source leaves out; `None`: it counts all.
    #[must_use]
    pub fn products_left_out(&self, source: &SourceId) -> Option<&ProductsLeftOut> {
        self.products_left_out.get(source).filter(|products| products.has_any())
    }

    /// The kinds of agreement that have rules of their own, in the order of the file: one that the PSA does not know is
    /// for a person to look at.
    pub fn agreement_types(&self) -> impl ExactSizeIterator<Item = &AgreementTypeRules> {
        self.types.iter()
    }

    /// The kinds that services count anywhere in the file.
    #[must_use]
    pub fn kinds_counted(&self) -> BTreeSet<(&SourceId, &str)> {
        let tables = (0..self.services.len()).flat_map(|service| self.tables_of(service));
        let terms = tables.flat_map(|keys| keys.terms().iter().chain(keys.committed_terms()));
        terms.map(|term| (&term.source, term.kind.name.as_str())).collect()
    }

    /// The sources of which a count somewhere in the file asks for every day of the month.
    #[must_use]
    pub fn peak_sources(&self) -> BTreeSet<&SourceId> {
        let of_peak = |service: &usize| self.tables_of(*service).any(|keys| keys.at == Some(CountAt::Peak));
        let tables = (0..self.services.len()).filter(of_peak).flat_map(|service| self.tables_of(service));
        tables.flat_map(ServiceKeys::terms).map(|term| &term.source).collect()
    }

    /// Each word that the rules ask for, anywhere in the file: whether a source ever had it is for others to look up.
    #[must_use]
    pub fn words_asked(&self) -> Vec<AskedWord<'_>> {
        let mut asked = BTreeMap::new();
        for service in 0..self.services.len() {
            let mut terms: Vec<&CountTerm> = Vec::new();
            for term in self.tables_of(service).flat_map(ServiceKeys::terms) {
                if !terms.contains(&term) {
                    terms.push(term);
                }
            }
            for term in self.tables_of(service).flat_map(ServiceKeys::committed_terms) {
                note_words(&mut asked, term, term.wanted.as_ref(), WordUse::Wanted);
                note_words(&mut asked, term, term.unwanted.as_ref(), WordUse::Unwanted);
            }
            for term in terms {
                // A `where` holds for whatever is counted, also where a nearer table counts something else.
                for keys in self.tables_of(service) {
                    note_words(&mut asked, term, keys.wanted.as_ref(), WordUse::Wanted);
                    note_words(&mut asked, term, keys.unwanted.as_ref(), WordUse::Unwanted);
                }
                note_words(&mut asked, term, term.wanted.as_ref(), WordUse::Wanted);
                note_words(&mut asked, term, term.unwanted.as_ref(), WordUse::Unwanted);
                note_words(&mut asked, term, term.except.as_ref(), WordUse::Unwanted);
            }
        }
        asked.into_values().collect()
    }

    /// Every table of the file with keys of a service: its own first.
    fn tables_of(&self, service: usize) -> impl Iterator<Item = &ServiceKeys> {
        let types = self.types.iter().map(|of| &of.services);
        let clients = self.clients.iter().flat_map(|client| {
            std::iter::once(&client.services).chain(client.sections.iter().map(|section| &section.services))
        });
        let nearer = types.chain(clients).filter_map(move |tables| tables.get(&service)).flatten();
        std::iter::once(&self.services[service].keys).chain(nearer)
    }
}

/// The words asked so far: each once, by source, kind, attribute, word and use.
type AskedWords<'r> = BTreeMap<(&'r str, &'r str, &'r str, &'r str, WordUse), AskedWord<'r>>;

fn note_words<'r>(asked: &mut AskedWords<'r>, term: &'r CountTerm, filter: Option<&'r Filter>, word_use: WordUse) {
    let (source, kind) = (&term.source, term.kind.name.as_str());
    let patterns = filter.into_iter().flat_map(|filter| &filter.tables).flat_map(FilterTable::patterns);
    for (attribute, pattern) in
        patterns.filter(|(attribute, _)| term.has(attribute) && unseen_days(attribute).is_none())
    {
        let key = (source.as_str(), kind, attribute, pattern.written.as_str(), word_use);
        asked.entry(key).or_insert(AskedWord { source, kind, attribute, pattern, word_use });
    }
}

/// A name as it is compared: trimmed and in small letters.
pub(crate) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Whether a name as a system writes it is a name that is [`folded`].
pub(crate) fn is_folded_of(folded_name: &str, name: &str) -> bool {
    let name = name.trim();
    if name.is_ascii() { folded_name.eq_ignore_ascii_case(name) } else { folded_name == name.to_lowercase() }
}
