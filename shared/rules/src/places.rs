//! Where in the file each key stands that holds for a service, from the farthest place to the nearest.

use jiff::civil::Date;
use truecount_billing::ProductCode;

use crate::layers::{KeyBasis, ServiceKeys};
use crate::model::Rounding;
use crate::resolve::{ClientPart, RulesScope};
use crate::rules::{NearerKeys, Rules, is_folded_of};

/// A place of the file that says something of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulePlace<'r> {
    /// The service itself.
    Service,
    /// `[agreement_types."NAME"]`.
    AgreementType {
        /// As written.
        name: &'r str,
        /// The line of its table, from 1.
        line: usize,
    },
    /// `[clients.X]`.
    Client {
        /// As written.
        written: &'r str,
        /// The line of its table, from 1.
        line: usize,
    },
    /// `[clients.X.agreements."NAME or id"]`.
    Agreement {
        /// As written.
        written: &'r str,
        /// The line of its table, from 1.
        line: usize,
    },
}

impl Rules {
    /// The places that say something of a service on the scope's day, the nearest last, each with its keys; of several
    /// kinds of agreement only what all say holds. Empty: no service has the code.
    #[must_use]
    pub fn places_of(&self, code: &ProductCode, scope: &RulesScope<'_>) -> Vec<(RulePlace<'_>, Vec<&'static str>)> {
        let Some(&number) = self.by_code.get(code) else { return Vec::new() };
        let mut places = vec![(RulePlace::Service, self.services[number].keys.names())];
        let types = if scope.line_types.is_empty() { scope.client_types } else { scope.line_types };
        for of in self.types.iter().filter(|of| types.iter().any(|name| is_folded_of(&of.folded, name))) {
            let place = RulePlace::AgreementType { name: &of.name, line: of.line };
            places.push((place, names_on(&of.services, number, scope.day)));
        }
        if let Some(client) = scope.client.map(|client| self.client(client)) {
            let place = RulePlace::Client { written: &client.written, line: client.line };
            places.push((place, names_on(&client.services, number, scope.day)));
            if let ClientPart::Section(index) = scope.part
                && let Some(section) = client.sections.get(index)
            {
                let place = RulePlace::Agreement { written: &section.written, line: section.line };
                places.push((place, names_on(&section.services, number, scope.day)));
            }
        }
        places.retain(|(_, keys)| !keys.is_empty());
        places
    }
}

/// The keys of the tables that hold on a day.
fn names_on(tables: &NearerKeys, service: usize, day: Date) -> Vec<&'static str> {
    let tables = tables.get(&service).into_iter().flatten().filter(|keys| keys.when.holds_on(day));
    let mut names: Vec<&'static str> = Vec::new();
    for name in tables.flat_map(ServiceKeys::names) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

impl ServiceKeys {
    /// The keys that the table has, as the file writes them.
    fn names(&self) -> Vec<&'static str> {
        let basis = self.basis.as_ref().map(|basis| match basis {
            KeyBasis::Counted(_) => "count",
            KeyBasis::Flat => "flat",
            KeyBasis::Ignored(_) => "ignore",
        });
        let named = [
            ("where", self.wanted.is_some()),
            ("where_not", self.unwanted.is_some()),
            ("seen_within_days", self.stale.is_some()),
            ("unknown", self.unknown.is_some()),
            ("may_be_empty", self.may_be_empty.is_some()),
            ("at", self.at.is_some()),
            ("unit", self.unit.is_some()),
            ("included", self.included.is_some()),
            ("minimum", self.minimum.is_some()),
            ("commitment", self.commitment.is_some()),
            ("client_committed", self.client_committed.is_some() || self.client_committed_until.is_some()),
            ("cut", self.cut.is_some()),
            ("pack", matches!(self.rounding, Some(Rounding::Packs(_)))),
            ("round_up", matches!(self.rounding, Some(Rounding::Multiple(_)))),
            ("tolerance", self.tolerance.is_some()),
            ("price", self.price.is_some()),
            ("price_from", self.price_from.is_some()),
            ("expected_at", self.expected_at.is_some()),
            ("covers", self.covers.is_some()),
            ("grants", self.grants.is_some()),
            ("replaces", self.superseded.is_some()),
            ("no_line", self.no_line.is_some()),
            ("one_time", self.one_time_counts.is_some()),
            ("not_sold", self.not_sold.is_some()),
            ("note", self.note.is_some()),
        ];
        basis.into_iter().chain(named.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name)).collect()
    }
}
