//! Sources that an older sync stands in for, and those that could not be used at all: a line each.

use truecount_reconciliation::{IncompleteAccount, PortfolioRecord, SourceRecord};

use crate::{TextTarget, label, summary::foreign, words};

/// How many accounts of a source are named.
const ACCOUNTS_MAX: usize = 3;

/// Each source that was not counted on the day of its newest sync, with the day and what failed; and of each source the
/// accounts whose earlier count is used. Empty: all are as new as can be.
#[must_use]
pub fn older_syncs(portfolio: &PortfolioRecord, target: TextTarget) -> Vec<String> {
    let sources = portfolio.sources.iter();
    sources
        .flat_map(|source| words::older_sync(source).into_iter().chain(earlier_accounts(source)))
        .map(|line| foreign(target, &line, 240))
        .collect()
}

/// Accounts of which an earlier reading is used: the first by name with their days, and how many more.
fn earlier_accounts(source: &SourceRecord) -> Option<String> {
    let earlier: Vec<_> = source.incomplete.iter().filter_map(earlier).collect();
    let named: Vec<_> = earlier.iter().take(ACCOUNTS_MAX).map(String::as_str).collect();
    let more = match earlier.len().saturating_sub(ACCOUNTS_MAX) as u64 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let accounts = label::count(earlier.len() as u64, "account was", "accounts were");
    (!earlier.is_empty()).then(|| {
        format!("{}: {accounts} not read, an earlier count is used: {}{more}", source.source, named.join(", "))
    })
}

fn earlier(one: &IncompleteAccount) -> Option<String> {
    let is_failed = one.read == truecount_reconciliation::AccountReadWord::Failed;
    let day = one.as_of.filter(|_| is_failed)?;
    Some(format!("{} ({})", crate::sanitize::shortened(&one.account.account_name, 40), label::day(day)))
}
