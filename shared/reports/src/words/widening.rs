//! Why the ends of a count differ.

use jiff::civil::Date;
use truecount_reconciliation::{NamedItem, WideningRecord};

use super::{Explanation, WorkOwner, name};
use crate::label::{self, quantity};

/// What is the case, what would settle it, and whose that is.
pub(crate) fn widening(widening: &WideningRecord) -> Explanation {
    use WorkOwner::{BillingClerk, SyncAdmin, Technician};
    match widening {
        WideningRecord::SourceNotRead { source } => {
            Explanation::new(format!("{source} was not read"), "fix the sync and run again", SyncAdmin)
        }
        WideningRecord::SourceTooOld { source, synced_on } => too_old(source.as_str(), *synced_on),
        WideningRecord::NoAccountByGrant { source } => Explanation::new(
            format!("{source} shows no account of the client to our login"),
            "get access to the client's account, or say that there is none",
            Technician,
        ),
        WideningRecord::AccountFailed { account } => Explanation::new(
            format!("account {} in {} was not read", name(&account.account_name), account.source),
            "give access to the account and run again",
            SyncAdmin,
        ),
        WideningRecord::AccountPartial { account } => Explanation::new(
            format!("account {} in {} was read in part", name(&account.account_name), account.source),
            "sync it again and run again",
            SyncAdmin,
        ),
        WideningRecord::AccountDoubtful { account } => Explanation::new(
            format!("account {} in {} contradicts itself", name(&account.account_name), account.source),
            "sync it again; if it stays so, ask the vendor",
            SyncAdmin,
        ),
        WideningRecord::AccountFell { account } => Explanation::new(
            format!("account {} in {} suddenly holds less", name(&account.account_name), account.source),
            "look whether that is right, then accept it: `truecount sources accept`",
            Technician,
        ),
        WideningRecord::AccountGone { account } => Explanation::new(
            format!("account {} is no longer listed in {}", name(&account.account_name), account.source),
            "look at the vendor whether it was closed or renamed",
            Technician,
        ),
        WideningRecord::AccountUndecided { account } => Explanation::new(
            format!("account {} in {} may be the client's", name(&account.account_name), account.source),
            "decide which client it belongs to",
            BillingClerk,
        ),
        WideningRecord::AnyUndecided { source, accounts } => any_undecided(source.as_str(), *accounts),
        WideningRecord::ItemNotSplit { item } => Explanation::new(
            format!("{} of a shared account may be the client's", item_name(item)),
            "name in the split where it belongs",
            BillingClerk,
        ),
        WideningRecord::ItemUnknown { item, word } => item_unknown(item, word.as_deref()),
        WideningRecord::QuantityUnsaid { item } => {
            ask_the_vendor(format!("the vendor did not say how many units {} stands for", item_name(item)))
        }
        WideningRecord::QuantityNegative { item, said } => ask_the_vendor(format!(
            "{} stands for {} units by the vendor's word, less than none",
            item_name(item),
            quantity(*said)
        )),
        WideningRecord::WordNeverSeen { source, kind, attribute, word } => Explanation::new(
            never_seen(source.as_str(), kind, attribute.as_deref().zip(word.as_deref())),
            "correct the word in the rules, or write `may_be_empty = true`",
            SyncAdmin,
        ),
        WideningRecord::UnwantedNeverSeen { source, kind, attribute, word } => Explanation::new(
            never_seen(source.as_str(), kind, Some((attribute, word))),
            "correct the word in `where_not`",
            SyncAdmin,
        ),
    }
}

/// The one of a row's widenings to settle first: an account that may be the client's before the access to others.
pub(crate) fn first_to_settle(widenings: &[WideningRecord]) -> Option<&WideningRecord> {
    let first = widenings.first()?;
    let WideningRecord::NoAccountByGrant { source } = first else { return Some(first) };
    let is_of_source = |other: &&WideningRecord| matches!(other, WideningRecord::AccountUndecided { account } if account.source == *source);
    widenings.iter().find(is_of_source).or(Some(first))
}

fn too_old(source: &str, synced_on: Date) -> Explanation {
    let what = format!("the newest sync of {source} is of {}, too old to be used", label::day(synced_on));
    Explanation::new(what, "sync it again and run again", WorkOwner::SyncAdmin)
}

fn ask_the_vendor(what: String) -> Explanation {
    Explanation::new(what, "ask the vendor", WorkOwner::Vendor)
}

fn any_undecided(source: &str, accounts: usize) -> Explanation {
    let (those, settle) = match accounts {
        1 => ("the one there that is not mapped".to_owned(), "decide which client it belongs to"),
        several => (
            format!("any of the {several} there that are not mapped"),
            "map the client's account, or decide that it has none",
        ),
    };
    let what = format!("the client has no account in {source}, and {those} may be its");
    Explanation::new(what, settle, WorkOwner::BillingClerk)
}

fn item_unknown(item: &NamedItem, word: Option<&str>) -> Explanation {
    match word {
        Some(word) => Explanation::new(
            format!("nobody has explained the word {} of {}", name(word), item_name(item)),
            "say in the rules whether it counts",
            WorkOwner::SyncAdmin,
        ),
        None => Explanation::new(
            format!("it is not known whether {} counts", item_name(item)),
            "look at the item",
            WorkOwner::Technician,
        ),
    }
}

fn never_seen(source: &str, kind: &str, word: Option<(&str, &str)>) -> String {
    match word {
        Some((attribute, word)) => {
            format!("{source} never had {} with {attribute} {}", name(kind), name(word))
        }
        None => format!("{source} never had items of kind {}", name(kind)),
    }
}

/// What a person calls an item, else the vendor's id of it.
pub(crate) fn item_name(item: &NamedItem) -> String {
    name(item.name.as_deref().unwrap_or(&item.item_id))
}
