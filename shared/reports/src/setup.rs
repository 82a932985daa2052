//! Findings about the setup that rules and names alone show: parts of the rules that hold for nobody, a currency that
//! nobody named, clients and accounts that are called alike. Deliberately absent: whatever hangs on earlier decisions.

use std::collections::{BTreeMap, BTreeSet};

use truecount_billing::{AccountId, ClientId, Currency, SourceId};
use truecount_matching::{Looks, normalise};
use truecount_reconciliation::{
    CommonCause, CommonCauseRecord, ExceptionDirection, NO_CURRENCY, SetupFinding, SharedDevices,
};
use truecount_rules::{BindingFault, BindingProblem};

use crate::{common_cause::AT_MANY_CLIENTS, label, sanitize::visible, summary::with_more};

/// Clients that one message names.
const NAMED_MAX: usize = 5;

/// What the rules show: parts of them that mean no client, or several, and that nothing names a currency.
#[must_use]
pub fn of_rules(rules_file: &str, problems: &[BindingProblem], home: Currency) -> Vec<SetupFinding> {
    let unbound = problems.iter().map(|problem| unbound(rules_file, problem));
    unbound.chain(without_currency(rules_file, home)).collect()
}

/// A finding about a vendor account; `what` goes on from its name.
#[must_use]
pub fn of_account(code: &str, source: &SourceId, (id, name): (&AccountId, &str), what: &str) -> SetupFinding {
    finding(code, &format!("{source}: {id}"), format!("vendor account `{name}` in {source} {what}"))
}

/// Devices that a source lists at two clients: one of their accounts may be mapped to the wrong one.
#[must_use]
pub fn of_shared_devices(shared: &SharedDevices) -> SetupFinding {
    let SharedDevices { source, clients, devices } = shared;
    let names = devices.iter().map(|device| visible(device.name.as_deref().unwrap_or(&device.item_id)).into_owned());
    let [one, other] =
        clients.each_ref().map(|client| format!("`{}` [{}]", visible(&client.client_name), client.client_id));
    let many = devices.len() as u64;
    let message = format!(
        "{source} lists {} both at {one} and at {other}, by the serial number or a network address: {}; is an account mapped \
         to the wrong client? `truecount mappings list` shows them; else remove what is listed twice at one of the two",
        label::count(many, "device", "devices"),
        with_more(&names.collect::<Vec<_>>(), NAMED_MAX)
    );
    let subject = format!("{source}: {} and {}", clients[0].client_id, clients[1].client_id);
    SetupFinding { count: many, ..finding("devices_at_two_clients", &subject, message) }
}

/// Services that are wrong at many clients in a first comparison: each is a part of the setup to look at, and no money.
#[must_use]
pub fn of_services_at_many_clients(causes: &[CommonCauseRecord]) -> Vec<SetupFinding> {
    let of_service = |record: &CommonCauseRecord| {
        let CommonCause::ServiceAtManyClients { service, direction, clients_compared } = &record.cause else {
            return None;
        };
        let clients: BTreeSet<_> = record.members.iter().map(|member| &member.client_id).collect();
        let which = if *direction == ExceptionDirection::Over { "overbilled" } else { "underbilled" };
        let message = format!(
            "{} is {which} at {} of {} at which it was compared: look for one cause, such as its rule or a product code; \
             until the baseline is accepted it is in no total",
            visible(service.as_str()),
            label::quantity(clients.len().into()),
            label::count(*clients_compared, "client", "clients"),
        );
        let subject = format!("{service}: {which}");
        Some(SetupFinding { count: record.members.len() as u64, ..finding(AT_MANY_CLIENTS.0, &subject, message) })
    };
    causes.iter().filter_map(of_service).collect()
}

/// Words of the settings' scope that mean no client, and such that mean no service.
#[must_use]
pub fn of_scope([clients, services]: &[Vec<&str>; 2]) -> Vec<SetupFinding> {
    let client = |word: &&str| {
        let message = format!(
            "[scope] names the client `{}`, and the PSA has none that is called so: write its id or its name; `*` stands for \
             any letters",
            visible(word)
        );
        finding("scope_without_client", word, message)
    };
    let service = |word: &&str| {
        let message = format!("[scope] names the service `{}`, and the rules have none of that code", visible(word));
        finding("scope_without_service", word, message)
    };
    clients.iter().map(client).chain(services.iter().map(service)).collect()
}

fn finding(code: &str, subject: &str, message: String) -> SetupFinding {
    SetupFinding { code: code.to_owned(), subject: subject.to_owned(), message, count: 1 }
}

/// Nothing says of which currency any money is.
fn without_currency(rules_file: &str, home: Currency) -> Option<SetupFinding> {
    (home.as_str() == NO_CURRENCY).then(|| {
        let message = format!(
            "neither the rules nor any billed line name a currency, so that amounts are shown in {NO_CURRENCY}; write \
             `currency = \"GBP\"`, or your own, at the top of the rules"
        );
        finding("currency_not_named", rules_file, message)
    })
}

/// A part of the rules that holds for nobody.
fn unbound(rules_file: &str, problem: &BindingProblem) -> SetupFinding {
    let written = visible(&problem.written);
    let why = match &problem.fault {
        BindingFault::Nobody { nearest: None } => "the PSA has no such client; write its id or name".to_owned(),
        BindingFault::Nobody { nearest: Some(nearest) } => {
            format!("the PSA has no such client; did you mean `{}`?", visible(nearest))
        }
        BindingFault::Several { clients } => {
            let ids: Vec<_> = clients.iter().map(ToString::to_string).collect();
            format!("several clients are called so ({}); write the id of one", ids.join(", "))
        }
        BindingFault::Twice { client, first } => {
            format!("client {client} has its rules under `{}` already; write them in one place", visible(first))
        }
    };
    let message = format!("nothing of [clients.{written:?}] holds: {why}");
    finding("rules_without_client", &format!("{rules_file} line {}", problem.line), message)
}

/// The PSA's clients by their names.
pub struct NamedClients<'a> {
    all: Vec<(&'a ClientId, &'a str)>,
    names: BTreeMap<&'a ClientId, &'a str>,
    looks: Looks<&'a ClientId>,
}

impl<'a> NamedClients<'a> {
    /// Of these clients.
    #[must_use]
    pub fn of(clients: impl IntoIterator<Item = (&'a ClientId, &'a str)>) -> Self {
        let all: Vec<_> = clients.into_iter().collect();
        Self { names: all.iter().copied().collect(), looks: Looks::new(all.iter().copied()), all }
    }

    /// A client's name; empty: it is none of them.
    #[must_use]
    pub fn name_of(&self, client: &ClientId) -> &'a str {
        self.names.get(client).copied().unwrap_or_default()
    }

    /// Clients of one name, and clients whose names look like others'.
    #[must_use]
    pub fn findings(&self) -> Vec<SetupFinding> {
        let mut rows = Vec::new();
        self.of_one_name(&mut rows);
        self.imitating(&mut rows);
        rows
    }

    /// An account that is easily mistaken for a client with another name. `own`: the client whose it is, if that is known.
    #[must_use]
    pub fn imitated_by(
        &self,
        source: &SourceId,
        (id, name): (&AccountId, &str),
        own: Option<&ClientId>,
    ) -> Option<SetupFinding> {
        let found = self.looks.confusable(name)?;
        let is_other = |client: &&ClientId| Some(*client) != own && !differ_in_numbers(name, self.name_of(client));
        let others: Vec<_> = found.clients.into_iter().filter(is_other).collect();
        if others.is_empty() && (own.is_some() || !found.is_mixed) {
            return None;
        }
        let what = if others.is_empty() {
            "has letters of several scripts or invisible characters in its name; check it before you map it".to_owned()
        } else {
            format!("looks like {} but is spelled differently; check it before you map it", self.named(&others))
        };
        Some(of_account("account_name_imitates", source, (id, name), &what))
    }

    fn of_one_name(&self, rows: &mut Vec<SetupFinding>) {
        let mut by_form = BTreeMap::<String, Vec<(&ClientId, &str)>>::new();
        for (id, name) in &self.all {
            by_form.entry(normalise(name)).or_default().push((id, name));
        }
        by_form.remove("");
        for same in by_form.values().filter(|same| same.len() > 1) {
            let ids: Vec<_> = same.iter().map(|(id, _)| id.as_str()).collect();
            let message = format!(
                "{} clients in the PSA are called `{}` ({}), so nothing of that name is mapped automatically; rename them \
                 in the PSA",
                same.len(),
                same[0].1,
                ids.join(", ")
            );
            rows.push(finding("clients_of_one_name", &ids.join(", "), message));
        }
    }

    fn imitating(&self, rows: &mut Vec<SetupFinding>) {
        for (id, name) in &self.all {
            let Some(found) = self.looks.confusable(name) else { continue };
            let is_other = |other: &&ClientId| *other != *id && !differ_in_numbers(name, self.name_of(other));
            let others: Vec<_> = found.clients.into_iter().filter(is_other).collect();
            let is_same = |other: &&ClientId| normalise(self.name_of(other)) == normalise(name);
            if others.iter().all(is_same) {
                continue;
            }
            let message = format!(
                "client `{name}` [{id}] looks like {} but is spelled differently; is it the same client twice?",
                self.named(&others)
            );
            rows.push(finding("client_name_imitates", id.as_str(), message));
        }
    }

    /// `Harbour Dental` [250], `Quay Foods` [251] and 3 more.
    fn named(&self, ids: &[&ClientId]) -> String {
        let one = |id: &&ClientId| format!("`{}` [{id}]", visible(self.name_of(id)));
        let shown: Vec<_> = ids.iter().take(NAMED_MAX).map(one).collect();
        match ids.len().saturating_sub(NAMED_MAX) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }
}

/// `School No 6` and `School No 9` are two clients, although the digits look alike.
fn differ_in_numbers(one: &str, other: &str) -> bool {
    let (one, other) = (normalise(one), normalise(other));
    let (one, other): (Vec<_>, Vec<_>) = (one.split_whitespace().collect(), other.split_whitespace().collect());
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let mut differ = one.iter().zip(&other).filter(|(a, b)| a != b).peekable();
    one.len() == other.len() && differ.peek().is_some() && differ.all(|(a, b)| is_number(a) && is_number(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_that_nothing_names_is_told_with_the_line_to_write() {
        let found = of_rules("rules.toml", &[], Currency::new(NO_CURRENCY).unwrap());
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((one.code.as_str(), one.subject.as_str()), ("currency_not_named", "rules.toml"));
        assert!(one.message.contains("`currency = \"GBP\"`"), "{}", one.message);
        assert_eq!(of_rules("rules.toml", &[], Currency::new("EUR").unwrap()), []);
    }

    #[test]
    fn numbers_tell_names_apart_and_letters_do_not() {
        for (one, other, expected) in [
            ("School No 6", "School No 9", true),
            ("School No 6", "School No 6", false),
            ("School No 6", "School Nu 9", false),
            ("School 6", "School No 6", false),
            ("Route 66 Diner", "route 67 diner", true),
        ] {
            assert_eq!(differ_in_numbers(one, other), expected, "{one} | {other}");
        }
    }
}
