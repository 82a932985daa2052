//! Rows that are not reconciled, told together: those that one cause keeps from it at several clients, and those of which
//! little is at stake. The rows of each client stay in `lines.csv`.

use std::collections::{BTreeMap, BTreeSet};

use truecount_billing::{ClientId, Currency, SourceId};
use truecount_reconciliation::{
    AtStake, ClientRecord, LinesReadWord, PortfolioRecord, RowKind, RowRecord, WideningRecord,
};

use crate::{
    ExceptionRow,
    exception_id::ExceptionSubject,
    exception_row::{blank, of_unread_client},
    row_totals::{RowTotals, add_all},
    words::{self, Explanation, MergedStake, WorkOwner, WorkStep},
};

/// How many services are named; more are counted.
const SERVICES_MAX: usize = 3;

/// Something that many clients can have in common, and that is settled once for all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SystemicCause {
    /// A source was not read, or its newest sync is too old.
    Source(SourceId),
    /// A word of the rules that a source never had, or one of a vendor that nobody has explained.
    Word { code: &'static str, sources: String, words: Vec<String> },
    /// No line of any client was read.
    Lines,
}

impl SystemicCause {
    /// The cause that keeps a row from being reconciled; `None`: it is one of this client alone.
    fn of(read: LinesReadWord, row: &RowRecord) -> Option<Self> {
        if row.fault.is_some() {
            return None;
        }
        let Some(first) = WideningRecord::first_to_settle(&row.widenings) else {
            return (read == LinesReadWord::Failed).then_some(Self::Lines);
        };
        let word = |sources: String, words: &[&str]| Self::Word {
            code: first.code(),
            sources,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        };
        match first {
            WideningRecord::SourceNotRead { source } | WideningRecord::SourceTooOld { source, .. } => {
                Some(Self::Source(source.clone()))
            }
            WideningRecord::WordNeverSeen { source, kind, attribute, word: written } => {
                let words = [kind.as_str(), attribute.as_deref().unwrap_or(""), written.as_deref().unwrap_or("")];
                Some(word(source.to_string(), &words))
            }
            WideningRecord::UnwantedNeverSeen { source, kind, attribute, word: written } => {
                Some(word(source.to_string(), &[kind, attribute, written]))
            }
            WideningRecord::ItemUnknown { word: Some(written), .. } => {
                Some(word(crate::cells::sources(row), &[written]))
            }
            _ => None,
        }
    }

    fn exception_id(&self) -> String {
        match self {
            Self::Source(source) => ExceptionSubject::Source(source).id(),
            Self::Word { code, sources, words } => ExceptionSubject::Cause { code, sources, words }.id(),
            Self::Lines => ExceptionSubject::Cause { code: "lines_not_read", sources: "", words: &[] }.id(),
        }
    }
}

/// A row that is not reconciled, with what is added up of it.
#[derive(Debug, Clone)]
struct UnknownRow {
    exception: ExceptionRow,
    client: ClientId,
    explanation: Option<Explanation>,
    stake: Option<(Currency, Option<AtStake>, Option<AtStake>)>,
}

/// What is not reconciled, while it comes client by client.
#[derive(Debug, Default)]
pub(crate) struct UnknownRows {
    by_cause: BTreeMap<SystemicCause, Vec<UnknownRow>>,
    others: Vec<UnknownRow>,
}

impl UnknownRows {
    /// Takes a row that is not reconciled.
    pub(crate) fn row(&mut self, client: &ClientRecord, row: &RowRecord, exception: ExceptionRow) {
        let stake = row.currency.map(|currency| (currency, row.stake_up, row.stake_down));
        let cause = SystemicCause::of(client.lines_read, row);
        let explanation = match WideningRecord::first_to_settle(&row.widenings) {
            Some(first) => Some(words::widening(first)),
            None => cause.is_some().then(|| words::unread_client(client.lines_read)),
        };
        self.take(cause, UnknownRow { exception, client: client.client_id.clone(), explanation, stake });
    }

    /// Takes a client whose lines were not read, and of which no row says so.
    pub(crate) fn unread_client(&mut self, client: &ClientRecord) {
        let cause = (client.lines_read == LinesReadWord::Failed).then_some(SystemicCause::Lines);
        let explanation = Some(words::unread_client(client.lines_read));
        let (exception, client) = (of_unread_client(client), client.client_id.clone());
        self.take(cause, UnknownRow { exception, client, explanation, stake: None });
    }

    fn take(&mut self, cause: Option<SystemicCause>, row: UnknownRow) {
        match cause {
            Some(cause) => self.by_cause.entry(cause).or_default().push(row),
            None => self.others.push(row),
        }
    }

    /// The entries, and the sources that one of them is about.
    pub(crate) fn finish(self, portfolio: &PortfolioRecord) -> (Vec<ExceptionRow>, BTreeSet<SourceId>) {
        let (mut found, mut sources, mut others) = (Vec::new(), BTreeSet::new(), self.others);
        for (cause, rows) in self.by_cause {
            let clients: BTreeSet<&ClientId> = rows.iter().map(|row| &row.client).collect();
            match (clients.len(), rows[0].explanation.clone()) {
                (2.., Some(told)) => {
                    found.push(systemic(&cause, &told, &rows, portfolio));
                    if let SystemicCause::Source(source) = cause {
                        sources.insert(source);
                    }
                }
                _ => others.extend(rows),
            }
        }
        let (small, others): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|row| row.currency_if_small(portfolio).is_some());
        found.extend(others.into_iter().map(|row| row.exception));
        let mut by_currency: BTreeMap<Currency, Vec<UnknownRow>> = BTreeMap::new();
        for row in small {
            let Some(currency) = row.currency_if_small(portfolio) else { continue };
            by_currency.entry(currency).or_default().push(row);
        }
        for (currency, rows) in by_currency {
            match rows.as_slice() {
                [_] => found.extend(rows.into_iter().map(|row| row.exception)),
                _ => found.push(small_rows(currency, &rows, portfolio)),
            }
        }
        (found, sources)
    }
}

impl UnknownRow {
    /// Its currency, if what is at stake is known both ways and below what matters.
    fn currency_if_small(&self, portfolio: &PortfolioRecord) -> Option<Currency> {
        let limit = portfolio.weights.materiality?;
        let (currency, Some(AtStake::Known(up)), Some(AtStake::Known(down))) = self.stake? else { return None };
        // Without a rate nobody can say whether it is small.
        let is_small = portfolio.in_home_currency(currency, up.max(down))? < limit;
        is_small.then_some(currency)
    }
}

fn systemic(
    cause: &SystemicCause,
    told: &Explanation,
    rows: &[UnknownRow],
    portfolio: &PortfolioRecord,
) -> ExceptionRow {
    let next_step = match cause {
        SystemicCause::Source(_) | SystemicCause::Lines => WorkStep::FixSource,
        SystemicCause::Word { .. } => WorkStep::FixRule,
    };
    let source = match cause {
        SystemicCause::Source(source) => source.to_string(),
        SystemicCause::Word { sources, .. } => sources.clone(),
        SystemicCause::Lines => String::new(),
    };
    let stake = stake(rows);
    ExceptionRow {
        reason: words::of_many(told, &stake, portfolio.home_currency),
        next_step,
        owner: told.owner,
        settled_by: Some(told.settled_by),
        source,
        exception_id: cause.exception_id(),
        ..together(rows, &stake, portfolio)
    }
}

/// Rows of which little is at stake, of one currency.
fn small_rows(currency: Currency, rows: &[UnknownRow], portfolio: &PortfolioRecord) -> ExceptionRow {
    let stake = stake(rows);
    let told = words::below_materiality(
        rows.len(),
        portfolio.weights.materiality.unwrap_or_default(),
        portfolio.home_currency,
    );
    ExceptionRow {
        reason: words::of_many(&told, &stake, portfolio.home_currency),
        next_step: WorkStep::Check,
        owner: WorkOwner::BillingClerk,
        settled_by: Some(told.settled_by),
        currency: Some(currency),
        exception_id: ExceptionSubject::Small(currency).id(),
        ..together(rows, &stake, portfolio)
    }
}

/// What rows have in common.
fn together(rows: &[UnknownRow], stake: &BTreeMap<Currency, MergedStake>, portfolio: &PortfolioRecord) -> ExceptionRow {
    let clients: BTreeSet<&ClientId> = rows.iter().map(|row| &row.client).collect();
    let of = |cell: fn(&ExceptionRow) -> &str| {
        let cells: BTreeSet<&str> =
            rows.iter().map(|row| cell(&row.exception)).filter(|cell| !cell.is_empty()).collect();
        cells.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let products = of(|row| &row.product);
    let dearest = stake.iter().filter_map(|(currency, of)| Some((*currency, of.largest()?)));
    let named: BTreeMap<&str, &str> =
        rows.iter().map(|row| (row.exception.client_id.as_str(), row.exception.client.as_str())).collect();
    ExceptionRow {
        client: words::clients(clients.len()),
        clients: named.into_iter().map(|(id, name)| (id.to_owned(), name.to_owned())).collect(),
        product: match products.len() {
            0..=SERVICES_MAX => products.join("; "),
            more => words::services(more),
        },
        product_code: of(|row| &row.product_code).join("; "),
        currency: match stake.keys().collect::<Vec<_>>().as_slice() {
            [one] => Some(**one),
            _ => None,
        },
        counted_on: rows.iter().filter_map(|row| row.exception.counted_on).min(),
        order: dearest.min_by_key(|(currency, amount)| portfolio.place_of(*currency, *amount)),
        rows: rows.iter().map(|row| row.exception.rows).sum(),
        totals: rows.iter().fold(RowTotals::new(), |mut sums, row| {
            add_all(&mut sums, &row.exception.totals);
            sums
        }),
        ..blank(RowKind::NotReconciled)
    }
}

/// What is at stake, by currency.
fn stake(rows: &[UnknownRow]) -> BTreeMap<Currency, MergedStake> {
    let mut found: BTreeMap<Currency, MergedStake> = BTreeMap::new();
    for (currency, up, down) in rows.iter().filter_map(|row| row.stake) {
        let sums = found.entry(currency).or_default();
        for (sum, one) in [(&mut sums.up, up), (&mut sums.down, down)] {
            match one {
                Some(AtStake::Known(amount)) => *sum = sum.saturating_add(amount),
                Some(AtStake::Unknown) => sums.has_unknown = true,
                None => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rust_decimal::Decimal;
    use truecount_billing::ProductCode;
    use truecount_reconciliation::{DatedRate, ReportWeights, SourceReadWord, SourceRecord};

    use super::*;
    use crate::Exceptions;

    fn currency(code: &str) -> Currency {
        Currency::new(code).unwrap()
    }

    fn source() -> SourceId {
        SourceId::new("rmm").unwrap()
    }

    fn row(service: &str, code: &str, up: Option<i64>, down: i64, widening: Option<WideningRecord>) -> RowRecord {
        RowRecord {
            currency: Some(currency(code)),
            stake_up: Some(up.map_or(AtStake::Unknown, |up| AtStake::Known(up.into()))),
            stake_down: Some(AtStake::Known(down.into())),
            widenings: widening.into_iter().collect(),
            ..RowRecord::empty(RowKind::NotReconciled, ProductCode::new(service).unwrap())
        }
    }

    fn client(id: &str, lines_read: LinesReadWord, rows: Vec<RowRecord>) -> ClientRecord {
        ClientRecord {
            format: 1,
            client_id: ClientId::new(id).unwrap(),
            client_name: format!("Client {id}"),
            lines_read,
            rows,
            coverage: BTreeMap::new(),
            agreements: Vec::new(),
            closed: Vec::new(),
            not_known: Vec::new(),
        }
    }

    fn portfolio(weights: ReportWeights) -> PortfolioRecord {
        PortfolioRecord { weights, ..PortfolioRecord::empty(currency("GBP")) }
    }

    fn told(portfolio: &PortfolioRecord, clients: &[ClientRecord]) -> Vec<ExceptionRow> {
        let mut exceptions = Exceptions::new(portfolio.home_currency);
        clients.iter().for_each(|client| exceptions.client(client));
        exceptions.finish(portfolio)
    }

    fn short(rows: &[ExceptionRow]) -> Vec<String> {
        rows.iter().map(|row| format!("{}|{}|{}", row.client, row.product_code, row.reason)).collect()
    }

    fn misspelt(word: &str) -> WideningRecord {
        WideningRecord::WordNeverSeen { source: source(), kind: word.to_owned(), attribute: None, word: None }
    }

    #[test]
    fn a_misspelt_word_is_one_entry_over_all_clients() {
        let of = |id: &str, code: &str, down| {
            client(id, LinesReadWord::Complete, vec![row("SRV", code, None, down, Some(misspelt("servers")))])
        };
        let other = client("4", LinesReadWord::Complete, vec![row("SRV", "GBP", None, 7, Some(misspelt("nas")))]);
        let rows = told(
            &portfolio(ReportWeights::default()),
            &[of("1", "GBP", 100), of("2", "GBP", 20), of("3", "USD", 9), other],
        );
        assert_eq!(
            short(&rows),
            [
                "3 clients|SRV|rmm never had items of kind `servers`; at stake a month: GBP 120.00 down, USD 9.00 down, and \
                 some have no known limit; to settle it (sync admin): correct the word in the rules, or write \
                 `may_be_empty = true`",
                "Client 4|SRV|at least 0 should be billed, no upper limit is known, 0 billed; rmm never had items of kind \
                 `nas`; at stake a month: an unknown amount up, GBP 7.00 down; to settle it (sync admin): correct the word in \
                 the rules, or write `may_be_empty = true`",
            ]
        );
        assert_eq!(
            (rows[0].next_step, rows[0].order),
            (WorkStep::FixRule, Some((currency("GBP"), Decimal::from(120))))
        );
        assert_eq!(rows[0].exception_id.len(), 13);
    }

    #[test]
    fn a_source_that_was_not_read_is_one_entry() {
        let unread = || Some(WideningRecord::SourceNotRead { source: source() });
        let both = vec![row("SRV", "GBP", None, 10, unread()), row("WKS", "GBP", None, 5, unread())];
        let clients = [
            client("1", LinesReadWord::Complete, both),
            client("2", LinesReadWord::Complete, vec![row("SRV", "GBP", None, 1, unread())]),
        ];
        let mut portfolio = portfolio(ReportWeights::default());
        portfolio.sources.push(SourceRecord {
            source: source(),
            read: SourceReadWord::NotRead,
            synced_on: None,
            last_failure: None,
            fresh_days: 3,
            accounts: 0,
            incomplete: Vec::new(),
        });
        let rows = told(&portfolio, &clients);
        assert_eq!(
            short(&rows),
            [
                "2 clients|SRV; WKS|rmm was not read; at stake a month: GBP 16.00 down, and some have no known limit; to \
                 settle it (sync admin): fix the sync and run again"
            ]
        );
        assert_eq!(rows[0].exception_id, ExceptionSubject::Source(&source()).id());
        // Of one client the row stands by itself, and the source, too.
        assert_eq!(told(&portfolio, &clients[..1]).len(), 3);
    }

    #[test]
    fn clients_without_a_line_that_was_read_are_one_entry() {
        let clients = ["1", "2"].map(|id| client(id, LinesReadWord::Failed, Vec::new()));
        let rows = told(&portfolio(ReportWeights::default()), &clients);
        let expected = "2 clients||the client's billed lines were not read; at stake a month: no known amount; to settle it (sync \
             admin): sync the PSA again and run again";
        assert_eq!(short(&rows), [expected]);
    }

    #[test]
    fn what_does_not_matter_is_one_line_by_currency() {
        let of = |id: &str, code: &str, up, down| {
            client(id, LinesReadWord::Complete, vec![row("SRV", code, up, down, None)])
        };
        let rate = DatedRate { rate: Decimal::new(5, 1), on: date(2026, 11, 1) };
        let weights = ReportWeights { materiality: Some(10.into()), rates: [(currency("USD"), rate)].into() };
        let clients = [
            of("1", "GBP", Some(9), 0),
            of("2", "GBP", Some(1), 8),
            of("3", "GBP", Some(0), 10),
            of("4", "GBP", None, 1),
            of("5", "USD", Some(19), 0),
            of("6", "USD", Some(0), 18),
            of("7", "EUR", Some(1), 0),
            of("8", "EUR", Some(1), 0),
        ];
        let rows = told(&portfolio(weights), &clients);
        let named: Vec<&str> = rows.iter().map(|row| row.client.as_str()).collect();
        assert_eq!(named.iter().filter(|name| **name == "2 clients").count(), 2, "{named:?}");
        for client in ["Client 3", "Client 4", "Client 7", "Client 8"] {
            assert!(named.contains(&client), "{client} {named:?}");
        }
        let together: Vec<&ExceptionRow> = rows.iter().filter(|row| row.client == "2 clients").collect();
        assert!(
            together[0].reason.starts_with(
                "2 comparisons are not reconciled, with less than GBP 10.00 a month at stake in each; at stake a \
                 month: "
            ) && together
                .iter()
                .any(|row| row.reason.contains("at stake a month: GBP 10.00 up and 8.00 down; to settle")),
            "{together:?}"
        );
        assert_eq!(told(&portfolio(ReportWeights::default()), &clients).len(), 8);
    }
}
