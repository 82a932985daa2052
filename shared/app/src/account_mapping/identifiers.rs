//! What the identifiers say that a vendor holds for the PSA's clients, and whether the accounts' names contradict them.
//! An identifier that is contradicted confirms nothing: after a change of PSA the numbers of the old one are other
//! clients' in the new one. Never decides by a name.

use std::collections::BTreeMap;

use truecount_billing::{Account, AccountId, ClientId};
use truecount_matching::{ByName, Party, Score, Sites, Suggestion, is_clearly_more_like, suggest};

use super::Client;

/// Which clients' names an account's name is equal to, and to which but for the legal form.
type Equal<'a> = ByName<&'a AccountId, &'a ClientId>;
type EqualButForLegalForm<'a> = BTreeMap<&'a AccountId, Vec<&'a ClientId>>;

/// What identifiers and names say together about the accounts of one source.
pub(super) struct Identifiers<'a> {
    found: BTreeMap<&'a AccountId, Found<'a>>,
    /// Whether more names contradict than agree: then the identifiers are numbers of another system that only look like
    /// the PSA's.
    are_doubtful: bool,
}

struct Found<'a> {
    client: &'a Client,
    name: NameSays<'a>,
}

/// What the name of an account says about the client whose identifier the vendor holds.
enum NameSays<'a> {
    Same,
    Nothing,
    /// It is equal to these clients' names.
    OthersName(Vec<&'a Client>),
    /// It resembles this client's name far more.
    MoreLike(&'a Client),
}

impl<'a> Identifiers<'a> {
    pub(super) fn of(
        accounts: &[&'a Account],
        clients: &'a [Client],
        equal: &Equal<'a>,
        alike: &EqualButForLegalForm<'a>,
    ) -> Self {
        let names = Names { clients: clients.iter().map(|client| (&client.id, client)).collect(), equal, alike };
        let by_key = clients_by_key(clients);
        let mut found = BTreeMap::new();
        let mut open = Vec::new();
        for (at, account) in accounts.iter().enumerate() {
            let Some(client) = identified(account, &by_key) else { continue };
            let name = names.says(&account.id, client).unwrap_or_else(|| {
                open.push(at);
                NameSays::Nothing
            });
            found.insert(&account.id, Found { client, name });
        }
        if !open.is_empty() {
            // Words are weighted by how rare they are in both lists: the matcher needs all names.
            let named: Vec<_> = accounts.iter().map(|account| Party::named(&account.name)).collect();
            let parties: Vec<_> = clients.iter().map(|client| Party::named(&client.name)).collect();
            let suggested = suggest(&named, &parties, Sites::ManyToOne);
            for at in open {
                if let (Some(found), Some(suggested)) = (found.get_mut(&accounts[at].id), suggested.get(at)) {
                    found.name = compare_likeness(found.client, clients, suggested);
                }
            }
        }
        let count = |is_wanted: fn(&NameSays<'_>) -> bool| found.values().filter(|one| is_wanted(&one.name)).count();
        let contradicted = count(|name| matches!(name, NameSays::OthersName(_) | NameSays::MoreLike(_)));
        let are_doubtful = contradicted > count(|name| matches!(name, NameSays::Same));
        Self { found, are_doubtful }
    }

    /// The client that an identifier confirms automatically.
    pub(super) fn confirmed(&self, account: &AccountId) -> Option<&'a ClientId> {
        let found = self.found.get(account)?;
        let is_free = !self.are_doubtful && matches!(found.name, NameSays::Same | NameSays::Nothing);
        is_free.then_some(&found.client.id)
    }

    /// The clients that identifier and name propose, the identifier's first, why, and whether that is a contradiction.
    pub(super) fn proposal(&self, account: &AccountId) -> Option<(Vec<&'a ClientId>, String, bool)> {
        let Found { client, name } = self.found.get(account)?;
        let named = |client: &Client| format!("`{}` [{}]", client.name, client.id);
        let (others, why, is_contradicted) = match name {
            NameSays::OthersName(others) => {
                let all: Vec<_> = others.iter().map(|other| named(other)).collect();
                let why = format!(
                    "the vendor's identifier names {}, the name is that of {}",
                    named(client),
                    all.join(" and ")
                );
                (others.as_slice(), why, true)
            }
            NameSays::MoreLike(other) => {
                let why =
                    format!("the vendor's identifier names {}, the name resembles {}", named(client), named(other));
                (std::slice::from_ref(other), why, true)
            }
            NameSays::Same | NameSays::Nothing if self.are_doubtful => {
                let why = "the vendor holds this client's identifier, but most identifiers here contradict the names";
                (&[][..], why.to_owned(), matches!(name, NameSays::Nothing))
            }
            NameSays::Same | NameSays::Nothing => {
                (&[][..], "the vendor holds this client's identifier".to_owned(), false)
            }
        };
        Some((std::iter::once(client).chain(others).map(|client| &client.id).collect(), why, is_contradicted))
    }
}

/// Names that are equal, with or without their legal forms.
struct Names<'a, 'b> {
    clients: BTreeMap<&'a ClientId, &'a Client>,
    equal: &'b Equal<'a>,
    alike: &'b EqualButForLegalForm<'a>,
}

impl<'a> Names<'a, '_> {
    /// What equality says; `None`: the account's name is equal to none.
    fn says(&self, account: &AccountId, client: &Client) -> Option<NameSays<'a>> {
        let same_name = match self.equal.confirmed.get(account) {
            Some(one) => std::slice::from_ref(one),
            None => self.equal.held_back.get(account).map_or(&[][..], |held| &held.clients),
        };
        let same_stem = self.alike.get(account).map_or(&[][..], Vec::as_slice);
        let same = if same_name.is_empty() { same_stem } else { same_name };
        if same.is_empty() {
            return None;
        }
        if same.contains(&&client.id) {
            return Some(NameSays::Same);
        }
        Some(NameSays::OthersName(same.iter().filter_map(|id| self.clients.get(id).copied()).collect()))
    }
}

fn compare_likeness<'a>(client: &Client, clients: &'a [Client], suggested: &[Suggestion]) -> NameSays<'a> {
    let mut own = Score::default();
    let mut best: Option<(Score, &Client)> = None;
    for one in suggested {
        match clients.get(one.client) {
            Some(found) if found.id == client.id => own = one.score,
            Some(other) if best.is_none_or(|(most, _)| one.score > most) => best = Some((one.score, other)),
            _ => {}
        }
    }
    match best {
        Some((score, other)) if is_clearly_more_like(score, own) => NameSays::MoreLike(other),
        Some((score, _)) if own <= score => NameSays::Nothing,
        _ if is_clearly_more_like(own, Score::default()) => NameSays::Same,
        _ => NameSays::Nothing,
    }
}

/// The client of each identifier; `None`: of several, so it says nothing.
fn clients_by_key(clients: &[Client]) -> BTreeMap<String, Option<&Client>> {
    let mut by_key = BTreeMap::<String, Option<&Client>>::new();
    for client in clients {
        let own = std::iter::once(client.id.as_str());
        for key in own.chain(client.facts.identifiers.iter().map(String::as_str)).filter_map(join_key) {
            let known = by_key.entry(key).or_insert(Some(client));
            if known.is_some_and(|known| known.id != client.id) {
                *known = None;
            }
        }
    }
    by_key
}

/// The one client whose identifiers the vendor holds for an account.
fn identified<'a>(account: &Account, by_key: &BTreeMap<String, Option<&'a Client>>) -> Option<&'a Client> {
    let keys = account.facts.identifiers.iter().filter_map(|text| join_key(text));
    let mut clients = keys.filter_map(|key| by_key.get(&key).copied().flatten());
    let first = clients.next()?;
    clients.all(|other| other.id == first.id).then_some(first)
}

/// PSAs compare their ids without regard to case, and databases pad them with blanks.
fn join_key(text: &str) -> Option<String> {
    let key = text.trim().to_lowercase();
    (!key.is_empty()).then_some(key)
}
