//! What the mail on the last working day says: which changes stand in the PSA, which do not, and what else changed.

use rust_decimal::Decimal;

use super::short::{Block, Entry, ShortMail};
use super::words::{NAME_CHARACTERS_MAX, more, unread};
use super::{AskedChange, Counted, LastDayReview, LineChangeSince};
use crate::label;
use crate::summary::{TextTarget, foreign};
use crate::words::WorkOwner;

pub(super) fn last_day(review: &LastDayReview) -> ShortMail {
    let (month, invoices) = (label::month(review.month), label::day(review.invoice_date));
    let (done, open, otherwise) = (review.done.count(), review.open.count(), review.otherwise.count());
    let unknown = review.unknown.count();
    let asked = done + open + otherwise + unknown;
    let changes = |number| label::count(number, "change", "changes");
    let closed_on = label::day(review.closed_on);
    let headline = match review.read_on {
        None => format!(
            "{month} was closed on {closed_on}, and the PSA was not read since: what was changed there is not known."
        ),
        Some(_) if asked == 0 => format!("{month} was closed on {closed_on}, and asked for no change in the PSA."),
        Some(day) => format!(
            "Of {} that the closing of {closed_on} asked for, {done} stood in the PSA on {}{}.",
            changes(asked),
            label::day(day),
            if unknown > 0 { format!("; of {unknown} it is not known") } else { String::new() }
        ),
    };
    let in_brief = match review.read_on {
        None => "the PSA was not read since the closing".to_owned(),
        Some(_) if open + otherwise + unknown == 0 => "nothing is left to change".to_owned(),
        Some(_) if open + otherwise == 0 => format!("{} not known", changes(unknown)),
        Some(_) if unknown == 0 => format!("{} not made", changes(open + otherwise)),
        Some(_) => format!("{} not made, {unknown} not known", changes(open + otherwise)),
    };
    let blocks = [
        asked_block("Not changed in the PSA", &review.open, Some(WorkOwner::BillingClerk)),
        asked_block("Changed to another quantity than was asked for", &review.otherwise, Some(WorkOwner::BillingClerk)),
        asked_block("Not known: the PSA was not read completely there", &review.unknown, None),
        asked_block("Changed as was asked for", &review.done, None),
        since(&review.since),
    ];
    ShortMail {
        subject: format!("Truecount {month}: invoices on {invoices}: {in_brief}"),
        headline,
        month,
        blocks: blocks.into_iter().flatten().chain(unread(&review.unread, " in the PSA")).collect(),
        next: vec![format!(
            "What happens next: invoices go out on {invoices}. What is not changed by then is billed as it stands, and the \
             next closing finds it again."
        )],
        commands: vec![(
            "To see all of the closing again:".to_owned(),
            format!("truecount exceptions --month {}", review.month),
        )],
    }
}

/// Changes that were asked for; whoever is to make them stands with the last.
fn asked_block(title: &str, changes: &Counted<AskedChange>, owner: Option<WorkOwner>) -> Option<Block> {
    let mut entries: Vec<_> = changes.first.iter().map(|change| Entry { what: asked(change), fix: None }).collect();
    entries.last_mut()?.fix = owner.map(|owner| ("check them, and change what is right".to_owned(), owner));
    let title = format!("{title}: {}", label::count(changes.count(), "line", "lines"));
    Some(Block { title, entries, more: more(changes) })
}

fn asked(change: &AskedChange) -> String {
    let client = foreign(TextTarget::Mail, &change.client_name, NAME_CHARACTERS_MAX);
    let service = foreign(TextTarget::Mail, &change.service, NAME_CHARACTERS_MAX);
    let impact =
        change.monthly_impact.map(|(currency, amount)| format!(", {} a month", label::money(amount, currency)));
    let (from, to) = (label::quantity(change.from), label::quantity(change.to));
    format!("{client}: {service} from {from} to {to}{}", impact.unwrap_or_default())
}

fn since(changes: &Counted<LineChangeSince>) -> Option<Block> {
    let entry = |change: &LineChangeSince| {
        let client = foreign(TextTarget::Mail, &change.client_name, NAME_CHARACTERS_MAX);
        let product = foreign(TextTarget::Mail, &change.product, NAME_CHARACTERS_MAX);
        let quantity = |quantity: Option<Decimal>| quantity.map_or_else(|| "not billed".to_owned(), label::quantity);
        let (from, to) = (quantity(change.from), quantity(change.to));
        let by = change.by.iter().map(|name| foreign(TextTarget::Mail, name, NAME_CHARACTERS_MAX));
        let by = by.collect::<Vec<_>>().join(", ");
        let by = if by.is_empty() { by } else { format!(", by {by}") };
        Entry { what: format!("{client}: {product} from {from} to {to}{by}"), fix: None }
    };
    let entries: Vec<_> = changes.first.iter().map(entry).collect();
    let number = label::count(changes.count(), "line", "lines");
    let title = format!("Changed in the PSA since the closing, beside what it asked for: {number}");
    (!entries.is_empty()).then(|| Block { title, entries, more: more(changes) })
}
