//! Exceptions of a stream of records: what somebody should act on, and what nobody knows, in order of value.
//!
//! Of each client only the finished cells of its exceptions are kept until all are there and can be put in order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use truecount_billing::{AccountId, Currency, SourceId};
use truecount_reconciliation::{
    AccountReadWord, AccountRecord, ClientRecord, IncompleteAccount, MappingSuggestion, PortfolioRecord, RowKind,
    SourceReadWord, SourceReading, WideningRecord,
};

use crate::{
    common_cause::grouped,
    exception_row::{ExceptionRow, of_incomplete, of_moved, of_row, of_unmapped, of_unread_bills, of_unread_source},
    merged::UnknownRows,
    words,
};

/// Takes the exceptions of one client after another.
#[derive(Debug)]
pub struct Exceptions {
    rows: Vec<ExceptionRow>,
    unknown: UnknownRows,
    home: Currency,
    /// Accounts that some exception names already.
    named: BTreeSet<(SourceId, AccountId)>,
    /// Of accounts that nobody decided, what it comes to if the client that is proposed is confirmed.
    if_confirmed: BTreeMap<(SourceId, AccountId), String>,
}

impl Exceptions {
    /// None yet. `home`: the currency that is told first.
    #[must_use]
    pub fn new(home: Currency) -> Self {
        let (unknown, named, if_confirmed) = Default::default();
        Self { rows: Vec::new(), unknown, home, named, if_confirmed }
    }

    /// Takes the exceptions of one client.
    pub fn client(&mut self, client: &ClientRecord) {
        let mut is_told = client.lines_read.is_complete();
        for row in client.rows.iter().filter(|row| is_exception(row.kind)) {
            is_told |= row.kind == RowKind::NotReconciled;
            self.named.extend(
                row.widenings.iter().filter_map(account_of).map(|one| (one.source.clone(), one.account_id.clone())),
            );
            let Some(exception) = of_row(client, row, self.home) else { continue };
            match row.kind {
                RowKind::NotReconciled => self.unknown.row(client, row, exception),
                _ => self.rows.push(exception),
            }
        }
        if !is_told {
            self.unknown.unread_client(client);
        }
    }

    /// Takes how far a source was read: one of what is billed that was not read at all is an exception. Those of usage
    /// are in the portfolio.
    pub fn source(&mut self, source: &SourceReading) {
        if source.side.is_billed() && source.as_of.is_none() {
            self.rows.push(of_unread_bills(source));
        }
    }

    /// Takes what is proposed for an account that nobody decided.
    pub fn suggestion(&mut self, suggestion: &MappingSuggestion) {
        if let Some(told) = words::if_proposal_confirmed(suggestion) {
            self.if_confirmed.insert((suggestion.source.clone(), suggestion.account_id.clone()), told);
        }
    }

    /// An exception that comes from elsewhere.
    pub fn push(&mut self, row: ExceptionRow) {
        self.rows.push(row);
    }

    /// Takes what is told beside the clients, and puts all in order: by value, of the home currency, and what has a rate,
    /// first and then by currency, what has none last, then by id. What one cause keeps from being reconciled at several
    /// clients is one entry, and so are exceptions that probably have one cause, and, by currency, that of which little is
    /// at stake.
    #[must_use]
    pub fn finish(mut self, portfolio: &PortfolioRecord) -> Vec<ExceptionRow> {
        let days: BTreeMap<&SourceId, Option<Date>> =
            portfolio.sources.iter().map(|source| (&source.source, source.synced_on)).collect();
        let (unknown, told_sources) = self.unknown.finish(portfolio);
        self.rows.extend(unknown);
        self.rows.extend(portfolio.moved.iter().map(of_moved));
        for account in &portfolio.unmapped {
            let counted_on = days.get(&account.source).copied().flatten();
            let key = (account.source.clone(), account.account_id.clone());
            let if_confirmed = self.if_confirmed.remove(&key).unwrap_or_default();
            self.rows.push(ExceptionRow { counted_on, if_confirmed, ..of_unmapped(account) });
            self.named.insert(key);
        }
        for source in &portfolio.sources {
            if source.read != SourceReadWord::Used {
                if !told_sources.contains(&source.source) {
                    self.rows.push(of_unread_source(source));
                }
                continue;
            }
            let untold = source.incomplete.iter().filter(|one| {
                is_unknown(one) && !self.named.contains(&(one.account.source.clone(), one.account.account_id.clone()))
            });
            self.rows.extend(untold.map(|one| of_incomplete(source, one)));
        }
        let mut rows = grouped(self.rows, portfolio);
        rows.sort_by_cached_key(|row| {
            let place = row.order.map(|(currency, amount)| portfolio.place_of(currency, amount));
            (place.is_none(), place, row.exception_id.clone())
        });
        rows
    }
}

/// Whether somebody should act on a row of this kind, or nobody knows.
#[must_use]
pub const fn is_exception(kind: RowKind) -> bool {
    kind.is_acted_on() || matches!(kind, RowKind::NotReconciled)
}

/// Whether something of the account is not known: an earlier reading stands in for one that failed, and one that is gone
/// for sure counts zero.
pub(crate) const fn is_unknown(one: &IncompleteAccount) -> bool {
    !matches!(one.read, AccountReadWord::Failed | AccountReadWord::Gone) || one.as_of.is_none()
}

/// The account that a widening names.
const fn account_of(widening: &WideningRecord) -> Option<&AccountRecord> {
    match widening {
        WideningRecord::AccountFailed { account }
        | WideningRecord::AccountPartial { account }
        | WideningRecord::AccountDoubtful { account }
        | WideningRecord::AccountFell { account }
        | WideningRecord::AccountGone { account }
        | WideningRecord::AccountUndecided { account } => Some(account),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use truecount_billing::{AgreementId, ClientId, LineId, ProductCode, ReadReason, ReadState, Side};
    use truecount_reconciliation::{AtStake, LineRecord, LinesReadWord, RowRecord};

    use super::*;

    fn row(service: &str, kind: RowKind, currency: &str, amount: Option<i64>) -> RowRecord {
        let mut row = RowRecord::empty(kind, ProductCode::new(service).unwrap());
        row.currency = Some(Currency::new(currency).unwrap());
        match kind {
            RowKind::NotReconciled => {
                row.stake_down = Some(amount.map_or(AtStake::Unknown, |it| AtStake::Known(it.into())))
            }
            _ => row.monthly_impact = amount.map(Decimal::from),
        }
        row
    }

    fn client(rows: Vec<RowRecord>) -> ClientRecord {
        ClientRecord {
            format: 1,
            client_id: ClientId::new("1").unwrap(),
            client_name: "Alder".into(),
            lines_read: LinesReadWord::Complete,
            rows,
            coverage: BTreeMap::new(),
            agreements: Vec::new(),
            closed: Vec::new(),
            not_known: Vec::new(),
        }
    }

    #[test]
    fn a_psa_that_was_not_read_is_an_exception_and_a_source_of_usage_stands_in_the_portfolio() {
        let reading = |side, as_of| SourceReading {
            source: SourceId::new("psa").unwrap(),
            source_kind: "psa".to_owned(),
            side,
            state: ReadState::Failed(ReadReason::NeverSynced),
            as_of,
            last_failure: None,
            unread_since: None,
            receipt: None,
            accounts: 0,
            accounts_incomplete: 0,
        };
        let home = Currency::new("USD").unwrap();
        let mut exceptions = Exceptions::new(home);
        exceptions.source(&reading(Side::Agreed, None));
        exceptions.source(&reading(Side::Agreed, Some(jiff::civil::date(2026, 6, 1))));
        exceptions.source(&reading(Side::Used, None));
        let rows = exceptions.finish(&PortfolioRecord::empty(home));
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((row.source.as_str(), row.kind), ("psa", "not_reconciled"));
        assert_eq!(
            row.reason,
            "psa was not read (never synced); what is billed is unknown; to settle it (sync admin): fix the sync and run \
             again"
        );
    }

    #[test]
    fn what_no_rule_counts_and_what_ends_has_its_price_and_its_revenue() {
        let line = |id: &str, quantity: i64, price: i64, cycle: u32| LineRecord {
            line_id: LineId::new(id).unwrap(),
            agreement_id: AgreementId::new("A").unwrap(),
            agreement_name: "Managed".to_owned(),
            product_code: ProductCode::new("FAX").unwrap(),
            product_name: None,
            quantity: quantity.into(),
            unit_price: Some(price.into()),
            cycle_months: Some(cycle),
            prorates: None,
            currency: Currency::new("USD").unwrap(),
            from: None,
            to: None,
        };
        let mut uncounted = row("FAX", RowKind::UncountedLine, "USD", None);
        uncounted.currency = None;
        uncounted.lines = vec![line("L1", 2, 19, 1), line("L2", 1, 228, 12)];
        let mut ending = row("SRV", RowKind::AgreementEnding, "USD", None);
        (ending.variance, ending.unit_price) = (Some(6.into()), Some(95.into()));
        let home = Currency::new("USD").unwrap();
        let client = client(vec![uncounted, ending]);
        let cells = |row: &RowRecord| {
            let one = ExceptionRow::of_row(&client, row, home).unwrap();
            (one.unit_price, one.monthly_impact, one.currency, one.value_basis)
        };
        let number = |number: i64| Some(Decimal::from(number));
        assert_eq!(cells(&client.rows[0]), (number(19), number(57), Some(home), "calculated"));
        assert_eq!(cells(&client.rows[1]), (number(95), number(570), Some(home), "calculated"));
        let mut other = client.rows[0].clone();
        other.lines[1].currency = Currency::new("EUR").unwrap();
        assert_eq!(cells(&other), (None, None, None, ""), "two currencies are never added");
    }

    #[test]
    fn home_currency_first_then_by_currency_then_what_has_no_value() {
        let home = Currency::new("USD").unwrap();
        let client = client(vec![
            row("A", RowKind::Underbilled, "USD", None),
            row("B", RowKind::Underbilled, "GBP", Some(900)),
            row("C", RowKind::Underbilled, "USD", Some(5)),
            row("D", RowKind::NotReconciled, "USD", Some(7)),
            row("E", RowKind::Overbilled, "USD", Some(-9)),
            row("F", RowKind::Underbilled, "EUR", Some(1)),
            row("G", RowKind::NotReconciled, "USD", None),
            row("H", RowKind::Agrees, "USD", None),
        ]);
        let mut exceptions = Exceptions::new(home);
        exceptions.client(&client);
        let portfolio = PortfolioRecord::empty(home);
        let rows = exceptions.finish(&portfolio);
        let services: String = rows.iter().map(|row| row.product_code.as_str()).collect();
        assert!(matches!(services.as_str(), "EDCFBAG" | "EDCFBGA"), "{services}");
        assert!(rows[5].exception_id < rows[6].exception_id, "{services}");
    }
}
