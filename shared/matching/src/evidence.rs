//! Evidence other than names, and how much it changes the odds. No labelled set has such evidence: the weights are set by
//! hand, low enough that a person still decides.

use hashbrown::{HashMap, HashSet};

use crate::name::Name;
use crate::words::SHARED_DOMAINS;
use crate::{Party, Reason, normalise};

/// Log odds.
mod weights {
    pub(super) const IDENTIFIER: f32 = 9.0;
    pub(super) const OTHER_IDENTIFIER: f32 = -6.0;
    pub(super) const SERIALS: f32 = 6.0;
    pub(super) const DOMAIN: f32 = 5.0;
    pub(super) const DOMAIN_OF_SEVERAL: f32 = 2.0;
    pub(super) const DOMAIN_IS_NAME: f32 = 3.0;
    pub(super) const PHONE: f32 = 3.5;
    pub(super) const KNOWN_AS: f32 = 5.0;
    pub(super) const CITY: f32 = 0.7;
    pub(super) const OTHER_CITY: f32 = -0.7;
}

/// Maximum clients sharing one piece of evidence; what more share is no evidence.
const CLIENTS_MAX: usize = 20;
/// Maximum clients named for one piece of evidence.
const NAMED_MAX: usize = 3;
/// Fewer digits are an extension, not a telephone number.
const PHONE_DIGITS_MIN: usize = 7;
const PHONE_DIGITS_COMPARED: usize = 9;

/// The clients that have each piece of evidence.
#[derive(Default)]
pub(crate) struct EvidenceIndex<'a> {
    clients: &'a [Party<'a>],
    identifiers: HashMap<String, Vec<usize>>,
    serials: HashMap<String, Vec<usize>>,
    domains: HashMap<String, Vec<usize>>,
    phones: HashMap<String, Vec<usize>>,
    names: HashMap<Vec<u8>, Vec<usize>>,
    known_as: HashMap<String, Vec<usize>>,
    cities: Vec<Option<String>>,
}

/// The evidence about one client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub odds: f32,
    pub reasons: Vec<Reason>,
    pub against: Vec<Reason>,
}

impl<'a> EvidenceIndex<'a> {
    pub(crate) fn new(clients: &'a [Party<'a>], any_domains: bool) -> Self {
        let mut index = Self { clients, ..Self::default() };
        for (client, party) in clients.iter().enumerate() {
            let evidence = &party.evidence;
            add(&mut index.identifiers, evidence.identifiers.iter().filter_map(|id| identifier(id)), client);
            add(&mut index.serials, evidence.serials.iter().filter_map(|serial| identifier(serial)), client);
            add(&mut index.domains, evidence.domains.iter().filter_map(|domain| own_domain(domain)), client);
            add(&mut index.phones, evidence.phones.iter().filter_map(|phone| telephone(phone)), client);
            add(&mut index.known_as, evidence.known_as.iter().map(|name| normalise(name)), client);
            index.cities.push(evidence.city.map(normalise).filter(|city| !city.is_empty()));
            if any_domains {
                index.names.entry(Name::new(party.name).joined).or_default().push(client);
            }
        }
        index
    }

    /// Evidence for and against each client; clients without any are left out.
    pub(crate) fn of(&self, account: &Party<'_>) -> HashMap<usize, Said> {
        let mut said = HashMap::<usize, Said>::new();
        let evidence = &account.evidence;
        for id in evidence.identifiers {
            let Some(clients) = identifier(id).and_then(|id| self.identifiers.get(&id)) else { continue };
            tell(&mut said, clients, weights::IDENTIFIER, &Reason::SameIdentifier(id.trim().to_owned()));
        }
        let known = if self.known_as.is_empty() { None } else { self.known_as.get(&normalise(account.name)) };
        if let Some(clients) = known {
            tell(&mut said, clients, weights::KNOWN_AS, &Reason::KnownAs(account.name.to_owned()));
        }
        self.serials(&mut said, evidence.serials);
        for domain in evidence.domains.iter().filter_map(|domain| own_domain(domain)) {
            if let Some(clients) = self.domains.get(&domain) {
                let weight = if clients.len() == 1 { weights::DOMAIN } else { weights::DOMAIN_OF_SEVERAL };
                tell(&mut said, clients, weight, &Reason::SameDomain(domain));
            } else if let Some(clients) = self.names.get(&Name::new(&domain).joined) {
                tell(&mut said, clients, weights::DOMAIN_IS_NAME, &Reason::DomainIsName(domain));
            }
        }
        let mut phones = evidence.phones.iter().filter_map(|phone| self.phones.get(&telephone(phone)?));
        if let Some(clients) = phones.next() {
            tell(&mut said, clients, weights::PHONE, &Reason::SamePhone);
        }
        said
    }

    /// Evidence that counts only for a client suggested anyway: the town, and what is another client's.
    pub(crate) fn also(&self, account: &Party<'_>, client: usize, said: &mut Said) {
        if let (Some(city), Some(Some(other))) = (account.evidence.city.map(normalise), self.cities.get(client)) {
            if city == *other {
                said.odds += weights::CITY;
                said.reasons.push(Reason::SameCity(other.clone()));
            } else if !city.is_empty() {
                said.odds += weights::OTHER_CITY;
                said.against.push(Reason::OtherCity(other.clone()));
            }
        }
        let ids = account.evidence.identifiers.iter().filter_map(|id| self.identifiers.get(&identifier(id)?));
        let of_ids: Vec<&Vec<usize>> = ids.collect();
        if let Some(others) = of_ids.iter().find(|clients| !clients.contains(&client)) {
            // where another identifier is its own, that one has counted for it
            if of_ids.iter().all(|clients| !clients.contains(&client)) {
                said.odds += weights::OTHER_IDENTIFIER;
            }
            said.against.push(Reason::OtherIdentifier(self.named(others)));
        }
        self.of_others(account, client, said);
    }

    /// A domain, or an account in another source, that is another client's alone. The model has not learned what that is
    /// worth: it changes no odds.
    fn of_others(&self, account: &Party<'_>, client: usize, said: &mut Said) {
        let is_others = |clients: &&Vec<usize>| !clients.contains(&client) && clients.len() <= CLIENTS_MAX;
        for domain in account.evidence.domains.iter().filter_map(|domain| own_domain(domain)) {
            if let Some(others) = self.domains.get(&domain).filter(is_others) {
                let reason = Reason::OtherDomain { domain, client: self.named(others) };
                if !said.against.contains(&reason) {
                    said.against.push(reason);
                }
            }
        }
        if self.known_as.is_empty() {
            return;
        }
        if let Some(others) = self.known_as.get(&normalise(account.name)).filter(is_others) {
            said.against.push(Reason::KnownAsOther(self.named(others)));
        }
    }

    /// The names of some clients.
    fn named(&self, clients: &[usize]) -> String {
        let names = clients.iter().take(NAMED_MAX).filter_map(|client| Some(self.clients.get(*client)?.name));
        names.collect::<Vec<_>>().join(" or ")
    }

    fn serials(&self, said: &mut HashMap<usize, Said>, serials: &[&str]) {
        let mut counts = HashMap::<usize, usize>::new();
        let distinct: HashSet<String> = serials.iter().filter_map(|serial| identifier(serial)).collect();
        for clients in distinct.iter().filter_map(|serial| self.serials.get(serial)) {
            // a serial number that several clients have is a placeholder
            if let [client] = clients.as_slice() {
                *counts.entry(*client).or_default() += 1;
            }
        }
        for (client, count) in counts {
            tell(said, &[client], weights::SERIALS, &Reason::SharedSerials(count));
        }
    }
}

fn add(index: &mut HashMap<String, Vec<usize>>, keys: impl Iterator<Item = String>, client: usize) {
    for key in keys.filter(|key| !key.is_empty()) {
        let clients = index.entry(key).or_default();
        if clients.last() != Some(&client) {
            clients.push(client);
        }
    }
}

fn tell(said: &mut HashMap<usize, Said>, clients: &[usize], weight: f32, reason: &Reason) {
    if clients.len() > CLIENTS_MAX {
        return;
    }
    for client in clients {
        let said = said.entry(*client).or_default();
        if !said.reasons.contains(reason) {
            said.odds += weight;
            said.reasons.push(reason.clone());
        }
    }
}

fn identifier(id: &str) -> Option<String> {
    let id = id.trim().to_lowercase();
    (!id.is_empty() && id != "0").then_some(id)
}

/// The registrable part of a domain; `None` for mail providers.
fn own_domain(domain: &str) -> Option<String> {
    let domain = domain.trim().to_lowercase();
    let domain = domain.rsplit(['@', '/']).next().unwrap_or_default();
    let domain = domain.strip_prefix("www.").unwrap_or(domain).trim_end_matches('.');
    // every Microsoft tenant has one of these; its first label is the tenant's own
    let tenant = domain.strip_suffix(".onmicrosoft.com").map(|tenant| format!("{tenant}.com"));
    let domain = tenant.as_deref().unwrap_or(domain);
    let is_shared = SHARED_DOMAINS.split(' ').any(|shared| shared == domain);
    (domain.contains('.') && !is_shared).then(|| domain.to_owned())
}

/// The last digits, without country code and trunk prefix.
fn telephone(phone: &str) -> Option<String> {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    let from = digits.len().saturating_sub(PHONE_DIGITS_COMPARED);
    (digits.len() >= PHONE_DIGITS_MIN).then(|| digits[from..].iter().collect())
}
