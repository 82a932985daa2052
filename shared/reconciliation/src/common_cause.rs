//! Rows that probably have one cause: a service that is wrong, one way, at many of the clients that have it, and a product
//! that took the place of another at a client. Each row stays what it is, and in the totals: a common cause only names them together.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::{ClientId, Currency, Money, ProductCode};

use crate::baseline::SetupRows;
use crate::exception_id::ExceptionDirection;
use crate::interval::add;
use crate::outcome::{ClientOutcome, OutcomeRow, RowKind, RunTotals};
use crate::row_money::{RowMoney, add_changes};
use crate::run_inputs::RunInputs;

/// Of fewer clients that have a service nothing is said of many.
const CLIENTS_MIN: usize = 10;
/// More per cent of them than this are many.
const PERCENT_MIN: usize = 30;

/// Rows that probably have one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommonCauseRecord {
    /// What they have in common.
    #[serde(flatten)]
    pub cause: CommonCause,
    /// The rows, by client.
    pub members: Vec<CommonCauseMember>,
}

/// What rows have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum CommonCause {
    /// A service is wrong, one way, at many of the clients at which it was compared.
    ServiceAtManyClients {
        /// Its code.
        service: ProductCode,
        /// Which way.
        direction: ExceptionDirection,
        /// At so many clients it was compared.
        clients_compared: u64,
    },
    /// At one client one service is billed and not used, and another used and not billed: probably a product that took the
    /// place of another.
    ProductReplaced {
        /// What is billed.
        billed: ProductCode,
        /// What is used.
        used: ProductCode,
    },
}

/// A row of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommonCauseMember {
    /// The client.
    pub client_id: ClientId,
    /// Its name. Foreign text.
    pub client_name: String,
    /// The service's code.
    pub service: ProductCode,
    /// The section of the rules by which an agreement is compared by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// What the row says.
    pub kind: RowKind,
    /// Units to be corrected, signed.
    pub units: Decimal,
    /// What that is worth a month, signed; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_impact: Option<Money>,
    /// Whether that is a guess.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_estimated: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A row that is wrong: the client's number, the row's place, and what of it is told.
#[derive(Debug, Clone)]
struct WrongRow {
    place: (usize, usize),
    service: ProductCode,
    section: Option<String>,
    kind: RowKind,
    units: Decimal,
    worth: Option<(Currency, Decimal)>,
    is_estimated: bool,
    /// What it adds to the totals of changes.
    totals: Option<(Currency, RunTotals)>,
    is_unpriced: bool,
}

/// What they are looked for in, gathered client by client.
#[derive(Debug, Default)]
pub(crate) struct CommonCauses {
    /// By service: at how many clients it was compared.
    compared: BTreeMap<ProductCode, usize>,
    wrong: Vec<WrongRow>,
}

impl CommonCauses {
    /// Takes the rows of a client, by its number. `is_set_aside`: whether somebody has decided about the row at a place.
    pub(crate) fn take(&mut self, client: usize, outcome: &ClientOutcome, is_set_aside: impl Fn(usize) -> bool) {
        let compared = outcome.rows.iter().filter(|row| row.kind.is_compared());
        for service in compared.map(|row| &row.service).collect::<BTreeSet<_>>() {
            match self.compared.get_mut(service) {
                Some(clients) => *clients += 1,
                None => drop(self.compared.insert(service.clone(), 1)),
            }
        }
        let rows = outcome.rows.iter().enumerate();
        let wrong = rows.filter(|(at, row)| row.kind.changes_a_bill() && !is_set_aside(*at));
        self.wrong.extend(wrong.map(|(at, row)| WrongRow::of((client, at), row)));
    }

    /// Those of services first, then those of a client; and what the rows of the first come to. `told`: rows that are told otherwise; `is_alike`:
    /// whether two services can be one another's.
    pub(crate) fn finish(
        mut self,
        inputs: &RunInputs,
        told: &BTreeSet<(usize, usize)>,
        is_alike: impl Fn(&ProductCode, &ProductCode) -> bool,
    ) -> (Vec<CommonCauseRecord>, SetupRows) {
        self.wrong.retain(|row| !told.contains(&row.place));
        let mut found = Vec::new();
        let (mut of_many, mut setup): (BTreeSet<(usize, usize)>, _) = (BTreeSet::new(), SetupRows::default());
        for (cause, rows) in self.at_many_clients() {
            of_many.extend(rows.iter().map(|row| row.place));
            rows.iter().for_each(|row| setup.take(row));
            found.push(record(inputs, cause, &rows));
        }
        self.wrong.retain(|row| !of_many.contains(&row.place));
        for of_client in self.wrong.chunk_by(|one, other| one.place.0 == other.place.0) {
            for (billed, used) in replaced(of_client, &is_alike) {
                let cause = CommonCause::ProductReplaced { billed: billed.service.clone(), used: used.service.clone() };
                found.push(record(inputs, cause, &[billed, used]));
            }
        }
        (found, setup)
    }

    fn at_many_clients(&self) -> Vec<(CommonCause, Vec<&WrongRow>)> {
        let mut by_service: BTreeMap<(&ProductCode, ExceptionDirection), Vec<&WrongRow>> = BTreeMap::new();
        for row in &self.wrong {
            by_service.entry((&row.service, ExceptionDirection::of(row.kind))).or_default().push(row);
        }
        let mut found = Vec::new();
        for ((service, direction), rows) in by_service {
            let compared = self.compared.get(service).copied().unwrap_or_default();
            let wrong = rows.iter().map(|row| row.place.0).collect::<BTreeSet<_>>().len();
            if compared >= CLIENTS_MIN && wrong.saturating_mul(100) > compared.saturating_mul(PERCENT_MIN) {
                let (service, clients_compared) = (service.clone(), compared as u64);
                found.push((CommonCause::ServiceAtManyClients { service, direction, clients_compared }, rows));
            }
        }
        found
    }
}

impl WrongRow {
    fn of(place: (usize, usize), row: &OutcomeRow) -> Self {
        let figures = row.compared.as_ref().and_then(|compared| compared.figures.as_ref());
        let value = row.value.as_ref();
        Self {
            place,
            service: row.service.clone(),
            section: row.section.clone(),
            kind: row.kind,
            units: figures.and_then(|figures| figures.to_correct).unwrap_or_default(),
            worth: value.and_then(|value| value.currency.zip(value.impact)),
            is_estimated: value.is_some_and(|value| value.is_estimated),
            totals: value.and_then(|value| {
                let mut totals = RunTotals::default();
                add_changes(&mut totals, row);
                Some((value.currency?, totals))
            }),
            is_unpriced: row.is_unpriced(),
        }
    }
}

impl SetupRows {
    fn take(&mut self, row: &WrongRow) {
        *self.kinds.entry(row.kind).or_default() += 1;
        self.unpriced += u64::from(row.is_unpriced);
        if let Some((currency, mut totals)) = row.totals {
            let sums = self.totals.entry(currency).or_default();
            for (sum, amount) in sums.changes_mut().into_iter().zip(totals.changes_mut()) {
                add(sum, *amount);
            }
        }
    }
}

/// Of the rows of one client each that is billed and not used, with the one that is used and not billed in its place: of as
/// many units, or the only two of their kind.
fn replaced<'r>(
    rows: &'r [WrongRow],
    is_alike: &impl Fn(&ProductCode, &ProductCode) -> bool,
) -> Vec<(&'r WrongRow, &'r WrongRow)> {
    let of_kind = |kind| rows.iter().filter(move |row| row.kind == kind).collect::<Vec<_>>();
    let (billed, used) = (of_kind(RowKind::BilledWithoutUsage), of_kind(RowKind::UnbilledUsage));
    let fits = |one: &WrongRow, other: &WrongRow| {
        one.service != other.service && one.section == other.section && is_alike(&one.service, &other.service)
    };
    let is_as_many = |one: &WrongRow, other: &WrongRow| one.units == -other.units;
    let only = |is_pair: &dyn Fn(&WrongRow, &WrongRow) -> bool| {
        let mut found = Vec::new();
        for one in &billed {
            let mut there = used.iter().filter(|other| is_pair(one, other));
            let (Some(other), None) = (there.next(), there.next()) else { continue };
            if billed.iter().filter(|another| is_pair(another, other)).count() == 1 {
                found.push((*one, *other));
            }
        }
        found
    };
    let as_many = only(&|one, other| fits(one, other) && is_as_many(one, other));
    match as_many.is_empty() {
        true => only(&fits),
        false => as_many,
    }
}

fn record(inputs: &RunInputs, cause: CommonCause, rows: &[&WrongRow]) -> CommonCauseRecord {
    let member = |row: &&WrongRow| {
        let client = &inputs.clients[row.place.0];
        CommonCauseMember {
            client_id: client.id.clone(),
            client_name: client.name.clone(),
            service: row.service.clone(),
            section: row.section.clone(),
            kind: row.kind,
            units: row.units,
            monthly_impact: row.worth.map(|(currency, amount)| Money { amount, currency }),
            is_estimated: row.is_estimated,
        }
    };
    CommonCauseRecord { cause, members: rows.iter().map(member).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{ComparedUnits, InvoicedWhen, LineChange, RowFigures, RowValue};
    use crate::run_inputs::{BilledClient, LinesRead};

    fn code(text: &str) -> ProductCode {
        ProductCode::new(text).unwrap()
    }

    /// So many units to be corrected, at 10 each.
    fn row(service: &str, kind: RowKind, units: i64) -> OutcomeRow {
        let usd = Currency::new("USD").unwrap();
        let figures = RowFigures {
            counted: None,
            ledger: None,
            should_bill: Decimal::ZERO,
            variance: units.into(),
            to_correct: Some(units.into()),
            left_alone: None,
        };
        let (from, to) = (Decimal::ZERO, units.into());
        let amount = Some(Decimal::from(units * 10));
        let change = LineChange { line: None, from, to, amount, when: InvoicedWhen::ThisRun };
        OutcomeRow {
            kind,
            service: code(service),
            section: None,
            billed: Decimal::ZERO,
            compared: Some(ComparedUnits {
                at_least: Decimal::ZERO,
                at_most: None,
                peak_on: None,
                figures: Some(figures),
            }),
            value: Some(RowValue {
                currency: Some(usd),
                impact: Some(Decimal::from(units * 10)),
                unit_price: None,
                is_estimated: false,
                stakes: None,
                when: None,
                due: None,
                changes: vec![change],
                cost: Vec::new(),
            }),
            doubts: Vec::new(),
            widenings: Vec::new(),
            outer: Vec::new(),
            left_alone: None,
            fault: None,
        }
    }

    fn causes_of(clients: Vec<Vec<OutcomeRow>>, told: &[(usize, usize)]) -> (Vec<CommonCauseRecord>, SetupRows) {
        let client = |number: usize| BilledClient {
            id: ClientId::new(format!("c{number:02}")).unwrap(),
            name: format!("Client {number}"),
            identifier: None,
            last_known: Vec::new(),
            read: LinesRead::Complete,
            agreements: Vec::new(),
        };
        let inputs = RunInputs { clients: (0..clients.len()).map(client).collect(), ..RunInputs::default() };
        let mut causes = CommonCauses::default();
        for (number, rows) in clients.into_iter().enumerate() {
            let client = inputs.clients[number].id.clone();
            causes.take(
                number,
                &ClientOutcome { client, rows, coverage: BTreeMap::new(), agreements: BTreeMap::new() },
                |_| false,
            );
        }
        // Codes of one letter are counted by one source.
        let is_alike = |one: &ProductCode, other: &ProductCode| one.as_str().len() == other.as_str().len();
        causes.finish(&inputs, &told.iter().copied().collect(), is_alike)
    }

    /// How many rows come of the setup, and what they add.
    fn setup_of(clients: Vec<Vec<OutcomeRow>>) -> (u64, Decimal) {
        let (_, setup) = causes_of(clients, &[]);
        (setup.kinds.values().sum(), setup.totals.values().map(|totals| totals.add).sum())
    }

    /// Each cause as its code's parts, with the clients and units of its rows.
    fn found(clients: Vec<Vec<OutcomeRow>>, told: &[(usize, usize)]) -> Vec<String> {
        let (records, _) = causes_of(clients, told);
        let text = |record: &CommonCauseRecord| {
            let cause = match &record.cause {
                CommonCause::ServiceAtManyClients { service, direction, clients_compared } => {
                    format!("{service} {} of {clients_compared}", direction.as_str())
                }
                CommonCause::ProductReplaced { billed, used } => format!("{billed} to {used}"),
            };
            let members = record.members.iter().map(|one| format!("{} {}", one.client_id, one.units));
            format!("{cause}: {}", members.collect::<Vec<_>>().join(", "))
        };
        records.iter().map(text).collect()
    }

    #[test]
    fn a_service_is_wrong_at_many_of_the_clients_that_have_it() {
        let msp = |clients: usize, wrong: usize| -> Vec<Vec<OutcomeRow>> {
            let kind = |number: usize| if number < wrong { RowKind::Underbilled } else { RowKind::Agrees };
            (0..clients).map(|number| vec![row("A", kind(number), 2)]).collect()
        };
        assert_eq!(found(msp(10, 4), &[]), ["A under of 10: c00 2, c01 2, c02 2, c03 2"]);
        for (clients, wrong) in [(10, 3), (9, 9), (20, 6)] {
            assert_eq!(found(msp(clients, wrong), &[]), Vec::<String>::new(), "{wrong} of {clients}");
        }
        let mut both_ways = msp(10, 3);
        both_ways[9] = vec![row("A", RowKind::Overbilled, -1)];
        assert_eq!(found(both_ways, &[]), Vec::<String>::new(), "each way by itself");
        let mut twice = msp(10, 3);
        twice[0].push(row("A", RowKind::Underbilled, 1));
        assert_eq!(found(twice, &[]), Vec::<String>::new(), "two agreements of one client are one client");
        assert_eq!(found(msp(10, 4), &[(3, 0)]), Vec::<String>::new(), "what is told otherwise");
        assert_eq!(setup_of(msp(10, 4)), (4, 80.into()), "what those rows come to");
        assert_eq!(setup_of(msp(10, 3)), (0, Decimal::ZERO));
        let mut unknown = msp(10, 4);
        unknown[9] = vec![row("A", RowKind::NotReconciled, 0)];
        assert_eq!(found(unknown, &[]), Vec::<String>::new(), "nine were compared");
    }

    #[test]
    fn what_is_billed_without_usage_and_used_without_a_line_is_one_product_that_replaced_another() {
        let billed = |service: &str, units: i64| row(service, RowKind::BilledWithoutUsage, -units);
        let used = |service: &str, units: i64| row(service, RowKind::UnbilledUsage, units);
        for (rows, expected) in [
            (vec![billed("A", 5), used("B", 5)], vec!["A to B: c00 -5, c00 5"]),
            (vec![billed("A", 5), used("B", 7)], vec!["A to B: c00 -5, c00 7"]),
            (vec![billed("A", 5), used("BB", 5)], vec![]),
            (vec![billed("A", 5), row("B", RowKind::Underbilled, 5)], vec![]),
            (vec![billed("A", 5), used("B", 7), used("C", 5)], vec!["A to C: c00 -5, c00 5"]),
            (vec![billed("A", 5), used("B", 7), used("C", 8)], vec![]),
            (
                vec![billed("A", 5), billed("B", 2), used("C", 2), used("D", 5)],
                vec!["A to D: c00 -5, c00 5", "B to C: c00 -2, c00 2"],
            ),
        ] {
            assert_eq!(found(vec![rows.clone()], &[]), expected, "{rows:?}");
        }
        assert_eq!(found(vec![vec![billed("A", 5)], vec![used("B", 5)]], &[]), Vec::<String>::new(), "two clients");
        let everywhere = vec![vec![billed("A", 5), used("B", 5)]; 10];
        assert_eq!(found(everywhere, &[]).len(), 2, "a product that is replaced at all clients is one cause of each");
    }
}
