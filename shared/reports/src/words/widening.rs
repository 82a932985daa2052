//! Why the ends of a count differ.

use jiff::civil::Date;
use truecount_reconciliation::{AccountRecord, NamedItem, WideningRecord};

use super::elsewhere::{self, Places};
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
        WideningRecord::NoAccountInFile { source } => Explanation::new(
            format!("the file of {source} lists no account of the client"),
            "map the client's account, or say that it has none: `truecount mappings none`",
            BillingClerk,
        ),
        WideningRecord::AccountFailed { account }
        | WideningRecord::AccountPartial { account }
        | WideningRecord::AccountDoubtful { account }
        | WideningRecord::AccountFell { account }
        | WideningRecord::AccountGone { account }
        | WideningRecord::AccountUndecided { account } => of_account(widening, account),
        WideningRecord::AnyUndecided { source, accounts } => any_undecided(source.as_str(), *accounts),
        WideningRecord::ItemNotSplit { item } => not_split(&item_name(item)),
        WideningRecord::ItemUnknown { item, word } => {
            item_unknown(&item_name(item), "counts", item.in_file, word.as_deref())
        }
        WideningRecord::SeenElsewhere { item, at } => elsewhere::of_one(item, at),
        WideningRecord::Replaced { item, by, stale_on } => replaced(&item_name(item), &item_name(by), *stale_on),
        WideningRecord::BoughtTwice { sku, sources } => {
            let sources: Vec<&str> = sources.iter().map(|source| source.as_str()).collect();
            let product = if sku.is_empty() { "a product without an SKU".to_owned() } else { name(sku) };
            Explanation::new(
                format!("{product} is bought at {}: moved, or used at both?", sources.join(" and ")),
                "write `moved = { from, to, on }` or `both = true` at the client in the rules",
                BillingClerk,
            )
        }
        WideningRecord::QuantityUnsaid { item } => {
            quantity_unsaid(&format!("{} stands", item_name(item)), item.in_file)
        }
        WideningRecord::QuantityNegative { item, said } => {
            let (whose, settle, owner) = match item.in_file {
                true => ("the file's", "correct the quantity in the file and sync it again", SyncAdmin),
                false => ("the vendor's", "ask the vendor", WorkOwner::Vendor),
            };
            let (item, said) = (item_name(item), quantity(*said));
            Explanation::new(format!("{item} stands for {said} units by {whose} word, less than none"), settle, owner)
        }
        WideningRecord::HolderUntaken { item } => holders_untaken(&item_name(item), "holds"),
        WideningRecord::CoverNotSure { service } => cover_not_sure(service.as_str()),
        WideningRecord::GrantNotSure { service } => grant_not_sure(service.as_str()),
        WideningRecord::DaysUnread { account, from, to } => days_unread(account, *from, *to),
        WideningRecord::ChangedUnread { account, from, to } => changed_unread(account, *from, *to),
        WideningRecord::WordNeverSeen { source, kind, attribute, word } => Explanation::new(
            never_seen(source.as_str(), kind, attribute.as_deref().zip(word.as_deref())),
            "correct the word in the rules, or write `may_be_empty = true`",
            SyncAdmin,
        ),
        WideningRecord::UnwantedNeverSeen { source, kind, attribute, word } => Explanation::new(
            never_seen(source.as_str(), kind, Some((attribute, word))),
            "correct the word in `where_not`, or in `leave_out` of the source",
            SyncAdmin,
        ),
    }
}

/// What is the case with one account.
fn of_account(widening: &WideningRecord, account: &AccountRecord) -> Explanation {
    use WorkOwner::{BillingClerk, SyncAdmin, Technician};
    let (called, source) = (name(&account.account_name), &account.source);
    match widening {
        WideningRecord::AccountFailed { .. } if account.in_file => Explanation::new(
            format!("account {called} is no longer in the file of {source}"),
            "put a file with its rows into the inbox, or accept that it is gone",
            SyncAdmin,
        )
        .by_accepting(account),
        WideningRecord::AccountPartial { .. } => Explanation::new(
            format!("account {called} in {source} was read in part"),
            "sync it again and run again",
            SyncAdmin,
        ),
        WideningRecord::AccountDoubtful { .. } => Explanation::new(
            format!("account {called} in {source} contradicts itself"),
            "sync it again; if it stays so, ask the vendor",
            SyncAdmin,
        ),
        WideningRecord::AccountFell { .. } => Explanation::new(
            format!("account {called} in {source} suddenly holds less"),
            "look whether that is right, then accept it",
            Technician,
        )
        .by_accepting(account),
        WideningRecord::AccountGone { .. } => Explanation::new(
            format!("account {called} is no longer listed in {source}"),
            "look at the vendor whether it was renamed; if it was closed, accept that",
            Technician,
        )
        .by_accepting(account),
        WideningRecord::AccountUndecided { .. } => Explanation::new(
            format!("account {called} in {source} may be the client's"),
            "decide which client it belongs to",
            BillingClerk,
        ),
        _ => Explanation::new(
            format!("account {called} in {source} was not read"),
            "give access to the account and run again",
            SyncAdmin,
        ),
    }
}

/// What nobody can read any more only the vendor knows.
pub(super) const ASK_FOR_THE_PEAK: &str = "compare it with the vendor's own count of the month";

fn days_unread(account: &AccountRecord, from: Date, to: Date) -> Explanation {
    let what = format!("{}: more may have been there", unread_on(account, from, to));
    Explanation::new(what, ASK_FOR_THE_PEAK, WorkOwner::BillingClerk)
}

fn changed_unread(account: &AccountRecord, from: Date, to: Date) -> Explanation {
    let what = format!("{}, and what it held changed meanwhile", unread_on(account, from, to));
    Explanation::new(what, ASK_FOR_THE_PEAK, WorkOwner::BillingClerk)
}

/// ``account `Alder Dental` in edr was not read on 12 Nov 2026``.
fn unread_on(account: &AccountRecord, from: Date, to: Date) -> String {
    let (called, source) = (name(&account.account_name), &account.source);
    let days = match from == to {
        true => format!("on {}", label::day(from)),
        false => format!("from {} to {}", label::day(from), label::day(to)),
    };
    format!("account {called} in {source} was not read {days}")
}

fn holders_untaken(who: &str, hold: &str) -> Explanation {
    let what = format!("{who} {hold} a paid licence that no service of the group names");
    let settle = "name the licence in the `where` of a service, or leave it out by the group's `except`";
    Explanation::new(what, settle, WorkOwner::BillingClerk)
}

fn cover_not_sure(service: &str) -> Explanation {
    let what = format!("it is not sure that {} is billed here, which covers it", name(service));
    Explanation::new(what, "look at the lines of that service, then run again", WorkOwner::BillingClerk)
}

fn grant_not_sure(service: &str) -> Explanation {
    let what = format!("it is not sure how many of it {} brings", name(service));
    Explanation::new(what, "settle the count of that service first", WorkOwner::BillingClerk)
}

fn replaced(old: &str, new: &str, stale_on: Option<Date>) -> Explanation {
    let until = stale_on.map(|day| format!("; not seen again, it is left out from {} on", label::day(day)));
    let until = until.unwrap_or_default();
    let what = format!("{old} was last seen before {new} was first seen: probably replaced{until}");
    Explanation::new(what, "remove it at the vendor if it is gone", WorkOwner::Technician)
}

fn too_old(source: &str, synced_on: Date) -> Explanation {
    let what = format!("the newest sync of {source} is of {}, too old to be used", label::day(synced_on));
    Explanation::new(what, "sync it again and run again", WorkOwner::SyncAdmin)
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

/// Items that are open for one and the same reason.
#[derive(PartialEq, Eq)]
enum ItemCause<'a> {
    NotSplit,
    Unknown { word: Option<&'a str>, in_file: bool },
    QuantityUnsaid { in_file: bool },
    SeenElsewhere { at: Places<'a> },
    HolderUntaken,
}

impl<'a> ItemCause<'a> {
    fn of(widening: &'a WideningRecord) -> Option<Self> {
        match widening {
            WideningRecord::ItemNotSplit { .. } => Some(Self::NotSplit),
            WideningRecord::ItemUnknown { item, word } => {
                Some(Self::Unknown { word: word.as_deref(), in_file: item.in_file })
            }
            WideningRecord::QuantityUnsaid { item } => Some(Self::QuantityUnsaid { in_file: item.in_file }),
            WideningRecord::SeenElsewhere { at, .. } => Some(Self::SeenElsewhere { at: Places(at) }),
            WideningRecord::HolderUntaken { .. } => Some(Self::HolderUntaken),
            _ => None,
        }
    }

    fn of_items(&self, items: u64) -> Explanation {
        let items = &label::count(items, "item", "items");
        match *self {
            Self::NotSplit => not_split(items),
            Self::HolderUntaken => holders_untaken(items, "hold"),
            Self::Unknown { word, in_file } => item_unknown(items, "count", in_file, word),
            Self::QuantityUnsaid { in_file } => quantity_unsaid(&format!("{items} stand"), in_file),
            Self::SeenElsewhere { at } => elsewhere::of_several(items, at.0),
        }
    }
}

/// Each cause once, in the order of the widenings: items that are open for the same reason are counted.
pub(crate) fn causes<'a>(widenings: impl IntoIterator<Item = &'a WideningRecord>) -> Vec<Explanation> {
    let mut causes: Vec<(&WideningRecord, u64)> = Vec::new();
    for one in widenings {
        let cause = ItemCause::of(one);
        match causes.iter_mut().find(|(first, _)| cause.is_some() && ItemCause::of(first) == cause) {
            Some((_, items)) => *items += 1,
            None => causes.push((one, 1)),
        }
    }
    let explained = |(first, items)| match ItemCause::of(first).filter(|_| items > 1) {
        Some(cause) => cause.of_items(items),
        None => widening(first),
    };
    causes.into_iter().map(explained).collect()
}

fn not_split(items: &str) -> Explanation {
    let what = format!("{items} of a shared account may be the client's");
    Explanation::new(what, "name in the split where it belongs", WorkOwner::BillingClerk)
}

fn quantity_unsaid(items_stand: &str, in_file: bool) -> Explanation {
    let (who, settle, owner) = match in_file {
        true => ("file does", "write the quantity into the file and sync it again", WorkOwner::SyncAdmin),
        false => ("vendor did", "ask the vendor", WorkOwner::Vendor),
    };
    Explanation::new(format!("the {who} not say how many units {items_stand} for"), settle, owner)
}

/// Only the settings of a file say what its words mean: what a vendor's mean is a part of this program.
fn item_unknown(items: &str, count: &str, in_file: bool, word: Option<&str>) -> Explanation {
    use WorkOwner::{SyncAdmin, Technician};
    let what = word.map(|word| format!("nobody has explained the status {} of {items}", name(word)));
    match (what, in_file) {
        (Some(what), true) => Explanation::new(
            what,
            "say in the settings what it means, under [sources.words.status], then run again",
            SyncAdmin,
        ),
        (Some(what), false) => {
            Explanation::new(what, "ask the vendor what it means, and report the word to Truecount", SyncAdmin)
        }
        (None, _) => {
            Explanation::new(format!("it is not known whether {items} {count}"), "look at the item", Technician)
        }
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
