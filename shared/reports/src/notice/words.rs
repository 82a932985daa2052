//! What the short mails around a closing say.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{Currency, FetchProblem, ReadReason, SourceId};

use super::short::{Block, Entry, ShortMail};
use super::{
    ClosingReadiness, ClosingReminder, ClosingWaits, Counted, ReadRevenue, UncountedProduct, UnmappedAccount,
    UnreadAccount, UnreadSource,
};
use crate::label;
use crate::summary::{TextTarget, foreign, with_more};
use crate::words::WorkOwner;

/// Characters of a reason that are shown; `truecount doctor` shows all of it.
const REASON_CHARACTERS_MAX: usize = 240;

/// Characters of a name that are shown.
pub(super) const NAME_CHARACTERS_MAX: usize = 60;

/// Sources that are named in one sentence.
const NAMES_MAX: usize = 4;

/// The mail that says what a month's closing waits for.
pub(super) fn not_ready(waits: &ClosingWaits) -> ShortMail {
    let (month, latest) = (label::month(waits.month), label::day(waits.latest_day));
    let is_enough = waits.readiness.revenue.values().all(|revenue| revenue.reaches(waits.ready_percent));
    let mut blocks = unread(&waits.readiness, if is_enough { ", which delays no closing" } else { "" });
    blocks.extend(shares(&waits.readiness, waits.ready_percent));
    ShortMail {
        subject: format!("Truecount {month}: not closed yet: {}", in_brief(&waits.readiness, waits.ready_percent)),
        headline: format!(
            "{month} is not closed yet, on {}: something that it waits for was not read.",
            label::day(waits.day)
        ),
        month,
        blocks,
        next: vec![format!(
            "What happens next: the sources are read again every day, and the month is closed as soon as they are there. \
             It is closed on {latest} at the latest, with what there is: what is missing then is not reconciled."
        )],
        commands: vec![
            ("To see what is wrong:".to_owned(), "truecount doctor".to_owned()),
            (
                "To close it now with what there is:".to_owned(),
                format!("truecount run --closing --month {} --incomplete", waits.month),
            ),
        ],
    }
}

/// The mail that reminds of a closing.
pub(super) fn reminder(reminder: &ClosingReminder) -> ShortMail {
    let (month, day) = (label::month(reminder.month), label::day(reminder.closing_day));
    let mut blocks = unread(&reminder.readiness, "");
    blocks.extend(older_files(reminder));
    blocks.extend(expiring(reminder));
    blocks.extend(unmapped(&reminder.unmapped));
    blocks.extend(uncounted(&reminder.uncounted));
    let headline = match blocks.is_empty() {
        true => format!("{month} will be closed on {day}. Nothing is missing today."),
        false => format!("{month} will be closed on {day}. What is put right before then counts."),
    };
    let latest = match reminder.latest_day == reminder.closing_day {
        true => format!("On {day} it is closed with what there is."),
        false => format!(
            "From {day} on it is closed as soon as everything was read; on {} at the latest, with what there is.",
            label::day(reminder.latest_day)
        ),
    };
    ShortMail {
        subject: format!("Truecount {month}: will be closed on {day}"),
        headline,
        month,
        blocks,
        next: vec![format!("What happens next: {latest}")],
        commands: vec![("To see what a closing would find today:".to_owned(), "truecount run".to_owned())],
    }
}

/// What a month waits for, in one sentence for a terminal; `None`: for nothing.
pub(super) fn missing(readiness: &ClosingReadiness, percent: u32) -> Option<String> {
    let sources = readiness.sources.iter().map(|source| match not_since_closing(source) {
        Some(what) => format!("`{}` was {what}", source.source),
        None => {
            let reason = foreign(TextTarget::Terminal, &source.reason.to_string(), REASON_CHARACTERS_MAX);
            format!("`{}` was not read completely ({reason})", source.source)
        }
    });
    let mut parts: Vec<String> = sources.collect();
    let too_few: Vec<_> = readiness.revenue.iter().filter(|(_, revenue)| !revenue.reaches(percent)).collect();
    parts.extend(too_few.iter().map(|(currency, revenue)| {
        format!(
            "{} of what the last closing compared in {currency} was read completely, and {percent} % are waited for",
            share(revenue)
        )
    }));
    if !too_few.is_empty() {
        parts.extend(accounts_in_brief(&readiness.accounts));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// ``not read completely: `rmm` Harbour Dental, `rmm` Quiet Quay and 3 more``.
fn accounts_in_brief(accounts: &Counted<UnreadAccount>) -> Option<String> {
    let name = |unread: &UnreadAccount| {
        let name = foreign(TextTarget::Terminal, &unread.account.account_name, NAME_CHARACTERS_MAX);
        format!("`{}` {name}", unread.account.source)
    };
    let named: Vec<_> = accounts.first.iter().take(NAMES_MAX).map(name).collect();
    let more = accounts.count() - named.len() as u64;
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("not read completely: {}{more}", named.join(", ")))
}

/// `rmm was not read`, `GBP 91 % read`: of the subject.
fn in_brief(readiness: &ClosingReadiness, percent: u32) -> String {
    if !readiness.sources.is_empty() {
        let names: Vec<_> = readiness.sources.iter().map(|source| source.source.to_string()).collect();
        let was = if names.len() == 1 { "was" } else { "were" };
        let is_late = |source: &UnreadSource| matches!(source.reason, ReadReason::NotSinceClosing { .. });
        let how = match readiness.sources.iter().all(is_late) {
            true if readiness.sources.iter().all(|source| source.in_file) => "delivered since the last closing",
            true => "read since the last closing",
            false => "read completely",
        };
        return format!("{} {was} not {how}", with_more(&names, NAMES_MAX));
    }
    let too_few = readiness.revenue.iter().filter(|(_, revenue)| !revenue.reaches(percent));
    let shares: Vec<_> = too_few.map(|(currency, revenue)| format!("{currency} {}", share(revenue))).collect();
    format!("{} of the revenue was read", with_more(&shares, NAMES_MAX))
}

/// Sources and accounts that were not read, each with what helps; `after` is said of the accounts.
pub(super) fn unread(readiness: &ClosingReadiness, after: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !readiness.sources.is_empty() {
        let sources = label::count(readiness.sources.len() as u64, "source was", "sources were");
        let entries = readiness.sources.iter().map(unread_source).collect();
        blocks.push(Block { title: format!("{sources} not read completely"), entries, more: None });
    }
    let accounts = &readiness.accounts;
    if accounts.count() > 0 {
        let number = label::count(accounts.count(), "account was", "accounts were");
        let entries = accounts.first.iter().map(unread_account).collect();
        let title = format!("{number} not read completely{after}");
        blocks.push(Block { title, entries, more: more(accounts) });
    }
    blocks
}

/// `not delivered since the closing of October 2026, last read on 2 November 2026`; `None`: it is another reason.
fn not_since_closing(source: &UnreadSource) -> Option<String> {
    let ReadReason::NotSinceClosing { closing, as_of } = &source.reason else { return None };
    let verb = if source.in_file { "delivered" } else { "read" };
    Some(format!("not {verb} since the closing of {}, last read on {}", label::month(*closing), label::day(*as_of)))
}

fn unread_source(source: &UnreadSource) -> Entry {
    let reason = || foreign(TextTarget::Mail, &source.reason.to_string(), REASON_CHARACTERS_MAX);
    let reason = not_since_closing(source).unwrap_or_else(reason);
    let (fix, owner) = fix(&source.reason, source.in_file);
    Entry { what: format!("{}: {reason}", source.source), fix: Some((fix.to_owned(), owner)) }
}

fn unread_account(unread: &UnreadAccount) -> Entry {
    let account = &unread.account;
    let name = foreign(TextTarget::Mail, &account.account_name, NAME_CHARACTERS_MAX);
    let reason = foreign(TextTarget::Mail, &unread.reason.to_string(), REASON_CHARACTERS_MAX);
    let client = unread.client_name.as_ref().filter(|client| **client != account.account_name);
    let client = client.map(|client| format!(" of {}", foreign(TextTarget::Mail, client, NAME_CHARACTERS_MAX)));
    let (fix, owner) = fix(&unread.reason, account.in_file);
    let what = format!("{}: {name}{}: {reason}", account.source, client.unwrap_or_default());
    Entry { what, fix: Some((fix.to_owned(), owner)) }
}

/// How much of the revenue was read, where that is too little.
fn shares(readiness: &ClosingReadiness, percent: u32) -> Option<Block> {
    let too_few: Vec<_> = readiness.revenue.iter().filter(|(_, revenue)| !revenue.reaches(percent)).collect();
    let line = |(currency, revenue): &(&Currency, &ReadRevenue)| Entry {
        what: format!(
            "{} of {} a month ({})",
            label::money(revenue.read, **currency),
            label::amount(revenue.compared),
            share(revenue)
        ),
        fix: None,
    };
    let title = format!("Read completely, of what the last closing compared; {percent} % are waited for");
    (!too_few.is_empty()).then(|| Block { title, entries: too_few.iter().map(line).collect(), more: None })
}

/// `91 %`, rounded down: only what reaches a share is shown as reaching it.
fn share(revenue: &ReadRevenue) -> String {
    let share = revenue.read.checked_mul(Decimal::ONE_HUNDRED).and_then(|read| read.checked_div(revenue.compared));
    share.map_or_else(|| "an unknown share".to_owned(), |share| format!("{} %", share.floor().normalize()))
}

fn older_files(reminder: &ClosingReminder) -> Option<Block> {
    let entry = |(source, day): (&_, &_)| Entry {
        what: format!("{source}: the newest file is of {}", label::day(*day)),
        fix: Some(("export a new one and put it into its inbox".to_owned(), WorkOwner::BillingClerk)),
    };
    let entries: Vec<_> = reminder.older_files.iter().map(entry).collect();
    let title = "Files that are older than a week".to_owned();
    (!entries.is_empty()).then_some(Block { title, entries, more: None })
}

fn expiring(reminder: &ClosingReminder) -> Option<Block> {
    let entry = |(source, last): (&SourceId, &Date)| Entry {
        what: match *last < reminder.day {
            true => format!("{source}: its last day was {}", label::day(*last)),
            false => format!("{source}: its last day is {}", label::day(*last)),
        },
        fix: Some((
            "make a new key, store it, and write its last day into `secret_expires`".to_owned(),
            WorkOwner::SyncAdmin,
        )),
    };
    let entries: Vec<_> = reminder.expiring.iter().map(entry).collect();
    let title = "Keys that expire before the closing after this one".to_owned();
    (!entries.is_empty()).then_some(Block { title, entries, more: None })
}

fn unmapped(accounts: &Counted<UnmappedAccount>) -> Option<Block> {
    let entry = |account: &UnmappedAccount| {
        let name = foreign(TextTarget::Mail, &account.account_name, NAME_CHARACTERS_MAX);
        let value = in_words(&account.monthly_value).map(|value| format!(", {value} a month at list prices"));
        let what = format!("{}: {name}{}", account.source, value.unwrap_or_default());
        Entry { what, fix: None }
    };
    let number = label::count(accounts.count(), "vendor account with usage is", "vendor accounts with usage are");
    let mut entries: Vec<_> = accounts.first.iter().map(entry).collect();
    let fix = ("decide whose they are: `truecount mappings review`".to_owned(), WorkOwner::BillingClerk);
    entries.last_mut()?.fix = Some(fix);
    Some(Block { title: format!("{number} not mapped"), entries, more: more(accounts) })
}

fn uncounted(products: &Counted<UncountedProduct>) -> Option<Block> {
    let entry = |product: &UncountedProduct| {
        let code = foreign(TextTarget::Mail, &product.product, NAME_CHARACTERS_MAX);
        let revenue = in_words(&product.monthly_revenue).map(|revenue| format!(", {revenue} a month"));
        Entry { what: format!("{code}{}", revenue.unwrap_or_default()), fix: None }
    };
    let number = label::count(products.count(), "product is", "products are");
    let mut entries: Vec<_> = products.first.iter().map(entry).collect();
    let fix = ("say in rules.toml what counts them: `truecount rules suggest`".to_owned(), WorkOwner::SyncAdmin);
    entries.last_mut()?.fix = Some(fix);
    Some(Block { title: format!("{number} billed, and no rule counts them"), entries, more: more(products) })
}

/// `GBP 1,234.50, USD 20.00`; `None`: unknown.
fn in_words(amounts: &BTreeMap<Currency, Decimal>) -> Option<String> {
    let amounts: Vec<_> = amounts.iter().map(|(currency, amount)| label::money(*amount, *currency)).collect();
    (!amounts.is_empty()).then(|| with_more(&amounts, NAMES_MAX))
}

pub(super) fn more<T>(counted: &Counted<T>) -> Option<String> {
    (counted.more > 0).then(|| format!("and {}", label::count(counted.more, "more", "more")))
}

/// What helps against it, and who does it.
fn fix(reason: &ReadReason, in_file: bool) -> (&'static str, WorkOwner) {
    match reason {
        ReadReason::SyncFailed { failure, .. } | ReadReason::TooOld { failure: Some(failure), .. } => {
            fix(failure, in_file)
        }
        ReadReason::TooOld { .. } | ReadReason::NotSinceClosing { .. } | ReadReason::NeverSynced if in_file => {
            ("export a new file and put it into its inbox", WorkOwner::BillingClerk)
        }
        ReadReason::NoUsableFile { .. } => ("put its file into its inbox", WorkOwner::BillingClerk),
        ReadReason::FilesRefused { .. } | ReadReason::RowsContradict { .. } | ReadReason::SeveralNames { .. }
            if in_file =>
        {
            ("correct the file and put it into its inbox", WorkOwner::BillingClerk)
        }
        ReadReason::NoCredential { .. } => ("renew its credential: `truecount secrets set`", WorkOwner::SyncAdmin),
        ReadReason::Fetch(failure) => match failure.problem {
            FetchProblem::CredentialRefused => ("renew its credential: `truecount secrets set`", WorkOwner::SyncAdmin),
            FetchProblem::NotAllowed => ("give its credential the right to read this", WorkOwner::SyncAdmin),
            FetchProblem::Unreachable
            | FetchProblem::TimedOut
            | FetchProblem::Throttled
            | FetchProblem::ServerError
            | FetchProblem::ManyAccounts => {
                ("wait for tomorrow's sync; if that fails, too, ask the vendor", WorkOwner::SyncAdmin)
            }
            FetchProblem::Refused | FetchProblem::BadLink | FetchProblem::BadAnswer => {
                ("look at it with `truecount doctor`, then ask the vendor", WorkOwner::SyncAdmin)
            }
        },
        ReadReason::CannotBuild { .. } => ("correct its settings", WorkOwner::SyncAdmin),
        ReadReason::Dropped { .. }
        | ReadReason::NotListed { .. }
        | ReadReason::NoLongerVisible { .. }
        | ReadReason::NoAccounts { .. }
        | ReadReason::NothingToCount { .. } => {
            ("look at the vendor; if it is right: `truecount sources accept`", WorkOwner::Technician)
        }
        ReadReason::NeverSynced
        | ReadReason::TooOld { .. }
        | ReadReason::NotSinceClosing { .. }
        | ReadReason::NotInRun
        | ReadReason::AccountsIncomplete { .. }
        | ReadReason::FileReplaced { .. }
        | ReadReason::TotalChanged { .. }
        | ReadReason::Contradicted { .. } => ("read it again: `truecount sync`", WorkOwner::SyncAdmin),
        ReadReason::UnexpectedAnswer { .. }
        | ReadReason::FilesRefused { .. }
        | ReadReason::RowsContradict { .. }
        | ReadReason::SeveralNames { .. }
        | ReadReason::TotalDiffers { .. }
        | ReadReason::TooManyItems
        | ReadReason::RowsUnaccounted { .. }
        | ReadReason::BadField { .. }
        | ReadReason::Orphaned { .. } => ("look at it with `truecount doctor`", WorkOwner::SyncAdmin),
    }
}
