//! Where to begin with mappings: for which source the most recurring revenue waits.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use rust_decimal::Decimal;
use truecount_billing::{AccountId, Currency, SourceId};
use truecount_reconciliation::{AtStake, ClientRecord, RowKind, RowRecord, WideningRecord};

use crate::{
    RunReport, label,
    summary::{TextTarget, foreign},
    words,
};

/// How many sources are named.
const SOURCES_MAX: usize = 3;

/// What is billed and not reconciled while accounts are not mapped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WaitingRevenue {
    /// By the source of the accounts, and currency.
    amounts: BTreeMap<SourceId, BTreeMap<Currency, Decimal>>,
    /// How many comparisons are reconciled if every proposal is confirmed.
    settled: u64,
}

impl WaitingRevenue {
    /// Adds what is at stake downwards in each row of a client, once to each source that a mapping could settle it in.
    pub(crate) fn client(&mut self, client: &ClientRecord) {
        for row in client.rows.iter().filter(|row| row.kind == RowKind::NotReconciled) {
            let is_settled = row.if_confirmed.as_ref().is_some_and(|then| then.kind != RowKind::NotReconciled);
            self.settled += u64::from(is_settled);
            let (Some(AtStake::Known(amount)), Some(currency)) = (row.stake_down, row.currency) else { continue };
            for source in sources_to_map(row) {
                let sum = self.amounts.entry(source.clone()).or_default().entry(currency).or_default();
                *sum = sum.saturating_add(amount);
            }
        }
    }

    fn of(&self, source: &SourceId) -> BTreeMap<Currency, Decimal> {
        let mut amounts = self.amounts.get(source).cloned().unwrap_or_default();
        amounts.retain(|_, amount| !amount.is_zero());
        amounts
    }
}

/// The sources in which a decision could narrow the row's count.
fn sources_to_map(row: &RowRecord) -> BTreeSet<&SourceId> {
    let sources = row.widenings.iter().filter_map(|widening| match widening {
        WideningRecord::AccountUndecided { account } => Some(&account.source),
        WideningRecord::AnyUndecided { source, .. }
        | WideningRecord::NoAccountByGrant { source }
        | WideningRecord::NoAccountInFile { source } => Some(source),
        _ => None,
    });
    sources.collect()
}

/// Which mappings to decide first.
pub(crate) struct MapFirst {
    /// `12 vendor accounts are not mapped to a client; a client is proposed for 9, which would settle 31 comparisons.`
    pub(crate) title: String,
    pub(crate) sources: Vec<SourceToMap>,
    /// `and 2 more sources`.
    pub(crate) more: Option<String>,
}

/// A source with accounts that nobody decided.
pub(crate) struct SourceToMap {
    pub(crate) name: String,
    /// `9 accounts; USD 1,200.00 a month of revenue waits for them`.
    pub(crate) waits: String,
    /// What to type.
    pub(crate) command: String,
}

impl MapFirst {
    /// `None`: every account is decided.
    pub(crate) fn of(report: &RunReport<'_>, target: TextTarget) -> Option<Self> {
        let accounts = undecided(report);
        let number = accounts.values().map(|of_source| of_source.len() as u64).sum::<u64>();
        if number == 0 {
            return None;
        }
        let mut sources: Vec<_> =
            accounts.iter().map(|(source, accounts)| (*source, accounts.len(), report.waiting.of(source))).collect();
        // Amounts of two currencies are never added: the dearest of each orders.
        sources.sort_by_cached_key(|(source, accounts, waits)| {
            let places = waits.iter().map(|(currency, amount)| report.portfolio.place_of(*currency, *amount));
            let dearest = places.min();
            (dearest.is_none(), dearest, Reverse(*accounts), (*source).clone())
        });
        let more = sources.len().saturating_sub(SOURCES_MAX) as u64;
        let named = sources.iter().take(SOURCES_MAX);
        Some(Self {
            title: title(report, number),
            sources: named
                .map(|(source, accounts, waits)| source_to_map(report, source, *accounts, waits, target))
                .collect(),
            more: (more > 0).then(|| format!("and {}", label::count(more, "more source", "more sources"))),
        })
    }
}

/// Accounts that nobody decided, by source.
fn undecided<'r>(report: &'r RunReport<'_>) -> BTreeMap<&'r SourceId, BTreeSet<&'r AccountId>> {
    let suggested = report.suggestions.iter().map(|one| (&one.source, &one.account_id));
    let unmapped = report.portfolio.unmapped.iter().map(|one| (&one.source, &one.account_id));
    let mut accounts: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (source, account) in suggested.chain(unmapped) {
        accounts.entry(source).or_default().insert(account);
    }
    accounts
}

fn title(report: &RunReport<'_>, number: u64) -> String {
    let accounts =
        label::count(number, "vendor account is not mapped to a client", "vendor accounts are not mapped to a client");
    match report.suggestions.iter().filter(|suggestion| suggestion.client_id.is_some()).count() {
        0 => format!("{accounts}."),
        proposed => {
            let settled = match report.waiting.settled {
                0 => String::new(),
                settled => format!(", which would settle {}", label::count(settled, "comparison", "comparisons")),
            };
            format!(
                "{accounts}; a client is proposed for {}{settled}.",
                label::quantity(Decimal::from(proposed as u64))
            )
        }
    }
}

fn source_to_map(
    report: &RunReport<'_>,
    source: &SourceId,
    accounts: usize,
    waits: &BTreeMap<Currency, Decimal>,
    target: TextTarget,
) -> SourceToMap {
    let home = report.portfolio.home_currency;
    let (them, use_it) = if accounts == 1 { ("it", "it uses") } else { ("them", "they use") };
    let accounts = label::count(accounts as u64, "account", "accounts");
    let worth = worth(report, source);
    let waits = if !waits.is_empty() {
        let amounts = words::money_by_currency(waits, home);
        format!("{accounts}; {amounts} a month of revenue waits for {them}")
    } else if !worth.is_empty() {
        let amounts = words::money_by_currency(&worth, home);
        format!("{accounts}; what {use_it} is worth about {amounts} a month at list price")
    } else {
        accounts
    };
    SourceToMap {
        name: foreign(target, source.as_str(), 40),
        waits,
        command: format!("truecount mappings review --source {}", foreign(TextTarget::Terminal, source.as_str(), 60)),
    }
}

/// What the accounts of a source that nobody decided use a month, at list price, as far as it is known.
fn worth(report: &RunReport<'_>, source: &SourceId) -> BTreeMap<Currency, Decimal> {
    let mut worth: BTreeMap<Currency, Decimal> = BTreeMap::new();
    for money in report.suggestions.iter().filter(|one| one.source == *source).flat_map(|one| &one.monthly_value) {
        let sum = worth.entry(money.currency).or_default();
        *sum = sum.saturating_add(money.amount);
    }
    worth.retain(|_, amount| !amount.is_zero());
    worth
}
