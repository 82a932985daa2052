//! Exceptions that probably have one cause, as one entry with its members inside: a service that is wrong, one way, at many of
//! the clients that have it, and a product that took the place of another at a client. What they come to is in the members
//! alone, so that no column has it twice.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{
    AddAndReduce, CommonCause, CommonCauseMember, CommonCauseRecord, ExceptionDirection, PortfolioRecord, RowKind,
    exception_id, service_exception_id,
};

use crate::{
    ExceptionRow,
    exception_row::blank,
    label,
    run_totals::worth,
    words::{self, WorkOwner, WorkStep},
};

/// The kinds of such entries: the word, and as people read it.
pub(crate) const AT_MANY_CLIENTS: (&str, &str) = ("service_at_many_clients", "wrong at many clients");
pub(crate) const PRODUCT_REPLACED: (&str, &str) = ("product_replaced", "product probably replaced");

/// How many members are named.
const NAMED_MAX: usize = 3;

/// Puts the exceptions that have one cause together: each stands in its entry then, and nowhere else.
pub(crate) fn grouped(rows: Vec<ExceptionRow>, portfolio: &PortfolioRecord) -> Vec<ExceptionRow> {
    let mut cause_of: BTreeMap<String, usize> = BTreeMap::new();
    for (at, record) in portfolio.common_causes.iter().enumerate() {
        cause_of.extend(record.members.iter().map(|member| (id_of(member), at)));
    }
    let mut members: Vec<Vec<ExceptionRow>> = vec![Vec::new(); portfolio.common_causes.len()];
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        match cause_of.get(&row.exception_id) {
            Some(at) => members[*at].push(row),
            None => found.push(row),
        }
    }
    for (record, members) in portfolio.common_causes.iter().zip(members) {
        match members.len() {
            0 | 1 => found.extend(members),
            _ => found.push(entry(record, members, portfolio)),
        }
    }
    found
}

/// The ids of the exceptions of services that are wrong at many clients.
pub(crate) fn ids_at_many_clients(portfolio: &PortfolioRecord) -> BTreeSet<String> {
    let is_of_service = |record: &&CommonCauseRecord| matches!(record.cause, CommonCause::ServiceAtManyClients { .. });
    portfolio.common_causes.iter().filter(is_of_service).flat_map(|record| &record.members).map(id_of).collect()
}

fn id_of(member: &CommonCauseMember) -> String {
    let direction = ExceptionDirection::of(member.kind);
    service_exception_id(&member.client_id, &member.service, member.section.as_deref(), direction)
}

fn entry(record: &CommonCauseRecord, mut members: Vec<ExceptionRow>, portfolio: &PortfolioRecord) -> ExceptionRow {
    let mut sums: BTreeMap<Currency, AddAndReduce> = BTreeMap::new();
    for row in &members {
        if let Some((currency, impact)) = row.currency.zip(row.monthly_impact) {
            sums.entry(currency).or_default().take(&AddAndReduce::of_change(impact, row.is_estimated()));
        }
    }
    let place = |row: &ExceptionRow| row.order.map(|(currency, amount)| portfolio.place_of(currency, amount));
    members.sort_by_cached_key(|row| (place(row).is_none(), place(row), row.exception_id.clone()));
    let exception_id = subject(record);
    members.iter_mut().for_each(|row| row.part_of.clone_from(&exception_id));
    let dearest = sums.iter().map(|(currency, sums)| (*currency, signed(sums)));
    let products: BTreeSet<&str> = members.iter().map(|row| row.product_code.as_str()).collect();
    let named: BTreeMap<&str, &str> = members.iter().map(|row| (row.client_id.as_str(), row.client.as_str())).collect();
    let told = Told { record, members: &members, sums: &sums, home: portfolio.home_currency };
    let (kind, next_step) = match record.cause {
        CommonCause::ServiceAtManyClients { .. } => (AT_MANY_CLIENTS, WorkStep::Check),
        CommonCause::ProductReplaced { .. } => (PRODUCT_REPLACED, WorkStep::ChangePsa),
    };
    let row = ExceptionRow {
        kind: kind.0,
        kind_label: kind.1,
        product: products.iter().copied().collect::<Vec<_>>().join("; "),
        product_code: products.iter().copied().collect::<Vec<_>>().join("; "),
        rows: members.len() as u64,
        next_step,
        owner: WorkOwner::BillingClerk,
        counted_on: members.iter().filter_map(|row| row.counted_on).min(),
        order: dearest.min_by_key(|(currency, amount)| portfolio.place_of(*currency, *amount)),
        reason: told.reason(),
        exception_id,
        ..blank(RowKind::NotReconciled)
    };
    let row = match named.iter().collect::<Vec<_>>().as_slice() {
        [(id, name)] => ExceptionRow { client: (**name).to_owned(), client_id: (**id).to_owned(), ..row },
        several => ExceptionRow {
            client: words::clients(several.len()),
            clients: several.iter().map(|(id, name)| ((**id).to_owned(), (**name).to_owned())).collect(),
            ..row
        },
    };
    ExceptionRow { members, ..row }
}

fn subject(record: &CommonCauseRecord) -> String {
    match &record.cause {
        CommonCause::ServiceAtManyClients { service, direction, .. } => {
            exception_id(&["cause", AT_MANY_CLIENTS.0, service.as_str(), direction.as_str()])
        }
        CommonCause::ProductReplaced { billed, used } => {
            let client = record.members.first().map_or("", |member| member.client_id.as_str());
            exception_id(&["cause", PRODUCT_REPLACED.0, client, billed.as_str(), used.as_str()])
        }
    }
}

/// The larger of what is to be added and reduced; negative: less should be billed.
fn signed(sums: &AddAndReduce) -> Decimal {
    let [add, reduce, more, less] = sums.each();
    let (add, reduce) = (add.saturating_add(more), reduce.saturating_add(less));
    if add >= reduce { add } else { -reduce }
}

struct Told<'a> {
    record: &'a CommonCauseRecord,
    members: &'a [ExceptionRow],
    sums: &'a BTreeMap<Currency, AddAndReduce>,
    home: Currency,
}

impl Told<'_> {
    fn reason(&self) -> String {
        match &self.record.cause {
            CommonCause::ServiceAtManyClients { direction, clients_compared, .. } => {
                let wrong: BTreeSet<_> = self.members.iter().map(|row| row.client_id.as_str()).collect();
                let wrong = label::quantity(Decimal::from(wrong.len()));
                let compared = label::count(*clients_compared, "client", "clients");
                let which = if *direction == ExceptionDirection::Over { "overbilled" } else { "underbilled" };
                format!(
                    "{which} at {wrong} of {compared} at which it was compared: probably one cause, such as a rule or a \
                     product code; look for that before each is changed; {}; {}",
                    self.worth(),
                    self.named()
                )
            }
            CommonCause::ProductReplaced { billed, used } => {
                let units = |kind: RowKind| {
                    let of_kind = self.members.iter().filter(|row| row.kind == kind.as_str());
                    let sum = of_kind.filter_map(|row| row.variance).fold(Decimal::ZERO, Decimal::saturating_add);
                    label::quantity(sum.abs())
                };
                format!(
                    "{} of {billed} are billed and not used, and {} of {used} used and not billed: probably the one took \
                     the place of the other; {}",
                    units(RowKind::BilledWithoutUsage),
                    units(RowKind::UnbilledUsage),
                    self.worth()
                )
            }
        }
    }

    /// `GBP 60.00 to add and GBP 50.00 to reduce a month`, the home currency first.
    fn worth(&self) -> String {
        worth(self.sums, self.home).unwrap_or_else(|| "what it is worth is not known".to_owned())
    }

    /// `Alder (+3), Birch (+2) and 4 more`.
    fn named(&self) -> String {
        let name = |row: &ExceptionRow| {
            let units = row.variance.unwrap_or_default();
            let sign = if units > Decimal::ZERO { "+" } else { "" };
            format!("{} ({sign}{})", row.client, label::quantity(units))
        };
        let named: Vec<_> = self.members.iter().take(NAMED_MAX).map(name).collect();
        match self.members.len().saturating_sub(NAMED_MAX) {
            0 => named.join(", "),
            more => format!("{} and {}", named.join(", "), label::count(more as u64, "more", "more")),
        }
    }
}

#[cfg(test)]
mod tests {
    use truecount_billing::ProductCode;
    use truecount_reconciliation::{ClientRecord, LinesReadWord, RowRecord};

    use super::*;
    use crate::Exceptions;

    fn currency(code: &str) -> Currency {
        Currency::new(code).unwrap()
    }

    fn row(service: &str, kind: RowKind, code: &str, units: i64, impact: i64) -> RowRecord {
        RowRecord {
            currency: Some(currency(code)),
            monthly_impact: Some(impact.into()),
            variance: Some(units.into()),
            ..RowRecord::empty(kind, ProductCode::new(service).unwrap())
        }
    }

    fn client(id: &str, rows: Vec<RowRecord>) -> ClientRecord {
        ClientRecord {
            format: 1,
            client_id: id.parse().unwrap(),
            client_name: format!("Client {id}"),
            lines_read: LinesReadWord::Complete,
            rows,
            coverage: BTreeMap::new(),
            agreements: Vec::new(),
            closed: Vec::new(),
            not_known: Vec::new(),
        }
    }

    /// Client, service and kind of a row.
    type Member<'a> = (&'a str, &'a str, RowKind);

    fn told(clients: &[ClientRecord], causes: Vec<(CommonCause, Vec<Member<'_>>)>) -> Vec<ExceptionRow> {
        let member = |(client, service, kind): Member<'_>| CommonCauseMember {
            client_id: client.parse().unwrap(),
            client_name: String::new(),
            service: service.parse().unwrap(),
            section: None,
            kind,
            units: Decimal::ONE,
            monthly_impact: None,
            is_estimated: false,
        };
        let record = |(cause, members): (CommonCause, Vec<_>)| CommonCauseRecord {
            cause,
            members: members.into_iter().map(member).collect(),
        };
        let portfolio = PortfolioRecord {
            common_causes: causes.into_iter().map(record).collect(),
            ..PortfolioRecord::empty(currency("GBP"))
        };
        let mut exceptions = Exceptions::new(currency("GBP"));
        clients.iter().for_each(|client| exceptions.client(client));
        exceptions.finish(&portfolio)
    }

    #[test]
    fn one_cause_is_one_entry_with_its_members_inside_and_their_sum() {
        use RowKind::{Overbilled, Underbilled};
        let clients = [
            client("1", vec![row("SRV", Underbilled, "GBP", 3, 30), row("WKS", Overbilled, "GBP", -9, -90)]),
            client("2", vec![row("SRV", Underbilled, "GBP", 2, 20)]),
            client("3", vec![row("SRV", Underbilled, "USD", 1, 7)]),
            client("4", vec![RowRecord { is_estimated: true, ..row("SRV", Underbilled, "GBP", 5, 50) }]),
        ];
        let cause = CommonCause::ServiceAtManyClients {
            service: "SRV".parse().unwrap(),
            direction: ExceptionDirection::Under,
            clients_compared: 12,
        };
        let members = ["1", "2", "3", "4"].map(|client| (client, "SRV", Underbilled)).to_vec();
        let rows = told(&clients, vec![(cause, members)]);
        let [entry, alone] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!(
            (entry.kind, entry.client.as_str(), entry.product.as_str()),
            (AT_MANY_CLIENTS.0, "4 clients", "SRV")
        );
        assert_eq!(
            entry.reason,
            "underbilled at 4 of 12 clients at which it was compared: probably one cause, such as a rule or a product code; \
             look for that before each is changed; GBP 50.00 to add, GBP 50.00 to add (estimated) and USD 7.00 to add a \
             month; Client 4 (+5), Client 1 (+3), Client 2 (+2) and 1 more"
        );
        assert_eq!(entry.sum_of_members(), Some((currency("GBP"), 100.into())));
        assert_eq!((entry.monthly_impact, entry.variance, entry.at_stake()), (None, None, None), "only in its members");
        assert_eq!(entry.each().map(|row| row.client_id.as_str()).collect::<Vec<_>>(), ["4", "1", "2", "3"]);
        assert!(entry.each().all(|row| row.part_of == entry.exception_id));
        assert_eq!((alone.product_code.as_str(), alone.part_of.as_str()), ("WKS", ""));
    }

    #[test]
    fn a_product_that_took_the_place_of_another_is_one_entry_of_its_client() {
        use RowKind::{BilledWithoutUsage, UnbilledUsage};
        let clients =
            [client("1", vec![row("BS", BilledWithoutUsage, "GBP", -5, -60), row("BP", UnbilledUsage, "GBP", 7, 154)])];
        let cause = || CommonCause::ProductReplaced { billed: "BS".parse().unwrap(), used: "BP".parse().unwrap() };
        let both = vec![("1", "BS", BilledWithoutUsage), ("1", "BP", UnbilledUsage)];
        let rows = told(&clients, vec![(cause(), both.clone())]);
        let [entry] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!(
            (entry.kind, entry.client.as_str(), entry.next_step),
            (PRODUCT_REPLACED.0, "Client 1", WorkStep::ChangePsa)
        );
        assert_eq!(
            entry.reason,
            "5 of BS are billed and not used, and 7 of BP used and not billed: probably the one took the place of the other; \
             GBP 154.00 to add and GBP 60.00 to reduce a month"
        );
        // What is left of it stands by itself.
        let one = [client("1", vec![row("BS", BilledWithoutUsage, "GBP", -5, -60)])];
        let rows = told(&one, vec![(cause(), both)]);
        assert_eq!((rows.len(), rows[0].kind), (1, "billed_without_usage"));
    }
}
