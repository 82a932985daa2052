//! Warnings about mappings that may make counts wrong although nothing failed: renamed and replaced accounts,
//! deceptively similar names, clients with the same name, clients without usage where nearly all others have some, and
//! accounts that have been unmapped for long.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use truecount_billing::{AccountId, ClientId, CountDay, Money, SourceId};
use truecount_matching::normalise;
use truecount_reconciliation::{MappingSuggestion, SetupFinding};
use truecount_reports::{
    amount,
    setup::{NamedClients, of_account},
};
use truecount_store::{ListedAccount, MappingDecision, MappingRecord};

use crate::account_mapping::{AccountMapping, Candidates, DecidedBy, Mapping};
use crate::comparison::{BilledFor, Compared, Comparison, LoadedSource, MappingsInForce};

/// Months that an account may be undecided without a warning.
const WAIT_MONTHS: i64 = 1;

/// The fewest clients billed for a product from which its usual source is known.
const LIKE_CLIENTS_MIN: usize = 10;

/// How many of ten clients billed for a product must have usage in a source for it to be the usual one.
const LIKE_OF_TEN: usize = 9;

/// An account with its mapping and the decision about it.
struct Known<'a> {
    source: &'a SourceId,
    entry: &'a ListedAccount,
    mapping: &'a AccountMapping,
    candidates: Option<&'a Candidates>,
    decision: Option<&'a MappingRecord>,
}

/// Every warning of a run.
pub(crate) fn warnings(
    computed: &Comparison<'_>,
    found: &Compared,
    decisions: &MappingsInForce,
    count_day: CountDay,
) -> Vec<SetupFinding> {
    let known = known(computed, decisions);
    let clients = NamedClients::of(computed.clients.iter().map(|client| (&client.id, client.name.as_str())));
    let mut rows = clients.findings();
    let looked_at: Vec<&Known<'_>> = known.iter().filter(|one| one.is_looked_at(computed)).collect();
    for one in &looked_at {
        rows.extend(renamed(one));
        rows.extend(replaced(one));
        rows.extend(imitates(one, &clients));
    }
    waiting(&looked_at, &found.suggestions, count_day.0, &mut rows);
    without_usage(&computed.sources, &known, &found.billed_for, &clients, &mut rows);
    rows
}

fn known<'a>(computed: &'a Comparison<'_>, decisions: &'a MappingsInForce) -> Vec<Known<'a>> {
    let mut known = Vec::new();
    for source in &computed.sources {
        let id = &source.frozen.source;
        let Some(mappings) = computed.mappings.get(id) else { continue };
        let decided = decisions.get(id);
        let candidates = computed.candidates.get(id).map_or(&[][..], Vec::as_slice);
        let accounts = source.accounts.iter().zip(mappings).zip(candidates);
        known.extend(accounts.map(|((entry, mapping), candidates)| Known {
            source: id,
            entry,
            mapping,
            candidates: candidates.as_ref(),
            decision: decided.and_then(|decided| decided.get(&entry.account.id)),
        }));
    }
    known
}

impl Known<'_> {
    /// Whether it is, or may be, that of a client in the scope of the run.
    fn is_looked_at(&self, computed: &Comparison<'_>) -> bool {
        match (&self.mapping.mapping, &self.mapping.split) {
            (Mapping::Confirmed { client_id, .. }, _) => computed.has_client(client_id),
            (Mapping::Split { .. }, Some(split)) => split.parts.values().any(|client| computed.has_client(client)),
            (Mapping::Undecided { .. }, _) => {
                let mut may_be = self.candidates.iter().flat_map(|found| found.clients()).peekable();
                may_be.peek().is_none() || may_be.any(|client| computed.has_client(client))
            }
            _ => true,
        }
    }

    fn row(&self, code: &str, what: &str) -> SetupFinding {
        let account = &self.entry.account;
        of_account(code, self.source, (&account.id, &account.name), what)
    }
}

/// Its name is not the one it was mapped under.
fn renamed(known: &Known<'_>) -> Option<SetupFinding> {
    let now = &known.entry.account.name;
    let before = match (known.decision, &known.mapping.mapping) {
        (Some(decision), _) if matches!(decision.decision, MappingDecision::Undecided) => return None,
        (Some(decision), _) if !decision.account_name.is_empty() => {
            (normalise(&decision.account_name) != normalise(now)).then(|| decision.account_name.clone())?
        }
        (Some(decision), _) => {
            let renamed = known.entry.history.renamed.as_ref()?;
            let decided_on = jiff::tz::Offset::UTC.to_datetime(decision.decided_at).date();
            (renamed.on > decided_on).then(|| renamed.from.clone())?
        }
        (None, Mapping::Confirmed { by: DecidedBy::Identifier, .. }) => {
            known.entry.history.renamed.as_ref()?.from.clone()
        }
        (None, _) => return None,
    };
    let what = format!("was called `{before}` when it was mapped; confirm again which client it belongs to");
    Some(known.row("account_renamed", &what))
}

/// New, with the name of one that is gone: the decision about that one does not hold for it.
fn replaced(known: &Known<'_>) -> Option<SetupFinding> {
    let took_over = known.entry.history.predecessor.as_ref().filter(|_| known.decision.is_none())?;
    let what = format!(
        "appeared on {} with a new id, when `{}` of the same name was gone; decide whether it belongs to the same client",
        took_over.on, took_over.id
    );
    Some(known.row("account_replaced", &what))
}

/// Easily mistaken for a client with another name. Of those that a person decided nothing is said.
fn imitates(known: &Known<'_>, clients: &NamedClients<'_>) -> Option<SetupFinding> {
    let own = match &known.mapping.mapping {
        Mapping::Confirmed { by: DecidedBy::Person, .. } | Mapping::Ignored { .. } | Mapping::Split { .. } => {
            return None;
        }
        Mapping::Confirmed { client_id, .. } => Some(client_id),
        Mapping::Undecided { .. } => None,
    };
    let account = &known.entry.account;
    clients.imitated_by(known.source, (&account.id, &account.name), own)
}

/// Undecided for more than a month.
fn waiting(known: &[&Known<'_>], suggestions: &[MappingSuggestion], count_day: Date, rows: &mut Vec<SetupFinding>) {
    let values: BTreeMap<(&SourceId, &AccountId), &Vec<Money>> =
        suggestions.iter().map(|row| ((&row.source, &row.account_id), &row.monthly_value)).collect();
    for one in known.iter().filter(|one| matches!(one.mapping.mapping, Mapping::Undecided { .. })) {
        let Some(since) = one.entry.history.since.filter(|_| !one.entry.is_gone()) else { continue };
        let until = since.saturating_add(jiff::Span::new().months(WAIT_MONTHS));
        let total = one.entry.total();
        if until >= count_day || total == 0 {
            continue;
        }
        let monthly_value = values.get(&(one.source, &one.entry.account.id)).map_or(&[][..], |value| value.as_slice());
        let items = if total == 1 { "1 item".to_owned() } else { format!("{total} items") };
        let value = match monthly_value {
            [] => format!("{items} of unknown value"),
            sums => {
                let sums: Vec<_> = sums.iter().map(|m| format!("{} {}", m.currency, amount(m.amount))).collect();
                format!("{items}, worth about {} a month", sums.join(" and "))
            }
        };
        let what = format!("has not been mapped since {since} ({value}); confirm, split or ignore it");
        rows.push(one.row("account_waits", &what));
    }
}

/// Clients without usage in a source where nearly all others who are billed for the same product have some.
fn without_usage(
    loaded: &[LoadedSource],
    known: &[Known<'_>],
    billed_for_source: &BilledFor,
    clients_by_name: &NamedClients<'_>,
    rows: &mut Vec<SetupFinding>,
) {
    let mut users = BTreeMap::<&SourceId, BTreeSet<&ClientId>>::new();
    for one in known.iter().filter(|one| one.entry.total() > 0) {
        let users = users.entry(one.source).or_default();
        match (&one.mapping.mapping, &one.mapping.split) {
            (Mapping::Confirmed { client_id, .. }, _) => drop(users.insert(client_id)),
            (Mapping::Split { .. }, Some(split)) => users.extend(split.parts.values()),
            (Mapping::Undecided { .. }, _) => users.extend(one.candidates.iter().flat_map(|found| found.clients())),
            _ => {}
        }
    }
    let mut buyers = BTreeMap::<(&str, &SourceId), BTreeSet<&ClientId>>::new();
    let mut billed_for = BTreeMap::<&SourceId, BTreeSet<&ClientId>>::new();
    for (source, client, billed) in billed_for_source.iter().filter(|(_, _, billed)| !billed.products.is_empty()) {
        for product in &billed.products {
            buyers.entry((product.as_str(), source)).or_default().insert(client);
        }
        billed_for.entry(source).or_default().insert(client);
    }
    let none = BTreeSet::new();
    let is_read = |one: &&LoadedSource| {
        !one.frozen.side.is_billed() && one.frozen.read_state.is_complete() && one.frozen.snapshot.is_some()
    };
    for source in loaded.iter().filter(is_read).map(|one| &one.frozen.source) {
        let (here, billed_here) = (users.get(source).unwrap_or(&none), billed_for.get(source).unwrap_or(&none));
        let elsewhere =
            |client: &ClientId| users.iter().any(|(other, users)| *other != source && users.contains(client));
        let mut reported = BTreeSet::new();
        for ((product, _), clients) in buyers.iter().filter(|((_, of), _)| *of != source) {
            let with = clients.iter().filter(|client| here.contains(*client)).count();
            if clients.len() < LIKE_CLIENTS_MIN || with * 10 < clients.len() * LIKE_OF_TEN {
                continue;
            }
            for client in
                clients.iter().filter(|one| !here.contains(*one) && !billed_here.contains(*one) && elsewhere(one))
            {
                if reported.insert(*client) {
                    let name = clients_by_name.name_of(client);
                    let message = format!(
                        "client `{name}` [{client}] has no usage in {source}, but {with} of {} clients who are billed for \
                         `{product}` have; is one of its vendor accounts not mapped?",
                        clients.len()
                    );
                    let (code, subject) = ("client_without_usage".to_owned(), format!("{source}: {client}"));
                    rows.push(SetupFinding { code, subject, message, count: 1 });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
