//! What holds for one service at one client on one day: the nearer wins, key by key.

use std::sync::Arc;

use jiff::civil::Date;
use truecount_billing::ProductCode;

use crate::bind::ClientNumber;
use crate::layers::{Layers, ServiceKeys, Whose};
use crate::model::{CountPart, SectionShare, ServiceBasis, ServiceRule};
use crate::rules::{AgreementTypeRules, ClientRules, NearerKeys, Rules, Service, is_folded_of};

/// For whom a service is looked at.
#[derive(Debug, Clone, Copy)]
pub struct RulesScope<'a> {
    /// The client's part of the rules; `None`: the rules do not name it.
    pub client: Option<ClientNumber>,
    /// Which of its agreements.
    pub part: ClientPart<'a>,
    /// The kinds of the agreements on which lines of the service stand; empty: no line.
    pub line_types: &'a [&'a str],
    /// The kinds of all agreements of the client: they decide where there is no line.
    pub client_types: &'a [&'a str],
    /// The day looked at.
    pub day: Date,
}

/// Which part of a client is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientPart<'a> {
    /// All of it: it has no agreement section for the service.
    Whole,
    /// The agreement of a section, by its number.
    Section(usize),
    /// All but the items of these sections, each with the day on which its agreement is looked at.
    Rest(&'a [(usize, Date)]),
}

/// What holds.
#[derive(Debug, Clone)]
pub struct ResolvedService {
    /// The rule; shared, where nothing of the client's own changes it.
    pub rule: Arc<ServiceRule>,
    /// Whether the kinds of agreement say different things of it: then only what all say holds, and somebody should
    /// decide.
    pub types_differ: bool,
}

impl Rules {
    /// What holds for a service; `None`: no service has the code.
    #[must_use]
    pub fn service_for(&self, code: &ProductCode, scope: &RulesScope<'_>) -> Option<ResolvedService> {
        let number = *self.by_code.get(code)?;
        let service = &self.services[number];
        let client = scope.client.map(|client| self.client(client));
        let nearer = ClientLayers::of(client, number, scope);
        let is_of_no_type = self.types.iter().all(|of| !of.services.contains_key(&number));
        if nearer.is_empty() && is_of_no_type {
            return Some(ResolvedService { rule: Arc::clone(&service.rule), types_differ: false });
        }
        let types = self.types_for(scope);
        if nearer.is_empty() {
            return Some(of_types(service, number, &types, scope.day));
        }
        let resolve = |of: &[&ServiceKeys]| Arc::new(nearer.rule(service, of));
        let tables: Vec<Vec<&ServiceKeys>> = types.iter().map(|of| of.keys_on(number, scope.day)).collect();
        let Some((first, others)) = tables.split_first() else {
            return Some(ResolvedService { rule: resolve(&[]), types_differ: false });
        };
        let rule = resolve(first);
        if others.iter().all(|other| other == first || resolve(other) == rule) {
            return Some(ResolvedService { rule, types_differ: false });
        }
        Some(ResolvedService { rule: resolve(&[&in_common(&tables)]), types_differ: true })
    }

    /// What a service is where nothing is nearer; `None`: no service has the code.
    #[must_use]
    pub fn usual_rule(&self, code: &ProductCode) -> Option<&ServiceRule> {
        self.by_code.get(code).map(|number| &*self.services[*number].rule)
    }

    /// The sections of a client that take items of a service on a day.
    #[must_use]
    pub fn sections_of(&self, client: ClientNumber, code: &ProductCode, day: Date) -> Vec<usize> {
        let Some(number) = self.by_code.get(code) else { return Vec::new() };
        let sections = self.client(client).sections.iter().enumerate();
        let takes = sections.filter(|(_, section)| !on_day(&section.services, *number, day).is_empty());
        takes.map(|(index, _)| index).collect()
    }

    /// The rules of the kinds of agreement that decide, each once; a kind without any is one that says nothing.
    fn types_for(&self, scope: &RulesScope<'_>) -> Vec<TypeRules<'_>> {
        let names = if scope.line_types.is_empty() { scope.client_types } else { scope.line_types };
        let mut found: Vec<TypeRules<'_>> = Vec::new();
        for name in names {
            let of = TypeRules(self.types.iter().find(|of| is_folded_of(&of.folded, name)));
            if !found.iter().any(|known| known.is(&of)) {
                found.push(of);
            }
        }
        found
    }
}

/// What one kind of agreement says; `None`: nothing.
#[derive(Clone, Copy)]
struct TypeRules<'r>(Option<&'r AgreementTypeRules>);

impl<'r> TypeRules<'r> {
    fn is(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Some(one), Some(other)) => std::ptr::eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }

    fn keys_on(&self, service: usize, day: Date) -> Vec<&'r ServiceKeys> {
        self.0.map(|of| on_day(&of.services, service, day)).unwrap_or_default()
    }
}

/// The tables of a service that hold on a day.
fn on_day(tables: &NearerKeys, service: usize, day: Date) -> Vec<&ServiceKeys> {
    let tables = tables.get(&service).map(Vec::as_slice).unwrap_or_default();
    tables.iter().filter(|keys| keys.when.holds_on(day)).collect()
}

/// What the kinds of agreement alone make of a service: what a client gets of which the rules say nothing.
fn of_types(service: &Service, number: usize, types: &[TypeRules<'_>], day: Date) -> ResolvedService {
    let nobody = ClientLayers::default();
    let mut rules = types.iter().map(|of| match of.keys_on(number, day) {
        tables if tables.is_empty() => Arc::clone(&service.rule),
        tables => Arc::new(nobody.rule(service, &tables)),
    });
    let Some(first) = rules.next() else {
        return ResolvedService { rule: Arc::clone(&service.rule), types_differ: false };
    };
    if rules.all(|other| Arc::ptr_eq(&other, &first) || other == first) {
        return ResolvedService { rule: first, types_differ: false };
    }
    let tables: Vec<Vec<&ServiceKeys>> = types.iter().map(|of| of.keys_on(number, day)).collect();
    ResolvedService { rule: Arc::new(nobody.rule(service, &[&in_common(&tables)])), types_differ: true }
}

/// The keys of which all kinds of agreement say the same.
fn in_common(types: &[Vec<&ServiceKeys>]) -> ServiceKeys {
    let mut flat = types.iter().map(|tables| tables.iter().fold(ServiceKeys::default(), |top, keys| keys.over(&top)));
    let first = flat.next().unwrap_or_default();
    flat.fold(first, |common, other| common.in_common(&other))
}

/// What the client's own part of the rules says of a service.
#[derive(Default)]
struct ClientLayers<'r> {
    client: Vec<&'r ServiceKeys>,
    section: Vec<&'r ServiceKeys>,
    /// Of the part without a section: what each section says.
    taken: Vec<Vec<&'r ServiceKeys>>,
}

impl<'r> ClientLayers<'r> {
    fn of(client: Option<&'r ClientRules>, service: usize, scope: &RulesScope<'_>) -> Self {
        let Some(client) = client else { return Self::default() };
        let section = |index: usize, day: Date| {
            client.sections.get(index).map(|section| on_day(&section.services, service, day)).unwrap_or_default()
        };
        let mut layers = Self { client: on_day(&client.services, service, scope.day), ..Self::default() };
        match scope.part {
            ClientPart::Whole => {}
            ClientPart::Section(index) => layers.section = section(index, scope.day),
            ClientPart::Rest(sections) => {
                let tables = sections.iter().map(|(index, day)| section(*index, *day));
                layers.taken = tables.filter(|tables| !tables.is_empty()).collect();
            }
        }
        layers
    }

    fn is_empty(&self) -> bool {
        self.client.is_empty() && self.section.is_empty() && self.taken.is_empty()
    }

    /// The service, under the kind of agreement, under the client, under its agreement.
    fn rule(&self, service: &Service, of_type: &[&ServiceKeys]) -> ServiceRule {
        let mut layers = Layers::default();
        layers.put(&service.keys, Whose::Many);
        of_type.iter().for_each(|keys| layers.put(keys, Whose::Many));
        self.client.iter().for_each(|keys| layers.put(keys, Whose::Client));
        let rest = layers.clone();
        self.section.iter().for_each(|keys| layers.put(keys, Whose::Client));
        let mut rule = layers.rule(service.named());
        if !self.section.is_empty() {
            put_beside(&mut rule, &rest.rule(service.named()));
        }
        // What was bought for the client says nothing of its agreements, unless the agreement names it.
        let is_divided = !self.section.is_empty() || !self.taken.is_empty();
        let is_own = self.section.iter().any(|keys| keys.commitment.is_some());
        if let Some(commitment) = &mut rule.commitment {
            commitment.may_be_shared = is_divided && !is_own && commitment.count.is_some();
        }
        for tables in &self.taken {
            let mut section = rest.clone();
            tables.iter().for_each(|keys| section.put(keys, Whose::Client));
            take_away(&mut rule, section.rule(service.named()));
        }
        rule
    }
}

/// What a section asks of an item is told apart from what the service asks of it.
fn put_beside(section: &mut ServiceRule, service: &ServiceRule) {
    let (ServiceBasis::Counted(section), ServiceBasis::Counted(service)) = (&mut section.basis, &service.basis) else {
        return;
    };
    for (at, part) in section.parts.iter_mut().enumerate() {
        let is_same = |other: &&CountPart| other.source == part.source && other.kind == part.kind;
        let same = service.parts.get(at).filter(is_same).or_else(|| service.parts.iter().find(is_same));
        part.service_wanted = Some(same.map(|same| same.wanted.clone()).unwrap_or_default());
    }
}

/// A section's items are not looked at by the part without one.
fn take_away(rule: &mut ServiceRule, section: ServiceRule) {
    let (ServiceBasis::Counted(rest), ServiceBasis::Counted(section)) = (&mut rule.basis, section.basis) else {
        return;
    };
    for part in &mut rest.parts {
        let same = section.parts.iter().filter(|taken| taken.source == part.source && taken.kind == part.kind);
        part.less.extend(same.map(|taken| SectionShare { wanted: taken.wanted.clone() }));
    }
}
