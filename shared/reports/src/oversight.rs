//! Who looks after which client, and which changes of a bill need approval before they are made: as the settings say.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_reconciliation::PortfolioRecord;
use truecount_rules::Pattern;

use crate::{ChangeRow, ExceptionRow};

/// What the settings say of account managers and approval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oversight {
    /// Who looks after which clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_managers: Vec<AccountManager>,
    /// A change that is worth more than this a month, up or down, needs approval: in the home currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_above: Option<Decimal>,
}

/// Somebody who looks after clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountManager {
    /// The name.
    pub name: String,
    /// The clients, by id or name, with `*` for any text.
    pub clients: Vec<String>,
}

impl Oversight {
    /// Whether the settings say nothing.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Tells of each exception who looks after its client, and whether its change needs approval.
    pub fn note_exceptions(&self, rows: &mut [ExceptionRow], portfolio: &PortfolioRecord) {
        if self.is_default() {
            return;
        }
        let managers = self.managers();
        for row in rows {
            self.note_exception(row, &managers, portfolio);
            row.members.iter_mut().for_each(|member| self.note_exception(member, &managers, portfolio));
        }
    }

    fn note_exception(&self, row: &mut ExceptionRow, managers: &[Clients<'_>], portfolio: &PortfolioRecord) {
        row.account_manager = manager_of(managers, &row.client_id, &row.client);
        row.needs_approval = row.is_change() && self.needs_approval(row, portfolio);
    }

    /// An amount that cannot be told in the home currency needs approval where there is a limit: nobody can say that it is
    /// small.
    fn needs_approval(&self, row: &ExceptionRow, portfolio: &PortfolioRecord) -> bool {
        let Some(limit) = self.approval_above else { return false };
        let (home, weights) = (portfolio.home_currency, &portfolio.weights);
        let told = row.currency.zip(row.monthly_impact);
        let at_home = told.and_then(|(currency, amount)| weights.in_home_currency(home, currency, amount));
        at_home.is_none_or(|amount| amount.abs() > limit)
    }

    /// The same of each change of a line, by the exception that it is of.
    pub(crate) fn note_changes(&self, changes: &mut [ChangeRow], exceptions: &[ExceptionRow]) {
        if self.is_default() {
            return;
        }
        let managers = self.managers();
        let all = exceptions.iter().flat_map(ExceptionRow::each).filter(|row| row.needs_approval);
        let to_approve: BTreeSet<&str> = all.map(|row| row.exception_id.as_str()).collect();
        for change in changes {
            change.account_manager = manager_of(&managers, &change.client_id, &change.client);
            change.needs_approval = to_approve.contains(change.exception_id.as_str());
        }
    }

    fn managers(&self) -> Vec<Clients<'_>> {
        let of = |one: &'_ AccountManager| one.clients.iter().map(|written| Pattern::new(written)).collect();
        self.account_managers.iter().map(|one| Clients { name: &one.name, clients: of(one) }).collect()
    }
}

/// Whose clients they are.
struct Clients<'o> {
    name: &'o str,
    clients: Vec<Pattern>,
}

/// All who look after a client, in the order of the settings; empty: nobody, or it is about no client.
fn manager_of(managers: &[Clients<'_>], client_id: &str, client_name: &str) -> String {
    if client_id.is_empty() {
        return String::new();
    }
    let is_theirs =
        |one: &&Clients<'_>| one.clients.iter().any(|pattern| pattern.fits(client_id) || pattern.fits(client_name));
    managers.iter().filter(is_theirs).map(|one| one.name).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use truecount_billing::{ClientId, Currency, ProductCode};
    use truecount_reconciliation::{ClientRecord, DatedRate, LinesReadWord, RowKind, RowRecord};

    use super::*;
    use crate::Exceptions;

    fn currency(code: &str) -> Currency {
        Currency::new(code).unwrap()
    }

    fn client(id: &str, name: &str, rows: &[(&str, RowKind, &str, Option<i64>)]) -> ClientRecord {
        let row = |(service, kind, code, impact): &(&str, RowKind, &str, Option<i64>)| {
            let mut row = RowRecord::empty(*kind, ProductCode::new(*service).unwrap());
            row.currency = Some(currency(code));
            row.monthly_impact = impact.map(Decimal::from);
            row
        };
        ClientRecord {
            format: 1,
            client_id: ClientId::new(id).unwrap(),
            client_name: name.to_owned(),
            lines_read: LinesReadWord::Complete,
            rows: rows.iter().map(row).collect(),
            coverage: BTreeMap::new(),
            agreements: Vec::new(),
            closed: Vec::new(),
            not_known: Vec::new(),
        }
    }

    fn manager(name: &str, clients: &[&str]) -> AccountManager {
        AccountManager { name: name.to_owned(), clients: clients.iter().map(ToString::to_string).collect() }
    }

    /// Client, service, account manager and whether approval is needed, by client and service.
    fn noted(oversight: &Oversight) -> Vec<(String, String, String, bool)> {
        use RowKind::{AgreementEnding, Overbilled, Underbilled};
        let mut portfolio = PortfolioRecord::empty(currency("USD"));
        let rate = DatedRate { rate: 2.into(), on: jiff::civil::date(2026, 6, 1) };
        portfolio.weights.rates.insert(currency("GBP"), rate);
        let mut exceptions = Exceptions::new(portfolio.home_currency);
        let mut rows = vec![("A", Underbilled, "USD", Some(100)), ("B", Overbilled, "USD", Some(-101))];
        rows.extend([("C", Underbilled, "USD", None), ("D", AgreementEnding, "USD", Some(900))]);
        exceptions.client(&client("1", "Alder", &rows));
        let rows = [
            ("A", Underbilled, "GBP", Some(51)),
            ("B", Underbilled, "GBP", Some(50)),
            ("C", Underbilled, "EUR", Some(1)),
        ];
        exceptions.client(&client("2", "Quay", &rows));
        let mut rows = exceptions.finish(&portfolio);
        oversight.note_exceptions(&mut rows, &portfolio);
        let mut told: Vec<_> = (rows.into_iter())
            .map(|row| (row.client, row.product_code, row.account_manager, row.needs_approval))
            .collect();
        told.sort();
        told
    }

    #[test]
    fn what_is_worth_more_or_nobody_knows_how_much_needs_approval() {
        let oversight = Oversight { account_managers: Vec::new(), approval_above: Some(100.into()) };
        let told = noted(&oversight);
        let needed: Vec<_> = told.iter().map(|(_, service, _, needed)| (service.as_str(), *needed)).collect();
        // An agreement that ends changes no bill. One pound is two dollars, and nobody knows what a euro is.
        let alder = [("A", false), ("B", true), ("C", true), ("D", false)];
        assert_eq!(needed[..4], alder);
        assert_eq!(needed[4..], [("A", true), ("B", false), ("C", true)]);
        assert!(noted(&Oversight::default()).iter().all(|(_, _, manager, needed)| manager.is_empty() && !needed));
    }

    #[test]
    fn a_client_is_looked_after_by_all_who_are_named_for_it() {
        let managers = vec![manager("Kim", &["alder"]), manager("Lee", &["2"]), manager("Max", &["*"])];
        let told = noted(&Oversight { account_managers: managers, approval_above: None });
        let of = |client: &str| told.iter().find(|one| one.0 == client).unwrap().2.clone();
        assert_eq!((of("Alder"), of("Quay")), ("Kim; Max".to_owned(), "Lee; Max".to_owned()));
    }
}
