//! What somebody should look at before acting on a row, though it does not change what is sure.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, Currency, LineId};
use truecount_reconciliation::{AccountRecord, DoubtRecord};

use super::widening::ASK_FOR_THE_PEAK;
use super::{Explanation, WorkOwner, elsewhere, name};
use crate::label;

/// What is the case, what would settle it, and whose that is.
pub(crate) fn doubt(doubt: &DoubtRecord) -> Explanation {
    use WorkOwner::{AccountManager, BillingClerk, SyncAdmin, Technician};
    match doubt {
        DoubtRecord::ListPrice => price("the price is the list price, not the client's own"),
        DoubtRecord::PriceOfEndedLine => price("the price is that of a line of the client that has ended"),
        DoubtRecord::CataloguePrice => price("the price is that of the catalogue, not the client's own"),
        DoubtRecord::UsualPrice => price("nothing says a price; it is what most other clients pay"),
        DoubtRecord::NoAccount { source } => Explanation::new(
            format!("the client has no account in {source}"),
            "look whether the key shows all accounts, then map one or say that there is none",
            SyncAdmin,
        ),
        DoubtRecord::AccountGone { account, since } => Explanation::new(
            account_gone(account, *since),
            "look at the vendor whether it was closed or renamed",
            Technician,
        ),
        DoubtRecord::UndecidedCouldFill { source, accounts } => Explanation::new(
            could_fill(source.as_str(), *accounts),
            "decide which clients they belong to",
            BillingClerk,
        ),
        DoubtRecord::FirstMonthWithoutAny { source, kind } => Explanation::new(
            format!("{source} had items of kind {} before and has none now", name(kind)),
            "look at the vendor whether there are really none left",
            Technician,
        ),
        DoubtRecord::OlderReading { source, synced_on, failed_on } => Explanation::new(
            older_reading(source.as_str(), *synced_on, *failed_on),
            "fix the sync and run again",
            SyncAdmin,
        ),
        DoubtRecord::NotSinceClosing { source, synced_on, closing } => {
            not_since_closing(source.as_str(), *synced_on, *closing)
        }
        DoubtRecord::EarlierReading { account, as_of } => of_earlier_reading(account, *as_of),
        DoubtRecord::GapFilled { source, days } => gap_filled(source.as_str(), days),
        DoubtRecord::FactMissing { items } => fact_missing(*items),
        DoubtRecord::SeenElsewhere { item, at } => elsewhere::of_one(item, at),
        DoubtRecord::AgreementEnded => {
            Explanation::new("the agreement ended", "ask whether it was renewed, moved or is over", AccountManager)
        }
        DoubtRecord::OneTimeBilled => Explanation::new(
            "a one-time line of the period may have billed a part",
            "look at the one-time line on the invoice",
            BillingClerk,
        ),
        DoubtRecord::AgreementTypesDiffer => Explanation::new(
            "the client's kinds of agreement have different rules; only what all say was used",
            "write a rule for this client",
            BillingClerk,
        ),
        DoubtRecord::NotSoldAndBilled => Explanation::new(
            "the rules say that the client does not buy it, and a line stands",
            "ask the client, then remove the line or correct the rule",
            AccountManager,
        ),
        DoubtRecord::NotSoldReviewDue { why, review } => not_sold_review_due(why, *review),
        DoubtRecord::SeveralPrices => {
            Explanation::new("the lines have several prices", "choose the line that is to be changed", BillingClerk)
        }
        DoubtRecord::IncludedTwice => Explanation::new(
            "line and rule both include units; only the line's are deducted",
            "remove one of the two",
            BillingClerk,
        ),
        DoubtRecord::ProductSuperseded { lines } => superseded(lines),
        DoubtRecord::CreditsAmongLines { lines } => credits(lines),
    }
}

fn not_sold_review_due(why: &str, review: Date) -> Explanation {
    let why = if why.is_empty() { String::new() } else { format!(" ({})", name(why)) };
    let day = label::day(review);
    let what = format!("the rules say that the client does not buy it{why}, which was to be looked at again on {day}");
    Explanation::new(what, "ask the client, then set a later `review` or remove the rule", WorkOwner::AccountManager)
}

fn price(what: &'static str) -> Explanation {
    Explanation::new(what, "check the price that was agreed with the client", WorkOwner::BillingClerk)
}

fn superseded(lines: &[LineId]) -> Explanation {
    let names = lines.iter().map(LineId::as_str).collect::<Vec<_>>().join(", ");
    let what = match lines {
        [_] => format!("line {names} has a product that the service replaced"),
        _ => format!("lines {names} have a product that the service replaced"),
    };
    Explanation::new(what, "change the product in the PSA", WorkOwner::BillingClerk)
}

fn credits(lines: &[LineId]) -> Explanation {
    let names = lines.iter().map(LineId::as_str).collect::<Vec<_>>().join(", ");
    let what = match lines {
        [_] => format!("line {names} has a quantity or price below zero and is a credit, not quantity"),
        _ => format!("lines {names} have a quantity or price below zero and are credits, not quantity"),
    };
    let settle = "if a line was meant to lower the quantity, correct the line that it lowers";
    Explanation::new(what, settle, WorkOwner::BillingClerk)
}

fn fact_missing(items: usize) -> Explanation {
    let items = label::count(items as u64, "item", "items");
    Explanation::new(
        format!("a fact of {items} is missing; the rule decided"),
        "look at these items, or have the vendor show the fact",
        WorkOwner::Technician,
    )
}

fn gap_filled(source: &str, days: &[Date]) -> Explanation {
    let on = match days {
        [] => String::new(),
        [day] => format!(" on {}", label::day(*day)),
        [first, .., last] => {
            let days = label::count(days.len() as u64, "day", "days");
            format!(" on {days} from {} to {}", label::day(*first), label::day(*last))
        }
    };
    let what = format!("not all of {source} was read{on}: what was there before and after was counted there, too");
    Explanation::new(what, ASK_FOR_THE_PEAK, WorkOwner::BillingClerk)
}

fn of_earlier_reading(account: &AccountRecord, as_of: Date) -> Explanation {
    let told = |settled_by| Explanation::new(earlier_reading(account, as_of), settled_by, WorkOwner::SyncAdmin);
    match account.in_file {
        true => told("put a file with its rows into the inbox, or accept that it is gone").by_accepting(account),
        false => told("give access to the account and run again"),
    }
}

fn account_gone(account: &AccountRecord, since: Date) -> String {
    let (name, source) = (name(&account.account_name), &account.source);
    format!("account {name} is no longer listed in {source} since {}", label::day(since))
}

fn earlier_reading(account: &AccountRecord, as_of: Date) -> String {
    let (name, source) = (name(&account.account_name), &account.source);
    let what = match account.in_file {
        true => format!("{name} is no longer in the file of {source}"),
        false => format!("{name} in {source} was not read"),
    };
    format!("account {what}; its count of {} is used", label::day(as_of))
}

fn older_reading(source: &str, synced_on: Date, failed_on: Date) -> String {
    format!("{source} was counted on {}, since its sync of {} failed", label::day(synced_on), label::day(failed_on))
}

fn not_since_closing(source: &str, synced_on: Date, closing: BillingMonth) -> Explanation {
    let (day, month) = (label::day(synced_on), label::month(closing));
    Explanation::new(
        format!("{source} was counted on {day}, and nothing newer was read since the closing of {month}"),
        "read it anew, or deliver its file, and run again",
        WorkOwner::SyncAdmin,
    )
}

fn could_fill(source: &str, accounts: usize) -> String {
    let accounts = label::count(accounts as u64, "account", "accounts");
    format!("{accounts} in {source} without a mapping could hold the difference")
}

/// Whether the count need not be looked at for a doubt: it is about what a change is worth, or days that were not read lie
/// between two that were.
pub(crate) const fn is_slight(doubt: &DoubtRecord) -> bool {
    matches!(
        doubt,
        DoubtRecord::ListPrice
            | DoubtRecord::PriceOfEndedLine
            | DoubtRecord::CataloguePrice
            | DoubtRecord::UsualPrice
            | DoubtRecord::SeveralPrices
            | DoubtRecord::ProductSuperseded { .. }
            | DoubtRecord::GapFilled { .. }
    )
}

/// `GBP 12.00 and USD 3.50`, the home currency first.
pub(crate) fn money_by_currency(amounts: &BTreeMap<Currency, Decimal>, home: Currency) -> String {
    let mut amounts: Vec<_> = amounts.iter().collect();
    amounts.sort_by_key(|(currency, _)| (**currency != home, **currency));
    amounts.iter().map(|(currency, amount)| label::money(**amount, **currency)).collect::<Vec<_>>().join(" and ")
}
